"""What the notebooks ask of an engine: Spark answers it as DuckDB does, and others can be asked it.

The other engines' SQL is compiled and not run.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir
import pytest
from cells import run_cells
from ibis.backends.duckdb import Backend
from ibis.backends.sql import compilers

from retention_helpers import shipped
from retention_helpers.business import SAMPLE, Business, opening
from retention_helpers.engine.compiled import DuckDB
from retention_helpers.shipped import NOTEBOOKS
from retention_helpers.win_back_and_loyalty import loyalty
from retention_helpers.words.commands import DUCKDB, ENGINE, SPARK

BOOKS = ("measurement", "early_warning", "repeat_purchase")
DIALECTS = {
    "PostgreSQL": compilers.PostgresCompiler,
    "Databricks": compilers.DatabricksCompiler,
    "Snowflake": compilers.SnowflakeCompiler,
    "BigQuery": compilers.BigQueryCompiler,
    "ClickHouse": compilers.ClickHouseCompiler,
    "Trino": compilers.TrinoCompiler,
}
# What has no words there; docs/scale.md names what says it instead.
UNSAID = {
    "Snowflake": {"bits_together"},
    "BigQuery": {"median"},
    "ClickHouse": {"cume_dist"},
    "Trino": {"median"},
}


@dataclass(frozen=True)
class Asked:
    """What DuckDB was asked: the findings by notebook, and every expression that was kept or executed."""

    findings: Mapping[str, str]
    expressions: Mapping[ops.Relation, ir.Table]


def run(book: str, engine: str, home: Path) -> str:
    """A notebook's findings of the sample on an engine, as written."""
    with pytest.MonkeyPatch.context() as patch:
        once = functools.partial(opening.open_business, cache=home / f"cache of {engine}")
        patch.setattr("retention_helpers.business.open_business", once)
        patch.setenv(ENGINE, engine)
        findings = home / f"{book} on {engine}.json"
        run_cells(
            NOTEBOOKS / f"{book}.ipynb",
            {"data": str(SAMPLE), "month": "2026-10", "findings_to": str(findings)},
        )
        return findings.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@contextmanager
def noted() -> Iterator[dict[ops.Relation, ir.Table]]:
    """Every expression that is kept or executed meanwhile."""
    expressions: dict[ops.Relation, ir.Table] = {}

    def noting(method: Any) -> Any:
        def noted(self: Backend, expression: ir.Expr, *args: Any, **kwargs: Any) -> Any:
            table = expression.as_table()
            expressions[table.op()] = table
            return method(self, expression, *args, **kwargs)

        return noted

    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "to_parquet"):
            patch.setattr(Backend, name, noting(getattr(Backend, name)))
        yield expressions


@pytest.fixture(scope="module")
def asked(home: Path, sample: Business) -> Asked:
    """Of the notebooks, and the tiers of customers: of the other notebooks nothing else is hard."""
    with noted() as expressions:
        findings = {book: run(book, DUCKDB, home) for book in BOOKS}
    tiers = loyalty._tiered_months(sample)
    expressions[tiers.op()] = tiers
    return Asked(findings, expressions)


@pytest.mark.parametrize("book", BOOKS)
def test_every_finding_of_the_sample_is_the_same_on_spark(
    spark: None, asked: Asked, home: Path, book: str
) -> None:
    """As written: nine digits, every row in its place."""
    assert len(asked.findings[book]) > 10_000
    assert run(book, SPARK, home) == asked.findings[book]


@pytest.mark.parametrize("name", DIALECTS)
def test_what_is_asked_compiles_elsewhere(asked: Asked, name: str) -> None:
    """All of it, but for what `UNSAID` names."""
    assert len(asked.expressions) > 100
    assert unsaid(name, asked.expressions.values()) == UNSAID.get(name, set())


def unsaid(name: str, expressions: Iterable[ir.Table]) -> set[str]:
    """What of the expressions has no words there; fails for what is not known to have none."""
    compiler, found = DIALECTS[name](), set[str]()
    for expression in expressions:
        try:
            assert compiler.to_sqlglot(expression).sql(compiler.dialect).startswith(("SELECT", "WITH"))
        except Exception:
            known = hard(expression) & UNSAID.get(name, set())
            assert known, f"{name} has no words for an expression in which nothing known is hard"
            found |= known
    return found


def test_sql_that_is_kept_is_what_is_compiled_anew(asked: Asked) -> None:
    engine = DuckDB()
    for expression in asked.expressions.values():
        assert engine.compile(expression) == Backend.compile(engine, expression)


def hard(expression: ir.Table) -> set[str]:
    """What of an expression is known to have no words somewhere."""
    op = expression.op()
    middles = op.find((ops.Median, ops.Quantile))
    together = [one for one in op.find(ops.AggUDF) if one.__func__.__name__ == "bits_together"]
    places = op.find(ops.CumeDist)
    known = (("median", middles), ("bits_together", together), ("cume_dist", places))
    return {name for name, there in known if there}


def test_the_document_says_what_replaces_them() -> None:
    told = (shipped.HOME / "docs" / "scale.md").read_text(encoding="utf-8")
    rows = [line for line in told.splitlines() if line.startswith("| ")]
    heading = next(line for line in rows if "Snowflake" in line and "Trino" in line)
    assert [cell.strip() for cell in heading.strip("|").split("|")][1:] == list(DIALECTS)
    for name in ("on_clocks", "micros_of_midnight", "bits_together", "median", "cume_dist"):
        row = next(line for line in rows if line.startswith(f"| `{name}`"))
        assert all(cell.strip() for cell in row.strip("|").split("|")), row

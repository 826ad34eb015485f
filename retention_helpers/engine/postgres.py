"""PostgreSQL, where rows may lie: the same expressions, said so that they mean what DuckDB makes of them.

Where ibis's own PostgreSQL says something else than DuckDB, `_Compiler` says it as DuckDB does;
`tests/engine/test_in_place.py` has a case of each.
"""

from collections.abc import Callable, Mapping
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.postgres import PostgresCompiler

NOTHING = r"\N"  # how a row of COPY says that a cell is empty


@ibis.udf.scalar.builtin(name="btrim")
def trimmed(text: str) -> str:  # type: ignore[empty-body]
    """A text without the blanks around it."""


class _Compiler(PostgresCompiler):
    """PostgreSQL's SQL for expressions that mean what DuckDB makes of them."""

    __slots__ = ()

    def visit_FloorDivide(self, op: Any, *, left: Any, right: Any) -> Any:
        """Rounded down, of negative numbers too: its own division of whole numbers rounds to zero."""
        whole = sge.Div(this=self.cast(left, dt.Decimal(38, 12)), expression=sge.paren(right))
        return self.cast(self.f.floor(whole), op.dtype)

    def visit_DateTruncate(self, op: Any, *, arg: Any, unit: Any) -> Any:
        """A truncated day is a day."""
        return self.cast(super().visit_DateTruncate(op, arg=arg, unit=unit), dt.date)

    def visit_ScalarUDF(self, op: Any, **given: Any) -> Any:
        """Our own words for what `dialects` asks for."""
        own = _OWN.get(op.__func__.__name__)
        return own(self, *given.values()) if own else super().visit_ScalarUDF(op, **given)


def _micros(compiler: _Compiler, at: Any) -> Any:
    seconds = compiler.f.extract("epoch", at)
    return compiler.cast(seconds * sge.convert(1_000_000), dt.int64)


_OWN: Mapping[str, Callable[..., Any]] = {"micros": _micros}
_SAID = _Compiler()


def query(rows: ir.Table) -> str:
    """An expression of the database's own tables as a query."""
    return _SAID.to_sqlglot(rows).sql(_SAID.dialect)


def copied(step: ir.Table, sent: Mapping[str, pa.Table]) -> tuple[str, list[list[object]]]:
    """The statement that gives a step's rows as CSV, and the lists that it asks for, a column each.

    What is sent stands in it as tables made of lists: who may only read can make no table.
    """
    given = [column.to_pylist() for rows in sent.values() for column in rows.columns]
    with_sent = ", ".join(_as_table(name, rows) for name, rows in sent.items())
    columns = ", ".join(f"CAST({_name(name)} AS {_type(kind)})" for name, kind in step.schema().items())
    texts = [_name(name) for name, kind in step.schema().items() if kind.is_string()]
    quoting = f", FORCE_QUOTE ({', '.join(texts)})" if texts else ""
    selected = f"SELECT {columns} FROM ({query(step).replace('%', '%%')}) AS asked"
    whole = f"WITH {with_sent} {selected}" if sent else selected
    return f"COPY ({whole}) TO STDOUT (FORMAT csv, NULL '{NOTHING}'{quoting})", given


def _as_table(name: str, rows: pa.Table) -> str:
    kinds = ibis.Schema.from_pyarrow(rows.schema)
    lists = ", ".join(f"%s::{_type(kind)}[]" for kind in kinds.values())
    names = ", ".join(map(_name, kinds))
    return f"{_name(name)} AS (SELECT * FROM unnest({lists}) AS sent ({names}))"


def _name(name: str) -> str:
    return sge.to_identifier(name, quoted=True).sql(_SAID.dialect).replace("%", "%%")


def _type(kind: dt.DataType) -> str:
    return _SAID.type_mapper.to_string(kind)

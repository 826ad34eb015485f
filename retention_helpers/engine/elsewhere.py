"""Rows that lie in a database: what is made of them is asked for there, and only that comes here.

An expression is cut at the first step that makes few rows of many (a row a customer, the names of events):
that step and everything beneath it is asked where the rows are, with what it needs of ours sent along. What
it gives is kept here as Parquet, and what comes after it is computed here. So no analysis knows where its
rows lie.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from filelock import FileLock
from ibis.backends.duckdb import Backend
from ibis.backends.sql.datatypes import DuckDBType
from ibis.common.graph import Graph, Node

from retention_helpers.engine import postgres
from retention_helpers.engine.literals import path_text, quoted, text

_REDUCES = (ops.Aggregate, ops.Distinct)


class There(Protocol):
    """A database with rows of ours, reached when something is asked of it for the first time."""

    def rows(self) -> ir.Table:
        """The rows as a table of ours, in expressions of the database's own tables."""

    def copy(self, statement: str, given: Sequence[Sequence[object]], into: Path) -> None:
        """Write what a statement of COPY gives; `given` are the lists that it asks for."""

    def close(self) -> None:
        """Let go of the database."""


@dataclass(frozen=True)
class Elsewhere:
    """Rows of a database, as an engine knows them.

    Attributes:
        table: what stands for them in expressions.
        there: who reaches them.
        kept: the folder of what was asked once.
    """

    table: ops.DatabaseTable
    there: There
    kept: Path


def here(engine: Backend, asked: ops.Relation, elsewhere: Elsewhere) -> ops.Relation:
    """The same expression over our tables alone; what has to be asked for elsewhere has been."""
    return asked.replace({step: _brought(engine, step, elsewhere) for step in steps(asked, elsewhere)})


def steps(asked: ops.Relation, elsewhere: Elsewhere) -> list[ops.Relation]:
    """The parts of an expression that are asked for elsewhere: none where nothing of it lies there."""
    bare: dict[Node, bool] = {}  # whether rows of there come through a node, not yet made fewer
    cut: set[Node] = set()
    for node in Graph.from_bfs(asked).toposort()[0]:
        is_bare = node == elsewhere.table or any(bare[below] for below in node.__children__)
        if is_bare and (isinstance(node, _REDUCES) or node is asked):
            cut.add(node)
        bare[node] = is_bare and node not in cut
    return _topmost(asked, lambda node: node in cut)


def _ours(step: ops.Relation, elsewhere: Elsewhere) -> list[ops.Relation]:
    """The largest parts of a step that are of our tables alone."""
    lies: dict[Node, bool] = {}
    for node in Graph.from_bfs(step).toposort()[0]:
        lies[node] = node == elsewhere.table or any(lies[below] for below in node.__children__)
    return _topmost(step, lambda node: not lies[node] and not isinstance(node, ops.Reference))


def _topmost(asked: ops.Relation, is_one: Callable[[Node], bool]) -> list[ops.Relation]:
    """The relations of which something is so, but for those beneath one of them."""

    def found(node: Node) -> Iterator[ops.Relation]:
        if isinstance(node, ops.Relation) and is_one(node):
            yield node
        elif node not in seen:
            seen.add(node)
            for below in node.__children__:
                yield from found(below)

    seen: set[Node] = set()
    return list(dict.fromkeys(found(asked)))


Sent = Mapping[str, pa.Table]


def _brought(engine: Backend, step: ops.Relation, elsewhere: Elsewhere) -> ops.Relation:
    """What a step gives, as a table here: asked for unless it has been."""
    named = {
        own: ops.UnboundTable(f"sent_{nth}", own.schema) for nth, own in enumerate(_ours(step, elsewhere))
    }
    sent = {table.name: _sorted(engine.to_pyarrow(own.to_expr())) for own, table in named.items()}
    question = step.replace(named)
    name = f"asked_{_digest(question, sent)}"
    path = elsewhere.kept / f"{name}.parquet"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):  # two notebooks ask the same: one of them waits
        if not path.exists():
            _ask(engine, question, sent, elsewhere, path)
    engine.con.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS FROM read_parquet({path_text(path)})")
    return engine.table(name).op()


def _sorted(rows: pa.Table) -> pa.Table:
    """In an order of their own: the same rows are the same question."""
    return rows.sort_by([(name, "ascending") for name in rows.column_names])


def _digest(question: ops.Relation, sent: Sent) -> str:
    said = hashlib.blake2b(postgres.query(question.to_expr()).encode(), digest_size=12)
    for name, rows in sent.items():
        said.update(f"{name} {rows.schema} {rows.to_pydict()}".encode())
    return said.hexdigest()


def _ask(engine: Backend, question: ops.Relation, sent: Sent, elsewhere: Elsewhere, path: Path) -> None:
    """Write what a question gives, by way of the lines in which the database tells it."""
    rows = question.replace({elsewhere.table: elsewhere.there.rows().op()})
    told, written = path.with_suffix(".csv"), path.with_suffix(".part")
    try:
        elsewhere.there.copy(*postgres.copied(rows.to_expr(), sent), told)
        kinds = {name: DuckDBType.to_string(kind) for name, kind in question.schema.items()}
        columns = ", ".join(f"{quoted(name)}: {text(kind)}" for name, kind in kinds.items())
        read = (
            f"read_csv({path_text(told)}, auto_detect=false, header=false, delim=',', parallel=false, "
            f"""quote='"', escape='"', nullstr={text(postgres.NOTHING)}, allow_quoted_nulls=false, """
            f"columns={{{columns}}})"
        )
        engine.con.execute(f"COPY (FROM {read}) TO {text(str(written))} (FORMAT parquet, COMPRESSION zstd)")
        os.replace(written, path)
    finally:
        for part in (told, written):
            part.unlink(missing_ok=True)

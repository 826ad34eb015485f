"""DuckDB, which says an expression in SQL once: that takes ibis longer than most queries take.

Measures ask the same of every business, and what differs are the names of its tables. So SQL is kept without
these, by the form of what was asked: its operations, their arguments, and the types of the columns. A process
remembers it, and a folder hands it on to the next, for a report has several and each page asks much alike.
"""

import datetime as dt
import decimal
import enum
import hashlib
import json
import os
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.duckdb import Backend
from ibis.common.graph import Graph
from ibis.common.grounds import Concrete
from ibis.expr.datashape import DataShape
from ibis.expr.datatypes import DataType

from retention_helpers.engine.elsewhere import Elsewhere, here

MOST = 4000  # of one process, of some 5 kB each
_WRITTEN = (str, bytes, int, float, decimal.Decimal, dt.date, dt.time, dt.timedelta, enum.Enum)
_NAMED = (ops.DatabaseTable, ops.InMemoryTable)
_IN_SQL = (ops.SQLQueryResult, ops.SQLStringView)  # a text that may name tables itself
_MADE_BY = f"ibis {ibis.__version__}, sqlglot {sg.__version__}, duckdb {duckdb.__version__}"
_ALIAS = re.compile(r"t\d+")  # what ibis calls the parts of a query

_kept: dict[bytes, list[str]] = {}  # SQL, cut where the name of a table stands: text, place, text, …


class Unknown(Exception):
    """An expression has a part of which it is not known what its SQL depends on."""


class DuckDB(Backend):
    """ibis's own engine, with SQL that is kept.

    Attributes:
        handed_on_in: the folder that hands SQL on; what lies there is believed. None: the process alone
            remembers it.
        elsewhere: rows of a database that expressions may name; None: there are none.
    """

    handed_on_in: Path | None = None
    elsewhere: Elsewhere | None = None

    def compile(self, expr: ir.Expr, /, *, limit: Any = None, **asked: Any) -> str:
        if self.elsewhere:
            expr = here(self, expr.as_table().op(), self.elsewhere).to_expr()
        limit = ibis.options.sql.default_limit if limit == "default" else limit
        if limit is not None or any(asked.values()):
            return super().compile(expr, limit=limit, **asked)
        table = expr.as_table()
        try:
            form = Form(table.op())
        except Unknown:
            return super().compile(expr)
        if form.digest not in _kept:
            if len(_kept) >= MOST:
                _kept.clear()
            _kept[form.digest] = self._handed_on(table, form)
        parts = _kept[form.digest].copy()
        names = [sg.to_identifier(name, quoted=True).sql(self.dialect) for name in form.names]
        parts[1::2] = [names[int(place)] for place in parts[1::2]]
        return "".join(parts)

    def disconnect(self) -> None:
        """Let go of everything, and of the database whose rows are named."""
        if self.elsewhere:
            self.elsewhere.there.close()
        super().disconnect()

    def _handed_on(self, table: ir.Table, form: "Form") -> list[str]:
        if self.handed_on_in is None:
            return self._without_names(table, form)
        path = self.handed_on_in / f"{form.digest.hex()}.json"
        with suppress(OSError, ValueError, RecursionError):  # not there yet, or spoilt
            found = json.loads(path.read_text(encoding="utf-8"))
            if form.fits(found):
                return list(found)
        parts = self._without_names(table, form)
        with suppress(OSError):  # a full disk, say: what is not handed on is made again
            self.handed_on_in.mkdir(mode=0o700, parents=True, exist_ok=True)
            written = path.with_suffix(f".{uuid.uuid4().hex[:8]}")
            written.write_text(json.dumps(parts), encoding="utf-8")
            os.replace(written, path)
        return parts

    def _without_names(self, table: ir.Table, form: "Form") -> list[str]:
        """What ibis makes of it, cut at the names: nothing that an owner wrote can be taken for one."""
        query = self.compiler.to_sqlglot(table)
        mark = uuid.uuid4().hex
        for one in query.find_all(sge.Table):
            if one.name in form.names:
                one.set("this", sg.to_identifier(f"{mark}{form.names[one.name]}", quoted=True))
        sql = query.sql(self.dialect, copy=False, unsupported_level=sg.ErrorLevel.RAISE)
        return re.split(rf'"{mark}(\d+)"', sql)


class Form:
    """What an expression asks, whatever its tables are called.

    Attributes:
        digest: the same for two expressions only where their SQL differs in nothing but those names, made by
            the same versions.
        names: of the tables, each with its place.
    """

    def __init__(self, asked: ops.Relation) -> None:
        self.names: dict[str, int] = {}
        self._references: dict[int, int] = {}
        self._places: dict[ops.Node, int] = {}
        said = hashlib.blake2b(_MADE_BY.encode(), digest_size=16)
        for node in Graph.from_bfs(asked).toposort()[0]:
            said.update(repr(self._of_node(node)).encode())
            self._places[node] = len(self._places)
        self.digest = said.digest()

    def fits(self, parts: object) -> bool:
        """Whether these may be its SQL: texts with places of its names between them."""
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            return False
        return len(parts) % 2 == 1 and {*parts[1::2]} <= {str(place) for place in self.names.values()}

    def _of_node(self, node: ops.Node) -> tuple[object, ...]:
        if isinstance(node, _IN_SQL):
            raise Unknown
        given = dict(zip(node.__argnames__, node.__args__, strict=True))
        if isinstance(node, _NAMED):  # neither the rows nor the connection are in the SQL
            name = given.pop("name")
            if _ALIAS.fullmatch(name):
                raise Unknown
            given = {"nth": self.names.setdefault(name, len(self.names))} | given
            given.pop("source", None), given.pop("data", None)
        elif isinstance(node, ops.Reference):  # numbered as they come to be
            given["identifier"] = self._references.setdefault(node.identifier, len(self._references))
        return (*_kind(node), *map(self._of, given.values()))

    def _of(self, argument: object) -> object:
        """An argument in words; a node, by its place."""
        if isinstance(argument, ops.Node):
            return ("at", self._places[argument])
        if argument is None or isinstance(argument, (*_WRITTEN, DataType, DataShape)):
            return (type(argument).__name__, repr(argument))
        if isinstance(argument, tuple):
            return [self._of(one) for one in argument]
        if isinstance(argument, frozenset):
            return sorted(map(repr, map(self._of, argument)))
        if isinstance(argument, Concrete):
            return (*_kind(argument), *map(self._of, argument.__args__))
        if isinstance(argument, Mapping):
            return [(self._of(key), self._of(value)) for key, value in argument.items()]
        raise Unknown


def _kind(one: object) -> tuple[str, str]:
    return type(one).__module__, type(one).__qualname__

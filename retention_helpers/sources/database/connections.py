"""Databases of others, opened to be read and nothing else: PostgreSQL, SQLite, and what else ibis speaks to.

An error never repeats an address, nor what a driver says of one: it may hold a password.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from retention_helpers.contract.tables import TABLES
from retention_helpers.sources import described
from retention_helpers.sources.database.description import Description, Wanted
from retention_helpers.sources.folder import shortened
from retention_helpers.sources.interface import as_text, unmistakable
from retention_helpers.words.errors import InputError

AT_ONCE = 50_000  # rows
_SECONDS = 10  # to wait for a server
_POSTGRES = ("postgresql://", "postgres://")


def opened(description: Description) -> AbstractContextManager["Database"]:
    """The database of a description, as long as the context lasts. Raises InputError where it refuses."""
    if description.sqlite:
        return _sqlite(description)
    if description.address().startswith(_POSTGRES):
        return _postgres(description)
    return _other(description)


@dataclass(frozen=True)
class Database:
    """A database that is open for reading, through its backend of ibis."""

    backend: Any

    def rows_of(self, wanted: Wanted) -> ir.Table:
        """A table, or a query, as it is."""
        if wanted.query:
            return self._of_query(wanted.query)
        schema, _, name = wanted.table.rpartition(".")
        return self.backend.table(name, database=schema or None)

    def _of_query(self, query: str) -> ir.Table:
        return self.backend.sql(query)

    def batches(self, rows: ir.Table) -> Iterator[pa.RecordBatch]:
        """The rows in batches: days, instants, whole numbers and texts as such, whatever else as text."""
        kinds = rows.schema()
        plain = {name: rows[name] for name, kind in kinds.items() if _is_plain(kind)}
        texts = {name: rows[name].cast("string") for name in rows.columns if name not in plain}
        numbers = [name for name, kind in kinds.items() if kind.is_decimal() or kind.is_floating()]
        asked = rows.select(**plain, **texts)[rows.columns]
        for some in self.backend.to_pyarrow_batches(asked, chunk_size=AT_ONCE):
            yield _unmistakable(some, numbers)


def _unmistakable(batch: pa.RecordBatch, numbers: Sequence[str]) -> pa.RecordBatch:
    """The same, but no number of three decimals looks like thousands."""
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for name in numbers:
        columns[name] = pc.replace_substring_regex(columns[name], r"^([+-]?\d+\.\d{3})$", r"\10")
    return pa.RecordBatch.from_pydict(columns)


def _is_plain(kind: Any) -> bool:
    return bool(
        kind.is_string() or kind.is_integer() or kind.is_boolean() or kind.is_date() or kind.is_timestamp()
    )


def no_single_value(kind: Any) -> str:
    """What a column holds that is no day and no amount, in words; "" for what may be one."""
    if kind.is_unknown():
        return "a range" if "RANGE" in str(kind.raw_type).upper() else ""
    holds = {"a list": kind.is_array(), "JSON": kind.is_json(), "a length of time": kind.is_interval(),
             "a time of day": kind.is_time()}  # fmt: skip
    return next((words for words, is_so in holds.items() if is_so), "")


def picked(where: str, wanted: Wanted, columns: Sequence[str]) -> dict[str, str]:
    """The database's name of each column that is taken, by ours. Raises InputError for a missing one."""
    there = {name.lower(): name for name in columns}
    table = TABLES[wanted.name]
    asked = {column.name: wanted.columns.get(column.name, column.name) for column in table.columns}
    asked |= {name: wanted.columns.get(name, name) for name in wanted.attributes}
    must = dict.fromkeys([*table.required, *wanted.columns, *wanted.values, *wanted.attributes])
    for ours in must:
        if ours not in asked:
            raise described.wrong(where, f"{ours} is no column of ours, and is not named in `attributes`")
        if asked[ours].lower() not in there:
            what = asked[ours] if asked[ours] == ours else f"{asked[ours]} for {ours}"
            raise described.wrong(
                where,
                f"{wanted.shown} has no column {what}. It has {shortened(columns)}. Say under `columns:` "
                "which of them is meant",
            )
    return {ours: there[theirs.lower()] for ours, theirs in asked.items() if theirs.lower() in there}


def in_our_words(rows: ir.Table, taken: Mapping[str, str], wanted: Wanted) -> ir.Table:
    """The picked columns under our names, with our words for the database's."""
    columns = {ours: _worded(rows[theirs], wanted.values.get(ours, {})) for ours, theirs in taken.items()}
    if "ended_at" in columns:
        columns["ended_at"] = _open_end(columns["ended_at"])
    return rows.select(**columns)


def _open_end(column: Any) -> Any:
    """An end of service at infinity is none."""
    if not (column.type().is_date() or column.type().is_timestamp()):
        return column
    return ibis.cases((column.cast("string") == "infinity", ibis.null(column.type())), else_=column)


def _worded(column: Any, words: Mapping[str, str]) -> Any:
    if not words:
        return column
    said = column.cast("string").strip()
    cases = [(said.lower() == theirs.strip().lower(), ours or ibis.null()) for theirs, ours in words.items()]
    return ibis.cases(*cases, else_=said)


# --- PostgreSQL ------------------------------------------------------------------------------------


class Postgres(Database):
    """PostgreSQL, in one transaction that cannot write."""

    def _of_query(self, query: str) -> ir.Table:
        """A query with the types that the server names for it: a view to ask for them would be a write."""
        with self.backend.con.cursor() as cursor:
            # Asked in binary, the server takes one statement and no more.
            cursor.execute(f"SELECT * FROM ({query}\n) AS asked LIMIT 0", binary=True)
            read = self.backend.compiler.type_mapper.from_string
            schema = {column.name: read(column.type_display) for column in cursor.description}
        return self.backend.sql(query, schema=ibis.schema(schema))


@contextmanager
def _postgres(description: Description) -> Iterator[Database]:
    """One snapshot of all tables, in a transaction that cannot write."""
    import psycopg
    from ibis.backends.postgres import Backend

    try:
        connection = psycopg.connect(description.address(), connect_timeout=_SECONDS)
    except psycopg.Error as error:
        raise _unreachable(description, str(error)) from None
    with closing(connection):
        backend = Backend.from_connection(connection)
        connection.execute("SET default_transaction_read_only = on")
        connection.commit()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        try:
            connection.execute("SELECT 1")  # begins the transaction
            yield Postgres(backend)
        except psycopg.Error as error:
            raise described.wrong(description.path.name, said(error)) from None


def said(error: BaseException) -> str:
    """What a database says, in words; what went wrong at first, not what followed from it."""
    import psycopg

    while isinstance(error.__context__, psycopg.Error):
        error = error.__context__
    if isinstance(error, psycopg.DataError) and "after year 10K" in str(error):
        return (
            "a day is infinity, or lies after the year 9999. Where that means that there is none, ask in a "
            "`query:` for NULLIF(its column, 'infinity')"
        )
    told = error.diag.message_primary if isinstance(error, psycopg.Error) else ""
    return f"the database says: {told or type(error).__name__}"


def _unreachable(description: Description, said: str) -> InputError:
    reasons = {
        "password authentication failed": "it refuses the user or the password",
        "no password supplied": "it wants a password",
        "does not exist": "it knows no such database or user",
    }
    what = next((ours for theirs, ours in reasons.items() if theirs in said), "it cannot be reached")
    return described.wrong(
        description.path.name,
        f"{description.variable} leads to no database that can be read: {what}. Correct the address there",
    )


# --- SQLite ----------------------------------------------------------------------------------------


class _Sqlite(Database):
    def batches(self, rows: ir.Table) -> Iterator[pa.RecordBatch]:
        """The rows in batches of texts: in SQLite every cell has a type of its own."""
        with closing(self.backend.raw_sql(self.backend.compile(rows))) as cursor:
            while some := cursor.fetchmany(AT_ONCE):
                columns = zip(*some, strict=True)
                cells = [pa.array(map(_cell, column), pa.string()) for column in columns]
                yield pa.RecordBatch.from_arrays(cells, names=list(rows.columns))


def _cell(value: object) -> str | None:
    said = as_text(value)
    return unmistakable(said) if said and isinstance(value, float) else said


_DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


@contextmanager
def _sqlite(description: Description) -> Iterator[Database]:
    from ibis.backends.sqlite import Backend

    assert description.sqlite is not None
    path = description.sqlite
    if not path.is_file():
        raise described.wrong(description.path.name, f"there is no file {path.name}. Correct the path")
    with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)) as connection:
        try:
            yield _Sqlite(Backend.from_connection(connection))
        except sqlite3.Error as error:
            is_damaged = getattr(error, "sqlite_errorcode", None) in _DAMAGED
            way_out = ". Copy the database anew" if is_damaged else ""
            said = f"SQLite says of {path.name}: {error}{way_out}"
            raise described.wrong(description.path.name, said) from None


# --- others, which nobody has tried ----------------------------------------------------------------


@contextmanager
def _other(description: Description) -> Iterator[Database]:
    try:
        backend: Any = ibis.connect(description.address())
    except Exception:  # every driver raises what it likes, often with the address in it
        raise _unreachable(description, "") from None
    try:
        yield Database(backend)
    except InputError:
        raise
    except Exception as error:
        raise described.wrong(
            description.path.name, f"the database refused ({type(error).__name__})"
        ) from None
    finally:
        backend.disconnect()

"""The derived tables by name, and SQL on them: read-only, on the definitions and the cut of the reports."""

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import cast

import ibis
import ibis.expr.types as ir
import pandas as pd
import sqlglot
from ibis.common.exceptions import IbisError
from pyarrow import ArrowException
from sqlglot import expressions as sql

from retention_helpers.business.losses import kept_leavings, kept_losses
from retention_helpers.business.months import kept_customer_days, kept_customer_months
from retention_helpers.business.opened import Business
from retention_helpers.business.spans import kept_services, kept_spans
from retention_helpers.contract.tables import TABLES
from retention_helpers.engine import ASKED, EngineError, asked, forget, own_views
from retention_helpers.words.errors import InputError, nearest

DERIVED: Mapping[str, Callable[[Business], ir.Table]] = {
    "spans": kept_spans,
    "services": kept_services,
    "customer_months": kept_customer_months,
    "losses": kept_losses,
    "leavings": kept_leavings,
    "customer_days": kept_customer_days,
}
logging.getLogger("sqlglot").disabled = True  # it would warn in the cell of what is refused there anyway
ROW_MAKERS = {"range", "generate_series", "unnest"}  # that may stand where a table does
ONLY_READING = 'Only reading is possible: write one query, such as "select * from losses".'
TELLING = {"desc", "describe", "show", "summarize"}  # words that tell of a table where they stand before it


def query(business: Business, text: str, beside: Mapping[str, ir.Table | pd.DataFrame]) -> pd.DataFrame:
    """The rows of one SELECT over the business's tables, derived tables, and tables given beside them.

    `describe` before it, or before a table, gives a row a column with its type, `summarize` one with what is
    in it; `show tables` gives the names of the tables.

    Raises InputError for anything else, for a table that there is not, with those that there are, and for
    what the engine does not understand.
    """
    given = {name.lower(): rows for name, rows in beside.items()}
    statement = _one_statement(text)
    try:
        with ExitStack() as until_read:
            rows_of = partial(_rows_of, business, given=given, until_read=until_read)
            match statement:
                case sql.Show() if statement.name.lower() == "tables":
                    brought = [name for name in TABLES if business.has(name)]
                    return pd.DataFrame({"name": [*brought, *DERIVED, *given]})
                case sql.Describe():
                    return _described(rows_of(_told_of(text)))
                case sql.Summarize():
                    return _summarized(rows_of(_told_of(text)))
                case _:
                    return cast(pd.DataFrame, rows_of(text).execute())
    except (EngineError, sqlglot.errors.SqlglotError) as error:
        said = str(error).partition("\n\nLINE")[0].strip()
        raise InputError(f"The engine does not understand this: {said}") from None


def _rows_of(
    business: Business, text: str, *, given: Mapping[str, ir.Table | pd.DataFrame], until_read: ExitStack
) -> ir.Table:
    """What one SELECT gives, as the engine will compute it; what is given beside goes when that was read."""
    parsed = _one_select(text)
    own = {expression.alias_or_name.lower() for expression in parsed.find_all(sql.CTE)}
    named = _named(parsed) - own
    for name in sorted(named - set(given)):
        _offer(business, name, given)
    taken = _taken(business)  # with what was offered now
    _refuse_taken(own, taken | set(given), "`with {} as …`")
    _refuse_taken(set(given), taken, "{}=…")
    for name in sorted(named & set(given)):
        _put_beside(business, name, given[name])
        until_read.callback(forget, business.engine, name)
    return asked(business.engine, _up_to_its_end(text))


def _taken(business: Business) -> set[str]:
    """The names, in small letters, that mean something in the business or in its engine."""
    there = [*business.engine.list_tables(), *own_views(business.engine), ASKED]
    return {*TABLES, *DERIVED, *TELLING, *map(str.lower, there)}


def _described(rows: ir.Table) -> pd.DataFrame:
    """A row a column: column_name, column_type."""
    found = [(name, str(type_)) for name, type_ in rows.schema().items()]
    return pd.DataFrame(found, columns=["column_name", "column_type"])


def _summarized(rows: ir.Table) -> pd.DataFrame:
    """A row a column: what is in it; min and max as texts, mean of numbers alone."""
    in_all = int(rows.count().execute())
    parts = [
        rows.aggregate(
            column_name=ibis.literal(name),
            known=column.count(),
            distinct=column.nunique(),
            min=column.min().cast("string"),
            max=column.max().cast("string"),
            mean=column.cast("float64").mean() if column.type().is_numeric() else ibis.null("float64"),
        )
        for name, column in ((name, rows[name]) for name in rows.columns)
        if not column.type().is_nested()
    ]
    found = ibis.union(*parts).execute() if parts else pd.DataFrame(columns=["column_name"])
    told = _described(rows).merge(found, on="column_name", how="left")
    return told.assign(missing=in_all - told.pop("known"))


def _refuse_taken(own: set[str], known: set[str], written: str) -> None:
    """Raise InputError for names of a query's own, as they are `written`, that mean something here already.

    Within or beside its `with`, that is what the engine has under them: a table that is not cut; a word that
    tells of one; or, with other signs than letters, a file. A table given beside would take its place.
    """
    if taken := sorted(own & known):
        raise InputError(
            f"{written.format(taken[0])}: the name means something here already. Choose another name."
        )
    if odd := sorted(name for name in own if not name.isidentifier()):
        quoted = f'"{odd[0]}"'
        raise InputError(f"{written.format(quoted)}: choose a name of letters, digits and _ alone.")


def _one_statement(text: str) -> sql.Expr:
    """The one statement of a text, whatever it does."""
    try:
        statements = sqlglot.parse(text, dialect="duckdb") if isinstance(text, str) else []
    except sqlglot.errors.SqlglotError as error:
        near = [f", near {one['highlight']} in line {one['line']}" for one in getattr(error, "errors", [])]
        raise InputError(f"This is no SQL that can be read{''.join(near[:1])}.") from None
    first, *others = statements or [None]
    if first is None or any(one and not isinstance(one, sql.Semicolon) for one in others):
        raise InputError(ONLY_READING)
    return first


def _one_select(text: str) -> sql.Query:
    if isinstance(found := _one_statement(text), sql.Query):
        return found
    raise InputError(ONLY_READING)


def _told_of(text: str) -> str:
    """The query that `describe` or `summarize` stand before; of a table, the one of all its rows."""
    rest = text[sqlglot.tokenize(text, read="duckdb")[0].end + 1 :]
    return rest if isinstance(_one_statement(rest), sql.Query) else f"from {rest}"


def _up_to_its_end(text: str) -> str:
    """One query without the semicolon that ends it, and what is remarked after it."""
    signs = sqlglot.tokenize(text, read="duckdb")
    ends = [sign.start for sign in signs if sign.token_type == sqlglot.TokenType.SEMICOLON]
    return text[: ends[0]] if ends else text


def _named(parsed: sql.Query) -> set[str]:
    """The tables that a query reads, in small letters; InputError for functions that read files."""
    names = set()
    for table in parsed.find_all(sql.Table):
        if isinstance(table.this, sql.Func):
            if table.this.name.lower() not in ROW_MAKERS and table.this.sql_name().lower() not in ROW_MAKERS:
                raise InputError(f"Only the business's own tables can be read, not {table.sql('duckdb')}.")
        else:
            names.add(".".join(part.name for part in table.parts).lower())
    return names


def _offer(business: Business, name: str, beside: Mapping[str, ir.Table | pd.DataFrame]) -> None:
    """Put a table under its name into the engine, as this business sees it."""
    if name not in {*TABLES, *DERIVED}:
        raise InputError(f"There is no table {name}. {nearest(name, {*TABLES, *DERIVED, *beside})}")
    if name == "events" and business.in_place is not None:
        raise InputError(
            "events stay in their database, and a query here would bring all of them. Ask customer_days, "
            "which has a row a customer a day, or the database itself."
        )
    rows = DERIVED[name](business) if name in DERIVED else business.table(name)
    business.engine.create_view(name, rows, overwrite=True)


def _put_beside(business: Business, name: str, given: ir.Table | pd.DataFrame) -> None:
    """Put a table of the analyst's own under its name into the engine."""
    if not isinstance(given, ir.Table | pd.DataFrame):
        raise InputError(f"{name} is no table: give its .to_frame(), or its .expression.")
    try:
        rows = ibis.memtable(given) if isinstance(given, pd.DataFrame) else given
        business.engine.create_view(name, rows)
    except (IbisError, ArrowException, AttributeError) as error:  # the last for kinds that ibis has not
        raise InputError(
            f"{name} cannot be read as a table. Give each column a name of its own, and values of one kind: "
            f"numbers, texts, days ({str(error.args[0]).strip('.')})."
        ) from None

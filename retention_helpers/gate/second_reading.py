"""The cells that are not of the plainest form, read by the one grammar of `words.written`, each text once.

The engine reads the plain forms itself and fast; what it declines comes here. A day and its time are cut
apart, so that a million instants are read as a few thousand days and times.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa

from retention_helpers.contract.tables import TABLES, Column, Table
from retention_helpers.engine import quoted, text
from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.parsing import CONTRADICTED, as_kept, moment, unread
from retention_helpers.sources.folder import Source
from retention_helpers.sources.prices import BESIDE, Asked, said_in
from retention_helpers.words import written, written_months

_OWN = [f"beside_{name}" for name in BESIDE]


@dataclass(frozen=True)
class _Reading:
    """What reads one column: SQL that joins the texts that were read, and the columns that follow from it."""

    join: str
    replaced: dict[str, str]


def read_again(evidence: Evidence, source: Source, columns: Sequence[Column], raw: str) -> None:
    """Read what is left unread in these columns of a table that is kept, and keep it so."""
    table = TABLES[source.table]
    readings = [_reading(evidence, table, column, raw, source) for column in columns]
    picked = ", ".join(
        f"{value} AS {quoted(name)}" for reading in readings for name, value in reading.replaced.items()
    )
    joined = " ".join(reading.join for reading in readings)
    numbered = f"(SELECT *, row_number() OVER () AS its_place FROM {evidence.of(table.name)}) AS kept"
    evidence.rewrite(
        table.name,
        f"SELECT kept.* EXCLUDE (its_place) REPLACE ({picked}) FROM {numbered} {joined} ORDER BY its_place",
    )


def _reading(evidence: Evidence, table: Table, column: Column, raw: str, source: Source) -> _Reading:
    if column.is_month:
        return _months(evidence, table, column, source)
    if column.kind == "instant":
        return _instants(evidence, table, column, source)
    return _amounts(evidence, table, column, raw, source)


# --- days and times --------------------------------------------------------------------------------


def _instants(evidence: Evidence, table: Table, column: Column, source: Source) -> _Reading:
    date_order = source.date_order or evidence.settings.date_order
    left = unread(column.name)
    even = f"trim(regexp_replace({left}, {text(written.BLANKS)}, ' ', 'g'), ' ')"
    cut = f"regexp_extract({even}, {text(f'^(?:{written.SPLIT})$')}, ['day', 'after'])"
    readers: dict[str, Callable[[str], str | None]] = {
        "day": lambda said: written.day(said, date_order),
        "after": written.tail,
    }
    join = ""
    for part, reader in readers.items():
        of_part = f"{cut}.{part}"
        query = f"SELECT DISTINCT {of_part} FROM {evidence.of(table.name)} WHERE {left} IS NOT NULL"
        said = [one for (one,) in evidence.rows(query)]
        name = quoted(f"{part} of {column.name}")
        evidence.engine.con.register(
            name.strip('"'),
            pa.table({"said": pa.array(said, pa.string()), "iso": pa.array(map(reader, said), pa.string())}),
        )
        join += f" LEFT JOIN {name} ON {of_part} = {name}.said"
    iso = f'("day of {column.name}".iso || "after of {column.name}".iso)'
    return _as_moments(column, source, left, iso, join)


def _months(evidence: Evidence, table: Table, column: Column, source: Source) -> _Reading:
    """A day, or the first day of a month as people write it."""
    date_order = source.date_order or evidence.settings.date_order
    left = unread(column.name)
    query = f"SELECT DISTINCT {left} FROM {evidence.of(table.name)} WHERE {left} IS NOT NULL"
    said = [one for (one,) in evidence.rows(query)]
    iso = [written_months.first_day(one) or written.instant(one, date_order) for one in said]
    name = quoted(f"month of {column.name}")
    evidence.engine.con.register(
        name.strip('"'), pa.table({"said": pa.array(said, pa.string()), "iso": pa.array(iso, pa.string())})
    )
    join = f" LEFT JOIN {name} ON {left} = {name}.said"
    return _as_moments(column, source, left, f"{name}.iso", join)


def _as_moments(column: Column, source: Source, left: str, iso: str, join: str) -> _Reading:
    read = f"CASE WHEN {left} IS NOT NULL THEN {moment(iso, source.time_zone)} END"
    kept = {name: f"coalesce(kept.{quoted(name)}, {value})" for name, value in as_kept(column, read).items()}
    return _Reading(join, {**kept, f"unread_{column.name}": f"CASE WHEN ({read}) IS NULL THEN {left} END"})


# --- amounts ---------------------------------------------------------------------------------------

_SAID = pa.schema(
    [("cell", pa.string()), ("beside_currency", pa.string()), ("beside_interval", pa.string()),
     ("amount", pa.decimal128(18, 6)), ("currency", pa.string()), ("interval", pa.string()),
     ("contradicts", pa.bool_())]
)  # fmt: skip


def _amounts(evidence: Evidence, table: Table, column: Column, raw: str, source: Source) -> _Reading:
    """An amount also fills the currency and the interval that it names, where the table has such columns."""
    left, read, settings = unread(column.name), evidence.of(table.name), evidence.settings
    beside = [name for name in BESIDE if any(one.name == name for one in table.columns)]
    own = [f"kept.{quoted(name)}" if name in beside else "NULL" for name in BESIDE]
    texts = evidence.rows(
        f"SELECT DISTINCT {left}, {', '.join(own)} FROM {read} AS kept WHERE {left} IS NOT NULL"
    )
    asked = Asked(
        decimal_sign(evidence, column, raw),
        (settings.currency, *settings.exchange_rates),
        tuple(beside),
        source.price_per,
        source.in_minor_units,
    )
    said = [
        {
            "cell": cell,
            **dict(zip(_OWN, others, strict=True)),
            **asdict(said_in(cell, others[0], others[1], asked)),
        }
        for cell, *others in texts
    ]
    evidence.engine.con.register(f"amounts of {column.name}", pa.Table.from_pylist(said, schema=_SAID))
    same = " AND ".join(
        f"{mine} IS NOT DISTINCT FROM said.{theirs}"
        for mine, theirs in zip([left, *own], ["cell", *_OWN], strict=True)
    )
    kept = {name: f"coalesce(kept.{quoted(name)}, said.{quoted(name)})" for name in beside}
    kept[column.name] = f"coalesce(kept.{quoted(column.name)}, said.amount)"
    kept[f"unread_{column.name}"] = f"CASE WHEN said.amount IS NULL THEN {left} END"
    if beside:
        kept[CONTRADICTED] = f"CASE WHEN said.contradicts THEN {left} END"
    return _Reading(f" LEFT JOIN {quoted(f'amounts of {column.name}')} AS said ON {same}", kept)


def decimal_sign(evidence: Evidence, column: Column, raw: str) -> str:
    """The sign of decimals in a column: as the owner says it, else as its other amounts show it."""
    if evidence.settings.decimal_sign:
        return written.SIGNS[evidence.settings.decimal_sign]
    cell = f"CAST({quoted(column.name)} AS VARCHAR)"
    texts = evidence.rows(f"SELECT DISTINCT {cell} FROM {raw} WHERE regexp_matches({cell}, '[.,]')")
    return written.decimal_sign_of(cell for (cell,) in texts)

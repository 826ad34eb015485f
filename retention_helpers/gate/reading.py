"""One table's file, read once: parsed into Parquet, held against its own rules, repeated rows set aside."""

import errno
import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from retention_helpers.contract import tables
from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import TABLES, Column, Table, day_name
from retention_helpers.engine import EngineError, OutOfMemory, quoted, rows, text
from retention_helpers.gate.evidence import Evidence, case_of
from retention_helpers.gate.kept import SourceRead
from retention_helpers.gate.parsing import raw_relation, select_parsed, spelled
from retention_helpers.gate.rules.rows import RowRule, row_rules
from retention_helpers.gate.second_reading import read_again
from retention_helpers.gate.setting_aside import keep_rows
from retention_helpers.sources import bearing
from retention_helpers.sources.folder import Source, Unreadable, csv_fault, csv_header, shortened
from retention_helpers.sources.prices import OR
from retention_helpers.sources.texts import letters_assumed
from retention_helpers.words.errors import nearest
from retention_helpers.words.formats import exact
from retention_helpers.words.written import (
    SIGNS,
    Money,
    is_ambiguous,
    is_ambiguous_amount,
    is_no_day,
    is_unix,
    money,
    order_shown_by,
)

_NO_SPACE = "No space left on device"
_WHICH_INTERVAL = (
    "How long its interval is, is not known: write month, quarter, year or 3 months, or map the word with "
    "`values: {interval: {…: year}}`."
)
_WHICH_PRICE = (
    "Which of these prices is paid, is not known: write month or year into the column interval, and the "
    "price of that interval into its own column."
)
_UNIX = (
    "If it counts from 1970, in seconds or thousandths of them, say `date_order: unix` for this table under "
    f"`sources:` in {SETTINGS_FILE}."
)
_TRIAL_END = Column("trial_ended_at", "instant")
REPEATED = "it repeats an earlier row in every column"


def read_table(evidence: Evidence, source: Source) -> SourceRead | None:
    """Read one table, hold its own rules against it, keep it; None where it cannot be read at all."""
    table = TABLES[source.table]
    if trial_end := source.beside.get("trial_until"):
        table = replace(table, columns=(*table.columns, _TRIAL_END))
        source = replace(
            source,
            columns={**source.columns, _TRIAL_END.name: trial_end},
            values={**source.values, _TRIAL_END.name: source.values.get("ended_at", {})},
        )
    try:
        raw, names = raw_relation(evidence.engine, source, table, evidence.scratch)
        return _keep(evidence, source, table, raw, list(names))
    except Unreadable as broken:
        evidence.stop(source, "unreadable file", broken.what, broken.way_out)
    except OutOfMemory:
        what = "there is not enough memory, or space on the disk, to read it"
        evidence.stop(source, "unreadable file", what, "Free some, or bring the table as Parquet.")
    except EngineError as error:
        if _NO_SPACE in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
        why = _why(source, str(error))
        evidence.stop(source, "unreadable file", why.what, why.way_out)
    return None


def _why(source: Source, said: str) -> Unreadable:
    if source.form != "csv":
        return Unreadable("the file cannot be read to its end", "Export it again.")
    try:
        return csv_fault(source.path, *csv_header(source.path), said)
    except Unreadable as changed:
        return changed


def _keep(evidence: Evidence, source: Source, table: Table, raw: str, names: list[str]) -> SourceRead:
    described = evidence.rows(f"DESCRIBE SELECT * FROM {raw}")
    kinds = {name: kind for name, kind, *_ in described}
    select = select_parsed(table, raw, names, kinds, source)
    path = text(str(evidence.parquet(table.name)))
    evidence.engine.con.execute(f"COPY ({select}) TO {path} (FORMAT parquet, COMPRESSION zstd)")
    rules = row_rules(table)
    total, broken = _broken(evidence, table, rules)
    left = [
        column for rule, count in zip(rules, broken, strict=True) if count and (column := _cells_of(rule))
    ]
    if left and source.is_verbatim:  # what an importer left unread cannot be read
        read_again(evidence, source, left, raw)
        total, broken = _broken(evidence, table, rules)
    if source.is_first_row:
        _keep_first_rows(evidence, table)
    if source.is_filled_only:
        _keep_filled_rows(evidence, table)
    if source.is_first_row or source.is_filled_only:
        total, broken = _broken(evidence, table, rules)
    evidence.read[table.name], evidence.totals[table.name], evidence.raw[table.name] = source, total, raw
    if source.form == "csv":
        evidence.faults += letters_assumed(source.path, source.name, table.name)
    if not source.is_filled_only:
        _note_unknown_columns(evidence, table, _read_here(names, source))
    if table.name == "subscriptions":
        _say_what_bears_on_prices(evidence, source, _read_here(names, source))
    if total == 0 and table.name in (*tables.REQUIRED_TABLES, tables.INSTEAD):
        evidence.stop(source, "no rows", "the file holds no rows", "Export it again.")
    read = evidence.of(table.name)
    numbered = f"(SELECT *, row_number() OVER () AS source_row FROM {read})"
    for rule, count in zip(rules, broken, strict=True):
        if count:
            _say(evidence, source, rule, numbered if table.is_large else read, count)
    if _TRIAL_END in table.columns:
        _begin_after_trials(evidence, table)
    if not table.is_large:
        evidence.totals[table.name] = _set_repeated_rows_aside(evidence, source, raw, total)
    return SourceRead(table.name, source.name, total, evidence.totals[table.name], _digest(source))


def _digest(source: Source) -> str:
    """What the owner's file was, for whoever wants to know later which one a report was made from."""
    if source.origin:
        return ""
    digest = hashlib.sha256()
    parts = sorted(source.path.rglob("*")) if source.path.is_dir() else [source.path]
    for part in parts:
        if part.is_file():
            with part.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()


def _keep_first_rows(evidence: Evidence, table: Table) -> None:
    """Keep the earliest row of each customer, without attributes: those of the others are not this row's."""
    columns = [column.name for column in table.columns] + [
        day_name(one.name) for one in table.of_kind("instant")
    ]
    parsed = [column.name for column in table.columns if column.kind != "text"]
    unread_ones = [f"unread_{name}" for name in parsed]
    picked = ", ".join(map(quoted, ["source_row", *columns, *unread_ones]))
    read = f"unread_{table.clock} IS NULL"  # what could not be read comes first, to be said
    earliest = f"PARTITION BY customer_id ORDER BY {read}, {quoted(table.clock)} NULLS LAST, source_row"
    evidence.rewrite(
        table.name,
        f"SELECT {picked} FROM {evidence.of(table.name)} QUALIFY row_number() OVER ({earliest}) = 1 "
        "ORDER BY source_row",
    )


def _keep_filled_rows(evidence: Evidence, table: Table) -> None:
    """Keep the rows whose own day is there, or could not be read, to be said."""
    there = f"{quoted(day_name(table.clock))} IS NOT NULL OR unread_{table.clock} IS NOT NULL"
    evidence.rewrite(table.name, f"SELECT * FROM {evidence.of(table.name)} WHERE {there} ORDER BY source_row")


def _begin_after_trials(evidence: Evidence, table: Table) -> None:
    """Let service begin where its trial ended; who left by that day had nothing but the trial."""
    is_later = "coalesce(trial_ended_at > started_at, false)"
    never_paid = f"{is_later} AND coalesce(ended_on <= trial_ended_on, false)"
    moved = ", ".join(
        f"CASE WHEN {is_later} AND NOT ({never_paid}) THEN trial_{end} ELSE {start} END AS {start}"
        for start, end in (("started_at", "ended_at"), ("started_on", "ended_on"))
    )
    own = "trial_ended_at, trial_ended_on, unread_trial_ended_at"
    evidence.rewrite(
        table.name,
        f"SELECT * EXCLUDE ({own}) REPLACE ({moved}, CASE WHEN {never_paid} THEN 'trialing' ELSE status END "
        f"AS status) FROM {evidence.of(table.name)} ORDER BY source_row",
    )


def _broken(evidence: Evidence, table: Table, rules: Sequence[RowRule]) -> tuple[int, list[int]]:
    """How many rows a table has, and how many of them break each rule."""
    counted = ", ".join(["count(*)", *(f"count(*) FILTER (WHERE {rule.condition})" for rule in rules)])
    total, *broken = evidence.one(f"SELECT {counted} FROM {evidence.of(table.name)}")
    return total, broken


def _cells_of(rule: RowRule) -> Column | None:
    """The column of days or amounts of which a rule says that a cell could not be read."""
    is_of_cells = (
        rule.name.endswith("unreadable") and rule.column and rule.column.kind in ("instant", "money")
    )
    return rule.column if is_of_cells else None


def _say(evidence: Evidence, source: Source, rule: RowRule, numbered: str, count: int) -> None:
    """The fault of a rule that some rows break."""
    who = "customer_id" if TABLES[source.table].is_of_customers else "NULL"
    faulty = f"{numbered} WHERE {rule.condition}"
    row, customer, value = evidence.one(
        f"SELECT source_row, {who}, {rule.shows} FROM {faulty} ORDER BY 1 LIMIT 1"
    )
    way_out = rule.way_out_of(value)
    if rule.column is not None and rule.column.kind == "instant" and is_ambiguous(str(value)):
        shown = [text for (text,) in evidence.rows(f"SELECT DISTINCT {rule.shows} FROM {faulty} LIMIT 10000")]
        way_out = which_order(shown)
    if rule.column is not None and rule.column.kind == "instant" and is_unix(str(value)):
        way_out = _UNIX
    if rule.column is not None and rule.column.name == "ended_at" and is_no_day(str(value)):
        way_out = (
            f"If it says that service goes on, write `values: {{ended_at: {{'{value}': ''}}}}` for this "
            f"table under `sources:` in {SETTINGS_FILE}, or leave the cell empty."
        )
    if rule.column is not None and rule.column.kind == "money" and is_ambiguous_amount(str(value)):
        way_out = which_sign(str(value))
    elif rule.column is not None and rule.column.kind == "money" and OR in f" {value}":
        way_out = _WHICH_PRICE
    elif rule.column is not None and rule.column.kind == "money" and source.price_per and money(str(value)):
        way_out = _WHICH_INTERVAL
    evidence.say(
        "stop",
        source.table,
        rule.name,
        rule.what,
        way_out,
        rows=count,
        of=evidence.totals[source.table],
        first=case_of(source, row, customer, value),
    )


def which_order(texts: Sequence[str]) -> str:
    """The way out where days are written in numbers, with what the texts themselves prove.

    >>> which_order(["05/03/2026", "13/03/2026"])
    'Say in retention.yml how they are meant: `date_order: day first` (13/03/2026 can be read no other way).'
    """
    shown = order_shown_by(texts)
    if not shown:
        return (
            "Such a day can be read in two ways: say in retention.yml how they are meant, "
            "`date_order: day first` or `date_order: month first`."
        )
    proof = next(text for text in sorted(texts) if order_shown_by([text]) == shown)
    return (
        f"Say in retention.yml how they are meant: `date_order: {shown}` ({proof} can be read no other way)."
    )


def which_sign(amount: str) -> str:
    """The way out where an amount may have thousands or decimals.

    >>> which_sign("1.200")
    'It may be 1200 or 1.2: say in retention.yml `decimal_sign: comma` or `decimal_sign: point`.'
    """
    signs = sorted(SIGNS, key=lambda name: -(money(amount, SIGNS[name]) or Money(Decimal())).amount)
    read = [exact(found.amount) for name in signs if (found := money(amount, SIGNS[name]))]
    said = " or ".join(f"`decimal_sign: {name}`" for name in signs)
    return f"It may be {' or '.join(read)}: say in retention.yml {said}."


def _set_repeated_rows_aside(evidence: Evidence, source: Source, raw: str, total: int) -> int:
    """Leave out rows that repeat another in every column, with a warning; how many rows stay."""
    read = evidence.of(source.table)
    every = _all_columns(evidence, read)
    once = f"SELECT min(source_row) AS source_row, {every} FROM {read} GROUP BY {every}"
    again = total - evidence.count(f"({once})")
    if not again:
        return total
    repeated = f"{read} ANTI JOIN ({once}) USING (source_row)"
    keep_rows(evidence, source, raw, f"SELECT source_row FROM {repeated}", REPEATED)
    evidence.say(
        "warning",
        source.table,
        "repeated row",
        "a row repeats an earlier one in every column",
        "The repeated rows were left out.",
        rows=again,
        of=total,
        first=evidence.case(source.table, repeated),
    )
    evidence.rewrite(source.table, f"{once} ORDER BY source_row")
    return total - again


def _all_columns(evidence: Evidence, read: str) -> str:
    described = rows(evidence.engine, f"DESCRIBE SELECT * EXCLUDE (source_row) FROM {read}")
    return ", ".join(quoted(name) for name, *_ in described)


def _read_here(names: Sequence[str], source: Source) -> list[str]:
    """The columns of a file that no other table is read from."""
    elsewhere = {spelled(name) for name in source.read_elsewhere}
    return [name for name in names if spelled(name) not in elsewhere]


def _note_unknown_columns(evidence: Evidence, table: Table, names: Sequence[str]) -> None:
    known = [column.name for column in table.columns]
    unknown = [name for name in names if name not in known]
    if unknown and not table.has_attributes:
        one, missing = len(unknown) == 1, [name for name in known if name not in names]
        evidence.say(
            "note",
            table.name,
            "unknown column",
            f"{shortened(unknown)} {'is no column' if one else 'are no columns'} of the contract "
            f"and {'was' if one else 'were'} not read",
            _of_another_table(unknown)
            or (nearest(unknown[0], missing) if missing else "None of ours is missing."),
        )


def _say_what_bears_on_prices(evidence: Evidence, source: Source, names: Sequence[str]) -> None:
    known = {column.name for column in TABLES["subscriptions"].columns}
    unread = [name for name in names if name not in known and _says_something(evidence, name)]
    for rule, what, way_out in bearing.said_of(source.columns, unread, source.answered):
        evidence.say("warning", "subscriptions", rule, what, way_out)


def _says_something(evidence: Evidence, column: str) -> bool:
    cell = f"trim(CAST({quoted(column)} AS VARCHAR))"
    return bool(evidence.count(f"{evidence.raw['subscriptions']} WHERE {cell} NOT IN ('', '0')"))


def _of_another_table(unknown: Sequence[str]) -> str:
    """The way out where a column is the day of another table, as canceled_at beside ended_at."""
    days = {one.clock: one.name for one in TABLES.values()}
    found = next((name for name in unknown if name in days), "")
    if not found:
        return ""
    return (
        f"{found} is a column of {days[found]}: name the file there too, under `sources:` in {SETTINGS_FILE}."
    )

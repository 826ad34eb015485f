"""The data gate: reads a folder's files once, holds every rule against them, keeps what passed.

What passes is kept as Parquet in a cache, keyed by a fingerprint of the files, the settings and this
code: a second report of the same folder reads no file of the owner's again. Instants are kept as naive
UTC (`started_at`) beside the day in the business time zone (`started_on`).
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa
from ibis.backends.duckdb import Backend

from retention_helpers import contract
from retention_helpers.contract import TABLES, Column, Fault, Stopped, Table
from retention_helpers.engine import EngineError, OutOfMemory, connect, path_text, quoted, rows, text
from retention_helpers.errors import InputError, nearest
from retention_helpers.formats import plural
from retention_helpers.settings import SETTINGS_FILE, Settings, read_experiments, read_settings
from retention_helpers.sources.folder import (
    Source,
    Unreadable,
    check_form,
    csv_fault,
    csv_header,
    described_by,
    find_sources,
    line_of_row,
    sheet,
    shortened,
)

PACKAGE = Path(__file__).parent
CACHE = PACKAGE.parent / ".cache"
KEPT_FINGERPRINTS = 3  # of one folder; an open notebook may still read the one before
LEFT_BEHIND = 24 * 3600  # seconds after which a reading that was killed is swept away
MOST_COLUMNS = 500  # of one file; more of them are a mistake, and take minutes

_DAYS = "BETWEEN '1900-01-01' AND '2199-12-31'"
_OFFSET = r"(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_INSTANT = rf"(19|20|21)\d\d-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?{_OFFSET}?)?"
_MONEY = r"[+-]?\d{1,12}(\.\d{1,6}0*)?"
# Where a comma may be the decimal sign, three digits after a point may be thousands.
_MONEY_WITH_COMMA = r"[+-]?\d{1,12}(,\d{1,6}0*|\.\d{1,2}|\.\d{4,6}0*)?"
_MONEY_TYPE = "DECIMAL(18, 6)"

_FORMS = {
    "instant": "a date or time such as 2026-03-05 or 2026-03-05T10:30",
    "money": "an amount such as 49 or 49.90",
    "score": "a whole number from 0 to 10",
}
_WAYS_OUT = {"money": "Write digits with at most six decimals, and nothing between the thousands."}


@dataclass(frozen=True)
class SourceRead:
    """What was read of one file: rows read, and rows kept after those set aside."""

    table: str
    file: str
    rows_read: int
    rows_kept: int


@dataclass(frozen=True)
class Passed:
    """What passed the gate: where the Parquet lies, and what was found on the way."""

    folder: Path
    currency: str
    first_on: str  # day of the first subscription
    latest_on: str  # day of the latest row, ends of service included; may lie in the future
    sources: tuple[SourceRead, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class _Rule:
    """A condition that no row should meet."""

    name: str
    condition: str
    what: str
    way_out: str
    shows: str = ""  # a column whose first faulty value helps


def _day_name(column: str) -> str:
    return column.removesuffix("_at") + "_on" if column.endswith("_at") else column


def _unread(column: str) -> str:
    return quoted(f"unread_{column}")


# --- reading ---------------------------------------------------------------------------------------


def _columns_read(header: Sequence[str], table: Table) -> dict[str, str]:
    """Which of the file's columns is which of the contract's (or an attribute)."""
    known = {column.name for column in table.columns}
    names: dict[str, str] = {}
    seen: set[str] = set()
    if len(header) > MOST_COLUMNS:
        raise Unreadable(f"it has {len(header):,} columns", f"Keep those of use, at most {MOST_COLUMNS}.")
    for original in header:
        clean = " ".join(original.split())
        plain = "_".join(clean.lower().split())
        name = plain if plain in known else clean
        if not name:
            continue
        if name.lower() in seen:
            raise Unreadable(f"the column {name} stands twice", "Keep one of the two.")
        if table.has_attributes and _is_ours(name.lower(), table):
            raise Unreadable(f"the column {name} bears a name that the report itself uses", "Rename it.")
        seen.add(name.lower())
        names[name] = original
    missing = [name for name in table.required if name not in names]
    if missing:
        hints = _hints(missing, [name for name in names if name not in known])
        if len(missing) == 1:
            raise Unreadable(f"the column {missing[0]} is missing", f"{hints}Add it, or rename one.")
        raise Unreadable(f"the columns {', '.join(missing)} are missing", f"{hints}Add or rename them.")
    return names


def _is_ours(name: str, table: Table) -> bool:
    days = {_day_name(column.name) for column in table.of_kind("instant")}
    return name in days | {"source_row"} or name.startswith("unread_")


def _hints(missing: Sequence[str], unknown: Sequence[str]) -> str:
    """Which of the unknown columns may be a missing one, else which there are."""
    plain = {name.lower(): name for name in unknown}
    close = [get_close_matches(name, plain, n=1, cutoff=0.6) for name in missing]
    hints = "".join(f"Did you mean {plain[match[0]]}? " for match in close if match)
    return hints or (f"The header also holds {shortened(unknown)}. " if unknown else "")


def _raw_relation(engine: Backend, source: Source, table: Table) -> tuple[str, dict[str, str], bool]:
    """SQL of the file's rows as they are, its column names, and whether decimals have commas."""
    if source.form == "parquet":
        return *_raw_parquet(engine, source, table), False
    if source.form == "xlsx":
        return *_raw_sheet(engine, source, table), False
    check_form(source.path)
    header, delimiter = csv_header(source.path)
    names = _columns_read(header, table)
    columns = ", ".join(f"{text(f'c{i}')}: 'VARCHAR'" for i in range(len(header)))
    read = (
        f"read_csv({path_text(source.path)}, auto_detect=false, header=true, delim={text(delimiter)}, "
        f"""quote='"', escape='"', nullstr='', columns={{{columns}}})"""
    )
    picked = ", ".join(
        f"nullif(trim(c{header.index(original)}), '') AS {quoted(name)}" for name, original in names.items()
    )
    filled = f"coalesce({', '.join(f'c{i}' for i in range(len(header)))}) IS NOT NULL"
    return f"(SELECT {picked} FROM {read} WHERE {filled})", names, delimiter == ";"


def _raw_parquet(engine: Backend, source: Source, table: Table) -> tuple[str, dict[str, str]]:
    if not source.files:
        raise Unreadable("the folder holds no Parquet file", "Export it again.")
    for file in source.files:
        try:
            _parquet_columns(engine, [file])
        except EngineError:
            which = f"{file.name} in it" if source.path.is_dir() else "it"
            raise Unreadable(f"{which} is not Parquet, or cut off", "Export it again.") from None
    types = _parquet_columns(engine, source.files)
    read = _read_parquet(source.files)
    names = _columns_read(list(types), table)
    picked = ", ".join(
        f"nullif(trim({quoted(original)}), '') AS {quoted(name)}"
        if types[original] == "VARCHAR"
        else f"{quoted(original)} AS {quoted(name)}"
        for name, original in names.items()
    )
    return f"(SELECT {picked} FROM {read})", names


def _read_parquet(files: Iterable[Path]) -> str:
    return f"read_parquet([{', '.join(map(path_text, files))}], union_by_name=true)"


def _parquet_columns(engine: Backend, files: Sequence[Path]) -> dict[str, str]:
    """The columns of Parquet files and their types."""
    described = rows(engine, f"DESCRIBE SELECT * FROM {_read_parquet(files)}")
    return {name: kind for name, kind, *_ in described}


def _raw_sheet(engine: Backend, source: Source, table: Table) -> tuple[str, dict[str, str]]:
    lines = (cells for _, cells in sheet(source.path, table.name))
    header = [cell or "" for cell in next(lines)]
    names = _columns_read(header, table)
    at = {name: header.index(original) for name, original in names.items()}
    records = [[cells[i] if i < len(cells) else None for i in at.values()] for cells in lines]
    columns = zip(*records, strict=True) if records else [[] for _ in at]
    cells_read = {name: pa.array(column, pa.string()) for name, column in zip(at, columns, strict=True)}
    engine.con.register(f"sheet_{table.name}", pa.table(cells_read))
    return f"sheet_{table.name}", names


# --- parsing ---------------------------------------------------------------------------------------


def _parsed(column: Column, kind_read: str, decimal_comma: bool) -> str:
    """SQL that reads one column; NULL where it is empty or cannot be read."""
    as_text = _as_text(column.name, kind_read)
    if column.kind == "instant":
        if kind_read.startswith(("TIMESTAMP", "DATE")):
            name = quoted(column.name)
            return f"CASE WHEN {name} {_DAYS} THEN CAST({name} AS TIMESTAMPTZ) END"
        is_read = f"regexp_full_match({as_text}, {text(_INSTANT)})"
        # The engine wants seconds before an offset: 10:30Z becomes 10:30:00Z.
        full = f"regexp_replace({as_text}, '^(.{{16}})([Z+-].*)$', '\\1:00\\2')"
        return f"CASE WHEN {is_read} THEN try_cast({full} AS TIMESTAMPTZ) END"
    if column.kind == "money":
        is_read = f"regexp_full_match({as_text}, {text(_MONEY_WITH_COMMA if decimal_comma else _MONEY)})"
        amount = f"replace({as_text}, ',', '.')" if decimal_comma else as_text
        return f"CASE WHEN {is_read} THEN try_cast({amount} AS {_MONEY_TYPE}) END"
    if column.kind == "score":
        whole = f"regexp_full_match({as_text}, '(10|[0-9])([.]0+)?')"
        return f"CASE WHEN {whole} THEN CAST(CAST({as_text} AS DOUBLE) AS INTEGER) END"
    if column.kind == "choice":
        choices = ", ".join(text(choice) for choice in column.choices)
        return f"CASE WHEN lower({as_text}) IN ({choices}) THEN lower({as_text}) END"
    return as_text


def _as_text(column: str, kind_read: str) -> str:
    """SQL of a value as the owner would write it: a float without the noise of its last digits."""
    name = quoted(column)
    if kind_read == "VARCHAR":
        return name
    if kind_read == "DOUBLE":
        return (
            f"CASE WHEN abs({name}) < 1e15 THEN format('{{:.15g}}', {name}) ELSE CAST({name} AS VARCHAR) END"
        )
    if kind_read == "FLOAT":
        return f"regexp_replace(CAST({name} AS VARCHAR), '[.]0$', '')"
    return f"CAST({name} AS VARCHAR)"


def _select_parsed(
    table: Table, raw: str, names: Iterable[str], kinds: dict[str, str], decimal_comma: bool
) -> str:
    """SQL of the table as the contract has it, with `unread_X` beside every column that is parsed."""
    read, kept = [], []
    for column in table.columns:
        name = quoted(column.name)
        present = column.name in kinds
        value = _parsed(column, kinds[column.name], decimal_comma) if present else "NULL"
        read.append(f"{value} AS {name}")
        if column.kind == "instant":
            if column.name.endswith("_at"):
                # The same as timezone('UTC', …), without asking the calendar again.
                kept.append(f"make_timestamp(epoch_us(CAST({name} AS TIMESTAMPTZ))) AS {name}")
            kept.append(f"CAST(CAST({name} AS TIMESTAMPTZ) AS DATE) AS {quoted(_day_name(column.name))}")
        else:
            kept.append(f"CAST({name} AS {_type(column)}) AS {name}")
        if column.kind != "text":
            unread = (
                f"CASE WHEN {name} IS NOT NULL AND ({value}) IS NULL THEN CAST({name} AS VARCHAR) END"
                if present
                else "CAST(NULL AS VARCHAR)"
            )
            read.append(f"{unread} AS {_unread(column.name)}")
            kept.append(_unread(column.name))
    known = {column.name for column in table.columns}
    if table.has_attributes:
        attributes = [name for name in names if name not in known]
        read += [f"{_as_text(name, kinds[name])} AS {quoted(name)}" for name in attributes]
        kept += map(quoted, attributes)
    elif not table.is_large and set(names) - known:
        # rows that differ in what is not read are no repetition
        others = [f"CAST({quoted(name)} AS VARCHAR)" for name in names if name not in known]
        read.append(f"hash({', '.join(others)}) AS {_unread('others')}")
        kept.append(_unread("others"))
    number = [] if table.is_large else ["source_row"]
    rows_read = raw if table.is_large else f"(SELECT *, row_number() OVER () AS source_row FROM {raw})"
    return f"SELECT {', '.join(number + kept)} FROM (SELECT {', '.join(number + read)} FROM {rows_read})"


def _type(column: Column) -> str:
    return {"money": _MONEY_TYPE, "score": "INTEGER"}.get(column.kind, "VARCHAR")


# --- rules -----------------------------------------------------------------------------------------


def _rules(table: Table) -> list[_Rule]:
    found = [
        _Rule(f"{column.name} empty", f"{_value(column)} IS NULL{_and_read(column)}",
              f"{column.name} is empty", "Fill it in, or take the row out.")
        for column in table.columns
        if column.filled
    ]  # fmt: skip
    for column in table.columns:
        if column.kind == "choice":
            form = f"none of {', '.join(column.choices)}"
        elif column.kind in _FORMS:
            form = f"not {_FORMS[column.kind]}"
        else:
            continue
        found.append(
            _Rule(f"{column.name} unreadable", f"{_unread(column.name)} IS NOT NULL",
                  f"{column.name} is {form}", _WAYS_OUT.get(column.kind, "Correct it."),
              shows=f"unread_{column.name}")
        )  # fmt: skip
    return found + (_SPAN_RULES if table.name == "subscriptions" else [])


def _value(column: Column) -> str:
    return quoted(_day_name(column.name) if column.kind == "instant" else column.name)


def _and_read(column: Column) -> str:
    return "" if column.kind == "text" else f" AND {_unread(column.name)} IS NULL"


_FREE = ", ".join(text(status) for status in contract.FREE_STATUSES)
_SPAN_RULES = [
    _Rule(
        "end before start",
        "ended_on < started_on",
        "ended_at lies before started_at",
        "Correct the dates, or leave ended_at empty for an open subscription.",
    ),
    _Rule("mrr negative", "mrr < 0", "mrr is negative", "Correct it; a refund is not MRR."),
    _Rule(
        "mrr empty",
        f"mrr IS NULL AND unread_mrr IS NULL AND coalesce(status, 'active') NOT IN ({_FREE})",
        "mrr is empty although the status is active or past_due",
        "Fill in the amount a month; 0 for a free plan.",
    ),
]


class _Reading:
    """One pass over a folder: the engine, where the Parquet goes, and the faults so far."""

    def __init__(self, engine: Backend, target: Path, faults: list[Fault]) -> None:
        self.engine, self.target, self.faults = engine, target, faults
        self.sources: list[SourceRead] = []

    def parquet(self, table: str) -> Path:
        return self.target / f"{table}.parquet"

    def _count(self, query: str) -> int:
        return int(rows(self.engine, query)[0][0])

    def _stop(self, source: Source, rule: str, what: str, way_out: str) -> None:
        said = contract.message(source.name, what, way_out)
        self.faults.append(Fault("stop", source.table, rule, 0, said))

    def read(self, source: Source) -> None:
        """Read one table, hold its own rules against it, keep it."""
        table = TABLES[source.table]
        try:
            raw, names, decimal_comma = _raw_relation(self.engine, source, table)
            self._keep(source, table, raw, list(names), decimal_comma)
        except Unreadable as broken:
            self._stop(source, "unreadable file", broken.what, broken.way_out)
        except OutOfMemory:
            what = "there is not enough memory, or space on the disk, to read it"
            self._stop(source, "unreadable file", what, "Free some, or bring the table as Parquet.")
        except EngineError as error:
            self._stop_broken(source, str(error))

    def _stop_broken(self, source: Source, said: str) -> None:
        if source.form == "csv":
            try:
                broken = csv_fault(source.path, *csv_header(source.path), said)
            except Unreadable as changed:
                broken = changed
        else:
            broken = Unreadable("the file cannot be read to its end", "Export it again.")
        self._stop(source, "unreadable file", broken.what, broken.way_out)

    def _keep(self, source: Source, table: Table, raw: str, names: list[str], decimal_comma: bool) -> None:
        described = rows(self.engine, f"DESCRIBE SELECT * FROM {raw}")
        kinds = {name: kind for name, kind, *_ in described}
        select = _select_parsed(table, raw, names, kinds, decimal_comma)
        path = text(str(self.parquet(table.name)))
        self.engine.con.execute(f"COPY ({select}) TO {path} (FORMAT parquet, COMPRESSION zstd)")
        read = self._read(table.name)
        rules = _rules(table)
        counted = ", ".join(["count(*)", *(f"count(*) FILTER (WHERE {rule.condition})" for rule in rules)])
        total, *counts = rows(self.engine, f"SELECT {counted} FROM {read}")[0]
        numbered = f"(SELECT *, row_number() OVER () AS source_row FROM ({select}))"
        self._note_unknown_columns(source, table, names)
        if total == 0 and table.name in contract.REQUIRED_TABLES:
            self._stop(source, "no rows", "the file holds no rows", "Export it again.")
        for rule, count in zip(rules, counts, strict=True):
            if count:
                self._say(source, rule, numbered if table.is_large else read, count, total)
        kept = total if table.is_large else self._set_repeated_rows_aside(source, read, total)
        self.sources.append(SourceRead(table.name, source.name, total, kept))

    def _say(self, source: Source, rule: _Rule, numbered: str, count: int, total: int) -> None:
        """The fault of a rule that some rows break."""
        first = self._first(source, f"{numbered} WHERE {rule.condition}", rule.shows or "NULL")
        way_out = rule.way_out
        column = {c.name: c for c in TABLES[source.table].columns}.get(rule.shows[len("unread_") :])
        if column is not None and column.choices:
            way_out = f"{nearest(first[2], column.choices)} {way_out}"
        said = contract.message(
            source.name, rule.what, way_out, rows=count, of=total, first=_case(source, *first)
        )
        self.faults.append(Fault("stop", source.table, rule.name, count, said))

    def _set_repeated_rows_aside(self, source: Source, read: str, total: int) -> int:
        """Leave out rows that repeat another in every column, with a warning."""
        every = self._all_columns(read)
        once = f"SELECT min(source_row) AS source_row, {every} FROM {read} GROUP BY {every}"
        again = total - self._count(f"SELECT count(*) FROM ({once})")
        if not again:
            return total
        repeated = f"{read} ANTI JOIN ({once}) USING (source_row)"
        said = contract.message(
            source.name,
            "a row repeats an earlier one in every column",
            "The repeated rows were left out.",
            rows=again,
            of=total,
            first=_case(source, *self._first(source, repeated)),
        )
        self.faults.append(Fault("warning", source.table, "repeated row", again, said))
        self._rewrite(source.table, f"{once} ORDER BY source_row")
        return total - again

    def _first(self, source: Source, relation: str, shows: str = "NULL") -> tuple:
        """The first row of a relation: its number, its customer, and the value of one column."""
        who = "NULL" if source.table == "notes" else "customer_id"
        return rows(self.engine, f"SELECT source_row, {who}, {shows} FROM {relation} ORDER BY 1 LIMIT 1")[0]

    def _all_columns(self, read: str) -> str:
        described = rows(self.engine, f"DESCRIBE SELECT * EXCLUDE (source_row) FROM {read}")
        return ", ".join(quoted(name) for name, *_ in described)

    def _note_unknown_columns(self, source: Source, table: Table, names: list[str]) -> None:
        known = [column.name for column in table.columns]
        unknown = [name for name in names if name not in known]
        if unknown and not table.has_attributes:
            one = len(unknown) == 1
            said = contract.message(
                source.name,
                f"{shortened(unknown)} {'is no column' if one else 'are no columns'} of the contract "
                f"and {'was' if one else 'were'} not read",
                nearest(unknown[0], known),
            )
            self.faults.append(Fault("note", table.name, "unknown column", 0, said))

    def hold_across(self, sources: dict[str, Source]) -> None:
        """The rules that need more than one row or table, for what could be read at all."""
        read = {one.table for one in self.sources}
        if "customers" not in read:
            return
        self._hold_one_row_a_customer(sources["customers"])
        for name, source in sources.items():
            if name in read and "customer_id" in TABLES[name].required and name != "customers":
                self._hold_known_customers(source)

    def _hold_one_row_a_customer(self, source: Source) -> None:
        firsts = (
            f"SELECT customer_id, min(source_row) AS source_row FROM {self._read('customers')} "
            "WHERE customer_id IS NOT NULL GROUP BY customer_id HAVING count(*) > 1"
        )
        again = self._count(f"SELECT count(*) FROM ({firsts})")
        if again:
            later = f"JOIN ({firsts}) AS f USING (customer_id) WHERE t.source_row > f.source_row"
            relation = f"(SELECT t.* FROM {self._read('customers')} AS t {later})"
            said = contract.message(
                source.name,
                f"{plural(again, 'customer has', 'customers have')} more than one row, with different values",
                "Keep one row a customer.",
                first=_case(source, *self._first(source, relation)),
            )
            self.faults.append(Fault("stop", "customers", "customer twice", again, said))

    def _hold_known_customers(self, source: Source) -> None:
        strangers = (
            f"(SELECT t.* FROM {self._read(source.table)} AS t ANTI JOIN {self._read('customers')} AS c "
            "ON t.customer_id = c.customer_id WHERE t.customer_id IS NOT NULL)"
        )
        count, who = rows(self.engine, f"SELECT count(*), min(customer_id) FROM {strangers}")[0]
        if not count:
            return
        is_large = TABLES[source.table].is_large  # keeps no row numbers
        first = f"customer {who}" if is_large else _case(source, *self._first(source, strangers))
        total = next(s.rows_kept for s in self.sources if s.table == source.table)
        is_span = source.table == "subscriptions"
        said = contract.message(
            source.name,
            "the customer is missing from customers",
            "They are counted all the same; add them to customers."
            if is_span
            else "These rows count for nobody; add the customers, or take the rows out.",
            rows=count,
            of=total,
            first=first,
        )
        level: contract.Level = "warning" if is_span else "note"
        self.faults.append(Fault(level, source.table, "unknown customer", count, said))

    def _read(self, table: str) -> str:
        return f"read_parquet({path_text(self.parquet(table))})"

    def convert_money(self, source: Source, settings: Settings) -> str:
        """Bring every MRR into one currency, at one rate a currency; returns that currency."""
        read = self._read("subscriptions")
        codes = [
            code
            for (code,) in rows(
                self.engine,
                f"SELECT DISTINCT upper(currency) FROM {read} WHERE currency IS NOT NULL ORDER BY 1",
            )
        ]
        currency = settings.currency or (codes[0] if len(codes) == 1 else "")
        if not currency and codes:
            self._stop(
                source,
                "several currencies",
                f"amounts are in {', '.join(codes)}",
                f"Name the report's `currency` and the `exchange_rates` in {SETTINGS_FILE}.",
            )
            return ""
        self._hold_named_currency(source, read, currency if codes else "")
        foreign = [code for code in codes if code != currency]
        lacking = [code for code in foreign if code not in settings.exchange_rates]
        for code in lacking:
            self._stop(
                source,
                "currency without a rate",
                f"there is no exchange rate from {code} to {currency}",
                f"Add `exchange_rates: {{{code}: …}}` to {SETTINGS_FILE}.",
            )
        if foreign and not any(fault.level == "stop" for fault in self.faults):
            self._convert(source, read, {code: settings.exchange_rates[code] for code in foreign})
        return currency

    def _hold_named_currency(self, source: Source, read: str, currency: str) -> None:
        nameless = f"{read} WHERE currency IS NULL AND mrr IS NOT NULL"
        count = self._count(f"SELECT count(*) FROM {nameless}")
        if currency and count:
            said = contract.message(
                source.name,
                "currency is empty",
                f"These amounts were read as {currency}; fill it in.",
                rows=count,
                of=self._count(f"SELECT count(*) FROM {read}"),
                first=_case(source, *self._first(source, nameless)),
            )
            self.faults.append(Fault("warning", "subscriptions", "currency empty", count, said))

    def _convert(self, source: Source, read: str, rates: dict[str, Decimal]) -> None:
        cases = " ".join(f"WHEN {text(code)} THEN {rate:f}" for code, rate in rates.items())
        amount = f"round(mrr * CASE upper(currency) {cases} ELSE 1.0 END, 6)"
        try:
            self._rewrite(
                "subscriptions",
                f"SELECT * REPLACE (CAST({amount} AS {_MONEY_TYPE}) AS mrr) FROM {read} ORDER BY source_row",
            )
        except EngineError:
            what = "an amount has more than twelve digits once it is converted"
            self._stop(source, "amount too large", what, f"Correct it, or its rate in {SETTINGS_FILE}.")

    def _rewrite(self, table: str, query: str) -> None:
        path = self.parquet(table)
        written = path.with_suffix(".written")
        self.engine.con.execute(f"COPY ({query}) TO {text(str(written))} (FORMAT parquet)")
        written.replace(path)

    def first_on(self) -> str:
        """The day on which the first subscription began."""
        return str(rows(self.engine, f"SELECT min(started_on) FROM {self._read('subscriptions')}")[0][0])

    def latest_on(self) -> str:
        """The day of the latest row, ends of service included."""
        days = [(read.table, _day_name(TABLES[read.table].clock)) for read in self.sources]
        clocks = [
            f"SELECT max({quoted(day)}) AS day FROM {self._read(table)}"
            for table, day in [*days, ("subscriptions", "ended_on")]
        ]
        return str(rows(self.engine, f"SELECT max(day) FROM ({' UNION ALL '.join(clocks)})")[0][0])


def _case(source: Source, row: int, customer: object, value: object = None) -> str:
    parts = [
        f"customer {customer}" if customer is not None else "",
        line_of_row(source, row),
        f"value {str(value)[:40]!r}" if value is not None else "",
    ]
    return ", ".join(part for part in parts if part)


# --- the cache -------------------------------------------------------------------------------------


def fingerprint(folder: Path) -> str:
    """A key for everything that the kept Parquet depends on: the files, the settings, this code."""
    digest = hashlib.blake2b(digest_size=12)
    for path in described_by(folder):
        digest.update(os.fsencode(path.relative_to(folder)))
        try:
            state = path.stat()
        except OSError:  # a link to nowhere, say: the reading tells
            continue
        digest.update(f"|{state.st_size}|{state.st_mtime_ns}|{state.st_ctime_ns}|{state.st_ino}\n".encode())
    for module in sorted(PACKAGE.rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()


def _home(folder: Path, cache: Path) -> Path:
    name = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=6).hexdigest()
    return cache / name


def _load(kept: Path) -> Passed | None:
    """What an earlier reading kept; None unless all of it is there."""
    try:
        record = json.loads((kept / "passed.json").read_text(encoding="utf-8"))
        passed = Passed(
            folder=kept,
            currency=record["currency"],
            first_on=record["first_on"],
            latest_on=record["latest_on"],
            sources=tuple(SourceRead(**source) for source in record["sources"]),
            faults=tuple(Fault(**fault) for fault in record["faults"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_whole = all((kept / f"{source.table}.parquet").is_file() for source in passed.sources)
    return passed if is_whole else None


def _save(passed: Passed) -> None:
    record = asdict(passed)
    record.pop("folder")
    target = passed.folder / "passed.json"
    target.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")


def _forget_old(home: Path) -> None:
    """Keep the latest readings of a folder, and sweep away what a killed one left behind."""
    by_age = sorted((_age(path), path) for path in home.iterdir() if path.is_dir())
    kept = [path for _, path in by_age if not path.name.startswith(".")]
    left = [path for age, path in by_age if path.name.startswith(".") and age > LEFT_BEHIND]
    for path in [*kept[KEPT_FINGERPRINTS:], *left]:
        _forget(path)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # another process has just forgotten it
        return 0.0


def _forget(kept: Path) -> None:
    """Out of the way at once, so that nobody finds half of it; then away."""
    with suppress(OSError):
        kept = kept.rename(kept.with_name(f".forgotten-{kept.name}-{os.getpid()}"))
    shutil.rmtree(kept, ignore_errors=True)


@dataclass(frozen=True)
class _Choices:
    """The owner's settings, or the defaults where they have faults."""

    settings: Settings
    faults: tuple[Fault, ...]


def _choices(folder: Path) -> _Choices:
    """The settings of a folder, with `experiments.yml` checked beside them."""
    settings, faults = Settings(), []
    for read in (read_settings, read_experiments):
        try:
            found = read(folder)
        except InputError as error:
            faults += [Fault("stop", "", "settings", 0, line) for line in str(error).splitlines()]
        else:
            settings = found if isinstance(found, Settings) else settings
    return _Choices(settings, tuple(faults))


def _read_folder(folder: Path, choices: _Choices, target: Path) -> Passed:
    sources, faults = find_sources(folder)
    faults += choices.faults
    settings = choices.settings
    engine = connect(target / "spill", settings.time_zone)
    try:
        reading = _Reading(engine, target, faults)
        for source in sources.values():
            reading.read(source)
        reading.hold_across(sources)
        currency, first, latest = "", "", ""
        if any(read.table == "subscriptions" for read in reading.sources) and not choices.faults:
            currency = reading.convert_money(sources["subscriptions"], settings)
        if not any(fault.level == "stop" for fault in faults):
            first, latest = reading.first_on(), reading.latest_on()
    finally:
        engine.disconnect()
    return Passed(target, currency, first, latest, tuple(reading.sources), tuple(faults))


def pass_gate(folder: Path, cache: Path = CACHE) -> Passed:
    """Read a data folder, or find what an earlier reading of the same files kept.

    Raises Stopped with every fault that would make the report wrong, wrong settings included, and
    InputError where there is no folder.
    """
    current = fingerprint(folder)
    kept = _home(folder, cache) / current
    passed = _load(kept)
    if passed is None:
        try:
            passed = _keep_reading(folder, kept)
        except OSError as error:
            reason = (error.strerror or "it cannot be written").lower()
            way_out = "Free some space there, or allow writing."
            raise InputError(f"What was read cannot be kept in {cache.name} ({reason}). {way_out}") from None
    return passed


def _keep_reading(folder: Path, kept: Path) -> Passed:
    home = kept.parent
    home.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=home))
    try:
        passed = _read_folder(folder, _choices(folder), building)
        if any(fault.level == "stop" for fault in passed.faults):
            raise Stopped(passed.faults)
        _save(passed)
        shutil.rmtree(building / "spill", ignore_errors=True)
        try:
            building.rename(kept)
        except OSError:
            if _load(kept) is None:  # else another process kept the same reading first
                _forget(kept)
                building.rename(kept)
        _forget_old(home)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    found = _load(kept)
    if found is None:
        raise OSError
    return found


def examined_settings(folder: Path) -> Settings:
    """The settings of a folder; raises InputError with what is wrong in them or in `experiments.yml`."""
    if not folder.is_dir():
        find_sources(folder)  # says what is wrong with it
    choices = _choices(folder)
    if choices.faults:
        raise InputError("\n".join(fault.message for fault in choices.faults))
    return choices.settings


def examine(folder: Path, cache: Path = CACHE) -> list[Fault]:
    """Everything that is wrong with a data folder, stops included; never raises for the owner's data."""
    try:
        return list(pass_gate(folder, cache).faults)
    except Stopped as stopped:
        return stopped.all_faults
    except InputError as error:
        return [Fault("stop", "", "folder", 0, line) for line in str(error).splitlines()]

"""The data gate: reads a folder's files once, holds every rule against them, keeps what passed.

What passes is kept as Parquet in a cache, keyed by a fingerprint of the files, the settings and this
code: a second report of the same folder reads no file of the owner's again. Instants are kept as naive
UTC (`started_at`) beside the day in the business time zone (`started_on`).
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import openpyxl
import pyarrow as pa
from ibis.backends.duckdb import Backend

from retention_helpers import contract
from retention_helpers.contract import TABLES, Column, Fault, Stopped, Table
from retention_helpers.engine import EngineError, connect, quoted, rows, text
from retention_helpers.errors import InputError, nearest
from retention_helpers.settings import SETTINGS_FILE, Settings, read_experiments, read_settings
from retention_helpers.sources.folder import (
    Source,
    Unreadable,
    csv_fault,
    csv_header,
    described_by,
    find_sources,
    line_of_row,
)

PACKAGE = Path(__file__).parent
CACHE = PACKAGE.parent / ".cache"
KEPT_FINGERPRINTS = 3  # of one folder; an open notebook may still read the one before

_INSTANT = r"(19|20|21)\d\d-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|[+-]\d\d(:?\d\d)?))?)?"
_MONEY = r"[+-]?\d{1,12}(\.\d{1,6})?"
_MONEY_WITH_COMMA = r"[+-]?\d{1,12}(,\d{1,6})?"
_MONEY_TYPE = "DECIMAL(18, 6)"

_FORMS = {
    "instant": "a date or time such as 2026-03-05 or 2026-03-05T10:30",
    "money": "an amount such as 49 or 49.90",
    "score": "a whole number from 0 to 10",
}


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


def _columns_read(header: Sequence[str], table: Table, source: Source) -> dict[str, str]:
    """Which of the file's columns is which of the contract's (or an attribute)."""
    known = {column.name for column in table.columns}
    names: dict[str, str] = {}
    for original in header:
        clean = original.strip()
        name = clean.lower() if clean.lower() in known else clean
        if not name:
            continue
        if name in names:
            raise Unreadable(f"the column {name} stands twice", "Keep one of the two.")
        names[name] = original
    missing = [name for name in table.required if name not in names]
    if missing:
        hints = " ".join(nearest(name, [n for n in names if n not in known]) for name in missing)
        lacking = ", ".join(missing)
        raise Unreadable(f"the column {lacking} is missing", f"{hints} Add or rename it.".strip())
    return names


def _raw_relation(engine: Backend, source: Source, table: Table) -> tuple[str, dict[str, str], bool]:
    """SQL of the file's rows as they are, its column names, and whether decimals have commas."""
    if source.form == "parquet":
        return *_raw_parquet(engine, source, table), False
    if source.form == "xlsx":
        return *_raw_sheet(engine, source, table), False
    header, delimiter = csv_header(source.path)
    names = _columns_read(header, table, source)
    columns = ", ".join(f"{text(f'c{i}')}: 'VARCHAR'" for i in range(len(header)))
    read = (
        f"read_csv({text(str(source.path))}, auto_detect=false, header=true, delim={text(delimiter)}, "
        f"""quote='"', escape='"', nullstr='', columns={{{columns}}})"""
    )
    picked = ", ".join(
        f"nullif(trim(c{header.index(original)}), '') AS {quoted(name)}" for name, original in names.items()
    )
    return f"(SELECT {picked} FROM {read})", names, delimiter == ";"


def _raw_parquet(engine: Backend, source: Source, table: Table) -> tuple[str, dict[str, str]]:
    if not source.files:
        raise Unreadable("the folder holds no Parquet file", "Export it again.")
    files = ", ".join(text(str(file)) for file in source.files)
    read = f"read_parquet([{files}], union_by_name=true)"
    try:
        types = {name: kind for name, kind, *_ in rows(engine, f"DESCRIBE SELECT * FROM {read}")}
    except EngineError:
        raise Unreadable("the file is not Parquet, or cut off", "Export it again.") from None
    names = _columns_read(list(types), table, source)
    picked = ", ".join(
        f"nullif(trim({quoted(original)}), '') AS {quoted(name)}"
        if types[original] == "VARCHAR"
        else f"{quoted(original)} AS {quoted(name)}"
        for name, original in names.items()
    )
    return f"(SELECT {picked} FROM {read})", names


def _cell(value: object) -> str | None:
    if value is None:
        return None
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None


def _raw_sheet(engine: Backend, source: Source, table: Table) -> tuple[str, dict[str, str]]:
    try:
        book = openpyxl.load_workbook(source.path, read_only=True, data_only=True)
    except Exception:  # openpyxl raises what its parsers raise: KeyError, BadZipFile, ParseError, …
        raise Unreadable("the file is not an Excel workbook", "Save it again as XLSX.") from None
    lines = book.worksheets[0].iter_rows(values_only=True)
    header = [_cell(value) or "" for value in next(lines, ())]
    names = _columns_read(header, table, source)
    records = [[_cell(value) for value in line] for line in lines]
    kept = [record for record in records if any(record)]
    sheet = pa.table(
        {
            name: pa.array([record[header.index(original)] for record in kept], pa.string())
            for name, original in names.items()
        }
    )
    engine.con.register(f"sheet_{table.name}", sheet)
    return f"sheet_{table.name}", names


# --- parsing ---------------------------------------------------------------------------------------


def _parsed(column: Column, kind_read: str, decimal_comma: bool) -> str:
    """SQL that reads one column; NULL where it is empty or cannot be read."""
    name = quoted(column.name)
    is_text = kind_read == "VARCHAR"
    if column.kind == "instant":
        if is_text:
            return f"CASE WHEN regexp_full_match({name}, {text(_INSTANT)}) THEN try_cast({name} AS TIMESTAMPTZ) END"
        return f"try_cast({name} AS TIMESTAMPTZ)"
    if column.kind == "money":
        if not is_text:
            return f"try_cast({name} AS {_MONEY_TYPE})"
        form = _MONEY_WITH_COMMA if decimal_comma else _MONEY
        amount = f"replace({name}, ',', '.')" if decimal_comma else name
        form = f"{form}|{_MONEY}"
        return (
            f"CASE WHEN regexp_full_match({name}, {text(form)}) THEN try_cast({amount} AS {_MONEY_TYPE}) END"
        )
    as_text = f"CAST({name} AS VARCHAR)"
    if column.kind == "score":
        whole = f"regexp_full_match({as_text}, '(10|[0-9])([.]0+)?')"
        return f"CASE WHEN {whole} THEN CAST(CAST({as_text} AS DOUBLE) AS INTEGER) END"
    if column.kind == "choice":
        choices = ", ".join(text(choice) for choice in column.choices)
        return f"CASE WHEN lower({as_text}) IN ({choices}) THEN lower({as_text}) END"
    return as_text


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
                kept.append(f"timezone('UTC', CAST({name} AS TIMESTAMPTZ)) AS {name}")
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
    if table.has_attributes:
        known = {column.name for column in table.columns}
        attributes = [quoted(name) for name in names if name not in known]
        read += [f"CAST({name} AS VARCHAR) AS {name}" for name in attributes]
        kept += attributes
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
                  f"{column.name} is {form}", "Correct it.", shows=f"unread_{column.name}")
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
        except EngineError:
            self._stop_broken(source)

    def _stop_broken(self, source: Source) -> None:
        if source.form == "csv":
            broken = csv_fault(source.path, *csv_header(source.path))
        else:
            broken = Unreadable("the file cannot be read to its end", "Export it again.")
        self._stop(source, "unreadable file", broken.what, broken.way_out)

    def _keep(self, source: Source, table: Table, raw: str, names: list[str], decimal_comma: bool) -> None:
        described = rows(self.engine, f"DESCRIBE SELECT * FROM {raw}")
        kinds = {name: kind for name, kind, *_ in described}
        select = _select_parsed(table, raw, names, kinds, decimal_comma)
        path = text(str(self.parquet(table.name)))
        self.engine.con.execute(f"COPY ({select}) TO {path} (FORMAT parquet, COMPRESSION zstd)")
        read = f"read_parquet({path})"
        total = self._count(f"SELECT count(*) FROM {read}")
        numbered = f"(SELECT *, row_number() OVER () AS source_row FROM ({select}))"
        self._note_unknown_columns(source, table, names)
        if total == 0 and table.name in contract.REQUIRED_TABLES:
            self._stop(source, "no rows", "the file holds no rows", "Export it again.")
        for rule in _rules(table):
            self._hold(source, rule, read, numbered if table.is_large else read, total)
        kept = total if table.is_large else self._set_repeated_rows_aside(source, read, total)
        self.sources.append(SourceRead(table.name, source.name, total, kept))

    def _hold(self, source: Source, rule: _Rule, read: str, numbered: str, total: int) -> None:
        count = self._count(f"SELECT count(*) FROM {read} WHERE {rule.condition}")
        if not count:
            return
        who = "NULL" if source.table == "notes" else "customer_id"
        shown = rule.shows or "NULL"
        first = rows(
            self.engine,
            f"SELECT source_row, {who}, {shown} FROM {numbered} WHERE {rule.condition} "
            "ORDER BY source_row LIMIT 1",
        )[0]
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
        once = (
            f"SELECT * EXCLUDE (copy) FROM (SELECT *, row_number() OVER (PARTITION BY "
            f"{self._all_columns(read)} ORDER BY source_row) AS copy FROM {read})"
        )
        again = rows(
            self.engine,
            f"SELECT source_row, {'NULL' if source.table == 'notes' else 'customer_id'} FROM "
            f"({once.replace('* EXCLUDE (copy)', '*')}) WHERE copy > 1 ORDER BY source_row",
        )
        if again:
            said = contract.message(
                source.name,
                "a row repeats an earlier one in every column",
                "The repeated rows were left out.",
                rows=len(again),
                of=total,
                first=_case(source, *again[0], None),
            )
            self.faults.append(Fault("warning", source.table, "repeated row", len(again), said))
        path = self.parquet(source.table)
        kept = path.with_suffix(".kept")
        self.engine.con.execute(
            f"COPY ({once} WHERE copy = 1 ORDER BY source_row) TO {text(str(kept))} (FORMAT parquet)"
        )
        kept.replace(path)
        return total - len(again)

    def _all_columns(self, read: str) -> str:
        described = rows(self.engine, f"DESCRIBE SELECT * EXCLUDE (source_row) FROM {read}")
        return ", ".join(quoted(name) for name, *_ in described)

    def _note_unknown_columns(self, source: Source, table: Table, names: list[str]) -> None:
        known = [column.name for column in table.columns]
        unknown = [name for name in names if name not in known]
        if unknown and not table.has_attributes:
            said = contract.message(
                source.name,
                f"{', '.join(unknown)} is no column of the contract and was not read",
                nearest(unknown[0], known),
            )
            self.faults.append(Fault("note", table.name, "unknown column", 0, said))

    def hold_across(self, sources: dict[str, Source]) -> None:
        """The rules that need more than one row or table."""
        self._hold_one_row_a_customer(sources["customers"])
        for name, source in sources.items():
            if "customer_id" in TABLES[name].required and name != "customers":
                self._hold_known_customers(source)

    def _hold_one_row_a_customer(self, source: Source) -> None:
        again = rows(
            self.engine,
            f"SELECT max(source_row), customer_id FROM {self._read('customers')} "
            "WHERE customer_id IS NOT NULL GROUP BY customer_id HAVING count(*) > 1 ORDER BY 1",
        )
        if again:
            said = contract.message(
                source.name,
                f"{len(again)} customers have more than one row, with different values",
                "Keep one row a customer.",
                first=_case(source, *again[0], None),
            )
            self.faults.append(Fault("stop", "customers", "customer twice", len(again), said))

    def _hold_known_customers(self, source: Source) -> None:
        stranger = (
            f"FROM {self._read(source.table)} AS t ANTI JOIN {self._read('customers')} AS c "
            "ON t.customer_id = c.customer_id WHERE t.customer_id IS NOT NULL"
        )
        count, first = rows(self.engine, f"SELECT count(*), min(customer_id) {stranger}")[0]
        if not count:
            return
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
            first=f"customer {first}",
        )
        level = "warning" if is_span else "note"
        self.faults.append(Fault(level, source.table, "unknown customer", count, said))

    def _read(self, table: str) -> str:
        return f"read_parquet({text(str(self.parquet(table)))})"

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
        foreign = [code for code in codes if code != currency]
        lacking = [code for code in foreign if code not in settings.exchange_rates]
        for code in lacking:
            self._stop(
                source,
                "currency without a rate",
                f"there is no exchange rate from {code} to {currency}",
                f"Add `exchange_rates: {{{code}: …}}` to {SETTINGS_FILE}.",
            )
        cases = " ".join(
            f"WHEN {text(code)} THEN {settings.exchange_rates[code]}"
            for code in foreign
            if code not in lacking
        )
        if cases:
            self._rewrite(
                "subscriptions",
                f"SELECT * REPLACE (CAST(round(mrr * CASE upper(currency) {cases} ELSE 1 END, 6) "
                f"AS {_MONEY_TYPE}) AS mrr) FROM {read} ORDER BY source_row",
            )
        return currency

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


def _case(source: Source, row: int, customer: object, value: object) -> str:
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
        state = path.stat()
        digest.update(f"{path.relative_to(folder)}|{state.st_size}|".encode())
        digest.update(f"{state.st_mtime_ns}|{state.st_ctime_ns}|{state.st_ino}\n".encode())
    for module in sorted(PACKAGE.rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()


def _home(folder: Path, cache: Path) -> Path:
    name = hashlib.blake2b(str(folder.resolve()).encode(), digest_size=6).hexdigest()
    return cache / name


def _load(kept: Path) -> Passed:
    record = json.loads((kept / "passed.json").read_text(encoding="utf-8"))
    return Passed(
        folder=kept,
        currency=record["currency"],
        first_on=record["first_on"],
        latest_on=record["latest_on"],
        sources=tuple(SourceRead(**source) for source in record["sources"]),
        faults=tuple(Fault(**fault) for fault in record["faults"]),
    )


def _save(passed: Passed) -> None:
    record = asdict(passed)
    record.pop("folder")
    target = passed.folder / "passed.json"
    target.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")


def _forget_old(home: Path) -> None:
    kept = sorted(
        (path for path in home.iterdir() if path.is_dir() and not path.name.startswith(".")),
        key=lambda path: path.stat().st_mtime,
    )
    for path in kept[:-KEPT_FINGERPRINTS]:
        shutil.rmtree(path, ignore_errors=True)


def _read_folder(folder: Path, settings: Settings, target: Path) -> Passed:
    sources, faults = find_sources(folder)
    engine = connect(target / "spill", settings.time_zone)
    try:
        reading = _Reading(engine, target, faults)
        for source in sources.values():
            reading.read(source)
        if not any(fault.level == "stop" for fault in faults):
            reading.hold_across(sources)
        currency, first, latest = "", "", ""
        if not any(fault.level == "stop" for fault in faults):
            currency = reading.convert_money(sources["subscriptions"], settings)
            first, latest = reading.first_on(), reading.latest_on()
    finally:
        engine.disconnect()
    return Passed(target, currency, first, latest, tuple(reading.sources), tuple(faults))


def pass_gate(folder: Path, cache: Path = CACHE) -> Passed:
    """Read a data folder, or find what an earlier reading of the same files kept.

    Raises Stopped with every fault that would make the report wrong, InputError for wrong settings.
    """
    home = _home(folder, cache)
    settings = examined_settings(folder)
    kept = home / fingerprint(folder)
    if (kept / "passed.json").exists():
        return _load(kept)
    home.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=home))
    try:
        passed = _read_folder(folder, settings, building)
        if any(fault.level == "stop" for fault in passed.faults):
            raise Stopped(passed.faults)
        _save(passed)
        shutil.rmtree(building / "spill", ignore_errors=True)
        try:
            building.rename(kept)
        except OSError:  # another process kept the same reading first
            if not (kept / "passed.json").exists():
                raise
        _forget_old(home)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return _load(kept)


def examined_settings(folder: Path) -> Settings:
    """The settings of a folder, with `experiments.yml` checked beside them."""
    if not folder.is_dir():
        find_sources(folder)  # says what is wrong with it
    faults, settings = [], Settings()
    for read in (read_settings, read_experiments):
        try:
            read_value = read(folder)
        except InputError as error:
            faults.append(str(error))
        else:
            settings = read_value if isinstance(read_value, Settings) else settings
    if faults:
        raise InputError("\n".join(faults))
    return settings


def examine(folder: Path, cache: Path = CACHE) -> list[Fault]:
    """Everything that is wrong with a data folder, stops included; never raises for the owner's data."""
    try:
        return list(pass_gate(folder, cache).faults)
    except Stopped as stopped:
        return stopped.all_faults
    except InputError as error:
        return [Fault("stop", "", "settings", 0, line) for line in str(error).splitlines()]

"""The data gate: reads a folder's files once, holds every rule against them, keeps what passed.

Every fault of every file is said at once. A fault that would make the numbers wrong is a stop; nothing is
kept then.
"""

import shutil
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ibis.backends.duckdb import Backend

from retention_helpers import contract, kept
from retention_helpers.contract import TABLES, Column, Fault, Stopped, Table, day_name
from retention_helpers.engine import EngineError, OutOfMemory, connect, path_text, quoted, rows, text
from retention_helpers.errors import InputError, nearest
from retention_helpers.formats import plural
from retention_helpers.kept import CACHE, Passed, SourceRead
from retention_helpers.parsing import MONEY_TYPE, raw_relation, select_parsed, unread
from retention_helpers.settings import (
    NOT_USED_YET,
    SETTINGS_FILE,
    Settings,
    named_settings,
    read_experiments,
    read_settings,
)
from retention_helpers.sources.folder import (
    Source,
    Unreadable,
    csv_fault,
    csv_header,
    find_sources,
    line_of_row,
    shortened,
)

_FORMS = {
    "instant": "a date or time such as 2026-03-05 or 2026-03-05T10:30",
    "money": "an amount such as 49 or 49.90",
    "score": "a whole number from 0 to 10",
}
_WAYS_OUT = {"money": "Write digits with at most six decimals, and nothing between the thousands."}


@dataclass(frozen=True)
class _Rule:
    """A condition that no row should meet."""

    name: str
    condition: str
    what: str
    way_out: str
    shows: str = ""  # a column whose first faulty value helps


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
            _Rule(f"{column.name} unreadable", f"{unread(column.name)} IS NOT NULL",
                  f"{column.name} is {form}", _WAYS_OUT.get(column.kind, "Correct it."),
              shows=f"unread_{column.name}")
        )  # fmt: skip
    return found + (_SPAN_RULES if table.name == "subscriptions" else [])


def _value(column: Column) -> str:
    return quoted(day_name(column.name) if column.kind == "instant" else column.name)


def _and_read(column: Column) -> str:
    return "" if column.kind == "text" else f" AND {unread(column.name)} IS NULL"


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
            raw, names, decimal_comma = raw_relation(self.engine, source, table)
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
        select = select_parsed(table, raw, names, kinds, decimal_comma)
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
        self._hold_ids_that_name_nobody(sources["customers"])
        for name, source in sources.items():
            if name in read and "customer_id" in TABLES[name].required and name != "customers":
                self._hold_known_customers(source)

    def _hold_ids_that_name_nobody(self, source: Source) -> None:
        """An e-mail address as customer_id would stand on the pages."""
        read = self._read("customers")
        addresses = f"{read} WHERE customer_id LIKE '%_@_%._%'"
        count = self._count(f"SELECT count(*) FROM {addresses}")
        if count:
            said = contract.message(
                source.name,
                "customer_id is an e-mail address",
                "The pages show customer_id: use an id that names nobody, or keep the report to yourself.",
                rows=count,
                of=self._count(f"SELECT count(*) FROM {read}"),
                first=line_of_row(source, self._first(source, addresses)[0]),
            )
            self.faults.append(Fault("warning", "customers", "e-mail as id", count, said))

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
                f"SELECT * REPLACE (CAST({amount} AS {MONEY_TYPE}) AS mrr) FROM {read} ORDER BY source_row",
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
        """The day of the latest row, or of the latest end of service within a month after it.

        An end that lies further ahead is a plan: it does not say that the data reach so far.
        """
        days = [(read.table, day_name(TABLES[read.table].clock)) for read in self.sources]
        clocks = [f"SELECT max({quoted(day)}) AS day FROM {self._read(table)}" for table, day in days]
        latest = f"(SELECT max(day) FROM ({' UNION ALL '.join(clocks)}))"
        ends = f"SELECT max(ended_on) FROM {self._read('subscriptions')} WHERE ended_on <= {latest} + 31"
        return str(rows(self.engine, f"SELECT greatest({latest}, ({ends}))")[0][0])


def _case(source: Source, row: int, customer: object, value: object = None) -> str:
    parts = [
        f"customer {customer}" if customer is not None else "",
        line_of_row(source, row),
        f"value {str(value)[:40]!r}" if value is not None else "",
    ]
    return ", ".join(part for part in parts if part)


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


def _settings_without_use(folder: Path) -> list[Fault]:
    """A setting that is accepted and changes nothing is said, rather than taken in silence."""
    named = [key for key in NOT_USED_YET if key in named_settings(folder)]
    return [
        Fault("note", "", "setting without use", 0, f"{SETTINGS_FILE}: no page uses {key} yet.")
        for key in named
    ]


def _read_folder(folder: Path, choices: _Choices, target: Path) -> Passed:
    sources, faults = find_sources(folder)
    faults += choices.faults
    if not choices.faults:
        faults += _settings_without_use(folder)
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
    place = kept.home_of(folder, cache) / kept.fingerprint(folder)
    passed = kept.load(place)
    if passed is not None:
        return passed
    try:
        return _read_and_keep(folder, place)
    except OSError as error:
        reason = (error.strerror or "it cannot be written").lower()
        way_out = "Free some space there, or allow writing."
        raise InputError(f"What was read cannot be kept in {cache.name} ({reason}). {way_out}") from None


def _read_and_keep(folder: Path, place: Path) -> Passed:
    home = place.parent
    home.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=home))
    try:
        passed = _read_folder(folder, _choices(folder), building)
        if any(fault.level == "stop" for fault in passed.faults):
            raise Stopped(passed.faults)
        kept.save(passed)
        shutil.rmtree(building / "spill", ignore_errors=True)
        try:
            building.rename(place)
        except OSError:
            if kept.load(place) is None:  # else another process kept the same reading first
                kept.forget(place)
                building.rename(place)
        kept.forget_old(home)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    found = kept.load(place)
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

"""What a file looks like, from its first lines: a table of ours, an export that is known, or neither."""

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq

from retention_helpers.contract.attributes import plain
from retention_helpers.contract.tables import STATUSES, TABLES
from retention_helpers.sources import IMPORTERS, importer
from retention_helpers.sources.documents import is_json, objects
from retention_helpers.sources.folder import Unreadable, check_form, csv_header, form_of
from retention_helpers.sources.texts import opened_text
from retention_helpers.words import written

LINES = 5000  # that are looked at
_HEADER_WITHIN = 30
_ENDINGS = (".csv", ".csv.gz", ".tsv", ".txt", ".xlsx", ".parquet", ".json", ".jsonl", ".ndjson")

# How other tools name what we need, in the spelling of `plain`.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "customer_id": (
        "customer", "customerid", "customer_no", "customer_number", "account", "account_id", "accountid",
        "account_no", "user", "user_id", "userid", "client", "client_id", "member_id", "company_id",
        "subscriber", "subscriber_id", "kunde", "kunden_id", "kundennummer", "kunden_nr",
    ),
    "signed_up_at": (
        "signed_up", "sign_up", "signup", "sign_up_date", "signup_date", "signup_at", "created", "created_at",
        "created_on", "create_date", "created_utc", "registered", "registered_at", "registration_date",
        "joined", "joined_at", "join_date", "customer_since", "angemeldet_am", "kunde_seit",
    ),
    "started_at": (
        "start", "started", "started_on", "start_date", "start_at", "subscription_start", "begin", "begins",
        "begin_date", "from", "valid_from", "activated_at", "beginn", "startdatum",
    ),
    "ended_at": (
        "end", "ended", "ended_on", "end_date", "end_at", "subscription_end", "until", "to", "valid_to",
        "valid_until", "expired_at", "churned_at", "churn_date", "terminated_at", "ende", "enddatum",
        "canceled_at", "cancelled_at", "canceled_on", "cancelled_on", "cancel_date", "cancellation_date",
    ),
    "mrr": (
        "amount", "price", "monthly_amount", "monthly_price", "monthly_fee", "fee", "monthly_revenue",
        "monthly_charges", "preis", "betrag",
    ),
    "plan": ("plan_name", "product", "product_name", "tier", "package", "tarif"),
    "status": ("state", "subscription_status"),
    "currency": ("currency_code", "waehrung"),
    "interval": ("billing_interval", "billing_period", "billing_cycle", "period"),
    "subscription_id": ("subscription", "subscriptionid", "contract_id"),
    "occurred_at": ("timestamp", "time", "event_time", "happened_at", "date", "datetime"),
    "event": ("event_name", "event_type", "action", "activity"),
}  # fmt: skip
_LIKELY = ("customers", "subscriptions", "events")  # tables that other tools' files often are
_STATUS_WORDS = {
    **dict.fromkeys(("live", "current", "paying", "aktiv", "ok"), "active"),
    **dict.fromkeys(("past due", "overdue", "late", "unpaid"), "past_due"),
    **dict.fromkeys(("on hold", "frozen", "suspended", "pausiert"), "paused"),
    **dict.fromkeys(("trial", "in trial", "free trial"), "trialing"),
}
_OVER_WORDS = ("canceled", "cancelled", "ended", "expired", "churned", "inactive", "terminated")


@dataclass(frozen=True)
class Look:
    """What a file looks like.

    Attributes:
        path: the file.
        key: under which key of `sources:` it belongs: a table, an importer, or "" for neither.
        what: the same in the owner's words, or why it is not known.
        columns: the file's names for ours, where they differ.
        values: the file's words for ours, by column.
        dates: days in numbers that it holds, such as 05/03/2026.
    """

    path: Path
    key: str
    what: str
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dates: Sequence[str] = ()


def look_at(path: Path) -> Look:
    """What a file looks like, from its first lines. Never raises for what stands in it."""
    try:
        sheets = list(_sheets(path))
    except Unreadable as broken:
        return Look(path, "", f"{broken.what}. {broken.way_out}")
    except Exception:  # a reader of a foreign form raises what it likes
        return Look(path, "", "it cannot be read")
    return _look(path, sheets)


def is_looked_at(path: Path) -> bool:
    """Whether a file may hold data, by its name."""
    return path.is_file() and path.name.lower().endswith(_ENDINGS) and not path.name.startswith((".", "~$"))


def _look(path: Path, sheets: Sequence[list[list[str]]]) -> Look:
    dates = list(dict.fromkeys(date for lines in sheets for date in _dates(lines)))
    headers = [line for lines in sheets for line in lines[:_HEADER_WITHIN]]
    first = sheets[0][0] if sheets and sheets[0] else []
    table = _table_of(path, first) if len(sheets) == 1 and form_of(path) else ""
    if table:
        return Look(path, table, table, dates=dates)
    for name in IMPORTERS:
        known = [what for what in map(importer(name).recognises, headers) if what]
        if known:
            return Look(path, name, " and ".join(dict.fromkeys(known)), dates=dates)
    if len(sheets) == 1 and form_of(path):
        likely = _likely(path, sheets[0], dates)
        if likely:
            return likely
    if not any(first):
        return Look(path, "", "it is empty")
    return Look(path, "", f"not recognised; it holds {', '.join(first[:6])}{' …' if len(first) > 6 else ''}")


def _table_of(path: Path, header: Sequence[str]) -> str:
    """The table whose required columns a file has under our own names; its name decides between several."""
    names = {"_".join(name.lower().split()) for name in header}
    fitting = [table.name for table in TABLES.values() if set(table.required) <= names]
    stem = path.name.lower().split(".")[0]
    return max(fitting, key=lambda name: (name == stem, len(TABLES[name].required)), default="")


def _likely(path: Path, lines: Sequence[Sequence[str]], dates: Sequence[str]) -> Look | None:
    """The table that a file is under other names; None where a required column has no likely name."""
    header = lines[0] if lines else []
    best: tuple[int, str, dict[str, str]] = (0, "", {})
    for name in _LIKELY:
        found = _under_other_names(header, name)
        if set(TABLES[name].required) <= set(found) and len(found) > best[0]:
            best = (len(found), name, found)
    _, table, found = best
    if not table:
        return None
    columns = {ours: theirs for ours, theirs in found.items() if plain(theirs) != ours}
    said = ", ".join(f"{ours} is “{theirs}”" for ours, theirs in columns.items())
    values = {"status": words} if (words := _status_words(lines, found)) else {}
    return Look(path, table, f"{table}, where {said}", columns, values, dates)


def _under_other_names(header: Sequence[str], table: str) -> dict[str, str]:
    """The file's names for a table's columns: our own name first, else the first alias that is there."""
    there = {plain(name): name for name in reversed(header)}
    found: dict[str, str] = {}
    for column in TABLES[table].columns:
        for name in (column.name, *_ALIASES.get(column.name, ())):
            if name in there and there[name] not in found.values():
                found[column.name] = there[name]
                break
    if table == "customers" and {"started_at", "mrr"} <= set(_under_other_names(header, "subscriptions")):
        return {}
    return found


def _status_words(lines: Sequence[Sequence[str]], found: Mapping[str, str]) -> dict[str, str]:
    """Our words for a file's own statuses. One that is over keeps "active", where it has an end."""
    if "status" not in found or "ended_at" not in found:
        return {}
    header = list(lines[0])
    status, end = header.index(found["status"]), header.index(found["ended_at"])
    rows = [line for line in lines[1:] if len(line) > max(status, end)]
    words = {}
    for word in dict.fromkeys(line[status].strip() for line in rows if line[status].strip()):
        low = word.lower()
        if low in _STATUS_WORDS and low not in STATUSES:
            words[word] = _STATUS_WORDS[low]
        elif low in _OVER_WORDS and all(line[end].strip() for line in rows if line[status].strip() == word):
            words[word] = "active"
    return words


def _dates(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """The days in numbers of the columns that hold mostly such days."""
    for column in itertools.zip_longest(*lines[1:]):
        filled = [cell for cell in column if cell]
        days = [cell for cell in filled if written.is_ambiguous(cell)]
        if filled and 2 * len(days) >= len(filled):
            yield from days


def _sheets(path: Path) -> Iterator[list[list[str]]]:
    """The first lines of every sheet of a file, as text. Raises what its reader raises."""
    name = path.name.lower()
    if name.endswith(".xlsx"):
        with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            for sheet in book.worksheets:
                rows = itertools.islice(sheet.iter_rows(values_only=True), LINES)
                yield [
                    [_shown(cell) for cell in row] for row in rows if any(cell is not None for cell in row)
                ]
    elif name.endswith(".parquet"):
        yield [list(pq.read_schema(path).names)]
    elif is_json(path):
        yield [list(next((placed.found for placed in objects(path)), {}))]
    else:
        yield _csv_lines(path)


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _csv_lines(path: Path) -> list[list[str]]:
    check_form(path)
    _, delimiter = csv_header(path)
    with opened_text(path) as file:
        some = io.StringIO("".join(itertools.islice(file, LINES)), newline="")
        return [list(map(_shown, line)) for line in csv.reader(some, delimiter=delimiter) if any(line)]

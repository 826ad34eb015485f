"""What a file looks like, from its first lines: a table of ours, an export that is known, or neither."""

import csv
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq

from retention_helpers.contract.tables import STATUSES, TABLES
from retention_helpers.sources import IMPORTERS, importer
from retention_helpers.sources.documents import is_json, objects
from retention_helpers.sources.folder import Unreadable, check_form, csv_header, form_of
from retention_helpers.sources.texts import opened_text
from retention_helpers.words import spellings, written

LINES = 5000  # that are looked at
_HEADER_WITHIN = 30
_ENDINGS = (".csv", ".csv.gz", ".tsv", ".txt", ".xlsx", ".parquet", ".json", ".jsonl", ".ndjson")

# How other tools name what we need, in the spelling of `_plain`.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "customer_id": (
        "customer", "customerid", "customer_no", "customer_number", "account", "account_id", "accountid",
        "account_no", "account_code", "user", "user_id", "userid", "client", "client_id", "member_id",
        "member", "company_id", "subscriber", "subscriber_id", "kunde", "kunden_id", "kundennummer",
        "kunden_nr", "kundennr", "client_no", "numéro_client", "id_client", "cliente", "id_cliente",
        "客户编号", "客户", "客户id",
    ),
    "signed_up_at": (
        "signed_up", "sign_up", "signup", "sign_up_date", "signup_date", "signup_at", "created",
        "created_at", "created_on", "create_date", "created_utc", "created_date", "registered",
        "registered_at", "registration_date", "joined", "joined_at", "join_date", "customer_since",
        "angemeldet_am", "kunde_seit", "erstellt_am", "inscrit_le", "date_d_inscription",
        "client_depuis", "fecha_de_alta", "注册日期", "注册时间",
    ),
    "started_at": (
        "start", "started", "started_on", "start_date", "start_at", "starts_at", "subscription_start",
        "begin", "begins", "begin_date", "from", "valid_from", "activated_at", "beginn", "startdatum",
        "start_am", "von", "vertragsbeginn", "début", "date_de_début", "inicio", "fecha_de_inicio",
        "开始日期", "开始时间",
    ),
    "ended_at": (
        "end", "ended", "ended_on", "end_date", "end_at", "ends_at", "subscription_end", "until", "to",
        "valid_to", "valid_until", "expired_at", "expires_at", "expires_on", "expiration_date",
        "churned_at", "churn_date", "terminated_at", "ende", "enddatum", "bis", "vertragsende",
        "gekündigt_zum", "fin", "date_de_fin", "fecha_de_fin", "结束日期", "结束时间", "到期日期",
        "canceled_at", "cancelled_at", "canceled_on", "cancelled_on", "cancel_date", "cancellation_date",
    ),
    "mrr": (
        "monthly_recurring_revenue", "monthly_amount", "monthly_price", "monthly_fee", "monthly_revenue",
        "monthly_charges", "preis_monat", "preis_pro_monat", "monatspreis", "monatlicher_preis",
        "prix_mois", "prix_mensuel", "precio_mensual", "月费", "每月价格", "月价格", "amount", "price",
        "fee", "unit_amount", "plan_price", "subscription_price", "price_cents", "amount_cents",
        "price_in_cents", "amount_in_cents", "preis", "betrag", "prix", "montant", "precio", "importe",
        "价格", "金额",
    ),
    "plan": (
        "plan_name", "current_plan", "plan_code", "product", "product_name", "tier", "package", "tarif",
        "paket", "formule", "套餐",
    ),
    "status": ("state", "subscription_status", "zustand", "statut", "état", "estado", "状态"),
    "currency": ("currency_code", "waehrung", "währung", "devise", "moneda", "货币", "币种"),
    "interval": (
        "billing_interval", "billing_period", "billing_cycle", "subscription_billing_period", "period",
        "plan_interval", "intervall", "zahlweise", "abrechnung", "périodicité", "periodo", "周期",
        "计费周期",
    ),
    "subscription_id": ("subscription", "subscriptionid", "contract_id", "vertragsnummer"),
    "occurred_at": ("timestamp", "time", "event_time", "happened_at", "date", "datetime"),
    "event": ("event_name", "event_type", "action", "activity"),
}  # fmt: skip
# An end that is the day of the request where another column says until when service lasts.
_REQUESTS = ("canceled_at", "cancelled_at", "canceled_on", "cancelled_on", "cancel_date", "cancellation_date")
# Amounts that may be the price of whatever interval stands beside them.
_PRICES = (
    "amount", "price", "fee", "unit_amount", "plan_price", "subscription_price", "price_cents",
    "amount_cents", "price_in_cents", "amount_in_cents", "preis", "betrag", "prix", "montant", "precio",
    "importe", "价格", "金额",
)  # fmt: skip
_IN_CENTS = ("cents", "minor_units")
_LIKELY = ("customers", "subscriptions", "events")  # tables that other tools' files often are


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
        options: further lines of its entry, such as {price_per: interval}.
        also: another table that the same file brings.
    """

    path: Path
    key: str
    what: str
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dates: Sequence[str] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    also: "Look | None" = None


def _plain(name: str) -> str:
    """A column's name in one spelling, in the letters of any language.

    >>> _plain("Preis / Monat"), _plain("Gekündigt zum"), _plain("customerId"), _plain("开始日期")
    ('preis_monat', 'gekündigt_zum', 'customer_id', '开始日期')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", parted.lower()).strip("_")


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
        found = {"_".join(name.lower().split()): name for name in first}
        also = _people_of(path, first, found) if table == "subscriptions" else None
        return Look(path, table, table, dates=dates, also=also)
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
    if table != "subscriptions":
        return _mapped(path, table, found, lines, dates)
    found = _with_its_end(header, found, lines)
    options = _price_options(header, found, lines)
    return _mapped(path, table, found, lines, dates, options, _people_of(path, header, found))


def _mapped(
    path: Path,
    table: str,
    found: Mapping[str, str],
    lines: Sequence[Sequence[str]],
    dates: Sequence[str],
    options: Mapping[str, str] | None = None,
    also: Look | None = None,
) -> Look:
    columns = {ours: theirs for ours, theirs in found.items() if _plain(theirs) != ours}
    said = ", ".join(f"{ours} is “{theirs}”" for ours, theirs in columns.items())
    how = "".join(f"; {_SAID[key].format(found['mrr'])}" for key in options or {})
    values = {"status": words} if (words := _status_words(lines, found)) else {}
    return Look(path, table, f"{table}, where {said}{how}", columns, values, dates, options or {}, also)


_SAID = {
    "price_per": "“{}” is the price of its interval and is divided",
    "price_in": "“{}” is in cents",
}


def _people_of(path: Path, header: Sequence[str], found: Mapping[str, str]) -> Look:
    """The customers whom a list of subscriptions names; without their sign-up, it is the first start."""
    there = {_plain(name): name for name in reversed(header)}
    signed_up = next((there[name] for name in _ALIASES["signed_up_at"] if name in there), found["started_at"])
    columns = {"customer_id": found["customer_id"], "signed_up_at": signed_up}
    what = f"customers, one for each “{found['customer_id']}”; signed_up_at is “{signed_up}”"
    return Look(path, "customers", what, columns, options={"each": "first"})


def _with_its_end(
    header: Sequence[str], found: Mapping[str, str], lines: Sequence[Sequence[str]]
) -> dict[str, str]:
    """The columns, with the request to cancel for the end only where nothing better says it.

    A day until when is paid, which is there for those too who never asked, is no end.
    """
    there = {_plain(name): name for name in reversed(header)}
    request = next((there[name] for name in _REQUESTS if name in there), "")
    if not request or _plain(found["ended_at"]) in _REQUESTS:
        return dict(found)
    asked, end = header.index(request), header.index(found["ended_at"])
    filled = [line for line in lines[1:] if len(line) > max(asked, end) and line[end].strip()]
    is_end = all(line[asked].strip() for line in filled)
    return {**found, "ended_at": found["ended_at"] if is_end else request}


def _price_options(
    header: Sequence[str], found: Mapping[str, str], lines: Sequence[Sequence[str]]
) -> dict[str, str]:
    """What has to be said of a price: that it is one of its interval, and that it is in cents."""
    name, options = _plain(found["mrr"]), {}
    if name in _PRICES and "interval" in found:
        at = header.index(found["interval"])
        said = {spellings.interval(line[at]) for line in lines[1:] if len(line) > at and line[at].strip()}
        if said - {("month", 1)}:
            options["price_per"] = "interval"
    if any(name.endswith(ending) for ending in _IN_CENTS):
        options["price_in"] = "minor units"
    return options


def _under_other_names(header: Sequence[str], table: str) -> dict[str, str]:
    """The file's names for a table's columns: our own name first, else the first alias that is there."""
    there = {_plain(name): name for name in reversed(header)}
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
        plain = spellings.plain_choice(word)
        meant = spellings.choices(STATUSES).get(plain)
        if meant and meant != word.lower():
            words[word] = meant
        elif plain in spellings.OVER and all(
            line[end].strip() for line in rows if line[status].strip() == word
        ):
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

"""The list of subscriptions that the exporter of WooCommerce Subscriptions writes, which is no ledger.

Its columns are those of the exporter's own code. It knows the present price and no past pauses.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources import headings
from retention_helpers.sources.interface import PLACE, Imported, Order, SetAside, as_text, write_rows
from retention_helpers.sources.ledger.lines import Lines, sheets_of
from retention_helpers.sources.prices import monthly
from retention_helpers.words import written
from retention_helpers.words.formats import plural

NAME = "WooCommerce's subscriptions"
# The columns that only the exporter's list has; the shop's newer list (date_created) is one that `init` maps.
SIGNS = frozenset(
    {
        "subscription_id",
        "subscription_status",
        "start_date",
        "billing_period",
        "billing_interval",
        "order_total",
    }
)
_NEVER = ("pending", "draft", "auto-draft", "trash")
_OVER = ("cancelled", "expired", "switched")
_STATUS = {"active": "active", "on-hold": "past_due", "pending-cancel": "active"}
_PRODUCT = re.compile(r"name:([^|;]*)")
_PRESENT = (
    "WooCommerce's list of subscriptions holds only {}. The orders that renewed them tell more, as a ledger."
)
Row = dict[str, str | None]


def is_it(header: Sequence[str]) -> bool:
    return set(map(headings.plain, header)) >= SIGNS


@dataclass
class _Found:
    """What the files hold so far."""

    order: Order
    spans: list[Row] = field(default_factory=list)
    people: dict[str, Row] = field(default_factory=dict)
    requests: list[Row] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    rows_read: dict[str, int] = field(default_factory=dict)


def read(order: Order) -> Imported:
    """The subscriptions of every file, each a row, and who asked to cancel when; one that never began is set
    aside.
    """
    found = _Found(order)
    faults: list[Fault] = []
    for file in order.files:
        sheets, assumed = sheets_of(file, is_it)
        faults += assumed
        for sheet in sheets:
            endless = list(_sheet(sheet, file, found))
            faults += [_endless(file, endless)] if endless else []
    tables = {
        "customers": write_rows(order, "customers", found.people.values()),
        "subscriptions": write_rows(order, "subscriptions", found.spans),
    }
    if found.requests:
        tables["cancellations"] = write_rows(order, "cancellations", found.requests)
    not_known = {
        "prices": _PRESENT.format("the present price"),
        "pauses": _PRESENT.format("whether it is on hold now"),
    }
    return Imported(tables, found.rows_read, found.aside, faults, not_known)


def _sheet(sheet: Lines, file: Path, found: _Found) -> Iterator[str]:
    """Take the rows of a sheet; the places of those that are over and do not say since when."""
    names = list(map(headings.plain, sheet.header))
    for place, cells in sheet.lines:
        found.rows_read[file.name] = found.rows_read.get(file.name, 0) + 1
        row = {
            name: text
            for name, cell in zip(names, cells, strict=False)
            if (text := as_text(cell)) and text != "0"
        }
        spot, status = found.order.spot(file, place), row.get("subscription_status", "").removeprefix("wc-")
        if status in _NEVER or "start_date" not in row:
            which = {"subscription": row.get("subscription_id", ""), "status": status}
            found.aside.append(spot.set_aside("it never began", which))
            continue
        span = _span(row, status) | {PLACE: str(spot)}
        if status in _OVER and not span["ended_at"]:
            yield str(spot)
        found.spans.append(span)
        _take_person(found.people, row, span)
        if "cancelled_date" in row and span["ended_at"]:
            asked = {"customer_id": span["customer_id"], "canceled_at": _utc(row["cancelled_date"])}
            found.requests.append(asked | {PLACE: str(spot)})


def _take_person(people: dict[str, Row], row: Mapping[str, str], span: Row) -> None:
    """Make the customer of a row known: since the first start, by the last name and address."""
    who, since = span["customer_id"] or "", _utc(row["start_date"])
    person = people.setdefault(who, {"customer_id": who, "signed_up_at": since, PLACE: span[PLACE]})
    person["signed_up_at"] = min(person["signed_up_at"] or "", since)
    name = " ".join(row[part] for part in ("billing_first_name", "billing_last_name") if part in row)
    known = {"email": row.get("billing_email"), "name": name, "country": row.get("billing_country")}
    person |= {column: value for column, value in known.items() if value}


def _span(row: Mapping[str, str], status: str) -> Row:
    ended = row.get("end_date") if status in (*_OVER, "pending-cancel") else None
    return {
        "customer_id": row.get("customer_id") or row.get("billing_email"),
        "started_at": _utc(row.get("trial_end_date") or row["start_date"]),
        "ended_at": _utc(ended) if ended else None,
        "mrr": _monthly(row),
        "plan": " + ".join(_PRODUCT.findall(row.get("order_items", ""))) or None,
        "status": _STATUS.get(status, "active" if status in _OVER else status),
        "currency": row.get("order_currency"),
        "interval": f"{row.get('billing_interval', '1')} {row.get('billing_period', '')}s".strip(),
        "subscription_id": row.get("subscription_id"),
    }


def _utc(said: str) -> str:
    read = written.instant(said)
    return f"{read}Z" if read and len(read) > 10 and "Z" not in read else read or said


def _monthly(row: Mapping[str, str]) -> str | None:
    """The price of a month without tax and shipping; as it stands where it cannot be read."""
    try:
        price = Decimal(row.get("order_total", "0")) - sum(
            Decimal(row.get(name, "0")) for name in ("order_tax", "order_shipping")
        )
        return as_text(
            monthly(price, row.get("billing_period", ""), Decimal(row.get("billing_interval", "1")))
        )
    except (InvalidOperation, KeyError, ZeroDivisionError):
        return f"{row.get('order_total')} for {row.get('billing_interval')} {row.get('billing_period')}"


def _endless(file: Path, places: Sequence[str]) -> Fault:
    said = message(
        file.name,
        f"{plural(len(places), 'subscription')} {'is' if len(places) == 1 else 'are'} over, and end_date is "
        f"empty (first: {places[0]})",
        "Export end_date too.",
    )
    return Fault("stop", "subscriptions", "canceled without an end", len(places), said)

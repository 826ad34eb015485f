"""The list of subscriptions that the exporter of WooCommerce Subscriptions writes, which is no ledger.

Its columns are those of the exporter's own code. It knows the present price and no past pauses.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources import headings
from retention_helpers.sources.interface import PLACE, Imported, Order, SetAside, Spot, as_text, write_rows
from retention_helpers.sources.ledger.charges import after
from retention_helpers.sources.ledger.doubts import Answer, Doubt
from retention_helpers.sources.ledger.lines import Lines, sheets_of
from retention_helpers.sources.ledger.options import BY_HAND, UNPAID, options_of
from retention_helpers.sources.prices import monthly
from retention_helpers.sources.unreadable import Unreadable
from retention_helpers.words import spellings, written
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
_ON_HOLD = "on-hold"
_STATUS = {"active": "active", _ON_HOLD: "past_due", "pending-cancel": "active"}
_LAST_ORDER = "last_order_date_created"
_PRODUCT = re.compile(r"name:([^|;]*)")
_PRESENT = (
    "WooCommerce's list of subscriptions holds only {}. The orders that renewed them tell more, as a ledger."
)
Row = dict[str, str | None]


def is_it(header: Sequence[str]) -> bool:
    return set(map(headings.plain, header)) >= SIGNS


def are_of_it(order: Order) -> bool:
    """Whether every file is the list of subscriptions of that shop."""
    try:
        return all(sheets_of(file, is_it) for file in order.files)
    except Unreadable:
        return False


@dataclass(frozen=True)
class _Held:
    """A subscription on hold: its row as if it were late, when its last order was made, and what that pays
    for.
    """

    span: Row
    spot: Spot
    last: dt.date
    paid_until: dt.date


@dataclass
class _Found:
    """What the files hold so far; `until` is the last day of which they know."""

    order: Order
    until: dt.date = dt.date.min
    held: list[_Held] = field(default_factory=list)
    without_orders: list[str] = field(default_factory=list)  # on hold, and not since when; the places
    spans: list[Row] = field(default_factory=list)
    people: dict[str, Row] = field(default_factory=dict)
    requests: list[Row] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    rows_read: dict[str, int] = field(default_factory=dict)


def read(order: Order) -> Imported:
    """The subscriptions of every file, each a row, and who asked to cancel when; one that never began is set
    aside.
    """
    found, faults = _found_in(order)
    try:
        _settle_held(found, options_of(order.options).on_hold)
    except Doubt as doubt:
        said = message(order.files[0].name, doubt.what, doubt.way_out)
        faults.append(Fault("stop", "subscriptions", "on hold", len(found.held), said))
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


def doubt_of(order: Order) -> Doubt | None:
    """What only the owner knows of those on hold; None where nothing is left open."""
    try:
        _settle_held(_found_in(order)[0], options_of(order.options).on_hold)
    except Doubt as doubt:
        return doubt
    return None


def _found_in(order: Order) -> tuple[_Found, list[Fault]]:
    found, faults = _Found(order), []
    for file in order.files:
        sheets, assumed = sheets_of(file, is_it)
        faults += assumed
        for sheet in sheets:
            endless = list(_sheet(sheet, file, found))
            faults += [_without(file, endless, "over", "end_date")] if endless else []
        if found.without_orders:
            faults.append(_without(file, found.without_orders, "on hold", _LAST_ORDER))
            found.without_orders = []
    return found, faults


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
        _reach(found, row)
        if status == _ON_HOLD:
            _hold(found, row, span, spot)
        else:
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
    trial = row.get("trial_end_date")
    is_only_trial = bool(ended and trial) and _utc(ended or "") <= _utc(trial or "")
    return {
        "customer_id": row.get("customer_id") or row.get("billing_email"),
        "started_at": _utc(row["start_date"] if is_only_trial else trial or row["start_date"]),
        "ended_at": _utc(ended) if ended else None,
        "mrr": _monthly(row),
        "plan": " + ".join(_PRODUCT.findall(row.get("order_items", ""))) or None,
        "status": "trialing"
        if is_only_trial
        else _STATUS.get(status, "active" if status in _OVER else status),
        "currency": row.get("order_currency"),
        "interval": f"{row.get('billing_interval', '1')} {row.get('billing_period', '')}s".strip(),
        "subscription_id": row.get("subscription_id"),
    }


# --- on hold -------------------------------------------------------------------------------------------


def _reach(found: _Found, row: Mapping[str, str]) -> None:
    """Let the list reach to the newest thing that happened in it."""
    today = dt.datetime.now(found.order.settings.zone).date()
    days = [_day(row[name]) for name in ("start_date", _LAST_ORDER, "cancelled_date") if name in row]
    found.until = max([found.until, *(day for day in days if day and day <= today)])


def _day(said: str) -> dt.date | None:
    read = written.instant(said)
    return dt.date.fromisoformat(read[:10]) if read else None


def _hold(found: _Found, row: Mapping[str, str], span: Row, spot: Spot) -> None:
    last, length = _day(row.get(_LAST_ORDER, "")), spellings.interval(span["interval"] or "")
    if last is None or length is None:
        found.without_orders.append(str(spot))
    else:
        paid_from = max(last, _day(span["started_at"] or "") or last)
        found.held.append(_Held(span, spot, last, after(paid_from, length)))


def _settle_held(found: _Found, on_hold: str) -> None:
    """Take those on hold: late for `dunning_days` after their last order, as the owner says after that.

    A payment that failed puts a subscription there, and an owner by hand: the list does not say which, and
    only an order that was paid pays for the time after it. Raises Doubt where nobody says.
    """
    wait = dt.timedelta(days=found.order.settings.dunning_days)
    long = [one for one in found.held if one.last + wait < found.until]
    if long and not on_hold:
        raise _on_hold_for_long(long, found.order.settings.dunning_days)
    for one in found.held:
        if on_hold == BY_HAND and one.paid_until <= found.until:
            day = one.paid_until.isoformat()
            found.spans.append(one.span | {"ended_at": day, "status": "active"})
            found.spans.append(one.span | {"started_at": day, "status": "paused"})
        elif on_hold == UNPAID and one in long:
            _end_unpaid(found, one)
        else:
            found.spans.append(one.span | ({"status": "active"} if on_hold == BY_HAND else {}))


def _end_unpaid(found: _Found, one: _Held) -> None:
    day = one.last.isoformat()
    if day <= (one.span["started_at"] or "")[:10]:
        which = {"subscription": one.span["subscription_id"] or "", "status": _ON_HOLD}
        found.aside.append(one.spot.set_aside("its first order was never paid", which))
        return
    found.spans.append(one.span | {"ended_at": day, "status": "active"})
    asked = {"customer_id": one.span["customer_id"], "canceled_at": day, "kind": "involuntary"}
    found.requests.append(asked | {"reason": "payment_failed", PLACE: one.span[PLACE]})


def _on_hold_for_long(held: Sequence[_Held], dunning_days: int) -> Doubt:
    first = held[0]
    many = plural(len(held), "subscription")
    return Doubt(
        f"{many} {'is' if len(held) == 1 else 'are'} on hold, more than {plural(dunning_days, 'day')} "
        f"(`dunning_days`) after the last order (first: {first.spot}, {first.last}), and the list does not "
        f"say whether that was paid",
        [
            Answer("unpaid", {"on_hold": UNPAID}, "each ended on the day of its last order"),
            Answer("by hand", {"on_hold": BY_HAND}, "each is paused since the time that was paid for"),
        ],
    )


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


def _without(file: Path, places: Sequence[str], state: str, column: str) -> Fault:
    """A stop for subscriptions of a state whose day the list does not hold."""
    are = f"{plural(len(places), 'subscription')} {'is' if len(places) == 1 else 'are'}"
    said = message(
        file.name,
        f"{are} {state}, and {column} is empty (first: {places[0]})",
        f"Export {column} too.",
    )
    return Fault("stop", "subscriptions", "canceled without an end", len(places), said)

"""What the files hold: Paddle's objects by their kind, its transactions report, and the answers of Retain."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.documents import Object, is_json, objects
from retention_helpers.sources.exports import Row, exports_of, plain_name
from retention_helpers.sources.folder import Unreadable, shortened
from retention_helpers.sources.interface import Order, SetAside, Spot

PREFIXES = {
    "sub": "subscriptions", "txn": "transactions", "ctm": "customers", "adj": "adjustments",
    "dsc": "discounts",
}  # fmt: skip
TERMS = "terms"  # of a subscription's discount: the object that says what it takes off

# Columns that every file of a kind has, and those of which it has one. Of Retain's file no public
# description exists, so the names are those that a survey's export usually has.
_SHOWN_BY: Mapping[str, tuple[str, ...]] = {
    "a Paddle subscription": ("customer_id", "scheduled_change", "items"),
    "a Paddle transaction": ("customer_id", "origin", "details"),
    "a Paddle customer": ("email", "locale", "created_at", "updated_at"),
    "a Paddle discount": ("maximum_recurring_intervals", "restrict_to", "usage_limit"),
    "a Paddle adjustment": ("action", "transaction_id", "totals"),
    "Paddle's transactions report": ("customer_id", "subscription_id", "billed_at", "status"),
}
WHO = ("customer_id", "customer_email", "email", "customer")
WHEN = ("canceled_at", "cancelled_at", "cancellation_date", "answered_at", "created_at", "date")
WHY = ("cancellation_reason", "cancel_reason", "reason")


@dataclass
class Found:
    """What was read, each thing with its place. Of an object that is there twice, the latest state counts."""

    order: Order
    objects: dict[str, dict[str, tuple[Spot, Object]]] = field(
        default_factory=lambda: {kind: {} for kind in PREFIXES.values()}
    )
    report: list[tuple[Spot, Row]] = field(default_factory=list)
    answers: list[tuple[Spot, Row]] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    rows_read: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def of(self, kind: str) -> Iterator[tuple[Spot, Object]]:
        yield from self.objects[kind].values()

    def leave_out(self, spot: Spot, reason: str, cells: Row) -> None:
        self.set_aside.append(spot.set_aside(reason, cells))


def kind_of(columns: Sequence[str]) -> str:
    """What a file with these columns is, in the owner's words; "" for none of Paddle's."""
    there = set(map(plain_name, columns))
    known = next((what for what, names in _SHOWN_BY.items() if there.issuperset(names)), "")
    has_own_name = there.intersection(WHY) and "reason" not in there
    return known or ("answers of Paddle Retain" if has_own_name and _are_answers(there) else "")


def _are_answers(there: set[str]) -> bool:
    return all(there.intersection(names) for names in (WHO, WHEN, WHY))


def collected(order: Order) -> Found:
    """The content of every file of the order; a file that cannot be read is a stop."""
    found = Found(order)
    for file in order.files:
        try:
            if is_json(file):
                _read_objects(file, found)
            else:
                _read_sheets(file, found)
        except Unreadable as broken:
            said = message(file.name, broken.what, broken.way_out)
            found.faults.append(Fault("stop", "", "unreadable file", 0, said))
    for _, one in found.of("subscriptions"):
        discount = one.get("discount")
        if isinstance(discount, dict) and str(discount.get("id")) in found.objects["discounts"]:
            _, discount[TERMS] = found.objects["discounts"][str(discount["id"])]
    return found


def _read_objects(file: Path, found: Found) -> None:
    for placed in objects(file):
        one = _entity(placed.found)
        found.rows_read[file.name] = found.rows_read.get(file.name, 0) + 1
        spot, name = found.order.spot(file, placed.place), str(one.get("id") or "")
        known = found.objects.get(PREFIXES.get(name.split("_")[0], ""))
        if known is None:
            found.leave_out(spot, "no object that a report needs", {"id": name})
            continue
        states = [state for state in (known.get(name), (spot, one)) if state]
        states.sort(key=lambda state: str(state[1].get("updated_at") or ""))
        known[name] = states[-1]
        for earlier, _ in states[:-1]:
            found.leave_out(earlier, "an earlier state of the same object", {"id": name})


def _entity(one: Object) -> Object:
    """An object itself; an answer about one thing, and an event, hold it in `data`."""
    inner = one.get("data")
    return inner if isinstance(inner, dict) else one


def _read_sheets(file: Path, found: Found) -> None:
    sheets, assumed = exports_of(file, "payments")
    found.faults += assumed
    for sheet in sheets:
        there = set(sheet.columns)
        is_report = there.issuperset(_SHOWN_BY["Paddle's transactions report"])
        if not (is_report or _are_answers(there)):
            raise Unreadable(
                "it is neither Paddle's transactions report nor answers of Retain; it holds "
                f"{shortened(list(sheet.columns.values()))}",
                f"Answers need the columns {WHO[0]} or {WHO[1]}, {WHEN[0]}, and {WHY[0]}.",
            )
        rows, faults = sheet.rows(found.order, instants=() if is_report else WHEN)
        found.faults += faults
        (found.report if is_report else found.answers).extend(rows)
        found.rows_read[file.name] = found.rows_read.get(file.name, 0) + len(rows)

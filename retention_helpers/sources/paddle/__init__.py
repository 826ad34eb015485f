"""Paddle Billing: objects of its API as JSON or JSON Lines, its transactions report, the answers of Retain.

What it cannot give: why customers leave, unless Retain's answers are there; past prices and pauses, unless
the transactions go back to each subscription's first bill; when somebody asked for a cancellation.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from retention_helpers.contract.tables import REQUIRED_TABLES, Fault, message
from retention_helpers.sources.documents import Object
from retention_helpers.sources.interface import (
    PLACE,
    Imported,
    Importer,
    Order,
    write_rows,
)
from retention_helpers.sources.paddle.answers import cancellations_of
from retention_helpers.sources.paddle.contradictions import contradictions
from retention_helpers.sources.paddle.files import Found, collected, kind_of
from retention_helpers.sources.paddle.history import (
    begin_of,
    has_all_bills,
    spans_of,
)
from retention_helpers.sources.paddle.payments import AMOUNTS, payments_of
from retention_helpers.sources.paddle.prices import Bill, bills_of
from retention_helpers.sources.paddle.remarks import remarks
from retention_helpers.words.errors import InputError, nearest
from retention_helpers.words.formats import count

Row = dict[str, object]
_OURS = ("customer_id", "signed_up_at", "name", "email", "locale", PLACE)
FEW = 0.01  # of the subscriptions may lack their first bills, and the past still counts as known
_PRESENT_ONLY = (
    "A Paddle subscription holds only its present {}, and transactions back to the first bill are missing "
    "for {}. Export the transactions from the beginning on, too."
)


def read(order: Order) -> Imported:
    """Every object of every file as the tables of the contract."""
    found = collected(order)
    found.faults += contradictions(found)
    if any(fault.level == "stop" for fault in found.faults):
        return Imported({}, found.rows_read, found.set_aside, found.faults)
    transactions = _by_subscription(found)
    bills = {name: bills_of(own) for name, own in transactions.items()}
    tables = {
        "customers": list(_customers(found)),
        "subscriptions": list(_subscriptions(found, transactions)),
        "cancellations": list(cancellations_of(found, bills)),
        "payments": list(payments_of(found, _amounts(order))),
    }
    is_biller = any(True for _ in found.of("subscriptions"))
    found.faults += remarks(found, bills, transactions)
    paths = {
        table: write_rows(order, table, rows)
        for table, rows in tables.items()
        if rows or (is_biller and table in REQUIRED_TABLES)
    }
    return Imported(paths, found.rows_read, found.set_aside, found.faults, _not_known(found, bills))


def _amounts(order: Order) -> str:
    amounts = str(order.options.get("amounts") or "")
    if amounts and amounts not in AMOUNTS:
        raise InputError(f"paddle: amounts is {amounts}. {nearest(amounts, AMOUNTS)}")
    return amounts


def _by_subscription(found: Found) -> Mapping[str, list[Object]]:
    grouped: dict[str, list[Object]] = {}
    for _, one in sorted(found.of("transactions"), key=lambda placed: str(placed[1].get("billed_at") or "")):
        grouped.setdefault(str(one.get("subscription_id")), []).append(one)
    return grouped


def _customers(found: Found) -> Iterator[Row]:
    """The customers of the export; without any, those of the subscriptions as of their first one."""
    for spot, one in found.of("customers"):
        own = one.get("custom_data")
        extras = own.items() if isinstance(own, dict) else ()
        yield {
            "customer_id": one["id"],
            "signed_up_at": one.get("created_at"),
            "name": one.get("name"),
            "email": one.get("email"),
            "locale": one.get("locale"),
            **{_named(str(name)): _as_cell(value) for name, value in extras},
            PLACE: spot,
        }
    if not found.objects["customers"]:
        yield from _first_seen(found)


def _named(name: str) -> str:
    """The column of the owner's own data; one that bears a name of ours says whose it is."""
    return f"{name} (custom data)" if name in _OURS else name


def _as_cell(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _first_seen(found: Found) -> Iterator[Row]:
    seen: dict[str, Row] = {}
    for spot, one in sorted(found.of("subscriptions"), key=lambda placed: begin_of(placed[1])):
        who = str(one.get("customer_id"))
        seen.setdefault(who, {"customer_id": who, "signed_up_at": begin_of(one), PLACE: spot})
    if seen:
        said = message(
            "Paddle",
            "there are no customers, so everybody counts as signed up when their first subscription began",
            "Export the customers too: their e-mails join other tools' data.",
        )
        found.faults.append(Fault("note", "customers", "sign-ups assumed", len(seen), said))
    yield from seen.values()


def _subscriptions(found: Found, transactions: Mapping[str, Sequence[Object]]) -> Iterator[Row]:
    for spot, one in found.of("subscriptions"):
        for span in spans_of(one, transactions.get(str(one["id"]), ())):
            yield {**span, PLACE: spot}


def _not_known(found: Found, bills: Mapping[str, Sequence[Bill]]) -> dict[str, str]:
    """The histories that the bills do not reach back to."""
    every = [one for _, one in found.of("subscriptions")]
    lacking = [str(one["id"]) for one in every if not has_all_bills(one, bills.get(str(one["id"]), ()))]
    if len(lacking) <= FEW * len(every):
        return {}
    named = f"{lacking[0]} and {count(len(lacking) - 1)} more" if len(lacking) > 1 else lacking[0]
    return {
        "prices": _PRESENT_ONLY.format("price", named),
        "pauses": _PRESENT_ONLY.format("pause", named),
    }


IMPORTER = Importer(
    name="paddle",
    about="Paddle Billing's objects as JSON, its transactions report, and answers of Paddle Retain",
    recognises=kind_of,
    read=read,
    options=("amounts",),
)

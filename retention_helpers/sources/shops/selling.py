"""A shop's orders as tables: one row an order, and a customer a person, known by the e-mail.

No page may show an e-mail: a buyer whom no other source knows has an id that is made of it. What nobody
bought (unpaid, cancelled, refunded as a whole, a test, nobody's) is set aside with the reason.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq

from retention_helpers.contract.attributes import email_column
from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import Fault, Level, message
from retention_helpers.sources.exports import Row, exports_of
from retention_helpers.sources.folder import Unreadable, shortened
from retention_helpers.sources.interface import PLACE, Imported, Order, SetAside, Spot, write_rows
from retention_helpers.sources.prices import currency_of
from retention_helpers.words import written
from retention_helpers.words.formats import count

NOBODY = "it names neither an e-mail nor a customer: nobody knows who bought"
AGAIN = "its order stands in an earlier file or row already"
NOTHING = "nothing is left of its amount"
PARTS = "further items of an order above"


@dataclass(frozen=True)
class Sale:
    """An order as a shop tells it.

    Attributes:
        order_id: its number.
        at: when it was made.
        amount: what was bought, without shipping and tax and less what was refunded; None: it says none.
        email: of the buyer; "" for none.
        buyer: the shop's own number of the customer; "" for none, as of guests.
        not_bought: why nothing was bought with it; "" where something was.
        unknown_status: its status as it is written, where the shop itself has no such; "" else.
        more: further attributes of the buyer, such as {"country": "DE"}.
        channel: through which it came.
        currency: of the amount.
    """

    order_id: str
    at: str | None
    amount: Decimal | None
    email: str
    buyer: str
    not_bought: str = ""
    unknown_status: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    channel: str = ""
    currency: str = ""


@dataclass(frozen=True)
class Shop:
    """How one shop's export is read: its name, its columns of instants and of amounts, and a row as a sale.

    `told` takes the sign of the decimals, too, and gives None for a row that is a part of an order above.
    """

    name: str
    recognises: Callable[[Sequence[str]], bool]
    instants: Sequence[str]
    amounts: Sequence[str]
    told: Callable[[Row, str], Sale | None]


def read(order: Order, shop: Shop) -> Imported:
    """The orders of every file, and their buyers beside the customers of the sources before."""
    sales: list[tuple[Spot, Row, Sale]] = []
    aside: list[SetAside] = []
    rows_read: dict[str, int] = {}
    faults: list[Fault] = []
    seen: set[str] = set()
    parts, unread = 0, list[tuple[Spot, Unreadable]]()
    for file in order.files:
        try:
            rows = _rows(order, shop, file, faults)
        except Unreadable as broken:
            said = message(file.name, broken.what, broken.way_out)
            faults.append(Fault("stop", "orders", "unreadable file", 0, said))
            continue
        rows_read[file.name] = len(rows)
        sign = written.SIGNS.get(order.settings.decimal_sign) or _sign_of(shop, rows)
        for spot, row in rows:
            try:
                sale = shop.told(row, sign)
            except Unreadable as broken:
                unread.append((spot, broken))
                continue
            if sale is None:
                parts += 1
                continue
            why = AGAIN if sale.order_id in seen else _why_none(sale)
            seen.add(sale.order_id)
            if why:
                aside.append(spot.set_aside(why, row))
            else:
                sales.append((spot, row, sale))
    faults += [*_unread(shop, unread), *_currencies(order, shop, sales), *_statuses(order, shop, sales)]
    faults += _said(shop, sales, aside, parts)
    if any(fault.level == "stop" for fault in faults):
        return Imported({}, rows_read, aside, faults)
    tables = _tables(order, sales)
    paths = {table: write_rows(order, table, rows) for table, rows in tables.items()}
    return Imported(paths, rows_read, aside, faults)


def _rows(order: Order, shop: Shop, file: Path, faults: list[Fault]) -> list[tuple[Spot, Row]]:
    sheets, assumed = exports_of(file, shop.name)
    faults += assumed
    found: list[tuple[Spot, Row]] = []
    for sheet in sheets:
        if not shop.recognises(list(sheet.columns)):
            raise Unreadable(
                f"it is no export of {shop.name}'s orders; it holds {shortened([*sheet.columns.values()])}",
                "Export the orders anew, with all columns.",
            )
        rows, told = sheet.rows(order, instants=[one for one in shop.instants if one in sheet.columns])
        faults += told
        found += rows
    return found


def _sign_of(shop: Shop, rows: Sequence[tuple[Spot, Row]]) -> str:
    """The sign of the decimals that the amounts of a file show together."""
    return written.decimal_sign_of(row.get(name) for _, row in rows for name in shop.amounts)


def _why_none(sale: Sale) -> str:
    if sale.not_bought:
        return sale.not_bought
    if not (sale.email or sale.buyer):
        return NOBODY
    return NOTHING if sale.amount is not None and sale.amount <= 0 else ""


def _unread(shop: Shop, unread: Sequence[tuple[Spot, Unreadable]]) -> list[Fault]:
    """A stop where an amount cannot be read: without it nobody knows what was bought."""
    if not unread:
        return []
    spot, broken = unread[0]
    what = f"{broken.what} ({count(len(unread))} such; first: {spot.file}, {spot.place})"
    said = message(shop.name, what, broken.way_out)
    return [Fault("stop", "orders", "amount unreadable", len(unread), said)]


def _statuses(order: Order, shop: Shop, sales: Sequence[tuple[Spot, Row, Sale]]) -> list[Fault]:
    """A warning where a status is none of the shop's own, as in another language: they count as bought.

    A note where the owner has looked, and accepted it.
    """
    found = Counter(sale.unknown_status for *_, sale in sales if sale.unknown_status)
    if not found:
        return []
    each = ", ".join(f"“{status}” ({count(many)})" for status, many in found.most_common())
    what = f"its own statuses do not know {each}; these orders count as bought"
    way_out = "Take out the orders that nobody bought, or export anew with your own profile in English."
    said = message(shop.name, what, way_out)
    rule = "unknown status of orders"
    level: Level = "note" if rule in order.settings.accepted else "warning"
    return [Fault(level, "orders", rule, found.total(), said)]


def _currencies(order: Order, shop: Shop, sales: Sequence[tuple[Spot, Row, Sale]]) -> list[Fault]:
    """A stop where the amounts are in several currencies, or in another than the report's."""
    codes = sorted({sale.currency.upper() for *_, sale in sales if sale.currency})
    own = order.settings.currency
    if len(codes) > 1:
        what, way_out = f"amounts are in {', '.join(codes)}", "Export the orders in the shop's own currency."
        return [Fault("stop", "orders", "several currencies", 0, message(shop.name, what, way_out))]
    if codes and codes[0] != own:
        what = f"amounts are in {codes[0]}" + (f", and `currency` is {own}" if own else "")
        said = message(shop.name, what, f"Write `currency: {codes[0]}` in retention.yml.")
        return [Fault("stop" if own else "note", "orders", "currency of orders", 0, said)]
    return []


def _said(
    shop: Shop, sales: Sequence[tuple[Spot, Row, Sale]], aside: Sequence[SetAside], parts: int
) -> list[Fault]:
    """What became of the rows, with the reasons."""
    reasons = Counter(row.reason for row in aside)
    each = "; ".join(f"{count(many)}: {why}" for why, many in reasons.most_common())
    items = f"; {count(parts)} rows are {PARTS}" if parts else ""
    what = f"{count(len(sales))} orders count{items}"
    out = f"{count(len(aside))} do not: {each}." if aside else "No order was set aside."
    said = message(shop.name, what, f"{out} Amounts are without shipping and less what was refunded.")
    return [Fault("note", "orders", "orders read", len(aside), said)]


def _tables(
    order: Order, sales: Sequence[tuple[Spot, Row, Sale]]
) -> dict[str, Iterable[Mapping[str, object]]]:
    """The orders, and the customers: those of earlier sources as they are, and who is new among the "
    "buyers."""
    earlier = order.earlier.get("customers")
    customers: list[dict[str, object]] = pq.read_table(earlier).to_pylist() if earlier else []
    column = email_column(customers[0]) if customers else None
    by_email: dict[str, str] = {}
    addresses = column or "email"
    for customer in customers:
        by_email.setdefault(str(customer.get(addresses) or "").strip().lower(), str(customer["customer_id"]))
    by_email.pop("", None)
    new: dict[str, dict[str, object]] = {}
    rows: list[dict[str, object]] = []
    for spot, _, sale in sorted(sales, key=lambda one: one[2].at or ""):
        who = by_email.get(sale.email) or buyer_id(sale)
        rows.append(
            {
                "customer_id": who, "ordered_at": sale.at, "amount": sale.amount, "order_id": sale.order_id,
                "channel": sale.channel, PLACE: spot,
            }
        )  # fmt: skip
        if sale.email not in by_email:
            first = new.setdefault(who, {"customer_id": who, "signed_up_at": sale.at, PLACE: spot})
            known: dict[str, object] = {addresses: sale.email, **sale.more}
            first |= {name: value for name, value in known.items() if value}
    return {"customers": [*customers, *new.values()], "orders": rows}


def buyer_id(sale: Sale) -> str:
    """An id that names nobody: of the e-mail or, without one, the shop's own number.

    >>> buyer_id(Sale("1", None, None, email="ada@example.com", buyer="7"))
    'B-efa1c425fe'
    """
    if not sale.email:
        return f"B-{sale.buyer}"
    return f"B-{hashlib.blake2b(sale.email.encode(), digest_size=5).hexdigest()}"


def decimal(cell: str | None, sign: str, currency: str) -> Decimal:
    """An amount of an export, 0 where it is empty; `currency` is what its row says.

    Raises Unreadable for none, for one in another currency than its row's, and for one such as 1,234 where
    no other amount shows the sign of the decimals.
    """
    if not cell:
        return Decimal(0)
    found = written.money(cell, sign)
    if found is not None and not found.interval:
        if currency_of(found.currency, currency, ()) is None:
            what = f"{cell!r} names another currency than its row, which is in {currency}"
            raise Unreadable(what, "Keep the right one of the two.")
        return found.amount
    if not sign and written.is_ambiguous_amount(cell):
        read = " or ".join(str(written.amount(cell, one)) for one in written.SIGNS.values())
        raise Unreadable(
            f"{cell!r} may be {read}, and no other amount shows which sign its decimals have",
            f"Say `decimal_sign: point` or `decimal_sign: comma` in {SETTINGS_FILE}.",
        )
    raise Unreadable(f"{cell!r} is no amount", "Export the orders again, with amounts such as 49.90.")

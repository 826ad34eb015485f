"""The CSV files of Stripe's dashboard: subscriptions, payments, customers, invoices.

Who exports chooses the columns, their order, and often the tab: names are compared without case and without
"(UTC)", amounts are in major units, and times are UTC without saying so.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.folder import Unreadable
from retention_helpers.sources.interface import as_text
from retention_helpers.sources.prices import currency_of
from retention_helpers.sources.spreadsheet.grids import Cell, Grid, as_paid, grids, money_in
from retention_helpers.sources.stripe.amounts import interval_of, interval_words, months_of
from retention_helpers.sources.stripe.spans import INVOLUNTARY, REQUESTED
from retention_helpers.sources.stripe.subscription import Cancellation, Item, Subscription
from retention_helpers.words import written

_METADATA = re.compile(r"(.+?)\s*\(metadata\)", re.IGNORECASE)
Aliases = Mapping[str, tuple[str, ...]]

SUBSCRIPTIONS: Aliases = {
    "id": ("id", "subscription id"),
    "customer": ("customer id", "customer"),
    "name": ("customer name", "customer description"),
    "email": ("customer email",),
    "status": ("status",),
    "plan": ("plan", "plan name", "price"),
    "product": ("product", "product name"),
    "quantity": ("quantity",),
    "currency": ("currency",),
    "interval": ("interval", "plan interval"),
    "amount": ("amount", "plan amount"),
    "created": ("created", "created date"),
    "started": ("start date", "start"),
    "period_start": ("current period start",),
    "trial_start": ("trial start",),
    "trial_end": ("trial end",),
    "canceled_at": ("canceled at", "cancelled at"),
    "ended_at": ("ended at",),
    "reason": ("cancellation reason",),
    "feedback": ("cancellation feedback",),
    "comment": ("cancellation comment",),
    "coupon": ("coupon",),
}
PAYMENTS: Aliases = {
    "id": ("id", "payment id"),
    "customer": ("customer id",),
    "created": ("created", "created date"),
    "status": ("status",),
    "amount": ("amount",),
    "refunded": ("amount refunded",),
    "refunded_at": ("refunded date", "refunded at"),
    "currency": ("currency",),
}
CUSTOMERS: Aliases = {
    "id": ("id", "customer id"),
    "name": ("name",),
    "email": ("email",),
    "created": ("created", "created date"),
}
INVOICES: Aliases = {
    "id": ("id", "invoice id"),
    "customer": ("customer", "customer id"),
    "created": ("date", "created", "created date"),
    "status": ("status",),
    "due": ("amount due",),
    "paid": ("amount paid",),
    "currency": ("currency",),
}
# What an export cannot do without, and what shows that it is one of this kind.
_KINDS: Mapping[str, tuple[Aliases, tuple[str, ...], tuple[str, ...]]] = {
    "invoice": (INVOICES, ("id", "customer", "created", "status", "due"), ("amount due",)),
    "payment": (
        PAYMENTS,
        ("id", "customer", "created", "status", "amount"),
        ("amount refunded", "captured", "seller message", "invoice id", "card id"),
    ),
    "subscription": (
        SUBSCRIPTIONS,
        ("id", "customer", "status", "amount", "interval", "ended_at"),
        ("current period end", "current period start", "cancel at period end", "canceled at", "ended at"),
    ),
    "customer": (CUSTOMERS, ("id", "created"), ("delinquent", "account balance", "description")),
}
WORDS = {
    "subscription": "Stripe's subscriptions",
    "payment": "Stripe's payments",
    "customer": "Stripe's customers",
    "invoice": "Stripe's invoices",
}
_SHOWN = {"ended_at": "Ended At (UTC)", "customer": "Customer ID", "created": "Created (UTC)"}
PAYMENT_STATES = {
    "paid": "succeeded",
    "succeeded": "succeeded",
    "disputed": "succeeded",
    "failed": "failed",
    "blocked": "failed",
    "refunded": "succeeded",  # what went back is a row of its own
    "partially refunded": "succeeded",
    "partial refund": "succeeded",
    "uncollectible": "failed",
}
_ALL_OF_IT = "refunded"


def plain(cell: Cell) -> str:
    """A column's name without case, signs and the zone.

    >>> plain("Canceled At (UTC)"), plain("customer_id")
    ('canceled at', 'customer id')
    """
    return " ".join(str(cell or "").lower().replace("_", " ").removesuffix("(utc)").split())


def kind_of(columns: Sequence[Cell]) -> str:
    """What a CSV file with these columns is; "" for none of Stripe's."""
    names = set(map(plain, columns))
    if "id" not in names:
        return ""
    for kind, (_, _, signs) in _KINDS.items():
        if names & set(signs) and names & {"status", "created", "email", "customer"}:
            return kind
    return ""


class Wrong(Exception):
    """A cell that cannot be read, of which column; `is_open` says that it may be read in two ways.

    `against` is the row's own currency, where an amount names another.
    """

    def __init__(self, column: str, value: object, *, is_open: bool = False, against: str = "") -> None:
        super().__init__(column)
        self.shown_column, self.shown_value = column.replace("_", " "), str(value)[:40]
        self.is_open, self.against = is_open, against


@dataclass(frozen=True)
class Row:
    """A row of an export: its cells by our names, what the owner keeps beside it, and its place."""

    cells: Mapping[str, Cell]
    metadata: Mapping[str, str]
    place: str
    decimal_sign: str
    date_order: str

    def says_as(self, other: "Row") -> bool:
        """Whether another row says the same, word for word."""
        return (self.cells, self.metadata) == (other.cells, other.metadata)

    def text(self, name: str) -> str:
        return as_text(self.cells.get(name)) or ""

    def seconds(self, name: str) -> int | None:
        """An instant in seconds; None where the cell is empty. Raises Wrong."""
        cell = self.cells.get(name)
        if cell is None:
            return None
        said = cell.isoformat() if isinstance(cell, dt.date) else written.instant(str(cell), self.date_order)
        if said is None:
            raise Wrong(name, cell, is_open=not self.date_order and written.is_ambiguous(str(cell)))
        whole = dt.datetime.fromisoformat(said)
        return int((whole if whole.tzinfo else whole.replace(tzinfo=dt.UTC)).timestamp())

    def amount(self, name: str) -> Decimal | None:
        """An amount; None where the cell is empty, which is not 0. Raises Wrong."""
        found = self._money(name)
        return None if found is None else found[0]

    def currency(self, name: str) -> str:
        """The currency of the row, or of that amount where no column says it. Raises Wrong."""
        found = self._money(name)
        return (self.text("currency") if found is None else found[1]).upper()

    def _money(self, name: str) -> tuple[Decimal, str] | None:
        cell, own = self.cells.get(name), self.text("currency")
        if cell is None:
            return None
        found = money_in(cell, self.decimal_sign)
        if found is None or found.interval:
            raise Wrong(name, cell)
        code = currency_of(found.currency, own, ())
        if code is None:
            raise Wrong(name, as_paid(cell), against=own)
        return found.amount, code


@dataclass(frozen=True)
class Export:
    """A CSV file of Stripe's dashboard."""

    file: Path
    kind: str
    rows: Sequence[Row]
    columns: frozenset[str]
    faults: Sequence[Fault]

    @property
    def order_shown(self) -> str:
        """The order of day and month that the cells of the file prove, for a hint; "" for none."""
        return written.order_shown_by(
            cell for row in self.rows for cell in row.cells.values() if isinstance(cell, str)
        )


def read_export(file: Path, date_order: str) -> Export:
    """A file of the dashboard, its columns by our names. Raises Unreadable for what is none of Stripe's."""
    found, faults = grids(file)
    grid = found[0]
    header = grid.lines[0][1]
    kind = kind_of(header)
    if not kind:
        raise Unreadable(
            f"it is no export of Stripe's; its columns are {', '.join(str(cell) for cell in header[:6])}",
            "Bring subscriptions, customers, payments or invoices.",
        )
    aliases, needed, _ = _KINDS[kind]
    places = _places(header, aliases)
    lacking = [name for name in needed if name not in places]
    if kind == "subscription" and not {"created", "started"} & set(places):
        lacking.append("created")
    rows = [] if lacking else list(_rows(grid, places, _metadata(header), date_order))
    said = [_lacks(file, lacking)] if lacking else []
    return Export(file, kind, rows, frozenset(places), [*faults, *said])


def _places(header: Sequence[Cell], aliases: Aliases) -> dict[str, int]:
    """Where each column stands, by the first of its names that is there."""
    names = list(map(plain, header))
    found = {ours: next((one for one in theirs if one in names), None) for ours, theirs in aliases.items()}
    return {ours: names.index(name) for ours, name in found.items() if name is not None}


def _metadata(header: Sequence[Cell]) -> dict[str, int]:
    found = ((_METADATA.fullmatch(str(cell)), nth) for nth, cell in enumerate(header))
    return {match[1]: nth for match, nth in found if match}


def _rows(
    grid: Grid, places: Mapping[str, int], metadata: Mapping[str, int], date_order: str
) -> Iterator[Row]:
    money = [nth for name, nth in places.items() if name in ("amount", "due", "paid", "refunded")]
    texts = [str(line[nth]) for _, line in grid.lines[1:] for nth in money if nth < len(line) and line[nth]]
    sign = written.decimal_sign_of(texts) or "."
    for number, line in grid.lines[1:]:
        cells = {name: line[nth] for name, nth in places.items() if nth < len(line)}
        kept = {name: as_text(line[nth]) for name, nth in metadata.items() if nth < len(line)}
        words = {name: word for name, word in kept.items() if word}
        yield Row(cells, words, grid.place(number), sign, date_order)


def _lacks(file: Path, lacking: Sequence[str]) -> Fault:
    named = ", ".join(_SHOWN.get(name, name.replace("_", " ").capitalize()) for name in lacking)
    said = message(
        file.name,
        f"the export lacks {named}, and no churn can be told without",
        "Export it again, and choose All columns in Stripe's dialogue.",
    )
    return Fault("stop", "", "missing column", 0, said)


def subscription_of(row: Row, place: str) -> Subscription:
    """A row of the subscriptions. Raises Wrong for a cell that cannot be read."""
    created = row.seconds("created")
    started = row.seconds("started")
    began = started if started is not None else created
    if began is None:
        raise Wrong("created", "")
    return Subscription(
        id=row.text("id"),
        customer=row.text("customer"),
        status=row.text("status").lower().replace(" ", "_").replace("cancelled", "canceled"),
        currency=row.currency("amount"),
        created=began if created is None else created,
        started=began,
        items=(_item(row),),
        place=place,
        trial_start=row.seconds("trial_start"),
        trial_end=row.seconds("trial_end"),
        canceled_at=row.seconds("canceled_at"),
        ended_at=row.seconds("ended_at"),
        period_start=row.seconds("period_start"),
        has_unknown_discount=bool(row.text("coupon")),
        cancellation=_cancellation(row),
        metadata=row.metadata,
        name=row.text("name"),
        email=row.text("email"),
    )


def refund_of(row: Row) -> tuple[int | None, Decimal | None] | None:
    """When money of a payment went back, and how much; None where nothing did. Raises Wrong.

    Without its day it is that of the payment, and without its amount a whole refund is all that was paid.
    """
    status, back = row.text("status").lower(), row.amount("refunded")
    if not back and "refund" not in status:
        return None
    at = row.seconds("refunded_at")
    amount = back or (row.amount("amount") if status == _ALL_OF_IT else None)
    return (row.seconds("created") if at is None else at), amount


def with_items(rows: Sequence[Subscription]) -> Subscription | None:
    """One subscription of its rows, which are its items; None where they contradict each other."""
    first = rows[0]
    alike = all(replace(one, items=first.items, place=first.place) == first for one in rows)
    return replace(first, items=tuple(one.items[0] for one in rows)) if alike else None


def quantity_of(row: Row) -> Decimal:
    found = row.amount("quantity")
    return Decimal(1) if found is None else found


def _item(row: Row) -> Item:
    try:
        interval, count = interval_of(row.text("interval") or "month")
    except KeyError:
        raise Wrong("interval", row.text("interval")) from None
    months = months_of(interval, count)
    plan = _called(row)
    one, quantity = row.amount("amount"), quantity_of(row)
    monthly = None if one is None else one * quantity / months
    return Item(plan, plan, monthly, interval_words(interval, count), months)


def _called(row: Row) -> str:
    """The plan by its name where there is one, else by its id."""
    said = [row.text("plan"), row.text("product")]
    names = [name for name in said if name and not re.match(r"(price|plan|prod)_", name)]
    return next(iter([*names, *filter(None, said)]), "")


def _cancellation(row: Row) -> Cancellation:
    """Reason and feedback, whichever column holds which: nobody has written down what Stripe puts there."""
    said = [row.text(name).lower().replace(" ", "_") for name in ("reason", "feedback")]
    reasons = [word for word in said if word in (*INVOLUNTARY, REQUESTED)]
    feedback = [word for word in said if word and word not in (*INVOLUNTARY, REQUESTED)]
    return Cancellation(next(iter(reasons), ""), next(iter(feedback), ""), row.text("comment"))

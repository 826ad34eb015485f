"""What a subscription costs a month: by its present items, and by what was billed for a period.

A bill knows the amount without tax and with its discount, in the customer's currency; the items of a
subscription know neither, and may have several prices. Amounts are strings in the currency's smallest unit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from retention_helpers.sources.documents import Object
from retention_helpers.sources.paddle.files import TERMS
from retention_helpers.sources.prices import in_sixths, major, monthly

BILLED = ("billed", "paid", "completed", "past_due")
_NO_RENEWAL = ("subscription_update", "subscription_charge", "subscription_payment_method_change")


@dataclass(frozen=True)
class Price:
    """An amount a month, and for what; `mrr` is as the file says it where it cannot be read."""

    mrr: Decimal | str
    plan: str
    interval: str
    currency: str


@dataclass(frozen=True)
class Bill:
    """A whole period at one price.

    Attributes:
        listed: the same before the discount, for all of the bill's lines.
        without_tax: which part of a price is left without the tax that prices of this bill include.
    """

    starts_at: str
    ends_at: str
    price: Price
    is_unpaid: bool
    listed: Decimal | str
    without_tax: Decimal

    @property
    def is_free(self) -> bool:
        """Whether a discount takes off all of a price."""
        return self.price.mrr == 0 and self.listed != 0


def charged_items(subscription: Object) -> list[Object]:
    """The items that recur, and are not switched off."""
    return [item for item in subscription.get("items") or [] if _is_charged(item)]


def present_price(subscription: Object, items: Sequence[Object], terms: Object | None = None) -> Price:
    """What items cost in the customer's currency, with tax where prices include it.

    Less a discount, where its terms are given.
    """
    prices = [item.get("price") or {} for item in items]
    currency = currency_of(subscription)
    amounts = [
        (next(iter(units_in(price, currency)), None), item.get("quantity", 1), _cycle(price, subscription))
        for price, item in zip(prices, items, strict=True)
    ]
    before = _sum_a_month(amounts, currency)
    if terms and isinstance(before, Decimal):
        before = in_sixths(max(before - _taken_off(subscription, items, terms), Decimal(0)))
    return Price(
        before,
        _named(item.get("product") or {} for item in items) or _named(prices),
        str(_cycle(prices[0] if prices else {}, subscription).get("interval") or ""),
        currency,
    )


def terms_of(subscription: Object) -> Object | None:
    """What the discount of a subscription takes off; None where that is not said, or is no number.

    A flat amount in another currency is converted by Paddle, at a rate that only bills tell.
    """
    terms: Object | None = (subscription.get("discount") or {}).get(TERMS)
    try:
        Decimal(str((terms or {}).get("amount")))
    except InvalidOperation:
        return None
    if terms is None or terms.get("type") == "percentage":
        return terms
    return terms if terms.get("currency_code") in (currency_of(subscription), None) else None


def _taken_off(subscription: Object, items: Sequence[Object], terms: Object) -> Decimal:
    """What a discount takes off a month: a share, an amount for every unit, or one for the bill."""
    own = [item for item in items if _is_for(item, terms)]
    amount, currency = Decimal(str(terms.get("amount"))), currency_of(subscription)
    price = present_price(subscription, own).mrr if own else Decimal(0)
    if not isinstance(price, Decimal) or not own:
        return Decimal(0)
    if terms.get("type") == "percentage":
        return price * amount / 100
    is_each = terms.get("type") == "flat_per_seat"
    off = [
        (amount, item.get("quantity", 1) if is_each else 1, _cycle(item.get("price") or {}, subscription))
        for item in (own if is_each else own[:1])
    ]
    found = _sum_a_month(off, currency)
    return min(price, found) if isinstance(found, Decimal) else Decimal(0)


def _is_for(item: Object, terms: Object) -> bool:
    """Whether a discount is for an item: for all, or for some products or prices."""
    price, product = item.get("price") or {}, item.get("product") or {}
    wanted = terms.get("restrict_to")
    return not wanted or bool({price.get("id"), price.get("product_id"), product.get("id")} & set(wanted))


def currency_of(subscription: Object) -> str:
    """The currency that the customer pays in; that of the first price where the subscription names none."""
    units = (_unit(item.get("price") or {}) for item in subscription.get("items") or [])
    stated = (str(unit["currency_code"]) for unit in units if unit.get("currency_code"))
    return str(subscription.get("currency_code") or next(stated, ""))


def units_in(price: Object, currency: str) -> list[str]:
    """The amounts that a price may have in a currency, by its base price and what it is in some countries.

    A base price of another currency is none of them: Paddle converts it, at a rate that only bills tell.
    """
    overrides = [over.get("unit_price") or {} for over in price.get("unit_price_overrides") or []]
    units = [unit for unit in (_unit(price), *overrides) if unit.get("currency_code") in (currency, None, "")]
    return list(dict.fromkeys(str(unit.get("amount")) for unit in units if unit))


def is_known(subscription: Object) -> bool:
    """Whether each item has one price in the currency that the customer pays in."""
    currency = currency_of(subscription)
    prices = [item.get("price") or {} for item in charged_items(subscription)]
    return all(len(units_in(price, currency)) == 1 for price in prices)


def may_include_tax(subscription: Object) -> bool:
    """Whether a price includes tax (`internal`), or leaves that to the account."""
    prices = [item.get("price") or {} for item in charged_items(subscription)]
    return any(price.get("tax_mode") != "external" for price in prices)


def _is_charged(item: Object) -> bool:
    return bool(item.get("recurring", True)) and item.get("status") != "inactive"


def _unit(price: Object) -> Object:
    return price.get("unit_price") or {}


def _cycle(price: Object, otherwise: Object) -> Object:
    return price.get("billing_cycle") or otherwise.get("billing_cycle") or {}


def _named(things: Iterable[Object]) -> str:
    names = (thing.get("name") or thing.get("description") for thing in things)
    return " + ".join(dict.fromkeys(str(name) for name in names if name))


def _sum_a_month(amounts: Sequence[tuple[object, object, Object]], currency: str) -> Decimal | str:
    if not amounts:
        return "no recurring item"  # and not 0, which would be nobody's price
    try:
        return sum(
            (
                monthly(
                    major(Decimal(str(amount)) * Decimal(str(quantity)), currency),
                    str(cycle.get("interval")),
                    int(cycle.get("frequency") or 1),
                )
                for amount, quantity, cycle in amounts
            ),
            Decimal(0),
        )
    except (InvalidOperation, KeyError, ZeroDivisionError, ValueError, TypeError):
        return " + ".join(f"{amount} per {cycle.get('interval')}" for amount, _, cycle in amounts)


def bills_of(transactions: Iterable[Object]) -> list[Bill]:
    """The bills of one subscription by their start; of several for one start, the last one."""
    found = {bill.starts_at: bill for one in transactions for bill in _bill(one)}
    return [found[start] for start in sorted(found)]


def _bill(transaction: Object) -> Iterator[Bill]:
    period = transaction.get("billing_period") or {}
    lines = [] if transaction.get("origin") in _NO_RENEWAL else list(_recurring_lines(transaction))
    if transaction.get("status") not in BILLED or not lines or not period.get("starts_at"):
        return
    currency = str(transaction.get("currency_code") or "")
    amounts = [(_net(line), 1, cycle) for line, cycle in lines]
    before = [((line.get("totals") or {}).get("subtotal"), 1, cycle) for line, cycle in lines]
    plan = _named(line.get("product") or {} for line, _ in lines)
    interval = str(lines[0][1].get("interval") or "")
    yield Bill(
        str(period["starts_at"]),
        str(period.get("ends_at") or ""),
        Price(_sum_a_month(amounts, currency), plan, interval, currency),
        transaction["status"] == "past_due",
        _sum_a_month(before, currency),
        _without_tax(transaction, lines[0][0]),
    )


def _recurring_lines(transaction: Object) -> Iterator[tuple[Object, Object]]:
    """The lines for a whole period of what recurs, each with its cycle."""
    prices = [item.get("price") or {} for item in transaction.get("items") or []]
    cycles = {str(price.get("id")): price.get("billing_cycle") for price in prices}
    for line in (transaction.get("details") or {}).get("line_items") or []:
        cycle = cycles.get(str(line.get("price_id")))
        if cycle and not line.get("proration"):
            yield line, cycle


def _without_tax(transaction: Object, line: Object) -> Decimal:
    """1 where tax stands on top of the price; less where price and tax of a line show that it is inside."""
    prices = [item.get("price") or {} for item in transaction.get("items") or []]
    price: Object = next((one for one in prices if one.get("id") == line.get("price_id")), {})
    try:
        rate = Decimal(str(line.get("tax_rate") or 0))
        unit = Decimal(str(_unit(price).get("amount"))) * Decimal(str(line.get("quantity", 1)))
        with_tax = Decimal(str((line.get("totals") or {}).get("subtotal"))) * (1 + rate)
        return 1 / (1 + rate) if rate > 0 and abs(with_tax - unit) <= 2 else Decimal(1)
    except (InvalidOperation, TypeError):
        return Decimal(1)


def _net(line: Object) -> Decimal | str:
    """A line's amount without tax, less its discount."""
    totals = line.get("totals") or {}
    try:
        return Decimal(str(totals.get("subtotal"))) - Decimal(str(totals.get("discount") or 0))
    except InvalidOperation:
        return str(totals.get("subtotal"))


def periods_of(transactions: Iterable[Object]) -> list[tuple[str, str]]:
    """Every period that something recurring was billed for, by its start."""
    billed = [one for one in transactions if one.get("status") in BILLED and _recurs(one)]
    periods = [one.get("billing_period") or {} for one in billed]
    return sorted(
        (str(period["starts_at"]), str(period["ends_at"]))
        for period in periods
        if period.get("starts_at") and period.get("ends_at")
    )


def _recurs(transaction: Object) -> bool:
    prices = (item.get("price") or {} for item in transaction.get("items") or [])
    is_charge = transaction.get("origin") == "subscription_charge"
    return not is_charge and any(price.get("billing_cycle") for price in prices)


def changes_of(transactions: Iterable[Object]) -> list[str]:
    """When items were changed within a period, as far as something was charged for it at once."""
    found = []
    for one in transactions:
        if one.get("origin") == "subscription_update" and one.get("status") in BILLED:
            periods = [
                (line.get("proration") or {}).get("billing_period") or {}
                for line in (one.get("details") or {}).get("line_items") or []
            ]
            starts = [str(period["starts_at"]) for period in periods if period.get("starts_at")]
            found.append(min(starts, default=str(one.get("billed_at") or one.get("created_at") or "")))
    return sorted(found)

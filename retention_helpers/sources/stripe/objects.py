"""The objects of Stripe's API, of before and after 2025-04, as subscriptions, invoices and customers.

Since then the current period stands on the item, `discount` has become `discounts`, an invoice names its
subscription in `parent`, and its lines have `pricing` and `parent` in the place of `price` and `proration`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from retention_helpers.sources.documents import Object, Placed
from retention_helpers.sources.stripe.amounts import (
    in_tiers,
    interval_words,
    major_units,
    months_of,
    units_of,
)
from retention_helpers.sources.stripe.subscription import Cancellation, Discount, Item, Subscription

NONE: Object = {}
_ALL = Decimal(1)
# What a price, or a coupon, says in its own currency, and otherwise in each of its `currency_options`.
_AMOUNTS = ("unit_amount_decimal", "unit_amount", "amount_decimal", "amount")
_IN_ITS_CURRENCY = (*_AMOUNTS, "tiers", "amount_off", "currency_options")
_PREFIXES = {"sub_": "subscription", "in_": "invoice", "cus_": "customer"}


class Lacking(Exception):
    """An object lacks a field without which it means nothing; `field` is its name."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def kind_of(found: Object) -> str:
    """What an object is: "subscription", "invoice", "customer", or another of Stripe's words; "" for none."""
    said = found.get("object")
    if isinstance(said, str):
        return said
    return next((kind for sign, kind in _PREFIXES.items() if str(found.get("id")).startswith(sign)), "")


def _needed(found: Object, field: str) -> Any:
    value = found.get(field)
    if value in (None, ""):
        raise Lacking(field)
    return value


def _money(found: Object, field: str) -> int:
    """An amount in the smallest unit; one that is not there is not known, and not 0."""
    return int(_needed(found, field))


def id_of(reference: Any) -> str:
    """The id of what another object names: an id, or the whole object where it was expanded."""
    return str(reference.get("id") or "") if isinstance(reference, dict) else str(reference or "")


def _data(found: Object, field: str) -> Sequence[Object]:
    """The rows of a list inside an object."""
    listed = found.get(field) or {}
    return listed.get("data") or () if isinstance(listed, dict) else ()


def _seconds(value: Any) -> int | None:
    return None if value is None else int(value)


# --- subscriptions ---------------------------------------------------------------------------------


def subscription_of(placed: Placed, of_customers: Mapping[str, Object] = NONE) -> Subscription:
    """A subscription object. Raises Lacking for one without a field that decides who stays.

    `of_customers` are discounts that hang on customers: Stripe takes them off where the subscription has none
    of its own.
    """
    found = placed.found
    created = int(_needed(found, "created"))
    rows = _data(found, "items")
    if not rows or found["items"].get("has_more"):
        raise Lacking("items: all of them")
    currency = str(found.get("currency") or "").upper() or next((_currency(row) for row in rows), "")
    rates, is_taxed = found.get("default_tax_rates") or (), (found.get("automatic_tax") or {}).get("enabled")
    items = tuple(_item(row, currency, rates, may_hold_tax=bool(is_taxed)) for row in rows)
    discounted = found if _has_discount(found) else {"discount": _of_customer(found, of_customers)}
    period = [row for row in (found, *rows) if row.get("current_period_start")]
    period_start, period_end = (
        _seconds(period[0].get(f"current_period_{end}")) if period else None for end in ("start", "end")
    )
    said = found.get("cancellation_details") or {}
    return Subscription(
        id=str(_needed(found, "id")),
        customer=id_of(_needed(found, "customer")),
        status=str(_needed(found, "status")),
        currency=currency,
        created=created,
        started=int(found.get("start_date") or created),
        items=items,
        place=placed.place,
        trial_start=_seconds(found.get("trial_start")),
        trial_end=_seconds(found.get("trial_end")),
        canceled_at=_seconds(found.get("canceled_at")),
        ended_at=_seconds(found.get("ended_at")),
        period_start=period_start,
        is_pausing=bool(found.get("pause_collection")),
        discounts=discounts_of(discounted, items[0].months, period_end, currency),
        cancellation=Cancellation(*(str(said.get(name) or "") for name in ("reason", "feedback", "comment"))),
        has_unknown_discount=any(_has_unknown_discount(one, currency) for one in (discounted, *rows)),
        metadata=words_of(found.get("metadata")),
        name=_of_expanded(found, "name"),
        email=_of_expanded(found, "email"),
    )


def _of_customer(found: Object, of_customers: Mapping[str, Object]) -> Any:
    customer = found.get("customer")
    own = customer.get("discount") if isinstance(customer, Mapping) else None
    return own or of_customers.get(id_of(customer))


def _of_expanded(found: Object, field: str) -> str:
    customer = found["customer"]
    return str(customer.get(field) or "") if isinstance(customer, Mapping) else ""


def _price_of(row: Object) -> Object:
    """What a row costs: its price, the plan of old objects with the same words, a line's expanded price."""
    details = (row.get("pricing") or NONE).get("price_details") or NONE
    for found in (row.get("price"), row.get("plan"), details.get("price")):
        if isinstance(found, dict):
            return found
    return NONE


def _currency(row: Object) -> str:
    return str(_price_of(row).get("currency") or "").upper()


def in_currency(price: Object, currency: str) -> Object:
    """A price, or a coupon, as it is in a currency: the amounts of its own, or those of `currency_options`.

    Stripe expands these only where they are asked for; without them it has no amount in another currency.
    """
    code, own = currency.lower(), str(price.get("currency") or "").lower()
    if not code or not own or code == own:
        return price
    other = (price.get("currency_options") or NONE).get(code) or NONE
    kept = {name: value for name, value in price.items() if name not in _IN_ITS_CURRENCY}
    return {**kept, **{name: value for name, value in other.items() if value is not None}, "currency": code}


def _recurring(price: Object) -> tuple[str, int]:
    """How often a price is paid: in `recurring`, or in the plan itself."""
    says = price.get("recurring") or price
    return str(says.get("interval") or ""), int(says.get("interval_count") or 1)


def unit_amount(price: Object) -> Any:
    """The price of one in the smallest unit, which may have decimals; None where there are tiers."""
    for name in _AMOUNTS:
        if price.get(name) is not None:
            return price[name]
    return None


def _item(row: Object, currency: str, of_all: Sequence[Object], *, may_hold_tax: bool) -> Item:
    price = in_currency(_price_of(row), currency)
    interval, count = _recurring(price)
    if not interval:
        raise Lacking("items.data[].price.recurring.interval")
    months = months_of(interval, count)
    each = major_units(_amount_of(price, _quantity(row)), currency)
    is_metered = (price.get("recurring") or price).get("usage_type") == "metered"
    return Item(
        price=str(price.get("id") or ""),
        plan=plan_of(price),
        monthly=Decimal(0) if is_metered else None if each is None else each / months,
        interval=interval_words(interval, count),
        months=months,
        is_metered=is_metered,
        discounts=discounts_of(row, months, _seconds(row.get("current_period_end")), currency),
        product=id_of(price.get("product")),
        tax=_tax_inside(row.get("tax_rates") or of_all, price, may_hold_tax=may_hold_tax),
        id=str(row.get("id") or ""),
    )


def _quantity(row: Object) -> Decimal:
    return Decimal(1) if row.get("quantity") is None else Decimal(str(row["quantity"]))


def _amount_of(price: Object, quantity: Decimal) -> Decimal | None:
    """What a quantity costs in the smallest unit; None where only the invoices tell."""
    if tiers := price.get("tiers"):
        return in_tiers(quantity, tiers, str(price.get("tiers_mode")))
    one = unit_amount(price)
    packages = price.get("transform_quantity") or price.get("transform_usage") or {}
    return None if one is None else Decimal(str(one)) * units_of(quantity, packages)


def _tax_inside(rates: Sequence[Object], price: Object, *, may_hold_tax: bool) -> Decimal | None:
    """The percentage of tax that a price contains; None where it contains one and no rate is named.

    Where tax is automatic, a price that does not say it may contain it: the account's setting decides.
    """
    inside = [Decimal(str(_needed(rate, "percentage"))) for rate in rates if rate.get("inclusive")]
    said = price.get("tax_behavior")
    if inside or not (said == "inclusive" or (may_hold_tax and said == "unspecified" and not rates)):
        return sum(inside, Decimal(0))
    return None


def plan_of(price: Object) -> str:
    """What a price is called: its nickname, the product's name where it was expanded, else an id."""
    product = price.get("product")
    named = product.get("name") if isinstance(product, Mapping) else None
    return str(price.get("nickname") or named or id_of(product) or price.get("id") or "")


def discounts_of(
    found: Object, months: Decimal, period_end: int | None, currency: str
) -> tuple[Discount, ...]:
    """The discounts that stand in an object; not those of which nothing says what they take off."""
    coupons = [(one, _coupon_of(one, currency)) for one in _listed_discounts(found)]
    return tuple(_discount(one, coupon, months, period_end) for one, coupon in coupons if coupon is not None)


def _has_unknown_discount(found: Object, currency: str) -> bool:
    """Whether of a discount nothing says what it takes off: its id alone is there, or that of its coupon."""
    return any(_coupon_of(one, currency) is None for one in _listed_discounts(found))


def _listed_discounts(found: Object) -> Sequence[Any]:
    return [one for one in (*(found.get("discounts") or ()), found.get("discount")) if one]


def _has_discount(found: Object) -> bool:
    return bool(found.get("discounts") or found.get("discount"))


def _coupon_of(discount: Any, currency: str) -> Object | None:
    """What a discount takes off: in `coupon`, or in `source` where that is newer; None where it is not said.

    It is not where there is only an id, or an amount in another currency than is paid in.
    """
    if not isinstance(discount, Mapping):
        return None
    coupon = discount.get("coupon") or (discount.get("source") or {}).get("coupon")
    if not isinstance(coupon, Mapping):
        return None
    paid = in_currency(coupon, currency)
    is_lost = coupon.get("amount_off") is not None and paid.get("amount_off") is None
    return None if is_lost else paid


def _discount(found: Object, coupon: Object, months: Decimal, period_end: int | None) -> Discount:
    end = _seconds(found.get("end"))
    if end is None and coupon.get("duration") == "once":
        end = period_end  # it goes off one payment
    off = major_units(coupon.get("amount_off"), str(coupon.get("currency") or ""))
    return Discount(
        start=int(found.get("start") or 0),
        end=end,
        percent=Decimal(str(coupon.get("percent_off") or 0)),
        amount=(off or Decimal(0)) / months,
        products=frozenset((coupon.get("applies_to") or {}).get("products") or ()),
    )


def words_of(metadata: Any) -> dict[str, str]:
    """What an owner keeps beside an object, as text."""
    return {str(key): str(value) for key, value in metadata.items()} if isinstance(metadata, Mapping) else {}


# --- invoices --------------------------------------------------------------------------------------


class Line(NamedTuple):
    """A line of an invoice that bills a period of a subscription.

    Attributes:
        item: what it pays for: the id of the item of the subscription, else of its price.
        product: the id of what is sold, by which the plan is called where the price has no name.
        amount: what it bills for the period, less discounts and the tax in it, in major units.
        gross: the same before discounts and with that tax.
        each: quantity times price, before discounts; None where the line does not say it.
        months: how many months one payment of its price covers; None where the line does not say it.
        is_proration: whether it settles a change within a period; a credit where the amount is below 0.
        is_past: whether the period was over when it was billed, as with metered use and nothing else.
        tells_tax: whether it says what tax it contains, if any.
    """

    subscription: str
    item: str
    price: str
    plan: str
    product: str
    start: int
    end: int
    amount: Decimal
    gross: Decimal
    each: Decimal | None
    quantity: Decimal
    months: Decimal | None
    is_proration: bool
    is_past: bool
    tells_tax: bool


@dataclass(frozen=True)
class Invoice:
    """An invoice, as far as it tells of payments and of the past of subscriptions.

    `was_tried` says that somebody tried to collect it, `billed_once` how many lines do not recur (a set-up
    fee, a credit, extra work).
    """

    id: str
    customer: str
    status: str
    created: int
    was_tried: bool
    attempts: int
    paid_at: int
    amount_due: Decimal
    amount_paid: Decimal
    currency: str
    lines: tuple[Line, ...]
    place: str
    misses_lines: bool = False
    billed_once: int = 0


def invoice_of(placed: Placed) -> Invoice:
    """An invoice object. Raises Lacking for one without a field that decides what it is."""
    found = placed.found
    currency = str(found.get("currency") or "").upper()
    created = int(_needed(found, "created"))
    attempts = int(found.get("attempt_count") or 0)
    due, paid = (
        major_units(_money(found, name), currency) or Decimal(0) for name in ("amount_due", "amount_paid")
    )
    rows = [_Row(row, _price_of(row), _parent_of(row)) for row in _data(found, "lines")]
    once = [row for row in rows if row.is_paid_once]
    recurring = [row for row in rows if not row.is_paid_once] if once else rows
    return Invoice(
        id=str(_needed(found, "id")),
        customer=id_of(found.get("customer")),
        status=str(_needed(found, "status")),
        created=created,
        was_tried=attempts > 0 or bool(found.get("attempted")),
        attempts=attempts,
        paid_at=int((found.get("status_transitions") or {}).get("paid_at") or created),
        amount_due=due,
        amount_paid=paid,
        currency=currency,
        lines=tuple(_lines(found, recurring, currency)),
        place=placed.place,
        misses_lines=bool((found.get("lines") or {}).get("has_more")),
        billed_once=sum(bool(row.cells.get("amount")) for row in once),
    )


class _Row(NamedTuple):
    """A line as it stands, with its price, if it is there whole, and what it belongs to."""

    cells: Object
    price: Object
    parent: Object

    @property
    def is_proration(self) -> bool:
        return bool(self.cells.get("proration") or self.parent.get("proration"))

    @property
    def is_paid_once(self) -> bool:
        """Whether it says so itself, or its price does, or it bills no time."""
        period = self.cells.get("period") or NONE
        if period.get("start") and period["start"] == period.get("end"):
            return True
        return not self.is_proration and (self._is_own_item or _is_one_time(self.price))

    @property
    def _is_own_item(self) -> bool:
        kind = (self.cells.get("parent") or NONE).get("type") or self.cells.get("type")
        return kind in ("invoice_item_details", "invoiceitem")


def _is_one_time(price: Object) -> bool:
    if price.get("type") == "one_time":
        return True
    return "recurring" in price and not price["recurring"] and not price.get("interval")


def _parent_of(row: Object) -> Object:
    parent = row.get("parent") or NONE
    return parent.get("subscription_item_details") or parent.get("invoice_item_details") or NONE


def _lines(found: Object, rows: Sequence[_Row], currency: str) -> Iterator[Line]:
    """The lines of subscriptions; not those that bill use."""
    own, left = _subscription_of_invoice(found), _left_by_invoice(found, rows)
    taxed = _tax_by_invoice(found)
    # A first invoice may go back to a begin that lies in the past.
    until = -1 if found.get("billing_reason") == "subscription_create" else int(found["created"])
    made = (_line(row, own, currency, left, taxed, until) for row in rows)
    yield from (line for line in made if line is not None)


def _subscription_of_invoice(found: Object) -> str:
    parent = found.get("parent") or {}
    return id_of((parent.get("subscription_details") or {}).get("subscription") or found.get("subscription"))


def _left_by_invoice(found: Object, rows: Sequence[_Row]) -> Decimal:
    """What is left of a line after a discount of which only the invoice tells, as before 2020-08."""
    if any(row.cells.get("discount_amounts") is not None for row in rows):
        return _ALL
    off = sum(int(one.get("amount") or 0) for one in found.get("total_discount_amounts") or ())
    if not off and (found.get("discount") or found.get("discounts")):
        off = _money(found, "subtotal") + int(found.get("tax") or 0) - _money(found, "total")
    lowered = (row.cells for row in rows if row.cells.get("discountable", True))
    whole = sum(max(int(cells.get("amount") or 0), 0) for cells in lowered)
    return 1 - Decimal(off) / whole if off and whole else _ALL


def _tax_by_invoice(found: Object) -> Decimal | None:
    """Which part of a line is tax, where only the invoice tells of tax within; None where nothing does."""
    taxes = (found.get("total_taxes"), found.get("total_tax_amounts"))
    inside = _tax_of({"taxes": taxes[0], "tax_amounts": taxes[1]}) if any(taxes) else None
    if not inside or any(_tax_of(row) is not None for row in _data(found, "lines")):
        return None
    whole = sum(int(row.get("amount") or 0) - _taken_off(row) for row in _data(found, "lines"))
    return Decimal(inside) / whole if whole > inside else None


def _line(of: _Row, own: str, currency: str, left: Decimal, taxed: Decimal | None, until: int) -> Line | None:
    """A line of a subscription; None for one that belongs to none, or that bills use."""
    row, price, parent = of.cells, of.price, of.parent
    subscription = id_of(parent.get("subscription") or row.get("subscription"))
    is_of_one = bool(subscription or row.get("subscription_item") or parent.get("subscription_item"))
    if not is_of_one and row.get("type") != "subscription":
        return None
    if (price.get("recurring") or price).get("usage_type") == "metered":
        return None
    pricing, period = row.get("pricing") or NONE, _needed(row, "period")
    details = pricing.get("price_details") or NONE
    interval, count = _recurring(price)
    code = str(row.get("currency") or currency)
    gross, quantity = _money(row, "amount"), _quantity(row)
    price = in_currency(price, code)
    tax = _tax_of(row)
    is_whole = left is _ALL or gross < 0 or not row.get("discountable", True)
    net = (gross if is_whole else gross * left) - _taken_off(row)
    net -= tax or 0 if taxed is None else net * taxed
    each = _each(price or pricing, quantity)
    end, is_proration = int(_needed(period, "end")), of.is_proration
    billed = major_units(gross, code) or Decimal(0)
    which = id_of(price.get("id") or details.get("price"))
    product = id_of(price.get("product") or details.get("product"))
    return Line(
        subscription=subscription or own,
        item=id_of(parent.get("subscription_item") or row.get("subscription_item")) or which,
        price=which,
        plan=plan_of(price) or product or which,
        product=product,
        start=int(_needed(period, "start")),
        end=end,
        amount=billed if net == gross else major_units(net, code) or Decimal(0),
        gross=billed,
        each=billed if each == gross else major_units(each, code),
        quantity=quantity,
        months=months_of(interval, count) if interval else None,
        is_proration=is_proration,
        is_past=not (price or is_proration) and end <= until,
        tells_tax=tax is not None or taxed is not None,
    )


def _each(price: Object, quantity: Decimal) -> Decimal | None:
    """Quantity times price; a line of one tier of several has no price of its own."""
    return None if price.get("tiers") else _amount_of(price, quantity)


def _taken_off(row: Object) -> int:
    off = row.get("discount_amounts")
    return sum(int(one.get("amount") or 0) for one in off) if off else 0


def _tax_of(row: Object) -> int | None:
    """The tax that the amount of a line contains; None where it names none, neither inside nor on top."""
    taxes = [*(row.get("taxes") or ()), *(row.get("tax_amounts") or ())]
    if not taxes:
        return None
    inside = [one for one in taxes if one.get("inclusive") or one.get("tax_behavior") == "inclusive"]
    return sum(_money(one, "amount") for one in inside)

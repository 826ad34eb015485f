"""The objects of Stripe's API, of before and after 2025-04, as subscriptions, invoices and customers.

Since then the current period stands on the item, `discount` has become `discounts`, an invoice names its
subscription in `parent`, and its lines have `pricing` and `parent` in the place of `price` and `proration`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from retention_helpers.sources.documents import Object, Placed
from retention_helpers.sources.stripe.amounts import interval_words, major_units, months_of
from retention_helpers.sources.stripe.subscription import Cancellation, Discount, Item, Subscription

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


def id_of(reference: Any) -> str:
    """The id of what another object names: an id, or the whole object where it was expanded."""
    return str(reference.get("id") or "") if isinstance(reference, Mapping) else str(reference or "")


def _data(found: Object, field: str) -> Sequence[Object]:
    """The rows of a list inside an object."""
    listed = found.get(field) or {}
    return listed.get("data") or () if isinstance(listed, Mapping) else ()


def _seconds(value: Any) -> int | None:
    return None if value is None else int(value)


# --- subscriptions ---------------------------------------------------------------------------------


def subscription_of(placed: Placed) -> Subscription:
    """A subscription object. Raises Lacking for one without a field that decides who stays."""
    found = placed.found
    created = int(_needed(found, "created"))
    currency = str(found.get("currency") or "").upper()
    rows = _data(found, "items")
    if not rows or found["items"].get("has_more"):
        raise Lacking("items: all of them")
    items = tuple(_item(row, currency) for row in rows)
    months = items[0].months
    period = [row for row in (found, *rows) if row.get("current_period_start")]
    period_start, period_end = (
        _seconds(period[0].get(f"current_period_{end}")) if period else None for end in ("start", "end")
    )
    said = found.get("cancellation_details") or {}
    return Subscription(
        id=str(_needed(found, "id")),
        customer=id_of(_needed(found, "customer")),
        status=str(_needed(found, "status")),
        currency=currency or next((_currency(row) for row in rows), ""),
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
        discounts=discounts_of(found, months, period_end),
        cancellation=Cancellation(*(str(said.get(name) or "") for name in ("reason", "feedback", "comment"))),
        has_unknown_discount=any(map(_has_unknown_discount, (found, *rows))),
        metadata=words_of(found.get("metadata")),
        name=_of_expanded(found, "name"),
        email=_of_expanded(found, "email"),
    )


def _of_expanded(found: Object, field: str) -> str:
    customer = found["customer"]
    return str(customer.get(field) or "") if isinstance(customer, Mapping) else ""


def _price_of(row: Object) -> Object:
    """What a row costs: its price, or the plan of old objects with the same words."""
    for name in ("price", "plan"):
        if isinstance(row.get(name), Mapping):
            found: Object = row[name]
            return found
    return {}


def _currency(row: Object) -> str:
    return str(_price_of(row).get("currency") or "").upper()


def _recurring(price: Object) -> tuple[str, int]:
    """How often a price is paid: in `recurring`, or in the plan itself."""
    says = price.get("recurring") or price
    return str(says.get("interval") or ""), int(says.get("interval_count") or 1)


def unit_amount(price: Object) -> Any:
    """The price of one in the smallest unit, which may have decimals; None where there are tiers."""
    for name in ("unit_amount_decimal", "unit_amount", "amount_decimal", "amount"):
        if price.get(name) is not None:
            return price[name]
    return None


def _item(row: Object, currency: str) -> Item:
    price = _price_of(row)
    interval, count = _recurring(price)
    if not interval:
        raise Lacking("items.data[].price.recurring.interval")
    months = months_of(interval, count)
    one = major_units(unit_amount(price), str(price.get("currency") or currency))
    quantity = Decimal(str(1 if row.get("quantity") is None else row["quantity"]))
    is_metered = (price.get("recurring") or price).get("usage_type") == "metered"
    return Item(
        price=str(price.get("id") or ""),
        plan=plan_of(price),
        monthly=Decimal(0) if is_metered else None if one is None else one * quantity / months,
        interval=interval_words(interval, count),
        months=months,
        is_metered=is_metered,
        discounts=discounts_of(row, months, _seconds(row.get("current_period_end"))),
    )


def plan_of(price: Object) -> str:
    """What a price is called: its nickname, the product's name where it was expanded, else an id."""
    product = price.get("product")
    named = product.get("name") if isinstance(product, Mapping) else None
    return str(price.get("nickname") or named or id_of(product) or price.get("id") or "")


def discounts_of(found: Object, months: Decimal, period_end: int | None) -> tuple[Discount, ...]:
    """The discounts that stand in an object; not those of which only an id is there."""
    whole = [(one, coupon) for one in _listed_discounts(found) if (coupon := _coupon_of(one)) is not None]
    return tuple(_discount(one, coupon, months, period_end) for one, coupon in whole)


def _has_unknown_discount(found: Object) -> bool:
    """Whether of a discount only an id is there, its own or that of its coupon."""
    return any(_coupon_of(one) is None for one in _listed_discounts(found))


def _listed_discounts(found: Object) -> Sequence[Any]:
    listed, alone = found.get("discounts"), found.get("discount")
    if not (listed or alone):  # as nearly always
        return ()
    return [one for one in (*(listed or ()), alone) if one]


def _coupon_of(discount: Any) -> Object | None:
    """What a discount takes off: in `coupon`, or in `source` where that is newer; None for an id alone."""
    if not isinstance(discount, Mapping):
        return None
    coupon = discount.get("coupon") or (discount.get("source") or {}).get("coupon")
    return coupon if isinstance(coupon, Mapping) else None


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
    )


def words_of(metadata: Any) -> dict[str, str]:
    """What an owner keeps beside an object, as text."""
    return {str(key): str(value) for key, value in metadata.items()} if isinstance(metadata, Mapping) else {}


# --- invoices --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A line of an invoice that belongs to a subscription.

    Attributes:
        item: what it pays for: the id of the item of the subscription, else of its price.
        amount: what it bills for the period, less discounts, in major units.
        each: quantity times price, before discounts; None where the line does not say it.
        months: how many months one payment of its price covers; None where the line does not say it.
        is_proration: whether it settles a change within a period; a credit where the amount is below 0.
    """

    subscription: str
    item: str
    price: str
    plan: str
    start: int
    end: int
    amount: Decimal
    each: Decimal | None
    months: Decimal | None
    is_proration: bool


@dataclass(frozen=True)
class Invoice:
    """An invoice, as far as it tells of payments and of the past of subscriptions.

    `was_tried` says that somebody tried to collect it.
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


def invoice_of(placed: Placed) -> Invoice:
    """An invoice object. Raises Lacking for one without a field that decides what it is."""
    found = placed.found
    currency = str(found.get("currency") or "").upper()
    created = int(_needed(found, "created"))
    attempts = int(found.get("attempt_count") or 0)
    due, paid = (
        major_units(found.get(name) or 0, currency) or Decimal(0) for name in ("amount_due", "amount_paid")
    )
    own = _subscription_of_invoice(found)
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
        lines=tuple(line for row in _data(found, "lines") if (line := _line(row, own, currency))),
        place=placed.place,
        misses_lines=bool((found.get("lines") or {}).get("has_more")),
    )


def _subscription_of_invoice(found: Object) -> str:
    parent = found.get("parent") or {}
    return id_of((parent.get("subscription_details") or {}).get("subscription") or found.get("subscription"))


def _line(row: Object, own: str, currency: str) -> Line | None:
    """A line of a subscription; None for one that belongs to none, or that bills use."""
    parent = row.get("parent") or {}
    item = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    price, pricing = _price_of(row), row.get("pricing") or {}
    details = pricing.get("price_details") or {}
    subscription = id_of(item.get("subscription") or row.get("subscription"))
    is_of_one = bool(subscription or row.get("subscription_item") or item.get("subscription_item"))
    if not is_of_one and row.get("type") != "subscription":
        return None
    interval, count = _recurring(price)
    if (price.get("recurring") or price).get("usage_type") == "metered":
        return None
    code = str(row.get("currency") or currency)
    amount = Decimal(int(row.get("amount") or 0) - _taken_off(row))
    one = major_units(unit_amount(price) if price else pricing.get("unit_amount_decimal"), code)
    quantity = Decimal(str(1 if row.get("quantity") is None else row["quantity"]))
    period = row.get("period") or {}
    which = id_of(price.get("id") or details.get("price"))
    return Line(
        subscription=subscription or own,
        item=id_of(item.get("subscription_item") or row.get("subscription_item")) or which,
        price=which,
        plan=plan_of(price) or id_of(details.get("product")) or which,
        start=int(_needed(period, "start")),
        end=int(_needed(period, "end")),
        amount=major_units(amount, code) or Decimal(0),
        each=None if one is None else one * quantity,
        months=months_of(interval, count) if interval else None,
        is_proration=bool(row.get("proration") or item.get("proration")),
    )


def _taken_off(row: Object) -> int:
    return sum(int(one.get("amount") or 0) for one in row.get("discount_amounts") or ())

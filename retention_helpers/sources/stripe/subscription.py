"""A subscription of Stripe, the same from every form in which it is exported.

Times are seconds since 1970, as in Stripe's objects.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

_FOR_GOOD = 1 << 40  # later than any end of a discount
NEVER_BEGAN = ("incomplete", "incomplete_expired")
ENDED = ("canceled", "unpaid")
STATUSES = (*NEVER_BEGAN, "trialing", "active", "past_due", *ENDED, "paused")


@dataclass(frozen=True)
class Discount:
    """What is taken off a month's amount from `start` up to `end` (None: for good).

    `products` are those that it is for; none where it is for all.
    """

    start: int
    end: int | None = None
    percent: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)  # a month, in major units
    products: frozenset[str] = frozenset()

    def lasts(self, at: int) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


def discounted(amount: Decimal, discounts: Sequence[Discount], at: int) -> Decimal:
    """A month's amount at an instant, less the discounts that last then; never below nothing.

    >>> discounted(Decimal(50), [Discount(0, 9, percent=Decimal(20)), Discount(0, amount=Decimal(5))], 3)
    Decimal('35')
    """
    for discount in (one for one in discounts if one.lasts(at)):
        amount -= amount * discount.percent / 100 + discount.amount
    return max(amount, Decimal(0))


@dataclass(frozen=True)
class Item:
    """What is subscribed to.

    `monthly` is what it costs a month before discounts, None where that is not said; `price` is Stripe's id
    of the price, `months` how many months one payment covers. `tax` is the percentage of tax that the price
    contains, None where it contains one of a rate that is not said.
    """

    price: str
    plan: str
    monthly: Decimal | None
    interval: str
    months: Decimal
    is_metered: bool = False
    discounts: tuple[Discount, ...] = ()
    product: str = ""
    tax: Decimal | None = Decimal(0)
    id: str = ""

    def monthly_at(self, at: int) -> Decimal:
        """Less the item's own discounts, with the tax that the price contains."""
        amount = self.monthly or Decimal(0)
        return discounted(amount, self.discounts, at) if self.discounts else amount

    def without_tax(self, amount: Decimal) -> Decimal:
        return amount * 100 / (100 + self.tax) if self.tax else amount


@dataclass(frozen=True)
class Cancellation:
    """Stripe's `cancellation_details`, in its own words."""

    reason: str = ""
    feedback: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Subscription:
    """A subscription as it is now.

    Attributes:
        canceled_at: when the latest request to cancel came; it may end later.
        ended_at: when service ended.
        period_start: of the period that is under way.
        is_pausing: its collection is paused.
        has_unknown_discount: there is a discount of which the export says no more than its name.
        metadata: what the owner keeps beside it; becomes attributes of the customer.
        name, email: of the customer, where the export says them here.
    """

    id: str
    customer: str
    status: str
    currency: str
    created: int
    started: int
    items: tuple[Item, ...]
    place: str
    trial_start: int | None = None
    trial_end: int | None = None
    canceled_at: int | None = None
    ended_at: int | None = None
    period_start: int | None = None
    is_pausing: bool = False
    discounts: tuple[Discount, ...] = ()
    has_unknown_discount: bool = False
    cancellation: Cancellation = Cancellation()
    metadata: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    email: str = ""

    @property
    def main(self) -> Item | None:
        """The item that gives the subscription its plan and interval: the dearest, the first of equals."""
        return max(self.items, key=lambda item: item.monthly or Decimal(0), default=None)

    @property
    def listed(self) -> Decimal | None:
        """What its items cost a month before discounts; None where one of them does not say it."""
        amounts = [item.monthly for item in self.items]
        return None if None in amounts else sum(filter(None, amounts), Decimal(0))

    def monthly_at(self, at: int) -> Decimal:
        """What it costs a month at an instant, by the prices and discounts of now, without tax."""
        amounts = [item.monthly_at(at) for item in self.items]
        for discount in (one for one in self.discounts if one.lasts(at)):
            amounts = self._less(discount, amounts)
        return sum(map(Item.without_tax, self.items, amounts), Decimal(0))

    def _less(self, discount: Discount, amounts: Sequence[Decimal]) -> list[Decimal]:
        """The amounts of the items, each with its share of a discount of the whole subscription."""
        is_for = [not discount.products or item.product in discount.products for item in self.items]
        whole = sum((amount for amount, own in zip(amounts, is_for, strict=True) if own), Decimal(0))
        left = max(whole - whole * discount.percent / 100 - discount.amount, Decimal(0))
        share = left / whole if whole else Decimal(1)
        return [amount * share if own else amount for amount, own in zip(amounts, is_for, strict=True)]

    @property
    def is_free_for_good(self) -> bool:
        """Whether a discount of now takes everything off, and nothing tells when that ends."""
        every = [*self.discounts, *(one for item in self.items for one in item.discounts)]
        if self.has_unknown_discount or self.listed is None:
            return self.has_unknown_discount or any(one.percent >= 100 and one.end is None for one in every)
        return self.listed > 0 and self.monthly_at(_FOR_GOOD) == 0

    @property
    def turns(self) -> list[int]:
        """When a discount that is known now begins or ends."""
        every = [*self.discounts, *(one for item in self.items for one in item.discounts)]
        return [at for discount in every for at in (discount.start, discount.end) if at is not None]


def iso(seconds: int | None) -> str | None:
    """An instant as the contract writes it.

    >>> iso(1767225600)
    '2026-01-01T00:00:00Z'
    """
    if seconds is None:
        return None
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()[:19]}Z"  # faster than by a pattern

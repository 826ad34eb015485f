"""A charge as every ledger has it, whatever tool wrote it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from retention_helpers.words.calendar import months_after

Length = tuple[str, int]  # how long a charge pays for: a unit, and how many of it
Key = tuple[str, str, Decimal]  # product, currency, amount

_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


@dataclass(slots=True)
class Charge:
    """Money that a customer paid.

    Attributes:
        who: the customer.
        on: the day, on the business's own clocks.
        amount: what was paid, without tax where the ledger says it.
        charged: the same as the ledger writes it, which is how it writes refunds too.
        currency: its code; "" where the ledger names none.
        product: what was bought; "" where the ledger does not say it.
        place: where the row stands.
        subscription: the tool's id of what recurs; "" for none.
        lasts: how long it pays for, where the row itself says it.
        given_back: how much of `charged` went back so far.
        returned_on: the day on which all of it went back; None where it did not.
        is_disputed: whether it went back because the customer's bank took it.
        ended_on: the day on which its subscription ended, where the ledger says so.
    """

    who: str
    on: dt.date
    amount: Decimal
    charged: Decimal = Decimal(0)
    currency: str = ""
    product: str = ""
    place: str = ""
    subscription: str = ""
    lasts: Length | None = None
    given_back: Decimal = Decimal(0)
    returned_on: dt.date | None = None
    is_disputed: bool = False
    ended_on: dt.date | None = None

    @property
    def key(self) -> Key:
        return self.product, self.currency, self.amount

    @property
    def is_free(self) -> bool:
        """Whether nothing was charged, as in a month that a payer was given."""
        return not self.charged


@dataclass
class Account:
    """What a ledger says of one customer: the charges, those of nothing, and the days on which one failed;
    all in order.
    """

    charges: list[Charge] = field(default_factory=list)
    free: list[Charge] = field(default_factory=list)
    failed_on: list[dt.date] = field(default_factory=list)


def after(day: dt.date, length: Length, times: int = 1) -> dt.date:
    """The day on which so many lengths are over.

    >>> after(dt.date(2026, 1, 31), ("month", 1)), after(dt.date(2026, 1, 31), ("month", 1), 2)
    (datetime.date(2026, 2, 28), datetime.date(2026, 3, 31))
    """
    unit, many = length
    if unit in ("month", "year"):
        return months_after(day, times * many * (12 if unit == "year" else 1))
    return day + dt.timedelta(days=times * many * _DAYS[unit])


def days_of(length: Length) -> int:
    """About how many days a length has: never more than it has in any year.

    >>> days_of(("month", 3)), days_of(("week", 2))
    (90, 14)
    """
    unit, many = length
    return _DAYS[unit] * many


def early_days(length: Length) -> int:
    """So many days before it is due, a charge is one for the next time: weekends, holidays, other clocks."""
    return min(4, days_of(length) // 4)


def late_days(length: Length, dunning_days: int) -> int:
    """So many days after it was due, a charge is one that comes late.

    A whole length later it is the next one, and the one before it was left out.

    >>> late_days(("month", 1), 30), late_days(("year", 1), 30), late_days(("week", 1), 30)
    (25, 30, 5)

    Glossary: late payment.
    """
    return min(dunning_days, days_of(length) - early_days(length) - 1)


def in_order(charges: Sequence[Charge]) -> list[Charge]:
    """By day; of one day, in the order of the ledger."""
    return sorted(charges, key=lambda one: one.on)

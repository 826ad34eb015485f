"""What one unit of another currency is worth in the report's: one rate, or a rate a month.

Every report takes the rate of its own month for all the months that it shows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

OTHER_MONTHS = "other_months"  # stands beside the months, with what holds for the rest
EARLIER = "earlier"
_MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")


def is_month(name: object) -> bool:
    """
    >>> is_month("2026-10"), is_month("2026-13"), is_month(2026)
    (True, False, False)
    """
    return isinstance(name, str) and bool(_MONTH.fullmatch(name))


@dataclass(frozen=True)
class RateOfMonth:
    """A rate, and the month that it is of; "" for one that holds whatever the month."""

    rate: Decimal
    month: str = ""


@dataclass(frozen=True)
class Rates:
    """The rates of one currency.

    Attributes:
        by_month: those that are of a month, such as {"2026-10": 0.92}.
        otherwise: the one of all other months; None where there is none.
        takes_earlier: whether a month without its own takes that of the latest month before it.
    """

    by_month: Mapping[str, Decimal] = field(default_factory=dict)
    otherwise: Decimal | None = None
    takes_earlier: bool = False

    def of(self, month: str) -> RateOfMonth | None:
        """The rate of a report's month; None where the owner gave none for it.

        >>> rates = Rates({"2026-08": Decimal("0.91"), "2026-09": Decimal("0.92")}, takes_earlier=True)
        >>> rates.of("2026-10").month, rates.of("2026-07")
        ('2026-09', None)
        """
        if month in self.by_month:
            return RateOfMonth(self.by_month[month], month)
        if self.otherwise is not None:
            return RateOfMonth(self.otherwise)
        before = max((one for one in self.by_month if one < month), default="")
        return RateOfMonth(self.by_month[before], before) if self.takes_earlier and before else None

    @property
    def every(self) -> list[Decimal]:
        """All of them, that of the latest month last."""
        others = [] if self.otherwise is None else [self.otherwise]
        return [*others, *(self.by_month[month] for month in sorted(self.by_month))]

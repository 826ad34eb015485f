"""A plan's price as an amount a month, the way every biller's export needs it."""

from decimal import ROUND_HALF_UP, Decimal

MONTHS_PER = {
    "day": Decimal(12) / 365,
    "week": Decimal(12) / 52,
    "month": Decimal(1),
    "quarter": Decimal(3),
    "year": Decimal(12),
}
# ISO 4217: currencies whose smallest unit is the unit itself, and those that have three decimals.
WITHOUT_MINOR_UNIT = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
     "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)  # fmt: skip
WITH_THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_SIXTH = Decimal("0.000001")


def major(minor_units: Decimal, currency: str) -> Decimal:
    """An amount in the currency's smallest unit as an amount of the currency.

    >>> major(Decimal(4900), "eur"), major(Decimal(4900), "JPY")
    (Decimal('49'), Decimal('4900'))
    """
    code = currency.upper()
    places = 0 if code in WITHOUT_MINOR_UNIT else 3 if code in WITH_THREE_DECIMALS else 2
    return minor_units / 10**places


def monthly(price: Decimal, interval: str, interval_count: Decimal | int = 1) -> Decimal:
    """A price for so many intervals as the amount of one month, rounded to six decimals.

    Raises KeyError for an interval that is none of `MONTHS_PER`, ZeroDivisionError for none at all.

    >>> monthly(Decimal(190), "year"), monthly(Decimal(30), "month", 3)
    (Decimal('15.833333'), Decimal('10'))
    """
    return in_sixths(price / (MONTHS_PER[interval.strip().lower().removesuffix("s")] * interval_count))


def in_sixths(price: Decimal) -> Decimal:
    """An amount with at most six decimals, and none that say nothing.

    >>> in_sixths(Decimal(190) / 12), in_sixths(Decimal("49.00"))
    (Decimal('15.833333'), Decimal('49'))
    """
    amount = price.quantize(_SIXTH, ROUND_HALF_UP)
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()

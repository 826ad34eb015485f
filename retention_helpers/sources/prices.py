"""A plan's price as an amount a month, the way every biller's export and every sheet needs it."""

import functools
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from retention_helpers.words import spellings, written

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
# What 49.00, 49.90 and 49.99 end in when they are written in cents, and a size that is large for half of the
# amounts of a small business.
PRICE_ENDINGS = (0, 50, 90, 95, 99)
LARGE_MIDDLE = 900
HABIT = 0.8  # a share of amounts that makes a habit
# What other cells of the row say of a price, as one text: 119 or 1190 per year × 3 − 10% incl. 19%.
OR, PER = " or ", " per "
_ALTERNATIVE = re.compile(r"(?:^| )or ")
TIMES, LESS, HOLDS = " × ", " − ", " incl. "
PER_CENT = " per cent"  # of a number whose heading says that it is a share; 0.19 may be meant as 19 %
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


def have_minor_unit(currency: str) -> bool:
    """Whether a currency is divided into cents or the like; True for one that is not known."""
    return currency.upper() not in WITHOUT_MINOR_UNIT


def look_like_minor_units(amounts: Sequence[Decimal]) -> bool:
    """Whether amounts look as if they were written in cents, by their size and by what they end in.

    >>> look_like_minor_units([Decimal(4900), Decimal(9900)]), look_like_minor_units([Decimal(49)])
    (True, False)
    """
    if not amounts or statistics.median(amounts) < LARGE_MIDDLE:
        return False
    as_prices = [one for one in amounts if one >= 100 and one % 100 in PRICE_ENDINGS]
    return len(as_prices) >= HABIT * len(amounts)


def composed(
    price: str, many: str = "", discount: str = "", tax: str = "", *, others: Mapping[str, str] | None = None
) -> str:
    """A price's cell with how many times it is paid, what is taken off and the tax in it, for `said_in`.

    `others` are the cells of prices for other intervals, by what each pays for.

    >>> composed("119", "3", "", "19%"), composed("119", others={"year": "1190"})
    ('119 × 3 incl. 19%', '119 or 1190 per year')
    """
    others = others or {}
    if not price and not any(others.values()):
        return price
    price += "".join(f"{OR}{cell}{PER}{lasts}" for lasts, cell in others.items())
    parts = zip((TIMES, LESS, HOLDS), (many, discount, tax), strict=True)
    return price + "".join(f"{mark}{part}" for mark, part in parts if part)


_IN_A_FORMAT = re.compile(r'\[\$([^\]-]*)[^\]]*\]|"([^"]+)"|([€£$¥₹₩])')


@functools.lru_cache
def currency_of_format(number_format: str) -> str:
    """The sign or code of the currency with which a workbook shows a number; "" for none.

    >>> [currency_of_format(one) for one in ('#,##0.00 "€"', "[$$-409]#,##0", "[$USD] 0.00", '0 "seats"')]
    ['€', '$', 'USD', '']
    >>> currency_of_format("[$-407]#,##0.00")  # the language alone
    ''
    """
    found = (next(filter(None, match.groups()), "").strip() for match in _IN_A_FORMAT.finditer(number_format))
    return next((said for said in found if spellings.currency(said)), "")


def currency_of(named: str, own: str, among: Sequence[str]) -> str | None:
    """The currency of an amount, by what its own cell names and what its row does; "" where neither does.

    None where they contradict each other. `among` are those one of which a shared sign may mean.

    >>> currency_of("$", "CAD", []), currency_of("EUR", "", []), currency_of("$", "", ["CAD"])
    ('CAD', 'EUR', 'CAD')
    >>> currency_of("EUR", "USD", [])
    """
    if named and own and not spellings.can_mean(named, own):
        return None
    said = own if own and not spellings.is_shared(own) else named or own
    return spellings.code_of(said, among)


# --- an amount that says more than a number ---------------------------------------------------------

BESIDE = ("currency", "interval")  # the columns that an amount's own text may fill


@dataclass(frozen=True)
class Asked:
    """What is known when an amount is read.

    Attributes:
        decimal_sign: the sign that the other amounts of the column, or the owner, show.
        currencies: the report's own and those with a rate, one of which a shared sign such as $ may mean.
        beside: which of `BESIDE` the table has columns for.
        price_per: what a price pays for, where it does not say so itself: "interval" for what the row says;
            "": a month.
        in_minor_units: whether amounts are in cents.
    """

    decimal_sign: str = ""
    currencies: Sequence[str] = ()
    beside: Sequence[str] = BESIDE
    price_per: str = ""
    in_minor_units: bool = False


@dataclass(frozen=True)
class Said:
    """What an amount's cell says: a month's amount; the currency and the interval that it names, if any.

    `contradicts` says that the row itself names another currency or interval.
    """

    amount: Decimal | None = None
    currency: str | None = None
    interval: str | None = None
    contradicts: bool = False


def said_in(cell: str, currency: str | None, interval: str | None, asked: Asked) -> Said:
    """What a cell says beside the row's own currency and interval; no amount where it cannot be read.

    Where the table has no column for a currency, only the report's own may stand there.

    >>> said_in("1.200 €/Jahr", None, None, Asked(","))
    Said(amount=Decimal('100'), currency='EUR', interval='year', contradicts=False)
    >>> said_in("49000", "EUR", "annual", Asked(price_per="interval", in_minor_units=True)).amount
    Decimal('40.833333')
    >>> said_in("20 × 3", "EUR", None, Asked()).amount
    Decimal('60')
    >>> said_in("100 × 2 − 10% incl. 20%", "EUR", None, Asked()).amount
    Decimal('150')
    >>> said_in("49 or 490", "EUR", "month", Asked()).amount
    >>> [said_in("49 or 490 per year", "EUR", lasts, Asked()).amount for lasts in ("month", "annual", None)]
    [Decimal('49'), Decimal('40.833333'), None]
    >>> said_in("4,900", "JPY", None, Asked()).amount, said_in("4,900", "EUR", None, Asked()).amount
    (Decimal('4900'), None)
    >>> said_in("$49", "CAD", None, Asked()).contradicts, said_in("$49", "EUR", None, Asked()).contradicts
    (False, True)
    """
    rest, _, tax = cell.partition(HOLDS)
    rest, _, discount = rest.partition(LESS)
    prices, _, many = rest.partition(TIMES)
    price, pays_for = _of_its_interval(prices, interval or "", asked)
    found, paid_times = _money_in(price, currency, asked), written.amount(many or "1", asked.decimal_sign)
    if found is None or paid_times is None or (found.interval and "interval" not in asked.beside):
        return Said()
    named = spellings.code_of(found.currency, [one for one in asked.currencies if one])
    if named and "currency" not in asked.beside and named not in asked.currencies[:1]:
        return Said()
    own = spellings.interval(interval or "")
    named_interval = found.interval or pays_for
    if pays_for and named_interval != pays_for:
        return Said()
    lasts = named_interval or (own if asked.price_per == "interval" else spellings.interval(asked.price_per))
    if asked.price_per and not lasts:
        return Said()
    amount = _without(found.amount * paid_times, discount, asked, is_inside=False)
    amount = None if amount is None else _without(amount, tax, asked, is_inside=True)
    if amount is None:
        return Said()
    if asked.in_minor_units:
        amount = major(amount, named or currency or next(iter(asked.currencies), ""))
    amount = monthly(amount, *lasts) if lasts else amount if _fits(amount) else in_sixths(amount)
    contradicts = bool(
        (named and currency and not spellings.can_mean(named, currency))
        or (named_interval and own and own != named_interval)
    )
    return Said(amount, named or None, named_interval and spellings.in_words(*named_interval), contradicts)


def _of_its_interval(prices: str, interval: str, asked: Asked) -> tuple[str, tuple[str, int] | None]:
    """Which of a row's prices for several intervals it pays, and for how long; "" where nothing tells.

    Its interval tells, or that only one of them is there.
    """
    first, *others = _ALTERNATIVE.split(prices)
    if not others:
        return first, None
    by_length = {
        spellings.interval(lasts): cell for cell, _, lasts in (one.rpartition(PER) for one in others)
    }
    if None in by_length:  # no words of ours
        return "", None
    there = [(first, None), *((cell, lasts) for lasts, cell in by_length.items())]
    filled = [one for one in there if one[0].strip() and written.amount(one[0], asked.decimal_sign) != 0]
    own = spellings.interval(interval)
    paid = (by_length[own], own) if own in by_length else (first, None)
    if own:
        return paid if paid in filled or not filled else ("", None)
    if interval or len(filled) > 1:
        return "", None
    return filled[0] if filled else paid


def _fits(amount: Decimal) -> bool:
    exponent = amount.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -6


def _money_in(price: str, currency: str | None, asked: Asked) -> written.Money | None:
    """An amount as a cell says it; where no unit is smaller than the currency's own, 4,900 has thousands."""
    found = written.money(price, asked.decimal_sign)
    if found is not None or asked.decimal_sign:
        return found
    grouped = written.with_thousands(price)
    among = [one for one in asked.currencies if one]
    said = (grouped.currency if grouped else "") or currency or next(iter(among), "")
    code = spellings.code_of(spellings.currency(said) or said, among)
    return None if have_minor_unit(code) else grouped


def _without(amount: Decimal, part: str, asked: Asked, *, is_inside: bool) -> Decimal | None:
    """An amount less a part of it, given as an amount or a share; None where that cannot be read.

    A tax that is inside is a share of what is left, a discount one of the whole.
    """
    if not part:
        return amount
    share = share_of(part, asked.decimal_sign)
    if share is None:
        found = None if part.endswith(("%", PER_CENT)) else written.money(part, asked.decimal_sign)
        return None if found is None else amount - abs(found.amount)
    return amount / (1 + share) if is_inside else amount * (1 - share)


def share_of(part: str, decimal_sign: str) -> Decimal | None:
    """A share of an amount, as a percentage or a number whose heading says so (`PER_CENT`); None for none.

    >>> share_of("19%", "."), share_of(f"0.19{PER_CENT}", "."), share_of("9.50", ".")
    (Decimal('0.19'), Decimal('0.19'), None)
    """
    is_by_heading = part.endswith(PER_CENT)
    said = part.removesuffix(PER_CENT).removesuffix("%").strip()
    number = written.amount(said, decimal_sign) if said != part else None
    if number is None or not 0 <= number <= 100 or (is_by_heading and number == 1):
        return None
    return number if is_by_heading and number < 1 else number / 100

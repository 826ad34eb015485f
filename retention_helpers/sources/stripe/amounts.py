"""Stripe's amounts: integers in the smallest unit, which for two currencies is not that of the standard."""

import re
from decimal import Decimal, InvalidOperation

from retention_helpers.sources.prices import MONTHS_PER, major

# Stripe counts two as before ISO 4217 took their cents away; the ariary has fifths there, and none here.
_OTHER_PLACES = {"ISK": 2, "UGX": 2, "MGA": 0}


def major_units(minor: object, currency: str) -> Decimal | None:
    """An amount of Stripe in major units; None for what is no number.

    >>> major_units(4900, "eur"), major_units(4900, "jpy"), major_units("0.5", "usd")
    (Decimal('49'), Decimal('4900'), Decimal('0.005'))
    >>> major_units(4900, "isk"), major_units(None, "usd")
    (Decimal('49'), None)
    """
    try:
        amount = Decimal(str(minor))
    except InvalidOperation:
        return None
    places = _OTHER_PLACES.get(currency.upper())
    return major(amount, currency) if places is None else amount / 10**places


def months_of(interval: str, count: int = 1) -> Decimal:
    """How many months a billing interval lasts. Raises KeyError for one that Stripe does not have.

    >>> months_of("month", 3), months_of("year")
    (Decimal('3'), Decimal('12'))
    """
    return MONTHS_PER[interval] * count


def interval_words(interval: str, count: int = 1) -> str:
    """A billing interval as the contract writes it.

    >>> interval_words("month"), interval_words("month", 6), interval_words("month", 12)
    ('month', '6 months', 'year')
    """
    if (interval, count) == ("month", 12):
        return "year"
    return interval if count == 1 else f"{count} {interval}s"


def interval_of(words: str) -> tuple[str, int]:
    """A billing interval as a person writes it. Raises KeyError for one that Stripe does not have.

    >>> interval_of("Monthly"), interval_of("every 3 months"), interval_of("year")
    (('month', 1), ('month', 3), ('year', 1))
    """
    found = re.fullmatch(r"(?:every )?(\d+)?[ -]?(day|week|month|year|dai)(?:s|ly)?", words.strip().lower())
    if found is None:
        raise KeyError(words)
    return found[2].replace("dai", "day"), int(found[1] or 1)

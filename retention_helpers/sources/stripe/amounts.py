"""Stripe's amounts: integers in the smallest unit, which for two currencies is not that of the standard."""

import functools
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

from retention_helpers.sources.prices import MONTHS_PER, major
from retention_helpers.words import spellings

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
        amount = Decimal(minor if isinstance(minor, int | Decimal) else str(minor))
    except InvalidOperation:
        return None
    return amount / _minor_units_of(currency)


@functools.lru_cache
def _minor_units_of(currency: str) -> Decimal:
    """How many of the smallest unit are one of a currency."""
    places = _OTHER_PLACES.get(currency.upper())
    return Decimal(int(1 / major(Decimal(1), currency)) if places is None else 10**places)


def units_of(quantity: Decimal, transform: Mapping[str, Any]) -> Decimal:
    """How many units of a price a quantity is, where it is sold in packages (`transform_quantity`).

    >>> units_of(Decimal(250), {"divide_by": 100, "round": "up"}), units_of(Decimal(250), {})
    (Decimal('3'), Decimal('250'))
    """
    if not transform:
        return quantity
    rounding = ROUND_CEILING if transform["round"] == "up" else ROUND_FLOOR
    return (quantity / Decimal(str(transform["divide_by"]))).quantize(Decimal(1), rounding)


def in_tiers(quantity: Decimal, tiers: Sequence[Mapping[str, Any]], mode: str) -> Decimal:
    """What a quantity costs in the smallest unit: every unit by its own tier, or all by the last (volume).

    >>> tiers = [{"up_to": 10, "unit_amount": 500, "flat_amount": 100}, {"up_to": None, "unit_amount": 400}]
    >>> in_tiers(Decimal(12), tiers, "graduated"), in_tiers(Decimal(12), tiers, "volume")
    (Decimal('5900'), Decimal('4800'))
    """
    below, total = Decimal(0), Decimal(0)
    for tier in tiers:
        top = Decimal("Infinity") if tier.get("up_to") in (None, "inf") else Decimal(str(tier["up_to"]))
        units = quantity if mode == "volume" else min(quantity, top) - below
        own = units * _of_tier(tier, "unit_amount") + _of_tier(tier, "flat_amount")
        total = own if mode == "volume" else total + own
        below = top
        if quantity <= top:
            break
    return total


def _of_tier(tier: Mapping[str, Any], name: str) -> Decimal:
    found = tier.get(f"{name}_decimal")
    return Decimal(str((tier.get(name) if found is None else found) or 0))


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
    return spellings.named_interval(f"{count} {interval}s") or interval


def interval_of(words: str) -> tuple[str, int]:
    """A billing interval as a person writes it. Raises KeyError for one that Stripe does not have.

    >>> interval_of("Monthly"), interval_of("every 3 months"), interval_of("year")
    (('month', 1), ('month', 3), ('year', 1))
    """
    found = spellings.interval(words)
    if found is None:
        raise KeyError(words)
    return found

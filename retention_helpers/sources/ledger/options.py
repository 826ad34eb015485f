"""What an owner says of a ledger, beside its `path`."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from retention_helpers.sources.described import MINOR, UNITS
from retention_helpers.sources.ledger.charges import Length
from retention_helpers.sources.ledger.rhythm import ONCE, Label, labels_said
from retention_helpers.sources.ledger.tools import OURS
from retention_helpers.sources.ledger.words import STATES
from retention_helpers.words import spellings
from retention_helpers.words.errors import InputError, nearest

OPTIONS = ("columns", "values", "rhythms", "price_in", "tax_inside", "until", "on_hold")
_ONCE = "once"
# What a subscription that has been on hold for long is: its last order was not paid, or it was put there by
# hand after that had been paid.
UNPAID, BY_HAND = "unpaid", "by hand"
HOLDS = (UNPAID, BY_HAND)


@dataclass(frozen=True)
class Options:
    """The owner's words for what a ledger cannot say.

    Attributes:
        columns: the headings of the columns, by what they hold.
        states: what the words of the column of states mean, in small letters.
        rhythms: how long a product, or a product at a price, pays for.
        in_minor_units: whether amounts are in cents; None where that is not said.
        tax_inside: the column of the tax that is in the amounts, or its per cent; `none`; "" where that is
            not said.
        until: the last day of which the ledger knows; None for that of its last row.
        on_hold: one of `HOLDS`, of subscriptions of WooCommerce; "" where that is not said.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    rhythms: Mapping[Label, Length] = field(default_factory=dict)
    in_minor_units: bool | None = None
    tax_inside: str = ""
    until: dt.date | None = None
    on_hold: str = ""


def options_of(said: Mapping[str, Any]) -> Options:
    """The options as they stand in `retention.yml`. Raises InputError for one that cannot be meant."""
    columns = said.get("columns") or {}
    for ours in columns:
        if ours not in OURS:
            raise InputError(f"ledger: columns: {ours} is no column of a ledger. {nearest(str(ours), OURS)}")
    states = {
        str(word).lower(): str(ours) for word, ours in (said.get("values") or {}).get("status", {}).items()
    }
    for word, ours in states.items():
        if ours not in STATES:
            raise InputError(f"ledger: values: {word} is {ours}. {nearest(ours, STATES)}")
    rhythms = said.get("rhythms") or {}
    if not isinstance(rhythms, dict):
        raise InputError(
            "ledger: rhythms should be products with their length, such as {Pro: month, Lifetime: once}."
        )
    price_in, until = said.get("price_in"), said.get("until")
    if price_in not in (None, *UNITS):
        raise InputError(f"ledger: price_in is {price_in}, and can only be `{'` or `'.join(UNITS)}`.")
    if until is not None and not isinstance(until, dt.date):
        raise InputError(f"ledger: until is {until}. Write a day such as 2026-10-31.")
    on_hold = str(said.get("on_hold") or "")
    if on_hold not in ("", *HOLDS):
        raise InputError(f"ledger: on_hold is {on_hold}, and can only be `{'` or `'.join(HOLDS)}`.")
    return Options(
        columns,
        states,
        {
            one: _length(str(said), str(word))
            for said, word in rhythms.items()
            for one in labels_said(str(said))
        },
        None if price_in is None else price_in == MINOR,
        str(said.get("tax_inside") or ""),
        until,
        on_hold,
    )


def _length(label: str, word: str) -> Length:
    if word.lower() == _ONCE:
        return ONCE
    found = spellings.interval(word)
    if found is None:
        raise InputError(f"ledger: rhythms: {label} is {word}. Write week, month, quarter, year or once.")
    return found

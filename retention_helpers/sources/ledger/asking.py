"""What only an owner knows of a ledger, as questions whose answers each come with what follows from them."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Stopped
from retention_helpers.sources.interface import Order, Rows
from retention_helpers.sources.ledger import woocommerce
from retention_helpers.sources.ledger.charges import Length
from retention_helpers.sources.ledger.entries import PAYMENT_COLUMNS, Ledger, read_ledger
from retention_helpers.sources.ledger.options import options_of
from retention_helpers.sources.ledger.rhythm import Unknown, rhythms_of, unknown_of
from retention_helpers.sources.prices import monthly
from retention_helpers.sources.questions import Choice, Question
from retention_helpers.words import spellings, written
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import money, plural

FOUR = {  # what has to be known of a ledger, as it is asked
    "customer_id": "who paid (an id or an e-mail)",
    "charged_at": "the day of the payment",
    "amount": "what was paid",
    "product": "what was bought (leave it empty for none)",
}
_LENGTHS: Sequence[Length] = (("month", 1), ("month", 3), ("year", 1), ("week", 1))
_MOSTLY = 0.8


def may_hold_charges(lines: Sequence[Sequence[str]]) -> bool:
    """Whether the lines below a header have a column of days, and one of amounts."""
    columns = list(zip(*(line for line in lines[1:] if len(line) == len(lines[0])), strict=False))
    return any(map(_are_days, columns)) and any(map(_are_amounts, columns))


def _are_days(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    days = [cell for cell in filled if written.instant(cell) or written.is_ambiguous(cell)]
    return len(days) >= max(1, _MOSTLY * len(cells))


def _are_amounts(cells: Sequence[str]) -> bool:
    found = [cell for cell in cells if cell and written.money(cell, ".") and not written.instant(cell)]
    return len(found) >= max(1, _MOSTLY * len(cells))


def doubt_of(files: Sequence[Path], said: Mapping[str, Any], settings: Settings) -> Question | None:
    """The first thing that can be meant in two ways and stops a reading; None for none."""
    with _ordered(files, said, settings) as order:
        try:
            is_list = woocommerce.are_of_it(order)
            doubts = [woocommerce.doubt_of(order)] if is_list else _read(order).doubts
        except (InputError, Stopped):
            return None
    doubt = next(iter(doubts), None)
    if doubt is None:
        return None
    choices = [Choice(one.word, one.line, one.outcome, options=one.options) for one in doubt.answers]
    return Question(f"{_begun_large(doubt.what)}. Which is it?", choices)


def _begun_large(said: str) -> str:
    return said[:1].upper() + said[1:]


def unknown_rhythms(files: Sequence[Path], said: Mapping[str, Any], settings: Settings) -> list[Unknown]:
    """The products and prices of which nobody can tell how long they pay for; none where something else
    stops.
    """
    with _ordered(files, said, settings) as order:
        try:
            options, ledger = options_of(said), _read(order)
        except (InputError, Stopped):
            return []
        until = options.until or ledger.until
        if ledger.is_stopped or until is None:
            return []
        accounts = ledger.accounts.values()
        return unknown_of(accounts, rhythms_of(accounts, options.rhythms, until, settings.dunning_days))


@contextmanager
def _ordered(files: Sequence[Path], said: Mapping[str, Any], settings: Settings) -> Iterator[Order]:
    with tempfile.TemporaryDirectory(prefix="retention-ledger-") as scratch:
        yield Order(files, Path(scratch), settings, said)


def _read(order: Order) -> Ledger:
    with Rows(order.into / "payments.parquet", PAYMENT_COLUMNS) as payments:
        return read_ledger(order, options_of(order.options), payments)


def question_of(unknown: Unknown) -> Question:
    """How long a charge pays for, with what it would be a month."""
    charge = unknown.first
    choices = [_choice(unknown, length) for length in _LENGTHS]
    once = Choice("once", "", "no subscription, in no month", options={unknown.label: "once"})
    return Question(
        f"How long does “{unknown.label}” pay for? It was paid {plural(unknown.charges, 'time')}, such as "
        f"{money(charge.amount, charge.currency)} on {charge.on}, and too seldom again to tell.",
        [*choices, once],
    )


def _choice(unknown: Unknown, length: Length) -> Choice:
    charge = unknown.first
    a_month = money(round(monthly(charge.amount, *length), 2), charge.currency)
    word = "quarter" if length == ("month", 3) else spellings.in_words(*length)
    return Choice(word, "", f"{a_month} a month", options={unknown.label: word})

"""What an owner says of a sheet with a column a month, beside its `path`."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from retention_helpers.contract.yaml_files import as_written
from retention_helpers.sources.months.columns import KNOWN
from retention_helpers.words import calendar, written
from retention_helpers.words.errors import InputError, nearest

NEVER, REAL = "never", "real"


@dataclass(frozen=True)
class Options:
    """The owner's words for what a sheet cannot say.

    Attributes:
        columns: the headings of the columns beside the months, by what they hold.
        prices: what a plan or a cross costs a month.
        cells: what texts in the months mean.
        first_month: the month of the first column, such as 2026-01.
        until: the first day of the last month that is filled in to its end.
        yearly_from: the least amount that pays for a year.
        says_yearly: whether that question is answered.
        says_paces: whether gaps of the same length are real.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    cells: Mapping[str, str] = field(default_factory=dict)
    first_month: str = ""
    until: dt.date | None = None
    yearly_from: Decimal | None = None
    says_yearly: bool = False
    says_paces: bool = False


def options_of(said: Mapping[str, Any]) -> Options:
    """The options as they stand in `retention.yml`. Raises InputError for one that cannot be meant."""
    columns = said.get("columns") or {}
    for ours in columns:
        if ours not in KNOWN:
            raise InputError(
                f"months: columns: {ours} is no column that a sheet of months has. "
                f"{nearest(str(ours), KNOWN)}"
            )
    yearly = said.get("yearly_from")
    gaps = said.get("gaps")
    if gaps not in (None, REAL):
        raise InputError(f"months: gaps is {gaps}, and can only be `{REAL}`.")
    return Options(
        columns,
        {word: _amount("prices", price) for word, price in _words(said, "prices").items()},
        {word: str(meant) for word, meant in _words(said, "cells").items()},
        f"{calendar.first_of(str(said['first_month'])):%Y-%m}" if said.get("first_month") else "",
        calendar.first_of(str(said["until"])) if said.get("until") else None,
        None if yearly in (None, NEVER) else _amount("yearly_from", yearly),
        says_yearly=yearly is not None,
        says_paces=gaps is not None,
    )


def _words(said: Mapping[str, Any], option: str) -> dict[str, Any]:
    found = said.get(option) or {}
    if not isinstance(found, dict) or any(isinstance(value, dict | list) for value in found.values()):
        raise InputError(
            f"months: {option} should be words, each with what it means, not {as_written(found)}."
        )
    return found


def _amount(option: str, said: Any) -> Decimal:
    amount = written.amount(str(said), ".")
    if amount is None or amount <= 0:
        raise InputError(f"months: {option}: {as_written(said)} is no amount. Write one such as 49.90.")
    return amount

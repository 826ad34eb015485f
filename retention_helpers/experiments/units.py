"""The units of this room's columns, and the frames that its measures declare."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pandas as pd

from retention_helpers.shown import units
from retention_helpers.shown.units import (
    COUNT,
    NUMBER,
    POINTS,
    TENTHS,
    TEXT,
    Column,
    Unit,
    column_of,
    columns_of,
    one_of,
    or_null,
)
from retention_helpers.words import formats

NEVER = 120  # months; what takes longer is said to be never
NAME = replace(TEXT, write=formats.words)  # of an experiment
MONTH = replace(
    units.MONTH, node=or_null({"type": "string", "pattern": r"^\d{4}-\d{2}$"}), plain=lambda month: month
)
VERDICT = one_of("better", "worse", "no large effect", "cannot tell yet", "not interpretable")
GIVEN_POINTS = POINTS.within(type="number")  # never missing
MONTHS = replace(TENTHS, write=lambda months: "never" if not months <= NEVER else formats.tenths(months))
ABOUT = replace(COUNT, node=NUMBER.node)  # a count, or what an effective number is rounded to
SPLIT = one_of("ok", "broken")


def hidden(**known: Unit) -> dict[str, Column]:
    """Columns for the record alone."""
    return {name: unit(is_shown=False) for name, unit in known.items()}


def framed(measure: Callable[..., Any], rows: Iterable[tuple[Any, ...]]) -> pd.DataFrame:
    """Rows as a frame with the columns that a measure declares; the ends of an interval follow its value."""
    declared = columns_of(measure)
    names = [
        f"{name}{end}"
        for name in declared
        for end in (("", "_low", "_high") if column_of(declared, name).unit.has_ends else ("",))
    ]
    return pd.DataFrame(list(rows), columns=names)

"""Tables for people: words for verdicts, steps and chances."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from retention_helpers.churned_vs_retained.adjusted import CONFIRMED
from retention_helpers.churned_vs_retained.univariate import AUC, NOT_SEEN, SEEN
from retention_helpers.shown.figures.forest import HOLDS_UP
from retention_helpers.shown.units import COUNT, NUMBER, POINTS, TEXT, Column, Unit, columns
from retention_helpers.statistics.intervals import rate
from retention_helpers.words import formats

Rows = Callable[[Any], pd.DataFrame]


def _each(rows: Rows, /, **declared: Unit | Column) -> Callable[[Callable[[Any], tuple[Any, ...]]], Rows]:
    """Makes a table with these columns of a function that writes one of its rows.

    `rows` of what was measured are written; also where there are none.
    """

    def of(write: Callable[[Any], tuple[Any, ...]]) -> Rows:
        @columns(**declared)
        @functools.wraps(write)
        def table(found: Any) -> pd.DataFrame:
            written = [write(row) for row in rows(found).itertuples(index=False)]
            return pd.DataFrame(written, columns=list(declared), dtype=object)

        return table

    return of


def _all(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def _seen(together: pd.DataFrame) -> pd.DataFrame:
    """What was seen alone, one of those that move together; what they name by its label."""
    label = dict(zip(together["name"], together["label"], strict=True))
    rows = together[(together["seen"] == SEEN) & together["leads"]]
    names = {name: rows[name].map(functools.partial(labelled, label)) for name in _NAMING}
    return rows.assign(**names)


def _not_seen(together: pd.DataFrame) -> pd.DataFrame:
    """With `missed`: the largest difference, either way, that may be there; the smallest first."""
    rows = together[together["verdict"] == NOT_SEEN]
    missed = rows[["difference_low", "difference_high"]].astype(float).abs().max(axis=1)
    return rows.assign(missed=missed).sort_values("missed", kind="stable")


_NAMING = ("explained_by", "works_through", "moves_with")


@_each(
    _all, what=TEXT, on_its_own=TEXT, effect=TEXT, those_who_left=TEXT, those_who_stayed=TEXT, strength=TEXT,
    by_chance=TEXT, customers=COUNT, when_known=TEXT,
)  # fmt: skip
def alone(row: Any) -> tuple[Any, ...]:
    """Each driver on its own: those who left and those who stayed, effect, chance, whether it was seen."""
    by_chance = formats.number(row.strength), formats.p_value(row.q_value)
    return what(row), row.seen, effect(row), *_typical(row), *by_chance, row.customers, row.tier


@_each(_all, what=TEXT, level=TEXT, left=TEXT, against_the_rest=TEXT, verdict=TEXT)
def levels(row: Any) -> tuple[Any, ...]:
    """The risk at each level, and how far it lies from that of all other levels of the same kind."""
    return row.by, row.level, _left(row.lost, row.customers), _difference(row), row.verdict


@_each(
    _seen, label=TEXT("What"), verdict=TEXT, chance_of_leaving=TEXT, explained_by=TEXT, works_through=TEXT,
    moves_with=TEXT, hazard_ratio=NUMBER(is_shown=False), hazard_low=NUMBER(is_shown=False),
    hazard_high=NUMBER(is_shown=False),
)  # fmt: skip
def beside(row: Any) -> tuple[Any, ...]:
    """What was seen alone, one of those that move together: hazard ratio beside the others, verdict, ways."""
    ends = row.hazard_ratio, row.hazard_low, row.hazard_high
    label = f"{what(row)} ({step(row)})"
    return label, verdict(row), ratio(row), row.explained_by, row.works_through, row.moves_with, *ends


@_each(
    _not_seen, what=TEXT, left=TEXT, left_of_the_others=TEXT, difference=TEXT, could_have_been_missed=TEXT,
    label=TEXT(is_shown=False), missed=POINTS(is_shown=False),
)  # fmt: skip
def not_seen(row: Any) -> tuple[Any, ...]:
    """What was not seen to differ: the difference found, and how large a one could have been missed."""
    left, others = _left(row.level_lost, row.level_customers), _left(row.rest_lost, row.rest_customers)
    missed = f"up to {points(row.missed)}"
    return f"{row.label}: {row.level}", left, others, _difference(row), missed, row.label, row.missed


@_each(
    _all, counted=TEXT, over_whole_lives=TEXT, by_chance=TEXT, up_to_the_landmark=TEXT, by_chance_there=TEXT
)
def whole_lives(row: Any) -> tuple[Any, ...]:
    """Whole lives beside the same counts up to the landmark."""
    ever = _both(row.typical_left, row.typical_stayed), formats.chance(row.p_value)
    by_landmark = _both(row.landmark_typical_left, row.landmark_typical_stayed)
    return row.measure, *ever, by_landmark, formats.chance(row.landmark_p_value)


@_each(_all, what=TEXT, worse_side=TEXT, left=TEXT, left_if_nobody_were_there=TEXT, difference=TEXT)
def worth(row: Any) -> tuple[Any, ...]:
    """What each driver would be worth: who is on its worse side, the risk, and the risk without it."""
    side = f"{row.worse}: {formats.count(row.worse_customers)} of {formats.count(row.customers)}"
    left = formats.rate(row.risk, row.risk_low, row.risk_high)
    left_if = formats.rate(row.risk_if, row.risk_if_low, row.risk_if_high)
    return row.label, side, left, left_if, _points(-row.fewer, -row.fewer_high, -row.fewer_low)


@_each(
    lambda found: found.held, threshold=TEXT, left_of_those_who_reach_it=TEXT, left_of_those_below=TEXT,
    difference=TEXT, by_chance=TEXT,
)  # fmt: skip
def thresholds(row: Any) -> tuple[Any, ...]:
    """The thresholds that hold, with what the held-back half says of them."""
    threshold = f"{row.label}: at least {formats.trimmed(row.at_least)}"
    reached, below = _left(row.reached_lost, row.reached), _left(row.below_lost, row.below)
    return threshold, reached, below, _difference(row), formats.p_value(row.p_value)


@_each(
    lambda found: found.drivers, what=TEXT, verdict=TEXT, effect=TEXT, those_who_left=TEXT,
    those_who_stayed=TEXT, by_chance=TEXT, chance_of_leaving=TEXT,
)  # fmt: skip
def established(row: Any) -> tuple[Any, ...]:
    """Established customers: what was different at the month ends before they left."""
    return row.label, verdict(row), effect(row), *_typical(row), formats.p_value(row.q_value), ratio(row)


# --- words


def verdict(row: Any) -> str:
    """A verdict as pages say it."""
    return HOLDS_UP if row.verdict == CONFIRMED else str(row.verdict)


def what(row: Any) -> str:
    """A driver as its difference is given: a category by the level described."""
    return f"{row.label}: {row.level}" if row.kind == "category" else str(row.label)


def labelled(label: Mapping[str, str], names: tuple[str, ...]) -> str:
    """The labels of drivers that a row names; a dash for none."""
    return "; ".join(label[name] for name in names) or formats.MISSING


def step(row: Any) -> str:
    """What a hazard ratio is of."""
    if row.kind == "number":
        return f"for {formats.trimmed(row.step)} more"
    return "yes against no" if row.kind == "yes or no" else "against all others"


def ratio(row: Any) -> str:
    """A hazard ratio with its interval."""
    if formats.is_missing(row.hazard_ratio):
        return formats.MISSING
    return f"{formats.about(row.hazard_ratio, row.hazard_low, row.hazard_high, 2)} ×"


def effect(row: Any) -> str:
    """The effect with its interval: pairs in which the one who left had more, or points of risk."""
    if formats.is_missing(row.effect):
        return formats.MISSING
    if row.scale == AUC:
        low, high = (formats.percent(end, 0) for end in (row.low, row.high))
        return f"{formats.percent(row.effect, 0)} of pairs ({low} to {high})"
    return _points(row.effect, row.low, row.high)


def points(difference: float) -> str:
    """A size of a difference, in percentage points."""
    return f"{formats.number(100 * difference, 1)} points"


def _points(value: float, low: float, high: float) -> str:
    return f"{formats.difference(value, low, high)} points"


def _difference(row: Any) -> str:
    return _points(row.difference, row.difference_low, row.difference_high)


def _left(lost: int, customers: int) -> str:
    risk = rate(lost, customers)
    return f"{formats.rate(risk.value, risk.low, risk.high)} of {formats.count(customers)}"


def _typical(row: Any) -> tuple[str, str]:
    """Of those who left and of those who stayed."""
    write = formats.trimmed if row.kind == "number" else formats.percent
    return write(row.typical_lost), write(row.typical_stayed)


def _both(left: float, stayed: float) -> str:
    return f"left {formats.trimmed(left)}, stayed {formats.trimmed(stayed)}"

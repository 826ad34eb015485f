"""Tables for people: words for verdicts, steps and chances."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from retention_helpers.churned_vs_retained.cuts import Thresholds
from retention_helpers.churned_vs_retained.established import Established
from retention_helpers.churned_vs_retained.univariate import AUC, NOT_SEEN, SEEN
from retention_helpers.shown.units import COUNT, NUMBER, POINTS, TEXT, columns, columns_of
from retention_helpers.statistics.intervals import rate
from retention_helpers.words import formats


def _written(
    table: Callable[..., pd.DataFrame], frame: pd.DataFrame, write: Callable[[Any], tuple[Any, ...]]
) -> pd.DataFrame:
    """A row of the table for each of the frame; also of a frame without rows."""
    rows = [write(row) for row in frame.itertuples(index=False)]
    return pd.DataFrame(rows, columns=list(columns_of(table)), dtype=object)


@columns(
    what=TEXT, on_its_own=TEXT, effect=TEXT, those_who_left=TEXT, those_who_stayed=TEXT, strength=TEXT,
    by_chance=TEXT, customers=COUNT, when_known=TEXT,
)  # fmt: skip
def alone(together: pd.DataFrame) -> pd.DataFrame:
    """Each driver on its own: those who left and those who stayed, effect, chance, whether it was seen."""
    return _written(
        alone,
        together,
        lambda row: (
            what(row), row.seen, effect(row), _typical(row, row.typical_lost),
            _typical(row, row.typical_stayed), formats.number(row.strength), formats.p_value(row.q_value),
            row.customers, row.tier,
        ),
    )  # fmt: skip


@columns(what=TEXT, level=TEXT, left=TEXT, against_the_rest=TEXT, verdict=TEXT)
def levels(found: pd.DataFrame) -> pd.DataFrame:
    """The risk at each level, and how far it lies from that of all other levels of the same kind."""
    return _written(
        levels,
        found,
        lambda row: (row.by, row.level, _left(row.lost, row.customers), _difference(row), row.verdict),
    )


@columns(
    label=TEXT("What"), verdict=TEXT, chance_of_leaving=TEXT, explained_by=TEXT, works_through=TEXT,
    moves_with=TEXT, hazard_ratio=NUMBER(is_shown=False), hazard_low=NUMBER(is_shown=False),
    hazard_high=NUMBER(is_shown=False),
)  # fmt: skip
def beside(together: pd.DataFrame) -> pd.DataFrame:
    """What was seen alone, one of those that move together: hazard ratio beside the others, verdict, ways."""
    return _written(
        beside,
        together[(together["seen"] == SEEN) & together["leads"]],
        lambda row: (
            f"{what(row)} ({step(row)})", row.verdict, ratio(row), labelled(together, row.explained_by),
            labelled(together, row.works_through), labelled(together, row.moves_with), row.hazard_ratio,
            row.hazard_low, row.hazard_high,
        ),
    )  # fmt: skip


@columns(
    what=TEXT, left=TEXT, left_of_the_others=TEXT, difference=TEXT, could_have_been_missed=TEXT,
    label=TEXT(is_shown=False), missed=POINTS(is_shown=False),
)  # fmt: skip
def not_seen(together: pd.DataFrame) -> pd.DataFrame:
    """What was not seen to differ; `missed`: the largest difference, either way, that may be there."""
    rows = together[together["verdict"] == NOT_SEEN]
    missed = rows[["difference_low", "difference_high"]].astype(float).abs().max(axis=1)
    return _written(
        not_seen,
        rows.assign(missed=missed).sort_values("missed", kind="stable"),
        lambda row: (
            f"{row.label}: {row.level}", _left(row.level_lost, row.level_customers),
            _left(row.rest_lost, row.rest_customers), _difference(row), f"up to {points(row.missed)}",
            row.label, row.missed,
        ),
    )  # fmt: skip


@columns(counted=TEXT, over_whole_lives=TEXT, by_chance=TEXT, up_to_the_landmark=TEXT, by_chance_there=TEXT)
def whole_lives(found: pd.DataFrame) -> pd.DataFrame:
    """Whole lives beside the same counts up to the landmark."""
    return _written(
        whole_lives,
        found,
        lambda row: (
            row.measure,
            _both(row.typical_left, row.typical_stayed),
            formats.chance(row.p_value),
            _both(row.landmark_typical_left, row.landmark_typical_stayed),
            formats.chance(row.landmark_p_value),
        ),
    )


@columns(what=TEXT, side=TEXT, day=COUNT, at_risk=COUNT, still_there=TEXT)
def still_there(days: pd.DataFrame) -> pd.DataFrame:
    """The share of each side that is still there, on some days after the landmark."""
    return _written(
        still_there,
        days,
        lambda row: (
            row.by,
            row.side,
            row.day,
            row.at_risk,
            formats.rate(row.still_there, row.still_there_low, row.still_there_high),
        ),
    )


@columns(what=TEXT, worse_side=TEXT, left=TEXT, left_if_nobody_were_there=TEXT, difference=TEXT)
def worth(valued: pd.DataFrame) -> pd.DataFrame:
    """What each driver would be worth: who is on its worse side, the risk, and the risk without it."""
    return _written(
        worth,
        valued,
        lambda row: (
            row.label,
            f"{row.worse}: {formats.count(row.worse_customers)} of {formats.count(row.customers)}",
            formats.rate(row.risk, row.risk_low, row.risk_high),
            formats.rate(row.risk_if, row.risk_if_low, row.risk_if_high),
            _points(-row.fewer, -row.fewer_high, -row.fewer_low),
        ),
    )


@columns(
    threshold=TEXT,
    left_of_those_who_reach_it=TEXT,
    left_of_those_below=TEXT,
    difference=TEXT,
    by_chance=TEXT,
)
def thresholds(found: Thresholds) -> pd.DataFrame:
    """The thresholds that hold, with what the held-back half says of them."""
    return _written(
        thresholds,
        found.held,
        lambda row: (
            f"{row.label}: at least {formats.trimmed(row.at_least)}",
            _left(row.reached_lost, row.reached),
            _left(row.below_lost, row.below),
            _difference(row),
            formats.p_value(row.p_value),
        ),
    )


@columns(
    what=TEXT, verdict=TEXT, effect=TEXT, those_who_left=TEXT, those_who_stayed=TEXT, by_chance=TEXT,
    chance_of_leaving=TEXT,
)  # fmt: skip
def established(found: Established) -> pd.DataFrame:
    """Established customers: what was different at the month ends before they left."""
    return _written(
        established,
        found.drivers,
        lambda row: (
            row.label, row.verdict, effect(row), _typical(row, row.typical_lost),
            _typical(row, row.typical_stayed), formats.p_value(row.q_value), ratio(row),
        ),
    )  # fmt: skip


# --- words


def what(row: Any) -> str:
    """A driver as its difference is given: a category by the level described."""
    return f"{row.label}: {row.level}" if row.kind == "category" else str(row.label)


def labelled(together: pd.DataFrame, names: tuple[str, ...]) -> str:
    """The labels of drivers that a row names; a dash for none."""
    label = dict(zip(together["name"], together["label"], strict=True))
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


def _typical(row: Any, value: float) -> str:
    return formats.trimmed(value) if row.kind == "number" else formats.percent(value)


def _both(left: float, stayed: float) -> str:
    return f"left {formats.trimmed(left)}, stayed {formats.trimmed(stayed)}"

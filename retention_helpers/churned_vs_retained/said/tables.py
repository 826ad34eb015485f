"""The tables of the comparison as the page shows them: words for verdicts, steps and chances."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from retention_helpers.churned_vs_retained.cuts import Thresholds
from retention_helpers.churned_vs_retained.univariate import AUC, NOT_SEEN, SEEN
from retention_helpers.statistics.intervals import rate
from retention_helpers.words import formats

Columns = Mapping[str, Callable[[Any], Any]]


def _shown(frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """A table with these columns, each written from a row; also of a frame without rows."""
    rows = list(frame.itertuples(index=False))
    return pd.DataFrame({name: [write(row) for row in rows] for name, write in columns.items()}, dtype=object)


def what(row: Any) -> str:
    """A driver as its difference is given: a category by the level described."""
    return f"{row.label}: {row.level}" if row.kind == "category" else str(row.label)


def labelled(together: pd.DataFrame, names: Sequence[str]) -> str:
    """The labels of drivers that a row names; a dash for none."""
    label = dict(zip(together["name"], together["label"], strict=True))
    return "; ".join(label[name] for name in names) or formats.MISSING


def alone(frame: pd.DataFrame) -> pd.DataFrame:
    """Each driver on its own: those who left and those who stayed, effect, chance, whether it was seen."""
    return _shown(
        frame,
        {
            "what": what,
            "on_its_own": lambda row: row.seen,
            "effect": effect,
            "those_who_left": lambda row: _typical(row, row.typical_lost),
            "those_who_stayed": lambda row: _typical(row, row.typical_stayed),
            "strength": lambda row: formats.number(row.strength),
            "by_chance": lambda row: formats.p_value(row.q_value),
            "customers": lambda row: row.customers,
            "when_known": lambda row: row.tier,
        },
    )


def _typical(row: Any, value: float) -> str:
    return formats.trimmed(value) if row.kind == "number" else formats.percent(value)


def effect(row: Any) -> str:
    """The effect with its interval: pairs in which the one who left had more, or points of risk."""
    if formats.is_missing(row.effect):
        return formats.MISSING
    if row.scale == AUC:
        low, high = (formats.percent(end, 0) for end in (row.low, row.high))
        return f"{formats.percent(row.effect, 0)} of pairs ({low} to {high})"
    return _points(row.effect, row.low, row.high)


def _points(value: float, low: float, high: float) -> str:
    return f"{formats.difference(value, low, high)} points"


def _difference(row: Any) -> str:
    return _points(row.difference, row.difference_low, row.difference_high)


def _left(lost: int, customers: int) -> str:
    risk = rate(lost, customers)
    return f"{formats.rate(risk.value, risk.low, risk.high)} of {formats.count(customers)}"


def levels(frame: pd.DataFrame) -> pd.DataFrame:
    """The risk at each level, and how far it lies from that of all other levels of the same kind."""
    return _shown(
        frame,
        {
            "what": lambda row: row.by,
            "level": lambda row: row.level,
            "left": lambda row: _left(row.lost, row.customers),
            "against_the_rest": _difference,
            "verdict": lambda row: row.verdict,
        },
    )


def together(frame: pd.DataFrame) -> pd.DataFrame:
    """The verdicts on what was seen alone, one of those that move together: hazard ratio, verdict, ways."""
    return _shown(
        forest(frame),
        {
            "what": lambda row: row.label,
            "verdict": lambda row: row.verdict,
            "chance_of_leaving": ratio,
            "explained_by": lambda row: labelled(frame, row.explained_by),
            "works_through": lambda row: labelled(frame, row.works_through),
            "moves_with": lambda row: labelled(frame, row.moves_with),
        },
    )


def forest(frame: pd.DataFrame) -> pd.DataFrame:
    """What was seen alone, one of those that move together, labelled by what its ratio is of."""
    chosen = frame[(frame["seen"] == SEEN) & frame["leads"]]
    labels = [f"{what(row)} ({step(row)})" for row in chosen.itertuples()]
    return chosen.assign(label=labels).reset_index(drop=True)


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


def unseen(frame: pd.DataFrame) -> pd.DataFrame:
    """What was not seen to differ, with `missed`: the largest difference, either way, that may be there."""
    rows = frame[frame["verdict"] == NOT_SEEN]
    missed = rows[["difference_low", "difference_high"]].astype(float).abs().max(axis=1)
    return rows.assign(missed=missed).sort_values("missed", kind="stable").reset_index(drop=True)


def points(difference: float) -> str:
    """A size of a difference, in percentage points."""
    return f"{formats.number(100 * difference, 1)} points"


def not_seen(frame: pd.DataFrame) -> pd.DataFrame:
    """What was not seen to differ: the difference found, and how large a one could have been missed."""
    return _shown(
        unseen(frame),
        {
            "what": lambda row: f"{row.label}: {row.level}",
            "left": lambda row: _left(row.level_lost, row.level_customers),
            "left_of_the_others": lambda row: _left(row.rest_lost, row.rest_customers),
            "difference": _difference,
            "could_have_been_missed": lambda row: f"up to {points(row.missed)}",
        },
    )


def without_landmark(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole lives beside the same counts up to the landmark."""
    return _shown(
        frame,
        {
            "counted": lambda row: row.measure,
            "over_whole_lives": lambda row: _both(row.typical_left, row.typical_stayed),
            "by_chance": lambda row: formats.chance(row.p_value),
            "up_to_the_landmark": lambda row: _both(row.landmark_typical_left, row.landmark_typical_stayed),
            "by_chance_there": lambda row: formats.chance(row.landmark_p_value),
        },
    )


def _both(left: float, stayed: float) -> str:
    return f"left {formats.trimmed(left)}, stayed {formats.trimmed(stayed)}"


def still_there(curves: pd.DataFrame) -> pd.DataFrame:
    """The share of each side that is still there, on some days after the landmark."""
    return _shown(
        curves,
        {
            "what": lambda row: row.by,
            "side": lambda row: row.side,
            "day": lambda row: row.day,
            "at_risk": lambda row: row.at_risk,
            "still_there": lambda row: formats.rate(
                row.still_there, row.still_there_low, row.still_there_high
            ),
        },
    )


def worth(valued: pd.DataFrame) -> pd.DataFrame:
    """What each driver would be worth: who is on its worse side, the risk, and the risk without it."""
    return _shown(
        valued,
        {
            "what": lambda row: row.label,
            "worse_side": lambda row: f"{row.worse}: {_of(row.worse_customers, row.customers)}",
            "left": lambda row: formats.rate(row.risk, row.risk_low, row.risk_high),
            "left_if_nobody_were_there": lambda row: formats.rate(
                row.risk_if, row.risk_if_low, row.risk_if_high
            ),
            "difference": lambda row: _points(-row.fewer, -row.fewer_high, -row.fewer_low),
        },
    )


def _of(part: int, whole: int) -> str:
    return f"{formats.count(part)} of {formats.count(whole)}"


def thresholds(found: Thresholds) -> pd.DataFrame:
    """The thresholds that hold, with what the held-back half says of them."""
    return _shown(
        found.held,
        {
            "threshold": lambda row: f"{row.label}: at least {formats.trimmed(row.at_least)}",
            "left_of_those_who_reach_it": lambda row: _left(row.reached_lost, row.reached),
            "left_of_those_below": lambda row: _left(row.below_lost, row.below),
            "difference": _difference,
            "by_chance": lambda row: formats.p_value(row.p_value),
        },
    )


def established(frame: pd.DataFrame) -> pd.DataFrame:
    """Established customers: what was different at the month ends before they left."""
    return _shown(
        frame,
        {
            "what": lambda row: row.label,
            "verdict": lambda row: row.verdict,
            "effect": effect,
            "those_who_left": lambda row: _typical(row, row.typical_lost),
            "those_who_stayed": lambda row: _typical(row, row.typical_stayed),
            "by_chance": lambda row: formats.p_value(row.q_value),
            "chance_of_leaving": ratio,
        },
    )

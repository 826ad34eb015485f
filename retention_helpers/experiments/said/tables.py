"""The tables of the page: the measured frames with what a reader needs in words."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.reading import (
    Reading,
    arms_of,
    comparisons_of,
    curves_of,
    guardrails_of,
    path_of,
)
from retention_helpers.experiments.said import wording
from retention_helpers.experiments.split import split_checks
from retention_helpers.experiments.units import MONTH, MONTHS, NAME, framed
from retention_helpers.shown.units import COUNT, DAY, TENTHS, TEXT, columns, columns_of
from retention_helpers.words import formats

__all__ = ["curve_outcomes"]

QUARTERS = 4  # of the way to the outcome's day
ENDS = ("", "_low", "_high")
FEWEST_RELATED = 5  # successes of the control; nothing is a useful part of fewer
_CALLED = TEXT("Experiment")
_WRITTEN = replace(TEXT, is_number=True)  # in points, or in the currency


def _first(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    return frame[[*names, *(name for name in frame if name not in names)]]


def _called(frame: pd.DataFrame, plans: Mapping[str, Plan]) -> list[str]:
    return [plans[name].called(arm) for name, arm in zip(frame["experiment"], frame["arm"], strict=True)]


def _together(word: str) -> str:
    """A few words that stay on one line."""
    return word.replace(" ", "\u00a0")


def _with_p(where: object, p_value: float) -> str:
    if formats.is_missing(where):
        return formats.MISSING
    return f"{where}, {_together(f'p {formats.p_value(p_value)}')}"


@columns(
    experiment=NAME, outcome=TEXT, baseline_rate=_WRITTEN("Baseline"), smallest_effect=_WRITTEN,
    per_arm=COUNT, in_all=COUNT, customers_a_month=TENTHS, months=MONTHS,
    ends_on=DAY.or_null("Planned end"), frozen_in=MONTH,
)  # fmt: skip
def planned(plans: Mapping[str, Plan]) -> pd.DataFrame:
    """One row per experiment that is not over; frozen_in is the month whose report froze it.

    Of one for the top share of customers nobody comes in by the month.
    """
    return framed(
        planned,
        (
            (name, plan.design.outcome.words, wording.level(plan, plan.baseline),
             wording.effect(plan, plan.smallest_effect), plan.size, plan.in_all,
             math.nan if plan.design.is_of_the_top else plan.a_month, plan.months,
             plan.planned_end, plan.frozen_in)
            for name, plan in plans.items()
            if plan.design.ended_on is None
        ),
    )  # fmt: skip


@columns(
    **columns_of(split_checks), month=TEXT("Worst month"), attribute=TEXT("Worst attribute"), left_out=COUNT
)
def checks(reading: Reading) -> pd.DataFrame:
    """One row per randomised experiment: its split as a whole and where it is worst, and who is left out."""
    found = reading.checks
    months = [
        None if formats.is_missing(month) else _together(formats.short_month(month))
        for month in found["worst_month"]
    ]
    shown = found.assign(
        month=[_with_p(*pair) for pair in zip(months, found["month_p"], strict=True)],
        attribute=[
            _with_p(*pair) for pair in zip(found["worst_attribute"], found["attribute_p"], strict=True)
        ],
        left_out=found["outside_dates"] + found["not_eligible"],
    )
    return _first(shown, "experiment", "split", "split_p", "month", "attribute")


@columns(**columns_of(arms_of))
def arms(reading: Reading) -> pd.DataFrame:
    """One row per experiment and arm."""
    return reading.arms


@columns(
    called=_CALLED, looks=TEXT("Look"), difference=_WRITTEN, in_per_cent=_WRITTEN("Relative, %"),
    beside=_WRITTEN("Adjusted"), **columns_of(comparisons_of),
)  # fmt: skip
def comparisons(reading: Reading) -> pd.DataFrame:
    """One row per arm against its control: the look (3 of 8), the difference with its interval at the look's
    own level, the same as a part of the control's rate and adjusted for what was known before, p and what
    this look asks for, the anytime p, the verdict.
    """
    found = reading.comparisons
    looks = [
        _together(f"{look} of {of}") if look else formats.MISSING
        for look, of in zip(found["look"], found["of"], strict=True)
    ]
    written = {
        column: [
            wording.with_span(reading.plans[row.experiment], *(getattr(row, f"{name}{end}") for end in ENDS))
            for row in found.itertuples()
        ]
        for column, name in (("difference", "effect"), ("beside", "adjusted"))
    }
    relative = [
        formats.MISSING
        if row.control_successes < FEWEST_RELATED
        else formats.difference(row.relative, row.relative_low, row.relative_high)
        for row in found.itertuples()
    ]
    shown = found.assign(called=_called(found, reading.plans), looks=looks, in_per_cent=relative, **written)
    return _first(shown, "called", "looks", "difference", "in_per_cent", "beside")


@columns(called=_CALLED, **columns_of(path_of), treated=TEXT, control=TEXT)
def path(reading: Reading) -> pd.DataFrame:
    """One row per open comparison and look: successes of both arms, the effect with its interval at the
    look's own level, and the difference that the look asks for.
    """
    found = reading.path
    counts = {
        side: [
            f"{made} of {customers}"
            for made, customers in zip(found[f"{side}_successes"], found[f"{side}_customers"], strict=True)
        ]
        for side in ("treated", "control")
    }
    shown = found.assign(called=_called(found, reading.plans), **counts)
    return _first(shown, "called", "month", "treated", "control")


@columns(**columns_of(guardrails_of))
def guardrails(reading: Reading) -> pd.DataFrame:
    """One row per comparison and guarded outcome."""
    return reading.guardrails


@columns(**columns_of(curves_of))
def curves(reading: Reading) -> pd.DataFrame:
    """One row per arm and day of the experiments whose path is shown."""
    names = list(reading.path["experiment"].unique())
    return reading.curves[reading.curves["experiment"].isin(names)]


@columns(**columns_of(curves_of))
def at_quarters(reading: Reading) -> pd.DataFrame:
    """The same at each quarter of the way to the outcome's day: the share that are still so (Kaplan and
    Meier, 95 %).
    """
    every = curves(reading)
    is_shown = [
        day in quarters(reading.plans[name])
        for name, day in zip(every["experiment"], every["day"], strict=True)
    ]
    return every[pd.Series(is_shown, index=every.index, dtype=bool)]


def quarters(plan: Plan) -> list[int]:
    """The days a quarter, half, three quarters and all of the way to the outcome's day."""
    return [plan.design.outcome.days * nth // QUARTERS for nth in range(1, QUARTERS + 1)]


def curve_outcomes(reading: Reading) -> pd.Series:
    """What the curves of each experiment show, in words, by name."""
    words = {name: plan.design.outcome.curve_words for name, plan in reading.plans.items()}
    return pd.Series(words, dtype="str")

"""Before the start: what an experiment could tell, and when; what to do where that is never."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.contract.experiments import Design, Outcome
from retention_helpers.experiments.plan import (
    FEWEST_IN_THE_PAST,
    Plan,
    newcomers_a_month,
    numbered,
    paced,
    past_outcomes,
    rate_in_the_past,
)
from retention_helpers.experiments.units import GIVEN_POINTS, MONTHS, framed
from retention_helpers.shown.units import COUNT, columns
from retention_helpers.statistics.power import DAYS_A_MONTH, Pace, detectable

PROPOSED = "proposed"  # the name of an experiment that does not exist yet
A_YEAR = 12  # months
EFFECTS = (0.02, 0.03, 0.05, 0.08, 0.10, 0.15, 0.20)
TIMES = (0.5, 1, 2, 4)  # the smallest effect, where that is an amount
WORTH_IT = 0.8  # another outcome is offered where it takes at most this share of the months


class Instead(NamedTuple):
    """What could be done where an experiment cannot be finished; NaN where that does not help either.

    Attributes:
        gain_in_a_year: the smallest gain that a year's customers would tell.
        other_rate: how many of the past customers had not cancelled on the same day.
        other_effect: the same share of the losses averted, on that outcome.
        other_months: how long the experiment would take with it.
        before_after_months: how long, if everybody gets it from one day on.
    """

    gain_in_a_year: float
    other_rate: float
    other_effect: float
    other_months: float
    before_after_months: float


def proposed(
    business: Business,
    *,
    outcome: Outcome,
    effect: float,
    baseline: float | None = None,
    a_month: float | None = None,
    arms: int = 2,
) -> Plan:
    """The plan of an experiment that does not exist yet, with newcomers, in equal shares.

    Glossary: months.
    """
    names = ("control", *(f"arm {nth}" for nth in range(2, arms + 1)))
    design = Design(
        name=PROPOSED,
        hypothesis="",
        started_on=business.as_of,
        randomised=True,
        arms=dict.fromkeys(names, 1 / arms),
        outcome=outcome,
        smallest_effect=effect,
        baseline=baseline,
    )
    past = past_outcomes(business, {PROPOSED: design}) if baseline is None else pd.DataFrame()
    coming = newcomers_a_month(business) if a_month is None else a_month
    return numbered(design, past, coming, business.month)


@columns(gain=GIVEN_POINTS, per_arm=COUNT, in_all=COUNT, months=MONTHS)
def effects(plan: Plan) -> pd.DataFrame:
    """One row per gain: how many customers it needs, and how long that takes.

    Columns: gain (fraction; of an amount in the currency), per_arm, in_all, months (from the first customer
    to the last look; missing where nobody comes). Gains for which there is no room above the baseline are
    left out; the plan's own is among them.

    Glossary: size.
    """
    rows = []
    is_amount = plan.design.outcome.is_amount
    gains = (
        [plan.smallest_effect * times for times in TIMES] if is_amount else {*EFFECTS, plan.smallest_effect}
    )
    for gain in sorted(gains):
        if is_amount or plan.baseline + gain < 1:
            found = _pace(plan, gain)
            rows.append((gain, found.size, found.in_all, found.months))
    return framed(effects, rows)


class Proposal(NamedTuple):
    """An experiment to be: its plan, what other gains would need, and what to do where it takes too long."""

    plan: Plan
    gains: pd.DataFrame
    instead: Instead | None


def proposal(business: Business, plan: Plan, gains: pd.DataFrame) -> Proposal:
    """What a plan needs, beside `effects` of it."""
    return Proposal(plan, gains, instead(business, {plan.name: plan}).get(plan.name))


def _pace(plan: Plan, gain: float) -> Pace:
    return paced(plan.design, plan.baseline, gain, plan.a_month, spread=_spread(plan))


def _spread(plan: Plan) -> float | None:
    """The standard deviation of an amount; None of a rate."""
    return plan.spread if plan.design.outcome.is_amount else None


def gain_after(plan: Plan, months: float) -> float:
    """The smallest gain that the customers of so many months would tell; NaN where there are too few.

    Glossary: smallest gain.
    """
    if math.isnan(plan.a_month):
        return math.nan
    months = 1 if plan.design.is_of_the_top else months
    smallest = math.floor(plan.a_month * months * min(plan.design.shares))
    looks, shares = math.ceil(months), _pair(plan)
    return detectable(plan.baseline, smallest, looks=looks, shares=shares, spread=_spread(plan))


def _pair(plan: Plan) -> tuple[float, float]:
    return plan.design.shares[0], min(plan.design.shares[1:])


def instead(business: Business, plans: Mapping[str, Plan]) -> dict[str, Instead]:
    """What could be done instead, for each plan that takes too long, by name.

    Glossary: months.
    """
    slow = {name: plan for name, plan in plans.items() if plan.takes_too_long and plan.design.randomised}
    if not slow:
        return {}
    past = past_outcomes(business, {name: plan.design for name, plan in slow.items()})
    known = past.set_index("experiment").to_dict(orient="index")
    return {name: _instead(plan, known.get(name)) for name, plan in slow.items()}


def _instead(plan: Plan, past: Mapping[str, int] | None) -> Instead:
    other = _other_outcome(plan, past)
    is_possible = plan.a_month >= (plan.size if plan.design.is_of_the_top else math.ulp(0))
    in_two = plan.size / plan.a_month if is_possible else math.nan
    return Instead(
        gain_in_a_year=gain_after(plan, A_YEAR),
        other_rate=other[0],
        other_effect=other[1],
        other_months=other[2],
        before_after_months=in_two + plan.design.outcome.days / DAYS_A_MONTH,
    )


def _other_outcome(plan: Plan, past: Mapping[str, int] | None) -> tuple[float, float, float]:
    """Requests come before ends, so `not_cancelled` sees more of the losses by the same day."""
    none = (math.nan, math.nan, math.nan)
    if plan.design.outcome.kind not in ("retained", "paying") or not past:
        return none
    if past["customers"] < FEWEST_IN_THE_PAST:
        return none
    rate = rate_in_the_past(past, "not_cancelled")
    averted = plan.smallest_effect / (1 - plan.baseline)
    effect = averted * (1 - rate)
    if averted >= 1 or rate >= plan.baseline:
        return none
    found = _pace(replace(plan, baseline=rate), round(effect, 3))
    is_better = found.months <= WORTH_IT * plan.months
    return (rate, effect, found.months) if is_better else none

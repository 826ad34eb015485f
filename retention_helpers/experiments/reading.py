"""What each experiment says at the end of the month, and whether it may be stopped."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.experiments.outcomes import assigned
from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.split import analysed, split_checks
from retention_helpers.experiments.units import GIVEN_POINTS, MONTH, NAME, SPLIT, VERDICT, framed, hidden
from retention_helpers.shown.units import COUNT, NUMBER, P_VALUE, POINTS, SHARE, TEXT, YES_NO, columns, one_of
from retention_helpers.statistics import curves
from retention_helpers.statistics.anytime import anytime_p
from retention_helpers.statistics.boundary import level, two_sided
from retention_helpers.statistics.intervals import Difference, with_rate
from retention_helpers.statistics.looks import (
    Comparison,
    Look,
    alphas,
    difference,
    looks_until_full,
    p_value,
    verdict,
)
from retention_helpers.statistics.looks import is_full as reaches_size
from retention_helpers.statistics.power import DAYS_A_MONTH, better_from

MOST_DRAWN = 4  # comparisons whose path is drawn: a panel each


@dataclass(frozen=True)
class Reading:
    """All that is said about the experiments, from one pass over their customers.

    Attributes:
        plans: the plan of each experiment.
        checks: one row per experiment and check of its split.
        arms: one row per experiment and arm.
        comparisons: one row per arm held against its control.
        path: one row per comparison and look.
        guardrails: one row per comparison and guarded outcome.
        curves: one row per experiment, arm and day.
    """

    plans: Mapping[str, Plan]
    checks: pd.DataFrame
    arms: pd.DataFrame
    comparisons: pd.DataFrame
    path: pd.DataFrame
    guardrails: pd.DataFrame
    curves: pd.DataFrame


@dataclass(frozen=True)
class _Judged:
    """A comparison at the look that counts today, and how often it may err."""

    plan: Plan
    comparison: Comparison
    alpha: float
    batches: tuple[Look, ...]  # every month, also beyond the planned size
    reason: str  # why it cannot be interpreted; "" where it can

    @property
    def last(self) -> Look | None:
        return self.comparison.looks[-1] if self.comparison.looks else None


def read(business: Business, plans: Mapping[str, Plan]) -> Reading:
    """Every experiment of `experiments.yml` as it stands at the end of the report month.

    Several comparisons that are open at the same time are corrected after Holm for being looked at
    together; an A/A test, a broken split, or one without any matured customer takes no part in that.

    Glossary: look; effect; p, needed p; anytime p; *better*, *worse*; *no large effect*; *cannot tell yet*;
    *not interpretable*; several at once; guardrail.
    """
    checks = split_checks(business, plans)
    used = _Customers.of(analysed(assigned(business), plans))
    split = {row.experiment: row for row in checks.itertuples()}
    judged = _judged(business, plans, used, split)
    return Reading(
        plans=plans,
        checks=checks,
        arms=arms_of(judged, used, business.month),
        comparisons=comparisons_of(judged, used, split, business.as_of),
        path=path_of(_drawn(judged)),
        guardrails=guardrails_of(judged, used),
        curves=curves_of(plans, used),
    )


@dataclass(frozen=True)
class _Customers:
    """The customers who count, by experiment and arm.

    Attributes:
        arms: the rows of each arm.
        matured: per arm and month: successes and customers who matured in it.
    """

    arms: Mapping[tuple[str, str], pd.DataFrame]
    matured: Mapping[tuple[str, str], Mapping[str, tuple[int, int]]]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "_Customers":
        matured: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
        counted = rows[rows["reached"]].groupby(["experiment", "arm", "matured_in"])["success"]
        for (name, arm, month), made, customers in counted.agg(["sum", "size"]).itertuples():
            matured.setdefault((name, arm), {})[month] = int(made), int(customers)
        arms = {key: own for key, own in rows.groupby(["experiment", "arm"])}
        return cls(arms, matured)

    def assigned(self, name: str, arm: str) -> int:
        return len(self.arms.get((name, arm), ()))

    def of_plan(self, plan: Plan) -> list[pd.DataFrame]:
        return [self.arms[plan.name, arm] for arm in plan.design.arms if (plan.name, arm) in self.arms]

    def month_ends(self, name: str, control: str, arm: str) -> tuple[Look, ...]:
        """How many had matured, and made it, at the end of each month with news."""
        sides = [self.matured.get((name, who), {}) for who in (arm, control)]
        looks, totals = [], [0, 0, 0, 0]
        for month in sorted({*sides[0], *sides[1]}):
            added = [count for side in sides for count in side.get(month, (0, 0))]
            totals = [total + more for total, more in zip(totals, added, strict=True)]
            looks.append(Look(month, *totals))
        return tuple(looks)


# ------------------------------------------------------------------------------------ which look counts


def _judged(
    business: Business, plans: Mapping[str, Plan], used: _Customers, split: Mapping[str, Any]
) -> list[_Judged]:
    """A comparison that is over counts at its last look, beside those that were open then."""
    waiting = [_unjudged(plan, arm, used, split) for plan in plans.values() for arm in plan.design.treated]
    months = [one.last.month if one.comparison.is_over and one.last else business.month for one in waiting]
    alpha = [math.nan] * len(waiting)
    for month in sorted(set(months)):
        together = [place for place, last in enumerate(months) if last >= month]
        found = alphas([waiting[place].comparison.at(month) for place in together])
        for place, share in zip(together, found, strict=True):
            if months[place] == month:
                alpha[place] = share
    return [replace(one, alpha=share) for one, share in zip(waiting, alpha, strict=True)]


def _unjudged(plan: Plan, arm: str, used: _Customers, split: Mapping[str, Any]) -> _Judged:
    design = plan.design
    batches = used.month_ends(plan.name, design.control, arm)
    needed = _needed_information(plan, arm)
    looks = looks_until_full(batches, needed, plan.looks)
    is_full = bool(looks) and reaches_size(looks[-1], needed, plan.looks)
    reason = _no_interpretation(plan, split)
    nobody_left = design.ended_on is not None and all(own["reached"].all() for own in used.of_plan(plan))
    is_over = is_full or (bool(looks) and nobody_left)
    takes_part = not reason and not design.aa_test
    comparison = Comparison(plan.name, arm, looks, needed, is_full, is_over, takes_part)
    return _Judged(plan, comparison, math.nan, batches, reason)


def _no_interpretation(plan: Plan, split: Mapping[str, Any]) -> str:
    """Why the arms cannot be compared; "" where they can."""
    if not plan.design.randomised:
        return "not randomised"
    if plan.name in split and split[plan.name].split == "broken":
        return "broken split"
    return "changed after results" if plan.was_changed_after_seeing else ""


def _needed_information(plan: Plan, arm: str) -> float:
    """Half the harmonic mean of the planned sizes of both arms."""
    shares = plan.design.arms
    least = min(shares.values())
    control, treated = (plan.size * shares[who] / least for who in (plan.design.control, arm))
    return control * treated / (control + treated)


# ---------------------------------------------------------------------------------------------- the rows

_STATE = one_of("planned", "running", "over")
_REASON = one_of("broken split", "not randomised", "changed after results", "A/A test that differs").or_null


@columns(
    **hidden(experiment=NAME, arm=TEXT, control=TEXT, state=_STATE, look=COUNT, of=COUNT, read_in=MONTH,
             treated_successes=COUNT, treated_customers=COUNT, control_successes=COUNT,
             control_customers=COUNT),
    effect=POINTS.interval,
    **hidden(level=SHARE, alpha=SHARE),
    p_value=P_VALUE("p"), p_needed=P_VALUE("Needed p"), anytime_p=P_VALUE, verdict=VERDICT,
    **hidden(reason=_REASON, stop=YES_NO, crossed_in=MONTH, is_over=YES_NO, split=SPLIT.or_null,
             split_p=SHARE, smallest_effect=POINTS, needed_per_arm=COUNT, collected=SHARE,
             months_to_finish=NUMBER),
)  # fmt: skip
def comparisons_of(
    judged: Iterable[_Judged], used: _Customers, split: Mapping[str, Any], as_of: dt.date
) -> pd.DataFrame:
    """One row per arm held against its control, at the look that counts."""
    return framed(comparisons_of, (_comparison_row(one, used, split, as_of) for one in judged))


def _comparison_row(
    judged: _Judged, used: _Customers, split: Mapping[str, Any], as_of: dt.date
) -> tuple[Any, ...]:
    plan, last, comparison = judged.plan, judged.last, judged.comparison
    limits = comparison.limits(judged.alpha) if last else ()
    found = difference(last.table, limits[-1]) if last and not judged.reason else None
    word, reason = _word(judged, found)
    crossed = _first_crossing(comparison, limits) if found else None
    checked = split.get(plan.name)
    bets = anytime_p(() if judged.reason else _batches(judged.batches))
    unknown = math.nan
    return (
        plan.name, comparison.arm, plan.design.control, _state(plan, as_of),
        len(comparison.looks), max(plan.looks, len(comparison.looks)), last.month if last else None,
        *(last.table if last else (0, 0, 0, 0)),
        *(found or (unknown,) * 3),
        level(limits[-1]) if found else unknown, judged.alpha,
        p_value(last.table) if last and found else unknown, two_sided(limits[-1]) if found else unknown,
        float(bets[-1]) if len(bets) else unknown,
        word, reason, word != "cannot tell yet" or comparison.is_over, crossed, comparison.is_over,
        checked.split if checked else None, checked.split_p if checked else unknown,
        plan.smallest_effect, plan.size,
        min(last.information / comparison.needed, 1.0) if last else 0.0,
        _months_to_finish(judged, used, as_of),
    )  # fmt: skip


def _word(judged: _Judged, found: Difference | None) -> tuple[str, str]:
    """The verdict, and why an experiment cannot be interpreted."""
    if judged.reason:
        return "not interpretable", judged.reason
    if found is None:
        return "cannot tell yet", ""
    word = verdict(found, judged.plan.smallest_effect)
    if judged.plan.design.aa_test and word in ("better", "worse"):
        return "not interpretable", "A/A test that differs"
    return word, ""


def _first_crossing(comparison: Comparison, limits: Sequence[float]) -> str | None:
    """The month of the first look that told the arms apart."""
    for look, limit in zip(comparison.looks, limits, strict=True):
        found = difference(look.table, limit)
        if found.low > 0 or found.high < 0:
            return look.month
    return None


def _state(plan: Plan, as_of: dt.date) -> str:
    if plan.design.started_on >= as_of:
        return "planned"
    return "over" if plan.design.ended_on else "running"


def _batches(looks: Sequence[Look]) -> list[tuple[int, ...]]:
    """What each month added."""
    totals = [(0, 0, 0, 0), *(look.table for look in looks)]
    return [
        tuple(after - before for before, after in zip(then, now, strict=True))
        for then, now in pairwise(totals)
    ]


def _months_to_finish(judged: _Judged, used: _Customers, as_of: dt.date) -> float:
    """Months until the planned size has matured, or, where no more are assigned, until all have."""
    plan, comparison = judged.plan, judged.comparison
    design, days = plan.design, plan.design.outcome.days
    if comparison.is_over:
        return 0.0
    rows = used.of_plan(plan)
    if not rows:
        return math.nan if design.ended_on else plan.months
    control, treated = (used.assigned(plan.name, arm) for arm in (design.control, comparison.arm))
    share = control * treated / max(control + treated, 1) / comparison.needed
    if design.ended_on or share >= 1:
        last_on = max(own["assigned_on"].max() for own in rows).date()
        return max((last_on - as_of).days + days + 1, 0) / DAYS_A_MONTH
    ran = (as_of - design.started_on).days / DAYS_A_MONTH
    a_month = sum(len(own) for own in rows) / ran if ran >= 1 else plan.a_month
    return plan.in_all * (1 - share) / a_month + days / DAYS_A_MONTH if a_month > 0 else math.nan


def _drawn(judged: Sequence[_Judged]) -> list[_Judged]:
    """The comparisons whose path is shown: the first few that are still open."""
    open_ones = [one for one in judged if one.last and not one.reason and not one.comparison.is_over]
    return open_ones[:MOST_DRAWN]


@columns(
    **hidden(experiment=NAME, arm=TEXT, look=COUNT),
    month=MONTH,
    **hidden(treated_successes=COUNT, treated_customers=COUNT, control_successes=COUNT,
             control_customers=COUNT),
    effect=POINTS.interval, better_from=POINTS, **hidden(worse_from=POINTS), verdict=VERDICT,
)  # fmt: skip
def path_of(judged: Iterable[_Judged]) -> pd.DataFrame:
    """One row per comparison and look: `better_from` and `worse_from` are what the look asks for."""
    return framed(path_of, (row for one in judged for row in _path_rows(one)))


def _path_rows(judged: _Judged) -> list[tuple[Any, ...]]:
    limits = judged.comparison.limits(judged.alpha)
    rows = []
    for nth, (look, limit) in enumerate(zip(judged.comparison.looks, limits, strict=True), start=1):
        found = difference(look.table, limit)
        word = verdict(found, judged.plan.smallest_effect)
        where = (judged.plan.name, judged.comparison.arm, nth, look.month)
        rows.append((*where, *look.table, *found, *_edges(look, limit), word))
    return rows


def _edges(look: Look, limit: float) -> tuple[float, float]:
    """The differences from which this look is called better, and worse; NaN where none would be."""
    beside = np.array([look.control_successes, look.control - look.control_successes])
    best, worst = better_from(look.treated, look.control, limit, beside)
    share = look.control_successes / look.control
    up = best / look.treated - share if best <= look.treated else math.nan
    down = 1 - worst / look.treated - share if worst <= look.treated else math.nan
    return float(up), float(down)


@columns(
    experiment=NAME, arm=TEXT, outcome=TEXT,
    **hidden(treated_successes=COUNT, treated_customers=COUNT, control_successes=COUNT,
             control_customers=COUNT),
    difference=POINTS.interval, margin=GIVEN_POINTS,
    verdict=one_of("within its margin", "beyond its margin", "cannot tell yet"),
)  # fmt: skip
def guardrails_of(judged: Iterable[_Judged], used: _Customers) -> pd.DataFrame:
    """One row per comparison and guarded outcome."""
    return framed(guardrails_of, (row for one in judged for row in _guardrail_rows(one, used)))


def _guardrail_rows(judged: _Judged, used: _Customers) -> list[tuple[Any, ...]]:
    last, design = judged.last, judged.plan.design
    if judged.reason or not last or not design.guardrails:
        return []
    limit = judged.comparison.limits(judged.alpha)[-1]
    sides = [
        own[own["reached"] & (own["matured_in"] <= last.month)]
        for own in (used.arms[design.name, arm] for arm in (judged.comparison.arm, design.control))
    ]
    rows = []
    for kind, margin in design.guardrails.items():
        treated, control = ((int(own[kind].sum()), len(own)) for own in sides)
        found = difference((*treated, *control), limit)
        word = (
            "within its margin"
            if found.low >= margin
            else "beyond its margin"
            if found.high < margin
            else "cannot tell yet"
        )
        rows.append((design.name, judged.comparison.arm, kind, *treated, *control, *found, margin, word))
    return rows


@columns(
    experiment=NAME, arm=TEXT, outcome=TEXT, **hidden(planned_share=SHARE), assigned=COUNT, matured=COUNT,
    successes=COUNT, rate=SHARE.interval,
)  # fmt: skip
def arms_of(judged: Sequence[_Judged], used: _Customers, month: str) -> pd.DataFrame:
    """One row per arm: customers assigned to it, matured at the look that counts, and successes."""
    plans = {one.plan.name: one.plan for one in judged}
    until = {one.plan.name: month for one in judged}
    until |= {one.plan.name: one.last.month for one in judged if one.comparison.is_over and one.last}
    rows = []
    for name, plan in plans.items():
        for arm, share in plan.design.arms.items():
            matured = used.matured.get((name, arm), {})
            counts = [pair for when, pair in matured.items() if when <= until[name]]
            made, customers = (sum(part) for part in zip((0, 0), *counts, strict=True))
            rows.append(
                (name, arm, plan.design.outcome.words, share, used.assigned(name, arm), customers, made)
            )
    names = ["experiment", "arm", "outcome", "planned_share", "assigned", "matured", "successes"]
    return with_rate(pd.DataFrame(rows, columns=names), "rate", "successes", "matured")


@columns(experiment=NAME, arm=TEXT, day=COUNT, at_risk=COUNT, share=SHARE.interval)
def curves_of(plans: Mapping[str, Plan], used: _Customers) -> pd.DataFrame:
    """The share that are still there at the end of each day, up to the outcome's day; that had the event.

    Everybody counts, also who has not reached that day (Kaplan and Meier). `not_cancelled`: until the first
    request or end of service; `event`: until the event; else until service ended, a pause being no end.
    """
    parts = []
    listed = [(plan, arm) for plan in plans.values() for arm in plan.design.arms]
    for plan, arm in listed:
        own, outcome = used.arms.get((plan.name, arm)), plan.design.outcome
        if own is None:
            continue
        curve = curves.kaplan_meier(own["curve_days"].to_numpy(), own["curve_ended"].to_numpy())
        upto = curve[curve["day"] <= outcome.days].rename(
            columns={"survival": "share", "low": "share_low", "high": "share_high"}
        )
        if len(upto) and upto["share"].iloc[-1] == 0 and upto["day"].iloc[-1] < outcome.days:
            rest = pd.DataFrame({"day": range(int(upto["day"].iloc[-1]) + 1, outcome.days + 1)})
            upto = pd.concat([upto, rest.assign(at_risk=0)], ignore_index=True).ffill()
        if outcome.kind == "event":
            low, high = 1 - upto["share_high"], 1 - upto["share_low"]
            upto = upto.assign(share=1 - upto["share"], share_low=low, share_high=high)
        parts.append(upto.assign(experiment=plan.name, arm=arm))
    none = framed(curves_of, [])
    return pd.concat(parts, ignore_index=True)[list(none)] if parts else none

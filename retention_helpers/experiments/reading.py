"""What each experiment says at the end of the month, and whether it may be stopped."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.experiments.counting import Customers
from retention_helpers.experiments.covariates import USUAL
from retention_helpers.experiments.ending import Counted, Course, End, counted
from retention_helpers.experiments.outcomes import assigned, untold
from retention_helpers.experiments.plan import TOO_LONG, Plan
from retention_helpers.experiments.split import split_checks
from retention_helpers.experiments.units import (
    GIVEN_POINTS,
    MONTH,
    MONTHS,
    NAME,
    NEVER,
    SPLIT,
    VERDICT,
    framed,
    hidden,
)
from retention_helpers.shown.units import COUNT, NUMBER, P_VALUE, POINTS, SHARE, TEXT, YES_NO, columns, one_of
from retention_helpers.statistics import curves
from retention_helpers.statistics.boundary import level, two_sided
from retention_helpers.statistics.intervals import Difference, with_rate
from retention_helpers.statistics.looks import (
    Comparison,
    Look,
    alphas,
    difference,
    looks_with_news,
    verdict,
)
from retention_helpers.statistics.means import difference_of_means
from retention_helpers.statistics.power import DAYS_A_MONTH, better_from

MOST_DRAWN = 4  # comparisons whose path is drawn: a panel each
UNKNOWN = Difference(math.nan, math.nan, math.nan)


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
        unplanned: names in the assignments that no plan has, and how many rows have them.
    """

    plans: Mapping[str, Plan]
    checks: pd.DataFrame
    arms: pd.DataFrame
    comparisons: pd.DataFrame
    path: pd.DataFrame
    guardrails: pd.DataFrame
    curves: pd.DataFrame
    unplanned: Mapping[str, int]


@dataclass(frozen=True)
class _Judged:
    """A comparison at the look that counts today, and how often it may err.

    Attributes:
        every: its looks of all months, also beyond the one that counts.
        reason: why it cannot be interpreted; "" where it can.
        end: whether it ended as planned, was stopped otherwise, or goes on.
        otherwise: how it is read where the look at which it was stopped did not decide it.
    """

    plan: Plan
    comparison: Comparison
    alpha: float
    every: tuple[Look, ...]
    reason: str
    end: End
    otherwise: "_Judged | None" = None

    @property
    def last(self) -> Look | None:
        return self.comparison.looks[-1] if self.comparison.looks else None

    @property
    def found(self) -> Difference | None:
        """The difference at the look that counts; None where there is none, or none can be interpreted."""
        return self.comparison.differences(self.alpha)[-1] if self.last and not self.reason else None


def read(business: Business, plans: Mapping[str, Plan]) -> Reading:
    """Every experiment of `experiments.yml` as it stands at the end of the report month.

    Several comparisons that are open at the same time are corrected after Holm for being looked at
    together; an A/A test, a broken split, or one without any matured customer takes no part in that.

    Glossary: look; end of an experiment; effect; relative effect; adjusted; what cannot be told; p, needed p;
    anytime p; *better*, *worse*; *no large effect*; *cannot tell yet*; *not interpretable*; several at once;
    guardrail.
    """
    checks = split_checks(business, plans)
    used = Customers.of(business, assigned(business), plans)
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
        unplanned=_unplanned(business),
    )


def _unplanned(business: Business) -> dict[str, int]:
    rows = business.table("assignments")
    other = rows.filter(~rows.experiment.isin(list(business.experiments))) if business.experiments else rows
    counted = other.group_by("experiment").aggregate(rows=other.count()).order_by("experiment").execute()
    return {str(name): int(count) for name, count in counted.itertuples(index=False)}


# ------------------------------------------------------------------------------------ which look counts


def _judged(
    business: Business, plans: Mapping[str, Plan], used: Customers, split: Mapping[str, Any]
) -> list[_Judged]:
    """Each comparison at its look that counts.

    What was stopped at a look that decided it is read there; where that look did not, it was stopped for
    another reason, and is read otherwise.
    """
    reasons = {name: _no_interpretation(business, plan, split) for name, plan in plans.items()}
    first = [
        _unjudged(plan, arm, used, reasons[name])
        for name, plan in plans.items()
        for arm in plan.design.treated
    ]
    judged = _with_alphas(first, business.month)
    settled = [one.otherwise if one.otherwise and not _is_decided(one) else one for one in judged]
    return _with_alphas(settled, business.month) if settled != judged else judged


def _is_decided(judged: _Judged) -> bool:
    return judged.found is not None and _word(judged, judged.found)[0] != "cannot tell yet"


def _with_alphas(waiting: Sequence[_Judged], month: str) -> list[_Judged]:
    """A comparison that is over counts at its last look, beside those that were open then."""
    months = [one.last.month if one.comparison.is_over and one.last else month for one in waiting]
    alpha = [math.nan] * len(waiting)
    for looked_in in sorted(set(months)):
        together = [place for place, last in enumerate(months) if last >= looked_in]
        found = alphas([waiting[place].comparison.at(looked_in) for place in together])
        for place, share in zip(together, found, strict=True):
            if months[place] == looked_in:
                alpha[place] = share
    return [replace(one, alpha=share) for one, share in zip(waiting, alpha, strict=True)]


def _unjudged(plan: Plan, arm: str, used: Customers, reason: str) -> _Judged:
    design = plan.design
    course = Course(
        looks=used.month_ends(plan, arm),
        needed=_needed_information(plan, arm),
        planned_looks=plan.looks,
        before_results=plan.before_results,
        ended_in=f"{design.ended_on:%Y-%m}" if design.ended_on else None,
        on_its_day=plan.ended_as_planned,
        drawn=_information(used, plan, arm),
        nobody_left=design.ended_on is not None and all(own["reached"].all() for own in used.of_plan(plan)),
    )
    takes_part = not reason and not design.aa_test

    def judged(chosen: Counted) -> _Judged:
        one = Comparison(
            plan.name,
            arm,
            chosen.looks,
            course.needed,
            chosen.is_last,
            chosen.is_over and bool(chosen.looks),
            takes_part,
            chosen.way,
        )
        otherwise = judged(chosen.otherwise) if chosen.otherwise else None
        return _Judged(plan, one, math.nan, tuple(course.looks), reason, chosen.end, otherwise)

    return judged(counted(course))


def _information(used: Customers, plan: Plan, arm: str) -> float:
    """Half the harmonic mean of how many were assigned."""
    control, treated = (used.assigned(plan.name, who) for who in (plan.design.control, arm))
    return control * treated / max(control + treated, 1)


def _no_interpretation(business: Business, plan: Plan, split: Mapping[str, Any]) -> str:
    """Why the arms cannot be compared; "" where they can."""
    if plan.name in untold(business):
        return "outcome not told"
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
_END, _WAY = one_of("planned", "stopped", "open"), one_of("planned", "anytime")
_REASON = one_of(
    "outcome not told", "broken split", "not randomised", "changed after results", "A/A test that differs"
).or_null


@columns(
    **hidden(experiment=NAME, arm=TEXT, control=TEXT, outcome_kind=TEXT, state=_STATE, look=COUNT, of=COUNT,
             read_in=MONTH, treated_successes=COUNT, treated_customers=COUNT, control_successes=COUNT,
             control_customers=COUNT, effect=POINTS.interval, relative=POINTS.interval,
             adjusted=POINTS.interval, level=SHARE, alpha=SHARE, way=_WAY),
    p_value=P_VALUE("p"), p_needed=P_VALUE("Needed p"), anytime_p=P_VALUE, verdict=VERDICT,
    **hidden(end=_END, reason=_REASON, stop=YES_NO, crossed_in=MONTH, is_over=YES_NO, split=SPLIT.or_null,
             split_p=SHARE, smallest_effect=POINTS, needed_per_arm=COUNT, collected=SHARE,
             months_to_finish=MONTHS, day_open=COUNT, arm_open=COUNT, capped_at=NUMBER, capped=COUNT),
)  # fmt: skip
def comparisons_of(
    judged: Iterable[_Judged], used: Customers, split: Mapping[str, Any], as_of: dt.date
) -> pd.DataFrame:
    """One row per arm held against its control, at the look that counts."""
    return framed(comparisons_of, (_comparison_row(one, used, split, as_of) for one in judged))


def _comparison_row(
    judged: _Judged, used: Customers, split: Mapping[str, Any], as_of: dt.date
) -> tuple[Any, ...]:
    plan, last, comparison, found = judged.plan, judged.last, judged.comparison, judged.found
    limits = comparison.limits(judged.alpha) if last else ()
    word, reason = _word(judged, found)
    checked = split.get(plan.name)
    bets = () if judged.reason else replace(comparison, looks=looks_with_news(judged.every)).anytime
    to_finish = _months_to_finish(judged, used, as_of)
    unknown = math.nan
    return (
        plan.name, comparison.arm, plan.design.control, plan.design.outcome.kind, _state(plan, as_of),
        len(comparison.looks), max(plan.looks, len(comparison.looks)), last.month if last else None,
        *(last.table if last else (0, 0, 0, 0)),
        *(found or UNKNOWN), *_relative(last, found, limits), *_adjusted(judged, used, limits),
        level(limits[-1]) if found else unknown, judged.alpha, comparison.way,
        last.p_value if last and found else unknown, two_sided(limits[-1]) if found else unknown,
        float(bets[-1]) if len(bets) else unknown,
        word, judged.end, reason, _should_stop(judged, word, to_finish),
        _first_crossing(judged) if found else None, comparison.is_over,
        checked.split if checked else None, checked.split_p if checked else unknown,
        plan.smallest_effect, plan.size,
        min(last.information / comparison.needed, 1.0) if last else 0.0,
        to_finish,
        *used.doubts(plan, comparison.arm),
        *(used.capped(plan, comparison.arm, last.month) if found and last and last.means
          and plan.design.outcome.is_amount else (unknown, 0)),
    )  # fmt: skip


def _relative(last: Look | None, found: Difference | None, limits: Sequence[float]) -> Difference:
    """The effect as a part of the control's rate; it leaves out 0 only where the effect does."""
    if not last or not found:
        return UNKNOWN
    part = last.relative(limits[-1])
    if found.low > 0 or found.high < 0:
        return part
    return Difference(part.value, float(np.minimum(part.low, 0.0)), float(np.maximum(part.high, 0.0)))


def _adjusted(judged: _Judged, used: Customers, limits: Sequence[float]) -> Difference:
    """The effect, adjusted for what the plan names, or for what is usually known before the draw."""
    if not judged.last or judged.reason:
        return UNKNOWN
    plan, arm = judged.plan, judged.comparison.arm
    means = used.adjusted_means(plan, arm, judged.last.month, plan.design.adjust or USUAL)
    return difference_of_means(means, limits[-1]) if means else UNKNOWN


def _should_stop(judged: _Judged, word: str, to_finish: float) -> bool:
    """Whether nothing is won by going on: it is decided, or over, or cannot be finished."""
    if word != "cannot tell yet" or judged.comparison.is_over:
        return True
    is_running = bool(judged.last) and judged.plan.design.ended_on is None
    return is_running and not to_finish <= TOO_LONG


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


def _first_crossing(judged: _Judged) -> str | None:
    """The month of the first look that told the arms apart."""
    comparison = judged.comparison
    for look, found in zip(comparison.looks, comparison.differences(judged.alpha), strict=True):
        if found.low > 0 or found.high < 0:
            return look.month
    return None


def _state(plan: Plan, as_of: dt.date) -> str:
    if plan.design.started_on >= as_of:
        return "planned"
    return "over" if plan.design.ended_on else "running"


def _months_to_finish(judged: _Judged, used: Customers, as_of: dt.date) -> float:
    """Months until the last planned look: its size, or its day, has matured; NaN where that is never.

    Where no more are assigned, until all have matured.
    """
    if judged.comparison.is_over:
        return 0.0
    plan = judged.plan
    days, rows = plan.design.outcome.days, used.of_plan(plan)
    to_size = _months_to_size(judged, used, as_of)
    to_day = math.nan
    if plan.design.ended_on and rows:
        last_on = max(own["assigned_on"].max() for own in rows).date()
        to_day = max((last_on - as_of).days + days + 1, 0) / DAYS_A_MONTH
    elif plan.planned_end:
        to_day = ((plan.planned_end - as_of).days + days + 1) / DAYS_A_MONTH
    found = float(np.fmin(to_size, to_day))
    return found if found <= NEVER else math.nan


def _months_to_size(judged: _Judged, used: Customers, as_of: dt.date) -> float:
    """At the pace so far; NaN where no more come."""
    plan, design = judged.plan, judged.plan.design
    rows = used.of_plan(plan)
    if not rows:
        return math.nan if design.ended_on else plan.months
    share = _information(used, plan, judged.comparison.arm) / judged.comparison.needed
    if share >= 1:
        last_on = max(own["assigned_on"].max() for own in rows).date()
        return max((last_on - as_of).days + design.outcome.days + 1, 0) / DAYS_A_MONTH
    if design.ended_on or (design.is_of_the_top and math.isnan(plan.months)):
        return math.nan
    ran = (as_of - design.started_on).days / DAYS_A_MONTH
    a_month = sum(len(own) for own in rows) / ran if ran >= 1 else plan.a_month
    return (
        plan.in_all * (1 - share) / a_month + design.outcome.days / DAYS_A_MONTH if a_month > 0 else math.nan
    )


def _drawn(judged: Sequence[_Judged]) -> list[_Judged]:
    """The comparisons whose path is shown: the first few that are still open."""
    open_ones = [one for one in judged if one.last and not one.reason and not one.comparison.is_over]
    return [one for one in open_ones if not one.last.means][:MOST_DRAWN]  # type: ignore[union-attr]


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
    comparison = judged.comparison
    limits, differences = comparison.limits(judged.alpha), comparison.differences(judged.alpha)
    rows = []
    for nth, (look, limit, found) in enumerate(
        zip(comparison.looks, limits, differences, strict=True), start=1
    ):
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
def guardrails_of(judged: Iterable[_Judged], used: Customers) -> pd.DataFrame:
    """One row per comparison and guarded outcome."""
    return framed(guardrails_of, (row for one in judged for row in _guardrail_rows(one, used)))


def _guardrail_rows(judged: _Judged, used: Customers) -> list[tuple[Any, ...]]:
    last, design = judged.last, judged.plan.design
    if judged.reason or not last or not design.guardrails:
        return []
    limit = judged.comparison.limits(judged.alpha)[-1]
    arms = (judged.comparison.arm, design.control)
    sides = [used.matured(design.name, arm, last.month) for arm in arms]
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
    successes=COUNT, rate=SHARE.interval, **hidden(mean=NUMBER),
)  # fmt: skip
def arms_of(judged: Sequence[_Judged], used: Customers, month: str) -> pd.DataFrame:
    """One row per arm: customers assigned to it, matured at the look that counts, and successes.

    `mean` is what each of them paid, of an experiment about revenue; there, who paid anything is a success.
    """
    plans = {one.plan.name: one.plan for one in judged}
    until = {one.plan.name: month for one in judged}
    until |= {one.plan.name: one.last.month for one in judged if one.comparison.is_over and one.last}
    rows = []
    for name, plan in plans.items():
        for arm, share in plan.design.arms.items():
            own = used.matured(name, arm, until[name])
            mean = float(own["amount"].mean()) if plan.design.outcome.is_amount and len(own) else math.nan
            counts = (used.assigned(name, arm), len(own), int(own["success"].sum()), mean)
            rows.append((name, arm, plan.design.outcome.words, share, *counts))
    names = ["experiment", "arm", "outcome", "planned_share", "assigned", "matured", "successes", "mean"]
    return with_rate(pd.DataFrame(rows, columns=names), "rate", "successes", "matured")


@columns(experiment=NAME, arm=TEXT, day=COUNT, at_risk=COUNT, share=SHARE.interval)
def curves_of(plans: Mapping[str, Plan], used: Customers) -> pd.DataFrame:
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

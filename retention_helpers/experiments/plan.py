"""The plan of each experiment: how many customers, how many looks, how many months, and from when it holds.

The first report that sees an experiment freezes its plan; later reports go by that, and say what was
changed since.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.spans import covers, kept_spans
from retention_helpers.contract.experiments import OUTCOMES, Design
from retention_helpers.experiments.outcomes import assigned, followed, plans_table
from retention_helpers.statistics.power import DAYS_A_MONTH, pace
from retention_helpers.words import formats

TOO_LONG = 24  # months; a plan that takes longer is one that will not be finished
A_YEAR = 365
NEWCOMER_DAYS = 31  # assigned later than that after the first day: not an experiment with newcomers
UNKNOWN_BASELINE = 0.5  # the most cautious one
FEWEST_IN_THE_PAST = 20
SHORTEST_RUN = 28  # days; before that the rate of assignments says little
THE_QUESTION = ("started_on", "randomised", "arms", "outcome", "eligible")  # what is compared
FROZEN = ("frozen_in", "baseline", "baseline_from", "smallest_effect", "size", "in_all", "looks")
FIRST_RENEWAL = 31  # days after which nobody on a monthly plan is still in the first paid month


@dataclass(frozen=True)
class Change:
    """Something that the owner changed after the plan was frozen.

    `is_serious` where it changes what is compared, after results could be seen.
    """

    what: str
    then: str
    now: str
    is_serious: bool


@dataclass(frozen=True)
class Plan:
    """A design with its numbers, as they hold for every look.

    Attributes:
        baseline: the rate expected in the control.
        baseline_from: where it comes from: plan | own past | assumed.
        size: customers in the smallest arm.
        in_all: customers in all arms together.
        looks: planned looks, one a month.
        a_month: eligible customers a month; NaN where there are none to go by.
        months: planned, from the first customer to the last look; NaN where nobody comes.
        frozen_in: the month of the report that froze it.
        written: what the owner had written then, in words, by key.
        changes: what was changed since.
    """

    design: Design
    baseline: float
    baseline_from: str
    smallest_effect: float
    size: int
    in_all: int
    looks: int
    a_month: float
    months: float
    frozen_in: str
    written: Mapping[str, str]
    changes: tuple[Change, ...] = ()

    @property
    def name(self) -> str:
        return self.design.name

    def called(self, arm: str) -> str:
        """The experiment's name, with the arm where there are several beside the control."""
        name = formats.words(self.name)
        return f"{name}, {arm}" if len(self.design.treated) > 1 else name

    @property
    def takes_too_long(self) -> bool:
        return math.isnan(self.months) or self.months > TOO_LONG

    @property
    def was_changed_after_seeing(self) -> bool:
        return any(change.is_serious for change in self.changes)

    @property
    def asks_too_early(self) -> bool:
        """Whether the first paid month alone makes the outcome come true."""
        outcome = self.design.outcome
        return outcome.kind in ("retained", "paying") and outcome.days <= FIRST_RENEWAL


def plans(business: Business, earlier: Mapping[str, Mapping[str, Any]]) -> dict[str, Plan]:
    """The plan of every experiment of `experiments.yml`, by name.

    `earlier` are the findings of earlier reports by month; the plan that the first of them froze holds.

    Glossary: baseline; size; months; frozen plan.
    """
    found = business.experiments
    frozen = {name: plan for name in found if (plan := _frozen(name, earlier))}
    fresh = {name: design for name, design in found.items() if _needs_numbers(design, frozen.get(name))}
    numbers = _numbers(business, fresh)
    return {
        name: numbers[name] if name in numbers else _as_frozen(design, frozen[name])
        for name, design in found.items()
    }


# ------------------------------------------------------------------------------------- the frozen plan


@dataclass(frozen=True)
class _Frozen:
    """What earlier reports wrote down about an experiment."""

    record: Mapping[str, Any]
    results_seen: bool


def _frozen(name: str, earlier: Mapping[str, Mapping[str, Any]]) -> _Frozen | None:
    """The plan as the latest earlier report handed it on."""
    told = [
        one
        for _, report in sorted(earlier.items())
        for one in report.get("experiments") or []
        if isinstance(one, Mapping) and one.get("name") == name and isinstance(one.get("plan"), Mapping)
    ]
    if not told:
        return None
    return _Frozen(told[-1]["plan"], any(_shows_results(one) for one in told))


def _shows_results(record: Mapping[str, Any]) -> bool:
    arms = record.get("arms") or {}
    return bool(arms) and all(arm.get("matured") for arm in arms.values())


def _written(design: Design) -> dict[str, str]:
    """What the owner wrote, in words."""
    outcome = f"{design.outcome.kind} at day {design.outcome.days}"
    shares = [f"{arm} {formats.percent(share, 0)}" for arm, share in design.arms.items()]
    eligible = [f"{name}: {', '.join(wanted)}" for name, wanted in design.eligible.items()]
    guarded = [f"{kind} {formats.points(worst)} points" for kind, worst in design.guardrails.items()]
    return {
        "started_on": design.started_on.isoformat(),
        "randomised": "yes" if design.randomised else "no",
        "arms": ", ".join(shares),
        "outcome": f"{outcome} ({design.outcome.event})" if design.outcome.event else outcome,
        "eligible": "; ".join(eligible) or "everybody",
        "smallest_effect": f"{formats.points(design.smallest_effect)} points",
        "baseline": formats.percent(design.baseline) if design.baseline else "own past",
        "size": formats.count(design.size) if design.size else "computed",
        "guardrails": "; ".join(guarded) or "none",
    }


def _changes(design: Design, frozen: _Frozen) -> tuple[Change, ...]:
    then = frozen.record.get("written") or {}
    return tuple(
        Change(what, str(then[what]), now, what in THE_QUESTION and frozen.results_seen)
        for what, now in _written(design).items()
        if what in then and then[what] != now
    )


def _needs_numbers(design: Design, frozen: _Frozen | None) -> bool:
    """A plan that was changed before anybody could see a result is simply a new plan."""
    return frozen is None or (not frozen.results_seen and bool(_changes(design, frozen)))


def _as_frozen(design: Design, frozen: _Frozen) -> Plan:
    record = frozen.record
    return Plan(
        design=design,
        **{name: record[name] for name in FROZEN},
        a_month=_number(record["a_month"]),
        months=_number(record["months"]),
        written=dict(record.get("written") or {}),
        changes=_changes(design, frozen),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def plan_record(plan: Plan) -> dict[str, Any]:
    """The plan as it is handed on, and read again by later reports.

    Glossary: frozen plan.
    """
    return {
        **{name: getattr(plan, name) for name in (*FROZEN, "a_month", "months", "takes_too_long")},
        "written": dict(plan.written),
        "changes": [asdict(change) for change in plan.changes],
    }


# ----------------------------------------------------------------------------------------- the numbers


def _numbers(business: Business, found: Mapping[str, Design]) -> dict[str, Plan]:
    past = _kept_past(business) if any(one.baseline is None for one in found.values()) else pd.DataFrame()
    coming = assignments_a_month(business)
    return {
        name: numbered(design, past, coming.get(name, math.nan), business.month)
        for name, design in found.items()
    }


def numbered(design: Design, past: pd.DataFrame, a_month: float, month: str) -> Plan:
    """A design with its numbers: the baseline from `past` where it has none, the size at 80 % power."""
    baseline, source = design.baseline, "plan"
    if baseline is None:
        baseline, source = _past_rate(past, design)
    planned = pace(
        baseline,
        design.smallest_effect,
        shares=design.shares,
        a_month=0.0 if math.isnan(a_month) else a_month,
        days=design.outcome.days,
        size_given=design.size,
    )
    return Plan(
        design=design,
        baseline=baseline,
        baseline_from=source,
        smallest_effect=design.smallest_effect,
        size=planned.size,
        in_all=planned.in_all,
        looks=planned.looks,
        a_month=float(a_month),
        months=float(planned.months),
        frozen_in=month,
        written=_written(design),
    )


def _past_rate(past: pd.DataFrame, design: Design) -> tuple[float, str]:
    rows = past[past["experiment"] == design.name]
    if rows.empty or rows["customers"].iloc[0] < FEWEST_IN_THE_PAST:
        return UNKNOWN_BASELINE, "assumed"
    return rate_in_the_past(rows.iloc[0], design.outcome.kind), "own past"


def rate_in_the_past(row: Mapping[Any, Any], kind: str) -> float:
    """A past rate in whole per cent: as a plan it is an estimate, and 0 or 100 % would leave no room."""
    return float(min(max(round(row[kind] / row["customers"], 2), 0.01), 0.99))


def _kept_past(business: Business) -> pd.DataFrame:
    """`past_outcomes` of every experiment without a baseline, computed once."""
    without = {name: one for name, one in business.experiments.items() if one.baseline is None}
    return business.keep("past_outcomes", lambda: _past(business, without)).execute()


def past_outcomes(business: Business, found: Mapping[str, Design]) -> pd.DataFrame:
    """One row per experiment: how comparable customers fared in the year before it began.

    For an experiment with newcomers, those whose first day lay in that year; for one with customers of
    longer standing, those who were customers on the last day whose outcome was over before it began. Only
    the eligible. Columns: experiment, customers, and how many of them were so on the outcome's day:
    retained, paying, not_cancelled, event.

    Glossary: baseline.
    """
    return _past(business, found).order_by("experiment").execute()


def _past(business: Business, found: Mapping[str, Design]) -> ir.Table:
    ages = assigned(business).groupby("experiment")["tenure_days"].median()
    is_old = {name for name, age in ages.items() if age > NEWCOMER_DAYS}
    groups = [
        _past_units(business, {name: one for name, one in found.items() if (name in is_old) == old}, old=old)
        for old in (False, True)
        if any((name in is_old) == old for name in found)
    ]
    units = groups[0] if len(groups) == 1 else groups[0].union(groups[1])
    rows = followed(business, units, found)
    able = rows.filter(rows.is_eligible)
    counts = {kind: able.count(where=able[kind]) for kind in OUTCOMES}
    return able.group_by("experiment").aggregate(customers=able.count(), **counts)


def _past_units(business: Business, found: Mapping[str, Design], *, old: bool) -> ir.Table:
    """The customers of the past, as if they had been assigned then."""
    anchored = plans_table(
        replace(one, started_on=min(one.started_on, business.as_of)) for one in found.values()
    )
    last_on = (anchored.started_on - anchored.days.as_interval("D")).cast("date")
    dated = anchored.mutate(last_on=(last_on - ibis.interval(days=1)).cast("date"))
    if old:
        spans = kept_spans(business)
        there = dated.join(spans, covers(spans, dated.last_on))
        rows = there.mutate(assigned_on=there.last_on)
    else:
        firsts = months.first_days(business)
        came = dated.join(firsts, firsts.first_on <= dated.last_on)
        recent = came.filter(came.first_on > (came.last_on - ibis.interval(days=A_YEAR)).cast("date"))
        rows = recent.mutate(assigned_on=recent.first_on)
    return rows.select(
        "experiment",
        "customer_id",
        "assigned_on",
        "days",
        "kind",
        "event_name",
        arm=ibis.literal(""),
        other_arm=ibis.literal(False),
        in_period=ibis.literal(True),
    ).distinct()


def assignments_a_month(business: Business) -> dict[str, float]:
    """Per experiment: the customers assigned a month so far; before a month is over, the newcomers.

    Missing where nobody came at all.
    """
    rows = assigned(business)
    counted = rows[rows["in_period"] & rows["is_eligible"]].groupby("experiment").size()
    found = business.experiments
    coming = {}
    newcomers = None
    for name, design in found.items():
        until = min(business.as_of, (design.ended_on or business.as_of) + dt.timedelta(days=1))
        ran = (until - design.started_on).days
        if ran >= SHORTEST_RUN and counted.get(name, 0):
            coming[name] = counted[name] / (ran / DAYS_A_MONTH)
        else:
            newcomers = newcomers_a_month(business) if newcomers is None else newcomers
            coming[name] = newcomers
    return coming


def newcomers_a_month(business: Business) -> float:
    """Customers a month whose first day lay in the year before the report month's end."""
    firsts = months.first_days(business)
    since = business.as_of - dt.timedelta(days=A_YEAR)
    row = firsts.aggregate(
        first_on=firsts.first_on.min(), recent=firsts.count(where=firsts.first_on >= since)
    ).execute()
    if not row["recent"].iloc[0]:
        return math.nan
    seen = max(since, pd.Timestamp(row["first_on"].iloc[0]).date())
    return float(row["recent"].iloc[0] / max((business.as_of - seen).days / DAYS_A_MONTH, 1.0))

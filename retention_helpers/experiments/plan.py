"""The plan of each experiment: how many customers, how many looks, how many months, and from when it holds.

The first report that sees an experiment freezes its plan; later reports go by that, and say what was
changed since. A plan that is frozen by the first look at the latest, before anybody could choose among
looks, may promise its end: a day, or a size.
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
from retention_helpers.contract.experiments import OUTCOMES, Bound, Design, Top
from retention_helpers.experiments.outcomes import (
    assigned,
    eligible_of_the_top,
    followed,
    is_told,
    plans_table,
    untold,
)
from retention_helpers.statistics.means import CAP
from retention_helpers.statistics.power import DAYS_A_MONTH, Pace, pace
from retention_helpers.words import formats

TOO_LONG = 24  # months; a plan that takes longer is one that will not be finished
A_YEAR = 365
NEWCOMER_DAYS = 31  # assigned later than that after the first day: not an experiment with newcomers
UNKNOWN_BASELINE = 0.5  # the most cautious one
SMALL_EFFECT = 0.2  # standard deviations; Cohen 1988: assumed of an amount whose spread is not known
FEWEST_IN_THE_PAST = 20
SHORTEST_RUN = 28  # days; before that the rate of assignments says little
THE_QUESTION = ("started_on", "randomised", "arms", "outcome", "eligible")  # what is compared
FROZEN = ("frozen_in", "baseline", "baseline_from", "smallest_effect", "size", "in_all", "looks")
RECORDED = (*FROZEN, "a_month", "months", "takes_too_long", "spread", "before_results")
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
        baseline: the rate expected in the control; of an amount, the mean.
        baseline_from: where it comes from: plan | own past | assumed.
        spread: the standard deviation of an amount; NaN of a rate.
        size: customers in the smallest arm.
        in_all: customers in all arms together.
        looks: planned looks, one a month.
        a_month: eligible customers a month; NaN where there are none to go by. Of an experiment for the top
            share of customers, all that there are: nobody comes in later.
        months: planned, from the first customer to the last look; NaN where nobody comes, or too few are.
        frozen_in: the month of the report that froze it.
        before_results: whether that report showed the first look at most.
        ends_on: the day on which it was to end, as it was frozen; None where its size alone ends it.
        adjusts: what the outcome is adjusted for, as it was frozen.
        written: what the owner had written then, in words, by key.
        changes: what was changed since.
        currency: of an amount.
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
    spread: float = math.nan
    before_results: bool = True
    ends_on: dt.date | None = None
    adjusts: tuple[str, ...] = ()
    currency: str = ""

    @property
    def name(self) -> str:
        return self.design.name

    def called(self, arm: str) -> str:
        """The experiment's name, with the arm where there are several beside the control."""
        name = formats.words(self.name)
        return f"{name}, {arm}" if len(self.design.treated) > 1 else name

    @property
    def is_adjusted(self) -> bool:
        """Whether the verdict is that of the adjusted difference: only as named before results."""
        return bool(self.adjusts) and self.before_results

    @property
    def ended_as_planned(self) -> bool:
        """Whether it ended on the day that was planned before results."""
        return (
            self.design.ended_on is not None and self.before_results and self.ends_on == self.design.ended_on
        )

    @property
    def planned_end(self) -> dt.date | None:
        """The planned day that lies ahead; None where there is none, or it was changed after results."""
        is_kept = self.before_results and self.ends_on == self.design.ends_on
        return self.design.ends_on if is_kept else None

    def worth(self, difference: float) -> str:
        """A difference without its sign, such as 8 points, or 5.00 EUR."""
        if self.design.outcome.is_amount:
            return formats.money(abs(difference), self.currency)
        return formats.size_of_points(abs(difference))

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
        name: numbers[name] if name in numbers else _as_frozen(design, frozen[name], business.currency)
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
    eligible = [
        f"{name}: {wanted if isinstance(wanted, Bound | Top) else ', '.join(wanted)}"
        for name, wanted in design.eligible.items()
    ]
    end = design.ends_on or design.ended_on
    guarded = [f"{kind} {formats.points(worst)} points" for kind, worst in design.guardrails.items()]
    return {
        "started_on": design.started_on.isoformat(),
        "randomised": "yes" if design.randomised else "no",
        "arms": ", ".join(shares),
        "outcome": f"{outcome} ({design.outcome.event})" if design.outcome.event else outcome,
        "eligible": "; ".join(eligible) or "everybody",
        "smallest_effect": _as_amount(design, design.smallest_effect)
        or f"{formats.points(design.smallest_effect)} points",
        "baseline": "own past"
        if design.baseline is None
        else _as_amount(design, design.baseline) or formats.percent(design.baseline),
        "size": formats.count(design.size) if design.size else "computed",
        "guardrails": "; ".join(guarded) or "none",
        "adjust": ", ".join(design.adjust) or "none",
        "ended_on": end.isoformat() if end else "open",
    }


def _as_amount(design: Design, value: float) -> str:
    """An amount of money; "" where the outcome is none."""
    return formats.money(value) if design.outcome.is_amount else ""


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


def _as_frozen(design: Design, frozen: _Frozen, currency: str) -> Plan:
    record = frozen.record
    end = record.get("ends_on")
    return Plan(
        design=design,
        **{name: record[name] for name in FROZEN},
        before_results=bool(record.get("before_results")),
        spread=_number(record.get("spread")),
        ends_on=dt.date.fromisoformat(end) if end else None,
        adjusts=tuple(record.get("adjusts") or ()),
        currency=currency,
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
        **{name: getattr(plan, name) for name in RECORDED},
        "ends_on": plan.ends_on.isoformat() if plan.ends_on else None,
        "adjusts": list(plan.adjusts),
        "written": dict(plan.written),
        "changes": [asdict(change) for change in plan.changes],
    }


# ----------------------------------------------------------------------------------------- the numbers


def _numbers(business: Business, found: Mapping[str, Design]) -> dict[str, Plan]:
    past = _kept_past(business) if any(map(_asks_the_past, found.values())) else pd.DataFrame()
    coming = assignments_a_month(business)
    looks = looks_so_far(business)
    return {
        name: replace(
            numbered(design, past, coming.get(name, math.nan), business.month, looks.get(name, 0)),
            currency=business.currency,
        )
        for name, design in found.items()
    }


def _asks_the_past(design: Design) -> bool:
    """Whether its numbers depend on comparable customers of the past."""
    return design.baseline is None or bool(design.eligible) or design.outcome.is_amount


def looks_so_far(business: Business) -> dict[str, int]:
    """Per experiment: the month ends at which more customers had matured, since both arms had some."""
    rows = assigned(business)
    rows = rows[rows["reached"] & rows["in_period"] & rows["is_eligible"]]
    rows = rows[~rows["experiment"].isin(untold(business))]
    found = {}
    for name, own in rows.groupby("experiment"):
        design = business.experiments[name]
        firsts = own.groupby("arm")["matured_in"].min()
        if design.control in firsts and any(arm in firsts for arm in design.treated):
            both_from = max(
                firsts[design.control], min(firsts[arm] for arm in design.treated if arm in firsts)
            )
            later = own.loc[own["matured_in"] > both_from, "matured_in"]
            found[str(name)] = 1 + later.nunique()
    return found


def numbered(design: Design, past: pd.DataFrame, a_month: float, month: str, looks_so_far: int = 0) -> Plan:
    """A design with its numbers: the baseline from `past` where it has none, the size at 80 % power."""
    baseline, spread, source = _expected(past, design)
    before_results = looks_so_far <= 1
    planned = paced(design, baseline, design.smallest_effect, a_month, spread=spread, size_given=design.size)
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
        spread=math.nan if spread is None else spread,
        before_results=before_results,
        ends_on=design.ends_on or (design.ended_on if before_results else None),
        adjusts=design.adjust,
    )


def paced(
    design: Design,
    baseline: float,
    effect: float,
    a_month: float,
    *,
    spread: float | None = None,
    size_given: int | None = None,
) -> Pace:
    """The size of a design for an effect, and how long it takes: NaN months where it is never finished."""
    found = pace(
        baseline,
        effect,
        shares=design.shares,
        a_month=0.0 if math.isnan(a_month) else a_month,
        days=design.outcome.days,
        size_given=size_given,
        spread=spread,
    )
    are_too_few = design.is_of_the_top and found.in_all > a_month
    return found._replace(months=math.nan) if are_too_few else found


def _expected(past: pd.DataFrame, design: Design) -> tuple[float, float | None, str]:
    """The baseline, the spread of an amount, and where they come from."""
    rows = past[past["experiment"] == design.name] if len(past) else past
    known = not rows.empty and rows["customers"].iloc[0] >= FEWEST_IN_THE_PAST
    if design.outcome.is_amount:
        spread = float(rows["amount_spread"].iloc[0]) if known else 0.0
        mean = (
            design.baseline
            if design.baseline is not None
            else float(rows["amount"].iloc[0])
            if known
            else 0.0
        )
        if not spread > 0:
            return mean, design.smallest_effect / SMALL_EFFECT, "assumed"
        return mean, spread, "own past"
    if design.baseline is not None:
        return design.baseline, None, "plan"
    if not known or pd.isna(rows[design.outcome.kind].iloc[0]):
        return UNKNOWN_BASELINE, None, "assumed"
    return rate_in_the_past(rows.iloc[0], design.outcome.kind), None, "own past"


def rate_in_the_past(row: Mapping[Any, Any], kind: str) -> float:
    """A past rate in whole per cent: as a plan it is an estimate, and 0 or 100 % would leave no room."""
    return float(min(max(round(row[kind] / row["customers"], 2), 0.01), 0.99))


def _kept_past(business: Business) -> pd.DataFrame:
    """`past_outcomes` of every experiment that asks the past, computed once."""
    asking = {name: one for name, one in business.experiments.items() if _asks_the_past(one)}
    return business.keep("past_outcomes", lambda: _past(business, asking)).execute()


def past_outcomes(business: Business, found: Mapping[str, Design]) -> pd.DataFrame:
    """One row per experiment: how comparable customers fared in the year before it began.

    For an experiment with newcomers, those whose first day lay in that year; for one with customers of
    longer standing, those who were customers on the last day whose outcome was over before it began.
    Columns: experiment, everybody, customers (the eligible, of whom alone the rest is), how many of them were
    so on the outcome's day: retained, paying, not_cancelled, event (missing where it cannot be told); and
    mean and standard deviation of what they paid by then, capped at the 99th percentile: amount,
    amount_spread.

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
    caps = rows.group_by("experiment").aggregate(cap=rows.amount.quantile(CAP, where=rows.is_eligible))
    rows = rows.join(caps, "experiment")
    able = rows.is_eligible
    counts = {kind: rows.count(where=able & rows[kind]) for kind in OUTCOMES if kind != "revenue"}
    paid = ibis.least(rows.amount, rows.cap)
    past = rows.group_by("experiment").aggregate(
        everybody=rows.count(),
        customers=rows.count(where=able),
        **counts,
        amount=paid.mean(where=able),
        amount_spread=paid.std(where=able),
    )
    told = [name for name, one in found.items() if is_told(business, one.outcome)]
    return past.mutate(event=ibis.ifelse(past.experiment.isin(told), past.event, ibis.null("int64")))


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
        assigned_at=ibis.null("timestamp"),
        arms=ibis.null("string"),
        in_period=ibis.literal(True),
    ).distinct()


def assignments_a_month(business: Business) -> dict[str, float]:
    """Per experiment: the eligible customers assigned a month so far; before a month is over, the newcomers.

    Missing where nobody came at all. Of an experiment for the top share of customers, all that there are.
    """
    rows = assigned(business)
    counted = rows[rows["in_period"] & rows["is_eligible"]].groupby("experiment").size()
    found = business.experiments
    coming = {}
    newcomers = None
    for name, design in found.items():
        if design.is_of_the_top:
            coming[name] = float(eligible_of_the_top(business, design))
            continue
        until = min(business.as_of, (design.ended_on or business.as_of) + dt.timedelta(days=1))
        ran = (until - design.started_on).days
        if ran >= SHORTEST_RUN and counted.get(name, 0):
            coming[name] = counted[name] / (ran / DAYS_A_MONTH)
        else:
            newcomers = newcomers_a_month(business) if newcomers is None else newcomers
            coming[name] = newcomers * (_eligible_share(business, name) if design.eligible else 1.0)
    return coming


def _eligible_share(business: Business, name: str) -> float:
    """The share of the comparable customers of the past whom an experiment is for; NaN without any."""
    past = _kept_past(business)
    rows = past[past["experiment"] == name]
    return float(rows["customers"].iloc[0] / rows["everybody"].iloc[0]) if len(rows) else math.nan


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

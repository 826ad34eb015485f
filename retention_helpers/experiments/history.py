"""Experiments that are over: what was decided, and whether the difference lasted.

Lasting is asked of what was better or worse, in the same customers, as they were drawn, twice as long after
their assignment, and as strictly. What became of the business after the decision is no answer: other things
changed, too.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from scipy import special

from retention_helpers.business import Business
from retention_helpers.experiments.counting import Customers
from retention_helpers.experiments.outcomes import EACH, assigned, followed, units_table
from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.reading import UNKNOWN
from retention_helpers.experiments.split import may_count
from retention_helpers.experiments.units import NAME, VERDICT, framed, hidden
from retention_helpers.shown.units import COUNT, DAY, POINTS, TEXT, columns
from retention_helpers.statistics.looks import Look, verdict

TIMES = 2  # the outcome's day, so many times over
_OUTCOMES = ["success", "success_else", "amount", "amount_else"]


@columns(
    **hidden(experiment=NAME, arm=TEXT), called=TEXT("Experiment"), **hidden(started_on=DAY), ended_on=DAY,
    verdict=VERDICT, decision=TEXT.or_null, later_day=COUNT,
    **hidden(later_treated=COUNT, later_treated_customers=COUNT, later_control=COUNT,
             later_control_customers=COUNT),
    later=POINTS.interval("Later difference"), lasted=VERDICT.or_null,
)  # fmt: skip
def history(business: Business, plans: Mapping[str, Plan], comparisons: pd.DataFrame) -> pd.DataFrame:
    """One row per comparison of an experiment that is over, the latest end first.

    `verdict` is what it said. Of what was better or worse, `later` is the difference (treated − control) on
    twice its outcome's day among the customers of the look that said so, as far as they have reached that,
    with its interval at the level of that look, adjusted as that one was, and `lasted` the word for it;
    missing for the others, and where too few are known to be adjusted for. `later_treated` and
    `later_control` are successes.

    Glossary: lasted.
    """
    over = comparisons[comparisons["state"] == "over"]
    told = over[over["verdict"].isin(["better", "worse"])]
    later = _later(business, {name: plans[name] for name in told["experiment"]})
    rows = []
    for row in over.itertuples():
        plan = plans[row.experiment]
        design = plan.design
        look = _look(later, row, plan) if row.verdict in ("better", "worse") else None
        found, lasted = UNKNOWN, None
        if look:
            found = look.difference(_limit(row))
            lasted = verdict(found, plan.smallest_effect)
        planned = (
            plan.called(row.arm),
            design.started_on,
            design.ended_on,
            row.verdict,
            design.decision or None,
        )
        table = look.table if look else (0, 0, 0, 0)
        days = TIMES * design.outcome.days
        rows.append((row.experiment, row.arm, *planned, days, *table, *found, lasted))
    return framed(history, rows).sort_values(
        ["ended_on", "experiment"], ascending=[False, True], ignore_index=True
    )


def _limit(row: Any) -> float:
    """How many standard errors from 0 the look had to be that told the arms apart."""
    return float(-special.ndtri(row.p_needed / 2))


def _look(later: Customers, row: Any, plan: Plan) -> Look | None:
    """The same customers on the later day, compared as they were; None where too few are known for that."""
    looks = [look for look in later.month_ends(plan, row.arm) if look.month <= row.read_in]
    if not looks or not (looks[-1].treated and looks[-1].control):
        return None
    return looks[-1] if looks[-1].means or not plan.is_adjusted else None


def _later(business: Business, plans: Mapping[str, Plan]) -> Customers:
    """The customers who have reached the later day, and what was so on it."""
    rows = assigned(business)
    own = may_count(rows, plans)
    if len(own):
        outcomes = [plans[name].design.outcome for name in own["experiment"]]
        units = units_table(own, [replace(outcome, days=TIMES * outcome.days) for outcome in outcomes])
        found = followed(business, units, {name: plan.design for name, plan in plans.items()})
        then = business.engine.execute(found.filter(found.reached).select(*EACH, *_OUTCOMES))
        own = own.drop(columns=_OUTCOMES).merge(then, on=EACH)
    return Customers.of(business, own, plans)

"""Experiments that are over: what was decided, and whether the difference lasted.

Lasting is looked at in the same customers, as they were drawn, twice as long after their assignment. What
became of the business after the decision is no answer: other things changed, too.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.experiments.outcomes import assigned, followed, units_table
from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.split import analysed
from retention_helpers.experiments.units import NAME, VERDICT, framed, hidden
from retention_helpers.shown.units import COUNT, DAY, POINTS, TEXT, columns
from retention_helpers.statistics.intervals import newcombe
from retention_helpers.statistics.looks import verdict

TIMES = 2  # the outcome's day, so many times over


@columns(
    **hidden(experiment=NAME, arm=TEXT), called=TEXT("Experiment"), **hidden(started_on=DAY), ended_on=DAY,
    verdict=VERDICT, decision=TEXT.or_null, later_day=COUNT,
    **hidden(later_treated=COUNT, later_treated_customers=COUNT, later_control=COUNT,
             later_control_customers=COUNT),
    later=POINTS.interval("Later difference"), lasted=VERDICT.or_null,
)  # fmt: skip
def history(business: Business, plans: Mapping[str, Plan], comparisons: pd.DataFrame) -> pd.DataFrame:
    """One row per comparison of an experiment that is over, the latest end first.

    `verdict` is what it said; `later` the difference (treated − control) on twice its outcome's day with
    Newcombe's 95 % interval, among the customers who have reached that, and `lasted` the word for it;
    missing where it cannot be interpreted. `later_treated` and `later_control` are successes.

    Glossary: lasted.
    """
    over = comparisons[comparisons["state"] == "over"]
    judged = over[over["reason"] == ""]
    counted = _later(business, {name: plans[name] for name in judged["experiment"]})
    rows = []
    for row in over.itertuples():
        design = plans[row.experiment].design
        counts = [counted.get((row.experiment, who), (0, 0)) for who in (row.arm, row.control)]
        table = (*counts[0], *counts[1])
        is_known = row.reason == "" and all(customers for _, customers in counts)
        later = newcombe(*table) if is_known else (math.nan,) * 3
        lasted = verdict(newcombe(*table), plans[row.experiment].smallest_effect) if is_known else None
        called, decision = plans[row.experiment].called(row.arm), design.decision or None
        planned = (called, design.started_on, design.ended_on, row.verdict, decision)
        rows.append((row.experiment, row.arm, *planned, TIMES * design.outcome.days, *table, *later, lasted))
    return framed(history, rows).sort_values(
        ["ended_on", "experiment"], ascending=[False, True], ignore_index=True
    )


def _later(business: Business, plans: Mapping[str, Plan]) -> dict[tuple[str, str], tuple[int, int]]:
    """Successes and customers of each arm on the later day."""
    rows = assigned(business)
    own = analysed(rows[rows["experiment"].isin(list(plans))], plans)
    if own.empty:
        return {}
    outcomes = [plans[name].design.outcome for name in own["experiment"]]
    units = units_table(own, [replace(outcome, days=TIMES * outcome.days) for outcome in outcomes])
    found = followed(business, units, {name: plan.design for name, plan in plans.items()})
    reached = found.filter(found.reached)
    counted = reached.group_by(["experiment", "arm"]).aggregate(
        made=reached.count(where=reached.success), customers=reached.count()
    )
    told = business.engine.execute(counted)
    return {
        (row.experiment, row.arm): (int(row.made), int(row.customers)) for row in told.itertuples(index=False)
    }

"""Experiments that are over: what was decided, and whether the difference lasted.

Lasting is asked of what was better or worse, in the same customers, as they were drawn, twice as long after
their assignment, and as strictly. What became of the business after the decision is no answer: other things
changed, too.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from retention_helpers.business import Business
from retention_helpers.experiments.counting import FEWEST
from retention_helpers.experiments.outcomes import assigned, followed, units_table
from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.reading import UNKNOWN
from retention_helpers.experiments.split import analysed
from retention_helpers.experiments.units import NAME, VERDICT, framed, hidden
from retention_helpers.shown.units import COUNT, DAY, POINTS, TEXT, columns
from retention_helpers.statistics.looks import Look, verdict
from retention_helpers.statistics.means import cap_of, means_of

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

    `verdict` is what it said. Of what was better or worse, `later` is the difference (treated − control) on
    twice its outcome's day among the customers of the look that said so, as far as they have reached that,
    with its interval at the level of that look, and `lasted` the word for it; missing for the others.
    `later_treated` and `later_control` are successes.

    Glossary: lasted.
    """
    over = comparisons[comparisons["state"] == "over"]
    told = over[over["verdict"].isin(["better", "worse"])]
    later = _later(business, {name: plans[name] for name in told["experiment"]})
    rows = []
    for row in over.itertuples():
        plan = plans[row.experiment]
        design = plan.design
        look = _look(later, row, plan) if row.verdict in ("better", "worse") else Look("", 0, 0, 0, 0)
        found = look.difference(_limit(row)) if look.treated and look.control else UNKNOWN
        lasted = verdict(found, plan.smallest_effect) if look.treated and look.control else None
        planned = (
            plan.called(row.arm),
            design.started_on,
            design.ended_on,
            row.verdict,
            design.decision or None,
        )
        days = TIMES * design.outcome.days
        rows.append((row.experiment, row.arm, *planned, days, *look.table, *found, lasted))
    return framed(history, rows).sort_values(
        ["ended_on", "experiment"], ascending=[False, True], ignore_index=True
    )


def _limit(row: Any) -> float:
    """How many standard errors from 0 the look had to be that told the arms apart."""
    return float(-special.ndtri(row.p_needed / 2))


def _look(later: pd.DataFrame, row: Any, plan: Plan) -> Look:
    """The same customers on the later day."""
    own = later[(later["experiment"] == row.experiment) & (later["matured_in"] <= row.read_in)]
    own = own[own["arm"].isin([row.arm, row.control])]
    is_treated = (own["arm"] == row.arm).to_numpy(dtype=bool)
    made = own["success"].to_numpy(dtype=bool)
    (x1, n1), (x2, n2) = ((int((made & side).sum()), int(side.sum())) for side in (is_treated, ~is_treated))
    look = Look("", x1, n1, x2, n2)
    if not plan.design.outcome.is_amount:
        return look
    if min(look.treated, look.control) < FEWEST:
        return Look("", 0, 0, 0, 0)
    amounts = own["amount"].to_numpy(dtype=float)
    means = means_of(np.minimum(amounts, cap_of(amounts)), is_treated, plan.smallest_effect)
    return look._replace(means=(means,))


def _later(business: Business, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """The customers who have reached the later day, and what was so on it."""
    rows = assigned(business)
    own = analysed(rows[rows["experiment"].isin(list(plans))], plans)
    names = ["experiment", "customer_id", "arm", "success", "amount"]
    if own.empty:
        return own[[*names, "matured_in"]]
    outcomes = [plans[name].design.outcome for name in own["experiment"]]
    units = units_table(own, [replace(outcome, days=TIMES * outcome.days) for outcome in outcomes])
    found = followed(business, units, {name: plan.design for name, plan in plans.items()})
    reached = business.engine.execute(found.filter(found.reached).select(*names))
    first = own[["experiment", "customer_id", "matured_in"]]
    return reached.merge(first, on=["experiment", "customer_id"])

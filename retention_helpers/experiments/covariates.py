"""What was known of the customers before the draw, as numbers that an outcome can be adjusted for.

Only what lies before the moment of the draw: nothing that the treatment can have changed.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.experiments.instants import after
from retention_helpers.experiments.outcomes import EACH, attributes, held, units_table
from retention_helpers.experiments.plan import Plan
from retention_helpers.statistics.means import A_COLUMN

KNOWN = ("mrr", "tenure", "use", "paid", "plan")  # beside the attributes
USUAL = ("mrr", "tenure", "use")  # where a plan names none
USE_BEFORE = 28  # days of use before the draw
LEVEL_OF = "\n"  # between an attribute and its level, in the name of a column


def known_before(
    business: Business, plans: Mapping[str, Plan], rows: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """By experiment, a row a customer: what was known of each before the draw, as numbers.

    Only of randomised experiments of which at least twenty customers of two arms have matured. Columns: mrr,
    tenure (days of service so far), use (days of use in the 28 before), paid (net payments in as many days
    before as the outcome's day lies after), and one for each level but the first of plan and of attributes.

    Glossary: adjusted.
    """
    matured = rows[rows["reached"]].groupby(["experiment", "arm"]).size()
    enough = matured[matured >= A_COLUMN].groupby("experiment").size()
    chosen = [name for name in enough[enough >= 2].index if plans[name].design.randomised]
    own = rows[rows["experiment"].isin(chosen)]
    if own.empty:
        return {}
    units = units_table(own, [plans[name].design.outcome for name in own["experiment"]])
    found = units.select(*EACH)
    for part in (held(business, units), _use(business, units), _paid(business, units)):
        found = found.left_join(part, EACH).drop(*(f"{name}_right" for name in EACH))
    told = business.engine.execute(found.order_by(EACH)).set_index(EACH)
    known = attributes(business)
    return {
        name: _as_numbers(own[own["experiment"] == name], told.loc[name], known, plans[name])
        for name in chosen
    }


def _use(business: Business, units: ir.Table) -> ir.Table:
    """Days with activity in the four weeks before the day of the draw."""
    days = months.kept_customer_days(business)
    since = (units.assigned_on - ibis.interval(days=USE_BEFORE)).cast("date")
    own = units.mutate(since=since).join(days, "customer_id")
    within = own.filter((own.activity > 0) & (own.day >= own.since) & (own.day < own.assigned_on))
    return within.group_by(EACH).aggregate(use=within.count())


def _paid(business: Business, units: ir.Table) -> ir.Table:
    payments = business.table("payments")
    since = (units.assigned_on - units.days.as_interval("D")).cast("date")
    own = units.mutate(since=since).join(payments, "customer_id")
    before = (own.attempted_on >= own.since) & ~after(
        own, own.attempted_at, own.attempted_on, day_is_after=True
    )
    net = ibis.cases(
        (own.status == "succeeded", own.amount), (own.status == "refunded", -own.amount.abs()), else_=0
    )
    return own.group_by(EACH).aggregate(paid=net.sum(where=before).cast("float64"))


def _as_numbers(rows: pd.DataFrame, told: pd.DataFrame, attributes: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    own = told.loc[rows["customer_id"]]
    numbers = pd.DataFrame(
        {
            "mrr": own["mrr_held"].fillna(0.0).astype(float),
            "tenure": np.log1p(rows["tenure_days"].fillna(0).clip(lower=0).to_numpy(dtype=float)),
            "use": own["use"].fillna(0).astype(float),
            "paid": own["paid"].fillna(0.0).astype(float),
        },
        index=rows["customer_id"],
    )
    named = {"plan": own["plan_held"], **{name: attributes[name] for name in attributes.columns}}
    for name in plan.design.adjust:
        if name in named:
            levels = named[name].reindex(numbers.index).fillna("").astype(str)
            for level in sorted(levels.unique())[1:]:
                numbers[f"{name}{LEVEL_OF}{level}"] = (levels == level).astype(float)
    return numbers

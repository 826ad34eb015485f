"""A pause instead of a cancellation: what those who were offered one chose, and who pays again.

A pause that only postpones the end is no success, so it is judged on paying at day 90 after the offer, never
on "did not cancel"; and against everybody who was not offered it, never against those who left.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.spans import kept_spans
from retention_helpers.contract.experiments import Outcome
from retention_helpers.experiments.outcomes import EACH, assigned, followed, units_table
from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.split import analysed
from retention_helpers.experiments.units import NAME
from retention_helpers.shown.units import COUNT, SHARE, TEXT, columns, one_of
from retention_helpers.statistics.intervals import with_rate

PAUSE_DAYS = 90
CHOICES = ("paused", "cancelled", "stayed", "all")
COLUMNS = ("experiment", "arm", "choice", "customers", "paying_again")


def offers_a_pause(plan: Plan) -> bool:
    """Whether an experiment is about pauses: its name or one of its arms says so."""
    return any("pause" in word.lower() for word in (plan.name, *plan.design.arms))


@columns(
    experiment=NAME, arm=TEXT, choice=one_of(*CHOICES), customers=COUNT, paying_again=COUNT,
    share=SHARE.interval,
)  # fmt: skip
def pause_choices(business: Business, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """One row per arm and choice in the experiments with a pause: who pays on day 90 after the offer.

    `paused`: a pause began by then; `cancelled`: none did, and service ended by then; `stayed`: neither;
    `all` is everybody in the arm, whatever they chose. Only customers whose day 90 is over; no row where past
    pauses are not known. Columns:
    experiment, arm, choice, customers, paying_again, share with `_low` and `_high`.

    Glossary: paused, cancelled, stayed.
    """
    chosen = {name: plan for name, plan in plans.items() if offers_a_pause(plan)}
    rows = assigned(business)
    own = analysed(rows[rows["experiment"].isin(list(chosen))], plans)
    if own.empty or not business.knows("pauses"):
        return with_rate(pd.DataFrame(columns=list(COLUMNS)), "share", "paying_again", "customers")
    units = units_table(own, [Outcome("paying", PAUSE_DAYS)] * len(own))
    found = followed(business, units, {name: plan.design for name, plan in chosen.items()})
    told = found.left_join(_paused(business, units), EACH)
    frame = business.engine.execute(
        told.filter(told.reached).select(*EACH, "arm", "paying", "curve_days", "curve_ended", "pauses")
    )
    left = frame["curve_ended"] & (frame["curve_days"] <= PAUSE_DAYS)
    choice = left.map({True: "cancelled", False: "stayed"}).mask(frame["pauses"].notna(), "paused")
    both = pd.concat([frame.assign(choice=choice), frame.assign(choice="all")], ignore_index=True)
    counted = both.groupby(["experiment", "arm", "choice"])["paying"].agg(["size", "sum"])
    listed = [
        (name, arm, choice, int(counted.loc[(name, arm, choice), "size"]),
         int(counted.loc[(name, arm, choice), "sum"]))
        for name, plan in chosen.items()
        for arm in plan.design.arms
        for choice in CHOICES
        if (name, arm, choice) in counted.index
    ]  # fmt: skip
    return with_rate(pd.DataFrame(listed, columns=list(COLUMNS)), "share", "paying_again", "customers")


def _paused(business: Business, units: ir.Table) -> ir.Table:
    """Those for whom a pause began from the offer on, by day 90."""
    spans = kept_spans(business)
    paused = spans.filter(spans.status == "paused")
    own = units.join(paused, "customer_id")
    last_on = (own.assigned_on + ibis.interval(days=PAUSE_DAYS)).cast("date")
    within = own.filter(own.started_on.between(own.assigned_on, last_on))
    return within.group_by(EACH).aggregate(pauses=within.count())

"""What is said of where customers stand: cancellations to come, stages, and who pays without using it."""

from decimal import Decimal

import pandas as pd

from retention_helpers.early_warning import lifecycle
from retention_helpers.early_warning.lifecycle import DORMANT_DAYS
from retention_helpers.early_warning.snapshots import HORIZON_DAYS
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import COUNT, NUMBER, TEXT, fields, several
from retention_helpers.words import formats

__all__ = ["by_stage", "grid", "scheduled", "stage_churn", "stage_flows", "stages"]


def still_here(asked: pd.DataFrame, currency: str, *, is_known: bool = True) -> Sentence:
    """How many have asked and are still there, and what can be kept; `is_known`: whether requests are."""
    if not is_known:
        return Sentence(
            "It takes cancellations.csv (customer_id, canceled_at): who has asked to cancel, and when."
        )
    leaving = asked[asked["standing"] == "leaving"]
    stayed = len(asked) - len(leaving)
    aside = (
        f" {formats.plural(stayed, 'more', 'more')} asked longer ago than a paid period lasts, and "
        f"{'is' if stayed == 1 else 'are'} still here."
        if stayed
        else ""
    )
    if leaving.empty:
        return Sentence(f"No cancellation is scheduled.{aside}")
    many = len(leaving)
    return Sentence(
        f"{formats.plural(many, 'customer')} {'has' if many == 1 else 'have'} asked to cancel and "
        f"{'is' if many == 1 else 'are'} still here: "
        f"{formats.money(sum(leaving['mrr'], Decimal(0)), currency)} a month that can be kept until the paid "
        f"period ends.{aside}"
    )


def leavers_by_stage(stages: pd.DataFrame) -> Sentence:
    """In which stage customers leave most and least."""
    given = stages[stages["customer_months"] > 0]
    if given.empty:
        return Sentence("No month end lies far enough back to say who left from which stage.")
    said = [
        f"{row.stage} {formats.rate(row.left_rate, row.left_rate_low, row.left_rate_high)}"
        for row in given.itertuples()
    ]
    return Sentence(f"Asked or left within {HORIZON_DAYS} days, by stage: {'; '.join(said)}.")


def not_used(cells: pd.DataFrame, currency: str) -> Sentence:
    """Who pays and does not use it."""
    if "dormant" not in cells.columns:
        return Sentence("It takes events.csv to say who pays and has stopped using it.")
    own = cells[cells["billing"] == "paying"].iloc[0]
    if not own["dormant"]:
        return Sentence(f"Nobody who pays has been without a login for {DORMANT_DAYS} days or more.")
    return Sentence(
        f"Paying but dormant: {formats.plural(own['dormant'], 'customer')} with "
        f"{formats.money(own['mrr_dormant'], currency)} a month, without a login for "
        f"{DORMANT_DAYS} days or more and without a request to cancel. That is churn which no rate shows yet."
    )


CELLS = {
    **fields(
        "customers by activity (active, slowing, dormant, not_seen), and their MRR (mrr_active, …)",
        billing=TEXT,
    ),
    "additionalProperties": NUMBER.node,
}

scheduled = Measure(
    lifecycle.scheduled,
    "Asked to cancel, and still here",
    sentence=still_here,
    findings="scheduled",
    note="Customers who asked to cancel and are still here.",
)
stages = Measure(
    lifecycle.stages,
    "Customers by stage, what to do, and what to watch",
    findings={"stages": fields(**{lifecycle.key(stage): COUNT.or_null for stage in lifecycle.STAGES})},
    record=lambda now: {
        "stages": {
            **dict.fromkeys(map(lifecycle.key, lifecycle.STAGES)),
            **dict(zip(map(lifecycle.key, now["stage"]), now["customers"], strict=True)),
        }
    },
    part="lifecycle",
)
stage_flows = Measure(
    lifecycle.stage_flows,
    "From the stage at the month's start (down) to its end (across)",
    findings="flows",
    part="lifecycle",
)
stage_churn = Measure(
    lifecycle.stage_churn,
    f"Who left within {HORIZON_DAYS} days, by stage at past month ends",
    sentence=leavers_by_stage,
)
by_stage = Measure(lifecycle.by_stage, findings="by_stage", part="lifecycle")
grid = Measure(
    lifecycle.grid,
    "Billing against use, at the end of the month",
    sentence=not_used,
    findings={"grid": several(CELLS)},
    record=lambda cells: {"grid": cells},
    part="lifecycle",
)

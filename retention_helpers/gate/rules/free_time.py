"""Free time of payers that is written like a free plan."""

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.gate.evidence import Evidence


def free_between_paid(evidence: Evidence) -> None:
    """An mrr of 0 between two paid stretches of one plan: a free month that was given, or no service."""
    ordered = "(PARTITION BY customer_id, plan ORDER BY started_at, started_on, source_row)"
    neighbours = (
        f"SELECT *, lag(mrr) OVER {ordered} AS mrr_before, lag(ended_on) OVER {ordered} AS end_before, "
        f"lead(mrr) OVER {ordered} AS mrr_after, lead(started_on) OVER {ordered} AS start_after "
        f"FROM {evidence.of('subscriptions')} WHERE coalesce(status, 'active') IN ('active', 'past_due')"
    )
    gap = evidence.settings.switch_gap_days
    free = (
        f"({neighbours}) WHERE mrr = 0 AND mrr_before > 0 AND mrr_after > 0 "
        f"AND started_on <= end_before + {gap} AND start_after <= ended_on + {gap}"
    )
    count = evidence.count(free)
    if count:
        evidence.say(
            "warning",
            "subscriptions",
            "free between paid",
            "mrr is 0 between two paid stretches of one plan",
            "If a payer had it free for that time, write the status comped; if there was no service, write "
            f"`accepted: [free between paid]` in {SETTINGS_FILE}.",
            effect="It counts as a loss and a return.",
            rows=count,
            of=evidence.totals["subscriptions"],
            first=evidence.case("subscriptions", free),
        )

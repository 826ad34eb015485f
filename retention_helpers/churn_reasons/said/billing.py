"""Losses that nobody decided, as the page shows them."""

import pandas as pd

from retention_helpers.churn_reasons import billing
from retention_helpers.churn_reasons.answers import YEAR, Period
from retention_helpers.churn_reasons.said.wording import begun, inside
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence
from retention_helpers.words import formats

__all__ = ["failed_payments", "involuntary", "recovered"]


def _whom_the_biller_ended(causes: pd.DataFrame, when: Period, days: int) -> Sentence:
    """What the biller ended, and how many of them came back."""
    if causes.empty:
        return Sentence(f"The biller ended nobody {inside(when)}.")
    judged, back = int(causes["judged"].sum()), int(causes["paid_again"].sum())
    said = [f"{row.cause.replace('_', ' ')} {formats.count(row.customers)}" for row in causes.itertuples()]
    ended = formats.plural(int(causes["customers"].sum()), "customer")
    wait = formats.plural(days, "day")
    paid = (
        f" Of the {formats.count(judged)} whose end lies at least {wait} back, "
        f"{formats.count(back) if back else 'none'} paid again within that time."
        if judged
        else f" For none of them have {wait} passed yet."
    )
    return Sentence(f"{begun(inside(when))} the biller ended {ended} ({', '.join(said)}).{paid}")


involuntary = Measure(
    billing.involuntary,
    f"Customers whom the biller ended, last {YEAR} months",
    sentence=_whom_the_biller_ended,
    findings="involuntary_causes",
)
failed_payments = Measure(
    billing.failed_payments,
    "Payments that failed, by the month of the first attempt",
    findings="failed_payments",
    note="By the month of the first attempt; share: paid again within dunning_days, of those of whom so many "
    "days have passed.",
)


def _how_many_were_mended(together: pd.DataFrame, days: int) -> Sentence:
    """How many of the payments that failed were mended in time."""
    row = together.iloc[0]
    if not row["failures"]:
        return Sentence("No payment failed in this time, or there is no table of payments.")
    if not row["judged"]:
        return Sentence(f"{formats.plural(days, 'day')} have not passed yet since any failed payment.")
    share = formats.rate(row["paid_again_share"], row["paid_again_share_low"], row["paid_again_share_high"])
    paid = int(row["paid_again"])
    return Sentence(
        f"Of {formats.plural(int(row['judged']), 'payment')} that failed at least "
        f"{formats.plural(days, 'day')} ago, {formats.count(paid)} {'was' if paid == 1 else 'were'} paid "
        f"within that time: {share}."
    )


recovered = Measure(
    billing.recovered,
    sentence=_how_many_were_mended,
    findings={"failed_payments_together": rows_of(billing.recovered)["items"]},
    record=lambda row: {"failed_payments_together": records(row, billing.recovered)[0]},
)

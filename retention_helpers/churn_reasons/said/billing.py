"""Losses that nobody decided, as the page shows them."""

import pandas as pd

from retention_helpers.churn_reasons import billing
from retention_helpers.churn_reasons.answers import YEAR, Period, within
from retention_helpers.churn_reasons.said.wording import begun, inside
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import or_null
from retention_helpers.words import formats

__all__ = ["failed_payments", "involuntary", "recovered"]


def _whom_the_biller_ended(causes: pd.DataFrame, lost: pd.DataFrame, when: Period, days: int) -> Sentence:
    """What the biller ended, how many of them came back, and of how many nobody knows who ended it."""
    gone = within(lost, when)
    unknown = int((gone["answer"] == "not_asked").sum())
    of_others = (
        f" Of {formats.count(unknown)} more who were lost the data do not say who ended it."
        if unknown
        else ""
    )
    if causes.empty and unknown and unknown == len(gone):
        return Sentence(
            f"Whom the biller ended {inside(when)} is not known: of the "
            f"{formats.plural(unknown, 'customer')} lost "
            "no row says who ended it. It takes cancellations.csv with a column kind."
        )
    if causes.empty:
        return Sentence(f"The biller is not recorded to have ended anybody {inside(when)}.{of_others}")
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
    return Sentence(f"{begun(inside(when))} the biller ended {ended} ({', '.join(said)}).{paid}{of_others}")


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
    if together.empty:
        return Sentence("It takes payments.csv (customer_id, attempted_at, status): which payments failed.")
    row = together.iloc[0]
    if not row["failures"]:
        return Sentence("No payment failed in this time.")
    if not row["judged"]:
        return Sentence(f"{formats.plural(days, 'day')} have not passed yet since any failed payment.")
    share = formats.rate_in(row, "paid_again_share")
    paid = int(row["paid_again"])
    return Sentence(
        f"Of {formats.plural(int(row['judged']), 'payment')} that failed at least "
        f"{formats.plural(days, 'day')} ago, {formats.count(paid)} {'was' if paid == 1 else 'were'} paid "
        f"within that time: {share}."
    )


recovered = Measure(
    billing.recovered,
    sentence=_how_many_were_mended,
    findings={"failed_payments_together": or_null(rows_of(billing.recovered)["items"])},
    record=lambda rows: {"failed_payments_together": next(iter(records(rows, billing.recovered)), None)},
)

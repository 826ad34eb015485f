"""Losses that the customer did not decide: failed payments, disputes, the biller's policy; who paid again.

They stand apart from the reasons, because the way out is another one: most can be mended before they end.
"""

import datetime as dt
from decimal import Decimal

import ibis
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.spans import kept_services, kept_spans
from retention_helpers.churn_reasons.answers import Period, within
from retention_helpers.churn_reasons.ranking import amount_lost
from retention_helpers.contract.tables import INVOLUNTARY_REASONS
from retention_helpers.shown.units import COUNT, MONEY, MONTH, RATE, columns, names_of, one_of
from retention_helpers.statistics.intervals import with_rate

NOT_SAID = "not_said"
PAID_AGAIN = RATE("Paid again, share", of=("paid_again", "judged"), key="share")


@columns(cause=one_of(*INVOLUNTARY_REASONS, NOT_SAID), customers=COUNT, mrr_lost=MONEY.estimate, judged=COUNT,
         paid_again=COUNT, paid_again_share=PAID_AGAIN)  # fmt: skip
def involuntary(lost: pd.DataFrame, when: Period, business: Business) -> pd.DataFrame:
    """One row per cause: the customers whom the biller ended, and how many of them paid again soon.

    Paid again: paying service began again within `dunning_days` after it had ended. Only those of whom so
    many days have passed are judged. A cause that the data do not name is `not_said`.

    Glossary: paid again.
    """
    gone = within(lost, when).query("answer == 'involuntary'")
    gone = gone.assign(cause=gone["reason"].where(gone["reason"].isin(INVOLUNTARY_REASONS), NOT_SAID))
    back = gone.merge(_returns(business, gone), on=["customer_id", "service"], how="left")
    days = dt.timedelta(days=business.settings.dunning_days)
    ended = pd.to_datetime(back["lost_on"])
    back = back.assign(
        is_judged=ended + days < pd.Timestamp(business.as_of),
        is_back=pd.to_datetime(back["paying_on"]) <= ended + days,
    )
    largest = max(within(lost, when)["mrr"], default=Decimal(0))
    rows = [
        {
            "cause": cause,
            "customers": len(own),
            **amount_lost(own, largest),
            "judged": int(own["is_judged"].sum()),
            "paid_again": int((own["is_judged"] & own["is_back"]).sum()),
        }
        for cause in (*INVOLUNTARY_REASONS, NOT_SAID)
        if len(own := back[back["cause"] == cause])
    ]
    frame = pd.DataFrame(rows, columns=names_of(involuntary)[:-3])
    return with_rate(frame, "paid_again_share", "paid_again", "judged")


def _returns(business: Business, gone: pd.DataFrame) -> pd.DataFrame:
    """The first day after the end of each of these services on which the customer was paying again."""
    own = kept_services(business)
    ended = own.filter(own.end_on.notnull() & own.customer_id.isin(list(gone["customer_id"]) or [""]))
    spans = kept_spans(business)
    paying = spans.filter(spans.state == "paying").select(payer="customer_id", paying_on="started_on")
    later = ended.join(paying, [ended.customer_id == paying.payer, paying.paying_on >= ended.end_on])
    first = later.group_by(["customer_id", "service"]).aggregate(paying_on=later.paying_on.min())
    return first.execute()


@columns(month=MONTH, failures=COUNT, judged=COUNT, paid_again=COUNT, paid_again_share=PAID_AGAIN)
def failed_payments(business: Business, when: Period) -> pd.DataFrame:
    """One row per month: the customers with a payment that failed, and how many paid again in time.

    A failure begins with the first attempt that fails after one that succeeded, and counts in the month of
    that attempt. Paid again: an attempt succeeded within `dunning_days` after it. Failures of the last days,
    of which so many have not passed, are not judged. Without a table of payments there is no row.

    Glossary: paid again.
    """
    attempts = business.table("payments").filter(lambda row: row.status != "refunded")
    so_far = ibis.cumulative_window(group_by="customer_id", order_by=["attempted_at", "status"])
    marked = attempts.mutate(is_paid=ibis.ifelse(attempts.status == "succeeded", 1, 0))
    # Failures, and the success that ends them, stand between the success before and this one.
    runs = marked.mutate(run=marked.is_paid.sum().over(so_far) - marked.is_paid)
    each = runs.group_by(["customer_id", "run"]).aggregate(
        failed_on=runs.attempted_on.min(where=runs.status == "failed"),
        paid_on=runs.attempted_on.min(where=runs.status == "succeeded"),
    )
    rows = each.filter((each.failed_on >= when.first) & (each.failed_on < business.as_of)).execute()
    failed, paid = pd.to_datetime(rows["failed_on"]), pd.to_datetime(rows["paid_on"])
    days = dt.timedelta(days=business.settings.dunning_days)
    judged = failed + days < pd.Timestamp(business.as_of)
    found = pd.DataFrame(
        {
            "month": failed.dt.to_period("M").dt.start_time,
            "judged": judged,
            "paid_again": judged & (paid <= failed + days),
        }
    )
    counts = found.groupby("month").agg(
        failures=("judged", "size"), judged=("judged", "sum"), paid_again=("paid_again", "sum")
    )
    return with_rate(counts.reset_index(), "paid_again_share", "paid_again", "judged")


@columns(failures=COUNT, judged=COUNT, paid_again=COUNT, paid_again_share=PAID_AGAIN)
def recovered(business: Business, failures: pd.DataFrame) -> pd.DataFrame:
    """All months of `failed_payments` together, in one row; none without a table of payments.

    Glossary: paid again.
    """
    sums = failures[["failures", "judged", "paid_again"]].sum().astype("int64").to_frame().T
    sums = sums if business.has("payments") else sums.head(0)
    return with_rate(sums, "paid_again_share", "paid_again", "judged")

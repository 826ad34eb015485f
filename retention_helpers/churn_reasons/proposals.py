"""Whom to write to about a failed payment, and whom to ask why they left: what this room proposes to do."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import ibis
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.spans import covers, kept_spans
from retention_helpers.churn_reasons.answers import QUARTER, period, within
from retention_helpers.churn_reasons.calls import interview_contacts, message, to_call
from retention_helpers.contract.reason_codes import SURVEY
from retention_helpers.shown.proposals import CALL, WAIT, proposals
from retention_helpers.words import formats

RECOVER, INTERVIEW = "recover_payment", "interview"


def to_recover(business: Business) -> pd.DataFrame:
    """The customers whose payment failed and has not been made since, the largest MRR first.

    Customers at the month's end with a span past due, or whose latest payments all failed, the first of them
    within the last `dunning_days`: what failed longer ago is settled in a way that payments do not show.

    Glossary: to recover.
    """
    found = _unpaid(business).sort_values(["mrr", "customer_id"], ascending=[False, True])
    return proposals(_recovery(business, row) for row in found.to_dict(orient="records"))


def _recovery(business: Business, row: Mapping[Any, Any]) -> dict[str, Any]:
    since = row["failed_on"]
    known = not formats.is_missing(since)
    return {
        "customer_id": row["customer_id"],
        "action": RECOVER,
        "mrr": row["mrr"],
        "why": f"the payment of {formats.day(since)} failed" if known else "the payment is past due",
        "message": f"Hello, your last payment for {business.name} did not go through. Nothing is lost: a new "
        "card or another day puts it right. Shall I send you the link?",
    }


def _unpaid(business: Business) -> pd.DataFrame:
    """Who pays at the month's end and is behind: customer_id, mrr, failed_on (null: not known)."""
    every = months.kept_customer_months(business)
    now = every.filter((every.month == business.report_month) & (every.state_at_end == "paying"))
    spans = kept_spans(business)
    due = spans.filter((spans.status == "past_due") & covers(spans, business.as_of - dt.timedelta(days=1)))
    behind = due.select("customer_id").distinct().mutate(is_due=True)
    rows = now.left_join(behind, "customer_id").drop("customer_id_right")
    rows = rows.left_join(open_failures(business), "customer_id")
    lately = rows.failed_on >= business.as_of - dt.timedelta(days=business.settings.dunning_days)
    found = rows.filter(rows.is_due.notnull() | lately)
    return found.select("customer_id", "failed_on", mrr="mrr_at_end").execute()


def open_failures(business: Business) -> ibis.Table:
    """A row a customer: failed_on, the first of the failed payments since the latest that succeeded.

    Glossary: to recover.
    """
    attempts = business.table("payments").filter(lambda row: row.status != "refunded")
    paid = attempts.group_by("customer_id").aggregate(
        paid_at=attempts.attempted_at.max(where=attempts.status == "succeeded")
    )
    both = attempts.join(paid, "customer_id")
    open_ones = both.filter(
        (both.status == "failed") & (both.paid_at.isnull() | (both.attempted_at > both.paid_at))
    )
    return open_ones.group_by("customer_id").aggregate(failed_on=open_ones.attempted_on.min())


def to_ask_why(business: Business, lost: pd.DataFrame) -> pd.DataFrame:
    """Who left and is to be asked why: the interviews of the last three months by call, the silent by letter.

    By letter those lost in the month who decided it themselves, or may have, and gave no reason. Who is a
    customer again, or was reached for an interview since, is left out; the largest MRR first.

    Glossary: to ask why.
    """
    called = to_call(lost, period(business, QUARTER), business)
    contacts = interview_contacts(business)
    reached = contacts.loc[contacts["was_reached"].astype(bool), "customer_id"]
    silent = within(lost, period(business, 1)).query("answer in ('not_asked', 'not_answered')")
    is_here = silent["customer_id"].isin(_customers_now(business))
    left_out = is_here | silent["customer_id"].isin([*called["customer_id"], *reached])
    written = silent[~left_out].sort_values(["mrr", "customer_id"], ascending=[False, True])
    calls = (_interview(business, row) for row in called.to_dict(orient="records"))
    letters = (_letter(business, row) for row in written.to_dict(orient="records"))
    return proposals([*calls, *letters])


def _customers_now(business: Business) -> list[str]:
    every = months.kept_customer_months(business)
    now = every.filter((every.month == business.report_month) & (every.state_at_end != "none"))
    return list(now.customer_id.execute())


def _interview(business: Business, row: Mapping[Any, Any]) -> dict[str, Any]:
    said = None if formats.is_missing(row["reason"]) else str(row["reason"])
    day = row["lost_on"]
    on = f"on {formats.day(day)}" if business.knows("days") else f"in {formats.month(day)}"
    about = f", said: {formats.words(said).lower()}" if said else ", gave no reason"
    return {
        "customer_id": row["customer_id"],
        "action": INTERVIEW,
        "mrr": row["mrr"],
        "why": f"left {on}{about}",
        "message": message(business.name, tenure_days=int(row["tenure_days"]), reason=said),
        "way": CALL,
        "otherwise": WAIT,
    }


def _letter(business: Business, row: Mapping[Any, Any]) -> dict[str, Any]:
    choices = "\n".join(f"- {words}" for words in SURVEY.values())
    return {
        "customer_id": row["customer_id"],
        "action": INTERVIEW,
        "mrr": row["mrr"],
        "why": f"left on {formats.day(row['lost_on'])}, gave no reason",
        "message": f"Hello, you have left {business.name}, and we do not know why. Which of these comes "
        f"closest? A word is answer enough; I will not try to win you back.\n{choices}",
    }

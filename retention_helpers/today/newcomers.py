"""Newcomers who have not finished the onboarding on day 3 and on day 7 after their sign-up."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.contract.messages import read_messages
from retention_helpers.early_warning.seen import first_rows, onboarded
from retention_helpers.shown.proposals import CALL, LETTER, proposals
from retention_helpers.words import formats

DAYS: Mapping[int, str] = {3: "onboarding_begun", 7: "onboarding_late"}  # and the message of that day
ONE_DAY = dt.timedelta(days=1)


def sees_onboarding(business: Business) -> bool:
    """Whether the data hold an event that ends the onboarding."""
    return first_rows(business)["onboarding"] is not None


def not_onboarded(business: Business, since: dt.date) -> pd.DataFrame:
    """Who came to day 3 or 7 after the sign-up from `since` to the cut and has not finished the onboarding.

    Those with a subscription or a trial at the cut who have not asked to cancel, day 7 first. By day 7 by
    call, else by letter. Nobody where the data hold no event that ends the onboarding, and nobody who signed
    up before its first.
    """
    began = first_rows(business)["onboarding"]
    if began is None:
        return proposals([])
    rows = _unfinished(business, since - max(DAYS) * ONE_DAY)
    words = read_messages(business.folder)
    last = business.as_of - ONE_DAY
    found = []
    for day, message in sorted(DAYS.items(), reverse=True):
        first, until = max(since - day * ONE_DAY, began), last - day * ONE_DAY
        own = rows.loc[[first <= one <= until for one in rows["signed_up_on"]]]
        ordered = own.sort_values(["mrr", "customer_id"], ascending=[False, True])
        said = words[message]["message"].format(business=business.name)
        found += [(row.customer_id, row.mrr, day, said) for row in ordered.itertuples()]
    told = pd.DataFrame(found, columns=["customer_id", "mrr", "day", "said"]).drop_duplicates("customer_id")
    return proposals(
        {
            "customer_id": row.customer_id,
            "action": "onboarding",
            "mrr": row.mrr,
            "why": f"onboarding not finished by day {row.day}",
            "message": row.said,
            "way": CALL if row.day == max(DAYS) else LETTER,
        }
        for row in told.itertuples()
    )


def _unfinished(business: Business, first: dt.date) -> pd.DataFrame:
    """Who signed up from a day on and has neither finished nor asked: customer_id, signed_up_on, mrr."""
    people = business.table("customers")
    came = people.group_by("customer_id").aggregate(signed_up_on=people.signed_up_on.min())
    came = came.filter(came.signed_up_on >= first)
    spans = business.table("subscriptions").filter(lambda span: span.ended_on.isnull())
    there = spans.group_by("customer_id").aggregate(mrr=spans.mrr.sum())
    rows = came.join(there, "customer_id")
    for gone in (onboarded(business), business.table("cancellations")):
        rows = rows.anti_join(gone, "customer_id")
    found = rows.execute()
    return found.assign(
        signed_up_on=pd.to_datetime(found["signed_up_on"]).dt.date,
        mrr=[Decimal(0) if formats.is_missing(one) else one for one in found["mrr"]],
    )

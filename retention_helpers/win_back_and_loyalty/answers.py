"""What to answer who asked to cancel and is still there, and what became of those answered before."""

import datetime as dt

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.losses import requests
from retention_helpers.business.spans import covers, kept_spans
from retention_helpers.contract.messages import offer_for
from retention_helpers.shown.units import CODE, COUNT, DAY, MONEY, RATE, TEXT, columns, names_of
from retention_helpers.statistics.intervals import rate
from retention_helpers.words import calendar

KEEP = "keep"  # the kind of a contact by which a request was answered
FOLLOWED_DAYS = 90
ANSWERED_WITHIN = 30
LOOK_BACK = 12  # months


@columns(
    customer_id=TEXT("Customer"), mrr=MONEY.or_null, asked_on=DAY, reason=CODE.or_null, offer=TEXT,
    message=TEXT(is_shown=False),
)  # fmt: skip
def to_answer(business: Business, asked: pd.DataFrame) -> pd.DataFrame:
    """One row per customer who asked to cancel and is still there: what answers their reason.

    Never a discount first. Takes the cancellations that are scheduled; who asked and stayed is left out.

    Glossary: answer to a request.
    """
    own = asked[asked["standing"] == "leaving"].reset_index(drop=True)
    folder, meant = business.folder, business.settings.reason_map
    found = [offer_for(folder, meant, reason or None) for reason in own["reason"].fillna("")]
    told = own.assign(
        offer=[one["offer"] for one in found], message=[" ".join(one["message"].split()) for one in found]
    )
    return told[names_of(to_answer)]


@columns(
    answered=TEXT("The request was"),
    still_there=COUNT(is_shown=False),
    asked=COUNT("Asked"),
    share=RATE("Customers on day 90", of=("still_there", "asked")),
)
def after_answers(business: Business) -> pd.DataFrame:
    """One row for those whose request was answered, one for the others: who was there on day 90.

    Of the requests of the last twelve months whose day 90 after them is past, each customer's latest;
    answered is a contact of the kind *keep* within ANSWERED_WITHIN days. Nobody was drawn: who is answered
    may differ from who is not.

    Glossary: answer to a request.
    """
    every = requests(business)
    since = calendar.months_after(business.as_of, -LOOK_BACK)
    until = business.as_of - dt.timedelta(days=FOLLOWED_DAYS)
    within = every.filter((every.canceled_on >= since) & (every.canceled_on < until))
    own = within.group_by("customer_id").aggregate(asked_on=within.canceled_on.max())
    dated = own.mutate(last_on=(own.asked_on + dt.timedelta(days=FOLLOWED_DAYS)).cast("date"))
    spans = kept_spans(business)
    there = dated.join(spans, [dated.customer_id == spans.customer_id, covers(spans, dated.last_on)])
    contacts = business.table("contacts")
    kept = contacts.filter(contacts.kind.lower() == KEEP)
    answered = dated.join(
        kept,
        [
            dated.customer_id == kept.customer_id,
            kept.contacted_on >= dated.asked_on,
            kept.contacted_on <= dated.asked_on + dt.timedelta(days=ANSWERED_WITHIN),
        ],
    )
    keys = ["customer_id", "asked_on"]
    rows = dated.execute().set_index(keys)
    was_answered = rows.index.isin(answered.select(*keys).execute().set_index(keys).index)
    is_there = rows.index.isin(there.select(*keys).execute().set_index(keys).index)
    found = []
    for name, group in (("answered", was_answered), ("not answered", ~was_answered)):
        told = rate(int(is_there[group].sum()), int(group.sum()))
        found.append((name, told.numerator, told.denominator, told.value, told.low, told.high))
    return pd.DataFrame(found if len(rows) else [], columns=names_of(after_answers))

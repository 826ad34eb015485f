"""Whom to write to this month: who has just been silent for longer than is usual for them."""

import datetime as dt
from decimal import Decimal

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.spans import kept_services
from retention_helpers.repeat_purchase.expected import with_expectation
from retention_helpers.repeat_purchase.gaps import gaps, last_day
from retention_helpers.repeat_purchase.rhythm import OVERDUE, VERDICTS, Tested, back_test, people_now
from retention_helpers.shown.proposals import proposals
from retention_helpers.shown.units import COUNT, DAY, MONEY, TENTHS, TEXT, columns, names_of
from retention_helpers.words import formats

ACTION = "buyer"
YEAR_DAYS = 365
CENTS = 2


def limits(people: pd.DataFrame, tested: Tested) -> pd.Series:
    """After how many days of silence each customer counts as overdue: by their own rhythm, unless the past
    says that a fixed number of days is right more often.
    """
    if tested.verdict == VERDICTS[1]:
        return pd.Series(tested.days, index=people.index)
    return OVERDUE * people["usual"]


@columns(
    customer_id=TEXT("Customer"),
    purchases=COUNT,
    last_on=DAY("Last bought"),
    silent=COUNT("Silent for days"),
    usual=TENTHS("Usually after days"),
    spent=MONEY("Spent in all"),
    expected=TENTHS.or_null("Purchases expected"),
    worth=MONEY.or_null("Worth"),
)
def overdue(business: Business) -> pd.DataFrame:
    """One row per customer who has become overdue within the report month; the largest worth first.

    Each customer stands here once a silence: who was overdue before was written to before. `expected` and
    `worth` are of the days to come, if nothing is done.

    Glossary: to write to, of buyers.
    """
    people = people_now(business)
    limit = limits(people, back_test(business))
    month_before = pd.Timestamp(business.report_month - dt.timedelta(days=1))
    was = (month_before - people["last_on"]).dt.days > limit
    new = people[(people["silent"] > limit) & ~was]
    told = with_expectation(business, new)
    ordered = told.assign(
        spent=told["spent"].round(CENTS), worth=told["worth"].round(CENTS), last_on=told["last_on"].dt.date
    ).sort_values(["worth", "spent", "customer_id"], ascending=[False, False, True])
    return ordered[names_of(overdue)].reset_index(drop=True)


def lapsed(business: Business) -> int:
    """How many of all who ever bought are overdue at the end of the month.

    Glossary: overdue.
    """
    people = people_now(business)
    return int((people["silent"] > limits(people, back_test(business))).sum())


def to_write_to(business: Business) -> pd.DataFrame:
    """A letter to everybody of `overdue`, but for those whose subscription is over: they are won back as
    leavers. At stake is what they spent in the last year, a month.
    """
    found = overdue(business)
    found = found[~found["customer_id"].isin(_unsubscribed(business))]
    spent = _spent_a_month(business)
    return proposals(
        {
            "customer_id": row.customer_id,
            "action": ACTION,
            "mrr": spent.get(row.customer_id, Decimal(0)),
            "why": f"last bought on {formats.day(row.last_on)}, {formats.plural(row.silent, 'day')} ago; "
            f"usually after {formats.count(round(row.usual))}",
            "message": f"Hello, it has been a while since your last order from {business.name}. Did "
            "everything "
            "arrive as you had hoped, and is there anything that you miss?",
        }
        for row in found.itertuples()
    )


def _unsubscribed(business: Business) -> set[str]:
    """Who had a subscription and has none now."""
    if business.counts_buyers:
        return set()
    own = kept_services(business).group_by("customer_id")
    lasts = own.aggregate(goes_on=lambda service: service.end_on.isnull().any()).execute()
    return set(lasts.loc[~lasts["goes_on"].astype(bool), "customer_id"])


def _spent_a_month(business: Business) -> dict[str, Decimal]:
    """What each customer spent in the last YEAR_DAYS days, a month."""
    rows = gaps(business)
    since = pd.Timestamp(last_day(business)) - pd.Timedelta(days=YEAR_DAYS)
    spent = rows[rows["bought_on"] > since].groupby("customer_id")["amount"].sum() / 12
    return {str(who): round(Decimal(str(amount)), CENTS) for who, amount in spent.items()}

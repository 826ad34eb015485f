"""What comes to an end or a renewal in the next days: trials, pauses, and years that are paid at once.

No end that lies ahead is known at the cut. So a trial or a pause is expected to last as long as they have
here, in the median, and a year ends on its anniversary.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.spans import TRIAL, kept_spans, stretches
from retention_helpers.contract.messages import read_messages
from retention_helpers.shown.proposals import CALL, LETTER, proposals
from retention_helpers.win_back_and_loyalty.pauses import paused_now
from retention_helpers.words import calendar, formats
from retention_helpers.words.spellings import ANNUAL

AHEAD_DAYS = 3  # so many days before a trial or a pause is expected to end
LATE_DAYS = (
    3  # so many days late a trial's end may be known: lists are made in the morning, of an older export
)
RENEWAL_DAYS = 14  # and before a year renews
LOOK_BACK = 12  # months of trials, whose length is taken


def trials_ending(business: Business, since: dt.date) -> pd.DataFrame:
    """Whose trial ended without service after it, or is expected to end in AHEAD_DAYS days.

    From `since` on; of those that ended, LATE_DAYS earlier.

    Trials are expected to last as long as those that ended in the last LOOK_BACK months, in the median; where
    none did, only those that ended are told.
    """
    every, day = latest_trials(business), _last_day(business)
    past = every[every["end_on"] >= pd.Timestamp(calendar.months_after(day, -LOOK_BACK))]
    length = (past["end_on"] - past["begin_on"]).dt.days.median()
    rows = every[every["served_on"].isna()]  # who went on tells how long trials last, and is asked nothing
    open_ones, ended = rows[rows["end_on"].isna()], rows[rows["end_on"].notna()]
    due = open_ones["begin_on"] + (pd.NaT if pd.isna(length) else pd.Timedelta(days=int(length)))
    is_due = due.between(pd.Timestamp(since), pd.Timestamp(day + dt.timedelta(days=AHEAD_DAYS)))
    words = read_messages(business.folder)
    coming = open_ones.assign(on=due)[is_due]
    over = ended[ended["end_on"] >= pd.Timestamp(since - dt.timedelta(days=LATE_DAYS))]
    over = over.assign(on=over["end_on"])
    return proposals(
        [
            *(
                _trial(business, row, words["trial_ends"]["message"], "ends about")
                for row in coming.itertuples()
            ),
            *(
                _trial(business, row, words["trial_ended"]["message"], "ended on")
                for row in over.itertuples()
            ),
        ]
    )


def _trial(business: Business, row: Any, message: str, verb: str) -> dict[str, Any]:
    on = formats.day(row.on)
    return {
        "customer_id": row.customer_id,
        "action": "trial",
        "mrr": row.mrr,
        "why": f"the free time {verb} {on}",
        "message": message.format(business=business.name, day=on),
    }


def latest_trials(business: Business) -> pd.DataFrame:
    """A row a customer with a trial, the latest: customer_id, begin_on, end_on, mrr, served_on.

    `end_on` is null while it goes on; `served_on` the first day of paid or paused service, null for none.
    """
    spans = business.table("subscriptions")
    own = spans.filter(spans.status == TRIAL)
    latest = own.group_by("customer_id").aggregate(
        begin_on=own.started_on.max(),
        end_on=ibis.ifelse(own.ended_on.isnull().any(), ibis.null("date"), own.ended_on.max()),
        mrr=own.mrr.max(),
    )
    service = (
        kept_spans(business).group_by("customer_id").aggregate(served_on=lambda row: row.started_on.min())
    )
    rows = latest.left_join(service, "customer_id").drop("customer_id_right").execute()
    told = rows.assign(
        begin_on=pd.to_datetime(rows["begin_on"]),
        end_on=pd.to_datetime(rows["end_on"]),
        mrr=[Decimal(0) if formats.is_missing(one) else one for one in rows["mrr"]],
    )
    return told.sort_values("customer_id", ignore_index=True)


def pauses_ending(business: Business, since: dt.date) -> pd.DataFrame:
    """Whose pause is expected to end, from `since` on, in AHEAD_DAYS days."""
    rows = paused_now(business)
    until = _last_day(business) + dt.timedelta(days=AHEAD_DAYS)
    chosen = rows.loc[[bool(day) and since <= day <= until for day in rows["expected_end_on"]]]
    return proposals(
        {
            "customer_id": row.customer_id,
            "action": "pause",
            "mrr": row.mrr,
            "why": f"the pause ends about {formats.day(row.expected_end_on)}",
            "message": row.message,
        }
        for row in chosen.itertuples()
    )


def renewals_coming(business: Business) -> pd.DataFrame:
    """Whose year of unbroken annual billing renews within RENEWAL_DAYS days, the largest MRR first."""
    day = _last_day(business)
    spans = kept_spans(business)
    terms = stretches(spans.filter(spans.interval == ANNUAL))
    lasting = terms.filter(terms.end_on.isnull()).select("customer_id", "begin_on")
    going = lasting.join(paying_now(business), "customer_id").execute()
    begun = pd.to_datetime(going["begin_on"])
    due = {one: _next_anniversary(one.date(), day) for one in begun.unique()}
    rows = going.assign(due_on=begun.map(due))
    until = day + dt.timedelta(days=RENEWAL_DAYS)
    rows = rows.loc[[one <= until for one in rows["due_on"]]]
    ordered = rows.sort_values(["mrr", "customer_id"], ascending=[False, True])
    words = read_messages(business.folder)["year_renews"]["message"]
    return proposals(
        {
            "customer_id": row.customer_id,
            "action": "renewal",
            "mrr": row.mrr,
            "why": f"the year renews on {formats.day(row.due_on)}",
            "message": words.format(business=business.name, day=formats.day(row.due_on)),
            "way": CALL if row.mrr >= business.settings.high_value_mrr else LETTER,
        }
        for row in ordered.itertuples()
    )


def _next_anniversary(begin: dt.date, after: dt.date) -> dt.date:
    """The first day after another on which a year that began on `begin` is over.

    >>> _next_anniversary(dt.date(2024, 2, 29), dt.date(2026, 2, 28))
    datetime.date(2027, 2, 28)
    """
    years = range(max(after.year - begin.year, 1), after.year - begin.year + 3)
    return next(day for nth in years if (day := calendar.months_after(begin, 12 * nth)) > after)


def paying_now(business: Business) -> ir.Table:
    """A row a customer who pays at the cut: customer_id, mrr."""
    rows = months.kept_customer_months(business)
    now = rows.filter((rows.month == business.report_month) & (rows.state_at_end == "paying"))
    return now.select("customer_id", mrr="mrr_at_end")


def _last_day(business: Business) -> dt.date:
    return business.as_of - dt.timedelta(days=1)

"""What each table had shown of a customer by a date: one expression of the engine a table, for all dates.

A date is the midnight that ends a month, as the `as_of` of a report, or the cut of a day's list. Each row of
a table is placed before the next few such dates, with its age at each, and counted there: so every past
month end is seen in one pass, and no row is ever placed before a date that it lies after. Of a large business
so many dates at once as fit in memory.
"""

import datetime as dt
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.moods import kept_tickets
from retention_helpers.engine.dialects import months_between
from retention_helpers.words import calendar

KEYS = ["customer_id", "as_of"]
Dates = Sequence[dt.date]
ONE_DAY = dt.timedelta(days=1)

RECENT_DAYS, BEFORE_DAYS = 14, 42  # whole weeks: weekends weigh the same in both
USED_BEFORE, USED_LATELY = 4, 3  # days of use, without which there is nothing to compare
LONGEST_SILENCE = 182  # days; who is silent for longer counts as silent for so long
MONTHS_OF_SILENCE = 6  # before the current one, that hold so many days
FORGOTTEN_AFTER = 90  # days: a ticket, a failed payment, a score
DAYS_TO_OPEN = 3  # a mail younger than that is not unopened yet


def placed(rows: ir.Table, on: str, dates: Dates, *, months_back: int) -> ir.Table:
    """Each row once for every date that it precedes by at most so many whole months, with its age there.

    Adds as_of, and age: whole days from the row's day to the last day before the date (0: that very day).
    """
    pairs = [
        (calendar.months_after((date - ONE_DAY).replace(day=1), -back), date)
        for date in dates
        for back in range(months_back + 1)
    ]
    frame = pd.DataFrame(pairs, columns=["in_month", "as_of"])
    near = ibis.memtable(frame, schema={"in_month": "date", "as_of": "date"})
    recent = rows.filter(rows[on] >= min(month for month, _ in pairs))
    joined = recent.mutate(in_month=recent[on].truncate("M")).join(near, "in_month")
    return joined.mutate(age=joined.as_of.delta(joined[on], unit="day") - 1)


def _young(rows: ir.Table, on: str, dates: Dates) -> ir.Table:
    near = placed(rows, on, dates, months_back=3)
    return near.filter(near.age < FORGOTTEN_AFTER)


def use(business: Business, dates: Dates) -> ir.Table:
    """A row a customer a date: days of use and actions, lately and before, and the latest day of use."""
    days = months.days_of_use(business)
    near = placed(days, "day", dates, months_back=2)
    lately, before = near.age < RECENT_DAYS, near.age.between(RECENT_DAYS, RECENT_DAYS + BEFORE_DAYS - 1)
    counts = near.group_by(KEYS).aggregate(
        days_lately=near.count(where=lately),
        days_before=near.count(where=before),
        actions_lately=near.activity.sum(where=lately).cast("int64"),
        actions_before=near.activity.sum(where=before).cast("int64"),
    )
    since = days.filter(days.day >= calendar.months_after(dates[0], -MONTHS_OF_SILENCE - 1))
    by_month = since.group_by(["customer_id", since.day.truncate("M").name("month")]).aggregate(
        last_on=since.day.max()
    )
    far = placed(by_month, "last_on", dates, months_back=MONTHS_OF_SILENCE)
    latest = far.group_by(KEYS).aggregate(used_on=far.last_on.max())
    return latest.left_join(counts, KEYS).drop("customer_id_right", "as_of_right")


def negative_tickets(business: Business, dates: Dates) -> ir.Table:
    """A row a customer a date: days since the latest negative ticket."""
    tickets = kept_tickets(business)
    near = _young(tickets.filter(tickets.sentiment == "negative"), "opened_on", dates)
    return near.group_by(KEYS).aggregate(days_since_negative=near.age.min())


def failed_payments(business: Business, dates: Dates) -> ir.Table:
    """A row a customer a date: days since the latest failed attempt, where none has succeeded after it."""
    attempts = business.table("payments")
    near = _young(attempts.filter(attempts.status != "refunded"), "attempted_on", dates)
    failed = near.status == "failed"
    latest = near.group_by(KEYS).aggregate(
        failed_at=near.attempted_at.max(where=failed),
        succeeded_at=near.attempted_at.max(where=~failed),
        days_since_failed=near.age.min(where=failed),
    )
    still = latest.succeeded_at.isnull() | (latest.failed_at > latest.succeeded_at)
    return latest.filter(still & latest.failed_at.notnull()).select(*KEYS, "days_since_failed")


def mails(business: Business, dates: Dates) -> ir.Table:
    """A row a customer a date: how many mails came, and how many of the latest in a row were not opened.

    A mail that was opened or clicked after the date was not opened yet.
    """
    sent = business.table("emails")
    near = placed(sent, "sent_on", dates, months_back=6).filter(lambda mail: mail.age >= DAYS_TO_OPEN)
    is_open = (near.opened_on < near.as_of) | (near.clicked_on < near.as_of)
    own = ibis.window(group_by=KEYS)
    marked = near.mutate(opened_last=near.sent_at.max(where=is_open.fill_null(False)).over(own))
    later = marked.opened_last.isnull() | (marked.sent_at > marked.opened_last)
    return marked.group_by(KEYS).aggregate(mails=marked.count(), unopened_in_a_row=marked.count(where=later))


def scores(business: Business, dates: Dates) -> ir.Table:
    """A row a customer a date: the latest answer to "would you recommend us?" that is not too old."""
    young = _young(business.table("nps"), "answered_on", dates)
    latest = young.mutate(last_at=young.answered_at.max().over(ibis.window(group_by=KEYS)))
    return latest.filter(latest.answered_at == latest.last_at).group_by(KEYS).aggregate(
        nps_score=lambda answer: answer.score.min()
    )  # fmt: skip


def downgrades(business: Business, dates: Dates) -> ir.Table:
    """A row a customer a date: whole months since the latest one in which MRR fell."""
    moved = months.kept_customer_months(business)
    fallen = moved.filter(moved.mrr_movement == "contraction").select(
        "customer_id", month=moved.month.cast("date")
    )
    near = placed(fallen, "month", dates, months_back=3)
    ago = months_between(near.month, near.as_of) - 1
    return near.group_by(KEYS).aggregate(months_since_downgrade=ago.min())


def onboarded(business: Business) -> ir.Table:
    """A row a customer who ever finished the onboarding: the first day of it."""
    events = business.table("events")
    done = events.filter(events.event == business.settings.onboarding_event)
    return done.group_by("customer_id").aggregate(onboarded_on=done.occurred_on.min())


def first_rows(business: Business) -> dict[str, dt.date | None]:
    """The day on which each table that a warning is made of begins; None where it has no row.

    The prices begin with the first subscription, unless past ones are not known.

    Before it nothing could have been seen, so nobody counts as silent or free of trouble.
    """

    def first(rows: ir.Table, on: str) -> dt.date | None:
        day = rows[on].min().execute()
        return None if pd.isna(day) else pd.Timestamp(day).date()

    tickets, sent = kept_tickets(business), business.table("emails")
    opened = sent.mutate(seen_on=ibis.least(sent.opened_on, sent.clicked_on))
    kept: dict[str, dt.date | None] = business.once(
        "first rows",
        lambda: {
            "prices": first(business.table("subscriptions"), "started_on")
            if business.knows("prices")
            else None,
            "use": first(months.days_of_use(business), "day"),
            "onboarding": first(onboarded(business), "onboarded_on"),
            "tickets": first(tickets.filter(tickets.sentiment.notnull()), "opened_on"),
            "payments": first(business.table("payments"), "attempted_on"),
            "emails": first(opened, "seen_on"),
            "nps": first(business.table("nps"), "answered_on"),
        },
    )
    return kept

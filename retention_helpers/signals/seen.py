"""What each table had shown of a customer by a date: one expression of the engine a table, for all dates.

A date is the midnight that ends a month, as the `as_of` of a report. Each row of a table is placed before
the next few such dates, with its age at each, and counted there: so every past month end is seen in one
pass, and no row is ever placed before a date that it lies after.
"""

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers import calendar, months
from retention_helpers.business import Business

KEYS = ["customer_id", "as_of"]

RECENT_DAYS, BEFORE_DAYS = 14, 42  # whole weeks: weekends weigh the same in both
USED_BEFORE, USED_LATELY = 4, 3  # days of use, without which there is nothing to compare
LONGEST_SILENCE = 182  # days; who is silent for longer counts as silent for so long
FORGOTTEN_AFTER = 90  # days: a ticket, a failed payment, a score
DAYS_TO_OPEN = 3  # a mail younger than that is not unopened yet


def placed(business: Business, rows: ir.Table, on: str, *, months_back: int) -> ir.Table:
    """Each row once for every date that it precedes by at most so many whole months, with its age there.

    Adds as_of, and age: whole days from the row's day to the last day before the date (0: that very day).
    """
    starts = months.month_starts(business)
    first, last = calendar.months_after(starts[0], -months_back), starts[-1]
    pairs = [
        (month, calendar.months_after(month, step + 1))
        for month in calendar.month_starts(first, last)
        for step in range(months_back + 1)
        if starts[0] <= calendar.months_after(month, step) <= last
    ]
    frame = pd.DataFrame(pairs, columns=["in_month", "as_of"])
    dates = ibis.memtable(frame, schema={"in_month": "date", "as_of": "date"})
    joined = rows.mutate(in_month=rows[on].truncate("M")).join(dates, "in_month")
    return joined.mutate(age=joined.as_of.delta(joined[on], unit="day") - 1)


def _young(business: Business, rows: ir.Table, on: str) -> ir.Table:
    near = placed(business, rows, on, months_back=3)
    return near.filter(near.age < FORGOTTEN_AFTER)


def days_of_use(business: Business) -> ir.Table:
    """The rows of customer-days on which something was done that counts as use."""
    days = months.kept_customer_days(business)
    return days.filter(days.activity > 0)


def use(business: Business) -> ir.Table:
    """A row a customer a date: days of use and actions, lately and before, and the latest day of use."""
    days = days_of_use(business)
    near = placed(business, days, "day", months_back=2)
    lately, before = near.age < RECENT_DAYS, near.age.between(RECENT_DAYS, RECENT_DAYS + BEFORE_DAYS - 1)
    counts = near.group_by(KEYS).aggregate(
        days_lately=near.count(where=lately),
        days_before=near.count(where=before),
        actions_lately=near.activity.sum(where=lately).cast("int64"),
        actions_before=near.activity.sum(where=before).cast("int64"),
    )
    by_month = days.group_by(["customer_id", days.day.truncate("M").name("month")]).aggregate(
        last_on=days.day.max()
    )
    far = placed(business, by_month, "last_on", months_back=6)
    latest = far.group_by(KEYS).aggregate(used_on=far.last_on.max())
    return latest.left_join(counts, KEYS).drop("customer_id_right", "as_of_right")


def negative_tickets(business: Business) -> ir.Table:
    """A row a customer a date: days since the latest negative ticket."""
    tickets = business.table("tickets")
    near = _young(business, tickets.filter(tickets.sentiment == "negative"), "opened_on")
    return near.group_by(KEYS).aggregate(days_since_negative=near.age.min())


def failed_payments(business: Business) -> ir.Table:
    """A row a customer a date: days since the latest failed attempt, where none has succeeded after it."""
    attempts = business.table("payments")
    near = _young(business, attempts.filter(attempts.status != "refunded"), "attempted_on")
    failed = near.status == "failed"
    latest = near.group_by(KEYS).aggregate(
        failed_at=near.attempted_at.max(where=failed),
        succeeded_at=near.attempted_at.max(where=~failed),
        days_since_failed=near.age.min(where=failed),
    )
    still = latest.succeeded_at.isnull() | (latest.failed_at > latest.succeeded_at)
    return latest.filter(still & latest.failed_at.notnull()).select(*KEYS, "days_since_failed")


def mails(business: Business) -> ir.Table:
    """A row a customer a date: how many mails came, and how many of the latest in a row were not opened.

    A mail that was opened or clicked after the date was not opened yet.
    """
    sent = business.table("emails")
    near = placed(business, sent, "sent_on", months_back=6).filter(lambda mail: mail.age >= DAYS_TO_OPEN)
    is_open = (near.opened_on < near.as_of) | (near.clicked_on < near.as_of)
    own = ibis.window(group_by=KEYS)
    marked = near.mutate(opened_last=near.sent_at.max(where=is_open.fill_null(False)).over(own))
    later = marked.opened_last.isnull() | (marked.sent_at > marked.opened_last)
    return marked.group_by(KEYS).aggregate(mails=marked.count(), unopened_in_a_row=marked.count(where=later))


def scores(business: Business) -> ir.Table:
    """A row a customer a date: the latest answer to "would you recommend us?" that is not too old."""
    young = _young(business, business.table("nps"), "answered_on")
    latest = young.mutate(last_at=young.answered_at.max().over(ibis.window(group_by=KEYS)))
    return latest.filter(latest.answered_at == latest.last_at).group_by(KEYS).aggregate(
        nps_score=lambda answer: answer.score.min()
    )  # fmt: skip


def downgrades(business: Business) -> ir.Table:
    """A row a customer a date: whole months since the latest one in which MRR fell."""
    moved = months.kept_customer_months(business)
    fallen = moved.filter(moved.mrr_movement == "contraction").select(
        "customer_id", month=moved.month.cast("date")
    )
    near = placed(business, fallen, "month", months_back=3)
    ago = near.as_of.delta(near.month, unit="month") - 1
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

    tickets, sent = business.table("tickets"), business.table("emails")
    opened = sent.mutate(seen_on=ibis.least(sent.opened_on, sent.clicked_on))
    kept: dict[str, dt.date | None] = business.once(
        "first rows",
        lambda: {
            "prices": first(business.table("subscriptions"), "started_on")
            if business.knows("prices")
            else None,
            "use": first(days_of_use(business), "day"),
            "onboarding": first(onboarded(business), "onboarded_on"),
            "tickets": first(tickets.filter(tickets.sentiment.notnull()), "opened_on"),
            "payments": first(business.table("payments"), "attempted_on"),
            "emails": first(opened, "seen_on"),
            "nps": first(business.table("nps"), "answered_on"),
        },
    )
    return kept

"""The months of every customer, and the days of their use.

`customer_months` has a row a customer a month, `customer_days` a row a customer a day of activity. All are
expressions of the engine; a state is always the state at the end of a day.
"""

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business.opened import Business
from retention_helpers.business.spans import covers, kept_services, kept_spans
from retention_helpers.words import calendar
from retention_helpers.words.errors import InputError

RECENT_MONTHS = 8  # that the list of a day looks back on; none of its questions reaches further


def month_starts(business: Business) -> list[dt.date]:
    """The first day of every month from the first service to the report month; of a day, the latest few.

    Raises InputError where nobody had service before the cut: free plans and trials are none.
    """
    first = business.once("first service", lambda: kept_services(business).begin_on.min().execute())
    if pd.isna(first):
        raise InputError(
            f"Nobody had a paid or paused subscription before {business.as_of}, so there is nothing to "
            "report. Trials and plans with an mrr of 0 are not service: check status and mrr."
        )
    starts = calendar.month_starts(pd.Timestamp(first).date(), business.report_month)
    return starts[-RECENT_MONTHS:] if business.day else starts


def month_ends_on(business: Business) -> list[dt.date]:
    """The first day after every month of `month_starts`; after the last one, the cut."""
    return [*month_starts(business)[1:], business.as_of]


def month_table(business: Business) -> ir.Table:
    """A row a calendar month with service, up to the cut: month, next_month, last_day."""
    starts, following = month_starts(business), month_ends_on(business)
    frame = pd.DataFrame(
        {
            "month": starts,
            "next_month": following,
            "last_day": [start - dt.timedelta(days=1) for start in following],
        }
    )
    return ibis.memtable(frame, schema={"month": "date", "next_month": "date", "last_day": "date"})


def month_ends(business: Business) -> ir.Table:
    """A row a customer a month at whose end the customer is one.

    Columns: customer_id, month, next_month, state (paying, paused), mrr (the sum of the paying spans),
    plan, interval (of the span with the largest MRR).

    Glossary: state; MRR.
    """
    own = kept_spans(business)
    months = month_table(business)
    covering = own.join(months, covers(own, months.last_day))
    each = [covering.customer_id, covering.month]
    leading = ibis.window(
        group_by=each,
        order_by=[covering.state.desc(), covering.mrr.desc(), covering.plan, covering.interval,
                  covering.started_at],
    )  # fmt: skip
    ranked = covering.mutate(
        rank=ibis.row_number().over(leading),
        total=covering.mrr.sum().over(ibis.window(group_by=each)),
    )
    return ranked.filter(ranked["rank"] == 0).select(
        "customer_id",
        "month",
        "next_month",
        "state",
        "plan",
        "interval",
        mrr=ranked.total.cast("decimal(18, 6)"),
    )


def _edges(business: Business) -> ir.Table:
    """A row a customer a month with an edge of service inside it: how many begins and ends."""
    own = kept_services(business)
    begins = own.select("customer_id", month=own.begin_on.truncate("M"), edge=ibis.literal("begin"))
    ended = own.filter(own.end_on.notnull())
    ends = ended.select("customer_id", month=ended.end_on.truncate("M"), edge=ibis.literal("end"))
    both = begins.union(ends)
    return both.group_by(["customer_id", "month"]).aggregate(
        begins=both.count(where=both.edge == "begin"), ends=both.count(where=both.edge == "end")
    )


def customer_months(business: Business) -> ir.Table:
    """A row a customer a month: the state and MRR at its start and end, and what moved in between.

    Only months in which the customer was one at the start or the end, or began service; where the business
    was opened for the list of a day, only the latest few, of whose first one the start is not known. Columns:
    customer_id, month, state_at_start, state_at_end (paying, paused, none), mrr_at_start, mrr_at_end,
    plan, interval (at the start; at the end for those who came), begins, ends (of service,
    stamped inside the month), movement (stayed, lost, new, reactivated, joined_and_left), mrr_movement
    (new, reactivated, expansion, contraction, paused, resumed, churned; null where nothing moved),
    left_and_returned.

    Glossary: customer.
    """
    states = month_ends(business)
    at_end = states.select(
        "customer_id",
        "month",
        state_at_end="state",
        mrr_at_end="mrr",
        plan_at_end="plan",
        interval_at_end="interval",
    )
    earlier = states.filter(states.month < business.report_month)
    at_start = earlier.select(
        "customer_id",
        month="next_month",
        state_at_start="state",
        mrr_at_start="mrr",
        plan_at_start="plan",
        interval_at_start="interval",
    )
    edges = _edges(business)
    keys = ["customer_id", "month"]
    touched = edges.filter((edges.month < business.as_of) & (edges.month >= month_starts(business)[0]))
    everybody = at_end.select(*keys).union(at_start.select(*keys), touched.select(*keys)).distinct()
    own = kept_services(business)
    firsts = own.group_by("customer_id").aggregate(first_month=own.begin_on.min().truncate("M"))
    wide = (
        everybody.left_join(at_start, keys)
        .drop("customer_id_right", "month_right")
        .left_join(at_end, keys)
        .drop("customer_id_right", "month_right")
        .left_join(edges, keys)
        .drop("customer_id_right", "month_right")
        .left_join(firsts, "customer_id")
    )
    zero = ibis.literal(0).cast("decimal(18, 6)")
    filled = wide.select(
        *keys,
        "first_month",
        state_at_start=wide.state_at_start.fill_null("none"),
        state_at_end=wide.state_at_end.fill_null("none"),
        mrr_at_start=wide.mrr_at_start.fill_null(zero),
        mrr_at_end=wide.mrr_at_end.fill_null(zero),
        plan=ibis.coalesce(wide.plan_at_start, wide.plan_at_end),
        interval=ibis.coalesce(wide.interval_at_start, wide.interval_at_end),
        begins=wide.begins.fill_null(0),
        ends=wide.ends.fill_null(0),
    )
    return _with_movement(filled)


def _with_movement(rows: ir.Table) -> ir.Table:
    at_start, at_end = rows.state_at_start != "none", rows.state_at_end != "none"
    movement = ibis.cases(
        (at_start & at_end, "stayed"),
        (at_start, "lost"),
        (at_end & (rows.first_month < rows.month), "reactivated"),
        (at_end, "new"),
        else_="joined_and_left",
    )
    before, after = rows.mrr_at_start, rows.mrr_at_end
    mrr_movement = ibis.cases(
        (movement == "lost", "churned"),
        (movement.isin(["new", "reactivated"]), movement),
        (movement == "joined_and_left", ibis.null("string")),
        ((before > 0) & (after == 0), "paused"),
        ((before == 0) & (after > 0), "resumed"),
        (after > before, "expansion"),
        (after < before, "contraction"),
    )
    return rows.mutate(
        movement=movement,
        mrr_movement=mrr_movement,
        left_and_returned=at_start & at_end & (rows.ends > 0),
    ).drop("first_month")


def kept_customer_months(business: Business) -> ir.Table:
    """`customer_months`, computed once."""
    return business.keep("customer_months", lambda: customer_months(business))


def first_days(business: Business) -> ir.Table:
    """A row a customer who ever had service: customer_id, first_on, cohort (first day of its month).

    Glossary: first day; cohort.
    """
    own = kept_services(business)
    first = own.group_by("customer_id").aggregate(first_on=own.begin_on.min())
    return first.mutate(cohort=first.first_on.truncate("M"))


def anniversaries(business: Business) -> pd.DataFrame:
    """A row a first day and k: the day on which k calendar months from it are over, up to the cut.

    The same day of a later month, counted from the first day; the last day of the month where it does not
    exist. k = 0 is the first day itself. Columns: first_on, k, day.
    """
    return business.once("anniversaries", lambda: _anniversaries(business))


def _anniversaries(business: Business) -> pd.DataFrame:
    begun = first_days(business).first_on.as_table().distinct().order_by("first_on").execute()["first_on"]
    rows = [
        (first, k, calendar.months_after(first, k))
        for first in (pd.Timestamp(day).date() for day in begun)
        for k in range(calendar.months_between(first, business.report_month) + 1)
    ]
    return pd.DataFrame(rows, columns=["first_on", "k", "day"])


def is_activity(business: Business, events: ir.Table) -> ir.BooleanValue:
    """Whether an event counts as activity: one of `activity_events`, or any where the owner named none.

    Glossary: activity.
    """
    names = business.settings.activity_events
    return events.event.isin(names) if names else ibis.literal(True)


def customer_days(business: Business) -> ir.Table:
    """A row a customer a day with an event, in one pass over the events; of a day, in the latest few months.

    Columns: customer_id, day (business time zone), events, activity (events that count as activity).
    """
    events = business.table("events")
    if business.day:
        events = events.filter(events.occurred_on >= month_starts(business)[0])
    return events.group_by(["customer_id", events.occurred_on.name("day")]).aggregate(
        events=events.count(), activity=events.count(where=is_activity(business, events))
    )


def kept_customer_days(business: Business) -> ir.Table:
    """`customer_days`, computed once."""
    return business.keep("customer_days", lambda: customer_days(business))


def days_of_use(business: Business) -> ir.Table:
    """The rows of customer-days on which something was done that counts as use."""
    days = kept_customer_days(business)
    return days.filter(days.activity > 0)

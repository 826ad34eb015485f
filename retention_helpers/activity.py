"""How many customers use what they pay for: active by week and month, back after sign-up, gone dormant.

Activity is an event that the owner named in `activity_events`, or any event. The events are read in
narrow passes that leave a row an account, with a bit for every month; all that follows stands on those
rows. An active customer of a month is a customer at its end who was active on one of its days.
"""

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers import calendar, months
from retention_helpers.business import Business
from retention_helpers.intervals import Change, paired_change, with_rate

WEEK = 7  # the last days of a month: each weekday once
N_DAYS = (1, 7, 30)  # after sign-up
SIGN_UP_MONTHS = 12
FOLLOWED = 30  # days that a sign-up must have had to come back
HISTORY_MONTHS = 60  # a bit each, of 64
DAY = dt.timedelta(days=1)


@ibis.udf.agg.builtin(name="bit_or")
def _all_marks(marks: int) -> int:  # type: ignore[empty-body]
    """Every bit that is set in some row. ibis has one of its own, which not every engine understands."""


def _marked_months(business: Business) -> list[tuple[dt.date, int]]:
    """The first day and the bit of every month of the last five years, the report month last."""
    back = reversed(range(HISTORY_MONTHS))
    return [
        (calendar.months_after(business.report_month, -months_back), 1 << months_back) for months_back in back
    ]


def day_marks(business: Business) -> ir.Table:
    """A row a day of the last five years: day, month_mark (the bit of its month), week_mark (the same in
    the last seven days of the month, 0 before)."""
    rows = [
        (start + nth * DAY, mark, mark if days - nth <= WEEK else 0)
        for start, mark in _marked_months(business)
        for days in [(calendar.months_after(start, 1) - start).days]
        for nth in range(days)
    ]
    frame = pd.DataFrame(rows, columns=["day", "month_mark", "week_mark"])
    return ibis.memtable(frame, schema={"day": "date", "month_mark": "int64", "week_mark": "int64"})


def acts(business: Business) -> ir.Table:
    """A row an event that counts as activity: customer_id, day (business time zone)."""
    events = business.table("events")
    return events.filter(months.is_activity(business, events)).select("customer_id", day="occurred_on")


def account_marks(active_days: ir.Table, marked: ir.Table) -> ir.Table:
    """A row an account that was ever active; takes acts, or any rows of customer_id and day.

    One pass whose memory grows with the accounts, not with the events. The bits come from a table of days
    (`day_marks`), because a shift by a column is not the same in every engine.

    Columns: customer_id, active_months and active_weeks (a bit a month: active in it, active in its last
    seven days), first_on, last_on.
    """
    placed = active_days.left_join(marked, "day")
    return placed.group_by("customer_id").aggregate(
        active_months=_all_marks(placed.month_mark).fill_null(0),
        active_weeks=_all_marks(placed.week_mark).fill_null(0),
        first_on=placed.day.min(),
        last_on=placed.day.max(),
    )


def kept_account_marks(business: Business) -> ir.Table:
    """`account_marks` of all activity, computed once."""
    return business.keep("activity", lambda: account_marks(acts(business), day_marks(business)))


@dataclass(frozen=True)
class Known:
    """What is known of activity: since when, until when, and what counts.

    Attributes:
        is_brought: whether the owner brought a table of events.
        events: the names that count as activity; empty: every event.
        first_on, last_on: the days of the first and the latest event that counts; None without any.
        months: the calendar months that are known whole.
        as_of: the first day after the report month.
    """

    is_brought: bool
    events: tuple[str, ...]
    first_on: dt.date | None
    last_on: dt.date | None
    months: tuple[dt.date, ...]
    as_of: dt.date


def known(business: Business) -> Known:
    """Which days and months the events cover.

    A month is known whole when it does not begin before the day of the first event that counts. The month
    of that event is, too, when nobody had been a customer before it. At most the last five years.
    """
    return business.once("known activity", lambda: _known(business))


def _known(business: Business) -> Known:
    own = kept_account_marks(business)
    ends = own.aggregate(first_on=own.first_on.min(), last_on=own.last_on.max()).execute().iloc[0]
    first_on, last_on = (None if pd.isna(day) else pd.Timestamp(day).date() for day in ends)
    whole: tuple[dt.date, ...] = ()
    if first_on is not None:
        served_before = months.first_service(business) < first_on
        whole_from = first_on if served_before else first_on.replace(day=1)
        starts = months.month_starts(business)[-HISTORY_MONTHS:]
        whole = tuple(start for start in starts if start >= whole_from)
    names = business.settings.activity_events
    return Known(business.has("events"), names, first_on, last_on, whole, business.as_of)


def _months_known(business: Business) -> ir.Table:
    """A row a month that is known whole: month, mark, mark_before (null in the first)."""
    whole = known(business).months
    marked = [(start, mark) for start, mark in _marked_months(business) if start in whole]
    rows = [(start, mark, before) for (_, before), (start, mark) in pairwise([(None, None), *marked])]
    frame = pd.DataFrame(rows, columns=["month", "mark", "mark_before"], dtype=object)
    return ibis.memtable(
        frame.astype({"mark": "Int64", "mark_before": "Int64"}),
        schema={"month": "date", "mark": "int64", "mark_before": "int64"},
    )


def customer_activity(business: Business) -> ir.Table:
    """A row a customer a month that is known whole: whether active, and what became of the activity.

    Customers at the month's start or end. Columns: customer_id, month, is_customer (at the end),
    is_active (in the month), is_active_in_week (in its last seven days), state. The state of a customer
    at both ends is staying (active in this month and the one before), returning (only in this), gone
    dormant (only in the one before) or dormant (in neither); of one who came, newly active or newly
    dormant; of one who was lost, by the month before, lost active or lost dormant. In the first month the
    one before is not known, and the state is null for those who were customers then.
    """
    rows = months.kept_customer_months(business).filter(lambda row: row.movement != "joined_and_left")
    both = rows.join(_months_known(business), "month").left_join(kept_account_marks(business), "customer_id")
    at_start, at_end = both.state_at_start != "none", both.state_at_end != "none"
    active_months, active_weeks = both.active_months.fill_null(0), both.active_weeks.fill_null(0)
    now, before = (active_months & both.mark) != 0, (active_months & both.mark_before) != 0
    state = ibis.cases(
        (~at_start & now, "newly active"),
        (~at_start, "newly dormant"),
        (~at_end & before, "lost active"),
        (~at_end & ~before, "lost dormant"),
        (now & before, "staying"),
        (now & ~before, "returning"),
        (before, "gone dormant"),
        (~before, "dormant"),
    )
    return both.select(
        "customer_id",
        "month",
        is_customer=at_end,
        is_active=now,
        is_active_in_week=(active_weeks & both.mark) != 0,
        state=state,
    )


STATES = (
    "staying", "returning", "newly active", "gone dormant", "dormant", "newly dormant",
    "lost active", "lost dormant",
)  # fmt: skip


def _by_month(business: Business) -> pd.DataFrame:
    """A row a month that is known whole: customers at its end, those active, and those in each state."""
    rows = customer_activity(business)
    active = rows.is_customer & rows.is_active
    states = {state.replace(" ", "_"): rows.count(where=rows.state == state) for state in STATES}
    counts = rows.group_by("month").aggregate(
        customers_at_end=rows.count(where=rows.is_customer),
        wau=rows.count(where=active & rows.is_active_in_week),
        mau=rows.count(where=active),
        **states,
    )
    return _in_order(counts.execute())


def _in_order(found: pd.DataFrame) -> pd.DataFrame:
    dated = found.assign(month=pd.to_datetime(found["month"]).astype("datetime64[s]"))
    return dated.sort_values("month", ignore_index=True)


def _accounts_by_month(business: Business) -> pd.DataFrame:
    pairs = kept_account_marks(business).cross_join(_months_known(business))
    active = pairs.count(where=(pairs.active_months & pairs.mark) != 0)
    return _in_order(pairs.group_by("month").aggregate(active_accounts=active).execute())


def active_customers(business: Business) -> pd.DataFrame:
    """One row per month that is known whole: the customers at its end, and how many of them were active.

    MAU: active on a day of the month. WAU: active on one of its last seven days, so that every weekday
    counts once in every month. Stickiness is WAU / MAU. `active_accounts` counts every account with
    activity in the month: trials, free plans and those who have left, too; it is in no rate.

    Columns: month, customers_at_end, mau, wau, active_share (MAU / customers_at_end) with _low and _high,
    stickiness with _low and _high, active_accounts.
    """
    counts = business.once("activity by month", lambda: _by_month(business))
    shared = with_rate(counts[["month", "customers_at_end", "mau", "wau"]],
                       "active_share", "mau", "customers_at_end")  # fmt: skip
    sticky = with_rate(shared, "stickiness", "wau", "mau")
    return sticky.merge(_accounts_by_month(business), on="month", how="left")


def activity_movement(business: Business) -> pd.DataFrame:
    """One row per month, from the second that is known whole: how the number of active customers moved.

    active_at_start (the MAU of the month before) + newly_active + returning − gone_dormant − lost_active
    = active_at_end (its own MAU). Beside it dormant_at_end (customers without activity in the month) and
    lost_dormant.
    """
    counts = business.once("activity by month", lambda: _by_month(business)).iloc[1:]
    moved = pd.DataFrame(
        {
            "month": counts["month"],
            "active_at_start": counts["staying"] + counts["gone_dormant"] + counts["lost_active"],
            "newly_active": counts["newly_active"],
            "returning": counts["returning"],
            "gone_dormant": counts["gone_dormant"],
            "lost_active": counts["lost_active"],
            "active_at_end": counts["mau"],
            "dormant_at_end": counts["customers_at_end"] - counts["mau"],
            "lost_dormant": counts["lost_dormant"],
            "customers_throughout": counts[["staying", "returning", "gone_dormant", "dormant"]].sum(axis=1),
        }
    )
    return moved.reset_index(drop=True)


def activity_change(moved: pd.DataFrame) -> Change | None:
    """How the share of active customers moved, among those who were customers at both ends of the month.

    The same customers are looked at twice, so only those who changed say anything: returning against gone
    dormant. None without a month before. Takes `activity_movement`. Source: Bonett and Price 2012,
    McNemar 1947.
    """
    if moved.empty or not moved.iloc[-1]["customers_throughout"]:
        return None
    now = moved.iloc[-1]
    return paired_change(int(now["returning"]), int(now["gone_dormant"]), int(now["customers_throughout"]))


def activity_triangle(business: Business) -> pd.DataFrame:
    """One row per cohort and month that is known whole: the share that are active customers.

    The cohorts and the calendar clock are those of the customers: cohort = month of the first day, k = 0
    its own month. The cells of one calendar month add up to that month's MAU.

    Columns: cohort, k, month, size, active, rate with _low and _high.
    """
    firsts = months.first_days(business)
    sizes = firsts.group_by("cohort").aggregate(size=firsts.count()).execute()
    rows = customer_activity(business)
    placed = rows.filter(rows.is_customer & rows.is_active).join(firsts, "customer_id")
    found = placed.group_by(["cohort", "month"]).aggregate(active=placed.count()).execute()
    active = {(pd.Timestamp(row.cohort), pd.Timestamp(row.month)): row.active for row in found.itertuples()}
    cells = [
        (cohort, calendar.months_between(cohort, month), month, size, active.get((cohort, month), 0))
        for cohort, size in sorted(
            (pd.Timestamp(row.cohort), row.size) for row in sizes.itertuples(index=False)
        )
        for month in map(pd.Timestamp, known(business).months)
        if month >= cohort
    ]
    frame = pd.DataFrame(cells, columns=["cohort", "k", "month", "size", "active"])
    whole = frame.astype({"cohort": "datetime64[s]", "month": "datetime64[s]", "k": "int64",
                          "size": "int64", "active": "int64"})  # fmt: skip
    return with_rate(whole, "rate", "active", "size")


def signed_up_from(business: Business) -> dt.date:
    """The first day whose sign-ups count: of the eleventh month before, or of the first known event."""
    earliest = calendar.months_after(business.report_month, 1 - SIGN_UP_MONTHS)
    first_on = known(business).first_on
    return max(earliest, first_on) if first_on else business.as_of


def _sign_ups(business: Business) -> ir.Table:
    """A row an account that signed up in the last twelve months, since events are known.

    Columns: customer_id, signed_up_on, month, age (whole days from then to the end of the report month).
    """
    customers = business.table("customers")
    own = customers.group_by("customer_id").aggregate(signed_up_on=customers.signed_up_on.min())
    since = own.filter(own.signed_up_on >= signed_up_from(business))
    return since.mutate(
        month=since.signed_up_on.truncate("M"),
        age=ibis.literal(business.as_of).delta(since.signed_up_on, unit="day"),
    )


def active_on_n_days(business: Business) -> ir.Table:
    """A row an account and N-th day after its sign-up on which it was active: customer_id, month, n."""
    own = acts(business)
    recent = own.filter(own.day > signed_up_from(business))
    after = recent.join(_sign_ups(business), "customer_id")
    numbered = after.mutate(n=after.day.delta(after.signed_up_on, unit="day"))
    return numbered.filter(numbered.n.isin(N_DAYS)).select("customer_id", "month", "n").distinct()


def n_day_by_month(business: Business) -> pd.DataFrame:
    """One row per month of sign-up and N: who was active N days after the sign-up, and then or later.

    The clock is the sign-up, day 0, in days of the business time zone. Everybody who signed up counts,
    customer or not, because who would pay was not known yet: the last twelve months of sign-ups, since
    events are known. N-day retention is over those who have reached the end of day N; unbounded retention
    over those who have had 30 days more to come back.

    Columns: month, n, signed_up, reached, active_on_day, n_day (active_on_day / reached) with _low and
    _high, followed, active_since, unbounded (active_since / followed) with _low and _high.
    """
    days = ibis.memtable(pd.DataFrame({"n": N_DAYS}), schema={"n": "int64"})
    own = kept_account_marks(business).select("customer_id", "last_on")
    each = _sign_ups(business).left_join(own, "customer_id").drop("customer_id_right").cross_join(days)
    followed = each.age > each.n + FOLLOWED
    returned = each.last_on.delta(each.signed_up_on, unit="day") >= each.n
    keys = ["month", "n"]
    counts = each.group_by(keys).aggregate(
        signed_up=each.count(),
        reached=each.count(where=each.age > each.n),
        followed=each.count(where=followed),
        active_since=each.count(where=followed & returned),
    )
    on_day = business.keep("active_on_n_days", lambda: active_on_n_days(business))
    active = on_day.group_by(keys).aggregate(active_on_day=on_day.count())
    found = counts.left_join(active, keys).drop("month_right", "n_right").order_by(keys).execute()
    return _n_day_rates(
        found.assign(
            month=pd.to_datetime(found["month"]).astype("datetime64[s]"),
            active_on_day=found["active_on_day"].fillna(0).astype("int64"),
        )
    )


def _n_day_rates(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts with both rates, each beside what it is made of."""
    on_day = with_rate(counts, "n_day", "active_on_day", "reached")
    rated = with_rate(on_day, "unbounded", "active_since", "followed")
    keys = [name for name in ("month", "n") if name in counts]
    n_day = ["n_day", "n_day_low", "n_day_high"]
    unbounded = ["unbounded", "unbounded_low", "unbounded_high"]
    return rated[[*keys, "signed_up", "reached", "active_on_day", *n_day,
                  "followed", "active_since", *unbounded]]  # fmt: skip


def n_day_retention(by_month: pd.DataFrame) -> pd.DataFrame:
    """One row per N = 1, 7 and 30: the months of `n_day_by_month`, which it takes, together."""
    counts = by_month.groupby("n")[
        ["signed_up", "reached", "active_on_day", "followed", "active_since"]
    ].sum()
    every = counts.reindex(pd.Index(N_DAYS, name="n"), fill_value=0)
    return _n_day_rates(every.astype("int64").reset_index())

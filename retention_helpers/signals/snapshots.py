"""What was known of every customer at every month end, and what came after: the table that all warnings read.

A warning sees nothing after its date. Only `leaves_in` looks ahead, and nothing but the back-test and the
test of the risk reads it.
"""

import datetime as dt
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers import calendar, months
from retention_helpers.business import Business
from retention_helpers.signals import seen

HORIZON_DAYS = 60
NEVER = 9_999  # for what could be seen and has not happened
WATCHED_DAYS = 30  # a table that began later cannot say that nothing happened
PAID_DAYS = {"week": 7, "month": 31, "quarter": 92, "year": 366}  # at most, after a request to cancel
DAY = ibis.interval(days=1)

MEASURES = (
    "leaves_in",
    "tenure_days",
    "there_days",
    "silent_days",
    "use_ratio",
    "action_ratio",
    "days_since_negative",
    "days_since_failed",
    "mails",
    "unopened_in_a_row",
    "nps_score",
    "onboarding_days",
    "months_since_downgrade",
)


def snapshot_table(business: Business) -> ir.Table:
    """A row a customer a month end at which the customer is one: what was known by then, and what came after.

    `as_of` is the midnight that ends the month; days are counted to the last day before it. Columns:
    customer_id, as_of, plan, interval, state (paying, paused), mrr, begin_on (of the service that lasts),
    asked_on (null: had not asked to cancel), is_scheduled (asked, within the paid period), is_open (pays, and
    has neither asked nor left; not in a short gap between two plans, for the report of that month did not
    know of the return), leaves_in (days until they first ask or leave; null: neither by the cut), tenure_days
    (since sign-up, or since service began where that was earlier). Then the measures, null where nothing
    could be seen, and NEVER where it could and did not happen: there_days (days of this service on which use
    could be seen), silent_days (without use; at most LONGEST_SILENCE), has_used, use_ratio (days of use in
    the last 14 days against those in the up to 42 before, a day), action_ratio (actions a day of use, in the
    same windows), days_since_negative (ticket), days_since_failed (payment, none collected since), mails and
    unopened_in_a_row, nps_score (not older than 90 days), onboarding_days (from sign-up until it was
    finished, or so far), months_since_downgrade.
    """
    wide = _customers(business)
    for part in (seen.use, seen.negative_tickets, seen.failed_payments, seen.mails, seen.scores,
                 seen.downgrades):  # fmt: skip
        wide = _joined(wide, part(business), seen.KEYS)
    wide = _joined(wide, seen.onboarded(business), ["customer_id"])
    return _measured(wide, seen.first_rows(business))


def kept_snapshots(business: Business) -> ir.Table:
    """`snapshot_table`, computed once."""
    return business.keep("snapshots", lambda: snapshot_table(business))


def snapshots(business: Business) -> pd.DataFrame:
    """`snapshot_table` in memory, in the order of customers and dates, without amounts and names of plans.

    Besides its columns: customer (a number for each), nth (0, 1, …: the month), is_yearly. Measures are held
    in four bytes, because a large business has millions of rows.
    """
    kept: pd.DataFrame = business.once("snapshots", lambda: _loaded(business))
    return kept


def _loaded(business: Business) -> pd.DataFrame:
    table = kept_snapshots(business)
    starts = months.month_starts(business)
    first = ibis.literal(calendar.months_after(starts[0], 1))
    rows = table.select(
        "customer_id",
        "as_of",
        nth=table.as_of.delta(first, unit="month").cast("int16"),
        is_paying=table.state == "paying",
        is_yearly=table.interval == "year",
        is_scheduled=table.is_scheduled,
        is_open=table.is_open,
        has_used=table.has_used.fill_null(False),
        **{name: table[name].cast("float32") for name in MEASURES},
    )
    frame = rows.order_by(["customer_id", "as_of"]).execute()
    changes = frame["customer_id"].ne(frame["customer_id"].shift())
    return frame.assign(customer=changes.cumsum().astype("int32"))


def _customers(business: Business) -> ir.Table:
    """A row a customer a month end at which the customer is one, with the service that lasts then.

    `is_there`: in the data cut at that date, too; not so in a short gap between two plans.
    """
    every = months.kept_customer_months(business)
    dates = months.month_table(business)
    unstitched = months.kept_spans(business, gap_days=0)
    there = unstitched.join(dates, months.covers(unstitched, dates.next_month - DAY))
    known = there.select("customer_id", "month").distinct().mutate(is_there=True)
    at_end = every.filter(every.state_at_end != "none").join(dates, "month")
    rows = _joined(at_end, known, ["customer_id", "month"]).select(
        "customer_id", "plan", "interval", "is_there", as_of="next_month", state="state_at_end",
        mrr="mrr_at_end",
    )  # fmt: skip
    own = months.kept_leavings(business)
    lasts = (own.begin_on < rows.as_of) & (own.ended_on.isnull() | (own.ended_on >= rows.as_of))
    served = rows.join(own, [rows.customer_id == own.customer_id, lasts]).drop("customer_id_right")
    people = business.table("customers")
    signed = people.group_by("customer_id").aggregate(signed_up_on=people.signed_up_on.min())
    return _joined(served, signed, ["customer_id"])


def _joined(rows: ir.Table, part: ir.Table, keys: list[str]) -> ir.Table:
    both = rows.left_join(part, keys)
    return both.drop(*(f"{key}_right" for key in keys if f"{key}_right" in both.columns))


def _measured(rows: ir.Table, began: Mapping[str, dt.date | None]) -> ir.Table:
    """The columns of `snapshots`, from what each table had shown."""
    signed_up_on = ibis.least(rows.signed_up_on, rows.begin_on)
    neither = rows.left_on.isnull() | (rows.left_on >= rows.as_of)
    has_asked = (rows.asked_on < rows.as_of).fill_null(False)
    paid_days = rows.interval.cases(*PAID_DAYS.items(), else_=max(PAID_DAYS.values()))
    is_new = rows.as_of.delta(rows.begin_on, unit="month") < 2
    columns = {
        "asked_on": _given(has_asked, rows.asked_on),
        "is_scheduled": has_asked & (_age(rows, rows.asked_on) <= paid_days),
        "is_open": (rows.state == "paying") & neither & rows.is_there.notnull(),
        "leaves_in": rows.left_on.delta(rows.as_of, unit="day") + 1,
        "tenure_days": _age(rows, signed_up_on),
        **_use(rows, began["use"]),
        "days_since_negative": _watched(rows, "days_since_negative", began["tickets"]),
        "days_since_failed": _watched(rows, "days_since_failed", began["payments"]),
        "mails": _watched(rows, "mails", began["emails"], otherwise=0),
        "unopened_in_a_row": _watched(rows, "unopened_in_a_row", began["emails"], otherwise=0),
        "onboarding_days": _onboarding_days(rows, signed_up_on, began["onboarding"]),
        "months_since_downgrade": _given(~is_new, rows.months_since_downgrade.fill_null(NEVER)),
    }
    kept = ("customer_id", "as_of", "plan", "interval", "state", "mrr", "begin_on", "nps_score")
    return rows.select(*kept, **columns)


def _use(rows: ir.Table, began: dt.date | None) -> dict[str, ir.Value]:
    """The measures of use; all null up to the day on which the table of events begins."""
    if began is None:
        nothing = {name: ibis.null("int64") for name in ("there_days", "silent_days")}
        ratios = {name: ibis.null("float64") for name in ("use_ratio", "action_ratio")}
        return {**nothing, "has_used": ibis.null("boolean"), **ratios}
    first = ibis.literal(began)
    is_seen = rows.as_of > first
    there_days = _age(rows, ibis.greatest(rows.begin_on, first)) + 1
    silent_since = ibis.greatest(rows.used_on, rows.begin_on - DAY, first - DAY)
    base_days = ibis.least(there_days - seen.RECENT_DAYS, seen.BEFORE_DAYS)
    has_base = is_seen & (base_days >= seen.RECENT_DAYS) & (rows.days_before >= seen.USED_BEFORE)
    days_lately, days_before = rows.days_lately.cast("float64"), rows.days_before.cast("float64")
    lately, before = rows.actions_lately / days_lately, rows.actions_before / days_before
    return {
        "there_days": _given(is_seen, there_days),
        "silent_days": _given(is_seen, ibis.least(_age(rows, silent_since), seen.LONGEST_SILENCE)),
        "has_used": _given(is_seen, rows.used_on.notnull()),
        "use_ratio": _given(has_base, days_lately / seen.RECENT_DAYS / (days_before / base_days)),
        "action_ratio": _given(has_base & (rows.days_lately >= seen.USED_LATELY), lately / before),
    }


def _onboarding_days(rows: ir.Table, signed_up_on: ir.DateValue, began: dt.date | None) -> ir.IntegerValue:
    """Days from sign-up to the end of the onboarding, or so far; null for who came before it was noted."""
    if began is None:
        return ibis.null("int64")
    until = ibis.ifelse(rows.onboarded_on < rows.as_of, rows.onboarded_on, rows.as_of)
    return _given(signed_up_on >= ibis.literal(began), until.delta(signed_up_on, unit="day"))


def _watched(rows: ir.Table, name: str, began: dt.date | None, *, otherwise: int = NEVER) -> ir.Value:
    """A measure, or `otherwise` where nothing happened; null until its table has been there for a while."""
    if began is None:
        return ibis.null("int64")
    is_watched = rows.as_of >= ibis.literal(began + dt.timedelta(days=WATCHED_DAYS))
    return _given(is_watched, rows[name].fill_null(otherwise))


def _given(condition: ir.BooleanValue, value: ir.Value) -> ir.Value:
    return ibis.ifelse(condition, value, ibis.null(value.type()))


def _age(rows: ir.Table, day: ir.DateValue) -> ir.IntegerValue:
    """Whole days from a day to the last day before the date of the row."""
    return rows.as_of.delta(day, unit="day") - 1

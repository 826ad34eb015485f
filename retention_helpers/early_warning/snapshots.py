"""What was known of every customer at every month end, and what came after: the table that all warnings read.

A warning sees nothing after its date. Only `leaves_in` looks ahead, and nothing but the back-test and the
test of the risk reads it.
"""

import datetime as dt
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.losses import holds, kept_leavings, latest_requests
from retention_helpers.business.spans import covers, kept_spans
from retention_helpers.early_warning import seen
from retention_helpers.engine.dialects import months_between
from retention_helpers.words import calendar

HORIZON_DAYS = 60  # the horizon: so far ahead leaving counts
ROWS_AT_ONCE = 1_000_000  # a customer a month end; beyond, the engine takes some month ends at a time
NEVER = 9_999  # for what could be seen and has not happened
WATCHED_DAYS = 30  # a table that began later cannot say that nothing happened
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


def snapshot_table(business: Business, dates: seen.Dates) -> ir.Table:
    """A row a customer a date at which the customer is one: what was known by then, and what came after.

    The dates are midnights that end a month, in order.

    `as_of` is the midnight that ends the month; days are counted to the last day before it. Columns:
    customer_id, as_of, plan, interval, state (paying, paused), mrr, begin_on (of the service that lasts),
    asked_on (the latest request to cancel it; null: none), is_scheduled (asked, within the paid period),
    is_open (pays, and has neither asked nor left; not in a short gap between two plans, for the report of
    that month did not know of the return), leaves_in (days until they first ask or leave; null: neither by
    the cut), tenure_days (since sign-up, or since service began where that was earlier). Then the measures,
    null where nothing could be seen, and NEVER where it could and did not happen: there_days (days of this
    service on which use could be seen), silent_days (without use; at most LONGEST_SILENCE), has_used,
    use_ratio (days of use in the last 14 days against those in the up to 42 before, a day), action_ratio
    (actions a day of use, in the same windows), days_since_negative (ticket), days_since_failed (payment,
    none collected since), mails and unopened_in_a_row, nps_score (not older than 90 days), onboarding_days
    (from sign-up until it was finished, or so far), months_since_downgrade.
    """
    wide = _customers(business, dates)
    for part in (seen.use, seen.negative_tickets, seen.failed_payments, seen.mails, seen.scores,
                 seen.downgrades):  # fmt: skip
        wide = _joined(wide, part(business, dates), seen.KEYS)
    wide = _joined(wide, seen.onboarded(business), ["customer_id"])
    return _measured(business, wide, seen.first_rows(business))


def kept_snapshots(business: Business) -> ir.Table:
    """`snapshot_table` at every month end, computed once."""
    parts = _parts(business)
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _parts(business: Business) -> list[ir.Table]:
    """The kept snapshots, as many month ends in each as fit in memory together."""

    def kept(nth: int, dates: seen.Dates) -> ir.Table:
        return business.keep(f"snapshots_{nth}", lambda: snapshot_table(business, dates))

    return [kept(nth, dates) for nth, dates in enumerate(_dates(business))]


def _dates(business: Business) -> list[seen.Dates]:
    """Every month end, in groups of about ROWS_AT_ONCE rows; for the list of a day, its end alone."""

    def grouped() -> list[seen.Dates]:
        dates = [business.as_of] if business.day else months.month_ends_on(business)
        customers = business.table("customers").count().execute()
        together = max(1, ROWS_AT_ONCE // max(customers, 1))
        return [dates[place : place + together] for place in range(0, len(dates), together)]

    groups: list[seen.Dates] = business.once("dates of snapshots", grouped)
    return groups


def snapshots(business: Business) -> pd.DataFrame:
    """`snapshot_table` of every month end in memory, in the order of customers and dates.

    Without amounts and names of plans. Besides its columns: customer (a number for each), nth (0, 1, …: the
    month), is_yearly. Measures are held in four bytes, because a large business has millions of rows.
    """
    kept: pd.DataFrame = business.once("snapshots", lambda: _loaded(business, _parts(business)))
    return kept


def snapshots_now(business: Business) -> pd.DataFrame:
    """The rows of `snapshots` at the end of the report month."""
    table = kept_snapshots(business)
    now = table.filter(table.as_of == business.as_of)
    kept: pd.DataFrame = business.once("snapshots now", lambda: _loaded(business, [now]))
    return kept


def _loaded(business: Business, parts: list[ir.Table]) -> pd.DataFrame:
    """The rows of these tables, one table after another: the engine's copy of all would be as large again."""
    names = _customer_names(business)
    numbers = ibis.memtable(
        pd.DataFrame({"customer_id": names, "customer": np.arange(len(names), dtype="int32")})
    )
    first = calendar.months_after(months.month_starts(business)[0], 1)
    rows = pd.concat([_selected(part, numbers, first).execute() for part in parts], ignore_index=True)
    ordered = rows.iloc[np.lexsort((rows["nth"], rows["customer"]))].reset_index(drop=True)
    return ordered.assign(customer_id=pd.Categorical.from_codes(ordered["customer"], categories=names))


def _customer_names(business: Business) -> pd.Index:
    """The ids of all who were ever customers, in order."""
    own = kept_leavings(business)
    found = own.select("customer_id").distinct().order_by("customer_id").execute()
    return pd.Index(found["customer_id"])


def _selected(part: ir.Table, numbers: ir.Table, first: dt.date) -> ir.Table:
    return part.join(numbers, "customer_id").select(
        "customer",
        "as_of",
        nth=months_between(ibis.literal(first), part.as_of).cast("int16"),
        is_paying=part.state == "paying",
        is_yearly=part.interval == "year",
        is_scheduled=part.is_scheduled,
        is_open=part.is_open,
        has_used=part.has_used.fill_null(False),
        **{name: part[name].cast("float32") for name in MEASURES},
    )


def _customers(business: Business, dates: seen.Dates) -> ir.Table:
    """A row a customer a date at which the customer is one, with the service that lasts then.

    `is_there`: in the data cut at that date, too; not so in a short gap between two plans.
    """
    every = months.kept_customer_months(business)
    every_month = months.month_table(business)
    ends = every_month.filter(every_month.next_month.isin(list(dates)))
    unstitched = kept_spans(business, gap_days=0)
    there = unstitched.join(ends, covers(unstitched, ends.next_month - DAY))
    known = there.select("customer_id", "month").distinct().mutate(is_there=True)
    at_end = every.filter(every.state_at_end != "none").join(ends, "month")
    rows = _joined(at_end, known, ["customer_id", "month"]).select(
        "customer_id", "plan", "interval", "is_there", as_of="next_month", state="state_at_end",
        mrr="mrr_at_end",
    )  # fmt: skip
    own = kept_leavings(business)
    lasts = (own.begin_on < rows.as_of) & (own.ended_on.isnull() | (own.ended_on >= rows.as_of))
    served = rows.join(own, [rows.customer_id == own.customer_id, lasts]).drop(
        "customer_id_right", "asked_on"
    )
    asked = latest_requests(business, ends.select(as_of="next_month"))
    people = business.table("customers")
    signed = people.group_by("customer_id").aggregate(signed_up_on=people.signed_up_on.min())
    return _joined(_joined(served, asked, seen.KEYS), signed, ["customer_id"])


def _joined(rows: ir.Table, part: ir.Table, keys: list[str]) -> ir.Table:
    both = rows.left_join(part, keys)
    return both.drop(*(f"{key}_right" for key in keys if f"{key}_right" in both.columns))


def _measured(business: Business, rows: ir.Table, began: Mapping[str, dt.date | None]) -> ir.Table:
    """The columns of `snapshots`, from what each table had shown."""
    signed_up_on = ibis.least(rows.signed_up_on, rows.begin_on)
    neither = rows.left_on.isnull() | (rows.left_on >= rows.as_of)
    is_new = months_between(rows.begin_on, rows.as_of) < 2
    columns = {
        "is_scheduled": holds(business, rows.asked_on, rows.as_of, rows.interval),
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
    kept = ("customer_id", "as_of", "plan", "interval", "state", "mrr", "begin_on", "asked_on", "nps_score")
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

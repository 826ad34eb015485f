"""How many customers use what they pay for: active by week and month, back after sign-up, gone dormant.

Activity is an event that the owner named in `activity_events`, or any event. One pass over the events
leaves a row an account, with a bit for every month in which it was active; beside it stands a bit for
every month at whose end it was a customer. All that follows is read from those bits. An active customer of
a month is a customer at its end who was active on one of its days.
"""

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business, levels, months
from retention_helpers.business.spans import kept_services
from retention_helpers.shown.units import COUNT, MONTH, RATE, TEXT, Declared, columns, names_of, one_of
from retention_helpers.statistics.intervals import Change, paired_change, with_rate
from retention_helpers.words import calendar

WEEK = 7  # the last days of a month: each weekday once
N_DAYS = (1, 7, 30)  # after sign-up
FOLLOWED = 30  # days more that a sign-up must have had to come back
SIGN_UP_MONTHS = 12
HISTORY_MONTHS = 60  # a bit each, of 64
EVERY_MONTH = (1 << HISTORY_MONTHS) - 1
DAY = dt.timedelta(days=1)


@ibis.udf.agg.builtin(name="bit_or")
def _together(bits: int) -> int:  # type: ignore[empty-body]
    """The bits that are set in any row. ibis has one of its own, which not every engine understands."""


def _month_bits(business: Business) -> dict[dt.date, int]:
    """The bit of every month of the last five years: 1 for the report month, doubled for each before."""
    return {calendar.months_after(business.report_month, -back): 1 << back for back in range(HISTORY_MONTHS)}


def _table(rows: list[tuple], **columns: str) -> ir.Table:
    return ibis.memtable(pd.DataFrame(rows, columns=list(columns)), schema=columns)


def month_bits(business: Business) -> ir.Table:
    """A row a month of the last five years: month, bit."""
    return _table(list(_month_bits(business).items()), month="date", bit="int64")


def day_bits(business: Business) -> ir.Table:
    """A row a day of the last five years: day, month_bit, week_bit (0 but in a month's last seven days)."""
    rows = [
        (start + nth * DAY, bit, bit if days - nth <= WEEK else 0)
        for start, bit in _month_bits(business).items()
        for days in [(calendar.months_after(start, 1) - start).days]
        for nth in range(days)
    ]
    return _table(rows, day="date", month_bit="int64", week_bit="int64")


def _acts(business: Business) -> ir.Table:
    """A row an event that counts as activity: customer_id, day (business time zone)."""
    events = business.table("events")
    return events.filter(months.is_activity(business, events)).select("customer_id", day="occurred_on")


def active_bits(active_days: ir.Table, days: ir.Table) -> ir.Table:
    """A row an account that was active in the last five years; takes rows of customer_id and day.

    One pass whose memory grows with the accounts, not with the events. The bits come from a table
    (`day_bits`), because a shift by a column is not the same in every engine.

    Columns: customer_id, active (a bit a month), active_week (the same, of its last seven days).
    """
    placed = active_days.join(days, "day")
    return placed.group_by("customer_id").aggregate(
        active=_together(placed.month_bit), active_week=_together(placed.week_bit)
    )


def _customer_bits(business: Business) -> ir.Table:
    """A row a customer: customer_id, cohort (month of the first day), customer (a bit a month at whose end
    the customer was one).

    A service that begins in a month and ends in a later one lasts at the end of that month and of all up
    to the later one: the bits since its begin without those since its end.
    """
    since = _table(
        [(month, 2 * bit - 1) for month, bit in _month_bits(business).items()], month="date", since="int64"
    )
    own = kept_services(business)
    own = own.mutate(begin_month=own.begin_on.truncate("M"), end_month=own.end_on.truncate("M"))
    begins = own.left_join(since, own.begin_month == since.month).drop("month").rename(from_begin="since")
    both = begins.left_join(since, begins.end_month == since.month).drop("month").rename(from_end="since")
    from_begin = both.from_begin.fill_null(EVERY_MONTH)
    from_end = ibis.ifelse(both.end_on.isnull(), 0, both.from_end.fill_null(EVERY_MONTH))
    lasting = both.mutate(lasting=from_begin - from_end)
    return lasting.group_by("customer_id").aggregate(
        cohort=lasting.begin_on.min().truncate("M"), customer=_together(lasting.lasting)
    )


def _accounts(business: Business) -> ir.Table:
    """A row an account that was ever a customer, or active in the last five years.

    Columns: customer_id, cohort (null: never a customer), customer, active, active_week (a bit a month, see
    `_customer_bits` and `active_bits`).
    """
    served = _customer_bits(business)
    used = active_bits(_acts(business), day_bits(business))
    both = served.outer_join(used, "customer_id")
    return both.select(
        "cohort",
        customer_id=ibis.coalesce(both.customer_id, both.customer_id_right),
        customer=both.customer.fill_null(0),
        active=both.active.fill_null(0),
        active_week=both.active_week.fill_null(0),
    )


def kept_accounts(business: Business) -> ir.Table:
    """A row an account, as `_accounts` says, computed once."""
    return business.keep("accounts", lambda: _accounts(business))


@dataclass(frozen=True)
class Known:
    """What is known of activity.

    Attributes:
        is_brought: whether the owner brought a table of events.
        events: the names that count as activity; empty: every event.
        is_any: whether any event of the last five years counts.
        is_quiet: whether none counts in the last seven days of the report month.
        months: the calendar months that are known whole.
        report_month: its first day.
    """

    is_brought: bool
    events: tuple[str, ...]
    is_any: bool
    is_quiet: bool
    months: tuple[dt.date, ...]
    report_month: dt.date


def known(business: Business) -> Known:
    """Which months the events cover: the last five years at most.

    A month is known whole when an earlier one has activity: before the first event nobody knows whether
    customers were idle or events were not kept. The month of the first event is, too, when nobody had
    been a customer before it began.

    Glossary: known whole.
    """
    return business.once("known activity", lambda: _known(business))


def _known(business: Business) -> Known:
    own = kept_accounts(business)
    found = own.aggregate(active=_together(own.active), week=_together(own.active_week)).execute().iloc[0]
    active, week = (0 if pd.isna(bits) else int(bits) for bits in found)
    begun = [month for month, bit in _month_bits(business).items() if active & bit][-1:]
    starts = months.month_starts(business)
    whole = tuple(month for month in starts if begun and (month > begun[0] or [month] == begun == starts[:1]))
    return Known(
        is_brought=business.has("events"),
        events=business.settings.activity_events,
        is_any=bool(active),
        is_quiet=not week & 1,
        months=whole,
        report_month=business.report_month,
    )


def _months_known(business: Business) -> ir.Table:
    """A row a month that is known whole: month, bit, bit_before (of the month before)."""
    bits = _month_bits(business)
    rows = [(month, bits[month], 2 * bits[month]) for month in known(business).months]
    return _table(rows, month="date", bit="int64", bit_before="int64")


def customer_activity(business: Business) -> ir.Table:
    """A row a customer a month that is known whole, but for the first: what became of the activity.

    Customers at the month's start or end. Columns: customer_id, month, state. The state of a customer at
    both is staying (active in this month and the one before), returning (only in this), gone dormant
    (only in the one before) or dormant (in neither); of one who came, newly active or newly dormant; of
    one who was lost, by the month before, lost active or lost dormant.

    Glossary: state of activity.
    """
    covered = _months_known(business)
    later = covered.filter(covered.month > covered.month.min())
    rows = kept_accounts(business).cross_join(later)
    at_start, at_end = (rows.customer & rows.bit_before) != 0, (rows.customer & rows.bit) != 0
    before, now = (rows.active & rows.bit_before) != 0, (rows.active & rows.bit) != 0
    state = ibis.cases(
        (at_start & at_end & before & now, "staying"),
        (at_start & at_end & now, "returning"),
        (at_start & at_end & before, "gone dormant"),
        (at_start & at_end, "dormant"),
        (at_end & now, "newly active"),
        (at_end, "newly dormant"),
        (at_start & before, "lost active"),
        (at_start, "lost dormant"),
    )
    return rows.select("customer_id", "month", state=state).filter(lambda row: row.state.notnull())


STATES = (
    "staying", "returning", "newly active", "gone dormant", "dormant", "newly dormant",
    "lost active", "lost dormant",
)  # fmt: skip


def _dated(found: pd.DataFrame) -> pd.DataFrame:
    days = {name: found[name].astype("datetime64[s]") for name in ("cohort", "month") if name in found}
    return found.assign(**days)


BY: Declared = {"by": TEXT(is_recorded=False), "level": TEXT(is_recorded=False)}


@columns(
    **BY, month=MONTH, customers_at_end=COUNT(is_recorded=True), mau=COUNT("MAU", is_recorded=True),
    wau=COUNT("WAU", is_recorded=True), active_share=RATE(of=("mau", "customers_at_end")),
    stickiness=RATE(of=("wau", "mau")), active_accounts=COUNT,
)  # fmt: skip
def active_customers(business: Business, *, by: levels.By = ()) -> pd.DataFrame:
    """One row per month that is known whole: the customers at its end, and how many of them were active.

    MAU: active on a day of the month. WAU: active on one of its last seven days, so that every weekday
    counts once in every month. Stickiness is WAU / MAU. `active_accounts` counts every account with
    activity in the month: trials, free plans and those who have left, too, but nobody who is missing from
    customers; it is in no rate. Where `by` names
    some of `levels.names`, there is such a row for each level of each of them.

    Columns: by and level (where asked for), month, customers_at_end, mau, wau, active_share (mau /
    customers_at_end) with _low and _high, stickiness (wau / mau) with _low and _high, active_accounts.

    Glossary: MAU; WAU; active share, stickiness; active accounts.
    """
    known_months = _months_known(business)

    def measured(accounts: ir.Table, kept_apart: list[str]) -> pd.DataFrame:
        rows = accounts.cross_join(known_months)
        each = [*kept_apart, "month"]
        counts = rows.group_by(each).aggregate(
            customers_at_end=rows.count(where=(rows.customer & rows.bit) != 0),
            mau=rows.count(where=(rows.customer & rows.active & rows.bit) != 0),
            wau=rows.count(where=(rows.customer & rows.active_week & rows.bit) != 0),
            active_accounts=rows.count(where=(rows.active & rows.bit) != 0),
        )
        shared = with_rate(_dated(counts.order_by(each).execute()), "active_share", "mau", "customers_at_end")
        sticky = with_rate(shared, "stickiness", "wau", "mau")
        return sticky[[*kept_apart, *(name for name in names_of(active_customers) if name not in BY)]]

    return levels.by_each(kept_accounts(business), business, by, measured)


@columns(
    **BY, month=MONTH, active_at_start=COUNT, newly_active=COUNT, returning=COUNT, gone_dormant=COUNT,
    lost_active=COUNT, active_at_end=COUNT, dormant_at_end=COUNT, lost_dormant=COUNT,
    customers_throughout=COUNT,
)  # fmt: skip
def activity_movement(business: Business, *, by: levels.By = ()) -> pd.DataFrame:
    """One row per month that is known whole, but for the first: how the number of active customers moved.

    active_at_start (the MAU of the month before) + newly_active + returning − gone_dormant − lost_active
    = active_at_end (its own MAU). Beside it dormant_at_end (customers without activity in the month),
    lost_dormant, and customers_throughout (at the start and at the end). `by` is as in `active_customers`.

    Glossary: identity of activity.
    """
    later = [pd.Timestamp(month) for month in known(business).months[1:]]

    def measured(rows: ir.Table, kept_apart: list[str]) -> pd.DataFrame:
        each = [*kept_apart, "month"]
        counted = rows.group_by([*each, "state"]).aggregate(customers=rows.count()).execute()
        by_state = _dated(counted).pivot_table(index=each, columns="state", values="customers", aggfunc="sum")
        apart = [sorted(counted[name].unique()) for name in kept_apart]
        every = pd.MultiIndex.from_product([*apart, pd.DatetimeIndex(later)], names=each)
        if not kept_apart:
            every = every.get_level_values("month")
        return _moved(by_state.reindex(index=every, columns=list(STATES)).fillna(0).astype("int64"))

    return levels.by_each(customer_activity(business), business, by, measured)


def _moved(wide: pd.DataFrame) -> pd.DataFrame:
    """The movement, from how many were in each state."""
    moved = pd.DataFrame(
        {
            "active_at_start": wide["staying"] + wide["gone dormant"] + wide["lost active"],
            "newly_active": wide["newly active"],
            "returning": wide["returning"],
            "gone_dormant": wide["gone dormant"],
            "lost_active": wide["lost active"],
            "active_at_end": wide["staying"] + wide["returning"] + wide["newly active"],
            "dormant_at_end": wide["dormant"] + wide["gone dormant"] + wide["newly dormant"],
            "lost_dormant": wide["lost dormant"],
            "customers_throughout": wide[["staying", "returning", "gone dormant", "dormant"]].sum(axis=1),
        }
    )
    return _dated(moved.reset_index())


def activity_change(moved: pd.DataFrame) -> Change | None:
    """How the share of active customers moved, among those who were customers at both ends of the month.

    The same customers are looked at twice, so only those who changed say anything: returning against gone
    dormant. None without a month before. Takes `activity_movement`. Source: Bonett and Price 2012,
    McNemar 1947.

    Glossary: change of use.
    """
    if moved.empty or not moved.iloc[-1]["customers_throughout"]:
        return None
    now = moved.iloc[-1]
    return paired_change(int(now["returning"]), int(now["gone_dormant"]), int(now["customers_throughout"]))


@columns(
    **BY, cohort=MONTH, k=COUNT("After months"), month=MONTH, size=COUNT("Customers"), active=COUNT,
    rate=RATE,
)  # fmt: skip
def activity_triangle(business: Business, *, by: levels.By = ()) -> pd.DataFrame:
    """One row per cohort and month that is known whole: the share of the cohort that are active customers.

    Cohorts and clock are those of the customers: cohort = month of the first day, k = 0 its own month. The
    cells of one calendar month add up to its MAU. `by` is as in `active_customers`.

    Columns: by and level (where asked for), cohort, k, month, size, active, rate with _low and _high.

    Glossary: cohort cell of activity.
    """
    known_months = _months_known(business)

    def measured(accounts: ir.Table, kept_apart: list[str]) -> pd.DataFrame:
        own = accounts.filter(accounts.cohort.notnull())
        rows = own.cross_join(known_months).filter(lambda row: row.month >= row.cohort)
        each = [*kept_apart, "cohort", "month"]
        counts = rows.group_by(each).aggregate(
            size=rows.count(), active=rows.count(where=(rows.customer & rows.active & rows.bit) != 0)
        )
        found = _dated(counts.order_by(each).execute())
        k = [calendar.months_between(cell.cohort, cell.month) for cell in found.itertuples()]
        placed = found.assign(k=pd.Series(k, dtype="int64"))
        ordered = placed[[*kept_apart, "cohort", "k", "month", "size", "active"]]
        return with_rate(ordered, "rate", "active", "size")

    return levels.by_each(kept_accounts(business), business, by, measured)


def signed_up_from(business: Business) -> dt.date:
    """The first day whose sign-ups count: twelve months with the report month, all of them known whole.

    Glossary: sign-ups that count.
    """
    whole = known(business).months
    earliest = calendar.months_after(business.report_month, 1 - SIGN_UP_MONTHS)
    return max(earliest, whole[0]) if whole else business.as_of


def _sign_ups(business: Business) -> ir.Table:
    """A row an account that signed up in those months, in one pass over their events; none without days.

    Columns: customer_id, month (of the sign-up), age (whole days from the sign-up to the end of the report
    month), on_days (a bit each: active 1, 7 and 30 days after it), last_day (the latest such day with
    activity, counted from the sign-up; null: none).
    """
    customers = business.table("customers")
    everybody = customers.group_by("customer_id").aggregate(signed_up_on=customers.signed_up_on.min())
    from_day = signed_up_from(business)
    own = everybody.filter(everybody.signed_up_on >= from_day, ibis.literal(business.knows("days")))
    used = _acts(business)
    after = used.filter(used.day >= from_day).join(own, "customer_id")
    after = after.mutate(nth=after.day.delta(after.signed_up_on, unit="day"))
    bit = ibis.cases(*((after.nth == n, bit) for n, bit in _N_DAY_BITS.items()), else_=0)
    each = after.group_by("customer_id").aggregate(on_days=_together(bit), last_day=after.nth.max())
    both = own.left_join(each, "customer_id")
    return both.select(
        "customer_id",
        "last_day",
        month=both.signed_up_on.truncate("M"),
        age=ibis.literal(business.as_of).delta(both.signed_up_on, unit="day"),
        on_days=both.on_days.fill_null(0),
    )


_N_DAY_BITS = {n: 1 << place for place, n in enumerate(N_DAYS)}


def kept_sign_ups(business: Business) -> ir.Table:
    """A row a sign-up, as `_sign_ups` says, computed once."""
    return business.keep("sign_ups", lambda: _sign_ups(business))


_N_DAY: Declared = {
    "reached": COUNT,
    "active_on_day": COUNT,
    "n_day": RATE("N-day retention", of=("active_on_day", "reached")),
    "followed": COUNT,
    "active_since": COUNT,
    "unbounded": RATE("Unbounded retention", of=("active_since", "followed")),
}


@columns(**BY, month=MONTH, n=one_of(*N_DAYS, unit=COUNT)("Day"), signed_up=COUNT, **_N_DAY)
def n_day_by_month(business: Business, *, by: levels.By = ()) -> pd.DataFrame:
    """One row per month of sign-up and N: who was active N days after the sign-up, and then or later.

    The clock is the sign-up, day 0, in days of the business time zone. Everybody who signed up counts,
    customer or not, because who would pay was not known yet: twelve months of sign-ups, as far as they are
    known whole. N-day retention is over those who have reached the end of day N; unbounded retention over
    those who have had 30 days more to come back. `by` is as in `active_customers`.

    Columns: by and level (where asked for), month, n, signed_up, reached, active_on_day, n_day (active_on_day
    / reached) with _low and _high, followed, active_since, unbounded (active_since / followed) with _low and
    _high.

    Glossary: N-day retention; unbounded retention.
    """
    bits = _table(list(_N_DAY_BITS.items()), n="int64", bit="int64")

    def measured(sign_ups: ir.Table, kept_apart: list[str]) -> pd.DataFrame:
        each = sign_ups.cross_join(bits)
        followed = each.age > each.n + FOLLOWED
        keys = [*kept_apart, "month", "n"]
        counts = each.group_by(keys).aggregate(
            signed_up=each.count(),
            reached=each.count(where=each.age > each.n),
            active_on_day=each.count(where=(each.on_days & each.bit) != 0),
            followed=each.count(where=followed),
            active_since=each.count(where=followed & (each.last_day >= each.n)),
        )
        return _n_day_rates(_dated(counts.order_by(keys).execute()))

    return levels.by_each(kept_sign_ups(business), business, by, measured)


def _n_day_rates(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts with both rates, each behind what it is made of."""
    on_day = with_rate(counts, "n_day", "active_on_day", "reached")
    rated = with_rate(on_day, "unbounded", "active_since", "followed")
    last = ["followed", "active_since", "unbounded", "unbounded_low", "unbounded_high"]
    return rated[[*(name for name in rated.columns if name not in last), *last]]


@columns(**BY, n=COUNT("Day"), **_N_DAY)
def n_day_retention(by_month: pd.DataFrame) -> pd.DataFrame:
    """One row per N = 1, 7 and 30: the months of `n_day_by_month`, which it takes, together.

    A row a level and N where those are apart.

    Glossary: N-day retention; unbounded retention.
    """
    kept_apart = [name for name in BY if name in by_month]
    counts = ["reached", "active_on_day", "followed", "active_since"]
    sums = by_month.groupby([*kept_apart, "n"])[counts].sum()
    every = sums if kept_apart else sums.reindex(pd.Index(N_DAYS, name="n"), fill_value=0)
    return _n_day_rates(every.astype("int64").reset_index())

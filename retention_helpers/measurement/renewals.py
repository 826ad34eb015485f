"""Annual plans: how many of the renewals that fell due ended with the customer leaving."""

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_losses
from retention_helpers.business.spans import kept_services, kept_spans, stretches
from retention_helpers.measurement.measures import YEAR
from retention_helpers.shown.units import COUNT, RATE, columns, one_of
from retention_helpers.statistics.intervals import with_rate
from retention_helpers.words import calendar
from retention_helpers.words.spellings import ANNUAL

GROUPS = ("annual, renewal due", "annual, not due", "every other interval")
PERIODS = ("month", f"last {YEAR} months")


def _due_days(begin: dt.date, first: dt.date, end: dt.date) -> list[dt.date]:
    """The days from `first` up to but without `end` on which a year that began on `begin` is over."""
    years = range(max(first.year - begin.year, 1), end.year - begin.year + 1)
    days = [calendar.months_after(begin, YEAR * nth) for nth in years]
    return [day for day in days if first <= day < end]


def renewals_since(business: Business, first: dt.date) -> ir.Table:
    """A row a renewal of an annual plan that fell due from `first` to the end of the report month.

    It falls due on the day on which a year of unbroken annual billing is over, every year; who leaves before
    that day has none. It is decided when `dunning_days` have passed after it, because a failed payment is
    retried for so long, and renewed if the customer is one at the end of the last of them.

    Columns: customer_id, due_on, settled_on (the last of those days), is_decided, is_renewed (as of
    settled_on, or of the cut where it comes first).

    Glossary: renewal due; undecided.
    """
    spans = kept_spans(business)
    terms = stretches(spans.filter(spans.interval == ANNUAL))
    begun = terms.begin_on.as_table().distinct().order_by("begin_on").execute()["begin_on"]
    wait = dt.timedelta(days=business.settings.dunning_days)
    days = [
        (begin, due, due + wait, due + wait < business.as_of)
        for begin in (pd.Timestamp(day).date() for day in begun)
        for due in _due_days(begin, first, business.as_of)
    ]
    dated = ibis.memtable(
        pd.DataFrame(days, columns=["begin_on", "due_on", "settled_on", "is_decided"]),
        schema={"begin_on": "date", "due_on": "date", "settled_on": "date", "is_decided": "boolean"},
    )
    due = terms.join(dated, "begin_on").filter(lambda row: row.end_on.isnull() | (row.end_on >= row.due_on))
    due = due.select("customer_id", "due_on", "settled_on", "is_decided")
    own = kept_services(business).select("customer_id", from_on="begin_on", to_on="end_on")
    there = due.join(own, "customer_id").filter(
        lambda row: (row.from_on <= row.settled_on) & (row.to_on.isnull() | (row.to_on > row.settled_on))
    )
    kept = there.select("customer_id", "due_on", is_renewed=True).distinct()
    both = due.left_join(kept, ["customer_id", "due_on"])
    return both.select(
        "customer_id", "due_on", "settled_on", "is_decided", is_renewed=both.is_renewed.fill_null(False)
    )


def _at_renewals(found: ir.Table, first: dt.date) -> dict[str, int]:
    """The renewals that fell due from a day on, and what became of them."""
    own = found.filter(found.due_on >= first)
    counts = own.aggregate(
        due=own.count(),
        customers=own.count(where=own.is_decided),
        lost=own.count(where=own.is_decided & ~own.is_renewed),
    ).execute()
    row = {name: int(counts[name][0]) for name in counts}
    return {**row, "undecided": row["due"] - row["customers"]}


def _at_other_times(business: Business, found: ir.Table, first: dt.date, *, annual: bool) -> dict[str, int]:
    """The customers at the start of each month from a day on, and those lost, but for losses at renewals."""
    rows = months.kept_customer_months(business).filter(lambda row: row.state_at_start != "none")
    own = rows.filter((rows.month >= first) & ((rows.interval == ANNUAL) == annual))
    gone = kept_losses(business).filter(lambda row: row.month >= first)
    gone = gone.filter((gone.interval == ANNUAL) == annual).select("customer_id", "month", "lost_on")
    if annual:
        paired = gone.join(found, "customer_id")
        at_renewals = paired.filter((paired.lost_on >= paired.due_on) & (paired.lost_on <= paired.settled_on))
        gone = gone.anti_join(at_renewals, ["customer_id", "month"])
    return {"customers": int(own.count().execute()), "lost": int(gone.count().execute())}


@columns(
    period=one_of(*PERIODS), group=one_of(*GROUPS), due=COUNT.or_null, undecided=COUNT.or_null,
    customers=COUNT, lost=COUNT, churn_rate=RATE("Churn", of=("lost", "customers"), key="churn"),
)  # fmt: skip
def renewals(business: Business) -> pd.DataFrame:
    """One row per period and group: how many left at annual renewals, and how many at other times.

    A renewal of an annual plan (`interval` year) belongs to the month in which it fell due. Of those due, the
    ones of which `dunning_days` have not passed by the end of the report month are undecided and in no rate;
    of the others (customers) lost are those who are no customers `dunning_days` after it. Not due: the
    customers with an annual plan at the start of each month, and those of them who were lost in it in any
    other way. Every other interval: the customers at the start of each month and those lost, as in every
    churn rate. Over the last 12 months a customer counts once for every month there, and once for every
    renewal.

    Glossary: renewal due; undecided.
    """
    starts = {"month": business.report_month, "year": months.month_starts(business)[-YEAR:][0]}
    wait = dt.timedelta(days=business.settings.dunning_days)
    found = business.keep("renewals", lambda: renewals_since(business, starts["year"] - wait))
    rows = [
        {"period": period, "group": group, **counted}
        for period, first in zip(PERIODS, starts.values(), strict=True)
        for group, counted in zip(
            GROUPS,
            (
                _at_renewals(found, first),
                _at_other_times(business, found, first, annual=True),
                _at_other_times(business, found, first, annual=False),
            ),
            strict=True,
        )
    ]
    frame = pd.DataFrame(rows, columns=["period", "group", "due", "undecided", "customers", "lost"])
    whole = frame.astype({"due": "Int64", "undecided": "Int64"})
    return with_rate(whole, "churn_rate", "lost", "customers")


@dataclass(frozen=True)
class Ahead:
    """The annual plans that have to renew within a year.

    Attributes:
        customers: those at the month's end who pay by the year (at its start, or when they came).
        expected, expected_low, expected_high: how many of them leave if the renewals of the next twelve
            months end as those of the last twelve; None where none of those is decided.
    """

    customers: int
    expected: int | None
    expected_low: int | None
    expected_high: int | None


def ahead(business: Business, renewals: pd.DataFrame) -> Ahead:
    """What the year to come holds for those who pay by the year: every one of them has to renew once.

    Takes the table of `renewals`.

    Glossary: renewals ahead.
    """
    rows = months.kept_customer_months(business)
    here = (rows.month == business.report_month) & (rows.state_at_end != "none")
    customers = int(rows.count(where=here & (rows.interval == ANNUAL)).execute())
    due = of_the_year(renewals, GROUPS[0])
    if not due["customers"]:
        return Ahead(customers, None, None, None)
    ends = (due["churn_rate"], due["churn_rate_low"], due["churn_rate_high"])
    return Ahead(customers, *(round(customers * float(share)) for share in ends))


def of_the_year(renewals: pd.DataFrame, group: str) -> pd.Series:
    """A group's row of the last 12 months, of the table of `renewals`."""
    return renewals[(renewals["period"] == PERIODS[1]) & (renewals["group"] == group)].iloc[0]


def over_a_year(monthly: float) -> float:
    """The share that is gone after twelve months of the same churn.

    >>> round(over_a_year(0.05), 3)
    0.46
    """
    return float(1 - (1 - monthly) ** YEAR)

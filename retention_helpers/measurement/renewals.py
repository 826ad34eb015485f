"""Churn among the annual plans whose renewal fell due: the others could hardly leave."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.spans import kept_spans, stretches
from retention_helpers.measurement.measures import CHURN, YEAR
from retention_helpers.shown.units import COUNT, columns, one_of
from retention_helpers.statistics.intervals import with_rate

ANNUAL = "year"  # the `interval` of a plan that is paid once a year
GROUPS = ("annual, renewal due", "annual, not due", "every other interval")
PERIODS = ("month", f"last {YEAR} months")


def _with_group(business: Business) -> ir.Table:
    """The customers at the start of each month, by whether an annual renewal falls due in it."""
    spans = kept_spans(business)
    terms = stretches(spans.filter(spans.interval == ANNUAL))
    rows = months.kept_customer_months(business).filter(lambda row: row.state_at_start != "none")
    running = rows.join(terms, "customer_id").filter(
        lambda row: (row.begin_on < row.month) & (row.end_on.isnull() | (row.end_on >= row.month))
    )
    begun = running.select("customer_id", "month", begin_on="begin_on")
    dated = rows.left_join(begun, ["customer_id", "month"]).drop("customer_id_right", "month_right")
    due = (dated.begin_on.month() == dated.month.month()) & (dated.begin_on.year() < dated.month.year())
    group = ibis.cases((dated.interval != ANNUAL, GROUPS[2]), (due, GROUPS[0]), else_=GROUPS[1])
    return dated.mutate(group=group)


@columns(
    period=one_of(*PERIODS), group=one_of(*GROUPS), customers_at_start=COUNT, lost=COUNT, churn_rate=CHURN
)
def renewals(business: Business) -> pd.DataFrame:
    """One row per period and group: the churn of customers by whether an annual renewal fell due.

    A renewal of an annual plan (`interval` year) falls due in the calendar month of the day on which the
    unbroken annual billing began, every year after the first. Due in a month are the customers at its
    start with such a day in it; lost are those of them who are none at its end, as in every churn rate,
    so the three groups add up to all customers at the start and all lost. Who leaves in a later month,
    such as after a payment that was retried for weeks, is among those not due. Over the last 12 months a
    customer counts once for every month.

    Glossary: renewal due.
    """
    own = _with_group(business)
    first = months.month_starts(business)[-YEAR:][0]
    within = own.filter(own.month >= first)
    now = within.month == business.report_month
    lost = within.movement == "lost"
    counts = within.group_by("group").aggregate(
        month_base=within.count(where=now),
        month_lost=within.count(where=now & lost),
        year_base=within.count(),
        year_lost=within.count(where=lost),
    )
    found = counts.execute().set_index("group").reindex(GROUPS, fill_value=0)
    rows = [
        (period, group, int(row[f"{name}_base"]), int(row[f"{name}_lost"]))
        for period, name in zip(PERIODS, ("month", "year"), strict=True)
        for group, row in found.iterrows()
    ]
    frame = pd.DataFrame(rows, columns=["period", "group", "customers_at_start", "lost"])
    return with_rate(frame, "churn_rate", "lost", "customers_at_start")


@dataclass(frozen=True)
class Ahead:
    """The annual plans that have to renew within a year.

    Attributes:
        customers: those at the month's end who pay by the year (at its start, or when they came).
        expected, expected_low, expected_high: how many of them leave if the renewals of the next twelve
            months end as those of the last twelve; None where none fell due.
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
    if not due["customers_at_start"]:
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

"""Churn week by week, for who looks more often than once a month."""

import datetime as dt

import ibis
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.spans import kept_services
from retention_helpers.measurement.measures import CHURN
from retention_helpers.shown.units import COUNT, DAY, columns, names_of
from retention_helpers.statistics.intervals import with_rate

WEEK = dt.timedelta(days=7)
A_DAY = dt.timedelta(days=1)


@columns(week=DAY("Week from"), customers_at_start=COUNT, lost=COUNT, retained=COUNT, churn_rate=CHURN)
def customer_churn_by_week(business: Business, *, weeks: int = 26) -> pd.DataFrame:
    """One row per week from Monday to Sunday, the latest so many that were over by the cut.

    As `measures.customer_churn`, with the week in the month's place: who is a customer at the end of the
    Sunday before, and none at the end of its own Sunday, was lost in it; who leaves and returns within it is
    retained. Weeks before the first service are left out; no rows where the days are not known.

    Columns: week (its Monday), customers_at_start, lost, retained, churn_rate with _low and _high.

    Glossary: churn a week.
    """
    if not business.knows("days"):
        return pd.DataFrame(columns=names_of(customer_churn_by_week))
    after = business.as_of - dt.timedelta(days=business.as_of.weekday())  # the Monday after the last Sunday
    mondays = [after - nth * WEEK for nth in range(weeks, 0, -1)]
    own = kept_services(business)
    each = ibis.memtable(
        pd.DataFrame({"week": mondays, "day_before": [day - A_DAY for day in mondays],
                      "last_day": [day + WEEK - A_DAY for day in mondays]}),
        schema={"week": "date", "day_before": "date", "last_day": "date"},
    )  # fmt: skip
    served = own.join(
        each,
        [own.begin_on <= each.day_before, own.end_on.isnull() | (own.end_on > each.day_before)],
    )
    stayed = own.join(
        each, [own.begin_on <= each.last_day, own.end_on.isnull() | (own.end_on > each.last_day)]
    ).select("customer_id", "week")
    at_start = served.select("customer_id", "week")
    starts = at_start.group_by("week").aggregate(customers_at_start=at_start.count())
    kept = at_start.semi_join(stayed, ["customer_id", "week"])
    ends = kept.group_by("week").aggregate(retained=kept.count())
    joined = starts.left_join(ends, "week").drop("week_right").order_by("week").execute()
    whole = joined.assign(
        week=pd.to_datetime(joined["week"]).astype("datetime64[s]"),
        retained=joined["retained"].fillna(0).astype("int64"),
    )
    lost = whole.assign(lost=whole["customers_at_start"] - whole["retained"])
    ordered = lost[["week", "customers_at_start", "lost", "retained"]]
    return with_rate(ordered, "churn_rate", "lost", "customers_at_start")

"""On which day of their life customers are lost, and how many of them on a day of renewal."""

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_losses
from retention_helpers.business.spans import kept_spans, stretches
from retention_helpers.measurement.measures import YEAR
from retention_helpers.shown.units import COUNT, columns, names_of
from retention_helpers.statistics.intervals import Rate, rate
from retention_helpers.words import spellings

MONTHS_IN = {"month": 1, "year": 12}
DAYS_IN = {"day": 1, "week": 7}
A_DAY = dt.timedelta(days=1)


@columns(day=COUNT("Days since the first"), lost=COUNT, renewal_known=COUNT, on_renewal_day=COUNT)
def losses_by_day(business: Business, *, months_back: int = YEAR) -> pd.DataFrame:
    """One row per day of tenure on which anybody was lost: how many, and how many on a day of renewal.

    Tenure is whole days from the first day. A renewal day is the day on which a whole number of billing
    intervals is over since unbroken billing at that interval began (the last day of the month where it has
    no such day): what was paid for ends on it. Where the interval is not given, or is no length of time, or
    changed in the month of the loss, that is not known. Over the last `months_back` months together. No
    rows where the days are not known.

    Glossary: losses by day; renewal day.
    """
    if not business.knows("days"):
        return pd.DataFrame(columns=names_of(losses_by_day), dtype="int64")
    rows = kept_losses(business)
    first = months.month_starts(business)[-months_back:][0]
    lost = rows.filter(rows.month >= first)
    intervals = sorted(lost.select("interval").distinct().execute()["interval"])
    parts = [_by_day(business, lost, interval) for interval in intervals]
    empty = pd.DataFrame(columns=["day", "lost", "renewal_known", "on_renewal_day"], dtype="int64")
    every = pd.concat([empty, *parts], ignore_index=True)
    return every.groupby("day", as_index=False).sum().sort_values("day", ignore_index=True)


def _by_day(business: Business, lost: ir.Table, interval: str) -> pd.DataFrame:
    spans = kept_spans(business)
    paid = stretches(spans.filter(spans.interval == interval))
    begun = paid.select("customer_id", paid_since="begin_on", lost_on="end_on")
    own = lost.filter(lost.interval == interval).left_join(begun, ["customer_id", "lost_on"])
    is_renewal = _is_renewal(own, interval)
    counts = own.group_by(day=own.tenure_days).aggregate(
        lost=own.count(),
        renewal_known=own.count(where=is_renewal.notnull()),
        on_renewal_day=own.count(where=is_renewal.fill_null(False)),
    )
    return counts.execute().astype("int64")


def _is_renewal(own: ir.Table, interval: str) -> ir.BooleanValue:
    """Whether what was paid for ended on the day of the loss; null where that is not known."""
    unit, many = spellings.interval(interval) or ("", 0)
    if not many:
        return ibis.null("boolean")
    since, day = own.paid_since, own.lost_on
    if unit in DAYS_IN:
        passed = day.delta(since, unit="day")
        return (passed > 0) & (passed % (DAYS_IN[unit] * many) == 0)
    passed = (day.year() - since.year()) * 12 + day.month() - since.month()
    is_clamped = (since.day() > day.day()) & ((day + A_DAY).day() == 1)
    return (passed > 0) & (passed % (MONTHS_IN[unit] * many) == 0) & ((since.day() == day.day()) | is_clamped)


def on_renewal_day(days: pd.DataFrame) -> Rate:
    """Of the customers lost of whom it is known, the share lost on a renewal day.

    Takes the table of `losses_by_day`.

    Glossary: renewal day.
    """
    return rate(int(days["on_renewal_day"].sum()), int(days["renewal_known"].sum()))

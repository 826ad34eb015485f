"""Revenue by cohort and by currency: what became of the MRR with which each month's customers began."""

import math
from decimal import Decimal

import ibis
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.spans import covers, kept_spans
from retention_helpers.measurement import measures
from retention_helpers.shown.units import COUNT, MONEY, MONTH, SHARE, TEXT, columns, names_of
from retention_helpers.statistics import money
from retention_helpers.words import calendar

ZERO = Decimal(0)


PARTS = {"mrr_at_base": MONEY.or_null, "mrr": MONEY.or_null, "mrr_kept": MONEY.or_null}
SHARES = {f"{name}_revenue_retention": SHARE.estimate(key=name) for name in ("gross", "net")}


def _sums(business: Business) -> pd.DataFrame:
    """A row a cohort and month k ≥ 1, with what `money.with_retention` needs of it."""
    rows = months.kept_customer_months(business).join(months.first_days(business), "customer_id")
    began = rows.filter(rows.month == rows.cohort).select("customer_id", base="mrr_at_end")
    own = rows.join(began, "customer_id")
    found = own.group_by(["cohort", "month"]).aggregate(
        size=own.count(), mrr=own.mrr_at_end.sum(), **money.sums(own.base, own.mrr_at_end)
    )
    frame = found.execute().astype({"cohort": "datetime64[s]", "month": "datetime64[s]"})
    whole = ["size", "base", "base_squared"]  # of the cohort, whoever is left of it
    bases = frame.loc[frame["month"] == frame["cohort"], ["cohort", *whole]].sort_values("cohort")
    starts = [pd.Timestamp(start) for start in months.month_starts(business)]
    later = [
        (*row, calendar.months_between(row.cohort, start), start)
        for row in bases.itertuples(index=False)
        for start in starts
        if start > row.cohort
    ]
    cells = pd.DataFrame(later, columns=["cohort", *whole, "k", "month"])
    typed = cells.astype({"cohort": "datetime64[s]", "month": "datetime64[s]"})
    joined = typed.merge(frame.drop(columns=whole), on=["cohort", "month"], how="left")
    paid = ["mrr", *(name for name in money.SUMS if name not in whole)]
    filled = {name: [ZERO if pd.isna(amount) else amount for amount in joined[name]] for name in paid}
    return joined.assign(**filled)


def _kept_sums(business: Business) -> pd.DataFrame:
    found: pd.DataFrame = business.once("revenue of cohorts", lambda: _sums(business))
    return found


@columns(cohort=MONTH, k=COUNT("After months"), month=MONTH, size=COUNT("Customers"), **PARTS, **SHARES)
def revenue_cohorts(business: Business) -> pd.DataFrame:
    """One row per cohort and month k ≥ 1: what became of the MRR with which the cohort began.

    A cohort is everybody whose first day lies in a calendar month; its base is their MRR at the end of
    that month (k = 0), so who came and went within it, or began with a pause, is in it with 0. At the end
    of calendar month cohort + k, *net* counts all that the cohort pays then, *gross* no more of each
    customer than the own base; who has returned counts again in both. Together with the base of the
    month's own cohort, `mrr` adds up over the cohorts to its mrr_at_end. A cohort that paid nothing has
    no share, and none has one where past prices or pauses are not known.

    Columns: cohort, k, month, size (customers of the cohort), mrr_at_base, mrr, mrr_kept (of the base; all
    Decimal), gross_revenue_retention and net_revenue_retention, both with _low and _high (95 %, see
    `money.with_retention`).

    Glossary: revenue cohort.
    """
    sums = _kept_sums(business)
    return _with_retention(business, sums)[names_of(revenue_cohorts)]


@columns(k=COUNT("After months"), cohorts=COUNT, size=COUNT("Customers"), **PARTS, **SHARES)
def revenue_by_age(business: Business) -> pd.DataFrame:
    """One row per month k ≥ 1 after a cohort's own: all cohorts that have reached it, together.

    The parts and shares are those of `revenue_cohorts`; an early k has more `cohorts` than a late one.

    Glossary: revenue cohort.
    """
    sums = _kept_sums(business)
    added = {name: "sum" for name in ("size", "mrr", *money.SUMS)}
    ages = sums.groupby("k", as_index=False).agg({"cohort": "count", **added})
    named = ages.rename(columns={"cohort": "cohorts"})
    return _with_retention(business, named)[names_of(revenue_by_age)]


def _with_retention(business: Business, sums: pd.DataFrame) -> pd.DataFrame:
    """The shares of the sums; NaN, as is what was kept, where past prices or pauses are not known."""
    found = money.with_retention(sums.assign(mrr_at_base=sums["base"], mrr_kept=sums["kept"]))
    if business.knows("prices", "pauses"):
        return found
    return money.without_retention(found.assign(mrr_kept=math.nan))


@columns(month=MONTH, currency=TEXT, mrr_at_end=MONEY)
def mrr_by_currency(business: Business) -> pd.DataFrame:
    """One row per month and foreign currency: its part of the MRR at the month's end, in the report's.

    Every report takes one rate for all its months, that of its own, so a change of rates never shows as
    expansion or contraction; it shows between reports.

    Glossary: exchange rates.
    """
    spans = kept_spans(business)
    foreign = spans.filter((spans.state == "paying") & (spans.currency != business.currency))
    table = months.month_table(business)
    covering = foreign.join(table, covers(foreign, table.last_day))
    sums = covering.group_by(["month", "currency"]).aggregate(mrr_at_end=covering.mrr.sum())
    frame = sums.order_by(["month", "currency"]).execute()
    return frame.astype({"month": "datetime64[s]"})


def foreign_mrr(business: Business) -> pd.DataFrame:
    """The rows of `mrr_by_currency` at the end of the report month.

    Glossary: exchange rates.
    """
    every = (
        mrr_by_currency(business)
        if exchange_rates(business)
        else pd.DataFrame(columns=names_of(mrr_by_currency))
    )
    return every[every["month"] == pd.Timestamp(business.report_month)]


SEVERAL = "several"  # the currencies of a customer


def mrr_movement_by_currency(business: Business) -> pd.DataFrame:
    """One row per month and currency of the customers: their part of each sum of `measures.mrr_movement`.

    Customers who pay, or have paid, in more than one currency stand under "several". Columns: month,
    currency, then the sums, in the report's currency.
    """
    spans = kept_spans(business)
    paying = spans.filter(spans.state == "paying")
    own = paying.group_by("customer_id").aggregate(one=paying.currency.min(), other=paying.currency.max())
    of = own.select("customer_id", currency=ibis.ifelse(own.one == own.other, own.one, SEVERAL))
    rows = months.kept_customer_months(business).join(of, "customer_id")
    sums = rows.group_by(["month", "currency"]).aggregate(**measures.mrr_parts(rows))
    frame = sums.order_by(["month", "currency"]).execute().astype({"month": "datetime64[s]"})
    return frame.fillna(dict.fromkeys(frame.columns[2:], ZERO))


def exchange_rates(business: Business) -> dict[str, Decimal]:
    """What one unit of each foreign currency of the data is worth in the report's, by its code."""
    given = business.table("subscriptions").currency.upper().as_table().distinct().execute()
    found = sorted(code for code in given.iloc[:, 0].dropna() if code != business.currency)
    return {code: business.rates[code].rate for code in found}

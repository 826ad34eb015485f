"""Revenue cohorts, annual renewals and exchange rates: what they say, and how they are shown."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd

from retention_helpers.measurement import renewals as renewing
from retention_helpers.measurement import revenue
from retention_helpers.measurement.measures import YEAR
from retention_helpers.measurement.renewals import GROUPS, PERIODS, Ahead, of_the_year, over_a_year
from retention_helpers.shown import figures
from retention_helpers.shown.records import estimate_of
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import (
    COUNT,
    ESTIMATE,
    MONEY,
    MONTH,
    SHARE,
    Node,
    Unit,
    by_name,
    fields,
    noted,
    rows,
)
from retention_helpers.words import formats

__all__ = [
    "ages_of_revenue", "cohorts_of_revenue", "foreign_mrr", "rates_of_exchange", "renewals_due",
    "renewals_to_come",
]  # fmt: skip


def revenue_cohorts(ages: pd.DataFrame, *, k: int = YEAR) -> Sentence:
    """What the cohorts together still pay after a year, or after as long as there is."""
    paid = ages[ages["net_revenue_retention"].notna()]
    if len(ages) and ages["mrr_kept"].isna().all():
        return Sentence("Past prices or pauses are not known from these data, so no cohort has a share.")
    if paid.empty:
        return Sentence("No cohort with MRR has a month behind it yet.")
    row = paid[paid["k"] <= k].iloc[-1]
    net, gross = (
        formats.rate(row[name], row[f"{name}_low"], row[f"{name}_high"])
        for name in ("net_revenue_retention", "gross_revenue_retention")
    )
    many, month = int(row["cohorts"]), formats.plural(int(row["k"]), "month")
    who = "the one cohort that has come so far pays" if many == 1 else (
        f"the {formats.count(many)} cohorts that have come so far pay"
    )  # fmt: skip
    if row["mrr"] == row["mrr_kept"]:
        return Sentence(
            f"After {month}, {who} {net} of the MRR at the start (net), and nobody pays more than at first: "
            f"gross it is {gross}."
        )
    return Sentence(
        f"After {month}, {who} {net} of the MRR at the start (net); {gross} is still that first MRR "
        "(gross), the rest is what those who stayed pay more."
    )


def renewals(frame: pd.DataFrame) -> Sentence:
    """How many annual plans were not renewed, beside what a year of the other plans costs."""
    due, other = of_the_year(frame, GROUPS[0]), of_the_year(frame, GROUPS[2])
    if not due["customers_at_start"]:
        return Sentence(f"No annual plan fell due for renewal in the {PERIODS[1]}.")
    many = formats.plural(int(due["customers_at_start"]), "annual renewal")
    churn = formats.rate(due["churn_rate"], due["churn_rate_low"], due["churn_rate_high"])
    said = (
        f"Of the {many} that fell due in the {PERIODS[1]}, {formats.count(due['lost'])} ended with the "
        f"customer leaving: {churn}."
    )
    if not other["customers_at_start"]:
        return Sentence(said)
    return Sentence(
        f"{said} The other plans lose {formats.percent(other['churn_rate'])} a month, which is "
        f"{formats.percent(over_a_year(other['churn_rate']))} over a year."
    )


def exchange_rates(foreign: pd.DataFrame, rates: Mapping[str, Decimal], currency: str) -> Sentence:
    """What of the MRR is paid in other currencies, and at which rates.

    Takes the table of `revenue.mrr_by_currency` of the last month.
    """
    if not rates:
        return Sentence("All amounts are in one currency, so no exchange rate is at work in them.")
    at = listed([f"{code} at {formats.exact(rate)}" for code, rate in rates.items()])
    said = f"Amounts in other currencies are converted at one rate for all months: {at}."
    if not foreign.empty:
        paid = listed(
            [f"{formats.money(row.mrr_at_end, currency)} in {row.currency}" for row in foreign.itertuples()]
        )
        said += f" The MRR at the month's end holds {paid}."
    return Sentence(
        f"{said} So no change of a rate is taken for expansion or contraction; where an earlier report had "
        "another, the review shows what that alone does to its amounts on a row of its own."
    )


def renewals_ahead(ahead: Ahead, due: pd.DataFrame) -> Sentence | None:
    """What the year ahead may miss of annual plans; None where nobody has one."""
    if not ahead.customers:
        return None
    year = of_the_year(due, GROUPS[0])
    many = formats.count(ahead.customers)
    who = (
        "the one customer who pays by the year has"
        if ahead.customers == 1
        else f"all {many} customers who pay by the year have"
    )
    said = (
        f"In the year to come, {who} to renew. The numbers above spread that over the months, and see too "
        "little of it where few renewals have come up so far."
    )
    if ahead.expected is None:
        return Sentence(f"{said} None has fallen due yet.")
    leave = formats.counted(ahead.expected, ahead.expected_low, ahead.expected_high)
    churn = formats.rate(year["churn_rate"], year["churn_rate_low"], year["churn_rate_high"])
    return Sentence(
        f"{said} Of those that fell due in the {PERIODS[1]} {churn} ended: if it stays so, {leave} of the "
        f"{many} will leave."
    )


_CELL: Mapping[str, Unit | Node] = {
    "mrr": MONEY.or_null,
    "mrr_kept": MONEY.or_null,
    "gross": ESTIMATE,
    "net": ESTIMATE,
}


def _cohorts_record(cells: pd.DataFrame) -> dict[str, Any]:
    return {
        "revenue_cohorts": [
            {
                "cohort": formats.iso_month(cohort),
                "size": int(own["size"].iloc[0]),
                "mrr_at_base": own["mrr_at_base"].iloc[0],
                "months": {str(row["k"]): _cell(row) for row in own.to_dict(orient="records")},
            }
            for cohort, own in cells.groupby("cohort")
        ]
    }


def _cell(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "mrr": row["mrr"],
        "mrr_kept": row["mrr_kept"],
        "gross": estimate_of(row, "gross_revenue_retention"),
        "net": estimate_of(row, "net_revenue_retention"),
    }


def _renewals_record(frame: pd.DataFrame) -> dict[str, Any]:
    other = of_the_year(frame, GROUPS[2])["churn_rate"]
    return {
        "renewals": records(frame, renewing.renewals),
        "other_intervals_over_a_year": over_a_year(other),
    }


def _ahead_record(ahead: Ahead) -> dict[str, Any]:
    ends = {"value": ahead.expected, "low": ahead.expected_low, "high": ahead.expected_high}
    return {"renewals_ahead": {"customers": ahead.customers, "expected_lost": ends}}


cohorts_of_revenue = Measure(
    revenue.revenue_cohorts,
    "The latest cells of revenue",
    figure=partial(
        figures.triangle,
        rate="net_revenue_retention",
        title="MRR of each cohort, net",
        share="of the first MRR",
        cohorts=7,
        periods=6,
    ),
    findings={
        "revenue_cohorts": rows(
            "by months after the cohort's own: the MRR then, and what of each customer's first is still "
            "paid, against the MRR at the end of the cohort's own month",
            cohort=MONTH,
            size=COUNT,
            mrr_at_base=MONEY.or_null,
            months={**by_name(fields(**_CELL)), "propertyNames": {"pattern": "^[1-9][0-9]*$"}},
        )
    },
    record=_cohorts_record,
)
ages_of_revenue = Measure(
    revenue.revenue_by_age,
    "All cohorts together, by months after their own",
    sentence=revenue_cohorts,
    findings="revenue_by_age",
    note="all cohorts that have reached the month, together",
)
renewals_due = Measure(
    renewing.renewals,
    "Churn by whether an annual renewal fell due",
    sentence=renewals,
    findings={
        "renewals": rows_of(renewing.renewals),
        "other_intervals_over_a_year": noted(
            SHARE, "twelve months of the last twelve months' churn of plans that are not annual"
        ),
    },
    record=_renewals_record,
)
renewals_to_come = Measure(
    renewing.ahead,
    sentence=renewals_ahead,
    findings={
        "renewals_ahead": fields(
            customers=noted(COUNT, "who have an annual plan and so a renewal within a year"),
            expected_lost=ESTIMATE,
        )
    },
    record=_ahead_record,
)
rates_of_exchange = Measure(
    revenue.exchange_rates,
    findings={
        "exchange_rates": by_name(
            MONEY.within(exclusiveMinimum=0),
            note="what one unit of each foreign currency of the data was taken to be worth",
        )
    },
)
foreign_mrr = Measure(
    revenue.foreign_mrr,
    "MRR in other currencies",
    sentence=exchange_rates,
    findings={
        "foreign_mrr": by_name(
            MONEY.within(minimum=0),
            note="of the MRR at the month's end, what is paid in each foreign currency, in the report's",
        )
    },
    record=lambda foreign: {
        "foreign_mrr": dict(zip(foreign["currency"], foreign["mrr_at_end"], strict=True))
    },
)

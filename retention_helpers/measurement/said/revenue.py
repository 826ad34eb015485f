"""Revenue cohorts, annual renewals and exchange rates, in words and for findings.json."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

from retention_helpers.measurement.renewals import GROUPS, Ahead, over_a_year
from retention_helpers.shown.records import estimate_of, rate_of
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.words import formats


def revenue_cohorts(ages: pd.DataFrame, *, k: int = 12) -> Sentence:
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
    year = frame[frame["period"] == "last 12 months"].set_index("group")
    due, other = year.loc[GROUPS[0]], year.loc[GROUPS[2]]
    if not due["customers_at_start"]:
        return Sentence("No annual plan fell due for renewal in the last 12 months.")
    many = formats.plural(int(due["customers_at_start"]), "annual renewal")
    churn = formats.rate(due["churn_rate"], due["churn_rate_low"], due["churn_rate_high"])
    said = (
        f"Of the {many} that fell due in the last 12 months, {formats.count(due['lost'])} ended with the "
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
        f"{said} So no change of a rate is taken for expansion or contraction; where you change one, the "
        "review shows what that does to the amounts of earlier reports on a row of its own."
    )


def renewals_ahead(ahead: Ahead, due: pd.DataFrame) -> Sentence | None:
    """What the year ahead may miss of annual plans; None where nobody has one."""
    if not ahead.customers:
        return None
    year = due[(due["period"] == "last 12 months") & (due["group"] == GROUPS[0])].iloc[0]
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
        f"{said} Of those that fell due in the last 12 months {churn} ended: if it stays so, {leave} of the "
        f"{many} will leave."
    )


def record(
    *,
    cohorts: pd.DataFrame,
    ages: pd.DataFrame,
    renewals: pd.DataFrame,
    exchange_rates: Mapping[str, Decimal],
    foreign: pd.DataFrame,
    ahead: Ahead,
) -> dict[str, Any]:
    """Revenue cohorts, renewals and exchange rates, in the form of findings.json."""
    other = renewals[(renewals["period"] == "last 12 months") & (renewals["group"] == GROUPS[2])].iloc[0]
    return {
        "revenue_cohorts": [
            {
                "cohort": formats.iso_month(cohort),
                "size": int(cells["size"].iloc[0]),
                "mrr_at_base": cells["mrr_at_base"].iloc[0],
                "months": {str(row["k"]): _cell(row) for row in cells.to_dict(orient="records")},
            }
            for cohort, cells in cohorts.groupby("cohort")
        ],
        "revenue_by_age": [
            {key: row[key] for key in ("k", "cohorts", "size", "mrr_at_base")} | _cell(row)
            for row in ages.to_dict(orient="records")
        ],
        "renewals": [
            {
                "period": row["period"],
                "group": row["group"],
                "churn": rate_of(row, "churn_rate", "lost", "customers_at_start"),
            }
            for row in renewals.to_dict(orient="records")
        ],
        "renewals_ahead": {
            "customers": ahead.customers,
            "expected_lost": {
                "value": ahead.expected,
                "low": ahead.expected_low,
                "high": ahead.expected_high,
            },
        },
        "other_intervals_over_a_year": over_a_year(other["churn_rate"]),
        "exchange_rates": dict(exchange_rates),
        "foreign_mrr": dict(zip(foreign["currency"], foreign["mrr_at_end"], strict=True)),
    }


def _cell(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "mrr": row["mrr"],
        "mrr_kept": row["mrr_kept"],
        "gross": estimate_of(row, "gross_revenue_retention"),
        "net": estimate_of(row, "net_revenue_retention"),
    }

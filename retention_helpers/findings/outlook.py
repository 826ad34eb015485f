"""The year ahead, in words and for findings.json."""

from typing import Any

import pandas as pd

from retention_helpers import formats, risks
from retention_helpers.findings.records import estimate_of, rate_of
from retention_helpers.findings.sentences import Sentence, listed
from retention_helpers.intervals import Rate
from retention_helpers.risks import Choice

_WAYS = {
    risks.LAST_RATE: "the last rate carried forward",
    risks.BY_TENURE: "the last rates by tenure",
    risks.FALLING_RISK: "the risk that falls with tenure (shifted-beta-geometric)",
}


def choice(chosen: Choice) -> Sentence:
    """Which way of looking ahead is used, and how it did on months that it was not shown."""
    used = _WAYS[chosen.method]
    if not chosen.tests:
        return Sentence(
            f"There are too few months to test a way of looking ahead: it takes {risks.FEWEST_MONTHS} that "
            f"began with customers, and {risks.HELD_BACK} more to hide. The simplest is used: {used}."
        )
    errors = sorted(chosen.errors.items(), key=lambda pair: (pair[1], pair[0] != chosen.method))
    said = [f"{_WAYS[method]} by {formats.percent(error)}" for method, error in errors]
    return Sentence(
        f"Tested on {risks.HELD_BACK} months that it was not shown, "
        f"{'once' if chosen.tests == 1 else f'{formats.count(chosen.tests)} times'}, each way missed by so "
        f"many of the customers on average: {listed(said)}. The nearest is used: {used}."
    )


def projection(ahead: pd.DataFrame, currency: str) -> Sentence:
    """How many of today's customers will be here in a year, and how many with newcomers."""
    if ahead.empty:
        return Sentence("Nobody could have left yet, so there is nothing to look ahead from.")
    now, then = ahead.iloc[0], ahead.iloc[-1]
    month, share = formats.month(then["month"]), "newcomers_share"
    here, everybody = (
        formats.counted(then[name], then[f"{name}_low"], then[f"{name}_high"])
        for name in ("still_here", "customers")
    )
    return Sentence(
        f"If nothing changes, {here} of today's {formats.plural(now['still_here'], 'customer')} will be here "
        f"in {month}; of those who came this month, "
        f"{formats.rate(then[share], then[f'{share}_low'], then[f'{share}_high'])}. With as many newcomers "
        f"as in the last 12 months there will be {everybody} in all, paying "
        f"{formats.amount(then['mrr'], then['mrr_low'], then['mrr_high'], currency)} a month."
    )


def what_if(rows: pd.DataFrame, currency: str) -> Sentence:
    """What one point more of monthly retention makes in a year."""
    if rows.empty:
        return Sentence("Nobody could have left yet, so there is nothing to do better.")
    if len(rows) < 2:
        return Sentence("Less than one point of the customers leaves in a month: there is no point to gain.")
    usual, better = rows.iloc[0], rows.iloc[1]
    more = formats.counted(
        better["more_customers"], better["more_customers_low"], better["more_customers_high"]
    )
    revenue = formats.amount(
        better["more_revenue"], better["more_revenue_low"], better["more_revenue_high"], currency
    )
    return Sentence(
        f"If one customer of a hundred more stayed each month, there would be "
        f"{formats.count(better['customers'])} customers in a year instead of "
        f"{formats.count(usual['customers'])}: {more} more, and {revenue} more revenue over the year."
    )


def five_percent(rows: pd.DataFrame, churn: Rate) -> Sentence:
    """What "5 % better retention" would mean here, by what it is taken to mean."""
    if not churn.numerator:
        return Sentence("Nobody left in the last 12 months: no retention could be better.")
    said = [
        f"“{row.reading}” (a churn of {formats.percent(row.asked_rate)}) would be worth "
        f"{formats.rate(row.gain_share, row.gain_share_low, row.gain_share_high)} more"
        for row in rows[rows["gain_share"].notna()].itertuples()
    ]
    beyond = [
        f"“{row.reading}” would be more than all who leave"
        for row in rows[rows["gain_share"].isna()].itertuples()
    ]
    return Sentence(
        f"From a churn of {formats.percent(churn.value)} a month over the last 12 months, in revenue from a "
        f"customer's lifetime: {'; '.join([*said, *beyond])}."
    )


def record(
    *,
    tests: pd.DataFrame,
    chosen: Choice,
    stages: pd.DataFrame,
    last: Rate,
    ahead: pd.DataFrame,
    better: pd.DataFrame,
    readings: pd.DataFrame,
    churn: Rate,
) -> dict[str, Any]:
    """The year ahead in the form of findings.json.

    `stages` and `last` are the rates of the two simple ways, `churn` that of the last 12 months.
    """
    return {
        "projection": [
            {
                "month": formats.iso_month(row["month"]),
                **{
                    name: estimate_of(row, name)
                    for name in ("still_here", "newcomers_share", "customers", "mrr")
                },
            }
            for row in ahead.to_dict(orient="records")
        ],
        "projection_method": {
            "method": chosen.method,
            "tests": chosen.tests,
            "errors": chosen.errors,
            "last_rate": last,
            "rates_by_tenure": [
                {
                    "from_month": row["from_month"],
                    "to_month": row["to_month"],
                    "churn": rate_of(row, "churn_rate", "lost", "customers_at_start"),
                }
                for row in stages.to_dict(orient="records")
            ],
            "fewest_months": risks.FEWEST_MONTHS,
            "months_hidden": risks.HELD_BACK,
        },
        "projection_back_test": [
            {**row, "month": formats.iso_month(row["month"])} for row in tests.to_dict(orient="records")
        ],
        "what_if": [
            {
                "points_better": row["points_better"],
                **{
                    name: estimate_of(row, name)
                    for name in ("customers", "more_customers", "mrr", "revenue", "more_revenue")
                },
            }
            for row in better.to_dict(orient="records")
        ],
        "five_percent": [
            {
                "reading": row["reading"],
                "asked_rate": row["asked_rate"],
                "more_lifetime_revenue": estimate_of(row, "gain_share"),
            }
            for row in readings.to_dict(orient="records")
        ],
        "churn_last_12_months": churn,
    }

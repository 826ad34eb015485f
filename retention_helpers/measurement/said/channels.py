"""What channels, plans and countries are worth: what is said, and how it is shown."""

from typing import Any

import pandas as pd

from retention_helpers.measurement import channels
from retention_helpers.measurement.channels import CANNOT, COST_NOTHING, NOT_WITHIN, PAID_BACK
from retention_helpers.shown import figures
from retention_helpers.shown.results import TOP, Measure
from retention_helpers.shown.sentences import Remarks, kind_of_group, listed
from retention_helpers.words import formats

__all__ = ["worth_by_group"]

MOST_SAID = 4
ABOVE, BELOW = "above the rest", "below the rest"


def about_groups(rows: pd.DataFrame, currency: str = "") -> Remarks:
    """Whose newcomers bring in more or less than the others, and which channels pay back, and by when."""
    return Remarks((_apart(rows, currency), *_paybacks(rows, currency)))


def _apart(rows: pd.DataFrame, currency: str) -> str:
    told = rows[rows["by"] != "first_plan"]  # a dear plan brings in more: nobody has to be told
    parts = []
    for word, verdict in (("more than the rest", ABOVE), ("less", BELOW)):
        said = [
            f"{kind_of_group(row.by)} {row.level} "
            f"{formats.amount(row.revenue_12, row.revenue_12_low, row.revenue_12_high, currency)}"
            for row in told[told["verdict"] == verdict].itertuples()
        ]
        parts += [f"{word}: {listed(said)}"] if said else []
    if not parts:
        compared = told[~told["verdict"].isin(["too few", "the only one"])]["by"].unique()
        if not len(compared):
            return "No two groups are large enough to hold the first 12 months of one against the other's."
        kinds = listed([kind_of_group(by) for by in compared], "or")
        return f"No {kinds} brings in clearly more in its first 12 months than the rest."
    return f"In their first 12 months newcomers bring in {'; '.join(parts)}."


def _paybacks(rows: pd.DataFrame, currency: str) -> list[str]:
    """A line a channel that was paid for, the dearest first, and one for those whose cost is not known."""
    paid = rows[rows["cost"].notna()].sort_values("cost", ascending=False)
    said = [_payback(row, currency) for row in paid.head(MOST_SAID).itertuples()]
    if len(paid) > MOST_SAID:
        said.append(f"{formats.plural(len(paid) - MOST_SAID, 'more channel')} in the table.")
    spent = rows[rows["months_of_spend"] > 0]
    for row in spent[spent["cost"].isna() & (spent["spent"] > 0)].itertuples():
        months = formats.plural(row.months_of_spend, "month")
        said.append(
            f"{row.level}: {formats.amount(row.spent, currency=currency)} spent in {months}, and nobody of "
            "this name began in them."
        )
    is_open = rows["by"].isin(spent["by"]) & (rows["months_of_spend"] == 0) & (rows["verdict"] != "too few")
    unknown = listed([str(row.level) for row in rows[is_open].itertuples()])
    return said + ([f"Cost not known, because spend has no row of it: {unknown}."] if unknown else [])


def _payback(row: Any, currency: str) -> str:
    cost = f"{row.level}: a customer costs {formats.amount(row.cost, currency=currency)}"
    likely = ""
    if not formats.is_missing(row.payback_months) and row.payback_months != row.payback_months_high:
        likely = f", most likely in month {formats.count(row.payback_months)}"
    return {
        PAID_BACK: f"{cost}, which pays back in revenue by month {formats.count(row.pays_back_by)}{likely}.",
        NOT_WITHIN: f"{cost}, and does not pay back within the time that anybody was followed.",
        COST_NOTHING: f"{row.level}: nothing was spent on it, so nothing has to be paid back.",
        CANNOT: f"{cost}; when it pays back cannot be told{likely}.",
    }[row.pays_back]


worth_by_group = Measure(
    channels.worth_by,
    "What newcomers bring in, and cost, by channel, plan, country and year of start",
    sentence=about_groups,
    figure=figures.worth_by_level,
    findings="channels",
    part=TOP,
    note="What newcomers bring in over twelve months, by channel, first plan, country and year of start; "
    "with `spend`, what a customer of a channel costs, and when that is paid back.",
)

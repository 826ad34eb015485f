"""Churn week by week: what it says, and how it is shown."""

from functools import partial

import pandas as pd

from retention_helpers.measurement import weeks
from retention_helpers.shown import figures
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence
from retention_helpers.words import formats

__all__ = ["churn_by_week"]


def churn_of_weeks(churn: pd.DataFrame) -> Sentence:
    """How many left in the last week of the table, beside the quietest and the heaviest before it."""
    if churn.empty:
        return Sentence("No week is over that began with customers, or the data know months alone.")
    now, before = churn.iloc[-1], churn.iloc[:-1]
    said = (
        f"In the week from {formats.day(now['week'])}, {formats.count(now['lost'])} of "
        f"{formats.plural(int(now['customers_at_start']), 'customer')} left: "
        f"{formats.rate_in(now, 'churn_rate')}."
    )
    if before.empty:
        return Sentence(said)
    least, most = before["churn_rate"].min(), before["churn_rate"].max()
    weeks_before = formats.plural(len(before), "week")
    return Sentence(
        f"{said} In the {weeks_before} before it, between {formats.percent(least)} and "
        f"{formats.percent(most)} a week."
    )


churn_by_week = Measure(
    weeks.customer_churn_by_week,
    "Churn week by week",
    sentence=churn_of_weeks,
    figure=partial(figures.rate_by_month, rate="churn_rate", every="week"),
)

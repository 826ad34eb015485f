"""What is said of the mood of all, and of what runs ahead of churn."""

import pandas as pd

from retention_helpers.early_warning import indicators
from retention_helpers.shown import figures
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.words import formats

__all__ = ["lately", "leading_indicators", "leads", "with_leads"]


def mood(monthly: pd.DataFrame, month: str) -> Sentence:
    """Whether the report month was unusual in any indicator."""
    last = monthly[monthly["month"] == pd.Timestamp(month)]
    if last.empty:
        return Sentence("It takes events.csv, payments.csv, tickets.csv or emails.csv: the mood of all.")
    judged = last[last["reading"].notna()]
    if judged.empty:
        return Sentence("Too few months to tell what is usual for an indicator.")
    odd = judged[judged["reading"] != "usual"]
    if odd.empty:
        names = listed([f"“{indicator}”" for indicator in judged["indicator"]])
        return Sentence(f"Within the usual range at the end of the month: {names}.")
    said = [
        f"“{row.indicator}” {formats.percent(row.share)}, {row.reading} the usual "
        f"{formats.interval(row.lowest_usual_share, row.highest_usual_share)}"
        for row in odd.itertuples()
    ]
    return Sentence(f"Out of the ordinary at the end of the month: {'; '.join(said)}.")


def runs_ahead(found: pd.DataFrame) -> Sentence:
    """Which indicators run ahead of churn."""
    if found.empty:
        return Sentence("There is no indicator to hold against churn.")
    ahead = found[found["verdict"] == "leads churn"]
    if len(ahead):
        said = [f"“{row.indicator}” by {formats.plural(row.best_lag, 'month')}" for row in ahead.itertuples()]
        return Sentence(f"Runs ahead of churn: {listed(said)}.")
    if (found["verdict"] == "too few").all():
        return Sentence("Too few months to tell whether an indicator runs ahead of churn.")
    return Sentence("No indicator runs ahead of churn more closely than chance would have it.")


leading_indicators = Measure(indicators.leading_indicators, sentence=mood, figure=figures.share_by_month)
lately = Measure(indicators.lately, "The last three months of each indicator")
leads = Measure(indicators.leads, "Does it run ahead of churn?", sentence=runs_ahead)
with_leads = Measure(indicators.with_leads, findings="leading_indicators")

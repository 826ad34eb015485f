"""The sentences about what can be known at this size."""

from typing import Any

import pandas as pd

from retention_helpers.experiments.plan import TOO_LONG
from retention_helpers.monthly_review import reach as reachable
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Remarks
from retention_helpers.words import formats

__all__ = [
    "within_reach",
]


def reach(rows: pd.DataFrame) -> Remarks:
    """A sentence a question: from which number on it would be seen here, or that it would not."""
    return Remarks(tuple(_WORDS[row.question](row) for row in rows.itertuples()))


def _rose(row: Any) -> str:
    if formats.is_missing(row.seen_from):
        return "Whether churn rises from one month to the next cannot be seen with so few customers."
    share = formats.percent(row.seen_from / row.of)
    return (
        f"Next month would be called a rise from {formats.count(row.seen_from)} of "
        f"{formats.plural(row.of, 'customer')} lost on ({share})."
    )


def _unusual(row: Any) -> str:
    if formats.is_missing(row.seen_from):
        return "No month can be called unusual yet: too few months before it."
    return f"This month would have been unusual from {formats.count(row.seen_from)} lost on."


def _ahead(row: Any) -> str:
    if formats.is_missing(row.seen_from):
        return f"No reason can be ahead for sure with {formats.plural(row.of, 'answer')}."
    return (
        f"Of two reasons that share {formats.plural(row.of, 'answer')}, one is ahead for sure from "
        f"{formats.count(row.seen_from)} on."
    )


def _experiment(row: Any) -> str:
    if formats.is_missing(row.months) or row.months > TOO_LONG:
        wait = "" if formats.is_missing(row.months) else f", {formats.months(row.months)} at your pace"
        size = "" if formats.is_missing(row.seen_from) else f"{formats.count(row.seen_from)} customers an arm"
        needs = f": it needs {size}{wait}" if size else ""
        told = (
            "Within a year no gain could be told"
            if formats.is_missing(row.gain_in_a_year)
            else f"Within a year a gain of {formats.size_of_points(row.gain_in_a_year)} could be told"
        )
        return f"An experiment on five points with newcomers cannot be finished here{needs}. {told}."
    return (
        f"An experiment with newcomers on five points takes {formats.count(row.seen_from)} customers an arm "
        f"and {formats.months(row.months)}."
    )


_WORDS = dict(zip(reachable.QUESTIONS, (_rose, _unusual, _ahead, _experiment), strict=True))

within_reach = Measure(
    reachable.reach, "What can be seen at this size", sentence=reach, findings="reach",
    note="From which number on the questions of a month can be answered in a business of this size.",
)  # fmt: skip

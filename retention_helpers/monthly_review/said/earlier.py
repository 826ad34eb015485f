"""The sentences of the review about earlier reports."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from retention_helpers.monthly_review import earlier as earlier_months
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Remarks, Sentence
from retention_helpers.words import formats


def became_of(rows: pd.DataFrame, earlier: Mapping[str, Any], month: str) -> Remarks:
    """What was done of the earlier plans, and what became of it."""
    if not earlier:
        return Remarks((f"There is no earlier report than the one of {formats.month(month)}.",))
    if rows.empty:
        return Remarks(("No earlier report has a plan to follow up.",))
    if not rows["done"].sum():
        planned = formats.plural(int(rows["planned"].sum()), "touch", "touches")
        return Remarks(
            (f"Of the {planned} of the last plans none is noted as done: fill in “Done on” in plan.xlsx.",)
        )
    said = [_became(row) for row in rows.itertuples() if row.done]
    return Remarks(
        (*said, "Whom you reached was not drawn by lot: only an experiment tells what a touch does.")
    )


def _became(row: Any) -> str:
    """
    >>> from types import SimpleNamespace as Row
    >>> _became(Row(month="2026-10", action="at_risk", planned=9, done=6, reached=2, still_customers=5,
    ...             left=1, expected_left=1.31, expected_low=0, expected_high=3))[-52:]
    '1 asked or left, 1.3 (0–3) were expected without it.'
    """
    expected = (
        ""
        if formats.is_missing(row.expected_left)
        else f"; {formats.count(row.left)} asked or left, "
        f"{formats.number(row.expected_left, 1)} "
        f"({formats.count(row.expected_low)}–{formats.count(row.expected_high)}) were expected without it"
    )
    return (
        f"{formats.month(row.month)}, {formats.words(row.action).lower()}: {formats.count(row.done)} of "
        f"{formats.count(row.planned)} done, {formats.count(row.reached)} reached, "
        f"{formats.count(row.still_customers)} still customers{expected}."
    )


def restated(rows: pd.DataFrame, earlier: Mapping[str, Any]) -> Sentence:
    """Whether the earlier reports that could be compared still stand."""
    if not earlier:
        return Sentence("There is no earlier report to compare with.")
    if rows.empty:
        many = formats.plural(len(earlier), "earlier report")
        return Sentence(
            f"Nothing was restated: {many} compared, on customers, who ended it, and MRR, with the same "
            "numbers today."
        )
    return Sentence(
        f"{formats.plural(len(rows), 'number')} of earlier reports would be given otherwise today."
    )


became_of_actions = Measure(
    earlier_months.became_of, "The last plans", sentence=became_of, findings="became_of_actions"
)
restated_numbers = Measure(
    earlier_months.restated,
    "Numbers that earlier reports gave otherwise",
    sentence=lambda rows, earlier: restated(rows, earlier_months.compared(earlier)),
    findings="restated",
)

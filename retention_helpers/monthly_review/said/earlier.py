"""The sentences of the review about earlier reports."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.yaml_files import as_written
from retention_helpers.monthly_review import earlier as earlier_months
from retention_helpers.monthly_review import hindsight
from retention_helpers.monthly_review.earlier import Earlier
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Remarks, Sentence, listed
from retention_helpers.words import formats

__all__ = [
    "became_of_actions",
    "exchange_of_earlier",
    "in_hindsight",
    "restated_numbers",
]


def became_of(rows: pd.DataFrame, earlier: Mapping[str, Any], month: str) -> Remarks:
    """What was done of the earlier plans, and what became of it."""
    if not earlier:
        return Remarks(
            (f"There is no earlier report of this business than the one of {formats.month(month)}.",)
        )
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


_OTHERS = {
    "keep": ("who asked", "were customers 90 days later"),
    "win_back": ("who had left", "were customers again within 90 days"),
}


def _became(row: Any) -> str:
    """
    >>> from types import SimpleNamespace as Row
    >>> _became(Row(month="2026-10", action="at_risk", planned=9, done=6, reached=2, still_customers=5,
    ...             left=1, expected_left=1.31, expected_low=0, expected_high=3, usual=None))[-52:]
    '1 asked or left, 1.3 (0–3) were expected without it.'
    """
    expected = (
        ""
        if formats.is_missing(row.expected_left)
        else f"; {formats.count(row.left)} asked or left, "
        f"{formats.number(row.expected_left, 1)} "
        f"({formats.count(row.expected_low)}–{formats.count(row.expected_high)}) were expected without it"
    )
    here = "customers again" if row.action == "win_back" else "still here"
    return (
        f"{formats.month(row.month)}, {_called(row.action)}: {formats.count(row.done)} of "
        f"{formats.count(row.planned)} done, {formats.count(row.reached)} reached, "
        f"{formats.count(row.still_customers)} {here}{expected}{_without(row)}."
    )


def _without(row: Any) -> str:
    """What became of others without the touch, where no risk says what was to be expected.

    >>> from types import SimpleNamespace as Row
    >>> _without(Row(action="win_back", usual=10, usual_of=192))
    '; of 192 who had left 10 were customers again within 90 days without it'
    """
    if formats.is_missing(row.usual):
        return ""
    whom, became = _OTHERS[row.action]
    return f"; of {formats.count(row.usual_of)} {whom} {formats.count(row.usual)} {became} without it"


def _called(action: str) -> str:
    """What a touch was about; an older report may know one that this suite does not."""
    return ACTIONS[action].about if action in ACTIONS else formats.words(action).lower()


def of_others(earlier: Mapping[str, Any]) -> str:
    """Whose the reports beside this one are that bear another name, and the line that would claim them."""
    if not isinstance(earlier, Earlier):
        return ""
    said = ""
    if earlier.of_before:
        many = formats.plural(earlier.of_before, "of them bears", "of them bear")
        said = f" {many} no name, or that of a data folder, and counts as one of this business."
    if earlier.others:
        names = listed([f"“{name}” ({formats.count(many)})" for name, many in sorted(earlier.others.items())])
        line = f"business: {as_written(max(earlier.others, key=lambda name: (earlier.others[name], name)))}"
        said += (
            f" In the folder of reports stand others, of {names}, which are left alone. If they are of this "
            f"business, write {line} in {SETTINGS_FILE}."
        )
    return said


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


def exchange(rows: pd.DataFrame, currency: str) -> Sentence | None:
    """What other exchange rates alone make of earlier months; None where the rates are the same."""
    if rows.empty:
        return None
    last = rows.iloc[-1]
    return Sentence(
        f"With other exchange rates ({last['rates']}) the MRR at the end of {formats.month(last['month'])} "
        f"is {formats.money(last['mrr_now'], currency)} in this report, and "
        f"{formats.money(last['mrr_then'], currency)} at the rates of then. "
        f"{formats.plural(len(rows), 'earlier report')} had other rates; that is no restatement."
    )


became_of_actions = Measure(
    earlier_months.became_of, "The last plans", sentence=became_of, findings="became_of_actions"
)
restated_numbers = Measure(
    earlier_months.restated,
    "Numbers that earlier reports gave otherwise",
    sentence=lambda rows, earlier: Sentence(
        restated(rows, earlier_months.compared(earlier)).text + of_others(earlier)
    ),
    findings="restated",
)


def was_right(rows: pd.DataFrame) -> Sentence:
    """How many of the ranges that earlier reports gave held, and what did not."""
    if rows.empty:
        return Sentence("No earlier report expected anything that can be known by now.")
    ranges = rows[rows["is_range"].astype(bool)]
    held = int(ranges["held"].astype(bool).sum())
    said = [f"{formats.count(held)} of {formats.plural(len(ranges), 'range')} held."] if len(ranges) else []
    turned = rows[~rows["is_range"].astype(bool) & ~rows["held"].astype(bool)]
    said += [f"{formats.month(row.month)} called {row.what} {row.expected}: today it is {row.came}."
             for row in turned.itertuples()]  # fmt: skip
    return Sentence(" ".join(said) or "What earlier reports concluded still stands.")


in_hindsight = Measure(
    hindsight.hindsight,
    "What earlier reports expected, misses first",
    sentence=was_right,
    findings="hindsight",
)

exchange_of_earlier = Measure(
    earlier_months.exchange,
    "What only the exchange rates changed",
    sentence=exchange,
    findings="exchange",
)

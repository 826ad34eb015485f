"""The sentences of the review about earlier reports."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from retention_helpers.monthly_review import earlier as earlier_months
from retention_helpers.monthly_review.actions import actions
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence
from retention_helpers.words import formats

__all__ = ["became_of_actions", "due_actions", "exchange_of_earlier", "restated_numbers"]

_BECAME = {
    "interviews": "back as customers at the end of this month",
    "ask_why": "back as customers at the end of this month",
    "recover_payments": "still customers at the end of this month",
}


def became_of(rows: pd.DataFrame, earlier: Mapping[str, Any], month: str) -> Sentence:
    """What happened to the customers of last month's actions."""
    if not earlier:
        return Sentence(f"There is no earlier report than the one of {formats.month(month)}.")
    if rows.empty:
        return Sentence("The report of the month before has no list of customers to follow up.")
    said = [
        f"“{row.what}”: {formats.count(row.still_customers)} of {formats.plural(row.customers, 'customer')} "
        f"{_BECAME.get(row.id, 'customers at the end of this month')}"
        for row in rows.itertuples()
    ]
    return Sentence(f"{'; '.join(said)}. How many of them without the action, only an experiment tells.")


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


due_actions = Measure(actions, "Actions", findings="actions")
became_of_actions = Measure(
    earlier_months.became_of, "Last month's actions", sentence=became_of, findings="became_of_actions"
)
restated_numbers = Measure(
    earlier_months.restated,
    "Numbers that earlier reports gave otherwise",
    sentence=lambda rows, earlier: restated(rows, earlier_months.compared(earlier)),
    findings="restated",
)
exchange_of_earlier = Measure(
    earlier_months.exchange,
    "What only the exchange rates changed",
    sentence=exchange,
    findings="exchange",
)

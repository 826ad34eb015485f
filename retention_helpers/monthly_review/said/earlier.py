"""The sentences of the review about earlier reports."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.yaml_files import as_written
from retention_helpers.monthly_review import earlier as earlier_months
from retention_helpers.monthly_review.actions import actions
from retention_helpers.monthly_review.earlier import Earlier
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.words import formats

_BECAME = {
    "interviews": "back as customers at the end of this month",
    "ask_why": "back as customers at the end of this month",
    "recover_payments": "still customers at the end of this month",
}


def became_of(rows: pd.DataFrame, earlier: Mapping[str, Any], month: str) -> Sentence:
    """What happened to the customers of last month's actions."""
    if not earlier:
        return Sentence(
            f"There is no earlier report of this business than the one of {formats.month(month)}."
        )
    if rows.empty:
        return Sentence("The report of the month before has no list of customers to follow up.")
    said = [
        f"“{row.what}”: {formats.count(row.still_customers)} of {formats.plural(row.customers, 'customer')} "
        f"{_BECAME.get(row.id, 'customers at the end of this month')}"
        for row in rows.itertuples()
    ]
    return Sentence(f"{'; '.join(said)}. How many of them without the action, only an experiment tells.")


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


due_actions = Measure(actions, "Actions", findings="actions")
became_of_actions = Measure(
    earlier_months.became_of, "Last month's actions", sentence=became_of, findings="became_of_actions"
)
restated_numbers = Measure(
    earlier_months.restated,
    "Numbers that earlier reports gave otherwise",
    sentence=lambda rows, earlier: Sentence(
        restated(rows, earlier_months.compared(earlier)).text + of_others(earlier)
    ),
    findings="restated",
)

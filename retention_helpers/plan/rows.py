"""The plan's rows as the running list has them: with whom, what to say, and how to reach them."""

import json
from pathlib import Path

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.people import addressed, people
from retention_helpers.gate.lots import as_record
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.plan.gathering import Month
from retention_helpers.words import formats
from retention_helpers.words.safe import exact_cell

FILE, FOR_LISTS, LOTS = "plan.json", "for_lists.json", "lots.json"
COLUMNS = (
    "customer_id", "kind", "action", "due_on", "mrr", "currency", "why", "message", "email", "phone",
    "leaves_on",
)  # fmt: skip


def rows(business: Business, found: pd.DataFrame) -> pd.DataFrame:
    """One row per touch, in their order, with the message in the customer's own name where it is known.

    Takes the touches as they were decided. Columns: customer_id, kind (the action's key), action (in words),
    due_on, mrr, currency, why, message, email, phone, leaves_on. Names and addresses come from the personal
    columns of customers.
    """
    known = people(business, found["customer_id"])
    names = found["customer_id"].map(known["name"]).fillna("")
    return pd.DataFrame(
        {
            "customer_id": found["customer_id"],
            "kind": found["action"],
            "action": [
                ACTIONS[key].called(way) for key, way in zip(found["action"], found["way"], strict=True)
            ],
            "due_on": found["due_on"],
            "mrr": found["mrr"],
            "currency": business.currency,
            "why": found["why"],
            "message": [addressed(one, name) for one, name in zip(found["message"], names, strict=True)],
            "email": found["customer_id"].map(known["email"]),
            "phone": found["customer_id"].map(known["phone"]),
            "leaves_on": found["leaves_on"],
        },
        columns=COLUMNS,
    )


def cells(found: pd.DataFrame) -> list[dict[str, str]]:
    """The rows as the running list keeps them: exact texts, without the empty ones."""
    return [
        {name: exact_cell(value) for name, value in row.items() if not formats.is_missing(value)}
        for row in found.to_dict(orient="records")
    ]


def hand_on_plan(findings_to: str, business: Business, month: Month) -> None:
    """Leave the rows beside the notebook's findings, for the report to put into the running list.

    Beside them what the lists of the days go by, and what a lot drew. Nothing is written outside a report.
    """
    if not findings_to:
        return
    text = json.dumps(cells(rows(business, month.decided.touches)), ensure_ascii=False, indent=1)
    target = Path(findings_to).with_name(FILE)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    target.with_name(FOR_LISTS).write_text(json.dumps(month.for_lists), encoding="utf-8")
    if month.margin.arms:
        drawn = as_record(month.margin.lots(business.identity.mark))
        target.with_name(LOTS).write_text(drawn, encoding="utf-8")

"""The plan's rows as the running list has them: with whom, what to say, and how to reach them."""

import json
from pathlib import Path

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.contract.attributes import plain
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.plan.gathering import Month
from retention_helpers.words import formats
from retention_helpers.words.safe import exact_cell

FILE = "plan.json"
GREETING = "Hello,"
NAMES = ("first_name", "firstname", "name", "full_name")  # columns that hold what to call a customer
EMAILS = ("email", "e_mail", "mail", "email_address")
PHONES = ("phone", "telephone", "mobile", "phone_number", "telefon")
COLUMNS = (
    "customer_id", "kind", "action", "due_on", "mrr", "currency", "why", "message", "email", "phone",
    "leaves_on",
)  # fmt: skip


def rows(business: Business, month: Month) -> pd.DataFrame:
    """One row per touch, in the plan's order, with the message in the customer's own name where it is known.

    Columns: customer_id, kind (the action's key), action (in words), due_on, mrr, currency, why, message,
    email, phone, leaves_on. Names and addresses come from the personal columns of customers.
    """
    found = month.decided.touches
    people = _people(business, found["customer_id"])
    names = found["customer_id"].map(people["name"]).fillna("")
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
            "email": found["customer_id"].map(people["email"]),
            "phone": found["customer_id"].map(people["phone"]),
            "leaves_on": found["leaves_on"],
        },
        columns=COLUMNS,
    )


def addressed(message: str, name: str) -> str:
    """A message in somebody's own name.

    >>> addressed("Hello, may I ask?", "Ada"), addressed("Hello, may I ask?", "")
    ('Hello Ada, may I ask?', 'Hello, may I ask?')
    """
    return message.replace(GREETING, f"Hello {name},", 1) if name else message


def _people(business: Business, who: pd.Series) -> pd.DataFrame:
    """Name, e-mail and phone of these customers, null where they are not known."""
    known = {plain(column): column for column in business.attributes.personal}
    wanted = {
        role: next((known[name] for name in names if name in known), None)
        for role, names in {"name": NAMES, "email": EMAILS, "phone": PHONES}.items()
    }
    customers = business.table("customers")
    own = customers.filter(customers.customer_id.isin(list(who) or [""]))
    found = own.execute().drop_duplicates("customer_id").set_index("customer_id")
    return pd.DataFrame(
        {
            role: found[column].astype("object")
            if column
            else pd.Series(None, index=found.index, dtype="object")
            for role, column in wanted.items()
        }
    )


def hand_on_plan(findings_to: str, business: Business, month: Month) -> None:
    """Leave the rows beside the notebook's findings, for the report to put into the running list.

    Nothing is written outside a report.
    """
    if not findings_to:
        return
    written = [
        {name: exact_cell(value) for name, value in row.items() if not formats.is_missing(value)}
        for row in rows(business, month).to_dict(orient="records")
    ]
    text = json.dumps(written, ensure_ascii=False, indent=1)
    Path(findings_to).with_name(FILE).write_text(text, encoding="utf-8")

"""What to do this month: a row an action, with the customers it is for."""

import datetime as dt

import pandas as pd

from retention_helpers.business import Business

DUE_DAYS = 7
ACTION_COLUMNS = ("id", "what", "why", "notebook", "finding", "customers", "mrr", "due_on")


def actions(business: Business, *, past_due: pd.DataFrame, unexplained: pd.DataFrame) -> pd.DataFrame:
    """One row per thing to do this month, the largest MRR first.

    Columns: id (the same in every report), what, why, notebook, finding (the key in findings.json that
    gave rise to it), customers, mrr, due_on. A list of the customers stands in actions/ID.csv.
    """
    due = business.as_of + dt.timedelta(days=DUE_DAYS)
    found = [
        (
            "recover_payments",
            "Write to every customer whose payment is past due",
            "a failed payment is no decision to leave, and most can be mended",
            "measurement",
            "actions",
            past_due,
        ),
        (
            "ask_why",
            "Ask the customers who left without a reason why they did",
            "without an answer their loss teaches nothing",
            "measurement",
            "measurement.left",
            unexplained,
        ),
    ]
    rows = [
        (key, what, why, notebook, finding, len(people), sum(people["mrr"]), due)
        for key, what, why, notebook, finding, people in found
        if len(people)
    ]
    frame = pd.DataFrame(rows, columns=list(ACTION_COLUMNS))
    return frame.sort_values(["mrr", "id"], ascending=[False, True], ignore_index=True)


def shown_actions(todo: pd.DataFrame) -> pd.DataFrame:
    """The actions as the page shows them: what, why, customers, mrr, due_on, list (its file)."""
    shown = todo.assign(list="actions/" + todo["id"] + ".csv")
    return shown[["what", "why", "customers", "mrr", "due_on", "list"]]


def unexplained(lost: pd.DataFrame) -> pd.DataFrame:
    """The customers lost in the month who decided to leave, or may have, and gave no reason."""
    silent = lost["reason"].isna() & (lost["kind"] != "involuntary")
    return lost[silent].reset_index(drop=True)

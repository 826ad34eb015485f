"""What to do this month: a row an action, with the customers it is for."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.churned_vs_retained.valuation import Proposal
from retention_helpers.shown.results import of_values
from retention_helpers.shown.units import COUNT, DAY, MONEY, TEXT, columns, names_of

DUE_DAYS = 7


@dataclass(frozen=True)
class Action:
    """One thing to do, and for whom.

    Attributes:
        id: the same in every report; its list is actions/ID.csv.
        what: an order, in a few words.
        why: the reason, in a few words.
        notebook: where it comes from.
        finding: the key in findings.json that gave rise to it.
        people: a row a customer, with customer_id and mrr.
    """

    id: str
    what: str
    why: str
    notebook: str
    finding: str
    people: pd.DataFrame


def recover_payments(people: pd.DataFrame) -> Action:
    """Those whose payment is past due at the month's end."""
    return Action(
        id="recover_payments",
        what="Write to every customer whose payment is past due",
        why="a failed payment is no decision to leave, and most can be mended",
        notebook="measurement",
        finding="actions",
        people=people,
    )


def ask_why(people: pd.DataFrame) -> Action:
    """Those who left and said nothing."""
    return Action(
        id="ask_why",
        what="Ask the customers who left without a reason why they did",
        why="without an answer their loss teaches nothing",
        notebook="measurement",
        finding="measurement.left",
        people=people,
    )


@of_values
def speak_to_those_at_risk(people: pd.DataFrame) -> Action:
    """Those at risk who have not asked to cancel."""
    return Action(
        id="at_risk",
        what="Speak to the customers at risk, in the order of the list",
        why="a warning that deserves belief is on, and they have not decided yet",
        notebook="early_warning",
        finding="at_risk",
        people=people,
    )


def speak_to_those_leaving(asked: pd.DataFrame) -> Action:
    """Those whose cancellation is scheduled and who are still here."""
    return Action(
        id="scheduled",
        what="Ask those who have asked to cancel what would change their mind",
        why="they stay until the paid period ends, and some can still be kept",
        notebook="early_warning",
        finding="scheduled",
        people=asked,
    )


def begin_experiment(people: pd.DataFrame, proposed: Proposal | None) -> Action:
    """The newcomers with whom the proposed experiment could begin; nobody without a proposal."""
    label, better = (proposed.label, proposed.better) if proposed else ("", "")
    return Action(
        id="begin_experiment",
        what=f"Plan an experiment on “{label}”, unless one runs: the list says whom the lot helps first",
        why=f"customers with “{better}” left less often; only an experiment tells whether that keeps them",
        notebook="churned_vs_retained",
        finding="comparison.experiment",
        people=people,
    )


def interview(people: pd.DataFrame) -> Action:
    """Those who left lately with a high MRR, and were not interviewed yet."""
    return Action(
        id="interviews",
        what="Call the larger customers who left: ten minutes, no pitch, the message is in the list",
        why="a talk tells what an answer on a form cannot",
        notebook="churn_reasons",
        finding="reasons.interviews",
        people=people,
    )


@columns(
    id=TEXT.within(pattern="^[a-z_]+$")(is_shown=False),
    what=TEXT,
    why=TEXT,
    notebook=TEXT(is_shown=False),
    finding=TEXT(is_shown=False),
    customers=COUNT,
    mrr=MONEY.or_null,
    due_on=DAY.or_null,
    list=TEXT(is_recorded=False),
)
def actions(business: Business, found: Sequence[Action]) -> pd.DataFrame:
    """One row per thing to do this month, the largest MRR first; an action for nobody is left out.

    `list` is the file with its customers.
    """
    due = business.as_of + dt.timedelta(days=DUE_DAYS)
    rows = [
        (one.id, one.what, one.why, one.notebook, one.finding, len(one.people), sum(one.people["mrr"]), due)
        for one in found
        if len(one.people)
    ]
    frame = pd.DataFrame(rows, columns=names_of(actions)[:-1])
    frame = frame.assign(list="actions/" + frame["id"].astype("str") + ".csv")
    return frame.sort_values(["mrr", "id"], ascending=[False, True], ignore_index=True)


@of_values
def unexplained(lost: pd.DataFrame) -> pd.DataFrame:
    """The customers lost in the month who decided to leave, or may have, and gave no reason."""
    silent = lost["reason"].isna() & (lost["kind"] != "involuntary")
    return lost[silent].reset_index(drop=True)

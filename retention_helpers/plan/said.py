"""What is said of the plan: whom the month reaches, and who was left out."""

import pandas as pd

from retention_helpers.plan import kinds
from retention_helpers.plan.actions import ACTIONS, EXPERIMENT
from retention_helpers.plan.deciding import CAUSES
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Remarks, Sentence, listed
from retention_helpers.words import formats

__all__ = ["actions", "held", "touches"]

MOST_LINES = 6


def in_one_sentence(rows: pd.DataFrame, calls_a_month: int) -> Sentence:
    """How many touches the month has, how many of them are calls, and until when."""
    own = rows[rows["action"] != EXPERIMENT]
    orders = len(rows) - len(own)
    about = (
        f" {formats.plural(orders, 'experiment')} {'waits' if orders == 1 else 'wait'} for a decision."
        if orders
        else ""
    )
    if own.empty:
        return Sentence(f"Nobody has to be called or written to this month.{about}")
    calls = int((own["way"] == "call").sum())
    people, letters = formats.plural(len(own), "customer"), formats.plural(len(own) - calls, "letter")
    first, last = formats.day(own["due_on"].min()), formats.day(own["due_on"].max())
    when = f"on {first}" if first == last else f"from {first} to {last}"
    return Sentence(
        f"The plan has one touch each for {people}, {when}: {formats.plural(calls, 'call')} "
        f"(calls_a_month: {formats.count(calls_a_month)}) and {letters}.{about}"
    )


def left_out(rows: pd.DataFrame, touches: pd.DataFrame) -> Remarks:
    """Of every action, for how many it was proposed, how many get it, and why the others do not."""
    if rows.empty:
        return Remarks(("Nobody was left out.",))
    said = []
    for action, own in rows.groupby("action", sort=False):
        reached = int((touches["action"] == action).sum())
        causes = [f"{formats.count(row.customers)} {CAUSES[row.cause]}" for row in own.itertuples()]
        of = formats.plural(reached + int(own["customers"].sum()), "customer")
        about = ACTIONS[str(action)].about
        said.append(
            f"{about[:1].upper()}{about[1:]}, {of}: {formats.count(reached)} in the plan; {listed(causes)}."
        )
    return Remarks(tuple(said[:MOST_LINES]))


touches = Measure(
    kinds.touches,
    "The plan of the month",
    sentence=in_one_sentence,
    findings="plan",
    note="A touch a customer, the most urgent first; an order about an experiment has no customer.",
)
held = Measure(
    kinds.held,
    "Left out of the plan",
    sentence=left_out,
    findings="plan_left_out",
    note="Customers for whom something was proposed and who do not get it, by action and cause: "
    + "; ".join(f"{key} = {words}" for key, words in CAUSES.items())
    + ".",
)
actions = Measure(kinds.actions, "Actions", findings="actions")

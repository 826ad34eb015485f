"""What is said of the plan: whom the month reaches, and who was left out."""

from typing import Any

import pandas as pd

from retention_helpers.plan import kinds
from retention_helpers.plan.actions import ACTIONS, EXPERIMENT
from retention_helpers.plan.deciding import CAUSES
from retention_helpers.shown.proposals import LETTER
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Remarks, Sentence, listed
from retention_helpers.words import formats

__all__ = ["actions", "by_lot", "held", "touches"]

MOST_LINES = 6
_INSTEAD = {
    "drawn": "because an experiment tries calls with them",
    "no_call": "because no call was left",
}


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
        f"(calls_a_month: {formats.count(calls_a_month)}) and {letters}.{_why_letters(own)}{about}"
    )


def _why_letters(own: pd.DataFrame) -> str:
    """Why those who were due for a call, or asked to cancel, get a letter."""
    many = own["instead"].value_counts()
    said = [f"{formats.count(many[cause])} {why}" for cause, why in _INSTEAD.items() if cause in many]
    in_place = f" Letters in place of a call: {listed(said)}." if said else ""
    small = int(((own["action"] == "keep") & (own["way"] == LETTER) & own["instead"].isna()).sum())
    below = "Requests to cancel of less than `high_value_mrr` get a letter"
    return in_place + (f" {below}: {formats.count(small)}." if small else "")


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


def what_a_call_saves(rows: pd.DataFrame) -> Remarks:
    """Which places a lot gave and until when, and what is known so far; or why none is drawn."""
    row = rows.iloc[0]
    said = [_drawn(row)]
    if row.treated and not formats.is_missing(row.effect):
        said.append(_so_far(row))
    return Remarks(tuple(said))


def _drawn(row: Any) -> str:
    due = f"{formats.plural(row.due, 'customer')} at risk {'is' if row.due == 1 else 'are'} due for a call"
    effect = f"a gain of {formats.percent(row.smallest_effect, 0)} of them"
    if row.way == "by lot":
        half = formats.count(row.drawn // 2)
        return (
            f"{due}, {formats.count(row.called)} can be called. At the margin a lot gave {half} of "
            f"{formats.count(row.drawn)} the call; the others get nothing of it until "
            f"{formats.day(row.until)}. {effect[:1].upper()}{effect[1:]} who stay beside the "
            f"{formats.percent(row.baseline, 0)} that would anyway is found with a chance of "
            f"{formats.percent(row.power, 0)}, with {formats.count(row.needed)} customers an arm: "
            f"{formats.months(row.months)} from now at this pace."
        )
    return {
        "told": "What a call saves at the margin has its answer, so nobody is drawn any more.",
        "too slow": f"{due}, {formats.count(row.called)} can be called. {_too_slow(row, effect)}",
        "everybody is called": f"{due}, and all are called: nothing can be learned of what a call saves. "
        "With `calls_by_lot: 0.2` in retention.yml a lot would give the last places of the list.",
        "nobody is called": "Nobody at risk is called this month, so no lot can tell what a call saves.",
        "off": "Calls are not drawn by lot (`calls_by_lot: off`): what they save is not known.",
    }[row.way]


def _too_slow(row: Any, effect: str) -> str:
    wait = "never" if formats.is_missing(row.months) else f"after {formats.months(row.months)}"
    return (
        f"A lot at the margin of the list would tell {effect} {wait} at this pace; as that is more than "
        "three years, nothing is drawn, and what a call saves is not known."
    )


def _so_far(row: Any) -> str:
    effect = formats.difference(row.effect, row.effect_low, row.effect_high)
    return (
        f"Of those at the margin whose day has come, {formats.count(row.treated)} were called and "
        f"{formats.count(row.control)} were not: {effect} stayed ({row.verdict}). That is said of the margin "
        "and against what the others got, and is no sum over all calls."
    )


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
by_lot = Measure(
    kinds.by_lot,
    "What a call saves",
    sentence=what_a_call_saves,
    findings="calls_by_lot",
    note="One row: the places at the margin of the calls to customers at risk, drawn by lot.",
)

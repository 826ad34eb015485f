"""The first screen of the comparison: what was different before they left, and what to try."""

from math import ceil
from typing import Any

import pandas as pd

from retention_helpers.churned_vs_retained.adjusted import common_causes, leading
from retention_helpers.churned_vs_retained.known import SIGNED_UP_IN
from retention_helpers.churned_vs_retained.univariate import NOT_SEEN, TOO_FEW
from retention_helpers.churned_vs_retained.valuation import Proposal
from retention_helpers.monthly_review.said.answers import Answer, Answers, Verdict
from retention_helpers.shown.results import of_values
from retention_helpers.words import formats

__all__ = ["difference_answer", "what_was_different"]

MOST_CONFIRMED, MOST_SHADOWS = 5, 2
HEADS = ("Before they left", "Left", "Difference, 95 %", "Verdict", "To try")

_TO_TRY = {
    "onboarding_completed": "Help every second newcomer to finish it in the first week, and compare.",
    "onboarding_steps_skipped": "Leave every second newcomer only the steps that count, and compare.",
    "first_week_days_of_use": "Give newcomers a reason to come back within the first week.",
    "days_to_first_use": "Make the first use part of signing up.",
    "first_week_kinds": "Show newcomers one more thing to do in the first week.",
    "later_days_of_use": "Write in weeks two to four to those who use it rarely: what keeps them away?",
    "later_kinds": "Show what else can be done to those who do one thing only.",
    "use_trend": "Ask those whose use fades what has changed.",
    "tickets": "Read these tickets: what do they ask for?",
    "negative_ticket": "Answer unhappy tickets first, and ask a week later.",
    "mails_opened": "A sign of interest rather than a lever: call those who open none.",
    "failed_payment": "Mend failed payments at once: a new card, another day.",
    "trial_first": "Look at what happens at the end of the trial.",
    "plan": "Ask customers of that plan what they miss.",
    "interval": "Look at the first renewal: what is said before it?",
    "mrr": "Ask those who pay as much what they expected for it.",
    "discounted": "Look at what happens when the discount ends.",
    SIGNED_UP_IN: "Nothing to try: find out what was different at that time.",
}


def to_try(row: Any) -> str:
    """What an owner may try about a confirmed driver; by its name, else by when it is known."""
    if row.name in _TO_TRY:
        return _TO_TRY[row.name]
    if row.tier == "first week":
        return "Lead every second newcomer to it in the first week, and compare."
    if row.tier == "later":
        return "Find out what brings customers to it, and try that with every second one."
    return f"Speak with those of “{row.level}”: what did they expect, and what did they meet?"


def _others(row: Any) -> str:
    """The other side of a driver, with its customers."""
    return (
        f"{formats.count(row.rest_customers)} {'others' if row.kind == 'category' else f'with “{row.rest}”'}"
    )


def _answer(row: Any, verdict: Verdict, do_now: str) -> Answer:
    return Answer(
        f"{row.label[:1].upper()}{row.label[1:]}: {row.level}",
        formats.percent(row.level_risk),
        f"of {formats.count(row.level_customers)}; {formats.percent(row.rest_risk)} of the {_others(row)}",
        f"{formats.span(row.difference_low, row.difference_high)} points",
        (verdict,),
        do_now,
    )


@of_values
def difference_answer(together: pd.DataFrame, proposed: Proposal | None) -> Answer:
    """The review's line: the difference to begin with, how many others there are, and the experiment.

    The one that the proposed experiment is about; without a proposal the largest that is confirmed.
    """
    question = "What was different before they left?"
    confirmed = leading(together)
    if confirmed.empty:
        is_few = bool((together["verdict"] == TOO_FEW).all())
        basis = "too few left to say" if is_few else "nothing that was looked at is confirmed"
        verdict = Verdict(TOO_FEW if is_few else NOT_SEEN)
        do_now = "Wait for more customers; more tables may tell more."
        return Answer(question, formats.MISSING, basis, formats.MISSING, (verdict,), do_now)
    first = proposed.name if proposed else confirmed["name"].iloc[0]
    row = next(confirmed[confirmed["name"] == first].itertuples())
    others = len(confirmed) - 1
    more = (Verdict(f"{formats.plural(others, 'other')} confirmed"),) if others else ()
    size = (
        f" {formats.count(proposed.step_per_arm)} with the help and as many without will show whether it "
        f"works: {formats.plural(ceil(proposed.step_months), 'month')} at your pace."
        if proposed
        else ""
    )
    return Answer(
        question,
        formats.percent(row.level_risk),
        f"of the {formats.count(row.level_customers)} with “{row.level}” in {row.label} left; "
        f"{formats.percent(row.rest_risk)} of the {_others(row)}",
        f"{formats.span(row.difference_low, row.difference_high)} points apart",
        (Verdict("confirmed", "good"), *more),
        f"{to_try(row)}{size}",
    )


def what_was_different(together: pd.DataFrame, horizon_days: int) -> Answers:
    """A row a driver that is confirmed, the largest difference first, then the shadows of earlier ones."""
    label = dict(zip(together["name"], together["label"], strict=True))
    rows = []
    for row in leading(together).head(MOST_CONFIRMED).itertuples():
        through = f" It seems to work through {label[row.works_through[0]]}." if row.works_through else ""
        rows.append(_answer(row, Verdict("confirmed", "good"), f"{to_try(row)}{through}"))
    for row in common_causes(together).head(MOST_SHADOWS).itertuples():
        instead = f"Nothing about it by itself: look at {label[row.explained_by[0]]}."
        rows.append(_answer(row, Verdict("explained by others"), instead))
    if not rows:
        is_few = bool((together["verdict"] == TOO_FEW).all())
        verdict = Verdict(TOO_FEW if is_few else NOT_SEEN)
        do_now = "Wait for more customers; more tables may tell more."
        rows.append(Answer("Nothing is confirmed", formats.MISSING, "", formats.MISSING, (verdict,), do_now))
    return Answers(f"What was different before they left within {horizon_days} days", tuple(rows), HEADS)

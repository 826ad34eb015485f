"""The first screen of the comparison: what was different before they left, and what to try."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from retention_helpers.churned_vs_retained.adjusted import common_causes
from retention_helpers.churned_vs_retained.known import PROFILE_MISSING
from retention_helpers.churned_vs_retained.said.sentences import of_this_time
from retention_helpers.churned_vs_retained.said.tables import HOLDS_UP
from retention_helpers.churned_vs_retained.valuation import HARMS
from retention_helpers.monthly_review.said.answers import Answer, Answers, Verdict
from retention_helpers.shown.cards import Card, Fine
from retention_helpers.shown.results import of_values
from retention_helpers.shown.sentences import listed
from retention_helpers.words import formats

__all__ = [
    "difference_card",
    "what_was_different",
]

MOST_CONFIRMED, MOST_SHADOWS = 5, 2
NOTHING_HOLDS_UP = (
    "So there is nothing to try yet. More customers will tell more, and so will the tables that the page "
    "about data quality misses."
)
HEADS = ("Before they left", "Left", "How many more of a hundred, 95 %", "Verdict", "To try")

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
    PROFILE_MISSING.name: "Nothing to try by itself: ask some of them who they are, and why they came.",
}


def to_try(row: Any) -> str:
    """What an owner may try about a confirmed driver; by its name, else by when it is known.

    >>> from types import SimpleNamespace as Row
    >>> [to_try(Row(name="negative_ticket", level=level))[:20] for level in ("no", "yes")]
    ['Nothing by itself: a', 'Answer unhappy ticke']
    """
    if row.name in HARMS and row.level == "no":
        return "Nothing by itself: ask those who had one why they stay."
    if row.name in _TO_TRY:
        return _TO_TRY[row.name]
    if row.tier == "first week":
        return "Lead every second newcomer to it in the first week, and compare."
    if row.tier == "later":
        return "Find out what brings customers to it, and try that with every second one."
    return f"Speak with those of “{row.level}”: what did they expect, and what did they meet?"


def _after(tried: Sequence[str], row: Any) -> str:
    """What may be tried, after what is tried already; who asks or cannot pay is answered at once.

    >>> from types import SimpleNamespace as Row
    >>> _after(["onboarding_call"], Row(name="later_kinds", tier="later", level="1"))[:41]
    'Once “Onboarding call” is decided: show w'
    """
    order = to_try(row)
    if not tried or row.tier not in ("first week", "later") or row.name in (*HARMS, "tickets"):
        return order
    names = listed([f"“{formats.words(name)}”" for name in tried])
    return f"Once {names} {'is' if len(tried) == 1 else 'are'} decided: {order[:1].lower()}{order[1:]}"


def _others(row: Any) -> str:
    """The other side of a driver, with its customers."""
    return (
        f"{formats.count(row.rest_customers)} {'others' if row.kind == 'category' else f'with “{row.rest}”'}"
    )


def _answer(row: Any, verdict: Verdict, do_now: str) -> Answer:
    return Answer(
        _whom(row),
        formats.percent(row.level_risk),
        f"of {formats.count(row.level_customers)}; of the {_others(row)} {formats.percent(row.rest_risk)}",
        f"{formats.span(row.difference_low, row.difference_high)}",
        (verdict,),
        do_now,
    )


@of_values
def difference_card(together: pd.DataFrame) -> Card | None:
    """The largest difference that nothing known earlier explains; nothing where there is none."""
    confirmed = of_this_time(together)
    if confirmed.empty:
        return None
    words = f"{_both_sides(next(confirmed.itertuples()))} {_more(len(confirmed) - 1)}"
    return Card("What was different before they left", (Fine(words),), "churned_vs_retained")


def _both_sides(row: Any) -> str:
    """How many left on both sides of a difference.

    >>> from types import SimpleNamespace as Row
    >>> done = Row(label="onboarding completed in the first week", kind="yes or no", level="no", rest="yes",
    ...            level_risk=0.352, rest_risk=0.182, level_customers=290, rest_customers=291)
    >>> _both_sides(done)
    'Without “onboarding completed in the first week” 35 % of 290 left, with it 18 % of 291.'
    """
    left, others = (
        f"{formats.percent(share, 0)} of {formats.count(many)}"
        for share, many in ((row.level_risk, row.level_customers), (row.rest_risk, row.rest_customers))
    )
    if row.kind == "yes or no":
        here, there = ("With", "without") if row.level == "yes" else ("Without", "with")
        return f"{here} “{row.label}” {left} left, {there} it {others}."
    rest = "of all others" if row.kind == "category" else f"with “{row.rest}”"
    return f"{_capital(row.label)}: with “{row.level}” {left} left, {rest} {others}."


def _whom(row: Any) -> str:
    if row.kind == "yes or no":
        return f"{'With' if row.level == 'yes' else 'Without'} “{row.label}”"
    return f"{_capital(row.label)}: {row.level}"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _more(others: int) -> str:
    held = f"{formats.plural(others, 'other difference')} held up too; " if others else ""
    return f"{held}only an experiment tells why." if others else "Only an experiment tells why."


def what_was_different(together: pd.DataFrame, horizon_days: int, tried: Sequence[str]) -> Answers:
    """A row a driver that is confirmed, the largest difference first, then the shadows of earlier ones.

    The time of sign-up is none of them: nobody can act on it, and it is no finding of this month. What could
    be done with newcomers waits for the experiments that are `tried` with them.
    """
    label = dict(zip(together["name"], together["label"], strict=True))
    rows = []
    for row in of_this_time(together).head(MOST_CONFIRMED).itertuples():
        through = f" It seems to work through {label[row.works_through[0]]}." if row.works_through else ""
        rows.append(_answer(row, Verdict(HOLDS_UP), f"{_after(tried, row)}{through}"))
    for row in common_causes(together).head(MOST_SHADOWS).itertuples():
        instead = f"Nothing about it by itself: look at {label[row.explained_by[0]]}."
        rows.append(_answer(row, Verdict("explained by others"), instead))
    caption = f"What was different before they left within {horizon_days} days"
    return Answers(caption, tuple(rows), HEADS, NOTHING_HOLDS_UP)

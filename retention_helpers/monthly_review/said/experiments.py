"""Each experiment in one line: how it stands, and what to do now."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from retention_helpers.experiments import Plan, Reading, do_now, order_alone
from retention_helpers.experiments.said import wording
from retention_helpers.experiments.said.orders import is_decided, waiting
from retention_helpers.monthly_review.said.answers import Answer, Answers, Tone, Verdict
from retention_helpers.shown.results import of_values
from retention_helpers.words import formats

__all__ = [
    "experiment_answers",
]

COLUMNS = ("Experiment", "Difference", "Interval", "Verdict", "Do now")
NONE_YET = (
    "There is no experiment to read. It takes experiments.yml, which names each, and assignments.csv, which "
    "says who was drawn into which arm."
)
MOST_ROWS = 12
TOLD_APART = ("better", "worse")

_TONES: Mapping[str, Tone] = {"better": "good", "worse": "bad", "not interpretable": "bad"}
_WHY = {
    "outcome not told": "the data hold no row of its outcome",
    "broken split": "who is in which arm is not as planned",
    "not randomised": "who got it was not drawn by lot",
    "changed after results": "the plan was changed after results could be seen",
    "A/A test that differs": "both arms get the same, and differ",
}


def experiment_answers(reading: Reading, month: str) -> Answers:
    """The first screen of the experiments: a row a comparison, what can be decided first.

    Experiments that are over and decided are left to the history.
    """
    rows = _in_order(reading)
    is_open = [not (row.state == "over" and reading.plans[row.experiment].design.decision) for row in rows]
    shown = [row for row, keep in zip(rows, is_open, strict=True) if keep][:MOST_ROWS]
    caption = f"Experiments at the end of {formats.month(month)}"
    if len(shown) < sum(is_open):
        caption = f"{caption}, the first {formats.count(len(shown))} of {formats.count(sum(is_open))}"
    return Answers(caption, tuple(_answer(row, reading) for row in shown), COLUMNS, NONE_YET)


@of_values
def standing(reading: Reading) -> list[tuple[str, str]]:
    """The open experiments, what can be decided first: each with its verdict, if it has one, and the order.

    The first that waits for the owner stands in the plan with its order, so here it has its difference. The
    number of customers that are still needed stands on the page of the experiments.
    """
    ordered_above = {(row.experiment, row.arm) for row in waiting(reading)[:1]}
    found = []
    for row in _in_order(reading):
        if row.state != "over":
            plan = reading.plans[row.experiment]
            is_above = (row.experiment, row.arm) in ordered_above and row.verdict in TOLD_APART
            says = _difference if is_above else _ordered
            found.append((f"{plan.called(row.arm)}:", says(row, reading)))
    return found


def _ordered(row: Any, reading: Reading) -> str:
    word = "" if row.verdict == "cannot tell yet" else f"{row.verdict}. "
    return f"{word}{_told(row, reading, order_alone).removesuffix('.')}."


def _difference(row: Any, reading: Reading) -> str:
    plan = reading.plans[row.experiment]
    by = wording.with_span(plan, row.effect, row.effect_low, row.effect_high)
    return f"{row.verdict}, by {by} {wording.unit(plan)}, {plan.design.outcome.words}."


def _in_order(reading: Reading) -> list[Any]:
    """What can be decided first, then what is nearest to it; what is over comes last."""
    rank = {"running": 0, "planned": 2, "over": 3}
    return sorted(
        reading.comparisons.itertuples(),
        key=lambda row: (
            rank[row.state] + (row.state == "running" and not is_decided(row)),
            bool(row.reason),
            -row.collected,
        ),
    )


def _counts(row: Any) -> str:
    """
    >>> from types import SimpleNamespace as Row
    >>> _counts(Row(arm="call", treated_successes=95, treated_customers=98, control="control",
    ...             control_successes=105, control_customers=123))
    'call 95 of 98, control 105 of 123'
    """
    return (
        f"{row.arm} {formats.count(row.treated_successes)} of {formats.count(row.treated_customers)}, "
        f"{row.control} {formats.count(row.control_successes)} of {formats.count(row.control_customers)}"
    )


def _answer(row: Any, reading: Reading) -> Answer:
    plan = reading.plans[row.experiment]
    has_number = not formats.is_missing(row.effect)
    if has_number:
        basis = f"{plan.design.outcome.words}: {_counts(row)}"
    elif row.reason:
        basis = _WHY[row.reason]
    elif row.state == "planned":
        basis = f"begins on {formats.day(plan.design.started_on)}"
    elif _is_without_customers(row, reading):
        basis = f"nobody was assigned to it{_elsewhere(reading)}"
    else:
        basis = f"nobody has reached day {plan.design.outcome.days} in both arms"
    return Answer(
        reading.plans[row.experiment].called(row.arm),
        f"{wording.effect(plan, row.effect)} {wording.unit(plan)}" if has_number else "",
        basis,
        f"{wording.span(plan, row.effect_low, row.effect_high)} {wording.unit(plan)}" if has_number else "",
        (Verdict(row.verdict, _tone(row)),),
        _told(row, reading, do_now),
    )


def _told(row: Any, reading: Reading, ordered: Callable[[Any, Plan, pd.DataFrame], str]) -> str:
    """What is to be done, in the words of `do_now` or `order_alone`."""
    if _is_without_customers(row, reading):
        return _find_them(reading)
    guarded = reading.guardrails
    own = guarded[(guarded["experiment"] == row.experiment) & (guarded["arm"] == row.arm)]
    return ordered(row, reading.plans[row.experiment], own)


def _is_without_customers(row: Any, reading: Reading) -> bool:
    """Whether it has begun, and no row of the assignments names it."""
    arms = reading.arms[reading.arms["experiment"] == row.experiment]
    return row.state != "planned" and not row.reason and not arms["assigned"].any()


def _elsewhere(reading: Reading) -> str:
    """The rows whose experiment has no plan: perhaps the same one under another name."""
    if not reading.unplanned:
        return ""
    many = formats.plural(sum(reading.unplanned.values()), "row names", "rows name")
    return f", and {many} an experiment without a plan ({', '.join(reading.unplanned)})"


def _find_them(reading: Reading) -> str:
    if reading.unplanned:
        return "If they are the same, write one name in experiments.yml and in the assignments."
    return "Draw its first customers, or take it out: nobody has been drawn yet."


def _tone(row: Any) -> Tone:
    return "open" if row.reason == "not randomised" else _TONES.get(row.verdict, "open")

"""Each experiment in one line: how it stands, and what to do now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from retention_helpers.experiments import Plan, Reading
from retention_helpers.experiments.plan import TOO_LONG
from retention_helpers.monthly_review.said.answers import Answer, Answers, Tone, Verdict
from retention_helpers.shown.results import of_values
from retention_helpers.shown.sentences import listed
from retention_helpers.words import formats

__all__ = ["experiment_answers", "experiments_answer"]

COLUMNS = ("Experiment", "Difference", "Interval", "Verdict", "Do now")
MOST_ROWS = 12
MOST_NAMES = 2  # of the other experiments in the review's line

_TONES: Mapping[str, Tone] = {"better": "good", "worse": "bad", "not interpretable": "bad"}
_WHY = {
    "broken split": "the customers were not split as planned",
    "not randomised": "who got it was not drawn by lot",
    "changed after results": "the plan was changed after results could be seen",
    "A/A test that differs": "both arms get the same, and differ",
}
_MEND = {
    "broken split": "Do not use the difference. Mend how customers are drawn, and begin again.",
    "not randomised": "Take it as a hint at most. To know, draw by lot who of the next customers gets it.",
    "changed after results": "Put the plan back as it was, or begin again under a new name.",
    "A/A test that differs": "Find out what is wrong with drawing or counting before you trust any other.",
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
    return Answers(caption, tuple(_answer(row, reading) for row in shown), COLUMNS)


@of_values
def experiments_answer(reading: Reading) -> Answer:
    """The review's line: the running experiment that can be decided, or the one that is nearest to it."""
    question = "Which experiment works?"
    running = [row for row in _in_order(reading) if row.state == "running"]
    if not running:
        waiting = sum(plan.design.ended_on is None for plan in reading.plans.values())
        basis = "the next one has not begun" if waiting else "no experiment is running"
        do_now = "Nothing yet." if waiting else "To plan one: python -m retention_helpers plan"
        return Answer(question, formats.MISSING, basis, formats.MISSING, (), do_now)
    lead = running[0]
    own = _answer(lead, reading)
    names = [reading.plans[row.experiment].called(row.arm) for row in running]
    others = Counter(row.verdict for row in running[1:])
    chips = [Verdict(f"{formats.count(many)} other{'s' if many > 1 else ''}: {word}")
             for word, many in sorted(others.items())]  # fmt: skip
    is_read = not formats.is_missing(lead.effect)
    wide = "; the interval allows for looking every month"
    return Answer(
        question,
        own.number,
        f"points, {names[0]}: {_counts(lead)}{wide}" if is_read else f"{names[0]}: {own.basis}",
        own.interval,
        (Verdict(lead.verdict, _tone(lead)), *chips),
        " ".join([own.do_now, *_about_others(names[1:], running[1:])]),
    )


def _about_others(names: Sequence[str], rows: Sequence[Any]) -> list[str]:
    """What to do about the experiments besides the first."""
    groups: dict[str, list[str]] = {"{} can be decided too.": [], "Leave {} running.": [],
                                    "{} cannot be finished.": []}  # fmt: skip
    for name, row in zip(names, rows, strict=True):
        kind = 0 if row.stop else 1 if row.months_to_finish <= TOO_LONG else 2
        list(groups.values())[kind].append(name)
    return [
        text.format(listed(found) if len(found) <= MOST_NAMES else f"{formats.count(len(found))} others")
        for text, found in groups.items()
        if found
    ]


def _in_order(reading: Reading) -> list[Any]:
    """What can be decided first, then what is nearest to it; what is over comes last."""
    rank = {"running": 0, "planned": 2, "over": 3}
    return sorted(
        reading.comparisons.itertuples(),
        key=lambda row: (
            rank[row.state] + (row.state == "running" and not row.stop),
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
    guarded = reading.guardrails
    own = guarded[(guarded["experiment"] == row.experiment) & (guarded["arm"] == row.arm)]
    has_number = not formats.is_missing(row.effect)
    if has_number:
        basis = f"points: {_counts(row)}, {plan.design.outcome.words}"
    elif row.reason:
        basis = _WHY[row.reason]
    elif row.state == "planned":
        basis = f"begins on {formats.day(plan.design.started_on)}"
    else:
        basis = f"nobody has reached day {plan.design.outcome.days} in both arms"
    return Answer(
        reading.plans[row.experiment].called(row.arm),
        formats.points(row.effect),
        basis,
        formats.span(row.effect_low, row.effect_high),
        (Verdict(row.verdict, _tone(row)),),
        do_now(row, plan, own),
    )


def _tone(row: Any) -> Tone:
    return "open" if row.reason == "not randomised" else _TONES.get(row.verdict, "open")


def do_now(row: Any, plan: Plan, guarded: pd.DataFrame) -> str:
    """What to do about a comparison: an order in plain words."""
    order = _order(row, plan, guarded)
    return f"{order} Write down what you decide." if row.state == "over" and row.is_over else order


def _order(row: Any, plan: Plan, guarded: pd.DataFrame) -> str:
    if row.reason:
        return _MEND[row.reason]
    if row.state == "planned":
        return _before(plan)
    if plan.design.aa_test and row.stop:
        return "Nothing: both arms get the same, and do not differ, as it should be."
    if row.verdict == "better":
        return _roll_out(row, plan, guarded)
    if row.verdict == "worse":
        return "It did harm: do not bring it back." if row.state == "over" else "Stop it: it does harm."
    if row.verdict == "no large effect":
        ruled_out = f"a difference of {formats.size_of_points(row.smallest_effect)} or more is ruled out"
        order = "It is over" if row.state == "over" else "Stop"
        return f"{order}: {ruled_out}. Keep what costs less."
    return _undecided(row, plan)


def _before(plan: Plan) -> str:
    if plan.takes_too_long:
        return "Change it before it begins: it cannot be finished. See its plan below."
    return (
        f"Begin as planned: {formats.count(plan.size)} customers an arm, about {formats.months(plan.months)}."
    )


def _roll_out(row: Any, plan: Plan, guarded: pd.DataFrame) -> str:
    broken = guarded.loc[guarded["verdict"] == "beyond its margin", "outcome"].tolist()
    unsure = guarded.loc[guarded["verdict"] == "cannot tell yet", "outcome"].tolist()
    if broken:
        return (
            f"Do not give it to everybody yet: {formats.words(broken[0]).lower()} fell more than you allow."
        )
    watch = f" Keep an eye on {formats.words(unsure[0]).lower()}: it cannot be told yet." if unsure else ""
    if row.effect_high < row.smallest_effect:
        wanted = formats.size_of_points(row.smallest_effect)
        return (
            f"It helps, by less than the {wanted} you wanted: decide whether that is worth its cost.{watch}"
        )
    order = "It worked: give" if row.state == "over" else "Stop, and give"
    return f"{order} it to everybody.{watch}"


def _undecided(row: Any, plan: Plan) -> str:
    days = plan.design.outcome.days
    if row.is_over:
        order = "It is over" if row.state == "over" else "Stop: the planned size is reached"
        return f"{order}, and it stays undecided. Choose by cost and judgement."
    if row.state == "over":
        return f"Wait: in {formats.months(row.months_to_finish)} the last customers have reached day {days}."
    if plan.design.randomised and formats.is_missing(row.split):
        return "Draw its first customers, or take it out: nobody has been drawn yet."
    if not row.look:
        return "Leave it running, and change nothing."
    if formats.is_missing(row.months_to_finish) or row.months_to_finish > TOO_LONG:
        more = formats.months(row.months_to_finish)
        pace = "Nobody comes in any more" if more == formats.MISSING else f"At this pace it takes {more} more"
        return f"{pace}. Stop, and try something bolder."
    collected = formats.percent(row.collected, 0)
    more = formats.months(row.months_to_finish)
    return f"Leave it running, and change nothing: {collected} of what it needs is in, about {more} to go."

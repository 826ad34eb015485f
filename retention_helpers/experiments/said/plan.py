"""The sentences of the plans: what cannot be finished, what was changed, what an experiment needs."""

from collections.abc import Mapping, Sequence

import pandas as pd

from retention_helpers.experiments import planning
from retention_helpers.experiments.plan import TOO_LONG, UNKNOWN_BASELINE, Plan
from retention_helpers.experiments.planning import PROPOSED, Instead, Proposal
from retention_helpers.experiments.said import tables
from retention_helpers.experiments.said.record import PROPOSAL, proposal_record
from retention_helpers.experiments.said.wording import level, takes
from retention_helpers.experiments.units import NEVER
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Remarks, Sentence, listed
from retention_helpers.statistics.power import other_rate
from retention_helpers.words import formats

__all__ = ["gains", "planned", "proposal"]

MOST_REMARKS = 12
MOST_NAMES = 4  # in one sentence
CHANGED = {
    "started_on": "the start",
    "randomised": "whether it is drawn by lot",
    "arms": "the arms",
    "outcome": "the outcome",
    "eligible": "who takes part",
    "smallest_effect": "the smallest effect",
    "baseline": "the baseline",
    "size": "the size",
    "guardrails": "the guardrails",
    "adjust": "what is adjusted for",
    "ended_on": "the end",
}


def about_plans(shown: pd.DataFrame, plans: Mapping[str, Plan], instead: Mapping[str, Instead]) -> Remarks:
    """What is wrong with the plans of the experiments that are not over, and what was changed in them."""
    if shown.empty:
        return Remarks(("No experiment is running or waiting.",))
    waiting = {name: plans[name] for name in shown["experiment"]}
    said = [remark for name, plan in waiting.items() for remark in _about_plan(plan, instead.get(name))]
    more = len(said) - MOST_REMARKS
    if more > 0:
        said = [*said[:MOST_REMARKS], f"{formats.plural(more, 'more remark')} about the plans above."]
    drawn = {name: plan for name, plan in waiting.items() if plan.design.randomised}
    said += _after_results([name for name, plan in drawn.items() if not plan.before_results])
    guessed = {name: plan for name, plan in waiting.items() if plan.baseline_from == "assumed"}
    said += _assumed([name for name, plan in guessed.items() if not plan.design.outcome.is_amount])
    said += [_assumed_spread(plan) for plan in guessed.values() if plan.design.outcome.is_amount]
    return Remarks(tuple(said) or ("Each of them can be finished as planned.",))


def _named(names: Sequence[str]) -> str:
    """The first few of them, and how many others there are."""
    told = [formats.words(name) for name in names[:MOST_NAMES]]
    more = len(names) - MOST_NAMES
    return listed([*told, formats.plural(more, "other")] if more > 0 else told)


def _after_results(names: Sequence[str]) -> list[str]:
    """Whose plan no report had seen by its first look."""
    if not names:
        return []
    return [
        f"{_named(names)} {'was' if len(names) == 1 else 'were'} first reported when results were there, so "
        "nobody can tell how the plan was chosen: the verdict is by a line that holds at any look, which "
        "asks for more."
    ]


def _assumed(names: Sequence[str]) -> list[str]:
    """Whose baseline is a guess."""
    if not names:
        return []
    return [
        f"{_named(names)} {'names' if len(names) == 1 else 'name'} no baseline, and there is no past to take "
        f"one from: {formats.percent(UNKNOWN_BASELINE, 0)} is assumed, which is the most cautious."
    ]


def _assumed_spread(plan: Plan) -> str:
    return (
        f"{formats.words(plan.name)}: there is no past to tell how much amounts vary; "
        f"{level(plan, plan.spread)} is assumed, five times the smallest effect."
    )


def _about_plan(plan: Plan, instead: Instead | None) -> list[str]:
    name = formats.words(plan.name)
    said = []
    if not plan.design.randomised:
        return [f"{name} is {_not_drawn()}"]
    if instead:
        said.append(f"{name} needs {_length(plan, 'customer')} {cannot_finish(plan, instead)}")
    if no_room := _no_room(plan):
        said.append(f"{name}: {no_room}")
    if plan.asks_too_early:
        said.append(f"{name}: {_too_early(plan)}")
    since = f"since the report of {formats.month(plan.frozen_in)}"
    said += [
        f"{name}: you changed {CHANGED[change.what]} {since}, from “{change.then}” to “{change.now}”. "
        f"{_consequence(change.what, change.is_serious)}"
        for change in plan.changes
    ]
    return said


def _not_drawn() -> str:
    return "not drawn by lot: no number of customers makes its difference an effect."


def _no_room(plan: Plan) -> str:
    """That the baseline leaves no room for the gain that is hoped for; "" where it does."""
    if plan.design.outcome.is_amount or plan.baseline + plan.smallest_effect < 1:
        return ""
    return (
        f"Above {formats.percent(plan.baseline, 0)} there is no room for a gain of "
        f"{plan.worth(plan.smallest_effect)}, so it could only tell such a loss."
    )


def _too_early(plan: Plan) -> str:
    return (
        f"On day {plan.design.outcome.days} a monthly plan has not been renewed yet, so whoever cancelled at "
        "once is still there: ask for not_cancelled, or for day 35."
    )


def _consequence(what: str, is_serious: bool) -> str:
    if is_serious:
        return "Results could be seen by then, and a difference that is looked for afterwards proves nothing."
    if what == "ended_on":
        return "So it ends as planned only by its size."
    return "They hold from now on." if what == "guardrails" else "The frozen plan holds."


def cannot_finish(plan: Plan, instead: Instead) -> str:
    """That a plan takes too long, and what could be done instead."""
    lines = ["You cannot finish this.", _bolder(plan, instead)]
    if instead.other_months <= NEVER:
        lines.append(
            "Count who has not cancelled by that day instead: requests come before ends, and the same share "
            f"of losses averted would take {formats.months(instead.other_months)}."
        )
    if instead.before_after_months <= TOO_LONG:
        lines.append(
            "Or give it to everybody from one day on, and compare before with after: "
            f"{formats.months(instead.before_after_months)}, and weaker, because other things change too."
        )
    return " ".join(lines)


def _bolder(plan: Plan, instead: Instead) -> str:
    if not formats.is_missing(instead.gain_in_a_year):
        gain = plan.worth(round(instead.gain_in_a_year, 3))
        of = "with all of them" if plan.design.is_of_the_top else "within a year"
        return f"Try something bolder: {of} you could tell a gain of {gain}."
    if plan.design.is_of_the_top:
        return "With all of them not even the largest gain could be told: draw from more customers."
    return (
        f"So few customers come in that within a year not even the largest gain above "
        f"{formats.percent(plan.baseline, 0)} could be told: draw from more customers."
    )


def _length(plan: Plan, who: str) -> str:
    """How many customers, and how long it takes until they have come and matured."""
    where = "each arm" if len(set(plan.design.shares)) == 1 else "its smallest arm"
    needs = f"{formats.plural(plan.size, 'customer')} in {where}, {formats.count(plan.in_all)} in all"
    if plan.design.is_of_the_top:
        there_are = f"{needs}; {formats.count(round(plan.a_month))} can take part"
        return f"{there_are}, and nobody comes in later." if plan.takes_too_long else f"{there_are}."
    if formats.is_missing(plan.months):
        return f"{needs}, and nobody comes in."
    return f"{needs}; at {_pace(plan.a_month, who)} a month that {takes(plan.months)}."


def _pace(a_month: float, who: str) -> str:
    """
    >>> _pace(30.2, "newcomer"), _pace(1.0, "newcomer"), _pace(0.4, "customer")
    ('30 newcomers', '1 newcomer', '0.4 customers')
    """
    return formats.plural(round(a_month), who) if a_month >= 1 else f"{formats.number(a_month, 1)} {who}s"


def about_proposal(found: Proposal) -> Sentence:
    """What an experiment to be would need, and how long it would take."""
    plan = found.plan
    who = "newcomer" if plan.name == PROPOSED else "customer"
    source = _expected_amount(plan, who) if plan.design.outcome.is_amount else _expected_rate(plan, who)
    text = f"{source}, an experiment needs {_length(plan, who)}"
    if no_room := _no_room(plan):
        text = f"{text} {no_room}"
    if not plan.design.randomised:
        return Sentence(f"{text} But {formats.words(plan.name)} is {_not_drawn()}")
    if plan.asks_too_early:
        text = f"{text} {_too_early(plan)}"
    if found.instead:
        return Sentence(f"{text} {cannot_finish(plan, found.instead)}")
    return Sentence(f"{text} It finds such a difference, if it is there, in 80 % of the cases.")


def _expected_rate(plan: Plan, who: str) -> str:
    rate = formats.percent(plan.baseline, 0)
    source = {
        "plan": f"Say {rate} {plan.design.outcome.predicate}",
        "own past": f"In your own past year, {rate} of the {who}s {plan.design.outcome.predicate}",
        "assumed": f"There is no past to go by; say {rate} {plan.design.outcome.predicate}",
    }[plan.baseline_from]
    other = formats.percent(other_rate(plan.baseline, plan.smallest_effect), 0)
    return f"{source}. To tell that from {other}"


def _expected_amount(plan: Plan, who: str) -> str:
    day = plan.design.outcome.days
    source = {
        "own past": f"In your own past year, {who}s brought {level(plan, plan.baseline)} each by day {day}, "
        f"give or take {level(plan, plan.spread)}",
        "assumed": "There is no past to take the spread of the amounts from; say it is "
        f"{level(plan, plan.spread)}",
    }[plan.baseline_from]
    return f"{source}. To tell {plan.worth(plan.smallest_effect)} more"


planned = Measure(tables.planned, "The plans of what is running or waiting", about_plans)
gains = Measure(planning.effects, "How many customers a gain needs, and how many months that takes")
proposal = Measure(
    planning.proposal,
    sentence=about_proposal,
    findings={"proposed_experiment": PROPOSAL},
    record=proposal_record,
)

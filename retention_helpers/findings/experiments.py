"""The sentences of the experiments, and their part of findings.json."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from retention_helpers import formats
from retention_helpers.experiments import Instead, Plan, Reading, plan_record
from retention_helpers.experiments.observational import USE_BEFORE
from retention_helpers.experiments.pause import PAUSE_DAYS
from retention_helpers.experiments.plan import TOO_LONG
from retention_helpers.experiments.planning import PROPOSED
from retention_helpers.experiments.power import other_rate
from retention_helpers.experiments.shown import quarters
from retention_helpers.findings.records import rate_of
from retention_helpers.findings.sentences import Remarks, Sentence, listed

MOST_REMARKS = 12
PAUSES_ELSEWHERE = (0.54, 0.43, 0.89)  # paying again after a pause, as published: mean and range


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
}


def _named(name: str) -> str:
    return formats.words(name)


# ---------------------------------------------------------------------------------------------- the plan


def plans(plans: Mapping[str, Plan], instead: Mapping[str, Instead]) -> Remarks:
    """What is wrong with the plans of the experiments that are not over, and what was changed in them."""
    waiting = {name: plan for name, plan in plans.items() if plan.design.ended_on is None}
    said = [remark for name, plan in waiting.items() for remark in _about_plan(plan, instead.get(name))]
    if not waiting:
        return Remarks(("No experiment is running or waiting.",))
    return Remarks(tuple(said) or ("Each of them can be finished as planned.",))


def _about_plan(plan: Plan, instead: Instead | None) -> list[str]:
    name = _named(plan.name)
    said = []
    if not plan.design.randomised:
        return [f"{name} is {_not_drawn()}"]
    if instead:
        said.append(f"{name} needs {_length(plan, 'customer')} {cannot_finish(plan, instead)}")
    if plan.asks_too_early:
        said.append(f"{name}: {_too_early(plan)}")
    if plan.baseline_from == "assumed":
        said.append(
            f"{name} names no baseline, and there is no past to take one from: "
            f"{formats.percent(plan.baseline, 0)} is assumed, which is the most cautious."
        )
    since = f"since the report of {formats.month(plan.frozen_in)}"
    said += [
        f"{name}: you changed {CHANGED[change.what]} {since}, from “{change.then}” to “{change.now}”. "
        f"{_consequence(change.what, change.is_serious)}"
        for change in plan.changes
    ]
    return said


def _not_drawn() -> str:
    return "not drawn by lot: no number of customers makes its difference an effect."


def _too_early(plan: Plan) -> str:
    return (
        f"On day {plan.design.outcome.days} a monthly plan has not been renewed yet, so whoever cancelled at "
        "once is still there: ask for not_cancelled, or for day 35."
    )


def _consequence(what: str, is_serious: bool) -> str:
    if is_serious:
        return "Results could be seen by then, and a difference that is looked for afterwards proves nothing."
    return (
        "The frozen plan holds."
        if what in ("size", "baseline", "smallest_effect")
        else "It holds from now on."
    )


def cannot_finish(plan: Plan, instead: Instead) -> str:
    """That a plan takes too long, and what could be done instead."""
    lines = ["You cannot finish this.", _bolder(plan, instead)]
    if not formats.is_missing(instead.other_months):
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
        gain = formats.size_of_points(round(instead.gain_in_a_year, 3))
        return f"Try something bolder: within a year you could tell a gain of {gain}."
    return (
        f"So few customers come in that within a year not even the largest gain above "
        f"{formats.percent(plan.baseline, 0)} could be told: draw from more customers."
    )


def _length(plan: Plan, who: str) -> str:
    """How many customers, and how long it takes until they have come and matured."""
    where = "each arm" if len(set(plan.design.shares)) == 1 else "its smallest arm"
    needs = f"{formats.plural(plan.size, 'customer')} in {where}, {formats.count(plan.in_all)} in all"
    if formats.is_missing(plan.months):
        return f"{needs}, and nobody comes in."
    return f"{needs}; at {_pace(plan.a_month, who)} a month that takes {formats.months(plan.months)}."


def _pace(a_month: float, who: str) -> str:
    """
    >>> _pace(30.2, "newcomer"), _pace(1.0, "newcomer"), _pace(0.4, "customer")
    ('30 newcomers', '1 newcomer', '0.4 customers')
    """
    return formats.plural(round(a_month), who) if a_month >= 1 else f"{formats.number(a_month, 1)} {who}s"


def proposed(plan: Plan, instead: Mapping[str, Instead]) -> Sentence:
    """What an experiment to be would need, and how long it would take."""
    rate = formats.percent(plan.baseline, 0)
    who = "newcomer" if plan.name == PROPOSED else "customer"
    source = {
        "plan": f"Say {rate} {plan.design.outcome.predicate}",
        "own past": f"In your own past year, {rate} of the {who}s {plan.design.outcome.predicate}",
        "assumed": f"There is no past to go by; say {rate} {plan.design.outcome.predicate}",
    }[plan.baseline_from]
    other = other_rate(plan.baseline, plan.smallest_effect)
    goal = formats.percent(other, 0)
    text = f"{source}. To tell that from {goal}, an experiment needs {_length(plan, who)}"
    if other < plan.baseline:
        gain = formats.size_of_points(plan.smallest_effect)
        text = f"{text} Above {rate} there is no room for a gain of {gain}, so it could only tell such a loss."
    if not plan.design.randomised:
        return Sentence(f"{text} But {formats.words(plan.name)} is {_not_drawn()}")
    if plan.asks_too_early:
        text = f"{text} {_too_early(plan)}"
    if plan.name in instead:
        return Sentence(f"{text} {cannot_finish(plan, instead[plan.name])}")
    return Sentence(f"{text} It finds such a difference, if it is there, in 80 % of the cases.")


# --------------------------------------------------------------------------------------------- the split


def split(reading: Reading) -> Remarks:
    """Which experiments were not split as planned, and who was left out."""
    if reading.checks.empty:
        return Remarks(("No customer of a randomised experiment has been assigned yet.",))
    broken = [row for row in reading.checks.itertuples() if row.split == "broken"]
    said = [f"{_named(row.experiment)} is not interpretable: {listed(_faults(row))}." for row in broken]
    if not broken:
        said = ["The customers of every randomised experiment were split as planned."]
    for row in reading.checks.itertuples():
        out = [
            f"{formats.plural(count, 'customer')} {what}"
            for count, what in (
                (row.outside_dates, "assigned outside its dates"),
                (row.not_eligible, "outside the group that it is for"),
            )
            if count
        ]
        if out:
            said.append(f"{_named(row.experiment)} leaves out {listed(out)}.")
    return Remarks(tuple(said[:MOST_REMARKS]))


def _faults(row: Any) -> list[str]:
    said = []
    tests = (
        (row.split_p, "the shares are not the planned ones"),
        (row.month_p, f"neither are those of {formats.month(row.worst_month)}"),
        (row.attribute_p, f"neither are those of the customers with {row.worst_attribute}"),
    )
    said += [f"{what} (p {formats.p_value(p)})" for p, what in tests if p < 0.001]
    counts = (
        (row.unknown_arm, "in an arm that the plan does not name"),
        (row.two_arms, "assigned to two arms"),
        (row.before_sign_up, "assigned before they signed up"),
    )
    return said + [f"{formats.plural(count, 'customer')} {what}" for count, what in counts if count]


# ------------------------------------------------------------------------------------------- the reading


def standing(reading: Reading) -> Remarks:
    """How each comparison stands that can be interpreted: the difference, and what it is compatible with."""
    judged = reading.comparisons[reading.comparisons["effect"].notna()]
    if judged.empty:
        return Remarks(("No experiment has a difference that could be read.",))
    said = [_standing(row, reading.plans[row.experiment]) for row in judged.itertuples()]
    more = len(said) - MOST_REMARKS
    if more > 0:
        said = [*said[:MOST_REMARKS], f"{formats.plural(more, 'more comparison')} in the table above."]
    return Remarks(tuple(said))


def _standing(row: Any, plan: Plan) -> str:
    name = _named(row.experiment)
    text = (
        f"{name}: {row.verdict}. In the arm {row.arm}, {formats.count(row.treated_successes)} of "
        f"{formats.plural(row.treated_customers, 'customer')} {plan.design.outcome.predicate}, in the arm "
        f"{row.control} {formats.count(row.control_successes)} of {formats.count(row.control_customers)}: "
        f"{formats.points(row.effect)} points, and the data are compatible with anything from "
        f"{formats.span(row.effect_low, row.effect_high)}."
    )
    if formats.is_missing(row.crossed_in):
        return text
    crossed = f"It crossed its line in {formats.month(row.crossed_in)}"
    if row.verdict not in ("better", "worse"):
        return f"{text} {crossed}; since then the difference has become smaller."
    return f"{text} {crossed} already." if row.crossed_in < row.read_in else text


def guardrails(reading: Reading) -> Sentence:
    """Whether anything that the owner guards got worse than he allows."""
    rows = reading.guardrails
    if rows.empty:
        return Sentence("No experiment names a guardrail, or none has a customer who reached its day.")
    said = [
        f"{_named(row.experiment)}, {formats.words(row.outcome).lower()}: {row.verdict} "
        f"({formats.difference(row.difference, row.difference_low, row.difference_high)}, allowed "
        f"{formats.points(row.margin)})"
        for row in rows.head(MOST_REMARKS).itertuples()
    ]
    return Sentence(f"{'; '.join(said)}.")


# -------------------------------------------------------------------- not randomised, pauses, the history


def associations(found: pd.DataFrame) -> Remarks:
    """What an experiment that was not drawn by lot may say, and what it may not."""
    if found.empty:
        return Remarks(("Every experiment is drawn by lot.",))
    names = found["experiment"].unique()[:MOST_REMARKS]
    return Remarks(tuple(_association(found[found["experiment"] == name]) for name in names))


def _association(rows: pd.DataFrame) -> str:
    by = {row.comparison: row for row in rows.itertuples()}
    careless, crude, alike = by.get("everybody else"), by["reached it too"], by["alike before"]
    name = _named(crude.experiment)
    if formats.is_missing(alike.association):
        return f"{name}: from the milestone on there are not yet two groups to compare."
    text = f"{name}: "
    if careless is not None and not formats.is_missing(careless.association):
        text += (
            f"against everybody else the difference is {formats.points(careless.association)} points, and "
            "means nothing, for who reaches the milestone has stayed until then; "
        )
    text += (
        f"from the milestone on it is {formats.points(crude.association)} points, and among customers who "
        f"were alike before {_difference(alike)}. This is an association, not an effect"
    )
    if alike.association_low > 0 or alike.association_high < 0:
        return (
            f"{text}: something unmeasured that goes with both {formats.number(alike.e_value, 1)} times as "
            "often would explain it."
        )
    return f"{text}, and it may be none."


def _difference(row: Any) -> str:
    return formats.difference(row.association, row.association_low, row.association_high)


def pauses(chosen: pd.DataFrame, reading: Reading) -> Remarks:
    """Who pays again after a pause, and how many more than without the offer."""
    offered = chosen[chosen["choice"] == "paused"]
    if offered.empty:
        return Remarks(("No experiment with a pause has a customer whose day 90 is over.",))
    mean, low, high = PAUSES_ELSEWHERE
    said = []
    for row in offered.itertuples():
        everybody = chosen[(chosen["experiment"] == row.experiment) & (chosen["arm"] == row.arm)]
        all_of_them = everybody[everybody["choice"] == "all"].iloc[0]
        said.append(
            f"{_named(row.experiment)}, {row.arm}: {formats.count(row.customers)} of "
            f"{formats.count(all_of_them['customers'])} chose a pause, and "
            f"{formats.count(row.paying_again)} of these pay again on day {PAUSE_DAYS}, "
            f"{formats.rate(row.share, row.share_low, row.share_high)}; published averages are "
            f"{formats.percent(mean, 0)}, from {formats.percent(low, 0)} to {formats.percent(high, 0)}. Of "
            f"everybody in this arm, {formats.percent(all_of_them['share'])} pay."
            f"{_without_the_offer(row, chosen, reading)}"
        )
    return Remarks(tuple(said[:MOST_REMARKS]))


def _without_the_offer(row: Any, chosen: pd.DataFrame, reading: Reading) -> str:
    """Those not offered a pause, with the difference where the experiment asks just that."""
    design = reading.plans[row.experiment].design
    is_control = (chosen["experiment"] == row.experiment) & (chosen["arm"] == design.control)
    control = chosen[is_control & (chosen["choice"] == "all")]
    if control.empty or row.arm == design.control:
        return ""
    told = f" Of those who were not offered one, {formats.percent(control['share'].iloc[0])} do"
    compared = reading.comparisons
    own = compared[(compared["experiment"] == row.experiment) & (compared["arm"] == row.arm)].iloc[0]
    asks_just_that = (design.outcome.kind, design.outcome.days) == ("paying", PAUSE_DAYS)
    if not asks_just_that or formats.is_missing(own["effect"]):
        return f"{told}."
    difference = formats.difference(own["effect"], own["effect_low"], own["effect_high"])
    return f"{told}; the difference, read as above, is {difference} points: {own['verdict']}."


def history(past: pd.DataFrame) -> Remarks:
    """What was decided, and whether the difference lasted."""
    if past.empty:
        return Remarks(("No experiment is over yet.",))
    said = []
    for row in past.head(MOST_REMARKS).itertuples():
        decided = (
            "no decision is written down"
            if formats.is_missing(row.decision)
            else f"you decided: {row.decision}"
        )
        text = f"{_named(row.experiment)} ended on {formats.day(row.ended_on)}, {row.verdict}; {decided}."
        if not formats.is_missing(row.later):
            text += (
                f" On day {row.later_day}, twice as long after, the difference is "
                f"{formats.difference(row.later, row.later_low, row.later_high)}: {row.lasted}."
            )
        said.append(text)
    return Remarks(tuple(said))


# -------------------------------------------------------------------------------------- findings.json


def record(
    reading: Reading,
    *,
    associations: pd.DataFrame,
    pauses: pd.DataFrame,
    past: pd.DataFrame,
    instead: Mapping[str, Instead],
) -> list[dict[str, Any]]:
    """The part `experiments` of findings.json: an entry an experiment, in the order of the file."""
    return [
        _experiment(plan, reading, associations, pauses, past, instead.get(name))
        for name, plan in reading.plans.items()
    ]


def _own(frame: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    own = frame[frame["experiment"] == name].drop(columns="experiment")
    return [dict(row) for row in own.to_dict(orient="records")]


def _experiment(
    plan: Plan,
    reading: Reading,
    associations: pd.DataFrame,
    pauses: pd.DataFrame,
    past: pd.DataFrame,
    instead: Instead | None,
) -> dict[str, Any]:
    name = plan.name
    compared = _own(reading.comparisons, name)
    first = compared[0]
    guarded, path = _own(reading.guardrails, name), _own(reading.path, name)
    checks = _own(reading.checks, name)
    return {
        "name": name,
        "hypothesis": plan.design.hypothesis,
        "state": first["state"],
        "randomised": plan.design.randomised,
        "outcome": plan.design.outcome.words,
        "outcome_day": plan.design.outcome.days,
        "arms": {
            arm.pop("arm"): {
                "planned_share": arm["planned_share"],
                "assigned": arm["assigned"],
                "matured": arm["matured"],
                "successes": arm["successes"],
                "rate": rate_of(arm, "rate", "successes", "matured"),
            }
            for arm in _own(reading.arms, name)
        },
        "split": first["split"],
        "split_p": first["split_p"],
        "split_checks": {key: checks[0][key] for key in checks[0] if not key.startswith("split")}
        if checks
        else None,
        **_comparison(first),
        "needed_per_arm": plan.size,
        "comparisons": [
            {
                "arm": one["arm"],
                **_comparison(one),
                "guardrails": [_without(g, "arm") for g in guarded if g["arm"] == one["arm"]],
                "path": [_without(step, "arm") for step in path if step["arm"] == one["arm"]],
            }
            for one in compared
        ],
        "curves": _curve_points(reading.curves, plan),
        "association": _association_record(_own(associations, name)),
        "pauses": _own(pauses, name),
        "later": [_later(one) for one in _own(past, name)],
        "decision": plan.design.decision or None,
        "plan": plan_record(plan),
        "instead": instead._asdict() if instead else None,
    }


def _without(record: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != key}


def _comparison(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "effect": {"value": row["effect"], "low": row["effect_low"], "high": row["effect_high"]},
        "p_value": row["p_value"],
        "look": {
            "number": row["look"],
            "of": row["of"],
            "read_in": row["read_in"],
            "level": row["level"],
            "p_needed": row["p_needed"],
            "alpha": row["alpha"],
            "stop": row["stop"],
            "crossed_in": row["crossed_in"],
        },
        "anytime_p": row["anytime_p"],
        "verdict": row["verdict"],
        "reason": row["reason"] or None,
        "collected": row["collected"],
        "months_to_finish": row["months_to_finish"],
    }


def _curve_points(curves: pd.DataFrame, plan: Plan) -> list[dict[str, Any]]:
    """The curves at the quarters of the way, which the page tells."""
    return [row for row in _own(curves, plan.name) if row["day"] in quarters(plan)]


def _association_record(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The adjusted one, with the others beside it."""
    if not rows:
        return None
    alike = rows[-1]
    return {
        "value": alike["association"],
        "low": alike["association_low"],
        "high": alike["association_high"],
        "e_value": alike["e_value"],
        "e_value_of_bound": alike["e_value_of_bound"],
        "use_days_before": USE_BEFORE,
        "compared": [_without(_without(row, "e_value"), "e_value_of_bound") for row in rows],
    }


def _later(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "arm": row["arm"],
        "day": row["later_day"],
        "treated_successes": row["later_treated"],
        "treated_customers": row["later_treated_customers"],
        "control_successes": row["later_control"],
        "control_customers": row["later_control_customers"],
        "difference": {"value": row["later"], "low": row["later_low"], "high": row["later_high"]},
        "verdict": row["lasted"],
    }


def proposed_record(plan: Plan, effects: pd.DataFrame, instead: Mapping[str, Instead]) -> dict[str, Any]:
    """The part `proposed_experiment`: what an experiment to be would need."""
    other = instead.get(plan.name)
    return {
        **plan_record(plan),
        "outcome": plan.design.outcome.words,
        "instead": other._asdict() if other else None,
        "gains": effects,
    }

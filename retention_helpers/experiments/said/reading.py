"""The sentences of the readings: the split, how each stands, what was not drawn by lot, and what is over."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from retention_helpers.experiments import observational, pause
from retention_helpers.experiments.history import history
from retention_helpers.experiments.pause import PAUSE_DAYS
from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.reading import Reading
from retention_helpers.experiments.said import record, tables, wording
from retention_helpers.experiments.said.plan import MOST_REMARKS
from retention_helpers.experiments.split import SPLIT_LEVEL
from retention_helpers.shown import figures
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Remarks, Sentence, listed
from retention_helpers.words import formats

__all__ = [
    "arms", "associations", "checks", "comparisons", "curves", "guardrails", "judged", "past", "path",
    "pauses", "quarters",
]  # fmt: skip

PAUSES_ELSEWHERE = (0.54, 0.43, 0.89)  # paying again after a pause, as published: mean and range


def about_split(checks: pd.DataFrame) -> Remarks:
    """Which experiments were not split as planned, and who was left out."""
    if checks.empty:
        return Remarks(("No customer of a randomised experiment has been assigned yet.",))
    broken = [row for row in checks.itertuples() if row.split == "broken"]
    said = [
        f"{formats.words(row.experiment)} is not interpretable: {listed(_faults(row))}." for row in broken
    ]
    if not broken:
        said = ["The customers of every randomised experiment were split as planned."]
    for row in checks.itertuples():
        out = [
            f"{formats.plural(count, 'customer')} {what}"
            for count, what in (
                (row.outside_dates, "assigned outside its dates"),
                (row.not_eligible, "outside the group that it is for"),
            )
            if count
        ]
        if out:
            said.append(f"{formats.words(row.experiment)} leaves out {listed(out)}.")
    return Remarks(tuple(said[:MOST_REMARKS]))


def _faults(row: Any) -> list[str]:
    said = []
    tests = (
        (row.split_p, "the shares are not the planned ones"),
        (row.month_p, f"neither are those of {formats.month(row.worst_month)}"),
        (row.attribute_p, f"neither are those of the customers with {row.worst_attribute}"),
    )
    said += [f"{what} (p {formats.p_value(p)})" for p, what in tests if p < SPLIT_LEVEL]
    counts = (
        (row.unknown_arm, "in an arm that the plan does not name"),
        (row.two_arms, "assigned to two arms"),
        (row.before_sign_up, "assigned before they signed up"),
    )
    return said + [f"{formats.plural(count, 'customer')} {what}" for count, what in counts if count]


# ------------------------------------------------------------------------------------------- the reading


def about_standing(comparisons: pd.DataFrame, plans: Mapping[str, Plan]) -> Remarks:
    """How each comparison stands that can be interpreted: the difference, and what it is compatible with."""
    judged = comparisons[comparisons["effect"].notna()]
    if judged.empty:
        return Remarks(("No experiment has a difference that could be read.",))
    said = [_standing(row, plans[row.experiment]) for row in judged.itertuples()]
    more = len(said) - MOST_REMARKS
    if more > 0:
        said = [*said[:MOST_REMARKS], f"{formats.plural(more, 'more comparison')} in the table above."]
    return Remarks(tuple(said))


def _standing(row: Any, plan: Plan) -> str:
    said = f"{formats.words(row.experiment)}: {row.verdict}. {_compared(row, plan)}"
    return " ".join([said, *_counted_both_ways(row), *_judged_otherwise(row, plan), *_crossing(row)])


def _compared(row: Any, plan: Plan) -> str:
    """The counts of both arms, the difference, and what it is compatible with."""
    difference = f"{wording.effect(plan, row.effect)} {wording.unit(plan)}"
    span = wording.span(plan, row.effect_low, row.effect_high)
    compatible = f"and the data are compatible with anything from {span}."
    if plan.design.outcome.is_amount:
        who = f"{formats.plural(row.treated_customers, 'customer')} in the arm {row.arm}"
        cap = (
            f" {formats.plural(row.capped, 'amount')} above {wording.level(plan, row.capped_at)} "
            f"{'counts' if row.capped == 1 else 'count'} as that."
            if row.capped
            else ""
        )
        return (
            f"{formats.words(plan.design.outcome.words)}, of {who} against "
            f"{formats.count(row.control_customers)} in {row.control}: {difference}, {compatible}{cap}"
        )
    adjusted = f" after adjusting for {listed(plan.adjusts)}" if plan.is_adjusted else ""
    return (
        f"In the arm {row.arm}, {formats.count(row.treated_successes)} of "
        f"{formats.plural(row.treated_customers, 'customer')} {plan.design.outcome.predicate}, in the arm "
        f"{row.control} {formats.count(row.control_successes)} of {formats.count(row.control_customers)}: "
        f"{difference}{adjusted}, {compatible}"
    )


def _counted_both_ways(row: Any) -> list[str]:
    """What cannot be told of some customers."""
    said = []
    if row.arm_open:
        said.append(
            f"{formats.plural(row.arm_open, 'customer')} in several arms, in an unknown one, or drawn before "
            f"the sign-up {'is' if row.arm_open == 1 else 'are'} counted as best and as worst."
        )
    if row.day_open:
        said.append(
            f"Of {formats.plural(row.day_open, 'customer')} a row of the day of the draw has no time: it may "
            "lie before the draw or after it, and both are counted."
        )
    return said


def _judged_otherwise(row: Any, plan: Plan) -> list[str]:
    """Why the planned looks do not count."""
    if row.way == "planned":
        return []
    if not plan.before_results:
        return ["Its plan came after results: it is judged by a line that holds at any look."]
    return ["It was stopped otherwise than planned: it is judged by a line that holds at any look."]


def _crossing(row: Any) -> list[str]:
    if formats.is_missing(row.crossed_in):
        return []
    crossed = f"It crossed its line in {formats.month(row.crossed_in)}"
    if row.verdict not in ("better", "worse"):
        return [f"{crossed}; since then the difference has become smaller."]
    return [f"{crossed} already."] if row.crossed_in < row.read_in else []


def about_guardrails(rows: pd.DataFrame) -> Sentence:
    """Whether anything that the owner guards got worse than he allows."""
    if rows.empty:
        return Sentence("No experiment names a guardrail, or none has a customer who reached its day.")
    said = [
        f"{formats.words(row.experiment)}, {formats.words(row.outcome).lower()}: {row.verdict} "
        f"({formats.difference(row.difference, row.difference_low, row.difference_high)}, allowed "
        f"{formats.points(row.margin)})"
        for row in rows.head(MOST_REMARKS).itertuples()
    ]
    return Sentence(f"{'; '.join(said)}.")


# -------------------------------------------------------------------- not randomised, pauses, the history


def about_associations(found: pd.DataFrame) -> Remarks:
    """What an experiment that was not drawn by lot may say, and what it may not."""
    if found.empty:
        return Remarks(("Nothing was tried without drawing by lot.",))
    names = found["experiment"].unique()[:MOST_REMARKS]
    return Remarks(tuple(_association(found[found["experiment"] == name]) for name in names))


def _association(rows: pd.DataFrame) -> str:
    by = {row.comparison: row for row in rows.itertuples()}
    careless, crude, alike = by.get("everybody else"), by["reached it too"], by["alike before"]
    name = formats.words(crude.experiment)
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


def about_pauses(chosen: pd.DataFrame, reading: Reading) -> Remarks:
    """Who pays again after a pause, and how many more than without the offer."""
    offered = chosen[chosen["choice"] == "paused"]
    if offered.empty:
        return Remarks(
            (
                f"No experiment with a pause has a customer whose day {PAUSE_DAYS} is over, and whose pauses "
                "are known.",
            )
        )
    mean, low, high = PAUSES_ELSEWHERE
    said = []
    for row in offered.itertuples():
        everybody = chosen[(chosen["experiment"] == row.experiment) & (chosen["arm"] == row.arm)]
        all_of_them = everybody[everybody["choice"] == "all"].iloc[0]
        said.append(
            f"{formats.words(row.experiment)}, {row.arm}: {formats.count(row.customers)} of "
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


def about_past(past: pd.DataFrame) -> Remarks:
    """What was decided, and whether what was better or worse lasted."""
    if past.empty:
        return Remarks(("No experiment is over yet.",))
    said = []
    for row in past.head(MOST_REMARKS).itertuples():
        decided = (
            "no decision is written down"
            if formats.is_missing(row.decision)
            else f"you decided: {row.decision}"
        )
        text = (
            f"{formats.words(row.experiment)} ended on {formats.day(row.ended_on)}, {row.verdict}; {decided}."
        )
        if not formats.is_missing(row.later):
            text += (
                f" On day {row.later_day}, twice as long after, the difference is "
                f"{formats.difference(row.later, row.later_low, row.later_high)}: {row.lasted}."
            )
        said.append(text)
    return Remarks(tuple(said))


# --------------------------------------------------------------------------------------------- the measures

checks = Measure(tables.checks, "The split of the randomised experiments", about_split)
arms = Measure(tables.arms, "Outcomes by arm")
comparisons = Measure(
    tables.comparisons, "Each arm against its control", about_standing, figure=figures.effects
)
path = Measure(tables.path, "The looks of the open experiments", figure=figures.estimate_path)
quarters = Measure(
    tables.at_quarters, "By arm, a quarter, half, three quarters and all of the way to the outcome's day"
)
curves = Measure(tables.curves, "By arm and day", figure=figures.shares_by_day)
guardrails = Measure(tables.guardrails, "Guardrails", about_guardrails)
associations = Measure(
    observational.associations, "Experiments that were not drawn by lot", about_associations
)
pauses = Measure(
    pause.pause_choices, f"What they chose, and who pays on day {PAUSE_DAYS}", sentence=about_pauses
)
past = Measure(history, "Experiments that are over", about_past)
judged = Measure(
    record.judged,
    findings={"experiments": record.JUDGED},
    record=lambda told: {"experiments": told},
)

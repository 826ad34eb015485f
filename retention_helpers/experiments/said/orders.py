"""What to do about a comparison: an order in plain words, and the orders that the month's plan holds."""

from typing import Any

import pandas as pd

from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.planning import A_YEAR, gain_after
from retention_helpers.experiments.reading import Reading
from retention_helpers.shown.units import TEXT, columns, names_of
from retention_helpers.words import formats

_MEND = {
    "outcome not told": ("Bring the rows that tell it", ", or correct the outcome in experiments.yml."),
    "broken split": ("Do not use the difference", ". Mend how customers are drawn, and begin again."),
    "not randomised": (
        "Take it as a hint at most",
        ". To know, draw by lot who of the next customers gets it.",
    ),
    "changed after results": ("Put the plan back as it was, or begin again under a new name", "."),
    "A/A test that differs": (
        "Find out what is wrong with drawing or counting",
        " before you trust any other.",
    ),
}


def do_now(row: Any, plan: Plan, guarded: pd.DataFrame) -> str:
    """What to do about a comparison: an order in plain words, and what it rests on."""
    order = "".join(_order(row, plan, guarded))
    return f"{order} Write down what you decide." if row.state == "over" and row.is_over else order


def order_alone(row: Any, plan: Plan, guarded: pd.DataFrame) -> str:
    """The order of `do_now` without what it rests on."""
    return _order(row, plan, guarded)[0]


def _order(row: Any, plan: Plan, guarded: pd.DataFrame) -> tuple[str, str]:
    """The order, and the rest of its sentence."""
    if row.reason:
        return _MEND[row.reason]
    if row.state == "planned":
        return _before(plan)
    if plan.design.aa_test and row.stop:
        return "Nothing", ": both arms get the same, and do not differ, as it should be."
    if row.verdict == "better":
        return _roll_out(row, plan, guarded)
    if row.verdict == "worse":
        return (
            ("It did harm", ": do not bring it back.")
            if row.state == "over"
            else ("Stop it", ": it does harm.")
        )
    if row.verdict == "no large effect":
        ruled_out = f": a difference of {plan.worth(row.smallest_effect)} or more is ruled out"
        return "It is over" if row.state == "over" else "Stop", f"{ruled_out}. Keep what costs less."
    return _undecided(row, plan)


def _before(plan: Plan) -> tuple[str, str]:
    if plan.takes_too_long:
        return "Change it before it begins", ": it cannot be finished. See its plan below."
    size = f"{formats.count(plan.size)} customers an arm, about {formats.months(plan.months)}"
    return "Begin as planned", f": {size}."


def _roll_out(row: Any, plan: Plan, guarded: pd.DataFrame) -> tuple[str, str]:
    broken = guarded.loc[guarded["verdict"] == "beyond its margin", "outcome"].tolist()
    unsure = guarded.loc[guarded["verdict"] == "cannot tell yet", "outcome"].tolist()
    if broken:
        fell = f"{formats.words(broken[0]).lower()} fell more than you allow"
        return "Do not give it to everybody yet", f": {fell}."
    watch = f" Keep an eye on {formats.words(unsure[0]).lower()}: it cannot be told yet." if unsure else ""
    if row.effect_high < row.smallest_effect:
        wanted = plan.worth(row.smallest_effect)
        less = f"It helps, by less than the {wanted} you wanted"
        return less, f": decide whether that is worth its cost.{watch}"
    order = "It worked: give" if row.state == "over" else "Stop, and give"
    return f"{order} it to everybody", f".{watch}"


def _undecided(row: Any, plan: Plan) -> tuple[str, str]:
    days = plan.design.outcome.days
    if row.is_over:
        order = "It is over" if row.state == "over" else "Stop: the planned size is reached"
        return f"{order}, and it stays undecided", ". Choose by cost and judgement."
    if row.state == "over":
        return (
            "Wait",
            f": in {formats.months(row.months_to_finish)} the last customers have reached day {days}.",
        )
    if plan.design.randomised and formats.is_missing(row.split):
        return "Draw its first customers, or take it out", ": nobody has been drawn yet."
    if row.look and row.stop:
        is_known = not formats.is_missing(row.months_to_finish)
        pace = f"takes {formats.months(row.months_to_finish)} more" if is_known else "is never finished"
        is_of_use = not formats.is_missing(gain_after(plan, A_YEAR))
        instead = "try something bolder" if is_of_use else "draw from more customers"
        return f"Stop, and {instead}", f": at this pace it {pace}."
    order = "Leave it running, and change nothing"
    if not row.look:
        return order, "."
    collected = formats.percent(row.collected, 0)
    more = formats.months(row.months_to_finish)
    return order, f": {collected} of what it needs is in, about {more} to go."


@columns(experiment=TEXT, what=TEXT, why=TEXT)
def decisions(reading: Reading) -> pd.DataFrame:
    """One row per comparison that waits for the owner: what to do, and the one number why.

    First those that are decided while they run, then those that cannot be finished, then those that are over
    and have no decision written down.

    Glossary: to decide.
    """
    rows = []
    for row in waiting(reading):
        plan, guarded = reading.plans[row.experiment], reading.guardrails
        own = guarded[(guarded["experiment"] == row.experiment) & (guarded["arm"] == row.arm)]
        what = f"{plan.called(row.arm)}: {_small(do_now(row, plan, own))}"
        rows.append((row.experiment, what, _why(row, plan)))
    return pd.DataFrame(rows, columns=names_of(decisions))


def waiting(reading: Reading) -> list[Any]:
    """The comparisons of `decisions`, in its order."""
    places = [(_place(row, reading.plans[row.experiment]), row) for row in reading.comparisons.itertuples()]
    told = [(place, row) for place, row in places if place is not None]
    return [row for _, row in sorted(told, key=lambda pair: pair[0])]


def _place(row: Any, plan: Plan) -> int | None:
    """Where a comparison stands among those to decide; None where there is nothing to decide."""
    is_settled = plan.design.aa_test and not row.reason  # as it should be
    if row.state == "running" and row.stop:
        return None if is_settled else 0 if is_decided(row) else 1
    if row.state == "over" and row.is_over and not plan.design.decision:
        return 2
    return None


def is_decided(row: Any) -> bool:
    """Whether there is a verdict, or will be none."""
    return bool(row.verdict != "cannot tell yet" or row.is_over)


def _small(order: str) -> str:
    return order[:1].lower() + order[1:].removesuffix(".")


def _why(row: Any, plan: Plan) -> str:
    """The one number: of how many on either side it came true, or how far it is."""
    if row.treated_customers and row.control_customers and not row.reason:
        return (
            f"{row.arm}: {formats.count(row.treated_successes)} of {formats.count(row.treated_customers)} "
            f"{plan.design.outcome.predicate}, {row.control}: {formats.count(row.control_successes)} of "
            f"{formats.count(row.control_customers)}"
        )
    return row.reason or f"nobody has reached day {plan.design.outcome.days}"

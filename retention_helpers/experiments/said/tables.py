"""The tables of the page: the measured frames with the columns that a reader needs, in words."""

from collections.abc import Mapping

import pandas as pd

from retention_helpers.experiments.plan import Plan
from retention_helpers.experiments.reading import Reading
from retention_helpers.words import formats

QUARTERS = 4  # of the way to the outcome's day


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(experiment=[formats.words(name) for name in frame["experiment"]])


def _called(frame: pd.DataFrame, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """With the comparison's name as experiment, and without the arm."""
    names = [plans[name].called(arm) for name, arm in zip(frame["experiment"], frame["arm"], strict=True)]
    return frame.assign(experiment=names).drop(columns="arm")


def _with_p(where: object, p_value: float) -> str:
    if formats.is_missing(where):
        return formats.MISSING
    told = f"p {formats.p_value(p_value)}".replace(" ", "\u00a0")
    return f"{where}, {told}"


def plans_shown(plans: Mapping[str, Plan]) -> pd.DataFrame:
    """One row per experiment that is not over: experiment, outcome, baseline_rate, smallest_effect, per_arm,
    in_all, customers_a_month, months, frozen_in (the month whose report froze it).
    """
    rows = [
        (
            formats.words(name),
            plan.design.outcome.words,
            plan.baseline,
            plan.smallest_effect,
            plan.size,
            plan.in_all,
            plan.a_month,
            plan.months,
            formats.short_month(plan.frozen_in),
        )
        for name, plan in plans.items()
        if plan.design.ended_on is None
    ]
    columns = ["experiment", "outcome", "baseline_rate", "smallest_effect", "per_arm", "in_all",
               "customers_a_month", "months", "frozen_in"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"customers_a_month": float, "months": float})


def split_shown(reading: Reading) -> pd.DataFrame:
    """One row per randomised experiment: experiment, split, p_value, worst_month and worst_attribute (each
    with its p), and customers: two_arms, too_early (before they signed up), unknown_arm, left_out.
    """
    checks = _named(reading.checks)
    months = [
        None if formats.is_missing(month) else formats.short_month(month).replace(" ", "\u00a0")
        for month in checks["worst_month"]
    ]
    frame = checks.assign(
        p_value=checks["split_p"],
        worst_month=[_with_p(*pair) for pair in zip(months, checks["month_p"], strict=True)],
        worst_attribute=[
            _with_p(*pair) for pair in zip(checks["worst_attribute"], checks["attribute_p"], strict=True)
        ],
        too_early=checks["before_sign_up"],
        left_out=checks["outside_dates"] + checks["not_eligible"],
    )
    return frame[
        ["experiment", "split", "p_value", "worst_month", "worst_attribute", "two_arms", "too_early",
         "unknown_arm", "left_out"]
    ]  # fmt: skip


def arms_shown(reading: Reading) -> pd.DataFrame:
    """One row per experiment and arm: experiment, arm, outcome, assigned, matured, successes, rate."""
    frame = _named(reading.arms).drop(columns="planned_share")
    frame.insert(2, "outcome", outcomes(reading)[reading.arms["experiment"]].to_numpy())
    return frame


def comparisons_shown(reading: Reading) -> pd.DataFrame:
    """One row per arm against its control: experiment, look (3 of 8), effect with its interval at the
    look's own level, p_value, needed_p (what this look asks for), anytime_p, verdict.
    """
    rows = _called(reading.comparisons, reading.plans)
    looks = [
        f"{look}\u00a0of\u00a0{of}" if look else formats.MISSING
        for look, of in zip(rows["look"], rows["of"], strict=True)
    ]
    return rows.assign(look=looks, needed_p=rows["p_needed"])[
        ["experiment", "look", "effect", "effect_low", "effect_high", "p_value", "needed_p", "anytime_p",
         "verdict"]
    ]  # fmt: skip


def path_shown(reading: Reading) -> pd.DataFrame:
    """One row per comparison that is open and look: experiment, month, successes of both arms, effect
    with its interval at the look's own level, better_from (the difference that the look asks for), verdict.
    """
    path = _called(reading.path, reading.plans)
    pairs = {
        side: [
            f"{made} of {customers}"
            for made, customers in zip(path[f"{side}_successes"], path[f"{side}_customers"], strict=True)
        ]
        for side in ("treated", "control")
    }
    return path.assign(**pairs, better_from_difference=path["better_from"])[
        ["experiment", "month", "treated", "control", "effect", "effect_low", "effect_high",
         "better_from_difference", "verdict"]
    ]  # fmt: skip


def guardrails_shown(reading: Reading) -> pd.DataFrame:
    """One row per comparison and guarded outcome: experiment, arm, outcome, difference with its interval,
    margin, verdict.
    """
    return _named(reading.guardrails)[
        [
            "experiment",
            "arm",
            "outcome",
            "difference",
            "difference_low",
            "difference_high",
            "margin",
            "verdict",
        ]
    ]


def open_curves(reading: Reading) -> pd.DataFrame:
    """The curves of the experiments whose path is shown: experiment, arm, day, at_risk, share."""
    names = list(reading.path["experiment"].unique())
    return reading.curves[reading.curves["experiment"].isin(names)]


def curves_shown(reading: Reading) -> pd.DataFrame:
    """One row per open experiment, arm and quarter of the way to the outcome's day: experiment, arm, day,
    at_risk, share that are still so with `_low` and `_high` (Kaplan and Meier, 95 %).
    """
    curves = open_curves(reading)
    is_shown = [
        day in quarters(reading.plans[name])
        for name, day in zip(curves["experiment"], curves["day"], strict=True)
    ]
    return _named(curves[pd.Series(is_shown, index=curves.index, dtype=bool)])


def quarters(plan: Plan) -> list[int]:
    """The days a quarter, half, three quarters and all of the way to the outcome's day."""
    return [plan.design.outcome.days * nth // QUARTERS for nth in range(1, QUARTERS + 1)]


def outcomes(reading: Reading) -> pd.Series:
    """What each experiment counts, in words, by name."""
    return pd.Series({name: plan.design.outcome.words for name, plan in reading.plans.items()}, dtype="str")


def curve_outcomes(reading: Reading) -> pd.Series:
    """What the curves of each experiment show, in words, by name."""
    words = {name: plan.design.outcome.curve_words for name, plan in reading.plans.items()}
    return pd.Series(words, dtype="str")


def history_shown(past: pd.DataFrame, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """One row per comparison that is over: experiment, ended_on, verdict, decision, later_day,
    later_difference with its 95 % interval, lasted.
    """
    frame = _called(past, plans).rename(
        columns={"later": "later_difference", "later_low": "later_difference_low",
                 "later_high": "later_difference_high"}
    )  # fmt: skip
    return frame[
        ["experiment", "ended_on", "verdict", "decision", "later_day", "later_difference",
         "later_difference_low", "later_difference_high", "lasted"]
    ]  # fmt: skip


def associations_shown(found: pd.DataFrame) -> pd.DataFrame:
    """One row per comparison: experiment, compared_with, treated_customers, treated_rate, other_customers,
    other_rate, association with its 95 % interval.
    """
    frame = _named(found).rename(
        columns={"comparison": "compared_with", "others_customers": "other_customers",
                 "others_rate": "other_rate"}
    )  # fmt: skip
    return frame.drop(columns=["treated_successes", "others_successes", "e_value", "e_value_of_bound"])


def pauses_shown(chosen: pd.DataFrame) -> pd.DataFrame:
    """One row per arm and choice: experiment, arm, choice, customers, paying_again, share."""
    return _named(chosen)

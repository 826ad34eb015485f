"""What findings.json holds of the experiments: every number of their page."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from retention_helpers.experiments import Instead, Plan, Reading, plan_record
from retention_helpers.experiments.observational import USE_BEFORE
from retention_helpers.experiments.said.tables import quarters
from retention_helpers.shown.records import rate_of


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

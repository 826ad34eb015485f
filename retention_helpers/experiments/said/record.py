"""What findings.json holds of the experiments: every number of their page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from retention_helpers.experiments.history import history
from retention_helpers.experiments.observational import USE_BEFORE, associations
from retention_helpers.experiments.pause import pause_choices
from retention_helpers.experiments.plan import Plan, plan_record
from retention_helpers.experiments.planning import Instead, Proposal, effects
from retention_helpers.experiments.reading import (
    Reading,
    arms_of,
    comparisons_of,
    curves_of,
    guardrails_of,
    path_of,
)
from retention_helpers.experiments.said.tables import quarters
from retention_helpers.experiments.split import split_checks
from retention_helpers.experiments.units import MONTH
from retention_helpers.shown.records import estimate_of, rate_of
from retention_helpers.shown.results import records, rows_of
from retention_helpers.shown.units import (
    COUNT,
    DAY,
    NUMBER,
    RATE,
    TEXT,
    YES_NO,
    Node,
    by_name,
    columns_of,
    fields,
    noted,
    one_of,
    or_null,
    rows,
    several,
)


@dataclass(frozen=True)
class _Rows:
    """The rows of a measure within their experiment: as declared, without what is said around them."""

    measure: Callable[..., Any]
    left_out: tuple[str, ...] = ()

    def _kept(self, every: Mapping[str, Any]) -> dict[str, Any]:
        return {key: one for key, one in every.items() if key not in ("experiment", *self.left_out)}

    @property
    def node(self) -> Node:
        return rows(**self._kept(rows_of(self.measure)["items"]["properties"]))

    def of(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        return [self._kept(row) for row in records(frame, self.measure)]


_GUARDRAILS, _PATH = _Rows(guardrails_of, ("arm",)), _Rows(path_of, ("arm",))
_CURVES, _PAUSES = _Rows(curves_of), _Rows(pause_choices)
_ASSOCIATIONS = _Rows(associations, ("e_value", "e_value_of_bound"))

_ARM, _ONE, _CHECK = columns_of(arms_of), columns_of(comparisons_of), columns_of(split_checks)
_PAST, _LOOSE = columns_of(history), columns_of(associations)
_COUNTED = ("planned_share", "assigned", "matured", "successes")  # of an arm
_LOOKED = ("of", "read_in", "level", "p_needed", "alpha", "way", "stop", "crossed_in")
_AS_READ = ("p_value", "anytime_p", "verdict", "end", "reason", "collected", "months_to_finish", "day_open",
            "arm_open", "capped_at", "capped")  # fmt: skip
_CHECKED = tuple(name for name in _CHECK if name not in ("experiment", "split", "split_p"))

DIFFERENCE = fields(
    "A difference of two shares, treated − control, as a fraction; of revenue, of two means in the currency.",
    value=NUMBER,
    low=NUMBER,
    high=NUMBER,
)
RELATIVE = noted(
    fields(value=NUMBER, low=NUMBER, high=NUMBER),
    "The effect as a part of the control's rate or mean; null where that is 0, or an end without bound.",
)
ADJUSTED = noted(
    fields(value=NUMBER, low=NUMBER, high=NUMBER),
    "The effect, adjusted for what was known before the draw: `effect` itself where the frozen plan names "
    "it, else beside it; null where nothing is known.",
)
LOOK = fields(
    "The look that counts: which one, of how many planned; how it is judged, by the planned looks or as "
    "holds at any time; the level of its interval, and the p-value that it asks for.",
    number=_ONE["look"],
    **{name: _ONE[name] for name in _LOOKED},
)
INSTEAD = or_null(fields(**dict.fromkeys(Instead._fields, NUMBER)))
_PLANNED: Mapping[str, Any] = {
    "frozen_in": MONTH,
    "baseline": noted(NUMBER, "A rate; of revenue, a mean in the currency, as smallest_effect is."),
    "baseline_from": one_of("plan", "own past", "assumed"),
    "spread": noted(NUMBER, "The standard deviation of revenue."),
    "smallest_effect": NUMBER,
    "size": COUNT,
    "in_all": COUNT,
    "looks": COUNT,
    "a_month": NUMBER,
    "months": NUMBER,
    "takes_too_long": YES_NO,
    "before_results": noted(YES_NO, "Whether the report that froze it showed the first look at most."),
    "ends_on": noted(DAY.or_null, "The planned day of its end."),
    "adjusts": several(TEXT),
    "written": by_name(TEXT),
    "changes": rows(what=TEXT, then=TEXT, now=TEXT, is_serious=YES_NO),
}
PROPOSAL = noted(
    fields(**_PLANNED, outcome=TEXT, instead=INSTEAD, gains=rows_of(effects)),
    "What an experiment with newcomers would need.",
)
_COMPARED: Mapping[str, Any] = {
    "effect": DIFFERENCE,
    "relative": RELATIVE,
    "adjusted": ADJUSTED,
    "look": LOOK,
    **{name: _ONE[name] for name in _AS_READ},
}
_ASSOCIATION = or_null(
    fields(
        value=NUMBER,
        low=NUMBER,
        high=NUMBER,
        e_value=_LOOSE["e_value"],
        e_value_of_bound=_LOOSE["e_value_of_bound"],
        use_days_before=COUNT,
        compared=_ASSOCIATIONS.node,
    )
)
_LATER = {
    "arm": "arm",
    "day": "later_day",
    "treated_successes": "later_treated",
    "treated_customers": "later_treated_customers",
    "control_successes": "later_control",
    "control_customers": "later_control_customers",
    "verdict": "lasted",
}
JUDGED = several(
    fields(
        "Effect, p-value, look and verdict are those of the first arm after the control; every arm stands in "
        "`comparisons`.",
        name=TEXT,
        hypothesis=TEXT,
        state=_ONE["state"],
        randomised=YES_NO,
        outcome=TEXT,
        outcome_day=COUNT,
        arms=by_name(fields(**{name: _ARM[name] for name in _COUNTED}, rate=RATE, mean=_ARM["mean"])),
        split=_ONE["split"],
        split_p=_ONE["split_p"],
        split_checks=or_null(fields(**{name: _CHECK[name] for name in _CHECKED})),
        **_COMPARED,
        needed_per_arm=_ONE["needed_per_arm"],
        comparisons=rows(arm=_ONE["arm"], **_COMPARED, guardrails=_GUARDRAILS.node, path=_PATH.node),
        curves=_CURVES.node,
        association=noted(_ASSOCIATION, "Only where the arms were not drawn at random: never an effect."),
        pauses=_PAUSES.node,
        later=rows(**{key: _PAST[name] for key, name in _LATER.items()}, difference=DIFFERENCE),
        decision=_PAST["decision"],
        plan=fields(
            "The plan as the first report froze it; size is customers in the smallest arm.", **_PLANNED
        ),
        instead=noted(INSTEAD, "Where the plan takes too long."),
    )
)


def judged(
    reading: Reading,
    associations: pd.DataFrame,
    pauses: pd.DataFrame,
    past: pd.DataFrame,
    instead: Mapping[str, Instead],
) -> list[dict[str, Any]]:
    """An entry an experiment, in the order of the file."""
    return [
        {
            **_planned(plan),
            **_read(reading, plan),
            "association": _association(_own(associations, plan)),
            "pauses": _PAUSES.of(_own(pauses, plan)),
            "later": [_later(row) for row in _each(past, plan)],
            "instead": _as_dict(instead.get(plan.name)),
        }
        for plan in reading.plans.values()
    ]


def _own(frame: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    return frame[frame["experiment"] == plan.name]


def _each(frame: pd.DataFrame, plan: Plan) -> list[dict[Any, Any]]:
    return _own(frame, plan).to_dict(orient="records")


def _as_dict(instead: Instead | None) -> dict[str, float] | None:
    return instead._asdict() if instead else None


def _planned(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "hypothesis": plan.design.hypothesis,
        "randomised": plan.design.randomised,
        "outcome": plan.design.outcome.words,
        "outcome_day": plan.design.outcome.days,
        "decision": plan.design.decision or None,
        "plan": plan_record(plan),
    }


def _read(reading: Reading, plan: Plan) -> dict[str, Any]:
    compared, checks = _each(reading.comparisons, plan), _each(reading.checks, plan)
    curves = _own(reading.curves, plan)
    first = compared[0]
    return {
        "state": first["state"],
        "arms": {row["arm"]: _arm(row) for row in _each(reading.arms, plan)},
        "split": first["split"],
        "split_p": first["split_p"],
        "split_checks": {name: checks[0][name] for name in _CHECKED} if checks else None,
        **_comparison(first),
        "needed_per_arm": plan.size,
        "comparisons": [_with_looks(row, reading) for row in compared],
        "curves": _CURVES.of(curves[curves["day"].isin(quarters(plan))]),
    }


def _arm(row: Mapping[str, Any]) -> dict[str, Any]:
    rate = rate_of(row, "rate", "successes", "matured")
    return {**{name: row[name] for name in _COUNTED}, "rate": rate, "mean": row["mean"]}


def _with_looks(row: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    def own(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[(frame["experiment"] == row["experiment"]) & (frame["arm"] == row["arm"])]

    return {
        "arm": row["arm"],
        **_comparison(row),
        "guardrails": _GUARDRAILS.of(own(reading.guardrails)),
        "path": _PATH.of(own(reading.path)),
    }


def _comparison(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: estimate_of(row, name) for name in ("effect", "relative", "adjusted")},
        "look": {"number": row["look"], **{name: row[name] for name in _LOOKED}},
        **{name: row[name] for name in _AS_READ},
        "reason": row["reason"] or None,
    }


def _association(own: pd.DataFrame) -> dict[str, Any] | None:
    """The adjusted one, with the others beside it."""
    if own.empty:
        return None
    alike = own.iloc[-1]
    return {
        **estimate_of(alike, "association"),
        "e_value": alike["e_value"],
        "e_value_of_bound": alike["e_value_of_bound"],
        "use_days_before": USE_BEFORE,
        "compared": _ASSOCIATIONS.of(own),
    }


def _later(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**{key: row[name] for key, name in _LATER.items()}, "difference": estimate_of(row, "later")}


def proposal_record(found: Proposal) -> dict[str, Any]:
    """What an experiment to be would need."""
    told = {
        **plan_record(found.plan),
        "outcome": found.plan.design.outcome.words,
        "instead": _as_dict(found.instead),
        "gains": found.gains,
    }
    return {"proposed_experiment": told}

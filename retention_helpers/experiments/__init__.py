"""Experiments: does it work, and may it be stopped?

`plans` says what was planned, `read` how every experiment stands, `associations` what an experiment that
was not randomised may say, `pauses` who pays again after a pause, `past` what became of those that are
over, `proposed` what an experiment to be could tell.
"""

from collections.abc import Mapping, Sequence

from retention_helpers.contract.experiments import Outcome
from retention_helpers.experiments.draws import draws
from retention_helpers.experiments.history import history
from retention_helpers.experiments.observational import e_value, landmarks
from retention_helpers.experiments.outcomes import assigned
from retention_helpers.experiments.pause import pause_choices
from retention_helpers.experiments.plan import Plan, past_outcomes, plan_record, plans
from retention_helpers.experiments.planning import Instead, effects, gain_after, instead, proposed
from retention_helpers.experiments.reading import Reading, read
from retention_helpers.experiments.said.orders import decisions, do_now
from retention_helpers.experiments.said.plan import gains, planned, proposal
from retention_helpers.experiments.said.reading import (
    arms,
    associations,
    checks,
    comparisons,
    curves,
    guardrails,
    judged,
    past,
    path,
    pauses,
    quarters,
)
from retention_helpers.experiments.said.tables import curve_outcomes
from retention_helpers.experiments.split import split_checks
from retention_helpers.shown.results import Measure

FINDINGS: Mapping[str, Sequence[Measure]] = {"": [judged, proposal]}

__all__ = [
    "FINDINGS",
    "Instead",
    "Outcome",
    "Plan",
    "Reading",
    "arms",
    "assigned",
    "associations",
    "checks",
    "comparisons",
    "curve_outcomes",
    "curves",
    "decisions",
    "do_now",
    "draws",
    "e_value",
    "effects",
    "gain_after",
    "gains",
    "guardrails",
    "history",
    "instead",
    "judged",
    "landmarks",
    "past",
    "past_outcomes",
    "path",
    "pause_choices",
    "pauses",
    "plan_record",
    "planned",
    "plans",
    "proposal",
    "proposed",
    "quarters",
    "read",
    "split_checks",
]

"""Experiments: does it work, and may it be stopped?

`plans` says what was planned, `read` how every experiment stands, `associations` what an experiment that
was not randomised may say, `pause_choices` who pays again after a pause, `history` what became of those
that are over, `planning` what an experiment to be could tell.
"""

from retention_helpers.experiments.design import Design, Outcome, designs
from retention_helpers.experiments.history import history
from retention_helpers.experiments.observational import associations, e_value, landmarks
from retention_helpers.experiments.outcomes import assigned
from retention_helpers.experiments.pause import pause_choices
from retention_helpers.experiments.plan import Plan, past_outcomes, plan_record, plans
from retention_helpers.experiments.planning import Instead, effects, gain_after, instead, proposed
from retention_helpers.experiments.reading import Reading, read
from retention_helpers.experiments.said.tables import (
    arms_shown,
    associations_shown,
    comparisons_shown,
    curve_outcomes,
    curves_shown,
    guardrails_shown,
    history_shown,
    open_curves,
    outcomes,
    path_shown,
    pauses_shown,
    plans_shown,
    split_shown,
)
from retention_helpers.experiments.split import split_checks

__all__ = [
    "Design",
    "Instead",
    "Outcome",
    "Plan",
    "Reading",
    "arms_shown",
    "assigned",
    "associations",
    "associations_shown",
    "comparisons_shown",
    "curve_outcomes",
    "curves_shown",
    "designs",
    "e_value",
    "effects",
    "gain_after",
    "guardrails_shown",
    "history",
    "history_shown",
    "instead",
    "landmarks",
    "open_curves",
    "outcomes",
    "past_outcomes",
    "path_shown",
    "pause_choices",
    "pauses_shown",
    "plan_record",
    "plans",
    "plans_shown",
    "proposed",
    "read",
    "split_checks",
    "split_shown",
]

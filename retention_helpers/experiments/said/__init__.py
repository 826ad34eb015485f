"""The sentences of the experiments, and their part of findings.json."""

from retention_helpers.experiments.said.plan import cannot_finish, plans, proposed
from retention_helpers.experiments.said.reading import (
    associations,
    guardrails,
    history,
    pauses,
    split,
    standing,
)
from retention_helpers.experiments.said.record import proposed_record, record

__all__ = [
    "associations",
    "cannot_finish",
    "guardrails",
    "history",
    "pauses",
    "plans",
    "proposed",
    "proposed_record",
    "record",
    "split",
    "standing",
]

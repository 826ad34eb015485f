"""The sentences of the experiments, and their part of findings.json."""

from retention_helpers.findings.experiments.plan import cannot_finish, plans, proposed
from retention_helpers.findings.experiments.reading import (
    associations,
    guardrails,
    history,
    pauses,
    split,
    standing,
)
from retention_helpers.findings.experiments.record import proposed_record, record

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

"""Sentences, a module a notebook or a part of one: what a table says, in words computed from it.

Sentences take the measured values and write their numbers through `formats`. A notebook hands its
numbers on with `hand_on`, which shows nothing.
"""

from retention_helpers.findings import (
    activity,
    comparison,
    control,
    early_warning,
    experiments,
    measurement,
    outlook,
    quality,
    reasons,
    revenue,
    review,
    survival,
)
from retention_helpers.findings.records import hand_on, together
from retention_helpers.findings.sentences import Remarks, Sentence, warnings

__all__ = [
    "Remarks",
    "Sentence",
    "activity",
    "comparison",
    "control",
    "early_warning",
    "experiments",
    "hand_on",
    "measurement",
    "outlook",
    "quality",
    "reasons",
    "revenue",
    "review",
    "survival",
    "together",
    "warnings",
]

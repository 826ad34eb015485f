"""Sentences, a module a notebook: what a table says, in words that are computed from it.

Sentences take the measured values and write their numbers through `formats`. A notebook hands its
numbers on with `hand_on`, which shows nothing.
"""

from retention_helpers.findings import activity, measurement, quality, reasons, review, survival
from retention_helpers.findings.records import hand_on, together
from retention_helpers.findings.sentences import Sentence, warnings

__all__ = [
    "Sentence",
    "activity",
    "hand_on",
    "measurement",
    "quality",
    "reasons",
    "review",
    "survival",
    "together",
    "warnings",
]

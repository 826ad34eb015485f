"""What was different before they left: its tables for people, its sentences, its part of findings.json."""

from retention_helpers.findings.comparison.records import at_one_landmark, record
from retention_helpers.findings.comparison.said import (
    answer,
    claimed_without_landmark,
    established_in_words,
    flow,
    lesser_verdicts,
    models,
    pathways,
    proposal,
    segments,
    still_there_in_words,
    thresholds_in_words,
    worth_in_words,
)
from retention_helpers.findings.comparison.shown import (
    alone,
    established,
    forest,
    levels,
    still_there,
    thresholds,
    together,
    without_landmark,
    worth,
)

__all__ = [
    "alone",
    "answer",
    "at_one_landmark",
    "claimed_without_landmark",
    "established",
    "established_in_words",
    "flow",
    "forest",
    "lesser_verdicts",
    "levels",
    "models",
    "pathways",
    "proposal",
    "record",
    "segments",
    "still_there",
    "still_there_in_words",
    "thresholds",
    "thresholds_in_words",
    "together",
    "without_landmark",
    "worth",
    "worth_in_words",
]

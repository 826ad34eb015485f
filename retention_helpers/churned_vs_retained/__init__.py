"""What was different about those who left, before they left: a comparison at a landmark.

`comparison` gathers what was known about each customer at the landmark, `drivers` judges each such thing; the
rest says what it would be worth, where the risks part, and what comparing whole lives would have claimed.
"""

from collections.abc import Mapping, Sequence

from retention_helpers.churned_vs_retained.adjusted import leading
from retention_helpers.churned_vs_retained.landmark import EARLY_LANDMARK
from retention_helpers.churned_vs_retained.said.results import (
    alone,
    begin_with,
    beside,
    comparison,
    curves,
    drivers,
    established_customers,
    established_in_words,
    experiment,
    first_week,
    flow,
    levels,
    levels_in_words,
    not_compared,
    not_seen,
    segments,
    still_there,
    thresholds,
    thresholds_in_words,
    whole_lives,
    whole_lives_in_words,
    worth,
    worth_in_words,
)
from retention_helpers.churned_vs_retained.said.sentences import losses_of_models, pathways
from retention_helpers.churned_vs_retained.valuation import newcomers_a_month
from retention_helpers.shown.results import Measure

FINDINGS: Mapping[str, Sequence[Measure]] = {
    "comparison": [
        comparison, flow, drivers, levels, still_there, whole_lives, worth, experiment, begin_with,
        thresholds, segments, first_week, established_customers, not_compared,
    ]
}  # fmt: skip

ABOUT = {
    "comparison": "What was different about those who left, at a landmark before they left.",
}

__all__ = [
    "EARLY_LANDMARK", "FINDINGS", "alone", "begin_with", "beside", "comparison", "curves", "drivers",
    "established_customers", "established_in_words", "experiment", "first_week", "flow", "leading",
    "levels", "levels_in_words", "losses_of_models", "newcomers_a_month", "not_compared", "not_seen",
    "pathways", "segments", "still_there", "thresholds", "thresholds_in_words", "whole_lives",
    "whole_lives_in_words", "worth", "worth_in_words",
]  # fmt: skip

"""What was different about those who left, before they left: a comparison at a landmark.

`comparison` gathers what was known about each customer at the landmark; `compare_alone` and
`compare_together` judge each driver; the rest says what it would be worth, where the risks part, and what a
comparison without a landmark would have claimed.
"""

from retention_helpers.churned_vs_retained.adjusted import compare_together, leading
from retention_helpers.churned_vs_retained.cuts import thresholds
from retention_helpers.churned_vs_retained.established import at_month_ends, compare_established, every_nth
from retention_helpers.churned_vs_retained.features import comparison
from retention_helpers.churned_vs_retained.landmark import (
    EARLY_LANDMARK,
    Comparison,
    Driver,
    LooksAhead,
    flow,
)
from retention_helpers.churned_vs_retained.lot import drawn_by_lot
from retention_helpers.churned_vs_retained.naive import compare_without_landmark
from retention_helpers.churned_vs_retained.shrinkage import segments
from retention_helpers.churned_vs_retained.staying import at_days, still_there
from retention_helpers.churned_vs_retained.univariate import compare_alone, risk_by_level
from retention_helpers.churned_vs_retained.valuation import newcomers_a_month, proposed_experiment, worth

__all__ = [
    "EARLY_LANDMARK",
    "Comparison",
    "Driver",
    "LooksAhead",
    "at_days",
    "at_month_ends",
    "compare_alone",
    "compare_established",
    "compare_together",
    "compare_without_landmark",
    "comparison",
    "drawn_by_lot",
    "every_nth",
    "flow",
    "leading",
    "newcomers_a_month",
    "proposed_experiment",
    "risk_by_level",
    "segments",
    "still_there",
    "thresholds",
    "worth",
]

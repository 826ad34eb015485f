"""What was different about those who left, before they left: a comparison at a landmark.

`comparison` gathers what was known about each customer at the landmark, `drivers` judges each such thing; the
rest says what it would be worth, where the risks part, and what comparing whole lives would have claimed.
"""

from retention_helpers.churned_vs_retained.adjusted import leading
from retention_helpers.churned_vs_retained.landmark import EARLY_LANDMARK
from retention_helpers.churned_vs_retained.lot import tried_with_newcomers
from retention_helpers.churned_vs_retained.said.results import *
from retention_helpers.churned_vs_retained.said.sentences import *
from retention_helpers.churned_vs_retained.valuation import newcomers_a_month
from retention_helpers.shown.results import findings_of

FINDINGS = findings_of(globals(), part="comparison")

ABOUT = {
    "comparison": "What was different about those who left, at a landmark before they left.",
}

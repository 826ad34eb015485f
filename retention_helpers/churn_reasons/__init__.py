"""Why customers leave: what they said, whether that changes and for whom, and what it implies.

`losses` reads the business once, one row a customer lost; nearly every measure takes that frame.
"""

from retention_helpers.churn_reasons.answers import (
    LOOK_BACK,
    QUARTER,
    YEAR,
    Period,
    answered,
    longer_period,
    losses,
    period,
    shown_period,
)
from retention_helpers.churn_reasons.calls import message, survey_text
from retention_helpers.churn_reasons.did import answers_with_use, use_before, usual
from retention_helpers.churn_reasons.groups import with_groups
from retention_helpers.churn_reasons.implications import PLAYS
from retention_helpers.churn_reasons.proposals import open_failures, to_ask_why, to_recover
from retention_helpers.churn_reasons.quotes import SHOWN, comments
from retention_helpers.churn_reasons.said.answers import *
from retention_helpers.churn_reasons.said.asks import *
from retention_helpers.churn_reasons.said.billing import *
from retention_helpers.churn_reasons.said.calls import *
from retention_helpers.churn_reasons.said.comments import *
from retention_helpers.churn_reasons.said.did import *
from retention_helpers.churn_reasons.said.groups import *
from retention_helpers.churn_reasons.said.ranking import *
from retention_helpers.shown.results import findings_of

FINDINGS = findings_of(globals(), part="reasons")

ABOUT = {
    "reasons": "Why they left. An answer counts in the month in which the customer is lost; shares are among "
    "those who answered.",
}

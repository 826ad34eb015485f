"""The monthly review: the questions on one screen, what to do, and what became of earlier reports.

It puts together what the analyses measured; it measures nothing itself.
"""

from retention_helpers.monthly_review.actions import (
    Action,
    actions,
    ask_why,
    begin_experiment,
    interview,
    recover_payments,
    speak_to_those_at_risk,
    speak_to_those_leaving,
    unexplained,
)
from retention_helpers.monthly_review.earlier import became_of, compared, earlier_reports, exchange, restated
from retention_helpers.monthly_review.said.answers import *
from retention_helpers.monthly_review.said.comparison import *
from retention_helpers.monthly_review.said.earlier import *
from retention_helpers.monthly_review.said.early_warning import *
from retention_helpers.monthly_review.said.experiments import *
from retention_helpers.monthly_review.said.reasons import *
from retention_helpers.shown.results import findings_of

FINDINGS = findings_of(globals())

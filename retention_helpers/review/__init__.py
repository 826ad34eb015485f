"""The monthly review: the questions on one screen, what to do, and what became of earlier reports.

It puts together what the analyses measured; it measures nothing itself.
"""

from retention_helpers.review.actions import (
    Action,
    actions,
    ask_why,
    interview,
    recover_payments,
    shown_actions,
    unexplained,
)
from retention_helpers.review.answers import (
    Answer,
    Verdict,
    answers,
    churn_answer,
    cohort_answer,
    kinds_answer,
    money_answer,
)
from retention_helpers.review.earlier import became_of, compared, earlier_reports, restated
from retention_helpers.review.reasons import reasons_answer, why_they_left

__all__ = [
    "Action",
    "Answer",
    "Verdict",
    "actions",
    "answers",
    "ask_why",
    "became_of",
    "churn_answer",
    "cohort_answer",
    "compared",
    "earlier_reports",
    "interview",
    "kinds_answer",
    "money_answer",
    "reasons_answer",
    "recover_payments",
    "restated",
    "shown_actions",
    "unexplained",
    "why_they_left",
]

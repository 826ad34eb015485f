"""The monthly review: the questions on one screen, and what became of earlier reports.

It puts together what the analyses measured; it measures nothing itself.
"""

from collections.abc import Mapping, Sequence

from retention_helpers.monthly_review.earlier import became_of, compared, earlier_reports, restated
from retention_helpers.monthly_review.said.answers import (
    Answer,
    Verdict,
    answers,
    churn_answer,
    cohort_answer,
    kinds_answer,
    money_answer,
)
from retention_helpers.monthly_review.said.comparison import difference_answer, what_was_different
from retention_helpers.monthly_review.said.earlier import became_of_actions, restated_numbers
from retention_helpers.monthly_review.said.early_warning import (
    asked_answer,
    at_risk_answer,
    belief_answer,
    score_answer,
)
from retention_helpers.monthly_review.said.experiments import experiment_answers, experiments_answer
from retention_helpers.monthly_review.said.reasons import reasons_answer, why_they_left
from retention_helpers.shown.results import Measure

FINDINGS: Mapping[str, Sequence[Measure]] = {"": [restated_numbers, became_of_actions]}

__all__ = [
    "FINDINGS",
    "Answer",
    "Verdict",
    "answers",
    "asked_answer",
    "at_risk_answer",
    "became_of",
    "became_of_actions",
    "belief_answer",
    "churn_answer",
    "cohort_answer",
    "compared",
    "difference_answer",
    "earlier_reports",
    "experiment_answers",
    "experiments_answer",
    "kinds_answer",
    "money_answer",
    "reasons_answer",
    "restated",
    "restated_numbers",
    "score_answer",
    "what_was_different",
    "why_they_left",
]

"""The monthly review: the questions on one screen, what to do, and what became of earlier reports.

It puts together what the analyses measured; it measures nothing itself.
"""

from collections.abc import Mapping, Sequence

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
from retention_helpers.monthly_review.earlier import became_of, compared, earlier_reports, restated
from retention_helpers.monthly_review.said.answers import (
    Answer,
    Verdict,
    answers,
)
from retention_helpers.monthly_review.said.comparison import difference_card, what_was_different
from retention_helpers.monthly_review.said.earlier import (
    became_of_actions,
    due_actions,
    in_hindsight,
    restated_numbers,
)
from retention_helpers.monthly_review.said.early_warning import (
    asked_answer,
    at_risk_answer,
    belief_answer,
    score_answer,
)
from retention_helpers.monthly_review.said.experiments import experiment_answers
from retention_helpers.monthly_review.said.reach import within_reach
from retention_helpers.monthly_review.said.reasons import reasons_answer, why_they_left
from retention_helpers.monthly_review.said.screen import (
    answer,
    churn_card,
    experiments_card,
    newcomers_card,
    reasons_card,
    review_screen,
    targets,
)
from retention_helpers.shown.results import Measure

FINDINGS: Mapping[str, Sequence[Measure]] = {
    "": [answer, targets, due_actions, restated_numbers, became_of_actions]
}

__all__ = [
    "FINDINGS",
    "Action",
    "Answer",
    "Verdict",
    "actions",
    "answer",
    "answers",
    "ask_why",
    "asked_answer",
    "at_risk_answer",
    "became_of",
    "became_of_actions",
    "begin_experiment",
    "belief_answer",
    "churn_card",
    "compared",
    "difference_card",
    "due_actions",
    "earlier_reports",
    "experiment_answers",
    "experiments_card",
    "in_hindsight",
    "interview",
    "newcomers_card",
    "reasons_answer",
    "reasons_card",
    "recover_payments",
    "restated",
    "restated_numbers",
    "review_screen",
    "score_answer",
    "speak_to_those_at_risk",
    "speak_to_those_leaving",
    "targets",
    "unexplained",
    "what_was_different",
    "why_they_left",
    "within_reach",
]

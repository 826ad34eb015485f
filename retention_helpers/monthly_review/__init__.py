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
from retention_helpers.monthly_review.earlier import became_of, compared, earlier_reports, exchange, restated
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
from retention_helpers.monthly_review.said.earlier import (
    became_of_actions,
    due_actions,
    exchange_of_earlier,
    restated_numbers,
)
from retention_helpers.monthly_review.said.early_warning import (
    asked_answer,
    at_risk_answer,
    belief_answer,
    score_answer,
)
from retention_helpers.monthly_review.said.experiments import experiment_answers, experiments_answer
from retention_helpers.monthly_review.said.reasons import reasons_answer, why_they_left
from retention_helpers.shown.results import Measure

FINDINGS: Mapping[str, Sequence[Measure]] = {
    "": [due_actions, restated_numbers, exchange_of_earlier, became_of_actions]
}

__all__ = [
    "FINDINGS",
    "Action",
    "Answer",
    "Verdict",
    "actions",
    "answers",
    "ask_why",
    "asked_answer",
    "at_risk_answer",
    "became_of",
    "became_of_actions",
    "begin_experiment",
    "belief_answer",
    "churn_answer",
    "cohort_answer",
    "compared",
    "difference_answer",
    "due_actions",
    "earlier_reports",
    "exchange",
    "exchange_of_earlier",
    "experiment_answers",
    "experiments_answer",
    "interview",
    "kinds_answer",
    "money_answer",
    "reasons_answer",
    "recover_payments",
    "restated",
    "restated_numbers",
    "score_answer",
    "speak_to_those_at_risk",
    "speak_to_those_leaving",
    "unexplained",
    "what_was_different",
    "why_they_left",
]

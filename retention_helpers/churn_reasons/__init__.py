"""Why customers leave: what they said, whether that changes and for whom, and what it implies.

`losses` reads the business once, one row a customer lost; nearly every measure takes that frame.
"""

from collections.abc import Mapping, Sequence

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
from retention_helpers.churn_reasons.calls import message, survey_text, with_messages
from retention_helpers.churn_reasons.did import answers_with_use, use_before, usual
from retention_helpers.churn_reasons.groups import with_groups
from retention_helpers.churn_reasons.implications import PLAYS
from retention_helpers.churn_reasons.quotes import SHOWN, comments
from retention_helpers.churn_reasons.said.answers import coverage, lines_to_paste, silent, unmapped_codes
from retention_helpers.churn_reasons.said.billing import failed_payments, involuntary, recovered
from retention_helpers.churn_reasons.said.calls import enough, interviewed, interviews, survey, texts
from retention_helpers.churn_reasons.said.comments import (
    frequent_phrases,
    latest,
    requests,
    themes,
    unspoken,
    written,
)
from retention_helpers.churn_reasons.said.did import claims, contradictions, said_and_did, use
from retention_helpers.churn_reasons.said.groups import by_group, depends_on, side_by_side
from retention_helpers.churn_reasons.said.ranking import (
    base,
    base_beside,
    change,
    change_of_month,
    change_of_quarter,
    changes,
    longer_reasons,
    month_reasons,
    months_side_by_side,
    plays,
    shares,
    shares_over_time,
    shown_reasons,
    with_bounds,
    year_reasons,
)
from retention_helpers.shown.results import Measure

FINDINGS: Mapping[str, Sequence[Measure]] = {
    "reasons": [
        coverage, silent, month_reasons, shown_reasons, year_reasons, longer_reasons, unmapped_codes, changes,
        shares_over_time, depends_on, by_group, use, claims, contradictions, written, themes,
        frequent_phrases, requests, unspoken, involuntary, failed_payments, recovered, plays, interviews,
        interviewed, enough, texts,
    ]
}  # fmt: skip

ABOUT = {
    "reasons": "Why they left. An answer counts in the month in which the customer is lost; shares are among "
    "those who answered.",
}

__all__ = [
    "FINDINGS", "LOOK_BACK", "PLAYS", "QUARTER", "SHOWN", "YEAR", "Period", "answered",
    "answers_with_use", "base", "base_beside", "by_group", "change", "change_of_month",
    "change_of_quarter", "changes", "claims", "comments", "contradictions", "coverage", "depends_on",
    "enough", "failed_payments", "frequent_phrases", "interviewed", "interviews", "involuntary", "latest",
    "lines_to_paste", "longer_period", "longer_reasons", "losses", "message", "month_reasons",
    "months_side_by_side", "period", "plays", "recovered", "requests", "said_and_did", "shares",
    "shares_over_time", "shown_period", "shown_reasons", "side_by_side", "silent", "survey",
    "survey_text", "texts", "themes", "unmapped_codes", "unspoken", "use", "use_before", "usual",
    "with_bounds", "with_groups", "with_messages", "written", "year_reasons",
]  # fmt: skip

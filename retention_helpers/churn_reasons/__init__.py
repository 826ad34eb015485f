"""Why customers leave: what they said, whether that changes and for whom, and what it implies.

Every function but the first takes frames: `losses` reads the business once, one row a customer lost.
"""

from retention_helpers.churn_reasons.answers import (
    Period,
    answered,
    coverage,
    longer_period,
    losses,
    period,
    shown_period,
    silent,
    unmapped_codes,
)
from retention_helpers.churn_reasons.billing import failed_payments, involuntary, recovered
from retention_helpers.churn_reasons.calls import (
    enough,
    interviewed,
    interviews,
    message,
    survey,
    survey_text,
    with_messages,
)
from retention_helpers.churn_reasons.did import (
    answers_with_use,
    claims,
    contradictions,
    said_and_did,
    use_before,
    usual,
)
from retention_helpers.churn_reasons.features import requests, unspoken
from retention_helpers.churn_reasons.groups import by_group, depends_on, side_by_side, with_groups
from retention_helpers.churn_reasons.implications import PLAYS, plays
from retention_helpers.churn_reasons.quotes import comments, latest
from retention_helpers.churn_reasons.ranking import (
    change,
    months_side_by_side,
    order_is_clear,
    shares,
    shares_over_time,
    with_bounds,
)
from retention_helpers.churn_reasons.topics import frequent_phrases, themes

__all__ = [
    "PLAYS",
    "Period",
    "answered",
    "answers_with_use",
    "by_group",
    "change",
    "claims",
    "comments",
    "contradictions",
    "coverage",
    "depends_on",
    "enough",
    "failed_payments",
    "frequent_phrases",
    "interviewed",
    "interviews",
    "involuntary",
    "latest",
    "longer_period",
    "losses",
    "message",
    "months_side_by_side",
    "order_is_clear",
    "period",
    "plays",
    "recovered",
    "requests",
    "said_and_did",
    "shares",
    "shares_over_time",
    "shown_period",
    "side_by_side",
    "silent",
    "survey",
    "survey_text",
    "themes",
    "unmapped_codes",
    "unspoken",
    "use_before",
    "usual",
    "with_bounds",
    "with_groups",
    "with_messages",
]

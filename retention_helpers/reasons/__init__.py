"""Why customers leave: what they said, whether that changes and for whom, and what it implies.

Every function but the first takes frames: `losses` reads the business once, one row a customer lost.
"""

from retention_helpers.reasons.answers import (
    Period,
    coverage,
    longer_period,
    losses,
    period,
    said,
    shown_period,
    silent,
    unmapped_codes,
)
from retention_helpers.reasons.billing import failed_payments, involuntary, recovered
from retention_helpers.reasons.calls import (
    enough,
    interviewed,
    interviews,
    message,
    survey,
    survey_text,
    with_messages,
)
from retention_helpers.reasons.did import (
    answers_with_use,
    claims,
    contradictions,
    said_and_did,
    use_before,
    usual,
)
from retention_helpers.reasons.features import requests, unspoken
from retention_helpers.reasons.groups import by_group, depends_on, side_by_side, with_groups
from retention_helpers.reasons.implications import PLAYS, plays
from retention_helpers.reasons.quotes import comments, latest
from retention_helpers.reasons.ranking import (
    change,
    months_side_by_side,
    order_is_clear,
    shares,
    shares_over_time,
    with_bounds,
)
from retention_helpers.reasons.topics import frequent_phrases, themes

__all__ = [
    "PLAYS",
    "Period",
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
    "said",
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

"""The one list of reasons, and how the codes of every source become one of it.

A code is compared without regard to case, blanks and signs, so "Too expensive!" is `too_expensive`. The
owner's own map (`reason_map` in retention.yml) goes before the known ones. What neither knows is
`UNMAPPED`: it counts as an answer, and the page about reasons lists it.
"""

import re
from collections.abc import Mapping

from retention_helpers.contract.tables import REASONS

UNMAPPED = "unmapped"
NOT_ASKED, NOT_ANSWERED = "not_asked", "not_answered"  # no reasons: they say that there is none

# Sources: Stripe's API (cancellation_details.feedback and .reason), Paddle Retain's survey.
_KNOWN = {
    "customer_service": "poor_support",
    "missing_features": "missing_feature",
    "switched_service": "found_alternative",
    "unused": "not_using_enough",
    "canceled_by_retention_policy": "biller_policy",
    "cancellation_requested": NOT_ANSWERED,  # says who ended it, not why
    "not_useful_right_now": "not_using_enough",
    "didn_t_see_the_value": "did_not_deliver_value",
    "missing_features_hard_to_use": "missing_feature",
}

# What a customer reads on the cancel page that the report proposes, in its order.
SURVEY = {
    "not_using_enough": "I do not use it enough",
    "too_expensive": "It is too expensive",
    "missing_feature": "It lacks something I need",
    "found_alternative": "I found an alternative",
    "did_not_deliver_value": "It did not do for me what I hoped",
    "other": "Something else",
}


def normal(code: str) -> str:
    """A code without case, blanks and signs.

    >>> normal(" Missing features / hard to use")
    'missing_features_hard_to_use'
    """
    return "_".join(re.findall(r"[^\W_]+", code.lower()))


CODES: Mapping[str, str] = {
    **{normal(words): reason for reason, words in SURVEY.items()},
    **_KNOWN,
    **{reason: reason for reason in (*REASONS, NOT_ASKED, NOT_ANSWERED)},
}


def reason_of(code: str, own: Mapping[str, str]) -> str:
    """The reason behind a source's code; `UNMAPPED` where no map knows it. `own` is the owner's map.

    >>> reason_of("Unused", {}), reason_of("zu teuer", {"Zu teuer": "too_expensive"})
    ('not_using_enough', 'too_expensive')
    >>> reason_of("bad weather", {})
    'unmapped'
    """
    wanted = normal(code)
    first = {normal(theirs): reason for theirs, reason in own.items()}
    return first.get(wanted) or CODES.get(wanted, UNMAPPED)

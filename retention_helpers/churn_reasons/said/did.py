"""What they said against what they did, as the page shows it."""

from typing import Any

import pandas as pd

from retention_helpers.churn_reasons import did
from retention_helpers.churn_reasons.answers import YEAR
from retention_helpers.churn_reasons.did import FEWEST_DAYS, STAY, USE_DAYS, Use, Usual, hardly_used
from retention_helpers.churn_reasons.quotes import SHOWN
from retention_helpers.churn_reasons.said.wording import in_words, named
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import COUNT, NUMBER, RATE, fields
from retention_helpers.words import formats

__all__ = ["claims", "contradictions", "said_and_did", "use"]


def _who_hardly_used_it(rows: pd.DataFrame, typical: Usual) -> Sentence:
    """What is usual among those who stay, and who had hardly used it."""
    if not typical.customers:
        return Sentence(
            "Without a table of events nothing is known of what customers did; bring it, and this section "
            "compares."
        )
    usual = (
        f"The middle one of {formats.plural(typical.customers, 'customer')} who stay uses the product on "
        f"{formats.number(typical.days_a_week, 1)} days a week."
    )
    gone, stay = hardly_used(rows), hardly_used(rows, of=STAY)
    if not gone.denominator:
        return Sentence(f"{usual} Of nobody who answered the use before is known.")
    return Sentence(
        f"{usual} Of {formats.count(gone.denominator)} who answered, {formats.count(gone.numerator)} had "
        f"hardly used it before they asked to leave: {formats.rate(gone.value, gone.low, gone.high)}, "
        f"against {formats.percent(stay.value)} of those who stay."
    )


said_and_did = Measure(
    did.said_and_did,
    f"Use before they asked to leave, by reason, last {YEAR} months",
    sentence=_who_hardly_used_it,
)


def _use_record(use: Use) -> dict[str, Any]:
    return {
        "use": {
            "days": USE_DAYS,
            "fewest_days": FEWEST_DAYS,
            "days_a_week": use.typical.days_a_week,
            "kinds": use.typical.kinds,
            "customers": use.typical.customers,
            "hardly": hardly_used(use.by_reason),
            "by_reason": records(use.by_reason, did.said_and_did),
        }
    }


use = Measure(
    Use,
    findings={
        "use": fields(
            "Use in the days before the first request to cancel, against that of the middle customer who "
            "stays.",
            days=COUNT,
            fewest_days=COUNT,
            days_a_week=NUMBER,
            kinds=NUMBER,
            customers=COUNT,
            hardly=RATE,
            by_reason=rows_of(did.said_and_did),
        )
    },
    record=_use_record,
)


def _what_speaks_against(held: pd.DataFrame) -> Sentence:
    """Where what they did speaks against what they said, more often than with the others."""
    known = held[held["customers"] > 0]
    if known.empty:
        return Sentence("There is no reason that could be held against what customers did.")
    out = known[known["verdict"] == "above the rest"]
    if len(out):
        return Sentence(
            f"Ask these before you act on the reason: {'; '.join(map(_claim, out.itertuples()))}."
        )
    most = known.loc[known["contradicting_share"].idxmax()]
    return Sentence(
        "What they did speaks against no reason clearly more often than it does with the others who left. "
        f"The largest share: {_claim(most)}."
    )


def _claim(row: Any) -> str:
    return (
        f"{formats.count(row.contradicting)} of {formats.count(row.customers)} who named "
        f"{named(row.reason)} {row.did}; of the others who left it is {formats.percent(row.others_share)}"
    )


claims = Measure(
    did.claims,
    f"Reasons that what they did speaks against, last {YEAR} months",
    sentence=_what_speaks_against,
    findings="claims",
    note="Reasons that what they did speaks against; others: those who gave another reason.",
)
contradictions = Measure(
    did.contradictions,
    f"The latest {in_words(SHOWN)}: said one thing, did another",
    findings="contradictions",
)

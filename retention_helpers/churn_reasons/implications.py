"""What each reason implies, and the play for it, ranked by the MRR that it could reach."""

from decimal import Decimal
from typing import NamedTuple

import pandas as pd

from retention_helpers.churn_reasons.answers import REASON, Period, within
from retention_helpers.churn_reasons.ranking import CENT, ORDER, amount_lost
from retention_helpers.contract.reason_codes import UNMAPPED
from retention_helpers.contract.tables import INVOLUNTARY_REASONS
from retention_helpers.shown.units import COUNT, MONEY, TEXT, columns, names_of


class Play(NamedTuple):
    """What a reason implies, and what to do about it: an order for this month."""

    implies: str
    play: str


PLAYS = {
    "not_using_enough": Play(
        "onboarding or fit", "Lead newcomers to a first result in week one; write to those who fade."
    ),
    "too_expensive": Play(
        "value against price",
        "Show what they get before the renewal; offer those who ask to cancel a smaller plan.",
    ),
    "missing_feature": Play(
        "a gap in the product", "Log each request with its MRR; tell those who asked when it is there."
    ),
    "found_alternative": Play("competitiveness", "Ask which one and why; answer it where newcomers compare."),
    "did_not_deliver_value": Play(
        "product–market fit", "Talk to five of them; hold the sales page against their first month."
    ),
    "poor_support": Play("service", "Read their last tickets; promise an answering time that you can keep."),
    "too_complex": Play("ease of use", "Watch two newcomers at their first task; mend where they stop."),
    "low_quality": Play("reliability", "Mend what failed, and tell those who left."),
    "temporary": Play(
        "a need that comes and goes", "Offer a pause on the cancel page; write when their season begins."
    ),
    "business_closed": Play(
        "nothing about the product", "Let them go kindly; ask whom they would recommend you to."
    ),
    "other": Play("unknown yet", "Read the comments; add an answer to the survey that fits them."),
    "payment_failed": Play(
        "the biller, not the product", "Retry cards on other days; write before service ends."
    ),
    "payment_disputed": Play(
        "the invoice was a surprise", "Put your name on the card statement; announce renewals."
    ),
    "biller_policy": Play("the biller's rules", "Look up at the biller which rule ended them."),
}


@columns(reason=REASON, implies=TEXT, play=TEXT, customers=COUNT, mrr_a_month=MONEY.estimate)
def plays(lost: pd.DataFrame, when: Period) -> pd.DataFrame:
    """One row per reason, involuntary ones with them: what it implies, and what the play could reach.

    `mrr_a_month` is the MRR lost for this reason, as the mean of the period's months: as much as the play
    could reach if it kept every one of them. Its interval (Fay and Feuer) is the range that would be no
    surprise with so few losses. Those who did not say why, or in words that no map knows, are in no row. The
    largest first.

    Glossary: MRR a play could reach.
    """
    everybody = within(lost, when)
    named = everybody[
        (everybody["answer"] == "answered") & (everybody["reason"] != UNMAPPED)
        | (everybody["answer"] == "involuntary") & everybody["reason"].isin(INVOLUNTARY_REASONS)
    ]
    largest = max(everybody["mrr"], default=Decimal(0))
    rows = []
    for reason, own in named.groupby("reason"):
        amounts = amount_lost(own, largest)
        a_month = {
            name.replace("mrr_lost", "mrr_a_month"): (amount / when.months).quantize(CENT)
            for name, amount in amounts.items()
        }
        rows.append({"reason": reason, **PLAYS[reason]._asdict(), "customers": len(own), **a_month})
    frame = pd.DataFrame(rows, columns=names_of(plays))
    ordered = frame.assign(place=frame["reason"].map(ORDER)).sort_values(
        ["mrr_a_month", "place"], ascending=[False, True], ignore_index=True
    )
    return ordered.drop(columns="place")

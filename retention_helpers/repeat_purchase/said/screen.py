"""The first screen of the page: who buys again, whom to write to, and what is to be expected."""

import pandas as pd

from retention_helpers.repeat_purchase.expected import Ahead
from retention_helpers.repeat_purchase.repeating import REPEAT_DAYS
from retention_helpers.repeat_purchase.said.again import NEEDS, Totals
from retention_helpers.repeat_purchase.said.silence import expectation
from retention_helpers.shown.cards import Card, Fine, Picture, Screen, screen
from retention_helpers.shown.figures import Figure
from retention_helpers.words import formats

__all__ = ["first_screen"]


def first_screen(
    totals: Totals, overdue: pd.DataFrame, ahead: Ahead, picture: Figure | None, currency: str
) -> Screen:
    """The answers of the page in three cards; one sentence where there are no orders."""
    if not totals.customers:
        return screen(NEEDS, [])
    rate = totals.repeat
    share = formats.percent(rate.value, 0) if rate.denominator else "Too early to say how many"
    who = (
        f"write to the {formats.plural(len(overdue), 'customer')} who fell silent this month"
        if len(overdue)
        else "nobody fell silent this month"
    )
    lost = (
        f"{formats.count(totals.lapsed)} of {formats.plural(totals.customers, 'customer')} are "
        "overdue: silent for "
        "far longer than is usual for them."
    )
    return screen(
        f"{share} of first-time buyers buy again within {REPEAT_DAYS} days; {who}.",
        [
            Card("Who buys again", (Picture(picture),)) if picture else None,
            Card("Whose silence is a loss", (Fine(lost),)),
            Card("What is to be expected", (Fine(expectation(ahead, currency).text),)),
        ],
    )

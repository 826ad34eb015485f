"""The first screen of the page: whom to bring back, whom to thank, and whether it paid."""

import pandas as pd

from retention_helpers.shown.cards import Card, Fine, Line, Lines, Screen, screen
from retention_helpers.win_back_and_loyalty.away import GONE
from retention_helpers.win_back_and_loyalty.campaigns import MAILED
from retention_helpers.win_back_and_loyalty.letters import Sent
from retention_helpers.win_back_and_loyalty.said.loyalty import nps_sentence
from retention_helpers.win_back_and_loyalty.said.win_back import added_sentence
from retention_helpers.words import formats
from retention_helpers.words.commands import command

__all__ = ["first_screen"]


def first_screen(
    sent: Sent, added: pd.DataFrame, thanks: pd.DataFrame, nps: pd.DataFrame, currency: str
) -> Screen:
    """The three answers of the page."""
    mailed = sent.drawn[sent.drawn["group"] == MAILED]
    works = [row.campaign for row in added.itertuples() if row.verdict == "better"]
    paid = f"{formats.words(works[0])} paid" if works else "no campaign is known to have paid yet"
    reach = formats.plural(len(mailed), "customer")
    headline = (
        f"Mail {reach} this month, thank {formats.count(len(thanks))}; {paid}."
        if len(mailed)
        else f"Nobody to mail this month, {formats.count(len(thanks))} to thank; {paid}."
    )
    return screen(
        headline,
        [
            _to_mail(sent, currency),
            Card("Did it pay?", tuple(Fine(item) for item in added_sentence(added).items)),
            Card("Would they recommend you?", (Fine(nps_sentence(nps).text),)) if len(nps) else None,
        ],
    )


def _to_mail(sent: Sent, currency: str) -> Card | None:
    lines = []
    for plan in sent.plans.itertuples():
        own = sent.drawn[sent.drawn["campaign"] == plan.campaign]
        mailed = own[own["group"] == MAILED]
        if own.empty:
            continue
        who = "who left" if plan.kind == GONE else "who pay and do not use it"
        held = f", {formats.count(len(own) - len(mailed))} held out by lot" if len(mailed) < len(own) else ""
        at_stake = formats.money(sum(mailed["mrr"]), currency)
        record = command(f"draw {plan.campaign} --data DIR")
        lines.append(
            Line(
                f"{formats.plural(len(mailed), 'customer')} {who}{held}:",
                f"{at_stake} a month. The mails are in actions/win_back.csv; on the day you send them, run "
                f"{record}.",
            )
        )
    return Card("Whom to bring back", (Lines(tuple(lines)),)) if lines else None

"""The first screen of the page: whom to bring back, whom to thank, and whether it paid."""

import pandas as pd

from retention_helpers.shipped import SAMPLE
from retention_helpers.shown.cards import Card, Fine, Line, Lines, Screen, screen
from retention_helpers.shown.sentences import listed
from retention_helpers.win_back_and_loyalty.away import GONE
from retention_helpers.win_back_and_loyalty.campaigns import MAILED
from retention_helpers.win_back_and_loyalty.letters import Sent
from retention_helpers.win_back_and_loyalty.said.loyalty import nps_sentence
from retention_helpers.win_back_and_loyalty.said.win_back import added_sentence
from retention_helpers.words import formats
from retention_helpers.words.commands import draw

__all__ = ["first_screen"]


def first_screen(
    sent: Sent, added: pd.DataFrame, thanks: pd.DataFrame, nps: pd.DataFrame, currency: str
) -> Screen:
    """The three answers of the page."""
    mailed = sent.drawn[sent.drawn["group"] == MAILED]
    works = [row.campaign for row in added.itertuples() if row.verdict == "better"]
    paid = f"{formats.words(works[0])} paid" if works else "no campaign is known to have paid yet"
    reach = formats.plural(len(mailed), "customer")
    to_mail = f"{reach} to mail" if len(mailed) else "Nobody to mail"
    thanked = f", {formats.count(len(thanks))} earned a word of thanks" if len(thanks) else ""
    headline = f"{to_mail} this month{thanked}; {paid}."
    return screen(
        headline,
        [
            _to_mail(sent, currency),
            Card("Did it pay?", tuple(Fine(item) for item in added_sentence(added).items)),
            Card("Would they recommend you?", (Fine(nps_sentence(nps).text),)) if len(nps) else None,
        ],
    )


def _to_mail(sent: Sent, currency: str) -> Card | None:
    lines, drawn = [], []
    for plan in sent.plans.itertuples():
        own = sent.drawn[sent.drawn["campaign"] == plan.campaign]
        mailed = own[own["group"] == MAILED]
        if own.empty:
            continue
        who = "who left" if plan.kind == GONE else "who pay and do not use it"
        held = f", {formats.count(len(own) - len(mailed))} held out by lot" if len(mailed) < len(own) else ""
        at_stake = formats.money(sum(mailed["mrr"]), currency)
        lines.append(Line(f"{formats.plural(len(mailed), 'customer')} {who}{held}:", f"{at_stake} a month."))
        drawn.append(draw(plan.campaign, "DIR" if sent.folder == SAMPLE else sent.folder))
    run = f"The mails are in actions/win_back.csv. On the day you send them, run {listed(drawn)}."
    return Card("Whom to bring back", (Lines(tuple(lines)), Fine(run))) if lines else None

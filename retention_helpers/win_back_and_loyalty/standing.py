"""The two standing campaigns, one a kind: whether a lot can tell what they add, and who is drawn now."""

import hashlib
import math
from collections.abc import Sequence

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.shown.units import (
    COUNT,
    MONTH,
    SHARE,
    TEXT,
    YES_NO,
    columns,
    names_of,
    one_of,
)
from retention_helpers.statistics.power import pace
from retention_helpers.win_back_and_loyalty.away import KINDS, LAPSED, LAST, sees_silence
from retention_helpers.win_back_and_loyalty.campaigns import (
    HELD_OUT,
    MAILED,
    NOT_CREDITED,
    STANDING,
    VERDICTS,
    WAKES_LEAVERS,
    Campaign,
    baselines,
    effect_on,
    enrolled,
    word_of,
)
from retention_helpers.words import calendar

HALF = 0.5
MOST_MONTHS = 24  # in which a verdict has to be reached
HELD = {"by lot": HALF, "everybody": 0.0, "nobody": 1.0}  # the share that is not mailed
REFUTED = ("worse", "no large effect", WAKES_LEAVERS)


@columns(
    campaign=TEXT,
    kind=one_of(*KINDS)("For"),
    way=one_of(*HELD)("Who is mailed"),
    share_held_out=SHARE("Held out"),
    baseline=SHARE("Back by themselves"),
    smallest_effect=SHARE(is_shown=False),
    needed=COUNT("Needed a group"),
    drawn=COUNT("Drawn so far"),
    now=COUNT("To draw now"),
    a_month=COUNT("New a month"),
    months=COUNT.or_null("Months to the verdict"),
    verdict_in=MONTH.or_null("Verdict in"),
    verdict=one_of(*VERDICTS).or_null("Verdict so far"),
    is_over=YES_NO(is_shown=False),
)
def standing(
    business: Business, natural: pd.DataFrame, found: pd.DataFrame, read: Sequence[Campaign]
) -> pd.DataFrame:
    """One row per standing campaign: whether half are held out by lot, until when, and whom it reaches now.

    None for the lapsed where nothing tells who is.

    A hold-out is drawn where, at this pace, the gain over the natural return that a campaign is planned for
    can be told within MOST_MONTHS months; else everybody is mailed, and no return can be credited to the
    campaign. Once it is over as *better* everybody is mailed; nobody is, once it is *worse*, *no large
    effect* or *brings back, but more leave*, or the planned size was reached without a verdict. Takes
    `natural_return`, `away` and the campaigns as they were read.

    Glossary: hold-out.
    """
    base = baselines(natural)
    so_far = enrolled(business)
    known = {one.name: one for one in read}
    records = []
    for campaign, kind in STANDING.items():
        if kind == LAPSED and not sees_silence(business):
            continue
        own = so_far[so_far["campaign"] == campaign]
        waiting = len(to_draw(business, found, campaign))
        a_month = int(natural.loc[natural["kind"] == kind, "a_month"].iloc[0])
        effect = effect_on(base[kind])
        plan = pace(base[kind], effect, shares=(HALF, HALF), a_month=a_month, days=LAST)
        left = max(plan.in_all - _compared(known.get(campaign)) - waiting, 0)
        months = math.ceil(left / a_month) + LAST // 30 if a_month or not left else math.nan
        word = word_of(known[campaign]) if campaign in known else None
        is_over = campaign in known and known[campaign].comparison.is_over
        way = _way(word, is_over=is_over, is_possible=months <= MOST_MONTHS)
        ahead = int(months) if way == "by lot" else None
        told = calendar.months_after(business.as_of, ahead) if ahead is not None else None
        counts = (plan.size, len(own), waiting, a_month)
        records.append(
            (campaign, kind, way, HELD[way], base[kind], effect, *counts, ahead, told, word, is_over)
        )
    return pd.DataFrame(records, columns=names_of(standing), dtype="object")


def _compared(campaign: Campaign | None) -> int:
    """How many were drawn in months in which a lot fell."""
    if campaign is None or campaign.reason == NOT_CREDITED:
        return 0
    return int(campaign.rows["by_lot"].sum())


def _way(word: str | None, *, is_over: bool, is_possible: bool) -> str:
    """Who is mailed, by the verdict so far (None before the first draw)."""
    if word in REFUTED or (is_over and word != "better"):
        return "nobody"
    is_told = is_over and word == "better"
    return "by lot" if is_possible and not is_told else "everybody"


def to_draw(business: Business, found: pd.DataFrame, campaign: str) -> pd.DataFrame:
    """Those of `away` whom a standing campaign may write to and who were never drawn into it."""
    so_far = enrolled(business)
    drawn = so_far.loc[so_far["campaign"] == campaign, "customer_id"]
    own = found[(found["kind"] == STANDING[campaign]) & (found["cause"] == "")]
    return own[~own["customer_id"].isin(drawn)]


def drawn_now(business: Business, found: pd.DataFrame, plans: pd.DataFrame) -> pd.DataFrame:
    """One row per customer whom a standing campaign reaches this month: campaign, group, and those of `away`.

    The same customers fall into the same groups however often it is drawn, because the lot is seeded by
    campaign and customer. Nobody stands in a campaign that mails nobody.

    Glossary: drawn by lot.
    """
    parts = []
    for plan in plans.itertuples():
        own = to_draw(business, found, str(plan.campaign))
        if plan.way == "nobody":
            continue
        groups = lot(str(plan.campaign), own) if plan.way == "by lot" else [MAILED] * len(own)
        parts.append(own.assign(campaign=plan.campaign, group=groups))
    none = found.head(0).assign(campaign=None, group=None)
    return pd.concat(parts, ignore_index=True) if parts else none


def lot(campaign: str, rows: pd.DataFrame) -> list[str]:
    """Mailed or held out, half and half within plan and value: for each of these rows.

    Takes customer_id, plan and mrr. In each plan, and of each half by MRR, customers stand in the order of a
    fingerprint of campaign and customer, and every second is held out; a last one without a partner is
    followed by the next plan's first.
    """
    if rows.empty:
        return []
    prints = [fingerprint(campaign, who) for who in rows["customer_id"]]
    amounts = rows["mrr"].astype(float)
    is_large = amounts > amounts.groupby(rows["plan"]).transform("median")
    keys = list(zip(rows["plan"], is_large, prints, strict=True))
    first = int(min(prints), 16) % 2  # who begins is left to chance as well
    order = sorted(range(len(keys)), key=keys.__getitem__)
    groups = [""] * len(keys)
    for place, row in enumerate(order):
        groups[row] = HELD_OUT if place % 2 == first else MAILED
    return groups


def fingerprint(campaign: str, customer: str) -> str:
    """
    >>> fingerprint("win_back", "C-1") == fingerprint("win_back", "C-1") != fingerprint("silent", "C-1")
    True
    """
    return hashlib.sha256(f"{campaign}\x1f{customer}".encode()).hexdigest()

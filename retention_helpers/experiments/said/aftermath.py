"""What is said of announcements: how many more left than usual, what that cost, and what would tell."""

from typing import Any

import pandas as pd

from retention_helpers.experiments.aftermath import (
    BESIDE,
    CANNOT,
    DRIFTED,
    FALSE_ALARMS,
    FEW,
    FEWER,
    MIXED,
    MORE,
    NOT_OVER,
    WIDE,
    YOUNG,
    aftermaths,
)
from retention_helpers.experiments.announced import PLAN
from retention_helpers.experiments.lives import HORIZON_DAYS
from retention_helpers.shown import figures
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Remarks
from retention_helpers.statistics.before_after import FEWEST_PERIODS
from retention_helpers.statistics.intervals import LEVEL
from retention_helpers.words import formats

__all__ = ["what_it_did"]

MOST_SAID = 4
BY_LOT = "what is announced first to one half, drawn by lot, can be told"
WITHIN = f"within {HORIZON_DAYS} days"


def about_announcements(rows: pd.DataFrame, currency: str = "") -> Remarks:
    """What each announcement did, those with a clear answer first, then the latest."""
    if rows.empty:
        return Remarks(("Nothing was announced: notes.csv (happened_on, note) says what happened when.",))
    place = rows["verdict"].map({MORE: 0, FEWER: 1, CANNOT: 3}).fillna(2)
    ordered = rows.assign(place=place).sort_values(["place", "happened_on"], ascending=[True, False])
    judged = int(rows["change"].notna().sum())
    said = [_one(row, judged, currency) for row in ordered.head(MOST_SAID).itertuples()]
    more = len(rows) - len(said)
    return Remarks((*said, *([f"{formats.count(more)} more in the table."] if more else [])))


def _one(row: Any, judged: int, currency: str) -> str:
    head = f"{row.what} ({formats.day(row.happened_on)}): {row.verdict}."
    told = [_counted(row), _by_chance(row, judged), _alone(row), _money(row, currency), _would_tell(row)]
    return " ".join(filter(None, [head, *told, _asked(row)]))


def _counted(row: Any) -> str:
    if formats.is_missing(row.change):
        return ""
    difference = formats.difference(row.change, row.change_low, row.change_high)
    reached = formats.plural(row.exposed, "customer")
    left = f"{formats.count(row.left)} of {reached} whom it reached left {WITHIN}"
    if row.way == BESIDE:
        others = f"the {formats.plural(row.control, 'customer')} whom it did not reach"
        return f"{left}; held against {others}, that is {difference} points from the usual."
    return (
        f"{left}, as usual about {formats.count(max(round(row.usual), 0))} would have: {difference} points."
    )


def _by_chance(row: Any, judged: int) -> str:
    """Why a difference whose interval leaves out 0 is not clear all the same."""
    leaves_out_0 = row.change_low > 0 or row.change_high < 0
    if not leaves_out_0 or row.p_value < 1 - LEVEL:
        return ""
    among = f"Of {formats.count(judged)} announcements judged" if judged > 1 else "With so few who left,"
    return f"{among} one may be so far off by chance (p {formats.p_value(row.p_value)})."


def _alone(row: Any) -> str:
    """What before and after would have said, where the others whom it did not reach do not bear it out."""
    is_open = row.way == BESIDE and row.change_low <= 0 <= row.change_high
    if not is_open or row.alone_low <= 0 <= row.alone_high:
        return ""
    difference = formats.difference(row.alone, row.alone_low, row.alone_high)
    return f"Before and after alone that would be {difference} points, whatever else came in these days."


def _asked(row: Any) -> str:
    """What is asked of an owner who wrote no line about a change that the data show."""
    if row.is_noted:
        return ""
    if row.kind == PLAN:
        return "The data alone show it: notes.csv can name the day on which you said it."
    return (
        "The data alone show it: if you changed the price, write in notes.csv on which day you said so; if "
        "these customers bought more or less at the same price, it was no announcement."
    )


def _money(row: Any, currency: str) -> str:
    """What it cost, where it is clear; what a price brings, in any case.

    Before and after alone does not say that somebody left because of it.
    """
    if formats.is_missing(row.worth):
        lost = formats.amount(row.mrr, row.mrr_low, row.mrr_high, currency)
        return f"That is {lost} of MRR." if row.verdict in (MORE, FEWER) else ""
    most = formats.amount(max(row.mrr_high, 0), currency=currency)
    least = formats.amount(max(row.mrr_low, 0), currency=currency)
    lost = f"between {least} and {most}" if row.mrr_low > 0 else f"at most {most}"
    return (
        f"The new price brings {formats.amount(row.brings, currency=currency)} of MRR from those who stayed, "
        f"and {lost} {'left because of it' if row.way == BESIDE else 'more than usual left'}: {row.worth}."
    )


def _would_tell(row: Any) -> str:
    """Why it cannot be told, and what would."""
    if row.verdict != CANNOT:
        return ""
    days = f"{HORIZON_DAYS} days"
    return {
        NOT_OVER: f"Its {days} end on {formats.day(row.told_on)}; the report of that month judges it.",
        FEW: f"It reached {formats.plural(row.exposed, 'customer')}, too few for any answer.",
        YOUNG: f"That takes {FEWEST_PERIODS} whole periods of {days} before it, and the data hold "
        f"{formats.count(row.periods)}.",
        DRIFTED: f"Leaving was on its way already; {BY_LOT}.",
        FALSE_ALARMS: f"{formats.count(row.placebos_clear)} of {formats.count(row.placebos)} earlier periods "
        "without it would have looked the same.",
        MIXED: f"Within {days} of it came: {row.beside}. One at a time can be told apart.",
        WIDE: f"Your periods of {days} differ too much to tell; {BY_LOT}."
        if formats.is_missing(row.needed)
        else f"Too few to tell: about {formats.count(row.needed)} customers reached{_others(row)} would show "
        "half as many again.",
    }[row.why]


def _others(row: Any) -> str:
    return ", and others in proportion," if row.way == BESIDE else ""


what_it_did = Measure(
    aftermaths,
    "What was announced, and how many left after it",
    sentence=about_announcements,
    figure=figures.aftermaths,
    findings="effects",
    note="Notes of the owner and changes of price or plan of a whole plan: how many more of those whom each "
    "reached left within the horizon than usual.",
)

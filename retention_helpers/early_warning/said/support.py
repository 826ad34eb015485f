"""What the page says of how support goes, and of the mails."""

from dataclasses import asdict

import pandas as pd

from retention_helpers.early_warning import support
from retention_helpers.early_warning.support import STEPS, MoodTest
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import CHANGE, RATE, fields
from retention_helpers.words import formats

__all__ = ["mails_by_channel", "mood_test", "support_change", "support_times", "tickets_by_mood"]


def moods(rows: pd.DataFrame, test: MoodTest) -> Sentence:
    """How many tickets are negative, and how far a mood that was told from the text can be believed."""
    if rows.empty:
        return Sentence("It takes tickets.csv with a column sentiment, or text: the mood of the tickets.")
    worst, told = rows.iloc[0], int(rows["told"].sum())
    share = formats.rate_in(worst, "share")
    said = f"Of {formats.plural(worst['known'], 'ticket')} {share} are negative."
    if not told:
        return Sentence(f"{said} All moods were coded by your tool.")
    right, hit, found = test.right, test.negative_right, test.negative_found
    return Sentence(
        f"{said} Nobody coded {formats.count(told)} of them, so their mood was told from the text. On "
        f"{formats.count(right.denominator)} texts in nine languages that its phrases were not made "
        "from, it is "
        f"right in {formats.rate(right.value, right.low, right.high)}: of those told to be negative "
        f"{formats.count(hit.numerator)} of {formats.count(hit.denominator)} are, and "
        f"{formats.count(found.numerator)} of {formats.count(found.denominator)} negative ones are found."
    )


def how_fast(rows: pd.DataFrame) -> Sentence:
    """How many tickets are answered and closed in time, lately."""
    lately = rows[(rows["period"] == support.PERIODS[0]) & (rows["judged"] > 0)]
    if lately.empty:
        return Sentence("It takes tickets.csv with answered_at or closed_at: how long customers wait.")
    limits = {"answered": "within a day", "closed": "within a week"}
    parts = [
        f"{formats.rate_in(row, 'share')} were {row['what']} {limits[row['what']]}{_middle(row)}"
        for _, row in lately.iterrows()
    ]
    return Sentence(f"Of the tickets of the {support.PERIODS[0]}, {'; '.join(parts)}.")


def _middle(row: pd.Series) -> str:
    if formats.is_missing(row["median_hours"]):
        return ""
    return f" (half within {formats.plural(round(row['median_hours']) + 1, 'hour')})"


def channels(rows: pd.DataFrame) -> Sentence:
    """Which channel's mails are opened most."""
    told = rows[rows["old_enough"] > 0] if len(rows) else rows
    if told.empty:
        return Sentence("It takes emails.csv with a column channel: which mails are opened.")
    parts = [f"{formats.rate_in(row, 'open_share')} of “{row['channel']}”" for _, row in told.iterrows()]
    return Sentence(f"Opened were {', '.join(parts)}. Opens are as the mail tool counts them.")


tickets_by_mood = Measure(
    support.by_mood, "Tickets by mood, last 12 months", sentence=moods, findings="moods", part="support"
)
mood_test = Measure(
    support.mood_test,
    findings={"mood_test": fields(right=RATE, negative_right=RATE, negative_found=RATE)},
    record=lambda test: {"mood_test": asdict(test)},
    part="support",
)
support_times = Measure(
    support.times,
    f"Answered within {STEPS['answered']} hours, closed within {STEPS['closed'] // 24} days",
    sentence=how_fast,
    findings="times",
    part="support",
)
support_change = Measure(support.change_of_times, findings={"answered_change": CHANGE}, part="support")
mails_by_channel = Measure(
    support.mails_by_channel,
    "Mails by channel, last 12 months",
    sentence=channels,
    findings="mails",
    part="support",
)

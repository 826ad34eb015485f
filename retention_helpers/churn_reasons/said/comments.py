"""What customers wrote, as the page shows it."""

from typing import Any, NamedTuple

import pandas as pd

from retention_helpers.churn_reasons import features, quotes, topics
from retention_helpers.churn_reasons.answers import YEAR
from retention_helpers.churn_reasons.features import ASKING, UNNAMED
from retention_helpers.churn_reasons.said.wording import named
from retention_helpers.churn_reasons.topics import NO_THEME
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import COUNT, RATE, fields, noted
from retention_helpers.statistics.intervals import Rate
from retention_helpers.words import formats

__all__ = ["frequent_phrases", "latest", "requests", "themes", "unspoken", "written"]


def _what_about(rows: pd.DataFrame) -> Sentence:
    """How much of the comments the themes cover."""
    written = int(rows["written"].iloc[0])
    if not written:
        return Sentence("Nobody wrote a comment in this time.")
    told, rest = rows[rows["theme"] != NO_THEME], int(rows["comments"].iloc[-1])
    if told.empty:
        return Sentence(f"{formats.plural(written, 'comment')}, none of them with a phrase of the lists.")
    first = told.iloc[0]
    them = "it" if rest == 1 else "these"
    unread = f" {formats.count(rest)} {'is' if rest == 1 else 'are'} in no theme: read {them} yourself."
    unread = unread if rest else ""
    return Sentence(
        f"Of {formats.plural(written, 'comment')}, {formats.count(written - rest)} hold a phrase of the "
        f"lists. The theme that comes most often is {named(first['theme'])}, in "
        f"{formats.count(first['comments'])} of them.{unread}"
    )


themes = Measure(
    topics.themes,
    "What the comments are about",
    sentence=_what_about,
    findings="themes",
    note=f"Comments by theme, last {YEAR} months; a comment may belong to several.",
)
latest = Measure(quotes.latest, "The latest comments")


class Written(NamedTuple):
    """What was written: `themes`, and the `latest` of it."""

    themes: pd.DataFrame
    latest: pd.DataFrame


def _written_record(of: Written) -> dict[str, Any]:
    written, in_none = of.themes["written"].iloc[0], of.themes["comments"].iloc[-1]
    last = records(of.latest, quotes.latest)
    return {"comments": {"written": written, "in_a_theme": written - in_none, "latest": last}}


written = Measure(
    Written,
    findings={"comments": fields(written=COUNT, in_a_theme=COUNT, latest=rows_of(quotes.latest))},
    record=_written_record,
)
frequent_phrases = Measure(
    topics.frequent_phrases,
    "Phrases that stand in several comments, whether a theme knows them or not",
    findings="phrases",
)


def _asked_for_most(rows: pd.DataFrame, silent: Rate, currency: str) -> Sentence:
    """The feature that most of those who left had asked for, and how many did not say which."""
    rest = (
        f" {formats.count(silent.numerator)} of {formats.count(silent.denominator)} who named "
        f"{named(ASKING)} wrote no word: which one is not known."
        if silent.numerator
        else ""
    )
    told = rows[rows["feature"] != UNNAMED]
    if told.empty:
        return Sentence(f"No comment says which feature was missing.{rest}")
    first = told.iloc[0]
    many = int(first["customers"])
    return Sentence(
        f"Asked for most: {first['feature']}, by {formats.plural(many, 'customer')} who paid "
        f"{formats.money(first['mrr_lost'], currency)} a month{'' if many == 1 else ' together'}.{rest}"
    )


requests = Measure(
    features.requests,
    "Features asked for by those who left",
    sentence=_asked_for_most,
    findings="requests",
    note=f"Features asked for by those who left, last {YEAR} months.",
)
unspoken = Measure(
    features.unspoken,
    findings={"requests_unspoken": noted(RATE, "Who named a missing feature and wrote no word about which.")},
    record=lambda share: {"requests_unspoken": share},
)

"""What the comments are about: themes by phrases that an owner can check, and phrases that come often."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from retention_helpers.shown.units import CODE, COUNT, MONEY, RATE, TEXT, columns, names_of
from retention_helpers.statistics.intervals import with_rate
from retention_helpers.words.phrases import frequent
from retention_helpers.words.themes import THEMES, lists_of, theme_lists, themes_of

NO_THEME = "no_theme"
OFTEN, MOST_FREQUENT = 3, 15  # comments that make a phrase a frequent one; phrases shown
MOST_PHRASES = 6  # of a theme that a table shows


# What a theme means as a reason; circumstances and bills may mean several.
_MEANS = {
    "price": "too_expensive",
    "missing_feature": "missing_feature",
    "not_used": "not_using_enough",
    "too_complex": "too_complex",
    "reliability": "low_quality",
    "support": "poor_support",
    "alternative": "found_alternative",
    "no_value": "did_not_deliver_value",
}


def proposed_reason(code: str, comments: Sequence[str]) -> str | None:
    """The reason that an answer in other words seems to mean, to be checked; None where nothing tells.

    By the phrases of the themes in the answer itself; where it has none, by those of most of the comments
    beside it.

    >>> proposed_reason("zu teuer", []), proposed_reason("R-17", ["trop cher"]), proposed_reason("R-17", [])
    ('too_expensive', 'too_expensive', None)
    """
    own = _meant(code)
    if own:
        return own
    beside = Counter(meant for comment in comments if (meant := _meant(comment)))
    reason, many = beside.most_common(1)[0] if beside else ("", 0)
    return reason if 2 * many > len(comments) else None


def _meant(text: str) -> str | None:
    """The one reason that the themes of a text mean; None for none, or several."""
    found = {_MEANS.get(theme) for theme in themes_of(text)}
    return found.pop() if len(found) == 1 else None


@columns(theme=CODE, comments=COUNT, written=COUNT(is_shown=False), share=RATE(of=("comments", "written")),
         mrr_lost=MONEY.or_null, phrases=TEXT)  # fmt: skip
def themes(comments: pd.DataFrame) -> pd.DataFrame:
    """One row per theme: how many of the comments belong to it, by which phrases.

    A comment may belong to several themes, so the shares need not add up to 1; what no list puts into a
    theme is `no_theme`, in the last row. Sorted by comments, then MRR. `written` counts all comments;
    `phrases` are the most frequent, each with the number of comments.

    Glossary: theme.
    """
    each = [themes_of(comment) for comment in comments["comment"]]
    rows = []
    for name in (*theme_lists().names, NO_THEME):
        belongs = [name in own if name != NO_THEME else not own for own in each]
        phrases = Counter(phrase for own in each for phrase in own.get(name, ()))
        amount = sum(comments["mrr"][belongs], Decimal(0))
        rows.append((name, sum(belongs), len(each), amount, _counted(phrases)))
    frame = pd.DataFrame(rows, columns=["theme", "comments", "written", "mrr_lost", "phrases"])
    kept = frame[(frame["comments"] > 0) | (frame["theme"] == NO_THEME)]
    ordered = kept.assign(is_last=kept["theme"] == NO_THEME).sort_values(
        ["is_last", "comments", "mrr_lost", "theme"], ascending=[True, False, False, True], ignore_index=True
    )
    return with_rate(ordered, "share", "comments", "written")[names_of(themes)]


@columns(phrase=TEXT, comments=COUNT, themes=CODE.or_null)
def frequent_phrases(comments: pd.DataFrame) -> pd.DataFrame:
    """One row per phrase that stands in several comments, whether a list knows it or not.

    Words, or signs of Chinese, that come together in at least `OFTEN` comments; common words alone are none.
    They show what the themes may miss; `themes` are those that know the phrase.

    Glossary: theme.
    """
    common = lists_of(THEMES)["common"]
    counts = frequent(list(comments["comment"]), at_least=OFTEN, most=MOST_FREQUENT, ignored=common)
    rows = [(phrase, many, ", ".join(themes_of(phrase))) for phrase, many in counts.items()]
    return pd.DataFrame(rows, columns=names_of(frequent_phrases))


def _counted(phrases: Counter[str]) -> str:
    ordered = sorted(phrases.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_PHRASES]
    return ", ".join(f"{phrase} ({many})" for phrase, many in ordered)

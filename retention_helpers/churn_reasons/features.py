"""Which features customers asked for when they left, ranked by customers and MRR, in their own words."""

import itertools
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from retention_helpers.shown.units import COUNT, MONEY, TEXT, columns, names_of
from retention_helpers.statistics.intervals import Rate, rate
from retention_helpers.words.phrases import CLAUSE, PhraseLists, is_unspaced, normal
from retention_helpers.words.themes import lists_of, themes_of

FEATURES = Path(__file__).with_name("features.yml")
ASKING = "missing_feature"  # the reason, and the theme, of those who ask for something
UNNAMED = "(no feature named)"
MOST_WORDS, MOST_SIGNS = 4, 8  # of what is asked for in own words

# What stands before the thing that is asked for, in texts after `normal`.
_ASKS = (
    r"(?:we|i|you) (?:still |really |just )?(?:need|needed|miss|missed|wanted|want)(?: to)?",
    r"(?:please |should |could |when you |if you )add(?:ed)?",
    r"(?:there is|there's|there was|has|have|still|with) no",
    r"^no",
    r"no way to",
    r"(?:can't|cannot|could not|couldn't|not possible to|not able to|unable to)",
    r"lack(?:s|ing|ed)?(?: of)?",
    r"missing",
    r"(?:does not|doesn't|not) support",
    r"wish (?:there was|there were|it had|you had)",
    r"once there is",
    r"fehl(?:t|en)(?: uns| mir)?",
    r"kein(?:e|en)?",
    r"(?:vermisse|brauche|benotige)n?",
    r"il (?:nous |me )?manque",
    r"(?:pas|manque|besoin) (?:de|d')",
    r"falta(?:n|m)?",
    r"(?:no tiene|no hay|nao tem|nao ha)",
    r"(?:necesito|necesitamos|preciso de|precisamos de)",
    r"(?:sinto|sentimos) falta (?:de|do|da)",
    r"manca(?:no)?",
    r"(?:ontbreekt|mis|missen)",
)
_BEFORE = re.compile(rf"(?<!\w)(?:{'|'.join(_ASKS)}) ")
_BEFORE_UNSPACED = re.compile(
    "希望能?(?:支持|增加|有|加)|希望可以|缺少|缺乏|没有|沒有|不支持|不支援|无法|無法|不能|需要|建议增加"
)


@cache
def feature_lists() -> PhraseLists:
    """The phrases that name each feature."""
    return PhraseLists(_listed()["features"])


@cache
def _listed() -> Any:
    return lists_of(FEATURES)


def features_of(comment: str) -> list[str]:
    """The features that a comment names; where it names none of the list, the words after what asks.

    Takes a comment that asks for something; empty where it does not say for what.

    >>> features_of("Please add time tracking, and an Android app")
    ['time tracking', 'mobile app']
    >>> features_of("We need a seating plan. 没有座位图")
    ['“seating plan”', '“座位图”']
    """
    named = dict.fromkeys(one.name for one in feature_lists().found(comment))
    return list(named) or [f"“{words}”" for words in dict.fromkeys(_own_words(comment))]


def _own_words(comment: str) -> list[str]:
    found = []
    for clause in normal(comment).split(CLAUSE):
        before = _BEFORE_UNSPACED if is_unspaced(clause) else _BEFORE
        for match in before.finditer(clause.strip() + " "):
            rest = clause.strip()[match.end() :]
            words = rest[:MOST_SIGNS] if is_unspaced(rest) else _named(rest)
            if words:
                found.append(words)
                break
    return found


def _named(rest: str) -> str:
    """The words of the thing itself: without an article before it, up to where the sentence goes on."""
    articles, ends = _listed()["articles"], _listed()["ends"]
    words = itertools.dropwhile(articles.__contains__, rest.split())
    thing = itertools.takewhile(lambda word: word not in ends, words)
    return " ".join(list(thing)[:MOST_WORDS])


def unspoken(said: pd.DataFrame, comments: pd.DataFrame) -> Rate:
    """Of those who named a missing feature in a period, the share that wrote no word about which.

    Their wishes are in no row of `requests`.

    Glossary: requested feature.
    """
    asked = said.loc[said["reason"] == ASKING, ["customer_id", "lost_on"]]
    wrote = asked.merge(comments[["customer_id", "lost_on"]], on=["customer_id", "lost_on"])
    return rate(len(asked) - len(wrote), len(asked))


@columns(feature=TEXT, customers=COUNT, mrr_lost=MONEY.or_null, quote=TEXT)
def requests(comments: pd.DataFrame) -> pd.DataFrame:
    """One row per feature that customers who left asked for, by customers, then MRR.

    A comment asks for something where its reason is a missing feature, or its theme. Features of the list
    stand by their name, others in the customer's own words in quotation marks; a comment that names none is
    in the last row. A customer who asks for two counts in both. `quote` is the latest.

    Glossary: requested feature.
    """
    asked: dict[str, list[int]] = {}
    for place, row in enumerate(comments.itertuples()):
        if row.reason == ASKING or ASKING in themes_of(row.comment):
            for feature in features_of(row.comment) or [UNNAMED]:
                asked.setdefault(feature, []).append(place)
    rows = [
        (
            feature,
            len(places),
            sum(comments["mrr"].iloc[places], Decimal(0)),
            comments["quote"].iloc[places[0]],
        )
        for feature, places in asked.items()
    ]
    frame = pd.DataFrame(rows, columns=names_of(requests))
    ordered = frame.assign(is_last=frame["feature"] == UNNAMED).sort_values(
        ["is_last", "customers", "mrr_lost", "feature"],
        ascending=[True, False, False, True],
        ignore_index=True,
    )
    return ordered.drop(columns="is_last")

"""The mood of what somebody wrote to support, by phrases that an owner can check; and how often "
"that is right."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path

from retention_helpers.words.phrases import PhraseLists, is_unspaced, normal
from retention_helpers.words.themes import REMEMBERED, lists_of

MOODS = ("negative", "neutral", "positive")
LISTS = Path(__file__).with_name("moods.yml")
LABELLED = Path(__file__).with_name("moods_labelled.yml")


@cache
def mood_lists() -> PhraseLists:
    """The phrases of either mood; without any a text is neutral."""
    listed = lists_of(LISTS)
    return PhraseLists(listed["moods"], denials=listed["denials"])


@lru_cache(maxsize=REMEMBERED)
def mood_of(text: str) -> str:
    """The mood of a text: a complaint goes before thanks; without either it is neutral.

    >>> [mood_of(text) for text in ("Thanks, but it won't load", "太好用了，谢谢", "My invoice?")]
    ['negative', 'positive', 'neutral']
    """
    found = {one.name for one in mood_lists().found(text)}
    if "negative" in found or (not found and _denies(text)):
        return "negative"
    return "positive" if found else "neutral"


def _denies(text: str) -> bool:
    """Whether a text says, and does not ask, that something is not so: to support that is a complaint."""
    if any(sign in text for sign in "?？"):
        return False
    plain = normal(text)
    return any(word in plain if is_unspaced(word) else f" {word} " in f" {plain} " for word in _denials())


@cache
def _denials() -> tuple[str, ...]:
    return tuple(normal(word) for word in lists_of(LISTS)["absences"])


@cache
def held_out() -> Mapping[str, Sequence[str]]:
    """Texts of each mood that the lists were not made from, in nine languages, written for this test."""
    listed: Mapping[str, Sequence[str]] = lists_of(LABELLED)["held_out"]
    return listed


@cache
def told_against_held_out() -> Counter[tuple[str, str]]:
    """How many of the texts that were held out are of which mood, and are told to be of which."""
    return Counter((mood, mood_of(text)) for mood, texts in held_out().items() for text in texts)

"""What a comment is about: its themes, by phrases that an owner can check."""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from retention_helpers.words.phrases import PhraseLists

THEMES = Path(__file__).with_name("themes.yml")
# Every word is a text, also what YAML takes for true or false; LibYAML where it is there, for its speed.
_Texts = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
REMEMBERED = 50_000  # comments whose themes are looked up once


def lists_of(path: Path) -> Any:
    """A file of phrases, every word of it as a text."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Texts)


@cache
def theme_lists() -> PhraseLists:
    """The phrases of every theme."""
    listed = lists_of(THEMES)
    return PhraseLists(
        listed["themes"], denials=listed["denials"], praise=listed["praise"], praised="support"
    )


def themes_of(comment: str) -> dict[str, list[str]]:
    """The themes of a comment, each with the phrases that put it there; empty where none does.

    >>> themes_of("Too expensive, and support never answered. 太贵了")
    {'price': ['expensive', '太贵'], 'support': ['support never']}
    >>> themes_of("The price was fine and not too expensive, support was great.")
    {}
    """
    found: dict[str, list[str]] = {}
    for name, phrase in _found(comment):
        found.setdefault(name, []).append(phrase)
    return found


@lru_cache(maxsize=REMEMBERED)
def _found(comment: str) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys((one.name, one.phrase) for one in theme_lists().found(comment)))

"""A page as it is attached to a mail: one file, whose ways to files that are not there are words again."""

import re
from html import escape

_NAVIGATION = re.compile(r'<nav aria-label="Pages of this report">.*?</nav>\s*', re.DOTALL)
_ELSEWHERE = re.compile(r'<a\s[^>]*href="(?!#|[A-Za-z][A-Za-z0-9+.-]*:)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)
_HEAD_ENDS, _BODY_BEGINS = re.compile(r"(?=</header>)"), re.compile(r"(?<=<body>)")


def attached(page: str, folder: str) -> str:
    """The page alone, with a line that says where the rest lies.

    >>> attached('<body><a href="#c">c</a> <a href="../plan.xlsx">plan</a></body>', "2026-10")[-43:]
    '<a href="#c">c</a> <span>plan</span></body>'
    """
    alone = _ELSEWHERE.sub(r"<span>\1</span>", _NAVIGATION.sub("", page))
    said = (
        '<p role="note">This page was sent alone. What it names besides, other pages and lists, lies in the '
        f"folder {escape(folder)} on the computer that made it.</p>\n"
    )
    place = _HEAD_ENDS.search(alone) or _BODY_BEGINS.search(alone)
    return f"{alone[: place.start()]}{said}{alone[place.start() :]}" if place else said + alone

"""A page as it is attached to a mail: one file, whose ways to files that are not there are words again."""

import re
from html import escape

_NAVIGATION = re.compile(r'<nav aria-label="Pages of this report">.*?</nav>\s*', re.DOTALL)
_ELSEWHERE = re.compile(r'<a\s[^>]*href="(?!#|[A-Za-z][A-Za-z0-9+.-]*:)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)
_BEGINNING = re.compile(r"</header>|<body[^>]*>")


def attached(page: str, folder: str) -> str:
    """The page alone, with a line that says where the rest lies.

    >>> attached('<body><a href="#c">c</a> <a href="../plan.xlsx">plan</a></body>', "2026-10")[-43:]
    '<a href="#c">c</a> <span>plan</span></body>'
    """
    alone = _ELSEWHERE.sub(r"<span>\1</span>", _NAVIGATION.sub("", page))
    said = (
        '<p class="edition" role="note">This page was sent alone. What it names besides, other pages and '
        f"lists, lies in the folder {escape(folder)} on the computer that made it.</p>"
    )
    places = list(_BEGINNING.finditer(alone))
    place = next((one.end() for one in places if one[0] == "</header>"), places[0].end() if places else 0)
    return f"{alone[:place]}\n{said}{alone[place:]}"

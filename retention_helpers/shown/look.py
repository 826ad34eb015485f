"""The look of the pages for where there is no page: JupyterLab, Notebook 7, VS Code.

A notebook's own style puts words on the right and pills one against the other. What stands first in a
notebook brings this style along, and each answer to an own question brings it too; a page has its own, and
takes this one out.
"""

import re
from functools import cache
from pathlib import Path

_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


@cache
def style() -> str:
    """The style as an element of HTML; light or dark as the surroundings are."""
    text = Path(__file__).with_name("look.css").read_text(encoding="utf-8")
    return f"<style>{' '.join(text.split())}</style>"


def without_style(html: str) -> str:
    """The same without the style, for a page.

    >>> without_style("<style>p { color: red }</style><p>So it is.</p>")
    '<p>So it is.</p>'
    """
    return _STYLE.sub("", html)

"""The colours of the pictures: a name a colour, which a page may paint lighter or darker.

Hues after Okabe and Ito 2008, legible for the colour-blind, darkened so far that they carry text on a light
ground. `report/pages/page.css` gives each its value on a light and on a dark page; elsewhere, as in
JupyterLab, the value here holds. Nothing else may be painted: a picture that follows the page has no
colour of its own.
"""

from typing import Any

from matplotlib.colors import to_hex

PALETTE = {
    "ink": "#22262c",
    "grey": "#5f6672",
    "pale": "#8b919c",  # marks of what is too few to judge; no text
    "line": "#e0e2e6",  # of a grid
    "blue": "#0068a6",
    "red": "#b5480a",
    "green": "#007a5c",
    "pink": "#a3507f",
    "sky": "#3d93c9",  # the next three mark, and carry no text
    "mint": "#3f9a77",
    "orange": "#c07f00",
}
INK, GREY, PALE, LINE, BLUE, RED, GREEN, PINK, SKY, MINT, ORANGE = PALETTE.values()
SERIES = (BLUE, RED, GREEN, PINK, INK)
_NAMES = {value: name for name, value in PALETTE.items()}


def paint(colour: Any) -> str:
    """A colour as a page reads it, with the light value for where there is no page.

    >>> paint((0.0, 104 / 255, 166 / 255))
    'var(--figure-blue,#0068a6)'
    """
    value = to_hex(colour)
    return f"var(--figure-{_NAMES[value]},{value})"

"""A figure a function, each drawn from a table that stands just before it.

A figure knows column names and nothing else of the business. It shows itself as a PNG with a text that
says what is to be seen, with the key numbers, for those who cannot see it and for the tests.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from retention_helpers import formats

STYLE = Path(__file__).with_name("retention.mplstyle")
DOTS_PER_INCH = 200
CSS_PER_INCH = 96
BLUE, RED, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6b7280"


@dataclass(frozen=True)
class Figure:
    """A finished figure: the picture, its size on a page, and what it says in words."""

    png: bytes
    width: int
    height: int
    alt: str

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple:
        shown = {"image/png": self.png, "text/plain": self.alt}
        return shown, {"image/png": {"width": self.width, "height": self.height, "alt": self.alt}}

    def __repr__(self) -> str:
        return self.alt


def _finished(canvas: Canvas, alt: str) -> Figure:
    buffer = io.BytesIO()
    canvas.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    width, height = (round(side * CSS_PER_INCH) for side in canvas.get_size_inches())
    return Figure(buffer.getvalue(), width, height, alt)


def _styled[**P](draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draws in the suite's own style, whatever the notebook set."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.style.context(STYLE):
            return draw(*args, **kwargs)

    return styled

"""What every figure shares: its style, its axes, and how it becomes a picture with words."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from retention_helpers.words import formats

STYLE = Path(__file__).with_name("retention.mplstyle")
DOTS_PER_INCH = 168  # sharp on fine screens; a page of twenty figures stays below 600 kB
CSS_PER_INCH = 96
LINE = 12  # points: from one line of small text to the next
COLOURS = 48  # of the palette; more are not seen, and weigh a third more
BLUE, RED, GREEN, GREY, INK = "#0072B2", "#D55E00", "#009E73", "#6b7280", "#22262c"

P = ParamSpec("P")
Drawn = TypeVar("Drawn")


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


def finished(canvas: Canvas, alt: str) -> Figure:
    canvas.set_dpi(DOTS_PER_INCH)
    drawing = FigureCanvasAgg(canvas)
    drawing.draw()
    # A palette makes the file a third of the size: a page has to stay below 600 kB.
    pixels = Image.fromarray(np.asarray(drawing.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    pixels.quantize(COLOURS, method=Image.Quantize.FASTOCTREE).save(buffer, format="png", optimize=True)
    width, height = (round(side * CSS_PER_INCH) for side in canvas.get_size_inches())
    return Figure(buffer.getvalue(), width, height, alt)


def styled(draw: Callable[P, Drawn]) -> Callable[P, Drawn]:
    """Draws in the suite's own style, whatever the notebook set."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Drawn:
        with mpl.style.context(STYLE, after_reset=True):
            return draw(*args, **kwargs)

    return styled


def blank(height: float, *, width: float = 7.4) -> tuple[Canvas, Axes]:
    canvas = Canvas(figsize=(width, height), layout="tight")
    return canvas, canvas.add_subplot()


def percent_axis(axis: mpl.axis.Axis, top: float) -> None:
    digits = 0 if top > 0.06 else 1
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: formats.percent(value, digits)))


def month_axis(axes: Axes, months: Sequence[pd.Timestamp]) -> None:
    """A tick for about every third month; the year where it changes."""
    step = max(1, round(len(months) / 8))
    places = list(range(len(months)))[::-1][::step][::-1]
    axes.set_xticks(places, [formats.short_month(months[place]) for place in places])


def draw_notes(axes: Axes, notes: pd.DataFrame, months: Sequence[pd.Timestamp]) -> list[str]:
    """The owner's notes as numbered lines; returns what to write under the figure."""
    if notes.empty:
        return []
    first = months[0]
    said = []
    for nth, note in enumerate(notes.itertuples(), start=1):
        day = pd.Timestamp(note.happened_on)
        place = (day.year - first.year) * 12 + day.month - first.month + (day.day - 1) / 31 - 0.5
        if not -0.5 <= place <= len(months) - 0.5:
            continue
        axes.axvline(place, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)))
        axes.annotate(
            str(nth), (place, 1), xycoords=("data", "axes fraction"), xytext=(2, -9),
            textcoords="offset points", fontsize=8, color=GREY,
        )  # fmt: skip
        said.append(f"{nth} {note.note} ({formats.day(day)})")
    return said


def write_below(axes: Axes, said: Sequence[str]) -> None:
    if said:
        axes.set_xlabel("\n".join(said), loc="left", fontsize=8, color=GREY, labelpad=8)


def numbers_at_risk(
    axes: Axes, rows: Sequence[tuple[str, pd.Series, str]], ticks: Sequence[int], since: str
) -> None:
    """Under the axis of a survival curve: how many were at risk at each tick, a row a curve.

    Takes the name of each curve, its numbers by the place on the axis, and its colour; `since` is what the
    axis counts, such as "months since the first day".
    """
    for nth, (name, at_risk, colour) in enumerate(rows):
        below = -22 - LINE * nth
        axes.annotate(
            name, (0, 0), xycoords="axes fraction", xytext=(-16, below), textcoords="offset points",
            ha="right", va="top", fontsize=8, color=colour,
        )  # fmt: skip
        for tick in ticks:
            if tick in at_risk.index:
                axes.annotate(
                    formats.count(at_risk[tick]), (tick, 0), xycoords=("data", "axes fraction"),
                    xytext=(0, below), textcoords="offset points", ha="center", va="top", fontsize=8,
                    color=colour,
                )  # fmt: skip
    axes.set_xlabel(
        f"{since}; below them, customers at risk", loc="left", fontsize=8, color=GREY,
        labelpad=LINE * len(rows) + 9,
    )  # fmt: skip

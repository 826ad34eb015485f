"""What every figure shares: its style, its two widths, its axes, and how it becomes a picture with words."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from html import escape
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, overload

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from retention_helpers.shown.figures.colours import BLUE, GREEN, GREY, INK, LINE, PALE, RED, paint
from retention_helpers.shown.figures.svg import CSS_PER_INCH, FONT, GROUND, HINT, as_svg
from retention_helpers.words import calendar, formats

__all__ = [
    "BLUE", "GREEN", "GREY", "INK", "LINE", "PALE", "RED", "Canvas", "Drawing", "Figure", "blank",
    "draw_notes", "finished", "hint", "is_narrow", "month_axis", "numbers_at_risk", "panels", "percent_axis",
    "points_axis", "styled",
]  # fmt: skip

STYLE = Path(__file__).with_name("retention.mplstyle")
WIDE, NARROW = 672, 330  # css pixels: a column of a page and of A4, and a telephone
SMALL = 8.5  # points
LINE_HEIGHT = 12  # points: from one line of small text to the next
CLOSE = 0.05  # of the axis: two notes whose numbers would run together
LETTERS = 88  # of a title, before it goes on in the next line
_narrow = ContextVar("narrow", default=False)
_alone = ContextVar("alone", default=False)

P = ParamSpec("P")
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Drawing:
    """A figure at one width: an element `svg`, and the words that go with it."""

    svg: str
    title: str
    alt: str
    below: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A finished figure, drawn for a wide column and for a narrow one, and what it says in words.

    Attributes:
        wide, narrow: elements `svg` of a size of their own; a page shows one of them.
        title: stands above the picture.
        alt: what is to be seen, with the key numbers.
        below: lines under the picture, such as the owner's notes.
    """

    wide: str
    narrow: str
    title: str
    alt: str
    below: tuple[str, ...] = ()

    @property
    def framed(self) -> str:
        """The wide picture with its words, for where a picture stands alone, as in JupyterLab.

        A page takes the drawing, which is an element `svg` by itself, out of the frame.
        """
        above = textwrap.wrap(self.title, LETTERS)
        below = [line for one in self.below for line in textwrap.wrap(one, LETTERS + 12)]
        top, bottom = 20 * len(above), 17 * len(below) + (8 if below else 0)
        height = int(self.wide.partition(' height="')[2].partition('"')[0])
        words = [
            f'<text x="0" y="{20 * nth + 14 - top}" font-size="14" font-weight="600">{escape(line)}</text>'
            for nth, line in enumerate(above)
        ]
        words += [
            f'<text x="0" y="{height + 17 * (n + 1)}">{escape(one)}</text>' for n, one in enumerate(below)
        ]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{top + height + bottom}" '
            f'viewBox="0 {-top} {WIDE} {top + height + bottom}" font-family="{FONT}" font-size="12" '
            f'fill="{paint(INK)}" style="background:{GROUND}">{self.wide}{"".join(words)}</svg>'
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple:
        about = {"title": self.title, "alt": self.alt, "below": list(self.below), "narrow": self.narrow}
        return {"image/svg+xml": self.framed, "text/plain": self.alt}, {"image/svg+xml": about}

    def __repr__(self) -> str:
        return self.alt


def finished(canvas: Canvas, title: str, alt: str, below: Sequence[str] = ()) -> Drawing:
    """What a drawing function gives back; `title` and `below` stand outside the picture, as text."""
    return Drawing(as_svg(canvas, "narrow" if is_narrow() else "wide"), title, alt, tuple(below))


@overload
def styled(draw: Callable[P, Drawing]) -> Callable[P, Figure]: ...
@overload
def styled(draw: Callable[P, Drawing | None]) -> Callable[P, Figure | None]: ...
def styled(draw: Callable[P, Drawing | None]) -> Callable[P, Figure | None]:
    """Draws for both widths, in the suite's own style, whatever the notebook set."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure | None:
        with mpl.rc_context(_style()):
            wide = draw(*args, **kwargs)
            if wide is None:
                return None
            if _alone.get():
                return Figure(wide.svg, "", wide.title, wide.alt, wide.below)
            token = _narrow.set(True)
            try:
                narrow = draw(*args, **kwargs)
            finally:
                _narrow.reset(token)
        assert narrow is not None
        return Figure(wide.svg, narrow.svg, wide.title, wide.alt, wide.below)

    return styled


@contextmanager
def in_a_notebook() -> Iterator[None]:
    """Draws for the wide column alone: nobody reads a notebook on a telephone, and two take twice as long."""
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


@cache
def _style() -> Any:
    chosen = mpl.rc_params_from_file(STYLE, use_default_template=True)
    return {name: value for name, value in chosen.items() if not name.startswith("backend")}


def is_narrow() -> bool:
    """Whether the present drawing is the one for a telephone."""
    return _narrow.get()


def blank(height: float, narrow_height: float | None = None) -> tuple[Canvas, Axes]:
    """A canvas of the present width with one pair of axes; heights in inches."""
    canvas, axes = panels(1, height, narrow_height)
    return canvas, axes[0]


def panels(
    rows: int, height: float, narrow_height: float | None = None, *, columns: int = 1, share: bool = False
) -> tuple[Canvas, list[Axes]]:
    """A canvas of the present width with panels of the same size; heights in inches of the whole."""
    chosen = narrow_height if is_narrow() and narrow_height is not None else height
    width = NARROW if is_narrow() else WIDE
    canvas = Canvas(figsize=(width / CSS_PER_INCH, chosen))
    # of the whole picture, which `rect` of its own would say, too, by measuring everything twice
    canvas.set_layout_engine("tight", pad=0.15, h_pad=0.9, w_pad=1.2, rect=None)
    return canvas, list(canvas.subplots(rows, columns, squeeze=False, sharex=share, sharey=share).flat)


def hint(
    axes: Axes, across: tuple[float, float], words: str, down: tuple[float, float] | None = None
) -> None:
    """Words that appear where a hand rests on a part of the picture: value, interval, and of how many.

    A part reaches from one place to another across and, unless it is as high as the axes, down. None of them
    on a telephone, where no hand rests. What they say stands in the table, too.
    """
    if is_narrow():
        return
    low, high = down or (0.0, 1.0)
    box = Rectangle((across[0], low), across[1] - across[0], high - low, visible=True, linewidth=0)
    box.set_facecolor("none")
    box.set_gid(f"{HINT}{words}")
    box.set_in_layout(False)
    box.set_zorder(100)  # above the words that stand in it
    box.set_transform(axes.transData if down else axes.get_xaxis_transform())
    box.set_clip_path(axes.patch)
    axes.add_artist(box)


def percent_axis(axis: mpl.axis.Axis, top: float) -> None:
    digits = 0 if top > 0.06 else 1
    axis.set_major_locator(MaxNLocator(nbins=4 if is_narrow() else 6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: formats.percent(value, digits)))


def points_axis(axis: mpl.axis.Axis) -> None:
    """Of differences of two shares, with their signs."""
    axis.set_major_locator(MaxNLocator(nbins=4 if is_narrow() else 7, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: formats.points(value).removesuffix(".0").replace("±0", "0"))
    )


def month_axis(
    axes: Axes,
    months: Sequence[pd.Timestamp],
    most: int | None = None,
    *,
    write: Callable[[Any], str] = formats.short_month,
) -> None:
    """A tick for about every third month, counted from the last; fewer where there is little room."""
    step = max(1, -(-len(months) // (most or (4 if is_narrow() else 8))))
    places = list(range(len(months)))[::-1][::step][::-1]
    axes.set_xticks(places, [write(months[place]) for place in places])


def draw_notes(axes: Axes, notes: pd.DataFrame | None, months: Sequence[pd.Timestamp]) -> list[str]:
    """The owner's notes as numbered lines; returns what to write under the figure."""
    if notes is None or notes.empty:
        return []
    days = [pd.Timestamp(note.happened_on) for note in notes.itertuples()]
    places = [calendar.months_between(months[0], day) + (day.day - 1) / 31 - 0.5 for day in days]
    said = []
    free, line = -1.0, 0  # from where on a number has room beside the one before
    for nth, (note, day, place) in enumerate(zip(notes["note"], days, places, strict=True), start=1):
        if not -0.5 <= place <= len(months) - 0.5:
            continue
        line = line + 1 if place < free else 0
        free = place + CLOSE * len(months)
        axes.axvline(place, color=GREY, linewidth=0.9, linestyle=(0, (2, 2)))
        axes.annotate(
            str(nth), (place, 1), xycoords=("data", "axes fraction"), xytext=(2, -9 - LINE_HEIGHT * line),
            textcoords="offset points", fontsize=SMALL, color=GREY,
        )  # fmt: skip
        said.append(f"{nth} {note} ({formats.day(day)})")
    return said


def numbers_at_risk(
    axes: Axes,
    rows: Sequence[tuple[str, pd.Series, str]],
    ticks: Sequence[int],
    since: str,
    whom: str = "customers at risk",
) -> None:
    """Under the axis of a survival curve: how many were at risk at each tick, a row a curve.

    Takes the name of each curve, its numbers by the place on the axis, and its colour; `since` is what the
    axis counts, such as "months since the first day", `whom` who is counted below it. Where there is little
    room, a name stands in a line above its numbers.
    """
    lines = 2 if is_narrow() and len(rows) > 1 else 1
    for nth, (name, at_risk, colour) in enumerate(rows):
        below = -22 - LINE_HEIGHT * nth * lines
        if len(rows) > 1 or not is_narrow():
            axes.annotate(
                name, (0, 0), xycoords="axes fraction", xytext=(-4 if lines == 2 else -16, below),
                textcoords="offset points", ha="left" if lines == 2 else "right", va="top", fontsize=SMALL,
                color=colour,
            )  # fmt: skip
        for tick in ticks:
            if tick in at_risk.index:
                axes.annotate(
                    formats.count(at_risk[tick]), (tick, 0), xycoords=("data", "axes fraction"),
                    xytext=(0, below - LINE_HEIGHT * (lines - 1)), textcoords="offset points", ha="center",
                    va="top", fontsize=SMALL, color=colour,
                )  # fmt: skip
    axes.set_xlabel(
        f"{since};{chr(10) if is_narrow() else ' '}below them, {whom}", loc="left",
        labelpad=LINE_HEIGHT * len(rows) * lines + 9,
    )  # fmt: skip

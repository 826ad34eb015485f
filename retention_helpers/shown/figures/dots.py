"""A value a row with its interval: its name beside it, or above it where there is little room."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from matplotlib.axes import Axes

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    RED,
    SMALL,
    Canvas,
    blank,
    is_narrow,
)

INCHES_A_LINE = 0.2
MARGIN = 0.42  # inches below the rows, for the axis
LETTERS_BESIDE, LETTERS_ABOVE = 38, 46
ROW, GAP = 1.3, 0.75  # lines
VERDICTS = {
    "above the rest": RED,
    "below the rest": GREEN,
    "no clear difference": BLUE,
    "the only one": BLUE,
    "too few": PALE,
}
MORE_IS_GOOD = {**VERDICTS, "above the rest": GREEN, "below the rest": RED}  # of what one wants much
_COLOUR_WORDS = {RED: "orange", GREEN: "green", BLUE: "blue", PALE: "grey"}


class Dot(NamedTuple):
    """A row: what it is called, its value and the two ends of its interval, written out, and its colour."""

    name: str
    values: Sequence[float]
    written: str
    colour: str = BLUE


class Named(Protocol):
    """A row of a picture: what it is called, and what is written beside what is drawn."""

    @property
    def name(self) -> str: ...
    @property
    def written(self) -> str: ...


class Place(NamedTuple):
    """Where a row lies on the axis down, from the top of its words to below its dot; and the dot itself."""

    top: float
    dot: float
    bottom: float


def named_rows(rows: Sequence[Named | str], *, more_below: float = 0.0) -> tuple[Canvas, Axes, list[Place]]:
    """A canvas with a name and what is written for each row; a text instead of a row heads those after it.

    The places of the rows come back, in their order, without those of the headings; the caller draws on them
    and sets the limits across.
    """
    places = list(_places(rows))
    depth = places[-1].bottom
    canvas, axes = blank(MARGIN + more_below + INCHES_A_LINE * depth)
    placed = [(row, place) for row, place in zip(rows, places, strict=True) if not isinstance(row, str)]
    for row, place in zip(rows, places, strict=True):
        if isinstance(row, str):
            axes.annotate(
                row, (0, place.dot), xycoords=("axes fraction", "data"), xytext=(0 if is_narrow() else -4, 0),
                textcoords="offset points", ha="left" if is_narrow() else "right", va="center",
                fontsize=SMALL, fontweight="bold",
            )  # fmt: skip
        elif is_narrow():
            _write_above(axes, row, place)
    if is_narrow():
        axes.set_yticks([])
    else:
        _write_beside(axes, placed)
    axes.set_ylim(depth, 0)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    return canvas, axes, [place for _, place in placed]


def rows_of_dots(
    rows: Sequence[Dot | str], *, has_bars: bool = False, more_below: float = 0.0
) -> tuple[Canvas, Axes, list[Place]]:
    """`named_rows` with a dot and an interval in each; with `has_bars` a bar from 0 to the dot, too."""
    canvas, axes, places = named_rows(rows, more_below=more_below)
    dots = [row for row in rows if isinstance(row, Dot)]
    for row, place in zip(dots, places, strict=True):
        if has_bars:
            axes.barh(place.dot, row.values[0], height=0.95, color=row.colour, alpha=0.3)
        axes.plot(row.values[1:], [place.dot] * 2, color=row.colour, linewidth=2, solid_capstyle="round")
        axes.plot(row.values[:1], [place.dot], "o", color=row.colour, markersize=6)
    return canvas, axes, places


def mark_across(axes: Axes, places: Sequence[Place], at: float, colour: str) -> None:
    """A line at one value across all rows; only beside the dots where the words stand between them."""
    if not is_narrow():
        axes.axvline(at, color=colour, linewidth=1.1)
        return
    for place in places:
        axes.plot([at] * 2, [place.dot - 0.42, place.dot + 0.42], color=colour, linewidth=1.1)


def meaning_of_colours(verdicts: Sequence[str], colours: Mapping[str, str] = VERDICTS) -> list[str]:
    """What the colours of verdicts mean, for below the picture; nothing where there is one alone."""
    by_colour: dict[str, str] = {}
    for verdict, colour in colours.items():
        if verdict in set(verdicts):
            by_colour.setdefault(colour, verdict)
    said = [f"{_COLOUR_WORDS[colour]}: {verdict}" for colour, verdict in by_colour.items()]
    return [f"{'; '.join(said).capitalize()}."] if len(said) > 1 else []


def _places(rows: Sequence[Named | str]) -> Iterator[Place]:
    at = 0.0
    for nth, row in enumerate(rows):
        if isinstance(row, str):
            at += 0.0 if nth == 0 else 0.5
            yield Place(at, at + ROW / 2, at + ROW)
            at += ROW
            continue
        beside = (_broken(row.name, LETTERS_BESIDE), row.written)
        lines = len(_words_above(row)) if is_narrow() else max(one.count("\n") for one in beside) + 1
        depth = lines + GAP + 0.55 if is_narrow() else max(ROW, lines + 0.25)
        dot = at + lines + GAP / 2 if is_narrow() else at + depth / 2
        yield Place(at, dot, at + depth)
        at += depth


def _words_above(row: Named) -> list[str]:
    if len(row.name) + len(row.written) <= LETTERS_ABOVE:
        return [row.name]
    return [*_broken(row.name, LETTERS_ABOVE).split("\n"), row.written]


def _write_above(axes: Axes, row: Named, place: Place) -> None:
    lines = _words_above(row)
    for nth, line in enumerate(lines):
        is_written = len(lines) > 1 and nth == len(lines) - 1
        axes.annotate(
            line, (0, place.top + nth + 0.5), xycoords=("axes fraction", "data"), va="center", fontsize=SMALL,
            color=GREY if is_written else INK,
        )  # fmt: skip
    if len(lines) == 1:
        axes.annotate(
            row.written, (1, place.top + 0.5), xycoords=("axes fraction", "data"), ha="right", va="center",
            fontsize=SMALL, color=GREY,
        )  # fmt: skip


def _write_beside(axes: Axes, placed: Sequence[tuple[Named, Place]]) -> None:
    names = [_broken(row.name, LETTERS_BESIDE) for row, _ in placed]
    axes.set_yticks([place.dot for _, place in placed], names)
    axes.tick_params(axis="y", labelcolor=INK)
    for row, place in placed:
        axes.annotate(
            row.written, (1, place.dot), xycoords=("axes fraction", "data"), xytext=(8, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=GREY,
        )  # fmt: skip


def _broken(label: str, letters: int) -> str:
    """A label on as many lines as it needs; a number stays beside its sign."""
    kept = label.replace("n = ", "n\u00a0=\u00a0").replace(" %", "\u00a0%")
    return "\n".join(textwrap.wrap(kept, letters)) or label

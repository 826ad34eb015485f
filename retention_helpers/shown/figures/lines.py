"""Counts over months, as lines."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    SMALL,
    Drawing,
    blank,
    finished,
    hint,
    is_narrow,
    month_axis,
    styled,
)
from retention_helpers.words import formats

COLOURS = (GREY, BLUE, GREEN)
DASHES: tuple[object, ...] = ("solid", "solid", (0, (4, 1.5)))


@styled
def counts_by_month(frame: pd.DataFrame, counts: Sequence[str], *, title: str) -> Drawing | None:
    """A line a count, named at its end, from 0 up; at most three. None where there is no month.

    Takes `month` and the columns named, the largest first.
    """
    if frame.empty:
        return None
    canvas, axes = blank(2.8, 2.6)
    months = list(frame["month"])
    names = [formats.label(count) for count in counts]
    top = max(1.0, 1.12 * float(frame[list(counts)].max().max()))
    heights = _apart(
        [float(frame[count].iloc[-1]) for count in counts], (0.16 if is_narrow() else 0.085) * top
    )
    for count, name, colour, dash, height in zip(counts, names, COLOURS, DASHES, heights, strict=False):
        axes.plot(range(len(frame)), frame[count], color=colour, linestyle=dash, linewidth=1.8)
        axes.plot([len(frame) - 1], [frame[count].iloc[-1]], "o", color=colour, markersize=5)
        between = "\n" if is_narrow() else ": "
        axes.annotate(
            f"{name}{between}{formats.count(frame[count].iloc[-1])}", (len(frame) - 1, height),
            xytext=(8, 0), textcoords="offset points", va="center", color=colour, fontsize=SMALL,
            annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(0, top)
    axes.set_xlim(-0.5, len(frame) - 0.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formats.count(value)))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    month_axis(axes, months, 3 if is_narrow() else None)
    for place, row in enumerate(frame.to_dict(orient="records")):
        parts = [f"{name} {formats.count(row[count])}" for count, name in zip(counts, names, strict=True)]
        words = f"{formats.short_month(row['month'])}: {', '.join(parts)}"
        hint(axes, (place - 0.5, place + 0.5), words)
    first, last = frame.iloc[0], frame.iloc[-1]
    said = [
        f"{name}: {formats.count(first[count])}, then {formats.count(last[count])}"
        for count, name in zip(counts, names, strict=True)
    ]
    period = f"From {formats.month(months[0])} to {formats.month(months[-1])}"
    return finished(canvas, title, f"{title}. {period}: {'; '.join(said)}.")


def _apart(heights: Sequence[float], least: float) -> list[float]:
    """Heights of labels, moved down just so far that none covers another; takes the highest first."""
    placed: list[float] = []
    for height in heights:
        placed.append(min(height, placed[-1] - least) if placed else height)
    return placed

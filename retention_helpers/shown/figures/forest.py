"""Effects side by side: a ratio for each, on an axis where half and double lie equally far from none."""

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from retention_helpers.shown.figures.canvas import BLUE, GREY, INK, Figure, blank, finished, styled
from retention_helpers.words import formats

TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10)
WIDEST = (0.1, 10.0)
MOST_ROWS = 24
LETTERS = 46  # of a label, before it is broken


@styled
def forest(frame: pd.DataFrame, *, title: str) -> Figure:
    """The hazard ratio of each driver beside the others, with its interval and its verdict.

    Takes `label`, `hazard_ratio`, `hazard_low`, `hazard_high` and `verdict`, in the order to be drawn; those
    that do not hold up are pale. An interval that goes beyond the axis ends in an arrow.
    """
    shown = frame[frame["hazard_ratio"].notna()].head(MOST_ROWS).iloc[::-1].reset_index(drop=True)
    if shown.empty:
        canvas, axes = blank(1.2)
        axes.set_axis_off()
        axes.set_title(f"{title}: too few customers to draw")
        return finished(canvas, f"{title}: there are 0 drivers with enough customers, so nothing is drawn.")
    canvas, axes = blank(1.5 + 0.36 * len(shown))
    low, high = _ends(shown)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.axvline(1, color=GREY, linewidth=1.1)
    for place, row in enumerate(shown.itertuples()):
        colour = BLUE if row.verdict == "holds up" else "#a9aeb8"
        _draw(axes, place, row, colour, (low, high))
        axes.annotate(
            formats.about(row.hazard_ratio, row.hazard_low, row.hazard_high, 2),
            (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=8.5,
            color=INK if row.verdict == "holds up" else GREY,
        )  # fmt: skip
    axes.set_yticks(range(len(shown)), [_broken(label) for label in shown["label"]])
    axes.set_ylim(-0.7, len(shown) - 0.3)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if low <= tick <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{formats.trimmed(value)} ×"))
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(
        "← leave less            chance of leaving on any day            leave more →", fontsize=8.5
    )
    axes.set_title(title)
    said = [
        f"{row.label}: {formats.about(row.hazard_ratio, row.hazard_low, row.hazard_high, 2)}, {row.verdict}"
        for row in shown.iloc[::-1].itertuples()
    ]
    return finished(canvas, f"{title}. {'; '.join(said)}.")


def _ends(shown: pd.DataFrame) -> tuple[float, float]:
    """The ends of the axis: as far as the intervals reach, equally far to both sides, within limits."""
    with np.errstate(divide="ignore"):  # an interval without an end
        ends = np.log(shown[["hazard_ratio", "hazard_low", "hazard_high"]].to_numpy(dtype=float))
    far = np.nanmax(np.abs(ends))
    widest = float(np.exp(max(far, np.log(1.5)) * 1.06))
    return max(1 / widest, WIDEST[0]), min(widest, WIDEST[1])


def _draw(axes, place: int, row, colour: str, limits: tuple[float, float]) -> None:  # type: ignore[no-untyped-def]
    ends = np.clip([row.hazard_low, row.hazard_high], *limits)
    axes.plot(ends, [place, place], color=colour, linewidth=2, solid_capstyle="butt")
    for end, limit, marker in zip((row.hazard_low, row.hazard_high), limits, ("<", ">"), strict=True):
        if (end < limit) == (marker == "<") and end != limit:
            axes.plot([limit], [place], marker, color=colour, markersize=5, clip_on=False)
    if limits[0] <= row.hazard_ratio <= limits[1]:
        axes.plot([row.hazard_ratio], [place], "s", color=colour, markersize=5.5)


def _broken(label: str) -> str:
    """A label on two lines where it is long."""
    if len(label) <= LETTERS:
        return label
    cut = label.rfind(" ", 0, LETTERS)
    return f"{label[:cut]}\n{label[cut + 1 :]}" if cut > 0 else label

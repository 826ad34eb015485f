"""Effects side by side: a ratio for each, on an axis where half and double lie equally far from none."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from retention_helpers.shown.figures.canvas import BLUE, GREY, PALE, Drawing, finished, is_narrow, styled
from retention_helpers.shown.figures.dots import Dot, Place, mark_across, rows_of_dots
from retention_helpers.words import formats

TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10)
WIDEST = (0.1, 10.0)
MOST_ROWS = 24
HOLDS_UP = "holds up"  # what an association that is confirmed is called on pages: it is no proof


@styled
def forest(frame: pd.DataFrame, *, title: str) -> Drawing | None:
    """The hazard ratio of each driver beside the others, with its interval and its verdict.

    Takes `label`, `hazard_ratio`, `hazard_low`, `hazard_high` and `verdict`, in the order to be drawn; those
    that do not hold up are pale. An interval that goes beyond the axis ends in an arrow. None where no
    driver has a ratio.
    """
    shown = frame[frame["hazard_ratio"].notna()].head(MOST_ROWS).reset_index(drop=True)
    if shown.empty:
        return None
    low, high = _ends(shown)
    rows = [
        Dot(
            row.label,
            (
                row.hazard_ratio if low <= row.hazard_ratio <= high else np.nan,
                *np.clip([row.hazard_low, row.hazard_high], low, high),
            ),
            formats.about(row.hazard_ratio, row.hazard_low, row.hazard_high, 2),
            _colour(row),
        )
        for row in shown.itertuples()
    ]
    canvas, axes, places = rows_of_dots(rows, more_below=0.25)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    mark_across(axes, places, 1, GREY)
    for place, row in zip(places, shown.itertuples(), strict=True):
        _point_beyond(axes, place, row, (low, high))
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if low <= tick <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{formats.trimmed(value)} ×"))
    between = "" if is_narrow() else " chance of leaving on any day ·"
    axes.set_xlabel(f"← leave less ·{between} leave more →")
    said = [
        f"{row.label}: {formats.about(row.hazard_ratio, row.hazard_low, row.hazard_high, 2)}, {row.verdict}"
        for row in shown.itertuples()
    ]
    is_mixed = 0 < (shown["verdict"] == HOLDS_UP).sum() < len(shown)
    below = ["Pale: does not hold up."] if is_mixed else []
    return finished(canvas, title, f"{title}. {'; '.join(said)}.", below)


def _colour(row: Any) -> str:
    return BLUE if row.verdict == HOLDS_UP else PALE


def _ends(shown: pd.DataFrame) -> tuple[float, float]:
    """The ends of the axis: as far as the intervals reach, equally far to both sides, within limits."""
    with np.errstate(divide="ignore"):  # an interval without an end
        ends = np.log(shown[["hazard_ratio", "hazard_low", "hazard_high"]].to_numpy(dtype=float))
    far = np.nanmax(np.abs(ends))
    widest = float(np.exp(max(far, np.log(1.5)) * 1.06))
    return max(1 / widest, WIDEST[0]), min(widest, WIDEST[1])


def _point_beyond(axes: Axes, place: Place, row, limits: tuple[float, float]) -> None:  # type: ignore[no-untyped-def]
    colour = _colour(row)
    for end, limit, marker in zip((row.hazard_low, row.hazard_high), limits, ("<", ">"), strict=True):
        if (end < limit) == (marker == "<") and end != limit:
            axes.plot([limit], [place.dot], marker, color=colour, markersize=6, clip_on=False)

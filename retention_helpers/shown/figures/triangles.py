"""Cohort triangles: a row a cohort, a column a month of age."""

import matplotlib as mpl
import matplotlib.patches
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from retention_helpers.shown.figures.canvas import GREY, INK, Figure, blank, finished, styled
from retention_helpers.words import formats

DARK = 0.68  # shades above it carry white figures


@styled
def triangle(
    cells: pd.DataFrame,
    rate: str = "rate",
    *,
    title: str,
    share: str = "still customers",
    cohorts: int = 13,
    periods: int = 12,
) -> Figure | None:
    """A cohort triangle: a row a cohort, a column a month of age, in the cell the share that `share` says.

    Takes `cohort`, `k`, `size`, the rate and, on the anniversary clock, `final`: a cell that is not final is
    hatched. The colours run from 0 to 100 % always, so that a shade means the same in every report. Only
    the latest cohorts and the first periods are drawn; the table holds the rest. None without any of these.
    """
    latest = sorted(cells["cohort"].unique())[-cohorts:]
    shown = cells[cells["cohort"].isin(latest) & (cells["k"] <= periods)]
    if shown.empty:
        return None
    grid = shown.pivot(index="cohort", columns="k", values=rate)
    sizes = shown.groupby("cohort")["size"].first()
    canvas, axes = blank(1.1 + 0.3 * len(grid))
    axes.pcolormesh(grid, vmin=0, vmax=1, cmap="BuGn", edgecolors="white", linewidth=1.5)
    for (down, across), value in np.ndenumerate(grid.to_numpy(dtype=float)):
        if not np.isnan(value):
            ink = "white" if value > DARK else INK
            axes.text(
                across + 0.5, down + 0.5, f"{100 * value:.0f}",
                color=ink, fontsize=8, ha="center", va="center",
            )  # fmt: skip
    axes.invert_yaxis()
    axes.set_xticks([place + 0.5 for place in range(grid.shape[1])], list(grid.columns))
    labels = [f"{formats.short_month(cohort)}  (n = {sizes[cohort]})" for cohort in grid.index]
    axes.set_yticks([place + 0.5 for place in range(len(grid))], labels, rotation=0)
    axes.set(xlabel=f"months since the start; share {share}, %", ylabel="")
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    if "final" in shown.columns:
        _hatch_unfinished(axes, shown, grid)
    axes.set_title(title)
    first, last = grid.index[0], grid.index[-1]
    oldest = shown[shown["cohort"] == first].iloc[-1]
    alt = (
        f"{title}. Cohorts from {formats.month(first)} to {formats.month(last)}. Share {share} at month "
        f"{oldest['k']}, of the {formats.plural(int(oldest['size']), 'customer')} of {formats.month(first)}: "
        f"{formats.percent(oldest[rate], 0)}."
    )
    return finished(canvas, alt)


def _hatch_unfinished(axes: Axes, shown: pd.DataFrame, grid: pd.DataFrame) -> None:
    for cell in shown[~shown["final"].astype(bool)].itertuples():
        place = (list(grid.columns).index(cell.k), list(grid.index).index(cell.cohort))
        axes.add_patch(
            mpl.patches.Rectangle(
                place, 1, 1, fill=False, hatch="////", edgecolor="black", linewidth=0, alpha=0.22
            )
        )
    axes.annotate(
        "hatched: not final yet", (1, 1), xycoords="axes fraction", xytext=(0, 5),
        textcoords="offset points", ha="right", fontsize=8, color=GREY,
    )  # fmt: skip

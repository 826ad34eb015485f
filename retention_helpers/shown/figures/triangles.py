"""Cohort triangles as heat maps: a row a cohort, a column a month of age."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREY,
    INK,
    SMALL,
    Drawing,
    blank,
    finished,
    hint,
    is_narrow,
    styled,
)
from retention_helpers.words import formats

FAINTEST, FULLEST = 0.04, 0.5  # of the one hue, on the ground of the page: ink can be read on either
SHADES = 12  # more are not told apart
MARGIN, INCHES_A_ROW = 0.62, 0.25
STATED = (1, 3, 6, 9, 12)
FEWEST_COLUMNS = 6  # wide enough that a short triangle does not become a banner


@styled
def triangle(
    cells: pd.DataFrame,
    rate: str = "rate",
    *,
    title: str,
    share: str = "still customers",
    since: str = "months since the start",
    cohorts: int = 13,
    periods: int = 12,
) -> Drawing | None:
    """A cohort triangle: a row a cohort, a column a month of age, in the cell the share that `share` says.

    `since` says what the columns count.

    Takes `cohort`, `k`, `size`, the rate and, on the anniversary clock, `final`: a cell that is not final is
    outlined and not filled. The shades run from 0 to 100 % always, so that a shade means the same in every
    report. Only the latest cohorts and the first periods are drawn, on a telephone with the numbers of the
    months `STATED` alone; the table holds the rest. None without any of these.
    """
    latest = sorted(cells["cohort"].unique())[-cohorts:]
    shown = cells[cells["cohort"].isin(latest) & (cells["k"] <= periods)]
    if shown.empty:
        return None
    grid = shown.pivot(index="cohort", columns="k", values=rate)
    sizes = shown.groupby("cohort")["size"].first()
    is_open = _open_cells(shown)
    canvas, axes = blank(MARGIN + INCHES_A_ROW * len(grid))
    shades: dict[float, list[Path]] = {}
    for (down, across), value in np.ndenumerate(grid.to_numpy(dtype=float)):
        if np.isnan(value):
            continue
        is_pending = (grid.index[down], grid.columns[across]) in is_open
        shade = round(min(value, 1.0) * SHADES) / SHADES  # revenue may be more than all of it
        depth = 0.0 if is_pending else FAINTEST + (FULLEST - FAINTEST) * shade
        box = Affine2D().scale(0.92, 0.88).translate(across + 0.04, down + 0.06)
        shades.setdefault(depth, []).append(Path.unit_rectangle().transformed(box))
        if not is_narrow() or grid.shape[1] <= FEWEST_COLUMNS or grid.columns[across] in STATED:
            axes.text(
                across + 0.5, down + 0.52, f"{100 * value:.0f}", color=GREY if is_pending else INK,
                fontsize=SMALL, ha="center", va="center",
            )  # fmt: skip
    dashed = {"facecolor": "none", "edgecolor": GREY, "linewidth": 0.7, "linestyle": (0, (2, 2))}
    for depth, boxes in shades.items():
        look = {"facecolor": BLUE, "alpha": depth} if depth else dashed
        axes.add_patch(PathPatch(Path.make_compound_path(*boxes), **look))
    axes.set_xlim(0, max(grid.shape[1], FEWEST_COLUMNS))
    axes.set_ylim(len(grid), 0)
    for cell in shown[shown[rate].notna()].to_dict(orient="records"):
        down, across = grid.index.get_loc(cell["cohort"]), grid.columns.get_loc(cell["k"])
        hint(axes, (across, across + 1), _in_words(cell, rate, _step(since)), (down, down + 1))
    columns = range(grid.shape[1])
    axes.set_xticks([place + 0.5 for place in columns], list(grid.columns))
    axes.xaxis.tick_top()
    labels = [_label(cohort, int(sizes[cohort])) for cohort in grid.index]
    axes.set_yticks([place + 0.5 for place in range(len(grid))], labels)
    axes.set_xlabel(f"{since};{chr(10) if is_narrow() else chr(32)}{share}, %", loc="left")
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    first, last = grid.index[0], grid.index[-1]
    oldest = shown[shown["cohort"] == first].iloc[-1]
    alt = (
        f"{title}. Cohorts from {formats.month(first)} to {formats.month(last)}. Share {share} at "
        f"{_step(since)} "
        f"{oldest['k']}, of the {formats.plural(int(oldest['size']), 'customer')} of {formats.month(first)}: "
        f"{formats.percent(oldest[rate], 0)}."
    )
    return finished(canvas, title, alt, ["Dashed: not final yet."] if is_open else [])


def _in_words(cell: Mapping[Any, Any], rate: str, step: str) -> str:
    """What a cell holds: the share with its interval where it has one, and of how many customers."""
    has_ends = f"{rate}_low" in cell
    value = formats.rate_in(cell, rate) if has_ends else formats.percent(cell[rate])
    many = formats.count(cell.get("reached", cell["size"]))
    return f"{formats.short_month(cell['cohort'])}, {step} {cell['k']}: {value}, n = {many}"


def _step(since: str) -> str:
    """
    >>> _step("months since the start"), _step("steps of 30 days since the first purchase")
    ('month', 'step')
    """
    return since.split()[0].removesuffix("s")


def _label(cohort: pd.Timestamp, size: int) -> str:
    month = formats.short_month(cohort)
    return f"{month} · {formats.count(size)}" if is_narrow() else f"{month}  (n = {formats.count(size)})"


def _open_cells(shown: pd.DataFrame) -> set[tuple[pd.Timestamp, int]]:
    """The cells that are not final, where there is a clock that says so."""
    if "final" not in shown.columns:
        return set()
    pending = shown[~shown["final"].astype(bool)]
    return set(zip(pending["cohort"], pending["k"], strict=True))

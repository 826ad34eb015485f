"""Figures of differences: each with its interval, and look by look."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    RED,
    Figure,
    blank,
    finished,
    styled,
)
from retention_helpers.words import formats

MOST_ROWS = 20
PANEL_HEIGHT = 2.35
COLOURS = {"better": GREEN, "worse": RED}
BAND = "#e9ebee"  # smaller than what is worth having
ARM_COLOURS = (GREY, BLUE, "#E69F00", "#CC79A7", GREEN)


def _points_axis(axis: object) -> None:
    axis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))  # type: ignore[attr-defined]
    axis.set_major_formatter(  # type: ignore[attr-defined]
        FuncFormatter(lambda value, _: formats.points(value).removesuffix(".0").replace("±0", "0"))
    )


@styled
def effects(comparisons: pd.DataFrame) -> Figure:
    """Each difference with its interval, against the smallest that is worth having (the grey band).

    Takes experiment, arm, outcome_kind, effect with `_low` and `_high`, smallest_effect and verdict; a
    comparison without a difference is left out, and so is one of amounts.
    """
    title = "Difference to the control, in percentage points"
    is_drawn = comparisons["effect"].notna() & (comparisons["outcome_kind"] != "revenue")
    rows = comparisons[is_drawn].head(MOST_ROWS).iloc[::-1].reset_index(drop=True)
    canvas, axes = blank(1.25 + 0.5 * max(len(rows), 1))
    if rows.empty:
        axes.set_title(f"{title}: none to show yet")
        axes.set_axis_off()
        return finished(canvas, f"{title}: 0 experiments have a difference that can be read.")
    parts = []
    for place, row in enumerate(rows.itertuples()):
        colour = COLOURS.get(row.verdict, BLUE)
        worth = row.smallest_effect
        axes.fill_between([-worth, worth], place - 0.36, place + 0.36, color=BAND, linewidth=0)
        axes.plot([row.effect_low, row.effect_high], [place, place], color=colour, linewidth=2.2)
        axes.plot([row.effect], [place], "o", color=colour, markersize=6)
        axes.annotate(
            row.verdict, (1, place), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=8.5, color=colour,
        )  # fmt: skip
        written = formats.difference(row.effect, row.effect_low, row.effect_high)
        parts.append(f"{formats.words(row.experiment)}, {row.arm}: {written}, {row.verdict}")
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_yticks(range(len(rows)), [f"{formats.words(r.experiment)}\n{r.arm}" for r in rows.itertuples()])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    _points_axis(axes.xaxis)
    axes.set_xlabel("worse than the control  ←   → better\ngrey: smaller than what would be worth having")
    axes.set_title(title)
    return finished(canvas, f"{title}. {'; '.join(reversed(parts))}.")


def _panels(count: int) -> tuple[Canvas, Sequence[Axes]]:
    canvas = Canvas(figsize=(7.4, 0.3 + PANEL_HEIGHT * max(count, 1)), layout="tight")
    return canvas, list(canvas.subplots(max(count, 1), 1, squeeze=False)[:, 0])


@styled
def estimate_path(path: pd.DataFrame) -> Figure:
    """The difference look by look, with the line that each look has to cross; a panel a comparison.

    Takes experiment, arm, look, month, effect with `_low` and `_high`, better_from and worse_from.
    """
    title = "The difference at each look, and the line that it has to cross"
    groups = list(path.groupby(["experiment", "arm"], sort=False))
    canvas, panels = _panels(len(groups))
    if not groups:
        panels[0].set_title(f"{title}: none to show yet")
        panels[0].set_axis_off()
        return finished(canvas, f"{title}: 0 open experiments have been looked at.")
    parts = [
        _path_panel(axes, rows, name, arm) for axes, ((name, arm), rows) in zip(panels, groups, strict=True)
    ]
    return finished(canvas, f"{title}. {' '.join(parts)}")


def _path_panel(axes: Axes, rows: pd.DataFrame, name: str, arm: str) -> str:
    looks, last = rows["look"].to_numpy(), rows.iloc[-1]
    edges = rows[["better_from", "worse_from"]].abs().to_numpy(dtype=float)
    nearest = float(np.nanmin(edges)) if np.isfinite(edges).any() else 0.0
    top = min(1.0, max(1.25 * float(rows["effect"].abs().max()), 1.3 * nearest, 0.1))
    axes.vlines(looks, rows["effect_low"], rows["effect_high"], color=BLUE, alpha=0.3, linewidth=4)
    axes.plot(looks, rows["effect"], color=BLUE, marker="o", markersize=4)
    axes.plot(looks, rows["better_from"], color=GREEN, linestyle=(0, (4, 2)), linewidth=1.4)
    axes.plot(looks, rows["worse_from"], color=RED, linestyle=(0, (4, 2)), linewidth=1.4)
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set_ylim(-top, top)
    axes.set_xlim(looks[0] - 0.4, looks[-1] + 0.9)
    axes.annotate(
        formats.points(last["effect"]), (looks[-1], last["effect"]), xytext=(7, 0),
        textcoords="offset points", va="center", color=BLUE, fontweight="bold", fontsize=9,
    )  # fmt: skip
    step = max(1, -(-len(looks) // 7))
    shown = list(range(len(looks)))[::-1][::step][::-1]
    axes.set_xticks(looks[shown], [formats.short_month(rows["month"].iloc[nth]) for nth in shown])
    _points_axis(axes.yaxis)
    axes.set_title(f"{formats.words(name)}, {arm} (dashed: better above, worse below)", fontsize=10)
    line = (
        f"the line for better is at {formats.points(last['better_from'])}"
        if pd.notna(last["better_from"])
        else "no difference would be called better yet"
    )
    return (
        f"{formats.words(name)}, {arm}: {formats.points(last['effect'])} in "
        f"{formats.month(last['month'])}; {line}."
    )


@styled
def shares_by_day(curves: pd.DataFrame, outcomes: pd.Series) -> Figure:
    """The share of each arm day by day after the assignment, with its 95 % band; a panel an experiment.

    Takes experiment, arm, day, share with `_low` and `_high`, and what the share means, by experiment.
    """
    title = "Day by day after the assignment, by arm"
    groups = list(curves.groupby("experiment", sort=False))
    canvas, panels = _panels(len(groups))
    if not groups:
        panels[0].set_title(f"{title}: none to show yet")
        panels[0].set_axis_off()
        return finished(canvas, f"{title}: 0 open experiments have customers.")
    parts = [
        _day_panel(axes, rows, name, outcomes[name])
        for axes, (name, rows) in zip(panels, groups, strict=True)
    ]
    return finished(canvas, f"{title}. {' '.join(parts)}")


def _day_panel(axes: Axes, rows: pd.DataFrame, name: str, outcome: str) -> str:
    ends = []
    for (arm, own), colour in zip(rows.groupby("arm", sort=False), ARM_COLOURS, strict=False):
        axes.fill_between(
            own["day"],
            own["share_low"],
            own["share_high"],
            step="post",
            color=colour,
            alpha=0.14,
            linewidth=0,
        )
        axes.step(own["day"], own["share"], where="post", color=colour, linewidth=1.8)
        last = own.iloc[-1]
        ends.append((float(last["share"]), str(arm), colour, int(last["day"])))
    top = 1.0 if rows["share"].max() > 0.5 else min(1.0, float(rows["share_high"].max()) * 1.1)
    low = max(0.0, float(rows["share_low"].min()) - 0.05) if top == 1.0 else 0.0
    low -= 0.03 * (top - low)
    axes.set_ylim(low, top + 0.02 * (top - low))
    _label_ends(axes, ends, (top - low) * 0.13)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formats.percent(value, 0)))
    days = int(rows["day"].max())
    axes.set_xlim(0, days * 1.22 + 1)
    ticks = MaxNLocator(integer=True, nbins=7).tick_values(0, days)
    axes.set_xticks([tick for tick in ticks if 0 <= tick <= days])
    axes.set_title(f"{formats.words(name)}: {outcome}", fontsize=10)
    axes.set_xlabel("days since the assignment")
    told = "; ".join(f"{arm} {formats.percent(share)} by the end of day {day}" for share, arm, _, day in ends)
    return f"{formats.words(name)}: {told}."


def _label_ends(axes: Axes, ends: Sequence[tuple[float, str, str, int]], apart: float) -> None:
    """The arm and its share at the end of each line, far enough apart to be read."""
    placed: list[float] = []
    for share, arm, colour, day in sorted(ends):
        height = max(share, placed[-1] + apart) if placed else share
        placed.append(height)
        axes.annotate(
            f"{arm} {formats.percent(share, 0)}", (day, height), xytext=(5, 0), textcoords="offset points",
            va="center", fontsize=8.5, color=colour, fontweight="bold",
        )  # fmt: skip

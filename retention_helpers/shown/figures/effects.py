"""Figures of differences: each with its interval, and look by look."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    RED,
    Canvas,
    Drawing,
    finished,
    hint,
    is_narrow,
    panels,
    percent_axis,
    points_axis,
    styled,
)
from retention_helpers.shown.figures.dots import Dot, mark_across, rows_of_dots
from retention_helpers.shown.figures.ends import End, name_ends
from retention_helpers.words import formats

MOST_ROWS = 20
MOST_HINTS = 18  # days of a panel at which a hand may rest
PANEL_HEIGHT = 2.2
COLOURS = {"better": GREEN, "worse": RED}
ARM_COLOURS = (GREY, BLUE, RED, GREEN, INK)


@styled
def effects(comparisons: pd.DataFrame) -> Drawing | None:
    """Each difference with its interval, against zero and the smallest that is worth having (the band).

    Takes experiment, arm, outcome_kind, effect with `_low` and `_high`, smallest_effect and verdict; a
    comparison without a difference is left out, and so is one of amounts. None where that is every one.
    """
    is_drawn = comparisons["effect"].notna() & (comparisons["outcome_kind"] != "revenue")
    shown = comparisons[is_drawn].head(MOST_ROWS).reset_index(drop=True)
    if shown.empty:
        return None
    between = ", " if is_narrow() else "\n"
    rows = [
        Dot(
            f"{formats.words(row.experiment)}, {row.arm}",
            (row.effect, row.effect_low, row.effect_high),
            f"{formats.difference(row.effect, row.effect_low, row.effect_high)}{between}{row.verdict}",
            COLOURS.get(row.verdict, BLUE),
        )
        for row in shown.itertuples()
    ]
    canvas, axes, places = rows_of_dots(rows, more_below=0.25)
    for place, row in zip(places, shown.itertuples(), strict=True):
        worth, ends = float(row.smallest_effect), (place.dot - 0.4, place.dot + 0.4)
        axes.fill_between([-worth, worth], *ends, color=GREY, alpha=0.18, linewidth=0, zorder=0.5)
        axes.plot([worth] * 2, ends, color=GREEN, linewidth=1.4)
        axes.plot([-worth] * 2, ends, color=RED, linewidth=1.4)
    mark_across(axes, places, 0, INK)
    points_axis(axes.xaxis)
    axes.set_xlabel("← worse than the control · better →")
    title = "Difference to the control, in percentage points"
    alt = "; ".join(f"{row.name}: {row.written.replace(between, ', ')}" for row in rows)
    below = ["Grey band: smaller than what would be worth having, or as much worse."]
    return finished(canvas, title, f"{title}. {alt}.", below)


AFTERMATH_COLOURS = {"more left": RED, "fewer left": GREEN, "no clear change": BLUE}


@styled
def aftermaths(rows: pd.DataFrame) -> Drawing | None:
    """How many more left after each announcement than usual, with its interval, the latest first.

    Takes what, happened_on, change with `_low` and `_high`, and verdict; what was not measured is left out.
    None where that is everything.
    """
    shown = rows[rows["change"].notna()].iloc[::-1].head(MOST_ROWS)
    if shown.empty:
        return None
    between = ", " if is_narrow() else "\n"
    dots = [
        Dot(
            f"{textwrap.shorten(row.what, 60, placeholder=' …')}, {formats.short_month(row.happened_on)}",
            (row.change, row.change_low, row.change_high),
            f"{formats.difference(row.change, row.change_low, row.change_high)}{between}{row.verdict}",
            AFTERMATH_COLOURS.get(row.verdict, PALE),
        )
        for row in shown.itertuples()
    ]
    canvas, axes, places = rows_of_dots(dots, more_below=0.25)
    mark_across(axes, places, 0, INK)
    points_axis(axes.xaxis)
    axes.set_xlabel("← fewer left than usual · more left →")
    title = "Left after it, against the usual, in percentage points"
    alt = "; ".join(f"{dot.name}: {dot.written.replace(between, ', ')}" for dot in dots)
    return finished(canvas, title, f"{title}. {alt}.")


def _panels(count: int) -> tuple[Canvas, Sequence[Axes]]:
    return panels(count, 0.2 + PANEL_HEIGHT * count)


@styled
def estimate_path(path: pd.DataFrame) -> Drawing | None:
    """The difference look by look, with the line that each look has to cross; a panel a comparison.

    Takes experiment, arm, look, month, effect with `_low` and `_high`, better_from and worse_from. None
    where nothing was looked at.
    """
    groups = list(path.groupby(["experiment", "arm"], sort=False))
    if not groups:
        return None
    title = "The difference at each look, and the line that it has to cross"
    canvas, every = _panels(len(groups))
    parts = [
        _path_panel(axes, rows, name, arm) for axes, ((name, arm), rows) in zip(every, groups, strict=True)
    ]
    return finished(
        canvas,
        title,
        f"{title}. {' '.join(parts)}",
        ["Dashed: better above the green line, worse below the orange."],
    )


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
    axes.set_xlim(looks[0] - 0.4, looks[-1] + 0.2)
    axes.annotate(
        formats.points(last["effect"]), (looks[-1], last["effect"]), xytext=(7, 0),
        textcoords="offset points", va="center", color=BLUE, fontweight="bold", fontsize=9,
    )  # fmt: skip
    for row in rows.to_dict(orient="records"):
        by = formats.difference(row["effect"], row["effect_low"], row["effect_high"])
        hint(axes, (row["look"] - 0.5, row["look"] + 0.5), f"{formats.short_month(row['month'])}: {by}")
    step = max(1, -(-len(looks) // (3 if is_narrow() else 7)))
    shown = list(range(len(looks)))[::-1][::step][::-1]
    axes.set_xticks(looks[shown], [formats.short_month(rows["month"].iloc[nth]) for nth in shown])
    points_axis(axes.yaxis)
    axes.set_title(f"{formats.words(name)}, {arm}")
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
def shares_by_day(curves: pd.DataFrame, outcomes: pd.Series) -> Drawing | None:
    """The share of each arm day by day after the assignment, with its 95 % band; a panel an experiment.

    Takes experiment, arm, day, share with `_low` and `_high`, and what the share means, by experiment.
    None without an experiment.
    """
    groups = list(curves.groupby("experiment", sort=False))
    if not groups:
        return None
    title = "Day by day after the assignment, by arm"
    canvas, every = _panels(len(groups))
    parts = [
        _day_panel(axes, rows, name, outcomes[name]) for axes, (name, rows) in zip(every, groups, strict=True)
    ]
    return finished(canvas, title, f"{title}. {' '.join(parts)}")


def _by_then(rows: pd.DataFrame, day: float) -> list[dict[Any, Any]]:
    """The step of each arm on which it stands on a day."""
    latest = rows[rows["day"] <= day].groupby("arm", sort=False).tail(1)
    return latest.to_dict(orient="records")


def _day_panel(axes: Axes, rows: pd.DataFrame, name: str, outcome: str) -> str:
    ends = []
    for (arm, own), colour in zip(rows.groupby("arm", sort=False), ARM_COLOURS, strict=False):
        band = (own["day"], own["share_low"], own["share_high"])
        axes.fill_between(*band, step="post", color=colour, alpha=0.14, linewidth=0)
        axes.step(own["day"], own["share"], where="post", color=colour)
        last = own.iloc[-1]
        share = float(last["share"])
        ends.append(End(float(last["day"]), share, str(arm), formats.percent(share, 0), colour))
    top = 1.0 if rows["share"].max() > 0.5 else min(1.0, float(rows["share_high"].max()) * 1.1)
    low = max(0.0, float(rows["share_low"].min()) - 0.05) if top == 1.0 else 0.0
    low -= 0.03 * (top - low)
    axes.set_ylim(low, top + 0.02 * (top - low))
    percent_axis(axes.yaxis, 1.0)
    days = int(rows["day"].max())
    axes.set_xlim(0, days)
    ticks = MaxNLocator(integer=True, nbins=5 if is_narrow() else 7).tick_values(0, days)
    axes.set_xticks([tick for tick in ticks if 0 <= tick <= days])
    words = f"{formats.words(name)}: {outcome}"
    axes.set_title("\n".join(textwrap.wrap(words, 36 if is_narrow() else 80)))
    if is_narrow():
        axes.set_title(axes.get_title(loc="left"), pad=8 + 13 * len(ends))
    step = max(1, -(-days // MOST_HINTS))
    for day in range(0, days + 1, step):
        each = [f"{row['arm']} {formats.rate_in(row, 'share')}" for row in _by_then(rows, day)]
        hint(axes, (day - step / 2, day + step / 2), f"day {formats.count(day)}: {', '.join(each)}")
    name_ends(axes, ends)
    axes.set_xlabel("days since the assignment", loc="left")
    told = "; ".join(
        f"{end.name} {formats.percent(end.up)} by the end of day {end.across:.0f}" for end in ends
    )
    return f"{formats.words(name)}: {told}."

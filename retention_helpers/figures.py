"""A figure a function, each drawn from a table that stands just before it.

A figure knows column names and nothing else of the business. It shows itself as a PNG with a text that
says what is to be seen, with the key numbers, for those who cannot see it and for the tests.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import matplotlib as mpl
import matplotlib.patches
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from retention_helpers import formats

STYLE = Path(__file__).with_name("retention.mplstyle")
DOTS_PER_INCH = 200
CSS_PER_INCH = 96
DARK = 0.55  # shades above it carry white figures
COLOURS = 128  # of the palette
MOST_LEVELS = 30
BLUE, RED, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6b7280"


P = ParamSpec("P")


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


def _finished(canvas: Canvas, alt: str) -> Figure:
    canvas.set_dpi(DOTS_PER_INCH)
    drawing = FigureCanvasAgg(canvas)
    drawing.draw()
    # A palette makes the file a third of the size: a page has to stay below 600 kB.
    pixels = Image.fromarray(np.asarray(drawing.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    pixels.quantize(COLOURS, method=Image.Quantize.FASTOCTREE).save(buffer, format="png")
    width, height = (round(side * CSS_PER_INCH) for side in canvas.get_size_inches())
    return Figure(buffer.getvalue(), width, height, alt)


def _styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draws in the suite's own style, whatever the notebook set."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.style.context(STYLE, after_reset=True):
            return draw(*args, **kwargs)

    return styled


def _canvas(height: float, *, width: float = 7.4) -> tuple[Canvas, Axes]:
    canvas = Canvas(figsize=(width, height), layout="tight")
    return canvas, canvas.add_subplot()


def _percent_axis(axis: mpl.axis.Axis, top: float) -> None:
    digits = 0 if top > 0.06 else 1
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: formats.percent(value, digits)))


def _month_axis(axes: Axes, months: Sequence[pd.Timestamp]) -> None:
    """A tick for about every third month; the year where it changes."""
    step = max(1, round(len(months) / 8))
    places = list(range(len(months)))[::-1][::step][::-1]
    axes.set_xticks(places, [formats.short_month(months[place]) for place in places])


def _draw_notes(axes: Axes, notes: pd.DataFrame, months: Sequence[pd.Timestamp]) -> list[str]:
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


def _write_below(axes: Axes, said: Sequence[str]) -> None:
    if said:
        axes.set_xlabel("\n".join(said), loc="left", fontsize=8, color=GREY, labelpad=8)


@_styled
def rate_by_month(
    frame: pd.DataFrame,
    rate: str,
    *,
    target: float | None = None,
    notes: pd.DataFrame | None = None,
) -> Figure:
    """A rate month by month with its interval, the owner's target and notes.

    Takes `month`, the rate and its `_low` and `_high`. A month without a rate is a gap in the line.
    """
    given = frame[rate].notna()
    shown = frame[given.cummax()].reset_index(drop=True)
    name = formats.label(rate)
    canvas, axes = _canvas(3.3)
    if shown.empty:
        axes.set_title(f"{name}: no month with customers at its start")
        return _finished(canvas, f"{name}: no month begins with customers, so there is nothing to draw.")
    places = range(len(shown))
    low, high = shown[f"{rate}_low"], shown[f"{rate}_high"]
    axes.fill_between(places, low, high, color=BLUE, alpha=0.16, linewidth=0, label="95 % interval")
    axes.plot(places, shown[rate], color=BLUE, marker="o", markersize=3.5)
    last = shown.iloc[-1]
    axes.annotate(
        formats.percent(last[rate]), (len(shown) - 1, last[rate]), xytext=(6, 0),
        textcoords="offset points", va="center", color=BLUE, fontweight="bold", fontsize=9,
    )  # fmt: skip
    if target is not None:
        axes.axhline(target, color=GREEN, linewidth=1.2, linestyle=(0, (5, 2)))
    # A first month of three customers has an interval up to 70 %: it may not squash the others.
    top = min(float(high.max()), 2.5 * float(shown[rate].max()) + 0.02)
    axes.set_ylim(0, top)
    axes.set_xlim(-0.5, len(shown) + 0.2)
    months = list(shown["month"])
    _month_axis(axes, months)
    _percent_axis(axes.yaxis, top)
    said = [] if notes is None else _draw_notes(axes, notes, months)
    _write_below(axes, said)
    aim = f"; dashed: target {formats.percent(target)}" if target is not None else ""
    axes.set_title(f"{name} a month, with its 95 % interval{aim}")
    alt = (
        f"{name} from {formats.month(months[0])} to {formats.month(months[-1])}: between "
        f"{formats.percent(shown[rate].min())} and {formats.percent(shown[rate].max())}, last "
        f"{formats.rate(last[rate], last[f'{rate}_low'], last[f'{rate}_high'])}."
    )
    return _finished(canvas, " ".join([alt, *(f"Note {one}." for one in said)]))


@_styled
def movement_by_month(
    frame: pd.DataFrame, *, gains: Sequence[str], losses: Sequence[str], title: str
) -> Figure:
    """What came above the line and what went below it, month by month.

    Takes `month` and the columns named; they may be counts or amounts.
    """
    canvas, axes = _canvas(3.3)
    places = range(len(frame))
    gain_colours = (BLUE, "#56B4E9", GREEN, "#94c9a9")
    loss_colours = (RED, "#E69F00", "#CC79A7")
    for columns, colours, sign in ((gains, gain_colours, 1), (losses, loss_colours, -1)):
        base = pd.Series(0.0, index=frame.index)
        for column, colour in zip(columns, colours, strict=False):
            height = frame[column].astype(float) * sign
            axes.bar(places, height, bottom=base, color=colour, width=0.72, label=formats.label(column))
            base = base + height
    axes.axhline(0, color="#3b4048", linewidth=0.8)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formats.count(abs(value))))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlim(-0.7, len(frame) - 0.3)
    _month_axis(axes, list(frame["month"]))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=7, columnspacing=1.1, handlelength=1)
    axes.set_title(title)
    last = frame.iloc[-1]
    parts = [f"{formats.label(column).lower()} {formats.money(last[column])}" for column in [*gains, *losses]]
    return _finished(canvas, f"{title}. Last month, {formats.month(last['month'])}: {', '.join(parts)}.")


@_styled
def rate_by_level(frame: pd.DataFrame, rate: str, *, title: str) -> Figure:
    """A rate for each level with its interval, one row a level; levels with too few are pale.

    Of more than `MOST_LEVELS` levels the largest are drawn, and the figure says so. Takes `by`, `level`,
    the base `customers_at_start`, the rate with `_low` and `_high`, and `verdict`.
    """
    largest = frame["customers_at_start"].nlargest(MOST_LEVELS).index
    if len(frame) > MOST_LEVELS:
        title = f"{title} (the {MOST_LEVELS} largest of {len(frame)} groups)"
    rows = frame.loc[sorted(largest)].iloc[::-1].reset_index(drop=True)
    canvas, axes = _canvas(0.9 + 0.28 * len(rows))
    parts = []
    for place, row in enumerate(rows.itertuples()):
        value, low, high = (getattr(row, name) for name in (rate, f"{rate}_low", f"{rate}_high"))
        parts.append(f"{row.level} {formats.rate(value, low, high)}")
        colour = "#b4b9c2" if row.verdict == "too few" else BLUE
        axes.plot([low, high], [place, place], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot([value], [place], "o", color=colour, markersize=5.5)
    labels = [f"{row.level}  (n = {formats.count(row.customers_at_start)})" for row in rows.itertuples()]
    axes.set_yticks(range(len(rows)), labels)
    for place in range(1, len(rows)):
        if rows["by"][place] != rows["by"][place - 1]:
            axes.axhline(place - 0.5, color="#8a8f98", linewidth=0.6)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    top = float(rows.loc[rows["verdict"] != "too few", f"{rate}_high"].max())
    top = min(1.0, (0.3 if pd.isna(top) else top) * 1.25)
    axes.set_xlim(0, top)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    _percent_axis(axes.xaxis, top)
    axes.set_title(title)
    return _finished(canvas, f"{title}. {'; '.join(reversed(parts)) or 'There is no group to show'}.")


@_styled
def losses_by_tenure(frame: pd.DataFrame) -> Figure:
    """The share of losses in each stage of tenure, with its interval.

    Takes the table of the same name: from_day, to_day, lost, lost_in_all, share with `_low` and `_high`.
    """
    stages = [
        f"day {row.from_day} on" if pd.isna(row.to_day) else f"days {row.from_day}–{row.to_day}"
        for row in frame.itertuples()
    ]
    in_all = int(frame["lost_in_all"].iloc[0])
    title = f"When {formats.plural(in_all, 'lost customer')} left, by days since the first"
    canvas, axes = _canvas(2.9)
    places = range(len(frame))
    shares = frame["share"].fillna(0)
    axes.bar(places, shares, color=BLUE, width=0.62)
    if in_all:
        errors = [
            (shares - frame["share_low"]).clip(lower=0),
            (frame["share_high"] - shares).clip(lower=0),
        ]
        axes.errorbar(places, shares, yerr=errors, fmt="none", ecolor="#22262c", elinewidth=1.1)
    axes.set_xticks(
        places, [f"{stage}\n{lost} lost" for stage, lost in zip(stages, frame["lost"], strict=True)]
    )
    axes.set_ylim(0, min(1.0, float(frame["share_high"].max()) * 1.08) if in_all else 1.0)
    _percent_axis(axes.yaxis, 1.0)
    axes.set_title(title)
    parts = [f"{stage}: {lost}" for stage, lost in zip(stages, frame["lost"], strict=True)]
    return _finished(canvas, f"{title}. {'; '.join(parts)}.")


@_styled
def triangle(cells: pd.DataFrame, *, title: str, cohorts: int = 13, periods: int = 12) -> Figure:
    """A cohort triangle: a row a cohort, a column a month of age, the share still there in the cell.

    Takes `cohort`, `k`, `size`, `rate` and, on the anniversary clock, `final`: a cell that is not final is
    hatched. The colours run from 0 to 100 % always, so that a shade means the same in every report. Only
    the latest cohorts and the first periods are drawn; the table holds the rest.
    """
    latest = sorted(cells["cohort"].unique())[-cohorts:]
    shown = cells[cells["cohort"].isin(latest) & (cells["k"] <= periods)]
    canvas, axes = _canvas(1.1 + 0.3 * max(len(latest), 1))
    if shown.empty:
        axes.set_title(f"{title}: no cell yet")
        return _finished(canvas, f"{title}: nobody has reached the first month yet, so there is no cell.")
    grid = shown.pivot(index="cohort", columns="k", values="rate")
    sizes = shown.groupby("cohort")["size"].first()
    axes.pcolormesh(grid, vmin=0, vmax=1, cmap="BuGn", edgecolors="white", linewidth=1.5)
    for (down, across), rate in np.ndenumerate(grid.to_numpy(dtype=float)):
        if not np.isnan(rate):
            ink = "white" if rate > DARK else "#22262c"
            axes.text(
                across + 0.5, down + 0.5, f"{100 * rate:.0f}",
                color=ink, fontsize=8, ha="center", va="center",
            )  # fmt: skip
    axes.invert_yaxis()
    axes.set_xticks([place + 0.5 for place in range(grid.shape[1])], list(grid.columns))
    labels = [f"{formats.short_month(cohort)}  (n = {sizes[cohort]})" for cohort in grid.index]
    axes.set_yticks([place + 0.5 for place in range(len(grid))], labels, rotation=0)
    axes.set(xlabel="months since the start; share still customers, %", ylabel="")
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    if "final" in shown.columns:
        _hatch_unfinished(axes, shown, grid)
    axes.set_title(title)
    first, last = latest[0], latest[-1]
    oldest = shown[shown["cohort"] == first].iloc[-1]
    alt = (
        f"{title}. Cohorts from {formats.month(first)} to {formats.month(last)}. Of the "
        f"{formats.plural(int(oldest['size']), 'customer')} of {formats.month(first)}, "
        f"{formats.percent(oldest['rate'], 0)} were still there at month {oldest['k']}."
    )
    return _finished(canvas, alt)


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

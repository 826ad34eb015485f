"""Figures of parts of a whole: shares and amounts by what they are for, each with its interval."""

import datetime as dt

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from retention_helpers.shown.figures.canvas import (
    BLUE,
    INK,
    Figure,
    blank,
    draw_notes,
    finished,
    percent_axis,
    styled,
    write_below,
)
from retention_helpers.words import calendar, formats

PALE = "#b4b9c2"  # of what is too few to judge
ROOM = 1.08  # above the longest interval


@styled
def shares(frame: pd.DataFrame, name: str, share: str, *, title: str) -> Figure:
    """A share for each row with its interval, in the order of the table; the title says of what.

    Takes the column `name` (what the share is of) and the share with `_low` and `_high`.
    """
    return _bars(frame, name, share, title, formats.rate, lambda axes, top: percent_axis(axes.xaxis, top))


@styled
def amounts(frame: pd.DataFrame, name: str, amount: str, *, title: str, currency: str) -> Figure:
    """An amount of money for each row with its interval, in the order of the table.

    Takes the column `name` and the amount with `_low` and `_high`.
    """

    def written(value: object, low: object, high: object) -> str:
        return formats.amount(value, low, high, currency)

    def axis(axes: Axes, top: float) -> None:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: formats.money(value)))

    return _bars(frame, name, amount, title, written, axis)


def _bars(frame: pd.DataFrame, name: str, column: str, title: str, written, axis) -> Figure:  # type: ignore[no-untyped-def]
    canvas, axes = blank(1.0 + 0.34 * max(len(frame), 1))
    axes.set_title(title)
    if frame.empty:
        axes.set_axis_off()
        return finished(canvas, f"{title}. There is nothing to draw.")
    rows = frame.iloc[::-1].reset_index(drop=True)
    values, low, high = (rows[f"{column}{end}"].astype(float) for end in ("", "_low", "_high"))
    places = range(len(rows))
    axes.barh(places, values, color=BLUE, height=0.6)
    errors = [(values - low).clip(lower=0), (high - values).clip(lower=0)]
    axes.errorbar(values, places, xerr=errors, fmt="none", ecolor=INK, elinewidth=1.1)
    labels = [formats.words(one) for one in rows[name]]
    axes.set_yticks(places, labels)
    top = float(high.max()) * ROOM or 1.0
    axes.set_xlim(0, min(top, 1.0) if axis is None else top)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axis(axes, top)
    ends = zip(labels, rows[column], rows[f"{column}_low"], rows[f"{column}_high"], strict=True)
    parts = [f"{label} {written(*three)}" for label, *three in reversed(list(ends))]
    return finished(canvas, f"{title}. {'; '.join(parts)}.")


@styled
def shares_over_time(frame: pd.DataFrame, *, title: str, notes: pd.DataFrame) -> Figure:
    """A panel a reason: its share in each period with its interval, the number of answers below.

    A period with too few answers is pale. Takes first_month, last_month, reason, answered, share with `_low`
    and `_high`, enough, and the owner's notes.
    """
    reasons = list(dict.fromkeys(frame["reason"]))
    if not reasons:
        canvas, axes = blank(1.2)
        axes.set_title(title)
        axes.set_axis_off()
        return finished(canvas, f"{title}. There is nothing to draw.")
    canvas = Canvas(figsize=(7.4, 1.0 + 1.5 * len(reasons)), layout="tight")
    panels = canvas.subplots(len(reasons), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    top = min(1.0, float(frame["share_high"].max()) * ROOM)
    begin = frame["first_month"].min()
    parts = []
    for axes, reason in zip(panels, reasons, strict=True):
        own = frame[frame["reason"] == reason]
        parts.append(_panel(axes, own, formats.words(reason), top, begin))
    months = list(pd.date_range(begin, frame["last_month"].max(), freq="MS"))
    said = next(iter([draw_notes(axes, notes, months) for axes in panels]))
    periods = frame.drop_duplicates("first_month")
    labels = [
        f"{formats.short_month(row.last_month)}\nn = {formats.count(row.answered)}"
        for row in periods.itertuples()
    ]
    panels[-1].set_xticks(_middles(periods, begin), labels)
    write_below(panels[-1], said)
    canvas.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return finished(canvas, " ".join([f"{title}.", *parts, *(f"Note {one}." for one in said)]))


def _middles(own: pd.DataFrame, begin: dt.date) -> list[float]:
    """The place of each period on an axis on which the first month of all is 0 and each month a unit."""
    ends = zip(own["first_month"], own["last_month"], strict=True)
    return [
        (calendar.months_between(begin, first) + calendar.months_between(begin, last)) / 2
        for first, last in ends
    ]


def _panel(axes: Axes, own: pd.DataFrame, label: str, top: float, begin: dt.date) -> str:
    given = own[own["answered"] > 0]
    places = _middles(given, begin)
    shares_ = given["share"].astype(float)
    axes.plot(places, shares_, color=PALE, linewidth=1.2, zorder=1)
    for place, row in zip(places, given.itertuples(), strict=True):
        colour = BLUE if row.enough else PALE
        axes.plot([place, place], [row.share_low, row.share_high], color=colour, linewidth=1.6)
        axes.plot([place], [row.share], "o", color=colour, markersize=5)
    axes.set_title(label, fontsize=9.5, pad=4)
    axes.set_ylim(0, top)
    percent_axis(axes.yaxis, 1.0)
    if given.empty:
        return f"{label}: no answers."
    said = [
        f"{formats.percent(row.share, 0)} to {formats.short_month(row.last_month)}"
        for row in given.itertuples()
    ]
    return f"{label}: {', '.join(said)}."

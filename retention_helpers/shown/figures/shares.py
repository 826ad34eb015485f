"""Figures of parts of a whole: shares and amounts by what they are for, each with its interval."""

import datetime as dt
from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREY,
    PALE,
    RED,
    Drawing,
    draw_notes,
    finished,
    hint,
    is_narrow,
    panels,
    percent_axis,
    points_axis,
    styled,
)
from retention_helpers.shown.figures.dots import Dot, mark_across, rows_of_dots
from retention_helpers.words import calendar, formats

ROOM = 1.08  # above the longest interval


@styled
def shares(
    frame: pd.DataFrame, name: str, share: str, *, title: str, is_first_clear: bool = False
) -> Drawing | None:
    """A share for each row with its interval, in the order of the table; the title says of what.

    The first has a colour of its own where it is clearly ahead; those that cannot be told apart share one.
    Takes the column `name` (what the share is of) and the share with `_low` and `_high`. None without rows.
    """
    first = RED if is_first_clear and len(frame) > 1 else BLUE
    below = ["Orange: clearly ahead of the next."] if first == RED else []
    return _bars(
        frame, name, share, title, formats.rate, lambda axes, top: percent_axis(axes.xaxis, top), first, below
    )


@styled
def amounts(frame: pd.DataFrame, name: str, amount: str, *, title: str, currency: str) -> Drawing | None:
    """An amount of money for each row with its interval, in the order of the table.

    Takes the column `name` and the amount with `_low` and `_high`. None without rows.
    """

    def written(value: object, low: object, high: object) -> str:
        return formats.amount(value, low, high, currency)

    def axis(axes: Axes, top: float) -> None:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4 if is_narrow() else 6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: formats.money(value)))

    return _bars(frame, name, amount, title, written, axis)


def _bars(
    frame: pd.DataFrame,
    name: str,
    column: str,
    title: str,
    written: Callable[..., str],
    axis: Callable[[Axes, float], None],
    first: str = BLUE,
    below: Sequence[str] = (),
) -> Drawing | None:
    if frame.empty:
        return None
    ends = [frame[f"{column}{end}"].astype(float) for end in ("", "_low", "_high")]
    rows = [
        Dot(formats.words(label), three, written(*three), BLUE if nth else first)
        for nth, (label, *three) in enumerate(zip(frame[name], *ends, strict=True))
    ]
    canvas, axes, _ = rows_of_dots(rows, has_bars=True)
    top = float(ends[2].max()) * ROOM or 1.0
    axes.set_xlim(0, top)
    axis(axes, top)
    said = "; ".join(f"{row.name} {row.written}" for row in rows)
    return finished(canvas, title, f"{title}. {said}.", below)


@styled
def differences(
    frame: pd.DataFrame,
    name: str,
    difference: str,
    *,
    title: str,
    clear: Sequence[str],
    sides: tuple[str, str],
) -> Drawing | None:
    """A difference of two shares for each row with its interval, around a line at none.

    Takes the column `name`, the difference with `_low` and `_high`, and `verdict`; those whose verdict is not
    among `clear` are pale. `sides` say what lies left and right of none. None without rows.
    """
    if frame.empty:
        return None
    rows = []
    for row in frame.to_dict(orient="records"):
        three = tuple(float(row[f"{difference}{end}"]) for end in ("", "_low", "_high"))
        colour = BLUE if row["verdict"] in clear else PALE
        rows.append(Dot(formats.words(row[name]), three, formats.difference(*three), colour))
    canvas, axes, places = rows_of_dots(rows, more_below=0.25)
    far = ROOM * max(abs(value) for row in rows for value in row.values)
    axes.set_xlim(-far, far)
    mark_across(axes, places, 0, GREY)
    points_axis(axes.xaxis)
    axes.set_xlabel(f"← {sides[0]} · {sides[1]} →")
    said = "; ".join(f"{row.name} {row.written}" for row in rows)
    is_mixed = len({row.colour for row in rows}) > 1
    return finished(canvas, title, f"{title}. {said}.", ["Grey: no clear difference."] if is_mixed else [])


@styled
def shares_over_time(frame: pd.DataFrame, *, title: str, notes: pd.DataFrame) -> Drawing | None:
    """A panel a reason: its share in each period with its interval, the number of answers below.

    A period with too few answers is pale. Takes first_month, last_month, reason, answered, share with `_low`
    and `_high`, enough, and the owner's notes. None without a reason.
    """
    reasons = list(dict.fromkeys(frame["reason"]))
    if not reasons:
        return None
    height = 0.6 + 1.35 * len(reasons)
    canvas, every = panels(len(reasons), height, share=True)
    top = min(1.0, float(frame["share_high"].max()) * ROOM)
    begin = frame["first_month"].min()
    parts = []
    for axes, reason in zip(every, reasons, strict=True):
        own = frame[frame["reason"] == reason]
        parts.append(_panel(axes, own, formats.words(reason), top, begin))
    months = list(pd.date_range(begin, frame["last_month"].max(), freq="MS"))
    said = next(iter([draw_notes(axes, notes, months) for axes in every]))
    periods = frame.drop_duplicates("first_month")
    labels = [_period(row.last_month, row.answered) for row in periods.itertuples()]
    every[-1].set_xticks(_middles(periods, begin), labels)
    if is_narrow():
        every[-1].set_xlabel("below the months: answers", loc="left")
    return finished(canvas, title, " ".join([f"{title}.", *parts, *(f"Note {one}." for one in said)]), said)


def _period(last_month: pd.Timestamp, answered: int) -> str:
    month, count = formats.short_month(last_month), formats.count(answered)
    return f"{month.replace(' ', chr(10))}\n{count}" if is_narrow() else f"{month}\nn = {count}"


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
    axes.plot(places, given["share"].astype(float), color=PALE, linewidth=1.2, zorder=1)
    for place, row in zip(places, given.itertuples(), strict=True):
        colour = BLUE if row.enough else PALE
        axes.plot([place, place], [row.share_low, row.share_high], color=colour, linewidth=2)
        axes.plot([place], [row.share], "o", color=colour, markersize=6)
        share = formats.rate(row.share, row.share_low, row.share_high)
        words = f"to {formats.short_month(row.last_month)}: {share}, n = {formats.count(row.answered)}"
        hint(axes, (place - 0.5, place + 0.5), words)
    axes.set_title(label)
    axes.set_ylim(0, top)
    percent_axis(axes.yaxis, 1.0)
    if given.empty:
        return f"{label}: no answers."
    said = [
        f"{formats.percent(row.share, 0)} to {formats.short_month(row.last_month)}"
        for row in given.itertuples()
    ]
    return f"{label}: {', '.join(said)}."

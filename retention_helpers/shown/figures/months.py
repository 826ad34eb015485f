"""Figures over months."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    RED,
    Figure,
    blank,
    draw_notes,
    finished,
    month_axis,
    percent_axis,
    styled,
    write_below,
)
from retention_helpers.words import formats


@styled
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
    canvas, axes = blank(3.3)
    if shown.empty:
        axes.set_title(f"{name}: no month with customers at its start")
        return finished(canvas, f"{name}: no month begins with customers, so there is nothing to draw.")
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
    axes.set_xlim(-0.5, len(shown) + 0.2)
    noted = _around(axes, shown, top, notes)
    axes.set_title(f"{name} a month, with its 95 % interval{_aim(target)}")
    alt = (
        f"{name} from {formats.month(shown['month'][0])} to {formats.month(last['month'])}: between "
        f"{formats.percent(shown[rate].min())} and {formats.percent(shown[rate].max())}, last "
        f"{formats.rate_in(last, rate)}."
    )
    return finished(canvas, " ".join([alt, *noted]))


def _around(axes: Axes, shown: pd.DataFrame, top: float, notes: pd.DataFrame | None) -> list[str]:
    """The axes of a rate over months, and the owner's notes; what the picture's words say of these."""
    axes.set_ylim(0, top)
    month_axis(axes, list(shown["month"]))
    percent_axis(axes.yaxis, top)
    said = [] if notes is None else draw_notes(axes, notes, list(shown["month"]))
    write_below(axes, said)
    return [f"Note {one}." for one in said]


def _aim(target: float | None) -> str:
    return "" if target is None else f"; dashed: target {formats.percent(target)}"


@styled
def movement_by_month(
    frame: pd.DataFrame, *, gains: Sequence[str], losses: Sequence[str], title: str
) -> Figure:
    """What came above the line and what went below it, month by month.

    Takes `month` and the columns named; they may be counts or amounts. One that is not known is not drawn.
    """
    unknown = [column for column in (*gains, *losses) if frame[column].isna().all()]
    canvas, axes = blank(3.3)
    places = range(len(frame))
    gain_colours = (BLUE, "#56B4E9", GREEN, "#94c9a9")
    loss_colours = (RED, "#E69F00", "#CC79A7")
    for columns, colours, sign in ((gains, gain_colours, 1), (losses, loss_colours, -1)):
        base = pd.Series(0.0, index=frame.index)
        for column, colour in zip(columns, colours, strict=False):
            if column in unknown:
                continue
            height = frame[column].astype(float) * sign
            axes.bar(places, height, bottom=base, color=colour, width=0.72, label=formats.label(column))
            base = base + height
    axes.axhline(0, color="#3b4048", linewidth=0.8)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formats.count(abs(value))))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlim(-0.7, len(frame) - 0.3)
    month_axis(axes, list(frame["month"]))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=7, columnspacing=1.1, handlelength=1)
    axes.set_title(title)
    last = frame.iloc[-1]
    known = [column for column in (*gains, *losses) if column not in unknown]
    parts = [f"{formats.label(column).lower()} {formats.money(last[column])}" for column in known]
    missing = f" Not known: {', '.join(unknown)}." if unknown else ""
    return finished(
        canvas, f"{title}. Last month, {formats.month(last['month'])}: {', '.join(parts)}.{missing}"
    )


@styled
def control_chart(
    frame: pd.DataFrame, *, target: float | None = None, notes: pd.DataFrame | None = None
) -> Figure:
    """Churn month by month inside the range that is usual for each month; unusual months in red.

    Takes `month`, `churn_rate`, `usual_rate` with `_low` and `_high`, and `unusual`. Months that are not
    judged are drawn without a range.
    """
    shown = frame[frame["churn_rate"].notna()].reset_index(drop=True)
    canvas, axes = blank(3.3)
    if shown.empty:
        axes.set_title("Churn: no month with customers at its start")
        return finished(canvas, "Churn: no month begins with customers, so there is nothing to draw.")
    places = list(range(len(shown)))
    low, high = shown["usual_rate_low"], shown["usual_rate_high"]
    axes.fill_between(places, low, high, step="mid", color=GREY, alpha=0.18, linewidth=0)
    axes.step(places, shown["usual_rate"], where="mid", color=GREY, linewidth=1)
    if target is not None:
        axes.axhline(target, color=GREEN, linewidth=1.2, linestyle=(0, (5, 2)))
    axes.plot(places, shown["churn_rate"], color=BLUE, marker="o", markersize=3.5)
    out = [place for place in places if shown["unusual"][place] is True]
    axes.plot(out, shown["churn_rate"][out], "o", color=RED, markersize=7, zorder=3)
    for place in out:
        axes.annotate(
            formats.percent(shown["churn_rate"][place]), (place, shown["churn_rate"][place]), xytext=(7, 0),
            textcoords="offset points", va="center", color=RED, fontweight="bold", fontsize=9,
        )  # fmt: skip
    tallest = max(float(shown["churn_rate"].max()), 0 if pd.isna(high.max()) else float(high.max()))
    top = min(1.0, 1.15 * tallest + 0.005)
    axes.set_xlim(-0.5, len(shown) - 0.3)
    noted = _around(axes, shown, top, notes)
    axes.set_title(f"Churn a month; grey: the usual range{_aim(target)}")
    return finished(canvas, " ".join([*_control_words(shown, out), *noted]))


def _control_words(shown: pd.DataFrame, out: Sequence[int]) -> list[str]:
    last = shown.iloc[-1]
    months = f"Churn from {formats.month(shown['month'][0])} to {formats.month(last['month'])}"
    usual = (
        "not judged yet"
        if pd.isna(last["usual_rate"])
        else f"usual range {formats.interval(last['usual_rate_low'], last['usual_rate_high'])}"
    )
    words = [f"{months}, last {formats.percent(last['churn_rate'])}, {usual}."]
    named = [
        f"{formats.month(shown['month'][place])} ({formats.percent(shown['churn_rate'][place])})"
        for place in out
    ]
    return [*words, f"Unusual: {', '.join(named)}." if named else "No month is unusual."]


@styled
def outlook(frame: pd.DataFrame) -> Figure | None:
    """The year ahead: today's customers who will still be here, and everybody, each with its band.

    Takes `month`, `still_here` and `customers`, both with `_low` and `_high`; the first row is today.
    None without any row.
    """
    if frame.empty:
        return None
    canvas, axes = blank(3.3)
    places = range(len(frame))
    lines = (("customers", BLUE, "with newcomers"), ("still_here", GREEN, "of today's customers"))
    parts = []
    for name, colour, words in lines:
        value = frame[name].astype(float)
        low, high = (frame[f"{name}_{end}"].astype(float).fillna(value) for end in ("low", "high"))
        axes.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(places, value, color=colour)
        last = frame.iloc[-1]
        told = formats.counted(last[name], last[f"{name}_low"], last[f"{name}_high"])
        axes.annotate(
            f"{words}\n{told}", (len(frame) - 1, float(value.iloc[-1])), xytext=(6, 0),
            textcoords="offset points", va="center", color=colour, fontweight="bold", fontsize=8.5,
        )  # fmt: skip
        parts.append(f"{words} {told}")
    axes.set_ylim(0, 1.08 * float(frame["customers_high"].max()))
    axes.set_xlim(-0.3, len(frame) + 2.2)
    month_axis(axes, list(frame["month"]))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    title = f"Customers to {formats.month(frame['month'].iloc[-1])}, if nothing changes"
    axes.set_title(title)
    return finished(canvas, f"{title}: {'; '.join(parts)}.")

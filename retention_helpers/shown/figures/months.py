"""Figures over months."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    RED,
    Drawing,
    blank,
    draw_notes,
    finished,
    hint,
    is_narrow,
    month_axis,
    percent_axis,
    styled,
)
from retention_helpers.shown.figures.colours import MINT, ORANGE, PINK, SKY
from retention_helpers.shown.figures.ends import End, name_ends
from retention_helpers.words import formats

HEIGHT, NARROW_HEIGHT, CARD_HEIGHT = 3.0, 2.6, 1.75


def _target(axes: Axes, target: float | None) -> str:
    """Draws the owner's target; returns what the title says of it."""
    if target is None:
        return ""
    axes.axhline(target, color=GREEN, linewidth=1.2, linestyle=(0, (5, 2)))
    return f"; dashed: target {formats.percent(target)}"


@styled
def rate_by_month(
    frame: pd.DataFrame,
    rate: str,
    *,
    target: float | None = None,
    notes: pd.DataFrame | None = None,
    months: int | None = None,
    every: Literal["month", "week"] = "month",
) -> Drawing | None:
    """A rate month by month, or week by week, with its interval, the owner's target and notes.

    Takes `month` (or `week`, its first day), the rate and its `_low` and `_high`. A month without a rate is a
    gap in the line; None where no month has one. With `months` only the last so many, in the height of a
    card; notes stand on months alone.
    """
    frame = frame if months is None else frame.tail(months)
    shown = frame[frame[rate].notna().cummax()].reset_index(drop=True)
    if shown.empty:
        return None
    name = formats.label(rate)
    canvas, axes = blank(HEIGHT, NARROW_HEIGHT if months is None else CARD_HEIGHT)
    places = range(len(shown))
    low, high = shown[f"{rate}_low"], shown[f"{rate}_high"]
    axes.fill_between(places, low, high, color=BLUE, alpha=0.16, linewidth=0)
    axes.plot(places, shown[rate], color=BLUE, marker="o", markersize=4)
    last = shown.iloc[-1]
    axes.annotate(
        formats.percent(last[rate]), (len(shown) - 1, last[rate]), xytext=(6, 0),
        textcoords="offset points", va="center", color=BLUE, fontweight="bold", fontsize=9,
    )  # fmt: skip
    aim = _target(axes, target)
    # A first month of three customers has an interval up to 70 %: it may not squash the others.
    top = min(float(high.max()), 2.5 * float(shown[rate].max()) + 0.02)
    axes.set_ylim(0, top)
    axes.set_xlim(-0.5, len(shown) + 0.2)
    for place, row in enumerate(shown.to_dict(orient="records")):
        when = (formats.short_month if every == "month" else formats.short_day)(row[every])
        hint(axes, _around(place), f"{when}: {formats.rate_in(row, rate)}{_of(row)}")
    drawn = list(shown[every])
    month_axis(axes, drawn, write=formats.short_month if every == "month" else formats.short_day)
    percent_axis(axes.yaxis, top)
    said = draw_notes(axes, notes, drawn)
    in_words = formats.month if every == "month" else formats.day
    alt = (
        f"{name} from {in_words(drawn[0])} to {in_words(drawn[-1])}: between "
        f"{formats.percent(shown[rate].min())} and {formats.percent(shown[rate].max())}, last "
        f"{formats.rate(last[rate], last[f'{rate}_low'], last[f'{rate}_high'])}."
    )
    title = f"{name} a {every}, with its 95 % interval{aim}"
    return finished(canvas, title, " ".join([alt, *(f"Note {one}." for one in said)]), said)


def _around(place: int) -> tuple[float, float]:
    return place - 0.5, place + 0.5


def _of(row: Mapping[Any, Any]) -> str:
    """Of how many customers a rate is, where its table says so."""
    many = row.get("customers_at_start")
    return "" if many is None else f", n = {formats.count(many)}"


@styled
def score_over_time(frame: pd.DataFrame) -> Drawing | None:
    """The NPS of three months at a time, a point each with its interval.

    Takes `month` (the first of the three), `responses`, `nps`, `nps_low` and `nps_high`; None with fewer than
    two points.
    """
    if len(frame) < 2:
        return None
    canvas, axes = blank(HEIGHT, NARROW_HEIGHT)
    places, value = list(range(len(frame))), frame["nps"].astype(float)
    reach = [(value - frame["nps_low"]).clip(lower=0), (frame["nps_high"] - value).clip(lower=0)]
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.errorbar(places, value, yerr=reach, fmt="o", color=BLUE, markersize=5, elinewidth=1.4, capsize=3)
    told = [
        f"{formats.short_month(row['month'])} {_score(row)}, {formats.plural(row['responses'], 'answer')}"
        for row in frame.to_dict(orient="records")
    ]
    for place, words in zip(places, told, strict=True):
        hint(axes, _around(place), words)
    axes.set_xlim(-0.5, len(frame) - 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda height, _: formats.points(height / 100)[:-2]))
    month_axis(axes, list(frame["month"]))
    title = "NPS of three months each, named by the first, with its 95 % interval"
    return finished(canvas, title, f"{title}: {'; '.join(told)}.")


ENDS = ("", "_low", "_high")


def _score(row: Mapping[Any, Any]) -> str:
    return formats.difference(*(row[f"nps{end}"] / 100 for end in ENDS))


@styled
def movement_by_month(
    frame: pd.DataFrame, *, gains: Sequence[str], losses: Sequence[str], title: str
) -> Drawing:
    """What came above the line and what went below it, month by month.

    Takes `month` and the columns named; they may be counts or amounts. One that is not known is not drawn.
    """
    unknown = [column for column in (*gains, *losses) if frame[column].isna().all()]
    canvas, axes = blank(HEIGHT, NARROW_HEIGHT + 0.3)
    places = range(len(frame))
    for columns, colours, sign in ((gains, (BLUE, SKY, GREEN, MINT), 1), (losses, (RED, ORANGE, PINK), -1)):
        base = pd.Series(0.0, index=frame.index)
        for column, colour in zip(columns, colours, strict=False):
            if column in unknown:
                continue
            height = frame[column].astype(float) * sign
            axes.bar(places, height, bottom=base, color=colour, width=0.72, label=formats.label(column))
            base = base + height
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: formats.count(abs(value))))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlim(-0.7, len(frame) - 0.3)
    month_axis(axes, list(frame["month"]))
    shown = [column for column in (*gains, *losses) if column not in unknown]
    for place, row in enumerate(frame.to_dict(orient="records")):
        parts = [f"{formats.label(column).lower()} {formats.money(row[column])}" for column in shown]
        hint(axes, _around(place), f"{formats.short_month(row['month'])}: {', '.join(parts)}")
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.12), ncols=3 if is_narrow() else 7)
    last = frame.iloc[-1]
    known = [column for column in (*gains, *losses) if column not in unknown]
    parts = [f"{formats.label(column).lower()} {formats.money(last[column])}" for column in known]
    missing = f" Not known: {', '.join(unknown)}." if unknown else ""
    alt = f"{title}. Last month, {formats.month(last['month'])}: {', '.join(parts)}.{missing}"
    return finished(canvas, title, alt)


@styled
def control_chart(
    frame: pd.DataFrame, *, target: float | None = None, notes: pd.DataFrame | None = None
) -> Drawing | None:
    """Churn month by month inside the range that is usual for each month; unusual months in orange.

    Takes `month`, `churn_rate`, `usual_rate` with `_low` and `_high`, and `unusual`. Months that are not
    judged are drawn without a range. None where no month has a rate.
    """
    shown = frame[frame["churn_rate"].notna()].reset_index(drop=True)
    if shown.empty:
        return None
    canvas, axes = blank(HEIGHT, NARROW_HEIGHT)
    places = list(range(len(shown)))
    low, high = shown["usual_rate_low"], shown["usual_rate_high"]
    axes.fill_between(places, low, high, step="mid", color=GREY, alpha=0.18, linewidth=0)
    axes.step(places, shown["usual_rate"], where="mid", color=GREY, linewidth=1)
    aim = _target(axes, target)
    axes.plot(places, shown["churn_rate"], color=BLUE, marker="o", markersize=4)
    out = [place for place in places if shown["unusual"][place] is True]
    axes.plot(out, shown["churn_rate"][out], "o", color=RED, markersize=8, zorder=3)
    for place in out:
        is_late = place > len(shown) * 0.8
        axes.annotate(
            formats.percent(shown["churn_rate"][place]), (place, shown["churn_rate"][place]),
            xytext=(-7 if is_late else 7, 0), textcoords="offset points", va="center",
            ha="right" if is_late else "left", color=RED, fontweight="bold", fontsize=9,
        )  # fmt: skip
    tallest = max(float(shown["churn_rate"].max()), 0 if pd.isna(high.max()) else float(high.max()))
    top = min(1.0, 1.15 * tallest + 0.005)
    axes.set_ylim(0, top)
    axes.set_xlim(-0.5, len(shown) - 0.3)
    months = list(shown["month"])
    month_axis(axes, months)
    percent_axis(axes.yaxis, top)
    for place, row in enumerate(shown.to_dict(orient="records")):
        what = f"{formats.percent(row['churn_rate'])}, {_usual(row)}{_of(row)}"
        hint(axes, _around(place), f"{formats.short_month(row['month'])}: {what}")
    said = draw_notes(axes, notes, months)
    words = " ".join([*_control_words(shown, out), *(f"Note {one}." for one in said)])
    return finished(canvas, f"Churn a month; grey: the usual range{aim}", words, said)


def _control_words(shown: pd.DataFrame, out: Sequence[int]) -> list[str]:
    last = shown.iloc[-1]
    months = f"Churn from {formats.month(shown['month'][0])} to {formats.month(last['month'])}"
    words = [f"{months}, last {formats.percent(last['churn_rate'])}, {_usual(last)}."]
    named = [
        f"{formats.month(shown['month'][place])} ({formats.percent(shown['churn_rate'][place])})"
        for place in out
    ]
    return [*words, f"Unusual: {', '.join(named)}." if named else "No month is unusual."]


def _usual(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["usual_rate"]):
        return "not judged yet"
    return f"usual range {formats.interval(row['usual_rate_low'], row['usual_rate_high'])}"


@styled
def outlook(frame: pd.DataFrame) -> Drawing | None:
    """The year ahead as two fans: today's customers who will still be here, and everybody.

    Takes `month`, `still_here` and `customers`, both with `_low` and `_high`; the first row is today.
    None without any row.
    """
    if frame.empty:
        return None
    canvas, axes = blank(HEIGHT, NARROW_HEIGHT)
    places = range(len(frame))
    lines = (("customers", BLUE, "with newcomers"), ("still_here", GREEN, "of today's customers"))
    last = frame.iloc[-1]
    parts, ends = [], []
    for name, colour, words in lines:
        value = frame[name].astype(float)
        low, high = (frame[f"{name}_{end}"].astype(float).fillna(value) for end in ("low", "high"))
        axes.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(places, value, color=colour)
        told = formats.counted(last[name], last[f"{name}_low"], last[f"{name}_high"])
        end = float(value.iloc[-1])
        between = "\n" if is_narrow() else " "
        ends.append(End(len(frame) - 1, end, words, told.replace(" (", f"{between}("), colour))
        parts.append(f"{words} {told}")
    axes.plot([0], [float(frame["customers"].iloc[0])], "o", color=INK, markersize=6)
    for place, row in enumerate(frame.to_dict(orient="records")):
        each = [
            f"{words} {formats.counted(*(row[f'{name}{end}'] for end in ENDS))}" for name, _, words in lines
        ]
        hint(axes, _around(place), f"{formats.short_month(row['month'])}: {'; '.join(each)}")
    axes.set_ylim(0, 1.08 * float(frame["customers_high"].max()))
    axes.set_xlim(-0.3, len(frame) - 1)
    name_ends(axes, ends)
    month_axis(axes, list(frame["month"]), 3 if is_narrow() else None)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    title = f"Customers to {formats.month(last['month'])}, if nothing changes"
    return finished(canvas, title, f"{title}: {'; '.join(parts)}.")

"""Figures of how long customers stay, by months since their first day."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    RED,
    Figure,
    blank,
    finished,
    numbers_at_risk,
    percent_axis,
    styled,
)
from retention_helpers.words import formats

FEWEST_AT_RISK = 10  # the curve ends where fewer are left to watch
MOST_CURVES = 5
COLOURS = (BLUE, RED, GREEN, "#CC79A7", "#E69F00")
STATED = (1, 3, 6, 12)  # months that the words name


def _reliable(curve: pd.DataFrame) -> pd.DataFrame:
    """The curve up to the last place with enough customers at risk."""
    enough = (curve["at_risk"] >= FEWEST_AT_RISK).to_numpy()
    return curve[np.logical_and.accumulate(enough)] if len(enough) else curve


def _draw(axes: Axes, curve: pd.DataFrame, share: str, colour: str) -> None:
    places = curve["months"].to_numpy(dtype=float)
    low, high = (curve[f"{share}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
    axes.fill_between(places, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
    axes.step(places, curve[share].to_numpy(dtype=float), where="post", color=colour)


def _label_ends(axes: Axes, ends: Sequence[tuple[float, float, str, str]], span: float) -> None:
    """The name of each line beside its end; names that would overlap are moved apart."""
    beside = 1.012 * max(end[0] for end in ends)
    reached = -np.inf
    for _, height, text, colour in sorted(ends, key=lambda end: end[1]):
        reached = max(height, reached + 0.06 * span)
        axes.text(beside, reached, text, color=colour, fontsize=9, fontweight="bold", va="center")


def _month_ticks(last: float) -> list[int]:
    step = 1 if last <= 6 else 3 if last <= 30 else 6 if last <= 60 else 12
    return list(range(0, int(last) + 1, step))


def _finish_axes(axes: Axes, rows: Sequence[tuple[str, pd.DataFrame, str]], title: str, top: float) -> None:
    last = max(float(curve["months"].max()) for _, curve, _ in rows)
    ticks = _month_ticks(last)
    axes.set_xticks(ticks)
    axes.set_xlim(0, max(last, 1) * 1.12)
    axes.set_ylim(0, top)
    percent_axis(axes.yaxis, top)
    counted = [(name, curve.set_index("months")["at_risk"], colour) for name, curve, colour in rows]
    numbers_at_risk(axes, counted, ticks, "months since the first day")
    axes.set_title(title)


def _at(curve: pd.DataFrame, share: str) -> list[str]:
    """The share at each month that the words name, as far as the curve reaches."""
    stated = curve[curve["months"].isin(STATED)]
    return [
        f"month {row.months:.0f}: "
        f"{formats.rate(getattr(row, share), getattr(row, f'{share}_low'), getattr(row, f'{share}_high'))}"
        for row in stated.itertuples()
    ]


def _nothing(title: str) -> Figure:
    few = f"fewer than {FEWEST_AT_RISK} customers, so there is no curve to draw"
    return _empty(title, "too few customers to draw", few)


def _empty(title: str, shown: str, said: str) -> Figure:
    canvas, axes = blank(1.6)
    axes.set_title(f"{title}: {shown}")
    axes.set_xticks([])
    axes.set_yticks([])
    return finished(canvas, f"{title}: {said}.")


@styled
def survival(curve: pd.DataFrame) -> Figure:
    """The share of customers still there, by months since the first day, with band and numbers at risk.

    Takes `months`, `at_risk`, `survival` with `_low` and `_high`. It ends where fewer than `FEWEST_AT_RISK`
    are at risk.
    """
    title = "Customers still there, with the 95 % band"
    shown = _reliable(curve)
    if shown.empty:
        return _nothing(title)
    canvas, axes = blank(3.5)
    _draw(axes, shown, "survival", BLUE)
    last = shown.iloc[-1]
    _label_ends(axes, [(last["months"], last["survival"], formats.percent(last["survival"], 0), BLUE)], 1.0)
    _finish_axes(axes, [("at risk", shown, GREY)], title, 1.02)
    return finished(canvas, f"{title}. {'; '.join(_at(shown, 'survival')) or 'No full month yet'}.")


@styled
def survival_by_level(curves: pd.DataFrame, *, title: str) -> Figure:
    """A survival curve for each level, with bands, names at the line ends and numbers at risk.

    Takes `level` beside the columns of `survival`. Of more than `MOST_CURVES` levels those with the most
    customers are drawn, and the title says so.
    """
    parts = {str(level): _reliable(own) for level, own in curves.groupby("level")}
    drawn = [(level, own) for level, own in parts.items() if len(own)]
    largest = sorted(drawn, key=lambda part: -int(part[1]["at_risk"].iloc[0]))[:MOST_CURVES]
    if len(drawn) > MOST_CURVES:
        title = f"{title} (the {MOST_CURVES} largest of {len(drawn)})"
    if not largest:
        return _nothing(title)
    rows = [(level, own, colour) for (level, own), colour in zip(largest, COLOURS, strict=False)]
    canvas, axes = blank(3.4 + 0.17 * len(rows))
    for _, own, colour in rows:
        _draw(axes, own, "survival", colour)
    ends = [(own["months"].iloc[-1], own["survival"].iloc[-1], level, colour) for level, own, colour in rows]
    _label_ends(axes, ends, 1.0)
    _finish_axes(axes, rows, title, 1.02)
    said = [f"{level}: {', '.join(_at(own, 'survival')) or 'no full month yet'}" for level, own, _ in rows]
    return finished(canvas, f"{title}. {'; '.join(said)}.")


@styled
def lost_by_cause(causes: pd.DataFrame) -> Figure:
    """The share of customers lost to each cause by months since the first day, with bands.

    Takes `cause`, `months`, `at_risk`, `incidence` with `_low` and `_high`. A cause to which nobody was lost
    is left out.
    """
    title = "Lost to each cause, with the 95 % band"
    parts = [(str(cause), _reliable(own)) for cause, own in causes.groupby("cause", sort=False)]
    drawn = [(cause, own) for cause, own in parts if len(own) and own["incidence"].iloc[-1] > 0]
    if not drawn:
        if not any(len(own) for _, own in parts):
            return _nothing(title)
        return _empty(title, "nobody was lost", "nobody was lost, so there is nothing to draw")
    canvas, axes = blank(3.2)
    for (_, own), colour in zip(drawn, COLOURS, strict=False):
        _draw(axes, own, "incidence", colour)
    top = min(1.0, 1.1 * max(float(own["incidence_high"].iloc[-1]) for _, own in drawn))
    ends = [
        (own["months"].iloc[-1], own["incidence"].iloc[-1], formats.label(cause).lower(), colour)
        for (cause, own), colour in zip(drawn, COLOURS, strict=False)
    ]
    _label_ends(axes, ends, top)
    _finish_axes(axes, [("at risk", drawn[0][1], GREY)], title, top)
    said = [
        f"{formats.label(cause).lower()}: {', '.join(_at(own, 'incidence')) or 'no full month yet'}"
        for cause, own in drawn
    ]
    return finished(canvas, f"{title}. {'; '.join(said)}.")


@styled
def loss_by_month_of_tenure(months: pd.DataFrame) -> Figure:
    """The share lost in each month of tenure, with its interval; months of heavy loss stand out.

    Takes `month_of_tenure`, `began`, `loss_rate` with `_low` and `_high`, and `verdict`; months with too few
    customers are pale.
    """
    title = "Lost in each month of tenure, of those who began it"
    canvas, axes = blank(3.0)
    colours = {"above the rest": RED, "too few": "#b4b9c2"}
    said = []
    for row in months.itertuples():
        colour = colours.get(row.verdict, BLUE)
        place = row.month_of_tenure
        axes.plot([place, place], [row.loss_rate_low, row.loss_rate_high], color=colour, linewidth=2)
        axes.plot([place], [row.loss_rate], "o", color=colour, markersize=5)
        if row.verdict == "above the rest":
            said.append(f"month {place} {formats.rate(row.loss_rate, row.loss_rate_low, row.loss_rate_high)}")
    judged = months[months["verdict"] != "too few"]
    top = float((judged if len(judged) else months)["loss_rate_high"].max()) if len(months) else 1.0
    axes.set_ylim(0, min(1.0, 1.08 * top))
    percent_axis(axes.yaxis, top)
    axes.set_xticks(list(months["month_of_tenure"]))
    axes.set_xlabel(
        "month of tenure; orange: above the rest, grey: too few", loc="left", fontsize=8, color=GREY
    )
    axes.set_title(title)
    heavy = f"Above the rest: {'; '.join(said)}" if said else "No month stands out from the others"
    return finished(canvas, f"{title}. {heavy}.")

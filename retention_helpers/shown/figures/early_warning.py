"""Figures of the early warning: what came after each alert, whether risks came true, the mood of all."""

import pandas as pd
from matplotlib.axes import Axes

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    RED,
    SMALL,
    Drawing,
    blank,
    finished,
    hint,
    is_narrow,
    month_axis,
    panels,
    percent_axis,
    styled,
)
from retention_helpers.shown.figures.dots import Dot, rows_of_dots
from retention_helpers.words import formats

_COLOURS = {"works": GREEN, "works weakly": BLUE, "does not work for you": RED, "too few": PALE}
_COLOUR_WORDS = {
    "works": "green",
    "works weakly": "blue",
    "does not work for you": "orange",
    "too few": "grey",
}


@styled
def precision_by_warning(judged: pd.DataFrame, *, horizon_days: int) -> Drawing | None:
    """For each warning the share that left after an alert, with its interval, beside the share of all.

    Takes the table of the back-test: warning, alerts, precision with `_low` and `_high`, base_rate, verdict;
    and of customers by level `level`. None where no warning has come on.
    """
    if "level" in judged:
        judged = judged.assign(warning=judged["warning"] + ": " + judged["level"])
    shown = judged[judged["alerts"] > 0].reset_index(drop=True)
    if shown.empty:
        return None
    rows = [
        Dot(
            f"{row.warning}  (n = {formats.count(row.alerts)})",
            (row.precision, row.precision_low, row.precision_high),
            formats.rate(row.precision, row.precision_low, row.precision_high),
            _COLOURS[row.verdict],
        )
        for row in shown.itertuples()
    ]
    canvas, axes, places = rows_of_dots(rows)
    for place, base_rate in zip(places, shown["base_rate"], strict=True):
        axes.plot([base_rate] * 2, [place.dot - 0.42, place.dot + 0.42], color=INK, linewidth=1.4)
    top = float(shown.loc[shown["verdict"] != "too few", "precision_high"].max())
    top = 1.0 if pd.isna(top) else min(1.0, 1.1 * max(top, float(shown["base_rate"].max())))
    axes.set_xlim(0, top)
    percent_axis(axes.xaxis, top)
    title = f"Left within {horizon_days} days of an alert, and of all customers (line)"
    parts = [
        f"{row.warning} {dot.written} against {formats.percent(row.base_rate)}, {row.verdict}"
        for dot, row in zip(rows, shown.itertuples(), strict=True)
    ]
    seen = [
        f"{_COLOUR_WORDS[verdict]}: {verdict}" for verdict in _COLOURS if verdict in set(shown["verdict"])
    ]
    return finished(canvas, title, f"{title}. {'; '.join(parts)}.", [f"{'; '.join(seen).capitalize()}."])


@styled
def calibration(groups: pd.DataFrame, *, horizon_days: int) -> Drawing | None:
    """For each group of customers the risk that was predicted, and the share that left, with its interval.

    Takes `risk`, `customers`, `left_rate` with `_low` and `_high`. None without a group.
    """
    if groups.empty:
        return None
    canvas, axes = blank(3.0, 3.0)
    top = 1.08 * float(max(groups["left_rate_high"].max(), groups["risk"].max()))
    across = 1.15 * float(groups["risk"].max())
    end = min(across, top)
    axes.plot([0, end], [0, end], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        "as predicted", (0.6 * end, 0.6 * end), xytext=(4, -4), textcoords="offset points", va="top",
        fontsize=SMALL, color=GREY,
    )  # fmt: skip
    for row in groups.itertuples():
        axes.plot([row.risk] * 2, [row.left_rate_low, row.left_rate_high], color=BLUE, linewidth=2)
    axes.plot(groups["risk"], groups["left_rate"], "o", color=BLUE, markersize=6)
    axes.set_xlim(0, across)
    axes.set_ylim(0, top)
    percent_axis(axes.xaxis, across)
    percent_axis(axes.yaxis, top)
    axes.set_xlabel("risk that the model gave", loc="left")
    title = f"Predicted risk, and the share that asked or left within {horizon_days} days"
    ends = zip(groups["left_rate"], groups["left_rate_low"], groups["left_rate_high"], strict=True)
    parts = [
        f"{formats.percent(risk)} predicted, {formats.rate(*share)}"
        for risk, share in zip(groups["risk"], ends, strict=True)
    ]
    return finished(canvas, title, f"{title}, in {len(groups)} groups of customers: {'; '.join(parts)}.")


@styled
def share_by_month(months: pd.DataFrame) -> Drawing | None:
    """Each indicator month by month, a panel each, with the range in which its months usually lie.

    Takes `name`, `indicator`, `month`, `share`, lowest_usual_share, highest_usual_share and `reading`. None
    without an indicator.
    """
    names = list(dict.fromkeys(months["name"]))
    if not names:
        return None
    columns = 1 if is_narrow() else 2
    rows = -(-len(names) // columns)
    canvas, every = panels(rows, 0.2 + 1.55 * rows, columns=columns)
    parts = [
        _indicator(axes, months[months["name"] == name].reset_index(drop=True))
        for axes, name in zip(every, names, strict=False)
    ]
    for axes in every[len(names) :]:
        axes.set_axis_off()
    title = "Share of customers with each warning on; grey: where the months usually lie"
    words = f"Share of customers with each warning on, month by month. {'; '.join(parts)}."
    return finished(canvas, title, words)


def _indicator(axes: Axes, own: pd.DataFrame) -> str:
    usual = [own[f"{end}_usual_share"].astype(float) for end in ("lowest", "highest")]
    axes.fill_between(own.index, *usual, color=GREY, alpha=0.18, linewidth=0)
    axes.plot(own["share"], color=BLUE, marker="o", markersize=3.5, linewidth=1.2)
    odd = own[own["reading"].isin(["above", "below"])]
    axes.plot(odd.index, odd["share"], "o", color=RED, markersize=6)
    top = 1.15 * float(max(own["share"].max(), usual[1].fillna(0).max(), 0.01))
    axes.set_ylim(0, min(top, 1.05))
    axes.set_xlim(-0.5, len(own) - 0.5)
    month_axis(axes, list(own["month"]), 3)
    percent_axis(axes.yaxis, top)
    for place, row in own.iterrows():
        hint(axes, (place - 0.5, place + 0.5), f"{formats.short_month(row['month'])}: {_against(row)}")
    last = own.iloc[-1]
    axes.set_title(last["indicator"])
    return f"{last['indicator']}: last {_against(last)}"


def _against(row: pd.Series) -> str:
    """A share, and where the months usually lie."""
    usual = formats.interval(row["lowest_usual_share"], row["highest_usual_share"])
    return f"{formats.percent(row['share'])}, usual {usual}"

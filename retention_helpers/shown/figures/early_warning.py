"""Figures of the early warning: what came after each alert, whether risks came true, the mood of all."""

import pandas as pd

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    RED,
    Canvas,
    Figure,
    blank,
    finished,
    percent_axis,
    styled,
)
from retention_helpers.words import formats

PALE = "#b4b9c2"
_COLOURS = {"works": GREEN, "works weakly": BLUE, "does not work for you": RED, "too few": PALE}


@styled
def precision_by_warning(judged: pd.DataFrame, *, horizon_days: int) -> Figure:
    """For each warning the share that left after an alert, with its interval, beside the share of all.

    Takes the table of the back-test: warning, alerts, precision with `_low` and `_high`, base_rate, verdict;
    and of customers by level `level`.
    """
    if "level" in judged:
        judged = judged.assign(warning=judged["warning"] + ": " + judged["level"])
    shown = judged[judged["alerts"] > 0].iloc[::-1].reset_index(drop=True)
    title = f"Left within {horizon_days} days of an alert, and of all customers (line)"
    canvas, axes = blank(0.9 + 0.36 * max(len(shown), 1))
    if shown.empty:
        axes.set_title("No warning has come on at a past month end")
        return finished(canvas, "No warning has come on at a past month end: 0 alerts.")
    for place, row in enumerate(shown.itertuples()):
        colour = _COLOURS[row.verdict]
        ends = [row.precision_low, row.precision_high]
        axes.plot(ends, [place, place], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot([row.precision], [place], "o", color=colour, markersize=5.5)
        axes.plot([row.base_rate] * 2, [place - 0.32, place + 0.32], color="#22262c", linewidth=1.4)
    labels = [f"{row.warning}  (n = {formats.count(row.alerts)})" for row in shown.itertuples()]
    axes.set_yticks(range(len(shown)), labels)
    top = min(1.0, float(shown.loc[shown["verdict"] != "too few", "precision_high"].max() or 0.3) * 1.1)
    top = top if top == top else 1.0
    axes.set_xlim(0, top)
    axes.set_ylim(-0.6, len(shown) - 0.4)
    percent_axis(axes.xaxis, top)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    for verdict, colour in _COLOURS.items():
        if (shown["verdict"] == verdict).any():
            axes.plot([], [], "o-", color=colour, linewidth=2, markersize=5.5, label=verdict)
    axes.legend(loc="upper center", bbox_to_anchor=(0.3, -0.12), ncols=4, columnspacing=1.1, handlelength=1.4)
    axes.set_title(title, loc="right")
    parts = [
        f"{row.warning} {formats.rate(row.precision, row.precision_low, row.precision_high)} against "
        f"{formats.percent(row.base_rate)}, {row.verdict}"
        for row in shown.iloc[::-1].itertuples()
    ]
    return finished(canvas, f"{title}. {'; '.join(parts)}.")


@styled
def calibration(groups: pd.DataFrame, *, horizon_days: int) -> Figure:
    """For each group of customers the risk that was predicted, and the share that left, with its interval.

    Takes `risk`, `customers`, `left_rate` with `_low` and `_high`.
    """
    canvas, axes = blank(3.4, width=5.2)
    title = "Predicted risk, and who left"
    if groups.empty:
        axes.set_title(f"{title}: nothing could be tested yet")
        return finished(canvas, f"{title}: nothing could be tested yet, so there are 0 groups to draw.")
    top = 1.08 * float(max(groups["left_rate_high"].max(), groups["risk"].max()))
    axes.plot([0, top], [0, top], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        "as predicted", (top * 0.97, top * 0.97), ha="right", va="bottom", rotation=38, fontsize=8,
        color=GREY, rotation_mode="anchor",
    )  # fmt: skip
    for row in groups.itertuples():
        axes.plot([row.risk] * 2, [row.left_rate_low, row.left_rate_high], color=BLUE, linewidth=2)
    axes.plot(groups["risk"], groups["left_rate"], "o", color=BLUE, markersize=5.5)
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    percent_axis(axes.xaxis, top)
    percent_axis(axes.yaxis, top)
    axes.set(xlabel="risk that the model gave", ylabel=f"asked or left within {horizon_days} days")
    axes.set_title(title)
    ends = zip(groups["left_rate"], groups["left_rate_low"], groups["left_rate_high"], strict=True)
    parts = [
        f"{formats.percent(risk)} predicted, {formats.rate(*share)}"
        for risk, share in zip(groups["risk"], ends, strict=True)
    ]
    return finished(canvas, f"{title}, in {len(groups)} groups of customers: {'; '.join(parts)}.")


@styled
def share_by_month(months: pd.DataFrame) -> Figure:
    """Each indicator month by month, a panel each, with the range in which its months usually lie.

    Takes `name`, `indicator`, `month`, `share`, lowest_usual_share, highest_usual_share and `reading`.
    """
    names = list(dict.fromkeys(months["name"]))
    if not names:
        canvas, axes = blank(1.2)
        axes.set_title("No table from which an indicator could be made")
        return finished(canvas, "No table from which an indicator could be made: 0 panels.")
    rows = (len(names) + 1) // 2
    canvas = Canvas(figsize=(7.4, 0.5 + 1.9 * rows), layout="tight")
    parts = []
    for nth, name in enumerate(names):
        own = months[months["name"] == name].reset_index(drop=True)
        axes = canvas.add_subplot(rows, 2, nth + 1)
        places = own.index
        usual = [own[f"{end}_usual_share"].astype(float) for end in ("lowest", "highest")]
        axes.fill_between(places, *usual, color=GREY, alpha=0.16, linewidth=0)
        axes.plot(places, own["share"], color=BLUE, marker="o", markersize=2.8, linewidth=1.2)
        odd = own[own["reading"].isin(["above", "below"])]
        axes.plot(odd.index, odd["share"], "o", color=RED, markersize=5)
        top = 1.15 * float(max(own["share"].max(), usual[1].fillna(0).max(), 0.01))
        axes.set_ylim(0, min(top, 1.05))
        step = max(1, len(own) // 3)
        ticks = list(range(len(own)))[::-1][::step][::-1]
        axes.set_xticks(ticks, [formats.short_month(own["month"][place]) for place in ticks])
        percent_axis(axes.yaxis, top)
        axes.set_title(own["indicator"].iloc[0], fontsize=9)
        last = own.iloc[-1]
        range_ = formats.interval(last["lowest_usual_share"], last["highest_usual_share"])
        parts.append(f"{last['indicator']}: last {formats.percent(last['share'])}, usual {range_}")
    return finished(canvas, f"Share of customers with each warning on, month by month. {'; '.join(parts)}.")

"""Figures of groups: a rate or a share for each, with its interval."""

import pandas as pd

from retention_helpers.shown.figures.canvas import BLUE, INK, Figure, blank, finished, percent_axis, styled
from retention_helpers.words import formats

MOST_LEVELS = 30
PALE = "#b4b9c2"  # too few


@styled
def rate_by_level(frame: pd.DataFrame, rate: str, *, title: str, base: str = "customers_at_start") -> Figure:
    """A rate for each level with its interval, one row a level; levels with too few are pale.

    Of more than `MOST_LEVELS` levels the largest are drawn, and the figure says so. Takes `by`, `level`,
    the `base` of the rate, the rate with `_low` and `_high`, and `verdict`.
    """
    largest = frame[base].nlargest(MOST_LEVELS).index
    if len(frame) > MOST_LEVELS:
        title = f"{title} (the {MOST_LEVELS} largest of {len(frame)} groups)"
    rows = frame.loc[sorted(largest)].iloc[::-1].reset_index(drop=True)
    canvas, axes = blank(0.9 + 0.28 * len(rows))
    parts = []
    for place, row in enumerate(rows.itertuples()):
        value, low, high = (getattr(row, name) for name in (rate, f"{rate}_low", f"{rate}_high"))
        parts.append(f"{row.level} {formats.rate(value, low, high)}")
        colour = PALE if row.verdict == "too few" else BLUE
        axes.plot([low, high], [place, place], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot([value], [place], "o", color=colour, markersize=5.5)
    labels = [f"{row.level}  (n = {formats.count(getattr(row, base))})" for row in rows.itertuples()]
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
    percent_axis(axes.xaxis, top)
    axes.set_title(title)
    return finished(canvas, f"{title}. {'; '.join(reversed(parts)) or 'There is no group to show'}.")


@styled
def risk_by_level(frame: pd.DataFrame, *, title: str) -> Figure:
    """The risk of each level of several drivers with its interval, a block a driver; too few are pale.

    Takes `by`, `level`, `customers`, `risk` with `_low` and `_high`, and `verdict`.
    """
    blocks = list(frame.groupby("by", sort=False))
    if not blocks:
        canvas, axes = blank(1.2)
        axes.set_axis_off()
        axes.set_title(f"{title}: nothing to draw")
        return finished(canvas, f"{title}: there are 0 drivers to show.")
    canvas, axes = blank(0.9 + 0.28 * (len(frame) + len(blocks)))
    labels: list[tuple[float, str]] = []
    said = []
    place = 0.0
    for by, levels in blocks:
        axes.annotate(
            str(by), (0, place), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=9, fontweight="bold", color=INK,
        )  # fmt: skip
        for row in levels.itertuples():
            place -= 1
            colour = PALE if row.verdict == "too few" else BLUE
            axes.plot(
                [row.risk_low, row.risk_high],
                [place, place],
                color=colour,
                linewidth=2,
                solid_capstyle="round",
            )
            axes.plot([row.risk], [place], "o", color=colour, markersize=5.5)
            labels.append((place, f"{row.level}  (n = {formats.count(row.customers)})"))
            said.append(f"{by}, {row.level}: {formats.rate(row.risk, row.risk_low, row.risk_high)}")
        place -= 1.2
    axes.set_yticks([at for at, _ in labels], [label for _, label in labels])
    axes.set_ylim(place + 0.6, 0.7)
    top = min(1.0, float(frame.loc[frame["verdict"] != "too few", "risk_high"].max() or 0.3) * 1.1)
    top = 1.0 if pd.isna(top) else top
    axes.set_xlim(0, top)
    percent_axis(axes.xaxis, top)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.set_title(title)
    return finished(canvas, f"{title}. {'; '.join(said)}.")


@styled
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
    canvas, axes = blank(2.9)
    places = range(len(frame))
    shares = frame["share"].fillna(0)
    axes.bar(places, shares, color=BLUE, width=0.62)
    if in_all:
        errors = [
            (shares - frame["share_low"]).clip(lower=0),
            (frame["share_high"] - shares).clip(lower=0),
        ]
        axes.errorbar(places, shares, yerr=errors, fmt="none", ecolor=INK, elinewidth=1.1)
    axes.set_xticks(
        places, [f"{stage}\n{lost} lost" for stage, lost in zip(stages, frame["lost"], strict=True)]
    )
    axes.set_ylim(0, min(1.0, float(frame["share_high"].max()) * 1.08) if in_all else 1.0)
    percent_axis(axes.yaxis, 1.0)
    axes.set_title(title)
    parts = [f"{stage}: {lost}" for stage, lost in zip(stages, frame["lost"], strict=True)]
    return finished(canvas, f"{title}. {'; '.join(parts)}.")

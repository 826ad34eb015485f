"""Figures of groups: a rate or a share for each, with its interval."""

from collections.abc import Mapping

import pandas as pd

from retention_helpers.shown.figures.canvas import (
    Drawing,
    finished,
    percent_axis,
    styled,
)
from retention_helpers.shown.figures.dots import MORE_IS_GOOD, VERDICTS, Dot, meaning_of_colours, rows_of_dots
from retention_helpers.words import formats

MOST_LEVELS = 30


@styled
def rate_by_level(
    frame: pd.DataFrame,
    rate: str,
    *,
    title: str,
    base: str = "customers_at_start",
    more_is_good: bool = False,
) -> Drawing | None:
    """A rate for each level with its interval, one row a level, a block for each kind of level.

    Levels that cannot be told apart from the rest are of one colour, those with too few are pale. Of more
    than `MOST_LEVELS` levels the largest are drawn, and the title says so. Orange is what is worse: above the
    rest, unless `more_is_good`. Takes `by`, `level`, the `base` of the rate, the rate with `_low` and
    `_high`, and `verdict`. None without a level.
    """
    if frame.empty:
        return None
    largest = frame[base].nlargest(MOST_LEVELS).index
    if len(frame) > MOST_LEVELS:
        title = f"{title} (the {MOST_LEVELS} largest of {len(frame)} groups)"
    colours = MORE_IS_GOOD if more_is_good else VERDICTS
    return _levels(frame.loc[sorted(largest)], rate, base, title, colours)


@styled
def risk_by_level(frame: pd.DataFrame, *, title: str) -> Drawing | None:
    """The risk of each level of several drivers with its interval, a block a driver; too few are pale.

    Takes `by`, `level`, `customers`, `risk` with `_low` and `_high`, and `verdict`. None without a driver.
    """
    return None if frame.empty else _levels(frame, "risk", "customers", title)


@styled
def worth_by_level(frame: pd.DataFrame) -> Drawing | None:
    """What a newcomer of each level brings in over twelve months, with its interval, a block a kind of level.

    Takes `by`, `level`, `customers`, `revenue_12` with `_low` and `_high`, and `verdict`; levels that are not
    known are left out. None where that is every one.
    """
    shown = frame[frame["revenue_12"].notna()].head(MOST_LEVELS)
    if shown.empty:
        return None
    rows: list[Dot | str] = []
    said = []
    for by, own in shown.groupby("by", sort=False):
        rows.append(formats.label(str(by)))
        for row in own.itertuples():
            values = (row.revenue_12, row.revenue_12_low, row.revenue_12_high)
            name = f"{row.level}  (n = {formats.count(row.customers)})"
            rows.append(Dot(name, values, formats.amount(*values), MORE_IS_GOOD[row.verdict]))
            said.append(f"{formats.label(str(by))} {row.level} {formats.amount(*values)}")
    canvas, axes, _ = rows_of_dots(rows)
    axes.set_xlim(0, float(shown["revenue_12_high"].max()) * 1.1)
    title = "What a newcomer brings in over the first 12 months"
    meaning = meaning_of_colours(list(shown["verdict"]), MORE_IS_GOOD)
    return finished(canvas, title, f"{title}. {'; '.join(said)}.", meaning)


def _levels(
    frame: pd.DataFrame, rate: str, base: str, title: str, colours: Mapping[str, str] = VERDICTS
) -> Drawing:
    rows: list[Dot | str] = []
    said = []
    blocks = list(frame.groupby("by", sort=False))
    for by, levels in blocks:
        kind = f"{formats.label(str(by))} " if len(blocks) > 1 else ""
        if kind:
            rows.append(kind.strip())
        for row in levels.itertuples():
            values = [getattr(row, f"{rate}{end}") for end in ("", "_low", "_high")]
            written = formats.rate(*values)
            name = f"{row.level}  (n = {formats.count(getattr(row, base))})"
            rows.append(Dot(name, values, written, colours[row.verdict]))
            said.append(f"{kind}{row.level} {written}")
    canvas, axes, _ = rows_of_dots(rows)
    top = float(frame.loc[frame["verdict"] != "too few", f"{rate}_high"].max())
    top = min(1.0, (0.3 if pd.isna(top) else top) * 1.1)
    axes.set_xlim(0, top)
    percent_axis(axes.xaxis, top)
    meaning = meaning_of_colours(list(frame["verdict"]), colours)
    return finished(canvas, title, f"{title}. {'; '.join(said)}.", meaning)

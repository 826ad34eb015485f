"""The landmark: how customers are compared at it, and how two groups stay after it."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from retention_helpers.shown.figures.canvas import (
    BLUE,
    INK,
    RED,
    Figure,
    blank,
    finished,
    numbers_at_risk,
    percent_axis,
    styled,
)
from retention_helpers.words import formats

PALE = "#b4b9c2"
GONE = "left before the landmark"
FEWEST_AT_RISK = 10  # a curve ends where fewer are left to watch


class _Life(NamedTuple):
    """A made-up customer of the picture: how long they stay, how they end, and what that makes of them."""

    lasts: float  # of the whole stretch that is drawn
    end: str  # left, stays, cut
    what: str


_LIVES = (
    _Life(1.0, "stays", "still there after the horizon: stayed"),
    _Life(0.62, "left", "asked within it: left"),
    _Life(0.78, "cut", "horizon not over yet: counted as far as seen"),
    _Life(0.16, "left", "gone before the landmark: not compared"),
)


@styled
def landmark_design(flow: pd.DataFrame, *, landmark_days: int, horizon_days: int) -> Figure:
    """The design as a picture: four customers, the days that are compared, and the days that are the outcome.

    Takes the table of the same design: `stage` and `customers`; its numbers stand in the words.
    """
    whole = landmark_days + horizon_days
    # Both stretches need room for their names, whatever their days.
    at = max(0.3, min(0.5, landmark_days / whole))
    canvas, axes = blank(2.9)
    axes.axvspan(0, at, color="#dbe9f4", linewidth=0)
    axes.axvspan(at, 1, color="#f3f1ec", linewidth=0)
    count = dict(zip(flow["stage"], flow["customers"], strict=True))
    compared = formats.plural(count.get("compared", 0), "customer")
    axes.text(at / 2, 4.1, f"known of {compared}:\nthis is compared", ha="center", va="bottom", fontsize=9)
    axes.text(
        (1 + at) / 2,
        4.1,
        "the outcome:\ndo they ask to cancel, or end?",
        ha="center",
        va="bottom",
        fontsize=9,
    )
    for place, life in enumerate(reversed(_LIVES)):
        lasts = life.lasts if life.lasts > at or life.lasts < 0.2 else at + 0.2
        lasts = min(lasts, at * 0.6) if place == 0 else lasts
        gone = f" ({formats.count(count.get(GONE, 0))})" if place == 0 else ""
        _draw_life(axes, place, life._replace(what=life.what + gone), lasts, at)
    axes.axvline(at, ymax=0.8, color=INK, linewidth=1.6)
    axes.set_xlim(0, 1.005)
    axes.set_ylim(-0.6, 5.4)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_xticks([0, at, 1], ["sign-up", f"landmark:\nday {landmark_days}", f"day {whole}"])
    axes.set_title("Everybody is looked at on the same day after sign-up")
    counted = "; ".join(f"{row.stage}: {formats.count(row.customers)}" for row in flow.itertuples())
    return finished(
        canvas,
        f"A picture of the comparison: what was known by day {landmark_days} after sign-up, the landmark, is "
        f"compared; whether they leave in the {horizon_days} days after it is the outcome; who left before "
        f"is not compared. Customers: {counted}.",
    )


def _draw_life(axes: Axes, place: int, life: _Life, lasts: float, at: float) -> None:
    colour = {"left": RED, "stays": BLUE, "cut": BLUE}[life.end]
    axes.plot([0, lasts], [place, place], color=colour, linewidth=3, solid_capstyle="butt")
    marker = {"left": "X", "stays": ">", "cut": "|"}[life.end]
    axes.plot([lasts], [place], marker, color=colour, markersize=8, clip_on=False)
    inside = lasts > at
    axes.text(
        lasts - 0.02 if inside else at + 0.015,
        place + 0.16 if inside else place,
        life.what,
        ha="right" if inside else "left",
        va="bottom" if inside else "center",
        fontsize=8.5,
        color=INK,
    )


@styled
def still_there(curves: pd.DataFrame, *, nth: int) -> Figure:
    """The share of both sides of the nth driver that is still there, by days since the landmark.

    Takes `by`, `side`, `day`, `at_risk`, `still_there` with `_low` and `_high`. A curve ends where fewer than
    `FEWEST_AT_RISK` are at risk.
    """
    drivers = list(dict.fromkeys(curves["by"]))
    frame = curves[curves["by"] == drivers[nth]] if nth < len(drivers) else curves.head(0)
    sides = [(str(side), _reliable(own)) for side, own in frame.groupby("side", sort=False)]
    drawn = [(side, own) for side, own in sides if len(own)]
    title = f"Still there after the landmark, by {frame['by'].iloc[0]}" if len(frame) else "Still there"
    if not drawn:
        canvas, axes = blank(1.2)
        axes.set_axis_off()
        axes.set_title(f"{title}: no difference to draw")
        return finished(canvas, f"{title}: 0 curves, because no further difference holds up.")
    canvas, axes = blank(3.3 + 0.17 * len(drawn))
    ends = []
    for (side, own), colour in zip(drawn, (RED, BLUE), strict=False):
        day = own["day"].to_numpy(dtype=float)
        share, low, high = (own[f"still_there{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high"))
        axes.fill_between(day, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
        axes.step(day, share, where="post", color=colour)
        ends.append((day[-1], share[-1], side, colour))
    bottom = min(float(own["still_there_low"].min()) for _, own in drawn)
    _name_ends(axes, ends, 1 - bottom)
    last = max(end[0] for end in ends)
    ticks = sorted({int(last) * third // 3 for third in range(4)})
    axes.set_xticks(ticks)
    axes.set_xlim(0, last * 1.2 + 1)
    axes.set_ylim(max(0.0, bottom - 0.05), 1.01)
    percent_axis(axes.yaxis, 1.0)
    counted = [
        (side, own.set_index("day")["at_risk"], colour)
        for (side, own), colour in zip(drawn, (RED, BLUE), strict=False)
    ]
    numbers_at_risk(axes, counted, ticks, "days since the landmark")
    axes.set_title(title)
    said = [f"{side}: {', '.join(_at(own, ticks[1:]))}" for side, own in drawn]
    return finished(canvas, f"{title}. {'; '.join(said)}.")


def _at(curve: pd.DataFrame, days: list[int]) -> list[str]:
    """The share at each of these days, with those at risk."""
    return [
        f"day {int(row.day)} {formats.rate(row.still_there, row.still_there_low, row.still_there_high)}, "
        f"{formats.count(row.at_risk)} at risk"
        for row in curve[curve["day"].isin(days)].itertuples()
    ]


def _reliable(curve: pd.DataFrame) -> pd.DataFrame:
    enough = (curve["at_risk"] >= FEWEST_AT_RISK).to_numpy()
    return curve[np.logical_and.accumulate(enough)] if len(enough) else curve


def _name_ends(axes: Axes, ends: list[tuple[float, float, str, str]], span: float) -> None:
    """The name of each curve beside its end; names that would overlap are moved apart."""
    reached = -np.inf
    for day, height, side, colour in sorted(ends, key=lambda end: end[1]):
        reached = max(height, reached + 0.09 * span)
        axes.text(day + 1, reached, side, color=colour, fontsize=9, fontweight="bold", va="center")

"""The landmark: how customers are compared at it, and how two groups stay after it."""

import textwrap
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREY,
    INK,
    RED,
    Drawing,
    blank,
    finished,
    is_narrow,
    numbers_at_risk,
    percent_axis,
    styled,
)
from retention_helpers.shown.figures.ends import End, name_ends
from retention_helpers.words import formats

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
def landmark_design(flow: pd.DataFrame, *, landmark_days: int, horizon_days: int) -> Drawing | None:
    """The design as a picture: four customers, the days that are compared, and the days that are the outcome.

    Takes the table of the same design: `stage` and `customers`; its numbers stand in the words. None where
    nobody is compared.
    """
    count = dict(zip(flow["stage"], flow["customers"], strict=True))
    if not count.get("compared"):
        return None
    whole = landmark_days + horizon_days
    # Both stretches need room for their names, whatever their days.
    at = max(0.42 if is_narrow() else 0.3, min(0.5, landmark_days / whole))
    canvas, axes = blank(2.7, 3.4)
    axes.axvspan(0, at, color=BLUE, alpha=0.13, linewidth=0)
    axes.axvspan(at, 1, color=GREY, alpha=0.1, linewidth=0)
    compared = formats.plural(count["compared"], "customer")
    stretches = (
        (at / 2, f"known of {compared}: this is compared"),
        ((1 + at) / 2, "do they ask to cancel, or end?"),
    )
    for place, words in stretches:
        lines = "\n".join(textwrap.wrap(words, 20 if is_narrow() else 32))
        axes.text(place, 5.35, lines, ha="center", va="top")
    for place, life in enumerate(reversed(_LIVES)):
        lasts = life.lasts if life.lasts > at or life.lasts < 0.2 else at + 0.2
        lasts = min(lasts, at * 0.6) if place == 0 else lasts
        gone = f" ({formats.count(count.get(GONE, 0))})" if place == 0 else ""
        _draw_life(axes, place, life._replace(what=life.what + gone), lasts, at)
    if not is_narrow():  # where the words need the room, the two grounds meet in it
        axes.axvline(at, ymax=0.74, color=INK, linewidth=1.6)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(-0.6, 5.5)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_xticks([0, at, 1], ["sign-up", f"landmark:\nday {landmark_days}", f"day {whole}"])
    first, _, last = axes.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    counted = "; ".join(f"{row.stage}: {formats.count(row.customers)}" for row in flow.itertuples())
    return finished(
        canvas,
        "Everybody is looked at on the same day after sign-up",
        f"A picture of the comparison: what was known by day {landmark_days} after sign-up, the landmark, is "
        f"compared; whether they leave in the {horizon_days} days after it is the outcome; who left before "
        f"is not compared. Customers: {counted}.",
    )


def _draw_life(axes: Axes, place: int, life: _Life, lasts: float, at: float) -> None:
    colour = {"left": RED, "stays": BLUE, "cut": BLUE}[life.end]
    axes.plot([0, lasts], [place, place], color=colour, linewidth=3)
    if life.end == "cut":
        axes.plot([lasts] * 2, [place - 0.2, place + 0.2], color=colour, linewidth=2)
    else:
        axes.plot(
            [lasts], [place], {"left": "X", "stays": ">"}[life.end], color=colour, markersize=9, clip_on=False
        )
    if is_narrow():
        axes.text(0.01, place + 0.2, life.what, va="bottom")
        return
    inside = lasts > at
    axes.text(
        lasts - 0.02 if inside else at + 0.015,
        place + 0.16 if inside else place,
        life.what,
        ha="right" if inside else "left",
        va="bottom" if inside else "center",
    )


@styled
def still_there(curves: pd.DataFrame, *, nth: int) -> Drawing | None:
    """The share of both sides of the nth driver that is still there, by days since the landmark.

    Takes `by`, `side`, `day`, `at_risk`, `still_there` with `_low` and `_high`. A curve ends where fewer than
    `FEWEST_AT_RISK` are at risk. None where there is no such driver.
    """
    drivers = list(dict.fromkeys(curves["by"]))
    frame = curves[curves["by"] == drivers[nth]] if nth < len(drivers) else curves.head(0)
    sides = [(str(side), _reliable(own)) for side, own in frame.groupby("side", sort=False)]
    drawn = [(side, own, colour) for (side, own), colour in zip(sides, (RED, BLUE), strict=False) if len(own)]
    if not drawn:
        return None
    canvas, axes = blank(3.0 + 0.17 * len(drawn), 3.0 + 0.5 * len(drawn))
    ends = []
    for side, own, colour in drawn:
        day = own["day"].to_numpy(dtype=float)
        share, low, high = (own[f"still_there{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high"))
        axes.fill_between(day, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
        axes.step(day, share, where="post", color=colour)
        ends.append(End(day[-1], share[-1], side, formats.percent(share[-1], 0), colour))
    bottom = min(float(own["still_there_low"].min()) for _, own, _ in drawn)
    axes.set_ylim(max(0.0, bottom - 0.05), 1.01)
    last = max(end.across for end in ends)
    ticks = sorted({int(last) * third // 3 for third in range(4)})
    axes.set_xticks(ticks)
    axes.set_xlim(0, last + 1)
    percent_axis(axes.yaxis, 1.0)
    name_ends(axes, ends)
    counted = [(side, own.set_index("day")["at_risk"], colour) for side, own, colour in drawn]
    numbers_at_risk(axes, counted, ticks, "days since the landmark")
    title = f"Still there after the landmark, by {frame['by'].iloc[0]}"
    said = [f"{side}: {', '.join(_at(own, ticks[1:]))}" for side, own, _ in drawn]
    return finished(canvas, title, f"{title}. {'; '.join(said)}.")


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

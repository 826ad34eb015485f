"""Figures of how long customers stay, by months since their first day."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from retention_helpers.shown.figures.canvas import (
    BLUE,
    GREY,
    PALE,
    RED,
    Drawing,
    blank,
    finished,
    hint,
    is_narrow,
    numbers_at_risk,
    percent_axis,
    styled,
)
from retention_helpers.shown.figures.colours import SERIES
from retention_helpers.shown.figures.ends import End, name_ends
from retention_helpers.words import formats

FEWEST_AT_RISK = 10  # the curve ends where fewer are left to watch
MOST_CURVES = 5
DAYS_A_MONTH = 365.25 / 12
SHOWN_DAYS = 400  # of a life: a year and the renewal at its end
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


def _tell(axes: Axes, rows: Sequence[tuple[str, pd.DataFrame, str]], share: str) -> None:
    """At each whole month, what every curve says there, where a hand rests."""
    told: dict[float, list[str]] = {}
    for name, curve, _ in rows:
        for row in curve[curve["months"] % 1 == 0].to_dict(orient="records"):
            value = f"{formats.rate_in(row, share)}, at risk {formats.count(row['at_risk'])}"
            told.setdefault(row["months"], []).append(f"{name}: {value}" if len(rows) > 1 else value)
    for month, said in told.items():
        words = f"after {formats.plural(int(month), 'month')}: {'; '.join(said)}"
        hint(axes, (max(month - 0.5, 0), month + 0.5), words)


def _end(curve: pd.DataFrame, share: str, name: str, colour: str) -> End:
    last = curve.iloc[-1]
    return End(float(last["months"]), float(last[share]), name, formats.percent(last[share], 0), colour)


def _month_ticks(last: float) -> list[int]:
    step = 1 if last <= 6 else 3 if last <= 30 else 6 if last <= 60 else 12
    return list(range(0, int(last) + 1, step * (2 if is_narrow() and last > 6 else 1)))


def _finish_axes(
    axes: Axes,
    rows: Sequence[tuple[str, pd.DataFrame, str]],
    top: float,
    since: str = "months since the first day",
    whom: str = "customers at risk",
) -> None:
    last = max(float(curve["months"].max()) for _, curve, _ in rows)
    ticks = _month_ticks(last)
    axes.set_xticks(ticks)
    axes.set_xlim(0, max(last, 1))
    axes.set_ylim(0, top)
    percent_axis(axes.yaxis, top)
    counted = [(name, curve.set_index("months")["at_risk"], colour) for name, curve, colour in rows]
    numbers_at_risk(axes, counted, ticks, since, whom)


def _at(curve: pd.DataFrame, share: str) -> list[str]:
    """The share at each month that the words name, as far as the curve reaches."""
    stated = curve[curve["months"].isin(STATED)]
    return [
        f"month {row.months:.0f}: "
        f"{formats.rate(getattr(row, share), getattr(row, f'{share}_low'), getattr(row, f'{share}_high'))}"
        for row in stated.itertuples()
    ]


@styled
def survival(curve: pd.DataFrame) -> Drawing | None:
    """The share of customers still there, by months since the first day, with band and numbers at risk.

    Takes `months`, `at_risk`, `survival` with `_low` and `_high`. It ends where fewer than `FEWEST_AT_RISK`
    are at risk; None where that is at once.
    """
    shown = _reliable(curve)
    if shown.empty:
        return None
    canvas, axes = blank(3.3, 3.0)
    _draw(axes, shown, "survival", BLUE)
    _finish_axes(axes, [("at risk", shown, GREY)], 1.02)
    _tell(axes, [("", shown, BLUE)], "survival")
    name_ends(axes, [_end(shown, "survival", "", BLUE)])
    title = "Customers still there, with the 95 % band"
    return finished(canvas, title, f"{title}. {'; '.join(_at(shown, 'survival')) or 'No full month yet'}.")


@styled
def survival_by_level(curves: pd.DataFrame, *, title: str) -> Drawing | None:
    """A survival curve for each level, with bands, names at the line ends and numbers at risk.

    Takes `level` beside the columns of `survival`. Of more than `MOST_CURVES` levels those with the most
    customers are drawn, and the title says so. None where no level has enough customers.
    """
    parts = {str(level): _reliable(own) for level, own in curves.groupby("level")}
    drawn = [(level, own) for level, own in parts.items() if len(own)]
    largest = sorted(drawn, key=lambda part: -int(part[1]["at_risk"].iloc[0]))[:MOST_CURVES]
    if len(drawn) > MOST_CURVES:
        title = f"{title} (the {MOST_CURVES} largest of {len(drawn)})"
    if not largest:
        return None
    rows = [(level, own, colour) for (level, own), colour in zip(largest, SERIES, strict=False)]
    canvas, axes = blank(3.1 + 0.17 * len(rows), 2.9 + 0.5 * len(rows))
    for _, own, colour in rows:
        _draw(axes, own, "survival", colour)
    _finish_axes(axes, rows, 1.02)
    _tell(axes, rows, "survival")
    name_ends(axes, [_end(own, "survival", level, colour) for level, own, colour in rows])
    said = [f"{level}: {', '.join(_at(own, 'survival')) or 'no full month yet'}" for level, own, _ in rows]
    return finished(canvas, title, f"{title}. {'; '.join(said)}.")


@styled
def lost_by_cause(causes: pd.DataFrame) -> Drawing | None:
    """The share of customers lost to each cause by months since the first day, with bands.

    Takes `cause`, `months`, `at_risk`, `incidence` with `_low` and `_high`. A cause to which nobody was lost
    is left out; None where that is every one, or there are too few customers.
    """
    rows = _rising(causes, "cause")
    if not rows:
        return None
    canvas, axes = blank(3.0, 3.2)
    _finish_axes(axes, [("at risk", rows[0][1], GREY)], _draw_rising(axes, rows))
    title = "Lost to each cause, with the 95 % band"
    return finished(canvas, title, f"{title}. {_said_of(rows)}.")


@styled
def bought_again(steps: pd.DataFrame) -> Drawing | None:
    """The share who have bought once more, by months of 30 days since the purchase before, with bands.

    Takes `step`, `months`, `at_risk`, `incidence` with `_low` and `_high`. None where nobody bought again, or
    there are too few customers.
    """
    rows = _rising(steps, "step")
    if not rows:
        return None
    canvas, axes = blank(3.0 + 0.17 * len(rows), 3.0 + 0.5 * len(rows))
    top = _draw_rising(axes, rows)
    _finish_axes(axes, rows, top, "months of 30 days since the purchase before", "who has not bought yet")
    title = "Bought once more, with the 95 % band"
    return finished(canvas, title, f"{title}. {_said_of(rows)}.")


Rows = list[tuple[str, pd.DataFrame, str]]


def _rising(frame: pd.DataFrame, by: str) -> Rows:
    """Each curve by its name, with its colour; none that never rises."""
    parts = [(str(name), _reliable(own)) for name, own in frame.groupby(by, sort=False)]
    drawn = [(name, own) for name, own in parts if len(own) and own["incidence"].iloc[-1] > 0]
    return [
        (formats.label(name).lower(), own, colour) for (name, own), colour in zip(drawn, SERIES, strict=False)
    ]


def _draw_rising(axes: Axes, rows: Rows) -> float:
    """Draws the curves; the height of the axis."""
    for _, own, colour in rows:
        _draw(axes, own, "incidence", colour)
    name_ends(axes, [_end(own, "incidence", name, colour) for name, own, colour in rows])
    _tell(axes, rows, "incidence")
    return min(1.0, 1.1 * max(float(own["incidence_high"].iloc[-1]) for _, own, _ in rows))


def _said_of(rows: Rows) -> str:
    return "; ".join(
        f"{name}: {', '.join(_at(own, 'incidence')) or 'no full month yet'}" for name, own, _ in rows
    )


@styled
def loss_by_month_of_tenure(months: pd.DataFrame) -> Drawing | None:
    """The share lost in each month of tenure, with its interval; months of heavy loss stand out.

    Takes `month_of_tenure`, `began`, `loss_rate` with `_low` and `_high`, and `verdict`; months with too few
    customers are pale. None without a month, or without anybody lost.
    """
    if not months["loss_rate"].any():
        return None
    canvas, axes = blank(2.8, 2.6)
    colours = {"above the rest": RED, "too few": PALE}
    said = []
    for row in months.itertuples():
        colour = colours.get(row.verdict, BLUE)
        place = row.month_of_tenure
        axes.plot([place, place], [row.loss_rate_low, row.loss_rate_high], color=colour, linewidth=2)
        axes.plot([place], [row.loss_rate], "o", color=colour, markersize=6)
        if row.verdict == "above the rest":
            said.append(f"month {place} {formats.rate(row.loss_rate, row.loss_rate_low, row.loss_rate_high)}")
    judged = months[months["verdict"] != "too few"]
    top = float((judged if len(judged) else months)["loss_rate_high"].max())
    axes.set_ylim(0, min(1.0, 1.08 * top))
    percent_axis(axes.yaxis, top)
    for row in months.itertuples():
        value = formats.rate(row.loss_rate, row.loss_rate_low, row.loss_rate_high)
        words = f"month {row.month_of_tenure}: {value}, n = {formats.count(row.began)}"
        hint(axes, (row.month_of_tenure - 0.5, row.month_of_tenure + 0.5), words)
    places = list(months["month_of_tenure"])
    axes.set_xticks(places[:: 2 if is_narrow() and len(places) > 9 else 1])
    axes.set_xlabel("month of tenure", loc="left")
    title = "Lost in each month of tenure, of those who began it"
    heavy = f"Above the rest: {'; '.join(said)}" if said else "No month stands out from the others"
    seen = set(months["verdict"]) & set(colours)
    meant = {"above the rest": "Orange: above the rest.", "too few": "Grey: too few to judge."}
    below = " ".join(words for verdict, words in meant.items() if verdict in seen)
    return finished(canvas, title, f"{title}. {heavy}.", [below] if below else [])


@styled
def losses_by_day(days: pd.DataFrame) -> Drawing | None:
    """How many were lost on the days of their life up to `SHOWN_DAYS`; those on a day of renewal stand out.

    Takes `day`, `lost`, `renewal_known` and `on_renewal_day`. None where nobody was lost up to then.
    """
    shown = days[days["day"] <= SHOWN_DAYS]
    if shown.empty:
        return None
    canvas, axes = blank(2.8, 2.6)
    width = DAYS_A_MONTH / (4 if is_narrow() else 8)
    binned = shown.groupby((shown["day"] / width).round())[["lost", "on_renewal_day"]].sum()
    places = binned.index.to_numpy(dtype=float) * width / DAYS_A_MONTH
    renewals, others = binned["on_renewal_day"], binned["lost"] - binned["on_renewal_day"]
    thick = 0.86 * width / DAYS_A_MONTH
    tells_renewals = bool(days["renewal_known"].sum())
    if tells_renewals:
        axes.bar(places, renewals, width=thick, color=RED, label="on a renewal day")
    axes.bar(places, others, bottom=renewals, width=thick, color=BLUE, label="on any other day")
    axes.set_xlim(-thick, SHOWN_DAYS / DAYS_A_MONTH)
    axes.set_xticks(range(0, 14, 3 if is_narrow() else 1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.set_xlabel("months since the first day", loc="left")
    if tells_renewals:
        axes.legend(loc="upper right", ncols=1)
    in_all, on_renewal = int(days["lost"].sum()), int(days["on_renewal_day"].sum())
    title = f"On which day of their life {formats.plural(in_all, 'lost customer')} left"
    late = days[days["day"] > SHOWN_DAYS]
    after = f"{formats.count(late['lost'].sum())} left after day {SHOWN_DAYS}"
    late_renewals = f", {formats.count(late['on_renewal_day'].sum())} of them on a renewal day"
    after += f"{late_renewals if tells_renewals else ''}."
    most = shown.nlargest(3, "lost")
    days_ = [f"day {row.day}: {formats.count(row.lost)}" for row in most.itertuples()]
    of_them = f" On a renewal day: {formats.count(on_renewal)}." if tells_renewals else ""
    alt = f"{title}.{of_them} Most on {', '.join(days_)}. {after}"
    return finished(canvas, title, alt, [after] if len(late) else [])

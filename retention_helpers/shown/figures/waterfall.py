"""One month as a waterfall: from what was there at its start, step by step, to what is there at its end."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from retention_helpers.shown.figures.canvas import BLUE, GREY, INK, RED, Drawing, finished, is_narrow, styled
from retention_helpers.shown.figures.dots import Place, named_rows
from retention_helpers.words import formats

ROOM = 0.12  # beside the lowest and the highest level, of what lies between them


class _Step(NamedTuple):
    """A row: what it is called, what is written beside it, and the levels from which and to which it goes."""

    name: str
    written: str
    before: float
    after: float


@styled
def waterfall(
    frame: pd.DataFrame,
    *,
    ends: tuple[str, str],
    gains: Sequence[str],
    losses: Sequence[str],
    title: str,
) -> Drawing:
    """How the last row's month came from one of `ends` to the other: what was gained and lost, a row each.

    Takes `month` and the columns named; they may be counts or amounts. What did not happen has no row, and
    what is not known is said. The axis begins near the levels, so the two levels are lines and not bars.
    """
    now = frame.iloc[-1]
    unknown = [column for column in (*gains, *losses) if pd.isna(now[column])]
    steps = list(_steps(now, ends, gains, losses))
    canvas, axes, places = named_rows(steps)
    for nth, (step, place) in enumerate(zip(steps, places, strict=True)):
        is_level = step.before == step.after
        across = (place.dot - 0.45, place.dot + 0.45)
        if is_level:
            axes.plot([step.after] * 2, across, color=INK, linewidth=3)
        else:
            colour = BLUE if step.after > step.before else RED
            axes.barh(place.dot, step.after - step.before, left=step.before, height=0.9, color=colour)
        if nth + 1 < len(places) and not is_narrow():  # where the words stand between the bars
            following: Place = places[nth + 1]
            axes.plot([step.after] * 2, [across[1], following.dot - 0.45], color=GREY, linewidth=0.8)
    levels = [level for step in steps for level in (step.before, step.after)]
    room = ROOM * ((max(levels) - min(levels)) or 1.0)
    axes.set_xlim(max(min(levels) - room, 0.0), max(levels) + room)
    axes.xaxis.set_major_locator(
        MaxNLocator(integer=True, nbins=4 if is_narrow() else 7, steps=[1, 2, 5, 10])
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: formats.count(value)))
    dated = f"{title} from the start to the end of {formats.month(now['month'])}"
    said = "; ".join(f"{step.name.lower()} {step.written}" for step in steps)
    missing = [f"Not known: {', '.join(formats.label(one).lower() for one in unknown)}."] if unknown else []
    return finished(canvas, dated, " ".join([f"{dated}: {said}.", *missing]), missing)


def _steps(
    now: pd.Series, ends: tuple[str, str], gains: Sequence[str], losses: Sequence[str]
) -> Iterator[_Step]:
    first, last = (float(now[end]) for end in ends)
    level = first
    yield _Step("At the start", formats.money(now[ends[0]]), first, first)
    for columns, sign in ((gains, 1), (losses, -1)):
        for column in columns:
            moved = 0.0 if pd.isna(now[column]) else sign * float(now[column])
            if moved:
                written = f"{'+' if moved > 0 else '−'}{formats.money(abs(now[column]))}"
                yield _Step(formats.label(column), written, level, level + moved)
                level += moved
    yield _Step("At the end", formats.money(now[ends[1]]), last, last)

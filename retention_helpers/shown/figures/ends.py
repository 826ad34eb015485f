"""The name of each line: beside its end where there is room, else above the plot."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from retention_helpers.shown.figures.canvas import SMALL, is_narrow


class End(NamedTuple):
    """Where a line ends, what it is called, what stands at its end, and its colour."""

    across: float
    up: float
    name: str
    value: str
    colour: str


def name_ends(axes: Axes, ends: Sequence[End]) -> None:
    """Write name and value beside the end of each line, far enough apart to be read.

    Where there is little room, the names stand above the plot in the order given and the values alone at
    the ends. The limits of the axis up have to be set before.
    """
    low, high = axes.get_ylim()
    lines = max((end.value.count("\n") + 1 for end in ends), default=1)
    apart = (high - low) * (0.09 if is_narrow() else 0.075) * lines
    reached, across = -np.inf, max((end.across for end in ends), default=0.0)
    placed: list[tuple[End, float]] = []
    for end in sorted(ends, key=lambda one: one.up):
        reached = max(end.up, reached + apart)
        placed.append((end, reached))
    above = placed[-1][1] - (high - apart / 2) if placed else 0
    for end, up in placed:
        words = end.value if is_narrow() and len(ends) > 1 else f"{end.name} {end.value}".strip()
        axes.annotate(
            words, (across, up - max(above, 0)), xytext=(5, 0), textcoords="offset points", va="center",
            color=end.colour, fontsize=SMALL, fontweight="bold", annotation_clip=False,
        )  # fmt: skip
    if is_narrow() and len(ends) > 1:
        _name_above(axes, ends)


def _name_above(axes: Axes, ends: Sequence[End]) -> None:
    named = [end for end in ends if end.name]
    for nth, end in enumerate(named):
        axes.annotate(
            end.name, (0, 1), xycoords="axes fraction", xytext=(0, 6 + 13 * (len(named) - 1 - nth)),
            textcoords="offset points", color=end.colour, fontsize=SMALL, fontweight="bold",
        )  # fmt: skip

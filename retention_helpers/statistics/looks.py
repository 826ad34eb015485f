"""One comparison of two arms, look by look: how it stands, and how strict each look has to be.

The unit of everything here is a look: at a month's end, so many customers of each arm have reached the
outcome's day, and so many of them made it. A look's interval has the level that the boundary asks of it, and
says the same as the exact test at that level, so that the interval and the verdict cannot disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from retention_helpers.statistics.boundary import ALPHA, boundary, level, two_sided
from retention_helpers.statistics.intervals import Difference, newcombe, two_shares_p

SHORT_BY = 0.025  # of the planned size, at most: costs two points of the power of 80 %


class Look(NamedTuple):
    """What was known at the end of a month: successes and matured customers, treated arm first."""

    month: str
    treated_successes: int
    treated: int
    control_successes: int
    control: int

    @property
    def table(self) -> tuple[int, int, int, int]:
        return self.treated_successes, self.treated, self.control_successes, self.control

    @property
    def information(self) -> float:
        """Half the harmonic mean of both sizes: what the precision of a difference goes by."""
        return self.treated * self.control / (self.treated + self.control)


@lru_cache(maxsize=8192)
def p_value(table: tuple[int, int, int, int]) -> float:
    """The p-value of "both arms are alike", were this the only look."""
    return two_shares_p(*table)


def difference(table: tuple[int, int, int, int], limit: float) -> Difference:
    """Treated − control with its interval at a limit of so many standard errors.

    Newcombe's interval; where it leaves out 0 but the exact test does not reject at the same level, it is
    extended to 0: interval and p-value have to agree.

    >>> [round(part, 3) for part in difference((10, 20, 4, 20), 1.959964)]
    [0.3, 0.0, 0.534]
    """
    found = newcombe(*table, level=level(limit))
    if not (found.low > 0 or found.high < 0) or p_value(table) <= two_sided(limit):
        return found
    return Difference(found.value, min(found.low, 0.0), max(found.high, 0.0))


def verdict(found: Difference, smallest_effect: float) -> str:
    """The word for an interval: better, worse, no large effect, or cannot tell yet."""
    if found.low > 0:
        return "better"
    if found.high < 0:
        return "worse"
    if -smallest_effect < found.low and found.high < smallest_effect:
        return "no large effect"
    return "cannot tell yet"


@dataclass(frozen=True)
class Comparison:
    """An arm against the control, over the looks up to the one that ended it.

    Attributes:
        needed: the information at the planned size.
        is_full: the last look has the planned size.
        is_over: so it has, or nobody is left to mature: there will be no later look.
        counts: whether it takes part in the correction for looking at several comparisons at once.
    """

    experiment: str
    arm: str
    looks: tuple[Look, ...]
    needed: float
    is_full: bool
    is_over: bool
    counts: bool

    @property
    def fractions(self) -> tuple[float, ...]:
        return tuple(round(look.information / self.needed, 9) for look in self.looks)

    def at(self, month: str) -> "Comparison":
        """As it stood at the end of a month."""
        known = tuple(look for look in self.looks if look.month <= month)
        return self if len(known) == len(self.looks) else replace(self, looks=known, is_full=False)

    def limits(self, alpha: float) -> tuple[float, ...]:
        """How many standard errors from 0 each look has to be."""
        return boundary(self.fractions, alpha, is_full=self.is_full)

    def rejects(self, alpha: float) -> bool:
        """Whether the last look tells the arms apart, where the whole comparison may err so often."""
        if not self.looks or p_value(self.looks[-1].table) > alpha:  # no look may spend more than all
            return False
        found = difference(self.looks[-1].table, self.limits(alpha)[-1])
        return found.low > 0 or found.high < 0


def is_full(look: Look, needed: float, planned_looks: int) -> bool:
    """Whether the planned size is reached, to within half of what a look adds and 2.5 % at most.

    Without that margin, a look just short of the size would spend what the last one needs; with a wider
    one, a plan of a look or two would end with too few customers to find its effect.
    """
    return look.information >= needed * (1 - min(1 / (2 * max(planned_looks, 1)), SHORT_BY))


def looks_until_full(looks: Sequence[Look], needed: float, planned_looks: int) -> tuple[Look, ...]:
    """The looks with somebody matured in both arms, and news since the last, up to the planned size."""
    kept: list[Look] = []
    for look in looks:
        if not (look.treated and look.control):
            continue
        if kept and look.information <= kept[-1].information:
            continue
        kept.append(look)
        if is_full(look, needed, planned_looks):
            break
    return tuple(kept)


def alphas(members: Sequence[Comparison]) -> list[float]:
    """How often each comparison may err, where several are looked at together (Holm).

    5 % are shared by all that are not told apart yet; one that is told apart gives its part to the rest.
    What takes no part (an A/A, a broken split) has its own 5 %.

    Source: Holm 1979, Scandinavian Journal of Statistics 6, 65–70.
    """
    counting = [place for place, one in enumerate(members) if one.counts and one.looks]
    found = [ALPHA] * len(members)
    open_places, left = list(counting), len(counting)
    while open_places:
        alpha = ALPHA / left
        for place in open_places:
            found[place] = alpha
        told = [place for place in open_places if members[place].rejects(alpha)]
        if not told:
            break
        open_places = [place for place in open_places if place not in told]
        left -= len(told)
    return found

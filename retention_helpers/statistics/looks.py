"""One comparison of two arms, look by look: how it stands, and how strict each look has to be.

The unit of everything here is a look: at a month's end, so many customers of each arm have reached the
outcome's day, and so many of them made it. A look's interval has the level that the boundary asks of it, and
says the same as the exact test at that level, so that the interval and the verdict cannot disagree. Where
something about a few customers cannot be told, a look has several tables: its interval spans all of theirs.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from retention_helpers.statistics.anytime import anytime_limit, anytime_p, anytime_p_of_means
from retention_helpers.statistics.boundary import ALPHA, boundary, level, two_sided
from retention_helpers.statistics.intervals import Difference, newcombe, newcombe_ratio, two_shares_p
from retention_helpers.statistics.means import (
    Means,
    difference_of_means,
    means_p,
    ratio_of_means,
    score_of,
)

SHORT_BY = 0.025  # of the planned size, at most: costs two points of the power of 80 %


Table = tuple[int, int, int, int]


class Look(NamedTuple):
    """What was known at the end of a month: successes and matured customers, treated arm first.

    Attributes:
        others: the same as it may be, too, where something about some customers cannot be told.
        means: of an amount, or of what is adjusted for covariates: the means that are compared, in as many
            versions; empty where the shares of successes are.
    """

    month: str
    treated_successes: int
    treated: int
    control_successes: int
    control: int
    others: tuple[Table, ...] = ()
    means: tuple[Means, ...] = ()

    @property
    def table(self) -> Table:
        return self.treated_successes, self.treated, self.control_successes, self.control

    @property
    def tables(self) -> tuple[Table, ...]:
        return (self.table, *self.others)

    @property
    def information(self) -> float:
        """Half the harmonic mean of both sizes: what the precision of a difference goes by."""
        return self.treated * self.control / (self.treated + self.control)

    @property
    def p_value(self) -> float:
        """The p-value of "both arms are alike", were this the only look; the largest that it may be."""
        if self.means:
            return max(map(means_p, self.means))
        return max(map(p_value, self.tables))

    def difference(self, limit: float) -> Difference:
        """Treated − control with its interval at a limit of so many standard errors."""
        return _spanning(difference, difference_of_means, self, limit)

    def relative(self, limit: float) -> Difference:
        """Treated / control − 1 likewise; NaN where the control has none, and for an end without bound."""
        return _spanning(relative, ratio_of_means, self, limit)


def look_of(month: str, table: Table, others: tuple[Table, ...] = ()) -> Look:
    """A look at a table, and at what it may be, too."""
    return Look(month, table[0], table[1], table[2], table[3], others)


def _spanning(
    of_shares: Callable[[Table, float], Difference],
    of_means: Callable[[Means, float], Difference],
    look: Look,
    limit: float,
) -> Difference:
    """The first version's value, with the interval that spans those of all versions."""
    found = (
        [of_means(one, limit) for one in look.means]
        if look.means
        else [of_shares(table, limit) for table in look.tables]
    )
    lows, highs = ([getattr(one, end) for one in found] for end in ("low", "high"))
    return Difference(found[0].value, float(np.min(lows)), float(np.max(highs)))


@lru_cache(maxsize=8192)
def p_value(table: Table) -> float:
    """The p-value of "both arms are alike", were this the only look."""
    return two_shares_p(*table)


def difference(table: Table, limit: float) -> Difference:
    """Treated − control with its interval at a limit of so many standard errors.

    Newcombe's interval; where it leaves out 0 but the exact test does not reject at the same level, it is
    extended to 0: interval and p-value have to agree.

    >>> [round(part, 3) for part in difference((10, 20, 4, 20), 1.959964)]
    [0.3, 0.0, 0.534]
    """
    found = newcombe(*table, level=level(limit))
    return found if _agree(found, table, limit) else _with_nothing(found)


def relative(table: Table, limit: float) -> Difference:
    """Treated / control − 1 with its interval, which leaves out 0 where that of the difference does.

    >>> [round(part, 3) for part in relative((60, 100, 40, 100), 1.959964)]
    [0.5, 0.13, 1.008]
    """
    found = newcombe_ratio(*table, level=level(limit))
    return found if _agree(found, table, limit) else _with_nothing(found)


def _agree(found: Difference, table: Table, limit: float) -> bool:
    """Whether interval and exact test do not contradict each other."""
    return not (found.low > 0 or found.high < 0) or p_value(table) <= two_sided(limit)


def _with_nothing(found: Difference) -> Difference:
    """An interval, extended to 0."""
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


Way = Literal["planned", "anytime"]


@dataclass(frozen=True)
class Comparison:
    """An arm against the control, over the looks up to the one that ended it.

    Attributes:
        needed: the information at the planned size.
        is_last: the last look is the last that was planned, by its size or its day: it spends what is left.
        is_over: there will be no later look.
        counts: whether it takes part in the correction for looking at several comparisons at once.
        way: how its looks are judged: by the planned looks, or by what holds whenever one looks.
    """

    experiment: str
    arm: str
    looks: tuple[Look, ...]
    needed: float
    is_last: bool
    is_over: bool
    counts: bool
    way: Way = "planned"

    @property
    def fractions(self) -> tuple[float, ...]:
        return tuple(round(look.information / self.needed, 9) for look in self.looks)

    def at(self, month: str) -> "Comparison":
        """As it stood at the end of a month."""
        known = tuple(look for look in self.looks if look.month <= month)
        return self if len(known) == len(self.looks) else replace(self, looks=known, is_last=False)

    def limits(self, alpha: float) -> tuple[float, ...]:
        """How many standard errors from 0 each look has to be."""
        if self.way == "anytime":
            return tuple(anytime_limit(_odds_information(look), alpha) for look in self.looks)
        return boundary(self.fractions, alpha, is_full=self.is_last)

    def differences(self, alpha: float) -> tuple[Difference, ...]:
        """Each look's difference with its interval.

        Where what holds whenever one looks is asked for, an interval leaves out 0 only if the bets agree.
        """
        found = [look.difference(limit) for look, limit in zip(self.looks, self.limits(alpha), strict=True)]
        if self.way == "anytime":
            bets = self.anytime
            found = [one if p <= alpha else _with_nothing(one) for one, p in zip(found, bets, strict=True)]
        return tuple(found)

    @cached_property
    def anytime(self) -> tuple[float, ...]:
        """After each look: the p-value that holds whenever one looks; the largest that it may be."""
        if not self.looks:
            return ()
        if self.looks[-1].means:
            return _anytime_of_means(self.looks)
        versions = zip(*(look.tables for look in self.looks), strict=True)
        return tuple(np.max([anytime_p(_batches(one)) for one in versions], axis=0).tolist())

    def rejects(self, alpha: float) -> bool:
        """Whether the last look tells the arms apart, where the whole comparison may err so often."""
        if not self.looks or self.looks[-1].p_value > alpha:  # no look may spend more than all
            return False
        found = self.differences(alpha)[-1]
        return found.low > 0 or found.high < 0


def _odds_information(look: Look) -> float:
    """One over the squared standard error of the log odds ratio, were both arms alike."""
    if look.means:
        return round(look.information, 6)
    share = (look.treated_successes + look.control_successes + 1) / (look.treated + look.control + 2)
    return round(look.information * share * (1 - share), 6)


def _batches(tables: Iterable[Table]) -> list[tuple[int, ...]]:
    """What each look added."""
    return [
        tuple(after - before for before, after in zip(then, now, strict=True))
        for then, now in pairwise([(0, 0, 0, 0), *tables])
    ]


def _anytime_of_means(looks: Sequence[Look]) -> tuple[float, ...]:
    compared = [look for look in looks if look.means]  # early ones may have too few to adjust
    sizes = [look.information for look in compared]
    versions = zip(*(look.means for look in compared), strict=True)
    found = [anytime_p_of_means([score_of(one) for one in version], sizes) for version in versions]
    return (1.0,) * (len(looks) - len(compared)) + tuple(np.max(found, axis=0).tolist())


def is_full(look: Look, needed: float, planned_looks: int) -> bool:
    """Whether the planned size is reached, to within half of what a look adds and 2.5 % at most.

    Without that margin, a look just short of the size would spend what the last one needs; with a wider
    one, a plan of a look or two would end with too few customers to find its effect.
    """
    return look.information >= needed * (1 - min(1 / (2 * max(planned_looks, 1)), SHORT_BY))


def looks_with_news(looks: Iterable[Look]) -> tuple[Look, ...]:
    """The looks with somebody matured in both arms, and news since the last."""
    kept: list[Look] = []
    for look in looks:
        has_both = look.treated and look.control
        if has_both and not (kept and look.information <= kept[-1].information):
            kept.append(look)
    return tuple(kept)


def looks_until_full(looks: Iterable[Look], needed: float, planned_looks: int) -> tuple[Look, ...]:
    """These, up to the planned size."""
    kept = looks_with_news(looks)
    full = [nth for nth, look in enumerate(kept) if is_full(look, needed, planned_looks)]
    return kept[: full[0] + 1] if full else kept


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

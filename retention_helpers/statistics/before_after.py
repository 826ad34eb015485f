"""Did something change how many leave? One period against those before it, beside a group or alone.

Both ways are one: what is compared is the share of the exposed that leaves in a period, less what the same
period did to a group that was not exposed, where there is one. The periods before say what is usual, how far
it wanders by more than chance, and whether the two groups drifted apart already.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from retention_helpers.statistics.control import FEWEST_MONTHS
from retention_helpers.statistics.intervals import LEVEL, exact_p, newcombe, wilson
from retention_helpers.statistics.varying import USUAL_SPREAD, beyond_chance

Floats = npt.NDArray[np.float64]

FEWEST_PERIODS = 3  # before the judged one
SMALLEST_P = 1e-9
LEAST_LEFT = 0.5  # of who makes up a factor: that nobody left may be chance, and no factor is infinite
BORROWED = 10  # customers of the common risk that every stage borrows, so that none has a risk of exactly 0


@dataclass(frozen=True)
class Group:
    """What became of a group in periods of equal length: the judged one first, then back in time.

    Attributes:
        left: how many left in each, counted or as the number of equal customers that they are worth.
        customers: how many there were at its start, in the same measure.
    """

    left: Floats
    customers: Floats

    @property
    def shares(self) -> Floats:
        return self.left / self.customers


@dataclass(frozen=True)
class Effect:
    """How the share that left differs from the usual.

    Attributes:
        value, low, high: the difference, as a fraction, with its 95 % interval.
        p_value: of "as usual"; below 0.05 only where the interval leaves out 0.
        usual: the share of the exposed that would leave in a period as before.
        spread: how far periods lie from each other beyond chance (a standard deviation, as a fraction).
        wander: how much of the way to the ends of the interval that spread is.
        periods: how many came before.
        drift_p: of "no trend in the periods before"; NaN with fewer than four.
    """

    value: float
    low: float
    high: float
    p_value: float
    usual: float
    spread: float
    wander: float
    periods: int
    drift_p: float

    def needed(self, customers: int, difference: float) -> float:
        """With how many customers the interval would reach just so far; infinite where no number would do.

        More customers take away chance, not how far the periods themselves lie apart.
        """
        half = max(self.high - self.value, self.value - self.low)
        room = difference**2 - self.wander**2
        return customers * (half**2 - self.wander**2) / room if room > 0 else np.inf


def alike(left: Floats, customers: Floats) -> Group:
    """A group as many customers as its mix of stages is worth: a row a period, a column a stage of tenure.

    New customers leave more often than old ones, so a period that began with many of them loses more without
    any cause. Each period counts as many customers as would, with the mix of the judged one, have had as many
    losses to expect at the usual risk of each stage (indirect standardisation). The usual risks are those of
    all periods before together. The judged period keeps its own number.

    >>> same = alike(np.array([[1.0, 9.0], [2.0, 18.0]]), np.array([[100.0, 100.0], [200.0, 200.0]]))
    >>> same.customers.round(6).tolist()
    [200.0, 400.0]
    """
    lost, there = left[1:].sum(axis=0), customers[1:].sum(axis=0)
    common = lost.sum() / there.sum() if there.sum() else 0.0
    risks = (lost + BORROWED * common) / (there + BORROWED)
    own = customers.sum(axis=1)
    expected = customers @ risks
    if expected[0] > 0:
        own = np.concatenate([own[:1], expected[1:] * own[0] / expected[0]])
    every = left.sum(axis=1)
    return Group(every, np.maximum(own, every))


def effect(exposed: Group, control: Group | None = None) -> Effect:
    """The judged period against those before it: of the exposed alone, or less what the control group did.

    Alone it is before and after, with a control group a difference of differences. The interval puts together
    Newcombe's of each group's two shares (MOVER), and how far the periods before lie from each other by more
    than chance (Paule and Mandel's variance, which counts for the judged period and for the mean of the
    others), with Student's quantile where there is such a variance. Periods that lack to `FEWEST_MONTHS` are
    taken to differ by `USUAL_SPREAD` of the usual share. Alone, the p-value is never below that of the exact
    test of the counts.

    What moves everybody may move both groups by as many points, or by the same factor, and where one leaves
    more often than the other these are not the same: a bad month that doubles 2 % and 8 % adds two points to
    one and eight to the other. Nobody knows which it was, so with a control group the interval reaches over
    both readings, and p is the larger of theirs. The value is that by points. By factor, the usual share of
    the exposed times the ratio of the control group's shares is taken off, Wilson's ends of the three put
    together on the logarithm.

    Sources: Newcombe 1998; Zou and Donner 2008 (MOVER); Donner and Zou 2012 (of ratios); Paule and Mandel
    1982; Bertrand, Duflo and Mullainathan 2004, Quarterly Journal of Economics 119, 249–275 (why the periods'
    own spread has to be in the interval of a difference of differences); Roth and Sant'Anna 2023,
    Econometrica 91, 737–747 (that such a difference hangs on the scale); Berger 1982, Technometrics 24,
    295–300 (p of what has to hold twice).

    Glossary: effect of what was announced.
    """
    if control is None:
        compared = _Compared(exposed)
        return replace(compared.told(), p_value=max(compared.p_value(), compared.exact_p()))
    by_points = _Compared(exposed, control).told()
    by_factor = _ByFactor(exposed, control).told()
    ways = (by_points, by_factor)
    is_one_way = by_points.value * by_factor.value > 0
    return replace(
        by_points,
        low=min(way.low for way in ways),
        high=max(way.high for way in ways),
        p_value=max(way.p_value for way in ways) if is_one_way else 1.0,
        wander=max(way.wander for way in ways),
    )


class _Compared:
    """One comparison, and what its interval needs."""

    def __init__(self, exposed: Group, control: Group | None = None) -> None:
        self.exposed = exposed
        self.groups = [exposed] if control is None else [exposed, control]
        sizes = 1 / np.sum([1 / group.customers[1:] for group in self.groups], axis=0)
        self.weights = sizes / sizes.sum()
        self.periods = len(self.weights)
        self.before = [min(float(group.shares[1:] @ self.weights), 1.0) for group in self.groups]
        self.sizes = [1 / float((self.weights**2 / group.customers[1:]).sum()) for group in self.groups]
        self.usual = self.before[0]
        self.times = np.array([1.0, -self.taken_off()])[: len(self.groups)]
        self.gaps = self.times @ [group.shares for group in self.groups]
        self.value = self.difference()
        each = zip(self.before, self.groups, self.times, strict=True)
        self.by_chance = np.sum(
            [times**2 * share * (1 - share) / group.customers[1:] for share, group, times in each], axis=0
        )
        self.variance = self._variance()

    def taken_off(self) -> float:
        """How much of the control group's share a period's gap leaves out."""
        return 1.0

    def difference(self) -> float:
        return float(self.gaps[0] - self.gaps[1:] @ self.weights)

    def told(self) -> Effect:
        low, high = self.ends(LEVEL)
        return Effect(
            self.value, low, high, self.p_value(), self.usual, float(np.sqrt(self.variance)),
            self.wander(self.quantile(LEVEL)), self.periods, self.drift_p(),
        )  # fmt: skip

    def _variance(self) -> float:
        """Of the periods' own gaps, beyond chance."""
        seen = beyond_chance(self.gaps[1:], self.by_chance) if np.all(self.by_chance > 0) else 0.0
        lacking = max(FEWEST_MONTHS - self.periods, 0) / FEWEST_MONTHS
        return (1 - lacking) * seen + lacking * (USUAL_SPREAD * self.usual) ** 2

    def quantile(self, level: float) -> float:
        if self.variance:
            return float(special.stdtrit(max(self.periods, FEWEST_MONTHS) - 1, 0.5 + level / 2))
        return float(special.ndtri(0.5 + level / 2))

    def wander(self, quantile: float) -> float:
        return float(quantile * np.sqrt(self.variance * (1 + (self.weights**2).sum())))

    def ends(self, level: float) -> tuple[float, float]:
        quantile = self.quantile(level)
        at = min(float(2 * special.ndtr(quantile) - 1), 1 - SMALLEST_P)
        wander, (less, more) = self.wander(quantile), self.chance(at)
        return self.value - float(np.hypot(wander, less)), self.value + float(np.hypot(wander, more))

    def chance(self, level: float) -> tuple[float, float]:
        """How far chance reaches below and above the value: Newcombe's of the two shares of each group."""
        down, up = [], []
        for group, before, size in zip(self.groups, self.before, self.sizes, strict=True):
            moved = newcombe(group.left[0], group.customers[0], before * size, size, level)
            down.append(moved.value - moved.low if group is self.exposed else moved.high - moved.value)
            up.append(moved.high - moved.value if group is self.exposed else moved.value - moved.low)
        return float(np.linalg.norm(down)), float(np.linalg.norm(up))

    def p_value(self) -> float:
        """One less the widest level at which the interval still leaves out 0."""
        from scipy.optimize import brentq

        def apart(log_p: float) -> float:
            low, high = self.ends(1 - float(np.exp(log_p)))
            return low if self.value > 0 else -high

        ends = np.log(SMALLEST_P), np.log(1 - 1e-9)
        if apart(ends[0]) > 0:
            return SMALLEST_P
        return float(np.exp(brentq(apart, *ends))) if apart(ends[1]) > 0 else 1.0

    def exact_p(self) -> float:
        left, customers = self.exposed.left, np.ceil(self.exposed.customers)
        then = int(left[1:].sum()), int(customers[1:].sum())
        return exact_p(int(left[0]), int(customers[0]), *then)

    def drift_p(self) -> float:
        """Whether the gap moved along the periods before: the slope of a weighted line, with Student's t."""
        if self.periods <= FEWEST_PERIODS or not np.all(self.by_chance + self.variance > 0):
            return np.nan
        weight = 1 / (self.by_chance + self.variance)
        along = np.arange(self.periods) - np.average(np.arange(self.periods), weights=weight)
        gaps = self.gaps[1:] - np.average(self.gaps[1:], weights=weight)
        score = float((weight * along * gaps).sum() / np.sqrt((weight * along**2).sum()))
        return float(2 * special.stdtr(self.periods - 2, -abs(score)))


class _ByFactor(_Compared):
    """The comparison where the control group says how many times as many as usual would have left anyway."""

    def taken_off(self) -> float:
        return self.usual / max(self.before[1], LEAST_LEFT / self.sizes[1])

    def _anyway(self) -> tuple[Floats, Floats]:
        """Who left and who was there: the control group, and the exposed and it before. None is nobody."""
        control = self.groups[1]
        there = np.array([control.customers[0], *self.sizes])
        left = np.array([control.left[0], self.before[0] * there[1], self.before[1] * there[2]])
        return np.maximum(left, LEAST_LEFT), there

    def difference(self) -> float:
        now, usual, then = np.divide(*self._anyway())
        return float(
            self.exposed.shares[0] - min(usual * now / then, 1.0)
        )  # no more than all would have left

    def chance(self, level: float) -> tuple[float, float]:
        left, there = self._anyway()
        low, high = np.log(wilson(left, there, level)) - np.log(left / there)
        fewer, more = np.linalg.norm([*low[:2], high[2]]), np.linalg.norm([*high[:2], low[2]])
        own_low, own_high = wilson(self.exposed.left[0], self.exposed.customers[0], level)
        share = float(self.exposed.shares[0])
        anyway = share - self.value
        return (
            float(np.hypot(share - own_low, min(anyway * np.expm1(more), 1.0 - anyway))),
            float(np.hypot(own_high - share, -anyway * np.expm1(-fewer))),
        )

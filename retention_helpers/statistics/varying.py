"""How a month's rate differs from earlier ones, where months differ by more than chance.

A test of two shares asks whether chance alone made the difference. The months of a real business differ by
more than chance (seasons, launches, outages), so with thousands of customers nearly every month would "rise"
or "fall". What is asked here is whether a month differs by more than its business's months do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from retention_helpers.statistics.control import FEWEST_MONTHS
from retention_helpers.statistics.intervals import LEVEL, Change, Floats, Numbers, exact_p, newcombe

USUAL_SPREAD = 0.2  # of the months' own risk, relative to its mean, that is assumed with fewer
_NORMAL = float(special.ndtri(0.5 + LEVEL / 2))


@dataclass(frozen=True)
class Spread:
    """How the months of a business differ.

    Attributes:
        mean: the share lost in all of them together.
        variance: of the months' own risks around it, beyond what chance makes of so many customers.
        quantile: how many standard errors the ends of an interval lie away.
        is_assumed: there are fewer than FEWEST_MONTHS, so that USUAL_SPREAD is taken, if they show no more.
    """

    mean: float
    variance: float
    quantile: float
    is_assumed: bool

    @property
    def is_seen(self) -> bool:
        """The months differ by more than chance."""
        return self.variance > 0 and not self.is_assumed


def spread_of(lost: Numbers, customers: Numbers) -> Spread:
    """How these months differ, from their losses and customers.

    The variance is the one at which the months lie as far from their mean as they should (Paule and Mandel);
    none where chance explains them. Where it is one, the quantile is that of Student's distribution, for the
    variance is known from so few months: with as many customers in each, the test of a further month is
    Student's. Where chance explains the months, that test could only ask for more than the test of two
    shares does; so the step from the one to the other costs nothing.
    Sources: Paule and Mandel 1982, Journal of Research of the National Bureau of Standards 87, 377-385;
    Student 1908.

    >>> spread_of([5, 4, 6, 5, 5, 4, 6, 5], [100] * 8).variance
    0.0
    >>> round(spread_of([1, 12, 2, 9, 1, 12, 2, 9], [100] * 8).variance ** 0.5, 3)
    0.044
    """
    x, n = np.asarray(lost, dtype=float), np.asarray(customers, dtype=float)
    mean = float(x.sum() / n.sum())
    variance = beyond_chance(x / n, mean * (1 - mean) / n) if 0 < mean < 1 else 0.0
    if len(x) < FEWEST_MONTHS:
        return Spread(mean, max(variance, (USUAL_SPREAD * mean) ** 2), _NORMAL, is_assumed=True)
    student = float(special.stdtrit(len(x) - 1, 0.5 + LEVEL / 2))
    return Spread(mean, variance, student if variance else _NORMAL, is_assumed=False)


def beyond_chance(rates: Floats, by_chance: Floats) -> float:
    """The variance that the rates have beyond the one of each by chance; 0 where they have none."""
    from scipy.optimize import brentq

    def too_far(variance: float) -> float:
        weight = 1 / (by_chance + variance)
        mean = (weight * rates).sum() / weight.sum()
        return float((weight * (rates - mean) ** 2).sum() - (len(rates) - 1))

    if len(rates) < 2 or too_far(0.0) <= 0:
        return 0.0
    most = float(((rates - rates.mean()) ** 2).sum())  # there the weighted sum of squares is at most 1
    return float(brentq(too_far, 0.0, most, xtol=1e-15))


@dataclass(frozen=True)
class MonthChange(Change):
    """How a month's rate differs from earlier ones, and what could have been seen.

    Attributes:
        then: the share in the earlier months together.
        months: how many they are.
        spread: how the business's months differ.
        seen_if_doubled: how often a rate that is twice the usual would be called a rise; NaN where twice the
            usual is everybody.
    """

    then: float
    months: int
    spread: Spread
    seen_if_doubled: float


def change_beyond_spread(
    now: tuple[int, int], then: Sequence[tuple[int, int]], spread: Spread
) -> MonthChange:
    """From earlier months to a month, each as (lost, customers at the start).

    The interval is Newcombe's, with as many customers on either side as its rate is worth where months have
    a spread of their own (the effective size of a beta-binomial share), and the quantile of the spread.
    "rose" and "fell" need it to leave out 0, and the exact test of the counts to agree. Without any spread it
    is Newcombe's interval of the counts.
    Sources: Newcombe 1998, method 10; Kish 1965 for effective sizes.

    >>> moved = change_beyond_spread((700, 10_000), [(500, 10_000)], spread_of([500] * 12, [10_000] * 12))
    >>> moved.verdict
    'rose'

    Glossary: churn change.
    """
    lost, customers = now
    x, n = (np.array(column, dtype=float) for column in zip(*then, strict=True))
    own, earlier = _worth(np.array([float(customers)]), spread), _worth(n, spread)
    level = float(2 * special.ndtr(spread.quantile) - 1)
    share, before = lost / customers, float(x.sum() / n.sum())
    moved = newcombe(share * own, own, before * earlier, earlier, level)
    is_clear = moved.low > 0 or moved.high < 0
    agrees = is_clear and exact_p(int(x.sum()), int(n.sum()), lost, customers) < 1 - LEVEL
    verdict = "no clear change" if not agrees else "rose" if moved.value > 0 else "fell"
    seen = _seen_if_doubled(customers, own, earlier, spread, level)
    return MonthChange(*moved, verdict, before, len(x), spread, seen)


def _worth(customers: Floats, spread: Spread) -> float:
    """As how many customers of one risk these months are, for their common rate."""
    by_chance = spread.mean * (1 - spread.mean)
    if not spread.variance or not by_chance:
        return float(customers.sum())
    variance = (customers**2 * (by_chance / customers + spread.variance)).sum() / customers.sum() ** 2
    return float(by_chance / variance)


def _seen_if_doubled(customers: int, own: float, earlier: float, spread: Spread, level: float) -> float:
    """How often twice the usual rate would lie clearly above it (normal approximation)."""
    usual, doubled = spread.mean, 2 * spread.mean
    if not 0 < doubled < 1:
        return float("nan")
    beyond = newcombe(doubled * own, own, usual * earlier, earlier, level).low
    of_month = doubled * (1 - doubled) / customers + 4 * spread.variance
    return float(special.ndtr(beyond / np.sqrt(of_month + usual * (1 - usual) / earlier)))

"""How a month's rate differs from earlier ones, where months differ by more than chance.

A test of two shares asks whether chance alone made the difference. The months of a real business differ by
more than chance (seasons, launches, outages), so with thousands of customers nearly every month would "rise"
or "fall". What is asked here is whether a month differs by more than its business's months do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from retention_helpers.statistics.control import FEWEST_MONTHS, varies_more_than_chance
from retention_helpers.statistics.intervals import (
    LEVEL,
    Change,
    Floats,
    Numbers,
    exact_p,
    holm,
    newcombe,
)

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
        is_seen: the months differ by more than chance, as the control chart tells it.
    """

    mean: float
    variance: float
    quantile: float
    is_assumed: bool
    is_seen: bool = False


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
    is_seen = variance > 0 and varies_more_than_chance(x, n)
    return Spread(mean, variance, student if variance else _NORMAL, is_assumed=False, is_seen=is_seen)


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


Counted = Sequence[tuple[int, int]]


def change_beyond_spread(now: Counted, then: Counted, spread: Spread) -> MonthChange:
    """From earlier months to a month, or to some together, each as (lost, customers at the start).

    The interval is Newcombe's, with as many customers on either side as its rate is worth where months have
    a spread of their own (the effective size of a beta-binomial share), and the quantile of the spread.
    "rose" and "fell" need it to leave out 0, and the exact test of the counts to agree. Without any spread it
    is Newcombe's interval of the counts.
    Sources: Newcombe 1998, method 10; Kish 1965 for effective sizes.

    >>> moved = change_beyond_spread([(700, 10_000)], [(500, 10_000)], spread_of([500] * 12, [10_000] * 12))
    >>> moved.verdict
    'rose'

    Glossary: churn change.
    """
    (x, n), (x0, n0) = (np.array(months, dtype=float).T for months in (now, then))
    own, earlier = _worth(n, spread), _worth(n0, spread)
    level = float(2 * special.ndtr(spread.quantile) - 1)
    before = float(x0.sum() / n0.sum())
    moved = newcombe(x.sum() / n.sum() * own, own, before * earlier, earlier, level)
    is_clear = moved.low > 0 or moved.high < 0
    counts = (int(of.sum()) for of in (x0, n0, x, n))
    agrees = is_clear and exact_p(*counts) < 1 - LEVEL
    verdict = "no clear change" if not agrees else "rose" if moved.value > 0 else "fell"
    seen = _seen_if_doubled(n, own, earlier, spread, level)
    return MonthChange(*moved, verdict, before, len(x0), spread, seen)


def changes_beyond_spread(compared: Sequence[tuple[Counted, Counted]]) -> list[Change]:
    """Of several shares at once, each from earlier months to some together: `change_beyond_spread`.

    The verdicts are corrected after Holm for looking at all of them.

    >>> [one.verdict for one in changes_beyond_spread([([(30, 100)], [(10, 100)]), ([(9, 90)], [(8, 80)])])]
    ['rose', 'no clear change']
    """
    moved = [change_beyond_spread(now, then, spread_of(*zip(*then, strict=True))) for now, then in compared]
    p_values = [_p_beyond_spread(*pair, one) for pair, one in zip(compared, moved, strict=True)]
    return [
        Change(one.value, one.low, one.high, one.verdict if p < 1 - LEVEL else "no clear change")
        for p, one in zip(holm(p_values), moved, strict=True)
    ]


def _p_beyond_spread(now: Counted, then: Counted, moved: MonthChange) -> float:
    """The larger p-value of the exact test of the counts and of the test that has the months' spread."""
    if moved.verdict == "no clear change":  # nothing to confirm; the exact test is dear
        return 1.0
    (x, n), (x0, n0) = (np.array(months, dtype=float).T for months in (now, then))
    by_chance = exact_p(*(int(of.sum()) for of in (x0, n0, x, n)))
    if not moved.spread.variance:
        return by_chance
    own, earlier = _worth(n, moved.spread), _worth(n0, moved.spread)
    pooled = (x.sum() / n.sum() * own + moved.then * earlier) / (own + earlier)
    error = np.sqrt(pooled * (1 - pooled) * (1 / own + 1 / earlier))
    z = -abs(moved.value) / error
    beyond = special.ndtr(z) if moved.spread.is_assumed else special.stdtr(len(then) - 1, z)
    return max(by_chance, float(2 * beyond))


def _worth(customers: Floats, spread: Spread) -> float:
    """As how many customers of one risk these months are, for their common rate."""
    by_chance = spread.mean * (1 - spread.mean)
    if not spread.variance or not by_chance:
        return float(customers.sum())
    variance = (customers**2 * (by_chance / customers + spread.variance)).sum() / customers.sum() ** 2
    return float(by_chance / variance)


def _seen_if_doubled(customers: Floats, own: float, earlier: float, spread: Spread, level: float) -> float:
    """How often twice the usual rate would lie clearly above it (normal approximation)."""
    usual, doubled = spread.mean, 2 * spread.mean
    if not 0 < doubled < 1:
        return float("nan")
    beyond = newcombe(doubled * own, own, usual * earlier, earlier, level).low
    own_spread = 4 * spread.variance * (customers**2).sum() / customers.sum() ** 2
    of_now = doubled * (1 - doubled) / customers.sum() + own_spread
    return float(special.ndtr(beyond / np.sqrt(of_now + usual * (1 - usual) / earlier)))

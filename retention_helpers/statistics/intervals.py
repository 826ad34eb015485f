"""The statistics that the analyses share: intervals of shares, and when a difference is one.

Wilson and Newcombe are written out here, a few lines each, because whole columns go through them at
once; the tests hold them against statsmodels and against the tables of Newcombe's papers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from retention_helpers.statistics import exact

LEVEL = 0.95
EXACT_UP_TO = 400  # customers on both sides together; above, the score test is as good

Numbers = npt.ArrayLike
Floats = npt.NDArray[np.float64]


def _quantile(level: float) -> float:
    return float(special.ndtri(0.5 + level / 2))


def wilson(successes: Numbers, trials: Numbers, level: float = LEVEL) -> tuple[Floats, Floats]:
    """The two ends of the Wilson score interval of each share; NaN where there were no trials.

    Source: Wilson 1927; recommended for small samples by Brown, Cai and DasGupta 2001.

    >>> low, high = wilson([0, 9], [20, 200])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.0239], [0.1611, 0.0833])

    Glossary: interval of a share.
    """
    x = np.asarray(successes, dtype=float)
    n = np.asarray(trials, dtype=float)
    z = _quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = x / n
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        low = np.where(x == 0, 0.0, centre - half)
        high = np.where(x == n, 1.0, centre + half)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


class Difference(NamedTuple):
    """A difference between two shares (first − second, as a fraction) and its interval's ends."""

    value: float
    low: float
    high: float


def newcombe(x1: float, n1: float, x2: float, n2: float, level: float = LEVEL) -> Difference:
    """x1 / n1 − x2 / n2 with Newcombe's hybrid score interval; all NaN where a side is empty.

    Source: Newcombe 1998, Statistics in Medicine 17, 873–890, method 10.

    >>> tuple(round(end, 4) for end in newcombe(56, 70, 48, 80))
    (0.2, 0.0524, 0.3339)

    Glossary: interval of a difference.
    """
    if not n1 or not n2:
        return Difference(np.nan, np.nan, np.nan)
    (low1, low2), (high1, high2) = wilson([x1, x2], [n1, n2], level)
    p1, p2 = x1 / n1, x2 / n2
    return Difference(
        p1 - p2,
        float(p1 - p2 - np.hypot(p1 - low1, high2 - p2)),
        float(p1 - p2 + np.hypot(high1 - p1, p2 - low2)),
    )


def sum_interval(amounts: Sequence[float], largest: float, level: float = LEVEL) -> tuple[float, float]:
    """The two ends of the interval of a sum of amounts, one for each of a number of events left to chance.

    `largest` is the largest amount that such an event can have, also where none of that size occurred. With
    equal amounts it is the exact interval of a Poisson count (Garwood 1936). Source: Fay and Feuer 1997,
    Statistics in Medicine 16, 791–801.

    >>> low, high = sum_interval([1.0] * 10, 1.0)
    >>> round(low, 3), round(high, 3)
    (4.795, 18.39)
    """
    weights = np.asarray(amounts, dtype=float)
    total, squares = weights.sum(), (weights**2).sum()
    low = _gamma_quantile((1 - level) / 2, total, squares) if total else 0.0
    more, more_squares = total + largest, squares + largest**2
    return low, _gamma_quantile((1 + level) / 2, more, more_squares) if more else 0.0


def _gamma_quantile(share: float, mean: float, variance: float) -> float:
    return float(special.gammaincinv(mean**2 / variance, share) * variance / mean)


def amount_share(amounts: Sequence[Any], is_own: Sequence[bool]) -> tuple[float, float, float]:
    """The share of a sum of amounts that is owned, with the two ends of its interval; NaN where the sum is 0.

    Wilson's interval with as many trials as the unequal amounts are worth: the fewer of Kish's effective size
    and of the size at which a plain share would vary as much as this one does. Sources: Kish 1965, Survey
    Sampling; Franco, Little, Louis and Slud 2019, Journal of Survey Statistics and Methodology 7, 334–364.

    >>> tuple(round(end, 4) for end in amount_share([10] * 200, [True] * 9 + [False] * 191))
    (0.045, 0.0239, 0.0833)
    """
    weights, owned = np.asarray(amounts, dtype=float), np.asarray(is_own, dtype=bool)
    total = weights.sum()
    if not total:
        return np.nan, np.nan, np.nan
    share = float(weights[owned].sum() / total)
    size = total**2 / (weights**2).sum()
    spread = (weights**2 * (owned - share) ** 2).sum()
    if 0 < share < 1:
        size = min(size, share * (1 - share) * total**2 / spread)
    low, high = wilson(share * size, size)
    return share, float(low), float(high)


def two_shares_p(x1: int, n1: int, x2: int, n2: int) -> float:
    """Two-sided p-value of "both shares are the same".

    Boschloo's exact unconditional test up to `EXACT_UP_TO` customers on both sides together, the score
    test (pooled z) above. 1.0 where nobody or everybody succeeded. Source: Boschloo 1970.

    Glossary: test of two shares.
    """
    if x1 + x2 in (0, n1 + n2):
        return 1.0
    if n1 + n2 <= EXACT_UP_TO:
        return exact.boschloo(x1, n1, x2, n2)
    pooled = (x1 + x2) / (n1 + n2)
    z = (x1 / n1 - x2 / n2) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return float(2 * special.ndtr(-abs(z)))


def exact_p(x1: int, n1: int, x2: int, n2: int) -> float:
    """Two-sided p-value of "both shares are the same", exact at every size.

    Boschloo's test up to `EXACT_UP_TO` customers on both sides together, Fisher's above. For many tests at
    once: their corrected p-values lie far in the tail, where the score test rings too often (of 24 equal
    groups one stood out in 7 % of the simulations). Sources: Boschloo 1970, Fisher 1935; scipy.

    >>> exact_p(1, 450, 0, 50) == 1
    True

    Glossary: exact test of two shares.
    """
    if n1 + n2 <= EXACT_UP_TO:
        return two_shares_p(x1, n1, x2, n2)
    from scipy.stats import fisher_exact

    return float(fisher_exact([[x1, x2], [n1 - x1, n2 - x2]]).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, corrected for looking at all of them at once, in the order given.

    Source: Holm 1979, Scandinavian Journal of Statistics 6, 65–70.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    Glossary: several tests at once.
    """
    corrected = [0.0] * len(p_values)
    reached = 0.0
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        reached = max(reached, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = reached
    return corrected


def against_the_rest(
    counts: Sequence[int], bases: Sequence[int], *, kinds: Sequence[str], min_customers: int
) -> list[str]:
    """Each share against the other shares of its kind together, in words, in the order given.

    "above the rest" and "below the rest" need Newcombe's interval of the difference and the exact p-value,
    corrected after Holm for looking at all of them, to agree; "no clear difference" else. "too few" where
    it or the rest has fewer than `min_customers` in its base, "the only one" where there is no rest.

    >>> against_the_rest([30, 5, 14, 1], [100, 100, 100, 4], kinds=["plan"] * 4, min_customers=20)
    ['above the rest', 'below the rest', 'no clear difference', 'too few']

    Glossary: *above the rest*, *below the rest*.
    """
    sums = {
        kind: [
            sum(numbers[nth] for nth, other in enumerate(kinds) if other == kind)
            for numbers in (counts, bases)
        ]
        for kind in set(kinds)
    }
    tables = [
        (int(count), int(base), int(sums[kind][0] - count), int(sums[kind][1] - base))
        for count, base, kind in zip(counts, bases, kinds, strict=True)
    ]
    differences = [newcombe(*table) for table in tables]
    enough = [n2 > 0 and min(n1, n2) >= min_customers for _, n1, _, n2 in tables]
    # Where the interval holds 0 there is nothing to confirm; the exact test is dear.
    p_values = holm(
        [
            exact_p(*table) if difference.low > 0 or difference.high < 0 else 1.0
            for table, judged, difference in zip(tables, enough, differences, strict=True)
            if judged
        ]
    )
    corrected = iter(p_values)
    verdicts = []
    for (_, _, _, others), judged, difference in zip(tables, enough, differences, strict=True):
        if not others:
            verdicts.append("the only one")
        elif not judged:
            verdicts.append("too few")
        elif next(corrected) >= 1 - LEVEL:
            verdicts.append("no clear difference")
        else:
            verdicts.append("above the rest" if difference.value > 0 else "below the rest")
    return verdicts


@dataclass(frozen=True)
class Change:
    """How a rate moved between two periods, in fractions, with the verdict in the fixed words."""

    value: float
    low: float
    high: float
    verdict: str  # rose | fell | no clear change


def change(x1: int, n1: int, x2: int, n2: int) -> Change:
    """From x1 / n1 to x2 / n2. "rose" and "fell" need the interval and the p-value to agree.

    With nobody on one side there is nothing to compare: the numbers are NaN, the verdict stays
    "no clear change".

    Glossary: *no clear change*.
    """
    moved = newcombe(x2, n2, x1, n1)
    excludes_zero = moved.low > 0 or moved.high < 0
    if excludes_zero and two_shares_p(x1, n1, x2, n2) < 1 - LEVEL:
        return Change(*moved, "rose" if moved.value > 0 else "fell")
    return Change(*moved, "no clear change")


def paired_change(gained: int, lost: int, pairs: int) -> Change:
    """How a share moved between two looks at the same customers: (gained − lost) / pairs.

    `gained` were only in the second look, `lost` only in the first. The interval is the adjusted Wald one
    of Bonett and Price 2012, the p-value McNemar's exact one; the verdict needs both to agree. Without
    pairs the numbers are NaN.

    >>> moved = paired_change(26, 4, 48)
    >>> round(moved.value, 4), round(moved.low, 4), round(moved.high, 4), moved.verdict
    (0.4583, 0.2548, 0.6252, 'rose')

    Glossary: change of a share among the same customers.
    """
    if not pairs:
        return Change(np.nan, np.nan, np.nan, "no clear change")
    p1, p2 = (gained + 1) / (pairs + 2), (lost + 1) / (pairs + 2)
    half = _quantile(LEVEL) * np.sqrt((p1 + p2 - (p1 - p2) ** 2) / (pairs + 2))
    low, high = max(-1.0, float(p1 - p2 - half)), min(1.0, float(p1 - p2 + half))
    value = (gained - lost) / pairs
    # Of those who moved, as many to either side as the fall of a coin would send.
    p_value = min(1.0, 2 * float(special.bdtr(min(gained, lost), gained + lost, 0.5)))
    if (low > 0 or high < 0) and p_value < 1 - LEVEL:
        return Change(value, low, high, "rose" if value > 0 else "fell")
    return Change(value, low, high, "no clear change")


@dataclass(frozen=True)
class Rate:
    """A share with its parts and its 95 % interval; the value is NaN over nothing."""

    value: float
    low: float
    high: float
    numerator: int
    denominator: int


def rate(numerator: int, denominator: int) -> Rate:
    """A share of counts, with Wilson's interval.

    >>> nine = rate(9, 200)
    >>> nine.value, round(nine.low, 4), round(nine.high, 4)
    (0.045, 0.0239, 0.0833)
    """
    low, high = wilson(numerator, denominator)
    value = numerator / denominator if denominator else np.nan
    return Rate(value, float(low), float(high), int(numerator), int(denominator))


def with_rate(frame: pd.DataFrame, rate: str, numerator: str, denominator: str) -> pd.DataFrame:
    """The frame with `rate`, `rate_low` and `rate_high` beside the two columns that make it.

    A rate over nothing is NaN, never 0.
    """
    low, high = wilson(frame[numerator], frame[denominator])
    base = frame[denominator].astype(float)
    return frame.assign(
        **{
            rate: frame[numerator].astype(float) / base.where(base > 0),
            f"{rate}_low": low,
            f"{rate}_high": high,
        }
    )

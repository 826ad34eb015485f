"""Whether one column and leaving go together: the statistics of a single comparison.

Every function takes plain arrays, so that each can be held against a reference from outside.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from retention_helpers.statistics.intervals import LEVEL, wilson

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

SHUFFLES = 9_999
EXPECTED = 5.0  # customers in a cell, below which chi-square is not to be trusted
SEED = 20260101


class Area(NamedTuple):
    """The area under the curve: of one who left and one who stayed, how often the first has the larger value.

    One half means no difference; ties count half. With its 95 % interval.
    """

    value: float
    low: float
    high: float


def placements(values: Floats, lost: Booleans) -> tuple[float, Floats]:
    """The area, and of each row how often it lies on the side of its kind (ties half)."""
    from scipy.stats import rankdata

    ranks = rankdata(values)
    n1, n0 = int(lost.sum()), int((~lost).sum())
    above = np.empty(len(values))
    above[lost] = (ranks[lost] - rankdata(values[lost])) / n0
    above[~lost] = 1 - (ranks[~lost] - rankdata(values[~lost])) / n1
    return float(above[lost].mean()), above


def area(values: Floats, lost: Booleans, clusters: npt.ArrayLike | None = None) -> Area:
    """The area under the curve; NaN where nobody left or nobody stayed.

    The interval is DeLong's on the logit scale, between customers where they have several rows; where all of
    one side lie above the other it is Wilson's of the smaller side. Sources: DeLong, DeLong and
    Clarke-Pearson 1988; Obuchowski 1997 for clusters.
    """
    n1, n0 = int(lost.sum()), int((~lost).sum())
    if not n1 or not n0:
        return Area(np.nan, np.nan, np.nan)
    value, above = placements(values, lost)
    error = area_error(value, above, lost, clusters)
    if not 0 < value < 1 or not error:
        few = min(n1, n0)
        low, high = wilson(value * few, few)
        return Area(value, float(low), float(high))
    half = float(special.ndtri(0.5 + LEVEL / 2)) * error / (value * (1 - value))
    centre = special.logit(value)
    return Area(value, float(special.expit(centre - half)), float(special.expit(centre + half)))


def area_error(value: float, above: Floats, lost: Booleans, clusters: npt.ArrayLike | None) -> float:
    """The standard error of an area, from what each row adds to it."""
    n1, n0 = int(lost.sum()), int((~lost).sum())
    if n1 < 2 or n0 < 2:
        return 0.0
    if clusters is None:
        return float(np.sqrt(above[lost].var(ddof=1) / n1 + above[~lost].var(ddof=1) / n0))
    codes = np.unique(clusters, return_inverse=True)[1]
    added = (above - value) / np.where(lost, n1, n0)
    sums = np.bincount(codes, weights=added)
    return float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)))


def mann_whitney_p(values: Floats, lost: Booleans) -> float:
    """The two-sided p-value of "those who left and those who stayed have the same values".

    Source: Mann and Whitney 1947, with scipy's choice between the exact and the normal form.
    """
    from scipy import stats

    if not lost.any() or lost.all():
        return 1.0
    p_value = stats.mannwhitneyu(values[lost], values[~lost], alternative="two-sided").pvalue
    return 1.0 if np.isnan(p_value) else float(p_value)


def levels_p(lost: npt.ArrayLike, customers: npt.ArrayLike) -> float:
    """The p-value of "all levels lose the same share".

    Chi-square; where fewer than five are expected in a cell, a permutation test of the same statistic with
    9,999 seeded shuffles. Source: Pearson 1900; Phipson and Smyth 2010 for the p-value of shuffles.
    """
    left = np.asarray(lost, dtype=np.int64)
    base = np.asarray(customers, dtype=np.int64)
    everybody, gone = int(base.sum()), int(left.sum())
    if len(base) < 2 or gone in (0, everybody):
        return 1.0
    seen = _chi_square(left, base)
    share = gone / everybody
    if (base * min(share, 1 - share)).min() >= EXPECTED:
        return float(special.chdtrc(len(base) - 1, seen))
    shuffled = np.random.default_rng(SEED).multivariate_hypergeometric(base, gone, SHUFFLES)
    as_far = int((_chi_square(shuffled, base) >= seen * (1 - 1e-9)).sum())
    return (as_far + 1) / (SHUFFLES + 1)


def _chi_square(left: npt.NDArray[np.int64], base: npt.NDArray[np.int64]) -> Floats:
    """Pearson's statistic of left against not, of one table or of a row a table."""
    share = left.sum(axis=-1, keepdims=True) / base.sum()
    apart = (left - base * share) ** 2 / (base * share * (1 - share))
    return apart.sum(axis=-1)


def cramers_v(lost: npt.ArrayLike, customers: npt.ArrayLike) -> float:
    """How strongly the levels and leaving go together, from 0 to 1, corrected for its bias.

    Source: Bergsma 2013, Journal of the Korean Statistical Society 42, 323–328.
    """
    left, base = np.asarray(lost, dtype=np.int64), np.asarray(customers, dtype=np.int64)
    return corrected_v(np.column_stack([left, base - left]))


def corrected_v(table: npt.NDArray[np.int64]) -> float:
    """Bergsma's corrected Cramér's V of a table of counts; 0 where it has a single row or column."""
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    total = int(table.sum())
    if min(rows, columns) < 2 or total < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    phi = float(((table - expected) ** 2 / expected).sum()) / total
    corrected = max(0.0, phi - (rows - 1) * (columns - 1) / (total - 1))
    wide = columns - (columns - 1) ** 2 / (total - 1)
    long = rows - (rows - 1) ** 2 / (total - 1)
    return float(np.sqrt(corrected / max(min(wide, long) - 1, 1e-12)))


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Each p-value as the share of false alarms to expect among all that are at least as small.

    Missing ones stay missing and do not count. Source: Benjamini and Hochberg 1995.

    >>> benjamini_hochberg([0.01, 0.04, np.nan, 0.03]).round(4).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    from scipy.stats import false_discovery_control

    p = np.asarray(p_values, dtype=float)
    given = ~np.isnan(p)
    q = np.full(len(p), np.nan)
    if given.any():
        q[given] = false_discovery_control(p[given])
    return q

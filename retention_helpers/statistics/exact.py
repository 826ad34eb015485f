"""Boschloo's exact test of two shares, fast enough for a thousand experiments and for their plans.

The statistic is the one-sided p-value of Fisher's test; its own p-value is the largest chance, over every
share that both sides could have in common, of a table at least as extreme. That chance is a polynomial in
the share: it is looked at on a grid, and again on finer ones around the highest places. scipy's
`boschloo_exact` searches the same maximum anew for each table, fifty times slower.

Source: Boschloo 1970, Statistica Neerlandica 24, 1–35.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

GRID = 128  # shares looked at first, closer together near 0 and 1
PEAKS, FINER, ROUNDS = 3, 13, 4
BETWEEN = 1.05  # the maximum is at most so many times the largest on the first grid, up to 400 on both sides
SAME = 1 + 1e-11  # two tables whose statistics differ by rounding alone are equally extreme


def _log_choose(n: int) -> Floats:
    """The logarithm of "n choose k" for every k from 0 to n."""
    k = np.arange(n + 1)
    return special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)


@lru_cache(maxsize=64)
def fisher_less(n1: int, n2: int) -> Floats:
    """Fisher's one-sided p-value "the first share is the smaller one" of every table, by x1 and x2."""
    total = n1 + n2
    successes, first = np.arange(total + 1)[:, None], np.arange(n1 + 1)[None, :]
    second = successes - first
    is_possible = (second >= 0) & (second <= n2)
    # On a possible table the three binomials make the hypergeometric chance of x1 among the successes.
    chance = np.exp(
        _log_choose(n1)[None, :]
        + np.where(is_possible, _log_choose(n2)[np.clip(second, 0, n2)], -np.inf)
        - _log_choose(total)[:, None]
    )
    at_most = np.minimum(chance.cumsum(axis=1), 1.0)
    x1, x2 = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    return at_most[x1 + x2, x1]


def binomial(n: int, shares: Floats) -> Floats:
    """The chance of each count from 0 to n, a row a share."""
    counts, inside = np.arange(n + 1), shares[:, None]
    return np.exp(_log_choose(n) + counts * np.log(inside) + (n - counts) * np.log1p(-inside))


def _grid(points: int) -> Floats:
    return np.sin(np.linspace(0, np.pi / 2, points + 2)[1:-1]) ** 2


@lru_cache(maxsize=64)
def _on_grid(n1: int, n2: int) -> tuple[Floats, Floats]:
    """On the first grid: the chance of at most x1 (after a 0 for none), and of each x2."""
    return _at(n1, n2, _grid(GRID))


def _at(n1: int, n2: int, shares: Floats) -> tuple[Floats, Floats]:
    at_most = np.pad(binomial(n1, shares).cumsum(axis=1), ((0, 0), (1, 0)))
    return at_most, binomial(n2, shares)


def _chances(counts: Integers, n1: int, n2: int) -> Floats:
    """The chance of a table in the region, at each share of the first grid."""
    at_most, second = _on_grid(n1, n2)
    return (at_most[:, counts] * second).sum(axis=1)


def _keeps(counts: Integers, n1: int, n2: int, chance: float) -> bool:
    """Whether the largest chance of a region is at most this; looks closely where the grid cannot say."""
    on_grid = float(_chances(counts, n1, n2).max())
    if on_grid > chance:
        return False
    return BETWEEN * on_grid <= chance or _largest(counts, n1, n2) <= chance


def _largest(counts: Integers, n1: int, n2: int) -> float:
    """The largest chance of a table in a region: the `counts[x2]` smallest x1 beside each x2."""
    chances = _chances(counts, n1, n2)
    places = np.arcsin(np.sqrt(_grid(GRID)))
    width = places[1] - places[0]
    best = float(chances.max())
    for _ in range(ROUNDS):
        peaks = places[np.argsort(-chances, kind="stable")[:PEAKS]]
        places = np.clip(peaks[:, None] + np.linspace(-width, width, FINER), 1e-6, np.pi / 2 - 1e-6).ravel()
        at_most, second = _at(n1, n2, np.sin(places) ** 2)
        chances = (at_most[:, counts] * second).sum(axis=1)
        best, width = max(best, float(chances.max())), 2 * width / (FINER - 1)
    return min(best, 1.0)


def _region(statistic: float, fisher: Floats) -> Integers:
    """How many of the smallest x1 are at least as extreme, beside each x2."""
    return (fisher <= statistic * SAME).sum(axis=0)


def boschloo(x1: int, n1: int, x2: int, n2: int) -> float:
    """The two-sided p-value of "x1 of n1 and x2 of n2 come from the same share": twice the smaller side.

    >>> round(boschloo(27, 30, 30, 30), 3)
    0.155
    """
    fisher = fisher_less(n1, n2)
    # The first share is the larger one where fewer of its customers failed.
    sides = (fisher[x1, x2], fisher[n1 - x1, n2 - x2])
    return min(1.0, 2 * min(_largest(_region(side, fisher), n1, n2) for side in sides))


@lru_cache(maxsize=256)
def significantly_less(n1: int, n2: int, level: float) -> Integers:
    """Beside each x2, how many of the smallest x1 have a p-value of at most `level`, on this side."""
    fisher = fisher_less(n1, n2)
    statistics = np.unique(fisher[fisher <= 0.5])
    low, high = 0, len(statistics)  # the largest region that keeps the level lies between
    while low < high:
        middle = (low + high) // 2
        if _keeps(_region(statistics[middle], fisher), n1, n2, level / 2):
            low = middle + 1
        else:
            high = middle
    return _region(statistics[low - 1], fisher) if low else np.zeros(n2 + 1, dtype=np.int64)

"""A reading that holds whenever somebody looks: for looks that nobody planned.

The arms bet against each other. Given how many customers of both arms together matured and made it, how many
of these are in the first arm depends on nothing but the ratio of the arms' odds; if both are alike, it is a
draw without replacement. Each bet names such a ratio, and gains where what came is more likely under it. If
both arms are alike no bet gains on average, whatever their common rate; so what the bets own together
reaches 20 times the stake with a chance of at most 5 %, at whatever moment one looks. Ratios are spread over
four powers of ten, so that some bet fits an experiment of forty customers, and one of twenty million.

Sources: Ville 1939 (the moment); Turner, Ly and Grünwald 2024, Journal of Statistical Planning and
Inference 230, 106116 (bets on two arms); Fisher 1935 (given the margins); Robbins 1970, Annals of
Mathematical Statistics 41, 1397–1409 (the mixture as a boundary).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special

from retention_helpers.statistics.boundary import ALPHA, STRICTEST

Floats = npt.NDArray[np.float64]

SMALLEST, LARGEST, APART = 0.001, 4.0, 1.3  # log odds ratios: each so many times the one before
TYPICAL, SPREAD = 0.7, 0.8  # most of the stake lies around an odds ratio of two: 85 against 92 %
ON_TYPICAL = 0.7  # of the stake; the rest is spread evenly
TERMS = 60  # of a sum, on either side of its largest: six or more standard deviations
STEPS = 3  # a standard deviation; the sum of a bell at such steps is exact to rounding


@lru_cache(maxsize=1)
def _bets() -> tuple[Floats, Floats]:
    """The log odds ratio of each bet, and its share of the stake."""
    count = int(np.ceil(np.log(LARGEST / SMALLEST) / np.log(APART)))
    sizes = SMALLEST * APART ** np.arange(count + 1)
    bell = np.exp(-((np.log(sizes / TYPICAL) / SPREAD) ** 2) / 2)
    stake = ON_TYPICAL * bell / bell.sum() + (1 - ON_TYPICAL) / len(sizes)
    return np.concatenate([sizes, -sizes]), np.concatenate([stake, stake]) / 2


def anytime_p(batches: Sequence[tuple[int, ...]]) -> Floats:
    """After each batch: the p-value of "both arms are alike", whichever moment was chosen to look.

    A batch is (successes, customers) of one arm and of the other, of those who matured since the last one.

    >>> [round(float(p), 3) for p in anytime_p([(9, 10, 4, 10), (10, 10, 3, 10)])]
    [0.362, 0.004]
    """
    wealth = np.log(_bets()[1])
    found = []
    for x1, n1, x2, n2 in batches:
        if n1 and n2:
            wealth = wealth + _gains(x1, n1, x2, n2)
        found.append(_log_sum(wealth))
    return _p_values(found)


def anytime_p_of_means(scores: Sequence[float], sizes: Sequence[float]) -> Floats:
    """The same for means, in large samples: from each look's standard score and effective size.

    The size is half the harmonic mean of both arms', and the bets are on the difference in standard
    deviations of a customer.
    """
    return _p_values([_log_wealth(score, size) for score, size in zip(scores, sizes, strict=True)])


def _p_values(log_wealth: Sequence[float]) -> Floats:
    if not len(log_wealth):
        return np.empty(0)
    return np.exp(-np.maximum(np.maximum.accumulate(log_wealth), 0.0))


def _log_wealth(score: float, information: float) -> float:
    ratios, stake = _bets()
    gains = ratios * np.sqrt(information) * score - ratios**2 * information / 2
    return _log_sum(np.log(stake) + gains)


def _log_sum(logs: Floats) -> float:
    """The logarithm of a sum; scipy's is ten times as slow for so few."""
    most = logs.max()
    return float(most + np.log(np.exp(logs - most).sum()))


@lru_cache(maxsize=8192)
def anytime_limit(information: float, alpha: float = ALPHA) -> float:
    """How many standard errors from 0 a look has to be for the bets to have won, whenever it is taken.

    `information` is one over the squared standard error of the log odds ratio, or of the difference in
    standard deviations of a customer.

    >>> [round(anytime_limit(size), 2) for size in (5, 50, 500, 50000)]
    [3.17, 3.18, 3.56, 3.85]
    """
    low, high = 0.0, STRICTEST
    while high - low > 1e-9:
        middle = (low + high) / 2
        won = _log_wealth(middle, information) >= -np.log(alpha)
        low, high = (low, middle) if won else (middle, high)
    return high


@lru_cache(maxsize=4096)
def _gains(x1: int, n1: int, x2: int, n2: int) -> Floats:
    """The logarithm of what each bet gains: how much likelier x1 is under it than where both are alike."""
    ratios, _ = _bets()
    both = x1 + x2
    least, most = max(0, both - n2), min(n1, both)
    if least == most:
        return np.zeros(len(ratios))
    centre, spread = _noncentral(n1, n2, both, ratios, least, most)
    step = np.maximum(1.0, np.floor(spread / STEPS))[:, None]
    counts = np.round(centre)[:, None] + step * np.arange(-TERMS, TERMS + 1)
    inside = np.clip(counts, least, most)
    ways = _log_choose(n1, inside) + _log_choose(n2, both - inside) + ratios[:, None] * inside
    ways = np.where((counts >= least) & (counts <= most), ways, -np.inf)
    all_ways = special.logsumexp(ways, axis=1) + np.log(step[:, 0])
    return ratios * x1 - (all_ways - _log_choose(n1 + n2, np.array(both)))


def _noncentral(n1: int, n2: int, both: int, ratios: Floats, least: int, most: int) -> tuple[Floats, Floats]:
    """About where the first arm's successes lie under each odds ratio, and how far they spread."""
    odds = np.exp(ratios)
    square, linear, constant = 1 - odds, n2 - both + odds * (n1 + both), -odds * n1 * both
    root = np.sqrt(np.maximum(linear**2 - 4 * square * constant, 0.0))
    centre = np.clip(2 * constant / (-linear - root), least, most)
    cells = (centre, n1 - centre, both - centre, n2 - both + centre)
    return centre, np.sqrt(1 / sum(1 / np.maximum(cell, 0.5) for cell in cells))


def _log_choose(n: int, k: Floats) -> Floats:
    found: Floats = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return found

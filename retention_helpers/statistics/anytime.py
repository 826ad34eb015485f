"""A p-value that holds whenever somebody looks: for looks that nobody planned.

The arms bet against each other. Each pair of rates on a grid is a bet on the next customers to mature: it
gains where their outcomes are more likely under these two rates than under the one rate that mixes them as
the arms are mixed. If both arms are alike, no bet gains on average, whatever their common rate; so what the
bets own together reaches 20 times the stake with a chance of at most 5 %, at whatever moment one looks.

Source: Turner, Ly and Grünwald 2024, Journal of Statistical Planning and Inference 230, 106116 (the bet);
Ville 1939 (the moment).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

RATES = np.sin(np.linspace(0, np.pi / 2, 26)[1:-1]) ** 2  # closer together near 0 and 1
TYPICAL = 0.2  # difference of the bets, on the scale of arcsine square roots: 85 against 95 % is 0.17


@lru_cache(maxsize=1)
def _bets() -> tuple[Floats, Floats, Floats]:
    """The two rates of each bet, and its share of the stake."""
    first, second = (rates.ravel() for rates in np.meshgrid(RATES, RATES, indexing="ij"))
    apart = np.abs(np.arcsin(np.sqrt(first)) - np.arcsin(np.sqrt(second)))
    differ = apart > 0
    stake = np.exp(-((apart[differ] / TYPICAL) ** 2) / 2)
    return first[differ], second[differ], stake / stake.sum()


def anytime_p(batches: Sequence[tuple[int, ...]]) -> Floats:
    """After each batch: the p-value of "both arms are alike", whichever moment was chosen to look.

    A batch is (successes, customers) of one arm and of the other, of those who matured since the last one.

    >>> [round(float(p), 3) for p in anytime_p([(9, 10, 4, 10), (10, 10, 3, 10)])]
    [0.434, 0.011]
    """
    if not len(batches):
        return np.empty(0)
    first, second, stake = _bets()
    wealth = np.log(stake)
    found = []
    for x1, n1, x2, n2 in batches:
        if n1 and n2:
            mixed = (n1 * first + n2 * second) / (n1 + n2)
            wealth = wealth + _log_likelihood(x1, n1, first) + _log_likelihood(x2, n2, second)
            wealth = wealth - _log_likelihood(x1 + x2, n1 + n2, mixed)
        found.append(special.logsumexp(wealth))
    return np.exp(-np.maximum(np.maximum.accumulate(found), 0.0))


def _log_likelihood(successes: int, customers: int, rate: Floats) -> Floats:
    return successes * np.log(rate) + (customers - successes) * np.log1p(-rate)

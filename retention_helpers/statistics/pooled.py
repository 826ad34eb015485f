"""Means of groups, drawn together by as much as chance spreads them."""

import numpy as np
import numpy.typing as npt
from scipy import special

from retention_helpers.statistics.intervals import LEVEL

Floats = npt.NDArray[np.float64]

SPREADS = 201  # that the groups may have, from none to twice as far as their own means lie apart


def drawn_together(values: npt.ArrayLike, errors: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Each group's mean, drawn towards that of all groups, with its 95 % interval; NaN where it is not known.

    A group with a small error keeps its own mean, one with a large error hardly does. How far the groups
    themselves lie apart is not known either: every spread from none to twice the range of the means is
    weighed by how well it explains them (flat prior), so that the interval also holds what a plain empirical
    Bayes estimate leaves out: with three to eight groups that covers 82 to 95 %, this one 93 to 99. A group
    alone keeps its own.
    Sources: Rubin 1981, Journal of Educational Statistics 6, 377–401; Gelman 2006, Bayesian Analysis 1,
    515–534.

    Glossary: drawn together.

    >>> value, low, high = drawn_together([1.0, 3.0], [1.0, 1.0])
    >>> bool(1 < value[0] < 2 < value[1] < 3), round(float(value.sum()), 6)
    (True, 4.0)
    """
    value, error = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    known = np.isfinite(value) & np.isfinite(error) & (error > 0)
    ends = tuple(np.full(len(value), np.nan) for _ in range(3))
    if not known.any():
        return ends  # type: ignore[return-value]
    weights, means, deviations = _by_spread(value[known], error[known])
    half = (1 - LEVEL) / 2
    quantiles = [_quantile(share, weights, means, deviations) for share in (half, 1 - half)]
    for end, found in zip(ends, (weights @ means, *quantiles), strict=True):
        end[known] = found
    return ends  # type: ignore[return-value]


def _by_spread(value: Floats, error: Floats) -> tuple[Floats, Floats, Floats]:
    """How much each spread is believed, and what mean and deviation each group has if it is so.

    A row a spread and a column a group.
    """
    if len(value) == 1:
        return np.ones(1), value[None, :], error[None, :]
    between = np.linspace(0, 2 * max(float(np.ptp(value)), float(error.min())), SPREADS)[:, None] ** 2
    weight = 1 / (error**2 + between)
    of_mean = 1 / weight.sum(axis=1, keepdims=True)
    mean = (weight * value).sum(axis=1, keepdims=True) * of_mean
    height = 0.5 * (np.log(weight) - weight * (value - mean) ** 2).sum(axis=1) + 0.5 * np.log(of_mean[:, 0])
    believed = np.exp(height - height.max())
    share = error**2 * weight  # of the way to the mean of all
    variance = (1 - share) * error**2 + share**2 * of_mean
    return believed / believed.sum(), (1 - share) * value + share * mean, np.sqrt(variance)


def _quantile(share: float, weights: Floats, means: Floats, deviations: Floats) -> Floats:
    """The quantile of each group's mixture of normal distributions, by halving."""
    low, high = (means - 10 * deviations).min(axis=0), (means + 10 * deviations).max(axis=0)
    for _ in range(60):
        middle = (low + high) / 2
        is_below = weights @ special.ndtr((middle - means) / deviations) < share
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return (low + high) / 2

"""The Cox model on whole days: what goes with leaving earlier, each column beside the others.

Written out here because the comparison fits it some hundred times and asks for more than a library gives at
once (a penalty with standard errors, customers with several rows, a test of constant effects): with days as
whole numbers every sum over those still there is one cumulative sum. The tests hold it against R's survival
and against statsmodels.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import special

from retention_helpers.statistics.intervals import LEVEL

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.integer]

MOST_STEPS = 30
EDGE = 1e-9  # of a column's information: what is nearer to singular is singular
SETTLED = 1e-10  # relative change of the log likelihood at which the search ends
FARTHEST = 12.0  # of a log hazard ratio times a column: beyond it the data only say "without end"


class Lives:
    """Rows of customers followed from a first day on, in the order in which the sums run.

    A row has `columns`, the `days` to the loss or to the last day seen, whether it was `lost`, and its
    stratum: rows are only compared within one. Losses on one day are ties, handled as by Efron; a row is
    still at risk on its own last day.
    """

    def __init__(
        self,
        columns: npt.ArrayLike,
        days: npt.ArrayLike,
        lost: npt.ArrayLike,
        strata: npt.ArrayLike | None = None,
    ) -> None:
        time = np.asarray(days, dtype=np.int64)
        is_lost = np.asarray(lost, dtype=bool)
        stratum = (
            np.zeros(len(time), np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
        )
        self.order = np.lexsort((-time, stratum))
        self.columns = np.asarray(columns, dtype=float).reshape(len(time), -1)[self.order]
        time, self.is_lost, stratum = time[self.order], is_lost[self.order], stratum[self.order]
        span = int(time.max(initial=0)) + 1
        forward, backward = stratum * span + time, stratum * span + (span - 1 - time)
        losses = np.flatnonzero(self.is_lost)
        self.losses = losses[np.argsort(forward[losses], kind="stable")]
        self.day_of_loss = time[self.losses].astype(float)
        # Of each loss: where the rows at risk with it end and begin, its moment, its rank among the ties.
        self.risk_end = np.searchsorted(backward, backward[self.losses], side="right")
        self.risk_start = np.searchsorted(stratum, stratum[self.losses], side="left")
        _, self.moment, ties = np.unique(forward[self.losses], return_inverse=True, return_counts=True)
        first = np.cumsum(ties) - ties
        self.rank = (np.arange(len(self.losses)) - first[self.moment]) / ties[self.moment]
        # Of each row: the losses of its stratum that come no later than its own last day.
        self.losses_end = np.searchsorted(forward[self.losses], forward, side="right")
        self.losses_start = np.searchsorted(forward[self.losses], stratum * span, side="left")

    def at_risk(self, values: Floats) -> Floats:
        """Of each loss: the sum over the rows at risk, less the share of the ties that went before it."""
        total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
        tied = self.of_moment(values[self.losses])
        rank = self.rank.reshape(-1, *[1] * (values.ndim - 1))
        return total[self.risk_end] - total[self.risk_start] - rank * tied

    def of_moment(self, values: Floats) -> Floats:
        """Of each loss: the sum over the losses of its day and stratum."""
        sums = np.zeros((int(self.moment.max(initial=-1)) + 1, *values.shape[1:]))
        np.add.at(sums, self.moment, values)
        return sums[self.moment]

    def met(self, values: Floats) -> Floats:
        """Of each row: the sum over the losses that it was at risk for, its own ties only in part."""
        total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
        rank = self.rank.reshape(-1, *[1] * (values.ndim - 1))
        sums = total[self.losses_end] - total[self.losses_start]
        sums[self.losses] -= self.of_moment(rank * values)
        return sums


@dataclass(frozen=True)
class Fit:
    """A fitted model: log hazard ratios, their covariance, and what its tests need.

    `information` is that of the data alone, without the penalty.
    """

    lives: Lives
    coefficients: Floats
    covariance: Floats
    information: Floats
    penalty: Floats

    @property
    def errors(self) -> Floats:
        return np.sqrt(np.diag(self.covariance))

    @property
    def height(self) -> float:
        """The log likelihood, less the penalty."""
        return _height(self.lives, self.coefficients, self.penalty)

    @cached_property
    def _weight(self) -> Floats:
        return _weights(self.lives, self.coefficients)

    @cached_property
    def _means(self) -> tuple[Floats, Floats]:
        """Of each loss: the weight at risk, and the weighted mean of the columns."""
        return _means(self.lives, self._weight)

    def score_residuals(self) -> Floats:
        """A row a row in the order given: what it adds to the slope of the log likelihood."""
        base, mean = self._means
        lives, weight = self.lives, self._weight
        share = lives.met(1 / base)
        pulled = weight[:, None] * (lives.columns * share[:, None] - lives.met(mean / base[:, None]))
        residuals = -pulled
        ties = lives.of_moment(np.ones(len(lives.losses)))
        residuals[lives.losses] += lives.columns[lives.losses] - lives.of_moment(mean) / ties[:, None]
        given = np.empty_like(residuals)
        given[lives.order] = residuals
        return given

    def clustered(self, clusters: npt.ArrayLike) -> Floats:
        """The covariance that counts customers, not rows. Source: Lin and Wei 1989."""
        residuals = self.score_residuals()
        codes = np.unique(clusters, return_inverse=True)[1]
        sums = np.zeros((int(codes.max(initial=-1)) + 1, residuals.shape[1]))
        np.add.at(sums, codes, residuals)
        return self.covariance @ (sums.T @ sums) @ self.covariance

    def constant_effect_p(self, places: npt.ArrayLike) -> float:
        """The p-value of "these columns have the same effect on all days".

        A score test for an effect that grows or fades evenly with the days.
        Source: Grambsch and Therneau 1994, as a score test.
        """
        chosen = np.atleast_1d(np.asarray(places, dtype=int))
        if not len(self.lives.losses):
            return float("nan")
        base, mean = self._means
        day = self.lives.day_of_loss - self.lives.day_of_loss.mean()
        slope = (day[:, None] * (self.lives.columns[self.lives.losses] - mean)).sum(axis=0)[chosen]
        mixed = _information(self.lives, self._weight, base, mean, day)[:, chosen]
        own = _information(self.lives, self._weight, base, mean, day**2)[np.ix_(chosen, chosen)]
        variance = own - mixed.T @ self.covariance @ mixed
        chi2 = float(slope @ np.linalg.pinv(variance, hermitian=True) @ slope)
        return float(special.chdtrc(len(chosen), max(chi2, 0.0)))


def _weights(lives: Lives, coefficients: Floats) -> Floats:
    return np.exp(np.clip(lives.columns @ coefficients, -50, 50))


def _means(lives: Lives, weight: Floats) -> tuple[Floats, Floats]:
    base = lives.at_risk(weight)
    return base, lives.at_risk(weight[:, None] * lives.columns) / base[:, None]


def _information(lives: Lives, weight: Floats, base: Floats, mean: Floats, factor: Floats) -> Floats:
    """The sum over the losses of `factor` times the weighted covariance of the columns at risk."""
    share = weight * lives.met(factor / base)
    return (lives.columns * share[:, None]).T @ lives.columns - (mean * factor[:, None]).T @ mean


def _height(lives: Lives, beta: Floats, ridge: Floats) -> float:
    """The log likelihood, less the penalty."""
    weight = _weights(lives, beta)
    lines = lives.columns[lives.losses] @ beta
    return float(lines.sum() - np.log(lives.at_risk(weight)).sum() - 0.5 * (ridge * beta**2).sum())


def fit(
    columns: npt.ArrayLike,
    days: npt.ArrayLike,
    lost: npt.ArrayLike,
    *,
    strata: npt.ArrayLike | None = None,
    penalty: npt.ArrayLike = 0.0,
) -> Fit:
    """The model by Newton's method; `penalty` pulls a column's log hazard ratio towards 0 (a ridge).

    The penalty of a column is one over the variance that its log hazard ratio is thought to have
    beforehand. Sources: Cox 1972; Efron 1977 for ties; Gray 1992 for the covariance under a penalty.
    """
    given = np.asarray(columns, dtype=float).reshape(len(np.asarray(lost)), -1)
    lives = Lives(given - given.mean(axis=0), days, lost, strata)
    size = lives.columns.shape[1]
    ridge = np.broadcast_to(np.asarray(penalty, dtype=float), (size,)).copy()
    beta = np.zeros(size)
    height = _height(lives, beta, ridge)
    for _ in range(MOST_STEPS):
        slope, information = _slope_and_information(lives, beta)
        step = _inverse(information, ridge) @ (slope - ridge * beta)
        length = 1.0
        while (higher := _height(lives, beta + length * step, ridge)) < height and length > 1e-6:
            length /= 2
        beta, gained, height = beta + length * step, higher - height, higher
        if gained <= SETTLED * (1 + abs(height)) or np.abs(beta).max(initial=0) > FARTHEST:
            break
    _, information = _slope_and_information(lives, beta)
    return Fit(lives, beta, _inverse(information, ridge), information, ridge)


def likelihood_interval(fitted: Fit, place: int) -> tuple[float, float]:
    """The ends of a column's log hazard ratio by the profile likelihood; infinite where the data set no end.

    All values that the likelihood-ratio test does not refuse, the other columns each time as they fit best;
    the column's own penalty is left out. Where one side lost nobody, the interval is open to that side.
    Sources: Venzon and Moolgavkar 1988, Applied Statistics 37, 87-94; Heinze and Schemper 2001 for the Cox
    model where it has no end.
    """
    from scipy.optimize import brentq

    ridge = fitted.penalty.copy()
    ridge[place] = 0.0
    found = float(np.clip(fitted.coefficients[place], -FARTHEST, FARTHEST))

    def profile(value: float) -> float:
        return _height_at(fitted.lives, fitted.coefficients, ridge, place, value)

    heights = {value: profile(value) for value in (-FARTHEST, found, FARTHEST)}
    lowest = max(heights.values()) - 0.5 * float(special.chdtri(1, 1 - LEVEL))
    low, high = (
        float(brentq(lambda value: profile(value) - lowest, *sorted((found, end)), xtol=1e-6))
        if heights[end] < lowest
        else float(np.copysign(np.inf, end))
        for end in (-FARTHEST, FARTHEST)
    )
    return low, high


def _height_at(lives: Lives, start: Floats, ridge: Floats, place: int, value: float) -> float:
    """The greatest height with one coefficient held at a value."""
    beta = start.copy()
    beta[place] = value
    others = np.arange(len(beta)) != place
    height = _height(lives, beta, ridge)
    for _ in range(MOST_STEPS if others.any() else 0):
        slope, information = _slope_and_information(lives, beta)
        step = np.zeros(len(beta))
        step[others] = (
            _inverse(information[np.ix_(others, others)], ridge[others]) @ (slope - ridge * beta)[others]
        )
        length = 1.0
        while (higher := _height(lives, beta + length * step, ridge)) < height and length > 1e-6:
            length /= 2
        beta, gained, height = beta + length * step, higher - height, higher
        if gained <= SETTLED * (1 + abs(height)) or np.abs(beta).max(initial=0) > 2 * FARTHEST:
            break
    return height


def _inverse(information: Floats, ridge: Floats) -> Floats:
    """The inverse; where columns say the same twice, the one that shares the effect between them."""
    whole = information + np.diag(ridge)
    with suppress(np.linalg.LinAlgError):
        np.linalg.cholesky(whole - EDGE * np.diag(np.diag(whole)))
        return np.asarray(np.linalg.inv(whole), dtype=float)
    return np.asarray(np.linalg.pinv(whole, hermitian=True), dtype=float)


def _slope_and_information(lives: Lives, beta: Floats) -> tuple[Floats, Floats]:
    weight = _weights(lives, beta)
    base, mean = _means(lives, weight)
    slope = (lives.columns[lives.losses] - mean).sum(axis=0)
    return slope, _information(lives, weight, base, mean, np.ones(len(lives.losses)))


def wald_p(coefficients: Floats, covariance: Floats) -> float:
    """The p-value of "all of these log hazard ratios are 0"."""
    chi2 = float(coefficients @ np.linalg.pinv(covariance, hermitian=True) @ coefficients)
    return float(special.chdtrc(len(coefficients), max(chi2, 0.0)))

"""The Cox model on whole days: what goes with leaving earlier, each column beside the others.

Written out here because the comparison fits it some hundred times and asks for more than a library gives at
once (a penalty with standard errors, customers with several rows, a test of constant effects). Days are whole
numbers, so everything is added up by day before the search takes a step: each step passes twice over the
rows, a slice at a time, and the rest of it is of days. The tests hold it against R's survival and against
statsmodels.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

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
SLICE = 8_192  # rows, whose columns stay beside the processor while they are worked on


class Slice(NamedTuple):
    """Some rows at once: where they lie, which groups they belong to, and where in them each group begins."""

    rows: slice
    groups: slice
    begins: Integers


class Lives:
    """Rows of customers followed from a first day on, in the order in which the sums run.

    A row has `columns` (a list that may grow), the `days` to the loss or to the last day seen, whether it was
    `lost`, and its stratum: rows are only compared within one. Losses on one day are ties, handled as by
    Efron; a row is still at risk on its own last day. Rows of one stratum and day that were lost, or that
    were not, are a group; the days of a stratum run backwards.
    """

    def __init__(
        self,
        columns: Sequence[npt.ArrayLike],
        days: npt.ArrayLike,
        lost: npt.ArrayLike,
        strata: npt.ArrayLike | None = None,
    ) -> None:
        time = np.asarray(days, dtype=np.int64)
        is_lost = np.asarray(lost, dtype=bool)
        stratum = (
            np.zeros(len(time), np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
        )
        last = int(time.max(initial=0))
        moment = stratum * (last + 1) + last - time
        self.order = np.argsort(2 * moment + is_lost, kind="stable")
        self.columns: list[Floats] = []
        for column in columns:
            self.add(column)
        time, stratum, moment = time[self.order], stratum[self.order], moment[self.order]
        self.starts = np.flatnonzero(np.diff(2 * moment + is_lost[self.order], prepend=-1))
        self._day, self._stratum, self._moment = (of[self.starts] for of in (time, stratum, moment))
        self.counted: Floats | None = None  # 1 or 0; None: every row counts
        self._find_losses(is_lost[self.order])

    def add(self, column: npt.ArrayLike) -> int:
        """Add a column, its rows in the order given; returns its place."""
        self.columns.append(np.asarray(column, dtype=float)[self.order])
        return len(self.columns) - 1

    def among(self, known: Booleans) -> "Lives":
        """The same rows and columns, of which only those count that are `known` (in the order given)."""
        if known.all():
            return self
        fewer = object.__new__(Lives)
        fewer.__dict__ |= self.__dict__
        fewer.counted = known[self.order].astype(float)
        is_lost = np.zeros(len(known), dtype=bool)
        is_lost[self.losses] = True
        fewer._find_losses(is_lost & known[self.order])
        return fewer

    def _find_losses(self, is_lost: Booleans) -> None:
        self.losses = np.flatnonzero(is_lost)
        group = np.searchsorted(self.starts, self.losses, side="right") - 1
        # The groups lost together, and of each loss: which of them, and its rank among its ties.
        self.tied, self.of_loss, self.ties = np.unique(group, return_inverse=True, return_counts=True)
        self.first = np.cumsum(self.ties) - self.ties
        self.rank = (np.arange(len(self.losses)) - self.first[self.of_loss]) / self.ties[self.of_loss]
        self.day_of_tied = self._day[self.tied].astype(float)
        stratum = self._stratum[self.tied]
        self._risk_start = np.searchsorted(self._stratum, stratum, side="left")
        # Of each group: those of its stratum that were lost no later than its own last day.
        self._met_start = np.searchsorted(self._moment[self.tied], self._moment, side="left")
        self._met_end = np.searchsorted(stratum, self._stratum, side="right")
        self._lost_sums: dict[int, Floats] = {}

    def slices(self) -> Iterator[Slice]:
        many = len(self.order)
        for low in range(0, many, SLICE):
            high = min(low + SLICE, many)
            first, end = np.searchsorted(self.starts, [low, high - 1], side="right")
            begins = np.maximum(self.starts[first - 1 : end] - low, 0)
            yield Slice(slice(low, high), slice(first - 1, end), begins)

    def values(self, places: Integers, rows: slice) -> Floats:
        """A row a column, of some rows."""
        return np.array([self.columns[place][rows] for place in places]).reshape(len(places), -1)

    def lost_sums(self, places: Integers) -> Floats:
        """A row a column: its sums over those lost together."""
        for place in set(map(int, places)) - set(self._lost_sums):
            own = self.columns[place][self.losses]
            self._lost_sums[place] = np.add.reduceat(own, self.first) if len(own) else np.zeros(0)
        return np.array([self._lost_sums[int(place)] for place in places]).reshape(len(places), -1)

    def at_risk(self, of_group: Floats) -> Floats:
        """Of those lost together: the sum over the groups at risk with them. Along the last axis."""
        total = np.concatenate([np.zeros((*of_group.shape[:-1], 1)), np.cumsum(of_group, axis=-1)], axis=-1)
        return np.asarray(total[..., self.tied + 1] - total[..., self._risk_start])

    def met(self, whole: Floats, of_ties: Floats) -> Floats:
        """Of each group: the sum over those whose loss it was at risk for, its own ties only in part."""
        after = np.cumsum(whole[..., ::-1], axis=-1)[..., ::-1]
        after = np.concatenate([after, np.zeros((*whole.shape[:-1], 1))], axis=-1)
        sums = after[..., self._met_start] - after[..., self._met_end]
        sums[..., self.tied] -= of_ties
        return np.asarray(sums)

    def of_ties(self, values: Floats) -> Floats:
        """Of those lost together: the sum over them."""
        return np.asarray(np.bincount(self.of_loss, weights=values, minlength=len(self.tied)), dtype=float)


class _Point:
    """The likelihood at some coefficients: its height, and on demand its slope and information.

    `places` are the columns of the model; a coefficient is of a column times its `scale`.
    """

    def __init__(self, lives: Lives, places: Integers, scale: Floats, beta: Floats) -> None:
        self.lives, self.places, self.scale = lives, places, scale
        self.weight = np.empty(len(lives.order))
        sums = np.zeros((1 + len(places), len(lives.starts)))
        effect = scale * beta
        for rows, groups, begins in lives.slices():
            values = lives.values(places, rows)
            weight = np.exp(np.clip(effect @ values, -50, 50))
            if lives.counted is not None:
                weight *= lives.counted[rows]
            self.weight[rows] = weight
            sums[0, groups] += np.add.reduceat(weight, begins)
            sums[1:, groups] += np.add.reduceat(values * weight, begins, axis=1)
        sums[1:] *= scale[:, None]
        self.risk, self.tied = lives.at_risk(sums), sums[:, lives.tied]
        self.base = self.risk[0, lives.of_loss] - lives.rank * self.tied[0, lives.of_loss]
        self.lost_sums = scale[:, None] * lives.lost_sums(places)
        self.height = float(beta @ self.lost_sums.sum(axis=1) - np.log(self.base).sum())

    def _sums(self, power: int, rank: int) -> Floats:
        """Of those lost together: the sum of their rank over the weight at risk, each to a power."""
        return self.lives.of_ties(self.lives.rank**rank / self.base**power)

    @cached_property
    def means(self) -> Floats:
        """A row a column: the sum over those lost together of the weighted mean of those at risk."""
        return np.asarray(self.risk[1:] * self._sums(1, 0) - self.tied[1:] * self._sums(1, 1))

    @property
    def slope(self) -> Floats:
        return np.asarray((self.lost_sums - self.means).sum(axis=1))

    @cached_property
    def shares(self) -> Floats:
        """Of each group: what a weight of one is of those at risk, over the losses that it met."""
        return self.lives.met(self._sums(1, 0), self._sums(1, 1))

    @cached_property
    def information(self) -> Floats:
        return self.information_times(np.ones(len(self.lives.tied)))

    def information_times(self, factor: Floats) -> Floats:
        """The sum over the losses of `factor` times the weighted covariance of the columns at risk."""
        lives = self.lives
        share = lives.met(factor * self._sums(1, 0), factor * self._sums(1, 1))
        squares = np.zeros((len(self.places), len(self.places)))
        for rows, groups, begins in lives.slices():
            values = lives.values(self.places, rows)
            size = np.diff(begins, append=values.shape[1])
            squares += (values * (self.weight[rows] * np.repeat(share[groups], size))) @ values.T
        squares *= np.outer(self.scale, self.scale)
        risk, tied = self.risk[1:], self.tied[1:]
        mixed = (risk * (factor * self._sums(2, 1))) @ tied.T
        means = (risk * (factor * self._sums(2, 0))) @ risk.T + (tied * (factor * self._sums(2, 2))) @ tied.T
        return np.asarray(squares - (means - mixed - mixed.T))


@dataclass(frozen=True)
class Fit:
    """A fitted model: log hazard ratios, their covariance, and what its tests need.

    `places` are its columns among those of `lives`, and a log hazard ratio is of a column times its `scale`;
    `information` is that of the data alone, without the penalty.
    """

    lives: Lives
    places: Integers
    scale: Floats
    coefficients: Floats
    covariance: Floats
    information: Floats
    penalty: Floats
    height: float  # the log likelihood, less the penalty

    @property
    def errors(self) -> Floats:
        return np.sqrt(np.diag(self.covariance))

    @property
    def is_regular(self) -> bool:
        """Whether no two of its columns say the same."""
        return _is_regular(self.information + np.diag(self.penalty))

    def scaled(self, places: Integers, scale: Floats) -> "Fit":
        """The same model without a penalty, its columns in another order and on another scale."""
        own = np.array([int(np.flatnonzero(self.places == place)[0]) for place in places])
        by = scale / self.scale[own]
        return Fit(
            self.lives,
            places,
            scale,
            self.coefficients[own] / by,
            self.covariance[np.ix_(own, own)] / np.outer(by, by),
            self.information[np.ix_(own, own)] * np.outer(by, by),
            self.penalty[own] * by**2,
            self.height,
        )

    @cached_property
    def _point(self) -> _Point:
        return _Point(self.lives, self.places, self.scale, self.coefficients)

    def score_residuals(self) -> Floats:
        """A row a row in the order given: what it adds to the slope of the log likelihood."""
        point, lives = self._point, self.lives
        risk, tied = point.risk[1:], point.tied[1:]
        pulled = lives.met(
            risk * point._sums(2, 0) - tied * point._sums(2, 1),
            risk * point._sums(2, 1) - tied * point._sums(2, 2),
        )
        size = np.diff(lives.starts, append=len(lives.order))
        values = self.scale[:, None] * lives.values(self.places, slice(None))
        added = -point.weight * (values * np.repeat(point.shares, size) - np.repeat(pulled, size, axis=1))
        added[:, lives.losses] += values[:, lives.losses] - (point.means / lives.ties)[:, lives.of_loss]
        given = np.empty((len(lives.order), len(self.places)))
        given[lives.order] = added.T
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
        point, ties = self._point, self.lives.ties
        day = self.lives.day_of_tied - (self.lives.day_of_tied * ties).sum() / ties.sum()
        slope = ((point.lost_sums - point.means) * day).sum(axis=1)[chosen]
        mixed = point.information_times(day)[:, chosen]
        own = point.information_times(day**2)[np.ix_(chosen, chosen)]
        variance = own - mixed.T @ self.covariance @ mixed
        chi2 = float(slope @ np.linalg.pinv(variance, hermitian=True) @ slope)
        return float(special.chdtrc(len(chosen), max(chi2, 0.0)))


def fit(
    columns: npt.ArrayLike,
    days: npt.ArrayLike,
    lost: npt.ArrayLike,
    *,
    strata: npt.ArrayLike | None = None,
    penalty: npt.ArrayLike = 0.0,
) -> Fit:
    """`fit_of` with all of these columns, a row a row."""
    given = np.asarray(columns, dtype=float).reshape(len(np.asarray(lost)), -1)
    lives = Lives(list((given - given.mean(axis=0)).T), days, lost, strata)
    return fit_of(lives, np.arange(given.shape[1]), penalty=penalty)


def fit_of(
    lives: Lives,
    places: Integers,
    *,
    scale: npt.ArrayLike = 1.0,
    penalty: npt.ArrayLike = 0.0,
    start: npt.ArrayLike = 0.0,
) -> Fit:
    """The model by Newton's method; `penalty` pulls a column's log hazard ratio towards 0 (a ridge).

    `places` are the columns of the model among those of `lives`, to be taken times `scale`; the search begins
    at `start`. The penalty of a column is one over the variance that its log hazard ratio is thought to have
    beforehand. Sources: Cox 1972; Efron 1977 for ties; Gray 1992 for the covariance under a penalty.
    """
    by, ridge, beta = (
        np.broadcast_to(np.asarray(of, dtype=float), (len(places),)).copy() for of in (scale, penalty, start)
    )
    beta, point = _highest(lives, places, by, ridge, beta)
    covariance = _inverse(point.information, ridge)
    return Fit(lives, places, by, beta, covariance, point.information, ridge, _less(point, ridge, beta))


def first_steps(fitted: Fit, added: Sequence[Sequence[int]]) -> list[Floats]:
    """For each group of further columns: the coefficients after one step from a fit without a penalty.

    Those of the fit come first. All groups are told by one pass over the rows; the next steps are shorter.
    """
    more = np.array(sorted({place for group in added for place in group}), dtype=int)
    own = np.arange(len(fitted.places))
    places, beta = np.append(fitted.places, more), np.append(fitted.coefficients, np.zeros(len(more)))
    point = _Point(fitted.lives, places, np.append(fitted.scale, np.ones(len(more))), beta)
    slope, information, found = point.slope, point.information, []
    for group in added:
        chosen = np.append(own, len(own) + np.searchsorted(more, group)).astype(int)
        step = _inverse(information[np.ix_(chosen, chosen)], np.zeros(len(chosen))) @ slope[chosen]
        found.append(beta[chosen] + step)
    return found


def _less(point: _Point, ridge: Floats, beta: Floats) -> float:
    """The height, less the penalty."""
    return point.height - 0.5 * float((ridge * beta**2).sum())


def _highest(
    lives: Lives,
    places: Integers,
    scale: Floats,
    ridge: Floats,
    beta: Floats,
    *,
    free: Booleans | None = None,
    farthest: float = FARTHEST,
) -> tuple[Floats, _Point]:
    """Where the height is greatest, seen from `beta`; only the `free` coefficients move."""
    moves = np.ones(len(beta), dtype=bool) if free is None else free
    point = _Point(lives, places, scale, beta)
    height = _less(point, ridge, beta)
    for _ in range(MOST_STEPS if moves.any() else 0):
        step = np.zeros(len(beta))
        slope = (point.slope - ridge * beta)[moves]
        step[moves] = _inverse(point.information[np.ix_(moves, moves)], ridge[moves]) @ slope
        length = 1.0
        while True:
            there = beta + length * step
            point = _Point(lives, places, scale, there)
            higher = _less(point, ridge, there)
            if not higher < height or length <= 1e-6:
                break
            length /= 2
        beta, gained, height = there, higher - height, higher
        if gained <= SETTLED * (1 + abs(height)) or np.abs(beta).max(initial=0) > farthest:
            break
    return beta, point


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
    others = np.arange(len(ridge)) != place

    def profile(value: float) -> float:
        """The greatest height with the coefficient held at a value."""
        beta = fitted.coefficients.copy()
        beta[place] = value
        beta, point = _highest(
            fitted.lives, fitted.places, fitted.scale, ridge, beta, free=others, farthest=2 * FARTHEST
        )
        return _less(point, ridge, beta)

    heights = {value: profile(value) for value in (-FARTHEST, found, FARTHEST)}
    lowest = max(heights.values()) - 0.5 * float(special.chdtri(1, 1 - LEVEL))
    low, high = (
        float(brentq(lambda value: profile(value) - lowest, *sorted((found, end)), xtol=1e-6))
        if heights[end] < lowest
        else float(np.copysign(np.inf, end))
        for end in (-FARTHEST, FARTHEST)
    )
    return low, high


def _is_regular(whole: Floats) -> bool:
    with suppress(np.linalg.LinAlgError):
        np.linalg.cholesky(whole - EDGE * np.diag(np.diag(whole)))
        return True
    return False


def _inverse(information: Floats, ridge: Floats) -> Floats:
    """The inverse; where columns say the same twice, the one that shares the effect between them."""
    whole = information + np.diag(ridge)
    with suppress(np.linalg.LinAlgError):
        if _is_regular(whole):
            return np.asarray(np.linalg.inv(whole), dtype=float)
    return np.asarray(np.linalg.pinv(whole, hermitian=True), dtype=float)


def wald_p(coefficients: Floats, covariance: Floats) -> float:
    """The p-value of "all of these log hazard ratios are 0"."""
    chi2 = float(coefficients @ np.linalg.pinv(covariance, hermitian=True) @ coefficients)
    return float(special.chdtrc(len(coefficients), max(chi2, 0.0)))

"""The Cox models of one comparison: which columns a driver has, and its hazard ratio beside others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from retention_helpers.churned_vs_retained.known import PROFILE_MISSING
from retention_helpers.churned_vs_retained.landmark import Comparison, Driver
from retention_helpers.churned_vs_retained.univariate import levels_of
from retention_helpers.statistics import cox
from retention_helpers.statistics.association import corrected_v
from retention_helpers.statistics.intervals import LEVEL

ENOUGH_LOST = 10  # for each column of a model; with fewer its covariates are held back by a penalty
FEWEST_LOST = 2  # for each column; with fewer nothing can be told apart
ALIKE = 0.8  # from this association on two drivers of a tier are one
PENALTY = 16.0  # of a standardised covariate: hazard ratios beyond 0.6 and 1.6 a deviation are unlikely
HARDLY = 0.01  # of the driver itself: nothing but an end to what has none
NOTHING = 1e8  # a penalty that leaves a column no effect
WITHOUT_END = 5.0  # a log hazard ratio that only a penalty would make finite
WIDE = 1.0  # a standard error of one, from which on Wald's interval is none
Z = float(special.ndtri(0.5 + LEVEL / 2))

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Effect:
    """A driver's hazard ratio beside others.

    Attributes:
        log_ratio, low, high: of one standard deviation of a number, of yes against no, or of the level
            described against all others; an end may be infinite.
        p_value: of all the driver's columns together.
        losses_a_column: how many losses stand behind each column of the model.
        is_penalised: whether the others had to be held back, for so few losses.
        constant_p: tells the p-value of "the effect is the same on all days".
    """

    log_ratio: float
    low: float
    high: float
    p_value: float
    losses_a_column: float
    is_penalised: bool
    constant_p: Callable[[], float]

    @property
    def is_without_end(self) -> bool:
        """A side lost nobody, so that the ratio is 0 or has no end."""
        end = self.high if self.log_ratio > 0 else self.low
        return bool(np.isinf(end)) and abs(self.log_ratio) >= WITHOUT_END


class _Columns(NamedTuple):
    """Where a driver's columns lie among those of all, and what one of each was divided by."""

    own: Integers
    deviation: Floats
    missing: tuple[int, ...]  # the column that tells of whom it is unknown, if any

    @property
    def all(self) -> tuple[int, ...]:
        return (*map(int, self.own), *self.missing)


class Models:
    """The models of one comparison; every driver's columns are made once, and no model is fitted twice.

    `described` names the level of each driver that its hazard ratio is of.
    """

    def __init__(self, comparison: Comparison, described: dict[str, str]) -> None:
        self._rows = comparison.rows
        self._min_customers = comparison.min_customers
        self._described = described
        self._lives = cox.Lives([], self._rows["days"], self._rows["lost"])
        self._columns: dict[str, _Columns] = {}
        self._among: dict[bytes, cox.Lives] = {}
        self._varies: dict[tuple[bytes, int], bool] = {}
        self._ranks: dict[tuple[str, bytes], Floats] = {}
        self._fits: dict[tuple[Any, ...], cox.Fit] = {}

    def effect(self, driver: Driver, beside: Sequence[Driver] = ()) -> Effect:
        """The driver's hazard ratio beside others, among those of whom the driver is known."""
        columns = self._columns_of(driver)
        fitted = self._fitted(driver, columns.own, columns.deviation, beside)
        places = np.arange(len(columns.own))
        described = self._described_fit(driver, beside) if driver.kind == "category" else fitted
        ends = _ends(described)
        return Effect(
            log_ratio=float(described.coefficients[0]),
            low=ends[0],
            high=ends[1],
            p_value=self._p_value(fitted, places),
            losses_a_column=len(fitted.lives.losses) / len(fitted.places),
            is_penalised=bool(fitted.penalty.max() >= PENALTY),
            constant_p=lambda: fitted.constant_effect_p(places),
        )

    def _p_value(self, fitted: cox.Fit, places: Integers) -> float:
        """Wald's; where a side lost nobody or hardly anybody, that of the likelihood ratio.

        Wald's error grows faster than such a ratio, and would call the clearest difference none.
        Source: Hauck and Donner 1977, Journal of the American Statistical Association 72, 851-853.
        """
        if not any(_is_steep(fitted, place) for place in places):
            return cox.wald_p(fitted.coefficients[places], fitted.covariance[np.ix_(places, places)])
        held_at_nothing = fitted.penalty.copy()
        held_at_nothing[places] = NOTHING
        without = cox.fit_of(fitted.lives, fitted.places, scale=fitted.scale, penalty=held_at_nothing)
        own = 0.5 * float((fitted.penalty[places] * fitted.coefficients[places] ** 2).sum())
        return float(special.chdtrc(len(places), max(2 * (fitted.height + own - without.height), 0.0)))

    def log_ratio(self, driver: Driver, beside: Sequence[Driver] = ()) -> float:
        """The driver's log hazard ratio beside others, as `effect` gives it."""
        return float(self._described_fit(driver, beside).coefficients[0])

    def weakest(
        self, driver: Driver, beside: Sequence[Driver], others: Sequence[Driver], *, at_most: float
    ) -> tuple[Driver, float] | None:
        """The other that leaves least of the driver's log hazard ratio, and how much, whatever its sign.

        None where each of them leaves more than `at_most`. Only those are fitted that may be the one.
        """
        least = self._least_left(driver, beside, others)
        found, left = -1, np.inf
        for nth in np.argsort(least, kind="stable"):
            if least[nth] > min(left, at_most):
                break
            own = abs(self.log_ratio(driver, [*beside, others[nth]]))
            if (own, nth) < (left, found):
                found, left = int(nth), own
        return None if left > at_most else (others[found], left)

    def _least_left(self, driver: Driver, beside: Sequence[Driver], others: Sequence[Driver]) -> Floats:
        """At least so much each other leaves: what its first step leaves, less as much again as that took.

        0 where a first step does not tell: with a penalty, or where a column may have no end.
        """
        least = np.zeros(len(others))
        fitted = self._described_fit(driver, beside)
        known = self._known(driver)
        added = [self._covariates([other], known) for other in others]
        widest = len(fitted.places) + max(map(len, added), default=0)
        is_free = not fitted.penalty.any() and fitted.is_regular
        if not others or not is_free or len(fitted.lives.losses) < ENOUGH_LOST * widest:
            return least
        before = float(fitted.coefficients[0])
        for nth, after in enumerate(cox.first_steps(fitted, added)):
            if np.abs(after).max() < WITHOUT_END / 2:
                least[nth] = abs(after[0]) - abs(after[0] - before)
        return least

    def _described_fit(self, driver: Driver, beside: Sequence[Driver]) -> cox.Fit:
        """The model of the one column that the hazard ratio is of."""
        return self._fitted(driver, *self._one(driver), beside)

    def covariates(self, others: Sequence[Driver], known: Booleans) -> Floats:
        """The columns of the others; one that does not vary among these rows says nothing."""
        places = self._covariates(others, known)
        columns = np.empty((int(known.sum()), len(places)))
        given = np.empty(len(known))
        for nth, place in enumerate(places):
            given[self._lives.order] = self._lives.columns[place]
            columns[:, nth] = given[known]
        return columns

    def _covariates(self, others: Sequence[Driver], known: Booleans) -> list[int]:
        """The places of the same."""
        places = [place for other in others for place in self._columns_of(other).all]
        return [place for place in places if self._does_vary(place, known)]

    def _does_vary(self, place: int, known: Booleans) -> bool:
        key = (known.tobytes(), place)
        if key not in self._varies:
            values = self._lives.columns[place][known[self._lives.order]]
            self._varies[key] = bool(len(values) and values.min() < values.max())
        return self._varies[key]

    def step(self, driver: Driver) -> float:
        """One standard deviation of a number, in its own unit; NaN of anything else."""
        return float(self._rows[driver.name].std(ddof=0)) if driver.kind == "number" else float("nan")

    def _fitted(self, driver: Driver, own: Integers, scale: Floats, beside: Sequence[Driver]) -> cox.Fit:
        """The model of these columns of a driver, times `scale`, beside others, among those who are known.

        With a penalty where there are too few losses for its columns, or one has no end.
        """
        known = self._known(driver)
        covariates = self._covariates(beside, known)
        places, by = np.array([*own, *covariates], dtype=int), np.append(scale, np.ones(len(covariates)))
        lives = self._lives_of(known)
        if len(lives.losses) >= ENOUGH_LOST * len(places):
            free = self._free(lives, known, places, by)
            if np.abs(free.coefficients).max() < WITHOUT_END:
                return free
        key = ("held back", known.tobytes(), tuple(places), tuple(by))
        if key not in self._fits:
            held_back = np.repeat([HARDLY, PENALTY], [len(own), len(covariates)])
            self._fits[key] = cox.fit_of(lives, places, scale=by, penalty=held_back)
        return self._fits[key]

    def _free(self, lives: cox.Lives, known: Booleans, places: Integers, scale: Floats) -> cox.Fit:
        """The model without a penalty: the same whatever the order and the scale of its columns.

        Not so where columns say the same twice, for what they share is shared by their scale.
        """
        ordered = np.sort(places)
        key = ("free", known.tobytes(), tuple(ordered))
        if key not in self._fits:
            self._fits[key] = cox.fit_of(lives, ordered)
        shared = self._fits[key]
        return shared.scaled(places, scale) if shared.is_regular else cox.fit_of(lives, places, scale=scale)

    def _lives_of(self, known: Booleans) -> cox.Lives:
        key = known.tobytes()
        if key not in self._among:
            self._among[key] = self._lives.among(known)
        return self._among[key]

    def _known(self, driver: Driver) -> Booleans:
        return self._rows[driver.name].notna().to_numpy(dtype=bool)

    def _own(self, driver: Driver) -> Floats:
        """The columns of the driver itself: a standardised number, yes, or all levels but the largest."""
        values = self._rows[driver.name]
        if driver.kind == "yes or no":
            return values.to_numpy(dtype=float)[:, None]
        if driver.kind == "number":
            scaled = _on_scale(driver, values)
            return ((scaled - scaled.mean()) / scaled.std(ddof=0)).to_numpy(dtype=float)[:, None]
        return _dummies(levels_of(driver, values, self._min_customers), self._known(driver))

    def _one(self, driver: Driver) -> tuple[Integers, Floats]:
        """The one column that the hazard ratio is of: for a category the level described, or not."""
        if driver.kind != "category":
            columns = self._columns_of(driver)
            return columns.own, columns.deviation
        name = f"described level of {driver.name}"
        if name not in self._columns:
            levels = levels_of(driver, self._rows[driver.name], self._min_customers)
            place = self._lives.add(levels == self._described[driver.name])
            self._columns[name] = _Columns(np.array([place]), np.ones(1), ())
        return self._columns[name].own, self._columns[name].deviation

    def _columns_of(self, driver: Driver) -> _Columns:
        """The columns with which others are adjusted for it: mean 0, deviation 1, the unknown on a column."""
        if driver.name not in self._columns:
            known = self._known(driver)
            own = np.where(known[:, None], self._own(driver), np.nan)
            filled = np.where(np.isnan(own), np.nanmean(own, axis=0), own)
            is_told = (~known).sum() >= self._min_customers and not self._is_missing_profile(~known)
            columns = np.column_stack([filled, ~known]) if is_told else filled
            deviation = columns.std(axis=0)
            deviation = np.where(deviation, deviation, 1)
            places = [self._lives.add(one) for one in ((columns - columns.mean(axis=0)) / deviation).T]
            width = own.shape[1]
            self._columns[driver.name] = _Columns(
                np.array(places[:width], dtype=int), deviation[:width], tuple(places[width:])
            )
        return self._columns[driver.name]

    def _is_missing_profile(self, missing: Booleans) -> bool:
        """Whether what is unknown is unknown for those without a profile, who are a driver of their own."""
        if PROFILE_MISSING.name not in self._rows.columns:
            return False
        together = np.corrcoef(missing, self._rows[PROFILE_MISSING.name].to_numpy(dtype=float))[0, 1]
        return bool(together >= ALIKE)

    def alike(self, one: Driver, other: Driver) -> float:
        """How closely two drivers go together, from 0 to 1.

        The rank correlation of two numbers (a yes or no is one), the corrected Cramér's V of two categories,
        and of a category and a number the correlation of its ranks with the means of the levels.
        """
        both = self._known(one) & self._known(other)
        if both.sum() < self._min_customers:
            return 0.0
        if one.kind == other.kind == "category":
            return corrected_v(_counted(self._levels(one, both), self._levels(other, both)))
        if "category" in (one.kind, other.kind):
            category, number = (one, other) if one.kind == "category" else (other, one)
            first = self._ranked(number, both)
            second = _means(first, self._levels(category, both))
        else:
            first, second = self._ranked(one, both), self._ranked(other, both)
        together = np.corrcoef(first, second)[0, 1] if first.std() and second.std() else 0.0
        return float(abs(together))

    def _levels(self, driver: Driver, among: Booleans) -> Integers:
        """The levels of a category, numbered."""
        return pd.factorize(self._rows[driver.name].to_numpy()[among])[0]

    def _ranked(self, driver: Driver, among: Booleans) -> Floats:
        key = (driver.name, among.tobytes())
        if key not in self._ranks:
            values = self._rows[driver.name].to_numpy(dtype=float)[among]
            self._ranks[key] = pd.Series(values).rank().to_numpy()
        return self._ranks[key]


def _counted(rows: Integers, columns: Integers) -> npt.NDArray[np.int64]:
    """How often each level of one category meets each of another."""
    width = columns.max() + 1
    places = rows * width + columns
    return np.bincount(places, minlength=(rows.max() + 1) * width).reshape(-1, width)


def _means(values: Floats, levels: Integers) -> Floats:
    """The mean of the values at the level of each."""
    return (np.bincount(levels, values) / np.bincount(levels))[levels]


def _is_steep(fitted: cox.Fit, place: int) -> bool:
    """Whether Wald's error says too much or too little: a side lost nobody, or hardly anybody."""
    return bool(abs(fitted.coefficients[place]) >= WITHOUT_END or fitted.errors[place] >= WIDE)


def _ends(fitted: cox.Fit) -> tuple[float, float]:
    """The interval of the first column: Wald's, or by the likelihood where the p-value is."""
    if _is_steep(fitted, 0):
        return cox.likelihood_interval(fitted, 0)
    half = Z * float(fitted.errors[0])
    return float(fitted.coefficients[0]) - half, float(fitted.coefficients[0]) + half


def _on_scale(driver: Driver, values: pd.Series) -> pd.Series:
    return np.log1p(values.astype(float)) if driver.is_count else values.astype(float)


def _dummies(levels: npt.NDArray[np.object_], known: Booleans) -> Floats:
    """A column a level but for the one with most customers; the unknown are none."""
    names, counts = np.unique(levels[known].astype(str), return_counts=True)
    others = [name for name in names if name != names[np.argmax(counts)]]
    return np.column_stack([levels == name for name in others]).astype(float)

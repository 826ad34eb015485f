"""The Cox models of one comparison: which columns a driver has, and its hazard ratio beside others."""

from collections.abc import Sequence
from dataclasses import dataclass

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
        constant_p: the p-value of "the effect is the same on all days".
    """

    log_ratio: float
    low: float
    high: float
    p_value: float
    losses_a_column: float
    is_penalised: bool
    constant_p: float

    @property
    def is_without_end(self) -> bool:
        """A side lost nobody, so that the ratio is 0 or has no end."""
        end = self.high if self.log_ratio > 0 else self.low
        return bool(np.isinf(end)) and abs(self.log_ratio) >= WITHOUT_END


class Models:
    """The models of one comparison; every driver's columns are made once.

    `described` names the level of each driver that its hazard ratio is of.
    """

    def __init__(self, comparison: Comparison, described: dict[str, str]) -> None:
        self._rows = comparison.rows
        self._min_customers = comparison.min_customers
        self._described = described
        self._days = self._rows["days"].to_numpy(dtype=np.int64)
        self._lost = self._rows["lost"].to_numpy(dtype=bool)
        self._covariates: dict[str, Floats] = {}

    def effect(self, driver: Driver, beside: Sequence[Driver] = ()) -> Effect:
        """The driver's hazard ratio beside others, among those of whom the driver is known."""
        known = self._known(driver)
        own, covariates = self._own(driver)[known], self.covariates(beside, known)
        fitted = self._fitted(own, covariates, known)
        places = np.arange(own.shape[1])
        is_category = driver.kind == "category"
        described = self._fitted(self._one(driver)[known], covariates, known) if is_category else fitted
        ends = _ends(described)
        return Effect(
            log_ratio=float(described.coefficients[0]),
            low=ends[0],
            high=ends[1],
            p_value=self._p_value(fitted, places, known),
            losses_a_column=int(self._lost[known].sum()) / (own.shape[1] + covariates.shape[1]),
            is_penalised=bool(fitted.penalty.max() >= PENALTY),
            constant_p=fitted.constant_effect_p(places),
        )

    def _p_value(self, fitted: cox.Fit, places: Integers, known: Booleans) -> float:
        """Wald's; where a side lost nobody or hardly anybody, that of the likelihood ratio.

        Wald's error grows faster than such a ratio, and would call the clearest difference none.
        Source: Hauck and Donner 1977, Journal of the American Statistical Association 72, 851-853.
        """
        if not any(_is_steep(fitted, place) for place in places):
            return cox.wald_p(fitted.coefficients[places], fitted.covariance[np.ix_(places, places)])
        held_at_nothing = fitted.penalty.copy()
        held_at_nothing[places] = NOTHING
        given = np.empty_like(fitted.lives.columns)
        given[fitted.lives.order] = fitted.lives.columns
        without = cox.fit(given, self._days[known], self._lost[known], penalty=held_at_nothing)
        own = 0.5 * float((fitted.penalty[places] * fitted.coefficients[places] ** 2).sum())
        return float(special.chdtrc(len(places), max(2 * (fitted.height + own - without.height), 0.0)))

    def log_ratio(self, driver: Driver, beside: Sequence[Driver] = ()) -> float:
        """The driver's log hazard ratio beside others, as `effect` gives it."""
        known = self._known(driver)
        fitted = self._fitted(self._one(driver)[known], self.covariates(beside, known), known)
        return float(fitted.coefficients[0])

    def covariates(self, others: Sequence[Driver], known: Booleans) -> Floats:
        """The columns of the others; one that does not vary among these rows says nothing."""
        columns = np.hstack([np.empty((len(known), 0)), *(self._covariate(other) for other in others)])[known]
        return columns[:, columns.std(axis=0) > 0]

    def step(self, driver: Driver) -> float:
        """One standard deviation of a number, in its own unit; NaN of anything else."""
        return float(self._rows[driver.name].std(ddof=0)) if driver.kind == "number" else float("nan")

    def _fitted(self, own: Floats, covariates: Floats, known: Booleans) -> cox.Fit:
        """The model, with a penalty where there are too few losses for its columns, or one has no end."""
        columns = np.hstack([own, covariates])
        days, lost = self._days[known], self._lost[known]
        if int(lost.sum()) >= ENOUGH_LOST * columns.shape[1]:
            fitted = cox.fit(columns, days, lost)
            if np.abs(fitted.coefficients).max() < WITHOUT_END:
                return fitted
        held_back = np.repeat([HARDLY, PENALTY], [own.shape[1], covariates.shape[1]])
        return cox.fit(columns, days, lost, penalty=held_back)

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

    def _one(self, driver: Driver) -> Floats:
        """The one column that the hazard ratio is of: for a category the level described, or not."""
        if driver.kind != "category":
            return self._own(driver)
        levels = levels_of(driver, self._rows[driver.name], self._min_customers)
        return (levels == self._described[driver.name]).astype(float)[:, None]

    def _covariate(self, driver: Driver) -> Floats:
        """The columns with which others are adjusted for it: mean 0, deviation 1, the unknown on a column."""
        if driver.name not in self._covariates:
            known = self._known(driver)
            own = np.where(known[:, None], self._own(driver), np.nan)
            filled = np.where(np.isnan(own), np.nanmean(own, axis=0), own)
            missing = (~known).astype(float)[:, None]
            is_told = (~known).sum() >= self._min_customers and not self._is_missing_profile(~known)
            columns = np.hstack([filled, missing]) if is_told else filled
            deviation = columns.std(axis=0)
            self._covariates[driver.name] = (columns - columns.mean(axis=0)) / np.where(
                deviation, deviation, 1
            )
        return self._covariates[driver.name]

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
        both = self._rows[[one.name, other.name]].dropna()
        if len(both) < self._min_customers:
            return 0.0
        if one.kind == other.kind == "category":
            return corrected_v(pd.crosstab(both[one.name], both[other.name]).to_numpy())
        first, second = (_ranked(both[driver.name], driver) for driver in (one, other))
        if one.kind == "category" or other.kind == "category":
            level, number = (first, second) if one.kind == "category" else (second, first)
            first, second = number, number.groupby(level.to_numpy()).transform("mean")
        together = np.corrcoef(first, second)[0, 1] if first.std() and second.std() else 0.0
        return float(abs(together))


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


def _ranked(values: pd.Series, driver: Driver) -> pd.Series:
    return values if driver.kind == "category" else values.rank()


def _dummies(levels: npt.NDArray[np.object_], known: Booleans) -> Floats:
    """A column a level but for the one with most customers; the unknown are none."""
    names, counts = np.unique(levels[known].astype(str), return_counts=True)
    others = [name for name in names if name != names[np.argmax(counts)]]
    return np.column_stack([levels == name for name in others]).astype(float)

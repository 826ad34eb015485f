"""Two means of amounts: their difference with an interval, what is capped, what covariates explain.

What customers pay has a long tail: one of them can be most of an arm. So amounts above the 99th percentile of
both arms together count as that percentile, and an arm's variance is never less than one customer in it who
differs by the largest amount would make: otherwise twenty equal amounts would have no interval at all. And
the error is never less than were both arms of one kind: a small arm that caught no large amount has a low
mean and a small variance at once, so that Welch's error alone calls it different in up to 8 % of A/As.

Sources: Student 1908; Welch 1947, Biometrika 34, 28–35; Tukey 1962, Annals of Mathematical Statistics 33,
1–67 (winsorising); Fieller 1954, Journal of the Royal Statistical Society B 16, 175–185 (ratios); Deng, Xu,
Kohavi and Walker 2013, WSDM (CUPED); Lin 2013, Annals of Applied Statistics 7, 295–318 (adjusting
experiments).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from retention_helpers.statistics.boundary import two_sided
from retention_helpers.statistics.intervals import Difference

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CAP = 0.99  # of the customers of both arms together
A_COLUMN = 20  # customers for each column that is adjusted for, at least


class Means(NamedTuple):
    """Customers, mean and variance of a customer, of the treated arm and of the control."""

    treated: int
    treated_mean: float
    treated_variance: float
    control: int
    control_mean: float
    control_variance: float

    @property
    def error(self) -> float:
        """The standard error of the difference."""
        return float(np.sqrt(self.treated_variance / self.treated + self.control_variance / self.control))

    @property
    def freedom(self) -> float:
        """Welch's degrees of freedom."""
        first, second = self.treated_variance / self.treated, self.control_variance / self.control
        return (first + second) ** 2 / (first**2 / (self.treated - 1) + second**2 / (self.control - 1))

    def of_one_kind(self) -> "Means":
        """With both variances raised until the error is that of their common variance, if that is larger."""
        n1, n2 = self.treated, self.control
        common = ((n1 - 1) * self.treated_variance + (n2 - 1) * self.control_variance) / (n1 + n2 - 2)
        by = max(common * (1 / n1 + 1 / n2) / self.error**2, 1.0)
        return self._replace(
            treated_variance=by * self.treated_variance, control_variance=by * self.control_variance
        )


def cap_of(amounts: Floats) -> float:
    """The 99th percentile: an amount that was paid, so that at least one in a hundred lies at it or above."""
    return float(np.quantile(amounts, CAP, method="lower"))


def means_of(amounts: Floats, is_treated: Flags, least: float = 0.0, columns: int = 0) -> Means:
    """Both arms' customers, means and variances, at least two customers each.

    `least` is the largest amount that a customer is thought to differ by where nobody does; `columns` is how
    many the amounts were adjusted for.
    """
    # What is adjusted has no 0 of its own that a customer could have paid.
    most = 0.0 if columns else float(np.abs(amounts).max())
    largest = max(float(np.ptp(amounts)), most, least)

    def arm(own: Floats) -> tuple[int, float, float]:
        lost = len(own) / max(len(own) - columns / 2, 1)
        return len(own), float(own.mean()), max(float(own.var(ddof=1)) * lost, largest**2 / len(own))

    return Means(*arm(amounts[is_treated]), *arm(amounts[~is_treated])).of_one_kind()


def difference_of_means(found: Means, limit: float) -> Difference:
    """Treated − control with Welch's interval at the level that goes with so many standard errors."""
    value = found.treated_mean - found.control_mean
    half = _quantile(found, limit) * found.error
    return Difference(value, value - half, value + half)


def _quantile(found: Means, limit: float) -> float:
    return float(-special.stdtrit(found.freedom, two_sided(limit) / 2))


def means_p(found: Means) -> float:
    """Welch's two-sided p-value of "both means are the same"."""
    score = abs(found.treated_mean - found.control_mean) / found.error
    return float(2 * special.stdtr(found.freedom, -score))


def score_of(found: Means) -> float:
    """The difference in standard errors, as a normal score with the same p-value."""
    sign = 1.0 if found.treated_mean >= found.control_mean else -1.0
    return sign * float(-special.ndtri(max(means_p(found) / 2, 1e-300)))


def ratio_of_means(found: Means, limit: float) -> Difference:
    """Treated / control − 1 with Fieller's interval; NaN where the control's mean may be nothing."""
    square = _quantile(found, limit) ** 2
    first, second = found.treated_variance / found.treated, found.control_variance / found.control
    slope = found.control_mean**2 - square * second
    if found.control_mean <= 0:
        return Difference(np.nan, np.nan, np.nan)
    value = found.treated_mean / found.control_mean - 1
    if slope <= 0:
        return Difference(value, np.nan, np.nan)
    product = found.treated_mean * found.control_mean
    root = np.sqrt(max(product**2 - slope * (found.treated_mean**2 - square * first), 0.0))
    return Difference(value, float((product - root) / slope - 1), float((product + root) / slope - 1))


def adjusted(outcome: Floats, is_treated: Flags, before: Floats) -> tuple[Floats, int]:
    """The outcomes less what a line through `before` (a column a covariate) explains, and its columns.

    The line is the same in both arms, fitted within them, so that it cannot take from the difference what
    the arms differ in by the draw. Columns that do not vary, or for which there are too few customers (20
    for each), are left out from the last on.
    """
    spread = before.std(axis=0)
    usable = before[:, spread > 1e-12 * np.maximum(np.abs(before).max(axis=0), 1.0)]
    usable = usable[:, : min(is_treated.sum(), (~is_treated).sum()) // A_COLUMN]
    if not usable.shape[1]:
        return outcome, 0
    standard = (usable - usable.mean(axis=0)) / usable.std(axis=0)
    within, centred = standard.copy(), outcome.astype(float).copy()
    for own in (is_treated, ~is_treated):
        within[own] -= within[own].mean(axis=0)
        centred[own] -= centred[own].mean()
    slopes = np.linalg.lstsq(within, centred, rcond=1e-9)[0]
    return outcome - standard @ slopes, usable.shape[1]

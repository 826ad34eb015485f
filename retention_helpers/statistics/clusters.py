"""Statistics for rows of which several belong to one customer: the same customer at many month ends.

Such rows are not independent, so counting them as if they were makes intervals too narrow. Everything here
takes its uncertainty between customers, from the sums within each.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from retention_helpers.statistics.intervals import LEVEL, Difference, Rate, wilson

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.integer]

Z = float(special.ndtri(0.5 + LEVEL / 2))
WIDEST = 14.0  # of a log ratio: an end further out is no number
NEAR_ENOUGH = 1e-6  # of a log ratio


def clustered_rate(is_event: Booleans, cluster: Integers) -> Rate:
    """A share of rows with an interval that counts customers, not rows: Wilson's, on the effective size.

    The effective size is the number of rows divided by the design effect: the variance between customers
    over the one that independent rows would have, never below 1. Where nobody or everybody had the event
    that variance cannot be seen, and the rows of a customer count as alike. Sources: Kish 1965 (design
    effect); Korn and Graubard 1998 (its use in intervals of small shares).

    >>> nine = clustered_rate(np.arange(200) < 9, np.arange(200))
    >>> round(nine.low, 4), round(nine.high, 4)
    (0.0239, 0.0833)

    Glossary: share of rows that share a customer.
    """
    rows = len(is_event)
    events = int(np.count_nonzero(is_event))
    if not rows:
        return Rate(np.nan, np.nan, np.nan, 0, 0)
    sizes, sums = _sums(cluster, np.ones(rows), is_event.astype(float))
    share = events / rows
    effective = float(rows**2 / np.sum(sizes**2))
    if 0 < events < rows and len(sizes) > 1:
        between = float(np.sum((sums - share * sizes) ** 2)) / rows**2 * len(sizes) / (len(sizes) - 1)
        design_effect = between * (rows - 1) / (share * (1 - share))
        effective = rows / max(design_effect, 1.0)
    low, high = wilson(share * effective, effective)
    return Rate(share, float(low), float(high), events, rows)


def clustered_balance(sides: Integers, cluster: Integers) -> Difference:
    """The share of rows with 1 less the share with −1, with an interval that counts customers, not rows.

    `sides` are 1, 0 or −1. The rows are divided by the design effect, as in `clustered_rate`; then three more
    are added, 3/4 to either side and 3/2 between, and the usual interval is taken: without them it is too
    narrow for few answers. It holds the value and stays within −1 and 1; all NaN without rows. Source:
    Rocks 2016, The American Statistician 70, 365–372 (interval estimation for the Net Promoter Score).

    Glossary: share of rows, in points.

    >>> hundred = clustered_balance(np.repeat([1, 0, -1], [40, 40, 20]), np.arange(100))
    >>> [round(float(part), 3) for part in hundred]
    [0.2, 0.05, 0.339]
    """
    rows = len(sides)
    if not rows:
        return Difference(np.nan, np.nan, np.nan)
    value = float(np.mean(sides))
    up, down = (float(np.mean(sides == side)) for side in (1, -1))
    sizes, sums = _sums(cluster, np.ones(rows), np.asarray(sides, dtype=float))
    effective, alone = float(rows**2 / np.sum(sizes**2)), up + down - value**2
    if alone > 0 and len(sizes) > 1:
        between = float(np.sum((sums - value * sizes) ** 2)) / rows**2 * len(sizes) / (len(sizes) - 1)
        effective = rows / max(between * (rows - 1) / alone, 1.0)
    size = effective + 3
    up, down = (up * effective + 0.75) / size, (down * effective + 0.75) / size
    half = Z * float(np.sqrt((up + down - (up - down) ** 2) / size))
    low, high = max(up - down - half, -1.0), min(up - down + half, 1.0)
    return Difference(value, min(low, value), max(high, value))


def _starts(cluster: Integers) -> Integers:
    """Where each customer begins, in rows that are in the order of customers."""
    return np.flatnonzero(np.r_[True, cluster[1:] != cluster[:-1]])


def _sums(cluster: Integers, *values: Floats) -> list[Floats]:
    """Each column summed within each customer; customers without a row are left out."""
    order = np.argsort(cluster, kind="stable")
    starts = _starts(cluster[order])
    return [np.add.reduceat(column[order], starts) for column in values]


class Ratio(NamedTuple):
    """How many times as often: the ratio of two shares, its interval, and the p-value of "as often"."""

    value: float
    low: float
    high: float
    p_value: float


UNKNOWN = Ratio(np.nan, np.nan, np.nan, np.nan)


class _Strata(NamedTuple):
    """Sizes and events of both sides in each stratum that has both."""

    flagged: Floats
    others: Floats
    flagged_events: Floats
    other_events: Floats

    @property
    def size(self) -> Floats:
        return self.flagged + self.others

    @property
    def ours(self) -> float:
        return float(np.sum(self.flagged_events * self.others / self.size))

    @property
    def theirs(self) -> float:
        return float(np.sum(self.other_events * self.flagged / self.size))

    def rates(self, ratio: float) -> tuple[Floats, Floats]:
        """The rates of the flagged and the others that fit best, were the ratio this one everywhere."""
        events = self.flagged_events + self.other_events
        a = self.size * ratio
        b = ratio * (self.flagged + self.other_events) + self.flagged_events + self.others
        others = (b - np.sqrt(np.maximum(b**2 - 4 * a * events, 0))) / (2 * a)
        return np.minimum(ratio * others, 1.0), others

    def variance(self, ratio: float) -> float:
        """Of the gap, if rows were independent and the true ratio were this one."""
        ours, theirs = self.rates(ratio)
        weight, other_weight = self.others / self.size, ratio * self.flagged / self.size
        each = weight**2 * self.flagged * ours * (1 - ours) + other_weight**2 * self.others * theirs * (
            1 - theirs
        )
        return float(np.sum(each * self.size / (self.size - 1)))

    def z(self, ratio: float, effect: float) -> float:
        """The events of the flagged beyond `ratio` times those of the others, in standard errors."""
        variance = self.variance(ratio) * effect
        return (self.ours - ratio * self.theirs) / np.sqrt(variance) if variance > 0 else 0.0


class _Rows(NamedTuple):
    """The rows of the strata that have both sides: 4 × stratum + 2 if flagged + 1 if event, by customer."""

    kind: Integers
    starts: Integers

    def design_effect(self, strata: _Strata, ratio: float) -> float:
        """How much wider the rows of a customer make it than as many independent ones; never below 1."""
        ours, theirs = strata.rates(ratio)
        event = np.array([0.0, 1.0])
        flagged = (strata.others / strata.size)[:, None] * (event - ours[:, None])
        others = -ratio * (strata.flagged / strata.size)[:, None] * (event - theirs[:, None])
        parts = np.concatenate([others, flagged], axis=1).ravel()[self.kind]
        alone = float(np.sum(parts**2))
        return max(1.0, float(np.sum(np.add.reduceat(parts, self.starts) ** 2)) / alone) if alone else 1.0


def _strata(
    is_flagged: Booleans, is_event: Booleans, stratum: Integers, cluster: Integers
) -> tuple[_Strata, _Rows]:
    size = int(stratum.max()) + 1
    flagged = np.bincount(stratum[is_flagged], minlength=size)
    is_kept = (flagged > 0) & (np.bincount(stratum, minlength=size) > flagged)
    place = np.cumsum(is_kept) - 1
    order = np.flatnonzero(is_kept[stratum])
    if np.any(np.diff(cluster[order]) < 0):
        order = order[np.argsort(cluster[order], kind="stable")]
    kind = 4 * place[stratum[order]] + 2 * is_flagged[order] + is_event[order]
    counts = np.bincount(kind, minlength=4 * int(is_kept.sum())).reshape(-1, 4).astype(float)
    strata = _Strata(counts[:, 2] + counts[:, 3], counts[:, 0] + counts[:, 1], counts[:, 3], counts[:, 1])
    return strata, _Rows(kind, _starts(cluster[order]) if len(order) else order)


def matched_ratio(is_flagged: Booleans, is_event: Booleans, stratum: Integers, cluster: Integers) -> Ratio:
    """How many times as often the flagged have the event as the others of the same stratum.

    Mantel and Haenszel's ratio of shares, with the score interval of Miettinen and Nurminen, its variance
    multiplied by the design effect of the customers. Interval and p-value come from the same score, so that
    the interval leaves out 1 exactly where p is below 0.05. Strata in which one side is empty tell nothing
    and are left out. The value is NaN without any such stratum or event, the upper end infinite where the
    others had none. Strata and customers are numbered from 0. Sources: Mantel and Haenszel 1959; Miettinen
    and Nurminen 1985, Statistics in Medicine 4, 213–226; Rao and Scott 1992, Biometrics 48, 577–585 (the
    design effect).

    Glossary: how many times as often, among alike.
    """
    if not len(is_flagged):
        return UNKNOWN
    strata, rows = _strata(is_flagged, is_event, stratum, cluster)
    ours, theirs = strata.ours, strata.theirs
    if not ours and not theirs:
        return UNKNOWN
    value = ours / theirs if theirs else np.inf
    effect = rows.design_effect(strata, value if ours and theirs else 1.0)

    def z(ratio: float) -> float:
        return strata.z(ratio, effect)

    quantile = float(special.ndtri(0.5 + LEVEL / 2))
    low = _crossing(z, quantile, value) if ours else 0.0
    high = _crossing(z, -quantile, value) if theirs else np.inf
    return Ratio(value, low, high, float(2 * special.ndtr(-abs(z(1.0)))))


def _crossing(z: Callable[[float], float], target: float, value: float) -> float:
    """The ratio at which the gap is so many standard errors: below the value for a positive target."""
    from scipy.optimize import brentq

    def beyond(log_ratio: float) -> float:
        return z(float(np.exp(log_ratio))) - target

    centre = np.log(value) if np.isfinite(value) and value > 0 else 0.0
    near, far = (centre, -WIDEST) if target > 0 else (centre, WIDEST)
    if not np.isfinite(value) or value == 0:
        near = -far
    if np.sign(beyond(near)) == np.sign(beyond(far)):
        return 0.0 if target > 0 else np.inf
    return float(np.exp(brentq(beyond, near, far, xtol=NEAR_ENOUGH)))


class Areas(NamedTuple):
    """Areas under the ROC curve of several scores on the same rows, and their covariance."""

    values: Floats
    covariance: Floats

    def interval(self, nth: int) -> tuple[float, float]:
        """The interval of one area, on the scale of log odds, so that it stays between 0 and 1."""
        area, error = self.values[nth], float(np.sqrt(self.covariance[nth, nth]))
        if not 0 < area < 1:
            return float(area), float(area)
        half = special.ndtri(0.5 + LEVEL / 2) * error / (area * (1 - area))
        low, high = special.expit(special.logit(area) + np.array([-half, half]))
        return float(low), float(high)

    def difference(self, nth: int, other: int) -> tuple[float, float, float]:
        """One area less another, and the ends of its interval."""
        value = float(self.values[nth] - self.values[other])
        cov = self.covariance
        variance = float(cov[nth, nth] + cov[other, other] - 2 * cov[nth, other])
        half = float(special.ndtri(0.5 + LEVEL / 2)) * np.sqrt(max(variance, 0.0))
        return value, value - half, value + half


def areas(scores: Sequence[Floats], is_event: Booleans, cluster: Integers) -> Areas:
    """The areas under the ROC curve: how often a row with the event scores above one without.

    Ties count half. The covariance sums each customer's rows first. Sources: DeLong, DeLong and
    Clarke-Pearson 1988; Obuchowski 1997, Biometrics 53, 567–578 (clusters).

    Glossary: area under the ROC curve.
    """
    values, parts = [], []
    for score in scores:
        placed = np.where(is_event, _share_below(score, ~is_event), 1 - _share_below(score, is_event))
        area = float(placed[is_event].mean())
        sizes = np.where(is_event, np.count_nonzero(is_event), np.count_nonzero(~is_event))
        (sums,) = _sums(cluster, (placed - area) / sizes)
        values.append(area)
        parts.append(sums)
    stacked = np.stack(parts)
    clusters = stacked.shape[1]
    return Areas(np.array(values), stacked @ stacked.T * clusters / max(clusters - 1, 1))


def _share_below(score: Floats, among: Booleans) -> Floats:
    """For each row, the share of those rows that score below it; ties count half."""
    _, place = np.unique(score, return_inverse=True)
    there = np.bincount(place[among], minlength=int(place.max()) + 1)
    return ((np.cumsum(there) - there / 2) / max(there.sum(), 1))[place]

"""How many customers an experiment needs: power, exactly, at the last planned look.

"Better" needs the interval to leave out 0 and the test to agree, both at the look's own level; the power is
the chance of a table for which both are so, added up over all tables. So the size accounts for the looks,
for small numbers, and for the two having to agree.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from retention_helpers.statistics import exact
from retention_helpers.statistics.boundary import ALPHA, boundary, equal_looks, level, two_sided
from retention_helpers.statistics.intervals import EXACT_UP_TO, wilson

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

POWER = 0.80
MOST_LOOKS = 24  # more hardly change the last look
WINDOW = 9.0  # standard deviations of a count that are looked at
TOO_MANY = 10**7  # customers an arm
DAYS_A_MONTH = 365.25 / 12


def last_limit(looks: int, alpha: float = ALPHA) -> float:
    """How many standard errors from 0 the last of so many evenly spread looks has to be."""
    return boundary(equal_looks(min(max(looks, 1), MOST_LOOKS)), alpha)[-1]


def _first_true(is_true: "_Condition", size: int, beside: Integers) -> Integers:
    """Beside each count, the smallest of 0 … size for which a condition holds; size + 1 where none does."""
    low, high = np.zeros(len(beside), dtype=np.int64), np.full(len(beside), size + 1)
    while (low < high).any():
        middle = np.minimum((low + high) // 2, size)
        holds = is_true(middle, beside)
        high = np.where(holds & (low < high), middle, high)
        low = np.where(~holds & (low < high), middle + 1, low)
    return high


class _Condition:
    """Whether so many successes are "better" beside those of the control, at a limit."""

    def __init__(self, treated: int, control: int, limit: float) -> None:
        self.treated, self.control, self.limit = treated, control, limit

    def __call__(self, x1: Integers, x2: Integers) -> npt.NDArray[np.bool_]:
        p1, p2 = x1 / self.treated, x2 / self.control
        low, _ = wilson(x1, self.treated, level(self.limit))
        _, high = wilson(x2, self.control, level(self.limit))
        is_clear = p1 - p2 > np.hypot(p1 - low, high - p2)
        if self.treated + self.control <= EXACT_UP_TO:
            return is_clear
        pooled = (x1 + x2) / (self.treated + self.control)
        error = np.sqrt(pooled * (1 - pooled) * (1 / self.treated + 1 / self.control))
        return is_clear & (p1 - p2 >= self.limit * error)


def better_from(treated: int, control: int, limit: float, beside: Integers) -> Integers:
    """Beside each count of the control, the smallest count of the treated that is called better."""
    found = _first_true(_Condition(treated, control, limit), treated, beside)
    if treated + control <= EXACT_UP_TO:
        # Beside each count of the treated, so many of the smallest counts of the control are clearly less.
        less = exact.significantly_less(control, treated, two_sided(limit))
        found = np.maximum(found, np.searchsorted(less, beside, side="right"))
    return found


def power(
    control_rate: float, treated_rate: float, *, control: int, treated: int, limit: float = 1.959964
) -> float:
    """The chance that a look with so many matured customers calls the treated arm better.

    >>> round(power(0.7, 0.9, control=60, treated=60), 3)
    0.774
    """
    spread = WINDOW * math.sqrt(control * control_rate * (1 - control_rate))
    low = max(math.floor(control * control_rate - spread), 0)
    high = min(math.ceil(control * control_rate + spread), control)
    counts = np.arange(low, high + 1)
    needed = better_from(treated, control, limit, counts)
    reached = np.where(needed > 0, special.bdtrc(np.maximum(needed, 1) - 1, treated, treated_rate), 1.0)
    return float(_chances(counts, control, control_rate) @ np.where(needed <= treated, reached, 0.0))


def _chances(counts: Integers, size: int, rate: float) -> Floats:
    """The binomial chances of some counts."""
    ways = special.gammaln(size + 1) - special.gammaln(counts + 1) - special.gammaln(size - counts + 1)
    return np.exp(ways + special.xlogy(counts, rate) + special.xlog1py(size - counts, -rate))


def _sizes(smallest: int, shares: tuple[float, float]) -> dict[str, int]:
    """The customers of both arms, where the smaller one has so many."""
    least = min(shares)
    return {"control": round(smallest * shares[0] / least), "treated": round(smallest * shares[1] / least)}


def other_rate(baseline: float, effect: float) -> float:
    """The rate that the experiment has to tell from the baseline: better where there is room for it."""
    return baseline + effect if baseline + effect < 1 else baseline - effect


@lru_cache(maxsize=4096)
def size(
    baseline: float,
    effect: float,
    *,
    looks: int = 1,
    shares: tuple[float, float] = (0.5, 0.5),
    alpha: float = ALPHA,
    spread: float | None = None,
) -> int:
    """Customers in the smaller arm for a power of 80 % at the last look.

    With a `spread`, baseline and effect are means of an amount with that standard deviation, whatever the
    baseline.

    >>> size(0.70, 0.20), size(0.70, 0.20, looks=6), size(50.0, 2.0, spread=10.0)
    (63, 67, 393)
    """
    limit = last_limit(looks, alpha)
    guess = _by_formula(baseline, effect, shares, limit, spread)
    if spread is not None or guess > TOO_MANY:
        return guess
    rate = other_rate(baseline, effect)
    rates = min(baseline, rate), max(baseline, rate)
    ordered = shares if rate > baseline else shares[::-1]

    @lru_cache(maxsize=64)
    def reached(smallest: int) -> float:
        return power(*rates, limit=limit, **_sizes(smallest, ordered))

    # The power of a guess says how far off it is; what is left is rounding.
    found = min(max(reached(max(guess, 2)), 0.01), 0.99)
    guess = max(round(guess * (_apart(limit) / (limit + float(special.ndtri(found)))) ** 2), 2)
    low, high = _around(guess, lambda smallest: reached(smallest) >= POWER)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= POWER else (middle, high)
    return high


def _by_formula(
    baseline: float, effect: float, shares: tuple[float, float], limit: float, spread: float | None
) -> int:
    """The normal approximation of the size; of means, the size itself."""
    if spread is None:
        rates = baseline, other_rate(baseline, effect)
        variances = tuple(rate * (1 - rate) for rate in rates)
    else:
        variances = (spread**2, spread**2)
    weighed = sum(one / share for one, share in zip(variances, shares, strict=True)) * min(shares)
    return math.ceil(_apart(limit) ** 2 * weighed / effect**2)


def _apart(limit: float) -> float:
    """How many standard errors from 0 an effect has to lie to be beyond a limit in 80 %."""
    return limit - float(special.ndtri(1 - POWER))


def _around(guess: int, suffices: Callable[[int], bool]) -> tuple[int, int]:
    """Two sizes near a guess, of which the first is too small and the second suffices."""
    low = high = guess
    step = 1
    if suffices(guess):
        while low > 0 and suffices(low):
            low, high, step = max(low - step, 0), low, 2 * step
    else:
        while not suffices(high):
            low, high, step = high, high + step, 2 * step
    return low, high


def detectable(
    baseline: float,
    smallest: int,
    *,
    looks: int = 1,
    shares: tuple[float, float] = (0.5, 0.5),
    spread: float | None = None,
) -> float:
    """The smallest gain that so many customers in the smaller arm tell in 80 %; NaN where even 100 % is not.

    With a `spread`, a gain of the mean of an amount with that standard deviation.

    >>> round(detectable(0.85, 100), 3)
    0.115
    """
    sizes, limit = _sizes(smallest, shares), last_limit(looks)
    if smallest < 1:
        return math.nan
    if spread is not None:
        return _apart(limit) * spread * math.sqrt(sum(min(shares) / share for share in shares) / smallest)
    low, high = 0.0, 1 - baseline
    if power(baseline, 1 - 1e-9, limit=limit, **sizes) < POWER:
        return math.nan
    while high - low > 1e-4:
        middle = (low + high) / 2
        if power(baseline, baseline + middle, limit=limit, **sizes) >= POWER:
            high = middle
        else:
            low = middle
    return high


class Pace(NamedTuple):
    """How long an experiment takes.

    Attributes:
        size: customers in the smallest arm.
        in_all: customers in all arms.
        looks: planned looks, one a month from the first customers on.
        months: from the first customer to the last look; NaN where nobody comes.
    """

    size: int
    in_all: int
    looks: int
    months: float


def pace(
    baseline: float,
    effect: float,
    *,
    shares: Sequence[float],
    a_month: float,
    days: int,
    size_given: int | None = None,
    spread: float | None = None,
) -> Pace:
    """The size, and how long it takes where so many eligible customers come in a month.

    The number of looks depends on the size and the size on the looks: the looks are those of the normal
    approximation, the size is exact. With several arms beside the control, each comparison has its part of
    the 5 %. With a `spread`, baseline and effect are means of an amount with that standard deviation.
    """
    pair = (shares[0], min(shares[1:]))
    alpha = ALPHA / (len(shares) - 1)
    looks = 1
    for _ in range(4):
        about = size_given or _by_formula(baseline, effect, pair, last_limit(looks, alpha), spread)
        looks = _looks(about, shares, a_month)
    needed = size_given or size(baseline, effect, looks=looks, shares=pair, alpha=alpha, spread=spread)
    in_all = _in_all(needed, shares)
    coming = in_all / a_month if a_month > 0 else math.nan
    return Pace(needed, in_all, _looks(needed, shares, a_month), coming + days / DAYS_A_MONTH)


def _in_all(smallest: int, shares: Sequence[float]) -> int:
    return math.ceil(smallest / min(shares) - 1e-9)


def _looks(smallest: int, shares: Sequence[float], a_month: float) -> int:
    """One a month while customers come, and no more than make a difference."""
    if a_month <= 0:
        return MOST_LOOKS
    return min(max(math.ceil(_in_all(smallest, shares) / a_month), 1), MOST_LOOKS)

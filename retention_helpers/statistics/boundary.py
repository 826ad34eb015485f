"""Looking every month without fooling oneself: how strict each look has to be.

An experiment that is read as if each look were the only one is called wrongly in 20 to 27 % of the cases
within a year or two. Here the 5 % are spent over the looks: almost nothing early, most of it at the planned
size. The function that spends them has the shape of O'Brien and Fleming's boundary.

Sources: Lan and DeMets 1983, Biometrika 70, 659–663; O'Brien and Fleming 1979, Biometrics 35, 549–556;
the recursion: Armitage, McPherson and Rowe 1969; Jennison and Turnbull 2000, chapter 19.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

ALPHA = 0.05
STRICTEST = 6.0  # standard errors: what would be stricter spends nothing worth mentioning
FEWEST_NODES, MOST_NODES = 48, 480


def spent(fraction: float, alpha: float = ALPHA) -> float:
    """How much of alpha may be spent, both sides together, when this fraction of the planned size is in.

    >>> [round(spent(fraction), 4) for fraction in (0.25, 0.5, 0.75, 1)]
    [0.0, 0.0031, 0.0193, 0.05]
    """
    if fraction <= 0:
        return 0.0
    limit = -special.ndtri(alpha / 4)
    return float(4 * special.ndtr(-limit / np.sqrt(min(fraction, 1.0))))


def equal_looks(size: int) -> tuple[float, ...]:
    """The fractions of so many looks, evenly spread."""
    return tuple(look / size for look in range(1, size + 1))


@lru_cache(maxsize=4096)
def boundary(
    fractions: tuple[float, ...], alpha: float = ALPHA, *, is_full: bool = False
) -> tuple[float, ...]:
    """How many standard errors from 0 each look has to be, on either side.

    `fractions` are those of the planned size that were in at each look, rising. With `is_full` the last look
    is the last there will be, and spends what is left, also a little before or after the planned size.

    >>> [round(limit, 3) for limit in boundary(equal_looks(5))]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    reached = [spent(fraction, alpha) for fraction in fractions]
    if is_full:
        reached[-1] = alpha
    return _boundary(fractions, np.diff([0.0, *reached]))


def _boundary(fractions: Sequence[float], spending: Floats) -> tuple[float, ...]:
    limits = []
    walk = _Walk()
    for fraction, chance in zip(fractions, spending, strict=True):
        walk.reach(fraction)
        limits.append(walk.limit(chance))
        walk.stay_within(limits[-1])
    return tuple(limits)


def crossed(fractions: Sequence[float], limits: Sequence[float]) -> Floats:
    """The chance, without any effect, that each look is the first beyond its limit.

    >>> round(float(crossed(equal_looks(12), [1.96] * 12).sum()), 2)
    0.21
    """
    chances = []
    walk = _Walk()
    for fraction, limit in zip(fractions, limits, strict=True):
        walk.reach(fraction)
        chances.append(walk.beyond(limit)[0])
        walk.stay_within(limit)
    return np.array(chances)


def level(limit: float) -> float:
    """The level of the interval that goes with a limit, such as 0.95 for 1.96 standard errors."""
    return float(1 - two_sided(limit))


def two_sided(limit: float) -> float:
    """The p-value at a limit: the chance to be beyond it on either side, were it the only look."""
    return float(2 * special.ndtr(-limit))


@lru_cache(maxsize=32)
def _nodes(count: int) -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(count)


class _Walk:
    """A random walk without drift, of which only the paths within the limits so far are left.

    At a fraction t its place is normal with variance t. Where it was when paths were last left out is kept
    at the nodes of a quadrature over the half at or above 0; the other half is its mirror image.
    """

    def __init__(self) -> None:
        self.at = 0.0  # the fraction up to which it has gone
        self.known_at = 0.0  # the fraction at which its places are known
        self.places = np.zeros(1)
        self.mass = np.full(1, 0.5)  # chance times quadrature weight
        self.edge = 0.0  # what is further out at `at` is left out; 0: nothing is

    def reach(self, fraction: float) -> None:
        """Go on to a later fraction."""
        further = max(fraction, self.at + 1e-9)
        if self.edge:
            self._leave_out(np.sqrt(further - self.at))
        self.at = further

    @property
    def _spread(self) -> float:
        return float(np.sqrt(self.at - self.known_at))

    def _leave_out(self, next_spread: float) -> None:
        """Settle at nodes within the edge, close enough together for the next step."""
        needed = min(max(1.5 * self.edge / next_spread, FEWEST_NODES), MOST_NODES)
        nodes, weights = _nodes(16 * int(np.ceil(needed / 16)))
        places = self.edge / 2 * (nodes + 1)
        apart = (places[:, None] - self.places) / self._spread
        mirrored = (places[:, None] + self.places) / self._spread
        density = (np.exp(-(apart**2) / 2) + np.exp(-(mirrored**2) / 2)) @ self.mass
        self.mass = density * self.edge / 2 * weights / (self._spread * np.sqrt(2 * np.pi))
        self.places, self.known_at, self.edge = places, self.at, 0.0

    def beyond(self, limit: float) -> tuple[float, float]:
        """The chance to be beyond a limit of so many standard errors now, and how fast it falls with it."""
        edge = limit * np.sqrt(self.at)
        above, below = (edge - self.places) / self._spread, (edge + self.places) / self._spread
        chance = 2 * self.mass @ (special.ndtr(-above) + special.ndtr(-below))
        density = np.exp(-(above**2) / 2) + np.exp(-(below**2) / 2)
        slope = 2 * np.sqrt(self.at) / self._spread * self.mass @ density / np.sqrt(2 * np.pi)
        return float(chance), float(slope)

    def limit(self, chance: float) -> float:
        """The limit beyond which it is with this chance."""
        if chance <= self.beyond(STRICTEST)[0]:
            return STRICTEST
        low, high = 0.0, STRICTEST
        limit = min(-float(special.ndtri(chance / 2)), STRICTEST - 1e-3)
        while high - low > 1e-10:
            found, slope = self.beyond(limit)
            low, high = (limit, high) if found > chance else (low, limit)
            # Newton's step on the logarithm of the chance, which is nearly a parabola.
            moved = limit + np.log(found / chance) * found / slope if found > 0 and slope > 0 else -1.0
            if abs(moved - limit) < 1e-10:
                break
            limit = float(moved) if low < moved < high else (low + high) / 2
        return limit

    def stay_within(self, limit: float) -> None:
        """From now on leave out the paths that are beyond the limit here."""
        self.edge = limit * np.sqrt(self.at) if limit < STRICTEST else 0.0

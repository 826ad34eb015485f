"""How often somebody who has bought will buy again, and for how much: BG/NBD and gamma-gamma.

While a buyer is there, purchases come at random, at a pace of the buyer's own; after each of them the buyer
may be gone for good, with a chance of the buyer's own. Nobody sees it happen: a long silence of a frequent
buyer says more than the same silence of a rare one. What a purchase is worth is taken to have nothing to do
with how often somebody buys.

Sources: Fader, Hardie and Lee 2005, "Counting your customers" the easy way, Marketing Science 24, 275-284;
Fader, Hardie and Lee 2005, RFM and CLV, Journal of Marketing Research 42, 415-430 (gamma-gamma).
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from retention_helpers.statistics.intervals import Floats, Numbers

LOG_BOUNDS = (-7.0, 9.0)  # of every parameter: beyond, all buyers are alike
BESIDE_ONE = 1e-4  # the expectation divides by a - 1
STARTS = ((0.0, 1.5, 0.0, 1.0), (-1.0, 1.0, -1.5, 1.5))


@dataclass(frozen=True)
class Buying:
    """The parameters of the pace (r, alpha) and of being gone after a purchase (a, b); alpha is in the units
    of time of the data.
    """

    r: float
    alpha: float
    a: float
    b: float

    def there(self, repeats: Numbers, last: Numbers, age: Numbers) -> Floats:
        """The chance that a buyer is still there: purchases after the first, when the last of them was, and
        how long ago the first was, all times since the first.
        """
        return 1 / (1 + self._odds_gone(*map(_floats, (repeats, last, age))))

    def _odds_gone(self, x: Floats, last: Floats, age: Floats) -> Floats:
        """A buyer without a second purchase cannot have gone after it: the model lets nobody go before."""
        with np.errstate(divide="ignore"):
            odds = self.a / (self.b + x - 1) * ((self.alpha + age) / (self.alpha + last)) ** (self.r + x)
        return np.where(x > 0, odds, 0.0)

    def expected(self, repeats: Numbers, last: Numbers, age: Numbers, ahead: float) -> Floats:
        """How many purchases a buyer will make in the time ahead, on the average of all who are like that.

        >>> cdnow = Buying(0.243, 4.414, 0.793, 2.426)
        >>> round(float(cdnow.expected(2, 30.43, 38.86, 39)), 3)
        1.226
        """
        x, last_, t = map(_floats, (repeats, last, age))
        a = self.a if abs(self.a - 1) > BESIDE_ONE else 1 + BESIDE_ONE
        far = self.alpha + t + ahead
        none = ((self.alpha + t) / far) ** (self.r + x)
        series = special.hyp2f1(self.r + x, self.b + x, a + self.b + x - 1, ahead / far)
        whole = (a + self.b + x - 1) / (a - 1) * (1 - none * series)
        return whole / (1 + self._odds_gone(x, last_, t))


def _floats(values: Numbers) -> Floats:
    return np.asarray(values, dtype=float)


def fit_buying(repeats: Numbers, last: Numbers, age: Numbers) -> Buying:
    """The most likely parameters, from what `Buying.there` takes of every buyer.

    The best of several starts; buyers that are alike are counted together, so that a million take little
    longer than their different histories do.
    """
    rows = np.column_stack([_floats(repeats), _floats(last), _floats(age)])
    different, weight = np.unique(rows, axis=0, return_counts=True)
    x, last_, t = different.T

    def against(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs)
        alone = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
        stays = special.betaln(a, b + x) - special.betaln(a, b) - (r + x) * np.log(alpha + t)
        gone = np.log(a) - np.log(np.where(x > 0, b + x - 1, 1.0)) - (r + x) * np.log(alpha + last_)
        gone += special.betaln(a, b + x) - special.betaln(a, b)
        both = np.where(x > 0, np.logaddexp(stays, gone), stays)
        return -float(weight @ (alone + both)) / float(weight.sum())

    found = [
        optimize.minimize(against, start, method="L-BFGS-B", bounds=[LOG_BOUNDS] * 4) for start in STARTS
    ]
    best = min(found, key=lambda one: one.fun)
    return Buying(*(float(one) for one in np.exp(best.x)))


@dataclass(frozen=True)
class Spending:
    """The parameters of what a purchase is worth."""

    p: float
    q: float
    v: float

    def expected(self, purchases: Numbers, mean: Numbers) -> Floats:
        """What a purchase of a buyer is worth, from how many there were and their mean: that mean, drawn
        towards that of all the more, the fewer they are.
        """
        n, own = _floats(purchases), _floats(mean)
        return self.p * (self.v + n * own) / (self.p * n + self.q - 1)


def fit_spending(purchases: Numbers, mean: Numbers) -> Spending:
    """The most likely parameters, from how many purchases each buyer made (one or more), and their mean.

    q is kept above 1, where the mean of all exists.
    """
    n, own = _floats(purchases), _floats(mean)
    scale = float(own.mean())
    z = own / scale

    def against(logs: Floats) -> float:
        p, q, v = np.exp(logs) + np.array([0.0, 1.0, 0.0])
        each = (
            special.gammaln(p * n + q) - special.gammaln(p * n) - special.gammaln(q) + q * np.log(v)
            + (p * n - 1) * np.log(z) + p * n * np.log(n) - (p * n + q) * np.log(v + n * z)
        )  # fmt: skip
        return -float(each.mean())

    best = optimize.minimize(against, (1.0, 1.0, 0.0), method="L-BFGS-B", bounds=[LOG_BOUNDS] * 3)
    p, q, v = np.exp(best.x) + np.array([0.0, 1.0, 0.0])
    return Spending(float(p), float(q), float(v) * scale)

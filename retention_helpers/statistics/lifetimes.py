"""How the risk of leaving falls with tenure: the shifted-beta-geometric model.

Every customer has a risk of their own, the same every month, and the risks differ between customers as a
beta distribution does. Those with a high risk leave first, so the risk among those who are left falls,
though nobody became more loyal. Source: Fader and Hardie 2007, How to project customer retention, Journal
of Interactive Marketing 21(1), 76–90.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from retention_helpers.statistics.intervals import Floats, Numbers

LOG_BETA = (-4.0, 10.0)  # beyond it the risks hardly differ: one risk for all
FIRST_LOG_ODDS = (-20.0, 20.0)
GRID = np.linspace(*LOG_BETA, 113)
NEWTON_STEPS = 3


@dataclass(frozen=True)
class Lifetimes:
    """The two parameters of the risks' beta distribution.

    >>> round(float(Lifetimes(1, 1).hazard(1)), 3), round(float(Lifetimes(1, 1).share_left(2)), 3)
    (0.5, 0.333)
    """

    alpha: float
    beta: float

    def hazard(self, month: Numbers) -> Floats:
        """The share of those still there who leave in their month 1, 2, …"""
        return self.alpha / (self.alpha + self.beta + np.asarray(month, dtype=float) - 1)

    def share_left(self, month: Numbers) -> Floats:
        """The share of all who are still there after so many months."""
        t = np.asarray(month, dtype=float)
        return np.exp(special.betaln(self.alpha, self.beta + t) - special.betaln(self.alpha, self.beta))


def fit(customers: Numbers, lost: Numbers) -> Lifetimes:
    """The most likely parameters, from how many began their month 1, 2, … and how many left in it.

    Months that nobody began say nothing. Where the risk does not fall with tenure, both parameters grow
    until all customers have nearly the same risk.

    >>> regular = [1000, 631, 468, 382, 326, 289, 262, 241]  # Fader and Hardie 2007, table 1
    >>> found = fit(regular[:-1], [now - then for now, then in zip(regular, regular[1:])])
    >>> round(found.alpha, 3), round(found.beta, 3)
    (0.704, 1.182)
    """
    n, x = np.asarray(customers, dtype=float), np.asarray(lost, dtype=float)
    later = np.arange(len(n))

    # In these terms the two are nearly independent: the log-odds of leaving in month 1, and log beta.
    def against(parameters: Floats) -> tuple[float, Floats]:
        first, log_beta = parameters
        beta = np.exp(log_beta)
        log_odds = first - np.log1p(later / beta)
        surplus = x - n * special.expit(log_odds)
        likelihood = x @ log_odds - n @ np.logaddexp(0, log_odds)
        slopes = np.array([surplus.sum(), surplus @ (later / (beta + later))])
        return -float(likelihood), -slopes

    start = np.clip(special.logit((x.sum() + 0.5) / (n.sum() + 1)), *FIRST_LOG_ODDS), 1.0
    found = optimize.minimize(
        against, start, jac=True, method="TNC", bounds=[FIRST_LOG_ODDS, LOG_BETA],
        options={"ftol": 1e-12, "maxfun": 1000},
    )  # fmt: skip
    beta = float(np.exp(found.x[1]))
    return Lifetimes(float(np.exp(found.x[0])) * beta, beta)


def hazards_of_many(customers: Floats, lost: Floats, months: int) -> Floats:
    """The hazards of months 1 … `months` (a column each) of a fit to every row of losses.

    For a bootstrap: all rows at once, over a fine grid of beta instead of at the exact maximum.
    """
    later = np.arange(customers.shape[-1])
    first = special.logit((lost.sum(axis=1) + 0.5) / (customers.sum(axis=-1) + 1))
    best = np.full(len(lost), -np.inf)
    found = np.zeros((len(lost), months))
    for log_beta in GRID[::-1]:  # from one risk for all, where the start is right, to very different ones
        fall = np.log1p(later / np.exp(log_beta))
        for _ in range(NEWTON_STEPS):
            share = special.expit(first[:, None] - fall)
            slope = (lost - customers * share).sum(axis=1)
            curve = (customers * share * (1 - share)).sum(axis=1)
            first = np.clip(first + np.clip(slope / np.maximum(curve, 1e-12), -1, 1), *FIRST_LOG_ODDS)
        log_odds = first[:, None] - fall
        likelihood = (lost * log_odds - customers * np.logaddexp(0, log_odds)).sum(axis=1)
        better = likelihood > best
        best[better] = likelihood[better]
        ahead = np.log1p(np.arange(months) / np.exp(log_beta))
        found[better] = special.expit(first[better, None] - ahead)
    return found

"""Is a month unusual? Each month's losses against what the business's own months before it lead to expect.

The chart of a share (p-chart), with limits that keep their promise for few customers: quantiles of the
losses to expect instead of three standard deviations, and the judged month left out of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from retention_helpers.statistics.intervals import Floats, Numbers

FEWEST_MONTHS = 8  # before the judged one
MOST_MONTHS = 24  # what happened earlier was another business
OUTSIDE = 0.01  # chance of a false alarm in a month: one in about eight years
VARIES_BELOW = 0.2  # of the test; to miss variation costs false alarms, to see it in vain little
SPREADS = np.concatenate([[0.02], np.linspace(0.04, 1.2, 30)])  # of the months' risk, relative to its mean
MEANS = np.exp(np.linspace(-1.2, 1.2, 41))  # relative to the share of the months before
STEPS = np.linspace(-4, 4, 801)  # of the log-odds


@dataclass(frozen=True)
class Risk:
    """What earlier months say of the risk in the next one: shares, and how much each is to be believed.

    `varies`: the months differ by more than chance, so the next month's own risk is uncertain too.
    """

    shares: Floats
    weights: Floats
    varies: bool


def varies_more_than_chance(lost: Numbers, customers: Numbers) -> bool:
    """Whether months differ by more than binomial chance: Pearson's chi-square with p below 0.2.

    >>> varies_more_than_chance([5, 4, 6, 5], [100] * 4), varies_more_than_chance([1, 12, 2, 9], [100] * 4)
    (False, True)
    """
    x, n = np.asarray(lost, dtype=float), np.asarray(customers, dtype=float)
    share = x.sum() / n.sum()
    if share in (0, 1):
        return False
    distance = float(((x - n * share) ** 2 / (n * share * (1 - share))).sum())
    return bool(special.chdtrc(len(x) - 1, distance) < VARIES_BELOW)


def _log_beta_density(shares: Floats, first: Floats, second: Floats) -> Floats:
    """Of every share (a column each), under every pair of parameters (a row each), on the log-odds scale."""
    log_odds = first[:, None] * np.log(shares) + second[:, None] * np.log1p(-shares)
    return log_odds - special.betaln(first, second)[:, None]


def risk(lost: Numbers, customers: Numbers) -> Risk:
    """The risk of the next month, from the losses and the customers at the start of earlier ones.

    Binomial: one risk for all months, with the uncertainty that so few losses leave (Jeffreys' prior).
    Beta-binomial, where the months vary by more than chance: every month draws its own risk around a
    mean; mean and spread are weighed by how well they explain the months (flat prior on a grid).
    Sources: Brown, Cai and DasGupta 2001 for Jeffreys' prior; Skellam 1948 for the beta-binomial.
    """
    x, n = np.asarray(lost, dtype=float), np.asarray(customers, dtype=float)
    centre = (x.sum() + 0.5) / (n.sum() + 1)
    shares = special.expit(special.logit(centre) + STEPS)
    varies = varies_more_than_chance(x, n)
    if not varies:
        only = np.array([x.sum() + 0.5]), np.array([n.sum() - x.sum() + 0.5])
        density = np.exp(_log_beta_density(shares, *only))[0]
        return Risk(shares, density / density.sum(), varies)
    mean, spread = (grid.ravel() for grid in np.meshgrid(centre * MEANS, SPREADS))
    possible = mean * (1 + spread**2) < 1
    mean, spread = mean[possible], spread[possible]
    size = (1 - mean) / (mean * spread**2) - 1
    first, second = mean * size, (1 - mean) * size
    log_chance = special.betaln(first[:, None] + x, second[:, None] + n - x).sum(axis=1)
    log_chance -= len(x) * special.betaln(first, second) - 0.5 * np.log(mean)
    believed = np.exp(log_chance - log_chance.max())
    likely = believed > 1e-4
    density = believed[likely] @ np.exp(_log_beta_density(shares, first[likely], second[likely]))
    return Risk(shares, density / density.sum(), varies)


def usual_range(expected: Risk, customers: int) -> tuple[int, int]:
    """The fewest and the most losses of so many customers that would not be unusual.

    Fewer, and more, each have a chance of at most half of `OUTSIDE`.

    >>> usual_range(risk([50] * 10, [1000] * 10), 100)
    (0, 11)
    """

    def at_most(losses: int) -> float:
        return float(expected.weights @ special.bdtr(losses, customers, expected.shares))

    fewest = _first(lambda losses: at_most(losses) > OUTSIDE / 2, customers)
    return fewest, _first(lambda losses: at_most(losses) >= 1 - OUTSIDE / 2, customers)


def _first(holds: Callable[[int], bool], last: int) -> int:
    """The first number from 0 to `last` for which a condition holds that then goes on to hold."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def chart(churn: pd.DataFrame) -> pd.DataFrame:
    """One row per month: its losses against the range that the months before it make usual.

    Takes the table of `measures.customer_churn`. Every month is judged by the up to 24 months before it
    that began with customers, never by itself or by later ones; with fewer than 8 of them it is not
    judged. A month outside its range happens by chance once in a hundred months, or more rarely.

    Columns: month, customers_at_start, lost, churn_rate, usual_rate (the share lost in the months before)
    with _low and _high (the ends of the usual range, as rates), fewest_usual, most_usual (as losses),
    months_before, spread ("chance alone": binomial limits; "more than chance": beta-binomial ones),
    unusual (True, False, None where the month is not judged).

    Glossary: usual range.
    """
    rows = [_judged(churn.iloc[:place], row) for place, row in enumerate(churn.itertuples())]
    judged = pd.DataFrame(rows, columns=_JUDGED).astype({"unusual": "object", "spread": "object"})
    known = judged.astype({"fewest_usual": "Int64", "most_usual": "Int64"})
    own = churn[["month", "customers_at_start", "lost", "churn_rate"]].reset_index(drop=True)
    return pd.concat([own, known], axis=1)


_JUDGED = ["usual_rate", "usual_rate_low", "usual_rate_high", "fewest_usual", "most_usual", "months_before",
           "spread", "unusual"]  # fmt: skip


def _judged(earlier: pd.DataFrame, now: Any) -> tuple[Any, ...]:
    before = earlier[earlier["customers_at_start"] > 0].tail(MOST_MONTHS)
    customers = int(now.customers_at_start)
    if len(before) < FEWEST_MONTHS or not customers:
        return (np.nan, np.nan, np.nan, None, None, len(before), None, None)
    expected = risk(before["lost"], before["customers_at_start"])
    fewest, most = usual_range(expected, customers)
    share = before["lost"].sum() / before["customers_at_start"].sum()
    spread = "more than chance" if expected.varies else "chance alone"
    ends = fewest / customers, most / customers
    return (share, *ends, fewest, most, len(before), spread, not fewest <= now.lost <= most)


def unusual(chart: pd.DataFrame) -> bool | None:
    """Whether the last month of the chart lies outside its usual range; None where it is not judged."""
    verdict = chart["unusual"].iloc[-1]
    return None if verdict is None else bool(verdict)

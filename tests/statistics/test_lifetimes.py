"""The shifted-beta-geometric model against its makers' numbers, and its laws.

Data and estimates: Fader and Hardie 2007, How to project customer retention, Journal of Interactive
Marketing 21(1), 76–90: the share of customers left after each year, two segments, of which the first seven
years are fitted. Some code in circulation gives 0.688 for the alpha of the segment High End; the paper,
and the maximum of the likelihood, say 0.668.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_helpers.statistics import lifetimes
from retention_helpers.statistics.lifetimes import Lifetimes

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


@pytest.mark.parametrize(
    ("left", "alpha", "beta"),
    [(HIGH_END, 0.668, 3.806), (REGULAR, 0.704, 1.182)],
    ids=["high end", "regular"],
)
def test_the_estimates_of_the_paper(left: list[int], alpha: float, beta: float) -> None:
    """To the three decimals that are printed."""
    found = lifetimes.fit(left[:-1], -np.diff(left))
    assert (round(found.alpha, 3), round(found.beta, 3)) == (alpha, beta)


def test_the_recursion_of_the_paper() -> None:
    """P(T = 1) = α / (α + β); P(T = t) = P(T = t − 1) · (β + t − 2) / (α + β + t − 1)."""
    made = Lifetimes(0.668, 3.806)
    chance = made.alpha / (made.alpha + made.beta)
    left = 1 - chance
    for month in range(1, 13):
        if month > 1:
            chance *= (made.beta + month - 2) / (made.alpha + made.beta + month - 1)
            left -= chance
        assert float(made.share_left(month)) == pytest.approx(left)
        assert float(made.hazard(month)) == pytest.approx(chance / (left + chance))


def test_one_risk_for_all_is_the_limit() -> None:
    """A tenth leaves every month: the risk does not fall, and both parameters grow."""
    found = lifetimes.fit([1000, 900, 810, 729], [100, 90, 81, 73])
    assert found.hazard([1, 12, 36]) == pytest.approx([0.1, 0.1, 0.1], abs=0.004)


@pytest.mark.parametrize(
    ("customers", "lost"),
    [([100, 100], [0, 0]), ([100], [100]), ([0, 0], [0, 0]), ([100, 50, 20], [10, 20, 15])],
)
def test_odd_pasts_give_risks_all_the_same(customers: list[int], lost: list[int]) -> None:
    """Nobody left, everybody left, nobody came, a risk that rises: between 0 and 1, and never rising."""
    risk = lifetimes.fit(customers, lost).hazard(np.arange(1, 25))
    assert ((risk >= 0) & (risk <= 1)).all()
    assert (np.diff(risk) <= 1e-12).all()


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 5), st.floats(0.5, 50), st.integers(2, 30))
def test_a_share_is_left_of_those_who_did_not_leave(alpha: float, beta: float, month: int) -> None:
    """share_left is the product of what the hazards leave; the hazard falls."""
    made = Lifetimes(alpha, beta)
    risks = made.hazard(np.arange(1, month + 1))
    assert float(made.share_left(month)) == pytest.approx(np.prod(1 - risks))
    assert (np.diff(risks) < 0).all()


def test_many_fits_at_once_are_the_fits_one_by_one() -> None:
    """The grid comes close to the maximum: hazards within a twentieth of themselves."""
    draws = np.random.default_rng(1)
    customers = np.array([700, 600, 480, 450, 420, 390, 360, 330], dtype=float)
    lost = draws.binomial(customers.astype(int), Lifetimes(0.5, 4).hazard(np.arange(1, 9)), size=(12, 8))
    many = lifetimes.hazards_of_many(customers, lost.astype(float), 20)
    for row, hazards in zip(lost, many, strict=True):
        one = lifetimes.fit(customers, row).hazard(np.arange(1, 21))
        assert hazards == pytest.approx(one, rel=0.05)

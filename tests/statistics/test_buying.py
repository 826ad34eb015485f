"""BG/NBD and gamma-gamma against their makers' numbers, simulated truths, and their laws.

The estimates of CDNOW (r 0.243, alpha 4.414, a 0.793, b 2.426; p 6.25, q 3.74, v 15.44) and the expectation
of a customer with two repeat purchases are those of Fader, Hardie and Lee 2005; the data themselves are not
ours to keep, so the fit is held against truths that are drawn.
"""

import numpy as np
import pytest

from retention_helpers.statistics.buying import Buying, Spending, fit_buying, fit_spending

CDNOW = Buying(0.243, 4.414, 0.793, 2.426)


def drawn(truth: Buying, customers: int, age: float, seed: int) -> np.ndarray:
    """Repeats, last purchase and age of buyers who live as the model says, one by one."""
    return seen(lives(truth, customers, age, seed), age)


def seen(whole: list[list[float]], age: float) -> np.ndarray:
    """What is seen of these lives by an age."""
    cut = [[at for at in life if at <= age] for life in whole]
    return np.array([(len(life), max(life, default=0.0), age) for life in cut])


def lives(truth: Buying, customers: int, age: float, seed: int) -> list[list[float]]:
    """When each buyer comes again."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(customers):
        pace, leaves = rng.gamma(truth.r, 1 / truth.alpha), rng.beta(truth.a, truth.b)
        at, life = 0.0, []
        while True:
            at += rng.exponential(1 / pace)
            if at > age:
                break
            life.append(at)
            if rng.random() < leaves:
                break
        rows.append(life)
    return rows


def test_the_expectation_of_the_paper() -> None:
    """A customer with two repeat purchases, the last in week 30.43 of 38.86: 1.226 in the next 39 weeks."""
    assert float(CDNOW.expected(2, 30.43, 38.86, 39)) == pytest.approx(1.226, abs=5e-4)


def test_the_sum_over_new_customers_is_the_plain_expectation() -> None:
    """E[X(t)] of a newcomer (equation 9 of the paper), by numeric integration over pace and chance "
    "of leaving."""
    rng = np.random.default_rng(1)
    pace, leaves = rng.gamma(0.8, 1 / 6, 200_000), rng.beta(1.2, 2.5, 200_000)
    told = np.mean((1 - np.exp(-pace * leaves * 20)) / leaves)
    assert float(Buying(0.8, 6, 1.2, 2.5).expected(0, 0, 0, 20)) == pytest.approx(told, rel=0.01)


def test_planted_parameters_are_found() -> None:
    truth = Buying(0.6, 5.0, 0.9, 2.5)
    found = fit_buying(*drawn(truth, 6000, 60.0, seed=3).T)
    assert found.r == pytest.approx(truth.r, rel=0.12)
    assert found.alpha == pytest.approx(truth.alpha, rel=0.15)
    assert found.a / (found.a + found.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.12)


def test_it_expects_what_comes() -> None:
    """The buyers of 60 weeks seen for 40: the purchases of the other 20 are expected within 6 %."""
    truth = Buying(0.6, 5.0, 0.9, 2.5)
    whole = lives(truth, 6000, 60.0, seed=4)
    early = seen(whole, 40.0)
    more = seen(whole, 60.0)[:, 0].sum() - early[:, 0].sum()
    expected = fit_buying(*early.T).expected(*early.T, 20.0).sum()
    assert expected == pytest.approx(more, rel=0.06)


def test_silence_says_more_of_a_frequent_buyer() -> None:
    """Ten purchases and then ten weeks of silence, against one and the same silence; none: surely there."""
    chances = CDNOW.there([10, 1, 0], [10, 10, 0], [20, 20, 20])
    assert chances[0] < chances[1] < chances[2] == 1


def test_how_purchases_are_worth() -> None:
    """The mean of few is drawn towards that of all; of a hundred it is their own."""
    paper = Spending(6.25, 3.74, 15.44)
    of_all = paper.p * paper.v / (paper.q - 1)
    assert of_all == pytest.approx(35.2, abs=0.1)  # "an expected mean of 35.3", with rounded parameters
    one, many = paper.expected([1, 100], [10, 10])
    assert 10 < many < 10.5 < one < of_all


def test_planted_spending_is_found() -> None:
    rng = np.random.default_rng(7)
    scale = rng.gamma(4.0, 1 / 20.0, 5000)
    number = rng.integers(1, 9, 5000)
    mean = np.array([rng.gamma(6.0 * n, 1 / (n * nu)) for n, nu in zip(number, scale, strict=True)])
    found = fit_spending(number, mean)
    assert found.p * found.v / (found.q - 1) == pytest.approx(6 * 20 / 3, rel=0.05)


def test_odd_pasts_give_numbers() -> None:
    """Nobody came again; everybody did, once a week, for ever."""
    nobody = fit_buying(np.zeros(60), np.zeros(60), np.full(60, 30.0))
    assert 0 <= float(nobody.expected(0, 0, 30, 10)) < 0.1
    always = fit_buying(np.full(60, 30), np.full(60, 30.0), np.full(60, 30.0))
    assert float(always.expected(30, 30, 30, 10)) == pytest.approx(10, rel=0.1)

"""Boschloo's test: against scipy, against R's values as scipy quotes them, and its own laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import barnard_exact, binom, boschloo_exact, fisher_exact, hypergeom

from retention_helpers.statistics.exact import binomial, boschloo, fisher_less, significantly_less
from retention_helpers.statistics.intervals import newcombe, two_shares_p


@pytest.mark.parametrize(("n1", "n2"), [(1, 1), (7, 15), (20, 20), (30, 45), (12, 388), (200, 200)])
def test_fishers_p_value_is_the_hypergeometric_one(n1: int, n2: int) -> None:
    """At every count of the first side, beside some of the second."""
    found = fisher_less(n1, n2)
    x1 = np.arange(n1 + 1)
    for x2 in sorted({0, 1, n2 // 2, n2}):
        expected = hypergeom.cdf(x1, n1 + n2, x1 + x2, n1)
        np.testing.assert_allclose(found[:, x2], expected, rtol=1e-8, atol=1e-14)


def test_binomial_chances_are_scipys() -> None:
    """A row a share, a column a count."""
    shares = np.array([0.001, 0.3, 0.97])
    np.testing.assert_allclose(binomial(50, shares), binom.pmf(np.arange(51), 50, shares[:, None]), rtol=1e-9)


@pytest.mark.parametrize(("n1", "n2"), [(5, 5), (20, 20), (30, 45), (100, 60), (12, 388)])
def test_the_p_value_is_that_of_scipy(n1: int, n2: int) -> None:
    """On tables all over the square; scipy searches the same maximum with an optimiser."""
    rng = np.random.default_rng(n1 * n2)
    for _ in range(12):
        x1, x2 = int(rng.integers(0, n1 + 1)), int(rng.integers(0, n2 + 1))
        if x1 + x2 in (0, n1 + n2):
            continue
        theirs = boschloo_exact([[x1, x2], [n1 - x1, n2 - x2]]).pvalue
        assert boschloo(x1, n1, x2, n2) == pytest.approx(min(theirs, 1.0), abs=1e-7)


def test_where_a_well_known_engine_answers_zero_and_one() -> None:
    """27 of 30 against 30 of 30: Fisher 0.237, Boschloo 0.155, Barnard 0.092; the difference has a width."""
    table = [[27, 30], [3, 0]]
    assert fisher_exact(table).pvalue == pytest.approx(0.237, abs=5e-4)
    assert boschloo(27, 30, 30, 30) == pytest.approx(0.155, abs=5e-4)
    assert barnard_exact(table).pvalue == pytest.approx(0.092, abs=5e-4)
    low, high = newcombe(30, 30, 27, 30)[1:]
    assert (round(low, 3), round(high, 3)) == (-0.031, 0.256)


def test_on_scipys_example_of_barnards_test_both_agree() -> None:
    """7 of 15 against 12 of 15 in barnard_exact's documentation: p = 0.0341 for "less"."""
    assert barnard_exact([[7, 12], [8, 3]], alternative="less").pvalue == pytest.approx(0.0341, abs=5e-5)
    assert boschloo(7, 15, 12, 15) == pytest.approx(2 * 0.0341, abs=1e-4)


@pytest.mark.parametrize(("n1", "n2"), [(20, 20), (30, 30), (30, 45)])
def test_every_small_table_has_an_interval_and_a_p_value(n1: int, n2: int) -> None:
    """2,828 tables, on 962 of which a library's score interval raises an error."""
    for x1 in range(n1 + 1):
        for x2 in range(n2 + 1):
            value, low, high = newcombe(x1, n1, x2, n2)
            assert -1 <= low <= value <= high <= 1 and high - low > 0.05
            p_value = two_shares_p(x1, n1, x2, n2)
            assert 0 < p_value <= 1


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    n1, n2 = draw(st.integers(2, 40)), draw(st.integers(2, 40))
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2


@settings(max_examples=60, deadline=None)
@given(tables())
def test_boschloo_is_never_above_fisher_and_the_same_from_every_side(
    table: tuple[int, int, int, int],
) -> None:
    """Uniformly more powerful than Fisher's test doubled; sides and outcomes may be exchanged."""
    x1, n1, x2, n2 = table
    found = boschloo(*table)
    doubled = 2 * min(
        fisher_exact([[x1, x2], [n1 - x1, n2 - x2]], alternative=side).pvalue for side in ("less", "greater")
    )
    assert found <= min(doubled, 1) + 1e-9
    assert boschloo(x2, n2, x1, n1) == pytest.approx(found, rel=1e-4)
    assert boschloo(n1 - x1, n1, n2 - x2, n2) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("level", [0.05, 0.01, 1e-5])
def test_the_region_is_where_the_p_value_is_small_enough(level: float) -> None:
    """Every table of 24 and 31 that is called less has p ≤ level on this side, and no other."""
    region = significantly_less(24, 31, level)
    for x2 in range(32):
        for x1 in range(25):
            is_less = x1 / 24 < x2 / 31 and boschloo(x1, 24, x2, 31) <= level
            assert (x1 < region[x2]) == is_less


@pytest.mark.parametrize(("n1", "n2"), [(20, 20), (25, 60)])
def test_the_test_keeps_its_level_whatever_the_common_share(n1: int, n2: int) -> None:
    """The exact chance of p ≤ 5 % where both sides share a rate, over every rate."""
    region = significantly_less(n1, n2, 0.05)
    for share in np.linspace(0.01, 0.99, 99):
        at_most = np.concatenate([[0], binom.cdf(np.arange(n1 + 1), n1, share)])
        assert at_most[region] @ binom.pmf(np.arange(n2 + 1), n2, share) <= 0.025 + 1e-6

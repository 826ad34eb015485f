"""Intervals of shares and differences: against published tables, other libraries, and their own laws."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, boschloo_exact
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
)

from retention_helpers.statistics.intervals import (
    EXACT_UP_TO,
    change,
    exact_p,
    holm,
    newcombe,
    rate,
    two_shares_p,
    wilson,
    with_rate,
)

# --- from outside ----------------------------------------------------------------------------------

# Newcombe 1998, Two-sided confidence intervals for the single proportion: comparison of seven methods,
# Statistics in Medicine 17, 857–872, table I, method 3 (score, without continuity correction).
SINGLE = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]

# Newcombe 1998, Interval estimation for the difference between independent proportions: comparison of
# eleven methods, Statistics in Medicine 17, 873–890, table II, method 10 (score, hybrid).
DIFFERENCES = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("x", "n", "low", "high"), SINGLE)
def test_wilson_is_newcombes_table_of_single_proportions(x: int, n: int, low: float, high: float) -> None:
    """To the four decimals of the print."""
    assert np.round(wilson(x, n), 4).tolist() == [low, high]


@pytest.mark.parametrize(("x1", "n1", "x2", "n2", "low", "high"), DIFFERENCES)
def test_newcombe_is_the_papers_table_of_differences(
    x1: int, n1: int, x2: int, n2: int, low: float, high: float
) -> None:
    """To the four decimals of the print."""
    found = newcombe(x1, n1, x2, n2)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize("n", [1, 2, 7, 30, 263, 5000])
def test_wilson_is_that_of_statsmodels(n: int) -> None:
    """At every count of a small base, at some of a large one, and at other levels."""
    counts = np.unique(np.linspace(0, n, 31).astype(int))
    for level in (0.8, 0.95, 0.99):
        theirs = proportion_confint(counts, n, alpha=1 - level, method="wilson")
        np.testing.assert_allclose(wilson(counts, np.full(len(counts), n), level), theirs, atol=1e-12)


@pytest.mark.parametrize(("n1", "n2"), [(5, 5), (20, 30), (12, 400)])
def test_newcombe_is_that_of_statsmodels(n1: int, n2: int) -> None:
    """At every corner and some counts between."""
    for x1 in sorted({0, 1, n1 // 2, n1}):
        for x2 in sorted({0, 1, n2 // 3, n2}):
            theirs = confint_proportions_2indep(x1, n1, x2, n2, method="newcomb", compare="diff")
            ours = newcombe(x1, n1, x2, n2)
            np.testing.assert_allclose((ours.low, ours.high), theirs, atol=1e-12)


# One-sided p-values of R's package Exact, exact.test(method = "Boschloo", alternative = "less",
# np.interval = FALSE), as quoted in scipy/stats/tests/test_hypotests.py, TestBoschlooExact.test_less.
# Two-sided, scipy doubles the smaller side.
BOSCHLOO = [
    ((2, 10, 7, 9), 0.009886142),
    ((5, 25, 16, 41), 0.05827348),
    ((7, 15, 12, 15), 0.03410916),
    ((10, 35, 24, 61), 0.1512882),
]


@pytest.mark.parametrize(("counts", "one_sided"), BOSCHLOO)
def test_the_exact_p_value_is_twice_the_one_sided_one_of_r(
    counts: tuple[int, int, int, int], one_sided: float
) -> None:
    """Also with the two sides exchanged."""
    x1, n1, x2, n2 = counts
    assert two_shares_p(x1, n1, x2, n2) == pytest.approx(2 * one_sided, abs=2e-7)
    assert two_shares_p(x2, n2, x1, n1) == pytest.approx(2 * one_sided, abs=1e-5)


def test_the_exact_p_value_is_that_of_scipys_documentation() -> None:
    """74 of 117 against 31 of 63 in boschloo_exact's example: one-sided p = 0.0355…"""
    assert 2 * 0.0355 <= two_shares_p(74, 74 + 43, 31, 31 + 32) < 2 * 0.0356


def test_above_the_cap_the_p_value_is_the_pooled_score_test() -> None:
    """At EXACT_UP_TO customers it is Boschloo's, at one more the z-test of statsmodels."""
    half = EXACT_UP_TO // 2
    exact = boschloo_exact([[20, 33], [half - 20, half - 33]]).pvalue
    assert two_shares_p(20, half, 33, half) == pytest.approx(exact, abs=1e-12)
    score = proportions_ztest([20, 33], [half, half + 1])[1]
    assert two_shares_p(20, half, 33, half + 1) == pytest.approx(score, abs=1e-12)
    assert abs(score - exact) > 1e-4


# fisher.test(matrix(c(20, 180, 33, 268), 2))$p.value and matrix(c(9, 21, 100, 1900), 2) in R 4.2.2.
FISHER = [((20, 200, 33, 301), 0.7687320886), ((9, 30, 100, 2000), 1.479345748e-05)]


def test_above_the_cap_the_exact_p_value_is_fishers() -> None:
    """Up to the cap it is Boschloo's, that is `two_shares_p`."""
    assert exact_p(20, 200, 33, 200) == two_shares_p(20, 200, 33, 200)
    for counts, p_value in FISHER:
        assert exact_p(*counts) == pytest.approx(p_value, rel=1e-6)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([0, 0.001, 0.01, 0.02, 0.04, 0.05, 0.3, 1]), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    """Any list of p-values, ties included."""
    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1], atol=1e-12)


def test_holm_of_nothing_is_nothing() -> None:
    """No row, no p-value."""
    assert holm([]) == []


# --- laws ------------------------------------------------------------------------------------------


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, int]:
    trials = draw(st.integers(1, 3000))
    return draw(st.integers(0, trials)), trials


@settings(max_examples=300)
@given(shares())
def test_wilson_holds_the_share_and_stays_between_0_and_1(share: tuple[int, int]) -> None:
    """0 ≤ low ≤ share ≤ high ≤ 1, with some width always."""
    found = rate(*share)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low > 0


@settings(max_examples=300)
@given(shares())
def test_wilson_rises_with_successes_and_narrows_with_trials(share: tuple[int, int]) -> None:
    """One success more moves both ends up; the same share of ten times as many is narrower."""
    x, n = share
    here, larger = rate(x, n), rate(10 * x, 10 * n)
    assert larger.high - larger.low < here.high - here.low
    if x < n:
        more = rate(x + 1, n)
        assert more.low > here.low
        assert more.high >= here.high


@settings(max_examples=300)
@given(shares())
def test_wilson_of_the_rest_is_the_mirror_image(share: tuple[int, int]) -> None:
    """The interval of those who stayed is one minus that of those who left."""
    x, n = share
    left, stayed = rate(x, n), rate(n - x, n)
    assert (stayed.low, stayed.high) == pytest.approx((1 - left.high, 1 - left.low), abs=1e-12)


@settings(max_examples=300)
@given(shares(), shares())
def test_newcombe_holds_the_difference_and_turns_round(one: tuple[int, int], two: tuple[int, int]) -> None:
    """−1 ≤ low ≤ difference ≤ high ≤ 1, and exchanging the sides changes the signs."""
    found, turned = newcombe(*one, *two), newcombe(*two, *one)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (turned.value, turned.low, turned.high) == pytest.approx(
        (-found.value, -found.high, -found.low), abs=1e-12
    )


@pytest.mark.parametrize("share", [0.5, 0.8, 0.9, 0.95])
def test_newcombe_covers_at_twenty_an_arm(share: float) -> None:
    """Exact coverage over all 441 tables: between 94 and 99.9 % where the Wald interval collapses."""
    chances = binom.pmf(np.arange(21), 20, share)
    covered = sum(
        chances[x1] * chances[x2]
        for x1 in range(21)
        for x2 in range(21)
        if newcombe(x1, 20, x2, 20).low <= 0 <= newcombe(x1, 20, x2, 20).high
    )
    assert 0.94 < covered < 0.999


# --- nothing, and the verdict ----------------------------------------------------------------------


def test_a_rate_over_nothing_is_nan_in_all_its_parts() -> None:
    """Also in a column; never 0, never an interval from 0 to 1."""
    nothing = rate(0, 0)
    assert all(math.isnan(part) for part in (nothing.value, nothing.low, nothing.high))
    frame = with_rate(pd.DataFrame({"lost": [0, 1], "base": [0, 4]}), "churn", "lost", "base")
    assert frame.loc[0, ["churn", "churn_low", "churn_high"]].isna().all()
    assert frame.loc[1, "churn"] == 0.25


@pytest.mark.parametrize("counts", [(0, 0, 3, 10), (3, 10, 0, 0), (0, 0, 0, 0)])
def test_a_difference_with_an_empty_side_is_nan_and_no_clear_change(
    counts: tuple[int, int, int, int],
) -> None:
    """There is nothing to compare."""
    moved = change(*counts)
    assert all(math.isnan(part) for part in (moved.value, moved.low, moved.high))
    assert moved.verdict == "no clear change"


def test_a_rate_that_nobody_or_everybody_meets_has_an_interval_with_width() -> None:
    """27 of 30 against 30 of 30 is a difference of −3.1 to 25.6 points and p = 0.155, not 0 and 1."""
    found = newcombe(30, 30, 27, 30)
    assert (round(found.low, 3), round(found.high, 3)) == (-0.031, 0.256)
    assert two_shares_p(30, 30, 27, 30) == pytest.approx(0.155, abs=5e-4)
    assert two_shares_p(0, 30, 0, 10) == two_shares_p(30, 30, 10, 10) == 1.0


def test_rose_and_fell_need_interval_and_p_value_to_agree() -> None:
    """4 of 20 to 10 of 20: the interval excludes 0, p = 0.0533 does not, so there is no clear change."""
    assert newcombe(10, 20, 4, 20).low > 0
    assert two_shares_p(4, 20, 10, 20) == pytest.approx(0.0533, abs=5e-5)
    assert change(4, 20, 10, 20).verdict == "no clear change"
    assert change(4, 40, 20, 40).verdict == "rose"
    assert change(20, 40, 4, 40).verdict == "fell"


def test_a_change_is_the_later_share_minus_the_earlier_one() -> None:
    """From 2 of 10 to 3 of 10: +10 points."""
    assert change(2, 10, 3, 10).value == pytest.approx(0.1)

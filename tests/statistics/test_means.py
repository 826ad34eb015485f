"""Means of amounts: against R, by hand, and their laws."""

import numpy as np
import pytest

from retention_helpers.statistics.intervals import newcombe, newcombe_ratio
from retention_helpers.statistics.means import (
    Means,
    adjusted,
    cap_of,
    difference_of_means,
    means_of,
    means_p,
    ratio_of_means,
    score_of,
)

Z = 1.959963985
# R's sleep data (Cushny and Peebles 1905): extra hours of ten patients on either drug.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def of_sleep() -> Means:
    return Means(10, float(np.mean(FIRST)), float(np.var(FIRST, ddof=1)),
                 10, float(np.mean(SECOND)), float(np.var(SECOND, ddof=1)))  # fmt: skip


def test_the_difference_is_welchs() -> None:
    """R: t.test(extra ~ group, data = sleep): df = 17.776, p = 0.07939, from -3.3654832 to 0.2054832."""
    found = of_sleep()
    assert found.freedom == pytest.approx(17.776, abs=5e-4)
    assert means_p(found) == pytest.approx(0.07939, abs=5e-6)
    assert difference_of_means(found, Z) == pytest.approx((-1.58, -3.3654832, 0.2054832), abs=1e-6)
    assert score_of(found) == pytest.approx(-1.7545, abs=1e-3)  # R: qnorm(0.07939 / 2)


def test_the_ratio_leaves_out_one_exactly_where_the_difference_leaves_out_zero() -> None:
    """Fieller's ends beside Welch's, at every level."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        treated = rng.lognormal(1, 1, 30) * rng.choice([1, 2])
        control = rng.lognormal(1, 1, 25)
        found = Means(30, treated.mean(), treated.var(ddof=1), 25, control.mean(), control.var(ddof=1))
        for limit in (1.0, 1.96, 2.6):
            difference, ratio = difference_of_means(found, limit), ratio_of_means(found, limit)
            if not np.isnan(ratio.low):
                assert (difference.low > 0) == (ratio.low > 0)
                assert (difference.high < 0) == (ratio.high < 0)
                assert ratio.low <= ratio.value <= ratio.high
    nothing = Means(20, 5.0, 4.0, 20, 0.0, 1.0)
    assert np.isnan(ratio_of_means(nothing, Z)).all()


@pytest.mark.parametrize("sizes", [(10, 10), (12, 7), (30, 20)])
def test_the_relative_effect_agrees_with_the_difference_on_every_table(sizes: tuple[int, int]) -> None:
    """Donner and Zou's ends and Newcombe's come from the same Wilson ends."""
    n1, n2 = sizes
    for x1 in range(n1 + 1):
        for x2 in range(1, n2 + 1):
            difference, ratio = newcombe(x1, n1, x2, n2), newcombe_ratio(x1, n1, x2, n2)
            assert ratio.low <= ratio.value <= ratio.high
            assert (difference.low > 0, difference.high < 0) == (ratio.low > 0, ratio.high < 0)
    assert np.isnan(newcombe_ratio(3, n1, 0, n2)).all()


def test_one_huge_amount_is_capped_and_equal_amounts_have_an_interval() -> None:
    """A hundred of 10 and one of 10,000: the cap is 10. Twenty times 20 on either side: as if one of each arm
    paid nothing or twice, a standard error of √(20² / 20 / 20 × 2) = 1.41.
    """
    assert cap_of(np.array([10.0] * 100 + [10_000.0])) == 10
    is_treated = np.arange(40) < 20
    found = means_of(np.full(40, 20.0), is_treated)
    assert found.error == pytest.approx(np.sqrt(2.0))
    assert difference_of_means(found, Z).low < -2 and means_p(found) == pytest.approx(1)


def test_the_error_is_students_where_that_is_larger_than_welchs() -> None:
    """By hand: 100 with a variance of 1 against 900 with 9; Student's variance is (99 + 899 · 9) / 998."""
    unequal = Means(100, 5.0, 1.0, 900, 6.0, 9.0)
    assert unequal.of_one_kind().error == pytest.approx(np.sqrt((99 + 899 * 9) / 998 * (1 / 100 + 1 / 900)))
    assert unequal.of_one_kind().freedom == pytest.approx(unequal.freedom)
    other_way = Means(100, 5.0, 9.0, 900, 6.0, 1.0)
    assert other_way.of_one_kind() == other_way


def test_unequal_arms_of_amounts_with_long_tails_and_refunds_are_called_different_seldom() -> None:
    """An A/A of 100 against 900, where Welch's test alone errs in 7 to 8 % of the draws."""
    rng, is_treated = np.random.default_rng(8), np.arange(1000) < 100
    draws = rng.choice([0.0, -500.0, 59.0, 49.0], (1500, 1000), p=[0.3, 0.03, 0.27, 0.4])
    assert np.mean([means_p(means_of(own, is_treated)) <= 0.05 for own in draws]) <= 0.05


def test_adjusting_is_the_regression_on_arm_and_covariate() -> None:
    """The difference of the adjusted means is the arm's slope of least squares, by numpy; and less varies."""
    rng = np.random.default_rng(4)
    before = rng.normal(size=(200, 2))
    is_treated = rng.random(200) < 0.5
    outcome = 2 * before[:, 0] - before[:, 1] + 0.5 * is_treated + rng.normal(size=200)
    found, used = adjusted(outcome, is_treated, before)
    design = np.column_stack([np.ones(200), is_treated, before])
    slope = np.linalg.lstsq(design, outcome, rcond=None)[0][1]
    assert used == 2
    assert found[is_treated].mean() - found[~is_treated].mean() == pytest.approx(slope, abs=1e-9)
    assert found.var() < 0.4 * outcome.var()


def test_nothing_is_adjusted_for_what_does_not_vary_or_too_few_customers() -> None:
    """A constant is left out; below twenty customers an arm there is no column."""
    outcome, is_treated = np.arange(60.0), np.arange(60) < 30
    found, used = adjusted(outcome, is_treated, np.ones((60, 1)))
    assert used == 0 and (found == outcome).all()
    assert adjusted(outcome[:30], np.arange(30) < 15, np.arange(30.0)[:, None])[1] == 0
    several = np.column_stack([np.arange(60.0), np.arange(60) % 7])
    assert adjusted(outcome, is_treated, several)[1] == 1

"""Before and after, and beside a group: by hand, against other libraries, laws, and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.proportion import confint_proportions_2indep

from retention_helpers.statistics.before_after import BORROWED, Group, alike, effect


def group(left: list[float], customers: list[float]) -> Group:
    return Group(np.array(left, dtype=float), np.array(customers, dtype=float))


# --- by hand and from outside ----------------------------------------------------------------------


def test_nobody_left_in_years_and_then_ten_of_forty() -> None:
    """No spread can be seen where nobody left: what is left is Newcombe's interval of 10/42 against 0/400."""
    found = effect(group([10] + [0] * 10, [42] + [40] * 10))
    low, high = confint_proportions_2indep(10, 42, 0, 400, method="newcomb")
    assert (found.value, found.usual, found.spread) == (pytest.approx(10 / 42), 0, 0)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)
    assert found.p_value < 0.001
    assert found.p_value >= stats.fisher_exact([[10, 0], [32, 400]]).pvalue


def test_the_spread_of_the_gaps_is_that_of_paule_and_mandel() -> None:
    """statsmodels' iterated estimate, of what the exposed did beyond the others."""
    exposed = group([60, 40, 90, 55, 100, 70, 60, 45, 85, 80], [1000] * 10)
    control = group([30, 25, 20, 35, 22, 31, 18, 40, 26, 30], [800] * 10)
    found = effect(exposed, control)
    gaps = exposed.left[1:] / 1000 - control.left[1:] / 800
    shares = exposed.left[1:].sum() / 9000, control.left[1:].sum() / 7200
    by_chance = np.full(9, shares[0] * (1 - shares[0]) / 1000 + shares[1] * (1 - shares[1]) / 800)
    reference = combine_effects(gaps, by_chance, method_re="iterated", atol=1e-14, maxiter=500)
    assert found.spread**2 == pytest.approx(reference.tau2, rel=1e-5)
    assert found.value == pytest.approx(0.06 - 0.0375 - gaps.mean())


def test_the_trend_before_is_that_of_a_weighted_line() -> None:
    """statsmodels' WLS with the variances known (cov_type nonrobust scale 1), Student's t for its p."""
    import statsmodels.api as sm

    left, customers = [9, 8, 10, 12, 15, 17, 16, 20, 22], [200, 190, 200, 210, 190, 200, 210, 200, 190]
    found = effect(group(left, customers))
    share = np.array(left[1:]) / customers[1:]
    usual = np.array(left[1:]).sum() / sum(customers[1:])
    weight = 1 / (usual * (1 - usual) / np.array(customers[1:]) + found.spread**2)
    line = sm.WLS(share, sm.add_constant(np.arange(8)), weights=weight).fit(cov_type="fixed scale")
    expected = 2 * stats.t(6).sf(abs(line.params[1] / np.sqrt(line.normalized_cov_params[1, 1])))
    assert found.drift_p == pytest.approx(expected)
    assert found.drift_p < 0.05


def test_periods_that_lack_to_eight_are_taken_to_differ_by_a_fifth() -> None:
    """Three periods alike: five eighths of (20 % of the usual share) squared."""
    found = effect(group([10, 10, 10, 10], [100] * 4))
    assert found.spread == pytest.approx(0.2 * 0.1 * np.sqrt(5 / 8))
    assert effect(group([10] * 9, [100] * 9)).spread == 0


def test_as_many_customers_as_the_mix_of_stages_is_worth() -> None:
    """By hand: a risk of 0.3 when new and 0.1 later; 100 new and 100 old are to lose 40, 50 new alone 15.

    With the mix of the judged period a customer is to lose 0.2, so fifty new ones count as 75.
    """
    left = np.array([[0, 0], [30, 10], [15, 0]], dtype=float)
    there = np.array([[500, 500], [100, 100], [50, 0]], dtype=float)
    common = 55 / 250
    new, old = (45 + BORROWED * common) / (150 + BORROWED), (10 + BORROWED * common) / (100 + BORROWED)
    found = alike(left, there)
    assert found.customers == pytest.approx(
        [1000, 100 * (new + old) / ((new + old) / 2), 50 * new / ((new + old) / 2)]
    )
    assert found.left.tolist() == [0, 40, 15]


# --- laws ------------------------------------------------------------------------------------------

counts = st.integers(4, 12).flatmap(
    lambda size: st.tuples(
        st.lists(st.integers(0, 40), min_size=size, max_size=size),
        st.lists(st.integers(40, 900), min_size=size, max_size=size),
    )
)


@given(counts, counts, st.booleans())
@settings(max_examples=60, deadline=None)
def test_interval_and_p_say_the_same(exposed: tuple, control: tuple, has_control: bool) -> None:
    """The interval holds the value; p is below 0.05 only where it leaves out 0."""
    size = min(len(exposed[0]), len(control[0]))
    first, second = (group(one[0][:size], one[1][:size]) for one in (exposed, control))
    found = effect(first, second if has_control else None)
    assert found.low <= found.value <= found.high
    leaves_out = found.low > 0 or found.high < 0
    assert leaves_out or found.p_value >= 0.05 - 1e-6
    assert not has_control or leaves_out == (found.p_value < 0.05)


@given(counts)
@settings(max_examples=30, deadline=None)
def test_a_group_beside_itself_did_nothing(one: tuple) -> None:
    """The difference of a group and itself is none, whatever happened to both."""
    both = group(*one)
    found = effect(both, both)
    assert found.value == pytest.approx(0, abs=1e-12)
    assert found.low < 0 < found.high or found.low == found.high == 0


def test_more_customers_take_away_chance_alone() -> None:
    """A hundred times as many in each period narrow the interval to what the periods themselves wander."""
    left, customers = [12, 5, 9, 14, 6, 12, 8, 11, 7], [100] * 9
    small = effect(group(left, customers))
    large = effect(group([100 * one for one in left], [100 * one for one in customers]))
    needed = small.needed(100, (small.high - small.value) / 2)
    assert needed > 100
    assert small.high - small.value > large.high - large.value >= large.wander * 0.99
    assert np.isinf(large.needed(10_000, large.wander / 2))

"""Changes where months differ by more than chance: against other libraries, by hand, and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.stats.meta_analysis import combine_effects

from retention_helpers.statistics.control import varies_more_than_chance
from retention_helpers.statistics.intervals import newcombe
from retention_helpers.statistics.varying import change_beyond_spread, spread_of

# --- from outside ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lost", "customers"),
    [
        ([5, 25, 9, 30, 12, 8, 22, 15], [100, 200, 150, 300, 90, 120, 260, 180]),
        ([40, 90, 55, 130, 70, 60, 45, 150, 80], [1000, 1100, 1250, 1300, 1500, 1500, 1600, 1900, 2000]),
    ],
)
def test_the_spread_of_months_is_that_of_paule_and_mandel(lost: list[int], customers: list[int]) -> None:
    """statsmodels' iterated estimate for random effects, around the same binomial variances."""
    x, n = np.array(lost), np.array(customers)
    mean = x.sum() / n.sum()
    reference = combine_effects(x / n, mean * (1 - mean) / n, method_re="iterated", atol=1e-14, maxiter=500)
    assert spread_of(lost, customers).variance == pytest.approx(reference.tau2, rel=1e-5)


def test_with_as_many_customers_each_month_the_spread_is_the_variance_beyond_chance() -> None:
    """By hand: the sample variance of the rates, less p (1 - p) / n."""
    lost, n = np.array([10, 30, 12, 25, 18, 40, 22, 9]), 400
    share = lost.sum() / (8 * n)
    found = spread_of(lost, [n] * 8)
    assert found.variance == pytest.approx((lost / n).var(ddof=1) - share * (1 - share) / n)
    assert found.quantile == pytest.approx(stats.t(7).ppf(0.975))
    assert found.is_seen and not found.is_assumed


def test_of_very_many_customers_a_month_is_judged_by_students_test() -> None:
    """Of ten million chance is nothing: the least rise and fall that are told are those of scipy's t.

    A further value against a sample: t with 11 degrees of freedom, standard error s √(1 + 1/12). Newcombe's
    interval moves each side on its own scale, so the two ends lie apart by as little as the rates are small.
    """
    n = 10_000_000
    rates = 0.05 + 0.0005 * np.array([-3, 1, 2, -1, 0, 3, -2, 1, -1, 2, -3, 1])
    lost = (rates * n).astype(int)
    edge = stats.t(11).ppf(0.975) * rates.std(ddof=1) * np.sqrt(1 + 1 / 12)
    spread, then = spread_of(lost, [n] * 12), [(int(x), n) for x in lost]
    for sign, word in ((1, "rose"), (-1, "fell")):
        inside, outside = (int((rates.mean() + sign * far * edge) * n) for far in (0.97, 1.03))
        assert change_beyond_spread([(inside, n)], then, spread).verdict == "no clear change"
        assert change_beyond_spread([(outside, n)], then, spread).verdict == word


def test_where_chance_explains_the_months_the_interval_is_newcombes() -> None:
    """Table II of Newcombe 1998: 56/70 against 48/80 is 0.0524 to 0.3339."""
    spread = spread_of([48] * 8, [80] * 8)
    moved = change_beyond_spread([(56, 70)], [(48, 80)], spread)
    assert (moved.low, moved.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert (moved.spread.variance, moved.verdict) == (0.0, "rose")


# --- by hand ---------------------------------------------------------------------------------------


def test_few_months_are_allowed_a_fifth_of_their_rate() -> None:
    """With 10,000 customers 5.0 and 5.8 % differ beyond chance, and not beyond a spread of 20 %."""
    spread = spread_of([500], [10_000])
    assert spread.is_assumed and spread.variance == pytest.approx(0.01**2)
    assert newcombe(580, 10_000, 500, 10_000).low > 0
    assert change_beyond_spread([(580, 10_000)], [(500, 10_000)], spread).verdict == "no clear change"
    assert change_beyond_spread([(1000, 10_000)], [(500, 10_000)], spread).verdict == "rose"


def test_months_are_said_to_differ_where_the_control_chart_says_so() -> None:
    """Pearson's chi-square is 12.06 on 11 (scipy: p = 0.36): a spread, and none to speak of."""
    lost = [5, 9, 4, 7, 3, 8, 6, 10, 4, 6, 2, 8]
    found = spread_of(lost, [100] * 12)
    assert stats.chi2_contingency([lost, [100 - x for x in lost]])[1] == pytest.approx(0.359, abs=0.001)
    assert found.variance > 0 and not found.is_seen and not varies_more_than_chance(lost, [100] * 12)


def test_few_months_that_visibly_differ_by_more_are_taken_at_their_word() -> None:
    """Four months between 1 and 9 %: the spread that they show."""
    assert spread_of([100, 900, 100, 900], [10_000] * 4).variance > (0.2 * 0.05) ** 2


def test_a_month_is_worth_no_more_than_the_months_differ() -> None:
    """A million customers, months that differ by 1 point: a month tells as much as 475 of one risk would."""
    rates = np.array([0.04, 0.06] * 6)
    spread = spread_of(rates * 1_000_000, [1_000_000] * 12)
    moved = change_beyond_spread([(50_000, 1_000_000)], [(50_000, 1_000_000)], spread)
    size = 0.05 * 0.95 / (rates.var(ddof=1))
    level = 2 * special.ndtr(stats.t(11).ppf(0.975)) - 1
    reference = newcombe(0.05 * size, size, 0.05 * size, size, level)
    assert (moved.low, moved.high) == pytest.approx((reference.low, reference.high), rel=1e-3)


# --- laws ------------------------------------------------------------------------------------------

MONTH = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=150, deadline=None)
@given(MONTH, st.lists(MONTH, min_size=1, max_size=12), st.integers(1, 12))
def test_the_interval_holds_the_difference_and_the_verdict_follows_it(
    now: tuple[int, int], before: list[tuple[int, int]], last: int
) -> None:
    """Within -1 and 1, wider than chance alone makes it, and never rose or fell across 0."""
    lost, customers = zip(*before, strict=True)
    then = before[-last:]
    moved = change_beyond_spread([now], then, spread_of(lost, customers))
    assert -1 <= moved.low <= moved.value <= moved.high <= 1
    x, n = (sum(column) for column in zip(*then, strict=True))
    chance = newcombe(*now, x, n)
    assert moved.low <= chance.low + 1e-9 and chance.high - 1e-9 <= moved.high
    if moved.verdict != "no clear change":
        assert moved.low > 0 if moved.verdict == "rose" else moved.high < 0
    assert not moved.seen_if_doubled < 0 and not moved.seen_if_doubled > 1


# --- simulated -------------------------------------------------------------------------------------


@pytest.mark.parametrize("customers", [1_000, 20_000])
def test_usual_months_are_seldom_called_a_change_and_a_doubling_often(customers: int) -> None:
    """Twelve months at 5 % whose own risk varies by 20 %: at most 6 % false, within Monte-Carlo error.

    `tests/bench_statistics/changes.py` has more rounds, sizes and spreads.
    """
    draws, rounds = np.random.default_rng(20), 300
    false = seen = foretold = 0.0
    for _ in range(rounds):
        risk = draws.beta(23.7, 450.3, 14)  # mean 0.05, spread 0.2
        risk[13] = draws.beta(22.4, 201.6)  # mean 0.1, spread 0.2
        *months, usual, doubled = draws.binomial(customers, risk)
        spread, then = spread_of(months, [customers] * 12), [(int(x), customers) for x in months]
        moved = change_beyond_spread([(int(usual), customers)], then, spread)
        false += moved.verdict != "no clear change"
        foretold += moved.seen_if_doubled
        seen += change_beyond_spread([(int(doubled), customers)], then, spread).verdict == "rose"
    assert false / rounds <= 0.06 + 1.96 * np.sqrt(0.06 * 0.94 / rounds)
    assert seen / rounds > 0.75
    assert foretold / rounds == pytest.approx(seen / rounds, abs=0.07)

"""How many will leave: the level of the latest months, the range, and whether it holds where churn moves."""

import numpy as np
import pandas as pd
import pytest
from drifting import EIGHT, OF_SILENCE, rows_of
from scipy import special, stats

from retention_helpers.early_warning.level import (
    EXACT,
    EXACT_UP_TO,
    FEWEST_LEFT,
    LATEST,
    USUAL_MISS,
    Level,
    came_true,
    expected_range,
    latest,
    level_of,
    recalibrated,
    shift,
)
from retention_helpers.early_warning.past import past
from retention_helpers.early_warning.risk import told

# --- by hand and from outside ------------------------------------------------------------------------


def test_the_shift_makes_as_many_expected_as_left() -> None:
    """Equal risks of 10 % of whom 20 % left: the difference of the two log odds, ln(9 / 4)."""
    left = np.arange(100) < 20
    assert shift(np.full(100, special.logit(0.1)), left) == pytest.approx(np.log(9 / 4))
    log_odds = np.linspace(-4, 1, 100)
    assert special.expit(log_odds + shift(log_odds, left)).sum() == pytest.approx(20)


def test_the_level_is_that_of_the_latest_months() -> None:
    """Six month ends; of a small business as many as it takes for twenty to leave."""
    nth = np.repeat(np.arange(12), 50)
    many, few = np.arange(600) % 50 < 10, np.arange(600) % 50 < 2
    assert np.unique(nth[latest(nth, many)]).tolist() == [6, 7, 8, 9, 10, 11] and LATEST == 6
    assert len(np.unique(nth[latest(nth, few)])) == FEWEST_LEFT // 2


def test_fewer_than_twenty_leave_the_risk_as_it_was_learned() -> None:
    assert recalibrated(np.full(300, -2.0), np.repeat(np.arange(6), 50), np.arange(300) < 19) == 0.0
    assert recalibrated(np.full(300, -2.0), np.repeat(np.arange(6), 50), np.arange(300) < 20) != 0.0


def test_the_spread_is_that_of_the_misses() -> None:
    """Many large months of normal misses of 0.5: it comes back; without months the usual one is taken."""
    miss = 0.5 * stats.norm.ppf((np.arange(400) + 0.5) / 400)
    variance = np.full(400, 1e6)
    assert level_of(variance * 0, variance, variance * miss).spread == pytest.approx(0.5, rel=0.03)
    assert level_of(*np.empty((3, 0))) == (USUAL_MISS, 4.0)
    assert level_of(variance, variance, variance).spread == pytest.approx(USUAL_MISS / 3)  # never none


def test_a_range_over_a_level_that_may_be_off_is_that_of_a_draw() -> None:
    """A quarter of a million draws: a Student miss, then everybody by chance."""
    draws, risks = np.random.default_rng(3), np.linspace(0.02, 0.5, 60)
    level = Level(0.4, 7.0)
    off = level.spread * draws.standard_t(level.degrees, (250_000, 1))
    left = (draws.random((250_000, 60)) < special.expit(special.logit(risks) + off)).sum(axis=1)
    low, high = expected_range(pd.Series(risks), level)
    assert (low, high) == pytest.approx(np.quantile(left, [0.025, 0.975]), abs=1)
    assert (
        expected_range(pd.Series(risks), EXACT)[0] > low and expected_range(pd.Series(risks), EXACT)[1] < high
    )


def test_of_many_customers_the_range_is_nearly_the_exact_one() -> None:
    """Just above the size up to which it is exact, against scipy's convolution of the same chances."""
    risks = np.random.default_rng(2).beta(1, 9, EXACT_UP_TO + 40)
    mass = np.ones(1)
    for risk in risks:
        mass = np.convolve(mass, [1 - risk, risk])
    exact = np.searchsorted(np.cumsum(mass), [0.025, 0.975])
    assert expected_range(pd.Series(risks), EXACT) == pytest.approx(tuple(exact), abs=1)


# --- where churn moves -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["small, steady", "middling, a step", "middling, falling"])
def test_the_number_who_leave_lies_in_its_range(kind: str) -> None:
    """In at least nine of ten tested months; `tests/bench_statistics/risk_level.py` has all eight kinds."""
    rows = rows_of(EIGHT[kind], 1)
    found = came_true(told(rows, past(rows, rows["as_of"].max()), OF_SILENCE, OF_SILENCE).history)
    everybody = found[found["who"] == "everybody"]
    assert len(everybody) >= 10 and everybody["within"].mean() >= 0.9
    assert found["within"].mean() >= 0.9
    if kind != "small, steady":  # where the level moved, it is followed
        off = (everybody[["before", "expected"]].sum() - everybody["left"].sum()).abs()
        assert off["expected"] < off["before"]


def test_a_month_is_told_and_ranged_by_what_was_known_then() -> None:
    """Whoever leaves after a month end: what was told on it, and its range, stay the same."""
    rows = rows_of(EIGHT["small, steady"], 4)
    cut = rows["as_of"].max() - pd.DateOffset(months=6)
    left_on = rows["as_of"] + pd.to_timedelta(rows["leaves_in"], unit="D")
    nobody_later = rows.assign(leaves_in=rows["leaves_in"].where(left_on < cut))
    both = [
        came_true(told(part, past(part, part["as_of"].max()), OF_SILENCE, OF_SILENCE).history)
        for part in (rows, nobody_later)
    ]
    names = ["before", "expected", "expected_low", "expected_high"]
    one, other = (
        found[(found["who"] == "everybody") & (found["month"] < cut)].set_index("month")[names]
        for found in both
    )
    assert len(one) >= 5
    pd.testing.assert_frame_equal(one, other)

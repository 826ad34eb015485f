"""How two things go together, against references from outside: R 4.2.

The R code that made a value stands in the docstring of its test.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from retention_helpers.statistics import association

# --- numbers -----------------------------------------------------------------------------------------


def both(first: list[float], second: list[float]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The values of those who left and of those who stayed, as one column and who is who."""
    return np.array(first + second, dtype=float), np.arange(len(first) + len(second)) < len(first)


def test_mann_whitney_is_the_one_of_r() -> None:
    """With ties wilcox.test(x, y, exact = FALSE, correct = TRUE); without, wilcox.test(x, y)."""
    tied = both([3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8, 3])
    assert association.mann_whitney_p(*tied) == pytest.approx(MANN_WHITNEY_TIED, rel=1e-6)
    plain = both([1.1, 2.2, 3.3, 0.4], [2.5, 4.1, 5.2, 6.3, 3.7])
    assert association.mann_whitney_p(*plain) == pytest.approx(0.03174603175, rel=1e-9)


MANN_WHITNEY_TIED = 0.8456039


def test_the_area_is_the_share_of_pairs() -> None:
    """By hand: 2 and 5 left, 1, 2 and 6 stayed. 2 > 1, 2 = 2, 5 > 1, 5 > 2: 3.5 of 6 pairs."""
    assert association.area(*both([2, 5], [1, 2, 6])).value == pytest.approx(3.5 / 6)


def test_the_error_of_an_area_is_the_one_of_the_jackknife() -> None:
    """DeLong's variance is that of the jackknife (Arvesen 1969), here by leaving out one after the other."""
    draw = default_rng(2)
    values, lost = np.round(draw.normal(size=60), 1), draw.random(60) < 0.4
    value, above = association.placements(values, lost)
    variance = 0.0
    for side in (lost, ~lost):
        left_out = []
        for row in np.flatnonzero(side):
            kept = np.arange(60) != row
            left_out.append(association.placements(values[kept], lost[kept])[0])
        variance += (side.sum() - 1) ** 2 / side.sum() * np.var(left_out, ddof=1)
    assert association.area_error(value, above, lost, None) == pytest.approx(np.sqrt(variance), rel=1e-9)


def test_rows_of_one_customer_count_once() -> None:
    """Every row ten times, as ten rows of one customer: the clustered error is that of the rows once."""
    draw = default_rng(3)
    values, lost = draw.normal(size=80), draw.random(80) < 0.5
    once = association.area(values, lost, np.arange(80))
    tenfold = association.area(np.repeat(values, 10), np.repeat(lost, 10), np.repeat(np.arange(80), 10))
    assert tenfold == pytest.approx(once)
    naive = association.area(np.repeat(values, 10), np.repeat(lost, 10))
    assert (naive.high - naive.low) < 0.4 * (tenfold.high - tenfold.low)


def test_an_area_at_its_end_still_has_an_interval() -> None:
    """All who left lie above all who stayed: 1, but so few customers cannot say how sure that is."""
    found = association.area(*both([5, 6, 7], [1, 2, 3, 4]))
    assert (found.value, found.high) == (1, 1) and 0.4 < found.low < 0.5


@settings(deadline=None, derandomize=True, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 6), min_size=6, max_size=40), st.randoms())
def test_an_area_turns_round_and_minds_only_the_order(values: list[int], random) -> None:  # type: ignore[no-untyped-def]
    """Those who left and those who stayed exchanged: 1 less the area. A rising transformation: the same."""
    lost = np.array([random.random() < 0.5 for _ in values])
    lost[:2] = True, False
    column = np.array(values, dtype=float)
    area = association.area(column, lost).value
    assert association.area(column, ~lost).value == pytest.approx(1 - area)
    assert association.area(np.exp(column), lost).value == pytest.approx(area)


# --- levels ------------------------------------------------------------------------------------------


def test_many_levels_with_enough_customers_are_chi_square() -> None:
    """chisq.test(matrix(c(53,108, 65,94, 23,135, 14,89), ncol = 2, byrow = TRUE), correct = FALSE)."""
    p_value = association.levels_p([53, 65, 23, 14], [161, 159, 158, 103])
    assert p_value == pytest.approx(8.404795836e-09, rel=1e-6)


def test_few_in_a_cell_are_shuffled() -> None:
    """chisq.test(matrix(c(3,9, 1,14, 6,4), ncol = 2, byrow = TRUE), simulate.p.value = TRUE): 0.0157."""
    assert association.levels_p([3, 1, 6], [12, 15, 10]) == pytest.approx(0.0157, abs=0.003)


def test_cramers_v_is_corrected() -> None:
    """Bergsma's formula in R, on the table of four levels above; independent levels have 0."""
    assert association.cramers_v([53, 65, 23, 14], [161, 159, 158, 103]) == pytest.approx(0.2542091399)
    assert association.cramers_v([10, 10, 10], [40, 40, 40]) == 0


def test_many_looks_are_corrected_as_in_the_papers_example() -> None:
    """p.adjust(p, "BH") of 15 of the p-values of Benjamini and Hochberg 1995, section 3.2: four are kept."""
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
                0.5719, 0.6528, 0.7590, 1.0000]  # fmt: skip
    assert int((association.benjamini_hochberg(p_values) <= 0.05).sum()) == 4


def test_a_table_of_one_level_says_nothing() -> None:
    """One level, nobody lost, everybody lost: p is 1."""
    assert association.levels_p([3], [10]) == 1
    assert association.levels_p([0, 0], [10, 10]) == 1
    assert association.levels_p([10, 10], [10, 10]) == 1
    assert pd.isna(association.area(np.array([1.0]), np.array([True])).value)

"""Means drawn together: against a textbook's eight schools, by hand, laws, and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from retention_helpers.statistics.pooled import drawn_together

# Rubin 1981: the effects of coaching in eight schools, and their standard errors.
SCHOOLS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


def test_the_eight_schools_of_the_textbook() -> None:
    """Gelman and others, Bayesian Data Analysis, table 5.3: medians 10, 8, 7, 8, 5, 6, 10, 8 of 200 draws.

    Its intervals go from about −10 to 20, widest and most to the right for the first.
    """
    value, low, high = drawn_together(*SCHOOLS)
    assert value == pytest.approx([10, 8, 7, 8, 5, 6, 10, 8], abs=2)
    assert low == pytest.approx([-2, -5, -11, -7, -9, -7, -1, -6], abs=4)
    assert np.argmax(high) == 0 and 25 < high[0] < 36
    assert high[[1, 3, 4, 6]] == pytest.approx([23, 21, 18, 26], abs=4)


def test_the_mixture_by_numerical_integration() -> None:
    """Three groups: the mean of the first by integrating over the spread, with the mean of all in between."""
    values, errors = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.8, 0.6])
    widest = 2 * np.ptp(values)

    def height(spread: float, moment: int) -> float:
        total = np.sqrt(errors**2 + spread**2)
        weight = 1 / total**2
        centre = (weight * values).sum() / weight.sum()
        fits = np.prod(stats.norm.pdf(values, centre, total)) / np.sqrt(weight.sum())
        drawn = (values[0] / errors[0] ** 2 + centre / max(spread, 1e-9) ** 2) / (
            1 / errors[0] ** 2 + 1 / max(spread, 1e-9) ** 2
        )
        return float(fits * drawn**moment)

    parts = [integrate.quad(height, 0, widest, args=(moment,))[0] for moment in (0, 1)]
    assert drawn_together(values, errors)[0][0] == pytest.approx(parts[1] / parts[0], rel=1e-3)


def test_a_group_alone_keeps_its_own() -> None:
    value, low, high = drawn_together([5.0], [0.5])
    assert value == pytest.approx([5.0])
    assert (low, high) == (pytest.approx([5 - 0.98], abs=1e-3), pytest.approx([5 + 0.98], abs=1e-3))


def test_what_is_not_known_stays_so_and_takes_no_part() -> None:
    value, low, _ = drawn_together([1.0, np.nan, 2.0, 5.0], [0.1, 0.1, 0.1, np.nan])
    assert np.isnan(value[[1, 3]]).all() and np.isnan(low[[1, 3]]).all()
    assert value[[0, 2]] == pytest.approx(drawn_together([1.0, 2.0], [0.1, 0.1])[0])
    assert np.isnan(drawn_together([np.nan], [1.0])).all()


groups = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.05, 2)), min_size=1, max_size=8)


@given(groups)
@settings(max_examples=80, deadline=None)
def test_nobody_is_drawn_beyond_the_others(found: list[tuple[float, float]]) -> None:
    """Each lies between the lowest and the highest, inside its interval, whatever the order of the groups."""
    values, errors = (np.array(column) for column in zip(*found, strict=True))
    value, low, high = drawn_together(values, errors)
    assert (value >= values.min() - 1e-9).all() and (value <= values.max() + 1e-9).all()
    assert (low <= value).all() and (value <= high).all()
    turned = drawn_together(values[::-1], errors[::-1])[0]
    assert turned[::-1] == pytest.approx(value)


@pytest.mark.parametrize(("spread", "many"), [(0.0, 8), (0.1, 8), (0.3, 8), (0.2, 3), (0.2, 4)])
def test_the_interval_holds_what_is_true_of_a_group(spread: float, many: int) -> None:
    """Groups of unequal size, 400 times: 93 of 100 intervals or more hold the truth."""
    draws = np.random.default_rng(5)
    errors = np.array([0.1, 0.2, 0.05, 0.3, 0.08, 0.12, 0.15, 0.25])[:many]
    held = []
    for _ in range(400):
        truth = draws.normal(6, spread, many)
        _, low, high = drawn_together(draws.normal(truth, errors), errors)
        held.append((low <= truth) & (truth <= high))
    assert np.mean(held) > 0.93

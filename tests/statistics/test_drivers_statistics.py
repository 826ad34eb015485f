"""The statistics of the comparison against references from outside: R 4.2 (survival, boot) and statsmodels.

The R code that made a value stands in the docstring of its test.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.random import default_rng
from scipy.special import expit

from retention_helpers.churned_vs_retained import shrinkage, valuation
from retention_helpers.churned_vs_retained.cuts import best_cut
from retention_helpers.churned_vs_retained.univariate import middle
from retention_helpers.statistics import association, cox

DAYS = [5, 90, 12, 3, 45, 12, 90, 60, 8, 90, 33, 12, 90, 70, 5, 90, 21, 66, 90, 14]
LOST = [1, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1]
USE = [2, 9, 4, 1, 3, 6, 8, 7, 2, 12, 5, 3, 10, 4, 1, 7, 6, 9, 11, 2]
DONE = [0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 0]
COLUMNS = np.column_stack([USE, DONE]).astype(float)
MONTH = [1] * 10 + [2] * 10
WHO = [*range(1, 11)] * 2


# --- the Cox model -----------------------------------------------------------------------------------


def test_a_cox_model_is_the_one_of_r() -> None:
    """f <- coxph(Surv(days, lost) ~ use + done); coef(f); sqrt(diag(vcov(f))). Ties after Efron."""
    fitted = cox.fit(COLUMNS, DAYS, LOST)
    assert fitted.coefficients == pytest.approx([-0.656059591, -1.135510559], rel=1e-7)
    assert fitted.errors == pytest.approx([0.1995186953, 0.8451964393], rel=1e-7)


def test_a_cox_model_is_the_one_of_statsmodels() -> None:
    """PHReg with ties="efron", on 400 customers with many ties."""
    from statsmodels.duration.hazard_regression import PHReg

    draw = default_rng(1)
    columns = draw.normal(size=(400, 4))
    days = np.ceil(draw.exponential(25 * np.exp(columns @ [0.5, 0, -0.4, 0.2]))).astype(int)
    lost, days = days <= 40, np.minimum(days, 40)
    theirs = PHReg(days.astype(float), columns, status=lost.astype(int), ties="efron").fit()
    ours = cox.fit(columns, days, lost)
    assert ours.coefficients == pytest.approx(theirs.params, rel=1e-6)
    assert ours.errors == pytest.approx(theirs.bse, rel=1e-6)


def test_strata_and_clusters_are_those_of_r() -> None:
    """g <- coxph(Surv(days, lost) ~ use + done + strata(month) + cluster(who)); coef(g); vcov(g)."""
    fitted = cox.fit(COLUMNS, DAYS, LOST, strata=MONTH)
    assert fitted.coefficients == pytest.approx([-0.7631804982, -1.2205084259], rel=1e-8)
    assert fitted.errors == pytest.approx([0.2631162705, 0.8491161473], rel=1e-8)
    clustered = np.sqrt(np.diag(fitted.clustered(WHO)))
    assert clustered == pytest.approx([0.1698271400, 0.7765209119], rel=1e-8)


def test_the_penalty_is_the_ridge_of_r() -> None:
    """coxph(Surv(days, lost) ~ ridge(use, done, theta = 4, scale = FALSE)); R stops a little earlier."""
    fitted = cox.fit(COLUMNS, DAYS, LOST, penalty=4.0)
    assert fitted.coefficients == pytest.approx([-0.5872132997, -0.3325723388], rel=1e-6)
    assert fitted.errors == pytest.approx([0.1675443894, 0.4156188381], rel=1e-6)


def test_the_test_of_constant_effects_is_the_one_of_r() -> None:
    """cox.zph(f, transform = "identity")$table[, "p"]."""
    fitted = cox.fit(COLUMNS, DAYS, LOST)
    p_values = [fitted.constant_effect_p(places) for places in (0, 1, [0, 1])]
    assert p_values == pytest.approx([0.6134977896, 0.8112319921, 0.8475094956], rel=1e-5)


def test_a_column_that_says_the_same_twice_and_one_without_end() -> None:
    """Two equal columns share the effect; one that separates is stopped by a penalty, not by an error."""
    twice = cox.fit(np.column_stack([USE, USE]), DAYS, LOST)
    once = cox.fit(np.array(USE)[:, None], DAYS, LOST)
    assert twice.coefficients.sum() == pytest.approx(once.coefficients[0], rel=1e-6)
    separating = np.array(LOST, dtype=float)[:, None]
    assert abs(cox.fit(separating, DAYS, LOST, penalty=1.0).coefficients[0]) < 5


def test_nobody_lost_says_nothing() -> None:
    """No loss, no information: the hazard ratio is 1 and its test does not reject."""
    fitted = cox.fit(COLUMNS, DAYS, np.zeros(20))
    assert fitted.coefficients == pytest.approx([0, 0])
    assert cox.wald_p(fitted.coefficients, fitted.covariance) == 1.0


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


# --- worth, thresholds, segments ---------------------------------------------------------------------

Y = [1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0]
W = [1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0]
ZED = [0.2, -1, 0.5, 1.2, -0.3, 0.8, -0.7, 0.1, 0.9, -1.1, 0.4, 0.6, -0.2, -0.9, 1.1, -0.5, 0.7, -0.4, 0.3, 0,
       -0.6, -0.8, 1, 0.15, 0.05, -0.15, -0.25, 0.35, 0.45, -1.2]  # fmt: skip


def test_a_standardised_risk_is_the_one_of_r() -> None:
    """
    m <- glm(y ~ w + z, binomial); mean(predict(m, transform(e, w = 1), type = "response")), and for w = 0.
    The error: boot(e[rep(1:30, 20), ], statistic, 4000), the risk as it is less that for w = 0.
    """
    times = 20
    found = valuation.standardised(
        np.tile(np.array(Y, dtype=bool), times),
        np.tile(np.array(W, dtype=bool), times),
        np.tile(np.array(ZED)[:, None], (times, 1)),
    )
    wanted = [0.4333333333, 0.4658860694, 0.3864205776]
    assert [found.observed, found.on_worse, found.on_better] == pytest.approx(wanted, rel=1e-8)
    error = np.sqrt(((found.observed_parts - found.better_parts) ** 2).sum())
    assert error == pytest.approx(0.01715, rel=0.05)


def test_the_interval_of_a_worth_holds_the_truth() -> None:
    """120 simulated businesses; the truth by Gauss–Hermite quadrature. Held in about 95 of 100."""
    place, weight = np.polynomial.hermite_e.hermegauss(60)
    on_worse, on_better = expit(0.8 - 1.5 + 0.6 * place), expit(-1.5 + 0.6 * place)
    truth = float((weight * expit(place) * (on_worse - on_better)).sum() / weight.sum())
    draw, held = default_rng(5), 0
    for _ in range(120):
        confounder = draw.normal(size=500)
        worse = draw.random(500) < expit(confounder)
        lost = draw.random(500) < expit(-1.5 + 0.8 * worse + 0.6 * confounder)
        found = valuation.standardised(lost, worse, confounder[:, None])
        half = 1.96 * np.sqrt(((found.observed_parts - found.better_parts) ** 2).sum())
        held += abs(found.observed - found.on_better - truth) < half
    assert 107 <= held <= 119  # a binomial of 0.95 leaves this once in a hundred


def test_the_size_of_an_experiment_is_that_of_the_tables() -> None:
    """Cohen 1988, 6.4: h = 0.283 for 80 against 90 %, so 195 an arm; 85 against 80 % needs 902."""
    assert valuation.needed_per_arm(0.8, 0.9) == 195
    assert valuation.needed_per_arm(0.80, 0.85) == pytest.approx(903, abs=3)


def test_the_best_cut_is_found_by_trying_all() -> None:
    """Against the square root of chi-square at every cut, one after the other."""
    draw = default_rng(7)
    values = draw.integers(0, 9, 120).astype(float)
    lost = draw.random(120) < np.where(values >= 5, 0.2, 0.5)
    chi_square = {}
    for cut in np.unique(values)[1:]:
        upper = values >= cut
        if min(upper.sum(), (~upper).sum()) >= 20:
            counts = ([lost[upper].sum(), lost[~upper].sum()], [upper.sum(), (~upper).sum()])
            chi_square[cut] = float(association._chi_square(*map(np.array, counts)))
    assert best_cut(values, lost, 20) == max(chi_square, key=lambda cut: chi_square[cut])
    assert best_cut(values, np.zeros(120, dtype=bool), 20) is None
    assert best_cut(np.ones(120), lost, 20) is None


def test_segments_are_shrunk_as_in_r() -> None:
    """
    optimize() over the log of M of sum(lbeta(M mu + x, M (1 - mu) + n - x) - lbeta(M mu, M (1 - mu))), then
    (M mu + x) / (M + n) and qbeta(). The search here goes in steps of 3 %.
    """
    lost, customers = [53, 65, 23, 14], [161, 159, 158, 103]
    assert shrinkage.prior_precision(lost, customers) == pytest.approx(14.39, rel=0.03)
    risk, low, high = shrinkage.shrunk(lost, customers)
    assert risk == pytest.approx([0.3240714283, 0.3970169252, 0.1556886829, 0.1519650594], abs=1e-3)
    assert low == pytest.approx([0.25700641202, 0.32562031055, 0.10566648389, 0.09320115719], abs=1e-3)
    assert high == pytest.approx([0.3949369219, 0.4706642519, 0.2132683918, 0.2219391730], abs=1e-3)


def test_segments_that_chance_explains_have_the_risk_of_all() -> None:
    """Equal risks but for one customer: nothing to tell apart, so nothing is ranked."""
    risk, _, _ = shrinkage.shrunk([10, 11, 9], [50, 50, 50])
    assert risk == pytest.approx([0.2, 0.2, 0.2])


def test_the_middle_parts_as_evenly_as_ties_allow() -> None:
    """By hand: of 0 0 0 1 2 the cut after 0 parts 3 from 2; of one value there is none."""
    assert middle(np.array([0, 0, 0, 1, 2], dtype=float)) == 0
    assert middle(np.array([4, 4], dtype=float)) == 4
    assert np.isnan(middle(np.empty(0)))


def test_a_table_of_one_level_says_nothing() -> None:
    """One level, nobody lost, everybody lost: p is 1."""
    assert association.levels_p([3], [10]) == 1
    assert association.levels_p([0, 0], [10, 10]) == 1
    assert association.levels_p([10, 10], [10, 10]) == 1
    assert pd.isna(association.area(np.array([1.0]), np.array([True])).value)

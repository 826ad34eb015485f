"""The Cox model against references from outside: R 4.2 (survival) and statsmodels.

The R code that made a value stands in the docstring of its test.
"""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import optimize, stats
from statsmodels.duration.hazard_regression import PHReg

from retention_helpers.statistics import cox

DAYS = [5, 90, 12, 3, 45, 12, 90, 60, 8, 90, 33, 12, 90, 70, 5, 90, 21, 66, 90, 14]
LOST = [1, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1]
USE = [2, 9, 4, 1, 3, 6, 8, 7, 2, 12, 5, 3, 10, 4, 1, 7, 6, 9, 11, 2]
DONE = [0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 0]
COLUMNS = np.column_stack([USE, DONE]).astype(float)
MONTH = [1] * 10 + [2] * 10
WHO = [*range(1, 11)] * 2


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


def test_slices_and_rows_that_do_not_count_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows at once are only a matter of memory; rows that are not known might as well not be there."""
    whole = cox.fit(COLUMNS, DAYS, LOST, strata=MONTH)
    monkeypatch.setattr(cox, "SLICE", 3)
    sliced = cox.fit(COLUMNS, DAYS, LOST, strata=MONTH)
    assert sliced.coefficients == pytest.approx(whole.coefficients, rel=1e-10)
    assert sliced.covariance == pytest.approx(whole.covariance, rel=1e-10)
    known = np.array([True, True, True, False] * 5)
    few = cox.fit(COLUMNS[known], np.array(DAYS)[known], np.array(LOST)[known])
    among = cox.fit_of(cox.Lives(list(COLUMNS.T), DAYS, LOST).among(known), np.arange(2))
    assert among.coefficients == pytest.approx(few.coefficients, rel=1e-9)
    assert among.covariance == pytest.approx(few.covariance, rel=1e-9)
    assert among.constant_effect_p([0, 1]) == pytest.approx(few.constant_effect_p([0, 1]), rel=1e-9)


def test_a_model_is_the_same_in_other_units_and_from_another_start() -> None:
    """Twice the column has half the log hazard ratio; the search ends where the likelihood is greatest."""
    lives = cox.Lives(list((COLUMNS - COLUMNS.mean(axis=0)).T), DAYS, LOST)
    once = cox.fit_of(lives, np.arange(2))
    swapped = once.scaled(np.array([1, 0]), np.array([1.0, 2.0]))
    assert swapped.coefficients == pytest.approx([once.coefficients[1], once.coefficients[0] / 2])
    direct = cox.fit_of(lives, np.array([1, 0]), scale=[1.0, 2.0], start=[0.5, -1.0])
    assert direct.coefficients == pytest.approx(swapped.coefficients, rel=1e-7)
    assert direct.covariance == pytest.approx(swapped.covariance, rel=1e-7)
    (stepped,) = cox.first_steps(cox.fit_of(lives, np.array([0])), [[1]])
    assert stepped == pytest.approx(once.coefficients, rel=0.25), "the first of some steps"


# --- intervals where a side lost nobody, or hardly anybody -------------------------------------------


@pytest.mark.parametrize("losses", [0, 1, 3])
def test_the_likelihood_interval_is_that_of_statsmodels_likelihood(losses: int) -> None:
    """The profile of statsmodels' log likelihood (Efron's ties), maximised over the other column by scipy."""
    draw, size = default_rng(losses), 120
    flag = np.arange(size) < 30
    number = draw.standard_normal(size)
    days = draw.integers(1, 60, size)
    lost = np.where(flag, np.arange(size) < losses, draw.random(size) < 0.4)
    columns = np.column_stack([flag.astype(float), number])
    model = PHReg(days, columns, status=lost.astype(int), ties="efron")

    def height(value: float) -> float:
        best = optimize.minimize_scalar(
            lambda other: -model.loglike(np.array([value, other])), bounds=(-4, 4)
        )
        return float(-best.fun)

    low, high = cox.likelihood_interval(cox.fit(columns, days, lost, penalty=[0.01, 0.0]), 0)
    top = max(height(value) for value in (np.linspace(-3, 1, 81) if losses else [-12.0]))
    for end in (low, high):
        if np.isfinite(end):
            assert 2 * (top - height(end)) == pytest.approx(stats.chi2(1).ppf(0.95), abs=2e-2)
    assert np.isfinite(high) and (low == -np.inf) == (losses == 0)

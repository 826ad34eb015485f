"""Worth, thresholds and segments against references from outside: R 4.2 (boot), published tables.

The R code that made a value stands in the docstring of its test.
"""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.special import expit

from retention_helpers.churned_vs_retained import shrinkage, valuation
from retention_helpers.churned_vs_retained.cuts import best_cut
from retention_helpers.churned_vs_retained.univariate import middle
from retention_helpers.statistics import association

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
        if min(upper.sum(), (~upper).sum()) >= 24:  # a fifth of all, more than the 20 asked for
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

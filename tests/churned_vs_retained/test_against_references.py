"""Worth, thresholds and segments against references from outside: R 4.2 (boot), published tables.

The R code that made a value stands in the docstring of its test.
"""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import optimize, stats
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


def test_segments_are_shrunk_as_by_drawing_what_is_not_known() -> None:
    """Means and spreads drawn evenly, each weighed by SciPy's beta-binomial; then a risk from each."""
    lost, customers = np.array([53, 65, 23, 14]), np.array([161, 159, 158, 103])
    draw = default_rng(3)
    mean, spread = draw.uniform(0.1, 0.5, (2, 60_000))
    size = spread**-2 - 1
    a, b = (mean * size)[:, None], ((1 - mean) * size)[:, None]
    weight = np.exp(stats.betabinom.logpmf(lost, customers, a, b).sum(axis=1))
    chosen = draw.choice(len(weight), 60_000, p=weight / weight.sum())
    drawn = draw.beta(a[chosen] + lost, b[chosen] + customers - lost)
    for found, expected in zip(
        shrinkage.shrunk(lost, customers),
        (drawn.mean(0), *np.quantile(drawn, [0.025, 0.975], 0)),
        strict=True,
    ):
        assert found == pytest.approx(expected, abs=4e-3)


def test_many_segments_are_shrunk_as_by_empirical_bayes() -> None:
    """With 80 segments of 400 customers mean and spread are as good as known: SciPy's beta-binomial fit."""
    draw = default_rng(4)
    customers = np.full(80, 400)
    lost = draw.binomial(customers, draw.beta(6, 24, 80))
    mean = lost.sum() / customers.sum()

    def unlikely(log_size: float) -> float:
        a, b = mean * np.exp(log_size), (1 - mean) * np.exp(log_size)
        return -float(stats.betabinom.logpmf(lost, customers, a, b).sum())

    size = np.exp(optimize.minimize_scalar(unlikely, bounds=(0, 9), method="bounded").x)
    a, b = mean * size + lost, (1 - mean) * size + customers - lost
    for found, expected in zip(
        shrinkage.shrunk(lost, customers),
        (a / (a + b), *stats.beta.ppf([[0.025], [0.975]], a, b)),
        strict=True,
    ):
        assert found == pytest.approx(expected, abs=2e-3)


def test_segments_that_chance_explains_are_hardly_told_apart() -> None:
    """Equal risks but for one customer: drawn together, with intervals about as wide as that of each."""
    risk, low, high = shrinkage.shrunk([10, 11, 9], [50, 50, 50])
    assert np.ptp(risk) < 0.02 and risk.mean() == pytest.approx(0.2, abs=0.01)
    assert (low < 0.14).all() and (high > 0.27).all()
    alone = shrinkage.shrunk([10], [50])
    assert [float(end[0]) for end in alone] == pytest.approx([0.2, 0.1124, 0.3304], abs=1e-4)


def test_the_middle_parts_as_evenly_as_ties_allow() -> None:
    """By hand: of 0 0 0 1 2 the cut after 0 parts 3 from 2; of one value there is none."""
    assert middle(np.array([0, 0, 0, 1, 2], dtype=float)) == 0
    assert middle(np.array([4, 4], dtype=float)) == 4
    assert np.isnan(middle(np.empty(0)))

"""Shares, ratios and areas for rows that share a customer: against R and statsmodels, and by their laws."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from sklearn.metrics import roc_auc_score
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep

from retention_helpers.statistics.clusters import Areas, areas, clustered_rate, matched_ratio
from retention_helpers.statistics.intervals import rate, wilson

# Three strata: events and customers of the flagged, then of the others.
STRATA = ((12, 100, 30, 900), (9, 50, 25, 450), (20, 200, 40, 800))

# Twenty-six rows of twelve customers.
CUSTOMER = np.repeat(np.arange(12), [3, 2, 1, 4, 2, 3, 1, 2, 3, 2, 1, 2])
SCORE = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3.0])
EVENT = np.array([0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1], dtype=bool)


def rows_of(strata: tuple[tuple[int, int, int, int], ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flag, event and stratum, a row each."""
    rows = [
        (flag, nth < events, stratum)
        for stratum, (a, n1, b, n0) in enumerate(strata)
        for flag, events, size in ((True, a, n1), (False, b, n0))
        for nth in range(size)
    ]
    flag, event, stratum = (np.array(column) for column in zip(*rows, strict=True))
    return flag, event, stratum


# ---------------------------------------------------------------------------- a share


def test_a_row_each_is_wilson() -> None:
    """Customers with one row each are independent rows."""
    event = np.arange(200) < 9
    assert astuple(clustered_rate(event, np.arange(200))) == pytest.approx(astuple(rate(9, 200)))


def test_the_error_is_the_one_of_clusters() -> None:
    """The design effect is the variance of clusters over that of rows, from OLS on a constant in statsmodels.

    `cov_type="cluster"` with `use_correction=False` and the factor 12 / 11 for twelve customers, against the
    ordinary variance.
    """
    event = (CUSTOMER + np.arange(26) // 9) % 4 == 1
    model = OLS(event.astype(float), np.ones(26))
    clustered = model.fit(cov_type="cluster", cov_kwds={"groups": CUSTOMER, "use_correction": False})
    effect = clustered.bse[0] ** 2 * 12 / 11 / model.fit().bse[0] ** 2
    share, size = event.mean(), 26 / effect
    low, high = wilson(share * size, size)
    found = clustered_rate(event, CUSTOMER)
    assert effect > 1.1
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), rel=1e-9)
    assert (found.numerator, found.denominator) == (int(event.sum()), 26)


def test_rows_that_repeat_a_customer_tell_nothing_new() -> None:
    """Ten rows a customer, all alike, leave the interval about where it is with one row a customer."""
    event = np.arange(60) < 12
    once, often = (
        clustered_rate(np.repeat(event, times), np.repeat(np.arange(60), times)) for times in (1, 10)
    )
    assert often.value == once.value
    assert (often.low, often.high) == pytest.approx((once.low, once.high), abs=0.002)


def test_nobody_and_everybody() -> None:
    """Without any event the rows of a customer count as one: 5 customers, not 50 rows."""
    none = clustered_rate(np.zeros(50, dtype=bool), np.repeat(np.arange(5), 10))
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(rate(0, 5).high)
    everybody = clustered_rate(np.ones(50, dtype=bool), np.repeat(np.arange(5), 10))
    assert (everybody.high, everybody.low) == (1.0, pytest.approx(rate(5, 5).low))
    assert np.isnan(clustered_rate(np.zeros(0, dtype=bool), np.zeros(0, dtype=int)).value)


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40))
def test_the_order_of_rows_and_the_names_of_customers_do_not_matter(rows: list[tuple[int, bool]]) -> None:
    customer, event = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    first = clustered_rate(event, customer)
    again = clustered_rate(event[::-1], 100 - customer[::-1])
    assert (first.low, first.high) == pytest.approx((again.low, again.high))
    assert 0 <= first.low <= first.value <= first.high <= 1


# ---------------------------------------------------------------------------- a ratio


def test_ratio_and_p_are_those_of_mantel_and_haenszel() -> None:
    """R 4.2.2: f <- array(c(12,88,30,870, 9,41,25,425, 20,180,40,760), c(2,2,3));
    mantelhaen.test(f, correct=FALSE) gives X-squared 29.51623, p 5.54505e-08; the ratio by its formula is
    2.5851851852, with Greenland and Robins' interval 1.826 to 3.660.
    """
    flag, event, stratum = rows_of(STRATA)
    found = matched_ratio(flag, event, stratum, np.arange(len(flag)))
    assert found.value == pytest.approx(2.5851851852, abs=5e-11)
    assert found.p_value == pytest.approx(5.54505e-08, abs=5e-14)
    assert ndtri(found.p_value / 2) ** 2 == pytest.approx(29.51623, abs=5e-6)
    assert (found.low, found.high) == pytest.approx((1.826, 3.660), abs=0.02)
    table = StratifiedTable([np.array([[a, n1 - a], [b, n0 - b]]) for a, n1, b, n0 in STRATA])
    assert found.value == pytest.approx(table.riskratio_pooled)


@pytest.mark.parametrize("table", [(12, 100, 30, 900), (0, 20, 8, 100), (3, 10, 5, 60), (56, 70, 48, 80)])
def test_one_stratum_is_the_interval_of_miettinen_and_nurminen(table: tuple[int, int, int, int]) -> None:
    """statsmodels' score interval of a ratio with its small-sample factor, which is theirs."""
    flag, event, stratum = rows_of((table,))
    found = matched_ratio(flag, event, stratum, np.arange(len(flag)))
    ends = confint_proportions_2indep(*table, compare="ratio", method="score", correction=True)
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-6)


def test_customers_with_several_rows_make_it_wider() -> None:
    """Every row twice, for the same customer: the ratio stays, and so does the interval, but for n − 1."""
    flag, event, stratum = rows_of(STRATA)
    once = matched_ratio(flag, event, stratum, np.arange(len(flag)))
    twice = matched_ratio(*(np.repeat(column, 2) for column in (flag, event, stratum, np.arange(len(flag)))))
    assert twice.value == pytest.approx(once.value)
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high), rel=0.01)
    apart = matched_ratio(
        *(np.repeat(column, 2) for column in (flag, event, stratum)), np.arange(2 * len(flag))
    )
    assert apart.low > once.low * 1.05 and apart.high < once.high / 1.05


def test_strata_without_both_sides_are_left_out() -> None:
    flag, event, stratum = rows_of(STRATA)
    lonely = np.array([True] * 40)
    more = matched_ratio(
        np.r_[flag, lonely], np.r_[event, lonely], np.r_[stratum, 7 + 0 * lonely], np.arange(len(flag) + 40)
    )
    assert more == pytest.approx(matched_ratio(flag, event, stratum, np.arange(len(flag))))


def test_ratios_at_the_edge() -> None:
    """No event of the others: no upper end. No event at all, or nobody to compare with: no number."""
    flag = np.arange(40) < 10
    only_ours = matched_ratio(flag, np.arange(40) < 3, np.zeros(40, dtype=int), np.arange(40))
    assert only_ours.value == only_ours.high == np.inf and only_ours.low > 1
    only_theirs = matched_ratio(flag, np.arange(40) > 36, np.zeros(40, dtype=int), np.arange(40))
    assert (only_theirs.value, only_theirs.low) == (0.0, 0.0) and 1 < only_theirs.high < np.inf
    for event, mark in ((flag & False, flag), (flag, flag | True), (flag[:0], flag[:0])):
        assert np.isnan(matched_ratio(mark, event, 0 * event.astype(int), np.arange(len(mark))).value)


@given(st.integers(0, 2**32 - 1))
def test_interval_and_p_agree(seed: int) -> None:
    """The interval leaves out 1 exactly where p is below 0.05; order and numbering do not matter."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(20, 120))
    customer, stratum = rng.integers(0, 25, size), rng.integers(0, 3, size)
    flag, event = rng.random(size) < 0.3, rng.random(size) < 0.25
    found = matched_ratio(flag, event, stratum, customer)
    if np.isnan(found.value):
        return
    assert found.low <= found.value <= found.high
    assert (found.low > 1 or found.high < 1) == (found.p_value < 0.05)
    order = rng.permutation(size)
    again = matched_ratio(flag[order], event[order], 5 - stratum[order], 90 - customer[order])
    assert again == pytest.approx(found)


# ---------------------------------------------------------------------------- an area


def test_area_and_its_error_are_those_of_r() -> None:
    """R 4.2.2, survival 3.5.3: concordance(y ~ x) gives 0.8720238095 with variance 0.0041971836, and with
    cluster=id 0.0015872850. R leaves out the factors 26 / 25 and 12 / 11 of small samples.
    """
    alone = areas([SCORE], EVENT, np.arange(26))
    shared = areas([SCORE], EVENT, CUSTOMER)
    assert alone.values[0] == pytest.approx(0.8720238095, abs=5e-11)
    assert alone.covariance[0, 0] * 25 / 26 == pytest.approx(0.0041971836, abs=5e-11)
    assert shared.covariance[0, 0] * 11 / 12 == pytest.approx(0.0015872850, abs=5e-11)


def test_area_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    event = rng.random(400) < 0.2
    score = np.round(rng.normal(size=400) + event, 1)  # with ties
    assert areas([score], event, np.arange(400)).values[0] == pytest.approx(roc_auc_score(event, score))


def test_two_scores_are_compared_in_pairs() -> None:
    """A score leads itself by nothing, and its reverse by twice as much as it is above 0.5."""
    found = areas([SCORE, SCORE, -SCORE], EVENT, CUSTOMER)
    assert found.difference(0, 1) == pytest.approx((0, 0, 0), abs=1e-12)
    lead, low, high = found.difference(0, 2)
    assert lead == pytest.approx(2 * (found.values[0] - 0.5)) and low < lead < high


def test_an_area_at_its_end_has_no_width() -> None:
    perfect = areas([EVENT.astype(float)], EVENT, CUSTOMER)
    assert isinstance(perfect, Areas) and perfect.interval(0) == (1.0, 1.0)

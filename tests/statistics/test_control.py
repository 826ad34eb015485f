"""The control chart: its test and its limits against R and scipy, and what it may look at."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from retention_helpers.business import Business
from retention_helpers.measurement import measures
from retention_helpers.measurement.said import control as said_control
from retention_helpers.statistics import control
from retention_helpers.statistics.intervals import with_rate


def churn_table(*rows: tuple[int, int]) -> pd.DataFrame:
    """A table of churn from (lost, customers at the start), a row a month."""
    frame = pd.DataFrame(rows, columns=["lost", "customers_at_start"])
    months = pd.date_range(end="2026-03-01", periods=len(rows), freq="MS")
    return with_rate(frame.assign(month=months), "churn_rate", "lost", "customers_at_start")


# --- from outside ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lost", "customers", "p"),
    [
        # R 4.2: prop.test(lost, customers)$p.value
        ([5, 4, 6, 5, 7, 3], [100] * 6, 0.8343965405),
        ([2, 8, 4, 9, 3, 7, 1, 6], [80] * 8, 0.07713390699),
        ([1, 6, 3, 7, 3, 6, 1, 6], [80] * 8, 0.1645846946),
        ([3, 9, 4, 11, 6, 2, 8, 12, 5, 7], [90, 110, 100, 120, 95, 105, 100, 130, 98, 102], 0.3084975227),
    ],
)
def test_months_vary_where_r_says_so(lost: list[int], customers: list[int], p: float) -> None:
    """The chi-square test of equal shares, held against 0.2."""
    assert control.varies_more_than_chance(lost, customers) == (p < control.VARIES_BELOW)


@pytest.mark.parametrize(
    ("lost", "customers", "now"),
    [(30, 600, 50), (356, 6430, 423), (5, 400, 40), (0, 300, 60), (2500, 50_000, 5000), (60, 100, 12)],
)
def test_binomial_limits_are_those_of_scipy(lost: int, customers: int, now: int) -> None:
    """One risk for all months, known up to its Jeffreys posterior: scipy's beta-binomial distribution."""
    sizes = [customers // 10] * 10
    evenly = np.diff(np.floor(np.linspace(0, lost, 11)))
    expected = control.risk(evenly, sizes)
    assert not expected.varies
    reference = betabinom(now, lost + 0.5, sum(sizes) - lost + 0.5)
    tail = control.OUTSIDE / 2
    assert control.usual_range(expected, now) == (reference.ppf(tail), reference.ppf(1 - tail))


@pytest.mark.parametrize(("mean", "spread", "now"), [(0.05, 0.4, 500), (0.1, 0.3, 1000), (0.05, 0.5, 200)])
def test_limits_of_varying_months_are_those_of_the_distribution_that_made_them(
    mean: float, spread: float, now: int
) -> None:
    """Two hundred months at the quantiles of a beta-binomial: its own limits come back, nearly."""
    size = (1 - mean) / (mean * spread**2) - 1
    made = betabinom(now, mean * size, (1 - mean) * size)
    months = made.ppf((np.arange(200) + 0.5) / 200)
    expected = control.risk(months, np.full(200, now))
    assert expected.varies
    fewest, most = control.usual_range(expected, now)
    tail = control.OUTSIDE / 2
    assert fewest == pytest.approx(made.ppf(tail), abs=0.01 * now)
    assert most == pytest.approx(made.ppf(1 - tail), abs=0.01 * now)


# --- by hand ---------------------------------------------------------------------------------------


def test_a_month_is_judged_by_the_months_before_it() -> None:
    """Ten months of 5 in 100, one of 20, one of 5 again.

    The eleventh is unusual; itself is no part of what is usual in it. The twelfth is judged with it.
    """
    chart = control.chart(churn_table(*[(5, 100)] * 10, (20, 100), (5, 100)))
    assert chart["months_before"].tolist() == list(range(12))
    assert chart["unusual"].tolist() == [None] * 8 + [False, False, True, False]
    assert chart["usual_rate"][10] == pytest.approx(0.05)
    assert chart["usual_rate"][11] == pytest.approx(70 / 1100)
    assert control.unusual(chart) is False
    assert control.unusual(chart.head(11)) is True
    assert control.unusual(chart.head(8)) is None


def test_months_that_began_without_customers_say_nothing() -> None:
    """They are neither judged nor counted among the months before."""
    chart = control.chart(churn_table((0, 0), *[(5, 100)] * 8, (0, 0), (5, 100)))
    assert chart["months_before"].tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8]
    assert chart["unusual"].tolist() == [None] * 10 + [False]


def test_only_the_last_24_months_count() -> None:
    """What a business lost three years ago is no measure of today."""
    chart = control.chart(churn_table(*[(30, 100)] * 12, *[(5, 100)] * 24, (15, 100)))
    assert chart["months_before"].iloc[-1] == 24
    assert chart["usual_rate"].iloc[-1] == pytest.approx(0.05)
    assert control.unusual(chart) is True


def test_with_few_customers_no_month_can_be_unusually_good() -> None:
    """Of 40 customers none may leave, and that is still usual."""
    chart = control.chart(churn_table(*[(2, 40)] * 10, (0, 40)))
    assert chart["fewest_usual"].iloc[-1] == 0
    assert control.unusual(chart) is False


# --- laws ------------------------------------------------------------------------------------------

MONTHS = st.lists(st.integers(20, 400).flatmap(lambda n: st.tuples(st.integers(0, n // 3), st.just(n))),
                  min_size=9, max_size=14)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(MONTHS, st.randoms())
def test_later_months_and_the_order_of_earlier_ones_change_nothing(
    rows: list[tuple[int, int]], chance: Any
) -> None:
    """A row is what the report of its month said; the months before it are a heap, not a line."""
    whole = control.chart(churn_table(*rows))
    cut = control.chart(churn_table(*rows[:-1]))
    numbers = ["usual_rate_low", "usual_rate_high", "fewest_usual", "most_usual", "unusual"]
    pd.testing.assert_frame_equal(whole[numbers].iloc[:-1], cut[numbers])
    shuffled = rows[:-1]
    chance.shuffle(shuffled)
    again = control.chart(churn_table(*shuffled, rows[-1]))
    assert again[numbers].iloc[-1].tolist() == pytest.approx(whole[numbers].iloc[-1].tolist())


@settings(max_examples=25, deadline=None)
@given(MONTHS)
def test_the_usual_range_holds_the_usual_share(rows: list[tuple[int, int]]) -> None:
    """And never more than all customers."""
    last = control.chart(churn_table(*rows)).iloc[-1]
    usual = last["usual_rate"] * last["customers_at_start"]
    assert 0 <= last["fewest_usual"] <= np.ceil(usual)
    assert np.floor(usual) <= last["most_usual"] <= last["customers_at_start"]


# --- planted truth ---------------------------------------------------------------------------------


def test_the_outage_of_the_sample_is_its_only_unusual_month(sample: Business) -> None:
    """March 2026, after the outage of the 4th; nothing else was planted."""
    chart = control.chart(measures.customer_churn(sample))
    assert chart.loc[chart["unusual"] == True, "month"].tolist() == [pd.Timestamp("2026-03-01")]  # noqa: E712
    said = said_control.unusual(chart[chart["month"] <= "2026-03-01"], measures.owner_notes(sample)).text
    assert "is unusual: 34 of 338 customers left" in said
    assert "Outage: boards offline for eleven hours" in said


# --- in words --------------------------------------------------------------------------------------

NO_NOTES = pd.DataFrame({"happened_on": [], "note": []})


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(0, 0)], "began without customers"),
        ([(1, 20)] * 2, "8 earlier months that began with customers, and there is one."),
        ([(1, 20)] * 4, "there are 3."),
        ([(1, 20)], "there is none."),
        ([(5, 100)] * 9, "differed by no more than chance. Not even a month without a loss"),
        ([(1, 100), (12, 100)] * 6 + [(5, 100)], "differed by more than chance, and the range is wider"),
        ([(50, 1000)] * 9 + [(5, 1000)], "is unusual: 5 of 1,000 customers left"),
        ([(50, 1000)] * 9 + [(5, 1000)], "You noted nothing in it."),
    ],
)
def test_the_verdict_in_words(rows: list[tuple[int, int]], words: str) -> None:
    """Judged, not judged, and why."""
    assert words in said_control.unusual(control.chart(churn_table(*rows)), NO_NOTES).text


def test_the_record_holds_every_month_of_the_chart() -> None:
    """Null where a month is not judged."""
    record = said_control.control_chart(churn_table(*[(5, 100)] * 9)).record()
    assert record["unusual"] is False
    first, last = record["control_chart"][0], record["control_chart"][-1]
    assert (first["unusual"], last["unusual"], last["months_before"]) == (None, False, 8)
    assert (last["month"], last["spread"]) == ("2026-03", "chance alone")

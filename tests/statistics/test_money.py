"""Intervals of shares of money: where they must agree with what is known, and laws."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_helpers.statistics import money
from retention_helpers.statistics.intervals import wilson


def retained(paid: list[float], now: list[float]) -> dict[str, float]:
    """Gross and net retention of customers who paid `paid` and pay `now`."""
    before, after = np.array(paid, dtype=float), np.array(now, dtype=float)
    kept = np.minimum(before, after)
    grown = after - kept
    sums = {
        "base": before.sum(), "base_squared": before @ before,
        "kept": kept.sum(), "kept_squared": kept @ kept,
        "kept_by_base": kept @ before, "grown": grown.sum(), "grown_squared": grown @ grown,
        "grown_by_base": grown @ before,
    }  # fmt: skip
    frame = pd.DataFrame({name: [Decimal(repr(float(amount)))] for name, amount in sums.items()})
    found = money.with_retention(frame).iloc[0]
    return {name.replace("_revenue_retention", ""): float(value) for name, value in found.items()}


@pytest.mark.parametrize(("stayed", "customers"), [(45, 50), (1, 3), (0, 8), (50, 50), (4000, 5000)])
def test_among_equal_customers_gross_is_wilson(stayed: int, customers: int) -> None:
    """Everybody pays the same, and stays or leaves: a share of money is a share of customers."""
    found = retained([20.0] * customers, [20.0] * stayed + [0.0] * (customers - stayed))
    low, high = wilson(stayed, customers)
    assert found["gross"] == pytest.approx(stayed / customers)
    assert (found["gross_low"], found["gross_high"]) == pytest.approx((float(low), float(high)))


def test_unequal_customers_count_as_fewer_equal_ones() -> None:
    """One pays 100, ten pay 10, all stay: (200² / 11,000) = 3.64 equal customers (Kish)."""
    found = retained([100.0] + [10.0] * 10, [100.0] + [10.0] * 10)
    low, _ = wilson(200**2 / 11_000, 200**2 / 11_000)
    assert (found["gross"], found["gross_high"]) == (1.0, 1.0)
    assert found["gross_low"] == pytest.approx(float(low))


def test_growth_has_the_interval_of_a_score() -> None:
    """Four of 100 customers double: net 1.04; the ends solve (0.04 − m)² = z² · k · m.

    With k = variance / mean = (4 · 0.96² + 96 · 0.04²) / 100² / 0.04 = 0.0096.
    """
    found = retained([10.0] * 100, [20.0] * 4 + [10.0] * 96)
    less, more = found["net"] - found["net_low"], found["net_high"] - found["net"]
    gross_low, _ = wilson(100, 100)
    assert found["net"] == pytest.approx(1.04)
    lower_end = 0.04 - np.sqrt(less**2 - (1 - float(gross_low)) ** 2)
    for end in (lower_end, 0.04 + more):
        assert (0.04 - end) ** 2 == pytest.approx(money.Z**2 * 0.0096 * end)


def test_where_nobody_pays_more_net_may_still_be_higher() -> None:
    """A bootstrap of 50 customers who all stayed and changed nothing would say: exactly 100 %."""
    found = retained([10.0] * 50, [10.0] * 50)
    assert found["net_low"] < 0.95
    assert found["net_high"] > 1.02


def test_nothing_paid_is_no_share() -> None:
    """Not 0, not 1, and no error."""
    assert all(np.isnan(value) for value in retained([0.0, 0.0], [0.0, 5.0]).values())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 9.99, 19.0, 59.0, 149.0, 900.0]), st.sampled_from([0, 0.5, 1, 1, 1, 2])
        ),
        min_size=2,
        max_size=40,
    ),
    st.sampled_from([0.001, 7.0, 1000.0]),
)
def test_laws_of_retention(customers: list[tuple[float, float]], scale: float) -> None:
    """Ends around the value, gross at most net and 1, nothing below 0, and no unit of money matters."""
    paid = [price for price, _ in customers]
    now = [price * factor for price, factor in customers]
    if not sum(paid):
        return
    found = retained(paid, now)
    assert 0 <= found["gross_low"] <= found["gross"] + 1e-12
    assert found["gross"] <= found["gross_high"] + 1e-12 <= 1 + 2e-12
    assert found["gross"] <= found["net"] + 1e-12
    assert 0 <= found["net_low"] <= found["net"] + 1e-12 <= found["net_high"] + 2e-12
    other = retained([scale * price for price in paid], [scale * price for price in now])
    assert other == pytest.approx(found, rel=1e-6, abs=1e-9)


def test_the_largest_amounts_have_room(opened: Any) -> None:
    """Three hundred customers at the most that the contract allows: squares of a million million."""
    from retention_helpers.measurement import measures

    most = "999999999999.999999"
    spans = [(f"C-{n}", "2026-01-05", "2026-03-05" if n < 3 else "", most) for n in range(300)]
    with opened(spans) as business:
        last = measures.revenue_retention(business).iloc[-1]
    low, high = wilson(297, 300)
    assert last["gross_revenue_retention"] == pytest.approx(0.99)
    ends = last["gross_revenue_retention_low"], last["gross_revenue_retention_high"]
    assert ends == pytest.approx((float(low), float(high)))

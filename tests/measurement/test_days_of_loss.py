"""On which day customers leave, and how many on a renewal day: by hand."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from retention_helpers.business import Business
from retention_helpers.measurement import days_of_loss, measures
from retention_helpers.measurement.said import month as said_month


@pytest.fixture(scope="module")
def march(business_of: Callable[..., Business]) -> Business:
    """Lost in March 2026, and the day on which unbroken billing at their interval began.

    month        5 January, lost on 5 March              renewal: two months are over (day 59)
    clamped      31 December, lost on 28 February        renewal: February has no 31st (day 59)
    between      5 January, lost on 7 March              none (day 61)
    upgraded     5 January, dearer from 20 February,
                 lost on 5 March                         renewal: the interval never broke (day 59)
    quarter      6 December, lost on 6 March             renewal (day 90)
    not_quarter  6 January, lost on 6 March              none: two months of a quarter (day 59)
    year         10 March 2025, lost on 10 March         renewal (day 365)
    week         2 February, lost on 9 March             renewal: five weeks (day 35)
    to_years     monthly from 1 January 2025, yearly
                 from 15 March 2025, lost on 15 March    renewal of the year (day 438)
    unknown      no interval                             not known (day 40)
    at_once      3 February, by the year, lost 4 March   none (day 29)
    """
    spans = [
        ("month", "2026-01-05", "2026-03-05", "month"),
        ("clamped", "2025-12-31", "2026-02-28", "month"),
        ("between", "2026-01-05", "2026-03-07", "month"),
        ("upgraded", "2026-01-05", "2026-02-20", "month"),
        ("upgraded", "2026-02-20", "2026-03-05", "month"),
        ("quarter", "2025-12-06", "2026-03-06", "quarter"),
        ("not_quarter", "2026-01-06", "2026-03-06", "quarter"),
        ("year", "2025-03-10", "2026-03-10", "year"),
        ("week", "2026-02-02", "2026-03-09", "week"),
        ("to_years", "2025-01-01", "2025-03-15", "month"),
        ("to_years", "2025-03-15", "2026-03-15", "year"),
        ("unknown", "2026-01-20", "2026-03-01", ""),
        ("at_once", "2026-02-03", "2026-03-04", "year"),
    ]
    return business_of([(who, begin, end, 10, "active", "team", paid) for who, begin, end, paid in spans])


def test_losses_by_day_by_hand(march: Business) -> None:
    """Day, lost, of how many it is known, on a renewal day."""
    found = days_of_loss.losses_by_day(march)
    assert [tuple(row) for row in found.itertuples(index=False)] == [
        (29, 1, 1, 0), (35, 1, 1, 1), (40, 1, 0, 0), (59, 4, 4, 3), (61, 1, 1, 0), (90, 1, 1, 1),
        (365, 1, 1, 1), (438, 1, 1, 1),
    ]  # fmt: skip
    assert found["lost"].sum() == measures.customer_churn(march)["lost"].sum()


def test_the_share_on_a_renewal_day_is_of_those_of_whom_it_is_known(march: Business) -> None:
    """Seven of ten, one unknown, with Wilson's interval as scipy 1.17's binomtest gives it; in words, too."""
    found = days_of_loss.losses_by_day(march)
    share = days_of_loss.on_renewal_day(found)
    assert (share.numerator, share.denominator) == (7, 10)
    assert (share.low, share.high) == pytest.approx((0.3967781, 0.8922087), abs=1e-6)
    said = said_month.losses_by_day(found).text
    assert said.startswith("7 of 10 left on a renewal day") and "known of 11" in said


def test_months_before_are_left_out(march: Business) -> None:
    """The loss of February is not one of the last month."""
    assert days_of_loss.losses_by_day(march, months_back=1)["lost"].sum() == 10


def test_nobody_lost_and_nothing_known(opened: Any) -> None:
    """No row, no share, a sentence."""
    with opened([("A", "2026-01-05", "", 10)]) as business:
        found = days_of_loss.losses_by_day(business)
    assert found.empty and list(found) == ["day", "lost", "renewal_known", "on_renewal_day"]
    assert pd.isna(days_of_loss.on_renewal_day(found).value)
    assert "Nobody was lost" in said_month.losses_by_day(found).text

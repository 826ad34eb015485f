"""Annual renewals: by hand, and the groups that add up."""

from collections.abc import Callable
from typing import Any

import pytest

from retention_helpers.business import Business
from retention_helpers.measurement import measures, renewals
from retention_helpers.measurement.said import revenue as said_revenue
from retention_helpers.statistics.intervals import wilson


@pytest.fixture(scope="module")
def march(business_of: Callable[..., Business]) -> Business:
    """The customers of March 2026, and the day on which their annual billing began.

    renews       5 March 2024, two spans                    due, stays
    leaves       5 March 2025                               due, lost on the 5th
    upgrades     1 March 2025, a dearer plan from October   due by the first day of annual billing, stays
    to_months    10 March 2025, monthly from 10 March 2026  due, stays
    leap         29 February 2024                           due in February, stays
    between      5 June 2025                                not due, stays
    at_once      5 June 2025                                not due, refunded and lost in March
    fresh        5 March 2026                               no customer at the start of the month
    monthly      5 March 2025                               every other interval, lost
    switched     monthly from 2024, yearly from 20 May 2025 not due: the year began in May
    """
    year = ("active", "team", "year")
    return business_of(
        [
            ("renews", "2024-03-05", "2025-03-05", 10, *year),
            ("renews", "2025-03-05", "", 10, *year),
            ("leaves", "2025-03-05", "2026-03-05", 10, *year),
            ("upgrades", "2025-03-01", "2025-10-01", 10, *year),
            ("upgrades", "2025-10-01", "", 20, "active", "studio", "year"),
            ("to_months", "2025-03-10", "2026-03-10", 10, *year),
            ("to_months", "2026-03-10", "", 12, "active", "team", "month"),
            ("leap", "2024-02-29", "", 10, *year),
            ("between", "2025-06-05", "", 10, *year),
            ("at_once", "2025-06-05", "2026-03-09", 10, *year),
            ("fresh", "2026-03-05", "", 10, *year),
            ("monthly", "2025-03-05", "2026-03-07", 10, "active", "team", "month"),
            ("switched", "2024-01-20", "2025-05-20", 12, "active", "team", "month"),
            ("switched", "2025-05-20", "", 10, *year),
        ]
    )


def test_renewals_of_a_month_by_hand(march: Business) -> None:
    """Four due, one of them lost; four not due, one lost; one on another interval, lost."""
    found = renewals.renewals(march)
    month = found[found["period"] == "month"]
    assert month["group"].tolist() == list(renewals.GROUPS)
    assert month["customers_at_start"].tolist() == [4, 4, 1]
    assert month["lost"].tolist() == [1, 1, 1]
    assert month["churn_rate"].tolist() == pytest.approx([0.25, 0.25, 1.0])


def test_renewals_of_a_year_by_hand(march: Business) -> None:
    """April 2025 to March 2026: due are the four of March, and leap in February."""
    year = renewals.renewals(march).query("period == 'last 12 months'").set_index("group")
    assert year.loc["annual, renewal due", ["customers_at_start", "lost"]].tolist() == [5, 1]


@pytest.mark.parametrize(("period", "months_back"), [("month", 1), ("last 12 months", 12)])
def test_the_groups_add_up_to_all_churn(sample: Business, period: str, months_back: int) -> None:
    """Nobody is in two groups, nobody in none."""
    found = renewals.renewals(sample).query("period == @period")
    churn = measures.customer_churn(sample).tail(months_back)
    assert found["customers_at_start"].sum() == churn["customers_at_start"].sum()
    assert found["lost"].sum() == churn["lost"].sum()


def test_in_the_sample_annual_customers_leave_at_renewals_alone(sample: Business) -> None:
    """Planted: who is on an annual plan and cancels leaves at the end of the year that is paid."""
    year = renewals.renewals(sample).query("period == 'last 12 months'").set_index("group")
    assert year.loc["annual, not due", "lost"] == 0
    assert year.loc["annual, renewal due", "lost"] > 0


def test_without_annual_plans_there_is_nothing_to_renew(opened: Any) -> None:
    """A plan that is paid every month, or of which nothing is known."""
    with opened(
        [("A", "2025-01-05", "", 10, "active", "solo", "month"), ("B", "2025-01-05", "", 9)]
    ) as business:
        found = renewals.renewals(business)
    assert found["customers_at_start"].tolist() == [0, 0, 2, 0, 0, 24]
    assert said_revenue.renewals(found).text.startswith("No annual plan fell due")


def test_renewals_in_words(march: Business) -> None:
    """One of five, and what a year of the other plans costs."""
    said = said_revenue.renewals(renewals.renewals(march)).text
    assert "Of the 5 annual renewals that fell due in the last 12 months, 1 ended with the" in said
    assert "over a year." in said


def test_the_renewals_ahead(opened: Any) -> None:
    """Two annual plans fell due, one of them ended; three are there at the end, and one that is monthly."""
    annual = ("active", "team", "year")
    spans = [
        ("A", "2025-02-05", "", 10, *annual),
        ("B", "2025-02-05", "2026-02-05", 10, *annual),
        ("C", "2025-08-05", "", 10, *annual),
        ("D", "2026-03-05", "", 10, *annual),
        ("E", "2025-08-05", "", 10),
    ]
    with opened(spans) as business:
        due = renewals.renewals(business)
        ahead = renewals.ahead(business, due)
    assert (ahead.customers, ahead.expected) == (3, round(3 * 0.5))
    assert ahead.expected_low == round(3 * float(wilson(1, 2)[0]))
    said = said_revenue.renewals_ahead(ahead, due)
    assert said is not None
    assert "all 3 customers who pay by the year have to renew" in said.text
    assert "ended: if it stays so, 2 (0–3) of the 3 will leave." in said.text


def test_no_renewal_ahead_without_annual_plans(opened: Any) -> None:
    """And none to count on where none has fallen due."""
    with opened([("A", "2026-01-05", "", 10)]) as business:
        due = renewals.renewals(business)
        assert said_revenue.renewals_ahead(renewals.ahead(business, due), due) is None
    with opened([("A", "2026-01-05", "", 10, "active", "team", "year")]) as business:
        due = renewals.renewals(business)
        said = said_revenue.renewals_ahead(renewals.ahead(business, due), due)
    assert said is not None
    assert "the one customer who pays by the year has to renew" in said.text
    assert said.text.endswith("None has fallen due yet.")

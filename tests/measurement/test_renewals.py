"""Annual renewals: by hand, and the groups that add up."""

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import oracle
import pandas as pd
import pytest

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_losses
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
    """Four fell due in March. Thirty days have passed by 1 April for the 1st alone, which was renewed."""
    found = renewals.renewals(march)
    month = found[found["period"] == "month"].set_index("group")
    assert list(month.index) == list(renewals.GROUPS)
    due = month.loc["annual, renewal due"]
    assert (due["due"], due["undecided"], due["customers"], due["lost"]) == (4, 3, 1, 0)
    # Eight with an annual plan at the start of March; at_once left at no renewal. One is monthly, and left.
    assert month.loc["annual, not due", ["customers", "lost"]].tolist() == [8, 1]
    assert month.loc["every other interval", ["customers", "lost", "churn_rate"]].tolist() == [1, 1, 1.0]


def test_renewals_of_a_year_by_hand(march: Business) -> None:
    """April 2025 to March 2026: the four of March, and leap on 28 February; two are decided."""
    year = renewals.renewals(march).query("period == 'last 12 months'").set_index("group")
    due = year.loc["annual, renewal due"]
    assert (due["due"], due["undecided"], due["customers"], due["lost"]) == (5, 3, 2, 0)


def test_a_renewal_is_decided_when_the_days_of_dunning_are_over(opened: Any) -> None:
    """Two years began on 20 October 2024. One payment failed, and service ended on 10 November 2025.

    Due on 20 October, settled on 19 November: undecided in the report of October, and in that of November
    one of two ended, in the cohort of October.
    """
    annual = ("active", "team", "year")
    spans = [
        ("fails", "2024-10-20", "2025-10-20", 10, *annual),
        ("fails", "2025-10-20", "2025-11-10", 10, "past_due", "team", "year"),
        ("pays", "2024-10-20", "", 10, *annual),
    ]
    for month, counted in (("2025-10", (2, 2, 0, 0)), ("2025-11", (2, 0, 2, 1)), ("2026-09", (2, 0, 2, 1))):
        with opened(spans, month) as business:
            found = renewals.renewals(business)
            due = renewals.of_the_year(found, "annual, renewal due")
            assert (due["due"], due["undecided"], due["customers"], due["lost"]) == counted
            assert renewals.of_the_year(found, "annual, not due")["lost"] == 0
            said = said_revenue.renewals(found).text
    assert said.startswith("Of the 2 annual renewals that fell due in the last 12 months, 1 ended with")
    with opened(spans, "2025-10") as business:
        assert "none is decided yet" in said_revenue.renewals(renewals.renewals(business)).text


def test_who_left_on_the_last_day_of_dunning_and_who_came_back(opened: Any) -> None:
    """Due on 1 January 2026, settled on the 31st: the state at the end of that day decides.

    last_day  ended on the 31st                 not renewed
    day_after ended on 1 February               renewed, and left at another time
    back      ended on the 1st, back on the 31st  renewed
    early     ended on 31 December              never fell due
    monthly   went on by the month              renewed
    """
    annual = ("active", "team", "year")
    spans = [
        ("last_day", "2025-01-01", "2026-01-31", 10, *annual),
        ("day_after", "2025-01-01", "2026-02-01", 10, *annual),
        ("back", "2025-01-01", "2026-01-01", 10, *annual),
        ("back", "2026-01-31", "", 10, *annual),
        ("early", "2025-01-01", "2025-12-31", 10, *annual),
        ("monthly", "2025-01-01", "2026-01-01", 10, *annual),
        ("monthly", "2026-01-01", "", 1, "active", "team", "month"),
    ]
    with opened(spans, "2026-02") as business:
        found = renewals.renewals(business)
    due = renewals.of_the_year(found, "annual, renewal due")
    assert (due["due"], due["undecided"], due["customers"], due["lost"]) == (4, 0, 4, 1)
    assert renewals.of_the_year(found, "annual, not due")["lost"] == 2


@pytest.mark.parametrize("word", ["yearly", "Annual", " 1 year", "12 months", "jährlich", "annuel", "每年"])
def test_a_year_in_any_word(opened: Any, word: str) -> None:
    """The gate writes every word for a year as year."""
    spans = [
        ("stays", "2025-01-05", "", 10, "active", "team", word),
        ("leaves", "2025-01-05", "2026-01-05", 10, "active", "team", word),
    ]
    with opened(spans) as business:
        due = renewals.of_the_year(renewals.renewals(business), "annual, renewal due")
    assert (due["customers"], due["lost"]) == (2, 1)


@pytest.mark.parametrize(("period", "months_back"), [("month", 1), ("last 12 months", 12)])
def test_the_groups_add_up_to_all_churn(sample: Business, period: str, months_back: int) -> None:
    """Customers at the start by interval; every loss is one at a renewal or one at another time."""
    found = renewals.renewals(sample).query("period == @period").set_index("group")
    churn = measures.customer_churn(sample).tail(months_back)
    other = found.loc[["annual, not due", "every other interval"]]
    assert other["customers"].sum() == churn["customers_at_start"].sum()
    starts = months.month_starts(sample)
    every = renewals.renewals_since(sample, starts[0]).execute()
    lost = kept_losses(sample).execute()
    own = lost[lost["month"].isin(pd.to_datetime(starts[-months_back:])) & (lost["interval"] == "year")]
    paired = own.merge(every, on="customer_id")
    at_renewal = paired[paired["lost_on"].between(paired["due_on"], paired["settled_on"])]
    assert other["lost"].sum() + at_renewal["customer_id"].nunique() == churn["lost"].sum()


def _customer(mixer: random.Random, who: str) -> list[tuple[object, ...]]:
    """A few spans one after the other, mostly of a year, with short and long gaps between them."""
    start, spans = dt.date(2022, 1, 1) + dt.timedelta(days=mixer.randrange(700)), []
    for _ in range(mixer.randint(1, 4)):
        interval = mixer.choice(["year", "year", "year", "month"])
        length = mixer.choice([365, 366, 364, 730, 395, 410, mixer.randrange(1, 900)])
        end = start + dt.timedelta(days=length)
        status = mixer.choice(["active", "past_due", "paused"])
        spans.append((who, str(start), str(end), "10", status, "team", interval))
        start = end + dt.timedelta(days=mixer.choice([0, 0, 1, 3, 4, 25, 31, 200]))
    if mixer.random() < 0.4:
        spans[-1] = (*spans[-1][:2], "", *spans[-1][3:])
    return spans


@pytest.mark.parametrize(
    ("zone", "dunning"), [("UTC", 30), ("Pacific/Auckland", 0), ("America/Santiago", 61)]
)
def test_renewals_are_what_the_definition_says(opened: Any, zone: str, dunning: int) -> None:
    """Sixty customers with yearly and monthly spans, against the slow second implementation."""
    mixer = random.Random(zone)
    spans = [row for nth in range(60) for row in _customer(mixer, f"C{nth:02}")]
    settings = {"time_zone": zone, "dunning_days": dunning}
    with opened(spans, "2026-03", settings=settings) as business:
        found = renewals.renewals_since(business, dt.date(2022, 1, 1)).execute()
    own = [
        (row.customer_id, pd.Timestamp(row.due_on).date(), row.is_decided, row.is_renewed)
        for row in found.itertuples()
    ]
    expected = oracle.History(spans, dt.date(2026, 3, 1), zone=zone).renewals(dunning)
    assert len(expected) > 50
    assert sorted(own) == expected


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
    assert found["customers"].tolist() == [0, 0, 2, 0, 0, 24]
    assert found["due"].fillna(-1).tolist() == [0, -1, -1, 0, -1, -1]
    assert said_revenue.renewals(found).text.startswith("No annual plan fell due")


def test_renewals_in_words(march: Business) -> None:
    """None of two, three of which nobody knows, and what a year of the other plans costs."""
    said = said_revenue.renewals(renewals.renewals(march)).text
    assert "Of the 2 annual renewals that fell due in the last 12 months and are decided, 0 ended" in said
    assert "3 more are not decided yet, and in no rate." in said
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

"""The level of every customer, by hand.

    January     February    March 2026
A   |- solo, month ---------------------→  law, 3 seats
B   |- solo ---| |- team, year ---------→  art, 10 seats
C               |- solo and team, year -→  no industry
D                           (signed up, never a customer)  law
E               |- team ----------------→  not in the table of customers
"""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from retention_helpers.business import Business, levels
from retention_helpers.business.levels import NOT_GIVEN, OTHER
from retention_helpers.words.errors import InputError

SPANS = [
    ("A", "2026-01-05", "", 20, "active", "solo", "month"),
    ("B", "2026-01-10", "2026-01-31", 20, "active", "solo", "month"),
    ("B", "2026-02-01", "", 60, "active", "team", "year"),
    ("C", "2026-02-03", "", 20, "active", "solo", "month"),
    ("C", "2026-02-03", "", 60, "active", "team", "year"),
    ("E", "2026-02-04", "", 60, "active", "team", ""),
]
CUSTOMERS = [
    {"customer_id": "A", "signed_up_at": "2026-01-05", "industry": "law", "name": "Ada", "plan": "gold"},
    {"customer_id": "B", "signed_up_at": "2026-01-10", "industry": "art", "name": "Bob", "plan": "tin"},
    {"customer_id": "C", "signed_up_at": "2026-02-03", "industry": "", "name": "Cleo", "plan": "tin"},
    {"customer_id": "D", "signed_up_at": "2026-03-01", "industry": "law", "name": "Dan", "plan": "gold"},
]
PLANS = {
    "call": {
        "hypothesis": "a call keeps customers",
        "started_on": dt.date(2026, 1, 1),
        "ended_on": None,
        "randomised": True,
        "arms": {"control": 0.5, "call": 0.5},
        "outcome": {"kind": "retained", "days": 30},
        "smallest_effect": 0.1,
    }
}
ASSIGNED = [
    ("call", "A", "call", "2026-01-05"),
    ("call", "A", "control", "2026-02-05"),
    ("call", "B", "control", "2026-01-10"),
]


@pytest.fixture(scope="module")
def five(business_of: Callable[..., Business]) -> Iterator[Business]:
    yield business_of(SPANS, customers=CUSTOMERS, experiments=PLANS, assignments=ASSIGNED)


def found(business: Business, by: str) -> dict[str, str]:
    rows = levels.of(business, by).execute()
    assert list(rows.columns) == ["customer_id", "level"]
    assert rows["customer_id"].is_unique
    return dict(zip(rows["customer_id"], rows["level"], strict=True))


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("first_plan", {"A": "solo", "B": "solo", "C": "team", "D": NOT_GIVEN, "E": "team"}),
        ("first_interval", {"A": "month", "B": "month", "C": "year", "D": NOT_GIVEN, "E": NOT_GIVEN}),
        ("start_year", {"A": "2026", "B": "2026", "C": "2026", "D": NOT_GIVEN, "E": "2026"}),
        ("cohort", {"A": "2026-01", "B": "2026-01", "C": "2026-02", "D": NOT_GIVEN, "E": "2026-02"}),
        ("industry", {"A": "law", "B": "art", "C": NOT_GIVEN, "D": "law", "E": NOT_GIVEN}),
        ("customers.plan", {"A": "gold", "B": "tin", "C": "tin", "D": "gold", "E": NOT_GIVEN}),
        ("arm of call", {"A": "call", "B": "control", "C": NOT_GIVEN, "D": NOT_GIVEN, "E": NOT_GIVEN}),
    ],
)
def test_a_level_of_every_kind(five: Business, by: str, expected: dict[str, str]) -> None:
    """A later plan and a second arm change nothing; of two plans the larger counts."""
    assert found(five, by) == expected


def test_rows_of_customers_with_their_level(five: Business) -> None:
    """Somebody of whom nothing is known has a level too."""
    spans = five.table("subscriptions").select("customer_id")
    rows = levels.with_level(spans, five, "first_plan").execute()
    assert sorted(rows["level"]) == ["solo", "solo", "solo", "team", "team", "team"]


def test_a_level_of_few_names_nobody(opened: Any) -> None:
    """With two as the fewest: law has two customers, art and a firm one each; plans and gaps stay."""
    kinds = ["law", "law", "art", "Planted GmbH", ""]
    rows = [
        {"customer_id": f"C{n}", "signed_up_at": "2026-01-01", "industry": k} for n, k in enumerate(kinds)
    ]
    spans = [("C0", "2026-01-05", "", 20, "active", "solo"), ("C1", "2026-01-05", "", 20, "active", "team")]
    with opened(spans, customers=rows, settings={"min_customers": 2}) as business:
        people = business.table("customers").select("customer_id")
        shown = levels.with_level(people, business, "industry").execute()
        assert sorted(shown["level"]) == [NOT_GIVEN, OTHER, OTHER, "law", "law"]
        frame = people.execute()
        assert sorted(levels.of_rows(frame, business, "industry")) == sorted(shown["level"])
        plans = levels.with_level(people, business, "first_plan").execute()
        assert {"solo", "team"} <= set(plans["level"])


def test_a_channel_that_is_paid_for_keeps_its_name(opened: Any) -> None:
    """The owner wrote it into `spend`: it names nobody. What one customer wrote as a channel may."""
    channels = ["Paid social", "ads", "ads", "from Anna M.", ""]
    rows = [
        {"customer_id": f"C{n}", "signed_up_at": "2026-01-01", "channel": c} for n, c in enumerate(channels)
    ]
    spans, few = [("C0", "2026-01-05", "", 20)], {"min_customers": 2}
    spend = [("2026-01", "paid_social", 100)]
    with opened(spans, customers=rows, settings=few, spend=spend) as business:
        people = business.table("customers").select("customer_id")
        shown = levels.with_level(people, business, "channel").execute()
    assert sorted(shown["level"]) == [NOT_GIVEN, OTHER, "Paid social", "ads", "ads"]


def test_many_numbers_go_into_thirds(opened: Any) -> None:
    """Nine different numbers have three levels, eight stay as they are; a missing one is a level."""
    for many, expected in ((9, ["above 3, up to 6", "above 6", "up to 3"]), (8, list("12345678"))):
        rows = [
            {"customer_id": f"C{n}", "signed_up_at": "2026-01-01", "seats": n or ""} for n in range(many + 1)
        ]
        with opened([("C1", "2026-01-05", "", 20)], customers=rows) as business:
            assert sorted(set(found(business, "seats").values())) == [NOT_GIVEN, *expected]


@pytest.mark.parametrize("by", ["industri", "name", "arm of mail", "plan", ""])
def test_an_unknown_name_is_refused_in_one_sentence(five: Business, by: str) -> None:
    """A personal column is unknown, and what changes from month to month is no level of a customer."""
    with pytest.raises(InputError) as refused:
        levels.of(five, by)
    assert str(refused.value) == (
        f"Customers cannot be grouped by {by}, only by first_plan, first_interval, start_year, cohort, "
        "industry, customers.plan, arm of call."
    )


def test_several_names_and_those_of_a_measure_of_months(five: Business) -> None:
    """One is as good as a sequence; a measure may know further ones."""
    assert levels.chosen(five, "industry") == ("industry",)
    assert levels.chosen(five, ("plan", "cohort"), beside=levels.OF_A_MONTH) == ("plan", "cohort")
    with pytest.raises(InputError, match="only by plan, mrr_band, interval, first_plan"):
        levels.chosen(five, ["cohort", "x"], beside=levels.OF_A_MONTH)


def test_a_column_that_knows_who_left_is_none_unless_named(opened: Any) -> None:
    """`status` goes on changing after the sign-up."""
    rows = [{"customer_id": "A", "signed_up_at": "2026-01-01", "status": "gone", "industry": "law"}]
    for settings, expected in ({}, False), ({"attributes": ["status"]}, True):
        with opened([("A", "2026-01-05", "", 20)], customers=rows, settings=settings) as business:
            assert ("status" in levels.names(business)) == expected
            assert "industry" in levels.names(business)

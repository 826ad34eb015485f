"""The measures that group, by anything that customers can be grouped by.

    January          February          March 2026
A   ================|=================|==================   law, solo
B   ================|=================|========= 20 March   law, team
C   ================|==== 10 February |        ==========   art, solo; back on 10 March
D                   |=================|==================   not given, team
E   signed up in February, never a customer                 art
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from retention_helpers.business import Business, levels
from retention_helpers.business.levels import NOT_GIVEN
from retention_helpers.measurement import activity, cohorts, measures, survival
from retention_helpers.measurement.said import month as said_month
from retention_helpers.words.errors import InputError

SPANS = [
    ("A", "2026-01-05", "", 20, "active", "solo", "month"),
    ("B", "2026-01-05", "2026-03-20", 60, "active", "team", "month"),
    ("C", "2026-01-05", "2026-02-10", 20, "active", "solo", "month"),
    ("C", "2026-03-10", "", 20, "active", "solo", "month"),
    ("D", "2026-02-03", "", 60, "active", "team", "year"),
]
CUSTOMERS = [
    {"customer_id": who, "signed_up_at": day, "industry": industry}
    for who, day, industry in (
        ("A", "2026-01-05", "law"),
        ("B", "2026-01-05", "law"),
        ("C", "2026-01-05", "art"),
        ("D", "2026-02-03", ""),
        ("E", "2026-02-04", "art"),
    )
]
EVENTS = [
    (who, day, "login")
    for who, day in (
        ("A", "2026-01-06"), ("A", "2026-02-12"), ("A", "2026-03-12"), ("B", "2026-01-12"),
        ("B", "2026-02-12"), ("C", "2026-01-12"), ("C", "2026-03-12"), ("D", "2026-02-04"),
        ("D", "2026-03-30"), ("E", "2026-02-05"), ("E", "2026-03-30"),
    )
]  # fmt: skip
TWO = ("industry", "first_plan")


@pytest.fixture(scope="module")
def five(business_of: Callable[..., Business]) -> Business:
    """Nobody is too few here: each level keeps its name."""
    business = business_of(SPANS, customers=CUSTOMERS, events=EVENTS)
    return replace(business, settings=replace(business.settings, min_customers=1))


def test_churn_by_an_attribute(five: Business) -> None:
    """March begins with A, B and D; B left. Over three months C left, too, and the others count twice."""
    march = measures.churn_by(five, by="industry")
    assert march[["by", "level", "customers_at_start", "lost"]].to_numpy().tolist() == [
        ["industry", NOT_GIVEN, 1, 0],
        ["industry", "law", 2, 1],
    ]
    both = measures.churn_by(five, months_back=3, by=("plan", "industry"))
    assert both[["by", "level", "customers_at_start", "lost"]].to_numpy().tolist() == [
        ["plan", "solo", 3, 1],
        ["plan", "team", 3, 1],
        ["industry", NOT_GIVEN, 1, 0],
        ["industry", "art", 1, 1],
        ["industry", "law", 4, 1],
    ]
    assert list(measures.churn_by(five)["by"].unique()) == list(levels.OF_A_MONTH)


def test_what_is_said_names_what_was_asked_for(five: Business) -> None:
    """One kind, two, and the three of the page."""
    for by, words in (
        ("industry", "No industry differs"),
        (TWO, "No industry or first plan differs"),
        (levels.OF_A_MONTH, "No plan, MRR band or billing interval differs"),
    ):
        assert said_month.churn_by(measures.churn_by(five, by=by)).text.startswith(words)


MEASURES: dict[str, tuple[Callable[..., pd.DataFrame], list[str]]] = {
    "calendar": (cohorts.calendar_triangle, ["cohort", "k"]),
    "anniversary": (cohorts.anniversary_triangle, ["cohort", "k"]),
    "active": (activity.active_customers, ["month"]),
    "movement": (activity.activity_movement, ["month"]),
    "triangle": (activity.activity_triangle, ["cohort", "k"]),
    "n_day": (activity.n_day_by_month, ["month", "n"]),
    "n_day_together": (lambda *a, **by: activity.n_day_retention(activity.n_day_by_month(*a, **by)), ["n"]),
}


@pytest.mark.parametrize("name", MEASURES)
def test_the_levels_add_up_to_everybody(five: Business, name: str) -> None:
    """Every count, for each of two kinds by itself; a rate is that of the level's own counts."""
    measure, keys = MEASURES[name]
    whole, apart = measure(five), measure(five, by=TWO)
    assert list(apart.columns) == ["by", "level", *whole.columns]
    counts = [column for column in whole.select_dtypes("integer") if column not in keys]
    assert counts
    expected = whole.set_index(keys)[counts]
    for one in TWO:
        own = apart[apart["by"] == one]
        assert own["level"].nunique() > 1
        pd.testing.assert_frame_equal(own.groupby(keys)[counts].sum(), expected, check_dtype=False)


def test_cells_of_an_attribute_by_hand(five: Business) -> None:
    """Of the two of January in law one is left at the end of March; C is back."""
    cells = cohorts.calendar_triangle(five, by="industry")
    march = cells[(cells["month"] == "2026-03-01") & (cells["cohort"] == "2026-01-01")].set_index("level")
    assert march.loc["law", ["size", "retained"]].tolist() == [2, 1]
    assert march.loc["art", ["size", "retained"]].tolist() == [1, 1]
    active = activity.active_customers(five, by="industry").set_index(["level", "month"])
    assert active.loc[("art", pd.Timestamp("2026-03-01")), ["mau", "active_accounts"]].tolist() == [1, 2]


def test_tenures_in_groups_by_an_attribute(five: Business) -> None:
    """Beside the first plan and the year of start, or alone; the first loss of C counts."""
    tenures = survival.tenures(five, by="industry")
    groups = survival.by_group(tenures, min_customers=1, by=("first_plan", "industry"))
    assert groups[["by", "level", "customers", "lost"]].to_numpy().tolist() == [
        ["first_plan", "solo", 2, 1],
        ["first_plan", "team", 2, 1],
        ["industry", NOT_GIVEN, 1, 0],
        ["industry", "art", 1, 1],
        ["industry", "law", 2, 1],
    ]
    curves = survival.curves_by_plan(tenures, min_customers=2, by="industry")
    assert set(zip(curves["by"], curves["level"], strict=True)) == {("industry", "law")}
    tests = survival.group_tests(tenures, min_customers=1, by="industry")
    assert tests[["by", "groups", "customers"]].to_numpy().tolist() == [["industry", 3, 4]]
    assert list(survival.by_group(tenures, min_customers=1)["by"].unique()) == ["first_plan", "start_year"]


@pytest.mark.parametrize(
    "measure",
    [
        measures.churn_by,
        cohorts.calendar_triangle,
        cohorts.anniversary_triangle,
        activity.active_customers,
        activity.activity_movement,
        activity.activity_triangle,
        activity.n_day_by_month,
        survival.tenures,
    ],
)
def test_an_unknown_name_is_refused(five: Business, measure: Any) -> None:
    """With the names that there are."""
    with pytest.raises(InputError, match=r"cannot be grouped by branch, only by .*cohort, industry\."):
        measure(five, by=("industry", "branch"))


def test_tenures_that_were_not_asked_for_a_group(five: Business) -> None:
    """The way out is named."""
    with pytest.raises(InputError, match=r"by industry, only by first_plan, start_year\. `tenures` with"):
        survival.by_group(survival.tenures(five), min_customers=1, by="industry")

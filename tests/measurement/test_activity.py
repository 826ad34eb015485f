"""Activity by hand, from outside, against a slow second implementation, and on the sample."""

import datetime as dt
import json
import random
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import jsonschema
import oracle
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from test_laws import COMMON, World, history, moments, sample_world, worlds

from retention_helpers import measurement
from retention_helpers.business import SAMPLE, Business, open_business
from retention_helpers.business.spans import kept_services
from retention_helpers.measurement import activity, measures
from retention_helpers.measurement.said import activity as said_activity
from retention_helpers.shown import figures
from retention_helpers.shown.units import DEFINITIONS
from retention_helpers.statistics.intervals import paired_change

JAN, FEB, MAR = (pd.Timestamp(2026, month, 1) for month in (1, 2, 3))
Event = tuple[str, str, str]


def on(customer: str, *instants: str, event: str = "login") -> list[Event]:
    return [(customer, instant, event) for instant in instants]


def all_of(*parts: Iterable[Event]) -> list[Event]:
    return [event for part in parts for event in part]


def counts(frame: pd.DataFrame, month: pd.Timestamp, *columns: str) -> tuple[int, ...]:
    row = frame.set_index("month").loc[month]
    return tuple(int(row[column]) for column in columns)


def state(business: Business, customer: str, month: str = "2026-03") -> str | None:
    rows = activity.customer_activity(business)
    own = rows.filter((rows.customer_id == customer) & (rows.month == dt.date.fromisoformat(f"{month}-01")))
    found = own.state.execute()
    return found.iloc[0] if len(found) else None


# ------------------------------------------------------------------------- by hand: a month's activity


@pytest.fixture(scope="module")
def eight(business_of: Callable[..., Business]) -> Business:
    """The events of eight accounts (x), and when they were customers (=).

                 January               |February              |March
    steady      ===x=====x==========x==|===x=================x|=======x=============x=
    returns     ===x===================|======================|======x================
    tires       =========x=============|==========x===========|=======================
    silent      =======================|======================|=======================
    leaves      ======x================|======x=======x=======|===8th
    idle_leaves ======x================|======================|===8th
    comes                              |                      |        ========x======
    asleep                             |                      |        ===============
    trial                x             |    x                 |              x               never pays
    """
    spans = [
        ("steady", "2026-01-02", "", 10),
        ("returns", "2026-01-02", "", 10),
        ("tires", "2026-01-02", "", 10),
        ("silent", "2026-01-02", "", 10, "paused"),
        ("leaves", "2026-01-02", "2026-03-08", 10),
        ("idle_leaves", "2026-01-02", "2026-03-08", 10),
        ("comes", "2026-03-10", "", 10),
        ("asleep", "2026-03-10", "", 10),
        ("trial", "2026-01-10", "", "", "trialing"),
    ]
    events = all_of(
        on("steady", "2026-01-05", "2026-01-12", "2026-01-28", "2026-02-04", "2026-02-22"),
        on("steady", "2026-03-09", "2026-03-25", "2026-03-26"),
        on("returns", "2026-01-05", "2026-03-08"),
        on("tires", "2026-01-12", "2026-02-12"),
        on("leaves", "2026-01-08", "2026-02-08", "2026-02-21", "2026-03-02"),
        on("idle_leaves", "2026-01-08"),
        on("comes", "2026-03-24"),
        on("trial", "2026-01-12", "2026-02-05", "2026-03-30"),
    )
    return business_of(spans, events=events)


def test_wau_and_mau_count_customers_at_the_months_end(eight: Business) -> None:
    """In March `leaves` and `trial` were active but are no customers at its end; they are accounts."""
    active = activity.active_customers(eight)
    columns = ("customers_at_end", "mau", "wau", "active_accounts")
    assert counts(active, JAN, *columns) == (6, 5, 1, 6)
    assert counts(active, FEB, *columns) == (6, 3, 1, 4)
    assert counts(active, MAR, *columns) == (6, 3, 1, 5)


def test_the_last_week_is_the_last_seven_days(eight: Business) -> None:
    """February 2026 has 28 days: the 22nd is the first of the last seven, the 21st is not. March: the
    25th is, the 24th is not."""
    active = activity.active_customers(eight)
    assert counts(active, FEB, "wau") == (1,)  # steady on the 22nd; leaves on the 21st is not in
    assert counts(active, MAR, "wau") == (1,)  # steady on the 25th; comes on the 24th is not in


def test_rates_stand_beside_their_parts(eight: Business) -> None:
    """March: 3 of 6 active; 1 of these 3 in the last week."""
    row = activity.active_customers(eight).iloc[-1]
    assert (row["active_share"], row["stickiness"]) == (0.5, pytest.approx(1 / 3))
    assert row["stickiness_low"] < 1 / 3 < row["stickiness_high"]


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        ("steady", "staying"),
        ("returns", "returning"),
        ("tires", "gone dormant"),
        ("silent", "dormant"),
        ("leaves", "lost active"),
        ("idle_leaves", "lost dormant"),
        ("comes", "newly active"),
        ("asleep", "newly dormant"),
        ("trial", None),
    ],
)
def test_the_state_of_each_customer_in_march(eight: Business, customer: str, expected: str | None) -> None:
    """One customer for every state; an account without service has none."""
    assert state(eight, customer) == expected


def test_how_the_number_of_active_customers_moved(eight: Business) -> None:
    """March: 3 active in February (steady, tires, leaves) + comes + returns − tires − leaves = 3."""
    moved = activity.activity_movement(eight)
    assert list(moved["month"]) == [FEB, MAR]
    assert moved.iloc[-1].drop("month").to_dict() == {
        "active_at_start": 3,
        "newly_active": 1,
        "returning": 1,
        "gone_dormant": 1,
        "lost_active": 1,
        "active_at_end": 3,
        "dormant_at_end": 3,
        "lost_dormant": 1,
        "customers_throughout": 4,
    }
    change = activity.activity_change(moved)
    assert change is not None
    assert (change.value, change.verdict) == (0.0, "no clear change")


def test_the_triangle_counts_active_customers_of_each_cohort(eight: Business) -> None:
    """Those who left stay in the size; the cells of a month add up to its MAU."""
    triangle = activity.activity_triangle(eight)
    found = {(f"{row.cohort:%m}", row.k): (row.size, row.active) for row in triangle.itertuples()}
    assert found == {("01", 0): (6, 5), ("01", 1): (6, 3), ("01", 2): (6, 2), ("03", 0): (2, 1)}


def test_the_sentences_of_the_month(eight: Business) -> None:
    """Every number of a sentence is one of the tables'."""
    active = activity.active_customers(eight)
    moved = activity.activity_movement(eight)
    said = str(said_activity.usage(active))
    assert said.startswith("Of the 6 customers at the end of March 2026, 3 were active in it: 50.0 % (")
    assert "In its last seven days 1 of these were: a stickiness of 33.3 % (" in said
    told = str(said_activity.movement(moved))
    assert told.startswith("March 2026 ended with 3 customers who had not been active in it. Of the 4 who")
    assert "1 became active again" in told
    assert "1 were active the month before and no longer: no clear change, ±0.0" in told
    assert str(said_activity.basis(activity.known(eight))) == (
        "Activity is any event. It is known for whole months from January 2026 on."
    )


# ------------------------------------------------------------------------- by hand: edges of days


@pytest.mark.parametrize(
    ("zone", "instant", "is_march", "is_last_week"),
    [
        ("Europe/Berlin", "2026-02-28T22:59:59Z", False, True),  # 23:59:59 on 28 February
        ("Europe/Berlin", "2026-02-28T23:00:00Z", True, False),  # midnight of 1 March
        ("Europe/Berlin", "2026-03-24T22:59:59Z", True, False),
        ("Europe/Berlin", "2026-03-24T23:00:00Z", True, True),  # the 25th begins
        ("Europe/Berlin", "2026-03-31T21:59:59Z", True, True),  # summer time by then
        ("Pacific/Auckland", "2026-02-28T11:00:00Z", True, False),
        ("Pacific/Auckland", "2026-03-31T10:59:59Z", True, True),
        ("America/Santiago", "2026-03-01T02:59:59Z", False, True),
        ("America/Santiago", "2026-03-01T03:00:00Z", True, False),
        ("UTC", "2026-02-28T23:59:59Z", False, True),
    ],
)
def test_a_day_ends_at_the_midnight_of_the_business(
    opened: Any, zone: str, instant: str, is_march: bool, is_last_week: bool
) -> None:
    """One event around a midnight; a customer since January whose other event was in January."""
    spans = [("A", "2026-01-05", "", 10)]
    events = [*on("A", "2026-01-06T12:00:00"), *on("A", instant)]
    with opened(spans, events=events, settings={"time_zone": zone}) as business:
        active = activity.active_customers(business)
        assert counts(active, MAR, "mau", "wau") == (is_march, is_march and is_last_week)
        assert counts(active, FEB, "mau", "wau") == (not is_march, not is_march and is_last_week)


def test_an_event_at_the_cut_does_not_exist(opened: Any) -> None:
    """The midnight that ends March, in Berlin: 22:00 UTC. A second before is activity of March."""
    spans = [("A", "2026-01-05", "", 10), ("B", "2026-01-05", "", 10)]
    events = all_of(
        on("A", "2026-01-06", "2026-03-31T22:00:00Z"), on("B", "2026-01-06", "2026-03-31T21:59:59Z")
    )
    with opened(spans, events=events, settings={"time_zone": "Europe/Berlin"}) as business:
        assert counts(activity.active_customers(business), MAR, "mau", "wau") == (1, 1)


def test_the_last_week_of_a_leap_february(opened: Any) -> None:
    """February 2024 has 29 days: its last seven begin on the 23rd."""
    spans = [(name, "2024-01-05", "", 10) for name in "AB"]
    events = all_of(on("A", "2024-01-06", "2024-02-23"), on("B", "2024-01-06", "2024-02-22"))
    with opened(spans, month="2024-02", events=events) as business:
        assert counts(activity.active_customers(business), pd.Timestamp("2024-02-01"), "mau", "wau") == (2, 1)


# ------------------------------------------------------------------------- by hand: what is known


def test_only_the_events_that_the_owner_named_count(opened: Any) -> None:
    """B opened a mail, which is no use here; without the setting it is."""
    spans = [(name, "2026-02-05", "", 10) for name in "AB"]
    events = all_of(on("A", "2026-03-02"), on("B", "2026-03-02", event="mail opened"), on("A", "2026-02-06"))
    with opened(spans, events=events, settings={"activity_events": ["login", "export"]}) as business:
        assert counts(activity.active_customers(business), MAR, "mau") == (1,)
        said = str(said_activity.basis(activity.known(business)))
        assert said.startswith("Activity is one of these events: login, export.")
    with opened(spans, events=events) as business:
        assert counts(activity.active_customers(business), MAR, "mau") == (2,)


def test_months_before_the_first_event_are_not_taken_for_idle(opened: Any) -> None:
    """Customers since January, events since 10 February: February is known in part, March whole."""
    spans = [(name, "2026-01-05", "", 10) for name in "AB"]
    with opened(spans, events=on("A", "2026-02-10", "2026-03-10")) as business:
        active = activity.active_customers(business)
        assert list(active["month"]) == [MAR]
        assert counts(active, MAR, "customers_at_end", "mau") == (2, 1)
        assert activity.activity_movement(business).empty
        assert set(activity.activity_triangle(business)["month"]) == {MAR}
        assert activity.signed_up_from(business) == dt.date(2026, 3, 1)
        said = str(said_activity.basis(activity.known(business)))
        assert "from March 2026 on" in said


def test_old_cohorts_whose_first_months_are_not_known(opened: Any) -> None:
    """Customers since 2024, events since February 2026: a cell at month 26, no picture of months 0 to 12."""
    with opened([("A", "2024-01-05", "", 10)], events=on("A", "2026-02-10", "2026-03-10")) as business:
        used = activity.activity_triangle(business)
    assert [(cell.k, cell.size, cell.active) for cell in used.itertuples()] == [(26, 1, 1)]
    assert figures.triangle(used, title="Use") is None
    assert "known how active it was 3 months after its own" in str(said_activity.triangle(used, k=3))


def test_the_month_in_which_business_and_events_begin_is_known(opened: Any) -> None:
    """Nobody was a customer before the month of the first event: the whole month is known."""
    with opened([("A", "2026-02-05", "", 10)], events=on("A", "2026-02-10")) as business:
        assert activity.known(business).months == (dt.date(2026, 2, 1), dt.date(2026, 3, 1))


def test_use_before_anybody_paid_makes_every_month_known(opened: Any) -> None:
    """A trial in January, the first service in February."""
    spans = [("A", "2026-01-05", "2026-02-05", "", "trialing"), ("A", "2026-02-05", "", 10)]
    with opened(spans, events=on("A", "2026-01-10", "2026-02-10")) as business:
        assert activity.known(business).months == (dt.date(2026, 2, 1), dt.date(2026, 3, 1))


def test_events_that_begin_in_the_report_month_tell_no_month(opened: Any) -> None:
    """There is a sentence, and nothing that would need a whole month."""
    with opened([("A", "2026-01-05", "", 10)], events=on("A", "2026-03-10")) as business:
        said = str(said_activity.basis(activity.known(business)))
        assert "The events begin in this month, so no month is known whole yet." in said
        record = recorded(business)
    assert record is not None
    assert (record["mau"], record["known_from"], record["by_month"]) == (None, None, [])


def test_an_old_export_is_said(opened: Any) -> None:
    """No event in the last seven days of the month: the export may be older than the month's end."""
    spans = [("A", "2026-01-05", "", 10)]
    for last, is_said in (("2026-03-24", True), ("2026-03-25", False)):
        with opened(spans, events=on("A", "2026-01-10", last)) as business:
            said = str(said_activity.basis(activity.known(business)))
            assert ("No such event lies in the last seven days of March 2026" in said) == is_said


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({}, "It takes events.csv (customer_id, occurred_at, event)"),
        ({"events": on("A", "2026-04-02")}, "No event of the five years up to March 2026 is there"),
        (
            {"events": on("A", "2026-03-02"), "settings": {"activity_events": ["Login"]}},
            "bears one of the names in activity_events (Login). Check the names in retention.yml",
        ),
    ],
)
def test_without_events_one_sentence_says_what_they_would_add(
    opened: Any, tables: dict[str, Any], said: str
) -> None:
    """No error, no figure, no other sentence; null for machines."""
    with opened([("A", "2026-01-05", "", 10)], **tables) as business:
        assert said in str(said_activity.basis(activity.known(business)))
        active = activity.active_customers(business)
        moved = activity.activity_movement(business)
        used = activity.activity_triangle(business)
        together = activity.n_day_retention(activity.n_day_by_month(business))
        assert active.empty
        assert moved.empty
        assert used.empty
        assert together[["reached", "followed"]].to_numpy().sum() == 0
        shown = [
            said_activity.usage(active),
            said_activity.movement(moved),
            said_activity.triangle(used, k=3),
            said_activity.n_day(together),
            figures.counts_by_month(active, ["customers_at_end", "mau", "wau"], title="Use"),
            figures.triangle(used, title="Use"),
            recorded(business),
        ]
    assert shown == [None] * len(shown)


def test_more_than_five_years_leave_the_last_five(opened: Any) -> None:
    """Seven years: a customer of before is one still, and the months that are told are the last sixty."""
    spans = [
        ("old", "2019-01-05", "", 10),
        ("gone", "2019-01-05", "2020-06-05", 10),
        ("left", "2019-01-05", "2026-02-05", 10),
        ("new", "2026-03-05", "", 10),
    ]
    events = all_of(
        on("old", "2019-01-06", "2021-04-30", "2026-03-31"), on("gone", "2019-03-01", "2026-03-02")
    )
    with opened(spans, events=[*events, *on("left", "2021-05-01", "2026-02-01")]) as business:
        active = activity.active_customers(business)
        moved = measures.customer_movement(business)
        assert len(active) == activity.HISTORY_MONTHS - 1  # April 2021 may be known in part
        assert active["month"].iloc[0] == pd.Timestamp("2021-05-01")
        assert list(active["customers_at_end"]) == list(moved["customers_at_end"].tail(len(active)))
        assert counts(active, MAR, "mau", "wau", "active_accounts") == (1, 1, 2)
        assert counts(active, pd.Timestamp("2021-05-01"), "mau") == (1,)


# ------------------------------------------------------------------------- by hand: after sign-up


@pytest.fixture(scope="module")
def sign_ups(business_of: Callable[..., Business]) -> Business:
    """Five who signed up on 1 March and one on 30 March; the cut is the midnight after 31 March.

             day 0    1        7                    30
    every       x     x        x                     x          a customer from day 0
    weekly      x              x                                a trial that never pays
    later       x                       x (day 8)               begins to pay on day 20
    never                                                       a customer from day 0
    twice       xx   xx                                         leaves on day 5
    young       x     x        (30 March: only day 1 is over)
    before                                                      signed up a year and a day ago
    """
    first = "2026-03-01"
    spans = [
        ("founder", "2025-01-05", "", 10),
        ("before", "2025-03-31", "", 10),
        ("every", first, "", 10),
        ("weekly", first, "", "", "trialing"),
        ("later", "2026-03-21", "", 10),
        ("never", first, "", 10),
        ("twice", first, "2026-03-06", 10),
        ("young", "2026-03-30", "", 10),
    ]
    signed_up = {name: first for name in ("every", "weekly", "later", "never", "twice")}
    signed_up |= {"founder": "2025-01-05", "before": "2025-03-31", "young": "2026-03-30T23:59:59"}
    customers = [{"customer_id": name, "signed_up_at": at} for name, at in signed_up.items()]
    events = all_of(
        on("founder", "2025-01-06"),
        on("before", "2025-04-01", "2026-03-31"),
        on("every", "2026-03-01", "2026-03-02T00:00:00", "2026-03-08T23:59:59", "2026-03-31"),
        on("weekly", "2026-03-01", "2026-03-08"),
        on("later", "2026-03-01", "2026-03-09"),
        on("twice", "2026-03-01T08:00:00", "2026-03-01T09:00:00", "2026-03-02", "2026-03-02T18:00:00"),
        on("young", "2026-03-30T23:59:59", "2026-03-31T00:00:00"),
    )
    return business_of(spans, customers=customers, events=events)


def test_n_day_retention_of_those_who_have_reached_the_day(sign_ups: Business) -> None:
    """Day 30 of 1 March is 31 March, whose end is the cut: reached. Day 1 of `young` is 31 March: reached.

    Who signed up counts, paying or not; `before` signed up too long ago.
    """
    together = activity.n_day_retention(activity.n_day_by_month(sign_ups)).set_index("n")
    assert together["reached"].to_dict() == {1: 6, 7: 5, 30: 5}
    assert together["active_on_day"].to_dict() == {1: 3, 7: 2, 30: 1}
    assert together["n_day"].to_dict() == {1: 3 / 6, 7: 2 / 5, 30: 1 / 5}


def test_unbounded_retention_waits_for_thirty_days_more(sign_ups: Business) -> None:
    """At the end of March, day 0 of 1 March lies 30 days back: nobody has had the time."""
    together = activity.n_day_retention(activity.n_day_by_month(sign_ups)).set_index("n")
    assert together["followed"].to_dict() == {1: 0, 7: 0, 30: 0}
    assert together["unbounded"].isna().all()


def test_unbounded_retention_counts_the_day_and_every_later_one(sign_ups: Business) -> None:
    """The same business a month on, at the end of April.

    Day 1: all six, for the day 1 of `young` lies 30 days before 30 April; active then or later: every,
    weekly, later, twice, young. Days 7 and 30 (31 March) without `young`: every, weekly, later (day 8);
    every.
    """
    april = open_business(sign_ups.folder, "2026-04", cache=sign_ups.kept.parents[1])
    with closing(april) as business:
        together = activity.n_day_retention(activity.n_day_by_month(business)).set_index("n")
    assert together["followed"].to_dict() == {1: 6, 7: 5, 30: 5}
    assert together["active_since"].to_dict() == {1: 5, 7: 3, 30: 1}
    assert together["unbounded"].to_dict() == {1: 5 / 6, 7: 3 / 5, 30: 1 / 5}


def test_the_sentence_about_those_who_come_back(sign_ups: Business) -> None:
    """Only what has a base is said."""
    said = str(said_activity.n_day(activity.n_day_retention(activity.n_day_by_month(sign_ups))))
    assert said.startswith("Of those who have reached the day, 50.0 % (18.8–81.2 %) on day 1, 40.0 % (")
    assert said.endswith("on day 30 were active.")


# ------------------------------------------------------------------------- from outside


def test_retention_as_a_course_of_product_analytics_computes_it(opened: Any) -> None:
    """Codefinity, Product Analytics for Beginners, "Retention Analysis": activity on days after sign-up
    {1: 0, 7; 2: 0, 1; 3: 0; 5: 0, 7, 30} gives day 1 25 %, day 7 50 % (also unbounded), day 30 25 %."""
    day = dt.date(2026, 1, 10)
    used = {"1": (0, 7), "2": (0, 1), "3": (0,), "5": (0, 7, 30)}
    spans = [(name, str(day), "", 10) for name in used]
    events = [(name, str(day + dt.timedelta(days=n)), "use") for name, days in used.items() for n in days]
    with opened(spans, events=events, month="2026-04") as business:
        together = activity.n_day_retention(activity.n_day_by_month(business)).set_index("n")
    assert together["n_day"].to_dict() == {1: 0.25, 7: 0.5, 30: 0.25}
    assert together["unbounded"].to_dict() == {1: 0.75, 7: 0.5, 30: 0.25}


def test_paired_interval_is_the_one_of_bonett_and_price() -> None:
    """R package statpsych, manual of ci.prop.ps: ci.prop.ps(.05, 12, 4, 26, 6) returns the limits 0.2548067
    and 0.6251933 (its authors wrote the paper)."""
    change = paired_change(26, 4, 12 + 4 + 26 + 6)
    assert (round(change.low, 7), round(change.high, 7)) == (0.2548067, 0.6251933)
    assert change.value == 22 / 48


@pytest.mark.parametrize(
    ("gained", "lost", "p_value"),
    [(26, 4, 5.94761222601e-05), (10, 11, 1.0), (3, 15, 0.00753784179688)],
)
def test_the_verdict_needs_mcnemars_exact_test(gained: int, lost: int, p_value: float) -> None:
    """R 4.2: binom.test(4, 30)$p.value, binom.test(10, 21)$p.value, binom.test(3, 18)$p.value."""
    pairs = 60
    exact = mcnemar([[30, gained], [lost, pairs - 30 - gained - lost]], exact=True).pvalue
    assert exact == pytest.approx(p_value, rel=1e-10)
    verdict = paired_change(gained, lost, pairs).verdict
    assert (verdict != "no clear change") == (p_value < 0.05)


@given(
    gained=st.integers(0, 60), lost=st.integers(0, 60), others=st.integers(0, 300)
)  # fmt: skip
def test_a_verdict_agrees_with_statsmodels_and_with_its_interval(gained: int, lost: int, others: int) -> None:
    """Never "rose" or "fell" with 0 in the interval or a p-value of 5 % or more; mirrored, it mirrors."""
    change = paired_change(gained, lost, gained + lost + others)
    mirrored = paired_change(lost, gained, gained + lost + others)
    if gained + lost + others:
        assert change.low <= change.value <= change.high
        assert (mirrored.low, mirrored.high) == pytest.approx((-change.high, -change.low))
    if change.verdict != "no clear change":
        assert change.low > 0 or change.high < 0
        assert mcnemar([[0, gained], [lost, others]], exact=True).pvalue < 0.05
        assert mirrored.verdict == {"rose": "fell", "fell": "rose"}[change.verdict]


# ------------------------------------------------------------------------- laws


class Used(NamedTuple):
    """A business and what its accounts did."""

    world: World
    signed_up: dict[str, str]  # by account, a day
    events: list[Event]
    names: tuple[str, ...]


@st.composite
def uses(draw: st.DrawFn) -> Used:
    """Random events of everybody and of strangers, many at edges of months and days, or N days on."""
    world = draw(worlds(customers=14))
    zone = ZoneInfo(world.zone)
    signed_up: dict[str, str] = {}
    for who, started_at, *_ in world.spans:
        first = oracle.day_of(oracle.instant(started_at, zone), zone)
        signed_up.setdefault(who, str(first - dt.timedelta(days=draw(st.sampled_from([0, 0, 3, 40])))))
    signed_up["trial"] = str(world.month - dt.timedelta(days=draw(st.integers(0, 80))))
    events = []
    for account in [*signed_up, "stranger"]:
        for _ in range(draw(st.integers(0, 7))):
            moment = draw(moments(world.month, zone)) + dt.timedelta(days=draw(st.sampled_from([0, 0, 1, 7])))
            name = draw(st.sampled_from(["login", "login", "export", "mail opened"]))
            events.append((account, f"{moment:%Y-%m-%dT%H:%M:%SZ}", name))
        for n in draw(st.lists(st.sampled_from([0, 1, 2, 7, 8, 29, 30, 31, 61]), max_size=3)):
            day = dt.date.fromisoformat(signed_up.get(account, str(world.month))) + dt.timedelta(days=n)
            clock = draw(st.sampled_from(["00:00:00", "12:00:00", "23:59:59"]))
            events.append((account, f"{day}T{clock}", "login"))
    names = draw(st.sampled_from([(), ("login",), ("login", "export")]))
    return Used(world, signed_up, events or [("stays", f"{world.month}T12:00:00Z", "login")], names)


class Told:
    """The definitions once more, one account and one day at a time."""

    def __init__(self, used: Used, month: dt.date | None = None) -> None:
        self.history = history(used.world, month)
        self.zone = ZoneInfo(used.world.zone)
        signed_up = {who: dt.date.fromisoformat(day) for who, day in used.signed_up.items()}
        self.signed_up = {who: day for who, day in signed_up.items() if day < self.history.as_of}
        self.days: dict[str, set[dt.date]] = {}
        known = {*used.signed_up, *(who for who, *_ in used.world.spans)}
        for who, instant, name in used.events:
            moment = oracle.instant(instant, self.zone)
            if who in known and moment < self.history.cut and (not used.names or name in used.names):
                self.days.setdefault(who, set()).add(oracle.day_of(moment, self.zone))

    def months(self) -> list[dt.date]:
        """> A month is known whole when an earlier one has activity […]. The month of the first event is,
        > too, when nobody had been a customer before it began."""
        every = self.history.months()
        if not self.days:
            return []
        begun = min(min(days) for days in self.days.values()).replace(day=1)
        return [month for month in every if month > begun or month == begun == every[0]]

    def is_active(self, who: str, month: dt.date) -> bool:
        return any(day.replace(day=1) == month for day in self.days.get(who, ()))

    def is_active_in_week(self, who: str, month: dt.date) -> bool:
        end = oracle.next_month(month)
        return any(end - dt.timedelta(days=7) <= day < end for day in self.days.get(who, ()))

    def at_end(self, who: str, month: dt.date) -> bool:
        if who not in self.history.own:
            return False
        return self.history.is_customer(who, oracle.next_month(month) - dt.timedelta(days=1))

    def counts(self, month: dt.date) -> dict[str, int]:
        customers = [who for who in self.history.own if self.at_end(who, month)]
        active = [who for who in customers if self.is_active(who, month)]
        return {
            "customers_at_end": len(customers),
            "mau": len(active),
            "wau": sum(self.is_active_in_week(who, month) for who in active),
            "active_accounts": sum(self.is_active(who, month) for who in self.days),
        }

    def states(self, month: dt.date) -> dict[str, str]:
        before = (month - dt.timedelta(days=1)).replace(day=1)
        words = {
            (True, True, True, True): "staying",
            (True, True, False, True): "returning",
            (True, True, True, False): "gone dormant",
            (True, True, False, False): "dormant",
        }
        found = {}
        for who in self.history.own:
            at_start, at_end = self.at_end(who, before), self.at_end(who, month)
            was, now = self.is_active(who, before), self.is_active(who, month)
            if at_start and at_end:
                found[who] = words[(at_start, at_end, was, now)]
            elif at_end:
                found[who] = "newly active" if now else "newly dormant"
            elif at_start:
                found[who] = "lost active" if was else "lost dormant"
        return found

    def triangle(self) -> dict[tuple[dt.date, dt.date], tuple[int, int]]:
        cohorts: dict[dt.date, list[str]] = {}
        for who in self.history.own:
            cohorts.setdefault(self.history.first_day(who).replace(day=1), []).append(who)
        return {
            (cohort, month): (
                len(members),
                sum(self.at_end(who, month) and self.is_active(who, month) for who in members),
            )
            for cohort, members in cohorts.items()
            for month in self.months()
            if month >= cohort
        }

    def n_day(self) -> dict[int, tuple[int, int, int, int]]:
        whole = self.months()
        as_of = self.history.as_of
        from_day = (
            max(oracle.same_day_later(dt.date(as_of.year - 1, as_of.month, 1), 0), whole[0])
            if whole
            else as_of
        )
        own = [(who, day) for who, day in self.signed_up.items() if day >= from_day]
        found = {}
        for n in (1, 7, 30):
            due = [(who, day + dt.timedelta(days=n)) for who, day in own]
            reached = [(who, day) for who, day in due if day < as_of]
            followed = [(who, day) for who, day in due if day + dt.timedelta(days=30) < as_of]
            found[n] = (
                len(reached),
                sum(day in self.days.get(who, ()) for who, day in reached),
                len(followed),
                sum(any(used >= day for used in self.days.get(who, ())) for who, day in followed),
            )
        return found


def tables_of(business: Business) -> dict[str, Any]:
    """Everything that the package says about activity, in plain Python."""
    states = activity.customer_activity(business).execute()
    active = activity.active_customers(business)
    columns = ["customers_at_end", "mau", "wau", "active_accounts"]
    return {
        "months": list(activity.known(business).months),
        "counts": {
            row["month"].date(): {name: row[name] for name in columns}
            for row in active.to_dict(orient="records")
        },
        "states": {
            (row.customer_id, pd.Timestamp(row.month).date()): row.state for row in states.itertuples()
        },
        "triangle": {
            (cell.cohort.date(), cell.month.date()): (cell.size, cell.active)
            for cell in activity.activity_triangle(business).itertuples()
        },
        "n_day": {
            row.n: (row.reached, row.active_on_day, row.followed, row.active_since)
            for row in activity.n_day_retention(activity.n_day_by_month(business)).itertuples()
        },
    }


def told_by(told: Told) -> dict[str, Any]:
    whole = told.months()
    return {
        "months": whole,
        "counts": {month: told.counts(month) for month in whole},
        "states": {(who, month): word for month in whole[1:] for who, word in told.states(month).items()},
        "triangle": told.triangle(),
        "n_day": told.n_day(),
    }


def opened_with(opened: Any, used: Used, month: dt.date | None = None) -> Any:
    world = used.world
    return opened(
        world.spans,
        f"{month or world.month:%Y-%m}",
        customers=[{"customer_id": who, "signed_up_at": day} for who, day in used.signed_up.items()],
        settings={**world.settings, "activity_events": list(used.names)},
        events=used.events,
    )


def broken_laws(business: Business) -> list[str]:
    """The identities between the tables."""
    active = activity.active_customers(business).set_index("month")
    moved = activity.activity_movement(business).set_index("month")
    movement = measures.customer_movement(business).set_index("month")
    cells = activity.activity_triangle(business).groupby("month")["active"].sum()
    found = []
    gone = moved["gone_dormant"] + moved["lost_active"]
    if (
        not (moved["active_at_start"] + moved["newly_active"] + moved["returning"] - gone)
        .eq(moved["active_at_end"])
        .all()
    ):
        found.append("the movement does not add up")
    if list(moved["active_at_start"]) != list(active["mau"])[:-1]:
        found.append("the months do not chain")
    if list(moved["active_at_end"]) != list(active["mau"])[1:]:
        found.append("active at the end is not the MAU")
    if not (active["wau"] <= active["mau"]).all() or not (active["mau"] <= active["customers_at_end"]).all():
        found.append("WAU, MAU and customers are not one inside the other")
    if not (active["mau"] <= active["active_accounts"]).all():
        found.append("an active customer is an active account")
    if list(active["customers_at_end"]) != list(movement.loc[active.index, "customers_at_end"]):
        found.append("the customers are not those of the movement")
    if cells.reindex(active.index, fill_value=0).to_dict() != active["mau"].to_dict():
        found.append("the cells do not add up to the MAU")
    lost = moved["lost_active"] + moved["lost_dormant"]
    if list(lost) != list(movement.loc[moved.index, "lost"]):
        found.append("the lost are not those of the movement")
    return found


@settings(max_examples=8, **COMMON)
@given(used=uses())
def test_every_number_is_what_the_definitions_say(opened: Any, used: Used) -> None:
    """Package and slow second implementation agree on every count, and the identities hold."""
    with opened_with(opened, used) as business:
        got = tables_of(business)
        laws = broken_laws(business)
        record = recorded(business)
    assert laws == []
    assert got == told_by(Told(used))
    validated(record)


@settings(max_examples=2, **COMMON)
@given(used=uses(), chance=st.integers(1, 10**6))
def test_row_order_and_names_change_nothing_and_the_future_is_not_seen(
    opened: Any, used: Used, chance: int
) -> None:
    """Shuffled and relabelled, with events after the cut: the same tables."""
    mixer = random.Random(chance)
    accounts = [*used.signed_up, "stranger"]
    numbers = mixer.sample(range(999), len(accounts))
    names = {who: f"“{nth}”, Ä" for nth, who in zip(numbers, accounts, strict=True)}
    cut = oracle.next_month(used.world.month)
    later = [(who, str(cut + dt.timedelta(days=2 + mixer.randrange(40))), "login") for who in accounts]
    spans = [(names[who], *rest) for who, *rest in used.world.spans]
    signed_up = [(names[who], day) for who, day in used.signed_up.items()]
    events = [(names[who], *rest) for who, *rest in [*used.events, *later]]
    for rows in (spans, signed_up, events):
        mixer.shuffle(rows)
    other = Used(used.world._replace(spans=spans), dict(signed_up), events, used.names)
    found = []
    for version in (used, other):
        with opened_with(opened, version) as business:
            found.append(tables_of(business))
    renamed = {(names[who], month): word for (who, month), word in found[0]["states"].items()}
    assert found[1] == {**found[0], "states": renamed}


# ------------------------------------------------------------------------- for machines


def recorded(business: Business) -> dict[str, Any] | None:
    found = measurement.use(
        measurement.known_activity(business),
        measurement.active_customers(business),
        measurement.activity_movement(business),
        measurement.activity_triangle(business),
        measurement.sign_ups(business),
    )
    return found.record()["activity"]


def validated(record: dict[str, Any] | None) -> Any:
    """The record as it is handed on, held against its part of the schema."""
    from retention_helpers.shown.records import _plain

    plain = json.loads(json.dumps(_plain(record), allow_nan=False))
    jsonschema.validate(plain, {**measurement.use.schema["activity"], "$defs": DEFINITIONS})
    return plain


def test_the_record_holds_the_keys_of_the_design(eight: Business) -> None:
    """wau, mau, stickiness, n_day by day; rates with their parts."""
    record = validated(recorded(eight))
    assert (record["wau"], record["mau"]) == (1, 3)
    assert (record["stickiness"]["numerator"], record["stickiness"]["denominator"]) == (1, 3)
    assert set(record["n_day"]) == {"1", "7", "30"}
    assert record["movement"] == record["movement_by_month"][-1]
    assert record["cohorts"][0]["calendar"]["2"]["active"] == 2


def test_the_figure_says_its_key_numbers(eight: Business) -> None:
    """First and last of each line, for those who cannot see it."""
    active = activity.active_customers(eight)
    figure = figures.counts_by_month(active, ["customers_at_end", "mau", "wau"], title="Use")
    assert repr(figure) == (
        "Use. From January 2026 to March 2026: Customers at end: 6, then 6; MAU: 5, then 3; WAU: 1, then 1."
    )


# ------------------------------------------------------------------------- the sample


def test_the_sample_is_what_the_definitions_say(sample: Business) -> None:
    """The files of the sample, read without the package, give the same numbers for its last month."""
    world = sample_world(sample)
    customers = pd.read_csv(SAMPLE / "customers.csv")
    days = customers["signed_up_at"].str[:10]  # local time, as it stands
    rows = pd.read_csv(SAMPLE / "events.csv.gz")
    events = list(zip(rows["customer_id"], rows["occurred_at"], rows["event"], strict=True))
    signed_up = dict(zip(customers["customer_id"], days, strict=True))
    told = Told(Used(world, signed_up, events, sample.settings.activity_events))
    got = tables_of(sample)
    month = world.month
    assert got["counts"][month] == told.counts(month)
    assert {who: word for (who, of), word in got["states"].items() if of == month} == told.states(month)
    assert got["n_day"] == told.n_day()


def test_planted_use_in_the_first_week_lies_in_the_interval(sample: Business) -> None:
    """Planted: from day 1 to day 6 after the sign-up a chance of 50 % a working day, a quarter of it at
    weekends. So the day after the sign-up is expected to see the mean of these over the sign-ups."""
    customers = pd.read_csv(SAMPLE / "customers.csv")
    signed_up = pd.to_datetime(customers["signed_up_at"].str[:10])
    day_1 = signed_up + pd.Timedelta(days=1)
    recent = (
        (signed_up >= "2025-11-01") & (day_1 < "2026-11-01") & ~customers["customer_id"].str.startswith("C-9")
    )
    planted = (day_1[recent].dt.day_of_week >= 5).map({True: 0.125, False: 0.5}).mean()
    found = activity.n_day_retention(activity.n_day_by_month(sample)).set_index("n").loc[1]
    assert found["n_day_low"] < planted < found["n_day_high"]


def test_use_falls_silent_after_a_request_to_cancel(sample: Business) -> None:
    """Planted: after the request use falls to 6 % of what it was. So of those who had asked before a month
    and were customers to its end, far fewer were active in it than of the others."""
    asked = pd.read_csv(SAMPLE / "cancellations.csv")
    asked["asked_on"] = pd.to_datetime(asked["canceled_at"].str[:10])
    ended = kept_services(sample).execute().groupby("customer_id")["end_on"].max()
    rows = activity.customer_activity(sample).execute()
    rows = rows[rows["state"].isin(["staying", "returning", "gone dormant", "dormant"])]
    rows["is_active"] = rows["state"].isin(["staying", "returning"])
    rows["month"] = pd.to_datetime(rows["month"])
    both = rows.merge(asked[asked["kind"] == "voluntary"][["customer_id", "asked_on"]], on="customer_id")
    both["ended_on"] = pd.to_datetime(both["customer_id"].map(ended))
    waiting = both[(both["asked_on"] < both["month"]) & (both["ended_on"] > both["month"])]
    waiting = waiting[waiting["month"] - waiting["asked_on"] < pd.Timedelta(days=300)]
    others = rows[~rows["customer_id"].isin(both["customer_id"])]
    assert len(waiting) > 20
    assert waiting["is_active"].mean() < 0.6 < 0.9 < others["is_active"].mean()

"""What the warnings see: each rule on its smallest case, leaving, stages, lists; nothing after its date."""

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import write_folder

from retention_helpers.business import Business, open_business
from retention_helpers.early_warning import snapshots as kept_module
from retention_helpers.early_warning.indicators import leading_indicators, leads
from retention_helpers.early_warning.lifecycle import grid, scheduled, stage_churn, stage_flows, stages
from retention_helpers.early_warning.past import back_test, leavers_seen
from retention_helpers.early_warning.people import PLAYS, at_risk, plays
from retention_helpers.early_warning.proposals import to_keep
from retention_helpers.early_warning.risk import (
    Risk,
    calibration,
    discrimination,
    risk_of_leaving,
    top_shares,
)
from retention_helpers.early_warning.rules import RULES, left_out, usable
from retention_helpers.early_warning.snapshots import kept_snapshots, snapshots, snapshots_now
from retention_helpers.early_warning.thresholds import better_thresholds
from retention_helpers.measurement import measures
from retention_helpers.words import formats
from retention_helpers.words.errors import InputError

MARCH = pd.Timestamp("2026-04-01")  # the midnight that ends it
ON, OFF, NOT_JUDGED = "on", "off", "not judged"


def days(first: str, last: str, *, every: int = 1) -> list[str]:
    return [str(day.date()) for day in pd.date_range(first, last, freq=f"{every}D")]


def used(customer: str, on: list[str], *, times: int = 1) -> list[tuple[str, str, str]]:
    return [
        (customer, f"{day} {9 + nth // 60:02}:{nth % 60:02}:00", "export")
        for day in on
        for nth in range(times)
    ]


# A customer a case; all pay 10 from September 2025 unless their line says otherwise.
STARTED = {"new_silent": "2026-03-25", "too_new": "2026-03-26", "young": "2026-03-04", "late_2": "2026-03-24",
           "late_3": "2026-03-25", "on_day_7": "2026-03-01", "on_day_8": "2026-03-01", 
           "day_90": "2025-12-31", "day_91": "2025-12-30"}  # fmt: skip
PLAIN = ("silent_7", "silent_6", "silent_30", "silent_29", "half", "less_than_half", "three_days_before",
         "fewer", "as_many", "failed_29", "failed_30", "mended", "failed_again", "negative_29", "negative_30",
         "neutral", "three_mails", "two_and_young", "opened_between", "opened_late", "scored_6", "scored_7",
         "scored_long_ago", "now_happy")  # fmt: skip
SPANS = [
    *((name, "2025-09-01", "", 10) for name in PLAIN),
    *((name, day, "", 10) for name, day in STARTED.items()),
    ("fell_march", "2025-09-01", "2026-03-10", 20), ("fell_march", "2026-03-10", "", 10),
    ("fell_february", "2025-09-01", "2026-02-10", 20), ("fell_february", "2026-02-10", "", 10),
    ("fell_january", "2025-09-01", "2026-01-10", 20), ("fell_january", "2026-01-10", "", 10),
    ("fell_at_once", "2026-03-05", "2026-03-20", 20), ("fell_at_once", "2026-03-20", "", 10),
    # Who has decided, or does not pay.
    ("asked", "2025-09-01", "2026-04-20", 10, "active", "team", "month"),
    ("asked_and_stayed", "2025-09-01", "", 10, "active", "team", "month"),
    ("asked_yearly", "2025-09-01", "", 10, "active", "team", "year"),
    ("asked_twice", "2025-09-01", "2026-03-25", 10, "active", "team", "month"),
    ("left_unasked", "2025-09-01", "2026-03-10", 10, "active", "team", "month"),
    ("came_back", "2025-09-01", "2025-12-10", 10), ("came_back", "2026-02-10", "", 10),
    ("pauses", "2025-09-01", "2026-03-15", 10), ("pauses", "2026-03-15", "", 10, "paused"),
]  # fmt: skip
BEFORE = days("2026-02-04", "2026-03-17")  # the 42 days before the last 14
EVENTS = [
    ("silent_7", "2025-09-02 10:00:00", "login"),  # the table of events begins
    *used("silent_7", ["2026-03-24"]),
    *used("silent_6", ["2026-03-25"]),
    *used("silent_30", ["2026-03-01"]),
    *used("silent_29", ["2026-03-02"]),
    *used("half", BEFORE[:12] + days("2026-03-30", "2026-03-31")),
    *used("less_than_half", BEFORE[:12] + days("2026-03-29", "2026-03-31")),
    *used("three_days_before", BEFORE[-3:]),
    *used("young", days("2026-03-04", "2026-03-07") + days("2026-03-30", "2026-03-31")),
    *used("fewer", BEFORE[:4], times=10), *used("fewer", days("2026-03-29", "2026-03-31"), times=7),
    *used("as_many", BEFORE[:4], times=10), *used("as_many", days("2026-03-29", "2026-03-31"), times=8),
    ("silent_7", "2025-09-03 10:00:00", "onboarding_completed"),
    ("on_day_7", "2026-03-08 10:00:00", "onboarding_completed"),
    ("on_day_8", "2026-03-09 10:00:00", "onboarding_completed"),
]  # fmt: skip
FIRST_DAY = "2025-09-02"
TABLES: dict[str, Any] = {
    "events": EVENTS,
    "cancellations": [
        ("asked", "2026-03-20", "too_expensive"), ("asked_and_stayed", "2025-11-20"),
        ("asked_yearly", "2026-01-20"), ("asked_twice", "2026-02-10"), ("asked_twice", "2026-03-20"), 
        ("came_back", "2025-12-01"),
    ],
    "payments": [
        ("silent_7", FIRST_DAY, "succeeded", 10), ("failed_29", "2026-03-02", "failed", 10),
        ("failed_30", "2026-03-01", "failed", 10), ("mended", "2026-03-10", "failed", 10),
        ("mended", "2026-03-12", "succeeded", 10), ("failed_again", "2026-03-05", "succeeded", 10),
        ("failed_again", "2026-03-10", "failed", 10),
    ],
    "tickets": [
        ("silent_7", FIRST_DAY, "positive"), ("negative_29", "2026-03-02", "negative"),
        ("negative_30", "2026-03-01", "negative"), ("neutral", "2026-03-20", "neutral"),
    ],
    "emails": [
        ("silent_7", FIRST_DAY, FIRST_DAY),
        *(("three_mails", day) for day in ("2026-01-05", "2026-02-05", "2026-03-28")),
        *(("two_and_young", day) for day in ("2026-01-05", "2026-02-05", "2026-03-29")),
        ("opened_between", "2026-01-05"), ("opened_between", "2026-02-05"),
        ("opened_between", "2026-02-20", "2026-02-21"), ("opened_between", "2026-03-20"),
        *(("opened_late", day) for day in ("2026-01-05", "2026-02-05")),
        ("opened_late", "2026-03-05", "2026-04-02"),
    ],
    "nps": [
        ("silent_7", FIRST_DAY, 9), ("scored_6", "2026-03-20", 6), ("scored_7", "2026-03-20", 7),
        ("scored_long_ago", "2025-12-31", 2), ("now_happy", "2026-03-01", 2), ("now_happy", "2026-03-20", 9),
    ],
    "contacts": [("silent_30", "2026-03-02", "outreach"), ("failed_again", "2026-03-01", "interview")],
    "settings": {
        "calls_a_month": 2, "high_value_mrr": 200, "activity_events": ["login", "export"],
        "play_experiments": {"usage_reminder": "reminders"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def march(business_of: Callable[..., Business]) -> Business:
    """The customers of SPANS at the end of March 2026.

    |--- 4 February to 17 March: 42 days before ---|-- 18 to 31 March: the last 14 --| 1 April
    half            ############ (12 days)                                      ##      2/14 against 12/42
    less_than_half  ############                                                ###     3/14: still 3/4
    young                         |4 March ####    |                            ##      2/14 against 4/14
    fewer           ####  of 10 actions                                         ###  of 7
    silent_7                                                       # 24 March
    failed_29                             X 2 March: 29 days before the last day
    mended                                     X 10  ok 12
    three_mails     mails of 5 January, 5 February, 28 March: old enough on the last day
    asked           asks on 20 March, is there until 20 April
    asked_twice     asks on 10 February and on 20 March, gone on 25 March
    left_unasked    gone on 10 March without a word
    """
    return business_of(SPANS, **TABLES)


@pytest.fixture(scope="module")
def rows(march: Business) -> pd.DataFrame:
    return snapshots(march).astype({"customer_id": str}).set_index(["customer_id", "as_of"])


@pytest.fixture(scope="module")
def risk(march: Business) -> Risk:
    return risk_of_leaving(march)


# ---------------------------------------------------------------------------- the rules


CASES = [
    ("no_login_7_days", "silent_7", ON), ("no_login_7_days", "silent_6", OFF),
    ("no_login_7_days", "new_silent", ON), ("no_login_7_days", "too_new", NOT_JUDGED),
    ("no_login_30_days", "silent_30", ON), ("no_login_30_days", "silent_29", OFF),
    ("no_login_30_days", "new_silent", NOT_JUDGED),
    ("use_down_half", "half", ON), ("use_down_half", "less_than_half", OFF), ("use_down_half", "young", ON),
    ("use_down_half", "three_days_before", NOT_JUDGED),
    ("fewer_actions", "fewer", ON), ("fewer_actions", "as_many", OFF), ("fewer_actions", "half", NOT_JUDGED),
    ("onboarding_missed", "on_day_7", OFF), ("onboarding_missed", "on_day_8", ON),
    ("onboarding_missed", "late_2", ON), ("onboarding_missed", "late_3", NOT_JUDGED),
    ("onboarding_missed", "day_90", ON), ("onboarding_missed", "day_91", NOT_JUDGED),
    ("onboarding_missed", "half", NOT_JUDGED),  # came before onboarding was noted
    ("failed_payment", "failed_29", ON), ("failed_payment", "failed_30", OFF),
    ("failed_payment", "mended", OFF), ("failed_payment", "failed_again", ON),
    ("failed_payment", "half", OFF),
    ("downgrade", "fell_march", ON), ("downgrade", "fell_february", ON), ("downgrade", "fell_january", OFF),
    ("downgrade", "fell_at_once", NOT_JUDGED),
    ("negative_ticket", "negative_29", ON), ("negative_ticket", "negative_30", OFF),
    ("negative_ticket", "neutral", OFF),
    ("mails_unopened", "three_mails", ON), ("mails_unopened", "two_and_young", NOT_JUDGED),
    ("mails_unopened", "opened_between", OFF), ("mails_unopened", "opened_late", ON),
    ("nps_detractor", "scored_6", ON), ("nps_detractor", "scored_7", OFF),
    ("nps_detractor", "now_happy", OFF), ("nps_detractor", "scored_long_ago", NOT_JUDGED),
    ("no_login_30_days", "asked", NOT_JUDGED), ("no_login_30_days", "asked_and_stayed", NOT_JUDGED),
    ("no_login_30_days", "asked_yearly", NOT_JUDGED), ("no_login_30_days", "pauses", NOT_JUDGED),
]  # fmt: skip


@pytest.mark.parametrize(("name", "customer", "expected"), CASES)
def test_a_rule_on_its_smallest_case(rows: pd.DataFrame, name: str, customer: str, expected: str) -> None:
    """On the threshold and one short of it; and where too little was seen to say either."""
    rule = next(rule for rule in RULES if rule.name == name)
    own = rows.loc[[(customer, MARCH)]]
    found = ON if rule.is_on(own)[0] else OFF if rule.can_judge(own)[0] else NOT_JUDGED
    assert found == expected


def test_every_rule_is_tried_on_and_off() -> None:
    for rule in RULES:
        assert {ON, OFF} <= {expected for name, _, expected in CASES if name == rule.name}


def test_the_thresholds_that_are_fractions_hold_on_their_boundary(rows: pd.DataFrame) -> None:
    """The measures are held in four bytes, in which 0.7 is not the 0.7 of eight: still 7 of 10 is on."""
    assert rows.loc[("half", MARCH), "use_ratio"] == pytest.approx(0.5)
    assert rows.loc[("fewer", MARCH), "action_ratio"] == pytest.approx(0.7)
    assert rows.loc[("less_than_half", MARCH), "use_ratio"] == pytest.approx(0.75)


def test_the_owner_moves_a_threshold(opened: Callable[..., Any]) -> None:
    with opened(
        SPANS[:3], events=EVENTS[:3], settings={"warning_thresholds": {"no_login_30_days": 7}}
    ) as own:
        rule = next(rule for rule in usable(own) if rule.name == "no_login_30_days")
        assert (rule.at, rule.label) == (7, "No login for 7 days")
        assert {rule.name for rule in left_out(own)} == {
            "onboarding_missed", "failed_payment", "negative_ticket", "mails_unopened", "nps_detractor",
        }  # fmt: skip


# ---------------------------------------------------------------------------- leaving


@pytest.mark.parametrize(
    ("customer", "as_of", "leaves_in"),
    [
        ("asked", "2026-03-01", 20),  # 20 March, counted from the last day of February
        ("asked", "2026-02-01", 48),
        ("asked_twice", "2026-02-01", 10),  # the first request, not the second and not the end
        ("left_unasked", "2026-03-01", 10),
        ("half", "2026-03-01", None),
        ("came_back", "2025-12-01", 1),
        ("came_back", "2026-03-01", None),
    ],
)
def test_leaving_is_the_first_request_or_the_end(
    rows: pd.DataFrame, customer: str, as_of: str, leaves_in: int | None
) -> None:
    own = rows.loc[(customer, pd.Timestamp(as_of))]
    assert own["is_open"]
    assert own["leaves_in"] == leaves_in if leaves_in else pd.isna(own["leaves_in"])


@pytest.mark.parametrize("customer", ["asked", "asked_and_stayed", "asked_yearly", "asked_twice", "pauses"])
def test_who_has_decided_or_pauses_is_not_open(rows: pd.DataFrame, customer: str) -> None:
    date = pd.Timestamp("2026-03-01") if customer == "asked_twice" else MARCH
    assert not rows.loc[(customer, date), "is_open"]


def test_cancellations_that_are_scheduled(march: Business) -> None:
    """A monthly customer who asked in November has stayed; a yearly one who asked in January has not yet."""
    found = scheduled(march).set_index("customer_id")
    assert found["standing"].to_dict() == {
        "asked": "leaving", "asked_yearly": "leaving", "asked_and_stayed": "asked and stayed",
    }  # fmt: skip
    assert found["days_since"].to_dict() == {"asked": 11, "asked_yearly": 70, "asked_and_stayed": 131}
    assert found["reason"].dropna().to_dict() == {"asked": "too_expensive"}
    assert found.loc["asked", "mrr"] == Decimal(10)


def test_who_could_have_been_on_a_list(march: Business) -> None:
    """Asked or left since the first month end: asked, asked_and_stayed, asked_yearly, asked_twice,
    left_unasked and came_back (in December), all of them open at the month end before."""
    found = leavers_seen(march)
    assert (found.numerator, found.denominator) == (6, 6)


# ---------------------------------------------------------------------------- stages


def test_stages_add_up_to_the_customers(march: Business, risk: Risk) -> None:
    movement = measures.customer_movement(march).iloc[-1]
    found = stages(march, risk)
    assert found["stage"].tolist() == ["at risk or leaving", "first week", "habit", "established"]
    assert found["customers"].sum() == movement["customers_at_end"]
    assert sum(found["mrr"]) == measures.mrr_movement(march).iloc[-1]["mrr_at_end"]


def test_flows_add_up_to_both_ends(march: Business, risk: Risk) -> None:
    """New, reactivated and lost are the ones of the movement; who stays is in a stage at both ends."""
    movement = measures.customer_movement(march).iloc[-1]
    flows = stage_flows(march, risk).set_index("stage_at_start")
    assert flows.drop(index="came").to_numpy().sum() == movement["customers_at_start"]
    assert flows.drop(columns="left").to_numpy().sum() == movement["customers_at_end"]
    assert flows["left"].sum() == movement["lost"]
    assert flows.loc["came"].sum() == movement["new"] + movement["reactivated"]
    ends = stages(march, risk).set_index("stage")["customers"]
    assert flows.drop(columns="left").sum().to_dict() == ends.to_dict()


def test_stage_of_each_by_hand(opened: Callable[..., Any]) -> None:
    """Sign-up to the end of March 2026, without events: nobody can be at risk but who asked.

    day_7   24 March   first week      day_8   23 March   habit
    day_90  31 December habit          day_91  30 December established
    trial   signed up on 1 December, pays since 25 March: established by its sign-up
    asks    24 March, asks on the 28th: at risk
    """
    starts = {"day_7": "2026-03-24", "day_8": "2026-03-23", "day_90": "2025-12-31", "day_91": "2025-12-30",
              "trial": "2026-03-25", "asks": "2026-03-24"}  # fmt: skip
    signed = {**starts, "trial": "2025-12-01"}
    with opened(
        [(name, day, "", 10) for name, day in starts.items()],
        customers=[{"customer_id": name, "signed_up_at": day} for name, day in signed.items()],
        cancellations=[("asks", "2026-03-28")],
    ) as own:
        risk = risk_of_leaving(own)
        found = stages(own, risk).set_index("stage")
        assert found["customers"].to_dict() == {
            "at risk or leaving": 1, "first week": 1, "habit": 2, "established": 2,
        }  # fmt: skip
        assert (
            found.loc["at risk or leaving", "watched_of"] == 0
        )  # without contacts nobody knows who was contacted
        assert grid(own)["not_seen"].tolist() == [5, 0, 1, 0]


def test_who_stayed_and_asks_again_is_leaving(opened: Callable[..., Any]) -> None:
    """At the end of March 2026; each pays by the month since 1 December 2025, but `back` since 10 March.

    again   asked on 2 January, stayed, asks on 28 March: leaving by the second
    stayed  asked on 2 January
    back    asked on 2 January, ended on the 20th, came back: has asked nothing of this service
    """
    asked = [(who, "2026-01-02") for who in ("again", "stayed", "back")]
    begun = ("2025-12-01", "", 10, "active", "pro", "month")
    with opened(
        [("again", *begun), ("stayed", *begun), ("back", "2025-12-01", "2026-01-20", *begun[2:]),
         ("back", "2026-03-10", *begun[1:])],
        cancellations=[*((*one, "too_expensive") for one in asked), ("again", "2026-03-28", "")],
    ) as own:  # fmt: skip
        found = scheduled(own).set_index("customer_id")
        assert found["standing"].to_dict() == {"again": "leaving", "stayed": "asked and stayed"}
        assert found["days_since"].to_dict() == {"again": 3, "stayed": 88}
        assert formats.is_missing(found.loc["again", "reason"]), "the newest request gave none"
        assert found.loc["stayed", "reason"] == "too_expensive"
        kept = kept_snapshots(own).filter(lambda row: row.asked_on.notnull()).execute()
        days = [(row.customer_id, str(row.as_of)[:7], str(row.asked_on)[5:10]) for row in kept.itertuples()]
        assert sorted(days) == [
            ("again", "2026-02", "01-02"), ("again", "2026-03", "01-02"), ("again", "2026-04", "03-28"),
            ("stayed", "2026-02", "01-02"), ("stayed", "2026-03", "01-02"), ("stayed", "2026-04", "01-02"),
        ]  # fmt: skip
        assert to_keep(own, scheduled(own))["customer_id"].tolist() == ["again"]


def test_billing_by_activity(opened: Callable[..., Any]) -> None:
    """The last login before 31 March 2026: 7 days are active, 8 and 29 slowing, 30 dormant; each pays 10.

    last login   paying        past due   asked      paused
    24 March     a                        d
    23 March     b
    2 March      c             e
    1 March      hidden                              f
    """
    last = {"a": "2026-03-24", "b": "2026-03-23", "c": "2026-03-02", "hidden": "2026-03-01", 
            "d": "2026-03-24", "e": "2026-03-02", "f": "2026-03-01"}  # fmt: skip
    status = {"e": "past_due", "f": "paused"}
    with opened(
        [(name, "2025-12-01", "", 10, status.get(name, "active")) for name in last],
        events=[(name, day, "login") for name, day in last.items()],
        cancellations=[("d", "2026-03-30")],
    ) as own:
        cells = grid(own).set_index("billing")
        counts = cells[["active", "slowing", "dormant"]].to_numpy().tolist()
        assert cells.index.tolist() == ["paying", "past due", "asked to cancel", "paused"]
        assert counts == [[1, 2, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
        assert cells.loc["paying", "mrr_dormant"] == Decimal(10)
        assert cells.loc["paused", "mrr_dormant"] == Decimal(0)


# ---------------------------------------------------------------------------- the list


def test_who_is_at_risk(march: Business, risk: Risk) -> None:
    """Who has a warning on that counts; silent_30 was spoken to on 2 March, 29 days before the last day.

    Too few left to test a warning, so the starting points count: thirty days without a login, use down by
    half, a failed payment.
    """
    assert risk.way == "warnings"
    assert [rule.name for rule in risk.counted] == ["no_login_30_days", "use_down_half", "failed_payment"]
    people = at_risk(march, risk)
    assert {"silent_30", "half", "young", "failed_29", "failed_again"} <= set(people["customer_id"])
    assert not {"asked", "asked_and_stayed", "pauses", "silent_6"} & set(people["customer_id"])
    lately = people.set_index("customer_id")["contacted_lately"]
    assert lately["silent_30"] and not lately["failed_again"]  # 30 days ago is not lately
    assert people["mrr_expected"].is_monotonic_decreasing


def test_the_list_of_a_level(opened: Callable[..., Any]) -> None:
    """The same customers as in the whole list, in its order."""
    spans = [("a", "2025-09-01", "", 30, "active", "team"), ("b", "2025-09-01", "", 20, "active", "solo"),
             ("c", "2025-09-01", "", 10, "active", "team")]  # fmt: skip
    with opened(spans, events=[("a", FIRST_DAY, "login")], settings=TABLES["settings"]) as own:
        risk = risk_of_leaving(own)
        whole, team = at_risk(own, risk), at_risk(own, risk, within={"first_plan": "team"})
        assert whole["customer_id"].tolist() == ["a", "b", "c"]
        assert team["customer_id"].tolist() == ["a", "c"]
        assert at_risk(own, risk, within={"first_plan": "team", "start_year": "2025"}).equals(team)
        with pytest.raises(InputError, match=r"^No customer has gold as first_plan, only solo, team\.$"):
            at_risk(own, risk, within={"first_plan": "gold"})
        unknown = r"^Customers cannot be grouped by size, only by first_plan, "
        with pytest.raises(InputError, match=unknown):
            at_risk(own, risk, within={"size": "1"})
        with pytest.raises(InputError, match=unknown):
            back_test(own, by="size")
        assert set(back_test(own, by=["first_plan", "start_year"])["level"]) == {"solo", "team", "2025"}


def test_the_play_fits_the_warning(march: Business, risk: Risk) -> None:
    people = at_risk(march, risk).set_index("customer_id")
    assert people.loc["failed_29", "play"] == "payment help"
    assert people.loc["silent_30", "play"] == "last-resort offer"  # spoken to, and still at risk
    assert people.loc["half", "play"] == "feature discovery"
    assert people.loc["negative_30", "play"] == "usage reminder"  # the ticket is too old to count
    assert people.loc["negative_29", "play"] == "personal outreach"
    assert people.loc["scored_6", "play"] == "personal outreach"
    assert people.loc["half", "why"] == f"days of use down by {formats.percent(0.5, 0)}"
    assert "no login for 30 days" in people.loc["silent_30", "why"]
    assert set(people["play"]) <= set(PLAYS)


def test_high_value_is_personal(opened: Callable[..., Any]) -> None:
    """From `high_value_mrr` on nobody is left to a mail, whatever the warning."""
    spans = [("rich", "2025-09-01", "", 200), ("other", "2025-09-01", "", 199)]
    with opened(spans, events=[("rich", FIRST_DAY, "login")], settings=TABLES["settings"]) as own:
        people = at_risk(own, risk_of_leaving(own)).set_index("customer_id")
        assert people["play"].to_dict() == {"rich": "personal outreach", "other": "usage reminder"}
        assert people.loc["rich", "mrr_expected"] >= people.loc["other", "mrr_expected"]


def test_what_a_play_can_save(march: Business, risk: Risk) -> None:
    """Between none and all who would leave; once measured, its customers times the ends of the effect."""
    people = at_risk(march, risk)
    measured = pd.DataFrame(
        {
            "experiment": ["reminders"],
            "outcome_kind": ["retained"],
            "effect_low": [-0.01],
            "effect_high": [0.2],
        },
    )
    found = plays(march, people, measured).set_index("play")
    assert found["customers"].sum() == len(people)
    assert found["expected_left"].sum() == pytest.approx(people["risk"].sum())
    reminder, help_ = found.loc["usage reminder"], found.loc["payment help"]
    assert (reminder["saved_low"], reminder["saved_high"]) == pytest.approx(
        (-0.01 * reminder["customers"], 0.2 * reminder["customers"])
    )
    assert reminder["measured_by"] == "reminders" and pd.isna(help_["measured_by"])
    assert (help_["saved_low"], help_["saved_high"]) == (0, pytest.approx(help_["expected_left"]))


# ---------------------------------------------------------------------------- laws


def _random_tables(seed: int, *, months: int) -> tuple[list[tuple], dict[str, Any]]:
    """Thirty customers who come, go, fall silent, change plans, ask, pay and complain by chance."""
    chance = random.Random(seed)
    begin = dt.date(2026, 4, 1) - dt.timedelta(days=30 * months)

    def within(first: dt.date, last: dt.date) -> dt.date:
        return first + dt.timedelta(days=chance.randrange(max((last - first).days, 1)))

    end = dt.date(2026, 3, 31)
    spans, tables = (
        [],
        {name: [] for name in ("events", "cancellations", "payments", "tickets", "emails", "nps")},
    )
    for number in range(30):
        name, start = f"C-{number}", within(begin, end)
        stops = within(start, end + dt.timedelta(days=90))
        gap = chance.choice([None, 1, 2, 3, 4, 20])
        interval = chance.choice(["month", "year"])
        if gap and (stops - start).days > 50:
            middle = within(start + dt.timedelta(days=20), stops - dt.timedelta(days=25))
            spans.append((name, start, middle, 20, "active", "team", interval))
            again, amount = middle + dt.timedelta(days=gap), chance.choice([10, 20, 30])
            status = chance.choice(["active", "paused"])
            spans.append((name, again, "" if stops > end else stops, amount, status, "team", interval))
        else:
            spans.append((name, start, "" if stops > end else stops, 20, "active", "team", interval))
        last = min(stops, end)
        tables["events"] += [(name, within(start, last), "login") for _ in range(chance.randrange(60))]
        tables["events"] += [(name, within(start, last), "onboarding_completed")] * chance.randrange(2)
        tables["cancellations"] += [(name, within(start, last)) for _ in range(chance.randrange(3) // 2)]
        tables["payments"] += [
            (name, within(start, last), chance.choice(["succeeded", "failed", "refunded"]), 10)
            for _ in range(4)
        ]
        tables["tickets"] += [(name, within(start, last), chance.choice(["negative", ""])) for _ in range(2)]
        tables["nps"] += [(name, within(start, last), chance.randrange(11)) for _ in range(2)]
        for _ in range(8):
            sent = within(start, last)
            opened_at = chance.choice(["", sent + dt.timedelta(days=chance.randrange(40))])
            tables["emails"].append((name, sent, "" if opened_at and opened_at > end else opened_at))
    tables["customers"] = [
        {"customer_id": name, "signed_up_at": min(day for who, day, *_ in spans if who == name)}
        for name in dict.fromkeys(who for who, *_ in spans)
    ]
    return spans, tables


@pytest.mark.parametrize(("seed", "earlier"), [(1, ("2026-01", "2025-12")), (2, ("2026-02",))])
def test_nothing_after_its_date_matters(tmp_path: Path, seed: int, earlier: tuple[str, ...]) -> None:
    """What is said of a month end from all the data is what was said when nothing later was known.

    Only `leaves_in` looks ahead. Who was between two plans that day is in the later data alone, because
    nobody knew that they would return: such rows are never judged.
    """
    spans, tables = _random_tables(seed, months=7)
    folder = write_folder(tmp_path / "data", spans, **tables)
    seen = {}
    for month in ("2026-03", *earlier):
        business = open_business(folder, month, cache=tmp_path / "cache")
        wide = snapshots(business).astype({"customer_id": str}).drop(columns=["customer", "leaves_in"])
        seen[month] = wide.set_index(["customer_id", "as_of"]).sort_index()
        business.close()
    late = seen.pop("2026-03")
    for early in seen.values():
        there = late[late.index.get_level_values("as_of") <= early.index.get_level_values("as_of").max()]
        only_late = there.index.difference(early.index)
        assert not early.index.difference(late.index).size
        assert not late.loc[only_late, "is_open"].any()
        pd.testing.assert_frame_equal(late.loc[early.index], early)


def test_the_order_of_rows_and_how_many_months_at_a_time_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All month ends at once, and one at a time from shuffled files."""
    spans, tables = _random_tables(3, months=4)
    at_once = open_business(
        write_folder(tmp_path / "a", spans, **tables), "2026-03", cache=tmp_path / "cache"
    )
    chance = random.Random(0)
    mixed = {name: chance.sample(own, len(own)) for name, own in {**tables, "spans": spans}.items()}
    other = open_business(write_folder(tmp_path / "b", **mixed), "2026-03", cache=tmp_path / "cache")
    first = snapshots(at_once)
    monkeypatch.setattr(kept_module, "ROWS_AT_ONCE", 1)
    again = snapshots(other)
    assert len(list(other.kept.rglob("snapshots_*.parquet"))) == first["as_of"].nunique() > 3
    pd.testing.assert_frame_equal(first, again)
    pd.testing.assert_frame_equal(snapshots_now(other), first[first["as_of"] == MARCH].reset_index(drop=True))
    pd.testing.assert_frame_equal(back_test(at_once), back_test(other))
    for business in (at_once, other):
        business.close()


# ---------------------------------------------------------------------------- odd businesses


@pytest.mark.parametrize("spans", [[("one", "2026-03-30", "", 10)], [("one", "2025-03-30", "", 10)]])
def test_one_customer_and_no_other_table(opened: Callable[..., Any], spans: list[tuple]) -> None:
    """Nobody left and nothing was seen: every table has its columns, and no number is made up."""
    with opened(spans) as own:
        judged = back_test(own)
        assert judged["name"].tolist() == ["downgrade"] and judged["verdict"].tolist() == ["too few"]
        risk = risk_of_leaving(own)
        assert (risk.way, risk.counted, risk.tested) == ("warnings", (), None)
        assert at_risk(own, risk).empty and scheduled(own).empty
        assert discrimination(risk).empty and calibration(risk).empty
        assert top_shares(risk).empty and leading_indicators(own).empty
        assert leads(own).empty
        assert stages(own, risk)["customers"].sum() == 1
        assert stage_churn(own, risk)["left"].sum() == 0
        assert np.isnan(better_thresholds(own)["suggested_lift"]).all()

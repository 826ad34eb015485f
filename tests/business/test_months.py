"""The derived tables by hand: who is a customer when, and what a month makes of the edges.

The report month is March 2026 unless a test says otherwise. In the drawings `=` is a paying span, `p` a
paused one, `t` a trial, `|` the midnight that begins a month.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import write_folder

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_leavings, kept_losses
from retention_helpers.business.spans import kept_services
from retention_helpers.commands import checking
from retention_helpers.words.errors import InputError

MARCH = "2026-03"


def movements(business: Business, customer: str) -> dict[str, str]:
    """What a customer did, month by month."""
    rows = months.kept_customer_months(business).execute()
    own = rows[rows["customer_id"] == customer].sort_values("month")
    return {f"{row.month:%Y-%m}": row.movement for row in own.itertuples()}


def of_month(business: Business, customer: str, month: str = MARCH) -> Any:
    """The row of one customer in one month; None where there is none."""
    rows = months.kept_customer_months(business).execute()
    chosen = rows[(rows["customer_id"] == customer) & (rows["month"].astype(str).str[:7] == month)]
    assert len(chosen) <= 1
    if chosen.empty:
        return None
    row = chosen.iloc[0].astype(object)
    return row.where(row.notna(), None)


def services(business: Business, customer: str) -> list[tuple[str, str]]:
    """The first day of each service of a customer, and the day on which it ended ("" while it lasts)."""
    found = kept_services(business).order_by(["customer_id", "service"]).execute()
    own = found[found["customer_id"] == customer]
    return [
        (f"{row.begin_on:%Y-%m-%d}", "" if pd.isna(row.end_on) else f"{row.end_on:%Y-%m-%d}")
        for row in own.itertuples()
    ]


# --- the edges of a month --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def edges(business_of: Callable[..., Business]) -> Business:
    """
                        February            |March              |April
    dated_first    ==========================                             ends on 1 March, a date
    at_midnight    ==========================                             ends at 1 March 00:00:00
    second_before  =========================                              ends at 28 February 23:59:59
    dated_april    ==============================================         ends on 1 April, a date
    last_second                                                =====      begins at 31 March 23:59:59
    on_the_first                             =======================      begins at 1 March 00:00:00
    in_april                                                     ===      begins at 1 April 00:00:00
    """
    return business_of(
        [
            ("dated_first", "2026-01-15", "2026-03-01", 10),
            ("at_midnight", "2026-01-15T08:00:00", "2026-03-01T00:00:00", 10),
            ("second_before", "2026-01-15", "2026-02-28T23:59:59", 10),
            ("dated_april", "2026-01-15", "2026-04-01", 10),
            ("last_second", "2026-03-31T23:59:59", "", 10),
            ("on_the_first", "2026-03-01T00:00:00", "", 10),
            ("in_april", "2026-04-01", "", 10),
        ]
    )


@pytest.mark.parametrize("customer", ["dated_first", "at_midnight"])
def test_an_end_on_the_first_belongs_to_the_month_it_opens(edges: Business, customer: str) -> None:
    """A date on the 1st and a stamp at its very midnight are the same: lost in March, not in February."""
    assert movements(edges, customer) == {"2026-01": "new", "2026-02": "stayed", MARCH: "lost"}
    assert services(edges, customer) == [("2026-01-15", "2026-03-01")]


def test_an_end_a_second_before_the_month_belongs_to_the_month_before(edges: Business) -> None:
    """28 February 23:59:59 is a loss of February."""
    assert movements(edges, "second_before") == {"2026-01": "new", "2026-02": "lost"}


def test_an_end_at_the_cut_is_not_known_yet(edges: Business) -> None:
    """An end on 1 April is no fact of a report of March."""
    assert movements(edges, "dated_april")[MARCH] == "stayed"
    assert services(edges, "dated_april") == [("2026-01-15", "")]


def test_a_row_that_begins_at_the_cut_does_not_exist(edges: Business) -> None:
    """1 April 00:00 is after March; the last second of March is not."""
    assert movements(edges, "in_april") == {}
    assert services(edges, "in_april") == []
    assert movements(edges, "last_second") == {MARCH: "new"}


def test_a_begin_at_the_months_first_midnight_lies_inside_the_month(edges: Business) -> None:
    """Not a customer at the start of March, but new in it."""
    row = of_month(edges, "on_the_first")
    assert (row.state_at_start, row.state_at_end, row.movement) == ("none", "paying", "new")


# --- stays of less than a day ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def short_stays(business_of: Callable[..., Business]) -> Business:
    """
                     February         |March                       |April
    two_dates                             ·  10 March to 10 March
    dated_end                             ·  10 March 15:00 to 10 March
    same_instant                          ·  10 March 15:00 to 10 March 15:00
    few_hours                             ·  10 March 09:00 to 10 March 17:00
    once_more       =======================  5 March    ·  20 March
    on_the_first                       ·  1 March to 1 March
    """
    return business_of(
        [
            ("two_dates", "2026-03-10", "2026-03-10", 10),
            ("dated_end", "2026-03-10T15:00:00", "2026-03-10", 10),
            ("same_instant", "2026-03-10T15:00:00", "2026-03-10T15:00:00", 10),
            ("few_hours", "2026-03-10T09:00:00", "2026-03-10T17:00:00", 10),
            ("once_more", "2026-01-20", "2026-03-05", 10),
            ("once_more", "2026-03-20T12:00:00", "2026-03-20", 10),
            ("on_the_first", "2026-03-01", "2026-03-01", 10),
        ]
    )


@pytest.mark.parametrize("customer", ["two_dates", "dated_end", "same_instant", "few_hours"])
def test_a_stay_of_less_than_a_day_joined_and_left(short_stays: Business, customer: str) -> None:
    """It has a begin and an end of service on that day, and no state."""
    row = of_month(short_stays, customer)
    assert (row.state_at_start, row.state_at_end, row.movement) == ("none", "none", "joined_and_left")
    assert (row.begins, row.ends, row.mrr_movement) == (1, 1, None)
    assert services(short_stays, customer) == [("2026-03-10", "2026-03-10")]


def test_a_stay_of_less_than_a_day_belongs_to_its_cohort(short_stays: Business) -> None:
    """Its first day is the day of the stay."""
    firsts = months.first_days(short_stays).execute().set_index("customer_id")
    assert f"{firsts.loc['dated_end', 'first_on']:%Y-%m-%d}" == "2026-03-10"
    assert f"{firsts.loc['dated_end', 'cohort']:%Y-%m-%d}" == "2026-03-01"


def test_a_short_stay_after_a_loss_leaves_the_loss(short_stays: Business) -> None:
    """Lost on 5 March; a few hours on 20 March make a second service, and the loss's day is the last end."""
    assert movements(short_stays, "once_more")[MARCH] == "lost"
    assert services(short_stays, "once_more") == [("2026-01-20", "2026-03-05"), ("2026-03-20", "2026-03-20")]
    lost = kept_losses(short_stays).execute()
    assert [f"{day:%Y-%m-%d}" for day in lost["lost_on"]] == ["2026-03-20"]


def test_a_stay_of_a_date_on_the_first_is_inside_the_month(short_stays: Business) -> None:
    """1 March to 1 March is of March, and in no state at the end of February."""
    assert movements(short_stays, "on_the_first") == {MARCH: "joined_and_left"}


# --- states ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def states(business_of: Callable[..., Business]) -> Business:
    """
                     February          |March                       |April
    paused_over     ==========ppppppppp|pppppppp================
    comped_end      =================================ppppppppppppp       a free month granted
    past_due        ============================dddddddddddddddddd
    trial_only                  ttttttt|ttttttttttttttttttt
    trial_first              tttttttttt|tttt======================
    to_free         =========================0000000000000000000         mrr 0 from 15 March
    free_team                          |ppppppppppppppppppppppppp        comped from the first day
    """
    return business_of(
        [
            ("paused_over", "2026-01-01", "2026-02-20", 40),
            ("paused_over", "2026-02-20", "2026-03-10", "", "paused"),
            ("paused_over", "2026-03-10", "", 50),
            ("comped_end", "2026-01-01", "2026-03-15", 40),
            ("comped_end", "2026-03-15", "", 40, "comped"),
            ("past_due", "2026-01-01", "2026-03-15", 40),
            ("past_due", "2026-03-15", "", 40, "past_due"),
            ("trial_only", "2026-02-10", "2026-03-20", 40, "trialing"),
            ("trial_first", "2026-02-10", "2026-03-05", "", "trialing"),
            ("trial_first", "2026-03-05", "", 40),
            ("to_free", "2026-01-01", "2026-03-15", 40),
            ("to_free", "2026-03-15", "", 0),
            ("free_team", "2026-03-02", "", 0, "comped"),
        ]
    )


def test_a_pause_over_a_months_end_is_no_churn(states: Business) -> None:
    """February ends paused with MRR 0; March resumes, with the whole new MRR."""
    february, march = (of_month(states, "paused_over", month) for month in ("2026-02", MARCH))
    assert (february.movement, february.state_at_end, february.mrr_movement) == ("stayed", "paused", "paused")
    assert (march.movement, march.state_at_start, march.mrr_movement) == ("stayed", "paused", "resumed")
    assert (march.mrr_at_start, march.mrr_at_end) == (Decimal(0), Decimal(50))
    assert not march.left_and_returned
    assert services(states, "paused_over") == [("2026-01-01", "")]


def test_comped_is_a_pause_whatever_mrr_the_row_names(states: Business) -> None:
    """A free month granted to a payer: a customer with MRR 0."""
    row = of_month(states, "comped_end")
    assert (row.movement, row.state_at_end, row.mrr_at_end, row.mrr_movement) == (
        "stayed", "paused", Decimal(0), "paused",
    )  # fmt: skip


@pytest.fixture(scope="module")
def given(business_of: Callable[..., Business]) -> Business:
    """
                   Jan       Feb        Mar
    pays_on      ===========|ttttttttttt|==========   the next subscription begins with a trial
    goes         ===========|ttttttttttt|             and is never paid: lost when the trial ends
    still_free   ===========|tttttttttttttttttttttt   on trial at the cut
    after_gap    ========|  3 days  |tttttttttttttt
    too_late     ========|  a second more |ttttttt    lost; a trial is no return
    beside       ====================|                a second plan on trial outlives the first
                        tttttttttttttttttttttttttttt
    never_paid   ppppppp|tttttttttttttttttttttttttt   a pause before any payment
    """
    return business_of(
        [
            ("pays_on", "2026-01-05", "2026-02-01", 40),
            ("pays_on", "2026-02-01", "2026-03-03", "", "trialing"),
            ("pays_on", "2026-03-03", "", 50),
            ("goes", "2026-01-05", "2026-02-01", 40),
            ("goes", "2026-02-01", "2026-03-03", "", "trialing"),
            ("still_free", "2026-01-05", "2026-02-01", 40),
            ("still_free", "2026-02-01", "", "", "trialing"),
            ("after_gap", "2026-01-05", "2026-02-01T10:00:00Z", 40),
            ("after_gap", "2026-02-04T10:00:00Z", "", "", "trialing"),
            ("too_late", "2026-01-05", "2026-02-01T10:00:00Z", 40),
            ("too_late", "2026-02-04T10:00:01Z", "", "", "trialing"),
            ("beside", "2026-01-05", "2026-03-10", 40),
            ("beside", "2026-02-20", "", "", "trialing"),
            ("never_paid", "2026-01-05", "2026-02-01", "", "paused"),
            ("never_paid", "2026-02-01", "", "", "trialing"),
        ]
    )


def test_a_trial_after_a_payment_is_a_payers_free_time(given: Business) -> None:
    """A customer with MRR 0 while it lasts; what comes after it tells whether they stay."""
    moves = {
        (who, month): (row.movement, row.state_at_end, row.mrr_movement)
        for who in ("pays_on", "goes", "still_free", "after_gap", "beside")
        for month in ("2026-02", MARCH)
        for row in [of_month(given, who, month)]
    }
    february = {who: moves[who, "2026-02"] for who in ("pays_on", "goes", "still_free", "after_gap")}
    assert set(february.values()) == {("stayed", "paused", "paused")}
    assert moves["pays_on", MARCH] == ("stayed", "paying", "resumed")
    assert moves["goes", MARCH] == ("lost", "none", "churned")
    assert moves["still_free", MARCH] == moves["after_gap", MARCH] == ("stayed", "paused", None)
    assert moves["beside", MARCH] == ("stayed", "paused", "paused")
    assert services(given, "pays_on") == [("2026-01-05", "")]


def test_a_trial_long_after_a_loss_or_before_any_payment_is_none(given: Business) -> None:
    for who in ("too_late", "never_paid"):
        assert of_month(given, who, "2026-02").movement == "lost"
        assert services(given, who) == [("2026-01-05", "2026-02-01")]


def test_past_due_pays_until_the_span_ends(states: Business) -> None:
    """Its MRR counts, and nothing moved."""
    row = of_month(states, "past_due")
    assert (row.state_at_end, row.mrr_at_end) == ("paying", Decimal(40))
    assert (row.movement, row.mrr_movement) == ("stayed", None)


def test_a_trial_that_never_paid_was_never_a_customer(states: Business) -> None:
    """Neither new nor lost, in no cohort."""
    assert movements(states, "trial_only") == {}
    assert services(states, "trial_only") == []


def test_a_trial_comes_before_the_first_day(states: Business) -> None:
    """Service begins with the first paid day."""
    assert services(states, "trial_first") == [("2026-03-05", "")]
    assert movements(states, "trial_first") == {MARCH: "new"}


def test_a_fall_to_a_free_plan_is_a_loss(states: Business) -> None:
    """mrr 0 is not service."""
    row = of_month(states, "to_free")
    assert (row.movement, row.mrr_movement, row.mrr_at_start) == ("lost", "churned", Decimal(40))


def test_a_customer_may_begin_paused(states: Business) -> None:
    """Comped from the first day: a customer with MRR 0, new, in the cohort of that day."""
    row = of_month(states, "free_team")
    assert (row.movement, row.state_at_end, row.mrr_at_end) == ("new", "paused", Decimal(0))
    assert services(states, "free_team") == [("2026-03-02", "")]


# --- plan switches ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def switches(business_of: Callable[..., Business]) -> Business:
    """
                     February              |March                     |April
    exactly_72h     ====================   |  ==================             27 Feb to 2 March, 72:00:00
    second_more     ====================   |  ==================             27 Feb to 2 March, 72:00:01
    two_at_once     ====================   |  ==================             both spans end on 27 Feb
                    ====================   |
    one_earlier     ====================   |  ==================             one of two ends on 20 Feb
                    ============           |
    paused_end      ====pppppppppppppppp   |  ==================             a pause runs into the gap
    chain           ==================  =  |  ==================             two gaps of 48 hours
    """
    return business_of(
        [
            ("exactly_72h", "2026-01-10", "2026-02-27", 100, "active", "solo"),
            ("exactly_72h", "2026-03-02", "", 150, "active", "team"),
            ("second_more", "2026-01-10", "2026-02-27", 100, "active", "solo"),
            ("second_more", "2026-03-02T00:00:01", "", 150, "active", "team"),
            ("two_at_once", "2026-01-10", "2026-02-27", 100),
            ("two_at_once", "2026-01-20", "2026-02-27", 11),
            ("two_at_once", "2026-03-02", "", 150),
            ("one_earlier", "2026-01-10", "2026-02-27", 100),
            ("one_earlier", "2026-01-20", "2026-02-20", 11),
            ("one_earlier", "2026-03-02", "", 150),
            ("paused_end", "2026-01-10", "2026-02-10", 100),
            ("paused_end", "2026-02-10", "2026-02-27", 100, "paused"),
            ("paused_end", "2026-03-02", "", 150),
            ("chain", "2026-01-10", "2026-02-25T12:00", 100),
            ("chain", "2026-02-27T12:00", "2026-02-27T12:00", 7),
            ("chain", "2026-03-01T12:00", "", 150),
        ]
    )


def test_a_gap_of_exactly_three_days_is_a_plan_switch(switches: Business) -> None:
    """72:00:00 without service at the end of February: a customer all the time, with the old MRR."""
    assert set(movements(switches, "exactly_72h").values()) == {"new", "stayed"}
    march = of_month(switches, "exactly_72h")
    assert (march.mrr_at_start, march.mrr_at_end, march.mrr_movement) == (100, 150, "expansion")
    assert march.plan == "solo"
    assert services(switches, "exactly_72h") == [("2026-01-10", "")]


def test_a_second_more_is_churn_and_a_return(switches: Business) -> None:
    """72:00:01: lost in February, reactivated in March."""
    assert movements(switches, "second_more") == {"2026-01": "new", "2026-02": "lost", MARCH: "reactivated"}
    assert services(switches, "second_more") == [("2026-01-10", "2026-02-27"), ("2026-03-02", "")]


def test_every_span_that_ends_where_the_gap_opens_lasts_over_it(switches: Business) -> None:
    """Two spans that end together both last; one that ended a week before does not."""
    assert of_month(switches, "two_at_once").mrr_at_start == 111
    assert of_month(switches, "one_earlier").mrr_at_start == 100


def test_a_pause_that_ends_where_the_gap_opens_lasts_as_a_pause(switches: Business) -> None:
    """Paused at the end of February, resumed in March."""
    row = of_month(switches, "paused_end")
    assert (row.state_at_start, row.mrr_movement) == ("paused", "resumed")


def test_short_gaps_in_a_row_are_each_held_against_the_limit(switches: Business) -> None:
    """48 hours, a stay of an instant, 48 hours: no gap is longer than three days, and the stay lasts."""
    assert services(switches, "chain") == [("2026-01-10", "")]
    assert of_month(switches, "chain").mrr_at_start == 7


def test_the_owner_may_set_another_gap(business_of: Callable[..., Business]) -> None:
    """With 0 days only a span that begins at the very instant of the end leaves no hole."""
    business = business_of(
        [
            ("touching", "2026-01-10", "2026-02-27T10:00:00", 100),
            ("touching", "2026-02-27T10:00:00", "", 100),
            ("second", "2026-01-10", "2026-02-27T10:00:00", 100),
            ("second", "2026-02-27T10:00:01", "", 100),
        ],
        settings={"switch_gap_days": 0},
    )
    assert services(business, "touching") == [("2026-01-10", "")]
    assert services(business, "second") == [("2026-01-10", "2026-02-27"), ("2026-02-27", "")]
    assert of_month(business, "second", "2026-02").left_and_returned


@pytest.mark.parametrize(
    ("zone", "ended", "just", "over"),
    [
        # The clocks go forward within the gap (71 hours of three days), and back (73 hours).
        ("Europe/Berlin", "2026-03-27T12:00:00", "2026-03-30T12:00:00", "2026-03-30T12:00:01"),
        ("America/New_York", "2025-10-31T12:00:00", "2025-11-03T12:00:00", "2025-11-03T12:00:01"),
        ("America/New_York", "2025-10-31", "2025-11-03", "2025-11-03T00:00:01"),
        ("America/New_York", "2025-09-30", "2025-10-03", "2025-10-03T00:00:01"),
        ("Australia/Lord_Howe", "2025-10-03", "2025-10-06", "2025-10-06T00:00:01"),  # half an hour forward
        ("Pacific/Apia", "2011-12-28", "2011-12-31", "2011-12-31T00:00:01"),  # has no 30 December 2011
    ],
)
def test_a_switch_gap_is_measured_on_the_clocks_of_the_business(
    opened: Any, zone: str, ended: str, just: str, over: str
) -> None:
    """Three days are three days, whatever the clocks do in between; one second more is a loss."""
    spans = [
        ("in_time", "2011-01-10", ended, 100),
        ("in_time", just, "", 100),
        ("too_late", "2011-01-10", ended, 100),
        ("too_late", over, "", 100),
    ]
    with opened(spans, settings={"time_zone": zone}) as business:
        assert len(services(business, "in_time")) == 1
        assert len(services(business, "too_late")) == 2


def test_a_switch_while_the_clocks_go_back_is_no_loss(opened: Any) -> None:
    """By dates alone: 31 October to 3 November, as 30 September to 3 October, in New York."""
    spans = [
        ("A", "2025-01-10", "2025-10-31", 100),
        ("A", "2025-11-03", "", 120),
        ("B", "2025-01-10", "2025-09-30", 100),
        ("B", "2025-10-03", "", 120),
    ]
    with opened(spans, "2025-11", settings={"time_zone": "America/New_York"}) as business:
        for who in "AB":
            assert set(movements(business, who).values()) == {"new", "stayed"}


def test_a_cut_in_the_middle_of_a_gap_knows_only_the_end(opened: Any) -> None:
    """
    30 March to 2 April without service:  ==========  |  =======
    The report of March says lost; the report of April, which knows of the return, says stayed in both.
    """
    spans = [("A", "2026-01-10", "2026-03-30", 100), ("A", "2026-04-02", "", 100)]
    with opened(spans, MARCH) as march:
        assert movements(march, "A")[MARCH] == "lost"
        assert f"{kept_losses(march).execute()['lost_on'].iloc[0]:%Y-%m-%d}" == "2026-03-30"
    with opened(spans, "2026-04") as april:
        assert movements(april, "A") == {
            "2026-01": "new", "2026-02": "stayed", MARCH: "stayed", "2026-04": "stayed",
        }  # fmt: skip
        assert not of_month(april, "A", "2026-04").left_and_returned


# --- coming and going ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def goers(business_of: Callable[..., Business]) -> Business:
    """
                   February          |March                       |April
    returned      ===================|==        ================
    came_again    ====                           ===============         lost in February
    joined_left                         =======
    joined_twice                        ====        ============
    lost_anyway   ===================|==    ===                          left, returned, left
    second        ===================|==============================     a second subscription
                              =======|==========                         until 15 March
    """
    return business_of(
        [
            ("returned", "2026-01-10", "2026-03-03", 100),
            ("returned", "2026-03-12", "", 80),
            ("came_again", "2026-01-10", "2026-02-05", 100),
            ("came_again", "2026-03-20", "", 100),
            ("joined_left", "2026-03-05", "2026-03-15", 100),
            ("joined_twice", "2026-03-05", "2026-03-10", 100),
            ("joined_twice", "2026-03-20", "", 90),
            ("lost_anyway", "2026-01-10", "2026-03-03", 100),
            ("lost_anyway", "2026-03-12", "2026-03-18", 100),
            ("second", "2026-01-10", "", 100, "active", "solo"),
            ("second", "2026-02-10", "2026-03-15", 30, "active", "addon"),
        ]
    )


def test_who_leaves_and_returns_in_a_month_is_retained(goers: Business) -> None:
    """On a line of its own; the lower MRR after the return is a contraction."""
    row = of_month(goers, "returned")
    assert (row.movement, bool(row.left_and_returned), row.ends) == ("stayed", True, 1)
    assert (row.mrr_movement, row.mrr_at_start, row.mrr_at_end) == ("contraction", 100, 80)


def test_who_had_service_before_the_month_is_reactivated_not_new(goers: Business) -> None:
    """The cohort stays that of the first day."""
    assert movements(goers, "came_again") == {"2026-01": "new", "2026-02": "lost", MARCH: "reactivated"}
    firsts = months.first_days(goers).execute().set_index("customer_id")
    assert f"{firsts.loc['came_again', 'cohort']:%Y-%m}" == "2026-01"


def test_who_joins_and_leaves_in_a_month_is_neither_new_nor_lost(goers: Business) -> None:
    """A line of its own."""
    assert movements(goers, "joined_left") == {MARCH: "joined_and_left"}


def test_who_joins_leaves_and_joins_again_in_a_month_is_new(goers: Business) -> None:
    """No service before the month, a customer at its end; not left and returned, for not there at start."""
    row = of_month(goers, "joined_twice")
    assert (row.movement, row.begins, row.ends, bool(row.left_and_returned)) == ("new", 2, 1, False)
    assert row.mrr_at_end == 90


def test_a_return_that_does_not_last_is_a_loss(goers: Business) -> None:
    """Customer at the start, not at the end; lost on the day of the last end."""
    row = of_month(goers, "lost_anyway")
    assert (row.movement, row.ends, bool(row.left_and_returned)) == ("lost", 2, False)
    lost = kept_losses(goers).execute().set_index("customer_id").loc["lost_anyway"]
    assert (f"{lost.lost_on:%Y-%m-%d}", lost.tenure_days) == ("2026-03-18", 67)


def test_the_end_of_a_second_subscription_is_a_contraction(goers: Business) -> None:
    """Several spans at once add up; no service ended."""
    february, march = (of_month(goers, "second", month) for month in ("2026-02", MARCH))
    assert (february.mrr_at_end, february.mrr_movement) == (130, "expansion")
    assert (march.movement, march.mrr_movement, march.mrr_at_end, march.ends) == (
        "stayed", "contraction", 100, 0,
    )  # fmt: skip
    assert march.plan == "solo"


# --- clocks, money, nothing ------------------------------------------------------------------------


def test_months_end_at_the_midnight_of_the_business(business_of: Callable[..., Business]) -> None:
    """31 March 11:30 UTC is already 1 April in Auckland: unknown to the report of March."""
    spans = [
        ("before", "2026-01-10", "2026-03-31T10:59:59Z", 10),
        ("after", "2026-01-10", "2026-03-31T11:00:00Z", 10),
        ("offset", "2026-01-10", "2026-03-31T23:59:59+13:00", 10),
        ("local", "2026-01-10", "2026-03-31 23:59:59", 10),
    ]
    auckland = business_of(spans, settings={"time_zone": "Pacific/Auckland"})
    assert {who: movements(auckland, who)[MARCH] for who, *_ in spans} == {
        "before": "lost", "after": "stayed", "offset": "lost", "local": "lost",
    }  # fmt: skip
    utc = business_of(spans)
    assert movements(utc, "after")[MARCH] == "lost"


def test_amounts_of_six_decimals_add_up_exactly(business_of: Callable[..., Business]) -> None:
    """Three subscriptions of 33.333333 and one of 0.000001 are 100.000000; in floats they are not."""
    business = business_of(
        [
            *(("A", "2026-01-10", "", "33.333333", "active", plan) for plan in "abc"),
            ("A", "2026-02-10", "", "0.000001"),
            ("B", "2026-02-01", "", "0.1"),
            ("C", "2026-02-01", "", "0.2"),
        ]
    )
    row = of_month(business, "A")
    assert row.mrr_at_end == Decimal("100.000000")
    assert isinstance(row.mrr_at_end, Decimal)
    assert of_month(business, "A", "2026-02").mrr_movement == "expansion"
    both = of_month(business, "B").mrr_at_end + of_month(business, "C").mrr_at_end
    assert both == Decimal("0.3")


def test_amounts_are_converted_at_one_rate_a_currency(business_of: Callable[..., Business]) -> None:
    """A dollar is 0.92 euro in every month, so that no rate can look like an expansion."""
    business = business_of(
        [
            ("dollar", "2026-01-10", "", "33.333333", "active", "", "", "USD"),
            ("euro", "2026-01-10", "", "50", "active", "", "", "EUR"),
            ("unnamed", "2026-01-10", "", "50", "active"),
            ("both", "2026-01-10", "", "10", "active", "", "", "usd"),
            ("both", "2026-01-10", "", "10", "active", "", "", "EUR"),
        ],
        settings={"currency": "EUR", "exchange_rates": {"USD": 0.92}},
    )
    assert business.currency == "EUR"
    amounts = {who: of_month(business, who).mrr_at_end for who in ("dollar", "euro", "unnamed", "both")}
    assert amounts == {
        "dollar": Decimal("30.666666"),
        "euro": Decimal(50),
        "unnamed": Decimal(50),
        "both": Decimal("19.2"),
    }
    rows = months.kept_customer_months(business).execute()
    assert set(rows["mrr_movement"].dropna()) == {"new"}


BY_MONTH = [
    ("dollar", "2026-01-10", "", "33.333333", "active", "", "", "USD"),
    ("euro", "2026-01-10", "", "50", "active", "", "", "EUR"),
]


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({"2026-02": 0.9, "2026-03": "0.8"}, ["26.666666"] * 3),  # of March, for every month
        ({"2026-04": 0.9, "other_months": 0.5}, ["16.666667"] * 3),
        ({"2026-02": 0.9, "2026-01": 0.7, "2026-04": 2, "other_months": "earlier"}, ["30"] * 3),
    ],
)
def test_a_report_takes_the_rate_of_its_own_month(
    business_of: Callable[..., Business], rates: dict, expected: list[str]
) -> None:
    """33.333333 dollars: 26.6666664, 16.6666665 and 29.9999997 euro, rounded to six decimals."""
    business = business_of(BY_MONTH, settings={"currency": "EUR", "exchange_rates": {"USD": rates}})
    found = [of_month(business, "dollar", f"2026-0{nth}").mrr_at_end for nth in (1, 2, 3)]
    assert found == [Decimal(one) for one in expected]
    assert of_month(business, "euro").mrr_at_end == 50
    said = [fault.message for fault in business.faults if fault.rule == "rate of an earlier month"]
    assert said == (
        ["retention.yml: USD has no exchange rate of 2026-03, so that of 2026-02 was taken, as "
         "`other_months` says."] if rates.get("other_months") == "earlier" else []
    )  # fmt: skip


def test_a_month_without_a_rate_stops_its_report_alone(opened: Callable[..., Any], tmp_path: Path) -> None:
    """With the way out; later dollars stop no earlier month, nor does a currency without rows."""
    rates = {"USD": {"2026-04": 0.9}, "CHF": {"2026-04": 1}}
    settings = {"currency": "EUR", "exchange_rates": rates}
    with pytest.raises(InputError) as wrong, opened(BY_MONTH, "2026-03", settings=settings):
        pass
    assert str(wrong.value) == (
        "retention.yml: there is no exchange rate from USD to EUR of 2026-03. Add it to `exchange_rates`: "
        "{USD: {2026-03: …}}, or say beside the months `other_months: earlier` to take that of the latest "
        "month before it."
    )
    with opened(BY_MONTH, "2026-04", settings=settings) as april:
        assert of_month(april, "dollar", "2026-01").mrr_at_end == 30
    later = [BY_MONTH[1], ("dollar", "2026-04-10", "", "10", "active", "", "", "USD")]
    with opened(later, "2026-03", settings=settings) as march:
        assert of_month(march, "euro").mrr_at_end == 50
    # The last month of these data is January: it is checked without a report, and said.
    folder = write_folder(tmp_path / "data", BY_MONTH, settings=settings)
    (said,) = checking.check(folder, tmp_path / "out", cache=tmp_path / "cache").faults
    assert (said.level, said.rule) == ("warning", "month without a rate")
    assert "from USD to EUR of 2026-01" in said.message


def test_an_exact_duplicate_counts_once_and_a_stranger_counts(business_of: Callable[..., Business]) -> None:
    """The repeated row is left out with a warning; a customer missing from customers is counted."""
    business = business_of(
        [("A", "2026-01-10", "", 10), ("A", "2026-01-10", "", 10), ("stranger", "2026-01-10", "", 7)],
        customers=[{"customer_id": "A", "signed_up_at": "2026-01-10"}],
    )
    assert of_month(business, "A").mrr_at_end == 10
    assert of_month(business, "stranger").mrr_at_end == 7
    warned = [fault.rule for fault in business.faults if fault.table == "subscriptions"]
    assert warned == [
        "repeated row", "unknown customer",
    ]  # fmt: skip


def test_without_any_service_there_is_a_sentence_and_no_table(business_of: Callable[..., Business]) -> None:
    """Trials and free plans alone are nothing to report."""
    business = business_of([("A", "2026-01-10", "", 0), ("B", "2026-01-10", "", 10, "trialing")])
    with pytest.raises(InputError, match="Nobody had a paid or paused subscription before 2026-04-01"):
        months.month_starts(business)


def test_every_month_from_the_first_service_has_a_row_of_its_own(
    business_of: Callable[..., Business],
) -> None:
    """Also a month in which nobody was a customer."""
    business = business_of([("A", "2025-12-10", "2026-01-05", 10), ("B", "2026-03-05", "", 10)])
    assert months.month_starts(business) == [
        dt.date(2025, 12, 1), dt.date(2026, 1, 1), dt.date(2026, 2, 1), dt.date(2026, 3, 1),
    ]  # fmt: skip


# --- losses: by whom, and why ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def losses(business_of: Callable[..., Business]) -> pd.DataFrame:
    """
                    Jan        |February      |March               |April
    latest          ===============x====x=====|==                         asked twice, the later row counts
    before_service  x  ========================|==                         a row before service began
    second_time     ======x    =======|=======|==                         the reason belongs to the first loss
    after_the_end   ==========================|==      x                  answered after the end
    in_april        ==========================|==                  x      answered after the cut
    silent          ========================x=|==                         a row without reason and kind
    biller          ========================x=|==                         only a reason, an involuntary one
    said_kind       ========================x=|==                         kind voluntary, no reason
    kind_first      ========================x=|==                         kind and reason disagree
    """
    service = ("2026-01-15", "2026-03-05", 10)
    others = ("latest", "after_the_end", "in_april", "silent", "biller", "said_kind", "kind_first", "nobody")
    business = business_of(
        [
            *((who, *service) for who in others),
            ("before_service", *service),
            ("second_time", "2025-12-01", "2026-01-10", 10),
            ("second_time", "2026-02-01", "2026-03-20", 10),
        ],
        cancellations=[
            ("latest", "2026-03-01", "too_complex", "voluntary"),
            ("latest", "2026-02-01", "too_expensive", "voluntary"),
            ("before_service", "2026-01-10", "too_expensive", "voluntary"),
            ("second_time", "2026-01-05", "too_expensive", "voluntary"),
            ("after_the_end", "2026-03-20", "missing_feature", "voluntary"),
            ("in_april", "2026-04-02", "missing_feature", "voluntary"),
            ("silent", "2026-03-01"),
            ("biller", "2026-03-01", "payment_failed"),
            ("said_kind", "2026-03-01", "", "voluntary"),
            ("kind_first", "2026-03-01", "too_expensive", "involuntary"),
        ],
    )
    return kept_losses(business).execute().set_index(["customer_id", "month"]).sort_index()


def why(losses: pd.DataFrame, customer: str, month: str = "2026-03-01") -> tuple[str, str | None, bool]:
    row = losses.loc[(customer, pd.Timestamp(month))]
    return row.kind, None if pd.isna(row.reason) else row.reason, bool(row.asked)


def test_a_loss_belongs_to_the_latest_row_after_its_service_began(losses: pd.DataFrame) -> None:
    """Of two answers the later one counts, in whatever order the rows stand; also one after the end."""
    assert why(losses, "latest") == ("voluntary", "too_complex", True)
    assert why(losses, "after_the_end") == ("voluntary", "missing_feature", True)


def test_a_row_before_the_service_began_says_nothing_about_its_end(losses: pd.DataFrame) -> None:
    """Neither one before the first day nor one about an earlier service."""
    assert why(losses, "before_service") == ("unknown", None, False)
    assert why(losses, "second_time", "2026-01-01") == ("voluntary", "too_expensive", True)
    assert why(losses, "second_time") == ("unknown", None, False)


def test_an_answer_on_the_day_on_which_service_begins_belongs_to_it(opened: Any) -> None:
    """
    Answers are placed by days, because many surveys export dates only:  A came back on 10 March at 15:00 and
    has a row of that day at 09:00, B came at 15:00 and has a dated row of that day. Both rows belong to the
    service that began on the day.  A ====|   x=====|     B x====|
    """
    spans = [
        ("A", "2026-01-10", "2026-03-01", 10),
        ("A", "2026-03-10T15:00:00", "2026-03-20", 10),
        ("B", "2026-02-10T15:00:00", "2026-03-10", 10),
    ]
    answers = [
        ("A", "2026-03-10T09:00:00", "too_expensive", "voluntary"),
        ("B", "2026-02-10", "too_complex", "voluntary"),
    ]
    with opened(spans, cancellations=answers) as business:
        lost = kept_losses(business).execute().set_index(["customer_id", "month"])
    assert why(lost, "B") == ("voluntary", "too_complex", True)
    assert why(lost, "A") == ("voluntary", "too_expensive", True)


def test_an_answer_after_the_cut_is_not_known(losses: pd.DataFrame) -> None:
    """The report of March cannot hold what was said in April."""
    assert why(losses, "in_april") == ("unknown", None, False)


def test_the_kind_is_what_the_row_says_else_what_its_reason_says(losses: pd.DataFrame) -> None:
    """No row, or a row without both, is unknown; a failed payment is involuntary."""
    assert why(losses, "nobody") == ("unknown", None, False)
    assert why(losses, "silent") == ("unknown", None, True)
    assert why(losses, "biller") == ("involuntary", "payment_failed", True)
    assert why(losses, "said_kind") == ("voluntary", None, True)
    assert why(losses, "kind_first") == ("involuntary", "too_expensive", True)


def test_tenure_runs_from_the_first_day_to_the_day_of_the_end(losses: pd.DataFrame) -> None:
    """Whole days; a second loss counts from the first day of all. The month is that of the end."""
    assert losses.loc[("latest", pd.Timestamp("2026-03-01")), "tenure_days"] == 49
    assert losses.loc[("second_time", pd.Timestamp("2026-01-01")), "tenure_days"] == 40
    assert losses.loc[("second_time", pd.Timestamp("2026-03-01")), "tenure_days"] == 109


# --- leaving: the first request or the end ---------------------------------------------------------


@pytest.fixture(scope="module")
def leavings(business_of: Callable[..., Business]) -> pd.DataFrame:
    """
                    Jan        |February      |March               |April
    stays           ================================================
    ends                 =====================|==                         nobody asked
    asks_first           ==========x==========|==                         asked on 10 February, ended in March
    asks_twice           ====x=====x==========|==                         the first request counts
    scheduled            =====================|=======x=============      asked and still there
    stays_after_all      ====x================|======================     asked and stayed
    on_the_last_day      =====================|=x                         asked on the day of the end
    on_the_first_day     x====================|==                         asked on the day of the begin
    after_the_end        =====================|==     x                   a row after the end is no request
    in_a_trial         x tttt=================|=====================      asked before service began
    in_april             =====================|=====================x     asked after the cut
    biller               =====================|=x=                        the biller gave up
    twice            ====x==     =============|==  (x between the two)    each service has its own
    """
    service, on = ("2026-01-15", "2026-03-05", 10), ("2026-01-15", "", 10)
    ending = ("ends", "asks_first", "asks_twice", "on_the_last_day", "on_the_first_day", "after_the_end")
    lasting = ("stays", "scheduled", "stays_after_all", "in_april")
    business = business_of(
        [
            *((who, *service) for who in ending),
            *((who, *on) for who in lasting),
            ("biller", *service),
            ("in_a_trial", "2026-01-10", "2026-01-15", "", "trialing"),
            ("in_a_trial", *on),
            ("twice", "2025-12-01", "2026-01-10", 10),
            ("twice", "2026-02-01", "2026-03-20", 10),
        ],
        cancellations=[
            ("asks_first", "2026-02-10", "too_complex", "voluntary"),
            ("asks_twice", "2026-02-10", "too_complex", "voluntary"),
            ("asks_twice", "2026-01-20", "too_complex", "voluntary"),
            ("scheduled", "2026-03-12T23:30:00", "too_complex", "voluntary"),
            ("stays_after_all", "2026-01-20", "", "voluntary"),
            ("on_the_last_day", "2026-03-05T18:00:00", "too_complex", "voluntary"),
            ("on_the_first_day", "2026-01-15", "too_complex", "voluntary"),
            ("after_the_end", "2026-03-20", "missing_feature", "voluntary"),
            ("in_a_trial", "2026-01-12", "missing_feature", "voluntary"),
            ("in_april", "2026-04-02", "missing_feature", "voluntary"),
            ("biller", "2026-03-04", "payment_failed", "involuntary"),
            ("twice", "2026-01-05", "too_expensive", "voluntary"),
            ("twice", "2026-01-20", "too_expensive", "voluntary"),
        ],
    )
    return kept_leavings(business).execute().set_index(["customer_id", "service"])


@pytest.mark.parametrize(
    ("customer", "asked_on", "ended_on", "left_on"),
    [
        ("stays", "", "", ""),
        ("ends", "", "2026-03-05", "2026-03-05"),
        ("asks_first", "2026-02-10", "2026-03-05", "2026-02-10"),
        ("asks_twice", "2026-01-20", "2026-03-05", "2026-01-20"),
        ("scheduled", "2026-03-12", "", "2026-03-12"),
        ("stays_after_all", "2026-01-20", "", "2026-01-20"),
        ("on_the_last_day", "2026-03-05", "2026-03-05", "2026-03-05"),
        ("on_the_first_day", "2026-01-15", "2026-03-05", "2026-01-15"),
        ("after_the_end", "", "2026-03-05", "2026-03-05"),
        ("in_a_trial", "", "", ""),
        ("in_april", "", "", ""),
        ("biller", "2026-03-04", "2026-03-05", "2026-03-04"),
    ],
)
def test_leaving_is_the_first_request_or_the_end(
    leavings: pd.DataFrame, customer: str, asked_on: str, ended_on: str, left_on: str
) -> None:
    """Whichever comes first, by days; what was said after the end, or before service began, is none."""
    row = leavings.loc[(customer, 1)]
    said = ["" if pd.isna(at) else f"{at:%Y-%m-%d}" for at in (row.asked_on, row.ended_on, row.left_on)]
    assert said == [asked_on, ended_on, left_on]


def test_each_service_has_its_own_leaving(leavings: pd.DataFrame) -> None:
    """The request of 5 January belongs to the first service, the one between the two to neither."""
    first, second = leavings.loc[("twice", 1)], leavings.loc[("twice", 2)]
    assert (f"{first.asked_on:%Y-%m-%d}", f"{first.left_on:%Y-%m-%d}") == ("2026-01-05", "2026-01-05")
    assert pd.isna(second.asked_on)
    assert (f"{second.begin_on:%Y-%m-%d}", f"{second.left_on:%Y-%m-%d}") == ("2026-02-01", "2026-03-20")


# --- days of activity ------------------------------------------------------------------------------


def test_a_day_of_activity_is_a_day_of_the_business_time_zone(sample: Business) -> None:
    """One row a customer a day, as many events in all as the table has rows."""
    days = months.kept_customer_days(sample)
    frame = days.aggregate(rows=days.count(), events=days.events.sum()).execute().iloc[0]
    distinct = days.select("customer_id", "day").distinct().count().execute()
    assert frame["rows"] == distinct
    assert frame["events"] == sample.table("events").count().execute()
    assert (days.activity <= days.events).all().execute()

"""The comparison at a landmark: by hand, against a second computation, as laws, on simulated businesses, and
the truths that are planted in the sample.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng

from retention_helpers.business import SAMPLE, Business
from retention_helpers.churned_vs_retained import (
    adjusted,
    cuts,
    established,
    features,
    landmark,
    naive,
    shrinkage,
    univariate,
    valuation,
)
from retention_helpers.churned_vs_retained.landmark import Comparison, Driver, LooksAhead, at_landmark
from retention_helpers.churned_vs_retained.use import kept_early_days, onboarding_steps

SIGNED_UP = dt.date(2025, 10, 1)


def day(number: int, hour: int = 12) -> str:
    """An instant so many days after the sign-up of everybody below."""
    return f"{SIGNED_UP + dt.timedelta(days=number)}T{hour:02}:00:00"


def date(number: int) -> str:
    return str(SIGNED_UP + dt.timedelta(days=number))


# --- who is compared -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lives(business_of: Callable[..., Business]) -> Business:
    """
    All signed up on 1 October 2025; the landmark is the end of day 30, the horizon the 90 days after it.

                day 0          30 |                     120|        181 (cut)
    stays       ==================|========================|===========
    asks_31     ==================|x=======================|===========    asked on the first day after it
    asks_120    ==================|=======================x|===========    asked on the last day
    asks_121    ==================|========================|x==========    asked one day too late
    ends_60     ==================|=======                 |               nobody asked
    asks_30     =================x|========================|===========    asked on the day of the landmark
    ends_10     ======            |                        |               left before it
    came_back   ====    ==========|========================|===========    left before it and came back
    trial       ttttttttt=========|========================|===========    a trial first: a customer on day 30
    late        tttttttttttttttttt|tttttt==================|===========    not a customer yet on day 30
    never       tttttttttttt      |                        |               never paid
    """
    ending = {"ends_60": 60, "ends_10": 10}
    staying = ("stays", "asks_31", "asks_120", "asks_121", "asks_30")
    spans = [
        *((who, day(0), "", 10) for who in staying),
        *((who, day(0), day(last), 10) for who, last in ending.items()),
        ("came_back", day(0), day(7), 10),
        ("came_back", day(15), "", 10),
        ("trial", day(0), day(14), "", "trialing"),
        ("trial", day(14), "", 10),
        ("late", day(0), day(40), "", "trialing"),
        ("late", day(40), "", 10),
        ("never", day(0), day(20), "", "trialing"),
    ]
    asked = {"asks_31": 31, "asks_120": 120, "asks_121": 121, "asks_30": 30}
    return business_of(
        spans,
        cancellations=[(who, day(on), "too_complex", "voluntary") for who, on in asked.items()],
    )


def test_the_flow_says_what_became_of_everybody_who_signed_up(lives: Business) -> None:
    """Three left by day 30 (also who came back), two were no customers, six are compared."""
    stages = landmark.flow(lives, landmark_days=30).set_index("stage")["customers"].to_dict()
    assert stages == {
        "signed up": 11,
        "left before the landmark": 3,
        "no customer at the landmark": 2,
        "compared": 6,
    }


def test_the_outcome_is_the_first_request_or_the_end_within_the_horizon(lives: Business) -> None:
    """Days from the landmark to the leaving, at most the horizon; a request one day after it is too late."""
    rows = at_landmark(lives, landmark_days=30).execute().set_index("customer_id")
    found = {who: (int(row.days), bool(row.lost), bool(row.settled)) for who, row in rows.iterrows()}
    assert found == {
        "stays": (90, False, True),
        "asks_31": (1, True, True),
        "asks_120": (90, True, True),
        "asks_121": (90, False, True),
        "ends_60": (30, True, True),
        "trial": (90, False, True),
    }


def test_who_is_not_followed_to_the_end_is_not_retained(opened: Any) -> None:
    """
    The report of January 2026: the cut is day 123, and day 83 of a customer who signed up 40 days later. On
    day 53 of the horizon nothing is settled yet, and who left counts as lost in the model alone.
    """
    spans = [("early", day(0), "", 10), ("young", day(40), "", 10), ("gone", day(40), day(90), 10),
             ("new", day(100), "", 10)]  # fmt: skip
    with opened(spans, "2026-01") as business:
        rows = at_landmark(business, landmark_days=30).execute().set_index("customer_id")
        stages = landmark.flow(business, landmark_days=30).set_index("stage")["customers"]
    found = {who: (int(row.days), bool(row.lost), bool(row.settled)) for who, row in rows.iterrows()}
    assert found == {"early": (90, False, True), "young": (52, False, False), "gone": (20, True, False)}
    assert stages["not that old yet"] == 1


def test_who_signed_up_before_the_records_begin_is_left_out(opened: Any) -> None:
    """Of earlier customers only those who stayed are in the records: to compare them would flatter all."""
    spans = [("before", day(0), "", 10), ("after", day(40), "", 10)]
    with opened(spans, settings={"history_starts_on": SIGNED_UP + dt.timedelta(days=10)}) as business:
        rows = at_landmark(business, landmark_days=30).execute()
        stages = landmark.flow(business, landmark_days=30)
    assert list(rows["customer_id"]) == ["after"]
    assert "signed up before the records begin" in set(stages["stage"])


# --- what was known by then ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def users(business_of: Callable[..., Business]) -> Business:
    """
    Five customers from day 0 on; what each did, by days after sign-up. `l` login, `p` project, `o` onboarding
    completed, `1` and `2` its steps. Everything beyond the landmark (day 30) must not be seen.

                day 0  6|7      18|19    30|31 …
    busy        l1  po  |lp    l l| l  lp  |l
    slow             1  |          |     l  |o p l
    silent              |          |        |l p l
    early       lp2o    |lll   lll |        |
    oddly       o(late, day 7) only |        |
    """
    done = {
        "busy": {0: "l1", 4: "po", 7: "lp", 12: "l", 14: "l", 20: "l", 30: "lp", 31: "l"},
        "slow": {5: "1", 25: "l", 31: "op", 40: "l"},
        "silent": {31: "lp", 33: "l"},
        "early": {0: "lp", 1: "p", 2: "2", 3: "o", 7: "l", 8: "l", 9: "l", 16: "l", 17: "l", 18: "l"},
        "oddly": {7: "o"},
    }
    names = {"l": "login", "p": "project_created", "o": "onboarding_completed", "1": "onboarding_step_1",
             "2": "onboarding_step_2"}  # fmt: skip
    events = [
        (who, day(on, 8 + nth), names[sign])
        for who, days in done.items()
        for on, signs in days.items()
        for nth, sign in enumerate(signs)
    ]
    plans = {"busy": ("team", 59), "slow": ("solo", 19), "silent": ("solo", 19), "early": ("team", 59),
             "oddly": ("solo", 9)}  # fmt: skip
    return business_of(
        [(who, day(0), "", mrr, "active", plan, "month") for who, (plan, mrr) in plans.items()],
        events=events,
        tickets=[("busy", day(3), "negative"), ("busy", day(30), "neutral"), ("slow", day(31), "negative")],
        payments=[("slow", day(10), "failed"), ("busy", day(31), "failed"), ("early", day(0), "succeeded")],
        emails=[
            ("busy", day(2), day(3)),
            ("busy", day(9), day(31)),
            ("slow", day(29)),
            ("slow", day(31), day(31)),
        ],
        settings={"activity_events": ["login", "project_created"], "min_customers": 1},
    )


@pytest.fixture(scope="module")
def known(users: Business) -> pd.DataFrame:
    """Everything that is known of the five, also what is the same for all."""
    every = features.gathered(users, landmark_days=30)
    return every.rows.set_index("customer_id")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("onboarding_completed", {"busy": 1, "slow": 0, "silent": 0, "early": 1, "oddly": 0}),
        ("onboarding_steps_skipped", {"busy": 1, "slow": 1, "silent": 2, "early": 1, "oddly": 2}),
        ("first_week_days_of_use", {"busy": 2, "slow": 0, "silent": 0, "early": 2, "oddly": 0}),
        ("days_to_first_use", {"busy": 0, "slow": 7, "silent": 7, "early": 0, "oddly": 7}),
        ("first_week_kinds", {"busy": 2, "slow": 0, "silent": 0, "early": 2, "oddly": 0}),
        ("first_week_project_created", {"busy": 1, "slow": 0, "silent": 0, "early": 2, "oddly": 0}),
        ("later_days_of_use", {"busy": 5, "slow": 1, "silent": 0, "early": 6, "oddly": 0}),
        ("later_login", {"busy": 5, "slow": 1, "silent": 0, "early": 6, "oddly": 0}),
        ("use_trend", {"busy": -1, "slow": 1, "silent": 0, "early": -6, "oddly": 0}),
        ("tickets", {"busy": 2, "slow": 0, "silent": 0, "early": 0, "oddly": 0}),
        ("negative_ticket", {"busy": 1, "slow": 0, "silent": 0, "early": 0, "oddly": 0}),
        ("failed_payment", {"busy": 0, "slow": 1, "silent": 0, "early": 0, "oddly": 0}),
        ("mails_opened", {"busy": 0.5, "slow": 0}),
        ("mrr", {"busy": 59, "slow": 19, "silent": 19, "early": 59, "oddly": 9}),
        ("trial_first", {"busy": 0, "slow": 0, "silent": 0, "early": 0, "oddly": 0}),
    ],
)
def test_what_was_known_at_the_landmark(known: pd.DataFrame, name: str, wanted: dict[str, float]) -> None:
    """By hand, from the drawing: days 0 to 6 are the first week, days 7 to 30 what came later."""
    assert known[name].dropna().to_dict() == wanted


def test_nothing_after_the_landmark_is_known(users: Business, known: pd.DataFrame) -> None:
    """`known_day` is the latest day of which a row tells: never beyond 30, and 30 where it has an event."""
    assert known["known_day"].to_dict() == {"busy": 30, "slow": 29, "silent": 0, "early": 18, "oddly": 7}
    assert int(kept_early_days(users).day.max().execute()) == 30


def test_at_an_early_landmark_only_the_first_week_is_known(users: Business) -> None:
    """Day 7: no later use, and one ticket, one mail."""
    found = features.gathered(users, landmark_days=7)
    names = {driver.name for driver in found.drivers}
    assert not any(name.startswith("later") for name in names) and "first_week_login" in names
    rows = found.rows.set_index("customer_id")
    assert rows.loc["busy", ["tickets", "mails_opened"]].to_list() == [1, 1]


def test_a_function_that_is_given_later_data_refuses() -> None:
    """The refusal names how many, the first, and the way out."""
    rows = pd.DataFrame(
        {
            "customer_id": ["B", "A"],
            "signed_up_on": pd.Timestamp("2026-01-01"),
            "known_day": [30, 44],
            "days": [90, 90],
            "lost": [False, False],
            "settled": [True, True],
        }
    )
    with pytest.raises(
        LooksAhead, match=r"1 of 2 rows .* \(first: A, 14 days after it\). Cut what is compared"
    ):
        Comparison(rows, (), 30, 90, 20, pd.DataFrame())
    Comparison(rows.assign(known_day=30), (), 30, 90, 20, pd.DataFrame())


def test_later_rows_change_no_earlier_report(opened: Any) -> None:
    """Everything after the cut of January added: the comparison of January is the same."""
    spans = [(f"C-{n:02}", day(n), day(n + 40) if n % 3 == 0 else "", 10 + n % 2, "active",
              "team" if n % 2 else "solo", "month") for n in range(36)]  # fmt: skip
    events = [(f"C-{n:02}", day(n + on), "login") for n in range(36) for on in range(0, 30, 1 + n % 5)]
    asked = [("C-01", day(40), "too_complex", "voluntary")]
    later = [("C-02", day(130), "too_complex", "voluntary")]
    found = []
    for more, tickets in (([], []), (later, [("C-03", day(140), "negative")])):
        with opened(
            spans, "2026-01", events=events + [("C-05", day(150), "login")] * len(more),
            cancellations=asked + more, tickets=[("C-04", day(5), "negative"), *tickets],
        ) as business:  # fmt: skip
            comparison = features.comparison(business, landmark_days=30)
            found.append(adjusted.compare_together(comparison))
    pd.testing.assert_frame_equal(*found)


def test_a_table_that_was_not_kept_yet_says_nothing_of_those_before_it(opened: Any) -> None:
    """Tickets from November on: who signed up in October had none, as far as is known; that is no 0."""
    spans = [("october", day(0), "", 10), ("november", day(45), "", 10), ("later", day(60), "", 10)]
    with opened(
        spans, tickets=[("october", day(45), "neutral"), ("later", day(62), "neutral"), ("later", day(120))]
    ) as business:
        rows = features.gathered(business, landmark_days=30).rows.set_index("customer_id")["tickets"]
    assert rows.isna().to_dict() == {"october": True, "november": False, "later": False}
    assert rows["later"] == 1 and rows["november"] == 0


def test_a_price_below_what_others_paid_is_a_discount(opened: Any) -> None:
    """The sixth and seventh of a plan: 8 where all before paid 10 is one, 10 is none; before, unknown."""
    spans = [(f"C-{n}", day(n), "", 8 if n == 5 else 10, "active", "solo", "month") for n in range(7)]
    with opened(spans) as business:
        rows = features.gathered(business, landmark_days=30).rows.set_index("customer_id")["discounted"]
    assert rows.isna().sum() == 5
    assert (rows["C-5"], rows["C-6"]) == (1, 0)


def test_a_price_that_only_the_present_knows_is_not_compared(opened: Any) -> None:
    """Where a source holds the price of today alone, nobody's first price is known: said, and set apart."""
    spans = [(f"C-{n}", day(n), "", 8 if n == 5 else 10, "active", "solo", "month") for n in range(7)]
    with opened(spans, not_known={"biller": {"prices": "Only the present price is held."}}) as business:
        comparison = features.comparison(business, landmark_days=30)
        month_ends = established.at_month_ends(business)
    apart = comparison.set_apart.set_index("column")["why"]
    assert "price of today" in apart["mrr"] and "price of today" in apart["discounted"]
    assert not {"mrr", "discounted"} & {driver.name for driver in comparison.drivers}
    assert "mrr" not in month_ends.columns


def test_steps_are_named_like_the_completion() -> None:
    """Up to its ending; a completion without an ending that is known has no steps."""
    kinds = ["login", "setup_step_1", "setup_done", "setup_2", "settled"]
    assert onboarding_steps(kinds, "setup_done") == ["setup_2", "setup_step_1"]
    assert onboarding_steps(kinds, "login") == []


# --- what is set apart ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def leaking(business_of: Callable[..., Business]) -> Comparison:
    """120 customers, every third of whom leaves; columns that leak in every way, and one that is fine."""
    draw = default_rng(1)
    left = [n % 3 == 0 for n in range(120)]
    ends = [day(n % 20 + 40 + 2 * (n % 23)) if gone else "" for n, gone in enumerate(left)]
    lasted = [n % 23 if gone else 70 for n, gone in enumerate(left)]
    customers = [
        {
            "customer_id": f"C-{n:03}",
            "signed_up_at": date(n % 20),
            "country": ["DE", "AT", "CH"][n % 3 - n % 2],
            "outcome": "a" if gone else "b",
            "score_of_use": 10 * lasted[n] + draw.integers(0, 30),
            "total_charges": 12 * n,
            "onboarded_on": date(n % 7),
            "seat_code": f"V{n}",
            "language": "de",
            "email": f"c{n}@example.com",
        }
        for n, gone in enumerate(left)
    ]
    spans = [(f"C-{n:03}", day(n % 20), ends[n], 10) for n in range(120)]
    return features.comparison(business_of(spans, customers=customers), landmark_days=30)


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("outcome", "almost without fail"),
        ("score_of_use", "almost without fail|grows with the time"),
        ("total_charges", "goes on changing"),
        ("onboarded_on", "a date"),
        ("seat_code", "a value of their own"),
        ("language", "the same for everybody"),
    ],
)
def test_columns_that_cannot_be_compared_are_set_apart_with_the_reason(
    leaking: Comparison, column: str, why: str
) -> None:
    """And do not stand among the drivers."""
    reasons = leaking.set_apart.set_index("column")["why"]
    assert pd.Series([reasons[column]]).str.contains(why).all()
    assert column not in {driver.name for driver in leaking.drivers}


def test_what_is_fine_is_compared_and_what_is_personal_never(leaking: Comparison) -> None:
    """A personal column is not even named."""
    assert "country" in {driver.name for driver in leaking.drivers}
    assert "email" not in {*leaking.rows.columns, *leaking.set_apart["column"]}


def test_the_owner_may_name_the_attributes(opened: Any) -> None:
    """Only those are compared, also one whose name sounds like a leak."""
    customers = [
        {"customer_id": f"C-{n}", "signed_up_at": date(n), "total_seats": n % 9, "country": "AB"[n % 2]}
        for n in range(30)
    ]
    spans = [(f"C-{n}", day(n), "", 10) for n in range(30)]
    with opened(spans, customers=customers, settings={"attributes": ["total_seats"]}) as business:
        names = {driver.name for driver in features.comparison(business, landmark_days=30).drivers}
    assert "total_seats" in names and "country" not in names


# --- the verdicts, on simulated businesses -------------------------------------------------------------


def simulated(
    columns: dict[str, tuple[str, int, Sequence[Any]]], lost: Sequence[bool], days: Sequence[int]
) -> Comparison:
    """A comparison of columns (kind, tier, values), all settled."""
    made = [Driver(name, name, kind, tier) for name, (kind, tier, _) in columns.items()]  # type: ignore[arg-type]
    rows = pd.DataFrame(
        {
            "customer_id": [f"C-{n:04}" for n in range(len(lost))],
            "signed_up_on": pd.Timestamp("2026-01-01"),
            "known_day": 30,
            "days": days,
            "lost": lost,
            "settled": True,
            **{name: values for name, (_, _, values) in columns.items()},
        }
    )
    return Comparison(rows, tuple(made), 30, 90, 20, pd.DataFrame())


def judged(comparison: Comparison) -> pd.DataFrame:
    return adjusted.compare_together(comparison).set_index("name")


@pytest.fixture(scope="module")
def world() -> Comparison:
    """1,500 customers: a channel and an onboarding cause leaving, the latter through use; the rest not."""
    draw, size = default_rng(8), 1500
    channel = draw.choice(["search", "referral", "paid"], size)
    onboarding = draw.random(size) < 0.5
    use = draw.binomial(23, np.where(onboarding, 0.5, 0.25))
    hazard = (
        0.004 * np.select([channel == "referral", channel == "paid"], [0.4, 2.0], 1.0) * 0.85 ** (use - 8)
    )
    days = np.ceil(draw.exponential(1 / hazard)).astype(int)
    shadow = draw.random(size) < np.select([channel == "referral", channel == "paid"], [0.9, 0.1], 0.4)
    columns = {
        "channel": ("category", 0, channel.astype(object)),
        "noise": ("category", 0, draw.choice(["a", "b", "c"], size).astype(object)),
        "onboarding": ("yes or no", 1, onboarding.astype(float)),
        "shadow": ("yes or no", 1, shadow.astype(float)),
        "rare": ("yes or no", 1, (np.arange(size) < 12).astype(float)),
        "use": ("number", 2, use.astype(float)),
        "logins": ("number", 2, 3.0 * use + draw.integers(0, 3, size)),
        "other": ("number", 2, draw.poisson(3, size).astype(float)),
    }
    return simulated(columns, days <= 90, np.minimum(days, 90))


@pytest.fixture(scope="module")
def verdicts(world: Comparison) -> pd.DataFrame:
    return judged(world)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("channel", "confirmed"),
        ("onboarding", "confirmed"),
        ("use", "confirmed"),
        ("shadow", "explained by others"),
        ("noise", "not seen"),
        ("other", "not seen"),
        ("rare", "too few"),
    ],
)
def test_each_gets_the_verdict_that_is_planted(verdicts: pd.DataFrame, name: str, verdict: str) -> None:
    """With so many customers none is in doubt; how often it is with fewer, the simulations say."""
    assert verdicts.loc[name, "verdict"] == verdict


def test_common_cause_pathway_and_twins_are_named(verdicts: pd.DataFrame) -> None:
    """The shadow by its channel, the onboarding by the use that carries it, logins as use by another name."""
    assert verdicts.loc["shadow", "explained_by"] == ("channel",)
    assert verdicts.loc["onboarding", "works_through"] == ("use",)
    assert verdicts.loc["logins", "moves_with"] == ("use",)
    assert verdicts.loc["use", "leads"] and not verdicts.loc["logins", "leads"]


def test_what_comes_later_never_changes_an_earlier_ratio(world: Comparison, verdicts: pd.DataFrame) -> None:
    """Use replaced by nonsense: the hazard ratios of what came before stay, to the last digit."""
    other = world.rows.assign(use=default_rng(1).normal(size=len(world.rows)))
    again = judged(Comparison(other, world.drivers, 30, 90, 20, world.set_apart))
    earlier = ["channel", "noise", "onboarding", "shadow"]
    columns = ["hazard_ratio", "hazard_low", "hazard_high", "adjusted_p"]
    pd.testing.assert_frame_equal(again.loc[earlier, columns], verdicts.loc[earlier, columns])


def test_order_and_names_of_customers_change_nothing(world: Comparison, verdicts: pd.DataFrame) -> None:
    """Rows shuffled, customers renamed."""
    rows = world.rows.sample(frac=1, random_state=3).reset_index(drop=True)
    rows["customer_id"] = [f"X{n}" for n in range(len(rows))]
    again = judged(Comparison(rows, world.drivers, 30, 90, 20, world.set_apart))
    pd.testing.assert_frame_equal(again, verdicts, rtol=1e-7)


def test_units_change_nothing_but_the_words(world: Comparison, verdicts: pd.DataFrame) -> None:
    """Use in hours instead of days: the same ratio of a standard deviation, which is 24 times as large."""
    again = judged(
        Comparison(world.rows.assign(use=24 * world.rows["use"]), world.drivers, 30, 90, 20, world.set_apart)
    )
    assert again.loc["use", "hazard_ratio"] == pytest.approx(verdicts.loc["use", "hazard_ratio"])
    assert again.loc["use", "step"] == pytest.approx(24 * verdicts.loc["use", "step"])
    assert again.loc["use", "effect"] == pytest.approx(verdicts.loc["use", "effect"])


def test_a_side_that_lost_nobody_is_confirmed_and_its_worth_has_an_interval() -> None:
    """None of 150 with it left, every second of the others: the clearest difference there can be.

    A Wald test would not see it. By hand: Wilson's upper end of 0 of 150 is z² / (150 + z²) = 2.5 %.
    """
    draw, size = default_rng(1), 300
    flag = np.arange(size) % 2 == 0
    lost = ~flag & (draw.random(size) < 0.5)
    columns = {
        "flag": ("yes or no", 1, flag.astype(float)),
        "use": ("number", 2, draw.poisson(2, size) + 3.0 * flag),
        "noise": ("number", 1, draw.random(size)),
    }
    comparison = simulated(columns, lost, np.where(lost, draw.integers(1, 90, size), 90))
    found = judged(comparison)
    assert found.loc["flag", "verdict"] == "confirmed" and found.loc["flag", "adjusted_p"] < 1e-9
    assert found.loc["noise", "verdict"] == "not seen"
    valued = valuation.worth(comparison, found.reset_index()).set_index("name").loc["flag"]
    assert valued["risk_if"] == 0
    assert valued["risk_if_high"] == pytest.approx(1.959964**2 / (150 + 1.959964**2), abs=1e-6)
    assert valued["fewer_low"] < valued["fewer"] == valued["risk"] < valued["fewer_high"]
    assert 1 < valued["evalue"] < 100


@pytest.mark.parametrize("words", [("annual", "monthly"), ("monthly", "annual")])
def test_the_ratio_of_two_levels_is_that_of_the_level_described(words: tuple[str, str]) -> None:
    """A level of three quarters of the customers with 0.4 of the hazard: its ratio lies below 1, whatever the
    level is called, and as a yes or no it is the same.
    """
    draw, size = default_rng(2), 1200
    common = draw.random(size) < 0.75
    days = np.ceil(draw.exponential(1 / np.where(common, 0.004, 0.01))).astype(int)
    level = np.where(common, *words).astype(object)
    columns = {"level": ("category", 0, level), "noise": ("number", 0, draw.random(size))}
    found = judged(simulated(columns, days <= 90, np.minimum(days, 90))).loc["level"]
    answer = {"level": ("yes or no", 0, (level == found["level"]).astype(float)), "noise": columns["noise"]}
    same = judged(simulated(answer, days <= 90, np.minimum(days, 90))).loc["level"]
    assert found["verdict"] == "confirmed"
    assert (found["hazard_ratio"] < 1) == (found["level_risk"] < found["rest_risk"])
    assert found["hazard_ratio"] == pytest.approx(same["hazard_ratio"])


def test_the_unknown_are_at_no_level() -> None:
    """A number unknown for 80 of 240, and a word for as many: the levels are those of the others."""
    size = 240
    number = np.where(np.arange(size) < 80, np.nan, np.arange(size) % 8.0)
    lost = np.arange(size) % 4 == 0
    word = np.where(np.isnan(number), None, np.where(number < 4, "low", "high"))  # type: ignore[call-overload]
    columns = {"number": ("number", 1, number), "word": ("category", 0, word.astype(object))}
    comparison = simulated(columns, lost, np.where(lost, 30, 90))
    levels = univariate.risk_by_level(comparison, ["number", "word"])
    assert levels["level"].tolist() == ["0 to 1", "2 to 3", "4 to 5", "6 to 7", "high", "low"]
    assert levels["customers"].tolist() == [40] * 4 + [80] * 2
    assert judged(comparison).loc["word", "customers"] == 160


def profiles(opened: Any, empty: Sequence[str]) -> Any:
    """240 newcomers of whom a third filled in none of `empty`, and leave three times as often."""
    draw = default_rng(6)
    customers, spans = [], []
    for nth in range(240):
        is_blank = nth % 3 == 0
        told = {
            name: "" if is_blank and name in empty else f"{name} {draw.integers(3)}" for name in ATTRIBUTES
        }
        leaves = draw.random() < (0.6 if is_blank else 0.2)
        end = date(int(draw.integers(40, 110))) if leaves else ""
        customers.append({"customer_id": f"C-{nth:03}", "signed_up_at": day(0), **told})
        spans.append((f"C-{nth:03}", date(0), end, 10))
    return opened(spans, month="2026-03", customers=customers)


ATTRIBUTES = ("industry", "company_size", "country", "use_case")


def test_a_missing_profile_is_one_driver_and_no_level_of_an_attribute(opened: Any) -> None:
    """What goes with it is said once; among those who filled it in no attribute differs."""
    with profiles(opened, ATTRIBUTES) as business:
        comparison = features.comparison(business, landmark_days=30)
        found = adjusted.compare_together(comparison).set_index("name")
        levels = univariate.risk_by_level(comparison, list(found.index))
        segments = shrinkage.segments(comparison)
    assert found.loc["profile_missing", "verdict"] == "confirmed"
    assert found.loc["profile_missing", "level"] == "yes"
    assert set(found.loc[list(ATTRIBUTES), "verdict"]) == {"not seen"}
    assert set(found.loc[list(ATTRIBUTES), "customers"]) == {160}
    named = {*found["level"], *levels["level"], *segments["segment"]}
    assert "(not given)" not in named


def test_one_empty_attribute_is_no_missing_profile(opened: Any) -> None:
    """Three of four are filled in: unknown in the one, and no driver of its own."""
    with profiles(opened, ATTRIBUTES[:1]) as business:
        comparison = features.comparison(business, landmark_days=30)
    names = {driver.name for driver in comparison.drivers}
    assert "profile_missing" not in names and "industry" in names
    assert comparison.rows["industry"].isna().sum() == 80


def test_an_effect_that_fades_is_said() -> None:
    """A flag with five times the hazard in the first 20 days and a little less later: the effect changes."""
    draw, size = default_rng(4), 3000
    flag = draw.random(size) < 0.5
    early = np.ceil(draw.exponential(1 / np.where(flag, 0.02, 0.004))).astype(int)
    late = 20 + np.ceil(draw.exponential(1 / np.where(flag, 0.003, 0.004))).astype(int)
    days = np.where(early <= 20, early, late)
    found = judged(
        simulated({"flag": ("yes or no", 0, flag.astype(float))}, days <= 90, np.minimum(days, 90))
    )
    assert found.loc["flag", "verdict"] == "confirmed" and found.loc["flag", "changes"]


@pytest.mark.parametrize("lost", [[False] * 60, [True] * 60, [n < 9 for n in range(60)]])
def test_too_few_losses_are_too_few(lost: list[bool]) -> None:
    """Nobody left, everybody left, or nine of sixty: no verdict but too few, and no error."""
    columns = {
        "number": ("number", 1, np.arange(60.0)),
        "flag": ("yes or no", 1, np.arange(60) % 2.0),
        "level": ("category", 0, np.array(["a", "b"] * 30, dtype=object)),
    }
    found = judged(simulated(columns, lost, [45] * 60))
    assert set(found["verdict"]) == {"too few"}


def test_an_effect_that_few_losses_cannot_tell_from_others_is_not_told_apart() -> None:
    """Two flags that nearly always go together, and a small business: neither explains the other."""
    draw, size = default_rng(11), 160
    flag = draw.random(size) < 0.5
    twin = np.where(draw.random(size) < 0.12, ~flag, flag)
    lost = draw.random(size) < np.where(flag & twin, 0.45, 0.12)
    columns = {"flag": ("yes or no", 0, flag.astype(float)), "twin": ("yes or no", 0, twin.astype(float))}
    found = judged(simulated(columns, lost, np.where(lost, 40, 90)))
    assert "seen, not told apart" in set(found["verdict"])
    assert set(found["verdict"]) <= {"seen, not told apart", "confirmed", "explained by others"}


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("safe", [0.05, 0.1, 0.25, 0.5])
def test_where_a_side_lost_nobody_the_interval_fits_its_p_value(side: int, safe: float) -> None:
    """Open to one side, the ratio within it, and 1 outside it exactly where p is below 0.05."""
    draw, size = default_rng([side, int(100 * safe)]), 240
    flag = draw.random(size) < safe
    lost = (draw.random(size) < 0.25) & ~flag
    columns = {
        "flag": ("yes or no", 0, (flag == (side == 0)).astype(float)),
        "noise": ("number", 1, draw.random(size)),
    }
    found = judged(simulated(columns, lost, np.where(lost, draw.integers(1, 90, size), 90))).loc["flag"]
    if found["verdict"] == "too few":
        assert flag.sum() < 20
        return
    assert found["hazard_low"] <= found["hazard_ratio"] <= found["hazard_high"]
    is_open = found["hazard_low"] == 0 and found["hazard_ratio"] < 0.01
    assert is_open if side == 0 else found["hazard_high"] == np.inf
    leaves_out = found["hazard_high"] < 1 or found["hazard_low"] > 1
    assert leaves_out == (found["adjusted_p"] < 0.05)
    assert found["verdict"] != "confirmed" or leaves_out


def test_a_threshold_that_is_there_holds_and_noise_gives_none() -> None:
    """Three projects make the risk a quarter: found at three, on the held-back half. Noise: none."""
    draw, size = default_rng(6), 1200
    projects, noise = draw.poisson(2, size).astype(float), draw.poisson(2, size).astype(float)
    lost = draw.random(size) < np.where(projects >= 3, 0.1, 0.4)
    columns = {"projects": ("number", 1, projects), "noise": ("number", 1, noise)}
    comparison = simulated(columns, lost, np.where(lost, 30, 90))
    found = cuts.thresholds(comparison, judged(comparison).reset_index())
    assert list(found.held["name"]) == ["projects"]
    held = found.held.iloc[0]
    assert held["at_least"] == 3 and held["difference_low"] < -0.3 < held["difference_high"]
    assert abs(held["reached"] + held["below"] - size / 2) < 60


def test_few_thresholds_of_noise_hold() -> None:
    """60 businesses of four numbers without any effect: a threshold holds in at most a few of them."""
    found = 0
    for seed in range(60):
        draw = default_rng([9, seed])
        columns = {f"n{k}": ("number", 1, draw.poisson(3, 240).astype(float)) for k in range(4)}
        lost = draw.random(240) < 0.3
        comparison = simulated(columns, lost, np.where(lost, 30, 90))
        together = pd.DataFrame({"name": list(columns), "moves_with": [()] * 4})
        found += len(cuts.thresholds(comparison, together).held) > 0
    assert found <= 5


# --- established customers -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def month_ends(business_of: Callable[..., Business]) -> pd.DataFrame:
    """
    By hand, for the landmark of 31 January 2026: use in its last 30 days (2 to 31 January) and in the 90
    before (4 October to 1 January).

    steady   since June 2025: logins on 9 days before, 3 days lately: use against before is 1
    fading   9 days before, 1 lately, and asked on 10 February: lost on day 10
    silent   no login: nothing to hold against
    asked    asked on 20 January: not there any more
    young    since 1 December: no 120 days yet
    """
    before = ["2025-10-04", "2025-10-20", "2025-11-02", "2025-11-15", "2025-12-01", "2025-12-09",
              "2025-12-20", "2025-12-28", "2026-01-01"]  # fmt: skip
    lately = ["2026-01-02", "2026-01-15", "2026-01-31"]
    events = [
        *(("steady", f"{on}T10:00:00", "login") for on in before + lately),
        *(("fading", f"{on}T10:00:00", "login") for on in [*before, lately[0], "2026-02-03"]),
        ("steady", "2025-06-01T10:00:00", "login"),
        ("young", "2026-02-20T10:00:00", "login"),
    ]
    business = business_of(
        [(who, "2025-06-01", "", 20) for who in ("steady", "fading", "silent", "asked")]
        + [("young", "2025-12-01", "", 20)],
        cancellations=[("fading", "2026-02-10", "", "voluntary"), ("asked", "2026-01-20", "", "voluntary")],
        events=events,
    )
    rows = established.at_month_ends(business)
    return rows[rows["month"].astype(str).str[:7] == "2026-01"].set_index("customer_id")


def test_established_customers_are_held_against_their_own_past(month_ends: pd.DataFrame) -> None:
    """Who asked before the landmark, and who is too young, is not there."""
    assert sorted(month_ends.index) == ["fading", "silent", "steady"]
    assert month_ends["use_against_before"].dropna().to_dict() == pytest.approx(
        {"steady": 1, "fading": 1 / 3}
    )
    assert month_ends["usual_use"].to_dict() == {"steady": 3, "fading": 3, "silent": 0}
    assert month_ends["lost"].to_dict() == {"steady": False, "fading": True, "silent": False}
    assert month_ends.loc["fading", "days"] == 10
    assert month_ends["days_as_customer"].unique().tolist() == [244]


def test_month_ends_look_no_further(month_ends: pd.DataFrame) -> None:
    """`known_day` 0 is the landmark itself: steady logged in on it, fading 29 days before."""
    assert month_ends["known_day"].to_dict() == {"steady": 0, "fading": -29, "silent": -120}


# --- the sample ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def at_30(sample: Business) -> Comparison:
    return features.comparison(sample, landmark_days=30)


@pytest.fixture(scope="module")
def sample_verdicts(at_30: Comparison) -> pd.DataFrame:
    return judged(at_30)


def csv(name: str) -> pd.DataFrame:
    path = SAMPLE / f"{name}.csv.gz" if name == "events" else SAMPLE / f"{name}.csv"
    return pd.read_csv(Path(path), dtype=str, keep_default_na=False)


def test_the_sample_is_what_a_second_computation_says(at_30: Comparison) -> None:
    """Who is there, when they leave and what they did, with pandas from the files; no code is shared."""
    customers, spans, asked = csv("customers"), csv("subscriptions").drop_duplicates(), csv("cancellations")
    signed_up = pd.to_datetime(
        customers.set_index("customer_id")["signed_up_at"], format="ISO8601"
    ).dt.normalize()
    served = spans[~spans["status"].isin(["trialing"]) & (spans["plan"] != "free")]
    served = served[served["customer_id"].isin(signed_up.index)]
    start = pd.to_datetime(served["started_at"], format="ISO8601").dt.normalize()
    end = pd.to_datetime(served["ended_at"].replace("", "2100-01-01"), format="ISO8601")
    asked = asked.assign(on=pd.to_datetime(asked["canceled_at"], format="ISO8601").dt.normalize())
    events = csv("events")
    on = pd.to_datetime(events["occurred_at"], format="ISO8601").dt.normalize()
    events["day"] = (on - events["customer_id"].map(signed_up)).dt.days
    wanted = {}
    for who, begun in signed_up.items():
        own = served["customer_id"] == who
        if not own.any():
            continue
        ordered = pd.DataFrame({"start": start[own], "end": end[own]}).sort_values("start")
        last = ordered["end"].iloc[0]
        for _, span in ordered.iloc[1:].iterrows():  # the first service: gaps of at most three days stitched
            if span["start"].normalize() <= last.normalize() + pd.Timedelta(days=3):
                last = max(last, span["end"])
        first = ordered["start"].iloc[0]
        requests = asked.loc[(asked["customer_id"] == who) & (asked["on"] >= first), "on"]
        leave = min([last.normalize(), *requests[requests <= last]])
        day_of = (leave - begun).days
        if (
            (first - begun).days > 30
            or day_of <= 30
            or begun + pd.Timedelta(days=30) >= pd.Timestamp("2026-11-01")
        ):
            continue
        did = events[(events["customer_id"] == who) & (events["day"] <= 30)]
        week = did[did["day"] < 7]
        logins = did[did["event"] == "login"]
        wanted[who] = (
            day_of <= 120 and leave < pd.Timestamp("2026-11-01"),
            float("onboarding_completed" in set(week["event"])),
            float((week["event"] == "project_created").sum()),
            float("integration_connected" in set(week["event"])),
            float(logins.loc[logins["day"] >= 7, "day"].nunique()),
        )
    columns = ["lost", "onboarding_completed", "first_week_project_created",
               "first_week_integration_connected", "later_login"]  # fmt: skip
    rows = at_30.rows.set_index("customer_id")[columns]
    assert {who: tuple(row) for who, row in zip(rows.index, rows.to_numpy(), strict=True)} == wanted


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("onboarding_completed", "confirmed"),
        ("first_week_project_created", "confirmed"),
        ("later_days_of_use", "confirmed"),
        ("acquisition_channel", "confirmed"),
        ("first_week_integration_connected", "explained by others"),
        *((null, "not seen") for null in ("industry", "use_case", "country", "company_size", "plan")),
        ("tickets", "not seen"),
        ("mails_opened", "not seen"),
    ],
)
def test_the_truths_of_the_sample_are_found(sample_verdicts: pd.DataFrame, name: str, verdict: str) -> None:
    """What data/sample/README.md says is planted; over twenty other samples in tests/bench_statistics."""
    assert sample_verdicts.loc[name, "verdict"] == verdict


def test_the_paths_of_the_sample_are_named(sample_verdicts: pd.DataFrame) -> None:
    """Onboarding and first projects work through later use; the integration is a shadow of the channel."""
    for driver in ("onboarding_completed", "first_week_project_created"):
        assert sample_verdicts.loc[driver, "works_through"] == ("later_days_of_use",)
    assert sample_verdicts.loc["first_week_integration_connected", "explained_by"] == ("acquisition_channel",)


def test_the_planted_differences_lie_in_the_intervals(sample_verdicts: pd.DataFrame) -> None:
    """19 points fewer leave with onboarding, 12 with the integration alone; paid social 41 against 22 %."""
    rows = sample_verdicts[["low", "high"]]
    assert rows.loc["onboarding_completed", "low"] < -0.19 < rows.loc["onboarding_completed", "high"]
    integration = rows.loc["first_week_integration_connected"]
    assert integration["low"] < -0.12 < integration["high"]
    assert sample_verdicts.loc["acquisition_channel", "level"] == "paid_social"


def test_whole_lives_claim_what_the_landmark_takes_back(sample: Business) -> None:
    """Tickets and mails are planted noise: over whole lives they "keep" customers, up to it nothing."""
    found = naive.compare_without_landmark(sample).set_index("measure")
    for noise in ("tickets", "mails opened"):
        assert found.loc[noise, "p_value"] < 1e-5
        assert found.loc[noise, "landmark_p_value"] > 0.05
    assert found.loc["days of use", "p_value"] < 1e-20


def test_a_shop_has_no_prices_a_month(business_of: Callable[..., Business]) -> None:
    """Three buy for 20 on each fifth of 2025: a third of 60 in 90 days; at the end of January of 40 alone."""
    months = [f"2025-{month:02}-05" for month in range(1, 13)]
    orders = [(f"B-{n}", day, 20, f"{n} {day}") for n in range(3) for day in months]
    rows = established.at_month_ends(business_of(None, orders=orders, settings={"currency": "EUR"}))
    by_month = rows.groupby(rows["month"].astype(str).str[:7])["bought"].agg(["min", "max"]).round(2)
    assert by_month.loc["2025-12"].tolist() == [20, 20] and by_month.loc["2026-01"].tolist() == [13.33, 13.33]
    told = set(established.compare_established(rows, min_customers=2)["label"])
    assert "what was bought, by 30 days" in told and "price a month" not in told and "mrr" not in rows


def test_what_precedes_the_leaving_of_established_customers(sample: Business) -> None:
    """Planted: fading use and failed payments; tickets and mails say nothing."""
    rows = established.at_month_ends(sample)
    found = established.compare_established(rows, min_customers=20).set_index("name")["verdict"]
    assert found["use_against_before"] == found["failed_payment"] == "confirmed"
    assert found["negative_ticket"] == found["mails_opened"] == found["ticket"] == "not seen"


def test_the_worth_of_onboarding_holds_what_is_planted(
    at_30: Comparison, sample_verdicts: pd.DataFrame
) -> None:
    """Half complete it, and 19 points fewer of them leave: 9.5 points if everybody did."""
    valued = valuation.worth(at_30, sample_verdicts.reset_index()).set_index("name")
    row = valued.loc["onboarding_completed"]
    assert row["fewer_low"] < 0.095 < row["fewer_high"]
    assert "acquisition_channel" not in valued.index  # nobody can change where a customer came from


def test_segments_of_the_sample_are_those_of_the_channel(at_30: Comparison) -> None:
    """Only the channel parts the customers; the other attributes are planted without an effect."""
    found = shrinkage.segments(at_30)
    apart = found[found["verdict"].isin(["above the rest", "below the rest"])]
    assert set(apart["by"]) == {"acquisition channel"}
    assert found["shrunk_risk"].dropna().is_monotonic_decreasing


def test_which_takes_most_away_is_as_if_all_were_tried(at_30: Comparison) -> None:
    """Of every driver alone: the other that leaves least of it is the least of all that are fitted."""
    setting = adjusted.setting_of(at_30, univariate.compare_alone(at_30))
    drivers = [driver for driver in setting.judged if driver.name in setting.seen]
    assert len(drivers) > 5
    for driver in drivers[:6]:
        others = [other for other in drivers if other != driver]
        left = [abs(setting.models.log_ratio(driver, [other])) for other in others]
        found = setting.models.weakest(driver, [], others, at_most=np.inf)
        assert found == (others[int(np.argmin(left))], min(left))
        assert setting.models.weakest(driver, [], others, at_most=min(left) * 0.99) is None


def test_a_comparison_is_computed_once(at_30: Comparison, sample: Business) -> None:
    """Also its verdicts; asked for anew, they are what was kept."""
    again = features.comparison(sample, landmark_days=30)
    pd.testing.assert_frame_equal(again.rows, at_30.rows)
    kept = adjusted.compare_together(again)
    assert (sample.derived / "drivers of comparison at 30.pickle").exists()
    pd.testing.assert_frame_equal(
        kept, adjusted.compare_together(replace(at_30, remember=lambda _, made: made()))
    )

"""Those who stay, pause or asked: tiers, thanks, the yearly plan, pauses, answers and messages, by hand."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from retention_helpers import early_warning
from retention_helpers.business import Business
from retention_helpers.win_back_and_loyalty import answers, loyalty, pauses, touches, yearly
from retention_helpers.win_back_and_loyalty.said.loyalty import yearly_sentence

FIRST = "2025-01-10"


# -------------------------------------------------------------------------------------- the yearly plan


@pytest.mark.parametrize("discount", [0.2, 0.25, 0.3])
@pytest.mark.parametrize("paid", [1.0, 4.0, 8.0])
def test_at_break_even_both_bring_as_much(discount: float, paid: float) -> None:
    """Ten takers pay 12 × (1 − discount) each; otherwise x pay `paid` months, the others twelve."""
    leave = yearly.must_leave(discount, paid)
    assert 10 * 12 * (1 - discount) == pytest.approx(leave * paid + (10 - leave) * 12)


def test_the_yearly_plan_by_hand(business_of: Callable[..., Business]) -> None:
    """40 began on 1 January 2024, of whom 20 left after 122 days: 4.01 months. Half leave: 5 of ten.

    At 25 % 10 × 12 × 0.25 / (12 − 4.01) = 3.76 must. A yearly customer takes no part.
    """
    spans = [
        (f"c{n}", "2024-01-01", "2024-05-02" if n < 20 else "", 50, "active", "pro", "month")
        for n in range(40)
    ]
    spans += [(f"y{n}", "2024-01-01", "2025-01-20", 50, "active", "pro", "year") for n in range(5)]
    rows = yearly.yearly_plan(business_of(spans, month="2025-12")).query("plan == 'all monthly plans'")
    row = rows[rows["discount"] == 0.25].iloc[0]
    assert (row["customers"], row["leave"]) == (40, pytest.approx(5))
    assert row["paid_months"] == pytest.approx(122 / (365 / 12)) and row["must_leave"] == pytest.approx(
        30 / (12 - 4.011), abs=2e-3
    )
    assert row["leave_low"] < 3.76 and row["verdict"] == "cannot be told"
    assert row["worst"] == pytest.approx(-3) and row["best"] == pytest.approx(9 - row["paid_months"])
    assert rows.loc[rows["discount"] == 0.2, "verdict"].item() == "pays if takers are like all"


def test_the_months_paid_are_not_known_better_than_they_are(business_of: Callable[..., Business]) -> None:
    """
    70 of 100 leave, 40 after 30 days and 30 after 345 (1 and 11.3 months, 5.4 in the mean): at 30 % 5.5 of
    ten must leave, and 7 do, 6 at least; but more than that must leave at the end of the interval of months.
    """
    ends = ["2024-01-31"] * 40 + ["2024-12-11"] * 30 + [""] * 30
    spans = [(f"c{n}", "2024-01-01", end, 50, "active", "pro", "month") for n, end in enumerate(ends)]
    rows = yearly.yearly_plan(business_of(spans, month="2025-12"))
    row = rows.query("plan == 'all monthly plans' and discount == 0.3").iloc[0]
    assert row["leave_low"] > row["must_leave"] == pytest.approx(36 / (12 - 5.425), abs=0.01)
    assert yearly.must_leave(0.3, row["paid_months_high"]) > row["leave_low"]
    assert row["verdict"] == "cannot be told"


def test_more_than_all_ten_cannot_leave() -> None:
    """Who leaves after eleven months costs a month; the discount of 30 % costs each 3.6."""
    assert yearly.must_leave(0.3, 11) == pytest.approx(36) and yearly.must_leave(0.3, 12) == math.inf
    rows = pd.DataFrame(
        {"plan": "all monthly plans", "must_leave": [9.0, 36.0], "discount": [0.2, 0.3], "leave": 1.0,
         "leave_low": 0.5, "leave_high": 2.0}
    )  # fmt: skip
    assert "9.0 at 20 % and more than all ten at 30 %" in str(yearly_sentence(rows))


def test_first_renewals(business_of: Callable[..., Business]) -> None:
    """Judged thirty days after the year: renewed, left at its end, left within it; one not due yet."""
    ends = {"stays": "", "leaves": "2025-01-10", "early": "2024-06-01"}
    spans = [(who, "2024-01-10", end, 50, "active", "pro", "year") for who, end in ends.items()]
    spans += [("young", "2025-03-01", "", 50, "active", "pro", "year")]
    row = yearly.first_renewals(business_of(spans, month="2025-12")).iloc[0]
    assert (row["renewed"], row["due"]) == (1, 3)


# ---------------------------------------------------------------------------------------------- pauses


@pytest.fixture(scope="module")
def shop(business_of: Callable[..., Business]) -> Business:
    """The end of March 2026.

    twice   paused in May 2025 and from 15 July on, 31 days each
    once    paused from 1 September to 1 October 2025 (30 days), pays on day 90
    now     paused since 10 March 2026
    left    left outright on 1 August 2025
    later   left outright on 1 August 2025, back on 1 October; a pause of next February is no pause of then
    told    as now, and written to about it on 20 March
    """
    return business_of(
        [
            ("twice", FIRST, "2025-05-01", 50), ("twice", "2025-05-01", "2025-06-01", "", "paused"),
            ("twice", "2025-06-01", "2025-07-15", 50), ("twice", "2025-07-15", "2025-08-15", "", "paused"),
            ("twice", "2025-08-15", "", 50),
            ("once", FIRST, "2025-09-01", 50), ("once", "2025-09-01", "2025-10-01", "", "paused"),
            ("once", "2025-10-01", "", 50),
            ("now", FIRST, "2026-03-10", 50), ("now", "2026-03-10", "", "", "paused"),
            ("left", FIRST, "2025-08-01", 50),
            ("later", FIRST, "2025-08-01", 50), ("later", "2025-10-01", "2026-02-01", 50),
            ("later", "2026-02-01", "2026-03-04", "", "paused"), ("later", "2026-03-04", "", 50),
            ("told", FIRST, "2026-03-10", 30), ("told", "2026-03-10", "", "", "paused"),
        ],
        contacts=[("told", "2026-03-20", "pause")],
    )  # fmt: skip


def test_pauses_of_twelve_months(shop: Business) -> None:
    row = pauses.pauses_of_year(shop).iloc[0]
    assert row.tolist() == [6, 2, 4, 31.0, 1]


def test_who_pays_on_day_90(shop: Business) -> None:
    """Day 90 after 1 May is 30 July: paused again. After 1 September: 30 November, pays."""
    rows = pauses.paused_or_left(shop).set_index("chose")
    assert rows.loc["paused", ["paying_again", "followed"]].tolist() == [1, 2]
    assert rows.loc["left outright", ["paying_again", "followed"]].tolist() == [1, 2]


def test_whose_pause_ends(shop: Business) -> None:
    """As long as pauses here last in the median, 31 days: 10 April. Nobody knows it, so no letter says it."""
    rows = pauses.paused_now(shop).set_index("customer_id")
    assert rows["expected_end_on"].map(str).tolist() == ["2026-04-10"] * 2
    assert rows["is_due"].to_dict() == {"now": True, "told": False} and rows.loc["now", "mrr"] == 50
    assert "since 10 March 2026" in rows.loc["now", "message"] and "April" not in rows.loc["now", "message"]


def test_a_letter_about_a_pause_is_proposed_to_the_plan(shop: Business) -> None:
    rows = pauses.to_welcome_back(shop)
    assert rows[["customer_id", "action", "way", "mrr"]].values.tolist() == [["now", "pause", "letter", 50]]


def test_nobody_paused(business_of: Callable[..., Business]) -> None:
    alone = business_of([("a", FIRST, "", 50)])
    assert pauses.pauses_of_year(alone).empty and pauses.paused_now(alone).empty
    assert pauses.paused_or_left(alone).empty


# ------------------------------------------------------------------------------- answers to a request


def test_answers_match_the_reason(business_of: Callable[..., Business]) -> None:
    asked = {"price": "Too expensive", "unused": "unused", "why": ""}
    shop = business_of(
        [(who, FIRST, "", 50) for who in asked],
        cancellations=[(who, "2026-03-20", reason) for who, reason in asked.items()],
    )
    rows = answers.to_answer(shop, early_warning.scheduled(shop).value).set_index("customer_id")
    offers = rows["offer"].to_dict()
    assert (
        "smaller plan" in offers["price"] and "pause" in offers["unused"] and offers["why"] == "one question"
    )
    kept = early_warning.to_keep(shop, early_warning.scheduled(shop).value).set_index("customer_id")
    assert all(rows.loc[who, "message"] == kept.loc[who, "offer"] for who in asked)


def test_what_became_of_earlier_requests(business_of: Callable[..., Business]) -> None:
    """a answered, stayed; b answered late (31 days), left; c too young; d asked again, and was answered."""
    shop = business_of(
        [("a", FIRST, "", 50), ("b", FIRST, "2025-11-20", 50), ("c", FIRST, "", 50), ("d", FIRST, "", 50)],
        cancellations=[
            ("a", "2025-10-01", ""),
            ("b", "2025-10-01", ""),
            ("c", "2026-02-01", ""),
            ("d", "2025-02-01", ""),
            ("d", "2025-08-01", ""),
            ("d", "2025-10-01", ""),
        ],
        contacts=[
            ("a", "2025-10-31", "Keep"),
            ("b", "2025-11-01", "keep"),
            ("c", "2026-02-02", "keep"),
            ("d", "2025-10-02", "keep"),
        ],
    )
    rows = answers.after_answers(shop).set_index("answered")
    assert rows.loc["answered", ["still_there", "asked"]].tolist() == [2, 2]
    assert rows.loc["not answered", ["still_there", "asked"]].tolist() == [0, 1]


# ----------------------------------------------------------------------------------- tiers and thanks


def many(size: int) -> list[tuple[Any, ...]]:
    """Every fourth pays 100, the others 20; every second came a year ago or longer."""
    return [
        (
            f"c{n:03}",
            "2025-01-10" if n % 2 else "2025-09-10",
            "",
            100 if n % 4 in (1, 2) and n % 8 < 4 else 20,
        )
        for n in range(size)
    ]


def test_tiers_from_a_hundred_customers_on(business_of: Callable[..., Business]) -> None:
    """Of 200: 50 pay 100, half of them for over a year. Lost in March: a VIP."""
    spans = many(200)
    left = next(n for n, span in enumerate(spans) if span[3] == 100 and span[1] == "2025-01-10")
    spans[left] = (*spans[left][:2], "2026-03-15", 100)
    rows = loyalty.tiers(business_of(spans)).set_index("tier")
    assert rows["customers"].to_dict() == {
        "VIP": 24,
        "long with us": 75,
        "large and new": 25,
        "all others": 75,
    }
    assert rows.loc["VIP", ["lost", "went_out", "came_in"]].tolist() == [1, 1, 0]
    assert int(rows["mrr"].sum()) == 24 * 100 + 25 * 100 + 150 * 20
    assert loyalty.to_know(business_of(spans)).empty


def test_below_a_hundred_persons_to_know(business_of: Callable[..., Business]) -> None:
    shop = business_of(many(99))
    assert loyalty.tiers(shop).empty
    rows = loyalty.to_know(shop)
    assert len(rows) == 5 and set(rows["mrr"].astype(int)) == {100} and rows["tenure_days"].min() > 365


def test_a_tier_that_only_is_older(sample: Business) -> None:
    """Planted: the plan decides nothing about leaving, age does. So VIPs are like others of their age."""
    rows = loyalty.tiers(sample).set_index("tier")
    assert rows.loc["VIP", "churn_high"] < rows.loc["all others", "churn_low"]
    assert loyalty.vip_against_the_long(rows.reset_index()) == "no clear change"


def test_whom_to_thank(business_of: Callable[..., Business]) -> None:
    """April 2026 follows: b began on 5 April 2025; m passed the hundredth export in March.

    Who asked to cancel a year ago and stayed is thanked as others are, but not who has asked again.
    """
    exports = [
        ("m", f"2026-0{1 + n // 60}-{1 + n % 20:02}T10:{n % 60:02}:00", "report_exported") for n in range(101)
    ]
    shop = business_of(
        [("b", "2025-04-05", "", 50), ("m", "2025-09-01", "", 40), ("asked", "2025-04-05", "", 90),
         ("quiet", "2025-01-10", "", 30), ("heard", "2025-01-10", "", 35),
         ("stayed", "2025-04-05", "", 60, "active", "", "month"),
         ("again", "2025-04-05", "", 70, "active", "", "month")],
        events=[*exports, ("m", "2026-03-05T10:00:00", "report_exported")],
        cancellations=[("asked", "2026-03-20", ""), ("stayed", "2025-05-20", ""), ("again", "2025-05-20", ""),
                       ("again", "2026-03-20", "")],
        tickets=[("heard", "2026-02-01", "neutral"), ("quiet", "2025-09-01", "neutral")],
    )  # fmt: skip
    why = dict(loyalty.thanks(shop)[["customer_id", "why"]].itertuples(index=False))
    assert why["b"] == "1 year with you on 5 April 2026"
    assert why["stayed"] == why["b"]
    assert "no word for 180 days" in why["quiet"] and set(why) <= {"b", "m", "quiet", "stayed"}
    assert loyalty.to_thank(shop)["action"].unique().tolist() == ["thank"]


def test_an_advisory_board_needs_a_word(business_of: Callable[..., Business]) -> None:
    shop = business_of(
        [(who, FIRST, "", amount) for who, amount in (("big", 90), ("told", 50), ("mute", 99))],
        events=[(who, "2026-03-10", "login") for who in ("told", "mute", "big")],
        nps=[("told", "2026-03-01", 9), ("big", "2026-03-01", 3)],
    )
    assert loyalty.board(shop)["customer_id"].tolist() == ["big", "told"]
    assert loyalty.recommend(shop)["customer_id"].tolist() == ["told"]


def test_each_is_asked_once_a_year(business_of: Callable[..., Business]) -> None:
    """Asked for advice, or a recommendation, eleven and thirteen months before the end of March."""
    who = ("advised", "recommended", "long_ago")
    shop = business_of(
        [(one, FIRST, "", 50) for one in who],
        nps=[(one, "2026-03-01", 10) for one in who],
        contacts=[("advised", "2025-04-30", "Board"), ("recommended", "2025-04-30", "recommend"),
                  ("long_ago", "2025-02-20", "board"), ("long_ago", "2025-02-20", "recommend")],
    )  # fmt: skip
    rows = loyalty.to_ask(shop)
    asked = {(row.action, row.customer_id) for row in rows.itertuples()}
    assert asked == {("board", "recommended"), ("board", "long_ago"),
                     ("recommend", "advised"), ("recommend", "long_ago")}  # fmt: skip
    assert rows["message"].str.startswith("Hello,").all() and set(rows["way"]) == {"letter"}


def test_who_brought_others(business_of: Callable[..., Business]) -> None:
    shop = business_of(
        [("a", FIRST, "", 50), ("b", FIRST, "", 60)], events=[("a", "2026-03-10", "friend_invited")]
    )
    assert loyalty.recommend(shop)[["customer_id", "why"]].to_numpy().tolist() == [["a", "brought others"]]


# ------------------------------------------------------------------------------------ stages' messages


def test_messages_that_were_due(business_of: Callable[..., Business]) -> None:
    """March 2026: `came` signed up on the 3rd and was away on the 10th; `year` came on 15 March 2025."""
    shop = business_of(
        [("came", "2026-03-03", "", 50), ("year", "2025-03-15", "", 50), ("habit", "2026-01-20", "", 50)],
        events=[("came", "2026-03-03", "login"), ("year", "2026-03-30", "login"),
                ("habit", "2026-03-30", "login")],
        emails=[("year", "2026-03-02")],
    )  # fmt: skip
    due = touches.touches_by_stage(shop).set_index("touch")["due"].to_dict()
    assert due == {
        "Welcome": 1,
        "Seven days away": 1,
        "Next feature": 0,
        "Own month": 2,
        "Milestone": 1,
        "News": 0,
    }


def test_what_no_table_tells_is_unknown(business_of: Callable[..., Business]) -> None:
    alone = business_of([("a", FIRST, "", 50)])
    due = touches.touches_by_stage(alone).set_index("touch")["due"]
    assert due[["Seven days away", "Next feature", "Own month", "News"]].isna().all()
    assert due["Welcome"] == 0
    by_month = touches.touches_by_stage(replace(alone, not_known=("days",))).set_index("touch")["stage"]
    assert by_month[["Welcome", "Own month", "News"]].tolist() == [
        "first month",
        "months 1–3",
        "from month 4",
    ]


def test_empty_tables_have_their_columns(business_of: Callable[..., Business]) -> None:
    alone = business_of([("a", FIRST, "", 50)])
    for measure in (
        yearly.yearly_plan,
        yearly.first_renewals,
        yearly.yearly_test,
        loyalty.tiers,
        loyalty.might_grow,
    ):
        assert isinstance(measure(alone), pd.DataFrame) and measure(alone).empty

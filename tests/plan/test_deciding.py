"""Who gets which touch: each rule on a business made by hand, and all of them together on the sample."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retention_helpers import (
    churn_reasons,
    early_warning,
    experiments,
    measurement,
    plan,
    win_back_and_loyalty,
)
from retention_helpers.business import Business
from retention_helpers.business.contacts import last_contacts
from retention_helpers.early_warning.proposals import paid_until
from retention_helpers.monthly_review.said.experiments import standing
from retention_helpers.plan import days, rows
from retention_helpers.plan.deciding import Decided, decide
from retention_helpers.plan.kinds import when_they_leave
from retention_helpers.plan.said import in_one_sentence
from retention_helpers.shown.proposals import proposals

OFFER = "You could pause for a month."
NOBODY = pd.DataFrame(columns=["customer_id", "drawn_into", "treatment", "until", "is_open"])


def spans(*who: str) -> list[tuple[object, ...]]:
    return [(one, "2026-01-10", "", 50) for one in who]


def proposal(who: str, action: str, **more: Any) -> dict[str, Any]:
    return {"customer_id": who, "action": action, "mrr": 50, "message": "Hello, a word.", **more}


def drawn(*people: tuple[str, str, str, bool]) -> pd.DataFrame:
    """Customer, experiment, treatment, and whether the outcome is open."""
    found = [(who, into, kind, None, is_open) for who, into, kind, is_open in people]
    return pd.DataFrame(found, columns=NOBODY.columns)


def touched(decided: Decided) -> list[tuple[str, str, str]]:
    return [(row.customer_id, row.action, row.way) for row in decided.touches.itertuples()]


def causes(decided: Decided) -> list[tuple[str, str, str]]:
    return [tuple(row) for row in decided.held.itertuples(index=False)]  # type: ignore[misc]


@pytest.fixture(scope="module")
def shop(business_of: Callable[..., Business]) -> Business:
    """March 2026: `no` is not to be contacted, `met` was on 20 March, `before` on 1 March."""
    return business_of(
        spans("a", "b", "no", "met", "before"),
        customers=[
            {"customer_id": who, "signed_up_at": "2026-01-10", "may_contact": "No" if who == "no" else ""}
            for who in ("a", "b", "no", "met", "before")
        ],
        contacts=[("met", "2026-03-20", "outreach"), ("before", "2026-03-01", "outreach")],
        settings={"calls_a_month": 2},
    )


def test_one_customer_gets_the_most_urgent_touch(shop: Business) -> None:
    """Whatever the order in which the rooms propose."""
    every = proposals(proposal("a", action) for action in ("thank", "interview", "silent", "at_risk", "keep",
                                                           "recover_payment", "win_back"))  # fmt: skip
    decided = decide(shop, every, NOBODY)
    assert touched(decided) == [("a", "recover_payment", "letter")]
    assert {cause for _, _, cause in causes(decided)} == {"touched"} and len(decided.held) == 6


def test_the_order_is_that_of_urgency(shop: Business) -> None:
    every = proposals(
        [
            proposal("a", "thank"),
            proposal("b", "silent"),
            proposal("before", "keep"),
            proposal("x", "interview"),
        ]
    )
    assert [action for _, action, _ in touched(decide(shop, every, NOBODY))] == [
        "keep", "silent", "interview", "thank",
    ]  # fmt: skip


@pytest.mark.parametrize("action", ["recover_payment", "keep"])
def test_answers_go_to_everybody_and_never_wait(shop: Business, action: str) -> None:
    """Also to who is not to be contacted, was contacted lately, or is drawn and open."""
    every = proposals(proposal(who, action) for who in ("a", "no", "met"))
    decided = decide(shop, every, drawn(("a", "mails", "mail", True)))
    assert [who for who, _, _ in touched(decided)] == ["a", "no", "met"]


def test_every_other_touch_waits(shop: Business) -> None:
    """30 days ago is not lately; what is drawn and open leaves out, in whatever arm."""
    every = proposals(proposal(who, "silent") for who in ("a", "b", "no", "met", "before"))
    decided = decide(shop, every, drawn(("a", "call", "", True), ("b", "call", "", False)))
    assert [who for who, _, _ in touched(decided)] == ["b", "before"]
    assert causes(decided) == [
        ("a", "silent", "drawn"), ("no", "silent", "may_not"), ("met", "silent", "contacted"),
    ]  # fmt: skip


def test_the_touch_that_the_draw_gave_is_no_exception_to_itself(shop: Business) -> None:
    """But one that another draw gave is."""
    every = proposals(
        [proposal("a", "win_back", given_by="spring"), proposal("b", "win_back", given_by="summer")]
    )
    people = drawn(("a", "spring", "mail", True), ("b", "spring", "mail", True))
    assert touched(decide(shop, every, people)) == [("a", "win_back", "letter")]


def test_nobody_gets_more_of_what_is_tried_with_them(shop: Business) -> None:
    """
    Their outcome is past, the experiment not decided. Of calls: a letter instead, or nothing where only a
    call would do; of mails: a call, but no letter.
    """
    people = drawn(*((who, "test", "call", False) for who in ("a", "b")), ("before", "test", "mail", False))
    every = proposals(
        [
            proposal("a", "at_risk", way="call"),
            proposal("b", "interview", way="call", otherwise="wait"),
            proposal("before", "silent"),
        ]
    )
    decided = decide(shop, every, people)
    assert touched(decided) == [("a", "at_risk", "letter")]
    assert causes(decided) == [("before", "silent", "drawn"), ("b", "interview", "drawn")]


def test_an_offer_that_is_tried_is_left_out_of_the_answer(shop: Business) -> None:
    """The answer itself goes to both alike."""
    every = proposals(proposal(who, "keep", offer=OFFER) for who in ("a", "b"))
    decided = decide(shop, every, drawn(("a", "pause", "offer", True)))
    assert decided.touches["message"].tolist() == ["Hello, a word.", f"Hello, a word. {OFFER}"]


def test_calls_are_capped_and_the_rest_is_written_to_or_waits(shop: Business) -> None:
    """Two calls: to the first two who need one, in the order of urgency."""
    every = proposals(
        [
            *(proposal(who, "at_risk", way="call") for who in ("x", "y", "z")),
            proposal("gone", "interview", way="call", otherwise="wait"),
            proposal("a", "keep", way="call"),
        ]
    )
    decided = decide(shop, every, NOBODY)
    assert touched(decided) == [
        ("a", "keep", "call"), ("x", "at_risk", "call"), ("y", "at_risk", "letter"), ("z", "at_risk",
        "letter"),
    ]  # fmt: skip
    assert causes(decided) == [("gone", "interview", "no_call")]
    assert "2 calls (calls_a_month: 2) and 2 letters. Letters in place of a call: 2 because no call" in repr(
        in_one_sentence(decided.touches, 2)
    )


def test_why_letters_stand_where_calls_are_free(shop: Business) -> None:
    """One with whom calls are tried; one who asked to cancel and pays little."""
    every = proposals([proposal("a", "at_risk", way="call"), proposal("b", "keep"), proposal("x", "silent")])
    decided = decide(shop, every, drawn(("a", "calls", "call", False)))
    assert decided.touches.set_index("customer_id")["instead"].dropna().to_dict() == {"a": "drawn"}
    assert repr(in_one_sentence(decided.touches, 2)).endswith(
        "0 calls (calls_a_month: 2) and 3 letters. Letters in place of a call: 1 because an experiment tries "
        "calls with them. Requests to cancel of less than `high_value_mrr` get a letter: 1."
    )


# --- by when ---------------------------------------------------------------------------------------


def test_touches_are_spread_over_the_working_days() -> None:
    """November 2026 begins on a Sunday and has 21 working days: 210 touches are 10 a day."""
    due = days.spread([None] * 210, dt.date(2026, 11, 1))
    assert (due[0], due[9], due[10], due[-1]) == (
        dt.date(2026, 11, 2), dt.date(2026, 11, 2), dt.date(2026, 11, 3), dt.date(2026, 11, 30),
    )  # fmt: skip
    assert due == sorted(due) and all(day.weekday() < 5 for day in due)


def test_a_touch_is_due_before_service_ends() -> None:
    """On the working day before; on the first where service ends on it, or before."""
    ends = [dt.date(2026, 11, 30), dt.date(2026, 11, 2), dt.date(2026, 11, 1)]
    assert days.spread([None] * 100 + ends, dt.date(2026, 11, 1))[-3:] == [
        dt.date(2026, 11, 27), dt.date(2026, 11, 2), dt.date(2026, 11, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("begin", "interval", "asked", "until"),
    [
        ("2026-01-10", "month", "2026-03-20", dt.date(2026, 4, 10)),
        ("2026-01-10", "month", "2026-03-10", dt.date(2026, 4, 10)),  # asked on the day of a renewal
        ("2026-01-10", "month", "2026-03-09", None),  # until 10 March, and still there
        ("2025-02-15", "year", "2025-06-01", None),
        ("2025-06-15", "year", "2025-12-01", dt.date(2026, 6, 15)),
        ("2026-01-31", "month", "2026-03-31", dt.date(2026, 4, 30)),
        ("2026-01-05", "3 months", "2026-01-06", dt.date(2026, 4, 5)),
        ("2026-03-26", "week", "2026-03-30", dt.date(2026, 4, 2)),
        ("2026-01-10", None, "2026-03-20", dt.date(2026, 4, 10)),
    ],
)
def test_until_when_it_is_paid(begin: str, interval: str | None, asked: str, until: dt.date | None) -> None:
    """By hand, at the end of March 2026."""
    days_of = (dt.date.fromisoformat(begin), interval, dt.date.fromisoformat(asked))
    assert paid_until(*days_of, dt.date(2026, 4, 1)) == until


# --- what the rooms propose ------------------------------------------------------------------------


def test_whose_payment_is_to_be_recovered(opened: Any) -> None:
    """
    due        past due since 10 March
    failed     failed on 20 and 25 March, nothing since
    mended     failed on 20 March, paid on 22
    old        failed in January
    gone       past due, and lost on 5 March
    mine       as failed, an account of the owner's own
    """
    with opened(
        [
            ("due", "2026-01-10", "2026-03-10", 10), ("due", "2026-03-10", "", 30, "past_due"),
            *spans("failed", "mended", "old", "mine"), ("gone", "2026-01-10", "2026-03-05", 50, "past_due"),
        ],
        payments=[
            *((who, day, "failed") for who in ("failed", "mine") for day in ("2026-03-20", "2026-03-25")),
            ("failed", "2026-02-20", "succeeded"), ("mended", "2026-03-20", "failed"),
            ("mended", "2026-03-22", "succeeded"), ("old", "2026-01-20", "failed"),
        ],
        settings={"internal_accounts": ["mine"]},
    ) as business:  # fmt: skip
        found = churn_reasons.to_recover(business)
    assert found[["customer_id", "why"]].values.tolist() == [
        ["failed", "the payment of 20 March 2026 failed"], ["due", "the payment is past due"],
    ]  # fmt: skip
    assert [float(mrr) for mrr in found["mrr"]] == [50, 30]


def test_who_asked_is_answered_once_and_who_leaves_first_stands_on_top(opened: Any) -> None:
    """
    soon       asked on 20 March, by the month: leaves on 10 April
    later      asked on 1 February, by the year: leaves on 10 January 2027
    answered   asked on 15 March, was answered on 18 March
    large      asked on 25 March, 200 a month: a call; leaves on 5 April
    """
    every = [("later", "2026-01-10", "", 50, "", "", "year"), ("large", "2026-02-05", "", 200),
             *spans("soon", "answered")]  # fmt: skip
    with opened(
        every,
        cancellations=[
            ("soon", "2026-03-20", "too_expensive"), ("later", "2026-02-01", ""),
            ("answered", "2026-03-15", ""), ("large", "2026-03-25", ""),
        ],
        contacts=[("answered", "2026-03-18", "keep")],
    ) as business:  # fmt: skip
        found = early_warning.to_keep(business, early_warning.scheduled(business).value)
    assert found[["customer_id", "leaves_on", "way"]].values.tolist() == [
        ["large", dt.date(2026, 4, 5), "call"], ["soon", dt.date(2026, 4, 10), "letter"],
        ["later", dt.date(2027, 1, 10), "letter"],
    ]  # fmt: skip
    assert found["why"].iloc[1] == "asked to cancel on 20 March 2026: too expensive"


def test_the_review_says_of_paid_time_what_the_rows_say(opened: Any) -> None:
    """
    over       asked on 9 March, by the month: paid until the 10th, and still here
    unknown    the same, and nothing says for how long they pay
    """
    every = [("over", "2026-01-10", "", 50, "", "", "month"), ("unknown", "2026-01-10", "", 50)]
    with opened(every, cancellations=[(who, "2026-03-09", "") for who in ("over", "unknown")]) as business:
        found = early_warning.to_keep(business, early_warning.scheduled(business).value)
    asked, words = "asked to cancel on 9 March 2026", dict(found[["customer_id", "why"]].values)
    assert found["leaves_on"].isna().all()
    assert words == {
        "over": f"{asked}; the paid time is over: do they stay?",
        "unknown": f"{asked}; until when they have paid is not known: do they stay?",
    }
    over, unknown = (found[found["customer_id"] == who] for who in words)
    assert when_they_leave(over) == "the paid time is over: do they stay?"
    assert when_they_leave(unknown) == "until when they have paid is not known: do they stay?"
    assert when_they_leave(found) == "1 of 2: the paid time is over: do they stay?"
    dated = found.assign(leaves_on=[dt.date(2026, 4, 10), None])
    assert when_they_leave(dated) == "the first leaves on 10 April"


def test_who_asks_during_a_trial_is_answered_and_gets_no_letter_of_the_trial(opened: Any) -> None:
    """
    going      asked on 20 March, the trial goes on
    over       asked on 30 March and was gone on the 31st: to be answered by lists since then, not by a plan
    answered   asked on 15 March, was answered on 18 March
    paying     asked in the trial and pays since: the answer of those who pay
    early      asked before the trial began, which is no request to end it
    again      asked on 12 March, was answered on the 13th, and asked again on the 19th
    """
    trials = [(who, "2026-03-10", end, 0, "trialing") for who, end in (
        ("going", ""), ("over", "2026-03-31"), ("answered", ""), ("paying", "2026-03-24"), ("early", ""),
        ("again", ""), ("before", "2026-03-24"))]  # fmt: skip
    asked = [
        ("going", 20),
        ("over", 30),
        ("answered", 15),
        ("paying", 20),
        ("early", 9),
        ("again", 12),
        ("again", 19),
    ]
    with opened(
        [*trials, ("paying", "2026-03-24", "", 50), *spans("stays")],
        cancellations=[(who, f"2026-03-{day:02}", "too_expensive") for who, day in asked],
        contacts=[("answered", "2026-03-18", "keep"), ("again", "2026-03-13", "keep")],
    ) as business:
        months, days = (early_warning.to_keep_of_trials(business, dt.date(2026, *since))
                        for since in ((4, 1), (3, 31)))  # fmt: skip
        letters = measurement.to_convert(business)
    assert months[["customer_id", "action", "why"]].values.tolist() == [
        [who, "keep", f"asked to cancel on {day} March 2026: too expensive; still in the free time"]
        for who, day in (("going", 20), ("again", 19))
    ]
    assert list(days["customer_id"]) == ["over", "going", "again"]
    assert set(letters["customer_id"]) == {"early"}


def test_who_left_is_asked_why(opened: Any) -> None:
    """
    large      200 a month, said why: a call          silent    said nothing: a letter
    told       50 a month, said why: nothing          back      said nothing, and is back: nothing
    biller     ended by the biller: nothing           reached   said nothing, was interviewed: nothing
    """
    who = ["silent", "told", "biller", "reached"]
    with opened(
        [
            ("large", "2026-01-10", "2026-03-05", 200), *((one, "2026-01-10", "2026-03-05", 50) for one in
            who), ("back", "2026-01-10", "2026-02-25", 50), ("back", "2026-03-25", "", 50), *spans("stays"),
        ],
        cancellations=[("large", "2026-03-01", "too_expensive"), ("told", "2026-03-01", "too_expensive"),
                       ("biller", "2026-03-01", "", "involuntary")],
        contacts=[("reached", "2026-03-10", "interview", "done")],
    ) as business:  # fmt: skip
        found = churn_reasons.to_ask_why(business, churn_reasons.losses(business))
    assert found[["customer_id", "way", "otherwise"]].values.tolist() == [
        ["large", "call", "wait"], ["silent", "letter", "letter"],
    ]  # fmt: skip
    assert found["why"].tolist() == [
        "left on 5 March 2026, said: too expensive", "left on 5 March 2026, gave no reason",
    ]  # fmt: skip


# --- experiments -----------------------------------------------------------------------------------


def experiment(**more: Any) -> dict[str, Any]:
    return {
        "hypothesis": "a call keeps them", "started_on": dt.date(2026, 1, 1), "randomised": True,
        "arms": {"control": 0.5, "call": 0.5}, "outcome": {"kind": "retained", "days": 35},
        "treatment": "call", **more,
    }  # fmt: skip


def draws_of(opened: Any, design: dict[str, Any], *assigned: tuple[str, str, str]) -> list[tuple[Any, ...]]:
    rows_of = [("call", who, arm, day) for who, arm, day in assigned]
    with opened(
        spans(*(who for who, _, _ in assigned)), assignments=rows_of, experiments={"call": design}
    ) as business:
        reading = experiments.read(business, experiments.plans(business, {}))
        found = experiments.draws(business, reading)
    return [(row.customer_id, row.treatment, row.until, row.is_open) for row in found.itertuples()]


def test_who_is_drawn_and_undecided(opened: Any) -> None:
    """
    Day 35 of the one drawn on 24 February is 31 March: over at the cut; of the one of 25 February it is not.
    """
    people = (("past", "control", "2026-02-24"), ("open", "call", "2026-02-25"))
    assert draws_of(opened, experiment(), *people) == [
        ("open", "call", dt.date(2026, 4, 1), True), ("past", "call", dt.date(2026, 3, 31), False),
    ]  # fmt: skip
    is_over = {"ended_on": dt.date(2026, 3, 1)}
    assert len(draws_of(opened, experiment(**is_over), *people)) == 2, "over, and nothing decided"
    assert draws_of(opened, experiment(**is_over, decision="we keep it"), *people) == []
    assert draws_of(opened, experiment(randomised=False), *people) == []


def test_a_verdict_sets_free(opened: Any) -> None:
    """60 of 60 against 0 of 60 stay: better."""
    people = [(f"{arm}{n}", arm, "2026-01-10") for arm in ("control", "call") for n in range(60)]
    every = [(who, "2026-01-10", "" if arm == "call" else "2026-02-01", 50) for who, arm, _ in people]
    with opened(
        every,
        assignments=[("call", who, arm, day) for who, arm, day in people],
        experiments={"call": experiment(size=60)},
    ) as business:
        reading = experiments.read(business, experiments.plans(business, {}))
        assert reading.comparisons["verdict"].tolist() == ["better"]
        assert experiments.draws(business, reading).empty
        orders = experiments.decisions(reading)
        ((name, beside),) = standing(reading)
    assert orders["what"].tolist() == ["Call: stop, and give it to everybody"]
    assert name == "Call:" and beside.startswith("better, by +100.0 ("), "its order stands in the plan"
    assert beside.endswith(" points, still customers on day 35.")
    assert orders["why"].tolist() == [
        "call: 60 of 60 were still customers on day 35, control: 0 of 60",
    ]


# --- the sample ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def october(sample: Business) -> plan.Month:
    risk = early_warning.risk_of_leaving(sample)
    reading = experiments.read(sample, experiments.plans(sample, {}))
    return plan.month_plan(
        sample, risk, early_warning.at_risk(sample, risk), churn_reasons.losses(sample), reading,
        pd.DataFrame(), None,
    )  # fmt: skip


def test_no_collisions_on_the_sample(sample: Business, october: plan.Month) -> None:
    """One customer, one touch; nobody whose outcome is open beside the answers; calls within their number."""
    done = october.decided.touches
    assert done["customer_id"].is_unique and len(done) > 30
    reading = experiments.read(sample, experiments.plans(sample, {}))
    people = experiments.draws(sample, reading)
    waiting = set(people.loc[people["is_open"].astype(bool), "customer_id"])
    other = done[~done["action"].isin(["recover_payment", "keep"])]
    assert len(other) and not set(other["customer_id"]) & waiting
    assert (done["way"] == "call").sum() <= sample.settings.calls_a_month
    tried = set(people.loc[people["treatment"] == "call", "customer_id"])
    assert not set(done.loc[done["way"] == "call", "customer_id"]) & tried
    is_mailed = done["action"].isin(["silent", "win_back"])
    days = done.loc[~is_mailed, "due_on"].value_counts()
    assert days.max() <= 5 + 2, "five a day, and two whose service ends on the 3rd"
    assert is_mailed.any() and set(done.loc[is_mailed, "due_on"]) == {dt.date(2026, 11, 2)}
    lately = last_contacts(sample).query("days_ago < 30")["customer_id"]
    assert not set(other["customer_id"]) & set(lately)


def test_nothing_that_was_proposed_is_lost(sample: Business, october: plan.Month) -> None:
    """Of everybody at risk: touched, or left out with a cause; whose payment failed comes first."""
    risk = early_warning.risk_of_leaving(sample)
    at_risk = set(early_warning.at_risk(sample, risk).value["customer_id"])
    done, held = october.decided
    assert at_risk <= {*done["customer_id"], *held.loc[held["action"] == "at_risk", "customer_id"]}
    assert done["action"].tolist()[:6] == ["recover_payment"] * 5 + ["keep"]


def test_who_is_held_out_this_month_gets_nothing_in_place_of_the_mails(opened: Any) -> None:
    """
    320 left, 40 of them in the last three months and for more than 100 a month: they are asked why, by call.
    Of those held out by lot none is, or the mails would be held against calls.
    """
    spans = [(f"g{n}", "2025-01-10", "2025-12-15" if n % 8 else "2026-01-15", 150) for n in range(320)]
    spans += [(f"s{n}", "2025-01-10", "", 50) for n in range(10)]
    with opened([*spans], settings={"calls_a_month": 100}) as business:
        risk = early_warning.risk_of_leaving(business)
        at_risk = early_warning.at_risk(business, risk)
        reading = experiments.read(business, experiments.plans(business, {}))
        month = plan.month_plan(
            business, risk, at_risk, churn_reasons.losses(business), reading, pd.DataFrame(), None
        )
        drawn = experiments.draws(business, reading)
        sent = win_back_and_loyalty.month_campaigns(business, drawn, plan.urgent(business, at_risk))
    held_out = set(win_back_and_loyalty.held_out(sent)["customer_id"])
    asked = month.decided.held.query("action == 'interview'").set_index("customer_id")["cause"]
    assert len(held_out) == 160 and not held_out & set(month.decided.touches["customer_id"])
    assert len(held_out & set(asked.index)) >= 10
    assert set(asked[asked.index.isin(held_out)]) == {"drawn"}


def test_calls_and_letters_of_the_loyalty_page_stand_in_the_plan(
    sample: Business, october: plan.Month
) -> None:
    """Whoever the page lists is touched, or left out with a cause."""
    done, held = october.decided
    listed = {
        "detractor": win_back_and_loyalty.detractors(sample).value["customer_id"],
        "pause": win_back_and_loyalty.paused_now(sample).value.query("is_due")["customer_id"],
        "thank": win_back_and_loyalty.thanks(sample).value["customer_id"],
        "board": win_back_and_loyalty.board(sample).value["customer_id"],
        "recommend": win_back_and_loyalty.recommend(sample).value["customer_id"],
        "grow": win_back_and_loyalty.might_grow(sample).value["customer_id"],
    }
    for action, who in listed.items():
        settled = [*done.loc[done["action"] == action, "customer_id"],
                   *held.loc[held["action"] == action, "customer_id"]]  # fmt: skip
        assert len(who) and sorted(settled) == sorted(who), action
    assert {"detractor", "pause", "board"} <= set(done["action"])


def test_the_review_has_its_actions_from_the_plan(sample: Business, october: plan.Month) -> None:
    """Known from the tables: 5 failed payments, 24 requests, and the pause offer that works."""
    found = plan.actions(sample, october).value
    assert found["id"].tolist()[:3] == ["recover_payment", "keep", "experiment"]
    assert found["customers"].tolist()[:3] == [5, 24, 0]
    assert found["what"].iloc[2] == "Pause offer: stop, and give it to everybody"
    touches = plan.touches(sample, october)
    assert touches.value["customer_id"].isna().sum() == len(october.orders)
    assert found["customers"].sum() == len(october.decided.touches)
    why = found.set_index("id")["why"]
    assert why["at_risk"].startswith("of them about ")
    assert why["detractor"].endswith("called to learn it, not as customers at risk")
    assert "run “draw win_back” on the day you mail them" in why["win_back"]


def test_a_row_of_a_campaign_is_not_mailed_by_hand(sample: Business, october: plan.Month) -> None:
    """Its mails are handed to a mail tool, all five; the rows of everything else are for the owner."""
    listed = rows.rows(sample, october.decided.touches)
    is_campaign = listed["kind"].isin(["win_back", "silent"])
    by_tool = listed[is_campaign]
    assert len(by_tool) and by_tool["action"].str.startswith("Mail tool: ").all()
    assert by_tool["why"].str.endswith("mails of actions/win_back.csv, not to be sent by hand").all()
    assert listed.loc[~is_campaign, "action"].str.match("(Call|Write): ").all()


def test_messages_are_in_the_customers_own_name(sample: Business, october: plan.Month) -> None:
    """And an address stands beside them; neither is in what the pages show."""
    listed = rows.rows(sample, october.decided.touches)
    assert listed["message"].str.match(r"Hello \w+ [^,]+,").mean() > 0.9
    assert listed["email"].dropna().str.endswith("@example.com").all()
    shown = str(plan.touches(sample, october).record())
    assert "@" not in shown and "Hello" not in shown


def test_what_is_left_for_the_running_plan(sample: Business, october: plan.Month, tmp_path: Path) -> None:
    """A row a touch with every cell as text; nothing outside a report."""
    plan.hand_on_plan("", sample, october)
    plan.hand_on_plan(str(tmp_path / "findings.json"), sample, october)
    text = (tmp_path / "plan.json").read_text(encoding="utf-8")
    assert text.count('"customer_id"') == len(october.decided.touches)
    assert '"due_on": "2026-11-02"' in text


def test_of_many_orders_about_experiments_one_stands_before_the_people(
    sample: Business, october: plan.Month
) -> None:
    """Three to decide hide nobody at risk from the first screen; what nobody is called for comes last."""
    one = october.orders.iloc[0]
    orders = pd.DataFrame([one, one.replace({one["what"]: "B"}), one.replace({one["what"]: "C"})])
    found = plan.actions(sample, october._replace(orders=orders)).value
    kinds = found["id"].tolist()
    assert kinds[:3] == ["recover_payment", "keep", "experiment"] and "at_risk" in kinds
    assert kinds.count("experiment") == 3 and kinds[-2:] == ["experiment"] * 2
    assert found["what"].tolist()[-2:] == ["B", "C"]


def test_a_risk_that_few_losses_told_says_no_number(opened: Any) -> None:
    """Two of six left in a year: who is at risk is called, and how many would go is not told."""
    rows_of = [*spans("a", "b", "c", "d"), ("e", "2025-03-01", "2025-06-01", 10),
               ("f", "2025-03-01", "2025-09-01", 10)]  # fmt: skip
    silent = [(who, f"2025-{month:02}-10", "login") for who in "abcd" for month in range(3, 12)]
    with opened(rows_of, events=silent) as business:
        risk = early_warning.risk_of_leaving(business)
        assert 0 < risk.value.base.numerator < 20
        reading = experiments.read(business, experiments.plans(business, {}))
        at_risk = early_warning.at_risk(business, risk)
        month = plan.month_plan(
            business, risk, at_risk, churn_reasons.losses(business), reading, pd.DataFrame(), None
        )  # fmt: skip
        assert len(at_risk.value) and set(month.decided.touches["action"]) >= {"at_risk"}
        assert month.decided.touches["risk"].isna().all()
        why = plan.actions(business, month).value.set_index("id").loc["at_risk", "why"]
    assert why == "they show what leavers showed before; too few left so far to say how many will"

"""The monthly review: its answers, its actions, and what became of earlier reports."""

import datetime as dt
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import write_folder

from retention_helpers import monthly_review
from retention_helpers.business import Business, open_business
from retention_helpers.churn_reasons import Period
from retention_helpers.gate.running_plan import OWN, Row, Running
from retention_helpers.measurement import cohorts, measures
from retention_helpers.report import plan_file
from retention_helpers.shown import lists
from retention_helpers.statistics import control
from retention_helpers.statistics.intervals import Change, with_rate


@pytest.fixture(scope="module")
def business(business_of: Callable[..., Business]) -> Business:
    """
                  February          |March                     |April
    stays         ==================|==========================           200
    late          ==================|========dddddddddddddddddd           30, past due
    explained     ==================|=====                                100, said why
    silent        ==================|=====                                40, was not asked
    card_failed   ==================|=====                                50, by the biller
    +49123        ==================|==========================           10, an id like a formula
    """
    return business_of(
        [
            ("stays", "2026-01-10", "", 200),
            ("late", "2026-01-10", "2026-03-10", 30),
            ("late", "2026-03-10", "", 30, "past_due"),
            ("explained", "2026-01-10", "2026-03-05", 100),
            ("silent", "2026-01-10", "2026-03-05", 40),
            ("card_failed", "2026-01-10", "2026-03-05", 50),
            ("+49123", "2026-01-10", "", 10),
        ],
        cancellations=[
            ("explained", "2026-03-01", "too_expensive", "voluntary"),
            ("card_failed", "2026-03-01", "", "involuntary"),
        ],
    )


# --- earlier reports -------------------------------------------------------------------------------


OURS = "Your business (data)"


def report(folder: Path, month: str, record: Any = None, **lists_of: list[str]) -> None:
    """A report as an earlier month left it: findings.json and its lists of customers."""
    home = folder / month
    home.mkdir(parents=True)
    text = (
        record
        if isinstance(record, str)
        else json.dumps({"month": month, "business": OURS, **(record or {})})
    )
    (home / "findings.json").write_text(text, encoding="utf-8")
    for name, ids in lists_of.items():
        lists.hand_on_list(str(home / "findings.json"), name, pd.DataFrame({"customer_id": ids}))


def test_earlier_reports_are_those_of_months_before(tmp_path: Path, business: Business) -> None:
    """Not the month itself, not a later one, not a failed run, not another month's file in the folder."""
    for month in ("2025-12", "2026-02", "2026-03", "2026-04"):
        report(tmp_path, month, {"n": month})
    report(tmp_path, "2026-01.failed", {"month": "2026-01"})
    report(tmp_path, "2026-01", {"month": "2025-01"})
    report(tmp_path, "2025-11", {"business": "Somebody else (data)"})
    found = monthly_review.earlier_reports(str(tmp_path), business)
    assert list(found) == ["2025-12", "2026-02"]
    assert found["2026-02"]["n"] == "2026-02"


@pytest.mark.parametrize("text", ["", "{", "\ufeff{}", "nonsense", "{}"])
def test_a_findings_file_that_cannot_be_read_is_no_report(
    tmp_path: Path, business: Business, text: str
) -> None:
    """Cut off, empty, or without a month: passed over."""
    report(tmp_path, "2026-02", text)
    assert monthly_review.earlier_reports(str(tmp_path), business) == {}


@pytest.mark.parametrize("text", ["[]", "null", "3", '"2026-02"'])
def test_a_findings_file_of_another_form_is_no_report(tmp_path: Path, business: Business, text: str) -> None:
    """JSON that holds no record is passed over as well."""
    report(tmp_path, "2026-02", text)
    assert monthly_review.earlier_reports(str(tmp_path), business) == {}


@pytest.mark.parametrize("reports", ["", "no/such/folder"])
def test_without_a_folder_of_reports_there_are_none(business: Business, reports: str) -> None:
    """An owner who explores has no reports."""
    assert monthly_review.earlier_reports(reports, business) == {}


def test_restated_lists_every_number_given_otherwise(business: Business) -> None:
    """Both numbers side by side; a month that is not in the data now, or a missing number, is no line."""
    february = {"customers_at_start": 6, "new": 0, "reactivated": 0, "lost": 0, "customers_at_end": 6}
    earlier = {
        "2025-12": {"measurement": {**february, "lost": 1}},
        "2026-01": {"measurement": {"new": None}},
        "2026-02": {"measurement": {**february, "lost": 2, "customers_at_end": 4}},
    }
    assert monthly_review.restated(earlier, business).values.tolist() == [
        ["2026-02", "Lost", 2, 0],
        ["2026-02", "Customers at end", 4, 6],
    ]


@pytest.mark.parametrize("earlier", [{}, {"2026-02": {}}, {"2026-02": {"measurement": None}}])
def test_nothing_is_restated_without_numbers_to_compare(business: Business, earlier: dict) -> None:
    """No report, or one that failed before it measured."""
    assert monthly_review.restated(earlier, business).empty


def test_a_return_after_the_cut_is_restated_a_month_later(opened: Any, tmp_path: Path) -> None:
    """
    30 March to 2 April without service:  ==========  |  =======
    March reported one lost; the report of April counts the customer all through March.
    """
    spans = [("A", "2026-01-10", "2026-03-30", 10), ("A", "2026-04-02", "", 10), ("B", "2026-01-10", "", 10)]
    with opened(spans, "2026-03") as march:
        report(tmp_path, "2026-03", {"measurement": measures.customer_movement(march).iloc[-1][1:].to_dict()})
    with opened(spans, "2026-04") as april:
        earlier = monthly_review.earlier_reports(str(tmp_path), april)
        rows = monthly_review.restated(earlier, april)
    assert rows.values.tolist() == [["2026-03", "Lost", 1, 0], ["2026-03", "Customers at end", 1, 2]]


# --- the last plans --------------------------------------------------------------------------------


def plan_of(*rows: tuple[str | None, str, float | None]) -> dict[str, Any]:
    return {"plan": [{"customer_id": who, "action": action, "risk": risk} for who, action, risk in rows]}


def test_what_became_of_a_plan_is_held_against_what_was_expected(opened: Any) -> None:
    """
    Planned at the end of January, with a horizon of 60 days (to 2 April), read at the end of March.

                  February      |March         |
    talked        ....c.........|..............|    risk 0.3, contacted on 11 February: 49 of 60 days seen
    left          ....c.........|.x            |    risk 0.5, the same, left on 5 March
    no_answer     ............c.|..............|    risk 0.2, nobody answered on 20 February: 40 days
    not_done      ..............|..............|    risk 0.9
    asked         .c............|..............|    had asked already: no risk
    Expected by hand: 1 − 0.7^(49/60) + 1 − 0.5^(49/60) + 1 − 0.8^(40/60) = 0.2527 + 0.4322 + 0.1382 = 0.8231.
    """
    who = ["talked", "no_answer", "not_done", "asked"]
    with opened(
        [*((one, "2025-06-10", "", 50) for one in who), ("left", "2025-06-10", "2026-03-05", 50)],
        contacts=[
            ("talked", "2026-02-11", "at_risk", "talked"), ("left", "2026-02-11", "At_risk", ""),
            ("no_answer", "2026-02-20", "at_risk", "No answer"), ("not_done", "2026-01-31", "at_risk", ""),
            ("asked", "2026-02-02", "keep", ""),
        ],
    ) as business:  # fmt: skip
        planned = plan_of(
            ("asked", "keep", None), ("talked", "at_risk", 0.3), ("left", "at_risk", 0.5),
            ("no_answer", "at_risk", 0.2), ("not_done", "at_risk", 0.9), (None, "experiment", None),
        )  # fmt: skip
        found = monthly_review.became_of({"2026-01": planned, "2025-11": planned}, business)
    assert found["month"].astype(str).unique().tolist() == ["2026-01-01"], "November's was over before"
    keep, at_risk = found.drop(columns=["month", "judged_on"]).to_dict(orient="records")
    assert list(keep.values())[:5] == ["keep", 1, 1, 1, 1] and pd.isna(keep["left"])
    assert list(at_risk.values())[:6] == ["at_risk", 4, 3, 2, 2, 1]
    assert at_risk["expected_left"] == pytest.approx(0.8231, abs=5e-4)
    assert (at_risk["expected_low"], at_risk["expected_high"]) == (0, 2)


def test_a_plan_of_which_nothing_is_noted_says_how_to_note_it(business: Business) -> None:
    found = monthly_review.became_of_actions({"2026-02": plan_of(("stays", "silent", 0.1))}, business)
    assert "none is noted as done: fill in “Done on”" in repr(found.sentence({"2026-02": {}}, "2026-03"))
    nothing = monthly_review.became_of_actions({"2026-02": {}}, business)
    assert "No earlier report has a plan" in repr(nothing.sentence({"2026-02": {}}, "2026-03"))


def test_no_play_follows_a_reason_that_is_not_ahead_for_sure() -> None:
    """Of 15 and 14 answers neither is (binomial p 1.0); of 20 and 3 the first is (p 0.0005)."""

    def top(first: int, second: int) -> pd.DataFrame:
        frame = pd.DataFrame(
            [("too_expensive", first), ("not_using_enough", second)], columns=["reason", "customers"]
        )
        return with_rate(frame.assign(answered=first + second), "share", "customers", "answered")

    when = Period(dt.date(2026, 3, 1), dt.date(2026, 3, 1), 1)
    moved = pd.DataFrame(columns=["reason", "verdict"])
    both = monthly_review.reasons_answer(top(15, 14), moved, when, min_customers=20).do_now
    assert both.startswith("Two reasons, neither ahead for sure. Too expensive: show what")
    assert "Not using enough: lead newcomers" in both
    one = monthly_review.reasons_answer(top(20, 3), moved, when, min_customers=20).do_now
    assert one == "Show what they get before the renewal; offer a smaller or a yearly plan."


def test_what_was_done_of_the_plan_is_a_contact_from_its_day_on(tmp_path: Path) -> None:
    """
    Written into the plan of February: A on 5 March, B on 2 April, C without a day; and a row of the owner's
    own. March (cut on 1 April) knows A and the owner's row, and says that C has no day; April knows B, too.
    Contacts of the table stand beside them, and one that is in both counts once.
    """
    out = tmp_path / "reports"
    out.mkdir()
    plan = [
        Row("2026-02", "at_risk", {"customer_id": who, "due_on": "2026-03-03", **cells})
        for who, cells in {
            "A": {"done_on": "2026-03-05", "outcome": "talked"},
            "B": {"done_on": "2026-04-02"},
            "C": {"outcome": "talked"},
        }.items()
    ]
    plan.append(Row("", OWN, {"customer_id": "B", "action": "interview", "done_on": "2026-03-10"}))
    plan_file._write(out, Running(business=OURS, rows=tuple(plan)))
    spans = [(who, "2026-01-10", "", 10) for who in "ABC"]
    table = [("C", "2026-03-01", "outreach", ""), ("A", "2026-03-05", "at_risk", "talked")]
    data = write_folder(tmp_path / "data", spans, contacts=table)

    def known(month: str, plan: Path | None) -> list[tuple[str, str, str]]:
        with closing(open_business(data, month, plan=plan, cache=tmp_path / "cache")) as business:
            rows = business.table("contacts").execute().sort_values(["contacted_on", "customer_id"])
            said.extend(fault.rule for fault in business.faults)
        days = rows["contacted_on"].astype(str)
        return list(zip(rows["customer_id"], days, rows["kind"], strict=True))

    said: list[str] = []
    march = [
        ("C", "2026-03-01", "outreach"), ("A", "2026-03-05", "at_risk"), ("B", "2026-03-10", "interview"),
    ]  # fmt: skip
    assert known("2026-03", out) == march and "no day" in said
    assert known("2026-04", out) == [*march, ("B", "2026-04-02", "at_risk")]
    assert known("2026-03", None) == march[:2]
    plan_file._write(out, Running(business="Somebody else (data)", rows=tuple(plan)))
    assert known("2026-03", out) == march[:2], "another business's plan counts for nobody"


# --- answers ---------------------------------------------------------------------------------------


def churn_table(*months: tuple[int, int]) -> pd.DataFrame:
    """A churn table from (lost, customers at start), up to March 2026."""
    frame = pd.DataFrame(months, columns=["lost", "customers_at_start"])
    days = pd.date_range(end="2026-03-01", periods=len(months), freq="MS")
    return with_rate(frame.assign(month=days), "churn_rate", "lost", "customers_at_start")


def said(answer: monthly_review.Answer) -> str:
    """The whole row as text, whatever its parts are."""
    return repr(monthly_review.answers([answer], "2026-03"))


def tones(answer: monthly_review.Answer) -> list[str]:
    return [verdict.tone for verdict in answer.verdicts]


def test_the_answer_on_churn_compares_with_last_month_and_last_year() -> None:
    """Both verdicts with their months, and how many more should have stayed; a rise is bad news."""
    churn = churn_table((2, 100), *[(30, 100)] * 11, (30, 100))
    answer = monthly_review.churn_answer(churn, 0.05, control.chart(churn))
    assert "30 of 100" in said(answer)
    assert "30.0 %" in said(answer)
    assert [verdict.text for verdict in answer.verdicts] == [
        "no clear change since Feb 2026", "rose since Mar 2025", "within the usual range",
    ]  # fmt: skip
    assert tones(answer) == ["open", "bad", "open"]
    assert "25 more" in answer.do_now


def test_a_fall_of_churn_is_good_news() -> None:
    """And a target that is met asks for nobody more."""
    churn = churn_table((40, 100), (4, 100))
    answer = monthly_review.churn_answer(churn, 0.05, control.chart(churn))
    assert tones(answer) == ["good"]
    assert "met" in answer.do_now
    assert "more" not in answer.do_now


def test_the_answer_on_churn_without_customers_or_history() -> None:
    """A dash for what cannot be given, and words for what there is nothing to compare with."""
    nobody, one = churn_table((0, 0)), churn_table((1, 40))
    empty = monthly_review.churn_answer(nobody, 0.05, control.chart(nobody))
    assert (empty.number, empty.interval) == ("–", "–")
    first = monthly_review.churn_answer(one, 0.05, control.chart(one))
    assert "nothing to compare with yet" in said(first)
    assert tones(first) == ["open"]


NO_COHORT = pd.DataFrame(columns=["cohort", "verdict"])


def test_the_answer_on_newcomers() -> None:
    """Nothing to compare without two groups; else the verdict, and fewer who stay are bad news."""
    columns = [
        "cohorts",
        "first_cohort",
        "last_cohort",
        "reached",
        "retained",
        "rate",
        "rate_low",
        "rate_high",
    ]
    none = monthly_review.cohort_answer(pd.DataFrame(columns=columns), None, NO_COHORT)
    assert (none.number, tones(none)) == ("–", ["open"])
    day = pd.Timestamp("2026-01-01")
    parts = pd.DataFrame(
        [("latest 3", day, day, 40, 10, 0.25, 0.14, 0.40), ("earlier", day, day, 40, 30, 0.75, 0.60, 0.86)],
        columns=columns,
    )
    answer = monthly_review.cohort_answer(parts, cohorts.recent_change(parts), NO_COHORT)
    assert "10 of 40" in said(answer)
    assert "fell against earlier" in said(answer)
    assert tones(answer) == ["bad"]
    unclear = monthly_review.cohort_answer(parts, Change(0.0, -0.1, 0.1, "no clear change"), NO_COHORT)
    assert "no clear change against earlier" in said(unclear)
    assert tones(unclear) == ["open"]


def test_the_answer_on_money_of_an_empty_start(opened: Any) -> None:
    """No MRR at the start, so no share of it that remains: a dash, not nan."""
    with opened([("A", "2026-03-05", "", 10)]) as business:
        answer = monthly_review.money_answer(
            measures.mrr_movement(business), measures.revenue_retention(business), "EUR"
        )
    assert "MRR grew by EUR 10" in said(answer)
    assert tones(answer) == ["good"]
    assert "nan" not in said(answer)
    assert "–" in said(answer)


def test_the_answer_on_who_ended_it(business: Business) -> None:
    """The biller's share of those of whom it is known, and how many nobody knows about."""
    answer = monthly_review.kinds_answer(measures.churn_kinds(business))
    assert "1 of 2" in said(answer)
    assert "50.0 %" in said(answer)
    assert [verdict.text for verdict in answer.verdicts] == ["1 decided to leave", "1 unknown"]
    assert "nobody left" in said(monthly_review.kinds_answer(measures.churn_kinds(business).iloc[:2]))


def test_the_first_screen_escapes_every_cell() -> None:
    """What looks like HTML is text in every part of a row."""
    hostile = '<b onclick="x">&'
    parts: dict[str, Any] = {part.name: hostile for part in fields(monthly_review.Answer)}
    row = monthly_review.Answer(**{**parts, "verdicts": (monthly_review.Verdict(hostile),)})
    shown = monthly_review.answers([row], "2026-03")._repr_html_()
    assert "<b" not in shown
    assert shown.count("&lt;b onclick=&quot;x&quot;&gt;&amp;") == len(parts)


def test_a_kind_and_an_amount_learned_late_are_restated(opened: Any, tmp_path: Path) -> None:
    """A cancellation entered afterwards, and a price corrected afterwards, with both numbers."""
    then = [("A", "2026-01-10", "2026-03-05", 10), ("B", "2026-01-10", "", 20)]
    with opened(then, "2026-03") as march:
        measured = {
            **measures.customer_movement(march).iloc[-1][1:].to_dict(),
            **measures.churn_kinds(march).iloc[-1][["voluntary", "involuntary", "kind_unknown"]].to_dict(),
            "mrr": {"at_start": 30, "churned": 10, "at_end": 20},
        }
        report(tmp_path, "2026-03", {"measurement": measured})
    now = [("A", "2026-01-10", "2026-03-05", 10), ("B", "2026-01-10", "", 25)]
    with opened(now, "2026-04", cancellations=[("A", "2026-03-01", "unused", "voluntary")]) as april:
        rows = monthly_review.restated(monthly_review.earlier_reports(str(tmp_path), april), april)
    assert rows.values.tolist() == [
        ["2026-03", "Voluntary", 0, 1],
        ["2026-03", "Kind unknown", 1, 0],
        ["2026-03", "MRR at start", 30, 35],
        ["2026-03", "MRR at end", 20, 25],
    ]


def test_nobody_knows_who_ended_it_is_not_zero_per_cent(opened: Any) -> None:
    """Without a row of cancellations there is no share by the biller."""
    with opened([("A", "2026-01-10", "2026-03-05", 10), ("B", "2026-01-10", "", 20)]) as business:
        answer = monthly_review.kinds_answer(measures.churn_kinds(business))
    assert answer.number == "–"
    assert "nothing in the data says" in answer.basis

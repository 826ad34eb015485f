"""The monthly review: its answers, its actions, and what became of earlier reports."""

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
from retention_helpers.gate.running_plan import OWN, Row, Running
from retention_helpers.measurement import measures
from retention_helpers.report import plan_file
from retention_helpers.shown import lists
from retention_helpers.shown.cards import Link


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


OURS = "Harbour Desk"


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
    assert found.others == {"Somebody else (data)": 1} and found.of_before == 0


def test_the_reports_of_a_business_are_known_by_its_name(opened: Any, tmp_path: Path) -> None:
    """Whatever the data folder was called; and those of before it had a name, by the folder's."""
    marks = ["Harbour Desk", "Harbour Desk (2026-01)", "Your business (data)", None, "Your business (old)",
             "Harbour Desk Two", "Kiebitzplan", "Kiebitzplan (sample)"]  # fmt: skip
    for nth, mark in enumerate(marks):
        report(tmp_path, f"2025-{nth + 1:02}", {"business": mark})
    with opened([("A", "2026-01-10", "", 10)]) as business:
        found = monthly_review.earlier_reports(str(tmp_path), business)
        said = monthly_review.restated_numbers(found, business).sentence(found).text
    assert list(found) == ["2025-01", "2025-02", "2025-03", "2025-04"]
    assert found.others == {"Your business (old)": 1, "Harbour Desk Two": 1}
    assert "3 of them bear no name, or that of a data folder" in said
    assert "“Harbour Desk Two” (1) and “Your business (old)” (1), which are left alone." in said
    assert "write business: Your business (old) in retention.yml" in said
    with opened([("A", "2026-01-10", "", 10)], settings={"business": "Your business (old)"}) as business:
        assert list(monthly_review.earlier_reports(str(tmp_path), business)) == [
            "2025-03",
            "2025-04",
            "2025-05",
        ]


def test_a_business_without_a_name_is_known_by_its_folder(opened: Any, tmp_path: Path) -> None:
    report(tmp_path, "2025-01", {"business": "Your business (data)"})
    report(tmp_path, "2025-02", {"business": "Your business (copy)"})
    with opened([("A", "2026-01-10", "", 10)], settings={"business": None}) as business:
        assert list(monthly_review.earlier_reports(str(tmp_path), business)) == ["2025-01"]
        (warning,) = [fault for fault in business.faults if fault.rule == "business without a name"]
    assert warning.level == "warning" and "Add the line `business: data`" in warning.message


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


def test_answers_and_win_back_are_held_against_what_came_without_them(opened: Any) -> None:
    """
    asked      asked on 2 January, was answered on 2 February
    stayed     asked on 1 October and nobody answered: customer on day 90 after it
    went       asked on 1 October, and left on the 20th, for good
    won        left on 1 January, was mailed on 2 February, and is back since 1 March
    unasked    left on 15 September: back on 20 October
    gone       left on 15 September, for good
    """
    since = "2025-06-10"
    spans = [("asked", since, "", 50), ("stayed", since, "2026-03-05", 50), ("went", since, "2025-10-20", 50),
             ("won", since, "2026-01-01", 50), ("won", "2026-03-01", "", 50),
             ("unasked", since, "2025-09-15", 50), ("unasked", "2025-10-20", "", 50),
             ("gone", since, "2025-09-15", 50)]  # fmt: skip
    with opened(
        spans,
        cancellations=[("asked", "2026-01-02"), ("stayed", "2025-10-01"), ("went", "2025-10-01")],
        contacts=[("asked", "2026-02-02", "keep", ""), ("won", "2026-02-02", "win_back", "")],
    ) as business:
        planned = {"2026-01": plan_of(("asked", "keep", None), ("won", "win_back", None))}
        became = monthly_review.became_of_actions(planned, business)
        said = repr(became.sentence(planned, business.month))
    assert "1 still here; of 2 who asked 1 were customers 90 days later without it." in said
    assert "1 customers again; of 3 who had left 1 were customers again within 90 days without it." in said


def test_a_plan_of_which_nothing_is_noted_says_how_to_note_it(business: Business) -> None:
    found = monthly_review.became_of_actions({"2026-02": plan_of(("stays", "silent", 0.1))}, business)
    assert "none is noted as done: fill in “Done on”" in repr(found.sentence({"2026-02": {}}, "2026-03"))
    nothing = monthly_review.became_of_actions({"2026-02": {}}, business)
    assert "No earlier report has a plan" in repr(nothing.sentence({"2026-02": {}}, "2026-03"))


def test_what_was_done_of_the_plan_is_a_contact_from_its_day_on(tmp_path: Path) -> None:
    """
    Written into the plan of February: A on 5 March, B on 2 April, C without a day; and a row of the owner's
    own. March (cut on 1 April) knows A and the owner's row, and says that C has no day; April knows B, too.
    That somebody is to do D, and how urgent it is, says nothing of its being done.
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
            "D": {"done_by": "Ada", "Urgent": "yes"},
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
            said.extend((fault.rule, fault.rows) for fault in business.faults)
        days = rows["contacted_on"].astype(str)
        return list(zip(rows["customer_id"], days, rows["kind"], strict=True))

    said: list[tuple[str, int]] = []
    march = [
        ("C", "2026-03-01", "outreach"), ("A", "2026-03-05", "at_risk"), ("B", "2026-03-10", "interview"),
    ]  # fmt: skip
    assert known("2026-03", out) == march and ("no day", 1) in said
    assert known("2026-04", out) == [*march, ("B", "2026-04-02", "at_risk")]
    assert known("2026-03", None) == march[:2]
    plan_file._write(out, Running(business="Somebody else (data)", rows=tuple(plan)))
    assert known("2026-03", out) == march[:2], "another business's plan counts for nobody"


def test_the_first_screen_escapes_every_cell() -> None:
    """What looks like HTML is text in every part of a row."""
    hostile = '<b onclick="x">&'
    parts: dict[str, Any] = {part.name: hostile for part in fields(monthly_review.Answer)}
    own = {"verdicts": (monthly_review.Verdict(hostile),), "more": Link(hostile, hostile)}
    shown = monthly_review.answers([monthly_review.Answer(**{**parts, **own})], "2026-03", otherwise="")
    shown = shown._repr_html_()
    assert "<b" not in shown
    assert shown.count("&lt;b onclick=&quot;x&quot;&gt;&amp;") == len(parts) + 1, "and the page of the link"


def test_a_row_without_a_number_says_why_and_a_table_without_rows_too() -> None:
    """No dash, no empty table; a row that cannot be answered is left out."""
    row = monthly_review.Answer("Does it work?", "", "nobody was drawn", "", (), "Wait.")
    shown = monthly_review.answers([row, None], "2026-03", otherwise="x")
    assert shown.rows == (row,) and "–" not in shown._repr_html_() and "<td></td>" in shown._repr_html_()
    nothing = monthly_review.answers([None], "2026-03", otherwise="It takes events.csv.")
    assert nothing._repr_html_() == '<p class="finding">It takes events.csv.</p>'


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


def test_what_only_the_rates_changed_is_exchange_and_not_restated(opened: Any, tmp_path: Path) -> None:
    """
    dollar  100 USD ==========================   0.9 in February's report: 90; 0.8 in March's: 80
    euro     50 EUR ==========================
    gone     20 USD =========|                   lost in February: 18 then, 16 now
    both     10 EUR and 10 USD from March on
    """
    spans = [
        ("dollar", "2026-01-10", "", 100, "active", "", "", "USD"),
        ("euro", "2026-01-10", "", 50, "active", "", "", "EUR"),
        ("gone", "2026-01-10", "2026-02-10", 20, "active", "", "", "USD"),
        ("both", "2026-03-01", "", 10, "active", "", "", "EUR"),
        ("both", "2026-03-01", "", 10, "active", "", "", "USD"),
    ]
    rates = {"USD": {"2026-02": 0.9, "2026-03": 0.8}}
    settings = {"currency": "EUR", "exchange_rates": rates}
    money = {"at_start": 158, "churned": 18, "at_end": 140, "new": 0}
    measured = {"mrr": money, "lost": 1, "exchange_rates": {"USD": 0.9}}
    report(tmp_path, "2026-02", {"measurement": measured, "currency": "EUR"})
    with opened(spans, "2026-03", settings=settings) as march:
        earlier = monthly_review.earlier_reports(str(tmp_path), march)
        assert monthly_review.restated(earlier, march).empty
        found = monthly_review.exchange(earlier, march)
        said = monthly_review.exchange_of_earlier(earlier, march).sentence("EUR").text
        assert measures.mrr_movement(march).iloc[-1]["mrr_at_end"] == 80 + 50 + 18
    assert found.values.tolist() == [["2026-02", "USD 0.9 → 0.8", 140, 130, -10]]
    assert said == (
        "With other exchange rates (USD 0.9 → 0.8) the MRR at the end of February 2026 is EUR 130 in this "
        "report, and EUR 140 at the rates of then. 1 earlier report had other rates; that is no "
        "restatement."
    )
    corrected = [(*spans[0][:3], 110, *spans[0][4:]), *spans[1:]]
    with opened(corrected, "2026-03", settings=settings) as march:
        rows = monthly_review.restated(earlier, march)
        found = monthly_review.exchange(earlier, march)
    assert rows.values.tolist() == [
        ["2026-02", "MRR at start, at the exchange rates of then", 158, 167],
        ["2026-02", "MRR at end, at the exchange rates of then", 140, 149],
    ]
    assert found[["mrr_then", "mrr_now", "exchange"]].values.tolist() == [[149, 138, -11]]


def test_where_the_rates_are_the_same_nothing_is_said_of_them(opened: Any, tmp_path: Path) -> None:
    """Nor of a report in another currency, nor where there is no other currency."""
    dollar = [("dollar", "2026-01-10", "", 100, "active", "", "", "USD")]
    report(tmp_path, "2026-02", {"measurement": {"exchange_rates": {"USD": 0.9}}, "currency": "EUR"})
    report(tmp_path, "2026-01", {"measurement": {"exchange_rates": {"USD": 0.1}}, "currency": "GBP"})
    for settings in ({"currency": "EUR", "exchange_rates": {"USD": 0.9}}, {}):
        with opened(dollar, "2026-03", settings=settings) as march:
            earlier = monthly_review.earlier_reports(str(tmp_path), march)
            found = monthly_review.exchange_of_earlier(earlier, march)
            assert found.value.empty
            assert found.sentence("EUR") is None


def test_what_several_currencies_of_one_customer_hide_is_not_restated(opened: Any, tmp_path: Path) -> None:
    """
    From 100 EUR to 150 USD: at 0.9 an expansion of 35, at 0.6 a contraction of 10. Nobody learned anything.
    """
    spans = [
        ("moves", "2026-01-10", "2026-02-10", 100, "active", "", "", "EUR"),
        ("moves", "2026-02-10", "", 150, "active", "", "", "USD"),
    ]
    money = {"at_start": 100, "expansion": 35, "contraction": 0, "at_end": 135}
    report(
        tmp_path,
        "2026-02",
        {"measurement": {"mrr": money, "exchange_rates": {"USD": 0.9}}, "currency": "EUR"},
    )
    settings = {"currency": "EUR", "exchange_rates": {"USD": {"2026-03": 0.6}}}
    with opened(spans, "2026-03", settings=settings) as march:
        assert measures.mrr_movement(march).iloc[-2]["contraction"] == 10
        earlier = monthly_review.earlier_reports(str(tmp_path), march)
        assert monthly_review.restated(earlier, march).empty
        found = monthly_review.exchange(earlier, march)
    assert found[["mrr_then", "mrr_now", "exchange"]].values.tolist() == [[135, 90, -45]]
    more = [spans[0], (*spans[1][:3], 160, *spans[1][4:])]
    with opened(more, "2026-03", settings=settings) as march:
        rows = monthly_review.restated(earlier, march)
    assert rows.values.tolist() == [["2026-02", "MRR at end, at the exchange rates of then", 135, 144]]


def test_what_was_restated_is_handed_on(opened: Any, tmp_path: Path) -> None:
    """With its month as ISO text, in the shape that the schema says."""
    spans = [
        ("A", "2026-01-10", "", 10, "active", "", "", "USD"),
        ("B", "2026-01-10", "", 20, "active", "", "", "EUR"),
    ]
    measured = {"lost": 1, "exchange_rates": {"USD": 0.5}, "mrr": {"at_end": 25}}
    report(tmp_path, "2026-02", {"measurement": measured, "currency": "EUR"})
    with opened(spans, "2026-03", settings={"currency": "EUR", "exchange_rates": {"USD": 2}}) as march:
        earlier = monthly_review.earlier_reports(str(tmp_path), march)
        results = [
            monthly_review.restated_numbers(earlier, march),
            monthly_review.exchange_of_earlier(earlier, march),
        ]
        handed = {key: value for one in results for key, value in one.record().items()}
    assert handed == {
        "restated": [{"month": "2026-02", "number": "Lost", "then": 1, "now": 0}],
        "exchange": [
            {"month": "2026-02", "rates": "USD 0.5 → 2", "mrr_then": 25, "mrr_now": 40, "exchange": 15}
        ],
    }

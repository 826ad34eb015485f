"""The monthly review: its answers, its actions, and what became of earlier reports."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retention_helpers import monthly_review
from retention_helpers.business import Business
from retention_helpers.measurement import cohorts, measures
from retention_helpers.shown import lists
from retention_helpers.shown.units import names_of
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


# --- actions ---------------------------------------------------------------------------------------


def test_only_those_who_decided_and_said_nothing_are_asked_why(business: Business) -> None:
    """Neither who gave a reason nor who fell to the biller."""
    assert monthly_review.unexplained(measures.customers_lost(business))["customer_id"].tolist() == ["silent"]


def test_actions_stand_with_the_largest_mrr_first(business: Business) -> None:
    """Each with its customers, their MRR in exact money, and a week after the cut to do it."""
    todo = monthly_review.actions(
        business,
        [
            monthly_review.recover_payments(measures.past_due(business)),
            monthly_review.ask_why(monthly_review.unexplained(measures.customers_lost(business))),
        ],
    )
    assert tuple(todo.columns) == tuple(names_of(monthly_review.actions))
    assert todo[["id", "customers", "mrr"]].values.tolist() == [
        ["ask_why", 1, Decimal(40)],
        ["recover_payments", 1, Decimal(30)],
    ]
    assert set(todo["due_on"]) == {dt.date(2026, 4, 8)}
    assert todo["list"].tolist() == [
        "actions/ask_why.csv", "actions/recover_payments.csv",
    ]  # fmt: skip


def test_nothing_to_do_is_an_empty_table_with_its_columns(business: Business) -> None:
    """No row for a list of nobody."""
    nobody = measures.past_due(business).head(0)
    todo = monthly_review.actions(
        business, [monthly_review.recover_payments(nobody), monthly_review.ask_why(nobody)]
    )
    assert todo.empty
    assert tuple(todo.columns) == tuple(names_of(monthly_review.actions))


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


def test_became_of_counts_who_of_last_months_lists_is_a_customer_now(
    tmp_path: Path, business: Business
) -> None:
    """At the end of the report month; an action without a list is passed over."""
    actions = [{"id": "ask", "what": "Ask"}, {"id": "gone", "what": "A list that the owner removed"}]
    report(tmp_path, "2026-02", {"actions": actions}, ask=["stays", "late", "silent", "nobody"])
    earlier = monthly_review.earlier_reports(str(tmp_path), business)
    assert monthly_review.became_of(str(tmp_path), earlier, business).values.tolist() == [
        ["ask", "Ask", 4, 2]
    ]


def test_became_of_knows_ids_that_look_like_formulas(tmp_path: Path, business: Business) -> None:
    """What the list wrote so that no spreadsheet runs it is read back as the id it was."""
    report(tmp_path, "2026-02", {"actions": [{"id": "ask", "what": "Ask"}]}, ask=["+49123", "stays"])
    earlier = monthly_review.earlier_reports(str(tmp_path), business)
    assert monthly_review.became_of(str(tmp_path), earlier, business).values.tolist() == [
        ["ask", "Ask", 2, 2]
    ]


def test_became_of_looks_at_last_month_only(tmp_path: Path, business: Business) -> None:
    """An action of January is not followed up in March."""
    report(tmp_path, "2026-01", {"actions": [{"id": "ask", "what": "Ask"}]}, ask=["stays"])
    earlier = monthly_review.earlier_reports(str(tmp_path), business)
    rows = monthly_review.became_of(str(tmp_path), earlier, business)
    assert rows.empty
    assert list(rows.columns) == ["id", "what", "customers", "still_customers"]


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


def test_nobody_knows_who_ended_it_is_not_zero_per_cent(opened: Any) -> None:
    """Without a row of cancellations there is no share by the biller."""
    with opened([("A", "2026-01-10", "2026-03-05", 10), ("B", "2026-01-10", "", 20)]) as business:
        answer = monthly_review.kinds_answer(measures.churn_kinds(business))
    assert answer.number == "–"
    assert "nothing in the data says" in answer.basis

"""Sheets with a row a customer and a column a month, as people keep them."""

import csv
import datetime as dt
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import openpyxl
import pandas as pd
import pytest
from folders import examine, folder_of
from openpyxl.styles import Font, PatternFill

from retention_helpers import early_warning, measurement
from retention_helpers.business import open_business
from retention_helpers.churn_reasons import answers, calls
from retention_helpers.churned_vs_retained import flow, landmark
from retention_helpers.churned_vs_retained.features import comparison
from retention_helpers.churned_vs_retained.said import sentences
from retention_helpers.contract import not_known
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Stopped
from retention_helpers.data_quality import quality
from retention_helpers.early_warning import lifecycle, snapshots
from retention_helpers.gate import gate
from retention_helpers.measurement import activity, measures, survival
from retention_helpers.sources import importing, months
from retention_helpers.win_back_and_loyalty import nps
from retention_helpers.words.errors import InputError

Lines = list[list[object]]


def sheet(path: Path, lines: Lines) -> Path:
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lines)
        return path
    book = openpyxl.Workbook()
    assert book.active is not None
    for row, line in enumerate(lines, start=1):
        for column, cell in enumerate(line, start=1):
            entered = book.active.cell(row, column, cell.number if isinstance(cell, Shown) else cell)
            if isinstance(cell, Shown):
                entered.number_format = cell.number_format
    book.save(path)
    return path


def imported(folder: Path, lines: Lines, name: str = "ours.csv", **said: Any) -> importing.Written:
    settings = Settings(date_order=said.pop("date_order", ""))
    return importing.import_files("months", [sheet(folder / name, lines)], folder / "out", settings, said)


class Shown(NamedTuple):
    """A number in a workbook, with the format in which it is shown."""

    number: float
    number_format: str


def spans(folder: Path) -> list[tuple[str, str, str, str]]:
    with (folder / "out" / "subscriptions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [(row["customer_id"], row["started_at"], row["ended_at"], row["mrr"]) for row in rows]


HEADERS = {
    "English": ["Jan 26", "Feb 26", "Mar 26"],
    "with an apostrophe": ["Jan '26", "Feb '26", "Mar '26"],
    "German": ["Januar 2026", "Februar 2026", "März 2026"],
    "Austrian": ["Jänner 26", "Feber 26", "März 26"],
    "French": ["janv. 2026", "févr. 2026", "mars 2026"],
    "Spanish": ["enero de 2026", "febrero de 2026", "marzo de 2026"],
    "ISO": ["2026-01", "2026-02", "2026-03"],
    "month first": ["01/2026", "02/2026", "03/2026"],
    "short": ["01/26", "02/26", "03/26"],
    "Chinese": ["2026年1月", "2026年2月", "2026年3月"],
    "run together": ["202601", "202602", "202603"],
    "days": ["2026-01-01", "2026-02-01", "2026-03-01"],
    "ends of months": ["31.01.2026", "28.02.2026", "31.03.2026"],
    "days in either order": ["01/01/2026", "01/02/2026", "01/03/2026"],
    "with a word": ["MRR Jan 2026", "MRR Feb 2026", "MRR Mar 2026"],
    "latest first": ["2026-03", "2026-02", "2026-01"],
}


@pytest.mark.parametrize("header", [one for name, one in HEADERS.items() if name != "Austrian"])
def test_months_in_any_writing(tmp_path: Path, header: list[str]) -> None:
    """A customer who paid in January and February alone is lost in March, whatever the months are called."""
    row = ["", 49, 49] if header[0] == "2026-03" else [49, 49, ""]
    imported(tmp_path, [["Customer", *header], ["C-1", *row], ["C-2", 20, 20, 20]])
    assert spans(tmp_path) == [("C-1", "2026-01-01", "2026-03-01", "49"), ("C-2", "2026-01-01", "", "20")]


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        ([["Our customers in 2025"], ["Customer", "Nov", "Dec", "Jan"]], "2025-11-01"),
        ([["", 2025, "", 2026], ["Customer", "Nov", "Dec", "Jan"]], "2025-11-01"),
        ([["Customer", "2025", "", ""], ["", "November", "Dezember", "Januar"]], "2025-11-01"),
        ([["2026"], ["Customer", 1, 2, 3]], "2026-01-01"),
    ],
)
def test_a_year_above_the_names_of_its_months(tmp_path: Path, lines: Lines, first: str) -> None:
    imported(tmp_path, [*lines, ["C-1", 5, 5, 5], ["C-2", "", 7, 7]])
    assert spans(tmp_path)[0] == ("C-1", first, "", "5")


def test_two_sheets_are_two_years(tmp_path: Path) -> None:
    """A tab a year: the same customer in both is one, and a month without a column is none nobody paid."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, names in (("2025", ["Nov", "Dec"]), ("2026", ["Jan", "Feb"])):
        tab = book.create_sheet(title)
        for line in (["Customer", *names], ["C-1", 9, 9], ["C-2", 9, None]):
            tab.append(line)
    book.save(tmp_path / "years.xlsx")
    importing.import_files("months", [tmp_path / "years.xlsx"], tmp_path / "out", Settings())
    assert spans(tmp_path) == [
        ("C-1", "2025-11-01", "", "9"),
        ("C-2", "2025-11-01", "2025-12-01", "9"),
        ("C-2", "2026-01-01", "2026-02-01", "9"),
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["2026-01", "2026-02", "2026-04"], "no column is March 2026"),
        (["2026-01", "2026-02", "2026-02"], "February 2026 stands in 2 columns"),
        (["2026-01", "2026-03", "2026-02"], "out of order, such as February 2026"),
        (["Q1 2026", "Q2 2026", "Q3 2026"], "quarters such as Q1 2026"),
        (["Jan", "Feb", "Mar"], "its months have no year"),
        (["Jan 26 MRR", "Jan 26 seats", "Feb 26 MRR", "Feb 26 seats"], "“mrr” and “seats”"),
        (["one", "two", "three"], "no line heads a column a month"),
    ],
)
def test_months_that_cannot_be_told_stop(tmp_path: Path, header: list[str], said: str) -> None:
    with pytest.raises(Stopped, match=said):
        imported(tmp_path, [["Customer", *header], ["C-1", *[5] * len(header)]])
    assert not (tmp_path / "out").exists()


def test_a_month_that_a_spreadsheet_took_for_a_day_is_asked_about(tmp_path: Path) -> None:
    """Typed as Jan 24, kept as 24 January of the year in which it was typed."""
    header = ["Customer", *[dt.date(2026, month, 24) for month in (1, 2, 3)]]
    lines: Lines = [header, ["C-1", 5, 5, 5]]
    with pytest.raises(Stopped, match=r"may be January 2026 or January 2024.*first_month: 2024-01"):
        imported(tmp_path, lines, "ours.xlsx")
    imported(tmp_path, lines, "ours.xlsx", first_month="2024-01")
    assert spans(tmp_path) == [("C-1", "2024-01-01", "", "5")]


JAN_TO_MARCH = ["Customer", "2026-01", "2026-02", "2026-03"]


def test_crosses_and_plans_ask_what_they_cost(tmp_path: Path) -> None:
    lines: Lines = [
        JAN_TO_MARCH,
        ["C-1", "x", "✓", "-"],
        ["C-2", "", "Pro", "Pro"],
        ["C-3", "no", "yes", "0"],
    ]
    with pytest.raises(Stopped, match=r"prices: \{cross: …, Pro: …\}"):
        imported(tmp_path, lines)
    imported(tmp_path, lines, prices={"cross": 29, "Pro": 49})
    assert spans(tmp_path) == [
        ("C-1", "2026-01-01", "2026-03-01", "29"),
        ("C-2", "2026-02-01", "", "49"),
        ("C-3", "2026-02-01", "2026-03-01", "29"),
    ]
    assert not_known.read(tmp_path / "out")["months"].keys() == {"days", "prices"}


def test_a_column_of_prices_tells_what_a_cross_costs(tmp_path: Path) -> None:
    imported(
        tmp_path, [["Customer", "Price", *JAN_TO_MARCH[1:]], ["C-1", "19,90", 1, 1, ""], ["C-2", 30, 1, 1, 1]]
    )
    assert [span[3] for span in spans(tmp_path)] == ["19.90", "30"]


def test_a_price_of_a_thousand_is_told_from_the_other_prices_or_asked_about(tmp_path: Path) -> None:
    lines = [["Customer", "Price", "Jan 26", "Feb 26"], ["A", "1.200", "x", "x"], ["B", "49,90", "x", ""]]
    imported(tmp_path, lines)
    assert [mrr for *_, mrr in spans(tmp_path)] == ["1200", "49.90"]
    with pytest.raises(Stopped, match="may have thousands or decimals"):
        imported(tmp_path, [*lines[:2], ["B", "49", "x", ""]])


def test_beside_crosses_a_word_need_not_be_a_plan(tmp_path: Path) -> None:
    """A price in the row does not make overdue a plan that was paid; unpaid and left say that nobody paid."""
    lines: Lines = [["Customer", "Price", *JAN_TO_MARCH[1:]], ["C-1", 20, "paid", "unpaid", "paid"]]
    imported(tmp_path, [*lines, ["C-2", 20, "paid", "left", ""]])
    assert [span[1:3] for span in spans(tmp_path)] == [
        ("2026-01-01", "2026-02-01"), ("2026-03-01", ""), ("2026-01-01", "2026-02-01"),
    ]  # fmt: skip
    with pytest.raises(Stopped, match=r"neither a cross nor empty.*cells: \{overdue: none\}"):
        imported(tmp_path, [*lines, ["C-2", 20, "paid", "overdue", "paid"]])


def test_the_day_of_a_payment_is_a_cross(tmp_path: Path) -> None:
    days = [dt.date(2026, 1, 5), "05.02.2026", dt.date(2026, 3, 5)]
    imported(tmp_path, [["Customer", "Price", *JAN_TO_MARCH[1:]], ["C-1", 20, *days]], "ours.xlsx")
    assert spans(tmp_path) == [("C-1", "2026-01-01", "", "20")]


def test_money_that_went_back_is_asked_about(tmp_path: Path) -> None:
    lines: Lines = [JAN_TO_MARCH, ["C-1", 49, -49, 49]]
    with pytest.raises(Stopped, match=r"“-49” \(first: line 2, February 2026\).*cells: \{\"-49\": none\}"):
        imported(tmp_path, lines)
    imported(tmp_path, lines, cells={"-49": "none"})
    assert [span[1:3] for span in spans(tmp_path)] == [("2026-01-01", "2026-02-01"), ("2026-03-01", "")]


def test_totals_of_groups_are_no_customers(tmp_path: Path) -> None:
    """Nor does one make what stands below it, or below totals at the top, a line of figures."""
    groups: Lines = [["A", 20, 20, 20], ["Subtotal Germany", 20, 20, 20], ["New Media", 9, 9, 9]]
    imported(tmp_path, [JAN_TO_MARCH, *groups, ["Sous-total", 9, 9, 9], ["Total", 29, 29, 29]])
    assert {span[0] for span in spans(tmp_path)} == {"A", "New Media"}
    named: Lines = [
        ["A", 20, 20, 20],
        ["B", 9, 9, ""],
        ["Total Germany", 29, 29, 20],
        ["C", 5, 5, 5],
        ["D", 6, 6, 6],
    ]
    imported(tmp_path, [JAN_TO_MARCH, *named, ["Total France", 11, 11, 11], ["Total Fitness", 7, 7, 7]])
    assert {span[0] for span in spans(tmp_path)} == {"A", "B", "C", "D", "Total Fitness"}
    imported(tmp_path, [JAN_TO_MARCH, ["Total", 29, 29, 29], *groups[::2]])
    assert {span[0] for span in spans(tmp_path)} == {"A", "New Media"}


def test_amounts_as_people_write_them(tmp_path: Path) -> None:
    """The sign of the decimals is that of the whole sheet; a currency in a cell is kept."""
    imported(
        tmp_path, [JAN_TO_MARCH, ["C-1", "1.200", "1.200,50 €", "–"], ["C-2", "49,90", "49,90", "49,90"]]
    )
    assert spans(tmp_path)[:2] == [
        ("C-1", "2026-01-01", "2026-02-01", "1200"),
        ("C-1", "2026-02-01", "2026-03-01", "1200.50"),
    ]


EUROS, DOLLARS, GERMAN = "[$€-407] #,##0.00", '"$"#,##0', "[$-407]#,##0.00"
IN_CURRENCIES: dict[str, tuple[Lines, list[tuple[str, str]]]] = {
    "as shown": (
        [JAN_TO_MARCH, ["A", *[Shown(49, EUROS)] * 3], ["B", *[Shown(1, DOLLARS)] * 3], ["C", 9, 9, 9]],
        [("49", "EUR"), ("1", "$"), ("9", "")],
    ),
    "a language is no currency": ([JAN_TO_MARCH, ["A", *[Shown(49, GERMAN)] * 3]], [("49", "")]),
    "a sign that its column tells": (
        [["Customer", "Currency", *JAN_TO_MARCH[1:]], ["A", "CAD", "$49", Shown(49, DOLLARS), 49]],
        [("49", "CAD")],
    ),
    "a price": (
        [["Customer", "Price", *JAN_TO_MARCH[1:]], ["A", Shown(20, EUROS), *"xxx"], ["B", "£30", *"xxx"]],
        [("20", "EUR"), ("30", "GBP")],
    ),
}


@pytest.mark.parametrize(("lines", "paid"), IN_CURRENCIES.values(), ids=IN_CURRENCIES.keys())
def test_a_number_has_the_currency_in_which_it_is_shown(
    tmp_path: Path, lines: Lines, paid: list[tuple[str, str]]
) -> None:
    imported(tmp_path, lines, "ours.xlsx")
    with (tmp_path / "out" / "subscriptions.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["mrr"], row["currency"]) for row in csv.DictReader(file)] == paid


def test_an_amount_in_another_currency_than_its_row_s_is_a_stop(tmp_path: Path) -> None:
    lines: Lines = [["Customer", "Currency", *JAN_TO_MARCH[1:]], ["A", "USD", Shown(49, EUROS), "€49", 49]]
    with pytest.raises(
        Stopped, match=r"2 amounts name another.*49 € where the currency is USD \(first: .*2, J"
    ):
        imported(tmp_path, lines, "ours.xlsx")
    lines = [["Customer", "Currency", "Price", *JAN_TO_MARCH[1:]], ["A", "USD", "€49", *"xxx"]]
    with pytest.raises(Stopped, match=r"1 amount names another.*€49 where.*line 2, Price"):
        imported(tmp_path, lines)


def test_words_between_amounts_are_asked_about(tmp_path: Path) -> None:
    """cancelled says that nobody paid, and paused is a state of ours; free may be either, and is not
    guessed.
    """
    lines: Lines = [
        JAN_TO_MARCH,
        ["C-1", 49, 49, "cancelled"],
        ["C-2", 49, "free", 49],
        ["C-3", 9, "paused", 9],
    ]
    with pytest.raises(Stopped, match=r"“free” \(first: line 3, February 2026\).*cells: \{free: none\}"):
        imported(tmp_path, lines)
    imported(tmp_path, lines, cells={"free": "comped"})
    assert spans(tmp_path)[:4] == [
        ("C-1", "2026-01-01", "2026-03-01", "49"),
        ("C-2", "2026-01-01", "2026-02-01", "49"),
        ("C-2", "2026-02-01", "2026-03-01", ""),
        ("C-2", "2026-03-01", "", "49"),
    ]


def test_titles_totals_and_what_stands_around(tmp_path: Path) -> None:
    """Totals are told by their name or by their numbers, in rows and in columns; three prices are no sum."""
    lines: Lines = [
        ["Harbour Desk"],
        ["Name", "E-Mail", "Branche", *JAN_TO_MARCH[1:], "Summe", "Bemerkung"],
        ["Ada", "a@x.de", "law", 10, 10, "", 20, "left for good"],
        ["Bo", "b@x.de", "art", 20, 20, 20, 60, ""],
        ["Cy", "c@x.de", "law", 30, 30, 20, 80, ""],
        ["", "", "", 60, 60, 40, 160, ""],
        ["Churn", "", "", "", "0 %", "33 %", "", ""],
    ]
    written = imported(tmp_path, lines)
    assert len(spans(tmp_path)) == 4
    assert written.set_aside is not None
    with written.set_aside.open(encoding="utf-8-sig", newline="") as file:
        assert [(row["place"], row["reason"]) for row in csv.DictReader(file)] == [
            ("line 6", "a line of totals"),
            ("line 7", "a line below the totals"),
        ]
    with (tmp_path / "out" / "customers.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    assert people[0].keys() == {"customer_id", "signed_up_at", "Branche", "email", "name"}
    assert people[0]["customer_id"].startswith("c-")  # a code, so that no page shows the address


def test_a_customer_who_stands_twice_pays_both(tmp_path: Path) -> None:
    imported(tmp_path, [JAN_TO_MARCH, ["C-1", 10, 10, 10], ["C-1", "", 5, 5]])
    assert spans(tmp_path) == [("C-1", "2026-01-01", "", "10"), ("C-1", "2026-02-01", "", "5")]
    assert "1 customer stands in several rows" in (tmp_path / "out" / "assumed.yml").read_text().replace(
        "\n    ", " "
    )


def test_payments_for_more_than_a_month_are_asked_about(tmp_path: Path) -> None:
    """One amount of ten months in January would be a loss in February."""
    lines: Lines = [JAN_TO_MARCH, ["C-1", 49, 49, 49], ["C-2", 490, "", ""]]
    with pytest.raises(Stopped, match=r"yearly_from: 490"):
        imported(tmp_path, lines)
    imported(tmp_path, lines, yearly_from=400)
    assert spans(tmp_path)[1] == ("C-2", "2026-01-01", "", "40.833333")
    (tmp_path / "own").mkdir()
    own: Lines = [["Customer", "Interval", *JAN_TO_MARCH[1:]], ["C-1", "quarter", 30, "", ""]]
    imported(tmp_path / "own", own)
    assert spans(tmp_path / "own") == [("C-1", "2026-01-01", "", "10")]
    (tmp_path / "paces").mkdir()
    paces = ["Customer", *[f"2025-{month:02}" for month in range(1, 10)]]
    with pytest.raises(Stopped, match="paid every 3 months"):
        imported(tmp_path / "paces", [paces, ["C-1", *[30, "", ""] * 3], ["C-2", *[9] * 9]])
    twice = [["C-1", *[30, "", ""] * 2], ["C-2", "", *[30, "", ""], 30, ""], ["C-3", *[9] * 6]]
    for name, rows, warnings in (("twice", twice, 1), ("once", twice[1:], 0)):
        (tmp_path / name).mkdir()
        written = imported(tmp_path / name, [paces[:7], *rows])
        said = [fault for fault in written.faults if fault.rule == "paid every few months"]
        assert [fault.level for fault in said] == ["warning"] * warnings


def test_colours_strikes_and_merged_cells(tmp_path: Path) -> None:
    path = sheet(tmp_path / "ours.xlsx", [JAN_TO_MARCH, ["C-1", 49, 49, 49], ["C-2", 49, 49, 49]])
    book = openpyxl.load_workbook(path)
    tab = book.active
    tab["B2"].fill = PatternFill("solid", fgColor="FF0000")
    tab["C3"].font = Font(strike=True)
    book.save(path)
    written = importing.import_files("months", [path], tmp_path / "out", Settings())
    assert [fault.message for fault in written.faults if fault.rule == "marks"] == [
        "ours.xlsx: there are 1 cell of the months in a colour. Colours mean nothing here.",
        "ours.xlsx: there are 1 cell struck through (first: C3). What is struck through counts like any "
        "other cell: empty those in which nobody paid.",
    ]
    tab.merge_cells("B2:D2")
    book.save(path)
    with pytest.raises(Stopped, match=r"merged \(first: B2:D2\)"):
        importing.import_files("months", [path], tmp_path / "out", Settings())


def test_months_that_are_not_filled_in_yet_lose_nobody(tmp_path: Path) -> None:
    """Columns made ahead are empty for everybody; the last one may be filled in for a few only, and is
    said.
    """
    ahead: Lines = [[*JAN_TO_MARCH, "2026-04", "2026-05"], *[[f"C-{n}", 5, 5, 5, "", ""] for n in range(9)]]
    written = imported(tmp_path, ahead)
    assert {span[2] for span in spans(tmp_path)} == {""}
    assert any(fault.rule == "months not read" for fault in written.faults)
    half = [JAN_TO_MARCH, *[[f"C-{n}", 5, 5, 5 if n < 3 else ""] for n in range(9)]]
    (tmp_path / "half").mkdir()
    written = imported(tmp_path / "half", half)
    (said,) = [fault for fault in written.faults if fault.rule == "month half filled"]
    assert said.level == "warning"
    assert "only 3 customers have a filled cell, and 9 have in February 2026" in said.message
    imported(tmp_path / "half", half, until="2026-02")
    assert {span[2] for span in spans(tmp_path / "half")} == {""}


def test_who_a_row_is_must_be_told(tmp_path: Path) -> None:
    lines: Lines = [["", *JAN_TO_MARCH[1:]], ["Ada", 5, 5, 5], ["Bo", 6, 6, ""]]
    imported(tmp_path, lines)
    assert [span[0] for span in spans(tmp_path)] == ["Ada", "Bo"]
    with pytest.raises(Stopped, match="no column says which customer a row is"):
        imported(tmp_path, [JAN_TO_MARCH[1:], [5, 5, 5]])
    with pytest.raises(Stopped, match=r"1 row with filled months names no customer \(first: line 3\)"):
        imported(tmp_path, [JAN_TO_MARCH, ["C-1", 5, 5, 5], ["", 6, "", 6]])
    with pytest.raises(InputError, match="kunde is no column that a sheet of months has"):
        imported(tmp_path, lines, columns={"kunde": "x"})


def test_a_business_of_months_speaks_of_no_days(tmp_path: Path) -> None:
    """Lost in March: of ten in February two. No page says on which day, or after how many."""
    header = ["Customer", *[f"2025-{month:02}" for month in range(9, 13)], "2026-01", "2026-02", "2026-03"]
    rows = [[f"C-{n}", *[9] * (7 if n > 1 else 6)] for n in range(10)]
    sheet(tmp_path / "ours.csv", [header, *rows])
    data = folder_of(
        tmp_path / "data",
        {"customers.csv": None, "subscriptions.csv": None,
         "retention.yml": "{currency: EUR, sources: {months: {path: ../ours.csv}}}",
         "events.csv": "customer_id,occurred_at,event\nC-1,2025-08-31,login\nC-1,2025-09-02,login\n"},
    )  # fmt: skip
    with closing(open_business(data, "2026-03", cache=tmp_path / "cache")) as business:
        moved = measures.customer_movement(business).iloc[-1]
        assert (moved["customers_at_start"], moved["lost"], moved["customers_at_end"]) == (10, 2, 8)
        assert not business.knows("days")
        assert measurement.tenure_of_lost(business).sentence().text.endswith("the data say months alone.")
        assert measurement.days_of_lost(business).value.empty
        left = measures.customers_lost(business)
        assert left["tenure_days"].isna().all() and left["lost_on"].isna().all()
        shown = measurement.customers_lost(business).table().columns
        assert {"Customer", "MRR"} <= set(shown) and not {"Lost on", "Tenure days"} & set(shown)
        assert flow(business, landmark_days=30).figure(landmark_days=30, horizon_days=90) is None
        rules = {(fault.level, fault.rule) for fault in business.faults}
        stages = landmark.flow(business, landmark_days=30)
        compared = comparison(business, landmark_days=30)
        assert sentences.answer(compared, compared.set_apart).text.startswith("The data know the months")
        reached = quality.coverage(business).set_index("table")["last_on"]
        assert reached["subscriptions"] == dt.date(2026, 3, 31)
        assert activity.n_day_by_month(business).empty
        assert isinstance(survival.median_tenure(survival.tenures(business)), survival.OfMonths)
        assert business.lacks == {"days"}
        lost = answers.losses(business)
        assert set(lost["tenure"]) == {"month 4 on"}
        to_call = calls.interviews(lost, answers.period(business, answers.QUARTER), business)
        assert to_call["lost_on"].isna().all() and to_call["tenure_days"].isna().all()
    assert sentences.flow(stages, 30).text.startswith(
        "None of 10 customers is compared: the data know the months"
    )
    assert ("warning", "days not known") in rules
    assert not {rule for level, rule in rules if level == "warning"} & {"ends alone", "data that end early"}
    assert gate.pass_gate(data, tmp_path / "cache").latest_on == "2026-03-31"
    assert [fault for fault in examine(data, tmp_path / "cache") if fault.level == "stop"] == []


def test_what_a_stop_asks_for_is_said_in_the_settings(tmp_path: Path) -> None:
    """The lines that the stops name, as they stand in retention.yml."""
    sheet(tmp_path / "ours.csv", [JAN_TO_MARCH, ["C-1", 49, "free", 49], ["C-2", 490, "", ""]])
    said = "cells: {free: comped}, yearly_from: 400, until: 2026-03, columns: {customer_id: customer}"
    files = {"customers.csv": None, "subscriptions.csv": None}
    settings = f"{{sources: {{months: {{path: ../ours.csv, {said}}}}}}}"
    data = folder_of(tmp_path / "data", {**files, "retention.yml": settings})
    assert [fault.message for fault in examine(data, tmp_path / "cache") if fault.level == "stop"] == []


def test_it_is_recognised() -> None:
    what = "a sheet with a column a month"
    assert months.recognises(["Kunde", "Jan", "Feb", "Mär"]) == what
    assert months.recognises(["Customer", "2026-01", "2026-02", "2026-03", "Total"]) == what
    assert months.recognises(["customer_id", "started_at", "ended_at", "mrr"]) == ""
    assert months.recognises(["C-1", "49", "2026-01-05", "2026-03-01"]) == ""


def test_stages_of_a_business_of_months_are_told_by_months(tmp_path: Path) -> None:
    """At the end of June: A began in January, B in March (the fourth month), C in April, D in June; E was
    there for one month, F for three, G for four. Nobody is known to be in the first week.
    """
    months_ = [f"2026-0{month}" for month in range(1, 7)]
    filled = {"A": (1, 6), "B": (3, 6), "C": (4, 6), "D": (6, 6), "E": (2, 2), "F": (2, 4), "G": (1, 4)}
    rows = [
        [who, *[9 if first <= month <= last else "" for month in range(1, 7)]]
        for who, (first, last) in filled.items()
    ]
    sheet(tmp_path / "ours.csv", [["Customer", *months_], *rows])
    data = folder_of(
        tmp_path / "data",
        {"customers.csv": None, "subscriptions.csv": None,
         "retention.yml": "{currency: EUR, sources: {months: {path: ../ours.csv, gaps: real}}}"},
    )  # fmt: skip
    with closing(open_business(data, "2026-06", cache=tmp_path / "cache")) as business:
        tenure = answers.losses(business).set_index("customer_id")["tenure"]
        assert dict(tenure) == {"E": "month 1", "F": "months 2–3", "G": "month 4 on"}
        rows_now = snapshots.snapshots_now(business)
        nobody = np.zeros(len(rows_now), dtype=bool)
        found = lifecycle.stage_of(rows_now, nobody, knows_days=business.knows("days"))
        told = dict(zip(rows_now["customer_id"], found, strict=True))
        assert told == {"A": "established", "B": "established", "C": "habit", "D": "habit"}
        risk = early_warning.risk_of_leaving(business).value
        of_stages = lifecycle.stages(business, risk).set_index("stage")
        assert list(of_stages.index) == ["at risk or leaving", "habit", "established"]
        assert of_stages.loc["habit", "customers"] == 2
        assert "first week" not in lifecycle.stage_flows(business, risk).set_index("stage_at_start").index
        assert list(lifecycle.stage_churn(business, risk)["stage"]) == ["at risk", "habit", "established"]
        assert early_warning.stages(business, risk).record()["stages"]["first_week"] is None


def test_the_stage_of_an_answer_is_told_by_months_where_no_day_is_known() -> None:
    """On 31 January of who began in January, on 1 February and 31 March of the same, on 1 April."""
    answered = pd.to_datetime(pd.Series(["2026-01-31", "2026-02-01", "2026-03-31", "2026-04-01"]))
    begun = pd.to_datetime(pd.Series(["2026-01-01"] * 4))
    by_months = nps.stages_at(answered, begun, knows_days=False)
    assert list(by_months) == ["month 1", "months 2–3", "months 2–3", "month 4 on"]
    by_days = nps.stages_at(answered, begun, knows_days=True)  # days 30, 31, 89, 90
    assert set(by_days) == {"days 8–90"}

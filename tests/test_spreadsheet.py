"""Sheets as people keep them by hand: titles, totals, commas, serial days, and days that could be two."""

import csv
import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from retention_helpers import importing
from retention_helpers.contract import Stopped
from retention_helpers.errors import InputError
from retention_helpers.settings import Settings


def workbook(path: Path, **sheets: list[list]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


PEOPLE = [["customer_id", "signed_up_at"], ["C-1", dt.date(2026, 1, 5)], ["C-2", dt.date(2026, 1, 6)]]
HEADER = ["customer_id", "started_at", "ended_at", "mrr", "status"]


def test_titles_totals_and_sheets_of_several_kinds(tmp_path: Path) -> None:
    """What stands above and below the rows is no row; it is set aside with its place and the reason."""
    book = workbook(
        tmp_path / "ours.xlsx",
        People=[["Our customers, October"], [], ["Customer ID", "Signed-up at", "Industry"],
                ["C-1", dt.datetime(2026, 1, 5), "law"], ["C-2", 46027, None], ["Total", None, 2]],
        Spans=[HEADER, ["C-1", "2026-01-05", None, "49,90", "active"], HEADER,
               ["C-2", 46027.5, None, 1049.9, "active"], [None] * 5, ["exported on Monday"]],
        Ideas=[["a pony"], ["another pony"]],
    )  # fmt: skip
    written = importing.import_files("spreadsheet", [book], tmp_path / "data", Settings())
    assert written.rows == {"customers.csv": 2, "subscriptions.csv": 2}
    assert rows_of(tmp_path / "data" / "customers.csv") == [
        {"customer_id": "C-1", "signed_up_at": "2026-01-05", "Industry": "law"},
        {"customer_id": "C-2", "signed_up_at": "2026-01-05", "Industry": ""},
    ]
    spans = rows_of(tmp_path / "data" / "subscriptions.csv")
    assert [(row["started_at"], row["mrr"]) for row in spans] == [
        ("2026-01-05", "49.90"),
        ("2026-01-05T12:00:00", "1049.9"),
    ]
    assert written.set_aside is not None
    assert [(row["place"], row["reason"]) for row in rows_of(written.set_aside)] == [
        ("sheet People, row 6", "a line of totals"),
        ("sheet Spans, row 3", "the header again"),
        ("sheet Spans, row 6", "a remark and no row"),
    ]
    assert [fault.message for fault in written.faults] == [
        "ours.xlsx: sheet Ideas holds no table and was not read. Is that meant?"
    ]


def test_days_that_could_be_two_are_asked_about_and_never_guessed(tmp_path: Path) -> None:
    spans = [HEADER, ["C-1", "05.03.2026", None, 49, "active"], ["C-2", "13.03.2026", None, 49, "active"]]
    book = workbook(tmp_path / "ours.xlsx", customers=PEOPLE, subscriptions=spans)
    with pytest.raises(Stopped, match=r"05\.03\.2026.*date_order.*13\.03\.2026 can only be day first"):
        importing.import_files("spreadsheet", [book], tmp_path / "data", Settings())
    assert not (tmp_path / "data").exists()
    importing.import_files("spreadsheet", [book], tmp_path / "data", Settings(date_order="day first"))
    assert [row["started_at"] for row in rows_of(tmp_path / "data" / "subscriptions.csv")] == [
        "2026-03-05",
        "2026-03-13",
    ]


def test_the_template_of_baremetrics(tmp_path: Path) -> None:
    """Minor units, quantities and intervals become a month's amount; its example and guide lines are no rows.

    49.00 × 2; 190.00 a year / 12; 1,900 yen a quarter / 3: the yen has no smaller unit (ISO 4217).
    """
    sheet = tmp_path / "manual.csv"
    sheet.write_text(
        ",plan_oid,plan_name,plan_currency ,plan_amount,plan_interval,plan_interval_count,customer_oid,"
        "customer_name,customer_email,subscription_oid,subscription_started_at,subscription_canceled_at,"
        "subscription_quantity\n"
        "Example with Correct Formatting,p,SEO,USD,5000,month,1,x,A,a@x.example,s0,2020-03-31,2020-05-04,1\n"
        ",p1,Pro,USD,4900,month,1,c1,Jane,j@example.com,s1,2025-03-31,,2\n"
        ",p2,Year,USD,19000,year,1,c2,Joe,k@example.com,s2,2025-03-31,2026-01-02,\n"
        ",p3,Yen,JPY,1900,month,3,c2,Joe,k@example.com,s3,2025-02-28,2026-01-02,\n"
    )
    written = importing.import_files("spreadsheet", [sheet], tmp_path / "data", Settings())
    assert [row["mrr"] for row in rows_of(tmp_path / "data" / "subscriptions.csv")] == [
        "98",
        "15.833333",
        "633.333333",
    ]
    assert [row["signed_up_at"] for row in rows_of(tmp_path / "data" / "customers.csv")] == [
        "2025-03-31",
        "2025-02-28",
    ]
    assert written.rows_set_aside == 1


def test_an_import_replaces_only_what_an_import_wrote(tmp_path: Path) -> None:
    book = workbook(tmp_path / "ours.xlsx", customers=PEOPLE)
    for _ in range(2):
        importing.import_files("spreadsheet", [book], tmp_path / "data", Settings())
    with (tmp_path / "data" / "customers.csv").open("a") as file:
        file.write("C-3,2026-01-07\n")
    with pytest.raises(InputError, match="changed since"):
        importing.import_files("spreadsheet", [book], tmp_path / "data", Settings())

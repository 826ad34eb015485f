"""Sheets as people keep them by hand: titles, totals, commas, serial days, and days that could be two."""

import csv
import datetime as dt
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from folders import examine

from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import TABLES, Stopped
from retention_helpers.sources import importing, spreadsheet
from retention_helpers.sources.interface import Order
from retention_helpers.sources.spreadsheet.grids import grids
from retention_helpers.sources.spreadsheet.sheets import EXAMPLE
from retention_helpers.sources.spreadsheet.template import write_template
from retention_helpers.sources.unreadable import Unreadable
from retention_helpers.words.errors import InputError


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


def read_into(folder: Path, *files: Path, **settings: str) -> importing.Written:
    return importing.import_files("spreadsheet", list(files), folder, Settings(**settings))


SHEETS = {
    "semicolons, decimal commas and a byte-order mark": (
        "\ufeffcustomer_id;started_at;ended_at;mrr;status\nC-1;2026-01-05;;1.049,90;active\n".encode(),
        ("2026-01-05", "1049.90"),
    ),
    "tabs": (b"customer_id\tstarted_at\tended_at\tmrr\nC-1\t2026-01-05\t\t49.90\n", ("2026-01-05", "49.90")),
    "letters of Windows": (
        "customer_id,started_at,ended_at,mrr,plan\nC-1,5 March 2026,,€49.90,für zwei\n".encode("cp1252"),
        ("2026-03-05", "49.90"),
    ),
    "UTF-16 with titles": (
        "Umsätze 2026\n\ncustomer_id,started_at,ended_at,mrr\nC-1,2026-01-05 10:30,,49\n".encode("utf-16"),
        ("2026-01-05T10:30:00", "49"),
    ),
    "old Mac line ends": (b"customer_id,started_at,ended_at,mrr\rC-1,2026/1/5,,49\r", ("2026-01-05", "49")),
}


@pytest.mark.parametrize(("content", "first"), SHEETS.values(), ids=SHEETS.keys())
def test_csv_in_every_form(tmp_path: Path, content: bytes, first: tuple[str, str]) -> None:
    (tmp_path / "spans.csv").write_bytes(content)
    written = read_into(tmp_path / "data", tmp_path / "spans.csv")
    row = rows_of(tmp_path / "data" / "subscriptions.csv")[0]
    assert (row["started_at"], row["mrr"]) == first
    is_assumed = b"f\xfcr" in content
    assert [fault.rule for fault in written.faults] == (["letters assumed"] if is_assumed else [])


def test_amounts_that_could_be_two_are_asked_about(tmp_path: Path) -> None:
    """1.200 alone may be a thousand or one and a fifth; beside 49,90 it can only be a thousand."""
    spans = "customer_id;started_at;ended_at;mrr\nC-1;2026-01-05;;49\nC-2;2026-01-05;;1.200\n"
    (tmp_path / "spans.csv").write_text(spans)
    with pytest.raises(Stopped) as stopped:
        read_into(tmp_path / "data", tmp_path / "spans.csv")
    assert str(stopped.value) == (
        "spans.csv: mrr holds amounts such as 1.200, which may have thousands or decimals in 1 of 2 rows "
        "(first: line 3). Say `decimal_sign: point` or `decimal_sign: comma` in retention.yml."
    )
    for nth, (other, sign, amount) in enumerate((
        ("", "comma", "1200"),
        ("", "point", "1.2000"),  # a third zero more, so that the next reader has nothing to ask
        ("C-3;2026-01-05;;49,90\n", "", "1200"),
        ("C-3;2026-01-05;;49.90\n", "", "1.2000"),
    )):  # fmt: skip
        (tmp_path / "spans.csv").write_text(spans + other)
        read_into(tmp_path / f"data{nth}", tmp_path / "spans.csv", **({"decimal_sign": sign} if sign else {}))
        assert rows_of(tmp_path / f"data{nth}" / "subscriptions.csv")[1]["mrr"] == amount


def test_a_sheet_whose_amounts_name_their_currency(tmp_path: Path) -> None:
    amounts = ["1.099,00 €/Jahr", "€ 49"]
    lines = [HEADER, *([f"C-{n}", "2026-01-05", None, amount, "active"] for n, amount in enumerate(amounts))]
    read_into(tmp_path / "data", workbook(tmp_path / "ours.xlsx", S=lines))
    read = [
        (row["mrr"], row["currency"], row["interval"]) for row in rows_of(tmp_path / "data/subscriptions.csv")
    ]
    assert read == [("91.583333", "EUR", "year"), ("49", "EUR", "")]


def test_a_currency_beside_another_stops(tmp_path: Path) -> None:
    lines = [[*HEADER, "currency"], ["C-1", "2026-01-05", None, "€49", "active", "USD"]]
    with pytest.raises(
        Stopped, match="mrr names another currency or interval than its row does, such as €49"
    ):
        read_into(tmp_path / "data", workbook(tmp_path / "ours.xlsx", S=lines))


def test_customers_whose_names_begin_like_totals_are_no_totals(tmp_path: Path) -> None:
    """A line of totals says nothing else, or its numbers add up; a name alone decides nothing."""
    people = [["customer_id", "signed_up_at"]] + [
        [name, "2026-01-05"] for name in ("Sumo Sushi", "Total", "C-3")
    ]
    spans = [HEADER, ["Sumo Sushi", "2026-01-05", "2026-05-05", 49, "active"],
             ["Sumo Sushi", "2026-05-05", None, None, "paused"],
             ["Total", "2026-01-05", None, 49, "active"], ["Example Ltd", "2026-01-05", None, 20, "active"],
             ["Total Fitness", None, None, 49, "active"],
             ["Summe Abos", None, None, 167, None], [None, None, None, 167, None],
             ["Total:", None, None, 150, None]]  # fmt: skip
    book = workbook(tmp_path / "ours.xlsx", People=people, Spans=spans)
    written = read_into(tmp_path / "data", book)
    assert [row["customer_id"] for row in rows_of(tmp_path / "data" / "subscriptions.csv")] == [
        "Sumo Sushi", "Sumo Sushi", "Total", "Example Ltd", "Total Fitness",
    ]  # fmt: skip
    assert written.set_aside is not None
    assert [(row["place"], row["reason"]) for row in rows_of(written.set_aside)] == [
        (f"sheet Spans, row {row}", "a line of totals") for row in (7, 8, 9)
    ]


def test_days_that_a_spreadsheet_took_for_months(tmp_path: Path) -> None:
    """13 to 31 stayed texts, 1 to 12 became real dates with day and month exchanged: an accident of Excel."""
    starts = [dt.date(2026, n, 3) for n in range(1, 10)] + [f"{day}/03/2026" for day in range(13, 18)]
    spans = [HEADER, *([f"C-{n}", start, None, 49, "active"] for n, start in enumerate(starts))]
    book = workbook(tmp_path / "ours.xlsx", customers=PEOPLE, subscriptions=spans)
    with pytest.raises(Stopped, match="the spreadsheet took days for months"):
        read_into(tmp_path / "data", book, date_order="day first")


def test_names_and_words_of_the_owner(tmp_path: Path) -> None:
    """`columns:` and `values:` of retention.yml, below a title."""
    book = workbook(
        tmp_path / "abos.xlsx",
        Abos=[["Abos"], ["Kunde", "von", "bis", "Preis", "Zustand", "Notiz"],
              ["C-1", dt.date(2026, 1, 5), None, "49,90", "läuft", "nett"]],
    )  # fmt: skip
    columns = {
        "customer_id": "kunde",
        "started_at": "von",
        "ended_at": "bis",
        "mrr": "Preis",
        "status": "Zustand",
    }
    options = {"columns": columns, "values": {"status": {"Läuft": "active"}}}
    (tmp_path / "into").mkdir()
    found = spreadsheet.read(Order([book], tmp_path / "into", Settings(), options))
    assert pq.read_table(found.tables["subscriptions"]).to_pylist() == [
        {"customer_id": "C-1", "started_at": "2026-01-05", "ended_at": None, "mrr": "49.90",
         "status": "active", "source_place": "sheet Abos, row 3"}
    ]  # fmt: skip
    assert [fault.message for fault in found.faults] == [
        "abos.xlsx: sheet Abos: no column of ours is called Notiz, and what stands there was not read. Is "
        "that meant?"
    ]


STOPS: dict[str, tuple[list[list], str]] = {
    "a column missing": (
        [["customer_id", "started_at", "mrr"], ["C-1", "2026-01-05", 49]],
        "sheet S looks like subscriptions, and lacks ended_at. Add it, or map your names to ours",
    ),
    "something else": ([["a", "b"], [1, 2]], "no line is the header of a table; the first one holds a, b. "),
    "a column twice": ([[*HEADER, "mrr"]], "the column mrr stands twice. Keep one of the two."),
    "a formula without its value": (
        [HEADER, ["C-1", "=A1+1", None, 49, "active"]],
        "row 2 of sheet S holds a formula without its value. Open it in Excel or LibreOffice and save it "
        "there.",
    ),
    "nothing": ([], "no line is the header of a table"),
}


@pytest.mark.parametrize(("lines", "said"), STOPS.values(), ids=STOPS.keys())
def test_sheets_that_are_no_table(tmp_path: Path, lines: list[list], said: str) -> None:
    with pytest.raises(Stopped) as stopped:
        read_into(tmp_path / "data", workbook(tmp_path / "ours.xlsx", S=lines))
    assert str(stopped.value).startswith(f"ours.xlsx: {said}")


@pytest.mark.parametrize("name", ["old.xls", "book.ods", "torn.xlsx", "empty.csv", "binary.csv"])
def test_files_that_are_no_sheets(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes({"empty.csv": b"", "binary.csv": b"a\0b,c\n"}.get(name, b"PK\x03\x04 torn"))
    with pytest.raises(Stopped, match=name):
        read_into(tmp_path / "data", tmp_path / name)


# --- the template ----------------------------------------------------------------------------------


def test_the_template_holds_every_table_and_its_drop_downs(tmp_path: Path) -> None:
    """A sheet a table with the contract's columns, one filled example row, and the words that will do."""
    write_template(tmp_path / "ours.xlsx")
    book = openpyxl.load_workbook(tmp_path / "ours.xlsx")
    assert book.sheetnames[1:3] == ["customers", "subscriptions"] and set(book.sheetnames[1:]) == set(TABLES)
    for name, table in TABLES.items():
        sheet = book[name]
        header, example = ([cell.value for cell in row] for row in sheet.iter_rows(max_row=2))
        assert header[: len(table.columns)] == [column.name for column in table.columns]
        assert all(
            example[header.index(column.name)] is not None for column in table.columns if column.filled
        )
        words = {str(one.formula1) for one in sheet.data_validations.dataValidation if one.type == "list"}
        assert {f'"{",".join(column.choices)}"' for column in table.columns if column.choices} <= words
        assert all(len(formula) <= 257 for formula in words)  # Excel takes no longer list


def test_the_examples_of_the_template_are_good_rows(tmp_path: Path) -> None:
    """With other ids, what the template shows passes the gate: nobody is taught a mistake."""
    write_template(tmp_path / "ours.xlsx")
    book = openpyxl.load_workbook(tmp_path / "ours.xlsx")
    for sheet in book.worksheets:
        for row in sheet.iter_rows(min_row=2):
            for cell in row:
                if isinstance(cell.value, str) and sheet.title in TABLES:
                    cell.value = cell.value.replace(EXAMPLE, "call")
    book.save(tmp_path / "filled.xlsx")
    read_into(tmp_path / "data", tmp_path / "filled.xlsx")
    faults = examine(tmp_path / "data", tmp_path / ".kept")
    assert [fault.message for fault in faults if fault.level == "stop"] == []
    assert {path.stem for path in (tmp_path / "data").glob("*.csv")} == set(TABLES)


def test_an_example_that_was_left_in_is_never_a_customer(tmp_path: Path) -> None:
    write_template(tmp_path / "ours.xlsx")
    book = openpyxl.load_workbook(tmp_path / "ours.xlsx")
    book["customers"].append(["C-1", "2026-01-05"])
    book["subscriptions"].append(["C-1", dt.date(2026, 1, 5), None, 49, "team", "active"])
    book.save(tmp_path / "filled.xlsx")
    written = read_into(tmp_path / "data", tmp_path / "filled.xlsx")
    assert written.rows == {"customers.csv": 1, "subscriptions.csv": 1}
    assert written.rows_set_aside == len(TABLES)
    said = [fault.rule for fault in examine(tmp_path / "data", tmp_path / ".kept")]
    assert said == ["business without a name"]


def test_a_template_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "ours.xlsx").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        write_template(tmp_path / "ours.xlsx")
    with pytest.raises(InputError, match=r"should end in \.xlsx"):
        write_template(tmp_path / "ours.csv")


def test_a_sheet_that_breaks_off_within_its_last_line_is_refused(tmp_path: Path) -> None:
    """People leave cells out at a line's end; the last of even lines, without its end, is torn."""
    even = "Customer,2026-01,2026-02\nA,49,49\nB,49,49\n"
    for text, is_torn in (
        (even + "C,49", True),
        (even + "C,49\n", False),
        (even + "C,49,49", False),
        (even.replace("A,49,49", "A,49") + "C,49", False),
    ):
        (tmp_path / "ours.csv").write_text(text)
        if is_torn:
            with pytest.raises(Unreadable, match="line 4, the last one, breaks off after 2 cells of 3"):
                grids(tmp_path / "ours.csv")
        else:
            assert len(grids(tmp_path / "ours.csv")[0][0].lines) == 4

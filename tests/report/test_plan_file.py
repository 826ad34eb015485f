"""The running plan: what its owner wrote into it is never overwritten or dropped."""

import csv
import datetime as dt
import json
import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from filelock import FileLock

from retention_helpers.business.identity import Identity
from retention_helpers.gate import running_plan
from retention_helpers.gate.lots import CALLED, NO_CALL, Lots
from retention_helpers.gate.running_plan import CSV, FILES, HEADINGS, LOCK, WRITTEN, XLSX, Row
from retention_helpers.report import plan_file
from retention_helpers.words.errors import InputError

OURS, SAMPLE = Identity("Harbour Desk", "data"), Identity("Sample", "sample")
KEYS = list(HEADINGS)


def planned(month: str, *rows: tuple[str, str]) -> list[Row]:
    """Rows of a month's plan, from customer and day, on the same action."""
    return [
        Row(month, "at_risk", {
            "customer_id": who, "action": "Call: at risk of leaving", "due_on": day, "mrr": "15.833333",
            "currency": "EUR", "why": "no login", "message": f"Hello {who},\nmay I ask?",
            "leaves_on": "2026-12-01",
        })
        for who, day in rows
    ]  # fmt: skip


OCTOBER = planned("2026-10", ("A", "2026-11-02"), ("B", "2026-11-02"), ("C", "2026-11-03"))
NOVEMBER = planned("2026-11", ("A", "2026-12-01"), ("D", "2026-12-01"))


def renew(out: Path, month: str, rows: Sequence[Row]) -> None:
    plan_file.renew(out, OURS, "", month, rows)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The reports' folder after the report of October."""
    renew(tmp_path, "2026-10", OCTOBER)
    return tmp_path


def in_xlsx(out: Path, change: Callable[[Any], object]) -> None:
    """Change the workbook's sheet as somebody in front of it would."""
    book = openpyxl.load_workbook(out / XLSX)
    change(book["plan"])
    book.save(out / XLSX)


def in_csv(
    out: Path, change: Callable[[list[list[str]]], object], encoding: str = "utf-8-sig", sign: str = ","
) -> None:
    with (out / CSV).open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    change(lines)
    with (out / CSV).open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=sign).writerows(lines)


def fill(who: str, **cells: object) -> Callable[[Any], None]:
    """Fill cells of a customer's first row in the workbook."""

    def change(sheet: Any) -> None:
        row = next(row for row in range(2, sheet.max_row + 1) if sheet.cell(row, 1).value == who)
        for name, value in cells.items():
            sheet.cell(row, KEYS.index(name) + 1).value = value

    return change


def fill_csv(who: str, **cells: str) -> Callable[[list[list[str]]], None]:
    def change(lines: list[list[str]]) -> None:
        line = next(line for line in lines if line[0] == who)
        for name, value in cells.items():
            line[KEYS.index(name)] = value

    return change


def filled(out: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """What stands in the last three columns, by customer and month, in both files alike."""
    rows = running_plan.read(out).rows
    xlsx, csv_rows = _cells_of_both(out)
    assert xlsx == csv_rows, "both files hold the same"
    return {
        row.key: tuple(row.cells.get(name, "") for name in running_plan.FILLED)
        for row in rows
        if row.is_filled
    }


def _cells_of_both(out: Path) -> tuple[list[list[str]], list[list[str]]]:
    _, xlsx = running_plan._cells_of(out / XLSX, "")
    _, text = running_plan._cells_of(out / CSV, "")
    wanted = ("customer_id", "due_on", *running_plan.FILLED)
    return tuple([[row.get(name, "") for name in wanted] for row in rows] for rows in (xlsx, text))  # type: ignore[return-value]


# --- how it looks ----------------------------------------------------------------------------------


def test_the_workbook_is_ready_to_work_with(out: Path) -> None:
    """Headed in words, header in view, a filter, days as days and amounts as amounts."""
    sheet = openpyxl.load_workbook(out / XLSX)["plan"]
    assert [cell.value for cell in sheet[1]] == list(HEADINGS.values())
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:N4")
    row = dict(zip(KEYS, sheet[2], strict=True))
    assert row["due_on"].value == dt.datetime(2026, 11, 2) and row["due_on"].is_date
    assert row["mrr"].value == pytest.approx(15.833333) and row["mrr"].number_format == "#,##0.00"
    assert row["leaves_on"].is_date and row["done_on"].value is None
    assert row["message"].value == "Hello A,\nmay I ask?"
    assert all(sheet.column_dimensions[letter].width > 8 for letter in "ABCDEFGHIJKLMN")


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """Neither an id, nor a message, nor what the owner wrote; and each is read back as it was."""
    risky = "=HYPERLINK(1)"
    rows = [Row("2026-10", "keep", {"customer_id": "+49123", "due_on": "2026-11-02", "message": risky})]
    renew(tmp_path, "2026-10", rows)
    in_xlsx(tmp_path, fill("+49123", outcome="'-said no"))
    renew(tmp_path, "2026-10", rows)
    sheet = openpyxl.load_workbook(tmp_path / XLSX)["plan"]
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    assert '"\'+49123"' in (tmp_path / CSV).read_text(encoding="utf-8-sig")
    (row,) = running_plan.read(tmp_path).rows
    assert (row.customer, row.cells["message"]) == ("+49123", risky)


def test_the_same_plan_makes_the_same_files(out: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    renew(other, "2026-10", OCTOBER)
    assert all((out / name).read_bytes() == (other / name).read_bytes() for name in (*FILES, WRITTEN))


# --- three months ----------------------------------------------------------------------------------


def test_what_was_filled_stays_over_three_months(out: Path) -> None:
    """
    October: A done, in the workbook; B done, in the CSV.  October again: both stay, C is planned anew.
    November: a new row for A beside the old one.          December: all that was filled still stands.
    """
    in_xlsx(out, fill("A", done_on=dt.datetime(2026, 11, 4), outcome="talked"))
    in_csv(out, fill_csv("B", done_on="2026-11-05", done_by="Ada"))
    october = {("A", "2026-10"): ("2026-11-04", "", "talked"), ("B", "2026-10"): ("2026-11-05", "Ada", "")}
    renew(out, "2026-10", planned("2026-10", ("A", "2026-11-10"), ("E", "2026-11-10")))
    assert filled(out) == october
    assert {row.customer for row in running_plan.read(out).rows} == {"A", "B", "E"}, (
        "C is not proposed any more"
    )
    renew(out, "2026-11", NOVEMBER)
    assert filled(out) == october
    assert [row.key for row in running_plan.read(out).rows][:2] == [("A", "2026-11"), ("D", "2026-11")]
    in_xlsx(out, fill("D", done_on=dt.datetime(2026, 12, 2)))
    renew(out, "2026-12", planned("2026-12", ("B", "2027-01-04")))
    assert filled(out) == {**october, ("D", "2026-11"): ("2026-12-02", "", "")}
    assert ("E", "2026-10") in {row.key for row in running_plan.read(out).rows}, (
        "what was not done stays to be seen"
    )


def test_a_newer_plan_takes_the_place_of_what_is_open(out: Path) -> None:
    """
    October: A done, B put off to 9 December, C open; a list of 20 November has L, and one of 1 December, made
    before November's report, C of October's plan. November plans C again, and D: C's row of October stays.
    """
    in_xlsx(out, fill("A", done_on=dt.datetime(2026, 11, 4)))
    in_csv(out, fill_csv("B", due_on="2026-12-09"))
    renew(out, "2026-11-20", planned("2026-11-20", ("L", "2026-11-20")))
    record = out / "today" / "2026-12-01" / ".list.json"
    record.parent.mkdir(parents=True)
    record.write_text(
        json.dumps({"business": OURS.mark, "rows": [["C", "at_risk"]], "went_by": "2026-10"}),
        encoding="utf-8",
    )
    renew(out, "2026-11", planned("2026-11", ("C", "2026-12-02"), ("D", "2026-12-02")))
    since = {row.key: row.cells.get("since_then", "") for row in running_plan.read(out).rows}
    words = "over: a newer plan takes its place (report of November 2026)"
    assert since == {
        ("A", "2026-10"): "", ("B", "2026-10"): "", ("C", "2026-10"): "", ("L", "2026-11-20"): words,
        ("D", "2026-11"): "",
    }  # fmt: skip
    in_xlsx(out, fill("L", since_then="mine"))  # no owner's to change, and nothing to lose
    renew(out, "2026-12", planned("2026-12", ("E", "2027-01-04")))
    since = {row.key: row.cells.get("since_then", "") for row in running_plan.read(out).rows}
    assert since["L", "2026-11-20"] == words and not running_plan.read(out).rows[-1].is_filled
    assert since["C", "2026-10"] == since["D", "2026-11"] == words.replace("November", "December")


def test_a_customer_stands_in_a_month_once(out: Path) -> None:
    """Whoever was done, and is proposed again for something else in the same month, keeps the one row."""
    in_xlsx(out, fill("A", done_on=dt.datetime(2026, 11, 4)))
    renew(out, "2026-10", [Row("2026-10", "keep", {"customer_id": "A", "due_on": "2026-11-09"})])
    assert [(row.customer, row.kind) for row in running_plan.read(out).rows] == [("A", "at_risk")]


def test_a_correction_counts_in_either_file(out: Path) -> None:
    """What the report took over into both files is corrected in one of them."""
    in_xlsx(out, fill("A", outcome="no answer"))
    renew(out, "2026-10", OCTOBER)
    in_csv(out, fill_csv("A", outcome="talked"))
    renew(out, "2026-10", OCTOBER)
    assert filled(out) == {("A", "2026-10"): ("", "", "talked")}


def test_an_entry_is_gone_only_where_it_is_gone_from_both(out: Path) -> None:
    in_xlsx(out, fill("A", outcome="no answer"))
    renew(out, "2026-10", OCTOBER)
    in_xlsx(out, fill("A", outcome=None))
    renew(out, "2026-10", OCTOBER)
    assert filled(out) == {("A", "2026-10"): ("", "", "no answer")}
    in_xlsx(out, fill("A", outcome=None))
    in_csv(out, fill_csv("A", outcome=""))
    renew(out, "2026-10", OCTOBER)
    assert filled(out) == {}


# --- what people do to a file ----------------------------------------------------------------------


def test_two_files_that_contradict_each_other_stop(out: Path) -> None:
    """And nothing is written: the owner says which one holds."""
    in_xlsx(out, fill("A", done_on=dt.datetime(2026, 11, 4)))
    in_csv(out, fill_csv("A", done_on="2026-11-05"))
    before = {name: (out / name).read_bytes() for name in FILES}
    with pytest.raises(InputError, match=r"1 cell .*customer A, Done on: 2026-11-04 and 2026-11-05"):
        renew(out, "2026-10", OCTOBER)
    assert before == {name: (out / name).read_bytes() for name in FILES}
    (out / CSV).unlink()
    renew(out, "2026-10", OCTOBER)
    assert filled(out) == {("A", "2026-10"): ("2026-11-04", "", "")}


def test_sorted_rows_and_moved_columns_are_understood(out: Path) -> None:
    def change(lines: list[list[str]]) -> None:
        fill_csv("B", done_by="Ada")(lines)
        lines[1:] = sorted(lines[1:], reverse=True)
        lines[:] = [line[::-1] for line in lines]

    in_csv(out, change)
    renew(out, "2026-10", OCTOBER)
    assert filled(out) == {("B", "2026-10"): ("", "Ada", "")}
    assert len(running_plan.read(out).rows) == 3


def test_a_csv_that_a_german_spreadsheet_saved_is_understood(out: Path) -> None:
    """Semicolons, letters of Windows, days with points, commas of decimals, and no zeros before an id."""
    renew(out, "2026-10", [*OCTOBER, *planned("2026-10", ("007", "2026-11-16"))])

    def change(lines: list[list[str]]) -> None:
        for line in lines[1:]:
            line[0] = line[0].lstrip("0")
            line[2] = dt.date.fromisoformat(line[2]).strftime("%d.%m.%Y")
            line[3] = line[3].replace(".", ",")
        fill_csv("7", done_on="17.11.2026", outcome="für später")(lines)

    in_csv(out, change, encoding="cp1252", sign=";")
    renew(out, "2026-11", NOVEMBER)
    assert filled(out) == {("007", "2026-10"): ("2026-11-17", "", "für später")}
    rows = running_plan.read(out).rows
    assert len(rows) == 6 and {row.cells["mrr"] for row in rows} == {"15.833333"}
    assert {row.cells["due_on"] for row in rows if row.customer == "A"} == {"2026-11-02", "2026-12-01"}


def test_a_renamed_heading_is_understood_and_a_missing_column_stops(out: Path) -> None:
    def rename(sheet: Any) -> None:
        sheet["K1"].value = "Erledigt am"
        fill("A", done_on=dt.datetime(2026, 11, 4))(sheet)

    in_xlsx(out, rename)
    renew(out, "2026-10", OCTOBER)
    assert filled(out) == {("A", "2026-10"): ("2026-11-04", "", "")}
    in_xlsx(out, lambda sheet: sheet.delete_cols(11))
    with pytest.raises(InputError, match=r"plan.xlsx: the column “Done on” is missing"):
        renew(out, "2026-10", OCTOBER)


def test_a_row_that_was_taken_out_stays_out_of_its_month(out: Path) -> None:
    """Neither another run of the month brings it back nor the other file; the next month may."""
    in_xlsx(out, lambda sheet: sheet.delete_rows(2))
    renew(out, "2026-10", OCTOBER)
    renew(out, "2026-10", OCTOBER)
    assert [row.customer for row in running_plan.read(out).rows] == ["B", "C"]
    renew(out, "2026-11", NOVEMBER)
    assert ("A", "2026-11") in {row.key for row in running_plan.read(out).rows}


def test_a_filled_row_that_is_missing_from_one_file_stays(out: Path) -> None:
    in_xlsx(out, fill("A", outcome="talked"))
    renew(out, "2026-10", OCTOBER)
    in_xlsx(out, lambda sheet: sheet.delete_rows(2))
    renew(out, "2026-10", OCTOBER)
    assert filled(out) == {("A", "2026-10"): ("", "", "talked")}


def test_an_older_file_that_is_saved_again_takes_nothing_away(out: Path) -> None:
    """The workbook was open while November's report was made, and was saved over it afterwards."""
    in_csv(out, fill_csv("B", outcome="talked"))
    old = (out / XLSX).read_bytes()
    renew(out, "2026-11", NOVEMBER)
    (out / XLSX).write_bytes(old)
    in_xlsx(out, fill("A", outcome="no answer"))
    renew(out, "2026-11", NOVEMBER)
    assert filled(out) == {("A", "2026-10"): ("", "", "no answer"), ("B", "2026-10"): ("", "", "talked")}
    assert len(running_plan.read(out).rows) == 5


def test_rows_and_columns_of_the_owners_own_stay(out: Path) -> None:
    """Also where nobody filled them in, and in both files from then on."""

    def add(sheet: Any) -> None:
        sheet["O1"].value = "Remarks"
        sheet["O2"].value = "met at the fair"
        sheet.append(["Z", "coffee", None, None, None, "old friend"])

    in_xlsx(out, add)
    renew(out, "2026-10", OCTOBER)
    renew(out, "2026-11", NOVEMBER)
    with (out / CSV).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Customer"] for row in rows if row["What to do"] == "coffee"] == ["Z"]
    assert {row["Remarks"] for row in rows} == {"", "met at the fair"}


def test_sheets_of_the_owners_own_stay(out: Path) -> None:
    """Over two reports, with their formulas; the plan stays where it stood."""
    book = openpyxl.load_workbook(out / XLSX)
    fill("A", outcome="stays")(book["plan"])
    book.create_sheet("notes", 0)["B2"] = "ask for March"
    book["notes"]["B3"] = "=COUNTA(plan!A:A)"
    book.save(out / XLSX)
    renew(out, "2026-11", NOVEMBER)
    renew(out, "2026-11", NOVEMBER)
    book = openpyxl.load_workbook(out / XLSX)
    assert book.sheetnames == ["notes", "plan"] and book.active.title == "plan"
    assert [book["notes"][cell].value for cell in ("B2", "B3")] == ["ask for March", "=COUNTA(plan!A:A)"]
    assert book["plan"].freeze_panes == "A2" and book["plan"].max_row == 6
    assert filled(out) == {("A", "2026-10"): ("", "", "stays")}


def test_a_day_that_was_put_off_is_kept_where_the_row_is(out: Path) -> None:
    """Filled in or not replaced: the owner's day stands, also in the month after."""
    in_xlsx(out, fill("A", due_on=dt.datetime(2026, 12, 7), outcome="later"))
    renew(out, "2026-11", NOVEMBER)
    days = {row.month: row.cells["due_on"] for row in running_plan.read(out).rows if row.customer == "A"}
    assert days == {"2026-10": "2026-12-07", "2026-11": "2026-12-01"}


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("05.11.2026", "2026-11-05"),  # read the other way it is a day in May, before the plan
        ("11/5/2026", "2026-11-05"),
        ("5.11.26", "2026-11-05"),
        ("03.02.2027", "03.02.2027"),  # 3 February or 2 March: both are after it
        ("05.11.2025", "05.11.2025"),  # neither is
        ("soon", "soon"),
    ],
)
def test_a_day_is_read_in_the_one_order_that_lies_after_the_plan(out: Path, written: str, day: str) -> None:
    in_xlsx(out, fill("A", done_on=written))
    renew(out, "2026-10", OCTOBER)
    assert filled(out) == {("A", "2026-10"): (day, "", "")}


def test_what_the_owner_worded_otherwise_stays(out: Path) -> None:
    """Two reports later, though nobody proposes it any more; only a lot takes it out."""
    in_xlsx(out, fill("A", message="Dear Ada, shall we talk?"))
    in_csv(out, fill_csv("B", due_on="2026-11-20"))
    for _ in range(2):
        renew(out, "2026-10", OCTOBER[2:])
    rows = {row.customer: row for row in running_plan.read(out).rows}
    assert rows["A"].cells["message"] == "Dear Ada, shall we talk?"
    assert rows["B"].cells["due_on"] == "2026-11-20"
    assert {who for who, row in rows.items() if row.is_kept} == {"A", "B"}
    drawn = Lots("Harbour Desk", days=60, drawn={dt.date(2026, 11, 1): {"A": NO_CALL, "C": CALLED}})
    assert [row.customer for row in running_plan.read(out).by_lot(drawn).rows] == ["C", "B"]


def test_a_column_without_a_heading_becomes_a_note(out: Path) -> None:
    """Beside the others, two of them, and between them."""

    def write(sheet: Any) -> None:
        sheet["O2"].value, sheet["Q3"].value = "met at the fair", "likes tea"
        sheet.insert_cols(4)
        sheet["D2"].value = "first"

    in_xlsx(out, write)
    renew(out, "2026-10", OCTOBER)
    renew(out, "2026-11", NOVEMBER)
    with (out / CSV).open(encoding="utf-8-sig", newline="") as file:
        rows = {row["Customer"]: row for row in csv.DictReader(file) if row["By"] < "2026-12"}
    assert [rows["A"][name] for name in ("Note", "Note 2", "Note 3")] == ["first", "met at the fair", ""]
    assert rows["B"]["Note 3"] == "likes tea"


def test_a_title_above_the_headings_stops(out: Path) -> None:
    def title(sheet: Any) -> None:
        fill("A", outcome="talked")(sheet)
        sheet.insert_rows(1)
        sheet["A1"].value = "Our plan"

    in_xlsx(out, title)
    with pytest.raises(InputError, match=r"first row does not hold the headings \(Customer, What to do, …\)"):
        renew(out, "2026-10", OCTOBER)
    in_xlsx(out, lambda sheet: sheet.delete_rows(1))
    renew(out, "2026-10", OCTOBER)
    assert filled(out) == {("A", "2026-10"): ("", "", "talked")}


def own_rows(out: Path) -> list[dict[str, str]]:
    return [dict(row.cells) for row in running_plan.read(out).rows if row.kind == running_plan.OWN]


def test_a_row_of_the_owners_own_takes_corrections(out: Path) -> None:
    """Its customer is named later, and its amount is no amount; it never swallows another new row."""
    in_xlsx(out, lambda sheet: sheet.append([None, "coffee", None, "about 50"]))
    renew(out, "2026-10", OCTOBER)

    def name(sheet: Any) -> None:
        own = next(row for row in range(2, 6) if sheet.cell(row, 2).value == "coffee")
        sheet.cell(own, 1).value, sheet.cell(own, 4).value = "A", 60
        sheet.append(["Z", "lunch"])

    in_xlsx(out, name)
    renew(out, "2026-10", OCTOBER)
    assert own_rows(out) == [
        {"customer_id": "A", "action": "coffee", "mrr": "60"},
        {"customer_id": "Z", "action": "lunch"},
    ]
    assert len(running_plan.read(out).rows) == 5


def test_of_two_rows_of_a_customer_the_one_that_was_taken_out_is_no_other(out: Path) -> None:
    """Neither has a day by which they could be told apart."""
    in_xlsx(out, lambda sheet: [sheet.append(["Z", what]) for what in ("coffee", "lunch")])
    renew(out, "2026-10", OCTOBER)

    def without_coffee(sheet: Any) -> None:
        own = next(row for row in range(2, 7) if sheet.cell(row, 2).value == "coffee")
        sheet.delete_rows(own)

    in_xlsx(out, without_coffee)
    renew(out, "2026-10", OCTOBER)
    assert [row["action"] for row in own_rows(out)] == ["lunch"]


# --- open, locked, interrupted ---------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["~$plan.xlsx", ".~lock.plan.xlsx#", ".~lock.plan.csv#"])
def test_a_file_that_is_open_in_a_spreadsheet_stops(out: Path, mark: str) -> None:
    before = (out / XLSX).read_bytes()
    (out / mark).touch()
    with pytest.raises(InputError, match=r"is open in a spreadsheet\. Save and close it"):
        renew(out, "2026-11", NOVEMBER)
    assert (out / XLSX).read_bytes() == before


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_run_that_dies_while_it_writes_loses_nothing(
    out: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """At each of its renames: every file is whole, and the next run comes to the same end."""
    in_xlsx(out, fill("A", outcome="talked"))
    in_csv(out, fill_csv("B", outcome="no answer"))
    again = [*planned("2026-10", ("D", "2026-11-04")), OCTOBER[1]]
    real, made = os.replace, []

    def dying(source: Path, target: Path) -> None:
        if len(made) == place:
            raise KeyboardInterrupt
        made.append(target)
        real(source, target)

    monkeypatch.setattr(os, "replace", dying)
    with pytest.raises(KeyboardInterrupt):
        renew(out, "2026-10", again)
    monkeypatch.setattr(os, "replace", real)
    openpyxl.load_workbook(out / XLSX)
    assert not list(out.glob("*.new"))
    both = {("A", "2026-10"): ("", "", "talked"), ("B", "2026-10"): ("", "", "no answer")}
    assert {row.key for row in running_plan.read(out).rows if row.is_filled} == set(both)
    renew(out, "2026-10", again)
    assert filled(out) == both
    assert sorted(row.customer for row in running_plan.read(out).rows) == ["A", "B", "D"]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_reader_sees_the_plan_of_before_or_of_after(
    out: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """Another run puts a new plan into place while this one has read the record and not yet the files.

    At each of its renames: no row of a report is taken for the owner's own, and none for taken out.
    """
    at_rest = running_plan.read(out)
    replace, read, wait = os.replace, running_plan._as_written, [True]

    def renewed_meanwhile(path: Path) -> running_plan.Running:
        record = read(path)
        if wait:
            wait.clear()
            done: list[Path] = []

            def until_there(source: Path, target: Path) -> None:
                if len(done) == place:
                    raise KeyboardInterrupt
                done.append(target)
                replace(source, target)

            monkeypatch.setattr(os, "replace", until_there)
            with pytest.raises(KeyboardInterrupt):
                renew(out, "2026-11", NOVEMBER)
            monkeypatch.setattr(os, "replace", replace)
        return record

    monkeypatch.setattr(running_plan, "_as_written", renewed_meanwhile)
    found = running_plan.read(out)
    assert not wait and not found.taken_out
    months = [row.month for row in found.rows]
    assert months == ["2026-11"] * 2 + ["2026-10"] * 3 if place else found.rows == at_rest.rows


def test_who_writes_the_plan_for_too_long_is_told(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (out / XLSX).read_bytes()
    monkeypatch.setattr(plan_file, "PATIENCE", 0)
    with FileLock(out / LOCK), pytest.raises(InputError, match=r"Another run has been writing plan.xlsx"):
        renew(out, "2026-11", NOVEMBER)
    assert (out / XLSX).read_bytes() == before


def test_a_file_that_cannot_be_replaced_is_told(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where a program holds it; what was written into it meanwhile is taken over later."""
    real = os.replace

    def refused(source: Path, target: Path) -> None:
        if Path(target).name == XLSX:
            raise PermissionError
        real(source, target)

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(InputError, match=r"plan.xlsx in .* is open in another program"):
        renew(out, "2026-11", NOVEMBER)
    monkeypatch.setattr(os, "replace", real)
    in_xlsx(out, fill("A", outcome="talked"))
    renew(out, "2026-11", NOVEMBER)
    assert filled(out) == {("A", "2026-10"): ("", "", "talked")}
    assert len(running_plan.read(out).rows) == 5


# --- whose it is -----------------------------------------------------------------------------------


def test_a_plan_of_another_business_is_refused(out: Path) -> None:
    plan_file.refuse_other_business(out, OURS, lambda: SAMPLE)
    with pytest.raises(InputError, match=r"is the plan of another business \(Harbour Desk\)"):
        plan_file.refuse_other_business(out, Identity("Bakery", "bread"), lambda: SAMPLE)


def test_the_samples_plan_gives_way_unless_somebody_wrote_into_it(tmp_path: Path) -> None:
    plan_file.renew(tmp_path, SAMPLE, "", "2026-10", OCTOBER)
    plan_file.refuse_other_business(tmp_path, OURS, lambda: SAMPLE)
    renew(tmp_path, "2026-11", NOVEMBER)
    assert {row.month for row in running_plan.read(tmp_path).rows} == {"2026-11"}
    other = tmp_path / "other"
    other.mkdir()
    plan_file.renew(other, SAMPLE, "", "2026-10", OCTOBER)
    in_xlsx(other, fill("A", outcome="talked"))
    with pytest.raises(InputError, match="the plan of the sample, and you wrote into it"):
        plan_file.refuse_other_business(other, OURS, lambda: SAMPLE)


def test_amounts_are_exact_in_the_csv(out: Path) -> None:
    with (out / CSV).open(encoding="utf-8-sig", newline="") as file:
        assert {Decimal(row["MRR"]) for row in csv.DictReader(file)} == {Decimal("15.833333")}

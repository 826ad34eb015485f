"""Sheets as grids of cells: a workbook's sheets, or a CSV file, whatever stands above and below the table."""

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.datetime import CALENDAR_WINDOWS_1900

from retention_helpers.contract.tables import Fault
from retention_helpers.sources.folder import Unreadable
from retention_helpers.sources.interface import as_text
from retention_helpers.sources.prices import currency_of_format
from retention_helpers.sources.texts import letters_assumed, opened_text
from retention_helpers.words import spellings, written
from retention_helpers.words.formats import plural

Cell = str | int | float | dt.date | dt.datetime | dt.time | None
_DELIMITERS = ",;\t"
_LINES_LOOKED_AT = 40
_LEAST_LINES = 3  # that are even, beside which a last one can be told as torn


@dataclass(frozen=True)
class Grid:
    """A sheet: the lines that hold anything, each with its number as the owner sees it."""

    file: Path
    title: str  # of the sheet; "" in a CSV file
    lines: Sequence[tuple[int, list[Cell]]]
    epoch: dt.datetime = CALENDAR_WINDOWS_1900

    def place(self, number: int) -> str:
        """Where the owner finds a line: "line 7" of a CSV file, "sheet Customers, row 7" of a workbook."""
        return f"sheet {self.title}, row {number}" if self.title else f"line {number}"


def grids(path: Path) -> tuple[list[Grid], list[Fault]]:
    """The sheets of a file that hold anything, and what had to be assumed to read it. Raises Unreadable."""
    if path.name.lower().endswith((".xlsx", ".xlsm")):
        return _of_workbook(path), []
    if path.name.lower().endswith((".csv", ".csv.gz", ".tsv", ".txt")):
        return _of_csv(path)
    raise Unreadable("it is no spreadsheet that can be read", "Save it as XLSX or CSV.")


def _of_workbook(path: Path) -> list[Grid]:
    try:
        with (
            closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book,
            closing(openpyxl.load_workbook(path, read_only=True)) as formulas,
        ):
            found = []
            for sheet, typed in zip(book.worksheets, formulas.worksheets, strict=True):
                both = zip(sheet.iter_rows(), typed.iter_rows(values_only=True), strict=True)
                every = [
                    (number, _cells(values, entered, sheet.title, number))
                    for number, (values, entered) in enumerate(both, start=1)
                ]
                lines = [line for line in every if any(cell is not None for cell in line[1])]
                if lines:
                    found.append(Grid(path, sheet.title, lines, book.epoch))
            return found
    except Unreadable:
        raise
    except Exception:  # openpyxl raises what its parsers raise: KeyError, BadZipFile, ParseError, …
        raise Unreadable("the file is not an Excel workbook, or damaged", "Save it again as XLSX.") from None


def _cells(cells: Sequence[Any], typed: Sequence[object], title: str, number: int) -> list[Cell]:
    for cell, formula in zip(cells, typed, strict=True):
        if cell.value is None and isinstance(formula, str) and formula.startswith("="):
            raise Unreadable(
                f"row {number} of sheet {title} holds a formula without its value",
                "Open it in Excel or LibreOffice and save it there.",
            )
    return [_cell(cell) for cell in cells]


class Paid(float):
    """A number that a workbook shows with the sign or code of a currency."""

    currency: str


def _cell(cell: Any) -> Cell:
    value = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        sign = currency_of_format(cell.number_format)
        return _paid(value, sign) if sign else value
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date()
    if isinstance(value, bool):
        return str(value)
    return value if isinstance(value, dt.date | dt.time) else _words(value)


def as_paid(cell: Cell) -> str:
    """A cell as text, with the currency in which a workbook shows it."""
    said = as_text(cell) or ""
    return f"{said} {cell.currency}" if isinstance(cell, Paid) else said


def money_in(cell: Cell, decimal_sign: str) -> written.Money | None:
    """An amount with the currency that its cell names or is shown with; None where it cannot be read."""
    if isinstance(cell, int | float):
        return written.Money(Decimal(as_text(cell) or ""), currency_shown(cell))
    return written.money(str(cell or ""), decimal_sign)


def currency_shown(cell: Cell) -> str:
    """The currency in which a workbook shows a number, by its code or a shared sign; "" for none."""
    return spellings.currency(cell.currency) if isinstance(cell, Paid) else ""


def _paid(value: float, currency: str) -> Paid:
    paid = Paid(value)
    paid.currency = currency
    return paid


def _words(value: object) -> str | None:
    return None if value is None else str(value)


def _of_csv(path: Path) -> tuple[list[Grid], list[Fault]]:
    with opened_text(path) as file:
        text = file.read()
    if "\0" in text:
        raise Unreadable("it is not text", "Save it as CSV UTF-8.")
    delimiter = delimiter_of(text)
    try:
        records = [(line, cells) for line, cells in _records(text, delimiter) if any(map(str.strip, cells))]
    except csv.Error:
        raise Unreadable("the quotation marks do not pair up", "Export it again.") from None
    if records and not text.endswith(("\n", "\r")):
        refuse_a_torn_end(records[-1][0], len(records[-1][1]), Counter(len(cells) for _, cells in records))
    lines = [(line, _filled(cells)) for line, cells in records]
    if not lines:
        raise Unreadable("the file is empty", "Export it again, with its header line.")
    return [Grid(path, "", lines)], letters_assumed(path, path.name)


def refuse_a_torn_end(line: int, cells: int, widths: Counter[int]) -> None:
    """Raise Unreadable where the last line, which has no end, is the only one with fewer cells.

    `widths` counts the lines, the last one among them, by how many cells they have.
    """
    others = widths - Counter([cells])
    width = max(others, default=0)
    if len(others) == 1 and others[width] >= _LEAST_LINES and cells < width:
        raise Unreadable(
            f"line {line}, the last one, breaks off after {plural(cells, 'cell')} of {width}",
            "Export or copy it again.",
        )


def delimiter_of(text: str) -> str:
    """The sign that cuts most lines into the same number of cells, two or more."""
    sample = text.splitlines()[:_LINES_LOOKED_AT]

    def evenness(sign: str) -> tuple[int, int]:
        widths = [len(cells) for cells in csv.reader(sample, delimiter=sign) if len(cells) > 1]
        most = max(set(widths), key=lambda width: (widths.count(width), width), default=0)
        return widths.count(most), most

    return max(_DELIMITERS, key=evenness)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begin = 1
    for cells in reader:
        yield begin, cells
        begin = reader.line_num + 1


def _filled(cells: Sequence[str]) -> list[Cell]:
    return [cell.strip() or None for cell in cells]

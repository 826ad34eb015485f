"""The rows of a sheet with a column a month, and the lines below its header that are none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from retention_helpers.sources.interface import SetAside, as_text
from retention_helpers.sources.months.columns import Columns, columns_of
from retention_helpers.sources.months.headings import Headings
from retention_helpers.sources.spreadsheet.grids import Cell, Grid
from retention_helpers.sources.spreadsheet.sheets import TOTALS, number_in

# What stands below the totals of a sheet, and is no customer's.
_BELOW_TOTALS = re.compile(
    r"(?i)\b(?:mrr|arr|arpu|churn(?:ed|rate)?|new|lost|growth|net|gross|customers?|active|revenue|umsatz|kunden|"
    r"neu(?:kunden)?|verloren|wachstum|clients?|nouveaux|perdus|clientes|nuevos|ingresos)\b"
)
_LEAST_SUMMED, _LEAST_UNDER_A_NAME = 2, 4  # rows above a line that is told by its sums


@dataclass(frozen=True)
class SheetOfMonths:
    """A sheet whose months were found, with its rows and what is none of them."""

    grid: Grid
    headings: Headings
    columns: Columns
    rows: Sequence[tuple[int, Sequence[Cell]]]
    set_aside: Sequence[SetAside]
    nameless: Sequence[int]  # the numbers of filled lines that name no customer

    def cell(self, line: Sequence[Cell], nth: int) -> Cell:
        return line[nth] if nth < len(line) else None


def sheet_of_months(grid: Grid, found: Headings, named: Mapping[str, str]) -> SheetOfMonths:
    """The rows below the header. Raises Unreadable where no column says who a row is."""
    columns = columns_of(grid, found, named)
    rows: list[tuple[int, Sequence[Cell]]] = []
    aside: list[SetAside] = []
    nameless: list[int] = []
    has_totals = False
    for number, line in grid.lines[found.at + 1 :]:
        reason = _is_no_row(grid, found, columns, line, rows, has_totals=has_totals)
        has_totals = has_totals or reason == "a line of totals"
        if reason:
            aside.append(SetAside(grid.file.name, grid.place(number), reason, _as_said(line, found)))
        elif columns.who(line) is None:
            nameless.append(number)
        else:
            rows.append((number, line))
    return SheetOfMonths(grid, found, columns, rows, aside, nameless)


def _is_no_row(
    grid: Grid,
    found: Headings,
    columns: Columns,
    line: Sequence[Cell],
    rows: Sequence[tuple[int, Sequence[Cell]]],
    *,
    has_totals: bool,
) -> str:
    header = grid.lines[found.at][1]
    if list(line[: len(header)]) == list(header):
        return "the header again"
    words = (cell for cell in line if isinstance(cell, str) and number_in(cell) is None)
    label = columns.named(line) or next(words, "")
    filled = {nth: line[nth] for nth in found.months if nth < len(line) and line[nth] is not None}
    if TOTALS.fullmatch(re.sub(r"[:\s]+$", "", label)) or _are_sums(filled, rows, label):
        return "a line of totals"
    if has_totals and (_BELOW_TOTALS.search(label) or not label):
        return "a line below the totals"
    return "" if filled else "no month is filled"


def _are_sums(filled: Mapping[int, Cell], rows: Sequence[tuple[int, Sequence[Cell]]], label: str) -> bool:
    """Whether every month of a line says what the rows above add up to, or how many of them are filled.

    Three customers may pay 10, 20 and 30: a line under a name of its own is one of sums only below many.
    """
    is_named = bool(label) and not _BELOW_TOTALS.search(label)
    least = _LEAST_UNDER_A_NAME if is_named else _LEAST_SUMMED
    numbers = {nth: number for nth, cell in filled.items() if (number := number_in(cell)) is not None}
    if len(rows) < least or not any(numbers.values()) or len(numbers) < len(filled):
        return False
    return all(_adds_up(number, _column(rows, nth), is_named=is_named) for nth, number in numbers.items())


def _column(rows: Sequence[tuple[int, Sequence[Cell]]], nth: int) -> list[Cell]:
    return [line[nth] for _, line in rows if nth < len(line) and line[nth] is not None]


def _adds_up(number: Decimal, cells: Sequence[Cell], *, is_named: bool) -> bool:
    """Whether a number is the sum of cells, or, under no name of a customer, how many they are."""
    above = sum(found for cell in cells if (found := number_in(cell)) is not None)
    return (number == len(cells) and not is_named) or abs(above - number) <= Decimal("0.01")


def _as_said(line: Sequence[Cell], found: Headings) -> dict[str, str]:
    names = {**found.names, **{nth: month.isoformat()[:7] for nth, month in found.months.items()}}
    return {
        names.get(nth, f"column {nth + 1}"): as_text(cell) or ""
        for nth, cell in enumerate(line)
        if cell is not None
    }

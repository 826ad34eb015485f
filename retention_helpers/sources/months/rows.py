"""The rows of a sheet with a column a month, and the lines below its header that are none."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
_SUBTOTALS = re.compile(
    r"(?i)(?:(?:sub|sous|zwischen|tussen)[- ]?(?:totals?|totaux|totaal|summen?)\b|小计).*"
)
_LEAST_SUMMED, _LEAST_UNDER_A_NAME = 2, 4  # rows above a line that is told by its sums
_LEAST_MONTHS = 3  # of such a line under a name


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


@dataclass
class _Above:
    """What the rows read so far add up to: how many they are, and by column the sum and how many are
    filled.
    """

    rows: int = 0
    sums: Counter[int] = field(default_factory=Counter)
    filled: Counter[int] = field(default_factory=Counter)

    def take(self, line: Sequence[Cell], found: Headings) -> None:
        self.rows += 1
        for nth in found.months:
            if nth < len(line) and line[nth] is not None:
                self.filled[nth] += 1
                self.sums[nth] += number_in(line[nth]) or 0  # type: ignore[assignment]

    def are_summed_in(self, filled: Mapping[int, Cell], label: str) -> bool:
        """Whether every month of a line says what the rows above add up to, or how many of them are filled.

        Three customers may pay 10, 20 and 30, or a new one what the only other pays: a line under a name of
        its own is one of sums only below many, in several months, of which each has two rows or more.
        """
        numbers = {nth: number for nth, cell in filled.items() if (number := number_in(cell)) is not None}
        if self.rows < _LEAST_SUMMED or not any(numbers.values()) or len(numbers) < len(filled):
            return False
        if not label or _BELOW_TOTALS.search(label):
            return all(
                self._is_sum(nth, number) or number == self.filled[nth] for nth, number in numbers.items()
            )
        are_many = self.rows >= _LEAST_UNDER_A_NAME and len(numbers) >= _LEAST_MONTHS
        return are_many and all(
            self._is_sum(nth, number) and self.filled[nth] > 1 for nth, number in numbers.items()
        )

    def _is_sum(self, nth: int, number: Decimal) -> bool:
        return abs(Decimal(self.sums[nth]) - number) <= Decimal("0.01")


def sheet_of_months(grid: Grid, found: Headings, named: Mapping[str, str]) -> SheetOfMonths:
    """The rows below the header. Raises Unreadable where no column says who a row is."""
    columns = columns_of(grid, found, named)
    rows: list[tuple[int, Sequence[Cell]]] = []
    aside: list[SetAside] = []
    nameless: list[int] = []
    has_totals, above, group = False, _Above(), _Above()
    for number, line in grid.lines[found.at + 1 :]:
        reason = _is_no_row(grid, found, columns, line, (above, group), has_totals=has_totals)
        has_totals = has_totals or reason == "a line of totals"
        if reason:
            group = _Above()
            aside.append(SetAside(grid.file.name, grid.place(number), reason, _as_said(line, found)))
        elif columns.who(line) is None:
            nameless.append(number)
        else:
            has_totals = has_totals and bool(rows)  # what stands below totals at the top are customers
            rows.append((number, line))
            above.take(line, found)
            group.take(line, found)
    return SheetOfMonths(grid, found, columns, rows, aside, nameless)


def _is_no_row(
    grid: Grid,
    found: Headings,
    columns: Columns,
    line: Sequence[Cell],
    sums: tuple[_Above, _Above],
    *,
    has_totals: bool,
) -> str:
    """Why a line is no customer's; "" for one that is. `sums` are those of all rows above it, and of its
    group.
    """
    header = grid.lines[found.at][1]
    if list(line[: len(header)]) == list(header):
        return "the header again"
    words = (cell for cell in line if isinstance(cell, str) and number_in(cell) is None)
    label = columns.named(line) or next(words, "")
    filled = {nth: line[nth] for nth in found.months if nth < len(line) and line[nth] is not None}
    above, group = sums
    is_named_so = bool(TOTALS.fullmatch(re.split(r"[:\s]", label, maxsplit=1)[0]))  # Total Germany
    if _SUBTOTALS.fullmatch(label):
        return "a line of subtotals"
    is_total = TOTALS.fullmatch(re.sub(r"[:\s]+$", "", label))
    if is_total or above.are_summed_in(filled, "" if is_named_so else label):
        return "a line of totals"
    if is_named_so and group.are_summed_in(filled, ""):
        return "a line of subtotals"
    if has_totals and (_BELOW_TOTALS.search(label) or not label):
        return "a line below the totals"
    return "" if filled else "no month is filled"


def _as_said(line: Sequence[Cell], found: Headings) -> dict[str, str]:
    names = {**found.names, **{nth: month.isoformat()[:7] for nth, month in found.months.items()}}
    return {
        names.get(nth, f"column {nth + 1}"): as_text(cell) or ""
        for nth, cell in enumerate(line)
        if cell is not None
    }

"""What a workbook says by other means than its cells: colours, strikes-through, merged and hidden cells."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.months.headings import Headings
from retention_helpers.words.formats import plural

_TABLE = "subscriptions"


def marks(path: Path, title: str, found: Headings, header_row: int) -> Iterator[Fault]:
    """A note for colours and strikes-through among the months, which mean nothing here; a stop for merged
    cells.

    Nothing for a file that has none of these, such as CSV.
    """
    if not path.name.lower().endswith((".xlsx", ".xlsm")):
        return
    with closing(openpyxl.load_workbook(path, data_only=True)) as book:
        sheet = book[title]
        columns = {nth + 1 for nth in found.months}
        merged = [
            one
            for one in sheet.merged_cells.ranges
            if one.max_row > header_row and columns & set(range(one.min_col, one.max_col + 1))
        ]
        if merged:
            yield _merged(path, str(merged[0]), len(merged))
        yield from _drawn(path, sheet, columns, header_row)
        yield from _hidden(path, sheet, header_row)


def _merged(path: Path, first: str, many: int) -> Fault:
    said = message(
        path.name,
        f"{plural(many, 'group')} of cells of the months {'is' if many == 1 else 'are'} merged (first: "
        f"{first}), and only the first cell of each holds what it says",
        "Unmerge them, and write the amount into every month.",
    )
    return Fault("stop", _TABLE, "merged cells", many, said)


def _drawn(path: Path, sheet: Worksheet, columns: set[int], header: int) -> Iterator[Fault]:
    cells = [
        cell
        for row in sheet.iter_rows(min_row=header + 1)
        for cell in row
        if cell.column in columns and cell.has_style and cell.value is not None
    ]
    coloured = sum(bool(cell.fill and cell.fill.fill_type) for cell in cells)
    struck = [cell for cell in cells if cell.font and cell.font.strike]
    notes = sum(cell.comment is not None for row in sheet.iter_rows(min_row=header + 1) for cell in row)
    if coloured:
        yield _note(
            path,
            f"{plural(coloured, 'cell')} of the months in a colour",
            "colours mean nothing here",
            coloured,
        )
    if struck:
        first = f"{get_column_letter(struck[0].column)}{struck[0].row}"
        meaning = "what is struck through counts like any other cell: empty those in which nobody paid"
        yield _note(
            path, f"{plural(len(struck), 'cell')} struck through (first: {first})", meaning, len(struck)
        )
    if notes:
        yield _note(path, f"notes at {plural(notes, 'cell')}", "they are not read", notes)


def _hidden(path: Path, sheet: Worksheet, header: int) -> Iterator[Fault]:
    rows = sum(one.hidden for number, one in sheet.row_dimensions.items() if number > header)
    columns = sum(one.hidden for one in sheet.column_dimensions.values())
    if rows or columns:
        meaning = "they are read like the others"
        yield _note(
            path, f"{plural(rows, 'hidden row')} and {plural(columns, 'hidden column')}", meaning, rows
        )


def _note(path: Path, what: str, meaning: str, rows: int) -> Fault:
    said = message(path.name, f"there are {what}", f"{meaning[0].upper()}{meaning[1:]}.")
    return Fault("note", _TABLE, "marks", rows, said)

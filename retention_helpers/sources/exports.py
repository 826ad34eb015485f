"""Another tool's CSV or workbook: a header line, then rows, with the names of columns in one spelling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retention_helpers.contract.attributes import plain
from retention_helpers.contract.tables import Fault
from retention_helpers.sources.interface import Order, Spot, as_text
from retention_helpers.sources.spreadsheet.cells import read_cells
from retention_helpers.sources.spreadsheet.grids import Grid, grids
from retention_helpers.sources.spreadsheet.sheets import Layout, Names, Sheet

Row = Mapping[str, str]


@dataclass(frozen=True)
class Export:
    """A sheet whose first line is its header; `columns` are its names as written, by their plain spelling."""

    columns: Mapping[str, str]
    sheet: Sheet

    def rows(self, order: Order, instants: Sequence[str] = ()) -> tuple[list[tuple[Spot, Row]], list[Fault]]:
        """Each row with its filled cells, and the days in `instants` that could be two."""
        kinds = dict.fromkeys(instants, "instant")
        read, faults = read_cells(self.sheet, kinds, order.settings, Names())
        place, file = self.sheet.grid.place, self.sheet.grid.file
        filled = [(number, {name: cell for name, cell in row.items() if cell}) for number, row in read]
        return [(order.spot(file, place(number)), row) for number, row in filled], faults


def plain_name(name: str) -> str:
    """A column's name in one spelling, without the zone that some tools add.

    >>> plain_name("Created (UTC)"), plain_name("Record ID")
    ('created', 'record_id')
    """
    return plain(name.replace("(UTC)", ""))


def exports_of(path: Path, what: str) -> tuple[list[Export], list[Fault]]:
    """The sheets of a file, and what had to be assumed to read it; `what` is its table. Raises Unreadable."""
    found, faults = grids(path)
    return [_export(grid, what) for grid in found], faults


def _export(grid: Grid, what: str) -> Export:
    """Of two columns with one name the first counts."""
    header = [as_text(cell) or "" for cell in grid.lines[0][1]]
    columns: dict[str, str] = {}
    for name in filter(None, header):
        columns.setdefault(plain_name(name), name)
    nth = {plain: header.index(name) for plain, name in columns.items()}
    rows = [
        (number, {name: line[at] if at < len(line) else None for name, at in nth.items()})
        for number, line in grid.lines[1:]
    ]
    return Export(columns, Sheet(grid, Layout(what, frozenset(), frozenset(columns)), rows))


def first(row: Row, *names: str) -> str | None:
    """The first of these cells that is filled."""
    return next((row[name] for name in names if name in row), None)

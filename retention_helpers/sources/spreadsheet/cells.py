"""The cells of a sheet as the contract writes them, and what cannot be read for certain."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.interface import as_text
from retention_helpers.sources.spreadsheet.grids import Cell
from retention_helpers.sources.spreadsheet.sheets import Names, Sheet
from retention_helpers.words import written

Text = str | None
SWAPPED_TEXTS, SWAPPED_DAYS = 3, 8  # so many of both are no chance: (12 / 30) ** 8 is 0.0007


class _Column:
    """How a column's cells are read, and which of them could be read in two ways."""

    def __init__(self, sheet: Sheet, name: str, date_order: str) -> None:
        self.sheet, self.name, self.date_order = sheet, name, date_order
        self.cells = [row[name] for _, row in sheet.rows]
        self.texts = [cell for cell in self.cells if isinstance(cell, str)]
        self.ambiguous: list[tuple[int, str]] = []

    def instant(self, number: int, cell: Cell) -> Text:
        if isinstance(cell, int | float):
            day = written.serial_day(cell, epoch=self.sheet.grid.epoch)
            return as_text(cell if day is None else day)
        if not isinstance(cell, str):
            return as_text(cell)
        read = written.instant(cell, self.date_order)
        if read is None and not self.date_order and written.is_ambiguous(cell):
            self.ambiguous.append((number, cell))
        return read or cell

    def money(self) -> Callable[[int, Cell], Text]:
        sign = written.decimal_sign_of(self.texts)

        def read(number: int, cell: Cell) -> Text:
            amount = written.amount(cell, sign) if isinstance(cell, str) else None
            return as_text(cell if amount is None else amount)

        return read

    def in_our_words(self, words: Mapping[str, str]) -> Callable[[int, Cell], Text]:
        ours = {theirs.strip().lower(): word for theirs, word in words.items()}

        def read(number: int, cell: Cell) -> Text:
            said = as_text(cell)
            return said if said is None else ours.get(said.lower(), said) or None

        return read

    def faults(self, table: str) -> Iterator[Fault]:
        if self.ambiguous:
            yield self._order_unknown(table)
        elif self._is_swapped():
            yield self._swapped(table)

    def _order_unknown(self, table: str) -> Fault:
        shown = written.order_shown_by(self.texts)
        proof = next((text for text in self.texts if written.order_shown_by([text])), "")
        hint = f" ({proof} can only be {shown})" if shown else ""
        number, first = self.ambiguous[0]
        said = message(
            self.sheet.grid.file.name,
            f"{self.name} holds days such as {first}, which may be read with the day or the month first",
            f"Say `date_order: day first` or `date_order: month first` in {SETTINGS_FILE}, or with "
            f"--date-order{hint}.",
            rows=len(self.ambiguous),
            of=len(self.sheet.rows),
            first=self.sheet.grid.place(number),
        )
        return Fault("stop", table, "date order unknown", len(self.ambiguous), said)

    def _is_swapped(self) -> bool:
        """Whether a spreadsheet took day for month wherever that was possible, and left texts elsewhere."""
        days = [cell.day for cell in self.cells if isinstance(cell, dt.date)]
        numbers = [text for text in self.texts if written.is_ambiguous(text)]
        return (
            len(numbers) >= SWAPPED_TEXTS
            and len(days) >= SWAPPED_DAYS
            and max(days) <= 12
            and all(written.order_shown_by([text]) for text in numbers)
        )

    def _swapped(self, table: str) -> Fault:
        text = next(text for text in self.texts if written.is_ambiguous(text))
        said = message(
            self.sheet.grid.file.name,
            f"in {self.name} every real date is of the first twelve days of a month, and every later day is "
            f"a text such as {text}: the spreadsheet took days for months",
            "The real dates are wrong. Open the export anew with this column as text, or take the export as "
            "it came.",
        )
        return Fault("stop", table, "days and months swapped", 0, said)


def read_cells(
    sheet: Sheet, kinds: Mapping[str, str], date_order: str, names: Names
) -> tuple[list[tuple[int, dict[str, Text]]], list[Fault]]:
    """The rows of a sheet with every cell as the contract writes it, and what is uncertain.

    `kinds` says which columns are instants and money; others are texts.
    """
    columns = [_Column(sheet, name, date_order) for name in (sheet.rows[0][1] if sheet.rows else {})]
    readers = {column.name: _reader(column, kinds, names) for column in columns}
    rows = [
        (number, {name: readers[name](number, cell) for name, cell in row.items()})
        for number, row in sheet.rows
    ]
    return rows, [fault for column in columns for fault in column.faults(sheet.layout.name)]


def _reader(column: _Column, kinds: Mapping[str, str], names: Names) -> Callable[[int, Cell], Text]:
    words: Mapping[str, str] = names.values.get(column.name, {})
    if words:
        return column.in_our_words(words)
    kind = kinds.get(column.name, "text")
    if kind == "instant":
        return column.instant
    return column.money() if kind == "money" else column.in_our_words({})


def columns_unread(sheet: Sheet) -> Sequence[Fault]:
    """A note that names the columns of a sheet which belong to nothing."""
    if not sheet.unread:
        return []
    title = f"sheet {sheet.grid.title}: " if sheet.grid.title else ""
    named = ", ".join(sheet.unread[:5])
    said = message(
        sheet.grid.file.name,
        f"{title}no column of ours is called {named}, and what stands there was not read",
        "Is that meant?",
    )
    return [Fault("note", sheet.layout.name, "unknown column", 0, said)]

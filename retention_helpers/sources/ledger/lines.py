"""The lines of a ledger below its header, one at a time, so that a large one never lies in memory."""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl.utils.datetime import CALENDAR_WINDOWS_1900

from retention_helpers.contract.tables import Fault
from retention_helpers.sources.interface import as_text
from retention_helpers.sources.spreadsheet.grids import Cell, delimiter_of, grids, refuse_a_torn_end
from retention_helpers.sources.texts import letters_assumed, opened_text
from retention_helpers.sources.unreadable import Unreadable

HEADER_WITHIN = 30
_SAMPLE = 1 << 16
Line = tuple[str, Sequence[Cell]]  # its place, and its cells
Header = Callable[[Sequence[str]], bool]  # whether a line is the header of a ledger


@dataclass(frozen=True)
class Lines:
    """A file, or a sheet of one: its header, and what stands below it."""

    header: Sequence[str]
    lines: Iterator[Line]
    epoch: dt.datetime = CALENDAR_WINDOWS_1900


def sheets_of(path: Path, is_header: Header) -> tuple[list[Lines], list[Fault]]:
    """The sheets of a file whose header is one, and what had to be assumed. Raises Unreadable where none
    is.
    """
    if path.name.lower().endswith((".xlsx", ".xlsm")):
        found, assumed = grids(path)
        sheets = []
        for grid in found:
            every = [(grid.place(number), cells) for number, cells in grid.lines]
            at = _header_at([cells for _, cells in every[:HEADER_WITHIN]], is_header)
            if at is not None:
                sheets.append(Lines(_names(every[at][1]), iter(every[at + 1 :]), grid.epoch))
        if not sheets:
            raise _no_header([as_text(cell) or "" for cell in found[0].lines[0][1]] if found else [])
        return sheets, assumed
    return [_of_csv(path, is_header)], letters_assumed(path, path.name)


def _of_csv(path: Path, is_header: Header) -> Lines:
    with opened_text(path) as file:
        sample = file.read(_SAMPLE)
    if "\0" in sample:
        raise Unreadable("it is not text", "Save it as CSV UTF-8.")
    delimiter = delimiter_of(sample)
    lines = _records(path, delimiter)
    first: list[Line] = []
    for line in lines:
        first.append(line)
        if is_header(_names(line[1])):
            return Lines(_names(line[1]), lines)
        if len(first) == HEADER_WITHIN:
            break
    raise _no_header(_names(first[0][1]) if first else [])


class _Watched:
    """The lines of a file, of which the last one is known afterwards."""

    def __init__(self, file: Iterable[str]) -> None:
        self.lines, self.last = iter(file), ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.last = next(self.lines)
        return self.last


def _records(path: Path, delimiter: str) -> Iterator[Line]:
    with opened_text(path) as file:
        lines, widths = _Watched(file), Counter[int]()
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        begin, cells = 1, []
        try:
            for cells in reader:
                if any(cells):
                    widths[len(cells)] += 1
                    yield f"line {begin}", cells
                begin = reader.line_num + 1
        except csv.Error:
            raise Unreadable(
                f"the quotation marks of line {begin} do not pair up", "Export it again."
            ) from None
        if not lines.last.endswith(("\n", "\r")):
            refuse_a_torn_end(reader.line_num, len(cells), widths)


def _header_at(lines: Sequence[Sequence[Cell]], is_header: Header) -> int | None:
    return next((nth for nth, cells in enumerate(lines) if is_header(_names(cells))), None)


def _names(cells: Sequence[Cell]) -> list[str]:
    return [as_text(cell) or "" for cell in cells]


def _no_header(names: Sequence[str]) -> Unreadable:
    shown = ", ".join(name for name in names[:6] if name)
    return Unreadable(
        f"no line is the header of a ledger; the first one holds {shown or 'nothing'}",
        "Say which columns hold who paid, when and how much: `columns: {email: …, charged_at: …, amount: …, "
        "product: …}`.",
    )

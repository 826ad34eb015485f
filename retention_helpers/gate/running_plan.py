"""The running plan as its owner filled it in: `plan.xlsx` and `plan.csv` beside the reports, put together.

The report writes both files and remembers beside them (`.plan.json`) what it wrote. What differs in a file
since then is the owner's doing:

- a cell that was changed in one of the files counts; changed in both to different things, it stops the
  report;
- an entry is gone only where it is gone from both files, a row that was filled in likewise; so a file that an
  old program saves anew cannot take an entry away;
- a row of the report's that the owner worded otherwise or put off counts as written into;
- a row that was not filled in and is missing from one file was taken out, and is not proposed again for its
  month; where all rows of its month are missing, that file is an older one;
- a row that the report did not write is the owner's own, and stays.

Rows may be sorted, columns moved, and columns of the owner's own added.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from retention_helpers.gate.lots import PLAY, Lots
from retention_helpers.sources.folder import Number, csv_header, records, sheet
from retention_helpers.sources.unreadable import Unreadable
from retention_helpers.words import calendar, written
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import plural
from retention_helpers.words.safe import bare_cell

XLSX, CSV, WRITTEN, LOCK = "plan.xlsx", "plan.csv", ".plan.json", ".plan.lock"
FILES = (XLSX, CSV)
OPEN_MARKS = ("~$plan.xlsx", ".~lock.plan.xlsx#", ".~lock.plan.csv#")  # of Excel and LibreOffice
HEADINGS = {
    "customer_id": "Customer",
    "action": "What to do",
    "due_on": "By",
    "mrr": "MRR",
    "currency": "Currency",
    "why": "Why",
    "message": "Message",
    "email": "E-mail",
    "phone": "Phone",
    "leaves_on": "Leaves on",
    "done_on": "Done on",
    "done_by": "Done by",
    "outcome": "Outcome",
    "since_then": "Since then",
}
SINCE_THEN = "since_then"  # what became of an open touch, as lists and reports write it; known by its heading
FILLED = ("done_on", "done_by", "outcome")
DAYS = ("due_on", "leaves_on", "done_on")
OWN = "own"  # the kind of a row that the owner added

WORDED = ("action", "due_on", "why", "message")  # what an owner may word or put off otherwise
FACTS = (
    "customer_id",
    "mrr",
    "currency",
    "leaves_on",
    SINCE_THEN,
)  # no owner's to change, but in a row of their own
NOTE = "Note"  # the heading of a column that its owner gave none

SUPERSEDED = "over: a newer plan takes its place"
Cells = Mapping[str, str]
Marks = Mapping[tuple[str, str, str], str]  # by `Row.touch`
_Pair = tuple[int | None, Cells]  # a row of a file, and which of the written rows it is


@dataclass(frozen=True)
class Row:
    """A row of the plan.

    Attributes:
        month: the report whose plan it is, "2026-10", or the day whose list it stands on, "2026-11-03"; ""
        for a row of the owner's own.
        kind: the key of its action; OWN for a row of the owner's own.
        cells: its columns as exact texts, days in ISO 8601.
        is_reworded: whether the owner worded the report's own columns otherwise, or put the day off.
    """

    month: str
    kind: str
    cells: Cells
    is_reworded: bool = False

    @property
    def customer(self) -> str:
        return self.cells.get("customer_id", "")

    @property
    def key(self) -> tuple[str, str]:
        return self.customer, self.month

    @property
    def touch(self) -> tuple[str, str, str]:
        """Which touch of which month or list it is, of whom."""
        return self.customer, self.month, self.kind

    @property
    def is_of_list(self) -> bool:
        """Whether the list of a day brought it."""
        return len(self.month) > len("2026-10")

    @property
    def known_by(self) -> dt.date:
        """The first day that the report, or the list, did not know; of a row of the owner's own: none."""
        return self.begins_on + dt.timedelta(days=1) if self.is_of_list else self.begins_on

    @property
    def begins_on(self) -> dt.date:
        """The first day on which it can be done; of a row of the owner's own: none."""
        if self.is_of_list:
            return dt.date.fromisoformat(self.month)
        return calendar.months_after(calendar.first_of(self.month), 1)

    @property
    def is_filled(self) -> bool:
        """Whether the owner wrote into it, in one of the last three columns or in one of their own."""
        return any(name in FILLED or name not in HEADINGS for name in self.cells)

    @property
    def is_kept(self) -> bool:
        """Whether no report of its month takes it away: the owner wrote into it, or added it."""
        return self.is_filled or self.is_reworded or self.kind == OWN


@dataclass(frozen=True)
class Running:
    """The plan as it stands, of all months.

    Attributes:
        business: whose it is; "" where no report has written it.
        rows: the newest month first.
        taken_out: (customer, month) of the rows that the owner took out.
        drawn_out: the rows that a lot took, each with the day of the draw. They stand in no file; a list of
        before that day that is made again knows them.
        columns: the owner's own columns, in their order.
        digests: of the files as they were read or written.
    """

    business: str = ""
    rows: tuple[Row, ...] = ()
    taken_out: frozenset[tuple[str, str]] = frozenset()
    drawn_out: tuple[tuple[Row, dt.date], ...] = ()
    columns: tuple[str, ...] = ()
    digests: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def with_month(
        self, month: str, planned: Iterable[Row], listed: Collection[tuple[str, str]] = ()
    ) -> "Running":
        """The same with a month planned anew: only rows of that month that nobody wrote into are replaced.

        What a list said between the end of a month and its report is not planned a second time; `listed` has
        what stood on those lists, customer and kind, also of an earlier month's plan.
        """
        kept = [row for row in self.rows if row.month != month or row.is_kept]
        settled = {row.customer for row in kept if row.month == month}
        lists = [row for row in self.rows if row.is_of_list and _month_of(row).startswith(month)]
        said = {*((row.customer, row.kind) for row in lists), *listed}
        fresh = [
            row
            for row in planned
            if row.customer not in settled
            and row.key not in self.taken_out
            and (row.customer, row.kind) not in said
        ]
        every = sorted([*fresh, *kept], key=lambda row: row.cells.get("due_on", ""))
        others = tuple((row, on) for row, on in self.drawn_out if row.month != month)
        return replace(self, rows=tuple(sorted(every, key=_month_of, reverse=True)), drawn_out=others)

    def marked(self, marks: Marks, by: str) -> "Running":
        """The same with what became of touches, by `Row.touch`, and what says so; "" takes a mark away.

        A row that has the same mark already keeps who said so first.
        """
        return replace(self, rows=tuple(_marked(row, marks.get(row.touch), by) for row in self.rows))

    def superseded(self, month: str, listed: Collection[tuple[str, str]], by: str) -> "Running":
        """The same in which the plan of a month takes the place of what is open of the months before it.

        Not of what a list said since that month's end, nor of what the owner put off or worded otherwise.
        """
        marks = {
            row.touch: SUPERSEDED
            for row in self.rows
            if row.month
            and _month_of(row)[:7] < month
            and not row.is_reworded
            and "done_on" not in row.cells
            and (row.customer, row.kind) not in listed
        }
        return self.marked(marks, by)

    def by_lot(self, drawn: Lots) -> "Running":
        """The same, in which the open touches that a lot took stand apart."""
        takes = [
            drawn.drawn_out_on(row.customer, row.begins_on)
            if row.kind == PLAY and row.month and not row.is_filled
            else None
            for row in self.rows
        ]
        pairs = list(zip(self.rows, takes, strict=True))
        taken = [(row, on) for row, on in pairs if on is not None]
        kept = tuple(row for row, on in pairs if on is None)
        return replace(self, rows=kept, drawn_out=(*self.drawn_out, *taken))

    def before_draws_after(self, day: dt.date) -> tuple[Row, ...]:
        """The rows, with those that a lot of after a day took."""
        return (*self.rows, *(row for row, on in self.drawn_out if on > day))


def _marked(row: Row, mark: str | None, by: str) -> Row:
    before = row.cells.get(SINCE_THEN, "")
    if mark is None or (mark and before.startswith(f"{mark} (")):
        return row
    cells = {name: text for name, text in row.cells.items() if name != SINCE_THEN}
    return replace(row, cells={**cells, SINCE_THEN: f"{mark} ({by})"} if mark else cells)


def _month_of(row: Row) -> str:
    """The month whose plan it belongs to; a list follows the plan of the month before it."""
    if row.is_of_list:
        plan = calendar.months_after(dt.date.fromisoformat(row.month), -1)
        return f"{plan:%Y-%m} {row.month}"
    return row.month or min((row.cells[name][:7] for name in DAYS if row.cells.get(name)), default="")


def refuse_open(out: Path) -> None:
    """Raise InputError where a spreadsheet has the plan open: what it holds unsaved would be lost."""
    marks = [mark for mark in OPEN_MARKS if (out / mark).exists()]
    if marks:
        raise InputError(
            f"{XLSX} or {CSV} in {out.name} is open in a spreadsheet. Save and close it, then start again. "
            f"If nothing has it open, remove the file {marks[0]}."
        )
    for path in (out / name for name in FILES if (out / name).exists()):
        try:
            path.open("r+b").close()
        except PermissionError:
            raise InputError(
                f"{path.name} in {out.name} is locked. Close the program that has it open, then start again."
            ) from None


def read(out: Path, date_order: str = "") -> Running:
    """The plan beside the reports, with what its owner changed since a report wrote it; empty without one.

    A run that writes meanwhile changes its record before the two files and after them; they are read again
    then.

    Raises InputError where a file cannot be read, where one of its columns is missing, and where the two
    files contradict each other.
    """
    while True:
        record = _content(out / WRITTEN)
        found = _as_it_stands(out, date_order)
        if _content(out / WRITTEN) == record:
            return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # none yet; or one that nobody can read, which is said where it is read
        return b""


def _as_it_stands(out: Path, date_order: str) -> Running:
    base = _as_written(out / WRITTEN)
    found: dict[str, list[_Pair]] = {}
    digests: dict[str, list[str]] = {}
    columns = list(base.columns)
    for name in FILES:
        path = out / name
        if not path.exists():
            continue
        digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        digests[name] = [digest]
        if digest in base.digests.get(name, ()):
            found[name] = [(place, row.cells) for place, row in enumerate(base.rows)]
            continue
        own, cells = _cells_of(path, date_order)
        columns += [column for column in own if column not in columns]
        found[name] = _matched(base.rows, cells)
    rows, taken_out = _together(base, found)
    return replace(base, rows=rows, taken_out=taken_out, columns=tuple(columns), digests=digests)


def business_of(out: Path) -> str:
    """Whose plan lies beside the reports; "" for none. Raises InputError where it cannot be read."""
    return _as_written(out / WRITTEN).business


def _as_written(path: Path) -> Running:
    """What a report wrote last; empty where none did."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Running(
            business=record["business"],
            rows=tuple(map(_row, record["rows"])),
            taken_out=frozenset((customer, month) for customer, month in record["taken_out"]),
            drawn_out=tuple(
                (_row(one), dt.date.fromisoformat(one["drawn_out_on"])) for one in record.get("drawn_out", ())
            ),
            columns=tuple(record["columns"]),
            digests=record["digests"],
        )
    except FileNotFoundError:
        return Running()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            f"{path.name} in {path.parent.name} cannot be read; a report wrote it last. Remove it, "
            f"and every row of {XLSX} counts as your own."
        ) from None


def as_record(running: Running) -> str:
    """What is remembered beside the files."""
    record = {
        "business": running.business,
        "columns": list(running.columns),
        "digests": dict(running.digests),
        "taken_out": sorted(running.taken_out),
        "rows": [_row_as_record(row) for row in running.rows],
        "drawn_out": [{**_row_as_record(row), "drawn_out_on": str(on)} for row, on in running.drawn_out],
    }
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def _row(record: Mapping[str, Any]) -> Row:
    return Row(record["month"], record["kind"], record["cells"], record.get("reworded", False))


def _row_as_record(row: Row) -> dict[str, object]:
    marked = {"reworded": True} if row.is_reworded else {}
    return {"month": row.month, "kind": row.kind, "cells": dict(row.cells), **marked}


# --- one file --------------------------------------------------------------------------------------


def _cells_of(path: Path, date_order: str) -> tuple[list[str], list[Cells]]:
    """The owner's own columns of a file, and the cells of every row by column."""
    try:
        header, lines = _lines(path)
    except Unreadable as broken:
        raise InputError(f"{path.name}: {broken.what}. {broken.way_out}") from None
    names = _noted(_columns(path.name, header), lines)
    raw = [{name: cell for name, cell in zip(names, line, strict=False) if name and cell} for line in lines]
    days = [str(row[name]) for row in raw for name in DAYS if name in row]
    order = date_order or written.order_shown_by(days)
    rows: list[Cells] = [
        {name: _cell(name, value, order) for name, value in row.items()} for row in raw if row
    ]
    return [name for name in names if name and name not in HEADINGS], rows


def _lines(path: Path) -> tuple[list[str], list[list[str | None]]]:
    if path.suffix == ".xlsx":
        first, *others = [cells for _, cells in sheet(path, "plan")]
        return [cell or "" for cell in first], others
    header, delimiter = csv_header(path)
    return header, [list(cells) for _, cells in records(path, delimiter)]


def _columns(file: str, header: Sequence[str]) -> list[str]:
    """What each column of a file is: one of HEADINGS, by its heading or its place, or the owner's own."""
    keys = [key for key in HEADINGS if key != SINCE_THEN]
    known = {_plain(words): key for key, words in HEADINGS.items()} | {_plain(key): key for key in HEADINGS}
    names = [known.get(_plain(cell), cell.strip()) for cell in header]
    if not all(names[: len(keys)]) and not set(names) & set(keys):  # a title, or nothing
        raise InputError(
            f"{file}: its first row does not hold the headings ({HEADINGS['customer_id']}, "
            f"{HEADINGS['action']}, …). Put them there again; nothing was changed."
        )
    for key in [key for key in keys if key not in names]:
        place = keys.index(key)
        if len(names) > place and names[place] not in HEADINGS:  # its heading was renamed
            names[place] = key
    lost = [HEADINGS[key] for key in ("customer_id", *FILLED) if key not in names]
    if lost:
        raise InputError(
            f"{file}: the column “{lost[0]}” is missing. Give its heading that name again; nothing was "
            "changed."
        )
    twice = [name for name, many in Counter(name for name in names if name).items() if many > 1]
    if twice:
        told = HEADINGS.get(twice[0], twice[0])
        raise InputError(
            f"{file}: the column “{told}” stands twice. Rename or remove one; nothing was changed."
        )
    return names


def _noted(names: Sequence[str], lines: Sequence[Sequence[str | None]]) -> list[str]:
    """The columns, with a heading for those that have none and hold something."""
    widest = max(map(len, lines), default=0)
    found = [*names, *[""] * (widest - len(names))]
    for place in [place for place, name in enumerate(found) if not name]:
        if any(line[place] for line in lines if len(line) > place):
            nth = (NOTE if one == 1 else f"{NOTE} {one}" for one in count(1))
            found[place] = next(name for name in nth if name not in found)
    return found


def _plain(heading: str) -> str:
    return "_".join(heading.lower().replace("-", " ").split())


def _cell(name: str, value: str, date_order: str) -> str:
    """A cell as a text: a day in ISO 8601 where it can be read."""
    if name in DAYS:
        said = value.day if isinstance(value, Number) else value
        read_as = written.instant(said, date_order)
        return read_as[:10] if read_as else said.strip()
    return bare_cell("\n".join(value.splitlines())).strip()


# --- against what was written ----------------------------------------------------------------------


def _matched(base: Sequence[Row], rows: Sequence[Cells]) -> list[_Pair]:
    """Each row of a file with the place of the row that the report wrote; None where it wrote none.

    The row that says the same; else by customer and day, by customer and month, by customer alone, since an
    owner may put a day off. A spreadsheet that took the zeros off an id is forgiven, and in a row of their
    own the owner may name another customer.
    """
    left: dict[str, list[int]] = {}
    for place, row in enumerate(base):
        left.setdefault(row.customer, []).append(place)
    shortened = {who.lstrip("0"): places for who, places in left.items() if who.isdigit()}
    left = shortened | left
    own = [place for place, row in enumerate(base) if row.kind == OWN]
    free, found = set(range(len(base))), dict[int, int]()
    for is_it, is_of_customer in _IN_TURN:
        for nth, cells in enumerate(rows):
            places = left.get(cells.get("customer_id", ""), []) if is_of_customer else own
            fit = (one for one in places if one in free and is_it(base[one].cells, cells))
            if nth not in found and (at := next(fit, None)) is not None:
                found[nth] = at
                free.remove(at)
    return [
        (place, cells if place is None else _dated(base[place], cells))
        for nth, cells in enumerate(rows)
        for place in [found.get(nth)]
    ]


def _says_the_same(before: Cells, now: Cells) -> bool:
    """Whether a row is the same but for its facts."""
    one, other = (
        {name: text.split() for name, text in cells.items() if name not in FACTS} for cells in (before, now)
    )
    return one == other


def _is_due_alike(before: Cells, now: Cells, letters: int) -> bool:
    return before.get("due_on", "")[:letters] == now.get("due_on", "")[:letters]


_IN_TURN: Sequence[tuple[Callable[[Cells, Cells], bool], bool]] = (
    (_says_the_same, True),
    *((partial(_is_due_alike, letters=many), True) for many in (10, 7, 0)),  # of the day, its month, nothing
    (_says_the_same, False),  # a row of the owner's own, for another customer
)


def _dated(row: Row, cells: Cells) -> Cells:
    """The cells with the day in the one order of day and month in which it was done after it was planned."""
    said = cells.get("done_on", "")
    if not written.is_ambiguous(said):
        return cells
    read_as = {found[:10] for order in written.ORDERS if (found := written.instant(said, order))}
    after = [day for day in read_as if day >= row.begins_on.isoformat()]
    return {**cells, "done_on": after[0]} if len(after) == 1 else cells


def _together(
    base: Running, found: Mapping[str, Sequence[_Pair]]
) -> tuple[tuple[Row, ...], frozenset[tuple[str, str]]]:
    """The rows of both files as one, and what was taken out."""
    sides = [{place: cells for place, cells in pairs if place is not None} for pairs in found.values()]
    months = [{base.rows[place].month for place in side} for side in sides]
    rows: list[Row] = []
    taken_out = set(base.taken_out)
    clashes: list[str] = []
    for place, row in enumerate(base.rows):
        missing = [place not in side and row.month in seen for side, seen in zip(sides, months, strict=True)]
        cells, clash = _merged(row, [side[place] for side in sides if place in side])
        clashes += clash
        is_reworded = any(cells.get(name) != row.cells.get(name) for name in WORDED)
        merged = replace(row, cells=cells, is_reworded=row.is_reworded or is_reworded)
        if (any(missing) and not merged.is_filled) or (missing and all(missing)):
            taken_out.add(row.key)
        else:
            rows.append(merged)
    if clashes:
        raise InputError(
            f"{XLSX} and {CSV} say different things in {plural(len(clashes), 'cell')} (first: {clashes[0]}). "
            "Make them the same, or remove one of the two files; nothing was changed."
        )
    added = [cells for pairs in found.values() for place, cells in pairs if place is None]
    return (*rows, *_own(added)), frozenset(taken_out)


def _merged(row: Row, there: Sequence[Cells]) -> tuple[Cells, list[str]]:
    """A row's cells with what was changed in a file, and those in which the files contradict each other."""
    base, facts = row.cells, () if row.kind == OWN else FACTS
    names = dict.fromkeys([*base, *(name for cells in there for name in cells)])
    merged, clashes = dict(base), []
    for name in names:
        before = base.get(name, "")
        said = [cells.get(name, "") for cells in there] if name not in facts else []
        changed = {text for text in said if text.split() != before.split() and _may_be(name, text)}
        if any(said):
            changed.discard("")  # emptied in one of the files only
        if len(changed) > 1:
            told = " and ".join(sorted(changed))
            clashes.append(f"customer {base.get('customer_id', '')}, {HEADINGS.get(name, name)}: {told}")
        elif changed:
            merged[name] = changed.pop()
    return {name: text for name, text in merged.items() if text}, clashes


def _may_be(name: str, text: str) -> bool:
    """A touch is due on a day: what is none was written by a program, not by the owner."""
    return name != "due_on" or written.instant(text) is not None


def _own(added: Iterable[Cells]) -> list[Row]:
    """The owner's own rows; one that stands in both files alike is one."""
    own: list[Row] = []
    for cells in added:
        row = Row("", OWN, dict(cells))
        if row not in own:
            own.append(row)
    return own

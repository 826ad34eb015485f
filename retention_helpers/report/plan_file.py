"""Writes the running plan beside the reports: `plan.xlsx` and `plan.csv`, each whole or not at all.

What they were read with and what is written is remembered first (`.plan.json`), then the two files are
renamed into place. A run that dies in between leaves a file as it was; the next one knows by its digest that
what its owner wrote into it was taken over already.
"""

import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from filelock import FileLock, Timeout
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from retention_helpers.business.identity import Identity
from retention_helpers.gate import day_lists, lots, running_plan
from retention_helpers.gate.running_plan import (
    CSV,
    DAYS,
    HEADINGS,
    LOCK,
    SINCE_THEN,
    WRITTEN,
    XLSX,
    Marks,
    Row,
    Running,
)
from retention_helpers.shown.workbooks import as_bytes, new_sheet, stored
from retention_helpers.words import formats
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import count
from retention_helpers.words.safe import written_csv
from retention_helpers.words.written import EXACT_AMOUNT

PATIENCE = 60  # seconds that one report waits for another that writes the plan
WIDTHS = {
    "customer_id": 14, "action": 30, "due_on": 12, "mrr": 10, "currency": 9, "why": 44, "message": 60,
    "email": 30, "phone": 16, "leaves_on": 12, "done_on": 12, "done_by": 14, "outcome": 30,
    "since_then": 44,
}  # fmt: skip
OWN_WIDTH = 20
SHEET = "plan"
NO_MARKS: Marks = {}
_DAY_FORMAT, _AMOUNT_FORMAT, _TEXT_FORMAT = "yyyy-mm-dd", "#,##0.00", "@"


def planned_rows(path: Path, month: str) -> list[Row]:
    """The rows that a notebook left for the plan of a month."""
    return rows_of(month, json.loads(path.read_text(encoding="utf-8")))


def rows_of(month: str, found: Sequence[Mapping[str, str]]) -> list[Row]:
    """Rows of the plan of a month, or of the list of a day, from their cells."""
    return [
        Row(month, one["kind"], {name: text for name, text in one.items() if name != "kind"}) for one in found
    ]


def refuse_other_business(out: Path, identity: Identity, sample: Callable[[], Identity]) -> None:
    """Raise InputError where the plan beside the reports is another business's; the sample's is nobody's.

    What was filled in of the sample's plan is not thrown away either.
    """
    plan = running_plan.read(out)
    if not plan.business or identity.is_of(plan.business):
        return
    if not sample().is_of(plan.business):
        raise InputError(
            f"{XLSX} in {out.name} is the plan of another business ({plan.business}). Name another folder: "
            "OUT=…"
        )
    if any(row.is_kept for row in plan.rows):
        raise InputError(
            f"{XLSX} in {out.name} is the plan of the sample, and you wrote into it. Remove {XLSX}, {CSV} "
            f"and {WRITTEN}, or name another folder: OUT=…"
        )


def renew(
    out: Path,
    identity: Identity,
    date_order: str,
    month: str,
    planned: Sequence[Row],
    marks: Marks = NO_MARKS,
) -> None:
    """Put the rows of a month, or a day's list, into the running plan: what its owner wrote into stays.

    Whom a lot drew out has no open touch of its play, also none that an earlier month or a list brought. A
    month's plan takes the place of what is open of the months before it, and *Since then* says so; `marks` is
    what a list has to say there, by `Row.touch`.

    Raises InputError, and changes nothing, where a file cannot be read or replaced.
    """
    with _alone(out):
        running_plan.refuse_open(out)
        before = running_plan.read(out, date_order)
        if before.business and not identity.is_of(before.business):  # the sample's, unfilled
            before = Running(digests=before.digests)
        drawn = lots.read_lots(out)
        after = _planned_anew(out, identity, before, month, planned)
        after = after.marked(marks, f"list of {formats.day(month)}") if marks else after
        after = after.by_lot(drawn) if identity.is_of(drawn.business) else after
        _write(out, replace(after, business=identity.mark))


def _planned_anew(
    out: Path, identity: Identity, before: Running, month: str, planned: Sequence[Row]
) -> Running:
    if _is_day(month):
        return before.with_month(month, planned)
    listed = day_lists.said_before(day_lists.read(out, identity.is_of), month)
    by = f"report of {formats.month(month)}"
    return before.with_month(month, planned, listed).superseded(month, listed, by)


def _is_day(month: str) -> bool:
    """Whether it names the list of a day."""
    return len(month) > len("2026-10")


def freeze(out: Path, identity: Identity, drawn: str) -> None:
    """Add what a lot drew to the draws beside the plan; a day that was drawn before stays as it was."""
    new = lots.from_record(drawn)
    with _alone(out):
        before = lots.read_lots(out)
        if not identity.is_of(before.business):
            before = replace(new, drawn={})
        after = replace(before, drawn={**new.drawn, **before.drawn})
        _replace(out, {lots.FILE: lots.as_record(after).encode("utf-8")})


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """While nobody else writes the plan."""
    try:
        with FileLock(out / LOCK, timeout=PATIENCE):
            yield
    except Timeout:
        raise InputError(
            f"Another run has been writing {XLSX} in {out.name} for longer than {count(PATIENCE)} seconds. "
            "Wait until it is done, or stop it, and start again."
        ) from None


def _write(out: Path, plan: Running) -> None:
    made = {XLSX: _workbook(plan, out / XLSX), CSV: _csv(plan)}
    written = {name: [_digest(content)] for name, content in made.items()}
    either = {name: [*plan.digests.get(name, ()), *digests] for name, digests in written.items()}
    _replace(out, {WRITTEN: _record(plan, either), **made})
    _replace(out, {WRITTEN: _record(plan, written)})  # both are in place: as they were read is over


def _record(plan: Running, digests: Mapping[str, Sequence[str]]) -> bytes:
    return running_plan.as_record(replace(plan, digests=digests)).encode("utf-8")


def _replace(out: Path, contents: Mapping[str, bytes]) -> None:
    """Put files into place, one after the other, each whole."""
    with _beside(out, contents) as parts:
        for name, part in parts.items():
            try:
                os.replace(part, out / name)
            except PermissionError:
                raise InputError(
                    f"{name} in {out.name} is open in another program and was not renewed. Close it, and "
                    "make the report again: nothing that you wrote is lost."
                ) from None


@contextmanager
def _beside(out: Path, contents: Mapping[str, bytes]) -> Iterator[dict[str, Path]]:
    """Every file written whole beside its place, and gone afterwards."""
    parts = {name: out / f".{name.lstrip('.')}.new" for name in contents}
    try:
        for name, part in parts.items():
            with part.open("wb") as file:
                file.write(contents[name])
                file.flush()
                os.fsync(file.fileno())
        yield parts
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _columns(plan: Running) -> list[str]:
    return [*HEADINGS, *plan.columns]


def _headings(plan: Running) -> list[str]:
    return [HEADINGS.get(name, name) for name in _columns(plan)]


def _csv(plan: Running) -> bytes:
    rows = [[row.cells.get(name, "") for name in _columns(plan)] for row in plan.rows]
    return written_csv(pd.DataFrame(rows, columns=_headings(plan), dtype="object")).encode("utf-8-sig")


def _empty_sheet(before: Path) -> tuple[openpyxl.Workbook, Worksheet]:
    """An empty plan, in the workbook of before where its owner has sheets of their own in it."""
    book = openpyxl.load_workbook(before) if before.exists() else openpyxl.Workbook()
    old = next((one for one in book.worksheets if one.title.strip().lower() == SHEET), None)
    if old is None or len(book.worksheets) == 1:
        return new_sheet(SHEET)
    place = book.index(old)
    book.remove(old)
    sheet = book.create_sheet(SHEET, place)
    sheet.freeze_panes = "A2"
    book.active = sheet
    return book, sheet


def _workbook(plan: Running, before: Path) -> bytes:
    """Days and amounts as such, texts as texts, which no spreadsheet runs."""
    book, sheet = _empty_sheet(before)
    names = _columns(plan)
    sheet.append(_headings(plan))
    for place, name in enumerate(names, start=1):
        head = sheet.cell(1, place)
        head.font = Font(bold=True)
        head.data_type = "s"
        sheet.column_dimensions[get_column_letter(place)].width = WIDTHS.get(name, OWN_WIDTH)
    styles: dict[str, StyleArray] = {}  # put together once: the workbook goes through all for each set anew
    for nth, row in enumerate(plan.rows, start=2):
        for place, name in enumerate(names, start=1):
            cell = sheet.cell(nth, place, _value(name, row.cells.get(name, "")))
            if name not in styles:
                styles[name] = _styled(cell, name)
            cell._style = copy(styles[name])
            if isinstance(cell.value, str):
                cell.data_type = "s"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}{max(len(plan.rows), 1) + 1}"
    return as_bytes(book)


def _styled(cell: Cell, name: str) -> StyleArray:
    """How the cells of a column look."""
    cell.number_format = _format(name)
    cell.alignment = Alignment(vertical="top", wrap_text=name in ("why", "message", "outcome", SINCE_THEN))
    return cell._style  # type: ignore[attr-defined,no-any-return]


def _format(name: str) -> str:
    if name in DAYS:
        return _DAY_FORMAT
    return _AMOUNT_FORMAT if name == "mrr" else _TEXT_FORMAT


def _value(name: str, text: str) -> Any:
    """A cell's value: a day or an amount where it is one, else the text; empty is empty."""
    if not text:
        return None
    if name in DAYS:
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return stored(text)
    is_amount = name == "mrr" and re.fullmatch(EXACT_AMOUNT, text)
    return stored(Decimal(text) if is_amount else text)

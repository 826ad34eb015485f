"""Workbooks that a spreadsheet opens without running anything, and that are the same for the same rows."""

import datetime as dt
import io
import numbers
import re
import zipfile
from decimal import Decimal

import numpy as np
import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet.worksheet import Worksheet

CUT = " … (the CSV holds the rest)"
MOST_IN_A_CELL = 32_767  # letters; a spreadsheet refuses more
UNDATED = dt.datetime(2000, 1, 1)
_HOURS = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def new_sheet(title: str) -> tuple[openpyxl.Workbook, Worksheet]:
    """An empty workbook with one sheet, whose header will stay in view."""
    book = openpyxl.Workbook(write_only=False)
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    sheet.freeze_panes = "A2"
    return book, sheet


def as_bytes(book: openpyxl.Workbook) -> bytes:
    """The file of a workbook without the hour at which it was made, which stands in it in several places."""
    book.properties.created = book.properties.modified = UNDATED
    buffer = io.BytesIO()
    book.save(buffer)
    made = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _HOURS.sub(UNDATED.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), content)
            undated = zipfile.ZipInfo(entry.filename, UNDATED.timetuple()[:6])
            undated.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(undated, content)
    return made.getvalue()


def stored(value: object) -> str | int | float | dt.date:
    """A value as a spreadsheet knows it; control signs, which it refuses, become spaces."""
    if isinstance(value, dt.date):
        return dt.date.fromisoformat(value.isoformat()[:10])
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal | float | np.floating):
        return float(value)
    text = ILLEGAL_CHARACTERS_RE.sub(" ", str(value))
    return text if len(text) <= MOST_IN_A_CELL else text[: MOST_IN_A_CELL - len(CUT)] + CUT

"""Workbooks that a spreadsheet opens without running anything, and that are the same for the same rows."""

import datetime as dt
import io
import re
import zipfile

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

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

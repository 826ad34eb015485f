"""Lists of customers to act on: CSV and XLSX files that a spreadsheet opens without running anything.

They are written only when a report runs, to the folder `actions` beside the notebook's findings, and are
the only place where personal columns may go.
"""

import csv
import datetime as dt
import io
import numbers
import re
import unicodedata
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from retention_helpers.business import Business
from retention_helpers.gate.setting_aside import FOLDER, UNMATCHED, list_of, set_aside
from retention_helpers.words import formats

_FORMULA_STARTS = "=+-@"
_LINE_STARTS = "\t\r\n"
CUT = " … (the CSV holds the rest)"
UNDATED = dt.datetime(2000, 1, 1)
MOST_IN_A_CELL = 32_767  # letters; a spreadsheet refuses more
_HOURS = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _starts_a_formula(text: str) -> bool:
    """Whether a spreadsheet may take it for one: after blanks of any kind, in half- or full-width letters."""
    for place, sign in enumerate(text):
        if not sign.isspace() and unicodedata.category(sign)[0] not in "ZC":
            return unicodedata.normalize("NFKC", text[place])[:1] in _FORMULA_STARTS
    return False


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula.

    A text that would start one gets an apostrophe in front; numbers are left alone.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell(-5), safe_cell("A-1")
    ("'=HYPERLINK(1)", '-5', 'A-1')
    """
    if formats.is_missing(value):
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if not isinstance(value, str):
        return str(value)
    risky = _starts_a_formula(value) or (value.strip() and value[0] in _LINE_STARTS)
    return f"'{value}" if risky else value


def listed_customers(path: Path) -> set[str]:
    """The customers of a list that was handed on; empty where the owner removed it."""
    if not path.exists():
        return set()
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [row["customer_id"] for row in csv.DictReader(file)]
    return {cell[1:] if cell == safe_cell(cell[1:]) else cell for cell in cells}


def hand_on_list(findings_to: str, name: str, frame: pd.DataFrame) -> None:
    """Write a list to `actions/NAME.csv` and `actions/NAME.xlsx` beside the notebook's findings.

    Nothing is written outside a report, nor for a list without customers.
    """
    if not findings_to or frame.empty:
        return
    folder = Path(findings_to).parent / "actions"
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(folder / f"{name}.csv", frame)
    _write_xlsx(folder / f"{name}.xlsx", frame)


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow([safe_cell(column) for column in frame.columns])
        writer.writerows([safe_cell(value) for value in row] for row in frame.itertuples(index=False))


def _write_xlsx(path: Path, frame: pd.DataFrame) -> None:
    """Texts are stored as texts, which no spreadsheet runs; the same list makes the same file."""
    book = openpyxl.Workbook(write_only=False)
    sheet = book.active
    assert sheet is not None
    sheet.title = "customers"
    sheet.freeze_panes = "A2"
    rows = [tuple(frame.columns), *frame.itertuples(index=False, name=None)]
    for nth, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(nth, place, None if formats.is_missing(value) else _stored(value))
            if isinstance(cell.value, str):
                cell.data_type = "s"
            cell.font = Font(bold=nth == 1)
    book.properties.created = book.properties.modified = UNDATED
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(_undated(buffer.getvalue()))


def _stored(value: object) -> str | int | float | dt.date:
    """A value as a spreadsheet knows it; control signs, which it refuses, become spaces."""
    if isinstance(value, dt.date):
        return dt.date.fromisoformat(value.isoformat()[:10])
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal | float | np.floating):
        return float(value)
    text = ILLEGAL_CHARACTERS_RE.sub(" ", str(value))
    return text if len(text) <= MOST_IN_A_CELL else text[: MOST_IN_A_CELL - len(CUT)] + CUT


def _undated(book: bytes) -> bytes:
    """The same archive without the hour at which it was made, which stands in it in several places."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _HOURS.sub(UNDATED.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), content)
            undated = zipfile.ZipInfo(entry.filename, UNDATED.timetuple()[:6])
            undated.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(undated, content)
    return made.getvalue()


def hand_on_set_aside(findings_to: str, business: Business) -> None:
    """Write the rows that were set aside to `actions/set_aside_TABLE.csv`, as the files have them."""
    if findings_to:
        write_set_aside(Path(findings_to).parent / "actions", business.kept)


def write_set_aside(folder: Path, kept: Path) -> list[Path]:
    """Write the rows that a reading set aside, or could not match, a file a table and kind.

    Each row with its place and the reason.
    """
    written = []
    for kind in (FOLDER, UNMATCHED):
        for table, rows in set_aside(kept, kind):
            folder.mkdir(parents=True, exist_ok=True)
            written.append(folder / f"{list_of(table, kind)}.csv")
            _write_csv(written[-1], rows)
    return written


def with_contact(business: Business, frame: pd.DataFrame) -> pd.DataFrame:
    """The list with the personal columns (name, e-mail, …) beside the id, where the owner brought them."""
    customers = business.table("customers")
    known = list(business.attributes.personal)
    if not known or frame.empty:
        return frame
    wanted = customers.filter(customers.customer_id.isin(list(frame["customer_id"])))
    people = wanted.select("customer_id", *known).execute().drop_duplicates("customer_id")
    joined = frame.drop(columns=[c for c in known if c in frame.columns]).merge(
        people, on="customer_id", how="left"
    )
    others = [column for column in joined.columns if column not in ("customer_id", *known)]
    return joined[["customer_id", *known, *others]]

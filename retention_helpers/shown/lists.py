"""Lists of customers to act on: CSV and XLSX files that a spreadsheet opens without running anything.

They are written only when a report runs, to the folder `actions` beside the notebook's findings, and are
the only place where personal columns may go.
"""

from pathlib import Path

import pandas as pd
from openpyxl.styles import Font

from retention_helpers.business import Business
from retention_helpers.business.people import rows_of
from retention_helpers.gate.setting_aside import KINDS, list_of, set_aside
from retention_helpers.shown.workbooks import as_bytes, new_sheet, stored
from retention_helpers.words import formats
from retention_helpers.words.safe import write_csv


def hand_on_list(findings_to: str, name: str, frame: pd.DataFrame) -> None:
    """Write a list to `actions/NAME.csv` and `actions/NAME.xlsx` beside the notebook's findings.

    Nothing is written outside a report, nor for a list without customers.
    """
    if not findings_to or frame.empty:
        return
    folder = Path(findings_to).parent / "actions"
    folder.mkdir(parents=True, exist_ok=True)
    write_list(folder, name, frame)


def write_list(folder: Path, name: str, frame: pd.DataFrame) -> None:
    """Write a list to `NAME.csv` and `NAME.xlsx` of a folder."""
    write_csv(folder / f"{name}.csv", frame)
    _write_xlsx(folder / f"{name}.xlsx", frame)


def _write_xlsx(path: Path, frame: pd.DataFrame) -> None:
    """Texts are stored as texts, which no spreadsheet runs; the same list makes the same file."""
    book, sheet = new_sheet("customers")
    rows = [tuple(frame.columns), *frame.itertuples(index=False, name=None)]
    for nth, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(nth, place, None if formats.is_missing(value) else stored(value))
            if isinstance(cell.value, str):
                cell.data_type = "s"
            if nth == 1:
                cell.font = Font(bold=True)
    path.write_bytes(as_bytes(book))


def hand_on_set_aside(findings_to: str, business: Business) -> None:
    """Write the rows that were set aside to `actions/set_aside_TABLE.csv`, as the files have them."""
    if findings_to:
        write_set_aside(Path(findings_to).parent / "actions", business.kept)


def write_set_aside(folder: Path, kept: Path) -> list[Path]:
    """Write the rows that a reading set aside, could not match, or found twice, a file a table and kind.

    Each row with its place and the reason.
    """
    written = []
    for kind in KINDS:
        for table, rows in set_aside(kept, kind):
            folder.mkdir(parents=True, exist_ok=True)
            written.append(folder / f"{list_of(table, kind)}.csv")
            write_csv(written[-1], rows)
    return written


def with_contact(business: Business, frame: pd.DataFrame) -> pd.DataFrame:
    """The list with the personal columns (name, e-mail, …) beside the id, where the owner brought them."""
    known = list(business.attributes.personal)
    if not known or frame.empty:
        return frame
    wanted = rows_of(business.table("customers"), frame["customer_id"])
    people = wanted.select("customer_id", *known).execute().drop_duplicates("customer_id")
    joined = frame.drop(columns=[c for c in known if c in frame.columns]).merge(
        people, on="customer_id", how="left"
    )
    others = [column for column in joined.columns if column not in ("customer_id", *known)]
    return joined[["customer_id", *known, *others]]

"""A workbook to fill in: a sheet a table, a filled example row, drop-downs where only some words will do."""

from pathlib import Path

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from retention_helpers.contract.tables import REASONS, REQUIRED_TABLES, TABLES, Column, Table
from retention_helpers.sources.spreadsheet.sheets import EXAMPLE
from retention_helpers.words.commands import command, report_on
from retention_helpers.words.errors import InputError

README = "Read me"
LAST_ROW = 5000  # up to which drop-downs reach
ATTRIBUTES = ("industry", "company_size", "country", "acquisition_channel", "name", "email")
_INTERVALS = ("month", "year")
_REQUIRED = PatternFill("solid", start_color="DCEBF0")
_GREY = Font(italic=True, color="666666")

_LINES = (
    ("Fill in a row a customer on sheet customers, and a row a subscription on sheet subscriptions.", True),
    ("The other sheets are optional; each adds an answer. Leave empty what you do not have.", False),
    ("Blue columns must be filled. The grey row with EXAMPLE shows how; it is never read.", False),
    ("Days like 2026-03-05, or as your spreadsheet shows dates.", False),
    ("Amounts are a month's: divide a year's by twelve.", False),
    ("A change of price or plan is a new row: end the old one on the day when the new one starts.", False),
    ("ended_at is the day on which service ended; it stays empty while the subscription goes on.", False),
    (f"Then: {command('import spreadsheet THIS_FILE.xlsx --out data/mine')}", False),
    (f"and: {report_on('data/mine')}", False),
)  # fmt: skip

_MEANINGS = {
    "customer_id": "The same id on every sheet; one that names nobody is best.",
    "signed_up_at": "When the account was made.",
    "started_at": "The first day at this plan and price.",
    "ended_at": "The day on which service ended; empty while it goes on.",
    "mrr": "The amount a month, such as 49.90; a year's price divided by twelve.",
    "canceled_at": "When the customer asked to cancel, or you gave up collecting.",
    "reason": "What the customer said; other words than those of the list are possible.",
    "kind": "voluntary: the customer's choice; involuntary: a payment that failed.",
    "score": "0 to 10: would you recommend us?",
}
_EXAMPLES: dict[str, str | float] = {
    "customer_id": f"{EXAMPLE}-1",
    "signed_up_at": "2026-01-05",
    "started_at": "2026-01-05",
    "ended_at": "2026-06-05",
    "mrr": 49.9,
    "plan": "team",
    "status": "active",
    "currency": "EUR",
    "interval": "month",
    "subscription_id": "S-1",
    "event": "login",
    "reason": "too_expensive",
    "comment": "We have too few projects for it.",
    "kind": "voluntary",
    "amount": 49.9,
    "sentiment": "negative",
    "text": "The export is slow.",
    "campaign": "spring",
    "score": 9,
    "channel": f"{EXAMPLE} search",
    "experiment": f"{EXAMPLE} onboarding_call",
    "arm": "control",
    "outcome": "done",
    "note": f"{EXAMPLE}: new prices",
    "group": "mailed",
    "industry": "design",
    "company_size": "2 to 5",
    "country": "DE",
    "acquisition_channel": "search",
    "name": "Ada Example",
    "email": "ada@example.com",
}
_OF_TABLE = {("payments", "status"): "failed", ("contacts", "kind"): "interview"}


def write_template(path: Path) -> None:
    """Write the workbook; raises InputError where a file is there already, or for another ending."""
    if path.suffix.lower() != ".xlsx":
        raise InputError(f"{path.name} should end in .xlsx, because the template is an Excel workbook.")
    if path.exists():
        raise InputError(f"{path} is there already. Move it away, or name another file.")
    book = openpyxl.Workbook()
    assert book.active is not None
    _write_readme(book.active)
    for name in [*REQUIRED_TABLES, *(name for name in TABLES if name not in REQUIRED_TABLES)]:
        _write_sheet(book.create_sheet(name), TABLES[name])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        book.save(path)
    except OSError as error:
        reason = (error.strerror or "it cannot be written").lower()
        raise InputError(f"{path} cannot be written ({reason}). Name another folder.") from None


def _write_readme(sheet: Worksheet) -> None:
    sheet.title = README
    sheet.column_dimensions["A"].width = 110
    for nth, (line, is_bold) in enumerate(_LINES, start=1):
        sheet.cell(nth, 1, line).font = Font(bold=is_bold)


def _write_sheet(sheet: Worksheet, table: Table) -> None:
    columns = [*table.columns, *(Column(name) for name in ATTRIBUTES if table.has_attributes)]
    for nth, column in enumerate(columns, start=1):
        letter = get_column_letter(nth)
        head = sheet.cell(1, nth, column.name)
        head.font = Font(bold=True)
        if column.filled or (table.name, column.name) == ("subscriptions", "mrr"):
            head.fill = _REQUIRED
        if column.name in _MEANINGS:
            head.comment = Comment(_MEANINGS[column.name], "template")
        sheet.cell(2, nth, _example(table, column)).font = _GREY
        sheet.column_dimensions[letter].width = 26 if column.name in ("comment", "text", "note") else 18
        _guide(sheet, column, letter)
    sheet.freeze_panes = "A2"


def _example(table: Table, column: Column) -> str | float:
    default = "2026-06-01" if column.kind == "instant" else ""
    return _OF_TABLE.get((table.name, column.name)) or _EXAMPLES.get(column.name, default)


def _guide(sheet: Worksheet, column: Column, letter: str) -> None:
    """Drop-downs and bounds for the cells of a column."""
    cells = f"{letter}2:{letter}{LAST_ROW}"
    words = column.choices or {"interval": _INTERVALS, "reason": REASONS}.get(column.name, ())
    if words:
        guide = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
        guide.showErrorMessage = bool(column.choices)  # other reasons are possible
        guide.error = f"One of: {', '.join(words)}"[:250]
    elif column.kind == "score":
        guide = DataValidation(
            type="whole", operator="between", formula1="0", formula2="10", allow_blank=True
        )
        guide.error = "A whole number from 0 to 10"
    elif column.kind == "money":
        guide = DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
        guide.error = "An amount such as 49.90"
    else:
        if column.kind == "instant":
            for (cell,) in sheet[f"{letter}2:{letter}200"]:
                cell.number_format = "yyyy-mm-dd"
        return
    sheet.add_data_validation(guide)
    guide.add(cells)

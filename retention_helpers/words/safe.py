"""Cells that no spreadsheet runs, and the one way in which rows go to a CSV file that people open."""

import csv
import datetime as dt
import io
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pandas as pd

from retention_helpers.words import formats
from retention_helpers.words.errors import InputError, of_the_disk

_FORMULA_STARTS = "=+-@"
_LINE_STARTS = "\t\r\n"


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
    if not isinstance(value, str):
        return exact_cell(value)
    risky = _starts_a_formula(value) or (value.strip() and value[0] in _LINE_STARTS)
    return f"'{value}" if risky else value


def exact_cell(value: object) -> str:
    """A value as a cell holds it, nothing added: a day in ISO 8601, an amount with all its decimals."""
    if formats.is_missing(value):
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def bare_cell(text: str) -> str:
    """The text of a cell that `safe_cell` wrote.

    >>> bare_cell("'=1"), bare_cell("'tis")
    ('=1', "'tis")
    """
    return text[1:] if text[:1] == "'" and text == safe_cell(text[1:]) else text


@contextmanager
def taken_away(path: Path | str) -> Iterator[Path]:
    """The place of a file that an analyst writes, ~ for home; InputError where none can be written there."""
    place = Path(path).expanduser()
    if place.is_dir():
        raise InputError(f"{place} is a folder. Name a file in it.")
    if not place.parent.is_dir():
        raise InputError(f"There is no folder {place.parent}. Make it, or name another.")
    try:
        yield place
    except OSError as error:
        raise InputError(of_the_disk(error)) from None


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write rows as people open them, with the mark that Excel needs."""
    path.write_text(written_csv(frame), encoding="utf-8-sig", newline="")


def written_csv(frame: pd.DataFrame) -> str:
    """Rows as the text of a CSV file: every cell quoted and safe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([safe_cell(column) for column in frame.columns])
    writer.writerows([safe_cell(value) for value in row] for row in frame.itertuples(index=False))
    return text.getvalue()

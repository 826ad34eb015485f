"""The files of a data folder, as they are: found, named, described, and searched for a line.

Nothing is parsed here but the form of a file: its delimiter, its header, its sheets.
"""

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from retention_helpers.contract import REQUIRED_TABLES, TABLES, Fault, message
from retention_helpers.errors import InputError, nearest
from retention_helpers.settings import EXPERIMENTS_FILE, SETTINGS_FILE

Form = Literal["csv", "parquet", "xlsx"]
ENDINGS: dict[str, Form] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}


@dataclass(frozen=True)
class Source:
    """One table's file, or folder of Parquet files."""

    table: str
    path: Path
    form: Form

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def files(self) -> list[Path]:
        return sorted(self.path.rglob("*.parquet")) if self.path.is_dir() else [self.path]


class Unreadable(Exception):
    """The form of a file is broken: what is wrong, and the way out."""

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(what)
        self.what, self.way_out = what, way_out


def _table_and_form(path: Path) -> tuple[str, Form] | None:
    name = path.name.lower()
    for ending, form in ENDINGS.items():
        if name.endswith(ending):
            return name.removesuffix(ending), form
    return None


def find_sources(folder: Path) -> tuple[dict[str, Source], list[Fault]]:
    """The file of each table of the contract, and what is wrong with the folder.

    A file of no table is a note with the nearest right name; two files of one table are a stop, for
    nobody can tell which of them counts. Raises InputError when there is no such folder.
    """
    if not folder.is_dir():
        known = "It is a file" if folder.is_file() else "There is no such folder"
        raise InputError(f"{folder}: {known}. DATA names the folder that holds customers.csv.")
    found: dict[str, Source] = {}
    faults: list[Fault] = []
    for path in sorted(folder.iterdir()):
        match = _table_and_form(path)
        if match is None:
            continue
        table, form = match
        if table not in TABLES:
            text = f"it is no table of the contract and was not read. {nearest(table, TABLES)}"
            faults.append(Fault("note", "", "unknown file", 0, f"{path.name}: {text}"))
        elif table in found:
            text = message(path.name, f"{found[table].name} holds the same table", "Keep one of the two.")
            faults.append(Fault("stop", table, "two files", 0, text))
        else:
            found[table] = Source(table, path, form)
    faults += [_missing(table, folder) for table in REQUIRED_TABLES if table not in found]
    return found, faults


def _missing(table: str, folder: Path) -> Fault:
    others = [path.name for path in sorted(folder.iterdir()) if _table_and_form(path)]
    there = f"The folder holds {', '.join(others)}." if others else "The folder holds no table."
    names = ", ".join(table + ending for ending in ENDINGS)
    text = message(table + ".csv", "the file is missing", f"{there} Add one of {names}.")
    return Fault("stop", table, "missing file", 0, text)


def described_by(folder: Path) -> list[Path]:
    """Every file that a report of this folder may depend on, in a stable order."""
    sources, _ = find_sources(folder)
    files = [file for source in sources.values() for file in source.files]
    choices = [folder / name for name in (SETTINGS_FILE, EXPERIMENTS_FILE)]
    return sorted(files + [path for path in choices if path.exists()])


def _open_text(path: Path) -> TextIO:
    raw = gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")
    return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")  # type: ignore[arg-type]


def csv_header(path: Path) -> tuple[list[str], str]:
    """The column names of a CSV file and its delimiter: a comma or a semicolon.

    Raises Unreadable when it is empty, cut off or not UTF-8.
    """
    try:
        with _open_text(path) as text:
            line = text.readline()
            delimiter = ";" if line.count(";") > line.count(",") else ","
            text.seek(0)
            names = next(csv.reader(text, delimiter=delimiter), [])
    except (UnicodeDecodeError, EOFError, OSError, csv.Error) as error:
        raise _broken(error) from None
    if not any(name.strip() for name in names):
        raise Unreadable("the file is empty", "Export it again, with its header line.")
    return names, delimiter


def _broken(error: Exception) -> Unreadable:
    if isinstance(error, UnicodeDecodeError):
        return Unreadable("the text is not UTF-8", "Save it as CSV UTF-8.")
    if isinstance(error, EOFError | OSError):
        return Unreadable("the file cannot be read to its end", "Export or copy it again.")
    return Unreadable(f"the file is not well-formed CSV ({error})", "Export it again.")


def records(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV file after its header, each with the line on which it ends.

    Slow and exact: for the search for a fault's line, where a quoted text may span lines.
    """
    with _open_text(path) as text:
        reader = csv.reader(text, delimiter=delimiter)
        next(reader, None)
        for record in reader:
            if record:
                yield reader.line_num, record


def csv_fault(path: Path, names: Sequence[str], delimiter: str) -> Unreadable:
    """Why a CSV file could not be read, with the line where it first goes wrong."""
    line = 1
    try:
        for line, record in records(path, delimiter):
            if len(record) != len(names):
                what = f"line {line} has {len(record)} values, the header has {len(names)}"
                return Unreadable(what, "Correct the line, or quote texts that hold the delimiter.")
    except (UnicodeDecodeError, EOFError, OSError, csv.Error) as error:
        broken = _broken(error)
        return Unreadable(f"{broken.what} (after line {line})", broken.way_out)
    return Unreadable("the file is not well-formed CSV", "Export it again.")


def line_of_row(source: Source, row: int) -> str:
    """Where an owner finds the n-th row (from 1): the line of a CSV file, the row of a sheet or table."""
    if source.form == "parquet":
        return f"row {row}"
    if source.form == "xlsx":
        return f"row {row + 1}"
    _, delimiter = csv_header(source.path)
    for number, (line, _) in enumerate(records(source.path, delimiter), start=1):
        if number == row:
            return f"line {line}"
    return f"row {row}"

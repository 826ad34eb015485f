"""The files of a data folder, as they are: found, named, described, and searched for a line.

Nothing is parsed here but the form of a file: its delimiter, its header, its sheets.
"""

import csv
import datetime as dt
import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import openpyxl
import pyarrow.parquet as pq

from retention_helpers.contract.assumed import FILE as ASSUMED_FILE
from retention_helpers.contract.experiments import EXPERIMENTS_FILE
from retention_helpers.contract.messages import MESSAGES_FILE
from retention_helpers.contract.not_known import FILE as NOT_KNOWN_FILE
from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import TABLES, Fault, lacking, message
from retention_helpers.sources.prices import currency_of_format
from retention_helpers.sources.texts import form_of_text, opened_text
from retention_helpers.sources.unreadable import Unreadable as Unreadable
from retention_helpers.words.errors import InputError, nearest
from retention_helpers.words.formats import count, typed
from retention_helpers.words.written import serial_day

Form = Literal["csv", "parquet", "xlsx"]
ENDINGS: dict[str, Form] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
CHOICES = (SETTINGS_FILE, EXPERIMENTS_FILE, NOT_KNOWN_FILE, ASSUMED_FILE, MESSAGES_FILE)
PLACE = "source_place"  # the column in which an importer says where a row came from: "export.csv, line 18"

# The first bytes of what is not CSV, whatever its name says.
_GZIP = b"\x1f\x8b"
_NOT_CSV = {
    _GZIP: ("it is compressed with gzip", "Let its name end in .csv.gz."),
    b"PK\x03\x04": ("it is an Excel workbook or an archive", "Name it .xlsx, or save it as CSV."),
    b"PAR1": ("it is Parquet", "Let its name end in .parquet."),
}
_BROKEN = (UnicodeDecodeError, EOFError, OSError, zlib.error, csv.Error)

DELIMITERS = ",;\t"  # the first of those that stand in a header most often

csv.field_size_limit(2**31 - 1)  # a long comment is no fault


@dataclass(frozen=True)
class Source:
    """One table's file, or folder of Parquet files.

    Attributes:
        columns: the file's names for columns of ours, by ours.
        values: the file's words for ours, by column.
        sheet: which sheet of a workbook; "": the one named like the table, or the only one.
        date_order: how its days are written, where the settings do not say it for all.
        time_zone: in which zone its times are that name none; "": in the business's own.
        price_per: what its prices pay for: "interval" for the column of that name, or one such as year; "":
            a month.
        in_minor_units: whether its amounts are in cents.
        beside: the columns that say more of a cell of their row, by what they say (`OF_THE_SAME_ROW`).
        renews: the file's words for a state whose end only says until when is paid, in small letters.
        answered: the options that its entry in `sources:` holds, also those that say that nothing is so.
        is_first_row: whether only the earliest row of a customer counts, as where subscriptions are listed.
        is_filled_only: whether rows without the table's own day are none of it, as where subscriptions are
            listed and only some of them were cancelled.
        read_elsewhere: columns of the file that another table is read from.
        origin: what an importer read this table from; "": the file is the owner's own.
        is_verbatim: whether its texts stand as they were written, as in every file that no importer read.
    """

    table: str
    path: Path
    form: Form
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sheet: str = ""
    date_order: str = ""
    time_zone: str = ""
    price_per: str = ""
    in_minor_units: bool = False
    beside: Mapping[str, str] = field(default_factory=dict)
    renews: Collection[str] = ()
    answered: Collection[str] = ()
    is_first_row: bool = False
    is_filled_only: bool = False
    read_elsewhere: Collection[str] = ()
    origin: str = ""
    is_verbatim: bool = True

    @property
    def name(self) -> str:
        return self.origin or _shown(self.path)

    @property
    def files(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        return sorted(path for path in self.path.rglob("*.parquet") if not path.is_dir())

    @property
    def said_by_folders(self) -> set[str]:
        """The columns that the names of folders hold, as `month=2026-01` does."""
        inner = (part for file in self.files for part in file.relative_to(self.path).parts[:-1])
        return {part.partition("=")[0] for part in inner if "=" in part}


def _shown(path: Path) -> str:
    """A file's name as text, also where its bytes are not UTF-8."""
    return path.name.encode(errors="replace").decode()


def form_of(path: Path) -> Form | None:
    """How a file is read, by its name; None for a form that is not."""
    found = _table_and_form(path)
    return found[1] if found else "parquet" if _has_parts(path) else None


def _table_and_form(path: Path) -> tuple[str, Form] | None:
    name = path.name.lower()
    for ending, form in ENDINGS.items():
        if name.endswith(ending):
            return name.removesuffix(ending), form
    return (name, "parquet") if name in TABLES and _has_parts(path) else None


def _has_parts(path: Path) -> bool:
    """Whether it is a folder with files of Parquet, such as events/month=2026-01/part.parquet."""
    return path.is_dir() and any(path.rglob("*.parquet"))


def _visible(folder: Path) -> list[Path]:
    """What the owner put into the folder; Excel and macOS leave files of their own there."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "~$")))
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise InputError(f"{folder}: the folder cannot be opened ({reason}). Allow it to be read.") from None


def find_sources(
    folder: Path, elsewhere: Sequence[Source] = (), used: Collection[Path] = ()
) -> tuple[dict[str, Source], list[Fault]]:
    """The file of each table of the contract, and what is wrong with the folder.

    `elsewhere` are the tables that `sources:` brings, `used` the files that it names. A file of no table is
    a note with the nearest right name; two files of one table are a stop, for nobody can tell which of
    them counts. Raises InputError when there is no such folder.
    """
    if not folder.is_dir():
        known = "It is a file" if folder.is_file() else "There is no such folder"
        raise InputError(f"{folder}: {known}. DATA names the folder that holds customers.csv.")
    try:
        str(folder.resolve()).encode()
    except UnicodeEncodeError:
        raise InputError(f"{_shown(folder)}: the path of the folder is not UTF-8. Rename it.") from None
    found = {source.table: source for source in elsewhere}
    of_tables = {source.path for source in elsewhere if not source.origin}
    faults: list[Fault] = []
    for path in _visible(folder):
        match = _table_and_form(path)
        # A table's own file may be named for another one too, such as customers taken from subscriptions.csv.
        is_its_own = path in of_tables and match is not None and match[0] in TABLES.keys() - found.keys()
        if path in used and not is_its_own:
            continue
        if match is None:
            faults += _passed_over(path)
            continue
        table, form = match
        if table not in TABLES:
            text = f"it is no table of the contract and was not read. {nearest(table, TABLES)}"
            faults.append(Fault("note", "", "unknown file", 0, f"{_shown(path)}: {text}"))
        elif table in found:
            text = message(_shown(path), f"{found[table].name} holds the same table", "Keep one of the two.")
            faults.append(Fault("stop", table, "two files", 0, text))
        elif not (path.is_file() or (form == "parquet" and path.is_dir())):
            what = "it is a folder" if path.is_dir() else "there is no file behind this name"
            text = message(_shown(path), what, "Put the file itself here.")
            faults.append(Fault("stop", table, "unreadable file", 0, text))
        else:
            found[table] = Source(table, path, form)
    said = {fault.table for fault in faults}
    faults += [_missing(table, folder) for table in lacking(found.keys() | said)]
    return found, faults


def _passed_over(path: Path) -> list[Fault]:
    """A file that looks as if it were meant to be read, in a form or under a name that is not."""
    name = path.name.lower()
    if name.split(".")[0] in TABLES:
        text = message(_shown(path), "it was not read", f"Save it as one of {', '.join(ENDINGS)}.")
        return [Fault("note", "", "unknown file", 0, text)]
    if path.name not in CHOICES and name.endswith((".yml", ".yaml")):
        meant = get_close_matches(name, CHOICES, n=1, cutoff=0.8)
        text = message(_shown(path), "it was not read", f"Did you mean {''.join(meant)}? Rename it.")
        return [Fault("stop", "", "misspelt file", 0, text)] if meant else []
    return []


def _missing(table: str, folder: Path) -> Fault:
    others = [_shown(path) for path in _visible(folder)]
    there = f"The folder holds {shortened(others)}." if others else "The folder is empty."
    names = ", ".join(table + ending for ending in ENDINGS)
    text = message(table + ".csv", "the file is missing", f"{there} Add one of {names}.")
    return Fault("stop", table, "missing file", 0, text)


def shortened(names: Sequence[str], most: int = 8) -> str:
    """The names in a row; the first few of many.

    >>> shortened(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    first = ", ".join(" ".join(name.split())[:40] for name in names[:most])
    return f"{first} and {count(len(names) - most)} more" if len(names) > most else first


def described_by(folder: Path) -> list[Path]:
    """Every file in this folder, there or not, that a report of it may depend on."""
    sources, _ = find_sources(folder)
    return [*(folder / name for name in CHOICES), *(file for one in sources.values() for file in one.files)]


# --- CSV -------------------------------------------------------------------------------------------


def check_form(path: Path) -> None:
    """Raise Unreadable for what is no CSV inside, and for compressed files that are torn or damaged."""
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
        is_packed = path.name.lower().endswith(".gz")
        if is_packed and start and not start.startswith(_GZIP):
            raise Unreadable("it is not compressed", "Let its name end in .csv.")
        for sign, (what, way_out) in _NOT_CSV.items():
            if start.startswith(sign) and not (is_packed and sign == _GZIP):
                raise Unreadable(what, way_out)
    except (EOFError, OSError, zlib.error):
        raise Unreadable("the file cannot be read to its end", "Export or copy it again.") from None
    form_of_text(path)


def csv_header(path: Path) -> tuple[list[str], str]:
    """The column names of a CSV file and its delimiter: a comma, a semicolon or a tab.

    Raises Unreadable when it is empty, cut off or no text.
    """
    try:
        with opened_text(path) as text:
            line = text.readline()
            rest = line.strip() or text.read(1 << 16).strip()
            delimiter = max(DELIMITERS, key=line.count)
            text.seek(0)
            names = next(csv.reader(text, delimiter=delimiter), [])
    except _BROKEN as error:
        raise _broken(error) from None
    if not rest:
        raise Unreadable("the file is empty", "Export it again, with its header line.")
    if not any(name.strip() for name in names):
        raise Unreadable("line 1 is empty", "Let the header be the first line.")
    if "\0" in line:
        raise Unreadable("line 1 is not UTF-8 text", "Save it as CSV UTF-8.")
    if len(names) == 1:
        raise Unreadable(
            "line 1 is no header with commas, semicolons or tabs",
            "Separate the columns with one of the three.",
        )
    return names, delimiter


def _broken(error: Exception) -> Unreadable:
    if isinstance(error, csv.Error):
        return Unreadable("line 1 is not well-formed CSV", "Export it again.")
    return Unreadable("the file cannot be read to its end", "Export or copy it again.")


def records(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV file after its header, each with the line on which it begins.

    Lines without any value are left out. Slow and exact: for the search for a fault's line, where a
    quoted text may span lines. Raises Unreadable where quotation marks do not pair up.
    """
    with opened_text(path) as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        line = 0
        while True:
            begin = reader.line_num + 1
            try:
                record = next(reader, None)
            except csv.Error:
                raise Unreadable(
                    f"the quotation marks of line {begin} do not pair up",
                    'Write a quotation mark within a quoted text twice, as in "a 27"" screen".',
                ) from None
            if record is None:
                return
            if line and any(record):
                yield begin, record
            line = begin


def csv_fault(path: Path, names: Sequence[str], delimiter: str, said: str) -> Unreadable:
    """Why the engine could not read a CSV file, with the line where it first goes wrong."""
    try:
        for line, record in records(path, delimiter):
            if len(record) != len(names):
                what = f"line {line} has {len(record)} values, the header has {len(names)}"
                return Unreadable(what, "Correct the line, or quote texts that hold the delimiter.")
    except Unreadable as broken:
        return broken
    except _BROKEN as error:
        return _broken(error)
    line_said = re.search(r"CSV Error on Line: (\d+)", said)
    where = f"line {line_said[1]}" if line_said else "a line"
    if "line size" in said:
        return Unreadable(f"{where} is longer than two million signs", "Shorten its texts.")
    return Unreadable(f"{where} is not well-formed CSV", "Export it again.")


# --- workbooks -------------------------------------------------------------------------------------


def sheet(path: Path, table: str, title: str = "") -> Iterator[tuple[int, list[str | None]]]:
    """The rows of a table's sheet that hold anything, each with its number; the header first.

    It is the sheet of this title; without one, the sheet named like the table, or the only one that holds
    anything. Raises Unreadable.
    """
    try:
        with (
            closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book,
            closing(openpyxl.load_workbook(path, read_only=True)) as formulas,
        ):
            at = _sheet_at(book, title or table, is_named=bool(title))
            both = (book.worksheets[at].iter_rows(), formulas.worksheets[at].iter_rows(values_only=True))
            for number, (values, typed) in enumerate(zip(*both, strict=True), start=1):
                cells = [_cell(cell, book.epoch) for cell in values]
                for value, formula in zip(cells, typed, strict=True):
                    if value is None and isinstance(formula, str) and formula.startswith("="):
                        raise Unreadable(
                            f"row {number} holds a formula without its value",
                            "Open it in Excel or LibreOffice and save it there.",
                        )
                if any(cells):
                    yield number, cells
    except Unreadable:
        raise
    except Exception:  # openpyxl raises what its parsers raise: KeyError, BadZipFile, ParseError, …
        raise Unreadable("the file is not an Excel workbook, or damaged", "Save it again as XLSX.") from None


def _sheet_at(book: Any, title: str, *, is_named: bool) -> int:
    filled = [
        at
        for at, one in enumerate(book.worksheets)
        if any(any(value is not None for value in row) for row in one.iter_rows(values_only=True))
    ]
    named = [at for at in filled if book.worksheets[at].title.strip().lower() == title.strip().lower()]
    if not filled:
        raise Unreadable("the workbook is empty", "Save it again, with its header row.")
    titles = shortened([book.worksheets[at].title for at in filled])
    if is_named and not named:
        raise Unreadable(f"no sheet of the workbook is named {title}", f"It has {titles}. Name one of them.")
    if len(filled) > 1 and not named:
        raise Unreadable(
            f"the workbook has {len(filled)} sheets ({titles})",
            f"Keep one, or name the one that counts {title}.",
        )
    return (named or filled)[0]


class Number(str):
    """A number of a workbook as text.

    `day` is what it is as a serial number, `amount` its exact form, `paid` that with the currency in which
    the workbook shows it.
    """

    day: str
    amount: str
    paid: str


def _number(value: float, epoch: dt.datetime, currency: str) -> Number:
    number = Number(typed(value))
    day = serial_day(value, epoch=epoch) if abs(value) < 1e9 else None
    number.day = str(number) if day is None else day.isoformat()
    number.amount = f"{number}0" if re.fullmatch(r"-?\d+\.\d{3}", number) else str(number)
    number.paid = f"{number.amount} {currency}".strip()
    return number


def _cell(cell: Any, epoch: dt.datetime) -> str | None:
    value = cell.value
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, epoch, currency_of_format(cell.number_format))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value).strip() or None


# --- the place of a row ----------------------------------------------------------------------------


def line_of_row(source: Source, row: int) -> str:
    """Where an owner finds the n-th row (from 1): the line of a CSV file, the row of a sheet or table."""
    return places_of(source, [row])[0]


def places_of(source: Source, rows: Sequence[int]) -> list[str]:
    """Where an owner finds rows, by their numbers (from 1)."""
    wanted, last = set(rows), max(rows, default=0)
    found: dict[int, str] = {}
    try:
        for number, place in enumerate(_places(source), start=1):
            if number in wanted:
                found[number] = place
            if number >= last:
                break
    except (Unreadable, *_BROKEN):
        pass
    return [found.get(row, f"row {row}") for row in rows]


def _places(source: Source) -> Iterator[str]:
    """The place of every row of a source, in the order in which the engine reads them."""
    if source.form == "csv":
        _, delimiter = csv_header(source.path)
        yield from (f"line {line}" for line, _ in records(source.path, delimiter))
    elif source.form == "xlsx":
        places = (f"row {number}" for number, _ in sheet(source.path, source.table, source.sheet))
        next(places, None)
        yield from places
    elif source.origin:
        with pq.ParquetFile(source.path) as imported:
            if PLACE not in imported.schema_arrow.names:  # of a database, which has no lines
                return
            for batch in imported.iter_batches(columns=[PLACE]):
                yield from (place or "" for place in batch.column(0).to_pylist())

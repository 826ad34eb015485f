"""The data gate: every form of file, every rule on its smallest example, and a cache that tells no lies."""

import datetime as dt
import gzip
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
import zoneinfo
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from folders import CUSTOMERS, HEADER, SUBSCRIPTIONS, Content, examine, folder_of
from test_house import ROOMS

from retention_helpers import shipped
from retention_helpers.contract.tables import REQUIRED_TABLES, TABLES, Fault, Stopped
from retention_helpers.delivery import recipients
from retention_helpers.engine import EngineError, connect, rows
from retention_helpers.gate import folder as looking_at
from retention_helpers.gate import gate, kept, reading
from retention_helpers.gate.folder import look_at
from retention_helpers.words.errors import InputError

SPANS = {
    "customer_id": ["C-1", "C-2"],
    "started_at": ["2026-01-05", "2026-01-06"],
    "ended_at": [None, "2026-03-01"],
    "mrr": ["49", "49.9"],
}
AMOUNT = "mrr is not an amount such as 49 or 49.90"
DIGITS = "Write digits, a point before the decimals, and nothing between the thousands."
INSTANT = "is not a date or time such as 2026-03-05 or 2026-03-05T10:30"
IN_TWO_WAYS = (
    "Such a day can be read in two ways: say in retention.yml how they are meant, `date_order: day first` or "
    "`date_order: month first`."
)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / ".kept"


def said(tmp_path: Path, files: Mapping[str, Content]) -> list[str]:
    faults = examine(folder_of(tmp_path / "data", files), tmp_path / ".kept")
    return [f"{fault.level}: {fault.message}" for fault in faults]


def parquet_of(tmp_path: Path, table: str, columns: str, files: Mapping[str, Content]) -> list[tuple]:
    """What the gate kept of a table, in the order of the file."""
    passed = gate.pass_gate(folder_of(tmp_path / "data", files), tmp_path / ".kept")
    return kept_of(passed, table, columns)


def kept_of(passed: kept.Passed, table: str, columns: str) -> list[tuple]:
    whole = pq.read_table(passed.folder / f"{table}.parquet").to_pylist()
    return [tuple(row[name] for name in columns.split(", ")) for row in whole]


def instead(content: Content, name: str = "subscriptions.csv") -> dict[str, Content]:
    return {"subscriptions.csv": None, name: content}


def parquet(**columns: object) -> Callable[[Path], object]:
    return lambda path: pq.write_table(pa.table({**SPANS, **columns}), path)


def workbook(*lines: list, **sheets: list[list]) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        book = openpyxl.Workbook()
        for line in lines:
            book.active.append(line)
        for title, more in sheets.items():
            one = book.create_sheet(title)
            for line in more:
                one.append(line)
        book.save(path)

    return write


# --- CSV: forms that are read ----------------------------------------------------------------------

READ = [("C-1", None, Decimal(49)), ("C-2", dt.date(2026, 3, 1), Decimal("49.9"))]
FORMS: dict[str, tuple[str, Content]] = {
    "commas": ("subscriptions.csv", SUBSCRIPTIONS),
    "semicolons and decimal commas": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace(",", ";").replace("49.90", "49,90"),
    ),
    "semicolons and decimal points": ("subscriptions.csv", SUBSCRIPTIONS.replace(",", ";")),
    "byte-order mark": ("subscriptions.csv", b"\xef\xbb\xbf" + SUBSCRIPTIONS.encode()),
    "Windows line ends": ("subscriptions.csv", SUBSCRIPTIONS.replace("\n", "\r\n")),
    "old Mac line ends": ("subscriptions.csv", SUBSCRIPTIONS.replace("\n", "\r")),
    "mixed line ends": ("subscriptions.csv", SUBSCRIPTIONS.replace("EUR\nC-1", "EUR\r\nC-1")),
    "a Mac's line end in a file of Windows": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace("\n", "\r\n").replace("pro,", '"p\rro",'),
    ),
    "tabs": ("subscriptions.csv", SUBSCRIPTIONS.replace(",", "\t")),
    "UTF-16": ("subscriptions.csv", SUBSCRIPTIONS.encode("utf-16")),
    "UTF-16, the other way round": (
        "subscriptions.csv",
        b"\xfe\xff" + SUBSCRIPTIONS.replace("\n", "\r\n").encode("utf-16-be"),
    ),
    "UTF-16, compressed": ("subscriptions.csv.gz", gzip.compress(SUBSCRIPTIONS.encode("utf-16"))),
    "no line end at the end": ("subscriptions.csv", SUBSCRIPTIONS.rstrip("\n")),
    "blank lines": ("subscriptions.csv", SUBSCRIPTIONS.replace("\nC-", "\n\n\nC-") + "\n\n"),
    "lines of delimiters": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace("\nC-2", "\n,,,,,,\nC-2") + ",,,,,,\n",
    ),
    "a delimiter after every line": ("subscriptions.csv", SUBSCRIPTIONS.replace("\n", ",\n")),
    "everything quoted": ("subscriptions.csv", re.sub("([^,\n]+)", r'"\1"', SUBSCRIPTIONS)),
    "a line end in quotes": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace("pro,", '"pr\no, ""x""",'),
    ),
    "capital headers with blanks": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace("customer_id,started_at", " CUSTOMER ID , Started_At "),
    ),
    "blanks around values": ("subscriptions.csv", SUBSCRIPTIONS.replace("49.90", " 49.90 ")),
    "a comment of 300,000 signs": ("subscriptions.csv", SUBSCRIPTIONS.replace("pro", "p" * 300_000)),
    "capital ending": ("Subscriptions.CSV", SUBSCRIPTIONS),
    "compressed": ("subscriptions.csv.gz", gzip.compress(SUBSCRIPTIONS.encode())),
    "compressed in two parts": (
        "subscriptions.csv.gz",
        gzip.compress(SUBSCRIPTIONS[:80].encode()) + gzip.compress(SUBSCRIPTIONS[80:].encode()),
    ),
    "Parquet": ("subscriptions.parquet", parquet()),
    "Parquet, decimals": (
        "subscriptions.parquet",
        parquet(mrr=pa.array([Decimal("49.0000000"), Decimal("49.9000000")])),
    ),
    "Parquet, floats": ("subscriptions.parquet", parquet(mrr=[49.0, 49.9])),
    "Parquet, short floats": ("subscriptions.parquet", parquet(mrr=pa.array([49.0, 49.9], pa.float32()))),
    "Parquet, words from a dictionary": (
        "subscriptions.parquet",
        parquet(customer_id=pa.array(["C-1", "C-2"]).dictionary_encode()),
    ),
    "Parquet, days": (
        "subscriptions.parquet",
        parquet(started_at=[dt.date(2026, 1, 5), dt.date(2026, 1, 6)], ended_at=[None, dt.date(2026, 3, 1)]),
    ),
    "a workbook": (
        "subscriptions.xlsx",
        workbook(
            ["customer_id", "started_at", "ended_at", "mrr"],
            ["C-1", dt.datetime(2026, 1, 5), None, 49],
            [None, None, None, None],
            ["C-2", dt.date(2026, 1, 6), dt.datetime(2026, 3, 1, 10, 30), 49.9],
        ),
    ),
    "a workbook with a sheet of the table's name": (
        "subscriptions.xlsx",
        workbook(
            ["Exported on Monday"],
            Subscriptions=[
                ["customer_id", "started_at", "ended_at", "mrr"],
                ["C-1", "2026-01-05", None, "49"],
                ["C-2", "2026-01-06", "2026-03-01", 49.9],
            ],
        ),
    ),
}


@pytest.mark.parametrize(("name", "content"), FORMS.values(), ids=FORMS.keys())
def test_one_business_in_every_form(tmp_path, name, content):
    passed = gate.pass_gate(folder_of(tmp_path / "data", instead(content, name)), tmp_path / ".kept")
    assert passed.faults == ()
    assert kept_of(passed, "subscriptions", "customer_id, ended_on, mrr") == READ


@pytest.mark.parametrize("name", ["subscriptions.csv", "subscriptions.csv.gz"])
def test_letters_of_windows_are_read_and_said(tmp_path, name):
    spans = (SUBSCRIPTIONS + "C-1,2026-04-05,,5,prö,active,EUR\n").encode("cp1252")
    content = gzip.compress(spans) if name.endswith(".gz") else spans
    passed = gate.pass_gate(folder_of(tmp_path / "data", instead(content, name)), tmp_path / ".kept")
    assert [fault.message for fault in passed.faults] == [
        f"{name}: it is not UTF-8 text and was read as Windows letters. Look at names with umlauts or "
        "accents; save it as CSV UTF-8 if they are wrong."
    ]
    assert kept_of(passed, "subscriptions", "plan") == [("pro",), ("pro",), ("prö",)]


# --- files that stop the report --------------------------------------------------------------------

PACKED = gzip.compress(
    "".join([SUBSCRIPTIONS, *(f"C-1,2026-01-05,,{i},p,active,EUR\n" for i in range(999))]).encode()
)
NOT_PAIRED = 'Write a quotation mark within a quoted text twice, as in "a 27"" screen".'
BROKEN: dict[str, tuple[str, Content, str]] = {
    "empty": ("subscriptions.csv", "", "the file is empty. Export it again, with its header line."),
    "only blanks": (
        "subscriptions.csv",
        " \n\n",
        "the file is empty. Export it again, with its header line.",
    ),
    "header only": ("subscriptions.csv", HEADER, "the file holds no rows. Export it again."),
    "first line blank": (
        "subscriptions.csv",
        "\n" + SUBSCRIPTIONS,
        "line 1 is empty. Let the header be the first line.",
    ),
    "a web page": (
        "subscriptions.csv",
        "<!DOCTYPE html>\n<p>Please log in, first</p>\n",
        "line 1 is no header with commas, semicolons or tabs. Separate the columns with one of the three.",
    ),
    "gzip inside": (
        "subscriptions.csv",
        gzip.compress(SUBSCRIPTIONS.encode()),
        "it is compressed with gzip. Let its name end in .csv.gz.",
    ),
    "a workbook inside": (
        "subscriptions.csv",
        workbook(["customer_id"]),
        "it is an Excel workbook or an archive. Name it .xlsx, or save it as CSV.",
    ),
    "Parquet inside": ("subscriptions.csv", parquet(), "it is Parquet. Let its name end in .parquet."),
    "not compressed": (
        "subscriptions.csv.gz",
        SUBSCRIPTIONS,
        "it is not compressed. Let its name end in .csv.",
    ),
    "compressed and empty": (
        "subscriptions.csv.gz",
        b"",
        "the file is empty. Export it again, with its header line.",
    ),
    "compressed and torn": (
        "subscriptions.csv.gz",
        PACKED[: len(PACKED) // 2],
        "the file cannot be read to its end. Export or copy it again.",
    ),
    "compressed, torn after the last row": (
        "subscriptions.csv.gz",
        PACKED[:-6],
        "the file cannot be read to its end. Export or copy it again.",
    ),
    "compressed, wrong checksum": (
        "subscriptions.csv.gz",
        PACKED[:-8] + b"ABCD" + PACKED[-4:],
        "the file cannot be read to its end. Export or copy it again.",
    ),
    "UTF-16 without its mark": (
        "subscriptions.csv",
        SUBSCRIPTIONS.encode("utf-16-le"),
        "line 1 is not UTF-8 text. Save it as CSV UTF-8.",
    ),
    "a line too short": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace("pro,active", '"p\nro",active') + "\nC-1,2026-04-05\n",
        "line 7 has 2 values, the header has 7. Correct the line, or quote texts that hold the delimiter.",
    ),
    "a line too long": (
        "subscriptions.csv",
        SUBSCRIPTIONS + "C-1,2026-04-05,,5,a, b,active,EUR\n",
        "line 4 has 8 values, the header has 7. Correct the line, or quote texts that hold the delimiter.",
    ),
    "a quotation mark left open": (
        "subscriptions.csv",
        SUBSCRIPTIONS + 'C-1,2026-04-05,,5,"pro,active,EUR\n' + "C-1,2026-04-05,,5,pro,active,EUR\n" * 9,
        f"the quotation marks of line 4 do not pair up. {NOT_PAIRED}",
    ),
    "a quotation mark within quotes": (
        "subscriptions.csv",
        SUBSCRIPTIONS + 'C-1,2026-04-05,,5,"a 27" screen",active,EUR\n',
        f"the quotation marks of line 4 do not pair up. {NOT_PAIRED}",
    ),
    "a line of three million signs": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace("49.90,pro", "49.90," + "p" * 3_000_000),
        "a line is longer than two million signs. Shorten its texts, or export it again.",
    ),
    "a column missing": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace("started_at", "start_at"),
        "the column started_at is missing. Did you mean start_at? Add it, or rename one.",
    ),
    "two columns missing": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace("ended_at,mrr", "Ende_At,price"),
        "the columns ended_at, mrr are missing. Did you mean Ende_At? Add or rename them.",
    ),
    "a column missing, no likely one there": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace("mrr", "price"),
        "the column mrr is missing. The header also holds price. Add it, or rename one.",
    ),
    "a column missing, no other one there": (
        "subscriptions.csv",
        "customer_id,started_at,mrr\nC-1,2026-01-05,49\n",
        "the column ended_at is missing. Add it, or rename one.",
    ),
    "a column twice": (
        "subscriptions.csv",
        SUBSCRIPTIONS.replace("plan", "MRR"),
        "the column mrr stands twice. Keep one of the two.",
    ),
    "ten thousand columns": (
        "subscriptions.csv",
        HEADER.strip() + "".join(f",a{i}" for i in range(9_993)) + "\n",
        "it has 10,000 columns. Keep those of use, at most 500.",
    ),
    "a folder": ("subscriptions.csv", Path.mkdir, "it is a folder. Put the file itself here."),
    "a link to nowhere": (
        "subscriptions.csv",
        lambda path: path.symlink_to("nowhere.csv"),
        "there is no file behind this name. Put the file itself here.",
    ),
    "a link to itself": (
        "subscriptions.csv",
        lambda path: path.symlink_to(path),
        "there is no file behind this name. Put the file itself here.",
    ),
    "a pipe, which would never end": (
        "subscriptions.csv",
        os.mkfifo,
        "there is no file behind this name. Put the file itself here.",
    ),
    "no Parquet": (
        "subscriptions.parquet",
        SUBSCRIPTIONS,
        "it is not Parquet, or cut off. Export it again.",
    ),
    "no Parquet in the folder": (
        "subscriptions.parquet",
        Path.mkdir,
        "the folder holds no Parquet file. Export it again.",
    ),
    "no workbook": (
        "subscriptions.xlsx",
        SUBSCRIPTIONS,
        "the file is not an Excel workbook, or damaged. Save it again as XLSX.",
    ),
    "an empty workbook": (
        "subscriptions.xlsx",
        workbook(),
        "the workbook is empty. Save it again, with its header row.",
    ),
    "a workbook with two tables": (
        "subscriptions.xlsx",
        workbook(["customer_id"], Old=[["customer_id"]]),
        "the workbook has 2 sheets (Sheet, Old). Keep one, or name the one that counts subscriptions.",
    ),
    "a formula without its value": (
        "subscriptions.xlsx",
        workbook(["customer_id", "started_at", "ended_at", "mrr"], ["C-1", "2026-01-05", "=B2+10", 49]),
        "row 2 holds a formula without its value. Open it in Excel or LibreOffice and save it there.",
    ),
    "a title above the header": (
        "subscriptions.xlsx",
        workbook(["My export"], ["customer_id", "started_at", "ended_at", "mrr"]),
        "the columns customer_id, started_at, ended_at, mrr are missing. "
        "The header also holds My export. Add or rename them.",
    ),
}


@pytest.mark.parametrize(("name", "content", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_cannot_be_read_says_where_and_the_way_out(tmp_path, name, content, message):
    assert said(tmp_path, instead(content, name)) == [f"stop: {name}: {message}"]
    assert not list((tmp_path / ".kept").rglob("*.parquet")), "a broken run leaves nothing behind"


def test_torn_parquet(tmp_path):
    def torn(path: Path) -> None:
        parquet()(path)
        path.write_bytes(path.read_bytes()[:-20])

    assert said(tmp_path, instead(torn, "subscriptions.parquet")) == [
        "stop: subscriptions.parquet: it is not Parquet, or cut off. Export it again."
    ]


def test_a_folder_of_parquet_files_is_one_table_and_names_its_torn_file(tmp_path):
    def parts(path: Path) -> None:
        (path / "year=2026").mkdir(parents=True)
        parquet(plan=["pro", "pro"])(path / "year=2026" / "a.parquet")
        later = [dt.datetime(2026, 2, 5, 12), dt.datetime(2026, 2, 6, 12)]
        parquet(started_at=later, plan=["pro", "team"])(path / "b.parquet")
        (path / "_SUCCESS").touch()

    files = instead(parts, "subscriptions.parquet")
    found = parquet_of(tmp_path, "subscriptions", "customer_id, started_on, plan", files)
    assert sorted(found, key=str) == [
        ("C-1", dt.date(2026, 1, 5), "pro"),
        ("C-1", dt.date(2026, 2, 5), "pro"),
        ("C-2", dt.date(2026, 1, 6), "pro"),
        ("C-2", dt.date(2026, 2, 6), "team"),
    ]
    (tmp_path / "data" / "subscriptions.parquet" / "c.parquet").write_bytes(b"PAR1 and no more")
    assert [fault.message for fault in examine(tmp_path / "data", tmp_path / ".kept")] == [
        "subscriptions.parquet: c.parquet in it is not Parquet, or cut off. Export it again."
    ]


def test_a_part_of_parquet_without_a_column_stops(tmp_path):
    """Its rows would have an empty plan, and nobody would know."""

    def parts(path: Path) -> None:
        path.mkdir()
        parquet()(path / "a.parquet")
        parquet(plan=["pro", "team"])(path / "b.parquet")

    assert said(tmp_path, instead(parts, "subscriptions.parquet")) == [
        "stop: subscriptions.parquet: a.parquet in it lacks plan, which other parts have. Export all parts "
        "with the same columns."
    ]


HUGE = {
    "a line of 40 million signs": ("subscriptions.csv", b"a,b\n" + b"x" * 40_000_000),
    "a gzip of line ends": ("subscriptions.csv.gz", gzip.compress(b"a,b\n" + b"\n" * 40_000_000, 1)),
}


@pytest.mark.parametrize(("name", "content"), HUGE.values(), ids=HUGE.keys())
def test_what_is_huge_and_no_table_is_refused_at_its_beginning(tmp_path, name, content):
    folder = folder_of(tmp_path / "data", instead(content, name))
    tracemalloc.start()
    try:
        (stop,) = [fault.message for fault in examine(folder, tmp_path / ".kept")]
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()
    assert stop.startswith(f"{name}: ") and ("two million signs" in stop or "empty lines" in stop)


def test_a_full_disk_is_told_as_that(tmp_path, monkeypatch):
    """Not as a broken CSV: the owner would look for a fault that is not there."""

    def full(*_: object, **__: object) -> None:
        raise EngineError('IO Error: Could not write file "x.parquet": No space left on device')

    monkeypatch.setattr(reading, "select_parsed", full)
    (stop,) = said(tmp_path, {})
    assert stop == (
        f"stop: What was read cannot be kept in {tmp_path / '.kept'} (no space left on device). Free some "
        "space there, or allow writing."
    )


def test_settings_that_are_a_pipe_are_refused(tmp_path):
    assert said(tmp_path, {"retention.yml": os.mkfifo}) == [
        "stop: retention.yml cannot be opened. Put the file itself here, readable."
    ]


DAMAGED = ["[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"]


@pytest.mark.parametrize("part", DAMAGED)
def test_a_workbook_that_is_damaged_inside(tmp_path, part):
    def damaged(path: Path) -> None:
        workbook(list(SPANS), *([f"C-{i}", "2026-01-05", None, 5] for i in range(40)))(path)
        with zipfile.ZipFile(path) as whole:
            parts = {name: whole.read(name) for name in whole.namelist()}
        parts[part] = parts[part][: len(parts[part]) * 2 // 3]
        with zipfile.ZipFile(path, "w") as torn:
            for name, inside in parts.items():
                torn.writestr(name, inside)

    assert said(tmp_path, instead(damaged, "subscriptions.xlsx")) == [
        "stop: subscriptions.xlsx: the file is not an Excel workbook, or damaged. Save it again as XLSX."
    ]


# --- the folder ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["with blank", "it's", 'a "b"', "ünï ☃", "a;b", "a{b,c}", "[x]", "%41", "back\\slash", "-d"]
)
def test_any_name_of_a_folder_will_do(tmp_path, name):
    folder = folder_of(tmp_path / name, {**instead(parquet(), "subscriptions.parquet")})
    assert examine(folder, tmp_path / name / ".kept") == []


@pytest.mark.parametrize(("name", "sibling"), [("data [12]", "data 1"), ("d*", "data"), ("d?", "dx")])
def test_a_folder_whose_name_looks_like_a_pattern_never_reads_its_sibling(tmp_path, name, sibling):
    other = CUSTOMERS.replace("C-", "X-")
    for form in ("csv", "parquet"):
        one, two = tmp_path / form / name, tmp_path / form / sibling
        content = SUBSCRIPTIONS if form == "csv" else parquet()
        folder_of(two, {"customers.csv": other, **instead(content, f"subscriptions.{form}")})
        folder_of(one, instead(content, f"subscriptions.{form}"))
        passed = gate.pass_gate(one, tmp_path / form / ".kept")
        assert passed.faults == ()
        assert [(read.table, read.rows_read) for read in passed.sources] == [
            ("customers", 2),
            ("subscriptions", 2),
        ]


def test_a_link_to_a_file_is_as_good_as_the_file(tmp_path):
    (tmp_path / "elsewhere.csv").write_text(SUBSCRIPTIONS)
    assert said(tmp_path, instead(lambda path: path.symlink_to(tmp_path / "elsewhere.csv"))) == []


def test_no_folder(tmp_path, cache):
    way_out = "DATA names the folder that holds customers.csv."
    for folder, what in [(tmp_path / "none", "There is no such folder"), (tmp_path / "file", "It is a file")]:
        (tmp_path / "file").touch()
        assert examine(folder, cache) == [Fault("stop", "", "folder", 0, f"{folder}: {what}. {way_out}")]
        with pytest.raises(InputError, match=re.escape(f"{what}. {way_out}")):
            gate.pass_gate(folder, cache)


def test_a_folder_that_may_not_be_read(tmp_path, cache, monkeypatch):
    folder = folder_of(tmp_path / "data", {})

    def refuse(_: Path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert [fault.message for fault in examine(folder, cache)] == [
        f"{folder}: the folder cannot be opened (permission denied). Allow it to be read."
    ]


def test_where_the_settings_cannot_be_read_nobody_knows_what_they_name(tmp_path, cache):
    """Which files bring the tables stands there: that customers.csv is missing would lead the wrong way."""
    files = {"customers.csv": None, "subscriptions.csv": None, "download.csv": "date,customer,amount\n"}
    settings = "sotrces:\n  ledger: {path: download.csv}\n"
    folder = folder_of(tmp_path / "data", {**files, "retention.yml": settings})
    stops = [fault.message for fault in examine(folder, cache) if fault.level == "stop"]
    assert stops == ["retention.yml: sotrces is not a setting. Did you mean sources?"]


def test_names_of_files_that_are_no_text(tmp_path, cache):
    folder = folder_of(tmp_path / os.fsdecode(b"d\xff"), {})
    assert [fault.message for fault in examine(folder, cache)] == [
        "d?: the path of the folder is not UTF-8. Rename it."
    ]
    assert said(tmp_path, {os.fsdecode(b"n\xffps.csv"): ""}) == [
        "note: n?ps.csv: it is no table of the contract and was not read. Did you mean nps?"
    ]


def test_files_that_are_not_read_are_named(tmp_path):
    unknown = {
        "event.csv": "x",
        "tickets.xls": "x",
        "nps.json": "x",
        "readme.txt": "",
        ".nps.csv": "",
        "~$nps.xlsx": "",
    }
    endings = ".csv, .csv.gz, .parquet, .xlsx"
    assert said(tmp_path, unknown) == [
        "note: event.csv: it is no table of the contract and was not read. Did you mean events?",
        f"note: nps.json: it was not read. Save it as one of {endings}.",
        f"note: tickets.xls: it was not read. Save it as one of {endings}.",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("retention.yaml", "retention.yml"),
        ("Retention.yml", "retention.yml"),
        ("experiment.yml", "experiments.yml"),
    ],
)
def test_settings_under_a_wrong_name_are_not_passed_over(tmp_path, name, meant):
    assert said(tmp_path, {name: "time_zone: Europe/Berlin"}) == [
        f"stop: {name}: it was not read. Did you mean {meant}? Rename it."
    ]


def test_two_files_of_one_table(tmp_path):
    assert said(tmp_path, {"subscriptions.csv.gz": gzip.compress(SUBSCRIPTIONS.encode())}) == [
        "stop: subscriptions.csv.gz: subscriptions.csv holds the same table. Keep one of the two."
    ]


def test_missing_tables(tmp_path):
    endings = ("csv", "csv.gz", "parquet", "xlsx")
    names = {table: ", ".join(f"{table}.{ending}" for ending in endings) for table in REQUIRED_TABLES}
    nothing = {"customers.csv": None, "subscriptions.csv": None, "retention.yml": None}
    assert said(tmp_path, nothing)[:2] == [
        f"stop: {table}.csv: the file is missing. The folder is empty. Add one of {names[table]}."
        for table in ("customers", "subscriptions")
    ]
    assert said(
        tmp_path / "2", {"subscriptions.csv": None, "subscription.csv": SUBSCRIPTIONS, "retention.yml": None}
    )[:2] == [
        "note: subscription.csv: it is no table of the contract and was not read. "
        "Did you mean subscriptions?",
        "stop: subscriptions.csv: the file is missing. The folder holds customers.csv, subscription.csv. "
        f"Add one of {names['subscriptions']}.",
    ]


# --- where the fault is ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_the_line_of_the_first_fault_is_the_line_on_which_its_record_begins(tmp_path, seed):
    """Quoted line ends, blank lines and lines of delimiters before it, whatever the line end."""
    chance = random.Random(seed)
    end = chance.choice(["\n", "\r\n", "\r"])
    lines, at = [HEADER.strip()], 2
    bad_at = None
    for number in range(60):
        amount = "x" if number == 40 else "5"
        bad_at = at if number == 40 else bad_at
        plan = chance.choice(["pro {n}", f'"a{end}b{{n}}"', f'"a, ""b""{end}{{n}}{end}"']).format(n=number)
        lines.append(f"C-1,2026-01-{number % 28 + 1:02},,{amount},{plan},active,EUR")
        at += 1 + plan.count(end)
        if chance.random() < 0.3:
            lines.append(chance.choice(["", ",,,,,,"]))
            at += 1
    faults = said(tmp_path, {"subscriptions.csv": end.join(lines)})
    assert [fault for fault in faults if fault.startswith("stop")] == [
        f"stop: subscriptions.csv: {AMOUNT} in 1 of 60 rows (first: customer C-1, line {bad_at}, value 'x'). "
        f"{DIGITS}"
    ]


def test_numbers_of_a_workbook_are_days_and_amounts_by_their_column(tmp_path):
    """46027 is 5 January 2026 where a day stands, as in a sheet; 12.125 has three decimals."""
    lines = [["C-1", 46027, None, 12.125], ["C-2", 46027.5, None, 49]]
    kept = parquet_of(
        tmp_path,
        "subscriptions",
        "started_at, mrr",
        instead(workbook([*SPANS], *lines), "subscriptions.xlsx"),
    )
    assert kept == [
        (dt.datetime(2026, 1, 5), Decimal("12.125")),
        (dt.datetime(2026, 1, 5, 12), Decimal(49)),
    ]


def test_the_row_of_a_sheet_counts_its_empty_rows(tmp_path):
    lines = [list(SPANS), ["C-1", "2026-01-05", None, 5], [], [None] * 4, ["C-2", "2026-01-06", "", "x"]]
    assert said(tmp_path, instead(workbook(*lines), "subscriptions.xlsx")) == [
        f"stop: subscriptions.xlsx: {AMOUNT} in 1 of 2 rows (first: customer C-2, row 5, value 'x'). {DIGITS}"
    ]


def test_the_line_of_a_fault_in_a_large_table(tmp_path):
    events = "customer_id,occurred_at,event\nC-1,2026-01-05,login\n\nC-1,05.01.2026,login\nC-2,,\n"
    place = "(first: customer C-1, line 4, value '05.01.2026')"
    assert said(tmp_path, {"events.csv": events}) == [
        "stop: events.csv: occurred_at is empty in 1 of 3 rows (first: customer C-2, line 5). "
        "Fill it in, or take the row out.",
        "stop: events.csv: event is empty in 1 of 3 rows (first: customer C-2, line 5). "
        "Fill it in, or take the row out.",
        f"stop: events.csv: occurred_at {INSTANT} in 1 of 3 rows {place}. {IN_TWO_WAYS}",
    ]


# --- instants --------------------------------------------------------------------------------------

BERLIN = [
    ("2026-03-05", "2026-03-04 23:00:00", "2026-03-05"),
    ("2026-03-05T10:30", "2026-03-05 09:30:00", "2026-03-05"),
    ("2026-03-05 10:30:00", "2026-03-05 09:30:00", "2026-03-05"),
    ("2026-03-05T10:30:00.25", "2026-03-05 09:30:00.250000", "2026-03-05"),
    ("2026-03-05T23:30:00Z", "2026-03-05 23:30:00", "2026-03-06"),
    ("2026-03-05T23:30Z", "2026-03-05 23:30:00", "2026-03-06"),
    ("2026-03-05T00:30:00+02:00", "2026-03-04 22:30:00", "2026-03-04"),
    ("2026-03-05T00:30:00-0800", "2026-03-05 08:30:00", "2026-03-05"),
    ("2026-03-05 00:30:00+00", "2026-03-05 00:30:00", "2026-03-05"),
    ("2026-03-05T24:00", "2026-03-05 23:00:00", "2026-03-06"),
    ("2024-02-29", "2024-02-28 23:00:00", "2024-02-29"),
    # The night on which the clock goes forward: 02:30 does not exist, and is an hour later.
    ("2026-03-29T02:30", "2026-03-29 01:30:00", "2026-03-29"),
    # The night on which it goes back: 02:30 comes twice, and is the second.
    ("2026-10-25T02:30", "2026-10-25 01:30:00", "2026-10-25"),
    ("2026-10-25", "2026-10-24 22:00:00", "2026-10-25"),
]
SAO_PAULO = [  # 4 November 2018 began at one o'clock
    ("2018-11-03", "2018-11-03 03:00:00", "2018-11-03"),
    ("2018-11-04", "2018-11-04 03:00:00", "2018-11-04"),
    ("2018-11-04T00:30", "2018-11-04 03:30:00", "2018-11-04"),
    ("2018-11-04T02:59:59Z", "2018-11-04 02:59:59", "2018-11-03"),
    ("2018-11-04T03:00:00Z", "2018-11-04 03:00:00", "2018-11-04"),
    ("2018-02-18", "2018-02-18 03:00:00", "2018-02-18"),
]


def customers_at(instants: list[str]) -> str:
    lines = [f"C-{number},{instant}\n" for number, instant in enumerate(instants)]
    return "".join(["customer_id,signed_up_at\n", *lines])


@pytest.mark.parametrize(("zone", "cases"), [("Europe/Berlin", BERLIN), ("America/Sao_Paulo", SAO_PAULO)])
def test_an_instant_is_kept_in_utc_beside_the_day_of_the_business(tmp_path, zone, cases):
    files = {
        "customers.csv": customers_at([case[0] for case in cases]),
        "retention.yml": f"time_zone: {zone}",
    }
    assert parquet_of(tmp_path, "customers", "signed_up_at, signed_up_on", files) == [
        (dt.datetime.fromisoformat(instant), dt.date.fromisoformat(day)) for _, instant, day in cases
    ]


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]
)
def test_instants_with_an_offset_agree_with_the_time_zone_database(tmp_path, zone):
    chance = random.Random(zone)
    first = dt.datetime(2012, 1, 1, tzinfo=dt.UTC)
    offsets = [dt.timezone(dt.timedelta(minutes=15 * chance.randrange(-48, 56))) for _ in range(200)]
    moments = [
        (first + dt.timedelta(seconds=chance.randrange(15 * 365 * 86400))).astimezone(zone)
        for zone in offsets
    ]
    files = {
        "customers.csv": customers_at([moment.isoformat() for moment in moments]),
        "retention.yml": f"time_zone: {zone}",
    }
    there = zoneinfo.ZoneInfo(zone)
    assert parquet_of(tmp_path, "customers", "signed_up_at, signed_up_on", files) == [
        (moment.astimezone(dt.UTC).replace(tzinfo=None), moment.astimezone(there).date())
        for moment in moments
    ]


def test_times_in_a_zone_of_the_source(tmp_path):
    """An export in UTC, of New York: days stay days, and times that name a zone keep it."""
    cells = ["2026-01-05 02:00:00", "2026-01-05", "2026-01-05 02:00", "5 Jan 2026 02:00",
             "2026-01-05T02:00:00Z", "2026-01-05T02:00:00-05:00"]  # fmt: skip
    (tmp_path / "people.csv").write_text(customers_at(cells))
    settings = "time_zone: America/New_York\nsources: {customers: {path: ../people.csv, time_zone: UTC}}\n"
    files = {"customers.csv": None, "retention.yml": settings}
    kept = parquet_of(tmp_path, "customers", "signed_up_at, signed_up_on", files)
    two, day = dt.datetime(2026, 1, 5, 2), dt.date(2026, 1, 4)
    assert kept == [
        (two, day), (dt.datetime(2026, 1, 5, 5), dt.date(2026, 1, 5)), (two, day), (two, day), (two, day),
        (dt.datetime(2026, 1, 5, 7), dt.date(2026, 1, 5)),
    ]  # fmt: skip


NO_INSTANTS = [
    "20260305", "5.3.2026", "05/03/2026", "2026-02-31", "2026-02-29", "2026-13-01", "2026-00-10",
    "2026-03-05T24:00:01", "2026-03-05T25:00", "2026-03-05T10:60", "2026-03-05T10", "2026-03-05T",
    "2026-03-05T10:30:00+25:00", "2026-03-05T10:30:00+02:60", "infinity", "-infinity", "epoch", "now",
    "today", "1026-03-05", "0001-01-01", "9999-12-31", "1772700000", "46027", "2026-W10-1", "NULL", "n/a",
    "-", "2026-03-05 CET",
]  # fmt: skip


def test_what_is_no_instant(tmp_path):
    count = len(NO_INSTANTS)
    assert said(tmp_path, {"customers.csv": customers_at(NO_INSTANTS), "subscriptions.csv": SUBSCRIPTIONS})[
        0
    ] == (
        f"stop: customers.csv: signed_up_at {INSTANT} in {count} of {count} rows "
        "(first: customer C-0, line 2, value '20260305'). Correct it."
    )


UTC = dt.UTC
TYPED = {
    "without zone": pa.array([dt.datetime(2026, 1, 5, 23, 30)] * 2),
    "with zone": pa.array([dt.datetime(2026, 1, 5, 22, 30, tzinfo=UTC)] * 2),
    "nanoseconds": pa.array([dt.datetime(2026, 1, 5, 23, 30)] * 2, pa.timestamp("ns")),
    "milliseconds": pa.array([dt.datetime(2026, 1, 5, 23, 30)] * 2, pa.timestamp("ms")),
    "text": pa.array(["2026-01-05T23:30"] * 2),
}


@pytest.mark.parametrize("column", TYPED.values(), ids=TYPED.keys())
def test_instants_of_parquet(tmp_path, column):
    files = {
        **instead(parquet(started_at=column), "subscriptions.parquet"),
        "retention.yml": "time_zone: Europe/Berlin",
    }
    found = parquet_of(tmp_path, "subscriptions", "started_at, started_on", files)
    assert found == [(dt.datetime(2026, 1, 5, 22, 30), dt.date(2026, 1, 5))] * 2


NO_TYPED = {
    "a year of typing errors": (pa.array([dt.datetime(1026, 1, 5)] * 2), "1026-01-05 00:00:00"),
    "the end of time": (pa.array([dt.date(9999, 12, 31)] * 2), "9999-12-31"),
    "truth": (pa.array([True, False]), "true"),
    "a time of day": (pa.array([dt.time(1, 2)] * 2), "01:02:00"),
}


@pytest.mark.parametrize(("column", "value"), NO_TYPED.values(), ids=NO_TYPED.keys())
def test_what_is_no_instant_in_parquet(tmp_path, column, value):
    assert said(tmp_path, instead(parquet(started_at=column), "subscriptions.parquet")) == [
        f"stop: subscriptions.parquet: started_at {INSTANT} in 2 of 2 rows "
        f"(first: customer C-1, row 1, value '{value}'). Correct it."
    ]


def test_seconds_since_1970(tmp_path):
    """1736066400 is 2025-01-05 08:40 UTC, a year before the 2026 of the other tests."""
    files = instead(parquet(started_at=pa.array([1736066400] * 2)), "subscriptions.parquet")
    assert said(tmp_path, files) == [
        f"stop: subscriptions.parquet: started_at {INSTANT} in 2 of 2 rows "
        "(first: customer C-1, row 1, value '1736066400'). If it counts from 1970, in seconds or thousandths "
        "of them, say `date_order: unix` for this table under `sources:` in retention.yml."
    ]
    files["retention.yml"] = "date_order: unix"
    found = parquet_of(tmp_path / "read", "subscriptions", "started_at", files)
    assert found == [(dt.datetime(2025, 1, 5, 8, 40),)] * 2


@pytest.mark.parametrize("nothing", [pa.nulls(2), pa.array([None, None], pa.int64()), pa.array(["", " "])])
def test_a_column_of_nothing_is_empty(tmp_path, nothing):
    files = instead(parquet(ended_at=nothing), "subscriptions.parquet")
    assert parquet_of(tmp_path, "subscriptions", "ended_at, ended_on", files) == [(None, None)] * 2


# --- money -----------------------------------------------------------------------------------------


def spans_of(amounts: list[str], delimiter: str = ",") -> str:
    lines = [f"C-1,2026-01-05,,{amount},p{number}" for number, amount in enumerate(amounts)]
    text = "".join(f"{line}\n" for line in ["customer_id,started_at,ended_at,mrr,plan", *lines])
    return text if delimiter == "," else text.replace(",", delimiter).replace("|", ",")


def test_amounts_are_kept_exactly(tmp_path):
    amounts = [
        "0",
        "49",
        "49.9",
        "49.90",
        " 49 ",
        "+49",
        "0.123456",
        "0.1234560",
        "999999999999.999999",
        "1.000",
    ]
    assert parquet_of(tmp_path, "subscriptions", "mrr", {"subscriptions.csv": spans_of(amounts)}) == [
        (Decimal(amount),) for amount in amounts
    ]


def test_decimal_commas_where_semicolons_separate(tmp_path):
    amounts = ["49|9", "0|125", "49.90", "1234567|891", "7"]
    assert parquet_of(tmp_path, "subscriptions", "mrr", {"subscriptions.csv": spans_of(amounts, ";")}) == [
        (Decimal(amount.replace("|", ".")),) for amount in amounts
    ]


NO_AMOUNTS = {
    ",": ["1e5", "1234567890123", "NaN", "inf", ".5", "5.", "x", "49 a seat", "5 %"],
    ";": ["1e5", "1|23|4", "12.34.56", "1.234|567|8"],
}


@pytest.mark.parametrize("delimiter", NO_AMOUNTS)
def test_what_is_no_amount(tmp_path, delimiter):
    amounts = NO_AMOUNTS[delimiter]
    value = amounts[0].replace("|", ",")
    assert said(tmp_path, {"subscriptions.csv": spans_of(amounts, delimiter)}) == [
        f"stop: subscriptions.csv: {AMOUNT} in {len(amounts)} of {len(amounts)} rows "
        f"(first: customer C-1, line 2, value '{value}'). {DIGITS}"
    ]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_an_amount_that_could_be_two_is_asked_about(tmp_path, delimiter):
    """1.200 beside 49 may be a thousand and more, or one and a fifth: it is not guessed."""
    spans = {"subscriptions.csv": spans_of(["49", "1.200"], delimiter)}
    assert said(tmp_path, spans) == [
        f"stop: subscriptions.csv: {AMOUNT} in 1 of 2 rows (first: customer C-1, line 3, value '1.200'). It "
        "may be 1200 or 1.2: say in retention.yml `decimal_sign: comma` or `decimal_sign: point`."
    ]
    for sign, amount in (("comma", Decimal(1200)), ("point", Decimal("1.2"))):
        chosen = {**spans, "retention.yml": f"decimal_sign: {sign}"}
        assert parquet_of(tmp_path, "subscriptions", "mrr", chosen) == [(Decimal(49),), (amount,)]
    for other, amount in (("49.90", Decimal("1.2")), ("49|90", Decimal(1200))):
        shown = {"subscriptions.csv": spans_of([other, "1.200"], ";")}
        assert parquet_of(tmp_path, "subscriptions", "mrr", {**shown, "retention.yml": ""})[1] == (amount,)


def test_currencies_that_stand_beside_amounts(tmp_path):
    """They fill the column, or stop: never one sum of three currencies."""
    spans = spans_of(["€49", "$49", "¥4900"])
    assert said(tmp_path, {"subscriptions.csv": spans})[0] == (
        "stop: subscriptions.csv: amounts are in $, EUR, ¥. Name the report's `currency` and the "
        "`exchange_rates` in retention.yml."
    )
    euros = spans_of(["€49", "1.200|50 €/Jahr"], ";")
    kept = parquet_of(tmp_path, "subscriptions", "mrr, currency, interval", {"subscriptions.csv": euros})
    assert kept == [(Decimal(49), "EUR", None), (Decimal("100.041667"), "EUR", "year")]
    dollars = {"subscriptions.csv": spans_of(["$49", "49"]), "retention.yml": "currency: CAD"}
    assert parquet_of(tmp_path, "subscriptions", "currency", dollars) == [("CAD",), (None,)]


def test_an_amount_that_contradicts_its_row(tmp_path):
    spans = SUBSCRIPTIONS.replace("49.90", "£49.90")
    assert said(tmp_path, {"subscriptions.csv": spans}) == [
        "stop: subscriptions.csv: mrr names another currency or interval than its row does in 1 of 2 rows "
        "(first: customer C-2, line 3, value '£49.90'). Keep the right one of the two."
    ]


def test_a_payment_in_another_currency_is_no_amount_of_the_report(tmp_path):
    paid = "customer_id,attempted_at,status,amount\nC-1,2026-01-05,succeeded,€49\n"
    assert AMOUNT.replace("mrr", "amount") in said(tmp_path, {"payments.csv": paid})[0]
    files = {"payments.csv": paid, "retention.yml": "currency: EUR"}
    assert parquet_of(tmp_path, "payments", "amount", files) == [(Decimal(49),)]


NO_TYPED_AMOUNTS = {
    "not a number": ([float("nan"), 1.0], "C-1, row 1, value 'nan'"),
    "infinite": ([1.0, float("inf")], "C-2, row 2, value 'inf'"),
    "too many digits": ([1, 10**15], "C-2, row 2, value '1000000000000000'"),
}


@pytest.mark.parametrize(("amounts", "case"), NO_TYPED_AMOUNTS.values(), ids=NO_TYPED_AMOUNTS.keys())
def test_what_is_no_amount_in_parquet(tmp_path, amounts, case):
    assert said(tmp_path, instead(parquet(mrr=amounts), "subscriptions.parquet")) == [
        f"stop: subscriptions.parquet: {AMOUNT} in 1 of 2 rows (first: customer {case}). {DIGITS}"
    ]


def test_a_twelfth_of_a_years_price_is_rounded_to_six_decimals(tmp_path):
    """490 / 12 has no end, whoever divides: a workbook's formula, pandas, or a database."""
    divided = [490 / 12, 980 / 12]
    expected = [(Decimal("40.833333"),), (Decimal("81.666667"),)]
    texts = {"subscriptions.csv": spans_of(["40.8333333333333", "81.66666666666667"])}
    assert parquet_of(tmp_path / "texts", "subscriptions", "mrr", texts) == expected
    spans = [[f"C-{nth}", "2026-01-05", None, mrr] for nth, mrr in enumerate(divided)]
    book = workbook(["customer_id", "started_at", "ended_at", "mrr"], *spans)
    numbers = instead(book, "subscriptions.xlsx")
    assert parquet_of(tmp_path / "book", "subscriptions", "mrr", numbers) == expected
    typed = instead(parquet(mrr=divided), "subscriptions.parquet")
    assert parquet_of(tmp_path / "typed", "subscriptions", "mrr", typed) == expected


def test_the_noise_of_floats_is_no_seventh_decimal(tmp_path):
    assert parquet_of(
        tmp_path, "subscriptions", "mrr", instead(parquet(mrr=[0.1 + 0.2, 49.9 * 3]), "subscriptions.parquet")
    ) == [
        (Decimal("0.3"),),
        (Decimal("149.7"),),
    ]


def test_negative_amounts_and_empty_ones(tmp_path):
    """Empty is allowed for trials, pauses and free times only."""
    lines = ["-4,active", ",active", ",past_due", ",", ",trialing", ",paused", ",comped"]
    spans = "".join(f"C-1,2026-01-05,,{line}\n" for line in lines)
    assert said(tmp_path, {"subscriptions.csv": "customer_id,started_at,ended_at,mrr,status\n" + spans}) == [
        "stop: subscriptions.csv: mrr is negative in 1 of 7 rows (first: customer C-1, line 2). "
        "Correct it; a refund is not MRR.",
        "stop: subscriptions.csv: mrr is empty although the status is active or past_due in 3 of 7 rows "
        "(first: customer C-1, line 3). Fill in the amount a month; 0 for a free plan.",
    ]


def test_ids_are_the_same_whatever_their_type(tmp_path):
    files = {
        "customers.csv": "customer_id,signed_up_at\n17,2026-01-05\n18,2026-01-05\n",
        "subscriptions.csv": None,
        "subscriptions.parquet": parquet(customer_id=[17.0, 18.0]),
        "nps.xlsx": workbook(["customer_id", "answered_at", "score"], [17, dt.date(2026, 2, 1), 9.0]),
        "contacts.parquet": lambda path: pq.write_table(
            pa.table({"customer_id": [18], "contacted_at": ["2026-02-01"], "kind": ["interview"]}), path
        ),
    }
    assert said(tmp_path, files) == []


def test_currencies_are_converted_exactly_to_six_decimals(tmp_path):
    chance = random.Random(11)
    rates = {
        "USD": Decimal("0.92"),
        "IDR": Decimal("0.0000573"),
        "GBP": Decimal("1.123456789012"),
        "EUR": Decimal(1),
    }
    spans = [
        (f"{chance.randrange(10**9) / 10 ** chance.randrange(7):.6f}", chance.choice(list(rates)))
        for _ in range(300)
    ]
    lines = "".join(f"C-1,2026-01-05,,{amount},{code.lower()}\n" for amount, code in spans)
    files = {
        "subscriptions.csv": "customer_id,started_at,ended_at,mrr,currency\n" + lines,
        "retention.yml": "currency: eur\nexchange_rates: {USD: 0.92, idr: 0.0000573, GBP: '1.123456789012'}",
    }
    sixth = Decimal("0.000001")
    expected = [
        ((Decimal(amount) * rates[code]).quantize(sixth, ROUND_HALF_UP),)
        for amount, code in dict.fromkeys(spans)
    ]
    assert parquet_of(tmp_path, "subscriptions", "mrr", files) == expected


CURRENCIES = {
    "several, none named": (
        "EUR usd",
        "",
        ["stop: subscriptions.csv: amounts are in EUR, USD. "
         "Name the report's `currency` and the `exchange_rates` in retention.yml."],
    ),
    "no rate": (
        "EUR USD GBP",
        "currency: EUR",
        [f"stop: subscriptions.csv: there is no exchange rate from {code} to EUR. "
         f"Add `exchange_rates: {{{code}: …}}` to retention.yml." for code in ("GBP", "USD")],
    ),
    "one without": (
        "EUR - EUR",
        "",
        ["warning: subscriptions.csv: currency is empty in 1 of 3 rows (first: customer C-1, line 3). "
         "These amounts were read as EUR; fill it in."],
    ),
    "none at all": ("- -", "currency: EUR", []),
    "a rate out of this world": (
        "EUR TRY",
        "{currency: EUR, exchange_rates: {TRY: 999999}}",
        ["stop: subscriptions.csv: an amount has more than twelve digits once it is converted. "
         "Correct it, or its rate in retention.yml."],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("codes", "settings", "faults"), CURRENCIES.values(), ids=CURRENCIES.keys())
def test_currencies(tmp_path, codes, settings, faults):
    lines = [
        f"C-1,2026-01-0{n},,9999999{n},{code.strip('-')}\n" for n, code in enumerate(codes.split(), start=1)
    ]
    spans = "customer_id,started_at,ended_at,mrr,currency\n" + "".join(lines)
    assert said(tmp_path, {"subscriptions.csv": spans, "retention.yml": settings}) == faults


# --- rules of rows ---------------------------------------------------------------------------------

CHOICES = [
    ("subscriptions", "status", "C-1,2026-01-05,,9,{}", "customer_id,started_at,ended_at,mrr,status",
     "pastdue", "active, past_due, paused, comped, trialing", "Did you mean past_due?"),
    ("subscriptions", "status", "C-1,2026-01-05,,9,{}", "customer_id,started_at,ended_at,mrr,status",
     "Non Renewing", "active, past_due, paused, comped, trialing",
     "Known: active, comped, past_due, paused, trialing."),
    ("cancellations", "kind", "C-1,2026-01-05,{}", "customer_id,canceled_at,kind", "involontary",
     "voluntary, involuntary", "Did you mean involuntary?"),
    ("payments", "status", "C-1,2026-01-05,{}", "customer_id,attempted_at,status", "success",
     "succeeded, failed, refunded", "Did you mean succeeded?"),
    ("tickets", "sentiment", "C-1,2026-01-05,{}", "customer_id,opened_at,sentiment", "angry",
     "negative, neutral, positive", "Known: negative, neutral, positive."),
    ("enrolments", "group", "C-1,2026-01-05,spring,{}", "customer_id,enrolled_at,campaign,group", "held out",
     "mailed, held_out", "Did you mean held_out?"),
]  # fmt: skip


def test_yes_and_no_are_read_in_the_words_for_them(tmp_path):
    """A status decides who is a customer, so a word for one is asked about; whom one may write to is not."""
    lines = ["customer_id,signed_up_at,may_contact", "A,2026-01-01,Nein", "B,2026-01-01,FALSE",
             "C,2026-01-01,0", "D,2026-01-01,oui", "E,2026-01-01,Y", "F,2026-01-01,maybe"]  # fmt: skip
    faults = said(tmp_path, {"customers.csv": "\n".join(lines)})
    assert [fault for fault in faults if "may_contact" in fault] == [
        "stop: customers.csv: may_contact is none of yes, no in 1 of 6 rows (first: customer F, line 7, "
        "value 'maybe'). Known: no, yes. Correct it."
    ]


@pytest.mark.parametrize(
    ("table", "column", "line", "header", "word", "known", "hint"), CHOICES, ids=lambda case: None
)
def test_a_word_that_is_none_of_the_choices(tmp_path, table, column, line, header, word, known, hint):
    right = known.split(", ")[0].upper()
    lines = [header, line.format(right), line.format(word), line.format(word)]
    if column in ("kind", "sentiment"):
        lines.append(line.format(""))
    faults = said(tmp_path, {f"{table}.csv": "\n".join(lines)})
    meant = {"pastdue": "past_due"}.get(word, "active")
    values = f"values: {{status: {{{word}: {meant}}}}}"
    mapped = f"Correct it, or say in retention.yml what it means, such as `{values}`."
    assert faults[0] == (
        f"stop: {table}.csv: {column} is none of {known} in 2 of {len(lines) - 1} rows "
        f"(first: customer C-1, line 3, value '{word}'). {hint} "
        f"{mapped if table == 'subscriptions' else 'Correct it.'}"
    )
    assert [fault for fault in faults[1:] if fault.startswith("stop")] == []


def test_scores(tmp_path):
    good, bad = ["0", "10", "9.0", "7"], ["11", "-1", "9.5", "ten", "010", "1e1", ""]
    lines = "".join(f"C-1,2026-01-05,{score}\n" for score in good + bad)
    assert said(tmp_path, {"nps.csv": "customer_id,answered_at,score\n" + lines}) == [
        "stop: nps.csv: score is empty in 1 of 11 rows (first: customer C-1, line 12). "
        "Fill it in, or take the row out.",
        "stop: nps.csv: score is not a whole number from 0 to 10 in 6 of 11 rows "
        "(first: customer C-1, line 6, value '11'). Correct it.",
    ]


FILLED = [(table.name, column.name) for table in TABLES.values() for column in table.columns if column.filled]


@pytest.mark.parametrize("table", sorted({table for table, _ in FILLED}))
def test_required_values_that_are_empty(tmp_path, table):
    """One row a required column, empty there and right elsewhere."""
    right = {"text": "a", "choice": "", "instant": "2026-01-05", "money": "5", "score": "5"}
    columns = [column for column in TABLES[table].columns if column.required]
    filled = [column.name for column in columns if column.filled]
    values = {c.name: c.choices[0] if c.choices else right[c.kind] for c in columns}
    if table == "subscriptions":
        values["ended_at"] = ""
    lines = [
        ",".join("" if name == lacking else value for name, value in values.items()) for lacking in filled
    ]
    faults = said(tmp_path, {f"{table}.csv": "\n".join([",".join(values), *lines])})
    for line, name in enumerate(filled, start=2):
        who = "customer a, " if "customer_id" in values and name != "customer_id" else ""
        message = f"{table}.csv: {name} is empty in 1 of {len(filled)} rows (first: {who}line {line})."
        assert f"stop: {message} Fill it in, or take the row out." in faults


def test_an_end_on_a_day_before_its_start(tmp_path):
    """On the day of the start, even earlier on it, is a stay of less than a day."""
    spans = [
        "C-1,2026-01-05,2026-01-05,9",
        "C-1,2026-01-05T10:00,2026-01-05T09:00,9",
        "C-1,2026-01-06T00:00:00Z,2026-01-05T23:30:00Z,9",
        "C-2,2026-01-05,2026-01-04,9",
        "C-2,2026-01-05T00:00,2026-01-04T22:30:00Z,9",
    ]
    files = {
        "subscriptions.csv": "\n".join(["customer_id,started_at,ended_at,mrr", *spans]),
        "retention.yml": "time_zone: Europe/Berlin",
    }
    assert said(tmp_path, files) == [
        "stop: subscriptions.csv: ended_at lies before started_at in 2 of 5 rows "
        "(first: customer C-2, line 5). Correct the dates, or leave ended_at empty for an open subscription."
    ]


def test_repeated_rows_are_left_out_and_said(tmp_path):
    """The same in every column once it is read; 49 and 49.00 are the same amount."""
    spans = (
        SUBSCRIPTIONS + "C-1,2026-01-05T00:00,,49.00,pro,ACTIVE,EUR\nC-2,2026-01-06,,5,pro,active,EUR\n" * 2
    )
    assert said(tmp_path, {"subscriptions.csv": spans}) == [
        "warning: subscriptions.csv: a row repeats an earlier one in every column in 3 of 6 rows "
        "(first: customer C-1, line 4). The repeated rows were left out."
    ]
    columns = "source_row, customer_id"
    assert parquet_of(tmp_path, "subscriptions", columns, {"subscriptions.csv": spans}) == [
        (1, "C-1"),
        (2, "C-2"),
        (4, "C-2"),
    ]


def test_rows_that_differ_in_a_column_that_is_not_read_are_no_repetition(tmp_path):
    """Two seats at one price are two spans."""
    spans = SUBSCRIPTIONS.replace("currency\n", "currency,zz\n").replace("EUR\n", "EUR,1\n")
    files = {"subscriptions.csv": spans + "C-1,2026-01-05,,49,pro,active,EUR,2\n"}
    known = "interval, subscription_id"  # of ours that the file does not have
    assert said(tmp_path, files) == [
        f"note: subscriptions.csv: zz is no column of the contract and was not read. Known: {known}.",
        "warning: subscriptions.csv: the same subscription runs already in 1 of 3 rows (first: customer C-1, "
        "line 4). The MRR of 1 customer would count twice. End the earlier row where the later one starts, "
        "or keep one of the two; two that are both real need a subscription_id each.",
    ]
    assert len(parquet_of(tmp_path, "subscriptions", "mrr", files)) == 3


def test_repeated_events_are_events(tmp_path):
    events = "customer_id,occurred_at,event\n" + "C-1,2026-01-05,login\n" * 3
    assert said(tmp_path, {"events.csv": events}) == []
    assert len(parquet_of(tmp_path, "events", "event", {})) == 3


def test_a_customer_twice(tmp_path):
    lines = CUSTOMERS + "C-2,2026-01-06,law\nC-1,2026-01-07,design\n"
    more = "more than one row, with different values (first: customer C-1, line 5). Keep one row a customer."
    assert said(tmp_path / "1", {"customers.csv": lines}) == [
        "warning: customers.csv: a row repeats an earlier one in every column in 1 of 4 rows "
        "(first: customer C-2, line 4). The repeated rows were left out.",
        f"stop: customers.csv: 1 customer has {more}",
    ]
    faults = said(tmp_path / "2", {"customers.csv": lines + "C-2,2026-01-06,art\nC-1,2026-01-05,\n"})
    assert faults[1] == f"stop: customers.csv: 2 customers have {more}"


def test_customers_who_are_nowhere_else(tmp_path):
    """In subscriptions they count, with a warning; elsewhere they count for nobody."""
    files = {
        "subscriptions.csv": SUBSCRIPTIONS + "X-9,2026-01-06,,5,,,EUR\nX-1,2026-01-06,,5,,,EUR\n",
        "events.csv": "customer_id,occurred_at,event\nC-1,2026-02-01,login\nX-3,2026-02-01,login\n",
        "nps.csv": "customer_id,answered_at,score\nX-3,2026-02-01,9\n",
        "notes.csv": "happened_on,note\n2026-01-01,new prices\n",
    }
    missing = "the customer is missing from customers in"
    nobody = "These rows count for nobody; add the customers, or take the rows out."
    assert said(tmp_path, files) == [
        f"warning: subscriptions.csv: {missing} 2 of 4 rows (first: customer X-9, line 4). "
        "They are counted all the same; add them to customers.",
        f"warning: events.csv: {missing} 1 of 2 rows (first: customer X-3). {nobody}",
        f"warning: nps.csv: {missing} 1 of 1 rows (first: customer X-3, line 2). The table is left out, as "
        "if it were not there: no number and no list is made of it. It holds ids such as X-3, customers such "
        "as C-1 and C-2. Export both with the same customer_id.",
    ]


@pytest.mark.parametrize("name", ["source_row", "signed_up_on", "Signed_Up_On", "unread_signed_up_at"])
def test_attributes_with_a_name_of_ours(tmp_path, name):
    assert said(tmp_path, {"customers.csv": CUSTOMERS.replace("industry", name)}) == [
        f"stop: customers.csv: the column {name} bears a name that the report itself uses. Rename it."
    ]


@pytest.mark.parametrize("name", ["copy", "c0", "SELECT", "Größe", "it's", "a;b", "rowid", '""q""'])
def test_attributes_with_any_other_name(tmp_path, name):
    quoted = f'"{name}"'
    assert said(tmp_path, {"customers.csv": CUSTOMERS.replace("industry", quoted)}) == []
    column = name.replace('""', '"')
    assert parquet_of(
        tmp_path, "customers", column, {"customers.csv": CUSTOMERS.replace("industry", quoted)}
    ) == [
        ("design",),
        ("law",),
    ]


def test_attributes_that_differ_in_capitals_only(tmp_path):
    assert said(tmp_path, {"customers.csv": "customer_id,signed_up_at,Email,email\nC-1,2026-01-05,a,b\n"})[
        0
    ] == ("stop: customers.csv: the column email stands twice. Keep one of the two.")


def test_all_faults_of_all_files_at_once(tmp_path):
    files = {
        "customers.csv": CUSTOMERS + "C-1,yesterday,law\nC-2,2026-01-07,law\n",
        "subscriptions.csv": SUBSCRIPTIONS.replace("49,", "x,").replace("EUR\n", "USD\n", 1),
        "nps.csv": "customer_id,answered_at\nC-1,2026-01-05\n",
        "events.parquet": "no",
        "retention.yml": "time_zon: UTC\nmin_customers: -1",
        "experiments.yml": "call: {}",
    }
    starts = [fault.split(". ")[0] for fault in said(tmp_path, files)]
    assert starts == [
        "stop: retention.yml: time_zon is not a setting",
        "stop: retention.yml: min_customers is -1, and should be a whole number of customers, 0 to 10000000.",
        *(f"stop: experiments.yml: call: {key} is missing." for key in
          ("hypothesis", "started_on", "randomised", "arms", "outcome")),
        f"stop: customers.csv: signed_up_at {INSTANT} in 1 of 4 rows "
        "(first: customer C-1, line 4, value 'yesterday')",
        "stop: events.parquet: it is not Parquet, or cut off",
        "stop: nps.csv: the column score is missing",
        f"stop: subscriptions.csv: {AMOUNT} in 1 of 2 rows (first: customer C-1, line 2, value 'x')",
        "stop: customers.csv: 2 customers have more than one row, with different values "
        "(first: customer C-1, line 4)",
    ]  # fmt: skip
    with pytest.raises(Stopped) as stopped:
        gate.pass_gate(tmp_path / "data", tmp_path / ".kept")
    assert str(stopped.value).splitlines() == [
        fault.message for fault in stopped.value.all_faults if fault.level == "stop"
    ]


# --- garbage ---------------------------------------------------------------------------------------

NASTY = ["", " ", "x", "-4", "1e999", "\0", "\ufeff", "2026-02-31", "9999-12-31", "'; DROP TABLE x; --", '"',
         "''", "=1+1", "NULL", "nan", "inf", "٣", "😀", "1" * 400, "\\N", "{}", "[1]", "%s",
         "${x}", "2026-01-01T00+99"]  # fmt: skip
JARGON = re.compile(
    r"Traceback|duckdb|Exception|\bError\b|CAST|SELECT|read_csv|openpyxl|pyarrow|None\b|<class|\.building|\.kept"
)
OTHERS = {
    "nps.csv": "customer_id,answered_at,score,comment\nC-1,2026-02-01,9,fine\n"
    'C-2,2026-02-02,3,"dear, ""dear"""\n',
    "events.csv": "customer_id,occurred_at,event\nC-1,2026-02-01T10:00:00Z,login\nC-2,2026-02-02,export\n",
    "notes.csv": "happened_on,note\n2026-02-01,new prices\n2026-03-01,outage\n",
    "payments.csv": "customer_id,attempted_at,status,amount\nC-1,2026-02-01,failed,49\n"
    "C-2,2026-02-02,succeeded,49.9\n",
    "retention.yml": "business: Acme\ntime_zone: Europe/Berlin\ncurrency: EUR\nexchange_rates: {USD: 0.92}\n",
    "experiments.yml": "call:\n  hypothesis: it helps\n  started_on: 2026-02-01\n  randomised: true\n"
    "  arms: {control: 0.5, call: 0.5}\n  outcome: {kind: retained, days: 30}\n",
}  # fmt: skip


def corrupted(content: bytes, chance: random.Random) -> bytes:
    """The content with one thing wrong with it, somewhere."""
    whole = bytearray(content)
    at = chance.randrange(len(whole) + 1)
    lines = content.split(b"\n")
    kind = chance.randrange(13)
    if kind == 0:
        for _ in range(chance.randrange(1, 6)):
            whole[chance.randrange(len(whole))] = chance.randrange(256)
    elif kind == 1:
        del whole[at:]
    elif kind == 2:
        del whole[at : at + chance.randrange(1, 9)]
    elif kind == 3:
        whole[at:at] = chance.randbytes(chance.randrange(1, 9))
    elif kind == 4:
        whole[at:at] = chance.choice(
            [b'"', b"\0", b"\n", b"\r", b",", b";", b"\t", b"\xff", b"\xef\xbb\xbf", b": ", b"&a "]
        )
    elif kind == 5:
        chance.shuffle(lines)
        whole[:] = b"\n".join(lines)
    elif kind == 6:
        whole[:] = b"\n".join(lines + lines[1:])
    elif kind == 7:
        whole[:] = content.decode("latin-1").encode(chance.choice(["utf-16", "utf-32", "utf-16-le"]))
    elif kind == 8:
        whole[:] = gzip.compress(content)
    elif kind == 9:
        whole[:] = content.replace(b",", chance.choice([b";", b"\t", b",,", b", ", b"|"]))
    elif kind == 10:
        number = chance.randrange(len(lines))
        cells = lines[number].split(b",")
        cells[chance.randrange(len(cells))] = chance.choice(NASTY).encode()
        lines[number] = b",".join(cells)
        whole[:] = b"\n".join(lines)
    elif kind == 11:
        whole[:] = chance.randbytes(chance.randrange(300))
    else:
        whole[:] = content.replace(b"\n", chance.choice([b"\r", b"\r\n", b"\n\n", b"", b"\x0b"]))
    return bytes(whole)


def garbage(folder: Path, seed: int) -> Path:
    """A small business in mixed forms, of which one to three files are damaged."""
    chance = random.Random(seed)
    other = chance.choice(list(OTHERS))
    form, content = chance.choice(
        [
            ("csv", SUBSCRIPTIONS),
            ("csv.gz", gzip.compress(SUBSCRIPTIONS.encode(), mtime=0)),
            ("parquet", parquet()),
            ("xlsx", workbook(list(SPANS), *zip(*SPANS.values(), strict=True))),
        ]
    )
    folder_of(folder, {**instead(content, f"subscriptions.{form}"), other: OTHERS[other]})
    files = sorted(folder.iterdir())
    for path in chance.sample(files, chance.choice([1, 1, 1, 2, 3])):
        path.write_bytes(corrupted(path.read_bytes(), chance))
    return folder


def assert_sentences(faults: list[Fault], folder: Path) -> None:
    for fault in faults:
        assert fault.level in ("stop", "warning", "note")
        assert fault.message[-1:] in (".", "?"), fault.message
        without_values = re.sub(r"value (['\"]).*?\1\)", "", fault.message)
        assert not JARGON.search(without_values), fault.message
        assert str(folder.parent) not in fault.message
        assert "\n" not in fault.message


@pytest.mark.parametrize("batch", range(10))
def test_garbage_is_answered_with_sentences(tmp_path, batch):
    for seed in range(15 * batch, 15 * batch + 15):
        folder = garbage(tmp_path / f"{seed}", seed)
        faults = examine(folder, tmp_path / ".kept")
        assert_sentences(faults, folder)
        assert not list((tmp_path / ".kept").rglob(".building-*")), seed


# --- the cache -------------------------------------------------------------------------------------


def unread(*_: object, **__: object) -> None:
    raise AssertionError("a file was read")


def test_a_second_report_reads_no_file_again(tmp_path, cache, monkeypatch):
    folder = folder_of(tmp_path / "data", OTHERS)
    first = gate.pass_gate(folder, cache)
    for module, reader in ((gate, "connect"), (reading, "raw_relation"), (reading, "csv_header")):
        monkeypatch.setattr(module, reader, unread)
    assert gate.pass_gate(folder, cache) == first
    assert gate.pass_gate(tmp_path / "." / "data", cache) == first
    with pytest.raises(AssertionError, match="a file was read"):
        gate.pass_gate(folder_of(tmp_path / "data", {"nps.csv": OTHERS["nps.csv"] + "\n"}), cache)


@pytest.mark.parametrize("name", ["customers.csv", "retention.yml", "experiments.yml", "nps.csv"])
def test_what_changes_is_read_again(tmp_path, cache, name):
    """Also where name, size and time stay the same: what is in the file is not."""
    folder = folder_of(tmp_path / "data", OTHERS)
    before = gate.pass_gate(folder, cache)
    stat = (folder / name).stat()
    changed = (folder / name).read_bytes().replace(b"2026-0", b"2025-0", 1).replace(b"Acme", b"Acma", 1)
    assert changed != (folder / name).read_bytes() and len(changed) == stat.st_size
    (folder / name).write_bytes(changed)
    os.utime(folder / name, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert gate.pass_gate(folder, cache).folder != before.folder


def test_a_touch_and_a_copy_read_nothing_again(tmp_path, cache, monkeypatch):
    """And once they are seen, no byte of the files is asked for."""
    folder = folder_of(tmp_path / "data", OTHERS)
    before = gate.pass_gate(folder, cache)
    monkeypatch.setattr(gate, "read_table", unread)
    for path in folder.iterdir():
        shutil.copy(path, tmp_path / "copy")
        (tmp_path / "copy").replace(path)
    (folder / "customers.csv").touch()
    assert gate.pass_gate(folder, cache) == before
    monkeypatch.setattr(looking_at, "_content", unread)
    assert gate.pass_gate(folder, cache) == before


def test_what_is_put_back_is_the_latest_reading(tmp_path, cache):
    """An earlier reading that is found again is what mails are addressed by."""
    folder = folder_of(tmp_path / "data", {})
    first = gate.pass_gate(folder, cache).folder
    as_it_was = (folder / "customers.csv").read_bytes()
    (folder / "customers.csv").write_bytes(as_it_was + b"\n")
    second = gate.pass_gate(folder, cache).folder
    assert second != first and recipients.last_reading(folder, cache) == second / "customers.parquet"
    (folder / "customers.csv").write_bytes(as_it_was)
    assert gate.pass_gate(folder, cache).folder == first
    assert recipients.last_reading(folder, cache) == first / "customers.parquet"


def test_a_new_version_of_what_does_not_read_reads_nothing_again(tmp_path, cache, monkeypatch):
    """Only the rooms up to the gate count: none of what comes after them can change what was kept."""
    to_the_gate = ROOMS[: ROOMS.index("gate") + 1]
    assert [name.removesuffix(".py") for name in looking_at.READS] == list(to_the_gate)
    folder = folder_of(tmp_path / "data", OTHERS)
    before = gate.pass_gate(folder, cache)
    monkeypatch.setattr(looking_at, "READS", ("words",))
    assert gate.pass_gate(folder, cache).folder != before.folder


def test_new_settings_are_a_new_reading(tmp_path):
    files = {
        "customers.csv": customers_at(["2026-03-05T23:30:00Z"]),
        "subscriptions.csv": HEADER + "C-0,2026-03-05,,49,pro,active,EUR\n",
    }
    assert parquet_of(tmp_path, "customers", "signed_up_on", files) == [(dt.date(2026, 3, 5),)]
    later = {**files, "retention.yml": "time_zone: Asia/Tokyo"}
    assert parquet_of(tmp_path, "customers", "signed_up_on", later) == [(dt.date(2026, 3, 6),)]


def test_new_words_are_a_new_reading(tmp_path, cache):
    """Written, edited and taken away again: what a report may say is never that of an earlier reading."""
    folder = folder_of(tmp_path / "data", {})
    first = gate.pass_gate(folder, cache).folder
    (folder / "messages.yml").write_text("thanks: {milestone: Well done}\n")
    second = gate.pass_gate(folder, cache).folder
    looked = look_at(folder)
    (folder / "messages.yml").write_text("thanks: {milestone: Well done.}\n")
    assert looked.changed() == [folder / "messages.yml"]
    assert len({first, second, gate.pass_gate(folder, cache).folder}) == 3
    (folder / "messages.yml").unlink()
    assert gate.pass_gate(folder, cache).folder == first


def test_a_fault_in_the_words_stops_the_report(tmp_path, cache):
    folder = folder_of(tmp_path / "data", {"messages.yml": "thanks: {milestne: Well done}\n"})
    with pytest.raises(Stopped, match=r"there is no thanks\.milestne\. Did you mean milestone"):
        gate.pass_gate(folder, cache)


def test_a_file_that_comes_or_goes_is_a_new_reading(tmp_path, cache):
    folder = folder_of(tmp_path / "data", {})
    assert len(gate.pass_gate(folder, cache).sources) == 2
    (folder / "nps.csv").write_text(OTHERS["nps.csv"])
    assert len(gate.pass_gate(folder, cache).sources) == 3
    (folder / "nps.csv").unlink()
    assert len(gate.pass_gate(folder, cache).sources) == 2


def test_a_stop_is_never_kept(tmp_path, cache):
    folder = folder_of(tmp_path / "data", {"customers.csv": "customer_id\n"})
    for _ in range(2):
        with pytest.raises(Stopped):
            gate.pass_gate(folder, cache)
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_a_reading_that_is_interrupted_leaves_nothing(tmp_path, cache, monkeypatch):
    folder = folder_of(tmp_path / "data", {})
    for broken in (KeyboardInterrupt, MemoryError):

        def interrupt(_: object, broken: type = broken) -> None:
            raise broken

        with monkeypatch.context() as patch, pytest.raises(broken):
            patch.setattr(kept, "save", interrupt)
            gate.pass_gate(folder, cache)
        assert not [path for path in cache.rglob("*") if path.is_file()]
    assert gate.pass_gate(folder, cache).faults == ()


def test_what_a_killed_reading_left_is_swept_away_a_day_later(tmp_path, cache):
    folder = folder_of(tmp_path / "data", {})
    home = gate.pass_gate(folder, cache).folder.parent
    for name, age in ((".building-old", 2 * kept.LEFT_BEHIND), (".building-young", 0)):
        (home / name).mkdir()
        stamp = (home / name).stat().st_mtime - age
        os.utime(home / name, (stamp, stamp))
    (folder / "retention.yml").write_text("min_customers: 7")
    gate.pass_gate(folder, cache)
    assert [path.name for path in home.glob(".*")] == [".building-young"]


def test_a_reading_is_kept_where_earlier_ones_seem_to_come_from_the_future(tmp_path, cache):
    """The clock was years ahead for three readings, and was set right again."""
    folder, ahead = folder_of(tmp_path / "data", {}), dt.datetime(2040, 1, 1).timestamp()
    for number in range(kept.KEPT_FINGERPRINTS):
        (folder / "retention.yml").write_text(f"min_customers: {number}")
        os.utime(gate.pass_gate(folder, cache).folder, (ahead + number, ahead + number))
    (folder / "retention.yml").write_text("min_customers: 9")
    now = gate.pass_gate(folder, cache).folder
    assert now.exists() and gate.pass_gate(folder, cache).folder == now


def test_old_readings_are_forgotten(tmp_path, cache):
    folder = folder_of(tmp_path / "data", {})
    readings = []
    for number in range(kept.KEPT_FINGERPRINTS + 2):
        (folder / "retention.yml").write_text(f"min_customers: {number}")
        readings.append(gate.pass_gate(folder, cache).folder)
        stamp = 1_700_000_000 + number
        os.utime(readings[-1], (stamp, stamp))
    assert [reading.exists() for reading in readings] == [False, False, True, True, True]
    home = readings[0].parent
    assert sorted(home.iterdir()) == sorted([*readings[2:], home / looking_at.CONTENTS])


@pytest.mark.parametrize("damage", ["customers.parquet", "passed.json", "half of passed.json"])
def test_a_damaged_cache_is_made_anew(tmp_path, cache, damage):
    folder = folder_of(tmp_path / "data", {})
    first = gate.pass_gate(folder, cache)
    path = first.folder / damage.removeprefix("half of ")
    if damage.startswith("half"):
        path.write_bytes(path.read_bytes()[:50])
    else:
        path.unlink()
    assert gate.pass_gate(folder, cache) == first
    assert (first.folder / "customers.parquet").is_file()


def test_a_cache_that_cannot_be_written(tmp_path):
    folder = folder_of(tmp_path / "data", {})
    (tmp_path / "kept").touch()
    assert [fault.message for fault in examine(folder, tmp_path / "kept")] == [
        f"What was read cannot be kept in {tmp_path / 'kept'} (not a directory). "
        "Free some space there, or allow writing."
    ]


def test_two_processes_at_once(tmp_path, cache):
    folder = folder_of(tmp_path / "data", {**OTHERS, "customers.csv": customers_at(["2026-01-05"] * 20_000)})
    program = (
        "import sys; from pathlib import Path; from retention_helpers.gate import gate; "
        "print(gate.pass_gate(Path(sys.argv[1]), Path(sys.argv[2])).folder)"
    )
    command = [sys.executable, "-c", program, str(folder), str(cache)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = {process.communicate(timeout=120)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert answers == {str(gate.pass_gate(folder, cache).folder)}
    left = {path.name for path in next(cache.iterdir()).iterdir()}
    assert left == {Path(answers.pop()).name, looking_at.CONTENTS}


@pytest.mark.parametrize(("ended_at", "latest"), [("2026-05-07", "2026-05-07"), ("2199-02-07", "2026-01-06")])
def test_an_end_is_a_sign_of_life_until_today_and_then_a_plan(tmp_path, cache, ended_at, latest):
    """The latest start is of 6 January."""
    spans = f"customer_id,started_at,ended_at,mrr\nC-1,2026-01-05,{ended_at},5\nC-2,2026-01-06,,5\n"
    folder = folder_of(tmp_path / "data", {"subscriptions.csv": spans})
    assert gate.pass_gate(folder, cache).latest_on == latest


def test_what_was_kept_says_what_was_read(tmp_path, cache):
    folder = folder_of(
        tmp_path / "data", {"subscriptions.csv": SUBSCRIPTIONS + "C-1,2026-01-05,,49,pro,active,EUR\n"}
    )
    passed = gate.pass_gate(folder, cache)
    assert passed.currency == "EUR"
    assert (passed.first_on, passed.latest_on) == ("2026-01-05", "2026-03-01")
    known = {
        name: hashlib.sha256((folder / f"{name}.csv").read_bytes()).hexdigest()
        for name in ("customers", "subscriptions")
    }
    assert passed.sources == (
        kept.SourceRead("customers", "customers.csv", 2, 2, known["customers"]),
        kept.SourceRead("subscriptions", "subscriptions.csv", 3, 2, known["subscriptions"]),
    )
    record = json.loads((passed.folder / "passed.json").read_text(encoding="utf-8"))
    assert str(folder) not in json.dumps(record)


# --- the engine ------------------------------------------------------------------------------------


def test_the_engine_never_reaches_for_the_network(tmp_path):
    engine = connect(tmp_path / "spill")
    try:
        for name in (
            "autoinstall_known_extensions",
            "autoload_known_extensions",
            "allow_community_extensions",
        ):
            assert rows(engine, f"SELECT current_setting('{name}')") == [(False,)]
        with pytest.raises(EngineError):
            rows(engine, "SELECT * FROM read_parquet('https://localhost:9/x.parquet')")
        loaded = "SELECT extension_name FROM duckdb_extensions() WHERE loaded"
        assert rows(engine, f"{loaded} AND install_mode <> 'STATICALLY_LINKED'") == []
    finally:
        engine.disconnect()


def test_the_sample_has_no_faults_that_stop(cache):
    sample = shipped.SAMPLE
    assert [fault.message for fault in examine(sample, cache) if fault.level == "stop"] == []


def test_the_cache_goes_where_it_is_told(tmp_path, cache):
    folder = folder_of(tmp_path / "data", {})
    passed = gate.pass_gate(folder, cache)
    assert passed.folder.is_relative_to(cache)
    shutil.rmtree(cache)
    assert gate.pass_gate(folder, cache) == passed

"""What stands in a file of any form, as lists and dicts that can be changed at a leaf and written again."""

import csv
import datetime as dt
import io
import json
import sqlite3
from collections.abc import Hashable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

Structure = list[Any] | dict[Any, Any]


def read(name: str, content: bytes) -> Structure:
    """Rows of cells of a CSV, objects of JSON Lines, columns of Parquet, sheets, tables, or settings.

    Raises whatever the reader of that form raises.
    """
    match Path(name).suffix:
        case ".csv":
            return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        case ".jsonl":
            return [json.loads(line) for line in content.decode().splitlines()]
        case ".parquet":
            columns: Structure = pq.read_table(io.BytesIO(content)).to_pydict()
            return columns
        case ".xlsx":
            book = openpyxl.load_workbook(io.BytesIO(content))
            return {sheet.title: [list(row) for row in sheet.values] for sheet in book}
        case ".sqlite":
            with _database(content) as shop:
                return {name: [list(row) for row in shop.execute(f"SELECT * FROM {name}")]
                        for (name,) in shop.execute(TABLES)}  # fmt: skip
        case ".yml":
            settings: Structure = yaml.safe_load(content)
            return settings
    raise ValueError(name)


TABLES = "SELECT name FROM sqlite_master ORDER BY name"


def _database(content: bytes) -> "closing[sqlite3.Connection]":
    shop = sqlite3.connect(":memory:")
    shop.deserialize(content)
    return closing(shop)


def write(name: str, structure: Any, like: bytes) -> bytes:
    """The file with what was changed; `like` is what it was."""
    match Path(name).suffix:
        case ".csv":
            into = io.StringIO()
            csv.writer(into, lineterminator="\n").writerows(structure)
            return into.getvalue().encode("utf-8", "surrogatepass")
        case ".jsonl":
            return "".join(json.dumps(one) + "\n" for one in structure).encode()
        case ".parquet":
            packed = io.BytesIO()
            pq.write_table(pa.table({key: _column(values) for key, values in structure.items()}), packed)
            return packed.getvalue()
        case ".xlsx":
            book = openpyxl.Workbook()
            book.remove(book.active)
            for title, rows in structure.items():
                sheet = book.create_sheet(title)
                for row in rows:
                    sheet.append([_of_a_sheet(cell) for cell in row])
            saved = io.BytesIO()
            book.save(saved)
            return saved.getvalue()
        case ".sqlite":
            with _database(like) as shop:
                for table, lines in structure.items():
                    width = len(shop.execute(f"SELECT * FROM {table}").description)
                    shop.execute(f"DELETE FROM {table}")
                    marks = ", ".join("?" * width)
                    for line in lines:
                        cells = [_of_a_table(cell) for cell in line] + [None] * (width - len(line))
                        shop.execute(f"INSERT INTO {table} VALUES ({marks})", cells)
                shop.commit()
                return shop.serialize()
        case ".yml":
            return yaml.safe_dump(structure, sort_keys=False, allow_unicode=True).encode()
    raise ValueError(name)


def _column(values: list[Any]) -> pa.Array:
    """As their own type, or as text where they have several."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else str(value) for value in values])


def _of_a_sheet(cell: Any) -> Any:
    try:
        openpyxl.Workbook().active.append([cell])
    except (ValueError, TypeError, OverflowError):
        return json.dumps(cell, default=str)
    except openpyxl.utils.exceptions.IllegalCharacterError:
        return "?"
    return cell


def _of_a_table(cell: Any) -> Any:
    is_kept = isinstance(cell, str | float | bytes | None) or (isinstance(cell, int) and abs(cell) < 2**63)
    return cell if is_kept else json.dumps(cell, default=str)


def leaves(structure: Any) -> Iterator[tuple[Any, Hashable]]:
    """Where each value stands: what holds it, and under which key."""
    keys = structure if isinstance(structure, dict) else range(len(structure))
    for key in keys:
        if isinstance(structure[key], list | dict) and structure[key]:
            yield from leaves(structure[key])
        else:
            yield structure, key


def paths(structure: Any, above: tuple[Hashable, ...] = ()) -> Iterator[tuple[tuple[Hashable, ...], Any]]:
    """Each value with the keys that lead to it."""
    keys = structure if isinstance(structure, dict) else range(len(structure))
    for key in keys:
        if isinstance(structure[key], list | dict) and structure[key]:
            yield from paths(structure[key], (*above, key))
        else:
            yield (*above, key), structure[key]


def rows(structure: Any) -> list[str]:
    """What can be missing as a whole: a row, an object, each as text."""
    if isinstance(structure, list):
        return [json.dumps(row, default=str) for row in structure]
    columns = list(structure.values())
    if columns and all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        return [json.dumps(row, default=str) for row in zip(*columns, strict=True)]
    return [json.dumps(row, default=str) for table in columns if isinstance(table, list) for row in table]


def is_possible(value: Any, instead_of: Any) -> bool:
    """Whether a value may stand in the other's place: a day for a day, a number for a number, any name."""
    kind, before = _kind(value), _kind(instead_of)
    return kind == before or (before == "text" and kind != "nothing")


def _kind(value: Any) -> str:
    if isinstance(value, dt.date):
        return "day"
    text = str(value).strip()
    if value is None or not text:
        return "nothing"
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        return "number" if 0 <= number < 2e9 else "no number of anybody"
    try:
        day = dt.datetime.fromisoformat(text)
    except ValueError:
        return "text"
    return "day" if 2000 < day.year < 2100 else "no day of anybody"

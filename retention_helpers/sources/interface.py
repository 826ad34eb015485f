"""What an importer is: the files of one source in, tables of the contract and faults out.

An importer reads form and meaning of a foreign export and nothing else. The rules of the contract (dates
that can be read, ends after starts, known customers) are the gate's: it holds them against what an
importer brings as against any other file, and says the place of a row as the importer named it.
"""

import datetime as dt
import gc
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from retention_helpers.contract.assumed import Assumed
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import TABLES, Fault
from retention_helpers.sources.folder import PLACE as PLACE
from retention_helpers.words.formats import typed

_NEW_OBJECTS = 50_000  # between two searches for cycles, which cost a tenth of an import


@dataclass(frozen=True)
class Order:
    """What an importer is asked for.

    Attributes:
        files: the files of this source, in a fixed order; they exist.
        into: an empty folder for the tables.
        settings: the owner's choices, such as `date_order`.
        options: what stands beside `path` in `sources:` of `retention.yml`, of `Importer.options` only.
        earlier: the tables that the sources before this one brought, for one that completes them.
        home: the data folder to write to, for a source that is fetched and may be interrupted; None in a
            report, which asks no tool.
    """

    files: Sequence[Path]
    into: Path
    settings: Settings
    options: Mapping[str, Any] = field(default_factory=dict)
    earlier: Mapping[str, Path] = field(default_factory=dict)
    home: Path | None = None

    def spot(self, file: Path, place: str) -> "Spot":
        return Spot(file.name, place, is_only_file=len(self.files) == 1)


@dataclass(frozen=True)
class SetAside:
    """A row of a source that no table took: where it stands, why, and what it says."""

    file: str
    place: str
    reason: str
    cells: Mapping[str, str]


OURS = ("file", "place", "reason", "source_row")  # columns of the rows that were set aside


def beside_ours(name: str) -> str:
    """The name of a cell's column, where it is one of ours too."""
    return f"{name}_" if name.lower() in OURS else name


def as_frame(rows: Sequence[SetAside]) -> pd.DataFrame:
    """A row each: file, place, reason, then the cells as they were read; an empty one is missing."""
    columns = list(dict.fromkeys(name for row in rows for name in row.cells))
    return pd.DataFrame(
        [[row.file, row.place, row.reason, *(row.cells.get(name) for name in columns)] for row in rows],
        columns=["file", "place", "reason", *map(beside_ours, columns)],
    ).astype("string")


@dataclass(frozen=True)
class Spot:
    """Where a row stands. As text, for `PLACE`, it names the file where the source has several."""

    file: str
    place: str
    is_only_file: bool = True

    def __str__(self) -> str:
        return self.place if self.is_only_file else f"{self.file}, {self.place}"

    def set_aside(self, reason: str, cells: Mapping[str, str]) -> SetAside:
        return SetAside(self.file, self.place, reason, cells)


@dataclass(frozen=True)
class Imported:
    """What an importer found.

    Attributes:
        tables: the Parquet file of each table of the contract that this source brings. Its columns are the
            contract's, further attributes for customers, and `PLACE`; cells may be text in the contract's
            forms.
        rows_read: how many rows each file held, titles and headers not counted.
        set_aside: rows that went into no table; nothing is left out without standing here.
        faults: what is wrong with the files themselves. With a stop the tables are not used.
        not_known: why a history of `contract.HISTORIES` cannot be known from this source, in a sentence or
            two with the way out. What would follow from it is left empty on every page.
        unmatched: rows of other sources that this one knows nothing of; they count all the same.
        assumed: what it took for granted of all rows, how far it reaches, and whose payment is still due.
    """

    tables: Mapping[str, Path]
    rows_read: Mapping[str, int]
    set_aside: Sequence[SetAside] = ()
    faults: Sequence[Fault] = ()
    not_known: Mapping[str, str] = field(default_factory=dict)
    unmatched: Sequence[SetAside] = ()
    assumed: Assumed | None = None


@dataclass(frozen=True)
class Importer:
    """A source that can be imported.

    Attributes:
        name: what the owner types: `import NAME FILES`.
        about: what it reads, in a few words.
        recognises: what a file with these columns is, in the owner's words; "" for none of its own.
        read: does the work. Raises InputError for what makes any reading impossible.
        options: the keys that it understands beside `path` in `retention.yml`.
        completes: the tables of it that take the place of the earlier ones, whose rows they must hold; the
            rows of others are added to theirs.
        is_live: whether what it reads changes while its files stay as they are; it is then read once a day.
        is_verbatim: whether it leaves texts as they stand, to be read as those of a file are.
        is_fetched: whether it needs no files, because it asks the tool itself; only by `import`.
    """

    name: str
    about: str
    recognises: Callable[[Sequence[str]], str]
    read: Callable[[Order], Imported]
    options: tuple[str, ...] = ()
    completes: tuple[str, ...] = ()
    is_live: bool = False
    is_verbatim: bool = False
    is_fetched: bool = False

    def fulfil(self, order: Order) -> Imported:
        """What it reads. Objects of exports are trees, so the search for cycles among them is made seldom."""
        usual = gc.get_threshold()
        gc.set_threshold(_NEW_OBJECTS, *usual[1:])
        try:
            return self.read(order)
        finally:
            gc.set_threshold(*usual)


def write_rows(order: Order, table: str, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write the rows of a table as text, in the order given, and return the file for `Imported.tables`.

    A column that no row has is left out unless the contract requires it. For more rows than fit in memory use
    `Rows`, or let an engine write the same file: `order.into / "NAME.parquet"`.
    """
    listed = list(rows)
    columns = dict.fromkeys([*TABLES[table].required, *(name for row in listed for name in row)])
    cells = {name: pa.array([as_text(row.get(name)) for row in listed], pa.string()) for name in columns}
    path = order.into / f"{table}.parquet"
    pq.write_table(pa.table(cells), path, compression="zstd")
    return path


class Rows:
    """Rows that are written as they come, so that a large export never lies in memory.

    The columns are fixed before the first row; every cell is text or None. Use as a context manager.
    """

    AT_ONCE = 20_000

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.columns, self.count = path, tuple(columns), 0
        self._waiting: list[Mapping[str, str | None]] = []
        self._schema = pa.schema([(name, pa.string()) for name in self.columns])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits, and end the file; a second time does nothing."""
        if self._writer.is_open:
            self._flush()
            self._writer.close()

    def add(self, row: Mapping[str, str | None]) -> None:
        self._waiting.append(row)
        self.count += 1
        if len(self._waiting) >= self.AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        cells = [pa.array([row.get(name) for row in self._waiting], pa.string()) for name in self.columns]
        self._writer.write_table(pa.Table.from_arrays(cells, schema=self._schema))
        self._waiting.clear()


def unmistakable(amount: str) -> str:
    """An amount whose three decimals nobody can take for thousands, whoever reads it next.

    >>> unmistakable("1.234"), unmistakable("49.90")
    ('1.2340', '49.90')
    """
    return f"{amount}0" if re.fullmatch(r"[+-]?\d+\.\d{3}", amount) else amount


def as_text(value: object) -> str | None:
    """A cell as the contract writes it; None where it is empty.

    >>> as_text(dt.date(2026, 3, 5)), as_text(Decimal("49.90")), as_text(" pro "), as_text("")
    ('2026-03-05', '49.90', 'pro', None)
    """
    if value is None:
        return None
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return typed(value)
    return str(value).strip() or None

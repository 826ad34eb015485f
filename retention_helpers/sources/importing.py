"""Imports: a source's files become the tables of a data folder; what no table took is kept beside them."""

import csv
import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from retention_helpers.contract import assumed, not_known
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import TABLES, Fault, Stopped
from retention_helpers.sources import importer
from retention_helpers.sources.folder import ENDINGS
from retention_helpers.sources.interface import (
    PLACE,
    Imported,
    Importer,
    Order,
    SetAside,
    as_frame,
    unmistakable,
    write_rows,
)
from retention_helpers.words.errors import InputError
from retention_helpers.words.safe import write_csv

RECORD = ".imported.json"  # which files an import wrote, so that it never replaces another's
SET_ASIDE = "set_aside"


@dataclass(frozen=True)
class Written:
    """What an import wrote: the rows of each file, and the rows that were set aside, if any."""

    rows: Mapping[str, int]
    rows_set_aside: int
    set_aside: Path | None
    unmatched: Path | None  # rows of other sources that this one knows nothing of
    faults: Sequence[Fault]


def import_files(
    source: str,
    files: Sequence[Path],
    out: Path,
    settings: Settings,
    options: Mapping[str, Any] | None = None,
) -> Written:
    """Read the files of a source into CSV tables in the folder `out`.

    `options` are what stands beside `path` in `sources:`, as the importer understands it.

    A table that an earlier import wrote is replaced, as long as nobody has changed it. Raises Stopped with
    every fault of the files, InputError for files that are missing or would be overwritten.
    """
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise InputError(f"There is no file {missing[0]}. Name the files that {source} exported.")
    with tempfile.TemporaryDirectory(prefix="retention-import-") as scratch:
        one = importer(source)
        earlier = _earlier(out, one, Path(scratch))
        imported = one.fulfil(Order(files, Path(scratch), settings, options or {}, earlier, out))
        if any(fault.level == "stop" for fault in imported.faults):
            raise Stopped(imported.faults)
        _refuse_to_replace(out, imported.tables)
        return _write(imported, source, out)


def _earlier(out: Path, one: Importer, scratch: Path) -> dict[str, Path]:
    """The tables that this importer completes, as earlier imports wrote them."""
    found = {}
    for table in one.completes:
        path = out / f"{table}.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                rows = [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(file)]
            (scratch / "earlier").mkdir(exist_ok=True)
            found[table] = write_rows(Order((), scratch / "earlier", Settings()), table, rows)
    return found


def _recorded(out: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((out / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=12)).hexdigest()


def _refuse_to_replace(out: Path, tables: Iterable[str]) -> None:
    """An owner's own file, or one that was corrected since, is never written over."""
    recorded = _recorded(out)
    for table in tables:
        for path in (out / f"{table}{ending}" for ending in ENDINGS):
            if path.exists() and not (path.is_file() and recorded.get(path.name) == _digest(path)):
                raise InputError(
                    f"{path} is there already, and this import did not write it, or it was changed since. "
                    "Move it away, or name another folder with --out."
                )


def _write(imported: Imported, source: str, out: Path) -> Written:
    out.mkdir(parents=True, exist_ok=True)
    recorded, rows = _recorded(out), {}
    for table, parquet in imported.tables.items():
        path = out / f"{table}.csv"
        rows[path.name] = _write_table(parquet, path, is_verbatim=importer(source).is_verbatim)
        recorded[path.name] = _digest(path)
    (out / RECORD).write_text(json.dumps(recorded, indent=1, sort_keys=True), encoding="utf-8")
    if "subscriptions" in imported.tables:
        not_known.write(out, source, imported.not_known)
        assumed.write(out, source, imported.assumed)
    aside = write_set_aside(imported.set_aside, out / SET_ASIDE / f"{source}.csv")
    unmatched = write_set_aside(imported.unmatched, out / SET_ASIDE / f"{source}_unmatched.csv")
    return Written(rows, len(imported.set_aside), aside, unmatched, imported.faults)


def _write_table(parquet: Path, path: Path, *, is_verbatim: bool) -> int:
    """A table as CSV, piece by piece, without the column that says where a row came from."""
    with pq.ParquetFile(parquet) as whole, path.open("w", encoding="utf-8", newline="") as file:
        columns = [name for name in whole.schema_arrow.names if name != PLACE]
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        amounts = {column.name for column in TABLES[path.stem].of_kind("money") if not is_verbatim}
        for batch in whole.iter_batches(columns=columns):
            cells = [
                map(_as_amount, column.to_pylist()) if name in amounts else column.to_pylist()
                for name, column in zip(columns, batch.columns, strict=True)
            ]
            writer.writerows(zip(*cells, strict=True))
        return int(whole.metadata.num_rows)


def _as_amount(cell: object) -> object:
    return None if cell is None else unmistakable(str(cell))


def write_set_aside(rows: Sequence[SetAside], path: Path) -> Path | None:
    """The rows that were set aside, each with its place and the reason; no file where there are none."""
    path.unlink(missing_ok=True)
    if not rows:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(path, as_frame(rows))
    return path

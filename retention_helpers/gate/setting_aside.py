"""Rows that were read and do not count: kept as the file has them, each with its place and the reason.

Nothing is lost: `check` writes them to a folder, a report among its lists for action.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from retention_helpers.engine import quoted, text
from retention_helpers.gate.evidence import Evidence
from retention_helpers.sources.folder import Source, places_of
from retention_helpers.sources.interface import SetAside, as_frame, beside_ours

FOLDER = "set_aside"
UNMATCHED = "unmatched"  # rows that count, and that a source knows nothing of
SAME_PERSON = "same_person"  # customers of one e-mail
KINDS = (FOLDER, UNMATCHED, SAME_PERSON)


def keep_rows(evidence: Evidence, source: Source, raw: str, numbers: str, reason: str) -> None:
    """Keep rows of a file, by the SQL of their numbers, with every cell as it was read."""
    described = evidence.rows(f"DESCRIBE SELECT * FROM {raw}")
    cells = ", ".join(
        f"CAST({quoted(name)} AS VARCHAR) AS {quoted(beside_ours(name))}" for name, *_ in described
    )
    numbered = f"(SELECT row_number() OVER () AS source_row, {cells} FROM {raw})"
    path = _path(evidence.target, source.table)
    evidence.engine.con.execute(
        f"COPY (SELECT {text(source.name)} AS file, {text(reason)} AS reason, * FROM {numbered} "
        f"WHERE source_row IN ({numbers}) ORDER BY source_row) TO {text(str(path))} (FORMAT parquet)"
    )
    numbers_kept = pq.read_table(path, columns=["source_row"]).column(0).to_pylist()
    _with_places(path, places_of(source, numbers_kept))


def _path(target: Path, name: str, folder: str = FOLDER) -> Path:
    (target / folder).mkdir(exist_ok=True)
    return target / folder / f"{name}.parquet"


def _with_places(path: Path, places: Sequence[str]) -> None:
    """Say for every row where the owner finds it, in place of its number."""
    kept = pq.read_table(path).drop(["source_row"])
    pq.write_table(kept.add_column(1, "place", pa.array(places, pa.string())), path)


def keep_imported(target: Path, key: str, rows: Sequence[SetAside], folder: str = FOLDER) -> None:
    """Keep the rows that an importer put into no table, or matched with nothing."""
    if not rows:
        return
    as_frame(rows).to_parquet(_path(target, key, folder), index=False)


def keep_same_person(evidence: Evidence, rows: pa.Table) -> None:
    """Keep the customers who have one e-mail."""
    pq.write_table(rows, _path(evidence.target, "customers", SAME_PERSON))


def list_of(table: str, folder: str = FOLDER) -> str:
    """The name of the list on which a table's rows are handed on."""
    return f"{folder}_{table}"


def set_aside(kept: Path, folder: str = FOLDER) -> Iterator[tuple[str, pd.DataFrame]]:
    """Every table or source with rows set aside: file, place, reason, then the cells as they were read."""
    for path in sorted((kept / folder).glob("*.parquet")):
        yield path.stem, pd.read_parquet(path)

"""Rows that were read and do not count: kept as the file has them, each with its place and the reason.

Nothing is lost: `check` writes them to a folder, a report among its lists for action.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from retention_helpers.contract.tables import TABLES
from retention_helpers.engine import quoted, text
from retention_helpers.gate.evidence import Evidence
from retention_helpers.sources.folder import Source, places_of
from retention_helpers.sources.interface import SetAside, as_frame, beside_ours

FOLDER = "set_aside"
UNKNOWN_CUSTOMER = "its customer is missing from customers"
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
    before = [pq.read_table(path)] if path.exists() else []
    evidence.engine.con.execute(
        f"COPY (SELECT {text(source.name)} AS file, {text(reason)} AS reason, * FROM {numbered} "
        f"WHERE source_row IN ({numbers}) ORDER BY source_row) TO {text(str(path))} (FORMAT parquet)"
    )
    kept = pq.read_table(path)
    places = places_of(source, kept.column("source_row").to_pylist())
    placed = kept.drop(["source_row"]).add_column(1, "place", pa.array(places, pa.string()))
    pq.write_table(pa.concat_tables([*before, placed]), path)


def leave_out(evidence: Evidence, table: str, rows: str, reason: str) -> None:
    """Take rows out of a kept table, by the SQL of what they are; a large one keeps no list of them."""
    source, kept = evidence.read[table], evidence.of(table)
    if TABLES[table].is_large:
        evidence.rewrite(
            table,
            f"SELECT * FROM {kept} ANTI JOIN (SELECT DISTINCT customer_id FROM {rows}) USING (customer_id)",
        )
    else:
        keep_rows(evidence, source, evidence.raw[table], f"SELECT source_row FROM {rows}", reason)
        evidence.rewrite(
            table, f"SELECT * FROM {kept} ANTI JOIN {rows} USING (source_row) ORDER BY source_row"
        )
    evidence.totals[table] = evidence.count(evidence.of(table))


def _path(target: Path, name: str, folder: str = FOLDER) -> Path:
    (target / folder).mkdir(exist_ok=True)
    return target / folder / f"{name}.parquet"


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

"""A database of the owner's: tables or queries of it, read through the engine's backends.

`import database shop.yml`, where shop.yml names the variable of the environment that holds the address, and
what is a table of ours. Nothing is written there, and nothing is taken but the columns of the contract and
the attributes that are named. PostgreSQL and SQLite are tested; whatever else ibis connects to is not.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis.common.exceptions
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlglot.errors

from retention_helpers.contract.tables import TABLES, Fault, message
from retention_helpers.sources import described
from retention_helpers.sources.database.connections import (
    Database,
    in_our_words,
    no_single_value,
    opened,
    picked,
)
from retention_helpers.sources.database.description import Description, Wanted, read_description
from retention_helpers.sources.folder import shortened
from retention_helpers.sources.interface import Imported, Importer, Order
from retention_helpers.words import written


def read(order: Order) -> Imported:
    """Every table of every description."""
    tables: dict[str, Path] = {}
    rows_read: dict[str, int] = {}
    faults: list[Fault] = []
    not_known: dict[str, str] = {}
    for description in map(read_description, order.files):
        not_known |= description.not_known
        with opened(description) as database:
            for wanted in description.tables:
                if described.stays(order.settings.sources.get(wanted.name)):
                    continue
                if wanted.name in tables:
                    raise described.wrong(description.path.name, f"{wanted.name} stood in an earlier file")
                tables[wanted.name] = order.into / f"{wanted.name}.parquet"
                rows = _write(database, description, wanted, tables[wanted.name], faults)
                rows_read[description.path.name] = rows_read.get(description.path.name, 0) + rows
    return Imported(tables, rows_read, (), faults, not_known)


def _write(
    database: Database, description: Description, wanted: Wanted, path: Path, faults: list[Fault]
) -> int:
    """Write a table's rows as they come, in the memory of one batch; how many there were."""
    where = f"{description.path.name}: {wanted.name}"
    try:
        rows = database.rows_of(wanted)
    except ibis.common.exceptions.TableNotFound:
        raise described.wrong(where, f"the database has no table {wanted.table}. Correct its name") from None
    except (ibis.common.exceptions.IbisError, sqlglot.errors.SqlglotError):
        raise described.wrong(where, "its query is not understood. Write it as one SELECT") from None
    taken = picked(where, wanted, rows.columns)
    _refuse_ranges(where, wanted, {ours: rows[theirs].type() for ours, theirs in taken.items()}, taken)
    faults += _not_taken(where, wanted, set(rows.columns) - set(taken.values()))
    count, writer = 0, None
    try:
        for some in database.batches(in_our_words(rows, taken, wanted)):
            batch = _in_zone(some, wanted, description.time_zone)
            writer = writer or pq.ParquetWriter(path, batch.schema, compression="zstd")
            writer.write_batch(batch)
            count += batch.num_rows
    finally:
        if writer:
            writer.close()
    if not count:
        pq.write_table(pa.table({name: pa.array([], pa.string()) for name in taken}), path)
    return count


def _in_zone(batch: pa.RecordBatch, wanted: Wanted, zone: str) -> pa.RecordBatch:
    """The rows with the zone of their times said, where the times name none."""
    if not zone:
        return batch
    instants = {column.name for column in TABLES[wanted.name].of_kind("instant")}
    columns = {
        name: _zoned(batch.column(name), zone) if name in instants else batch.column(name)
        for name in batch.schema.names
    }
    return pa.RecordBatch.from_pydict(columns)


def _zoned(cells: pa.Array, zone: str) -> pa.Array:
    if pa.types.is_string(cells.type):
        return pa.array([_text_zoned(cell, zone) for cell in cells.to_pylist()], pa.string())
    if pa.types.is_timestamp(cells.type) and cells.type.tz is None:
        return pc.assume_timezone(cells, zone, ambiguous="earliest", nonexistent="earliest")
    return cells


def _text_zoned(cell: str | None, zone: str) -> str | None:
    read = written.instant(cell) if cell else None
    if read is None or "T" not in read:
        return cell
    moment = dt.datetime.fromisoformat(read)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))).isoformat()


_PARTS = {
    "a range": "such as SELECT lower({0}) AS {1} (its end is upper({0}))",
    "a list": "such as SELECT {0}[1] AS {1}",
    "JSON": "such as SELECT {0}->>'its key' AS {1}",
}


def _refuse_ranges(where: str, wanted: Wanted, kinds: Mapping[str, Any], picked: Mapping[str, str]) -> None:
    """Raise InputError where a column of days or amounts holds several of them, or none."""
    table = TABLES[wanted.name]
    for column in (*table.of_kind("instant"), *table.of_kind("money")):
        what = no_single_value(kinds[column.name]) if column.name in kinds else ""
        if what:
            theirs, thing = picked[column.name], "amount" if column.kind == "money" else "day"
            such_as = _PARTS.get(what, "").format(theirs, column.name)
            raise described.wrong(
                where,
                f"{theirs} for {column.name} is {what}, and no single {thing}. Ask for the {thing} in a "
                f"`query:`{', ' if such_as else ''}{such_as}",
            )


def _not_taken(where: str, wanted: Wanted, left: set[str]) -> Iterator[Fault]:
    """A note that names the columns which were left where they are."""
    if left and wanted.table:
        said = message(
            where,
            f"{shortened(sorted(left))} of {wanted.table} were not read",
            "Name under `attributes:` those that say how a customer was at sign-up."
            if TABLES[wanted.name].has_attributes
            else "Is that meant?",
        )
        yield Fault("note", wanted.name, "unknown column", 0, said)


def _recognises(columns: Sequence[str]) -> str:
    """A description is no export: nobody drops one among files by chance."""
    return ""


IMPORTER = Importer(
    name="database",
    about="tables or queries of a database (PostgreSQL, SQLite), as a file such as shop.yml describes them",
    recognises=_recognises,
    read=read,
    is_live=True,
    is_verbatim=True,
)

"""Runs the importers that `sources:` asks for, and puts the rows of several sources into one table each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from retention_helpers.contract.assumed import Assumed
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Fault
from retention_helpers.sources import importer
from retention_helpers.sources.folder import Source
from retention_helpers.sources.interface import Imported, Order
from retention_helpers.sources.mapping import Entry


@dataclass(frozen=True)
class Brought:
    """What the importers brought: a source a table, and what each of them found, by its key."""

    tables: Sequence[Source]
    imported: Mapping[str, Imported]

    @property
    def faults(self) -> list[Fault]:
        return [fault for one in self.imported.values() for fault in one.faults]

    @property
    def not_known(self) -> dict[str, Mapping[str, str]]:
        return {key: one.not_known for key, one in self.imported.items() if one.not_known}

    @property
    def assumed(self) -> dict[str, Assumed]:
        return {key: one.assumed for key, one in self.imported.items() if one.assumed}

    @property
    def is_stopped(self) -> bool:
        return any(fault.level == "stop" for fault in self.faults)


def run_importers(entries: Iterable[Entry], settings: Settings, target: Path) -> Brought:
    """Every entry's importer, in order. Of one that stops, no table is used."""
    paths: dict[str, Path] = {}
    origins: dict[str, list[str]] = {}
    imported: dict[str, Imported] = {}
    exact: set[str] = set()  # tables with a source whose importer has read every cell
    for entry in entries:
        into = target / str(len(imported))
        into.mkdir(parents=True)
        one = importer(entry.importer)
        own = replace(settings, date_order=entry.date_order or settings.date_order)
        found = one.fulfil(Order(entry.files, into, own, entry.options, dict(paths)))
        imported[entry.key] = found
        if any(fault.level == "stop" for fault in found.faults):
            continue
        for table, path in found.tables.items():
            is_added = table in paths and table not in one.completes
            paths[table] = _together(paths[table], path, into) if is_added else path
            origins.setdefault(table, []).append(_shown(entry))
            exact |= set() if one.is_verbatim or table in one.completes else {table}
    tables = [
        Source(table, path, "parquet", origin=", ".join(origins[table]), is_verbatim=table not in exact)
        for table, path in paths.items()
    ]
    return Brought(tables, imported)


def _shown(entry: Entry) -> str:
    return entry.files[0].name if len(entry.files) == 1 else f"{entry.key} ({len(entry.files)} files)"


def _together(earlier: Path, later: Path, into: Path) -> Path:
    """The rows of two sources, the earlier ones first; a column that one of them lacks is empty there."""
    both = pa.concat_tables([pq.read_table(path) for path in (earlier, later)], promote_options="permissive")
    path = into / f"{later.stem}_together.parquet"
    pq.write_table(both, path, compression="zstd")
    return path

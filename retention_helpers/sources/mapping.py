"""`sources:` in `retention.yml`: other tools' files, read in place with their names and words for ours.

A key is a table of the contract, whose one file has other names for the columns (`columns:`) or other words
in them (`values:`), or an importer, whose files it reads. So `make report` imports and reports in one go.
"""

import glob
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from retention_helpers.contract import yaml_files
from retention_helpers.contract.settings import SETTINGS_FILE, Settings
from retention_helpers.contract.tables import TABLES
from retention_helpers.sources import IMPORTERS, described, importer
from retention_helpers.sources.database.description import read_description
from retention_helpers.sources.database.in_place import EVENTS, InPlace, table_in_place
from retention_helpers.sources.described import MINOR, OPEN
from retention_helpers.sources.folder import ENDINGS, Source, form_of, shortened
from retention_helpers.words.errors import InputError, nearest
from retention_helpers.words.written import ORDERS

MOST_FILES = 1000  # that one path may name
_OF_A_TABLE = ("path", "columns", "values", "sheet", "date_order", "time_zone", OPEN)
_OF_ONE_TABLE = {
    "subscriptions": ("price_per", "price_in", "renews", *described.OF_THE_SAME_ROW),
    "customers": ("each",),
    "cancellations": ("rows",),
}
_OF_AN_IMPORTER = ("path", "importer", "date_order", OPEN)


@dataclass(frozen=True)
class Entry:
    """An importer and its files, as `sources:` names them."""

    key: str
    importer: str
    files: Sequence[Path]
    options: Mapping[str, Any]
    date_order: str


def tables(folder: Path, settings: Settings) -> list[Source]:
    """The files that are a table of the contract under other names.

    Raises InputError for what is wrong with `sources:`, and for a question that is still open there.
    """
    found = [
        _table(folder, key, entry)
        for key, entry in settings.sources.items()
        if key in TABLES and not described.stays(entry)
    ]
    return [replace(one, read_elsewhere=_read_elsewhere(one, found)) for one in found]


def _read_elsewhere(source: Source, others: Sequence[Source]) -> set[str]:
    """The columns of a file that are not this table's because another table is read from them."""
    names: list[str] = list(source.beside.values())
    for other in others:
        if other.path == source.path and other.table != source.table:
            names += [other.columns.get(column.name, column.name) for column in TABLES[other.table].columns]
    return set(names)


def entries(folder: Path, settings: Settings) -> list[Entry]:
    """The importers that `sources:` asks for, in its order; what completes others comes after them.

    Raises InputError.
    """
    every = [_entry(folder, key, entry) for key, entry in settings.sources.items() if key not in TABLES]
    return sorted(every, key=lambda entry: bool(importer(entry.importer).completes))


def is_live(settings: Settings) -> bool:
    """Whether `sources:` names something that changes without any of its files changing."""
    named = [
        str(entry.get("importer") or key)
        for key, entry in settings.sources.items()
        if isinstance(entry, dict)
    ]
    return any(importer(name).is_live for name in named if name in IMPORTERS) or any(
        map(described.stays, settings.sources.values())
    )


def in_place(folder: Path, settings: Settings) -> InPlace | None:
    """The events that stay in their database; None where there are none. Raises InputError."""
    staying = {key: entry for key, entry in settings.sources.items() if described.stays(entry)}
    for key, entry in staying.items():
        described.refuse_unknown(_where(key), entry, ("database", "in_place"), first="database")
        if key != EVENTS:
            raise _wrong(key, f"only {EVENTS} can stay in a database. Bring it: database: {{path: …}}")
        if entry.get("in_place") is not True:
            raise _wrong(key, "write `in_place: true` beside `database:`, or bring it: database: {path: …}")
        (path,) = _found(folder, key, {"path": entry["database"]})
        return table_in_place(read_description(path), settings)
    return None


def files(folder: Path, settings: Settings) -> list[Path]:
    """Every file that `sources:` names and that is there; of a folder of Parquet also its parts."""
    found: list[Path] = []
    for entry in settings.sources.values():
        try:
            named = [file for path in _paths("", entry) for file in _matching(folder, path)]
        except InputError:
            continue
        found += [part for file in named for part in (file, *_parts(file))]
    return sorted(set(found))


def _parts(path: Path) -> list[Path]:
    return list(path.rglob("*.parquet")) if path.is_dir() else []


def _table(folder: Path, key: str, entry: Any) -> Source:
    described.refuse_unknown(_where(key), entry, (*_OF_A_TABLE, *_OF_ONE_TABLE.get(key, ())))
    _refuse_open(key, entry)
    found = _found(folder, key, entry)
    if len(found) > 1:
        raise _wrong(key, f"path names {len(found)} files. Name one, or let `spreadsheet` read them")
    form = form_of(found[0])
    if form is None:
        raise _wrong(key, f"{found[0].name} is none of {', '.join(ENDINGS)}. Save it as one of them")
    columns, values = described.names(_where(key), entry), described.values(_where(key), entry)
    known = [column.name for column in TABLES[key].columns]
    for name in [*columns, *values]:
        if name not in known and not TABLES[key].has_attributes:
            raise _wrong(key, f"{name} is no column of {key}. {nearest(name, known)}")
    return Source(
        key,
        found[0],
        form,
        columns=columns,
        values=values,
        sheet=str(entry.get("sheet") or ""),
        date_order=_date_order(key, entry),
        time_zone=described.time_zone(_where(key), entry),
        price_per=described.price_per(_where(key), entry),
        in_minor_units=described.one_of(_where(key), entry, "price_in", described.UNITS) == MINOR,
        beside=described.beside(entry),
        renews=described.renews(_where(key), entry),
        answered=tuple(entry),
        is_first_row=bool(described.one_of(_where(key), entry, "each", ("first",))),
        is_filled_only=bool(described.one_of(_where(key), entry, "rows", ("filled",))),
    )


def _refuse_open(key: str, entry: Mapping[str, Any]) -> None:
    """Raise InputError for the questions that nobody has answered yet, each in a line of its own."""
    asked = entry.get(OPEN) or []
    if not isinstance(asked, list):
        raise _wrong(key, f"{OPEN} should be a list of questions. Take it out when they are answered")
    if asked:
        raise InputError("\n".join(f"{_where(key)}: {question}" for question in asked))


def _entry(folder: Path, key: str, entry: Any) -> Entry:
    if not isinstance(entry, dict):
        raise _wrong(key, "it should hold `path:` and more lines of the form `key: value`")
    name = str(entry.get("importer") or key)
    if name not in IMPORTERS:
        hint = nearest(name, [*TABLES, *IMPORTERS])
        raise _wrong(key, f"{name} is no table of the contract and no importer. {hint}")
    options = importer(name).options
    described.refuse_unknown(_where(key), entry, (*_OF_AN_IMPORTER, *options))
    _refuse_open(key, entry)
    return Entry(
        key,
        name,
        _found(folder, key, entry),
        {option: _option(key, entry, option) for option in options if entry.get(option) is not None},
        _date_order(key, entry),
    )


def options_said(source: str, lines: Sequence[str]) -> dict[str, Any]:
    """What lines such as `columns: {amount: Total}` say to an importer. Raises InputError for other lines."""
    entry = yaml_files.of_lines("--say", lines)
    known = importer(source).options
    for name in entry:
        if name not in known:
            hint = nearest(name, known) if known else f"{source} understands none."
            raise InputError(f"--say: {name} is nothing that {source} understands. {hint}")
    return {name: _option(source, entry, name) for name in entry}


def _paths(key: str, entry: Any) -> Iterator[str]:
    path = entry.get("path", entry.get("database")) if isinstance(entry, dict) else None
    listed: list[Any] = path if isinstance(path, list) else [path]
    if not listed or not all(isinstance(one, str) and one for one in listed):
        raise _wrong(key, "path should name its file, such as path: exports/customers.csv")
    yield from listed


def _matching(folder: Path, path: str) -> list[Path]:
    """The files of a path: itself, or those that fit its pattern, in the order of their names."""
    try:
        whole = folder / Path(path).expanduser()
        if whole.exists():
            return [whole]
    except (OSError, RuntimeError, ValueError):  # a name that is too long, or the home of nobody
        return []
    return [Path(name) for name in sorted(itertools.islice(glob.iglob(str(whole)), MOST_FILES + 1))]


def _found(folder: Path, key: str, entry: Any) -> list[Path]:
    found = []
    for path in _paths(key, entry):
        matching = _matching(folder, path)
        if not matching:
            raise _wrong(
                key, f"there is no file {shortened([path])} (seen from {folder.name}). Correct the path"
            )
        if len(matching) > MOST_FILES:
            raise _wrong(key, f"{path} names more than {MOST_FILES} files. Name them more narrowly")
        found += matching
    return found


def _option(key: str, entry: Mapping[str, Any], option: str) -> Any:
    """An option of an importer; names and words are of the same form everywhere."""
    readers: Mapping[str, Callable[[str, Mapping[str, Any]], Any]] = {
        "columns": described.names,
        "values": described.values,
        "price_per": described.price_per,
        "price_in": lambda where, of: described.one_of(where, of, "price_in", described.UNITS),
        "renews": described.renews,
        "each": lambda where, of: described.one_of(where, of, "each", ("first",)),
    }
    return readers[option](_where(key), entry) if option in readers else entry[option]


def _date_order(key: str, entry: Mapping[str, Any]) -> str:
    order = str(entry.get("date_order") or "")
    if order and order not in ORDERS:
        raise _wrong(key, f"date_order should be {', '.join(ORDERS[:-1])} or {ORDERS[-1]}")
    return order


def _where(key: str) -> str:
    return f"{SETTINGS_FILE}: sources: {key}"


def _wrong(key: str, what: str) -> InputError:
    return described.wrong(_where(key), what)

"""Notes in the journal what was made and what could not be made, and tells what was new in it."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retention_helpers.business.identity import Identity, identity_of
from retention_helpers.contract.settings import read_settings
from retention_helpers.delivery import editions, journal
from retention_helpers.delivery.editions import Edition
from retention_helpers.delivery.journal import Entry
from retention_helpers.words.errors import InputError

_LONGEST = 500  # letters of what is kept of an error


def identity(data: Path) -> Identity:
    """The business of a data folder. Raises InputError where its settings cannot be read."""
    return identity_of(read_settings(data), data.resolve())


def note_report(folder: Path) -> None:
    """Note that the report of a month was made, and from what; one that is not whole is not noted."""
    what = editions.edition(folder.name)
    found = editions.findings(folder.parent, what) if what else {}
    if what and found.get("review") and "failed" not in found:
        note_made(folder.parent, what, found["business"], found["made"]["files"])


def note_made(out: Path, what: Edition, mark: str, files: Iterable[Mapping[str, Any]]) -> None:
    """Note that an edition was made from these files: table, file, rows and sha256 of each."""
    journal.note(out, "made", what.key, business=mark, files=files)


def note_failed(out: Path, about: str, data: Path, why: str) -> None:
    """Note that an edition could not be made. A folder that is not there yet stays so; nothing is raised."""
    if not out.is_dir():
        return
    mark = ""
    with suppress(InputError):
        mark = identity(data).mark
    with suppress(InputError, OSError):
        journal.note(out, "failed", about, business=mark, why=why[:_LONGEST])


def history(out: Path, ours: Identity) -> list[Entry]:
    """The journal of a business, and before it the reports that it does not name, as they were made."""
    entries = journal.of_business(out, ours)
    noted = {one.about for one in entries if one.event == "made"}
    earlier = []
    for what in editions.reports(out):
        made = editions.findings(out, what).get("made") if what.key not in noted else None
        if made and editions.is_whole(out, what.name, ours):
            earlier.append(Entry(made["at"], "made", ours.mark, what.key, files=tuple(made["files"])))
    return [*sorted(earlier, key=lambda one: dt.datetime.fromisoformat(one.at)), *entries]


@dataclass(frozen=True)
class New:
    """What a run found that the run before had not.

    Attributes:
        files: that were not there, or had other content.
        rows: more than before, over the tables that grew.
        fewer: rows less than before, over the tables that shrank.
    """

    files: int
    rows: int
    fewer: int


def last_made(entries: Sequence[Entry], kind: str) -> Entry | None:
    """The last time that a report, or a list, was made."""
    return next((one for one in reversed(entries) if is_made(one, kind)), None)


def is_made(entry: Entry, kind: str) -> bool:
    what = editions.edition(entry.about)
    return entry.event == "made" and what is not None and what.kind == kind


def new_in(entries: Sequence[Entry], last: Entry) -> New | None:
    """What was new in it, against the one of its kind before; None where there was none before."""
    what = editions.edition(last.about)
    before = [one for one in entries[: entries.index(last)] if what and is_made(one, what.kind)]
    if not before:
        return None
    known = {(one["file"], one.get("sha256") or one["rows"]) for one in before[-1].files}
    files = sum((one["file"], one.get("sha256") or one["rows"]) not in known for one in last.files)
    was, now = _rows(before[-1]), _rows(last)
    changes = [now.get(table, 0) - was.get(table, 0) for table in {*was, *now}]
    return New(files, sum(max(change, 0) for change in changes), -sum(min(change, 0) for change in changes))


def _rows(entry: Entry) -> dict[str, int]:
    """Rows by table."""
    rows: dict[str, int] = {}
    for one in entry.files:
        rows[one["table"]] = rows.get(one["table"], 0) + one["rows"]
    return rows

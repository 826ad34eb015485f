"""The journal of a reports' folder: what was made, what failed, what was delivered, a line a happening.

A line is on the disk before the next step begins. A run that is killed can leave half a line behind at the
end: what it was to say has not happened yet, so it is cut off before the next is written.
"""

import datetime as dt
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock

from retention_helpers.business.identity import Identity
from retention_helpers.words.errors import InputError

JOURNAL, LOCK = ".journal.jsonl", ".journal.lock"
Event = Literal["made", "failed", "handing over", "sent", "not sent", "unsure", "told"]


@dataclass(frozen=True)
class Entry:
    """One happening.

    Attributes:
        at: the instant, with its offset from UTC.
        event: made and failed are of runs; told is that a failure was told; the others are of messages, each
        on its way.
        business: its mark; "" where a run failed before that was known.
        about: "2026-10", "today/2026-11-03", or what else a message is about; "" where a run failed before.
        way: of a message: mail, eml or webhook.
        why: a run or a message failed, or why nobody knows whether it did.
        files: of a report that was made: the files that it was made from, as findings.json holds them.
    """

    at: str
    event: Event
    business: str = ""
    about: str = ""
    way: str = ""
    why: str = ""
    files: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def day(self) -> str:
        """The day in the time of the machine that wrote it."""
        return self.at[:10]


def read(out: Path) -> list[Entry]:
    """All entries, the oldest first; none where there is no journal.

    Raises InputError where a line cannot be read.
    """
    try:
        written = (out / JOURNAL).read_bytes()
    except FileNotFoundError:
        return []
    except OSError:
        raise InputError(f"{JOURNAL} in {out.name} cannot be opened. Make it readable.") from None
    whole = written[: written.rfind(b"\n") + 1]
    return [_entry(line, out, number) for number, line in enumerate(whole.splitlines(), start=1)]


def _entry(line: bytes, out: Path, number: int) -> Entry:
    try:
        found = json.loads(line)
        entry = Entry(**{**found, "files": tuple(found.get("files", ()))})
        if entry.event in get_args(Event) and dt.datetime.fromisoformat(entry.at):
            return entry
    except (ValueError, TypeError, AttributeError):
        pass
    raise InputError(
        f"{JOURNAL} in {out.name}, line {number}, cannot be read. Remove that line: what it says is "
        "forgotten, so that a report or list may be delivered again."
    )


def of_business(out: Path, identity: Identity) -> list[Entry]:
    """The entries of one business; a run that failed before its business was known counts as its own."""
    return [entry for entry in read(out) if not entry.business or identity.is_of(entry.business)]


def note(
    out: Path,
    event: Event,
    about: str,
    *,
    business: str,
    way: str = "",
    why: str = "",
    files: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Write a line; it is on the disk when this returns."""
    at = dt.datetime.now().astimezone().isoformat(timespec="seconds")
    entry = Entry(at, event, business, about, way, why, tuple(files))
    filled = {name: value for name, value in asdict(entry).items() if value}
    out.mkdir(parents=True, exist_ok=True)
    with FileLock(out / LOCK), _at_the_end(out) as journal:
        journal.write(json.dumps(filled, ensure_ascii=False).encode("utf-8") + b"\n")


@contextmanager
def _at_the_end(out: Path) -> Iterator[Any]:
    """The journal, open behind its last whole line; on the disk afterwards, and so is that it exists."""
    is_new = not (out / JOURNAL).exists()
    with (out / JOURNAL).open("ab+") as journal:
        journal.seek(0)
        journal.truncate(journal.read().rfind(b"\n") + 1)
        yield journal
        journal.flush()
        os.fsync(journal.fileno())
    if is_new:
        settle(out)


def settle(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can say so."""
    if os.name == "posix":
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)

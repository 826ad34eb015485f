"""What a reading of a data folder kept: validated Parquet in a cache, and what was found on the way.

It lies under the folder's key, so that a second report of the same folder reads no file of the owner's again,
and a changed one is never answered from before. A report pins what it has read: all of its pages open that.
"""

import hashlib
import json
import os
import pickle
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from retention_helpers import shipped
from retention_helpers.contract.assumed import Assumed
from retention_helpers.contract.experiments import Design
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Fault
from retention_helpers.sources.database.in_place import InPlace
from retention_helpers.words import left_behind
from retention_helpers.words.errors import InputError

CACHE = shipped.cache()
CHOICES, RECORD = "choices.pickle", "passed.json"
KEPT_FINGERPRINTS = 3  # of one folder; an open notebook may still read the one before
LEFT_BEHIND = 24 * 3600  # seconds after which a reading that was killed is swept away


@dataclass(frozen=True)
class SourceRead:
    """What was read of one file: rows read, rows kept after those set aside, and what its bytes were.

    Attributes:
        sha256: of the file, or of the files of a folder in the order of their names; "" where an importer or
            a database brought the table.
    """

    table: str
    file: str
    rows_read: int
    rows_kept: int
    sha256: str = ""


@dataclass(frozen=True)
class Passed:
    """What passed the gate: where the Parquet lies, what the owner chose, and what was found on the way."""

    folder: Path
    settings: Settings
    experiments: Mapping[str, Design]
    currency: str
    first_on: str  # day of the first subscription, or order
    latest_on: str  # day of the latest sign of life up to the day of the reading, ends of service included
    ahead_on: str  # the first day after it that a row names, such as a planned end; "" where none does
    sources: tuple[SourceRead, ...]
    faults: tuple[Fault, ...]
    not_known: tuple[str, ...] = ()  # the histories that the sources do not know
    assumed: Assumed = field(default_factory=Assumed)  # by all sources together
    in_place: InPlace | None = None  # where the events stay, if they stay in their database

    def reaches_further(self, today: str) -> bool:
        """Whether a day has come that was ahead when the data were read, so that they reach further now."""
        return bool(self.ahead_on) and self.ahead_on <= today


_PINNED: dict[Path, Path] = {}
_PINNED_DONE: dict[Path, Path] = {}


def pin(folder: Path, place: Path, done: Path | None = None) -> None:
    """From now on this process opens what that reading kept of a folder, whatever lies in it by then.

    `done` is what the running plan brought to it.
    """
    _PINNED[folder] = place
    _PINNED_DONE.pop(folder, None)
    if done:
        _PINNED_DONE[folder] = done


def pinned_done(folder: Path) -> Path | None:
    """What the running plan brought to the pinned reading of a folder; None where it brought nothing."""
    return _PINNED_DONE.get(folder)


def pinned_path(folder: Path) -> Path | None:
    """The folder itself where it is pinned, whatever it links to by now; else None."""
    return folder if folder in _PINNED else None


def pinned(folder: Path) -> Passed | None:
    """What the pinned reading of a folder kept; None where none is pinned.

    Raises InputError where it is gone.
    """
    place = _PINNED.get(folder)
    return None if place is None else still_there(place)


def still_there(place: Path) -> Passed:
    """What the reading of a report kept. Raises InputError where it, or a part of it, is gone."""
    passed = load(place)
    if passed is None:
        raise InputError(
            "What was read of the data was removed while the report was being made. Start it again."
        )
    return passed


def home_of(folder: Path, cache: Path) -> Path:
    name = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=6).hexdigest()
    return cache / name


def load(kept: Path) -> Passed | None:
    """What an earlier reading kept; None unless all of it is there."""
    try:
        record = json.loads((kept / RECORD).read_text(encoding="utf-8"))
        settings, experiments, assumed, in_place = pickle.loads((kept / CHOICES).read_bytes())
        passed = Passed(
            folder=kept,
            settings=settings,
            experiments=experiments,
            currency=record["currency"],
            first_on=record["first_on"],
            latest_on=record["latest_on"],
            ahead_on=record["ahead_on"],
            sources=tuple(SourceRead(**source) for source in record["sources"]),
            faults=tuple(Fault(**fault) for fault in record["faults"]),
            not_known=tuple(record["not_known"]),
            assumed=assumed,
            in_place=in_place,
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, pickle.UnpicklingError):
        return None
    is_whole = all((kept / f"{source.table}.parquet").is_file() for source in passed.sources)
    return passed if is_whole else None


def save(passed: Passed) -> None:
    apart = {"folder", "settings", "experiments", "assumed", "in_place"}
    record = {name: value for name, value in asdict(passed).items() if name not in apart}
    choices = pickle.dumps((passed.settings, passed.experiments, passed.assumed, passed.in_place))
    (passed.folder / CHOICES).write_bytes(choices)
    target = passed.folder / RECORD
    target.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")


@contextmanager
def held(place: Path) -> Iterator[None]:
    """While a report runs on a reading, no newer reading sweeps it away."""
    mark = place / f"held-{os.getpid()}"
    mark.touch()
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def _is_held(place: Path) -> bool:
    owners = (mark.name.removeprefix("held-") for mark in place.glob("held-*"))
    return any(psutil.pid_exists(int(owner)) for owner in owners)


def forget_old(home: Path, new: Path) -> None:
    """Keep this reading, the latest others of a folder and those in use; sweep away what a killed one left.

    Times of files alone do not tell which is new: a clock that was ahead may have been set back.
    """
    by_age = sorted((_age(path), path) for path in home.iterdir() if path.is_dir() and path != new)
    kept = [path for _, path in by_age if not path.name.startswith(".")]
    left = [
        path
        for age, path in by_age
        if path.name.startswith(".") and (age > LEFT_BEHIND or left_behind.is_left_behind(path.name))
    ]
    for path in [*(path for path in kept[KEPT_FINGERPRINTS - 1 :] if not _is_held(path)), *left]:
        forget(path)


def outdate(place: Path) -> None:
    """Let nobody open a reading any more: who comes next reads anew."""
    (place / RECORD).unlink(missing_ok=True)


def use_again(place: Path) -> None:
    """Make a reading the latest one, for files that were put back as they were find it again."""
    for path in (place / "customers.parquet", place):
        with suppress(OSError):
            os.utime(path)


def forget_other_versions(derived: Path) -> None:
    """Sweep away what another version of the code derived for the same month, unless it is of today."""
    name, _, code = derived.name.rpartition("-")
    for path in derived.parent.glob(f"{name}-{'?' * len(code)}"):
        if path != derived and _age(path) > LEFT_BEHIND:
            forget(path)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # another process has just forgotten it
        return 0.0


def forget(kept: Path) -> None:
    """Out of the way at once, so that nobody finds half of it; then away."""
    with suppress(OSError):
        kept = kept.rename(kept.with_name(f".forgotten-{kept.name}-{left_behind.mark()}"))
    shutil.rmtree(kept, ignore_errors=True)

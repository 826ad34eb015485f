"""What a reading of a data folder kept: validated Parquet in a cache, and what was found on the way.

The key is a fingerprint of the files, the settings and this code, so that a second report of the same
folder reads no file of the owner's again, and a changed one is never answered from before.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from retention_helpers.contract.tables import Fault
from retention_helpers.sources.folder import described_by

PACKAGE = Path(__file__).resolve().parents[1]
CACHE = PACKAGE.parent / ".cache"
KEPT_FINGERPRINTS = 3  # of one folder; an open notebook may still read the one before
LEFT_BEHIND = 24 * 3600  # seconds after which a reading that was killed is swept away


@dataclass(frozen=True)
class SourceRead:
    """What was read of one file: rows read, and rows kept after those set aside."""

    table: str
    file: str
    rows_read: int
    rows_kept: int


@dataclass(frozen=True)
class Passed:
    """What passed the gate: where the Parquet lies, and what was found on the way."""

    folder: Path
    currency: str
    first_on: str  # day of the first subscription
    latest_on: str  # day of the latest row, ends of service included; may lie in the future
    sources: tuple[SourceRead, ...]
    faults: tuple[Fault, ...]
    not_known: tuple[str, ...] = ()  # the histories that the sources do not know


def fingerprint(folder: Path, elsewhere: Sequence[Path] = (), *, read_on: str = "") -> str:
    """A key for everything that the kept Parquet depends on: the files, the settings, this code.

    `elsewhere` are files that the settings name, wherever they lie. `read_on` is the day of the reading,
    where something is read that no file shows the changes of.
    """
    digest = hashlib.blake2b(digest_size=12)
    digest.update(read_on.encode())
    for path in [*described_by(folder), *elsewhere]:
        digest.update(os.fsencode(os.path.relpath(path, folder)))
        try:
            state = path.stat()
        except OSError:  # a link to nowhere, say: the reading tells
            continue
        digest.update(f"|{state.st_size}|{state.st_mtime_ns}|{state.st_ctime_ns}|{state.st_ino}\n".encode())
    for module in sorted(PACKAGE.rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()


def home_of(folder: Path, cache: Path) -> Path:
    name = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=6).hexdigest()
    return cache / name


def load(kept: Path) -> Passed | None:
    """What an earlier reading kept; None unless all of it is there."""
    try:
        record = json.loads((kept / "passed.json").read_text(encoding="utf-8"))
        passed = Passed(
            folder=kept,
            currency=record["currency"],
            first_on=record["first_on"],
            latest_on=record["latest_on"],
            sources=tuple(SourceRead(**source) for source in record["sources"]),
            faults=tuple(Fault(**fault) for fault in record["faults"]),
            not_known=tuple(record["not_known"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_whole = all((kept / f"{source.table}.parquet").is_file() for source in passed.sources)
    return passed if is_whole else None


def save(passed: Passed) -> None:
    record = asdict(passed)
    record.pop("folder")
    target = passed.folder / "passed.json"
    target.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")


def forget_old(home: Path) -> None:
    """Keep the latest readings of a folder, and sweep away what a killed one left behind."""
    by_age = sorted((_age(path), path) for path in home.iterdir() if path.is_dir())
    kept = [path for _, path in by_age if not path.name.startswith(".")]
    left = [path for age, path in by_age if path.name.startswith(".") and age > LEFT_BEHIND]
    for path in [*kept[KEPT_FINGERPRINTS:], *left]:
        forget(path)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # another process has just forgotten it
        return 0.0


def forget(kept: Path) -> None:
    """Out of the way at once, so that nobody finds half of it; then away."""
    with suppress(OSError):
        kept = kept.rename(kept.with_name(f".forgotten-{kept.name}-{os.getpid()}"))
    shutil.rmtree(kept, ignore_errors=True)

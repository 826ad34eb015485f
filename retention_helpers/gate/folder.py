"""A data folder, looked at once: what its owner chose, which files it holds, and whether they change.

Whatever follows takes the choices from here. The marks of the files are taken before anything is read; who
has read the files asks `changed`, so that nothing stands on half an old file and half a new one.
"""

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retention_helpers.contract.experiments import Design, read_experiments
from retention_helpers.contract.messages import read_messages
from retention_helpers.contract.settings import Settings, read_settings
from retention_helpers.contract.tables import Fault
from retention_helpers.shipped import code_of
from retention_helpers.sources import mapping
from retention_helpers.sources.folder import described_by
from retention_helpers.words.errors import InputError

Marks = Mapping[Path, str]  # size, times and place on the disk of a file; "" where there is none
Contents = Mapping[str, tuple[str, str]]  # of each file its mark, and a fingerprint of its bytes
CONTENTS = "contents.json"
NOTHING = ("", "")  # of a file that is not there
# What reads: a new version of what comes after it reads no file again.
READS = ("shipped.py", "words", "statistics", "engine", "contract", "sources", "gate")


@dataclass(frozen=True)
class Folder:
    """What was found at the first look at a data folder.

    Attributes:
        path: the folder, resolved.
        settings: the owner's choices; the defaults where the file has faults.
        experiments: the plans of `experiments.yml`, by name; none where the file has faults.
        faults: what is wrong with the two files, and with the owner's `messages.yml`.
        marks: every file that a report of this folder may depend on, with its mark.
        named: those of them that `sources:` names.
        is_open: whether nobody knows which these are, for the owner's choices cannot be read.
    """

    path: Path
    settings: Settings
    experiments: Mapping[str, Design]
    faults: tuple[Fault, ...]
    marks: Marks
    named: Sequence[Path]
    is_open: bool = False

    def key(self, home: Path) -> str:
        """A fingerprint of everything that a reading depends on: what is in the files, and what reads.

        A file that is as `home` knows it by its mark is not read for that. Where a source changes without any
        file changing, the day of the reading counts too.
        """
        read_on = str(dt.datetime.now(dt.UTC).date()) if mapping.is_live(self.settings) else ""
        digest = hashlib.blake2b(read_on.encode(), digest_size=12)
        for name, (_, content) in self.contents(home).items():
            digest.update(os.fsencode(name) + f"|{content}\n".encode())
        digest.update(code_of(*READS).encode())
        return digest.hexdigest()

    def contents(self, home: Path) -> Contents:
        """The mark of every file and what its bytes were, by its path from here."""
        known = _known_contents(home)
        found = {}
        for path, mark in self.marks.items():
            name = os.path.relpath(path, self.path)
            noted = known.get(name, NOTHING)
            found[name] = noted if noted[0] == mark else (mark, _content(path, mark))
        return found

    def note(self, home: Path) -> None:
        """Let the next look find the files by their marks."""
        contents = self.contents(home)
        if contents != _known_contents(home):
            written = home / f".{CONTENTS}-{os.getpid()}"
            written.write_text(json.dumps(contents), encoding="utf-8")
            os.replace(written, home / CONTENTS)

    def changed(self) -> list[Path]:
        """The files that are not as they were at the first look, that have come since, or that have gone."""
        there = [*described_by(self.path), *mapping.files(self.path, self.settings)]
        now = _marks([*self.marks, *there])
        return sorted(path for path, mark in now.items() if mark != self.marks.get(path))


def look_at(path: Path) -> Folder:
    """Look at a data folder. Raises InputError where there is none; what is wrong in its settings is kept."""
    marks = _marks(described_by(path))
    faults: list[Fault] = []
    settings, is_open = Settings(), False
    experiments: dict[str, Design] = {}
    try:
        settings = read_settings(path)
    except InputError as error:
        faults, is_open = as_faults(error), True
    try:
        experiments = read_experiments(path)
    except InputError as error:
        faults += as_faults(error)
    try:
        read_messages(path)
    except InputError as error:
        faults += as_faults(error)
    named = mapping.files(path, settings)
    return Folder(path, settings, experiments, tuple(faults), {**_marks(named), **marks}, named, is_open)


def as_faults(error: InputError) -> list[Fault]:
    """The sentences of an error about the settings, each a stop."""
    return [Fault("stop", "", "settings", 0, line) for line in str(error).splitlines()]


def _known_contents(home: Path) -> Contents:
    try:
        noted = json.loads((home / CONTENTS).read_text(encoding="utf-8"))
        return {name: (mark, content) for name, (mark, content) in noted.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _content(path: Path, mark: str) -> str:
    """A fingerprint of a file's bytes; of what has none, as a pipe, its mark."""
    if not path.is_file():
        return mark
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()
    except OSError:
        return mark


def _marks(paths: Iterable[Path]) -> dict[Path, str]:
    return {path: _mark(path) for path in sorted(set(paths))}


def _mark(path: Path) -> str:
    try:
        state = path.stat()
    except OSError:  # none there, or a link to nowhere: the reading tells
        return ""
    return f"{state.st_size}|{state.st_mtime_ns}|{state.st_ctime_ns}|{state.st_ino}"

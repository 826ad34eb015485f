"""The two jobs that a system is to start, and what it has to put into place for them."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from retention_helpers.words.errors import InputError

Name = Literal["report", "today"]


@dataclass(frozen=True)
class Plan:
    """What runs when, of which folders.

    Attributes:
        data: the data folder, whole.
        out: the reports' folder, whole.
        day: of the month on which the report of the month before is due.
        hour: at which the report is due, and the list of a workday is made.
    """

    data: Path
    out: Path
    day: int
    hour: int

    def __post_init__(self) -> None:
        for path in (self.data, self.out, Path(sys.executable)):
            if not str(path).isprintable():
                raise InputError(f"{str(path)!r} holds a sign that no schedule can hold. Rename the folder.")

    @property
    def id(self) -> str:
        """The same for the same folders, so that what is installed again takes the place of what was.

        >>> Plan(Path("/my data"), Path("/reports"), 3, 7).id
        'my-data-7f005b'
        """
        digest = hashlib.blake2b(f"{self.data}\n{self.out}".encode(), digest_size=3).hexdigest()
        plain = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in self.data.name.lower())
        return f"{plain[:30].strip('-')}-{digest}".strip("-")

    def command(self, name: Name) -> list[str]:
        """What is to be started. `-P`: whatever lies in the folder where it starts is none of ours."""
        run = [sys.executable, "-P", "-m", "retention_helpers", "schedule", "--run", name]
        folders = ["--data", str(self.data), "--out", str(self.out)]
        return [*run, *folders, "--day", str(self.day), "--hour", str(self.hour)]

    def about(self, name: Name) -> str:
        what = "report of the month" if name == "report" else "list of the day"
        return f"Retention: {what}, from {self.data}"


@dataclass(frozen=True)
class File:
    """A file to be written."""

    path: Path
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-16" if self.content[:2] == b"\xff\xfe" else "utf-8")


@dataclass(frozen=True)
class Entries:
    """What a system needs.

    Attributes:
        files: to be written.
        commands: to be run then, in this order.
        may_fail: to be run before them: what is not there yet cannot be taken out.
        hint: what else the owner should know.
        removal: the commands that take it out again.
    """

    files: Sequence[File]
    commands: Sequence[Sequence[str]]
    may_fail: Sequence[Sequence[str]] = ()
    hint: str = ""
    removal: Sequence[Sequence[str]] = ()

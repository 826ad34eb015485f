"""What a file leaves open and only its owner knows, with the answers and what follows from each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retention_helpers.sources.unreadable import Unreadable


@dataclass(frozen=True)
class Answer:
    """A word for it, the line that it writes, and what follows."""

    word: str
    options: Mapping[str, Any]
    outcome: str

    @property
    def line(self) -> str:
        return ", ".join(f"{name}: {value}" for name, value in self.options.items())


class Doubt(Unreadable):
    """What can be meant in two ways, of which only the owner knows the right one."""

    def __init__(self, what: str, answers: Sequence[Answer]) -> None:
        lines = ", or ".join(f"`{one.line}` ({one.outcome})" for one in answers)
        super().__init__(what, f"Say {lines}.")
        self.answers = answers

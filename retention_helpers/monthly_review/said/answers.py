"""The first screen of the review: a row a question, with number, interval, verdict, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from retention_helpers.shown.tables import framed
from retention_helpers.words import formats

__all__ = [
    "Answer",
    "Verdict",
    "answers",
]

Tone = Literal["good", "bad", "open"]
COLUMNS = ("Question", "Number", "95 % interval", "Verdict", "Do now")


@dataclass(frozen=True)
class Verdict:
    """A verdict in few words, and whether that is good news, bad news, or open."""

    text: str
    tone: Tone = "open"


@dataclass(frozen=True)
class Answer:
    """A question of the review with its number and basis, its interval, its verdicts, and what to do."""

    question: str
    number: str
    basis: str
    interval: str
    verdicts: tuple[Verdict, ...]
    do_now: str


@dataclass(frozen=True)
class Answers:
    """The first screen: a row a question; cards where the screen is narrow."""

    caption: str
    rows: tuple[Answer, ...]
    columns: tuple[str, ...] = COLUMNS

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{name}</th>' for name in self.columns)
        body = "\n".join(f"<tr>{_answer_cells(row, self.columns)}</tr>" for row in self.rows)
        if not self.rows:
            body = f'<tr><td colspan="{len(self.columns)}">None.</td></tr>'
        return framed(self.caption, heads, body, "answers")

    def __repr__(self) -> str:
        lines = [
            f"{row.question} {row.number}, {row.basis} ({row.interval}); "
            f"{'; '.join(verdict.text for verdict in row.verdicts)}. {row.do_now}"
            for row in self.rows
        ]
        return "\n".join([self.caption, *(lines or ["None."])])


def _answer_cells(row: Answer, columns: Sequence[str]) -> str:
    verdicts = " ".join(
        f'<span class="verdict verdict-{verdict.tone}">{formats.escaped(verdict.text)}</span>'
        for verdict in row.verdicts
    )
    number = f'{formats.escaped(row.number)} <span class="basis">{formats.escaped(row.basis)}</span>'
    cells = [number, formats.escaped(row.interval), verdicts, formats.escaped(row.do_now)]
    labelled = zip(columns[1:], cells, strict=True)
    written = "".join(f'<td data-label="{label}">{cell}</td>' for label, cell in labelled)
    return f'<th scope="row">{formats.escaped(row.question)}</th>{written}'


def answers(rows: Sequence[Answer], month: str) -> Answers:
    """The first screen of the review: a row a question."""
    return Answers(f"{formats.month(month)} at a glance", tuple(rows))

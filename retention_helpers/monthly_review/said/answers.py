"""The first screen of the review: a row a question, with number, interval, verdict, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from retention_helpers.shown.cards import Link
from retention_helpers.shown.sentences import Sentence
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
    """A question with its number and basis, its interval, its verdicts, and what to do.

    Where there is no number the basis says why; an interval is empty where there is none.
    """

    question: str
    number: str
    basis: str
    interval: str
    verdicts: tuple[Verdict, ...]
    do_now: str
    more: Link | None = None


@dataclass(frozen=True)
class Answers:
    """A row a question, cards where the screen is narrow; without rows the sentence that says why."""

    caption: str
    rows: tuple[Answer, ...]
    columns: tuple[str, ...] = COLUMNS
    otherwise: str = ""

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{name}</th>' for name in self.columns)
        body = "\n".join(f"<tr>{_answer_cells(row, self.columns)}</tr>" for row in self.rows)
        if not self.rows:
            return Sentence(self.otherwise)._repr_html_()
        return framed(self.caption, heads, body, "answers")

    def __repr__(self) -> str:
        if not self.rows:
            return self.otherwise
        lines = [
            f"{row.question} {_number(row)}{f' ({row.interval})' if row.interval else ''}; "
            f"{'; '.join(verdict.text for verdict in row.verdicts)}. {row.do_now}"
            for row in self.rows
        ]
        return "\n".join([self.caption, *lines])


def _answer_cells(row: Answer, columns: Sequence[str]) -> str:
    verdicts = " ".join(
        f'<span class="verdict verdict-{verdict.tone}">{formats.escaped(verdict.text)}</span>'
        for verdict in row.verdicts
    )
    number = f'{formats.escaped(row.number)} <span class="basis">{formats.escaped(row.basis)}</span>'.strip()
    more = f" {row.more._repr_html_()}" if row.more else ""
    cells = [number, formats.escaped(row.interval), verdicts, f"{formats.escaped(row.do_now)}{more}"]
    labelled = zip(columns[1:], cells, strict=True)
    written = "".join(
        f'<td data-label="{label}">{cell}</td>' if cell else "<td></td>" for label, cell in labelled
    )
    return f'<th scope="row">{formats.escaped(row.question)}</th>{written}'


def _number(row: Answer) -> str:
    return ", ".join(filter(None, [row.number, row.basis]))


def answers(rows: Sequence[Answer | None], month: str, *, otherwise: str) -> Answers:
    """A row a question that can be answered; `otherwise` is said where none can."""
    known = tuple(row for row in rows if row is not None)
    return Answers(formats.month(month), known, otherwise=otherwise)

"""What an own question gives: words, a picture, a table and the rows, which show themselves in a notebook."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from retention_helpers.shown.figures import Figure, in_a_notebook
from retention_helpers.shown.look import style
from retention_helpers.shown.results import Result
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.tables import Table
from retention_helpers.words import formats
from retention_helpers.words.errors import whole


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Answer:
    """The answer to an own question. As the last line of a cell it shows all that it has.

    Attributes:
        found: the rows, and how their table is written.
        caption: of the table.
        says: makes the sentence; None where there is nothing to say.
        draws: makes the picture; None where there is nothing to draw.
        tabled: whose table stands for it, where that is not the table of all rows.
        last: how many rows the table shows where it is not told, from the end; None: all of them.
        of: whom it is of, where that is some customers alone: sentence, picture and table say so.
    """

    found: Result
    caption: str
    says: Callable[[], Sentence | None] = _nothing
    draws: Callable[[], Figure | None] = _nothing
    tabled: Result | None = None
    last: int | None = None
    of: str = ""

    @cached_property
    def _sentence(self) -> Sentence | None:
        said = self.says()
        return Sentence(f"Among {self.of}: {said.text}") if said and self.of else said

    @cached_property
    def _figure(self) -> Figure | None:
        with in_a_notebook():
            drawn = self.draws()
        if drawn is None or not self.of:
            return drawn
        return replace(drawn, title=self._named(drawn.title), alt=f"Among {self.of}: {drawn.alt}")

    def _named(self, title: str) -> str:
        return f"{title} ({self.of} alone)" if self.of else title

    def sentence(self) -> Sentence | None:
        """What it says, in words computed from the rows."""
        return self._sentence

    def figure(self) -> Figure | None:
        """Its picture; None where there is nothing to draw."""
        return self._figure

    def table(self, *, first: int | None = None, last: int | None = None) -> Table:
        """Its table for people; of many rows the first or the last so many.

        Raises InputError for what is no whole number from 1 on.
        """
        first = None if first is None else whole(first, "first", 1)
        last = None if last is None else whole(last, "last", 1)
        kept = self.last if first is None and last is None else last
        shown = (self.tabled or self.found).table(first=first, last=kept, caption=self._named(self.caption))
        return replace(shown, rest_is="in .to_frame()")

    def to_frame(self) -> pd.DataFrame:
        """All its rows: shares as fractions with `_low` and `_high`, money exact, as `columns` says."""
        return self.found.to_frame()

    def to_csv(self, path: Path | str | None = None) -> str | None:
        """Write all its rows to a CSV file that no spreadsheet runs; without a path, give them as text."""
        return self.found.to_csv(path)

    def _repr_html_(self) -> str:
        said = self._sentence._repr_html_() if self._sentence else ""
        picture = drawn(self._figure) if self._figure else ""
        rows = self.table()._repr_html_()
        if said or picture:
            rows = f"<details><summary>{formats.escaped(self._named(self.caption))}</summary>{rows}</details>"
        return f'<div class="answer">{style()}{said}{picture}{rows}</div>'

    def __repr__(self) -> str:
        parts = (self._sentence, self._figure, self.table())
        return "\n\n".join(repr(part) for part in parts if part is not None)


def drawn(figure: Figure) -> str:
    """A picture in HTML, with its title, its lines below, and its words for who cannot see it."""
    below = "".join(f'<p class="fine">{formats.escaped(line)}</p>' for line in figure.below)
    return (
        f"<figure><figcaption>{formats.escaped(figure.title)}</figcaption>\n"
        f'<div role="img" aria-label="{formats.escaped(figure.alt)}">{figure.wide}</div>\n{below}</figure>\n'
    )

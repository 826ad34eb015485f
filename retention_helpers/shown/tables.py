"""Tables and quotations as they are shown: escaped, accessible, numbers written in one way.

Everything that comes from customers is shown as text: no HTML, no Markdown.
"""

from dataclasses import dataclass

import pandas as pd

from retention_helpers.shown.units import TEXT, Column, Declared, Unit, column_of
from retention_helpers.words import formats

MOST_ROWS = 60
NUMBER = ' class="number"'
UNTOLD = {"too few", "the only one"}  # verdicts that say that there is none


def framed(caption: str, heads: str, body: str, kind: str = "") -> str:
    """A table's HTML in a frame that scrolls where the screen is narrow; takes cells that are written."""
    name = formats.escaped(caption)
    table = f'<table class="{kind}">' if kind else "<table>"
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{name}">'
        f"{table}<caption>{name}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>{body}</tbody></table></div>"
    )


@dataclass(frozen=True)
class Table:
    """A table with its caption; shows itself in a notebook and on a page."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_number: tuple[bool, ...]
    left_out: int = 0  # rows that are not shown
    rest_is: str = "in findings.json"  # where those are
    is_open: bool = False  # on a page: in sight, not folded under its caption
    is_untold: bool = False  # no row tells anything: each has no verdict, or is of nobody

    def _cell(self, nth: int, text: str) -> str:
        escaped = formats.escaped(text)
        label = f' data-label="{formats.escaped(self.columns[nth])}"'
        number = NUMBER if self.is_number[nth] else ""
        if nth == 0:
            return f'<th scope="row"{number}>{escaped}</th>'
        return f"<td{number}{label}>{escaped}</td>"

    def _more(self) -> str:
        return f"… and {formats.plural(self.left_out, 'row')} more, {self.rest_is}."

    def _repr_html_(self) -> str:
        heads = "".join(
            f'<th scope="col"{NUMBER if number else ""}>{formats.escaped(name)}</th>'
            for name, number in zip(self.columns, self.is_number, strict=True)
        )
        body = "\n".join(
            f"<tr>{''.join(self._cell(nth, text) for nth, text in enumerate(row))}</tr>" for row in self.rows
        )
        if not self.rows:
            body = f'<tr><td colspan="{len(self.columns)}">None.</td></tr>'
        if self.left_out:
            body += f'\n<tr><td colspan="{len(self.columns)}">{formats.escaped(self._more())}</td></tr>'
        return framed(self.caption, heads, body, self._kind)

    @property
    def _kind(self) -> str:
        if self.is_untold:
            return "untold"
        return "empty" if not self.rows else "list" if self.is_open else ""

    def __repr__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[nth]) for line in lines) for nth in range(len(self.columns))]
        text = "\n".join(
            "  ".join(
                cell.rjust(width) if number else cell.ljust(width)
                for cell, width, number in zip(line, widths, self.is_number, strict=True)
            ).rstrip()
            for line in lines
        )
        last = ["None."] if not self.rows else [self._more()] if self.left_out else []
        return "\n".join([self.caption, text, *last])


def table(
    frame: pd.DataFrame, caption: str, declared: Declared | None = None, *, is_open: bool = False
) -> Table:
    """A frame as a table for people, its columns as the measure declared them; others as text.

    A column and its `_low` and `_high` become one cell with its interval; what is missing is a dash. Of more
    than `MOST_ROWS` rows the first are shown, and the table says how many it left out.
    """
    known = declared or {}
    shown = frame.head(MOST_ROWS)
    every = {name: column_of(known, name) if name in known else Column(TEXT) for name in shown.columns}
    ends = {f"{name}{end}" for name in shown.columns for end in ("_low", "_high")}
    columns = {
        name: column
        for name, column in every.items()
        if name not in ends
        and (_holds_something(frame[name]) if column.is_shown is None else column.is_shown)
    }
    written = [_cells(shown, name, column.unit) for name, column in columns.items()]
    return Table(
        caption=caption,
        columns=tuple(column.label or formats.label(name) for name, column in columns.items()),
        rows=tuple(zip(*written, strict=True)),
        is_number=tuple(column.unit.is_number for column in columns.values()),
        left_out=max(len(frame) - MOST_ROWS, 0),
        is_open=is_open,
        is_untold=len(frame) > 0
        and (set(frame.get("verdict", [""])) <= UNTOLD or _is_of_nobody(frame, columns)),
    )


def _holds_something(values: pd.Series) -> bool:
    """Whether any is neither missing nor 0; True without rows, where nothing can be told."""
    return values.empty or any(not formats.is_missing(one) and one != 0 for one in values)


def _is_of_nobody(frame: pd.DataFrame, columns: dict[str, Column]) -> bool:
    """Whether every rate is one of nobody; of a table without rates, whether every number is 0."""
    of = [column.of[1] for column in columns.values() if column.of]
    counts = of or [name for name, column in columns.items() if column.unit.is_number]
    return bool(counts) and not frame[counts].fillna(0).astype(bool).any(axis=None)


def _cells(frame: pd.DataFrame, name: str, unit: Unit) -> list[str]:
    """A column's cells as text."""
    if f"{name}_low" in frame.columns and unit.between:
        ends = zip(frame[name], frame[f"{name}_low"], frame[f"{name}_high"], strict=True)
        return [unit.between(*three) for three in ends]
    return [unit.write(value) for value in frame[name]]


@dataclass(frozen=True)
class Quotation:
    """What a customer wrote, as text and nothing else."""

    text: str
    source: str = ""

    def _repr_html_(self) -> str:
        source = f"<footer>{formats.escaped(self.source)}</footer>" if self.source else ""
        return f'<blockquote class="quote">{formats.escaped(self.text)}{source}</blockquote>'

    def __repr__(self) -> str:
        return f"“{self.text}”" + (f" ({self.source})" if self.source else "")

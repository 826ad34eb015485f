"""Tables and quotations as they are shown: escaped, accessible, numbers written in one way.

A column and its `_low` and `_high` become one cell with its interval. Everything that comes from
customers is shown as text: no HTML, no Markdown.
"""

import datetime as dt
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from retention_helpers.shown.units import Declared, Unit, column_of
from retention_helpers.words import formats

MONTH_COLUMNS = ("month", "cohort", "first_cohort", "last_cohort", "first_month", "last_month")
CODES = ("reason", "kind", "cause", "theme", "themes")  # words of a list, written without underscores
MOST_ROWS = 60
NUMBER = ' class="number"'
FRACTIONS = ("rate", "share", "retention", "risk")  # a column's last word
POINTS = ("effect", "difference", "association", "gain", "margin", "change")
MULTIPLES = ("lift",)
DURATIONS = ("days", "months", "month")


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

    def _cell(self, nth: int, text: str) -> str:
        escaped = formats.escaped(text)
        label = f' data-label="{formats.escaped(self.columns[nth])}"'
        number = NUMBER if self.is_number[nth] else ""
        if nth == 0:
            return f'<th scope="row"{number}>{escaped}</th>'
        return f"<td{number}{label}>{escaped}</td>"

    def _more(self) -> str:
        return f"… and {formats.plural(self.left_out, 'row')} more, in findings.json."

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
        return framed(self.caption, heads, body)

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


def table(frame: pd.DataFrame, caption: str, declared: Declared | None = None) -> Table:
    """A frame as a table for people, its columns as the measure declared them.

    Without a declaration column names become headings; rates are written in per cent with their interval,
    money with cents only where there are any, days and months in words, what is missing as a dash. Of more
    than `MOST_ROWS` rows the first are shown, and the table says how many it left out.
    """
    left_out = max(len(frame) - MOST_ROWS, 0)
    frame = frame.head(MOST_ROWS)
    merged = [
        name
        for name in frame.columns
        if not name.endswith(("_low", "_high")) or name.rsplit("_", 1)[0] not in frame.columns
    ]
    if declared:
        known = {name: column_of(declared, name) for name in merged}
        merged = [name for name in merged if known[name].is_shown]
        written = {name: _as_declared(frame, name, known[name].unit) for name in merged}
        labels = [known[name].label or formats.label(name) for name in merged]
    else:
        written = {name: _written(frame, name) for name in merged}
        labels = [formats.label(name) for name in merged]
    return Table(
        caption=caption,
        columns=tuple(labels),
        rows=tuple(zip(*(written[name][0] for name in merged), strict=True)),
        is_number=tuple(written[name][1] for name in merged),
        left_out=left_out,
    )


def _as_declared(frame: pd.DataFrame, name: str, unit: Unit) -> tuple[list[str], bool]:
    """A column's cells as text, and whether they are numbers."""
    if f"{name}_low" in frame.columns and unit.between:
        ends = zip(frame[name], frame[f"{name}_low"], frame[f"{name}_high"], strict=True)
        return [unit.between(*three) for three in ends], unit.is_number
    return [unit.write(value) for value in frame[name]], unit.is_number


def _written(frame: pd.DataFrame, name: str) -> tuple[list[str], bool]:
    """A column's cells as text, and whether they are numbers."""
    values = frame[name]
    if f"{name}_low" in frame.columns:
        ends = zip(values, frame[f"{name}_low"], frame[f"{name}_high"], strict=True)
        with_interval = _interval_writer(name, values)
        return [with_interval(*three) for three in ends], True
    write = _writer(name, values)
    return [write(value) for value in values], write in _NUMBERS


def _interval_writer(name: str, values: pd.Series) -> Callable[..., str]:
    present = [value for value in values if not formats.is_missing(value)]
    if any(isinstance(value, Decimal) for value in present):
        return formats.amount
    if present and all(isinstance(value, numbers.Integral) for value in present):
        return formats.counted
    last = name.split("_")[-1]
    if last in POINTS:
        return formats.difference
    if last in MULTIPLES:
        return formats.times
    return formats.about if last in DURATIONS else formats.rate


def _writer(name: str, values: pd.Series) -> Callable[[object], str]:
    if name in MONTH_COLUMNS:
        return formats.short_month
    if name in CODES:
        return _of_a_list
    if name == "by":
        return lambda value: formats.label(str(value))
    if name == "p_value" or name.endswith(("_p", "p_corrected")):
        return formats.p_value
    present = [value for value in values if not formats.is_missing(value)]
    if not present:
        return _text
    if all(isinstance(value, bool) for value in present):
        return _yes_or_no
    if all(isinstance(value, Decimal) for value in present):
        return formats.money
    if all(isinstance(value, dt.date) for value in present):
        return formats.day
    if all(isinstance(value, numbers.Integral) for value in present):
        return formats.count
    if all(isinstance(value, numbers.Real) for value in present):
        return _fraction_writer(name)
    return _text


def _fraction_writer(name: str) -> Callable[[object], str]:
    last = name.split("_")[-1]
    if last in POINTS:
        return formats.points
    if last in MULTIPLES:
        return formats.times
    if last in DURATIONS:
        return formats.tenths
    return formats.percent if last in FRACTIONS else formats.number


def _text(value: object) -> str:
    return formats.MISSING if formats.is_missing(value) else str(value)


def _of_a_list(value: object) -> str:
    return formats.MISSING if formats.is_missing(value) else str(value).replace("_", " ")


def _yes_or_no(value: object) -> str:
    return formats.MISSING if formats.is_missing(value) else "yes" if value else "no"


_NUMBERS = (
    formats.money,
    formats.count,
    formats.percent,
    formats.times,
    formats.number,
    formats.points,
    formats.tenths,
    formats.p_value,
)


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

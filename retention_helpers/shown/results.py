"""A measure that knows how it is shown: as a table, a picture, a sentence, and a record for machines.

A room declares its measures once. In a notebook `movement = measurement.movement(business)` measures, and
the result shows itself: `movement.table(last=13)`, `movement.figure()`, `movement.sentence()`. `hand_on`
writes the records of all results to findings.json, whose JSON Schema is made from the same declarations.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from retention_helpers.shown.figures import Figure
from retention_helpers.shown.records import change_record, estimate_of, rate_of, write
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.tables import Table, table
from retention_helpers.shown.units import (
    CHANGE,
    ESTIMATE,
    QUOTIENT,
    RATE,
    Column,
    Declared,
    Node,
    Unit,
    column_of,
    columns_of,
    node_of,
    rows,
)
from retention_helpers.words.safe import taken_away, write_csv, written_csv

Answer = TypeVar("Answer")
TOP = "findings"  # where a measure stands that belongs to no part


@dataclass(frozen=True)
class Measure:
    """What is measured, and how it is shown. Called like the function that measures, it gives a `Result`.

    Attributes:
        of: the function that measures; its `columns` head the table.
        caption: the table's caption.
        sentence: what the value says; takes the value, and what else the notebook passes.
        figure: its picture; takes the value, and what else the notebook passes.
        findings: its place in its part of findings.json: a key for a list of rows as they are declared, or
            keys with what they hold.
        part: its part of findings.json, where that is not the part of its room; TOP: none, it stands at the
            top.
        record: makes those keys from the value; not needed where one key holds the value itself.
        note: what the schema says of a list of rows.
    """

    of: Callable[..., Any]
    caption: str = ""
    sentence: Callable[..., Any] | None = None
    figure: Callable[..., Figure | None] | None = None
    findings: str | Mapping[str, Unit | Column | Node] = field(default_factory=dict)
    part: str = ""
    record: Callable[..., Mapping[str, Any]] | None = None
    note: str = ""

    def __call__(self, *given: Any, **named: Any) -> "Result":
        measured = self.of(*map(bare, given), **{name: bare(value) for name, value in named.items()})
        return Result(self, measured)

    @property
    def columns(self) -> Declared:
        return columns_of(self.of)

    @property
    def schema(self) -> dict[str, Node]:
        """The keys of its record with what each of them holds, as JSON Schema."""
        if isinstance(self.findings, str):
            return {self.findings: rows_of(self.of, self.note)}
        return {key: node_of(one) for key, one in self.findings.items()}


@dataclass(frozen=True)
class Result:
    """What a measure found; `value` is the frame, the rate, or whatever it gives."""

    measure: Measure
    value: Any

    def table(
        self, *, first: int | None = None, last: int | None = None, caption: str = "", is_open: bool = False
    ) -> Table:
        """Its table; of many rows the first or the last so many. Pages fold it unless it is the answer."""
        frame = self.value if first is None else self.value.head(first)
        frame = frame if last is None else frame.tail(last)
        return table(frame, caption or self.measure.caption, self.measure.columns, is_open=is_open)

    def figure(self, *beside: Any, **named: Any) -> Figure | None:
        """Its picture; None where there is nothing to draw."""
        assert self.measure.figure, "this measure has no picture"
        return self.measure.figure(self.value, *map(bare, beside), **_bare(named))

    def sentence(self, *beside: Any, **named: Any) -> Sentence:
        """What it says, in words computed from it."""
        assert self.measure.sentence, "this measure has no sentence"
        said: Sentence = self.measure.sentence(self.value, *map(bare, beside), **_bare(named))
        return said

    def to_frame(self) -> pd.DataFrame:
        """Its rows, as the measure's docstring names them; one row where it found values that are no rows.

        A frame of its own: what is changed in it changes nothing else.
        """
        value = getattr(self.value, "rows", self.value)
        if isinstance(value, pd.DataFrame):
            return value.copy()
        if isinstance(value, Mapping):
            return pd.DataFrame([value])
        named = value._asdict() if hasattr(value, "_asdict") else getattr(value, "__dict__", None)
        return pd.DataFrame([named if named else {"value": value}])

    def to_csv(self, path: Path | str | None = None) -> str | None:
        """Write its rows to a CSV file that no spreadsheet runs; without a path, give them as text."""
        if path is None:
            return written_csv(self.to_frame())
        with taken_away(path) as place:
            write_csv(place, self.to_frame())
        return None

    def record(self) -> Mapping[str, Any]:
        """Its keys of findings.json."""
        declared = self.measure.findings
        if isinstance(declared, str):
            return {declared: records(self.value, self.measure.of)}
        if self.measure.record:
            return self.measure.record(self.value)
        if not declared:
            return {}
        (key,) = declared
        return {key: change_record(self.value) if declared[key] == CHANGE else self.value}

    def _repr_html_(self) -> str:
        return self._as_table()._repr_html_()

    def __repr__(self) -> str:
        return repr(self._as_table())

    def _as_table(self) -> Table:
        return table(self.to_frame(), self.measure.caption, self.measure.columns)


def findings_of(door: Mapping[str, Any], part: str = "") -> dict[str, list[Measure]]:
    """The measures at a room's door that hand something on, by their part of findings.json ("": the top).

    `door` is the room's namespace, `part` where its measures stand that name no part of their own.
    """
    found: dict[str, list[Measure]] = {}
    for one in door.values():
        if isinstance(one, Measure) and one.findings:
            found.setdefault("" if one.part == TOP else one.part or part, []).append(one)
    return found


def of_values(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """The same function, which takes results where it takes their values."""

    @wraps(function)
    def called(*given: Any, **named: Any) -> Answer:
        return function(*map(bare, given), **_bare(named))

    return called


def bare(one: Any) -> Any:
    """The value of a result; anything else as it is."""
    return one.value if isinstance(one, Result) else one


def _bare(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: bare(value) for name, value in named.items()}


def _recorded(declared: Declared) -> dict[str, Column]:
    """The columns that stand in a record by themselves: not the two parts of a rate, unless they say so."""
    every = {name: column_of(declared, name) for name in declared}
    parts = {part for column in every.values() for part in column.of or ()}
    is_recorded = {
        name: name not in parts if column.is_recorded is None else column.is_recorded
        for name, column in every.items()
    }
    return {name: column for name, column in every.items() if is_recorded[name]}


def rows_of(measure: Callable[..., Any], note: str = "") -> Node:
    """What `records` of a measure's frame are, as JSON Schema."""
    found: dict[str, Column] = {}
    for name, column in _recorded(columns_of(measure)).items():
        ends = ("",) if _is_one_value(column) else ("", "_low", "_high")
        is_share = column.of is not None and column.unit != QUOTIENT
        declared = replace(column, unit=RATE) if is_share else column
        found |= {f"{column.key or name}{end}": declared for end in ends}
    return rows(note, **found)


def _is_one_value(column: Column) -> bool:
    """Whether its record is one value or one object: not beside the ends of an interval."""
    return not column.unit.has_ends or column.of is not None or column.unit.node == ESTIMATE


def records(frame: pd.DataFrame, measure: Callable[..., Any]) -> list[dict[str, Any]]:
    """A record a row, as the measure declares its columns: rates in their five fields, months as ISO text."""
    recorded = _recorded(columns_of(measure))
    kept = {name: column for name, column in recorded.items() if name in frame or not column.is_optional}
    return [
        {key: value for name, column in kept.items() for key, value in _cells(row, name, column)}
        for row in frame.to_dict(orient="records")
    ]


def _cells(row: Mapping[Any, Any], name: str, column: Column) -> Iterator[tuple[str, Any]]:
    key = column.key or name
    if column.of:
        yield key, rate_of(row, name, *column.of)
        return
    if column.unit.node == ESTIMATE:
        yield key, estimate_of(row, name)
        return
    yield key, column.unit.plain(row[name])
    if column.unit.has_ends:
        for end in ("_low", "_high"):
            yield f"{key}{end}", row[f"{name}{end}"]


def hand_on(findings_to: str, *top: Result, **parts: Sequence[Result]) -> None:
    """Write what a notebook found to the file named by its parameter; nothing where that is empty.

    Results by position stand at the top of findings.json, those of a name within that part. A key may come
    from one result only.
    """
    if findings_to:
        within = {name: _together(results) for name, results in parts.items()}
        write(findings_to, {**_together(top), **within})


def _together(results: Sequence[Result]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for record in (one.record() for one in results):
        twice = found.keys() & record.keys()
        if twice:
            raise ValueError(f"Handed on twice: {', '.join(sorted(twice))}.")
        found |= record
    return found

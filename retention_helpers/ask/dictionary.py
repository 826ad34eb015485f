"""What the columns mean, from what the measures and the derived tables declare of them."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pandas as pd

from retention_helpers.ask.tables import KINDS
from retention_helpers.shipped import QUESTIONS
from retention_helpers.shown import units
from retention_helpers.shown.answers import Answer
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import listed
from retention_helpers.shown.units import TEXT, Declared, column_of
from retention_helpers.words import formats
from retention_helpers.words.errors import InputError, nearest

ENDS = (("low", "lower"), ("high", "upper"))
UNITS: dict[Callable[[Any], str], str] = {
    formats.count: "count",
    formats.money: "amount in major units of the report's currency",
    formats.percent: "fraction",
    formats.points: "difference of fractions",
    formats.times: "ratio",
    formats.number: "number",
    formats.tenths: "number",
    formats.p_value: "probability",
    formats.short_month: "first day of a month",
    formats.day: "day",
    str: "instant",
    units.YES_NO.write: "true or false",
}


@units.columns(of=TEXT, column=TEXT, heading=TEXT, unit=TEXT, made_of=TEXT, note=TEXT)
def declared_columns() -> pd.DataFrame:
    """One row per column that a measure or a derived table declares, in their order.

    of: the measure by its room and name, or the derived table; made_of: numerator / denominator of a rate.
    """
    rows = [row for name, declared in _declaring() for row in _rows(name, declared)]
    return pd.DataFrame(rows, columns=["of", "column", "heading", "unit", "made_of", "note"])


def _declaring() -> Iterator[tuple[str, Declared]]:
    yield from ((name, kind.columns) for name, kind in KINDS.items())
    for room in QUESTIONS:
        door = vars(import_module(f"retention_helpers.{room}"))
        measures = ((name, one) for name, one in door.items() if isinstance(one, Measure))
        yield from ((f"{room}.{name}", one.columns) for name, one in measures if one.columns)


def _rows(name: str, declared: Declared) -> Iterator[tuple[str, ...]]:
    for column in declared:
        said = column_of(declared, column)
        unit = UNITS.get(said.unit.write, "text")
        heading = said.label or formats.label(column)
        yield name, column, heading, unit, " / ".join(said.of or ()), said.note
        for end, side in ENDS if said.unit.has_ends else ():
            yield name, f"{column}_{end}", f"{heading}, {side} end", unit, "", "of the 95 % interval"


_MEASURE = Measure(declared_columns)


def columns(name: str = "") -> Answer:
    """The dictionary of columns: a row a column, of everything or of one measure or derived table.

    of, column, heading (on the pages), unit, made_of (numerator / denominator), note. A measure goes by its
    room and name, such as "measurement.churn", a derived table by its own, such as "losses".

    >>> from retention_helpers import ask
    >>> ask.columns("services").to_frame()[["column", "unit"]].head(3)
            column   unit
    0  customer_id   text
    1      service  count
    2     begin_on    day

    Raises InputError for another name, with the nearest that there is.
    """
    every = _MEASURE()
    known = every.value["of"]
    if name and name not in set(known):
        of_a_room = sorted(one for one in set(known) if one.endswith(f".{name}"))
        right = f"Did you mean {listed(of_a_room)}?" if of_a_room else nearest(name, set(known))
        raise InputError(f"Nothing called {name} declares columns. {right}")
    own = every.value if not name else every.value[known == name].reset_index(drop=True)
    caption = f"The columns of {name}" if name else "The columns of everything"
    return Answer(type(every)(every.measure, own), caption)

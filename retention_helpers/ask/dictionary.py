"""What the columns mean, from what the measures and the derived tables declare of them."""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import pandas as pd

from retention_helpers.ask.groups import customers_by_level
from retention_helpers.ask.people import in_cell, moved_in
from retention_helpers.ask.tables import KINDS
from retention_helpers.shipped import QUESTIONS
from retention_helpers.shown import units
from retention_helpers.shown.answers import Answer
from retention_helpers.shown.results import Measure
from retention_helpers.shown.units import TEXT, Declared, column_of, columns_of
from retention_helpers.words import formats
from retention_helpers.words.errors import InputError

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

OF_QUESTIONS: Mapping[str, tuple[str, ...]] = {  # what an answer holds, and what its table shows
    "churn": ("measurement.churn", "measurement.churn_by_week", "measurement.churn_by_level"),
    "mrr": ("measurement.mrr_movement", "measurement.mrr_by_level"),
    "stay": ("measurement.stay_at_months", "measurement.stay_by_group"),
    "cohorts": (
        "measurement.anniversary_triangle", "measurement.calendar_triangle", "measurement.retained_by_level",
    ),
    "reasons": ("churn_reasons.shares", "churn_reasons.by_group"),
    "activity": ("measurement.active_customers",),
    "differences": ("churned_vs_retained.drivers", "churned_vs_retained.beside"),
    "customers": ("ask.customers of a month", "ask.customers of a cell"),
    "groups": ("ask.groups",),
    "columns": ("ask.columns",),
}  # fmt: skip
NEAR = 3  # right names that a wrong one is answered with
ALIKE = 0.7  # how near they are at least; 1: the same


@units.columns(of=TEXT, column=TEXT, heading=TEXT, unit=TEXT, made_of=TEXT, note=TEXT)
def declared_columns() -> pd.DataFrame:
    """One row per column that a question, a measure or a derived table declares, in their order.

    of: the measure by its room and name, the derived table, or what a question of `ask` alone gives; made_of:
    numerator / denominator of a rate.
    """
    rows = [row for name, declared in _declaring() for row in _rows(name, declared)]
    return pd.DataFrame(rows, columns=["of", "column", "heading", "unit", "made_of", "note"])


def _declaring() -> Iterator[tuple[str, Declared]]:
    yield from ((name, kind.columns) for name, kind in KINDS.items())
    own: tuple[Callable[..., pd.DataFrame], ...] = (moved_in, in_cell, customers_by_level, declared_columns)
    names = (name for question in ("customers", "groups", "columns") for name in OF_QUESTIONS[question])
    yield from ((name, columns_of(one)) for name, one in zip(names, own, strict=True))
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
    """The dictionary of columns: a row a column, of everything or of one question, table or measure.

    of, column, heading (on the pages), unit, made_of (numerator / denominator), note. A question goes by its
    name, such as "churn", and has a row a column of each table that it may give; a derived table by its own,
    such as "losses"; a measure by its room and name, such as "measurement.churn".

    >>> from retention_helpers import ask
    >>> ask.columns("services").to_frame()[["column", "unit"]].head(3)
            column   unit
    0  customer_id   text
    1      service  count
    2     begin_on    day

    Raises InputError for another name, with the nearest that there are.
    """
    every = _MEASURE()
    known = every.value["of"]
    wanted = OF_QUESTIONS.get(str(name).removeprefix("ask."), (name,))
    if name and not known.isin(wanted).any():
        raise InputError(f"Nothing called {name} declares columns. {_right(str(name), set(known))}")
    own = every.value if not name else every.value[known.isin(wanted)].reset_index(drop=True)
    caption = f"The columns of {name}" if name else "The columns of everything"
    return Answer(type(every)(every.measure, own), caption)


def _right(name: str, known: set[str]) -> str:
    """The names nearest to a wrong one: of questions, tables, and measures with their room or without."""
    places: dict[str, list[str]] = {}
    for one in sorted({*known, *OF_QUESTIONS}):
        for said in {one, one.rpartition(".")[2]}:
            places.setdefault(said, []).append(one)
    close = get_close_matches(name.lower(), places, n=NEAR, cutoff=ALIKE)
    if not close:
        return (
            f"Known are the questions ({', '.join(OF_QUESTIONS)}), the derived tables ({', '.join(KINDS)}), "
            "and the measures, which ask.columns() lists by room and name."
        )
    found = list(dict.fromkeys(one for said in close for one in places[said]))
    return f"Did you mean {' or '.join(found[:NEAR])}?"

"""Events that stay in their database: what is counted of them here, and what they are for what comes after.

Rules about events ask who has any, when and what; so what is kept is a row a customer, a row a day and a row
a name, each with how many events there are. `docs/scale.md` says which rules hold on them and which cannot.
"""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import ibis.expr.types as ir

from retention_helpers import engine as engines
from retention_helpers.contract.tables import TABLES, Fault, day_name
from retention_helpers.engine import Engine, text
from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.kept import SourceRead, outdate
from retention_helpers.sources.database.in_place import EVENTS, Counts, InPlace, Reached
from retention_helpers.sources.folder import Source
from retention_helpers.words import written
from retention_helpers.words.errors import InputError

COLUMNS = {"customer_id": "string", "occurred_at": "timestamp", "occurred_on": "date", "event": "string"}
_THERE = "events_in_place"
_STRANGERS, _PERSONS = "events_of_strangers.parquet", "events_of_persons.parquet"


def source_of(of: InPlace) -> Source:
    """What stands for them among the files."""
    return Source(EVENTS, of.description.path, "parquet", origin=of.name)


def read(evidence: Evidence, source: Source, of: InPlace) -> tuple[SourceRead | None, InPlace]:
    """Have them counted, and hold the rules of rows against the counts; None where they cannot be read."""
    reached = Reached(of)
    try:
        counted = reached.count()
        rows = engines.elsewhere(evidence.engine, _THERE, COLUMNS, reached, evidence.scratch / "asked")
        _count(evidence, rows)
    except InputError as error:
        evidence.faults.append(Fault("stop", EVENTS, "unreadable file", 0, str(error)))
        return None, of
    total = sum(counted.values())
    evidence.read[EVENTS], evidence.totals[EVENTS], evidence.in_place = source, total, rows
    _hold_rules_of_rows(evidence, counted)
    return SourceRead(EVENTS, of.name, total, total), replace(of, counted=counted)


def as_kept(engine: Engine, kept: Path, of: InPlace, cut: dt.date, answers: Path) -> ir.Table:
    """The events of a reading as a table of the engine, up to the day of the reading.

    What is asked of them is kept in `answers`. Where the database holds other rows before the cut than were
    counted, the reading is outdated, and asking raises InputError.
    """
    reached = Reached(of, cut, lambda: outdate(kept))
    rows = engines.elsewhere(engine, _THERE, COLUMNS, reached, answers)
    return _of_persons(engine, kept, _without_strangers(engine, kept, rows))


def _without_strangers(engine: Engine, kept: Path, rows: ir.Table) -> ir.Table:
    if not (path := kept / _STRANGERS).exists():
        return rows
    return rows.anti_join(engines.parquet(engine, path, path.stem), "customer_id")


def _of_persons(engine: Engine, kept: Path, rows: ir.Table) -> ir.Table:
    """Every row of a joined customer is of the first of them."""
    if not (path := kept / _PERSONS).exists():
        return rows
    joined = rows.left_join(engines.parquet(engine, path, path.stem), "customer_id")
    return joined.mutate(customer_id=joined.person.fill_null(joined.customer_id)).select(*COLUMNS)


def leave_out(evidence: Evidence, strangers: str) -> None:
    """Let the rows of customers count no more, by SQL of these, and count the others anew."""
    assert evidence.in_place is not None
    _keep(evidence, f"SELECT DISTINCT customer_id FROM {strangers}", _STRANGERS)
    evidence.in_place = _without_strangers(evidence.engine, evidence.target, evidence.in_place)
    _count(evidence, evidence.in_place)
    (evidence.totals[EVENTS],) = evidence.one(f"SELECT {evidence.many(EVENTS)} FROM {evidence.of(EVENTS)}")


def rename(evidence: Evidence, persons: str) -> None:
    """Note for what comes after whose rows are another's, by SQL of `customer_id` and `person`."""
    _keep(evidence, f"SELECT customer_id, person FROM {persons}", _PERSONS)


def _keep(evidence: Evidence, query: str, name: str) -> None:
    evidence.engine.con.execute(f"COPY ({query}) TO {text(str(evidence.target / name))} (FORMAT parquet)")


def _hold_rules_of_rows(evidence: Evidence, counted: Counts) -> None:
    """What a row has to hold, as `rules/rows` says it of files."""
    days = {on: many for on, many in counted.items() if on}
    odd = {
        on: n for on, n in days.items() if not str(written.FIRST_YEAR) <= on <= f"{written.LAST_YEAR}-12-31"
    }
    empty = {"occurred_at": counted.get("", 0)}
    for column, relation in (("customer_id", evidence.of(EVENTS)), ("event", evidence.by(EVENTS, "event"))):
        name = "value" if column == "event" else column
        query = f"SELECT {evidence.many(EVENTS)} FROM {relation} WHERE {name} IS NULL"
        (empty[column],) = evidence.one(query)
    for column, many in empty.items():
        if many:
            _stop(evidence, f"{column} empty", f"{column} is empty", "Fill it in, or take the row out.", many)
    if odd:
        what = f"occurred_at lies before {written.FIRST_YEAR}, or is infinity"
        _stop(evidence, "occurred_at unreadable", what, "Correct it.", sum(odd.values()))


def _stop(evidence: Evidence, rule: str, what: str, way_out: str, many: int) -> None:
    evidence.say("stop", EVENTS, rule, what, way_out, rows=many, of=evidence.totals[EVENTS])


def _count(evidence: Evidence, rows: ir.Table) -> None:
    """Keep a row a customer (with the last day), a row a day and a row a name."""
    to_parquet = evidence.engine.to_parquet
    by_customer = rows.group_by("customer_id").aggregate(n=rows.count(), occurred_on=rows.occurred_on.max())
    to_parquet(by_customer, evidence.parquet(EVENTS))
    for column in (day_name(TABLES[EVENTS].clock), "event"):
        to_parquet(rows.group_by(column).aggregate(n=rows.count()), evidence.counts(column))

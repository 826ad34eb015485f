"""What the owner did of the plan and wrote down in it, and whom its lots drew: rows like those of the tables.

What was done are contacts, what was drawn are assignments of an experiment.
"""

import datetime as dt
import hashlib
import json
import os
import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from filelock import FileLock

from retention_helpers.business.identity import Identity
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Fault, message
from retention_helpers.gate import day_lists, running_plan
from retention_helpers.gate import lots as of_lots
from retention_helpers.gate.day_lists import called_before
from retention_helpers.gate.kept import SourceRead
from retention_helpers.gate.lots import NO_LOTS, Lots, read_lots
from retention_helpers.gate.running_plan import OWN, XLSX, Row, Running
from retention_helpers.shipped import code_of
from retention_helpers.words import calendar

OUTREACH = "outreach"  # the kind of a contact for which the owner's own row names no other
RECORD = "done.pickle"


@dataclass(frozen=True)
class Done:
    """The contacts that the plan brings, by one cut.

    Attributes:
        contacts: the Parquet file with them, as the table of contacts has them.
        rows: how many.
        faults: what could not be read.
        lots: who was drawn, at the cut itself, too.
        listed: whom the lists of the month after the cut had at risk already; no lot can draw them out.
        called: customer and action of the calls that lists of that month gave before its plan was made.
    """

    contacts: Path
    rows: int
    faults: tuple[Fault, ...]
    lots: Lots = NO_LOTS
    listed: frozenset[str] = frozenset()
    called: frozenset[tuple[str, str]] = frozenset()

    @property
    def sources(self) -> tuple[SourceRead, ...]:
        drawn = len(self.lots.rows)
        counts = (("contacts", XLSX, self.rows), ("assignments", of_lots.FILE, drawn))
        return tuple(SourceRead(table, file, rows, rows) for table, file, rows in counts if rows)


def done_by(
    out: Path,
    identity: Identity,
    settings: Settings,
    as_of: dt.date,
    kept: Path,
    *,
    drawn_until: dt.date,
    month: str = "",
) -> Path | None:
    """The folder of what was done before the cut, made in the reading; None where nothing was written down.

    A touch whose day lies at or after the cut is not known yet, and no lot of after `drawn_until`. What lists
    said since the cut is asked for the report of a month alone. A plan of another business counts for nobody.
    """
    plan = running_plan.read(out, settings.date_order)
    if plan.business and not identity.is_of(plan.business):
        return None
    earlier = [row for row in plan.rows if not row.month or row.known_by < as_of]
    contacts, faults = _contacts(plan, as_of), _faults(earlier)
    lots = read_lots(out)
    lots = lots.known_by(drawn_until) if identity.is_of(lots.business) else NO_LOTS
    listed = _listed(plan, as_of) if month else frozenset()
    called = called_before(day_lists.read(out, identity.is_of), month) if month else frozenset()
    if contacts.empty and not faults and not lots.drawn and not listed and not called:
        return None
    told = json.dumps(
        [
            contacts.astype(str).to_dict(orient="list"),
            [one.message for one in faults],
            of_lots.as_record(lots),
            sorted(listed),
            sorted(called),
            code_of(),
        ]
    )
    folder = kept / f"done_{hashlib.blake2b(told.encode(), digest_size=6).hexdigest()}"
    record = Done(folder / "contacts.parquet", len(contacts), tuple(faults), lots, listed, called)
    # The kernels of another run may be reading it: what is there whole is never written again.
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / RECORD).exists():
            _keep(record, contacts, folder, settings)
    return folder


def _keep(record: Done, contacts: pd.DataFrame, folder: Path, settings: Settings) -> None:
    """Write all of it, the record last: without one nothing is there."""
    folder.mkdir(exist_ok=True)
    _write(contacts, "contacted", record.contacts, settings)
    drawn = pd.DataFrame(record.lots.rows, columns=["customer_id", "arm", "assigned_on"])
    if record.lots.drawn:
        rows = drawn.assign(experiment=of_lots.NAME)
        _write(rows, "assigned", folder / "assignments.parquet", settings)
    part = folder / f"{RECORD}.part"
    part.write_bytes(pickle.dumps(record))
    os.replace(part, folder / RECORD)


def _write(rows: pd.DataFrame, verb: str, path: Path, settings: Settings) -> None:
    """Rows with a day, as rows of a table: with the instant of that midnight."""
    midnights = [
        pd.Timestamp(day, tz=settings.zone).tz_convert("UTC").tz_localize(None) for day in rows[f"{verb}_on"]
    ]
    at = pd.Series(midnights, index=rows.index, dtype="datetime64[us]")
    rows.assign(**{f"{verb}_at": at}).to_parquet(path, index=False)


def load(folder: Path) -> Done:
    """What `done_by` made."""
    done: Done = pickle.loads((folder / RECORD).read_bytes())
    return done


def _listed(plan: Running, as_of: dt.date) -> frozenset[str]:
    until = calendar.months_after(as_of, 1)
    lists = [row for row in plan.rows if row.is_of_list and as_of <= row.begins_on < until]
    return frozenset(row.customer for row in lists if row.kind == of_lots.PLAY)


def _contacts(plan: Running, as_of: dt.date) -> pd.DataFrame:
    """One row a touch that was done before the cut: customer_id, contacted_on, kind, outcome."""
    told = [
        (row.customer, day, _kind(row), row.cells.get("outcome"))
        for row in plan.rows
        if row.customer and (day := _day(row)) is not None and day < as_of
    ]
    found = pd.DataFrame(told, columns=["customer_id", "contacted_on", "kind", "outcome"]).drop_duplicates()
    return found.sort_values(["contacted_on", "customer_id", "kind"], ignore_index=True)


def _kind(row: Row) -> str:
    return row.kind if row.kind != OWN else row.cells.get("action", OUTREACH)


def _day(row: Row) -> dt.date | None:
    try:
        return dt.date.fromisoformat(row.cells.get("done_on", ""))
    except ValueError:
        return None


def _faults(rows: Iterable[Row]) -> list[Fault]:
    """What was filled in and cannot be a contact."""
    filled = [row for row in rows if row.cells.get("done_on") or row.cells.get("outcome")]
    unread = [row for row in filled if row.cells.get("done_on") and _day(row) is None]
    undated = [row for row in filled if not row.cells.get("done_on")]
    nobody = [row for row in filled if not row.customer]
    return [
        *_fault(
            "day unreadable",
            "Done on is no day",
            "Write it as 2026-11-05; until then it is no contact.",
            unread,
        ),
        *_fault(
            "no day",
            "Done on is empty beside an outcome",
            "Fill in the day; until then it is no contact.",
            undated,
        ),
        *_fault(
            "no customer", "no customer is named", "Fill in the id; until then it is no contact.", nobody
        ),
    ]


def _fault(rule: str, what: str, way_out: str, rows: Iterable[Row]) -> list[Fault]:
    found = list(rows)
    if not found:
        return []
    first = (
        f"customer {found[0].customer}, {found[0].cells.get('done_on') or found[0].cells.get('outcome', '')}"
    )
    said = message(XLSX, f"{what} in {len(found)} of its rows", way_out, first=first)
    return [Fault("warning", "contacts", rule, len(found), said)]

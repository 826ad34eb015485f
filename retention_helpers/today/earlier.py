"""What was said before a day: by the lists before it, by the newest report, and in the running plan."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from retention_helpers.business.identity import Identity
from retention_helpers.gate import running_plan
from retention_helpers.gate.running_plan import Row
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.plan.rows import FOR_LISTS
from retention_helpers.words import calendar

TODAY, RECORD = "today", ".list.json"
REMEMBERED_DAYS = 60  # lists older than that say nothing any more


class Said(NamedTuple):
    """That something was to be done with a customer, and on which list that stood."""

    customer: str
    action: str
    on: dt.date


class Planned(NamedTuple):
    """A touch of the plan, and its row.

    `is_done`: on a day before that of the list; without a day it is open.
    """

    customer: str
    action: str
    due_on: dt.date
    is_done: bool
    row: Row


@dataclass(frozen=True)
class Earlier:
    """What the list of a day has to know of before.

    Attributes:
        last_on: the day of the list before it; None where there is none.
        said: what stood on lists, the latest last.
        planned: the touches of the newest plan.
        plan_on: the first day that this plan does not know; the first of all days where there is none.
        report: the month of the newest report of before; "" for none.
        for_lists: what it left for the lists; empty for nothing.
        at_risk: who was at risk by the last list, or by that report where it is later.
        calls: how many calls the newest plan and the lists since have given away.
    """

    last_on: dt.date | None = None
    said: Sequence[Said] = ()
    planned: Sequence[Planned] = ()
    plan_on: dt.date = dt.date.min
    report: str = ""
    for_lists: Mapping[str, Any] = field(default_factory=dict)
    at_risk: frozenset[str] = frozenset()
    calls: int = 0


def earlier(out: Path, day: dt.date, identity: Identity, date_order: str) -> Earlier:
    """All of it, for the list of a day. Only what was made before that day counts.

    Raises InputError where the running plan cannot be read.
    """
    lists = _lists(out, day, identity)
    month, for_lists = _report(out, day, identity)
    plan = running_plan.read(out, date_order)
    rows = plan.rows if not plan.business or identity.is_of(plan.business) else ()
    own = [row for row in rows if row.month == _newest_plan(rows, day)]
    plan_on = own[0].known_by if own else dt.date.min
    said = [Said(who, action, on) for on, record in lists.items() for who, action in record["rows"]]
    last_on = max(lists, default=None)
    cut = calendar.months_after(calendar.first_of(month), 1) if month else dt.date.min
    by_list = lists[last_on]["at_risk"] if last_on and last_on >= cut else None
    known = for_lists.get("at_risk", ()) if by_list is None else by_list
    calls = [row for row in own if row.cells.get("action", "").startswith("Call")]
    since = [
        record["calls"] for on, record in lists.items() if on >= (plan_on if own else day.replace(day=1))
    ]
    return Earlier(
        last_on,
        said,
        [one for row in own if (one := _planned(row, day))],
        plan_on,
        month,
        for_lists,
        frozenset(known),
        len(calls) + sum(since),
    )


def _lists(out: Path, day: dt.date, identity: Identity) -> dict[dt.date, dict[str, Any]]:
    """The records of the lists of before, the oldest first."""
    found = {}
    for path in sorted((out / TODAY).glob(f"*/{RECORD}")):
        try:
            on = dt.date.fromisoformat(path.parent.name)
            record = json.loads(path.read_text(encoding="utf-8"))
            is_ours = identity.is_of(record["business"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a folder of the owner's own
        if is_ours and day - dt.timedelta(days=REMEMBERED_DAYS) <= on < day:
            found[on] = record
    return found


def _report(out: Path, day: dt.date, identity: Identity) -> tuple[str, dict[str, Any]]:
    """The newest report of before the day that left something for the lists."""
    for path in sorted(out.glob(f"[12]*-[01]*/.{FOR_LISTS}"), reverse=True):
        month = path.parent.name
        try:
            is_before = calendar.months_after(dt.date.fromisoformat(f"{month}-01"), 1) <= day
            told = json.loads((path.parent / "findings.json").read_text(encoding="utf-8"))
            if is_before and identity.is_of(str(told.get("business"))):
                return month, json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, AttributeError):
            continue
    return "", {}


def _newest_plan(rows: Sequence[Row], day: dt.date) -> str:
    """The month of the newest plan that was made from what lies before the day; not from that of long ago."""
    reports = [row for row in rows if row.month and not row.is_of_list]
    since = day - dt.timedelta(days=REMEMBERED_DAYS)
    return max((row.month for row in reports if since <= row.known_by <= day), default="none")


def _planned(row: Row, day: dt.date) -> Planned | None:
    """What is planned in a row; None of one without a day."""
    due_on, done_on = (_day(row.cells.get(name, "")) for name in ("due_on", "done_on"))
    if due_on is None or row.kind not in ACTIONS:
        return None
    is_done = done_on is not None and done_on < day
    return Planned(row.customer, row.kind, due_on, is_done, row)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None

"""What was said before a day: by the lists before it, by the newest report, and in the running plan."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from retention_helpers.business.identity import Identity
from retention_helpers.gate import day_lists, running_plan
from retention_helpers.gate.day_lists import Records
from retention_helpers.gate.running_plan import Row
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.plan.rows import FOR_LISTS
from retention_helpers.words import calendar

REMEMBERED_DAYS = 60  # lists older than that say nothing any more


class Said(NamedTuple):
    """That something was to be done with a customer, and on which list that stood."""

    customer: str
    action: str
    on: dt.date


class Planned(NamedTuple):
    """A touch of the newest plan, or of a list since then, and its row.

    `is_done`: on a day before that of the list; without a day it is open. `is_said`: it stood on a list;
    `is_written`: as a letter, its call being taken. `is_call`: it is a call, or was one.
    """

    customer: str
    action: str
    due_on: dt.date
    is_done: bool
    is_said: bool
    is_written: bool
    is_call: bool
    row: Row

    @property
    def has_no_day(self) -> bool:
        """Whether its owner wrote something that is no day where the day belongs."""
        done_on = self.row.cells.get("done_on", "")
        return bool(done_on) and _day(done_on) is None

    @property
    def since(self) -> dt.date:
        """The first day on which it can be done: what happens from then on ends it."""
        return self.row.begins_on


@dataclass(frozen=True)
class Earlier:
    """What the list of a day has to know of before.

    Attributes:
        last_on: the day of the list before it; None where there is none.
        said: what stood on lists, the latest last.
        planned: the touches of the newest plan, and those that lists brought since it was made.
        plan_on: the first day that this plan does not know; the first of all days where there is none.
        report: the month of the newest report of before; "" for none.
        went_by: the month of the newest report or plan of before; "" for none.
        for_lists: what it left for the lists; empty for nothing.
        at_risk: who was at risk by the last list, or by that report where it is later.
        calls: how many calls of the month the lists of before have given already.
        over: the touches that were over by the list before, by `Row.touch`.
    """

    last_on: dt.date | None = None
    said: Sequence[Said] = ()
    planned: Sequence[Planned] = ()
    plan_on: dt.date = dt.date.min
    report: str = ""
    went_by: str = ""
    for_lists: Mapping[str, Any] = field(default_factory=dict)
    at_risk: frozenset[str] = frozenset()
    calls: int = 0
    over: frozenset[tuple[str, str, str]] = frozenset()


def earlier(out: Path, day: dt.date, identity: Identity, date_order: str) -> Earlier:
    """All of it, for the list of a day: the lists before it, and the newest report of a month over by then.

    Raises InputError where the running plan cannot be read.
    """
    every = day_lists.read(out, identity.is_of)
    first = day - dt.timedelta(days=REMEMBERED_DAYS)
    lists = {on: record for on, record in every.items() if first <= on < day}
    until = _known_until(every, day)
    month, for_lists = _report(out, day, identity, until)
    plan = running_plan.read(out, date_order)
    is_ours = not plan.business or identity.is_of(plan.business)
    rows = plan.before_draws_after(_drawn_until(day, until)) if is_ours else ()
    plan_month = _newest_plan(rows, day, until)
    own = [row for row in rows if row.month == plan_month] if plan_month else []
    plan_on = own[0].known_by if own else dt.date.min
    own += [row for row in rows if row.is_of_list and row.begins_on in lists and row.begins_on >= plan_on]
    said = [Said(who, action, on) for on, record in lists.items() for who, action in record["rows"]]
    last_on = max(lists, default=None)
    cut = calendar.months_after(calendar.first_of(month), 1) if month else dt.date.min
    by_list = lists[last_on]["at_risk"] if last_on and last_on >= cut else None
    known = for_lists.get("at_risk", ()) if by_list is None else by_list
    begun = day.replace(day=1)  # calls are counted by calendar months, and a plan's month is the one after it
    called = [len(record["called"]) for on, record in lists.items() if on >= begun]
    planned = _planned(own, lists, day, plan_on)
    given = [one for one in planned if one.is_call and (one.is_done or one.is_said) and one.since == begun]
    return Earlier(
        last_on,
        said,
        planned,
        plan_on,
        month,
        max(month, plan_month),
        for_lists,
        frozenset(known),
        sum(not one.row.is_of_list for one in given) + sum(called),
        frozenset((who, month, kind) for who, month, kind in lists[last_on]["over"])
        if last_on
        else frozenset(),
    )


def drawn_until(out: Path, day: dt.date, identity: Identity) -> dt.date:
    """The last day whose lots the list of a day knows: none of a report that it does not know."""
    return _drawn_until(day, _known_until(day_lists.read(out, identity.is_of), day))


def _drawn_until(day: dt.date, month: str) -> dt.date:
    return min(day, calendar.months_after(calendar.first_of(month), 1)) if month else dt.date.min


def _known_until(every: Records, day: dt.date) -> str:
    """The last month whose report the list of a day may know; "" for none.

    Made again it goes by no later report than at first. Where it had none, the first report is not to be
    missed, as long as no list has followed.
    """
    went_by = every.get(day, {}).get("went_by")
    is_settled = went_by is not None and (went_by or max(every) > day)
    return str(went_by) if is_settled else f"{day:%Y-%m}"


def _report(out: Path, day: dt.date, identity: Identity, until: str) -> tuple[str, dict[str, Any]]:
    """The newest report of before the day that left something for the lists, of a month up to `until`."""
    for path in sorted(out.glob(f"[12]*-[01]*/.{FOR_LISTS}"), reverse=True):
        month = path.parent.name
        try:
            is_before = calendar.months_after(dt.date.fromisoformat(f"{month}-01"), 1) <= day
            told = json.loads((path.parent / "findings.json").read_text(encoding="utf-8"))
            if is_before and month <= until and identity.is_of(str(told.get("business"))):
                return month, json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, AttributeError):
            continue
    return "", {}


def _newest_plan(rows: Sequence[Row], day: dt.date, until: str) -> str:
    """The month of the newest plan that was made from what lies before the day, up to a month; "" for none.

    Not of one from long ago.
    """
    reports = [row for row in rows if row.month and not row.is_of_list and row.month <= until]
    since = day - dt.timedelta(days=REMEMBERED_DAYS)
    return max((row.month for row in reports if since <= row.known_by <= day), default="")


def _planned(rows: Sequence[Row], lists: Records, day: dt.date, plan_on: dt.date) -> list[Planned]:
    """What is planned in these rows; nothing in one without a day."""
    since = [record for on, record in lists.items() if on >= plan_on]
    said = {(who, action) for record in since for who, action in record["rows"]}
    written = {(who, action) for record in since for who, action in record["written"]}
    by_list = {(row.customer, row.kind) for row in rows if row.is_of_list}
    found = []
    for row in rows:
        touch = row.customer, row.kind
        is_said = touch in said and (
            row.is_of_list or touch not in by_list
        )  # else the list had a row of its own
        due_on, done_on = (_day(row.cells.get(name, "")) for name in ("due_on", "done_on"))
        if due_on is not None and row.kind in ACTIONS:
            is_done = done_on is not None and done_on < day
            is_written = touch in written
            is_call = row.cells.get("action", "").startswith("Call") and not is_written
            found.append(Planned(*touch, due_on, is_done, is_said, is_written, is_call, row))
    return found


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None

"""Writes the list of a day beside the reports, whole or not at all; what is new goes into the plan."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from retention_helpers.business import Business, open_day
from retention_helpers.business.opening import sample_identity
from retention_helpers.gate import day_lists, running_plan
from retention_helpers.gate.day_lists import FOLDER, RECORD
from retention_helpers.gate.kept import held
from retention_helpers.gate.running_plan import Marks
from retention_helpers.report import pages, plan_file
from retention_helpers.report.publishing import building, locked, put_in_place
from retention_helpers.shown.cards import Screen
from retention_helpers.shown.lists import write_list
from retention_helpers.today import said
from retention_helpers.today.earlier import drawn_until, earlier
from retention_helpers.today.gathering import Today, todays
from retention_helpers.today.listing import Listed, as_frame, listed_rows
from retention_helpers.words import formats

HERE = Path(__file__).parent
LIST, PAGE = "list", "index.html"
BY_LETTER = "by letter: its call of the month was given to somebody else"
NO_DAY = "open: Done on holds no day, write it as 2026-11-05"


@dataclass(frozen=True)
class Made:
    """A list that was made: its day, folder, screen, notes, and what it was made from."""

    day: dt.date
    folder: Path
    screen: Screen
    notes: Sequence[str]
    mark: str
    files: Sequence[Mapping[str, Any]]


def make(data: Path, out: Path, day: dt.date | None = None) -> Made:
    """Make the list of a day (default: today) and return it.

    Raises InputError for wrong data, a day that has not begun, a plan of another business, or one that
    cannot be read or is open in a spreadsheet, and BeingMade where another run makes it; nothing is changed
    then.
    """
    out = out.resolve()
    running_plan.refuse_open(out)
    business = open_day(data, day, plan=out, drawn_until=partial(drawn_until, out))
    try:
        plan_file.refuse_other_business(out, business.identity, sample_identity)
        with held(business.kept):
            return _made(business, out)
    finally:
        business.close()


def _made(business: Business, out: Path) -> Made:
    assert business.day is not None
    day = business.day
    home = out / FOLDER
    with locked(home, str(day)), building(home, str(day)) as place:
        before = earlier(out, day, business.identity, business.settings.date_order)
        today = todays(business, before)
        rows = listed_rows(business, today)
        shown = said.screen(business, today, rows)
        made = place / "list"
        made.mkdir()
        write_list(made, LIST, as_frame(rows))
        (made / PAGE).write_text(_page(business, day, shown), encoding="utf-8")
        (made / RECORD).write_text(_record(business, today, rows), encoding="utf-8")
        _renew_plan(business, out, day, rows, _marks(business, out, today))
        put_in_place(made, home / str(day))
    files = [
        {"table": one.table, "file": one.file, "rows": one.rows_read, "sha256": one.sha256 or None}
        for one in business.sources
    ]
    notes = [*said.notes(today, rows), *said.without_day(today)]
    return Made(day, home / str(day), shown, notes, business.identity.mark, files)


def _record(business: Business, today: Today, rows: Sequence[Listed]) -> str:
    """What later lists have to know of this one."""
    record = {
        "business": business.identity.mark,
        "rows": [[row.customer, row.action] for row in rows],
        "at_risk": None if today.at_risk is None else list(today.at_risk),
        "called": today.called,
        "written": [[one.customer, one.action] for one in today.due if one.row.touch in today.written],
        "over": [list(one.row.touch) for one, _ in today.settled],
        "went_by": today.before.went_by,
    }
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def _marks(business: Business, out: Path, today: Today) -> Marks:
    """What the newest list has to say of earlier touches in *Since then*; an older one says nothing."""
    if max(day_lists.read(out, business.identity.is_of), default=today.day) > today.day:
        return {}
    letters = {one.row.touch for one in today.before.planned if one.is_written} | today.written
    return {
        **{one.row.touch: BY_LETTER if one.row.touch in letters else "" for one in today.before.planned},
        **{one.row.touch: NO_DAY for one in today.before.planned if one.has_no_day},
        **{one.row.touch: f"over: {why}" for one, why in today.settled},
    }


def _renew_plan(business: Business, out: Path, day: dt.date, rows: Sequence[Listed], marks: Marks) -> None:
    """What is new goes into the running plan; a plan is not begun for a list without anybody."""
    new = [{"kind": row.action, **row.cells} for row in rows if row.is_new]
    if not new and not (out / running_plan.WRITTEN).exists():
        return
    planned = plan_file.rows_of(str(day), new)
    plan_file.renew(out, business.identity, business.settings.date_order, str(day), planned, marks)


def _page(business: Business, day: dt.date, shown: Screen) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page.html.j2").render(
        business=business.name,
        day=formats.day(day),
        title="Who needs you today?",
        screen=Markup(shown._repr_html_()),
        css=pages.stylesheet(),
    )

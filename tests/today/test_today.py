"""The list of a day: each matter on a business made by hand, and what the list may not depend on."""

import csv
import datetime as dt
import hashlib
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any

import pandas as pd
import pytest
from conftest import write_folder

from retention_helpers import __main__, today
from retention_helpers.business import open_business, open_day
from retention_helpers.business.done import done_by, load
from retention_helpers.business.identity import Identity
from retention_helpers.contract.settings import read_settings
from retention_helpers.early_warning.snapshots import snapshots_now
from retention_helpers.gate import running_plan
from retention_helpers.gate.lots import Lots, as_record
from retention_helpers.gate.running_plan import Row
from retention_helpers.plan.deciding import decide
from retention_helpers.plan.rows import cells, rows
from retention_helpers.report import plan_file
from retention_helpers.shown.proposals import proposals
from retention_helpers.statistics.intervals import rate
from retention_helpers.today.earlier import earlier
from retention_helpers.words.errors import InputError

DAY = dt.date(2026, 3, 12)
OLD = "2025-11-03"


def spans() -> list[tuple[object, ...]]:
    """Who pays all the time, and one each with something that comes.

    `early`, `ahead` and `gone` had a trial of 14 days; `trying` began one on 1 March; `yearly` renews on 20
    March, `later` on 30 March; `back` paused for 30 days last year, `resting` since 12 February.
    """
    return [
        ("steady", OLD, "", 50),
        ("failing", OLD, "", 80),
        ("mended", OLD, "", 80),
        ("asking", OLD, "", 40),
        ("planned", OLD, "", 30),
        ("early", "2025-12-01", "2025-12-15", 0, "trialing"),
        ("early", "2025-12-15", "", 20),
        ("gone", "2026-02-26", "2026-03-12", 0, "trialing"),
        ("trying", "2026-03-01", "", 0, "trialing"),
        ("yearly", "2025-03-20", "", 60, "active", "team", "year"),
        ("later", "2025-03-30", "", 60, "active", "team", "year"),
        ("back", OLD, "2025-12-01", 25),
        ("back", "2025-12-01", "2025-12-31", 25, "paused"),
        ("back", "2025-12-31", "", 25),
        ("resting", OLD, "2026-02-12", 25),
        ("resting", "2026-02-12", "", 25, "paused"),
        ("third", "2026-03-09", "", 20),
        ("seventh", "2026-03-05", "", 20),
        ("ready", "2026-03-05", "", 20),
    ]


AFTER = {
    "payments": [("steady", "2026-03-20T10:00", "failed")],
    "cancellations": [("steady", "2026-03-13", "too_expensive")],
    "events": [("third", "2026-03-13T10:00", "onboarding_completed")],
}
TABLES: dict[str, Sequence[tuple[object, ...]]] = {
    "payments": [
        ("steady", "2026-03-01T10:00", "succeeded"),
        ("failing", "2026-03-11T10:00", "failed"),
        ("mended", "2026-03-10T10:00", "failed"),
        ("mended", "2026-03-11T10:00", "succeeded"),
    ],
    "cancellations": [("asking", "2026-03-12", "too_expensive")],
    "events": [
        *((who, f"2026-03-{day:02}T09:00", "login") for who in ("steady", "ready") for day in (9, 11, 12)),
        ("early", "2025-12-20T09:00", "onboarding_completed"),
        ("ready", "2026-03-06T09:00", "onboarding_completed"),
    ],
}


LEARNED = {
    "way": "warnings",
    "base": asdict(rate(10, 100)),
    "rules": {"no_login_7_days": 7.0, "no_login_30_days": 30.0},
    "counted": ["no_login_7_days", "no_login_30_days"],
    "learned": None,
    "by_count": [0.05, 0.4, 0.5],
}


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    from retention_helpers.business import opening

    with pytest.MonkeyPatch.context() as changed:
        for cached in (opening.open_day, opening.open_business):
            changed.setitem(cached.__kwdefaults__, "cache", tmp_path_factory.mktemp("cache"))
        yield


@pytest.fixture(scope="module")
def first_list(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of a business with its list of the day, only to be read."""
    home = tmp_path_factory.mktemp("first")
    made(folder(home / "data"), home / "out")
    return home


@pytest.fixture
def begun(first_list: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The same as data and out, to be gone on with."""
    shutil.copytree(first_list, tmp_path, dirs_exist_ok=True)
    return tmp_path / "data", tmp_path / "out"


def folder(
    home: Path, *, also: Mapping[str, Sequence[tuple[object, ...]]] | None = None, **more: Any
) -> Path:
    tables = {name: [*rows, *(also or {}).get(name, ())] for name, rows in TABLES.items()}
    return write_folder(home, spans(), **{**tables, **more})


def made(data: Path, out: Path, day: dt.date = DAY) -> dict[str, tuple[str, str]]:
    """What the list says to do with each customer, and why."""
    today.make(data, out, day)
    return listed(out, day)


def listed(out: Path, day: dt.date = DAY) -> dict[str, tuple[str, str]]:
    with (out / "today" / str(day) / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["customer_id"]: (row["action"], row["why"]) for row in rows}


def bytes_of(out: Path, day: dt.date = DAY) -> dict[str, str]:
    here = out / "today" / str(day)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(here.iterdir())}


def page(out: Path, day: dt.date = DAY) -> str:
    return (out / "today" / str(day) / "index.html").read_text(encoding="utf-8")


def test_everything_that_needs_somebody_on_that_day(first_list: Path) -> None:
    """A trial lasts 14 days, so that of 1 March ends on the 15th; a pause lasts 30, so to 14 March."""
    assert listed(first_list / "out") == {
        "failing": ("Write: their payment failed", "the payment of 11 March 2026 failed"),
        "asking": ("Write: they asked to cancel", "asked to cancel on 12 March 2026: too expensive"),
        "trying": ("Write: their free time ends", "the free time ends about 15 March 2026"),
        "gone": ("Write: their free time ends", "the free time ended on 12 March 2026"),
        "seventh": ("Call: they have not finished the onboarding", "onboarding not finished by day 7"),
        "third": ("Write: they have not finished the onboarding", "onboarding not finished by day 3"),
        "yearly": ("Write: their year is about to renew", "the year renews on 20 March 2026"),
        "resting": ("Write: their pause should be over", "the pause ends about 14 March 2026"),
    }


def test_the_columns_are_those_of_the_plan(first_list: Path) -> None:
    text = (first_list / "out" / "today" / str(DAY) / "list.csv").read_text(encoding="utf-8-sig")
    headings = [words for name, words in running_plan.HEADINGS.items() if name != running_plan.SINCE_THEN]
    assert text.splitlines()[0].replace('"', "").split(",") in (headings, list(running_plan.HEADINGS)[:-1])


def test_later_rows_change_nothing_and_a_second_run_is_the_same(tmp_path: Path, first_list: Path) -> None:
    """The same whether there are later rows, when it is made anew after the next list, and filled in.

    That next list has only what is new: a request, and nobody twice.
    """
    data, out = folder(tmp_path / "data", also=AFTER), tmp_path / "out"
    made(data, out)
    assert bytes_of(out) == bytes_of(first_list / "out")
    assert made(data, out, DAY + dt.timedelta(days=1)) == {
        "steady": ("Write: they asked to cancel", "asked to cancel on 13 March 2026: too expensive")
    }
    fill(out, "failing", DAY)
    made(data, out)
    assert bytes_of(out) == bytes_of(first_list / "out")


def fill(out: Path, who: str, said: dt.date | str, *, column: str = "Done on") -> None:
    """As an owner would: the day beside the touch, or something else, in plan.csv."""
    path = out / "plan.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    place = header.index(column)
    for row in rows:
        if row[0] == who:
            row[place] = str(said)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *rows])


def test_what_a_weekend_hid_is_on_the_next_list(tmp_path: Path) -> None:
    """After the list of the 9th none was made until the 12th."""
    data = folder(tmp_path / "data")
    before = made(data, tmp_path / "out", dt.date(2026, 3, 9))
    after = made(data, tmp_path / "out")
    assert "failing" not in before and "failing" in after
    assert after["seventh"][1] == "onboarding not finished by day 7"
    assert "asking" in after and "yearly" in before and "yearly" not in after


def test_a_trial_that_ended_after_the_list_of_its_day_is_on_the_next(begun: tuple[Path, Path]) -> None:
    """The list is made in the morning; on the afternoon `brief` ends a trial of four days."""
    data, out = begun
    for name, line in (
        ("customers", "brief,2026-03-08"),
        ("subscriptions", "brief,2026-03-08,2026-03-12,0,trialing,,,,"),
    ):
        with (data / f"{name}.csv").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    found = made(data, out, DAY + dt.timedelta(days=1))
    assert found == {"brief": ("Write: their free time ends", "the free time ended on 12 March 2026")}


def test_day_7_follows_day_3_also_after_its_touch(begun: tuple[Path, Path]) -> None:
    data, out = begun
    fill(out, "third", DAY)
    later = made(data, out, DAY + dt.timedelta(days=4))
    assert later["third"] == (
        "Call: they have not finished the onboarding", "onboarding not finished by day 7"
    )  # fmt: skip


def planned(out: Path, data: Path, *rows: Mapping[str, str], month: str = "2026-02") -> None:
    """What the report of a month put into the running plan."""
    from retention_helpers.delivery.runs import identity

    out.mkdir(parents=True, exist_ok=True)
    plan_file.renew(out, identity(data), "", month, plan_file.rows_of(month, rows))


def row(who: str, kind: str, due_on: str, action: str = "Write: something") -> dict[str, str]:
    return {"customer_id": who, "kind": kind, "due_on": due_on, "action": action, "why": "as planned"}


def test_touches_of_the_plan_fall_due_once(tmp_path: Path) -> None:
    """Due by the day, of who is there; not again the next day, and what is over is not on the list."""
    data, out = folder(tmp_path / "data"), tmp_path / "out"
    planned(
        out,
        data,
        row("planned", "thank", "2026-03-11"),
        row("steady", "thank", "2026-03-13"),
        row("mended", "recover_payment", "2026-03-12"),
        row("gone", "at_risk", "2026-03-12"),
    )
    first = made(data, out)
    assert first["planned"] == ("Write: something", "as planned")
    assert not {"steady", "mended"} & first.keys() and first["gone"][0] == "Write: their free time ends"
    assert settled(out) == {
        "mended": "over: no payment is open any more (list of 12 March 2026)",
        "gone": "over: no customer any more (list of 12 March 2026)",
    }
    assert "Not needed any more: 2 touches" in page(out)
    same = bytes_of(out)
    fill(out, "planned", DAY)
    made(data, out)
    assert bytes_of(out) == same
    second = made(data, out, DAY + dt.timedelta(days=1))
    assert "planned" not in second and "steady" in second
    assert "planned</b>" not in page(out, DAY + dt.timedelta(days=1))


def settled(out: Path) -> dict[str, str]:
    """What stands in *Since then*, by customer."""
    rows = running_plan.read(out).rows
    return {one.customer: one.cells["since_then"] for one in rows if "since_then" in one.cells}


def test_a_touch_whose_cause_is_over_is_taken_off_by_name_with_its_reason(tmp_path: Path) -> None:
    """Planned by February's report, most of it for later, and asked of the data up to 12 March.

    `early` pays since last year, `back` too; `steady` used it that day; `third` gave 9 of 10 on the 10th;
    `yearly` bought on the 10th; `asking` asked that day, and `failing`'s payment failed. `gone`
    had a trial to the 12th. What comes today though it was planned for later: `trying`, whose trial ends
    about the 15th, and `resting`, whose pause ends about the 14th.
    """
    told = {
        "nps": [("third", "2026-02-20", 2), ("third", "2026-03-10", 9)],
        "orders": [("yearly", "2026-01-05", 20), ("yearly", "2026-03-10", 20), ("ready", "2026-01-05", 20)],
        "contacts": [("mended", "2026-03-05", "outreach")],
    }
    data, out = folder(tmp_path / "data", **told), tmp_path / "out"
    over = {
        "early": ("trial", "a customer since 15 December 2025"),
        "gone": ("trial", "the free time ended on 12 March 2026"),
        "back": ("pause", "the pause is over"),
        "steady": ("silent", "used it on 12 March 2026"),
        "later": ("win_back", "a customer again"),
        "third": ("detractor", "gave 9 of 10 since"),
        "yearly": ("buyer", "bought on 10 March 2026"),
        "asking": ("at_risk", "they asked to cancel"),
        "failing": ("thank", "another touch takes its place"),
        "mended": ("thank", "spoken to on 5 March 2026"),
    }
    stand = {"trying": "trial", "resting": "pause", "planned": "silent", "ready": "buyer"}
    later = {"trying", "resting"}
    kinds = {who: kind for who, (kind, _) in over.items()} | stand
    dues = {who: "2026-03-20" if who in later or who in over else "2026-03-11" for who in kinds}
    planned(out, data, *(row(who, kind, dues[who]) for who, kind in kinds.items()))
    fill(out, "steady", "Anna", column="Done by")
    found = made(data, out)
    assert {who for who, (_, why) in found.items() if why == "as planned"} == {*stand}
    assert (
        found["gone"][1] == "the free time ended on 12 March 2026"
        and found["asking"][0][7:] == "they asked to cancel"
    )
    by = "(list of 12 March 2026)"
    assert settled(out) == {who: f"over: {why} {by}" for who, (_, why) in over.items()}
    first, html = bytes_of(out), page(out)
    assert "Not needed any more: 10 touches" in html
    assert all(f"{why}</li>" in html for _, why in over.values())
    open_ones = Counter(one.customer for one in running_plan.read(out).rows if "since_then" not in one.cells)
    assert max(open_ones.values()) == 1 and open_ones["trying"] == 1
    next_day = DAY + dt.timedelta(days=1)
    assert not made(data, out, next_day)
    assert "Not needed any more" not in page(out, next_day)
    assert settled(out) == {who: f"over: {why} {by}" for who, (_, why) in over.items()}
    made(data, out)
    assert bytes_of(out) == first
    assert {one.customer: one.cells.get("done_by") for one in running_plan.read(out).rows}["steady"] == "Anna"


def test_a_newcomer_on_trial_keeps_the_touch_of_the_onboarding(tmp_path: Path) -> None:
    """No customer yet and not gone: `newly`, on trial from 9 to 25 March, waits on the list of the 13th."""
    data, out = folder(tmp_path / "data"), tmp_path / "out"
    for name, line in (
        ("subscriptions", "newly,2026-03-09,2026-03-25,0,trialing,,,,"),
        ("customers", "newly,2026-03-09"),
    ):
        with (data / f"{name}.csv").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    made(data, out, dt.date(2026, 3, 9))
    assert made(data, out)["newly"][1] == "onboarding not finished by day 3"
    day = DAY + dt.timedelta(days=1)
    made(data, out, day)
    html = page(out, day)
    assert "newly" in html[html.index("Still open") :] and "no customer any more" not in html


def test_what_an_earlier_list_had_is_named_until_it_is_done_or_over(begun: tuple[Path, Path]) -> None:
    """On the 13th `asking` is done, `failing` has paid and `third` finished; the others wait, by name.

    *Done on* “yesterday” is no day: that touch counts as open, the row and the run say so, the list does not.
    """
    data, out = begun
    for name, line in (
        ("payments", "failing,2026-03-13T10:00,succeeded,"),
        ("events", "third,2026-03-13T10:00,onboarding_completed"),
    ):
        with (data / f"{name}.csv").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    fill(out, "asking", DAY)
    fill(out, "seventh", "yesterday")
    day = DAY + dt.timedelta(days=1)
    notes = today.make(data, out, day).notes
    html = page(out, day)
    assert listed(out, day) == {} and "Still open from earlier lists: 5 touches" in html
    waiting = html[html.index("Still open") : html.index("Not needed any more: 2 touches")]
    five = ("trying", "gone", "seventh", "yearly", "resting")
    assert [line.split("</b>")[0] for line in waiting.split("<b>")[1:]] == [*five]
    assert "the year renews on 20 March 2026" in waiting and "yesterday" not in html
    assert (
        "plan.xlsx: *Done on* is no day in 1 of its rows (first: customer seventh, “yesterday”)" in notes[-1]
    )
    by = "(list of 13 March 2026)"
    assert settled(out) == {
        "failing": f"over: no payment is open any more {by}",
        "third": f"over: the onboarding is finished {by}",
        "seventh": f"open: Done on holds no day, write it as 2026-11-05 {by}",
    }


def test_a_call_goes_to_the_more_urgent_and_one_that_is_over_counts_for_nobody(tmp_path: Path) -> None:
    """Two calls in March, both planned: `back`, whose pause is long over, and `steady`, at risk.

    `asking` is called in place of `back`; `seventh`, who is less urgent than `steady`, is written to. Asks
    `early` too, on the 13th, the call of `steady`, still to come, goes to them, and `steady` is written to.
    """
    settings = {"calls_a_month": 2, "high_value_mrr": 20}
    also = {"cancellations": [("early", "2026-03-13", "too_expensive")]}
    data = folder(tmp_path / "data", also=also, settings=settings)
    out = tmp_path / "out"
    planned(
        out,
        data,
        row("steady", "at_risk", "2026-03-16", "Call: at risk of leaving"),
        row("back", "pause", "2026-03-16", "Call: their pause should be over"),
    )
    found = made(data, out)
    assert found["asking"][0] == "Call: they asked to cancel"
    assert found["seventh"][0] == "Write: they have not finished the onboarding"
    assert made(data, out, dt.date(2026, 3, 13))["early"][0] == "Call: they asked to cancel"
    assert made(data, out, dt.date(2026, 3, 16))["steady"][0] == "Write: at risk of leaving"
    assert "The call of 1 planned touch was given to somebody else: a letter instead." in page(
        out, dt.date(2026, 3, 16)
    )
    by = "by letter: its call of the month was given to somebody else (list of 16 March 2026)"
    assert settled(out)["steady"] == by
    first = bytes_of(out, dt.date(2026, 3, 13))
    made(data, out, dt.date(2026, 3, 17))
    made(data, out, dt.date(2026, 3, 13))
    assert bytes_of(out, dt.date(2026, 3, 13)) == first and settled(out)["steady"] == by


def test_a_plan_whose_month_is_over_brings_only_what_came_due_lately(tmp_path: Path) -> None:
    """January's plan is for February. The first list is of 3 March, before the next report."""
    data, out = folder(tmp_path / "data"), tmp_path / "out"
    old, new = row("steady", "thank", "2026-02-10"), row("planned", "thank", "2026-02-26")
    planned(out, data, old, new, month="2026-01")
    found = made(data, out, dt.date(2026, 3, 3))
    assert "planned" in found and "steady" not in found
    assert settled(out) == {"steady": "over: its month is over (list of 3 March 2026)"}


def test_the_plan_and_the_list_do_not_double(tmp_path: Path) -> None:
    """A touch that is planned and no less urgent holds back; a more urgent one takes its place."""
    data, out = folder(tmp_path / "data"), tmp_path / "out"
    planned(
        out,
        data,
        row("yearly", "at_risk", "2026-03-20"),
        row("resting", "thank", "2026-03-12"),
        row("failing", "thank", "2026-03-12"),
    )
    found = made(data, out)
    assert "yearly" not in found
    assert found["resting"][0] == "Write: their pause should be over"
    assert found["failing"][0] == "Write: their payment failed"
    rows = running_plan.read(out).rows
    assert len([one for one in rows if one.customer == "yearly"]) == 1


def test_what_is_filled_in_changes_no_list_of_that_day(tmp_path: Path) -> None:
    """Also of a touch that the month's report planned: on the day itself, and by an outcome without a day."""
    data, out = folder(tmp_path / "data"), tmp_path / "out"
    planned(out, data, row("planned", "thank", "2026-03-11"), row("steady", "thank", "2026-03-12"))
    assert {"planned", "steady"} <= made(data, out).keys()
    first = bytes_of(out)
    fill(out, "planned", DAY)
    fill(out, "steady", "glad", column="Outcome")
    made(data, out)
    assert bytes_of(out) == first


def test_who_is_to_do_it_does_not_make_it_done(tmp_path: Path) -> None:
    data, out = folder(tmp_path / "data"), tmp_path / "out"
    planned(out, data, row("planned", "thank", "2026-03-11"))
    fill(out, "planned", "Anna", column="Done by")
    assert "planned" in made(data, out)
    fill(out, "planned", DAY - dt.timedelta(days=1))
    shutil.rmtree(out / "today")
    assert "planned" not in made(data, out)


def test_a_list_before_the_months_report_and_that_report_do_not_double(tmp_path: Path) -> None:
    """A payment failed on the last day of February; the list of 2 March has it, the report of the 3rd too."""
    failed = {"payments": [("planned", "2026-02-28T10:00", "failed")]}
    data, out = folder(tmp_path / "data", also=failed), tmp_path / "out"
    assert "planned" in made(data, out, dt.date(2026, 3, 2))
    planned(out, data, row("planned", "recover_payment", "2026-03-03"), row("steady", "thank", "2026-03-03"))
    rows = running_plan.read(out).rows
    assert [one.month for one in rows if one.customer == "planned"] == ["2026-03-02"]
    assert [one.month for one in rows if one.customer == "steady"] == ["2026-02"]
    assert "planned" not in made(data, out, dt.date(2026, 3, 3))


def test_whom_a_lot_drew_out_has_no_open_touch_of_an_earlier_list(tmp_path: Path) -> None:
    """The list of 2 March has both; the lot of the report after it calls one of them. Until 30 April."""
    from retention_helpers.delivery.runs import identity

    data, out = folder(tmp_path / "data"), tmp_path / "out"
    both = [row(who, "at_risk", "2026-03-02") for who in ("planned", "steady")]
    planned(out, data, *both, month="2026-03-02")
    arms = {"planned": "no_call", "steady": "call"}
    lots = Lots("Harbour Desk", 60, 0.1, 0.6, 30, {dt.date(2026, 3, 1): arms})
    plan_file.freeze(out, identity(data), as_record(lots))
    planned(out, data)
    assert [one.customer for one in running_plan.read(out).rows] == ["steady"]
    assert '"planned"' not in (out / "plan.csv").read_text(encoding="utf-8-sig")
    assert lots.drawn_out_on("planned", dt.date(2026, 4, 29)) == dt.date(2026, 3, 1)
    assert lots.drawn_out_on("planned", dt.date(2026, 4, 30)) is None
    assert lots.drawn_out_on("steady", dt.date(2026, 3, 2)) is None


def test_a_list_of_before_a_lot_is_the_same_when_it_is_made_again(tmp_path: Path) -> None:
    """By January's plan and its own finding the list of 20 February has both; the lot of 1 March takes both.

    Made again the list is the same and brings nobody back into the plan; no later list has them.
    """
    from retention_helpers.delivery.runs import identity

    data, out, day = folder(tmp_path / "data"), tmp_path / "out", dt.date(2026, 2, 20)
    reported(out, ["failing", "mended", "asking", "early", "later", "back", "yearly"], month="2026-01")
    planned(out, data, row("steady", "at_risk", "2026-02-18", "Call: at risk of leaving"), month="2026-01")
    assert {"steady", "planned"} <= made(data, out, day).keys()
    first = bytes_of(out, day)
    arms = {"steady": "no_call", "planned": "no_call"}
    lots = Lots("Harbour Desk", 60, 0.1, 0.6, 30, {dt.date(2026, 3, 1): arms})
    plan_file.freeze(out, identity(data), as_record(lots))
    planned(out, data, row("later", "thank", "2026-03-03"))
    left = {one.customer for one in running_plan.read(out).rows}
    assert not arms.keys() & left and "later" in left
    for _ in range(2):
        made(data, out, day)
        assert bytes_of(out, day) == first
        assert {one.customer for one in running_plan.read(out).rows} == left
    assert not arms.keys() & made(data, out, dt.date(2026, 3, 3)).keys()


def test_the_calls_of_a_month_are_counted_whoever_gives_them(tmp_path: Path) -> None:
    """Four calls a month. January's plan spent February's; March has its own: two on the first, one on the
    second, then one is left for the report of that day, which stays so when it is made again. After that the
    lists write. April has four again.
    """
    years = [(who, f"2025-{day}", "", 60, "active", "team", "year")
             for who, day in (("soon", "03-16"), ("spring", "04-14"))]  # fmt: skip
    settings = {"calls_a_month": 4, "high_value_mrr": 60}
    data = write_folder(tmp_path / "data", [*spans(), *years], settings=settings, **TABLES)
    out, new = tmp_path / "out", ["planned", "mended"]
    known = ["steady", "failing", "asking", "early", "later", "back", "yearly", "soon", "spring"]
    reported(out, known, month="2026-01")
    spent = [row(f"x{nth}", "thank", "2026-02-03", "Call: thank them") for nth in range(4)]
    planned(out, data, *spent, month="2026-01")
    first = {who for who, (what, _) in made(data, out, dt.date(2026, 3, 1)).items() if what[:4] == "Call"}
    second = {who for who, (what, _) in made(data, out, dt.date(2026, 3, 2)).items() if what[:4] == "Call"}
    assert (first, second) == (set(new), {"soon"})
    report = report_of_february(data, out, ["early", "back", *new])
    assert report == {"early": "call", "back": "letter", "planned": "call", "mended": "call"}
    assert made(data, out, dt.date(2026, 3, 6))["yearly"][0] == "Write: their year is about to renew"
    assert report_of_february(data, out, ["early", "back", *new]) == report
    assert made(data, out, dt.date(2026, 4, 1))["spring"][0] == "Call: their year is about to renew"


def report_of_february(data: Path, out: Path, at_risk: Sequence[str]) -> dict[str, str]:
    """What the plan decides for those at risk, in their order, and puts beside the lists: the way of each."""
    business = open_business(data, "2026-02", plan=out)
    nobody = pd.DataFrame(columns=["customer_id", "drawn_into", "treatment", "until", "is_open"])
    every = ({"customer_id": who, "action": "at_risk", "mrr": 50, "way": "call"} for who in at_risk)
    touches = decide(business, proposals(every), nobody).touches
    planned(out, data, *cells(rows(business, touches)))
    business.close()
    return dict(zip(touches["customer_id"], touches["way"], strict=True))


def test_a_request_to_cancel_comes_before_the_letter_of_a_trial(tmp_path: Path) -> None:
    """`trying` asked in the trial, `gone` on the day on which it ended; before its begin is not in it."""
    asked = [(who, f"2026-{day}", "too_expensive") for who, day in (("trying", "03-11"), ("gone", "03-12"))]
    data, out = folder(tmp_path / "data", also={"cancellations": asked}), tmp_path / "out"
    found = made(data, out)
    assert found["trying"] == (
        "Write: they asked to cancel",
        "asked to cancel on 11 March 2026: too expensive; still in the free time",
    )
    assert found["gone"][1] == "asked to cancel on 12 March 2026: too expensive; the free time is over"
    assert not {"trying", "gone"} & made(data, out, DAY + dt.timedelta(days=1)).keys()
    assert len([one for one in running_plan.read(out).rows if one.customer in ("trying", "gone")]) == 2


def test_whom_a_list_had_at_risk_is_known_to_the_report_after_it(tmp_path: Path) -> None:
    """Made on 3 March, the report of February draws nobody out whom the list of the second had; March may."""
    from retention_helpers.delivery.runs import identity

    data, out = folder(tmp_path / "data"), tmp_path / "out"
    planned(out, data, row("planned", "at_risk", "2026-03-02"), month="2026-03-02")
    settings = read_settings(data)
    march, april = dt.date(2026, 3, 1), dt.date(2026, 4, 1)
    found = done_by(out, identity(data), settings, march, tmp_path, drawn_until=march, month="2026-02")
    assert found is not None and load(found).listed == {"planned"}
    marks = {path: path.stat().st_mtime_ns for path in found.iterdir()}
    again = done_by(out, identity(data), settings, march, tmp_path, drawn_until=march, month="2026-02")
    assert again == found and {path: path.stat().st_mtime_ns for path in found.iterdir()} == marks, (
        "a run that reads it meanwhile finds it whole"
    )
    assert done_by(out, identity(data), settings, april, tmp_path, drawn_until=april, month="2026-03") is None


def _lines(act: Callable[[], object]) -> int:
    """How many lines of Python it runs: a measure of work that no other process changes."""
    found = Counter[str]()

    def noted(frame: FrameType, event: str, argument: object) -> Any:
        found[event] += 1
        return noted

    sys.settrace(noted)
    try:
        act()
    finally:
        sys.settrace(None)
    return found["line"]


def test_a_long_plan_is_gone_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of its rows of lists. A look at every row for every row: twice the rows, four times the work."""

    def work(size: int) -> int:
        lists = [
            Row("2026-03-02", "at_risk", {"customer_id": f"L-{n}", "due_on": "2026-03-02"})
            for n in range(size)
        ]
        month = [
            Row("2026-02", "thank", {"customer_id": f"M-{n}", "due_on": "2026-03-05"}) for n in range(size)
        ]
        plan = running_plan.Running("Harbour Desk", (*lists, *month))
        monkeypatch.setattr(running_plan, "read", lambda *_: plan)

        def gone_through() -> None:
            known = earlier(tmp_path, DAY, Identity("Harbour Desk", "data"), "")
            anew = plan.with_month("2026-02", [*month, replace(month[0], cells=lists[0].cells)])
            assert len(known.planned) == size and len(anew.rows) == 2 * size + 1

        return _lines(gone_through)

    assert work(800) < 2.5 * work(400)


def test_what_the_plan_knew_is_not_new(tmp_path: Path) -> None:
    """A payment that failed before the month's end is the plan's matter, whatever it made of it."""
    failed = {"payments": [("planned", "2026-02-20T10:00", "failed")]}
    data = folder(tmp_path / "data", also=failed)
    assert "planned" in made(data, tmp_path / "without")
    planned(tmp_path / "with", data, row("steady", "thank", "2026-03-30"))
    assert "planned" not in made(data, tmp_path / "with")


def test_new_touches_go_into_the_running_plan_and_stay_when_filled_in(begun: tuple[Path, Path]) -> None:
    data, out = begun
    rows = {one.customer: one for one in running_plan.read(out).rows}
    assert rows["failing"].month == str(DAY) and rows["failing"].cells["due_on"] == str(DAY)
    fill(out, "failing", DAY)
    made(data, out)
    assert {one.customer: one.cells.get("done_on") for one in running_plan.read(out).rows}["failing"] == str(
        DAY
    )


def reported(out: Path, at_risk: Sequence[str], month: str = "2026-02") -> None:
    """What the report of a month left for the lists after it."""
    folder = out / month
    folder.mkdir(parents=True)
    (folder / "findings.json").write_text(json.dumps({"business": "Harbour Desk"}), encoding="utf-8")
    told = {"risk": LEARNED, "at_risk": list(at_risk), "decided": []}
    (folder / ".for_lists.json").write_text(json.dumps(told), encoding="utf-8")


def test_who_came_to_be_at_risk_since_the_report_and_since_the_list(tmp_path: Path) -> None:
    """Nobody but `steady` and `ready` has logged in; most of them were at risk by the report already."""
    data, out = folder(tmp_path / "data"), tmp_path / "out"
    reported(out, ["failing", "mended", "asking", "early", "later", "back", "yearly"])
    first = made(data, out)
    assert first["planned"] == ("Call: at risk of leaving", "no login for 83 days")
    assert "mended" not in first and "what a month's report learned" not in page(out)
    assert "planned" not in made(data, out, DAY + dt.timedelta(days=1))
    quiet = made(data, out, DAY + dt.timedelta(days=7))
    assert quiet["steady"][1] == "no login for 7 days"


def test_a_report_made_after_the_list_changes_nothing_when_the_list_is_made_again(tmp_path: Path) -> None:
    """The list of 12 March knows January's report; that of February comes later, with a plan and a lot.

    By February's nobody would be newly at risk, `steady` would be due, and `yearly` drawn out of a renewal.
    The list of the next day, made for the first time, goes by it.
    """
    from retention_helpers.delivery.runs import identity

    data, out = folder(tmp_path / "data"), tmp_path / "out"
    reported(out, ["failing", "mended", "asking", "early", "later", "back", "yearly"], month="2026-01")
    assert "planned" in made(data, out)
    first = bytes_of(out)
    reported(out, ["planned", "steady", "yearly"])
    planned(out, data, row("steady", "thank", "2026-03-11"))
    lots = Lots("Harbour Desk", 60, 0.1, 0.6, 30, {dt.date(2026, 3, 1): {"yearly": "no_call"}})
    plan_file.freeze(out, identity(data), as_record(lots))
    made(data, out)
    assert bytes_of(out) == first
    assert made(data, out, DAY + dt.timedelta(days=1))["steady"] == ("Write: something", "as planned")


def test_the_first_report_is_for_the_latest_list_and_for_none_before_it(begun: tuple[Path, Path]) -> None:
    data, out = begun
    first, next_day = bytes_of(out), DAY + dt.timedelta(days=1)
    assert "planned" not in made(data, out, next_day)
    reported(out, [])
    made(data, out)
    assert bytes_of(out) == first
    assert made(data, out, next_day)["planned"][0] == "Call: at risk of leaving"


def test_whoever_asked_to_leave_is_told_of_no_renewal_and_no_pause(tmp_path: Path) -> None:
    """Both asked on 6 February and stood on the list of the 9th: more than 30 days before."""
    asked = {"cancellations": [(who, "2026-02-06", "too_expensive") for who in ("yearly", "resting")]}
    data, out = folder(tmp_path / "data", also=asked), tmp_path / "out"
    assert made(data, out, dt.date(2026, 2, 9))["yearly"][0] == "Write: they asked to cancel"
    assert not {"yearly", "resting"} & made(data, out).keys()


def test_after_a_long_gap_it_is_said_since_when_it_was_looked(tmp_path: Path) -> None:
    """Eleven days without a list: the seven days to 3 March are looked through."""
    data, out = folder(tmp_path / "data"), tmp_path / "out"
    last = dt.date(2026, 3, 3)
    made(data, out, dt.date(2026, 2, 20))
    made(data, out, last)
    assert "The list before is of 20 February 2026: since 25 February 2026 no payment" in page(out, last)
    assert page(out, last).count("since 25 February 2026") == 1


def test_without_a_report_nobody_is_at_risk_and_it_is_said(first_list: Path) -> None:
    found = listed(first_list / "out")
    assert not [who for who, (what, _) in found.items() if "at risk" in what]
    assert "what a month&#x27;s report learned" in page(first_list / "out")


def test_the_end_of_a_month_is_the_same_cut_for_a_list_and_a_report(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", also=AFTER)
    day = open_day(data, dt.date(2026, 2, 28), cache=tmp_path / "c")
    month = open_business(data, "2026-02", cache=tmp_path / "c")
    by_day, by_month = (snapshots_now(one).drop(columns="nth") for one in (day, month))
    pd.testing.assert_frame_equal(by_day, by_month)
    day.close()
    month.close()


def test_an_empty_list_says_so_and_why(begun: tuple[Path, Path]) -> None:
    data, out = begun
    made(data, out, DAY + dt.timedelta(days=1))
    assert listed(out, DAY + dt.timedelta(days=1)) == {}
    said = page(out, DAY + dt.timedelta(days=1))
    assert "Nobody is on the list of 13 March 2026." in said
    assert "Since the list of 12 March 2026 no payment failed, nobody asked to cancel" in said


def test_old_data_are_said(tmp_path: Path) -> None:
    data = folder(tmp_path / "data")
    made(data, tmp_path / "out", dt.date(2026, 3, 20))
    html = page(tmp_path / "out", dt.date(2026, 3, 20))
    assert "The latest row of the data is of 12 March 2026. If the data were exported then, what" in html


def test_the_page_needs_nothing_and_tells_no_address(tmp_path: Path) -> None:
    people = [
        {"customer_id": who, "signed_up_at": day, "email": f"{who}@customer.example"}
        for who, day in {one[0]: one[1] for one in reversed(spans())}.items()
    ]
    data = folder(tmp_path / "data", customers=people)
    made(data, tmp_path / "out")
    html = page(tmp_path / "out")
    assert "customer.example" not in html and "<script" not in html and "http://" not in html
    assert "default-src 'none'" in html and "@customer.example" in (
        tmp_path / "out" / "today" / str(DAY) / "list.csv"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("day", "told"),
    [("2020-01-01", "lies before the data"), ("2099-01-01", "has not begun yet"), ("12.3.", "is not a day")],
)
def test_a_day_without_a_list(tmp_path: Path, capsys: Any, day: str, told: str) -> None:
    data = folder(tmp_path / "data")
    status = __main__.main(["today", "--data", str(data), "--out", str(tmp_path / "out"), "--date", day])
    assert status == 2 and told in capsys.readouterr().err


def test_the_day_begins_by_the_clock_of_the_owner_or_of_the_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock a whole day ahead of UTC, in which the business's times are: the list of its morning."""
    data = folder(tmp_path / "data")
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    with pytest.raises(InputError, match="has not begun yet"):
        open_day(data, tomorrow, cache=tmp_path / "cache")
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "EAST-24")
        time.tzset()
        open_day(data, tomorrow, cache=tmp_path / "cache").close()
    time.tzset()


def test_the_command_says_the_list_and_notes_that_it_was_made(tmp_path: Path, capsys: Any) -> None:
    data = folder(tmp_path / "data")
    out = tmp_path / "out"
    assert __main__.main(["today", "--data", str(data), "--out", str(out), "--date", str(DAY)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("8 customers on the list of 12 March 2026: 1 call and 7 letters.\n")
    assert "failing the payment of 11 March 2026 failed" in said and "index.html" in said
    entries = [json.loads(line) for line in (out / ".journal.jsonl").read_text().splitlines()]
    assert [(one["event"], one["about"]) for one in entries] == [("made", f"today/{DAY}")]
    assert {one["table"] for one in entries[0]["files"]} >= {"customers", "payments"}


def test_a_plan_of_another_business_is_left_alone(tmp_path: Path) -> None:
    data, out = folder(tmp_path / "data"), tmp_path / "out"
    other = folder(tmp_path / "other", settings={"business": "Another"})
    planned(out, other, row("x", "thank", "2026-03-30"))
    with pytest.raises(InputError, match="is the plan of another business"):
        made(data, out)

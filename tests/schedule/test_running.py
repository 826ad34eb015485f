"""What a scheduled run does: on its day and later, after a failure, twice at once, and when it is killed."""

import datetime as dt
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from posted import FINDINGS, PAGE, make_list, make_report, smtp
from servers import Hook, Mailbox

from retention_helpers.commands import status
from retention_helpers.delivery import journal
from retention_helpers.delivery.editions import list_of, report
from retention_helpers.delivery.journal import JOURNAL
from retention_helpers.delivery.post import Post
from retention_helpers.delivery.runs import note_made, note_report
from retention_helpers.schedule import desktop, due, running
from retention_helpers.schedule.running import Run
from retention_helpers.words.calendar import months_after

pytest_plugins = ["posting"]
Posted = Callable[..., Post]
# Stands in for `retention report` and `retention today`: what it does stands in a file beside it.
PROGRAM = """
import json, os, signal, sys
from pathlib import Path
here = Path(__file__).parent
name, _, data, _, out, _, which = sys.argv[1:]
with (here / "calls").open("a") as calls: print(name, which, file=calls)
does = (here / "does").read_text()
if does == "die": os.kill(os.getpid(), signal.SIGKILL)
if does == "busy": sys.exit(3)
if does in ("fail", f"fail {which}"): sys.exit("customers.csv: customer C-7 signed up before 1990.")
folder = Path(out) / (which if name == "report" else f"today/{which}")
folder.mkdir(parents=True)
(folder / "index.html").write_text(PAGE)
(folder / "list.csv").write_text("customer_id,action\\n")
(folder / "findings.json").write_text(json.dumps(FINDINGS))
"""


class Maker:
    """How often the program was called, and what it does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.does("make")

    def does(self, what: str) -> None:
        (self.folder / "does").write_text(what)

    @property
    def calls(self) -> list[str]:
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    folder = tmp_path / "program"
    folder.mkdir()
    script = folder / "make.py"
    script.write_text(f"PAGE = {PAGE!r}\nFINDINGS = {dict(FINDINGS)!r}\n{PROGRAM}")
    monkeypatch.setattr(running, "PROGRAM", (sys.executable, str(script)))
    return Maker(folder)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was shown on the desktop."""
    notes: list[str] = []
    monkeypatch.setattr(desktop, "show", notes.append)
    return notes


def at(ours: Post, when: str, day: int = 3, hour: int = 7) -> Run:
    return Run(ours, dt.datetime.fromisoformat(when), day, hour)


# --- the report ------------------------------------------------------------------------------------


def test_the_report_is_made_and_sent_on_its_day_once(posted: Posted, box: Mailbox, maker: Maker):
    """October's is there and was sent; November's is due on 3 December at seven."""
    ours = posted(**smtp(box))
    ours.deliver(report("2026-10"))
    for when in ("2026-12-01T07:00", "2026-12-02T23:59", "2026-12-03T06:59"):
        assert at(ours, when).report() == 0
    assert maker.calls == [] and len(box.mails) == 1
    for when in ("2026-12-03T07:00", "2026-12-03T08:00", "2026-12-24T07:00"):
        assert at(ours, when).report() == 0
    assert maker.calls == ["report 2026-11"]
    assert [mail["Subject"] for mail in box.mails][1:] == ["Harbour Desk: the report of November 2026"]


def test_what_was_missed_is_caught_up_in_order(posted: Posted, box: Mailbox, maker: Maker):
    """The machine was off from November to February."""
    ours = posted(**smtp(box))
    ours.deliver(report("2026-10"))
    assert at(ours, "2027-02-14T11:00").report() == 0
    assert maker.calls == ["report 2026-11", "report 2026-12", "report 2027-01"]
    assert [mail["Subject"].split(" of ")[1] for mail in box.mails[1:]] == [
        "November 2026",
        "December 2026",
        "January 2027",
    ]


def test_what_was_made_before_one_failed_is_delivered_all_the_same(
    posted: Posted, box: Mailbox, maker: Maker
):
    """November's and December's are made, January's fails."""
    ours = posted(**smtp(box))
    ours.deliver(report("2026-10"))
    maker.does("fail 2027-01")
    assert at(ours, "2027-02-14T11:00").report() == 1
    assert maker.calls == ["report 2026-11", "report 2026-12", "report 2027-01"]
    sent = [mail["Subject"].split(": ")[1] for mail in box.mails[1:]]
    assert sorted(sent) == [
        "something failed", "the report of December 2026", "the report of November 2026"
    ]  # fmt: skip


def test_what_a_run_made_before_it_was_ended_goes_out_with_the_next(
    posted: Posted, box: Mailbox, maker: Maker, monkeypatch: pytest.MonkeyPatch
):
    """It ends between making and delivering; `status` names both. One of before the first is not sent."""
    ours = posted(**smtp(box))
    ours.deliver(report("2026-10"))
    make_report(ours.out, "2026-05")

    def ended(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as changed, pytest.raises(KeyboardInterrupt):
        changed.setattr(Run, "_deliver", lambda self, due_now: ended() if due_now else 0)
        at(ours, "2027-01-14T11:00").report()
    (line,) = [line for line in status.lines(ours) if "not delivered yet" in line]
    assert line.startswith(
        "Made and not delivered yet: the report of November 2026 and the report of December 2026."
    )
    assert at(ours, "2027-01-14T12:00").report() == 0 and at(ours, "2027-01-14T13:00").report() == 0
    assert [mail["Subject"].split(" of ")[1] for mail in box.mails[1:]] == ["November 2026", "December 2026"]
    assert not [line for line in status.lines(ours) if "not delivered yet" in line]


def test_at_most_a_year_is_caught_up():
    assert due.missing("2026-10", ["2020-01"]) == [f"2025-{month}" for month in (11, 12)] + [
        f"2026-{month:02}" for month in range(1, 11)
    ]


@pytest.mark.parametrize("hour", [1, 2, 3])
def test_a_night_in_which_the_clock_is_moved(hour: int):
    """New York: on 8 March 2026 no clock shows two o'clock, on 1 November every clock shows one twice.

    The wall clock never passes the hour without the report being due then, and a second one makes nothing.
    """
    spring = [due.last_due(dt.datetime(2026, 3, 8, shown), day=8, hour=hour) for shown in (0, 1, 3, 4)]
    assert spring[0] == "2026-01" and spring[-1] == "2026-02"
    autumn = [due.last_due(dt.datetime(2026, 11, 1, shown), day=1, hour=hour) for shown in (0, 1, 1, 2, 3)]
    assert autumn[0] == "2026-09" and autumn[-1] == "2026-10" and autumn == sorted(autumn)


def test_a_second_run_at_once_does_nothing(posted: Posted, maker: Maker):
    from filelock import FileLock

    ours = posted(eml="outbox")
    now = dt.datetime(2026, 12, 3, 7)
    with FileLock(ours.out / ".schedule-report.lock"):
        assert running.run("report", ours.data, ours.out, now, day=3, hour=7) == 0
    assert maker.calls == []


@pytest.mark.parametrize(
    ("name", "made"), [("report", "report of November 2026"), ("today", "list of 3 December 2026")]
)
def test_what_the_owner_makes_by_hand_is_left_to_them(
    posted: Posted, box: Mailbox, maker: Maker, shown: list[str], name: str, made: str
):
    """Nothing has failed: nobody is told so, and the next hour delivers what is there by then."""
    ours = posted(**smtp(box))
    ours.deliver(report("2026-10"))
    maker.does("busy")
    hours = [dt.datetime(2026, 12, 3, hour) for hour in (7, 8)]
    assert running.run(name, ours.data, ours.out, hours[0], day=3, hour=7) == 0
    assert len(maker.calls) == 1 and len(box.mails) == 1 and not shown
    assert not [one for one in journal.read(ours.out) if one.event in ("failed", "told")]
    make_report(ours.out, "2026-11")
    make_list(ours.out, "2026-12-03")
    assert running.run(name, ours.data, ours.out, hours[1], day=3, hour=7) == 0
    assert len(maker.calls) == 1
    sent = {str(mail["Subject"]) for mail in box.mails}
    assert f"Harbour Desk: the {made}" in sent


def test_a_clock_that_is_set_back_makes_and_sends_nothing_twice(posted: Posted, box: Mailbox, maker: Maker):
    """The machine was a month, or a day, ahead of itself: what is there is of another day, and stays."""
    ours = posted(**smtp(box))
    ours.deliver(report("2026-10"))
    ahead = dt.datetime(2026, 12, 4, 8)
    for wait in (0, 24, 24 * 31, 1, 0):  # a day back, and a month; then the same hours again
        now = ahead - dt.timedelta(hours=wait)
        assert at(ours, str(now)).report() == 0 and at(ours, str(now)).today() == 0
    made = Counter(maker.calls)
    assert made == {"report 2026-11": 1, "today 2026-12-04": 1, "today 2026-12-03": 1}
    subjects = Counter(str(mail["Subject"]) for mail in box.mails)
    assert set(subjects.values()) == {1}
    assert {subject.removeprefix("Harbour Desk: the ") for subject in subjects} == {
        "report of October 2026", "report of November 2026",
        "list of 3 November 2026", "list of 3 December 2026", "list of 4 December 2026",
    }  # fmt: skip


# --- the list --------------------------------------------------------------------------------------


def test_a_list_on_workdays_and_none_that_was_missed(posted: Posted, box: Mailbox, maker: Maker):
    """Friday's was missed: on Saturday and Sunday there is none, on Monday Monday's, once."""
    ours = posted(**smtp(box))
    for when in ("2026-11-07T09:00", "2026-11-08T09:00", "2026-11-09T06:00"):
        assert at(ours, when).today() == 0
    assert maker.calls == []
    for when in ("2026-11-09T07:00", "2026-11-09T12:00"):
        assert at(ours, when).today() == 0
    assert maker.calls == ["today 2026-11-09"]
    assert [mail["Subject"] for mail in box.mails] == ["Harbour Desk: the list of 9 November 2026"]


def test_a_list_that_did_not_arrive_is_said_with_the_next_and_not_sent_then(
    posted: Posted, box: Mailbox, maker: Maker, waited: list[float], shown: list[str]
):
    ours = posted(smtp={"host": "127.0.0.1", "port": 1, "tls": "none"})
    assert at(ours, "2026-11-09T07:00").today() == 1
    assert shown and shown[0].startswith("The list of 9 November 2026 was not delivered by mail on ")
    (told,) = [one.why for one in ours.entries() if one.event == "told"]
    assert told.endswith(". Until this day is over, the next run tries again; it lies in today/2026-11-09.")
    ours = posted(**smtp(box))
    assert at(ours, "2026-11-10T07:00").today() == 0
    (mail,) = box.mails
    assert mail["Subject"] == "Harbour Desk: the list of 10 November 2026"
    assert "- The list of 9 November 2026 was not delivered by mail on " in mail.get_body().get_content()
    assert ours.matters() == []


def test_a_list_that_a_server_puts_off_goes_out_within_the_hour_and_once(
    posted: Posted,
    box: Mailbox,
    maker: Maker,
    waited: list[float],
    shown: list[str],
    monkeypatch: pytest.MonkeyPatch,
):
    """Greylisting, with another number of seconds each time: the owner is told once. The report is sent."""
    ours = posted(**smtp(box))
    ours.deliver(report("2026-10"))
    box.mails.clear()

    def asked(when: str, greylisted: str = "") -> list[int]:
        """What the two jobs come to at that hour, with the journal written by that clock."""

        class Clock(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
                return dt.datetime.fromisoformat(when)

        monkeypatch.setattr(journal, "dt", SimpleNamespace(datetime=Clock))
        box.refused = {"owner@example.com": f"450 4.2.0 {greylisted}"} if greylisted else {}
        jobs = (
            [at(ours, when).report] if when[11:13] != "07" else [at(ours, when).today, at(ours, when).report]
        )
        return [job() for job in jobs]

    assert asked("2026-11-09T07:00", "greylisted for 300 seconds") == [1, 1]
    assert asked("2026-11-09T08:00", "greylisted for 60 seconds") == [1]
    said = "The list of 9 November 2026 was not delivered by mail on 9 November 2026."
    assert (waited, shown, box.mails) == (3 * [2, 8, 32, 60], [said], [])
    why = "127.0.0.1 refused it: 450 4.2.0 greylisted for 60 seconds."
    fate = "A list goes out on its own day only; it lies in today/2026-11-09."
    assert status.lines(ours)[-1] == f"- {said} {why} {fate}"
    assert asked("2026-11-09T09:00") == [0] and asked("2026-11-09T10:00") == [0]
    assert [mail["Subject"] for mail in box.mails] == ["Harbour Desk: the list of 9 November 2026"]
    assert ours.matters() == [] and maker.calls == ["today 2026-11-09"]
    for hour in ("07", "23"):
        assert 1 in asked(f"2026-11-10T{hour}:00", "greylisted")
    assert asked("2026-11-11T01:00") == [0] and len(box.mails) == 1
    assert asked("2026-11-11T07:00") == [0, 0]
    _, mail = box.mails
    assert mail["Subject"] == "Harbour Desk: the list of 11 November 2026"
    told = "The list of 10 November 2026 was not delivered by mail on 10 November 2026."
    assert f"- {told} {fate.replace('09', '10')}\n" in mail.get_body().get_content()


# --- what fails ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("does", "why"),
    [("fail", "customers.csv: customer C-7 signed up before 1990."), ("die", "It was ended from outside")],
)
def test_a_failure_is_told_once_a_day_and_tried_again_tomorrow(
    posted: Posted, box: Mailbox, hook: Hook, maker: Maker, shown: list[str], capsys, does: str, why: str
):
    """Every hour the schedule asks; the owner is told once, by mail, webhook and desktop, without a row."""
    ours = posted(**smtp(box), webhook=True)
    today = dt.datetime.now().replace(hour=9)
    month = due.last_due(today, day=1, hour=7)
    shutil.rmtree(ours.out / "2026-10")
    before = f"{months_after(dt.date.fromisoformat(month + '-01'), -1):%Y-%m}"
    make_report(ours.out, before)
    ours.deliver(report(before))
    maker.does(does)
    ours_at = [Run(ours, today.replace(hour=hour), 1, 7) for hour in (9, 10)]
    assert [one.report() for one in ours_at] == [1, 0]
    assert maker.calls == [f"report {month}"]
    said = f"{report(month).heading} could not be made."
    assert shown == [said] and f"{said} {why}" in capsys.readouterr().err
    assert [mail["Subject"] for mail in box.mails][1:] == ["Harbour Desk: something failed"]
    told = box.mails[1].get_body().get_content() + str(hook.posted[1])
    assert said in told and "C-7" not in told and "customers.csv" not in told
    assert f"What failed:\n- {report(month).heading} could not be made on " in "\n".join(status.lines(ours))
    assert why in "\n".join(status.lines(ours))
    maker.does("make")
    tomorrow = today + dt.timedelta(days=1)
    assert Run(ours, tomorrow, 1, 7).report() == 0
    assert box.mails[2]["Subject"] == f"Harbour Desk: {report(month).title}"


def test_a_list_that_cannot_be_sent_is_told(
    posted: Posted, box: Mailbox, maker: Maker, shown: list[str], capsys: pytest.CaptureFixture[str]
):
    """Somebody took its column away."""
    ours = posted(**smtp(box))
    make_list(ours.out, "2026-11-09", "customer_id\nC-1\n")
    assert at(ours, "2026-11-09T07:00").today() == 1
    assert "the column “What to do” is missing" in capsys.readouterr().err
    assert shown == ["The list of 9 November 2026 was not delivered."]
    (mail,) = box.mails
    assert mail["Subject"] == "Harbour Desk: something failed"


def test_without_delivery_a_failure_is_shown_and_said(
    posted: Posted, maker: Maker, shown: list[str], capsys: pytest.CaptureFixture[str]
):
    ours = posted(eml="outbox")
    (ours.data / "retention.yml").write_text("business: Harbour Desk\n")
    maker.does("fail")
    now = dt.datetime(2026, 12, 3, 7)
    assert running.run("report", ours.data, ours.out, now, day=3, hour=7) == 1
    assert shown == ["The report of November 2026 could not be made."]
    assert "customer C-7" in capsys.readouterr().err


def test_settings_that_cannot_be_read_are_noted(posted: Posted, maker: Maker, shown: list[str]):
    from retention_helpers.words.errors import InputError

    ours = posted(eml="outbox")
    (ours.data / "retention.yml").write_text("deliver: {to: owner@example.com, smpt: x}\n")
    with pytest.raises(InputError, match="smpt is none of its keys"):
        running.run("report", ours.data, ours.out, dt.datetime(2026, 12, 3, 7), day=3, hour=7)
    assert shown == ["The report could not be made."]
    assert "The report could not be made on " in "\n".join(status.lines(posted(eml="outbox")))


def test_a_note_on_the_desktop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    log = tmp_path / "log"
    program = tmp_path / "notify-send"
    program.write_text(f'#!/bin/sh\nprintf "[%s]" "$@" > "{log}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + ":/bin:/usr/bin")
    assert desktop.show("-x $(id)")
    assert log.read_text() == "[--app-name][Retention][--][Retention][-x $(id)]"
    program.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not desktop.show("nobody sees it")


# --- status ----------------------------------------------------------------------------------------


def files(**rows: int) -> list[dict[str, object]]:
    return [
        {"table": table, "file": f"{table}.csv", "rows": many, "sha256": f"{table}{many}"}
        for table, many in rows.items()
    ]


def test_what_was_new(posted: Posted):
    """Three files changed; two tables grew by 40 and 1, one shrank by 5; the fourth is as it was."""
    ours = posted(eml="outbox")
    mark = ours.identity.mark
    before = files(customers=100, subscriptions=120, events=50, nps=9)
    note_made(ours.out, report("2026-09"), mark, before)
    note_made(ours.out, list_of("2026-11-02"), mark, before)
    note_made(ours.out, report("2026-10"), mark, files(customers=140, subscriptions=121, events=45, nps=9))
    ours.deliver(report("2026-10"))
    first, second, where, rest = status.lines(ours)
    assert first.startswith("The report of October 2026: made on ")
    assert "new: 3 files, 41 new rows, 5 rows fewer. Sent as a file on " in first
    assert second.startswith("The list of 2 November 2026: made on ") and ", the first one." in second
    assert (where, rest) == ("Delivered as a file.", "Nothing has failed since.")


def test_a_report_of_before_the_journal_is_known(posted: Posted):
    ours = posted(eml="outbox")
    make_report(ours.out, "2026-09", made={"at": "2026-10-03T07:00:00+02:00", "files": files(customers=90)})
    make_report(ours.out, "2026-10", made={"at": "2026-11-03T07:00:00+01:00", "files": files(customers=99)})
    assert status.lines(ours)[:2] == [
        "The report of October 2026: made on 3 November 2026 at 07:00, new: 1 file, 9 new rows.",
        "No list has been made here, as far as is known.",
    ]


def test_a_report_is_noted_with_its_files(posted: Posted):
    ours = posted(eml="outbox")
    make_report(ours.out, made={"at": "2026-11-03T07:00:00+01:00", "files": files(customers=99)})
    note_report(ours.out / "2026-10")
    make_report(ours.out, "2026-11", failed={"measurement": "why"})
    note_report(ours.out / "2026-11")
    (line,) = (ours.out / JOURNAL).read_text().splitlines()
    assert json.loads(line)["files"] == files(customers=99)

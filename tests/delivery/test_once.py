"""Each month and each list once and only once, whenever the run is killed."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from posted import killed, make_list, make_report, smtp
from servers import Hook, Mailbox

from retention_helpers import shipped
from retention_helpers.delivery import editions
from retention_helpers.delivery.journal import JOURNAL
from retention_helpers.delivery.post import Post
from retention_helpers.words.errors import InputError

pytest_plugins = ["posting"]
Posted = Callable[..., Post]
REPORT, LIST = editions.report("2026-10"), editions.list_of("2026-11-03")


def states(ours: Post, what: editions.Edition = REPORT, **how: bool) -> dict[str, str]:
    return {one.way: one.state for one in ours.deliver(what, **how)}


@pytest.mark.parametrize("what", [REPORT, LIST], ids=["report", "list"])
def test_a_second_delivery_sends_nothing(posted: Posted, box: Mailbox, hook: Hook, what: editions.Edition):
    ours = posted(**smtp(box), eml="outbox", webhook=True)
    for _ in range(2):
        assert states(ours, what) == {"mail": "sent", "eml": "sent", "webhook": "sent"}
    assert (len(box.mails), len(hook.posted)) == (1, 1)
    assert len(list((ours.out / "outbox").iterdir())) == 1


def test_each_edition_is_its_own(posted: Posted, box: Mailbox):
    ours = posted(**smtp(box))
    make_report(ours.out, "2026-11")
    make_list(ours.out, "2026-11-04")
    for what in (REPORT, LIST, editions.report("2026-11"), editions.list_of("2026-11-04")):
        states(ours, what)
    assert len({mail["Message-ID"] for mail in box.mails}) == 4
    assert [mail["Subject"].split(": ")[1] for mail in box.mails] == [
        "the report of October 2026",
        "the list of 3 November 2026",
        "the report of November 2026",
        "the list of 4 November 2026",
    ]


def test_a_way_that_comes_later_gets_its_own(posted: Posted, box: Mailbox, hook: Hook):
    states(posted(**smtp(box)))
    assert states(posted(**smtp(box), webhook=True)) == {"mail": "sent", "webhook": "sent"}
    assert (len(box.mails), len(hook.posted)) == (1, 1)


def test_a_report_that_is_made_anew_is_not_sent_anew(posted: Posted, box: Mailbox):
    ours = posted(**smtp(box))
    states(ours)
    make_report(ours.out, "2026-10", review={"headline": "Another one."})
    states(ours)
    assert len(box.mails) == 1
    states(ours, again=True)
    assert len(box.mails) == 2 and box.mails[0]["Message-ID"] == box.mails[1]["Message-ID"]


# --- killed ----------------------------------------------------------------------------------------


def test_killed_before_the_handing_over_nothing_went_out_and_it_goes_out_next_time(
    posted: Posted, box: Mailbox
):
    ours = posted(**smtp(box))
    killed(ours, REPORT.key, "before handing over")
    assert box.mails == []
    assert states(ours) == {"mail": "sent"}
    assert len(box.mails) == 1


@pytest.mark.parametrize("what", [REPORT, LIST], ids=["report", "list"])
def test_killed_between_sending_and_noting_it_is_never_sent_again_by_itself(
    posted: Posted, box: Mailbox, hook: Hook, what: editions.Edition
):
    """The mail has arrived; the run dies before it can write that down."""
    ours = posted(**smtp(box), webhook=True)
    killed(ours, what.key, "before sent")
    assert (len(box.mails), len(hook.posted)) == (1, 0)
    for _ in range(2):
        assert states(ours, what) == {"mail": "unsure", "webhook": "sent"}
    assert (len(box.mails), len(hook.posted)) == (1, 1)
    (matter,) = ours.matters()
    assert matter.said.startswith(f"{what.heading} was handed over by mail on ")
    assert matter.said.endswith("and nobody knows whether it arrived.")
    assert "--arrived" in matter.way_out and "--again" in matter.way_out
    (ours.out / JOURNAL).rename(before := ours.out / "before")
    shutil.copy(before, ours.out / JOURNAL)
    assert states(ours, what, again=True) == {"mail": "sent", "webhook": "sent"}
    assert (len(box.mails), len(hook.posted)) == (2, 1)  # what is sure is not sent again beside it
    before.replace(ours.out / JOURNAL)
    assert ours.arrived(what.key) == ["mail"]
    assert ours.matters() == [] and states(ours, what)["mail"] == "sent"
    assert len(box.mails) == 2


def test_what_was_refused_has_not_arrived_whatever_else_did(posted: Posted, box: Mailbox, hook: Hook):
    """The webhook says no, the mail is unsure: only of the mail the owner can say that it arrived."""
    ours = posted(**smtp(box), webhook=True)
    killed(ours, REPORT.key, "before sent")
    hook.answers = [404]
    assert states(ours) == {"mail": "unsure", "webhook": "not sent"}
    assert ours.arrived(REPORT.key) == ["mail"]
    assert states(ours) == {"mail": "sent", "webhook": "sent"}
    assert (len(box.mails), len(hook.posted)) == (1, 2)


def test_killed_when_it_was_about_to_be_sent_only_its_owner_can_tell(posted: Posted, box: Mailbox):
    """The journal looks the same as if it had arrived, so that it is asked and not guessed."""
    ours = posted(**smtp(box))
    killed(ours, REPORT.key, "after handing over")
    assert states(ours) == {"mail": "unsure"} and box.mails == []
    assert states(ours, again=True) == {"mail": "sent"}
    assert states(ours) == {"mail": "sent"} and len(box.mails) == 1


def test_killed_after_the_post_to_a_webhook_it_is_not_posted_again(posted: Posted, hook: Hook):
    ours = posted(webhook=True)
    killed(ours, REPORT.key, "before sent")
    assert states(ours) == {"webhook": "unsure"} and len(hook.posted) == 1
    assert states(ours, again=True) == {"webhook": "sent"} and len(hook.posted) == 2


def test_killed_by_the_server_before_it_answers(posted: Posted, box: Mailbox, monkeypatch, tmp_path: Path):
    """The whole command, kill -9 from outside while the server has the mail and the client has no answer."""
    ours = posted(**smtp(box))
    command = [sys.executable, "-m", "retention_helpers", "deliver", "--data", str(ours.data)]
    command += ["--out", str(ours.out), "--month", "2026-10"]
    run: list[subprocess.Popen[str]] = []
    box.on_data = lambda: os.kill(run[0].pid, signal.SIGKILL)
    run.append(subprocess.Popen(command, cwd=shipped.HOME, text=True, stderr=subprocess.PIPE))
    assert run[0].wait(timeout=120) == -9
    assert len(box.mails) == 1
    box.on_data = lambda: None
    again = subprocess.run(command, cwd=shipped.HOME, capture_output=True, text=True, check=False)
    assert again.returncode == 1 and again.stdout == ""
    assert "nobody knows whether it arrived" in again.stderr and "Traceback" not in again.stderr
    assert len(box.mails) == 1


@pytest.mark.parametrize("at", ["before handing over", "after handing over", "before sent"])
def test_a_file_is_there_once_whenever_the_run_is_killed(posted: Posted, at: str):
    """Whether it was renamed can be seen, so that this way is never unsure."""
    ours = posted(eml="outbox")
    killed(ours, REPORT.key, at)
    assert states(ours) == {"eml": "sent"}
    (file,) = (ours.out / "outbox").iterdir()
    assert file.suffix == ".eml" and ours.matters() == []


def test_a_file_that_was_taken_away_is_not_written_again(posted: Posted):
    """A mail program may take files out of a folder to send them."""
    ours = posted(eml="outbox")
    killed(ours, REPORT.key, "before sent")
    (file,) = (ours.out / "outbox").iterdir()
    file.unlink()
    assert states(ours) == {"eml": "sent"}
    assert list((ours.out / "outbox").iterdir()) == []


# --- the journal -----------------------------------------------------------------------------------


def test_half_a_line_has_not_happened(posted: Posted, box: Mailbox):
    """What a power cut leaves: the line that was to say `handing over` is cut, so nothing was handed over."""
    ours = posted(**smtp(box))
    states(ours, LIST)
    journal = ours.out / JOURNAL
    with journal.open("ab") as file:
        file.write(b'{"at": "2026-11-03T07:00:00+01:00", "event": "handing ov')
    assert states(ours) == {"mail": "sent"} and len(box.mails) == 2
    assert all(line.endswith("}") for line in journal.read_text(encoding="utf-8").splitlines())


def test_a_journal_that_somebody_damaged_stops_it(posted: Posted, box: Mailbox):
    ours = posted(**smtp(box))
    states(ours)
    journal = ours.out / JOURNAL
    journal.write_bytes(journal.read_bytes().replace(b'"event"', b'"even'))
    with pytest.raises(InputError, match=r"\.journal\.jsonl in my reports, line 1, cannot be read"):
        states(ours)
    assert len(box.mails) == 1


def test_a_business_that_gets_a_name_is_the_same(posted: Posted, box: Mailbox):
    ours = posted(**smtp(box))
    journal = ours.out / JOURNAL
    states(ours)
    journal.write_text(journal.read_text().replace("Harbour Desk", "Your business (data)"))
    states(ours)
    assert len(box.mails) == 1

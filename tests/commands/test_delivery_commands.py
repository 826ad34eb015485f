"""`deliver`, `status`, and what `report` notes for them: what is typed and what is said."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from posted import make_list, make_report

from retention_helpers import __main__
from retention_helpers.delivery.journal import JOURNAL, note
from retention_helpers.delivery.post import Post
from retention_helpers.report import publishing
from retention_helpers.shipped import SAMPLE
from retention_helpers.words.errors import InputError

pytest_plugins = ["posting"]
Posted = Callable[..., Post]


def said(ours: Post, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    name, *more = arguments
    status = __main__.main([name, "--data", str(ours.data), "--out", str(ours.out), *more])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_last_report_goes_out_and_then_it_has(posted: Posted, capsys: pytest.CaptureFixture[str]):
    ours = posted(eml="outbox")
    make_report(ours.out, "2026-09")
    assert said(ours, capsys, "deliver") == (0, "Sent as a file: the report of October 2026.\n", "")
    status, told, _ = said(ours, capsys, "deliver")
    assert status == 0 and told.startswith("Sent as a file already, on ")
    make_list(ours.out, "2026-11-05")
    assert said(ours, capsys, "deliver", "--date", "2026-11-05")[1] == (
        "Sent as a file: the list of 5 November 2026.\n"
    )
    assert len(list((ours.out / "outbox").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--date", "5.11.2026"], "'5.11.2026' is not a day. Write it as YYYY-MM-DD"),
        (["--again"], "Name what is meant: --month YYYY-MM or --date YYYY-MM-DD."),
        (["--arrived"], "Name what is meant"),
        (["--again", "--arrived"], "not allowed with"),
        (["--month", "2020-01"], "the report of January 2020 has not been made"),
    ],
)
def test_what_cannot_be_delivered_is_one_sentence(posted: Posted, capsys, arguments: list[str], told: str):
    status, out, error = said(posted(eml="outbox"), capsys, "deliver", *arguments)
    assert (status, out, len(error.splitlines())) == (2, "", 1) and told in error


def test_unsure_is_said_and_settled(posted: Posted, capsys: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.setenv("RETENTION_WEBHOOK", "http://127.0.0.1:1/hush")
    ours = posted(webhook=True)
    note(ours.out, "handing over", "2026-10", business="Harbour Desk", way="webhook")
    status, out, error = said(ours, capsys, "deliver", "--month", "2026-10")
    assert (status, out) == (1, "")
    assert "was handed over by webhook on" in error and "--month 2026-10 --arrived" in error
    assert "nobody knows whether it arrived" in said(ours, capsys, "status")[1]
    settled = said(ours, capsys, "deliver", "--month", "2026-10", "--arrived")
    assert settled == (0, "Noted: the report of October 2026 has arrived.\n", "")
    assert "Nothing has failed since.\n" in said(ours, capsys, "status")[1]


def test_a_report_that_fails_is_noted_until_one_is_made(
    posted: Posted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    ours = posted(eml="outbox")

    def fails(*_: object) -> Path:
        raise InputError("customers.csv: the column signed_up_at is missing.")

    monkeypatch.setattr(publishing, "publish", fails)
    assert said(ours, capsys, "report", "--month", "2026-10")[0] == 2
    told = said(ours, capsys, "status")[1]
    assert "What failed:\n- The report of October 2026 could not be made on " in told
    assert "the column signed_up_at is missing." in told
    monkeypatch.setattr(publishing, "publish", lambda *_: ours.out / "2026-10")
    assert said(ours, capsys, "report", "--month", "2026-10")[0] == 0
    assert "Nothing has failed since." in said(ours, capsys, "status")[1]


def test_a_failing_report_makes_no_folder(posted: Posted, capsys, monkeypatch, tmp_path: Path):
    def fails(*_: object) -> Path:
        raise InputError("There is no such month.")

    monkeypatch.setattr(publishing, "publish", fails)
    data = posted(eml="outbox").data
    assert __main__.main(["report", "--data", str(data), "--out", str(tmp_path / "new")]) == 2
    assert not (tmp_path / "new").exists()


def test_a_report_says_what_did_not_arrive_before(
    posted: Posted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    ours = posted(eml="outbox")
    note(ours.out, "not sent", "2026-10", business="Harbour Desk", way="eml", why="the disk is full")
    monkeypatch.setattr(publishing, "publish", lambda *_: ours.out / "2026-10")
    status, out, error = said(ours, capsys, "report")
    assert status == 0 and "The report is ready" in out
    assert (
        "The report of October 2026 was not delivered as a file on" in error and "the disk is full" in error
    )
    assert (ours.out / JOURNAL).exists()


def test_who_reads_no_further_gets_no_traceback(tmp_path: Path):
    """As with `| head -1`: the pipe is closed before the words come."""
    told = subprocess.Popen(
        [sys.executable, "-m", "retention_helpers", "status", "--data", str(SAMPLE), "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert told.stdout and told.stderr
    told.stdout.close()
    assert told.stderr.read() == b"" and told.wait() == 1

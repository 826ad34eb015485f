"""What a terminal is sent: text alone, whatever files, cells and errors hold."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import write_folder

from retention_helpers import __main__, shipped
from retention_helpers.commands import checking
from retention_helpers.contract.tables import message
from retention_helpers.report import notebooks
from retention_helpers.words.terminal import plain, steerable

STEERING = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202e"


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(checking.check.__kwdefaults__, "cache", tmp_path / "cache")


def steers(text: str) -> list[str]:
    return [sign for sign in text if (ord(sign) < 32 and sign not in "\n\t") or sign in "\x7f\x9b\u202e"]


@pytest.mark.parametrize("kind", ["words", "json"])
def test_no_name_and_no_cell_steers_the_terminal(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids, plans and a file's name with escape sequences: written out; as JSON still the same text."""
    spans = [(f"C{STEERING}", "2026-01-05", "2025-01-01", 20, "active", STEERING)] * 2
    data = write_folder(
        tmp_path / "data", spans, settings={"sources": {"customers": {"file": f"x{STEERING}"}}}
    )
    (data / f"evil{STEERING}.csv").write_text("a\n")
    asked = ["check", "--data", str(data), "--out", str(tmp_path / "out")]
    assert __main__.main([*asked, "--json"] if kind == "json" else asked) == 2
    said = capsys.readouterr()
    assert steers(said.out + said.err) == []
    assert "\\u001b" in said.out
    if kind == "json":
        assert any("\x1b" in one["message"] for one in json.loads(said.out)["stops"])


def test_a_wrong_argument_does_not_steer_it_either(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["report", "--only", STEERING]) == 2
    assert __main__.main([f"x{STEERING}"]) == 2
    said = capsys.readouterr().err
    assert steers(said) == [] and said.count("\\u001b") >= 2


def test_a_terminal_that_knows_few_letters_gets_what_it_can_write(tmp_path: Path) -> None:
    """An ASCII terminal, and a name of bytes that are no text: no traceback."""
    data = write_folder(tmp_path / "data", [("A", "2026-01-05", "", 20)])
    command = [
        sys.executable,
        "-m",
        "retention_helpers",
        "check",
        "--data",
        str(tmp_path / "B\udcffro–"),
        "--out",
    ]
    run = subprocess.run(
        [*command, str(tmp_path)],
        capture_output=True,
        cwd=shipped.HOME,
        env={"PYTHONIOENCODING": "ascii:strict", "PATH": "", "HOME": str(data)},
        check=False,
    )
    assert run.returncode == 2 and b"Traceback" not in run.stderr
    assert b"\\udcff" in run.stdout + run.stderr


def test_a_progress_bar_may_move_the_cursor() -> None:
    bare = io.StringIO()
    assert steerable(bare) is bare


def test_an_id_of_a_thousand_letters_is_cut() -> None:
    said = message("events.csv", "no", "Do.", rows=1, of=2, first=f"customer {'x' * 1000}, line 3")
    assert len(said) < 200 and said.endswith("line 3). Do.")
    assert plain("\U0001f389", "ascii") == "\\ud83c\\udf89"


def test_an_exception_brings_no_address() -> None:
    """A mistake of ours repeats a cell; what it says reaches page, terminal and journal."""
    said = notebooks.blamed("ValueError", "could not convert string to float: 'ada@example.com'")
    assert "ada@" not in said and "could not convert string to float: '[e-mail address]'" in said


def test_whatever_the_system_refuses_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "x"))

    monkeypatch.setattr(checking, "check", refused)
    assert __main__.main(["check", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"{tmp_path / 'x'}: permission denied. Free some space there, or allow writing.\n"
    )

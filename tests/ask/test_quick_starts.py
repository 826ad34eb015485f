"""The commands of docs/exploring.md, run as they stand there, on forty customers in a folder of their own."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import nbformat
import pytest
from conftest import write_folder

from retention_helpers import __main__ as command_line
from retention_helpers import ask, shipped
from retention_helpers.report import notebooks

PAGE = (shipped.HOME / "docs" / "exploring.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
FORTY = [(f"C-{n}", f"2025-{4 + n % 8:02}-05", "2026-03-10" if n % 4 == 0 else "", 20, "active", "solo")
         for n in range(40)]  # fmt: skip


def command(start: str) -> list[str]:
    """The command of the page that begins so, as a shell takes it apart, with this Python's programs."""
    (line,) = {line for line in COMMANDS if line.startswith(start)}
    return [part.replace(".venv/bin/", f"{Path(sys.executable).parent}/") for part in shlex.split(line)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with data/mine, where the first command of the page has been run."""
    write_folder(tmp_path / "data" / "mine", FORTY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shipped, "work", lambda: tmp_path / "work")
    words = command(".venv/bin/python -m retention_helpers explore")
    assert command_line.main(words[3:]) == 0
    yield tmp_path


def environment(home: Path) -> dict[str, str]:
    own = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "RUNTIME")}
    return os.environ | own | {"PYTHONPATH": str(shipped.HOME)}


def test_every_command_of_the_page_is_tried() -> None:
    """But for those that take another machine, or another program."""
    tried = (".venv/bin/python -m retention_helpers explore", ".venv/bin/jupyter lab", ".venv/bin/papermill",
             ".venv/bin/python -c", "ssh ", "code work/mine")  # fmt: skip
    assert [line for line in COMMANDS if not line.startswith(tried)] == [] and len(COMMANDS) == 7


def test_the_page_names_every_question() -> None:
    named = set(
        re.findall(r"`(\w+)`", "\n".join(line for line in PAGE.splitlines() if line.startswith("| `")))
    )
    assert named == set(ask.__all__) - {"SAMPLE", "open_business"}


def test_the_folder_to_open_is_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(command("code ")[1])
    assert {path.stem for path in folder.glob("*.ipynb")} == {path.stem for path in notebooks.to_explore()}


def test_a_server_listens_on_its_own_machine_alone(home: Path) -> None:
    words = command(".venv/bin/jupyter")
    words = [re.sub(r"--port=\d+", "--port=0", word) for word in words]  # another may be in use
    log = home / "log"
    with log.open("w") as said:
        server = subprocess.Popen([*words, "--allow-root"], env=environment(home), stdout=said, stderr=said)
        try:
            for _ in range(300):
                found = re.search(r"http://127\.0\.0\.1:(\d+)/", log.read_text("utf-8"))
                if found or server.poll() is not None:
                    break
                time.sleep(0.2)
            assert found, log.read_text("utf-8")
            with urlopen(f"http://127.0.0.1:{found[1]}/api", timeout=20) as answered:
                assert answered.status == 200
        finally:
            server.terminate()
            server.wait(20)


def test_the_way_there_is_one_that_ssh_understands() -> None:
    if not shutil.which("ssh"):
        pytest.skip("there is no ssh here")
    words = command("ssh ")
    told = subprocess.run([words[0], "-G", *words[1:]], capture_output=True, text=True, check=True).stdout
    assert "localforward 8888 [127.0.0.1]:8888" in told


def test_without_a_browser(home: Path) -> None:
    """A notebook runs by itself, the menus left out, and an answer prints as text."""
    ran = subprocess.run(
        command(".venv/bin/papermill"), env=environment(home), capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    done = nbformat.read(home / "work" / "mine" / "start_here.done.ipynb", 4)
    assert notebooks.fault(done) == ""
    printed = subprocess.run(
        command(".venv/bin/python -c"), env=environment(home), capture_output=True, text=True, check=True
    )
    assert "Churn by first plan, last 12 months together" in printed.stdout and printed.stderr == ""

"""The package as others install it: a wheel, into a place where there is no checkout."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cells import SCHEMA
from conftest import write_folder
from openpyxl import load_workbook

from retention_helpers import shipped

PIP = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was installed, beside everything that it needs."""
    home = tmp_path_factory.mktemp("installed")
    build = ["wheel", "--no-deps", "--no-build-isolation", "-w", home, shipped.HOME]
    subprocess.run([*PIP, *build], check=True)
    (wheel,) = home.glob("*.whl")
    subprocess.run([*PIP, "install", "--no-deps", "--no-index", "--target", home / "site", wheel], check=True)
    return home / "site"


def retention(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command `retention`, run in a folder of its own."""
    folder.mkdir()
    return subprocess.run(
        [site / "bin" / "retention", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(site), "XDG_CACHE_HOME": str(folder.parent / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_sample_comes_with_it(site: Path, tmp_path: Path) -> None:
    """Without a word about data, in an empty folder; what it keeps goes to the user's cache."""
    run = retention(site, tmp_path / "empty", "report", "--only", "data_quality")
    assert (run.returncode, run.stderr) == (0, "")
    findings = json.loads((tmp_path / "empty" / "reports" / "2026-10" / "findings.json").read_text())
    assert findings["business"] == "Kiebitzplan"
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["reports"]
    assert list((tmp_path / "cache" / "retention-notebooks").iterdir())


def test_a_report_of_own_data(site: Path, tmp_path: Path) -> None:
    """Every page, from two tables."""
    spans = [(f"C-{n}", "2026-01-05", "2026-03-09" if n < 4 else "", 49, "active") for n in range(40)]
    data = write_folder(tmp_path / "data", spans)
    run = retention(site, tmp_path / "mine", "report", "--data", str(data), "--month", "2026-03")
    assert (run.returncode, run.stderr) == (0, "")
    made = tmp_path / "mine" / "reports" / "2026-03"
    findings = json.loads((made / "findings.json").read_text(encoding="utf-8"))
    assert findings["measurement"]["lost"] == 4
    assert set(findings) <= set(SCHEMA["properties"])
    assert {path.stem for path in made.glob("*.html")} >= {"index", "measurement", "early_warning"}


def test_what_is_for_developers_alone_is_not_offered(site: Path, tmp_path: Path) -> None:
    """It would write into the installed copy."""
    run = retention(site, tmp_path / "empty", "schema")
    assert (run.returncode, run.stderr.count("\n")) == (2, 1)
    assert "There is no command schema" in run.stderr


def test_mistakes_are_sentences_there_too(site: Path, tmp_path: Path) -> None:
    run = retention(site, tmp_path / "empty", "report", "--data", "nowhere")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("\n") == 1 and "There is no such folder" in run.stderr


def test_commands_are_named_as_they_are_called_there(site: Path, tmp_path: Path) -> None:
    """No word of make, which is not there: in usage, complaints, what comes next, the template."""
    usage = retention(site, tmp_path / "usage", "report", "--help").stdout
    assert usage.startswith("usage: retention report ")
    run = retention(site, tmp_path / "wrong", "report", "--month")
    assert run.stderr == "--month needs a value. All there is: retention report --help\n"
    folder = tmp_path / "template"
    run = retention(site, folder, "import", "spreadsheet", "--template", "filled.xlsx")
    assert run.stdout.endswith("then: retention import spreadsheet filled.xlsx --out data/mine\n")
    lines = [str(row[0]) for row in load_workbook(folder / "filled.xlsx")["Read me"].values]
    assert "and: retention report --data data/mine" in lines
    exports = write_folder(tmp_path / "exports", [("C-1", "2026-01-05", "", 49, "active")])
    own = tmp_path / "own data"
    run = retention(site, tmp_path / "begun", "init", str(own), "--from", str(exports))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.endswith(f"Next: retention report --data '{own}'\n")

"""The command line, make and the hook: what a person types, and what is said when it is wrong."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import write_folder
from nbformat.v4 import new_output

from retention_helpers import __main__, shipped
from retention_helpers.business import opening as business_opening
from retention_helpers.commands import checking
from retention_helpers.contract.tables import Fault
from retention_helpers.report import notebooks, publishing
from retention_helpers.words.errors import InputError

PROJECT = shipped.HOME


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> list[Fault]:
    """What the data gate finds."""
    found: list[Fault] = []
    monkeypatch.setattr(checking, "check", lambda data, out: checking.Checked(found))
    return found


def test_help_is_instant_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from retention_helpers import __main__, report\n"
        "try: __main__.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'ibis', 'duckdb', 'papermill', 'nbformat', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "report" in run.stdout and "check" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reprot"], "There is no command reprot. Did you mean report?"),
        (["report", "--mnth", "2026-10"], "report does not know --mnth. Did you mean --month?"),
        (["report", "--month", "2026-13"], "YYYY-MM"),
        (["report", "--month", "10/2026"], "2026-10"),
        (["report", "--only", "mesurement"], "Did you mean measurement?"),
        (["plan", "--effect", "0.8"], "--effect is 0.8. Without a baseline it should be at most 0.5."),
        (["plan", "--days", "1000000000"], "--days should be 0 to 3,650."),
        ([], "Say what to do, such as: report. All there is: .venv/bin/python -m retention_helpers --help"),
        (
            ["report", "--month"],
            "--month needs a value. All there is: .venv/bin/python -m retention_helpers report --help",
        ),
        (["report", "--engine", "duck"], "--engine cannot be duck. Did you mean duckdb?"),
        (["check", "--json=yes"], "--json takes no value."),
        (["import"], "SOURCE is missing."),
        (
            ["import", "spreadsheets", "x.csv", "--out", "x"],
            "SOURCE cannot be spreadsheets. Did you mean spreadsheet?",
        ),
        (
            ["import", "spreadsheet", "--out", "x"],
            "FILE is missing. Such as: .venv/bin/python -m retention_helpers import spreadsheet FILE --out",
        ),
        (["import", "spreadsheet", "no.csv", "--out", "x"], "There is no file no.csv."),
        (["import", "spreadsheet", "--template", "x.xlsx", "--out", "x"], "--template stands alone"),
        (["init"], "DIR is missing."),
        (["init", "x", "--from", "nowhere"], "There is no file or folder nowhere."),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_exit_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(arguments) == 2
    errors = capsys.readouterr().err
    assert said in errors and "Traceback" not in errors
    assert len(errors.splitlines()) == 1


def test_report_says_where_to_look(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = []

    def publish(*arguments: object) -> Path:
        asked.append(arguments)
        return tmp_path / "2026-10"

    monkeypatch.setattr(publishing, "publish", publish)
    monkeypatch.chdir(tmp_path)
    assert __main__.main(["report", "--only", "measurement", "data_quality"]) == 0
    assert asked == [(shipped.SAMPLE, "", Path("reports"), ("measurement", "data_quality"))]
    assert capsys.readouterr().out == f"The report is ready: {Path('2026-10') / 'index.html'}\n"


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (publishing.NotebooksFailed("Measurement failed", Path()), 1),
        (InputError("customers.csv: there is no such file."), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raised: BaseException, status: int
) -> None:
    def publish(*_: object) -> Path:
        raise raised

    monkeypatch.setattr(publishing, "publish", publish)
    assert __main__.main(["report"]) == status
    assert str(raised) in capsys.readouterr().err


def test_check_for_people(faults: list[Fault], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    faults += [
        Fault("note", "nps", "missing", 0, "nps: not brought."),
        Fault("stop", "customers", "missing", 0, "customers.csv is missing."),
    ]
    assert __main__.main(["check", "--data", str(tmp_path)]) == 2
    assert capsys.readouterr().out.splitlines() == [
        "stop: customers.csv is missing.",
        "note: nps: not brought.",
        "1 stop, 0 warnings, 1 note. No report can be made until what stops it is mended.",
    ]
    del faults[1]
    assert __main__.main(["check", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("0 stops, 0 warnings, 1 note. A report can be made.\n")


def test_check_for_programs(faults: list[Fault], capsys: pytest.CaptureFixture[str]) -> None:
    faults.append(Fault("warning", "events", "unknown customer", 3, "events.csv: Müller & Söhne"))
    assert __main__.main(["check", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    fault = {
        "table": "events",
        "rule": "unknown customer",
        "rows": 3,
        "message": "events.csv: Müller & Söhne",
    }
    assert said == {"stops": [], "warnings": [fault], "notes": [], "sources": [], "set_aside": []}


# ------------------------------------------------------------------------------------------------- make


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a fresh checkout as make needs before it installs anything."""
    if not shutil.which("make"):
        pytest.skip("there is no make here")
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        shutil.copy(PROJECT / name, tmp_path)
    (tmp_path / "constraints.txt").touch()
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Under `make test` a make of its own would take itself for a part of that one.
    own = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    command = ["make", *arguments]
    return subprocess.run(command, cwd=checkout, env=own, capture_output=True, text=True, check=False)


def python_that(checkout: Path, script: str) -> str:
    path = checkout / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"PYTHON={path}"


def test_make_alone_is_a_list(checkout: Path) -> None:
    listed = make(checkout).stdout
    targets = [
        "help",
        "setup",
        "init",
        "report",
        "lab",
        "test",
        "check",
        "notebooks",
        "sample",
        "bench",
        "bench-large",
        "bench-statistics",
        "clean",
    ]
    for target in targets:
        assert f"\n  {target} " in listed


@pytest.mark.parametrize(
    ("python", "said"),
    [
        (
            'case "$1" in --version) echo Python 3.9.6;; *) exit 1;; esac',
            "Python 3.9.6 is too old: Python 3.11",
        ),
        ('case "$2" in *ensurepip*) exit 1;; esac', "apt install python3-venv"),
    ],
)
def test_a_python_that_will_not_do_is_one_sentence(checkout: Path, python: str, said: str) -> None:
    run = make(checkout, "report", python_that(checkout, python))
    assert run.returncode != 0 and run.stdout == ""
    assert said in run.stderr.splitlines()[0]
    assert not (checkout / ".venv").exists()


def test_no_python_at_all_is_one_sentence(checkout: Path) -> None:
    run = make(checkout, "report", "PYTHON=python9.9")
    assert "There is no python9.9 here. Install Python 3.11 or later" in run.stderr.splitlines()[0]


def test_make_passes_on_what_it_was_given_and_installs_nothing_twice(checkout: Path) -> None:
    stand_in = checkout / ".venv" / "bin" / "python"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text('#!/bin/sh\nprintf "[%s]" "$@"\n')
    stand_in.chmod(0o755)
    (checkout / ".venv" / ".installed").touch()
    run = make(checkout, "report", "DATA=my data", "MONTH=2026-09", "OUT=else where")
    assert run.stdout == (
        "[-m][retention_helpers][report][--data][my data][--month][2026-09][--out][else where]"
    ), run.stderr
    assert make(checkout, "report").stdout == "[-m][retention_helpers][report][--out][reports]"


# --------------------------------------------------------------------------------------------- the hook


@pytest.mark.skipif(os.name != "posix", reason="this system has no modes that say who may read a file")
def test_what_is_written_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of the day, the plan, rows set aside and what was read: 0600 in 0700, whatever the umask."""
    spans = [("A", "2026-01-05", "", 20), ("B", "2026-01-05", "2026-03-09", 20), ("B", "2026-03-10", "", 20)]
    payments = [("A", "2026-03-10", "failed", 20), ("stranger", "2026-03-10", "failed", 20)]
    data = write_folder(tmp_path / "data", spans, payments=payments)
    out, cache = tmp_path / "out", tmp_path / "cache"
    for opening in (checking.check, business_opening.open_business, business_opening.open_day):
        monkeypatch.setitem(opening.__kwdefaults__, "cache", cache)
    before = os.umask(0)
    try:
        assert __main__.main(["check", "--data", str(data), "--out", str(out)]) == 0
        today = ["today", "--date", "2026-03-12", "--data", str(data), "--out", str(out)]
        assert __main__.main(today) == 0
        assert os.umask(0) == 0  # and it is as it was
    finally:
        os.umask(before)
    made = [path for top in (out, cache) for path in (top, *top.rglob("*"))]
    assert {"list.csv", "plan.xlsx", "set_aside_payments.csv", "subscriptions.parquet"} <= {
        path.name for path in made
    }
    assert [path for path in made if path.stat().st_mode & 0o077] == []


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of its own with our hook in place."""
    if not shutil.which("git"):
        pytest.skip("there is no git here")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    shutil.copytree(PROJECT / "hooks", tmp_path / "hooks")
    subprocess.run(["sh", "hooks/install"], cwd=tmp_path, check=True)
    shutil.copytree(PROJECT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (tmp_path / "notebooks" / notebooks.LOCK).write_text(notebooks.lock(tmp_path / "notebooks"))
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{PROJECT}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return tmp_path


def commit(repository: Path, *paths: str) -> subprocess.CompletedProcess[str]:
    subprocess.run(["git", "add", "-f", "--", *paths], cwd=repository, check=True)
    who = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    return subprocess.run(
        ["git", *who, "commit", "-q", "-m", "test"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "name",
    [
        "customers.csv",
        "exports/Müller.csv",
        'exports/"quoted"\n.csv',
        "data/mine/customers.txt",
        *(f"dump.{ending}" for ending in ("json", "jsonl", "ods", "xlsm", "sqlite", "bak", "feather", "pkl")),
        "reports/2026-10/index.html",
        "october/findings.json",
        "tests/real.csv",
        "tests/sources/stripe.json",
        "data/sample/leads.csv",
        "retention_helpers/customers.yml",
        "docs/shot.png",
        "notebooks/old/copy.ipynb",
        "mine/.secrets",
    ],
)
def test_the_hook_refuses_what_the_repository_does_not_hold(repository: Path, name: str) -> None:
    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("C-1")
    run = commit(repository, name)
    assert run.returncode == 1
    assert (name if name.isprintable() else ascii(name)) in run.stderr


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("docs/list.md", b"| Anna | anna@" + b"some-firm.com |", "holds e-mail addresses (1 domains)"),
        ("tests/rows.py", b"PK\x03\x04\x00\xff", "is no text, whatever its name says"),
        ("tests/rows.py", b"SQLite format 3\x00", "is no text, whatever its name says"),
    ],
)
def test_the_hook_refuses_what_is_not_what_its_name_says(
    repository: Path, name: str, content: bytes, said: str
) -> None:
    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    run = commit(repository, name)
    assert run.returncode == 1 and f"{name} {said}" in run.stderr


def test_the_hook_refuses_notebooks_that_show_something_else(repository: Path) -> None:
    assert commit(repository, "notebooks", "hooks").stderr == ""

    path = sorted((repository / "notebooks").glob("*.ipynb"))[0]
    notebook = notebooks.read(path)
    next(cell for cell in notebook.cells if cell.cell_type == "code").outputs = [
        new_output("stream", name="stdout", text="C-1 is a customer of mine")
    ]
    notebooks.write(notebook, path)
    run = commit(repository, f"notebooks/{path.name}")
    assert run.returncode == 1
    assert f"{path.name} is not as `make notebooks` wrote it" in run.stderr and "make notebooks" in run.stderr

    (repository / "copy.ipynb").write_bytes(path.read_bytes())
    subprocess.run(["git", "reset", "-q"], cwd=repository, check=True)
    assert "copy.ipynb" in commit(repository, "copy.ipynb").stderr


def test_the_hook_refuses_a_sample_that_its_script_does_not_make(repository: Path) -> None:
    """Own tables under the sample's names, and packed ones, which no look at their text would find."""
    sample = repository / "data" / "sample"
    shutil.copytree(shipped.SAMPLE, sample, ignore=shutil.ignore_patterns("__pycache__"))
    assert commit(repository, "data/sample").stderr == ""

    for name, content in (("notes.csv", b"happened_on,note\n"), ("events.csv.gz", gzip.compress(b"mine"))):
        (sample / name).write_bytes(content)
        run = commit(repository, f"data/sample/{name}")
        said = f"data/sample/{name.removesuffix('.gz')} is not what data/sample/make_sample.py makes"
        assert run.returncode == 1 and said in run.stderr
        subprocess.run(["git", "checkout", "-q", "HEAD", "--", "data/sample"], cwd=repository, check=True)


def test_the_hook_leaves_another_hook_alone(tmp_path: Path) -> None:
    if not shutil.which("git"):
        pytest.skip("there is no git here")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    theirs = tmp_path / ".git" / "hooks" / "pre-commit"
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("#!/bin/sh\n# theirs\n")
    shutil.copytree(PROJECT / "hooks", tmp_path / "hooks")
    run = subprocess.run(["sh", "hooks/install"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "call hooks/pre-commit" in run.stderr and "theirs" in theirs.read_text()

"""The report runner, with notebooks of a few lines: what it makes, and above all what it never breaks."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import psutil
import pytest

from retention_helpers import shipped
from retention_helpers.business.identity import Identity
from retention_helpers.contract.settings import Settings
from retention_helpers.gate import kept
from retention_helpers.gate.kept import SourceRead
from retention_helpers.report import notebooks, publishing
from retention_helpers.words.errors import InputError

PARAMETERS = """data: str = "../data/sample"  # the data folder
month: str = "2026-10"  # the report month
findings_to: str = ""  # a file
"""
FINDS = "import json; from pathlib import Path; Path(findings_to).write_text(json.dumps({finding!r}))"
LISTS = """folder = Path(findings_to).parent / "actions"
folder.mkdir()
(folder / "call.csv").write_text("customer_id\\nC-1\\n")"""


OAK = Identity("Oak & Ash", "books")
CHOICES = Settings(business="Oak & Ash")


@dataclass(frozen=True)
class Opened:
    """What the runner asks of a business."""

    month: str
    folder: Path
    kept: Path = Path("kept")
    name: str = "Oak & Ash"
    as_of: str = "2026-11-01"
    currency: str = "EUR"
    identity: Identity = OAK
    settings: Settings = CHOICES
    cut_at: str = "2026-11-01T00:00:00+01:00"
    sources: tuple[SourceRead, ...] = ()
    tables: frozenset[str] = frozenset({"customers", "subscriptions"})
    customers_are: str = ""
    lacks: frozenset[str] = frozenset()
    done: None = None


@pytest.fixture(autouse=True)
def business(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No data gate and no schema here: the runner only asks for the month and the name."""
    schema = tmp_path_factory.mktemp("schema") / "any.json"
    schema.write_text("{}")
    monkeypatch.setattr(publishing, "SCHEMA", schema)
    stand_in = types.ModuleType("retention_helpers.business")
    stand_in.open_business = lambda data, month, plan, engine: Opened(month or "2026-10", data, data)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "retention_helpers.business", stand_in)
    opening = types.ModuleType("retention_helpers.business.opening")
    opening.sample_identity = lambda: Identity("A sample", "sample")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "retention_helpers.business.opening", opening)
    monkeypatch.setattr(kept, "still_there", lambda place: None)  # nothing is read here


def write_notebook(folder: Path, name: str, *cells: str, parameters: str = PARAMETERS) -> Path:
    folder.mkdir(exist_ok=True)
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(f"# What does {name} say?"),
            nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            *(nbformat.v4.new_code_cell(cell) for cell in cells),
            nbformat.v4.new_markdown_cell("## What this does not show\n\nEverything else."),
        ]
    )
    path = folder / f"{name}.ipynb"
    notebooks.write(notebook, path)
    return path


def publish(tmp_path: Path, only: Iterable[str] = (), out: str = "reports") -> Path:
    return publishing.publish(tmp_path, "", tmp_path / out, tuple(only), tmp_path / "notebooks")


def left_in(folder: Path) -> list[str]:
    """What stands in a folder of reports, but for the empty files that the system locks."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock" or path.stat().st_size)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_report_has_pages_findings_lists_and_notebooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One worker, so that all notebooks share a kernel: none may see another's names."""
    monkeypatch.setattr(publishing, "WORKERS", 1)
    folder = tmp_path / "notebooks"
    write_notebook(folder, "measurement", FINDS.format(finding={"measurement": {"lost": 3}}), "left_over = 1")
    write_notebook(
        folder, "data_quality", "'left_over' in dir()", FINDS.format(finding={"quality": {}}), LISTS
    )
    write_notebook(
        folder,
        "monthly_review",
        "assert 'left_over' not in dir() and reports.endswith('ports')",
        FINDS.format(finding={"actions": []}),
        parameters=PARAMETERS + 'reports: str = ""  # earlier reports',
    )
    out = tmp_path / "re{ports"
    out.mkdir()
    (out / ".2026-10.lock").touch()  # of a process that died: nobody holds it

    made = publishing.publish(tmp_path, "2026-10", out, (), folder)

    assert made == out / "2026-10"
    assert sorted(files(made)) == [
        "actions/call.csv",
        "data_quality.html",
        "findings.json",
        "index.html",
        "measurement.html",
        "notebooks/data_quality.ipynb",
        "notebooks/measurement.ipynb",
        "notebooks/monthly_review.ipynb",
    ]
    assert left_in(out) == ["2026-10"], "nothing temporary is left"
    findings = json.loads((made / "findings.json").read_text())
    assert list(findings)[:4] == ["schema_version", "month", "as_of", "currency"]
    assert findings["measurement"] == {"lost": 3} and "quality" in findings and "actions" in findings
    text = (made / "notebooks" / "measurement.ipynb").read_text()
    executed = nbformat.reads(text, as_version=4)
    assert notebooks.fault(executed) == ""
    assert "papermill" not in text and "building" not in text
    assert any('month = "2026-10"' in cell.source for cell in executed.cells), "it can be run again"
    assert "What does monthly_review say?" in (made / "index.html").read_text()
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == [
        "quality",
        "Measurement",
        "review",
    ], "in reading order, the review last"


def test_every_way_to_fail_is_seen_and_named_and_the_rest_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """papermill alone calls the second, third and fourth of these completed."""
    choices = replace(CHOICES, step_minutes=2 / 60)
    open_business = lambda data, month, plan, engine: Opened("2026-10", data, data, settings=choices)  # noqa: E731
    monkeypatch.setattr(sys.modules["retention_helpers.business"], "open_business", open_business)
    folder = tmp_path / "notebooks"
    write_notebook(folder, "data_quality", "print('fine')", FINDS.format(finding={"quality": {}}))
    write_notebook(folder, "measurement", FINDS.format(finding={"measurement": 1}), "{}['mrr']", "1")
    write_notebook(folder, "churn_reasons", "import sys; sys.exit(0)")
    write_notebook(folder, "experiments", "import os; os._exit(0)")
    write_notebook(folder, "early_warning", "import time; time.sleep(3)", "while True: pass")
    write_notebook(folder, "monthly_review", "raise ValueError('first line\\nno <b>last</b> month')")

    with pytest.raises(publishing.NotebooksFailed) as failed:
        publish(tmp_path)

    made = tmp_path / "reports" / "2026-10"
    said = str(failed.value)
    waited, worked = nbformat.read(made / "notebooks" / "early_warning.ipynb", 4).cells[-3:-1]
    assert "sleep" in waited.source and waited.execution_count, "waiting is not work"
    assert "while" in worked.source
    assert failed.value.folder == made, "there was no good report to keep"
    assert "Measurement failed: a mistake in this software, not in your data: KeyError: 'mrr'" in said
    assert "Churn reasons failed: a mistake in this software, not in your data: SystemExit: 0" in said
    assert "Experiments failed: the process that ran it ended" in said
    assert "Early warning failed: one step worked for longer than 0.03 minutes" in said
    assert "write `step_minutes: 0.1` into retention.yml" in said
    assert "not in your data: ValueError: no <b>last</b> month" in said
    assert str(made / "notebooks" / "measurement.ipynb") in said
    assert "Data quality" not in said
    index = (made / "index.html").read_text()
    assert "This page is not complete" in index and "&lt;b&gt;last&lt;/b&gt;" in index
    for name in ("measurement", "churn_reasons", "experiments", "early_warning", "data_quality"):
        assert f'href="{name}.html"' in index
    findings = json.loads((made / "findings.json").read_text())
    assert "quality" in findings and "measurement" not in findings
    assert len(findings["failed"]) == 5


def test_as_many_notebooks_run_at_once_as_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: half a gigabyte each, and a tenth of one for a million rows."""
    monkeypatch.setattr(publishing, "WORKERS", 4)

    def together(rows: int, memory: float) -> int:
        read = (SourceRead("events", "events.csv", rows, rows),)
        business = replace(Opened("2026-10", Path()), settings=replace(CHOICES, memory=memory), sources=read)
        return publishing._together(business)  # type: ignore[arg-type]

    assert [together(1000, memory) for memory in (0.1, 1.1, 1.6, 8)] == [1, 2, 3, 4]
    assert [together(10_000_000, memory) for memory in (2, 3.1)] == [1, 2]


def test_a_good_report_stays_until_a_better_one_is_there(tmp_path: Path) -> None:
    folder, out = tmp_path / "notebooks", tmp_path / "reports"
    write_notebook(folder, "measurement", "'good'")
    write_notebook(folder, "data_quality", "'good'")
    publish(tmp_path)
    good = files(out / "2026-10")

    write_notebook(folder, "measurement", "1 / 0")
    with pytest.raises(publishing.NotebooksFailed, match=r"The report that was there stays: .*2026-10.index"):
        publish(tmp_path)
    assert files(out / "2026-10") == good
    assert "ZeroDivisionError" in (out / "2026-10.failed" / "index.html").read_text()

    assert publish(tmp_path, only=["data_quality"]) == out / "2026-10.partial"
    assert files(out / "2026-10") == good, "a part never replaces the whole"

    write_notebook(folder, "measurement", "'better'")
    assert publish(tmp_path) == out / "2026-10"
    assert left_in(out) == ["2026-10"]
    assert "better" in (out / "2026-10" / "measurement.html").read_text()


def test_only_some_notebooks(tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    write_notebook(folder, "measurement", "'here'")
    write_notebook(folder, "monthly_review", "'not asked for'")
    made = publish(tmp_path, only=["measurement"])
    assert sorted(path.name for path in made.glob("*.html")) == ["index.html", "measurement.html"]
    assert 'href="measurement.html"' in (made / "index.html").read_text()
    with pytest.raises(InputError, match="Did you mean measurement"):
        publish(tmp_path, only=["mesurement"])


def test_a_notebook_without_our_parameters_is_refused(tmp_path: Path) -> None:
    write_notebook(tmp_path / "notebooks", "measurement", parameters='data: str = ""\nmonths: str = ""')
    with pytest.raises(InputError, match=r"measurement.ipynb has no parameter month or findings_to"):
        publish(tmp_path)
    assert not left_in(tmp_path / "reports")


def test_two_runs_of_the_same_month_do_not_meet(tmp_path: Path) -> None:
    with (
        publishing.locked(tmp_path, "2026-10"),
        pytest.raises(InputError, match="2026-10 is being made already"),
        publishing.locked(tmp_path, "2026-10"),
    ):
        pass
    with publishing.locked(tmp_path, "2026-10"), publishing.locked(tmp_path, "2026-09"):
        pass
    assert not left_in(tmp_path)


@pytest.mark.parametrize("second_rename_done", [False, True])
def test_a_crash_between_the_two_renames_heals(tmp_path: Path, second_rename_done: bool) -> None:
    previous = tmp_path / ".2026-10.previous"
    previous.mkdir()
    (previous / "index.html").write_text("old")
    (tmp_path / ".2026-10.building-1").mkdir()
    if second_rename_done:
        (tmp_path / "2026-10").mkdir()
        (tmp_path / "2026-10" / "index.html").write_text("new")
    with publishing.building(tmp_path, "2026-10"):
        pass
    assert left_in(tmp_path) == ["2026-10"]
    assert (tmp_path / "2026-10" / "index.html").read_text() == ("new" if second_rename_done else "old")


def test_a_rename_that_fails_puts_the_old_report_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "2026-10"
    target.mkdir()
    (target / "index.html").write_text("old")
    with pytest.raises(FileNotFoundError):
        publishing.put_in_place(tmp_path / "never made", target)
    assert files(target) == {"index.html": b"old"}


def test_nothing_is_written_outside_the_report_folder_or_over_what_is_no_report(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "reports", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "2026-10").symlink_to(elsewhere)
    with pytest.raises(InputError, match="points elsewhere"), publishing.building(out, "2026-10"):
        pass
    (out / "2026-09").mkdir()
    (out / "2026-09" / "photos.zip").touch()
    with pytest.raises(InputError, match="was not made here"), publishing.building(out, "2026-09"):
        pass


def test_findings_that_break_their_schema_are_our_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"properties": {"measurement": {"required": ["churn"]}}}')
    monkeypatch.setattr(publishing, "SCHEMA", schema)
    assert publishing._complaint({"measurement": {"churn": 0}}) == {}
    said = publishing._complaint({"measurement": {}})["findings.json"]
    assert said == "a mistake in this software, not in your data: measurement: 'churn' is a required property"


def test_two_notebooks_with_the_same_finding_are_a_mistake(tmp_path: Path) -> None:
    runs = []
    for name, value in (("measurement", 1), ("data_quality", 2)):
        part = tmp_path / name
        part.mkdir()
        (part / "findings.json").write_text(json.dumps({"quality": value}))
        runs.append(publishing.Run(tmp_path / f"{name}.ipynb", "", 0, part, {}, 0, tmp_path, tmp_path))
    with pytest.raises(RuntimeError, match="measurement and data_quality disagree about the finding quality"):
        publishing._findings(runs, Opened("2026-10", tmp_path), {})  # type: ignore[arg-type]


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def program_of(tmp_path: Path, first: str = "") -> Path:
    """A program that makes a report of the notebooks here, of a business that is none.

    `first` is run in each of its processes, but not in the kernels.
    """
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import functools, sys, types
from pathlib import Path
{first}
if __name__ == "__main__":
    from retention_helpers import __main__, business
    from retention_helpers.business.identity import Identity
    from retention_helpers.contract.settings import Settings
    from retention_helpers.gate import kept
    from retention_helpers.report import publishing
    kept.still_there = lambda place: None
    business.open_business = lambda data, month, plan, engine: types.SimpleNamespace(
        month="2026-10", name="", as_of="2026-11-01", cut_at="2026-11-01T00:00:00+01:00", currency="",
        sources=(), folder=Path(data), kept=Path(data), identity=Identity("Oak & Ash", "books"),
        tables=frozenset(), customers_are="", lacks=frozenset(), done=None, settings=Settings())
    publishing.publish = functools.partial(publishing.publish, folder=Path({str(tmp_path / "notebooks")!r}))
    places = ["--data", {str(tmp_path)!r}, "--out", {str(tmp_path / "reports")!r}]
    sys.exit(__main__.main(["report", *places]))
"""
    )
    return program


@contextlib.contextmanager
def begun(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A run whose only notebook waits, and its kernel's number; all of it is gone afterwards."""
    marker = tmp_path / "kernel"
    cell = (
        "import os, pathlib, time\n"
        f"pathlib.Path({str(marker)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(99)"
    )
    write_notebook(tmp_path / "notebooks", "measurement", cell)
    run = subprocess.Popen(
        [sys.executable, str(program_of(tmp_path))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=shipped.HOME,
        env=os.environ | {"PYTHONPATH": str(shipped.HOME)},
    )
    try:
        assert wait_for(lambda: marker.exists() and bool(marker.read_text()), 90), (
            "the notebook never started"
        )
        yield run, int(marker.read_text())
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="signals work differently there")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C reaches the whole group of processes, a timer's SIGTERM only the first."""
    with begun(tmp_path) as (run, kernel):
        if how == signal.SIGINT:
            os.killpg(run.pid, how)
        else:
            run.send_signal(how)
        out, errors = run.communicate(timeout=30)
    assert run.returncode == 130
    assert (out, errors.strip()) == ("", "Stopped. Everything is as it was before.")
    assert not left_in(tmp_path / "reports")
    assert wait_for(lambda: not psutil.pid_exists(kernel), 10), "the kernel goes on"


@pytest.mark.skipif(sys.platform == "win32", reason="signals work differently there")
@pytest.mark.parametrize("who", ["the run", "the process of the kernel"])
def test_no_kernel_outlives_its_parent(tmp_path: Path, who: str) -> None:
    """Killed without a word, as by the system for want of memory; the next run removes what is left."""
    with begun(tmp_path) as (run, kernel):
        its_own = psutil.Process(kernel).parent()
        is_copy = psutil.Process(kernel).cmdline() == its_own.cmdline()
        assert is_copy is (sys.platform == "linux"), "who has imported what notebooks need is copied"
        parent = run.pid if who == "the run" else its_own.pid
        scratch = list(Path(tempfile.gettempdir()).glob(f"retention-run{run.pid}-*"))
        os.kill(parent, signal.SIGKILL)
        assert wait_for(lambda: not psutil.pid_exists(kernel), 10), "the kernel goes on"
        run.communicate(timeout=60)
        if who == "the run":
            assert left_in(tmp_path / "reports") == [f".2026-10.building-run{run.pid}"]
            assert len(scratch) == 1 and scratch[0].exists()
    write_notebook(tmp_path / "notebooks", "measurement", "'good'")
    publish(tmp_path)
    said_so = [] if who == "the run" else [".journal.jsonl"]  # a run that goes on notes what failed
    assert left_in(tmp_path / "reports") == [*said_so, "2026-10"]
    assert not any(path.exists() for path in scratch)


HOLDS = "import sys; held = bytearray(int(sys.argv[1])); print(len(held), flush=True); sys.stdin.read()"
WATCHES = f"""
import subprocess, sys
from retention_helpers.report import watching

pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
small, large = (
    subprocess.Popen([sys.executable, "-c", {HOLDS!r}, size], **pipes) for size in ("10000000", "200000000")
)
for child in (small, large):
    child.stdout.readline()
watch = watching.Watch.__new__(watching.Watch)  # without its thread
watch.has_stopped = False
for left, whole in ((500, 1000), (1, 9000), (1, 800)):
    watching.left_and_whole = lambda: (left * 10**6, whole * 10**6)
    watch.look()
    print(watch.has_stopped)
print(large.wait(10), small.poll())
small.kill()
"""


def test_a_notebook_that_eats_memory_is_stopped() -> None:
    """Of two children the one that holds most, once hardly anything is left; not before, and no small one.

    In a process of its own: others' children here, such as an engine's, would be the largest.
    """
    said = subprocess.run(
        [sys.executable, "-c", WATCHES], capture_output=True, text=True, timeout=60, check=True
    )
    assert said.stdout.split() == ["False", "False", "True", f"{-signal.SIGKILL}", "None"]


SMALL_MACHINE = """
import psutil
from retention_helpers.report import watching
WHOLE = 1_500_000_000

def of_a_small_machine():
    held = [child.memory_info().rss for child in psutil.Process().children(recursive=True)]
    return WHOLE - sum(held), WHOLE

watching.left_and_whole = of_a_small_machine
"""
EATS = """
import pathlib, time
eaten = []
while True:
    eaten.append(b"x" * 50_000_000)
    pathlib.Path({marker!r}).write_text(str(50 * len(eaten)))
    time.sleep(0.1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals work differently there")
def test_a_report_in_which_one_notebook_eats_memory(tmp_path: Path) -> None:
    """Megabyte after megabyte on a machine that has one and a half thousand: it is ended before these are
    gone, said so, and the other page is there.
    """
    marker = tmp_path / "eaten"
    write_notebook(tmp_path / "notebooks", "measurement", EATS.format(marker=str(marker)))
    write_notebook(tmp_path / "notebooks", "data_quality", "'good'")
    run = subprocess.run(
        [sys.executable, str(program_of(tmp_path, SMALL_MACHINE))],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=shipped.HOME,
        env=os.environ | {"PYTHONPATH": str(shipped.HOME)},
    )
    assert run.returncode == 1
    assert "Measurement failed: it took nearly all of the memory and was stopped" in run.stderr
    assert 900 <= int(marker.read_text()) < 1500
    made = tmp_path / "reports" / "2026-10"
    assert "good" in (made / "data_quality.html").read_text()
    assert left_in(tmp_path / "reports") == [".journal.jsonl", "2026-10"]

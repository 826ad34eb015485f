"""The report of a month: runs the notebooks, makes the pages, and puts them in place in one move.

Knows papermill and no measure. A report that exists is never damaged: everything is made in a hidden
folder beside it and renamed. What a run that died left behind is put right by the next one.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.yaml_files import as_written
from retention_helpers.gate import running_plan
from retention_helpers.report import notebooks, places, plan_file, running
from retention_helpers.report.made_from import made_from
from retention_helpers.report.running import Run
from retention_helpers.shipped import SCHEMA
from retention_helpers.words import left_behind
from retention_helpers.words.commands import DUCKDB, OUT
from retention_helpers.words.errors import BeingMade, InputError
from retention_helpers.words.quotations import masked

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from retention_helpers.business import Business
    from retention_helpers.business.identity import Identity

WORKERS = os.cpu_count() or 1
OF_A_NOTEBOOK, OF_A_MILLION_ROWS = 0.5, 0.1  # gigabytes that one notebook takes, and more where there is more
FINDINGS = "findings.json"
PLAN = "plan.json"  # what a notebook leaves for the running plan
LOTS = "lots.json"  # and whom a lot drew for it
FOR_LISTS = "for_lists.json"  # and for the lists of the days after it, which the report keeps


class NotebooksFailed(Exception):
    """Something in the report did not work; the text says what, why, and where to look.

    Attributes:
        folder: where the pages of this run were put.
    """

    def __init__(self, message: str, folder: Path) -> None:
        super().__init__(message)
        self.folder = folder


def publish(
    data: Path | str,
    month: str,
    out: Path | str,
    only: Sequence[str] = (),
    folder: Path = notebooks.FOLDER,
) -> Path:
    """Make the report of a month ("" = the last whole month in the data) and return its folder.

    `only` names some of the notebooks; their pages never replace a report that has more of them.

    Raises InputError for wrong data or arguments, and where what was read of the data is removed meanwhile
    (nothing is published then), BeingMade where another run makes the report of that month, NotebooksFailed
    when a notebook did not run through: a good report of that month then stays, and what there is of the new
    one goes to `<month>.failed`.
    """
    out = Path(out).resolve()
    paths = notebooks.chosen(only, folder)
    places.refuse_unfit(out)
    places.name_homes_for_tools()
    if month and out.is_dir():
        with locked(out, month):  # said at once where it is being made already
            pass
    with (
        # The kernels' own folder: in notebooks/ they may open nothing but the sample.
        tempfile.TemporaryDirectory(prefix=f"retention-{left_behind.mark()}-") as scratch,
        running.workers(min(WORKERS, len(paths)), scratch, paths) as workers,
    ):
        from retention_helpers import engine as engines
        from retention_helpers.business import open_business
        from retention_helpers.gate.kept import held, still_there

        running_plan.refuse_open(out)
        # This process computes next to nothing: another engine begins in the kernels alone.
        business = open_business(data, month, plan=out, engine=DUCKDB)
        engines.need(engines.chosen(business.settings.engine))
        _refuse_other_business(out, business)
        paths = notebooks.fitting(paths, only, business.tables)
        with (
            held(business.kept),
            locked(out, business.month),
            building(out, business.month) as place,
        ):
            runs = [_run_of(path, business, out, place) for path in paths]
            together = _together(business)
            running.dismiss(workers[together:])
            troubles = running.execute_all(runs, workers[:together])
            if troubles:
                still_there(business.kept)  # else they failed for want of it, and half a report is none
                _refuse_full_disk(troubles)
            made = _make(runs, troubles, business, place, whole=not only)
            if not only and not troubles:
                _renew_plan(runs, business, out)
            return _place(made, troubles, out / business.month, partly=bool(only))


def _together(business: "Business") -> int:
    """How many notebooks run at once: as many as there are cores, and as fit into memory."""
    from retention_helpers.engine.memory import of_report

    rows = sum(source.rows_read for source in business.sources)
    each = OF_A_NOTEBOOK + OF_A_MILLION_ROWS * rows / 1e6
    return max(1, min(WORKERS, int(of_report(business.settings.memory) / each)))


def _refuse_full_disk(troubles: Mapping[str, str]) -> None:
    """Half a report for want of space is none, and would take more of it."""
    for name, trouble in troubles.items():
        if trouble.startswith(notebooks.DISK):
            raise InputError(f"{notebooks.label(name)}: {trouble}")


def _refuse_other_business(out: Path, business: "Business") -> None:
    """A report, or a plan, of another business is never replaced; the sample's is nobody's."""
    plan_file.refuse_other_business(out, business.identity, _sample_identity)
    report = out / business.month
    try:
        found = json.loads((report / FINDINGS).read_text(encoding="utf-8")).get("business")
    except (OSError, ValueError, AttributeError):
        return
    if not found or business.identity.is_of(str(found)):
        return
    if not _sample_identity().is_of(str(found)):
        raise InputError(
            f"{short(report)} holds the report of another business ({found}). Name another folder: {OUT} "
            "If it "
            f"is one of this business, write in {SETTINGS_FILE}: `business: {as_written(str(found))}`"
        )


def _sample_identity() -> "Identity":
    from retention_helpers.business.opening import sample_identity

    return sample_identity()


def _run_of(path: Path, business: "Business", out: Path, building: Path) -> Run:
    """papermill takes any parameter: a notebook without `month` would report the wrong one unnoticed."""
    notebooks.skip_slow_grammar()
    from papermill import inspect_notebook

    notebook = notebooks.read(path)
    part = building / "parts" / path.stem
    part.mkdir(parents=True)
    parameters = {
        "data": str(business.folder),
        "month": business.month,
        "findings_to": str(part / FINDINGS),
    }
    known = inspect_notebook(notebook)
    if "reports" in known:
        parameters["reports"] = str(out)
    missing = [name for name in parameters if name not in known]
    if missing:
        raise InputError(
            f"{path.name} has no parameter {' or '.join(missing)}: its cell tagged `parameters` must "
            "assign data, month and findings_to."
        )
    steps = sum(cell.cell_type == "code" for cell in notebook.cells)
    return Run(
        path,
        notebooks.title(notebook),
        steps,
        part,
        parameters,
        60 * business.settings.step_minutes,
        business.folder,
        business.kept,
        business.done,
    )


def _renew_plan(runs: Sequence[Run], business: "Business", out: Path) -> None:
    """Put what the notebooks planned into the running plan, just before the report takes its place."""
    for drawn in (run.part / LOTS for run in runs if (run.part / LOTS).exists()):
        plan_file.freeze(out, business.identity, drawn.read_text(encoding="utf-8"))
    planned = [run.part / PLAN for run in runs if (run.part / PLAN).exists()]
    if planned:
        rows = [row for path in planned for row in plan_file.planned_rows(path, business.month)]
        plan_file.renew(out, business.identity, business.settings.date_order, business.month, rows)


# --------------------------------------------------------------------------------------- making the pages


def _make(
    runs: Sequence[Run], troubles: dict[str, str], business: "Business", building: Path, whole: bool
) -> Path:
    """Gather what the notebooks left, make the pages, and return the folder that is ready for its place.

    Findings that break their own schema are one more trouble.
    """
    made = building / "report"
    for inner in ("notebooks", "actions"):
        (made / inner).mkdir(parents=True)
    executed = {run.name: _executed(run) for run in runs}
    for run in runs:
        notebook = executed[run.name]
        if notebook:
            notebooks.write(notebook, made / "notebooks" / run.path.name)
    worked = [run for run in runs if run.name not in troubles]
    origin = made_from(business, datetime.now().astimezone())
    findings = _findings(worked, business, origin)
    if whole and not troubles:
        troubles |= _complaint(findings)
    if troubles:
        findings["failed"] = dict(troubles)
    text = json.dumps(findings, indent=1, ensure_ascii=False, allow_nan=False)
    (made / FINDINGS).write_text(text + "\n", encoding="utf-8")
    _gather_lists(worked, made / "actions")
    for left in (run.part / FOR_LISTS for run in worked if (run.part / FOR_LISTS).exists()):
        shutil.copyfile(left, made / f".{FOR_LISTS}")
    is_planned = whole and not troubles and any((run.part / PLAN).exists() for run in runs)
    beside = (f"../{running_plan.XLSX}",) if is_planned else ()
    _write_pages(runs, executed, troubles, business, origin, made, beside)
    return made


def _executed(run: Run) -> "NotebookNode | None":
    """The notebook as it ran, fit to be opened and run again: without papermill's marks and our folders."""
    if not run.executed.exists():
        return None
    notebook = notebooks.read(run.executed)
    kept = []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "papermill-error-cell-tag" in tags:
            continue
        if "injected-parameters" in tags:
            cell["id"] = "injected-parameters"  # papermill draws a random one
            lines = cell.source.splitlines()
            cell.source = "\n".join(line for line in lines if not line.startswith("findings_to ="))
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # its text may repeat a cell of the data
                output.evalue = masked(output.evalue)
                output.traceback = [masked(line) for line in output.traceback]
        kept.append(cell)
    notebook.cells = kept
    return notebook


def _findings(worked: Sequence[Run], business: "Business", made: Mapping[str, Any]) -> dict[str, Any]:
    """What the notebooks found, in one object; each of its keys belongs to one notebook."""
    merged: dict[str, Any] = {
        "schema_version": 1,
        "month": business.month,
        "as_of": business.cut_at,
        "currency": business.currency or None,
        "business": business.identity.mark,
        "made": made,
    }
    owner: dict[str, str] = {}
    for run in worked:
        path = run.part / FINDINGS
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        for key, value in found.items():
            if key in owner and merged[key] != value:
                raise RuntimeError(f"{owner[key]} and {run.name} disagree about the finding {key}")
            owner[key], merged[key] = run.name, value
    return merged


def _complaint(findings: dict[str, Any]) -> dict[str, str]:
    """Where the findings break their schema, which is our mistake and not the owner's."""
    import jsonschema

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(findings))
    if error is None:
        return {}
    place = error.json_path.removeprefix("$.") or "the whole"
    return {FINDINGS: f"a mistake in this software, not in your data: {place}: {error.message}"}


def _gather_lists(worked: Sequence[Run], actions: Path) -> None:
    for run in worked:
        for listed in sorted(run.part.glob("actions/*")):
            if (actions / listed.name).exists():
                raise RuntimeError(f"{run.name} writes {listed.name}, as another notebook does")
            shutil.copyfile(listed, actions / listed.name)


def _write_pages(
    runs: Sequence[Run],
    executed: "Mapping[str, NotebookNode | None]",
    troubles: Mapping[str, str],
    business: "Business",
    origin: Mapping[str, Any],
    made: Path,
    beside: Sequence[str],
) -> None:
    from retention_helpers.report import pages

    edition = pages.Edition(
        business=business.name,
        customers_are=business.customers_are,
        lacks=business.lacks,
        month=business.month,
        as_of=str(business.as_of),
        made_at=datetime.fromisoformat(origin["at"]),
        made_from=origin,
        pages=tuple(
            pages.Page(run.name, run.title, executed[run.name], troubles.get(run.name, "")) for run in runs
        ),
        trouble=troubles.get(FINDINGS, ""),
        lists=(*sorted(f"actions/{path.name}" for path in made.glob("actions/*.csv")), *beside),
    )
    for name, html in pages.render(edition).items():
        (made / name).write_text(html, encoding="utf-8")


# ------------------------------------------------------------------------------------ putting it in place


def _place(made: Path, troubles: Mapping[str, str], target: Path, partly: bool) -> Path:
    """Move what was made to the report's place, or beside it where a better report is there."""
    whole = _is_whole(target)
    if troubles and whole:
        target = target.with_name(f"{target.name}.failed")
    elif partly and whole and _names(target) - _names(made):
        target = target.with_name(f"{target.name}.partial")
    elif not partly and not troubles:
        for beside in ("failed", "partial"):
            shutil.rmtree(target.with_name(f"{target.name}.{beside}"), ignore_errors=True)
    put_in_place(made, target)
    if troubles:
        raise NotebooksFailed(_summary(troubles, target), target)
    return target


def _names(report: Path) -> set[str]:
    return {path.name for path in report.glob("notebooks/*.ipynb")}


def _is_whole(report: Path) -> bool:
    """Whether there is a report here in which nothing failed."""
    findings = report / FINDINGS
    return findings.exists() and "failed" not in json.loads(findings.read_text(encoding="utf-8"))


def put_in_place(made: Path, target: Path) -> None:
    """Two renames: nothing can swap two folders in one. `_heal` knows the moment in between."""
    previous = target.with_name(f".{target.name}.previous")
    if target.exists():
        target.rename(previous)
    try:
        made.rename(target)
    except BaseException:
        if previous.exists():
            previous.rename(target)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _summary(troubles: Mapping[str, str], target: Path) -> str:
    lines = []
    for name, trouble in troubles.items():
        lines.append(f"{notebooks.label(name) if name != FINDINGS else name} failed: {trouble}")
        executed = target / "notebooks" / f"{name}.ipynb"
        if executed.exists():
            lines.append(f"  The notebook as far as it ran: {short(executed)}")
    if target.suffix == ".failed":
        good = target.with_suffix("")
        lines.append(f"The report that was there stays: {short(good / 'index.html')}")
    lines.append(f"The pages of this run: {short(target / 'index.html')}")
    return "\n".join(lines)


def short(path: Path) -> Path:
    """As one would type it from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


# ------------------------------------------------------------------------------- one run at a time, healed


@contextlib.contextmanager
def building(out: Path, month: str) -> Iterator[Path]:
    """A hidden folder for the making of a month, or a day, gone on the way out. Needs the lock."""
    target = out / month
    if target.resolve().parent != out or target.is_symlink():
        raise InputError(f"{target} points elsewhere; a report is only written inside {out}.")
    _heal(out, month)
    if target.exists() and not (target / "index.html").exists():
        raise InputError(f"{target} is there already and was not made here. Move it away, or use --out.")
    place = out / f".{month}.building-{left_behind.mark()}"
    place.mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _heal(out: Path, month: str) -> None:
    """Undo or finish what a run that died left behind, which may be between the two renames."""
    for leftover in out.glob(f".{month}.building-*"):
        shutil.rmtree(leftover)
    left_behind.sweep(out, ".*.building-*")
    for previous in out.glob(f".{month}*.previous"):
        target = out / previous.name.removeprefix(".").removesuffix(".previous")
        if target.exists():
            shutil.rmtree(previous)
        else:
            previous.rename(target)


@contextlib.contextmanager
def locked(out: Path, month: str) -> Iterator[None]:
    """Refuse to make the same report twice at once.

    The system holds the lock, not the file: when a process dies, its lock is gone.
    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / f".{month}.lock", timeout=0):
            yield
    except Timeout:
        raise BeingMade(
            f"That of {month} is being made already. Wait until that is done, or stop it."
        ) from None

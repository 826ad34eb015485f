"""The committed notebooks: one file a question, kept with the outputs that they have on the sample.

Their outputs are documentation and test at once, so only `make notebooks` writes them, and a lock beside
them tells whether anything else did. Heavy modules are imported where they are used: `--help` is instant.
"""

import ast
import contextlib
import gc
import hashlib
import importlib
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retention_helpers.shipped import NOTEBOOKS, QUESTIONS
from retention_helpers.words import left_behind
from retention_helpers.words.errors import InputError, is_of_the_disk, nearest
from retention_helpers.words.quotations import masked

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode

FOLDER = NOTEBOOKS
LOCK = "outputs.lock"
REVIEW = "monthly_review"
START = "start_here"  # where an analyst begins: a question of one's own belongs to no report
BY_HAND = "skip-execution"  # the tag of a cell that only a hand at the screen has use for
READING_ORDER = (REVIEW, *QUESTIONS)
# A notebook that is in a report only where the business brought a table.
STANDS_ON = {"repeat_purchase": "orders", "churn_reasons": "subscriptions", "early_warning": "subscriptions"}
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
SECONDS_A_CELL = 300  # of the committed notebooks
SECONDS_TO_START = 120
OBJECTS_BETWEEN_COLLECTIONS = 20_000  # 700 by default: an expression of ibis alone is of thousands
OWNERS_ERRORS = ("InputError", "Stopped")
DISK = "something could not be written"
TOO_LITTLE_MEMORY = ("MemoryError", "OutOfMemoryException")


def in_reading_order(folder: Path = FOLDER) -> list[Path]:
    """The notebooks of a report; those that the order does not know come last, by name."""
    rank = {name: place for place, name in enumerate(READING_ORDER)}
    every = (path for path in folder.glob("*.ipynb") if path.stem != START)
    return sorted(every, key=lambda path: (rank.get(path.stem, 99), path.stem))


def to_explore(folder: Path = FOLDER) -> list[Path]:
    """All notebooks of a folder: where one begins, and those of a report."""
    return [*folder.glob(f"{START}.ipynb"), *in_reading_order(folder)]


def chosen(only: Sequence[str], folder: Path = FOLDER) -> list[Path]:
    """The notebooks with these names, or all of them; InputError names the nearest right spelling."""
    there = {path.stem: path for path in in_reading_order(folder)}
    if not there:
        raise InputError(f"There are no notebooks in {folder}.")
    for name in only:
        if name not in there:
            raise InputError(f"There is no notebook called {name}. {nearest(name, there)}")
    return [path for name, path in there.items() if not only or name in only]


def fitting(paths: Sequence[Path], only: Sequence[str], tables: Collection[str]) -> list[Path]:
    """Those of the notebooks that can speak of a business with these tables.

    Raises InputError for one that was asked for by its name and cannot.
    """
    lacking = {
        path.stem: table for path in paths if (table := STANDS_ON.get(path.stem)) and table not in tables
    }
    for name in only:
        if name in lacking:
            raise InputError(f"{name} stands on {lacking[name]}, and this business brings none.")
    return [path for path in paths if path.stem not in lacking]


def label(name: str) -> str:
    """The short name of a notebook in menus and messages.

    >>> label("data_quality")
    'Data quality'
    """
    return name.replace("_", " ").capitalize()


def title(notebook: "NotebookNode") -> str:
    """The question that a notebook answers: its first heading of the first level, or ""."""
    for cell in notebook.cells:
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else ():
            if line.startswith("# "):
                return str(line[2:].strip())
    return ""


def skip_slow_grammar() -> None:
    """Call before anything imports nbformat: saves 2.7 s in every process.

    jsonschema, which nbformat imports, builds a grammar for international web addresses at import. It does
    without when the module is missing, and no notebook has such an address to check.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def read(path: Path) -> "NotebookNode":
    """A notebook from its file; InputError when the file is none."""
    skip_slow_grammar()
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata.setdefault("kernelspec", dict(KERNELSPEC))  # whatever wrote it, Python runs it
        return notebook
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, AttributeError) as error:
        raise InputError(f"{path} is not a notebook that can be read: {error}") from error


def write(notebook: "NotebookNode", path: Path) -> None:
    """Write a notebook so that two runs differ only where their cells and outputs differ."""
    skip_slow_grammar()
    import nbformat

    tidy(notebook)
    nbformat.write(notebook, path)


def tidy(notebook: "NotebookNode") -> None:
    """Keep of the metadata what a reader needs: the kernel's name and the tags of the cells."""
    notebook.metadata.clear()
    notebook.metadata["kernelspec"] = dict(KERNELSPEC)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata.clear()
        if tags:
            cell.metadata["tags"] = tags


def imports(paths: Iterable[Path]) -> list[str]:
    """The modules that the cells of these notebooks import, each once, in the order of the cells."""
    names: dict[str, None] = {}
    for path in paths:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                names.update(dict.fromkeys(_imported("".join(cell["source"]))))
    return list(names)


def import_ahead(paths: Iterable[str]) -> None:
    """Import what these notebooks import, before anybody waits for it. Runs in a kernel, or what it copies.

    What fails here fails again in the notebook, and is reported there.
    """
    with contextlib.suppress(ValueError, KeyError, OSError):
        for name in imports(map(Path, paths)):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    # What was imported stays: it is not looked through again with every collection, and these are fewer.
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def _imported(source: str) -> list[str]:
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a magic, or a mistake that the run will show
        return []
    names: list[str] = []
    for statement in statements:
        if isinstance(statement, ast.Import):
            names += [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            names.append(statement.module)
            # `from package import module`: importing a name that is no module fails, harmlessly
            names += [f"{statement.module}.{alias.name}" for alias in statement.names]
    return names


def start_kernel(folder: Path, scratch: Path, ahead_for: Sequence[Path] = ()) -> "AsyncKernelManager":
    """Start a kernel in a folder; it imports what these notebooks will need while the caller gets on.

    The files through which one speaks to it lie in `scratch`, which is the caller's to remove.
    """
    skip_slow_grammar()
    import zmq
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync

    kernel = AsyncKernelManager(
        kernel_name="python3",
        **_channels(scratch),
        # What a kernel sends holds customers: not in the clear, even within this machine.
        transport_encryption="required" if zmq.has("curve") else "disabled",
    )
    arguments = [
        "--HistoryManager.hist_file=:memory:",  # else cells land in the owner's own history
        "--IPKernelApp.log_level=ERROR",  # no word about a parent that was stopped with Ctrl-C
    ]
    if ahead_for:
        # an expression, for it must leave no name behind
        code = f"__import__({__name__!r}).notebooks.import_ahead({[str(path) for path in ahead_for]!r})"
        arguments.append(f"--IPKernelApp.code_to_run={code}")
    environment = os.environ | {
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger, which nobody uses here, warns
        "IPYTHONDIR": str(scratch / "ipython"),  # no start-up file of the owner's runs in a report
    }
    run_sync(kernel.start_kernel)(cwd=str(folder), extra_arguments=arguments, env=environment)
    return kernel


def _channels(scratch: Path) -> dict[str, str]:
    """Files, where the system has them: two kernels that start at once can be given the same port."""
    if sys.platform == "win32":
        return {}
    return {"transport": "ipc", "ip": str(scratch / uuid.uuid4().hex[:8])}


def stop_kernel(kernel: "AsyncKernelManager") -> None:
    """End a kernel at once; one that has ended already is fine."""
    from jupyter_core.utils import run_sync

    run_sync(kernel.shutdown_kernel)(now=True)


def clear_kernel(kernel: "AsyncKernelManager") -> None:
    """Make a kernel forget every name and count from 1 again, and give back the memory.

    What it imported stays imported.
    """
    _silently(kernel, "get_ipython().reset(new_session=True)")
    _silently(kernel, "__import__('retention_helpers.engine').engine.give_back()")


def pin(kernel: "AsyncKernelManager", *places: Path) -> None:
    """Let a kernel open a data folder as a reading kept it, whatever lies in it by now.

    The places are the folder, that of the reading, and that of what the running plan brought, if anything.
    """
    paths = f"*map(__import__('pathlib').Path, {[str(place) for place in places]!r})"
    _silently(kernel, f"__import__('retention_helpers.gate.kept').gate.kept.pin({paths})")


def _silently(kernel: "AsyncKernelManager", expression: str) -> None:
    """Evaluate an expression in a kernel, which leaves no name, no output and no number behind."""
    from jupyter_core.utils import run_sync

    async def ask() -> None:
        client = kernel.client()
        client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        try:
            said = await client.execute(expression, silent=True, store_history=False, reply=True, timeout=60)
            if said["content"]["status"] != "ok":
                raise RuntimeError(f"the kernel could not {expression}")
        finally:
            client.stop_channels()

    run_sync(ask)()


def fault(notebook: "NotebookNode") -> str:
    """Why an executed notebook cannot be trusted; "" when every code cell ran, once, in order.

    Cells for a hand at the screen (`BY_HAND`) are left out: nothing runs them by itself.

    The tools' own word is not enough: after a time-out, a dead kernel or `sys.exit(0)` papermill calls a
    notebook completed.
    """
    cells = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.strip() and BY_HAND not in cell.metadata.get("tags", [])
    ]
    for cell in cells:
        for output in cell.outputs:
            if output.output_type == "error":
                return blamed(output.ename, output.evalue)
    ran = [cell.execution_count for cell in cells if cell.execution_count is not None]
    if len(ran) < len(cells):
        return f"it stopped after step {len(ran)} of {len(cells)}"
    if ran != list(range(1, len(cells) + 1)):
        return "its steps did not run once each, in order"
    return ""


def unwritten(why: str) -> str:
    """That something could not be written, and why: a disk that is full, read-only, or gone."""
    return f"{DISK}: {why} Free some space there, or allow writing."


def blamed(kind: str, said: str) -> str:
    """An error in words that tell an owner whose it is."""
    last = masked(said.strip().splitlines()[-1]) if said.strip() else ""
    if kind in OWNERS_ERRORS:
        return said.strip()
    if kind in TOO_LITTLE_MEMORY:
        return "there was too little memory, or space on the disk; close other programs and try again"
    if is_of_the_disk(said):
        return unwritten(f"{last}.")
    return f"a mistake in this software, not in your data: {kind}: {last}".removesuffix(": ")


def execute(path: Path) -> str:
    """Run a committed notebook on the sample and write its outputs in place.

    Returns what went wrong, or ""; then the file is as it was.
    """
    notebook = read(path)
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    with tempfile.TemporaryDirectory(prefix=f"retention-{left_behind.mark()}-") as scratch:
        kernel = start_kernel(path.parent, Path(scratch))
        try:
            NotebookClient(notebook, km=kernel, timeout=SECONDS_A_CELL).execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return str(error).strip()
        finally:
            stop_kernel(kernel)
    trouble = fault(notebook)
    if not trouble:
        write(notebook, path)
    return trouble


def execute_all(folder: Path = FOLDER) -> dict[str, str]:
    """Run every notebook of a folder on the sample and write the lock; returns what went wrong by name."""
    paths = to_explore(folder)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        troubles = {path.stem: trouble for path, trouble in zip(paths, pool.map(execute, paths), strict=True)}
    failed = {name: trouble for name, trouble in troubles.items() if trouble}
    if not failed:
        (folder / LOCK).write_text(lock(folder), encoding="utf-8")
    return failed


def lock(folder: Path = FOLDER) -> str:
    """One line a notebook: the SHA-256 of its sources, tags and outputs, and its file name."""
    return "".join(f"{_digest(read(path))}  {path.name}\n" for path in sorted(folder.glob("*.ipynb")))


def _digest(notebook: "NotebookNode") -> str:
    cells = [
        [
            cell.cell_type,
            cell.source,
            cell.metadata.get("tags", []),
            cell.get("execution_count"),
            cell.get("outputs", []),
        ]
        for cell in notebook.cells
    ]
    text = json.dumps(cells, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def unlocked(folder: Path = FOLDER) -> list[str]:
    """The notebooks that are not as `make notebooks` wrote them, a sentence each."""
    path = folder / LOCK
    locked = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    now = lock(folder).splitlines()
    names = sorted({line.partition("  ")[2] for line in set(locked) ^ set(now)})
    return [f"{name} is not as `make notebooks` wrote it." for name in names]


def copy_for_exploring(
    data: Path, month: str, work: Path, folder: Path = FOLDER, *, first: Mapping[str, Any] | None = None
) -> Path:
    """Copies of the notebooks whose parameters name the owner's data, outside version control.

    Returns their folder. A copy that is there already keeps its cells, for they may be the owner's own
    work; only the folder and the month are filled in anew. `first` are parameters of a new copy.
    """
    target = work / (f"{data.name}-{month}" if month else data.name)
    target.mkdir(parents=True, exist_ok=True)
    for path in to_explore(folder):
        copy = target / path.name
        values: dict[str, Any] = {"data": str(data.resolve()), "month": month}
        if not copy.exists():
            shutil.copyfile(path, copy)
            _without_outputs(copy)
            values |= first or {}
        notebook = read(copy)
        for cell in notebook.cells:
            if "parameters" in cell.metadata.get("tags", []):
                cell.source = fill_in(cell.source, values)
        write(notebook, copy)
    return target


def _without_outputs(path: Path) -> None:
    """The sample's outputs would look like the owner's."""
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    write(notebook, path)


def fill_in(source: str, values: Mapping[str, Any]) -> str:
    """A parameters cell with other defaults; annotations and comments stay.

    >>> fill_in('month: str = "2026-10"  # the month', {"month": "2026-09"})
    'month: str = "2026-09"  # the month'
    """
    lines = source.splitlines()
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.AnnAssign | ast.Assign) or statement.value is None:
            continue
        target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
        if isinstance(target, ast.Name) and target.id in values:
            old, row = statement.value, statement.value.lineno - 1
            # ast counts columns in UTF-8 bytes
            line = lines[row].encode()
            before, after = line[: old.col_offset], line[old.end_col_offset :]
            lines[row] = (
                before + json.dumps(values[target.id], ensure_ascii=False).encode() + after
            ).decode()
    return "\n".join(lines)

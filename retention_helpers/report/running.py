"""Running notebooks: two processes, each with a kernel under way before there is anything to run.

Knows papermill and jupyter's kernels, and neither pages nor measures.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.report import notebooks
from retention_helpers.report.watching import Limit, Watch
from retention_helpers.words.errors import InputError, of_the_disk
from retention_helpers.words.formats import count, trimmed
from retention_helpers.words.terminal import steerable

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode


CAN_COPY = sys.platform == "linux"  # elsewhere a copied process may not call what the system brings
PROCESSES = multiprocessing.get_context("forkserver" if CAN_COPY else "spawn")
AHEAD = "retention_helpers.report.ahead"
LONGEST_WAIT = 12  # times the patience: for another notebook, for a busy machine
TOO_MUCH = "it took nearly all of the memory and was stopped; close other programs, or narrow the data"


@dataclass(frozen=True)
class Run:
    """One notebook, to be run for a month.

    Attributes:
        path: the notebook as committed.
        title: the question it answers.
        steps: how many code cells it has.
        part: the private folder that takes its findings, its lists and the executed notebook.
        parameters: what replaces the defaults of its parameters.
        patience: how many seconds one of its cells may work; it may wait for others longer.
        data: the data folder, which is opened as the reading in `kept` found it.
        done: what the running plan brought to it; None: nothing.
    """

    path: Path
    title: str
    steps: int
    part: Path
    parameters: Mapping[str, str]
    patience: float
    data: Path
    kept: Path
    done: Path | None = None

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def executed(self) -> Path:
        return self.part / self.path.name


class Worker:
    """A process with a kernel of its own, both under way before there is anything to run.

    Attributes:
        run: what it is at.
    """

    def __init__(self, scratch: str, ahead: Sequence[Path]) -> None:
        self._given = (scratch, ahead)
        self.run: Run | None = None
        self.begin()

    def begin(self) -> None:
        """Start the process: anew after trouble, with which it ends."""
        self.line, theirs = PROCESSES.Pipe()
        self.process: BaseProcess = PROCESSES.Process(  # type: ignore[attr-defined]
            target=_work, args=(theirs, *self._given)
        )
        # Ctrl-C reaches every process of the terminal. This one decides; a worker is told with SIGTERM.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.process.start()
        finally:
            signal.signal(signal.SIGINT, handler)
        theirs.close()


@contextlib.contextmanager
def workers(count: int, scratch: str, ahead: Sequence[Path]) -> Iterator[list[Worker]]:
    """Processes, not threads: papermill changes the directory of the whole process.

    Where the system can, they and their kernels are copies of one process that has imported what they need.
    Whatever happens inside, all of these have ended on the way out.
    """
    PROCESSES.set_forkserver_preload([AHEAD])
    workers = [Worker(scratch, ahead) for _ in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join(timeout=10)
            worker.process.kill()
        if CAN_COPY:  # else the next report of this process finds the environment of this one
            from multiprocessing.forkserver import _forkserver

            _forkserver._stop()  # type: ignore[attr-defined]


def dismiss(workers: Sequence[Worker]) -> None:
    """End these before there is anything to run."""
    for worker in workers:
        worker.process.terminate()
        worker.process.join(timeout=10)


def _work(line: Connection, scratch: str, ahead: Sequence[Path]) -> None:
    """Run what comes down the line, one notebook after another, and answer what went wrong, or "".

    The same kernel, emptied, runs all of them, for its imports cost more than most notebooks; after trouble
    the process ends, and the kernel with it.
    """
    kernel: AsyncKernelManager | None = None

    def leave(*_: object) -> None:
        # Not by raising: that would surface in the tools' event loop, which may swallow it.
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        if kernel:
            kernel.cleanup_connection_file()
        os._exit(0)

    signal.signal(signal.SIGTERM, leave)
    if CAN_COPY:
        from retention_helpers.report import kernels

        kernels.are_copies()
    kernel = notebooks.start_kernel(Path(scratch), Path(scratch), ahead)
    watch = Watch(leave)
    try:
        import papermill  # noqa: F401  (the kernel is importing, too)

        trouble = ""
        while not trouble:
            run: Run = line.recv()
            trouble = _execute(run, kernel, line)
            if watch.has_stopped:
                trouble = TOO_MUCH
            line.send(trouble)
            if not trouble:
                notebooks.clear_kernel(kernel)
    except EOFError:
        return
    finally:
        notebooks.stop_kernel(kernel)


def _execute(run: Run, kernel: "AsyncKernelManager", line: Connection) -> str:
    """Run one notebook with papermill and return what went wrong, or ""."""
    import logging

    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    # Its log repeats, in its own words, what the page and the summary say.
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    under_way: list[NotebookNode] = []
    limit = Limit(_process_of(kernel), run.patience)
    try:
        notebooks.pin(kernel, *filter(None, (run.data, run.kept, run.done)))
        papermill.execute_notebook(
            notebooks.read(run.path),
            # papermill formats the path as if it were a template
            str(run.executed).replace("{", "{{").replace("}", "}}"),
            dict(run.parameters),
            cwd=os.getcwd(),
            progress_bar=False,
            request_save_on_cell_execute=False,  # else it writes every figure anew after every cell
            start_timeout=notebooks.SECONDS_TO_START,
            execution_timeout=round(LONGEST_WAIT * run.patience + 1),
            km=kernel,
            on_cell_start=lambda cell, cell_index: limit.begin(),
            on_notebook_start=lambda notebook: under_way.append(notebook),
            on_cell_executed=lambda cell, cell_index, execute_reply: line.send(None),
        )
    except papermill.PapermillExecutionError:
        pass  # the executed notebook holds it
    except Exception as error:
        # papermill writes nothing then; the owner wants to see how far it came.
        with contextlib.suppress(OSError):
            for notebook in under_way:
                notebooks.write(notebook, run.executed)
        if limit.has_stopped or isinstance(error, CellTimeoutError):
            return _too_long(run.patience)
        if isinstance(error, DeadKernelError):
            return "the process that ran it ended without a word; most often there is too little memory"
        if isinstance(error, OSError):
            return notebooks.unwritten(of_the_disk(error, ""))
        return notebooks.blamed(type(error).__name__, str(error))
    finally:
        limit.end()
    try:
        return notebooks.fault(notebooks.read(run.executed))
    except (InputError, OSError):  # papermill keeps to itself that it could not write all of it
        return notebooks.unwritten(f"{run.executed}: no space left on device, or it is gone.")


def _process_of(kernel: "AsyncKernelManager") -> psutil.Process:
    from jupyter_client.provisioning import LocalProvisioner

    assert isinstance(kernel.provisioner, LocalProvisioner)
    return psutil.Process(kernel.provisioner.pid)


def _too_long(patience: float) -> str:
    """What to do about a step that was stopped."""
    minutes = patience / 60
    return (
        f"one step worked for longer than {trimmed(minutes)} minutes and was stopped. Where there are very "
        f"many customers, give it longer: write `step_minutes: {trimmed(3 * minutes)}` into "
        f"{SETTINGS_FILE}, or more `memory`, and start again: what other pages have computed is kept"
    )


def execute_all(runs: Sequence[Run], workers: list[Worker]) -> dict[str, str]:
    """Run every notebook, the review last, as the others lead up to it. Returns what went wrong by name."""
    from retention_helpers.report import pages

    waiting = sorted(runs, key=lambda run: run.name == notebooks.REVIEW)
    troubles: dict[str, str] = {}
    with _Progress(sum(run.steps for run in runs)) as progress:
        for worker in workers:
            _hand_over(waiting, worker)
        pages.prepare()
        while busy := {worker.line: worker for worker in workers if worker.run}:
            for line in wait(list(busy)):
                worker = busy[line]  # type: ignore[index]
                assert worker.run
                try:
                    trouble = worker.line.recv()
                except EOFError:
                    trouble = "the process that ran it ended without a word"
                if trouble is None:
                    progress.step(worker.run)
                    continue
                if trouble:
                    troubles[worker.run.name] = trouble
                progress.done(worker.run, trouble)
                if trouble and waiting:
                    worker.begin()
                _hand_over(waiting, worker)
    return troubles | {run.name: "it was not run" for run in waiting}


def _hand_over(waiting: list[Run], worker: Worker) -> None:
    """The next notebook, or the end of the line: then it stops its kernel while the pages are made."""
    worker.run = waiting.pop(0) if waiting else None
    if worker.run:
        worker.line.send(worker.run)
    else:
        worker.line.close()


class _Progress:
    """One bar on a terminal, a line for each notebook elsewhere."""

    def __init__(self, steps: int) -> None:
        from tqdm import tqdm

        self.started = time.monotonic()
        is_hidden = not sys.stderr.isatty()
        self.bar = tqdm(total=steps, unit="step", disable=is_hidden, leave=False, file=steerable(sys.stderr))

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def step(self, run: Run) -> None:
        self.bar.set_description(notebooks.label(run.name), refresh=False)
        self.bar.update()

    def done(self, run: Run, trouble: str) -> None:
        if self.bar.disable:
            seconds = time.monotonic() - self.started
            print(
                f"{count(round(seconds)):>4} s  {notebooks.label(run.name)}{': ' if trouble else ''}{trouble}"
            )

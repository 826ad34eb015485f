"""Watches over a process that runs notebooks: it ends with its parent, its kernel before memory does, and
a step that works for too long.
"""

import contextlib
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import wait

import psutil

from retention_helpers.engine.memory import left_and_whole

EVERY = 0.5  # seconds
LEAST_LEFT = 0.04  # of the memory; below, the system begins to end processes as it likes
LARGE = 0.2  # of the memory: a kernel below that is not who took it


class Watch:
    """A thread beside the work.

    Attributes:
        has_stopped: whether it has ended a kernel for want of memory.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        self.has_stopped = False
        self._leave = leave
        threading.Thread(target=self._go_on, daemon=True).start()

    def _go_on(self) -> None:
        parent = parent_process()
        while parent and not wait([parent.sentinel], EVERY):
            self.look()
        self._leave()

    def look(self) -> None:
        """End the largest child where hardly any memory is left and it holds much of it."""
        left, whole = left_and_whole()
        if left >= LEAST_LEFT * whole:
            return
        held = {child: _held(child) for child in psutil.Process().children(recursive=True)}
        if held and max(held.values()) > LARGE * whole:
            largest = max(held, key=lambda child: held[child])
            self.has_stopped = True
            largest.kill()


class Limit:
    """Ends a process whose step has worked for too long: by the processor's time, so that waiting is free.

    Attributes:
        has_stopped: whether it has.
    """

    def __init__(self, process: psutil.Process, seconds: float) -> None:
        self.has_stopped = False
        self._process, self._seconds, self._is_over = process, seconds, threading.Event()
        self.begin()
        threading.Thread(target=self._go_on, daemon=True).start()

    def begin(self) -> None:
        """From now on the seconds of the next step count."""
        self._begun = self._worked()

    def end(self) -> None:
        self._is_over.set()

    def _worked(self) -> float:
        with contextlib.suppress(psutil.Error):
            times = self._process.cpu_times()
            return float(times.user + times.system)
        return 0.0

    def _go_on(self) -> None:
        while not self._is_over.wait(min(1.0, self._seconds / 2)):
            if self._worked() - self._begun > self._seconds:
                self.has_stopped = True
                with contextlib.suppress(psutil.Error):
                    self._process.kill()
                return


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has just ended
        return 0

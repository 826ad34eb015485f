"""What a piece of Python takes in a process of its own: time, time of the processor, memory."""

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import psutil


class Taken(NamedTuple):
    """Seconds by the clock, seconds of the processor, and the largest resident memory in GB."""

    seconds: float
    processor: float
    memory: float


def run(code: str, *arguments: Path) -> Taken:
    """Run it to its end, looked at a hundred times a second; stops the bench where it fails."""
    before, begun, peak = _processor(), time.perf_counter(), 0
    process = psutil.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.DEVNULL)
    while process.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.Error:
            break
        time.sleep(0.01)
    if process.wait():
        raise SystemExit("it failed")
    return Taken(time.perf_counter() - begun, _processor() - before, peak / 1e9)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

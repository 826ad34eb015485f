"""How much memory there is: of the machine, or of the container in it where that has less."""

from pathlib import Path

import psutil

_LIMIT, _USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


def left_and_whole() -> tuple[int, int]:
    """Bytes that are left and bytes in all."""
    machine = psutil.virtual_memory()
    try:
        limit, used = int(_LIMIT.read_text()), int(_USED.read_text())
    except (OSError, ValueError):  # no container, or one without a limit
        return machine.available, machine.total
    return min(machine.available, limit - used), min(machine.total, limit)


def of_report(wanted: float = 0.0) -> float:
    """How many gigabytes a report may take: as many as its owner says, else half of what there is."""
    return wanted or left_and_whole()[1] / 2e9

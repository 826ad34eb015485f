"""How much memory there is: of the machine, or of the container in it where that has less."""

import re
from pathlib import Path

import psutil

_GROUPS = Path("/sys/fs/cgroup")
# What a container may take, what it has taken, and what of that are files that can be dropped at any time:
# as systems of today say it, and as those of before 2020 do.
_SAID_IN = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
)


def left_and_whole() -> tuple[int, int]:
    """Bytes that are left and bytes in all."""
    machine = psutil.virtual_memory()
    for said in _SAID_IN:
        try:
            limit, used = _of_container(*said)
        except (OSError, ValueError):  # no container, or one without a limit
            continue
        return min(machine.available, limit - used), min(machine.total, limit)
    return machine.available, machine.total


def _of_container(limit: str, used: str, stat: str, droppable: str) -> tuple[int, int]:
    """Its limit, and what it holds; files that were read count as taken until somebody needs the place."""
    found = re.search(rf"^{droppable} (\d+)$", (_GROUPS / stat).read_text(), re.MULTILINE)
    files = int(found[1]) if found else 0
    return int((_GROUPS / limit).read_text()), int((_GROUPS / used).read_text()) - files


def of_report(wanted: float = 0.0) -> float:
    """How many gigabytes a report may take: as many as its owner says, else half of what there is."""
    return wanted or left_and_whole()[1] / 2e9

"""Folders of a run have its number in their name: what a run that died left there, the next removes."""

import os
import re
import shutil
from pathlib import Path

import psutil

_NUMBER = re.compile(r"(?:^|[.-])run(\d+)(?:-|$)")


def mark() -> str:
    """What to put into the name of a folder that is this run's alone.

    >>> is_left_behind(f".building-{mark()}-x"), is_left_behind("2026-10"), is_left_behind("run999999999")
    (False, False, True)
    """
    return f"run{os.getpid()}"


def is_left_behind(name: str) -> bool:
    """Whether a name is of a run that has ended."""
    found = _NUMBER.search(name)
    return found is not None and not psutil.pid_exists(int(found[1]))


def sweep(folder: Path, pattern: str) -> None:
    """Remove what runs that have ended left in a folder."""
    for path in folder.glob(pattern):
        if is_left_behind(path.name):
            shutil.rmtree(path, ignore_errors=True)

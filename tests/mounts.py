"""Disks that are full, read-only or small, where the system lets us make them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of so many megabytes in memory at a folder; the test is skipped where none can be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    if not _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)):
        pytest.skip("this user cannot mount a disk, so none can be full here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def make_read_only(folder: Path) -> None:
    """A mounted disk from now on takes no writing."""
    assert _mount("-o", "remount,ro", str(folder)), "what could be mounted can be remounted"
    assert not os.access(folder, os.W_OK)


def _mount(*arguments: str) -> bool:
    try:
        return not subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode
    except OSError:
        return False

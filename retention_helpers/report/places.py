"""Where a report is written: what can be known of a folder before anything runs."""

import os
import shutil
import tempfile
from pathlib import Path

from retention_helpers.shipped import cache
from retention_helpers.words import left_behind
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import count

OF_A_REPORT = (
    30  # megabytes: pages, lists, executed notebooks, beside the report that stays until they are there
)
OF_SCRATCH = 1  # the kernels' sockets
MEGABYTE = 1_000_000


def refuse_unfit(out: Path) -> None:
    """Raise InputError where nothing can be written in the reports' folder, or among temporary files.

    What runs that died left there is swept away first: it may be what fills them.
    """
    try:
        scratch = Path(tempfile.gettempdir())
    except OSError:
        raise InputError(
            "There is no folder for temporary files that can be written. Free some space, or name one: "
            "TMPDIR=…"
        ) from None
    left_behind.sweep(scratch, "retention-*")
    _refuse_unfit(scratch, OF_SCRATCH, "Free some space there, or name another folder: TMPDIR=…")
    _refuse_unfit(out, OF_A_REPORT, "Free some space, allow writing there, or name another folder: --out DIR")


def name_homes_for_tools() -> None:
    """Where the home cannot be written, the tools of the kernels keep their own files in our cache."""
    if not os.access(Path.home(), os.W_OK):
        for variable, name in (("MPLCONFIGDIR", "matplotlib"), ("IPYTHONDIR", "ipython")):
            os.environ.setdefault(variable, str(cache() / name))


def _refuse_unfit(folder: Path, megabytes: int, way_out: str) -> None:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        reason = (error.strerror or "it cannot be written").lower()
        raise InputError(f"Nothing can be written in {folder} ({reason}). {way_out}") from None
    if free < megabytes * MEGABYTE:
        raise InputError(
            f"{folder} has {count(free // MEGABYTE)} MB left; {count(megabytes)} are needed. {way_out}"
        )

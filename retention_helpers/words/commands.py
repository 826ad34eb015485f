"""How the commands are called here: with `make` in a checkout, as `retention` in an installed copy."""

import shlex
from pathlib import Path

from retention_helpers.shipped import IS_CHECKOUT

PROGRAM = ".venv/bin/python -m retention_helpers" if IS_CHECKOUT else "retention"
DUCKDB, SPARK = ENGINES = ("duckdb", "spark")
ENGINE = "RETENTION_ENGINE"  # the variable that names one; the kernels of a report inherit it
OUT = "OUT=…" if IS_CHECKOUT else "--out …"
BUSY = 3  # the exit status of a run that finds another making the same


def command(words: str) -> str:
    """A command as it is typed here, such as `retention plan`."""
    return f"{PROGRAM} {words}".strip()


def report_on(folder: Path | str) -> str:
    """How the report of a data folder is made."""
    return _on(folder, "report", "report")


def explore(folder: Path | str) -> str:
    """How a data folder is explored in notebooks of its own."""
    return _on(folder, "lab", "explore")


def draw(campaign: str, folder: Path | str) -> str:
    """How a standing campaign is drawn and written down, such as `retention draw silent --data mine`."""
    return command(f"draw {campaign} --data {shlex.quote(str(folder))}")


def _on(folder: Path | str, target: str, name: str) -> str:
    where = shlex.quote(str(folder))
    return f"make {target} DATA={where}" if IS_CHECKOUT else command(f"{name} --data {where}")

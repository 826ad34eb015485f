"""Whether both engines say the same, and at what price: part of `make bench`.

1. Every notebook of the sample, on DuckDB and on Spark: each finding as it is written (nine digits, every
   row in its place), and how long the notebook takes on each.
2. Random businesses of some twenty customers (those of the laws of measurement: time zones, ends around
   midnights and the nights in which clocks are set, gaps, pauses, missing amounts): every table of the laws.
3. What the notebooks ask of DuckDB, compiled for the engines of `tests/engine/test_every_engine.py`: what has
   no words there.

It prints each difference, and fails where there is any. Without Spark it says so and measures nothing.
"""

import argparse
import functools
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS), str(TESTS / "engine"), str(TESTS / "measurement")]

from cells import run_cells  # noqa: E402
from conftest import OF_SPARK, write_folder  # noqa: E402
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from test_every_engine import DIALECTS, noted, unsaid  # noqa: E402
from test_laws import World, measured, worlds  # noqa: E402

from retention_helpers import engine  # noqa: E402
from retention_helpers.business import SAMPLE, opening  # noqa: E402
from retention_helpers.shipped import NOTEBOOKS, QUESTIONS  # noqa: E402
from retention_helpers.words.commands import DUCKDB, ENGINE, SPARK  # noqa: E402
from retention_helpers.words.errors import InputError  # noqa: E402
from retention_helpers.words.formats import iso_month  # noqa: E402

MONTH = "2026-10"
BOOKS = (*QUESTIONS, "monthly_review")
MOST_SHOWN = 5  # differences of a notebook or a business


def findings(book: str, on: str, home: Path) -> tuple[Any, float]:
    """What a notebook hands on from the sample on an engine, and its seconds."""
    path = home / f"{book} on {on}.json"
    once = functools.partial(opening.open_business, cache=home / f"cache of {on}")
    began = time.perf_counter()
    with patch("retention_helpers.business.open_business", once), patch.dict(os.environ, {ENGINE: on}):
        told = {"data": str(SAMPLE), "month": MONTH, "findings_to": str(path), "reports": ""}
        run_cells(NOTEBOOKS / f"{book}.ipynb", told)
    return json.loads(path.read_text(encoding="utf-8")), time.perf_counter() - began


def differences(here: Any, there: Any, at: str = "") -> Iterator[str]:
    """Where two findings part, by path."""
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        for key in dict.fromkeys((*here, *there)):
            yield from differences(here.get(key), there.get(key), f"{at}.{key}")
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for nth, pair in enumerate(zip(here, there, strict=True)):
            yield from differences(*pair, f"{at}[{nth}]")
    elif here != there:
        yield f"{at}: {here!r} on {DUCKDB}, {there!r} on {SPARK}"


def values(found: Any) -> int:
    """How many values findings hold."""
    if isinstance(found, Mapping | list):
        parts = found.values() if isinstance(found, Mapping) else found
        return sum(map(values, parts))
    return 1


def compared_books(books: Sequence[str], home: Path) -> int:
    """The notebooks that say something else, each printed with its times."""
    differing = 0
    print(f"{'notebook':22} {'values':>7} {'differ':>7} {DUCKDB:>8} {SPARK:>8}")
    asked: dict[Any, Any] = {}
    for book in books:
        with noted() as expressions:
            here, fast = findings(book, DUCKDB, home)
        asked |= expressions
        there, slow = findings(book, SPARK, home)
        found = list(differences(here, there))
        print(f"{book:22} {values(here):7,} {len(found):7,} {fast:6.1f} s {slow:6.1f} s", flush=True)
        print(*found[:MOST_SHOWN], sep="\n", end="\n" if found else "")
        differing += bool(found)
    for name in DIALECTS:
        print(f"{name}: {len(asked):,} expressions, without words {unsaid(name, asked.values()) or 'none'}")
    return differing


def compared_businesses(many: int, home: Path) -> int:
    """The random businesses of which an engine says something else."""
    differing: list[World] = []
    nth = iter(range(10**6))

    @settings(
        max_examples=many, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(worlds())
    def compare(world: World) -> None:
        folder = write_folder(
            home / f"world {next(nth)}",
            world.spans,
            cancellations=world.cancellations,
            settings=world.settings,
        )
        told = []
        for on in (DUCKDB, SPARK):
            business = opening.open_business(
                folder, iso_month(world.month), cache=home / f"worlds of {on}", engine=on
            )
            told.append(measured(business))
            business.close()
        found = [name for name in told[0] if told[0][name] != told[1][name]]
        if found:
            differing.append(world)
            print(f"{folder.name} ({world.zone}, {world.month}): {', '.join(found)} differ")

    compare()
    print(f"{many} random businesses: {len(differing)} differ")
    return len(differing)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", choices=BOOKS, default=BOOKS, help="these notebooks")
    parser.add_argument("--businesses", type=int, default=5, help="random ones")
    options = parser.parse_args()
    try:
        engine.need(SPARK)
    except InputError as missing:
        print(f"The engines are not compared: {missing}")
        return 0
    with TemporaryDirectory() as made:
        home = Path(made)
        (home / "spark-defaults.conf").write_text(OF_SPARK)
        os.environ.setdefault("SPARK_CONF_DIR", str(home))
        os.environ.setdefault("RETENTION_SPARK", "local[2]")
        differing = compared_books(options.only, home) + compared_businesses(options.businesses, home)
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())

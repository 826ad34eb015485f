"""What events that stay in PostgreSQL save, and that no number differs: part of `make bench`.

1. Every notebook of the sample but that of its files, its events in a file and in a database: each finding.
2. A million events, ten to a customer's day, brought from a database (`import`) and left there: seconds of
   the reading and of the passes over them, and the bytes that came from the server, counted on the way.
"""

import argparse
import functools
import gzip
import json
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))

import postgres
import psycopg
import yaml
from cells import run_cells
from conftest import write_folder
from engines import BOOKS, MONTH, MOST_SHOWN, differences, values

from retention_helpers.business import SAMPLE, Business, months, open_business, opening
from retention_helpers.churn_reasons.did import kept_kinds_of_use
from retention_helpers.churned_vs_retained.use import kept_early_days
from retention_helpers.measurement import activity, sessions, usage
from retention_helpers.shipped import NOTEBOOKS

VARIABLE = "BENCH_DATABASE"
COMPARED = [book for book in BOOKS if book != "data_quality"]  # which tells of the files themselves
CUSTOMERS = 5_000
EVENTS = f"""INSERT INTO events SELECT 'C-' || (n / 10 * 7919) % {CUSTOMERS},
    timestamp '2025-01-01' + n / 10 * interval '5 minutes' + n % 10 * interval '40 seconds',
    (ARRAY['login', 'project_created', 'report_exported', 'comment_posted'])[1 + n % 4]
    FROM generate_series(0::bigint, {{rows}} - 1) AS n"""
STAYS = {"events": {"database": "../shop.yml", "in_place": True}}
BROUGHT = {"database": {"path": "../shop.yml"}}
PASSES: dict[str, Callable[[Business], Any]] = {
    "customer days": months.kept_customer_days,
    "accounts": activity.kept_accounts,
    "sign-ups": activity.kept_sign_ups,
    "early days": kept_early_days,
    "kinds of use": kept_kinds_of_use,
    "sessions": sessions.intensity,
    "usage retention": usage.by_convention,
}


class Counted:
    """A way to a server that counts what comes from it."""

    def __init__(self, port: int) -> None:
        self.came, self._port = 0, port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            near, _ = self._listening.accept()
            far = socket.create_connection(("127.0.0.1", self._port))
            for source, into, counts in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pass_on, args=(source, into, counts), daemon=True).start()

    def _pass_on(self, source: socket.socket, into: socket.socket, counts: bool) -> None:
        while some := source.recv(1 << 16):
            self.came += len(some) if counts else 0
            into.sendall(some)
        into.close()


@contextmanager
def database(rows: int = 0) -> Iterator[Counted]:
    """A server with a table of events, its address in the environment: of so many, or those of the sample."""
    programs = postgres.binaries()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed here.")
    with postgres.server(programs) as address:
        with psycopg.connect(f"{address}/postgres", autocommit=True) as owner, owner.cursor() as cursor:
            cursor.execute("CREATE TABLE events (customer_id text, occurred_at timestamp, event text)")
            if rows:
                cursor.execute(EVENTS.format(rows=rows))
            else:
                with cursor.copy("COPY events FROM STDIN (FORMAT csv, HEADER)") as lines:
                    lines.write(gzip.decompress((SAMPLE / "events.csv.gz").read_bytes()))
            cursor.execute("ANALYZE events")
        way = Counted(int(address.rpartition(":")[2]))
        os.environ[VARIABLE] = f"{address.rpartition(':')[0]}:{way.port}/postgres"
        yield way


def describe(home: Path) -> None:
    (home / "shop.yml").write_text(
        yaml.safe_dump({"connect": VARIABLE, "tables": {"events": {"table": "events"}}})
    )


def findings(folder: Path, book: str, home: Path) -> Any:
    path = home / f"{folder.name} {book}.json"
    once = functools.partial(opening.open_business, cache=home / f"cache of {folder.name}")
    with (
        patch("retention_helpers.business.open_business", once),
        patch.object(opening, "TRACKED_NOTEBOOKS", None),
    ):
        told = {"data": str(folder), "month": MONTH, "findings_to": str(path), "reports": ""}
        run_cells(NOTEBOOKS / f"{book}.ipynb", told)
    return json.loads(path.read_text(encoding="utf-8"))


def compared_books(books: list[str], home: Path) -> int:
    """How many values of the sample's findings differ."""
    stays, differing = home / "stays", 0
    shutil.copytree(SAMPLE, stays, ignore=shutil.ignore_patterns("events.*"))
    own = yaml.safe_load((stays / "retention.yml").read_text(encoding="utf-8"))
    (stays / "retention.yml").write_text(yaml.safe_dump({**own, "sources": STAYS}), encoding="utf-8")
    describe(home)
    with database():
        for book in books:
            here, there = (findings(folder, book, home) for folder in (SAMPLE, stays))
            found = [one.partition(":")[0] for one in differences(here, there)]
            print(f"{book:22} {values(here):7,} values, {len(found):,} differ", flush=True)
            print(*found[:MOST_SHOWN], sep="\n", end="\n" if found else "")
            differing += len(found)
    return differing


def measured(rows: int, home: Path) -> None:
    spans = [(f"C-{n}", f"2025-{1 + n % 12:02}-01", "", 10) for n in range(CUSTOMERS)]
    describe(home)
    with database(rows) as way:
        for name, sources in (("brought", BROUGHT), ("stays", STAYS)):
            folder = write_folder(home / name, spans, settings={"sources": sources})
            way.came, began = 0, time.perf_counter()
            with closing(open_business(folder, cache=home / f"cache {name}")) as business:
                read, came = time.perf_counter() - began, way.came
                print(f"{rows:,} events, {name}: read in {read:.1f} s, {came:,} bytes came", flush=True)
                for what, derive in PASSES.items():
                    before, began = way.came, time.perf_counter()
                    derive(business)
                    took = time.perf_counter() - began
                    print(f"  {what:16} {took:6.1f} s, {way.came - before:11,} bytes", flush=True)
                print(f"  in all {way.came:,} bytes")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="*", choices=COMPARED, default=COMPARED, help="these notebooks")
    options = parser.parse_args()
    with TemporaryDirectory() as made:
        differing = compared_books(list(options.only), Path(made))
    with TemporaryDirectory() as made:
        measured(options.rows, Path(made))
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())

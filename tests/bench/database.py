"""How fast a database is read, and in how much memory: part of `make bench`.

A million events in a PostgreSQL server of its own and in SQLite: the importer in a process of its own against
a bare read of the same rows by the driver (every row fetched, nothing kept), in turn.
"""

import argparse
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

import postgres
from running import run

BARE_POSTGRES = """
import os, psycopg
with psycopg.connect(os.environ["BENCH_DATABASE"]) as connection, connection.cursor("bare") as cursor:
    cursor.execute("SELECT customer_id, occurred_at, event FROM events")
    while cursor.fetchmany(50_000):
        pass
"""
BARE_SQLITE = """
import sqlite3, sys
cursor = sqlite3.connect(sys.argv[1]).execute("SELECT customer_id, occurred_at, event FROM events")
while cursor.fetchmany(50_000):
    pass
"""
IMPORT = """
import sys
from pathlib import Path
from retention_helpers import sources
from retention_helpers.settings import Settings
from retention_helpers.sources.interface import Order
into = Path(sys.argv[2])
into.mkdir()
found = sources.importer("database").read(Order([Path(sys.argv[1])], into, Settings()))
print(found.rows_read)
"""
EVENTS = """CREATE TABLE events AS SELECT 'C-' || n % 5000 AS customer_id,
    timestamptz '2025-01-01' + n * interval '20 seconds' AS occurred_at, 'login' AS event
    FROM generate_series(1, {rows}) AS n"""


def _measure(name: str, rows: int, rounds: int, bare: tuple[str, Path], home: Path, described: Path) -> None:
    ratios = []
    for nth in range(rounds):
        alone, _, alone_peak = run(*bare)
        whole, _, peak = run(IMPORT, described, home / f"{name}-{nth}")
        ratios.append(whole / alone)
        print(
            f"{name}: bare read {alone:.1f} s ({rows / alone:,.0f} rows a second, {alone_peak:.2f} GB), "
            f"import {whole:.1f} s ({rows / whole:,.0f} rows a second, {peak:.2f} GB)",
            flush=True,
        )
    print(f"{name}: {rows:,} rows, median {statistics.median(ratios):.1f} × a bare read")


def _sqlite(path: Path, rows: int) -> None:
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE events (customer_id TEXT, occurred_at TEXT, event TEXT)")
        made.execute(
            "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ?) "
            "INSERT INTO events SELECT 'C-' || n % 5000, datetime(1735689600 + 20 * n, 'unixepoch'), 'login' "
            "FROM counted",
            (rows,),
        )
    made.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="retention-databases-"))
    try:
        _sqlite(home / "shop.sqlite", chosen.rows)
        described = home / "sqlite.yml"
        described.write_text("sqlite: shop.sqlite\ntables: {events: {table: events}}\n")
        bare = (BARE_SQLITE, home / "shop.sqlite")
        _measure("SQLite", chosen.rows, chosen.rounds, bare, home, described)
        programs = postgres.binaries()
        if programs is None:
            print("PostgreSQL is not installed here.")
            return
        with postgres.server(programs) as address:
            os.environ["BENCH_DATABASE"] = f"{address}/postgres"
            with psycopg.connect(os.environ["BENCH_DATABASE"]) as owner:
                owner.execute(EVENTS.format(rows=chosen.rows))
            described = home / "postgres.yml"
            described.write_text("connect: BENCH_DATABASE\ntables: {events: {table: events}}\n")
            _measure("PostgreSQL", chosen.rows, chosen.rounds, (BARE_POSTGRES, home), home, described)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()

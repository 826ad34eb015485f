"""How fast the gate is, and how much memory it takes: part of `make bench`.

A million subscriptions of 400,000 customers as CSV: the whole gate (parsing, every rule, the Parquet that is
kept) against a bare read of the same two files by the same engine, each in a process of its own, in turn.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from running import run

BARE = """
import sys
import duckdb
from pathlib import Path
from retention_helpers.engine import connect
engine = connect(Path(sys.argv[2]))
for name in ("customers", "subscriptions"):
    path = f"{sys.argv[1]}/{name}.csv"
    columns = next(open(path)).strip().split(",")
    read = f"FROM read_csv('{path}', all_varchar=true)"
    each = ", ".join(f"max({column})" for column in columns)
    print(engine.con.execute(f"SELECT count(*), {each} {read}").fetchall())
"""
GATE = """
import sys
from pathlib import Path
from retention_helpers.commands import checking
home = Path(sys.argv[2])
checked = checking.check(Path(sys.argv[1]), home / "out", cache=home / "cache")
print(*(f"{fault.level}: {fault.message}" for fault in checked.faults), sep="\\n")
sys.exit(checked.is_stopped)
"""


def _write(folder: Path, rows: int, customers: int) -> None:
    folder.mkdir()
    engine = duckdb.connect()
    engine.execute("SELECT setseed(0.5)")
    engine.execute(
        f"""CREATE TABLE people AS SELECT 'C-' || i AS customer_id,
        DATE '2021-01-01' + CAST(random() * 1900 AS INTEGER) AS begun FROM range({customers}) r(i)"""
    )
    engine.execute(
        f"""CREATE TABLE spans AS SELECT customer_id, begun + 40 * nth AS started_at,
        CASE WHEN nth < last OR random() < 0.4 THEN begun + 40 * nth + 40 END AS ended_at,
        (19 + 10 * nth)::DECIMAL(9, 2) AS mrr, 'team' AS plan, 'active' AS status, 'EUR' AS currency,
        customer_id || '-' || nth AS subscription_id
        FROM (SELECT *, CAST(unnest(range(last + 1)) AS INTEGER) AS nth FROM
              (SELECT *, CAST(floor(random() * {2 * rows / customers - 1}) AS BIGINT) AS last FROM people))
        ORDER BY started_at"""
    )
    queries = {
        "customers": "SELECT customer_id, begun AS signed_up_at, 'law' AS industry FROM people",
        "subscriptions": "FROM spans",
    }
    for name, query in queries.items():
        engine.execute(f"COPY ({query}) TO '{folder / name}.csv' (FORMAT csv, HEADER)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="retention-gate-"))
    try:
        _write(home / "data", chosen.rows, chosen.customers)
        count = duckdb.sql(f"SELECT count(*) FROM '{home}/data/subscriptions.csv'").fetchone()
        rows = count[0] if count else 0
        starting = run("from pathlib import Path; from retention_helpers.commands import checking").seconds
        print(
            f"{rows:,} subscriptions of {chosen.customers:,} customers; starting alone takes {starting:.1f} s"
        )
        ratios = []
        for nth in range(chosen.rounds):
            bare, _, bare_peak = run(BARE, home / "data", home / "spill")
            gate, _, gate_peak = run(GATE, home / "data", home / f"round{nth}")
            ratios.append(gate / bare)
            print(
                f"bare read {bare:.1f} s ({rows / bare:,.0f} rows a second, {bare_peak:.2f} GB), "
                f"gate {gate:.1f} s ({rows / gate:,.0f} rows a second, {gate_peak:.2f} GB), "
                f"{gate / bare:.1f} ×",
                flush=True,
            )
        print(
            f"median of {chosen.rounds} pairs: the gate takes {statistics.median(ratios):.1f} × a bare read"
        )
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()

"""How fast experiments are read: part of `make bench`.

1. A thousand experiments of 200 customers each, everything that their page computes for all of them.
2. One experiment of a million customers.
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import duckdb
import yaml

from retention_helpers import experiments
from retention_helpers.business import open_business

MONTH = "2026-10"
PLAN = {
    "hypothesis": "it helps",
    "started_on": "2026-01-01",
    "randomised": True,
    "arms": {"control": 0.5, "treated": 0.5},
    "outcome": {"kind": "retained", "days": 35},
    "smallest_effect": 0.1,
}


def _business(folder: Path, names: int, customers: int) -> None:
    """So many experiments, each with customers of its own, drawn over nine months."""
    folder.mkdir(parents=True)
    engine = duckdb.connect()
    engine.execute("SELECT setseed(0.5)")
    engine.execute(
        f"""CREATE TABLE people AS SELECT 'C-' || e || '-' || i AS customer_id, 'test_' || e AS experiment,
        TIMESTAMP '2026-01-01' + INTERVAL (random() * 270 * 86400) SECOND AS started_at,
        CASE WHEN random() < 0.5 THEN 'treated' ELSE 'control' END AS arm, random() AS fate,
        CASE WHEN random() < 0.5 THEN 'search' ELSE 'referral' END AS channel
        FROM range({names}) n(e), range({customers}) r(i)"""
    )
    writes = {
        "customers": "SELECT customer_id, started_at AS signed_up_at, channel FROM people",
        "subscriptions": """SELECT customer_id, started_at, 'active' AS status, 'team' AS plan,
            CASE WHEN fate < 0.2 THEN started_at + INTERVAL (fate * 5 * 30 * 86400) SECOND END AS ended_at,
            CAST(49 AS DECIMAL(18, 2)) AS mrr FROM people""",
        "assignments": "SELECT experiment, customer_id, arm, started_at AS assigned_at FROM people",
    }
    for name, query in writes.items():
        engine.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    engine.close()
    # Different baselines, so that each plan has to be computed.
    plans = {f"test_{e}": {**PLAN, "baseline": 0.5 + 0.4 * e / names} for e in range(names)}
    text = yaml.safe_dump(plans, sort_keys=False).replace("'2026-01-01'", "2026-01-01")
    (folder / "experiments.yml").write_text(text, encoding="utf-8")


def read_all(folder: Path, names: int, customers: int) -> None:
    """Seconds for the gate, the plans, the readings, and what else the page computes."""
    data = folder / f"{names}"
    _business(data, names, customers)
    start = time.perf_counter()
    business = open_business(data, MONTH, cache=folder / "cache")
    opened = time.perf_counter()
    plans = experiments.plans(business, {})
    planned = time.perf_counter()
    reading = experiments.read(business, plans)
    done = time.perf_counter()
    words = reading.comparisons["verdict"].value_counts().to_dict()
    print(
        f"{names:,} experiments of {customers:,} customers: read in {done - opened:.1f} s (plans "
        f"{planned - opened:.1f} s), the gate before it {opened - start:.1f} s; {words}",
        flush=True,
    )
    business.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="retention-bench-"))
    try:
        print(f"{os.cpu_count()} cores")
        read_all(folder, chosen.experiments, 200)
        read_all(folder, 1, chosen.customers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

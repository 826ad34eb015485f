"""How fast and how large the back-test of the warnings is: part of `make bench`.

24 month ends of 10⁵ customers with 10⁷ events and every other table. In one process, after the gate: one
scan of the events (the floor: both columns decoded and reduced), then what the warnings take of the engine,
then the back-test, the thresholds and the risk. Ratios of one run, because machines differ and are shared.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psutil

from retention_helpers.business import months, open_business
from retention_helpers.business.losses import kept_leavings
from retention_helpers.early_warning import snapshots
from retention_helpers.early_warning.past import back_test
from retention_helpers.early_warning.people import at_risk
from retention_helpers.early_warning.risk import risk_of_leaving
from retention_helpers.early_warning.thresholds import better_thresholds

MONTH = "2026-10"
FIRST = "TIMESTAMP '2024-11-01'"
DAY = "INTERVAL 1 DAY"


def write_large(folder: Path, events: int, customers: int) -> None:
    """A business of which half is there from the start, with lognormal activity, in Parquet."""
    folder.mkdir(parents=True)
    engine = duckdb.connect()
    engine.execute("SELECT setseed(0.5)")
    engine.execute(
        f"""CREATE TABLE people AS SELECT 'C-' || i AS customer_id, exp(-ln(random()) * 0.7) AS weight,
        {FIRST} + {DAY} * CAST(CASE WHEN random() < 0.5 THEN 0 ELSE random() * 700 END AS INT) AS started_at,
        CAST(-ln(random()) * 700 AS INT) AS stays FROM range({customers}) r(i)"""
    )
    engine.execute("CREATE TABLE lives AS SELECT *, started_at + to_days(stays + 20) AS ended_at FROM people")
    end = f"{FIRST} + {DAY} * 730"
    within = f"least(ended_at, {end})"

    def often(many: str) -> str:
        """So many moments of a customer, spread over the time there."""
        return f"""SELECT customer_id,
            started_at + random() * (epoch({within}) - epoch(started_at)) * INTERVAL 1 SECOND AS moment
            FROM lives, LATERAL (SELECT unnest(range(CAST({many} AS BIGINT))))"""

    weights = "(SELECT sum(weight) FROM lives)"
    writes = {
        "customers": "SELECT customer_id, started_at AS signed_up_at FROM lives",
        "subscriptions": f"""SELECT customer_id, started_at, 'active' AS status, 'team' AS plan,
            CASE WHEN ended_at < {end} THEN ended_at END AS ended_at, CAST(49 AS DECIMAL(18, 2)) AS mrr
            FROM lives""",
        "events": f"""SELECT customer_id, moment AS occurred_at, 'login' AS event
            FROM ({often(f"ceil(weight * {events} / {weights})")})""",
        "cancellations": f"""SELECT customer_id, greatest(started_at, ended_at - {DAY} * 15) AS canceled_at
            FROM lives WHERE ended_at - {DAY} * 15 < {end}""",
        "tickets": f"""SELECT customer_id, moment AS opened_at,
            CASE WHEN random() < 0.4 THEN 'negative' ELSE 'neutral' END AS sentiment
            FROM ({often("weight * 2")})""",
        "payments": f"""SELECT customer_id, moment AS attempted_at,
            CASE WHEN random() < 0.04 THEN 'failed' ELSE 'succeeded' END AS status FROM ({often("12")})""",
        "emails": f"""SELECT customer_id, moment AS sent_at,
            CASE WHEN random() < 0.4 THEN moment + INTERVAL 3 HOUR END AS opened_at FROM ({often("12")})""",
        "nps": f"""SELECT customer_id, moment AS answered_at, CAST(random() * 10 AS INT) AS score
            FROM ({often("1.5")})""",
    }
    for name, query in writes.items():
        engine.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    many = engine.execute(f"SELECT count(*) FROM '{folder}/events.parquet'").fetchone()
    print(f"{many[0] if many else 0:,} events of {customers:,} customers", flush=True)


class Peak:
    """The largest resident memory of this process, looked at twenty times a second."""

    def __init__(self) -> None:
        self.bytes, self._is_over = 0, threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._is_over.wait(0.05):
            self.bytes = max(self.bytes, own.memory_info().rss)


def _timed(name: str, act: Callable[[], Any], floor: float, peak: Peak) -> Any:
    peak.bytes = 0
    start = time.perf_counter()
    result = act()
    seconds = time.perf_counter() - start
    times = f", {seconds / floor:.0f} × the scan" if floor else ""
    print(f"{name}: {seconds:.2f} s{times}, peak {peak.bytes / 1e9:.2f} GB", flush=True)
    return result if floor else seconds


def _measure(data: Path, cache: Path) -> None:
    peak = Peak()
    business = open_business(data, MONTH, cache=cache)
    events = business.kept / "events.parquet"

    def scan() -> None:
        """The floor: both columns decoded, and reduced."""
        business.engine.con.execute(
            f"SELECT max(hash(customer_id)), max(occurred_at) FROM '{events}'"
        ).fetchall()

    scan()
    floor = _timed("one scan of the events", scan, 0.0, peak)
    for name, kept in (("customer-months", months.kept_customer_months), ("leavings", kept_leavings)):
        _timed(f"  {name}, which other pages use too", lambda kept=kept: kept(business), floor, peak)
    _timed(
        "  customer-days, which other pages use too", lambda: months.kept_customer_days(business), floor, peak
    )
    _timed(
        "snapshots: every measure at every month end", lambda: snapshots.kept_snapshots(business), floor, peak
    )
    rows = _timed("  read into memory", lambda: snapshots.snapshots(business), floor, peak)
    print(f"  {len(rows):,} rows, {rows.memory_usage(deep=True).sum() / 1e6:.0f} MB")
    _timed("back-test", lambda: back_test(business), floor, peak)
    _timed("better thresholds", lambda: better_thresholds(business), floor, peak)
    told = _timed("risk, with its test", lambda: risk_of_leaving(business), floor, peak)
    _timed("the list", lambda: at_risk(business, told), floor, peak)
    business.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        _measure(chosen.measure / "large", chosen.measure / "cache")
        return
    folder = Path(tempfile.mkdtemp(prefix="retention-bench-early-warning-"))
    try:
        print(f"{os.cpu_count()} cores")
        write_large(folder / "large", chosen.events, chosen.customers)
        start = time.perf_counter()
        open_business(folder / "large", MONTH, cache=folder / "cache").close()
        print(f"gate: {time.perf_counter() - start:.1f} s", flush=True)
        # A process of its own: what the gate took must not count.
        subprocess.run([sys.executable, __file__, "--measure", str(folder)], check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

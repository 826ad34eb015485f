"""How fast the first days of 10⁵ customers come out of 10⁷ events: part of `make bench`. Ratios of one run.

One scan is the floor: reading customer_id and occurred_at of every event and reducing them. The first 30
days are the one pass over the events: what each customer did on each day, kept. The features are what the
comparison makes of it (onboarding, days and kinds of use, in the first week and up to day 30).
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from retention_helpers.business import Business, open_business
from retention_helpers.churned_vs_retained import adjusted
from retention_helpers.churned_vs_retained.features import comparison
from retention_helpers.churned_vs_retained.landmark import Comparison, kept_newcomers
from retention_helpers.churned_vs_retained.use import kept_early_days, use
from retention_helpers.engine import path_text

MONTH = "2026-10"
KINDS = ("login", "login", "login", "project_created", "report_exported", "comment_posted", "file_uploaded",
         "onboarding_completed")  # fmt: skip


def large_business(folder: Path, events: int, customers: int) -> None:
    """A business with lognormal activity over 400 days after sign-up, in Parquet."""
    folder.mkdir(parents=True)
    engine = duckdb.connect()
    engine.execute("SELECT setseed(0.5)")
    engine.execute(
        f"""CREATE TABLE people AS SELECT 'C-' || i AS customer_id,
        TIMESTAMP '2024-11-01' + INTERVAL (random() * 700 * 86400) SECOND AS begun,
        exp(-ln(random()) * 0.7) AS weight, random() AS fate FROM range({customers}) r(i)"""
    )
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    writes = {
        "customers": "SELECT customer_id, begun AS signed_up_at, 'plan ' || (i.n % 5) AS channel FROM people,"
        " LATERAL (SELECT CAST(floor(fate * 1000) AS INTEGER) AS n) i",
        "subscriptions": """SELECT customer_id, begun AS started_at, 'active' AS status, 'team' AS plan,
            CASE WHEN fate < 0.5 THEN begun + INTERVAL (fate * 800 * 86400 + 86400) SECOND END AS ended_at,
            CAST(49 AS DECIMAL(18, 2)) AS mrr FROM people""",
        "events": f"""SELECT customer_id, begun + INTERVAL (random() * 86400 * 400) SECOND AS occurred_at,
            [{kinds}][CAST(floor(random() * {len(KINDS)}) + 1 AS INTEGER)] AS event FROM people,
            LATERAL (SELECT unnest(range(CAST(ceil(weight * {events} / (SELECT sum(weight) FROM people))
            AS BIGINT))))""",
    }
    for name, query in writes.items():
        target = path_text(folder / f"{name}.parquet")
        engine.execute(f"COPY ({query}) TO {target} (FORMAT parquet, COMPRESSION zstd)")
    count = engine.execute(f"SELECT count(*) FROM '{folder}/events.parquet'").fetchone()
    print(f"{count[0] if count else 0:,} events of {customers:,} customers", flush=True)


def seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def scan(business: Business) -> None:
    events = path_text(business.kept / "events.parquet")
    business.engine.con.execute(f"SELECT max(customer_id), max(occurred_at) FROM {events}").fetchall()


def pass_over_events(business: Business) -> None:
    """What every customer did on each of the first 30 days, as if nothing had been kept."""
    (business.derived / "early_days.parquet").unlink(missing_ok=True)
    kept_early_days(business)


def features(business: Business) -> None:
    """What comes of it: a row a customer and a column a driver, twice (first week, later)."""
    for known in use(business, 30):
        assert len(known.rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=100_000)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="retention-bench-"))
    try:
        large_business(folder / "data", chosen.events, chosen.customers)
        business = open_business(folder / "data", MONTH, cache=folder / "cache")
        kept_newcomers(business)
        scan(business)
        passes, whole = [], []
        for _ in range(chosen.rounds):
            floor = seconds(lambda: scan(business))
            days, columns = seconds(lambda: pass_over_events(business)), seconds(lambda: features(business))
            passes.append(days / floor)
            whole.append((days + columns) / floor)
            print(f"one scan {floor:.2f} s, first 30 days {days:.2f} s, features {columns:.2f} s", flush=True)
        print(
            f"medians of {chosen.rounds} rounds, in scans: the first 30 days {statistics.median(passes):.1f},"
        )
        print(f"  with all features {statistics.median(whole):.1f}")
        found: list[Comparison] = []
        took = seconds(lambda: found.append(comparison(business, landmark_days=30)))
        print(f"the whole comparison: {len(found[0].rows):,} customers, {took:.1f} s")
        took = seconds(lambda: adjusted.compare_together(found[0]))
        print(f"its verdicts: {took:.1f} s")
        business.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

"""How fast activity comes out of 10⁷ events, and in how much memory: part of `make bench`.

Every figure is a multiple of one scan of the columns that the measures need (decode customer_id and
occurred_at, reduce them), taken right before it, because machines differ and are shared.

1. From raw events to the cohort triangle, to WAU and MAU, and to N-day retention; with the passes over the
   events and without them.
2. The triangle against the usual way in pandas, which has to give the same numbers.
3. The way over the table of customer-days instead, which later pages need for their own reasons.
4. Peak memory of each, in a process of its own.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psutil

from retention_helpers.business import Business, months, open_business
from retention_helpers.measurement import activity

MONTH = "2026-10"
FIRST_DAY, LAST_DAY = "2024-11-01", "2026-11-01"
TARGETS = {
    "raw events to cohort triangle": "3.2 at most",
    "raw events to WAU and MAU": "4.5 at most",
    "raw events to N-day retention": "5 at most",
    "pandas against raw events to cohort triangle": "7 at least",
}


def large_business(folder: Path, events: int, customers: int) -> None:
    """A business of two years whose customers differ in use as a lognormal does, in zstd Parquet."""
    folder.mkdir(parents=True)
    engine = duckdb.connect()
    engine.execute("SET threads = 2; SELECT setseed(0.5)")
    engine.execute(
        f"""CREATE TABLE people AS SELECT 'C-' || i AS customer_id,
        TIMESTAMP '{FIRST_DAY}' + INTERVAL (CAST(random() * 700 * 86400 AS INTEGER)) SECOND AS started_at,
        exp(1.2 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) AS weight, random() AS fate
        FROM range({customers}) r(i)"""
    )
    writes = {
        "customers": "SELECT customer_id, started_at AS signed_up_at FROM people",
        "subscriptions": """SELECT customer_id, started_at, 'active' AS status, 'team' AS plan,
            CASE WHEN fate < 0.5 THEN started_at + INTERVAL (CAST(fate * 800 * 86400 + 86400 AS INTEGER))
            SECOND END AS ended_at, CAST(49 AS DECIMAL(18, 2)) AS mrr FROM people""",
        "events": f"""SELECT customer_id, started_at + INTERVAL (CAST(random() *
            extract(epoch FROM TIMESTAMP '{LAST_DAY}' - started_at) AS INTEGER)) SECOND AS occurred_at,
            'login' AS event FROM people, LATERAL (SELECT unnest(range(CAST(ceil(weight * {events} /
            (SELECT sum(weight) FROM people)) AS BIGINT)))) ORDER BY occurred_at""",
    }
    for name, query in writes.items():
        engine.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")


def opened(folder: Path) -> Business:
    return open_business(folder / "data", MONTH, cache=folder / "cache")


def scan(business: Business) -> None:
    """The floor: what any answer has to read."""
    path = business.kept / "events.parquet"
    business.engine.con.execute(f"SELECT max(customer_id), max(occurred_at) FROM '{path}'").fetchall()


def forget(business: Business) -> None:
    """What was derived from the events, and what was remembered of it."""
    for name in ("accounts", "sign_ups", "customer_days"):
        (business.kept / MONTH / f"{name}.parquet").unlink(missing_ok=True)
    business._known.pop("known activity", None)


def bits_from_customer_days(business: Business) -> None:
    """The bits of the pass over raw events from the table of customer-days instead."""
    days = months.kept_customer_days(business)
    active = days.filter(days.activity > 0).select("customer_id", "day")
    bits = activity.active_bits(active, activity.day_bits(business))
    business.engine.to_parquet(bits, business.kept / "bits.parquet", compression="zstd")


def triangle_in_pandas(business: Business) -> pd.DataFrame:
    """The cohort triangle as it is usually written: whole columns, one row a customer a month."""
    events = pd.read_parquet(business.kept / "events.parquet", columns=["customer_id", "occurred_at"])
    events["month"] = events["occurred_at"].dt.to_period("M")
    active = events.drop_duplicates(["customer_id", "month"])[["customer_id", "month"]]
    customers = pd.read_parquet(
        business.kept / MONTH / "customer_months.parquet", columns=["customer_id", "month", "state_at_end"]
    )
    customers = customers[customers["state_at_end"] != "none"]
    customers["month"] = pd.to_datetime(customers["month"]).dt.to_period("M")
    services = pd.read_parquet(business.kept / MONTH / "services.parquet")
    first = services.groupby("customer_id", as_index=False)["begin_on"].min()
    first["cohort"] = pd.to_datetime(first["begin_on"]).dt.to_period("M")
    both = active.merge(customers, on=["customer_id", "month"]).merge(first, on="customer_id")
    return both.groupby(["cohort", "month"])["customer_id"].nunique().rename("active").reset_index()


def same_numbers(ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    told = {
        (cell.cohort.to_timestamp(), cell.month.to_timestamp()): cell.active for cell in theirs.itertuples()
    }
    return told == {(cell.cohort, cell.month): cell.active for cell in ours.itertuples() if cell.active}


def _seconds(act: Callable[[], Any]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


PASS = "pass over raw events to a row an account"
N_DAY_PASS = "pass over raw events to a row a sign-up"
DAYS_PASS = "pass over raw events to customer-days"
Steps = dict[str, Callable[[Business], Any]]
STEPS: Steps = {
    PASS: activity.kept_accounts,
    "cohort triangle": lambda business: (activity.known(business), activity.activity_triangle(business)),
    "WAU and MAU": activity.active_customers,
    "months of activity": activity.activity_movement,
    N_DAY_PASS: activity.kept_sign_ups,
    "N-day retention": activity.n_day_by_month,
}
SLOW_STEPS: Steps = {
    PASS: activity.kept_accounts,
    "cohort triangle": lambda business: (activity.known(business), activity.activity_triangle(business)),
    "cohort triangle in pandas": triangle_in_pandas,
    DAYS_PASS: months.kept_customer_days,
    "customer-days to a row an account": bits_from_customer_days,
}
TRIANGLE, PANDAS = "raw events to cohort triangle", "pandas against raw events to cohort triangle"
SUMS = {
    TRIANGLE: (PASS, "cohort triangle"),
    "raw events to WAU and MAU": (PASS, "WAU and MAU"),
    "raw events to N-day retention": (N_DAY_PASS, "N-day retention"),
    "raw events to all of these": tuple(STEPS),
}


def one_round(business: Business, steps: Steps) -> dict[str, float]:
    """Every step as a multiple of the scan: the mean of the one before it and the one after it."""
    forget(business)
    times, before = {}, _seconds(lambda: scan(business))
    for name, step in steps.items():
        seconds = _seconds(lambda step=step: step(business))
        after = _seconds(lambda: scan(business))
        times[name], before = seconds / ((before + after) / 2), after
    sums = {
        name: sum(times[part] for part in parts) for name, parts in SUMS.items() if set(parts) <= set(times)
    }
    if "cohort triangle in pandas" in times:
        sums[PANDAS] = times["cohort triangle in pandas"] / sums[TRIANGLE]
    return times | sums


def speed(folder: Path, rounds: int) -> None:
    business = opened(folder)
    months.kept_customer_months(business)  # from subscriptions, as the rest of the page needs it
    for steps, count in ((STEPS, 3 * rounds), (SLOW_STEPS, rounds)):
        one_round(business, steps)  # a first round for the disk and the compiler
        found = [one_round(business, steps) for _ in range(count)]
        print(f"{count} rounds:")
        for name in found[0]:
            values = sorted(times[name] for times in found)
            goal = f", to reach {TARGETS[name]}" if name in TARGETS else ""
            print(f"  {name}: {statistics.median(values):.1f} × ({values[0]:.1f} to {values[-1]:.1f}{goal})")
    agree = same_numbers(activity.activity_triangle(business), triangle_in_pandas(business))
    print(f"both triangles hold the same numbers: {'yes' if agree else 'NO'}", flush=True)
    business.close()


PATHS: dict[str, Callable[[Business], Any]] = {
    "nothing but one scan": scan,
    "everything about activity": lambda business: (
        activity.activity_triangle(business),
        activity.active_customers(business),
        activity.activity_movement(business),
        activity.n_day_by_month(business),
    ),
    "to customer-days": months.kept_customer_days,
    "cohort triangle in pandas": triangle_in_pandas,
}


def one_way(folder: Path, path: str) -> None:
    """Go one way from the raw events, in this process."""
    business = opened(folder)
    forget(business)
    PATHS[path](business)
    business.close()


def memory(folder: Path) -> None:
    """The largest resident memory of a process that goes one way."""
    for path in PATHS:
        peak = 0
        command = [sys.executable, __file__, "--only", path, "--folder", str(folder)]
        process = psutil.Popen(command)
        while process.poll() is None:
            with suppress(psutil.Error):
                peak = max(peak, process.memory_info().rss)
            time.sleep(0.01)
        if process.returncode:
            raise SystemExit(f"{path} failed")
        print(f"memory, {path}: peak {peak / 1e9:.2f} GB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--only", choices=PATHS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        one_way(chosen.folder, chosen.only)
        return
    folder = Path(tempfile.mkdtemp(prefix="retention-bench-"))
    try:
        large_business(folder / "data", chosen.events, chosen.customers)
        opened(folder).close()
        speed(folder, chosen.rounds)
        memory(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

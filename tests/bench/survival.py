"""How long the analyses of survival take on a million customers: part of `make bench`.

The files are read by the gate first; its time stands apart, as the other benches measure it.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from retention_helpers.business import open_business
from retention_helpers.business.losses import kept_endings
from retention_helpers.measurement import survival

CUSTOMERS = 1_000_000
MONTH = "2026-10"


def make_business(folder: Path, customers: int) -> None:
    """Customers of four years, of whom about 4 % go each month, two in three on an anniversary."""
    folder.mkdir(parents=True)
    begun = "DATE '2022-11-01' + (hash(n) % 1460)::INT"
    gone = (
        "CASE WHEN hash(n + 7) % 100 < 70 THEN 1 + floor(-25 * ln(1 - (hash(n + 3) % 9973) / 9973))::INT END"
    )
    early = "CASE WHEN hash(n + 5) % 3 = 0 THEN (hash(n + 11) % 25)::INT ELSE 0 END"
    duckdb.sql(
        f"""COPY (SELECT printf('C-%07d', n) AS customer_id, {begun} AS first,
                  CAST({begun} + to_months({gone}) AS DATE) - {early} AS ended
               FROM range({customers}) AS one(n)) TO '{folder / "raw.parquet"}'"""
    )
    raw = f"'{folder / 'raw.parquet'}'"
    duckdb.sql(
        f"COPY (SELECT customer_id, first AS signed_up_at FROM {raw}) TO '{folder / 'customers.parquet'}'"
    )
    duckdb.sql(
        f"""COPY (SELECT customer_id, first AS started_at,
                  CASE WHEN ended < DATE '2026-11-01' THEN greatest(ended, first) END AS ended_at,
                  (10 + hash(customer_id) % 90)::INT AS mrr, 'plan ' || hash(customer_id) % 4 AS plan
               FROM {raw}) TO '{folder / "subscriptions.parquet"}'"""
    )
    (folder / "raw.parquet").unlink()


def seconds(name: str, act: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = act()
    print(f"| {name} | {time.perf_counter() - start:.1f} s |", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    chosen = parser.parse_args()
    print(f"| survival of {chosen.customers:,} customers | time |\n|---|---|")
    with tempfile.TemporaryDirectory() as home:
        make_business(Path(home) / "data", chosen.customers)
        business = seconds(
            "the gate", lambda: open_business(Path(home) / "data", MONTH, cache=Path(home) / "cache")
        )
        seconds("services and endings", lambda: kept_endings(business))
        tenures = seconds("tenures", lambda: survival.tenures(business))
        seconds("the curve", lambda: survival.curve(tenures))
        seconds("months of heavy loss", lambda: survival.loss_by_month_of_tenure(tenures, min_customers=20))
        seconds("by plan and year", lambda: survival.by_group(tenures, min_customers=20))
        seconds("log-rank tests", lambda: survival.group_tests(tenures, min_customers=20))
        seconds("competing causes", lambda: survival.causes(tenures))
        seconds(
            "revenue of the first 12 and 24 months", lambda: survival.restricted_revenue(business, tenures)
        )
        business.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"| peak memory of the process | {peak:.2f} GB |")


if __name__ == "__main__":
    main()

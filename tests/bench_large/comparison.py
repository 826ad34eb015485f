"""What the comparison takes of 10⁴ to 10⁶ customers with ten events each: part of `make bench-large`.

Use matters for staying, and the events come in the order of time. Each size in a process of its own, in
seconds of the processor, because machines are shared; between two sizes the exponent in customers.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any

import duckdb

from retention_helpers.business import open_business
from retention_helpers.churned_vs_retained import adjusted, established, features, valuation
from retention_helpers.churned_vs_retained.landmark import EARLY_LANDMARK

MONTH = "2026-10"
FIRST, DAYS = "TIMESTAMP '2023-11-01'", 1096
END = f"({FIRST} + INTERVAL 1 DAY * {DAYS})"
KINDS = ("login", "login", "login", "project_created", "report_exported", "comment_posted", "file_uploaded",
         "invite_sent")  # fmt: skip
EVENTS = 10  # a customer


def _one_of(values: Sequence[str]) -> str:
    return f"[{', '.join(repr(value) for value in values)}][1 + CAST(floor(random() * {len(values)}) AS INT)]"


def write_business(folder: Path, customers: int) -> None:
    """36 months; who uses it more stays longer, and who came by an advertisement shorter."""
    folder.mkdir(parents=True)
    engine = duckdb.connect()
    engine.execute("SET threads = 2; SELECT setseed(0.5)")
    drawn = {
        "channel": _one_of(("ads", "search", "friend", "shop")),
        "plan": _one_of(("solo", "team", "firm")),
        "country": f"CASE WHEN random() < 0.9 THEN {_one_of(('DE', 'AT', 'CH', 'FR', 'IT'))} END",
        "team_size": "CASE WHEN random() < 0.8 THEN floor(1 + random() * 40) END",
        "begun": f"{FIRST} + INTERVAL 1 SECOND * floor(random() * 1000 * 86400)",
        "uses": "random()",
        "fate": "random()",
    }
    columns = ", ".join(f"{value} AS {name}" for name, value in drawn.items())
    name = "'C-' || lpad(CAST(i AS VARCHAR), 7, '0')"
    engine.execute(
        f"CREATE TABLE people AS SELECT {name} AS customer_id, {columns} FROM range({customers}) r(i)"
    )
    engine.execute(
        """CREATE TABLE lives AS SELECT *, begun + INTERVAL 1 SECOND * floor(86400 * (3 - ln(fate)
        * (120 + 900 * uses) * CASE channel WHEN 'ads' THEN 0.6 ELSE 1 END)) AS ended_at FROM people"""
    )
    weight = "(0.2 + uses * uses)"
    writes = {
        "customers": "SELECT customer_id, begun AS signed_up_at, channel, country, team_size FROM lives",
        "subscriptions": f"""SELECT customer_id, begun AS started_at, 'active' AS status, plan,
            CASE WHEN ended_at < {END} THEN ended_at END AS ended_at, 'month' AS interval,
            CAST(CASE plan WHEN 'solo' THEN 19 WHEN 'team' THEN 49 ELSE 149 END AS DECIMAL(18, 2)) AS mrr
            FROM lives""",
        "events": f"""SELECT customer_id, {_one_of(KINDS)} AS event, begun + INTERVAL 1 SECOND * floor(
            power(random(), 1.5) * (epoch(least(ended_at, {END})) - epoch(begun))) AS occurred_at
            FROM lives, LATERAL (SELECT unnest(range(CAST(ceil({weight} * {customers * EVENTS}
            / (SELECT sum({weight}) FROM lives)) AS BIGINT)))) UNION ALL
            SELECT customer_id, 'onboarding_completed', begun + INTERVAL 1 SECOND * floor(864000 * random())
            FROM lives WHERE random() < 0.3 + 0.6 * uses ORDER BY 3""",
    }
    for name, query in writes.items():
        engine.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")


def processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(folder: Path) -> None:
    """A line a step: its seconds of the processor, and the peak of memory so far in GB."""

    def step(name: str, act: Callable[[], Any]) -> Any:
        before = processor()
        found = act()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{name}\t{processor() - before:.2f}\t{memory:.2f}", flush=True)
        return found

    business = step("gate", lambda: open_business(folder / "data", MONTH, cache=folder / "cache"))
    days = business.settings.landmark_days
    compared = step("who is compared", lambda: features.comparison(business, landmark_days=days))
    together = step("its verdicts", lambda: adjusted.compare_together(compared))
    step("what it would be worth", lambda: valuation.worth(compared, together))
    early = step("first week", lambda: features.comparison(business, landmark_days=EARLY_LANDMARK))
    step("its verdicts, first week", lambda: adjusted.compare_together(early))
    step("established customers", lambda: established.established_customers(business))
    business.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        measure(chosen.measure)
        return
    folder = Path(tempfile.mkdtemp(prefix="retention-bench-large-"))
    took: dict[int, dict[str, float]] = {}
    try:
        for size in chosen.sizes:
            write_business(folder / str(size) / "data", size)
            command = [sys.executable, __file__, "--measure", str(folder / str(size))]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(f"{size:,} customers\n{said}", flush=True)
            lines = [line.split("\t") for line in said.splitlines()]
            took[size] = {name: float(spent) for name, spent, _ in lines}
            shutil.rmtree(folder / str(size))
        for few, many in pairwise(chosen.sizes):
            for name in took[few]:
                exponent = log(took[many][name] / took[few][name]) / log(many / few)
                print(f"{name}, {few:,} to {many:,}: exponent {exponent:.2f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

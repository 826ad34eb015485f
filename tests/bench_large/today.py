"""What the list of a day takes at 10⁶ customers with some 38 million rows: part of `make bench-large`.

The business of the comparison, and beside its events a payment and a mail a month, tickets, scores, requests
to cancel, trials, years paid at once, and what a month's report left for the lists. The gate, the first list
and the list of the day after, each in a process of its own: seconds of the processor and of the clock, and
the peak of memory.
"""

import argparse
import datetime as dt
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
from comparison import END, processor, write_business

from retention_helpers import early_warning, today
from retention_helpers.business import opening
from retention_helpers.early_warning.rules import RULES
from retention_helpers.gate.gate import pass_gate
from retention_helpers.statistics.intervals import rate

DAY = dt.date(2026, 10, 1)
RISK = {
    "way": "warnings",
    "base": asdict(rate(100_000, 1_000_000)),
    "rules": {rule.name: rule.at for rule in RULES},
    "counted": ["no_login_30_days", "failed_payment", "nps_detractor"],
    "learned": None,
    "by_count": [0.05, 0.2, 0.4, 0.6],
}


def write_more(folder: Path) -> None:
    """The tables that the list looks at beside the comparison's three."""
    engine = duckdb.connect()
    engine.execute("SET threads = 2; SELECT setseed(0.25)")
    spans = folder / "subscriptions.parquet"
    engine.execute(
        f"""CREATE TABLE lives AS SELECT *, random() AS kind, least(coalesce(ended_at, {END}), {END}) AS until
        FROM '{spans}'"""
    )
    trial = "started_at + INTERVAL 14 DAY"
    engine.execute(
        f"""COPY (SELECT customer_id, CASE WHEN kind < 0.1 THEN {trial} ELSE started_at END AS started_at,
        ended_at, mrr, plan, status, CASE WHEN kind > 0.85 THEN 'year' ELSE interval END AS interval
        FROM lives WHERE NOT (kind < 0.1 AND {trial} >= until)
        UNION ALL SELECT customer_id, started_at, CASE WHEN {trial} < {END} THEN least({trial}, until) END, 0,
        plan, 'trialing', interval FROM lives WHERE kind < 0.1)
        TO '{folder / "new.parquet"}' (FORMAT parquet)"""
    )
    (folder / "new.parquet").replace(spans)
    months = "UNNEST(generate_series(started_at, until - INTERVAL 1 SECOND, INTERVAL 1 MONTH)) AS due"
    writes = {
        "payments": f"""SELECT customer_id, due AS attempted_at, mrr AS amount,
            CASE WHEN random() < 0.02 THEN 'failed' ELSE 'succeeded' END AS status
            FROM (SELECT customer_id, mrr, {months} FROM lives)""",
        "emails": f"""SELECT customer_id, due AS sent_at, 'news' AS campaign,
            CASE WHEN random() < 0.4 THEN due + INTERVAL 1 HOUR END AS opened_at
            FROM (SELECT customer_id, {months} FROM lives)""",
        "tickets": """SELECT customer_id, CASE WHEN random() < 0.2 THEN 'negative' END AS sentiment,
            started_at + INTERVAL 1 SECOND * floor(random() * (epoch(until) - epoch(started_at))) AS opened_at
            FROM lives, range(3) WHERE random() < 0.7""",
        "nps": """SELECT customer_id, started_at + INTERVAL 1 SECOND *
            floor(random() * (epoch(until) - epoch(started_at))) AS answered_at,
            CAST(floor(random() * 11) AS INT) AS score FROM lives, range(2) WHERE random() < 0.5""",
        "cancellations": f"""SELECT customer_id, ended_at - INTERVAL 9 DAY AS canceled_at,
            'too_expensive' AS reason FROM lives WHERE ended_at < {END} + INTERVAL 9 DAY""",
    }
    for name, query in writes.items():
        engine.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")


def write_report(folder: Path) -> None:
    """What the report of the month before left for the lists: how risk is told, and who was at risk."""
    business = opening.open_day(folder / "data", dt.date(2026, 9, 30), cache=folder / "cache")
    people = early_warning.at_risk(business, early_warning.risk_by(business, RISK)).value
    left = folder / "out" / "2026-09"
    left.mkdir(parents=True)
    (left / "findings.json").write_text(json.dumps({"business": business.identity.mark}), encoding="utf-8")
    told = {"risk": RISK, "at_risk": sorted(people["customer_id"]), "decided": []}
    (left / ".for_lists.json").write_text(json.dumps(told), encoding="utf-8")
    business.close()


def measure(what: str, folder: Path) -> None:
    """Do it, and print its seconds of the processor and of the clock, its peak, and the rows of a list."""
    data, out, cache = folder / "data", folder / "out", folder / "cache"
    opening.open_day.__kwdefaults__["cache"] = cache

    def first() -> Path:
        return today.make(data, out, DAY).folder

    def next_day() -> Path:
        return today.make(data, out, DAY + dt.timedelta(days=1)).folder

    acts: dict[str, Callable[[], Any]] = {
        "gate": lambda: pass_gate(data.resolve(), cache), "report": lambda: write_report(folder),
        "first": first, "next": next_day,
    }  # fmt: skip
    begun, used = time.perf_counter(), processor()
    made = acts[what]()
    took, used = time.perf_counter() - begun, processor() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    is_list = what in ("first", "next")
    rows = f", {len(json.loads((made / '.list.json').read_text())['rows']):,} rows" if is_list else ""
    print(f"{what}: {used:.1f} s of the processor, {took:.1f} s by the clock, peak {peak:.2f} GB{rows}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        measure(chosen.measure, chosen.folder)
        return
    folder = Path(tempfile.mkdtemp(prefix="retention-bench-today-"))
    try:
        write_business(folder / "data", chosen.customers)
        write_more(folder / "data")
        (folder / "data" / "retention.yml").write_text("business: Large\n", encoding="utf-8")
        for what in ("gate", "report", "first", "next"):
            subprocess.run([sys.executable, __file__, "--measure", what, "--folder", str(folder)], check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

"""How fast and how large a report is: part of `make bench`. Ratios of one run; machines differ.

1. The report against running papermill and `jupyter nbconvert` one notebook at a time.
2. Peak memory of a report on 10⁷ events, every process of it counted.
3. The size of the pages.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import psutil

from retention_helpers.report import notebooks

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = PROJECT / "data" / "sample"
MONTH = "2026-10"
JUPYTER = Path(sys.executable).parent


def _run(command: Sequence[str | Path], cwd: Path) -> None:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stderr[-2000:]}")


def _seconds(act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _report(data: Path, out: Path) -> None:
    command = [sys.executable, "-m", "retention_helpers", "report"]
    _run([*command, "--data", data, "--month", MONTH, "--out", out], PROJECT)


def _one_at_a_time(data: Path, out: Path) -> None:
    """What somebody without the report runner would do: two commands a notebook."""
    out.mkdir(parents=True, exist_ok=True)
    for path in notebooks.in_reading_order():
        run = out / path.name
        settings = ["-p", "data", data, "-p", "month", MONTH]
        _run([JUPYTER / "papermill", path, run, *settings, "--cwd", out], out)
        _run([JUPYTER / "jupyter", "nbconvert", "--to", "html", run], out)


def report_against_command_line(folder: Path, rounds: int) -> None:
    """Seconds of both, in turn, and the ratio of each pair."""
    ratios = []
    for nth in range(rounds):
        slow = _seconds(lambda nth=nth: _one_at_a_time(SAMPLE, folder / f"slow{nth}"))
        fast = _seconds(lambda nth=nth: _report(SAMPLE, folder / f"fast{nth}"))
        ratios.append(slow / fast)
        print(f"one at a time {slow:.1f} s, report {fast:.1f} s: {slow / fast:.1f} ×", flush=True)
    print(f"median of {rounds} pairs: the report is {statistics.median(ratios):.1f} × faster")
    for page in sorted((folder / "fast0" / MONTH).glob("*.html")):
        print(f"{page.name}: {page.stat().st_size / 1000:,.0f} kB")


def _large_business(folder: Path, events: int, customers: int) -> None:
    """A business with lognormal activity, in Parquet."""
    folder.mkdir(parents=True)
    engine = duckdb.connect()
    engine.execute("SELECT setseed(0.5)")
    engine.execute(
        f"""CREATE TABLE people AS SELECT 'C-' || i AS customer_id,
        TIMESTAMP '2024-11-01' + INTERVAL (random() * 700 * 86400) SECOND AS started_at,
        exp(-ln(random()) * 0.7) AS weight, random() AS fate FROM range({customers}) r(i)"""
    )
    writes = {
        "customers": "SELECT customer_id, started_at AS signed_up_at FROM people",
        "subscriptions": """SELECT customer_id, started_at, 'active' AS status, 'team' AS plan,
            CASE WHEN fate < 0.5 THEN started_at + INTERVAL (fate * 800 * 86400 + 86400) SECOND END
            AS ended_at, CAST(49 AS DECIMAL(18, 2)) AS mrr FROM people""",
        "events": f"""SELECT customer_id, started_at + INTERVAL (random() * 86400 * 400) SECOND
            AS occurred_at, 'login' AS event FROM people, LATERAL (SELECT unnest(range(CAST(
            ceil(weight * {events} / (SELECT sum(weight) FROM people)) AS BIGINT))))""",
    }
    for name, query in writes.items():
        engine.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    count = engine.execute(f"SELECT count(*) FROM '{folder}/events.parquet'").fetchone()
    print(f"{count[0] if count else 0:,} events of {customers:,} customers", flush=True)


def _peak_memory(command: Sequence[str | Path]) -> tuple[float, float]:
    """Seconds, and the largest sum of resident memory of all processes at one moment, in GB."""
    start, peak = time.perf_counter(), 0
    process = psutil.Popen([str(part) for part in command], cwd=PROJECT, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        resident = 0
        for one in [process, *process.children(recursive=True)]:
            try:
                resident += one.memory_info().rss
            except psutil.Error:
                continue
        peak = max(peak, resident)
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return time.perf_counter() - start, peak / 1e9


def memory_of_large_report(folder: Path, events: int, customers: int) -> None:
    """Peak memory of a first report, gate included, and of a second one from what the gate kept."""
    data = folder / "large"
    _large_business(data, events, customers)
    command = [sys.executable, "-m", "retention_helpers", "report", "--data", data, "--month", MONTH]
    for word in ("first", "second"):
        seconds, peak = _peak_memory([*command, "--out", folder / "large-reports"])
        print(f"{word} report: {seconds:.0f} s, peak {peak:.2f} GB in all processes together")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=200_000)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="retention-bench-"))
    try:
        print(f"{os.cpu_count()} cores")
        report_against_command_line(folder, chosen.rounds)
        memory_of_large_report(folder, chosen.events, chosen.customers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

"""How often the gate suspects a good business: part of `make bench-statistics`.

Random businesses of every kind that the rules should leave alone: 20 to 1,500 customers, churn of 1 to 8 % a
month, up to half of the plans annual, ends on any day or all on the first of a month, founders on the first
day. Nothing is wrong with any of them, so every warning is a false one.
"""

import argparse
import collections
import csv
import datetime as dt
import random
import shutil
import tempfile
from pathlib import Path

from retention_helpers.commands import checking

LAST = dt.date(2026, 10, 31)
PRICES = {"solo": 19, "team": 59, "studio": 149}


def _write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def _first_of_next(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def good_business(folder: Path, seed: int) -> str:
    """Write a business without any fault, and say what kind it is."""
    chance = random.Random(seed)
    months = chance.randrange(3, 46)
    begin = LAST - dt.timedelta(days=30 * months)
    size, churn = round(10 ** chance.uniform(1.3, 3.2)), chance.uniform(0.01, 0.08)
    annual, on_the_first = chance.choice([0, 0.1, 0.5]), chance.random() < 0.3
    founders = chance.choice([0, 0, 0.3])
    customers: list[list[object]] = []
    spans: list[list[object]] = []
    for number in range(size):
        started = begin + dt.timedelta(days=chance.randrange((LAST - begin).days))
        if number < founders * size:
            started = begin
        plan = chance.choice(list(PRICES))
        is_annual = chance.random() < annual
        step = 365 if is_annual else 30
        ended = started + dt.timedelta(days=step)
        while ended <= LAST and chance.random() < (1 - churn) ** (step / 30):
            ended += dt.timedelta(days=step)
        ended = _first_of_next(ended) if on_the_first else ended
        price = round(PRICES[plan] * (10 / 12 if is_annual else 1), 6)
        name = f"C-{number}"
        customers.append([name, started - dt.timedelta(days=chance.randrange(20)), chance.choice("abcde")])
        interval, end = "year" if is_annual else "month", ended if ended <= LAST else ""
        spans.append([name, started, end, price, plan, "active", interval, f"S-{number}"])
    _write(folder / "customers.csv", ["customer_id", "signed_up_at", "segment"], customers)
    columns = [
        "customer_id",
        "started_at",
        "ended_at",
        "mrr",
        "plan",
        "status",
        "interval",
        "subscription_id",
    ]
    _write(folder / "subscriptions.csv", columns, spans)
    return f"{size} customers, {months} months, churn {churn:.1%}, annual {annual:.0%}, first {on_the_first}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--businesses", type=int, default=400)
    parser.add_argument("--show", action="store_true", help="say each false alarm")
    chosen = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="retention-alarms-"))
    rules: collections.Counter[tuple[str, str]] = collections.Counter()
    suspected = 0
    try:
        for seed in range(chosen.businesses):
            folder = home / str(seed)
            folder.mkdir()
            kind = good_business(folder, seed)
            faults = checking.check(folder, home / "out", cache=home / "cache").faults
            alarms = [fault for fault in faults if fault.level != "note"]
            suspected += bool(alarms)
            for fault in alarms:
                rules[fault.level, fault.rule] += 1
                if chosen.show:
                    print(f"{seed} ({kind}): {fault.level}: {fault.message}")
            shutil.rmtree(folder)
            shutil.rmtree(home / "cache")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(f"{suspected} of {chosen.businesses} good businesses are suspected of anything")
    for (level, rule), count in rules.most_common():
        print(f"{level} {rule}: {count}")


if __name__ == "__main__":
    main()

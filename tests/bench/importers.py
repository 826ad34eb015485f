"""How fast Stripe's objects, ledgers and sheets of months are imported, and in how much memory.

Part of `make bench`.

A million subscriptions as JSON Lines, every fifth of which was canceled: the importer in a process of its
own against a bare read of the same file (every line parsed, nothing kept), in turn. Then a tenth of them
with six invoices each, whose lines tell their past. A million charges of monthly customers as CSV against a
bare read of its lines, and 20,000 customers in a sheet of 36 months.
"""

import argparse
import datetime as dt
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from running import run

from retention_helpers.words.calendar import months_after

BARE = """
import json, sys
for path in sys.argv[1:]:
    with open(path) as file:
        print(sum(len(json.loads(line)) > 0 for line in file))
"""
BARE_CSV = """
import csv, sys
for path in sys.argv[1:]:
    with open(path, newline="") as file:
        print(sum(len(cells) > 0 for cells in csv.reader(file)))
"""
IMPORT = """
import sys
from pathlib import Path
from retention_helpers.sources.importing import import_files
from retention_helpers.contract.settings import Settings
source, out, *files = sys.argv[1:]
written = import_files(source, [Path(name) for name in files], Path(out), Settings())
print(written.rows)
"""
SUBSCRIPTION = (
    '{"id": "sub_%07d", "object": "subscription", "application": null, "cancel_at": null, '
    '"cancel_at_period_end": false, "canceled_at": %s, "cancellation_details": {"comment": null, "feedback": '
    '%s, "reason": %s}, "collection_method": "charge_automatically", "created": %d, "currency": "usd", '
    '"customer": "cus_%07d", "days_until_due": null, "default_payment_method": "pm_1", "description": null, '
    '"discounts": [], "ended_at": %s, "invoice_settings": {"issuer": {"type": "self"}}, '
    '"items": {"object": "list", "data": [{"id": "si_%07d", "object": "subscription_item", "created": 1, '
    '"current_period_end": 1769904000, "current_period_start": 1767225600, "metadata": {}, "price": {"id": '
    '"price_%d", "object": "price", "active": true, "billing_scheme": "per_unit", "currency": "usd", '
    '"metadata": {}, "nickname": "plan %d", "product": "prod_%d", "recurring": {"interval": "month", '
    '"interval_count": 1, "meter": null, "usage_type": "licensed"}, "type": "recurring", "unit_amount": %d, '
    '"unit_amount_decimal": "%d"}, "quantity": 1, "subscription": "sub_%07d"}], "has_more": false, '
    '"url": "/v1/subscription_items"}, "latest_invoice": "in_1", "livemode": true, "metadata": {"industry": '
    '"law"}, "pause_collection": null, "start_date": %d, "status": "%s", "trial_end": null, "trial_start": '
    'null}\n'
)  # fmt: skip
INVOICE = (
    '{"id": "in_%07d_%d", "object": "invoice", "amount_due": %d, "amount_paid": %d, "attempt_count": 1, '
    '"attempted": true, "created": %d, "currency": "usd", "customer": "cus_%07d", "lines": {"object": '
    '"list", "data": [{"id": "il_%07d_%d", "object": "line_item", "amount": %d, "currency": "usd", '
    '"discount_amounts": [], "parent": {"subscription_item_details": {"proration": false, "subscription": '
    '"sub_%07d", "subscription_item": "si_%07d"}}, "period": {"start": %d, "end": %d}, "pricing": '
    '{"price_details": {"price": "price_%d", "product": "prod_%d"}, "unit_amount_decimal": "%d"}, '
    '"quantity": 1}], "has_more": false}, "status": "paid"}\n'
)
FIRST = dt.date(2023, 1, 5)


def _seconds(month: int) -> int:
    """The 5th of a month, counted from January 2023."""
    day = FIRST.replace(year=FIRST.year + month // 12, month=month % 12 + 1)
    return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())


def _write(folder: Path, subscriptions: int, invoices: int) -> list[Path]:
    """Files of so many subscriptions, with so many invoices each."""
    folder.mkdir()
    draw = random.Random(5)
    paths = [folder / "subscriptions.jsonl", *([folder / "invoices.jsonl"] if invoices else [])]
    with paths[0].open("w") as one, paths[-1].open("a") as other:
        for n in range(subscriptions):
            plan, begun = draw.randrange(5), draw.randrange(24)
            price, start = 1900 + 1000 * plan, _seconds(begun)
            has_ended = n % 5 == 0
            end = str(_seconds(begun + 6)) if has_ended else "null"
            details = ('"unused"', '"cancellation_requested"') if has_ended else ("null", "null")
            one.write(SUBSCRIPTION % (
                n, end, *details, start, n, end, n, plan, plan, plan, price, price, n, start,
                "canceled" if has_ended else "active",
            ))  # fmt: skip
            for nth in range(invoices):
                period = _seconds(begun + nth), _seconds(begun + nth + 1)
                was = price - 500 if nth < 3 else price
                other.write(INVOICE % (
                    n, nth, was, was, period[0], n, n, nth, was, n, n, *period, plan, plan, was,
                ))  # fmt: skip
    return paths


def _write_ledger(path: Path, charges: int) -> Path:
    """So many charges: customers who pay on a day of their own for a year."""
    draw = random.Random(7)
    with path.open("w") as file:
        file.write("Date,Customer ID,Email,Amount,Currency,Product,Status,Transaction ID,Fee\n")
        for nth in range(charges):
            who, month = divmod(nth, 12)
            if not month:
                start, price = FIRST + dt.timedelta(days=draw.randrange(600)), draw.choice((19, 49, 99))
            day = months_after(start, month)
            file.write(
                f"{day} 10:00:00,C-{who},u{who}@x.example,{price}.00,EUR,Plan {price},paid,T-{nth},1.00\n"
            )
    return path


def _write_months(path: Path, customers: int) -> Path:
    """So many customers in a sheet of three years, each for a stretch of it."""
    draw = random.Random(8)
    heads = ",".join(f"{months_after(FIRST, nth):%Y-%m}" for nth in range(36))
    with path.open("w") as file:
        file.write(f"Customer,Industry,{heads}\n")
        for nth in range(customers):
            first = draw.randrange(30)
            last, price = first + draw.randrange(1, 36), draw.choice((19, 49, 99))
            cells = ",".join(str(price) if first <= month < last else "" for month in range(36))
            file.write(f"C-{nth},law,{cells}\n")
    return path


def _pair(
    paths: Sequence[Path], count: int, out: Callable[[], Path], source: str = "stripe", bare_read: str = BARE
) -> float:
    # Seconds of the processor: a busy machine changes them least.
    _, bare, bare_peak = run(bare_read, *paths)
    _, whole, peak = run(IMPORT, source, out(), *paths)
    size = sum(path.stat().st_size for path in paths) / 1e9
    print(
        f"{', '.join(path.name for path in paths)} ({size:.2f} GB): bare read {bare:.1f} s "
        f"({count / bare:,.0f} rows a second, {bare_peak:.2f} GB), import {whole:.1f} s "
        f"({count / whole:,.0f} rows a second, {peak:.2f} GB), {whole / bare:.1f} ×",
        flush=True,
    )
    return whole / bare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--invoices", type=int, default=6, help="of each of a tenth of the subscriptions")
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="retention-importers-"))
    numbers = iter(range(100))
    try:
        tenth = chosen.rows // 10
        for name, rows, invoices in (("alone", chosen.rows, 0), ("with past", tenth, chosen.invoices)):
            paths = _write(home / name, rows, invoices)
            count = rows * (1 + invoices)
            out = [_pair(paths, count, lambda: home / f"out{next(numbers)}") for _ in range(chosen.rounds)]
            print(f"{name}: {rows:,} subscriptions, median {statistics.median(out):.1f} × a bare read")
            shutil.rmtree(home / name)
        rows = chosen.rows // 50
        _pair(
            [_write_ledger(home / "ledger.csv", chosen.rows)],
            chosen.rows,
            lambda: home / "l",
            "ledger",
            BARE_CSV,
        )
        _pair([_write_months(home / "months.csv", rows)], rows, lambda: home / "m", "months", BARE_CSV)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()

"""How often a ledger of charges is told wrong: part of `make bench-statistics`.

Businesses whose service is known day by day (`charged.py`) are written as ledgers and imported; each month
end of each customer is held against the truth. Month ends at which a payment may still come are counted
apart.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from charged import COLUMNS, Errors, Noise, charged, errors, import_answering

from retention_helpers.sources.ledger.reading import IN_THE_WORST, WRONG_AT_MOST

LENGTHS = ("month", "quarter", "year")
LEDGERS: dict[str, tuple[str, ...]] = {
    "with product and state": COLUMNS,
    "without states": ("date", "customer", "amount", "currency", "product"),
    "day, customer, amount": ("date", "customer", "amount"),
}


def read_back(customers: int, seed: int, noise: Noise, columns: Sequence[str], home: Path) -> Errors:
    """The errors of one business."""
    truth = charged(customers, seed, noise, LENGTHS)
    path = truth.write(home / "ledger.csv", tuple(columns))
    out = home / f"out{seed}-{customers}-{len(columns)}"
    asked = import_answering(truth, path, out)
    return errors(truth, out / "subscriptions.csv", asked)


def report(name: str, found: Sequence[Errors]) -> None:
    wrong, seen = sum(one.wrong for one in found), sum(one.customer_months for one in found)
    late = sum(one.provisional for one in found)
    off = [one.months_off() for one in found]
    months = sum(of for _, of in off)
    print(
        f"{name}: {wrong:,} of {seen:,} customer-months wrong ({wrong / seen:.3%}; worst business "
        f"{max(one.share for one in found):.3%}), {late:,} provisional; churn within 0.5 points in "
        f"{1 - sum(many for many, _ in off) / months:.1%} of {months:,} months, "
        f"{statistics.median(one.asked for one in found):.0f} prices asked about (at most "
        f"{max(one.asked for one in found)})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="retention-ledger-") as scratch:
        home = Path(scratch)
        kinds = {"clean": Noise(), "noisy": Noise.usual(), "generous": Noise.generous()}
        for noise_name, noise in kinds.items():
            for ledger, columns in LEDGERS.items():
                for customers in (150, 1000):
                    found = [
                        read_back(customers, seed, noise, columns, home) for seed in range(chosen.rounds)
                    ]
                    assert sum(one.wrong for one in found) <= WRONG_AT_MOST * sum(
                        one.customer_months for one in found
                    ), "the page about the data promises less"
                    assert max(one.share for one in found) <= IN_THE_WORST, "the same of the worst"
                    report(f"{noise_name}, {ledger}, {customers:,} customers in all", found)


if __name__ == "__main__":
    main()

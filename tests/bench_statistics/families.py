"""Does *above the rest* or *below the rest* stand where all are alike? Part of `make bench-statistics`.

    python tests/bench_statistics/families.py [--rounds N]

Customers who are lost with one chance, whatever they have: in how many tables is any level said to stand
out, over the levels of one kind, and over three kinds that cut the same customers. At most 5 % should be.
Last, how often a level of twice the risk is found among the others.
"""

import argparse
import math

import numpy as np

from retention_helpers.statistics.intervals import against_the_rest

SIZES = (100, 1_000, 10_000, 100_000)  # of 20 customers no two groups are large enough to be judged
LEVELS = (2, 4, 12, 24)
RISKS = (0.02, 0.05, 0.2)
MIN_CUSTOMERS = 20
OUT = {"above the rest", "below the rest"}
Chance = np.random.Generator


def levels(chance: Chance, size: int, many: int) -> np.ndarray:
    """Levels of unequal size, the rarer ones smaller and smaller."""
    weights = 1 / np.arange(1, many + 1)
    return chance.choice(many, size, p=weights / weights.sum())


def verdicts(cuts: list[np.ndarray], lost: np.ndarray) -> list[list[str]]:
    """What is said of each level of each cut."""
    base = [np.bincount(cut) for cut in cuts]
    gone = [np.bincount(cut, lost).astype(int) for cut in cuts]
    said = against_the_rest(
        [int(n) for one in gone for n in one],
        [int(n) for one in base for n in one],
        kinds=[str(nth) for nth, one in enumerate(base) for _ in one],
        min_customers=MIN_CUSTOMERS,
    )
    ends = np.cumsum([len(one) for one in base])
    return [said[end - len(one) : end] for end, one in zip(ends, base, strict=True)]


def table(chance: Chance, size: int, many: int, risk: float) -> tuple[bool, bool, bool]:
    """Whether any stands out of one kind, and of three; whether the second level does at twice the risk."""
    cuts = [levels(chance, size, many) for _ in range(3)]
    lost = chance.random(size) < risk
    alone, together = verdicts(cuts[:1], lost), verdicts(cuts, lost)
    truly = chance.random(size) < risk * np.where(cuts[0] == 1, 2, 1)
    found = verdicts(cuts[:1], truly)[0]
    return (
        bool(OUT & set(alone[0])),
        any(OUT & set(one) for one in together),
        len(found) > 1 and found[1] == "above the rest",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000)
    rounds = parser.parse_args().rounds
    error = 196 * math.sqrt(0.05 * 0.95 / rounds)
    print(f"{rounds:,} rounds, a quarter of them from 10,000 customers on; ± {error:.1f} points at 5 %")
    print("customers  levels   risk   false: one kind   three kinds   twice the risk is found")
    for size in SIZES:
        for many in LEVELS:
            for risk in RISKS:
                chance = np.random.default_rng([24, size, many])
                runs = rounds if size <= 1_000 else rounds // 4
                found = np.mean([table(chance, size, many, risk) for _ in range(runs)], axis=0)
                one, three, seen = (f"{100 * share:.1f} %" for share in found)
                print(f"{size:9,}{many:8}{risk:7.0%}{one:>18}{three:>14}{seen:>26}", flush=True)


if __name__ == "__main__":
    main()

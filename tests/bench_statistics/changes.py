"""How often a usual month is called a rise or a fall, and how often a doubled churn is seen.

    python tests/bench_statistics/changes.py

Part of `make bench-statistics`. The months' own risks vary by the spread (standard deviation over mean,
beta-distributed) around 2 or 5 %; the judged month is drawn as the months before it. Held against the months
before together, against last month alone, and by chance alone (Newcombe and the test of two shares of last
month). Last, a business that grows from a fifth of its size, and the latest three cohorts.
"""

import argparse

import numpy as np
import pandas as pd

from retention_helpers.measurement.cohorts import recent_change, standing_out
from retention_helpers.statistics.intervals import against_the_rest, change, with_rate
from retention_helpers.statistics.varying import change_beyond_spread, spread_of


def risks(draws: np.random.Generator, size: int, mean: float, spread: float) -> np.ndarray:
    if not spread:
        return np.full(size, mean)
    both = (1 - mean) / (mean * spread**2) - 1
    return draws.beta(mean * both, (1 - mean) * both, size)


def shares(
    customers: int, months: int, mean: float, spread: float, rounds: int, *, growing: bool
) -> np.ndarray:
    """False alarms against the months before, last month and by chance; doublings seen by the first two."""
    draws = np.random.default_rng([customers, months, round(100 * mean), round(100 * spread), growing])
    sizes = np.linspace(customers / 5 if growing else customers, customers, months + 1).astype(int)
    *before, own = sizes.tolist()
    found = np.zeros((rounds, 5))
    for run in range(rounds):
        lost = draws.binomial(before, risks(draws, months, mean, spread)).tolist()
        usual = int(draws.binomial(own, risks(draws, 1, mean, spread)[0]))
        doubled = int(draws.binomial(own, risks(draws, 1, 2 * mean, spread)[0]))
        held, then = spread_of(lost, before), list(zip(lost, before, strict=True))
        verdicts = [change_beyond_spread([(usual, own)], past, held).verdict for past in (then, then[-1:])]
        verdicts.append(change(*then[-1], usual, own).verdict)
        seen = [change_beyond_spread([(doubled, own)], past, held).verdict for past in (then, then[-1:])]
        found[run] = [
            *(verdict != "no clear change" for verdict in verdicts),
            *(verdict == "rose" for verdict in seen),
        ]
    return found.mean(axis=0)


def cohorts(customers: int, earlier: int, rounds: int) -> tuple[float, float, float]:
    """The latest three cohorts, of whom 8 % leave in the first month: false, by chance alone; doublings seen.

    The cohorts' own risks vary by 20 %.
    """
    draws = np.random.default_rng([customers, earlier])
    found = np.zeros((rounds, 3))
    for run in range(rounds):
        risk = risks(draws, earlier + 3, 0.08, 0.2)
        doubled = np.where(np.arange(earlier + 3) < earlier, risk, np.minimum(2 * risk, 1))
        usual, more = (draws.binomial(customers, one) for one in (risk, doubled))
        verdicts = [
            moved.verdict
            for left in (usual, more)
            if (moved := recent_change(pd.DataFrame(
                {"k": 1, "reached": customers, "retained": customers - left, "final": True}
            )))
        ]  # fmt: skip
        before, after = int(usual[:-3].sum()), int(usual[-3:].sum())
        by_chance = change(before, earlier * customers, after, 3 * customers).verdict
        found[run] = [verdicts[0] != "no clear change", by_chance != "no clear change", verdicts[1] == "fell"]
    false, chance, seen = found.mean(axis=0)
    return float(false), float(chance), float(seen)


def standing(customers: int, cohorts: int, spread: float, rounds: int) -> tuple[float, float, float]:
    """How often any cohort is said to stand out where none does, by chance alone, and one of twice the loss.

    20 % are lost after three months, the cohorts' own risks vary by the spread.
    """
    draws = np.random.default_rng([customers, cohorts, round(100 * spread)])
    every = pd.DataFrame(
        {"cohort": pd.date_range("2024-01-01", periods=cohorts, freq="MS"), "k": 3, "final": True,
         "reached": customers}
    )  # fmt: skip

    def verdicts(left: np.ndarray) -> pd.Series:
        cells = with_rate(every.assign(retained=customers - left), "rate", "retained", "reached")
        return standing_out(cells, min_customers=20)["verdict"]

    found = np.zeros((rounds, 3))
    for run in range(rounds):
        left = draws.binomial(customers, risks(draws, cohorts, 0.2, spread))
        worse = left.copy()
        worse[-1] = draws.binomial(customers, risks(draws, 1, 0.4, spread)[0])
        by_chance = against_the_rest(
            left.tolist(), [customers] * cohorts, kinds=["cohort"] * cohorts, min_customers=20
        )
        found[run] = [
            verdicts(left).str.endswith("the rest").any(),
            any(one.endswith("the rest") for one in by_chance),
            verdicts(worse).iloc[-1] == "below the rest",
        ]
    false, chance, seen = found.mean(axis=0)
    return float(false), float(chance), float(seen)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=1000)
    rounds = parser.parse_args().rounds
    print(
        "churn, customers, months, spread; false: before, last month, by chance; doubled: before, last month"
    )
    for growing in (False, True):
        print("growing from a fifth" if growing else "of one size")
        for mean in (0.05,) if growing else (0.02, 0.05):
            for customers in (50, 300, 1_000, 5_000, 50_000):
                for months in (12, 24):
                    for spread in (0.2,) if growing else (0.0, 0.1, 0.2, 0.3):
                        found = shares(customers, months, mean, spread, rounds, growing=growing)
                        cells = "  ".join(f"{100 * share:9.1f} %" for share in found)
                        print(f"{mean:5.0%}{customers:11}{months:8}{spread:8.0%}  {cells}", flush=True)
    print("cohorts that differ by 20 %: customers, cohorts before; false, by chance alone, doubled")
    for customers in (30, 200, 1_000, 5_000):
        for earlier in (3, 12, 24):
            print(customers, earlier, *(f"{share:.1%}" for share in cohorts(customers, earlier, rounds)))
    print("a cohort stands out: customers, cohorts, spread; false, by chance alone, twice the loss")
    for cohorts_there in (3, 6, 12, 24):
        for customers in (30, 200, 1_000, 5_000):
            for spread in (0.0, 0.2):
                found = standing(customers, cohorts_there, spread, rounds // 10)
                print(
                    customers,
                    cohorts_there,
                    f"{spread:.0%}",
                    *(f"{share:.1%}" for share in found),
                    flush=True,
                )


if __name__ == "__main__":
    main()

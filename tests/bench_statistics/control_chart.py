"""How often the control chart calls a usual month unusual, and how often it sees that churn doubled.

    python tests/bench_statistics/control_chart.py

Months of equal size at 5 % churn; the months' own risks are the same, or vary by 15 or 30 % (standard
deviation over mean, beta-distributed). The judged month is drawn as the months before it. Beside it: the
classical chart, three standard deviations around the mean of the same months, which promises 0.27 %.
"""

import numpy as np

from retention_helpers.statistics import control

CHURN = 0.05
RUNS = 1000


def months(draws: np.random.Generator, size: int, customers: int, spread: float, churn: float) -> np.ndarray:
    if not spread:
        return draws.binomial(customers, churn, size)
    both = (1 - churn) / (churn * spread**2) - 1
    return draws.binomial(customers, draws.beta(churn * both, (1 - churn) * both, size))


def outside_three_sigma(before: np.ndarray, customers: int, now: int) -> bool:
    mean = before.mean()
    return abs(now - mean) > 3 * np.sqrt(mean * (1 - mean / customers))


def alarms(customers: int, before: int, spread: float) -> tuple[float, float, float]:
    """Shares of runs: usual months called unusual, the same by three sigma, doubled churn called so."""
    draws = np.random.default_rng([customers, before, round(100 * spread)])
    found = np.zeros((RUNS, 3))
    for run in range(RUNS):
        past = months(draws, before, customers, spread, CHURN)
        fewest, most = control.usual_range(control.risk(past, np.full(before, customers)), customers)
        usual = months(draws, 1, customers, spread, CHURN)[0]
        doubled = months(draws, 1, customers, spread, 2 * CHURN)[0]
        found[run] = [
            not fewest <= usual <= most,
            outside_three_sigma(past, customers, usual),
            doubled > most,
        ]
    return tuple(found.mean(axis=0))


def main() -> None:
    print("customers  months  spread   false alarms   three sigma   doubled churn is seen")
    for customers in (50, 100, 300, 1000, 5000):
        for before in (8, 24):
            for spread in (0, 0.15, 0.3):
                shares = alarms(customers, before, spread)
                false, classical, seen = (f"{100 * share:.1f} %" for share in shares)
                print(f"{customers:9}{before:8}{spread:8.0%}{false:>15}{classical:>14}{seen:>24}")


if __name__ == "__main__":
    main()

"""Whether a change of use is judged as promised, computed over every table and not simulated.

    python tests/bench_statistics/activity.py

The same customers are looked at in two months. Some become active, some go dormant, by chances of their own;
the rest stay as they were. How often does the interval hold the true difference, how often is "rose" or
"fell" said where both chances are the same, and how often is a true fall seen? Beside it: what the interval
for two independent samples would see, although the customers are the same.
"""

import numpy as np
from scipy import special

from retention_helpers.statistics.intervals import change, paired_change

ACTIVE = 0.9  # of the customers, in the first month


def tables(pairs: int, gained: float, lost: float) -> list[tuple[int, int, float]]:
    """How many gained, how many lost, and how likely that is; what is rarer than 1 in 10⁹ is left out."""
    found = []
    for x in range(pairs + 1):
        for y in range(pairs - x + 1):
            rest = pairs - x - y
            log = special.gammaln(pairs + 1) - special.gammaln([x + 1, y + 1, rest + 1]).sum()
            log += special.xlogy([x, y, rest], [gained, lost, 1 - gained - lost]).sum()
            if log > np.log(1e-9):
                found.append((x, y, float(np.exp(log))))
    return found


def judged(pairs: int, gained: float, lost: float) -> tuple[float, float, float]:
    """Chances that the interval holds the truth, that a change is said, and that two samples would say it."""
    holds = said = by_samples = 0.0
    active = round(ACTIVE * pairs)
    for x, y, chance in tables(pairs, gained, lost):
        found = paired_change(x, y, pairs)
        holds += chance * (found.low <= gained - lost <= found.high)
        said += chance * (found.verdict != "no clear change")
        after = min(max(active + x - y, 0), pairs)
        by_samples += chance * (change(active, pairs, after, pairs).verdict != "no clear change")
    return holds, said, by_samples


def main() -> None:
    print("customers  become active  go dormant   interval holds   change said   two samples would say")
    for pairs in (40, 100, 250):
        for gained, lost in ((0.02, 0.02), (0.05, 0.05), (0.1, 0.1), (0.02, 0.07), (0.02, 0.12)):
            shares = [f"{100 * share:.1f} %" for share in judged(pairs, gained, lost)]
            print(
                f"{pairs:9}{gained:15.0%}{lost:12.0%}{shares[0]:>17}{shares[1]:>14}{shares[2]:>24}",
                flush=True,
            )


if __name__ == "__main__":
    main()

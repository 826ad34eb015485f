"""How often the plain intervals of every page hold the truth, for 20 to 100,000 customers.

    python tests/bench_statistics/intervals.py [--rounds N]

Part of `make bench-statistics`. Shares are computed over every count and not simulated: their coverage is
exact, beside that of the exact interval of Clopper and Pearson. All else is simulated, with the Monte-Carlo
error of the figure. The lowest and the mean of each row stand over the true shares of 2 to 50 %.
"""

import argparse
import math
from collections.abc import Callable

import numpy as np
from scipy import special, stats

from retention_helpers.churned_vs_retained.shrinkage import shrunk
from retention_helpers.churned_vs_retained.valuation import standardised, valued
from retention_helpers.measurement import sessions
from retention_helpers.statistics.association import area
from retention_helpers.statistics.clusters import clustered_balance, clustered_rate
from retention_helpers.statistics.intervals import (
    amount_share,
    newcombe,
    newcombe_ratio,
    paired_change,
    sum_interval,
    wilson,
)
from retention_helpers.statistics.pooled import drawn_together

SIZES = (20, 100, 1_000, 10_000, 100_000)
SHARES = (0.02, 0.05, 0.1, 0.2, 0.5)
Ends = tuple[float, float]
Chance = np.random.Generator


def exact(low: np.ndarray, high: np.ndarray, share: float, size: int) -> float:
    counts = np.arange(size + 1)
    holds = (low <= share) & (share <= high)
    return float(stats.binom.pmf(counts, size, share)[holds].sum())


def shares(size: int) -> tuple[list[float], list[float]]:
    """Exact coverage of Wilson's interval, and of Clopper and Pearson's, at each share."""
    counts = np.arange(size + 1)
    ours = wilson(counts, np.full(size + 1, size))
    low = np.where(counts == 0, 0, stats.beta.ppf(0.025, counts, size - counts + 1))
    high = np.where(counts == size, 1, stats.beta.ppf(0.975, counts + 1, size - counts))
    return (
        [exact(*ours, share, size) for share in SHARES],
        [exact(low, high, share, size) for share in SHARES],
    )


def difference(chance: Chance, size: int, share: float) -> bool:
    """Two halves, the second with half as much again."""
    one, other = size // 2, size - size // 2
    more = min(1.5 * share, 1.0)
    found = newcombe(chance.binomial(one, more), one, chance.binomial(other, share), other)
    return found.low <= more - share <= found.high


def ratio(chance: Chance, size: int, share: float) -> bool:
    one, other = size // 2, size - size // 2
    more = min(1.5 * share, 1.0)
    found = newcombe_ratio(chance.binomial(one, more), one, chance.binomial(other, share), other)
    return math.isnan(found.value) or found.low <= more / share - 1 <= found.high


def paired(chance: Chance, size: int, share: float) -> bool:
    """So many gain it, half as many lose it."""
    gained, lost, _ = chance.multinomial(size, [share, share / 2, 1 - 1.5 * share])
    found = paired_change(int(gained), int(lost), size)
    return found.low <= share / 2 <= found.high


def money(chance: Chance, size: int, share: float) -> bool:
    """The share of the MRR that leaves; three plans, who leaves has nothing to do with the price."""
    price = chance.choice([21.0, 65.0, 159.0], size, p=[0.5, 0.35, 0.15])
    _, low, high = amount_share(price, chance.random(size) < share)
    return low <= share <= high


def lost_money(chance: Chance, size: int, share: float) -> bool:
    """The sum that leaves in a month, of customers of three plans."""
    price = chance.choice([21.0, 65.0, 159.0], size, p=[0.5, 0.35, 0.15])
    low, high = sum_interval(price[chance.random(size) < share].tolist(), 159.0)
    return low <= share * price.sum() <= high


def rows_of_customers(chance: Chance, size: int, share: float) -> bool:
    """Rows of customers with one to eight each, who differ among themselves (a beta distribution)."""
    many = chance.integers(1, 9, size // 4)
    own = chance.beta(4 * share, 4 * (1 - share), len(many))
    cluster = np.repeat(np.arange(len(many)), many)
    found = clustered_rate(chance.random(len(cluster)) < own[cluster], cluster)
    return found.low <= share <= found.high


def score(chance: Chance, size: int, share: float) -> bool:
    """The NPS: promoters half, detractors the share, of customers who answer once or twice."""
    many = chance.integers(1, 3, size // 2)
    cluster = np.repeat(np.arange(len(many)), many)
    sides = chance.choice([1, 0, -1], len(many), p=[0.5, 0.5 - share, share])[cluster]
    found = clustered_balance(sides, cluster)
    return found.low <= 0.5 - share <= found.high


def actions_a_day(chance: Chance, size: int, share: float) -> bool:
    """What active customers do on a day of use: few do much (log-normal), on 1 to 20 days each."""
    days = chance.integers(1, 21, size)
    own = 3 * np.exp(chance.normal(-0.5 * SPREAD**2, SPREAD, size))
    actions = chance.poisson(own * days) + days
    sums = {"customers": size, "actions": int(actions.sum()), "days": int(days.sum())}
    both = {"actions": actions, "days": days}
    sums |= {f"{one}_{other}": int((both[one] * both[other]).sum()) for one in both for other in both}
    _, low, high = sessions.ratio_of_sums(sums, "actions", "days")
    return low <= 4 <= high


def area_under_the_curve(chance: Chance, size: int, share: float) -> bool:
    """Those who left, so many, have larger values by half a standard deviation."""
    lost = chance.random(size) < share
    found = area(chance.normal(size=size) + 0.5 * lost, lost)
    truth = float(special.ndtr(0.5 / math.sqrt(2)))
    return math.isnan(found.value) or found.low <= truth <= found.high


def shrunk_risks(chance: Chance, size: int, share: float) -> float:
    """Six segments whose own risks lie apart as chance draws them: the mean of how many are held."""
    customers = np.diff(np.linspace(0, size, 7).astype(int))
    own = chance.beta(20 * share, 20 * (1 - share), 6)
    _, low, high = shrunk(chance.binomial(customers, own), customers)
    return float(np.mean((low <= own) & (own <= high)))


def together(chance: Chance, size: int, share: float) -> float:
    """What five groups bring in, as logarithms that lie apart by the share: the mean of how many are held."""
    own = chance.normal(5, share, 5)
    errors = 1 / np.sqrt(size * chance.dirichlet(np.full(5, 3)))
    _, low, high = drawn_together(chance.normal(own, errors), errors)
    return float(np.mean((low <= own) & (own <= high)))


def risk_if(chance: Chance, size: int, share: float) -> float:
    """The risk if everybody were on the better side, and how many fewer: the mean of both."""
    known = chance.normal(size=(size, 1))
    is_worse = chance.random(size) < special.expit(known[:, 0])
    line = special.logit(share) + 0.7 * known[:, 0]
    lost = chance.random(size) < special.expit(line + 0.7 * is_worse)
    if lost.sum() < 10 or (~lost).sum() < 10 or not (lost & ~is_worse).any():
        return 1.0  # too few: nothing is claimed
    found = valued(standardised(lost, is_worse, known))
    at = np.linspace(-6, 6, 1_001)
    weight = np.exp(-(at**2) / 2) / np.exp(-(at**2) / 2).sum()
    there, worse = (
        special.expit(special.logit(share) + 0.7 * at),
        special.expit(special.logit(share) + 0.7 * (at + 1)),
    )
    better = float(weight @ there)
    observed = float(weight @ (there + special.expit(at) * (worse - there)))
    return float(np.mean([found[1] <= better <= found[2], found[4] <= observed - better <= found[5]]))


SIMULATED: dict[str, Callable[[Chance, int, float], float]] = {
    "difference of two shares (Newcombe)": difference,
    "relative difference (Donner and Zou)": ratio,
    "change among the same customers (Bonett and Price)": paired,
    "share of an amount (Kish, Franco et al.)": money,
    "sum of amounts (Fay and Feuer)": lost_money,
    "share of rows that share a customer (Kish, Korn and Graubard)": rows_of_customers,
    "NPS (Rocks)": score,
    "actions a day of use (ratio of sums)": actions_a_day,
    "area under the curve (DeLong)": area_under_the_curve,
    "shrunk risk of six segments": shrunk_risks,
    "five groups drawn together (Rubin)": together,
    "risk if all were on one side, and fewer (standardised)": risk_if,
}
SPREAD = 1.0  # of the logarithm of what a customer does on a day


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--only", default="", help="the rows whose names hold this")
    chosen = parser.parse_args()
    rounds = chosen.rounds
    error = 100 * math.sqrt(0.95 * 0.05 / rounds)
    print(f"coverage in per cent, lowest and mean; {rounds:,} rounds, ± {1.96 * error:.1f} points each")
    print(f"{'':64}" + "".join(f"{size:>14,}" for size in SIZES))
    if not chosen.only:
        ours, theirs = zip(*(shares(size) for size in SIZES), strict=True)
        _row("a share (Wilson), exact", ours)
        _row("the same by Clopper and Pearson, exact", theirs)
    for name, holds in SIMULATED.items():
        if chosen.only not in name:
            continue
        chance = np.random.default_rng(24)
        found = [
            [
                float(np.mean([holds(chance, size, share) for _ in range(_few(rounds, size))]))
                for share in SHARES
            ]
            for size in SIZES
        ]
        _row(name, found)


def _few(rounds: int, size: int) -> int:
    """Where each round draws every customer, large sizes take a quarter of them."""
    return rounds if size <= 1_000 else rounds // 4


def _row(name: str, cells: object) -> None:
    shown = [f"{100 * min(cell):.1f}, {100 * np.mean(cell):.1f}" for cell in cells]  # type: ignore[attr-defined]
    print(f"{name:64}" + "".join(f"{one:>14}" for one in shown), flush=True)


if __name__ == "__main__":
    main()

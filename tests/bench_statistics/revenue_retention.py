"""How often the interval of gross and of net revenue retention holds the truth, beside a bootstrap.

    python tests/bench_statistics/revenue_retention.py

In a month 2 % of the customers halve what they pay, 3 % double it, and 5 % leave: in equal shares ("plans",
at 19, 59 and 149), the small ones more often ("small leave", 8, 4 and 2 %), or with very unequal prices
("unequal", lognormal). The bootstrap draws customers anew, 1,000 times, and takes the middle 95 %.
"""

from decimal import Decimal

import numpy as np
import pandas as pd

from retention_helpers.statistics import money

RUNS = 600
PRICES, SHARES = np.array([19.0, 59.0, 149.0]), [0.5, 0.35, 0.15]


def month(draws: np.random.Generator, kind: str, customers: int) -> tuple[np.ndarray, np.ndarray]:
    """What each customer paid at the start, and pays at the end."""
    plan = draws.choice(3, customers, p=SHARES)
    paid = np.exp(draws.normal(3.5, 1.2, customers)) if kind == "unequal" else PRICES[plan]
    leaves = np.array([0.08, 0.04, 0.02])[plan] if kind == "small leave" else np.full(customers, 0.05)
    fate, change = draws.random(customers), draws.random(customers)
    factor = np.where(fate < leaves, 0, np.where(change < 0.02, 0.5, np.where(change > 0.97, 2.0, 1.0)))
    return paid, paid * factor


def ours(paid: np.ndarray, now: np.ndarray) -> pd.Series:
    kept = np.minimum(paid, now)
    grown = now - kept
    sums = {
        "base": paid.sum(), "base_squared": paid @ paid, "kept": kept.sum(), "kept_squared": kept @ kept,
        "kept_by_base": kept @ paid, "grown": grown.sum(), "grown_squared": grown @ grown,
        "grown_by_base": grown @ paid,
    }  # fmt: skip
    frame = pd.DataFrame({name: [Decimal(f"{amount:.6f}")] for name, amount in sums.items()})
    return money.with_retention(frame).iloc[0]


def bootstrap(draws: np.random.Generator, paid: np.ndarray, now: np.ndarray) -> tuple[float, float]:
    drawn = draws.multinomial(len(paid), np.full(len(paid), 1 / len(paid)), 1000)
    low, high = np.quantile((drawn @ now) / (drawn @ paid), [0.025, 0.975])
    return low, high


def main() -> None:
    print("customers  prices         gross  bootstrap     net  bootstrap")
    for customers in (50, 200, 1000):
        for kind in ("plans", "small leave", "unequal"):
            draws = np.random.default_rng([customers, len(kind)])
            paid, now = month(draws, kind, 2_000_000)
            truths = {"gross": np.minimum(paid, now).sum() / paid.sum(), "net": now.sum() / paid.sum()}
            held = np.zeros((RUNS, 4))
            for run in range(RUNS):
                paid, now = month(draws, kind, customers)
                found = ours(paid, now)
                for nth, (name, truth) in enumerate(truths.items()):
                    column = f"{name}_revenue_retention"
                    held[run, 2 * nth] = found[f"{column}_low"] <= truth <= found[f"{column}_high"]
                    low, high = bootstrap(draws, paid, np.minimum(paid, now) if name == "gross" else now)
                    held[run, 2 * nth + 1] = low <= truth <= high
            shares = "  ".join(f"{share:8.1%}" for share in held.mean(axis=0))
            print(f"{customers:9}  {kind:12}{shares}", flush=True)


if __name__ == "__main__":
    main()

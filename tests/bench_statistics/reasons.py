"""Whether the intervals and tests of the reasons keep what they promise, where answers are few.

    python tests/bench_statistics/reasons.py

Customers pay 21, 65 or 159 a month (50, 35, 15 of 100); seven reasons. A reason's share of the MRR is drawn
where it has nothing to do with the price, where the dear plans name it more often, and where the cheap do.
"""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd

from retention_helpers.churn_reasons.answers import Period
from retention_helpers.churn_reasons.groups import depends_on
from retention_helpers.churn_reasons.ranking import change
from retention_helpers.contract.tables import REASONS
from retention_helpers.statistics.intervals import amount_share, exact_p, holm, sum_interval

PRICES, PLANS = np.array([21.0, 65.0, 159.0]), np.array([0.5, 0.35, 0.15])
SHARES = np.array([0.3, 0.22, 0.16, 0.12, 0.1, 0.06, 0.04])
NAMES = np.array(REASONS[: len(SHARES)])
RUNS = 2000
TESTS = 400
SHUFFLES = 1200
NAMING = {"of any price": (0.2, 0.2, 0.2), "of the dear": (0.1, 0.2, 0.5), "of the cheap": (0.5, 0.2, 0.05)}


def coverage_of_shares(answers: int, naming: tuple[float, ...]) -> float:
    """How often the interval of a reason's share of the MRR holds its share of all MRR."""
    draws = np.random.default_rng([answers, *(round(100 * share) for share in naming)])
    truth = (PRICES * PLANS * naming).sum() / (PRICES * PLANS).sum()
    held = 0
    for _ in range(RUNS):
        plan = draws.choice(3, answers, p=PLANS)
        _, low, high = amount_share(PRICES[plan], draws.random(answers) < np.array(naming)[plan])
        held += low <= truth <= high
    return held / RUNS


def coverage_of_sums(expected: float) -> float:
    """How often the interval of the MRR lost to a reason holds its mean, with so many losses expected."""
    draws = np.random.default_rng(round(100 * expected))
    truth, held = expected * (PRICES * PLANS).sum(), 0
    for _ in range(RUNS):
        low, high = sum_interval(list(draws.choice(PRICES, draws.poisson(expected), p=PLANS)), PRICES.max())
        held += low <= truth <= high
    return held / RUNS


def answers(draws: np.random.Generator, many: int, month: str, shares: np.ndarray = SHARES) -> pd.DataFrame:
    plan = draws.choice(3, many, p=PLANS)
    return pd.DataFrame(
        {"customer_id": [f"C-{n}" for n in range(many)], "month": pd.Timestamp(month), "answer": "answered",
         "reason": draws.choice(NAMES, many, p=shares), "mrr": [Decimal(int(PRICES[one])) for one in plan],
         "plan": np.array(["solo", "team", "studio"])[plan], "tenure": draws.choice(list("abcd"), many),
         "mrr_band": draws.choice(["p", "q", "r"], many), "comment": None,
         "country": draws.choice(list("uvwxyz"), many)}
    )  # fmt: skip


def changes(now: int, before: int, spread: float) -> tuple[float, float, float]:
    """How often a reason "rose" or "fell" where nothing changed; by chance alone; and a doubling "rose".

    Three months against twelve; a month's own shares vary so that one of 30 % varies by `spread`.
    """
    draws = np.random.default_rng([now, before, round(100 * spread)])
    doubled = np.where(NAMES[3] == NAMES, 2 * SHARES, SHARES)  # of 12 %
    months = [f"2025-{month:02}-01" for month in range(1, 13)], ["2026-01-01", "2026-02-01", "2026-03-01"]
    when = (Period(dt.date(2026, 1, 1), dt.date(2026, 3, 1), 3),
            Period(dt.date(2025, 1, 1), dt.date(2025, 12, 1), 12))  # fmt: skip

    def given(of: list[str], many: int, shares: np.ndarray) -> pd.DataFrame:
        sure = 0.7 / 0.3 / spread**2 - 1 if spread else 0.0
        shares = shares / shares.sum()
        own = [draws.dirichlet(sure * shares) if spread else shares for _ in of]
        each = zip(of, own, strict=True)
        return pd.concat([answers(draws, many // len(of), month, shares) for month, shares in each])

    found = np.zeros((TESTS, 3))
    for run in range(TESTS):
        then = given(months[0], before, SHARES)
        usual, more = (
            change(pd.concat([given(months[1], now, shares), then]), *when, min_customers=20)
            for shares in (SHARES, doubled)
        )
        p_values = holm([
            exact_p(row.customers, row.answered, row.customers_before, row.answered_before)
            for row in usual.itertuples()
        ])  # fmt: skip
        rose = more.loc[more["reason"] == NAMES[3], "verdict"].eq("rose").any()
        found[run] = usual["verdict"].isin(["rose", "fell"]).any(), min(p_values) < 0.05, rose
    false, by_chance, seen = found.mean(axis=0)
    return float(false), float(by_chance), float(seen)


def false_differences(many: int) -> float:
    """How often the reasons "differ" by any of four ways to group where they have nothing to do with any."""
    draws = np.random.default_rng(many)
    found = (
        (depends_on(answers(draws, many, "2026-03-01"), min_customers=20)["verdict"] == "differs").any()
        for _ in range(SHUFFLES)
    )
    return sum(found) / SHUFFLES


def main() -> None:
    print("share of the MRR, coverage     16 answers  48 answers  153 answers")
    for name, naming in NAMING.items():
        row = "".join(f"{100 * coverage_of_shares(many, naming):11.1f} %"[-12:] for many in (16, 48, 153))
        print(f"named by those {name:14}{row}")
    print(
        "MRR lost, coverage",
        *(f"{mean} losses {100 * coverage_of_sums(mean):.1f} %" for mean in (1, 5, 20, 60)),
    )
    print("rose or fell: answers, against, spread; false, by chance alone, 12 % doubled")
    for now, before in ((24, 96), (48, 132), (150, 600), (1500, 6000)):
        for spread in (0.0, 0.2):
            print(
                now, before, spread, *(f"{share:.1%}" for share in changes(now, before, spread)), flush=True
            )
    print(
        "false differences", *(f"{many} answers {100 * false_differences(many):.1f} %" for many in (30, 150))
    )


if __name__ == "__main__":
    main()

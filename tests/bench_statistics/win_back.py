"""Campaigns with a known truth, read as the page reads them: how often one "works" that does not.

    python tests/bench_statistics/win_back.py [CAMPAIGNS]

Null campaigns are read at every month end and count as found if they are called better at any of them.
Planted: 15 against 5 % at the planned size; and silent payers of whom the mails wake more to leave.
"""

import sys
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd

from retention_helpers.statistics.clusters import clustered_balance
from retention_helpers.win_back_and_loyalty.away import LAST
from retention_helpers.win_back_and_loyalty.campaigns import (
    NEVER,
    WAKES_LEAVERS,
    Campaign,
    _campaign,
    _with_limits,
    word_of,
)

BASE = {"gone": 0.05, "lapsed": 0.60}
FIRST = pd.Timestamp("2023-01-09")


def campaign(
    rng: np.random.Generator,
    kind: str,
    rates: tuple[float, float],
    harms: tuple[float, float],
    a_month: int,
    months: int,
) -> Campaign:
    """So many customers a month, half of them held out; rates and harms of mailed and held out."""
    size = a_month * months
    is_mailed = rng.permutation(size) % 2 == 0
    drawn = FIRST + pd.to_timedelta(30 * (np.arange(size) // a_month), unit="D")
    back = rng.random(size) < np.where(is_mailed, *rates)
    harmed = rng.random(size) < np.where(is_mailed, *harms)
    rows = pd.DataFrame(
        {
            "campaign": "x", "customer_id": np.arange(size).astype(str),
            "group": np.where(is_mailed, "mailed", "held_out"), "enrolled_on": drawn.date, "in_both": False,
            "mailed_anyway": False,
            "kind": kind, "back_days": np.where(back, 20, NEVER), "harm_days": np.where(harmed, 40, NEVER),
            "mrr_90": 0, "followed": 9_999, "reached_in": (drawn + pd.Timedelta(days=LAST)).strftime("%Y-%m"),
        }
    )  # fmt: skip
    return _with_limits([_campaign("x", rows, BASE, True)])[0]


def ever_better(one: Campaign) -> bool:
    """Whether it ended as better: of who left at the first month end that does, of who pays at full size."""
    return word_of(one) in ("better", WAKES_LEAVERS)


def worlds(size: int) -> Iterator[tuple[str, float]]:
    """Each with the share of its campaigns for which it was so."""
    rng = np.random.default_rng(18)
    none = (0.0, 0.0)

    def share(found: list[bool]) -> float:
        return float(np.mean(found))

    gone = [campaign(rng, "gone", (0.05, 0.05), none, 26, 24) for _ in range(size)]
    yield "5 % in both groups, 26 a month for two years: ever better", share([ever_better(o) for o in gone])
    once = [campaign(rng, "gone", (0.05, 0.05), none, 183, 1) for _ in range(size)]
    yield "5 % in both groups, 183 at once: better", share([word_of(one) == "better" for one in once])
    silent = [campaign(rng, "lapsed", (0.6, 0.6), (0.1, 0.1), 26, 24) for _ in range(size)]
    yield "silent payers, 60 % in both groups: ever better", share([ever_better(one) for one in silent])
    yield (
        "silent payers, 10 % leave in both groups: worse, or brings back but more leave",
        share([word_of(one) in ("worse", WAKES_LEAVERS) for one in silent]),
    )
    works = [campaign(rng, "gone", (0.15, 0.05), none, 26, 24) for _ in range(size)]
    yield "15 against 5 %, to the planned size: better", share([word_of(one) == "better" for one in works])
    wakes = [campaign(rng, "lapsed", (0.75, 0.6), (0.3, 0.1), 26, 24) for _ in range(size)]
    yield (
        "75 against 60 % back, 30 against 10 % leave: brings back, but more leave",
        share([word_of(one) == WAKES_LEAVERS for one in wakes]),
    )
    harmful = [campaign(rng, "lapsed", (0.6, 0.6), (0.25, 0.1), 26, 24) for _ in range(size)]
    yield "as many back, 25 against 10 % leave: worse", share([word_of(one) == "worse" for one in harmful])


def nps_coverage(customers: int, answers: int, rounds: int) -> float:
    """How often the interval holds the truth, where customers answer so often and much alike."""
    rng = np.random.default_rng(19)
    edges = np.array([-0.9, 0.4])  # detractors below, promoters above: 18 and 35 %
    held = []
    truth = _truth(edges)
    for _ in range(rounds):
        mood = rng.normal(0, 0.8, customers)
        score = np.repeat(mood, answers) + rng.normal(0, 0.6, customers * answers)
        found = clustered_balance(np.digitize(score, edges) - 1, np.repeat(np.arange(customers), answers))
        held.append(found.low <= truth <= found.high)
    return float(np.mean(held))


def _truth(edges: np.ndarray) -> float:
    from scipy.stats import norm

    return float(norm.sf(edges[1]) - norm.cdf(edges[0]))


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    for words, found in worlds(many):
        print(f"{words}: {found:.1%}", flush=True)
    for who, times in ((10, 1), (30, 1), (100, 1), (30, 3), (100, 3), (300, 2)):
        print(f"NPS, {who} customers with {times} answers: {nps_coverage(who, times, 4_000):.1%}")
    print(f"{time.process_time():.0f} s")

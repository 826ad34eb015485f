"""How often the year that came lies in the projection's band, and how often each way is chosen.

    python tests/bench_statistics/projection.py

Invented businesses of 24 months, with founders and newcomers, whose next 12 months are known: one where
everybody has the same risk of 4 % a month, one where customers differ (a beta distribution, which the
falling risk assumes), one where newcomers leave at 12 % in their first two months and at 4 % later. With
and without months that are worse or better for everybody (standard deviation 25 % of the risk).
"""

import numpy as np
import pandas as pd

from retention_helpers.measurement import projection, risks

PAST, AHEAD = 24, projection.AHEAD
RUNS = 60
MONTHS = pd.date_range("2024-11-01", periods=PAST + AHEAD, freq="MS")


def lives(
    draws: np.random.Generator, kind: str, newcomers: int, shaken: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The month in which each customer came, and the one in which each left (after the end: later)."""
    each = np.r_[4 * newcomers, draws.poisson(newcomers, PAST + AHEAD - 1)]
    came = np.repeat(np.arange(PAST + AHEAD), each)
    own = draws.beta(0.8, 10, len(came)) if kind == "customers differ" else np.full(len(came), 0.04)
    left = np.full(len(came), PAST + AHEAD)
    shock = draws.gamma(16, 1 / 16, PAST + AHEAD) if shaken else np.ones(PAST + AHEAD)
    for month in range(1, PAST + AHEAD):
        fresh = (month - came <= 2) & (kind == "newcomers leave first")
        risk = np.minimum(np.where(fresh, 0.12, own) * shock[month], 1)
        there = (came < month) & (left > month)
        left[there & (draws.random(len(came)) < risk)] = month
    return came, left


def cells(came: np.ndarray, left: np.ndarray) -> pd.DataFrame:
    """The table of `risks.cohort_months` of the past months."""
    there = np.array([np.bincount(came[(came <= m) & (left > m)], minlength=PAST) for m in range(PAST)])
    cohort, month = np.nonzero(np.arange(PAST)[:, None] <= np.arange(PAST))
    at_end, before = there[month, cohort], np.where(month > cohort, there[month - 1, cohort], 0)
    later = month + risks.HELD_BACK
    came_in = np.where(month == cohort, at_end, 0)
    return pd.DataFrame(
        {
            "cohort": MONTHS[cohort],
            "month": MONTHS[month],
            "k": month - cohort,
            "customers_at_start": before,
            "lost": np.where(month > cohort, before - at_end, 0),
            "customers_at_end": at_end,
            "still_there": np.where(later < PAST, there[np.minimum(later, PAST - 1), cohort], 0),
            "came": came_in,
            "mrr_came": came_in,
            "mrr_at_end": at_end,
            "mrr_squared": at_end,
        }
    )


def main() -> None:
    print("business                newcomers  months     here  with newcomers   chosen")
    for kind in ("one risk", "customers differ", "newcomers leave first"):
        for newcomers in (5, 40):
            for shaken in (False, True):
                draws = np.random.default_rng([newcomers, shaken, len(kind)])
                inside = np.zeros((RUNS, 2))
                chosen: dict[str, int] = {}
                for run in range(RUNS):
                    came, left = lives(draws, kind, newcomers, shaken)
                    past = cells(came, left)
                    way = risks.choice(risks.back_test(past))
                    chosen[way.method] = chosen.get(way.method, 0) + 1
                    told = projection.projection(past, way).iloc[-1]
                    there = left >= PAST + AHEAD
                    inside[run] = [
                        told.still_here_low <= (there & (came < PAST)).sum() <= told.still_here_high,
                        told.customers_low <= there.sum() <= told.customers_high,
                    ]
                here, everybody = inside.mean(axis=0)
                vary = "vary" if shaken else "alike"
                print(f"{kind:24}{newcomers:9}  {vary:7}{here:8.0%}{everybody:16.0%}   {chosen}", flush=True)


if __name__ == "__main__":
    main()

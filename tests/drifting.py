"""Businesses whose churn moves: rows of `snapshots` by chance, with a known truth, for the tests of the risk.

Customers sign up month by month and may ask in any later one. How likely depends on age, on silence (drawn
anew every month) and on the month: every month has a risk of its own around a level that may rise, fall, step
or turn with the season.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from retention_helpers.early_warning.rules import RULES, Rule
from retention_helpers.early_warning.snapshots import MEASURES, NEVER

FIRST = pd.Timestamp("2024-11-01")
MONTHS = 24
USUAL = 0.04  # a month, of an established customer who is not silent
NEW, SILENT = 2.2, 2.5  # times as likely in the first two months; after 14 days of silence and more
OF_SILENCE: list[Rule] = [rule for rule in RULES if rule.name in ("no_login_7_days", "no_login_30_days")]


@dataclass(frozen=True)
class Drifting:
    """A business: how it begins and grows, how its churn moves, how much its months differ (sd over mean)."""

    founders: int
    newcomers: int
    spread: float = 0.2
    trend: float = 1.0  # the level of the last month over that of the first
    step: float = 1.0  # the level from the middle on over that before
    season: float = 0.0  # of the level, up and down within a year

    def level(self) -> np.ndarray:
        month = np.arange(MONTHS)
        steady = self.trend ** (month / (MONTHS - 1)) * np.where(month < MONTHS // 2, 1, self.step)
        return steady * (1 + self.season * np.sin(2 * np.pi * month / 12))


EIGHT = {
    "small, steady": Drifting(150, 12),
    "small, growing": Drifting(40, 25),
    "middling, rising": Drifting(500, 50, trend=1.8),
    "middling, falling": Drifting(500, 50, trend=0.55),
    "middling, a step": Drifting(400, 60, step=1.5),
    "middling, seasons": Drifting(600, 40, season=0.3),
    "large, steady": Drifting(3000, 250),
    "large, uneven": Drifting(2500, 300, spread=0.35),
}


def rows_of(business: Drifting, seed: int) -> pd.DataFrame:
    """Its rows of `snapshots`, as they would be at the end of the last month."""
    rng = np.random.default_rng(seed)
    shape = 1 / business.spread**2
    own = business.level() * rng.gamma(shape, 1 / shape, MONTHS)
    begins = np.r_[np.zeros(business.founders, int), np.repeat(np.arange(MONTHS), business.newcomers)]
    age = np.where(np.arange(len(begins)) < business.founders, rng.integers(100, 400, len(begins)), 0)
    size = (len(begins), MONTHS)
    tenure = age[:, None] + 30 * (np.arange(MONTHS) - begins[:, None]) + 15
    silent = np.where(rng.random(size) < 0.4, rng.integers(0, 60, size), 0)
    chance = USUAL * own * np.where(tenure < 75, NEW, 1) * np.where(silent >= 14, SILENT, 1)
    asks = (rng.random(size) < chance) & (np.arange(MONTHS) >= begins[:, None])
    gone = np.where(asks.any(axis=1), asks.argmax(axis=1), MONTHS)
    ends = [FIRST + pd.DateOffset(months=nth) for nth in range(MONTHS + 1)]
    start = np.array([(end - FIRST).days for end in ends])
    # Of each customer: the day on which they ask, days since the first month end.
    length = np.diff(start)[np.minimum(gone, MONTHS - 1)]
    asked_on = np.where(
        gone < MONTHS, start[np.minimum(gone, MONTHS - 1)] + rng.random(len(gone)) * length, np.inf
    )
    # A month end stands before the month whose risk is drawn; the last has nothing after it.
    there = [np.flatnonzero((begins <= nth) & (gone >= nth)) for nth in range(MONTHS + 1)]
    who, nth = np.concatenate(there), np.repeat(np.arange(MONTHS + 1), [len(part) for part in there])
    month = np.minimum(nth, MONTHS - 1)
    frame = pd.DataFrame(
        {
            "customer": who,
            "nth": nth,
            "as_of": pd.to_datetime(ends)[nth],
            "tenure_days": tenure[who, month],
            "silent_days": silent[who, month],
            "leaves_in": np.where(
                np.isfinite(asked_on[who]), np.floor(asked_on[who] - start[nth]) + 1, np.nan
            ),
        }
    ).sort_values(["customer", "nth"], ignore_index=True)
    usual = {"is_paying": True, "is_yearly": False, "is_scheduled": False, "is_open": True, "has_used": True}
    calm = {"there_days": 200, "use_ratio": 1, "action_ratio": 1, "days_since_negative": NEVER,
            "days_since_failed": NEVER, "mails": 0, "unopened_in_a_row": 0,
            "months_since_downgrade": NEVER}  # fmt: skip
    columns = {**usual, **dict.fromkeys(MEASURES, np.nan), **calm}
    wide = frame.assign(**{name: value for name, value in columns.items() if name not in frame})
    return wide.assign(customer_id=frame["customer"].astype(str))

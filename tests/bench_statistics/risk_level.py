"""Does as many leave as the risk told? Businesses whose churn moves, month by month: part of
`make bench-statistics`.

Of each kind of business: how many were told as learned and at the latest level for one who left, and in how
many of the tested months the number lay within the range that was told; of everybody, and of those at risk.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from drifting import EIGHT, OF_SILENCE, rows_of  # the tests' own

from retention_helpers.business import SAMPLE, open_business
from retention_helpers.early_warning.level import came_true
from retention_helpers.early_warning.past import past
from retention_helpers.early_warning.risk import risk_of_leaving, told


def _say(name: str, found: list[pd.DataFrame]) -> None:
    for who, own in pd.concat(found).groupby("who"):
        runs = [run[run["who"] == who]["within"].mean() for run in found if (run["who"] == who).any()]
        half = (own["expected_high"] - own["expected_low"]) / 2 / own["expected"].clip(lower=1)
        print(
            f"{name:20}{who:14}{own['before'].sum() / own['left'].sum():6.2f} before"
            f"{own['expected'].sum() / own['left'].sum():6.2f} after  {own['within'].mean():6.1%} within; "
            f"below 90 % in {sum(share < 0.9 for share in runs)} of {len(runs)}; half a range "
            f"{half.mean():.0%}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Does as many leave as the risk told?")
    parser.add_argument("--rounds", type=int, default=8)
    rounds = parser.parse_args().rounds
    _say("the sample", [came_true(risk_of_leaving(open_business(SAMPLE, "2026-10")).history)])
    for name, business in EIGHT.items():
        found = []
        for seed in range(rounds):
            rows = rows_of(business, seed)
            risk = told(rows, past(rows, rows["as_of"].max()), OF_SILENCE, OF_SILENCE)
            found.append(came_true(risk.history))
        _say(name, found)


if __name__ == "__main__":
    main()

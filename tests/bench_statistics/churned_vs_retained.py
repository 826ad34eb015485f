"""How often a driver of each kind gets each verdict: part of `make bench-statistics`.

Businesses of 300 and of 1,500 customers with known truths: a channel and an onboarding that are causes, a
later use through which the onboarding works (all of it), an integration that is nothing but a shadow of the
channel, and fifteen columns that have nothing to do with leaving. Printed is the share of the simulated
businesses in which each gets each verdict, and the false-discovery rate: the mean share of false ones among
those confirmed. Then the same where nothing has an effect, and the planted truths of other samples.
"""

import argparse
import collections
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator

from retention_helpers.business import SAMPLE, open_business
from retention_helpers.churned_vs_retained import adjusted, features
from retention_helpers.churned_vs_retained.landmark import Comparison, Driver

OF_THE_SAMPLE = {
    "acquisition_channel": "a cause",
    "onboarding_completed": "a cause that works through later use",
    "first_week_project_created": "a weaker cause that works through later use",
    "later_days_of_use": "the way in which both work",
    "first_week_integration_connected": "a shadow of the channel",
}
CAUSES = {
    "acquisition_channel", "onboarding_completed", "onboarding_steps_skipped", "first_week_project_created",
    "later_days_of_use", "later_login", "interval",
}  # fmt: skip  # with those that move with them; annual plans are planted to leave half as often
FOUNDERS = {"signed_up_in"}  # the founders of the first months are planted to leave less
PLANTED_ONBOARDING = -0.174  # from the end of day 30 on; a day earlier, with its renewals, it is −0.19
LANDMARK, HORIZON, MIN_CUSTOMERS = 30, 90, 20
VERDICTS = ("confirmed", "explained by others", "seen, not told apart", "not seen", "too few")
PLANTED = {
    "channel": "a cause, known at sign-up",
    "onboarding": "a cause that works through later use",
    "later_use": "the way in which onboarding works",
    "integration": "a shadow of the channel",
}
CHANNELS = ("search", "referral", "partner", "paid")
CHANNEL_SHARES, CHANNEL_HAZARD = (0.25, 0.28, 0.17, 0.30), (1.0, 0.45, 0.45, 1.9)
INTEGRATION = (0.35, 0.85, 0.85, 0.06)
BASE_HAZARD, A_DAY_OF_USE, USUAL_DAYS = 0.0033, 0.80, 8.0
CATEGORIES = {"country": 6, "industry": 5, "size": 4}
NUMBERS = ("week_days", "week_comments", "week_reports", "week_files")
LATER_NUMBERS = ("tickets", "mails", "trend", "later_comments")
FLAGS = ("discounted", "annual", "week_invited", "later_failed")


def business(customers: int, rng: Generator) -> Comparison:
    """A simulated business at its landmark."""
    channel = rng.choice(4, customers, p=CHANNEL_SHARES)
    onboarding = rng.random(customers) < 0.5
    keenness = 0.8 * rng.standard_normal(customers)
    later_use = rng.binomial(23, 1 / (1 + np.exp(1.35 - 1.3 * onboarding - keenness)))
    hazard = BASE_HAZARD * np.array(CHANNEL_HAZARD)[channel] * A_DAY_OF_USE ** (later_use - USUAL_DAYS)
    left = np.ceil(rng.exponential(1 / hazard))
    seen = np.where(rng.random(customers) < 0.15, rng.integers(1, HORIZON, customers), HORIZON)
    columns: dict[str, object] = {
        "channel": np.array(CHANNELS, dtype=object)[channel],
        "onboarding": onboarding.astype(float),
        "integration": (rng.random(customers) < np.array(INTEGRATION)[channel]).astype(float),
        "later_use": later_use.astype(float),
    }
    columns_known = [
        Driver("channel", "channel", "category", 0),
        Driver("onboarding", "onboarding", "yes or no", 1),
        Driver("integration", "integration", "yes or no", 1),
        Driver("later_use", "later use", "number", 2),
    ]
    for name, levels in CATEGORIES.items():
        columns[name] = np.array([f"{name} {n}" for n in rng.integers(0, levels, customers)], dtype=object)
        columns_known.append(Driver(name, name, "category", 0))
    for name in FLAGS:
        columns[name] = (rng.random(customers) < 0.2).astype(float)
        columns_known.append(Driver(name, name, "yes or no", 2 if name.startswith("later") else 1))
    for name in NUMBERS + LATER_NUMBERS:
        columns[name] = rng.poisson(2, customers).astype(float)
        columns_known.append(Driver(name, name, "number", 1 if name in NUMBERS else 2, is_count=True))
    rows = pd.DataFrame(
        {
            "customer_id": [f"C-{n:05}" for n in range(customers)],
            "signed_up_on": pd.Timestamp("2026-01-01"),
            "known_day": LANDMARK,
            "days": np.minimum(left, seen).astype(int),
            "lost": left <= seen,
            "settled": seen == HORIZON,
            **columns,
        }
    )
    return Comparison(rows, tuple(columns_known), LANDMARK, HORIZON, MIN_CUSTOMERS, pd.DataFrame())


def simulate(customers: int, rounds: int) -> None:
    counted: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    false_share, named, carried, risk = [], 0, 0, []
    for seed in range(rounds):
        comparison = business(customers, np.random.default_rng([customers, seed]))
        risk.append(comparison.settled["lost"].mean())
        found = adjusted.compare_together(comparison).set_index("name")
        for name, verdict in found["verdict"].items():
            counted[name if name in PLANTED else "nothing"][verdict] += 1
        confirmed = set(found.index[found["verdict"] == "confirmed"])
        false = confirmed - {"channel", "onboarding", "later_use"}
        false_share.append(len(false) / max(len(confirmed), 1))
        named += "channel" in found.loc["integration", "explained_by"]
        carried += "later_use" in found.loc["onboarding", "works_through"]
    print(f"\n{customers:,} customers, {rounds} businesses, {np.mean(risk):.0%} lost within the horizon")
    for name in (*PLANTED, "nothing"):
        total = counted[name].total()
        shares = ", ".join(f"{verdict} {counted[name][verdict] / total:.1%}" for verdict in VERDICTS)
        print(f"  {name} ({PLANTED.get(name, 'fifteen columns without any effect')}): {shares}")
    explained = counted["integration"]["explained by others"]
    print(f"  where the integration is explained, the channel is named: {named}/{explained}")
    confirmed = counted["onboarding"]["confirmed"]
    print(f"  where onboarding is confirmed, later use carries it: {carried}/{confirmed}")
    error = np.std(false_share) / np.sqrt(rounds)
    print(f"  false-discovery rate: {np.mean(false_share):.1%} (± {1.96 * error:.1%})", flush=True)


def without_any_effect(customers: int, rounds: int) -> None:
    """The same columns of customers who leave for reasons that have nothing to do with any of them."""
    found = 0
    for seed in range(rounds):
        rng = np.random.default_rng([1, customers, seed])
        world = business(customers, rng)
        outcome = world.rows[["days", "lost", "settled"]].sample(frac=1, random_state=seed)
        rows = world.rows.assign(**{name: outcome[name].to_numpy() for name in outcome})
        found += (adjusted.compare_together(replace(world, rows=rows))["verdict"] == "confirmed").any()
    print(f"\n{customers:,} customers, {rounds} businesses in which nothing has an effect")
    print(f"  anything confirmed: {found / rounds:.1%}", flush=True)


def of_samples(seeds: range) -> None:
    """The planted truths of the sample, over other samples of its kind: from the files to the verdicts."""
    sys.path.insert(0, str(SAMPLE))
    import make_sample

    counted: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    holds, false_share = 0, []
    for seed in seeds:
        home = Path(tempfile.mkdtemp(prefix="retention-bench-"))
        try:
            make_sample.write(make_sample.sample(seed), home / "data")
            business = open_business(home / "data", "2026-10", cache=home / "cache")
            comparison = features.comparison(business, landmark_days=LANDMARK)
            found = adjusted.compare_together(comparison).set_index("name")
            business.close()
        finally:
            shutil.rmtree(home)
        for name, verdict in found["verdict"].items():
            counted[name if name in OF_THE_SAMPLE else "nothing"][verdict] += 1
        confirmed = [name for name in found.index[found["verdict"] == "confirmed"] if name not in FOUNDERS]
        false_share.append(sum(name not in CAUSES for name in confirmed) / max(len(confirmed), 1))
        onboarding = found.loc["onboarding_completed"]
        holds += onboarding["low"] < PLANTED_ONBOARDING < onboarding["high"]
    print(f"\n{len(seeds)} other samples (seeds {seeds[0]} to {seeds[-1]})")
    for name in (*OF_THE_SAMPLE, "nothing"):
        total = counted[name].total()
        shares = ", ".join(f"{verdict} {counted[name][verdict] / total:.0%}" for verdict in VERDICTS)
        print(f"  {name} ({OF_THE_SAMPLE.get(name, 'all others')}): {shares}")
    print(f"  the planted effect of onboarding lies in its interval: {holds}/{len(seeds)}")
    print(f"  false-discovery rate: {np.mean(false_share):.1%}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--samples", type=int, default=20)
    chosen = parser.parse_args()
    for customers in (300, 1_500):
        start = time.perf_counter()
        simulate(customers, chosen.rounds)
        print(f"  {(time.perf_counter() - start) / chosen.rounds:.2f} s a business")
        without_any_effect(customers, chosen.rounds)
    of_samples(range(100, 100 + chosen.samples))


if __name__ == "__main__":
    main()

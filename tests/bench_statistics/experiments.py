"""Whether experiments are judged as promised: part of `make bench-statistics`.

1. An A/A test that is read every month for two years is called better or worse in at most 5 % of the cases.
2. At the planned effect and size, "better" comes in at least 78 %.
3. Exact coverage, computed over every table and not simulated: 95 % on average, 92.5 % wherever the rates
   differ by at most 30 points.
4. At every look, the interval, the exact test and the verdict say the same.
"""

import argparse
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

from retention_helpers.statistics import exact
from retention_helpers.statistics.anytime import anytime_p
from retention_helpers.statistics.boundary import two_sided
from retention_helpers.statistics.intervals import EXACT_UP_TO, wilson
from retention_helpers.statistics.looks import (
    Comparison,
    Look,
    difference,
    is_full,
    looks_until_full,
    p_value,
    verdict,
)
from retention_helpers.statistics.power import Pace, pace, power

SEED = 20261031
MONTHS = 24
Z = float(special.ndtri(0.975))
SIZES = ((20, 20), (20, 30), (20, 80), (30, 30), (30, 45), (50, 50), (50, 100), (100, 100), (20, 380),
         (100, 200), (200, 200), (100, 500), (200, 500), (500, 500))  # fmt: skip
RATES = np.arange(2, 99, 2) / 100


def monthly(
    rng: np.random.Generator, rates: tuple[float, float], a_month: float, months: int
) -> Iterator[Look]:
    """The month ends of an experiment into which so many customers come, drawn by a coin."""
    totals = np.zeros(4, dtype=int)
    for month in range(months):
        came = rng.poisson(a_month)
        treated = rng.binomial(came, 0.5)
        sizes = (treated, came - treated)
        made = [rng.binomial(size, rate) for size, rate in zip(sizes, rates, strict=True)]
        totals = totals + np.array([made[0], sizes[0], made[1], sizes[1]])
        yield Look(f"{month:03}", *(int(total) for total in totals))


def read(looks: Sequence[Look], size: int, planned: int) -> list[str]:
    """The verdict at each look, as a page gives it; stops where interval, test and verdict disagree."""
    kept = looks_until_full(looks, size / 2, planned)
    full = is_full(kept[-1], size / 2, planned)
    comparison = Comparison("", "", kept, size / 2, full, full, True)
    said = []
    for look, limit in zip(kept, comparison.limits(0.05), strict=True):
        found = difference(look.table, limit)
        word = verdict(found, 0.05)
        is_told = word in ("better", "worse")
        if is_told != (found.low > 0 or found.high < 0) or (
            is_told and p_value(look.table) > two_sided(limit)
        ):
            raise SystemExit(f"{look}: {word}, but {found} and p = {p_value(look.table)}")
        said.append(word)
    return said


def false_alarms(runs: int) -> float:
    """Share of A/A tests called better or worse at any of 24 monthly looks; the largest of all settings."""
    largest = 0.0
    print(
        "A/A read every month for two years: called better or worse; by the anytime p; by p < 0.05 each month"
    )
    for rate in (0.05, 0.5, 0.85, 0.95):
        for a_month, size in ((6, 72), (20, 240), (20, 80), (60, 720)):
            rng = np.random.default_rng([SEED, round(100 * rate), a_month, size])
            wrong = anytime = naive = 0
            for _ in range(runs):
                looks = list(monthly(rng, (rate, rate), a_month, MONTHS))
                wrong += any(
                    word in ("better", "worse")
                    for word in read(looks, size, max(round(2 * size / a_month), 1))
                )
                added = np.diff([(0, 0, 0, 0), *(look.table for look in looks)], axis=0)
                anytime += bool(anytime_p([tuple(map(int, one)) for one in added])[-1] <= 0.05)
                naive += any(_z_test(look) for look in looks)
            shares = [count / runs for count in (wrong, anytime, naive)]
            largest = max(largest, shares[0])
            print(
                f"  rate {rate:.2f}, {a_month} a month, planned {size} an arm: "
                + ", ".join(f"{share:.1%}" for share in shares),
                flush=True,
            )
    return largest


def _z_test(look: Look) -> bool:
    x1, n1, x2, n2 = look.table
    if not n1 or not n2 or x1 + x2 in (0, n1 + n2):
        return False
    pooled = (x1 + x2) / (n1 + n2)
    return abs(x1 / n1 - x2 / n2) > Z * np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))


def found_effects(runs: int) -> float:
    """Chance of an experiment with the planned effect to end as better; the smallest of all settings."""
    smallest = 1.0
    print(
        "At the planned effect and size: better at the end, computed; of the runs: at the end; at some look"
    )
    settings = ((0.05, 0.15, 13), (0.50, 0.20, 31), (0.70, 0.20, 30), (0.85, 0.08, 28), (0.85, 0.12, 12),
                (0.90, 0.09, 30), (0.92, 0.05, 60), (0.70, 0.20, 130), (0.85, 0.12, 90),
                (0.60, 0.15, 150))  # fmt: skip
    for baseline, effect, a_month in settings:
        planned = pace(baseline, effect, shares=(0.5, 0.5), a_month=a_month, days=30)
        rng = np.random.default_rng([SEED, round(100 * baseline), round(100 * effect)])
        rates = (baseline + effect, baseline)
        ended = ever = 0
        for _ in range(runs):
            looks = list(monthly(rng, rates, a_month, 3 * planned.looks + 24))
            said = read(looks, planned.size, planned.looks)
            ended += said[-1] == "better"
            ever += "better" in said
        computed = at_the_end(np.random.default_rng([SEED, 1]), planned, rates, a_month)
        smallest = min(smallest, computed)
        print(
            f"  {baseline:.0%} + {100 * effect:.0f} points, {planned.size} an arm, {planned.looks} looks: "
            f"{computed:.1%}; {ended / max(runs, 1):.1%}, {ever / max(runs, 1):.1%}",
            flush=True,
        )
    return smallest


def at_the_end(
    rng: np.random.Generator, planned: Pace, rates: tuple[float, float], a_month: float, draws: int = 60
) -> float:
    """The chance of "better" at the last look: how many come is drawn, what becomes of them is added up."""
    chances = []
    for _ in range(draws):
        looks = list(monthly(rng, rates, a_month, 3 * planned.looks + 24))
        kept = looks_until_full(looks, planned.size / 2, planned.looks)
        comparison = Comparison("", "", kept, planned.size / 2, True, True, True)
        sizes = {"treated": kept[-1].treated, "control": kept[-1].control}
        chances.append(power(rates[1], rates[0], limit=comparison.limits(0.05)[-1], **sizes))
    return float(np.mean(chances))


def page_intervals(n1: int, n2: int, limit: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Both ends for every table (x1, x2), as `looks.difference` gives them one by one."""
    x1, x2 = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    level = 1 - two_sided(limit)
    (low1, high1), (low2, high2) = wilson(x1, n1, level), wilson(x2, n2, level)
    p1, p2 = x1 / n1, x2 / n2
    low = p1 - p2 - np.hypot(p1 - low1, high2 - p2)
    high = p1 - p2 + np.hypot(high1 - p1, p2 - low2)
    if n1 + n2 <= EXACT_UP_TO:
        less = exact.significantly_less(n1, n2, two_sided(limit))
        is_less = x1 < less[None, :]
        is_more = (n1 - x1) < less[::-1][None, :]
    else:
        pooled = (x1 + x2) / (n1 + n2)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (p1 - p2) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
        is_less, is_more = z <= -limit, z >= limit
    return np.where((low > 0) & ~is_more, 0.0, low), np.where((high < 0) & ~is_less, 0.0, high)


def coverage() -> tuple[float, float]:
    """The mean of the worst size, and the minimum wherever the rates differ by at most 30 points."""
    means, least = [], []
    print(
        "Exact coverage of the 95 % interval, rates from 2 to 98 %: mean; minimum within 30 points; overall"
    )
    for n1, n2 in SIZES:
        low, high = page_intervals(n1, n2, Z)
        first, second = (exact.binomial(size, RATES) for size in (n1, n2))
        covered = np.array(
            [
                [p @ ((low <= r1 - r2 + 1e-12) & (r1 - r2 - 1e-12 <= high)) @ q
                 for r2, q in zip(RATES, second, strict=True)]
                for r1, p in zip(RATES, first, strict=True)
            ]
        )  # fmt: skip
        near = np.abs(RATES[:, None] - RATES[None, :]) <= 0.3 + 1e-9
        means.append(covered.mean())
        least.append(covered[near].min())
        print(f"  {n1} and {n2}: {means[-1]:.2%}; {least[-1]:.2%}; {covered.min():.2%}", flush=True)
    return min(means), min(least)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    chosen = parser.parse_args()
    mean, least = coverage()
    found = found_effects(chosen.runs)
    alarms = false_alarms(chosen.runs)
    print(
        f"coverage: mean {mean:.2%}, least {least:.2%}; planned effects found: {found:.1%}; "
        f"false alarms in two years: {alarms:.1%}"
    )
    error = np.sqrt(0.05 * 0.95 / chosen.runs)
    if mean < 0.95 or least < 0.925 or found < 0.78 or alarms > 0.05 + 3 * error:
        raise SystemExit("A promise is broken.")


if __name__ == "__main__":
    main()

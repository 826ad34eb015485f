"""Whether experiments are judged as promised: part of `make bench-statistics`.

1. An A/A test that is read every month for two years is called better or worse in at most 5 % of the cases.
2. At the planned effect and size, "better" comes in at least 78 %.
3. Exact coverage, computed over every table and not simulated: 95 % on average, 92.5 % wherever the rates
   differ by at most 30 points.
4. At every look, the interval, the exact test and the verdict say the same.
5. However an experiment ends, on its planned day at 20 to 100 % of its size, at any look that somebody chose
   after seeing it, or with a plan that came after results, an A/A is called better or worse in at most 5 %.
6. A planned end finds the planned effect about as often as one look with so many customers can.
7. What holds at any look sees a difference at 10² to 10⁷ customers an arm.
8. Amounts with long tails, capped, are called different in at most 5 %, also in unequal arms.
"""

import argparse
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

from retention_helpers.experiments.ending import Counted, Course, counted
from retention_helpers.statistics import exact
from retention_helpers.statistics.anytime import anytime_p
from retention_helpers.statistics.boundary import boundary, equal_looks, two_sided
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
from retention_helpers.statistics.means import cap_of, difference_of_means, means_of
from retention_helpers.statistics.power import Pace, last_limit, pace, power, size

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


def read(looks: Sequence[Look], an_arm: int, planned: int) -> list[str]:
    """The verdict at each look, as a page gives it; stops where interval, test and verdict disagree."""
    kept = looks_until_full(looks, an_arm / 2, planned)
    full = is_full(kept[-1], an_arm / 2, planned)
    comparison = Comparison("", "", kept, an_arm / 2, full, full, True)
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
        for a_month, an_arm in ((6, 72), (20, 240), (20, 80), (60, 720)):
            rng = np.random.default_rng([SEED, round(100 * rate), a_month, an_arm])
            wrong = anytime = naive = 0
            for _ in range(runs):
                looks = list(monthly(rng, (rate, rate), a_month, MONTHS))
                wrong += any(
                    word in ("better", "worse")
                    for word in read(looks, an_arm, max(round(2 * an_arm / a_month), 1))
                )
                added = np.diff([(0, 0, 0, 0), *(look.table for look in looks)], axis=0)
                anytime += bool(anytime_p([tuple(map(int, one)) for one in added])[-1] <= 0.05)
                naive += any(_z_test(look) for look in looks)
            shares = [count / runs for count in (wrong, anytime, naive)]
            largest = max(largest, shares[0])
            print(
                f"  rate {rate:.2f}, {a_month} a month, planned {an_arm} an arm: "
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


# ------------------------------------------------------------------------------- how an experiment ends

TOLD = ("better", "worse")
ENDS = (0.2, 0.3, 0.5, 0.8, 1.0)  # of the planned size


def evenly(rng: np.random.Generator, rates: tuple[float, float], an_arm: int, months: int) -> list[Look]:
    """The month ends of an experiment with so many customers an arm each month."""
    made = [rng.binomial(an_arm, rate, months).cumsum() for rate in rates]
    return [
        Look(f"{nth:03}", int(made[0][nth]), (nth + 1) * an_arm, int(made[1][nth]), (nth + 1) * an_arm)
        for nth in range(months)
    ]


def word(chosen: Counted, needed: float) -> str:
    """What a page would say."""
    if not chosen.looks:
        return "cannot tell yet"
    kept = (chosen.looks, needed, chosen.is_last, chosen.is_over)
    comparison = Comparison("", "", *kept, True, chosen.way)
    said = verdict(comparison.differences(0.05)[-1], 0.02)
    return word(chosen.otherwise, needed) if said == "cannot tell yet" and chosen.otherwise else said


def ever_told(looks: Sequence[Look], needed: float, **known: object) -> list[bool]:
    """Whether better or worse is said at each month's end."""
    months = range(1, len(looks) + 1)
    courses = [Course(looks[:month], needed, len(looks), **known) for month in months]  # type: ignore[arg-type]
    return [word(counted(course), needed) in TOLD for course in courses]


def false_ends(runs: int) -> float:
    """Share of A/As called better or worse at some look, by how they end; the largest of all."""
    print(
        "A/A of 12 monthly looks, called better or worse by its end: planned at 20, 30, 50, 80, 100 % of the "
        "size; at any look at which somebody might stop, or before it; with a plan after results"
    )
    largest = 0.0
    for rate in (0.05, 0.5, 0.85, 0.95):
        for an_arm in (5, 10, 30):
            rng = np.random.default_rng([SEED, 5, round(100 * rate), an_arm])
            needed = 12 * an_arm / 2
            wrong = np.zeros(len(ENDS) + 2)
            for _ in range(runs):
                looks = evenly(rng, (rate, rate), an_arm, 12)
                open_ones = ever_told(looks, needed)
                for place, share in enumerate(ENDS):
                    upto = max(round(12 * share), 1)
                    last = Course(looks[:upto], needed, 12, ended_in=looks[upto - 1].month, on_its_day=True,
                                  nobody_left=True)  # fmt: skip
                    wrong[place] += any(open_ones[: upto - 1]) or word(counted(last), needed) in TOLD
                stops = [
                    Course(looks[:month], needed, 12, ended_in=f"{month:03}", nobody_left=True)
                    for month in range(1, 12)
                ]
                wrong[-2] += any(open_ones) or any(word(counted(stop), needed) in TOLD for stop in stops)
                wrong[-1] += any(ever_told(looks, needed, before_results=False))
            largest = max(largest, wrong.max() / runs)
            shares = ", ".join(f"{count / runs:.1%}" for count in wrong)
            print(f"  rate {rate:.2f}, {an_arm} an arm a month: {shares}", flush=True)
    return largest


def power_at_ends() -> None:
    """The chance of "better" at a planned end, of an effect that the full size would find in 80 %; exact."""
    print(
        "Better at a planned end at 30, 50, 80, 100 % of the size; with monthly looks before; one look alone"
    )
    for baseline, effect in ((0.85, 0.08), (0.7, 0.2), (0.9, 0.05), (0.5, 0.1)):
        full = size(baseline, effect, looks=12)
        found = []
        for share in (0.3, 0.5, 0.8, 1.0):
            upto = max(round(12 * share), 1)
            limit = boundary(equal_looks(12)[:upto], is_full=True)[-1]
            an_arm = round(full * upto / 12)
            sizes = {"control": an_arm, "treated": an_arm}
            pair = [power(baseline, baseline + effect, limit=one, **sizes) for one in (limit, Z)]
            found.append(f"{100 * share:.0f} %: {pair[0]:.1%}; {pair[1]:.1%}")
        print(f"  {baseline:.0%} + {100 * effect:.0f} points, {full} an arm: " + ", ".join(found), flush=True)


def at_any_size(runs: int) -> None:
    """The power of what holds at any look, where the planned looks have 80 %."""
    print("12 looks, an effect that the planned looks find in 80 %: better by the end as holds at any look")
    rng = np.random.default_rng([SEED, 7])
    for exponent in range(2, 8):
        an_arm = 10**exponent // 12
        n = 12 * an_arm
        wanted = last_limit(12) + float(special.ndtri(0.8))
        effect = wanted * np.sqrt(0.85 * 0.15 * 2 / n)
        for _ in range(20):  # the spread of the treated is another one
            rate = min(0.85 + effect, 0.999)
            effect = wanted * np.sqrt((0.85 * 0.15 + rate * (1 - rate)) / n)
        found = sum(
            any(
                ever_told(
                    evenly(rng, (min(0.85 + effect, 0.999), 0.85), an_arm, 12), n / 2, before_results=False
                )
            )
            for _ in range(runs)
        )
        print(f"  {n:,} an arm, 85 % + {100 * effect:.2f} points: {found / runs:.0%}", flush=True)
    seen = anytime_p([(9_100_000, 10**7, 9_000_000, 10**7)])[-1]
    print(f"  91 against 90 % with 10⁷ an arm: p {seen:.1e}")


def long_tails(runs: int) -> float:
    """Share of A/As of amounts whose capped means are called different; the largest of all settings."""
    print("A/A of amounts with long tails, one look at 95 %: called different")
    rng = np.random.default_rng([SEED, 8])
    kinds = {
        "log-normal (1.0)": lambda n: rng.lognormal(3, 1.0, n),
        "log-normal (1.5)": lambda n: rng.lognormal(3, 1.5, n),
        "nothing in 70 %": lambda n: np.where(rng.random(n) < 0.7, 0, rng.lognormal(3, 1.2, n)),
        "Pareto (1.5)": lambda n: 10 * (rng.pareto(1.5, n) + 1),
        "four prices": lambda n: rng.choice([0.0, 19.0, 59.0, 149.0], n, p=[0.3, 0.4, 0.2, 0.1]),
        "refunds": lambda n: rng.choice([-500.0, 0.0, 49.0, 59.0], n, p=[0.03, 0.3, 0.4, 0.27]),
    }
    largest = 0.0
    for sizes in ((10, 10), (20, 20), (20, 80), (50, 200), (30, 270), (100, 900), (200, 200), (1000, 1000)):
        is_treated = np.arange(sum(sizes)) < sizes[0]
        shares = []
        for draw in kinds.values():
            wrong = 0
            for _ in range(runs):
                amounts = draw(sum(sizes))
                means = means_of(np.minimum(amounts, cap_of(amounts)), is_treated, 1.0)
                found = difference_of_means(means, Z)
                wrong += found.low > 0 or found.high < 0
            shares.append(wrong / runs)
        largest = max(largest, *shares)
        told = ", ".join(f"{kind} {share:.1%}" for kind, share in zip(kinds, shares, strict=True))
        print(f"  {sizes[0]} and {sizes[1]}: {told}", flush=True)
    return largest


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
    parser.add_argument("--runs", type=int, default=1000)
    chosen = parser.parse_args()
    power_at_ends()
    at_any_size(min(chosen.runs, 400))
    tails = long_tails(chosen.runs)
    ends = false_ends(chosen.runs)
    mean, least = coverage()
    found = found_effects(chosen.runs)
    alarms = false_alarms(chosen.runs)
    print(
        f"coverage: mean {mean:.2%}, least {least:.2%}; planned effects found: {found:.1%}; "
        f"false alarms in two years: {alarms:.1%}, by the end {ends:.1%}, of amounts {tails:.1%}"
    )
    error = np.sqrt(0.05 * 0.95 / chosen.runs)
    if mean < 0.95 or least < 0.925 or found < 0.78 or max(alarms, ends, tails) > 0.05 + 3 * error:
        raise SystemExit("A promise is broken.")


if __name__ == "__main__":
    main()

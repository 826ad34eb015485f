"""Do the statistics of survival keep what they promise? Part of `make bench-statistics`.

1. Coverage of the 95 % bands of survival at month 12, also with late entries.
2. Coverage of the mean number of months stayed, beside the plain normal interval.
3. Coverage of the revenue of the first 12 months, beside a bootstrap (BCa).
4. How often a month of tenure is called heavy where all are alike, and where only the first is heavy.
5. How often the log-rank test sees a difference where there is none.
6. How far off the curve is where earlier leavers are missing, with and without delayed entry.
7. Coverage of the median of a curve, and of the share lost to each of two causes, of 20 to 100,000 customers.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from retention_helpers.measurement import survival
from retention_helpers.statistics import curves

SIZES = (20, 40, 100, 400)
LOSSES = (0.02, 0.05, 0.10)  # a month
HORIZON = 12 * survival.PLACES
MONTHLY = survival.PLACES * np.arange(12)
BOOTSTRAPS = 600
HEAVY_ROUNDS = 400
WIDE = (20, 100, 1_000, 10_000, 100_000)

Generator = np.random.Generator


def business(
    rng: Generator, size: int, loss: float, months: int = 24
) -> tuple[npt.NDArray, npt.NDArray[np.bool_]]:
    """Customers lost at a constant chance a day, seen for 0 to `months` months; ten for longer than 12."""
    daily = 1 - (1 - loss) ** (1 / survival.PLACES)
    ends = rng.geometric(daily, size) - 1
    seen = rng.integers(0, survival.PLACES * months, size)
    seen[:10] = HORIZON + 1
    return np.minimum(ends, seen), ends <= seen


def still_there(loss: float, days: npt.ArrayLike) -> npt.NDArray:
    """The true share at the end of a day."""
    return (1 - loss) ** ((np.asarray(days) + 1) / survival.PLACES)


def table(title: str, heads: list[str], rows: list[list[object]]) -> None:
    print(f"\n{title}\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for row in rows:
        cells = [f"{100 * cell:.1f} %" if isinstance(cell, float) else str(cell) for cell in row]
        print(f"| {' | '.join(cells)} |")


def each(rounds: int, seed: int, one: Callable[[Generator], object]) -> list:
    """What each of so many simulated businesses gives."""
    rng = np.random.default_rng(seed)
    return [one(rng) for _ in range(rounds)]


def covered(found: list) -> list[object]:
    """The share of the intervals that hold the truth, an entry a kind of interval."""
    return [float(share) for share in np.mean(np.array(found, dtype=float), axis=0)]


def bands(rounds: int) -> None:
    def one(rng: Generator, size: int, loss: float) -> list[bool]:
        days, lost = business(rng, size, loss)
        entry = np.where(rng.random(size) < 0.3, rng.integers(0, 120, size), 0)
        is_in_sight = entry <= days
        truth = still_there(loss, HORIZON)
        plain = curves.survival_at(curves.kaplan_meier(days, lost), HORIZON)
        late = curves.survival_at(
            curves.kaplan_meier(days[is_in_sight], lost[is_in_sight], entry[is_in_sight]), HORIZON
        )
        # Without a curve so far there is no interval, and nothing is claimed.
        return [np.isnan(at.value) or at.low <= truth <= at.high for at in (plain, late)]

    rows = [
        [size, loss, *covered(each(rounds, 1, lambda rng, n=size, p=loss: one(rng, n, p)))]
        for loss in LOSSES
        for size in SIZES
    ]
    table(
        "Survival at month 12: coverage of the band",
        ["customers", "lost a month", "all from day 0", "30 % came late"],
        rows,
    )


def months_stayed(rounds: int) -> None:
    def one(rng: Generator, size: int, loss: float) -> list[bool]:
        mean = curves.restricted_mean(curves.kaplan_meier(*business(rng, size, loss)), HORIZON)
        truth = still_there(loss, np.arange(HORIZON)).sum()
        half = curves.Z * np.sqrt(mean.variance)
        plain = mean.value - half <= truth <= mean.value + half
        return [np.isnan(mean.value) or mean.low <= truth <= mean.high, np.isnan(mean.value) or plain]

    rows = [
        [size, loss, *covered(each(rounds, 2, lambda rng, n=size, p=loss: one(rng, n, p)))]
        for loss in LOSSES
        for size in SIZES
    ]
    table(
        "Months stayed of the first 12: coverage",
        ["customers", "lost a month", "ours (log odds)", "plain normal"],
        rows,
    )


PRICES: dict[str, Callable[[Generator, int], npt.NDArray]] = {
    "three plans": lambda rng, size: rng.choice([19.0, 59.0, 149.0], size, p=[0.6, 0.3, 0.1]),
    "very unequal": lambda rng, size: np.exp(rng.normal(np.log(50) - 0.5, 1, size)),
}
MEAN_PRICE = {"three plans": 0.6 * 19 + 0.3 * 59 + 0.1 * 149, "very unequal": 50.0}


def weighted(
    weights: npt.NDArray, days: npt.NDArray, lost: npt.NDArray[np.bool_], amounts: npt.NDArray
) -> npt.NDArray:
    """The estimate for each row of weights, customers counted so many times: `curves.collected`, bare."""
    is_there = (days[:, None] > MONTHLY) | ((days[:, None] >= MONTHLY) & ~lost[:, None])
    counts = weights @ is_there
    means = weights @ (amounts * is_there) / np.maximum(counts, 1)
    span = MONTHLY[-1] + 1
    last = np.minimum(days, span)
    found = []
    for row, mean in zip(weights, means, strict=True):
        ended = np.bincount(last, row, span + 1)[:span]
        gone = np.bincount(last[lost], row[lost], span + 1)[:span]
        at_risk = row.sum() - np.concatenate([[0.0], np.cumsum(ended)[:-1]])
        survival = np.cumprod(1 - gone / np.maximum(at_risk, 1))
        found.append((survival[MONTHLY] * mean).sum())
    return np.array(found)


def bca(estimate: float, again: npt.NDArray, left_out: npt.NDArray) -> npt.NDArray:
    """The ends of the BCa interval. Source: Efron 1987, acceleration by the jackknife."""
    bias = special.ndtri(np.clip(np.mean(again < estimate), 1 / len(again), 1 - 1 / len(again)))
    moved = left_out.mean() - left_out
    skew = (moved**3).sum() / (6 * (moved**2).sum() ** 1.5) if moved.any() else 0.0
    normal = np.array([-curves.Z, curves.Z])
    return np.quantile(again, special.ndtr(bias + (bias + normal) / (1 - skew * (bias + normal))))


def revenue(rounds: int) -> None:
    def one(rng: Generator, size: int, prices: str) -> list[bool]:
        days, lost = business(rng, size, 0.05)
        amounts = np.repeat(PRICES[prices](rng, size)[:, None], 12, axis=1)
        truth = MEAN_PRICE[prices] * still_there(0.05, MONTHLY).sum()
        found = curves.collected(days, lost, amounts, MONTHLY)
        ours = found.low <= truth <= found.high
        if size > 100:
            return [ours, np.nan]
        draws = rng.multinomial(size, np.full(size, 1 / size), BOOTSTRAPS).astype(float)
        again = weighted(draws, days, lost, amounts)
        left_out = weighted(1 - np.eye(size), days, lost, amounts)
        low, high = bca(found.value, again, left_out)
        return [ours, low <= truth <= high]

    rows: list[list[object]] = []
    for prices in PRICES:
        for size in SIZES:
            ours, boot = covered(each(rounds, 3, lambda rng, n=size, p=prices: one(rng, n, p)))
            rows.append([size, prices, ours, "–" if np.isnan(boot) else boot])
    table(
        "Revenue of the first 12 months, 5 % lost a month: coverage",
        ["customers", "prices", "ours (t on the logarithm)", "bootstrap (BCa)"],
        rows,
    )


def tenures(rng: Generator, size: int, chances: npt.NDArray) -> pd.DataFrame:
    """Customers of 0 to 24 months, lost at the end of a month of tenure with its own chance."""
    followed = rng.integers(0, len(chances) + 1, size)
    gone = rng.random((size, len(chances))) < chances
    end = np.where(gone.any(axis=1), gone.argmax(axis=1) + 1, 99)
    is_lost = end <= followed
    return pd.DataFrame(
        {
            "place": np.where(is_lost, end, followed) * survival.PLACES,
            "entry_place": 0,
            "is_lost": is_lost,
            "is_in_sight": True,
            "months_followed": followed,
        }
    )


def heavy_months(rounds: int) -> None:
    alike = np.full(24, 0.05)
    first, last = alike.copy(), alike.copy()
    first[0], last[[0, 11]] = 0.20, (0.20, 0.12)

    def found(rng: Generator, size: int, chances: npt.NDArray, truly: set[int]) -> list[bool]:
        months = survival.loss_by_month_of_tenure(tenures(rng, size, chances), min_customers=20)
        heavy = set(months.loc[months["verdict"] == survival.HEAVY, "month_of_tenure"])
        return [bool(heavy - truly), 1 in heavy, 12 in heavy]

    rows: list[list[object]] = []
    for size in (*SIZES[1:], 2000):
        none = covered(each(rounds, 4, lambda rng, n=size: found(rng, n, alike, set())))
        one = covered(each(rounds, 5, lambda rng, n=size: found(rng, n, first, {1})))
        two = covered(each(rounds, 6, lambda rng, n=size: found(rng, n, last, {1, 12})))
        rows.append([size, none[0], one[0], one[1], two[0], two[2]])
    table(
        "Months of heavy loss, 5 % in each other month: wrongly called heavy, and found",
        ["customers", "all alike: false", "month 1 20 %: false", "month 1 found",
         "month 12 12 % too: false", "month 12 found"],
        rows,
    )  # fmt: skip


def log_rank(rounds: int) -> None:
    rows: list[list[object]] = []
    for sizes in ((20, 20), (20, 200), (100, 100), (20, 60, 200)):
        group = np.repeat(np.arange(len(sizes)), sizes)

        def seen(rng: Generator, group: npt.NDArray = group) -> list[bool]:
            return [curves.log_rank(*business(rng, len(group), 0.05), group).p < 0.05]

        rows.append([" + ".join(map(str, sizes)), *covered(each(rounds, 7, seen))])
    table("Log-rank test of groups that are alike: p below 5 %", ["customers", "seen"], rows)


def late_history(rounds: int) -> None:
    """A business of three years whose leavers before its last year are missing."""

    def one(rng: Generator, size: int) -> list[float]:
        began = rng.integers(0, 36 * survival.PLACES, size)
        seen, starts = 36 * survival.PLACES - 1 - began, 24 * survival.PLACES - began
        # A tenth goes in each of the first six months, 2 % in each later one.
        chances = np.where(np.arange(36 * survival.PLACES) < 6 * survival.PLACES, 0.1, 0.02)
        daily = 1 - (1 - chances) ** (1 / survival.PLACES)
        ends = np.searchsorted(np.cumsum(-np.log1p(-daily)), rng.exponential(size=size))
        days, lost, entry = np.minimum(ends, seen), ends <= seen, np.maximum(starts, 0)
        own = entry <= days
        truth = 0.9**6 * 0.98**6
        naive = curves.survival_at(curves.kaplan_meier(days[own], lost[own]), HORIZON - 1)
        mended = curves.survival_at(curves.kaplan_meier(days[own], lost[own], entry[own]), HORIZON - 1)
        return [
            naive.value - truth,
            float(naive.low <= truth <= naive.high),
            mended.value - truth,
            float(mended.low <= truth <= mended.high),
        ]

    rows = [[size, *covered(each(rounds, 8, lambda rng, n=size: one(rng, n)))] for size in (100, 400)]
    table(
        "Survival at month 12 where the leavers of two of three years are missing",
        ["customers", "off, as if all were seen", "covered", "off, with delayed entry", "covered"],
        rows,
    )


def _few(rounds: int, size: int) -> int:
    return rounds if size <= 1_000 else rounds // 4


def medians(rounds: int) -> None:
    def one(rng: Generator, size: int, loss: float) -> list[float]:
        """Whether the interval holds it, and whether it has a later end; an end that is missing is open."""
        curve = curves.kaplan_meier(*business(rng, size, loss))
        found = curves.median(curve)
        truth = np.flatnonzero(still_there(loss, np.arange(36 * survival.PLACES)) <= 0.5)[0]
        low = len(curve) if np.isnan(found.low) else found.low
        return [low <= truth and not found.high < truth, not np.isnan(found.high)]

    rows = [
        [size, loss, *covered(each(_few(rounds, size), 9, lambda rng, n=size, p=loss: one(rng, n, p)))]
        for loss in (0.05, 0.10, 0.20)
        for size in WIDE
    ]
    table(
        "The median of a curve: coverage of its interval",
        ["customers", "lost a month", "held", "both ends known"],
        rows,
    )


def causes(rounds: int) -> None:
    """Of those who are lost seven in ten go to one cause and three to another."""

    def one(rng: Generator, size: int, loss: float) -> list[bool]:
        days, lost = business(rng, size, loss)
        cause = np.where(lost, np.where(rng.random(size) < 0.7, "own", "payment"), None)
        found = curves.aalen_johansen(days, cause)
        gone = 1 - float(still_there(loss, HORIZON))
        held = []
        for name, share in (("own", 0.7), ("payment", 0.3)):
            at = found[(found["cause"] == name) & (found["day"] == HORIZON)]
            # Without a curve so far, or a loss to the cause, nothing is claimed of it here.
            held.append(not len(at) or at["low"].iloc[0] <= share * gone <= at["high"].iloc[0])
        return held

    rows = [
        [size, loss, *covered(each(_few(rounds, size), 10, lambda rng, n=size, p=loss: one(rng, n, p)))]
        for loss in LOSSES
        for size in WIDE
    ]
    table(
        "Lost to each of two causes by month 12: coverage",
        ["customers", "lost a month", "seven in ten", "three in ten"],
        rows,
    )


def main() -> None:
    medians(1000)
    causes(1000)
    bands(2000)
    months_stayed(2000)
    revenue(400)
    heavy_months(HEAVY_ROUNDS)
    log_rank(4000)
    late_history(1000)


if __name__ == "__main__":
    main()

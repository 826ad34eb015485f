"""Do payback, worth by channel and the yearly plan keep what they promise? Part of `make bench-statistics`.

    python tests/bench_statistics/worth.py [--rounds N]

1. Coverage of the months to payback, and how often *pays back* or *not within the time seen* is false.
2. How often any of four channels is above or below the rest where all are alike.
3. The yearly plan: coverage of how many of ten leave and of the months that they paid, and how often a
   verdict stands where the price brings just as much as the months would.
"""

import argparse
import math
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pandas as pd
from survival import MEAN_PRICE, PRICES, business, still_there

from retention_helpers.business.levels import LEVEL_OF
from retention_helpers.contract.settings import Settings
from retention_helpers.measurement import channels, survival
from retention_helpers.win_back_and_loyalty import yearly

SIZES = (20, 100, 1_000, 10_000, 100_000)  # of what is paid month by month, up to 10,000
MONTHS = 24
LOSS = 0.05  # a month
OUT = {"above the rest", "below the rest"}
SETTINGS = Settings(business="Oak & Ash")
Chance = np.random.Generator


def newcomers(chance: Chance, size: int, prices: str, many: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers of `many` channels alike, as `survival.tenures` has them, and what they pay each month."""
    days, lost = business(chance, size, LOSS, MONTHS)
    told = pd.DataFrame(
        {
            f"{LEVEL_OF}channel": chance.integers(0, many, size).astype(str),
            "place": days,
            "is_lost": lost,
            "entry_place": 0,
            # Who was lost began, in the mean, as long ago as anybody.
            "months_followed": np.where(lost, chance.integers(0, MONTHS, size), days // survival.PLACES),
        }
    )
    amounts = PRICES[prices](chance, size)[:, None] * np.ones((1, MONTHS))
    return told, amounts


def brought_in(prices: str, upto: int) -> float:
    """What a newcomer brings in, in truth, in so many months."""
    return MEAN_PRICE[prices] * float(still_there(LOSS, survival.PLACES * np.arange(upto)).sum())


def payback(chance: Chance, size: int, prices: str) -> list[bool]:
    """Held, where the cost comes back in the sixth month; falsely *pays back*; falsely *not within*."""
    told, amounts = newcomers(chance, size, prices, 1)
    cost = (brought_in(prices, 5) + brought_in(prices, 6)) / 2
    found = _standing(told, amounts, cost)
    early, late = (found[f"payback_months_{end}"] for end in ("low", "high"))
    is_held = not early > 6 and not late < 6
    seen = max(upto for upto in range(MONTHS) if channels._followed(told, upto) >= survival.FEWEST_FOLLOWED)
    never = _standing(told, amounts, brought_in(prices, seen) * 1.001)["pays_back"] == channels.PAID_BACK
    just = _standing(told, amounts, brought_in(prices, seen) * 0.999)["pays_back"] == channels.NOT_WITHIN
    return [is_held, never, just]


def _standing(told: pd.DataFrame, amounts: np.ndarray, cost: float) -> dict:
    row = SimpleNamespace(cost=cost, by="channel", level="0")
    return channels._payback(row, told, amounts, True)


def standing_out(chance: Chance, size: int, prices: str) -> bool:
    """Whether any of four channels is said to stand out."""
    told, amounts = newcomers(chance, size, prices, 4)
    frame = channels._of_kind(told, amounts, "channel", SETTINGS.min_customers)
    return bool(OUT & set(channels._verdicts(frame, SETTINGS.min_customers)))


def at_the_point(discount: float) -> float:
    """The chance to be lost in a month at which a yearly price brings in just what the months would."""
    low, high = 0.001, 0.5
    for _ in range(60):
        loss = (low + high) / 2
        leave, paid = of_a_year(loss)
        low, high = (loss, high) if leave < yearly.must_leave(discount, paid) else (low, loss)
    return loss


def of_a_year(loss: float) -> tuple[float, float]:
    """In truth: how many of ten leave within the year, and the months that these paid."""
    kept = (1 - loss) ** (1 / yearly.DAYS_A_MONTH)
    days = np.arange(yearly.YEAR_DAYS)
    gone = kept**days * (1 - kept)
    leave = 1 - kept ** (yearly.YEAR_DAYS + 1)
    return yearly.OF * leave, float((gone * days).sum() / gone.sum() / yearly.DAYS_A_MONTH)


def year(chance: Chance, size: int, discount: float, loss: float) -> list[float]:
    """Held: how many leave, the months paid; said: *pays*, *does not pay*; and whether anything was said."""
    daily = 1 - (1 - loss) ** (1 / yearly.DAYS_A_MONTH)
    ends = chance.geometric(daily, size) - 1
    seen = chance.integers(0, 2 * yearly.YEAR_DAYS, size)
    stays = pd.DataFrame(
        {
            "days": np.minimum(ends, seen),
            "is_lost": ends <= seen,
            "is_followed": seen >= yearly.YEAR_DAYS,
        }
    )
    rows = yearly._of_plan("all", stays, SETTINGS)
    if not rows:
        return [math.nan] * 4
    row = dict(zip(yearly.names_of(yearly.yearly_plan), rows[yearly.DISCOUNTS.index(discount)], strict=True))
    leave, paid = of_a_year(loss)
    held = [
        not (row["leave_low"] > leave or row["leave_high"] < leave),
        row["paid_months_low"] <= paid <= row["paid_months_high"],
    ]
    return [*map(float, held), float(row["verdict"] == yearly.PAYS), float(row["verdict"] == yearly.PAYS_NOT)]


def few(rounds: int, size: int) -> int:
    return rounds if size <= 1_000 else rounds // 10


def rows(rounds: int) -> Iterator[str]:
    yield "customers  prices          payback held   false: pays back   not within   channels: false verdict"
    for prices in PRICES:
        for size in SIZES[:-1]:
            chance = np.random.default_rng([24, size])
            runs = range(few(rounds, size))
            held, never, just = np.mean([payback(chance, size, prices) for _ in runs], axis=0)
            out = np.mean([standing_out(chance, size, prices) for _ in runs])
            cells = "".join(f"{100 * share:14.1f} %" for share in (held, never, just, out))
            yield f"{size:9,}  {prices:14}{cells}"
    yield "customers  discount  lost a month   leave held   months held   pays   does not pay   said in"
    for discount in yearly.DISCOUNTS:
        loss = at_the_point(discount)
        for size in SIZES:
            chance = np.random.default_rng([25, size])
            found = np.array([year(chance, size, discount, loss) for _ in range(few(rounds, size))])
            said = ~np.isnan(found[:, 0])
            shares = np.nanmean(found, axis=0) if said.any() else np.full(4, np.nan)
            cells = "".join(f"{100 * share:11.1f} %" for share in (*shares, said.mean()))
            yield f"{size:9,}{discount:10.0%}{loss:14.1%}{cells}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    for line in rows(parser.parse_args().rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()

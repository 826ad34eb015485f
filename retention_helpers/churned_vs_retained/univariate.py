"""Each driver on its own: did those who left differ in it, at the landmark, from those who stayed?"""

from collections.abc import Sequence
from typing import Any, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from retention_helpers.business.levels import OTHER
from retention_helpers.churned_vs_retained.known import NOT_GIVEN, SIGNED_UP_IN
from retention_helpers.churned_vs_retained.landmark import TIERS, Comparison, Driver, Kind
from retention_helpers.shown.units import (
    COUNT,
    NUMBER,
    P_VALUE,
    POINTS,
    SHARE,
    TEXT,
    YES_NO,
    Declared,
    columns,
    names_of,
    one_of,
)
from retention_helpers.statistics.association import (
    area,
    benjamini_hochberg,
    cramers_v,
    levels_p,
    mann_whitney_p,
)
from retention_helpers.statistics.intervals import LEVEL, against_the_rest, newcombe, two_shares_p, with_rate
from retention_helpers.words import formats

FEWEST_LOST = 10  # lost, and as many who stayed, for anything to be said
SEEN_BELOW = 1 - LEVEL  # of the q-value
SEEN, NOT_SEEN, TOO_FEW = "seen", "not seen", "too few"
AUC, RISK_DIFFERENCE = "AUC", "risk difference"

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

KIND, SCALE = one_of(*get_args(Kind)), one_of(AUC, RISK_DIFFERENCE)

_FOUND: Declared = dict(
    name=TEXT, label=TEXT, kind=KIND, tier=one_of(*TIERS), customers=COUNT, lost=COUNT, typical_lost=NUMBER,
    typical_stayed=NUMBER, level=TEXT, rest=TEXT, cut=NUMBER, is_upper=YES_NO, level_customers=COUNT,
    level_lost=COUNT, rest_customers=COUNT, rest_lost=COUNT, difference=POINTS.interval, scale=SCALE,
    effect=NUMBER, low=NUMBER, high=NUMBER, strength=NUMBER, p_value=P_VALUE,
)  # fmt: skip  # of one driver, before all are held against each other


@columns(
    **_FOUND, level_risk=SHARE.interval, rest_risk=SHARE.interval, q_value=P_VALUE,
    seen=one_of(SEEN, NOT_SEEN, TOO_FEW),
)  # fmt: skip
def compare_alone(comparison: Comparison) -> pd.DataFrame:
    """One row per driver: how those who left differed from those who stayed, each driver on its own.

    Among the customers whose horizon is over. A number: the area under the curve (of one who left and one
    who stayed, how often the first has the larger value) and the Mann–Whitney test. A yes or no: the
    difference of the risks, yes less no, and the test of two shares. A category: the risk of the level that
    departs most less that of all others, with an interval that allows for having chosen it, and a test of
    all levels, those below `min_customers` put together. q is corrected after Benjamini and Hochberg over
    all drivers.

    `customers`: of whom it is known. `typical_lost` and `typical_stayed`: the median of a number, else the
    share that has the level. `level`: the half or answer with the higher risk, or the level that departs
    most; `rest`: its other side; `cut` and `is_upper`: of a half, where it ends and whether it lies above.
    `strength`: corrected Cramér's V, null for numbers.

    Glossary: effect alone.
    """
    settled = comparison.rows["settled"].to_numpy(dtype=bool)
    found = [
        _alone(driver, comparison.rows, settled, comparison.min_customers) for driver in comparison.drivers
    ]
    frame = pd.DataFrame(found, columns=names_of(_FOUND))
    frame = with_rate(frame, "level_risk", "level_lost", "level_customers")
    frame = with_rate(frame, "rest_risk", "rest_lost", "rest_customers")
    q_value = benjamini_hochberg(frame["p_value"])
    nothing = np.where(frame["scale"] == AUC, 0.5, 0.0)
    outside = (frame["low"] > nothing) | (frame["high"] < nothing)
    seen = np.where((q_value <= SEEN_BELOW) & outside, SEEN, NOT_SEEN)
    return frame.assign(q_value=q_value, seen=np.where(frame["p_value"].isna(), TOO_FEW, seen))


class _Test(NamedTuple):
    """Effect with its interval, strength and p-value; all missing where there are too few."""

    effect: float = np.nan
    low: float = np.nan
    high: float = np.nan
    strength: float = np.nan
    p_value: float = np.nan


def _alone(driver: Driver, rows: pd.DataFrame, settled: Booleans, min_customers: int) -> tuple[Any, ...]:
    chosen = settled & rows[driver.name].notna().to_numpy(dtype=bool)
    lost = rows["lost"].to_numpy(dtype=bool)[chosen]
    if driver.kind == "category":
        levels = levels_of(driver, rows[driver.name], min_customers)[chosen]
        sides, test, level = _category(levels, lost, min_customers)
        typicals = [_mean(sides.is_worse[lost]), _mean(sides.is_worse[~lost])]
    else:
        values = rows[driver.name].to_numpy(dtype=float)[chosen]
        sides, level = worse_side(driver, values, lost), LEVEL
        test = (_number if driver.kind == "number" else _answer)(values, lost, min_customers)
        typicals = [typical(driver, values[lost]), typical(driver, values[~lost])]
    n1, x1, n0, x0 = counts(sides.is_worse, lost)
    return (
        driver.name, driver.label, driver.kind, TIERS[driver.tier], len(lost), int(lost.sum()),
        *typicals, sides.worse, sides.better, sides.cut, sides.is_upper, n1, x1, n0, x0,
        *newcombe(x1, n1, x0, n0, level),
        AUC if driver.kind == "number" else RISK_DIFFERENCE, *test,
    )  # fmt: skip


def is_on_level(driver: Driver, row: Any, values: pd.Series, min_customers: int) -> Booleans:
    """Whether each is on the level that a row of `compare_alone` names; only for known values."""
    if driver.kind == "category":
        return np.asarray(levels_of(driver, values, min_customers) == row.level)
    return (values.to_numpy(dtype=float) > row.cut) == row.is_upper


def typical(driver: Driver, values: Floats) -> float:
    if not len(values):
        return np.nan
    return float(np.median(values) if driver.kind == "number" else np.mean(values))


def levels_of(driver: Driver, values: pd.Series, min_customers: int) -> npt.NDArray[np.object_]:
    """The level of each row of a category, with those of fewer than `min_customers` put together.

    NOT_GIVEN where it is unknown.
    """
    size = values.map(values.value_counts())
    level = np.where(size >= min_customers, values, OTHER)
    return np.where(values.isna(), NOT_GIVEN, level).astype(object)


def _enough(lost: Booleans) -> bool:
    return min(int(lost.sum()), int((~lost).sum())) >= FEWEST_LOST


def _number(values: Floats, lost: Booleans, min_customers: int) -> _Test:
    """The area under the curve; too few also where nearly all have the same value."""
    usual = int(pd.Series(values).value_counts().max()) if len(values) else 0
    if not _enough(lost) or len(values) - usual < min_customers:
        return _Test()
    return _Test(*area(values, lost), np.nan, mann_whitney_p(values, lost))


def _answer(values: Floats, lost: Booleans, min_customers: int) -> _Test:
    """Yes against no."""
    n1, x1, n0, x0 = counts(values > 0, lost)
    if not _enough(lost) or min(n1, n0) < min_customers:
        return _Test()
    strength = cramers_v([x1, x0], [n1, n0])
    return _Test(*newcombe(x1, n1, x0, n0), strength, two_shares_p(x1, n1, x0, n0))


def _category(
    levels: npt.NDArray[np.object_], lost: Booleans, min_customers: int
) -> tuple["Sides", _Test, float]:
    """The level that departs most against all others, a test of all levels, and the interval's level."""
    names = sorted(set(levels))
    base = [int((levels == name).sum()) for name in names]
    gone = [int((lost & (levels == name)).sum()) for name in names]
    judged = [nth for nth, size in enumerate(base) if min(size, len(lost) - size) >= min_customers]
    level = 1 - (1 - LEVEL) / max(len(names), 1) if len(names) > 2 else LEVEL
    place = _farthest(gone, base, judged) if judged else 0
    word = names[place] if names else ""
    sides = Sides((levels == word).astype(bool), word, "all others")
    if not _enough(lost) or not judged:
        return sides, _Test(), level
    n1, x1, n0, x0 = counts(sides.is_worse, lost)
    p_value = two_shares_p(x1, n1, x0, n0) if len(names) == 2 else levels_p(gone, base)
    return sides, _Test(*newcombe(x1, n1, x0, n0, level), cramers_v(gone, base), p_value), level


class Sides(NamedTuple):
    """The two sides of a number or a yes or no: that of the higher risk, and their names."""

    is_worse: Booleans
    worse: str
    better: str
    cut: float = np.nan
    is_upper: bool = False


def worse_side(driver: Driver, values: Floats, lost: Booleans) -> Sides:
    """Which side had the higher risk: yes or no, or the half of a number up to or above its middle."""
    cut = middle(values) if driver.kind == "number" else 0.5
    upper = values > cut
    words = {True: "yes", False: "no"}
    if driver.kind == "number":
        words = {True: _words(values[upper], "or more"), False: _words(values[~upper], "or less")}
    is_upper = bool(_mean(lost[upper]) > _mean(lost[~upper]))
    return Sides(upper if is_upper else ~upper, words[is_upper], words[not is_upper], cut, is_upper)


def _words(side: Floats, beyond: str) -> str:
    """A half in words: its inner end, and that there is more beyond it where there is."""
    if not len(side):
        return NOT_GIVEN
    end = side.min() if beyond == "or more" else side.max()
    return formats.trimmed(end) if side.min() == side.max() else f"{formats.trimmed(end)} {beyond}"


def middle(values: Floats) -> float:
    """The value that parts the rows most evenly into those up to it and those above it."""
    different = np.unique(values)
    if len(different) < 2:
        return float(different[0]) if len(different) else np.nan
    below = np.searchsorted(np.sort(values), different[:-1], side="right") / len(values)
    return float(different[np.argmin(np.abs(below - 0.5))])


def _farthest(gone: Sequence[int], base: Sequence[int], judged: Sequence[int]) -> int:
    """The level whose risk lies most standard errors from that of the others."""
    x, n = (
        np.array(counts, dtype=float)[list(judged)] for counts in (gone, base)
    )  # their products are large
    everybody, left = sum(base), sum(gone)
    expected = n * left / everybody
    spread = np.sqrt(n * (everybody - n) * left * (everybody - left) / everybody**2 / max(everybody - 1, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.nan_to_num(np.abs(x - expected) / spread)
    return judged[int(np.argmax(away))]


def counts(group: Booleans, lost: Booleans) -> tuple[int, int, int, int]:
    """Customers and lost of a group, and of all others."""
    return int(group.sum()), int((group & lost).sum()), int((~group).sum()), int((~group & lost).sum())


def _mean(flags: Booleans) -> float:
    return float(flags.mean()) if len(flags) else np.nan


@columns(
    by=TEXT, level=TEXT, customers=COUNT, lost=COUNT, risk=SHARE.interval, difference=POINTS.interval,
    verdict=TEXT,
)  # fmt: skip
def risk_by_level(comparison: Comparison, names: Sequence[str]) -> pd.DataFrame:
    """One row per level of these drivers: the risk of leaving within the horizon.

    Among those of whom it is known; numbers in quarters (fewer where many are alike). `difference` is
    less the risk of all other levels; `verdict` is above or below the rest after Holm's correction over the
    levels of the driver, no clear difference, or too few.

    Glossary: risk at a level.
    """
    settled = comparison.settled
    parts = [
        _levels_of_one(driver, settled, comparison.min_customers)
        for driver in comparison.drivers
        if driver.name in set(names)
    ]
    return pd.concat([pd.DataFrame(columns=names_of(risk_by_level)), *parts], ignore_index=True)


def _levels_of_one(driver: Driver, settled: pd.DataFrame, min_customers: int) -> pd.DataFrame:
    known = settled[settled[driver.name].notna()]
    values = known[driver.name]
    level = _quarters(values) if driver.kind == "number" else _named(driver, values)
    counted = known.groupby(level)["lost"].agg(["size", "sum"]).loc[_in_order(driver, level, values)]
    base, gone = [int(n) for n in counted["size"]], [int(n) for n in counted["sum"]]
    against = [newcombe(x, n, sum(gone) - x, sum(base) - n) for x, n in zip(gone, base, strict=True)]
    frame = pd.DataFrame({"by": driver.label, "level": list(counted.index), "customers": base, "lost": gone})
    frame = with_rate(frame, "risk", "lost", "customers")
    frame[["difference", "difference_low", "difference_high"]] = against
    kinds = [driver.name] * len(base)
    return frame.assign(verdict=against_the_rest(gone, base, kinds=kinds, min_customers=min_customers))


def _quarters(values: pd.Series) -> pd.Series:
    """The quarter of each value, named by its smallest and largest; where many are alike there are fewer."""
    cuts = np.unique(values.dropna().quantile([0.25, 0.5, 0.75], interpolation="lower"))
    code = pd.Series(np.searchsorted(cuts, values), index=values.index)
    low, high = values.groupby(code).transform("min"), values.groupby(code).transform("max")
    names = [_range(first, last) for first, last in zip(low, high, strict=True)]
    return pd.Series(names, index=values.index, dtype=object)


def _range(low: float, high: float) -> str:
    ends = (formats.trimmed(low), formats.trimmed(high))
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _named(driver: Driver, values: pd.Series) -> pd.Series:
    if driver.kind == "category":
        return values
    return values.map({0.0: "no", 1.0: "yes"}).astype(object)


def _in_order(driver: Driver, level: pd.Series, values: pd.Series) -> list[str]:
    """Numbers and times from small to large, other levels by their customers."""
    if driver.kind == "number":
        order = values.groupby(level).min().sort_values(kind="stable").index
    else:
        size = level.value_counts()
        in_time = driver.name == SIGNED_UP_IN
        order = sorted(size.index, key=lambda name: (0 if in_time else -size[name], name))
    return list(order)

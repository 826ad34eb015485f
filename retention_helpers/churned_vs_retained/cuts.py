"""Thresholds such as "three projects in the first week": searched on one half, tried on the other.

A threshold is a rule of thumb, not a cause: it says where the risks part, whatever the reason.
"""

import hashlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from retention_helpers.churned_vs_retained.landmark import AT_SIGN_UP, Comparison, Driver
from retention_helpers.churned_vs_retained.univariate import counts
from retention_helpers.shown.units import (
    COUNT,
    NUMBER,
    P_VALUE,
    POINTS,
    SHARE,
    TEXT,
    Declared,
    columns,
    names_of,
)
from retention_helpers.statistics.intervals import LEVEL, holm, newcombe, two_shares_p, with_rate

Booleans = npt.NDArray[np.bool_]

EITHER_SIDE = 0.2  # share of the customers that a threshold has to leave on both sides


class Thresholds(NamedTuple):
    """How many numbers were searched, how many thresholds were tried on the held-back half, which held."""

    searched: int
    tried: int
    held: pd.DataFrame


def is_held_back(customers: pd.Series) -> Booleans:
    """The half of the customers on which thresholds are tried: the same ones every month."""
    digests = [hashlib.blake2b(str(who).encode(), digest_size=1).digest()[0] for who in customers]
    return np.array(digests, dtype=np.uint8) % 2 == 1


_TRIED: Declared = dict(
    name=TEXT, label=TEXT, at_least=NUMBER, reached=COUNT, reached_lost=COUNT, below=COUNT, below_lost=COUNT,
    difference=POINTS.interval, p_value=P_VALUE,
)  # fmt: skip


@columns(**_TRIED, reached_risk=SHARE.interval, below_risk=SHARE.interval)
def thresholds(comparison: Comparison, together: pd.DataFrame) -> Thresholds:
    """The thresholds that hold: found on one half of the settled customers, confirmed on the other.

    For every number of the first week or later the cut is searched that parts the risks most, with a fifth of
    the customers, and at least `min_customers`, on either side. Where the first half sees a difference, the
    cut is tried once on the held-back half, corrected after Holm over all that are tried; what is given is of
    that half alone, so the search has not flattered it. Of drivers that move together the first is searched.

    `held` has a row a threshold with the customers of the held-back half; `difference` is of those who
    reached it less those below, `p_value` is corrected.

    Glossary: threshold.
    """
    settled = comparison.settled
    held_back = is_held_back(settled["customer_id"])
    numbers = _numbers(comparison, together)
    found = [_tried(driver, settled, held_back, comparison.min_customers) for driver in numbers]
    frame = pd.DataFrame([one for one in found if one], columns=[*names_of(_TRIED), "is_same_way"])
    frame["p_value"] = holm(frame["p_value"].to_list())
    holds = (frame["p_value"] < 1 - LEVEL) & frame["is_same_way"].astype(bool)
    leaves_out_nothing = (frame["difference_low"] > 0) | (frame["difference_high"] < 0)
    held = frame[holds & leaves_out_nothing].drop(columns="is_same_way").reset_index(drop=True)
    held = with_rate(held, "reached_risk", "reached_lost", "reached")
    return Thresholds(len(numbers), len(frame), with_rate(held, "below_risk", "below_lost", "below"))


def _numbers(comparison: Comparison, together: pd.DataFrame) -> list[Driver]:
    """The numbers of the first week or later, one of those that move together; the outcome has no say."""
    twins = dict(zip(together["name"], together["moves_with"], strict=True))
    chosen: list[Driver] = []
    for driver in comparison.drivers:
        is_twin = any(other.name in twins[driver.name] for other in chosen)
        if driver.kind == "number" and driver.tier > AT_SIGN_UP and not is_twin:
            chosen.append(driver)
    return chosen


def _tried(
    driver: Driver, settled: pd.DataFrame, held_back: Booleans, min_customers: int
) -> tuple[Any, ...] | None:
    """The best cut of the first half on the second one; None where the first half sees nothing."""
    known = settled[driver.name].notna().to_numpy(dtype=bool)
    values = settled[driver.name].to_numpy(dtype=float)
    lost = settled["lost"].to_numpy(dtype=bool)
    search, trial = known & ~held_back, known & held_back
    cut = best_cut(values[search], lost[search], min_customers)
    if cut is None:
        return None
    n1, x1, n0, x0 = counts(values[search] >= cut, lost[search])
    there = newcombe(x1, n1, x0, n0)
    n1, x1, n0, x0 = counts(values[trial] >= cut, lost[trial])
    if there.low <= 0 <= there.high or min(n1, n0) < min_customers:
        return None
    here, p_value = newcombe(x1, n1, x0, n0), two_shares_p(x1, n1, x0, n0)
    is_same_way = here.value * there.value > 0
    return driver.name, driver.label, cut, n1, x1, n0, x0, *here, p_value, is_same_way


def best_cut(values: npt.NDArray[np.float64], lost: Booleans, min_customers: int) -> float | None:
    """The smallest value of the upper side where the two risks lie most standard errors apart.

    None where no cut leaves at least `min_customers` and `EITHER_SIDE` of all on both sides, or nobody or
    everybody left.
    """
    order = np.argsort(values, kind="stable")
    ordered, left = values[order], np.cumsum(lost[order])
    below = np.flatnonzero(np.diff(ordered) > 0) + 1  # how many lie below each cut
    total = len(values)
    least = max(min_customers, EITHER_SIDE * total)
    below = below[(below >= least) & (total - below >= least)]
    if not below.size or left[-1] in (0, total):
        return None
    gone = left[below - 1]
    share = left[-1] / total
    apart = np.abs(gone - below * share) / np.sqrt(share * (1 - share) * below * (total - below) / total)
    return float(ordered[below[np.argmax(apart)]])

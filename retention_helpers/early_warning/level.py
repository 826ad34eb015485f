"""How many will leave: risks set to the level of the latest months, and a range that knows their misses.

A model learned from the whole past tells who, and tells how many as if the past went on. So its level is set
by the latest month ends whose outcome is known; how far the number who left then lay from what had been told,
month by month, goes into the range.
"""

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from retention_helpers.shown.units import COUNT, MONTH, TENTHS, YES_NO, columns, names_of, one_of
from retention_helpers.statistics.clusters import Booleans, Floats, Integers
from retention_helpers.statistics.intervals import LEVEL

LATEST = 6  # month ends by which the level is set, or as many as it takes until so many left:
FEWEST_LEFT = 20  # rows that left, below which nothing is learned, and nothing tested
USUAL_MISS = 0.3  # of the log odds of everybody, from one month to another; taken until more is known
WORTH = 4.0  # months of the business's own that this assumption is worth
SHARED = 0.5  # of a month end's outcome that its neighbour does not have: horizons overlap by half
EXACT_UP_TO = 300  # people; beyond, a binomial distribution of the same mean and variance
POINTS = (np.arange(201) + 0.5) / 201  # of the distribution of the miss
MOST_STEPS = 50
TINY = 1e-300
EVERYBODY, AT_RISK = "everybody", "at risk then"


class Level(NamedTuple):
    """How far the number who leave may lie from what is told, beyond chance: all log odds together.

    `spread` of a Student distribution with so many degrees of freedom.
    """

    spread: float
    degrees: float


EXACT = Level(0.0, np.inf)  # as if the risks were known


def shift(log_odds: Floats, left: Booleans) -> float:
    """What has to be added to all log odds for as many to be expected as left."""
    added = 0.0
    for _ in range(MOST_STEPS):
        risk = special.expit(log_odds + added)
        step = float(np.clip((left.sum() - risk.sum()) / max((risk * (1 - risk)).sum(), 1e-9), -1, 1))
        added += step
        if abs(step) < 1e-9:
            break
    return added


def latest(nth: Integers, left: Booleans) -> Booleans:
    """The rows that set the level: of the latest six month ends, or of more until FEWEST_LEFT left."""
    ends = np.unique(nth)[::-1]
    left_at = np.array([int(left[nth == end].sum()) for end in ends])
    enough = int(np.searchsorted(np.cumsum(left_at), FEWEST_LEFT)) + 1
    return np.asarray(np.isin(nth, ends[: max(LATEST, enough)]), dtype=bool)


def recalibrated(log_odds: Floats, nth: Integers, left: Booleans) -> float:
    """The shift that sets risks to the latest known months; none where fewer than FEWEST_LEFT left or stayed.

    Source: recalibration in the large, as in Steyerberg 2019, Clinical Prediction Models, chapter 20.
    """
    chosen = latest(nth, left)
    if min(int(left[chosen].sum()), int((~left[chosen]).sum())) < FEWEST_LEFT:
        return 0.0
    return shift(log_odds[chosen], left[chosen])


def level_of(expected: Floats, variance: Floats, left: Floats) -> Level:
    """How far off to be expected, from months that were told before they came, and from USUAL_MISS.

    A month's miss is (left − expected) / variance, in log odds; what chance makes of it is taken off. A
    month counts as much as it can tell: one in which three leave tells next to nothing.
    """
    usual = USUAL_MISS**2
    by_chance = 1 / np.maximum(variance, 1e-9)
    weight = SHARED * (usual / (usual + by_chance)) ** 2
    beyond = ((left - expected) * by_chance) ** 2 - by_chance
    degrees = WORTH + float(weight.sum())
    found = (WORTH * usual + float((weight * beyond).sum())) / degrees
    return Level(float(np.sqrt(max(found, usual / 9))), degrees)  # a few calm months are no proof of calm


def expected_range(risks: pd.Series, level: Level) -> tuple[int, int]:
    """Between which numbers of these customers will leave, 95 times of 100.

    The distribution of a sum of chances (Poisson-binomial), exact up to EXACT_UP_TO customers, mixed over how
    far the level may be off. Source for more customers: the binomial distribution with the same mean and
    variance, Ehm 1991, Statistics & Probability Letters 11, 7-16.
    """
    chances = risks.to_numpy(dtype=float)
    if not len(chances):
        return 0, 0
    off = level.spread * special.stdtrit(level.degrees, POINTS) if level.spread else np.zeros(1)
    with np.errstate(divide="ignore"):
        log_odds = special.logit(chances)
    tail = (1 - LEVEL) / 2
    if len(chances) > EXACT_UP_TO:
        apart, many = np.unique(np.round(log_odds, 2), return_counts=True)
        moved = special.expit(apart[None, :] + off[:, None])
        return _nearly(moved, many, tail), _nearly(moved, many, 1 - tail)
    below = _exactly(special.expit(log_odds[None, :] + off[:, None])).mean(axis=0)
    return int(np.searchsorted(below, tail)), int(np.searchsorted(below, 1 - tail))


def _exactly(chances: Floats) -> Floats:
    """The chance of at most 0, 1, … events, a row a row of chances."""
    mass = np.zeros((len(chances), chances.shape[1] + 1))
    mass[:, 0] = 1.0
    for chance in chances.T[:, :, None]:
        mass[:, 1:] = mass[:, 1:] * (1 - chance) + mass[:, :-1] * chance
        mass[:, :1] *= 1 - chance
    return np.cumsum(mass, axis=1)


def _nearly(chances: Floats, many: Integers, share: float) -> int:
    """The smallest number of events that is not exceeded with at least this chance.

    `chances` has a row of chances a row, each of which `many` customers have.
    """
    total, squares = chances @ many, np.maximum(chances**2 @ many, TINY)
    size, each = total**2 / squares, squares / np.maximum(total, TINY)

    def at_most(events: int) -> float:
        is_all = events >= size
        left = np.where(is_all, 1.0, size - events)
        return float(np.where(is_all, 1.0, special.betainc(left, events + 1, 1 - each)).mean())

    return bisect_left(range(int(many.sum())), share, key=at_most)


@columns(
    who=one_of(EVERYBODY, AT_RISK), month=MONTH("At the end of"), customers=COUNT,
    before=TENTHS("Told as learned"), expected=TENTHS("Told, at the latest level"),
    expected_low=COUNT("At least"), expected_high=COUNT("At most"), left=COUNT, within=YES_NO("Within"),
)  # fmt: skip
def came_true(history: pd.DataFrame) -> pd.DataFrame:
    """One row a tested month, of everybody and of those at risk then: how many were told, and how many left.

    `before` as the risk was learned, `expected` set to the latest level; the range from the misses that were
    known by then. Takes the history of `Risk`.

    Glossary: level of the risk.
    """
    records = []
    for who, rows in ((EVERYBODY, history), (AT_RISK, history[history["is_listed"]])):
        for _, own in rows.groupby("nth"):
            low, high = expected_range(own["risk"], level_by(history, own["as_of"].iloc[0]))
            left = int(own["left"].sum())
            month = own["as_of"].iloc[0] - pd.offsets.MonthBegin(1)
            records.append((who, month, len(own), own["before"].sum(), own["risk"].sum(), low, high, left,
                            low <= left <= high))  # fmt: skip
    return pd.DataFrame(records, columns=names_of(came_true))


def level_by(history: pd.DataFrame, on: pd.Timestamp) -> Level:
    """How far off to be expected, from the months whose outcome was known on a day."""
    known = history[history["known_on"] <= on]
    months = known.assign(variance=known["risk"] * (1 - known["risk"])).groupby("nth")
    sums = months[["risk", "variance", "left"]].sum().astype(float)
    return level_of(*(sums[name].to_numpy() for name in ("risk", "variance", "left")))

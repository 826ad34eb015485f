"""Generated businesses in which something is announced, with a known truth, for the tests of what it did.

Customers come day by day, leave more often in their first three months, seldomer on annual plans, and differ
in how easily they leave. Every month has a risk of its own, with the season on top. A shock makes some of
those whom it reaches leave in the forty days after it, who would not have by then.
"""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from retention_helpers.experiments.announced import Announced
from retention_helpers.experiments.lives import HORIZON_DAYS, NEVER, Lives

EARLY_DAYS = 90
ANNUAL = 0.4  # times as often as the others
UNEQUAL = 0.5  # sd of the logarithm of a customer's own risk
SEASON = 0.15
SHOCK_LASTS = 40
EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Kind:
    """What is drawn of a business.

    Attributes:
        size: customers at its beginning.
        months: of 30 days.
        churn: a month, of an established customer on a monthly plan.
        early: times as often in the first EARLY_DAYS.
        growth: newcomers over those who leave.
        spread: of the months' own risks (sd of the logarithm).
    """

    size: int
    months: int
    churn: float
    early: float
    growth: float
    spread: float


def some_kind(draws: np.random.Generator) -> Kind:
    """A business of 100 to 5,000 customers with ten months to two and a half years of history."""
    return Kind(
        size=int(np.exp(draws.uniform(np.log(100), np.log(5000)))),
        months=int(draws.integers(10, 31)),
        churn=draws.uniform(0.02, 0.07),
        early=draws.uniform(1, 4),
        growth=draws.uniform(0.9, 1.5),
        spread=float(draws.choice([0, 0.15, 0.3])),
    )


def lives_by_chance(
    draws: np.random.Generator, kind: Kind, *, annual: float = ANNUAL, lately: float = 1.0
) -> Lives:
    """Customers of the plan "pro", three in ten of whom pay by the year and leave `annual` times as often.

    In the last horizon everybody leaves `lately` times as often as usual.
    """
    days = 30 * kind.months
    newcomers = draws.poisson(kind.size * kind.churn * kind.growth * kind.months)
    began = np.concatenate([-draws.integers(1, 700, kind.size), draws.integers(0, days - 1, newcomers)])
    is_annual = draws.random(len(began)) < 0.3
    own = np.exp(draws.normal(0, UNEQUAL, len(began))) * np.where(is_annual, annual, 1.0)
    risk = _risk(draws, kind, days)
    risk[days - HORIZON_DAYS :] *= lately
    left = _left(draws.exponential(1, len(began)) / own, began, risk, kind.early)
    return Lives(
        first_on=began,
        customer=np.arange(len(began)),
        begin=began,
        left=left,
        payer=np.arange(len(began)),
        start=began,
        end=left,
        mrr=draws.lognormal(3.5, 0.8, len(began)),
        sold=is_annual.astype(np.int64),
        renews_every=np.where(is_annual, 12, 0),
        term_on=began,
        offers=(("pro", "month"), ("pro", "year")),
        known_from=0,
        as_of=days,
    )


def _risk(draws: np.random.Generator, kind: Kind, days: int) -> np.ndarray:
    """The risk of each day, from 0 to its end."""
    months = np.repeat(np.exp(draws.normal(0, kind.spread, kind.months)), 30)
    season = 1 + SEASON * (kind.spread > 0) * np.sin(2 * np.pi * (np.arange(days) / 365 + draws.random()))
    return kind.churn / 30 * months * season


def _left(patience: np.ndarray, began: np.ndarray, risk: np.ndarray, early: float) -> np.ndarray:
    """The day on which the risk that somebody has lived through exceeds their patience."""
    lived = np.concatenate([[0.0], np.cumsum(risk)])
    first = np.maximum(began, 0)
    until = np.clip(began + EARLY_DAYS, first, len(risk))
    in_first = early * (lived[until] - lived[first])
    reached = np.where(
        patience < in_first, lived[first] + patience / early, lived[until] + (patience - in_first)
    )
    day = np.searchsorted(lived, reached)
    return np.where(day < len(risk), np.maximum(day, began + 1), NEVER)


def shocked(
    draws: np.random.Generator, lives: Lives, kind: Kind, share: float, one: Announced
) -> tuple[Lives, float]:
    """The same business where an announcement makes a share of the reached leave, and its true effect.

    The truth is how many more of the reached leave within the horizon than would in months of usual risk.
    """
    day = (one.happened_on - EPOCH).days
    there = (lives.begin < day) & (lives.left >= day)
    reached = there if one.plans is None else there & lives.having(day, one.plans)
    goes = reached & (draws.random(len(there)) < share)
    leaves = np.minimum(lives.left, day + draws.integers(0, SHOCK_LASTS, len(there)))
    left = np.where(goes, leaves, lives.left)
    young = np.where(day - lives.first_on < EARLY_DAYS, kind.early, 1.0)
    risk = kind.churn / 30 * HORIZON_DAYS * young * np.where(lives.sold == 1, ANNUAL, 1.0)
    return replace(lives, left=left, end=left), float(share * np.exp(-risk[reached]).mean())


def note_on(day: int, plans: frozenset[str] | None = None) -> Announced:
    return Announced(f"day {day}", "price" if plans else "note", EPOCH + dt.timedelta(days=day), plans)

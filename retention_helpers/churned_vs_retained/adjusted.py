"""All drivers together: what is left of each beside the others that came no later, and how it works.

A driver is adjusted for its own tier and the earlier ones only. What comes after it may be the very way in
which it works, and to adjust for that would make a cause look like none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from retention_helpers.churned_vs_retained.known import SIGNED_UP_IN
from retention_helpers.churned_vs_retained.landmark import TIERS, Comparison, Driver
from retention_helpers.churned_vs_retained.models import ALIKE, FEWEST_LOST, Effect, Models
from retention_helpers.churned_vs_retained.univariate import (
    NOT_SEEN,
    SEEN,
    SEEN_BELOW,
    TOO_FEW,
    compare_alone,
)
from retention_helpers.shown.units import (
    COUNT,
    NUMBER,
    P_VALUE,
    TEXT,
    YES_NO,
    Declared,
    Unit,
    columns,
    columns_of,
    one_of,
    several,
)
from retention_helpers.statistics.association import benjamini_hochberg
from retention_helpers.statistics.intervals import holm

EXPLAINED = 0.5  # the part of a log hazard ratio that has to go for others to explain it
NAMED = 0.2  # the part that a single driver has to take away to be named
MOST_NAMED = 3

CONFIRMED, EXPLAINED_BY_OTHERS = "confirmed", "explained by others"
NOT_TOLD_APART = "seen, not told apart"
VERDICT = one_of(CONFIRMED, EXPLAINED_BY_OTHERS, NOT_TOLD_APART, NOT_SEEN, TOO_FEW)
_NAMES = Unit("; ".join, several(TEXT), is_number=False)


@dataclass(frozen=True)
class Setting:
    """The drivers that can be judged, their models, and which of a tier are alike."""

    models: Models
    judged: tuple[Driver, ...]
    seen: frozenset[str]  # alone: only those can explain or carry another
    stands_for: dict[str, str]  # each driver's representative: the first of those alike

    def beside(self, driver: Driver) -> list[Driver]:
        """What a driver is adjusted for: one of each kind, of its own and earlier tiers."""
        return [other for other in self._others(driver) if other.tier <= driver.tier]

    def after(self, driver: Driver) -> list[Driver]:
        """What may carry it: one of each kind, of later tiers."""
        return [other for other in self._others(driver) if other.tier > driver.tier]

    def _others(self, driver: Driver) -> list[Driver]:
        """One of each kind but its own; for what is made of others these stand."""
        own = self.stands_for[driver.name]
        return [
            other
            for other in self.judged
            if self.stands_for[other.name] == other.name != own and not other.parts
        ]

    def alike(self, driver: Driver) -> tuple[str, ...]:
        own = self.stands_for[driver.name]
        return tuple(
            other.name for other in self.judged if self.stands_for[other.name] == own and other != driver
        )


_FOUND: Declared = dict(
    hazard_ratio=NUMBER, hazard_low=NUMBER, hazard_high=NUMBER, step=NUMBER, adjusted_p=P_VALUE,
    confirmed_q=P_VALUE, beside=COUNT, losses_a_column=NUMBER, is_penalised=YES_NO, explained_by=_NAMES,
    works_through=_NAMES, moves_with=_NAMES, verdict=VERDICT,
)  # fmt: skip


@columns(**columns_of(compare_alone), **_FOUND, changes=YES_NO, leads=YES_NO)
def compare_together(comparison: Comparison) -> pd.DataFrame:
    """One row per driver: its verdict, its hazard ratio beside the others, and what explains or carries it.

    `confirmed`: seen alone and beside all drivers of its own and earlier tiers (the larger of the two
    p-values, corrected after Benjamini and Hochberg over all drivers). `explained by others`: seen alone, but
    half of it or more is gone beside the others. `seen, not told apart`: seen alone, and neither of these:
    what the others leave of it is more than half, and may be chance. `not seen`: not seen alone; the interval
    says what could have been missed. `too few`: groups below `min_customers`, or fewer than ten who left or
    stayed.

    To the columns of `compare_alone` come `hazard_ratio` (of leaving on any day: one standard deviation more
    of a number, yes against no, or the level against all others), `step` (that standard deviation; null
    else), `beside` (how many drivers it stands beside), `changes` (the effect is not the same on all days),
    `leads` (of those that move together, the one to speak of).

    Glossary: hazard ratio; *confirmed*; *explained by others*; *seen, not told apart*; *not seen*; *too few*;
    works through.
    """
    found: pd.DataFrame = comparison.remember("drivers", lambda: _compared(comparison))
    return found


def _compared(comparison: Comparison) -> pd.DataFrame:
    alone = compare_alone(comparison)
    setting = setting_of(comparison, alone)
    adjusted = {d.name: setting.models.effect(d, setting.beside(d)) for d in setting.judged}
    by_name = {driver.name: driver for driver in comparison.drivers}
    p_adjusted = [adjusted[name].p_value if name in adjusted else np.nan for name in alone["name"]]
    confirmed_q = benjamini_hochberg(np.maximum(alone["p_value"].to_numpy(dtype=float), p_adjusted))
    rows = [
        _row(setting, by_name[row.name], adjusted.get(row.name), row.seen, q)
        for row, q in zip(alone.itertuples(index=False), confirmed_q, strict=True)
    ]
    told = pd.DataFrame(rows, columns=list(_FOUND))
    constant = [adjusted[row.name].constant_p() if told["verdict"][n] == CONFIRMED else np.nan
                for n, row in enumerate(alone.itertuples(index=False))]  # fmt: skip
    frame = pd.concat([alone.reset_index(drop=True), told], axis=1).assign(changes=_changes(constant))
    return frame.assign(leads=_leads(frame))


def _leads(frame: pd.DataFrame) -> list[bool]:
    """Whether a driver speaks for those that move with it: the first of them with its verdict."""
    verdicts = dict(zip(frame["name"], frame["verdict"], strict=True))
    place = {name: nth for nth, name in enumerate(frame["name"])}
    return [
        not any(place[twin] < place[row.name] and verdicts[twin] == row.verdict for twin in row.moves_with)
        for row in frame.itertuples()
    ]


def leading(together: pd.DataFrame, verdict: str = CONFIRMED) -> pd.DataFrame:
    """The drivers with a verdict, one of those that move together, the largest difference of risks first.

    The time of sign-up comes last: nobody can act on it.

    Glossary: *confirmed*.
    """
    chosen = together[(together["verdict"] == verdict) & together["leads"]]
    ordered = chosen.assign(_past=chosen["name"] == SIGNED_UP_IN, _size=-chosen["difference"].abs())
    ordered = ordered.sort_values(["_past", "_size"], kind="stable", ignore_index=True)
    return ordered.drop(columns=["_past", "_size"])


def common_causes(together: pd.DataFrame) -> pd.DataFrame:
    """The drivers that one of an earlier tier explains by itself: shadows of what came before them."""
    tier = dict(zip(together["name"], together["tier"], strict=True))
    shadows = leading(together, EXPLAINED_BY_OTHERS)
    is_shadow = [
        len(row.explained_by) == 1 and TIERS.index(tier[row.explained_by[0]]) < TIERS.index(row.tier)
        for row in shadows.itertuples()
    ]
    return shadows[np.array(is_shadow, dtype=bool)].reset_index(drop=True)


def setting_of(comparison: Comparison, alone: pd.DataFrame) -> Setting:
    """Drivers with too few customers are not judged, and adjust nothing."""
    few = set(alone.loc[alone["seen"] == TOO_FEW, "name"])
    judged = tuple(driver for driver in comparison.drivers if driver.name not in few)
    models = Models(comparison, dict(zip(alone["name"], alone["level"], strict=True)))
    stands_for: dict[str, str] = {}
    for driver in judged:
        earlier = [d for d in judged if d.tier == driver.tier and stands_for.get(d.name) == d.name]
        twin = next((d.name for d in earlier if models.alike(d, driver) >= ALIKE), driver.name)
        stands_for[driver.name] = twin
    seen = frozenset(alone.loc[alone["seen"] == SEEN, "name"])
    return Setting(models, judged, seen, stands_for)


def _row(
    setting: Setting, driver: Driver, effect: Effect | None, seen: str, q_value: float
) -> tuple[Any, ...]:
    if effect is None:
        nan = float("nan")
        return (nan, nan, nan, nan, nan, nan, 0, nan, False, (), (), (), TOO_FEW)
    beside = setting.beside(driver)
    verdict, explained_by = _verdict(setting, driver, effect, seen, q_value)
    carried = _taken_away(setting, driver, setting.after(driver), beside) if verdict == CONFIRMED else ()
    return (
        *_ratio(effect), setting.models.step(driver), effect.p_value, q_value, len(beside),
        effect.losses_a_column, effect.is_penalised, explained_by, carried, setting.alike(driver), verdict,
    )  # fmt: skip


def _ratio(effect: Effect) -> tuple[float, float, float]:
    """The hazard ratio with its ends; where the data set it no end, that is what it is."""
    value = np.sign(effect.log_ratio) * np.inf if effect.is_without_end else effect.log_ratio
    return tuple(float(np.exp(end)) for end in (value, effect.low, effect.high))  # type: ignore[return-value]


def _verdict(
    setting: Setting, driver: Driver, effect: Effect, seen: str, q_value: float
) -> tuple[str, tuple[str, ...]]:
    if seen != SEEN:
        return seen, ()
    left = effect.log_ratio / setting.models.log_ratio(driver)
    is_clear = q_value <= SEEN_BELOW and (effect.low > 0 or effect.high < 0)
    if is_clear and left > 0 and effect.losses_a_column >= FEWEST_LOST:
        return CONFIRMED, ()
    if left > 1 - EXPLAINED:
        return NOT_TOLD_APART, ()
    return EXPLAINED_BY_OTHERS, _taken_away(setting, driver, setting.beside(driver), ())


def _taken_away(
    setting: Setting, driver: Driver, others: Sequence[Driver], beside: Sequence[Driver]
) -> tuple[str, ...]:
    """The others that take most of the driver's log hazard ratio away, one after the other."""
    whole = abs(setting.models.log_ratio(driver, beside))
    named: list[Driver] = []
    left = whole
    while len(named) < MOST_NAMED:
        rest = [other for other in others if other.name in setting.seen and other not in named]
        at_most = left - NAMED * whole
        weakest = setting.models.weakest(driver, [*beside, *named], rest, at_most=at_most)
        if weakest is None:
            break
        named.append(weakest[0])
        left = weakest[1]
    return tuple(driver.name for driver in named)


def _changes(p_values: Sequence[float]) -> list[bool]:
    """Which effects are not the same on all days, corrected after Holm for looking at all confirmed."""
    given = [p for p in p_values if not np.isnan(p)]
    corrected = iter(holm(given))
    return [not np.isnan(p) and next(corrected) < SEEN_BELOW for p in p_values]

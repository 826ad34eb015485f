"""What an announcement did: whether more of those whom it reached left than usual, and what that cost.

Whom it reached is told by what was known when it was announced, their plan and their next renewal, never by a
price paid later: who leaves before the new price never pays it, so those who do pay it seem to stay better.
"""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.experiments.announced import DISCOUNT, KINDS, PRICE, Announced, announced
from retention_helpers.experiments.lives import HORIZON_DAYS, Lives, Seen, by_count, by_mrr, lives_of, seen
from retention_helpers.shown.units import (
    COUNT,
    DAY,
    MONEY,
    NUMBER,
    P_VALUE,
    POINTS,
    TEXT,
    WHOLE,
    YES_NO,
    columns,
    names_of,
    one_of,
)
from retention_helpers.statistics.before_after import FEWEST_PERIODS, Effect, effect
from retention_helpers.statistics.intervals import LEVEL, holm

MORE, FEWER, NOT_CLEAR, CANNOT = "more left", "fewer left", "no clear change", "cannot be told"
VERDICTS = (MORE, FEWER, NOT_CLEAR, CANNOT)
BESIDE, ALONE = "difference of differences", "before and after"
DRIFT_LEVEL = 0.01  # below it the periods before were on the way already
WORTH = ("worth it so far", "not worth it so far", "cannot be told")

NOT_OVER, FEW, YOUNG, DRIFTED, FALSE_ALARMS, MIXED, WIDE = (
    "not over", "few", "young", "drifted", "false alarms", "mixed", "wide",
)  # fmt: skip
WHY = (NOT_OVER, FEW, YOUNG, DRIFTED, FALSE_ALARMS, MIXED, WIDE)


@dataclass(frozen=True)
class Judged:
    """An announcement with what could be measured of it; None where it could not."""

    of: Announced
    exposed: int
    exposed_mrr: float
    control: int
    left: int
    periods: int
    way: str = ALONE
    change: Effect | None = None
    mrr: Effect | None = None
    alone: Effect | None = None
    brings: float | None = None
    placebos: tuple[Effect, ...] = ()


@columns(
    what=TEXT("What was announced"), kind=one_of(*KINDS), happened_on=DAY("On"),
    is_noted=YES_NO("In your notes", is_shown=False),
    exposed=COUNT("Reached"), control=COUNT("Not reached"), left=COUNT("Left within 60 days"),
    usual=COUNT.recorded_as(NUMBER)("As usual"), change=POINTS.estimate("Difference"),
    customers=COUNT.estimate("More customers left", is_shown=False),
    mrr=MONEY.estimate("MRR lost by it"), brings=MONEY.or_null("The price brings"),
    net=MONEY.estimate("Brings less lost", is_shown=False), worth=one_of(*WORTH).or_null,
    way=one_of(BESIDE, ALONE), alone=POINTS.estimate(is_shown=False),
    periods=COUNT("Periods before", is_shown=False),
    drift_p=P_VALUE(is_shown=False), placebos=COUNT(is_shown=False), placebos_clear=COUNT(is_shown=False),
    p_value=P_VALUE("p, corrected"), needed=WHOLE.or_null(is_shown=False), verdict=one_of(*VERDICTS),
    why=one_of(*WHY).or_null(is_shown=False), beside=TEXT.or_null(is_shown=False),
    told_on=DAY.or_null(is_shown=False),
)  # fmt: skip
def aftermaths(business: Business) -> pd.DataFrame:
    """One row per announcement, by day: how many more of the reached left within 60 days than usual.

    Reached: of a change of price or plan the customers of its plans who have a renewal within the 60 days, of
    a note everybody; who was a customer on the morning of the day and had neither asked nor left. Where at
    least `min_customers` were not reached, of whom anybody ever left, that comparison alone decides: what the
    same days did to them is taken off, by as many points and by the same factor (difference of differences),
    and where they are too few to tell, it cannot be told. Only where nobody can be compared the reached are
    held against themselves (before and after), which does not tell the announcement from anything else that
    happened in these days. How far the business's own periods lie apart is in either interval. Up to twelve
    periods of 60 days before count, none that begins within 60 days of the first service, each as many
    customers as its mix of tenure is worth. p is corrected after Holm for all that were judged.

    *more left* and *fewer left*: the corrected p is below 0.05. *cannot be told*: the 60 days are not over;
    fewer than `min_customers` reached; fewer than three periods before; the periods before drifted; two or
    more, and a fifth, of the earlier periods would have given an alarm as well (placebos); a difference whose
    60 days overlap with those of another announcement, before it or after (`beside`: the nearest); or as many
    again as usual may well have left unseen.
    *no clear change* else.

    customers and mrr are the difference, by customers and by MRR, of all whom it reached; brings is what
    those of them who are still there after the 60 days with the same plan pay more (a month); net is what it
    brings less what was lost. alone is the change of the reached before and after, whichever way decides.

    Glossary: whom it reached; more left, fewer left; worth it so far; placebo.
    """
    return business.remember("aftermaths", lambda: _aftermaths(business))


def _aftermaths(business: Business) -> pd.DataFrame:
    lives = lives_of(business)
    every = announced(business, lives)
    few = business.settings.min_customers
    return judged_together([judge(lives, one, few) for one in every], lives.as_of, few)


def judge(lives: Lives, one: Announced, min_customers: int) -> Judged:
    """One announcement, measured for itself."""
    day = int(np.datetime64(one.happened_on, "D").astype("int64"))
    exposed, mrr = _reached(lives, one, day)
    if day < lives.known_from:
        return Judged(one, exposed, mrr, 0, 0, 0)
    found = seen(lives, day, one.plans)
    control, left = int(found.control[1, 0].sum()), int(found.exposed[0, 0].sum())
    told = Judged(one, exposed, mrr, control, left, found.periods)
    is_over = day + HORIZON_DAYS <= lives.as_of
    if not is_over or exposed < min_customers or not _is_long_enough(found):
        return told
    both = found.with_control(min_customers) if one.plans is not None else None
    used = both or found
    change = _change(used, both is not None)
    return replace(
        told,
        periods=used.periods,
        way=BESIDE if both else ALONE,
        change=change,
        mrr=_by_mrr(used, both is not None),
        alone=_change(found, False) if both else change,
        brings=_brings(lives, one, day) if one.kind in (PRICE, DISCOUNT) else None,
        placebos=tuple(_placebos(used, both is not None)),
    )


def _change(used: Seen, is_beside: bool) -> Effect:
    return effect(by_count(used.exposed), by_count(used.control) if is_beside else None)


def _placebos(used: Seen, is_beside: bool) -> Iterator[Effect]:
    """The same comparison as if the announcement had come in each of the periods before."""
    for nth in range(1, used.periods + 1 - FEWEST_PERIODS):
        earlier = used.earlier(nth)
        if _is_long_enough(earlier):
            yield _change(earlier, is_beside)


def _by_mrr(used: Seen, is_beside: bool) -> Effect:
    return effect(by_mrr(used.exposed), by_mrr(used.control) if is_beside else None)


def _is_long_enough(found: Seen) -> bool:
    return found.periods >= FEWEST_PERIODS and bool(np.all(found.exposed[1].sum(axis=1) > 0))


def _reached(lives: Lives, one: Announced, day: int) -> tuple[int, float]:
    who, _ = lives.there(day)
    reached = who if one.plans is None else who[lives.having(day, one.plans)[who]]
    return len(reached), float(lives.paid(day)[reached].sum())


def _brings(lives: Lives, one: Announced, day: int) -> float:
    """What the reached pay more after the horizon than on the day, a month: of those with the same offer."""
    assert one.plans is not None
    who, leaves = lives.there(day)
    is_stayer = np.zeros(len(lives.first_on), dtype=bool)
    is_stayer[who[~leaves]] = True
    then = day + HORIZON_DAYS
    same = lives.offer(day) == lives.offer(then)
    kept = is_stayer & lives.having(day, one.plans) & same & (lives.offer(then) >= 0)
    return float((lives.paid(then) - lives.paid(day))[kept].sum())


# --- the verdicts


def judged_together(found: Sequence[Judged], as_of: int, min_customers: int) -> pd.DataFrame:
    """The table of `aftermaths`: what each says, after Holm over all that were judged."""
    measured = [one for one in found if one.change]
    corrected = dict(
        zip(map(id, measured), holm([one.change.p_value for one in measured if one.change]), strict=True)
    )
    rows = [_row(one, found, corrected.get(id(one), math.nan), as_of, min_customers) for one in found]
    return pd.DataFrame(rows, columns=names_of(aftermaths)).astype({"needed": "Int64"})


def _row(one: Judged, every: Sequence[Judged], p_value: float, as_of: int, few: int) -> dict[str, Any]:
    beside = _beside(one.of, every)
    verdict, why = _verdict(one, p_value, beside, as_of, few)
    change, mrr = one.change, one.mrr
    clear = sum(placebo.p_value < 1 - LEVEL for placebo in one.placebos)
    net = _net(one)
    return {
        "what": one.of.what,
        "kind": one.of.kind,
        "happened_on": one.of.happened_on,
        "is_noted": one.of.is_noted,
        "exposed": one.exposed,
        "control": one.control,
        "left": one.left,
        "usual": one.exposed * _as_usual(one) if change else math.nan,
        **_ends("change", change, 1),
        **_ends("customers", change, one.exposed),
        **_ends("mrr", mrr, one.exposed_mrr),
        "brings": math.nan if one.brings is None else one.brings,
        **dict(zip(("net", "net_low", "net_high"), net, strict=True)),
        "worth": _worth(net) if one.brings is not None and one.of.kind == PRICE else None,
        "way": one.way,
        **_ends("alone", one.alone, 1),
        "periods": one.periods,
        "drift_p": change.drift_p if change else math.nan,
        "placebos": len(one.placebos),
        "placebos_clear": clear,
        "p_value": p_value,
        "needed": _needed(one) if why == WIDE else None,
        "verdict": verdict,
        "why": why,
        "beside": beside.what if beside and why == MIXED else None,
        "told_on": _over_on(one.of) if why == NOT_OVER else None,
    }


def _as_usual(one: Judged) -> float:
    """The share of the reached that would have left without it."""
    assert one.change
    return one.left / one.exposed - one.change.value


def _over_on(one: Announced) -> dt.date:
    return one.happened_on + dt.timedelta(days=HORIZON_DAYS)


def _ends(name: str, found: Effect | None, of: float) -> dict[str, float]:
    ends = (found.value, found.low, found.high) if found else (math.nan,) * 3
    return dict(zip((name, f"{name}_low", f"{name}_high"), (of * end for end in ends), strict=True))


def _net(one: Judged) -> tuple[float, float, float]:
    """What it brings less what was lost by it, with the interval of the loss."""
    if one.brings is None or one.mrr is None:
        return math.nan, math.nan, math.nan
    value, low, high = (one.exposed_mrr * end for end in (one.mrr.value, one.mrr.high, one.mrr.low))
    return one.brings - value, one.brings - low, one.brings - high


def _needed(one: Judged) -> int | None:
    """How many would have to be reached to see half as many again as usual; None: no number would do."""
    assert one.change
    many = one.change.needed(one.exposed, one.change.usual / 2)
    return None if math.isinf(many) else math.ceil(many)


def _worth(net: tuple[float, float, float]) -> str:
    _, low, high = net
    return WORTH[0] if low > 0 else WORTH[1] if high < 0 else WORTH[2]


def _beside(one: Announced, every: Sequence[Judged]) -> Announced | None:
    """The announcement nearest to it whose horizon overlaps with its own: either may have moved the other."""
    near = [other.of for other in every if other.of is not one and _days_apart(one, other.of) < HORIZON_DAYS]
    return min(near, key=lambda other: _days_apart(one, other), default=None)


def _days_apart(one: Announced, other: Announced) -> int:
    return abs((other.happened_on - one.happened_on).days)


def _verdict(
    one: Judged, p_value: float, beside: Announced | None, as_of: int, few: int
) -> tuple[str, str | None]:
    """The verdict and, where it cannot be told, why not."""
    if one.change is None:
        over = int(np.datetime64(_over_on(one.of), "D").astype("int64")) <= as_of
        return CANNOT, NOT_OVER if not over else FEW if one.exposed < few else YOUNG
    if p_value < 1 - LEVEL:
        why = _doubts(one, beside)
        return (CANNOT, why) if why else (MORE if one.change.value > 0 else FEWER, None)
    return (CANNOT, WIDE) if one.change.high >= one.change.usual else (NOT_CLEAR, None)


def _doubts(one: Judged, beside: Announced | None) -> str | None:
    """What else may have made a clear difference."""
    assert one.change
    alarms = sum(placebo.p_value < 1 - LEVEL for placebo in one.placebos)
    if one.change.drift_p < DRIFT_LEVEL:
        return DRIFTED
    if alarms >= 2 and 5 * alarms >= len(one.placebos):
        return FALSE_ALARMS
    return MIXED if beside else None

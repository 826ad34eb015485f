"""What a call saves: the places at the margin of the list of calls are drawn by lot.

The list of those at risk is ranked, and calls end somewhere in it. Around that place customers are much
alike, so there a lot decides who is called: of each pair of neighbours one. Read later as the experiment that
it is, it tells what a call adds for customers at the margin.

Source: the tie-breaker design of Goldberger 1972, and Owen and Varian 2020, Optimizing the tie-breaker
regression discontinuity design, Electronic Journal of Statistics 14.
"""

import datetime as dt
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.early_warning import HORIZON_DAYS
from retention_helpers.experiments import Reading
from retention_helpers.gate.lots import CALLED, HALF, NAME, NO_CALL, PLAY, Lots
from retention_helpers.plan.deciding import Decided
from retention_helpers.shown.proposals import CALL
from retention_helpers.statistics.power import Pace, pace

SMALLEST_EFFECT = 0.10  # ten of a hundred more who stay: less would hardly be worth the hour of the calls
MOST_MONTHS = 36
WAYS = ("by lot", "told", "too slow", "everybody is called", "nobody is called", "off")


@dataclass(frozen=True)
class Margin:
    """What is drawn for a month's calls to customers at risk, and why not.

    Attributes:
        way: one of WAYS; "told": the experiment has its answer.
        due: how many customers at risk are due for a call. called: how many are called.
        arms: the arm of each customer at the margin, drawn now or frozen.
        drawn_on: the day of the draw. until: the outcome's day.
        baseline: the share expected to stay without a call. needed: customers an arm.
        months: until the answer, at the pace of this month; NaN where there is no pace.
        found: the comparison of the experiment so far, a row of `experiments.read`; None before its first.
    """

    way: str
    due: int
    called: int
    arms: Mapping[str, str]
    drawn_on: dt.date
    baseline: float = math.nan
    needed: int = 0
    months: float = math.nan
    found: pd.Series | None = field(default=None, compare=False)

    @property
    def until(self) -> dt.date:
        return self.drawn_on + dt.timedelta(days=HORIZON_DAYS)

    def of(self, arm: str) -> list[str]:
        return [who for who, own in self.arms.items() if own == arm]

    def lots(self, mark: str) -> Lots:
        """The draw as it is to be frozen."""
        return Lots(
            mark,
            HORIZON_DAYS,
            SMALLEST_EFFECT,
            round(self.baseline, 6),
            self.needed,
            {self.drawn_on: dict(self.arms)},
        )


def with_lot(
    business: Business, decided: Decided, drawn: pd.DataFrame, reading: Reading
) -> tuple[Decided, Margin]:
    """The month's touches with the places at the margin as a lot gave them, and what is to be said of it.

    Takes what was decided, who was drawn into what, and the reading of the experiments. The margin are the
    last places of those who are called and as many after them: the share `calls_by_lot` of the places, half
    of them where the setting is silent and more are due than can be called. Who is drawn out gets nothing:
    their touch is held until the outcome's day. A draw that is frozen for this very cut is taken as it is.
    Customers of `always_call`, and whom a list of a day had already, are never drawn, and none is where the
    answer would take longer than MOST_MONTHS months.

    Glossary: what a call saves.
    """
    called, due = _ranked(business, decided, drawn)
    found = reading.comparisons[reading.comparisons["experiment"] == NAME]
    so_far = None if found.empty else found.iloc[0]
    one = Margin("nobody is called", len(due), len(called), {}, business.as_of, found=so_far)
    frozen = business.lots.drawn.get(business.as_of)
    if frozen is not None:
        usual, size = business.lots.baseline, business.lots.size
        months = _pace(usual, len(frozen), size).months
        one = replace(one, way="by lot", arms=frozen, baseline=usual, needed=size, months=months)
    else:
        one = _drawn(business, one, called, due, decided)
    return _applied(decided, one), one


def _pace(baseline: float, a_month: int, size: int | None = None) -> Pace:
    return pace(
        baseline, SMALLEST_EFFECT, shares=(HALF, HALF), a_month=a_month, days=HORIZON_DAYS, size_given=size
    )


def _ranked(business: Business, decided: Decided, drawn: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Who of those at risk is called, and who is due for a call, in the order of the list."""
    own = decided.touches[decided.touches["action"] == PLAY]
    tried = set(drawn.loc[drawn["treatment"] == CALL, "customer_id"])
    kept = set(business.settings.always_call)
    due = own[~own["customer_id"].isin(tried | kept | business.listed)]
    return list(due.loc[due["way"] == CALL, "customer_id"]), list(due["customer_id"])


def _drawn(
    business: Business, one: Margin, called: Sequence[str], due: Sequence[str], decided: Decided
) -> Margin:
    setting = business.settings.calls_by_lot
    is_taken = NAME in business.experiments and not business.lots.drawn  # by an experiment of the owner's own
    if setting == "off" or is_taken:
        return replace(one, way="off")
    if not called:
        return one
    if one.found is not None and (one.found["verdict"] != "cannot tell yet" or one.found["is_over"]):
        return replace(one, way="told")
    group = margin(len(called), len(due), None if setting == "" else float(setting))
    if not group:
        return replace(one, way="everybody is called" if len(called) == len(due) else "too slow")
    people = due[group.start : group.stop]
    risks = decided.touches.set_index("customer_id")["risk"].reindex(people).astype(float)
    usual = float(np.clip(1 - risks.mean(), 0.01, 0.99 - SMALLEST_EFFECT)) if risks.notna().any() else HALF
    lots = business.lots if business.lots.drawn else Lots(baseline=usual, size=0)
    before = len(lots.rows)
    found = _pace(lots.baseline, len(people), lots.size or None)
    left = max(found.in_all - before, 0)
    months = left / len(people) + HORIZON_DAYS / 30.4375
    one = replace(one, baseline=lots.baseline, needed=found.size, months=months)
    if not lots.drawn and not months <= MOST_MONTHS:
        return replace(one, way="too slow")
    return replace(one, way="by lot", arms=lot(people, str(one.drawn_on)))


def margin(called: int, due: int, share: float | None) -> range:
    """The places of the list that a lot gives: as many before its end as after it, half of them called.

    >>> margin(100, 300, None), margin(100, 120, None), margin(100, 100, None), margin(100, 100, 0.2)
    (range(50, 150), range(80, 120), range(0, 0), range(60, 100))
    """
    wanted = math.floor(called * (HALF if share is None else share))
    if share is None:
        wanted = min(wanted, due - called)
    end = min(called + wanted, due)
    return range(max(end - 2 * wanted, 0), end) if wanted > 0 else range(0)


def lot(people: Sequence[str], seed: str) -> dict[str, str]:
    """The arm of each of these, in the order of the list: of each two neighbours one is called.

    The one of the smaller fingerprint; the same for the same people and the same day, on every machine. A
    last one without a neighbour is not drawn.
    """
    arms: dict[str, str] = {}
    for first, second in zip(people[::2], people[1::2], strict=False):
        pair = sorted((first, second), key=lambda who: hashlib.sha256(f"{seed}\x1f{who}".encode()).digest())
        arms |= {pair[0]: CALLED, pair[1]: NO_CALL}
    return {who: arms[who] for who in people if who in arms}


def _applied(decided: Decided, one: Margin) -> Decided:
    """The touches as the lot has them: who is drawn out gets none."""
    if not one.arms:
        return decided
    own = decided.touches["action"] == PLAY
    arm = decided.touches["customer_id"].map(one.arms).where(own)
    touches = decided.touches.assign(
        way=decided.touches["way"].mask(arm == CALLED, CALL),
        instead=decided.touches["instead"].mask(arm == CALLED, None),
    )
    out = touches.loc[arm == NO_CALL, "customer_id"]
    held = pd.DataFrame({"customer_id": out, "action": PLAY, "cause": "drawn"})
    return Decided(
        touches[arm != NO_CALL].reset_index(drop=True), pd.concat([decided.held, held], ignore_index=True)
    )

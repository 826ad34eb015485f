"""What can be known at this size: the smallest things that this business's numbers can show."""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.churn_reasons.ranking import order_is_clear
from retention_helpers.contract.experiments import Outcome
from retention_helpers.experiments import gain_after, proposed
from retention_helpers.experiments.planning import A_YEAR
from retention_helpers.measurement import measures
from retention_helpers.shown.units import COUNT, SHARE, TENTHS, columns, one_of

QUESTIONS = ("churn rose", "an unusual month", "a reason ahead", "an experiment with newcomers")
TRIED_DAYS, TRIED_EFFECT = 35, 0.05  # the first renewal of a monthly plan is past; five points


class _Seen(NamedTuple):
    question: str
    seen_from: int | None
    of: int
    months: float | None = None
    gain_in_a_year: float | None = None


@columns(question=one_of(*QUESTIONS), seen_from=COUNT.or_null, of=COUNT, months=TENTHS.or_null,
         gain_in_a_year=SHARE.or_null)  # fmt: skip
def reach(business: Business, churn: pd.DataFrame, chart: pd.DataFrame, top: pd.DataFrame) -> pd.DataFrame:
    """One row per question that every month asks: from which number on this business would see it.

    *Churn rose*: so many lost in the coming month, of those who are customers now, would be called more than
    before. *An unusual month*: so many lost in this month would have been. *A reason ahead*: named by so
    many of the answers, if all others named one other; none where the answers are too few to rank.
    *An experiment with newcomers*: customers an arm for five points in the share still there on day 35, the
    months that takes at the pace of newcomers, and the smallest gain that a year's newcomers would tell
    (null: none). `seen_from` is null where no number would do.

    Glossary: what can be seen at this size.
    """
    now, usual = churn.iloc[-1], chart.iloc[-1]
    start = int(now["customers_at_start"])
    coming = int(measures.customer_movement(business).iloc[-1]["customers_at_end"])
    answered = int(top["answered"].iloc[0]) if len(top) else 0
    ranked = answered if answered >= business.settings.min_customers else 0
    most = None if usual["unusual"] is None else int(usual["most_usual"]) + 1
    rows = [
        _Seen("churn rose", _first(coming, lambda x: _is_more(churn, x, coming)), coming),
        _Seen("an unusual month", most if most is not None and most <= start else None, start),
        _Seen("a reason ahead", _first(ranked, lambda x: _is_ahead(x, ranked)), answered),
        _experiment(business),
    ]
    return pd.DataFrame(rows, columns=_Seen._fields)


def _first(most: int, is_seen: Callable[[int], bool]) -> int | None:
    """The smallest number up to `most` that would be seen; every larger one would be, too."""
    if not most or not is_seen(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_seen(middle) else (middle, high)
    return high


def _is_more(churn: pd.DataFrame, lost: int, customers: int) -> bool:
    """Whether so many lost in the coming month would be called a rise against the months before."""
    coming = pd.DataFrame({"lost": [lost], "customers_at_start": [customers]})
    moved = measures.churn_change(pd.concat([churn, coming], ignore_index=True))
    return moved is not None and moved.verdict == "rose"


def _is_ahead(named: int, answered: int) -> bool:
    counts = pd.DataFrame({"reason": ["one", "other"], "customers": [named, answered - named]})
    return 2 * named > answered and order_is_clear(counts)


def _experiment(business: Business) -> _Seen:
    plan = proposed(business, outcome=Outcome("retained", TRIED_DAYS), effect=TRIED_EFFECT)
    months = None if pd.isna(plan.months) else float(plan.months)
    size = None if pd.isna(plan.size) else int(plan.size)
    coming = 0 if pd.isna(plan.a_month) else round(plan.a_month)
    gain = gain_after(plan, A_YEAR)
    return _Seen("an experiment with newcomers", size, coming, months, None if pd.isna(gain) else gain)

"""Channels, plans and countries by what their customers are worth, and by what they cost."""

import bisect
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from retention_helpers.business import Business, levels
from retention_helpers.contract.attributes import CHANNELS, COUNTRIES, first_called, same_channel
from retention_helpers.measurement import survival
from retention_helpers.measurement.measures import VERDICT, YEAR
from retention_helpers.measurement.survival import FEWEST_FOLLOWED, PLACES
from retention_helpers.shown.units import (
    COUNT,
    MONEY,
    SHARE,
    TENTHS,
    TEXT,
    columns,
    named,
    names_of,
    one_of,
)
from retention_helpers.statistics import curves
from retention_helpers.statistics.curves import Collected
from retention_helpers.statistics.intervals import LEVEL, holm
from retention_helpers.statistics.pooled import drawn_together
from retention_helpers.words import calendar

STANDING = ("pays back", "not within the time seen", "cannot be told", "cost nothing", "not known")
PAID_BACK, NOT_WITHIN, CANNOT, COST_NOTHING, NOT_KNOWN = STANDING


def groups(business: Business) -> tuple[str, ...]:
    """What newcomers are told apart by: channel and country, where there are such attributes, plan and year.

    Glossary: worth by channel, plan, country, cohort.
    """
    known = levels.attributes(business)
    plan = "" if business.counts_buyers else "first_plan"
    asked = (first_called(known, CHANNELS), plan, first_called(known, COUNTRIES), "start_year")
    return tuple(name for name in asked if name)


@columns(
    by=named(levels.HEADINGS), level=TEXT, customers=COUNT, followed=COUNT("Followed for a year"),
    survival_12=SHARE.estimate("Still there after a year"),
    counted_12=MONEY.estimate("First 12 months, counted"),
    revenue_12=MONEY.estimate("First 12 months"), verdict=VERDICT,
    months_of_spend=COUNT(is_shown=False), newcomers=COUNT.or_null("Newcomers paid for", is_shown=False),
    spent=MONEY.or_null, cost=MONEY.or_null("Cost of a customer"),
    payback_months=TENTHS.estimate("Months to payback"), pays_back=one_of(*STANDING).or_null,
    pays_back_by=COUNT.or_null("By month"),
)  # fmt: skip
def worth_by(business: Business, tenures: pd.DataFrame, *, by: levels.By | None = None) -> pd.DataFrame:
    """One row per channel, first plan, country and year of start: what its newcomers bring in, and cost.

    counted_12 is the revenue of a newcomer's first twelve months as in `survival.restricted_revenue`, of the
    group alone; NaN where fewer than FEWEST_FOLLOWED of it began so long ago. revenue_12 is that, drawn
    towards the groups of its kind together by as much as chance spreads them (`pooled.drawn_together`). The
    verdict holds counted_12 against the others of its kind together: a t test of the two logarithms that
    counts as many customers as the smaller side has followed for a year, with Holm over all rows; below
    `min_customers` it is "too few".

    With `spend`, of the last twelve months: cost is what was spent on a channel over those of its newcomers
    who began in the months for which it has a row. A channel without a row is not known, which is not free;
    nor is any where the business is narrowed. payback_months is the first month after which what a newcomer
    brought in, as counted of the group, reaches the cost, with the months in which the two ends of its
    interval do: *pays back* where the lower end does (by month `pays_back_by`), *not within the time seen*
    where not even the upper end does, *cannot be told* between, *cost nothing* where nothing was
    spent, so that nothing has to come back, *not known* without a row. Of what is no
    channel, and without `spend`, all of it is null.

    `by` may name anything else of `levels.names`.

    Glossary: worth by channel, plan, country, cohort; cost of a customer; months to payback.
    """
    wanted = groups(business) if by is None else levels.chosen(business, by)
    told = survival.in_sight(survival.tenures(business, by=wanted))
    if told.empty:
        return pd.DataFrame(columns=names_of(worth_by))
    amounts = survival.monthly_amounts(business)[told.index]
    few = business.settings.min_customers
    parts = [_of_kind(told, amounts, one, few) for one in wanted]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["by", "level"])
    frame["verdict"] = _verdicts(frame, few)
    costs = _costs(business, told, wanted)
    joined = frame.merge(costs, on=["by", "level"], how="outer" if len(costs) else "left")
    whole = joined.assign(
        customers=joined["customers"].fillna(0).astype("int64"),
        followed=joined["followed"].fillna(0).astype("int64"),
        months_of_spend=joined["months_of_spend"].fillna(0).astype("int64"),
        verdict=joined["verdict"].fillna("too few"),
        newcomers=joined["newcomers"].astype("Int64"),
    )
    place = {one: nth for nth, one in enumerate(wanted)}
    ordered = whole.assign(place=whole["by"].map(place)).sort_values(["place", "level"], ignore_index=True)
    return _with_payback(ordered, told, amounts)[names_of(worth_by)]


def _of_kind(told: pd.DataFrame, amounts: np.ndarray, by: str, few: int) -> pd.DataFrame:
    """The groups of one kind: customers, survival, revenue as counted and drawn together."""
    level = told[f"{levels.LEVEL_OF}{by}"].astype(str).to_numpy()
    rows = []
    for name in sorted(set(level)):
        is_own = level == name
        own, rest = _revenue(told[is_own], amounts[is_own]), _revenue(told[~is_own], amounts[~is_own])
        stays = curves.survival_at(_curve(told[is_own]), YEAR * PLACES)
        rows.append(
            {
                "by": by, "level": name, "customers": int(is_own.sum()), "followed": _followed(told[is_own]),
                **_ends("survival_12", stays[:3]), **_ends("counted_12", own[:3]),
                "error": own.deviation / own.value if own.value else math.nan,
                "score": _apart(own, rest), "others": int((~is_own).sum()),
                "freedom": min(_followed(told[is_own]), _followed(told[~is_own])) - 1,
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    drawn = drawn_together(np.log(frame["counted_12"].where(frame["counted_12"] > 0)), frame["error"])
    return frame.assign(
        **{f"revenue_12{end}": np.exp(part) for end, part in zip(("", "_low", "_high"), drawn, strict=True)}
    )


def _ends(name: str, found: Sequence[float]) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), found, strict=True))


def _curve(rows: pd.DataFrame) -> pd.DataFrame:
    return curves.kaplan_meier(rows["place"], rows["is_lost"], rows["entry_place"])


def _followed(rows: pd.DataFrame, upto: int = YEAR) -> int:
    return int((rows["months_followed"] >= upto).sum())


def _revenue(rows: pd.DataFrame, amounts: np.ndarray, upto: int = YEAR) -> Collected:
    if _followed(rows, upto) < FEWEST_FOLLOWED:
        return Collected(*(math.nan,) * 4)
    on = PLACES * np.arange(upto)
    return curves.collected(rows["place"], rows["is_lost"], amounts[:, :upto], on, rows["entry_place"])


def _apart(own: Collected, rest: Collected) -> float:
    """How many standard errors the logarithms of two means lie apart; NaN where one is not known."""
    if not own.value > 0 or not rest.value > 0:
        return math.nan
    error = math.hypot(own.deviation / own.value, rest.deviation / rest.value)
    return math.log(own.value / rest.value) / error if error else math.nan


def _verdicts(frame: pd.DataFrame, few: int) -> list[str]:
    if frame.empty:
        return []
    judged = frame["score"].notna() & (frame[["customers", "others"]].min(axis=1) >= few)
    scores = frame.loc[judged, ["freedom", "score"]].itertuples(index=False)
    p_values = iter(holm([float(2 * special.stdtr(freedom, -abs(score))) for freedom, score in scores]))
    verdicts = []
    for row, is_judged in zip(frame.itertuples(), judged, strict=True):
        if not row.others:
            verdicts.append("the only one")
        elif not is_judged:
            verdicts.append("too few")
        elif next(p_values) >= 1 - LEVEL:
            verdicts.append("no clear difference")
        else:
            verdicts.append("above the rest" if row.score > 0 else "below the rest")
    return verdicts


# --- what they cost


def _costs(business: Business, told: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame:
    """A row a channel on which something was spent: by, level, months_of_spend, newcomers, spent, cost.

    Also channels by which nobody came, whose cost is not known.
    """
    names = ["by", "level", "months_of_spend", "newcomers", "spent", "cost"]
    channel = first_called(levels.attributes(business), CHANNELS)
    if channel not in wanted or not business.has("spend") or business.only is not None:
        return pd.DataFrame(columns=names)
    level = told[f"{levels.LEVEL_OF}{channel}"].astype(str)
    begun = pd.to_datetime(told["first_on"]).dt.to_period("M")
    called = {same_channel(one): one for one in sorted(set(level))}
    rows = []
    for name, own in _spend(business).groupby("channel", sort=True):
        known = called.get(str(name))
        paid_for = int(((level == known) & begun.isin(set(own["month"]))).sum())
        spent = sum(own["amount"])
        cost = float(spent) / paid_for if paid_for else math.nan
        rows.append((channel, known or own["called"].iloc[0], own["month"].nunique(), paid_for, spent, cost))
    return pd.DataFrame(rows, columns=names)


def _spend(business: Business) -> pd.DataFrame:
    """What was spent in the last twelve months that have a row: channel (in one spelling), month, amount."""
    table = business.table("spend")
    frame = table.group_by(["channel", table.month.truncate("M").name("begins")]).aggregate(
        amount=table.amount.sum().cast("decimal(18, 6)")
    ).order_by("channel", "begins").execute()  # fmt: skip
    month = pd.to_datetime(frame["begins"]).dt.to_period("M")
    first = pd.Period(calendar.months_after(business.as_of, -YEAR), "M")
    lately = frame.assign(month=month, called=frame["channel"])[month >= first]
    return lately.assign(channel=lately["called"].map(same_channel))


def _with_payback(frame: pd.DataFrame, told: pd.DataFrame, amounts: np.ndarray) -> pd.DataFrame:
    channels = set(frame.loc[frame["months_of_spend"] > 0, "by"])
    found = [_payback(row, told, amounts, row.by in channels) for row in frame.itertuples()]
    named_ends = ("payback_months", "payback_months_low", "payback_months_high")
    columns_found = {name: [one[name] for one in found] for name in (*named_ends, "pays_back")}
    by = pd.array(columns_found["payback_months_high"], dtype="Float64").astype("Int64")
    return frame.assign(**columns_found, pays_back_by=by)


def _payback(row: Any, told: pd.DataFrame, amounts: np.ndarray, is_channel: bool) -> dict[str, Any]:
    standing = NOT_KNOWN if is_channel else None
    nothing: dict[str, Any] = {**_ends("payback_months", (math.nan,) * 3), "pays_back": standing}
    if pd.isna(row.cost):
        return nothing
    if not row.cost:
        return {**nothing, "pays_back": COST_NOTHING}
    is_own = (told[f"{levels.LEVEL_OF}{row.by}"].astype(str) == row.level).to_numpy()
    rows, paid = told[is_own], amounts[is_own]
    seen = max((upto for upto in range(1, amounts.shape[1] + 1) if _followed(rows, upto) >= FEWEST_FOLLOWED),
               default=0)  # fmt: skip
    if not seen:
        return {**nothing, "pays_back": CANNOT}

    @cache
    def after(upto: int) -> Collected:
        return _revenue(rows, paid, upto)

    value, late, early = (_first_month(after, part, float(row.cost), seen) for part in range(3))
    standing = PAID_BACK if late <= seen else NOT_WITHIN if early > seen else CANNOT
    ends = [month if month <= seen else math.nan for month in (value, early, late)]
    return {**_ends("payback_months", ends), "pays_back": standing}


def _first_month(after: Callable[[int], Collected], part: int, cost: float, seen: int) -> float:
    """The first month by whose end the value, or one of its ends, reached the cost.

    The one after those seen where none did; an amount without an interval reaches nothing.
    """
    return float(bisect.bisect_left(range(1, seen + 1), True, key=lambda upto: after(upto)[part] >= cost) + 1)

"""The reasons: how many customers and how much MRR each stands for, and whether that changes."""

import itertools
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from retention_helpers.churn_reasons.answers import REASON, Period, answered, within
from retention_helpers.contract.tables import REASONS
from retention_helpers.shown.units import (
    COUNT,
    MONEY,
    MONTH,
    POINTS,
    RATE,
    SHARE,
    TEXT,
    YES_NO,
    columns,
    columns_of,
    names_of,
    one_of,
)
from retention_helpers.statistics.intervals import LEVEL, Change, amount_share, sum_interval, with_rate
from retention_helpers.statistics.varying import changes_beyond_spread
from retention_helpers.words import formats

ORDER = {reason: place for place, reason in enumerate(REASONS)}
CENT = Decimal("0.01")
FOLLOWED = 3  # reasons that are followed through time and groups
BLOCK = 3  # months that the chart of shares takes together
MRR_SHARE = ("mrr_share", "mrr_share_low", "mrr_share_high")
MOVED = one_of("rose", "fell", "no clear change", "too few")
RATE_ALONE = replace(RATE, between=None)  # where the table has no room for its interval


@columns(reason=REASON, customers=COUNT(key="count"), answered=COUNT(is_shown=False, is_recorded=False),
         share=SHARE, share_low=SHARE(key="low"), share_high=SHARE(key="high"),
         at_least_share=SHARE(key="at_least"), at_most_share=SHARE(key="at_most"),
         mrr_lost=MONEY.or_null.interval, mrr_share=SHARE.interval)  # fmt: skip
def shares(lost: pd.DataFrame, when: Period, *, min_customers: int) -> pd.DataFrame:
    """One row per reason given in a period: its share of the answers, and what it cost.

    Sorted by customers, then MRR; in the order of the list where fewer than `min_customers` answered, because
    such an order means nothing. `at_least_share` and `at_most_share` are the shares among all who decided to
    leave if none, or all, of the silent would have named this reason. The interval of an amount (Fay and
    Feuer) is the range of sums that would be no surprise with so few losses. `mrr_share` is of the MRR of
    those who answered.

    Glossary: share of a reason; at least, at most; MRR lost; MRR share.
    """
    rows = answered(lost, when)
    everybody = within(lost, when)
    decided = int((everybody["answer"] != "involuntary").sum())
    unheard = decided - len(rows)
    largest = max(everybody["mrr"], default=Decimal(0))
    found = [
        {
            "reason": reason,
            "customers": len(own),
            "answered": len(rows),
            "at_least_share": len(own) / decided,
            "at_most_share": (len(own) + unheard) / decided,
            **amount_lost(own, largest),
            **dict(zip(MRR_SHARE, amount_share(rows["mrr"], rows["reason"] == reason), strict=True)),
        }
        for reason, own in rows.groupby("reason")
    ]
    frame = pd.DataFrame(found, columns=[name for name in names_of(shares) if not name.startswith("share")])
    rated = with_rate(frame, "share", "customers", "answered")
    return ranked(rated, is_ranked=len(rows) >= min_customers)[names_of(shares)]


def amount_lost(rows: pd.DataFrame, largest: Decimal) -> dict[str, Decimal]:
    """The MRR of customers lost, exactly, and the interval of such a sum to the cent."""
    low, high = sum_interval([float(mrr) for mrr in rows["mrr"]], float(largest))
    ends = (Decimal(str(end)).quantize(CENT) for end in (low, high))
    return dict(zip(("mrr_lost", "mrr_lost_low", "mrr_lost_high"),
                    (sum(rows["mrr"], Decimal(0)), *ends), strict=True))  # fmt: skip


@columns(reason=REASON, customers=COUNT, share=SHARE.interval, of_all=TEXT("Of all, least–most"),
         mrr_lost=MONEY.interval, mrr_share=SHARE.interval)  # fmt: skip
def with_bounds(top: pd.DataFrame) -> pd.DataFrame:
    """`shares` as people read them: at least and at most of all who decided as one column, `of_all`."""
    bounds = [
        formats.interval(least, most)
        for least, most in zip(top["at_least_share"], top["at_most_share"], strict=True)
    ]
    return top.assign(of_all=bounds)[names_of(with_bounds)]


@columns(**columns_of(shares), trend=MOVED.or_null)
def with_trend(top: pd.DataFrame, moved: pd.DataFrame | None = None) -> pd.DataFrame:
    """`shares` with the verdict of `change` as its `trend`; null where they are held against nothing."""
    trend = {} if moved is None else dict(zip(moved["reason"], moved["verdict"], strict=True))
    return top.assign(trend=[trend.get(reason) for reason in top["reason"]])


class Standing(NamedTuple):
    """The reasons of a period: `shares`, and their `change` where they are held against another."""

    top: pd.DataFrame
    when: Period
    moved: pd.DataFrame | None = None


class Changes(NamedTuple):
    """The change of the report month, of the last three, and of the months that the page leads with."""

    month: pd.DataFrame
    quarter: pd.DataFrame
    shown: pd.DataFrame


def ranked(frame: pd.DataFrame, *, is_ranked: bool) -> pd.DataFrame:
    """Reasons with the most customers first; in the order of the list where an order would mean nothing."""
    place = frame["reason"].map(ORDER)
    if not is_ranked:
        return frame.assign(place=place).sort_values("place", ignore_index=True).drop(columns="place")
    ordered = frame.assign(place=place).sort_values(
        ["customers", "mrr_lost", "place"], ascending=[False, False, True], ignore_index=True
    )
    return ordered.drop(columns="place")


def leading(top: pd.DataFrame) -> list[str]:
    """The reasons that are followed through time and groups: the first three of `shares`."""
    return list(top["reason"].head(FOLLOWED))


def may_be_first(top: pd.DataFrame) -> list[str]:
    """The reasons of `shares` that may well be the most common: the first, and all not clearly behind it.

    The exact test of two counts of the same answers: each of the two would be as likely (binomial, 5 %).

    Glossary: first reason, clearly.
    """
    if top.empty:
        return []
    most = int(top["customers"].max())
    return [
        row.reason
        for row in top.itertuples()
        if row.customers == most or 2 * special.bdtr(row.customers, most + row.customers, 0.5) >= 1 - LEVEL
    ]


def order_is_clear(top: pd.DataFrame) -> bool:
    """Whether the first reason of `shares` was named more often than every other beyond chance."""
    return len(may_be_first(top)) == 1


@columns(reason=REASON, customers=COUNT, answered=COUNT(is_shown=False),
         share=RATE(of=("customers", "answered"), key="now"), customers_before=COUNT("Before"),
         answered_before=COUNT(is_shown=False), months_before=COUNT(is_shown=False),
         before_share=RATE_ALONE("Share before", of=("customers_before", "answered_before"), key="before"),
         share_change=POINTS("Change, points", key="value"), share_change_low=POINTS(key="low"),
         share_change_high=POINTS(key="high"), verdict=MOVED)  # fmt: skip
def change(lost: pd.DataFrame, now: Period, before: Period, *, min_customers: int) -> pd.DataFrame:
    """One row per reason: its share of the answers in a period against the one before.

    Where the months before differ by more than chance, that is in the interval: a reason has to move by more
    than its months do. Fewer than FEWEST_MONTHS of them with answers (`months_before`) cannot tell that; then
    USUAL_SPREAD of the share is allowed for it. "rose" and "fell" need the interval and the test, corrected
    after Holm for looking at every reason, to agree; "no clear change" else, and "too few" where either
    period has fewer than `min_customers` answers.

    Glossary: change of a share.
    """
    rows, earlier = answered(lost, now), answered(lost, before)
    counts = pd.DataFrame(
        {"customers": rows["reason"].value_counts(), "customers_before": earlier["reason"].value_counts()}
    )
    frame = counts.fillna(0).astype("int64").rename_axis("reason").reset_index()
    frame = frame.assign(answered=len(rows), answered_before=len(earlier), place=frame["reason"].map(ORDER))
    frame = frame.sort_values(
        ["customers", "customers_before", "place"], ascending=[False, False, True], ignore_index=True
    )
    frame = with_rate(frame, "share", "customers", "answered")
    frame = with_rate(frame, "before_share", "customers_before", "answered_before")
    is_comparable = len(rows) and len(earlier)
    moved = (
        changes_beyond_spread([(_by_month(rows, one), _by_month(earlier, one)) for one in frame["reason"]])
        if is_comparable
        else [Change(np.nan, np.nan, np.nan, "too few")] * len(frame)
    )
    is_enough = min(len(rows), len(earlier)) >= min_customers
    frame = frame.assign(
        months_before=earlier["month"].nunique(),
        share_change=[one.value for one in moved],
        share_change_low=[one.low for one in moved],
        share_change_high=[one.high for one in moved],
        verdict=[one.verdict for one in moved] if is_enough else "too few",
    )
    return frame[names_of(change)]


def _by_month(rows: pd.DataFrame, reason: str) -> list[tuple[int, int]]:
    """How many named a reason, and how many answered, in each month that has answers."""
    named = (rows["reason"] == reason).groupby(rows["month"])
    return list(zip(named.sum().astype(int), named.size().astype(int), strict=True))


@columns(first_month=MONTH, last_month=MONTH, reason=REASON, customers=COUNT, answered=COUNT,
         share=RATE(of=("customers", "answered")), enough=YES_NO)  # fmt: skip
def shares_over_time(
    lost: pd.DataFrame, when: Period, top: pd.DataFrame, *, min_customers: int
) -> pd.DataFrame:
    """One row per three months and reason, back from the last month of the period: share of the answers.

    Only the first three reasons of `top`, so the shares of three months need not add up to 1. The oldest row
    may be of fewer months, where the data begin within it. Of fewer than `min_customers` answers a share says
    little: `enough` is false.

    Glossary: change of a share.
    """
    every = pd.date_range(when.first, when.last, freq="MS")
    blocks = [every[max(end - BLOCK, 0) : end] for end in range(len(every), 0, -BLOCK)][::-1]
    rows = []
    for block, reason in itertools.product(blocks, leading(top)):
        given = answered(lost, Period(block[0].date(), block[-1].date(), len(block)))
        named = int((given["reason"] == reason).sum())
        rows.append((block[0].date(), block[-1].date(), reason, named, len(given)))
    counted = pd.DataFrame(rows, columns=names_of(shares_over_time)[:5])
    frame = with_rate(counted, "share", "customers", "answered")
    return frame.assign(enough=frame["answered"] >= min_customers)


def in_columns(own: pd.DataFrame) -> dict[str, float]:
    """The shares of several reasons as the columns of one row, each with its ends."""
    return {
        f"{one.reason}{end}": getattr(one, f"share{end}")
        for one in own.itertuples()
        for end in ("", "_low", "_high")
    }


@columns(first_month=MONTH, last_month=MONTH, answered=COUNT, **dict.fromkeys(ORDER, RATE))
def months_side_by_side(blocks: pd.DataFrame) -> pd.DataFrame:
    """One row per period, a column a reason: `shares_over_time` as people read it.

    Columns: first_month, last_month, answered, a share with _low and _high for each reason.
    """
    keys = ["first_month", "last_month", "answered"]
    rows = [
        dict(zip(keys, key, strict=True)) | in_columns(own) for key, own in blocks.groupby(keys, sort=False)
    ]
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else keys)

"""Whom to keep, and whom to speak to: what this room proposes to do."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.losses import trial_requests
from retention_helpers.contract.messages import offer_for
from retention_helpers.early_warning.level import FEWEST_LEFT
from retention_helpers.early_warning.lifecycle import reasons_of
from retention_helpers.early_warning.risk import Risk
from retention_helpers.early_warning.snapshots import kept_snapshots, snapshots_now
from retention_helpers.shown.proposals import CALL, LETTER, proposals
from retention_helpers.words import calendar, formats, spellings

KEEP, AT_RISK = "keep", "at_risk"
PAID_OVER = "; the paid time is over: do they stay?"
PAID_UNKNOWN = "; until when they have paid is not known: do they stay?"
STILL_FREE, OVER = "; still in the free time", "; the free time is over"
AFTER_ASKING = (PAID_OVER, PAID_UNKNOWN, OVER, STILL_FREE)  # where no day is told on which they leave


def risks(business: Business, risk: Risk) -> dict[str, float]:
    """The chance of asking or leaving within the horizon, of every customer of whom it is told."""
    who = snapshots_now(business)["customer_id"].astype(str)
    if who.empty:  # `now` is that of the last month end with a customer
        return {}
    known = ~np.isnan(risk.now)
    return dict(zip(who[known], risk.now[known], strict=True))


def is_learned(risk: Risk) -> bool:
    """Whether enough have left to say how many will: a risk that is learned from fewer ranks, and no more."""
    return risk.base.numerator >= FEWEST_LEFT


def to_keep(business: Business, asked: pd.DataFrame) -> pd.DataFrame:
    """Those of `scheduled` who are leaving and were not answered yet, who leaves first on top.

    `leaves_on` is the end of the period that was paid when they asked; unknown, and last, where that is over
    and they are still there, or would be, had they paid by the month, and nobody knows. Answered is who has
    a contact of the kind "keep" since the request.

    Glossary: to keep.
    """
    leaving = asked[asked["standing"] == "leaving"].merge(_began(business), on="customer_id")
    leaving = leaving[~_is_answered(business, leaving)]
    ends = [
        paid_until(row.begin_on, row.interval, row.asked_on, business.as_of) for row in leaving.itertuples()
    ]
    listed = leaving.assign(
        leaves_on=pd.Series(ends, index=leaving.index, dtype="object"),
        order=[end or dt.date.max for end in ends],
    )
    ordered = listed.sort_values(["order", "mrr", "customer_id"], ascending=[True, False, True])
    return proposals(
        _answer(business, row, "" if row["leaves_on"] else _overdue(row["interval"]))
        for row in ordered.to_dict(orient="records")
    )


def _overdue(interval: str | None) -> str:
    return PAID_OVER if interval and spellings.interval(interval) else PAID_UNKNOWN


def to_keep_of_trials(business: Business, since: dt.date) -> pd.DataFrame:
    """Who asked to cancel during a trial and was not answered yet, the latest request first.

    The trial goes on, or has ended on `since` or later. They pay nothing yet, so nothing stands at stake.

    Glossary: to keep.
    """
    rows = trial_requests(business)
    asked = rows.filter(rows.ended_on.isnull() | (rows.ended_on >= since)).execute()
    asked = asked.assign(reason=reasons_of(business, asked["customer_id"]), mrr=Decimal(0), leaves_on=None)
    asked = asked[~_is_answered(business, asked)]
    ordered = asked.sort_values(["asked_on", "customer_id"], ascending=[False, True])
    return proposals(
        _answer(business, row, OVER if pd.notna(row["ended_on"]) else STILL_FREE)
        for row in ordered.to_dict(orient="records")
    )


def _began(business: Business) -> pd.DataFrame:
    table = kept_snapshots(business)
    return table.filter(table.as_of == business.as_of).select("customer_id", "begin_on").execute()


def _is_answered(business: Business, leaving: pd.DataFrame) -> pd.Series:
    contacts = business.table("contacts")
    made = contacts.filter(contacts.kind.lower() == KEEP).group_by("customer_id")
    latest = made.aggregate(answered_on=contacts.contacted_on.max()).execute()
    answered = leaving["customer_id"].map(
        dict(zip(latest["customer_id"], latest["answered_on"], strict=True))
    )
    return pd.to_datetime(answered) >= pd.to_datetime(leaving["asked_on"])


def paid_until(begin_on: Any, interval: str | None, asked_on: Any, as_of: dt.date) -> dt.date | None:
    """The day on which the period that was paid when somebody asked is over; None where that has passed.

    Periods are counted from the day on which service began. An interval that nobody knows is a month.

    >>> paid_until(dt.date(2026, 1, 31), "month", dt.date(2026, 2, 3), dt.date(2026, 2, 10))
    datetime.date(2026, 2, 28)
    """
    began, asked = pd.Timestamp(begin_on).date(), pd.Timestamp(asked_on).date()
    unit, many = spellings.interval(interval or "month") or ("month", 1)
    if unit in ("day", "week"):
        length = many * (7 if unit == "week" else 1)
        ends = began + dt.timedelta(days=length * ((asked - began).days // length + 1))
    else:
        length = many * (12 if unit == "year" else 1)
        nth = calendar.months_between(began, asked) // length
        ends = next(
            day
            for step in (nth, nth + 1, nth + 2)
            if (day := calendar.months_after(began, step * length)) > asked
        )
    return ends if ends >= as_of else None


def _answer(business: Business, row: Mapping[Any, Any], after: str) -> dict[str, Any]:
    """What to say to somebody who asked; `after` ends the words why."""
    said = "" if formats.is_missing(row["reason"]) else f": {formats.words(row['reason']).lower()}"
    is_large = row["mrr"] >= business.settings.high_value_mrr
    reason = row["reason"] if said else None
    offer = offer_for(business.folder, business.settings.reason_map, reason)
    return {
        "customer_id": row["customer_id"],
        "action": KEEP,
        "mrr": row["mrr"],
        "why": f"asked to cancel on {formats.day(row['asked_on'])}{said}{after}",
        "message": f"Hello, you have asked to cancel {business.name}. That is arranged, and you need do "
        "nothing.",
        "offer": " ".join(offer["message"].split()),
        "leaves_on": row["leaves_on"],
        "way": CALL if is_large else LETTER,
    }


def to_speak_to(people: pd.DataFrame) -> pd.DataFrame:
    """Everybody of `at_risk`, in its order: by call, else by letter."""
    return proposals(
        {
            "customer_id": row["customer_id"],
            "action": AT_RISK,
            "mrr": row["mrr"],
            "why": row["why"],
            "message": row["message"],
            "risk": row["risk"],
            "way": CALL,
        }
        for row in people.to_dict(orient="records")
    )

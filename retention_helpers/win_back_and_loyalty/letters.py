"""The mails of the standing campaigns: who is reached this month, and the five messages for each of them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.people import people, rows_of
from retention_helpers.contract.messages import filled, read_messages
from retention_helpers.shown.proposals import proposals
from retention_helpers.shown.results import of_values
from retention_helpers.shown.units import COUNT, TEXT, columns, columns_of, names_of
from retention_helpers.win_back_and_loyalty.away import LAPSED, MAIL, away, natural_return
from retention_helpers.win_back_and_loyalty.campaigns import (
    HELD_OUT,
    MAILED,
    Campaign,
    baselines,
    read_campaigns,
)
from retention_helpers.win_back_and_loyalty.standing import drawn_now, standing
from retention_helpers.words import formats

LOGIN = "login"  # everybody's first event says nothing about what they use
USED_DAYS = 90  # before the last use
STOP_IF = "came back; answered; asked to cancel; asked for no more mails"
WEEKEND = 5  # the weekday on which it begins


@dataclass(frozen=True)
class Sent:
    """What the month does about those who are away.

    Attributes:
        away: one row a customer who is away, and why they are left out.
        natural: how many come back by themselves.
        read: every campaign as it stands.
        plans: the standing campaigns.
        drawn: who is reached this month, mailed or held out.
        folder: the owner's data, into which the draw is written.
    """

    away: pd.DataFrame
    natural: pd.DataFrame
    read: list[Campaign]
    plans: pd.DataFrame
    drawn: pd.DataFrame
    folder: Path


@of_values
def month_campaigns(business: Business, drawn: pd.DataFrame, urgent: pd.DataFrame) -> Sent:
    """Who is away, what the campaigns added, and whom the standing ones reach this month.

    Takes the draws of the experiments and campaigns, and the month's more urgent proposals.
    """
    found = away(business, drawn, urgent)
    natural = natural_return(business)
    read = read_campaigns(business, baselines(natural))
    plans = standing(business, natural, found, read)
    return Sent(found, natural, read, plans, drawn_now(business, found, plans), business.folder)


def held_out(sent: Sent) -> pd.DataFrame:
    """Who is held out this month, as `draws` of the experiments; the draw is written down only afterwards.

    They get no other touch in place of the mails: else two treatments would be compared.
    """
    own = sent.drawn[sent.drawn["group"] == HELD_OUT]
    drawn = {"customer_id": own["customer_id"], "drawn_into": own["campaign"]}
    return pd.DataFrame({**drawn, "treatment": MAIL, "until": None, "is_open": True})


@columns(**columns_of(standing))
def plans_of(sent: Sent) -> pd.DataFrame:
    """The rows of `standing`, as the month has them.

    Glossary: hold-out.
    """
    return sent.plans


def to_mail(business: Business, sent: Sent) -> pd.DataFrame:
    """One proposal per customer whom a standing campaign mails this month, the largest MRR first.

    Glossary: paying, not using; to win back.
    """
    mailed = sent.drawn[sent.drawn["group"] == MAILED]
    by_lot = set(sent.plans.loc[sent.plans["way"] == "by lot", "campaign"])
    known = _known(business, mailed)
    written = read_messages(business.folder)
    return proposals(
        {
            "customer_id": row["customer_id"],
            "action": row["campaign"],
            "mrr": row["mrr"],
            "why": f"{_why(row)}; {_sent_by_tool(len(written[row['campaign']]))}",
            "message": " ".join(
                filled(
                    written[row["campaign"]]["1"]["body"], {**known[row["customer_id"]], "name": ""}
                ).split()
            ),
            "given_by": row["campaign"] if row["campaign"] in by_lot else "",
        }
        for row in mailed.to_dict(orient="records")
    )


def _why(row: Mapping[Any, Any]) -> str:
    days = formats.plural(int(row["days"]), "day")
    return f"no use for {days}" if row["kind"] == LAPSED else f"left {days} ago"


def _sent_by_tool(mails: int) -> str:
    """
    >>> _sent_by_tool(5)
    'the first of five mails of actions/win_back.csv, not to be sent by hand'
    """
    return f"the first of {formats.spelled(mails)} mails of actions/win_back.csv, not to be sent by hand"


@columns(
    campaign=TEXT, customer_id=TEXT("Customer"), message=COUNT, send_on=TEXT, purpose=TEXT, subject=TEXT,
    body=TEXT, stop_if=TEXT,
)  # fmt: skip
def letters(business: Business, sent: Sent) -> pd.DataFrame:
    """One row per message and customer who is mailed this month, for the mail tool: when, and what.

    `send_on` counts from the first working day of the month; a day of a weekend is the Monday after it. A
    message whose `stop_if` has come true is not sent any more.

    Glossary: the five messages.
    """
    mailed = sent.drawn[sent.drawn["group"] == MAILED]
    known, written = _known(business, mailed), read_messages(business.folder)
    begins = _working(business.as_of)
    rows = []
    for campaign, who in zip(mailed["campaign"], mailed["customer_id"], strict=True):
        for nth, one in written[campaign].items():
            told = (filled(one[part], known[who]) for part in ("subject", "body"))
            send_on = _working(begins + dt.timedelta(days=one["day"]))
            rows.append((campaign, who, int(nth), send_on.isoformat(), one["purpose"], *told, STOP_IF))
    return pd.DataFrame(rows, columns=names_of(letters))


def _working(day: dt.date) -> dt.date:
    """The day, or the Monday after it.

    >>> str(_working(dt.date(2026, 11, 1)))
    '2026-11-02'
    """
    return day + dt.timedelta(days=max(7 - day.weekday(), 0) if day.weekday() >= WEEKEND else 0)


def _known(business: Business, rows: pd.DataFrame) -> dict[str, dict[str, str]]:
    """By customer: what the placeholders of the messages stand for, "" where that is not known."""
    told = people(business, rows["customer_id"])["name"]
    used = _last_use(business, rows)
    return {
        row["customer_id"]: {
            "name": _first(told.get(row["customer_id"])),
            "business": business.name,
            "plan": "" if row["plan"].startswith("(") else row["plan"],
            "days": str(row["days"]),
            "last_use": formats.day(used[who][0]) if (who := row["customer_id"]) in used else "",
            "used_most": formats.words(used[who][1]).lower() if who in used and used[who][1] else "",
        }
        for row in rows.to_dict(orient="records")
    }


def _first(name: object) -> str:
    return "" if formats.is_missing(name) else str(name)


def _last_use(business: Business, rows: pd.DataFrame) -> dict[str, tuple[dt.date, str]]:
    """By customer who ever used it: the last day of use, and what they did most in the time before."""
    events = business.table("events")
    own = rows_of(events.filter(months.is_activity(business, events)), rows["customer_id"])
    lasting = ibis.window(group_by="customer_id")
    near = own.mutate(last_on=own.occurred_on.max().over(lasting))
    near = near.filter(near.last_on.delta(near.occurred_on, unit="day") < USED_DAYS)
    counted = near.group_by(["customer_id", "event", "last_on"]).aggregate(many=near.count()).execute()
    counted["is_login"] = counted["event"] == LOGIN
    ordered = counted.sort_values(
        ["customer_id", "is_login", "many", "event"], ascending=[True, True, False, True]
    )
    first = ordered.drop_duplicates("customer_id")
    return {row.customer_id: (row.last_on, "" if row.is_login else row.event) for row in first.itertuples()}

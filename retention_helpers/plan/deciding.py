"""Who gets which touch this month: one customer, one touch, and nothing that would spoil an experiment.

The questions' rooms propose; here it is decided, in the order of `ACTIONS`. Whoever is left out is counted,
with the cause.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.contacts import LATELY_CONTACTED_DAYS, last_contacts
from retention_helpers.contract.tables import MAY_NOT
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.plan.days import spread, working_days
from retention_helpers.shown.proposals import CALL, LETTER

CAUSES = {
    "touched": "another touch comes first",
    "may_not": "not to be contacted",
    "drawn": "in an experiment that is not decided",
    "contacted": f"contacted in the last {LATELY_CONTACTED_DAYS} days",
    "no_call": "wait for a month with a free call",
}
NONE: Mapping[str, int] = {}
MAIL, OFFER = "mail", "offer"  # kinds of treatment; the third is a call


class Decided(NamedTuple):
    """The month's touches in the order of their urgency, and the proposals that became none.

    Attributes:
        touches: the proposals that are done, each with its way, its message and due_on; one row a customer.
            `instead`: why a letter stands in place of a call, "drawn" or "no_call" as of CAUSES.
        held: customer_id, action and cause of the others.
    """

    touches: pd.DataFrame
    held: pd.DataFrame


@dataclass(frozen=True)
class _Known:
    """What is known of people before anything is decided.

    Attributes:
        waiting: into what somebody was drawn whose outcome is open.
        tried: the kinds of treatment that are tried with somebody and not decided.
        may_not: who is not to be contacted.
        contacted: who was contacted lately, and for what last.
    """

    waiting: Mapping[str, set[str]]
    tried: Mapping[str, set[str]]
    may_not: frozenset[str]
    contacted: Mapping[str, str]


def decide(
    business: Business, proposed: pd.DataFrame, drawn: pd.DataFrame, booked: Mapping[str, int] = NONE
) -> Decided:
    """One touch a customer, from all `proposals` and the `draws` of the experiments.

    Failed payments and answers to a request to cancel go to everybody alike and never wait; an offer in them
    goes to nobody with whom an experiment tries offers. Every other touch leaves out who was drawn into
    something whose outcome is open (unless that very draw gives the touch), who was contacted in the last
    LATELY_CONTACTED_DAYS days, and whose `may_contact` is no. Nobody gets a touch of the kind that an
    undecided experiment tries with them, however long ago they were drawn. Calls, at most `calls_a_month`, go
    to the first; the others get a letter, or wait where a letter would not do. A call that a list of the
    month has given already counts among them, and stays. `booked` are the calls, by action, that are promised
    to others who are no less urgent.

    Glossary: touch; calls.
    """
    known = _known(business, drawn)
    order = {action: place for place, action in enumerate(ACTIONS)}
    ranked = proposed.assign(place=proposed["action"].map(order)).sort_values("place", kind="stable")
    touches: dict[str, dict[str, Any]] = {}
    held = []
    calls = business.settings.calls_a_month - len(business.called)
    for row in ranked.drop(columns="place").to_dict(orient="records"):
        is_given = (row["customer_id"], row["action"]) in business.called
        cause, way = _settled(row, known, touches, has_call=is_given or calls > booked.get(row["action"], 0))
        if cause:
            held.append((row["customer_id"], row["action"], cause))
            continue
        calls -= way == CALL and not is_given
        instead = None if way == row["way"] else _instead(row, known)
        touches[row["customer_id"]] = {
            **row, "way": way, "message": _message(row, known), "instead": instead,
        }  # fmt: skip
    columns = [*proposed.columns, "instead", "due_on"]
    done = _dated(list(touches.values()), business.as_of)
    return Decided(
        pd.DataFrame(done, columns=columns).astype("object"),
        pd.DataFrame(held, columns=["customer_id", "action", "cause"]),
    )


def _dated(touches: list[dict[str, Any]], as_of: dt.date) -> list[dict[str, Any]]:
    """The touches with their days: campaigns together on the first working day, the others one by one."""
    alone = [row for row in touches if not ACTIONS[row["action"]].is_campaign]
    days = iter(spread([_end(row["leaves_on"]) for row in alone], as_of))
    first = working_days(as_of)[0]
    return [{**row, "due_on": first if ACTIONS[row["action"]].is_campaign else next(days)} for row in touches]


def _settled(
    row: Mapping[Any, Any], known: _Known, touches: Mapping[str, Any], *, has_call: bool
) -> tuple[str, str]:
    """Why a proposal is left out, or "", and the way that is left for it."""
    who, is_answer = row["customer_id"], ACTIONS[row["action"]].is_answer
    tried = known.tried.get(who, set())
    if who in touches:
        return "touched", ""
    if not is_answer:
        if who in known.may_not:
            return "may_not", ""
        if known.waiting.get(who, set()) - {row["given_by"]}:
            return "drawn", ""
        own = row["action"] if ACTIONS[row["action"]].is_series else None
        if who in known.contacted and known.contacted[who] != own:
            return "contacted", ""
    if row["way"] == CALL and has_call and CALL not in tried:
        return "", CALL
    if row["way"] == CALL and row["otherwise"] != LETTER:
        return _instead(row, known), ""
    is_tried = MAIL in tried and not row["given_by"]
    return ("drawn", "") if is_tried and not is_answer else ("", LETTER)


def _instead(row: Mapping[Any, Any], known: _Known) -> str:
    """Why nobody calls whom a room would call."""
    return "drawn" if CALL in known.tried.get(row["customer_id"], set()) else "no_call"


def _message(row: Mapping[Any, Any], known: _Known) -> str:
    is_tried = OFFER in known.tried.get(row["customer_id"], set())
    return " ".join(filter(None, [row["message"], "" if is_tried else row["offer"]]))


def _end(leaves_on: Any) -> dt.date | None:
    return None if pd.isna(leaves_on) else leaves_on


def _known(business: Business, drawn: pd.DataFrame) -> _Known:
    waiting: dict[str, set[str]] = {}
    tried: dict[str, set[str]] = {}
    for row in drawn.itertuples():
        if row.is_open:
            waiting.setdefault(row.customer_id, set()).add(row.drawn_into)
        tried.setdefault(row.customer_id, set()).add(row.treatment)
    customers = business.table("customers")
    refused = customers.filter(customers.may_contact == MAY_NOT).customer_id.execute()
    contacts = last_contacts(business)
    lately = contacts[contacts["days_ago"] < LATELY_CONTACTED_DAYS]
    for_what = dict(zip(lately["customer_id"], lately["kind"].fillna("").str.lower(), strict=True))
    return _Known(waiting, tried, frozenset(refused), for_what)

"""What they said against what they did: use before the request, the plan, and the features they had tried.

Use is looked at before the first request to cancel, because it falls silent after the decision. It is held
against that of the customers who stay.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_leavings, kept_losses
from retention_helpers.churn_reasons.answers import AGAINST_THE_REST, REASON, Period
from retention_helpers.churn_reasons.ranking import ORDER, RATE_ALONE
from retention_helpers.shown.units import CODE, COUNT, DAY, MONEY, NUMBER, RATE, TEXT, columns, names_of
from retention_helpers.statistics.intervals import Rate, against_the_rest, rate, with_rate

USE_DAYS = 30  # before the request
FEWEST_DAYS = 7  # of them in service and on record; less says nothing about use
WEEK = 7
FEWEST_KINDS = 2  # of events that the middle customer uses, below which nobody can have tried less
STAY = "(those who stay)"
USES = ("hardly", "less", "as_much")


def kinds_of_use(business: Business) -> ir.Table:
    """A row a customer a kind of event that counts as activity: customer_id, event, first_on."""
    events = business.table("events")
    names = business.settings.activity_events
    used = events.filter(events.event.isin(names)) if names else events
    return used.group_by(["customer_id", "event"]).aggregate(first_on=used.occurred_on.min())


def kept_kinds_of_use(business: Business) -> ir.Table:
    """`kinds_of_use`, computed once."""
    return business.keep("kinds_of_use", lambda: kinds_of_use(business))


def _watched(business: Business, when: Period) -> ir.Table:
    """A row a customer to look at, with the day until which: those who answered, and those who stay."""
    own = kept_leavings(business)
    lost = kept_losses(business)
    answered = lost.filter(
        (lost.month >= when.first) & (lost.month <= when.last) & lost.reason.notnull()
        & (lost.kind != "involuntary")
    )  # fmt: skip
    gone = answered.join(own, ["customer_id", "service"]).select(
        "customer_id", "service", "begin_on", until=own.left_on, is_gone=True
    )
    rows = months.kept_customer_months(business)
    there = rows.filter((rows.month == business.report_month) & (rows.state_at_end == "paying"))
    lasting = own.filter(own.left_on.isnull())
    stay = there.select("customer_id").join(lasting, "customer_id").select(
        "customer_id", "service", "begin_on", until=ibis.literal(business.as_of), is_gone=False
    )  # fmt: skip
    return gone.union(stay)


def use_before(business: Business, when: Period) -> pd.DataFrame:
    """One row per customer who answered in a period, and per paying customer who has not asked to leave.

    Looks at the 30 days before the first request (for those who stay: before the end of the report month),
    or the days in service and on record if those are fewer; below 7 the use is not known (null). `kinds`
    counts the kinds of event ever used by then. Without a table of events there is no row.

    Columns: customer_id, service, is_gone, days_seen, days_of_use, days_a_week, kinds.

    Glossary: use before.
    """
    columns = ["customer_id", "service", "is_gone", "days_seen", "days_of_use", "days_a_week", "kinds"]
    days = months.kept_customer_days(business)
    first = business.once("first day of use", lambda: days.day.min().execute())
    if pd.isna(first):
        return pd.DataFrame(columns=columns)
    began = ibis.literal(pd.Timestamp(first).date())
    watched = _watched(business, when)
    since = ibis.greatest(watched.until - ibis.interval(days=USE_DAYS), watched.begin_on, began)
    seen = watched.mutate(since=since, days_seen=ibis.greatest(watched.until.delta(since, unit="day"), 0))
    used = days.filter(days.activity > 0)
    inside = seen.left_join(
        used, [seen.customer_id == used.customer_id, used.day >= seen.since, used.day < seen.until]
    ).drop("customer_id_right")
    keys = ["customer_id", "service", "is_gone", "days_seen"]
    counted = inside.group_by([*keys, "until"]).aggregate(days_of_use=inside.day.count())
    kinds = kept_kinds_of_use(business)
    tried = counted.left_join(
        kinds, [counted.customer_id == kinds.customer_id, kinds.first_on < counted.until]
    ).drop("customer_id_right")
    rows = tried.group_by([*keys, "days_of_use"]).aggregate(kinds=tried.event.count())
    frame = rows.order_by(["customer_id", "service"]).execute()
    is_known = frame["days_seen"] >= FEWEST_DAYS
    rate = (frame["days_of_use"] / frame["days_seen"] * WEEK).where(is_known)
    return frame.assign(days_a_week=rate, kinds=frame["kinds"].where(is_known).astype("Int64"))[columns]


@dataclass(frozen=True)
class Usual:
    """What is usual among the customers who stay, and whose use is known.

    `days_a_week` and `kinds` are those of the middle customer; `cheapest_plan` is "" where there is only one.
    """

    days_a_week: float
    kinds: float
    customers: int
    cheapest_plan: str


def usual(used: pd.DataFrame, business: Business) -> Usual:
    """The use of those who stay, from `use_before`, and the plan with the lowest middle price among them.

    Glossary: usual.
    """
    stay = used[~used["is_gone"].astype(bool) & used["days_a_week"].notna()]
    days, kinds = (stay[column].astype(float).median() for column in ("days_a_week", "kinds"))
    return Usual(float(days), float(kinds), len(stay), _cheapest_plan(business))


def _cheapest_plan(business: Business) -> str:
    rows = months.kept_customer_months(business)
    paying = rows.filter((rows.month == business.report_month) & (rows.state_at_end == "paying"))
    prices = paying.group_by("plan").aggregate(price=paying.mrr_at_end.cast("float64").median()).execute()
    ordered = prices.sort_values(["price", "plan"])
    return str(ordered["plan"].iloc[0]) if len(ordered) > 1 else ""


def answers_with_use(said: pd.DataFrame, used: pd.DataFrame, typical: Usual) -> pd.DataFrame:
    """The answers of a period whose use is known, with it, and `use`: hardly, less or as_much.

    Hardly: on fewer than half as many days a week as the middle customer who stays. As much: on at least as
    many. Less: between the two. Without a use of those who stay to hold it against, there is no row.

    Glossary: hardly, less, as much.
    """
    gone = used[used["is_gone"].astype(bool) & used["days_a_week"].notna()].drop(columns="is_gone")
    rows = said.merge(gone, on=["customer_id", "service"])
    return _with_use(rows if typical.days_a_week > 0 else rows.head(0), typical)


def _with_use(rows: pd.DataFrame, typical: Usual) -> pd.DataFrame:
    rate = rows["days_a_week"].astype(float)
    is_hardly, is_as_much = rate < typical.days_a_week / 2, rate >= typical.days_a_week
    return rows.assign(use=np.select([is_hardly, is_as_much], ["hardly", "as_much"], "less"))


@columns(reason=CODE, customers=COUNT, **dict.fromkeys(USES, COUNT),
         hardly_share=RATE("Hardly used it", of=("hardly", "customers"), key="share"),
         middle_days_a_week=NUMBER("Days a week, the middle one"))  # fmt: skip
def said_and_did(answers: pd.DataFrame, used: pd.DataFrame, typical: Usual) -> pd.DataFrame:
    """One row per reason: how those who gave it had used the product before they asked to leave.

    Takes `answers_with_use`, and `use_before` for the last row: those who stay, to hold the others against.

    Glossary: hardly, less, as much.
    """
    stay = used[~used["is_gone"].astype(bool) & used["days_a_week"].notna()]
    parts = [
        *answers.groupby("reason"),
        *([(STAY, _with_use(stay, typical))] if typical.days_a_week > 0 else []),
    ]
    found = [
        {
            "reason": reason,
            "customers": len(own),
            **{use: int((own["use"] == use).sum()) for use in USES},
            "middle_days_a_week": float(own["days_a_week"].median()),
        }
        for reason, own in parts
    ]
    counted = pd.DataFrame(found, columns=["reason", "customers", *USES, "middle_days_a_week"])
    frame = with_rate(counted, "hardly_share", "hardly", "customers")
    frame = frame.assign(is_last=frame["reason"] == STAY, place=frame["reason"].map(ORDER)).sort_values(
        ["is_last", "customers", "place"], ascending=[True, False, True], ignore_index=True
    )
    return frame[names_of(said_and_did)]


class Use(NamedTuple):
    """`said_and_did` beside what is usual among those who stay."""

    by_reason: pd.DataFrame
    typical: Usual


def hardly_used(rows: pd.DataFrame, of: str = "") -> Rate:
    """Who had hardly used it, from `said_and_did`: of all who answered, or of those who stay."""
    own = rows[(rows["reason"] == STAY) == bool(of)]
    return rate(int(own["hardly"].sum()), int(own["customers"].sum()))


Held = Callable[[pd.DataFrame, Usual], pd.Series]


@dataclass(frozen=True)
class Claim:
    """A reason, what speaks against it, and what that may mean; `is_against` says of whom it is so.

    `can_be_held` says whether the data could show it at all.
    """

    reason: str
    did: str
    may_mean: str
    is_against: Held
    can_be_held: Callable[[Usual], bool] = lambda typical: True


def _used_as_much(answers: pd.DataFrame, typical: Usual) -> pd.Series:
    return answers["use"] == "as_much"


def _hardly_used(answers: pd.DataFrame, typical: Usual) -> pd.Series:
    return answers["use"] == "hardly"


def _on_a_dearer_plan(answers: pd.DataFrame, typical: Usual) -> pd.Series:
    return answers["plan"] != typical.cheapest_plan


def _tried_little(answers: pd.DataFrame, typical: Usual) -> pd.Series:
    return answers["kinds"].astype(float) <= typical.kinds / 2


CLAIMS = (
    Claim("not_using_enough", "used it as much as those who stay",
          "they had hoped to use it for more", _used_as_much),
    Claim("too_expensive", "hardly used it", "not the price, but what they got for it", _hardly_used),
    Claim("too_expensive", "were on a dearer plan than the cheapest", "a smaller plan was there",
          _on_a_dearer_plan, lambda typical: typical.cheapest_plan != ""),
    Claim("missing_feature", "had tried at most half as many features as those who stay",
          "it may have been there, and not found", _tried_little,
          lambda typical: typical.kinds >= FEWEST_KINDS),
    Claim("did_not_deliver_value", "hardly used it", "its value never had a chance", _hardly_used),
)  # fmt: skip


def _held(typical: Usual) -> list[Claim]:
    return [claim for claim in CLAIMS if claim.can_be_held(typical)]


@columns(reason=REASON, did=TEXT("But they"), customers=COUNT, contradicting=COUNT("Of them"),
         contradicting_share=RATE("Share of them", of=("contradicting", "customers"), key="share"),
         others=COUNT(is_shown=False), others_contradicting=COUNT(is_shown=False),
         others_share=RATE_ALONE("Others who left", of=("others_contradicting", "others"), key="others"),
         verdict=AGAINST_THE_REST, may_mean=TEXT("It may mean"))  # fmt: skip
def claims(answers: pd.DataFrame, typical: Usual, *, min_customers: int) -> pd.DataFrame:
    """One row per claim: of those who gave the reason and whose use is known, how many did otherwise.

    Takes `answers_with_use`. `others_share` is the share of those who gave another reason of whom the same is
    so: where it is as large, what they did says nothing about the reason. The verdict holds the one against
    the other, corrected for looking at every claim; "too few" below `min_customers`. A claim that the data
    cannot show, such as a dearer plan where there is one, has no row, nor has one that nobody made.

    Glossary: contradiction.
    """
    rows = []
    for claim in _held(typical):
        is_own, is_against = answers["reason"] == claim.reason, claim.is_against(answers, typical)
        held = [int((where & is_against).sum()) for where in (is_own, ~is_own)]
        bases = [int(where.sum()) for where in (is_own, ~is_own)]
        if not bases[0]:
            continue
        rows.append((claim.reason, claim.did, bases[0], held[0], bases[1], held[1], claim.may_mean))
    counts = ["reason", "did", "customers", "contradicting", "others", "others_contradicting", "may_mean"]
    frame = pd.DataFrame(rows, columns=counts)
    frame = with_rate(frame, "contradicting_share", "contradicting", "customers")
    frame = with_rate(frame, "others_share", "others_contradicting", "others")
    verdicts = against_the_rest(
        [count for row in rows for count in (row[3], row[5])],
        [base for row in rows for base in (row[2], row[4])],
        kinds=[f"{row[0]} {row[1]}" for row in rows for _ in range(2)],
        min_customers=min_customers,
    )
    return frame.assign(verdict=verdicts[::2])[names_of(claims)]


@columns(customer_id=TEXT("Customer"), lost_on=DAY.or_null, reason=REASON, did=TEXT("But they"),
         days_a_week=NUMBER, kinds=COUNT("Features tried"), plan=TEXT, mrr=MONEY.or_null)  # fmt: skip
def contradictions(answers: pd.DataFrame, typical: Usual) -> pd.DataFrame:
    """One row per customer and claim: who said one thing and did another, the latest first.

    Takes `answers_with_use`.

    Glossary: contradiction.
    """
    parts = [answers.head(0).assign(did="")]
    for claim in _held(typical):
        own = answers[answers["reason"] == claim.reason]
        parts.append(own[claim.is_against(own, typical)].assign(did=claim.did))
    rows = pd.concat(parts).sort_values(["lost_on", "customer_id", "did"], ascending=[False, True, True])
    return rows[names_of(contradictions)].reset_index(drop=True)

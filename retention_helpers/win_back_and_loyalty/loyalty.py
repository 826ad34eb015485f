"""Who is worth knowing: tiers by value and time, whom to thank, whom to ask for advice, who might grow."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.losses import holds, requests
from retention_helpers.contract.messages import filled, read_messages
from retention_helpers.shown.proposals import proposals
from retention_helpers.shown.units import (
    COUNT,
    DAY,
    MONEY,
    RATE,
    SHARE,
    TENTHS,
    TEXT,
    Column,
    Unit,
    columns,
    names_of,
    one_of,
)
from retention_helpers.statistics.intervals import change, with_rate
from retention_helpers.win_back_and_loyalty.letters import LOGIN
from retention_helpers.win_back_and_loyalty.nps import PROMOTER, answers
from retention_helpers.words import calendar, formats

VIP, LOYAL, LARGE, OTHERS = TIERS = ("VIP", "long with us", "large and new", "all others")
FEWEST_FOR_TIERS = 100  # customers; below, persons to know
LARGEST_SHARE = 0.25  # by MRR
LONG_DAYS = 365
YEAR = 12
MOST_KNOWN, MOST_THANKED, MOST_ADVISERS, MOST_GROWING = 5, 10, 8, 5
USED_DAYS = 90
MILESTONES = (100, 500, 1_000, 5_000, 10_000)
QUIET_DAYS = 180
RECOMMENDS = ("refer", "invite", "recommend")  # what the name of an event holds that brings others


def people_now(business: Business) -> pd.DataFrame:
    """One row per customer who pays at the month's end: what the lists of this page go by.

    Columns: customer_id, mrr, plan, first_on, tenure_days, has_asked (to cancel, as of `losses.holds`),
    use_days (of the last USED_DAYS), score (latest answer within a year; missing: none), given (answers,
    tickets and conversations), word_on (the latest of these, or of a contact), tier, weight (MRR × tenure).
    Without events use_days is 0.
    """
    return business.once("people of loyalty", lambda: _people_now(business))


def _people_now(business: Business) -> pd.DataFrame:
    states = months.month_ends(business)
    now = states.filter((states.month == business.report_month) & (states.state == "paying"))
    rows = now.select("customer_id", "plan", "mrr").join(months.first_days(business), "customer_id")
    every = requests(business).filter(lambda row: row.end_on.isnull())
    own = every.join(now.select("customer_id", "interval"), "customer_id")
    on = ibis.literal(business.as_of)
    asked = own.filter(holds(business, own.canceled_on, on, own.interval)).customer_id
    rows = rows.select("customer_id", "plan", "mrr", "first_on", has_asked=rows.customer_id.isin(asked))
    frame = rows.order_by("customer_id").execute()
    first = pd.to_datetime(frame["first_on"])
    frame["tenure_days"] = (pd.Timestamp(business.as_of) - first).dt.days - 1
    frame["use_days"] = frame["customer_id"].map(_use_days(business)).fillna(0).astype(int)
    scores, given, word = _said(business)
    frame["score"] = frame["customer_id"].map(scores)
    frame["given"] = frame["customer_id"].map(given).fillna(0).astype(int)
    frame["word_on"] = frame["customer_id"].map(word)
    amounts = frame["mrr"].astype(float)
    frame["tier"] = _tiers(amounts, frame["tenure_days"])
    frame["weight"] = amounts * (frame["tenure_days"] + 1)
    return frame


def _tiers(amounts: pd.Series, tenure: pd.Series) -> np.ndarray:
    is_large = amounts.rank(ascending=False, method="max", pct=True) <= LARGEST_SHARE
    is_long = tenure >= LONG_DAYS
    return np.select([is_large & is_long, is_long, is_large], TIERS[:3], OTHERS)


def _use_days(business: Business) -> dict[str, int]:
    days = months.days_of_use(business)
    lately = days.filter(days.day >= business.as_of - dt.timedelta(days=USED_DAYS))
    counted = lately.group_by("customer_id").aggregate(many=lately.day.nunique()).execute()
    return dict(zip(counted["customer_id"], counted["many"], strict=True))


def _said(business: Business) -> tuple[dict[str, int], dict[str, int], dict[str, pd.Timestamp]]:
    """By customer: the latest score of a year, how often they told something, the day of the latest word."""
    since = pd.Timestamp(calendar.months_after(business.as_of, -YEAR))
    rows = answers(business)
    latest = rows[rows["is_latest"] & (rows["answered_on"] >= since)]
    told = [
        rows[["customer_id", "answered_on"]].rename(columns={"answered_on": "on"}),
        *(
            business.table(table).select("customer_id", on=day).execute()
            for table, day in (("tickets", "opened_on"), ("contacts", "contacted_on"))
        ),
    ]
    every = pd.concat([part.assign(on=pd.to_datetime(part["on"])) for part in told], ignore_index=True)
    grouped = every.groupby("customer_id")["on"]
    return (
        dict(zip(latest["customer_id"], latest["score"], strict=True)),
        grouped.size().to_dict(),
        grouped.max().to_dict(),
    )


# ------------------------------------------------------------------------------------------------ tiers


def _tiered_months(business: Business) -> ir.Table:
    """A row a customer paying at the start of each of the last twelve months: month, tier, was_lost."""
    since = months.month_starts(business)[-YEAR:][0]
    rows = months.kept_customer_months(business)
    rows = rows.filter((rows.month >= since) & (rows.state_at_start == "paying"))
    rows = rows.join(months.first_days(business).select("customer_id", "first_on"), "customer_id")
    by_size = ibis.window(group_by="month", order_by=ibis.desc("mrr_at_start"))
    is_large = ibis.cume_dist().over(by_size) <= LARGEST_SHARE
    is_long = rows.month.cast("date").delta(rows.first_on, unit="day") > LONG_DAYS
    tier = ibis.cases((is_large & is_long, VIP), (is_long, LOYAL), (is_large, LARGE), else_=OTHERS)
    return rows.select("customer_id", "month", tier=tier, was_lost=rows.movement == "lost")


@columns(
    tier=one_of(*TIERS), customers=COUNT, mrr=MONEY, share_of_mrr=SHARE, came_in=COUNT("Came in"),
    went_out=COUNT("Went out"), customer_months=COUNT(is_shown=False), lost=COUNT(is_shown=False),
    churn=RATE("Lost a month, last 12 months", of=("lost", "customer_months")),
)  # fmt: skip
def tiers(business: Business) -> pd.DataFrame:
    """One row per tier: paying customers at the month's end, who moved during the month, and monthly churn.

    VIP: of the largest by MRR (at most a quarter of all pay as much), and customers for LONG_DAYS days or
    more; *long with us*: the others who have been so long; *large and new*: the others of the largest. Came
    in and went out since the month's start, newcomers and losses among them. Churn counts a customer once for
    every month, by the tier at its start. Who stays grows old: a tier of long-standing customers loses fewer
    whatever it gives them.
    No row with fewer than FEWEST_FOR_TIERS customers.

    Glossary: tier.
    """
    now = people_now(business)
    if len(now) < FEWEST_FOR_TIERS:
        return pd.DataFrame(columns=names_of(tiers))
    rows = _tiered_months(business)
    counted = (
        rows.group_by("tier").aggregate(customer_months=rows.count(), lost=rows.was_lost.sum()).execute()
    )
    counted = counted.set_index("tier")
    start = rows.filter(rows.month == business.report_month).select("customer_id", "tier").execute()
    before, after = start.set_index("customer_id")["tier"], now.set_index("customer_id")["tier"]
    whole = sum(now["mrr"])
    found = []
    for tier in TIERS:
        own = now[now["tier"] == tier]
        was, is_now = set(before.index[before == tier]), set(after.index[after == tier])
        money = sum(own["mrr"])
        counts = (int(counted["customer_months"].get(tier, 0)), int(counted["lost"].get(tier, 0)))
        share = float(money / whole) if whole else np.nan
        found.append((tier, len(own), money, share, len(is_now - was), len(was - is_now), *counts))
    frame = pd.DataFrame(found, columns=names_of(tiers)[:8])
    return with_rate(frame, "churn", "lost", "customer_months")


def vip_against_the_long(found: pd.DataFrame) -> str:
    """Whether VIPs leave less than others who have been there as long: rose, fell, no clear change.

    Both are customers for a year or more, so that age is not what tells them apart.
    """
    rows = found.set_index("tier")
    first, second = rows.loc[LOYAL], rows.loc[VIP]
    return change(int(first["lost"]), int(first["customer_months"]),
                  int(second["lost"]), int(second["customer_months"])).verdict  # fmt: skip


PERSON: dict[str, Unit | Column] = {
    "customer_id": TEXT("Customer"),
    "mrr": MONEY.or_null,
    "tenure_days": COUNT("Days with you"),
}


@columns(**PERSON, use_days=COUNT.or_null("Days of use in 90"))
def to_know(business: Business) -> pd.DataFrame:
    """One row per person to know, where there are too few customers for tiers: by MRR × tenure.

    Glossary: tier.
    """
    now = people_now(business)
    own = now if len(now) < FEWEST_FOR_TIERS else now.head(0)
    ordered = own.sort_values(["weight", "customer_id"], ascending=[False, True]).head(MOST_KNOWN)
    ordered = ordered if business.has("events") else ordered.assign(use_days=None)
    return ordered[names_of(to_know)].reset_index(drop=True)


# ----------------------------------------------------------------------------------- thanks and advice


@columns(**PERSON, why=TEXT, due_on=DAY.or_null("On"), message=TEXT(is_shown=False))
def thanks(business: Business) -> pd.DataFrame:
    """One row per customer to thank this month, at most MOST_THANKED: of each occasion in turn, by weight.

    An anniversary of the first day in the month after the report's; a milestone passed in the report month
    (the hundredth, … of what most customers do most); a customer for a year or more with whom nobody has
    exchanged a word for QUIET_DAYS days. Who asked to cancel is left out.

    Glossary: to thank.
    """
    now = people_now(business)
    now = now[~now["has_asked"].astype(bool)].sort_values(["weight", "customer_id"], ascending=[False, True])
    words = read_messages(business.folder)["thanks"]
    occasions = [
        _anniversaries(business, now, words),
        _milestones(business, now, words),
        _quiet(business, now, words),
    ]
    rows: dict[str, dict[str, Any]] = {}
    longest = max(map(len, occasions))
    for nth in range(longest):
        for occasion in occasions:
            if nth < len(occasion) and len(rows) < MOST_THANKED:
                rows.setdefault(occasion[nth]["customer_id"], occasion[nth])
    return pd.DataFrame(rows.values(), columns=names_of(thanks)).astype({"due_on": "object"})


def _row(row: Mapping[str, Any], why: str, message: str, due_on: dt.date | None = None) -> dict[str, Any]:
    named = {name: row[name] for name in PERSON}
    return {**named, "why": why, "due_on": due_on, "message": message}


def _years(days: int) -> str:
    return formats.plural(days // 365, "year")


def _anniversaries(business: Business, now: pd.DataFrame, words: Mapping[str, str]) -> list[dict[str, Any]]:
    end, found = calendar.months_after(business.as_of, 1), []
    for row in now.to_dict(orient="records"):
        first = pd.Timestamp(row["first_on"]).date()
        years = business.as_of.year - first.year + (first.month < business.as_of.month)
        day = calendar.months_after(first, YEAR * years)
        if years > 0 and business.as_of <= day < end:
            told = formats.plural(years, "year")
            message = filled(words["anniversary"], {"business": business.name, "years": told})
            found.append(_row(row, f"{told} with you on {formats.day(day)}", message, day))
    return found


def _milestones(business: Business, now: pd.DataFrame, words: Mapping[str, str]) -> list[dict[str, Any]]:
    events = business.table("events")
    used = events.filter(months.is_activity(business, events) & (events.event != LOGIN))
    most = used.group_by("event").aggregate(who=used.customer_id.nunique()).execute()
    if most.empty:
        return []
    event = most.sort_values(["who", "event"], ascending=[False, True])["event"].iloc[0]
    own = used.filter(used.event == event)
    counted = own.group_by("customer_id").aggregate(
        total=own.count(), before=own.count(where=own.occurred_on < business.report_month)
    )
    rows = counted.execute().set_index("customer_id")
    found = []
    for row in now[now["customer_id"].isin(rows.index)].to_dict(orient="records"):
        total, before = (int(part) for part in rows.loc[row["customer_id"], ["total", "before"]])
        passed = [one for one in MILESTONES if before < one <= total]
        if passed:
            count = f"{formats.count(passed[-1])} times “{formats.words(event).lower()}”"
            message = filled(words["milestone"], {"business": business.name, "count": count})
            found.append(_row(row, f"passed {count}", message))
    return found


def _quiet(business: Business, now: pd.DataFrame, words: Mapping[str, str]) -> list[dict[str, Any]]:
    if not any(business.has(table) for table in ("tickets", "contacts", "nps")):
        return []  # nobody could know with whom a word was exchanged
    ago = (pd.Timestamp(business.as_of) - pd.to_datetime(now["word_on"])).dt.days
    own = now[(now["tenure_days"] >= LONG_DAYS) & ((ago >= QUIET_DAYS) | ago.isna())]
    return [
        _row(
            row,
            f"{_years(row['tenure_days'])} with you, no word for {formats.count(QUIET_DAYS)} days or more",
            filled(words["long_silent"], {"business": business.name, "years": _years(row["tenure_days"])}),
        )
        for row in own.to_dict(orient="records")
    ]


def to_thank(business: Business) -> pd.DataFrame:
    """The month's thanks as proposals to the plan, in the order of `thanks`.

    Glossary: to thank.
    """
    return proposals(
        {
            "customer_id": row["customer_id"],
            "action": "thank",
            "mrr": row["mrr"],
            "why": row["why"],
            "message": row["message"],
        }
        for row in thanks(business).to_dict(orient="records")
    )


def _not_asked(business: Business, action: str) -> pd.DataFrame:
    """`people_now` who did not ask to cancel, and whom nobody asked for the same within a year."""
    contacts = business.table("contacts")
    since = calendar.months_after(business.as_of, -YEAR)
    lately = contacts.filter((contacts.kind.lower() == action) & (contacts.contacted_on >= since))
    now = people_now(business)
    return now[~now["has_asked"].astype(bool) & ~now["customer_id"].isin(lately.customer_id.execute())]


def to_ask(business: Business) -> pd.DataFrame:
    """Whom to ask for advice, for a recommendation, and to show the next plan: as proposals to the plan.

    Glossary: advisory board; who recommends; might grow.
    """
    words = read_messages(business.folder)
    lists = {"board": board(business), "recommend": recommend(business), "grow": might_grow(business)}
    return proposals(
        {
            "customer_id": row["customer_id"],
            "action": action,
            "mrr": row["mrr"],
            "why": _asked_for(action, row),
            "message": filled(
                words[action]["message"], {"business": business.name, "plan": row.get("next_plan", "")}
            ),
        }
        for action, rows in lists.items()
        for row in rows.to_dict(orient="records")
    )


def _asked_for(action: str, row: Mapping[Any, Any]) -> str:
    if action == "board":
        return f"{formats.plural(row['given'], 'answer')} given"
    if action == "recommend":
        return str(row["why"])
    return f"{formats.plural(row['use_days'], 'day')} of use in {USED_DAYS}, as on {row['next_plan']}"


@columns(
    **PERSON,
    use_days=COUNT.or_null("Days of use in 90"),
    given=COUNT("Answers given"),
    score=COUNT.or_null("Latest score"),
)
def board(business: Business) -> pd.DataFrame:
    """One row per customer for an advisory board, at most MOST_ADVISERS: by value × use × answers given.

    Each of the three counts by the rank among paying customers, so that none alone decides. Who asked to
    cancel, has not used it lately where use is known, never told anything, or was asked for advice within a
    year (a contact of the kind *board*) is left out.

    Glossary: advisory board.
    """
    now = _not_asked(business, "board")
    ranks = [now[name].rank(pct=True) for name in ("weight", "use_days", "given")]
    has_use = business.has("events")
    fit = now.assign(order=ranks[0] * (ranks[1] if has_use else 1.0) * ranks[2])
    fit = fit[(fit["given"] > 0) & ((fit["use_days"] > 0) | (not has_use))]
    fit = fit if has_use else fit.assign(use_days=None)
    ordered = fit.sort_values(["order", "customer_id"], ascending=[False, True]).head(MOST_ADVISERS)
    return ordered[names_of(board)].reset_index(drop=True)


@columns(**PERSON, why=TEXT)
def recommend(business: Business) -> pd.DataFrame:
    """One row per customer who might recommend you: who brought others, and promoters, the weightiest first.

    Who brought others has an event whose name holds refer, invite or recommend; a promoter's latest answer
    of the last twelve months is 9 or 10. At most MOST_GROWING; not who asked to cancel or was asked within a
    year (a contact of the kind *recommend*).

    Glossary: who recommends.
    """
    now = _not_asked(business, "recommend")
    events = business.table("events")
    names = events.select("event").distinct().execute()["event"]
    bringing = [name for name in names if any(word in str(name).lower() for word in RECOMMENDS)]
    brought = set(
        events.filter(events.event.isin([*bringing, ""]))
        .select("customer_id")
        .distinct()
        .execute()["customer_id"]
    )
    has_brought, is_promoter = now["customer_id"].isin(brought), now["score"] >= PROMOTER
    own = now[has_brought | is_promoter]
    why = np.where(has_brought.loc[own.index], "brought others", "would recommend you")
    ordered = own.assign(why=why).sort_values(["why", "weight", "customer_id"], ascending=[True, False, True])
    return ordered[names_of(recommend)].head(MOST_GROWING).reset_index(drop=True)


@columns(**PERSON, plan=TEXT, use_days=COUNT("Days of use in 90"), next_plan=TEXT("The next plan"),
         usual_use_days=TENTHS("Its customers', in the median"))  # fmt: skip
def might_grow(business: Business) -> pd.DataFrame:
    """One row per customer who uses it like those of the next plan, at most MOST_GROWING, most use first.

    Plans stand in the order of their median MRR; only plans with `min_customers` customers count. A customer
    whose days of use reach the median of the next plan, and its upper quarter in the own plan; not who asked
    to cancel or was asked within a year (a contact of the kind *grow*).

    Glossary: might grow.
    """
    now = people_now(business)
    sizes = now.groupby("plan").size()
    counted = now[now["plan"].isin(sizes.index[sizes >= business.settings.min_customers])]
    if counted["plan"].nunique() < 2:
        return pd.DataFrame(columns=names_of(might_grow))
    order = (
        counted.assign(amount=counted["mrr"].astype(float)).groupby("plan")["amount"].median().sort_values()
    )
    usual = counted.groupby("plan")["use_days"].median()
    above = dict(zip(order.index, order.index[1:], strict=False))
    own = counted[counted["plan"].isin(above)]
    own = own.assign(next_plan=own["plan"].map(above))
    own["usual_use_days"] = own["next_plan"].map(usual)
    quarter = own.groupby("plan")["use_days"].transform(lambda days: days.quantile(0.75))
    fit = own[(own["use_days"] >= own["usual_use_days"]) & (own["use_days"] > quarter)]
    fit = fit[fit["customer_id"].isin(_not_asked(business, "grow")["customer_id"])]
    ordered = fit.sort_values(["use_days", "weight", "customer_id"], ascending=[False, False, True])
    return ordered[names_of(might_grow)].head(MOST_GROWING).reset_index(drop=True)

"""Where customers stand in their life with the business, how they move, and who of them leaves.

The clock is sign-up. Who is at risk, or has asked to cancel and is leaving, counts there and in no other
stage; each of the two has a list of its own.
"""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.contacts import LATELY_CONTACTED_DAYS, last_contacts
from retention_helpers.business.people import rows_of
from retention_helpers.business.spans import past_due
from retention_helpers.early_warning.past import past
from retention_helpers.early_warning.risk import FIRST_WEEK, LEFT_WITHIN, Risk
from retention_helpers.early_warning.snapshots import kept_snapshots, snapshots, snapshots_now
from retention_helpers.shown.units import (
    CODE,
    COUNT,
    DAY,
    MONEY,
    NUMBER,
    RATE,
    SHARE,
    TEXT,
    columns,
    columns_of,
    names_of,
    one_of,
)
from retention_helpers.statistics.clusters import Booleans, Floats, clustered_rate
from retention_helpers.statistics.intervals import Rate, rate, with_rate

AT_RISK, OR_LEAVING = "at risk", " or leaving"
FIRST = "first week"
STAGES = (AT_RISK + OR_LEAVING, FIRST, "habit", "established")
HABIT = 90  # last day since sign-up
HABIT_BY_MONTH = 92  # the same where days are not known: the end of the third month
ZERO = Decimal(0)
LATELY_DAYS, DORMANT_DAYS = 7, 30  # without a login: up to, and from which on
TASKS = {
    STAGES[0]: ("speak to them before they go", f"contacted in the last {LATELY_CONTACTED_DAYS} days"),
    FIRST: (
        "bring them to a first success",
        f"onboarding finished by day {FIRST_WEEK}, of the last month's sign-ups",
    ),
    "habit": ("make it part of their week", f"logged in within the last {LATELY_DAYS} days"),
    "established": (
        "show what else it can do, and ask for referrals",
        f"logged in within the last {LATELY_DAYS} days",
    ),
}
BILLING = ("paying", "past due", "asked to cancel", "paused")
ACTIVITY = ("active", "slowing", "dormant", "not seen")


def key(word: str) -> str:
    """A stage or an activity as a name in findings.json."""
    return word.removesuffix(OR_LEAVING).replace(" ", "_")


STAGE = replace(one_of(*map(key, STAGES)), plain=key)
STAGE_OR_NONE = replace(TEXT, plain=key)  # or "came"
IN_STAGES = {stage: COUNT.or_null(key=key(stage), is_optional=stage == FIRST) for stage in STAGES}
IN_ACTIVITIES = {
    **{key(one): COUNT.or_null for one in ACTIVITY},
    **{f"mrr_{key(one)}": MONEY.or_null for one in ACTIVITY},
}


def is_at_risk(rows: pd.DataFrame, values: Floats, risk: Risk) -> Booleans:
    """Who is at risk without having asked to cancel: at least one of the warnings that count is on.

    Takes rows of `snapshots` and the risk of each.

    With the model the risk has to be at least twice the usual, too. Age alone puts nobody at risk: most
    customers leave early, and each would be.
    """
    is_warned = np.any(
        [np.zeros(len(rows), dtype=bool), *(rule.is_on(rows) for rule in risk.counted)], axis=0
    )
    if risk.learned is None:
        return is_warned
    return is_warned & (np.nan_to_num(values) >= risk.at_risk_from)


def stage_of(rows: pd.DataFrame, at_risk: Booleans, *, knows_days: bool = True) -> pd.Series:
    """The stage of each row: at risk or leaving, first week (days 0–7), habit (8–90), established (91 on).

    Where days are not known habit is the first three months, and nobody is known to be in the first week.
    """
    tenure = rows["tenure_days"].to_numpy()
    habit = HABIT if knows_days else HABIT_BY_MONTH
    names = np.select(
        [
            at_risk | rows["is_scheduled"].to_numpy(dtype=bool),
            knows_days & (tenure <= FIRST_WEEK),
            tenure <= habit,
        ],
        STAGES[:3],
        STAGES[3],
    )
    return pd.Series(names, index=rows.index, dtype=object)


def _stages(business: Business) -> list[str]:
    """Those of which it can be known who is in them: the first week takes days."""
    return [stage for stage in STAGES if stage != FIRST or business.knows("days")]


class Staged(NamedTuple):
    """`snapshots` of the last two month ends, with the stage of each row."""

    before: pd.DataFrame
    now: pd.DataFrame


def staged(business: Business, risk: Risk) -> Staged:
    rows = snapshots(business)

    def at(date: dt.date) -> pd.DataFrame:
        there = (rows["as_of"] == pd.Timestamp(date)).to_numpy()
        own, values = rows[there], risk.values[there]
        stage = stage_of(own, is_at_risk(own, values, risk), knows_days=business.knows("days"))
        return own.assign(stage=stage, risk=values)

    return Staged(at(business.report_month), at(business.as_of))


@columns(
    stage=STAGE,
    customers=COUNT.or_null,
    share=SHARE,
    mrr=MONEY.or_null,
    what=TEXT,
    watch=TEXT,
    watched=COUNT(is_shown=False),
    watched_of=COUNT(is_shown=False),
    watched_rate=RATE("Share of them"),
)
def stages(business: Business, risk: Risk) -> pd.DataFrame:
    """One row a stage: its customers at the month's end, their MRR, what to do and what to watch.

    The customers add up to customers_at_end; those of the first are missing where no warning counts and
    nobody is known to have asked to cancel. The first week has no row where days are not known. Watched: of
    those at risk, who was contacted lately; of those who signed up in the month before the last week, who
    finished the onboarding in their first; of the habit and the established stage, who logged in lately.

    Glossary: stage.
    """
    now = staged(business, risk).now
    joined = now[["customer_id", "stage"]].merge(_amounts(business).execute(), on="customer_id", how="left")
    watched = _watched(business, now)
    records = []
    for stage in _stages(business):
        part = joined[joined["stage"] == stage]
        share = len(part) / len(joined) if len(joined) else np.nan
        is_untold = stage == STAGES[0] and not _is_told(risk, joined["stage"])
        told = (None, np.nan, None) if is_untold else (len(part), share, sum(part["mrr"], ZERO))
        rates = (watched[stage].numerator, watched[stage].denominator)
        records.append((stage, *told, *TASKS[stage], *rates))
    frame = pd.DataFrame(records, columns=list(columns_of(stages))[:-1]).astype({"customers": "Int64"})
    return with_rate(frame, "watched_rate", "watched", "watched_of")


def _is_told(risk: Risk, stages: pd.Series) -> bool:
    """Whether it is known who is at risk or leaving: a warning counts, or somebody is known to have asked."""
    return bool(risk.counted) or STAGES[0] in set(stages)


def _amounts(business: Business) -> ir.Table:
    """A row a customer at the end of the month, with the exact mrr and what else has no place in memory."""
    table = kept_snapshots(business)
    now = table.filter(table.as_of == business.as_of)
    return now.select("customer_id", "mrr", "plan", "interval", "asked_on", "begin_on", "state")


@columns(stage_at_start=STAGE_OR_NONE, **IN_STAGES, left=COUNT.or_null)
def stage_flows(business: Business, risk: Risk) -> pd.DataFrame:
    """One row a stage at the month's start, and one for those who came: where its customers are at the end.

    Rows and columns add up to the customers at the start and at the end; those of the first stage are missing
    where no warning counts and nobody is known to have asked to cancel. The first week is left out where days
    are not known.

    Glossary: stage flows.
    """
    two = staged(business, risk)
    pairs = two.before[["customer_id", "stage"]].merge(
        two.now[["customer_id", "stage"]], on="customer_id", how="outer", suffixes=("_at_start", "_at_end")
    )
    start, end = pairs["stage_at_start"].fillna("came"), pairs["stage_at_end"].fillna("left")
    kept = _stages(business)
    counted = pd.crosstab(start, end).reindex(index=[*kept, "came"], columns=[*kept, "left"], fill_value=0)
    counted = counted.astype("Int64")
    if not _is_told(risk, pd.concat([start, end])):
        counted.loc[STAGES[0]], counted[STAGES[0]] = pd.NA, pd.NA
    return counted.rename_axis("stage_at_start").rename_axis(None, axis=1).reset_index()


@columns(stage=STAGE, customer_months=COUNT, left=COUNT, left_rate=RATE(LEFT_WITHIN))
def stage_churn(business: Business, risk: Risk) -> pd.DataFrame:
    """One row a stage: of its customers at past month ends, who asked or left within the horizon.

    Only customers who pay and have done neither, at month ends whose risk was told from what was known by
    then and whose horizon is over. A customer counts once for every month end; the interval counts customers.
    The first week is left out where days are not known.

    Glossary: churn by stage.
    """
    rows = snapshots(business)
    known = past(rows, pd.Timestamp(business.as_of))
    told = known.where(~np.isnan(risk.values[known.place]))
    at_risk = is_at_risk(told.rows, risk.values[told.place], risk)
    stage = stage_of(told.rows, at_risk, knows_days=business.knows("days")).to_numpy()
    records = []
    for name in _stages(business):
        own = stage == name
        share = clustered_rate(told.left[own], told.customer[own])
        records.append((name.removesuffix(OR_LEAVING), share.denominator,
                        share.numerator, share.value, share.low, share.high))  # fmt: skip
    return pd.DataFrame(records, columns=names_of(stage_churn))


@columns(
    stage=STAGE,
    customers=COUNT.or_null,
    share=NUMBER,
    mrr=MONEY.or_null,
    watched=COUNT,
    watched_of=COUNT,
    watched_rate=RATE(of=("watched", "watched_of"), key="watched"),
    left=COUNT,
    customer_months=COUNT,
    left_rate=RATE(of=("left", "customer_months"), key="left"),
)
def by_stage(now: pd.DataFrame, churn: pd.DataFrame) -> pd.DataFrame:
    """One row a stage: the row of `stages` and that of `stage_churn`, in which nobody has asked yet."""
    return now.merge(churn.assign(stage=list(now["stage"])), on="stage")


def _watched(business: Business, now: pd.DataFrame) -> dict[str, Rate]:
    """What to watch in each stage, as a share of those concerned."""
    recent = now[now["onboarding_days"].notna() & now["tenure_days"].between(FIRST_WEEK, FIRST_WEEK + 30)]
    seen = now[now["silent_days"].notna()]
    at_risk = now[now["stage"] == STAGES[0]]
    contacted = last_contacts(business)
    lately = contacted.loc[contacted["days_ago"] < LATELY_CONTACTED_DAYS, "customer_id"]
    has_logged_in = {
        stage: rate(int((part["silent_days"] < LATELY_DAYS).sum()), len(part))
        for stage in ("habit", "established")
        for part in [seen[seen["stage"] == stage]]
    }
    return {
        # Without any contact it is not known who was contacted.
        STAGES[0]: rate(
            int(at_risk["customer_id"].isin(lately).sum()), len(at_risk) if len(contacted) else 0
        ),
        FIRST: rate(int((recent["onboarding_days"] <= FIRST_WEEK).sum()), len(recent)),
        **has_logged_in,
    }


@columns(billing=TEXT, **IN_ACTIVITIES)
def grid(business: Business) -> pd.DataFrame:
    """One row a billing state at the end of the month, by days without a login: customers, and their MRR.

    Billing: paying, past due, asked to cancel (before paused), paused. Activity: active (up to LATELY_DAYS),
    slowing (below DORMANT_DAYS), dormant (the rest); without events there is only: not seen. Without
    cancellations it is not known who asked to cancel, and that row is missing throughout.
    *Paying but dormant* is churn that no rate shows yet.

    Glossary: billing and use.
    """
    now = snapshots_now(business).merge(_amounts(business).execute(), on="customer_id")
    due = now["customer_id"].isin(past_due(business))
    billing = np.select(
        [now["is_scheduled"], now["state"] == "paused", due], [BILLING[2], BILLING[3], BILLING[1]], BILLING[0]
    )
    silent = now["silent_days"]
    activity = np.select(
        [silent.isna(), silent <= LATELY_DAYS, silent < DORMANT_DAYS],
        [ACTIVITY[3], *ACTIVITY[:2]],
        ACTIVITY[2],
    )
    kept = ACTIVITY[3:] if silent.isna().all() else ACTIVITY[:3]
    records = []
    for state in BILLING:
        there = [(billing == state) & (activity == one) for one in kept]
        counts = [int(own.sum()) for own in there]
        records.append((state, *counts, *(sum(now["mrr"][own], ZERO) for own in there)))
    names = [key(one) for one in kept]
    cells = pd.DataFrame(records, columns=["billing", *names, *(f"mrr_{name}" for name in names)])
    cells = cells.astype(dict.fromkeys(names, "Int64"))
    if not business.has("cancellations"):
        cells.loc[cells["billing"] == "asked to cancel", list(cells.columns[1:])] = None
    return cells


@columns(
    customer_id=TEXT("Customer"),
    mrr=MONEY.or_null,
    plan=TEXT,
    interval=TEXT,
    asked_on=DAY.or_null,
    days_since=COUNT,
    reason=CODE.or_null,
    standing=one_of("leaving", "asked and stayed"),
)
def scheduled(business: Business) -> pd.DataFrame:
    """One row per customer who asked to cancel and is still there, the largest MRR first.

    `standing`: "leaving" where the request is not older than a paid period can last; "asked and stayed" where
    it is, and service goes on.

    Glossary: scheduled.
    """
    amounts = _amounts(business)
    asked = amounts.filter(amounts.asked_on.notnull()).execute()
    now = snapshots_now(business)
    is_leaving = asked["customer_id"].isin(now.loc[now["is_scheduled"], "customer_id"])
    since = (pd.Timestamp(business.as_of) - pd.to_datetime(asked["asked_on"])).dt.days - 1
    frame = asked.assign(
        days_since=since.astype("int64"),
        reason=reasons_of(business, asked["customer_id"]),
        standing=np.where(is_leaving, "leaving", "asked and stayed"),
    )
    order = ["standing", "mrr", "customer_id"]
    ordered = frame.sort_values(order, ascending=[False, False, True], ignore_index=True)
    return ordered[names_of(scheduled)]


def reasons_of(business: Business, customers: pd.Series) -> pd.Series:
    """The reason in each customer's latest request; None where there is none."""
    asked = business.table("cancellations")
    rows = rows_of(asked, sorted(customers)).select("customer_id", "canceled_at", "reason")
    ordered = rows.execute().sort_values(["canceled_at", "reason"], na_position="first")
    latest = ordered.drop_duplicates("customer_id", keep="last")
    return customers.map(dict(zip(latest["customer_id"], latest["reason"], strict=True))).astype(object)

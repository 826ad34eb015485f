"""Would they recommend us? NPS in points, with an interval that counts customers, not answers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from retention_helpers.business import Business, levels, months
from retention_helpers.business.losses import kept_leavings
from retention_helpers.business.people import unsigned_texts
from retention_helpers.contract.messages import filled, read_messages
from retention_helpers.shown.proposals import CALL, proposals
from retention_helpers.shown.units import (
    COUNT,
    DAY,
    MONEY,
    MONTH,
    RATE,
    TEXT,
    Column,
    Unit,
    columns,
    names_of,
)
from retention_helpers.statistics.clusters import clustered_balance
from retention_helpers.statistics.intervals import Difference, newcombe, rate, two_shares_p
from retention_helpers.words import calendar, formats
from retention_helpers.words.quotations import quoted
from retention_helpers.words.themes import themes_of

PROMOTER, DETRACTOR = 9, 6  # from, and up to
SCALE = 100  # points
LOOK_BACK = 12  # months
CALL_WITHIN_DAYS = 90
LEFT_WITHIN_DAYS = 90
STAGES = ("first week", "days 8–90", "from day 91 on")
MONTH_STAGES = ("month 1", "months 2–3", "month 4 on")  # where days are not known


def _points(value: object) -> str:
    return formats.MISSING if formats.is_missing(value) else formats.points(float(value) / SCALE)  # type: ignore[arg-type]


def _between(value: object, low: object, high: object) -> str:
    return f"{_points(value)} ({_points(low)} to {_points(high)})"


SCORE = Unit(_points, {"type": ["number", "null"], "minimum": -SCALE, "maximum": SCALE}, _between)


def answers(business: Business) -> pd.DataFrame:
    """One row per answer, in the order of time: customer_id, answered_at, answered_on, score, comment, side.

    `side` is 1 for a promoter (9, 10), -1 for a detractor (0 to 6), else 0; `is_latest` is the latest answer
    of each customer.
    """
    return business.once("nps answers", lambda: _answers(business))


def _answers(business: Business) -> pd.DataFrame:
    table = business.table("nps")
    rows = table.order_by(["answered_at", "customer_id", "score"]).execute()
    rows = rows[rows["score"].notna()].reset_index(drop=True)
    side = np.select([rows["score"] >= PROMOTER, rows["score"] <= DETRACTOR], [1, -1], 0)
    is_latest = ~rows.duplicated("customer_id", keep="last")
    return rows.assign(side=side, is_latest=is_latest, answered_on=pd.to_datetime(rows["answered_on"]))


def _days_of(who: pd.Series, days: pd.Series) -> pd.Series:
    """The day of each of these customers; missing where there is none."""
    return pd.to_datetime(who.map(days.to_dict()).astype("object"))


def nps_of(rows: pd.DataFrame) -> Difference:
    """Promoters less detractors among answers, in points from −100 to 100, with its 95 % interval.

    The interval comes from the sums within customers, so that one who answers often counts no more than one
    who is as sure; NaN over nothing.

    Glossary: NPS.
    """
    found = clustered_balance(rows["side"].to_numpy(), pd.factorize(rows["customer_id"])[0])
    return Difference(*(SCALE * part for part in found))


COUNTS: dict[str, Unit | Column] = {
    "responses": COUNT("Answers"),
    **{name: COUNT for name in ("customers", "promoters", "passives", "detractors")},
}


def _counted(rows: pd.DataFrame) -> tuple[Any, ...]:
    sides = [int((rows["side"] == side).sum()) for side in (1, 0, -1)]
    return len(rows), rows["customer_id"].nunique(), *sides, *nps_of(rows)


@columns(answers=TEXT("Which answers"), **COUNTS, nps=SCORE.interval("NPS"))
def nps(business: Business) -> pd.DataFrame:
    """One row for all answers, one for the latest of each customer, one for those of the last twelve months.

    Glossary: NPS.
    """
    rows = answers(business)
    since = pd.Timestamp(calendar.months_after(business.as_of, -LOOK_BACK))
    which = {
        "all": rows,
        "the latest of each customer": rows[rows["is_latest"]],
        "of the last 12 months": rows[rows["answered_on"] >= since],
    }
    found = [(name, *_counted(own)) for name, own in which.items() if len(own)]
    return pd.DataFrame(found, columns=names_of(nps))


@columns(month=MONTH, **COUNTS, nps=SCORE.interval("NPS"))
def nps_by_quarter(business: Business) -> pd.DataFrame:
    """One row per three months, counted back from the report month: the NPS of their answers.

    `month` is the first of them.

    Glossary: NPS.
    """
    rows = answers(business)
    found = []
    if rows.empty:
        return pd.DataFrame(columns=names_of(nps_by_quarter))
    start = business.as_of
    while pd.Timestamp(start) > rows["answered_on"].min():
        end, start = start, calendar.months_after(start, -3)
        own = rows[(rows["answered_on"] >= pd.Timestamp(start)) & (rows["answered_on"] < pd.Timestamp(end))]
        if len(own):
            found.append((start, *_counted(own)))
    return pd.DataFrame(found[::-1], columns=names_of(nps_by_quarter))


def stages_at(answered: pd.Series, begun: pd.Series, *, knows_days: bool) -> pd.Series:
    """The stage of tenure at each answer; "" for who had not begun."""
    if knows_days:
        names, age, last = STAGES, (answered - begun).dt.days, (7, 90)
    else:
        months_of = [12 * days.dt.year + days.dt.month for days in (answered, begun)]
        names, age, last = MONTH_STAGES, months_of[0] - months_of[1], (0, 2)
    named = np.select([age <= last[0], age <= last[1], age > last[1]], names, "")
    return pd.Series(named, index=answered.index)


@columns(by=TEXT, level=TEXT, **COUNTS, nps=SCORE.interval("NPS"))
def nps_by(business: Business, tiers: pd.DataFrame) -> pd.DataFrame:
    """One row per stage of tenure, tier and first plan: the NPS of the latest answers of present customers.

    Stages by days from the first day of service to the answer, by months where days are not known. Takes the
    tiers of the customers.

    Glossary: NPS.
    """
    rows = answers(business)
    rows = rows[rows["is_latest"]]
    first = months.first_days(business).select("customer_id", "first_on").execute().set_index("customer_id")
    begun = _days_of(rows["customer_id"], first["first_on"])
    stage = stages_at(rows["answered_on"], begun, knows_days=business.knows("days"))
    plan = levels.of(business, "first_plan").execute().set_index("customer_id")["level"]
    tier = tiers.set_index("customer_id")["tier"]
    ways = {
        "stage at the answer": stage,
        "tier": rows["customer_id"].map(tier),
        "first plan": rows["customer_id"].map(plan),
    }
    found = []
    for by, level in ways.items():
        for one, own in rows.groupby(level.where(level.astype("object") != ""), sort=True):
            found.append((by, str(one), *_counted(own)))
    return pd.DataFrame(found, columns=names_of(nps_by))


@columns(
    answered=COUNT,
    present=COUNT("Customers"),
    share=RATE("Answered", of=("answered", "present")),
    nps=SCORE.interval("NPS of those"),
    least=SCORE("If all others were detractors"),
    most=SCORE("If all others were promoters"),
)
def who_answered(business: Business) -> pd.DataFrame:
    """One row: of the customers at the month's end, who answered in the last twelve months, and the bounds.

    `least` and `most` are the NPS if everybody who did not answer were a detractor, or a promoter.

    Glossary: NPS of the silent.
    """
    every = months.kept_customer_months(business)
    there = every.filter((every.month == business.report_month) & (every.state_at_end != "none"))
    present = set(there.customer_id.execute())
    rows = answers(business)
    since = pd.Timestamp(calendar.months_after(business.as_of, -LOOK_BACK))
    own = rows[(rows["answered_on"] >= since) & rows["customer_id"].isin(present)]
    own = own.drop_duplicates("customer_id", keep="last")
    if own.empty:
        return pd.DataFrame(columns=names_of(who_answered))
    share = rate(len(own), len(present))
    silent, total = len(present) - len(own), int(own["side"].sum())
    ends = (SCALE * (total - silent) / len(present), SCALE * (total + silent) / len(present))
    row = (len(own), len(present), share.value, share.low, share.high, *nps_of(own), *ends)
    return pd.DataFrame([row], columns=names_of(who_answered))


@columns(customer_id=TEXT("Customer"), mrr=MONEY, answered_on=DAY, score=COUNT, comment=TEXT.or_null)
def to_call(business: Business) -> pd.DataFrame:
    """One row per customer whose latest answer, within CALL_WITHIN_DAYS days, is 6 or less.

    The largest MRR first. Only customers at the month's end whom nobody has spoken to since.

    Glossary: detractors to call.
    """
    rows = answers(business)
    ago = (pd.Timestamp(business.as_of) - rows["answered_on"]).dt.days - 1
    own = rows[rows["is_latest"] & (rows["side"] < 0) & (ago < CALL_WITHIN_DAYS)]
    every = months.kept_customer_months(business)
    there = every.filter((every.month == business.report_month) & (every.state_at_end != "none"))
    known = there.select("customer_id", mrr="mrr_at_end").execute()
    contacts = business.table("contacts")
    spoken = contacts.group_by("customer_id").aggregate(last_on=contacts.contacted_on.max()).execute()
    last_on = _days_of(own["customer_id"], spoken.set_index("customer_id")["last_on"])
    own = own[~(last_on >= own["answered_on"])].merge(known, on="customer_id")
    ordered = own.sort_values(["mrr", "customer_id"], ascending=[False, True])
    written = unsigned_texts(business, ordered, "comment").map(quoted, na_action="ignore")
    shown = ordered.assign(answered_on=ordered["answered_on"].dt.date, comment=written)
    return shown[names_of(to_call)].reset_index(drop=True)


def to_hear(business: Business) -> pd.DataFrame:
    """The detractors to call as proposals to the plan, in the order of `to_call`: by call, else by letter.

    Glossary: detractors to call.
    """
    words = read_messages(business.folder)["detractor"]["message"]
    return proposals(
        {
            "customer_id": row["customer_id"],
            "action": "detractor",
            "mrr": row["mrr"],
            "why": _why(row),
            "message": filled(words, {"business": business.name, "score": str(row["score"])}),
            "way": CALL,
        }
        for row in to_call(business).to_dict(orient="records")
    )


def _why(row: Mapping[Any, Any]) -> str:
    return f"gave {row['score']} of 10 on {formats.day(row['answered_on'])}"


@columns(
    answers=TEXT("Answers"),
    left=COUNT(is_shown=False),
    followed=COUNT(is_shown=False),
    share=RATE("Asked or left", of=("left", "followed")),
)
def ahead_of_leaving(business: Business) -> pd.DataFrame:
    """One row for detractors, one for the others: who asked to cancel or left within LEFT_WITHIN_DAYS days.

    The first answer of each customer who was there and had not asked, with so many days past by the cut.

    Glossary: NPS ahead of leaving.
    """
    rows = answers(business).drop_duplicates("customer_id", keep="first")
    left = kept_leavings(business).select("customer_id", "begin_on", "left_on", "ended_on").execute()
    for day in ("begin_on", "left_on", "ended_on"):
        left[day] = pd.to_datetime(left[day])
    pairs = rows.merge(left, on="customer_id")
    is_open = (pairs["begin_on"] <= pairs["answered_on"]) & ~(pairs["left_on"] <= pairs["answered_on"])
    followed = (pd.Timestamp(business.as_of) - pairs["answered_on"]).dt.days > LEFT_WITHIN_DAYS
    pairs = pairs[is_open & followed]
    has_left = (pairs["left_on"] - pairs["answered_on"]).dt.days <= LEFT_WITHIN_DAYS
    found = []
    for name, side in (("detractors", pairs["side"] < 0), ("all others", pairs["side"] >= 0)):
        told = rate(int(has_left[side].sum()), int(side.sum()))
        found.append((name, told.numerator, told.denominator, told.value, told.low, told.high))
    return pd.DataFrame(found if len(pairs) else [], columns=names_of(ahead_of_leaving))


def runs_ahead(found: pd.DataFrame) -> str:
    """Whether detractors leave more often: "more often", "less often", or "no clear difference"."""
    first, second = found.itertuples()
    table = (first.left, first.followed, second.left, second.followed)
    if not (first.followed and second.followed):
        return "no clear difference"
    apart = newcombe(*table)
    if (apart.low > 0 or apart.high < 0) and two_shares_p(*table) <= 0.05:
        return "more often" if apart.value > 0 else "less often"
    return "no clear difference"


@columns(theme=TEXT, comments=COUNT, promoters=COUNT, detractors=COUNT)
def nps_themes(business: Business) -> pd.DataFrame:
    """One row per theme of the comments, by the phrases that sort the reasons: of how many, and of whom."""
    rows = answers(business)
    rows = rows[rows["comment"].fillna("").str.strip() != ""]
    found: dict[str, list[int]] = {}
    for comment, side in zip(rows["comment"], rows["side"], strict=True):
        for theme in themes_of(comment):
            found.setdefault(theme, []).append(side)
    records = [
        (formats.words(theme), len(sides), sides.count(1), sides.count(-1)) for theme, sides in found.items()
    ]
    return pd.DataFrame(sorted(records, key=lambda row: (-row[1], row[0])), columns=names_of(nps_themes))

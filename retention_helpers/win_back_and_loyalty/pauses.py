"""Pauses: how many, how long, who pays again, and who is paused now."""

import numpy as np
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_leavings
from retention_helpers.business.people import rows_of
from retention_helpers.business.spans import kept_spans, stretches
from retention_helpers.contract.messages import filled, read_messages
from retention_helpers.shown.proposals import proposals
from retention_helpers.shown.units import COUNT, DAY, MONEY, RATE, TENTHS, TEXT, YES_NO, columns, names_of
from retention_helpers.statistics.intervals import Rate, rate
from retention_helpers.words import calendar, formats

PAUSE = "pause"  # the action, and the kind of its contact
PAYING_ON = 90
LOOK_BACK = 12  # months


def pauses(business: Business) -> pd.DataFrame:
    """One row per pause: customer_id, begin_on, end_on (null: goes on), nth (of the customer).

    Neighbouring paused spans are one; free months that were granted are none.
    """
    return business.once("pauses", lambda: _pauses(business))


def _pauses(business: Business) -> pd.DataFrame:
    spans = kept_spans(business)
    rows = stretches(spans.filter(spans.status == "paused")).execute()
    rows = rows.rename(columns={"service": "nth"}).sort_values(["customer_id", "nth"], ignore_index=True)
    return rows.assign(begin_on=pd.to_datetime(rows["begin_on"]), end_on=pd.to_datetime(rows["end_on"]))


@columns(
    began=COUNT("Began"), going_on=COUNT("Going on"), ended=COUNT, median_days=TENTHS("Days, in the median"),
    paused_twice=COUNT("Customers paused twice"),
)  # fmt: skip
def pauses_of_year(business: Business) -> pd.DataFrame:
    """One row: the pauses that began in the last twelve months, and how long those lasted that are over.

    `paused_twice` are the customers who paused more than once, ever. No row without a pause.

    Glossary: pause.
    """
    rows = pauses(business)
    own = rows[rows["begin_on"] >= pd.Timestamp(calendar.months_after(business.as_of, -LOOK_BACK))]
    ended = own[own["end_on"].notna()]
    twice = int((rows.groupby("customer_id").size() > 1).sum())
    lengths = (ended["end_on"] - ended["begin_on"]).dt.days
    row = (
        len(own),
        len(own) - len(ended),
        len(ended),
        float(lengths.median()) if len(ended) else np.nan,
        twice,
    )
    return pd.DataFrame([row] if len(rows) else [], columns=names_of(pauses_of_year))


@columns(
    chose=TEXT("What they did"),
    paying_again=COUNT(is_shown=False),
    followed=COUNT("Followed"),
    share=RATE("Pay on day 90", of=("paying_again", "followed")),
)
def paused_or_left(business: Business) -> pd.DataFrame:
    """One row for those who paused, one for those who left outright: who pays on day 90 after it.

    The first pause, and the first end of service, of the last twenty-four months whose day 90 is past; who
    paused before that end counts as paused only. Nobody was drawn.

    Glossary: pause.
    """
    paused = pauses(business).drop_duplicates("customer_id")[["customer_id", "begin_on"]]
    left = kept_leavings(business)
    ended = left.filter(left.ended_on.notnull()).select("customer_id", on="ended_on").execute()
    ended = ended.assign(on=pd.to_datetime(ended["on"])).sort_values("on").drop_duplicates("customer_id")
    both = ended.merge(paused, on="customer_id", how="left")
    outright = both[~(both["begin_on"] <= both["on"])]  # who comes back may pause later
    ways = {"paused": paused.rename(columns={"begin_on": "on"}), "left outright": outright}
    since = pd.Timestamp(calendar.months_after(business.as_of, -2 * LOOK_BACK))
    until = pd.Timestamp(business.as_of) - pd.Timedelta(days=PAYING_ON)
    found = []
    for name, rows in ways.items():
        told = _paying_on(business, rows[(rows["on"] >= since) & (rows["on"] < until)])
        found.append((name, told.numerator, told.denominator, told.value, told.low, told.high))
    return pd.DataFrame(found if len(paused) else [], columns=names_of(paused_or_left))


def _paying_on(business: Business, rows: pd.DataFrame) -> Rate:
    """Who pays at the end of the day PAYING_ON after that day."""
    if rows.empty:
        return rate(0, 0)
    spans = kept_spans(business)
    paying = spans.filter(spans.state == "paying").select("customer_id", "started_on", "end_on").execute()
    pairs = rows.merge(paying, on="customer_id")
    day = pairs["on"] + pd.Timedelta(days=PAYING_ON)
    ends = pd.to_datetime(pairs["end_on"])
    is_there = (pd.to_datetime(pairs["started_on"]) <= day) & (ends.isna() | (ends > day))
    return rate(pairs.loc[is_there, "customer_id"].nunique(), len(rows))


@columns(
    customer_id=TEXT("Customer"), mrr=MONEY.or_null("MRR before"), begin_on=DAY("Paused since"),
    expected_end_on=DAY.or_null("Ends about"), is_due=YES_NO("This month"), message=TEXT(is_shown=False),
)  # fmt: skip
def paused_now(business: Business) -> pd.DataFrame:
    """One row per customer who is paused at the month's end, who comes back first on top.

    When a pause will end is not known at the cut, so it is expected after as long as pauses here last in the
    median; null where none is over. `is_due`: by the end of the month after the report's, and
    nobody wrote to them about this pause yet (a contact of the kind *pause*). `mrr` is that of the day before
    the pause; null where nothing was paid then.

    Glossary: pause.
    """
    rows = pauses(business)
    ended = rows[rows["end_on"].notna()]
    length = (ended["end_on"] - ended["begin_on"]).dt.days.median() if len(ended) else np.nan
    every = months.kept_customer_months(business)
    there = every.filter((every.month == business.report_month) & (every.state_at_end == "paused"))
    own = rows[rows["end_on"].isna() & rows["customer_id"].isin(there.customer_id.execute())]
    end = own["begin_on"] + (pd.NaT if pd.isna(length) else pd.Timedelta(days=int(length)))
    next_month = pd.Timestamp(calendar.months_after(business.as_of, 1))
    words = read_messages(business.folder)["pause_ends"]["message"]
    told = own.assign(
        begin_on=own["begin_on"].dt.date,
        expected_end_on=[None if pd.isna(day) else day.date() for day in end],
        is_due=(end < next_month) & ~_is_written_to(business, own),
    )
    told["message"] = [
        filled(words, {"business": business.name, "day": formats.day(day)}) for day in told["begin_on"]
    ]
    told["mrr"] = _paid_before(business, own)
    return told.sort_values(["expected_end_on", "customer_id"], ignore_index=True)[names_of(paused_now)]


def _paid_before(business: Business, rows: pd.DataFrame) -> pd.Series:
    """The MRR of the day before each of these pauses."""
    spans = kept_spans(business)
    own = rows_of(spans.filter(spans.state == "paying"), rows["customer_id"])
    paid = own.select("customer_id", "mrr", begin_on="end_on").execute()
    paid["begin_on"] = pd.to_datetime(paid["begin_on"]).astype(rows["begin_on"].dtype)
    sums = paid.groupby(["customer_id", "begin_on"], as_index=False)["mrr"].sum()
    found = rows[["customer_id", "begin_on"]].merge(sums, on=["customer_id", "begin_on"], how="left")["mrr"]
    return found.astype("object").where(found.notna(), None).set_axis(rows.index)


def _is_written_to(business: Business, rows: pd.DataFrame) -> pd.Series:
    """Whether a letter about each of these pauses was sent."""
    contacts = business.table("contacts")
    sent = contacts.filter(contacts.kind.lower() == PAUSE).group_by("customer_id")
    latest = sent.aggregate(last_on=contacts.contacted_on.max()).execute()
    last_on = rows["customer_id"].map(dict(zip(latest["customer_id"], latest["last_on"], strict=True)))
    return pd.to_datetime(last_on) >= rows["begin_on"]


def to_welcome_back(business: Business) -> pd.DataFrame:
    """Whose pause should be over this month as proposals to the plan: a letter each.

    Glossary: pause.
    """
    now = paused_now(business)
    return proposals(
        {
            "customer_id": row["customer_id"],
            "action": PAUSE,
            "mrr": row["mrr"],
            "why": f"paused since {formats.day(row['begin_on'])}",
            "message": row["message"],
        }
        for row in now[now["is_due"].astype(bool)].to_dict(orient="records")
    )

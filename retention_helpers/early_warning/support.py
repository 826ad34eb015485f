"""How support goes, and what the mails do: moods of tickets, time to answer and to close, mails by "
"channel."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.moods import kept_tickets
from retention_helpers.early_warning.seen import DAYS_TO_OPEN
from retention_helpers.shown.units import COUNT, RATE, TENTHS, TEXT, columns, names_of, one_of
from retention_helpers.statistics.clusters import clustered_rate
from retention_helpers.statistics.curves import kaplan_meier, median
from retention_helpers.statistics.intervals import Change, Rate, change, rate, with_rate
from retention_helpers.words import calendar
from retention_helpers.words.moods import MOODS, told_against_held_out

LATELY, YEAR = 3, 12  # months
LONGEST_HOURS = 24 * 366
STEPS: Mapping[str, int] = {"answered": 24, "closed": 7 * 24}  # hours that count as in time
PERIODS = ("last 3 months", "12 months before")


@columns(mood=one_of(*MOODS), coded=COUNT, told=COUNT("Told from the text"), tickets=COUNT,
         known=COUNT(is_shown=False), share=RATE(of=("tickets", "known")))  # fmt: skip
def by_mood(business: Business) -> pd.DataFrame:
    """One row per mood of the tickets of the last twelve months that have one: coded, and told from the text.

    Glossary: mood of a ticket.
    """
    tickets = kept_tickets(business)
    since = calendar.months_after(business.report_month, 1 - YEAR)
    own = tickets.filter((tickets.opened_on >= since) & tickets.sentiment.notnull())
    counts = own.group_by("sentiment").aggregate(tickets=own.count(), told=own.count(where=own.is_told))
    found = (
        counts.execute().set_index("sentiment").reindex(list(MOODS), fill_value=0).reset_index(names="mood")
    )
    found = found.assign(coded=found["tickets"] - found["told"], known=found["tickets"].sum())
    return with_rate(found if found["known"].iloc[0] else found.head(0), "share", "tickets", "known")[
        names_of(by_mood)
    ]


@dataclass(frozen=True)
class MoodTest:
    """How often a mood that is told from a text is right, on texts that its phrases were not made from.

    Attributes:
        right: of all of them.
        negative_right: of those that are told to be negative.
        negative_found: of those that are negative, how many are told so.
    """

    right: Rate
    negative_right: Rate
    negative_found: Rate


def mood_test() -> MoodTest:
    """
    >>> mood_test().right.denominator > 100
    True

    Glossary: mood of a ticket.
    """
    told = told_against_held_out()
    worst = MOODS[0]
    hit = told[worst, worst]
    return MoodTest(
        rate(sum(many for (mood, said), many in told.items() if mood == said), sum(told.values())),
        rate(hit, sum(many for (_, said), many in told.items() if said == worst)),
        rate(hit, sum(many for (mood, _), many in told.items() if mood == worst)),
    )


@columns(what=one_of(*STEPS), period=one_of(*PERIODS), tickets=COUNT, judged=COUNT(is_shown=False),
         in_time=COUNT("In time"), share=RATE("In time, of those so old", of=("in_time", "judged")),
         median_hours=TENTHS.or_null)  # fmt: skip
def times(business: Business) -> pd.DataFrame:
    """One row per step (answered, closed) and period: how many in time, and the median.

    In time is within a day for an answer, within a week for the closing; of tickets that are so old by the
    cut. The median counts those that are still open as long as they have been (Kaplan and Meier); null where
    half are not there yet. A step of which the table knows nothing has no row. An answer before the opening
    is none.

    Glossary: time to answer, time to close.
    """
    rows = _opened(business)
    found = []
    for what, limit in STEPS.items():
        if not rows[what].notna().any():
            continue
        for period, own in zip(PERIODS, _by_period(business, rows), strict=True):
            hours = own[what].fillna(own["age"]).clip(upper=LONGEST_HOURS)
            done = own[what].notna()
            ripe = own["age"] >= limit
            middle = median(kaplan_meier(hours.astype("int64"), done)).value if len(own) else np.nan
            in_time = int((ripe & done & (own[what] < limit)).sum())
            found.append((what, period, len(own), int(ripe.sum()), in_time, middle))
    names = ["what", "period", "tickets", "judged", "in_time", "median_hours"]
    return with_rate(pd.DataFrame(found, columns=names), "share", "in_time", "judged")[names_of(times)]


def _opened(business: Business) -> pd.DataFrame:
    """The tickets of the two periods: opened_on, age, answered and closed in whole hours; NaN: not "
    "by the cut."""
    tickets = business.table("tickets")
    since = calendar.months_after(business.report_month, 1 - LATELY - YEAR)
    rows = tickets.filter(tickets.opened_on >= since)
    frame = rows.select("opened_at", "opened_on", "answered_at", "closed_at").execute()
    cut = pd.Timestamp(dt.datetime.fromisoformat(business.cut_at).astimezone(dt.UTC).replace(tzinfo=None))
    opened = pd.to_datetime(frame["opened_at"])
    hours = {name: pd.to_datetime(frame[f"{name}_at"]) - opened for name in STEPS}
    told = {
        name: (apart.dt.total_seconds() // 3600).where(apart >= pd.Timedelta(0))
        for name, apart in hours.items()
    }
    age = (cut - opened).dt.total_seconds() // 3600
    return pd.DataFrame({"opened_on": pd.to_datetime(frame["opened_on"]), "age": age, **told})


def _by_period(business: Business, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    lately = rows["opened_on"] >= pd.Timestamp(calendar.months_after(business.report_month, 1 - LATELY))
    return rows[lately], rows[~lately]


def change_of_times(found: pd.DataFrame, what: str = "answered") -> Change | None:
    """How the share in time moved, against the twelve months before; None where one of them has no ticket.

    Glossary: time to answer, time to close.
    """
    own = found[found["what"] == what]
    if len(own) < len(PERIODS) or not own["judged"].all():
        return None
    now, before = (row for row in own.itertuples())
    return change(before.in_time, before.judged, now.in_time, now.judged)


@columns(
    channel=TEXT,
    mails=COUNT,
    customers=COUNT,
    old_enough=COUNT(is_shown=False),
    opened=COUNT(is_shown=False),
    open_share=RATE("Opened", of=("opened", "old_enough")),
    clicked=COUNT(is_shown=False),
    click_share=RATE("Clicked", of=("clicked", "old_enough")),
)
def mails_by_channel(business: Business) -> pd.DataFrame:
    """One row per channel of the mails of the last twelve months: how many are opened, and clicked.

    Of mails that are DAYS_TO_OPEN days old; the intervals count customers, not mails. No row where no mail
    names a channel; those that name none among others stand as "(not given)". The most mails first.

    Glossary: mails by channel.
    """
    mails = business.table("emails")
    since = calendar.months_after(business.report_month, 1 - YEAR)
    own = mails.filter(mails.sent_on >= since)
    clicked = own.clicked_on.notnull()
    seen = own.select(
        "customer_id", "channel", "sent_on", clicked=clicked, opened=clicked | own.opened_on.notnull()
    )
    rows = seen.execute()
    if not rows["channel"].notna().any():
        return pd.DataFrame(columns=names_of(mails_by_channel))
    age = (pd.Timestamp(business.as_of) - pd.to_datetime(rows["sent_on"])).dt.days - 1
    rows = rows.assign(
        old=age >= DAYS_TO_OPEN, channel=rows["channel"].fillna("(not given)").astype("object")
    )
    found = []
    for channel, part in rows.groupby("channel"):
        old = part[part["old"]]
        who = pd.factorize(old["customer_id"])[0]
        shares = [clustered_rate(old[name].to_numpy(dtype=bool), who) for name in ("opened", "clicked")]
        told = [value for one in shares for value in (one.numerator, one.value, one.low, one.high)]
        found.append((channel, len(part), part["customer_id"].nunique(), len(old), *told))
    frame = pd.DataFrame(found, columns=names_of(mails_by_channel))
    return frame.sort_values(["mails", "channel"], ascending=[False, True], ignore_index=True)

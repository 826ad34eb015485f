"""What those who stay ask for, beside those who leave: the same themes and wishes in what both could write.

Who leaves is asked why, and nobody asks those who stay: what is said on leaving is held against nothing.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable

import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.churn_reasons.answers import Period, within
from retention_helpers.churn_reasons.features import ASKING, features_of
from retention_helpers.shown.units import COUNT, POINTS, RATE, TEXT, columns, names_of, one_of
from retention_helpers.statistics.intervals import exact_p, holm, newcombe, with_rate
from retention_helpers.words.quotations import readable
from retention_helpers.words.themes import themes_of

WRITTEN_DAYS = 365  # before somebody left, or before the end of the month
LEVEL = 0.05
KINDS = ("theme", "wish")
VERDICTS = ("leavers more", "stayers more", "no clear difference", "too few")
MOST_WISHES = 12


def texts(business: Business) -> pd.DataFrame:
    """One row per ticket with a text and per comment of an NPS answer: customer_id, on, text (readable)."""
    tickets, answers = business.table("tickets"), business.table("nps")
    both = tickets.select("customer_id", on="opened_on", text="text").union(
        answers.select("customer_id", on="answered_on", text="comment")
    )
    rows = both.filter(both.text.notnull()).order_by("customer_id", "on", "text").execute()
    told = rows.assign(text=rows["text"].astype("object").map(readable), on=pd.to_datetime(rows["on"]))
    return told[told["text"] != ""]


Texts = dict[str, list[str]]  # by customer


def written_by(business: Business, lost: pd.DataFrame, when: Period) -> tuple[Texts, Texts, Texts]:
    """What leavers wrote before they left, what they said when asked why, and what stayers wrote.

    Leavers are who was lost in the period and decided it themselves: their tickets and NPS answers of the
    WRITTEN_DAYS days before the day on which they asked to cancel (left, where no row says when they asked).
    Stayers are the customers at the end of the month: theirs of the WRITTEN_DAYS days up to it. Who wrote
    nothing is in neither; who left and came back is a stayer.
    """
    every = texts(business)
    gone = within(lost, when)
    gone = gone[gone["answer"] != "involuntary"].drop_duplicates("customer_id", keep="last")
    state = months.kept_customer_months(business)
    there = state.filter((state.month == business.report_month) & (state.state_at_end != "none"))
    stays = set(there.select("customer_id").distinct().execute()["customer_id"])
    gone = gone[~gone["customer_id"].isin(stays)]
    decided = pd.to_datetime(gone["answered_on"]).fillna(pd.to_datetime(gone["lost_on"]))
    eve = dict(zip(gone["customer_id"], decided - pd.Timedelta(days=1), strict=True))
    comments = gone["comment"].fillna("").astype("object").map(readable)
    on_leaving = {who: [said] for who, said in zip(gone["customer_id"], comments, strict=True) if said}
    end = pd.Timestamp(business.as_of - dt.timedelta(days=1))
    return _within_days(every, eve), on_leaving, _within_days(every, dict.fromkeys(stays, end))


def _within_days(every: pd.DataFrame, until: dict[str, pd.Timestamp]) -> Texts:
    own = every[every["customer_id"].isin(until)]
    ago = (pd.to_datetime(own["customer_id"].map(until)) - own["on"]).dt.days
    found: Texts = {}
    for row in own[ago.between(0, WRITTEN_DAYS - 1)].itertuples():
        found.setdefault(row.customer_id, []).append(row.text)
    return found


def _said(written: Iterable[str]) -> set[tuple[str, str]]:
    """The themes and the wishes in what one customer wrote, each once."""
    found = set()
    for text in written:
        own = themes_of(text)
        found |= {("theme", name) for name in own}
        if ASKING in own:
            found |= {("wish", feature) for feature in features_of(text)}
    return found


@columns(
    kind=one_of(*KINDS), name=TEXT("About"), leavers=COUNT, leavers_wrote=COUNT(is_shown=False),
    leavers_share=RATE("Of the leavers who wrote", of=("leavers", "leavers_wrote")),
    on_leaving=COUNT("Leavers when asked why"), stayers=COUNT,
    stayers_wrote=COUNT(is_shown=False),
    stayers_share=RATE("Of the stayers who wrote", of=("stayers", "stayers_wrote")),
    difference=POINTS.interval, verdict=one_of(*VERDICTS),
)  # fmt: skip
def asked_for(business: Business, lost: pd.DataFrame, when: Period, *, min_customers: int) -> pd.DataFrame:
    """One row per theme and per wish (a feature that is asked for) in tickets and NPS comments: how many of
    the leavers who wrote any before they left, and how many of the stayers who did, wrote of it. A customer
    counts once in each.

    *Leavers more* and *stayers more* need the interval of the difference (Newcombe) and the exact test,
    corrected for looking at every row (Holm), to agree. Of wishes the MOST_WISHES with most customers. Sorted
    by kind, then by how much more the leavers have it. `on_leaving` are the leavers who said it when they
    were asked why; nobody asked the stayers, so it is compared with nothing. Takes the losses, and the
    period.

    Glossary: what those who stay ask for.
    """
    leavers, on_leaving, stayers = written_by(business, lost, when)
    left, asked, stayed = (
        Counter(one for own in group.values() for one in _said(own))
        for group in (leavers, on_leaving, stayers)
    )
    both = left + stayed
    rows = []
    for kind in KINDS:
        own = [key for key, _ in sorted(both.items(), key=lambda item: (-item[1], item[0])) if key[0] == kind]
        rows += [
            (*key, left[key], len(leavers), asked[key], stayed[key], len(stayers))
            for key in (own[:MOST_WISHES] if kind == "wish" else own)
        ]
    frame = pd.DataFrame(
        rows, columns=["kind", "name", "leavers", "leavers_wrote", "on_leaving", "stayers", "stayers_wrote"]
    )
    return _judged(frame, min_customers)


def _judged(frame: pd.DataFrame, min_customers: int) -> pd.DataFrame:
    tables = [(row.leavers, row.leavers_wrote, row.stayers, row.stayers_wrote) for row in frame.itertuples()]
    apart = [newcombe(*table) for table in tables]
    is_enough = [min(table[1], table[3]) >= min_customers for table in tables]
    p_values = iter(
        holm([exact_p(*table) for table, enough in zip(tables, is_enough, strict=True) if enough])
    )
    verdicts = []
    for difference, enough in zip(apart, is_enough, strict=True):
        if not enough:
            verdicts.append(VERDICTS[3])
        elif next(p_values) < LEVEL and (difference.low > 0 or difference.high < 0):
            verdicts.append(VERDICTS[0] if difference.value > 0 else VERDICTS[1])
        else:
            verdicts.append(VERDICTS[2])
    ends = zip(("difference", "difference_low", "difference_high"), zip(*apart, strict=True), strict=False)
    told = frame.assign(**{name: list(column) for name, column in ends}, verdict=verdicts)
    if frame.empty:
        return pd.DataFrame(columns=names_of(asked_for))
    rated = with_rate(told, "leavers_share", "leavers", "leavers_wrote")
    rated = with_rate(rated, "stayers_share", "stayers", "stayers_wrote")
    ordered = rated.sort_values(["kind", "difference", "name"], ascending=[True, False, True])
    return ordered[names_of(asked_for)].reset_index(drop=True)

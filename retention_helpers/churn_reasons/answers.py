"""Who left and said why: every customer lost, by whether anybody asked and whether they answered.

An answer counts in the month in which the customer is lost, whenever it was given. Shares of reasons are
among those who answered; who was not asked, did not answer, or was ended by the biller stands apart.
"""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from retention_helpers.business import Business, levels, months
from retention_helpers.business.bands import MRR_BANDS, mrr_band
from retention_helpers.business.losses import kept_losses
from retention_helpers.business.people import unsigned_texts
from retention_helpers.churn_reasons.topics import proposed_reason
from retention_helpers.contract.reason_codes import UNMAPPED
from retention_helpers.contract.tables import REASONS
from retention_helpers.shown.units import CODE, COUNT, MONTH, RATE, TEXT, columns, names_of, one_of
from retention_helpers.statistics.intervals import against_the_rest, with_rate
from retention_helpers.words import calendar, formats

QUARTER, YEAR, LOOK_BACK = 3, 12, 24  # months
PERIODS = (1, QUARTER, YEAR)  # the month itself, and what stands beside it
TENURE_DAYS = (0, 8, 31, 91)  # first days of the stages of tenure
TENURE_STAGES = ("days 0–7", "days 8–30", "days 31–90", "day 91 on")
# Where days are not known: of who paid for one month 28 to 31 days passed, of who paid for three 89 to 92.
MONTH_DAYS = (0, 32, 93)
MONTH_STAGES = ("month 1", "months 2–3", "month 4 on")
OWN_GROUPS = (*levels.OF_A_MONTH, levels.TENURE)  # what a loss itself says
GROUPS = ("plan", levels.TENURE, "mrr_band")
_PLACES = {name: place for place, name in enumerate([*TENURE_STAGES, *MONTH_STAGES, *MRR_BANDS])}
ANSWERS = ("involuntary", "not_asked", "not_answered", "answered")

BY = replace(TEXT, write=lambda by: levels.HEADINGS.get(by, formats.words(by)))
REASON = one_of(*REASONS).within(description="A reason of the one list.")
ANSWER = one_of(*REASONS, UNMAPPED).within(
    description="A reason of the one list; unmapped: the customer answered in words that no map knows."
)
AGAINST_THE_REST = one_of(
    "above the rest", "below the rest", "no clear difference", "too few", "the only one"
)


@dataclass(frozen=True)
class Period:
    """Whole months up to and with the last: their first days, and how many they are."""

    first: dt.date
    last: dt.date
    months: int


def period(business: Business, months_back: int, *, before: int = 0) -> Period:
    """The last so many months up to the report month, or up to so many months before it.

    Where the data begin later, so does the period; 0 months where they begin after it.

    Glossary: period shown.
    """
    last = calendar.months_after(business.report_month, -before)
    first = calendar.months_after(last, 1 - months_back)
    begin = max(first, months.month_starts(business)[0])
    return Period(begin, last, max(calendar.months_between(begin, last) + 1, 0))


def losses(business: Business) -> pd.DataFrame:
    """One row per customer lost, of all months up to the report month, in the order of their going.

    `answer` says what is known: involuntary (the biller ended it), not_asked (no row of cancellations),
    not_answered (a row without a reason), answered. An involuntary loss never counts as an answer.

    Columns: customer_id, month, lost_on, answered_on, tenure_days, tenure, mrr (at the start of the month),
    mrr_band, plan, interval, answer, reason (of the one list, or "unmapped"), reason_code, comment
    (without the customer's own name, where it is known).

    Glossary: answer.
    """
    rows = kept_losses(business)
    found = rows.mutate(mrr_band=mrr_band(rows.mrr)).order_by(["lost_on", "customer_id"]).execute()
    answer = pd.Series("answered", index=found.index)
    answer = answer.mask(found["reason"].isna(), "not_answered").mask(
        ~found["asked"].astype(bool), "not_asked"
    )
    days, stages = (TENURE_DAYS, TENURE_STAGES) if business.knows("days") else (MONTH_DAYS, MONTH_STAGES)
    stage = pd.cut(found["tenure_days"], [*days, float("inf")], right=False, labels=list(stages))
    placed = found.assign(
        month=pd.to_datetime(found["month"]),
        answer=answer.mask(found["kind"] == "involuntary", "involuntary"),
        tenure=stage.astype("str"),
        comment=unsigned_texts(business, found, "comment"),
    )
    known = ["customer_id", "month", "lost_on", "answered_on", "tenure_days", "tenure", "mrr", "mrr_band"]
    return placed[[*known, "plan", "interval", "service", "answer", "reason", "reason_code", "comment"]]


def within(lost: pd.DataFrame, when: Period) -> pd.DataFrame:
    """The customers lost in a period."""
    inside = lost["month"].between(pd.Timestamp(when.first), pd.Timestamp(when.last))
    return lost[inside & (when.months > 0)]


def answered(lost: pd.DataFrame, when: Period) -> pd.DataFrame:
    """The customers lost in a period who answered with a reason of the one list.

    Who answered in words that no map knows named none of them yet: `unmapped_codes` lists those.

    Glossary: answer.
    """
    rows = within(lost, when)
    return rows[(rows["answer"] == "answered") & (rows["reason"] != UNMAPPED)]


def shown_period(lost: pd.DataFrame, business: Business) -> Period:
    """The period that the page leads with: the month, or more months where too few of it answered.

    The shortest of one, three and twelve months with at least `min_customers` answers; twelve where none
    has as many.

    Glossary: period shown.
    """
    for length in PERIODS:
        shown = period(business, length)
        if len(answered(lost, shown)) >= business.settings.min_customers:
            break
    return shown


def longer_period(business: Business, shown: Period) -> Period:
    """What to hold beside the period shown: twelve months, or all that the data hold where it is those.

    Glossary: period shown.
    """
    year = period(business, YEAR)
    if shown.months < year.months:
        return year
    return period(business, calendar.months_between(months.month_starts(business)[0], year.last) + 1)


@columns(first_month=MONTH, last_month=MONTH,
         **dict.fromkeys(("lost", *ANSWERS, "decided"), COUNT(is_recorded=True)),
         unmapped=COUNT(is_shown=False, note="of those who answered, in words that no map knows"),
         mapped=COUNT(is_shown=False, is_recorded=False),
         silent=COUNT(is_shown=False), answered_share=RATE("Said why", of=("answered", "decided")),
         involuntary_of_lost=RATE(of=("involuntary", "lost"), is_shown=False),
         silent_share=RATE(of=("silent", "decided"), is_shown=False))  # fmt: skip
def coverage(lost: pd.DataFrame, business: Business) -> pd.DataFrame:
    """One row per period (the month, the last 3, the last 12): how many of those lost said why.

    involuntary + not_asked + not_answered + answered = lost, exactly. Of who answered, `unmapped` did so
    in words that no map knows, and `mapped` with a reason of the one list. The share is among those
    whom the biller is not known to have ended: lost − involuntary. Where no row says who ended it,
    `involuntary_of_lost` is missing.

    Glossary: said why.
    """
    rows = []
    for length in PERIODS:
        when = period(business, length)
        counts = within(lost, when)["answer"].value_counts()
        each = {name: int(counts.get(name, 0)) for name in ANSWERS}
        span = {"first_month": when.first, "last_month": when.last, "lost": sum(each.values())}
        rows.append({**span, **each, "mapped": len(answered(lost, when))})
    frame = pd.DataFrame(rows).drop_duplicates(ignore_index=True)
    frame = frame.assign(
        decided=frame["lost"] - frame["involuntary"],
        unmapped=frame["answered"] - frame["mapped"],
        silent=frame["not_asked"] + frame["not_answered"],
    )
    frame = with_rate(frame, "answered_share", "answered", "decided")
    frame = with_rate(frame, "involuntary_of_lost", "involuntary", "lost")
    ended_by = [f"involuntary_of_lost{end}" for end in ("", "_low", "_high")]
    frame.loc[frame["not_asked"] == frame["lost"], ended_by] = math.nan  # no row says who ended it
    return with_rate(frame, "silent_share", "silent", "decided")


def groups(rows: pd.DataFrame, by: levels.By | None) -> dict[str, str]:
    """The column of each way to group losses, by its name: those named, else `GROUPS` and what was added.

    A loss itself says plan, MRR band, interval and tenure; `with_groups` adds levels of customers.
    """
    wanted = (*GROUPS, *levels.added(rows)) if by is None else by
    return levels.columns_of(rows, wanted, OWN_GROUPS, adds="with_groups")


@columns(by=BY, level=TEXT, decided=COUNT, silent=COUNT,
         silent_share=RATE("Said nothing", of=("silent", "decided"), key="share"),
         verdict=AGAINST_THE_REST)  # fmt: skip
def silent(lost: pd.DataFrame, when: Period, *, by: levels.By = GROUPS, min_customers: int) -> pd.DataFrame:
    """One row per plan, stage of tenure and MRR band: how many whom the biller did not end said nothing.

    Where one kind of customer is silent more often, the reasons of the others stand for it less. The verdict
    holds a group against the others of its kind, corrected for looking at every row; "too few" below
    `min_customers`. `by` names other groups: `interval`, or what `with_groups` added.

    Glossary: silent.
    """
    decided = within(lost, when).query("answer != 'involuntary'")
    rows = [
        (name, level, len(own), int((own["answer"] != "answered").sum()))
        for name, column in groups(lost, by).items()
        for level, own in in_order(decided.groupby(column))
    ]
    counted = pd.DataFrame(rows, columns=["by", "level", "decided", "silent"])
    frame = with_rate(counted, "silent_share", "silent", "decided")
    counts, bases, kinds = (list(frame[column]) for column in ("silent", "decided", "by"))
    return frame.assign(verdict=against_the_rest(counts, bases, kinds=kinds, min_customers=min_customers))


def in_order(groups: Iterable[tuple[str, pd.DataFrame]]) -> list[tuple[str, pd.DataFrame]]:
    """Groups in the order in which people read them: stages and bands upwards, the rest by name."""
    return sorted(groups, key=lambda pair: (_PLACES.get(pair[0], -1), pair[0]))


@columns(reason_code=TEXT("Answer"), customers=COUNT, involuntary=COUNT,
         proposed=CODE.or_null("Seems to mean"))  # fmt: skip
def unmapped_codes(lost: pd.DataFrame, when: Period) -> pd.DataFrame:
    """One row per answer of the source that no map knows, the most frequent first.

    They are no reason that anybody named until `reason_map` in retention.yml says what they mean; `proposed`
    is what the phrases of the themes make of them, null where they tell nothing. `involuntary` counts those
    of them whom the biller ended: a cause that nobody named.

    Glossary: reason; unmapped.
    """
    rows = within(lost, when)
    own = rows[rows["reason"] == UNMAPPED]
    by_code = own.groupby(own["reason_code"].astype("object"))
    found = [
        (code, len(one), int((one["answer"] == "involuntary").sum()),
         proposed_reason(code, list(one["comment"].dropna())))
        for code, one in by_code
    ]  # fmt: skip
    counted = pd.DataFrame(found, columns=names_of(unmapped_codes)).astype({"proposed": "object"})
    return counted.sort_values(["customers", "reason_code"], ascending=[False, True], ignore_index=True)

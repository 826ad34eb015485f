"""Whom to talk to: who left lately with a high MRR, the personal message to them, how many are enough."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.churn_reasons.answers import ANSWER, Period, within
from retention_helpers.contract.reason_codes import SURVEY
from retention_helpers.shown.units import COUNT, DAY, MONEY, SHARE, TEXT, columns, names_of
from retention_helpers.words import formats
from retention_helpers.words.quotations import quoted

INTERVIEW = "interview"  # the kind of contact
NOT_REACHED = {"no_answer", "not_reached", "unreachable", "no_reply", "attempted", "voicemail", "bounced"}
REFUSED = {"declined", "refused", "not_interested", "no_interest"}
CALL_MINUTES = 10
SURE = 0.95
SHARES = (0.1, 0.2, 0.3)  # of the customers, who share a reason that should be heard

_TOLD = {
    "not_using_enough": "you did not use it enough",
    "too_expensive": "it was too expensive",
    "missing_feature": "it lacked something that you need",
    "found_alternative": "you had found an alternative",
    "did_not_deliver_value": "it did not do for you what you had hoped",
    "poor_support": "our support let you down",
    "too_complex": "it was too complicated",
    "low_quality": "you could not rely on it",
    "temporary": "you needed it only for a time",
    "business_closed": "you were closing your business",
}


def as_word(text: object) -> str:
    """What an owner wrote as one word.

    >>> as_word("No answer!")
    'no_answer'
    """
    return "_".join(re.findall(r"[^\W_]+", str(text).lower()))


def interview_contacts(business: Business) -> pd.DataFrame:
    """One row per contact of the kind "interview": customer_id, contacted_on, was_reached, was_interviewed.

    An outcome such as "no answer" is an attempt, one such as "declined" reached the customer and was no
    interview; any other, or none, means that the talk took place.
    """
    contacts = business.table("contacts")
    rows = contacts.select("customer_id", "contacted_on", "kind", "outcome").execute()
    own = rows[rows["kind"].map(as_word) == INTERVIEW]
    outcome = own["outcome"].map(as_word)
    reached = ~outcome.isin(NOT_REACHED)
    told = own.assign(was_reached=reached, was_interviewed=reached & ~outcome.isin(REFUSED))
    return told.drop(columns=["kind", "outcome"])


@columns(customer_id=TEXT("Customer"), lost_on=DAY.or_null, tenure_days=COUNT.or_null, plan=TEXT,
         mrr=MONEY.or_null, reason=ANSWER.or_null, comment=TEXT.or_null, attempts=COUNT.or_null,
         tried_on=DAY.or_null)  # fmt: skip
def interviews(lost: pd.DataFrame, when: Period, business: Business) -> pd.DataFrame:
    """One row per customer to interview: lost in the period at `high_value_mrr` or above, the largest first.

    Left out: those whom the biller ended, who have come back, or who were already reached for an interview
    since they answered or left (`contacts`; an attempt without an answer does not count, and is said).
    The day and the days are missing where no day is known.

    Glossary: to interview.
    """
    frame = to_call(lost, when, business)
    return frame if business.knows("days") else frame.assign(lost_on=pd.NaT, tenure_days=None)


def to_call(lost: pd.DataFrame, when: Period, business: Business) -> pd.DataFrame:
    """The rows of `interviews`, with the first day of the month of the loss where no day is known."""
    rows = within(lost, when)
    rows = rows[(rows["answer"] != "involuntary") & (rows["mrr"] >= business.settings.high_value_mrr)]
    rows = rows[~rows["customer_id"].isin(_back(business, rows))]
    rows = rows.sort_values("lost_on").drop_duplicates("customer_id", keep="last")
    contacts = interview_contacts(business)
    left = pd.to_datetime(rows["answered_on"]).fillna(pd.to_datetime(rows["lost_on"]))
    began = pd.DataFrame({"customer_id": rows["customer_id"], "left_on": left})
    about_it = contacts.merge(began, on="customer_id")
    about_it = about_it[pd.to_datetime(about_it["contacted_on"]) >= about_it["left_on"]]
    reached = set(about_it.loc[about_it["was_reached"].astype(bool), "customer_id"])
    tried = about_it.groupby("customer_id")["contacted_on"].agg(attempts="size", tried_on="max").reset_index()
    open_ = rows[~rows["customer_id"].isin(reached)].merge(tried, on="customer_id", how="left")
    written = open_["comment"].fillna("").astype("object").map(quoted)
    open_ = open_.assign(
        attempts=open_["attempts"].fillna(0).astype("int64") if business.has("contacts") else None,
        comment=written.where(written != ""),
    )
    ordered = open_.sort_values(["mrr", "customer_id"], ascending=[False, True], ignore_index=True)
    return ordered[names_of(interviews)]


def _back(business: Business, rows: pd.DataFrame) -> list[str]:
    """Of these customers, those who are customers again at the end of the report month."""
    every = months.kept_customer_months(business)
    now = every.filter((every.month == business.report_month) & (every.state_at_end != "none"))
    return list(now.filter(now.customer_id.isin(list(rows["customer_id"]) or [""])).customer_id.execute())


def message(business_name: str, *, name: str = "", tenure_days: int, reason: str | None) -> str:
    """The personal message: what was said, ten minutes, no pitch.

    >>> print(message("Harbour Desk", name="Ada", tenure_days=200, reason="too_expensive").splitlines()[0])
    Hello Ada,
    """
    greeting = f"Hello {name}," if name else "Hello,"
    stay = _stay(tenure_days)
    gave = (
        f"When you left, you told us that {_TOLD[reason]}, and I would like to understand what was behind it."
        if reason in _TOLD
        else "We do not really know why you left, and I would like to understand it."
    )
    return "\n".join(
        [
            greeting,
            "",
            f"You were with {business_name} for {stay}. Thank you for that. {gave}",
            "",
            f"Would you give me {CALL_MINUTES} minutes on the phone this week or next? I only want to "
            "listen: there is nothing to buy, and I will not try to win you back. A day and an hour that "
            "suit you are answer enough.",
            "",
            "If you would rather write: what would have had to be different for you to stay?",
        ]
    )


def _stay(days: int) -> str:
    """How long they were customers, as people say it.

    >>> _stay(5), _stay(20), _stay(40), _stay(200), _stay(370), _stay(503), _stay(1030)
    ('a few days', 'a few weeks', 'a month', '7 months', 'a year', 'more than a year', 'more than 2 years')
    """
    if days < 28:
        return "a few days" if days < 14 else "a few weeks"
    whole_months = round(days / 30.4)
    if whole_months < 12:
        return "a month" if whole_months == 1 else formats.plural(whole_months, "month")
    years, rest = divmod(whole_months, 12)
    stay = "a year" if years == 1 else formats.plural(years, "year")
    return f"more than {stay}" if rest > 1 else stay


@columns(
    held_by_share=SHARE("Customers who hold a reason"),
    interviews=COUNT,
    heard_share=SHARE("Chance to hear it"),
)
def enough(shares: Sequence[float] = SHARES) -> pd.DataFrame:
    """One row per share: how many interviews it takes to hear, almost surely, a reason that so many share.

    With n interviews of customers who come as they do, a reason of the share p is heard at least once with
    1 − (1 − p)^n, `heard_share`.

    Glossary: interviews enough.
    """
    needed = [math.ceil(math.log(1 - SURE) / math.log(1 - share)) for share in shares]
    heard = [1 - (1 - share) ** many for share, many in zip(shares, needed, strict=True)]
    return pd.DataFrame({"held_by_share": list(shares), "interviews": needed, "heard_share": heard})


def interviewed(business: Business, when: Period) -> int | None:
    """How many different customers were interviewed in a period; None without a table of contacts.

    Glossary: to interview.
    """
    if not business.has("contacts"):
        return None
    contacts = interview_contacts(business)
    inside = pd.to_datetime(contacts["contacted_on"]).between(
        pd.Timestamp(when.first), pd.Timestamp(business.as_of), inclusive="left"
    )
    return int(contacts.loc[inside & contacts["was_interviewed"].astype(bool), "customer_id"].nunique())


FIRST_QUESTION = "What is the main reason why you are leaving?"
SECOND_QUESTION = "What would have had to be different for you to stay? (You may leave this empty.)"


def survey_text() -> str:
    """A survey of two questions, to paste into a cancel page."""
    choices = [f"( ) {words}" for words in SURVEY.values()]
    return "\n".join([f"1. {FIRST_QUESTION}", *choices, "", f"2. {SECOND_QUESTION}", "[ text ]"])


@columns(answer=TEXT, column=TEXT, store_as=TEXT)
def survey() -> pd.DataFrame:
    """One row per answer of the survey: the column of `cancellations`, and what to store there."""
    rows = [(words, "reason", reason) for reason, words in SURVEY.items()]
    return pd.DataFrame([*rows, (SECOND_QUESTION, "comment", "the text")], columns=names_of(survey))


class Texts(NamedTuple):
    """What is ready to be pasted: the message to a customer, and the survey."""

    message: str
    survey: str

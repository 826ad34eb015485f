"""Whom to call, as the page shows it."""

import pandas as pd

from retention_helpers.churn_reasons import calls
from retention_helpers.churn_reasons.answers import YEAR, Period
from retention_helpers.churn_reasons.calls import Texts
from retention_helpers.churn_reasons.said.wording import in_words, inside
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import COUNT, NUMBER, TEXT, fields
from retention_helpers.words import formats

__all__ = ["enough", "interviewed", "interviews", "survey", "texts"]


def _whom_to_call(
    people: pd.DataFrame, when: Period, done: int | None, least: object, currency: str
) -> Sentence:
    """Whom to call, and how many were called."""
    who = f"lost {inside(when)} who paid at least {formats.money(least, currency)} a month"
    talks = (
        "Whom you have interviewed already is not known: there is no table of contacts."
        if done is None
        else f"{formats.plural(done, 'customer')} interviewed in the last {in_words(YEAR)} months."
    )
    if people.empty:
        return Sentence(f"Nobody {who} is still to be interviewed. {talks}")
    amount = formats.money(sum(people["mrr"]), currency)
    return Sentence(
        f"{formats.plural(len(people), 'customer')} {who} and {'was' if len(people) == 1 else 'were'} not "
        f"interviewed yet: {amount} of MRR. The plan says whom of them to call. {talks}"
    )


interviews = Measure(
    calls.interviews,
    "Customers to interview",
    sentence=_whom_to_call,
    findings={
        "interviews": rows_of(
            calls.interviews,
            "Customers to interview; whom of them to call this month says the plan.",
        ),
        "interviews_mrr": NUMBER,
    },
    record=lambda people: {
        "interviews": records(people, calls.interviews),
        "interviews_mrr": sum(people["mrr"]),
    },
)
interviewed = Measure(
    calls.interviewed,
    findings={f"interviewed_in_{YEAR}_months": COUNT.or_null},
    record=lambda many: {f"interviewed_in_{YEAR}_months": many},
)


def _how_many_are_enough(rows: pd.DataFrame) -> Sentence:
    """How many interviews are enough."""
    said = [
        f"{formats.count(row.interviews)} if {formats.percent(row.held_by_share, 0)} hold it"
        for row in rows.itertuples()
    ]
    return Sentence(
        f"How many customers to talk to, to hear a reason at least once almost surely: {listed(said)}. "
        "You may stop when three talks in a row bring nothing new."
    )


enough = Measure(
    calls.enough,
    "How many interviews are enough",
    sentence=_how_many_are_enough,
    findings="enough_interviews",
    note="How many interviews hear a reason at least once.",
)
survey = Measure(calls.survey, "What to store in the table of cancellations")
texts = Measure(
    Texts,
    findings={"texts": fields(message=TEXT, survey=TEXT)},
    record=lambda pasted: {"texts": pasted._asdict()},
)

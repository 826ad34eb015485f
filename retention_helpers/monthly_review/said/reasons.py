"""Why they left, on the first screen: the top reasons with number, interval, verdict, and the play."""

import pandas as pd

from retention_helpers.churn_reasons import PLAYS, Period
from retention_helpers.monthly_review.said.answers import COLUMNS, Answer, Answers, Verdict
from retention_helpers.shown.results import of_values
from retention_helpers.statistics.intervals import rate
from retention_helpers.words import formats

__all__ = ["reasons_answer", "why_they_left"]

MOST_REASONS = 3
ASK = "Ask everybody who leaves: the page about reasons has the two questions."
ASK_HERE = "Ask everybody who leaves: two questions stand at the end of this page."


def _too_few(answered: int) -> Verdict:
    return Verdict("too few answers to rank" if answered else "nobody said why")


def _trend(moved: pd.DataFrame, reason: str) -> Verdict:
    own = moved.loc[moved["reason"] == reason, "verdict"]
    word = own.iloc[0] if len(own) else "too few"
    said = {"too few": "too few to compare", "no clear change": "no clear change"}
    return Verdict(said.get(word, f"{word} against the year before"))


@of_values
def reasons_answer(
    top: pd.DataFrame, moved: pd.DataFrame, when: Period, *, min_customers: int, ask: str = ASK
) -> Answer:
    """The review's line: the reason named most, with its share of the answers, its trend, and the play."""
    question = "Why did they leave?"
    answered = int(top["answered"].iloc[0]) if len(top) else 0
    span = formats.month_span(when.first, when.last)
    if answered < max(min_customers, 1):
        said = f"{formats.plural(answered, 'answer')} in {span}"
        return Answer(question, formats.MISSING, said, formats.MISSING, (_too_few(answered),), ask)
    first = top.iloc[0]
    return Answer(
        question,
        formats.percent(first["share"]),
        f"{first['reason'].replace('_', ' ')}: {formats.count(first['customers'])} of "
        f"{formats.count(answered)} answers, {span}",
        formats.interval(first["share_low"], first["share_high"]),
        (_trend(moved, first["reason"]),),
        PLAYS[first["reason"]].play,
    )


@of_values
def why_they_left(
    top: pd.DataFrame,
    moved: pd.DataFrame,
    coverage: pd.DataFrame,
    when: Period,
    *,
    min_customers: int,
    currency: str,
) -> Answers:
    """The first screen of the page about reasons: the three named most, the biller's part, and who is silent.

    Takes the reasons of a period, their change, and the coverage with a row of that period.
    """
    answered = int(top["answered"].iloc[0]) if len(top) else 0
    rows = [_reason_row(row, moved, currency) for row in top.head(MOST_REASONS).to_dict(orient="records")]
    if answered < max(min_customers, 1):
        rows = [reasons_answer(top, moved, when, min_customers=min_customers, ask=ASK_HERE)]
    heard = coverage[coverage["first_month"] == when.first].iloc[0]
    if not heard["decided"]:
        rows = [] if heard["lost"] else [_nobody(when)]
    if heard["lost"]:
        rows.append(_biller_row(heard))
    if heard["decided"]:
        rows.append(_silent_row(heard))
    caption = f"Why they left: {formats.month_span(when.first, when.last)}"
    return Answers(caption, tuple(rows), ("Reason", *COLUMNS[1:]))


def _nobody(when: Period) -> Answer:
    span = formats.month_span(when.first, when.last)
    said = f"0 customers lost in {span}"
    return Answer(
        "Why did they leave?",
        formats.MISSING,
        said,
        formats.MISSING,
        (Verdict("nobody left"),),
        "Nothing to do.",
    )


def _reason_row(row: dict, moved: pd.DataFrame, currency: str) -> Answer:
    return Answer(
        formats.words(row["reason"]),
        formats.percent(row["share"]),
        f"{formats.count(row['customers'])} of {formats.plural(row['answered'], 'answer')}, "
        f"{formats.money(row['mrr_lost'], currency)} of MRR",
        formats.interval(row["share_low"], row["share_high"]),
        (_trend(moved, row["reason"]),),
        PLAYS[row["reason"]].play,
    )


def _biller_row(heard: pd.Series) -> Answer:
    share = rate(int(heard["involuntary"]), int(heard["lost"]))
    return Answer(
        "Ended by the biller",
        formats.percent(share.value),
        f"{formats.count(share.numerator)} of {formats.count(share.denominator)} lost",
        formats.interval(share.low, share.high),
        (Verdict("apart from the reasons"),),
        PLAYS["payment_failed"].play if share.numerator else "Nothing to do.",
    )


def _silent_row(heard: pd.Series) -> Answer:
    silent = rate(int(heard["decided"] - heard["answered"]), int(heard["decided"]))
    verdicts = [
        Verdict(f"{formats.count(heard[name])} {words}")
        for name, words in (("not_asked", "not asked"), ("not_answered", "did not answer"))
        if heard[name]
    ] or [Verdict("everybody said why")]
    return Answer(
        "Did not say",
        formats.percent(silent.value),
        f"{formats.count(silent.numerator)} of {formats.count(silent.denominator)} who decided to leave",
        formats.interval(silent.low, silent.high),
        tuple(verdicts),
        ASK_HERE
        if heard["not_asked"]
        else "Ask once more, in person."
        if silent.numerator
        else "Nothing to do.",
    )

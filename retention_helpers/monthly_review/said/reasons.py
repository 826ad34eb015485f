"""Why they left, on the first screen: the top reasons with number, interval, verdict, and the play."""

import pandas as pd

from retention_helpers.churn_reasons import PLAYS, Period
from retention_helpers.churn_reasons.ranking import order_is_clear
from retention_helpers.monthly_review.said.answers import COLUMNS, Answer, Answers, Verdict
from retention_helpers.shown.results import of_values
from retention_helpers.statistics.intervals import rate
from retention_helpers.words import formats

__all__ = ["reasons_answer", "why_they_left"]

MOST_REASONS = 3
ASK = "Ask everybody who leaves: the page about reasons has the two questions."
ASK_HERE = "Ask everybody who leaves: two questions stand at the end of this page."


MAP = "Say in retention.yml what the answers mean: the lines to paste stand on the page about reasons."
MAP_HERE = "Say in retention.yml what they mean: the lines to paste stand below."


def _too_few(answered: int, unmapped: int) -> Verdict:
    if unmapped and not answered:
        return Verdict(f"{formats.plural(unmapped, 'answer')} in words that nobody mapped")
    return Verdict("too few answers to rank" if answered else "nobody said why")


def _unmapped(coverage: pd.DataFrame, when: Period) -> int:
    """How many answered in a period in words that no map knows."""
    return int(coverage.loc[coverage["first_month"] == when.first, "unmapped"].iloc[0])


def _trend(moved: pd.DataFrame, reason: str) -> Verdict:
    own = moved.loc[moved["reason"] == reason, "verdict"]
    word = own.iloc[0] if len(own) else "too few"
    said = {"too few": "too few to compare", "no clear change": "no clear change"}
    return Verdict(said.get(word, f"{word} against the year before"))


@of_values
def reasons_answer(
    top: pd.DataFrame,
    moved: pd.DataFrame,
    coverage: pd.DataFrame,
    when: Period,
    *,
    min_customers: int,
    is_here: bool = False,
) -> Answer:
    """The review's line: the reason named most, with its share of the answers, its trend, and the play.

    `is_here`: the line stands on the page about reasons itself.
    """
    question = "Why did they leave?"
    answered = int(top["answered"].iloc[0]) if len(top) else 0
    span = formats.month_span(when.first, when.last)
    if answered < max(min_customers, 1):
        said = f"{formats.plural(answered, 'answer')} in {span}"
        unmapped = _unmapped(coverage, when)
        ask = (MAP_HERE if is_here else MAP) if unmapped else ASK_HERE if is_here else ASK
        return Answer(question, formats.MISSING, said, formats.MISSING, (_too_few(answered, unmapped),), ask)
    first = top.iloc[0]
    return Answer(
        question,
        formats.percent(first["share"]),
        f"{first['reason'].replace('_', ' ')}: {formats.count(first['customers'])} of "
        f"{formats.count(answered)} answers, {span}",
        formats.interval(first["share_low"], first["share_high"]),
        (_trend(moved, first["reason"]),),
        _play(top),
    )


def _play(top: pd.DataFrame) -> str:
    """What to do about the first reason; about both, where it is not ahead of the second for sure."""
    first = PLAYS[top["reason"].iloc[0]].play
    if order_is_clear(top):
        return first
    one, other = (formats.words(reason) for reason in top["reason"].head(2))
    return (
        f"Two reasons, neither ahead for sure. {one}: {_small(first)} "
        f"{other}: {_small(PLAYS[top['reason'].iloc[1]].play)}"
    )


def _small(order: str) -> str:
    return order[:1].lower() + order[1:]


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
        rows = [reasons_answer(top, moved, coverage, when, min_customers=min_customers, is_here=True)]
    heard = coverage[coverage["first_month"] == when.first].iloc[0]
    if not heard["decided"]:
        rows = [] if heard["lost"] else [_nobody(when)]
    if heard["lost"]:
        rows.append(_biller_row(heard))
    if heard["decided"]:
        rows.append(_silent_row(heard))
    if heard["unmapped"] and answered >= max(min_customers, 1):
        rows.append(_unmapped_row(heard))
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
    unknown = int(heard["not_asked"])
    if unknown == heard["lost"]:
        return Answer(
            "Ended by the biller",
            formats.MISSING,
            f"nothing in the data says of {formats.count(unknown)} lost",
            formats.MISSING,
            (Verdict("not known"),),
            "Bring cancellations: who ended it, and why.",
        )
    rest = f"; of {formats.count(unknown)} nothing says who ended it" if unknown else ""
    return Answer(
        "Ended by the biller",
        formats.percent(share.value),
        f"{formats.count(share.numerator)} of {formats.count(share.denominator)} lost{rest}",
        formats.interval(share.low, share.high),
        (Verdict("apart from the reasons"),),
        PLAYS["payment_failed"].play if share.numerator else "Nothing to do.",
    )


def _unmapped_row(heard: pd.Series) -> Answer:
    share = rate(int(heard["unmapped"]), int(heard["answered"]))
    return Answer(
        "In words that nobody mapped",
        formats.percent(share.value),
        f"{formats.count(share.numerator)} of {formats.plural(share.denominator, 'answer')}",
        formats.interval(share.low, share.high),
        (Verdict("under no reason yet"),),
        MAP_HERE,
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

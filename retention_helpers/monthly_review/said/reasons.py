"""Why they left, on the first screen: the top reasons with number, interval, verdict, and the play."""

import pandas as pd

from retention_helpers.churn_reasons import PLAYS, Period
from retention_helpers.churn_reasons.said.ranking import asked_of
from retention_helpers.monthly_review.said.answers import COLUMNS, Answer, Answers, Verdict
from retention_helpers.shown.results import of_values
from retention_helpers.statistics.intervals import rate
from retention_helpers.words import formats

__all__ = ["why_they_left"]

MOST_REASONS = 3
ASK_HERE = "Ask everybody who leaves: two questions stand at the end of this page."
MAP_HERE = "Say in retention.yml what they mean: the lines to paste stand below."


def _trend(moved: pd.DataFrame, reason: str) -> tuple[Verdict, ...]:
    """Whether a reason is named more or less often than in the year before, where that can be told."""
    own = moved.loc[moved["reason"] == reason, "verdict"]
    word = own.iloc[0] if len(own) else "too few"
    if word == "too few":
        return ()
    return (Verdict("no clear change in a year" if word == "no clear change" else f"{word} in a year"),)


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

    Takes the reasons of a period, their change, and the coverage with a row of that period, the month first.
    """
    answered = int(top["answered"].iloc[0]) if len(top) else 0
    enough = answered >= max(min_customers, 1)
    named = top.head(MOST_REASONS).to_dict(orient="records") if enough else []
    rows = [_reason_row(row, moved, currency) for row in named]
    heard = coverage[coverage["first_month"] == when.first].iloc[0]
    if heard["lost"] > heard["not_asked"]:
        rows.append(_biller_row(heard, coverage.iloc[0]))
    if heard["decided"]:
        rows.append(_silent_row(heard))
    if heard["unmapped"]:
        rows.append(_unmapped_row(heard))
    span = formats.month_span(when.first, when.last)
    columns = ("Reason", *COLUMNS[1:])
    return Answers(f"Why they left: {span}", tuple(rows), columns, f"Nobody was lost in {span}.")


def _reason_row(row: dict, moved: pd.DataFrame, currency: str) -> Answer:
    return Answer(
        formats.words(row["reason"]),
        formats.percent(row["share"]),
        f"{formats.count(row['customers'])} of {formats.plural(row['answered'], 'answer')}, "
        f"{formats.money(row['mrr_lost'], currency)} of MRR",
        formats.interval(row["share_low"], row["share_high"]),
        _trend(moved, row["reason"]),
        PLAYS[row["reason"]].play,
    )


def _biller_row(heard: pd.Series, month: pd.Series) -> Answer:
    share = rate(int(heard["involuntary"]), int(heard["lost"]))
    unknown = int(heard["not_asked"])
    rest = f"; of {formats.count(unknown)} nothing says who ended it" if unknown else ""
    alone = (
        f"; {pd.Timestamp(month['first_month']):%B} alone {formats.count(month['involuntary'])} of "
        f"{formats.count(month['lost'])}"
        if month["lost"] and heard["first_month"] != month["first_month"]
        else ""
    )
    return Answer(
        "Ended by the biller",
        formats.percent(share.value),
        f"{formats.count(share.numerator)} of {formats.count(share.denominator)} lost{alone}{rest}",
        formats.interval(share.low, share.high),
        (Verdict("no reason of the customer's"),),
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
        f"{formats.count(silent.numerator)} of {asked_of(heard)}",
        formats.interval(silent.low, silent.high),
        tuple(verdicts),
        ASK_HERE
        if heard["not_asked"]
        else "Ask once more, in person."
        if silent.numerator
        else "Nothing to do.",
    )

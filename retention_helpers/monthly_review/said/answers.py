"""The first screen of the review: a row a question, with number, interval, verdict, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from retention_helpers.measurement import measures
from retention_helpers.shown.results import of_values
from retention_helpers.shown.tables import framed
from retention_helpers.statistics.intervals import Change
from retention_helpers.words import calendar, formats

__all__ = ["Answer", "Verdict", "answers", "churn_answer", "cohort_answer", "kinds_answer", "money_answer"]

Tone = Literal["good", "bad", "open"]
COLUMNS = ("Question", "Number", "95 % interval", "Verdict", "Do now")


@dataclass(frozen=True)
class Verdict:
    """A verdict in few words, and whether that is good news, bad news, or open."""

    text: str
    tone: Tone = "open"


@dataclass(frozen=True)
class Answer:
    """A question of the review with its number and basis, its interval, its verdicts, and what to do."""

    question: str
    number: str
    basis: str
    interval: str
    verdicts: tuple[Verdict, ...]
    do_now: str


@dataclass(frozen=True)
class Answers:
    """The first screen: a row a question; cards where the screen is narrow."""

    caption: str
    rows: tuple[Answer, ...]
    columns: tuple[str, ...] = COLUMNS

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{name}</th>' for name in self.columns)
        body = "\n".join(f"<tr>{_answer_cells(row, self.columns)}</tr>" for row in self.rows)
        if not self.rows:
            body = f'<tr><td colspan="{len(self.columns)}">None.</td></tr>'
        return framed(self.caption, heads, body, "answers")

    def __repr__(self) -> str:
        lines = [
            f"{row.question} {row.number}, {row.basis} ({row.interval}); "
            f"{'; '.join(verdict.text for verdict in row.verdicts)}. {row.do_now}"
            for row in self.rows
        ]
        return "\n".join([self.caption, *(lines or ["None."])])


def _answer_cells(row: Answer, columns: Sequence[str]) -> str:
    verdicts = " ".join(
        f'<span class="verdict verdict-{verdict.tone}">{formats.escaped(verdict.text)}</span>'
        for verdict in row.verdicts
    )
    number = f'{formats.escaped(row.number)} <span class="basis">{formats.escaped(row.basis)}</span>'
    cells = [number, formats.escaped(row.interval), verdicts, formats.escaped(row.do_now)]
    labelled = zip(columns[1:], cells, strict=True)
    written = "".join(f'<td data-label="{label}">{cell}</td>' for label, cell in labelled)
    return f'<th scope="row">{formats.escaped(row.question)}</th>{written}'


def answers(rows: Sequence[Answer], month: str) -> Answers:
    """The first screen of the review: a row a question."""
    return Answers(f"{formats.month(month)} at a glance", tuple(rows))


_NOTHING = Verdict("nothing to compare with yet")


_CHURN_TONES: dict[str, Tone] = {"rose": "bad", "fell": "good", "no clear change": "open"}


_STAY_TONES: dict[str, Tone] = {"rose": "good", "fell": "bad", "no clear change": "open"}


@of_values
def _no_answer(question: str, because: str, do_now: str) -> Answer:
    return Answer(question, formats.MISSING, because, formats.MISSING, (_NOTHING,), do_now)


def _unusual(chart: pd.DataFrame) -> tuple[Verdict, ...]:
    """Whether the last month of the control chart is unusual; nothing where it is not judged."""
    now = chart.iloc[-1]
    if now["unusual"] is None:
        return ()
    if not now["unusual"]:
        return (Verdict("within the usual range"),)
    more = now["lost"] > now["most_usual"]
    return (Verdict("unusually many", "bad") if more else Verdict("unusually few", "good"),)


@of_values
def churn_answer(churn: pd.DataFrame, target: float, chart: pd.DataFrame) -> Answer:
    """How many left, against last month, the same month last year, the usual range, and the target.

    Takes the tables of `measures.customer_churn` and `control.chart`.
    """
    now = churn.iloc[-1]
    question = "How many left?"
    if not now["customers_at_start"]:
        return _no_answer(question, "no customers at the month's start", "Nothing yet.")
    verdicts = [
        Verdict(
            f"{moved.verdict} since {formats.short_month(churn.iloc[-1 - back]['month'])}",
            _CHURN_TONES[moved.verdict],
        )
        for back in (1, 12)
        if (moved := measures.churn_change(churn, months_back=back)) is not None
    ]
    goal = measures.churn_target(churn, target)
    limit = formats.percent(goal.churn)
    do_now = (
        f"The target of {limit} is met: keep going."
        if goal.met
        else f"Keep {formats.count(goal.customers_away)} more, and the target of {limit} is met."
    )
    return Answer(
        question,
        formats.percent(now["churn_rate"]),
        f"{formats.count(now['lost'])} of {formats.plural(now['customers_at_start'], 'customer')}",
        formats.interval(now["churn_rate_low"], now["churn_rate_high"]),
        (*verdicts, *_unusual(chart)) or (_NOTHING,),
        do_now,
    )


LATEST = 12  # months; what stood out earlier is no news


def _stands_out(cohorts: pd.DataFrame) -> list[Verdict]:
    """The cohorts of the latest months that stay better or worse than the rest."""
    if cohorts.empty:
        return []
    last = cohorts["cohort"].max()
    words: dict[str, tuple[str, Tone]] = {
        "above the rest": ("more stay than of the rest", "good"),
        "below the rest": ("fewer stay than of the rest", "bad"),
    }
    return [
        Verdict(f"{formats.short_month(row.cohort)}: {words[row.verdict][0]}", words[row.verdict][1])
        for row in cohorts.itertuples()
        if row.verdict in words and calendar.months_between(row.cohort, last) < LATEST
    ]


@of_values
def cohort_answer(parts: pd.DataFrame, change: Change | None, standing_out: pd.DataFrame) -> Answer:
    """Whether the latest cohorts stay through their first month as well as those before.

    And which cohort of the last twelve months stands out, if one does. Takes the tables of
    `cohorts.recent_cohorts` and `cohorts.standing_out`.
    """
    question = "Do newcomers stay?"
    if change is None or len(parts) < 2:
        return _no_answer(question, "too few cohorts past their first month", "Wait for more cohorts.")
    latest = parts.iloc[0]
    do_now = {
        "rose": "Find out what changed, and keep it.",
        "fell": "Look at what newcomers met in their first month.",
        "no clear change": "Nothing new to do.",
    }[change.verdict]
    return Answer(
        question,
        formats.percent(latest["rate"]),
        f"{formats.count(latest['retained'])} of {formats.count(latest['reached'])} past their first month",
        formats.interval(latest["rate_low"], latest["rate_high"]),
        (
            Verdict(f"{change.verdict} against earlier", _STAY_TONES[change.verdict]),
            *_stands_out(standing_out),
        ),
        do_now,
    )


def _share(row: pd.Series, name: str) -> str:
    return formats.rate(row[name], row[f"{name}_low"], row[f"{name}_high"])


@of_values
def money_answer(moved: pd.DataFrame, kept: pd.DataFrame, currency: str) -> Answer:
    """What became of the MRR at the start of the month."""
    now, shares = moved.iloc[-1], kept.iloc[-1]
    grew = now["mrr_at_end"] - now["mrr_at_start"]
    size = formats.money(abs(grew), currency)
    is_known = measures.past_is_known(now)
    verdict = (
        Verdict("whether MRR grew is not known")
        if not is_known
        else Verdict(f"MRR grew by {size}", "good")
        if grew > 0
        else Verdict(f"MRR shrank by {size}", "bad")
        if grew < 0
        else Verdict("MRR stayed the same")
    )
    gained = now["new"] + now["reactivated"] + (now["expansion"] + now["resumed"] if is_known else 0)
    net = _share(shares, "net_revenue_retention") if is_known else "not known without past prices and pauses"
    return Answer(
        "What did it cost?",
        formats.money(now["churned"], currency),
        f"of MRR left; net retention {net}",
        "exact",
        (verdict,),
        "Nothing to do by itself: the losses below say whom to ask."
        if now["churned"]
        else f"Nothing: {formats.money(gained, currency)} came in.",
    )


@of_values
def kinds_answer(kinds: pd.DataFrame) -> Answer:
    """Who ended it: the customer or the biller."""
    question = "Who ended it?"
    now = kinds.iloc[-1]
    if not now["lost"]:
        return Answer(question, formats.MISSING, "nobody left", formats.MISSING, (), "Nothing to do.")
    share = measures.involuntary_share(kinds)
    if not share.denominator:
        return _no_answer(
            question, "nothing in the data says", "Bring cancellations, and ask those who left."
        )
    do_now = (
        "Look after failed payments first: most can be mended."
        if now["involuntary"]
        else "Ask those who decided to leave."
    )
    verdicts = [Verdict(f"{formats.count(now['voluntary'])} decided to leave")]
    if now["kind_unknown"]:
        verdicts.append(Verdict(f"{formats.count(now['kind_unknown'])} unknown"))
    return Answer(
        question,
        formats.percent(share.value),
        f"by the biller: {formats.count(now['involuntary'])} of {formats.count(share.denominator)}",
        formats.interval(share.low, share.high),
        tuple(verdicts),
        do_now,
    )

"""The first screen of the review: the headline that answers, and a card a question."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from retention_helpers.business.opening import ENDS_BEFORE
from retention_helpers.churn_reasons import Period
from retention_helpers.churn_reasons.ranking import may_be_first
from retention_helpers.contract.tables import Fault
from retention_helpers.experiments import Reading
from retention_helpers.experiments.aftermath import MORE
from retention_helpers.measurement.cohorts import retention_after
from retention_helpers.measurement.measures import Target, churn_target, past_is_known
from retention_helpers.monthly_review.aims import against_targets
from retention_helpers.monthly_review.said.experiments import standing
from retention_helpers.monthly_review.verdict import VERDICTS, MonthVerdict, verdict_of_month
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.shown.cards import (
    Bar,
    Bars,
    Card,
    Fine,
    Line,
    Lines,
    Link,
    Notes,
    Picture,
    Screen,
    screen,
)
from retention_helpers.shown.figures import Figure
from retention_helpers.shown.results import Measure, of_values
from retention_helpers.shown.units import TEXT, fields, one_of
from retention_helpers.statistics.intervals import Change
from retention_helpers.statistics.varying import MonthChange
from retention_helpers.words import formats
from retention_helpers.words.calendar import first_of, months_after

__all__ = [
    "aftermath_card",
    "answer",
    "churn_card",
    "do_card",
    "experiments_card",
    "newcomers_card",
    "reasons_card",
    "review_screen",
    "targets",
]

MOST_REASONS, MOST_THINGS = 4, 3
SHOWN_MONTHS = 13  # as the picture of the months has them
PLAN = "../plan.xlsx"
MONTHS = (3, 6, 12)  # after the first, which has its own comparison
_BEGINS: dict[MonthVerdict, str] = {
    "cannot tell": "Nothing to hold it against yet",
    "unusual": "An unusual month",
    "worse": "A worse month",
    "better": "A better month",
    "normal": "A normal month",
}


class Headline(NamedTuple):
    """The answer in two sentences, and the verdict on the month."""

    headline: str
    verdict: MonthVerdict


def headline(
    churn: pd.DataFrame,
    chart: pd.DataFrame,
    moved: MonthChange | None,
    things: int,
    faults: Sequence[Fault] = (),
) -> Headline:
    """Was it a normal month, how many left, and how many things are worth the owner's time?

    Nobody can tell where the data have no row of the month, which `faults` say.
    """
    is_whole = all(fault.rule != ENDS_BEFORE for fault in faults)
    verdict = verdict_of_month(churn, chart, moved, is_whole=is_whole)
    said = _month_in_words(verdict, churn, chart) if is_whole else _as_far_as_known(churn)
    return Headline(f"{said} {_worth(things)}", verdict)


def _as_far_as_known(churn: pd.DataFrame) -> str:
    now = churn.iloc[-1]
    left = f"{formats.count(now['lost'])} of {formats.plural(now['customers_at_start'], 'customer')}"
    return f"The data have no row of {formats.month(now['month'])}: as far as they tell, {left} left."


def _month_in_words(verdict: MonthVerdict, churn: pd.DataFrame, chart: pd.DataFrame) -> str:
    now = churn.iloc[-1]
    if not now["customers_at_start"]:
        return f"{formats.month(now['month'])} began without customers."
    left = f"{formats.count(now['lost'])} of {formats.plural(now['customers_at_start'], 'customer')} left"
    if verdict == "unusual":
        few, many = chart.iloc[-1][["fewest_usual", "most_usual"]]
        usual = f", where {formats.count(few)} to {formats.count(many)} are usual"
        return f"{_BEGINS[verdict]}: {left}{usual}."
    return f"{_BEGINS[verdict]}: {left}{_against_before(churn)}."


def _against_before(churn: pd.DataFrame) -> str:
    if len(churn) < 2 or not churn.iloc[-2]["customers_at_start"]:
        return ""
    more = int(churn.iloc[-1]["lost"] - churn.iloc[-2]["lost"])
    month = pd.Timestamp(churn.iloc[-2]["month"]).strftime("%B")
    if not more:
        return f", as many as in {month}"
    return f", {formats.spelled(abs(more))} {'more' if more > 0 else 'fewer'} than in {month}"


def _worth(things: int) -> str:
    if not things:
        return "Nothing needs your time this month."
    verb = "is" if things == 1 else "are"
    noun = "thing" if things == 1 else "things"
    return f"{formats.spelled(min(things, MOST_THINGS)).capitalize()} {noun} {verb} worth your time."


@of_values
def do_card(actions: pd.DataFrame, currency: str) -> Card:
    """What to do: the first kinds of action of the plan, each with whom, what is at stake, why and by when.

    Takes the table of `plan.actions`.
    """
    if actions.empty:
        return Card("Do this month: nothing", (Fine("Nobody has to be called or written to."),), is_wide=True)
    lines = tuple(_order(row, currency) for row in actions.head(MOST_THINGS).itertuples())
    others = int(actions["customers"].iloc[MOST_THINGS:].sum())
    more = f"{formats.plural(others, 'more customer')} after these." if others else ""
    whole = Fine(more, Link(PLAN, "The whole plan, with messages"))
    return Card("Do this month", (Lines(lines, is_ordered=True), whole), is_wide=True)


def _order(row: Any, currency: str) -> Line:
    by = f"By {row.until.day} {row.until:%B}."
    why = row.why if row.why.endswith("?") else f"{row.why}."
    return Line(f"{row.what}:", f"{_at_stake(row, currency)}{why} {by}", row.notebook)


def _at_stake(row: Any, currency: str) -> str:
    hangs_on_it = ACTIONS[row.id].money if row.id in ACTIONS else ""
    if not hangs_on_it or formats.is_missing(row.mrr):
        return ""
    return f"{currency} {formats.count(round(row.mrr))} a month {hangs_on_it}; ".lstrip()


@of_values
def churn_card(
    answer: Headline,
    churn: pd.DataFrame,
    moved: MonthChange | None,
    aims: pd.DataFrame,
    mrr: pd.DataFrame,
    picture: Figure | None,
    currency: str,
) -> Card:
    """How many left, against last month and the targets, and what became of the MRR.

    Its heading says what the headline says of an unusual month, and of one of which the data have no row: one
    verdict a screen.
    """
    now = churn.iloc[-1]
    is_told = answer.verdict != "cannot tell" or moved is None
    rate = formats.rate(now["churn_rate"], now["churn_rate_low"], now["churn_rate_high"])
    words = [
        f"{rate}{_rate_before(churn)}.",
        *(_goal(churn_target(churn, getattr(_aim(aims, "churn"), "target", None))) if is_told else ()),
        _money(mrr.iloc[-1], currency),
        *_said(aims, "net_revenue_retention", "net revenue retention", formats.percent),
        *_said(aims, "mrr", "MRR", formats.money),
    ]
    parts: tuple[Picture | Fine | Notes, ...] = (*_drawn(picture), Fine(" ".join(words)), *_noted(picture))
    return Card(_churn_heading(answer.verdict, moved), parts, "measurement")


def _churn_heading(verdict: MonthVerdict, moved: MonthChange | None) -> str:
    if verdict == "unusual":
        return "Churn: an unusual month"
    return "Churn: cannot be told yet" if verdict == "cannot tell" and moved else f"Churn {_compared(moved)}"


def _compared(moved: MonthChange | None) -> str:
    """
    >>> _compared(None)
    'has nothing to be compared with yet'
    """
    if moved is None:
        return "has nothing to be compared with yet"
    before = "the month" if moved.months == 1 else f"the {formats.count(moved.months)} months"
    return f"against {before} before: {moved.verdict}"


def _drawn(picture: Figure | None) -> list[Picture]:
    return [Picture(picture)] if picture else []


def _noted(picture: Figure | None) -> list[Notes]:
    """The owner's notes that are drawn."""
    return [Notes(tuple(picture.below))] if picture and picture.below else []


def _aim(aims: pd.DataFrame, name: str) -> Any:
    return next(aims[aims["name"] == name].itertuples(), None)


def _said(aims: pd.DataFrame, name: str, words: str, written: Callable[[object], str]) -> list[str]:
    """Whether one of the owner's further targets was met; nothing where there is none, or it is not known."""
    aim = _aim(aims, name)
    if aim is None or aim.met is None:
        return []
    missed = "met" if aim.met else "missed"
    return [f"The target for {words}, {written(aim.target)}, is {missed}: {written(aim.value)}."]


def _money(row: pd.Series, currency: str) -> str:
    start, end = (formats.count(round(row[name])) for name in ("mrr_at_start", "mrr_at_end"))
    return f"MRR {currency} {start} → {end}." if past_is_known(row) else f"MRR {currency} {end}."


def _rate_before(churn: pd.DataFrame) -> str:
    if len(churn) < 2:
        return ""
    before = churn.iloc[-2]
    return f", {pd.Timestamp(before['month']):%B} {formats.percent(before['churn_rate'])}"


def _goal(goal: Target) -> list[str]:
    if goal.met is None:
        return []
    limit = formats.percent(goal.churn)
    if goal.met:
        return [f"The target of {limit} is met."]
    away = int(goal.customers_away or 0)
    stay = "stays" if away == 1 else "stay"
    return [f"{formats.spelled(away).capitalize()} more who {stay} would have met the target of {limit}."]


@of_values
def reasons_card(
    shown: pd.DataFrame, when: Period, month: pd.DataFrame, kinds: pd.DataFrame, *, min_customers: int
) -> Card:
    """Why they left: the reasons of the last months as bars, and this month beside them.

    Takes the shares of reasons in the period shown and in the month, and who ended it.
    """
    answered = int(shown["answered"].iloc[0]) if len(shown) else 0
    span = formats.month_span(when.first, when.last)
    if not answered and not kinds["lost"].tail(max(when.months, 1)).any():
        return Card("Why they leave: nobody left", (Fine(f"Nobody was lost in {span}."),), "churn_reasons")
    if answered < max(min_customers, 1):
        many = f"{formats.plural(answered, 'answer')} in {span}" if answered else f"Nobody said why in {span}"
        said = f"{many}{': too few to rank' if answered else ''}. Ask everybody who leaves."
        return Card("Why they leave: not known yet", (Fine(said), *_biller(kinds)), "churn_reasons")
    first = may_be_first(shown)
    bars = tuple(
        Bar(formats.words(row.reason), int(row.customers), row.reason in first)
        for row in shown.head(MOST_REASONS).itertuples()
    )
    words = f"{formats.plural(answered, 'answer')}, {span}.{_month_alone(month, when)}"
    return Card(
        f"Why they leave: {_ahead(first)}", (Bars(bars), Fine(words), *_biller(kinds)), "churn_reasons"
    )


def _ahead(first: Sequence[str]) -> str:
    if len(first) == 1:
        return f"{formats.words(first[0]).lower()}, ahead for sure"
    return f"{formats.spelled(len(first))} reasons, none ahead for sure"


def _month_alone(month: pd.DataFrame, when: Period) -> str:
    if when.months == 1 or month.empty:
        return ""
    named = ", ".join(
        f"{formats.words(row.reason).lower()} {formats.count(row.customers)}"
        for row in month.head(2).itertuples()
    )
    answered = formats.plural(int(month["answered"].iloc[0]), "answer")
    return f" {pd.Timestamp(when.last):%B} alone, {answered}: {named}."


def _biller(kinds: pd.DataFrame) -> tuple[Fine, ...]:
    now = kinds.iloc[-1]
    if not now["lost"] or now["kind_unknown"] == now["lost"] or not now["involuntary"]:
        return ()
    ended = f"{formats.count(now['involuntary'])} of the {formats.count(now['lost'])} lost this month"
    return (Fine(f"The biller ended {ended}."),)


@of_values
def newcomers_card(
    triangle: pd.DataFrame, parts: pd.DataFrame, moved: Change | None, aims: pd.DataFrame
) -> Card:
    """Whether newcomers stay: the latest cohorts past their first month, then everybody at months 3, 6, 12.

    Takes the anniversary triangle and the table of `cohorts.recent_cohorts`.
    """
    if parts.empty:
        return Card(
            "Newcomers: too early to tell", (Fine("No cohort's first months are over yet."),), "measurement"
        )
    verdict = {"rose": "more stay than before", "fell": "fewer stay than before"}
    heading = verdict.get(moved.verdict, "as before") if moved else "nothing to compare with yet"
    latest = parts.iloc[0]
    first = int(latest["k"])  # of a shop later than a month: nobody can be lost before
    past = "month" if first == 1 else f"{formats.spelled(first)} months"
    stayed = (
        f"{formats.count(latest['retained'])} of {formats.count(latest['reached'])} stayed past their first "
        f"{past}: {formats.percent(latest['rate'], 0)}"
    )
    before = f", earlier {formats.percent(parts.iloc[1]['rate'], 0)}" if len(parts) > 1 else ""
    later = [(k, retention_after(triangle, k)) for k in MONTHS if k > first]
    there = ", ".join(
        f"{k} months {formats.percent(one.value, 0)} of {formats.count(one.denominator)}"
        for k, one in later
        if one.denominator
    )
    words = f"{stayed}{before}." + (f" After {there}, returns included." if there else "")
    said = " ".join([words, *_said(aims, "first_month", "the first month", formats.percent)])
    return Card(f"Newcomers: {heading}", (Fine(said),), "measurement")


@of_values
def experiments_card(reading: Reading) -> Card | None:
    """How each open experiment stands and what to do about it; nothing where there is none."""
    lines = standing(reading)
    if not lines:
        return None
    shown = Lines(tuple(Line(name, words) for name, words in lines))
    return Card("Experiments", (shown,), "experiments")


@of_values
def aftermath_card(followed: pd.DataFrame, month: str, currency: str) -> Card | None:
    """What cost customers in the last `SHOWN_MONTHS` months; nothing where no announcement clearly did.

    Takes the table of `experiments.what_it_did`.
    """
    first = months_after(first_of(month), 1 - SHOWN_MONTHS)
    is_shown = (followed["verdict"] == MORE) & (
        pd.to_datetime(followed["happened_on"]) >= pd.Timestamp(first)
    )
    lines = tuple(_followed(row, currency) for row in followed[is_shown].iloc[::-1].itertuples())
    return Card("What cost customers", (Lines(lines),), "experiments") if lines else None


def _followed(row: Any, currency: str) -> Line:
    more = formats.counted(*map(round, (row.customers, row.customers_low, row.customers_high)))
    lost = formats.amount(row.mrr, row.mrr_low, row.mrr_high, currency)
    worth = "" if formats.is_missing(row.worth) else f" {str(row.worth).capitalize()}."
    return Line(f"{row.what}:", f"{more} more left than usual, {lost} of MRR.{worth}")


@of_values
def review_screen(answer: Headline, *cards: Card | None) -> Screen:
    """The first screen: the headline over the cards that have something to say."""
    return screen(answer.headline, cards)


answer = Measure(
    headline,
    findings={"review": fields("The answer of the month.", headline=TEXT, verdict=one_of(*VERDICTS))},
    record=lambda value: {"review": value._asdict()},
)

targets = Measure(against_targets, findings="targets", note="The owner's targets, and whether they were met.")

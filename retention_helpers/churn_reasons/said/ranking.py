"""The reasons and their change, as the page shows them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from retention_helpers.churn_reasons import implications, ranking
from retention_helpers.churn_reasons.answers import QUARTER, YEAR, Period
from retention_helpers.churn_reasons.ranking import BLOCK, FOLLOWED, Changes, Standing
from retention_helpers.churn_reasons.said.wording import begun, in_words, inside, named, span
from retention_helpers.shown import figures
from retention_helpers.shown.figures import Figure
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import COUNT, MONTH, Node, fields, noted, several
from retention_helpers.statistics.control import FEWEST_MONTHS
from retention_helpers.statistics.varying import USUAL_SPREAD
from retention_helpers.words import formats

__all__ = [
    "base", "base_beside", "change", "change_of_month", "change_of_quarter", "changes", "longer_reasons",
    "month_reasons", "months_side_by_side", "plays", "shares", "shares_over_time", "shown_reasons",
    "with_bounds", "year_reasons",
]  # fmt: skip

NAMED = 3  # reasons of a sentence


def _which_months(led: Standing, heard: pd.DataFrame, min_customers: int) -> Sentence:
    """Which months the page leads with, and why."""
    when, now = led.when, heard.iloc[0]
    month = formats.month_span(now["first_month"], now["last_month"])
    answers = formats.plural(int(now["mapped"]), "answer")
    own = int(heard.loc[heard["first_month"] == when.first, "mapped"].iloc[0])
    least = formats.count(min_customers)
    if when.months == 1 and own >= min_customers:
        return Sentence(f"This page leads with {month} alone: it has {answers}, and {least} are enough.")
    if own >= min_customers:
        return Sentence(
            f"{month} has {answers}, fewer than {least}. So this page leads with {span(when)}, with "
            f"{formats.plural(own, 'answer')}."
        )
    if not own:
        unmapped = int(heard.loc[heard["first_month"] == when.first, "unmapped"].iloc[0])
        return Sentence(
            f"All {formats.count(unmapped)} who said why {inside(when)} did so in words that nobody mapped."
            if unmapped
            else f"Nobody said why {inside(when)}."
            if heard.loc[heard["first_month"] == when.first, "lost"].iloc[0]
            else f"Nobody was lost {inside(when)}."
        )
    return Sentence(
        f"There are fewer than {least} answers even {inside(when)} ({formats.count(own)}). So the reasons "
        "stand in the order of the list: a ranking of so few would be chance."
    )


TOP = noted(
    rows_of(ranking.with_trend)["items"],
    "A reason: its share among those who answered; at_least and at_most are its shares among all who decided "
    "to leave, if none or all of the silent had named it.",
)


def _top(of: Standing) -> list[dict[str, Any]]:
    return records(ranking.with_trend(of.top, of.moved), ranking.with_trend)


def _with_months(note: str) -> Node:
    return fields(note, first_month=MONTH, last_month=MONTH, months=COUNT, top=several(TOP))


def _of_months(of: Standing) -> dict[str, Any]:
    first, last = (formats.iso_month(day) for day in (of.when.first, of.when.last))
    return {"first_month": first, "last_month": last, "months": of.when.months, "top": _top(of)}


shown_reasons = Measure(
    Standing,
    sentence=_which_months,
    findings={
        "shown": _with_months(
            f"The months that the page leads with: the shortest of 1, {QUARTER} and {YEAR} with enough "
            "answers."
        )
    },
    record=lambda of: {"shown": _of_months(of)},
)
longer_reasons = Measure(
    Standing,
    findings={
        "beside": _with_months(
            f"What stands beside those months: the last {YEAR}, or all that the data hold where the page "
            f"leads with {YEAR}."
        )
    },
    record=lambda of: {"beside": _of_months(of)},
)
month_reasons = Measure(
    Standing,
    findings={"top": several(TOP, f"Of the month alone; trend against the {YEAR} months before.")},
    record=lambda of: {"top": _top(of)},
)
year_reasons = Measure(
    Standing,
    findings={"last_12_months": fields(answered=COUNT, top=several(TOP))},
    record=lambda of: {"last_12_months": {"answered": of.top["customers"].sum(), "top": _top(of)}},
)


def base(heard: pd.DataFrame, when: Period) -> str:
    """What the shares are shares of, as the title of a table and of its figure."""
    row = heard[heard["first_month"] == when.first].iloc[0]
    answers = formats.plural(int(row["mapped"]), "answer")
    more = f" ({formats.count(row['unmapped'])} more not mapped)" if row["unmapped"] else ""
    return f"{answers}{more} of {asked_of(row)}, {span(when)}"


def asked_of(heard: pd.Series) -> str:
    """Of whom a reason is asked: all who were lost but those whom the biller is known to have ended."""
    whom = "whom the biller did not end" if heard["involuntary"] else "lost"
    return f"{formats.count(heard['decided'])} {whom}"


def base_beside(top: pd.DataFrame, when: Period) -> str:
    """The same for the longer period beside it."""
    answers = formats.plural(int(top["answered"].iloc[0]) if len(top) else 0, "answer")
    return f"For comparison: {answers}, {span(when)}"


NEEDED = "Reasons come from cancellations.csv, column reason."


def _first_reason(top: pd.DataFrame, when: Period, currency: str, *, min_customers: int) -> Sentence:
    """The reason named most, within which bounds, and whether it is clearly the first."""
    if top.empty:
        return Sentence(f"Nobody gave a reason that is known {inside(when)}. {NEEDED}")
    answered = int(top["answered"].iloc[0])
    if answered < min_customers:
        return Sentence(
            f"{formats.plural(answered, 'answer')} {inside(when)}: too few to say which reason is the most "
            "common."
        )
    first = top.iloc[0]
    share = formats.rate_in(first, "share")
    text = (
        f"{begun(inside(when))}, {formats.count(first['customers'])} of {formats.count(answered)} who "
        f"answered named {named(first['reason'])}: {share}. Whatever the silent would have said, it is "
        f"between {formats.percent(first['at_least_share'])} and {formats.percent(first['at_most_share'])} "
        "of all whom the biller did not end. These customers paid "
        f"{formats.money(first['mrr_lost'], currency)} a month."
    )
    if len(top) == 1:
        return Sentence(text)
    second = f"{named(top['reason'].iloc[1])} ({formats.count(top['customers'].iloc[1])})"
    order = (
        f"It is clearly ahead of {second}."
        if ranking.order_is_clear(top)
        else f"Whether it is really ahead of {second} cannot be told from so few."
    )
    return Sentence(f"{text} {order}")


def _shares_figure(top: pd.DataFrame, title: str) -> Figure | None:
    clear = ranking.order_is_clear(top)
    return figures.shares(top, "reason", "share", title=title, is_first_clear=clear)


_REASONS = "The reasons, by customers and by MRR"
shares = Measure(ranking.shares, _REASONS, sentence=_first_reason, figure=_shares_figure)
with_bounds = Measure(ranking.with_bounds, _REASONS)


def _what_moved(moved: pd.DataFrame, now: Period, before: Period) -> Sentence:
    """Which reasons are named more or less often than before."""
    if moved.empty:
        return Sentence(f"There are no answers to compare {inside(now)}. {NEEDED}")
    if not before.months:
        return Sentence(f"The data begin with {span(now)}: there is nothing to compare with yet.")
    counts = [formats.plural(int(moved[name].iloc[0]), "answer") for name in ("answered", "answered_before")]
    spans = f"{span(now)} ({counts[0]}) against {span(before)} ({counts[1]})"
    if (moved["verdict"] == "too few").all():
        return Sentence(f"{spans}: too few answers to compare.")
    out = moved[moved["verdict"].isin(["rose", "fell"])]
    if out.empty:
        return Sentence(
            f"{spans}: no reason is named clearly more or less often. So few answers cannot tell a small "
            "change from none."
        )
    said = [
        f"{named(row.reason)} {row.verdict} from {formats.percent(row.before_share)} to "
        f"{formats.percent(row.share)}, "
        f"{formats.difference(row.share_change, row.share_change_low, row.share_change_high)}"
        " percentage points"
        for row in out.itertuples()
    ]
    others = " The others show no clear change." if len(out) < len(moved) else ""
    months = int(moved["months_before"].iloc[0])
    few = (
        " So few months cannot tell how much months differ by themselves: "
        f"{formats.percent(USUAL_SPREAD, 0)} of the share is allowed for it."
        if months < FEWEST_MONTHS
        else ""
    )
    return Sentence(f"{spans}: {'; '.join(said)}.{others}{few}")


def _not_below(moved: pd.DataFrame, when: Period, before: Period) -> Sentence | None:
    """What moved, where none of the two comparisons below says it."""
    return _what_moved(moved, when, before) if when.months > QUARTER else None


def _if_enough(moved: pd.DataFrame, now: Period, before: Period) -> Sentence | None:
    """What moved in the month alone, where it has answers enough to tell; the quarter says it otherwise."""
    is_known = len(moved) and before.months and not (moved["verdict"] == "too few").all()
    return _what_moved(moved, now, before) if is_known else None


change = Measure(ranking.change, "Each reason's share, against the time before", sentence=_not_below)
change_of_month = Measure(
    ranking.change, f"The report month, against the {YEAR} months before it", sentence=_if_enough
)
change_of_quarter = replace(
    change_of_month,
    caption=f"The last {in_words(QUARTER)} months, against the {YEAR} months before them",
    sentence=_what_moved,
)


def _changes_record(moved: Changes) -> Mapping[str, Any]:
    return {"change": {name: records(rows, ranking.change) for name, rows in moved._asdict().items()}}


changes = Measure(
    Changes,
    findings={
        "change": fields(
            f"Each reason's share against the {YEAR} months before.",
            **dict.fromkeys(Changes._fields, rows_of(ranking.change)),
        )
    },
    record=_changes_record,
)


def _between_what(blocks: pd.DataFrame) -> Sentence:
    """Between what the first reason has moved, in periods with enough answers to speak of a share."""
    if blocks.empty:
        return Sentence("There is no time to look back on yet.")
    first = blocks["reason"].iloc[0]
    own = blocks[(blocks["reason"] == first) & blocks["enough"]]
    if len(own) < 2:
        return Sentence("Fewer than two periods have enough answers: there is nothing to compare yet.")
    ends = [own.loc[own["share"].idxmin()], own.loc[own["share"].idxmax()]]
    said = [
        f"{formats.percent(row['share'], 0)} ({formats.month_span(row['first_month'], row['last_month'])}, "
        f"{formats.plural(int(row['answered']), 'answer')})"
        for row in ends
    ]
    return Sentence(
        f"Where there are enough answers, the share of {named(first)} lay between {said[0]} and "
        f"{said[1]}. The longer a bar, the fewer the answers behind it: believe what lasts, not one jump."
    )


def _over_time_figure(blocks: pd.DataFrame, notes: pd.DataFrame) -> Figure | None:
    if blocks.loc[blocks["enough"], "first_month"].nunique() < 2:
        return None
    title = f"Share of the answers, every {in_words(BLOCK)} months"
    return figures.shares_over_time(blocks, title=title, notes=notes)


_FOLLOWED = f"The {in_words(FOLLOWED)} most common reasons, every {in_words(BLOCK)} months"
shares_over_time = Measure(
    ranking.shares_over_time,
    _FOLLOWED,
    sentence=_between_what,
    figure=_over_time_figure,
    findings="over_time",
    note=f"{_FOLLOWED}.",
)
months_side_by_side = Measure(ranking.months_side_by_side, _FOLLOWED)


def _dearest(rows: pd.DataFrame, currency: str) -> Sentence:
    """The play that could reach the most MRR, and how certain that order is."""
    if rows.empty:
        return Sentence(f"Nobody said why, so there is no play to choose yet. {NEEDED}")
    first = rows.iloc[0]
    ends = (first["mrr_a_month"], first["mrr_a_month_low"], first["mrr_a_month_high"])
    amount = formats.amount(*ends, currency)
    level = [row for row in rows.iloc[1:].itertuples() if row.mrr_a_month_high > first["mrr_a_month_low"]]
    costs = "may cost" if level else "costs"
    text = f"{named(first['reason'])} {costs} the most: {amount} of MRR lost to it each month."
    if not level:
        return Sentence(f"{text} {first['play']}")
    names = [named(row.reason) for row in level[:NAMED]]
    more = [f"{formats.count(len(level) - NAMED)} more"] if len(level) > NAMED else []
    plays = " ".join(f"{named(row['reason'])}: {row['play']}" for _, row in rows.head(2).iterrows())
    return Sentence(
        f"{text} With so few losses {listed([*names, *more])} may cost as much: choose by what you can do. "
        f"{plays}"
    )


def _plays_figure(rows: pd.DataFrame, currency: str) -> Figure | None:
    title = f"MRR lost a month by reason, mean of the last {YEAR} months"
    return figures.amounts(rows, "reason", "mrr_a_month", title=title, currency=currency)


plays = Measure(
    implications.plays,
    "Reasons, what they imply, and the play, the largest MRR first",
    sentence=_dearest,
    figure=_plays_figure,
    findings="plays",
    note=f"What each reason implies, and the play; mrr_a_month is the mean of the last {YEAR} months.",
)

"""What the page says, in words computed from its tables."""

from collections.abc import Mapping

import pandas as pd

from retention_helpers.churned_vs_retained.adjusted import (
    CONFIRMED,
    EXPLAINED_BY_OTHERS,
    NOT_TOLD_APART,
    common_causes,
    leading,
)
from retention_helpers.churned_vs_retained.cuts import Thresholds
from retention_helpers.churned_vs_retained.established import Established
from retention_helpers.churned_vs_retained.known import SIGNED_UP_IN
from retention_helpers.churned_vs_retained.landmark import STAGES, Comparison
from retention_helpers.churned_vs_retained.lot import HELPED
from retention_helpers.churned_vs_retained.said.tables import labelled, points, what
from retention_helpers.churned_vs_retained.univariate import NOT_SEEN, TOO_FEW
from retention_helpers.churned_vs_retained.valuation import Proposal
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.statistics.intervals import rate
from retention_helpers.words import formats

__all__ = ["losses_of_models", "of_this_time", "pathways"]

MOST_NAMED = 6
MOST_SHADOWS = 3
CHANCE = 0.05


def _named(rows: pd.DataFrame) -> str:
    """The drivers of a table in a sentence; of many the first, and how many more."""
    names = list(rows["label"])
    more = len(names) - MOST_NAMED
    return listed(names) if more <= 0 else f"{', '.join(names[:MOST_NAMED])} and {formats.count(more)} more"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def of_this_time(together: pd.DataFrame) -> pd.DataFrame:
    """The confirmed drivers that somebody can act on: all but the time of sign-up."""
    confirmed = leading(together)
    return confirmed[confirmed["name"] != SIGNED_UP_IN]


def answer(comparison: Comparison, together: pd.DataFrame) -> Sentence:
    """How many left of those who were compared, and how many things were different before."""
    settled = comparison.settled
    landmark, horizon = comparison.landmark_days, formats.plural(comparison.horizon_days, "day")
    risk = rate(int(settled["lost"].sum()), len(settled))
    if not comparison.knows_days:
        return Sentence(
            "The data know the months in which customers came and went, and no days, so nobody can be "
            "compared at the same age."
        )
    if not risk.denominator:
        return Sentence(
            f"For no customer who was there on day {landmark} after sign-up are the {horizon} after it over "
            "yet, so there is nothing to compare."
        )
    went = "left" if comparison.counts_buyers else "asked to cancel or ended"
    base = (
        f"Of {formats.plural(risk.denominator, 'customer')} who were there on day {landmark} after sign-up "
        f"and have been watched for the {horizon} after it, {formats.count(risk.numerator)} {went} "
        f"in these days: {formats.rate(risk.value, risk.low, risk.high)}."
    )
    confirmed = len(of_this_time(together))
    if confirmed:
        many = formats.plural(confirmed, "thing was", "things were")
        return Sentence(f"{base} {many} different about them before, and nothing known earlier explains it.")
    if (together["verdict"] == TOO_FEW).all():
        return Sentence(f"{base} That is too few to say what was different about them.")
    if (together["verdict"] == NOT_TOLD_APART).any():
        return Sentence(
            f"{base} Something was different about them before, but what goes with what cannot be told yet."
        )
    return Sentence(
        f"{base} Nothing known about them by then was different beyond what chance does. That is no "
        "proof that nothing was: the intervals below say what so few customers could have missed."
    )


def lesser_verdicts(together: pd.DataFrame) -> Sentence | None:
    """How much looked different and is explained, was not seen, and is too few.

    None where everything holds up, or all is too few, as the answer says.
    """
    kinds = (
        (EXPLAINED_BY_OTHERS, "explained by others"),
        (NOT_TOLD_APART, "not told apart from others"),
        (NOT_SEEN, "not seen to differ"),
        (TOO_FEW, "with too few customers to tell"),
    )
    many = together["verdict"].value_counts()
    parts = [f"{formats.count(many[verdict])} {said}" for verdict, said in kinds if verdict in many]
    if not parts or many.get(TOO_FEW) == len(together):
        return None
    compared = formats.plural(len(together), "thing")
    return Sentence(f"Of {compared} that were compared, {listed(parts)}: the tables below name them.")


def flow(stages: pd.DataFrame, landmark_days: int) -> Sentence:
    """How many of those who signed up are compared, and how many left too early for it."""
    count = dict(zip(stages["stage"], stages["customers"], strict=True))
    if count.get(STAGES[4]):
        return Sentence(
            f"None of {formats.plural(count['signed up'], 'customer')} is compared: the data know the "
            f"months in which they came and went, and no days."
        )
    early = count.get(STAGES[2], 0)
    gone = (
        f" {formats.count(early)} left before the landmark: about them this comparison says nothing."
        if early
        else ""
    )
    return Sentence(
        f"Of {formats.plural(count['signed up'], 'customer')} who signed up, "
        f"{formats.count(count[STAGES[-1]])} were there on day {landmark_days} and can be compared."
        f"{gone}{_not_compared(count)}"
    )


_WHY_NOT = {
    STAGES[0]: "signed up before the records begin",
    STAGES[1]: "signed up too late to be that old",
    STAGES[3]: "did not pay on it: still in a trial, paying later, or never",
}


def _not_compared(count: Mapping[str, int]) -> str:
    parts = [f"{formats.count(count[stage])} {why}" for stage, why in _WHY_NOT.items() if count.get(stage)]
    return f" Of the others, {listed(parts)}." if parts else ""


def claimed_without_landmark(frame: pd.DataFrame) -> Sentence:
    """What the naive comparison would have claimed, and what is left of it."""
    if frame.empty:
        return Sentence(
            "It takes events.csv, tickets.csv, emails.csv or payments.csv: what a comparison of whole lives "
            "claims."
        )
    claimed = frame[frame["p_value"] < CHANCE]
    if claimed.empty:
        return Sentence("Here even whole lives show no difference beyond chance.")
    gone = claimed[~(claimed["landmark_p_value"] < CHANCE)]
    left = (
        f"Up to the landmark nothing is left of it for {listed(list(gone['measure']))}: those who "
        "stay just have longer."
        if len(gone)
        else "Up to the landmark these differ too, but not by as much."
    )
    return Sentence(
        f"Counted over whole lives, those who left and those who stayed differ in "
        f"{listed(list(claimed['measure']))}. {left}"
    )


def could_have_missed(rows: pd.DataFrame) -> Sentence:
    """How large a difference may be hidden where none was seen."""
    if rows.empty:
        return Sentence("There is nothing that was looked at closely and not seen to differ.")
    least, most = rows.iloc[0], rows.iloc[-1]
    if len(rows) == 1:
        return Sentence(
            f"So few customers cannot exclude a difference of up to {points(most['missed'])} in "
            f"“{most['label']}”."
        )
    return Sentence(
        f"Not seen is no proof of none. Least is hidden in “{least['label']}”: a difference beyond "
        f"{points(least['missed'])} would have shown. Most may be hidden in “{most['label']}”, up to "
        f"{points(most['missed'])}."
    )


def pathways(frame: pd.DataFrame) -> Sentence:
    """Which confirmed drivers work through later ones, and which others are shadows of an earlier one."""
    label = dict(zip(frame["name"], frame["label"], strict=True))
    carried = [
        f"“{_capital(what(row))}” seems to work through {labelled(label, row.works_through)}: that is "
        "its way to help, and no reason to do without it."
        for row in leading(frame).itertuples()
        if row.works_through
    ]
    shadows = [
        f"“{_capital(what(row))}” tells nothing more once {labelled(label, row.explained_by)} is known: a "
        "common cause, and no lever."
        for row in common_causes(frame).head(MOST_SHADOWS).itertuples()
    ]
    return Sentence(" ".join([*carried, *shadows]) or "No pathway and no common cause can be told.")


def losses_of_models(frame: pd.DataFrame) -> Sentence:
    """On how many losses the models stand, and whether an effect changes with the days."""
    judged = frame[frame["losses_a_column"].notna()]
    if judged.empty:
        return Sentence("There are too few losses for a model: no driver was held beside the others.")
    fewest = formats.number(judged["losses_a_column"].min(), 1)
    ground = (
        f"The largest model has {fewest} losses for each of its columns; the other columns were held "
        "back by a penalty, so that chance in them does not pass for an explanation."
        if judged["is_penalised"].any()
        else f"Every model has at least {fewest} losses for each of its columns, enough to need no penalty."
    )
    if not (frame["verdict"] == CONFIRMED).any():
        return Sentence(ground)
    changing = frame[frame["changes"]]
    constant = (
        f"The effect of {_named(changing)} is not the same on all days: the ratio is its average."
        if len(changing)
        else "No effect that holds up clearly grows or fades with the days."
    )
    return Sentence(f"{ground} {constant}")


def still_there(curves: pd.DataFrame) -> Sentence:
    """Where the two sides stand at the end of the horizon."""
    if curves.empty:
        return Sentence("No difference holds up, so there are no two sides to follow.")
    said = []
    for by, own in curves.groupby("by", sort=False):
        ends = [side.iloc[-1] for _, side in own.groupby("side", sort=False)]
        shares = [f"{formats.percent(end['still_there'])} with “{end['side']}”" for end in ends]
        said.append(f"by {by}: {listed(shares)}")
    day = formats.count(curves["day"].max())
    return Sentence(f"Still there on day {day} after the landmark, {'; '.join(said)}.")


def worth(valued: pd.DataFrame) -> Sentence:
    """The largest worth in plain words: an association."""
    if valued.empty:
        return Sentence("Nothing that could be influenced holds up, so there is nothing to put a worth on.")
    row = valued.iloc[0]
    return Sentence(
        f"If everybody were like those with “{row['better']}” in “{row['label']}”, "
        f"{formats.percent(row['risk_if'])} would have left instead of "
        f"{formats.percent(row['risk'])}, as far "
        "as these data say. That is an association and no promise: those customers may differ in what nobody "
        "wrote down."
    )


def proposal(proposed: Proposal | None) -> Sentence | None:
    """The experiment that would tell, with its size and how long it takes; None where none is proposed."""
    if proposed is None:
        return None
    better = f"“{proposed.better}”"
    best, step = formats.months(proposed.months), formats.months(proposed.step_months)
    return Sentence(
        f"Only an experiment tells whether “{proposed.label}” is a cause: one that helps every second "
        f"newcomer with it. It has two questions, of two sizes, at "
        f"{formats.count(round(proposed.newcomers_a_month))} "
        f"sign-ups a month. Does the help work: does the share of {better} rise from "
        f"{formats.percent(proposed.step_from, 0)} to {formats.percent(proposed.step_to, 0)}? That takes "
        f"{formats.count(proposed.step_per_arm)} customers an arm, {step}. Do fewer leave? That takes "
        f"{formats.count(proposed.per_arm)} an arm, {best}, if the help brings everybody to {better} and the "
        "whole association is an effect; else more."
    )


def begin_with(drawn: pd.DataFrame, proposed: Proposal | None) -> Sentence | None:
    """How many newcomers the experiment could begin with, and how many of them are drawn to be helped.

    None where no experiment is proposed.
    """
    if proposed is None:
        return None
    if drawn.empty:
        return Sentence(
            "There is no newcomer to begin with: those who are young enough are won already, or take part in "
            "an experiment that runs."
        )
    helped = int((drawn["arm"] == HELPED).sum())
    return Sentence(
        f"{_capital(formats.plural(len(drawn), 'newcomer'))} could begin: {formats.count(helped)} are drawn "
        f"to be helped, {formats.count(len(drawn) - helped)} to be left as before."
    )


def thresholds(found: Thresholds) -> Sentence:
    """How many thresholds were searched, tried and held."""
    if not found.searched:
        return Sentence("There is no number of the first weeks in which a threshold could be searched.")
    held = (
        f"{formats.plural(len(found.held), 'threshold')} held on the customers that had no part in the search"
        if len(found.held)
        else "none held on the customers that had no part in the search, so none is shown"
    )
    return Sentence(
        f"{_capital(formats.plural(found.searched, 'number was', 'numbers were'))} searched, "
        f"{formats.plural(found.tried, 'threshold')} tried: {held}."
    )


def segments(frame: pd.DataFrame) -> Sentence:
    """Which segments leave more or less than the rest, and how many are too small to say."""
    if frame.empty:
        return Sentence("There is no attribute by which customers could be told apart.")
    parts = [
        f"{said}: {listed([f'{row.segment} ({row.by})' for row in rows.itertuples()])}."
        for where, said in (("above", "Left more than the others of their kind"), ("below", "Left less"))
        if len(rows := frame[frame["verdict"] == f"{where} the rest"])
    ]
    few = int((frame["verdict"] == TOO_FEW).sum())
    judged = " ".join(parts) or "No segment left clearly more or less than the others of its kind."
    tail = f" {_capital(formats.plural(few, 'segment is', 'segments are'))} too few to say." if few else ""
    return Sentence(f"{judged} The order of all the others is what chance makes of it.{tail}")


def established(found: Established) -> Sentence:
    """How many established customers were looked at, and what preceded their leaving."""
    if not found.customers:
        return Sentence("Nobody has been a customer for long enough to be held against their own past.")
    confirmed = found.drivers[found.drivers["verdict"] == CONFIRMED]
    preceded = (
        f"Different before: {_named(confirmed)}."
        if len(confirmed)
        else "Nothing was clearly different before."
    )
    every = formats.count(found.one_of_every)
    chosen = f" (one of every {every}, which is enough to tell)" if found.one_of_every > 1 else ""
    return Sentence(
        f"{_capital(formats.plural(found.customers, 'established customer'))}{chosen}, looked at "
        f"{formats.plural(len(found.month_ends), 'time')} in all; after {formats.count(found.lost)} of these "
        f"they asked or ended within a month. {preceded}"
    )

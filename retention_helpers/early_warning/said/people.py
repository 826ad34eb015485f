"""What is said of the customers at risk: whom to speak to first, and what that can save."""

from decimal import Decimal

import pandas as pd

from retention_helpers.early_warning import people as listed_people
from retention_helpers.early_warning.lifecycle import LATELY_CONTACTED_DAYS
from retention_helpers.early_warning.risk import Risk
from retention_helpers.early_warning.snapshots import HORIZON_DAYS
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import COUNT, NUMBER, by_name, fields
from retention_helpers.words import formats

__all__ = ["at_risk", "plays", "to_call", "totals"]


def whom_to_call(first: pd.DataFrame, people: pd.DataFrame, currency: str) -> Sentence:
    """What the first calls stand for, among everybody at risk."""
    if first.empty:
        lately = f" Everybody at risk was contacted in the last {LATELY_CONTACTED_DAYS} days."
        return Sentence(f"There is nobody to speak to first.{lately if len(people) else ''}")
    expected, money = first["risk"].sum(), sum(first["mrr_expected"], Decimal(0))
    whole = sum(people["mrr_expected"], Decimal(0))
    who = formats.plural(len(first), "customer")
    stand = "stands" if len(first) == 1 else "stand"
    return Sentence(
        f"The {who} above {stand} for {formats.money(money, currency)} of the "
        f"{formats.money(whole, currency)} a month that all at risk are expected to take with them. About "
        f"{formats.number(expected, 1)} of them will ask or leave within {HORIZON_DAYS} days if nothing is "
        "done."
    )


def what_plays_save(plays: pd.DataFrame) -> Sentence:
    """How many customers the plays can save: a range, unless an experiment measured one."""
    if plays.empty:
        return Sentence("Nobody is at risk, so there is nothing to save.")
    expected = formats.number(plays["expected_left"].sum(), 1)
    measured = plays[plays["measured_by"].notna()]
    said = [
        f"“{row.play}” saves {formats.number(row.saved_low, 1)} to {formats.number(row.saved_high, 1)} "
        f"of its {formats.plural(row.customers, 'customer')} by “{row.measured_by}”"
        for row in measured.itertuples()
    ]
    if not said:
        return Sentence(
            f"How many this saves is not known: between nobody and all of the {expected} who are expected to "
            "leave. Test a play in an experiment, name it in play_experiments, and its effect stands here."
        )
    return Sentence(f"Measured: {'; '.join(said)}. The rest saves between nobody and all who would leave.")


def everybody_at_risk(people: pd.DataFrame, risk: Risk, currency: str) -> Sentence:
    """How many are at risk, and what makes them so."""
    why = (
        f"a warning that counts is on, and the risk is at least twice the usual "
        f"({formats.percent(risk.base.value)} within {HORIZON_DAYS} days)"
        if risk.learned is not None
        else "at least one warning that counts is on"
    )
    counted = listed([f"“{rule.label}”" for rule in risk.counted])
    if not counted:
        return Sentence("No warning deserves belief, so nobody can be put at risk by one.")
    if people.empty:
        return Sentence(f"Nobody is at risk. At risk means: {why}. What counts: {counted}.")
    many = len(people)
    return Sentence(
        f"{formats.plural(many, 'customer')} {'is' if many == 1 else 'are'} at risk, with "
        f"{formats.money(sum(people['mrr'], Decimal(0)), currency)} a month: {why}. What counts: {counted}."
    )


to_call = Measure(listed_people.to_call, "Speak to these first", sentence=whom_to_call)
plays = Measure(
    listed_people.plays,
    "What to do, for everybody at risk, and what it can save",
    sentence=what_plays_save,
    findings="plays",
)
at_risk = Measure(
    listed_people.at_risk,
    "Customers at risk, the largest expected loss first",
    sentence=everybody_at_risk,
    findings="at_risk",
    note="Customers at risk who have not asked to cancel, the largest expected loss first.",
)
TOTALS = {
    "calls": fields(customers=COUNT, expected_left=NUMBER, mrr_expected=NUMBER),
    "at_risk": fields(customers=COUNT, mrr=NUMBER, expected_left=NUMBER, expected_low=COUNT,
                      expected_high=COUNT, mrr_expected=NUMBER),
    "scheduled": fields(customers=COUNT, mrr=NUMBER, asked_and_stayed=COUNT),
    "verdicts": by_name(COUNT),
}  # fmt: skip
totals = Measure(
    listed_people.totals,
    findings={"totals": fields(**TOTALS)},
    record=lambda totals: {"totals": totals},
    part="risk",
)

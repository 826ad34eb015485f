"""What is said of the customers at risk: whom to speak to first, and what that can save."""

from decimal import Decimal

import pandas as pd

from retention_helpers.early_warning import people as listed_people
from retention_helpers.early_warning.risk import Risk
from retention_helpers.early_warning.snapshots import HORIZON_DAYS
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import COUNT, NUMBER, by_name, fields, or_null
from retention_helpers.words import formats

__all__ = ["at_risk", "plays", "totals"]


def what_plays_save(plays: pd.DataFrame) -> Sentence:
    """How many customers the plays can save: a range, unless an experiment measured one."""
    if plays.empty:
        return Sentence("No warning that counts is on, so there is no list to work through.")
    measured = plays[plays["measured_by"].notna()]
    said = [
        f"“{row.play}” saves {formats.number(row.saved_low, 1)} to {formats.number(row.saved_high, 1)} "
        f"of its {formats.plural(row.customers, 'customer')} by “{row.measured_by}”"
        for row in measured.itertuples()
    ]
    if not said:
        left = round(plays["expected_left"].sum())
        all_of_them = f"all of the {formats.count(left)} or so who are expected to leave"
        return Sentence(
            "How many this saves is not known: between nobody and "
            f"{all_of_them if left else 'the one who may leave'}. Test a play in an experiment, name it in "
            "play_experiments, and its effect stands here."
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
        return Sentence("No warning deserves belief yet, so nobody can be put at risk by one.")
    if people.empty:
        return Sentence(f"Nobody is at risk. At risk means: {why}. What counts: {counted}.")
    many = len(people)
    return Sentence(
        f"{formats.plural(many, 'customer')} {'is' if many == 1 else 'are'} at risk, with "
        f"{formats.money(sum(people['mrr'], Decimal(0)), currency)} a month: {why}. What counts: {counted}."
    )


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
    "at_risk": or_null(fields(customers=COUNT, mrr=NUMBER, expected_left=NUMBER, expected_low=COUNT,
                              expected_high=COUNT, mrr_expected=NUMBER)),
    "scheduled": or_null(fields(customers=COUNT, mrr=NUMBER, asked_and_stayed=COUNT)),
    "verdicts": by_name(COUNT),
}  # fmt: skip
totals = Measure(
    listed_people.totals,
    findings={"totals": fields(**TOTALS)},
    record=lambda totals: {"totals": totals},
    part="risk",
)

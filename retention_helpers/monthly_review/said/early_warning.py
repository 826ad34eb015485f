"""The first screen of the early warning: who is about to leave, who has asked, and whether to believe it."""

from decimal import Decimal

import pandas as pd

from retention_helpers.early_warning.level import expected_range
from retention_helpers.early_warning.risk import Risk
from retention_helpers.early_warning.snapshots import HORIZON_DAYS
from retention_helpers.monthly_review.said.answers import Answer, Verdict
from retention_helpers.shown.cards import Link
from retention_helpers.shown.results import of_values
from retention_helpers.words import formats

__all__ = ["NOTHING_TOLD", "asked_answer", "at_risk_answer", "score_answer"]

NOTHING_TOLD = (
    "Nobody can be told to be about to leave yet: no warning has proved itself, and who has asked to cancel "
    "is not known. It takes cancellations.csv (who asked, and when), events.csv (who uses it) and time."
)
PLAN = Link("monthly_review", "The plan of the month")


@of_values
def at_risk_answer(people: pd.DataFrame, risk: Risk, currency: str) -> Answer | None:
    """How many are at risk, what they pay, and how many of them will go; None where no warning counts."""
    question = "Who is about to leave?"
    if not risk.counted:
        return None
    if people.empty:
        return Answer(question, "0", "at risk", "", (Verdict("nobody", "good"),), "Nothing to do.")
    many = formats.count(len(people))
    whom = "the one pays" if len(people) == 1 else f"the {many} pay"
    low, high = expected_range(people["risk"], risk.level)
    expected = formats.count(round(people["risk"].sum()))
    money = formats.money(sum(people["mrr"], Decimal(0)), currency)
    return Answer(
        question,
        f"About {expected} of {many}",
        f"at risk will ask to cancel or leave within {HORIZON_DAYS} days; {whom} {money} a month",
        f"{formats.count(low)} to {formats.count(high)} of {many}",
        (Verdict("at least twice the usual risk" if risk.learned else "a warning that counts is on", "bad"),),
        "Speak to those whom the plan names: it leaves out who is in an experiment or was contacted lately.",
        PLAN,
    )


@of_values
def asked_answer(asked: pd.DataFrame, currency: str, *, is_known: bool = True) -> Answer | None:
    """How many cancellations are scheduled; None where requests are not known (`is_known`)."""
    question = "Who has asked to cancel?"
    if not is_known:
        return None
    leaving = asked[asked["standing"] == "leaving"]
    if leaving.empty:
        return Answer(question, "0", "still here", "", (), "Nothing to do.")
    money = formats.money(sum(leaving["mrr"], Decimal(0)), currency)
    return Answer(
        question,
        formats.count(len(leaving)),
        f"still here, paying {money} a month",
        "",
        (Verdict("leaving is scheduled", "bad"),),
        "Ask each what would change their mind.",
        PLAN,
    )


@of_values
def score_answer(risk: Risk, compared: pd.DataFrame, shares: pd.DataFrame) -> Answer | None:
    """Whether the risk that ranks the list stood its test; None where it could not, or there is no list.

    Takes the tables of `early_warning.discrimination` and `early_warning.top_shares`.
    """
    if compared.empty or shares.empty or not risk.counted:
        return None
    model, first = compared.iloc[0], shares.iloc[0]
    is_used = risk.learned is not None
    return Answer(
        "Can the order of the list be trusted?",
        f"{formats.number(first['lift'], 1)} times",
        f"as often as everybody the riskiest {formats.percent(first['top_share'], 0)} left, in months not "
        f"seen before; in {formats.percent(model['area'])} of pairs the one who left stood first, a coin "
        "gives 50 %",
        f"{formats.interval(model['area_low'], model['area_high'])} of pairs",
        (
            Verdict("better than counting warnings", "good")
            if is_used
            else Verdict("no better than counting warnings"),
        ),
        "Take the list in its order." if is_used else "Take the list by warnings and MRR.",
    )

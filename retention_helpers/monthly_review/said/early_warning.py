"""The first screen of the early warning: who is about to leave, who has asked, and what to believe."""

from decimal import Decimal

import pandas as pd

from retention_helpers.early_warning.people import expected_range
from retention_helpers.early_warning.risk import Risk
from retention_helpers.early_warning.snapshots import HORIZON_DAYS
from retention_helpers.monthly_review.said.answers import Answer, Tone, Verdict
from retention_helpers.shown.results import of_values
from retention_helpers.shown.sentences import listed
from retention_helpers.words import formats

__all__ = ["asked_answer", "at_risk_answer", "belief_answer", "score_answer"]


@of_values
def at_risk_answer(people: pd.DataFrame, risk: Risk, currency: str) -> Answer:
    """How many are at risk, what they pay, and how many of them will go."""
    question = "Who is about to leave?"
    if not risk.counted:
        because = "no warning has proved itself"
        return Answer(question, formats.MISSING, because, formats.MISSING, (Verdict("cannot be told yet"),),
                      "Wait for more months, or bring the tables that warnings are made of.")  # fmt: skip
    if people.empty:
        return Answer(
            question, "0", "at risk", formats.MISSING, (Verdict("nobody", "good"),), "Nothing to do."
        )
    calls = int(people["call"].notna().sum())
    many = formats.count(len(people))
    low, high = expected_range(people["risk"])
    expected = formats.count(round(people["risk"].sum()))
    money = formats.money(sum(people["mrr"], Decimal(0)), currency)
    return Answer(
        question,
        f"{expected} of {many}",
        f"at risk will ask to cancel or leave within {HORIZON_DAYS} days; the {many} pay {money} a month",
        f"{formats.count(low)} to {formats.count(high)}",
        (Verdict("at least twice the usual risk" if risk.learned else "a warning that counts is on", "bad"),),
        f"Speak to {formats.plural(calls, 'customer')} first: they are in the list." if calls else
        "Everybody was contacted lately: wait for what comes of it.",
    )  # fmt: skip


@of_values
def asked_answer(asked: pd.DataFrame, currency: str) -> Answer:
    """How many cancellations are scheduled, and the MRR that can still be kept."""
    question = "Who has asked to cancel?"
    leaving = asked[asked["standing"] == "leaving"]
    if leaving.empty:
        return Answer(question, "0", "still here", "exact", (), "Nothing to do.")
    money = formats.money(sum(leaving["mrr"], Decimal(0)), currency)
    return Answer(
        question,
        formats.count(len(leaving)),
        f"still here, with {money} a month that can be kept",
        "exact",
        (Verdict("leaving is scheduled", "bad"),),
        "Ask each what would change their mind, before the paid period ends.",
    )


_TONES: dict[str, Tone] = {"works": "good", "works weakly": "good", "does not work for you": "bad"}


@of_values
def belief_answer(judged: pd.DataFrame) -> Answer:
    """How many warnings deserve belief, and which do not."""
    question = "Which warnings deserve belief?"
    many = judged["verdict"].value_counts()
    verdicts = [Verdict(f"{word}: {formats.count(many[word])}", _TONES.get(word, "open"))
                for word in (*_TONES, "too few") if word in many]  # fmt: skip
    works = judged.loc[judged["verdict"].isin(["works", "works weakly"]), "warning"]
    said = f"Believe {listed([f'“{warning}”' for warning in works])}."
    return Answer(
        question,
        formats.count(len(works)),
        f"of {formats.plural(len(judged), 'warning')}",
        formats.MISSING,
        tuple(verdicts),
        said if len(works) else "Nothing yet: more months will tell.",
    )


@of_values
def score_answer(risk: Risk, compared: pd.DataFrame) -> Answer:
    """Whether the risk that ranks the list stood its test."""
    question = "Can the risk be trusted?"
    if compared.empty:
        basis = "too few have left to test it"
        return Answer(question, formats.MISSING, basis, formats.MISSING, (Verdict("not tested"),),
                      "Rank by warnings and MRR until more is known.")  # fmt: skip
    model = compared.iloc[0]
    verdict = (
        Verdict("better than counting warnings", "good")
        if risk.learned is not None
        else Verdict("no better than counting warnings")
    )
    return Answer(
        question,
        formats.percent(model["area"]),
        "of pairs in the right order, on months not seen before; a coin gives 50 %",
        formats.interval(model["area_low"], model["area_high"]),
        (verdict,),
        "Take the list in its order." if risk.learned is not None else "Take the list by warnings and MRR.",
    )

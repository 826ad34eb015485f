"""What is said of the risk: whether it is used, and how well it did on months that it had not seen."""

from functools import partial
from typing import Any

import pandas as pd

from retention_helpers.early_warning import risk as risks
from retention_helpers.early_warning.risk import Risk
from retention_helpers.early_warning.snapshots import HORIZON_DAYS
from retention_helpers.shown import figures
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import COUNT, NUMBER, RATE, TEXT, fields, one_of, several
from retention_helpers.words import formats

__all__ = ["calibration", "discrimination", "risk_of_leaving", "top_shares"]


def score(risk: Risk, compared: pd.DataFrame) -> Sentence:
    """Whether the model is used, and why."""
    if compared.empty:
        return Sentence(
            "Too few customers have left to learn a risk from them and to test it. The risk below is the "
            "share that left among customers with as many warnings on, drawn towards the usual share."
        )
    model, others = compared.iloc[0], compared.iloc[1:]
    shown = formats.rate(model["area"], model["area_low"], model["area_high"])
    against = listed([f"{formats.percent(row.area)} by {row.ranked_by}" for row in others.itertuples()])
    if risk.learned is not None:
        return Sentence(
            f"The model is used. Of a customer who left and one who stayed, it puts the one who left first "
            f"in {shown} of all pairs, on months it had not seen; {against}; tossing a coin gives 50 %."
        )
    return Sentence(
        f"The model is not used: it puts the customer who left first in {shown} of all pairs, which is not "
        f"better than chance and than the simple ways ({against}). The risk below is the share that left "
        "among customers with as many warnings on."
    )


def calibrated(groups: pd.DataFrame) -> Sentence:
    """Whether the predicted risks came true."""
    if groups.empty:
        return Sentence("There is no tested prediction to hold against what came.")
    told = float((groups["risk"] * groups["customers"]).sum())
    left = int(groups["left"].sum())
    low = int((groups["risk"] < groups["left_rate_low"]).sum())
    high = int((groups["risk"] > groups["left_rate_high"]).sum())
    parts = [
        f"too {word} for sure in {formats.count(many)} of {formats.count(len(groups))} groups"
        for many, word in ((low, "low"), (high, "high"))
        if many
    ]
    came = (
        f"The risk was {listed(parts)}" if parts else "In no group was the risk too low or too high for sure"
    )
    side = "" if low and high else ", which may be too low" if low else ", which may be too high"
    advice = f" Trust the order of the list more than its numbers{side}." if parts else ""
    return Sentence(
        f"In the tested months the model expected {formats.count(round(told))} times that a customer asks or "
        f"leaves, and it came {formats.count(left)} times. {came}.{advice}"
    )


def top(shares: pd.DataFrame) -> Sentence:
    """What a list of the highest risks would have caught."""
    if shares.empty:
        return Sentence("There is no tested ranking to read.")
    first = shares.iloc[0]
    rate = formats.rate(first["left_rate"], first["left_rate_low"], first["left_rate_high"])
    return Sentence(
        f"Of the {formats.percent(first['top_share'], 0)} with the highest risk each month, {rate} asked or "
        f"left within {HORIZON_DAYS} days: {formats.times(first['lift'])} the usual share."
    )


def _way(risk: Risk) -> dict[str, Any]:
    return {
        "way": risk.way,
        "horizon_days": HORIZON_DAYS,
        "base_rate": risk.base,
        "at_risk_from": risk.at_risk_from,
        "counted": [rule.name for rule in risk.counted],
    }


def _calibration(groups: pd.DataFrame) -> dict[str, Any]:
    expected, left = float((groups["risk"] * groups["customers"]).sum()), int(groups["left"].sum())
    found = records(groups, risks.calibration)
    return {"calibration": {"expected": expected, "left": left, "groups": found}}


risk_of_leaving = Measure(
    risks.risk_of_leaving,
    sentence=score,
    findings={
        "way": one_of("model", "warnings"),
        "horizon_days": COUNT,
        "base_rate": RATE,
        "at_risk_from": NUMBER,
        "counted": several(TEXT),
    },
    record=_way,
    part="risk",
)
discrimination = Measure(
    risks.discrimination,
    "Who would leave: how well each way ranks customers",
    findings="ranked_by",
    part="risk",
)
calibration = Measure(
    risks.calibration,
    "Customers in the tested months, by predicted risk",
    sentence=calibrated,
    figure=partial(figures.calibration, horizon_days=HORIZON_DAYS),
    findings={"calibration": fields(expected=NUMBER, left=COUNT, groups=rows_of(risks.calibration))},
    record=_calibration,
    part="risk",
)
top_shares = Measure(
    risks.top_shares,
    "If you had spoken to those with the highest risk each month",
    sentence=top,
    findings="top",
    part="risk",
)

"""The sentences of the early warning, and its parts of findings.json."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from retention_helpers.early_warning.people import expected_range
from retention_helpers.early_warning.risk import Risk
from retention_helpers.early_warning.rules import Rule
from retention_helpers.early_warning.snapshots import HORIZON_DAYS
from retention_helpers.shown.records import rate_of
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.statistics.intervals import Rate
from retention_helpers.words import formats

_BRING = {
    "use": "events.csv (customer_id, occurred_at, event)",
    "onboarding": "an event for a finished onboarding, named by `onboarding_event`",
    "tickets": "tickets.csv with opened_at and sentiment",
    "payments": "payments.csv with attempted_at and status",
    "emails": "emails.csv with sent_at and opened_at",
    "prices": "past prices, such as a biller's invoices",
    "nps": "nps.csv with answered_at and score",
}


def whom_to_call(people: pd.DataFrame, currency: str) -> Sentence:
    """What the first calls stand for."""
    first = people[people["call"].notna()]
    if first.empty:
        lately = " Everybody at risk was contacted in the last 30 days." if len(people) else ""
        return Sentence(f"There is nobody to speak to first.{lately}")
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


def belief(judged: pd.DataFrame) -> Sentence:
    """Which warnings deserve belief, which do not, and which cannot be told yet."""
    parts = []
    for word, said in (
        ("works", "Believe"),
        ("works weakly", "Believe with care"),
        ("does not work for you", "Do not act on"),
        ("too few", "Too few alerts to judge"),
    ):
        own = judged[judged["verdict"] == word]
        if len(own):
            rows = [f"“{row.warning}” ({formats.times(row.lift)})" for row in own.itertuples()]
            bare = [f"“{row.warning}”" for row in own.itertuples()]
            parts.append(f"{said}: {listed(bare if word == 'too few' else rows)}.")
    if not parts:
        return Sentence("There is no warning that the data could raise.")
    return Sentence(" ".join(parts))


def left_out(rules: Sequence[Rule]) -> Sentence:
    """The warnings that no table can raise, and what would bring them."""
    if not rules:
        return Sentence("Every warning that is known here could be judged.")
    sources = dict.fromkeys(rule.source for rule in rules)
    said = []
    for source in sources:
        own = [f"“{rule.label}”" for rule in rules if rule.source == source]
        said.append(f"{listed(own)} {'needs' if len(own) == 1 else 'need'} {_BRING[source]}")
    return Sentence(f"Left out: {'; '.join(said)}.")


def reach(seen: Rate) -> Sentence:
    """How many of those who leave a list made at the month's end can hold at all."""
    if not seen.denominator:
        return Sentence("Nobody has asked or left since the first month end.")
    return Sentence(
        f"Of {formats.plural(seen.denominator, 'customer')} who asked or left since the first month end, "
        f"{formats.count(seen.numerator)}, or {formats.rate(seen.value, seen.low, seen.high)}, had been "
        "paying customers without a request at the month end before. No list made once a month can hold the "
        "others."
    )


def thresholds(frame: pd.DataFrame) -> Sentence:
    """Which thresholds did better than the usual ones, in both halves of the past."""
    if (frame["verdict"] == "too few").all():
        return Sentence("Too few alerts to look for better thresholds.")
    better = frame[frame["verdict"] == "use it"]
    if better.empty:
        return Sentence("No other threshold did better in both halves of the past: keep the usual ones.")
    said = [
        f"“{row.suggested}” instead of “{row.warning}” "
        f"({formats.times(row.suggested_lift, row.suggested_lift_low, row.suggested_lift_high)} against "
        f"{formats.times(row.usual_lift, row.usual_lift_low, row.usual_lift_high)} in the second half)"
        for row in better.itertuples()
    ]
    is_close = (better["suggested_lift_low"] <= better["usual_lift_high"]).any()
    caution = " Where the ranges overlap, the gain may be chance." if is_close else ""
    return Sentence(
        f"Suggested by the first half of the past and ahead in the second, too: {listed(said)}.{caution} "
        f"To use them, write into retention.yml: warning_thresholds: {{{', '.join(better['setting'])}}}"
    )


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


def scheduled(asked: pd.DataFrame, currency: str) -> Sentence:
    """How many have asked and are still there, and what can still be kept."""
    leaving = asked[asked["standing"] == "leaving"]
    stayed = len(asked) - len(leaving)
    aside = (
        f" {formats.plural(stayed, 'more', 'more')} asked longer ago than a paid period lasts, and "
        f"{'is' if stayed == 1 else 'are'} still here: ask whether they stay."
        if stayed
        else ""
    )
    if leaving.empty:
        return Sentence(f"No cancellation is scheduled.{aside}")
    many = len(leaving)
    return Sentence(
        f"{formats.plural(many, 'customer')} {'has' if many == 1 else 'have'} asked to cancel and "
        f"{'is' if many == 1 else 'are'} still here: "
        f"{formats.money(sum(leaving['mrr'], Decimal(0)), currency)} a month that can be kept until the paid "
        f"period ends.{aside}"
    )


def stage_churn(stages: pd.DataFrame) -> Sentence:
    """In which stage customers leave most and least."""
    given = stages[stages["customer_months"] > 0]
    if given.empty:
        return Sentence("No month end lies far enough back to say who left from which stage.")
    said = [
        f"{row.stage} {formats.rate(row.left_rate, row.left_rate_low, row.left_rate_high)}"
        for row in given.itertuples()
    ]
    return Sentence(f"Asked or left within {HORIZON_DAYS} days, by stage: {'; '.join(said)}.")


def dormant(cells: pd.DataFrame, currency: str) -> Sentence:
    """Who pays and does not use it."""
    if "dormant" not in cells.columns:
        return Sentence("Without events nobody can say who pays and has stopped using it.")
    own = cells[cells["billing"] == "paying"].iloc[0]
    if not own["dormant"]:
        return Sentence("Nobody who pays has been without a login for more than 30 days.")
    return Sentence(
        f"Paying but dormant: {formats.plural(own['dormant'], 'customer')} with "
        f"{formats.money(own['mrr_dormant'], currency)} a month, without a login for more than 30 days and "
        "without a request to cancel. That is churn which no rate shows yet."
    )


def mood(months: pd.DataFrame, month: str) -> Sentence:
    """Whether the report month was unusual in any indicator."""
    last = months[months["month"] == pd.Timestamp(month)]
    if last.empty:
        return Sentence("There is nothing from which an indicator could be made.")
    judged = last[last["reading"].notna()]
    if judged.empty:
        return Sentence("Too few months to tell what is usual for an indicator.")
    odd = judged[judged["reading"] != "usual"]
    if odd.empty:
        names = listed([f"“{indicator}”" for indicator in judged["indicator"]])
        return Sentence(f"Within the usual range at the end of the month: {names}.")
    said = [
        f"“{row.indicator}” {formats.percent(row.share)}, {row.reading} the usual "
        f"{formats.interval(row.lowest_usual_share, row.highest_usual_share)}"
        for row in odd.itertuples()
    ]
    return Sentence(f"Out of the ordinary at the end of the month: {'; '.join(said)}.")


def leads(found: pd.DataFrame) -> Sentence:
    """Which indicators run ahead of churn."""
    if found.empty:
        return Sentence("There is no indicator to hold against churn.")
    ahead = found[found["verdict"] == "leads churn"]
    if len(ahead):
        said = [f"“{row.indicator}” by {formats.plural(row.best_lag, 'month')}" for row in ahead.itertuples()]
        return Sentence(f"Runs ahead of churn: {listed(said)}.")
    if (found["verdict"] == "too few").all():
        return Sentence("Too few months to tell whether an indicator runs ahead of churn.")
    return Sentence("No indicator runs ahead of churn more closely than chance would have it.")


def record(
    *,
    judged: pd.DataFrame,
    better: pd.DataFrame,
    seen: Rate,
    risk: Risk,
    compared: pd.DataFrame,
    groups: pd.DataFrame,
    shares: pd.DataFrame,
    people: pd.DataFrame,
    plays: pd.DataFrame,
    asked: pd.DataFrame,
    stages: pd.DataFrame,
    flows: pd.DataFrame,
    churn: pd.DataFrame,
    cells: pd.DataFrame,
    months: pd.DataFrame,
    ahead: pd.DataFrame,
) -> dict[str, Any]:
    """The parts of findings.json that the early warning hands on, from the tables of its notebook."""
    return {
        "signals": _signal_records(judged, better),
        "risk": {
            **_risk_record(risk, seen, compared, groups, shares),
            "totals": _totals(judged, people, asked),
        },
        "lifecycle": {
            "stages": {_key(row.stage): row.customers for row in stages.itertuples()},
            "by_stage": [
                _stage_record(row) for row in stages.merge(churn, on="stage").to_dict(orient="records")
            ],
            "flows": flows.rename(columns=_key).assign(stage_at_start=flows["stage_at_start"].map(_key)),
            "grid": cells,
        },
        "at_risk": [_person(row) for row in people.to_dict(orient="records")],
        "plays": plays,
        "scheduled": asked,
        "leading_indicators": _indicator_records(months, ahead),
    }


def _key(stage: str) -> str:
    return stage.replace(" ", "_")


def _stage_record(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "stage": _key(row["stage"]),
        "customers": row["customers"],
        "share": row["share"],
        "mrr": row["mrr"],
        "watched": rate_of(row, "watched_rate", "watched", "watched_of"),
        "left": rate_of(row, "left_rate", "left", "customer_months"),
    }


def _multiple(row: Mapping[Any, Any], name: str) -> dict[str, Any]:
    return {"value": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]}


def _signal_records(judged: pd.DataFrame, better: pd.DataFrame) -> list[dict[str, Any]]:
    tried = {row["name"]: row for row in better.to_dict(orient="records")}
    return [
        {
            "name": row["name"],
            "warning": row["warning"],
            "horizon_days": HORIZON_DAYS,
            "alerts": row["alerts"],
            "alerts_a_month": row["alerts_a_month"],
            "customers": row["customers"],
            "precision": rate_of(row, "precision", "left", "alerts"),
            "base_rate": rate_of(row, "base_rate", "base_left", "base_rows"),
            "lift": {**_multiple(row, "lift"), "p_value": row["p_value"]},
            "first_half_lift": row["first_half_lift"],
            "second_half_lift": row["second_half_lift"],
            "recall": rate_of(row, "recall", "recalled", "leavers"),
            "median_lead_days": row["median_lead_days"],
            "verdict": row["verdict"],
            "threshold": _threshold_record(tried[row["name"]]) if row["name"] in tried else None,
        }
        for row in judged.to_dict(orient="records")
    ]


def _threshold_record(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "at": row["at"],
        "suggested_at": row["suggested_at"],
        "suggested": row["suggested"],
        "setting": row["setting"],
        "first_half_lift": row["first_half_lift"],
        "usual_lift": _multiple(row, "usual_lift"),
        "suggested_lift": _multiple(row, "suggested_lift"),
        "verdict": row["verdict"],
    }


def _risk_record(
    risk: Risk, seen: Rate, compared: pd.DataFrame, groups: pd.DataFrame, shares: pd.DataFrame
) -> dict[str, Any]:
    return {
        "way": risk.way,
        "horizon_days": HORIZON_DAYS,
        "base_rate": risk.base,
        "at_risk_from": risk.at_risk_from,
        "counted": [rule.name for rule in risk.counted],
        "leavers_seen": seen,
        "ranked_by": [
            {
                "ranked_by": row["ranked_by"],
                "area": _multiple(row, "area"),
                "average_precision": row["average_precision"],
                "lead": _multiple(row, "lead"),
            }
            for row in compared.to_dict(orient="records")
        ],
        "calibration": {
            "expected": float((groups["risk"] * groups["customers"]).sum()),
            "left": int(groups["left"].sum()),
            "groups": [
                {"risk": row["risk"], "left": rate_of(row, "left_rate", "left", "customers")}
                for row in groups.to_dict(orient="records")
            ],
        },
        "top": [
            {
                "top_share": row["top_share"],
                "left": rate_of(row, "left_rate", "left", "customers"),
                "lift": row["lift"],
            }
            for row in shares.to_dict(orient="records")
        ],
    }


def _totals(judged: pd.DataFrame, people: pd.DataFrame, asked: pd.DataFrame) -> dict[str, Any]:
    """The sums that sentences and the first screen state."""
    first = people[people["call"].notna()]
    leaving = asked[asked["standing"] == "leaving"]
    low, high = expected_range(people["risk"])
    return {
        "calls": {
            "customers": len(first),
            "expected_left": float(first["risk"].sum()),
            "mrr_expected": sum(first["mrr_expected"], Decimal(0)),
        },
        "at_risk": {
            "customers": len(people),
            "mrr": sum(people["mrr"], Decimal(0)),
            "expected_left": float(people["risk"].sum()),
            "expected_low": low,
            "expected_high": high,
            "mrr_expected": sum(people["mrr_expected"], Decimal(0)),
        },
        "scheduled": {
            "customers": len(leaving),
            "mrr": sum(leaving["mrr"], Decimal(0)),
            "asked_and_stayed": len(asked) - len(leaving),
        },
        "verdicts": judged["verdict"].value_counts().to_dict(),
    }


def _person(row: Mapping[Any, Any]) -> dict[str, Any]:
    named = {"name": row["name"]} if "name" in row else {}
    kept = ("call", "risk", "signals", "why", "mrr", "mrr_expected", "plan", "stage", "tenure_days", "play")
    return {"customer_id": row["customer_id"], **named, **{key: row[key] for key in kept},
            "contacted_on": row["contacted_on"], "contacted_for": row["contacted_for"]}  # fmt: skip


def _indicator_records(months: pd.DataFrame, ahead: pd.DataFrame) -> list[dict[str, Any]]:
    found = {row["name"]: row for row in ahead.to_dict(orient="records")}
    return [
        {
            "name": name,
            "indicator": part["indicator"].iloc[0],
            "best_lag": found[name]["best_lag"],
            "correlation": found[name]["correlation"],
            "p_value": found[name]["p_value"],
            "verdict": found[name]["verdict"],
            "by_month": [
                {
                    "month": formats.iso_month(row["month"]),
                    "share": rate_of(row, "share", "on", "customers"),
                    "lowest_usual_share": row["lowest_usual_share"],
                    "highest_usual_share": row["highest_usual_share"],
                    "reading": row["reading"],
                }
                for row in part.to_dict(orient="records")
            ],
        }
        for name, part in months.groupby("name", sort=False)
    ]

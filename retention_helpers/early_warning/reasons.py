"""What speaks for a customer's risk, in words: the warnings that are on, how much use is lost, and age."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from retention_helpers.early_warning.risk import Risk, feature_names, features
from retention_helpers.early_warning.rules import Rule
from retention_helpers.early_warning.seen import LONGEST_SILENCE
from retention_helpers.words import formats

MOST_REASONS = 3
LEAST_PART = 0.05  # of the log odds: what adds less is no reason
DAYS_A_MONTH = 365.25 / 12
A_WHILE = 7  # days of silence that are worth a word
LOST = 0.3  # of the days of use

_GROUPS = {
    "no_login_7_days": "silence",
    "no_login_30_days": "silence",
    "use_down_half": "use",
    "use_lost": "use",
}


def _group(feature: str) -> str:
    """The reason that a column of the model belongs to; ages are one."""
    return "age" if feature.startswith("age_") else _GROUPS.get(feature, feature)


def _words(people: pd.DataFrame, rules: Sequence[Rule], *, knows_days: bool) -> dict[str, list[str]]:
    """For each reason its words for each customer, "" where it is none."""
    last_days = [day.date() - dt.timedelta(days=1) for day in people["as_of"]]
    said = {
        rule.name: [
            rule.of_case(value, day) if is_on else ""
            for value, day, is_on in zip(people[rule.measure], last_days, rule.is_on(people), strict=True)
        ]
        for rule in rules
        if rule.name not in _GROUPS
    }
    return {
        **said,
        "silence": [_silence(days) for days in people["silent_days"]],
        "use": [_lost(ratio) for ratio in people["use_ratio"]],
        "age": [f"signed up {_ago(int(days), knows_days=knows_days)} ago" for days in people["tenure_days"]],
    }


def _ago(days: int, *, knows_days: bool) -> str:
    return formats.plural(days, "day") if knows_days else formats.months(days / DAYS_A_MONTH)


def _silence(days: float) -> str:
    if not days >= A_WHILE:
        return ""
    return f"no login for {formats.count(days)} days{' or more' if days >= LONGEST_SILENCE else ''}"


def _lost(ratio: float) -> str:
    return f"days of use down by {formats.percent(1 - ratio, 0)}" if ratio <= 1 - LOST else ""


def reasons(people: pd.DataFrame, risk: Risk, *, knows_days: bool = True) -> list[str]:
    """For each customer at risk what speaks for it, the weightiest first, at most three; in words.

    Only warnings that count, and age. With the model the weight is what each adds to the customer's log odds,
    against the average customer.
    """
    words, weights = _words(people, risk.rules, knows_days=knows_days), _weights(people, risk)
    return [
        ", ".join(
            [
                words[group][place]
                for group in sorted(weights, key=lambda group: -weights[group][place])
                if weights[group][place] > LEAST_PART and words[group][place]
            ][:MOST_REASONS]
        )
        for place in range(len(people))
    ]


def _weights(people: pd.DataFrame, risk: Risk) -> dict[str, np.ndarray]:
    """How much each reason adds for each customer."""
    if risk.learned is None:
        on: dict[str, np.ndarray] = {}
        for rule in risk.counted:  # any of a reason's warnings is enough
            group, is_on = _group(rule.name), rule.is_on(people).astype(float)
            on[group] = np.maximum(on.get(group, 0.0), is_on)
        return on
    parts = risk.learned.parts(features(people, risk.rules))
    groups = [_group(name) for name in feature_names(risk.rules)]
    told = {"age", *(_group(rule.name) for rule in risk.counted)}
    return {group: parts[:, [one == group for one in groups]].sum(axis=1) for group in sorted(told)}

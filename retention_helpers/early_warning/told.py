"""What a month's report learned about the risk, kept so that the lists of the days after it tell the same."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.early_warning.level import EXACT
from retention_helpers.early_warning.risk import Learned, Risk, features, warnings_on
from retention_helpers.early_warning.rules import RULES
from retention_helpers.early_warning.snapshots import snapshots_now
from retention_helpers.statistics.clusters import Floats
from retention_helpers.statistics.intervals import Rate


def as_learned(business: Business, risk: Risk) -> dict[str, Any]:
    """What tells the risk of a customer, without the customers it was learned from.

    `by_count` is the risk with 0, 1, … of the counted warnings on; null where the model tells it, or where
    nobody had as many.
    """
    return {
        "way": risk.way,
        "base": asdict(risk.base),
        "rules": {rule.name: rule.at for rule in risk.rules},
        "counted": [rule.name for rule in risk.counted],
        "learned": {
            name: value if isinstance(value, float) else value.tolist()
            for name, value in risk.learned._asdict().items()
        }
        if risk.learned
        else None,
        "by_count": None if risk.learned else _by_count(business, risk),
    }


def _by_count(business: Business, risk: Risk) -> list[float | None]:
    rows = snapshots_now(business)
    if rows.empty:  # nobody is here whose risk could be told
        return [None] * (len(risk.counted) + 1)
    told = ~np.isnan(risk.now)
    many = warnings_on(rows, risk.counted).astype(int)
    found = dict(zip(many[told].tolist(), risk.now[told].tolist(), strict=True))
    return [found.get(number) for number in range(len(risk.counted) + 1)]


def risk_by(business: Business, learned: Mapping[str, Any]) -> Risk:
    """The risk of every customer at the cut, by what `as_learned` kept; nothing is learned or tested anew.

    Of more warnings than anybody had then, the risk is that of the most warnings somebody had. Raises
    KeyError, TypeError or ValueError where the record is of another version.
    """
    at = learned["rules"]
    rules = tuple(rule.moved(at[rule.name]) for rule in RULES if rule.name in at)
    counted = tuple(rule for rule in rules if rule.name in learned["counted"])
    if len(rules) != len(at):
        raise ValueError("a warning that there is none of")
    own = learned["learned"]
    parts = [np.array(own[name]) for name in ("centre", "scale", "weights")] if own else []
    model = Learned(parts[0], parts[1], parts[2], own["intercept"]) if own else None
    rows = snapshots_now(business)
    now = np.full(len(rows), np.nan)
    is_open = rows["is_open"].to_numpy(dtype=bool)
    if is_open.any():
        now[is_open] = (
            model.risk(features(rows[is_open], rules))
            if model
            else _counted(warnings_on(rows[is_open], counted), learned["by_count"])
        )
    return Risk(
        learned["way"], rules, counted, Rate(**learned["base"]), None, model, now, now, pd.DataFrame(), EXACT
    )  # fmt: skip


def _counted(many: Floats, by_count: list[float | None]) -> Floats:
    told = pd.Series(by_count, dtype="float64").ffill().to_numpy()
    return np.asarray(told[many.astype(int)])

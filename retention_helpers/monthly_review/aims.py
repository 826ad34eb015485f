"""The owner's targets, and whether the month met them."""

from collections.abc import Mapping

import pandas as pd

from retention_helpers.shown.units import NUMBER, YES_NO, columns, one_of
from retention_helpers.words import formats


@columns(name=one_of("churn", "first_month", "net_revenue_retention", "mrr"), target=NUMBER,
         value=NUMBER.or_null, met=YES_NO.or_null)  # fmt: skip
def against_targets(
    targets: Mapping[str, float],
    churn: pd.DataFrame,
    recent: pd.DataFrame,
    kept: pd.DataFrame,
    mrr: pd.DataFrame,
) -> pd.DataFrame:
    """One row per target: what the month came to, and whether that met it; null where it is not known.

    Churn may be at most its target; the share of the latest newcomers past their first month, net revenue
    retention and the MRR at the month's end at least theirs. A number is held against its target as it is,
    without an interval: the target was met, or it was not.

    Glossary: targets.
    """
    values = {
        "churn": churn.iloc[-1]["churn_rate"],
        "first_month": recent.iloc[0]["rate"] if len(recent) and recent.iloc[0]["k"] == 1 else None,
        "net_revenue_retention": kept.iloc[-1]["net_revenue_retention"],
        "mrr": mrr.iloc[-1]["mrr_at_end"],
    }
    rows = []
    for name, target in targets.items():
        value = None if formats.is_missing(values[name]) else float(values[name])
        rows.append((name, target, value, _is_met(name, value, target)))
    return pd.DataFrame(rows, columns=["name", "target", "value", "met"]).astype({"met": "object"})


def _is_met(name: str, value: float | None, target: float) -> bool | None:
    if value is None:
        return None
    return value <= target if name == "churn" else value >= target

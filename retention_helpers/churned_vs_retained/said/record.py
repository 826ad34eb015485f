"""The part `comparison` of findings.json."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from retention_helpers.churned_vs_retained.cuts import Thresholds
from retention_helpers.churned_vs_retained.landmark import STAGES, Comparison
from retention_helpers.churned_vs_retained.valuation import Proposal
from retention_helpers.shown.records import rate_of
from retention_helpers.statistics.intervals import rate

SMALLEST_P = 0.001  # the page says of smaller ones only that they are below it


def record(
    *,
    comparison: Comparison,
    together: pd.DataFrame,
    stages: pd.DataFrame,
    levels: pd.DataFrame,
    curves: pd.DataFrame,
    naive: pd.DataFrame,
    valued: pd.DataFrame,
    proposed: Proposal | None,
    drawn: pd.DataFrame,
    found: Thresholds,
    segments: pd.DataFrame,
    early: Mapping[str, Any],
    month_ends: pd.DataFrame,
    established: pd.DataFrame,
    every: int,
) -> dict[str, Any]:
    """What findings.json says of the comparison, from the tables of the notebook."""
    return {
        **at_one_landmark(comparison, together, stages),
        "risk_by_level": [
            {
                "by": row["by"],
                "level": row["level"],
                "risk": rate_of(row, "risk", "lost", "customers"),
                "difference": _interval(row),
                "verdict": row["verdict"],
            }
            for row in levels.to_dict(orient="records")
        ],
        "still_there": curves,
        "without_landmark": naive,
        "worth": valued,
        "experiment": proposed._asdict() if proposed else None,
        "begin_with": drawn,
        "thresholds": {"searched": found.searched, "tried": found.tried, "held": found.held},
        "segments": segments,
        "early": early,
        "established": {
            "customers": int(month_ends["customer_id"].nunique()),
            "one_of_every": every,
            "month_ends": len(month_ends),
            "lost": int(month_ends.loc[month_ends["settled"], "lost"].sum()),
            "drivers": established,
        },
        "set_apart": comparison.set_apart,
        "smallest_p_shown": SMALLEST_P,
    }


def at_one_landmark(comparison: Comparison, together: pd.DataFrame, stages: pd.DataFrame) -> dict[str, Any]:
    """What findings.json says of one landmark: who was compared, and every driver with its verdict."""
    settled = comparison.settled
    risk = rate(int(settled["lost"].sum()), len(settled))
    count = dict(zip(stages["stage"], stages["customers"], strict=True))
    return {
        "landmark_days": comparison.landmark_days,
        "horizon_days": comparison.horizon_days,
        "at_landmark": len(comparison.rows),
        "customers": risk.denominator,
        "lost": risk.numerator,
        "risk": risk,
        "left_before_landmark": count.get(STAGES[2], 0),
        "flow": stages,
        "drivers": together.drop(columns=["seen", "leads"]),
    }


def _interval(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"value": row["difference"], "low": row["difference_low"], "high": row["difference_high"]}

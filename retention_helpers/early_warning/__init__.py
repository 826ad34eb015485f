"""Warnings: who is about to leave, which signs deserve belief, and whom to speak to.

`seen` and `snapshots` hold what was known of every customer at every month end, in one pass of the engine;
`rules` are the warnings; `past` and `thresholds` hold them against what came after; `risk` puts them
together and tests itself on later months; `level` tells how many will leave; `lifecycle` says where customers
stand; `people` and `reasons` make the list; `indicators` follow the mood of all.
"""

from collections.abc import Mapping, Sequence

from retention_helpers.early_warning.people import call_sheet
from retention_helpers.early_warning.said.indicators import lately, leading_indicators, leads, with_leads
from retention_helpers.early_warning.said.lifecycle import (
    by_stage,
    grid,
    scheduled,
    stage_churn,
    stage_flows,
    stages,
)
from retention_helpers.early_warning.said.people import at_risk, plays, to_call, totals
from retention_helpers.early_warning.said.risk import (
    calibration,
    discrimination,
    risk_of_leaving,
    told_and_left,
    top_shares,
)
from retention_helpers.early_warning.said.warnings import (
    back_test,
    better_thresholds,
    leavers_seen,
    left_out,
    steadiness,
    with_thresholds,
)
from retention_helpers.shown.results import Measure

FINDINGS: Mapping[str, Sequence[Measure]] = {
    "": [with_thresholds, at_risk, plays, scheduled, with_leads],
    "risk": [risk_of_leaving, leavers_seen, discrimination, calibration, told_and_left, top_shares, totals],
    "lifecycle": [stages, by_stage, stage_flows, grid],
}

ABOUT = {
    "risk": "How the risk of leaving is told, and how well it did on months that it had not seen.",
}

__all__ = [
    "FINDINGS", "at_risk", "back_test", "better_thresholds", "by_stage", "calibration", "call_sheet",
    "discrimination", "grid", "lately", "leading_indicators", "leads", "leavers_seen", "left_out", "plays",
    "risk_of_leaving", "scheduled", "stage_churn", "stage_flows", "stages", "steadiness", "to_call",
    "told_and_left", "top_shares", "totals", "with_leads", "with_thresholds",
]  # fmt: skip

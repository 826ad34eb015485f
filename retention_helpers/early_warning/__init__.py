"""Warnings: who is about to leave, which signs deserve belief, and whom to speak to.

`seen` and `snapshots` hold what was known of every customer at every month end, in one pass of the engine;
`rules` are the warnings; `past` and `thresholds` hold them against what came after; `risk` puts them
together and tests itself on later months; `lifecycle` says where customers stand; `people` and `reasons` make
the list; `indicators` follow the mood of all.
"""

from retention_helpers.early_warning.indicators import leading_indicators, leads
from retention_helpers.early_warning.lifecycle import grid, scheduled, stage_churn, stage_flows, stages
from retention_helpers.early_warning.past import back_test, leavers_seen
from retention_helpers.early_warning.people import at_risk, call_sheet, plays, to_call
from retention_helpers.early_warning.risk import calibration, discrimination, risk_of_leaving, top_shares
from retention_helpers.early_warning.rules import left_out
from retention_helpers.early_warning.thresholds import better_thresholds

__all__ = [
    "at_risk",
    "back_test",
    "better_thresholds",
    "calibration",
    "call_sheet",
    "discrimination",
    "grid",
    "leading_indicators",
    "leads",
    "leavers_seen",
    "left_out",
    "plays",
    "risk_of_leaving",
    "scheduled",
    "stage_churn",
    "stage_flows",
    "stages",
    "to_call",
    "top_shares",
]

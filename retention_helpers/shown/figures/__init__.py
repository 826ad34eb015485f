"""A figure a function, each drawn from a table that stands just before it.

A figure knows column names and nothing else of the business. It shows itself as an SVG, drawn for a wide
and for a narrow column, with a text that says what is to be seen, with the key numbers, for those who cannot
see it and for the tests.
"""

from retention_helpers.shown.figures.canvas import Figure, in_a_notebook
from retention_helpers.shown.figures.churned_vs_retained import landmark_design, still_there
from retention_helpers.shown.figures.early_warning import calibration, precision_by_warning, share_by_month
from retention_helpers.shown.figures.effects import aftermaths, effects, estimate_path, shares_by_day
from retention_helpers.shown.figures.forest import forest
from retention_helpers.shown.figures.levels import rate_by_level, risk_by_level, worth_by_level
from retention_helpers.shown.figures.lines import counts_by_month
from retention_helpers.shown.figures.months import (
    control_chart,
    movement_by_month,
    outlook,
    rate_by_month,
    score_over_time,
)
from retention_helpers.shown.figures.shares import amounts, differences, shares, shares_over_time
from retention_helpers.shown.figures.tenure import (
    bought_again,
    loss_by_month_of_tenure,
    losses_by_day,
    lost_by_cause,
    survival,
    survival_by_level,
)
from retention_helpers.shown.figures.triangles import triangle
from retention_helpers.shown.figures.waterfall import waterfall

__all__ = [
    "Figure",
    "aftermaths",
    "amounts",
    "bought_again",
    "calibration",
    "control_chart",
    "counts_by_month",
    "differences",
    "effects",
    "estimate_path",
    "forest",
    "in_a_notebook",
    "landmark_design",
    "loss_by_month_of_tenure",
    "losses_by_day",
    "lost_by_cause",
    "movement_by_month",
    "outlook",
    "precision_by_warning",
    "rate_by_level",
    "rate_by_month",
    "risk_by_level",
    "score_over_time",
    "share_by_month",
    "shares",
    "shares_by_day",
    "shares_over_time",
    "still_there",
    "survival",
    "survival_by_level",
    "triangle",
    "waterfall",
    "worth_by_level",
]

"""How each measure is shown: its table, its picture, its sentence, its keys of findings.json."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from retention_helpers.churned_vs_retained import (
    adjusted,
    cuts,
    established,
    features,
    landmark,
    lot,
    naive,
    set_apart,
    shrinkage,
    staying,
    univariate,
    valuation,
)
from retention_helpers.churned_vs_retained.said import sentences, tables
from retention_helpers.shown import figures
from retention_helpers.shown.records import estimate_of, rate_of
from retention_helpers.shown.results import Measure, rows_of
from retention_helpers.shown.units import (
    COUNT,
    ESTIMATE,
    NUMBER,
    RATE,
    SHARE,
    TEXT,
    columns,
    columns_of,
    fields,
    noted,
    or_null,
    rows,
    several,
)
from retention_helpers.statistics.intervals import rate

__all__ = [
    "alone", "begin_with", "beside", "comparison", "curves", "drivers", "established_customers",
    "established_in_words", "experiment", "first_week", "flow", "levels", "levels_in_words", "not_compared",
    "not_seen", "segments", "still_there", "thresholds", "thresholds_in_words", "whole_lives",
    "whole_lives_in_words", "worth", "worth_in_words",
]  # fmt: skip

SMALLEST_P = 0.001  # the page says of smaller ones only that they are below it
LEFT_BY_LEVEL = "Left within the horizon, by level"


def _rows(of: Callable[..., pd.DataFrame], key: str, note: str, **shown: Any) -> Measure:
    """A measure whose rows are handed on as they are, with a note for the schema."""
    return Measure(of, findings={key: rows_of(of, note)}, record=lambda found: {key: found}, **shown)


# --- at one landmark


def _compared(comparison: landmark.Comparison) -> dict[str, Any]:
    """Who was compared, and how many left."""
    risk = rate(int(comparison.settled["lost"].sum()), len(comparison.settled))
    return {
        "landmark_days": comparison.landmark_days,
        "horizon_days": comparison.horizon_days,
        "at_landmark": len(comparison.rows),
        "customers": risk.denominator,
        "lost": risk.numerator,
        "risk": risk,
    }


comparison = Measure(
    features.comparison,
    sentence=sentences.answer,
    findings={
        "landmark_days": COUNT,
        "horizon_days": COUNT,
        "at_landmark": COUNT(note="customers there on the landmark"),
        "customers": COUNT(note="of them, those whose horizon is over"),
        "lost": COUNT(note="of these, those who asked or ended within the horizon"),
        "risk": RATE,
    },
    record=_compared,
)


def _flow(stages: pd.DataFrame) -> dict[str, Any]:
    gone = stages.loc[stages["stage"] == landmark.STAGES[2], "customers"]
    return {"left_before_landmark": int(gone.sum()), "flow": stages}


flow = Measure(
    landmark.flow,
    "From everybody who signed up to those who are compared",
    sentence=sentences.flow,
    figure=figures.landmark_design,
    findings={
        "left_before_landmark": COUNT,
        "flow": rows_of(landmark.flow, "from everybody who signed up to those who are compared"),
    },
    record=_flow,
)

_OF_THE_PAGE = ("seen", "leads")


@columns(
    **{name: of for name, of in columns_of(adjusted.compare_together).items() if name not in _OF_THE_PAGE}
)
def handed_on(together: pd.DataFrame) -> pd.DataFrame:
    """One row per driver, without what the page alone needs."""
    return together.drop(columns=list(_OF_THE_PAGE))


drivers = Measure(
    adjusted.compare_together,
    sentence=sentences.lesser_verdicts,
    findings={
        "drivers": several(
            noted(
                rows_of(handed_on)["items"],
                "What may differ between those who leave and those who stay. `effect`: of a number the area "
                "under the curve (of one who left and one who stayed, how often the first has more; 0.5 is "
                "no difference), else a difference of risks. `hazard_ratio`: beside the drivers of its own "
                "and earlier tiers, of one standard deviation (`step`) of a number, yes against no, or "
                "`level` against all others.",
            )
        )
    },
    record=lambda together: {"drivers": handed_on(together)},
)


class AtLandmark(NamedTuple):
    """Who is compared at a landmark, how they came there, and every driver with its verdict."""

    comparison: landmark.Comparison
    stages: pd.DataFrame
    together: pd.DataFrame


first_week = Measure(
    AtLandmark,
    findings={
        "early": fields(
            "the same at the end of the first week", **comparison.schema, **flow.schema, **drivers.schema
        )
    },
    record=lambda early: {
        "early": {**_compared(early.comparison), **_flow(early.stages), "drivers": handed_on(early.together)}
    },
)

alone = Measure(tables.alone, "Those who left against those who stayed, one thing at a time")
beside = Measure(
    tables.beside,
    "What was seen alone, beside the others",
    figure=lambda found: figures.forest(found, title="Chance of leaving, each beside the others"),
)
not_seen = Measure(tables.not_seen, "Not seen to differ", sentence=sentences.could_have_missed)


# --- whole lives, levels, days


whole_lives = _rows(
    naive.compare_without_landmark,
    "without_landmark",
    "what a comparison of whole lives would claim, and the same counts up to the landmark",
    sentence=sentences.claimed_without_landmark,
)
whole_lives_in_words = Measure(tables.whole_lives, "Whole lives, and the same counts up to the landmark")


def _of_level(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "by": row["by"],
        "level": row["level"],
        "risk": rate_of(row, "risk", "lost", "customers"),
        "difference": estimate_of(row, "difference"),
        "verdict": row["verdict"],
    }


levels = Measure(
    univariate.risk_by_level,
    figure=lambda found: figures.risk_by_level(found, title=LEFT_BY_LEVEL),
    findings={"risk_by_level": rows(by=TEXT, level=TEXT, risk=RATE, difference=ESTIMATE, verdict=TEXT)},
    record=lambda found: {"risk_by_level": [_of_level(row) for row in found.to_dict(orient="records")]},
)
levels_in_words = Measure(tables.levels, LEFT_BY_LEVEL)
curves = Measure(staying.still_there, figure=figures.still_there)
still_there = _rows(
    staying.at_days,
    "still_there",
    "after the landmark, by the two sides of the largest differences",
    caption="Still there after the landmark",
    sentence=sentences.still_there,
)


# --- what it would be worth, and with whom to begin


worth = _rows(
    valuation.worth,
    "worth",
    "the standardised risk if everybody were on the better side: an association",
    sentence=sentences.worth,
)
worth_in_words = Measure(tables.worth, "If nobody were on the worse side")
_EXPERIMENT = fields(
    name=TEXT, label=TEXT, better=TEXT, risk=SHARE, risk_if=SHARE, newcomers_a_month=NUMBER, per_arm=COUNT,
    months=NUMBER, step_from=SHARE, step_to=SHARE, step_per_arm=COUNT, step_months=NUMBER,
)  # fmt: skip
experiment = Measure(
    valuation.proposed_experiment,
    sentence=sentences.proposal,
    findings={"experiment": or_null(_EXPERIMENT)},
    record=lambda proposed: {"experiment": proposed._asdict() if proposed else None},
)
begin_with = _rows(
    lot.drawn_by_lot,
    "begin_with",
    "the newcomers with whom the proposed experiment could begin, drawn by lot",
    caption="With whom to begin",
    sentence=sentences.begin_with,
)


# --- thresholds, segments, established customers, what was set apart


thresholds = Measure(
    cuts.thresholds,
    sentence=sentences.thresholds,
    findings={"thresholds": fields(searched=COUNT, tried=COUNT, held=rows_of(cuts.thresholds))},
    record=lambda found: {"thresholds": found._asdict()},
)
thresholds_in_words = Measure(tables.thresholds, "Thresholds that held")
segments = Measure(
    shrinkage.segments,
    "Left within the horizon, by segment",
    sentence=sentences.segments,
    findings="segments",
)
established_customers = Measure(
    established.established_customers,
    sentence=sentences.established,
    findings={
        "established": fields(
            customers=COUNT,
            one_of_every=COUNT(note="1: everybody; n: every n-th customer in the order of ids"),
            month_ends=COUNT,
            lost=COUNT,
            drivers=rows_of(established.compare_established),
        )
    },
    record=lambda found: {
        "established": {
            "customers": found.customers,
            "one_of_every": found.one_of_every,
            "month_ends": len(found.month_ends),
            "lost": found.lost,
            "drivers": found.drivers,
        }
    },
)
established_in_words = Measure(tables.established, "At the month ends before they left")
not_compared = Measure(
    set_apart.not_compared,
    "Not compared",
    findings={"set_apart": rows_of(set_apart.not_compared), "smallest_p_shown": NUMBER},
    record=lambda apart: {"set_apart": apart, "smallest_p_shown": SMALLEST_P},
)

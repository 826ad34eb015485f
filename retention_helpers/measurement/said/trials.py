"""From trial to paying: what is said, and how it is shown."""

from typing import Any

import pandas as pd

from retention_helpers.measurement import trials
from retention_helpers.measurement.trials import HEADINGS, LATELY, WAIT_DAYS, WEEK
from retention_helpers.shown import figures
from retention_helpers.shown.records import change_record
from retention_helpers.shown.results import TOP, Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.shown.units import CHANGE, fields, or_null
from retention_helpers.statistics.intervals import Change
from retention_helpers.words import formats

__all__ = [
    "from_trial", "trend_of_trials", "trials_by_level", "trials_by_tool", "trials_ending", "trials_in_all",
    "trials_told",
]  # fmt: skip


def about_trials(summary: pd.DataFrame) -> Sentence:
    """How many who began a trial pay, and of those whose answer is in."""
    if summary.empty:
        return Sentence("Nobody began with a trial: that takes rows of status `trialing` before any payment.")
    row = summary.iloc[0]
    said = (
        f"{formats.count(row['paid'])} of {formats.plural(int(row['begun']), 'customer')} who began with a "
        "trial pay so far."
    )
    if not row["matured"]:
        return Sentence(f"{said} No answer is in yet: that takes {WAIT_DAYS} days after a trial ends.")
    half = f"; half of them by day {formats.count(round(row['days_to_pay']))}" if row["conversions"] else ""
    return Sentence(
        f"{said} Of the {formats.count(row['matured'])} whose answer is in, "
        f"{formats.count(row['conversions'])} did: {formats.rate_in(row, 'converted')}{half}."
    )


def about_levels(rows: pd.DataFrame) -> Sentence:
    """Which groups convert clearly more or less often than the others of their kind."""
    said = [
        f"{_kind(row.by)} {row.level} ({formats.rate(row.converted, row.converted_low, row.converted_high)}, "
        f"{row.verdict})"
        for row in rows[rows["verdict"].isin(["above the rest", "below the rest"])].itertuples()
    ]
    if not said:
        return Sentence("No channel, plan, country or first week clearly converts otherwise than the rest.")
    return Sentence(f"Clearly apart: {listed(said)}. It says where to look, not why.")


def _kind(by: str) -> str:
    return HEADINGS.get(by, formats.words(by)).lower()


def about_trend(moved: Change | None) -> Sentence | None:
    """Whether trials convert otherwise than before; None where there is nothing to compare."""
    if moved is None:
        return None
    difference = formats.difference(moved.value, moved.low, moved.high)
    return Sentence(
        f"Of the trials begun in the last {LATELY} months that have an answer, against those before: "
        f"{moved.verdict}, {difference} points."
    )


def about_ending(rows: pd.DataFrame) -> Sentence:
    """Whose trials end in the week after the month."""
    if rows.empty:
        return Sentence(f"No trial ends in the {WEEK} days after the month.")
    last = formats.day(rows["ends_on"].max())
    many = len(rows)
    verb = "ends" if many == 1 else "end"
    return Sentence(
        f"{formats.plural(many, 'trial')} {verb} by {last}, if they last as long as the others did: the plan "
        "writes before."
    )


def _told(summary: pd.DataFrame, by: pd.DataFrame, moved: Change | None, ending: pd.DataFrame,
          tools: pd.DataFrame) -> dict[str, Any] | None:  # fmt: skip
    """All that findings.json holds of trials; None where nobody began one."""
    if summary.empty:
        return None
    return {
        **records(summary, trials.summary)[0],
        "by": records(by, trials.by_level),
        "trend": change_record(moved),
        "ending": records(ending, trials.ending),
        "bridge": records(tools, trials.bridge),
    }


from_trial = Measure(trials.trials)
trials_in_all = Measure(trials.summary, "Trials, and what became of them", sentence=about_trials)
trials_by_level = Measure(
    trials.by_level,
    "Matured trials that converted, by group",
    sentence=about_levels,
    figure=lambda rows: figures.rate_by_level(
        rows, "converted", title="Matured trials that converted", base="matured", more_is_good=True
    ),
)
trend_of_trials = Measure(trials.trend, sentence=about_trend)
trials_ending = Measure(
    trials.ending, f"Trials that end in the {WEEK} days after the month", sentence=about_ending
)
trials_by_tool = Measure(trials.bridge, "The share that converts, by the rules of other tools")
trials_told = Measure(
    _told,
    findings={
        "trials": or_null(
            fields(
                "From trial to paying; null where nobody began with a trial.",
                **rows_of(trials.summary)["items"]["properties"],
                by=rows_of(trials.by_level),
                trend=CHANGE,
                ending=rows_of(trials.ending),
                bridge=rows_of(trials.bridge),
            )
        )
    },
    part=TOP,
    record=lambda told: {"trials": told},
)

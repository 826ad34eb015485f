"""Whether a month is unusual, in words and for findings.json."""

from typing import Any

import pandas as pd

from retention_helpers.shown.records import estimate_of
from retention_helpers.shown.sentences import Sentence
from retention_helpers.statistics import control
from retention_helpers.words import formats


def unusual(chart: pd.DataFrame, notes: pd.DataFrame) -> Sentence:
    """Whether the last month lies in its usual range, and what the owner noted in it."""
    now = chart.iloc[-1]
    month = formats.month(now["month"])
    if not now["customers_at_start"]:
        return Sentence(f"{month} began without customers, so there is nothing to judge.")
    if now["unusual"] is None:
        return Sentence(
            f"Whether {month} is unusual cannot be told yet: it takes {control.FEWEST_MONTHS} earlier months "
            f"that began with customers, and there {_are(now['months_before'])}."
        )
    left = f"{formats.count(now['lost'])} of {formats.plural(now['customers_at_start'], 'customer')} left"
    before = formats.plural(now["months_before"], "month")
    usual = f"{formats.count(now['fewest_usual'])} to {formats.count(now['most_usual'])}"
    if now["unusual"]:
        return Sentence(
            f"{month} is unusual: {left}, and the {before} before it make {usual} usual. Chance alone does "
            f"that in less than one month of a hundred: something was different.{_noted(now, notes)}"
        )
    spread = (
        "Those months differed by more than chance, and the range is wider for it."
        if now["spread"] == "more than chance"
        else "Those months differed by no more than chance."
    )
    none = " Not even a month without a loss would be unusual." if now["fewest_usual"] == 0 else ""
    return Sentence(
        f"{month} is not unusual: {left}, and the {before} before it make {usual} usual. {spread}{none}"
    )


def _are(months: int) -> str:
    return "is one" if months == 1 else f"are {formats.count(months)}" if months else "is none"


def _noted(now: pd.Series, notes: pd.DataFrame) -> str:
    """The owner's notes of the month."""
    days = pd.to_datetime(notes["happened_on"])
    own = notes[(days.dt.year == now["month"].year) & (days.dt.month == now["month"].month)]
    said = [f"“{note.note}” ({formats.day(note.happened_on)})" for note in own.itertuples()]
    return f" Your notes of the month: {'; '.join(said)}." if said else " You noted nothing in it."


def record(chart: pd.DataFrame) -> dict[str, Any]:
    """The verdict and the chart's months, in the form of findings.json."""
    return {
        "unusual": control.unusual(chart),
        "control_chart": [
            {
                "month": formats.iso_month(row["month"]),
                "usual_rate": estimate_of(row, "usual_rate"),
                "fewest_usual": row["fewest_usual"],
                "most_usual": row["most_usual"],
                "months_before": row["months_before"],
                "spread": row["spread"],
                "unusual": row["unusual"],
            }
            for row in chart.to_dict(orient="records")
        ],
        "control_chart_fewest_months": control.FEWEST_MONTHS,
    }

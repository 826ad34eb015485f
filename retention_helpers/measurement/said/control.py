"""Whether a month is unusual: what the chart says, and how it is shown."""

from typing import Any

import pandas as pd

from retention_helpers.shown import figures
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import COUNT, MONTH, SHARE, YES_NO, columns, noted, one_of
from retention_helpers.statistics import control
from retention_helpers.words import formats

__all__ = ["control_chart"]


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


@columns(
    month=MONTH, customers_at_start=COUNT(is_recorded=False), lost=COUNT(is_recorded=False),
    churn_rate=SHARE(is_recorded=False),
    usual_rate=SHARE.estimate(
        note="the share lost in the months before; the ends of the usual range, as rates"
    ),
    fewest_usual=COUNT.or_null, most_usual=COUNT.or_null, months_before=COUNT,
    spread=one_of("chance alone", "more than chance").or_null, unusual=YES_NO.or_null,
)  # fmt: skip
def usual_range(churn: pd.DataFrame) -> pd.DataFrame:
    """One row per month: its losses against what the months before it make usual, see `control.chart`."""
    return control.chart(churn)


def _record(chart: pd.DataFrame) -> dict[str, Any]:
    return {
        "unusual": control.unusual(chart),
        "control_chart": records(chart, usual_range),
        "control_chart_fewest_months": control.FEWEST_MONTHS,
    }


control_chart = Measure(
    usual_range,
    "Churn against the range that the months before make usual",
    sentence=unusual,
    figure=figures.control_chart,
    findings={
        "unusual": noted(
            YES_NO.or_null,
            "whether the month's losses lie outside the range that the months before it make usual; null "
            "where there are too few",
        ),
        "control_chart": rows_of(usual_range),
        "control_chart_fewest_months": COUNT,
    },
    record=_record,
)

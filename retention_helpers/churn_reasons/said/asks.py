"""What those who stay ask for, as the page shows it."""

import pandas as pd

from retention_helpers.churn_reasons import asks
from retention_helpers.churn_reasons.asks import VERDICTS
from retention_helpers.shown import figures
from retention_helpers.shown.figures import Figure
from retention_helpers.shown.results import Measure
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.words import formats

__all__ = ["asked_for"]


def _told(row: pd.Series) -> str:
    return (
        f"{formats.words(row['name']).lower()} ({formats.percent(row['leavers_share'], 0)} against "
        f"{formats.percent(row['stayers_share'], 0)})"
    )


def beside_each_other(rows: pd.DataFrame) -> Sentence:
    """What leavers write of more often than stayers, and the other way round."""
    if rows.empty:
        return Sentence(
            "It takes tickets.csv with a column text, or nps.csv with a column comment: what those "
            "who stay ask for."
        )
    left, stayed = (int(rows[f"{who}_wrote"].iloc[0]) for who in ("leavers", "stayers"))
    who = (
        f"{formats.plural(left, 'leaver')}, before they left, and {formats.plural(stayed, 'stayer')} wrote a "
        "ticket or an NPS comment"
    )
    parts = []
    for verdict, whom, others in ((VERDICTS[0], "leavers", "stayers"), (VERDICTS[1], "stayers", "leavers")):
        own = rows[rows["verdict"] == verdict]
        if len(own):
            parts.append(
                f"more {whom} than {others} write of {listed([_told(row) for _, row in own.iterrows()])}"
            )
    if (rows["verdict"] == VERDICTS[3]).all():
        return Sentence(f"{who}: too few to compare.")
    said = "; ".join(parts) or "nothing is clearly more frequent with either"
    return Sentence(f"{who}: {said}.")


def drawn(rows: pd.DataFrame) -> Figure | None:
    judged = rows[rows["verdict"] != VERDICTS[3]]
    return figures.differences(
        judged, "name", "difference", title="Leavers less stayers, of those who wrote, in points",
        clear=VERDICTS[:2], sides=("stayers more", "leavers more"),
    )  # fmt: skip


asked_for = Measure(
    asks.asked_for,
    "Themes and wishes of those who left and of those who stay",
    sentence=beside_each_other,
    figure=drawn,
    findings="asks",
)

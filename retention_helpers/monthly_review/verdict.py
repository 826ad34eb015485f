"""Was it a normal month? One verdict, in a fixed order of precedence, so that no two of a page disagree."""

from typing import Literal

import pandas as pd

from retention_helpers.statistics.intervals import Change

MonthVerdict = Literal["cannot tell", "unusual", "worse", "better", "normal"]
VERDICTS: tuple[MonthVerdict, ...] = ("cannot tell", "unusual", "worse", "better", "normal")
_MOVED: dict[str, MonthVerdict] = {"rose": "worse", "fell": "better"}


def verdict_of_month(
    churn: pd.DataFrame, chart: pd.DataFrame, moved: Change | None, *, is_whole: bool = True
) -> MonthVerdict:
    """The verdict on the last month of `churn`; the first of these that holds.

    *Cannot tell*: the data have no row of the month (not `is_whole`), or no customers. *Unusual*: outside the
    range that the months before make usual (`chart`). *Worse* or *better*: churn rose or fell against the
    months before (`moved`). *Normal*: it could be held against at least one of the two, and neither says
    otherwise. *Cannot tell* again: there is nothing to hold the month against.

    Glossary: verdict of the month.
    """
    if not is_whole or not churn.iloc[-1]["customers_at_start"]:
        return "cannot tell"
    is_unusual = chart.iloc[-1]["unusual"]
    if is_unusual:
        return "unusual"
    if moved is None and is_unusual is None:
        return "cannot tell"
    return _MOVED.get(moved.verdict, "normal") if moved else "normal"

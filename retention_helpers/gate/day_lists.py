"""The lists of days beside the reports, as each remembers itself: for the lists and the reports after it."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from retention_helpers.words import calendar

FOLDER, RECORD = "today", ".list.json"
Records = Mapping[dt.date, Mapping[str, Any]]


def read(out: Path, is_ours: Callable[[str], bool]) -> Records:
    """The records of a business's lists by their days, the oldest first.

    business (its mark), rows (customer and action of each), called (the same of those to whom the list gave a
    call), written (the same of planned calls that became letters), over (customer, month and kind of each
    touch that needs nobody any more), at_risk (everybody at risk; null: not told), went_by (the month of the
    newest report or plan that the list knew; "": none).
    """
    found = {}
    for path in sorted((out / FOLDER).glob(f"*/{RECORD}")):
        try:
            on = dt.date.fromisoformat(path.parent.name)
            record = json.loads(path.read_text(encoding="utf-8"))
            if is_ours(record["business"]):
                found[on] = record
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a folder of the owner's own
    return found


def said_before(lists: Records, month: str) -> frozenset[tuple[str, str]]:
    """Customer and action of what lists said between the end of a report's month and that report."""
    begin = calendar.months_after(calendar.first_of(month), 1)
    return frozenset(
        (who, action)
        for on, record in lists.items()
        if on >= begin and record["went_by"] < month
        for who, action in record["rows"]
    )


def called_before(lists: Records, month: str) -> frozenset[tuple[str, str]]:
    """Customer and action of the calls in the month after a report's that were given before that report.

    A list that knew the report has counted its calls, and is not counted by it.
    """
    begin = calendar.months_after(calendar.first_of(month), 1)
    end = calendar.months_after(begin, 1)
    return frozenset(
        (who, action)
        for on, record in lists.items()
        if begin <= on < end and record["went_by"] < month
        for who, action in record["called"]
    )

"""What is due: a month's report from its day on until it is there, a workday's list on that day alone."""

import datetime as dt
from collections.abc import Iterable

from retention_helpers.words.calendar import month_starts, months_after

LATEST_DAY = 28  # every month has it
MOST_MONTHS = 12  # that are caught up at once
_WORKDAYS = range(5)  # from Monday


def last_due(now: dt.datetime, *, day: int, hour: int) -> str:
    """The last month whose report is due: that of the month before from the n-th at the hour on.

    The hour is that of a clock on the wall, also on the days on which it is moved.

    >>> [last_due(dt.datetime(2026, 11, on, 7), day=3, hour=7) for on in (2, 3)]
    ['2026-09', '2026-10']
    """
    is_due = (now.day, now.hour) >= (day, hour)
    return _named(months_after(now.date().replace(day=1), -1 if is_due else -2))


def missing(last: str, made: Iterable[str]) -> list[str]:
    """The months after the newest report up to the last that is due, at most twelve; without any, the last.

    >>> missing("2026-11", ["2026-07", "2026-08"]), missing("2026-11", []), missing("2026-11", ["2026-12"])
    (['2026-09', '2026-10', '2026-11'], ['2026-11'], [])
    """
    newest = max(made, default="")
    first = months_after(dt.date.fromisoformat(f"{newest}-01"), 1) if newest else _first(last)
    return [_named(start) for start in month_starts(first, _first(last))][-MOST_MONTHS:]


def is_list_due(now: dt.datetime, *, hour: int) -> bool:
    """Whether today has a list, and it is time.

    >>> [is_list_due(dt.datetime(2026, 11, on, 7), hour=7) for on in (6, 7)]
    [True, False]
    """
    return now.weekday() in _WORKDAYS and now.hour >= hour


def _first(month: str) -> dt.date:
    return dt.date.fromisoformat(f"{month}-01")


def _named(first: dt.date) -> str:
    return f"{first:%Y-%m}"

"""By when: the working days of the month after the report's, the most urgent first."""

import datetime as dt
import math
from collections.abc import Sequence

from retention_helpers.words import calendar

A_DAY = 5  # touches that fit into a day beside other work; more where the month has more of them
A_WEEK = 5  # working days
SATURDAY = 5


def working_days(as_of: dt.date) -> list[dt.date]:
    """Monday to Friday of the month that begins at the cut; nobody tells holidays.

    >>> [str(day) for day in working_days(dt.date(2026, 11, 1))[:2]]
    ['2026-11-02', '2026-11-03']
    """
    days = (calendar.months_after(as_of, 1) - as_of).days
    every = (as_of + dt.timedelta(days=nth) for nth in range(days))
    return [day for day in every if day.weekday() < SATURDAY]


def spread(ends: Sequence[dt.date | None], as_of: dt.date) -> list[dt.date]:
    """A day for each touch, in their order; a touch is due before the day on which its service ends.

    A_DAY of them on a day, and evenly more where they would not fit into the month. What an end brings
    forward comes on top.

    >>> [day.day for day in spread([None] * 6 + [dt.date(2026, 11, 3)], dt.date(2026, 11, 1))]
    [2, 2, 2, 2, 2, 3, 2]
    """
    days = working_days(as_of)
    a_day = max(A_DAY, math.ceil(len(ends) / len(days)))
    return [_before(days[place // a_day], end, days) for place, end in enumerate(ends)]


def _before(day: dt.date, end: dt.date | None, days: Sequence[dt.date]) -> dt.date:
    """The day itself, or the last working day before the end; the first of all where there is none."""
    if end is None or day < end:
        return day
    return max((one for one in days if one < end), default=days[0])

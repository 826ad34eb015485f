"""Calendar months: reading one, stepping through them, and the same day of a later month."""

import datetime as dt
import re

from retention_helpers.words.errors import InputError

_MONTH = re.compile(r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])", re.ASCII)


def first_of(month: str) -> dt.date:
    """The first day of a month such as "2026-10".

    Raises InputError with the nearest right spelling.

    >>> first_of("2026-10")
    datetime.date(2026, 10, 1)
    """
    if not _MONTH.fullmatch(month):
        raise InputError(f"{month!r} is not a month. Write it as YYYY-MM{_hint(month)}.")
    return dt.date(int(month[:4]), int(month[5:]), 1)


def _hint(month: str) -> str:
    numbers = [int(part) for part in re.findall(r"\d+", month)]
    years = [number for number in numbers if 1900 <= number < 2100]
    months = [number for number in numbers if 1 <= number <= 12]
    return f", such as {years[0]}-{months[0]:02}" if years and months else ", such as 2026-10"


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later (or earlier); the last day of the month where it has no such day.

    >>> months_after(dt.date(2026, 1, 31), 1), months_after(dt.date(2024, 2, 29), 12)
    (datetime.date(2026, 2, 28), datetime.date(2025, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(day.day, last))


def months_between(first: dt.date, last: dt.date) -> int:
    """Whole calendar months from the month of `first` to the month of `last`.

    >>> months_between(dt.date(2025, 11, 30), dt.date(2026, 2, 1))
    3
    """
    return (last.year - first.year) * 12 + last.month - first.month


def month_starts(first: dt.date, last: dt.date) -> list[dt.date]:
    """The first day of every month from the month of `first` to the month of `last`.

    >>> [f"{day:%Y-%m}" for day in month_starts(dt.date(2025, 11, 30), dt.date(2026, 1, 1))]
    ['2025-11', '2025-12', '2026-01']
    """
    start = first.replace(day=1)
    return [months_after(start, step) for step in range(months_between(first, last) + 1)]

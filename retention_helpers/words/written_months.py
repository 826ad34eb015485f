"""How people head the columns of months: one grammar for texts and for the days into which spreadsheets turn
them.

A heading may be read in several ways (01/24 is January 2024 or the month 24 of no year; the spreadsheet's
24 January 2026 was typed as Jan 24): each reading has a name, and the whole line of headings shows which one
is right, because months follow each other.
"""

import calendar
import datetime as dt
import re
from collections.abc import Mapping, Sequence

from retention_helpers.words import spellings, written

Month = tuple[int | None, int]  # a year, or None where the heading names none, and a month
PLAIN = ""  # the reading of a heading that can be read in one way only
SHORT_YEARS = 2000
_TOKENS = re.compile(r"\d+|[^\W\d_]+")
_FILLERS = frozenset({"de", "del", "of", "m", "年", "月", "日"})
_QUARTER = re.compile(r"(?:q[1-4]|[1-4]q|[1-4]\.? ?quartal|quartal ?[1-4]|t[1-4]|[1-4]t)\b", re.IGNORECASE)


def is_quarter(said: str) -> bool:
    """Whether a heading names a quarter, within which no month can be told.

    >>> is_quarter("Q1 2024"), is_quarter("2. Quartal"), is_quarter("Quantity")
    (True, True, False)
    """
    return bool(_QUARTER.match(written.bare(said)) or re.search(r"\bQ[1-4]$", written.bare(said)))


def year_in(cell: object) -> int | None:
    """The only year that a cell, or the title of a sheet, names; None for none, and for several.

    >>> year_in("Revenue 2024"), year_in(2025), year_in("2024 / 2025"), year_in("12024")
    (2024, 2025, None, None)
    """
    found = {int(year) for year in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", str(cell))}
    return found.pop() if len(found) == 1 else None


def readings(cell: object) -> Mapping[str, Month]:
    """What a heading may mean, by the name of the reading; empty for what is no month.

    >>> readings("Jan 24"), readings("Januar"), readings("2024-01"), readings("01/24")
    ({'': (2024, 1)}, {'': (None, 1)}, {'': (2024, 1)}, {'month first': (2024, 1)})
    >>> readings(dt.date(2026, 1, 24)), readings("Revenue")
    ({'the day': (2026, 1), 'the day as a year': (2024, 1)}, {})
    """
    if isinstance(cell, dt.date):
        return _of_a_day(cell.year, cell.month, cell.day)
    if isinstance(cell, int | float):
        whole = int(cell) if float(cell).is_integer() else 0
        return _of_tokens([str(whole)]) if whole > 0 else {}
    if not isinstance(cell, str):
        return {}
    text = written.bare(cell)
    days = {order: day for order in written.ORDERS[:2] if (day := _day(text, order))}
    if days:
        return _of_whole_days(days)
    tokens = [token for token in map(str.lower, _TOKENS.findall(text)) if token not in _FILLERS]
    return _of_tokens(tokens) if not is_quarter(text) else {}


def first_day(text: str) -> str | None:
    """The first day of the month that a text names and nothing else, as ISO; None where it may be several.

    >>> first_day("Jan 2026"), first_day("Januar 26"), first_day("10/2026"), first_day("2026年3月")
    ('2026-01-01', '2026-01-01', '2026-10-01', '2026-03-01')
    >>> first_day("January"), first_day("Ads in Jan 2026")
    (None, None)
    """
    found = {month for month in readings(text).values() if month[0]} if not words_beside(text) else set()
    if len(found) != 1:
        return None
    year, month = found.pop()
    return f"{year}-{month:02}-01"


def words_beside(cell: object) -> str:
    """What a heading says beside its month, the same in every column of a sheet such as `MRR Jan 2024`.

    >>> words_beside("MRR Jan 2024"), words_beside("Jan 24")
    ('mrr', '')
    """
    tokens = map(str.lower, _TOKENS.findall(cell if isinstance(cell, str) else ""))
    return " ".join(
        one for one in tokens if not one.isdigit() and one not in _FILLERS | spellings.MONTHS.keys()
    )


def _day(text: str, order: str) -> dt.date | None:
    read = written.instant(text, order)
    return dt.date.fromisoformat(read[:10]) if read else None


def _of_whole_days(days: Mapping[str, dt.date]) -> Mapping[str, Month]:
    """The months of headings that are days; alike in both orders, they are read in one way."""
    if len({(day.year, day.month) for day in days.values()}) == 1:
        day = next(iter(days.values()))
        return {PLAIN: (day.year, day.month)}
    return {order: (day.year, day.month) for order, day in days.items()}


def _of_a_day(year: int, month: int, day: int) -> Mapping[str, Month]:
    """A day within a month is one that a spreadsheet made of a month and a year, or is meant as it is."""
    if day == 1 or day == calendar.monthrange(year, month)[1]:
        return {PLAIN: (year, month)}
    return {"the day": (year, month), "the day as a year": (SHORT_YEARS + day, month)}


def _of_tokens(tokens: Sequence[str]) -> Mapping[str, Month]:
    numbers = [token for token in tokens if token.isascii() and token.isdigit()]
    words = [spellings.MONTHS[token] for token in tokens if token in spellings.MONTHS]
    if len(words) == 1 and len(numbers) <= 1:
        year = _year(numbers[0]) if numbers else None
        return {PLAIN: (year, words[0])} if year or not numbers else {}
    if words or len(numbers) > 2:
        return {}
    if len(numbers) == 2:
        return _of_two_numbers(*numbers)
    return _of_a_number(numbers[0]) if len(numbers) == 1 == len(tokens) else {}


def _of_a_number(number: str) -> Mapping[str, Month]:
    if len(number) == 6 and _is_year(number[:4]) and _is_month(number[4:]):
        return {PLAIN: (int(number[:4]), int(number[4:]))}
    return {"a number": (None, int(number))} if _is_month(number) else {}


def _of_two_numbers(one: str, other: str) -> Mapping[str, Month]:
    if len(one) == 4 or len(other) == 4:
        year, month = (one, other) if len(one) == 4 else (other, one)
        return {PLAIN: (int(year), int(month))} if _is_year(year) and _is_month(month) else {}
    found: dict[str, Month] = {}
    if _is_month(one) and len(other) == 2:
        found["month first"] = (SHORT_YEARS + int(other), int(one))
    if _is_month(other) and len(one) == 2:
        found["year first"] = (SHORT_YEARS + int(one), int(other))
    return found


def _year(number: str) -> int | None:
    if len(number) == 2:
        return SHORT_YEARS + int(number)
    return int(number) if _is_year(number) else None


def _is_year(number: str) -> bool:
    return len(number) == 4 and written.FIRST_YEAR <= int(number) <= written.LAST_YEAR


def _is_month(number: str) -> bool:
    return len(number) <= 2 and 1 <= int(number) <= 12

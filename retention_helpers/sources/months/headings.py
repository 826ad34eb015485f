"""Which line of a sheet heads its months, and which column is which month."""

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from retention_helpers.sources.spreadsheet.grids import Cell, Grid
from retention_helpers.sources.unreadable import Unreadable
from retention_helpers.words import written, written_months
from retention_helpers.words.calendar import months_after
from retention_helpers.words.formats import month as named
from retention_helpers.words.formats import plural
from retention_helpers.words.written_months import PLAIN, Month

HEADER_WITHIN = 30  # lines of titles and remarks at most
LEAST = 3  # columns of months that make a sheet one of months, where nobody has said so
_YEARS_ABOVE = 3  # lines, in which a year may stand above the names of its months
_A_NUMBER = "a number"
_RENAME = "Name each month once, in order, such as 2026-01, 2026-02"

Sequenced = tuple[dt.date, ...]


@dataclass(frozen=True)
class Headings:
    """Where the months of a sheet stand.

    Attributes:
        at: the number of the header among the grid's lines.
        months: the first day of each month, by its column.
        names: the heading of every other column that has one, by its column.
    """

    at: int
    months: Mapping[int, dt.date]
    names: Mapping[int, str]


def is_of_months(header: Sequence[Cell]) -> bool:
    """Whether a line of headings names enough months, each after the other."""
    columns = _candidates(header)
    if len(columns) < LEAST:
        return False
    known = {column: found for column, found in columns.items() if any(year for year, _ in found.values())}
    if known and len(known) < len(columns):
        return False
    return bool(_following(list(columns.values()))) if known else _follow_by_name(columns)


def _follow_by_name(columns: Mapping[int, Mapping[str, Month]]) -> bool:
    """Whether names of months without years follow each other."""
    numbers = [next(iter(found.values()))[1] for found in columns.values()]
    is_named = all(PLAIN in found for found in columns.values())
    return is_named and all(after == before % 12 + 1 for before, after in itertools.pairwise(numbers))


def headings_of(grid: Grid, date_order: str = "", first_month: str = "") -> Headings | None:
    """The header of a sheet with a column a month; None where no line names two of them.

    `first_month` is what the owner says of the first of them, where it can be read in several ways or lacks a
    year. Raises Unreadable for months that are missing, stand twice or out of order, or lack a year.
    """
    lines = [cells for _, cells in grid.lines[:HEADER_WITHIN]]
    every = [_candidates(cells) for cells in lines]
    at = max(range(len(every)), key=lambda nth: (len(every[nth]), -nth), default=None)
    if at is None or not _are_enough(every[at], lines[at]):
        _refuse_quarters(lines)
        return None
    columns = _with_years(every[at], at, lines, grid, first_month)
    months = dict(zip(columns, _in_order(columns, lines[at], date_order, first_month), strict=True))
    return Headings(at, months, _other_names(lines, at, months))


def _are_enough(columns: Mapping[int, Mapping[str, Month]], header: Sequence[Cell]) -> bool:
    """Whether a line names months: two do, unless they are days, which may stand in a row of anything."""
    are_texts = all(isinstance(cell := header[nth], str) and not written.instant(cell) for nth in columns)
    return len(columns) >= (2 if are_texts else LEAST)


def _refuse_quarters(lines: Sequence[Sequence[Cell]]) -> None:
    for cells in lines:
        quarters = [cell for cell in cells if isinstance(cell, str) and written_months.is_quarter(cell)]
        if len(quarters) > 1:
            raise Unreadable(
                f"its columns are quarters such as {quarters[0]}, within which no month can be told",
                "Keep a column a month, or bring the charges: `import ledger`.",
            )


def _candidates(header: Sequence[Cell]) -> dict[int, Mapping[str, Month]]:
    """The readings of the columns that may be months: of those, the most that say the same beside it."""
    found = {nth: own for nth, cell in enumerate(header) if (own := written_months.readings(cell))}
    beside = Counter(written_months.words_beside(header[nth]) for nth in found)
    most = max(beside.values(), default=0)
    usual = [words for words, many in beside.items() if many == most]
    if len(usual) > 1 and most > 1:
        raise Unreadable(
            f"each month stands in two columns, “{usual[0]}” and “{usual[1]}”", "Keep one of the two."
        )
    columns = {
        nth: own for nth, own in found.items() if written_months.words_beside(header[nth]) in usual[:1]
    }
    if any(_A_NUMBER in own for own in columns.values()):
        return columns if _are_numbered(columns) else {}
    return columns


def _are_numbered(columns: Mapping[int, Mapping[str, Month]]) -> bool:
    """Whether headings that are bare numbers count months: 1, 2, 3, …"""
    numbers = [own[_A_NUMBER][1] for own in columns.values() if _A_NUMBER in own]
    return len(numbers) == len(columns) >= LEAST and numbers == list(range(1, len(numbers) + 1))


# --- years -------------------------------------------------------------------------------------------


def _with_years(
    columns: dict[int, Mapping[str, Month]],
    at: int,
    lines: Sequence[Sequence[Cell]],
    grid: Grid,
    first_month: str,
) -> dict[int, Mapping[str, Month]]:
    """The readings with the year that stands above, in a title, or in the name of the sheet."""
    if all(year for own in columns.values() for year, _ in own.values()):
        return columns
    if any(year for own in columns.values() for year, _ in own.values()):
        raise Unreadable("some months name their year and others do not", f"{_RENAME}.")
    numbers = {nth: next(iter(own.values()))[1] for nth, own in columns.items()}
    turns = dict(zip(numbers, _turns(list(numbers.values())), strict=True))
    anchors = [(nth, year - turns[nth]) for nth, year in _years_above(at, lines, list(columns))]
    if not anchors and (year := _year_of_title(at, lines, grid) or int(first_month[:4] or 0)):
        anchors = [(next(iter(columns)), year)]
    if not anchors:
        raise Unreadable(
            "its months have no year",
            "Write the year above them, or say the month of the first column: `first_month: 2026-01`.",
        )
    if len({year for _, year in anchors}) > 1:
        raise Unreadable("the years above the months do not fit them", f"{_RENAME}.")
    first = anchors[0][1]
    return {nth: {PLAIN: (first + turns[nth], number)} for nth, number in numbers.items()}


def _turns(numbers: Sequence[int]) -> list[int]:
    """How many years have turned before each month: after December comes another year."""
    is_back = len(numbers) > 1 and numbers[1] % 12 + 1 == numbers[0]
    turns = [0]
    for before, after in itertools.pairwise(numbers):
        turns.append(turns[-1] + (-(after >= before) if is_back else after <= before))
    return turns


def _years_above(at: int, lines: Sequence[Sequence[Cell]], columns: Sequence[int]) -> list[tuple[int, int]]:
    """The years in the nearest line above that has any, each at the first month at or after it."""
    for above in reversed(lines[max(0, at - _YEARS_ABOVE) : at]):
        years = [
            (nth, year) for nth, cell in enumerate(above) if (year := written_months.year_in(cell or ""))
        ]
        placed = [
            (column, year)
            for nth, year in years
            if (column := next((one for one in columns if one >= nth), None)) is not None
        ]
        if placed:
            return [placed[0]] if len(years) == 1 and years[0][0] < columns[0] else placed
    return []


def _year_of_title(at: int, lines: Sequence[Sequence[Cell]], grid: Grid) -> int | None:
    said = " ".join(str(cell) for cells in lines[:at] for cell in cells if cell is not None)
    return written_months.year_in(said) or written_months.year_in(grid.title)


# --- order -------------------------------------------------------------------------------------------


def _in_order(
    columns: Mapping[int, Mapping[str, Month]], header: Sequence[Cell], date_order: str, first_month: str
) -> Sequenced:
    """The months of the columns, in the one way in which they follow each other."""
    following = _following(list(columns.values()))
    if first_month:
        following = {name: own for name, own in following.items() if f"{own[0]:%Y-%m}" == first_month}
    elif date_order in following:
        return following[date_order]
    ways = list(dict.fromkeys(following.values()))
    if len(ways) == 1:
        return ways[0]
    first = header[next(iter(columns))]
    if len(ways) > 1:
        starts = " or ".join(named(own[0]) for own in ways)
        raise Unreadable(
            f"its first month, {first}, may be {starts}",
            "Say which: " + " or ".join(f"`first_month: {own[0]:%Y-%m}`" for own in ways) + ".",
        )
    if first_month:
        raise Unreadable(
            f"first_month is {first_month}, and the first column says {first}", "Correct one of the two."
        )
    raise Unreadable(_what_is_wrong(columns), f"{_RENAME}.")


def _following(columns: Sequence[Mapping[str, Month]]) -> dict[str, Sequenced]:
    """The readings by which the months follow each other one by one, the latest first or last."""
    names = dict.fromkeys(name for own in columns for name in own if name != PLAIN) or {PLAIN: None}
    found = {}
    for name in names:
        months = _read_as(columns, name)
        if months and (_steps(months) <= {1} or _steps(months) <= {-1}):
            found[name] = months
    return found


def _read_as(columns: Sequence[Mapping[str, Month]], name: str) -> Sequenced:
    read = [own.get(name, own.get(PLAIN)) for own in columns]
    whole = [month for month in read if month and month[0]]
    return tuple(dt.date(year, month, 1) for year, month in whole if year) if len(whole) == len(read) else ()


def _steps(months: Sequenced) -> set[int]:
    pairs = itertools.pairwise(months)
    return {12 * (after.year - before.year) + after.month - before.month for before, after in pairs}


def _what_is_wrong(columns: Mapping[int, Mapping[str, Month]]) -> str:
    names = dict.fromkeys(name for own in columns.values() for name in own)
    read = [months for name in names if (months := _read_as(list(columns.values()), name))]
    if not read:
        return "its headings name months in different ways"
    months = max(read, key=lambda own: len(set(own)))
    twice = [one for one, many in Counter(months).items() if many > 1]
    if twice:
        return f"{named(twice[0])} stands in {plural(Counter(months)[twice[0]], 'column')}"
    missing = list(_between(min(months), max(months), set(months)))
    if missing and months in (tuple(sorted(months)), tuple(sorted(months, reverse=True))):
        return f"no column is {named(missing[0])}, and a month that is not there is none in which nobody paid"
    return f"its months stand out of order, such as {named(_first_astray(months))}"


def _between(first: dt.date, last: dt.date, there: set[dt.date]) -> Iterator[dt.date]:
    while first < last:
        first = months_after(first, 1)
        if first not in there:
            yield first


def _first_astray(months: Sequenced) -> dt.date:
    pairs = itertools.pairwise(months)
    return next((after for before, after in pairs if after < before), months[0])


def _other_names(lines: Sequence[Sequence[Cell]], at: int, months: Mapping[int, dt.date]) -> dict[int, str]:
    """The headings of the columns that are no months; of one that is empty, what stands above it."""
    names = {}
    for nth in range(max(map(len, lines[: at + 1]))):
        above = [cells[nth] for cells in reversed(lines[max(0, at - 1) : at + 1]) if nth < len(cells)]
        said = next((str(cell) for cell in above if cell is not None), "")
        if nth not in months and said and written_months.year_in(said) is None:
            names[nth] = " ".join(said.split())
    return names

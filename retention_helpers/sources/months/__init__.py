"""Sheets with a row a customer and a column a month: amounts, crosses or plans.

An empty month is a gap in service of that month. What the sheet cannot know is said: the days within a month,
and whoever was a customer before its first column.
"""

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from retention_helpers.contract.assumed import Assumed
from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.folder import shortened
from retention_helpers.sources.interface import (
    PLACE,
    Imported,
    Importer,
    Order,
    SetAside,
    as_text,
    write_rows,
)
from retention_helpers.sources.months.cells import CROSS, Beside, Reader, reader_of
from retention_helpers.sources.months.columns import Columns, interval_of
from retention_helpers.sources.months.headings import headings_of, is_of_months
from retention_helpers.sources.months.marks import marks
from retention_helpers.sources.months.options import Options, options_of
from retention_helpers.sources.months.rows import SheetOfMonths, sheet_of_months
from retention_helpers.sources.months.spans import (
    YEAR,
    Paid,
    may_be_yearly,
    pace_of,
    spans_of,
    spread,
    usual_amount,
)
from retention_helpers.sources.spreadsheet.grids import Cell, grids, money_in
from retention_helpers.sources.unreadable import Unreadable
from retention_helpers.words import spellings, written
from retention_helpers.words.calendar import months_after
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import count, month, plural

_MONTHS_IN = {"month": 1, "quarter": 3, "year": YEAR}
_HALF_FILLED = 0.5  # of the customers of the month before: fewer may be a month that is not entered yet
_LEAST_BEFORE = 8
Row = dict[str, str | None]


def recognises(columns: Sequence[str]) -> str:
    """What a sheet with these columns is; "" for one without a column a month."""
    try:
        return "a sheet with a column a month" if is_of_months(columns) else ""
    except Unreadable:
        return ""


@dataclass
class _Read:
    """What was read of all sheets together."""

    rows: list[Paid] = field(default_factory=list)
    people: dict[str, Row] = field(default_factory=dict)
    months: set[dt.date] = field(default_factory=set)
    set_aside: list[SetAside] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rows_read: dict[str, int] = field(default_factory=dict)
    unread: dict[str, None] = field(default_factory=dict)
    has_prices: bool = True  # whether the amounts of the past are known
    is_taken: bool = False

    @property
    def is_stopped(self) -> bool:
        return any(fault.level == "stop" for fault in self.faults)


def read(order: Order) -> Imported:
    """Every sheet with a column a month; what the owner alone can say is a stop that asks."""
    options = options_of(order.options)
    found = _Read()
    for file in order.files:
        try:
            _read_file(file, order, options, found)
        except Unreadable as broken:
            found.faults.append(_stop(file.name, "unreadable file", broken.what, broken.way_out))
    if found.is_stopped or not found.rows:
        return Imported({}, found.rows_read, found.set_aside, found.faults)
    named = order.files[0].name if len(order.files) == 1 else f"{len(order.files)} files"
    found.faults += [*_not_monthly(found, options, named)]
    last = _last_month(found, order, options, named)
    if found.is_stopped or last is None:
        return Imported({}, found.rows_read, found.set_aside, found.faults)
    spans = [span for row in _spread(found, options) for span in _spans(row, last)]
    tables = {
        "customers": write_rows(order, "customers", _people(found, spans)),
        "subscriptions": write_rows(order, "subscriptions", spans),
    }
    return Imported(
        tables,
        found.rows_read,
        tuple(found.set_aside),
        tuple(found.faults),
        not_known=_not_known(found),
        assumed=_assumed(found, last),
    )


# --- sheets --------------------------------------------------------------------------------------------


def _read_file(file: Path, order: Order, options: Options, found: _Read) -> None:
    opened, assumed = grids(file)
    found.faults += assumed
    sheets = []
    for grid in opened:
        headings = headings_of(grid, order.settings.date_order, options.first_month)
        if headings is not None:
            sheets.append(sheet_of_months(grid, headings, options.columns))
        elif len(opened) > 1:
            said = message(
                file.name, f"sheet {grid.title} has no column a month and was not read", "Is that meant?"
            )
            found.faults.append(Fault("note", "", "unknown sheet", 0, said))
    if not sheets:
        raise Unreadable(
            "no line heads a column a month, such as Jan 2026, Feb 2026",
            "Head each column with its month; a list with starts and ends is read by `import spreadsheet`.",
        )
    for sheet in sheets:
        _read_sheet(sheet, order, options, found)


def _read_sheet(sheet: SheetOfMonths, order: Order, options: Options, found: _Read) -> None:
    file, grid = sheet.grid.file, sheet.grid
    again = found.months & set(sheet.headings.months.values())
    if again:
        raise Unreadable(f"{month(min(again))} stands on two sheets or files", "Keep it on one of them.")
    found.months |= set(sheet.headings.months.values())
    found.set_aside += sheet.set_aside
    found.rows_read[file.name] = found.rows_read.get(file.name, 0) + len(sheet.rows) + len(sheet.set_aside)
    found.unread |= dict.fromkeys(sheet.columns.unread)
    found.is_taken = found.is_taken or sheet.columns.is_taken
    found.faults += marks(file, grid.title, sheet.headings, grid.lines[sheet.headings.at][0])
    if sheet.nameless:
        place = grid.place(sheet.nameless[0])
        name = "names" if len(sheet.nameless) == 1 else "name"
        what = f"{plural(len(sheet.nameless), 'row')} with filled months {name} no customer (first: {place})"
        found.faults.append(
            _stop(file.name, "row without a customer", what, "Write who it is, or empty the row.")
        )
    cells = [sheet.cell(line, nth) for _, line in sheet.rows for nth in sheet.headings.months]
    reader = reader_of(order.settings, cells, options.prices, options.cells)
    found.has_prices = found.has_prices and reader.has_amounts
    _read_rows(sheet, order, options, reader, found)
    found.faults += reader.faults(file.name)


def _beside(line: Sequence[Cell], columns: Columns, sign: str, reader: Reader, place: str) -> Beside:
    """What the columns Price and Currency say of a row; a price that may have thousands or decimals is asked
    about.
    """
    said = columns.text(line, "currency") or ""
    own, cell = spellings.currency(said) or said, columns.cell(line, "price")
    if not sign and isinstance(cell, str) and written.is_ambiguous_amount(cell):
        reader.unsigned.append(f"{place}, Price")
    money = money_in(cell, sign)
    if money is None or money.interval:
        return Beside(None, own)
    return Beside(money.amount, reader.currency_in(cell, money.currency, own, f"{place}, Price"))


def _read_rows(sheet: SheetOfMonths, order: Order, options: Options, reader: Reader, found: _Read) -> None:
    columns = sheet.columns
    earlier = {(row.who, nth): place for place, (row, nth) in enumerate(_numbered(found.rows))}
    seen: Counter[str] = Counter()
    names = {nth: month(first) for nth, first in sheet.headings.months.items()}
    sign = reader.sign or written.decimal_sign_of(columns.text(line, "price") for _, line in sheet.rows)
    for number, line in sheet.rows:
        who = columns.who(line) or ""
        place = str(order.spot(sheet.grid.file, sheet.grid.place(number)))
        beside = _beside(line, columns, sign, reader, place)
        months = {
            first: said
            for nth, first in sheet.headings.months.items()
            if (said := reader.read(sheet.cell(line, nth), f"{place}, {names[nth]}", beside))
        }
        lasts = interval_of(line, columns)
        row = Paid(
            who, place, months, columns.text(line, "plan") or "", beside.currency,
            None if lasts is None else _MONTHS_IN.get(lasts[0], 1) * lasts[1],
        )  # fmt: skip
        same = earlier.get((who, seen[who]))
        seen[who] += 1
        if same is not None:
            before = found.rows[same]
            found.rows[same] = Paid(who, before.place, {**before.months, **months}, row.plan or before.plan,
                                    row.currency or before.currency, row.lasts or before.lasts)  # fmt: skip
        elif months:
            found.rows.append(row)
        else:
            reason = "no month says that anybody paid"
            found.set_aside.append(
                SetAside(
                    sheet.grid.file.name,
                    sheet.grid.place(number),
                    reason,
                    {"customer": columns.named(line) or ""},
                )
            )
            continue
        person = found.people.setdefault(who, {"customer_id": who, PLACE: place})
        person |= {
            name: said for name, said in _person(sheet, line, order).items() if said and not person.get(name)
        }


def _numbered(rows: Sequence[Paid]) -> Iterator[tuple[Paid, int]]:
    """Each row with how many rows of the same customer came before it."""
    seen: Counter[str] = Counter()
    for row in rows:
        yield row, seen[row.who]
        seen[row.who] += 1


def _person(sheet: SheetOfMonths, line: Sequence[Cell], order: Order) -> Row:
    columns = sheet.columns
    nth = columns.of.get("signed_up_at")
    signed_up = line[nth] if nth is not None and nth < len(line) else None
    known: Row = {name: columns.text(line, name) for name in ("email", "name") if name in columns.of}
    if isinstance(signed_up, dt.date):
        known["signed_up_at"] = signed_up.isoformat()
    elif isinstance(signed_up, str):
        known["signed_up_at"] = written.instant(signed_up, order.settings.date_order) or signed_up
    elif isinstance(signed_up, int | float):
        day = written.serial_day(signed_up, epoch=sheet.grid.epoch)
        known["signed_up_at"] = day.isoformat() if day else str(signed_up)
    return {**columns.further(line), **known}


def _stop(file: str, rule: str, what: str, way_out: str) -> Fault:
    return Fault("stop", "", rule, 0, message(file, what, way_out))


# --- months --------------------------------------------------------------------------------------------


def _last_month(found: _Read, order: Order, options: Options, named: str) -> dt.date | None:
    """The last month of which the sheet knows: over, filled in, and not after the owner's `until`."""
    today = dt.datetime.now(order.settings.zone).date()
    over = months_after(today.replace(day=1), -1)
    missing = [one for one in _every(min(found.months), max(found.months)) if one not in found.months]
    if missing:
        what = f"no sheet has a column for {month(missing[0])}"
        found.faults.append(
            _stop(named, "missing month", what, "Add it, or bring the file that holds it, too.")
        )
        return None
    filled = Counter(one for row in found.rows for one, said in row.months.items() if said)
    known = [one for one in sorted(filled) if one <= min(over, options.until or over)]
    if not known:
        found.faults.append(
            _stop(named, "no rows", "no month that is over is filled", "Bring a sheet of past months.")
        )
        return None
    last = known[-1]
    later = [one for one in sorted(found.months) if one > last]
    if later:
        why = (
            "are not over, or nobody stands in them"
            if len(later) > 1
            else "is not over, or nobody stands in it"
        )
        which = month(later[0]) if len(later) == 1 else f"{month(later[0])} to {month(later[-1])}"
        found.faults.append(
            Fault(
                "note", "subscriptions", "months not read", 0, message(named, f"{which} {why}", "Not read.")
            )
        )
    before = filled.get(months_after(last, -1), 0)
    if before >= _LEAST_BEFORE and filled[last] < _HALF_FILLED * before and options.until is None:
        found.faults.append(_half_filled(named, last, filled[last], before))
    return last


def _half_filled(named: str, last: dt.date, now: int, before: int) -> Fault:
    said = message(
        named,
        f"in {month(last)} only {plural(now, 'customer')} {'has' if now == 1 else 'have'} a filled cell, and "
        f"{count(before)} have in {month(months_after(last, -1))}",
        f"The others count as lost. If it is not filled in to its end, say `until: "
        f"{months_after(last, -1):%Y-%m}`; if it is, `until: {last:%Y-%m}`.",
    )
    return Fault("warning", "subscriptions", "month half filled", before - now, said)


def _every(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first = months_after(first, 1)


def _not_monthly(found: _Read, options: Options, named: str) -> Iterator[Fault]:
    """Stops for rows that look like payments for more than a month, and a warning of what was seen twice."""
    usual = usual_amount(found.rows)
    yearly = [row for row in found.rows if usual and may_be_yearly(row, usual)]
    if yearly and not options.says_yearly and usual:
        least = min(said.amount for row in yearly for said in row.months.values() if said.amount)
        said = message(
            named,
            f"{plural(len(yearly), 'customer')} {'has' if len(yearly) == 1 else 'have'} single amounts from "
            f"{as_text(least)} on, "
            f"where {as_text(usual)} a month is usual (first: {yearly[0].place}): payments for a year would "
            f"be losses a month later",
            f"Say `yearly_from: {as_text(least)}` if amounts from there on pay for a year, or `yearly_from: "
            f"never`.",
        )
        yield Fault("stop", "subscriptions", "yearly payments", len(yearly), said)
    if options.says_paces:
        return
    every = [(row, pace) for row in found.rows if (pace := pace_of(row))]
    paces = [(row, pace) for row, pace in every if len(row.months) > 2]
    alike = Counter(pace for _, pace in every)
    twice = [(row, pace) for row, pace in every if len(row.months) == 2 and alike[pace] > 1]
    if twice and not paces:
        row, pace = twice[0]
        said = message(
            named,
            f"{plural(len(twice), 'customer')} are paid twice, {pace} months apart (first: {row.place}), and "
            "the months between are empty: they count as lost and as back",
            "If that paid for the time between, add a column Interval that says month, quarter or year for "
            "each row; if they really paused, say `gaps: real`.",
        )
        yield Fault("warning", "subscriptions", "paid every few months", len(twice), said)
    if paces:
        row, pace = paces[0]
        said = message(
            named,
            f"{plural(len(paces), 'customer')} {'is' if len(paces) == 1 else 'are'} paid every {pace} "
            f"months (first: {row.place}), and the months between are empty",
            "Add a column Interval that says month, quarter or year for each row; if they really pause in "
            "between, say `gaps: real`.",
        )
        yield Fault("stop", "subscriptions", "paid every few months", len(paces), said)


def _spread(found: _Read, options: Options) -> Iterator[Paid]:
    return (spread(row, options.yearly_from) for row in found.rows)


def _spans(row: Paid, last: dt.date) -> Iterator[Row]:
    for span in spans_of(row, last):
        yield {**span, PLACE: row.place}


def _people(found: _Read, spans: Sequence[Row]) -> list[Row]:
    """The customers with service; whoever has no sign-up before it signed up with the first month."""
    began: dict[str, str] = {}
    for span in spans:
        who, start = span["customer_id"] or "", span["started_at"] or ""
        began[who] = min(start, began.get(who, start))
    return [
        {**person, "signed_up_at": _earlier(person.get("signed_up_at"), began[who])}
        for who, person in found.people.items()
        if who in began
    ]


def _earlier(signed_up: str | None, began: str) -> str:
    """The sign-up, unless it lies within the month that the first span begins on the first of."""
    return began if not signed_up or signed_up[:7] == began[:7] else signed_up


# --- what is said --------------------------------------------------------------------------------------


def _not_known(found: _Read) -> dict[str, str]:
    known = {
        "days": "A sheet with a column a month says in which month somebody paid, and not on which day: "
        "service begins and ends on the first of a month."
    }
    if not found.has_prices:
        known["prices"] = (
            "The sheet says who was there, not what was paid: the prices named are those of now."
        )
    return known


def _assumed(found: _Read, last: dt.date) -> Assumed:
    first = min(found.months)
    there = sum(first in row.months for row in found.rows)
    several = sum(many > 1 for many in Counter(row.who for row in found.rows).values())
    notes = [
        "An empty month is a gap in service: a pause looks like a loss and a return. Colours, "
        "strikes-through and notes at cells mean nothing."
    ]
    if there:
        notes.append(
            f"{plural(there, 'customer')} who {'stands' if there == 1 else 'stand'} in the first column, "
            f"{month(first)}, may have begun long before: their time as customers is counted from there."
        )
    if several:
        notes.append(
            f"{plural(several, 'customer')} {'stands' if several == 1 else 'stand'} in several rows: what "
            f"they pay in the same month adds up."
        )
    if found.is_taken:
        notes.append(
            "No heading says who a row is; the first column with another text in every row was taken."
        )
    if found.unread:
        notes.append(f"Not read, as totals, remarks or dates: {shortened(list(found.unread))}.")
    return Assumed(until=months_after(last, 1) - dt.timedelta(days=1), notes=tuple(notes))


IMPORTER = Importer(
    name="months",
    about="a sheet with a row a customer and a column a month, XLSX or CSV",
    recognises=recognises,
    read=read,
    options=("columns", "prices", "cells", "first_month", "until", "yearly_from", "gaps"),
)

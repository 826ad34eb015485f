"""The cells of a sheet as the contract writes them, and what cannot be read for certain."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from retention_helpers.contract.settings import SETTINGS_FILE, Settings
from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.bearing import said_of
from retention_helpers.sources.interface import as_text
from retention_helpers.sources.prices import BESIDE, Asked, said_in
from retention_helpers.sources.spreadsheet.grids import Paid, as_paid
from retention_helpers.sources.spreadsheet.sheets import Names, Row, Sheet
from retention_helpers.words import written

Text = str | None
Cells = Mapping[str, Text]  # by column
Reader = Callable[[int, Row], Cells]
_A_MONTH = Asked()
SWAPPED_TEXTS, SWAPPED_DAYS = 3, 8  # so many of both are no chance: (12 / 30) ** 8 is 0.0007


class _Column:
    """How a column's cells are read, and which of them could be read in two ways."""

    def __init__(self, sheet: Sheet, name: str, settings: Settings) -> None:
        self.sheet, self.name, self.settings = sheet, name, settings
        self.cells = [row[name] for _, row in sheet.rows]
        self.texts = [cell for cell in self.cells if isinstance(cell, str)]
        self.ambiguous: list[tuple[int, str]] = []
        self.unsigned: list[tuple[int, str]] = []
        self.contradicted: list[tuple[int, str]] = []
        self.unlasting: list[tuple[int, str]] = []

    def instant(self, number: int, row: Row) -> Cells:
        cell = row[self.name]
        if isinstance(cell, int | float):
            day = written.serial_day(cell, epoch=self.sheet.grid.epoch)
            counted = written.instant(as_text(cell) or "", self.settings.date_order)
            return {self.name: counted or as_text(cell if day is None else day)}
        if not isinstance(cell, str):
            return {self.name: as_text(cell)}
        read = written.instant(cell, self.settings.date_order)
        if read is None and not self.settings.date_order and written.is_ambiguous(cell):
            self.ambiguous.append((number, cell))
        return {self.name: read or cell}

    def money(self, beside: Sequence[str], prices: Asked) -> Reader:
        """An amount in digits and a point, and what it names besides, for cells that the row leaves empty."""
        sign = written.SIGNS.get(self.settings.decimal_sign) or written.decimal_sign_of(self.texts)
        currencies = (self.settings.currency, *self.settings.exchange_rates)
        asked = replace(prices, decimal_sign=sign, currencies=currencies, beside=beside)

        def read(number: int, row: Row) -> Cells:
            cell = row[self.name]
            own = {name: as_text(row.get(name)) for name in BESIDE}
            if isinstance(cell, int | float):
                names_currency = isinstance(cell, Paid) and "currency" in beside
                if not (names_currency or asked.price_per or asked.in_minor_units):
                    return {self.name: as_text(cell)}
                cell = as_paid(cell) if names_currency else as_text(cell) or ""
                said = said_in(cell, own["currency"], own["interval"], replace(asked, decimal_sign="."))
            elif isinstance(cell, str):
                said = said_in(cell, own["currency"], own["interval"], asked)
            else:
                return {self.name: as_text(cell)}
            if said.amount is None and not sign and written.is_ambiguous_amount(cell):
                self.unsigned.append((number, cell))
            elif said.amount is None and asked.price_per and written.amount(cell, sign or "."):
                self.unlasting.append((number, own["interval"] or ""))
            if said.contradicts:
                self.contradicted.append((number, cell))
            filled = {"currency": said.currency, "interval": said.interval}
            named = {name: filled[name] for name in beside if filled[name] and not own[name]}
            return {self.name: cell if said.amount is None else as_text(said.amount), **named}

        return read

    def in_our_words(self, words: Mapping[str, str]) -> Reader:
        ours = {theirs.strip().lower(): word for theirs, word in words.items()}

        def read(number: int, row: Row) -> Cells:
            said = as_text(row[self.name])
            return {self.name: said if said is None else ours.get(said.lower(), said) or None}

        return read

    def faults(self, table: str) -> Iterator[Fault]:
        if self.ambiguous:
            yield self._order_unknown(table)
        elif self._is_swapped():
            yield self._swapped(table)
        if self.unsigned:
            first = self.unsigned[0][1]
            what = f"{self.name} holds amounts such as {first}, which may have thousands or decimals"
            way_out = f"Say `decimal_sign: point` or `decimal_sign: comma` in {SETTINGS_FILE}."
            yield self._fault(table, "decimal sign unknown", what, way_out, self.unsigned)
        if self.unlasting:
            yield self._lasting_unknown(table)
        if self.contradicted:
            first = self.contradicted[0][1]
            what = f"{self.name} names another currency or interval than its row does, such as {first}"
            yield self._fault(
                table, "amount contradicted", what, "Keep the right one of the two.", self.contradicted
            )

    def _lasting_unknown(self, table: str) -> Fault:
        word = self.unlasting[0][1]
        what = f"it is not known how long {f'an interval of “{word}”' if word else 'an empty interval'} is"
        way_out = "Write month, year or 3 months there, or say what it means under `values: {interval: …}`."
        return self._fault(table, "interval not known", what, way_out, self.unlasting)

    def _order_unknown(self, table: str) -> Fault:
        shown = written.order_shown_by(self.texts)
        proof = next((text for text in self.texts if written.order_shown_by([text])), "")
        hint = f" ({proof} can only be {shown})" if shown else ""
        what = (
            f"{self.name} holds days such as {self.ambiguous[0][1]}, which may be read with the day or the "
            "month first"
        )
        way_out = (
            f"Say `date_order: day first` or `date_order: month first` in {SETTINGS_FILE}, or with "
            f"--date-order{hint}."
        )
        return self._fault(table, "date order unknown", what, way_out, self.ambiguous)

    def _fault(
        self, table: str, rule: str, what: str, way_out: str, cases: Sequence[tuple[int, str]]
    ) -> Fault:
        said = message(
            self.sheet.grid.file.name,
            what,
            way_out,
            rows=len(cases),
            of=len(self.sheet.rows),
            first=self.sheet.grid.place(cases[0][0]),
        )
        return Fault("stop", table, rule, len(cases), said)

    def _is_swapped(self) -> bool:
        """Whether a spreadsheet took day for month wherever that was possible, and left texts elsewhere."""
        days = [cell.day for cell in self.cells if isinstance(cell, dt.date)]
        numbers = [text for text in self.texts if written.is_ambiguous(text)]
        return (
            len(numbers) >= SWAPPED_TEXTS
            and len(days) >= SWAPPED_DAYS
            and max(days) <= 12
            and all(written.order_shown_by([text]) for text in numbers)
        )

    def _swapped(self, table: str) -> Fault:
        text = next(text for text in self.texts if written.is_ambiguous(text))
        said = message(
            self.sheet.grid.file.name,
            f"in {self.name} every real date is of the first twelve days of a month, and every later day is "
            f"a text such as {text}: the spreadsheet took days for months",
            "The real dates are wrong. Open the export anew with this column as text, or take the export as "
            "it came.",
        )
        return Fault("stop", table, "days and months swapped", 0, said)


def read_cells(
    sheet: Sheet, kinds: Mapping[str, str], settings: Settings, names: Names, prices: Asked = _A_MONTH
) -> tuple[list[tuple[int, dict[str, Text]]], list[Fault]]:
    """The rows of a sheet with every cell as the contract writes it, and what is uncertain.

    `kinds` says which columns are instants and money, `prices` what amounts pay for; others are texts.
    """
    columns = [_Column(sheet, name, settings) for name in (sheet.rows[0][1] if sheet.rows else {})]
    readers = [_reader(column, kinds, names, prices) for column in columns]
    rows = [
        (number, {name: cell for read in readers for name, cell in read(number, row).items()})
        for number, row in sheet.rows
    ]
    return rows, [fault for column in columns for fault in column.faults(sheet.layout.name)]


def _reader(column: _Column, kinds: Mapping[str, str], names: Names, prices: Asked) -> Reader:
    same = "ended_at" if column.name == "trial_until" else column.name  # a day that may be said by a word
    in_our_words = column.in_our_words(names.values.get(same, {}))
    kind = kinds.get(column.name, "text")
    if kind not in ("instant", "money"):
        return in_our_words
    is_day = kind == "instant"
    read = column.instant if is_day else column.money([name for name in BESIDE if name in kinds], prices)
    return lambda number, row: _replaced(number, row, column.name, in_our_words, read)


def _replaced(number: int, row: Row, name: str, in_our_words: Reader, read: Reader) -> Cells:
    """A day or an amount, read from the owner's word for it where that is another."""
    if not isinstance(row[name], str):
        return read(number, row)
    return read(number, {**row, **in_our_words(number, row)})


def columns_unread(sheet: Sheet, names: Names, answered: Collection[str]) -> Sequence[Fault]:
    """A note that names the columns of a sheet which belong to nothing; warnings for what bears on MRR."""
    file, title = sheet.grid.file.name, f"sheet {sheet.grid.title}: " if sheet.grid.title else ""
    faults = []
    if sheet.unread:
        named = ", ".join(sheet.unread[:5])
        what = f"{title}no column of ours is called {named}, and what stands there was not read"
        faults.append(
            Fault("note", sheet.layout.name, "unknown column", 0, message(file, what, "Is that meant?"))
        )
    if sheet.layout.name == "subscriptions":
        faults += [
            Fault("warning", "subscriptions", rule, 0, message(file, f"{title}{what}", way_out))
            for rule, what, way_out in said_of(names.columns, _filled(sheet), answered)
        ]
    return faults


def _filled(sheet: Sheet) -> list[str]:
    """The columns that belong to nothing and say something."""
    lines = [line for _, line in sheet.grid.lines]
    header = next((line for line in lines if set(sheet.unread) <= set(map(as_text, line))), [])
    at = {name: nth for nth, cell in enumerate(header) if (name := as_text(cell)) in sheet.unread}
    below = lines[lines.index(header) + 1 :] if header else []
    return [
        name
        for name, nth in at.items()
        if name and any(line[nth] not in (None, 0, "0") for line in below if nth < len(line))
    ]

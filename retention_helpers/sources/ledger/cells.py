"""Reads the cells of a ledger: days on the business's own clocks, amounts, and what could be read in two
ways.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from retention_helpers.contract.settings import SETTINGS_FILE, Settings
from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.interface import as_text
from retention_helpers.sources.prices import currency_of, major
from retention_helpers.sources.spreadsheet.grids import Cell, Paid, as_paid, money_in
from retention_helpers.words import written
from retention_helpers.words.formats import plural

# What tools write for their zones, which have no other names in the data of zones.
_ZONES = {
    "PST": "Etc/GMT+8", "PDT": "Etc/GMT+7", "MST": "Etc/GMT+7", "MDT": "Etc/GMT+6", "CST": "Etc/GMT+6",
    "CDT": "Etc/GMT+5", "EST": "Etc/GMT+5", "EDT": "Etc/GMT+4", "GMT": "UTC", "UTC": "UTC", "BST":
    "Etc/GMT-1",
    "CET": "Etc/GMT-1", "CEST": "Etc/GMT-2", "MEZ": "Etc/GMT-1", "MESZ": "Etc/GMT-2", "AEST": "Etc/GMT-10",
    "AEDT": "Etc/GMT-11",
}  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """When something happened: the instant as the contract writes it, and the business's own day."""

    at: str
    on: dt.date


@dataclass
class Cells:
    """What is known of the cells of a file, and what could not be read.

    Attributes:
        settings: the owner's choices.
        sign: the decimal sign that the amounts of the file, or the owner, show.
        zone: of times that name none.
        epoch: of a workbook's serial days.
        in_minor_units: whether amounts are in cents.
    """

    settings: Settings
    sign: str
    zone: str
    epoch: dt.datetime
    in_minor_units: bool = False
    wrong: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _amounts: dict[tuple[Cell, str], tuple[Decimal, str]] = field(default_factory=dict)
    _days: dict[str, dt.date | None] = field(default_factory=dict)
    _zones: dict[str, dt.tzinfo | None] = field(default_factory=dict)

    def moment(self, cell: Cell, time: str, zone: str, place: str) -> Moment | None:
        """An instant; None for a cell that cannot be read, which is kept as wrong."""
        if isinstance(cell, dt.date):
            said: str | None = cell.isoformat()
        elif isinstance(cell, int | float):
            day = written.serial_day(cell, epoch=self.epoch)
            said = day.isoformat() if day else None
        else:
            text = f"{cell or ''} {time}".strip()
            said = written.instant(text, self.settings.date_order)
        if said is None:
            self._note_wrong_day(str(cell), place)
            return None
        return self._moment(said, zone)

    def _note_wrong_day(self, cell: str, place: str) -> None:
        is_open = not self.settings.date_order and written.is_ambiguous(cell)
        self.wrong.setdefault("date order unknown" if is_open else "date unreadable", []).append(
            (place, cell)
        )

    def _moment(self, said: str, zone: str) -> Moment:
        if len(said) == 10:
            return Moment(said, dt.date.fromisoformat(said))
        own = self._zone(zone or self.zone)
        when = dt.datetime.fromisoformat(said)
        if when.tzinfo is None and own is None:
            return Moment(said, when.date())
        whole = when if when.tzinfo else when.replace(tzinfo=own)
        at = whole.astimezone(dt.UTC).replace(tzinfo=None)
        return Moment(f"{at.isoformat(timespec='seconds')}Z", whole.astimezone(self.settings.zone).date())

    def _zone(self, name: str) -> dt.tzinfo | None:
        """A zone by its name; None for none, and for one that nobody knows."""
        if name not in self._zones:
            known = _ZONES.get(name.upper(), name)
            is_known = bool(name) and known in zoneinfo.available_timezones()
            self._zones[name] = zoneinfo.ZoneInfo(known) if is_known else None
        return self._zones[name]

    def day(self, cell: Cell) -> dt.date | None:
        """A day that may be missing, or be no day."""
        text = as_text(cell) or ""
        if text not in self._days:
            said = written.instant(text, self.settings.date_order) if text else None
            self._days[text] = self._moment(said, "").on if said else None
        return self._days[text]

    def amount(self, cell: Cell, currency: str, place: str) -> tuple[Decimal, str] | None:
        """An amount with its currency; None for a cell that cannot be read, which is kept as wrong."""
        key = (as_paid(cell) if isinstance(cell, Paid) else cell, currency)  # 49 € and 49 $ are one number
        known = self._amounts.get(key)
        if known is None:
            known = self._read_amount(cell, currency, place)
            if known is not None:
                self._amounts[key] = known
        return known

    def _read_amount(self, cell: Cell, currency: str, place: str) -> tuple[Decimal, str] | None:
        money = money_in(cell, self.sign)
        if money is None:
            is_open = not self.sign and written.is_ambiguous_amount(str(cell))
            rule = "decimal sign unknown" if is_open else "amount unreadable"
            self.wrong.setdefault(rule, []).append((place, str(cell)))
            return None
        known = [one for one in (self.settings.currency, *self.settings.exchange_rates) if one]
        code = currency_of(money.currency, currency, known)
        if code is None:
            said = f"{as_paid(cell)} where the currency is {currency}"
            self.wrong.setdefault("amount contradicted", []).append((place, said))
            return None
        return major(money.amount, code) if self.in_minor_units else money.amount, code

    def faults(self, file: str) -> Iterator[Fault]:
        for rule, cases in self.wrong.items():
            place, cell = cases[0]
            what, way_out = _WRONG[rule]
            said = message(
                file,
                f"{what.format(cell=cell or 'nothing')} in {plural(len(cases), 'row')} (first: {place})",
                way_out.format(file=SETTINGS_FILE),
            )
            yield Fault("stop", "", rule, len(cases), said)


_WRONG = {
    "date order unknown": (
        "days such as {cell} may be read with the day or the month first",
        "Say `date_order: day first` or `date_order: month first` in {file}, or with --date-order.",
    ),
    "date unreadable": ("“{cell}” is no day", "Write days such as 2026-03-05."),
    "decimal sign unknown": (
        "amounts such as {cell} may have thousands or decimals",
        "Say `decimal_sign: point` or `decimal_sign: comma` in {file}.",
    ),
    "amount unreadable": ("“{cell}” is no amount", "Write amounts such as 49.90."),
    "amount contradicted": (
        "amounts name another currency than their rows do, such as {cell},",
        "Keep the right one of the two.",
    ),
}


def sign_of(settings: Settings, texts: Iterable[str]) -> str:
    return written.SIGNS.get(settings.decimal_sign) or written.decimal_sign_of(texts)

"""The gate alone: what is wrong with a data folder, and the rows that do not count, written to files."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retention_helpers.contract import assumed
from retention_helpers.contract.tables import Fault, Stopped
from retention_helpers.gate.gate import pass_gate
from retention_helpers.gate.kept import CACHE, Passed, SourceRead
from retention_helpers.gate.setting_aside import KINDS, list_of
from retention_helpers.words import calendar
from retention_helpers.words.errors import InputError

FOLDER = "check"


@dataclass(frozen=True)
class Checked:
    """What the gate says about a folder.

    Attributes:
        faults: everything that is wrong, stops included.
        lists: the files with rows that do not count; none where the report is stopped.
        sources: what was read of each table; none where the report is stopped.
    """

    faults: Sequence[Fault]
    lists: Sequence[Path] = ()
    sources: Sequence[SourceRead] = ()

    @property
    def is_stopped(self) -> bool:
        return any(fault.level == "stop" for fault in self.faults)


def check(data: Path, out: Path, *, cache: Path = CACHE) -> Checked:
    """Hold the rules against a data folder; rows that do not count go to `out/check`."""
    try:
        passed = pass_gate(data.resolve(), cache)
    except Stopped as stopped:
        return Checked(stopped.all_faults)
    except InputError as error:
        return Checked([Fault("stop", "", "folder", 0, line) for line in str(error).splitlines()])
    faults = [*passed.faults, *_month_without_rate(data, passed, cache), *_of_last_month(passed)]
    folder = out / FOLDER
    for old in (path for kind in KINDS for path in folder.glob(f"{list_of('*', kind)}.csv")):
        old.unlink()
    lists: list[Path] = []
    if any((passed.folder / kind).is_dir() for kind in KINDS):
        from retention_helpers.shown.lists import write_set_aside

        lists = write_set_aside(folder, passed.folder)
    return Checked(faults, lists, passed.sources)


def _of_last_month(passed: Passed) -> tuple[Fault, ...]:
    """A warning where the last month of the data is provisional."""
    latest = dt.date.fromisoformat(passed.latest_on)
    return assumed.provisional(passed.assumed, calendar.months_after(latest.replace(day=1), 1))


def _month_without_rate(data: Path, passed: Passed, cache: Path) -> list[Fault]:
    """A warning where exchange rates are given by month, and the last month of the data has none."""
    if not any(rates.by_month for rates in passed.settings.exchange_rates.values()):
        return []
    from retention_helpers.business import open_business

    try:
        open_business(data, cache=cache).close()
    except InputError as error:
        return [Fault("warning", "subscriptions", "month without a rate", 0, str(error))]
    return []

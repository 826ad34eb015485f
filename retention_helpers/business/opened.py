"""A business, opened once for one report month: its tables, checked and cut, ready for the analyses.

The cut happens here and nowhere else: what begins at or after `as_of` does not exist, and what ends or
happens to a row at or after it is not known yet. So nothing downstream can look into the future.
"""

import datetime as dt
import os
import pickle
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
from filelock import FileLock
from ibis.backends.duckdb import Backend

from retention_helpers.contract import attributes
from retention_helpers.contract.attributes import Attributes
from retention_helpers.contract.experiments import Design, read_experiments
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import TABLES, Fault, day_name
from retention_helpers.engine import connect, parquet
from retention_helpers.gate import gate
from retention_helpers.gate.kept import CACHE, SourceRead
from retention_helpers.words import calendar
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import day, iso_month

__all__ = ["SAMPLE", "Business", "open_business"]

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = PROJECT / "data" / "sample"
QUIET_DAYS = 10  # without any row before the month's end; then the export may be old
TRACKED_NOTEBOOKS = PROJECT / "notebooks"


def _identity(name: str, folder: Path) -> str:
    return f"{name} ({folder.name})"


def sample_identity() -> str:
    """The identity of the sample's business."""
    return _identity(gate.examined_settings(SAMPLE).business, SAMPLE)


@dataclass(frozen=True)
class Business:
    """A data folder, cut at the end of one month.

    Attributes:
        folder: the owner's data folder.
        settings: the owner's choices.
        month: the report month, "2026-10".
        as_of: the first day after it; its midnight is the cut.
        currency: the code of every amount; "" where the data name none.
        faults: warnings and notes of the gate.
        sources: what was read of each file.
        experiments: the designs of `experiments.yml` by name, as they were known by the cut.
        not_known: the histories of `contract.HISTORIES` that the sources do not know.
    """

    folder: Path
    settings: Settings
    month: str
    as_of: dt.date
    currency: str
    faults: tuple[Fault, ...]
    sources: tuple[SourceRead, ...]
    experiments: Mapping[str, Design]
    kept: Path
    engine: Backend
    not_known: tuple[str, ...] = ()
    _known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.settings.business

    @property
    def report_month(self) -> dt.date:
        """The first day of the report month."""
        return calendar.first_of(self.month)

    @property
    def identity(self) -> str:
        """The business and the name of its data folder, to tell its reports from those of another."""
        return _identity(self.name, self.folder)

    @property
    def attributes(self) -> Attributes:
        """The further columns of customers: which of them are personal, and which leak the outcome."""
        found: Attributes = self.once("attributes", lambda: attributes.load(self.kept))
        return found

    @property
    def cut_at(self) -> str:
        """The instant of the cut with its offset, such as 2026-11-01T00:00:00+01:00."""
        return dt.datetime.combine(self.as_of, dt.time(), self.settings.zone).isoformat()

    def has(self, table: str) -> bool:
        """Whether the owner brought this table at all."""
        return any(source.table == table for source in self.sources)

    def knows(self, *histories: str) -> bool:
        """Whether the sources know these histories; what would follow from one that they do not is empty."""
        return not set(histories) & set(self.not_known)

    def table(self, name: str) -> ir.Table:
        """A table of the contract as it stood at `as_of`; without rows where the owner brought none.

        Instants are naive UTC (`started_at`), the days beside them (`started_on`) are in the business
        time zone. An end, an opening or a click at or after the cut is null.
        """
        contract_table = TABLES[name]
        if not self.has(name):
            return self._empty(name)
        whole = parquet(self.engine, self.kept / f"{name}.parquet", f"kept_{name}")
        unread = [column for column in whole.columns if column.startswith("unread_")]
        rows = whole.drop(*unread, *({"source_row"} & set(whole.columns)))
        if self.settings.internal_accounts and "customer_id" in rows.columns:
            rows = rows.filter(~rows.customer_id.isin(self.settings.internal_accounts))
        clock = day_name(contract_table.clock)
        cut = rows.filter(rows[clock] < self.as_of)
        later = {}
        for column in contract_table.of_kind("instant"):
            if column.name == contract_table.clock:
                continue
            known = cut[day_name(column.name)] < self.as_of
            for half in (column.name, day_name(column.name)):
                later[half] = ibis.ifelse(known, cut[half], ibis.null(cut[half].type()))
        return cut.mutate(**later) if later else cut

    def _empty(self, name: str) -> ir.Table:
        columns: dict[str, str] = {}
        for column in TABLES[name].columns:
            if column.kind == "instant":
                if column.name.endswith("_at"):
                    columns[column.name] = "timestamp"
                columns[day_name(column.name)] = "date"
            else:
                columns[column.name] = {"money": "decimal(18, 6)", "score": "int32"}.get(
                    column.kind, "string"
                )
        return ibis.memtable([], schema=columns)

    def keep(self, name: str, derive: Callable[[], ir.Table]) -> ir.Table:
        """A derived table, computed once for this folder, month and code, then read from Parquet."""
        path = self._made(
            f"{name}.parquet", lambda made: self.engine.to_parquet(derive(), made, compression="zstd")
        )
        return parquet(self.engine, path, f"{name}_{self.month.replace('-', '_')}")

    def remember(self, name: str, compute: Callable[[], Any]) -> Any:
        """A result that several notebooks ask for: computed by the first of them, read from disk by the rest.

        As `keep`, once for this folder, month and code; and as `once` while the business is open.
        """

        def remembered() -> Any:
            path = self._made(f"{name}.pickle", lambda made: made.write_bytes(pickle.dumps(compute())))
            return pickle.loads(path.read_bytes())

        return self.once(name, remembered)

    def _made(self, name: str, make: Callable[[Path], object]) -> Path:
        """A file of what is derived, made unless it is there."""
        path = self.kept / self.month / name
        path.parent.mkdir(exist_ok=True)
        # Two notebooks at once ask for the same tables: one computes, the other waits. A file that another
        # process has open is never replaced: its engine would read the new one by the old one's plan.
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                written = path.with_suffix(".part")
                try:
                    make(written)
                    os.replace(written, path)
                finally:
                    written.unlink(missing_ok=True)
        return path

    def once(self, name: str, compute: Callable[[], Any]) -> Any:
        """A small value that many measures ask for, computed once while the business is open."""
        if name not in self._known:
            self._known[name] = compute()
        return self._known[name]

    def close(self) -> None:
        self.engine.disconnect()


def _last_month(latest_on: str, today: dt.date) -> str:
    """The last whole month in the data: never one that is still going on."""
    over = calendar.months_after(today.replace(day=1), -1)
    return iso_month(min(dt.date.fromisoformat(latest_on).replace(day=1), over))


def _possible(month: str, first_on: str, today: dt.date) -> dt.date:
    """The first day of a month that is over and not before the data begin."""
    first = calendar.first_of(month)
    if calendar.months_after(first, 1) > today:
        last = iso_month(calendar.months_after(today.replace(day=1), -1))
        raise InputError(f"{month} is not over yet. The last whole month is {last}.")
    if calendar.months_after(first, 1) <= dt.date.fromisoformat(first_on):
        raise InputError(f"{month} lies before the data: the first subscription began on {first_on}.")
    return first


def _silence(latest_on: str, as_of: dt.date) -> tuple[Fault, ...]:
    """A warning where the data end long before the month does."""
    latest = dt.date.fromisoformat(latest_on)
    silent = (as_of - latest).days - 1
    if silent < QUIET_DAYS:
        return ()
    said = (
        f"The latest row is of {day(latest)}, {silent} days before the month's end. If the data were "
        "exported then, everything after it is missing, losses first of all: export them again."
    )
    return (Fault("warning", "", "data that end early", 0, said),)


def _refuse_tracked_folder(folder: Path) -> None:
    """The notebooks under version control show the sample; own data there would be committed."""
    if Path.cwd().is_relative_to(TRACKED_NOTEBOOKS) and folder != SAMPLE:
        raise InputError(
            "The notebooks in notebooks/ are under version control and show the sample only, so that "
            f"customer data cannot be committed. To explore {folder.name}: make lab DATA={folder}"
        )


def open_business(data: Path | str, month: str = "", *, cache: Path = CACHE) -> Business:
    """Open a data folder for one report month ("2026-10"; empty: the last whole month in the data).

    Raises Stopped with every fault that would make the report wrong, InputError for a missing folder, an
    impossible month, wrong settings, or own data opened from the tracked notebooks.
    """
    folder = Path(data).resolve()
    _refuse_tracked_folder(folder)
    if month:
        calendar.first_of(month)
    passed = gate.pass_gate(folder, cache)
    settings = gate.examined_settings(folder)
    today = dt.datetime.now(settings.zone).date()
    chosen = month or _last_month(passed.latest_on, today)
    first = _possible(chosen, passed.first_on, today)
    # A folder of its own: two processes that spill into one overwrite each other's files.
    spill = cache / "spill" / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    spill.parent.mkdir(parents=True, exist_ok=True)
    as_of = calendar.months_after(first, 1)
    return Business(
        folder=folder,
        settings=settings,
        month=chosen,
        as_of=as_of,
        currency=passed.currency,
        faults=(*passed.faults, *_silence(passed.latest_on, as_of)),
        sources=passed.sources,
        experiments={name: one.known_by(as_of) for name, one in read_experiments(folder).items()},
        kept=passed.folder,
        engine=connect(spill, settings.time_zone),
        not_known=passed.not_known,
    )

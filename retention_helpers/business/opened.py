"""A business, opened once for one report month: its tables, checked and cut, ready for the analyses.

The cut happens here and nowhere else: what begins at or after `as_of` does not exist, and what ends or
happens to a row at or after it is not known yet. So nothing downstream can look into the future.
"""

import datetime as dt
import os
import pickle
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
from filelock import FileLock

from retention_helpers.business.identity import Identity, identity_of
from retention_helpers.contract import attributes
from retention_helpers.contract.attributes import Attributes
from retention_helpers.contract.exchange import RateOfMonth
from retention_helpers.contract.experiments import Design
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import OWN_MRR, TABLES, Fault, day_name
from retention_helpers.engine import Engine, parquet
from retention_helpers.gate.kept import SourceRead
from retention_helpers.gate.lots import NO_LOTS, Lots
from retention_helpers.words import calendar

FAR = dt.datetime(9999, 12, 31)  # the end of what goes on


@dataclass(frozen=True)
class Business:
    """A data folder, cut at the end of one month, or of one day.

    Attributes:
        folder: the owner's data folder.
        settings: the owner's choices.
        month: the report month, "2026-10"; of a day, the month that it lies in, up to its end.
        as_of: the first day after it; its midnight is the cut.
        currency: the code of every amount; "" where the data name none.
        faults: warnings and notes of the gate.
        sources: what was read of each file.
        experiments: the designs of `experiments.yml` by name, as they were known by the cut.
        in_place: the events, where they stay in their database; None where they are kept, or there are none.
        rates: what one unit of each other currency is worth in this report, by its code.
        not_known: the histories of `contract.tables.HISTORIES` that the sources do not know.
        known_until: the last day of which a source says that it knows; None where its rows alone say it.
        derived: the folder of what is computed from the tables by this version of the code.
        only: the file with the customers to whom the business was narrowed; None: all of them.
        lots: who was drawn by lot for the plan, as the reports' folder has it, up to the cut.
        listed: whom the lists of the days since the cut had at risk already.
        where: to which levels it was narrowed, one after the other: what they are of, and the levels.
        called: customer and action of the calls that those lists gave before the month's plan was made.
        day: the last day that is known, where it was opened for the list of a day; None: for a whole month.
        done: what the running plan brought to the contacts, as `business.done` left it; None: nothing.
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
    engine: Engine
    derived: Path
    in_place: ir.Table | None = field(default=None, compare=False)
    rates: Mapping[str, RateOfMonth] = field(default_factory=dict)
    not_known: tuple[str, ...] = ()
    known_until: dt.date | None = None
    only: Path | None = None
    done: Path | None = None
    lots: Lots = NO_LOTS
    listed: frozenset[str] = frozenset()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    called: frozenset[tuple[str, str]] = frozenset()
    day: dt.date | None = None
    _known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.settings.business

    @property
    def report_month(self) -> dt.date:
        """The first day of the report month."""
        return calendar.first_of(self.month)

    @property
    def narrowed_to(self) -> str:
        """The levels of the customers to whom it was narrowed, by their names; "": all customers."""
        return "; ".join(f"{by} {' or '.join(wanted)}" for by, wanted in self.where)

    @property
    def identity(self) -> Identity:
        """By what its reports are told from those of another; a business that was narrowed is another."""
        return identity_of(self.settings, self.folder, self.narrowed_to)

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
        """Whether the owner brought this table with rows that count: no row is not the same as no use."""
        return table in self.tables

    @property
    def tables(self) -> frozenset[str]:
        """The tables that the owner brought with rows that count."""
        return frozenset(source.table for source in self.sources if source.rows_kept)

    @property
    def counts_buyers(self) -> bool:
        """Whether its customers are buyers: it brought orders, and no subscriptions."""
        return not self.has("subscriptions") and self.has("orders")

    @property
    def customers_are(self) -> str:
        """Who counts as a customer, in a sentence, where nobody subscribes; else "".

        Glossary: buyer.
        """
        if not self.counts_buyers:
            return ""
        days = self.settings.lapse_days
        return (
            f"There are no subscriptions: a customer here is who bought within {days} days, lost is "
            "who did not, "
            f"and MRR is what was bought in them, by 30 days."
        )

    @property
    def lacks(self) -> frozenset[str]:
        """Of "subscriptions" and "days" those that this business has not, or whose sources do not know."""
        has = {"subscriptions": not self.counts_buyers, "days": self.knows("days")}
        return frozenset(name for name, is_there in has.items() if not is_there)

    @property
    def targets(self) -> Mapping[str, float]:
        """The owner's targets; the usual one for churn is one of subscriptions, and none of buyers."""
        is_usual = self.counts_buyers and "targets" not in self.settings.named
        return {} if is_usual else self.settings.targets

    def knows(self, *histories: str) -> bool:
        """Whether the sources know these histories; what would follow from one that they do not is empty."""
        return not set(histories) & set(self.not_known)

    def table(self, name: str) -> ir.Table:
        """A table of the contract as it stood at `as_of`; without rows where the owner brought none.

        Instants are naive UTC (`started_at`), the days beside them (`started_on`) are in the business
        time zone. An end, an opening or a click at or after the cut is null. MRR is in the report's currency,
        at the rates of its month.

        Glossary: as_of.
        """
        found: ir.Table = self.once(f"table {name}", lambda: self._table(name))
        return found

    def _table(self, name: str) -> ir.Table:
        contract_table = TABLES[name]
        if not self.has(name):
            return self._empty(name)
        rows = self._whole(name)
        if self.settings.internal_accounts and "customer_id" in rows.columns:
            rows = rows.filter(~rows.customer_id.isin(self.settings.internal_accounts))
        if self.only and "customer_id" in rows.columns:
            rows = rows.semi_join(
                parquet(self.engine, self.only, "_".join(self.only.relative_to(self.kept).parts)),
                "customer_id",
            )
        clock = day_name(contract_table.clock)
        cut = rows.filter(rows[clock] < self.as_of)
        later = {}
        for column in contract_table.of_kind("instant"):
            if column.name == contract_table.clock:
                continue
            known = cut[day_name(column.name)] < self.as_of
            for half in (column.name, day_name(column.name)):
                later[half] = ibis.ifelse(known, cut[half], ibis.null(cut[half].type()))
        if OWN_MRR in cut.columns:
            later["mrr"] = self._at_own_rates(cut)
        return cut.mutate(**later).drop({OWN_MRR} & set(cut.columns)) if later else cut

    def _at_own_rates(self, spans: ir.Table) -> ir.Value:
        """The MRR of spans at the rates of the report month, rounded to six decimals."""
        whole = "decimal(18, 6)"
        code, own = spans.currency.upper(), spans[OWN_MRR].cast(whole)
        each = [
            (code == name, (own * ibis.literal(of.rate, type="decimal(18, 12)")).round(6).cast(whole))
            for name, of in self.rates.items()
        ]
        return ibis.cases(*each, else_=own) if each else own

    def _whole(self, name: str) -> ir.Table:
        """Every row of a table that the owner brought, with those that the running plan brings."""
        if name == "events" and self.in_place is not None:
            return self.in_place
        path = self.kept / f"{name}.parquet"
        rows = parquet(self.engine, path, f"kept_{name}") if path.exists() else self._empty(name)
        unread = [column for column in rows.columns if column.startswith("unread_")]
        rows = rows.drop(*unread, *({"source_row"} & set(rows.columns)))
        brought = self.done / f"{name}.parquet" if self.done else None
        if brought is None or not brought.exists():
            return rows
        more = parquet(self.engine, brought, f"{brought.parent.name}_{name}")
        return rows.union(more.select(*rows.columns).cast(dict(rows.schema())), distinct=True)

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

    def sql(self, query: str, **beside: ir.Table | pd.DataFrame) -> pd.DataFrame:
        """The rows of one SELECT, read-only: over the tables of the contract, cut as everything is, and the
        derived ones (spans, services, customer_months, losses, leavings, customer_days).

        `show tables`, `describe losses` and `summarize losses`, or a SELECT in place of the table, tell what
        there is, of which types, and what is in it. `beside` are further tables by name, for this query
        alone: frames of your own, or expressions such as that of `ask.table(business, "snapshots")`. Amounts
        are Decimal, days and instants as the tables have them.

        >>> from retention_helpers.business import SAMPLE, open_business
        >>> business = open_business(SAMPLE, "2026-10")
        >>> business.sql("select count(*) as lost from losses where month = date '2026-10-01'")
           lost
        0    26

        Raises InputError for what does not read, a table that there is not, a name beside that is taken, and
        what cannot be understood.
        """
        from retention_helpers.business.derived import query as asked  # it stands on this module

        return asked(self, query, beside)

    def keep(self, name: str, derive: Callable[[], ir.Table]) -> ir.Table:
        """A derived table, computed once for this folder, month and code, then read from Parquet."""

        def made_and_opened() -> ir.Table:
            path = self._made(
                f"{name}.parquet", lambda made: self.engine.to_parquet(derive(), made, compression="zstd")
            )
            own = "_".join(self.derived.relative_to(self.kept).parts)
            return parquet(self.engine, path, f"{name}_{own.replace('-', '_')}")

        found: ir.Table = self.once(f"kept {name}", made_and_opened)
        return found

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
        path = self.derived / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two notebooks at once ask for the same tables: one computes, the other waits. A file that another
        # process has open is never replaced: its engine would read the new one by the old one's plan.
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                written = path.with_suffix(".part")
                try:
                    make(written)
                    os.replace(written, path)
                finally:
                    if written.is_dir():  # what another engine writes may be a folder
                        shutil.rmtree(written)
                    written.unlink(missing_ok=True)
        return path

    def once(self, name: str, compute: Callable[[], Any]) -> Any:
        """A small value that many measures ask for, computed once while the business is open."""
        if name not in self._known:
            self._known[name] = compute()
        return self._known[name]

    def close(self) -> None:
        self.engine.disconnect()

"""The derived tables, as an analyst takes them elsewhere: rows in memory, a Parquet file, an expression."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.ask.questions import asked_by, of_some, whose
from retention_helpers.business import Business, levels
from retention_helpers.business.derived import DERIVED
from retention_helpers.business.levels import By
from retention_helpers.business.opening import Where
from retention_helpers.churned_vs_retained.features import gathered
from retention_helpers.contract.tables import TABLES
from retention_helpers.early_warning.snapshots import kept_snapshots
from retention_helpers.engine import EngineError
from retention_helpers.shown.look import style
from retention_helpers.shown.tables import table as shown_table
from retention_helpers.shown.units import (
    CODE,
    COUNT,
    DAY,
    MONEY,
    MONTH,
    NUMBER,
    TEXT,
    TIMES,
    WHOLE,
    YES_NO,
    Declared,
    Unit,
)
from retention_helpers.words.errors import InputError, nearest
from retention_helpers.words.safe import taken_away

FIRST = 5  # rows that a table shows of itself
INSTANT = Unit(str, {"type": "string"}, is_number=False)

SPANS: Declared = {
    "customer_id": TEXT,
    "started_at": INSTANT(note="UTC"),
    "started_on": DAY(note="in the business time zone"),
    "end_at": INSTANT(note="UTC; far away where it goes on; short gaps are stitched"),
    "end_on": DAY.or_null(note="null: goes on"),
    "state": CODE(note="paying or paused"),
    "mrr": MONEY(note="a month, in the report's currency; 0 while paused"),
    "plan": TEXT,
    "interval": TEXT(note="that it is billed at"),
    "status": CODE(note="as the table of subscriptions has it"),
    "currency": TEXT(note="of the price"),
}
SERVICES: Declared = {
    "customer_id": TEXT,
    "service": COUNT(note="1, 2, …: who comes back has a second"),
    "begin_on": DAY,
    "end_at": INSTANT(note="UTC; null: goes on"),
    "end_on": DAY.or_null(note="null: goes on"),
}
CUSTOMER_MONTHS: Declared = {
    "customer_id": TEXT,
    "month": MONTH(note="its first day"),
    "state_at_start": CODE(note="paying, paused or none"),
    "state_at_end": CODE(note="paying, paused or none"),
    "mrr_at_start": MONEY,
    "mrr_at_end": MONEY,
    "plan": TEXT(note="at the start; at the end of those who came"),
    "interval": TEXT(note="at the start; at the end of those who came"),
    "begins": COUNT(note="begins of service in the month"),
    "ends": COUNT(note="ends of service in the month"),
    "movement": CODE(note="stayed, lost, new, reactivated, joined_and_left"),
    "mrr_movement": CODE.or_null(note="what became of the MRR; null where nothing moved"),
    "left_and_returned": YES_NO(note="within the month; counts as retained"),
}
LOSSES: Declared = {
    "customer_id": TEXT,
    "month": MONTH(note="its first day"),
    "plan": TEXT(note="at the month's start"),
    "interval": TEXT(note="at the month's start"),
    "kind": CODE(note="voluntary, involuntary or unknown"),
    "reason": CODE.or_null(note="of the one list, or unmapped; null: none given"),
    "asked": YES_NO(note="whether a row of cancellations is about it"),
    "service": COUNT(note="which of the customer's services ended"),
    "reason_code": TEXT.or_null(note="as the source wrote it"),
    "comment": TEXT.or_null(note="the customer's own words"),
    "answered_on": DAY.or_null,
    "lost_on": DAY(note="the last end of service in the month"),
    "tenure_days": COUNT(note="whole days from the first day"),
    "mrr": MONEY(note="at the month's start"),
}
LEAVINGS: Declared = {
    "customer_id": TEXT,
    "service": COUNT(note="1, 2, …"),
    "begin_on": DAY,
    "asked_on": DAY.or_null(note="the first request to cancel; null: none"),
    "ended_on": DAY.or_null(note="null: goes on"),
    "left_on": DAY.or_null(note="the earlier of the two; null: neither by the cut"),
}
CUSTOMER_DAYS: Declared = {
    "customer_id": TEXT,
    "day": DAY(note="in the business time zone"),
    "events": COUNT,
    "activity": COUNT(note="of them, those that count as activity"),
}
SNAPSHOTS: Declared = {
    "customer_id": TEXT,
    "as_of": DAY(note="the midnight that ends a month: nothing after it is known here, but leaves_in"),
    "plan": TEXT,
    "interval": TEXT,
    "state": CODE(note="paying or paused"),
    "mrr": MONEY,
    "begin_on": DAY(note="of the service that lasts"),
    "nps_score": WHOLE.or_null(note="0 to 10, not older than 90 days"),
    "asked_on": DAY.or_null(note="the latest request to cancel; null: had not asked"),
    "is_scheduled": YES_NO(note="asked, within the paid period"),
    "is_open": YES_NO(note="pays, and has neither asked nor left"),
    "leaves_in": WHOLE.or_null(note="days until they ask or leave: LOOKS AHEAD; null: neither by the cut"),
    "tenure_days": COUNT(note="since sign-up, or since service began"),
    "there_days": COUNT.or_null(note="days of this service on which use could be seen"),
    "silent_days": COUNT.or_null(note="days without use"),
    "has_used": YES_NO(note="ever, in this service"),
    "use_ratio": TIMES.or_null(note="days of use in the last 14 days against those in the 42 before, a day"),
    "action_ratio": TIMES.or_null(note="actions a day of use, in the same windows"),
    "days_since_negative": COUNT.or_null(note="since a negative ticket; 9,999: never"),
    "days_since_failed": COUNT.or_null(note="since a failed payment, none collected since; 9,999: never"),
    "mails": COUNT.or_null(note="sent lately"),
    "unopened_in_a_row": COUNT.or_null,
    "onboarding_days": COUNT.or_null(note="from sign-up until it was finished, or so far"),
    "months_since_downgrade": COUNT.or_null(note="9,999: never"),
}
FEATURES: Declared = {
    "customer_id": TEXT,
    "signed_up_on": DAY,
    "left_day": WHOLE.or_null(note="day after sign-up of asking or leaving: LOOKS AHEAD"),
    "days": COUNT(note="from the landmark to the leaving, or as far as it was seen: LOOKS AHEAD"),
    "lost": YES_NO(note="left within the horizon: LOOKS AHEAD"),
    "settled": YES_NO(note="the whole horizon is over"),
    "known_day": COUNT(note="the latest day after sign-up of which anything here tells"),
}


def _features(business: Business) -> ir.Table:
    """What was known of each customer at the landmark (`landmark_days`), a column a thing."""
    return ibis.memtable(_gathered(business)[1])


def _gathered(business: Business) -> tuple[Declared, pd.DataFrame]:
    def gather() -> tuple[Declared, pd.DataFrame]:
        drivers, rows = gathered(business, landmark_days=business.settings.landmark_days)
        units = {"number": NUMBER, "yes or no": YES_NO, "category": TEXT}
        told = {driver.name: units[driver.kind](note=driver.label) for driver in drivers}
        names = [name for name in (*FEATURES, *told) if name in rows]
        return {name: {**FEATURES, **told}[name] for name in names}, rows[names]

    found: tuple[Declared, pd.DataFrame] = business.once("features", gather)
    return found


@dataclass(frozen=True)
class Kind:
    """A derived table: what a row is, how it is made, and its columns."""

    grain: str
    make: Callable[[Business], ir.Table]
    columns: Declared


KINDS: Mapping[str, Kind] = {
    "spans": Kind("a span of service at a constant plan and price", DERIVED["spans"], SPANS),
    "services": Kind("a customer's unbroken stretch of service", DERIVED["services"], SERVICES),
    "customer_months": Kind("a customer a month", DERIVED["customer_months"], CUSTOMER_MONTHS),
    "losses": Kind("a loss: a customer at a month's start, none at its end", DERIVED["losses"], LOSSES),
    "leavings": Kind("a service, and when it was asked to end or ended", DERIVED["leavings"], LEAVINGS),
    "customer_days": Kind("a customer a day with an event", DERIVED["customer_days"], CUSTOMER_DAYS),
    "snapshots": Kind("a customer a month end, with what was known by then", kept_snapshots, SNAPSHOTS),
    "features": Kind("a customer at the landmark, with what was known by then", _features, FEATURES),
}


@dataclass(frozen=True)
class Derived:
    """A derived table of a business. It shows its first rows."""

    business: Business
    name: str
    by: tuple[str, ...] = ()

    @property
    def grain(self) -> str:
        """What a row is."""
        return KINDS[self.name].grain

    @cached_property
    def expression(self) -> ir.Table:
        """The table as an expression of ibis, to filter and join; nothing is read until it is executed."""
        rows = KINDS[self.name].make(self.business)
        for one in self.by:
            rows = levels.with_level(rows, self.business, one, exact=True).rename(
                {f"{levels.LEVEL_OF}{one}": "level"}
            )
        return rows

    @property
    def columns(self) -> Declared:
        """Its columns with their units and notes, in no order that matters."""
        is_of_landmark = self.name == "features"
        own = _gathered(self.business)[0] if is_of_landmark else KINDS[self.name].columns
        return {**own, **{f"{levels.LEVEL_OF}{one}": TEXT for one in self.by}}

    def to_frame(self) -> pd.DataFrame:
        """All its rows, in the order of their first columns."""
        found: pd.DataFrame = self._in_order().execute()
        return found

    def _in_order(self) -> ir.Table:
        order = [name for name in self.expression.columns if name in ("customer_id", *_ORDER)]
        return self.expression.order_by(order)

    def to_parquet(self, path: Path | str) -> None:
        """Write all its rows to a Parquet file, amounts exact."""
        with taken_away(path) as place:
            try:
                self.business.engine.to_parquet(self.expression, place, compression="zstd")
            except EngineError as error:
                raise InputError(f"{place} cannot be written: {str(error).strip()}") from None

    def _first(self) -> pd.DataFrame:
        return self._in_order().limit(FIRST).execute()

    def _repr_html_(self) -> str:
        of = f", of {whose(self.business)} alone" if self.business.where else ""
        words = f"{self.name}: a row is {self.grain}{of}. Its first rows"
        rows = shown_table(self._first(), words, self.columns)._repr_html_()
        return f'<div class="answer">{style()}{rows}</div>'

    def __repr__(self) -> str:
        return f"{self.name}: a row is {self.grain}. Columns: {', '.join(self.expression.columns)}."


_ORDER = ("month", "as_of", "service", "started_at", "day", "end_at", "plan")


def table(business: Business, name: str, *, by: By | None = (), where: Where | None = None) -> Derived:
    """A derived table, on the definitions and the cut of the reports: `.to_frame()`, `.to_parquet(path)`, or
    `.expression` of ibis.

    spans, services, customer_months, losses, leavings, customer_days, snapshots (a row a customer a month
    end), features (a row a customer at the landmark). What a row is says `.grain`, what a column holds
    `columns(name)`; columns that look ahead of a row's own day say so there. What `by` names of `groups` is
    added, each as a column such as "level of country", with its own level however few have it; `where` asks
    of some customers alone.

    >>> from retention_helpers import ask
    >>> business = ask.open_business(ask.SAMPLE, "2026-10")
    >>> ask.table(business, "services")
    services: a row is a customer's unbroken stretch of service. Columns: customer_id, service, begin_on, \
end_at, end_on.
    >>> in_all = business.sql("select sum(mrr) from losses").iloc[0, 0]
    >>> ask.table(business, "losses").to_frame()["mrr"].sum() == in_all
    True

    Raises InputError for another name, with the nearest of these.
    """
    if name in TABLES:
        raise InputError(f'{name} is not derived but brought: business.sql("select * from {name}") reads it.')
    if name not in list(KINDS):
        raise InputError(f"There is no table {name}. {nearest(name, KINDS)}")
    asked = of_some(business, where)
    return Derived(asked, name, levels.chosen(asked, asked_by(by)))

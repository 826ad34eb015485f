"""What was read of a data folder, as the rules see it: the kept Parquet by table, and the faults so far."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from retention_helpers.contract import tables
from retention_helpers.contract.experiments import Design
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import TABLES, Fault, Level, day_name
from retention_helpers.engine import path_text, quoted, rows, text
from retention_helpers.sources.database.in_place import EVENTS
from retention_helpers.sources.folder import Source, line_of_row
from retention_helpers.words.spellings import MONTHLY, days_in

DRAWN = "enrolments"  # written by this suite's own draw: of that day, and not of the day of an export
OPEN = "DATE '9999-12-31'"  # the end of what has none
MONTH_DAYS = 31  # at most


class Evidence:
    """The tables that could be read, and the means to hold a rule against them and to say what it found.

    Attributes:
        engine: what computes.
        target: where the Parquet of every table lies.
        settings: the owner's choices.
        experiments: the designs of `experiments.yml` by name.
        until: the last day of which a source says that it knows; None where its rows alone say it.
        read: the file behind every table that was read.
        totals: how many rows of it were kept.
        raw: SQL of its rows as the file has them, in that order.
        unmatched: the tables whose ids match nobody: they are as if nobody had brought them.
        in_place: the events, where they stay in their database; their Parquet holds a row a customer then.
        faults: what was found so far, in this order.
        personal: the columns of customers that tell who somebody is.
    """

    def __init__(
        self,
        engine: Backend,
        target: Path,
        settings: Settings,
        experiments: Mapping[str, Design],
        until: dt.date | None = None,
    ) -> None:
        self.engine, self.target, self.settings, self.experiments = engine, target, settings, experiments
        self.until = until
        self.read: dict[str, Source] = {}
        self.totals: dict[str, int] = {}
        self.raw: dict[str, str] = {}
        self.unmatched: set[str] = set()
        self.in_place: ir.Table | None = None
        self.faults: list[Fault] = []
        self.personal: Sequence[str] = ()
        self.today = dt.datetime.now(settings.zone).date()
        self._latest_on: dt.date | None = None
        self._has_people = False

    def has(self, *tables: str) -> bool:
        return all(table in self.read and table not in self.unmatched for table in tables)

    @property
    def is_stopped(self) -> bool:
        return any(fault.level == "stop" for fault in self.faults)

    def parquet(self, table: str) -> Path:
        return self.target / f"{table}.parquet"

    @property
    def scratch(self) -> Path:
        """A folder for what is needed while files are read, and swept away afterwards."""
        place = self.target / "spill"
        place.mkdir(exist_ok=True)
        return place

    def of(self, table: str) -> str:
        """SQL of a table's kept rows."""
        return f"read_parquet({path_text(self.parquet(table))})"

    def counts(self, column: str) -> Path:
        """Where the rows of each value of a column lie, of events that stay in their database."""
        return self.target / f"events_by_{column}.parquet"

    def stays(self, table: str) -> bool:
        """Whether a table stays in its database, and is only counted here."""
        return table == EVENTS and self.in_place is not None

    def by(self, table: str, column: str) -> str:
        """SQL of the values of a column, each with its rows: `value`, `n`."""
        name = quoted(column)
        if self.stays(table):
            return f"(SELECT {name} AS value, n FROM read_parquet({path_text(self.counts(column))}))"
        return f"(SELECT {name} AS value, count(*) AS n FROM {self.of(table)} GROUP BY 1)"

    def many(self, table: str) -> str:
        """SQL of how many rows of a table those are which an aggregate is over."""
        return "coalesce(sum(n), 0)::BIGINT" if self.stays(table) else "count(*)"

    def rows(self, query: str) -> list[tuple]:
        return rows(self.engine, query)

    def one(self, query: str) -> tuple:
        """The only row of a result."""
        return self.rows(query)[0]

    def count(self, relation: str) -> int:
        return int(self.one(f"SELECT count(*) FROM {relation}")[0])

    def rewrite(self, table: str, query: str) -> None:
        """Let a query's result take the place of a table."""
        path = self.parquet(table)
        written = path.with_suffix(".written")
        self.engine.con.execute(f"COPY ({query}) TO {text(str(written))} (FORMAT parquet)")
        written.replace(path)

    def case(self, table: str, relation: str, shows: str = "NULL") -> str:
        """The first row of a relation in words: its customer, its place, and the value of one column."""
        source = self.read[table]
        who = "customer_id" if TABLES[table].is_of_customers else "NULL"
        query = f"SELECT source_row, {who}, {shows} FROM {relation} ORDER BY 1 LIMIT 1"
        return case_of(source, *self.one(query))

    def say(
        self,
        level: Level,
        table: str,
        rule: str,
        what: str,
        way_out: str,
        *,
        effect: str = "",
        rows: int = 0,
        of: int = 0,
        first: str = "",
    ) -> None:
        """Add a fault of a table's file: what is so, what it would do to the numbers, the way out.

        What the owner has looked at and named in `accepted` is a note.
        """
        said = tables.message(
            self.read[table].name, what, f"{effect} {way_out}".strip(), rows=rows, of=of, first=first
        )
        chosen: Level = "note" if rule in self.settings.accepted else level
        self.faults.append(Fault(chosen, table, rule, rows, said))

    def stop(self, source: Source, rule: str, what: str, way_out: str) -> None:
        """Add a stop about a whole file."""
        self.faults.append(Fault("stop", source.table, rule, 0, tables.message(source.name, what, way_out)))

    # --- what several rules look at ----------------------------------------------------------------

    @property
    def latest_on(self) -> dt.date:
        """The day of the latest sign of life: of whatever any row says that is not later than today.

        An end of service is one, as a start is, and the day up to which a source says that it reaches; what
        lies after today is a plan. A draw of a campaign is no sign: what it is written beside may be old.
        """
        if self._latest_on is None:
            (latest,) = self.one(f"SELECT max(day) FROM {self.days()} WHERE day <= DATE '{self.today}'")
            reached = min(self.until, self.today) if self.until else None
            self._latest_on = max(filter(None, (latest, reached)), default=self.first_on)
        assert self._latest_on is not None
        return self._latest_on

    @property
    def first_on(self) -> dt.date:
        """The day on which the first span began: of service or, without subscriptions, the first order's."""
        first: dt.date = self.one(f"SELECT min(started_on) FROM {self.spans()}")[0]
        return first

    @property
    def ahead_on(self) -> dt.date | None:
        """The first day after today that a row names: from then on the data reach further."""
        found: dt.date | None = self.one(
            f"SELECT min(day) FROM {self.days()} WHERE day > DATE '{self.today}'"
        )[0]
        return found

    def days(self, *, without: Sequence[str] = ()) -> str:
        """SQL of the days that any row names, but for draws, and columns such as subscriptions.ended_at."""
        columns = [
            (table, day_name(column.name))
            for table in self.read
            if table != DRAWN
            for column in TABLES[table].of_kind("instant")
            if f"{table}.{column.name}" not in without
        ]
        each = [f"SELECT value AS day FROM {self.by(table, day)}" for table, day in columns]
        return f"({' UNION ALL '.join(each)})"

    @property
    def latest(self) -> str:
        return f"DATE '{self.latest_on}'"

    @property
    def has_spans(self) -> bool:
        return self.has("subscriptions") or self.has("orders")

    def spans(self) -> str:
        """SQL of the subscriptions; without them, of the orders, each with the time that it makes a "
        "customer."""
        if self.has("subscriptions"):
            return self.of("subscriptions")
        lasts = self.settings.lapse_days
        return (
            "(SELECT customer_id, ordered_on AS started_on, ordered_on + "
            f"{lasts} AS ended_on, amount AS mrr, NULL::VARCHAR AS plan, NULL::VARCHAR AS status, "
            f"NULL::VARCHAR AS {quoted('interval')} FROM {self.of('orders')} WHERE amount > 0)"
        )

    def service(self) -> str:
        """SQL of the spans that are service (paying or paused).

        Beside the columns of the table: `until`, the end that is known, else OPEN; is_monthly; paid_days, how
        long its interval lasts at most, a month where that is not known. Not stitched and not merged: for
        rules that ask whether something looks wrong, not for measures.
        """
        paying = ", ".join(text(status) for status in tables.PAYING)
        paused = ", ".join(text(status) for status in tables.PAUSED)
        return (
            f"(SELECT *, CASE WHEN ended_on <= {self.latest} THEN ended_on ELSE {OPEN} END AS until, "
            f"coalesce({quoted('interval')} = {text(MONTHLY)}, false) AS is_monthly, "
            f"{self.lasting(days_in, otherwise=str(MONTH_DAYS))} AS paid_days "
            f"FROM {self.spans()} WHERE (coalesce(status, 'active') IN ({paying}) AND mrr > 0) "
            f"OR status IN ({paused}))"
        )

    def lasting(self, of: Callable[[str], int | None], *, otherwise: str) -> str:
        """SQL of how long a span's interval lasts, by the words that stand there."""
        interval = quoted("interval")
        words = self.rows(f"SELECT DISTINCT {interval} FROM {self.spans()} WHERE {interval} > ''")
        known = {word: lasts for (word,) in words if (lasts := of(word))}
        cases = "".join(f"WHEN {text(word)} THEN {lasts} " for word, lasts in sorted(known.items()))
        return f"CASE {interval} {cases}ELSE {otherwise} END" if cases else otherwise

    def people(self) -> str:
        """The name of a table of customers with service: customer_id, first_on, until, is_open, paid_days.

        `paid_days` is of their longest interval. `until` is the day of the last known end of service, OPEN
        without one; `is_open` says that a span of any kind goes on, a free plan too.
        """
        if not self._has_people:
            still = f"coalesce(ended_on, {OPEN}) > {self.latest}"
            open_ones = f"SELECT DISTINCT customer_id FROM {self.spans()} WHERE {still}"
            self.engine.con.execute(
                "CREATE OR REPLACE TEMP TABLE people AS "
                "SELECT s.customer_id, min(started_on) AS first_on, max(until) AS until, "
                "bool_or(o.customer_id IS NOT NULL) AS is_open, max(paid_days) AS paid_days "
                f"FROM {self.service()} AS s LEFT JOIN ({open_ones}) AS o USING (customer_id) "
                "WHERE s.customer_id IS NOT NULL GROUP BY s.customer_id"
            )
            self._has_people = True
        return "people"


def case_of(source: Source, row: int, customer: object, value: object = None) -> str:
    """A row in words: its customer, its place, and a value."""
    parts = [
        f"customer {customer}" if customer is not None else "",
        line_of_row(source, row),
        f"value {str(value)[:40]!r}" if value is not None else "",
    ]
    return ", ".join(part for part in parts if part)

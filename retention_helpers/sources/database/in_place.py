"""Events that stay in their database: counted there, and asked there for whatever is made of them.

Only PostgreSQL is asked, in one transaction that cannot write. A report is of one state: before anything else
is asked, the rows of every day are counted again and held against those of the reading.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ibis
import ibis.common.exceptions
import ibis.expr.types as ir

from retention_helpers.contract.settings import Settings
from retention_helpers.engine.dialects import of_utc, to_clocks
from retention_helpers.engine.postgres import query, trimmed
from retention_helpers.sources import described
from retention_helpers.sources.database.connections import (
    Database,
    Postgres,
    in_our_words,
    opened,
    picked,
    said,
)
from retention_helpers.sources.database.description import Description, Wanted
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import plural

EVENTS = "events"
Counts = Mapping[str, int]  # rows by day, such as 2026-03-05; "": those without one


@dataclass(frozen=True)
class InPlace:
    """Where the events stay.

    Attributes:
        description: of the database.
        wanted: what they are there.
        zone: of the business's days.
        until: the day of the reading. Its rows still come in, so they count from the next day on.
        counted: the rows of each day when they were read; None: they are being read.
    """

    description: Description
    wanted: Wanted
    zone: str
    until: dt.date
    counted: Counts | None = None

    @property
    def name(self) -> str:
        return self.description.path.name


def table_in_place(description: Description, settings: Settings) -> InPlace:
    """The events of a description. Raises InputError where it has none, or is of another database."""
    if description.sqlite:
        raise described.wrong(description.path.name, "events can stay in PostgreSQL alone, not in SQLite")
    for wanted in description.tables:
        if wanted.name == EVENTS:
            today = dt.datetime.now(settings.zone).date()
            return InPlace(description, wanted, settings.time_zone, today)
    raise described.wrong(description.path.name, f"it should hold a line for {EVENTS} below `tables:`")


class Reached:
    """The database with the events, reached when something is asked of it for the first time.

    Before the cut it has to hold the rows that were counted at the reading; where it does not, `outdate` is
    called, so that the next report reads them anew.
    """

    def __init__(
        self, of: InPlace, cut: dt.date = dt.date.max, outdate: Callable[[], None] = lambda: None
    ) -> None:
        self._of, self._cut, self._outdate = of, cut, outdate
        self._open = ExitStack()

    def rows(self) -> ir.Table:
        """The rows as a table of ours: ids, instants in UTC, their days in the business time zone, names.

        Raises InputError where a column is missing or is of no instants, and where the database cannot be
        reached or read, or holds other rows than were counted.
        """
        return self._same

    @cached_property
    def _same(self) -> ir.Table:
        if self._of.counted is not None:
            self._refuse_changed(self._of.counted)
        return self._all.filter(self._all.occurred_on < self._of.until)

    def count(self) -> dict[str, int]:
        """How many rows each day has; "": those without one."""
        rows = self._all
        known = rows.filter(rows.occurred_on.isnull() | (rows.occurred_on < self._of.until))
        by_day = known.group_by("occurred_on").aggregate(n=known.count())
        days = by_day.mutate(occurred_on=by_day.occurred_on.cast("string"))
        with self._in_sentences():
            found = self._database.backend.con.execute(query(days)).fetchall()
        return {on or "": many for on, many in found}

    def copy(self, statement: str, given: Sequence[Sequence[object]], into: Path) -> None:
        """Write the lines that a statement of COPY gives, as they come; `given` are the lists in it.

        Raises InputError where the database refuses, or is lost.
        """
        with (
            self._in_sentences(),
            into.open("wb") as file,
            self._database.backend.con.cursor() as cursor,
            cursor.copy(statement, given) as lines,
        ):
            for some in lines:
                file.write(some)

    def close(self) -> None:
        """Let go of the database."""
        self._open.close()

    @cached_property
    def _database(self) -> Database:
        database = self._open.enter_context(opened(self._of.description))
        if not isinstance(database, Postgres):
            raise described.wrong(self._of.name, "events can stay in PostgreSQL alone")
        database.backend.con.execute("SELECT set_config('TimeZone', %s, false)", [self._of.zone])
        return database

    @cached_property
    def _all(self) -> ir.Table:
        wanted, where = self._of.wanted, f"{self._of.name}: {EVENTS}"
        with self._in_sentences():
            try:
                rows = self._database.rows_of(wanted)
            except ibis.common.exceptions.TableNotFound:
                raise described.wrong(where, f"there is no table {wanted.table}. Correct its name") from None
        named = picked(where, wanted, rows.columns)
        kind = rows[named["occurred_at"]].type()
        if not (kind.is_timestamp() or kind.is_date()):
            raise described.wrong(
                where,
                f"{named['occurred_at']} is {kind}, and no time. For events that stay in their database ask "
                "in a `query:` for one, such as to_timestamp(its column) AS occurred_at",
            )
        own = in_our_words(rows, named, wanted)
        at = self._instant(own.occurred_at)
        return own.select(
            customer_id=_text(own.customer_id),
            occurred_at=to_clocks("UTC", at),
            occurred_on=to_clocks(self._of.zone, at).date(),
            event=_text(own.event),
        )

    def _instant(self, at: ir.Value) -> ir.Value:
        """With its zone: a day is one of the business, a time that names none is of the described zone."""
        if at.type().is_date():
            return of_utc(self._of.zone, at.cast("timestamp"))
        return at if at.type().timezone else of_utc(self._of.description.time_zone or self._of.zone, at)

    def _refuse_changed(self, counted: Counts) -> None:
        now, cut = self.count(), self._cut.isoformat()
        for on in sorted({*now, *counted}):
            if on < cut and now.get(on, 0) != counted.get(on, 0):
                self._outdate()
                had, has = (plural(by_day.get(on, 0), "row") for by_day in (counted, now))
                raise InputError(
                    f"{self._of.name}: {EVENTS} changed after they were read: {on} had {had}, and has {has} "
                    "now. All pages of a report are of one state. Start it again: they are read anew."
                )

    @contextmanager
    def _in_sentences(self) -> Iterator[None]:
        """What the database says in one sentence, with the way out where it is known."""
        import psycopg

        try:
            yield
        except psycopg.errors.InsufficientPrivilege as error:
            way_out = "Let its owner allow that user: GRANT SELECT ON the table TO the user"
            raise described.wrong(self._of.name, f"{said(error)}. {way_out}") from None
        except psycopg.OperationalError as error:
            if self._database.backend.con.closed:
                what = "the connection to the database was lost in the middle. Start again once it is back"
                raise described.wrong(self._of.name, what) from None
            raise described.wrong(self._of.name, said(error)) from None
        except psycopg.Error as error:
            raise described.wrong(self._of.name, said(error)) from None


def _text(column: ir.Value) -> ir.Value:
    """As the gate reads a text: without blanks around it, null where nothing is left."""
    return trimmed(column.cast("string")).nullif("")

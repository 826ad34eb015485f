"""Gathers what the files of an export say into the tables of the contract, row by row as they are read."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ibis.backends.duckdb import Backend

from retention_helpers.engine import connect, path_text, rows, text
from retention_helpers.sources.interface import PLACE, Order, Rows, SetAside, as_text
from retention_helpers.sources.stripe import people, remarks
from retention_helpers.sources.stripe.history import Billed, gave_up_at, reaches_back, steps_of_past
from retention_helpers.sources.stripe.people import FROM_SUBSCRIPTION, Person
from retention_helpers.sources.stripe.plans import Plans
from retention_helpers.sources.stripe.remarks import Remarks
from retention_helpers.sources.stripe.spans import (
    CANCELLATION_COLUMNS,
    GIVEN,
    SPAN_COLUMNS,
    Step,
    cancellation_of,
    end_of,
    spans_of,
    steps_of_now,
    with_free_time,
)
from retention_helpers.sources.stripe.subscription import ENDED, NEVER_BEGAN, STATUSES, Subscription, iso

_A_CENT = Decimal("0.01")
_COLUMNS = {
    "subscriptions": SPAN_COLUMNS,
    "cancellations": CANCELLATION_COLUMNS,
    "payments": ("customer_id", "attempted_at", "status", "amount", "payment", "nth", PLACE),
    "people": people.COLUMNS,
}


@dataclass(frozen=True)
class Payment:
    """An attempt to collect; `payment` is Stripe's id of what was to be paid, the same in every export."""

    payment: str
    customer: str
    at: int
    status: str
    amount: object
    place: str


@dataclass
class Counts:
    """What was read of subscriptions, for what can only be judged when all are read."""

    subscriptions: int = 0
    ended: int = 0
    never_began: int = 0
    with_service: int = 0
    with_past: int = 0


class Gathering:
    """The tables of an export while it is read; a context manager, and after it `tables`.

    Of a subscription that stands in several files, one that has ended counts, else the later one.
    """

    def __init__(self, order: Order) -> None:
        self.into, self.counts, self.remarks = order.into, Counts(), Remarks()
        self.set_aside: list[SetAside] = []
        self.rows_read: dict[str, int] = {}
        self._places: dict[str, str] = {}  # of the row that counts, by subscription
        self._ended: set[str] = set()
        self._overtaken: list[str] = []  # places of rows that were written and do not count
        self._keys: dict[str, None] = {}
        self._plans = Plans()
        self._open = ExitStack()
        self._rows = {
            name: self._open.enter_context(Rows(self._path(f"gathered_{name}"), columns))
            for name, columns in _COLUMNS.items()
        }

    def __enter__(self) -> "Gathering":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _path(self, name: str) -> Path:
        return self.into / f"{name}.parquet"

    # --- rows ----------------------------------------------------------------------------------------

    def subscription(self, found: Subscription, file: str, billed: Sequence[Billed] = ()) -> None:
        """Take a subscription with the lines that were billed for it."""
        self.counts.subscriptions += 1
        if found.status not in STATUSES:
            self.remarks.make(remarks.UNKNOWN_STATUS, file, found.place, found.status or "it is empty")
        elif found.status in NEVER_BEGAN:
            self.counts.never_began += 1
            self._put_aside(found, file, found.place, "it never began: its first payment did not succeed")
        elif self._counts(found, file):
            self._write(found, file, billed)

    def _counts(self, found: Subscription, file: str) -> bool:
        """Whether this row of a subscription goes before the earlier ones; the other is set aside."""
        has_ended = found.status in ENDED
        place = self._places.get(found.id)
        goes_first = has_ended or found.id not in self._ended
        if place is not None:
            loser, winner = (place, found.place) if goes_first else (found.place, place)
            self._put_aside(found, file, loser, f"the same subscription stands at {winner}")
            self._overtaken += [place] if goes_first else []
        if goes_first:
            self._places[found.id] = found.place
        if has_ended:
            self._ended.add(found.id)
        return goes_first

    def _put_aside(self, found: Subscription, file: str, place: str, reason: str) -> None:
        cells = {"id": found.id, "customer": found.customer, "status": found.status}
        self.set_aside.append(SetAside(file, place, reason, cells))

    def _write(self, found: Subscription, file: str, billed: Sequence[Billed]) -> None:
        past = steps_of_past(found, billed)
        end = end_of(found, gave_up_at(billed) if found.status == "unpaid" else None)
        steps = with_free_time(found, past or steps_of_now(found))
        self._learn_plans(found, billed)
        self._remark(found, file, steps, past=past)
        self._remark_tax(found, file, billed)
        spans = spans_of(found, steps, end)
        for span in spans:
            self._rows["subscriptions"].add(span)
        if asked := cancellation_of(found, end):
            self._rows["cancellations"].add(asked)
        self.person(
            Person(
                found.customer,
                found.created,
                FROM_SUBSCRIPTION,
                found.place,
                found.name,
                found.email,
                dict(found.metadata),
            )
        )
        self.counts.ended += end is not None
        if any(span["status"] != "trialing" for span in spans):
            self.counts.with_service += 1
            self.counts.with_past += reaches_back(found, billed)

    def _learn_plans(self, found: Subscription, billed: Sequence[Billed]) -> None:
        for item in found.items:
            self._plans.learn(item.price, item.product, item.plan)
        for price, product, plan in {(one.line.price, one.line.product, one.line.plan) for one in billed}:
            self._plans.learn(price, product, plan)

    def _remark(self, found: Subscription, file: str, steps: Sequence[Step], *, past: Sequence[Step]) -> None:
        make = self.remarks.make
        if found.status == "canceled" and found.ended_at is None:
            make(remarks.NO_END, file, found.place)
        if any(step.state == GIVEN for step in steps):
            make(remarks.GIVEN, file, found.place)
        if all(item.is_metered for item in found.items):
            make(remarks.USE_ALONE, file, found.place)
        if past:
            if _differs(found, past[-1]):
                make(remarks.PRICE_DIFFERS, file, found.place)
            return
        if found.listed is None:
            make(remarks.NO_PRICE, file, found.place)
        if found.has_unknown_discount:
            make(remarks.COUPON_BY_NAME, file, found.place)
        if found.is_pausing:
            make(remarks.PAUSED_NOW, file, found.place)
        if found.status == "unpaid":
            make(remarks.UNPAID_NOW, file, found.place)

    def _remark_tax(self, found: Subscription, file: str, billed: Sequence[Billed]) -> None:
        holds_tax = any(item.tax is None for item in found.items)
        if holds_tax and not any(one.line.tells_tax for one in billed):
            self.remarks.make(remarks.TAX_INSIDE, file, found.place)

    def person(self, person: Person) -> None:
        """Take what a row says of a customer."""
        metadata = {name: word for name, word in person.metadata.items() if word.strip()}
        self._keys |= dict.fromkeys(metadata)
        self._rows["people"].add({
            "customer_id": person.customer,
            "created": str(person.created),
            "rank": str(person.rank),
            "nth": str(self._rows["people"].count),
            "name": person.name or None,
            "email": person.email or None,
            "metadata": json.dumps(metadata) if metadata else None,
            PLACE: person.place,
        })  # fmt: skip

    def payments(self, payments: Sequence[Payment]) -> None:
        """Take the attempts to collect one payment."""
        nth = str(self._rows["payments"].count)
        for one in payments:
            self._rows["payments"].add({
                "customer_id": one.customer,
                "attempted_at": iso(one.at),
                "status": one.status,
                "amount": as_text(one.amount),
                "payment": one.payment,
                "nth": nth,
                PLACE: one.place,
            })  # fmt: skip

    # --- tables --------------------------------------------------------------------------------------

    def tables(self, file: str) -> dict[str, Path]:
        """The tables of the contract; an optional one without rows is left out. `file`: what was read."""
        self._open.close()
        self._places.clear()
        engine = connect(self.into / "spill")
        try:
            engine.con.execute("SET memory_limit = '300MB'")
            found = {
                "customers": self._customers(engine, file),
                "subscriptions": self._counting(engine, "subscriptions"),
            }
            if self._rows["cancellations"].count:
                found["cancellations"] = self._counting(engine, "cancellations")
            if self._rows["payments"].count:
                found["payments"] = self._payments(engine, file)
            return found
        finally:
            engine.disconnect()

    def _customers(self, engine: Backend, file: str) -> Path:
        path = self._path("customers")
        gathered = self._rows["people"].path
        written = people.write(engine, gathered, path, list(self._keys))
        self.set_aside += [
            SetAside(file, place, "a later row is of the same customer", {"id": customer})
            for customer, place in written.repeated
        ]
        if written.from_subscriptions:
            self.remarks.make(remarks.SIGN_UPS, file, "", count=written.from_subscriptions, of=written.count)
        return path

    def _counting(self, engine: Backend, table: str) -> Path:
        """The rows of a table without those whose subscription stands elsewhere, too."""
        gathered = self._rows[table].path
        names = self._plans.names() if table == "subscriptions" else {}
        if not (self._overtaken or names):
            return gathered
        source = f"read_parquet({path_text(gathered)}, file_row_number = true)"
        places = ", ".join(map(text, self._overtaken)) or "''"
        whens = " ".join(f"WHEN {text(name)} THEN {text(other)}" for name, other in names.items())
        called = f"REPLACE (CASE plan {whens} ELSE plan END AS plan)" if names else ""
        kept = f"SELECT * {called} FROM {source} WHERE {PLACE} NOT IN ({places})"
        return self._copied(
            engine, table, f"EXCLUDE (file_row_number) FROM ({kept}) ORDER BY file_row_number"
        )

    def _payments(self, engine: Backend, file: str) -> Path:
        """The latest rows of each payment, which may stand in several files."""
        rank = "rank() OVER (PARTITION BY payment ORDER BY nth::BIGINT DESC)"
        gathered = f"(SELECT *, {rank} AS place_in_time {_of(self._rows['payments'].path)})"
        for payment, place in rows(
            engine, f"SELECT payment, {PLACE} FROM {gathered} WHERE place_in_time > 1"
        ):
            self.set_aside.append(
                SetAside(file, place, "a later row is of the same payment", {"id": payment})
            )
        latest = f"{gathered} WHERE place_in_time = 1 ORDER BY nth::BIGINT"
        return self._copied(engine, "payments", f"EXCLUDE (payment, nth, place_in_time) FROM {latest}")

    def _copied(self, engine: Backend, table: str, query: str) -> Path:
        path = self._path(table)
        engine.con.execute(f"COPY (SELECT * {query}) TO {text(str(path))} (FORMAT parquet)")
        return path


def _of(path: Path) -> str:
    return f"FROM read_parquet({path_text(path)})"


def _differs(found: Subscription, last: Step) -> bool:
    """Whether the price of now is another than that of the last bill, though both are known."""
    if found.status not in ("active", "past_due") or found.is_pausing or found.listed is None:
        return False
    return abs(found.listed - last.listed) > _A_CENT

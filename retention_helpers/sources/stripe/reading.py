"""Reads the files of Stripe in the order in which they need each other: invoices and customers first."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.documents import Object, Placed, is_json, objects
from retention_helpers.sources.folder import Unreadable
from retention_helpers.sources.interface import Imported, Order, SetAside, as_text
from retention_helpers.sources.stripe import exports, remarks
from retention_helpers.sources.stripe import objects as api
from retention_helpers.sources.stripe.billing import Billing
from retention_helpers.sources.stripe.exports import Export, Row, Wrong
from retention_helpers.sources.stripe.gathering import Counts, Gathering, Payment
from retention_helpers.sources.stripe.objects import Invoice, Lacking
from retention_helpers.sources.stripe.people import OWN, Person
from retention_helpers.sources.stripe.remarks import Remark
from retention_helpers.sources.stripe.subscription import Subscription
from retention_helpers.words.formats import count

Made = TypeVar("Made")
KINDS = ("invoice", "payment", "customer", "subscription")  # in this order
FEW = 0.01  # of the subscriptions may lack their first invoices, and the past still counts as known
AT_ONCE = 10_000  # subscriptions whose invoices are looked up together


@dataclass(frozen=True)
class _File:
    """A file whose kind is known; an export of the dashboard is read already."""

    path: Path
    kind: str
    export: Export | None = None


def read(order: Order) -> Imported:
    """The files of one account of Stripe, of either form."""
    return read_as(order, holds_all=False)


def read_as(order: Order, *, holds_all: bool) -> Imported:
    """`read`; with `holds_all` nobody has to ask whether canceled subscriptions were left out."""
    files, faults = _files(order)
    with Gathering(order) as gathering, Billing(order.into) as billing:
        reader = _Reader(order, gathering, billing, any(file.kind == "payment" for file in files))
        for file in sorted(files, key=lambda file: KINDS.index(file.kind)):
            try:
                reader.read(file)
            except Unreadable as broken:
                faults.append(_unreadable(file.path, broken))
        counts = gathering.counts
        named = _named(order)
        faults += _whole_kind_missing(files, faults, named)
        is_alone = counts.with_service and not (counts.ended or counts.never_began or holds_all)
        if is_alone:
            accepted = "active alone" in order.settings.accepted
            faults.append(remarks.active_alone(named, counts.subscriptions, accepted))
        tables = gathering.tables(named)
        faults += gathering.remarks.faults(gathering.rows_read)
        not_known = _not_known(counts, any(file.kind == "invoice" and not file.export for file in files))
        return Imported(tables, gathering.rows_read, tuple(gathering.set_aside), tuple(faults), not_known)


def _named(order: Order) -> str:
    """What all files together are called in a remark."""
    return order.files[0].name if len(order.files) == 1 else f"Stripe's {len(order.files)} files"


def _files(order: Order) -> tuple[list[_File], list[Fault]]:
    """What each file is, and what is wrong with those that are nothing of Stripe's."""
    found, faults = [], []
    for path in order.files:
        try:
            found.append(_file(path, order.settings.date_order))
        except Unreadable as broken:
            faults.append(_unreadable(path, broken))
    for file in found:
        faults += file.export.faults if file.export else ()
    return found, faults


def _file(path: Path, date_order: str) -> _File:
    if not is_json(path):
        export = exports.read_export(path, date_order)
        return _File(path, export.kind, export)
    first = next(objects(path), None)
    if first is None:
        raise Unreadable("the file holds no object", "Export it again.")
    kind = api.kind_of(first.found)
    if kind not in KINDS:
        raise Unreadable(
            f"it holds objects of the kind {kind or 'unknown'}, which are not read",
            "Bring subscriptions, invoices and customers.",
        )
    return _File(path, kind)


def _unreadable(path: Path, broken: Unreadable) -> Fault:
    return Fault("stop", "", "unreadable file", 0, message(path.name, broken.what, broken.way_out))


def _whole_kind_missing(files: Sequence[_File], faults: Sequence[Fault], named: str) -> Iterator[Fault]:
    if not any(file.kind == "subscription" for file in files) and not faults:
        said = message(
            named, "there is no file of subscriptions", "Export the subscriptions, of every status."
        )
        yield Fault("stop", "subscriptions", "missing file", 0, said)


def _not_known(counts: Counts, has_invoices: bool) -> dict[str, str]:
    """Why past prices and pauses are not known; empty where the invoices reach back."""
    without = counts.with_service - counts.with_past
    if without <= FEW * counts.with_service:
        return {}
    if not has_invoices:
        why = (
            "Stripe's subscriptions hold only {}: bring the invoices too, as objects of the API "
            "(`invoices.jsonl`)."
        )
        return {"prices": why.format("their present price"), "pauses": why.format("a pause that is on now")}
    why = (
        f"For {count(without)} of {count(counts.with_service)} subscriptions the invoices do not reach back "
        "to the begin of service: bring all of them."
    )
    return {"prices": why, "pauses": why}


class _Reader:
    """Reads a file after the other into what is gathered."""

    def __init__(self, order: Order, gathering: Gathering, billing: Billing, has_payments: bool) -> None:
        self.gathering, self.billing, self.has_payments = gathering, billing, has_payments
        self.is_one_file = len(order.files) == 1
        self.discounts: dict[str, Object] = {}  # that hang on customers

    def read(self, file: _File) -> None:
        if file.export:
            self._export(file.export)
        else:
            self._objects(file)

    def _place(self, file: Path, place: str) -> str:
        return place if self.is_one_file else f"{file.name}, {place}"

    # --- objects of the API --------------------------------------------------------------------------

    def _objects(self, file: _File) -> None:
        every = self._of_kind(file)
        if file.kind == "invoice":
            for invoice in self._made(file.path, every, api.invoice_of):
                self._invoice(invoice, file.path.name)
        elif file.kind == "customer":
            for person in self._made(file.path, every, self._person):
                self.gathering.person(person)
        else:
            self._subscriptions(file.path, every)

    def _of_kind(self, file: _File) -> Iterator[Placed]:
        name = file.path.name
        self.gathering.rows_read.setdefault(name, 0)
        for placed in objects(file.path):
            self.gathering.rows_read[name] += 1
            own = Placed(self._place(file.path, placed.place), placed.found)
            if placed.found.get("deleted"):
                self._aside(name, own.place, "it was deleted", {"id": placed.found.get("id")})
            elif api.kind_of(placed.found) != file.kind:
                self.gathering.remarks.make(remarks.MIXED, name, own.place)
            else:
                yield own

    def _made(self, file: Path, every: Iterator[Placed], make: Callable[[Placed], Made]) -> Iterator[Made]:
        """What `make` makes of each object; one that lacks something is remarked."""
        for placed in every:
            try:
                yield make(placed)
            except Lacking as lacking:
                self.gathering.remarks.make(remarks.LACKING, file.name, placed.place, lacking.field)
            except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
                self.gathering.remarks.make(remarks.LACKING, file.name, placed.place, f"or odd: {error}"[:60])

    def _person(self, placed: Placed) -> Person:
        if discount := placed.found.get("discount"):
            self.discounts[api.id_of(placed.found)] = discount
        return _person_of(placed)

    def _invoice(self, invoice: Invoice, file: str) -> None:
        self.billing.add(invoice)
        if invoice.misses_lines:
            self.gathering.remarks.make(remarks.CUT_LINES, file, invoice.place)
        if invoice.billed_once:
            self.gathering.remarks.make(remarks.BILLED_ONCE, file, invoice.place, count=invoice.billed_once)
        if not self.has_payments and invoice.customer:
            self.gathering.payments(_attempts(invoice))

    def _subscriptions(self, file: Path, every: Iterator[Placed]) -> None:
        made = self._made(file, every, lambda placed: api.subscription_of(placed, self.discounts))
        while some := list(itertools.islice(made, AT_ONCE)):
            billed = self.billing.of([one.id for one in some])
            for one in some:
                self.gathering.subscription(one, file.name, billed.get(one.id, ()))

    # --- exports of the dashboard --------------------------------------------------------------------

    def _export(self, export: Export) -> None:
        name = export.file.name
        self.gathering.rows_read[name] = len(export.rows)
        if export.kind == "subscription":
            self._subscription_rows(export)
            return
        take = {
            "customer": self._customer_row,
            "payment": self._payment_row,
            "invoice": self._invoice_row,
        }[export.kind]
        for row in export.rows:
            place = self._place(export.file, row.place)
            with self._saying_what_is_wrong(export, place):
                take(export, row, place)

    @contextmanager
    def _saying_what_is_wrong(self, export: Export, place: str) -> Iterator[None]:
        try:
            yield
        except Wrong as wrong:
            remark, detail = _said_of(wrong, export)
            self.gathering.remarks.make(remark, export.file.name, place, detail)

    def _subscription_rows(self, export: Export) -> None:
        """The subscriptions of a file; several rows of one are its items."""
        found: dict[str, list[tuple[Row, Subscription]]] = {}
        for row in export.rows:
            place = self._place(export.file, row.place)
            with self._saying_what_is_wrong(export, place):
                one = exports.subscription_of(row, place)
                self._remark_row(export, row, place)
                self._add_row(found.setdefault(one.id, []), row, one, export.file.name)
        for every in found.values():
            rows = [one for _, one in every]
            whole = exports.with_items(rows)
            if whole is None:
                self.gathering.remarks.make(
                    remarks.TWO_ROWS, export.file.name, rows[1].place, rows[1].id, count=len(rows)
                )
            else:
                self.gathering.subscription(whole, export.file.name)

    def _add_row(self, known: list[tuple[Row, Subscription]], row: Row, one: Subscription, file: str) -> None:
        same = next((other for earlier, other in known if earlier.says_as(row)), None)
        if same is None:
            known.append((row, one))
        else:
            self._aside(file, one.place, f"the same row stands at {same.place}", {"id": one.id})

    def _remark_row(self, export: Export, row: Row, place: str) -> None:
        remark = self.gathering.remarks.make
        remark(remarks.TAX_NOT_SAID, export.file.name, place)
        if exports.quantity_of(row) != 1:
            remark(remarks.QUANTITIES, export.file.name, place)
        if "quantity" not in export.columns:
            remark(remarks.NO_QUANTITY, export.file.name, place)

    def _customer_row(self, export: Export, row: Row, place: str) -> None:
        created = row.seconds("created")
        if created is None:
            raise Wrong("created", "")
        self.gathering.person(
            Person(
                row.text("id"), created, OWN, place, row.text("name"), row.text("email"), dict(row.metadata)
            )
        )

    def _payment_row(self, export: Export, row: Row, place: str) -> None:
        self._attempt(export, row, place, row.amount("amount"), exports.refund_of(row))

    def _invoice_row(self, export: Export, row: Row, place: str) -> None:
        if self.has_payments:
            return
        is_paid = row.text("status").lower() == "paid"
        self._attempt(export, row, place, row.amount("paid" if is_paid else "due"))

    def _attempt(
        self,
        export: Export,
        row: Row,
        place: str,
        amount: object,
        refund: tuple[int | None, object] | None = None,
    ) -> None:
        """A payment, and what of it went back; one of nobody, or that was never tried, is set aside."""
        state = exports.PAYMENT_STATES.get(row.text("status").lower())
        at, customer = row.seconds("created"), row.text("customer")
        if state is None or at is None or not customer:
            reason = "it is of no customer" if state else f"it tells of no attempt ({row.text('status')})"
            self._aside(export.file.name, place, reason, {"id": row.text("id")})
        else:
            rows = [(at, state, amount)]
            if refund is not None:
                rows.append((refund[0] or at, "refunded", refund[1]))
            self.gathering.payments([Payment(row.text("id"), customer, *one, place) for one in rows])

    def _aside(self, file: str, place: str, reason: str, cells: Mapping[str, object]) -> None:
        said = {name: as_text(value) or "" for name, value in cells.items()}
        self.gathering.set_aside.append(SetAside(file, place, reason, said))


def _said_of(wrong: Wrong, export: Export) -> tuple[Remark, str]:
    """What is remarked of a cell, with its detail."""
    if wrong.is_open:
        return remarks.DATE_ORDER, _order_hint(export)
    cell = f"{wrong.shown_column}: {wrong.shown_value!r}"
    if wrong.against:
        return remarks.CONTRADICTED, f"{cell} where the currency is {wrong.against}"
    return remarks.UNREADABLE, cell


def _order_hint(export: Export) -> str:
    shown = export.order_shown
    return f"others of the file can only be {shown}" if shown else ""


def _person_of(placed: Placed) -> Person:
    found = placed.found
    metadata = api.words_of(found.get("metadata"))
    country = (found.get("address") or {}).get("country")
    return Person(
        customer=api.id_of(found),
        created=int(found["created"]),
        rank=OWN,
        place=placed.place,
        name=str(found.get("name") or ""),
        email=str(found.get("email") or ""),
        metadata={"country": str(country), **metadata} if country else metadata,
    )


def _attempts(invoice: Invoice) -> list[Payment]:
    """What an invoice tells of attempts to collect it: Stripe names no more than the first and the last."""
    is_paid = invoice.status == "paid"
    every = []
    if invoice.attempts > 1 or (invoice.was_tried and not is_paid and invoice.amount_due > 0):
        every.append((invoice.created, "failed", invoice.amount_due))
    if is_paid and invoice.amount_paid > 0:
        every.append((invoice.paid_at, "succeeded", invoice.amount_paid))
    return [
        Payment(invoice.id, invoice.customer, at, status, amount, invoice.place)
        for at, status, amount in every
    ]

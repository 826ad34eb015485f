"""Reads the rows of ledgers: the charges of each customer, and why a row is none."""

import datetime as dt
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from retention_helpers.contract.settings import SETTINGS_FILE, Settings
from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources import headings
from retention_helpers.sources.interface import PLACE, Order, Rows, SetAside, Spot, as_text
from retention_helpers.sources.ledger import words
from retention_helpers.sources.ledger.amounts import Tax, in_minor_units, shown_in, tax_of
from retention_helpers.sources.ledger.cells import Cells, Moment, sign_of
from retention_helpers.sources.ledger.charges import Account, Charge, Key, Length, in_order
from retention_helpers.sources.ledger.doubts import Doubt
from retention_helpers.sources.ledger.lines import Lines, sheets_of
from retention_helpers.sources.ledger.options import Options
from retention_helpers.sources.ledger.rhythm import ONCE
from retention_helpers.sources.ledger.streams import NOTHING
from retention_helpers.sources.ledger.tools import OWN, Tool, columns_of, lacking, may_be_ledger, tool_of
from retention_helpers.sources.prices import in_sixths, share_of
from retention_helpers.sources.spreadsheet.grids import Cell
from retention_helpers.sources.spreadsheet.sheets import TOTALS
from retention_helpers.sources.unreadable import Unreadable
from retention_helpers.words import spellings, written
from retention_helpers.words.formats import plural
from retention_helpers.words.people import code_for

PAYMENT_COLUMNS = ("customer_id", "attempted_at", "status", "amount", PLACE)
_PERSONAL = ("email", "name", "country")
_DEFAULT_VARIANT = "default"
_SUBSCRIPTION_ID = re.compile(r"I-[A-Z0-9]{8,}")  # PayPal's, where other rows name a transaction


@dataclass
class Ledger:
    """What was read of all files together."""

    accounts: dict[str, Account] = field(default_factory=dict)
    people: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: dict[tuple[str, dt.date], str] = field(
        default_factory=dict
    )  # who asked to cancel when; the place
    until: dt.date | None = None
    set_aside: list[SetAside] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rows_read: dict[str, int] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)  # of charges, refunds, failures, …
    by_id: dict[str, Charge] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)  # the place of each row, by the tool's id of it
    copies: dict[tuple[str, ...], str] = field(default_factory=dict)  # the same, without ids: by what it says
    returns: list["Return"] = field(default_factory=list)
    unknown_states: Counter[str] = field(default_factory=Counter)
    doubts: list[Doubt] = field(default_factory=list)  # what stops it and has answers
    # Charges whose row says how long the next one pays for, by customer and product without its variant.
    at_present: dict[tuple[str, str], list[Charge]] = field(default_factory=dict)
    has_tax: bool = False

    @property
    def is_stopped(self) -> bool:
        return any(fault.level == "stop" for fault in self.faults)


@dataclass(frozen=True)
class Return:
    """Money that went back, as a row of its own: of which charge, if the row names one."""

    who: str
    on: dt.date
    amount: Decimal
    reference: str
    kind: str
    spot: Spot


class _Row:
    """A line's cells by our names."""

    __slots__ = ("cells", "columns", "spot")

    def __init__(self, cells: Sequence[Cell], columns: Mapping[str, int], spot: Spot) -> None:
        self.cells, self.columns, self.spot = cells, columns, spot

    def cell(self, name: str) -> Cell:
        nth = self.columns.get(name)
        return None if nth is None or nth >= len(self.cells) else self.cells[nth]

    def text(self, name: str) -> str:
        nth = self.columns.get(name)
        if nth is None or nth >= len(self.cells):
            return ""
        cell = self.cells[nth]
        return cell.strip() if isinstance(cell, str) else as_text(cell) or ""


def read_ledger(order: Order, options: Options, payments: Rows) -> Ledger:
    """Every row of every file; the attempts to collect go to `payments` as they are read."""
    ledger = Ledger()
    for file in order.files:
        try:
            _Reader(file, order, options, ledger, payments).read()
        except Unreadable as broken:
            said = message(file.name, broken.what, broken.way_out)
            ledger.faults.append(Fault("stop", "", "unreadable file", 0, said))
            ledger.doubts += [broken] if isinstance(broken, Doubt) else []
    if ledger.unknown_states:
        ledger.faults.append(_states_unknown(order, ledger))
    for one in ledger.returns:
        _give_back(one, ledger)
    _merge_guests(ledger)
    for account in ledger.accounts.values():
        account.charges, account.free = in_order(account.charges), in_order(account.free)
        account.failed_on.sort()
    _settle_present_lengths(ledger)
    _forget_products_that_are_none(ledger)
    return ledger


class _Reader:
    """Reads one file into the ledger."""

    def __init__(self, file: Path, order: Order, options: Options, ledger: Ledger, payments: Rows) -> None:
        self.file, self.order, self.options = file, order, options
        self.ledger, self.payments = ledger, payments
        self.today = dt.datetime.now(order.settings.zone).date()
        self.alike: Counter[tuple[str, ...]] = Counter()  # rows of this file that say the same

    def read(self) -> None:
        sheets, assumed = sheets_of(self.file, self._is_header)
        self.ledger.faults += assumed
        looked_at, _ = sheets_of(self.file, self._is_header)
        for nth, (sheet, again) in enumerate(zip(looked_at, sheets, strict=True)):
            self._sheet(sheet, again, nth)

    def _is_header(self, names: Sequence[str]) -> bool:
        said = set(map(headings.plain, self.options.columns.values()))
        return said <= set(map(headings.plain, names)) if said else may_be_ledger(names)

    def _sheet(self, first: Lines, again: Lines, nth: int) -> None:
        """Look through a sheet for how its amounts and days are written, then read it."""
        self.tool = tool_of(first.header)
        self.columns = columns_of(first.header, self.tool, self.options.columns)
        missing = lacking(self.columns)
        if missing:
            raise Unreadable(
                f"no column says {' or '.join(_SAYS[name] for name in missing)}",
                f"Say which one does: `columns: {{{', '.join(f'{name}: …' for name in missing)}}}`.",
            )
        self.ledger.tools.setdefault(self.tool.name, self.tool)
        self.ledger.has_tax = self.ledger.has_tax or bool("tax" in self.columns or self.options.tax_inside)
        shown, heading = shown_in(first.lines, self.columns), first.header[self.columns["amount"]]
        self.currency = self.tool.currency or (headings.currency_of(heading) if self.tool is OWN else "")
        currency = self.currency or self.order.settings.currency
        minor = in_minor_units(shown, heading, self.tool, self.options, currency)
        sign = sign_of(self.order.settings, shown.texts) or ("" if self.tool is OWN else ".")
        self.tax = self._tax_of(first.header, nth, sign or ".", is_minor=minor)
        settings = self._with_order(shown.days)
        self.cells = Cells(settings, sign, self.tool.zone, again.epoch, minor)
        for place, cells in again.lines:
            spot = self.order.spot(self.file, place)
            self.ledger.rows_read[self.file.name] = self.ledger.rows_read.get(self.file.name, 0) + 1
            reason = self._row(_Row(cells, self.columns, spot))
            if reason:
                self._put_aside(spot, reason, cells, first.header)
        self.ledger.faults += self.cells.faults(self.file.name)

    def _tax_of(self, header: Sequence[str], nth: int, sign: str, *, is_minor: bool) -> Tax:
        """The tax in the amounts; of a ledger of one's own, by one more look at what stands beside them."""
        is_clear = self.tool is not OWN or "tax" not in self.columns
        if is_clear and not self.options.tax_inside:
            return Tax(self.columns.get("tax"))
        lines = sheets_of(self.file, self._is_header)[0][nth].lines
        return tax_of(header, self.columns, lines, self.options, sign, is_minor=is_minor)

    def _with_order(self, days: set[str]) -> Settings:
        """The owner's choices; the order of day and month that the days prove, where the owner names none."""
        settings = self.order.settings
        shown = "" if settings.date_order else written.order_shown_by(days)
        if not shown:
            return settings
        proof = min(day for day in days if written.order_shown_by([day]))
        said = message(
            self.file.name,
            f"days such as {proof} are read with the {shown}: it can be read no other way",
            f"Where others are meant otherwise, say `date_order` in {SETTINGS_FILE}, or with --date-order.",
        )
        self.ledger.faults.append(Fault("note", "", "order of days", 0, said))
        return replace(settings, date_order=shown)

    def _put_aside(self, spot: Spot, reason: str, cells: Sequence[Cell], header: Sequence[str]) -> None:
        said = {
            name: text for name, cell in zip(header, cells, strict=False) if name and (text := as_text(cell))
        }
        self.ledger.set_aside.append(spot.set_aside(reason, said))

    # --- a row ---------------------------------------------------------------------------------------

    def _row(self, row: _Row) -> str:
        """Take a row; why it is taken into nothing, or "" for one that is."""
        if _is_no_row(row):
            return "a line of totals, or a remark"
        if words.is_yes(row.text("is_test")):
            return "a test, and no charge"
        if words.is_yes(row.text("is_free")):
            return "nothing was charged yet"
        charge_id = row.text("charge_id")
        if charge_id and charge_id in self.ledger.ids and not row.text("refunded"):
            return f"the same row stands at {self.ledger.ids[charge_id]}"
        if not charge_id and len(self.order.files) > 1 and (twin := self._in_another_file(row)):
            return f"the same row stands at {twin}"
        kind = words.kind_of(row.text("kind"), is_of_a_tool=self.tool is not OWN)
        if kind == words.OTHER:
            return f"no charge: {row.text('kind')}"
        said = row.text("status")
        state = self.options.states.get(said.lower()) or words.state_of(said)
        if not state:
            self.ledger.unknown_states[said] += 1
            return ""
        moment = self.cells.moment(row.cell("charged_at"), row.text("time"), row.text("zone"), str(row.spot))
        money = self.cells.amount(row.cell("amount"), self._currency(row), str(row.spot))
        if moment is None or money is None:
            return ""
        if moment.on > self.today:
            return "it lies in the future"
        self._reach(moment.on)
        if charge_id:
            self.ledger.ids[charge_id] = str(row.spot)
        return self._money(row, kind, state, moment, *money)

    def _in_another_file(self, row: _Row) -> str:
        """Where an earlier file has the same row, which files that overlap do; "" for nowhere.

        Of rows that say the same within one file, each may be a charge of its own.
        """
        says = tuple(f"{name}: {row.text(name)}" for name in sorted(self.columns))
        self.alike[says] += 1
        nth = (*says, str(self.alike[says]))
        place = str(row.spot)
        earlier = self.ledger.copies.setdefault(nth, place)
        return "" if earlier == place else earlier

    def _currency(self, row: _Row) -> str:
        said = row.text("currency")
        return spellings.currency(said) or said.upper() or self.currency

    def _money(self, row: _Row, kind: str, state: str, moment: Moment, amount: Decimal, currency: str) -> str:
        who = self._who(row)
        if kind in (words.RETURN, words.DISPUTE, words.UNDONE) or amount < 0:
            if kind == words.CHARGE and (self.tool is not OWN or not who):
                return "money that went out"
            back = kind if kind != words.CHARGE else words.RETURN
            self.ledger.returns.append(
                Return(who, moment.on, abs(amount), row.text("reference"), back, row.spot)
            )
            if who and back != words.UNDONE:
                self._attempt(who, moment, words.REFUNDED, abs(amount), row.spot)
            return ""
        if not amount and (state != words.PAID or not who):
            return NOTHING
        if not who:
            self.ledger.counts["nameless"] += 1
            return "it names no customer"
        if state == words.PENDING:
            return "it is not decided yet"
        account = self.ledger.accounts.setdefault(who, Account())
        self._person(row, who)
        if not amount:
            account.free.append(self._charge(row, who, moment.on, amount, currency, state))
            return ""
        if state == words.FAILED:
            account.failed_on.append(moment.on)
            self._attempt(who, moment, words.FAILED, amount, row.spot)
            return ""
        charge = self._charge(row, who, moment.on, amount, currency, state)
        account.charges.append(charge)
        self.ledger.counts["charges"] += 1
        if row.text("charge_id"):
            self.ledger.by_id[row.text("charge_id")] = charge
        status = words.REFUNDED if charge.returned_on else words.PAID
        self._attempt(who, moment, status, amount, row.spot)
        return ""

    def _reach(self, day: dt.date) -> None:
        self.ledger.until = max(day, self.ledger.until or day)

    def _who(self, row: _Row) -> str:
        own = row.text("customer_id")
        if own and "@" not in own:
            return sys.intern(own)
        said = own or row.text("email") or row.text("name")
        return sys.intern(code_for(said)) if said else ""

    def _person(self, row: _Row, who: str) -> None:
        known = self.ledger.people.setdefault(who, {})
        for name in _PERSONAL:
            if name not in known and (said := row.text(name)):
                known[name] = said
        own = row.text("customer_id")
        if "@" in own:
            known.setdefault("email", own)

    def _charge(self, row: _Row, who: str, on: dt.date, amount: Decimal, currency: str, state: str) -> Charge:
        charge = Charge(
            who,
            on,
            amount - self._tax(row, amount, currency),
            amount,
            sys.intern(currency),
            sys.intern(self._product(row)),
            str(row.spot),
            self._subscription(row),
            self._lasts(row),
            ended_on=self.cells.day(row.cell("ended_at")),
        )
        asked_on = self.cells.day(row.cell("canceled_at"))
        if asked_on:
            self.ledger.requests.setdefault((who, asked_on), str(row.spot))
        lost = words.is_yes(row.text("is_disputed")) and not words.is_yes(row.text("dispute_won"))
        refunded = self._refunded(row, currency)
        is_back = state == words.REFUNDED or words.is_yes(row.text("is_refunded")) or refunded >= amount
        if state == words.DISPUTED or lost or is_back:
            charge.returned_on = self.cells.day(row.cell("refunded_at")) or on
            charge.is_disputed = state == words.DISPUTED or lost
            self.ledger.counts["returned"] += 1
        if self.tool.tells_present_interval and charge.lasts != ONCE and not charge.is_free:
            self.ledger.at_present.setdefault((who, row.text("product")), []).append(charge)
        return charge

    def _tax(self, row: _Row, amount: Decimal, currency: str) -> Decimal:
        """The tax within an amount; 0 where no column says it, or says that it came on top."""
        said = self.tax.said(row.cells, self.cells.sign or ".")
        if not said or ("is_inclusive" in self.columns and not words.is_yes(row.text("is_inclusive"))):
            return Decimal(0)
        share = share_of(said, self.cells.sign or ".")
        if share is not None:
            return amount - in_sixths(amount / (1 + share))
        cell = row.cells[self.tax.column] if self.tax.column is not None else said
        found = self.cells.amount(cell, currency, str(row.spot))
        return found[0] if found else Decimal(0)

    def _refunded(self, row: _Row, currency: str) -> Decimal:
        cell = row.cell("refunded")
        found = self.cells.amount(cell, currency, str(row.spot)) if cell not in (None, "") else None
        return found[0] if found else Decimal(-1)

    def _product(self, row: _Row) -> str:
        product, variant = row.text("product") or row.text("subject"), row.text("variant")
        if self.tool.no_products and self.tool.no_products.fullmatch(product):
            product = ""
        is_named = variant and variant.strip("() ").lower() != _DEFAULT_VARIANT
        return f"{product} {variant}".strip() if is_named else product

    def _subscription(self, row: _Row) -> str:
        own, reference = row.text("subscription_id"), row.text("reference")
        return own or (reference if _SUBSCRIPTION_ID.fullmatch(reference) else "")

    def _lasts(self, row: _Row) -> Length | None:
        said = row.text("interval")
        if not said:
            return ONCE if self.tool.recurs_by_interval else None
        return self.tool.lengths.get(headings.plain(said)) or spellings.interval(said)

    def _attempt(self, who: str, moment: Moment, status: str, amount: Decimal, spot: Spot) -> None:
        self.ledger.counts[status] += 1
        self.payments.add(
            {
                "customer_id": who,
                "attempted_at": moment.at,
                "status": status,
                "amount": as_text(amount),
                PLACE: str(spot),
            }
        )


_SAYS = {"customer_id": "who paid", "charged_at": "when", "amount": "how much"}


def _is_no_row(row: _Row) -> bool:
    """Whether a line without a day is a line of totals or a remark."""
    said = row.text("charged_at")
    if said:
        return not said[0].isdigit() and bool(TOTALS.fullmatch(said.strip().strip(":")))
    texts = [cell.strip() for cell in row.cells if isinstance(cell, str) and cell.strip()]
    others = [text for text in texts if written.money(text, ".") is None]
    return len(others) <= 1 or any(TOTALS.fullmatch(text.strip(":")) for text in others)


def _states_unknown(order: Order, ledger: Ledger) -> Fault:
    named = order.files[0].name if len(order.files) == 1 else f"{len(order.files)} files"
    known = [word for word, _ in ledger.unknown_states.most_common(6)]
    lines = ", ".join(f"{word}: …" for word in known)
    said = message(
        named,
        f"nobody knows what the state “{known[0]}” means, in "
        f"{plural(ledger.unknown_states[known[0]], 'row')}",
        f"Say it: `values: {{status: {{{lines}}}}}`, each {', '.join(words.STATES[:-1])} or "
        f"{words.STATES[-1]}.",
    )
    return Fault("stop", "", "unknown status", ledger.unknown_states.total(), said)


def _give_back(one: Return, ledger: Ledger) -> None:
    """Let a charge be returned, once all of it is; a part changes nothing. What meets no charge is set
    aside.
    """
    charge = ledger.by_id.get(one.reference) or _charge_of(one, ledger)
    if charge is None:
        ledger.set_aside.append(
            one.spot.set_aside(
                "it belongs to no charge of these files", {"amount": as_text(one.amount) or ""}
            )
        )
        ledger.counts["unmatched returns"] += 1
    elif one.kind == words.UNDONE:
        charge.returned_on, charge.is_disputed, charge.given_back = None, False, Decimal(0)
    else:
        charge.given_back += one.amount
        if charge.given_back >= charge.charged:
            charge.returned_on, charge.is_disputed = one.on, one.kind == words.DISPUTE
            ledger.counts["returned"] += 1


def _charge_of(one: Return, ledger: Ledger) -> Charge | None:
    account = ledger.accounts.get(one.who)
    if account is None:
        return None
    before = [charge for charge in account.charges if charge.on <= one.on and charge.charged >= one.amount]
    is_undone = one.kind == words.UNDONE  # then of one that was taken back, else of one that was not
    exact = [
        charge
        for charge in before
        if charge.charged == one.amount and (charge.returned_on is not None) == is_undone
    ]
    return max(exact or before, key=lambda charge: charge.on, default=None)


def _settle_present_lengths(ledger: Ledger) -> None:
    """Let a charge last as long as the newest ones at its price do, where rows tell the present length.

    A row of the past says of a customer who moved from months to years that it was for a year. Newest is the
    last one of each customer and product. Where these differ, or none is at this price, the rhythm tells.
    """
    lengths: dict[Key, set[Length | None]] = {}
    for charges in ledger.at_present.values():
        newest = max(charges, key=lambda one: one.on)
        lengths.setdefault(newest.key, set()).add(newest.lasts)
    for charges in ledger.at_present.values():
        for one in charges:
            told = lengths.get(one.key, set())
            one.lasts = next(iter(told)) if len(told) == 1 else None


def _merge_guests(ledger: Ledger) -> None:
    """Let charges without a customer's id be those of the one customer with the same e-mail."""
    of_mail: dict[str, set[str]] = {}
    for who, known in ledger.people.items():
        if mail := known.get("email"):
            of_mail.setdefault(code_for(mail), set()).add(who)
    for code, named in of_mail.items():
        others = named - {code}
        if code in named and len(others) == 1:
            own, guest = ledger.accounts[others.pop()], ledger.accounts.pop(code)
            ledger.people.pop(code)
            who = own.charges[0].who if own.charges else next(iter(named - {code}))
            for charge in [*guest.charges, *guest.free]:
                charge.who = who
            own.charges += guest.charges
            own.free += guest.free
            own.failed_on += guest.failed_on
            ledger.counts["guests"] += 1


_MOST_PRODUCTS = 0.5  # of the charges have another product each: then it is no product
_LEAST_CHARGES = 20


def _forget_products_that_are_none(ledger: Ledger) -> None:
    """Take away a product that is another text in nearly every row, such as the number of an invoice."""
    products = Counter(one.product for one in _charges(ledger) if one.product)
    if products.total() >= _LEAST_CHARGES and len(products) > _MOST_PRODUCTS * products.total():
        ledger.counts["no products"] = len(products)
        for one in _charges(ledger):
            one.product = ""


def _charges(ledger: Ledger) -> Iterator[Charge]:
    return (one for account in ledger.accounts.values() for one in account.charges)

"""Reads ledgers of charges into the tables of the contract, and says what was assumed."""

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from retention_helpers.contract.assumed import Assumed
from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.interface import PLACE, Imported, Order, Rows, SetAside, as_text, write_rows
from retention_helpers.sources.ledger import woocommerce, words
from retention_helpers.sources.ledger.charges import Account, Charge, Length
from retention_helpers.sources.ledger.entries import PAYMENT_COLUMNS, Ledger, read_ledger
from retention_helpers.sources.ledger.options import options_of
from retention_helpers.sources.ledger.rhythm import Rhythms, Unknown, rhythms_of, unknown_of
from retention_helpers.sources.ledger.streams import Stream, spans_days, streams_of
from retention_helpers.sources.ledger.switches import (
    Ending,
    beside_the_rhythm,
    ending_of,
    settle_switches,
    together,
)
from retention_helpers.sources.prices import monthly
from retention_helpers.words import spellings
from retention_helpers.words.formats import count, percent, plural

# Of generated businesses with failures, refunds, pauses, moved days and changes of plan: the share of
# customers at months' ends that were told wrong, at most (tests/bench_statistics/ledger.py).
WRONG_AT_MOST, IN_THE_WORST = 0.005, 0.02  # of all businesses together, and of any one
SPAN_COLUMNS = (
    "customer_id", "started_at", "ended_at", "mrr", "plan", "status", "currency", "interval",
    "subscription_id", PLACE,
)  # fmt: skip
_MOST_ASKED = 8
Row = dict[str, str | None]


@dataclass
class Told:
    """What was told of all customers.

    Attributes:
        began: the first day of service of each customer.
        due: how many customers were to pay on a day, and may still.
        lengths: how many charges pay for each length.
        aside: how many charges belong to no paid time, by reason.
        free: how many times nothing was charged when it was due.
        switched: how many paid times were cut because another plan began within them.
        ended_by: the customers whose bank ended it, or whose payments failed, with the day and the place.
    """

    began: dict[str, dt.date] = field(default_factory=dict)
    due: Counter[dt.date] = field(default_factory=Counter)
    lengths: Counter[Length] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    free: int = 0
    switched: int = 0
    ended_by: list[tuple[str, dt.date, str, str]] = field(default_factory=list)


def read(order: Order) -> Imported:
    """Every charge of every file, as the paid times of its customers."""
    options = options_of(order.options)
    if woocommerce.are_of_it(order):
        return woocommerce.read(order)
    with Rows(order.into / "payments.parquet", PAYMENT_COLUMNS) as payments:
        ledger = read_ledger(order, options, payments)
    if ledger.is_stopped:
        return Imported({}, ledger.rows_read, ledger.set_aside, ledger.faults)
    until = options.until or ledger.until
    dunning = order.settings.dunning_days
    if until is None:
        ledger.faults.append(_nothing(order))
        return Imported({}, ledger.rows_read, ledger.set_aside, ledger.faults)
    rhythms = rhythms_of(ledger.accounts.values(), options.rhythms, until, dunning)
    unknown = unknown_of(ledger.accounts.values(), rhythms)
    if unknown:
        ledger.faults.append(_rhythms_unknown(order, unknown))
        return Imported({}, ledger.rows_read, ledger.set_aside, ledger.faults)
    telling = _Telling(order, ledger, rhythms, until)
    with Rows(order.into / "subscriptions.parquet", SPAN_COLUMNS) as spans:
        for who, account in ledger.accounts.items():
            for row in telling.spans_of(who, account):
                spans.add(row)
    told = telling.told
    tables = {"customers": write_rows(order, "customers", _people(ledger, told)), "subscriptions": spans.path}
    tables |= _other_tables(ledger, told, payments, order)
    return Imported(
        tables,
        ledger.rows_read,
        tuple(ledger.set_aside),
        tuple(ledger.faults),
        assumed=_assumed(ledger, told, rhythms, until, dunning),
    )


# --- customers -----------------------------------------------------------------------------------------


@dataclass
class _Telling:
    """Tells the spans of one customer after the other."""

    order: Order
    ledger: Ledger
    rhythms: Rhythms
    until: dt.date
    told: Told = field(default_factory=Told)

    def spans_of(self, who: str, account: Account) -> Iterator[Row]:
        dunning, told = self.order.settings.dunning_days, self.told
        every, aside = streams_of(account, self.rhythms, dunning)
        streams, beside = together(every, beside_the_rhythm(every))
        for charge, reason in [*aside, *beside]:
            told.aside[reason] += 1
            self.ledger.set_aside.append(_put_aside(self.order, charge, reason))
        told.switched += settle_switches(streams, self.until)
        knows = bool(self.ledger.counts[words.FAILED])
        endings = [
            ending_of(stream, account, self.until, dunning, knows_failures=knows) for stream in streams
        ]
        if streams:
            told.began[who] = min(stream.start for stream in streams)
        waiting = [ending.due_on for ending in endings if ending.due_on]
        if waiting and all(ending.on or ending.due_on for ending in endings):
            told.due[max(waiting)] += 1
        for nth, (stream, ending) in enumerate(zip(streams, endings, strict=True), start=1):
            told.lengths.update(one.length for one in stream.periods if not one.charge.is_free)
            told.free += sum(one.charge.is_free for one in stream.periods)
            is_lost = ending.on and not _is_served_by_another(ending.on, stream, streams, endings)
            if ending.by and ending.on and is_lost:
                told.ended_by.append((who, ending.on, ending.by, stream.last.charge.place))
            yield from _rows_of(who, stream, ending, f"{who}/{nth}" if len(streams) > 1 else "")


def _is_served_by_another(
    on: dt.date, own: Stream, streams: Sequence[Stream], endings: Sequence[Ending]
) -> bool:
    """Whether the customer had other service on the day on which a stream ended: then nobody was lost."""
    pairs = zip(streams, endings, strict=True)
    return any(
        one is not own and one.start <= on and (ending.on is None or ending.on > on) for one, ending in pairs
    )


def _put_aside(order: Order, charge: Charge, reason: str) -> SetAside:
    is_only_file = len(order.files) == 1
    file, _, place = ("", "", charge.place) if is_only_file else charge.place.partition(", ")
    cells = {
        "customer": charge.who,
        "day": charge.on.isoformat(),
        "amount": as_text(charge.amount),
        "product": charge.product,
    }
    said = {name: cell for name, cell in cells.items() if cell}
    return SetAside(file or order.files[0].name, place, reason, said)


def _rows_of(who: str, stream: Stream, ending: Ending, subscription: str) -> Iterator[Row]:
    """The spans of a stream: a row for the time at one price, and one for the time that is due."""
    parts = [
        (_price(period.charge, period.length), period, start, end)
        for period, start, end in spans_days(stream)
    ]
    for _, group in itertools.groupby(parts, key=lambda part: part[0]):
        listed = list(group)
        first, last = listed[0], listed[-1]
        is_last = last is parts[-1]
        end: dt.date | None = last[3] if not is_last else ending.on
        status = "comped" if first[1].charge.is_free else "active"
        row = _row(who, first[1].charge, first[1].length, subscription)
        if is_last and ending.due_on:
            due = max(ending.due_on, first[2])
            yield {**row, "started_at": first[2].isoformat(), "ended_at": due.isoformat(), "status": status}
            first, end, status = (*first[:2], due, first[3]), None, "past_due"
            row = _row(who, _last_paid(stream), first[1].length, subscription)
        ended = end.isoformat() if end else None
        yield {**row, "started_at": first[2].isoformat(), "ended_at": ended, "status": status}


def _last_paid(stream: Stream) -> Charge:
    return next(one.charge for one in reversed(stream.periods) if not one.charge.is_free)


def _price(charge: Charge, length: Length) -> tuple[object, ...]:
    return charge.amount, charge.currency, charge.product, length


def _row(who: str, charge: Charge, length: Length, subscription: str) -> Row:
    unit, many = length
    return {
        "customer_id": who,
        "mrr": as_text(monthly(charge.amount, unit, many)),
        "plan": charge.product or None,
        "currency": charge.currency or None,
        "interval": spellings.in_words(unit, many),
        "subscription_id": charge.subscription or subscription or None,
        PLACE: charge.place,
    }


def _people(ledger: Ledger, told: Told) -> Iterator[Row]:
    for who, began in told.began.items():
        place = ledger.accounts[who].charges[0].place
        yield {
            "customer_id": who,
            "signed_up_at": began.isoformat(),
            **ledger.people.get(who, {}),
            PLACE: place,
        }


def _other_tables(ledger: Ledger, told: Told, payments: Rows, order: Order) -> dict[str, Path]:
    """Attempts to collect, where the ledger holds those that failed; requests to cancel, and what ended
    service.
    """
    found = {}
    if ledger.counts[words.FAILED]:
        found["payments"] = _of_customers(payments.path, told)
    reasons = {"failed": "payment_failed", "disputed": "payment_disputed"}
    rows: list[Row] = [
        {
            "customer_id": who,
            "canceled_at": on.isoformat(),
            "reason": reasons[by],
            "kind": "involuntary",
            PLACE: place,
        }
        for who, on, by, place in told.ended_by
    ]
    rows += [
        {"customer_id": who, "canceled_at": on.isoformat(), "kind": "voluntary", PLACE: place}
        for (who, on), place in ledger.requests.items()
    ]
    if rows:
        found["cancellations"] = write_rows(order, "cancellations", rows)
    return found


def _of_customers(payments: Path, told: Told) -> Path:
    """The attempts of those who have, or had, service: who bought once, or never paid, is no customer
    here.
    """
    every = pq.read_table(payments)
    theirs = pc.is_in(every["customer_id"], pa.array(list(told.began), pa.string()))
    pq.write_table(every.filter(theirs), payments, compression="zstd")
    return payments


# --- what is said, and asked ---------------------------------------------------------------------------


def _named(order: Order) -> str:
    return order.files[0].name if len(order.files) == 1 else f"{len(order.files)} files"


def _nothing(order: Order) -> Fault:
    said = message(_named(order), "no row is a charge of a customer", "Is it the right file?")
    return Fault("stop", "subscriptions", "no rows", 0, said)


def _rhythms_unknown(order: Order, unknown: Sequence[Unknown]) -> Fault:
    """A stop for what nobody has paid in a rhythm, with the lines to write."""
    first = unknown[0]
    lines = ", ".join(f"{_quoted(one.label)}: {one.likely or '…'}" for one in unknown[:_MOST_ASKED])
    more = f" and {plural(len(unknown) - 1, 'other')}" if len(unknown) > 1 else ""
    charges = sum(one.charges for one in unknown)
    said = message(
        _named(order),
        f"how long “{first.label}”{more} {'pay' if more else 'pays'} for cannot be told: too few pay it "
        f"again, or in no rhythm ({plural(charges, 'charge')}, first: {first.first.place})",
        f"Say it below the source in {SETTINGS_FILE}, or with --say: `rhythms: {{{lines}}}`, each week, "
        f"month, quarter, year, or once for what does not recur.",
    )
    return Fault("stop", "subscriptions", "rhythm unknown", charges, said)


def _quoted(label: str) -> str:
    is_plain = label.replace(" ", "").isalnum() and not label.replace(" ", "").isdigit()
    return label if is_plain else '"' + label.replace('"', "'") + '"'


def _assumed(ledger: Ledger, told: Told, rhythms: Rhythms, until: dt.date, dunning: int) -> Assumed:
    notes = [_how(told, dunning), _ERROR]
    notes += [tool.assumed for tool in ledger.tools.values() if tool.assumed]
    if not ledger.has_tax:
        notes.append("No column says the tax: what was charged counts as it is, with the tax in it.")
    if rhythms.taken:
        notes.append(
            f"{plural(rhythms.taken, 'charge')} of a price that nobody paid twice took the rhythm of the "
            f"product's other prices."
        )
    for reason, many in told.aside.items():
        notes.append(f"{plural(many, 'charge')} {'counts' if many == 1 else 'count'} in no month: {reason}.")
    if told.free:
        notes.append(
            f"{plural(told.free, 'time')} nothing was charged when it was due: a payer's free time (comped)."
        )
    if told.switched:
        notes.append(
            f"{plural(told.switched, 'time')} another plan began before the paid time of the first was "
            f"over, and the first was never paid again: taken as a change of plan."
        )
    if ledger.counts["no products"]:
        notes.append(
            "The products are another text in most rows, so that only amounts and days told the "
            "subscriptions."
        )
    if ledger.counts["unmatched returns"]:
        notes.append(
            f"{plural(ledger.counts['unmatched returns'], 'refund')} of no charge of these files: set aside."
        )
    if ledger.counts["nameless"]:
        notes.append(f"{plural(ledger.counts['nameless'], 'charge')} of nobody: set aside.")
    return Assumed(until, dict(told.due), dunning, tuple(notes))


_ERROR = (
    f"On generated businesses whose service is known, clean rhythms are told without an error; with "
    f"failures, refunds, "
    f"pauses, moved days and changes of plan, at most {percent(WRONG_AT_MOST)} of the customers at a "
    f"month's end are wrong, {percent(IN_THE_WORST)} in the worst of these businesses; most of them "
    f"got their last payment back and were served all the same."
)


def _how(told: Told, dunning: int) -> str:
    lengths = ", ".join(
        f"{count(many)} for a {spellings.in_words(*length)}"
        if length[1] == 1
        else f"{count(many)} for {spellings.in_words(*length)}"
        for length, many in told.lengths.most_common()
    )
    return (
        f"Subscriptions were told by the rhythm of the charges ({lengths}). Service ends with the paid "
        f"time; a charge "
        f"that comes up to {plural(dunning, 'day')} late (`dunning_days`), and less than a whole time, is a "
        f"gap in payment and no loss; a pause looks like a loss and a return. Sign-ups are first charges."
    )

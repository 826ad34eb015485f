"""What several streams of one customer are to each other, and when the service of each ends."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from retention_helpers.sources.ledger.charges import Account, Charge, days_of, early_days, late_days
from retention_helpers.sources.ledger.streams import Period, Stream


@dataclass(frozen=True)
class Ending:
    """How a stream ends.

    Attributes:
        on: the day; None while it goes on.
        due_on: the day from which on a payment is due and may still come; None where none is.
        by: "failed", "disputed", or "" where nothing says who ended it.
    """

    on: dt.date | None
    due_on: dt.date | None = None
    by: str = ""


def beside_the_rhythm(streams: Sequence[Stream]) -> list[Stream]:
    """Streams of one charge, of a length that was only taken, within the time of one that went on after it.

    A part of a month at a change of plan is one, as is something bought once from the same product.
    """
    return [
        one for one in streams if _is_single(one) and any(_goes_on_around(other, one) for other in streams)
    ]


def _is_single(stream: Stream) -> bool:
    return len(stream.periods) == 1 and not stream.last.is_certain


def _goes_on_around(other: Stream, one: Stream) -> bool:
    on, same = one.last.charge, other.last.charge
    return (
        other is not one
        and (on.product, on.subscription) == (same.product, same.subscription)
        and other.start <= on.on <= other.last.charge.on
    )


def settle_switches(streams: Sequence[Stream], until: dt.date) -> int:
    """Let each stream that another one followed end where that began, and count those cut in a paid time.

    A change of plan is what began before the paid time was over, lasts longer, and costs half as much or
    more; what is smaller, or over sooner, stood beside it. Of several, the one that began nearest to the
    end takes its place. What begins later is another purchase. While a paid time lasts, nobody can tell:
    both count.
    """
    cut = 0
    taken: set[int] = set()
    for stream in sorted(streams, key=lambda one: one.paid_until):
        if stream.paid_until > until:
            continue
        wait = dt.timedelta(days=early_days(stream.last.length))
        followers = [
            other
            for other in streams
            if other is not stream
            and id(other) not in taken
            and stream.last.charge.on < other.start <= stream.paid_until + wait
            and other.paid_until >= stream.paid_until
            and 2 * _a_month(other.periods[0]) >= _a_month(stream.last)
        ]
        if followers:
            next_one = min(followers, key=lambda other: abs((other.start - stream.paid_until).days))
            stream.cut_on = next_one.start
            taken.add(id(next_one))
            cut += next_one.start < stream.paid_until - wait
    return cut


def _a_month(period: Period) -> Decimal:
    return period.charge.amount / days_of(period.length)


def ending_of(
    stream: Stream, account: Account, until: dt.date, dunning_days: int, *, knows_failures: bool
) -> Ending:
    """When a stream ends: with its paid time, once a payment has been missing for long enough.

    Glossary: paid time.
    """
    if stream.cut_on:
        return Ending(stream.cut_on)
    due, charge = stream.due_on, stream.last.charge
    if knows_failures and stream.has_moved(account):
        due = stream.moved
    if charge.ended_on is not None:
        return Ending(max(stream.last.start, min(due, charge.ended_on)))
    tried = _was_tried(stream, account)
    wait = dt.timedelta(days=dunning_days if tried else late_days(stream.last.length, dunning_days))
    is_open = due + wait >= until
    if charge.returned_on is not None and charge.returned_on < due:
        on = max(charge.returned_on, stream.start)
        may_pay = not charge.is_disputed and on + dt.timedelta(days=dunning_days) >= until and is_open
        return Ending(None, on) if may_pay else Ending(on, by="disputed" if charge.is_disputed else "")
    if is_open:
        return Ending(None, due if due <= until else None)
    return Ending(due, by="failed" if tried else "")


def _was_tried(stream: Stream, account: Account) -> bool:
    first = stream.due_on - dt.timedelta(days=early_days(stream.last.length))
    return any(first <= day <= stream.due_on + dt.timedelta(days=60) for day in account.failed_on)


def together(
    streams: Sequence[Stream], aside: Sequence[Stream]
) -> tuple[list[Stream], list[tuple[Charge, str]]]:
    """The streams without those beside the rhythm, and the charges of these, with the reason."""
    out = {id(one) for one in aside}
    reason = "it comes between two payments of the same product, and does not recur"
    return [one for one in streams if id(one) not in out], [(one.last.charge, reason) for one in aside]

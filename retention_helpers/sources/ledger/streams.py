"""The charges of one customer as streams of paid time: which charge goes on with what, and when each ends.

A charge goes on with the stream that is due: on its day, a few days early, or late within the grace. One that
comes in the middle of a paid time begins another stream, and `switches` tells what it was: a second
subscription, a move to another plan, or something beside the rhythm.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from retention_helpers.sources.ledger.charges import Account, Charge, Length, after, early_days, late_days
from retention_helpers.sources.ledger.rhythm import ALIKE, ONCE, Rhythms

_RECURS_NOT = "it does not recur"
NOTHING = "nothing was charged"


@dataclass(slots=True)
class Period:
    """A charge with the time that it pays for, from `start` on."""

    charge: Charge
    length: Length
    start: dt.date
    is_certain: bool  # whether the owner, the row or its price said the length


@dataclass
class Stream:
    """Paid times that follow each other.

    Attributes:
        periods: one a charge.
        anchor: the day that the due days are counted from.
        times: how many lengths lie between it and the next one.
        due_on: the day on which the paid time is over.
        moved: the same if the last charge has moved the rhythm to its own day.
        cut_on: the day on which another stream took its place; None where none did.
    """

    periods: list[Period]
    anchor: dt.date
    times: int = 1
    cut_on: dt.date | None = None
    due_on: dt.date = field(init=False)
    moved: dt.date = field(init=False)

    def __post_init__(self) -> None:
        self._count()

    @property
    def last(self) -> Period:
        return self.periods[-1]

    @property
    def start(self) -> dt.date:
        return self.periods[0].start

    @property
    def paid_until(self) -> dt.date:
        """The day on which what was paid, and did not go back, is over."""
        back = self.last.charge.returned_on
        return min(self.due_on, max(back, self.start)) if back else self.due_on

    def has_moved(self, account: Account) -> bool:
        """Whether the last charge came late though none had failed: then its day is the new one."""
        late = (self.last.charge.on - self.last.start).days
        early = early_days(self.last.length)
        first = self.last.start - dt.timedelta(days=early)
        return late > early and not any(first <= day <= self.last.charge.on for day in account.failed_on)

    def distance(self, on: dt.date) -> int:
        """How many days after the due day a charge comes; negative before it."""
        return min((on - self.due_on).days, (on - self.moved).days, key=abs)

    def goes_on(self, period: Period) -> None:
        """Take a charge that was due, and tell by its day and the one before whether the rhythm has moved."""
        on, early = period.charge.on, early_days(self.last.length)
        if abs((on - self.moved).days) <= early < abs((on - self.due_on).days):
            self.anchor, self.times, self.due_on = self.last.charge.on, 1, self.moved
        elif (self.due_on - on).days > early:
            self.anchor, self.times, self.due_on = on, 0, on
        due = self.due_on
        period.start = due
        if period.length == self.last.length:
            self.times += 1
        else:
            self.anchor, self.times = due, 1
        self.periods.append(period)
        self._count()

    def _count(self) -> None:
        self.due_on = after(self.anchor, self.last.length, self.times)
        self.moved = after(self.last.charge.on, self.last.length)


def streams_of(
    account: Account, rhythms: Rhythms, dunning_days: int
) -> tuple[list[Stream], list[tuple[Charge, str]]]:
    """The streams of a customer, in the order in which they began, and the charges that are in none, with
    why.
    """
    charges, aside = _paid(account.charges)
    streams: list[Stream] = []
    free = ((one, None, False) for one in account.free)
    every = sorted([*rhythms.told(charges), *free], key=lambda told: told[0].on)
    for _, same_day in itertools.groupby(every, key=lambda told: told[0].on):
        waiting, given = [], []
        for charge, length, is_certain in same_day:
            if charge.is_free:
                given.append(charge)
            elif length is None or length == ONCE:
                aside.append((charge, _RECURS_NOT))
            else:
                waiting.append(Period(charge, length, charge.on, is_certain))
        for is_exact in (True, False):
            waiting = [
                one for one in waiting if not _placed(one, streams, charges, account, dunning_days, is_exact)
            ]
        streams += [Stream([one], one.charge.on) for one in waiting]
        aside += [(one, NOTHING) for one in given if not _is_granted(one, streams, charges)]
    return streams, aside


def _paid(charges: Sequence[Charge]) -> tuple[list[Charge], list[tuple[Charge, str]]]:
    """The charges without those that went back because the same was charged once more, a few days around."""
    kept: list[Charge] = []
    aside: list[tuple[Charge, str]] = []
    for one in charges:
        twin = one.returned_on is not None and any(
            other is not one
            and other.returned_on is None
            and other.key == one.key
            and other.subscription == one.subscription
            and abs((other.on - one.on).days) <= 3
            for other in charges
        )
        if twin:
            aside.append((one, "it was charged twice, and given back"))
        else:
            kept.append(one)
    return kept, aside


def _placed(
    period: Period,
    streams: Sequence[Stream],
    charges: Sequence[Charge],
    account: Account,
    dunning_days: int,
    is_exact: bool,
) -> bool:
    """Whether a charge went on with a stream; with `is_exact` only one of the same amount."""
    due = [
        stream
        for stream in streams
        if _is_same_thing(stream, period.charge)
        and (stream.last.charge.amount == period.charge.amount) == is_exact
        and (
            _is_due(stream, period, account, dunning_days)
            or (is_exact and _has_moved_ahead(stream, period, charges))
        )
    ]
    if not is_exact:
        due = [
            stream
            for stream in due
            if not _comes_later(stream, period, charges, dunning_days)
            and not _is_another(stream, period, charges, account)
        ]
    if not due:
        return False
    min(due, key=lambda stream: abs(stream.distance(period.charge.on))).goes_on(period)
    return True


def _is_same_thing(stream: Stream, other: Charge) -> bool:
    """Whether both are of one subscription where the ledger names it, else of one product and currency."""
    one = stream.last.charge
    if one.subscription or other.subscription:
        return one.subscription == other.subscription
    return (one.product, one.currency) == (other.product, other.currency)


def _is_granted(free: Charge, streams: Iterable[Stream], charges: Sequence[Charge]) -> bool:
    """Whether nothing was charged on the day on which a stream was due, or for that time: it goes on, free.

    A second time in a row it does only where something is paid after it: what is free without an end is a
    loss.
    """
    for stream in streams:
        period, early = Period(free, stream.last.length, free.on, True), early_days(stream.last.length)
        begin, end = (
            after(stream.due_on, stream.last.length, times) - dt.timedelta(days=early) for times in (0, 1)
        )
        later = [one.on for one in charges if one.on >= begin and _is_same_thing(stream, one)]
        is_known = not stream.last.charge.is_free or later
        is_due = _is_same_thing(stream, free) and abs(stream.distance(free.on)) <= early
        if is_due and is_known and not any(on < end for on in later):
            stream.goes_on(period)
            return True
    return False


def _is_due(stream: Stream, period: Period, account: Account, dunning_days: int) -> bool:
    length, on = stream.last.length, period.charge.on
    late = (on - stream.due_on).days
    for days in (late, (on - stream.moved).days):
        if -early_days(length) <= days <= late_days(length, dunning_days):
            return True
    return 0 < late <= dunning_days and any(stream.due_on <= day <= on for day in account.failed_on)


def _has_moved_ahead(stream: Stream, period: Period, charges: Iterable[Charge]) -> bool:
    """Whether the same amount comes well before it is due, and nothing when it is: the day was moved."""
    on, due = period.charge.on, stream.due_on
    early = dt.timedelta(days=early_days(stream.last.length))
    if not stream.last.charge.on + 2 * early < on < due - early:
        return False
    return not any(
        one.on > on and abs(one.on - due) <= early and one.key == period.charge.key for one in charges
    )


def _comes_later(stream: Stream, period: Period, charges: Iterable[Charge], dunning_days: int) -> bool:
    """Whether the same amount as before is charged soon after: then another amount is not what was due."""
    own, last = (
        stream.last.charge,
        stream.due_on + dt.timedelta(days=late_days(stream.last.length, dunning_days)),
    )
    return any(
        period.charge.on < one.on <= last and one.amount == own.amount and one.key[:2] == own.key[:2]
        for one in charges
    )


def _is_another(stream: Stream, period: Period, charges: Iterable[Charge], account: Account) -> bool:
    """Whether another amount that comes late is another subscription, where no row names a product.

    It is where it stays on its own day from then on, or was paid only once and costs more than twice or less
    than half as much; a late payment at a new price comes on the old day again.
    """
    own, late = period.charge, stream.distance(period.charge.on)
    early = early_days(stream.last.length)
    if own.product or own.subscription or late <= early:
        return False
    if any(stream.due_on - dt.timedelta(days=early) <= day <= own.on for day in account.failed_on):
        return False
    following = next((one for one in charges if one.on > own.on and one.key == own.key), None)
    if following is None:
        amounts = sorted((stream.last.charge.amount, own.amount))
        return amounts[1] > ALIKE * amounts[0]
    from_its_day = abs((following.on - after(own.on, period.length)).days)
    from_the_old = abs((following.on - after(stream.due_on, period.length)).days)
    return from_its_day < from_the_old


def spans_days(stream: Stream) -> Iterator[tuple[Period, dt.date, dt.date]]:
    """Each period with the days from which and until which it counts."""
    ends = [*(later.start for later in stream.periods[1:]), stream.due_on]
    for period, end in zip(stream.periods, ends, strict=True):
        yield period, period.start, min(end, stream.cut_on) if stream.cut_on else end

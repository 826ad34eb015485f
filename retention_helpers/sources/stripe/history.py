"""The past of a subscription, from the lines of its invoices: what it cost, and when nobody collected it.

A line bills a period. All lines of one item for one period of one invoice (the tiers of a price) are one
charge. The charges that begin at one instant are a step: they renew what they bill, and what had run out by
then and is not billed again has gone. Within a period a change is settled by two prorated charges: a credit
for what was paid, and another for what takes its place from then on. An invoice that nobody tried to collect,
and that was voided, written off or left a draft, is how Stripe keeps a pause.
"""

import calendar
import datetime as dt
import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from retention_helpers.sources.prices import MONTHS_PER
from retention_helpers.sources.stripe.amounts import interval_words, major_units
from retention_helpers.sources.stripe.objects import Invoice, Line
from retention_helpers.sources.stripe.spans import ACTIVE, PAUSED, Step
from retention_helpers.sources.stripe.subscription import Subscription

DAY = 86_400
SLACK = DAY  # the first invoice of a subscription may bear a slightly later time
UNCOLLECTED = ("void", "uncollectible", "draft")


class Billed(NamedTuple):
    """A line, its invoice, and what became of that: paid, waived (nobody tried), draft, or due."""

    line: Line
    fate: str
    invoice: str
    billed_at: int


def billed_by(invoice: Invoice) -> list[Billed]:
    """The lines of an invoice."""
    fate = fate_of(invoice)
    return [Billed(line, fate, invoice.id, invoice.created) for line in invoice.lines]


def fate_of(invoice: Invoice) -> str:
    """What became of an invoice, as far as it tells of a pause or an end."""
    if invoice.status == "paid":
        return "paid"
    if invoice.status in UNCOLLECTED and not invoice.was_tried:
        return "draft" if invoice.status == "draft" else "waived"
    return "due"


@functools.lru_cache(maxsize=10_000)
def months_between(start: int, end: int) -> Decimal:
    """How many months a period bills: whole months by the calendar, else weeks, else days.

    >>> months_between(1767225600, 1769904000), months_between(1769817600, 1772236800)  # January; 31 to 28
    (Decimal('1'), Decimal('1'))
    >>> months_between(1767225600, 1767225600 + 7 * 86400) * 52
    Decimal('12.00000000000000000000000000')
    """
    begin, until = (dt.datetime.fromtimestamp(at, dt.UTC) for at in (start, end))
    whole = (until.year - begin.year) * 12 + until.month - begin.month
    if whole > 0 and _falls_on(begin, until):
        return Decimal(whole)
    days = max(round((end - start) / DAY), 1)
    return MONTHS_PER["week"] * (days // 7) if days % 7 == 0 else MONTHS_PER["day"] * days


def _falls_on(begin: dt.datetime, until: dt.datetime) -> bool:
    """Whether both are of the same day of their months, or of the last one where that day is missing."""
    if begin.day == until.day:
        return True
    begin_last, until_last = (calendar.monthrange(at.year, at.month)[1] == at.day for at in (begin, until))
    return (until_last and until.day < begin.day) or (begin_last and until.day > begin.day)


def reaches_back(subscription: Subscription, billed: Sequence[Billed]) -> bool:
    """Whether the invoices of a subscription begin where it begins."""
    began = subscription.started
    if subscription.trial_end is not None and subscription.trial_start == began:
        began = subscription.trial_end
    return bool(billed) and min(one.line.start for one in billed) <= began + SLACK


def steps_of_past(subscription: Subscription, billed: Sequence[Billed]) -> list[Step]:
    """The steps that the invoices tell, in the order of time; none without lines."""
    if not billed:
        return []
    charges = _charges(_without_use(subscription, billed), subscription)
    rates = _Rates(subscription, [one.line for one in charges])
    held: dict[str, tuple[_Rate, Line]] = {}
    steps = []
    latest = max((one.line.start for one in charges), default=0)
    for at, starting in itertools.groupby(charges, key=lambda one: one.line.start):
        group = list(starting)
        for _, own in itertools.groupby(group, key=lambda one: one.invoice):
            _renew(held, [one.line for one in own], rates)
        is_paused = _is_pause(group, subscription, at == latest)
        steps.append(_step(at, held, rates, PAUSED if is_paused else ACTIVE))
    return steps


def gave_up_at(billed: Sequence[Billed]) -> int | None:
    """The begin of the first period after the last paid one; None where nothing is unpaid."""
    lines = _that_count(billed)
    last_paid = max((one.line.start for one in lines if one.fate == "paid"), default=-1)
    return min((one.line.start for one in lines if one.line.start > last_paid), default=None)


def _without_use(subscription: Subscription, billed: Sequence[Billed]) -> list[Billed]:
    """The lines that bill no use, by the item of now, else by their period.

    Stripe bills in advance what has a fixed quantity, and afterwards what was used.
    """
    is_metered = {item.price: item.is_metered for item in subscription.items}
    return [one for one in billed if not is_metered.get(one.line.price, one.line.is_past)]


def _charges(billed: Sequence[Billed], subscription: Subscription) -> list[Billed]:
    """One line for all of an item, a period and an invoice, in the order of time and of the invoices."""
    items = {item.price: item.id for item in subscription.items if item.id}
    items |= {one.line.price: one.line.item for one in billed if one.line.item != one.line.price}
    charges: dict[tuple, Billed] = {}
    for one in _that_count(billed):
        line = one.line
        if line.item == line.price and line.price in items:  # it names no item
            line = line._replace(item=items[line.price])
        key = (one.invoice, line.item, line.price, line.start, line.end, line.is_proration, line.amount < 0)
        known = charges.get(key)
        charges[key] = one._replace(line=line if known is None else _together(known.line, line))
    return sorted(charges.values(), key=_order)


def _order(one: Billed) -> tuple:
    line = one.line
    return (line.start, one.billed_at, one.invoice, not line.is_proration, line.amount, line.price, line.end)


def _together(one: Line, other: Line) -> Line:
    each = None if one.each is None or other.each is None else one.each + other.each
    return one._replace(
        amount=one.amount + other.amount, gross=one.gross + other.gross, each=each,
        quantity=one.quantity + other.quantity,
    )  # fmt: skip


def _that_count(billed: Sequence[Billed]) -> list[Billed]:
    """Of a period that several invoices bill, the one that was paid, else collected, else came last."""
    best: dict[tuple[str, int], tuple] = {}
    whole = [one for one in billed if not one.line.is_proration]
    for one in whole:
        key = (one.line.item, one.line.start)
        best[key] = max(best.get(key, ()), _rank(one))
    gone = {id(one) for one in whole if _rank(one) != best[one.line.item, one.line.start]}
    return [one for one in billed if id(one) not in gone]


def _rank(one: Billed) -> tuple:
    return (one.fate != "waived", one.fate == "paid", one.billed_at, one.invoice)


class _Rate(NamedTuple):
    """An amount a month: as it is paid, and before discounts."""

    paid: Decimal
    listed: Decimal


class _Rates:
    """What the charges of a subscription cost a month."""

    def __init__(self, subscription: Subscription, lines: Sequence[Line]) -> None:
        self.whole = [line for line in lines if not line.is_proration]
        self.items = {item.price: item for item in subscription.items}
        self.months: dict[str, Decimal] = {}
        for line in self.whole:
            if line.gross:  # a trial lasts as long as it likes
                months = line.months or months_between(line.start, line.end)
                self.months[line.price] = max(self.months.get(line.price, months), months)
        self.months |= {item.price: item.months for item in subscription.items}
        self.rounding = major_units(1, subscription.currency) or Decimal(0)

    def of(self, line: Line) -> _Rate:
        """A whole period by its amount; a part of one, and what settles a change, by its price.

        Where price and amount do not agree (a discount that the line does not name, packages), the next whole
        period of the same price and number tells, else the part's own amount for the time that it bills.
        """
        months = self.months_of(line)
        if not line.is_proration and not line.gross:
            return _Rate(line.amount, self._listed(line))
        if not line.is_proration and (months is None or months == months_between(line.start, line.end)):
            months = months or months_between(line.start, line.end)
            return _Rate(line.amount / months, line.gross / months)
        part = self._part(line, months)
        if line.each is not None and months is not None and self._agree(line, line.each, part):
            listed = line.each / months
            return _Rate(listed * line.amount / line.gross if line.gross else listed, listed)
        same = next((one for one in self.whole if one.start >= line.end and _is_same(one, line)), None)
        if same is not None:
            return self.of(same)
        by_time = part * (months or 1)
        return _Rate(line.amount / by_time, line.gross / by_time)

    def _listed(self, line: Line) -> Decimal:
        """What costs nothing for a time would cost a month, as far as anything tells."""
        months, item = self.months_of(line), self.items.get(line.price)
        if line.each and months:
            return line.each / months
        if item is not None and item.monthly is not None:
            return item.monthly
        return max((one.gross for one in self.whole if one.price == line.price), default=Decimal(0))

    def _part(self, line: Line, months: Decimal | None) -> Decimal:
        """Which part of a billing period a line bills; without one that is known, how many months."""
        seconds = Decimal(line.end - line.start)
        changed = next((one for one in self.whole if _changes(line, one)), None)
        if changed is not None:
            return seconds / (changed.end - changed.start)
        if months is None:
            return seconds / DAY * MONTHS_PER["day"]
        return seconds / (line.end - _before(line.end, months))

    def _agree(self, line: Line, each: Decimal, part: Decimal) -> bool:
        """Whether a line bills its price: for its part of the period, or all of it."""
        slack = self.rounding * 2 + each / 200
        return line.gross == each or abs(line.gross - each * part) <= slack

    def months_of(self, line: Line) -> Decimal | None:
        """As the line or its price says; of a prorated one else the period that it changes."""
        if line.months is not None:
            return line.months
        changed = (one for one in self.whole if _changes(line, one))
        shown = next((one.months or months_between(one.start, one.end) for one in changed), None)
        return self.months.get(line.price, shown)

    def plan_of(self, line: Line) -> str:
        """As the subscription calls the price, where it still has it; by its id where it has no name."""
        if line.price in self.items:
            return self.items[line.price].plan
        return line.price if line.plan == line.product and line.price else line.plan

    def interval_of(self, line: Line) -> str:
        months = self.months_of(line)
        return "" if months is None else _interval_words(months)


def _changes(line: Line, one: Line) -> bool:
    """Whether a prorated line settles a change within a period."""
    return line.is_proration and one.start <= line.start < one.end == line.end


def _before(end: int, months: Decimal) -> int:
    """The begin of a billing period that ends at an instant."""
    if months != int(months):
        return end - round(months / MONTHS_PER["day"]) * DAY
    until = dt.datetime.fromtimestamp(end, dt.UTC)
    whole = until.year * 12 + until.month - 1 - int(months)
    year, month = whole // 12, whole % 12 + 1
    day = min(until.day, calendar.monthrange(year, month)[1])
    return int(until.replace(year=year, month=month, day=day).timestamp())


def _is_same(one: Line, other: Line) -> bool:
    return (one.item, one.price, one.quantity, one.each) == (
        other.item, other.price, other.quantity, other.each,
    )  # fmt: skip


def _interval_words(months: Decimal) -> str:
    """
    >>> _interval_words(Decimal(12)), _interval_words(Decimal(3)), _interval_words(MONTHS_PER["week"] * 2)
    ('year', '3 months', '2 weeks')
    """
    unit = "month" if months == int(months) else "week" if months % MONTHS_PER["week"] == 0 else "day"
    return interval_words(unit, round(months / MONTHS_PER[unit]))


def _renew(held: dict[str, tuple[_Rate, Line]], lines: Sequence[Line], rates: _Rates) -> None:
    """What is held after the charges of one invoice that begin at one instant."""
    whole = [line for line in lines if not line.is_proration]
    if whole:
        for item in [item for item, (_, line) in held.items() if line.end <= whole[0].start]:
            del held[item]
    for line in (line for line in lines if line.is_proration and line.amount < 0):
        held.pop(line.item, None)
    for line in (line for line in lines if not line.is_proration or line.amount >= 0):
        held[line.item] = (rates.of(line), line)


def _step(at: int, held: Mapping[str, tuple[_Rate, Line]], rates: _Rates, state: str) -> Step:
    """What is held from an instant on; plan and interval are those of the dearest."""
    paid = sum((rate.paid for rate, _ in held.values()), Decimal(0))
    listed = sum((rate.listed for rate, _ in held.values()), Decimal(0))
    main = max(held.values(), key=lambda one: (one[0].paid, one[0].listed), default=None)
    if main is None:
        return Step(at, paid, listed, state)
    return Step(at, paid, listed, state, rates.plan_of(main[1]), rates.interval_of(main[1]))


def _is_pause(group: Iterable[Billed], subscription: Subscription, is_latest: bool) -> bool:
    """Whether nobody collected a period: a new draft is only a pause where the subscription says so."""
    whole = [one for one in group if not one.line.is_proration and one.line.amount > 0]
    if not whole:
        return False
    drafts_count = subscription.is_pausing or not is_latest
    return all(one.fate == "waived" or (one.fate == "draft" and drafts_count) for one in whole)

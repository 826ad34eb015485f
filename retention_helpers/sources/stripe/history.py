"""The past of a subscription, from the lines of its invoices: what it cost, and when nobody collected it.

A line bills a period. The lines that begin at one instant are a step: they renew what they bill, and what had
run out by then and is not billed again has gone. Within a period a change is settled by two prorated lines: a
credit for what was paid, and a charge for what takes its place from then on. An invoice that nobody tried to
collect, and that was voided, written off or left a draft, is how Stripe keeps a pause.
"""

import calendar
import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from retention_helpers.sources.prices import MONTHS_PER
from retention_helpers.sources.stripe.amounts import interval_words
from retention_helpers.sources.stripe.objects import Invoice, Line
from retention_helpers.sources.stripe.spans import Step
from retention_helpers.sources.stripe.subscription import Subscription

DAY = 86_400
SLACK = DAY  # the first invoice of a subscription may bear a slightly later time
UNCOLLECTED = ("void", "uncollectible", "draft")


@dataclass(frozen=True)
class Billed:
    """A line of an invoice, with what became of the invoice: paid, waived (nobody tried), draft, or due."""

    line: Line
    fate: str


def fate_of(invoice: Invoice) -> str:
    """What became of an invoice, as far as it tells of a pause or an end."""
    if invoice.status == "paid":
        return "paid"
    if invoice.status in UNCOLLECTED and not invoice.was_tried:
        return "draft" if invoice.status == "draft" else "waived"
    return "due"


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
    begin_last, until_last = (calendar.monthrange(at.year, at.month)[1] == at.day for at in (begin, until))
    if begin.day == until.day:
        return True
    return (until_last and until.day < begin.day) or (begin_last and until.day > begin.day)


def reaches_back(subscription: Subscription, billed: Sequence[Billed]) -> bool:
    """Whether the invoices of a subscription begin where it begins."""
    began = subscription.started
    if subscription.trial_end is not None and subscription.trial_start == began:
        began = subscription.trial_end
    return bool(billed) and min(one.line.start for one in billed) <= began + SLACK


def steps_of_past(subscription: Subscription, billed: Sequence[Billed]) -> list[Step]:
    """The steps that the invoices tell, in the order of time; none without lines."""
    lines = _best(billed)
    rates = _Rates(subscription, lines)
    metered = {item.price for item in subscription.items if item.is_metered}
    held: dict[str, tuple[Decimal, Line]] = {}
    steps = []
    latest = max((one.line.start for one in lines), default=0)
    for at, starting in itertools.groupby(lines, key=lambda one: one.line.start):
        group = [one for one in starting if one.line.price not in metered]
        _renew(held, [one.line for one in group], rates)
        if group:
            steps.append(_step(at, held, rates, _is_pause(group, subscription, at == latest)))
    return steps


def gave_up_at(billed: Sequence[Billed]) -> int | None:
    """The begin of the first period after the last paid one; None where nothing is unpaid."""
    lines = _best(billed)
    last_paid = max((one.line.start for one in lines if one.fate == "paid"), default=-1)
    return min((one.line.start for one in lines if one.line.start > last_paid), default=None)


def _best(billed: Sequence[Billed]) -> list[Billed]:
    """In the order of time; a period that was voided and billed again counts as it was collected."""
    collected = {
        (one.line.item, one.line.start)
        for one in billed
        if one.fate != "waived" and not one.line.is_proration
    }
    kept = [
        one
        for one in billed
        if one.fate != "waived" or one.line.is_proration or (one.line.item, one.line.start) not in collected
    ]
    return sorted(kept, key=lambda one: (one.line.start, not one.line.is_proration, one.line.amount))


class _Rates:
    """What the lines of a subscription cost a month."""

    def __init__(self, subscription: Subscription, billed: Sequence[Billed]) -> None:
        self.whole = [one.line for one in billed if not one.line.is_proration]
        self.items = {item.price: item for item in subscription.items}
        self.months = {item.price: item.months for item in subscription.items}
        self.months |= {
            line.price: line.months or months_between(line.start, line.end) for line in self.whole
        }

    def of(self, line: Line) -> Decimal:
        """A whole line by its amount; a prorated one by the next whole line of the same price and number.

        One that was never billed whole goes by its price, which no discount has lowered.
        """
        months = self.months_of(line)
        if not line.is_proration and months is not None:
            return line.amount / months
        same = next((one for one in self.whole if one.start >= line.end and _is_same(one, line)), None)
        if same is not None:
            return self.of(same)
        if line.each is not None and months is not None:
            return line.each / months
        return line.amount / (Decimal(line.end - line.start) / DAY * MONTHS_PER["day"])

    def months_of(self, line: Line) -> Decimal | None:
        """As the line or its period says; of a prorated one its price elsewhere, or the period it changes."""
        if line.months is not None:
            return line.months
        if not line.is_proration:
            return months_between(line.start, line.end)
        changed = (one for one in self.whole if one.start <= line.start < one.end == line.end)
        shown = next((one.months or months_between(one.start, one.end) for one in changed), None)
        return self.months.get(line.price, shown)

    def plan_of(self, line: Line) -> str:
        """As the subscription calls the price, where it still has it."""
        return self.items[line.price].plan if line.price in self.items else line.plan

    def interval_of(self, line: Line) -> str:
        months = self.months_of(line)
        return "" if months is None else _interval_words(months)


def _is_same(one: Line, other: Line) -> bool:
    return (one.item, one.price, one.each) == (other.item, other.price, other.each)


def _interval_words(months: Decimal) -> str:
    """
    >>> _interval_words(Decimal(12)), _interval_words(Decimal(3)), _interval_words(MONTHS_PER["week"] * 2)
    ('year', '3 months', '2 weeks')
    """
    unit = "month" if months == int(months) else "week" if months % MONTHS_PER["week"] == 0 else "day"
    return interval_words(unit, round(months / MONTHS_PER[unit]))


def _renew(held: dict[str, tuple[Decimal, Line]], lines: Sequence[Line], rates: _Rates) -> None:
    """What is held after the lines that begin at one instant."""
    whole = [line for line in lines if not line.is_proration]
    if whole:
        for item in [item for item, (_, line) in held.items() if line.end <= whole[0].start]:
            del held[item]
    for line in (line for line in lines if line.is_proration and line.amount < 0):
        held.pop(line.item, None)
    for line in (line for line in lines if not line.is_proration or line.amount >= 0):
        held[line.item] = (rates.of(line), line)


def _step(at: int, held: Mapping[str, tuple[Decimal, Line]], rates: _Rates, is_paused: bool) -> Step:
    """What is held from an instant on; plan and interval are those of the dearest."""
    monthly = sum((amount for amount, _ in held.values()), Decimal(0))
    main = max(held.values(), key=lambda one: one[0], default=None)
    if main is None:
        return Step(at, monthly, is_paused)
    return Step(at, monthly, is_paused, rates.plan_of(main[1]), rates.interval_of(main[1]))


def _is_pause(group: Iterable[Billed], subscription: Subscription, is_latest: bool) -> bool:
    """Whether nobody collected a period: a new draft is only a pause where the subscription says so."""
    whole = [one for one in group if not one.line.is_proration and one.line.amount > 0]
    if not whole:
        return False
    drafts_count = subscription.is_pausing or not is_latest
    return all(one.fate == "waived" or (one.fate == "draft" and drafts_count) for one in whole)

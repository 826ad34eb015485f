"""How long a charge pays for, told by how often the same is paid again; and what only the owner can say.

Of a product at a price it is told by all customers together: the gap between two charges of one customer is
that of a week, a month, a year. A price that nobody has paid twice says nothing, and is asked about.
"""

import datetime as dt
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from retention_helpers.sources.interface import as_text
from retention_helpers.sources.ledger.charges import Account, Charge, Key, Length, after, late_days
from retention_helpers.words import spellings, written

ONCE: Length = ("once", 0)
# Gaps in days that are no chance: late, early and short months included.
_GAPS: Sequence[tuple[range, Length]] = (
    (range(6, 9), ("week", 1)),
    (range(13, 16), ("week", 2)),
    (range(26, 36), ("month", 1)),
    (range(57, 66), ("month", 2)),
    (range(85, 101), ("month", 3)),
    (range(176, 195), ("month", 6)),
    (range(352, 382), ("year", 1)),
    (range(718, 748), ("year", 2)),
)
_HALVES: Mapping[Length | None, Length] = {
    ("week", 2): ("week", 1), ("month", 2): ("month", 1), ("month", 6): ("month", 3),
    ("year", 2): ("year", 1),
}  # fmt: skip
_WEEKS: Sequence[Length] = (("week", 1), ("week", 2))
_FOUR_WEEKS: Length = ("week", 4)
_MONTH: Length = ("month", 1)
_WEEKEND = 3  # days that a debit waits for a weekend and a holiday
_OFF_AT_MOST = 1.5  # of them, on average
_ABOUT_HALF_A_MONTH = range(12, 18)
_LONGEST_TWO_WEEKS = 14.5  # on average; half a month has 15.2
_MOSTLY = 0.5  # of the gaps have one length: a rhythm
_REPEATED = 0.4  # of those who could pay again did: less is something bought once that a few bought twice
# Gaps of whole weeks: fewer may be two subscriptions of a month, something bought twice, or a February.
_LEAST_FOR_WEEKS = 4
ALIKE = 2  # times a price: within that, another price of the same product pays for the same time
OTHERS = "others"  # what an owner calls all charges of which nothing else is known
Told = tuple[Charge, Length | None, bool]
Label = tuple[str, Decimal | None]  # a product in small letters, and an amount, or None for any


def length_of_gap(days: int) -> Length | None:
    """
    >>> length_of_gap(31), length_of_gap(365), length_of_gap(45)
    (('month', 1), ('year', 1), None)
    """
    return next((length for gaps, length in _GAPS if days in gaps), None)


@dataclass
class _Seen:
    """What was seen of a price, or of a product."""

    gaps: Counter[Length | None] = field(default_factory=Counter)
    firsts: list[dt.date] = field(default_factory=list)  # of each customer
    again: int = 0  # customers who paid twice
    charges: int = 0
    four_weeks: int = 0  # gaps of exactly 28 days

    def rhythm(self, until: dt.date, dunning_days: int) -> Length | None:
        """The length that most gaps have, if enough of those paid again who could."""
        if not self.gaps:
            return None
        length, votes = self.gaps.most_common(1)[0]
        if length is None or votes <= _MOSTLY * self.gaps.total():
            return None
        wait = dt.timedelta(days=late_days(length, dunning_days))
        could = sum(after(first, length) + wait <= until for first in self.firsts)
        if self.again < _REPEATED * could or (votes == 1 and self.again < len(self.firsts)):
            return None
        if length in _WEEKS and votes < _LEAST_FOR_WEEKS:
            return None
        is_four = length == ("month", 1) and self.four_weeks == votes >= _LEAST_FOR_WEEKS
        return _FOUR_WEEKS if is_four else length


@dataclass(frozen=True)
class Unknown:
    """A product, or a price of it, of which nobody can tell how long it pays for."""

    label: str
    charges: int
    first: Charge
    likely: str  # a word for the likeliest length, "" for none


@dataclass
class Rhythms:
    """How long charges pay for.

    Attributes:
        said: what the owner says, by product, by product and amount, by amount, or for all `others`.
        by_price: what is told of each price.
        by_product: the lengths that the prices of a product have, each with its least and its highest price.
        taken: how many charges took the length of like prices of their product.

    Glossary: rhythm.
    """

    said: Mapping[Label, Length]
    by_price: Mapping[Key, Length]
    by_product: Mapping[tuple[str, str], Mapping[Length, tuple[Decimal, Decimal]]]
    taken: int = 0

    def told(self, charges: Sequence[Charge]) -> Iterator[Told]:
        """How long each charge of a customer pays for, None where nobody can tell; and whether that is
        certain.
        """
        others = self.said.get((OTHERS, None))
        for nth, charge in enumerate(charges):
            certain = self.certain(charge)
            if certain is None:
                yield (
                    charge,
                    self._by_like_prices(charge) or self._by_its_neighbours(charges, nth) or others,
                    False,
                )
            else:
                yield charge, certain, True

    def certain(self, charge: Charge) -> Length | None:
        """The length that the owner, the row, the product's name or the price itself says."""
        said = (
            next((self.said[label] for label in labels(charge) if label in self.said), None)
            if self.said
            else None
        )
        return said or charge.lasts or named(charge.product) or self.by_price.get(charge.key)

    def _by_its_neighbours(self, charges: Sequence[Charge], nth: int) -> Length | None:
        """The gap to the same customer's next, or last, charge for the product, if it is one of its lengths.

        What lies between two charges that have such a gap from each other does not recur.
        """
        own = charges[nth]
        known = self.by_product.get((own.product, own.currency), {})
        later = (one for one in charges[nth + 1 :] if _is_alike(one, own))
        before = (one for one in reversed(charges[:nth]) if _is_alike(one, own))
        around = next(later, None), next(before, None)
        gaps = [abs((one.on - own.on).days) for one in around if one]
        found = next((length for days in gaps if (length := length_of_gap(days)) in known), None)
        is_between = len(gaps) == len(around) and length_of_gap(sum(gaps)) in known
        return found or (ONCE if is_between else None)

    def _by_like_prices(self, charge: Charge) -> Length | None:
        """The length of the only prices of the product that are of this size.

        Where no row names a product, prices of one size are no prices of one thing.
        """
        known = self.by_product.get((charge.product, charge.currency), {}) if charge.product else {}
        fitting = [
            length
            for length, (least, most) in known.items()
            if least / ALIKE <= charge.amount <= most * ALIKE
        ]
        if len(fitting) == 1:
            self.taken += 1
            return fitting[0]
        return None


def _is_alike(one: Charge, other: Charge) -> bool:
    return one.key[:2] == other.key[:2] and one.subscription == other.subscription and one.on != other.on


def labels(charge: Charge) -> Iterator[Label]:
    """What an owner may call a charge, the most exact first: its product, in small letters, and its
    amount.
    """
    product = charge.product.lower()
    yield product, charge.amount
    if product:
        yield product, None


def labels_said(said: str) -> Iterator[Label]:
    """What an owner's words may mean: a product, or a product at a price.

    >>> list(labels_said("Pro 490.00"))
    [('pro 490.00', None), ('pro', Decimal('490.00'))]
    """
    yield said.lower(), None
    product, _, last = said.lower().rpartition(" ")
    amount = written.amount(last, ".")
    if amount is not None:
        yield product, amount


@lru_cache(maxsize=1 << 14)
def named(product: str) -> Length | None:
    """The length that a product's name says, such as "Pro (yearly)"."""
    word = spellings.without_interval(product)[1]
    return spellings.interval(word) if word else None


def rhythms_of(
    accounts: Iterable[Account], said: Mapping[Label, Length], until: dt.date, dunning_days: int
) -> Rhythms:
    """What the charges of all customers tell."""
    prices: defaultdict[Key, _Seen] = defaultdict(_Seen)
    for account in accounts:
        for series in _by_price(account.charges):
            _see(prices[series[0].key], series)
    by_price = {key: length for key, seen in prices.items() if (length := seen.rhythm(until, dunning_days))}
    return Rhythms(said, by_price, _by_product(by_price))


def _by_price(charges: Sequence[Charge]) -> Iterator[list[Charge]]:
    found: dict[tuple[Key, str], list[Charge]] = {}
    for one in charges:
        found.setdefault((one.key, one.subscription), []).append(one)
    return iter(found.values())


def _see(seen: _Seen, series: Sequence[Charge]) -> None:
    seen.charges += len(series)
    seen.firsts.append(series[0].on)
    seen.again += len(series) > 1
    pairs = itertools.pairwise(one.on for one in series)
    # The same thing twice at once is two things.
    single = [series[0].on, *(later for before, later in pairs if (later - before).days > 2)]
    for own in side_by_side(single):
        _count_gaps(seen, own)


def side_by_side(days: Sequence[dt.date]) -> list[Sequence[dt.date]]:
    """The days on which a customer paid the same, as two or three subscriptions of a month where they are
    such.

    On the 5th and the 20th of each month: 15 and 16 days from one to the next are no two weeks, and a month
    lies between every second one. Each has to be seen for two whole months.

    >>> months = [dt.date(2026, month, day) for month in (1, 2, 3) for day in (5, 20)]
    >>> [len(own) for own in side_by_side(months)]
    [3, 3]
    """
    for many in (2, 3):
        parts = [days[nth::many] for nth in range(many)]
        if len(days) > 2 * many and _are_months(parts) and not _keep_time(days):
            return parts
    return [days]


def _are_months(parts: Sequence[Sequence[dt.date]]) -> bool:
    """Whether a month lies between all days of each part, but for the weekends that debits wait for."""
    off = [
        min(abs((later - after(before, _MONTH)).days), abs((later - after(part[0], _MONTH, nth)).days))
        for part in parts
        for nth, (before, later) in enumerate(itertools.pairwise(part), start=1)
    ]
    return max(off) <= _WEEKEND and sum(off) <= _OFF_AT_MOST * len(off)


def _keep_time(days: Sequence[dt.date]) -> bool:
    """Whether a number of weeks lies between all days."""
    gaps = {(later - before).days for before, later in itertools.pairwise(days)}
    return len(gaps) == 1 and not gaps.pop() % 7


def _count_gaps(seen: _Seen, series: Sequence[dt.date]) -> None:
    days = [(later - before).days for before, later in itertools.pairwise(series)]
    if _are_half_months(days):
        seen.gaps[None] += len(days)
        return
    seen.four_weeks += days.count(28)
    while days:
        gap = days.pop(0)
        length = length_of_gap(gap)
        both = length_of_gap(gap + days[0]) if days else None
        if length is None and both in _HALVES and length_of_gap(days[0]) is None:
            days.pop(0)  # one came late, and the next on its own day
            seen.gaps[_HALVES[both]] += 2
        else:
            seen.gaps[length] += 1


def _are_half_months(days: Sequence[int]) -> bool:
    """Whether gaps of about two weeks are rather longer: then they may be two days of each month."""
    near = [gap for gap in days if gap in _ABOUT_HALF_A_MONTH]
    return 2 * len(near) > len(days) and sum(near) > _LONGEST_TWO_WEEKS * len(near)


def _by_product(
    by_price: Mapping[Key, Length],
) -> dict[tuple[str, str], dict[Length, tuple[Decimal, Decimal]]]:
    found: dict[tuple[str, str], dict[Length, tuple[Decimal, Decimal]]] = {}
    for (product, currency, amount), length in by_price.items():
        own = found.setdefault((product, currency), {})
        least, most = own.get(length, (amount, amount))
        own[length] = min(least, amount), max(most, amount)
    return found


def unknown_of(accounts: Iterable[Account], rhythms: Rhythms) -> list[Unknown]:
    """The products and prices that have to be asked about, the most frequent first."""
    found: dict[Label, list[Charge]] = {}
    known: set[str] = set()
    for charge, length, _ in (one for account in accounts for one in rhythms.told(account.charges)):
        if length is None:
            found.setdefault(next(labels(charge)), []).append(charge)
        else:
            known.add(charge.product)
    rhythms.taken = 0
    merged: dict[Label, list[Charge]] = {}
    for label, charges in found.items():
        product = charges[0].product
        is_whole = product and product not in known
        merged.setdefault((product.lower(), None) if is_whole else label, []).extend(charges)
    every = [
        Unknown(_as_written(label, charges[0]), len(charges), charges[0], _likely(charges[0], rhythms))
        for label, charges in merged.items()
    ]
    return sorted(every, key=lambda one: (-one.charges, one.label))


def _as_written(label: Label, charge: Charge) -> str:
    return charge.product if label[1] is None else f"{charge.product} {as_text(charge.amount)}".strip()


def _likely(charge: Charge, rhythms: Rhythms) -> str:
    """A guess to answer with: ten times a month's price is mostly a year's."""
    monthly = [
        amount
        for (product, currency, amount), length in rhythms.by_price.items()
        if (product, currency, length) == (charge.product, charge.currency, ("month", 1))
    ]
    return "year" if any(8 * one <= charge.amount <= Decimal("12.5") * one for one in monthly) else ""

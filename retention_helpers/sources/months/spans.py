"""The months of a row as spans of service: each runs from the first of a month to the first of another."""

import datetime as dt
import itertools
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from retention_helpers.sources.interface import as_text
from retention_helpers.sources.months.cells import Said
from retention_helpers.sources.prices import in_sixths
from retention_helpers.words import spellings
from retention_helpers.words.calendar import months_after, months_between

YEAR = 12
_PACES = (2, 3, 6)  # months between payments, which an owner may keep in the month in which they came
_TIMES = 6  # an amount so many times the usual one may pay for a year


@dataclass(frozen=True)
class Paid:
    """A row of a sheet: who it is, and what each month says.

    Attributes:
        who: the customer.
        place: where the row stands.
        months: what the filled months say, by their first day.
        plan: as a column beside the months has it; "" for none.
        currency: the same.
        lasts: for how many months an amount pays; None where the row does not say it.
    """

    who: str
    place: str
    months: Mapping[dt.date, Said]
    plan: str = ""
    currency: str = ""
    lasts: int | None = None

    @property
    def first(self) -> dt.date:
        return min(self.months)


def usual_amount(rows: Iterable[Paid]) -> Decimal | None:
    """The middle amount of the rows that are paid in months that follow each other."""
    amounts = [
        said.amount
        for row in rows
        for month, said in row.months.items()
        if said.amount and months_after(month, 1) in row.months
    ]
    return statistics.median(amounts) if amounts else None


def may_be_yearly(row: Paid, usual: Decimal) -> bool:
    """Whether a row looks like one of somebody who pays once a year: large amounts, twelve months apart."""
    amounts = [said.amount for said in row.months.values()]
    months = sorted(row.months)
    return (
        row.lasts is None
        and all(amount is not None and amount >= _TIMES * usual for amount in amounts)
        and all(months_between(before, after) % YEAR == 0 for before, after in itertools.pairwise(months))
    )


def pace_of(row: Paid) -> int | None:
    """Every how many months a row is paid, where that is more than one, and always the same."""
    months = sorted(row.months)
    gaps = {months_between(before, after) for before, after in itertools.pairwise(months)}
    return gaps.pop() if row.lasts is None and len(gaps) == 1 and gaps <= set(_PACES) else None


def spread(row: Paid, yearly_from: Decimal | None) -> Paid:
    """A row whose amounts for several months stand in every one of them."""
    months: dict[dt.date, Said] = {}
    for month, said in sorted(row.months.items()):
        lasts = _lasts(row, said, yearly_from)
        share = replace(said, amount=in_sixths(said.amount / lasts)) if said.amount and lasts > 1 else said
        months |= {months_after(month, nth): share for nth in range(lasts)}
    is_yearly = row.lasts is None and len(months) > len(row.months)
    return replace(row, months=months, lasts=YEAR if is_yearly else row.lasts)


def _lasts(row: Paid, said: Said, yearly_from: Decimal | None) -> int:
    if row.lasts is not None:
        return row.lasts
    return YEAR if yearly_from and said.amount and said.amount >= yearly_from else 1


def spans_of(row: Paid, last: dt.date, subscription: str = "") -> Iterator[dict[str, str | None]]:
    """The spans of a row; one that reaches `last`, the last month of which the sheet knows, goes on.

    Glossary: column a month.
    """
    known = sorted(month for month in row.months if month <= last)
    for said, months in _stretches(known, row.months):
        end = months_after(months[-1], 1)
        yield {
            "customer_id": row.who,
            "started_at": months[0].isoformat(),
            "ended_at": None if months[-1] == last else end.isoformat(),
            "mrr": None if said.status else as_text(said.amount),
            "plan": said.plan or row.plan or None,
            "status": said.status or "active",
            "currency": said.currency or row.currency or None,
            "interval": spellings.in_words("month", row.lasts) if row.lasts and row.lasts != YEAR else
            "year" if row.lasts else None,
            "subscription_id": subscription or None,
        }  # fmt: skip


def _stretches(
    known: Sequence[dt.date], months: Mapping[dt.date, Said]
) -> Iterator[tuple[Said, list[dt.date]]]:
    """The months that follow each other and say the same."""
    stretch: list[dt.date] = []
    for month in known:
        goes_on = stretch and months_after(stretch[-1], 1) == month and months[stretch[-1]] == months[month]
        if stretch and not goes_on:
            yield months[stretch[0]], stretch
            stretch = []
        stretch.append(month)
    if stretch:
        yield months[stretch[0]], stretch

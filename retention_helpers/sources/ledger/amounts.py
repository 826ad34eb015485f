"""How the amounts of a sheet are meant: in cents or not, with the tax in them or without it.

Its headings and its rows tell; what they leave open is asked, with what follows from each answer.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, islice

from retention_helpers.sources import headings
from retention_helpers.sources.described import NONE, UNITS, percentage
from retention_helpers.sources.ledger.doubts import Answer, Doubt
from retention_helpers.sources.ledger.lines import Line
from retention_helpers.sources.ledger.options import Options
from retention_helpers.sources.ledger.tools import LEMON_SQUEEZY, OWN, Tool
from retention_helpers.sources.prices import (
    HABIT,
    PER_CENT,
    have_minor_unit,
    in_sixths,
    look_like_minor_units,
    major,
    share_of,
)
from retention_helpers.sources.spreadsheet.grids import Cell
from retention_helpers.sources.unreadable import Unreadable
from retention_helpers.words import spellings, written
from retention_helpers.words.formats import money

_A_CENT = Decimal("0.01")
MOST_ROWS = 1000  # that are looked at for what other columns come to
_Sum = tuple[int | str, ...]  # columns, and whether they are added


@dataclass(frozen=True)
class Shown:
    """What the rows of a sheet show before they are read: its amounts with their currencies, and its days."""

    amounts: Counter[tuple[str, str]]
    days: set[str]

    @property
    def texts(self) -> set[str]:
        return {amount for amount, _ in self.amounts}


def shown_in(lines: Iterator[Line], columns: Mapping[str, int]) -> Shown:
    amounts, days = Counter[tuple[str, str]](), set[str]()
    for _, cells in lines:
        if amount := _text(cells, columns["amount"]):
            amounts[amount, _text(cells, columns.get("currency"))] += 1
        if day := _text(cells, columns["charged_at"]):
            days.add(day)
    return Shown(amounts, days)


def _text(cells: Sequence[Cell], nth: int | None, sign: str = ".") -> str:
    """A cell as text, a number of a workbook with this decimal sign."""
    found = cells[nth] if nth is not None and nth < len(cells) else None
    said = "" if found is None else str(found).strip()
    return said.replace(".", sign) if isinstance(found, float) else said


def in_minor_units(shown: Shown, heading: str, tool: Tool, options: Options, currency: str) -> bool:
    """Whether amounts are in cents, as their heading or the owner says it. Raises Doubt where they may be.

    Those of Lemon Squeezy may always be, of a ledger of one's own such as are large and end as prices in
    cents do.
    """
    if options.in_minor_units is not None:
        return options.in_minor_units
    if tool is OWN and headings.is_in_cents(heading):
        return True
    if tool not in (OWN, LEMON_SQUEEZY):
        return False
    read = [(_whole(text), spellings.currency(own) or own or currency, many)
            for (text, own), many in shown.amounts.items()]  # fmt: skip
    if not read or not all(amount is not None for amount, *_ in read):
        return False
    may_be = {
        (amount, code): many for amount, code, many in read if amount is not None and have_minor_unit(code)
    }
    every = [abs(amount) for (amount, _), many in may_be.items() for _ in range(many)]
    if not may_be or (tool is OWN and not look_like_minor_units(every)):
        return False
    amount, code = min(may_be)
    minor, whole = UNITS
    raise Doubt(
        f"amounts such as {amount} may be cents or whole units",
        [
            Answer("cents", {"price_in": minor}, f"{money(major(amount, code), code)} was paid"),
            Answer("whole units", {"price_in": whole}, f"{money(amount, code)} was paid"),
        ],
    )


def _whole(text: str) -> Decimal | None:
    """A number without decimals; None for any other text."""
    found = written.money(text, ".") if not {".", ","} & set(text) else None
    return found.amount if found else None


# --- the tax -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tax:
    """The tax in the amounts of a sheet: in which column, or of how many per cent; of neither, none is."""

    column: int | None = None
    is_share: bool = False  # by its heading
    rate: str = ""

    def said(self, cells: Sequence[Cell], sign: str) -> str:
        """What a row says of it, as `prices.share_of` reads a share; "" for nothing."""
        cell = self.rate or _text(cells, self.column, sign)
        return f"{cell}{PER_CENT}" if cell and self.is_share and "%" not in cell else cell


def tax_of(
    header: Sequence[str],
    columns: Mapping[str, int],
    lines: Iterator[Line],
    options: Options,
    sign: str,
    *,
    is_minor: bool,
) -> Tax:
    """The tax in the amounts of a ledger of one's own: as the owner, the heading of the amounts, or other
    columns tell, which come to the amount with the tax or without it. Raises Doubt where nothing does.
    """
    said = options.tax_inside
    if said == NONE:
        return Tax()
    if percentage(said):
        return Tax(rate=percentage(said))
    named = said and [nth for nth, name in enumerate(header) if headings.plain(name) == headings.plain(said)]
    if said and not named:
        raise Unreadable(f"the column {said}, which `tax_inside` names, is missing", "Correct its name.")
    column = named[0] if named else columns.get("tax")
    if column is None:
        return Tax()
    tax, is_inside = (
        Tax(column, headings.is_share(header[column])),
        headings.with_tax(header[columns["amount"]]),
    )
    if said or is_inside:
        return tax
    if is_inside is False:
        return Tax()
    looked = _Looked(tax, columns["amount"], sign)
    for _, cells in islice(lines, MOST_ROWS):
        looked.at(cells)
    is_open = looked.is_inside == looked.is_outside
    if looked.first and is_open and headings.is_total(header[columns["amount"]]):
        return tax
    if looked.first and is_open:
        paid, left = (major(one, "") if is_minor else one for one in looked.first)
        raise _doubt(header[column], header[columns["amount"]], paid, left)
    return tax if looked.is_inside else Tax()


class _Looked:
    """In how many rows other columns, one or two of them, come to the amount less its tax, or to it with the
    tax: a subtotal less a discount, say, or a net amount and a fee.

    A row that was failed or rounded settles nothing: it is so where four in five rows are.
    """

    def __init__(self, tax: Tax, amount: int, sign: str) -> None:
        self.tax, self.amount, self.sign = tax, amount, sign
        self.first: tuple[Decimal, Decimal] | None = None  # an amount, and what is left of it
        self.rows = 0
        self.inside, self.outside = Counter[_Sum](), Counter[_Sum]()

    @property
    def is_inside(self) -> bool:
        return self._is_habit(self.inside)

    @property
    def is_outside(self) -> bool:
        return self._is_habit(self.outside)

    def _is_habit(self, found: Counter[_Sum]) -> bool:
        return max(found.values(), default=0) > HABIT * self.rows

    def at(self, cells: Sequence[Cell]) -> None:
        said, amount = self.tax.said(cells, self.sign), self._number(cells, self.amount)
        left = None if amount is None else without(amount, said, self.sign)
        if amount is None or left is None or left == amount:
            return
        self.first = self.first or (amount, left)
        self.rows += 1
        share = share_of(said, self.sign)
        whole = 2 * amount - left if share is None else amount * (1 + share)
        places = [nth for nth in range(len(cells)) if nth not in (self.amount, self.tax.column)]
        others = {nth: one for nth in places if (one := self._number(cells, nth)) is not None}
        self.inside.update(_sums_to(left, others))
        self.outside.update(_sums_to(whole, others))

    def _number(self, cells: Sequence[Cell], nth: int) -> Decimal | None:
        found = written.amount(_text(cells, nth, self.sign), self.sign)
        return None if found is None else abs(found)


def _sums_to(wanted: Decimal, others: Mapping[int, Decimal]) -> set[_Sum]:
    """The columns that are an amount, to a cent: one, or two that are added or taken off one another."""
    found: set[_Sum] = {(nth,) for nth, one in others.items() if abs(one - wanted) <= _A_CENT}
    for (nth, one), (other, second) in combinations(others.items(), 2):
        if second and one:
            for sign, together in (("+", one + second), ("-", abs(one - second))):
                if abs(together - wanted) <= _A_CENT:
                    found.add((nth, sign, other))
    return found


def without(amount: Decimal, said: str, sign: str) -> Decimal | None:
    """An amount less the tax in it, an amount or a share; None where that cannot be read."""
    if not said:
        return amount
    share = share_of(said, sign)
    if share is not None:
        return in_sixths(amount / (1 + share))
    tax = None if said.endswith(("%", PER_CENT)) else written.amount(said, sign)
    return None if tax is None else amount - abs(tax)


def _doubt(tax: str, heading: str, amount: Decimal, left: Decimal) -> Doubt:
    return Doubt(
        f"“{tax}” stands beside “{heading}”, and nothing says whether that tax is inside it or comes on top",
        [
            Answer("inside", {"tax_inside": tax}, f"of {money(amount)}, {money(round(left, 2))} counts"),
            Answer("on top", {"tax_inside": NONE}, f"of {money(amount)}, all counts"),
        ],
    )

"""What the cells of the months say: an amount, a cross, a plan, nothing; and what only the owner can say."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from retention_helpers.contract.settings import SETTINGS_FILE, Settings
from retention_helpers.contract.tables import FREE_STATUSES, STATUSES, Fault, message
from retention_helpers.sources.interface import as_text
from retention_helpers.sources.prices import Asked, currency_of, said_in
from retention_helpers.sources.spreadsheet.grids import Cell, Paid, as_paid, currency_shown
from retention_helpers.words import spellings, written
from retention_helpers.words.formats import plural

CROSS = "cross"  # what all marks for "was there" are called, such as in `prices`
NOTHING = "none"  # what `cells` calls a cell that says that nobody paid
_YES = "x xx ✓ ✔ ✅ ☑ • ● ■ ☒ 1 yes y ja j oui o si sí s sim true wahr vrai ok paid bezahlt payé pagado 有"
_NO = (
    "- – — -- ./. . / 0 no n nein non não nao false falsch faux ✗ ✘ ☐ ○ n/a na #n/a unpaid refunded left "
    "unbezahlt erstattet storniert impayé remboursé 无 否"
)
_CROSSES, _NOTHINGS = frozenset(_YES.split()), frozenset(_NO.split())
_STATUSES = spellings.choices([one for one in STATUSES if one in FREE_STATUSES])
_FEW_WORDS = 6  # that a stop lists


@dataclass(frozen=True)
class Said:
    """What a cell says of its month: an amount, or that somebody was there, with a plan or a state."""

    amount: Decimal | None = None
    plan: str = ""
    status: str = ""
    currency: str = ""


class Beside(NamedTuple):
    """What a row says beside its months: what a cross, or a plan, costs, and the currency; "" for none."""

    price: Decimal | None = None
    currency: str = ""


@dataclass
class Reader:
    """Reads the cells of a sheet's months, and keeps what cannot be read for certain.

    Attributes:
        sign: the decimal sign that the amounts of the whole sheet, or the owner, show.
        prices: what a plan, or a cross, costs a month, as the owner says it.
        words: the owner's words for ours: `none`, a state, or a plan.
        has_amounts: whether the cells are amounts; otherwise texts are plans.
        has_crosses: whether cells hold crosses, beside which a word need not be a plan.
        unread: the texts that nobody can read, each with the places of its cells.
        unpriced: the plans, and crosses, of which nobody says what they cost.
        unsigned: the amounts that need the sign of their decimals.
        contradicted: those that name another currency than their row does, each with its place.
    """

    settings: Settings
    sign: str
    prices: Mapping[str, Decimal]
    words: Mapping[str, str]
    has_amounts: bool
    has_crosses: bool = False
    unread: dict[str, list[str]] = field(default_factory=dict)
    unpriced: Counter[str] = field(default_factory=Counter)
    unsigned: list[str] = field(default_factory=list)
    contradicted: list[tuple[str, str]] = field(default_factory=list)

    @property
    def currencies(self) -> Sequence[str]:
        """The report's own and those with a rate, one of which a shared sign such as $ may mean."""
        return (self.settings.currency, *self.settings.exchange_rates)

    def read(self, cell: Cell, place: str, beside: Beside) -> Said | None:
        """What a cell says; None for nothing."""
        if cell is None:
            return None
        text = as_text(cell) or ""
        meant = self.words.get(text.lower())
        if meant is not None:
            return self._meant(meant, place, beside.price)
        if isinstance(cell, int | float):
            return self._number(cell, place, beside)
        plain = text.lower()
        if plain in _NOTHINGS or spellings.plain_choice(text) in spellings.OVER:
            return None
        if status := _STATUSES.get(spellings.plain_choice(text)):
            return Said(status=status)
        if not self.has_amounts:
            return self._word(text, place, beside.price, is_cross=plain in _CROSSES or _is_day(cell))
        return self._amount(text, place, beside.currency)

    def _meant(self, meant: str, place: str, price: Decimal | None) -> Said | None:
        if meant == NOTHING:
            return None
        if meant in FREE_STATUSES:
            return Said(status=meant)
        amount = written.amount(meant, ".")
        return Said(amount=amount) if amount is not None else self._priced(meant, price)

    def _word(self, text: str, place: str, price: Decimal | None, *, is_cross: bool) -> Said:
        """A cross, or a plan; beside crosses, a word that only the row's own price makes a plan is asked
        about: it may as well say that nobody paid.
        """
        if not is_cross and self.has_crosses and price is not None and text.lower() not in self.prices:
            return self._ask(text, place)
        return self._priced(CROSS if is_cross else text, price)

    def _ask(self, text: str, place: str) -> Said:
        self.unread.setdefault(text, []).append(place)
        return Said()

    def _number(self, cell: float, place: str, beside: Beside) -> Said | None:
        number = Decimal(as_text(cell) or "")
        if not number:
            return None
        if number < 0:
            return self._ask(as_text(number) or "", place)
        if not self.has_amounts:
            return self._priced(CROSS, beside.price)
        currency = self.currency_in(cell, currency_shown(cell), beside.currency, place)
        return Said(amount=number, currency=currency)

    def _priced(self, plan: str, price: Decimal | None) -> Said:
        known = self.prices.get(plan.lower(), price)
        if known is None:
            self.unpriced[plan] += 1
        return Said(amount=known, plan="" if plan == CROSS else plan)

    def currency_in(self, cell: Cell, named: str, own: str, place: str) -> str:
        """The currency that a cell names, or else its row; where they differ, that is kept as a fault."""
        found = currency_of(named, own, [one for one in self.currencies if one])
        if found is None:
            self.contradicted.append((place, f"{as_paid(cell)} where the currency is {own}"))
        return found or ""

    def _amount(self, text: str, place: str, own: str) -> Said | None:
        said = said_in(text, None, "month", Asked(self.sign, self.currencies))
        if said.amount is None:
            if not self.sign and written.is_ambiguous_amount(text):
                self.unsigned.append(place)
            else:
                self._ask(text, place)
            return Said()
        if said.amount < 0:
            return self._ask(text, place)
        if not said.amount:
            return None
        return Said(amount=said.amount, currency=self.currency_in(text, said.currency or "", own, place))

    # --- what is asked -----------------------------------------------------------------------------------

    def faults(self, file: str) -> Iterator[Fault]:
        if self.unread:
            yield self._words_unknown(file)
        if self.unpriced:
            yield self._prices_unknown(file)
        if self.unsigned:
            said = message(
                file,
                f"{plural(len(self.unsigned), 'amount')} such as the one at {self.unsigned[0]} may have "
                f"thousands or decimals",
                f"Say `decimal_sign: point` or `decimal_sign: comma` in {SETTINGS_FILE}.",
            )
            yield Fault("stop", "subscriptions", "decimal sign unknown", len(self.unsigned), said)
        if self.contradicted:
            yield self._contradicted(file)

    def _contradicted(self, file: str) -> Fault:
        place, first = self.contradicted[0]
        many = len(self.contradicted)
        said = message(
            file,
            f"{plural(many, 'amount')} {'names' if many == 1 else 'name'} another currency than the row "
            f"does, such as {first} (first: {place})",
            "Keep the right one of the two.",
        )
        return Fault("stop", "subscriptions", "amount contradicted", many, said)

    def _words_unknown(self, file: str) -> Fault:
        cells = sum(map(len, self.unread.values()))
        most = sorted(self.unread, key=lambda word: -len(self.unread[word]))[:_FEW_WORDS]
        lines = ", ".join(f"{_quoted(word)}: {NOTHING}" for word in most)
        said = message(
            file,
            f"{plural(cells, 'cell')} of the months {'is' if cells == 1 else 'are'} neither "
            f"{'an amount' if self.has_amounts else 'a cross'} nor empty, such as “{most[0]}” "
            f"(first: {self.unread[most[0]][0]})",
            f"Say what {'it means' if len(most) == 1 else 'they mean'}: `cells: {{{lines}}}`, each "
            f"`{NOTHING}`, an amount, paused, comped (a payer's free month) or trialing.",
        )
        return Fault("stop", "subscriptions", "cell not understood", cells, said)

    def _prices_unknown(self, file: str) -> Fault:
        plans = [plan for plan, _ in self.unpriced.most_common(_FEW_WORDS)]
        lines = ", ".join(f"{_quoted(plan)}: …" for plan in plans)
        what = "crosses" if plans == [CROSS] else "plans" if CROSS not in plans else "plans and crosses"
        said = message(
            file,
            f"the months hold {what} in {plural(self.unpriced.total(), 'cell')}, and nothing says what they "
            f"cost",
            f"Say the price of a month: `prices: {{{lines}}}`, or add a column Price; of a word that says "
            f"that nobody paid, `cells: {{word: {NOTHING}}}`.",
        )
        return Fault("stop", "subscriptions", "price unknown", self.unpriced.total(), said)


def _quoted(word: str) -> str:
    return word if word.replace(" ", "").isalnum() and not word.isdigit() else f'"{word}"'


def reader_of(
    settings: Settings, cells: Iterable[Cell], prices: Mapping[str, Any], words: Mapping[str, Any]
) -> Reader:
    """The reader of a sheet, by what stands in most of its cells."""
    every = [cell for cell in cells if cell is not None]
    texts = [cell for cell in every if isinstance(cell, str)]
    sign = written.SIGNS.get(settings.decimal_sign) or written.decimal_sign_of(texts)
    return Reader(
        settings,
        sign,
        {str(plan).lower(): Decimal(str(price)) for plan, price in prices.items()},
        {str(theirs).lower(): str(ours) for theirs, ours in words.items()},
        has_amounts=_are_amounts(every, sign),
        has_crosses=any(text.lower() in _CROSSES for text in texts),
    )


def _is_day(cell: Cell) -> bool:
    """Whether a cell holds the day of a payment, in whichever order it is written: a cross."""
    return isinstance(cell, dt.date) or (
        isinstance(cell, str) and any(written.instant(cell, order) for order in written.ORDERS[:2])
    )


def _are_amounts(cells: Sequence[Cell], sign: str) -> bool:
    """Whether cells hold amounts: any number but 1 and 0, which may be crosses, or a text that is one."""
    texts = {cell for cell in cells if isinstance(cell, str)}
    numbers = {cell for cell in cells if isinstance(cell, int | float)}
    crosses = _CROSSES | _NOTHINGS
    said = any(written.money(text, sign or ".") for text in texts if text.lower() not in crosses)
    return said or bool(numbers - {0, 1}) or any(isinstance(cell, Paid) for cell in cells)

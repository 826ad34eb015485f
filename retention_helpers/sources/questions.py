"""What a list of subscriptions leaves open, as questions whose answers each come with what follows from them.

A question is about columns that can be read in two ways. What follows is reckoned from the file itself.
"""

import datetime as dt
import json
import statistics
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from retention_helpers.contract.tables import FREE_STATUSES, STATUSES
from retention_helpers.sources import headings
from retention_helpers.sources.bearing import EXAMPLE_RATE, PRICE_OPTIONS
from retention_helpers.sources.described import ALL, MINOR, NONE, PRICES_BESIDE, UNITS, percentage
from retention_helpers.sources.looking import LINES, Look, renewing_words
from retention_helpers.sources.prices import (
    BESIDE,
    PER_CENT,
    Asked,
    composed,
    have_minor_unit,
    look_like_minor_units,
    said_in,
)
from retention_helpers.words import spellings, written
from retention_helpers.words.formats import count, day, money, month, plural

_UNDIVIDED = 3  # a year's price is more than so many times a month's of the same plan
_MONTHS_SHOWN = 3
_MAY_TELL = ("plan",)  # what of ours may name an interval too, and stays what it is
_A_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Choice:
    """An answer: what is typed, the line that it writes, what follows, and what it changes."""

    word: str
    line: str
    outcome: str
    columns: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    is_of_columns: bool = False  # whether the line stands under `columns`

    def made(self, look: Look) -> Look:
        """The look as this answer has it."""
        columns, options = {**look.columns, **self.columns}, {**look.options, **self.options}
        words = {name: {**look.values.get(name, {}), **more} for name, more in self.values.items()}
        return replace(look, columns=columns, options=options, values={**look.values, **words})


@dataclass(frozen=True)
class Question:
    """A question with two or more answers, of which nobody but the owner knows the right one.

    `proposed` is the answer that the file tells by itself, which stands where nobody gives another.
    """

    what: str
    choices: Sequence[Choice]
    proposed: Choice | None = None

    @property
    def is_needed(self) -> bool:
        """Whether anything depends on the answer."""
        return self.proposed is None or len({choice.outcome for choice in self.choices}) > 1

    def as_assumed(self) -> str:
        """What stands because nobody answered, and what another answer would have been."""
        taken = self.proposed
        others = "; ".join(f"`{one.line}`: {one.outcome}" for one in self.choices if one is not taken)
        return f"{self.what} Taken: `{taken.line}` ({taken.outcome}); else {others}." if taken else ""

    def as_asked(self) -> str:
        """The question for somebody at a terminal."""
        follows = "; ".join(f"{choice.word}: {choice.outcome}" for choice in self.choices)
        return f"{self.what}\n  {follows}.\n  [{'/'.join(choice.word for choice in self.choices)}]"

    def as_left_open(self) -> str:
        """The question in one line, with the lines to write for each answer."""
        lines = [
            f"`{choice.line}`{' under columns' if choice.is_of_columns else ''} ({choice.outcome})"
            for choice in self.choices
        ]
        return f"{self.what} Instead of `open` write {', or '.join(lines)}."

    def answered(self, said: str) -> Choice | None:
        """The choice that begins as the answer does; None for no answer, and for one that fits several."""
        typed = said.strip().lower()
        exact = [choice for choice in self.choices if choice.word.lower() == typed]
        fitting = [choice for choice in self.choices if typed and choice.word.lower().startswith(typed)]
        return exact[0] if exact else fitting[0] if len(fitting) == 1 else None


@dataclass(frozen=True)
class Book:
    """What has to be known to reckon with a file's cells: its currency, its days, its decimal sign."""

    currency: str = ""
    date_order: str = ""
    today: dt.date = field(default_factory=dt.date.today)


Asks = Callable[["Look", Book], "Question | None"]  # of a look as the answers so far have made it


def questions_of(look: Look) -> Sequence[Asks]:
    """What may have to be asked about a file, in the order in which one answer bears on the next."""
    is_a_list = {"mrr", "ended_at", "started_at"} <= set(look.name_of)
    return (
        (_price, _prices_beside, _end, _renewal, _trial, _interval, _seats, _discount, _tax, _units)
        if is_a_list
        else ()
    )


# --- what follows ------------------------------------------------------------------------------------


def _day(look: Look, cell: str, book: Book) -> str:
    return (written.instant(cell, look.options.get("date_order") or book.date_order) or "")[:10]


def _ends(look: Look, book: Book) -> list[str]:
    """The day on which each row ends, "" while it goes on or where it cannot be read.

    A trial that nobody paid after is no service, and ends none.
    """
    days = [_day(look, cell, book) for cell in look.cells("ended_at")]
    renews = replace(look, values={}).cells("status"), _renews(look)
    days = ["" if state in renews[1] else day for day, state in zip(days, renews[0], strict=True)]
    if needed := look.options.get("ended_where"):
        days = [day if asked else "" for day, asked in zip(days, look.cells(needed), strict=True)]
    return ["" if is_free else day for day, is_free in zip(days, _never_paid(look, book), strict=True)]


def _never_paid(look: Look, book: Book) -> list[bool]:
    """Whether each row ended with its trial, or before."""
    ends = [_day(look, cell, book) for cell in look.cells("ended_at")]
    trials = [_day(look, cell, book) for cell in look.cells(look.options.get("trial_until", NONE))]
    return [bool(end and trial) and end <= trial for end, trial in zip(ends, trials, strict=True)]


def _rows(look: Look) -> list[tuple[str, str, str]]:
    """The amount, the currency and the interval of each row, as the file has them."""
    return list(zip(_cells(look), look.cells("currency"), look.intervals, strict=True))


def _asked(look: Look, book: Book) -> Asked:
    return Asked(
        written.decimal_sign_of(_cells(look)) or ".",
        (headings.currency_of(look.name_of["mrr"]) or book.currency,),
        BESIDE,
        look.options.get("price_per", ""),
        look.options.get("price_in") == MINOR,
    )


def _cells(look: Look) -> list[str]:
    """The amounts as the gate reads them, with what other cells say of them."""
    columns = [_of_the_price(look, option) for option in ("price_for", "discount", "tax_inside")]
    others = {PRICES_BESIDE[option]: look.cells(name) for option, name in _beside_each(look).items()}
    beside = [dict(zip(others, row, strict=True)) for row in zip(*others.values(), strict=True)]
    beside = beside if others else [{}] * len(look.lines[1:])
    rows = zip(look.cells("mrr"), *columns, strict=True)
    return [composed(*cells, others=others) for cells, others in zip(rows, beside, strict=True)]


def _beside_each(look: Look) -> dict[str, str]:
    """The columns of prices for other intervals that count, by the option that says so."""
    return {name: str(look.options[name]) for name in PRICES_BESIDE if look.options.get(name, NONE) != NONE}


def _renews(look: Look) -> Sequence[str]:
    words = look.options.get("renews", NONE)
    return words if isinstance(words, list) else [] if words == NONE else [words]


def _of_the_price(look: Look, option: str) -> list[str]:
    column = str(look.options.get(option, NONE))
    if percentage(column):
        return [percentage(column)] * len(look.lines[1:])
    unit = PER_CENT if headings.is_share(column) else ""
    return [f"{cell}{unit}" if cell and "%" not in cell else cell for cell in look.cells(column)]


def _amounts(look: Look, book: Book) -> list[tuple[str, Decimal | None]]:
    """Each row's currency and its amount a month, None where it cannot be read."""
    asked, found = _asked(look, book), []
    for cell, currency, lasts in _rows(look):
        own = spellings.currency(currency) or currency
        said = said_in(cell, own, lasts, asked)
        found.append((own or said.currency or asked.currencies[0], said.amount))
    return found


def mrr(look: Look, book: Book) -> dict[str, Decimal]:
    """The MRR of the rows that go on today, by currency ("" where nothing names one)."""
    total: Counter[str] = Counter()
    frees = [said.lower() in FREE_STATUSES for said in look.cells("status")]
    frees = [one or other for one, other in zip(frees, _never_paid(look, book), strict=True)]
    rows = zip(_amounts(look, book), _ends(look, book), frees, strict=True)
    for (currency, amount), end, is_free in rows:
        if amount is not None and not is_free and not (end and end <= book.today.isoformat()):
            total[currency] += amount  # type: ignore[assignment]
    return {currency: Decimal(amount) for currency, amount in sorted(total.items())}


def _mrr_is(look: Look, book: Book) -> str:
    sums = [money(round(amount, 2), currency) for currency, amount in mrr(look, book).items()]
    of = f" in its first {count(LINES)} rows" if len(look.lines) >= LINES else ""
    unread = ", with those whose end cannot be read yet" if _has_unread_ends(look, book) else ""
    return f"MRR is {' and '.join(sums) or money(0)}{of}{unread}"


def _has_unread_ends(look: Look, book: Book) -> bool:
    return any(cell and not _day(look, cell, book) for cell in look.cells("ended_at"))


def _losses(look: Look, book: Book) -> str:
    """The last months in which service ended, each with how many rows."""
    if _has_unread_ends(look, book):
        return "its days cannot be read yet"
    today = book.today.isoformat()
    months = Counter(end[:7] for end in _ends(look, book) if end and end <= today)
    last = [
        f"{plural(months[one], 'end')} in {month(f'{one}-01')}" for one in sorted(months)[-_MONTHS_SHOWN:]
    ]
    return ", ".join(last) or "nobody has left yet"


# --- the questions -----------------------------------------------------------------------------------


def _choice(look: Look, book: Book, word: str, line: str, **options: Any) -> Choice:
    """An answer that writes one line, with the MRR that follows."""
    made = replace(look, options={**look.options, **options})
    return Choice(word, line, _mrr_is(made, book), options=options)


def _interval(look: Look, book: Book) -> Question | None:
    """Whether a price is a month's, a year's, or that of the interval beside it."""
    name = look.name_of["mrr"]
    if (
        headings.interval_of(name)
        or _beside_each(look)
        or look.options.get("price_per") not in (None, "interval")
    ):
        return None
    if any((said := written.money(cell, ".")) and said.interval for cell in look.cells("mrr")):
        return None
    if not any(look.cells("interval")):
        for_all = [
            _choice(look, book, "month", "price_per: month", price_per="month"),
            _choice(look, book, "year", "price_per: year", price_per="year"),
        ]
        beside = _column_of_intervals(look)
        if not beside:
            return Question(f"Is “{name}” what is paid a month or a year?", for_all)
        what = f"Is “{name}” what is paid a month, a year, or what “{beside}” says?"
        by_row = _as_its_column_says(look, book, beside)
        if by_row is None:
            what = (
                f"{what[:-1]}? That says it of some rows alone: for prices of several intervals bring a "
                "column “interval” with month or year."
            )
        return Question(what, [by_row, *for_all] if by_row else for_all)
    if look.options.get("price_per") != "interval" or not _years_look_divided(look, book):
        return None
    whole, divided = {"price_per": "interval"}, {"price_per": "month"}
    return Question(
        f"“{name}” of a year is hardly more than of a month. Is it the price of the whole interval, or a "
        "month's already?",
        [
            _choice(look, book, "interval", "price_per: interval", **whole),
            _choice(look, book, "month", "price_per: month", **divided),
        ],
    )


def _length_told(cell: str) -> str:
    """The interval that a cell is, or that the name of a plan ends in; "" for none, and for a letter."""
    told = spellings.named_interval(cell) or spellings.without_interval(cell)[1]
    return told or "" if len(cell) > 1 else ""


def _column_of_intervals(look: Look) -> str:
    """The column, under whatever heading, that says an interval in most of its rows; "" for none.

    One whose cells are nothing else goes before the names of plans, and several intervals before one.
    """
    found = []
    for nth, name in enumerate(look.lines[0]):
        cells = [cell for cell in look.cells(name) if cell]
        told = [length for cell in cells if (length := _length_told(cell))]
        if 2 * len(told) > len(look.lines[1:]):
            are_all = all(map(spellings.named_interval, cells))
            found.append((not are_all, len(set(told)) == 1, nth, name))
    return min(found)[-1] if found else ""


def _as_its_column_says(look: Look, book: Book, name: str) -> Choice | None:
    """The answer that a column says what each price pays for; None where it does not for every row."""
    cells = look.cells(name)
    if not all(map(_length_told, cells)):
        return None
    words = {cell: _length_told(cell) for cell in cells if spellings.interval(cell) is None}
    ours = [column for column, theirs in look.name_of.items() if theirs == name and column in _MAY_TELL]
    columns, options = dict.fromkeys([*ours, "interval"], name), {"price_per": "interval"}
    values = {"interval": words} if words else {}
    each = Choice(name, "", "", columns, options, values)
    named = "`, `".join(f"{column}: {theirs}" for column, theirs in columns.items())
    lines = [f"{named}` under columns", "`price_per: interval"]
    if words:
        lines[1] += "`"
        lines.append(f"`values: {json.dumps(values, ensure_ascii=False)}")
    return replace(each, line=" and ".join(lines), outcome=_mrr_is(each.made(look), book))


def _years_look_divided(look: Look, book: Book) -> bool:
    """Whether prices beside a year are of the size of those beside a month."""
    plain = replace(look, options={**look.options, "price_per": ""})
    by_length: dict[tuple[str, int], list[Decimal]] = {}
    for (_, amount), (_, _, lasts) in zip(_amounts(plain, book), _rows(look), strict=True):
        length = spellings.interval(lasts)
        if amount and length in (("month", 1), ("year", 1)):
            by_length.setdefault(length, []).append(amount)
    if len(by_length) < 2:
        return False
    middle = {length: statistics.median(amounts) for length, amounts in by_length.items()}
    return middle["year", 1] < _UNDIVIDED * middle["month", 1]


def _units(look: Look, book: Book) -> Question | None:
    """Whether amounts that look like cents are."""
    name = look.name_of["mrr"]
    if "price_in" in look.options:
        return None
    as_they_stand = replace(
        look, options={**look.options, **dict.fromkeys(PRICES_BESIDE, NONE), "price_per": ""}
    )
    amounts = [
        amount for currency, amount in _amounts(as_they_stand, book) if amount and have_minor_unit(currency)
    ]
    if not look_like_minor_units(amounts) or any("." in cell or "," in cell for cell in look.cells("mrr")):
        return None
    minor, whole = UNITS
    size = money(statistics.median(amounts))
    return Question(
        f"Is “{name}” in cents? Half of its amounts are {size} or more, and they end as prices in cents do.",
        [
            _choice(look, book, "cents", f"price_in: {minor}", price_in=minor),
            _choice(look, book, "whole units", f"price_in: {whole}", price_in=whole),
        ],
    )


def _seats(look: Look, book: Book) -> Question | None:
    """Whether a price beside a number of seats is that of one of them."""
    name = look.name_of["mrr"]
    seats = next(iter(headings.among(look.lines[0], headings.QUANTITIES)), "")
    if not seats or "price_for" in look.options or headings.plain(name) == "mrr":
        return None
    if not any(cell not in ("", "0", "1") for cell in look.cells(seats)):
        return None
    return Question(
        f"“{seats}” stands beside “{name}”. Is that the price of one, or of all together?",
        [
            _choice(look, book, "all", f"price_for: {ALL}", price_for=ALL),
            _choice(look, book, "one", f"price_for: {seats}", price_for=seats),
        ],
    )


def _price(look: Look, book: Book) -> Question | None:
    """Which of several prices is what is paid, where their names do not tell and their amounts differ."""
    taken = look.name_of["mrr"]
    if headings.plain(taken) == "mrr":
        return None
    likely = [
        name
        for name in headings.like_prices(look.lines[0], taken)
        if _holds_amounts(look, name) and look.cells(name) != look.cells(taken)
    ]
    if not likely:
        return None
    every = [taken, *likely]
    return Question(
        f"{' and '.join(f'“{name}”' for name in every)} all look like what is paid, and differ. Which is it?",
        [_as_the_price(look, book, name) for name in every],
    )


def _as_the_price(look: Look, book: Book, name: str) -> Choice:
    """The answer that a column is the price, of a month or of the interval beside it."""
    columns, line = {"mrr": name}, f"mrr: {name}"
    made = replace(look, columns={**look.columns, **columns})
    if headings.interval_of(name) == headings.interval_of(look.name_of["mrr"]):
        return Choice(name, line, _mrr_is(made, book), columns, is_of_columns=True)
    lasts = "interval" if any(map(spellings.interval, look.intervals)) else "month"
    options = {"price_per": lasts}
    outcome = _mrr_is(replace(made, options={**look.options, **options}), book)
    line += f"` under columns and `price_per: {lasts}"
    return Choice(name, line, outcome, columns, options if lasts == "interval" else {})  # else asked next


def _prices_beside(look: Look, book: Book) -> Question | None:
    """Who pays which of the prices for several intervals: what its row's interval says, or all the same."""
    taken = look.name_of["mrr"]
    others = {
        option: name
        for lasts, name in headings.prices_for(look.lines[0], taken).items()
        if (option := PRICE_OPTIONS.get(lasts)) and _holds_amounts(look, name)
    }
    if not others or headings.is_mrr(taken):
        return None
    none = dict.fromkeys(others, NONE)
    lines = "` and `".join(f"{option}: {name}" for option, name in others.items())
    each = _choice(look, book, "each", lines, **others)
    read = [amount is not None for _, amount in _amounts(each.made(look), book)]
    if not all(read):
        without = f"{each.outcome} without {plural(read.count(False), 'row')} with neither"
        each = replace(each, outcome=without)
    same = _choice(look, book, taken, "` and `".join(f"{option}: {NONE}" for option in others), **none)
    beside = f"{' and '.join(f'“{name}”' for name in others.values())} {_stand(others)} beside “{taken}”"
    is_like = all(headings.is_of_one_kind(name, taken) for name in others.values())
    tells = any(map(spellings.interval, look.intervals))
    if is_like and (tells or all(read)):
        told = tells or headings.interval_of(taken)
        what = f"{beside}. Does each pay the price of its own interval, or everybody “{taken}”?"
        return Question(what, [each, same], each if told else None)
    if is_like and _are_twelfths(look, book, others):
        return Question(f"{beside}, and is the same a month.", [same], same)
    if not is_like:
        return Question(
            f"{beside}, with another currency, other tax, or in cents. Bring both alike, or one column with "
            "what each pays.",
            [same],
        )
    all_of_it = [_for_all(look, book, option, name) for option, name in others.items()]
    return Question(
        f"{beside}, and no column says who pays which. Which does everybody pay? If it differs, bring a "
        "column “interval” with month or year.",
        [same, *all_of_it],
    )


def _stand(names: Collection[str]) -> str:
    return "stands" if len(names) == 1 else "stand"


def _for_all(look: Look, book: Book, option: str, name: str) -> Choice:
    """The answer that everybody pays the price of one other interval."""
    columns, options = {"mrr": name}, {"price_per": PRICES_BESIDE[option]}
    made = replace(look, columns={**look.columns, **columns}, options={**look.options, **options})
    line = f"mrr: {name}` under columns and `price_per: {PRICES_BESIDE[option]}"
    return Choice(name, line, _mrr_is(made, book), columns, {**options, option: NONE})


def _are_twelfths(look: Look, book: Book, others: Mapping[str, str]) -> bool:
    """Whether the prices for other intervals come to the same a month, but for cents that were rounded."""
    own = [amount for _, amount in _amounts(look, book)]
    for option, name in others.items():
        theirs = [amount for _, amount in _amounts(_for_all(look, book, option, name).made(look), book)]
        pairs = zip(own, theirs, strict=True)
        if not all(one is not None and two is not None and abs(one - two) < _A_CENT for one, two in pairs):
            return False
    return True


def _beside(look: Look, is_one: Callable[[str], bool]) -> str:
    """The column beside a price that is of this kind and says something; "" for none."""
    header = look.lines[0] if headings.plain(look.name_of["mrr"]) != "mrr" else ()
    return next((name for name in header if is_one(name) and any(map(_says_something, look.cells(name)))), "")


def _holds_amounts(look: Look, name: str) -> bool:
    return any(_says_something(cell) and written.money(cell, ".") for cell in look.cells(name))


def _says_something(cell: str) -> bool:
    return bool(cell) and written.amount(cell.removesuffix("%"), ".") != 0


def _discount(look: Look, book: Book) -> Question | None:
    """Whether a price beside a discount stands before or after it."""
    name = _beside(look, headings.is_discount)
    if not name or "discount" in look.options:
        return None
    return Question(
        f"“{name}” stands beside “{look.name_of['mrr']}”. Is that still to be taken off, or is the price "
        "what is paid?",
        [
            _choice(look, book, "off", f"discount: {name}", discount=name),
            _choice(look, book, "paid", f"discount: {NONE}", discount=NONE),
        ],
    )


def _tax(look: Look, book: Book) -> Question | None:
    """Whether a price beside its tax contains it."""
    price = look.name_of["mrr"]
    name = _beside(look, headings.is_tax)
    if not name or "tax_inside" in look.options or headings.with_tax(price) is not None:
        return None
    return Question(
        f"“{name}” stands beside “{price}”. Is that tax inside the price, or does it come on top?",
        [
            _choice(look, book, "inside", f"tax_inside: {name}", tax_inside=name),
            _choice(look, book, "on top", f"tax_inside: {NONE}", tax_inside=NONE),
        ],
    )


def asks_for_rate(look: Look, book: Book) -> str:
    """The question for the rate of the tax that prices contain by their heading; "" where none is needed."""
    if not questions_of(look) or "tax_inside" in look.options:
        return ""
    price = look.name_of["mrr"]
    if not headings.with_tax(price):
        return ""
    example = replace(look, options={**look.options, "tax_inside": str(EXAMPLE_RATE)})
    return (
        f"“{price}” includes tax. Of how many per cent? With {EXAMPLE_RATE}, {_mrr_is(example, book)}; with "
        f"none taken off, {_mrr_is(look, book)}"
    )


def _trial(look: Look, book: Book) -> Question | None:
    """Whether a start beside the end of a trial begins the trial, or what is paid."""
    start = look.name_of["started_at"]
    name = next((one for one in look.lines[0] if headings.is_end_of_trial(one) and any(look.cells(one))), "")
    if not name or "trial_until" in look.options:
        return None
    days = zip(look.cells("started_at"), look.cells(name), strict=True)
    if not any(_day(look, trial, book) > _day(look, begin, book) for begin, trial in days):
        return None
    trials = replace(look, options={**look.options, "trial_until": name})
    free = f"{plural(sum(_never_paid(trials, book)), 'trial')} that nobody paid after"
    return Question(
        f"“{name}” stands beside “{start}”. Does “{start}” begin the trial, or what is paid?",
        [
            Choice("trial", f"trial_until: {name}", f"{_losses(trials, book)}, and {free}",
                   options={"trial_until": name}),
            Choice("paid", f"trial_until: {NONE}", _losses(look, book), options={"trial_until": NONE}),
        ],
    )  # fmt: skip


def _end(look: Look, book: Book) -> Question | None:
    """Which of several columns is the end of service, and whether it is one for everybody."""
    taken = look.name_of["ended_at"]
    if "ended_where" in look.options:
        return None
    requests = [one for one in headings.named(look.lines[0], "canceled_at") if any(look.cells(one))]
    if requests and taken not in requests:
        asked, ends = (
            ["" if written.is_no_day(cell) else cell for cell in look.cells(name)]
            for name in (requests[0], taken)
        )
        if any(end and not request for request, end in zip(asked, ends, strict=True)):
            return _until_when(look, book, requests[0], taken)
    others = headings.named(look.lines[0], "ended_at")
    differing = [one for one in others if any(look.cells(one)) and _differ(look, book, one, taken)]
    if not differing:
        return None
    both = (taken, differing[0])
    return Question(
        f"“{both[0]}” and “{both[1]}” both look like the day on which service ends, and differ.",
        [_end_at(look, book, name, name) for name in both],
    )


def _until_when(look: Look, book: Book, request: str, until: str) -> Question:
    """Whether a day only says until when is paid: it is there for those too who never asked to cancel."""
    return Question(
        f"“{until}” is there for customers too whose “{request}” is empty: when does service end?",
        [
            _end_at(look, book, "cancelled", until, where=request),
            _end_at(look, book, "always", until),
            _end_at(look, book, "request", request),
        ],
    )


def _differ(look: Look, book: Book, one: str, other: str) -> bool:
    pairs = zip(look.cells(one), look.cells(other), strict=True)
    return any(_day(look, first, book) != _day(look, second, book) for first, second in pairs)


def _renewal(look: Look, book: Book) -> Question | None:
    """Whether an end that all have who pay is one, where nothing says who asked to cancel."""
    ends, words = look.name_of["ended_at"], renewing_words(look)
    requests = [one for one in headings.named(look.lines[0], "canceled_at") if any(look.cells(one))]
    if not words or requests or "renews" in look.options:
        return None
    said = words[0] if len(words) == 1 else words
    shown = f"[{', '.join(words)}]" if len(words) > 1 else words[0]
    return Question(
        f"“{ends}” is there for everybody whose “{look.name_of['status']}” is {' or '.join(words)}. Do they "
        "renew by themselves, or does service end on that day?",
        [
            _lasting(look, book, "renew", f"renews: {shown}", said),
            _lasting(look, book, "end", f"renews: {NONE}", NONE),
        ],
    )


def _lasting(look: Look, book: Book, word: str, line: str, renews: str | list[str]) -> Choice:
    """The answer about renewals, with the losses that follow up to today and later."""
    made = replace(look, options={**look.options, "renews": renews})
    ahead = [end for end in _ends(made, book) if end > book.today.isoformat()]
    later = f", and {count(len(ahead))} more by {day(dt.date.fromisoformat(max(ahead)))}" if ahead else ""
    outcome = f"{_mrr_is(made, book)}; {_losses(made, book)}{later}"
    return Choice(word, line, outcome, options={"renews": renews})


def _end_at(look: Look, book: Book, word: str, name: str, where: str = "") -> Choice:
    """The end in a column, for everybody or only where another one is filled, with the losses that follow."""
    options = {"ended_where": where or name}
    made = replace(look, columns={**look.columns, "ended_at": name}, options={**look.options, **options})
    is_taken = name == look.name_of["ended_at"]
    line = f"ended_where: {where or name}" if is_taken else f"ended_at: {name}"
    return Choice(word, line, _losses(made, book), {"ended_at": name}, options, is_of_columns=not is_taken)


def unknown_statuses(look: Look) -> list[Question]:
    """A question for each word for a state that nobody knows; an end says by itself who has left."""
    if not look.lines:
        return []
    words = Counter(cell for cell in look.cells("status") if cell and cell.lower() not in STATUSES)
    return [
        Question(
            f"What does the state “{word}” mean, in {plural(rows, 'row')}?",
            [Choice(ours, "", what, values={"status": {word: ours}}) for ours, what in _MEANINGS.items()],
        )
        for word, rows in words.items()
        if spellings.plain_choice(word) not in spellings.OVER
    ]


_MEANINGS = {
    "active": "pays, until its end",
    "past_due": "pays late, and counts",
    "paused": "not served for a while, and not lost",
    "comped": "a payer's free time",
    "trialing": "has not paid yet, and does not count",
}

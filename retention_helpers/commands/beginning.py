"""The first five minutes: what lies in a folder becomes a `retention.yml`, and what is missing is said."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from retention_helpers.contract import tables as contract
from retention_helpers.contract.settings import SETTINGS_FILE, Settings
from retention_helpers.contract.tables import ADDS, INSTEAD, OF_SUBSCRIPTIONS, TABLES
from retention_helpers.sources import questions
from retention_helpers.sources.described import OPEN, PRICES_BESIDE, percentage
from retention_helpers.sources.ledger import asking
from retention_helpers.sources.looking import LEDGER, SHEETS, Look, is_looked_at, look_at
from retention_helpers.sources.questions import Book, Choice, Question
from retention_helpers.words import spellings, written
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import day, money

_ASKED_AT_MOST = 3  # where an answer is none of the words
Ask = Callable[[str, str], str]  # a question and its default; an answer


@dataclass(frozen=True)
class Plan:
    """What `retention.yml` is to say."""

    business: str
    time_zone: str
    currency: str = ""
    date_order: str = ""
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    exchange_rates: Mapping[str, str] = field(default_factory=dict)
    is_of_buyers: bool = False


_OF_BUYERS = {"orders", "shopify", "woocommerce"}


def is_of_buyers(found: Sequence[Look]) -> bool:
    """Whether the files bring orders and no subscriptions."""
    keys = {key for look in found for key in (look.key, *look.brings)} - {""}
    return bool(keys & _OF_BUYERS) and keys <= {*_OF_BUYERS, *TABLES, SHEETS} - {"subscriptions"}


def files_in(places: Iterable[Path]) -> list[Path]:
    """The files to look at: those named, and those in the folders named. Raises InputError."""
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found += sorted(path for path in place.iterdir() if is_looked_at(path))
        elif place.is_file():
            found.append(place)
        else:
            raise InputError(f"There is no file or folder {place}. Name where your exports are with --from.")
    return list(dict.fromkeys(found))


def looks(files: Iterable[Path]) -> list[Look]:
    """What the files look like."""
    return [look_at(path) for path in files]


def with_what_else_they_bring(found: Sequence[Look]) -> list[Look]:
    """The looks, and what a list of subscriptions brings of other tables, where no file does.

    Beside another tool's importer, which brings its own, nothing is added.
    """
    keys = {look.key for look in found} - {""}
    if not keys <= {*TABLES, SHEETS} or any(look.key == SHEETS and not look.brings for look in found):
        return list(found)
    tables = keys.union(*(look.brings for look in found))
    return [*found, *(more for look in found for more in look.also if more.key not in tables)]


def sources_of(found: Sequence[Look], folder: Path) -> tuple[dict[str, dict[str, Any]], list[Look]]:
    """The entries of `sources:`, and the files that would bring a table twice.

    A file of the data folder itself that bears our names needs no entry.
    """
    entries: dict[str, dict[str, Any]] = {}
    again: list[Look] = []
    sheets: dict[Path, dict[str, Any]] = {}
    there = {(look.path, look.key) for look in found if _lies_there(look, folder)}
    taken = {key for _, key in there}
    for look in found:
        if not look.key or (look.path, look.key) in there:
            continue
        path = _seen_from(folder, look.path)
        of_a_sheet = sheets.get(look.path) if look.key in TABLES else None
        if of_a_sheet is not None:
            used = of_a_sheet["columns"].values()  # a start that is the sign-up too needs no second name
            of_a_sheet["columns"] |= {ours: name for ours, name in look.columns.items() if name not in used}
            more = ("each", "date_order")
            of_a_sheet |= {name: value for name, value in look.options.items() if name in more}
        elif look.key == SHEETS and look.columns:
            key = _free(SHEETS, entries)
            named = {} if key == SHEETS else {"importer": SHEETS}
            sheets[look.path] = entries[key] = {**_entry(path, look), **named}
        elif look.key not in TABLES:
            listed = entries.setdefault(look.key, {"path": []})
            listed["path"].append(path)
            listed |= _said_of_a_ledger(look)
        elif look.key in taken:
            again.append(look)
        else:
            taken.add(look.key)
            entries[look.key] = _entry(path, look)
    for entry in entries.values():
        if isinstance(entry["path"], list) and len(entry["path"]) == 1:
            entry["path"] = entry["path"][0]
    return entries, again


def _said_of_a_ledger(look: Look) -> dict[str, Any]:
    """What the owner answered about a ledger; all its files share it."""
    if look.key != LEDGER:
        return {}
    return {**({"columns": dict(look.columns)} if look.columns else {}), **look.options}


def _entry(path: str, look: Look) -> dict[str, Any]:
    more = {
        "columns": dict(look.columns),
        "values": {name: dict(words) for name, words in look.values.items()},
    }
    return {"path": path, **{name: value for name, value in more.items() if value}, **look.options}


def _free(name: str, entries: Mapping[str, Any]) -> str:
    """A key of `sources:` that is not taken yet."""
    return name if name not in entries else _free(f"{name}_2", entries)


def _lies_there(look: Look, folder: Path) -> bool:
    """Whether the gate finds this file by itself, under our names."""
    is_named = look.path.name.lower().split(".")[0] == look.key
    says_nothing = not (look.columns or look.values or look.options)
    return look.path.parent.resolve() == folder.resolve() and is_named and says_nothing


def _seen_from(folder: Path, path: Path) -> str:
    """A path as the settings write it: relative where both lie near each other."""
    relative = os.path.relpath(path.resolve(), folder.resolve())
    return Path(relative).as_posix() if relative.count("..") <= 3 else path.resolve().as_posix()


def date_order_of(found: Sequence[Look], ask: Ask) -> str:
    """The order of day and month: as the files prove it, else as the owner answers; "" where nobody says."""
    dates = [date for look in found if look.key for date in look.dates]
    if not dates:
        return ""
    shown = written.order_shown_by(dates)
    if shown:
        return shown
    read = {order: day(written.instant(dates[0], order)) for order in ("day first", "month first")}
    readings = ", or ".join(f"with the {order} {on}" for order, on in read.items())
    answer = ask(f"Is {dates[0]} {readings}? [day/month]", "").strip().lower()
    return {"d": "day first", "m": "month first"}.get(answer[:1], "")


def currency_of(found: Sequence[Look], book: Book, ask: Ask) -> tuple[str, dict[str, str]]:
    """The report's currency and the rates of others, where the files hold several and somebody answers."""
    sums: dict[str, Decimal] = {}
    for look in found:
        if questions.questions_of(look):
            for code, amount in questions.mrr(look, book).items():
                sums[code] = sums.get(code, Decimal(0)) + amount
    codes = [code for code in sums if code]
    if len(codes) < 2:
        return (codes[0] if codes and codes[0] in spellings.CURRENCIES else ""), {}
    each = " and ".join(money(round(sums[code], 2), code) for code in codes)
    asked = f"MRR is {each}. In which currency should the report be? [{'/'.join(codes)}]"
    currency = ask(asked, "").upper()
    if currency not in codes:
        return "", {}
    rates = {
        code: ask(f"What is one {code} worth in {currency}? Such as 0.92", "")
        for code in codes
        if code != currency
    }
    return currency, {code: rate for code, rate in rates.items() if written.amount(rate, ".")}


def settled(found: Sequence[Look], book: Book, ask: Ask) -> list[Look]:
    """The looks with the owner's answers; what nobody answers is left open, with the lines for it."""
    return [_settled(look, book, ask) for look in found]


def as_ledgers(found: Sequence[Look], ask: Ask) -> list[Look]:
    """The looks, where the owner says of an unknown file with days and amounts that it is a ledger of
    charges.

    Its four columns are asked for once, and stand in `retention.yml` from then on.
    """
    return [_as_ledger(look, ask) if may_be_ledger(look) else look for look in found]


def may_be_ledger(look: Look) -> bool:
    """Whether a file that nobody recognised has days and amounts, as a list of payments has."""
    return not look.key and bool(look.lines) and asking.may_hold_charges(look.lines)


def likely_ledger(found: Sequence[Look]) -> Path | None:
    """The first file that may be a list of payments; None for none."""
    return next((look.path for look in found if may_be_ledger(look)), None)


def _as_ledger(look: Look, ask: Ask) -> Look:
    if (
        not ask(f"Does {look.path.name} hold a row for each payment of a customer? [yes/no]", "")
        .lower()
        .startswith("y")
    ):
        return look
    header = [name for name in look.lines[0] if name]
    columns = {}
    for ours, what in asking.FOUR.items():
        named = _one_of(header, ask, f"Which column says {what}? [{' / '.join(header)}]")
        if named:
            columns[ours] = named
    if not {"customer_id", "charged_at", "amount"} <= set(columns):
        return look
    return replace(look, key=LEDGER, what="a ledger of charges", columns=columns)


def _one_of(header: Sequence[str], ask: Ask, question: str) -> str:
    """One of the names, as it is written; "" where none is answered."""
    for _ in range(_ASKED_AT_MOST):
        said = ask(question, "").strip().lower()
        named = next((name for name in header if name.lower() == said), "")
        if named or not said:
            return named
    return ""


def with_ledgers_settled(found: Sequence[Look], book: Book, ask: Ask) -> list[Look]:
    """The looks, with what the owner answers about what a ledger leaves open: its amounts, its tax, and how
    long its charges pay for.

    What nobody answers stops the check, with the line to write.
    """
    ledgers = [look for look in found if look.key == LEDGER]
    if not ledgers:
        return list(found)
    paths, said = [look.path for look in ledgers], _said_of_a_ledger(ledgers[0])
    settings = Settings(currency=book.currency, date_order=book.date_order)
    answers: dict[str, Any] = {}
    while (question := asking.doubt_of(paths, {**said, **answers}, settings)) and (
        choice := _answer(question, ask)
    ):
        answers |= choice.options
    rhythms: dict[str, str] = {}
    for unknown in asking.unknown_rhythms(paths, {**said, **answers}, settings):
        choice = _answer(asking.question_of(unknown), ask)
        rhythms |= choice.options if choice else {}
    options = {**ledgers[0].options, **answers, **({"rhythms": rhythms} if rhythms else {})}
    return [replace(look, options=options) if look.key == LEDGER else look for look in found]


def _answer(question: Question, ask: Ask) -> Choice | None:
    """The owner's choice; None where nobody answers, or not with one of the words."""
    if question.proposed and not question.is_needed:
        return question.proposed
    for _ in range(_ASKED_AT_MOST):
        said = ask(question.as_asked(), question.proposed.word if question.proposed else "")
        choice = question.answered(said)
        if choice or not said:
            return choice
    return None


def _settled(look: Look, book: Book, ask: Ask) -> Look:
    left_open = []
    for asks in questions.questions_of(look):
        question = asks(look, book)
        if question is None:
            continue
        choice = _answer(question, ask)
        if choice is None:
            left_open.append(question.as_left_open())
        else:
            is_news = choice is question.proposed and question.is_needed
            said = [question.as_assumed()] if is_news else []
            look = replace(choice.made(look), assumed=[*look.assumed, *said])
    look = _without_tax(look, book, ask)
    for question in questions.unknown_statuses(look):
        choice = _answer(question, ask)
        look = choice.made(look) if choice else look
    return replace(look, options={**look.options, OPEN: left_open}) if left_open else look


def _without_tax(look: Look, book: Book, ask: Ask) -> Look:
    """With the rate of the tax that prices contain by their heading; without an answer the check warns."""
    question = questions.asks_for_rate(look, book)
    rate = percentage(ask(question, "")).removesuffix("%") if question else ""
    return replace(look, options={**look.options, "tax_inside": yaml.safe_load(rate)}) if rate else look


def time_zone_here() -> str:
    """The time zone of this machine; UTC where it does not say."""
    named = os.environ.get("TZ", "").removeprefix(":")
    try:
        link = os.readlink("/etc/localtime")
    except OSError:
        link = ""
    zone = named or (link.split("zoneinfo/", 1)[1] if "zoneinfo/" in link else "")
    return zone if "/" in zone and not zone.startswith(("/", "Etc/")) else "UTC"


_HEAD = "# The settings of this business; what is not here keeps its default. docs/settings.md lists all."


def as_yaml(plan: Plan) -> str:
    """The text of `retention.yml`, with a word on every line that may need one."""
    lines = [
        _HEAD,
        f"business: {_flow(plan.business)}",
        f"time_zone: {plan.time_zone}  # days and months end at this midnight",
        f"currency: {plan.currency}"
        if plan.currency
        else "# currency: EUR  # needed when the data hold several",
    ]
    if plan.exchange_rates:
        rates = ", ".join(f"{code}: {rate}" for code, rate in plan.exchange_rates.items())
        lines.append(f"exchange_rates: {{{rates}}}  # what one unit is worth in {plan.currency}")
    if plan.date_order:
        lines.append(f"date_order: {plan.date_order}  # how days such as 05/03/2026 are meant")
    lines.append(
        "# targets: {churn: 0.2}  # the most of your buyers that you want to lose in a month"
        if plan.is_of_buyers
        else "targets: {churn: 0.05}  # the most that you want to lose in a month"
    )
    if plan.sources:
        lines += ["", "# Read anew for every report, so put new exports in the place of the old ones."]
        lines.append("sources:")
        for key, entry in plan.sources.items():
            lines += [f"  {key}:", *(line for name, value in entry.items() for line in _option(name, value))]
    return "\n".join(lines) + "\n"


# What a line of an entry is for, where its name does not say it.
_FOR = {
    "price_per": "what the amounts pay for",
    "price_in": "of the amounts",
    **{name: f"the price of rows whose interval is {per}" for name, per in PRICES_BESIDE.items()},
    "renews": "an end is none where the state is this",
    "date_order": "days are counted from 1970",
    "price_for": "how many times a price is paid",
    "discount": "what is taken off a price",
    "tax_inside": "the tax in a price, or its per cent",
    "trial_until": "service begins where a trial ends",
    "interval_count": "how many intervals a price pays for",
    "ended_where": "an end counts where this column is filled",
    "each": "a customer for each first row",
    "rows": "only those with a day",
    "rhythms": "how long a product pays for",
    "on_hold": "what those are that have been on hold for long",
    OPEN: "nobody has answered; no report is made until these lines are replaced as they say",
}


def _option(name: str, value: Any) -> list[str]:
    comment = f"  # {_FOR[name]}" if name in _FOR else ""
    if name == OPEN:
        return [f"    {name}:{comment}", *(f"    - {_flow(question)}" for question in value)]
    return [f"    {name}: {_flow(value)}{comment}"]


def _flow(value: Any) -> str:
    written = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, default_flow_style=True, width=10**6)
    return str(written).removesuffix("...\n").strip()


def write_settings(plan: Plan, folder: Path) -> bool:
    """Write `retention.yml`; False where there is one already, which is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SETTINGS_FILE
    if path.exists():
        return False
    path.write_text(as_yaml(plan), encoding="utf-8")
    return True


def lacking(tables: Iterable[str]) -> dict[str, str]:
    """The tables that are not there and could say something, and what each would add."""
    there = set(tables)
    needed = dict.fromkeys(contract.lacking(there), "needed for any report")
    are_buyers = INSTEAD in there and "subscriptions" not in there
    left_out = there | set(OF_SUBSCRIPTIONS if are_buyers else ())
    return {table: adds for table, adds in {**needed, **ADDS}.items() if table not in left_out}

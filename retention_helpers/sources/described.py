"""What the owner writes about a source in YAML: names for ours, words for ours, and keys that must be known.

`where` is how an error begins, such as "retention.yml: sources: customers".
"""

import re
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Any

from retention_helpers.words import spellings
from retention_helpers.words.errors import InputError, nearest

MINOR = "minor units"
UNITS = (MINOR, "whole units")  # what `price_in` may say
# The columns of prices for other intervals than that of the `mrr` column, and what each pays for.
PRICES_BESIDE = {"quarterly_price": "3 months", "half_yearly_price": "6 months", "yearly_price": "year"}
# What another cell of its row says of a price, its interval, its start and its end, each by its column.
OF_THE_SAME_ROW = (
    *PRICES_BESIDE, "price_for", "discount", "tax_inside", "interval_count", "trial_until", "ended_where",
)  # fmt: skip
ALL, NONE = "all", "none"  # a price of all seats together; no discount, no tax, no trial that has to be told
OPEN = "open"  # the questions that `init` could not put to anybody


def wrong(where: str, what: str) -> InputError:
    """An error about what stands there; `what` ends as a sentence does, or is ended."""
    return InputError(f"{where}: {what if what.endswith(('.', '?')) else what + '.'}")


def refuse_unknown(where: str, entry: Any, known: Sequence[str], first: str = "path") -> None:
    """Raise InputError unless the entry is lines of known keys, `first` among them."""
    if not isinstance(entry, dict):
        raise wrong(where, f"it should hold `{first}:` and more lines of the form `key: value`")
    for name in entry:
        if name not in known:
            raise wrong(where, f"{name} is not known here. {nearest(str(name), known)}")


def stays(entry: Any) -> bool:
    """Whether an entry of `sources:` says in which database a table lies, instead of a file that holds it."""
    return isinstance(entry, dict) and "database" in entry


def names(where: str, entry: Mapping[str, Any], part: str = "columns") -> dict[str, str]:
    """The file's names for columns of ours, by ours. Raises InputError."""
    found = entry.get(part) or {}
    if not isinstance(found, dict) or not all(isinstance(name, str | int) for name in found.values()):
        raise wrong(where, f"{part} should be names by column, such as {{customer_id: Account}}")
    return {str(ours): str(theirs) for ours, theirs in found.items()}


def values(where: str, entry: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The file's words for ours, by column. Raises InputError."""
    found = entry.get("values") or {}
    if not isinstance(found, dict) or not all(isinstance(words, dict) for words in found.values()):
        raise wrong(where, "values should be words by column, such as {status: {Live: active}}")
    return {str(column): _words(words) for column, words in found.items()}


def time_zone(where: str, entry: Mapping[str, Any]) -> str:
    """The zone of times that name none; "" where nothing is said. Raises InputError for one that is none."""
    zone = str(entry.get("time_zone") or "")
    if zone and zone not in zoneinfo.available_timezones():
        raise wrong(where, f"{zone} is no time zone. Name one such as UTC or Europe/Berlin")
    return zone


def price_per(where: str, entry: Mapping[str, Any]) -> str:
    """What prices pay for: "interval" for what a column says, one such as year, or "". Raises InputError."""
    per = str(entry.get("price_per") or "")
    if per and per != "interval" and spellings.interval(per) is None:
        raise wrong(where, f"price_per is {per}. Write interval, where a column says it, or one such as year")
    return per


def beside(entry: Mapping[str, Any]) -> dict[str, str]:
    """The columns of `OF_THE_SAME_ROW` that an entry names; `tax_inside` may be the per cent of all rows."""
    said = {name: str(entry[name]) for name in OF_THE_SAME_ROW if entry.get(name) is not None}
    return {name: column for name, column in said.items() if column not in (ALL, NONE)}


def renews(where: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The file's words for a state whose end only says until when is paid; () for none. Raises InputError."""
    said = entry.get("renews")
    words = said if isinstance(said, list) else [] if said is None or said == NONE else [said]
    if not all(isinstance(word, str | int) for word in words):
        raise wrong(where, "renews should be a word of the column of states, such as active, or none")
    return tuple(_word(word).strip().lower() for word in words)


def percentage(said: str) -> str:
    """A percentage for all rows, as a price's cell takes it; "" for the name of a column.

    >>> percentage("19"), percentage("19 %"), percentage("VAT")
    ('19%', '19%', '')
    """
    number = said.removesuffix("%").strip()
    return f"{number}%" if re.fullmatch(r"\d{1,2}([.]\d{1,2})?", number) else ""


def one_of(where: str, entry: Mapping[str, Any], option: str, known: Sequence[str]) -> str:
    """An option that knows few words; "" where it is not there. Raises InputError."""
    said = entry.get(option)
    if said not in (None, *known):
        raise wrong(where, f"{option} is {said}, and can only be `{'` or `'.join(known)}`")
    return str(said or "")


def _words(words: Mapping[Any, Any]) -> dict[str, str]:
    """The owner's words and ours; a word for nothing is an empty cell."""
    return {_word(theirs): _word(ours) for theirs, ours in words.items()}


def _word(value: Any) -> str:
    # YAML reads yes and no as truth.
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

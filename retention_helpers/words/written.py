"""How people write days, times and amounts in cells, and when that cannot be read for certain.

This is the one grammar of a cell: the gate's SQL reads only the plainest forms by itself (`PLAIN_INSTANT`,
`PLAIN_AMOUNT`), with the same value, and hands every other text to the functions here.

05/03/2026 is 5 March to most of the world and 3 May to the United States: without the owner's `date_order`
it is no date here. 1.200 is no amount without a sign that other amounts, or the owner, show. What can be read
in one way only (2026-03-05, 5 March 2026, 1.234,50) is read.
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from retention_helpers.words import spellings

UNIX = "unix"  # seconds since 1970, or thousandths of them
ORDERS = ("day first", "month first", "year first", UNIX)
_READ_ORDERS = ("day first", "month first")  # the two ways in which a day such as 05/03/2026 is read
SIGNS = {"point": ".", "comma": ","}  # what `decimal_sign` may say
FIRST_YEAR, LAST_YEAR = 1900, 2199

# Whatever separates words in a text, no-break blanks included; engines know fewer of them by themselves.
BLANKS = "[ \\t\\r\\n\\f\\v\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
_BLANKS = re.compile(BLANKS)

# --- days and times --------------------------------------------------------------------------------

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
_MIDNIGHT = "T24:00:00"  # the end of a day, as ISO 8601 has it
_OFFSET = r"(?:Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)"
PLAIN_INSTANT = rf"(19|20|21)\d\d-\d\d-\d\d([T ]{_CLOCK}(:[0-5]\d(\.\d{{1,6}})?{_OFFSET}?)?)?"
PLAIN_MONTH = r"(19|20|21)\d\d-(0[1-9]|1[0-2])"

_TIME = r"\d{1,2}:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?| Uhr)?"
_UTC = r"(?:Z|UTC|GMT|\(UTC\)|\(GMT\))"
TAIL = rf"(?:(?:[T,]? |T){_TIME}(?: ?(?:{_OFFSET}|{_UTC}))?| ?{_UTC})?"  # what may follow a day
SPLIT = rf"(.*?)({TAIL})"
_SPLIT = re.compile(SPLIT, re.ASCII)
_TAIL = re.compile(rf"(?:(?:[T,]? |T)(?P<time>{_TIME}))?(?: ?(?P<zone>{_OFFSET}|{_UTC}))?", re.ASCII)
_YEAR_FIRST = r"(?P<year>\d{4})(?P<sign>[-./]) ?(?P<month>\d{1,2})(?P=sign) ?(?P<day>\d{1,2})\.?"
_EAST = r"(?P<year>\d{4}) ?年 ?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?日"
_WORD = r"(?P<word>[A-Za-z\u00c0-\u017f]{3,10})\.?"
_NTH = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|\.)?"
_DAY_WORD_YEAR = rf"{_NTH}[ -]?(?:(?<= )de )?{_WORD}(?:[ ,-]+| de | del )(?P<year>\d{{4}})"
_WORD_DAY_YEAR = rf"{_WORD} {_NTH}(?:,|,? )+(?P<year>\d{{4}})"
_DAY_WORD_SHORT_YEAR = rf"(?P<day>\d{{1,2}})\.?[ -]{_WORD}[ -](?P<short>\d\d)"
# The forms of a day that can be read in one way only.
_DAYS = tuple(
    re.compile(form, re.ASCII)
    for form in (_YEAR_FIRST, _EAST, _DAY_WORD_YEAR, _WORD_DAY_YEAR, _DAY_WORD_SHORT_YEAR)
)
# The form of a day that takes a `date_order`.
_NUMBERS = re.compile(
    r"(?P<first>\d{1,2})(?P<sign>[./-]) ?(?P<second>\d{1,2})(?P=sign) ?(?P<year>\d{4}|\d\d)", re.ASCII
)
_SHORT_YEARS = 2000  # 26 is 2026
_UNIX = re.compile(r"\d{9,13}(?:\.\d{1,9})?", re.ASCII)
_PER_SECOND = (1, 1000)
_FIRST_SECOND, _LAST_SECOND = 631_152_000, 4_102_444_800
_SERIAL_DAYS = range(20_000, 80_000)  # 1954 to 2119


def bare(text: str) -> str:
    """A cell's text with one blank wherever any stand, and none around it."""
    return _BLANKS.sub(" ", text).strip(" ")


def instant(text: str, date_order: str = "") -> str | None:
    """A day or time as people write it, in ISO 8601; None where it cannot be read for certain.

    >>> instant("5 March 2026"), instant("3/15/2024 2:30 PM", "month first"), instant("05/03/2026")
    ('2026-03-05', '2024-03-15T14:30:00', None)
    """
    split = _SPLIT.fullmatch(bare(text))
    if split is None:
        return None
    on, after = day(split[1], date_order), tail(split[2])
    if on is None or after is None:
        return None
    if after.startswith(_MIDNIGHT):
        on = (dt.date.fromisoformat(on) + dt.timedelta(days=1)).isoformat()
        after = after.replace(_MIDNIGHT, "T00:00:00")
    return on + after


@lru_cache(maxsize=1 << 16)
def day(text: str, date_order: str = "") -> str | None:
    """A day without a time, in ISO 8601; None where it cannot be read for certain.

    Seconds since 1970 name their time too.

    >>> day("5-Jan-26"), day("2026年3月5日"), day("05.03.2026", "day first"), day("31/12/1899", "day first")
    ('2026-01-05', '2026-03-05', '2026-03-05', None)
    >>> day("1767571200", "unix"), day("1767571200500", "unix"), day("1767571200")
    ('2026-01-05T00:00:00Z', '2026-01-05T00:00:00.500000Z', None)
    """
    if date_order == UNIX and is_unix(text):
        return _since_1970(Decimal(text))
    found = next((found for form in _DAYS if (found := form.fullmatch(text))), None)
    if found:
        return _day(_year(found), _month(found), int(found["day"]))
    found = _NUMBERS.fullmatch(text)
    if found and date_order in _READ_ORDERS:
        first, second = int(found["first"]), int(found["second"])
        on, month = (first, second) if date_order == "day first" else (second, first)
        year = int(found["year"]) + (_SHORT_YEARS if len(found["year"]) == 2 else 0)
        return _day(year, month, on)
    return None


def is_unix(text: str) -> bool:
    """Whether a text may count the seconds since 1970, or their thousandths: 1990 to 2100, by its size.

    >>> is_unix("1767571200"), is_unix("1767571200000"), is_unix("20260105"), is_unix("46027")
    (True, True, False, False)
    """
    return bool(_UNIX.fullmatch(text)) and any(
        _FIRST_SECOND <= Decimal(text) / per < _LAST_SECOND for per in _PER_SECOND
    )


def _since_1970(number: Decimal) -> str:
    seconds = number / next(per for per in _PER_SECOND if number / per < _LAST_SECOND)
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=int(seconds * 1_000_000))
    return f"{moment.isoformat()}Z"


def _year(found: re.Match[str]) -> int:
    named = found.groupdict()
    return int(named["year"]) if named.get("year") else _SHORT_YEARS + int(named["short"])


def _month(found: re.Match[str]) -> int:
    named = found.groupdict()
    return int(named["month"]) if named.get("month") else spellings.MONTHS.get(named["word"].lower(), 0)


def _day(year: int, month: int, on: int) -> str | None:
    try:
        return dt.date(year, month, on).isoformat() if FIRST_YEAR <= year <= LAST_YEAR else None
    except ValueError:
        return None


@lru_cache(maxsize=1 << 16)
def tail(text: str) -> str | None:
    """What follows a day, in ISO 8601: "", or a time and an offset; None for a time that no clock shows.

    >>> tail(" 2:30 PM UTC"), tail("T10:30+02"), tail(" 24:00"), tail(" 24:01")
    ('T14:30:00Z', 'T10:30:00+02:00', 'T24:00:00', None)
    """
    found = _TAIL.fullmatch(text)
    if found is None:
        return None
    if not text:
        return ""
    zone = _zone(found["zone"] or "")
    if found["time"] in ("24:00", "24:00:00"):
        return f"{_MIDNIGHT}{zone}"
    try:
        return f"T{_time(found['time'] or '00:00').isoformat()}{zone}"
    except ValueError:
        return None


def _zone(said: str) -> str:
    if said[:1] not in ("+", "-"):
        return "Z" if said else ""
    digits = said[1:].replace(":", "").ljust(4, "0")
    return f"{said[0]}{digits[:2]}:{digits[2:]}"


def _time(text: str) -> dt.time:
    half = re.sub(r"[^AaPpMm]", "", text).upper()
    parts = re.sub(r"[^\d:.]", "", text).rstrip(".").split(":")
    hour, minute = int(parts[0]), int(parts[1])
    second = Decimal(parts[2]) if len(parts) > 2 else Decimal(0)
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half == "PM" else 0)
    return dt.time(hour, minute, int(second), int((second % 1) * 1_000_000))


def order_shown_by(texts: Iterable[str | None]) -> str:
    """The order of day and month that the texts themselves prove; "" where they prove none or both.

    >>> order_shown_by(["05/03/2026", "13/03/2026"]), order_shown_by(["05/03/2026"])
    ('day first', '')
    """
    shown = set()
    for text in filter(None, texts):
        fitting = [order for order in _READ_ORDERS if instant(text, order)]
        if len(fitting) == 1 and instant(text) is None:
            shown |= set(fitting)
    return shown.pop() if len(shown) == 1 else ""


def is_ambiguous(text: str) -> bool:
    """Whether a text is a date in numbers that needs the owner's `date_order`."""
    return instant(text) is None and any(instant(text, order) for order in _READ_ORDERS)


def is_no_day(text: str) -> bool:
    """Whether a text is what databases and people write where there is no day.

    >>> is_no_day("NULL"), is_no_day("9999-12-31 23:59:59"), is_no_day("0000-00-00"), is_no_day("2026-01-05")
    (True, True, True, False)
    """
    return bool(_NO_DAY.fullmatch(bare(text)))


def serial_day(number: float, *, epoch: dt.datetime) -> dt.date | dt.datetime | None:
    """The day, or time, of a spreadsheet's serial number; None for a number that is no likely day.

    >>> serial_day(46086, epoch=dt.datetime(1899, 12, 30))
    datetime.date(2026, 3, 5)
    """
    if int(number) not in _SERIAL_DAYS:
        return None
    moment = epoch + dt.timedelta(seconds=round(number * 86_400))
    return moment.date() if moment.time() == dt.time() else moment


_NO_DAY = re.compile(
    r"0|null|\\n|none|nil|na[nt]|n/a|never|nie|jamais|nunca|[-–—]|infinity|(?:9999-12-31|0000-00-00).*",
    re.IGNORECASE,
)

# --- amounts ---------------------------------------------------------------------------------------

# An amount that can be read in one way only: three digits after a point might be thousands.
PLAIN_AMOUNT = r"[+-]?\d{1,12}(\.(\d{1,2}|\d{4,30}))?"
EXACT_AMOUNT = r"[+-]?\d{1,12}(\.\d{1,30})?"  # the same where nothing but a point can be the sign
_PLAIN_DIGITS = r"[+-]?(?:{groups}|\d{{1,12}})(?:{sign}\d{{1,30}}|{sign}[-–—])?"
_INDIAN = r"[1-9]\d?(?:,\d{2}){1,4},\d{3}"  # 1,23,456


def _form(sign: str, thousands: Iterable[str], *others: str) -> re.Pattern[str]:
    """An amount with this sign of decimals, and one of these between every three digits, or none."""
    groups = "|".join([*(rf"[1-9]\d{{0,2}}(?:{one}\d{{3}}){{1,3}}" for one in thousands), *others])
    return re.compile(_PLAIN_DIGITS.format(groups=groups, sign=sign), re.ASCII)


_FORMS = {".": _form("[.]", (" ", ",", "'", "’"), _INDIAN), ",": _form(",", (" ", "[.]", "'", "’"))}
_DIGITS = r"[+-]?\d(?:[\d.,'’ ]*\d)?(?:[.,][-–—])?"
_NUMBER = re.compile(
    rf"(?P<sign>[+-]?)(?P<before>[^\d+-]*?) ?(?P<number>{_DIGITS})(?P<after>(?: ?[^\d ].*)?)", re.ASCII
)
_PER = re.compile(r"(?:/|per |pro |par |al |por |je |à |each |every )? ?(?P<interval>.+)")


@dataclass(frozen=True)
class Money:
    """An amount as a cell says it.

    Attributes:
        amount: the number.
        currency: the code of its currency, the sign where several share it, or "".
        interval: how long it pays for, as a unit and how many of it; None where the cell does not say.
    """

    amount: Decimal
    currency: str = ""
    interval: tuple[str, int] | None = None


@lru_cache(maxsize=1 << 14)
def money(text: str, decimal_sign: str = "") -> Money | None:
    """An amount with the currency and the interval that stand beside it; None where it cannot be read.

    1,234 may be a thousand or one and a quarter: it takes `decimal_sign`, the sign that the other amounts
    of its column show.

    >>> money("1.099,00 €/Jahr")
    Money(amount=Decimal('1099.00'), currency='EUR', interval=('year', 1))
    >>> money("1,234"), money("1,234", ".").amount, money("49 per seat")
    (None, Decimal('1234'), None)
    >>> money("$49 USD").currency, money("₹1,23,456.00").amount
    ('USD', Decimal('123456.00'))
    """
    found = _NUMBER.fullmatch(bare(text))
    if found is None:
        return None
    amount = _number(found["sign"] + found["number"], decimal_sign)
    before, after = found["before"].strip(), _after(found["after"].strip())
    if amount is None or after is None:
        return None
    said = [name for name in (after[0], before) if name]
    if len(said) > 1 and not spellings.can_mean(*said):
        return None
    currency = min(map(spellings.currency, said), key=spellings.is_shared, default="")
    return None if said and not currency else Money(amount, currency, after[1])


def _after(text: str) -> tuple[str, tuple[str, int] | None] | None:
    """The currency and the interval that follow a number; None for anything else."""
    if not text:
        return "", None
    for currency, rest in _cuts(text):
        interval = _interval(rest) if rest else None
        if (not currency or spellings.currency(currency)) and (not rest or interval):
            return currency, interval
    return None


def _cuts(text: str) -> Iterable[tuple[str, str]]:
    """The ways to cut a text into a currency and what follows it, the longest currency first."""
    places = [len(text), *(at.start() for at in reversed(list(re.finditer(r"[ /月年]", text)))), 0]
    return ((text[:at].strip(), text[at:].strip()) for at in places)


def _interval(text: str) -> tuple[str, int] | None:
    found = _PER.fullmatch(text)
    return spellings.interval(found["interval"]) if found else None


def _number(text: str, decimal_sign: str) -> Decimal | None:
    readings = {sign: _decimal(text, sign) for sign, form in _FORMS.items() if form.fullmatch(text)}
    if decimal_sign in readings:
        return readings[decimal_sign]
    one = set(readings.values())
    return one.pop() if len(one) == 1 else None


def _decimal(text: str, decimal_sign: str) -> Decimal:
    number = re.sub(rf"[^\d{decimal_sign}+-]|[-–—]$", "", text).replace(",", ".").rstrip(".")
    return Decimal(number)


def amount(text: str, decimal_sign: str = "") -> Decimal | None:
    """An amount as people write it; None where it cannot be read for certain, or is that of an interval.

    >>> amount("1.234,50"), amount("€ 49.90"), amount("1,234"), amount("1,234", ".")
    (Decimal('1234.50'), Decimal('49.90'), None, Decimal('1234'))
    """
    found = money(text, decimal_sign)
    return None if found is None or found.interval else found.amount


def with_thousands(text: str) -> Money | None:
    """An amount whose three last digits may be decimals, read as if they were none; None for any other.

    >>> with_thousands("¥4,900"), with_thousands("49.90")
    (Money(amount=Decimal('4900'), currency='¥', interval=None), None)
    """
    read = [found for sign in SIGNS.values() if (found := money(text, sign))] if money(text) is None else []
    return max(read, key=lambda found: abs(found.amount), default=None)


def is_ambiguous_amount(text: str) -> bool:
    """Whether a text is an amount that needs the sign of its decimals."""
    return with_thousands(text) is not None


def decimal_sign_of(texts: Iterable[str | None]) -> str:
    """The decimal sign that a column's amounts show; "" where they show none, or both.

    >>> decimal_sign_of(["49,90", "1.234"]), decimal_sign_of(["1,234"])
    (',', '')
    """
    shown = set()
    for text in filter(None, texts):
        found = _NUMBER.fullmatch(bare(text))
        if found and re.search(r"[.,]", found["number"]):
            fits = {sign for sign, form in _FORMS.items() if form.fullmatch(found["number"])}
            shown |= fits if len(fits) == 1 else set()
    return shown.pop() if len(shown) == 1 else ""

"""How people write days, times and amounts in their sheets, and when that cannot be read for certain.

05/03/2026 is 5 March to most of the world and 3 May to the United States: without the owner's `date_order`
it is no date here. What can be read in one way only (2026-03-05, 5 March 2026, 1.234,50) is read.
"""

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal

ORDERS = ("day first", "month first", "year first")

_TIME = r"(?:[T,]? +|T)(?P<time>\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?(?: ?[AaPp]\.?[Mm]\.?)?)"
_UTC = r"Z|UTC|GMT|\(UTC\)|\(GMT\)"
_TAIL = rf"(?:{_TIME})?(?: *(?P<zone>{_UTC}|[+-]\d\d:\d\d))?"
_ISO_TAIL = rf"(?:{_TIME})?(?: *(?P<zone>{_UTC}|[+-]\d\d:?\d\d))?"
_ISO = re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d){_ISO_TAIL}", re.ASCII)
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})[./-](?P<month>\d{{1,2}})[./-](?P<day>\d{{1,2}})\.?{_TAIL}", re.ASCII
)
_NUMBERS = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<sign>[./-]) ?(?P<second>\d{{1,2}})(?P=sign) ?(?P<year>\d{{4}}|\d\d){_TAIL}",
    re.ASCII,
)
_WORDS = re.compile(
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?[. -]+(?P<month>[A-Za-z]{3,9})\.?"
    r"|(?P<month2>[A-Za-z]{3,9})\.? +(?P<day2>\d{1,2})(?:st|nd|rd|th)?)"
    rf"[, -]+(?P<year>\d{{4}}){_TAIL}",
    re.ASCII,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SERIAL_DAYS = range(20_000, 80_000)  # 1954 to 2119


def order_shown_by(texts: Iterable[str | None]) -> str:
    """The order of day and month that the texts themselves prove; "" where they prove none or both.

    >>> order_shown_by(["05/03/2026", "13/03/2026"]), order_shown_by(["05/03/2026"])
    ('day first', '')
    """
    pairs = [
        (int(found["first"]), int(found["second"]))
        for found in (_NUMBERS.fullmatch(text.strip()) for text in texts if text)
        if found
    ]
    day_first = any(first > 12 for first, _ in pairs)
    month_first = any(second > 12 for _, second in pairs)
    return "" if day_first == month_first else "day first" if day_first else "month first"


def is_ambiguous(text: str) -> bool:
    """Whether a text is a date in numbers that needs the owner's `date_order`."""
    return _NUMBERS.fullmatch(text.strip()) is not None


def instant(text: str, date_order: str = "") -> str | None:
    """A day or time as people write it, in ISO 8601; None where it cannot be read for certain.

    >>> instant("5 March 2026"), instant("3/15/2024 2:30 PM", "month first"), instant("05/03/2026")
    ('2026-03-05', '2024-03-15T14:30:00', None)
    """
    text = " ".join(text.split())
    found = _ISO.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
    if found:
        return _iso(int(found["year"]), int(found["month"]), int(found["day"]), found)
    found = _WORDS.fullmatch(text)
    if found:
        month = (found["month"] or found["month2"]).lower()
        if month[:3] not in _MONTHS or not _is_month(month):
            return None
        day = int(found["day"] or found["day2"])
        return _iso(int(found["year"]), _MONTHS.index(month[:3]) + 1, day, found)
    found = _NUMBERS.fullmatch(text)
    if found and date_order in ("day first", "month first"):
        first, second = int(found["first"]), int(found["second"])
        year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
        day, month_number = (first, second) if date_order == "day first" else (second, first)
        return _iso(year, month_number, day, found)
    return None


def _is_month(word: str) -> bool:
    full = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
            "october", "november", "december")  # fmt: skip
    return word in _MONTHS or word in full or word == "sept"


def _iso(year: int, month: int, day: int, found: re.Match[str]) -> str | None:
    try:
        whole = dt.date(year, month, day).isoformat()
        if found["time"] or found["zone"]:
            whole += f"T{_time(found['time'] or '00:00').isoformat()}"
    except ValueError:
        return None
    if found["zone"]:
        whole += "Z" if found["zone"][0] in "ZUG(" else found["zone"]
    return whole


def _time(text: str) -> dt.time:
    half = re.sub(r"[^AaPpMm]", "", text).upper()
    clock = re.sub(r" ?[AaPp]\.?[Mm]\.?$", "", text)
    parts = clock.split(":")
    hour, minute = int(parts[0]), int(parts[1])
    second = Decimal(parts[2]) if len(parts) > 2 else Decimal(0)
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half == "PM" else 0)
    return dt.time(hour, minute, int(second), int((second % 1) * 1_000_000))


def serial_day(number: float, *, epoch: dt.datetime) -> dt.date | dt.datetime | None:
    """The day, or time, of a spreadsheet's serial number; None for a number that is no likely day.

    >>> serial_day(46086, epoch=dt.datetime(1899, 12, 30))
    datetime.date(2026, 3, 5)
    """
    if int(number) not in _SERIAL_DAYS:
        return None
    moment = epoch + dt.timedelta(seconds=round(number * 86_400))
    return moment.date() if moment.time() == dt.time() else moment


_SYMBOLS = {"€": "EUR", "£": "GBP", "$": "", "¥": "", "US$": "USD"}
_AMOUNT = re.compile(r"[+-]?\d[\d.,' \u00a0\u202f]*|[+-]?[.,]\d+", re.ASCII)
_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:[ ,'\u00a0\u202f]\d{3})+|\d+)(?:\.\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:[ .'\u00a0\u202f]\d{3})+|\d+)(?:,\d+)?", re.ASCII)


def amount(text: str, decimal_sign: str = "") -> Decimal | None:
    """An amount as people write it; None where it cannot be read for certain.

    1,234 may be a thousand or one and a quarter: it takes `decimal_sign`, the sign that the other amounts
    of its column show.

    >>> amount("1.234,50"), amount("€ 49.90"), amount("1,234"), amount("1,234", ".")
    (Decimal('1234.50'), Decimal('49.90'), None, Decimal('1234'))
    """
    bare = _without_currency(text)
    readings = {
        sign: Decimal(re.sub(r"[^\d.+-]", "", _with_point(bare, sign)))
        for sign, form in ((".", _POINT), (",", _COMMA))
        if form.fullmatch(bare)
    }
    if decimal_sign in readings:
        return readings[decimal_sign]
    one = set(readings.values())
    return one.pop() if len(one) == 1 else None


def _with_point(bare: str, decimal_sign: str) -> str:
    if decimal_sign == ",":
        return bare.replace(".", "").replace(",", ".")
    return bare.replace(",", "")


def decimal_sign_of(texts: Iterable[str | None]) -> str:
    """The decimal sign that a column's amounts show; "" where they show none, or both.

    >>> decimal_sign_of(["49,90", "1.234"]), decimal_sign_of(["1,234"])
    (',', '')
    """
    shown = set()
    for text in texts:
        bare = _without_currency(text or "")
        fits = {sign for sign, form in ((".", _POINT), (",", _COMMA)) if form.fullmatch(bare)}
        if len(fits) == 1 and re.search(r"[.,]", bare):
            shown |= fits
        elif len(fits) == 2 and (found := re.search(r"[.,]", bare)) and not re.search(r"[.,]\d{3}$", bare):
            shown.add(found[0])
    return shown.pop() if len(shown) == 1 else ""


def _without_currency(text: str) -> str:
    return re.sub(r"^(?:[A-Z]{3}|US\$|[€£$¥])? *|(?<=\d) *(?:[A-Z]{3}|[€£$¥])?$", "", " ".join(text.split()))


def currency_of(text: str) -> str:
    """The currency that stands beside an amount; "" where none does, or a sign that several share.

    >>> currency_of("49 EUR"), currency_of("€49"), currency_of("$49")
    ('EUR', 'EUR', '')
    """
    code = re.search(r"(?<![A-Z])[A-Z]{3}(?![A-Z])", text)
    if code:
        return code[0]
    return next((known for sign, known in _SYMBOLS.items() if sign in text and known), "")

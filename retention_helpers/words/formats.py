"""How a number is written: the one place that turns figures into text.

Tables, figures and sentences all write numbers through these functions, so that the same number looks
the same wherever it stands. A missing number is a dash.
"""

import datetime as dt
import html
import math
from decimal import Decimal
from typing import Any

import pandas as pd

MISSING = "–"


def is_missing(value: object) -> bool:
    return value is None or bool(pd.isna(value))  # type: ignore[call-overload]


def count(value: object) -> str:
    """A whole number with thousands separators.

    >>> count(12345)
    '12,345'
    """
    return MISSING if is_missing(value) else f"{int(value):,}"  # type: ignore[call-overload]


def percent(value: object, digits: int = 1) -> str:
    """A fraction as per cent.

    >>> percent(0.0414), percent(-0.1, 0)
    ('4.1 %', '−10 %')
    """
    if is_missing(value):
        return MISSING
    return f"{100 * float(value):.{digits}f} %".replace("-", "−")  # type: ignore[arg-type]


def points(value: object) -> str:
    """A difference between two fractions in percentage points, always with its sign.

    >>> points(-0.004)
    '−0.4'
    """
    if is_missing(value):
        return MISSING
    rounded = round(100 * float(value), 1)  # type: ignore[arg-type]
    sign = "+" if rounded > 0 else "−" if rounded < 0 else "±"
    return f"{sign}{abs(rounded):.1f}"


def difference(value: object, low: object, high: object) -> str:
    """A difference between two fractions with its interval, in percentage points.

    >>> difference(0.116, -0.049, 0.272)
    '+11.6 (−4.9 to +27.2)'
    """
    return MISSING if is_missing(value) else f"{points(value)} ({span(low, high)})"


def span(low: object, high: object) -> str:
    """The two ends of the interval of a difference, in percentage points.

    >>> span(-0.049, 0.272)
    '−4.9 to +27.2'
    """
    return MISSING if is_missing(low) or is_missing(high) else f"{points(low)} to {points(high)}"


def size_of_points(value: object) -> str:
    """The size of a difference between two fractions.

    >>> size_of_points(0.05), size_of_points(-0.015), size_of_points(0.01)
    ('5 points', '1.5 points', '1 point')
    """
    if is_missing(value):
        return MISSING
    size = f"{abs(100 * float(value)):.1f}".removesuffix(".0")  # type: ignore[arg-type]
    return f"{size} point{'' if size == '1' else 's'}"


def months(value: object) -> str:
    """A length of time to come.

    >>> months(10.9), months(0.7), months(0.2)
    ('11 months', '1 month', 'less than a month')
    """
    if is_missing(value):
        return MISSING
    whole = round(float(value))  # type: ignore[arg-type]
    return plural(whole, "month") if whole else "less than a month"


def interval(low: object, high: object) -> str:
    """The two ends of the interval of a fraction, in per cent.

    >>> interval(0.029, 0.057)
    '2.9–5.7 %'
    """
    if is_missing(low) or is_missing(high):
        return MISSING
    return f"{100 * float(low):.1f}–{100 * float(high):.1f} %"  # type: ignore[arg-type]


def rate(value: object, low: object, high: object) -> str:
    """A rate with its interval, where it has one.

    >>> rate(0.0414, 0.029, 0.057), rate(0.05, None, None)
    ('4.1 % (2.9–5.7 %)', '5.0 %')
    """
    if is_missing(value) or (is_missing(low) and is_missing(high)):
        return percent(value)
    return f"{percent(value)} ({interval(low, high)})"


def rate_in(row: Any, name: str) -> str:
    """A rate of a row with its interval, which lies beside it.

    >>> rate_in({"share": 0.0414, "share_low": 0.029, "share_high": 0.057}, "share")
    '4.1 % (2.9–5.7 %)'
    """
    return rate(row[name], row[f"{name}_low"], row[f"{name}_high"])


def times(value: object, low: object = None, high: object = None) -> str:
    """How many times as much, with the interval where there is one; an end that is infinite is left open.

    >>> times(1.94, 1.55, 2.39), times(2.4, 1.2, float("inf"))
    ('1.9 × (1.6–2.4)', '2.4 × (1.2 or more)')
    """
    if is_missing(value) or math.isinf(float(value)):  # type: ignore[arg-type]
        return MISSING
    said = f"{float(value):.1f} ×"  # type: ignore[arg-type]
    if is_missing(low) or is_missing(high):
        return said
    is_open = math.isinf(float(high))  # type: ignore[arg-type]
    ends = " or more" if is_open else f"–{float(high):.1f}"  # type: ignore[arg-type]
    return f"{said} ({float(low):.1f}{ends})"  # type: ignore[arg-type]


def money(value: object, currency: str = "") -> str:
    """An amount in major units: cents only where there are any.

    >>> money(Decimal("1240.50"), "EUR")
    'EUR 1,240.50'
    >>> money(Decimal("59"))
    '59'
    """
    if is_missing(value):
        return MISSING
    amount = Decimal(str(value)).quantize(Decimal("0.01"))
    text = f"{abs(amount):,.2f}".removesuffix(".00")
    sign = "−" if amount < 0 else ""
    return f"{sign}{currency} {text}" if currency else f"{sign}{text}"


def amount(value: object, low: object = None, high: object = None, currency: str = "") -> str:
    """An estimated amount with its interval: in whole units from 100 on, because cents would feign precision.

    >>> amount(427.68, 393.99, 464.24, "EUR"), amount(9.5), amount(-130.2, -2087, 1976)
    ('EUR 428 (394–464)', '9.50', '−130 (−2,087 to 1,976)')
    """
    if is_missing(value):
        return MISSING
    digits = 0 if abs(float(value)) >= 100 else 2  # type: ignore[arg-type]
    written = [MISSING if is_missing(end) else _signed(float(end), digits) for end in (value, low, high)]  # type: ignore[arg-type]
    between = " to " if "−" in "".join(written[1:]) else "–"
    ends = "" if is_missing(low) and is_missing(high) else f" ({written[1]}{between}{written[2]})"
    return f"{currency} {written[0]}{ends}".strip()


def _signed(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}".replace("-", "−")


def about(value: object, low: object, high: object, digits: int = 1) -> str:
    """A plain number with its interval, such as a number of months; an end that is infinite is left open.

    >>> about(8.0006, 7.644, 8.3419), about(float("inf"), 3.21, float("inf"))
    ('8.0 (7.6–8.3)', '3.2 or more')
    """
    if is_missing(value):
        return MISSING
    if math.isinf(float(high)):  # type: ignore[arg-type]
        return f"{number(low, digits)} or more"
    return f"{number(value, digits)} ({number(low, digits)}–{number(high, digits)})"


def p_value(value: object) -> str:
    """The chance of such a difference where there is none.

    >>> p_value(0.7273), p_value(1.6e-11)
    ('0.727', 'below 0.001')
    """
    if is_missing(value):
        return MISSING
    return "below 0.001" if float(value) < 0.001 else number(value, 3)  # type: ignore[arg-type]


def chance(value: object) -> str:
    """How likely so much would be by chance alone, in words where it is hardly so.

    >>> chance(0.0321), chance(0.0002), chance(1e-168)
    ('0.032', 'less than one in a thousand', 'less than one in a million')
    """
    if is_missing(value):
        return MISSING
    share = float(value)  # type: ignore[arg-type]
    if share < 1e-6:
        return "less than one in a million"
    return "less than one in a thousand" if share < 1e-3 else number(share, 3)


def counted(value: object, low: object, high: object) -> str:
    """A number of customers to expect, with its interval where it has one.

    >>> counted(274, 238, 1311), counted(429, None, None)
    ('274 (238–1,311)', '429')
    """
    if is_missing(value) or (is_missing(low) and is_missing(high)):
        return count(value)
    return f"{count(value)} ({count(low)}–{count(high)})"


def number(value: object, digits: int = 2) -> str:
    """A plain number, such as a ratio.

    >>> number(1.4567), number(-2.4)
    ('1.46', '−2.40')
    """
    return MISSING if is_missing(value) else _signed(float(value), digits)  # type: ignore[arg-type]


def exact(value: Decimal) -> str:
    """A plain number with all its decimals, such as an exchange rate.

    >>> exact(Decimal("0.00610"))
    '0.0061'
    """
    return f"{value.normalize():f}"


def trimmed(value: object) -> str:
    """A plain number with as many decimals as it needs, at most two.

    >>> trimmed(3.0), trimmed(0.25), trimmed(1 / 3)
    ('3', '0.25', '0.33')
    """
    return number(value).rstrip("0").rstrip(".") if not is_missing(value) else MISSING


def typed(value: float | Decimal) -> str:
    """A number as a cell of a file has it: every digit of a decimal, those that Excel shows of others.

    >>> typed(49.9), typed(1e15), typed(Decimal("1E+2"))
    ('49.9', '1000000000000000', '100')
    """
    if isinstance(value, Decimal):
        return f"{value:f}"
    return f"{value:.15g}" if abs(value) < 1e15 else f"{value:.0f}"


def shortest(value: object) -> str:
    """A plain number as one would type it.

    >>> shortest(20.0), shortest(0.125), shortest(Decimal("2.50"))
    ('20', '0.125', '2.5')
    """
    return MISSING if is_missing(value) else f"{float(value):g}"  # type: ignore[arg-type]


def tenths(value: object) -> str:
    """A plain number with one decimal, such as months.

    >>> tenths(10.93)
    '10.9'
    """
    return number(value, 1)


def day(value: object) -> str:
    """A day, as people write it.

    >>> day(dt.date(2026, 3, 5))
    '5 March 2026'
    """
    if is_missing(value):
        return MISSING
    stamp = pd.Timestamp(value)  # type: ignore[arg-type]
    return f"{stamp.day} {stamp:%B %Y}"


def month(value: object) -> str:
    """A calendar month, from any day of it or from its ISO text.

    >>> month("2026-10")
    'October 2026'
    """
    return MISSING if is_missing(value) else f"{pd.Timestamp(value):%B %Y}"  # type: ignore[arg-type]


def month_span(first: object, last: object) -> str:
    """Calendar months from one to another.

    >>> month_span("2026-08", "2026-10"), month_span("2025-11", "2026-10"), month_span("2026-10", "2026-10")
    ('August to October 2026', 'November 2025 to October 2026', 'October 2026')
    """
    begin, end = pd.Timestamp(first), pd.Timestamp(last)  # type: ignore[arg-type]
    if begin >= end:
        return month(end)
    return f"{begin:%B} to {month(end)}" if begin.year == end.year else f"{month(begin)} to {month(end)}"


def short_month(value: object) -> str:
    """A calendar month where space is short.

    >>> short_month("2026-10")
    'Oct 2026'
    """
    return MISSING if is_missing(value) else f"{pd.Timestamp(value):%b %Y}"  # type: ignore[arg-type]


def short_day(value: object) -> str:
    """A day where space is short.

    >>> short_day(dt.date(2026, 3, 5))
    '5 Mar 2026'
    """
    if is_missing(value):
        return MISSING
    stamp = pd.Timestamp(value)  # type: ignore[arg-type]
    return f"{stamp.day} {stamp:%b %Y}"


def iso_month(value: dt.date | str) -> str:
    """A calendar month as ISO text, the form of parameters and files, from any day of it or from that text.

    >>> iso_month(dt.date(2026, 3, 1)), iso_month("2026-03")
    ('2026-03', '2026-03')
    """
    return f"{pd.Timestamp(value):%Y-%m}"


def plural(amount: int, noun: str, nouns: str = "") -> str:
    """A count and its noun.

    >>> plural(1, "customer"), plural(3, "customer"), plural(2, "loss", "losses")
    ('1 customer', '3 customers', '2 losses')
    """
    return f"{count(amount)} {noun if amount == 1 else nouns or noun + 's'}"


def escaped(text: str) -> str:
    """Text as HTML that shows it and nothing else; a number stays on one line with its per cent sign.

    >>> escaped("<b> 5.0 %") == "&lt;b&gt; 5.0\\u00a0%"
    True
    """
    return html.escape(text).replace(" %", "\u00a0%")


def words(code: object) -> str:
    """A word of a list as people write it, at the start of a line.

    >>> words("too_expensive")
    'Too expensive'
    """
    text = str(code).replace("_", " ")
    return text[:1].upper() + text[1:]


ACRONYMS = ("mrr", "mau", "wau")


def label(name: str) -> str:
    """A column's name as a heading.

    >>> label("customers_at_start"), label("mrr_at_end"), label("customer_id")
    ('Customers at start', 'MRR at end', 'Customer')
    """
    parts = name.removesuffix("_id").split("_")
    heading = " ".join(part.upper() if part in ACRONYMS else part for part in parts)
    return heading[:1].upper() + heading[1:]


_SPELLED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
            "twelve")  # fmt: skip


def spelled(number: int, up_to: int = 10) -> str:
    """A small count in words, up to ten or up to twelve; a larger one in figures.

    >>> spelled(3), spelled(12), spelled(12, up_to=12)
    ('three', '12', 'twelve')
    """
    return _SPELLED[number] if 0 <= number <= up_to else count(number)

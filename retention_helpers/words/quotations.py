"""What customers wrote, as it may be shown: on one line, with addresses, numbers and their own name masked.

Whatever stands in a comment is text. E-mail addresses, phone, card and account numbers are masked before
anything is shown or counted, signs that turn the direction of a line are left out, and long comments are cut.
"""

import re
import unicodedata
from collections.abc import Collection

from retention_helpers.words.formats import count

MOST_LETTERS = 280  # of a quotation
# Joiners (U+200C, U+200D) stay: some scripts and emoji need them.
_UNSEEN = dict.fromkeys(
    [0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF, 0x00AD]
)

_AT = r"[@＠]|\s?[\[(]\s?at\s?[\])]\s?"
_DOT = r"[.．。]|\s?[\[(]\s?dot\s?[\])]\s?"
_EMAIL = rf"[\w.+%-]{{1,64}}(?:{_AT})[\w-]{{1,63}}(?:(?:{_DOT})[\w-]{{1,63}}){{1,5}}"
_SPELT = r"[\w.+%-]{1,64}\s[aA][tT]\s[\w-]{1,63}(?:\s[dD][oO][tT]\s[\w-]{1,63}){1,5}"
_DAY = r"(?<!\d)(?:\d{4}(?P<a>[-/.])\d{1,2}(?P=a)\d{1,2}|\d{1,2}(?P<b>[-/.])\d{1,2}(?P=b)\d{4})(?!\d)"
_AMOUNT = r"(?<![\d.])[1-9]\d{0,2}(?:\.\d{3})+(?![\d.])"  # thousands after the German fashion
_ACCOUNT = r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"
_NUMBER = r"(?<![\dA-Za-z])[+＋]?[(（]?\d(?:[\s().\-/–—（）]{0,2}\d){6,}"
_PRIVATE = re.compile(
    f"(?P<email>{_EMAIL}|{_SPELT})|(?P<account>{_ACCOUNT})|(?P<kept>{_DAY}|{_AMOUNT})|(?P<number>{_NUMBER})"
)
NAME = "[name]"
_NOTHING_MORE = r"(?:[\s.!,;)]|\[[a-z -]+\])"  # but what is masked already, such as an address
CARD_DIGITS = range(13, 20)
PHONE_DIGITS = range(7, 13)


def masked(text: str) -> str:
    """The text with e-mail addresses, phone, card and account numbers replaced by a word in brackets.

    Any other row of seven digits or more is masked as well; days and amounts are left.

    >>> masked("Call +49 30 1234567, or mail ada@example.com, before 2026-03-05")
    'Call [phone number], or mail [e-mail address], before 2026-03-05'
    >>> masked("My card 4111 1111 1111 1111 was charged 1.250.000 twice")
    'My card [card number] was charged 1.250.000 twice'
    """
    return _PRIVATE.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    if found["kept"]:
        return found[0]
    if found["email"]:
        return "[e-mail address]"
    if found["account"]:
        return "[account number]"
    digits = [unicodedata.digit(sign) for sign in found[0] if sign.isdigit()]
    if len(digits) in CARD_DIGITS and _is_card(digits):
        return "[card number]"
    return "[phone number]" if len(digits) in PHONE_DIGITS else "[number]"


def _is_card(digits: list[int]) -> bool:
    """Luhn's check, which every card number passes."""
    doubled = [
        digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits[::-1])
    ]
    return sum(doubled) % 10 == 0


def readable(text: str) -> str:
    """The text on one line: masked, without control signs and without those that turn the line around."""
    plain = "".join(
        " " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign
        for sign in unicodedata.normalize("NFC", text).translate(_UNSEEN)
    )
    return masked(" ".join(plain.split()))


def quoted(text: str) -> str:
    """A comment as it is quoted: readable, and cut where it is long.

    >>> quoted("Great,\\nthanks")
    'Great, thanks'
    """
    line = readable(text)
    if len(line) <= MOST_LETTERS:
        return line
    start = line[:MOST_LETTERS]
    whole_words = start.rsplit(" ", 1)[0] if " " in start[MOST_LETTERS // 2 :] else start
    return f"{whole_words} … ({count(len(line) - len(whole_words))} letters more)"


def unsigned(text: str, names: Collection[str]) -> str:
    """The text without the writer's own names: whole wherever it stands, a part of it where it signs.

    A single name within the text stays, for many are words as well.

    >>> unsigned("Ada King wrote that the price is too high. Regards, Ada K.", ["Ada King"])
    '[name] wrote that the price is too high. Regards, [name].'
    >>> unsigned("The price is a king's ransom", ["Ada King"])
    "The price is a king's ransom"
    """
    whole = sorted((name for name in map(_spaced, names) if " " in name), key=len, reverse=True)
    for name in whole:
        text = re.sub(rf"(?<!\w){_any_space(name)}(?!\w)", NAME, text, flags=re.IGNORECASE)
    parts = {part for name in map(_spaced, names) for part in name.split() if len(part) > 1}
    if not parts:
        return text
    part = "|".join(re.escape(one) for one in sorted(parts, key=len, reverse=True))
    initial = "|".join(sorted({re.escape(one[0]) for one in parts}))
    name = rf"(?<!\w)(?:{part})(?:\s+(?:{part}|(?:{initial})\b))*(?!\w)"
    return re.sub(rf"{name}(?={_NOTHING_MORE}*$)", NAME, text)


def _spaced(name: str) -> str:
    return " ".join(name.split())


def _any_space(name: str) -> str:
    return r"\s+".join(map(re.escape, name.split()))

"""What reaches a terminal is text: no name and no cell moves its cursor or turns its lines around."""

import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str, encoding: str = "utf-8") -> str:
    r"""The text with signs that steer a terminal, or that it cannot write, as JSON would write them.

    >>> print(plain("evil\x1b[2J\r.csv"), plain("10 \u2013 20", "ascii"))
    evil\u001b[2J\u000d.csv 10 \u2013 20
    """
    return "".join(sign if _is_plain(sign, encoding) else _escaped(sign) for sign in text)


def _is_plain(sign: str, encoding: str) -> bool:
    if sign in "\n\t":
        return True
    if unicodedata.category(sign) in ("Cc", "Cs") or sign in _TURNING:
        return False
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _escaped(sign: str) -> str:
    halves = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{halves[at : at + 2].hex()}" for at in range(0, len(halves), 2))


class _Plain:
    """A stream that writes nothing but plain text; the rest is that of the stream below."""

    def __init__(self, below: TextIO) -> None:
        self.below = below

    def write(self, text: str) -> int:
        self.below.write(plain(text, self.below.encoding or "utf-8"))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.below, name)


def steerable(stream: Any) -> TextIO:
    """The stream below, for what moves the cursor on purpose, such as a progress bar."""
    below: TextIO = getattr(stream, "below", stream)
    return below


@contextmanager
def plain_terminal() -> Iterator[None]:
    """What is printed inside is plain."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Plain(sys.stdout), _Plain(sys.stderr)  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before

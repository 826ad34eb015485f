"""Files of text as they come: their letters, their line ends, and what is too large to be a table.

Whoever reads a CSV file opens it here, so that the gate, the sheets and `init` see the same text.
"""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, TextIO, cast

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.unreadable import Unreadable

LONGEST_LINE = 2_000_000  # bytes
_MOST_EMPTY = 1 << 23  # bytes of nothing but blanks and line ends
_AT_ONCE = 1 << 20
_GZIP = b"\x1f\x8b"
WINDOWS, CHINESE = "cp1252", "gb18030"
_ASSUMED = {WINDOWS: ("Windows letters", " with umlauts or accents"), CHINESE: ("Chinese (GBK)", "")}
_NOT_ASCII = re.compile(rb"[\x80-\xff]+")
_HANZI = re.compile(rb"(?:[\xa1-\xa9\xb0-\xf7][\xa1-\xfe])+")  # as GB 2312 has them, the core of GBK
_IN_A_ROW = 4  # bytes: no language that is written in letters of Windows has four accents in a row
_MOSTLY = 0.9


@dataclass(frozen=True)
class Form:
    """How a file of text is written: its encoding, and whether its lines end in more than one way."""

    encoding: str
    is_mixed: bool

    @property
    def is_plain(self) -> bool:
        """Whether an engine reads it as it is."""
        return self.encoding == "utf-8-sig" and not self.is_mixed


def form_of_text(path: Path) -> Form:
    """How a file is written, from all of it. Raises Unreadable, soon, for what is no table of texts."""
    state = path.stat()
    return _form(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _form(path: Path, size: int, changed: int) -> Form:
    try:
        with _open(path) as raw:
            return _looked_through(path, raw)
    except (EOFError, OSError, zlib.error):
        raise Unreadable("the file cannot be read to its end", "Export or copy it again.") from None


def _looked_through(path: Path, raw: IO[bytes]) -> Form:
    first = raw.read(4)
    is_wide = first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decode = codecs.getincrementaldecoder("utf-8")().decode
    is_utf8, ends, before, line, empty = not is_wide, set[bytes](), b"", 0, 0
    for some in _pieces(first, raw):
        line, empty = _held(some, line, empty)
        ends |= _line_ends(b"\r" + some if before.endswith(b"\r") else some)
        before = some
        if is_utf8:
            try:
                decode(some)
            except UnicodeDecodeError:
                is_utf8 = False
    if is_wide:
        return Form("utf-16", is_mixed=True)
    return Form("utf-8-sig" if is_utf8 else _older(path), is_mixed=len(ends) > 1)


def _pieces(first: bytes, raw: IO[bytes]) -> Iterator[bytes]:
    yield first
    while some := raw.read(_AT_ONCE):
        yield some


def _held(some: bytes, line: int, empty: int) -> tuple[int, int]:
    """How long the last line is by now, and how many blanks came one after the other. Raises Unreadable."""
    end = max(some.rfind(b"\n"), some.rfind(b"\r"))
    line = line + len(some) if end < 0 else len(some) - end - 1
    empty = 0 if some.strip(b" \t\r\n\0") else empty + len(some)
    if line > LONGEST_LINE:
        raise Unreadable("a line is longer than two million signs", "Shorten its texts, or export it again.")
    if empty > _MOST_EMPTY:
        raise Unreadable("it holds millions of empty lines", "Export it again.")
    return line, empty


def _line_ends(some: bytes) -> set[bytes]:
    both = some.count(b"\r\n")
    found = {b"\r\n": both, b"\n": some.count(b"\n") - both, b"\r": some[:-1].count(b"\r") - both}
    return {end for end, count in found.items() if count > 0}


def _older(path: Path) -> str:
    """The letters before UTF-8: Chinese or Windows. Raises Unreadable where the bytes are neither."""
    with _open(path) as raw:
        is_chinese = _is_chinese(raw.read(_AT_ONCE))
    for encoding in ([CHINESE] if is_chinese else []) + [WINDOWS]:
        if _is_text(path, encoding):
            return encoding
    raise Unreadable("it is not text", "Save it as CSV UTF-8.")


def _is_chinese(some: bytes) -> bool:
    """Whether what is not ASCII stands in pairs that are Chinese signs, several in a row.

    >>> _is_chinese("客户编号,月费".encode("gbk")), _is_chinese("Größe,Kündigung".encode("cp1252"))
    (True, False)
    """
    runs = _NOT_ASCII.findall(some)
    pairs = [run for run in runs if _HANZI.fullmatch(run)]
    is_long = any(len(run) >= _IN_A_ROW for run in pairs)
    return is_long and sum(map(len, pairs)) >= _MOSTLY * sum(map(len, runs))


def _is_text(path: Path, encoding: str) -> bool:
    decode = codecs.getincrementaldecoder(encoding)().decode
    with _open(path) as raw:
        try:
            while some := raw.read(_AT_ONCE):
                if "\0" in decode(some):
                    return False
        except UnicodeDecodeError:
            return False
    return True


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as raw:
        is_packed = raw.read(2) == _GZIP
    return cast(IO[bytes], gzip.open(path, "rb") if is_packed else path.open("rb"))


def opened_text(path: Path) -> TextIO:
    """A file's text in its own letters, the line ends as they are. Raises Unreadable."""
    return io.TextIOWrapper(_open(path), encoding=form_of_text(path).encoding, newline="")


def as_plain(path: Path, into: Path) -> Path:
    """The file itself where an engine reads it as it is, else a copy in UTF-8 with even line ends."""
    form = form_of_text(path)
    if form.is_plain:
        return path
    copy = into / f"plain-{path.name.removesuffix('.gz')}"
    with (
        io.TextIOWrapper(_open(path), encoding=form.encoding, newline=None) as text,
        copy.open("w", encoding="utf-8", newline="\n") as plain,
    ):
        while some := text.read(_AT_ONCE):
            plain.write(some)
    return copy


def letters_assumed(path: Path, name: str, table: str = "") -> list[Fault]:
    """A note where the letters of a file had to be guessed at."""
    encoding = form_of_text(path).encoding
    if encoding not in _ASSUMED:
        return []
    letters, at = _ASSUMED[encoding]
    said = message(
        name,
        f"it is not UTF-8 text and was read as {letters}",
        f"Look at names{at}; save it as CSV UTF-8 if they are wrong.",
    )
    return [Fault("note", table, "letters assumed", 0, said)]

"""Objects of an API as they lie in files: JSON, JSON Lines, or the pages of a list, one after the other."""

import gzip
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from retention_helpers.sources.folder import Unreadable

Object = Mapping[str, Any]
_BLANK = " \t\r\n,"
# Letters of one line of JSON Lines, and of what has to be read in one piece: more than any API gives at once,
# and as much as fits into the memory that an import may take.
LONGEST_LINE, LARGEST_PIECE = 50_000_000, 300_000_000


@dataclass(frozen=True)
class Placed:
    """An object and where the owner finds it: "line 7" of JSON Lines, "object 7" of a list."""

    place: str
    found: Object


def is_json(path: Path) -> bool:
    """Whether a file holds JSON or JSON Lines, by its name."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith((".json", ".jsonl", ".ndjson"))


def objects(path: Path) -> Iterator[Placed]:
    """The objects of a file in its order; JSON Lines are read line by line, whatever their size.

    Raises Unreadable for what is no JSON, or too large to be read at once, and for a list whose last page
    says that more would follow.
    """
    try:
        with _open(path) as text:
            yield from _lines(text) if _is_lines(path) else _whole(_in_one_piece(text))
    except (UnicodeDecodeError, OSError, EOFError):
        raise Unreadable("the file cannot be read to its end", "Export it again.") from None


def _open(path: Path) -> TextIO:
    if path.name.lower().endswith(".gz"):
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def _is_lines(path: Path) -> bool:
    """Whether the first line is a value of its own, and no list that holds everything."""
    with _open(path) as text:
        first = next((line for line in _of_bounded_length(text) if line.strip()), "")
    try:
        return isinstance(json.loads(first), dict)
    except ValueError:
        return False


def _of_bounded_length(text: TextIO) -> Iterator[str]:
    """The lines of a text; one that is longer than `LONGEST_LINE` is cut into pieces that are."""
    return iter(lambda: text.readline(LONGEST_LINE + 1), "")


def _in_one_piece(text: TextIO) -> str:
    found = text.read(LARGEST_PIECE + 1)
    if len(found) > LARGEST_PIECE:
        raise Unreadable(
            f"it is one piece of more than {LARGEST_PIECE // 1_000_000} MB",
            "Save it as JSON Lines, an object a line: jq -c '.[]' FILE > FILE.jsonl",
        )
    return found


def _lines(text: TextIO) -> Iterator[Placed]:
    more = False
    for number, line in enumerate(_of_bounded_length(text), start=1):
        if not line.strip():
            continue
        if len(line) > LONGEST_LINE:
            raise Unreadable(
                f"line {number} is longer than {LONGEST_LINE // 1_000_000} MB", "Export it, an object a line."
            )
        try:
            document = json.loads(line)
        except ValueError:
            raise Unreadable(f"line {number} is no JSON", "Export it again; it may be cut off.") from None
        place = f"line {number}"
        more = _has_more(document)
        yield from (Placed(place, one) for one in _listed(document, place))
    _refuse_first_page(more)


def _whole(text: str) -> Iterator[Placed]:
    decoder, at, nth, more = json.JSONDecoder(), 0, 0, False
    while (at := _skip_blank(text, at)) < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except ValueError:
            line = text.count("\n", 0, at) + 1
            raise Unreadable(f"what begins on line {line} is no JSON", "Export it again.") from None
        more = _has_more(document)
        for one in _listed(document, f"object {nth + 1}"):
            nth += 1
            yield Placed(f"object {nth}", one)
    _refuse_first_page(more)


def _skip_blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _listed(document: Any, place: str) -> Iterator[Object]:
    """The objects of a document: of a list, of an API's page with its `data`, or the document itself."""
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
    for one in document if isinstance(document, list) else [document]:
        if not isinstance(one, dict):
            raise Unreadable(f"{place} is no object", "Export it again.")
        yield one


def _has_more(document: Any) -> bool:
    """Whether a page says that another one follows, as Stripe or as Paddle says it."""
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        return False
    meta = document.get("meta")
    pagination = meta.get("pagination") if isinstance(meta, dict) else None
    said = pagination if isinstance(pagination, dict) else document
    return bool(said.get("has_more"))


def _refuse_first_page(more: bool) -> None:
    if more:
        raise Unreadable(
            "its last page says that more would follow (has_more), so the rest is missing",
            "Fetch every page, up to the one without more.",
        )

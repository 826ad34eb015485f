"""Objects of an API as people save its answers: a list, a page with it in `data`, or an object a line."""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from retention_helpers.sources.folder import Unreadable

LINES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
ENDINGS = (".json", ".json.gz", *LINES)
Object = Mapping[str, Any]


def is_of_objects(path: Path) -> bool:
    return path.name.lower().endswith(ENDINGS)


def objects(path: Path) -> Iterator[tuple[str, Object]]:
    """Each object of a file with its place, "object 3" or "line 3". Raises Unreadable.

    JSON Lines are read line by line, in the memory that one line takes. An event of a webhook is the object
    in its `data`.
    """
    try:
        with _opened(path) as file:
            yield from _of_lines(file) if path.name.lower().endswith(LINES) else _of_document(file)
    except UnicodeDecodeError:
        raise Unreadable("the text is not UTF-8", "Save it as UTF-8.") from None
    except (OSError, EOFError, RecursionError):
        raise Unreadable("the file cannot be read to its end", "Export or copy it again.") from None


def _opened(path: Path) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def _of_lines(file: IO[str]) -> Iterator[tuple[str, Object]]:
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield f"line {number}", _object(_parsed(line, f"line {number}"), f"line {number}")


def _of_document(file: IO[str]) -> Iterator[tuple[str, Object]]:
    content = _parsed(file.read(), "the file")
    listed = content.get("data") if isinstance(content, dict) else content
    for nth, item in enumerate(listed if isinstance(listed, list) else [content], start=1):
        yield f"object {nth}", _object(item, f"object {nth}")


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Unreadable(f"{where} is not JSON", "Export it again, to its end.") from None


def _object(item: Any, place: str) -> Object:
    if not isinstance(item, dict):
        raise Unreadable(f"{place} is no object", "Save the list of objects as the API gave it.")
    inner = item.get("data")
    return inner if isinstance(inner, dict) else item

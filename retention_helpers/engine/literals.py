"""Names and values as SQL of DuckDB."""

import re
from pathlib import Path


def quoted(name: str) -> str:
    """A column's name as SQL, whatever the owner called it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def path_text(path: Path) -> str:
    """A path as an SQL literal that names this very file: the engine would take *, ? and [ as patterns.

    >>> path_text(Path("data [2026]/it's.csv"))
    "'data [[]2026]/it''s.csv'"
    """
    return text(re.sub(r"([*?\[])", r"[\1]", str(path)))

"""`schema`: the JSON Schema of findings.json, from what the rooms declare; the pointers of the glossary."""

import argparse
import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from retention_helpers import shipped
from retention_helpers.commands.arguments import Commands

if TYPE_CHECKING:
    from retention_helpers.shown.results import Measure

NAME = "schema"
ROOMS = (*shipped.QUESTIONS, "plan", "monthly_review")
GLOSSARY = shipped.HOME / "GLOSSARY.md"


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME, help="make findings.schema.json and the glossary's pointers anew", allow_abbrev=False
    )
    parser.add_argument("--check", action="store_true", help="only say whether they are so already")


def run(options: argparse.Namespace) -> int:
    made = {shipped.SCHEMA: written(), GLOSSARY: pointed(GLOSSARY.read_text(encoding="utf-8"))}
    differing = [path for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    for path in differing:
        if options.check:
            print(f"{path.name} is not as `make schema` makes it.")
        else:
            path.write_text(made[path], encoding="utf-8")
            print(f"{path.name} was made anew.")
    return 1 if options.check and differing else 0


def measures() -> Iterator[tuple[str, "Measure"]]:
    """Every measure that hands something on, with its part of findings.json ("": the top)."""
    for name in ROOMS:
        room: Mapping[str, Sequence[Measure]] = import_module(f"retention_helpers.{name}").FINDINGS
        for part, found in room.items():
            yield from ((part, measure) for measure in found)


def about(part: str) -> str:
    """What the schema says of a part as a whole; "" where nothing has to be said."""
    rooms = [import_module(f"retention_helpers.{name}") for name in ROOMS]
    told: dict[str, str] = {key: said for room in rooms for key, said in getattr(room, "ABOUT", {}).items()}
    return told.get(part, "")


def written() -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema of findings.json; a report of some pages alone has only their parts."""
    from retention_helpers.report.made_from import MADE
    from retention_helpers.shown.units import DEFINITIONS, MONTH, TEXT, fields, node_of, noted, or_null

    parts: dict[str, dict[str, Any]] = {}
    for part, measure in measures():
        keys = parts.setdefault(part, {})
        for key, node in measure.schema.items():
            assert key not in keys, f"{key} is declared twice in {part or 'findings.json'}"
            keys[key] = node
    top = parts.pop("", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "findings.json",
        "description": "Every number that the pages of a month's report state. Fractions, not per cent; nine "
        "significant digits, counts and money exact; null where a number cannot be given.",
        "type": "object",
        "required": ["schema_version", "month", "as_of", "currency"],
        "additionalProperties": False,
        "properties": {
            "schema_version": {"const": 1},
            "month": node_of(MONTH),
            "business": noted(TEXT, "the business and the name of its data folder"),
            "as_of": noted(
                TEXT, "the instant of the cut: the midnight that ends the month, in the business time zone"
            ),
            "currency": or_null(TEXT.node),
            "made": MADE,
            **{part: fields(about(part), **keys) for part, keys in parts.items()},
            **top,
        },
        "$defs": dict(DEFINITIONS),
    }


def pointed(glossary: str) -> str:
    """The glossary with its last column as the docstrings say it: who computes a term has it in `Glossary:`.

    Raises AssertionError for a term in a docstring that has no row.
    """
    places = computed_in()
    lines = glossary.splitlines()
    terms = {line.split("|")[1].strip(): nth for nth, line in enumerate(lines) if line.startswith("| ")}
    unknown = sorted(places.keys() - terms.keys())
    assert not unknown, f"no row of the glossary: {', '.join(unknown)}"
    for term, found in places.items():
        *cells, _, end = lines[terms[term]].split("|")
        pointers = ", ".join(f"`{place}`" for place in found)
        lines[terms[term]] = "|".join([*cells, f" {pointers} ", end])
    return "\n".join(lines) + "\n"


def computed_in() -> dict[str, list[str]]:
    """Where each term of the glossary is computed: functions and classes of the package, in its order."""
    found: dict[str, list[str]] = {}
    for path in sorted(shipped.PACKAGE.rglob("*.py")):
        place = ".".join(path.relative_to(shipped.PACKAGE).with_suffix("").parts)
        for name, said in _docstrings(ast.parse(path.read_text(encoding="utf-8"))):
            for term in _terms(said):
                found.setdefault(term, []).append(f"{place}.{name}")
    return found


def _docstrings(node: ast.AST, outer: str = "") -> Iterator[tuple[str, str]]:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.FunctionDef | ast.ClassDef):
            yield f"{outer}{inner.name}", ast.get_docstring(inner) or ""
            yield from _docstrings(inner, f"{outer}{inner.name}.")


def _terms(said: str) -> list[str]:
    """
    >>> _terms("How many left.\\n\\nGlossary: lost; churn\\nrate.")
    ['lost', 'churn rate']
    """
    named = re.search(r"^Glossary: (.*?)\.$", said, re.DOTALL | re.MULTILINE)
    return " ".join(named[1].split()).split("; ") if named else []

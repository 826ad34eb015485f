"""The cells of a notebook, run in this process one after the other as a kernel would run them."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import nbformat

from retention_helpers import shipped

SCHEMA = json.loads(shipped.SCHEMA.read_text(encoding="utf-8"))
LEAKS = re.compile(r"\b(nan|NaN|NaT|None|inf|Decimal|Timestamp)\b(?!\.\n|\.<|\.$)")

AWKWARD = re.compile(
    r"\bnan\b|\bNone\b|\bNaT\b|<NA>"
    r"|\b1 (customers|warnings|rows|files|days|months|numbers|losses|cohorts|are|were|have)\b"
    r"|\b1 (cohort lie|customer who have|earlier report still stand)\b"
    r"|(?<=\s)–(?=[\s.,;])|  |[{}]| ,|\.\.",
    re.IGNORECASE,
)


def shown(value: object) -> str:
    """What a cell's last value shows, in every form at once."""
    parts = [repr(value)]
    if hasattr(value, "_repr_html_"):
        parts.append(value._repr_html_())
    if hasattr(value, "_repr_mimebundle_"):
        data, metadata = value._repr_mimebundle_()
        assert data["image/svg+xml"].startswith("<svg ")
        about = metadata["image/svg+xml"]
        parts += [about["title"], about["alt"], *about["below"]]
    return "\n".join(parts)


def run_cells(path: Path, parameters: dict[str, str]) -> str:
    """Run a notebook's cells in this process with its parameters replaced; everything it shows."""
    space: dict[str, Any] = {}
    pieces = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        if "parameters" in cell.metadata.get("tags", []):
            space.update(parameters)
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, str(path), "exec"), space)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), str(path), "eval"), space)
            pieces.append("" if value is None else shown(value))
    space["business"].close()
    return "\n".join(pieces)

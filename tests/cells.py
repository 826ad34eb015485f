"""The cells of a notebook, run in this process one after the other as a kernel would run them."""

import ast
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from retention_helpers import shipped
from retention_helpers.report.notebooks import BY_HAND

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


def run_cells(path: Path, parameters: Mapping[str, Any]) -> str:
    """Run a notebook's cells in this process with its parameters replaced; everything it shows."""
    space: dict[str, Any] = {}
    pieces = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code" or BY_HAND in cell.metadata.get("tags", []):
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


_BEFORE_ENDS = ("value", "rate", "effect", "estimate")  # what stands between a plain low and high


def outside_their_intervals(record: Any, path: str = "") -> list[str]:
    """Every estimate of findings that does not lie between its ends, by its path.

    An interval is `low` and `high` beside a value, or `x_low` and `x_high` beside `x` (or `x_ratio`).
    """
    if isinstance(record, list):
        parts = [outside_their_intervals(one, f"{path}[{nth}]") for nth, one in enumerate(record)]
        return [found for part in parts for found in part]
    if not isinstance(record, dict):
        return []
    found = [one for key, value in record.items() for one in outside_their_intervals(value, f"{path}.{key}")]
    for key in [key for key in record if key == "low" or key.endswith("_low")]:
        stem = key.removesuffix("low").rstrip("_")
        low, high = record[key], record[f"{stem}_high" if stem else "high"]
        for name in (stem, f"{stem}_ratio", f"{stem}_left") if stem else _BEFORE_ENDS:
            value = record.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                slack = 1e-9 * max(1.0, abs(value))
                if (low is not None and value < low - slack) or (high is not None and value > high + slack):
                    found.append(f"{path}.{name}: {value} is not within {low} to {high}")
    return found

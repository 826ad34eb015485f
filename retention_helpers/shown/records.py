"""Findings for machines: what a notebook hands on to findings.json."""

import json
import math
import numbers
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from retention_helpers.statistics.intervals import Change, Rate
from retention_helpers.words import formats

SIGNIFICANT_DIGITS = 9


def write(findings_to: str, parts: Mapping[str, Any]) -> None:
    """Write these parts of findings.json.

    Frames become lists of records, rates the five fields of a rate. Floats are written with nine
    significant digits, counts and money exactly; what cannot be given is null.
    """
    target = Path(findings_to)
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_plain(parts), ensure_ascii=False, indent=1, allow_nan=False)
    target.write_text(text + "\n", encoding="utf-8")


def rate_record(rate: Rate) -> dict[str, Any]:
    """A rate in the form of findings.json."""
    return {
        "value": rate.value,
        "low": rate.low,
        "high": rate.high,
        "numerator": rate.numerator,
        "denominator": rate.denominator,
    }


def rate_of(row: Mapping[Any, Any], rate: str, numerator: str, denominator: str) -> dict[str, Any]:
    """A rate of a table's row in the form of findings.json."""
    return {
        "value": row[rate],
        "low": row[f"{rate}_low"],
        "high": row[f"{rate}_high"],
        "numerator": row[numerator],
        "denominator": row[denominator],
    }


def estimate_of(row: Mapping[Any, Any], name: str) -> dict[str, Any]:
    """An estimate of a table's row, with its interval, in the form of findings.json."""
    return {"value": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]}


def change_record(change: Change | None) -> dict[str, Any]:
    if change is None:
        return {"value": None, "low": None, "high": None, "verdict": None}
    return {
        "value": change.value,
        "low": change.low,
        "high": change.high,
        "verdict": change.verdict,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, pd.DataFrame):
        return [_plain(record) for record in value.to_dict(orient="records")]
    if isinstance(value, Rate):
        return _plain(rate_record(value))
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if formats.is_missing(value):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(f"{float(value):.{SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else None
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return str(value)

"""The sentences of the data's quality, and its part of findings.json."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from retention_helpers.contract.tables import Fault
from retention_helpers.shown.records import rate_of
from retention_helpers.shown.sentences import Sentence
from retention_helpers.words import formats


def sources(read: pd.DataFrame) -> Sentence:
    """How many rows were read."""
    files = formats.plural(len(read), "file")
    return Sentence(f"{formats.plural(int(read['rows_read'].sum()), 'row')} from {files}.")


def set_aside(aside: pd.DataFrame) -> Sentence:
    """How many rows do not count, and where they are."""
    rows = int(aside["rows"].sum())
    if not rows:
        return Sentence("Every row that was read counts.")
    kept = "it stands" if rows == 1 else "they stand"
    return Sentence(
        f"{formats.plural(rows, 'row')} {'does' if rows == 1 else 'do'} not count. Nothing is lost: "
        f"{kept} in the list beside this page, with the place and the reason."
    )


def coverage(days: pd.DataFrame, as_of: dt.date) -> Sentence:
    """Up to which day the data reach, against the end of the report month."""
    present = days[days["last_on"].notna()]
    last = pd.Timestamp(present["last_on"].max())
    silent = (pd.Timestamp(as_of) - last).days - 1
    if silent > 7:
        return Sentence(
            f"The latest row is of {formats.day(last)}, {formats.plural(silent, 'day')} before the month's "
            "end: if the export was made before the month was over, losses are missing here."
        )
    return Sentence(f"The latest row is of {formats.day(last)}: the data reach to the end of the month.")


def record(
    faults: Sequence[Fault],
    read: pd.DataFrame,
    coverage: pd.DataFrame,
    matched: pd.DataFrame,
    aside: pd.DataFrame,
    attributes: pd.DataFrame,
) -> dict[str, Any]:
    """The part `quality` of findings.json: what the gate found (stops end a report), and what was read."""
    said = {
        f"{level}s": [
            {"table": fault.table, "rule": fault.rule, "rows": fault.rows, "message": fault.message}
            for fault in faults
            if fault.level == level
        ]
        for level in ("warning", "note")
    }
    shares = [
        {"table": row["table"], "matched": rate_of(row, "share", "customers_with_a_row", "customers")}
        for row in matched.to_dict(orient="records")
    ]
    return {
        **said,
        "rows_read": int(read["rows_read"].sum()),
        "sources": read,
        "coverage": coverage,
        "match_rates": shares,
        "set_aside": aside,
        "attributes": attributes,
    }

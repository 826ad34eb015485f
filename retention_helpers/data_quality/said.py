"""What the page about the data says, and how its measures are shown."""

import datetime as dt
from typing import Any

import pandas as pd

from retention_helpers.data_quality import quality
from retention_helpers.shown.results import Measure, rows_of
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import COUNT, FAULT, several
from retention_helpers.words import formats

__all__ = ["aside", "attributes", "faults", "matched", "missing", "reach", "read"]


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


def _faults_record(found: pd.DataFrame) -> dict[str, Any]:
    """Warnings and notes apart, as `check --json` gives them."""
    fields = ["table", "rule", "rows", "message"]
    return {f"{level}s": found.loc[found["level"] == level, fields] for level in ("warning", "note")}


faults = Measure(
    quality.faults,
    "Warnings and notes",
    findings={"warnings": several(FAULT), "notes": several(FAULT)},
    record=_faults_record,
)
read = Measure(
    quality.sources,
    "Files read",
    sentence=sources,
    findings={"rows_read": COUNT, "sources": rows_of(quality.sources)},
    record=lambda read: {"rows_read": int(read["rows_read"].sum()), "sources": read},
)
aside = Measure(
    quality.set_aside,
    "Rows set aside",
    sentence=set_aside,
    findings={"set_aside": rows_of(quality.set_aside, "rows that were read and do not count")},
    record=lambda aside: {"set_aside": aside},
)
missing = Measure(quality.missing_tables, "Tables that were not brought, and what each would add")
reach = Measure(
    quality.coverage,
    "First and last day of each table, up to the end of the month",
    sentence=coverage,
    findings="coverage",
)
matched = Measure(quality.match_rates, "Customers with a row in each table", findings="match_rates")
attributes = Measure(
    quality.attributes,
    "Attributes, and what they are used for",
    findings={
        "attributes": rows_of(
            quality.attributes, "the further columns of customers, and whether they are compared"
        )
    },
    record=lambda attributes: {"attributes": attributes},
)

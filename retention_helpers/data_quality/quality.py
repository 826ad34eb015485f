"""What was read, how far it reaches, and how well the tables match: what the numbers stand on."""

from collections.abc import Sequence

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.contract.tables import ADDS, TABLES, Fault, day_name
from retention_helpers.gate import setting_aside
from retention_helpers.statistics.intervals import with_rate


def sources(business: Business) -> pd.DataFrame:
    """One row per file: table, file, rows_read, rows_kept, set_aside."""
    rows = [(s.table, s.file, s.rows_read, s.rows_kept) for s in business.sources]
    frame = pd.DataFrame(rows, columns=["table", "file", "rows_read", "rows_kept"])
    return frame.assign(set_aside=frame["rows_read"] - frame["rows_kept"])


def missing_tables(business: Business) -> pd.DataFrame:
    """One row per optional table that the owner did not bring: table, would_add."""
    rows = [(table, adds) for table, adds in ADDS.items() if not business.has(table)]
    return pd.DataFrame(rows, columns=["table", "would_add"])


def coverage(business: Business) -> pd.DataFrame:
    """One row per table: rows up to the end of the report month, first_on and last_on of its own clock."""
    found = []
    for source in business.sources:
        table = business.table(source.table)
        day = table[day_name(TABLES[source.table].clock)]
        counts = table.aggregate(rows=table.count(), first_on=day.min(), last_on=day.max()).execute()
        found.append((source.table, *counts.iloc[0]))
    frame = pd.DataFrame(found, columns=["table", "rows", "first_on", "last_on"])
    days = {name: pd.to_datetime(frame[name]).dt.date for name in ("first_on", "last_on")}
    return frame.assign(rows=frame["rows"].astype("int64"), **days)


def match_rates(business: Business) -> pd.DataFrame:
    """One row per table of customers' rows: how many of the customers have at least one.

    Columns: table, customers_with_a_row, customers, share with _low and _high.
    """
    customers = business.table("customers").select("customer_id").distinct()
    total = customers.count().execute()
    found = []
    for source in business.sources:
        has_customers = "customer_id" in TABLES[source.table].required
        if source.table == "customers" or not has_customers:
            continue
        own = business.table(source.table).select("customer_id").distinct()
        matched = customers.semi_join(own, "customer_id").count().execute()
        found.append((source.table, int(matched), int(total)))
    frame = pd.DataFrame(found, columns=["table", "customers_with_a_row", "customers"])
    return with_rate(frame, "share", "customers_with_a_row", "customers")


def set_aside(business: Business) -> pd.DataFrame:
    """One row per file and reason of rows that were read and do not count.

    Columns: file, reason, rows, list (where a report hands the rows on).
    """
    each = ["file", "reason", "list"]
    found = [
        rows[["file", "reason"]].assign(list=f"actions/{setting_aside.list_of(table)}.csv")
        for table, rows in setting_aside.set_aside(business.kept)
    ]
    every = pd.concat(found) if found else pd.DataFrame(columns=each)
    counted = every.groupby(each, sort=True).size().reset_index(name="rows")
    return counted[["file", "reason", "rows", "list"]]


def attributes(business: Business) -> pd.DataFrame:
    """One row per further column of customers: attribute, use (compared, or why it is not)."""
    found = business.attributes
    compared = found.compared(business.settings.attributes)
    uses = {column: "personal: never compared or shown" for column in found.personal}
    uses |= {column: "compared" for column in compared}
    leaks = "set apart: it knows who left"
    rows = [
        (column, uses.get(column, leaks if column in found.leaking else "not named in `attributes`"))
        for column in found.columns
    ]
    return pd.DataFrame(rows, columns=["attribute", "use"])


def said(faults: Sequence[Fault]) -> pd.DataFrame:
    """One row per warning and note of the gate: level, rule, message; warnings first."""
    rows = [
        (fault.level, fault.rule, fault.message)
        for level in ("warning", "note")
        for fault in faults
        if fault.level == level
    ]
    return pd.DataFrame(rows, columns=["level", "rule", "message"])

"""What was read, how far it reaches, and how well the tables match: what the numbers stand on."""

from collections.abc import Sequence

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.contract import TABLES, Fault, day_name
from retention_helpers.intervals import with_rate

ADDS = {
    "events": "activity, onboarding, and warnings from use",
    "cancellations": "who ended it, and why",
    "payments": "failed payments, and what was recovered",
    "tickets": "complaints as a warning",
    "emails": "unopened mails as a warning",
    "nps": "the recommendation score",
    "assignments": "whether an experiment works",
    "contacts": "whom you have spoken to already",
    "notes": "your own events on the charts",
    "enrolments": "whether win-back mails bring anybody back",
}


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


def notes(faults: Sequence[Fault]) -> pd.DataFrame:
    """One row per note of the gate: table, message."""
    rows = [(fault.table, fault.message) for fault in faults if fault.level == "note"]
    return pd.DataFrame(rows, columns=["table", "message"])

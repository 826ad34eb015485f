"""What was read, how far it reaches, and how well the tables match: what the numbers stand on."""

import datetime as dt

import ibis
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.contract.tables import ADDS, OF_SUBSCRIPTIONS, TABLES, day_name
from retention_helpers.gate import setting_aside
from retention_helpers.shown.units import COUNT, DAY, RATE, TEXT, columns
from retention_helpers.statistics.intervals import with_rate


@columns(level=TEXT, table=TEXT(is_shown=False), rule=TEXT, rows=COUNT(is_shown=False), message=TEXT)
def faults(business: Business) -> pd.DataFrame:
    """One row per warning and note of the gate, warnings first; stops end a report before this."""
    rows = [
        (fault.level, fault.table, fault.rule, fault.rows, fault.message)
        for level in ("warning", "note")
        for fault in business.faults
        if fault.level == level
    ]
    return pd.DataFrame(rows, columns=["level", "table", "rule", "rows", "message"])


@columns(table=TEXT, file=TEXT, rows_read=COUNT, rows_kept=COUNT, set_aside=COUNT)
def sources(business: Business) -> pd.DataFrame:
    """One row per file: how many rows were read, and how many of them count."""
    rows = [(s.table, s.file, s.rows_read, s.rows_kept) for s in business.sources]
    frame = pd.DataFrame(rows, columns=["table", "file", "rows_read", "rows_kept"])
    return frame.assign(set_aside=frame["rows_read"] - frame["rows_kept"])


@columns(table=TEXT, would_add=TEXT)
def missing_tables(business: Business) -> pd.DataFrame:
    """One row per optional table that the owner did not bring, of those that can say something of it."""
    brought = {source.table for source in business.sources}
    brought |= set(OF_SUBSCRIPTIONS if business.counts_buyers else ())
    rows = [(table, adds) for table, adds in ADDS.items() if table not in brought]
    return pd.DataFrame(rows, columns=["table", "would_add"])


@columns(table=TEXT, rows=COUNT, first_on=DAY.or_null, last_on=DAY.or_null)
def coverage(business: Business) -> pd.DataFrame:
    """One row per table: rows up to the end of the report month, and the first and last day that they name.

    Of subscriptions an end of service is such a day, too, and the day up to which their source knows; plans
    that lie after the month are not.
    """
    until = business.known_until and min(business.known_until, business.as_of - dt.timedelta(days=1))
    found = []
    for source in business.sources:
        table = business.table(source.table)
        days = [table[day_name(column.name)] for column in TABLES[source.table].of_kind("instant")]
        first, *_ = own = [days[0].min(), *(day.max() for day in days)]
        if until and source.table == "subscriptions":
            own.append(ibis.literal(until))
        counts = table.aggregate(rows=table.count(), first_on=first, last_on=ibis.greatest(*own)).execute()
        found.append((source.table, *counts.iloc[0]))
    frame = pd.DataFrame(found, columns=["table", "rows", "first_on", "last_on"])
    days_named = {name: pd.to_datetime(frame[name]).dt.date for name in ("first_on", "last_on")}
    return frame.assign(rows=frame["rows"].astype("int64"), **days_named)


@columns(
    table=TEXT,
    customers_with_a_row=COUNT,
    customers=COUNT,
    share=RATE(of=("customers_with_a_row", "customers"), key="matched"),
)
def match_rates(business: Business) -> pd.DataFrame:
    """One row per table of customers' rows: how many of the customers have at least one."""
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


@columns(
    file=TEXT,
    reason=TEXT,
    rows=COUNT.within(minimum=1),
    list=TEXT.or_null(note="the list that holds the rows; null: a large table has none"),
)
def set_aside(business: Business) -> pd.DataFrame:
    """One row per file and reason of rows that were read and do not count; `list` holds them."""
    found = [
        (*each, len(rows), f"actions/{setting_aside.list_of(table)}.csv")
        for table, listed in setting_aside.set_aside(business.kept)
        for each, rows in listed.groupby(["file", "reason"], sort=True)
    ]
    found += [
        (source.file, setting_aside.UNKNOWN_CUSTOMER, source.rows_read - source.rows_kept, None)
        for source in business.sources
        if TABLES[source.table].is_large and source.rows_kept < source.rows_read
    ]
    return pd.DataFrame(sorted(found, key=lambda row: row[:2]), columns=["file", "reason", "rows", "list"])


@columns(attribute=TEXT, use=TEXT)
def attributes(business: Business) -> pd.DataFrame:
    """One row per further column of customers: whether it is compared, or why not."""
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

"""HubSpot: contacts, companies and tickets as CSV, joined by e-mail to the customers of a biller.

What it cannot give: customers and subscriptions, so a biller goes before it; what an attribute was at sign-up
where it has changed since; any mail and any answer but the last one of each contact, so warnings from mails
cannot be tested on the past; a ticket's sentiment, which is told from its text.
"""

from collections.abc import Mapping, Sequence

import pyarrow.parquet as pq

from retention_helpers.contract.attributes import email_column
from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.hubspot.files import Found, collected, kind_of
from retention_helpers.sources.hubspot.people import (
    Customer,
    completed,
    match_rate,
    people_of,
    set_apart,
    unmatched,
)
from retention_helpers.sources.hubspot.touches import answers_of, mails_of, tickets_of
from retention_helpers.sources.interface import Imported, Importer, Order, write_rows

_NO_BILLER = (
    "it holds no subscriptions and completes the customers of another source, and there is none",
    "Name the biller beside it under `sources:` in retention.yml (a customers.csv of your own as "
    "`spreadsheet: {path: customers.csv}`), or import its files into this folder first.",
)
_NO_EMAILS = (
    "the customers have no column of e-mails, so nobody can be matched",
    "Let the biller's export hold them, in a column named email.",
)


def read(order: Order) -> Imported:
    """The customers with what HubSpot knows of them, and their mails, answers and tickets."""
    found = collected(order)
    customers = _customers(order)
    column = email_column(customers[0]) if customers else None
    if not customers or column is None:
        what, way_out = _NO_EMAILS if customers else _NO_BILLER
        found.faults.append(
            Fault("stop", "customers", "nobody to match", 0, message("hubspot", what, way_out))
        )
    if column is None or any(fault.level == "stop" for fault in found.faults):
        return Imported({}, found.rows_read, found.set_aside, found.faults)
    return _joined(order, found, customers, column)


def _joined(order: Order, found: Found, customers: list[Customer], column: str) -> Imported:
    people = people_of(found, customers, column)
    tables: dict[str, Sequence[Mapping[str, object]]] = {
        "customers": list(completed(found, customers, column, people)),
        "emails": list(mails_of(found, people)),
        "nps": list(answers_of(found, people)),
        "tickets": list(tickets_of(found, people)),
    }
    unknown = unmatched(found, customers, column, people)
    found.faults += [*match_rate(found, customers, len(unknown), people), *set_apart(found)]
    paths = {table: write_rows(order, table, rows) for table, rows in tables.items() if rows}
    return Imported(paths, found.rows_read, found.set_aside, found.faults, unmatched=unknown)


def _customers(order: Order) -> list[Customer]:
    earlier = order.earlier.get("customers")
    return pq.read_table(earlier).to_pylist() if earlier else []


def _recognises(columns: Sequence[str]) -> str:
    kind = kind_of(columns)
    return f"HubSpot's {kind}" if kind else ""


IMPORTER = Importer(
    name="hubspot",
    about="HubSpot's contacts, companies and tickets as CSV, joined to a biller's customers by e-mail",
    recognises=_recognises,
    read=read,
    completes=("customers",),
)

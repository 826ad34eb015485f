"""HubSpot's exports by their columns: contacts, companies, tickets. Capitals and blanks of the names vary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.exports import Export, Row, exports_of, plain_name
from retention_helpers.sources.folder import Unreadable, shortened
from retention_helpers.sources.interface import Order, SetAside, Spot

# Each kind is known by one name of every line.
_SHOWN_BY: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "tickets": (("subject", "ticket_name"), ("createdate", "create_date")),
    "contacts": (
        ("email", "e_mail"),
        ("record_id", "contact_id", "last_nps_survey_rating", "lifecycle_stage"),
    ),
    "companies": (("company_domain_name", "domain"), ("record_id", "company_id", "company_name")),
}
EMAIL = ("email", "e_mail", "contact_email", "associated_contact_email", "associated_email")
INSTANTS = {
    "contacts": ("last_marketing_email_send_date", "last_marketing_email_open_date", "last_nps_survey_date"),
    "companies": (),
    "tickets": ("createdate", "create_date", "closed_date", "close_date"),
}


@dataclass
class Found:
    """The rows of each kind, and the names of its columns as they were written."""

    order: Order
    rows: dict[str, list[tuple[Spot, Row]]] = field(default_factory=lambda: {kind: [] for kind in _SHOWN_BY})
    columns: dict[str, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in _SHOWN_BY})
    set_aside: list[SetAside] = field(default_factory=list)
    rows_read: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def kind_of(columns: Sequence[str]) -> str:
    """What an export with these columns is; "" for none of HubSpot's."""
    there = set(map(plain_name, columns))
    fits = (kind for kind, each in _SHOWN_BY.items() if all(there.intersection(names) for names in each))
    return next(fits, "")


def collected(order: Order) -> Found:
    """The rows of every file; one that is none of HubSpot's, or whose days could be two, is a stop."""
    found = Found(order)
    for file in order.files:
        try:
            sheets, assumed = exports_of(file, "hubspot")
            found.faults += assumed
            for sheet in sheets:
                _read(file, sheet, found)
        except Unreadable as broken:
            said = message(file.name, broken.what, broken.way_out)
            found.faults.append(Fault("stop", "", "unreadable file", 0, said))
    return found


def _read(file: Path, sheet: Export, found: Found) -> None:
    kind = kind_of(list(sheet.columns))
    if not kind:
        raise Unreadable(
            "it is no export of contacts, companies or tickets; it holds "
            f"{shortened([*sheet.columns.values()])}",
            "Contacts have Record ID and Email, companies Company Domain Name, tickets Subject.",
        )
    rows, faults = sheet.rows(found.order, instants=INSTANTS[kind])
    found.faults += faults
    found.columns[kind] |= sheet.columns
    found.rows[kind] += rows
    found.rows_read[file.name] = found.rows_read.get(file.name, 0) + len(rows)

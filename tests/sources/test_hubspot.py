"""HubSpot's contacts, companies and tickets, written by hand from the names its export uses."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from retention_helpers import sources
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Stopped
from retention_helpers.sources.importing import import_files
from retention_helpers.sources.interface import PLACE, Imported, Order, write_rows
from retention_helpers.words.errors import InputError

CONTACT = {
    "Record ID": "101", "First Name": "Ada", "Last Name": "Ex", "Email": " Ada@Example.com ",
    "Company Name": "Ex GmbH", "Company size": "2 to 5", "Industry": "design", "Number of Employees": "4",
    "Annual Revenue": "90000", "Country/Region": "Germany", "Create Date": "2026-01-02 09:30",
    "Became a Customer Date": "2026-01-05 09:30", "Lifecycle Stage": "Customer", "Original Source": "Organic",
    "Last Activity Date": "2026-03-01 10:00", "Time of Last Session": "2026-03-01 10:00",
    "Number of Sessions": "12", "Marketing emails delivered": "5", "Marketing emails opened": "3",
    "Last marketing email send date": "2026-02-01 09:30",
    "Last marketing email open date": "2026-02-02 08:00", "Sends Since Last Engagement": "0",
    "Unsubscribed from all email": "false", "Last NPS survey rating": "9",
    "Last NPS survey date": "2026-02-10 11:00", "Last NPS survey comment": "Quick answers.",
}  # fmt: skip
SET_APART = [
    "First Name", "Last Name", "Create Date", "Became a Customer Date", "Lifecycle Stage",
    "Last Activity Date", "Time of Last Session", "Number of Sessions", "Marketing emails delivered",
    "Marketing emails opened",
    "Sends Since Last Engagement", "Unsubscribed from all email",
]  # fmt: skip
COMPANY = {
    "Record ID": "201", "Company name": "Ex GmbH", "Company Domain Name": "example.com", "Industry": "media",
    "Country/Region": "Austria", "Create Date": "2025-12-01 08:00", "Last Activity Date": "2026-03-01 10:00",
}  # fmt: skip
TICKET = {
    "subject": "The export is slow", "content": "It takes a minute.", "hs_pipeline_stage": "1",
    "hs_ticket_priority": "HIGH", "hs_ticket_category": "PRODUCT_ISSUE", "createdate": "2026-02-20 12:00",
    "closed_date": "2026-02-21 12:00", "Associated Contact IDs": "101",
}  # fmt: skip
CUSTOMERS = [
    {
        "customer_id": "C-1",
        "signed_up_at": "2026-01-05",
        "email": "ada@example.com",
        "plan": "a",
        PLACE: "line 2",
    },
    {
        "customer_id": "C-2",
        "signed_up_at": "2026-01-06",
        "email": "bo@example.com",
        "plan": "b",
        PLACE: "line 3",
    },
]


def sheet(path: Path, *rows: dict[str, str]) -> Path:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def joined(tmp_path: Path) -> Callable[..., Imported]:
    """HubSpot's files beside the customers that a biller brought."""

    def join(
        customers: Any = CUSTOMERS, date_order: str = "", **files: dict[str, str] | list[dict[str, str]]
    ) -> Imported:
        for folder in ("biller", "into"):
            (tmp_path / folder).mkdir()
        earlier = {}
        if customers:
            earlier = {
                "customers": write_rows(Order((), tmp_path / "biller", Settings()), "customers", customers)
            }
        paths = [
            sheet(tmp_path / f"{name}.csv", *(rows if isinstance(rows, list) else [rows]))
            for name, rows in files.items()
        ]
        order = Order(paths, tmp_path / "into", Settings(date_order=date_order), earlier=earlier)
        return sources.importer("hubspot").read(order)

    return join


def rows(found: Imported, table: str) -> list[dict[str, Any]]:
    return pq.read_table(found.tables[table]).to_pylist()


def said(found: Imported, rule: str) -> list[str]:
    return [f"{fault.level}: {fault.message}" for fault in found.faults if fault.rule == rule]


def test_a_contact_s_attributes_as_of_sign_up(joined: Callable[..., Imported]) -> None:
    """By the e-mail, whatever its capitals and blanks. Everybody stays, and keeps what the biller knew."""
    found = joined(contacts=CONTACT)
    assert rows(found, "customers") == [
        CUSTOMERS[0] | {
            "industry": "design", "company_size": "2 to 5", "number_of_employees": "4",
            "annual_revenue": "90000", "country": "Germany", "acquisition_channel": "Organic",
        },
        CUSTOMERS[1] | dict.fromkeys(
            ("industry", "company_size", "number_of_employees", "annual_revenue", "country",
             "acquisition_channel")
        ),
    ]  # fmt: skip


def test_what_goes_on_changing_is_set_apart_and_named(joined: Callable[..., Imported]) -> None:
    assert said(joined(contacts=CONTACT), "columns set apart") == [
        "note: hubspot: columns of contacts that say what is so today are set apart: "
        f"{', '.join(SET_APART)}. Compared they would only tell who has left."
    ]


def test_names_in_other_capitals(joined: Callable[..., Imported]) -> None:
    found = joined(contacts={name.upper(): cell for name, cell in CONTACT.items()})
    assert rows(found, "customers")[0]["country"] == "Germany"
    assert rows(found, "nps")[0]["score"] == "9"


def test_a_company_fills_what_the_contact_lacks(joined: Callable[..., Imported]) -> None:
    """The first by the name that the contact gives, the second by the domain of the e-mail."""
    bare = CONTACT | {"Country/Region": "", "Industry": ""}
    other = {"Record ID": "102", "Email": "bo@example.com"}
    stranger = COMPANY | {"Record ID": "202", "Company name": "Far Ltd", "Company Domain Name": "far.example"}
    found = joined(contacts=[bare, other], companies=[COMPANY, stranger])
    assert [(row["country"], row["industry"], row["company_size"]) for row in rows(found, "customers")] == [
        ("Austria", "media", "2 to 5"),
        ("Austria", "media", None),
    ]
    assert [(row.file, row.place, row.reason) for row in found.set_aside] == [
        ("companies.csv", "line 3", "no customer belongs to this company")
    ]


def test_mails_and_answers(joined: Callable[..., Imported]) -> None:
    """Opened after it was sent; opened before, which was another mail; never opened; none sent."""
    last = "Last marketing email "
    cases = [
        ("a@x.de", "2026-02-01 09:30", "2026-02-02 08:00"),
        ("b@x.de", "2026-02-01 09:30", "2026-01-02 08:00"),
        ("c@x.de", "2026-02-01 09:30", ""),
        ("d@x.de", "", ""),
        ("e@x.de", "2026-02-01 09:30", "2026-02-01"),
    ]
    customers = [{"customer_id": who, "signed_up_at": "2026-01-01", "email": who} for who, _, _ in cases]
    contacts = [
        {"Record ID": who, "Email": who, f"{last}send date": sent, f"{last}open date": opened}
        for who, sent, opened in cases
    ]
    found = joined(customers, contacts=[*contacts, CONTACT])
    assert [(row["customer_id"], row["sent_at"], row["opened_at"]) for row in rows(found, "emails")] == [
        ("a@x.de", "2026-02-01T09:30:00", "2026-02-02T08:00:00"),
        ("b@x.de", "2026-02-01T09:30:00", None),
        ("c@x.de", "2026-02-01T09:30:00", None),
        ("e@x.de", "2026-02-01T09:30:00", "2026-02-01"),
    ]
    assert "nps" not in found.tables  # the one answer is of nobody's


def test_the_last_answer(joined: Callable[..., Imported]) -> None:
    (row,) = rows(joined(contacts=CONTACT), "nps")
    assert row == {
        "customer_id": "C-1", "answered_at": "2026-02-10T11:00:00", "score": "9", "comment": "Quick answers.",
        PLACE: "line 2",
    }  # fmt: skip


def test_tickets(joined: Callable[..., Imported]) -> None:
    """By the contact's record id or by the e-mail; without a sentiment, because HubSpot knows none."""
    by_mail = {"Ticket name": "Login", "Create date": "2026-02-22", "Email": "BO@example.com"}
    nobody = TICKET | {"Associated Contact IDs": "999"}
    found = joined(contacts=CONTACT, tickets=[TICKET, nobody], others=by_mail)
    assert rows(found, "tickets") == [
        {"customer_id": "C-1", "opened_at": "2026-02-20T12:00:00", "closed_at": "2026-02-21T12:00:00",
         "text": "The export is slow. It takes a minute.", PLACE: "tickets.csv, line 2"},
        {"customer_id": "C-2", "opened_at": "2026-02-22", "closed_at": None,
         "text": "Login", PLACE: "others.csv, line 2"},
    ]  # fmt: skip
    assert [(row.file, row.place, row.reason) for row in found.set_aside] == [
        ("tickets.csv", "line 3", "no customer has its contact or its e-mail")
    ]


def test_the_match_rate_and_who_was_not_matched(joined: Callable[..., Imported]) -> None:
    """One of two customers; one stranger, one contact twice, one without an e-mail."""
    strangers = [
        {"Record ID": "102", "Email": "who@example.com"},
        {"Record ID": "103", "Email": "ada@example.com"},
        {"Record ID": "104", "Email": "", "First Name": "No"},
    ]
    found = joined(contacts=[CONTACT, *strangers])
    assert said(found, "match rate") == [
        "note: hubspot: 1 of 2 customers (50.0 %) have a contact of their e-mail, and 1 contact without a "
        "customer. The lists of the unmatched and of what was set aside name them."
    ]
    assert [(row.file, row.place, row.reason) for row in found.set_aside] == [
        ("contacts.csv", "line 3", "no customer has this e-mail"),
        ("contacts.csv", "line 4", "an earlier row has the same e-mail"),
        ("contacts.csv", "line 5", "it has no e-mail to join by"),
    ]
    (unknown,) = found.unmatched
    assert (unknown.file, unknown.place) == ("customers", "line 3")
    assert unknown.cells["email"] == "bo@example.com"


def test_a_merged_contact_is_matched_by_all_its_e_mails(joined: Callable[..., Imported]) -> None:
    """Bo's address came to Ada's contact; an address that is another contact's own belongs to that one."""
    merged = CONTACT | {"Additional email addresses": " BO@example.com;cy@example.com"}
    cy = {"Record ID": "102", "Email": "cy@example.com", "Industry": "media", "Last NPS survey rating": "2",
          "Last NPS survey date": "2026-02-10"}  # fmt: skip
    customers = [*CUSTOMERS, {**CUSTOMERS[1], "customer_id": "C-3", "email": "cy@example.com"}]
    by_email = {
        "subject": "Slow",
        "createdate": "2026-02-20 12:00",
        "Contact email": "bo@example.com",
    }
    found = joined(customers, contacts=[merged, cy], tickets=[TICKET, by_email])
    assert [(row["customer_id"], row["industry"]) for row in rows(found, "customers")] == [
        ("C-1", "design"), ("C-2", "design"), ("C-3", "media"),
    ]  # fmt: skip
    assert [(row["customer_id"], row["score"]) for row in rows(found, "nps")] == [
        ("C-1", "9"), ("C-2", "9"), ("C-3", "2"),
    ]  # fmt: skip
    assert [row["customer_id"] for row in rows(found, "tickets")] == ["C-1", "C-2", "C-2"]
    assert "3 of 3 customers (100.0 %)" in said(found, "match rate")[0]
    assert "and 0 contacts without a customer" in said(found, "match rate")[0]
    assert not any("Additional" in text for text in said(found, "columns set apart"))
    assert not found.set_aside


def test_a_poor_match_is_a_warning(joined: Callable[..., Imported]) -> None:
    (warning,) = said(joined(contacts={"Record ID": "1", "Email": "x@y.de"}), "match rate")
    assert warning.startswith("warning: hubspot: 0 of 2 customers (0.0 %)")


def test_days_of_the_portal_s_locale_are_asked_about(joined: Callable[..., Imported]) -> None:
    american = CONTACT | {"Last NPS survey date": "3/15/2026 2:30 PM"}
    (stop,) = said(joined(contacts=american), "date order unknown")
    assert "3/15/2026 2:30 PM" in stop and "can only be month first" in stop


def test_days_of_the_portal_s_locale_as_the_owner_says(joined: Callable[..., Imported]) -> None:
    american = CONTACT | {"Last NPS survey date": "3/4/2026 2:30 PM"}
    (row,) = rows(joined(contacts=american, date_order="month first"), "nps")
    assert row["answered_at"] == "2026-03-04T14:30:00"


def test_without_a_biller_there_is_nobody_to_match(joined: Callable[..., Imported]) -> None:
    assert "Name the biller beside it" in said(joined(None, contacts=CONTACT), "nobody to match")[0]


def test_without_e_mails_there_is_nobody_to_match(joined: Callable[..., Imported]) -> None:
    nameless = [{"customer_id": "C-1", "signed_up_at": "2026-01-05"}]
    assert "no column of e-mails" in said(joined(nameless, contacts=CONTACT), "nobody to match")[0]


def test_another_file_is_none_of_hubspot_s(joined: Callable[..., Imported]) -> None:
    (stop,) = said(joined(contacts={"a": "1", "b": "2"}), "unreadable file")
    assert "it is no export of contacts, companies or tickets; it holds a, b." in stop


@pytest.mark.parametrize(
    ("columns", "what"),
    [(CONTACT, "HubSpot's contacts"), (COMPANY, "HubSpot's companies"), (TICKET, "HubSpot's tickets")],
)
def test_every_export_is_recognised(columns: dict[str, str], what: str) -> None:
    assert sources.importer("hubspot").recognises(list(columns)) == what


# --- as a command: import the biller, then HubSpot, into the same folder ---------------------------

BILLER = "customer_id,signed_up_at,email\nC-1,2026-01-05,ada@example.com\nC-2,2026-01-06,bo@example.com\n"
SPANS = "customer_id,started_at,ended_at,mrr\nC-1,2026-01-05,,49\nC-2,2026-01-06,2026-03-01,49\n"


def test_it_completes_what_an_earlier_import_wrote(tmp_path: Path) -> None:
    """A second time with another value: HubSpot's own columns are replaced, nothing stands twice."""
    for name, content in (("people", BILLER), ("spans", SPANS)):
        (tmp_path / f"{name}.csv").write_text(content)
    out = tmp_path / "data"
    import_files("spreadsheet", [tmp_path / "people.csv", tmp_path / "spans.csv"], out, Settings())
    for industry in ("design", "law"):
        contacts = sheet(tmp_path / "contacts.csv", CONTACT | {"Industry": industry})
        written = import_files("hubspot", [contacts], out, Settings())
    assert written.rows == {"customers.csv": 2, "emails.csv": 1, "nps.csv": 1}
    with (out / "customers.csv").open() as file:
        people = list(csv.DictReader(file))
    assert [(one["customer_id"], one["industry"]) for one in people] == [("C-1", "law"), ("C-2", "")]
    assert written.set_aside is None
    assert written.unmatched == out / "set_aside" / "hubspot_unmatched.csv"
    assert "C-2" in written.unmatched.read_text()


def test_the_owner_s_own_customers_are_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "data"
    out.mkdir()
    (out / "customers.csv").write_text(BILLER)
    with pytest.raises(InputError, match="this import did not write it"):
        import_files("hubspot", [sheet(tmp_path / "contacts.csv", CONTACT)], out, Settings())
    assert (out / "customers.csv").read_text() == BILLER


def test_alone_it_makes_no_business(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="there is none"):
        import_files("hubspot", [sheet(tmp_path / "c.csv", CONTACT)], tmp_path / "data", Settings())

"""Contacts and their companies as attributes of the customers whom the biller knows, joined by e-mail.

An export says what is so today. Only what hardly changes after sign-up is taken as an attribute; the rest
(stages, sessions, last activities) knows who left, and is set apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.exports import Row, first
from retention_helpers.sources.folder import shortened
from retention_helpers.sources.hubspot.files import EMAIL, Found
from retention_helpers.sources.interface import PLACE, SetAside, Spot
from retention_helpers.words.formats import count, percent, plural

# Our names for what is so at sign-up, or as good as.
ATTRIBUTES = {
    "industry": "industry",
    "company_size": "company_size",
    "number_of_employees": "number_of_employees",
    "annual_revenue": "annual_revenue",
    "country_region": "country",
    "country": "country",
    "original_source": "acquisition_channel",
    "original_traffic_source": "acquisition_channel",
}
_FURTHER = ("additional_email_addresses", "hs_additional_emails", "additional_emails")  # divided by ;
_USED = {
    "contacts": {
        *EMAIL, *_FURTHER, "record_id", "company_name", "associated_company",
        "last_marketing_email_send_date", "last_marketing_email_open_date", "last_nps_survey_rating",
        "last_nps_survey_date", "last_nps_survey_comment",
    },
    "companies": {"record_id", "company_name", "name", "company_domain_name", "domain"},
}  # fmt: skip
Customer = dict[str, str | None]


def email_of(row: Row) -> str:
    """A row's e-mail to join by: trimmed, without capitals; "" where it has none."""
    return (first(row, *EMAIL) or "").strip().lower()


def emails_of(row: Row) -> list[str]:
    """All e-mails of a contact, the first one first: who was merged of two has both."""
    further = (email.strip().lower() for email in (first(row, *_FURTHER) or "").split(";"))
    return [email for email in dict.fromkeys([email_of(row), *further]) if email]


@dataclass(frozen=True)
class People:
    """Customers by their e-mail, and the contact of each e-mail, further ones of a contact too."""

    customers: Mapping[str, Sequence[str]]
    contacts: Mapping[str, Row]
    by_record: Mapping[str, Row]

    def ids(self, row: Row) -> Sequence[str]:
        """The customers that a row of any kind belongs to, by its e-mail or the id of its contact."""
        email = email_of(row)
        record = first(row, "associated_contact_ids", "associated_contact_id", "contact_id") or ""
        contact = self.contacts.get(email) or self.by_record.get(record.split(";")[0].strip(), {})
        return self.customers.get(email, ()) or self.of_contact(contact)

    def of_contact(self, contact: Row) -> Sequence[str]:
        """The customers of any e-mail of a contact whose own that is."""
        own = (email for email in emails_of(contact) if self.contacts.get(email) is contact)
        return [who for email in own for who in self.customers.get(email, ())]


def people_of(found: Found, customers: Sequence[Customer], column: str) -> People:
    """Who is who. A contact without an e-mail, or with that of an earlier one, is set aside."""
    by_email: dict[str, list[str]] = {}
    for customer in customers:
        own = (customer.get(column) or "").strip().lower()
        if own:
            by_email.setdefault(own, []).append(str(customer["customer_id"]))
    rows = found.rows["contacts"]
    contacts: dict[str, Row] = {}
    for _, row in rows:
        contacts.setdefault(email_of(row), row)
    contacts.pop("", None)
    kept = list(contacts.values())
    for row in kept:
        for email in emails_of(row):
            contacts.setdefault(email, row)
    people = People(by_email, contacts, {row["record_id"]: row for row in kept if "record_id" in row})
    for spot, row in rows:
        if reason := _why_set_aside(people, row):
            found.set_aside.append(spot.set_aside(reason, row))
    return people


def _why_set_aside(people: People, row: Row) -> str:
    if not email_of(row):
        return "it has no e-mail to join by"
    if people.contacts[email_of(row)] is not row:
        return "an earlier row has the same e-mail"
    return "" if people.of_contact(row) else "no customer has this e-mail"


def completed(found: Found, customers: Sequence[Customer], column: str, people: People) -> Iterator[Customer]:
    """Every customer with the attributes of the contact, and of its company where the contact lacks one.

    What HubSpot knows takes the place of what was known; where it knows nothing, that stays. A company of
    nobody is set aside.
    """
    companies, used = _companies(found), set()
    for customer in customers:
        email = (customer.get(column) or "").strip().lower()
        contact = people.contacts.get(email, {})
        spot, company = _company_of(contact, email, companies)
        used.add(spot)
        yield {**customer, **_attributes(company), **_attributes(contact)}
    for spot, row in found.rows["companies"]:
        if spot not in used:
            found.set_aside.append(spot.set_aside("no customer belongs to this company", row))


def _attributes(row: Row) -> dict[str, str]:
    return {ours: row[theirs] for theirs, ours in ATTRIBUTES.items() if theirs in row}


def _companies(found: Found) -> dict[str, tuple[Spot, Row]]:
    """The companies by their name and by their domain, in small letters."""
    known: dict[str, tuple[Spot, Row]] = {}
    for spot, row in found.rows["companies"]:
        for name in (first(row, "company_name", "name"), first(row, "company_domain_name", "domain")):
            if name:
                known.setdefault(name.strip().lower(), (spot, row))
    return known


def _company_of(
    contact: Row, email: str, companies: Mapping[str, tuple[Spot, Row]]
) -> tuple[Spot | None, Row]:
    """The company that the contact names, else the one of the e-mail's domain."""
    named = (first(contact, "associated_company", "company_name") or "").strip().lower()
    return companies.get(named) or companies.get(email.rpartition("@")[2]) or (None, {})


def unmatched(found: Found, customers: Sequence[Customer], column: str, people: People) -> list[SetAside]:
    """The customers whose e-mail no contact has; all of them count."""
    if not found.rows["contacts"]:
        return []
    return [
        Spot("customers", one.get(PLACE) or "").set_aside("no contact has this e-mail", _filled(one))
        for one in customers
        if (one.get(column) or "").strip().lower() not in people.contacts
    ]


def _filled(customer: Customer) -> dict[str, str]:
    return {name: cell for name, cell in customer.items() if cell and name != PLACE}


def match_rate(found: Found, customers: Sequence[Customer], unknown: int, people: People) -> Iterator[Fault]:
    """How many customers have a contact; a warning where it is less than half of them."""
    if not found.rows["contacts"]:
        return
    share = 1 - unknown / len(customers)
    every = {id(contact): contact for contact in people.contacts.values()}.values()
    strangers = sum(not people.of_contact(contact) for contact in every)
    said = message(
        "hubspot",
        f"{count(len(customers) - unknown)} of {count(len(customers))} customers ({percent(share)}) have a "
        f"contact of their e-mail, and {plural(strangers, 'contact')} without a customer",
        "The lists of the unmatched and of what was set aside name them.",
    )
    yield Fault("note" if share >= 0.5 else "warning", "customers", "match rate", unknown, said)


def set_apart(found: Found) -> Iterator[Fault]:
    """A note that names the columns which say what is so today, and are no attributes."""
    for kind, used in _USED.items():
        names = [name for plain, name in found.columns[kind].items() if plain not in used | ATTRIBUTES.keys()]
        if names:
            said = message(
                "hubspot",
                f"columns of {kind} that say what is so today are set apart: {shortened(names, most=20)}",
                "Compared they would only tell who has left.",
            )
            yield Fault("note", "customers", "columns set apart", 0, said)

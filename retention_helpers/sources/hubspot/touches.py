"""What HubSpot saw of a customer: the last marketing mail, the last answer to a survey, the tickets."""

from collections.abc import Iterator

from retention_helpers.sources.exports import Row, first
from retention_helpers.sources.hubspot.files import Found
from retention_helpers.sources.hubspot.people import People, email_of
from retention_helpers.sources.interface import PLACE, Spot

Touch = dict[str, object]


def mails_of(found: Found, people: People) -> Iterator[Touch]:
    """The last mail of each contact, opened where the last opening is not earlier than its sending."""
    for spot, row, who in _of_customers(found, people):
        sent, opened = (row.get(f"last_marketing_email_{name}_date") for name in ("send", "open"))
        if sent:
            is_opened = opened is not None and not _is_before(opened, sent)
            yield {
                "customer_id": who,
                "sent_at": sent,
                "opened_at": opened if is_opened else None,
                PLACE: spot,
            }


def _is_before(one: str, other: str) -> bool:
    """Whether an instant lies before another; a day without its time is compared by the day."""
    length = min(len(one), len(other))
    return one[:length] < other[:length]


def answers_of(found: Found, people: People) -> Iterator[Touch]:
    """The last answer of each contact to "would you recommend us?"."""
    for spot, row, who in _of_customers(found, people):
        if "last_nps_survey_rating" in row:
            yield {
                "customer_id": who,
                "answered_at": row.get("last_nps_survey_date"),
                "score": row["last_nps_survey_rating"],
                "comment": row.get("last_nps_survey_comment"),
                PLACE: spot,
            }


def tickets_of(found: Found, people: People) -> Iterator[Touch]:
    """The tickets of customers, in the customer's words. HubSpot knows no sentiment: it is told from them."""
    for spot, row in found.rows["tickets"]:
        ids = people.ids(row)
        if not ids:
            found.set_aside.append(spot.set_aside("no customer has its contact or its e-mail", row))
        for who in ids:
            words = (first(row, "subject", "ticket_name"), first(row, "content", "ticket_description"))
            yield {
                "customer_id": who,
                "opened_at": first(row, "createdate", "create_date"),
                "closed_at": first(row, "closed_date", "close_date"),
                "text": ". ".join(word for word in words if word),
                PLACE: spot,
            }


def _of_customers(found: Found, people: People) -> Iterator[tuple[Spot, Row, str]]:
    for spot, row in found.rows["contacts"]:
        if people.contacts.get(email_of(row)) is row:
            for who in people.of_contact(row):
                yield spot, row, who

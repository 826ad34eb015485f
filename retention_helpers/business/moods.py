"""The mood of tickets: as the owner's tool coded it, else told from the text."""

import ibis
import ibis.expr.types as ir

from retention_helpers.business.opened import Business
from retention_helpers.words.moods import mood_of


def tickets_with_mood(business: Business) -> ir.Table:
    """The tickets with a sentiment wherever they have a text: where nobody coded it, `mood_of` the text.

    Adds is_told: whether it was told so. A ticket without either keeps no sentiment.

    Glossary: mood of a ticket.
    """
    tickets = business.table("tickets")
    uncoded = tickets.filter(tickets.sentiment.isnull() & (tickets.text.strip().length() > 0))
    texts = sorted(uncoded.select("text").distinct().execute()["text"])
    if not texts:
        return tickets.mutate(is_told=ibis.literal(False))
    told = ibis.memtable(
        [(text, mood_of(text)) for text in texts], schema={"said": "string", "mood": "string"}
    )
    both = tickets.left_join(told, tickets.text == told.said)
    is_told = both.sentiment.isnull() & both.mood.notnull()
    filled = both.mutate(is_told=is_told, sentiment=ibis.coalesce(both.sentiment, both.mood))
    return filled.drop("said", "mood")


def kept_tickets(business: Business) -> ir.Table:
    """`tickets_with_mood`, computed once."""
    return business.keep("tickets_with_mood", lambda: tickets_with_mood(business))

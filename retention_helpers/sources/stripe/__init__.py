"""Stripe: the CSV files of its dashboard, or the objects of its API as JSON or JSON Lines.

Both become the same `Subscription`; invoices, where they are brought, tell its past. What only the present
can be known of is said (`not_known`), never taken for a past without changes.
"""

from collections.abc import Sequence

from retention_helpers.sources.interface import Importer
from retention_helpers.sources.stripe import exports
from retention_helpers.sources.stripe.payments_alone import OPTIONS, read

_OF_OBJECTS = {  # fields that no other object of Stripe's has together
    "Stripe's subscriptions (API)": {"items", "cancel_at_period_end"},
    "Stripe's invoices (API)": {"lines", "attempt_count"},
    "Stripe's customers (API)": {"invoice_prefix", "livemode"},
}


def recognises(columns: Sequence[str]) -> str:
    """What a file with these columns, or whose first object has these fields, is; "" for none of Stripe's."""
    for words, fields in _OF_OBJECTS.items():
        if fields <= set(columns):
            return words
    is_theirs = any(name.strip().lower().endswith("(utc)") for name in columns)
    kind = exports.kind_of(columns) if is_theirs else ""
    return exports.WORDS.get(kind, "")


IMPORTER = Importer(
    name="stripe",
    about="Stripe's CSV exports, or its objects as JSON or JSON Lines",
    recognises=recognises,
    read=read,
    options=OPTIONS,
)

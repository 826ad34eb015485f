"""The customers of a business that brings orders and no table of customers: whoever ordered."""

from dataclasses import replace

from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.kept import SourceRead


def customers_of_orders(evidence: Evidence) -> SourceRead:
    """Keep a table of customers, each signed up with the first order and without attributes, and say so."""
    evidence.rewrite(
        "customers",
        "SELECT min(source_row) AS source_row, customer_id, min(ordered_at) AS signed_up_at, "
        "min(ordered_on) AS signed_up_on, NULL::VARCHAR AS may_contact, NULL::VARCHAR AS "
        "unread_signed_up_at, "
        f"NULL::VARCHAR AS unread_may_contact FROM {evidence.of('orders')} WHERE customer_id IS NOT NULL "
        "GROUP BY customer_id ORDER BY 1",
    )
    evidence.read["customers"] = replace(evidence.read["orders"], table="customers")
    evidence.raw["customers"] = evidence.of("customers")
    many = evidence.totals["customers"] = evidence.count(evidence.of("customers"))
    evidence.say(
        "note",
        "customers",
        "customers of orders",
        "there is no table of customers, so everybody counts as signed up with the first order",
        "Bring customers.csv to compare buyers by channel, country or anything else that was known at first.",
        rows=many,
    )
    return SourceRead("customers", evidence.read["orders"].name, many, many)

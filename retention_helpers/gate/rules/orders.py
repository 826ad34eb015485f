"""Rules about orders: what is no order, and orders that stand in several rows."""

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.gate.evidence import Evidence

MANY = 0.2  # of the rows: more amounts of nothing are hardly gifts and refunds


def that_are_none(evidence: Evidence) -> None:
    """Rows without an amount above zero: gifts, samples, refunds. Nobody bought anything with them."""
    none = f"{evidence.of('orders')} WHERE amount <= 0"
    rows, total = evidence.count(none), evidence.totals["orders"]
    if rows:
        evidence.say(
            "warning" if rows > MANY * total else "note",
            "orders",
            "orders that are none",
            "amount is 0 or less",
            "An order that was refunded as a whole is best taken out; where a few are free, nothing is to be "
            f"done, or write `accepted: [orders that are none]` in {SETTINGS_FILE}.",
            effect="They count as no purchase, and a refund takes nothing from the order that it belongs to.",
            rows=rows,
            of=total,
            first=evidence.case("orders", none, "amount"),
        )


def in_several_rows(evidence: Evidence) -> None:
    """An order_id in several rows, as in exports with a row an item; with two customers it is a fault."""
    ids = f"SELECT order_id FROM {evidence.of('orders')} WHERE order_id IS NOT NULL GROUP BY order_id"
    shared = f"({ids} HAVING count(DISTINCT customer_id) > 1)"
    several = f"{evidence.of('orders')} WHERE order_id IN ({ids} HAVING count(*) > 1)"
    rows = evidence.count(several)
    if evidence.count(shared):
        of_two = f"(SELECT * FROM {evidence.of('orders')} SEMI JOIN {shared} USING (order_id))"
        evidence.say(
            "warning",
            "orders",
            "order of two",
            "one order_id stands under two customers or more",
            "Correct the customer.",
            effect="It counts for each of them.",
            rows=evidence.count(of_two),
            of=evidence.totals["orders"],
            first=evidence.case("orders", of_two, "order_id"),
        )
    elif rows:
        evidence.say(
            "note",
            "orders",
            "order in several rows",
            "an order_id stands in more than one row",
            "If each row holds the total of its order instead of its own amount, keep one row an order.",
            effect="The amounts of such rows are added up to one order.",
            rows=rows,
            of=evidence.totals["orders"],
            first=evidence.case("orders", several, "order_id"),
        )

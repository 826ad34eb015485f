"""Customers of one e-mail: said, and one where the owner asks for it."""

from collections.abc import Iterator, Mapping

from retention_helpers.contract.tables import Fault
from retention_helpers.sources.interface import PLACE, Spot, several_customers
from retention_helpers.sources.paddle.files import Found

Row = dict[str, object]


def joined(found: Found, tables: Mapping[str, list[Row]]) -> Iterator[Fault]:
    """Say which customers have one e-mail; where the owner asks for it, they are the first of them."""
    by_email: dict[str, list[Row]] = {}
    for row in tables["customers"]:
        if email := str(row.get("email") or "").strip().lower():
            by_email.setdefault(email, []).append(row)
    several = [sorted(own, key=_signed_up) for own in by_email.values() if len(own) > 1]
    if found.order.joins_by_email:
        first = {row["customer_id"]: own[0]["customer_id"] for own in several for row in own[1:]}
        _join(found, tables, first)
    names = [[str(row["customer_id"]) for row in own] for own in several]
    yield from several_customers("Paddle", sorted(names), joined=found.order.joins_by_email)


def _signed_up(row: Row) -> tuple[str, str]:
    return str(row.get("signed_up_at") or ""), str(row["customer_id"])


def _join(found: Found, tables: Mapping[str, list[Row]], first: Mapping[object, object]) -> None:
    for row in [row for row in tables["customers"] if row["customer_id"] in first]:
        spot, who = row[PLACE], str(row["customer_id"])
        assert isinstance(spot, Spot)
        found.leave_out(
            spot, "an earlier customer has the same e-mail (same_person: email)", {"customer_id": who}
        )
        tables["customers"].remove(row)
    for rows in tables.values():
        for row in rows:
            row["customer_id"] = first.get(row["customer_id"], row["customer_id"])

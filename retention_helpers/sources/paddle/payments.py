"""Payments: the attempts of transactions, money that went back, and the lines of the transactions report."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.documents import Object
from retention_helpers.sources.exports import Row, first
from retention_helpers.sources.interface import PLACE, Spot
from retention_helpers.sources.paddle.files import Found
from retention_helpers.sources.paddle.prices import BILLED
from retention_helpers.sources.prices import major

Payment = dict[str, object]
_ATTEMPTS = {"captured": "succeeded", "error": "failed"}
_TRANSACTIONS = {"completed": "succeeded", "paid": "succeeded", "past_due": "failed"}
_MONEY_BACK = ("refund", "chargeback")
AMOUNTS = ("lowest denomination", "major units")


def payments_of(found: Found, amounts: str) -> Iterator[Payment]:
    """The rows of `payments`; what is none is set aside with its reason.

    A transaction of the report that is there as an object too counts once.
    """
    for spot, transaction in found.of("transactions"):
        yield from _attempts(found, spot, transaction)
    for spot, adjustment in found.of("adjustments"):
        yield from _money_back(found, spot, adjustment)
    scale = _scale_of(found, amounts)
    for spot, row in found.report:
        if first(row, "transaction_id", "id") in found.objects["transactions"]:
            found.leave_out(spot, "the transaction is there as an object too", row)
        else:
            yield from _reported(found, spot, row, scale)


def _attempts(found: Found, spot: Spot, transaction: Object) -> Iterator[Payment]:
    attempts = transaction.get("payments") or []
    if transaction.get("status") not in (*BILLED, "canceled") or not transaction.get("customer_id"):
        reason = f"a transaction that is {transaction.get('status')}, so nothing was billed"
        found.leave_out(spot, reason, {"id": str(transaction["id"])})
        return
    for attempt in attempts:
        status = _ATTEMPTS.get(str(attempt.get("status")))
        if status is None:
            reason = f"an attempt to pay that is {attempt.get('status')}"
            found.leave_out(spot, reason, {"id": str(transaction["id"])})
            continue
        yield {
            "customer_id": transaction["customer_id"],
            "attempted_at": attempt.get("created_at") or attempt.get("captured_at"),
            "status": status,
            "amount": _amount(attempt.get("amount"), transaction.get("currency_code")),
            PLACE: spot,
        }


def _money_back(found: Found, spot: Spot, adjustment: Object) -> Iterator[Payment]:
    action, status = adjustment.get("action"), adjustment.get("status")
    if action not in _MONEY_BACK or status in ("pending_approval", "rejected"):
        reason = f"an adjustment that is no money back ({action}, {status})"
        found.leave_out(spot, reason, {"id": str(adjustment["id"])})
        return
    totals = adjustment.get("totals") or {}
    yield {
        "customer_id": adjustment.get("customer_id"),
        "attempted_at": adjustment.get("created_at"),
        "status": "refunded",
        "amount": _amount(totals.get("total"), adjustment.get("currency_code")),
        PLACE: spot,
    }


def _amount(minor: object, currency: object) -> Decimal | str | None:
    """An amount in major units; as it stands where it is no number, so that the gate shows it."""
    if minor in (None, ""):
        return None
    try:
        return major(Decimal(str(minor)), str(currency or ""))
    except InvalidOperation:
        return str(minor)


def _reported(found: Found, spot: Spot, row: Row, scale: str) -> Iterator[Payment]:
    status = _TRANSACTIONS.get(row.get("status", "").lower().replace(" ", "_"))
    if status is None:
        found.leave_out(spot, "a transaction of which nothing was collected", row)
        return
    amount = first(row, "grand_total", "total")
    yield {
        "customer_id": row.get("customer_id"),
        "attempted_at": first(row, "billed_at", "created_at"),
        "status": status,
        "amount": _amount(amount, row.get("currency_code"))
        if scale == AMOUNTS[0]
        else amount
        if scale
        else None,
        PLACE: spot,
    }


def _scale_of(found: Found, amounts: str) -> str:
    """How the report writes its amounts; "" where that cannot be known, which is said."""
    totals = [total for _, row in found.report if (total := first(row, "grand_total", "total"))]
    if amounts or not totals:
        return amounts
    if any("." in total for total in totals):
        return AMOUNTS[1]
    said = message(
        "Paddle's transactions report",
        f"amounts such as {totals[0]} may be whole units or cents, and were left empty",
        "Say `amounts: lowest denomination` or `amounts: major units` under `sources:`, if you need them.",
    )
    found.faults.append(Fault("note", "payments", "scale of amounts", 0, said))
    return ""

"""Shopify: `orders_export.csv`, a row an item, the order's own columns in the first of them.

What it cannot give: who a buyer without an e-mail is, prices before tax where they include it, and on which
day something was sent back: a refund is taken off its order.
"""

import re
from collections.abc import Sequence

from retention_helpers.sources.exports import Row, plain_name
from retention_helpers.sources.interface import Imported, Importer, Order
from retention_helpers.sources.shops.selling import Sale, Shop, decimal, read

_ALL_OF = {"name", "email", "financial_status", "subtotal"}
_ONE_OF = {"created_at", "paid_at"}
_NOT_BOUGHT = {
    "refunded": "it was refunded as a whole",
    "voided": "its payment was voided",
    "expired": "its payment expired",
    "pending": "it is not paid",
    "authorized": "it is not paid",
    "unpaid": "it is not paid",
}
_BOUGHT = {"paid", "partially_paid", "partially_refunded"}
_AMOUNTS = ("subtotal", "shipping", "taxes", "total", "refunded_amount", "lineitem_price")
_TEST = re.compile(r"(^|\W)(test|bogus)(\W|$)", re.IGNORECASE)


def _recognises(columns: Sequence[str]) -> bool:
    there = set(map(plain_name, columns))
    return there >= _ALL_OF and bool(there & _ONE_OF)


def _told(row: Row, sign: str) -> Sale | None:
    """A row that has no payment status is a further item of the order above."""
    written = row.get("financial_status", "").strip()
    status = plain_name(written)
    if not status:
        return None
    email, currency = row.get("email", "").strip().lower(), row.get("currency", "")
    refunded = decimal(row.get("refunded_amount"), sign, currency)
    wants_mail = row.get("accepts_marketing", "").strip().lower()
    country = row.get("billing_country") or row.get("shipping_country") or ""
    return Sale(
        order_id=row.get("name", ""),
        at=row.get("created_at") or row.get("paid_at"),
        amount=decimal(row.get("subtotal"), sign, currency) - abs(refunded),
        email=email,
        buyer="",
        not_bought=_why(row, status),
        unknown_status="" if status in _BOUGHT else written,
        more={"country": country, "may_contact": "no" if wants_mail in ("no", "false") else ""},
        channel=row.get("source", ""),
        currency=currency,
    )


def _why(row: Row, status: str) -> str:
    if "name" not in row:
        return "it has no number"
    if "cancelled_at" in row:
        return "it was cancelled"
    if _TEST.search(row.get("payment_method", "")) or _TEST.search(row.get("tags", "")):
        return "it is a test"
    return _NOT_BOUGHT.get(status, "")


SHOP = Shop("Shopify", _recognises, ("created_at", "paid_at", "cancelled_at"), _AMOUNTS, _told)


def _read(order: Order) -> Imported:
    return read(order, SHOP)


IMPORTER = Importer(
    name="shopify",
    about="Shopify's orders as CSV",
    recognises=lambda columns: "Shopify's orders" if _recognises(columns) else "",
    read=_read,
    completes=("customers",),
)

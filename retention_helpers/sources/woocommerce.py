"""WooCommerce: orders as its export plug-ins write them, a row an order or a row an item.

What it cannot give: who a guest without an e-mail is; the day of a refund, which is taken off its order; the
export of the page *Analytics*, which names no e-mail.
"""

from collections.abc import Mapping, Sequence

from retention_helpers.sources.exports import Row, first, plain_name
from retention_helpers.sources.interface import Imported, Importer, Order
from retention_helpers.sources.shops.selling import Sale, Shop, decimal, read

_NAMES: Mapping[str, tuple[str, ...]] = {
    "order": ("order_id", "order_number", "order", "id"),
    "status": ("order_status", "status"),
    "at": ("order_date", "date", "date_created", "created_date", "paid_date", "completed_date"),
    "total": ("order_total", "order_total_amount", "total", "order_amount"),
    "email": ("billing_email", "email_billing", "customer_email", "billing_email_address", "email"),
    "buyer": ("customer_id", "customer_user", "customer_user_id", "user_id"),
    "shipping": ("order_shipping", "shipping_total", "order_shipping_amount", "shipping_cost"),
    "tax": ("order_tax", "tax_total", "order_total_tax_amount", "total_tax", "cart_tax"),
    "shipping_tax": ("order_shipping_tax", "shipping_tax_total", "shipping_tax"),
    "refund": ("order_refund_amount", "refunded_total", "total_refunded", "refunded_amount"),
    "country": ("billing_country", "country_code_billing", "country_name_billing"),
    "currency": ("order_currency", "currency"),
    "channel": ("created_via", "order_source", "origin", "source"),
}
# One of them says that it is WooCommerce's.
_OWN = {
    "customer_user", "billing_email", "email_billing", "order_number_formatted", "payment_method_title",
    "order_total_amount", "customer_note",
}  # fmt: skip
_BOUGHT = {"completed", "processing"}
_NOT_BOUGHT = {
    "refunded": "it was refunded as a whole",
    "cancelled": "it was cancelled",
    "canceled": "it was cancelled",
    "failed": "its payment failed",
    "trash": "it was thrown away",
    "checkout_draft": "it is a draft",
    "draft": "it is a draft",
    "pending": "it is not paid",
    "pending_payment": "it is not paid",
    "on_hold": "it is not paid",
}


def _recognises(columns: Sequence[str]) -> bool:
    there = set(map(plain_name, columns))
    needed = all(there & set(_NAMES[part]) for part in ("order", "status", "at", "total"))
    knows_who = there & {*_NAMES["email"], *_NAMES["buyer"]}
    return bool(needed and knows_who and there & _OWN)


def _told(row: Row, sign: str) -> Sale | None:
    """The order's columns stand in each of its rows; of several the first counts."""
    told = {part: first(row, *names) for part, names in _NAMES.items()}
    if not told["order"]:
        return None
    status = plain_name(told["status"] or "").removeprefix("wc_")
    currency = told["currency"] or ""
    beside = sum(decimal(told[part], sign, currency) for part in ("shipping", "tax", "shipping_tax"))
    refund = decimal(told["refund"], sign, currency)  # some write it below 0
    return Sale(
        order_id=told["order"],
        at=told["at"],
        amount=decimal(told["total"], sign, currency) - beside - abs(refund),
        email=(told["email"] or "").strip().lower(),
        buyer="" if told["buyer"] in (None, "0") else str(told["buyer"]),
        not_bought=_NOT_BOUGHT.get(status, ""),
        unknown_status="" if status in _BOUGHT else told["status"] or "",
        more={"country": told["country"] or ""},
        channel=told["channel"] or "",
        currency=currency,
    )


_AMOUNTS = tuple(
    name for part in ("total", "shipping", "tax", "shipping_tax", "refund") for name in _NAMES[part]
)
SHOP = Shop("WooCommerce", _recognises, _NAMES["at"], _AMOUNTS, _told)


def _read(order: Order) -> Imported:
    return read(order, SHOP)


IMPORTER = Importer(
    name="woocommerce",
    about="WooCommerce's orders as CSV",
    recognises=lambda columns: "WooCommerce's orders" if _recognises(columns) else "",
    read=_read,
    completes=("customers",),
)

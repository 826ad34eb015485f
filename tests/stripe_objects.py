"""Stripe's objects and files for the tests, written by hand from its reference: no importer is asked."""

import csv
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Object = dict[str, Any]


def at(day: str, clock: str = "00:00") -> int:
    """Seconds since 1970 of a time in UTC."""
    return int(dt.datetime.fromisoformat(f"{day}T{clock}:00+00:00").timestamp())


def price(amount: int | None = 3300, *, every: str = "month", count: int = 1, name: str = "pro",
          currency: str = "usd", **more: Any) -> Object:  # fmt: skip
    """A price, in the smallest unit of its currency."""
    return {
        "id": f"price_{name}_{amount}", "object": "price", "nickname": name, "product": f"prod_{name}",
        "unit_amount": amount, "unit_amount_decimal": None if amount is None else str(amount),
        "currency": currency, "recurring": {"interval": every, "interval_count": count,
        "usage_type": "licensed"}, **more,
    }  # fmt: skip


def item(of: Object | None = None, *, quantity: int | None = 1, **more: Any) -> Object:
    of = of or price()
    return {"id": f"si_{of['id']}", "object": "subscription_item", "price": of, "quantity": quantity, **more}


def subscription(name: str = "1", started: str = "2026-01-05", *items: Object, **more: Any) -> Object:
    """An active subscription of customer cus_NAME, in the shape of API 2025-04 and later."""
    began = at(started)
    period = {"current_period_start": at("2026-03-05"), "current_period_end": at("2026-04-05")}
    data = [{**one, **period} for one in items or [item()]]
    return {
        "id": f"sub_{name}", "object": "subscription", "customer": f"cus_{name}", "status": "active",
        "created": began, "start_date": began, "currency": _currency_of(data[0]),
        "trial_start": None, "trial_end": None, "cancel_at": None, "cancel_at_period_end": False,
        "canceled_at": None, "ended_at": None, "pause_collection": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "discounts": [], "metadata": {}, "latest_invoice": f"in_{name}",
        "items": {"object": "list", "has_more": False, "data": data},
        **more,
    }  # fmt: skip


def _currency_of(of: Object) -> str:
    return str((of.get("price") or of.get("plan") or {}).get("currency") or "usd")


def canceled(name: str = "gone", ended: str = "2026-03-05", **more: Any) -> Object:
    """A subscription that has ended; one in every export, because an export without is refused."""
    details = {"comment": None, "feedback": None, "reason": "cancellation_requested"}
    return subscription(name, "2026-01-05") | {
        "status": "canceled", "canceled_at": at("2026-02-20"), "ended_at": at(ended),
        "cancellation_details": details, **more,
    }  # fmt: skip


def line(name: str, start: str, end: str, amount: int = 3300, *, of: Object | None = None,
         quantity: int = 1, proration: bool = False, off: int = 0) -> Object:  # fmt: skip
    """A line of an invoice, in the shape of API 2025-04 and later."""
    of = of or price()
    return {
        "id": f"il_{name}_{start}_{amount}", "object": "line_item", "amount": amount,
        "currency": of["currency"],
        "period": {"start": at(start), "end": at(end)}, "quantity": quantity,
        "discount_amounts": [{"amount": off, "discount": "di_1"}] if off else [],
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {
                "subscription": f"sub_{name}", "subscription_item": f"si_{of['id']}", "proration": proration,
            },
        },
        "pricing": {
            "type": "price_details", "unit_amount_decimal": of["unit_amount_decimal"],
            "price_details": {"price": of["id"], "product": of["product"]},
        },
    }  # fmt: skip


def old_line(name: str, start: str, end: str, amount: int = 3300, *, of: Object | None = None,
             quantity: int = 1, proration: bool = False, off: int = 0) -> Object:  # fmt: skip
    """The same line in the shape of before 2025-04."""
    of = of or price()
    return {
        "id": f"il_{name}_{start}_{amount}", "object": "line_item", "type": "subscription", "amount": amount,
        "currency": of["currency"], "period": {"start": at(start), "end": at(end)}, "quantity": quantity,
        "discount_amounts": [{"amount": off, "discount": "di_1"}] if off else [],
        "subscription": f"sub_{name}", "subscription_item": f"si_{of['id']}", "proration": proration,
        "price": of,
    }  # fmt: skip


def invoice(name: str, number: int, created: str, *lines: Object, status: str = "paid", attempts: int = 1,
            **more: Any) -> Object:  # fmt: skip
    """An invoice of customer cus_NAME, in the shape of API 2025-04 and later."""
    due = sum(one["amount"] - sum(off["amount"] for off in one["discount_amounts"]) for one in lines)
    currency = lines[0]["currency"] if lines else "usd"
    return {
        "id": f"in_{name}_{number}", "object": "invoice", "status": status, "customer": f"cus_{name}",
        "created": at(created), "attempt_count": attempts, "attempted": attempts > 0,
        "amount_due": due, "amount_paid": due if status == "paid" else 0, "currency": currency,
        "billing_reason": "subscription_cycle",
        "parent": {"type": "subscription_details", "subscription_details": {"subscription": f"sub_{name}"}},
        "lines": {"object": "list", "has_more": False, "data": list(lines)}, **more,
    }  # fmt: skip


def customer(name: str, created: str = "2026-01-01", **more: Any) -> Object:
    return {
        "id": f"cus_{name}", "object": "customer", "created": at(created), "name": f"Name {name}",
        "email": f"{name}@example.com", "description": None, "metadata": {}, "livemode": False,
        "invoice_prefix": "AB", **more,
    }  # fmt: skip


# --- files -----------------------------------------------------------------------------------------


def json_lines(path: Path, objects: Iterable[Object]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in objects), encoding="utf-8")
    return path


def json_list(path: Path, objects: Sequence[Object], *, has_more: bool = False) -> Path:
    page = {"object": "list", "url": "/v1/subscriptions", "has_more": has_more, "data": list(objects)}
    path.write_text(json.dumps(page, indent=2), encoding="utf-8")
    return path


SUBSCRIPTION_COLUMNS = (
    "id", "Customer ID", "Customer Name", "Customer Email", "Status", "Plan", "Product", "Quantity",
    "Currency", "Interval", "Amount", "Created (UTC)", "Start (UTC)", "Start Date (UTC)",
    "Current Period Start (UTC)",
    "Current Period End (UTC)", "Trial Start (UTC)", "Trial End (UTC)", "Canceled At (UTC)", "Ended At (UTC)",
    "Cancel At Period End", "Cancellation Reason", "Cancellation Feedback", "Coupon", "industry (metadata)",
)  # fmt: skip


def export(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Path:
    """A CSV file of the dashboard."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def subscription_row(name: str = "1", **more: object) -> dict[str, object]:
    """A row of an active subscription, with its amount in major units."""
    return {
        "id": f"sub_{name}", "Customer ID": f"cus_{name}", "Customer Name": f"Name {name}",
        "Customer Email": f"{name}@example.com", "Status": "active", "Plan": "price_1", "Product": "Pro",
        "Quantity": 1, "Currency": "usd", "Interval": "month", "Amount": "33.00",
        "Created (UTC)": "2026-01-05 09:30", "Start Date (UTC)": "2026-01-05 09:30",
        "Current Period Start (UTC)": "2026-03-05 09:30", "Current Period End (UTC)": "2026-04-05 09:30",
        "Cancel At Period End": "false", **more,
    }  # fmt: skip


GONE_ROW = subscription_row("gone") | {
    "Status": "canceled", "Canceled At (UTC)": "2026-02-20 10:00", "Ended At (UTC)": "2026-03-05 09:30",
    "Cancellation Reason": "cancellation_requested", "Cancellation Feedback": "too_expensive",
}  # fmt: skip

"""One small business as each source would export it, written without any importer.

36 customers in euros, each billed on a day of the month until November 2025; some of them leave.
"""

import csv
import datetime as dt
import io
import json
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import stripe_objects as stripe

from retention_helpers.words.calendar import months_after

Files = dict[str, str | bytes]
LAST = dt.date(2025, 11, 28)
PLANS = (("solo", 49), ("team", 90))


@dataclass(frozen=True)
class Stay:
    """A customer with one subscription: when it was billed, and its first day without service."""

    number: int
    billed_on: tuple[dt.date, ...]
    ended_on: dt.date | None

    @property
    def email(self) -> str:
        return f"c{self.number}@example.com"

    @property
    def plan(self) -> tuple[str, int]:
        return PLANS[self.number % 2]

    @property
    def periods(self) -> Iterable[tuple[dt.date, dt.date]]:
        return ((day, months_after(self.billed_on[0], nth + 1)) for nth, day in enumerate(self.billed_on))


def stays() -> list[Stay]:
    found = []
    for number in range(36):
        first = months_after(dt.date(2024, 1, number % 27 + 1), number * 7 % 23)
        days = [months_after(first, nth) for nth in range(24) if months_after(first, nth) <= LAST]
        paid = days if number % 3 else days[: 2 + number % 10]
        ended = None if number % 3 else months_after(first, len(paid))
        found.append(Stay(number, tuple(paid), ended))
    return found


def _settings(**sources: Any) -> str:
    """Kept to what YAML reads of JSON, so that it can be spoilt line by line."""
    lines = [f"  {name}: {json.dumps(entry)}" for name, entry in sources.items()]
    return "\n".join(["business: Harbour Desk", "time_zone: Europe/Berlin", "sources:", *lines]) + "\n"


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    into = io.StringIO()
    writer = csv.DictWriter(into, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return into.getvalue()


def _lines(objects: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)


# --- billers ---------------------------------------------------------------------------------------


def stripe_api() -> Files:
    """Customers, subscriptions and invoices as Stripe's API gives them."""
    people, subscriptions, invoices = [], [], []
    for one in stays():
        name, begun = str(one.number), str(one.billed_on[0])
        of = stripe.price(one.plan[1] * 100, name=one.plan[0], currency="eur")
        people.append(stripe.customer(name, begun))
        if one.ended_on is None:
            subscriptions.append(stripe.subscription(name, begun, stripe.item(of), currency="eur"))
        else:
            end = str(one.ended_on)
            subscriptions.append(
                stripe.canceled(name, end, canceled_at=stripe.at(end), start_date=stripe.at(begun),
                                created=stripe.at(begun), currency="eur")
                | {"items": stripe.subscription(name, begun, stripe.item(of))["items"]}
            )  # fmt: skip
        for nth, (start, end_of) in enumerate(one.periods):
            line = stripe.line(name, str(start), str(end_of), one.plan[1] * 100, of=of) | {"currency": "eur"}
            invoices.append(stripe.invoice(name, nth, str(start), line, currency="eur"))
    return {
        "customers.jsonl": _lines(people),
        "subscriptions.jsonl": _lines(subscriptions),
        "invoices.jsonl": _lines(invoices),
        "retention.yml": _settings(
            stripe={"path": ["customers.jsonl", "subscriptions.jsonl", "invoices.jsonl"]}
        ),
    }


def _exported() -> str:
    rows = []
    for one in stays():
        begun, until = f"{one.billed_on[0]} 09:30", f"{list(one.periods)[-1][1]} 09:30"
        gone = {} if one.ended_on is None else {
            "Status": "canceled", "Canceled At (UTC)": f"{one.ended_on} 09:30",
            "Ended At (UTC)": f"{one.ended_on} 09:30", "Cancellation Reason": "cancellation_requested",
            "Cancellation Feedback": "too_expensive",
        }  # fmt: skip
        rows.append(dict.fromkeys(stripe.SUBSCRIPTION_COLUMNS, "") | stripe.subscription_row(
            str(one.number), **{
                "Customer Email": one.email, "Plan": one.plan[0], "Amount": f"{one.plan[1]}.00",
                "Currency": "eur", "Created (UTC)": begun, "Start Date (UTC)": begun,
                "Current Period Start (UTC)": f"{one.billed_on[-1]} 09:30",
                "Current Period End (UTC)": until, **gone,
            },
        ))  # fmt: skip
    return _csv(rows)


def stripe_dashboard() -> Files:
    """Stripe's own CSV files of subscriptions and customers."""
    people = [
        {"id": f"cus_{one.number}", "Name": "", "Email": one.email, "Description": "",
         "Created (UTC)": f"{one.billed_on[0]} 09:30"}
        for one in stays()
    ]  # fmt: skip
    return {
        "subscriptions_export.csv": _exported(),
        "customers_export.csv": _csv(people),
        "retention.yml": _settings(stripe={"path": ["subscriptions_export.csv", "customers_export.csv"]}),
    }


def paddle() -> Files:
    """Paddle's lists of subscriptions, customers and transactions, each a file."""
    cycle = {"interval": "month", "frequency": 1}
    subscriptions, people, bills = [], [], []
    for one in stays():
        begun, who = f"{one.billed_on[0]}T00:00:00Z", f"ctm_{one.number}"
        price = {
            "id": f"pri_{one.plan[0]}", "name": one.plan[0], "billing_cycle": cycle,
            "unit_price": {"amount": f"{one.plan[1]}00", "currency_code": "EUR"},
        }  # fmt: skip
        people.append({"id": who, "email": one.email, "created_at": begun})
        subscriptions.append({
            "id": f"sub_{one.number}", "customer_id": who, "currency_code": "EUR", "created_at": begun,
            "started_at": begun, "first_billed_at": begun, "paused_at": None, "scheduled_change": None,
            "status": "canceled" if one.ended_on else "active", "billing_cycle": cycle,
            "canceled_at": f"{one.ended_on}T00:00:00Z" if one.ended_on else None,
            "items": [{"status": "active", "recurring": True, "quantity": 1, "price": price}],
        })  # fmt: skip
        for start, end in one.periods:
            totals = {"subtotal": f"{one.plan[1]}00", "discount": "0"}
            bills.append({
                "id": f"txn_{one.number}_{start}", "status": "completed", "customer_id": who,
                "subscription_id": f"sub_{one.number}", "origin": "subscription_recurring",
                "currency_code": "EUR", "items": [{"price": price, "quantity": 1}],
                "billing_period": {"starts_at": f"{start}T00:00:00Z", "ends_at": f"{end}T00:00:00Z"},
                "details": {"line_items": [{"price_id": price["id"], "totals": totals}]},
                "payments": [{"amount": f"{one.plan[1]}00", "status": "captured",
                              "created_at": f"{start}T00:00:00Z"}],
                "billed_at": f"{start}T00:00:00Z",
            })  # fmt: skip
    return {
        "subscriptions.jsonl": _lines(subscriptions),
        "customers.jsonl": _lines(people),
        "transactions.jsonl": _lines(bills),
        "retention.yml": _settings(
            paddle={"path": ["subscriptions.jsonl", "customers.jsonl", "transactions.jsonl"]}
        ),
    }


# --- beside a biller -------------------------------------------------------------------------------


def hubspot() -> Files:
    """Contacts and tickets of a CRM beside Stripe's subscriptions."""
    contacts = [
        {"Record ID": str(100 + one.number), "Email": one.email,
         "Industry": ("law", "design")[one.number % 2], "Last NPS survey rating": str(one.number % 11),
         "Last NPS survey date": "2025-10-13 09:30"}
        for one in stays()
    ]  # fmt: skip
    tickets = [
        {"subject": "It is slow", "createdate": "2025-10-20 12:00", "closed_date": "2025-10-21 12:00",
         "Associated Contact IDs": str(100 + number)}
        for number in range(1, 30, 4)
    ]  # fmt: skip
    return {
        "subscriptions_export.csv": _exported(),
        "contacts.csv": _csv(contacts),
        "tickets.csv": _csv(tickets),
        "retention.yml": _settings(
            stripe={"path": "subscriptions_export.csv"}, hubspot={"path": ["contacts.csv", "tickets.csv"]}
        ),
    }


def shops() -> Files:
    """Orders of Shopify and of WooCommerce beside Stripe's subscriptions."""
    own = stays()
    shopify = [
        {"Name": f"#{1001 + nth}", "Email": own[nth % 36].email, "Financial Status": "paid",
         "Currency": "EUR", "Subtotal": "40.00", "Shipping": "5.00", "Taxes": "0.00", "Total": "45.00",
         "Created at": f"2025-{nth % 10 + 1:02}-{nth % 27 + 1:02} 09:58:00 +0100", "Lineitem quantity": "1",
         "Lineitem name": "Tea", "Cancelled at": "", "Refunded Amount": "0.00"}
        for nth in range(60)
    ]  # fmt: skip
    woocommerce = [
        {"order_id": str(501 + nth), "date": f"2025-{nth % 10 + 1:02}-{nth % 27 + 1:02} 09:58:00",
         "status": "completed", "shipping_total": "5.00", "tax_total": "0.00", "order_total": "25.00",
         "refunded_total": "0.00", "order_currency": "EUR", "customer_id": str(nth % 36),
         "billing_email": own[nth % 36].email}
        for nth in range(60)
    ]  # fmt: skip
    return {
        "subscriptions_export.csv": _exported(),
        "orders_export_1.csv": _csv(shopify),
        "orders.csv": _csv(woocommerce),
        "retention.yml": _settings(
            stripe={"path": "subscriptions_export.csv"},
            shopify={"path": "orders_export_1.csv"},
            woocommerce={"path": "orders.csv"},
        ),
    }


# --- kept by the owner -----------------------------------------------------------------------------


def _workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    book, into = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(list(line))
    book.save(into)
    return into.getvalue()


def workbook() -> Files:
    """Two sheets with a title above one and a total below the other."""
    people = [[f"C-{one.number}", one.billed_on[0], one.email] for one in stays()]
    spans = [
        [f"C-{one.number}", one.billed_on[0], one.ended_on, one.plan[1], one.plan[0], "active"]
        for one in stays()
    ]
    book = _workbook(
        People=[["Our customers"], [], ["customer_id", "signed_up_at", "email"], *people],
        Spans=[
            ["customer_id", "started_at", "ended_at", "mrr", "plan", "status"],
            *spans,
            ["Total", None, None, sum(row[3] for row in spans)],
        ],
    )
    return {"ours.xlsx": book, "retention.yml": _settings(spreadsheet={"path": "ours.xlsx"})}


def _months() -> list[list[Any]]:
    months = [months_after(dt.date(2024, 1, 1), nth) for nth in range(23)]
    rows: list[list[Any]] = [["Customer", *(f"{month:%Y-%m}" for month in months)]]
    for one in stays():
        paid = {day.replace(day=1) for day in one.billed_on}
        rows.append([f"C-{one.number}", *(one.plan[1] if month in paid else None for month in months)])
    return rows


def months_as_csv() -> Files:
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in _months()]
    return {
        "customers 2024.csv": "\n".join(lines) + "\n",
        "retention.yml": _settings(months={"path": "customers 2024.csv"}),
    }


def months_as_workbook() -> Files:
    return {
        "customers.xlsx": _workbook(Customers=_months()),
        "retention.yml": _settings(months={"path": "customers.xlsx"}),
    }


def ledger() -> Files:
    """Charges of every month, as a payment tool exports them."""
    charges = [
        {"date": day, "customer": f"C-{one.number}", "amount": one.plan[1], "currency": "EUR",
         "product": one.plan[0], "status": "paid"}
        for one in stays() for day in one.billed_on
    ]  # fmt: skip
    return {"Download.csv": _csv(charges), "retention.yml": _settings(ledger={"path": "Download.csv"})}


DESCRIBED = """sqlite: shop.sqlite
tables:
  customers: {table: accounts, columns: {customer_id: id, signed_up_at: created_at}}
  subscriptions:
    table: contracts
    columns: {customer_id: account_id, started_at: begins, ended_at: ends, mrr: price, status: state}
    values: {status: {live: active}}
"""


def database() -> Files:
    """A database of SQLite with what it is told of it."""
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "shop.sqlite"
        with closing(sqlite3.connect(path)) as shop, shop:
            shop.execute("CREATE TABLE accounts (id TEXT, created_at TEXT)")
            shop.execute(
                "CREATE TABLE contracts (account_id TEXT, begins TEXT, ends TEXT, price NUMERIC, state TEXT)"
            )
            for one in stays():
                begun, end = str(one.billed_on[0]), one.ended_on and str(one.ended_on)
                shop.execute("INSERT INTO accounts VALUES (?, ?)", (f"C-{one.number}", begun))
                shop.execute(
                    "INSERT INTO contracts VALUES (?, ?, ?, ?, ?)",
                    (f"C-{one.number}", begun, end, one.plan[1], "live"),
                )
        content = path.read_bytes()
    return {
        "shop.sqlite": content,
        "shop.yml": DESCRIBED,
        "retention.yml": _settings(database={"path": "shop.yml"}),
    }


SOURCES = {
    "Stripe's API": stripe_api,
    "Stripe's exports": stripe_dashboard,
    "Paddle": paddle,
    "HubSpot": hubspot,
    "shops": shops,
    "a workbook": workbook,
    "months as CSV": months_as_csv,
    "months in a workbook": months_as_workbook,
    "a ledger": ledger,
    "a database": database,
}

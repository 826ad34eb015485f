"""A biller, a CRM and events of one business: from their exports to the findings of a report.

Subscriptions of Paddle in 2026, 60.00 a month each unless another amount stands there; the month is March:

    A  5 Jan ─ 60 ─ 5 Mar ─ 75 ──────────      pays more
    B  10 Jan ───────────── 10 Mar             is lost, and said why
    C  5 Jan ────────────── 5 Mar  ‖ ‖ ‖       pauses
    D                       12 Mar ──────      is new
    E                       20 Mar . . . .     tries it
    F  5 Jan ── 5 Feb ‖ ‖ ‖ 5 Mar ───────      comes back from a pause
    G  5 Jan ─ 60 ─ 5 Mar ─ 45 ──────────      pays less

Customers: 5 at the start (A B C F G) + 1 new (D) - 1 lost (B) = 5 at the end, one of them paused.
MRR: 240 (A B C G) + new 60 + expansion 15 + resumed 60 - contraction 15 - paused 60 - churned 60 = 240.
Of the 240, 105 are kept (60 of A, 45 of G), and 180 paid at the end (75 + 60 + 45).
"""

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import stripe_objects
import yaml
from cells import LEAKS, SCHEMA, run_cells

from retention_helpers import business
from retention_helpers.commands import checking
from retention_helpers.contract.settings import Settings
from retention_helpers.measurement import measures
from retention_helpers.report import notebooks
from retention_helpers.sources import importing

MONTHLY = {"interval": "month", "frequency": 1}
PRICE = {"id": "pri_1", "name": "Team", "billing_cycle": MONTHLY,
         "unit_price": {"amount": "6000", "currency_code": "EUR"}}  # fmt: skip
FIFTH = ["2026-01-05", "2026-02-05", "2026-03-05", "2026-04-05"]
TENTH = ["2026-01-10", "2026-02-10", "2026-03-10"]
LATE = ["2026-03-12", "2026-04-12"]

# Per customer: when it was billed, and for how much in cents. F was not billed for February.
BILLED = {
    "a": list(zip(FIFTH, FIFTH[1:], ("6000", "6000", "7500"), strict=False)),
    "b": list(zip(TENTH, TENTH[1:], ("6000", "6000"), strict=False)),
    "c": list(zip(FIFTH, FIFTH[1:], ("6000", "6000"), strict=False)),
    "d": list(zip(LATE, LATE[1:], ("6000",), strict=False)),
    "f": [(*FIFTH[:2], "6000"), (*FIFTH[2:], "6000")],
    "g": list(zip(FIFTH, FIFTH[1:], ("6000", "6000", "4500"), strict=False)),
}
NOW: dict[str, dict[str, Any]] = {
    "a": {},
    "b": {"status": "canceled", "canceled_at": "2026-03-10T00:00:00Z"},
    "c": {"status": "paused", "paused_at": "2026-03-05T00:00:00Z"},
    "d": {},
    "e": {"status": "trialing", "started_at": "2026-03-20T00:00:00Z", "first_billed_at": None},
    "f": {},
    "g": {},
}


def subscription(who: str) -> dict[str, Any]:
    begin = BILLED[who][0][0] if who in BILLED else "2026-03-20"
    return {
        "id": f"sub_{who}", "customer_id": f"ctm_{who}", "status": "active", "currency_code": "EUR",
        "created_at": f"{begin}T00:00:00Z", "started_at": f"{begin}T00:00:00Z",
        "first_billed_at": f"{begin}T00:00:00Z", "canceled_at": None, "paused_at": None,
        "scheduled_change": None, "billing_cycle": MONTHLY,
        "items": [{"status": "active", "recurring": True, "quantity": 1, "price": PRICE}],
    } | NOW[who]  # fmt: skip


def customer(who: str) -> dict[str, Any]:
    began = BILLED[who][0][0] if who in BILLED else "2026-03-20"
    return {"id": f"ctm_{who}", "email": f"{who}@example.com", "created_at": f"{began}T00:00:00Z"}


def transaction(who: str, start: str, end: str, amount: str) -> dict[str, Any]:
    return {
        "id": f"txn_{who}_{start}", "status": "completed", "customer_id": f"ctm_{who}",
        "subscription_id": f"sub_{who}", "origin": "subscription_recurring", "currency_code": "EUR",
        "billing_period": {"starts_at": f"{start}T00:00:00Z", "ends_at": f"{end}T00:00:00Z"},
        "items": [{"price": PRICE, "quantity": 1}],
        "details": {"line_items": [{"price_id": "pri_1", "totals": {"subtotal": amount, "discount": "0"}}]},
        "payments": [{"amount": amount, "status": "captured", "created_at": f"{start}T00:00:00Z"}],
        "billed_at": f"{start}T00:00:00Z",
    }  # fmt: skip


TRANSACTIONS = [transaction(who, *one) for who, bills in BILLED.items() for one in bills]
RETAIN = "Customer Email,Canceled At,Cancellation Reason\nB@example.com,2026-03-08,Poor support\n"
CONTACTS = [
    (
        "Record ID",
        "Email",
        "Industry",
        "Last NPS survey rating",
        "Last NPS survey date",
        "Number of Sessions",
    ),
    ("1", "A@Example.com", "law", "9", "3/2/2026 9:30 AM", "40"),
    ("2", "b@example.com", "design", "3", "3/15/2026 2:30 PM", "2"),
    ("3", "somebody@example.com", "law", "", "", "1"),
]
TICKETS = [("subject", "createdate", "Email"), ("It is slow", "2/20/2026 12:00 PM", "b@example.com")]
EVENTS = [("customer_id", "occurred_at", "event"), *(
    (f"ctm_{who}", f"2026-03-{day:02}T08:00:00Z", "login") for who in "acdfg" for day in (2, 20)
)]  # fmt: skip
# In the order in which `init` writes them: what completes others waits for them.
SETTINGS = {
    "business": "Two sources", "currency": "EUR", "min_customers": 1,
    "sources": {
        "hubspot": {"path": ["../exports/contacts.csv", "../exports/tickets.csv"],
                    "date_order": "month first"},
        "paddle": {"path": ["../exports/paddle.jsonl", "../exports/retain.csv"]},
    },
}  # fmt: skip


def write_csv(path: Path, rows: list[tuple]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_exports(home: Path, transactions: list[dict[str, Any]]) -> Path:
    """The exports of both tools, and a data folder with the settings and the events."""
    exports, data = home / "exports", home / "data"
    exports.mkdir(), data.mkdir()
    objects = [*map(subscription, NOW), *map(customer, NOW), *transactions]
    (exports / "paddle.jsonl").write_text("\n".join(map(json.dumps, objects)))
    (exports / "retain.csv").write_text(RETAIN)
    write_csv(exports / "contacts.csv", CONTACTS)
    write_csv(exports / "tickets.csv", TICKETS)
    write_csv(data / "events.csv", EVENTS)
    (data / "retention.yml").write_text(yaml.safe_dump(SETTINGS, sort_keys=False))
    return data


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # The notebooks open their business with the default cache.
    defaults = {**business.open_business.__kwdefaults__, "cache": tmp_path / "kept"}
    monkeypatch.setattr(business.open_business, "__kwdefaults__", defaults)
    return tmp_path


@pytest.fixture
def march(home: Path) -> Iterator[business.Business]:
    opened = business.open_business(write_exports(home, TRANSACTIONS), "2026-03")
    yield opened
    opened.close()


def test_the_gate_reads_both_and_says_what_each_one_knows(home: Path) -> None:
    checked = checking.check(write_exports(home, TRANSACTIONS), home / "out", cache=home / "kept")
    assert not checked.is_stopped
    assert {one.table: one.rows_kept for one in checked.sources} == {
        "customers": 7, "subscriptions": 2 + 1 + 2 + 1 + 1 + 3 + 2, "cancellations": 1,
        "payments": 3 + 2 + 2 + 1 + 2 + 3, "events": 10,
        "nps": 2, "tickets": 1,
    }  # fmt: skip
    rules = [fault.rule for fault in checked.faults]
    assert "match rate" in rules and "columns set apart" in rules
    assert not any("not known" in rule for rule in rules)
    assert [(path.name, len(path.read_text().splitlines()) - 1) for path in checked.lists] == [
        ("set_aside_hubspot.csv", 1), ("unmatched_hubspot.csv", 5),
    ]  # fmt: skip


def test_the_movements_of_the_month(march: business.Business) -> None:
    customers = measures.customer_movement(march).iloc[-1]
    mrr = measures.mrr_movement(march).iloc[-1]
    kept = measures.revenue_retention(march).iloc[-1]
    names = ("customers_at_start", "new", "reactivated", "lost", "customers_at_end", "paused_at_end")
    assert [customers[name] for name in names] == [5, 1, 0, 1, 5, 1]
    names = ("mrr_at_start", "new", "reactivated", "expansion", "resumed", "contraction", "paused", "churned")
    assert [mrr[name] for name in names] == [240, 60, 0, 15, 60, 15, 60, 60]
    assert mrr["mrr_at_end"] == 240
    assert kept["gross_revenue_retention"] == pytest.approx(105 / 240)
    assert kept["net_revenue_retention"] == pytest.approx(180 / 240)


def test_the_identities_hold_in_every_month(march: business.Business) -> None:
    for _, row in measures.customer_movement(march).iterrows():
        assert (
            row["customers_at_start"] + row["new"] + row["reactivated"] - row["lost"]
            == row["customers_at_end"]
        )
    for _, row in measures.mrr_movement(march).iterrows():
        came = row[["new", "reactivated", "expansion", "resumed"]].sum()
        went = row[["contraction", "paused", "churned"]].sum()
        assert Decimal(row["mrr_at_start"] + came - went) == row["mrr_at_end"]


def findings_of(home: Path, data: Path, notebook: str) -> dict[str, Any]:
    """What a notebook of the report hands on, with the schema's blessing and no missing number in words."""
    path = next(path for path in notebooks.in_reading_order() if path.stem == notebook)
    findings_to = home / "findings.json"
    parameters = {"data": str(data), "month": "2026-03", "findings_to": str(findings_to), "reports": ""}
    assert not LEAKS.findall(run_cells(path, parameters))
    found: dict[str, Any] = json.loads(findings_to.read_text())
    jsonschema.validate(found, {**SCHEMA, "required": []})
    return found


def test_the_findings_of_the_report(home: Path) -> None:
    found = findings_of(home, write_exports(home, TRANSACTIONS), "measurement")["measurement"]
    names = (
        "customers_at_start",
        "new",
        "lost",
        "voluntary",
        "involuntary",
        "customers_at_end",
        "paused_at_end",
    )
    assert [found[name] for name in names] == [5, 1, 1, 1, 0, 5, 1]
    assert (found["churn"]["numerator"], found["churn"]["denominator"]) == (1, 5)
    assert found["mrr"] == {
        "at_start": 240, "new": 60, "reactivated": 0, "expansion": 15, "resumed": 60, "contraction": 15,
        "paused": 60, "churned": 60, "at_end": 240, "gained": 135, "given_up": 135, "grew_by": 0,
    }  # fmt: skip
    assert found["left"][0]["reason"] == "poor_support"


def test_without_transactions_what_is_not_known_is_null(home: Path) -> None:
    """Everybody counts at the present price; nobody is said to have paid more or less, or to have paused."""
    found = findings_of(home, write_exports(home, []), "measurement")["measurement"]
    assert (found["churn"]["numerator"], found["lost"]) == (1, 1)
    unknown = ("expansion", "contraction", "resumed", "paused")
    assert [found["mrr"][name] for name in unknown] == [None] * 4
    assert [found[name] for name in ("paused_at_end", "net_revenue_retention", "quick_ratio")] == [None] * 3


def test_imported_into_files_it_is_the_same_business(home: Path, march: business.Business) -> None:
    """`import paddle`, then `import hubspot`, into a folder of their own."""
    exports, data = home / "exports", home / "files"
    importing.import_files("paddle", [exports / "paddle.jsonl", exports / "retain.csv"], data, Settings())
    importing.import_files(
        "hubspot",
        [exports / "contacts.csv", exports / "tickets.csv"],
        data,
        Settings(date_order="month first"),
    )
    opened = business.open_business(data, "2026-03")
    for table in ("customers", "subscriptions", "cancellations", "payments", "nps", "tickets"):
        ours, theirs = (one.table(table).execute() for one in (opened, march))
        shared = [name for name in theirs.columns if name != "source_row"]
        key = [name for name in shared if name in ("customer_id", *(c for c in shared if c.endswith("_at")))]
        pair = [
            frame[shared].sort_values(key, ignore_index=True).astype("string") for frame in (ours, theirs)
        ]
        assert pair[0].equals(pair[1]), table
    assert opened.table("customers").industry.execute().dropna().tolist() == ["law", "design"]
    opened.close()


# --- the same with another biller ------------------------------------------------------------------


def test_stripe_and_hubspot_and_events(home: Path) -> None:
    """5 Jan ── 33 ──; 5 Jan ── 33 ── 5 Mar, who asked on 20 February. HubSpot knows the first and her firm.

    March: 2 at the start, 1 lost, 1 at the end; 66 of MRR - 33 churned = 33. Two logins of hers in March.
    """
    objects = [
        stripe_objects.subscription("a"), stripe_objects.canceled("gone"),
        stripe_objects.customer("a"), stripe_objects.customer("gone"),
    ]  # fmt: skip
    exports, data = home / "exports", home / "data"
    exports.mkdir(), data.mkdir()
    for name, some in (("subscriptions", objects[:2]), ("customers", objects[2:])):
        stripe_objects.json_lines(exports / f"{name}.jsonl", some)
    write_csv(
        exports / "contacts.csv", [("Record ID", "Email", "Company Name"), ("1", "A@example.com", "Ash")]
    )
    companies = [
        ("Record ID", "Company name", "Company Domain Name", "Industry"),
        ("7", "ash", "ash.de", "law"),
    ]
    write_csv(exports / "companies.csv", companies)
    logins = [("cus_a", f"2026-03-{day}T08:00:00Z", "login") for day in ("02", "20")]
    write_csv(data / "events.csv", [EVENTS[0], *logins])
    named = {
        "hubspot": {"path": ["../exports/contacts.csv", "../exports/companies.csv"]},
        "stripe": {"path": ["../exports/subscriptions.jsonl", "../exports/customers.jsonl"]},
    }
    (data / "retention.yml").write_text(yaml.safe_dump({"sources": named}))
    opened = business.open_business(data, "2026-03")
    customers = measures.customer_movement(opened).iloc[-1]
    mrr = measures.mrr_movement(opened).iloc[-1]
    people = opened.table("customers").execute().set_index("customer_id")
    used = opened.table("events").count().execute()
    opened.close()
    assert [customers[name] for name in ("customers_at_start", "lost", "customers_at_end")] == [2, 1, 1]
    assert [mrr[name] for name in ("mrr_at_start", "churned", "mrr_at_end")] == [66, 33, 33]
    assert mrr[["expansion", "contraction", "paused", "resumed"]].isna().all()  # no invoices
    assert people["industry"].fillna("").to_dict() == {"cus_a": "law", "cus_gone": ""}
    assert used == 2

"""Orders of Shopify and WooCommerce, written by hand from the names that their exports use."""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from retention_helpers import sources
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import ACCEPTABLE
from retention_helpers.sources.interface import Imported, Order, write_rows
from retention_helpers.sources.looking import look_at

SHOPIFY = {
    "Name": "#1001", "Email": "Ada@Example.com", "Financial Status": "paid",
    "Paid at": "2026-01-05 10:00:00 +0100", "Fulfillment Status": "fulfilled", "Accepts Marketing": "yes",
    "Currency": "EUR", "Subtotal": "40.00", "Shipping": "5.00", "Taxes": "0.00", "Total": "45.00",
    "Created at": "2026-01-05 09:58:00 +0100", "Lineitem quantity": "1", "Lineitem name": "Tea",
    "Billing Name": "Ada Ex", "Billing Country": "DE", "Cancelled at": "",
    "Payment Method": "Shopify Payments", "Refunded Amount": "0.00", "Tags": "", "Source": "web",
}  # fmt: skip
ITEM = {**dict.fromkeys(SHOPIFY, ""), "Name": "#1001", "Email": "Ada@Example.com", "Lineitem name": "Cup"}
WOO = {
    "order_id": "501", "order_number": "501", "date": "2026-01-05 09:58:00", "status": "completed",
    "shipping_total": "5.00", "shipping_tax_total": "0.95", "tax_total": "7.60", "order_total": "53.55",
    "refunded_total": "0.00", "order_currency": "EUR", "customer_id": "7", "billing_email": "ada@example.com",
    "billing_country": "DE", "payment_method_title": "Card",
}  # fmt: skip


def shopify(**changed: str) -> dict[str, str]:
    return {**SHOPIFY, **{name.replace("_", " "): value for name, value in changed.items()}}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., tuple[Imported, dict[str, list[dict]]]]:
    def reading(
        name: str, rows: Sequence[Mapping[str, str]], *, customers: Sequence[Mapping[str, str]] = (),
        currency: str = "EUR", decimal_sign: str = "",
    ) -> tuple[Imported, dict[str, list[dict]]]:  # fmt: skip
        file = tmp_path / "orders_export_1.csv"
        with file.open("w", newline="") as opened:
            writer = csv.DictWriter(opened, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        (tmp_path / "into").mkdir(exist_ok=True)
        (tmp_path / "before").mkdir(exist_ok=True)
        settings = Settings(currency=currency, decimal_sign=decimal_sign)
        earlier = {}
        if customers:
            earlier["customers"] = write_rows(
                Order((), tmp_path / "before", settings), "customers", customers
            )
        order = Order((file,), tmp_path / "into", settings, earlier=earlier)
        found = sources.importer(name).read(order)
        return found, {table: pq.read_table(path).to_pylist() for table, path in found.tables.items()}

    return reading


def reasons(found: Imported) -> dict[str, str]:
    """Why each order that is set aside was, by its number."""
    return {row.cells.get("name", row.cells.get("order_id", "")): row.reason for row in found.set_aside}


def test_an_order_of_shopify_and_its_further_items(read: Callable) -> None:
    """Without shipping, at its own instant, by a buyer who is known by no e-mail on any page."""
    found, tables = read("shopify", [SHOPIFY, ITEM])
    (order,) = tables["orders"]
    assert (order["order_id"], order["amount"], order["channel"]) == ("#1001", "40.00", "web")
    assert order["ordered_at"] == "2026-01-05T09:58:00+01:00"
    (buyer,) = tables["customers"]
    assert buyer["customer_id"] == order["customer_id"] and "@" not in buyer["customer_id"]
    assert (buyer["email"], buyer["country"]) == ("ada@example.com", "DE")
    assert buyer["signed_up_at"] == order["ordered_at"]
    assert not found.set_aside and "1 rows are further items" in found.faults[-1].message


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"Financial_Status": "refunded"}, "refunded as a whole"),
        ({"Financial_Status": "voided"}, "voided"),
        ({"Financial_Status": "pending"}, "not paid"),
        ({"Cancelled_at": "2026-01-06 10:00:00 +0100"}, "cancelled"),
        ({"Payment_Method": "bogus"}, "a test"),
        ({"Tags": "wholesale, Test"}, "a test"),
        ({"Email": ""}, "nobody knows who bought"),
        ({"Subtotal": "0.00"}, "nothing is left"),
        ({"Financial_Status": "partially_refunded", "Refunded_Amount": "45.00"}, "nothing is left"),
    ],
)
def test_what_nobody_bought_is_set_aside_with_the_reason(read: Callable, changed: dict, why: str) -> None:
    found, tables = read("shopify", [SHOPIFY, shopify(Name="#1002", **changed)])
    assert [row["order_id"] for row in tables["orders"]] == ["#1001"]
    assert why in reasons(found)["#1002"]
    assert why in found.faults[-1].message


def test_an_order_without_its_number_is_set_aside(read: Callable) -> None:
    found, tables = read("shopify", [SHOPIFY, shopify(Name="")])
    assert [row["order_id"] for row in tables["orders"]] == ["#1001"]
    assert reasons(found)[""] == "it has no number"


def test_a_part_that_was_refunded_is_taken_off(read: Callable) -> None:
    changed = shopify(**{"Financial_Status": "partially_refunded", "Refunded_Amount": "12.50"})
    _, tables = read("shopify", [changed])
    assert tables["orders"][0]["amount"] == "27.50"


def test_who_wants_no_mail_may_not_be_written_to(read: Callable) -> None:
    _, tables = read("shopify", [SHOPIFY, shopify(Name="#2", Email="bo@example.com", Accepts_Marketing="no")])
    assert [row.get("may_contact") for row in tables["customers"]] == [None, "no"]


def test_buyers_whom_a_biller_knows_keep_their_id(read: Callable) -> None:
    """Both are there once, and the biller's attributes stay."""
    known = [{"customer_id": "cus_1", "signed_up_at": "2025-01-01", "email": "ADA@example.com", "plan": "a"}]
    _, tables = read("shopify", [SHOPIFY, shopify(Name="#2", Email="bo@example.com")], customers=known)
    assert tables["orders"][0]["customer_id"] == "cus_1"
    assert len(tables["customers"]) == 2 and tables["customers"][0]["plan"] == "a"


def test_amounts_in_another_currency_are_asked_about(read: Callable) -> None:
    found, tables = read("shopify", [SHOPIFY, shopify(Name="#2", Currency="USD")])
    assert not tables and "EUR, USD" in found.faults[0].message
    found, tables = read("shopify", [SHOPIFY], currency="USD")
    assert not tables and "`currency: EUR`" in found.faults[0].message
    found, tables = read("shopify", [SHOPIFY], currency="")
    assert tables and "`currency: EUR`" in found.faults[0].message


def test_an_order_of_woocommerce(read: Callable) -> None:
    """53.55 less 5.00 of shipping, 0.95 of tax on it, and 7.60 of tax: 40.00."""
    _, tables = read("woocommerce", [WOO, WOO])
    (order,) = tables["orders"]
    assert (order["amount"], order["order_id"]) == ("40.00", "501")
    assert tables["customers"][0]["email"] == "ada@example.com"


@pytest.mark.parametrize("status", ["refunded", "wc-cancelled", "Pending payment", "on-hold", "failed"])
def test_what_nobody_bought_at_woocommerce(read: Callable, status: str) -> None:
    found, tables = read("woocommerce", [WOO, {**WOO, "order_id": "502", "status": status}])
    assert [row["order_id"] for row in tables["orders"]] == ["501"]
    assert "502" in reasons(found)


def test_a_guest_without_an_e_mail_is_nobody(read: Callable) -> None:
    """Whom the shop knows by number is somebody."""
    found, tables = read(
        "woocommerce",
        [{**WOO, "billing_email": ""}, {**WOO, "order_id": "502", "billing_email": "", "customer_id": "0"}],
    )
    assert [row["customer_id"] for row in tables["orders"]] == ["B-7"]
    assert "nobody knows" in reasons(found)["502"]


@pytest.mark.parametrize(("row", "key"), [(SHOPIFY, "shopify"), (WOO, "woocommerce")])
def test_init_knows_them(tmp_path: Path, row: Mapping[str, str], key: str) -> None:
    file = tmp_path / "export.csv"
    file.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    assert look_at(file).key == key


def faults_of(found: Imported, rule: str) -> list[tuple[str, str]]:
    return [(fault.level, fault.message) for fault in found.faults if fault.rule == rule]


def test_a_status_in_another_language_is_asked_about(read: Callable) -> None:
    """“Storniert” is cancelled, “Abgeschlossen” completed: the shop's language is not known here."""
    orders = [
        {**WOO, "order_id": str(nth), "status": status}
        for nth, status in enumerate(
            ["completed", "wc-processing", "Abgeschlossen", "Storniert", "cancelled"]
        )
    ]
    found, tables = read("woocommerce", orders)
    assert [row["order_id"] for row in tables["orders"]] == ["0", "1", "2", "3"]
    ((level, said),) = faults_of(found, "unknown status of orders")
    assert level == "warning" and "“Abgeschlossen” (1), “Storniert” (1)" in said
    assert "unknown status of orders" in ACCEPTABLE
    for own in ("paid", "partially_paid", "partially_refunded"):
        assert not faults_of(read("shopify", [shopify(Financial_Status=own)])[0], "unknown status of orders")


def test_a_refund_is_taken_off_whatever_its_sign(read: Callable) -> None:
    """53.55 less 5.00 shipping, 0.95 and 7.60 tax, and 10 sent back."""
    _, tables = read("woocommerce", [{**WOO, "refunded_total": "-10.00"}])
    assert tables["orders"][0]["amount"] == "30.00"
    _, tables = read("woocommerce", [{**WOO, "refunded_total": "10.00"}])
    assert tables["orders"][0]["amount"] == "30.00"


@pytest.mark.parametrize(
    ("name", "row", "changed"),
    [
        ("shopify", SHOPIFY, {"Name": "#2", "Subtotal": "n/a"}),
        ("woocommerce", WOO, {"order_id": "502", "order_total": "n/a"}),
    ],
)
def test_an_amount_that_is_none_stops_with_its_place(
    read: Callable, name: str, row: dict, changed: dict
) -> None:
    found, _ = read(name, [row, {**row, **changed}])
    ((level, said),) = faults_of(found, "amount unreadable")
    assert level == "stop" and "'n/a' is no amount (1 such; first: orders_export_1.csv, line 3)" in said


def amounts_of(tables: dict[str, list[dict]]) -> list[str]:
    return [row["amount"] for row in tables["orders"]]


WHOLE = {"Shipping": "5", "Taxes": "0", "Total": "1,239", "Refunded Amount": "0"}


def test_a_thousand_is_told_from_the_other_amounts_of_the_file(read: Callable) -> None:
    """1,234 beside 5.00 is a thousand and more; 1.234 beside 5,00 is, too."""
    _, tables = read("shopify", [shopify(Subtotal="1,234"), shopify(Name="#1002")])
    assert amounts_of(tables) == ["1234.00", "40.00"]
    resaved = {name: value.replace(".", ",") for name, value in SHOPIFY.items()}
    _, tables = read("shopify", [{**resaved, "Subtotal": "1.234"}])
    assert amounts_of(tables) == ["1234.00"]
    _, tables = read("woocommerce", [{**WOO, "order_total": "1,234"}])
    assert amounts_of(tables) == ["1220.45"], "1,234 less 5.00, 0.95 and 7.60"


def test_an_amount_in_another_currency_than_its_row_s_is_a_stop(read: Callable) -> None:
    """$ stands for a Canadian dollar too, and € for no dollar."""
    found, _ = read("shopify", [SHOPIFY | {"Currency": "CAD", "Subtotal": "$40.00"}])
    assert faults_of(found, "amount unreadable") == []
    for key, row in (
        ("shopify", SHOPIFY | {"Currency": "USD", "Subtotal": "40.00 €"}),
        ("woocommerce", WOO | {"order_currency": "USD", "order_total": "€40.00"}),
    ):
        ((level, said),) = faults_of(read(key, [row])[0], "amount unreadable")
        assert level == "stop" and "names another currency than its row, which is in USD" in said


def test_a_thousand_that_no_other_amount_shows_is_asked_about(read: Callable) -> None:
    found, tables = read("shopify", [{**SHOPIFY, **WHOLE, "Subtotal": "1,234"}])
    ((level, said),) = faults_of(found, "amount unreadable")
    assert not tables and level == "stop" and "'1,234' may be 1234 or 1.234" in said
    assert "`decimal_sign: point`" in said
    for sign, amount in (("point", "1234"), ("comma", "1.234")):
        _, tables = read("shopify", [{**SHOPIFY, **WHOLE, "Subtotal": "1,234"}], decimal_sign=sign)
        assert amounts_of(tables) == [amount]


def test_amounts_that_show_both_signs_are_asked_about(read: Callable) -> None:
    """Each that can be read in one way alone is; 1,234 between them is not."""
    both = [shopify(Subtotal="49,90"), shopify(Name="#1002", Subtotal="1,234")]
    found, _ = read("shopify", both)
    assert "may be 1234 or 1.234" in faults_of(found, "amount unreadable")[0][1]

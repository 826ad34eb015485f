"""Paddle Billing: its objects, its transactions report and Retain's answers, by hand from the reference.

In the timelines a span stands between its days of 2026.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_helpers import sources
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Stopped
from retention_helpers.sources.importing import import_files
from retention_helpers.sources.interface import Imported, Order
from retention_helpers.sources.looking import look_at
from retention_helpers.sources.paddle import history

MONTHLY = {"interval": "month", "frequency": 1}
PRICE = {
    "id": "pri_01", "name": "Monthly (per seat)", "billing_cycle": MONTHLY, "trial_period": None,
    "tax_mode": "external", "unit_price_overrides": [],
    "unit_price": {"amount": "3000", "currency_code": "USD"},
}  # fmt: skip
ITEM = {"status": "active", "quantity": 2, "recurring": True, "trial_dates": None, "price": PRICE,
        "product": {"name": "Pro"}}  # fmt: skip
SUBSCRIPTION = {
    "id": "sub_01", "status": "active", "customer_id": "ctm_01", "currency_code": "USD",
    "created_at": "2026-01-05T10:18:47.635628Z", "started_at": "2026-01-05T10:18:47.635628Z",
    "first_billed_at": "2026-01-05T10:18:47.635628Z", "next_billed_at": "2026-04-05T10:18:47.635628Z",
    "updated_at": "2026-03-05T10:18:50Z", "paused_at": None, "canceled_at": None, "discount": None,
    "billing_cycle": MONTHLY, "scheduled_change": None, "items": [ITEM], "custom_data": None,
}  # fmt: skip
CUSTOMER = {
    "id": "ctm_01", "name": "Ada", "email": "Ada@Example.com", "locale": "en",
    "created_at": "2026-01-05T10:12:00Z", "updated_at": "2026-01-05T10:12:00Z", "custom_data": {"team": "b"},
}  # fmt: skip
NAMES = ("started_at", "ended_at", "mrr", "status")


def subscription(**changes: Any) -> dict[str, Any]:
    return deepcopy(SUBSCRIPTION) | changes


def bill(start: str, end: str, subtotal: str, **changes: Any) -> dict[str, Any]:
    """A renewal: one line for a whole period, paid by card."""
    totals = {"subtotal": subtotal, "discount": "0", "tax": "500", "total": "6500"}
    return {
        "id": f"txn_{start}", "status": "completed", "customer_id": "ctm_01", "subscription_id": "sub_01",
        "currency_code": "USD", "origin": "subscription_recurring",
        "items": [{"price": PRICE, "quantity": 2}],
        "billing_period": {"starts_at": f"{start}T10:18:47Z", "ends_at": f"{end}T10:18:47Z"},
        "details": {"totals": totals, "line_items": [
            {"price_id": "pri_01", "quantity": 2, "proration": None, "totals": totals,
             "product": {"name": "Pro"}}
        ]},
        "payments": [{"amount": "6500", "status": "captured", "error_code": None,
                      "created_at": f"{start}T10:18:33Z", "captured_at": f"{start}T10:18:47Z"}],
        "billed_at": f"{start}T10:18:48Z", "created_at": f"{start}T10:12:33Z",
    } | changes  # fmt: skip


BILLS = [
    bill("2026-01-05", "2026-02-05", "6000"),
    bill("2026-02-05", "2026-03-05", "6000"),
    bill("2026-03-05", "2026-04-05", "6000"),
]


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., Imported]:
    def read(*things: Any, options: Any = None, **files: str) -> Imported:
        folder = tmp_path / "in"
        folder.mkdir()
        paths = [folder / "objects.json"] if things else []
        for path in paths:
            path.write_text(json.dumps(things))
        for name, text in files.items():
            paths.append(folder / f"{name}.csv")
            paths[-1].write_text(text)
        (tmp_path / "into").mkdir()
        order = Order(paths, tmp_path / "into", Settings(), options or {})
        return sources.importer("paddle").read(order)

    return read


def rows(found: Imported, table: str, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in names) for row in pq.read_table(found.tables[table]).to_pylist()]


def spans(found: Imported) -> list[tuple[Any, ...]]:
    return [
        (str(start)[:10], end and end[:10], mrr, status)
        for start, end, mrr, status in rows(found, "subscriptions", *NAMES)
    ]


def aside(found: Imported) -> list[tuple[str, str]]:
    return [(row.place, row.reason) for row in found.set_aside]


# --- a subscription as it is now -------------------------------------------------------------------


def test_a_subscription_and_its_customer(imported: Callable[..., Imported]) -> None:
    """30.00 × 2 seats a month."""
    found = imported(subscription(), CUSTOMER)
    names = ("customer_id", *NAMES, "plan", "currency", "interval", "subscription_id", "source_place")
    assert rows(found, "subscriptions", *names) == [
        ("ctm_01", "2026-01-05T10:18:47.635628Z", None, "60", "active", "Pro", "USD", "month", "sub_01",
         "object 1")
    ]  # fmt: skip
    who = ("customer_id", "signed_up_at", "name", "email", "locale", "team")
    assert rows(found, "customers", *who) == [
        ("ctm_01", "2026-01-05T10:12:00Z", "Ada", "Ada@Example.com", "en", "b")
    ]
    assert found.rows_read == {"objects.json": 2} and not found.set_aside


AMOUNTS = {
    "a year": ([("19000", "USD", "year", 1, 1)], "15.833333"),
    "a quarter": ([("9000", "EUR", "month", 3, 1)], "30"),
    "a week": ([("1200", "USD", "week", 1, 1)], "52"),
    "yen have no smaller unit": ([("1900", "JPY", "month", 1, 3)], "5700"),
    "two items of different cycles": ([("3000", "USD", "month", 1, 1), ("12000", "USD", "year", 1, 2)], "50"),
    "unreadable, for the gate to show": ([("dear", "USD", "month", 1, 1)], "dear per month"),
}


@pytest.mark.parametrize(("items", "mrr"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_amounts_a_month(imported: Callable[..., Imported], items: list[tuple], mrr: str) -> None:
    """12.00 a week × 52 / 12 = 52; 30.00 + 2 × 120.00 / 12 = 50; 1,900 yen × 3."""
    made = [
        ITEM | {"quantity": quantity, "price": PRICE | {
            "unit_price": {"amount": amount, "currency_code": currency},
            "billing_cycle": {"interval": interval, "frequency": frequency}}}
        for amount, currency, interval, frequency, quantity in items
    ]  # fmt: skip
    found = imported(subscription(items=made, currency_code=items[0][1]))
    assert spans(found)[0][2] == mrr


def test_what_does_not_recur_is_no_mrr(imported: Callable[..., Imported]) -> None:
    once = ITEM | {"recurring": False, "price": PRICE | {"billing_cycle": None}}
    found = imported(subscription(items=[ITEM, once, ITEM | {"status": "inactive"}]))
    assert spans(found) == [("2026-01-05", None, "60", "active")]


TRIAL = {"starts_at": "2026-01-05T10:18:47Z", "ends_at": "2026-01-19T10:18:47Z"}
STATES: dict[str, tuple[dict[str, Any], list[tuple]]] = {
    "canceled": (
        {"status": "canceled", "canceled_at": "2026-03-05T10:18:47Z"},
        [("2026-01-05", "2026-03-05", "60", "active")],
    ),
    "past due": ({"status": "past_due"}, [("2026-01-05", None, "60", "past_due")]),
    "paused": (
        {"status": "paused", "paused_at": "2026-02-10T00:00:00Z"},
        [("2026-01-05", "2026-02-10", "60", "active"), ("2026-02-10", None, None, "paused")],
    ),
    "canceled while paused": (
        {"status": "canceled", "paused_at": "2026-02-10T00:00:00Z", "canceled_at": "2026-03-01T00:00:00Z"},
        [("2026-01-05", "2026-02-10", "60", "active"), ("2026-02-10", "2026-03-01", None, "paused")],
    ),
    "trialing": (
        {"status": "trialing", "first_billed_at": None, "items": [ITEM | {"trial_dates": TRIAL}]},
        [("2026-01-05", None, None, "trialing")],
    ),
    "after a trial": (
        {"items": [ITEM | {"trial_dates": TRIAL}]},
        [("2026-01-05", "2026-01-19", None, "trialing"), ("2026-01-19", None, "60", "active")],
    ),
    "canceled within the trial": (
        {"items": [ITEM | {"trial_dates": TRIAL}], "status": "canceled",
         "canceled_at": "2026-01-10T00:00:00Z"},
        [("2026-01-05", "2026-01-10", None, "trialing")],
    ),
    "a trial that ended with the first bill": (
        {"first_billed_at": "2026-01-19T10:18:47Z"},
        [("2026-01-05", "2026-01-19", None, "trialing"), ("2026-01-19", None, "60", "active")],
    ),
    "a trial that was canceled without a bill": (
        {"first_billed_at": None, "status": "canceled", "canceled_at": "2026-01-10T00:00:00Z"},
        [("2026-01-05", "2026-01-10", None, "trialing")],
    ),
    "no price, for the gate to stop at": (
        {"items": []}, [("2026-01-05", None, "no recurring item", "active")]
    ),
    "a paid trial is a trial": (
        {"items": [ITEM | {"trial_dates": TRIAL, "price": PRICE | {
            "trial_period": {"interval": "day", "frequency": 14, "unit_price": {"amount": "100"}}}}],
         "status": "trialing"},
        [("2026-01-05", None, None, "trialing")],
    ),
    "a scheduled cancellation": (
        {"scheduled_change": {"action": "cancel", "effective_at": "2026-04-05T10:18:47Z", "resume_at": None}},
        [("2026-01-05", "2026-04-05", "60", "active")],
    ),
    "a scheduled pause": (
        {"scheduled_change": {"action": "pause", "effective_at": "2026-04-05T00:00:00Z",
                              "resume_at": "2026-06-05T00:00:00Z"}},
        [("2026-01-05", "2026-04-05", "60", "active"), ("2026-04-05", "2026-06-05", None, "paused"),
         ("2026-06-05", None, "60", "active")],
    ),
    "a scheduled return": (
        {"status": "paused", "paused_at": "2026-02-10T00:00:00Z",
         "scheduled_change": {"action": "resume", "effective_at": "2026-05-01T00:00:00Z"}},
        [("2026-01-05", "2026-02-10", "60", "active"), ("2026-02-10", "2026-05-01", None, "paused"),
         ("2026-05-01", None, "60", "active")],
    ),
    "started later than it was made": (
        {"started_at": "2026-01-09T00:00:00Z"}, [("2026-01-09", None, "60", "active")]
    ),
    "not started yet": ({"started_at": None}, [("2026-01-05", None, "60", "active")]),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), STATES.values(), ids=STATES.keys())
def test_every_state(
    imported: Callable[..., Imported], changes: dict[str, Any], expected: list[tuple]
) -> None:
    assert spans(imported(subscription(**changes))) == expected


# --- its past, from what was billed ----------------------------------------------------------------


def renewals(*subtotals: str) -> list[dict[str, Any]]:
    days = [f"2026-{month:02}-05" for month in range(1, 9)]
    return [bill(days[nth], days[nth + 1], subtotal) for nth, subtotal in enumerate(subtotals)]


def test_without_transactions_the_past_is_not_known(imported: Callable[..., Imported]) -> None:
    found = imported(subscription(), subscription(id="sub_02"))
    assert set(found.not_known) == {"prices", "pauses"}
    assert "for sub_01 and 1 more. Export the transactions" in found.not_known["prices"]


def test_transactions_that_begin_too_late_do_not_tell_the_past(imported: Callable[..., Imported]) -> None:
    assert set(imported(subscription(), *BILLS[1:]).not_known) == {"prices", "pauses"}


def test_a_new_price_holds_from_its_bill_on(imported: Callable[..., Imported]) -> None:
    """5 Jan ── 60.00 ── 5 Mar ── 75.00 ── …"""
    found = imported(subscription(), *renewals("6000", "6000", "7500"))
    assert spans(found) == [
        ("2026-01-05", "2026-03-05", "60", "active"), ("2026-03-05", None, "75", "active"),
    ]  # fmt: skip
    assert found.not_known == {}


def test_a_discount_lowers_mrr_while_it_lasts_and_tax_is_none_of_it(
    imported: Callable[..., Imported],
) -> None:
    """60.00 less 12.00, for one month; the tax of 5.00 does not count."""
    first, second = renewals("6000", "6000")
    first["details"]["line_items"][0]["totals"] = {"subtotal": "6000", "discount": "1200", "tax": "500"}
    discount = {"id": "dsc_01", "starts_at": "2026-01-05T00:00:00Z", "ends_at": "2026-02-05T00:00:00Z"}
    assert spans(imported(subscription(discount=discount), first, second)) == [
        ("2026-01-05", "2026-02-05", "48", "active"), ("2026-02-05", None, "60", "active"),
    ]  # fmt: skip


def test_a_discount_without_bills_is_said(imported: Callable[..., Imported]) -> None:
    """The subscription names it, and not its amount."""
    found = imported(subscription(discount={"id": "dsc_01"}), CUSTOMER)
    assert [fault.message for fault in found.faults] == [
        "Paddle: there is a discount whose amount is not said, and MRR stands at the price before it in 1 of "
        "1 rows (first: object 1). Export the discounts, or the transactions: they say what was billed."
    ]


def discount(kind: str, amount: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": "dsc_01", "status": "active", "type": kind, "amount": amount, "recur": True,
        "currency_code": None if kind == "percentage" else "USD", "maximum_recurring_intervals": None,
        "usage_limit": None, "restrict_to": None, "expires_at": None, "updated_at": "2026-01-01T00:00:00Z",
    } | changes  # fmt: skip


OF_TWO_SEATS = {  # at 30, and an extra at 20 for one
    "a share": (discount("percentage", "25"), "60"),
    "an amount a bill": (discount("flat", "1000"), "70"),
    "an amount a seat": (discount("flat_per_seat", "500"), "65"),
    "of one price": (discount("percentage", "50", restrict_to=["pri_02"]), "70"),
    "of one product": (discount("flat", "99999", restrict_to=["pro_02"]), "60"),
    "of another": (discount("percentage", "50", restrict_to=["pri_09"]), "80"),
    "for the first bill": (discount("percentage", "50", recur=False), "80"),
}
TWENTY = PRICE | {"id": "pri_02", "unit_price": {"amount": "2000", "currency_code": "USD"}}
EXTRA = ITEM | {"quantity": 1, "product": {"name": "Extra", "id": "pro_02"}, "price": TWENTY}


@pytest.mark.parametrize(("terms", "mrr"), OF_TWO_SEATS.values(), ids=OF_TWO_SEATS.keys())
def test_a_discount_object_says_what_is_taken_off(
    imported: Callable[..., Imported], terms: dict[str, Any], mrr: str
) -> None:
    """Of 80 a month, from the begin on."""
    own = {"id": "dsc_01", "starts_at": "2026-01-05T10:18:48Z", "ends_at": None}
    found = imported(subscription(items=[ITEM, EXTRA], discount=own), terms, CUSTOMER)
    assert spans(found) == [("2026-01-05", None, mrr, "active")]
    assert found.faults == []


def test_a_discount_object_counts_while_it_lasts(imported: Callable[..., Imported]) -> None:
    """Half price for two months; bills go before it; in another currency it is not known."""
    own = {"id": "dsc_01", "starts_at": "2026-02-05T10:18:47Z", "ends_at": "2026-04-05T10:18:47Z"}
    half = discount("percentage", "50")
    found = imported(subscription(discount=own), half, CUSTOMER)
    assert spans(found) == [
        ("2026-01-05", "2026-02-05", "60", "active"), ("2026-02-05", "2026-04-05", "30", "active"),
        ("2026-04-05", None, "60", "active"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "beside",
    [BILLS, [discount("flat", "900", currency_code="EUR")], [discount("flat", "nine")]],
    ids=["bills go before it", "of another currency", "no number"],
)
def test_where_a_discount_object_does_not_count(imported: Callable[..., Imported], beside: Any) -> None:
    own = {"id": "dsc_01", "starts_at": "2026-02-05T10:18:47Z", "ends_at": "2026-04-05T10:18:47Z"}
    terms = [discount("percentage", "50")] if beside is BILLS else []
    found = imported(subscription(discount=own), *terms, *beside, CUSTOMER)
    assert spans(found) == [("2026-01-05", None, "60", "active")]
    said = [rule for _, rule in rules(found)]
    assert said == ([] if beside is BILLS else ["discount without its amount"])


@pytest.mark.parametrize(("until", "status"), [("2026-04-05T10:18:47Z", "comped"), (None, "active")])
def test_a_discount_of_everything_for_a_payer_without_bills(
    imported: Callable[..., Imported], until: str | None, status: str
) -> None:
    """Billed in January, free from March on: comped where it ends, else a loss that is said."""
    own = {"id": "dsc_01", "starts_at": "2026-03-05T10:18:47Z", "ends_at": until}
    found = imported(subscription(discount=own), discount("percentage", "100"), CUSTOMER)
    free = ("2026-03-05", until and "2026-04-05", None if until else "0", status)
    assert spans(found)[:2] == [("2026-01-05", "2026-03-05", "60", "active"), free]
    assert rules(found) == ([] if until else [("warning", "free without an end")])


def test_a_gap_between_bills_is_a_pause(imported: Callable[..., Imported]) -> None:
    """5 Jan ── 60.00 ── 5 Feb ── paused ── 5 Apr ── 60.00 ── …"""
    found = imported(subscription(), BILLS[0], bill("2026-04-05", "2026-05-05", "6000"))
    assert spans(found) == [
        ("2026-01-05", "2026-02-05", "60", "active"), ("2026-02-05", "2026-04-05", None, "paused"),
        ("2026-04-05", None, "60", "active"),
    ]  # fmt: skip


def test_a_change_to_a_year_is_no_pause(imported: Callable[..., Imported]) -> None:
    """60.00 a month; from 20 January 600.00 a year, of which one charge and no other bill is there yet."""
    year = PRICE | {"id": "pri_02", "billing_cycle": {"interval": "year", "frequency": 1},
                    "unit_price": {"amount": "60000", "currency_code": "USD"}}  # fmt: skip
    change = bill("2026-01-20", "2027-01-20", "60000", origin="subscription_update")
    later = bill("2027-01-20", "2028-01-20", "60000", items=[{"price": year, "quantity": 1}])
    later["details"]["line_items"][0]["price_id"] = "pri_02"
    for bills in ([BILLS[0], change], [BILLS[0], change, later]):
        now = subscription(items=[ITEM | {"price": year, "quantity": 1}])
        found = list(history.spans_of(now, bills))
        assert [(str(span["started_at"])[:10], span["mrr"], span["status"]) for span in found] == [
            ("2026-01-05", 60, "active"), ("2026-01-20", 50, "active"),
        ]  # fmt: skip


def test_a_change_within_a_period_holds_from_its_day_on(imported: Callable[..., Imported]) -> None:
    """2 seats become 3 on 20 January and, after the last bill, 4 on 20 February: 60, 90, 120 a month."""
    changes = [
        bill(day, "2026-03-05", "1500", id=f"txn_u{day}", origin="subscription_update", details={
            "line_items": [{"price_id": "pri_01", "totals": {"subtotal": "1500"}, "proration": {
                "rate": "0.5", "billing_period": {"starts_at": f"{day}T00:00:00Z", "ends_at": None}}}]})
        for day in ("2026-01-20", "2026-02-20")
    ]  # fmt: skip
    now = subscription(items=[ITEM | {"quantity": 4}])
    assert spans(imported(now, *changes, *renewals("6000", "9000"))) == [
        ("2026-01-05", "2026-01-20", "60", "active"), ("2026-01-20", "2026-02-20", "90", "active"),
        ("2026-02-20", None, "120", "active"),
    ]  # fmt: skip


def test_what_is_no_renewal_is_no_price(imported: Callable[..., Imported]) -> None:
    """A charge of once, a new card, a draft, a one-time line beside the recurring one."""
    setup = {"id": "pri_09", "billing_cycle": None}
    with_setup = bill("2026-01-05", "2026-02-05", "6000", origin="web")
    with_setup["items"].append({"price": setup, "quantity": 1})
    with_setup["details"]["line_items"].append({"price_id": "pri_09", "totals": {"subtotal": "19900"}})
    others = [
        bill("2026-01-10", "2026-02-05", "100", origin=origin, id=f"txn_{origin}")
        for origin in ("subscription_charge", "subscription_payment_method_change")
    ]
    draft = bill("2026-01-11", "2026-02-05", "1", status="draft", id="txn_draft")
    found = imported(subscription(), with_setup, *others, draft)
    assert spans(found) == [("2026-01-05", None, "60", "active")]
    assert aside(found) == [("object 5", "a transaction that is draft, so nothing was billed")]


def test_past_due_since_the_first_unpaid_period(imported: Callable[..., Imported]) -> None:
    unpaid = BILLS[2] | {"status": "past_due"}
    assert spans(imported(subscription(status="past_due"), *BILLS[:2], unpaid)) == [
        ("2026-01-05", "2026-03-05", "60", "active"), ("2026-03-05", None, "60", "past_due"),
    ]  # fmt: skip


# --- what the customer pays ------------------------------------------------------------------------


def override(amount: str, currency: str, *countries: str) -> dict[str, Any]:
    unit = {"amount": amount, "currency_code": currency}
    return {"country_codes": list(countries), "unit_price": unit}


def in_euros(*overrides: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A subscription of one seat in euros, whose base price is 30 dollars."""
    item = ITEM | {"quantity": 1, "price": PRICE | {"unit_price_overrides": list(overrides)}}
    return subscription(items=[item], currency_code="EUR", **changes)


def rules(found: Imported) -> list[tuple[str, str]]:
    return [(fault.level, fault.rule) for fault in found.faults]


def test_the_price_is_the_one_in_the_customer_s_currency(imported: Callable[..., Imported]) -> None:
    """30 dollars, 25 euros in Germany and France: the customer pays 25 euros."""
    two = (override("2500", "EUR", "DE"), override("2500", "EUR", "FR"), override("2600", "GBP", "GB"))
    found = imported(in_euros(*two), CUSTOMER)
    assert rows(found, "subscriptions", "mrr", "currency") == [("25", "EUR")] and rules(found) == []


UNKNOWN = {
    "converted from another currency": (),
    "two prices in that currency": (override("2500", "EUR", "DE"), override("2700", "EUR", "FR")),
}


@pytest.mark.parametrize("overrides", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_price_that_only_bills_tell_is_asked_for(
    imported: Callable[..., Imported], tmp_path: Path, overrides: tuple
) -> None:
    """Nothing says which it is, or at which rate: a stop without transactions, their 27.50 with them."""
    found = imported(in_euros(*overrides), CUSTOMER)
    assert [fault.message for fault in found.faults] == [
        "Paddle: it is not known what the price is in the customer's currency in 1 of 1 rows (first: object "
        "1). Export the transactions too: they say what was billed."
    ]
    first = bill("2026-01-05", "2026-02-05", "2750", currency_code="EUR")
    assert [(span["mrr"], span["currency"]) for span in history.spans_of(in_euros(*overrides), [first])] == [
        (27.5, "EUR")
    ]


def test_a_trial_needs_no_price_yet(imported: Callable[..., Imported]) -> None:
    assert rules(imported(in_euros(status="trialing", first_billed_at=None), CUSTOMER)) == []


@pytest.mark.parametrize("mode", ["internal", "account_setting", None])
def test_a_price_that_may_include_tax_is_said(imported: Callable[..., Imported], mode: str | None) -> None:
    """Only a bill tells how much: a warning with how many it is about."""
    taxed = subscription(items=[ITEM | {"price": PRICE | {"tax_mode": mode}}])
    found = imported(taxed, subscription(id="sub_02"), CUSTOMER)
    assert rules(found) == [("warning", "tax in the price")] and found.faults[0].rows == 1
    assert "in 1 of 2 rows" in found.faults[0].message


def test_a_change_after_the_last_bill_is_without_the_tax_in_its_price() -> None:
    """35.70 a seat with 19 % in it: billed 60 for two; from 20 February three, 90, and not 107.10."""
    of = PRICE | {"tax_mode": "internal", "unit_price": {"amount": "3570", "currency_code": "USD"}}
    totals = {"subtotal": "6000", "discount": "0", "tax": "1140", "total": "7140"}
    lines = [{"price_id": "pri_01", "quantity": 2, "proration": None, "tax_rate": "0.19", "totals": totals}]
    first = bill("2026-02-05", "2026-03-05", "6000", items=[{"price": of, "quantity": 2}])
    first["details"]["line_items"] = lines
    change = bill("2026-02-20", "2026-03-05", "1500", origin="subscription_update", billed_at="2026-02-20")
    now = subscription(items=[ITEM | {"quantity": 3, "price": of}])
    spans = list(history.spans_of(now, [first, change]))
    assert [round(span["mrr"], 6) for span in spans] == [60, 90]  # type: ignore[call-overload]
    assert not history.differs_from_last_bill(now, [first, change])


def test_a_price_that_is_another_than_the_last_bill_s_is_said(imported: Callable[..., Imported]) -> None:
    """Billed 60, to be billed 90: 60 counts."""
    found = imported(subscription(items=[ITEM | {"quantity": 3}]), *BILLS, CUSTOMER)
    assert spans(found) == [("2026-01-05", None, "60", "active")]
    assert rules(found) == [("note", "price differs from the last bill")]


# --- free time -------------------------------------------------------------------------------------


def free(start: str, end: str) -> dict[str, Any]:
    """A renewal of which a discount takes off everything."""
    made = bill(start, end, "6000", payments=[])
    made["details"]["line_items"][0]["totals"] = {"subtotal": "6000", "discount": "6000", "tax": "0"}
    return made


MONTHS = [f"2026-{month:02}-05" for month in range(1, 9)]


def test_a_free_month_of_a_payer_is_no_loss(imported: Callable[..., Imported]) -> None:
    """60 in January and February, nothing in March by a discount, 60 in April: a customer throughout."""
    found = imported(subscription(), *BILLS[:2], free(*MONTHS[2:4]), bill(*MONTHS[3:5], "6000"), CUSTOMER)
    assert spans(found) == [
        ("2026-01-05", "2026-03-05", "60", "active"), ("2026-03-05", "2026-04-05", None, "comped"),
        ("2026-04-05", None, "60", "active"),
    ]  # fmt: skip
    assert rules(found) == []


ENDS = {"over": (None, "comped"), "to a day": ("2026-05-05T00:00:00Z", "comped"), "for good": ("", "active")}


@pytest.mark.parametrize(("ends_at", "status"), ENDS.values(), ids=ENDS.keys())
def test_free_time_that_goes_on_is_comped_where_its_end_is_known(
    imported: Callable[..., Imported], ends_at: str | None, status: str
) -> None:
    """Free since March: to the end of the discount, or of the one bill; for good is a loss, and said."""
    discount = None if ends_at is None else {"id": "dsc_01", "ends_at": ends_at or None}
    found = imported(subscription(discount=discount), *BILLS[:2], free(*MONTHS[2:4]), CUSTOMER)
    assert [span[3] for span in spans(found)] == ["active", status]
    is_loss = status == "active"
    assert [mrr for _, _, mrr, _ in spans(found)] == ["60", "0" if is_loss else None]
    assert rules(found) == ([("warning", "free without an end")] if is_loss else [])


def test_a_trial_of_a_payer_is_free_time_and_of_an_added_item_no_trial_of_the_whole(
    imported: Callable[..., Imported],
) -> None:
    """Paid since January: all of it on trial in June is comped; an item on trial in June counts from July."""
    june = {"starts_at": "2026-06-05T00:00:00Z", "ends_at": "2026-07-05T00:00:00Z"}
    given = subscription(status="trialing", items=[ITEM | {"trial_dates": june}])
    assert [span[1:] for span in spans(imported(given))] == [
        ("2026-06-05", "60", "active"), ("2026-07-05", None, "comped"), (None, "60", "active"),
    ]  # fmt: skip
    extra = ITEM | {"quantity": 1, "trial_dates": june}
    now = history.spans_of(subscription(items=[ITEM, extra]), [])
    assert [(span["mrr"], span["status"]) for span in now] == [(60, "active"), (90, "active")]


def test_a_charge_of_once_does_not_hide_a_pause() -> None:
    """Not billed for February; help is charged on 10 February, with a period of its own."""
    charge = bill("2026-02-05", "2026-03-05", "100", origin="subscription_charge",
                  items=[{"price": PRICE | {"billing_cycle": None}, "quantity": 1}])  # fmt: skip
    spans = list(history.spans_of(subscription(), [BILLS[0], charge, BILLS[2]]))
    assert [span["status"] for span in spans] == ["active", "paused", "active"]


@given(st.lists(st.sampled_from(["paid", "free", "none"]), max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_nothing_between_two_paid_months_makes_a_loss(ways: list[str], shuffled: Any) -> None:
    """Free by a discount or not billed at all: service is unbroken, MRR 60 or none, in any order."""
    months = list(zip(MONTHS, MONTHS[1:], ["paid", *ways, "paid"], strict=False))
    made = {"paid": lambda start, end: bill(start, end, "6000"), "free": free}
    bills = [made[way](start, end) for start, end, way in months if way != "none"]
    shuffled.shuffle(bills)
    spans = list(history.spans_of(subscription(), sorted(bills, key=lambda one: one["billed_at"])))
    assert [span["started_at"] for span in spans[1:]] == [span["ended_at"] for span in spans[:-1]]
    assert {(span["mrr"], span["status"]) for span in spans} <= {
        (60, "active"), (None, "comped"), (None, "paused"),
    }  # fmt: skip


# --- payments --------------------------------------------------------------------------------------


def adjustment(**changes: Any) -> dict[str, Any]:
    return {
        "id": "adj_01", "action": "refund", "transaction_id": "txn_2026-02-05", "subscription_id": "sub_01",
        "customer_id": "ctm_01", "currency_code": "USD", "status": "approved",
        "totals": {"subtotal": "1886", "tax": "163", "total": "2049"}, "created_at": "2026-02-09T08:00:00Z",
        "updated_at": "2026-02-09T08:00:00Z",
    } | changes  # fmt: skip


def test_attempts_and_money_that_went_back(imported: Callable[..., Imported]) -> None:
    attempts = [
        {"amount": "6500", "status": "error", "error_code": "declined", "created_at": "2026-02-05T10:15:57Z"},
        *BILLS[1]["payments"],
        {"amount": "6500", "status": "pending", "created_at": "2026-02-05T10:16:00Z"},
    ]
    found = imported(
        subscription(), BILLS[1] | {"payments": attempts}, adjustment(),
        adjustment(id="adj_02", action="chargeback"), adjustment(id="adj_03", action="credit"),
        adjustment(id="adj_04", status="pending_approval"), adjustment(id="adj_05", status="rejected"),
    )  # fmt: skip
    assert rows(found, "payments", "customer_id", "attempted_at", "status", "amount") == [
        ("ctm_01", "2026-02-05T10:15:57Z", "failed", "65"),
        ("ctm_01", "2026-02-05T10:18:33Z", "succeeded", "65"),
        ("ctm_01", "2026-02-09T08:00:00Z", "refunded", "20.49"),
        ("ctm_01", "2026-02-09T08:00:00Z", "refunded", "20.49"),
    ]
    assert aside(found) == [
        ("object 2", "an attempt to pay that is pending"),
        ("object 5", "an adjustment that is no money back (credit, approved)"),
        ("object 6", "an adjustment that is no money back (refund, pending_approval)"),
        ("object 7", "an adjustment that is no money back (refund, rejected)"),
    ]


REPORT = (
    "transaction_id,status,customer_id,customer_email,subscription_id,origin,currency_code,created_at,billed_at,"
    "grand_total\n"
    "txn_2026-01-05,completed,ctm_01,a@x.de,sub_01,web,USD,2026-01-05T10:12:33Z,2026-01-05T10:18:48Z,{0}\n"
    "txn_a,past_due,ctm_01,a@x.de,sub_01,subscription_recurring,USD,2026-04-05T10:12:33Z,2026-04-05T10:18:48Z,{0}\n"
    "txn_b,paid,ctm_02,b@x.de,sub_02,subscription_recurring,USD,2026-04-06T10:12:33Z,2026-04-06T10:18:48Z,{0}\n"
    "txn_c,draft,ctm_02,b@x.de,,web,USD,2026-04-07T10:12:33Z,,{0}\n"
)
PAID = [("ctm_01", "2026-04-05T10:18:48Z", "failed"), ("ctm_02", "2026-04-06T10:18:48Z", "succeeded")]


@pytest.mark.parametrize(
    ("written", "options", "amount", "notes"),
    [("65.00", {}, "65.00", 0), ("6500", {}, None, 1), ("6500", {"amounts": "lowest denomination"}, "65", 0)],
)
def test_the_transactions_report(
    imported: Callable[..., Imported], written: str, options: dict[str, str], amount: str | None, notes: int
) -> None:
    """A transaction that is there as an object too counts once; amounts that could be two are left empty."""
    found = imported(subscription(), CUSTOMER, BILLS[0], report=REPORT.format(written), options=options)
    own = rows(found, "payments", "customer_id", "attempted_at", "status")
    assert own == [("ctm_01", "2026-01-05T10:18:33Z", "succeeded"), *PAID]
    assert [paid for (paid,) in rows(found, "payments", "amount")[1:]] == [amount] * 2
    assert len(found.faults) == notes
    assert aside(found) == [
        ("line 2", "the transaction is there as an object too"),
        ("line 5", "a transaction of which nothing was collected"),
    ]


# --- who ended it, and why -------------------------------------------------------------------------

CANCELED = {"status": "canceled", "canceled_at": "2026-04-05T10:18:47Z"}
WHY = ("customer_id", "canceled_at", "reason", "comment", "kind")


def test_retain_s_answers(imported: Callable[..., Imported]) -> None:
    """By the id or by the e-mail, whatever its capitals; the words stay Retain's, and are known ones."""
    nameless = CUSTOMER | {"id": "ctm_09", "email": None}
    retain = (
        "Customer ID,Customer Email,Canceled At,Cancellation Reason,Feedback\n"
        "ctm_01,,2026-04-01 09:00,Didn't see the value,too few projects\n"
        ",ada@example.com,2026-04-02,Missing features/hard to use,\n"
        ",nobody@example.com,2026-04-03,Poor support,\n"
        ",,2026-04-03,Other,\n"
    )
    found = imported(subscription(**CANCELED), CUSTOMER, nameless, retain=retain)
    assert rows(found, "cancellations", *WHY) == [
        ("ctm_01", "2026-04-01T09:00:00", "Didn't see the value", "too few projects", "voluntary"),
        ("ctm_01", "2026-04-02", "Missing features/hard to use", None, "voluntary"),
    ]
    reason = "no customer of the export has this e-mail"
    assert aside(found) == [("line 4", reason), ("line 5", reason)]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Not useful right now", "not_using_enough"),
        ("Didn't see the value", "did_not_deliver_value"),
        ("Poor support", "poor_support"),
        ("Missing features/hard to use", "missing_feature"),
        ("Other", "other"),
    ],
)
def test_what_retain_s_reasons_mean(said: str, meant: str) -> None:
    from retention_helpers.contract.reason_codes import reason_of

    assert reason_of(said, {}) == meant


def test_billing_itself_knows_no_reason(imported: Callable[..., Imported]) -> None:
    assert "cancellations" not in imported(subscription(**CANCELED), *BILLS).tables


def test_a_scheduled_cancellation_is_a_request(imported: Callable[..., Imported]) -> None:
    change = {"action": "cancel", "effective_at": "2026-04-05T10:18:47Z", "resume_at": None}
    found = imported(subscription(scheduled_change=change))
    assert rows(found, "cancellations", *WHY) == [("ctm_01", "2026-03-05T10:18:50Z", "not_asked", None, None)]


def test_what_was_never_paid_or_disputed_was_not_the_customer_s_choice(
    imported: Callable[..., Imported],
) -> None:
    unpaid = BILLS[2] | {"status": "past_due"}
    back = adjustment(action="chargeback", subscription_id="sub_02")
    disputed = subscription(id="sub_02", customer_id="ctm_02", **CANCELED)
    found = imported(subscription(**CANCELED), disputed, *BILLS[:2], unpaid, back)
    assert rows(found, "cancellations", *WHY) == [
        ("ctm_01", "2026-04-05T10:18:47Z", "payment_failed", None, "involuntary"),
        ("ctm_02", "2026-04-05T10:18:47Z", "payment_disputed", None, "involuntary"),
    ]


# --- the owner's own data --------------------------------------------------------------------------


def test_own_data_never_take_the_place_of_ours(imported: Callable[..., Imported]) -> None:
    own = {"customer_id": "7", "email": "x", "tags": ["a", "b"], "team": "b"}
    found = imported(subscription(), CUSTOMER | {"custom_data": own})
    names = ("customer_id", "email", "customer_id (custom data)", "email (custom data)", "tags", "team")
    assert rows(found, "customers", *names) == [("ctm_01", "Ada@Example.com", "7", "x", '["a", "b"]', "b")]


# --- files -----------------------------------------------------------------------------------------


def test_without_customers_the_subscriptions_name_them(imported: Callable[..., Imported]) -> None:
    later = subscription(id="sub_02", started_at="2026-02-01T00:00:00Z")
    found = imported(later, subscription())
    assert rows(found, "customers", "customer_id", "signed_up_at") == [
        ("ctm_01", "2026-01-05T10:18:47.635628Z")
    ]
    assert [(fault.level, fault.rule) for fault in found.faults] == [("note", "sign-ups assumed")]


def test_the_latest_state_of_an_object_counts(imported: Callable[..., Imported]) -> None:
    """Two pages that overlap, a webhook's event, and an object of a kind that no report needs."""
    newer = subscription(updated_at="2026-05-01T00:00:00Z", **CANCELED)
    event = {"event_id": "evt_01", "event_type": "subscription.canceled", "data": newer}
    found = imported(subscription(), event, subscription(), {"id": "pro_01", "name": "Pro"})
    assert spans(found) == [("2026-01-05", "2026-04-05", "60", "active")]
    assert aside(found) == [
        ("object 1", "an earlier state of the same object"),
        ("object 3", "an earlier state of the same object"),
        ("object 4", "no object that a report needs"),
    ]


def _page(things: Iterable[Any]) -> bytes:
    return json.dumps({"data": list(things), "meta": {"request_id": "x", "pagination": {}}}).encode()


def _lines(things: Iterable[Any]) -> bytes:
    return "\n".join(map(json.dumps, things)).encode()


FORMS = {
    "a page of the API": ("a.json", _page),
    "JSON Lines": ("a.jsonl", _lines),
    "JSON Lines in gzip": ("a.ndjson.gz", lambda things: gzip.compress(_lines(things))),
    "a list in gzip": ("a.json.gz", lambda things: gzip.compress(json.dumps(list(things)).encode())),
}


@pytest.mark.parametrize(("name", "form"), FORMS.values(), ids=FORMS.keys())
def test_every_form_of_file(tmp_path: Path, name: str, form: Callable[..., bytes]) -> None:
    (tmp_path / name).write_bytes(form([SUBSCRIPTION, CUSTOMER]))
    written = import_files("paddle", [tmp_path / name], tmp_path / "data", Settings())
    assert written.rows == {"customers.csv": 1, "subscriptions.csv": 1}
    assert look_at(tmp_path / name).key == "paddle"


MORE = {"data": [SUBSCRIPTION], "meta": {"pagination": {"per_page": 1, "has_more": True}}}
BROKEN = {
    "the first of several pages": ("a.json", json.dumps(MORE).encode(), "says that more would follow"),
    "no JSON": ("a.json", b"{", "a.json: what begins on line 1 is no JSON."),
    "a broken line": ("a.jsonl", b'{"id": "sub_1"}\n{"id"', "a.jsonl: line 2 is no JSON."),
    "no object": ("a.json", b"[1]", "a.json: object 1 is no object."),
    "not UTF-8": ("a.json", b'"\xff"', "a.json: the file cannot be read to its end."),
    "not gzip": ("a.json.gz", b"{}", "a.json.gz: the file cannot be read to its end."),
    "another CSV": ("a.csv", b"a,b\n1,2\n", "it is neither Paddle's transactions report"),
    "an unknown status": ("a.json", json.dumps(subscription(status="frozen")).encode(), "sub_01 is frozen"),
    "canceled without a time": ("a.json", json.dumps(subscription(status="canceled")).encode(), "no ca"),
    "no start": ("a.json", json.dumps(subscription(started_at=None, created_at=None)).encode(), "no start"),
    "a bad instant": ("a.json", json.dumps(subscription(paused_at="soon")).encode(), "paused_at soon"),
    "a bad period": ("a.json", json.dumps(bill("2026-13-01", "2026-14-01", "1")).encode(), "2026-13-01T"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_stops_with_a_sentence(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Stopped) as stopped:
        import_files("paddle", [tmp_path / name], tmp_path / "data", Settings())
    assert said in str(stopped.value)
    assert not (tmp_path / "data").exists()


def test_every_kind_of_file_is_recognised() -> None:
    """The columns as Paddle's reference lists them."""
    kind = sources.importer("paddle").recognises
    assert kind(list(SUBSCRIPTION)) == "a Paddle subscription"
    assert kind(list(BILLS[0])) == "a Paddle transaction"
    assert kind(["id", "name", "email", "locale", "created_at", "updated_at"]) == "a Paddle customer"
    assert kind(list(adjustment())) == "a Paddle adjustment"
    assert kind(REPORT.splitlines()[0].split(",")) == "Paddle's transactions report"
    assert kind(["Customer Email", "Date", "Cancellation Reason"]) == "answers of Paddle Retain"
    assert kind(["customer_id", "canceled_at", "reason"]) == ""  # a table of ours


def _places(thing: Any, path: tuple = ()) -> Iterator[tuple]:
    """The way to every value within an object."""
    inner = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from _places(value, (*path, key))


def _changed(thing: Any, path: tuple, value: Any) -> Any:
    copy = deepcopy(thing)
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return copy


@pytest.mark.parametrize("nth", range(3))
def test_no_odd_value_is_an_error_of_ours(tmp_path: Path, nth: int) -> None:
    """Whatever stands in a field, or if it is missing: the import reads it, or stops with a sentence."""
    change = {"action": "pause", "effective_at": "2026-04-05T10:18:47Z"}
    whole = subscription(items=[ITEM | {"trial_dates": TRIAL}], discount={}, scheduled_change=change)
    things = [whole, BILLS[1], adjustment(action="chargeback")]
    path = tmp_path / "odd.json"
    for place in _places(things[nth]):
        for value in (..., None, "", "x", 5, [], {}, [1], {"a": None}):
            odd = _changed(things[nth], place, value)
            path.write_text(json.dumps([*things[:nth], odd, *things[nth + 1 :]]))
            (tmp_path / "into").mkdir(exist_ok=True)
            found = sources.importer("paddle").read(Order([path], tmp_path / "into", Settings()))
            assert found.tables or found.faults


def test_a_bill_of_a_subscription_that_is_not_there_is_said(imported: Callable[..., Imported]) -> None:
    """A missing list of canceled subscriptions, or an id that was spoilt: a pause that never was."""
    found = imported(subscription(), *BILLS[:2], BILLS[2] | {"subscription_id": "sub_02"})
    (fault,) = [one for one in found.faults if one.rule == "bill of no subscription"]
    assert fault.level == "warning" and "sub_02" in fault.message and "1 of 3 rows" in fault.message


def test_a_billed_period_without_its_end_is_refused(imported: Callable[..., Imported]) -> None:
    found = imported(subscription(), BILLS[0] | {"billing_period": {"starts_at": "2026-01-05T10:18:47Z"}})
    (fault,) = [one for one in found.faults if one.level == "stop"]
    assert "has a billing_period without its ends_at" in fault.message


def test_a_price_that_lacks_its_cycle_is_refused(imported: Callable[..., Imported]) -> None:
    """Sold once is null; a name that is not there was spoilt, and a month would look like a pause."""
    price = {name: value for name, value in PRICE.items() if name != "billing_cycle"}
    found = imported(subscription(), BILLS[0] | {"items": [{"price": price, "quantity": 2}]})
    (fault,) = [one for one in found.faults if one.level == "stop"]
    assert "has a price without a billing_cycle" in fault.message

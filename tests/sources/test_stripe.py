"""Stripe's objects and CSV exports become the contract: every field that decides something, by hand."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from stripe_objects import (
    GONE_ROW,
    SUBSCRIPTION_COLUMNS,
    at,
    canceled,
    customer,
    export,
    invoice,
    item,
    json_lines,
    json_list,
    line,
    price,
    subscription,
    subscription_row,
)

from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Fault
from retention_helpers.sources import documents, importer, stripe
from retention_helpers.sources.interface import Imported, Order

Rows = list[dict[str, Any]]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Imported]:
    def reading(*files: Path, accepted: tuple[str, ...] = (), date_order: str = "") -> Imported:
        into = tmp_path / f"into-{len(list(tmp_path.iterdir()))}"
        into.mkdir()
        return stripe.IMPORTER.read(Order(files, into, Settings(accepted=accepted, date_order=date_order)))

    return reading


@pytest.fixture
def imported(tmp_path: Path, read: Callable[..., Imported]) -> Callable[..., Imported]:
    """What becomes of subscription objects, in a file of JSON Lines with one that was canceled."""

    def importing(*objects: Any) -> Imported:
        return read(json_lines(tmp_path / "subscriptions.jsonl", [*objects, canceled()]))

    return importing


def rows_of(found: Imported, table: str, who: str = "") -> Rows:
    rows = pq.read_table(found.tables[table]).to_pylist() if table in found.tables else []
    return [row for row in rows if not who or row["customer_id"] == f"cus_{who}"]


def spans(found: Imported, who: str = "1") -> list[tuple]:
    return [
        (row["started_at"][:10], (row["ended_at"] or "")[:10], row["mrr"], row["status"])
        for row in rows_of(found, "subscriptions", who)
    ]


def stops(found: Imported) -> list[str]:
    return [fault.message for fault in found.faults if fault.level == "stop"]


def rules(found: Imported) -> list[str]:
    return [fault.rule for fault in found.faults]


def said(found: Imported, rule: str) -> Fault:
    return next(fault for fault in found.faults if fault.rule == rule)


# --- objects: prices -------------------------------------------------------------------------------


def test_a_subscription_is_a_span_with_everything_that_the_contract_asks(imported):
    found = imported(subscription())
    assert rows_of(found, "subscriptions", "1") == [{
        "customer_id": "cus_1", "started_at": "2026-01-05T00:00:00Z", "ended_at": None, "mrr": "33",
        "plan": "pro", "status": "active", "currency": "USD", "interval": "month", "subscription_id": "sub_1",
        "source_place": "line 1",
    }]  # fmt: skip
    assert stops(found) == []
    assert found.rows_read == {"subscriptions.jsonl": 2}


AMOUNTS = {
    "minor units": (price(3300), "33"),
    "a currency without cents": (price(3300, currency="jpy"), "3300"),
    "the króna, which Stripe still counts in cents": (price(330000, currency="isk"), "3300"),
    "the ariary, which Stripe counts whole": (price(3300, currency="mga"), "3300"),
    "a currency of three decimals": (price(33000, currency="kwd"), "33"),
    "fractions of a cent": (price(None, unit_amount_decimal="0.5"), "0.005"),
    "a year": (price(19000, every="year"), "15.833333"),
    "every three months": (price(9000, count=3), "30"),
    "a week": (price(1200, every="week"), "52"),
    "a day": (price(100, every="day"), "30.416667"),
    "metered use, which is no recurring amount": (
        price(100, recurring={"interval": "month", "interval_count": 1, "usage_type": "metered"}),
        "0",
    ),
}


@pytest.mark.parametrize(("of", "mrr"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_what_a_price_is_a_month(imported, of, mrr):
    """1,200 a week are 52 / 12 of it a month; 100 a day 365 / 12 of it."""
    assert spans(imported(subscription("1", "2026-01-05", item(of))))[0][2] == mrr


def test_a_quantity_multiplies_and_several_items_add_up(imported):
    """2 × 33.00 a month and 120.00 a year: 66 + 10. The dearest gives the plan and the interval."""
    extra = item(price(12000, every="year", name="extra"))
    found = imported(subscription("1", "2026-01-05", item(quantity=2), extra))
    (row,) = rows_of(found, "subscriptions", "1")
    assert (row["mrr"], row["plan"], row["interval"]) == ("76", "pro", "month")


@pytest.mark.parametrize(
    ("every", "count", "words"),
    [("month", 1, "month"), ("month", 6, "6 months"), ("month", 12, "year"), ("year", 1, "year")],
)
def test_the_interval_in_words(imported, every, count, words):
    found = imported(subscription("1", "2026-01-05", item(price(every=every, count=count))))
    assert rows_of(found, "subscriptions", "1")[0]["interval"] == words


def test_a_plan_is_called_by_its_nickname_the_products_name_or_an_id(imported):
    named = price(nickname=None, product={"id": "prod_1", "name": "Atelier"})
    ids = price(nickname=None)
    found = imported(subscription("1", "2026-01-05", item(named)), subscription("2", "2026-01-05", item(ids)))
    assert [row["plan"] for row in rows_of(found, "subscriptions")][:2] == ["Atelier", "prod_pro"]


def test_a_price_with_tiers_has_no_amount_and_asks_for_the_invoices(imported, read, tmp_path):
    tiers = subscription("1", "2026-01-05", item(price(None, billing_scheme="tiered")))
    assert stops(imported(tiers)) == [
        "subscriptions.jsonl: a price has no amount in the currency that is paid, as where it has tiers or "
        "is kept in another one, and what is paid is not known in 1 of 2 rows (first: line 1). Bring "
        "subscriptions and invoices as objects of the API: the lines say what was billed. The prices of one "
        "subscription in other currencies come with `expand[]=items.data.price.currency_options`."
    ]
    billed = line("1", "2026-01-05", "2026-02-05", 4500, of=price(None))
    files = (
        json_lines(tmp_path / "s.jsonl", [tiers, canceled()]),
        json_lines(tmp_path / "i.jsonl", [invoice("1", 1, "2026-01-05", billed)]),
    )
    found = read(*files)
    assert stops(found) == [] and spans(found)[0][2] == "45"


TIERS = [{"up_to": None, "unit_amount": 2000, "flat_amount": 500}]
IN_EUROS = {
    "an amount": (price(3000, currency_options={"eur": {"unit_amount": 2500}}), "25"),
    "a fraction of a cent": (price(3000, currency_options={"eur": {"unit_amount_decimal": "2550.5",
                             "unit_amount": None}}), "25.505"),
    "tiers": (price(None, tiers_mode="graduated", currency_options={"eur": {"tiers": TIERS}}), "25"),
    "tax inside": (price(3000, tax_behavior="exclusive", currency_options={
        "eur": {"unit_amount": 3000, "tax_behavior": "inclusive"}}), "25"),
    "not said": (price(3000), None),
    "said for another": (price(3000, currency_options={"gbp": {"unit_amount": 2500}}), None),
}  # fmt: skip


@pytest.mark.parametrize(("of", "mrr"), IN_EUROS.values(), ids=IN_EUROS.keys())
def test_a_price_counts_in_the_currency_that_the_subscription_pays(imported, read, tmp_path, of, mrr):
    """A price of USD 30 has an amount of its own in each other currency, or nobody knows what is paid.

    Inclusive of 20 %, EUR 30 are 25. The bill says it without the price, and so it does for a part of it.
    """
    rate = [{"inclusive": True, "percentage": 20}] if of.get("tax_behavior") else []
    paying = subscription("1", "2026-01-05", item(of, tax_rates=rate), currency="eur")
    found = imported(paying)
    assert rules(found).count("price without an amount") == (mrr is None)
    if mrr is not None:
        (row,) = rows_of(found, "subscriptions", "1")
        assert (row["mrr"], row["currency"]) == (mrr, "EUR")
    billed = line("1", "2026-01-05", "2026-02-05", 2500, of=price(3000, currency="eur"))
    whole = {"pricing": None, "price": of, "subscription": "sub_1"}  # as the API of 2022 wrote it
    for shape in (billed, billed | whole):
        files = (
            json_lines(tmp_path / "s.jsonl", [paying | {"items": {"data": [item(price(3000))]}}, canceled()]),
            json_lines(tmp_path / "i.jsonl", [invoice("1", 1, "2026-01-05", shape)]),
        )
        assert stops(read(*files)) == []
        assert rows_of(read(*files), "subscriptions", "1")[0]["mrr"] == "25"


def test_an_amount_off_counts_in_the_currency_that_is_paid(imported):
    """USD 10 off, which is EUR 8 for who pays 33 in euros; without that it is said, and nothing is off."""
    euros = item(price(3300, currency="eur"))
    known = off("2026-01-05", None, amount_off=1000, currency="usd",
                currency_options={"eur": {"amount_off": 800}})  # fmt: skip
    unknown = off("2026-01-05", None, amount_off=1000, currency="usd")
    found = imported(subscription("1", "2026-01-05", euros, discounts=[known]),
                     subscription("2", "2026-01-05", euros, discounts=[unknown]))  # fmt: skip
    assert [spans(found, who)[0][2] for who in ("1", "2")] == ["25", "33"]
    assert said(found, "discount without its amount").rows == 1


# --- objects: the shape of before 2025-04 ----------------------------------------------------------


def test_the_shape_of_before_2025_04(imported):
    """The period stands on the subscription, the one discount in `discount`, the price in `plan`."""
    old_plan = {"id": "plan_1", "nickname": "classic", "amount": 2000, "currency": "usd", "interval": "year",
                "interval_count": 1, "usage_type": "licensed"}  # fmt: skip
    half = {"id": "di_1", "start": at("2026-01-05"), "end": None, "coupon": {"percent_off": 50}}
    old = subscription("1", discount=half, pause_collection={"behavior": "void", "resumes_at": None})
    old |= {"current_period_start": at("2026-02-05"), "current_period_end": at("2027-01-05")}
    old["items"] = {"data": [{"id": "si_1", "plan": old_plan, "quantity": 12}]}
    del old["discounts"]
    assert spans(imported(old)) == [
        ("2026-01-05", "2026-02-05", "10", "active"),
        ("2026-02-05", "", None, "paused"),
    ]


# --- objects: discounts ----------------------------------------------------------------------------


def off(start: str, end: str | None, **coupon: Any) -> dict[str, Any]:
    return {"id": "di_1", "start": at(start), "end": end and at(end), "coupon": coupon}


def test_a_discount_lasts_until_its_end_and_then_the_price_rises(imported):
    found = imported(subscription(discounts=[off("2026-01-05", "2026-03-05", percent_off=20)]))
    assert spans(found) == [
        ("2026-01-05", "2026-03-05", "26.4", "active"),
        ("2026-03-05", "", "33", "active"),
    ]


def test_an_amount_off_is_spread_over_its_period_and_never_goes_below_nothing(imported):
    """120.00 off 1,200.00 a year: 90 a month. 50.00 off 33.00: nothing is paid."""
    yearly = item(price(120000, every="year"))
    ten = [off("2026-01-05", None, amount_off=12000, currency="usd")]
    fifty = [off("2026-01-05", None, amount_off=5000, currency="usd")]
    found = imported(
        subscription("1", "2026-01-05", yearly, discounts=ten), subscription("2", discounts=fifty)
    )
    assert spans(found)[0][2] == "90" and spans(found, "2")[0][2] == "0"


def test_a_discount_that_came_later_once_of_an_item_or_in_the_newest_shape(imported):
    later = subscription("1", discounts=[off("2026-02-01", None, percent_off=50)])
    once = subscription("2", discounts=[off("2026-03-05", None, percent_off=50, duration="once")])
    of_item = subscription("3", "2026-01-05", item(discounts=[off("2026-01-05", None, percent_off=50)]))
    newest = [{"id": "di_4", "start": at("2026-01-05"), "end": None,
               "source": {"type": "coupon", "coupon": {"percent_off": 25}}}]  # fmt: skip
    found = imported(later, once, of_item, subscription("4", discounts=newest))
    assert [span[2] for span in spans(found)] == ["33", "16.5"]
    assert [(span[0], span[2]) for span in spans(found, "2")] == [
        ("2026-01-05", "33"), ("2026-03-05", "16.5"), ("2026-04-05", "33"),
    ]  # fmt: skip
    assert spans(found, "3")[0][2] == "16.5" and spans(found, "4")[0][2] == "24.75"


def test_a_discount_that_is_only_an_id_is_said(imported):
    warned = said(imported(subscription(discounts=["di_1"])), "discount without its amount")
    assert warned.level == "warning" and warned.rows == 1


# --- objects: states -------------------------------------------------------------------------------


def test_what_never_began_is_set_aside(imported):
    found = imported(subscription("1", status="incomplete"), subscription("2", status="incomplete_expired"))
    assert [(row.place, row.reason, row.cells["id"]) for row in found.set_aside] == [
        ("line 1", "it never began: its first payment did not succeed", "sub_1"),
        ("line 2", "it never began: its first payment did not succeed", "sub_2"),
    ]
    assert [row["customer_id"] for row in rows_of(found, "customers")] == ["cus_gone"]


def test_a_trial_goes_before_the_first_paid_day(imported):
    trial = {"trial_start": at("2026-01-05"), "trial_end": at("2026-01-19")}
    found = imported(
        subscription("1", **trial),
        subscription("2", status="trialing", **trial),
        subscription("3", status="paused", **trial),
        canceled("4", "2026-01-10", **trial),
    )
    assert spans(found) == [
        ("2026-01-05", "2026-01-19", None, "trialing"),
        ("2026-01-19", "", "33", "active"),
    ]
    assert spans(found, "2") == [("2026-01-05", "", None, "trialing")]
    assert spans(found, "3") == [("2026-01-05", "2026-01-19", None, "trialing")]  # no card, no service
    assert spans(found, "4") == [("2026-01-05", "2026-01-10", None, "trialing")]


def test_past_due_is_still_service_and_unpaid_has_ended(imported):
    found = imported(subscription("1", status="past_due"), subscription("2", status="unpaid"))
    assert spans(found) == [("2026-01-05", "", "33", "past_due")]
    assert spans(found, "2") == [("2026-01-05", "2026-03-05", "33", "active")]
    (row,) = rows_of(found, "cancellations", "2")
    assert (row["canceled_at"], row["reason"], row["kind"]) == (
        "2026-03-05T00:00:00Z", "payment_failed", "involuntary",
    )  # fmt: skip
    assert said(found, "unpaid since when").level == "note"


@pytest.mark.parametrize("resumes_at", [None, at("2026-06-05")])
@pytest.mark.parametrize("behavior", ["void", "keep_as_draft", "mark_uncollectible"])
def test_a_paused_collection_is_a_pause(imported, behavior, resumes_at):
    """Stripe keeps the status active. That it is to resume is a plan: the pause stays open."""
    found = imported(subscription(pause_collection={"behavior": behavior, "resumes_at": resumes_at}))
    assert spans(found) == [("2026-01-05", "2026-03-05", "33", "active"), ("2026-03-05", "", None, "paused")]
    assert said(found, "paused since when").rows == 1
    assert "pauses" in found.not_known


def test_an_unknown_status_and_a_canceled_one_without_end_are_stops(imported):
    found = imported(subscription("1", status="hibernating"), canceled("2", ended_at=None))
    assert [message.split(": ")[1][:50] for message in stops(found)] == [
        "the status is none of Stripe's (hibernating) in 1 ",
        "a subscription is canceled and has no end (ended_a",
    ]


def test_the_start_may_lie_before_the_creation(imported):
    """A subscription that was backdated began when its service did."""
    found = imported(subscription(start_date=at("2025-11-05")))
    assert spans(found)[0][0] == "2025-11-05"
    assert rows_of(found, "customers", "1")[0]["signed_up_at"] == "2026-01-05T00:00:00Z"


# --- objects: cancellations ------------------------------------------------------------------------


def test_a_request_for_the_end_of_the_period_is_intent_and_no_end(imported):
    details = {"reason": "cancellation_requested", "feedback": "unused", "comment": "we moved on"}
    found = imported(subscription(cancel_at_period_end=True, cancel_at=at("2026-04-05"),
                                  canceled_at=at("2026-03-20"), cancellation_details=details))  # fmt: skip
    assert spans(found) == [("2026-01-05", "", "33", "active")]
    (row,) = rows_of(found, "cancellations", "1")
    assert row == {
        "customer_id": "cus_1", "canceled_at": "2026-03-20T00:00:00Z", "reason": "unused",
        "comment": "we moved on", "kind": "voluntary", "source_place": "line 1",
    }  # fmt: skip


DETAILS = {
    "asked, without saying why": (("cancellation_requested", None), (None, "voluntary")),
    "nothing is known": ((None, None), (None, None)),
    **{word: (("cancellation_requested", word), (word, "voluntary")) for word in (
        "customer_service", "low_quality", "missing_features", "other", "switched_service", "too_complex",
        "too_expensive", "unused")},
    **{word: ((word, None), (word, "involuntary")) for word in (
        "payment_disputed", "payment_failed", "canceled_by_retention_policy")},
}  # fmt: skip


@pytest.mark.parametrize(("details", "row"), DETAILS.values(), ids=DETAILS.keys())
def test_why_and_by_whom(imported, details, row):
    reason, feedback = details
    found = imported(canceled("1", cancellation_details={"reason": reason, "feedback": feedback,
                                                         "comment": None}))  # fmt: skip
    (made,) = rows_of(found, "cancellations", "1")
    assert (made["reason"], made["kind"]) == row
    assert spans(found) == [("2026-01-05", "2026-03-05", "33", "active")]


def test_a_cancellation_on_the_first_day_stays_in_the_data(imported):
    found = imported(canceled("1", "2026-01-05", canceled_at=at("2026-01-05")))
    assert spans(found) == [("2026-01-05", "2026-01-05", "33", "active")]


# --- objects: customers and payments ---------------------------------------------------------------


def test_customers_with_their_metadata_go_before_what_subscriptions_say(read, tmp_path):
    own = customer("1", "2025-12-24", metadata={"industry": "law", "name": "x"}, address={"country": "DE"})
    files = (
        json_lines(tmp_path / "c.jsonl", [own]),
        json_lines(
            tmp_path / "s.jsonl",
            [
                subscription("1", metadata={"industry": "design", "size": "9"}),
                canceled(metadata={"size": "2"}),
            ],
        ),
    )
    found = read(*files)
    assert rows_of(found, "customers") == [
        {"customer_id": "cus_1", "signed_up_at": "2025-12-24T00:00:00Z", "source_place": "c.jsonl, line 1",
         "name": "Name 1", "email": "1@example.com", "country": "DE", "industry": "law",
         "name (metadata)": "x", "size": "9"},
        {"customer_id": "cus_gone", "signed_up_at": "2026-01-05T00:00:00Z", "source_place": "s.jsonl, line 2",
         "name": None, "email": None, "country": None, "industry": None, "name (metadata)": None,
         "size": "2"},
    ]  # fmt: skip
    note = said(found, "sign-up from the first subscription")
    assert (note.level, note.rows) == ("note", 1)


def test_a_customer_may_be_expanded_and_a_deleted_one_is_set_aside(read, tmp_path):
    expanded = subscription("1", customer=customer("1"))
    gone = {"id": "cus_9", "object": "customer", "deleted": True}
    people = [customer("1"), gone, customer("1") | {"name": "Later"}]
    files = (
        json_lines(tmp_path / "s.jsonl", [expanded, canceled()]),
        json_lines(tmp_path / "c.jsonl", people),
    )
    found = read(*files)
    assert rows_of(found, "customers", "1")[0]["name"] == "Later"
    assert [(row.file, row.place, row.reason) for row in found.set_aside] == [
        ("c.jsonl", "c.jsonl, line 2", "it was deleted"),
        ("Stripe's 2 files", "c.jsonl, line 1", "a later row is of the same customer"),
    ]


INVOICES = {
    "paid at once": ({}, [("succeeded", "33", "2026-02-06")]),
    "paid at the third attempt": ({"attempts": 3}, [("failed", "33", "2026-02-05"),
                                                    ("succeeded", "33", "2026-02-06")]),
    "still open": ({"status": "open"}, [("failed", "33", "2026-02-05")]),
    "given up": ({"status": "uncollectible"}, [("failed", "33", "2026-02-05")]),
    "never tried": ({"status": "open", "attempts": 0}, []),
    "a draft": ({"status": "draft", "attempts": 0}, []),
    "void": ({"status": "void", "attempts": 0}, []),
    "nothing due": ({"amount_due": 0, "amount_paid": 0}, []),
}  # fmt: skip


@pytest.mark.parametrize(("more", "rows"), INVOICES.values(), ids=INVOICES.keys())
def test_what_an_invoice_tells_of_payments(read, tmp_path, more, rows):
    one = invoice("1", 1, "2026-02-05", line("1", "2026-02-05", "2026-03-05"),
                  **{"status_transitions": {"paid_at": at("2026-02-06")}, **more})  # fmt: skip
    found = read(json_lines(tmp_path / "s.jsonl", [subscription(), canceled()]),
                 json_lines(tmp_path / "i.jsonl", [one]))  # fmt: skip
    payments = rows_of(found, "payments")
    assert [(row["status"], row["amount"], row["attempted_at"][:10]) for row in payments] == rows


def test_an_invoice_of_two_exports_counts_as_it_was_last(read, tmp_path):
    paid = {"status_transitions": {"paid_at": at("2026-02-09")}}
    whole = line("1", "2026-02-05", "2026-03-05")
    found = read(
        json_lines(tmp_path / "s.jsonl", [subscription(), canceled()]),
        json_lines(tmp_path / "1.jsonl", [invoice("1", 1, "2026-02-05", whole, status="open")]),
        json_lines(tmp_path / "2.jsonl", [invoice("1", 1, "2026-02-05", whole, **paid)]),
    )
    assert [row["status"] for row in rows_of(found, "payments")] == ["succeeded"]
    assert [(row.place, row.reason) for row in found.set_aside] == [
        ("1.jsonl, line 1", "a later row is of the same payment")
    ]


# --- objects: files --------------------------------------------------------------------------------


def test_a_list_its_pages_and_packed_lines_are_the_same(read, tmp_path):
    objects = [subscription(), canceled()]
    first, second = (json.dumps({"object": "list", "has_more": more, "data": [one]})
                     for more, one in zip((True, False), objects, strict=True))  # fmt: skip
    (tmp_path / "pages.json").write_text(f"{first}\n{second}\n")
    (tmp_path / "bare.json").write_text(json.dumps(objects, indent=1))
    with gzip.open(tmp_path / "lines.jsonl.gz", "wt") as file:
        file.write("\n".join(map(json.dumps, objects)) + "\n\n")
    every = [json_list(tmp_path / "list.json", objects), *(tmp_path / name for name in (
        "pages.json", "bare.json", "lines.jsonl.gz"))]  # fmt: skip
    made = [spans(read(file)) + spans(read(file), "gone") for file in every]
    assert made == [made[0]] * 4 and len(made[0]) == 2


BROKEN = {
    "a first page alone": (json.dumps({"object": "list", "has_more": True, "data": [canceled()]}),
                           "its last page says that more would follow (has_more), so the rest is missing"),
    "cut off": (json.dumps(canceled()) + '\n{"id": "su', "line 2 is no JSON"),
    "no JSON": ("id,Status", "what begins on line 1 is no JSON"),
    "no objects": ("[1, 2]", "object 1 is no object"),
    "empty": ("[]", "the file holds no object"),
    "other objects": ('[{"id": "ch_1", "object": "charge"}]',
                      "it holds objects of the kind charge, which are not read"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "what"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_wrong_with_a_file_is_said(read, tmp_path, text, what):
    (tmp_path / "s.json").write_text(text)
    (message,) = stops(read(tmp_path / "s.json"))
    assert message.startswith(f"s.json: {what}")


def test_what_is_too_large_to_be_read_at_once_is_refused(read, tmp_path, monkeypatch):
    """A line, or a list in one piece; the same objects, a line each, are read whatever the file's size."""
    monkeypatch.setattr(documents, "LONGEST_LINE", 5_000)
    monkeypatch.setattr(documents, "LARGEST_PIECE", 20_000)
    many = [subscription(str(nth)) for nth in range(50)]
    lines = read(json_lines(tmp_path / "lines.jsonl", [*many, canceled()]))
    assert lines.rows_read == {"lines.jsonl": 51} and stops(lines) == []
    whole = read(json_list(tmp_path / "list.json", [*many, canceled()]))
    assert [message.split(". ")[0] for message in stops(whole)] == [
        "list.json: it is one piece of more than 0 MB"
    ]
    long = read(json_lines(tmp_path / "long.jsonl", [*many, canceled(metadata={"note": "x" * 6_000})]))
    assert [message.split(". ")[0] for message in stops(long)] == ["long.jsonl: line 51 is longer than 0 MB"]


def test_kinds_that_are_mixed_and_fields_that_are_missing(read, tmp_path):
    lacking = subscription("2")
    del lacking["created"]
    found = read(json_lines(tmp_path / "s.jsonl", [subscription(), canceled(), customer("1"), lacking]))
    assert [message.split(" in ")[0] for message in stops(found)] == [
        "s.jsonl: the file holds objects of several kinds",
        "s.jsonl: a field is missing (created)",
    ]


def test_a_subscription_without_all_of_its_items_is_a_stop(imported):
    cut, none = subscription("1"), subscription("2")
    cut["items"]["has_more"] = True
    none["items"] = {"object": "list", "data": []}
    assert [message.split(" in ")[0] for message in stops(imported(cut, none))] == [
        "subscriptions.jsonl: a field is missing (items: all of them)"
    ]


def test_the_latest_invoice_may_be_expanded_and_says_nothing_more(imported):
    whole = invoice("1", 1, "2026-02-05", line("1", "2026-02-05", "2026-03-05"))
    assert spans(imported(subscription(latest_invoice=whole))) == spans(imported(subscription()))


def test_attempted_without_a_count_is_an_attempt(read, tmp_path):
    """Old invoices say `attempted` alone; the reason for billing plays no part."""
    one = invoice("1", 1, "2026-02-05", line("1", "2026-02-05", "2026-03-05"), status="open", attempts=0,
                  billing_reason="manual") | {"attempted": True}  # fmt: skip
    found = read(json_lines(tmp_path / "s.jsonl", [subscription(), canceled()]),
                 json_lines(tmp_path / "i.jsonl", [one]))  # fmt: skip
    assert [row["status"] for row in rows_of(found, "payments")] == ["failed"]


def test_active_ones_alone_are_refused_with_the_way_out(read, tmp_path):
    file = json_lines(tmp_path / "s.jsonl", [subscription(str(n)) for n in range(3)])
    (message,) = stops(read(file))
    assert "none of its 3 subscriptions has ended" in message and "status=all" in message
    assert said(read(file, accepted=("active alone",)), "active alone").level == "note"
    expired = json_lines(
        tmp_path / "e.jsonl", [subscription(), subscription("2", status="incomplete_expired")]
    )
    assert stops(read(expired)) == []  # of every status, and really nobody has left


def test_the_first_look_knows_them():
    assert stripe.recognises(list(subscription())) == "Stripe's subscriptions (API)"
    assert stripe.recognises(list(invoice("1", 1, "2026-01-05"))) == "Stripe's invoices (API)"
    assert stripe.recognises(list(customer("1"))) == "Stripe's customers (API)"
    assert stripe.recognises(SUBSCRIPTION_COLUMNS) == "Stripe's subscriptions"
    assert stripe.recognises(["id", "Name", "Email", "Description", "Created (UTC)"]) == "Stripe's customers"
    assert stripe.recognises(["id", "name", "email", "description", "created"]) == ""
    assert importer("stripe") is stripe.IMPORTER


# --- CSV -------------------------------------------------------------------------------------------


@pytest.fixture
def exported(tmp_path: Path, read: Callable[..., Imported]) -> Callable[..., Imported]:
    """What becomes of rows of the subscriptions' CSV, with one that was canceled."""

    def exporting(*rows: Any) -> Imported:
        return read(export(tmp_path / "subscriptions.csv", SUBSCRIPTION_COLUMNS, [*rows, GONE_ROW]))

    return exporting


def test_a_row_of_the_subscriptions(exported):
    """Major units, naive UTC, and the product's name where the plan is but an id."""
    found = exported(subscription_row("1", **{"industry (metadata)": "law"}))
    assert rows_of(found, "subscriptions") == [
        {"customer_id": "cus_1", "started_at": "2026-01-05T09:30:00Z", "ended_at": None, "mrr": "33",
         "plan": "Pro", "status": "active", "currency": "USD", "interval": "month",
         "subscription_id": "sub_1", "source_place": "line 2"},
        {"customer_id": "cus_gone", "started_at": "2026-01-05T09:30:00Z", "ended_at": "2026-03-05T09:30:00Z",
         "mrr": "33", "plan": "Pro", "status": "active", "currency": "USD", "interval": "month",
         "subscription_id": "sub_gone", "source_place": "line 3"},
    ]  # fmt: skip
    assert rows_of(found, "cancellations") == [
        {"customer_id": "cus_gone", "canceled_at": "2026-02-20T10:00:00Z", "reason": "too_expensive",
         "comment": None, "kind": "voluntary", "source_place": "line 3"},
    ]  # fmt: skip
    one, gone = rows_of(found, "customers")
    assert (one["email"], one["name"], one["industry"]) == ("1@example.com", "Name 1", "law")
    assert one["signed_up_at"] == "2026-01-05T09:30:00Z" and gone["industry"] is None
    assert set(found.not_known) == {"prices", "pauses"}


ROWS = {
    "a quantity": ({"Quantity": 3}, "99", "active"),
    "a year": ({"Interval": "year", "Amount": "1,200.00"}, "100", "active"),
    "every three months": ({"Interval": "every 3 months", "Amount": "99.00"}, "33", "active"),
    "a currency without cents": ({"Currency": "jpy", "Amount": "3300"}, "3300", "active"),
    "past due": ({"Status": "Past Due"}, "33", "past_due"),
}


@pytest.mark.parametrize(("cells", "mrr", "status"), ROWS.values(), ids=ROWS.keys())
def test_amounts_and_states_of_rows(exported, cells, mrr, status):
    assert spans(exported(subscription_row("1", **cells)))[0][2:] == (mrr, status)


def test_a_sign_of_a_currency_stands_beside_the_column_or_contradicts_it(exported):
    """$49 may be Canadian dollars, and 49 € no US dollars; without the column the sign is the currency."""
    found = exported(
        subscription_row("1", Currency="cad", Amount="$49.00"),
        subscription_row("2", Currency="", Amount="49,00 €"),
    )
    assert [(row["mrr"], row["currency"]) for row in rows_of(found, "subscriptions")][:2] == [
        ("49", "CAD"), ("49", "EUR"),
    ]  # fmt: skip
    assert stops(exported(subscription_row("1"), subscription_row("2", Amount="49.00 €"))) == [
        "subscriptions.csv: an amount names another currency than its row does (amount: '49.00 €' where the "
        "currency is usd) in 1 of 3 rows (first: line 3). Keep the right one of the two."
    ]


def test_a_trial_a_coupon_and_what_never_began(exported):
    trial = {"Trial Start (UTC)": "2026-01-05 09:30", "Trial End (UTC)": "2026-01-19 09:30"}
    found = exported(subscription_row("1", Coupon="SPRING", **trial),
                     subscription_row("2", Status="incomplete_expired"))  # fmt: skip
    assert [span[3] for span in spans(found)] == ["trialing", "active"]
    assert said(found, "discount without its amount").rows == 1
    assert [row.place for row in found.set_aside] == ["line 3"]


def test_a_row_that_is_to_end_with_its_period_is_a_request_and_no_end(exported):
    asked = {"Cancel At Period End": "true", "Canceled At (UTC)": "2026-03-20 08:00",
             "Cancellation Feedback": "unused"}  # fmt: skip
    found = exported(subscription_row("1", **asked))
    assert spans(found) == [("2026-01-05", "", "33", "active")]
    (row,) = rows_of(found, "cancellations", "1")
    assert (row["canceled_at"], row["reason"]) == ("2026-03-20T08:00:00Z", "unused")


def test_names_of_columns_in_another_generation_order_and_spelling(read, tmp_path):
    """Start (UTC) for Start Date (UTC), other capitals, no zone, no optional column."""
    columns = ("STATUS", "Amount", "Interval", "customer_id", "Start (UTC)", "Ended at", "Canceled At", "ID")
    rows = [{"STATUS": "active", "Amount": "33.00", "Interval": "Month", "customer_id": "cus_1",
             "Start (UTC)": "2026-01-05 09:30", "ID": "sub_1"},
            {"STATUS": "canceled", "Amount": "33.00", "Interval": "month", "customer_id": "cus_2",
             "Start (UTC)": "2026-01-05 09:30", "Ended at": "2026-02-05 09:30", "ID": "sub_2"}]  # fmt: skip
    found = read(export(tmp_path / "subscriptions.csv", columns, rows))
    assert stops(found) == [] and len(rows_of(found, "subscriptions")) == 2
    assert said(found, "no quantity").level == "note"


@pytest.mark.parametrize(
    ("column", "named"),
    [("Ended At (UTC)", "Ended At (UTC)"), ("Status", "Status"), ("Customer ID", "Customer ID"),
     ("Amount", "Amount"), ("Interval", "Interval")],
)  # fmt: skip
def test_a_column_that_decides_is_not_done_without(read, tmp_path, column, named):
    columns = [name for name in SUBSCRIPTION_COLUMNS if name != column]
    rows = [
        {name: cell for name, cell in row.items() if name != column} for row in (subscription_row(), GONE_ROW)
    ]
    assert stops(read(export(tmp_path / "s.csv", columns, rows))) == [
        f"s.csv: the export lacks {named}, and no churn can be told without. Export it again, and choose All "
        "columns in Stripe's dialogue."
    ]


def test_reason_and_feedback_in_whichever_column(exported):
    """Nobody has written down which of the two "Cancellation Reason" carries."""
    swapped = GONE_ROW | {"id": "sub_1", "Customer ID": "cus_1", "Cancellation Reason": "Too expensive",
                          "Cancellation Feedback": ""}  # fmt: skip
    failed = GONE_ROW | {"id": "sub_2", "Customer ID": "cus_2", "Cancellation Reason": "payment_failed",
                         "Cancellation Feedback": ""}  # fmt: skip
    rows = rows_of(exported(swapped, failed), "cancellations")
    assert [(row["reason"], row["kind"]) for row in rows] == [
        ("too_expensive", "voluntary"), ("payment_failed", "involuntary"), ("too_expensive", "voluntary"),
    ]  # fmt: skip


def test_a_file_a_tab_and_the_same_subscription_in_two(read, tmp_path):
    """The tabs were exported a week apart: who ended in between stands in both. The end counts."""
    active = export(tmp_path / "active.csv", SUBSCRIPTION_COLUMNS,
                    [subscription_row("1"), subscription_row("gone")])  # fmt: skip
    ended = export(tmp_path / "canceled.csv", SUBSCRIPTION_COLUMNS, [GONE_ROW])
    for files in ([active, ended], [ended, active]):
        found = read(*files)
        assert [(row["subscription_id"], row["source_place"]) for row in rows_of(found, "subscriptions")] == [
            (name, place) for name, place in sorted(
                [("sub_1", "active.csv, line 2"), ("sub_gone", "canceled.csv, line 2")],
                key=lambda pair: files.index(active if pair[0] == "sub_1" else ended))
        ]  # fmt: skip
        assert [(row.place, row.reason) for row in found.set_aside] == [
            ("active.csv, line 3", "the same subscription stands at canceled.csv, line 2")
        ]


def test_the_active_tab_alone_is_refused(read, tmp_path):
    (message,) = stops(read(export(tmp_path / "s.csv", SUBSCRIPTION_COLUMNS, [subscription_row()])))
    assert message.startswith(
        "s.csv: none of its 1 subscriptions has ended, as in an export of the Active tab"
    )


def test_cells_that_cannot_be_read_are_said_with_their_line(exported):
    found = exported(
        subscription_row("1", **{"Start Date (UTC)": "soon"}), subscription_row("2", Amount="dear"),
        subscription_row("3", Interval="fortnight"),
    )  # fmt: skip
    said_of = "subscriptions.csv: a time or an amount cannot be read"
    assert [message.split(". ")[0] for message in stops(found)] == [
        f"{said_of} (started: 'soon') in 1 of 4 rows (first: line 2)",
        f"{said_of} (amount: 'dear') in 1 of 4 rows (first: line 3)",
        f"{said_of} (interval: 'fortnight') in 1 of 4 rows (first: line 4)",
    ]


def test_an_amount_that_is_empty_is_not_0(read, tmp_path):
    """A price with tiers has no Amount in the export: a stop that names the row, and not a customer less."""
    rows = [subscription_row("1"), subscription_row("t", Quantity=12, Amount=""), GONE_ROW]
    (message,) = stops(read(export(tmp_path / "s.csv", SUBSCRIPTION_COLUMNS, rows)))
    assert message == (
        "s.csv: a price has no amount in the currency that is paid, as where it has tiers or is kept in "
        "another one, and what is paid is not known in 1 of 3 rows (first: line 3). Bring subscriptions and "
        "invoices as objects of the API: the lines say what was billed. The prices of one subscription in "
        "other currencies come with `expand[]=items.data.price.currency_options`."
    )


def test_times_that_a_spreadsheet_rewrote_are_asked_about(read, tmp_path):
    """1/5/26 may be January or May: asked as by every source, and read once it is said."""
    times = {"Created (UTC)": "1/5/26 8:00", "Start Date (UTC)": "1/5/26 8:00"}
    gone = times | {"Ended At (UTC)": "4/20/26 8:00", "Canceled At (UTC)": "4/1/26 8:00",
                    "Status": "canceled"}  # fmt: skip
    later = {"Current Period Start (UTC)": "3/5/26 9:30", "Current Period End (UTC)": "4/5/26 9:30"}
    rows = [subscription_row("1", **times, **later), subscription_row("gone", **gone, **later)]
    file = export(tmp_path / "s.csv", SUBSCRIPTION_COLUMNS, rows)
    (message,) = stops(read(file))
    assert message == (
        "s.csv: a time may be read with the day or the month first (others of the file can only be month "
        "first) in 2 of 2 rows (first: line 2). Say `date_order: day first` or `date_order: month first` in "
        "retention.yml, or with --date-order."
    )
    found = read(file, date_order="month first")
    assert stops(found) == [] and spans(found) == [("2026-01-05", "", "33", "active")]


def test_two_rows_of_one_subscription_are_two_items_or_a_stop(exported):
    """33 for the seats and 12 for storage: 45. The same row twice is one; rows that differ in more ask."""
    storage = {"Plan": "price_2", "Product": "Storage", "Amount": "12.00"}
    found = exported(subscription_row("1"), subscription_row("1", **storage), subscription_row("1"))
    assert [span[2] for span in spans(found)] == ["45"] and stops(found) == []
    assert [(row.place, row.reason) for row in found.set_aside] == [
        ("line 4", "the same row stands at line 2")
    ]
    ended = {"Status": "canceled", "Ended At (UTC)": "2026-04-05 09:30"}
    (message,) = stops(exported(subscription_row("1"), subscription_row("1", **ended)))
    assert message.startswith(
        "subscriptions.csv: a subscription stands in two rows that contradict each other (sub_1) in 2 of 3 "
        "rows (first: line 3)."
    )


def test_an_empty_amount_of_a_payment_stays_empty(read, tmp_path):
    columns = ("id", "Created (UTC)", "Amount", "Amount Refunded", "Status", "Customer ID", "Invoice ID")
    paid = {"id": "ch_1", "Created (UTC)": "2026-02-01 10:00", "Status": "Paid", "Customer ID": "cus_1"}
    found = read(
        export(tmp_path / "s.csv", SUBSCRIPTION_COLUMNS, [subscription_row(), GONE_ROW]),
        export(tmp_path / "payments.csv", columns, [paid]),
    )
    assert [row["amount"] for row in rows_of(found, "payments")] == [None]


def test_an_export_says_nothing_of_tax(exported):
    note = said(exported(subscription_row("1")), "tax not said")
    assert (note.level, note.rows) == ("note", 2)


def test_a_trial_that_begins_after_the_start_is_free_time_of_a_payer(exported):
    trial = {"Status": "trialing", "Trial Start (UTC)": "2026-03-05 09:30",
             "Trial End (UTC)": "2026-04-05 09:30"}  # fmt: skip
    assert spans(exported(subscription_row("1", **trial))) == [
        ("2026-01-05", "2026-03-05", "33", "active"), ("2026-03-05", "", None, "comped"),
    ]  # fmt: skip


PAYMENTS = {
    "the older generation": "Created (UTC)",
    "the newer generation": "Created date (UTC)",
}


@pytest.mark.parametrize("created", PAYMENTS.values(), ids=PAYMENTS.keys())
def test_payments_customers_and_invoices_beside_them(read, tmp_path, created):
    """Payments go before what invoices tell of them, so that nothing counts twice."""
    payments = export(
        tmp_path / "payments.csv",
        ("id", created, "Amount", "Amount Refunded", "Currency", "Status", "Customer ID", "Customer Email",
         "Description", "Invoice ID"),
        [{"id": f"ch_{n}", created: f"2026-02-0{n} 10:00", "Amount": "33.00", "Amount Refunded": "0.00",
          "Currency": "usd", "Status": status, "Customer ID": who}
         for n, status, who in ((1, "Paid", "cus_1"), (2, "Refunded", "cus_1"), (3, "Failed", "cus_1"),
                                (4, "Paid", ""), (5, "Uncaptured", "cus_1"))],
    )  # fmt: skip
    customers = export(tmp_path / "customers.csv", ("id", "Name", "Email", "Description", "Created (UTC)"),
                       [{"id": "cus_1", "Name": "Ada", "Email": "ada@example.com",
                         "Created (UTC)": "2025-12-24 18:00"}])  # fmt: skip
    invoices = export(tmp_path / "invoices.csv",
                      ("id", "Customer", "Date (UTC)", "Amount Due", "Amount Paid", "Status", "Subscription"),
                      [{"id": "in_1", "Customer": "cus_1", "Date (UTC)": "2026-02-01 10:00",
                        "Amount Due": "33.00", "Amount Paid": "33.00", "Status": "paid"},
                       {"id": "in_2", "Customer": "cus_1", "Date (UTC)": "2026-02-07 10:00",
                        "Amount Due": "33.00", "Status": "uncollectible"}])  # fmt: skip
    subscriptions = export(tmp_path / "s.csv", SUBSCRIPTION_COLUMNS, [subscription_row(), GONE_ROW])
    found = read(subscriptions, payments, customers, invoices)
    assert stops(found) == []
    assert [(row["attempted_at"], row["status"], row["amount"]) for row in rows_of(found, "payments")] == [
        ("2026-02-01T10:00:00Z", "succeeded", "33.00"), ("2026-02-02T10:00:00Z", "succeeded", "33.00"),
        ("2026-02-02T10:00:00Z", "refunded", "33.00"), ("2026-02-03T10:00:00Z", "failed", "33.00"),
    ]  # fmt: skip
    assert [row.reason for row in found.set_aside] == [
        "it is of no customer", "it tells of no attempt (Uncaptured)",
    ]  # fmt: skip
    assert rows_of(found, "customers", "1")[0]["signed_up_at"] == "2025-12-24T18:00:00Z"
    without = read(subscriptions, customers, invoices)
    assert [row["status"] for row in rows_of(without, "payments")] == ["succeeded", "failed"]


def test_what_was_refunded_had_been_paid(read, tmp_path):
    """33 paid and all of it back a week later; 50 paid and 20 of it back: 30 stay in all."""
    rows = [("ch_1", "33.00", "33.00", "Refunded", "2026-02-09 10:00"),
            ("ch_2", "50.00", "20.00", "Paid", "2026-02-11 10:00"),
            ("ch_3", "40.00", "", "Partially refunded", ""), ("ch_4", "9.00", "", "Paid", "")]  # fmt: skip
    columns = ("id", "Created date (UTC)", "Amount", "Amount Refunded", "Status", "Refunded date (UTC)",
               "Customer ID", "Invoice ID")  # fmt: skip
    payments = export(tmp_path / "payments.csv", columns, [
        dict(zip(columns, (name, "2026-02-02 10:00", paid, back, status, on, "cus_1"), strict=False))
        for name, paid, back, status, on in rows
    ])  # fmt: skip
    subscriptions = export(tmp_path / "s.csv", SUBSCRIPTION_COLUMNS, [subscription_row(), GONE_ROW])
    found = rows_of(read(subscriptions, payments), "payments")
    assert [(row["attempted_at"][:10], row["status"], row["amount"]) for row in found] == [
        ("2026-02-02", "succeeded", "33.00"), ("2026-02-09", "refunded", "33.00"),
        ("2026-02-02", "succeeded", "50.00"), ("2026-02-11", "refunded", "20.00"),
        ("2026-02-02", "succeeded", "40.00"), ("2026-02-02", "refunded", None),  # how much is not said
        ("2026-02-02", "succeeded", "9.00"),
    ]  # fmt: skip


def test_a_csv_of_something_else(read, tmp_path):
    (tmp_path / "s.csv").write_text("a,b\n1,2\n")
    (message,) = stops(read(tmp_path / "s.csv"))
    assert message == (
        "s.csv: it is no export of Stripe's; its columns are a, b. Bring subscriptions, customers, payments "
        "or invoices."
    )

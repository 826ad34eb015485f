"""What an invoice of Stripe's bills, and what of it is a month's amount: by hand, in every shape of a line.

The right value stands in each test's docstring. In the timelines a month is from the 5th to the 5th of 2026.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe_objects import (
    at,
    canceled,
    customer,
    invoice,
    item,
    json_lines,
    line,
    old_line,
    price,
    subscription,
)

from retention_helpers.contract.settings import Settings
from retention_helpers.sources import stripe
from retention_helpers.sources.documents import Placed
from retention_helpers.sources.interface import Imported, Order
from retention_helpers.sources.stripe.history import billed_by, steps_of_past
from retention_helpers.sources.stripe.objects import invoice_of, subscription_of
from retention_helpers.sources.stripe.spans import spans_of, steps_of_now, with_free_time

PRO, TEAM = price(4900, name="pro"), price(9000, name="team")
Object = dict[str, Any]
Span = tuple[str, str, str | None, str]


def month(number: int) -> str:
    """The 5th of a month, counted from January 2026."""
    return f"{2026 + (number - 1) // 12}-{(number - 1) % 12 + 1:02d}-05"


def rows_of(one: Object, *invoices: Object, of_customers: Any = None) -> list[dict[str, str | None]]:
    made = subscription_of(Placed("line 1", one), of_customers or {})
    billed = [line for each in invoices for line in billed_by(invoice_of(Placed("line 1", each)))]
    steps = with_free_time(made, steps_of_past(made, billed) or steps_of_now(made))
    return spans_of(made, steps, made.ended_at)


def spans(one: Object, *invoices: Object, of_customers: Any = None) -> list[Span]:
    """What becomes of a subscription and its invoices."""
    return [
        (str(row["started_at"])[:10], (row["ended_at"] or "")[:10], row["mrr"], str(row["status"]))
        for row in rows_of(one, *invoices, of_customers=of_customers)
    ]


def bill(number: int, *lines: Object, **more: Any) -> Object:
    """The invoice of a month, with the month of the subscription, if no other line is given."""
    whole = lines or (line("1", month(number), month(number + 1), 4900, of=PRO),)
    return invoice("1", number, month(number), *whole, **more)


ALWAYS_49 = [("2026-01-05", "", "49", "active")]


@pytest.fixture(params=[line, old_line], ids=["the shape of today", "the shape of before 2025-04"])
def shape(request: pytest.FixtureRequest) -> Callable[..., Object]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Imported]:
    """What the importer brings of lists of objects, a file a kind; one subscription was canceled."""

    def reading(subscriptions: list[Object], *more: list[Object], **options: Any) -> Imported:
        kinds = [[*subscriptions, canceled()], *(some for some in more if some)]
        files = [json_lines(tmp_path / f"{some[0]['object']}.jsonl", some) for some in kinds]
        into = tmp_path / f"into-{len(list(tmp_path.iterdir()))}"
        into.mkdir()
        return stripe.IMPORTER.read(Order(files, into, Settings(), options))

    return reading


def said(found: Imported, rule: str) -> list[tuple[str, int]]:
    return [(fault.level, fault.rows) for fault in found.faults if fault.rule == rule]


# --- what is billed once ---------------------------------------------------------------------------


def own_item(amount: int, start: str, end: str) -> Object:
    """An invoice item of today's shape, which names the subscription that it goes with."""
    made = line("1", start, end, amount, of=price(amount, name="fee"))
    details = {"invoice_item": "ii_1", "proration": False, "subscription": "sub_1"}
    return made | {"parent": {"type": "invoice_item_details", "invoice_item_details": details}}


def old_item(amount: int, start: str, end: str) -> Object:
    made = old_line("1", start, end, amount, of=price(amount, name="fee", type="one_time", recurring=None))
    return made | {"type": "invoiceitem", "subscription_item": None, "invoice_item": "ii_1"}


def one_time_price(amount: int, start: str, end: str) -> Object:
    return old_line("1", start, end, amount, of=price(amount, name="fee", type="one_time"))


def without_recurring(amount: int, start: str, end: str) -> Object:
    return old_line("1", start, end, amount, of=price(amount, name="fee", recurring=None))


def expanded_price(amount: int, start: str, end: str) -> Object:
    """A line of today whose price was asked for whole."""
    made = line("1", start, end, amount)
    whole = price(amount, name="fee", type="one_time", recurring=None)
    return made | {"pricing": {"type": "price_details", "price_details": {"price": whole, "product": "p"}}}


def of_no_length(amount: int, start: str, end: str) -> Object:
    """Nothing says that it is one-off but that it bills no time."""
    return line("1", start, start, amount, of=price(amount, name="fee"))


ONCE = [own_item, old_item, one_time_price, without_recurring, expanded_price, of_no_length]


@pytest.mark.parametrize("once", ONCE)
@pytest.mark.parametrize("amount", [30000, -2000])
@pytest.mark.parametrize("days", [("2026-01-05", "2026-01-05"), ("2026-01-05", "2026-02-05")])
def test_what_is_billed_once_is_no_month_s_amount(once, amount, days):
    """A set-up fee of 300 or a credit of 20 beside 49 a month: MRR is what recurs, 49 throughout."""
    first = bill(1, line("1", month(1), month(2), 4900, of=PRO), once(amount, *days))
    assert spans(subscription("1", month(1), item(PRO)), first, bill(2)) == ALWAYS_49


@pytest.mark.parametrize("once", ONCE)
def test_work_that_is_billed_on_a_later_invoice_is_no_expansion(once):
    """150 for help on 20 March, billed with April's 49: no expansion in March, no contraction in April."""
    with_help = bill(4, line("1", month(4), month(5), 4900, of=PRO), once(15000, "2026-03-20", "2026-03-20"))
    invoices = [bill(n) for n in (1, 2, 3)] + [with_help, bill(5)]
    assert spans(subscription("1", month(1), item(PRO)), *invoices) == ALWAYS_49


def test_what_is_billed_once_is_said_and_was_paid(read):
    """The invoice of 349 stands whole in the payments; the fee in a note, with the first place."""
    fee = bill(1, line("1", month(1), month(2), 4900, of=PRO), own_item(30000, month(1), month(1)))
    found = read([subscription("1", month(1), item(PRO))], [fee, bill(2)])
    assert said(found, "billed once") == [("note", 1)]
    assert pq.read_table(found.tables["payments"])["amount"].to_pylist() == ["349", "49"]


# --- an item is the sum of its lines ---------------------------------------------------------------


@pytest.mark.parametrize("order", [1, -1])
def test_the_tiers_of_an_item_add_up(shape, order):
    """10 seats at 5 and 2 at 4, and a flat fee of 3 on one invoice: 61 a month, in whatever order."""
    tiered = price(None, name="seats", billing_scheme="tiered", tiers_mode="graduated")
    lines = [shape("1", month(1), month(2), amount, of=tiered, quantity=quantity)
             for amount, quantity in ((5000, 10), (800, 2), (300, 0))]  # fmt: skip
    one = subscription("1", month(1), item(tiered, quantity=12))
    assert spans(one, bill(1, *lines[::order])) == [("2026-01-05", "", "61", "active")]


def test_seats_in_tiers_that_come_within_a_period(shape):
    """10 seats at 5; from 20 January 12, the last two at 4: −50 and +58 for 16 of 31 days, then 58 whole."""
    tiered, half = price(None, name="seats", billing_scheme="tiered"), ("2026-01-20", month(2))
    change = [shape("1", *half, amount, of=tiered, quantity=quantity, proration=True)
              for amount, quantity in ((-2581, 10), (2581, 10), (413, 2))]  # fmt: skip
    whole = [shape("1", month(2), month(3), amount, of=tiered, quantity=quantity)
             for amount, quantity in ((5000, 10), (800, 2))]  # fmt: skip
    first = bill(1, shape("1", month(1), month(2), 5000, of=tiered, quantity=10))
    one = subscription("1", month(1), item(tiered, quantity=12))
    assert [span[:3] for span in spans(one, first, bill(2, *change, *whole))] == [
        ("2026-01-05", "2026-01-20", "50"), ("2026-01-20", "", "58"),
    ]  # fmt: skip


def test_a_credit_without_the_item_s_id_is_of_the_item_with_its_price():
    """33 is dropped for 90 on 15 February; the prorations name the price alone: 90, not 123."""
    change = []
    for amount, of in ((-3150, PRO), (5786, TEAM)):
        made = line("1", "2026-02-15", month(3), amount, of=of, proration=True)
        details = {"invoice_item": "ii", "proration": True, "subscription": "sub_1"}
        parent = {"type": "invoice_item_details", "invoice_item_details": details}
        change.append(made | {"parent": parent})
    last = bill(3, *change, line("1", month(3), month(4), 9000, of=TEAM))
    found = spans(subscription("1", month(1), item(TEAM)), bill(1), bill(2), last)
    assert [span[2] for span in found] == ["49", "90"]


def test_an_invoice_of_two_exports_bills_once(read):
    """The later one counts, whose line is 49: lines add up within an invoice, not over its copies."""
    found = read([subscription("1", month(1), item(PRO))], [bill(1), bill(1)])
    (row,) = [row for row in pq.read_table(found.tables["subscriptions"]).to_pylist()
              if row["customer_id"] == "cus_1"]  # fmt: skip
    assert row["mrr"] == "49"


# --- a part of a month -----------------------------------------------------------------------------


@pytest.mark.parametrize("is_marked", [False, True])
def test_a_part_of_a_month_at_the_begin_is_a_month_s_price(shape, is_marked):
    """Begun on 20 January, billed on every 1st: 18.97 for 12 of 31 days are 49 a month, marked or not."""
    stub = shape("1", "2026-01-20", "2026-02-01", 1897, of=PRO, proration=is_marked)
    whole = shape("1", "2026-02-01", "2026-03-01", 4900, of=PRO)
    one = subscription("1", "2026-01-20", item(PRO))
    first = invoice("1", 1, "2026-01-20", stub, billing_reason="subscription_create")
    assert spans(one, first, invoice("1", 2, "2026-02-01", whole)) == [("2026-01-20", "", "49", "active")]


def test_a_part_of_a_year_with_a_discount(shape):
    """120 a year to the 1st of January, half off the first bill: 37.15 for 226 of 365 days are 5 a month."""
    yearly = price(12000, every="year", name="pro")
    stub = shape("1", "2026-05-20", "2027-01-01", 7430, of=yearly, off=3715)
    assert spans(subscription("1", "2026-05-20", item(yearly)), invoice("1", 1, "2026-05-20", stub)) == [
        ("2026-05-20", "", "5", "active")
    ]


def test_a_part_that_is_billed_whole_is_what_the_invoice_says(shape):
    """49 for twelve days, and 49 for February: the invoice says the price."""
    stub = shape("1", "2026-01-20", "2026-02-01", 4900, of=PRO)
    one = subscription("1", "2026-01-20", item(PRO))
    assert spans(one, invoice("1", 1, "2026-01-20", stub)) == [("2026-01-20", "", "49", "active")]


def test_a_change_with_a_discount_that_its_lines_do_not_name(shape):
    """Half off: 24.50, from 20 January on 45.00 for a price of 90.00; prorations are billed after discounts.

    23.23 for 16 of 31 days of 45.00, and February whole at 90.00 less 45.00.
    """
    change = [shape("1", "2026-01-20", month(2), amount, of=of, proration=True)
              for amount, of in ((-1265, PRO), (2323, TEAM))]  # fmt: skip
    found = spans(
        subscription("1", month(1), item(TEAM)),
        bill(1, shape("1", month(1), month(2), 4900, of=PRO, off=2450)),
        bill(2, *change, shape("1", month(2), month(3), 9000, of=TEAM, off=4500)),
    )
    assert [span[2] for span in found] == ["24.5", "45"]


# --- use -------------------------------------------------------------------------------------------


def test_use_is_told_by_its_period_where_the_item_has_gone():
    """20 a month and calls of the month before, which Stripe bills afterwards; calls are no item any more."""
    base, calls = price(2000, name="base"), price(2, name="calls")
    invoices = [bill(n, line("1", month(n), month(n + 1), 2000, of=base),
                     *([line("1", month(n - 1), month(n), 1234, of=calls, quantity=617)] if n > 1 else []))
                for n in (1, 2, 3)]  # fmt: skip
    assert spans(subscription("1", month(1), item(base)), *invoices) == [("2026-01-05", "", "20", "active")]


def test_a_begin_in_the_past_is_billed_late_and_is_no_use():
    """Begun on 5 January, entered on 20 February: the first invoice goes back to the begin."""
    late = invoice("1", 1, "2026-02-20", line("1", month(1), month(2), 4900, of=PRO),
                   billing_reason="subscription_create")  # fmt: skip
    assert spans(subscription("1", month(1), item(PRO)), late) == ALWAYS_49


def test_who_pays_for_use_alone_is_said(read):
    used = price(2, name="calls", recurring={"interval": "month", "usage_type": "metered"})
    assert said(read([subscription("1", month(1), item(used, quantity=None))]), "use alone") == [
        ("warning", 1)
    ]


# --- free time -------------------------------------------------------------------------------------


def free_by(shape: Callable[..., Object], way: str, number: int) -> Object:
    """A month that a payer gets for nothing."""
    whole, none = (shape("1", month(number), month(number + 1), amount, of=PRO, off=amount if way == "coupon"
                         else 0) for amount in (4900, 0))  # fmt: skip
    if way == "draft":
        return bill(number, whole, status="draft", attempts=0)
    return bill(number, whole if way == "coupon" else none, attempts=0)


@pytest.mark.parametrize(("way", "state"), [("trial", "comped"), ("coupon", "comped"), ("draft", "paused")])
def test_a_free_month_of_a_payer_is_no_loss(shape, way, state):
    """Paid to April, free in May, paid from June on: customer throughout, MRR 0 in May."""
    invoices = [*(bill(n) for n in (1, 2, 3, 4)), free_by(shape, way, 5), bill(6)]
    assert spans(subscription("1", month(1), item(PRO)), *invoices) == [
        ("2026-01-05", "2026-05-05", "49", "active"), ("2026-05-05", "2026-06-05", None, state),
        ("2026-06-05", "", "49", "active"),
    ]  # fmt: skip


TRIAL = {"status": "trialing", "trial_start": at(month(6)), "trial_end": at(month(7))}
COMPED = [("2026-01-05", "2026-06-05", "49", "active"), ("2026-06-05", "", None, "comped")]


@pytest.mark.parametrize("number_of_invoices", [0, 6])
def test_a_trial_that_begins_after_a_payment_is_free_time(shape, number_of_invoices):
    """The save offer: `trial_end` is moved on a subscription that has been paid since January."""
    invoices = [bill(n) for n in range(1, 6)] + [free_by(shape, "trial", 6)]
    one = subscription("1", month(1), item(PRO), **TRIAL)
    assert spans(one, *invoices[:number_of_invoices]) == COMPED


def test_free_time_within_a_period_gives_back_the_rest_of_it(shape):
    """On 20 May `trial_end` is moved to 20 June: −25.29 for the rest of May's, 0 for the trial, 49 after."""
    rest = shape("1", "2026-05-20", month(6), -2529, of=PRO, proration=True)
    free = shape("1", "2026-05-20", "2026-06-20", 0, of=PRO)
    given = invoice("1", 9, "2026-05-20", rest, free, attempts=0)
    paid = invoice("1", 10, "2026-06-20", shape("1", "2026-06-20", "2026-07-20", 4900, of=PRO))
    invoices = [bill(n) for n in range(1, 6)]
    now = {"trial_start": at("2026-05-20"), "trial_end": at("2026-06-20")}
    expected = [("2026-01-05", "2026-05-20", "49", "active"), ("2026-05-20", "2026-06-20", None, "comped"),
                ("2026-06-20", "", "49", "active")]  # fmt: skip
    assert spans(subscription("1", month(1), item(PRO), **now), *invoices, given, paid) == expected
    assert spans(subscription("1", month(1), item(PRO)), *invoices, given, paid) == expected
    assert spans(subscription("1", month(1), item(PRO), **now)) == expected


def test_a_trial_that_was_made_longer_is_still_a_trial():
    """Nothing had been paid: it begins with the subscription."""
    longer = {"status": "trialing", "trial_start": at(month(1)), "trial_end": at(month(3))}
    assert spans(subscription("1", month(1), item(PRO), **longer)) == [("2026-01-05", "", None, "trialing")]


def test_free_time_at_the_end_is_comped_where_its_end_is_said():
    """Free in June so far: by a discount of one bill, or to a day; then it is 49 again."""
    invoices = [*(bill(n) for n in range(1, 6)), free_by(line, "coupon", 6)]
    whole = {"percent_off": 100, "duration": "repeating"}
    until = [{"id": "di_1", "start": at(month(6)), "end": at(month(8)), "coupon": whole}]
    for discounts in ([], until):
        assert spans(subscription("1", month(1), item(PRO), discounts=discounts), *invoices) == COMPED


def test_free_time_without_an_end_is_a_loss_and_said(read):
    """100 % off for good from June on: MRR 0, no service, a warning. So where only an id is there."""
    invoices = [*(bill(n) for n in range(1, 6)), free_by(line, "coupon", 6)]
    for_good = {"id": "di", "start": at(month(6)), "end": None, "coupon": {"percent_off": 100}}
    for discounts in ([for_good], ["di_1"]):
        one = subscription("1", month(1), item(PRO), discounts=discounts)
        assert spans(one, *invoices)[1:] == [("2026-06-05", "", "0", "active")]
        assert said(read([one], invoices), "free without an end") == [("warning", 1)]


def test_free_time_by_a_discount_of_now_without_invoices():
    """100 % off from March to May, on a subscription that has been paid since January."""
    whole = {"percent_off": 100, "duration": "repeating"}
    march = [{"id": "di_1", "start": at(month(3)), "end": at(month(5)), "coupon": whole}]
    assert spans(subscription("1", month(1), item(PRO), discounts=march)) == [
        ("2026-01-05", "2026-03-05", "49", "active"), ("2026-03-05", "2026-05-05", None, "comped"),
        ("2026-05-05", "", "49", "active"),
    ]  # fmt: skip


def test_free_time_that_ends_with_the_subscription_lasts_to_its_end():
    """A free month does not keep everybody: who leaves at its end is lost then, not a month earlier."""
    gone = canceled("1", month(7)) | {"items": subscription("1", month(1), item(PRO))["items"]}
    invoices = [*(bill(n) for n in range(1, 6)), free_by(line, "coupon", 6)]
    assert spans(gone, *invoices) == [COMPED[0], ("2026-06-05", "2026-07-05", None, "comped")]


def test_a_free_plan_is_no_gift_and_a_first_free_month_no_pause():
    """49, a plan whose price is 0, 49: no service in between. Free before the first bill: none yet."""
    free = price(0, name="free")
    plan = bill(3, line("1", month(3), month(4), 0, of=free), attempts=0)
    one = subscription("1", month(1), item(PRO))
    assert [span[2:] for span in spans(one, bill(1), bill(2), plan, bill(4))] == [
        ("49", "active"), ("0", "active"), ("49", "active"),
    ]  # fmt: skip
    assert [span[2:] for span in spans(one, free_by(line, "coupon", 1), bill(2))] == [
        ("0", "active"), ("49", "active"),
    ]  # fmt: skip


# --- tax -------------------------------------------------------------------------------------------

INCLUDED = {
    "today": {"taxes": [{"amount": 950, "tax_behavior": "inclusive"}]},
    "before 2025-04": {"tax_amounts": [{"amount": 950, "inclusive": True, "tax_rate": "txr_1"}]},
    "two of them": {"tax_amounts": [{"amount": 900, "inclusive": True}, {"amount": 50, "inclusive": True}]},
}


@pytest.mark.parametrize("taxes", INCLUDED.values(), ids=INCLUDED.keys())
def test_a_tax_that_the_price_includes_is_no_revenue(shape, taxes):
    """59.50 with 9.50 of tax in it: 50."""
    including = price(5950, name="pro", tax_behavior="inclusive")
    whole = shape("1", month(1), month(2), 5950, of=including) | taxes
    assert spans(subscription("1", month(1), item(including)), bill(1, whole))[0][2] == "50"


BY_INVOICE = {
    "today": {"total_taxes": [{"amount": 1425, "tax_behavior": "inclusive"}]},
    "before 2025-04": {"total_tax_amounts": [{"amount": 1425, "inclusive": True, "tax_rate": "txr_1"}]},
}


@pytest.mark.parametrize("taxes", BY_INVOICE.values(), ids=BY_INVOICE.keys())
def test_a_tax_of_which_only_the_invoice_tells_is_shared_by_its_lines(shape, taxes, read):
    """59.50 and work for 29.75 hold 14.25 of tax: 50 and 25."""
    including = price(5950, name="pro", tax_behavior="inclusive")
    once = {**shape("1", month(1), month(1), 2975, of=including)}
    invoices = [invoice("1", 1, month(1), shape("1", month(1), month(2), 5950, of=including), once, **taxes)]
    one = subscription("1", month(1), item(including))
    assert spans(one, *invoices)[0][2] == "50"
    assert said(read([one], invoices), "tax in the price") == []
    on_top = {name: [{**tax, "inclusive": False, "tax_behavior": "exclusive"} for tax in every]
              for name, every in taxes.items()}  # fmt: skip
    whole = shape("1", month(1), month(2), 5950, of=including)
    assert spans(one, invoice("1", 1, month(1), whole, **on_top))[0][2] == "59.5"


def test_tax_and_discount_together_and_tax_on_top():
    """59.50 less half: 29.75 with 4.75 of tax in it, 25. A tax on top of 49 changes nothing."""
    half = line("1", month(1), month(2), 5950, off=2975)
    half["taxes"] = [{"amount": 475, "tax_behavior": "inclusive"}]
    assert spans(subscription(), bill(1, half))[0][2] == "25"
    on_top = line("1", month(1), month(2), 4900, of=PRO)
    on_top["taxes"] = [{"amount": 931, "tax_behavior": "exclusive"}]
    assert spans(subscription("1", month(1), item(PRO)), bill(1, on_top)) == ALWAYS_49


def test_without_invoices_a_rate_that_is_named_is_taken_off():
    """59.50 with 19 % in it: 50. Of the item, or of the whole subscription; less half, 25."""
    rates = [{"percentage": 19.0, "inclusive": True}]
    of = price(5950, name="pro", tax_behavior="inclusive")
    half = [{"id": "di_1", "start": at(month(1)), "end": None, "coupon": {"percent_off": 50}}]
    for one in (subscription("1", month(1), item(of, tax_rates=rates)),
                subscription("1", month(1), item(of), default_tax_rates=rates)):  # fmt: skip
        assert spans(one)[0][2] == "50"
        assert spans(one | {"discounts": half})[0][2] == "25"


def test_a_tax_of_which_nothing_tells_how_much_is_said(read):
    """The price includes it, no rate is named, and no line tells: a warning with how many it is about."""
    of = price(5950, name="pro", tax_behavior="inclusive")
    taxed = subscription("1", month(1), item(of))
    assert said(read([taxed, subscription("2")]), "tax in the price") == [("warning", 1)]
    telling = line("1", month(1), month(2), 5950, of=of) | INCLUDED["today"]
    assert said(read([taxed], [bill(1, telling)]), "tax in the price") == []


def test_where_tax_is_automatic_a_price_that_does_not_say_it_may_hold_it(read):
    """The account's setting decides, and no object of the export says it; a rate on top does."""
    of = price(5950, name="pro", tax_behavior="unspecified")
    on_top = [{"percentage": 19.0, "inclusive": False}]
    taxed = [
        subscription(str(nth), month(1), item(of), automatic_tax={"enabled": nth == 1}) for nth in (1, 2)
    ]
    rated = subscription("3", month(1), item(of, tax_rates=on_top), automatic_tax={"enabled": True})
    assert said(read([*taxed, rated]), "tax in the price") == [("warning", 1)]


# --- what the customer pays ------------------------------------------------------------------------


def test_packages_are_counted_and_not_their_contents():
    """10 for every 100 contacts, 250 of them: three packages, or two where it is rounded down."""
    for rounding, mrr in (("up", "30"), ("down", "20")):
        packs = price(1000, name="pack", transform_quantity={"divide_by": 100, "round": rounding})
        assert spans(subscription("1", month(1), item(packs, quantity=250)))[0][2] == mrr


def test_tiers_that_are_there_are_used():
    """10 seats at 5 and the rest at 4, 12 of them: 58 step by step, 48 where all cost what the last does."""
    tiers = [{"up_to": 10, "unit_amount": 500}, {"up_to": None, "unit_amount": 400}]
    for mode, mrr in (("graduated", "58"), ("volume", "48")):
        seats = price(None, name="seats", billing_scheme="tiered", tiers_mode=mode, tiers=tiers)
        assert spans(subscription("1", month(1), item(seats, quantity=12)))[0][2] == mrr


HALF = {"id": "di_9", "object": "discount", "customer": "cus_1", "start": at(month(1)), "end": None,
        "coupon": {"id": "HALF", "percent_off": 50, "amount_off": None, "duration": "forever"}}  # fmt: skip


def test_a_discount_of_the_customer_is_taken_off(read):
    """Half off, whether it hangs on the customer of a file or on the one that is expanded: 24.50."""
    one = subscription("1", month(1), item(PRO))
    found = read([one], [customer("1", discount=HALF)])
    assert "24.5" in pq.read_table(found.tables["subscriptions"])["mrr"].to_pylist()
    assert spans(one | {"customer": customer("1", discount=HALF)})[0][2] == "24.5"


def test_a_discount_of_the_subscription_goes_before_the_customer_s():
    """Stripe takes off one of them: 10 % of the subscription, 44.10, and not the customer's half."""
    tenth = {"id": "di_1", "start": at(month(1)), "end": None, "coupon": {"percent_off": 10}}
    one = subscription("1", month(1), item(PRO), discounts=[tenth])
    assert spans(one, of_customers={"cus_1": HALF})[0][2] == "44.1"


def test_a_discount_for_one_product_leaves_the_others():
    """Half off the 90 of one product, and not off the 49 of the other: 94."""
    coupon = {"percent_off": 50, "applies_to": {"products": ["prod_team"]}}
    half = {"id": "di_1", "start": at(month(1)), "end": None, "coupon": coupon, "promotion_code": "promo_1"}
    assert spans(subscription("1", month(1), item(PRO), item(TEAM), discounts=[half]))[0][2] == "94"


def test_a_discount_that_only_an_old_invoice_tells_is_shared_by_its_lines():
    """Before 2020 a line did not name its discount: 49 + 90 less 13.90 are 125.10."""
    lines = [old_line("1", month(1), month(2), of["unit_amount"], of=of) for of in (PRO, TEAM)]
    old = bill(1, *lines, amount_due=12510, subtotal=13900, total=12510, tax=None, discount={"id": "di_1"})
    for one in lines:
        del one["discount_amounts"]
    assert spans(subscription("1", month(1), item(PRO), item(TEAM)), old)[0][2] == "125.1"


def test_a_price_that_is_another_than_the_last_bill_s_is_said(read):
    """Billed 49, to be billed 90: 49 counts, and a note tells of the 90."""
    one = subscription("1", month(1), item(TEAM))
    assert spans(one, bill(1)) == ALWAYS_49
    assert said(read([one], [bill(1)]), "price differs from the last bill") == [("note", 1)]
    same = subscription("1", month(1), item(PRO))
    assert said(read([same], [bill(1)]), "price differs from the last bill") == []


def test_a_line_without_its_amount_is_not_free(read):
    lacking = bill(1)
    del lacking["lines"]["data"][0]["amount"]
    found = read([subscription()], [lacking])
    assert [fault.rule for fault in found.faults if fault.level == "stop"] == ["missing field"]


# --- plans and persons -----------------------------------------------------------------------------


def test_a_plan_has_one_name_in_past_and_present(read):
    """An old price is an id in the lines: called as any subscription calls it, or its product's others."""
    old, older = price(3900, name="pro"), price(2900, name="pro")
    invoices = [bill(1, line("1", month(1), month(2), 2900, of=older)),
                bill(2, line("1", month(2), month(3), 3900, of=old)), bill(3)]  # fmt: skip
    found = read([subscription("1", month(1), item(PRO)), subscription("2", month(1), item(old))], invoices)
    rows = pq.read_table(found.tables["subscriptions"]).to_pylist()
    assert [(row["mrr"], row["plan"]) for row in rows if row["customer_id"] == "cus_1"] == [
        ("29", "pro"), ("39", "pro"), ("49", "pro"),
    ]  # fmt: skip


# --- laws ------------------------------------------------------------------------------------------

SHAPES = st.sampled_from([line, old_line])
ONCES = st.lists(st.tuples(st.sampled_from(ONCE), st.integers(-90000, 90000), st.integers(0, 5)), max_size=5)


def billed_months(make: Callable[..., Object], amounts: list[list[int]]) -> list[Object]:
    """An invoice a month; a month's price is billed in several lines, as tiers are."""
    tiered = price(None, name="pro", billing_scheme="tiered")
    return [
        bill(n, *(make("1", month(n), month(n + 1), part, of=tiered) for part in parts))
        for n, parts in enumerate(amounts, start=1)
    ]


PARTS = st.lists(st.lists(st.integers(1, 9000), min_size=1, max_size=4), min_size=1, max_size=6)


@given(PARTS, SHAPES, ONCES, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_every_month_is_the_sum_of_what_recurs_in_any_order(amounts, make, onces, shuffled):
    """Neither what is billed once, whatever its shape and amount, nor any order of lines changes it."""
    invoices = billed_months(make, amounts)
    for once, amount, nth in onces:
        own = invoices[nth % len(invoices)]
        own["lines"]["data"].append(once(amount, month(1), month(1)))
    for one in invoices:
        shuffled.shuffle(one["lines"]["data"])
    shuffled.shuffle(invoices)
    rows = rows_of(subscription("1", month(1), item(PRO)), *invoices)
    for n, parts in enumerate(amounts, start=1):
        (row,) = [row for row in rows if row["started_at"] <= f"{month(n)[:-2]}20" < (row["ended_at"] or "9")]
        assert Decimal(row["mrr"]) == Decimal(sum(parts)) / 100


@given(
    st.lists(st.sampled_from(["paid", "trial", "coupon", "draft"]), max_size=9),
    SHAPES,
    st.randoms(use_true_random=False),
)
@settings(max_examples=80, deadline=None)
def test_a_free_month_between_paid_ones_never_makes_a_loss(ways, make, shuffled):
    """Whichever way they were given and in whichever order: service is unbroken, and MRR 49 or none."""
    months = ["paid", *ways, "paid"]
    invoices = [bill(n) if way == "paid" else free_by(make, way, n) for n, way in enumerate(months, start=1)]
    shuffled.shuffle(invoices)
    rows = rows_of(subscription("1", month(1), item(PRO)), *invoices)
    assert [row["started_at"] for row in rows[1:]] == [row["ended_at"] for row in rows[:-1]]
    assert {(row["mrr"], row["status"]) for row in rows} <= {
        ("49", "active"), (None, "comped"), (None, "paused"),
    }  # fmt: skip
    free = sum(way != "paid" for way in ways)
    assert sum(row["status"] == "active" for row in rows) <= 1 + free


@given(st.integers(1, 99999), st.integers(0, 30), SHAPES)
@settings(max_examples=60, deadline=None)
def test_tax_inside_or_on_top_is_the_same_revenue(net, percentage, make):
    """A price with its tax in it and the price without, with the tax on top."""
    tax = round(net * percentage / 100)
    inside = make("1", month(1), month(2), net + tax, of=price(net + tax, name="pro"))
    inside |= {"taxes": [{"amount": tax, "tax_behavior": "inclusive"}]}
    on_top = make("1", month(1), month(2), net, of=price(net, name="pro"))
    on_top |= {"tax_amounts": [{"amount": tax, "inclusive": False}]}
    found = [spans(subscription("1", month(1), item(PRO)), bill(1, one))[0][2] for one in (inside, on_top)]
    assert found[0] == found[1] and Decimal(str(found[0])) == Decimal(net) / 100


@given(st.integers(1, 28), st.integers(100, 99999), SHAPES)
@settings(max_examples=60, deadline=None)
def test_a_part_of_the_first_month_never_moves_mrr(day, cents, make):
    """Anchored to the 1st, whenever it began in January: the price from the first day on."""
    of = price(cents, name="pro")
    begun = f"2026-01-{day:02d}"
    share = round(cents * (32 - day) / 31)
    first = invoice("1", 1, begun, make("1", begun, "2026-02-01", share, of=of),
                    billing_reason="subscription_create")  # fmt: skip
    whole = invoice("1", 2, "2026-02-01", make("1", "2026-02-01", "2026-03-01", cents, of=of))
    found = spans(subscription("1", begun, item(of)), first, whole)
    assert [Decimal(str(span[2])) for span in found] == [Decimal(cents) / 100]

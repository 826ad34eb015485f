"""The past of Stripe's subscriptions from the lines of their invoices: prices, changes, pauses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe_objects import (
    at,
    canceled,
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
from retention_helpers.sources.stripe.history import billed_by, reaches_back, steps_of_past
from retention_helpers.sources.stripe.objects import invoice_of, subscription_of
from retention_helpers.sources.stripe.spans import spans_of

BASIC, PRO, TEAM = price(2000, name="basic"), price(3300, name="pro"), price(9000, name="team")
Span = tuple[str, str, str | None, str]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Imported]:
    """What becomes of a subscription and its invoices, beside one that was canceled."""

    def reading(one: Any, *invoices: Any, gone_too: bool = True) -> Imported:
        gone = canceled()
        its_own = [invoice("gone", n, start, line("gone", start, end)) for n, (start, end) in enumerate(
            [("2026-01-05", "2026-02-05"), ("2026-02-05", "2026-03-05")])]  # fmt: skip
        files = [
            json_lines(tmp_path / "subscriptions.jsonl", [one, gone]),
            json_lines(tmp_path / "invoices.jsonl", [*invoices, *(its_own if gone_too else [])]),
        ]
        into = tmp_path / f"into-{len(list(tmp_path.iterdir()))}"
        into.mkdir()
        return stripe.IMPORTER.read(Order(files, into, Settings()))

    return reading


def spans(found: Imported, who: str = "1") -> list[Span]:
    rows = pq.read_table(found.tables["subscriptions"]).to_pylist()
    return [
        (row["started_at"][:10], (row["ended_at"] or "")[:10], row["mrr"], row["status"])
        for row in rows if row["customer_id"] == f"cus_{who}"
    ]  # fmt: skip


def plans(found: Imported) -> list[tuple[str, str]]:
    rows = pq.read_table(found.tables["subscriptions"]).to_pylist()
    return [(row["plan"], row["interval"]) for row in rows if row["customer_id"] == "cus_1"]


def month(number: int) -> str:
    """The 5th of a month of 2026."""
    return f"2026-{number:02d}-05"


@pytest.fixture(params=[line, old_line], ids=["the shape of today", "the shape of before 2025-04"])
def shape(request: pytest.FixtureRequest) -> Callable[..., dict[str, Any]]:
    return request.param  # type: ignore[no-any-return]


# --- prices ----------------------------------------------------------------------------------------


def test_a_new_price_from_a_renewal_on(read, shape):
    """20.00 in January and February, 33.00 from March: the object knows only the 33.00.

    5 Jan ---- 20 ---- 5 Feb ---- 20 ---- 5 Mar ---- 33 ----
    """
    found = read(
        subscription("1", "2026-01-05", item(PRO)),
        invoice("1", 1, month(1), shape("1", month(1), month(2), 2000, of=BASIC)),
        invoice("1", 2, month(2), shape("1", month(2), month(3), 2000, of=BASIC)),
        invoice("1", 3, month(3), shape("1", month(3), month(4), 3300, of=PRO)),
    )
    assert spans(found) == [("2026-01-05", "2026-03-05", "20", "active"), ("2026-03-05", "", "33", "active")]
    assert plans(found)[1] == ("pro", "month")
    assert found.not_known == {}


def test_a_change_within_a_period_counts_from_its_day(read, shape):
    """On 15 February from 33.00 to 90.00, with 18 of 28 days left: −21.21 and +57.86, then 90.00 whole."""
    changed = "2026-02-15"
    found = read(
        subscription("1", "2026-01-05", item(TEAM)),
        invoice("1", 1, month(1), shape("1", month(1), month(2), 3300, of=PRO)),
        invoice("1", 2, month(2), shape("1", month(2), month(3), 3300, of=PRO)),
        invoice("1", 3, month(3),
                shape("1", changed, month(3), -2121, of=PRO, proration=True),
                shape("1", changed, month(3), 5786, of=TEAM, proration=True),
                shape("1", month(3), month(4), 9000, of=TEAM)),
    )  # fmt: skip
    assert spans(found) == [
        ("2026-01-05", "2026-02-15", "33", "active"),
        ("2026-02-15", "", "90", "active"),
    ]


def test_two_changes_within_a_period_keep_the_price_between_them(read, shape):
    """From 20.00 to 90.00 on 10 February, to 33.00 on 20 February: the 90.00 is never billed whole."""
    found = read(
        subscription("1", "2026-01-05", item(PRO)),
        invoice("1", 1, month(1), shape("1", month(1), month(2), 2000, of=BASIC)),
        invoice("1", 2, month(2), shape("1", month(2), month(3), 2000, of=BASIC)),
        invoice("1", 3, month(3),
                shape("1", "2026-02-10", month(3), -1643, of=BASIC, proration=True),
                shape("1", "2026-02-10", month(3), 7393, of=TEAM, proration=True),
                shape("1", "2026-02-20", month(3), -4179, of=TEAM, proration=True),
                shape("1", "2026-02-20", month(3), 1532, of=PRO, proration=True),
                shape("1", month(3), month(4), 3300, of=PRO)),
    )  # fmt: skip
    assert [span[2] for span in spans(found)] == ["20", "90", "33"]


def test_seats_come_and_go(read, shape):
    """2 seats of 33.00, from 20 January 5, from March 4."""
    found = read(
        subscription("1", "2026-01-05", item(PRO, quantity=4)),
        invoice("1", 1, month(1), shape("1", month(1), month(2), 6600, of=PRO, quantity=2)),
        invoice("1", 2, month(2),
                shape("1", "2026-01-20", month(2), -3406, of=PRO, quantity=2, proration=True),
                shape("1", "2026-01-20", month(2), 8516, of=PRO, quantity=5, proration=True),
                shape("1", month(2), month(3), 16500, of=PRO, quantity=5)),
        invoice("1", 3, month(3), shape("1", month(3), month(4), 13200, of=PRO, quantity=4)),
    )  # fmt: skip
    assert [(span[0], span[2]) for span in spans(found)] == [
        ("2026-01-05", "66"), ("2026-01-20", "165"), ("2026-03-05", "132"),
    ]  # fmt: skip


def test_an_item_that_is_added_and_one_that_is_dropped(read, shape):
    extra = price(1000, name="extra")
    found = read(
        subscription("1", "2026-01-05", item(PRO)),
        invoice("1", 1, month(1), shape("1", month(1), month(2), 3300, of=PRO)),
        invoice("1", 2, month(2), shape("1", month(2), month(3), 3300, of=PRO),
                shape("1", month(2), month(3), 1000, of=extra)),
        invoice("1", 3, month(3), shape("1", month(3), month(4), 3300, of=PRO)),
    )  # fmt: skip
    assert [(span[0], span[2]) for span in spans(found)] == [
        ("2026-01-05", "33"), ("2026-02-05", "43"), ("2026-03-05", "33"),
    ]  # fmt: skip


def test_an_item_that_is_dropped_within_a_period_is_credited_and_gone(read, shape):
    extra = price(1000, name="extra")
    found = read(
        subscription("1", "2026-01-05", item(PRO)),
        invoice("1", 1, month(1), shape("1", month(1), month(2), 3300, of=PRO),
                shape("1", month(1), month(2), 1000, of=extra)),
        invoice("1", 2, month(2), shape("1", "2026-01-20", month(2), -516, of=extra, proration=True),
                shape("1", month(2), month(3), 3300, of=PRO)),
    )  # fmt: skip
    assert [(span[0], span[2]) for span in spans(found)] == [("2026-01-05", "43"), ("2026-01-20", "33")]


def test_a_yearly_item_lasts_while_the_monthly_one_is_renewed(read, shape):
    yearly = price(12000, every="year", name="extra")
    found = read(
        subscription("1", "2026-01-05", item(PRO), item(yearly)),
        invoice("1", 1, month(1), shape("1", month(1), month(2), 3300, of=PRO),
                shape("1", month(1), "2027-01-05", 12000, of=yearly)),
        invoice("1", 2, month(2), shape("1", month(2), month(3), 2000, of=BASIC)),
    )  # fmt: skip
    assert [(span[0], span[2]) for span in spans(found)] == [("2026-01-05", "43"), ("2026-02-05", "30")]


def test_from_monthly_to_yearly(read, shape):
    yearly = price(30000, every="year", name="pro year")
    found = read(
        subscription("1", "2026-01-05", item(yearly)),
        invoice("1", 1, month(1), shape("1", month(1), month(2), 3300, of=PRO)),
        invoice("1", 2, month(2), shape("1", month(2), "2027-02-05", 30000, of=yearly)),
    )
    assert [(span[0], span[2]) for span in spans(found)] == [("2026-01-05", "33"), ("2026-02-05", "25")]
    assert [interval for _, interval in plans(found)] == ["month", "year"]


def test_a_discount_that_is_over_stands_in_the_lines(read, shape):
    """Half off for two months: the object has forgotten it."""
    found = read(
        subscription("1", "2026-01-05", item(PRO)),
        invoice("1", 1, month(1), shape("1", month(1), month(2), 3300, of=PRO, off=1650)),
        invoice("1", 2, month(2), shape("1", month(2), month(3), 3300, of=PRO, off=1650)),
        invoice("1", 3, month(3), shape("1", month(3), month(4), 3300, of=PRO)),
    )
    assert [(span[0], span[2]) for span in spans(found)] == [("2026-01-05", "16.5"), ("2026-03-05", "33")]


def test_a_trial_is_billed_with_nothing(read, shape):
    trial = {"trial_start": at("2026-01-05"), "trial_end": at("2026-01-19")}
    found = read(
        subscription("1", "2026-01-05", item(PRO), **trial),
        invoice("1", 1, month(1), shape("1", month(1), "2026-01-19", 0, of=PRO), attempts=0),
        invoice("1", 2, "2026-01-19", shape("1", "2026-01-19", "2026-02-19", 3300, of=PRO)),
    )
    assert spans(found) == [
        ("2026-01-05", "2026-01-19", None, "trialing"), ("2026-01-19", "", "33", "active"),
    ]  # fmt: skip
    assert found.not_known == {}


PERIODS = {
    "31 January to 28 February": ("2026-01-31", "2026-02-28", 3300, "33"),
    "28 February to 31 March": ("2026-02-28", "2026-03-31", 3300, "33"),
    "a quarter": ("2026-01-05", "2026-04-05", 9900, "33"),
    "a leap day to the last of the next": ("2024-02-29", "2025-02-28", 12000, "10"),
    "four weeks": ("2026-01-05", "2026-02-02", 2800, "30.333333"),  # 28 × 52 / 12 / 4
    "ten days": ("2026-01-05", "2026-01-15", 1000, "30.416667"),  # 10 × 365 / 12 / 10
}


@pytest.mark.parametrize(("start", "end", "amount", "mrr"), PERIODS.values(), ids=PERIODS.keys())
def test_how_many_months_a_period_bills(read, start, end, amount, mrr):
    """A line of today does not say the interval: its period does."""
    other = price(amount, name="other")
    found = read(
        subscription("1", start, item(PRO)), invoice("1", 1, start, line("1", start, end, amount, of=other))
    )
    assert spans(found)[0][2] == mrr


def test_what_is_billed_beside_the_subscription_does_not_count(read):
    """A set-up fee and metered use belong to no price that recurs."""
    fee = line("1", month(1), month(1), 5000)
    fee["parent"] = {"type": "invoice_item_details", "invoice_item_details": {"invoice_item": "ii_1",
                     "subscription": None, "proration": False}}  # fmt: skip
    used = price(
        7, name="calls", recurring={"interval": "month", "interval_count": 1, "usage_type": "metered"}
    )
    found = read(
        subscription("1", "2026-01-05", item(PRO), item(used, quantity=None)),
        invoice("1", 1, month(1), line("1", month(1), month(2), 3300, of=PRO), fee),
        invoice("1", 2, month(2), line("1", month(2), month(3), 3300, of=PRO),
                line("1", month(1), month(2), 880, of=used)),
        invoice("1", 3, month(3), line("1", month(3), month(4), 3300, of=PRO),
                old_line("1", month(2), month(3), 990, of=used)),
    )  # fmt: skip
    assert spans(found) == [("2026-01-05", "", "33", "active")]


# --- pauses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["void", "uncollectible", "draft"])
def test_a_pause_that_is_over_stands_in_invoices_that_nobody_collected(read, status, shape):
    """Paid in January, paused in February and March, paid from April on."""
    whole = [shape("1", month(n), month(n + 1)) for n in range(1, 5)]
    found = read(
        subscription("1"),
        invoice("1", 1, month(1), whole[0]),
        invoice("1", 2, month(2), whole[1], status=status, attempts=0),
        invoice("1", 3, month(3), whole[2], status=status, attempts=0),
        invoice("1", 4, month(4), whole[3]),
    )
    assert spans(found) == [
        ("2026-01-05", "2026-02-05", "33", "active"), ("2026-02-05", "2026-04-05", None, "paused"),
        ("2026-04-05", "", "33", "active"),
    ]  # fmt: skip
    assert found.not_known == {}


def test_a_pause_that_is_on_begins_with_the_first_period_that_was_not_collected(read):
    """What was paid before is used up first; a pause of today bites with the next invoice."""
    pausing = {"pause_collection": {"behavior": "keep_as_draft", "resumes_at": None}}
    first = invoice("1", 1, month(1), line("1", month(1), month(2)))
    draft = invoice("1", 2, month(2), line("1", month(2), month(3)), status="draft", attempts=0)
    assert spans(read(subscription("1", **pausing), first, draft)) == [
        ("2026-01-05", "2026-02-05", "33", "active"), ("2026-02-05", "", None, "paused"),
    ]  # fmt: skip
    assert spans(read(subscription("1", **pausing), first)) == [("2026-01-05", "", "33", "active")]


def test_what_looks_like_a_pause_and_is_none(read):
    """A draft of this hour, an invoice tried and then voided, and one voided and billed anew."""
    whole = [line("1", month(n), month(n + 1)) for n in range(1, 5)]
    found = read(
        subscription("1"),
        invoice("1", 1, month(1), whole[0]),
        invoice("1", 2, month(2), whole[1], status="void", attempts=4),
        invoice("1", 3, month(3), whole[2], status="void", attempts=0),
        invoice("1", 4, month(3), whole[2]),
        invoice("1", 5, month(4), whole[3], status="draft", attempts=0),
    )
    assert spans(found) == [("2026-01-05", "", "33", "active")]


def test_an_unpaid_subscription_ended_with_its_last_paid_period(read):
    found = read(
        subscription("1", status="unpaid"),
        invoice("1", 1, month(1), line("1", month(1), month(2))),
        invoice("1", 2, month(2), line("1", month(2), month(3)), status="open", attempts=4),
        invoice("1", 3, month(3), line("1", month(3), month(4)), status="draft", attempts=0),
    )
    assert spans(found) == [("2026-01-05", "2026-02-05", "33", "active")]


# --- what the invoices do not reach ----------------------------------------------------------------


def test_invoices_that_do_not_reach_back_leave_the_past_unknown(read):
    found = read(subscription("1"), invoice("1", 1, month(3), line("1", month(3), month(4))), gone_too=False)
    why = (
        "For 2 of 2 subscriptions the invoices do not reach back to the begin of service: bring all of them."
    )
    assert found.not_known == {"prices": why, "pauses": why}
    assert spans(found) == [("2026-01-05", "", "33", "active")]


def test_an_invoice_with_more_lines_than_the_file_holds_is_said(read):
    cut = invoice("1", 1, month(1), line("1", month(1), month(2)))
    cut["lines"]["has_more"] = True
    found = read(subscription("1"), cut)
    assert [fault.level for fault in found.faults if fault.rule == "invoices with more lines"] == ["warning"]


# --- a law -----------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=11),
    st.sampled_from([line, old_line]),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_every_month_stands_at_what_was_billed_for_it(past, shape, shuffled):
    """Whatever was billed month by month, and whichever months nobody collected: in any order of the file."""
    invoices = [
        invoice("1", n, month(n), shape("1", month(n), month(n + 1), 1000 * amount, of=price(1000 * amount)),
                **({} if is_paid or not amount else {"status": "void", "attempts": 0}))
        for n, (amount, is_paid) in enumerate(past, start=1)
    ]  # fmt: skip
    shuffled.shuffle(invoices)
    one = subscription_of(Placed("line 1", subscription("1")))
    billed = [one for each in invoices for one in billed_by(invoice_of(Placed("line 1", each)))]
    rows = spans_of(one, steps_of_past(one, billed), None)
    assert reaches_back(one, billed)
    for n, (amount, is_paid) in enumerate(past, start=1):
        day = f"2026-{n:02d}-20"
        (row,) = [row for row in rows if row["started_at"] <= day and (row["ended_at"] or "9") > day]
        expected = (str(10 * amount), "active") if is_paid or not amount else (None, "paused")
        assert (row["mrr"], row["status"]) == expected
    starts, ends = [row["started_at"] for row in rows], [row["ended_at"] for row in rows]
    assert starts[1:] == ends[:-1] and ends[-1] is None  # no hole, no overlap

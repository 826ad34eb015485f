"""Ledgers of charges: timelines by hand, the columns of tools, and businesses whose service is known.

The columns of PayPal are those that programs for real exports read, Gumroad's and WooCommerce's those of the
code that writes them, Lemon Squeezy's those of its API and
of two programs that read its orders, Stripe's those of two generations of exports. The
rows are our own.
"""

import csv
import datetime as dt
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from charged import COLUMNS, Noise, charged, errors, import_answering
from folders import folder_of

from retention_helpers.business import open_business
from retention_helpers.contract import assumed
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Stopped
from retention_helpers.measurement import measures
from retention_helpers.sources import importer, importing, ledger
from retention_helpers.sources.importing import import_files
from retention_helpers.sources.ledger.charges import Charge
from retention_helpers.sources.ledger.rhythm import Rhythms, length_of_gap
from retention_helpers.words.errors import InputError

HEADER = "date,customer,amount,currency,product,status\n"


def imported(folder: Path, text: str, source: str = "ledger", **said: Any) -> importing.Written:
    folder.mkdir(exist_ok=True)
    path = folder / "ledger.csv"
    path.write_text(text, encoding="utf-8")
    settings = Settings(date_order=said.pop("date_order", ""), dunning_days=said.pop("dunning_days", 30))
    return importing.import_files(source, [path], folder / "out", settings, said)


def rows_of(folder: Path, table: str = "subscriptions") -> list[dict[str, str]]:
    with (folder / "out" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def spans(folder: Path) -> list[tuple[str, str, str]]:
    """Start, end, and the amount of a month of each span."""
    return [(row["started_at"], row["ended_at"], row["mrr"]) for row in rows_of(folder)]


def line(on: str, amount: object = 49, who: str = "C-1", product: str = "Pro", status: str = "paid") -> str:
    return f"{on},{who},{amount},EUR,{product},{status}\n"


def paid(*days: str, **same: Any) -> str:
    return "".join(line(day, **same) for day in days)


LATER = paid("2026-07-05", "2026-08-05", who="C-9")  # so that the ledger reaches to August


def test_service_ends_with_the_paid_time(tmp_path: Path) -> None:
    """Paid on 31 January and 28 February for months of the 31st: served until 31 March."""
    imported(tmp_path, HEADER + paid("2026-01-31", "2026-02-28") + LATER)
    assert spans(tmp_path)[0] == ("2026-01-31", "2026-03-31", "49")


def test_a_late_charge_is_a_gap_in_payment(tmp_path: Path) -> None:
    """12 days late, then on the old day again; the next one is missing for good: served until 5 May."""
    imported(tmp_path, HEADER + paid("2026-01-05", "2026-02-05", "2026-03-17", "2026-04-05") + LATER)
    assert spans(tmp_path)[0] == ("2026-01-05", "2026-05-05", "49")


def test_a_whole_time_left_out_is_a_loss_and_a_return(tmp_path: Path) -> None:
    """February was not paid, and March was on its own day: a gap of service, no late payment."""
    imported(tmp_path, HEADER + paid("2026-01-05", "2026-03-05", "2026-04-05") + LATER)
    assert spans(tmp_path)[:2] == [("2026-01-05", "2026-02-05", "49"), ("2026-03-05", "2026-05-05", "49")]


def test_after_a_failed_attempt_the_whole_grace_counts(tmp_path: Path) -> None:
    """28 days late, with an attempt that failed: paid late. Without one, a month is left out."""
    failed = line("2026-02-05", status="failed")
    imported(tmp_path, HEADER + paid("2026-01-05") + failed + paid("2026-03-05", "2026-04-05") + LATER)
    assert spans(tmp_path)[0] == ("2026-01-05", "2026-05-05", "49")
    assert len(rows_of(tmp_path, "payments")) == 6
    imported(tmp_path / "without", HEADER + paid("2026-01-05", "2026-03-05", "2026-04-05") + LATER)
    assert spans(tmp_path / "without")[0] == ("2026-01-05", "2026-02-05", "49")


def test_who_may_still_pay_counts_and_is_said(tmp_path: Path) -> None:
    """Due on 5 July, the ledger ends on 20 July: not lost yet. The reports of July say so, those of June do
    not.
    """
    text = HEADER + paid("2026-05-05", "2026-06-05") + paid("2026-06-20", "2026-07-20", who="C-2")
    written = imported(tmp_path, text)
    assert written.rows["subscriptions.csv"] == 3
    assert [(row["started_at"], row["ended_at"], row["status"]) for row in rows_of(tmp_path)[:2]] == [
        ("2026-05-05", "2026-07-05", "active"),
        ("2026-07-05", "", "past_due"),
    ]
    found = assumed.read(tmp_path / "out")["ledger"]
    assert (found.until, found.due) == (dt.date(2026, 7, 20), {dt.date(2026, 7, 5): 1})
    assert assumed.provisional(found, dt.date(2026, 7, 1)) == ()
    (said,) = assumed.provisional(found, dt.date(2026, 8, 1))
    assert said.level == "warning" and "July 2026: it is provisional: 1 customer" in said.message
    (tmp_path / "out" / "retention.yml").write_text("business: Harbour Desk\n")
    with closing(open_business(tmp_path / "out", "2026-07", cache=tmp_path / "cache")) as business:
        assert "provisional month" in {fault.rule for fault in business.faults}
        assert measures.customer_movement(business).iloc[-1]["lost"] == 0
    with closing(open_business(tmp_path / "out", "2026-06", cache=tmp_path / "cache")) as business:
        assert "provisional month" not in {fault.rule for fault in business.faults}


def test_a_new_price_is_a_new_span(tmp_path: Path) -> None:
    imported(tmp_path, HEADER + paid("2026-01-05", "2026-02-05") + paid("2026-03-05", amount=59) + LATER)
    assert spans(tmp_path)[:2] == [("2026-01-05", "2026-03-05", "49"), ("2026-03-05", "2026-04-05", "59")]


def test_a_move_to_another_plan_leaves_no_gap(tmp_path: Path) -> None:
    """In the middle of the month, with its whole price; then in the new rhythm."""
    other = paid("2026-02-20", "2026-03-20", "2026-04-20", amount=99, product="Team")
    imported(tmp_path, HEADER + paid("2026-01-05", "2026-02-05") + other + LATER)
    assert spans(tmp_path)[:2] == [("2026-01-05", "2026-02-20", "49"), ("2026-02-20", "2026-05-20", "99")]


def test_a_part_of_a_price_at_a_move_is_no_month(tmp_path: Path) -> None:
    """Of the same product, 23.10 between 49 and 99: it stands in no month, and is set aside with the
    reason.
    """
    text = (
        paid("2026-01-05", "2026-02-05")
        + line("2026-02-20", 23.1)
        + paid("2026-03-05", "2026-04-05", amount=59)
    )
    written = imported(tmp_path, HEADER + text + paid("2026-05-05", amount=59) + LATER)
    assert spans(tmp_path)[:2] == [("2026-01-05", "2026-03-05", "49"), ("2026-03-05", "2026-06-05", "59")]
    assert written.set_aside is not None
    assert "it does not recur" in written.set_aside.read_text(encoding="utf-8")


def test_several_subscriptions_of_one_customer(tmp_path: Path) -> None:
    """Two products at their own days; the smaller one begins and ends within the other."""
    other = paid("2026-02-20", "2026-03-20", amount=7, product="Storage")
    months = [f"2026-{month:02}-05" for month in range(1, 9)]
    imported(tmp_path, HEADER + paid(*months) + other)
    assert spans(tmp_path) == [("2026-01-05", "", "49"), ("2026-02-20", "2026-04-20", "7")]


def test_the_same_product_twice_without_a_product(tmp_path: Path) -> None:
    """10 and 20 on the same day are two rhythms: each goes on with its own amount."""
    both = "".join(f"2026-0{month}-05,C-1,{amount}\n" for month in (1, 2, 3, 4) for amount in (20, 10))
    only = "".join(f"2026-0{month}-05,C-1,20\n" for month in (5, 6, 7))
    imported(tmp_path, "date,customer,amount\n" + both + only)
    assert sorted(spans(tmp_path)) == [("2026-01-05", "", "20"), ("2026-01-05", "2026-05-05", "10")]


@pytest.mark.parametrize("days", [(5, 20), (1, 15), (10, 26)])
def test_the_same_amount_twice_a_month_is_two_subscriptions(tmp_path: Path, days: tuple[int, int]) -> None:
    """Also where debits wait until a weekend is over; every 14 days is one of two weeks: 49 * 26 / 12."""
    exact = [dt.date(2026, month, day) for month in range(1, 8) for day in days]
    for name, said in (("exact", exact), ("mondays", [_after_the_weekend(day) for day in exact])):
        imported(tmp_path / name, HEADER + paid(*map(str, said)))
        assert [(mrr, row["interval"]) for (*_, mrr), row in zip(
            spans(tmp_path / name), rows_of(tmp_path / name), strict=True
        )] == [("49", "month")] * 2  # fmt: skip
    weeks = [str(dt.date(2026, 1, 5) + dt.timedelta(days=14 * nth + (nth == 5))) for nth in range(14)]
    imported(tmp_path / "weeks", HEADER + paid(*weeks))
    assert [(row["mrr"], row["interval"]) for row in rows_of(tmp_path / "weeks")] == [
        ("106.166667", "2 weeks")
    ]


def _after_the_weekend(day: dt.date) -> dt.date:
    return day + dt.timedelta(days=7 - day.weekday()) if day.weekday() > 4 else day


@pytest.mark.parametrize(
    "days",
    [
        ("2026-04-05", "2026-04-20"),
        ("2026-04-05", "2026-04-20", "2026-05-05"),
        ("2026-04-05", "2026-04-19"),
        ("2026-04-05", "2026-04-12"),
        ("2026-02-05", "2026-02-19", "2026-03-05", "2026-03-19"),
    ],
)
def test_half_a_month_that_was_hardly_seen_is_asked_about(tmp_path: Path, days: tuple[str, ...]) -> None:
    """The 5th and the 19th of a February and a March are 14 days apart, too."""
    with pytest.raises(Stopped, match=r"rhythms: \{Pro: …\}"):
        imported(tmp_path, HEADER + paid(*days))


def test_without_products_a_late_other_amount_that_stays_on_its_day_is_another_subscription(
    tmp_path: Path,
) -> None:
    """Storage at 7 was over on 28 July; 14 days later Solo at 19 begins: lost in July, back in August. A new
    price that was only late comes on the old day again.
    """

    def lines(who: str, amount: int, *days: str) -> str:
        return "".join(f"{day},{who},{amount}\n" for day in days)

    old = ("2026-04-28", "2026-05-28", "2026-06-28")
    text = "date,customer,amount\n" + lines("C-1", 7, *old) + lines("C-2", 7, *old)
    text += lines("C-1", 19, "2026-08-11", "2026-09-11", "2026-10-11")
    text += lines("C-2", 9, "2026-08-11", "2026-08-28", "2026-09-28", "2026-10-28")
    imported(tmp_path, text)
    found = [
        (row["customer_id"], *span) for row, span in zip(rows_of(tmp_path), spans(tmp_path), strict=True)
    ]
    assert found[:2] == [("C-1", "2026-04-28", "2026-07-28", "7"), ("C-1", "2026-08-11", "", "19")]
    assert found[2:] == [("C-2", "2026-04-28", "2026-07-28", "7"), ("C-2", "2026-07-28", "", "9")]


def test_a_day_that_was_moved_is_one_subscription(tmp_path: Path) -> None:
    earlier = paid("2026-01-25", "2026-02-25", "2026-03-10", "2026-04-10")
    later = paid("2026-01-05", "2026-02-05", "2026-03-20", "2026-04-20", who="C-2")
    imported(tmp_path, HEADER + earlier + later + LATER)
    assert spans(tmp_path)[:2] == [("2026-01-25", "2026-05-10", "49"), ("2026-01-05", "2026-05-20", "49")]


def test_weeks_quarters_and_years(tmp_path: Path) -> None:
    """49 a week is 12/52 of a month's amount; 12 weeks and no more are paid for."""
    weeks = [str(dt.date(2026, 1, 5) + dt.timedelta(days=7 * nth)) for nth in range(12)]
    text = paid(*weeks, amount=13, product="Weekly pass")
    text += paid("2025-11-05", "2026-02-05", "2026-05-05", amount=30, who="C-2", product="Quarter")
    text += paid("2024-07-05", "2025-07-05", amount=120, who="C-3", product="All of it")
    imported(tmp_path, HEADER + text + LATER)
    found = {row["customer_id"]: (row["ended_at"], row["mrr"], row["interval"]) for row in rows_of(tmp_path)}
    assert found["C-1"] == ("2026-03-30", "56.333333", "week")
    assert found["C-2"] == ("", "10", "3 months")
    assert found["C-3"] == ("2026-07-05", "10", "year")


def test_refunds_and_disputes(tmp_path: Path) -> None:
    """One in the middle, and a part of one, take nothing away; of the last charge it ends service on its
    day.
    """
    text = paid("2026-01-05", "2026-02-05", "2026-03-05") + line("2026-02-10", -49) + line("2026-03-06", -5)
    text += paid("2026-01-05", "2026-02-05", who="C-2") + line("2026-02-15", -49, who="C-2")
    text += paid("2026-01-05", who="C-3") + line("2026-02-05", who="C-3", status="chargeback")
    imported(tmp_path, HEADER + text + LATER)
    ends = {row["customer_id"]: row["ended_at"] for row in rows_of(tmp_path)}
    assert ends == {"C-1": "2026-04-05", "C-2": "2026-02-15", "C-3": "2026-02-05", "C-9": ""}
    (left,) = rows_of(tmp_path, "cancellations")
    assert (left["customer_id"], left["reason"], left["kind"]) == ("C-3", "payment_disputed", "involuntary")


def test_refunds_are_held_against_what_was_charged_with_its_tax(tmp_path: Path) -> None:
    """59.50 with 9.50 tax in it: given back whole on 10 April without a reference, and in two parts by one.
    52 by reference is a part, and takes nothing away.
    """
    header = "date,customer,gross,tax,status,id,refund_of\n"
    text = header + "".join(
        f"2026-0{month}-{day},{who},59.50,9.50,paid,{who}{month},\n"
        for who, day in (("C-1", "03"), ("C-2", "04"), ("C-3", "05"), ("C-9", "06"))
        for month in range(1, 7 if who == "C-9" else 5)
    )
    text += "2026-04-10,C-1,-59.50,-9.50,refunded,b1,\n2026-04-11,C-2,-52,,refunded,b2,C-24\n"
    text += "2026-04-12,C-3,-52,,refunded,b3,C-34\n2026-04-14,C-3,-7.50,,refunded,b4,C-34\n"
    imported(tmp_path, text)
    ends = {row["customer_id"]: (row["ended_at"], row["mrr"]) for row in rows_of(tmp_path)}
    assert ends == {
        "C-1": ("2026-04-10", "50"), "C-2": ("2026-05-04", "50"), "C-3": ("2026-04-14", "50"),
        "C-9": ("", "50"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "more", "cells", "mrr"),
    [
        ("gross", "vat", "9.50", "50"),
        ("net", "vat", "9.50", "59.5"),
        ("amount incl. VAT", "vat rate", "19", "50"),
        ("amount", "vat,before tax", "9.50,50.00", "50"),
        ("amount", "vat,due", "9.50,69.00", "59.5"),
        ("amount", "gst %,before tax", "19,50.00", "50"),
        ("amount", "subtotal,discount,vat", "60,10,9.50", "50"),
        ("amount", "fee,vat,net", "2,9.50,48", "50"),
        ("amount", "fee,vat,payout", "2,9.50,71", "59.5"),
        ("total", "vat", "9.50", "50"),
    ],
)
def test_tax_is_inside_where_the_heading_or_another_column_tells(
    tmp_path: Path, heading: str, more: str, cells: str, mrr: str
) -> None:
    """59.50 less 9.50, or 19 % in it, is 50; where 69.00 stands beside it, the tax came on top."""
    text = f"date,customer,{heading},{more}\n"
    text += "".join(f"2026-0{month}-05,C-1,59.50,{cells}\n" for month in (1, 2, 3))
    said = {"columns": {"charged_at": "date", "customer_id": "customer", "amount": heading}}
    imported(tmp_path, text, **said)
    assert {span[2] for span in spans(tmp_path)} == {mrr}


@pytest.mark.parametrize(
    ("said", "mrr"), [("VAT", "40.5"), ("none", "50"), (25, "40")], ids=["inside", "on top", "a rate"]
)
def test_tax_of_which_nothing_tells_is_asked_about(tmp_path: Path, said: Any, mrr: str) -> None:
    """50.00 beside 9.50: 40.50 with it inside, 50 where it came on top; a rate of 25 % in it leaves 40."""
    text = "Date,Email,Amount,VAT\n" + "".join(f"2026-0{month}-05,a@x.com,50,9.50\n" for month in (1, 2, 3))
    with pytest.raises(Stopped, match=r"`tax_inside: VAT` \(of 50, 40.50 counts\), or `tax_inside: none`"):
        imported(tmp_path, text)
    imported(tmp_path, text, tax_inside=said)
    assert {span[2] for span in spans(tmp_path)} == {mrr}
    with pytest.raises(Stopped, match="the column Vat No, which `tax_inside` names, is missing"):
        imported(tmp_path, text, tax_inside="Vat No")
    free = text.replace(",9.50", ",0")  # of nothing there is nothing to ask
    imported(tmp_path, free)
    assert {span[2] for span in spans(tmp_path)} == {"50"}


def test_a_row_that_is_odd_unsettles_no_other(tmp_path: Path) -> None:
    """A failed one without a net amount, and one whose net is a cent off, among ten."""
    text = "date,customer,amount,vat,net,status\n"
    for month in range(1, 11):
        net = {3: "", 5: "49.99"}.get(month, "50.00")
        status = "failed" if month == 3 else "paid"
        text += f"2026-{month:02}-05,C-1,59.50,9.50,{net},{status}\n"
    said = {"columns": {"charged_at": "date", "customer_id": "customer", "amount": "amount"}}
    imported(tmp_path, text, **said)
    assert {span[2] for span in spans(tmp_path)} == {"50"}


def test_tax_in_the_numbers_of_a_workbook(tmp_path: Path) -> None:
    """59.5 less 9.5 is the 50 beside it, also for somebody who writes commas."""
    book = openpyxl.Workbook()
    book.active.append(["Date", "Email", "Amount", "VAT", "Before tax"])
    for month in (1, 2, 3):
        book.active.append([dt.date(2026, month, 5), "a@x.com", 59.5, 9.5, 50])
    book.save(tmp_path / "ledger.xlsx")
    settings = Settings(decimal_sign="comma")
    import_files("ledger", [tmp_path / "ledger.xlsx"], tmp_path / "out", settings, {})
    assert [span[2] for span in spans(tmp_path)] == ["50"]


def test_amounts_that_may_be_cents_are_asked_about(tmp_path: Path) -> None:
    """4900 and 9900 are 49 and 99, or as much as they say; 4900 yen can only be that, and 49 is small."""

    def text(amount: object, currency: str) -> str:
        return "date,customer,amount,currency\n" + "".join(
            f"2026-0{month}-05,{who},{amount if who == 'a' else 9900},{currency}\n"
            for month in (1, 2, 3)
            for who in ("a", "b")
        )

    with pytest.raises(Stopped, match=r"`price_in: minor units` \(EUR 49 was paid\), or `price_in: whole"):
        imported(tmp_path, text(4900, "EUR"))
    for said, mrr in (("minor units", ["49", "99"]), ("whole units", ["4900", "9900"])):
        imported(tmp_path, text(4900, "EUR"), price_in=said)
        assert sorted(span[2] for span in spans(tmp_path)) == mrr
    imported(tmp_path, text(4900, "JPY"))
    imported(tmp_path, text("4900.00", "EUR"))
    imported(tmp_path, text(49, "EUR").replace("9900", "120"))
    assert sorted(span[2] for span in spans(tmp_path)) == ["120", "49"]


@pytest.mark.parametrize(
    ("heading", "currency", "mrr"),
    [("amount_cents", "", "49"), ("Amount in cents (USD)", "USD", "49"), ("Betrag in EUR", "EUR", "4900")],
)
def test_the_heading_of_the_amounts_says_their_unit(
    tmp_path: Path, heading: str, currency: str, mrr: str
) -> None:
    """Where two headings differ in their unit alone, nobody knows which is meant."""
    amount = "4900.00" if mrr == "4900" else "4900"
    rows = "".join(f"2026-0{month}-05,a@x.com,{amount},1\n" for month in (1, 2, 3))
    imported(tmp_path, f"Date,Email,{heading},Note\n{rows}")
    assert [(row["mrr"], row.get("currency", "")) for row in rows_of(tmp_path)] == [(mrr, currency)]
    with pytest.raises(Stopped, match="who paid, when and how much"):
        imported(tmp_path, f"Date,Email,{heading},Amount (GBP)\n{rows}")


def test_nothing_charged_when_it_was_due_is_a_payers_free_time(tmp_path: Path) -> None:
    """
    C-1  49 49  0 49      a free March between paid months: no loss and no return
    C-2  49 49  0         nothing was paid after it: lost when the free month is over
    C-3  49 49  0  0  0   free without an end: the first one has an end, the others have none
    C-4   0 49 49         nothing before anything was paid is no service
    C-5  49 49 49 and 0 on another day: a row of nothing beside what was paid says nothing
    """
    text = HEADER + paid("2026-01-05", "2026-02-05") + line("2026-03-05", "0.00") + paid("2026-04-05")
    for who, free in (("C-2", (3,)), ("C-3", (3, 4, 5))):
        text += paid("2026-01-06", "2026-02-06", who=who)
        text += "".join(line(f"2026-0{month}-06", 0, who) for month in free)
    text += line("2026-01-07", 0, "C-4") + paid("2026-02-07", "2026-03-07", who="C-4")
    text += paid("2026-01-08", "2026-02-08", "2026-03-08", who="C-5") + line("2026-02-07", 0, "C-5")
    written = imported(tmp_path, text + LATER)
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in rows_of(tmp_path):
        said = row["started_at"][5:7], row["ended_at"][5:7], row["mrr"], row["status"]
        found.setdefault(row["customer_id"], []).append(said)
    free_march = [("01", "03", "49", "active"), ("03", "04", "0", "comped")]
    assert found["C-1"] == [*free_march, ("04", "05", "49", "active")]
    assert found["C-2"] == found["C-3"] == free_march
    assert found["C-4"] == [("02", "04", "49", "active")]
    assert found["C-5"] == [("01", "04", "49", "active")]
    assert written.rows_set_aside == 4
    (notes,) = [found.notes for found in assumed.read(tmp_path / "out").values()]
    assert any(note.startswith("3 times nothing was charged when it was due") for note in notes)


def test_who_got_a_year_back_is_lost_before_the_year_is_over(tmp_path: Path) -> None:
    """A year paid on 5 January went back on the 15th: in August nobody waits for a payment any more.

    A month that went back on 20 July may still be paid on 5 August: 30 days are the grace.
    """
    text = line("2025-01-05", 490, product="Year") + line("2026-01-05", 490, product="Year")
    text += line("2026-01-15", -490, product="Year")
    text += paid("2026-06-10", "2026-07-10", who="C-2") + line("2026-07-20", -49, who="C-2")
    imported(tmp_path, HEADER + text + LATER)
    ends = {(row["customer_id"], row["status"]): row["ended_at"] for row in rows_of(tmp_path)}
    assert ends[("C-1", "active")] == "2026-01-15"
    assert ("C-1", "past_due") not in ends
    assert ends[("C-2", "past_due")] == ""
    assert assumed.read(tmp_path / "out")["ledger"].due == {dt.date(2026, 7, 20): 1}


def test_files_that_overlap_count_a_charge_once(tmp_path: Path) -> None:
    """Without ids, too; the same twice within one file are two charges."""
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    twice = line("2026-02-05") * 2
    first.write_text(HEADER + paid("2026-01-05") + twice, encoding="utf-8")
    second.write_text(HEADER + twice + paid("2026-03-05", "2026-04-05"), encoding="utf-8")
    written = importing.import_files("ledger", [first, second], tmp_path / "out", Settings(), {})
    assert written.rows_set_aside == 2
    assert spans(tmp_path) == [("2026-01-05", "", "49"), ("2026-02-05", "2026-03-05", "49")]


def test_who_failed_to_pay_left_against_their_will(tmp_path: Path) -> None:
    text = paid("2026-01-05", "2026-02-05") + line("2026-03-05", status="failed")
    imported(tmp_path, HEADER + text + paid("2026-01-20", who="C-2") + LATER)
    assert [
        (row["customer_id"], row["canceled_at"], row["kind"]) for row in rows_of(tmp_path, "cancellations")
    ] == [("C-1", "2026-03-05", "involuntary")]


def test_what_is_no_charge_is_set_aside(tmp_path: Path) -> None:
    header = "date,customer,amount,type,status,test,id\n"
    rows = [
        "2026-01-05,C-1,49,sale,paid,,1", "2026-02-05,C-1,49,sale,paid,,2", "2026-02-05,C-1,49,sale,paid,,2",
        "2026-02-06,C-2,49,sale,paid,yes,3", "2026-02-06,,-1.50,fee,paid,,4",
        "2026-02-07,,-900,payout,paid,,5",
        "2026-02-08,C-3,49,sale,pending,,6", "2026-02-08,C-4,0,sale,paid,,7", "2026-02-09,,49,sale,paid,,8",
    ]  # fmt: skip
    written = imported(tmp_path, header + "\n".join(rows))
    assert len(rows_of(tmp_path, "customers")) == 1
    assert written.set_aside is not None
    with written.set_aside.open(encoding="utf-8-sig", newline="") as file:
        assert [row["reason"] for row in csv.DictReader(file)] == [
            "the same row stands at line 3", "a test, and no charge", "no charge: fee", "no charge: payout",
            "it is not decided yet", "it names no customer", "nothing was charged",
        ]  # fmt: skip


def test_what_nobody_can_tell_is_asked_about(tmp_path: Path) -> None:
    """One charge of 490, and a book that two bought once: their owner knows."""
    text = HEADER + paid("2026-01-05", "2026-02-05", "2026-03-05")
    text += (
        line("2026-02-01", 490, "C-2")
        + line("2026-02-01", 20, "C-3", "Book")
        + line("2026-03-01", 20, "C-4", "Book")
    )
    with pytest.raises(Stopped, match=r"“Book” and 1 other .*rhythms: \{Book: …, Pro 490: year\}"):
        imported(tmp_path, text)
    written = imported(tmp_path, text, rhythms={"Pro 490.00": "year", "book": "once"})
    assert [row["customer_id"] for row in rows_of(tmp_path)] == ["C-1", "C-2"]
    assert written.rows_set_aside == 2
    with pytest.raises(InputError, match="Book is sometimes"):
        imported(tmp_path, text, rhythms={"Book": "sometimes"})


def test_something_bought_again_by_a_few_is_no_rhythm() -> None:
    """A gap of a month between two purchases of one of many buyers; gaps of no calendar length are none."""
    assert [length_of_gap(days) for days in (7, 31, 45, 91, 365)] == [
        ("week", 1), ("month", 1), None, ("month", 3), ("year", 1),
    ]  # fmt: skip
    named = Charge("C-1", dt.date(2026, 1, 5), Decimal(99), product="Pro (yearly)")
    assert Rhythms({}, {}, {}).certain(named) == ("year", 1)


def test_days_amounts_and_states_that_can_be_two_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match=r"05/03/2026.*date_order"):
        imported(tmp_path, HEADER + paid("05/03/2026"))
    with pytest.raises(Stopped, match=r"decimal_sign"):
        imported(tmp_path, "date,customer,amount\n2026-01-05,C-1,1.200\n")
    with pytest.raises(Stopped, match=r"“waved” means.*values: \{status: \{waved: …\}\}"):
        imported(tmp_path, HEADER + paid("2026-01-05", status="waved"))
    imported(tmp_path, HEADER + paid("05/01/2026", "05/02/2026") + LATER, date_order="day first")
    assert spans(tmp_path)[0] == ("2026-01-05", "2026-03-05", "49")
    own = tmp_path / "proved"
    done = imported(own, HEADER + paid("05/01/2026", "05/02/2026") + paid("13/01/2026", who="C-2") + LATER)
    assert spans(own)[0] == ("2026-01-05", "2026-03-05", "49")
    (note,) = [fault for fault in done.faults if fault.rule == "order of days"]
    assert note.level == "note" and "days such as 13/01/2026 are read with the day first" in note.message
    with pytest.raises(Stopped, match=r"05/01/2026.*date_order"):  # each way is proved by one of them
        imported(own, HEADER + paid("05/01/2026", "13/01/2026", "01/13/2026"))
    with pytest.raises(Stopped, match="who paid, when and how much"):
        imported(tmp_path, "what,when\nmilk,today\n")
    with pytest.raises(InputError, match="owner is no column of a ledger"):
        imported(tmp_path, HEADER, columns={"owner": "customer"})


def test_an_amount_has_the_currency_that_it_is_shown_with(tmp_path: Path) -> None:
    """Equal numbers in two currencies are two amounts; a shared sign is what the row's own column says."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["date", "customer", "amount", "currency", "product"])
    formats = {"A": "[$€-407] #,##0.00", "B": "[$£-809]#,##0", "C": '"$"#,##0', "D": "[$-407]0.00"}
    for month in range(1, 5):
        for who, shown in formats.items():
            own = "CAD" if who == "C" else None
            book.active.append([dt.date(2026, month, 5), who, 49, own, "Pro"])
            book.active.cell(book.active.max_row, 3).number_format = shown
    book.save(tmp_path / "ledger.xlsx")
    import_files("ledger", [tmp_path / "ledger.xlsx"], tmp_path / "out", Settings(), {})
    assert {row["customer_id"]: row["currency"] for row in rows_of(tmp_path)} == {
        "A": "EUR", "B": "GBP", "C": "CAD", "D": "",
    }  # fmt: skip
    contradicted = paid("2026-01-05", "2026-02-05", amount="$49")
    with pytest.raises(
        Stopped, match=r"such as \$49 where the currency is EUR, in 2 rows \(first: .*line 2\)"
    ):
        imported(tmp_path, HEADER + contradicted)


def test_a_ledger_under_other_names(tmp_path: Path) -> None:
    """Titles above, in German, with decimal commas, and totals below."""
    text = "Zahlungen\n\nDatum;Kunde;Betrag;Währung;Tarif;Status\n05.01.2026;K-1;49,90;EUR;Pro;bezahlt\n"
    text += "05.02.2026;K-1;49,90;EUR;Pro;bezahlt\nSumme;;99,80;;;\n"
    imported(tmp_path, text, date_order="day first")
    assert spans(tmp_path) == [("2026-01-05", "", "49.9")]


# --- tools -----------------------------------------------------------------------------------------------

PAYPAL = (
    "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,From Email Address,To Email Address,"
    "Transaction ID,Item Title,Sales Tax,Reference Txn ID,Balance Impact\n"
)


def test_paypal(tmp_path: Path) -> None:
    """31 January, 23:30 in California, is February in Berlin; a refund names its charge, and comes from the
    shop.
    """
    rows = [
        "01/31/2026,23:30:00,PST,Ada,Subscription "
        "Payment,Completed,USD,19.00,-1,18,a@x.com,s@s.com,T1,Pro,0,I-ABCDEFGH1,Credit",
        "02/28/2026,23:30:00,PST,Ada,Subscription "
        "Payment,Completed,USD,19.00,-1,18,a@x.com,s@s.com,T2,Pro,0,I-ABCDEFGH1,Credit",
        "03/05/2026,10:00:00,PST,Ada,Payment "
        "Refund,Completed,USD,-19.00,0,-19,s@s.com,a@x.com,T3,Pro,0,T2,Debit",
        "03/06/2026,10:00:00,PST,,General Withdrawal,Completed,USD,-500,0,-500,s@s.com,,T4,,,,Debit",
        "03/06/2026,10:00:00,PST,,General Currency Conversion,Completed,USD,12,0,12,s@s.com,,T5,,,,Credit",
        "03/07/2026,10:00:00,PST,Host,General Payment,Completed,USD,-5,0,-5,s@s.com,h@h.com,T6,Web,,,Debit",
        "06/07/2026,10:00:00,PDT,Bo,Subscription "
        "Payment,Completed,USD,19.00,-1,18,b@x.com,s@s.com,T7,Pro,0,I-ABCDEFGH2,Credit",
    ]
    path = tmp_path / "Download.CSV"
    path.write_text(PAYPAL + "\n".join(rows), encoding="utf-8")
    settings = Settings(date_order="month first", time_zone="Europe/Berlin")
    path = path.rename(tmp_path / "download.csv")
    written = importing.import_files(
        "ledger", [path], tmp_path / "out", settings, {"rhythms": {"Pro": "month"}}
    )
    assert [(row["started_at"], row["ended_at"], row["subscription_id"]) for row in rows_of(tmp_path)] == [
        ("2026-02-01", "2026-03-05", "I-ABCDEFGH1"),
        ("2026-06-07", "", "I-ABCDEFGH2"),
    ]
    assert written.rows_set_aside == 3
    assert ledger.recognises(PAYPAL.strip().split(",")) == "charges of PayPal"


def test_a_dispute_that_was_won_takes_nothing_away(tmp_path: Path) -> None:
    """Of the newest charge, named by no row: it is that one which comes back, and not the one before."""
    text = "Date,Email,Amount,Product,Type\n"
    text += "".join(f"2026-0{nth}-05,a@x.com,49,Pro,Subscription\n" for nth in range(1, 7))
    text += "2026-06-09,a@x.com,-49,Pro,Chargeback\n2026-06-19,a@x.com,49,Pro,Chargeback reversal\n"
    imported(tmp_path, text)
    assert [(row["started_at"], row["ended_at"]) for row in rows_of(tmp_path)] == [("2026-01-05", "")]
    assert not (tmp_path / "out" / "cancellations.csv").exists()


def test_a_hold_of_paypal_is_no_chargeback(tmp_path: Path) -> None:
    """Both of its types while a dispute is looked into: the payment is held, let go, and never went back."""
    held, let_go = "Hold on Balance for Dispute Investigation", "Cancellation of Hold for Dispute Resolution"
    row = "06/{},10:00:00,PDT,Ada,{},Completed,USD,{},0,0,{},{},{},Credit\n"
    rows = [
        row.format("05/2026", "Subscription Payment", "19.00", "a@x.com,s@s.com", "T1,Pro,0", "I-ABCDEFGH1"),
        row.format("09/2026", held, "-19.00", "s@s.com,a@x.com", "T2,,", "T1"),
        row.format("20/2026", let_go, "19.00", "a@x.com,s@s.com", "T3,,", "T1"),
    ]
    said = {"date_order": "month first", "rhythms": {"Pro": "month"}}
    for many in (2, 3):
        imported(tmp_path, PAYPAL + "".join(rows[:many]), **said)
        assert [(row["started_at"], row["ended_at"]) for row in rows_of(tmp_path)] == [("2026-06-05", "")]
        assert not (tmp_path / "out" / "cancellations.csv").exists()


def test_paypals_subject_stands_in_for_an_empty_item_title(tmp_path: Path) -> None:
    rows = "".join(
        f"0{month}/05/2026,10:00:00,PST,Ada,Subscription Payment,Completed,USD,19.00,0,19,a@x.com,s@s.com,"
        f"T{month},{title},0,,Credit,{subject}\n"
        for month, title, subject in ((1, "Pro", "Other"), (2, "", "Pro"), (3, "", "Pro"))
    )
    imported(tmp_path, PAYPAL.replace("\n", ",Subject\n") + rows, date_order="month first")
    assert [(row["plan"], row["started_at"], row["ended_at"]) for row in rows_of(tmp_path)] == [
        ("Pro", "2026-01-05", "")
    ]


def test_gumroad_names_the_present_recurrence_in_old_rows_too(tmp_path: Path) -> None:
    """S paid 10 a month till February, 100 a year since March; every row of S says yearly. Others pay 10.

    Alone, with three old charges a month apart, the rhythm tells; with one, nobody knows.
    """
    header = (
        "Purchase ID,Item Name,Purchase Email,Purchase Date,Sale Price ($),Recurrence,Subscription End Date\n"
    )

    def row(who: str, day: str, price: int, recurrence: str) -> str:
        return f"{who}{day},Club,{who}@x.com,{day},{price},{recurrence},\n"

    moved = row("s", "2026-03-12", 100, "yearly")
    old = "".join(row("s", f"{day}-12", 10, "yearly") for day in ("2025-12", "2026-01", "2026-02"))
    others = "".join(row("u", f"2026-0{month}-03", 10, "monthly") for month in (1, 2, 3))
    for name, text in (("with others", old + moved + others), ("alone", old + moved)):
        imported(tmp_path / name, header + text)
        of_s = [one for one in rows_of(tmp_path / name) if one["started_at"][8:] == "12"]
        assert [(one["started_at"], one["mrr"]) for one in of_s] == [
            ("2025-12-12", "10"), ("2026-03-12", "8.333333"),
        ]  # fmt: skip
    with pytest.raises(Stopped, match=r"rhythms: \{Club 10: …\}"):
        imported(tmp_path, header + row("s", "2026-02-12", 10, "yearly") + moved)


def test_gumroad(tmp_path: Path) -> None:
    """Recurrence says the rhythm, the end of a membership is known, and a sale without one does not recur."""
    header = (
        "Purchase ID,Item Name,Buyer Name,Purchase Email,Purchase Date,Purchase Time (UTC timezone),Taxes "
        "($),"
        "Sale Price ($),Tax Included in Price?,Fully Refunded?,Disputed?,Dispute Won?,Variants,Free trial "
        "purchase?,Recurrence,Cancellation Date,Subscription End Date\n"
    )
    rows = [
        "p1,Club,Ada,a@x.com,2026-01-05,,2,12,1,0,0,0,(Gold),0,monthly,2026-02-20,2026-03-05",
        "p2,Club,Ada,a@x.com,2026-02-05,,2,12,1,0,0,0,(Gold),0,monthly,2026-02-20,2026-03-05",
        "p3,Book,Bo,b@x.com,2026-02-05,,0,20,0,0,0,0,,0,,,",
        "p4,Club,Cy,c@x.com,2026-02-25,,0,60,0,0,0,0,,0,biannually,,",
        "Totals,,,,,,4,104,,,,,,,,,",
    ]
    imported(tmp_path, header + "\n".join(rows))
    assert [(row["started_at"], row["ended_at"], row["mrr"]) for row in rows_of(tmp_path)] == [
        ("2026-01-05", "2026-03-05", "10"),
        ("2026-02-25", "", "10"),
    ]
    (asked,) = rows_of(tmp_path, "cancellations")
    assert (asked["canceled_at"], asked["kind"]) == ("2026-02-20", "voluntary")
    assert ledger.recognises(header.strip().split(",")) == "charges of Gumroad"


def test_lemon_squeezy_is_asked_whether_amounts_are_cents(tmp_path: Path) -> None:
    header = (
        "identifier,order_number,user_name,user_email,currency,total,tax,status,created_at,test_mode,"
        "product_name,variant_name\n"
    )
    text = header + "".join(
        f"u{n},{n},Ada,{who},USD,1900,300,{status},2026-0{n}-05T10:00:00.000000Z,{test},Pro,Default\n"
        for n, who, status, test in ((1, "a@x.com", "paid", "false"), (2, "a@x.com", "paid", "false"),
                                     (3, "t@x.com", "paid", "true"))
    )  # fmt: skip
    with pytest.raises(Stopped, match="price_in: minor units"):
        imported(tmp_path, text)
    imported(tmp_path, text, price_in="minor units")
    assert spans(tmp_path) == [("2026-01-05", "", "16")]
    assert ledger.recognises(header.strip().split(",")) == "charges of Lemon Squeezy"


def test_the_orders_of_lemon_squeezy_as_programs_read_them(tmp_path: Path) -> None:
    """date_utc instead of created_at, no state; amounts in cents, the tax inside: 19.00 less 3.00."""
    header = (
        "identifier,order_number,product_name,variant_name,user_name,user_email,country,subtotal,"
        "discount_total,discount_code,tax,total,date_utc\n"
    )
    row = "{0}-u,{0},Kit,Default,Ada,ada@x.com,DE,1600,0,,300,1900,2026-0{0}-05 10:00:00\n"
    text = header + "".join(row.format(nth) for nth in (1, 2, 3))
    assert ledger.recognises(header.strip().split(",")) == "charges of Lemon Squeezy"
    with pytest.raises(Stopped, match="price_in: minor units"):
        imported(tmp_path, text)
    imported(tmp_path, text, price_in="minor units")
    assert spans(tmp_path) == [("2026-01-05", "", "16")]


def test_woocommerce_writes_a_list_of_subscriptions(tmp_path: Path) -> None:
    """Net of tax and shipping; a cancelled one ends at its end_date, one on hold is late, a pending one
    never began.
    """
    header = (
        "subscription_id,subscription_status,customer_id,start_date,trial_end_date,end_date,billing_period,"
        "billing_interval,order_shipping,order_tax,order_total,order_currency,billing_email,order_items,"
        "last_order_date_created\n"
    )
    rows = [
        "1,wc-active,5,2026-01-05 "
        "10:00:00,0,0,month,1,5.00,4.00,30.00,EUR,a@x.com,product_id:3|name:Box|total:21,",
        "2,wc-cancelled,6,2026-01-05 10:00:00,2026-01-19 10:00:00,2026-03-05 "
        "10:00:00,year,1,0,0,240.00,EUR,b@x.com,,",
        "3,wc-on-hold,7,2026-01-05 10:00:00,0,0,month,3,0,0,30.00,EUR,c@x.com,,2026-01-05 10:00:00",
        "4,wc-pending,8,2026-01-05 10:00:00,0,0,month,1,0,0,30.00,EUR,d@x.com,,",
    ]
    imported(tmp_path, header + "\n".join(rows))
    assert [(row["started_at"], row["ended_at"], row["mrr"], row["status"]) for row in rows_of(tmp_path)] == [
        ("2026-01-05T10:00:00Z", "", "21", "active"),
        ("2026-01-19T10:00:00Z", "2026-03-05T10:00:00Z", "20", "active"),
        ("2026-01-05T10:00:00Z", "", "10", "past_due"),
    ]
    with pytest.raises(Stopped, match="end_date is empty"):
        imported(tmp_path, header + rows[1].replace("2026-03-05 10:00:00", "0"))
    assert ledger.recognises(header.strip().split(",")) == "WooCommerce's subscriptions"


def test_what_woocommerce_has_on_hold_for_long_is_asked_about(tmp_path: Path) -> None:
    """The list reaches to 5 June. On hold since an order of March: its failure ended it on that day, or it
    was paid, and paused by hand a month later. An order of 5 June is late, or paid until July. On hold
    without an order, nobody knows.
    """
    header = (
        "subscription_id,subscription_status,start_date,trial_end_date,end_date,billing_period,"
        "billing_interval,order_total,billing_email,last_order_date_created\n"
    )

    def row(nth: int, last: str, status: str = "on-hold", more: str = "0,0") -> str:
        return f"{nth},wc-{status},2026-01-05 10:00:00,{more},month,1,30.00,{nth}@x.com,{last} 10:00:00\n"

    text = header + row(1, "2026-06-05", "active") + row(2, "2026-03-05") + row(3, "2026-06-05")

    def told() -> list[tuple[str, ...]]:
        """Of the second and the third: from when to when, and what."""
        return [
            (row["subscription_id"], row["started_at"][5:10], row["ended_at"][5:10], row["status"])
            for row in rows_of(tmp_path)
            if row["subscription_id"] != "1"
        ]

    with pytest.raises(Stopped, match=r"1 subscription is on hold.*line 3, 2026-03-05.*`on_hold: by hand`"):
        imported(tmp_path, text)
    imported(tmp_path, text, on_hold="unpaid")
    assert sorted(told()) == [("2", "01-05", "03-05", "active"), ("3", "01-05", "", "past_due")]
    (left,) = rows_of(tmp_path, "cancellations")
    assert (left["canceled_at"], left["kind"]) == ("2026-03-05", "involuntary")
    imported(tmp_path, text, on_hold="by hand")
    assert sorted(told()) == [
        ("2", "01-05", "04-05", "active"), ("2", "04-05", "", "paused"), ("3", "01-05", "", "active"),
    ]  # fmt: skip
    imported(tmp_path, text.replace("2026-03-05", "2026-05-20"))
    assert [status for *_, status in told()] == ["past_due", "past_due"]
    with pytest.raises(Stopped, match="1 subscription is on hold, and last_order_date_created is empty"):
        imported(tmp_path, text.replace("2026-03-05 10:00:00", "0"))
    with pytest.raises(InputError, match="on_hold is perhaps"):
        imported(tmp_path, text, on_hold="perhaps")


def test_a_trial_that_woocommerce_cancelled_before_its_end_is_no_customer(tmp_path: Path) -> None:
    header = (
        "subscription_id,subscription_status,start_date,trial_end_date,end_date,billing_period,"
        "billing_interval,order_total,billing_email\n"
    )
    days = "2026-04-01 10:00:00,2026-05-05 10:00:00,2026-04-05 10:00:00"
    imported(tmp_path, f"{header}1,wc-cancelled,{days},month,1,30.00,a@x.com\n")
    (row,) = rows_of(tmp_path)
    said = row["started_at"][:10], row["ended_at"][:10], row["status"]
    assert said == ("2026-04-01", "2026-04-05", "trialing")


STRIPE = (
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Status,Customer ID,Customer "
    "Email,Description,Seller Message\n"
)


def test_payments_of_stripe_alone_are_a_ledger(tmp_path: Path) -> None:
    """A charge without a customer's id belongs to the customer with the same e-mail."""
    rows = [
        "ch_1,2026-06-05 10:00:00,49.00,0.00,eur,true,Paid,cus_1,a@x.com,Subscription creation,ok",
        "ch_2,2026-07-05 10:00:00,49.00,0.00,eur,true,Paid,,a@x.com,Subscription update,ok",
        "ch_3,2026-07-07 10:00:00,49.00,49.00,eur,true,Refunded,cus_2,b@x.com,Subscription creation,ok",
    ]
    written = imported(tmp_path, STRIPE + "\n".join(rows), source="stripe", rhythms={"49": "month"})
    assert next((row["customer_id"], row["started_at"]) for row in rows_of(tmp_path)) == (
        "cus_1",
        "2026-06-05",
    )
    assert {row["customer_id"] for row in rows_of(tmp_path)} == {"cus_1", "cus_2"}
    assert "payments alone" in {fault.rule for fault in written.faults}
    assert importer("stripe").recognises(STRIPE.strip().split(",")) == "Stripe's payments"


@pytest.mark.parametrize(
    "columns",
    [
        ["customer_id", "created_at", "plan", "price"],
        ["customer", "start_date", "amount", "end_date"],
        ["user_id", "timestamp", "event", "amount"],
        ["name", "email"],
    ],
)
def test_other_lists_are_no_ledgers(columns: list[str]) -> None:
    assert ledger.recognises(columns) == ""


# --- how often it is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [COLUMNS, ("date", "customer", "amount", "currency", "product"), ("date", "customer", "amount")],
)
def test_clean_rhythms_are_told_without_an_error(tmp_path: Path, columns: tuple[str, ...]) -> None:
    truth = charged(150, 7, Noise(), ("month", "quarter", "year"))
    path = truth.write(tmp_path / "ledger.csv", columns)
    asked = import_answering(truth, path, tmp_path / "out")
    found = errors(truth, tmp_path / "out" / "subscriptions.csv", asked)
    assert found.customer_months > 1000 and found.cases == ()
    assert found.months_off(0.0)[0] == 0


def test_with_failures_pauses_and_moved_days_at_most_one_in_a_hundred_is_wrong(tmp_path: Path) -> None:
    """tests/bench_statistics/ledger.py measures far more; this holds what the docs promise."""
    off, months = 0, 0
    for seed in (1, 2):
        truth = charged(150, seed, Noise.usual(), ("month", "quarter", "year"))
        path = truth.write(tmp_path / f"{seed}.csv")
        asked = import_answering(truth, path, tmp_path / f"out{seed}")
        found = errors(truth, tmp_path / f"out{seed}" / "subscriptions.csv", asked)
        assert found.share <= 0.01
        off, months = off + found.months_off()[0], months + found.months_off()[1]
    assert off <= 0.05 * months


def test_a_ledger_is_read_in_place(tmp_path: Path) -> None:
    """`sources:` in retention.yml, with what the owner says of it."""
    (tmp_path / "charges.csv").write_text(HEADER + paid("2026-01-05", "2026-02-05", "2026-03-05") + LATER)
    files = {"customers.csv": None, "subscriptions.csv": None}
    settings = (
        "{sources: {ledger: {path: ../charges.csv, rhythms: {Pro: month}, columns: {customer_id: customer}}}}"
    )
    data = folder_of(tmp_path / "data", {**files, "retention.yml": settings})
    with closing(open_business(data, "2026-04", cache=tmp_path / "cache")) as business:
        assert measures.customer_movement(business).iloc[-1]["lost"] == 1
        assert any(fault.rule == "assumed" for fault in business.faults)


def test_a_ledger_that_breaks_off_within_its_last_line_is_refused(tmp_path: Path) -> None:
    """Else the charge counts without its state, or the file as whole."""
    even = "date,customer,amount,status\n" + "".join(f"2026-0{n}-05,a,49,paid\n" for n in (1, 2, 3))
    (tmp_path / "ledger.csv").write_text(f"{even}2026-04-05,a,49")
    with pytest.raises(Stopped, match="line 5, the last one, breaks off after 3 cells of 4"):
        import_files("ledger", [tmp_path / "ledger.csv"], tmp_path / "out", Settings())
    (tmp_path / "ledger.csv").write_text(f"{even}2026-04-05,a,49,paid")
    import_files("ledger", [tmp_path / "ledger.csv"], tmp_path / "out", Settings())

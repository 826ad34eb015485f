"""What is shown: tables escaped and in one form, lists that run nothing."""

import csv
import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from reader import Reader

from retention_helpers.business import Business
from retention_helpers.measurement import measures
from retention_helpers.shown import lists, workbooks
from retention_helpers.shown.tables import MOST_ROWS, Quotation, table
from retention_helpers.shown.units import (
    COUNT,
    DAY,
    MONEY,
    MONTH,
    NUMBER,
    RATE,
    SHARE,
    TEXT,
    YES_NO,
    Column,
    Unit,
    columns_of,
    named,
)
from retention_helpers.statistics.intervals import with_rate
from retention_helpers.words.safe import safe_cell

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "&lt;b&gt; & <b>",
    "**bold** [link](javascript:alert(1)) `code`",
    "</td></tr></table><h1>",
)


# --- tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hostile", HOSTILE)
def test_text_stays_text_in_every_part_of_a_table(hostile: str) -> None:
    """Caption, heading, row heading, cell, and the labels that narrow screens show."""
    frame = pd.DataFrame({"who": [hostile], hostile: [hostile]})
    read = Reader(table(frame, hostile)._repr_html_())
    assert read.tags == {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert read.attributes <= {"class", "role", "tabindex", "aria-label", "scope", "data-label"}
    assert read.texts.count(hostile) >= 3
    assert hostile in read.labels


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_quotation_is_text(hostile: str) -> None:
    """What a customer wrote, and where."""
    read = Reader(Quotation(hostile, hostile)._repr_html_())
    assert read.tags == {"blockquote", "footer"}
    assert read.texts == [hostile, hostile]


def cells(frame: pd.DataFrame, **declared: Unit | Column) -> list[tuple[str, ...]]:
    return list(table(frame, "caption", declared).rows)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NaT, pd.NA])
def test_what_is_missing_is_a_dash(missing: Any) -> None:
    """In a column of nothing else, beside a text, a day, and an amount."""
    frame = pd.DataFrame(
        {
            "nothing": [missing, missing],
            "plan": ["pro", missing],
            "happened_on": [dt.date(2026, 3, 5), missing],
            "mrr": [Decimal("9.5"), missing],
            "met": [True, missing],
        },
        dtype=object,
    )
    declared = {"nothing": COUNT, "plan": TEXT, "happened_on": DAY, "mrr": MONEY, "met": YES_NO}
    assert cells(frame, **declared) == [("–", "pro", "5 March 2026", "9.50", "yes"), ("–",) * 5]


def test_a_rate_and_its_ends_are_one_cell() -> None:
    """Also where there is no rate; a column that only ends in _low stays a column."""
    frame = pd.DataFrame({"level": ["a", "b"], "lost": [9, 0], "base": [200, 0], "too_low": [1, 2]})
    declared = {"level": TEXT, "lost": COUNT, "base": COUNT, "too_low": COUNT, "churn_rate": RATE}
    shown = table(with_rate(frame, "churn_rate", "lost", "base"), "caption", declared)
    assert shown.columns == ("Level", "Lost", "Base", "Too low", "Churn rate")
    assert [row[-1] for row in shown.rows] == ["4.5 % (2.4–8.3 %)", "–"]
    assert shown.is_number == (False, True, True, True, True)


def test_each_kind_of_value_is_written_in_one_way() -> None:
    """Months short, counts with separators, money with cents where there are any, shares in per cent."""
    frame = pd.DataFrame(
        {
            "cohort": [pd.Timestamp("2026-03-01")],
            "customers": [12345],
            "mrr": [Decimal("1234.5")],
            "gross_revenue_retention": [0.9449],
            "quick_ratio": [1.4567],
            "final": [False],
        }
    )
    units = (MONTH, COUNT, MONEY, SHARE, NUMBER, YES_NO)
    declared = dict(zip(frame.columns, units, strict=True))
    assert cells(frame, **declared) == [("Mar 2026", "12,345", "1,234.50", "94.5 %", "1.46", "no")]


@pytest.mark.parametrize("name", ["size", "area", "pairs", "rate"])
def test_a_column_of_the_owner_is_called_what_the_owner_calls_it(name: str) -> None:
    """No heading of ours stands over it, and its values are written as they are."""
    shown = table(pd.DataFrame({name: ["0.25"]}), "caption")
    assert (shown.columns, shown.rows) == ((name.capitalize(),), (("0.25",),))
    by = table(pd.DataFrame({"by": [name, "mrr_band"]}), "caption", {"by": named({"mrr_band": "MRR band"})})
    assert by.rows == ((name,), ("MRR band",))


def test_a_heading_of_its_own_and_a_column_for_machines() -> None:
    """A declared label stands in the head; what is for the record alone stands in no cell."""
    frame = pd.DataFrame({"n": [3], "rule": ["x"]})
    shown = table(frame, "caption", {"n": COUNT("Customers"), "rule": TEXT(is_shown=False)})
    assert (shown.columns, shown.rows) == (("Customers",), (("3",),))


def test_an_empty_table_says_so() -> None:
    """A heading and one line, on the page and as text."""
    shown = table(pd.DataFrame(columns=["customer_id", "why"]), "Nobody")
    assert "None." in Reader(shown._repr_html_()).texts
    assert repr(shown).startswith("Nobody\n")


def test_a_long_table_says_how_many_rows_it_leaves_out() -> None:
    """The first rows, in their order, and the number of the others."""
    shown = table(pd.DataFrame({"n": range(MOST_ROWS + 7)}), "Long")
    assert [row[0] for row in shown.rows] == [str(n) for n in range(MOST_ROWS)]
    assert any("7 rows more" in text for text in Reader(shown._repr_html_()).texts)
    exact = table(pd.DataFrame({"n": range(MOST_ROWS)}), "Exact")
    assert "more" not in "".join(Reader(exact._repr_html_()).texts)


# --- lists -----------------------------------------------------------------------------------------

BLANKS = {
    "nothing": "",
    "space": " ",
    "tab": "\t",
    "carriage return": "\r",
    "line feed": "\n",
    "no-break space": "\u00a0",
    "zero-width space": "\u200b",
    "byte-order mark": "\ufeff",
    "a mixture": " \u00a0\ufeff\u200b",
    "ideographic space": "\u3000",
    "narrow no-break space": "\u202f",
    "thin space": "\u2009",
    "word joiner": "\u2060",
    "form feed": "\x0c",
}


@pytest.mark.parametrize("blank", BLANKS)
def test_no_cell_begins_a_formula(blank: str) -> None:
    """After any blank, in half- or full-width letters: an apostrophe in front, the rest as it was."""
    texts = [f"{BLANKS[blank]}{start}HYPERLINK(1)" for start in "=+-@＝＋－＠﹦"]
    assert [text for text in texts if safe_cell(text) != f"'{text}"] == []


@pytest.mark.parametrize(
    "text", ["A-1", "5 + 3", "a=b", "x@example.org", "", "  ", "'quoted", "– dash", "Ünï"]
)
def test_an_ordinary_cell_is_left_alone(text: str) -> None:
    """Only a start is risky."""
    assert safe_cell(text) == text


@pytest.mark.parametrize(("value", "cell"), [(-5, "-5"), (dt.date(2026, 3, 5), "2026-03-05")])
def test_numbers_and_days_are_written_plainly(value: Any, cell: str) -> None:
    """A negative number is no formula."""
    assert safe_cell(value) == cell


@pytest.mark.parametrize("amount", ["-1.50", "1200", "0.000001", "100.000000"])
def test_amounts_are_written_exactly(amount: str) -> None:
    """A spreadsheet reads the very amount, without an exponent."""
    cell = safe_cell(Decimal(amount))
    assert Decimal(cell) == Decimal(amount)
    assert "E" not in cell


@pytest.mark.parametrize("value", [None, np.nan, pd.NaT, pd.NA])
def test_what_is_missing_is_an_empty_cell(value: Any) -> None:
    """Neither nan nor None."""
    assert safe_cell(value) == ""


def test_a_list_is_a_csv_that_a_spreadsheet_reads(tmp_path: Path) -> None:
    """Beside the findings, with a byte-order mark, line breaks and quotes kept, formulas not."""
    frame = pd.DataFrame({"customer_id": ["a\nb", '=1+"2"'], "=evil": [Decimal("-1"), None]})
    lists.hand_on_list(str(tmp_path / "x" / "findings.json"), "ask_why", frame)
    raw = (tmp_path / "x" / "actions" / "ask_why.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert rows == [["customer_id", "'=evil"], ["a\nb", "-1"], ['\'=1+"2"', ""]]


def test_a_list_is_a_workbook_that_runs_nothing(tmp_path: Path) -> None:
    """Numbers and days as such, a formula as the text it is, control signs blank, too long a text said so;
    the same list makes the same file."""
    frame = pd.DataFrame(
        {
            "customer_id": ['=cmd|"calc"', "bell\a", "x" * 40_000],
            "mrr": [Decimal("12.50"), Decimal(3), None],
            "lost_on": [dt.date(2026, 3, 1), None, pd.NaT],
        }
    )
    books = []
    for place in ("one", "two"):
        lists.hand_on_list(str(tmp_path / place / "findings.json"), "ask_why", frame)
        books.append(tmp_path / place / "actions" / "ask_why.xlsx")
    sheet = openpyxl.load_workbook(books[0]).active
    assert sheet is not None
    assert [cell.data_type for cell in sheet["A"]] == ["s"] * 4
    assert [cell.value for cell in sheet["A"]][:3] == ["customer_id", '=cmd|"calc"', "bell "]
    assert str(sheet["A4"].value).endswith(workbooks.CUT)
    assert [cell.value for cell in sheet["B"]] == ["mrr", 12.5, 3, None]
    assert [cell.value for cell in sheet["C"]][1:] == [dt.datetime(2026, 3, 1), None, None]
    assert books[0].read_bytes() == books[1].read_bytes()


def test_no_list_is_written_outside_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Personal columns go nowhere while an owner explores."""
    monkeypatch.chdir(tmp_path)
    lists.hand_on_list("", "ask_why", pd.DataFrame({"customer_id": ["A"]}))
    assert list(tmp_path.iterdir()) == []


def test_a_list_has_names_and_mails_where_the_owner_brought_them(opened: Any) -> None:
    """Beside the id, in the list's order; who is in no row of customers has none."""
    spans = [(who, "2026-01-10", "", 10) for who in ("A", "B", "stranger")]
    customers = [
        {"customer_id": who, "signed_up_at": "2026-01-10", "name": f"N{who}", "email": f"{who}@x.org"}
        for who in "AB"
    ]
    frame = pd.DataFrame({"customer_id": ["stranger", "B", "A"], "mrr": [3, 2, 1]})
    with opened(spans, customers=customers) as business:
        found = lists.with_contact(business, frame)
        nobody = lists.with_contact(business, frame.head(0))
    assert found.columns[0] == "customer_id"
    assert set(found.columns) == {"customer_id", "name", "email", "mrr"}
    assert found["customer_id"].tolist() == ["stranger", "B", "A"]
    assert found["email"].fillna("").tolist() == ["", "B@x.org", "A@x.org"]
    assert nobody.empty
    with opened(spans) as business:
        assert lists.with_contact(business, frame).equals(frame)


def test_the_pages_of_the_sample_hold_no_name_and_no_mail(sample: Business) -> None:
    """The table of who was lost shows ids, whatever the owner's customers hold."""
    shown = table(measures.customers_lost(sample), "Lost", columns_of(measures.customers_lost))._repr_html_()
    customers = sample.table("customers").execute()
    personal = [column for column in ("name", "email") if column in customers.columns]
    assert [v for column in personal for v in customers[column].dropna() if str(v) in shown] == []


def test_a_column_may_be_shown_only_where_a_row_holds_something() -> None:
    """Neither missing nor 0; without rows its heading stays."""
    declared = {"left": COUNT, "paused": COUNT(is_shown=None), "reason": TEXT.or_null(is_shown=None)}
    rows = pd.DataFrame({"left": [0, 0], "paused": [0, 0], "reason": [None, None]})
    assert table(rows, "Months", declared).columns == ("Left",)
    assert table(rows.assign(paused=[0, 1]), "Months", declared).columns == ("Left", "Paused")
    assert table(rows.assign(reason=[None, "price"]), "Months", declared).columns == ("Left", "Reason")
    assert table(rows.head(0), "Months", declared).columns == ("Left", "Paused", "Reason")


SHARES = {"day": COUNT, "share": RATE(of=("lost", "in_all"))}


@pytest.mark.parametrize(
    ("declared", "rows", "is_told"),
    [
        (SHARES, {"day": [0, 8], "lost": [0, 0], "in_all": [0, 0]}, False),
        (SHARES, {"day": [0, 8], "lost": [0, 0], "in_all": [0, 5]}, True),
        ({"lost": COUNT, "unknown": COUNT.or_null}, {"lost": [0, 0], "unknown": [None, None]}, False),
        ({"lost": COUNT, "unknown": COUNT.or_null}, {"lost": [0, 1], "unknown": [None, None]}, True),
        ({"name": TEXT}, {"name": ["a", "b"]}, True),
    ],
)  # fmt: skip
def test_a_table_of_nobody_tells_nothing(declared: Any, rows: dict[str, list], is_told: bool) -> None:
    """Every rate of nobody; without rates, every count 0 or not known. A rate of 0 of 5 is something."""
    frame = pd.DataFrame(rows)
    shown = frame.assign(share=[None, None]) if "share" in declared else frame
    parts = dict.fromkeys(set(shown) - set(declared), Column(COUNT, is_shown=False))
    assert table(shown, "t", {**declared, **parts}).is_untold != is_told

"""A cell is read alike wherever it stands: in the gate, in a sheet, and by the one grammar of `written`."""

import csv
import datetime as dt
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Stopped
from retention_helpers.engine import connect, rows
from retention_helpers.gate.evidence import Evidence
from retention_helpers.gate.reading import read_table
from retention_helpers.sources import importing
from retention_helpers.sources.folder import Source
from retention_helpers.sources.prices import Asked, said_in
from retention_helpers.words import written

ZONE = "Europe/Berlin"

numbers = st.integers(0, 40).map(str) | st.sampled_from(["05", "1", "26", "2026", "1899", "2199", "2200"])
words = st.sampled_from(["Jan", "march", "März", "févr.", "Sept", "mai", "Foo", "JAN.", "3", "12"])
signs = st.sampled_from(["-", "/", ".", " ", ". ", ", ", "年", "月", " de ", "\u00a0", "T"])
clocks = st.sampled_from(
    ["", "", " 10:30", "T10:30:15", " 24:00", "T23:59:60", " 2:30 PM", ", 12:05 am", " 10:30:00.1234567",
     "T9:5", "\u202f2:30\u202fp.m.", " 10:30 Uhr", " 25:00", "T10:30:15.5"]
)  # fmt: skip
zones = st.sampled_from(
    ["", "", "Z", " UTC", " (UTC)", "+02:00", " +0200", "-05", "+15:00", " CET", " GMT", "+2"]
)
days = st.one_of(
    st.dates(dt.date(1880, 1, 1), dt.date(2230, 12, 31)).map(str),
    st.dates(dt.date(2019, 1, 1), dt.date(2030, 1, 1)).map(lambda day: f"{day:%d.%m.%Y}"),
    st.dates(dt.date(2019, 1, 1), dt.date(2030, 1, 1)).map(lambda day: f"{day.month}/{day.day}/{day:%y}"),
    st.builds("{}{}{}{}{}".format, numbers, signs, numbers | words, signs, numbers),
    st.builds("{}年{}月{}日".format, numbers, numbers, numbers),
    st.builds("{} {}, {}".format, words, numbers, numbers),
)
day_cells = st.builds("{}{}{}".format, days, clocks, zones) | st.text(max_size=12)

marks = st.sampled_from(["", "", "", ".", ",", " ", "'", "\u00a0", "\u202f", "’", "-", "€", "$"])
digits = st.tuples(marks, st.sampled_from(["1", "49", "200", "000", "1234", "5", "9999999", "0"]))
amounts = st.lists(digits, min_size=1, max_size=5).map(lambda parts: "".join(a + b for a, b in parts))
befores = st.sampled_from(["", "", "", "€", "$ ", "USD ", "-", "+", "kr ", "−", "¥"])
afters = st.sampled_from(
    ["", "", "", " €", " EUR", "/mo", " €/Jahr", " per month", ",-", "%", " x", " zł", "元/月", " p.a."]
)
money_cells = st.builds("{}{}{}".format, befores, amounts, afters) | st.text(max_size=8)

EACH = settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])


def kept_by_the_gate(
    columns: dict[str, Sequence[str | None]], table: str, picked: str, **choices: str
) -> list[tuple]:
    """What the gate keeps of a table of texts; as Parquet they are cut by no sign of theirs."""
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / f"{table}.parquet"
        texts = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
        pq.write_table(pa.table(texts), path)
        engine = connect(Path(home) / "spill", ZONE)
        try:
            evidence = Evidence(engine, Path(home), Settings(**choices), {})
            evidence.target = Path(home) / "kept"
            evidence.target.mkdir()
            read_table(evidence, Source(table, path, "parquet"))
            return rows(engine, f"SELECT {picked} FROM {evidence.of(table)} ORDER BY source_row")
        finally:
            engine.disconnect()


def as_kept(iso: str | None) -> dt.datetime | None:
    """An instant of the grammar as the gate keeps it: naive UTC."""
    if iso is None:
        return None
    read = dt.datetime.fromisoformat(iso)
    with_zone = read if read.tzinfo else read.replace(tzinfo=Settings(time_zone=ZONE).zone)
    return with_zone.astimezone(dt.UTC).replace(tzinfo=None)


def filled(cells: Sequence[str]) -> list[str]:
    """The cells that hold anything."""
    return [cell for cell in cells if written.bare(cell)]


@pytest.mark.parametrize("order", ["", *written.ORDERS])
@EACH
@given(cells=st.lists(day_cells, min_size=120, max_size=120, unique=True))
def test_the_gate_reads_days_by_the_grammar(order: str, cells: list[str]) -> None:
    """A law on thousands of cells: the same instant, or none and the text as it stands."""
    cells = filled(cells)
    columns = {"customer_id": [str(nth) for nth in range(len(cells))], "signed_up_at": cells}
    choices = {"date_order": order} if order else {}
    kept = kept_by_the_gate(columns, "customers", "signed_up_at, unread_signed_up_at IS NULL", **choices)
    read = [as_kept(written.instant(cell, order)) for cell in cells]
    assert [(cell, *pair) for cell, pair in zip(cells, kept, strict=True)] == [
        (cell, at, at is not None) for cell, at in zip(cells, read, strict=True)
    ]


@pytest.mark.parametrize("sign", ["", "point", "comma"])
@EACH
@given(cells=st.lists(money_cells, min_size=120, max_size=120, unique=True))
def test_the_gate_reads_amounts_by_the_grammar(sign: str, cells: list[str]) -> None:
    """A law on thousands of cells: the same amount, currency and interval, or none and the text."""
    cells = filled(cells)
    spans = {
        "customer_id": [str(nth) for nth in range(len(cells))],
        "started_at": ["2026-01-05"] * len(cells),
        "ended_at": [None] * len(cells),
        "mrr": cells,
    }
    choices = {"decimal_sign": sign} if sign else {}
    kept = kept_by_the_gate(spans, "subscriptions", "mrr, currency, interval, unread_mrr IS NULL", **choices)
    shown = written.SIGNS[sign] if sign else written.decimal_sign_of(cells)
    said = [said_in(cell, None, None, Asked(shown)) for cell in cells]
    for cell, row, one in zip(cells, kept, said, strict=True):
        assert (cell, *row) == (cell, one.amount, one.currency, one.interval, one.amount is not None)


PLAIN = st.sampled_from(
    [
        "49",
        "49.90",
        "€49",
        "1.200",
        "1,234.50",
        "1.049,90 €/Jahr",
        "USD 20",
        "x",
        "12.1250",
        "-5",
        "¥4900",
        "0,5",
        "4,900 円",
        "$49 USD",
    ]
)


@EACH
@given(amounts=st.lists(PLAIN, min_size=1, max_size=6), days=st.lists(day_cells, min_size=6, max_size=6))
def test_a_folder_and_a_sheet_read_one_file_alike(amounts: list[str], days: list[str]) -> None:
    """As a table of the folder, and through `import spreadsheet`: the same rows, or both decline."""
    header = ["customer_id", "started_at", "ended_at", "mrr"]
    lines = [[f"C-{nth}", day, "", mrr] for nth, (mrr, day) in enumerate(zip(amounts, days, strict=False))]
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "subscriptions.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *lines])
        assert of_the_folder(path, Path(home)) == of_the_sheet(path, Path(home))


PICKED = "customer_id, started_at, mrr, currency, interval"


def read_as(path: Path, home: Path, origin: str = "") -> list[tuple] | None:
    """The rows that the gate keeps; None where a day or an amount is left unread."""
    engine = connect(home / "spill", ZONE)
    try:
        evidence = Evidence(engine, Path(tempfile.mkdtemp(dir=home)), Settings(), {})
        read_table(evidence, Source("subscriptions", path, "csv"))
        stops = {fault.rule for fault in evidence.faults if fault.level == "stop"}
        if any(rule.endswith(("unreadable", "empty")) or rule == "unreadable file" for rule in stops):
            return None
        return rows(engine, f"SELECT {PICKED} FROM {evidence.of('subscriptions')} ORDER BY source_row")
    finally:
        engine.disconnect()


def of_the_folder(path: Path, home: Path) -> list[tuple] | None:
    return read_as(path, home)


def of_the_sheet(path: Path, home: Path) -> list[tuple] | None:
    try:
        importing.import_files("spreadsheet", [path], home / "out", Settings())
    except Stopped:
        return None
    return read_as(home / "out" / "subscriptions.csv", home)


SAME = [
    ("5 March 2025", "2025-03-05"), ("2026-01-05 10:30:00 UTC", "2026-01-05T10:30:00Z"),
    ("5-Jan-26", "2026-01-05"), ("2026-03-05T24:00", "2026-03-06T00:00:00"), ("31/12/1899", None),
    ("5. März 2026", "2026-03-05"),
    ("5 de marzo de 2026", "2026-03-05"), ("2026年3月5日", "2026-03-05"), ("2026. 3. 5.", "2026-03-05"),
    ("1er janvier 2026", "2026-01-01"), ("Mar 5, 2026 2:30 PM", "2026-03-05T14:30:00"),
    ("2026-03-05 10:30:00+00", "2026-03-05T10:30:00+00:00"), ("2026-03-05T24:01", None),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "iso"), SAME)
def test_days_that_two_readers_read_in_two_ways(cell: str, iso: str | None) -> None:
    columns = {"customer_id": ["C-1"], "signed_up_at": [cell]}
    assert written.instant(cell) == iso
    assert kept_by_the_gate(columns, "customers", "signed_up_at") == [(as_kept(iso),)]


def test_amounts_of_several_currencies_are_no_sum() -> None:
    cells = ["€49", "$49", "¥4900", "USD 20", "1.099,00 €/Jahr", "49 kr per month"]
    spans = {
        "customer_id": list("abcdef"),
        "started_at": ["2026-01-05"] * 6,
        "ended_at": [None] * 6,
        "mrr": cells,
    }
    assert kept_by_the_gate(spans, "subscriptions", "mrr, currency, interval") == [
        (Decimal(49), "EUR", None), (Decimal(49), "$", None), (Decimal(4900), "¥", None),
        (Decimal(20), "USD", None), (Decimal("91.583333"), "EUR", "year"), (Decimal(49), "kr", "month"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "currencies", "choices", "read"),
    [
        (["4,900", "980"], ["JPY", "JPY"], {}, [4900, 980]),  # yen have no decimals
        (["4,900", "980"], [None, None], {"currency": "JPY"}, [4900, 980]),
        (["¥4,900", "49.000원"], [None, None], {"currency": "JPY"}, [4900, 49000]),
        (["¥4,900"], [None], {}, [None]),  # yuan have
        (["4,900"], ["EUR"], {}, [None]),
        (["4,900", "408.33"], ["JPY", "JPY"], {}, [4900, Decimal("408.33")]),  # a year's price divided
        (["$49 USD", "49 CAD"], ["USD", None], {}, [49, 49]),
        (["€49 USD"], [None], {}, [None]),
        (["₹1,23,456.50", "1,00,000"], [None, None], {}, [Decimal("123456.5"), 100000]),  # a lakh
        (["499,00 kr/mån", "49 USD/mo."], [None, None], {}, [499, 49]),
    ],
)
def test_thousands_and_signs_by_the_currency(
    cells: list[str], currencies: list[str | None], choices: dict[str, str], read: list[object]
) -> None:
    spans = {
        "customer_id": [str(nth) for nth in range(len(cells))],
        "started_at": ["2026-01-05"] * len(cells),
        "ended_at": [None] * len(cells),
        "mrr": cells,
        "currency": currencies,
    }
    assert [mrr for (mrr,) in kept_by_the_gate(spans, "subscriptions", "mrr", **choices)] == read


def test_the_currency_with_which_a_workbook_shows_a_number(tmp_path: Path) -> None:
    """$49 and 49 € are the same number in two formats, and no sum of one currency."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "subscriptions"
    sheet.append(["customer_id", "started_at", "ended_at", "mrr"])
    formats = ['"$"#,##0.00', '#,##0.00\\ "€"', "[$EUR] 0.00", "0.00"]
    for nth, shown in enumerate(formats, start=2):
        sheet.append([f"C-{nth}", dt.date(2026, 1, 5), None, 49.125])
        sheet.cell(nth, 4).number_format = shown
    path = tmp_path / "subscriptions.xlsx"
    book.save(path)
    expected = [(Decimal("49.125"), currency) for currency in ("$", "EUR", "EUR", None)]
    importing.import_files("spreadsheet", [path], tmp_path / "out", Settings())
    for source in (
        Source("subscriptions", path, "xlsx"),
        Source("subscriptions", tmp_path / "out" / "subscriptions.csv", "csv", is_verbatim=False),
    ):
        engine = connect(tmp_path / "spill", ZONE)
        try:
            evidence = Evidence(engine, Path(tempfile.mkdtemp(dir=tmp_path)), Settings(), {})
            read_table(evidence, source)
            query = f"SELECT mrr, currency FROM {evidence.of('subscriptions')} ORDER BY source_row"
            assert rows(engine, query) == expected
        finally:
            engine.disconnect()

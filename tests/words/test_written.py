"""Days and amounts as people write them: what can be read, and what is asked."""

import datetime as dt
from decimal import Decimal

import pytest

from retention_helpers.words import written

DAYS = [
    ("2026-03-05", "", "2026-03-05"),
    ("2026-03-05 10:30", "", "2026-03-05T10:30:00"),
    ("2026-03-05T10:30:15Z", "", "2026-03-05T10:30:15Z"),
    ("2026-03-05 10:30:00 UTC", "", "2026-03-05T10:30:00Z"),
    ("2026-03-05 10:30 (UTC)", "", "2026-03-05T10:30:00Z"),
    ("2026-03-05T10:30+02:00", "", "2026-03-05T10:30:00+02:00"),
    ("2026/3/5", "", "2026-03-05"),
    ("2026.03.05", "", "2026-03-05"),
    ("5 March 2026", "", "2026-03-05"),
    ("5. Mar 2026", "", "2026-03-05"),
    ("05-Mar-2026", "", "2026-03-05"),
    ("March 5, 2026", "", "2026-03-05"),
    ("Mar 5th 2026 2:30 PM", "", "2026-03-05T14:30:00"),
    ("05/03/2026", "day first", "2026-03-05"),
    ("05/03/2026", "month first", "2026-05-03"),
    ("5.3.26", "day first", "2026-03-05"),
    ("05. 03. 2026", "day first", "2026-03-05"),
    ("3/15/2024 2:30 PM", "month first", "2024-03-15T14:30:00"),
    ("3/15/2024 12:05 am", "month first", "2024-03-15T00:05:00"),
    ("31.12.2025, 23:59", "day first", "2025-12-31T23:59:00"),
]
NO_DAYS = [
    ("05/03/2026", ""), ("5.3.26", ""), ("13/03/2026", ""), ("05/03/2026", "year first"),
    ("31.02.2026", "day first"), ("3/15/2024", "day first"), ("5 Märchen 2026", ""), ("March 2026", ""),
    ("soon", "day first"), ("", ""), ("5/3-2026", "day first"), ("2026-03-05 25:00", ""),
    ("5/3/2026 14:30 PM", "day first"), ("46086", ""),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "order", "iso"), DAYS)
def test_days_that_can_be_read(cell, order, iso):
    assert written.instant(cell, order) == iso


@pytest.mark.parametrize(("cell", "order"), NO_DAYS)
def test_days_that_cannot_be_read_for_certain(cell, order):
    assert written.instant(cell, order) is None


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["05/03/2026", "13/03/2026"], "day first"),
        (["05/03/2026", "03/13/2026"], "month first"),
        (["05/03/2026", "06/04/2026"], ""),
        (["13/03/2026", "03/13/2026"], ""),  # they contradict each other
        (["2026-03-13", None, "x"], ""),
    ],
)
def test_the_order_that_texts_prove(cells, order):
    assert written.order_shown_by(cells) == order


@pytest.mark.parametrize(
    ("number", "epoch", "day"),
    [
        # Microsoft: 1 January 2008 is day 39448 of the 1900 system and 37986 of the 1904 one.
        (39448, dt.datetime(1899, 12, 30), dt.date(2008, 1, 1)),
        (37986, dt.datetime(1904, 1, 1), dt.date(2008, 1, 1)),
        (39448.75, dt.datetime(1899, 12, 30), dt.datetime(2008, 1, 1, 18)),
        (49, dt.datetime(1899, 12, 30), None),
        (1772700000, dt.datetime(1899, 12, 30), None),
    ],
)
def test_serial_days(number, epoch, day):
    """Source of the two: learn.microsoft.com, "Date systems in Excel"."""
    assert written.serial_day(number, epoch=epoch) == day


AMOUNTS = [
    ("49", "", "49"), ("49.90", "", "49.90"), ("49,90", "", "49.90"), ("1.234,50", "", "1234.50"),
    ("1,234.50", "", "1234.50"), ("1 234,50", "", "1234.50"), ("1'234.50", "", "1234.50"),
    ("€ 49.90", "", "49.90"), ("49,90 €", "", "49.90"), ("USD 1,234.50", "", "1234.50"), ("-5", "", "-5"),
    ("1,234", ".", "1234"), ("1,234", ",", "1.234"), ("1.234", ",", "1234"), ("1.234", ".", "1.234"),
    ("1,234,567", "", "1234567"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "sign", "amount"), AMOUNTS)
def test_amounts_that_can_be_read(cell, sign, amount):
    assert written.amount(cell, sign) == Decimal(amount)


@pytest.mark.parametrize("cell", ["1,234", "1.234", "free", "", "1,23,4", "12.34.56", "49 per month", "5%"])
def test_amounts_that_cannot_be_read_for_certain(cell):
    assert written.amount(cell) is None


@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        (["49,90", "1.234"], ","),
        (["49.90", "1,234"], "."),
        (["1,234", "2,500"], ""),
        (["49,90", "49.90"], ""),
        (["1.234,50"], ","),
        (["49", None, "x"], ""),
    ],
)
def test_the_decimal_sign_that_a_column_shows(cells, sign):
    assert written.decimal_sign_of(cells) == sign

"""How numbers are written, and the arithmetic of calendar months."""

import calendar as standard
import datetime as dt
import itertools
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_helpers.words import calendar, formats
from retention_helpers.words.errors import InputError

DAYS = st.dates(dt.date(1950, 1, 1), dt.date(2080, 12, 31))
STEPS = st.integers(-400, 400)


@given(DAYS, STEPS)
def test_the_same_day_of_another_month(day, months):
    """The month number counts on, and the day is the same, or the last one where there is none such."""
    other = calendar.months_after(day, months)
    assert other.year * 12 + other.month == day.year * 12 + day.month + months
    assert other.day == min(day.day, standard.monthrange(other.year, other.month)[1])


@given(DAYS, STEPS)
def test_months_between_undoes_months_after(day, months):
    assert calendar.months_between(day, calendar.months_after(day, months)) == months


@given(DAYS, st.integers(0, 60))
def test_month_starts_are_every_first_day(day, months):
    starts = calendar.month_starts(day, calendar.months_after(day, months))
    assert len(starts) == months + 1
    assert {start.day for start in starts} == {1}
    assert [(b - a).days for a, b in itertools.pairwise(starts)] == [
        standard.monthrange(start.year, start.month)[1] for start in starts[:-1]
    ]


def test_no_month_starts_in_a_span_that_runs_backwards():
    assert calendar.month_starts(dt.date(2026, 3, 1), dt.date(2026, 2, 28)) == []


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("2026-13", "2026-10"),
        ("2026-00", "2026-10"),
        ("2026-1", "2026-01"),
        ("3/2026", "2026-03"),
        ("2026-10-01", "2026-10"),
        ("26-10", "2026-10"),
        ("Oktober", "2026-10"),
        ("2026", "2026-10"),
        (" 2026-10", "2026-10"),
        ("2026-10\n", "2026-10"),
        ("２０２６-１０", "2026-10"),
        ("2126-10", "2026-10"),
    ],
)
def test_what_is_no_month(word, hint):
    with pytest.raises(InputError) as wrong:
        calendar.first_of(word)
    assert str(wrong.value) == f"{word!r} is not a month. Write it as YYYY-MM, such as {hint}."


@given(DAYS.filter(lambda day: day.year >= 1950))
def test_a_month_is_written_and_read(day):
    assert calendar.first_of(formats.iso_month(day)) == day.replace(day=1)


MISSING = [None, float("nan"), pd.NA, pd.NaT, Decimal("NaN")]
WRITERS = [formats.count, formats.percent, formats.points, formats.money, formats.number, formats.day,
           formats.month, formats.short_month]  # fmt: skip


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
@pytest.mark.parametrize("value", MISSING, ids=repr)
def test_a_missing_number_is_a_dash(write, value):
    assert write(value) == "–"


def test_an_interval_with_an_end_missing_is_a_dash_and_a_rate_stands_without_one():
    assert formats.interval(None, 0.1) == formats.interval(0.1, float("nan")) == "–"
    assert formats.rate(None, 0.1, 0.2) == "–"
    assert formats.rate(0.05, None, None) == "5.0 %"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (formats.count(0), "0"),
        (formats.count(1234567), "1,234,567"),
        (formats.percent(0), "0.0 %"),
        (formats.percent(1), "100.0 %"),
        (formats.percent(0.12345, 2), "12.35 %"),
        (formats.points(0.004), "+0.4"),
        (formats.points(-0.004), "−0.4"),
        (formats.points(0.0004), "±0.0"),
        (formats.points(-0.0004), "±0.0"),
        (formats.interval(0, 1), "0.0–100.0 %"),
        (formats.money(0), "0"),
        (formats.money(Decimal("-1240.5"), "EUR"), "−EUR 1,240.50"),
        (formats.money(Decimal("-0.001")), "0"),
        (formats.money(Decimal("0.005")), "0"),
        (formats.money(49.9, "USD"), "USD 49.90"),
        (formats.money(1e6), "1,000,000"),
        (formats.number(1234.5678, 1), "1,234.6"),
        (formats.day(dt.date(2026, 3, 5)), "5 March 2026"),
        (formats.day("2026-03-05"), "5 March 2026"),
        (formats.month(dt.date(2026, 3, 31)), "March 2026"),
        (formats.short_month("2026-12"), "Dec 2026"),
        (formats.iso_month(dt.date(2026, 3, 31)), "2026-03"),
        (formats.plural(0, "customer"), "0 customers"),
        (formats.plural(1, "customer"), "1 customer"),
        (formats.plural(1200, "loss", "losses"), "1,200 losses"),
        (formats.label("mrr_at_end"), "MRR at end"),
        (formats.label("lost_mrr"), "Lost MRR"),
    ],
)
def test_how_numbers_are_written(written, text):
    assert written == text


@given(st.floats(-1, 1, allow_nan=False))
def test_points_never_show_a_sign_beside_nought(value):
    written = formats.points(value)
    assert (written[0] == "±") == (written[1:] == "0.0")


@given(st.decimals(-(10**9), 10**9, places=6))
def test_money_is_right_to_the_cent(amount):
    shown = Decimal(formats.money(amount).replace(",", "").replace("−", "-"))
    assert abs(shown - amount) <= Decimal("0.005")

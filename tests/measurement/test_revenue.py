"""Revenue cohorts and currencies: by hand, and adding up to the month."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from retention_helpers.business import Business, months
from retention_helpers.measurement import measures, revenue
from retention_helpers.measurement.said import revenue as said_revenue


@pytest.fixture(scope="module")
def march(business_of: Callable[..., Business]) -> Business:
    """
                 December |January        |February       |March          |
    old          ==100====|===============|===============|===============  cohort December
    grows                 |   ==40========|===============|60=============  cohort January: 40, then 60
    shrinks               |   ==40========|20=============|===============
    leaves                |   ==20========|=====          |
    returns               |   ==10========|=====          |      ==10=====
    pauses                |   ==30========|===============|(paused)=======
    starts_free           |   (comped)====|==50===========|===============  base 0
    in_and_out            |   == 70 |     |               |                 base 0, of the cohort

    The base of January is 40 + 40 + 20 + 10 + 30 = 140.
    """
    return business_of(
        [
            ("old", "2025-12-05", "", 100),
            ("grows", "2026-01-10", "2026-03-05", 40),
            ("grows", "2026-03-05", "", 60),
            ("shrinks", "2026-01-10", "2026-02-05", 40),
            ("shrinks", "2026-02-05", "", 20),
            ("leaves", "2026-01-10", "2026-02-15", 20),
            ("returns", "2026-01-10", "2026-02-15", 10),
            ("returns", "2026-03-20", "", 10),
            ("pauses", "2026-01-10", "2026-03-01", 30),
            ("pauses", "2026-03-01", "", "", "paused"),
            ("starts_free", "2026-01-10", "2026-02-10", "", "comped"),
            ("starts_free", "2026-02-10", "", 50),
            ("in_and_out", "2026-01-10", "2026-01-20", 70),
        ]
    )


def test_revenue_cohorts_by_hand(march: Business) -> None:
    """January after one month: 40 + 20 + 30 + 50 net, without the 50 gross; after two: 60, 20, 10, 50."""
    cells = revenue.revenue_cohorts(march)
    own = cells[cells["cohort"] == pd.Timestamp("2026-01-01")]
    assert own["k"].tolist() == [1, 2]
    assert own["size"].tolist() == [7, 7]
    assert own["mrr_at_base"].tolist() == [Decimal(140)] * 2
    assert own["mrr"].tolist() == [Decimal(140), Decimal(140)]
    assert own["mrr_kept"].tolist() == [Decimal(90), Decimal(70)]
    assert own["net_revenue_retention"].tolist() == pytest.approx([1.0, 1.0])
    assert own["gross_revenue_retention"].tolist() == pytest.approx([90 / 140, 70 / 140])


def test_cohorts_together_by_hand(march: Business) -> None:
    """One month on: December 100 of 100 and January; two months on the same; three months on December."""
    ages = revenue.revenue_by_age(march)
    assert ages["k"].tolist() == [1, 2, 3]
    assert ages["cohorts"].tolist() == [2, 2, 1]
    assert ages["mrr_at_base"].tolist() == [Decimal(240), Decimal(240), Decimal(100)]
    assert ages["mrr_kept"].tolist() == [Decimal(190), Decimal(170), Decimal(100)]
    said = said_revenue.revenue_cohorts(ages).text
    assert said.startswith("After 3 months, the one cohort that has come so far pays 100.0 %")


def test_the_cells_of_a_month_add_up_to_its_mrr(sample: Business) -> None:
    """With the base of the month's own cohort; to the last of six decimals."""
    cells = revenue.revenue_cohorts(sample)
    mrr = measures.mrr_movement(sample).set_index("month")["mrr_at_end"]
    bases = cells.groupby("cohort")["mrr_at_base"].first()
    for month, own in cells.groupby("month"):
        newest = bases.get(month)
        if newest is not None:
            assert sum(own["mrr"], newest) == mrr[month]


def test_every_cell_of_the_sample_is_what_its_customers_pay(sample: Business) -> None:
    """Against a loop over customers: base, net and gross."""
    rows = months.kept_customer_months(sample).select("customer_id", "month", "mrr_at_end").execute()
    firsts = months.first_days(sample).select("customer_id", "cohort").execute()
    paid: dict[str, dict[pd.Timestamp, Decimal]] = {}
    for row in rows.itertuples():
        paid.setdefault(row.customer_id, {})[pd.Timestamp(row.month)] = row.mrr_at_end
    members: dict[pd.Timestamp, list[str]] = {}
    for row in firsts.itertuples():
        members.setdefault(pd.Timestamp(row.cohort), []).append(row.customer_id)
    zero = Decimal(0)
    for cell in revenue.revenue_cohorts(sample).itertuples():
        pairs = [
            (paid[one].get(cell.cohort, zero), paid[one].get(cell.month, zero))
            for one in members[cell.cohort]
        ]
        assert cell.size == len(pairs)
        assert cell.mrr_at_base == sum(base for base, _ in pairs)
        assert cell.mrr == sum(now for _, now in pairs)
        assert cell.mrr_kept == sum(min(pair) for pair in pairs)


def test_a_first_month_has_no_cell(opened: Any) -> None:
    """And says so."""
    with opened([("A", "2026-03-05", "", 10)]) as business:
        assert revenue.revenue_cohorts(business).empty
        ages = revenue.revenue_by_age(business)
    assert said_revenue.revenue_cohorts(ages).text == "No cohort with MRR has a month behind it yet."


def test_a_cohort_that_paid_nothing_has_no_share(opened: Any) -> None:
    """A free time from the first day to the last."""
    with opened([("A", "2026-01-05", "", "", "comped")]) as business:
        cells = revenue.revenue_cohorts(business)
        ages = revenue.revenue_by_age(business)
    assert cells["mrr_at_base"].tolist() == [Decimal(0)] * 2
    assert cells["net_revenue_retention"].isna().all()
    assert "yet" in said_revenue.revenue_cohorts(ages).text


def test_where_nobody_pays_more_nothing_is_the_rest(opened: Any) -> None:
    """Two of three stay at their price: net and gross are the same share of the first MRR."""
    spans = [("A", "2026-01-05", "", 10), ("B", "2026-01-05", "", 10), ("C", "2026-01-05", "2026-02-05", 10)]
    with opened(spans) as business:
        said = said_revenue.revenue_cohorts(revenue.revenue_by_age(business)).text
    assert said.startswith("After 2 months, the one cohort that has come so far pays 66.7 %")
    assert "nobody pays more than at first: gross it is 66.7 %" in said


# --- currencies ------------------------------------------------------------------------------------


def test_foreign_currencies_by_month(opened: Any) -> None:
    """Ten dollars at 0.92 from January, twenty from March; euros are the report's own."""
    spans = [
        ("A", "2026-01-05", "2026-03-05", 10, "active", "", "", "USD"),
        ("A", "2026-03-05", "", 20, "active", "", "", "usd"),
        ("B", "2026-01-05", "", 50, "active", "", "", "EUR"),
        ("C", "2026-02-05", "", 1000, "active", "", "", "JPY"),
    ]
    rates = {"USD": 0.92, "JPY": 0.0061, "CHF": 1.05}
    with opened(spans, settings={"currency": "EUR", "exchange_rates": rates}) as business:
        found = revenue.mrr_by_currency(business)
        used = revenue.exchange_rates(business)
    assert found[["currency", "mrr_at_end"]].values.tolist() == [
        ["USD", Decimal("9.2")],
        ["JPY", Decimal("6.1")],
        ["USD", Decimal("9.2")],
        ["JPY", Decimal("6.1")],
        ["USD", Decimal("18.4")],
    ]
    assert used == {"JPY": Decimal("0.0061"), "USD": Decimal("0.92")}


def test_one_currency_has_no_rates(opened: Any) -> None:
    """Named or not."""
    for spans in ([("A", "2026-01-05", "", 10)], [("A", "2026-01-05", "", 10, "active", "", "", "USD")]):
        with opened(spans) as business:
            assert revenue.exchange_rates(business) == {}
            assert revenue.mrr_by_currency(business).empty

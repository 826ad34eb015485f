"""Who buys again, against slow loops over a generated shop, by hand, and by laws.

The shop is drawn, with orders of nothing, several orders a day and several rows an order, so that what is no
purchase of its own is seen.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import write_folder

from retention_helpers import measurement, repeat_purchase
from retention_helpers.business import Business, open_business
from retention_helpers.business.purchases import kept_purchases
from retention_helpers.data_quality import quality
from retention_helpers.measurement import channels, days_of_loss, measures
from retention_helpers.measurement.said import month
from retention_helpers.repeat_purchase import expected, overdue, repeating, rewards, rhythm
from retention_helpers.repeat_purchase.gaps import gaps, known_at
from retention_helpers.repeat_purchase.said import silence

END = dt.date(2026, 3, 31)
DAYS = 700


def drawn(customers: int = 220, seed: int = 11) -> list[tuple[str, str, object, str, str]]:
    """Orders of a shop whose customers have paces of their own and stop at some time."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, object, str, str]] = []
    for nth in range(customers):
        day, pace = int(rng.integers(0, DAYS)), rng.gamma(2.0, 30.0)
        while day < DAYS + 60:  # some lie after the cut
            on = END - dt.timedelta(days=DAYS - 1 - day)
            number = f"O-{len(rows)}"
            amount = 0 if rng.random() < 0.05 else round(float(rng.gamma(4, 10)) + 1, 2)
            rows.append((f"B-{nth}", f"{on}T09:00", amount, number, "web"))
            if rng.random() < 0.15:  # a second order of the day, and a second row of an order
                rows.append((f"B-{nth}", f"{on}T18:00", 5, f"{number}b", "web"))
                rows.append((f"B-{nth}", f"{on}T18:00", 7, f"{number}b", "web"))
            if rng.random() < 0.3:
                break
            day += max(1, round(rng.exponential(pace)))
    return rows


@pytest.fixture(scope="module")
def shop(business_of: Callable[..., Business]) -> Business:
    return business_of(None, orders=drawn(), settings={"currency": "EUR"})


@pytest.fixture(scope="module")
def bought() -> dict[str, dict[dt.date, Decimal]]:
    """What everybody bought by day, up to the cut, by a loop over the rows."""
    found: dict[str, dict[dt.date, Decimal]] = {}
    for who, at, amount, *_ in drawn():
        day = dt.date.fromisoformat(at[:10])
        if day <= END and Decimal(str(amount)) > 0:
            own = found.setdefault(who, {})
            own[day] = own.get(day, Decimal(0)) + Decimal(str(amount))
    return found


def test_a_purchase_is_the_orders_of_a_day(shop: Business, bought: dict) -> None:
    rows = kept_purchases(shop).execute()
    found = {(row.customer_id, row.bought_on.date()): row.amount for row in rows.itertuples()}
    assert found == {(who, day): amount for who, own in bought.items() for day, amount in own.items()}
    assert all(
        list(own.sort_values("bought_on")["nth"]) == list(range(1, len(own) + 1))
        for _, own in rows.groupby("customer_id")
    )


def test_the_repeat_rate_by_a_loop(shop: Business, bought: dict) -> None:
    ripe = again = 0
    for own in bought.values():
        days = sorted(own)
        if (END - days[0]).days >= 90:
            ripe += 1
            again += len(days) > 1 and (days[1] - days[0]).days <= 90
    found = repeating.repeat_rate(shop)
    assert (found.numerator, found.denominator) == (again, ripe)


def test_every_cohort_and_day_by_a_loop(shop: Business, bought: dict) -> None:
    cells = repeating.by_cohort(shop)
    assert len(cells) > 100
    for cell in cells.itertuples():
        own = [sorted(days) for days in bought.values()]
        cohort = [
            days for days in own if (days[0].year, days[0].month) == (cell.cohort.year, cell.cohort.month)
        ]
        ripe = [days for days in cohort if (END - days[0]).days >= cell.days]
        again = [days for days in ripe if len(days) > 1 and (days[1] - days[0]).days <= cell.days]
        assert (cell.size, cell.followed, cell.repeated) == (len(cohort), len(ripe), len(again))
        assert cell.final == (len(ripe) == len(cohort))


def test_the_curve_by_a_loop(shop: Business, bought: dict) -> None:
    """Kaplan and Meier day by day: who is followed and has not come yet, and who comes."""
    told = repeating.repeat_rates(shop).set_index(["step", "days"])["share"]
    for step, nth in (("first to second", 0), ("second to third", 1)):
        waits = [
            ((days[nth + 1] - days[nth]).days, True)
            if len(days) > nth + 1
            else ((END - days[nth]).days, False)
            for days in map(sorted, bought.values())
            if len(days) > nth
        ]
        there = 1.0
        for day in range(91):
            at_risk = sum(wait >= day for wait, _ in waits)
            came = sum(wait == day and is_back for wait, is_back in waits)
            there *= 1 - came / at_risk
        assert told[step, 90] == pytest.approx(1 - there)


def test_later_orders_change_no_past(shop: Business, bought: dict) -> None:
    """What was known at the end of an earlier day is what a shop with the orders up to it alone knows."""
    early = dt.date(2025, 12, 31)
    seen = known_at(gaps(shop), early)
    for who, own in seen.groupby("customer_id"):
        days = [day for day in sorted(bought[who]) if day <= early]
        waits = [(after - day).days for day, after in pairwise(days)] + [(early - days[-1]).days]
        assert list(own["days"]) == waits
        assert list(own["again"]) == [True] * (len(days) - 1) + [False]


def test_a_report_does_not_change_when_more_orders_come(tmp_path: Path) -> None:
    rows = drawn(120, seed=5)
    short = [row for row in rows if row[1][:10] <= "2026-02-28"]
    found = []
    for name, orders in (("whole", rows), ("short", short)):
        folder = write_folder(tmp_path / name, None, orders=orders)
        business = open_business(folder, "2026-02", cache=tmp_path / "cache")
        moved = measures.customer_movement(business)
        found.append((moved, repeating.by_cohort(business), overdue.overdue(business)))
        business.close()
    for whole, alone in zip(*found, strict=True):
        pd.testing.assert_frame_equal(whole, alone)


def test_a_buyer_is_a_customer_for_so_many_days(business_of: Callable[..., Business]) -> None:
    """90 days. A bought on 1 October (a customer up to 29 December), B on the 1st and again on the last day,
    30 December, so without a break up to 29 March; C on 1 October and, a day too late, on 31 December.
    """
    shop = business_of(
        None,
        orders=[
            ("A", "2025-10-01", 30), ("B", "2025-10-01", 30), ("B", "2025-12-30", 60),
            ("C", "2025-10-01", 30), ("C", "2025-12-31", 30),
        ],
    )  # fmt: skip
    moved = measures.customer_movement(shop).set_index("month")
    told = {f"{month:%Y-%m}": row for month, row in moved.iterrows()}
    assert (told["2025-10"]["new"], told["2025-11"]["customers_at_end"]) == (3, 3)
    assert (told["2025-12"]["lost"], told["2025-12"]["customers_at_end"]) == (1, 2)
    assert (told["2026-03"]["lost"], told["2026-03"]["customers_at_end"]) == (2, 0)
    mrr = measures.mrr_movement(shop).set_index("month")["mrr_at_end"]
    assert mrr[pd.Timestamp("2025-11-01")] == Decimal("30")
    assert mrr[pd.Timestamp("2026-01-01")] == Decimal("30")
    assert told["2025-12"]["left_and_returned"] == 1  # C, a day too late


def test_the_identities_hold_of_buyers(shop: Business) -> None:
    moved = measures.customer_movement(shop)
    ends = moved["customers_at_start"] + moved["new"] + moved["reactivated"] - moved["lost"]
    assert (ends == moved["customers_at_end"]).all()
    mrr = measures.mrr_movement(shop)
    gained = mrr[["new", "reactivated", "expansion", "resumed"]].sum(axis=1)
    given = mrr[["contraction", "paused", "churned"]].sum(axis=1)
    assert (mrr["mrr_at_start"] + gained - given == mrr["mrr_at_end"]).all()


def test_all_who_bought_stand_somewhere(shop: Business, bought: dict) -> None:
    """The parts sum to the whole: customers, what they spent, and what is expected."""
    rows = expected.standing(shop)
    assert rows["customers"].sum() == len(bought)
    spent = sum(sum(own.values()) for own in bought.values())
    assert rows["spent"].sum() == pytest.approx(float(spent))
    assert rows["expected"].sum() == pytest.approx(expected.ahead(shop, expected.tests(shop)).purchases)


def people(**days: list[int]) -> pd.DataFrame:
    """Customers who bought on these days, as the table of all purchases has them, seen to day 200."""
    rows = []
    for who, on in days.items():
        for nth, day in enumerate(on):
            after = on[nth + 1] if nth + 1 < len(on) else 200
            rows.append((who, nth + 1, pd.Timestamp("2026-01-01") + pd.Timedelta(days=day), 10.0, after - day,
                         nth + 1 < len(on)))  # fmt: skip
    return pd.DataFrame(rows, columns=["customer_id", "nth", "bought_on", "amount", "days", "again"])


def test_the_usual_gap_by_hand() -> None:
    """All gaps: 10, 10, 10, 40; their median is 10. A: (30 + 2 × 10) / (3 + 2) = 10; B: (40 + 20) / 3 = 20;
    C, who bought once: 10. On day 60 A has been silent for 30 days, three times the usual gap; B for 20, C
    for 15.
    """
    table = people(A=[0, 10, 20, 30], B=[0, 40], C=[45])
    found = rhythm.people_at(table, dt.date(2026, 3, 2)).set_index("customer_id")
    assert list(found["usual"]) == [10, 20, 10]
    assert list(found["silent"]) == [30, 20, 15]
    assert list(found["state"]) == ["overdue", "on time", "late"]


def test_the_own_rhythm_is_seen_where_it_is_true() -> None:
    """Half come every 10 days and half every 80, and everybody stops at some time: one number of days calls
    the slow ones lapsed, which the own rhythm does not.
    """
    rng = np.random.default_rng(2)
    rows = []
    for nth in range(400):
        pace, day = (10 if nth % 2 else 80), int(rng.integers(0, 300))
        while day < 800 and rng.random() > (0.02 if nth % 2 else 0.1):
            rows.append((f"B-{nth}", day))
            day += max(1, round(rng.normal(pace, pace / 10)))
    days = pd.DataFrame(rows, columns=["customer_id", "day"])
    after = days.groupby("customer_id")["day"].shift(-1)
    table = days.assign(
        nth=days.groupby("customer_id").cumcount() + 1,
        bought_on=pd.Timestamp("2024-01-01") + pd.to_timedelta(days["day"], unit="D"),
        amount=10.0, days=(after.fillna(800) - days["day"]).astype(int), again=after.notna(),
    )  # fmt: skip
    tested = rhythm._back_test(table, dt.date(2024, 1, 1) + dt.timedelta(days=800))
    assert tested.verdict == "own rhythm is better"
    own, fixed = tested.rules.itertuples()
    assert own.called == fixed.called
    assert own.share > fixed.share


def test_who_is_written_to_became_overdue_in_the_month(shop: Business) -> None:
    """Everybody once a silence: overdue at the end of the month, and not at its start."""
    found = overdue.overdue(shop)
    now, before = (
        rhythm.people_at(gaps(shop), end).set_index("customer_id") for end in (END, dt.date(2026, 2, 28))
    )
    limit = overdue.limits(now.reset_index(), rhythm.back_test(shop))
    over = set(now.index[(now["silent"].to_numpy() > limit.to_numpy())])
    assert set(found["customer_id"]) <= over
    for who in over - set(found["customer_id"]):
        assert (dt.date(2026, 2, 28) - now.loc[who, "last_on"].date()).days > limit[
            list(now.index).index(who)
        ]
        assert before.loc[who, "last_on"] == now.loc[who, "last_on"]
    assert set(overdue.to_write_to(shop)["customer_id"]) == set(found["customer_id"])
    assert len(found)


@pytest.mark.parametrize(
    ("base", "reward", "margin", "needed"), [(0.4, 0.1, 0.5, 0.5), (0.2, 0.15, 0.3, 0.4)]
)
def test_a_reward_breaks_even_where_both_ways_bring_as_much(
    base: float, reward: float, margin: float, needed: float
) -> None:
    """0.4 × 0.5 = 0.5 × (0.5 − 0.1); 0.2 × 0.3 = 0.4 × (0.3 − 0.15)."""
    found, more, anyway, _ = rewards._even(base, reward, margin)
    assert found == pytest.approx(needed)
    assert base * margin == pytest.approx(needed * (margin - reward))
    assert (more, anyway) == (pytest.approx(needed - base), pytest.approx(base / needed))


def test_a_reward_that_can_never_pay_has_no_break_even() -> None:
    assert rewards._even(0.8, 0.15, 0.3) == (None, None, None, None)


def test_the_page_asks_for_orders_where_there_are_none(business_of: Callable[..., Business]) -> None:
    business = business_of([("A", "2026-01-05", "", 10)])
    rates = repeat_purchase.repeat_rates(business)
    assert "orders.csv" in rates.sentence(repeating.repeat_rate(business)).text
    assert overdue.to_write_to(business).empty
    assert repeat_purchase.model(business).record() == {"model": None}


def faults_of(business: Business) -> dict[str, Any]:
    return {fault.rule: fault for fault in business.faults}


def test_the_gate_says_what_is_no_order(business_of: Callable[..., Business]) -> None:
    shop = business_of(
        None,
        orders=[("A", "2026-01-05", 10, "1"), ("A", "2026-01-05", 5, "1"), ("B", "2026-01-06", 0, "2"),
                ("C", "2026-01-07", -8, "3")],
    )  # fmt: skip
    found = faults_of(shop)
    assert found["orders that are none"].rows == 2
    assert found["order in several rows"].rows == 2
    assert found["customers of orders"].rows == 3
    assert list(gaps(shop)["amount"]) == [15.0]


def test_buyers_have_no_usual_target_and_no_usual_bands(business_of: Callable[..., Business]) -> None:
    shop = business_of(None, orders=drawn(40))
    own = business_of(None, orders=drawn(40), settings={"targets": {"churn": 0.2}})
    assert shop.targets == {} and own.targets == {"churn": 0.2}
    assert measures.benchmarks(shop) is None
    assert "bought within 90 days" in shop.customers_are


def test_nothing_of_a_shop_is_told_by_plan_or_interval(business_of: Callable[..., Business]) -> None:
    """Buyers have neither: only what they spend tells them apart, and no day of renewal is spoken of."""
    shop = business_of(None, orders=drawn(40))
    assert shop.lacks == {"subscriptions"}
    assert set(measures.churn_by(shop)["by"]) == {"mrr_band"}
    assert "first_plan" not in channels.groups(shop)
    days = days_of_loss.losses_by_day(shop)
    missing = set(quality.missing_tables(shop)["table"])
    assert "events" in missing and not missing & {"cancellations", "payments"}
    lost = measurement.customers_lost(shop)
    assert len(lost.value) and not {"Plan", "Kind", "Reason"} & set(lost.table().columns)
    moved = (
        measurement.customer_movement(shop).table().columns + measurement.mrr_movement(shop).table().columns
    )
    assert not {"Paused at end", "Paused", "Resumed"} & set(moved)
    assert not days["renewal_known"].sum() and month.losses_by_day(days.assign(lost=1)) is None


def test_who_left_the_subscription_is_no_silent_buyer(business_of: Callable[..., Business]) -> None:
    """A stays, B left in January, C never subscribed; all three last bought 50 days before the end, "
    "every ten."""
    days = [f"2026-0{1 + n // 28}-{1 + n % 28:02}" for n in range(0, 40, 10)]
    spans = [("A", "2025-01-05", "", 10), ("B", "2025-01-05", "2026-01-20", 10)]
    customers = [{"customer_id": who, "signed_up_at": "2025-01-01"} for who in "ABC"]
    orders = [(who, day, 10) for who in "ABC" for day in days]
    of = business_of(spans, "2026-02", customers=customers, orders=orders)
    late = business_of(spans, "2026-03", customers=customers, orders=orders)
    found = {
        "2026-02": set(overdue.overdue(of)["customer_id"]),
        "2026-03": set(overdue.overdue(late)["customer_id"]),
    }
    assert sorted(map(len, found.values())) == [0, 3]
    written = [*overdue.to_write_to(of)["customer_id"], *overdue.to_write_to(late)["customer_id"]]
    assert sorted(written) == ["A", "C"]


def test_one_is_and_two_are() -> None:
    rows = pd.DataFrame({"state": ["on time", "late", "late"], "customers": [1, 1, 1], "worth": np.nan})
    said = silence.where_they_stand(rows, "EUR").text
    assert said == "Of 3 customers who ever bought, 1 is on time, 2 are late."

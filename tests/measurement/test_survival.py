"""How long customers stay: by hand, by laws, against planted truths; the oracle stands in test_laws.py."""

import datetime as dt
import math
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import oracle
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_helpers.business import Business
from retention_helpers.measurement import cohorts, measures, survival
from retention_helpers.statistics import curves
from retention_helpers.statistics.intervals import holm, wilson
from retention_helpers.words import calendar

Opened = Callable[..., Any]


def row_of(frame: pd.DataFrame, **where: object) -> Any:
    """The one row of a table where these columns have these values."""
    found = frame[np.logical_and.reduce([frame[column] == value for column, value in where.items()])]
    assert len(found) == 1
    return found.iloc[0]


# --- the clock of months ---------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.dates(dt.date(2019, 1, 1), dt.date(2026, 12, 31)), st.integers(0, 60), st.integers(0, 31))
def test_anniversaries_stand_on_whole_months(first: dt.date, k: int, days: int) -> None:
    """The k-th anniversary on 31 k, the days after it on the places after; no day before it comes so far."""
    day = calendar.months_after(first, k)
    later = day + dt.timedelta(days=days)
    at, before, after = survival.places([first] * 3, [day, max(day - dt.timedelta(days=1), first), later])
    assert at == survival.PLACES * k
    assert before < at or k == 0
    following = calendar.months_after(first, k + 1)
    assert after == at + days if later < following else after >= at + survival.PLACES


def test_a_month_that_began_on_the_31st_is_over_on_the_last_of_february(opened: Opened) -> None:
    """Ended on 28 February: not there at month 1. Ended on 1 March: there at month 1, lost in month 2.

                     January 31      February 28       March
    on_the_day            |===============|
    a_day_later           |===============|=1
    stays                 |===============|=================
    """
    spans = [
        ("on_the_day", "2026-01-31", "2026-02-28", 10),
        ("a_day_later", "2026-01-31", "2026-03-01", 10),
        ("stays", "2026-01-31", "", 10),
    ]
    with opened(spans) as business:
        tenures = survival.tenures(business)
        at = survival.at_months(survival.curve(tenures), months=(1, 2))
        months = survival.loss_by_month_of_tenure(tenures, min_customers=1)
    assert row_of(tenures, customer_id="on_the_day")["place"] == 31
    assert row_of(tenures, customer_id="a_day_later")["place"] == 32
    assert at["survival"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert months[["month_of_tenure", "began", "lost"]].to_numpy().tolist() == [[1, 3, 1], [2, 2, 1]]


# --- six customers by hand -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def six(business_of: Callable[..., Business]) -> Business:
    """
                 January           |February        |March             |April
    stays          ================|================|==================
    one_month      ===============>|10 February     |                        ended on the anniversary
    one_day_more   ================|11 February     |                        ended the day after it
    comes_back     ====            |                |      ============
    short             ·            |                |                        12 January, less than a day
    in_march                       |                |        ==========
    """
    return business_of(
        [
            ("stays", "2026-01-10", "", 10),
            ("one_month", "2026-01-10", "2026-02-10", 10),
            ("one_day_more", "2026-01-10", "2026-02-11", 10),
            ("comes_back", "2026-01-10", "2026-01-20", 10),
            ("comes_back", "2026-03-05", "", 10),
            ("short", "2026-01-12", "2026-01-12", 10),
            ("in_march", "2026-03-20", "", 10),
        ]
    )


def test_tenures_of_six(six: Business) -> None:
    """To the first loss, or to the last day before the cut; a return starts nothing anew."""
    tenures = survival.tenures(six).set_index("customer_id")
    assert tenures["days"].to_dict() == {
        "stays": 80, "one_month": 31, "one_day_more": 32, "comes_back": 10, "short": 0, "in_march": 11
    }  # fmt: skip
    assert tenures["place"].to_dict() == {
        "stays": 2 * 31 + 21, "one_month": 31, "one_day_more": 32, "comes_back": 10, "short": 0,
        "in_march": 11,
    }  # fmt: skip
    assert set(tenures.index[tenures["is_lost"]]) == {"one_month", "one_day_more", "comes_back", "short"}
    assert tenures["months_followed"].to_dict() == {
        "stays": 2, "one_month": 2, "one_day_more": 2, "comes_back": 2, "short": 2, "in_march": 0
    }  # fmt: skip


def test_the_curve_of_six(six: Business) -> None:
    """Lost on places 0, 10, 31 and 32; in_march is seen up to place 11.

    place 0:  6 at risk, 1 lost → 5/6          place 31: 3 at risk, 1 lost → 4/6 · 2/3 = 4/9
    place 10: 5 at risk, 1 lost → 4/6          place 32: 2 at risk, 1 lost → 2/9
    """
    curve = survival.curve(survival.tenures(six)).set_index("months")
    assert curve.loc[[0, 10 / 31, 1, 32 / 31], "at_risk"].tolist() == [6, 5, 3, 2]
    shares = curve.loc[[0, 10 / 31, 1, 32 / 31], "survival"].tolist()
    assert shares == pytest.approx([5 / 6, 4 / 6, 4 / 9, 2 / 9])
    at = survival.at_months(survival.curve(survival.tenures(six)))
    assert at["at_risk"].tolist() == [3, 0, 0, 0, 0]
    assert at["survival"].iloc[0] == pytest.approx(4 / 9)
    assert at["survival"].iloc[1:].isna().all()


def test_the_median_of_six(six: Business) -> None:
    """On the clock of days: 5/6, 4/6, then 4/6 · 2/3 on day 31, the first that is at most one half."""
    assert survival.median_tenure(survival.tenures(six)).value == 31


def test_months_of_six(six: Business) -> None:
    """Month 1 was seen whole of five: short, comes_back and one_month lost in it. in_march is too young."""
    months = survival.loss_by_month_of_tenure(survival.tenures(six), min_customers=1)
    found = months[["month_of_tenure", "began", "lost"]].to_numpy().tolist()
    assert found == [[1, 5, 3], [2, 2, 1]]


def test_a_pause_and_a_switch_end_nothing(opened: Opened) -> None:
    """A pause is service; a gap of a switch is none; a longer one is the first loss.

                 January   |February  |March
    paused       ===-------|======----|-------      - paused
    switched     =======  =|==========|=======      two days without
    too_long     =======   |     =====|=======      ten days without: lost on 24 January
    """
    spans = [
        ("paused", "2026-01-01", "2026-01-10", 10),
        ("paused", "2026-01-10", "2026-02-01", "", "paused"),
        ("paused", "2026-02-01", "2026-02-20", 10),
        ("paused", "2026-02-20", "", "", "paused"),
        ("switched", "2026-01-01", "2026-01-24", 10),
        ("switched", "2026-01-26", "", 20),
        ("too_long", "2026-01-01", "2026-01-24", 10),
        ("too_long", "2026-02-03", "", 10),
    ]
    with opened(spans) as business:
        tenures = survival.tenures(business).set_index("customer_id")
    assert tenures["is_lost"].to_dict() == {"paused": False, "switched": False, "too_long": True}
    assert tenures["days"].to_dict() == {"paused": 89, "switched": 89, "too_long": 23}


def test_without_returns_and_late_comers_survival_is_the_anniversary_clock(opened: Opened) -> None:
    """All began at least three months ago and nobody came back: the plain shares of those who are there."""
    mixer = random.Random(4)
    spans = []
    for nth in range(60):
        first = dt.date(2025, 10, 1) + dt.timedelta(days=mixer.randrange(80))
        end = first + dt.timedelta(days=mixer.choice([mixer.randrange(1, 100), 31, 61, 10**4]))
        spans.append((f"C{nth}", str(first), "" if end >= dt.date(2026, 4, 1) else str(end), 10))
    with opened(spans) as business:
        at = survival.at_months(survival.curve(survival.tenures(business)), months=(1, 2, 3))
        triangle = cohorts.anniversary_triangle(business)
    shares = [cohorts.retention_after(triangle, k).value for k in (1, 2, 3)]
    assert at["survival"].tolist() == pytest.approx(shares)


# --- delayed entry ---------------------------------------------------------------------------------


def test_who_began_before_the_history_counts_from_its_first_day_on(opened: Opened) -> None:
    """The history starts on 1 January 2026.

                 2025 Oct 1       | 2026
    old          =================|===================   entry on place 3 · 31
    old_lost     =================|====· 10 February
    on_the_day   =================·                      lost on 1 January itself: still in the data
    hidden       ========·        |     ==============   lost before: in the data only by its return
    new                           |==================
    """
    spans = [
        ("old", "2025-10-01", "", 10),
        ("old_lost", "2025-10-01", "2026-02-10", 10),
        ("on_the_day", "2025-10-01", "2026-01-01", 10),
        ("hidden", "2025-10-01", "2025-11-15", 10),
        ("hidden", "2026-02-01", "", 10),
        ("new", "2026-01-05", "", 10),
    ]
    with opened(spans, settings={"history_starts_on": dt.date(2026, 1, 1)}) as business:
        tenures = survival.tenures(business)
        curve = survival.curve(tenures)
        months = survival.loss_by_month_of_tenure(tenures, min_customers=1)
    by = tenures.set_index("customer_id")
    assert by["entry_place"].to_dict() == {
        "old": 93, "old_lost": 93, "on_the_day": 93, "hidden": 93, "new": 0
    }  # fmt: skip
    assert by["entry_days"]["old"] == 92
    assert by["is_in_sight"].to_dict() == {
        "old": True, "old_lost": True, "on_the_day": True, "hidden": False, "new": True
    }  # fmt: skip
    # The new one was seen up to its 26th day of month 3, place 88: nobody is at risk from there to 93.
    assert curve["at_risk"].tolist() == [1] * len(curve)
    assert curve["months"].iloc[-1] == pytest.approx((2 * 31 + 26) / 31)
    # The old ones' third month was not seen from its first day on; their fifth was, and one was lost in it.
    assert months[["month_of_tenure", "began", "lost"]].to_numpy().tolist() == [
        [1, 1, 0], [2, 1, 0], [4, 2, 0], [5, 2, 1]
    ]  # fmt: skip


def grown_business(seed: int, customers: int = 400) -> list[tuple[str, str, str, int]]:
    """Customers of three years, of whom a tenth goes in each of the first six months and 2 % later."""
    mixer = random.Random(seed)
    spans = []
    for nth in range(customers):
        first = dt.date(2023, 4, 1) + dt.timedelta(days=mixer.randrange(3 * 365))
        k = 1
        while mixer.random() > (0.1 if k <= 6 else 0.02) and k < 60:
            k += 1
        end = calendar.months_after(first, k)
        spans.append((f"C{nth:03}", str(first), "" if end >= dt.date(2026, 4, 1) else str(end), 10 + nth % 7))
    return spans


def test_delayed_entry_mends_what_missing_leavers_break(opened: Opened) -> None:
    """Leavers before 2025 taken out: with the setting the curve is near the whole one, without far above.

    And with the setting it is the slow oracle's, customer by customer.
    """
    spans, starts_on = grown_business(7), dt.date(2025, 1, 1)
    kept = [span for span in spans if not span[2] or span[2] >= str(starts_on)]
    assert len(kept) < len(spans) - 40
    found = []
    for rows, chosen in ((spans, None), (kept, None), (kept, {"history_starts_on": starts_on})):
        with opened(rows, settings=chosen) as business:
            curve = survival.curve(survival.tenures(business))
        found.append(survival.at_months(curve, months=range(13)).set_index("k"))
    whole, naive, mended = (at.loc[12] for at in found)
    assert mended["survival_low"] <= whole["survival"] <= mended["survival_high"]
    assert naive["survival_low"] > whole["survival"]
    history = oracle.History([(*span[:3], str(span[3]), "", "") for span in kept], dt.date(2026, 3, 1))
    slow = history.survival(starts_on)
    for k in range(13):
        at_risk, share = slow[k]
        assert found[2].loc[k, "at_risk"] == at_risk
        assert found[2].loc[k, "survival"] == pytest.approx(float(share))


def test_a_history_that_starts_after_the_month_leaves_nobody_in_sight(opened: Opened) -> None:
    """No number anywhere, and no error."""
    spans = [("A", "2026-01-01", "2026-02-01", 10), ("B", "2026-01-01", "", 10)]
    with opened(spans, settings={"history_starts_on": dt.date(2026, 5, 1)}) as business:
        tenures = survival.tenures(business)
        assert not tenures["is_in_sight"].any()
        assert survival.curve(tenures).empty
        assert survival.at_months(survival.curve(tenures))["survival"].isna().all()
        assert math.isnan(survival.median_tenure(tenures).value)
        assert survival.loss_by_month_of_tenure(tenures, min_customers=1).empty
        assert survival.by_group(tenures, min_customers=1).empty
        assert set(survival.group_tests(tenures, min_customers=1)["verdict"]) == {"too few"}
        assert survival.curves_by_plan(tenures, min_customers=1).empty
        assert survival.causes_at_months(survival.causes(tenures))["voluntary"].isna().all()
        assert survival.months_stayed(tenures)["months"].isna().all()
        assert survival.restricted_revenue(business, tenures)["revenue"].isna().all()


# --- months of heavy loss --------------------------------------------------------------------------


def tenures_of(lost_after: list[int], followed: int = 24) -> pd.DataFrame:
    """Customers followed through so many months; `lost_after`: lost at the end of this month (0: never)."""
    ends = np.array(lost_after)
    is_lost = (ends > 0) & (ends <= followed)
    place = np.where(is_lost, ends, followed) * survival.PLACES
    return pd.DataFrame(
        {
            "place": place,
            "days": place,
            "entry_place": 0,
            "entry_days": 0,
            "is_lost": is_lost,
            "is_in_sight": True,
            "knows_days": True,
            "months_followed": followed,
            "first_plan": "solo",
            "start_year": 2026,
            "kind": np.where(is_lost, "voluntary", None),
        }
    )


def test_a_very_heavy_month_does_not_hide_the_next() -> None:
    """A third of 600 go in month 1, a tenth in month 12, 2 % in each other month: both stand out.

    Against a rest that holds month 1, month 12 would be no clear difference.
    """
    lost, left = [], 600
    for month in range(1, 25):
        gone = round(left * {1: 0.33, 12: 0.1}.get(month, 0.02))
        lost += [month] * gone
        left -= gone
    months = survival.loss_by_month_of_tenure(tenures_of(lost + [0] * left), min_customers=20)
    heavy = months.loc[months["verdict"] == "above the rest", "month_of_tenure"].tolist()
    assert heavy == [1, 12]
    assert months.loc[0, ["began", "lost"]].tolist() == [600, 198]
    low, high = wilson(198, 600)
    assert months.loc[0, ["loss_rate_low", "loss_rate_high"]].tolist() == [low, high]


def test_months_with_few_customers_are_not_judged() -> None:
    """Of 25 who begin, 15 are left for month 2: too few at 20; of one month alone there is no rest."""
    months = survival.loss_by_month_of_tenure(tenures_of([1] * 10 + [0] * 15, 2), min_customers=20)
    assert months["verdict"].tolist() == ["too few", "too few"]
    alone = survival.loss_by_month_of_tenure(tenures_of([1] * 10 + [0] * 15, 1), min_customers=20)
    assert alone["verdict"].tolist() == ["the only one"]


def test_equal_months_do_not_stand_out() -> None:
    """Five of a hundred in every month of those who began it, as nearly as whole customers can."""
    lost, left = [], 400
    for month in range(1, 13):
        lost += [month] * round(left * 0.05)
        left -= round(left * 0.05)
    months = survival.loss_by_month_of_tenure(tenures_of(lost + [0] * left, 12), min_customers=20)
    assert set(months["verdict"]) == {"no clear difference"}


# --- groups and causes -----------------------------------------------------------------------------


def test_the_plan_is_that_of_the_first_day(opened: Opened) -> None:
    """The largest paying span that starts on it; a later change of plan does not matter."""
    spans = [
        ("A", "2026-01-05", "2026-02-05", 10, "active", "solo"),
        ("A", "2026-02-05", "", 50, "active", "studio"),
        ("B", "2026-01-05", "", 10, "active", "solo"),
        ("B", "2026-01-05", "", 30, "active", "team"),
        ("C", "2026-01-05", "2026-02-05", "", "comped", "gift"),
        ("C", "2026-01-05", "", 1, "active", "solo"),
        ("D", "2026-01-05", "2026-01-05", 9, "active", "solo"),
    ]
    with opened(spans) as business:
        plans = survival.tenures(business).set_index("customer_id")["first_plan"].to_dict()
    assert plans == {"A": "solo", "B": "team", "C": "solo", "D": "solo"}


def grouped(sizes: dict[str, int], rates: dict[str, int]) -> pd.DataFrame:
    """Customers of some plans; every `rates`-th is lost at the end of month 1."""
    parts = [
        tenures_of([1 if nth % rates[plan] == 0 else 0 for nth in range(size)], 3).assign(first_plan=plan)
        for plan, size in sizes.items()
    ]
    return pd.concat(parts, ignore_index=True)


def test_groups_that_differ_and_groups_too_small() -> None:
    """Half of solo go and a tenth of team; five of studio take no part in the test."""
    tenures = grouped({"solo": 60, "team": 60, "studio": 5}, {"solo": 2, "team": 10, "studio": 1})
    levels = survival.by_group(tenures, min_customers=20)
    assert row_of(levels, by="first_plan", level="studio")["verdict"] == "too few"
    assert row_of(levels, by="first_plan", level="solo")[["customers", "lost", "month_1"]].tolist() == [
        60,
        30,
        0.5,
    ]
    assert math.isnan(row_of(levels, by="first_plan", level="solo")["month_6"])
    tests = survival.group_tests(tenures, min_customers=20)
    plan = row_of(tests, by="first_plan")
    assert (plan["groups"], plan["customers"], plan["verdict"]) == (2, 120, "differ")
    both = tenures[tenures["first_plan"] != "studio"]
    assert plan["p_value"] == curves.log_rank(both["place"], both["is_lost"], both["first_plan"]).p
    assert row_of(tests, by="start_year")["verdict"] == "too few"
    assert set(survival.curves_by_plan(tenures, min_customers=20)["level"]) == {"solo", "team"}


def test_asking_twice_is_corrected() -> None:
    """With two years as well, each p-value is Holm's of the two."""
    tenures = grouped({"solo": 60, "team": 60}, {"solo": 2, "team": 10})
    tenures = tenures.assign(start_year=[2025, 2025, 2026] * 40)
    tests = survival.group_tests(tenures, min_customers=20)
    alone = [
        curves.log_rank(tenures["place"], tenures["is_lost"], tenures[column]).p
        for column in ("first_plan", "start_year")
    ]
    assert tests["p_value"].tolist() == pytest.approx(holm(alone))


def test_causes_of_first_losses(opened: Opened) -> None:
    """Who ended the first service, not a later one; a loss within its first month counts too.

    Four begin on 1 January: A decides on 20 January, B's payment fails on 1 February, C's loss is not
    explained, D stays. A comes back and is lost to the biller: that is a second service.
    """
    spans = [
        ("A", "2026-01-01", "2026-01-20", 10),
        ("A", "2026-02-01", "2026-03-01", 10),
        ("B", "2026-01-01", "2026-02-01", 10),
        ("C", "2026-01-01", "2026-02-05", 10),
        ("D", "2026-01-01", "", 10),
    ]
    asked = [
        ("A", "2026-01-19", "too_expensive"),
        ("A", "2026-02-25", "payment_failed"),
        ("B", "2026-02-01", "payment_failed"),
    ]
    with opened(spans, cancellations=asked) as business:
        tenures = survival.tenures(business)
        causes = survival.causes(tenures)
        curve = survival.curve(tenures)
    kinds = tenures.set_index("customer_id")["kind"]
    assert kinds[["A", "B", "C"]].tolist() == ["voluntary", "involuntary", "unknown"]
    at = survival.causes_at_months(causes, months=(1, 2))
    assert at.loc[0, ["at_risk", "voluntary", "involuntary", "kind_unknown"]].tolist() == [3, 0.25, 0.25, 0]
    assert at.loc[1, ["voluntary", "involuntary", "kind_unknown"]].tolist() == pytest.approx([0.25] * 3)
    assert at.loc[0, "kind_unknown_high"] == wilson(0, 3)[1]
    together = causes.groupby("months")["incidence"].sum()
    np.testing.assert_allclose(together + curve.set_index("months")["survival"], 1)
    with opened(spans) as business:  # nobody knows who ended it, and that is not nobody
        at = survival.causes_at_months(survival.causes(survival.tenures(business)), months=(1, 2))
    assert at["kind_unknown"].tolist() == pytest.approx([0.5, 0.75])
    assert at[["voluntary", "involuntary", "involuntary_high"]].isna().all().all()
    assert at["at_risk"].tolist()[0] == 3


# --- revenue ---------------------------------------------------------------------------------------


def test_revenue_by_hand(opened: Opened) -> None:
    """Ten of each, all followed for 14 months: the plain mean over all of what each paid.

    stays   10 a month, 20 from its third month on: 2 · 10 + 10 · 20 = 220
    leaves  10 a month, lost on the third anniversary: 3 · 10 = 30; what it pays after a return, never
    pauses  10 for the first month, then 0: 10
    """
    spans: list[tuple] = []
    for nth in range(10):
        spans += [
            (f"stays{nth}", "2025-01-15", "2025-03-15", 10),
            (f"stays{nth}", "2025-03-15", "", 20),
            (f"leaves{nth}", "2025-01-15", "2025-04-15", 10),
            (f"leaves{nth}", "2025-08-15", "", 99),
            (f"pauses{nth}", "2025-01-15", "2025-02-15", 10),
            (f"pauses{nth}", "2025-02-15", "", "", "paused"),
        ]
    with opened(spans) as business:
        tenures = survival.tenures(business)
        revenue = survival.restricted_revenue(business, tenures)
        stayed = survival.months_stayed(tenures)
        worth = survival.lifetime(
            revenue, measures.mrr_movement(business), measures.customer_movement(business)
        )
    year, two_years = revenue.iloc[0], revenue.iloc[1]
    totals = np.repeat([220.0, 30.0, 10.0], 10)
    assert year["revenue"] == pytest.approx(totals.mean())
    half = curves.special.stdtrit(29, 0.975) * totals.std(ddof=1) / np.sqrt(30) / totals.mean()
    assert year["revenue_high"] == pytest.approx(totals.mean() * math.exp(half))
    assert year["revenue_low"] == pytest.approx(totals.mean() * math.exp(-half))
    assert (year["followed"], two_years["followed"]) == (30, 0)
    assert math.isnan(two_years["revenue"])
    assert stayed.loc[0, "months"] == pytest.approx((12 + 3 + 12) / 3)
    amounts = worth.set_index("measure")["amount"]
    assert amounts[survival.REVENUE_12] == round(Decimal(totals.mean()), 6)
    assert amounts[survival.REVENUE_24] is None
    # At the end 10 · 20 + 10 · 99 of 30 customers; nobody was lost in March.
    assert amounts[survival.ARPA] == round(Decimal(1190) / 30, 6)
    assert amounts[survival.LTV] is None


def test_ltv_has_the_interval_of_the_churn() -> None:
    """100 at the start, 5 lost; 96 at the end pay 480: ARPA 5, LTV 5 / 0.05, ends 5 / Wilson's."""
    revenue = pd.DataFrame({name: [np.nan] * 2 for name in ("revenue", "revenue_low", "revenue_high")})
    revenue["followed"] = [9, 0]
    moved = pd.DataFrame({"customers_at_start": [100], "lost": [5], "customers_at_end": [96]})
    mrr = pd.DataFrame({"mrr_at_end": [Decimal(480)]})
    worth = survival.lifetime(revenue, mrr, moved).set_index("measure")
    low, high = (float(end) for end in wilson(5, 100))
    assert worth["followed"].dropna().tolist() == [9, 0]
    assert worth.loc[survival.ARPA, "amount"] == 5
    ltv = worth.loc[survival.LTV]
    assert (ltv["amount"], ltv["amount_low"], ltv["amount_high"]) == (
        100, round(Decimal(5 / high), 6), round(Decimal(5 / low), 6)
    )  # fmt: skip
    empty = survival.lifetime(revenue, mrr, moved.assign(customers_at_end=0))
    assert empty["amount"].isna().all()


def test_revenue_weights_each_month_by_those_still_there(opened: Opened) -> None:
    """Ten began 12 months ago and pay 10, ten began a month ago and pay 40: nobody is lost.

    The first two payments are the mean of all, 25; the other ten those of the old ones alone: 2 · 25 + 100.
    """
    spans = [(f"old{nth}", "2025-03-10", "", 10) for nth in range(10)]
    spans += [(f"new{nth}", "2026-02-10", "", 40) for nth in range(10)]
    with opened(spans) as business:
        found = survival.restricted_revenue(business, survival.tenures(business)).iloc[0]
    assert found["revenue"] == pytest.approx(2 * 25 + 10 * 10)
    assert found["revenue_low"] < found["revenue"] < found["revenue_high"]


# --- planted truths of the sample ------------------------------------------------------------------

# Twenty other samples (seeds 100 to 119) of data/sample/make_sample.py, 14,131 customers: the share still
# there on the anniversary among those who have reached it, and the mean MRR over the first day and eleven
# anniversaries of those who began twelve months ago, straight from the tables with pandas.
STILL_THERE = {1: 0.868, 3: 0.694, 6: 0.623, 12: 0.502}
REVENUE_OF_A_YEAR = 453.6


def test_planted_survival_lies_in_the_intervals(sample: Business) -> None:
    """Of this sample, at each month; and the revenue of the first year in its interval."""
    tenures = survival.tenures(sample)
    at = survival.at_months(survival.curve(tenures)).set_index("k")
    for k, truth in STILL_THERE.items():
        assert at.loc[k, "survival_low"] <= truth <= at.loc[k, "survival_high"]
    year = survival.restricted_revenue(sample, tenures).iloc[0]
    assert year["revenue_low"] <= REVENUE_OF_A_YEAR <= year["revenue_high"]


def test_planted_heavy_months_and_groups_are_found(sample: Business) -> None:
    """Requests in the first 60 days are ten times as likely; founders of 2024 stay; plans decide nothing."""
    tenures = survival.tenures(sample)
    months = survival.loss_by_month_of_tenure(tenures, min_customers=20).set_index("month_of_tenure")
    assert months.loc[[1, 2], "verdict"].tolist() == ["above the rest"] * 2
    tests = survival.group_tests(tenures, min_customers=20)
    assert row_of(tests, by="first_plan")["verdict"] == "no clear difference"
    assert row_of(tests, by="start_year")["verdict"] == "differ"
    levels = survival.by_group(tenures, min_customers=20)
    founders, later = (row_of(levels, by="start_year", level=year) for year in ("2024", "2025"))
    assert founders["month_6_low"] > later["month_6_high"]

"""The measures of a month: by hand, and against the rules and examples that others published."""

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from retention_helpers.business import Business
from retention_helpers.contract.settings import Bands
from retention_helpers.measurement import measures
from retention_helpers.measurement.measures import Target
from retention_helpers.statistics.intervals import rate, wilson

MARCH = pd.Timestamp("2026-03-01")


def last(frame: pd.DataFrame) -> dict[str, Any]:
    return frame.iloc[-1].drop("month").to_dict()


# --- from outside ----------------------------------------------------------------------------------


def month_of(
    *, at_start: int, lost: int, returned: int, joined: int, joined_and_left: int
) -> list[tuple[object, ...]]:
    """Spans of a March in which so many customers did each of these things; `lost` for good."""
    stayed = at_start - lost - returned
    return [
        *((f"stayed-{n}", "2026-01-10", "", 10) for n in range(stayed)),
        *((f"lost-{n}", "2026-01-10", "2026-03-10", 10) for n in range(lost)),
        *((f"returned-{n}", "2026-01-10", "2026-03-10", 10) for n in range(returned)),
        *((f"returned-{n}", "2026-03-20", "", 10) for n in range(returned)),
        *((f"joined-{n}", "2026-03-05", "", 10) for n in range(joined - joined_and_left)),
        *((f"went-{n}", "2026-03-05", "2026-03-25", 10) for n in range(joined_and_left)),
    ]


def test_the_months_of_the_vendors_rules(opened: Any) -> None:
    """200 at start, 9 of them leave, 1 of the 9 returns, 40 join, 3 of the 40 leave: 4.0, 4.5, 5.0, 6.0 %.

    The rules are the vendors' own: ChartMogul (12 − 3 − 1) / 200, ProfitWell 9 / 200, Stripe Billing
    12 / (200 + 40), Baremetrics and Recurly 12 / 200.
    """
    spans = month_of(at_start=200, lost=8, returned=1, joined=40, joined_and_left=3)
    with opened(spans) as business:
        tools = measures.bridge(business).set_index("tool")
        differing = measures.bridge_customers(business)
        moved = last(measures.customer_movement(business))
    assert tools["churn_rate"].round(6).to_dict() == {
        "ours": 0.04,
        "ChartMogul": 0.04,
        "ProfitWell": 0.045,
        "Stripe": 0.05,
        "Baremetrics": 0.06,
        "Recurly": 0.06,
    }
    assert tuple(tools.loc["Stripe", ["numerator", "denominator"]]) == (12, 240)
    assert differing["customer_id"].tolist() == ["returned-0", "went-0", "went-1", "went-2"]
    assert moved == {
        "customers_at_start": 200, "new": 37, "reactivated": 0, "lost": 8, "customers_at_end": 229,
        "joined_and_left": 3, "left_and_returned": 1, "paused_at_end": 0,
    }  # fmt: skip


def test_chartmoguls_worked_example(opened: Any) -> None:
    """100 at start, 12 churned in the month, of whom 1 reactivated and 1 had joined in it: 10 %.

    Source: ChartMogul's help page on the customer churn rate.
    """
    with opened(month_of(at_start=100, lost=10, returned=1, joined=1, joined_and_left=1)) as business:
        churn = last(measures.customer_churn(business))
        tools = measures.bridge(business).set_index("tool")
    assert (churn["lost"], churn["customers_at_start"], churn["churn_rate"]) == (10, 100, 0.1)
    assert tools.loc["Baremetrics", "numerator"] == 12


# --- by hand ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def march(business_of: Callable[..., Business]) -> Business:
    """
                   February           |March                     |April        MRR
    leaves         ===================|=====                                    100 → 0
    grows          ===================|======^^^^^^^^^^^^^^^^^^^^                50 → 80
    shrinks        ===================|======vvvvvvvvvvvvvvvvvvvv               60 → 40.5
    pauses         ===================|======pppppppppppppppppppp               30 → 0
    resumes        ppppppppppppppppppp|======================                    0 → 20
    comes_back     =======            |        ==================                0 → 25
    newcomer                          |   =======================                0 → 70
    returns        ===================|=          ===============               15 → 15
    in_and_out                        |   ======                                 0 → 0
    """
    return business_of(
        [
            ("leaves", "2026-01-10", "2026-03-05", 100, "active", "pro", "month"),
            ("grows", "2026-01-10", "2026-03-07", 50, "active", "solo", "month"),
            ("grows", "2026-03-07", "", 80, "active", "pro", "month"),
            ("shrinks", "2026-01-10", "2026-03-07", 60, "active", "pro", "year"),
            ("shrinks", "2026-03-07", "", "40.5", "active", "solo", "year"),
            ("pauses", "2026-01-10", "2026-03-07", 30, "active", "solo", "month"),
            ("pauses", "2026-03-07", "", "", "paused", "solo", "month"),
            ("resumes", "2026-01-10", "2026-03-07", "", "paused", "solo", "month"),
            ("resumes", "2026-03-07", "", 20, "active", "solo", "month"),
            ("comes_back", "2026-01-10", "2026-02-07", 100, "active", "pro", "month"),
            ("comes_back", "2026-03-10", "", 25, "active", "solo", "month"),
            ("newcomer", "2026-03-05", "", 70, "past_due", "pro", "month"),
            ("returns", "2026-01-10", "2026-03-02", 15),
            ("returns", "2026-03-12", "", 15),
            ("in_and_out", "2026-03-05", "2026-03-12", 500),
        ],
        customers=[
            {"customer_id": who, "signed_up_at": "2026-01-10", "name": f"Name of {who}"}
            for who in ("leaves", "grows", "shrinks", "pauses", "resumes", "comes_back", "newcomer")
        ],
        cancellations=[("leaves", "2026-03-01", "too_expensive", "voluntary")],
        notes=[("2026-03-09", "Price rise"), ("2026-02-01", "Launch"), ("2026-04-01", "Too late")],
    )


def test_the_movement_of_customers_by_hand(march: Business) -> None:
    """Six at the start and one who is paused; the last line of the drawing is in no rate."""
    assert last(measures.customer_movement(march)) == {
        "customers_at_start": 6, "new": 1, "reactivated": 1, "lost": 1, "customers_at_end": 7,
        "joined_and_left": 1, "left_and_returned": 1, "paused_at_end": 1,
    }  # fmt: skip


def test_the_movement_of_mrr_by_hand(march: Business) -> None:
    """255 at the start, 250.5 at the end; every part exact."""
    assert last(measures.mrr_movement(march)) == {
        "mrr_at_start": 255, "new": 70, "reactivated": 25, "expansion": 30, "resumed": 20,
        "contraction": Decimal("19.5"), "paused": 30, "churned": 100, "mrr_at_end": Decimal("250.5"),
    }  # fmt: skip
    assert all(isinstance(amount, Decimal) for amount in last(measures.mrr_movement(march)).values())


def test_revenue_retention_by_hand(march: Business) -> None:
    """Gross (255 − 149.5) / 255; net adds 30 + 20, not the 25 of the reactivated; quick 145 / 149.5."""
    found = last(measures.revenue_retention(march))
    assert found["gross_revenue_retention"] == pytest.approx(105.5 / 255, abs=1e-15)
    assert found["net_revenue_retention"] == pytest.approx(155.5 / 255, abs=1e-15)
    assert found["quick_ratio"] == pytest.approx(145 / 149.5, abs=1e-15)


def test_churn_stands_beside_what_it_is_made_of(march: Business) -> None:
    """1 of 6 left, 5 stayed, with Wilson's interval on both."""
    found = last(measures.customer_churn(march))
    low, high = wilson(1, 6)
    assert (found["lost"], found["retained"], found["customers_at_start"]) == (1, 5, 6)
    assert (found["churn_rate"], found["retention_rate"]) == (1 / 6, 5 / 6)
    assert (found["churn_rate_low"], found["churn_rate_high"]) == (low, high)
    assert found["retention_rate_low"] == pytest.approx(1 - high, abs=1e-12)


def test_the_customers_lost_are_listed_without_their_names(march: Business) -> None:
    """The id, the day, the tenure, the MRR and plan at the start of the month, who ended it, and why."""
    lost = measures.customers_lost(march)
    assert list(lost.columns) == ["customer_id", "lost_on", "tenure_days", "mrr", "plan", "kind", "reason"]
    row = lost.iloc[0]
    assert (row.customer_id, f"{row.lost_on:%Y-%m-%d}", row.tenure_days) == ("leaves", "2026-03-05", 54)
    assert (row.mrr, row.plan, row.kind, row.reason) == (100, "pro", "voluntary", "too_expensive")


def test_names_are_shown_only_where_the_owner_asked(opened: Any) -> None:
    """With show_names the name stands beside the id; a customer without a row has none; largest MRR first."""
    spans = [
        ("A", "2026-01-10", "2026-03-05", 10),
        ("B", "2026-01-10", "2026-03-05", 20),
        ("stranger", "2026-01-10", "2026-03-05", 30),
    ]
    customers = [
        {"customer_id": who, "signed_up_at": "2026-01-10", "name": f"Name of {who}"} for who in ("A", "B")
    ]
    with opened(spans, customers=customers, settings={"show_names": True}) as business:
        lost = measures.customers_lost(business)
    assert lost["customer_id"].tolist() == ["stranger", "B", "A"]
    assert lost["name"].tolist()[1:] == ["Name of B", "Name of A"]
    assert pd.isna(lost["name"].iloc[0])
    with opened(spans, settings={"show_names": True}) as business:
        assert "name" not in measures.customers_lost(business).columns


def test_the_owners_notes_stand_in_their_order_up_to_the_cut(march: Business) -> None:
    """A note of 1 April is none of the report of March."""
    assert measures.owner_notes(march)["note"].tolist() == ["Launch", "Price rise"]


# --- nothing ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def restart(business_of: Callable[..., Business]) -> Business:
    """A month that begins without customers: one left in January, another came in March."""
    return business_of([("A", "2025-12-10", "2026-01-05", 10), ("B", "2026-03-05", "", 10)])


def test_a_rate_over_nothing_is_nan_never_zero(restart: Business) -> None:
    """Churn, retention, gross, net, quick ratio and every line of the bridge but Stripe's."""
    churn, kept = last(measures.customer_churn(restart)), last(measures.revenue_retention(restart))
    for name in ("churn_rate", "churn_rate_low", "churn_rate_high", "retention_rate"):
        assert math.isnan(churn[name])
    assert all(math.isnan(share) for share in kept.values())
    tools = measures.bridge(restart).set_index("tool")
    assert tools.drop("Stripe")["churn_rate"].isna().all()
    assert tools.loc["Stripe", "churn_rate"] == 0


def test_a_month_without_customers_or_losses_has_its_rows(restart: Business) -> None:
    """Zeros where something is counted, no level to compare, no stage with a share."""
    moved = measures.customer_movement(restart).set_index("month")
    assert moved.loc["2026-02-01"].tolist() == [0] * 8
    mrr = measures.mrr_movement(restart).set_index("month")
    assert mrr.loc["2026-02-01"].tolist() == [Decimal(0)] * 9
    assert measures.churn_by(restart).empty
    stages = measures.losses_by_tenure(restart)
    assert stages["lost"].tolist() == [0] * 5
    assert stages["share"].isna().all()
    assert measures.switch_gap_sensitivity(restart)["churn_rate"].isna().all()
    assert measures.customers_lost(restart).empty
    assert last(measures.churn_kinds(restart)) == {
        "lost": 0, "voluntary": 0, "involuntary": 0, "kind_unknown": 0,
    }  # fmt: skip
    assert measures.bridge_customers(restart).empty


# --- change, bands, target -------------------------------------------------------------------------


def churn_table(*months: tuple[int, int]) -> pd.DataFrame:
    """A churn table from (lost, customers at start), month by month up to March 2026."""
    days = pd.date_range(end="2026-03-01", periods=len(months), freq="MS")
    frame = pd.DataFrame(months, columns=["lost", "customers_at_start"])
    return frame.assign(month=days)


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        ((4, 100), (20, 100), "rose"),
        ((20, 100), (4, 100), "fell"),
        ((4, 100), (6, 100), "no clear change"),
        ((4, 20), (10, 20), "no clear change"),  # the interval alone would say rose; p = 0.0533
        ((0, 50), (0, 50), "no clear change"),
    ],
)
def test_a_change_of_churn_has_a_verdict(before: tuple, now: tuple, verdict: str) -> None:
    """Rose and fell only where interval and p-value agree."""
    found = measures.churn_change(churn_table(before, now))
    assert found is not None
    assert found.verdict == verdict
    assert found.value == pytest.approx(now[0] / now[1] - before[0] / before[1])
    assert found.low <= found.value <= found.high


def test_a_change_against_last_year_looks_twelve_rows_back() -> None:
    """13 months are enough, 12 are not."""
    year = churn_table((20, 100), *[(5, 100)] * 11, (20, 100))
    found = measures.churn_change(year, months_back=12)
    assert found is not None
    assert found.value == 0
    assert measures.churn_change(year.iloc[1:], months_back=12) is None


@pytest.mark.parametrize("months", [[(1, 10)], [(0, 0), (1, 10)], [(1, 10), (0, 0)]])
def test_without_two_rates_there_is_no_change(months: list[tuple[int, int]]) -> None:
    """A first month, or a month that began without customers on either side."""
    assert measures.churn_change(churn_table(*months)) is None


@pytest.mark.parametrize(
    ("lost", "start", "target", "met", "away"),
    [
        (5, 100, 0.05, True, 0),  # exactly on the target
        (6, 100, 0.05, False, 1),
        (8, 100, 0.05, False, 3),
        (5, 99, 0.05, False, 1),  # 4.95 allowed: four may leave
        (1, 19, 0.05, False, 1),  # none may leave
        (0, 19, 0.05, True, 0),
        (29, 100, 0.29, True, 0),  # 100 × 0.29 is 28.999999999999996 in floats
        (7, 100, 0.07, True, 0),
        (21, 300, 0.07, True, 0),
        (300, 300, 0.07, False, 279),
    ],
)
def test_customers_away_is_how_many_more_had_to_stay(
    lost: int, start: int, target: float, met: bool, away: int
) -> None:
    """So many fewer losses meet the target; one fewer than that would not."""
    assert measures.churn_target(churn_table((lost, start)), target) == Target(target, met, away)


def test_a_month_without_customers_meets_and_misses_no_target() -> None:
    """There is no rate to hold against it."""
    assert measures.churn_target(churn_table((0, 0)), 0.05) == Target(0.05, None, None)


@pytest.mark.parametrize(
    ("lost", "start", "band"),
    [(0, 20, "good"), (49, 1000, "good"), (1, 20, "needs work"), (3, 30, "needs work"),
     (101, 1000, "serious"), (0, 0, None)],
)  # fmt: skip
def test_the_bands_of_churn(lost: int, start: int, band: str | None) -> None:
    """Good below 5 %, serious above 10 %; 5 and 10 % themselves need work."""
    named = measures.bands(rate(lost, start), rate(1, 1), Bands())
    assert named == {"churn_band": band, "retention_12_band": "good"}


@pytest.mark.parametrize(
    ("kept", "reached", "band"),
    [(71, 100, "good"), (7, 10, "needs work"), (5, 10, "needs work"), (49, 100, "serious"), (0, 0, None)],
)
def test_the_bands_of_retention_at_12_months(kept: int, reached: int, band: str | None) -> None:
    """Good above 70 %, serious below 50 %; 70 and 50 % themselves need work."""
    assert measures.bands(rate(0, 1), rate(kept, reached), Bands())["retention_12_band"] == band


# --- the bridge, the gaps --------------------------------------------------------------------------


@pytest.mark.parametrize(("mrr", "good"), [(20, "good"), (30, "needs work")])
def test_the_bands_are_the_owner_s_by_arpa(opened, mrr, good):
    """1 of 20 leaves, 5 %: good below an ARPA of 25, where the owner calls 6 % good, and not above."""
    spans = [(f"C-{n}", "2026-01-05", "2026-03-09" if n < 1 else "", mrr, "active") for n in range(20)]
    own = {"benchmarks": {"by_arpa": [{"below": 25, "churn": {"good": 0.06}}]}}
    with opened(spans, settings=own) as business:
        held = measures.benchmarks(business)
        churn = measures.churn_of_month(measures.customer_churn(business))
        assert measures.bands(churn, rate(1, 1), held)["churn_band"] == good


def test_the_bridge_names_the_customers_that_make_the_difference(opened: Any) -> None:
    """
                   February          |March                    |April
    stays          ==================|=========================
    lost           ==================|=====                              the same for every tool
    lost_twice     ==================|==   ====                          the same for every tool
    returned       ==================|==        ===============
    went                             |  ====
    joined_twice                     |  ===     ===============
    came_back      ====              |  =======================          in Stripe's base only
    back_and_gone  ====              |  ====
    """
    spans = [
        ("stays", "2026-01-10", "", 10),
        ("lost", "2026-01-10", "2026-03-05", 10),
        ("lost_twice", "2026-01-10", "2026-03-05", 10),
        ("lost_twice", "2026-03-10", "2026-03-15", 10),
        ("returned", "2026-01-10", "2026-03-05", 10),
        ("returned", "2026-03-20", "", 10),
        ("went", "2026-03-05", "2026-03-10", 10),
        ("joined_twice", "2026-03-05", "2026-03-10", 10),
        ("joined_twice", "2026-03-20", "", 10),
        ("came_back", "2026-01-10", "2026-02-05", 10),
        ("came_back", "2026-03-05", "", 10),
        ("back_and_gone", "2026-01-10", "2026-02-05", 10),
        ("back_and_gone", "2026-03-05", "2026-03-10", 10),
    ]
    with opened(spans) as business:
        listed = measures.bridge_customers(business).set_index("customer_id")
        tools = measures.bridge(business).set_index("tool")
    assert listed["why"].to_dict() == {
        "back_and_gone": "joined and left",
        "joined_twice": "joined, left and joined again",
        "returned": "left and returned",
        "went": "joined and left",
    }
    assert listed.loc["returned", "churned_for"] == "ProfitWell, Stripe, Baremetrics, Recurly"
    assert listed.loc["went", "churned_for"] == "Stripe, Baremetrics, Recurly"
    counts = {tool: (row.numerator, row.denominator) for tool, row in tools.iterrows()}
    assert counts == {
        "ours": (2, 4), "ChartMogul": (2, 4), "ProfitWell": (3, 4),
        "Stripe": (6, 8), "Baremetrics": (6, 4), "Recurly": (6, 4),
    }  # fmt: skip


def test_the_bridge_holds_rates_above_1_without_an_interval(opened: Any) -> None:
    """More leave than there were at the start: 3 of 1 is no proportion, so nothing is said about chance."""
    spans = [("A", "2026-01-10", "2026-03-05", 10)]
    spans += [(f"went-{n}", "2026-03-05", "2026-03-10", 10) for n in range(2)]
    with opened(spans) as business:
        tools = measures.bridge(business).set_index("tool")
    row = tools.loc["Baremetrics"]
    assert row["churn_rate"] == 3
    assert math.isnan(row["churn_rate_low"])
    assert math.isnan(row["churn_rate_high"])


def test_the_switch_gap_decides_who_left(opened: Any) -> None:
    """
    Over the end of March: gaps of 2, 5 and 20 days, and one who does not return. Over the end of
    February: two gaps of 5 days, which make customers at the start only from 7 days on; one of them
    leaves for good.
    """
    spans = [
        *((who, "2026-01-10", "2026-03-10", 10) for who in ("two", "five", "twenty", "gone")),
        ("two", "2026-03-12", "2026-03-29", 10),
        ("five", "2026-03-15", "", 10),
        ("twenty", "2026-03-30", "2026-03-31", 10),
        ("february", "2026-01-10", "2026-02-26", 10),
        ("february", "2026-03-03", "", 10),
        ("goes_on", "2026-01-10", "2026-02-26", 10),
        ("goes_on", "2026-03-03", "2026-03-10", 10),
        ("stays", "2026-01-10", "", 10),
    ]
    with opened(spans) as business:
        gaps = measures.switch_gap_sensitivity(business).set_index("switch_gap_days")
    assert gaps["customers_at_start"].to_dict() == {0: 5, 3: 5, 7: 7, 30: 7}
    assert gaps["lost"].to_dict() == {0: 3, 3: 3, 7: 4, 30: 4}


def test_a_longer_gap_forgives_a_return_within_it(opened: Any) -> None:
    """Lost at the end of February with gaps of 0 and 3 days, one customer all along with 7 and 30."""
    spans = [("A", "2026-01-10", "2026-02-25", 10), ("A", "2026-03-02", "", 10), ("B", "2026-01-10", "", 10)]
    with opened(spans, "2026-03") as business:
        moved = measures.customer_movement(business).set_index("month")
        gaps = measures.switch_gap_sensitivity(business).set_index("switch_gap_days")
    assert moved.loc["2026-02-01", "lost"] == 1
    assert gaps["customers_at_start"].to_dict() == {0: 1, 3: 1, 7: 2, 30: 2}


# --- by level, by tenure ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def levels(business_of: Callable[..., Business]) -> pd.DataFrame:
    """Basic loses 30 of 60, pro 2 of 60, tiny 3 of 5; solo interval; every MRR band's lower edge."""
    rows: list[tuple[object, ...]] = []
    for plan, members, lost, mrr in (("basic", 60, 30, 10), ("pro", 60, 2, 100), ("tiny", 5, 3, 500)):
        for n in range(members):
            end = "2026-03-10" if n < lost else ""
            rows.append((f"{plan}-{n}", "2026-01-10", end, mrr, "active", plan, "month"))
    rows.append(("paused", "2026-01-10", "", "", "paused", "pro", "month"))
    return measures.churn_by(business_of(rows))


def test_levels_of_each_kind_add_up_to_the_whole(levels: pd.DataFrame) -> None:
    """126 customers, 35 lost, by plan, by MRR band and by interval."""
    sums = levels.groupby("by")[["customers_at_start", "lost"]].sum()
    assert sums["customers_at_start"].to_dict() == {"interval": 126, "mrr_band": 126, "plan": 126}
    assert sums["lost"].to_dict() == {"interval": 35, "mrr_band": 35, "plan": 35}


def test_bands_begin_with_their_lower_edge_and_stand_in_their_order(levels: pd.DataFrame) -> None:
    """An MRR of 10 is in 10 to 25, of 100 in 100 to 250, of 500 in 500 and more; paused apart."""
    bands = levels[levels["by"] == "mrr_band"].set_index("level")["customers_at_start"]
    assert list(bands.items()) == [
        ("0 (paused)", 1),
        ("10 to 25", 60),
        ("100 to 250", 60),
        ("500 and more", 5),
    ]


def test_a_level_is_held_against_the_others_of_its_kind(levels: pd.DataFrame) -> None:
    """Above or below the rest where it is clear; too few below min_customers; alone there is no rest."""
    verdicts = levels.set_index(["by", "level"])["verdict"]
    assert verdicts["plan", "basic"] == "above the rest"
    assert verdicts["plan", "pro"] == "below the rest"
    assert verdicts["plan", "tiny"] == "too few"
    assert verdicts["interval", "month"] == "the only one"


def test_the_only_level_has_no_rest_whatever_the_minimum(opened: Any) -> None:
    """With min_customers 0 a single plan is still the only one; a comparison with nobody is none."""
    spans = [(f"c{n}", "2026-01-10", "2026-03-10" if n < 3 else "", 10) for n in range(10)]
    with opened(spans, settings={"min_customers": 0}) as business:
        verdicts = set(measures.churn_by(business)["verdict"])
    assert verdicts == {"the only one"}


def test_several_months_together_count_customer_months(opened: Any) -> None:
    """One who stays for February and March counts twice; a loss once."""
    spans = [("stays", "2026-01-10", "", 10), ("leaves", "2026-01-10", "2026-03-10", 10)]
    with opened(spans) as business:
        two = measures.churn_by(business, months_back=2)
        stages = measures.losses_by_tenure(business, months_back=2)
    plan = two[two["by"] == "plan"].iloc[0]
    assert (plan["customers_at_start"], plan["lost"]) == (4, 1)
    assert stages["lost"].sum() == 1


def test_stages_of_tenure_begin_on_days_0_8_31_91_and_366(opened: Any) -> None:
    """Lost at the start of March after 7 and 8, 30 and 31, 90 and 91, 365 and 366 days."""
    end = dt.date(2026, 3, 5)
    tenures = (7, 8, 30, 31, 90, 91, 365, 366, 1000)
    spans = [(f"day-{n}", str(end - dt.timedelta(days=n)), str(end), 10) for n in tenures]
    with opened(spans) as business:
        stages = measures.losses_by_tenure(business)
        moved = last(measures.customer_movement(business))
    assert stages["from_day"].tolist() == [0, 8, 31, 91, 366]
    assert stages["to_day"].tolist()[:4] == [7, 30, 90, 365]
    assert pd.isna(stages["to_day"].iloc[4])
    assert stages["lost"].tolist() == [1, 2, 2, 2, 2]
    assert set(stages["lost_in_all"]) == {9} == {moved["lost"]}


def test_who_ended_it_adds_up_to_lost(opened: Any) -> None:
    """Voluntary, involuntary and unknown, month by month."""
    spans = [(who, "2026-01-10", "2026-03-05", 10) for who in "ABCD"] + [
        ("E", "2026-01-10", "2026-02-05", 10)
    ]
    answers = [
        ("A", "2026-03-01", "too_expensive", "voluntary"),
        ("B", "2026-03-01", "", "involuntary"),
        ("C", "2026-03-01", "payment_disputed"),
        ("E", "2026-02-01", "other", "voluntary"),
    ]
    with opened(spans, cancellations=answers) as business:
        kinds = measures.churn_kinds(business).set_index("month")
    assert kinds.loc[MARCH].to_dict() == {"lost": 4, "voluntary": 1, "involuntary": 2, "kind_unknown": 1}
    assert kinds.loc["2026-02-01"].to_dict() == {
        "lost": 1, "voluntary": 1, "involuntary": 0, "kind_unknown": 0,
    }  # fmt: skip

"""How long customers stay, as it is shown: sentences at their edges, figures with words."""

import datetime as dt
import math
import re
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from test_survival import grouped, tenures_of

from retention_helpers.business import Business
from retention_helpers.measurement import survival
from retention_helpers.measurement.said import survival as said_survival
from retention_helpers.shown import figures
from retention_helpers.shown.tables import table
from retention_helpers.shown.units import MONEY, P_VALUE, TENTHS, TEXT
from retention_helpers.statistics.curves import Median

ODD = re.compile(r"\b(nan|None|inf|1 customers|1 months)\b|  |\.\.| ,")
NO_MEDIAN = Median(math.nan, math.nan, math.nan)


def at(*shares: float | None) -> pd.DataFrame:
    """Survival at months 1, 3, 6, 12, as far as given."""
    frame = pd.DataFrame({"k": [1, 3, 6, 12][: len(shares)], "survival": np.array(shares, dtype=float)})
    low, high = frame["survival"] - 0.1, frame["survival"] + 0.05
    return frame.assign(at_risk=40, survival_low=low, survival_high=high)


# --- sentences -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lost_after", "said"),
    [
        ([1, 0, 0], "1 of 3 customers has been lost at least once; the other 2 are followed"),
        ([1, 0], "1 of 2 customers has been lost at least once; the other one is followed"),
        ([0, 0], "Nobody of 2 customers has been lost yet."),
        ([1, 1], "2 of 2 customers have been lost at least once."),
    ],
)
def test_whom_the_curves_follow(lost_after: list[int], said: str) -> None:
    """Some, one, nobody, everybody lost."""
    text = said_survival.basis(survival.basis(tenures_of(lost_after))).text
    assert text.startswith(said)
    assert not ODD.search(text)


def test_a_late_history_is_said() -> None:
    """From which day they count, and how many take no part."""
    rows = tenures_of([1, 0, 0, 2]).assign(entry_days=[0, 40, 0, 40], is_in_sight=[True, True, True, False])
    text = said_survival.basis(survival.basis(rows, dt.date(2026, 1, 1))).text
    assert "lost before 1 January 2026 is missing from the data" in text
    assert "so 1 customer who began before it counts from that day on." in text
    assert text.endswith("1 customer lost before it takes no part.")
    assert not ODD.search(text)


def test_still_there_and_the_median_in_words() -> None:
    """As far as it is followed; a median with both ends, with one, and none."""
    both = said_survival.still_there(at(0.9, 0.8, None), Median(100, 80, 130)).text
    assert "90.0 % (80.0–95.0 %) after 1 month and 80.0 % (70.0–85.0 %) after 3 months" in both
    assert "Half are lost by day 100; the data are compatible with anything from day 80 to day 130." in both
    one = said_survival.still_there(at(0.9), Median(100, 80, math.nan)).text
    assert "compatible with day 80 or any later one" in one
    of_months = said_survival.still_there(at(0.9), survival.OfMonths(273, 214, math.nan)).text
    assert of_months.endswith(
        "Half are lost after 9 months; the data are compatible with 7 or any later one."
    )
    none = said_survival.still_there(at(0.9), NO_MEDIAN).text
    assert "More than half are still there" in none
    nobody = said_survival.still_there(at(None), NO_MEDIAN).text
    assert nobody == "Nobody has been followed from the first day through a full month yet."
    assert not any(ODD.search(text) for text in (both, one, none, nobody))


def test_heavy_months_in_words() -> None:
    """None, one, several; too few to compare."""
    steady = [month for month in range(1, 13) for _ in range(8)]
    one = tenures_of([1] * 120 + steady + [0] * 180, 12)
    two = tenures_of([1] * 120 + [2] * 90 + steady + [0] * 180, 12)
    for rows, said in (
        (tenures_of(steady + [0] * 200, 12), "No month of tenure stands out from the others: 3."),
        (one, "Month 1 of tenure stands out: 32."),
        (two, "Months 1 and 2 of tenure stand out: 2"),
        (tenures_of([1, 0, 0]), "Too few customers have been followed"),
    ):
        months = survival.loss_by_month_of_tenure(rows, min_customers=20)
        text = said_survival.heavy_months(months).text
        assert text.startswith(said), text
        assert not ODD.search(text)


def test_no_loss_has_no_picture() -> None:
    """Forty who have all stayed for six months; with one of them lost there is something to see."""
    for lost, is_drawn in (([0] * 40, False), ([2] + [0] * 39, True)):
        months = survival.loss_by_month_of_tenure(tenures_of(lost, 6), min_customers=20)
        assert len(months) and (figures.loss_by_month_of_tenure(months) is not None) == is_drawn


def test_groups_in_words() -> None:
    """They differ, with the share of each; no clear difference; nothing to compare."""
    rows = grouped({"solo": 60, "team": 60}, {"solo": 2, "team": 10})
    rows = rows.assign(start_year=[2025, 2025, 2026] * 40)
    levels = survival.by_group(rows, min_customers=20)
    text = said_survival.groups(levels, survival.group_tests(rows, min_customers=20)).text
    assert "By first plan, customers clearly differ" in text
    assert "after 3 months there are still 50.0 %" in text
    assert " of solo and 90.0 %" in text
    assert "By year of start, there is no clear difference" in text
    few = rows.head(5)
    nothing = said_survival.groups(
        survival.by_group(few, min_customers=20), survival.group_tests(few, min_customers=20)
    ).text
    assert nothing.count("too few groups") == 2
    assert not any(ODD.search(said) for said in (text, nothing))


def test_causes_in_words() -> None:
    """Only causes that there are; nobody lost; nobody followed through a month."""
    rows = tenures_of([1] * 5 + [2] * 5 + [0] * 30, 3)
    found = survival.causes_at_months(survival.causes(rows))
    text = said_survival.causes(found).text
    assert text.startswith("Of all who begin, after 3 months 25.0 %")
    assert "decided to leave" in text
    assert "payment" not in text
    nobody = survival.causes_at_months(survival.causes(tenures_of([0] * 10, 3)))
    assert said_survival.causes(nobody).text == "After 3 months, nobody is lost."
    young = survival.causes_at_months(survival.causes(tenures_of([0] * 10, 0)))
    assert said_survival.causes(young).text.startswith("Nobody has been followed")


def worth_of(ltv: float | None, *, arpa: int | None = 45) -> pd.DataFrame:
    amount = None if ltv is None else Decimal(str(ltv))
    ends = [None if amount is None else amount * share for share in (Decimal("0.5"), Decimal(2))]
    return pd.DataFrame(
        {
            "measure": [survival.ARPA, survival.LTV],
            "amount": [arpa, amount],
            "amount_low": [None, ends[0]],
            "amount_high": [None, ends[1]],
        }
    ).astype(object)


def test_a_year_that_nobody_could_be_followed_for(business_of: Callable[..., Business]) -> None:
    """Twenty began fourteen months before the end and left after five; ten began eight before it and stay:
    what those will bring in from the ninth month on nobody knows, however many began long ago."""
    spans = [(f"A-{nth:02}", "2024-01-05", "2024-06-05", 10) for nth in range(20)]
    spans += [(f"B-{nth:02}", "2024-07-05", "", 10) for nth in range(10)]
    business = business_of(spans, month="2025-02")
    found = survival.restricted_revenue(business, survival.tenures(business)).iloc[0]
    assert found["followed"] == 20 and np.isnan(found["revenue"])
    stayed = pd.DataFrame({"months": [np.nan], "months_low": [np.nan], "months_high": [np.nan]})
    text = said_survival.revenue(pd.DataFrame([found]), stayed, worth_of(None)).text
    assert (
        "Over 12 months there is no number yet: 20 customers began so long ago, all of them left, and who is "
        "still there began later." in text
    )


def test_revenue_in_words() -> None:
    """With and without a number for each horizon; without one for the LTV where nobody was lost."""
    revenue = pd.DataFrame(
        {
            "horizon": [12, 24],
            "followed": [30, 1],
            "revenue": [427.6, np.nan],
            "revenue_low": [394.0, np.nan],
            "revenue_high": [464.2, np.nan],
        }
    )
    stayed = pd.DataFrame(
        {"months": [8.0, np.nan], "months_low": [7.6, np.nan], "months_high": [8.3, np.nan]}
    )
    text = said_survival.revenue(revenue, stayed, worth_of(900.0), "EUR").text
    assert "brings in EUR 428 (394–464) in the first 12 months, and stays for 8.0 (7.6–8.3) of them." in text
    assert "Over 24 months there is no number yet: 1 customer began so long ago, and it takes 10." in text
    assert "ARPA / churn would say EUR 900" in text
    assert "anything from 450 to 1,800" in text
    nobody = said_survival.revenue(revenue.assign(followed=0), stayed, worth_of(None)).text
    assert "nobody began so long ago" in nobody
    assert "nobody was lost in the month" in nobody
    empty = said_survival.revenue(revenue, stayed, worth_of(None, arpa=None)).text
    assert empty.endswith("ARPA / churn gives no number: the month ended without customers.")
    assert not any(ODD.search(said) for said in (text, nobody))


# --- tables and figures ----------------------------------------------------------------------------


def test_estimates_have_their_interval_in_their_own_unit() -> None:
    """Amounts in whole units from 100 on; months with one decimal; p as a number; a missing one a dash."""
    frame = pd.DataFrame(
        {
            "measure": ["revenue", "ARPA", "LTV"],
            "amount": [Decimal("427.68"), Decimal("57.598"), None],
            "amount_low": [Decimal("393.99"), None, None],
            "amount_high": [Decimal("464.24"), None, None],
        }
    ).astype(object)
    assert [cell for _, cell in table(frame, "worth", {"measure": TEXT, "amount": MONEY}).rows] == [
        "428 (394–464)",
        "57.60",
        "–",
    ]
    months = pd.DataFrame(
        {"months": [8.0006, np.nan], "months_low": [7.6, np.nan], "months_high": [8.3, np.nan]}
    )
    assert table(months, "stayed", {"months": TENTHS}).rows == (("8.0 (7.6–8.3)",), ("–",))
    assert table(pd.DataFrame({"p_value": [1e-9, 0.5, np.nan]}), "p", {"p_value": P_VALUE}).rows == (
        ("below 0.001",),
        ("0.500",),
        ("–",),
    )


def test_the_words_of_the_curve_are_its_numbers(sample: Business) -> None:
    """Each stated month stands in the text as it stands in the table."""
    curve = survival.curve(survival.tenures(sample))
    words = figures.survival(curve).alt
    for row in survival.at_months(curve, months=(1, 3, 6, 12)).itertuples():
        assert f"month {row.k}: {100 * row.survival:.1f} %" in words


def test_the_curve_ends_where_fewer_than_ten_are_at_risk() -> None:
    """Thirty begin, twelve are left for month 3 and nine for month 6: the words stop at month 3."""
    rows = pd.concat([tenures_of([0] * 18, 2), tenures_of([0] * 3, 4), tenures_of([0] * 9, 12)])
    words = figures.survival(survival.curve(rows)).alt
    assert "month 3: 100.0 %" in words
    assert "month 6" not in words


def test_there_is_no_picture_of_nothing() -> None:
    """Fewer than ten customers; nobody lost; no group that is large enough; no month."""
    few = tenures_of([1] * 5 + [0] * 4)
    assert figures.survival(survival.curve(few)) is None
    assert figures.lost_by_cause(survival.causes(few)) is None
    assert figures.lost_by_cause(survival.causes(tenures_of([0] * 20))) is None
    none = survival.curves_by_plan(few, min_customers=20)
    assert figures.survival_by_level(none, title="By plan") is None
    months = survival.loss_by_month_of_tenure(few.head(0), min_customers=20)
    assert figures.loss_by_month_of_tenure(months) is None


def test_of_many_plans_the_largest_are_drawn() -> None:
    """Seven plans of 20 to 26 customers: five are drawn, and the title says so."""
    rows = grouped({f"plan {nth}": 20 + nth for nth in range(7)}, {f"plan {nth}": 4 for nth in range(7)})
    figure = figures.survival_by_level(survival.curves_by_plan(rows, min_customers=20), title="By plan")
    assert "the 5 largest of 7" in figure.alt
    assert "plan 6" in figure.alt
    assert "plan 1" not in figure.alt


def test_heavy_months_are_named_in_the_figure() -> None:
    """With their share and its interval."""
    steady = [month for month in range(1, 13) for _ in range(8)]
    months = survival.loss_by_month_of_tenure(
        tenures_of([1] * 120 + steady + [0] * 180, 12), min_customers=20
    )
    assert "Above the rest: month 1 3" in figures.loss_by_month_of_tenure(months).alt

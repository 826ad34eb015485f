"""Cohort triangles by hand, on the calendar clock and on the anniversary clock."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from scipy.stats import fisher_exact

from retention_helpers import monthly_review
from retention_helpers.business import Business
from retention_helpers.measurement import cohorts, measures
from retention_helpers.measurement.said import month as said_measurement
from retention_helpers.statistics.intervals import Change, with_rate
from retention_helpers.words import calendar


def cell(triangle: pd.DataFrame, cohort: str, k: int) -> Any:
    """One cell; None where there is none."""
    found = triangle[(triangle["cohort"] == f"{cohort}-01") & (triangle["k"] == k)]
    return found.iloc[0] if len(found) else None


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


def test_the_calendar_clock_looks_at_the_ends_of_calendar_months(six: Business) -> None:
    """k = 0 is the end of the cohort's own month; a return counts again; a short stay only in the size."""
    triangle = cohorts.calendar_triangle(six)
    found = {(f"{row.cohort:%m}", row.k): (row.size, row.retained) for row in triangle.itertuples()}
    assert found == {
        ("01", 0): (5, 3),
        ("01", 1): (5, 1),
        ("01", 2): (5, 2),
        ("03", 0): (1, 1),
    }
    first = cell(triangle, "2026-01", 0)
    assert (first["rate"], first["month"]) == (0.6, pd.Timestamp("2026-01-01"))


def test_a_month_in_which_nobody_began_is_no_cohort(six: Business) -> None:
    """February is left out on both clocks."""
    assert "2026-02-01" not in set(cohorts.calendar_triangle(six)["cohort"].astype(str))
    assert "2026-02-01" not in set(cohorts.anniversary_triangle(six)["cohort"].astype(str))


def test_the_cells_of_a_month_add_up_to_its_customers_at_end(six: Business) -> None:
    """On the calendar clock, month by month."""
    sums = cohorts.calendar_triangle(six).groupby("month")["retained"].sum()
    moved = measures.customer_movement(six).set_index("month")["customers_at_end"]
    assert sums.to_dict() == moved.to_dict()


def test_who_does_not_renew_on_the_day_is_not_retained_at_month_1(six: Business) -> None:
    """Ended on 10 February: gone at month 1. Ended on the 11th: still there at the end of the 10th."""
    first = cell(cohorts.anniversary_triangle(six), "2026-01", 1)
    assert (first["size"], first["reached"], first["retained"]) == (5, 5, 2)


def test_a_cell_that_nobody_has_reached_is_left_out(six: Business) -> None:
    """March has no month 1 at the end of March; January has two months and no third."""
    triangle = cohorts.anniversary_triangle(six)
    assert cell(triangle, "2026-03", 1) is None
    assert sorted(triangle["k"]) == [1, 2]


def test_a_return_counts_at_the_anniversary_after_it(six: Business) -> None:
    """Back on 5 March, there at month 2 on 10 and 12 March."""
    second = cell(cohorts.anniversary_triangle(six), "2026-01", 2)
    assert second["retained"] == 2


# --- the last day of the month ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def last_days(business_of: Callable[..., Business]) -> Business:
    """
    First days on 29, 30 and 31 January 2026: month 1 is 28 February for all three, month 2 is 29, 30 and
    31 March. `renews_not` ends on 28 February, `renews` on 1 March, `counts_from_first` on 31 March.
    """
    return business_of(
        [
            ("renews_not", "2026-01-29", "2026-02-28", 10),
            ("renews", "2026-01-30", "2026-03-01", 10),
            ("counts_from_first", "2026-01-31", "2026-03-31", 10),
            ("stays", "2026-01-31", "", 10),
        ]
    )


def test_the_31st_counts_to_the_last_day_of_a_shorter_month(last_days: Business) -> None:
    """An end on 28 February is before the end of that day, one on 1 March is not."""
    first = cell(cohorts.anniversary_triangle(last_days), "2026-01", 1)
    assert (first["reached"], first["retained"]) == (4, 3)


def test_month_2_of_the_31st_is_the_31st_again(last_days: Business) -> None:
    """Counted from the first day, not from 28 February: an end on 31 March is too early."""
    second = cell(cohorts.anniversary_triangle(last_days), "2026-01", 2)
    assert (second["reached"], second["retained"]) == (4, 1)


def test_a_cell_is_final_when_the_switch_gap_has_passed_for_everybody(last_days: Business) -> None:
    """Month 2 of the last member is over with 31 March; three days more make 4 April."""
    triangle = cohorts.anniversary_triangle(last_days)
    first, second = cell(triangle, "2026-01", 1), cell(triangle, "2026-01", 2)
    assert (bool(first["final"]), first["final_on"].date()) == (True, dt.date(2026, 3, 4))
    assert (bool(second["final"]), second["final_on"].date()) == (False, dt.date(2026, 4, 4))


@pytest.mark.parametrize(
    ("first_day", "gap", "final", "final_on"),
    [
        ("2026-02-27", 3, True, "2026-03-31"),
        ("2026-02-28", 3, True, "2026-04-01"),
        ("2026-02-28", 4, False, "2026-04-02"),
        ("2026-01-31", 0, True, "2026-04-01"),
        ("2026-01-31", 1, False, "2026-04-02"),
    ],
)
def test_final_on_is_the_day_from_which_the_cell_stays_as_it_is(
    opened: Any, first_day: str, gap: int, final: bool, final_on: str
) -> None:
    """The day after the month's day plus the gap: final at that midnight, not a day before."""
    with opened([("A", first_day, "", 10)], settings={"switch_gap_days": gap}) as business:
        last = cohorts.anniversary_triangle(business).iloc[-1]
    assert (bool(last["final"]), str(last["final_on"].date())) == (final, final_on)


def test_a_leap_day_has_its_anniversary_on_the_last_of_february(opened: Any) -> None:
    """29 February 2024 plus 12 months is 28 February 2025, plus 24 is 28 February 2026."""
    spans = [("to_28", "2024-02-29", "2025-02-28", 10), ("to_1_march", "2024-02-29", "2025-03-01", 10)]
    with opened(spans, "2025-03") as business:
        triangle = cohorts.anniversary_triangle(business)
    year = cell(triangle, "2024-02", 12)
    assert (year["reached"], year["retained"]) == (2, 1)


def test_the_anniversary_is_a_day_of_the_business_time_zone(opened: Any) -> None:
    """31 January 20:00 UTC is 1 February in Auckland: another cohort, another day."""
    spans = [("A", "2026-01-31T20:00:00Z", "2026-03-01", 10)]
    for zone, cohort, retained in (("UTC", "2026-01", 1), ("Pacific/Auckland", "2026-02", 0)):
        with opened(spans, settings={"time_zone": zone}) as business:
            triangle = cohorts.anniversary_triangle(business)
        assert cell(triangle, cohort, 1)["retained"] == retained


def test_a_business_in_its_first_month_has_no_anniversary_yet(opened: Any) -> None:
    """An empty table with all its columns, and no error downstream."""
    with opened([("A", "2026-03-05", "", 10)]) as business:
        triangle = cohorts.anniversary_triangle(business)
        assert triangle.empty
        assert {"rate", "rate_low", "rate_high", "final", "final_on"} <= set(triangle.columns)
        assert pd.isna(cohorts.retention_after(triangle, 12).value)
        assert cohorts.recent_cohorts(triangle).empty
        assert cohorts.recent_change(triangle) is None
        records = cohorts.as_records(cohorts.calendar_triangle(business), triangle)
    assert records == [
        {
            "cohort": "2026-03",
            "size": 1,
            "calendar": {
                "0": {"retained": 1, "rate": 1.0, "low": pytest.approx(0.2065, abs=1e-4), "high": 1}
            },
            "anniversary": {},
        }
    ]


# --- cohorts together ------------------------------------------------------------------------------


def anniversary_frame(rows: list[tuple[str, int, int, int, bool]]) -> pd.DataFrame:
    """A triangle on the anniversary clock: cohort, k, reached, retained, final."""
    frame = pd.DataFrame(rows, columns=["cohort", "k", "reached", "retained", "final"])
    return frame.assign(cohort=pd.to_datetime(frame["cohort"] + "-01"), size=frame["reached"])


def test_retention_after_k_pools_everybody_who_reached_it() -> None:
    """10 of 20 and 3 of 5 are 13 of 25, without the cell that is not final; nobody at k = 12 is no rate."""
    triangle = anniversary_frame(
        [("2026-01", 1, 20, 10, True), ("2026-02", 1, 5, 3, True), ("2026-03", 1, 9, 9, False)]
    )
    pooled = cohorts.retention_after(triangle, 1)
    assert (pooled.numerator, pooled.denominator, pooled.value) == (13, 25, 0.52)
    assert pd.isna(cohorts.retention_after(triangle, 12).value)


def test_recent_cohorts_are_the_latest_with_a_final_cell() -> None:
    """The unfinished cell of May is in neither part."""
    triangle = anniversary_frame(
        [
            ("2026-01", 1, 40, 10, True),
            ("2026-02", 1, 40, 10, True),
            ("2026-03", 1, 40, 30, True),
            ("2026-04", 1, 40, 30, True),
            ("2026-05", 1, 40, 40, False),
        ]
    )
    parts = cohorts.recent_cohorts(triangle, cohorts=2).set_index("cohorts")
    assert tuple(parts.loc["latest 2", ["reached", "retained"]]) == (80, 60)
    assert tuple(parts.loc["earlier", ["reached", "retained"]]) == (80, 20)
    assert parts.loc["latest 2", "first_cohort"] == pd.Timestamp("2026-03-01")
    change = cohorts.recent_change(triangle, cohorts=2)
    assert change is not None
    assert (change.value, change.verdict) == (0.5, "rose")
    assert 0 < change.low < 0.5 < change.high
    assert cohorts.recent_change(triangle, cohorts=4) is None


@pytest.mark.parametrize(("lasts", "months"), [(28, 1), (90, 4), (365, 12)])
def test_newcomers_of_a_shop_are_told_when_their_first_purchase_has_lapsed(
    business_of: Callable[..., Business], lasts: int, months: int
) -> None:
    """From 1 February to 1 May it is 89 days. One of two buys again in every month, the other never does: at
    the month that is told half of them are there, and a month before somebody always is who cannot be lost.
    """
    people = [{"customer_id": f"B-{n:02}", "signed_up_at": f"2023-{1 + n % 12:02}-01"} for n in range(48)]
    bought = [
        (one["customer_id"], str(calendar.months_after(dt.date(2023, 1 + n % 12, 1), k)), 20)
        for n, one in enumerate(people)
        for k in (range(18) if n < 24 else range(1))
    ]
    shop = business_of(None, month="2025-06", customers=people, orders=bought, settings={"lapse_days": lasts})
    assert cohorts.told_after(shop) == months
    triangle = cohorts.anniversary_triangle(shop)
    latest = cohorts.recent_cohorts(triangle, k=months, cohorts=12).iloc[0]
    assert (latest["k"], latest["rate"]) == (months, 0.5)
    if months > 1:
        assert cohorts.recent_cohorts(triangle, k=months - 1, cohorts=12).iloc[0]["rate"] > 0.5
    no_aims = pd.DataFrame(columns=["name", "target", "value", "met"])
    card = monthly_review.newcomers_card(triangle, cohorts.recent_cohorts(triangle, k=months), None, no_aims)
    past = {1: "month", 4: "four months", 12: "12 months"}[months]
    assert f"stayed past their first {past}: 50 %" in repr(card)


def test_cohorts_that_differ_as_cohorts_do_are_no_change() -> None:
    """1,000 a month, of whom 4 to 12 % leave in the first: 10 % in the last three are not news.

    By chance alone, 300 of 3,000 against 960 of 12,000 would be (Fisher: p = 0.0005). A quarter is news.
    """
    left = [40, 120, 60, 100, 80, 110, 50, 90, 70, 100, 40, 100]
    dates = pd.date_range("2025-01-01", periods=15, freq="MS").strftime("%Y-%m")

    def moved(latest: int) -> Change | None:
        each = zip(dates, [*left, latest, latest, latest], strict=True)
        return cohorts.recent_change(anniversary_frame([(on, 1, 1000, 1000 - n, True) for on, n in each]))

    as_before, worse = moved(100), moved(250)
    assert fisher_exact([[300, 2700], [960, 11040]]).pvalue < 0.001
    assert as_before is not None and worse is not None
    assert (as_before.value, as_before.verdict) == (pytest.approx(-0.02), "no clear change")
    assert as_before.low < 0 < as_before.high
    assert (worse.value, worse.verdict) == (pytest.approx(-0.17), "fell")


def three_months_on(retained: list[int], reached: list[int], *, last_is_final: bool = True) -> pd.DataFrame:
    """The cells at month 3 of an anniversary triangle, a cohort a month."""
    frame = pd.DataFrame({"retained": retained, "reached": reached})
    frame["cohort"] = pd.date_range("2024-01-01", periods=len(frame), freq="MS")
    final = [*[True] * (len(frame) - 1), last_is_final]
    return with_rate(frame.assign(k=3, final=final), "rate", "retained", "reached")


def test_a_cohort_stands_out_against_the_others_together() -> None:
    """Nine of 80 in a hundred, one of 50; one of 10 customers says nothing, one is not final yet."""
    cells = three_months_on([80] * 9 + [50, 7, 0], [100] * 10 + [10, 100], last_is_final=False)
    found = cohorts.standing_out(cells, min_customers=20)
    assert found["verdict"].tolist() == ["no clear difference"] * 9 + ["below the rest", "too few"]
    said = said_measurement.standing_out(found).text
    assert said.startswith("Clearly different after 3 months: October 2024 with 50.0 % (40.4–59.6 %), below")
    assert "10 cohorts were large enough" in said
    assert said.endswith("for looking at all of them, and for how much the others differ.")


def test_a_cohort_stands_out_by_more_than_the_others_differ() -> None:
    """Of 1,000 each 70 to 90 % stay; 66 % is not different from these, 30 % is.

    Chance alone would call every one of them different (Fisher's exact test, from scipy). The limit is
    Student's with 11 degrees of freedom: 80 ± 2.20 × 7.4 × √(1 + 1/12), about 63 to 97 %.
    """
    stayed = [700, 720, 740, 760, 780, 800, 820, 840, 860, 880, 900, 800]
    assert fisher_exact([[660, 340], [sum(stayed), 12_000 - sum(stayed)]]).pvalue < 1e-20
    verdicts = [
        cohorts.standing_out(three_months_on([*stayed, latest], [1000] * 13), min_customers=20)["verdict"]
        for latest in (660, 300)
    ]
    assert set(verdicts[0]) == {"no clear difference"}
    assert verdicts[1].tolist() == ["no clear difference"] * 12 + ["below the rest"]


def test_of_so_few_cohorts_a_usual_spread_is_assumed_and_said() -> None:
    """Seven others of 20 % lost cannot tell how much cohorts differ: 4 points are allowed for it.

    Of 1,000 each, 75 against 80 % is more than chance and less than that; 50 % is more.
    """
    assert fisher_exact([[750, 250], [5600, 1400]]).pvalue < 0.001
    verdicts = []
    for latest in (750, 500):
        found = cohorts.standing_out(three_months_on([800] * 7 + [latest], [1000] * 8), min_customers=20)
        verdicts.append(found["verdict"].iloc[-1])
    assert verdicts == ["no clear difference", "below the rest"]
    assert "losses that differ by 20 % anyway" in said_measurement.standing_out(found).text


def test_looking_at_many_cohorts_is_allowed_for() -> None:
    """33 of 40 against 95 %: different where it is one of two (Fisher's p about 0.005), not as one of 24."""
    of_two = cohorts.standing_out(three_months_on([950, 33], [1000, 40]), min_customers=20)
    of_many = cohorts.standing_out(three_months_on([950] * 23 + [33], [1000] * 23 + [40]), min_customers=20)
    assert 0.003 < fisher_exact([[33, 7], [950, 50]]).pvalue < 0.008
    assert of_two["verdict"].tolist() == ["above the rest", "below the rest"]
    assert of_many["verdict"].iloc[-1] == "no clear difference"


def test_cohorts_that_are_all_alike_have_no_least_and_most() -> None:
    """Everybody is still there in both."""
    cells = three_months_on([10, 20], [10, 20]).assign(size=[10, 20])
    assert said_measurement.triangle(cells, k=3).text == "At month 3, all 2 cohorts stand at 100 %."


def test_one_loss_is_said_as_one() -> None:
    """Not "of the 1 customer lost, 1 left"."""
    kinds = {
        "month": [pd.Timestamp("2026-03-01")],
        "lost": 1,
        "voluntary": 1,
        "involuntary": 0,
        "kind_unknown": 0,
    }
    said = said_measurement.churn_kinds(pd.DataFrame(kinds)).text
    assert said == "One customer was lost, and decided to leave."


def test_only_the_latest_two_dozen_cohorts_are_compared() -> None:
    """A very bad cohort of three years ago is no news, and no measure of the others."""
    found = cohorts.standing_out(three_months_on([0, *[80] * 24], [100] * 25), min_customers=20)
    assert len(found) == cohorts.COMPARED
    assert set(found["verdict"]) == {"no clear difference"}
    assert "None of the 24 cohorts" in said_measurement.standing_out(found).text


def test_findings_hold_every_cell_of_both_triangles(six: Business) -> None:
    """A record a cohort; a cell of the anniversary clock says since or from when it is final."""
    records = {
        record["cohort"]: record
        for record in cohorts.as_records(cohorts.calendar_triangle(six), cohorts.anniversary_triangle(six))
    }
    assert list(records) == ["2026-01", "2026-03"]
    january = records["2026-01"]
    assert january["size"] == 5
    assert {k: c["retained"] for k, c in january["calendar"].items()} == {"0": 3, "1": 1, "2": 2}
    assert january["anniversary"]["1"]["final_on"] == "2026-02-16"
    assert january["anniversary"]["1"]["final"] is True

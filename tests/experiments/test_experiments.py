"""Experiments on businesses: who counts, what became of them, how it is read, what is kept of the plan."""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, chisquare

from retention_helpers import experiments
from retention_helpers.business import Business
from retention_helpers.experiments import observational, split
from retention_helpers.statistics import intervals
from retention_helpers.statistics.looks import difference
from retention_helpers.statistics.power import size

PLAN: dict[str, Any] = {
    "hypothesis": "it helps",
    "started_on": dt.date(2026, 1, 1),
    "randomised": True,
    "arms": {"control": 0.5, "treated": 0.5},
    "outcome": {"kind": "retained", "days": 30},
    "smallest_effect": 0.2,
    "baseline": 0.6,
    "looks": "monthly",
}


def plan_of(**changes: Any) -> dict[str, Any]:
    """The plan above with some keys changed; None takes one out."""
    return {key: value for key, value in {**PLAN, **changes}.items() if value is not None}


def day(text: str, later: int = 0) -> str:
    return str(dt.date.fromisoformat(text) + dt.timedelta(days=later))


def read(business: Business, earlier: Mapping[str, Any] | None = None) -> experiments.Reading:
    return experiments.read(business, experiments.plans(business, earlier or {}))


def row_of(frame: pd.DataFrame, **where: str) -> pd.Series:
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


# --- who counts, and what became of them -----------------------------------------------------------


@pytest.fixture(scope="module")
def followed(business_of: Callable[..., Business]) -> pd.DataFrame:
    """Assigned on 1 January, looked at at the end of 31 January (day 30); as_of 1 March 2026.

                    1 Jan           31 Jan      28 Feb
    stays           ================|===========            retained
    ends_day_30     ===============x|                       ended on 31 January: not retained
    ends_day_31     ================|x                      ended on 1 February: retained
    pauses          ====------------|-----======            retained, not paying
    asked           ====?===========|===========            retained, but asked on 5 January
    gap             =====..=========|===========            two days without: a plan switch, retained
    returns         ====x......=====|===========            ended and came back: retained, but cancelled
    trial           ttttttt=========|===========            began after a trial
    never           tttttttt        |                       a trial that never paid
    late            (assigned on 10 February: not matured)
    """
    spans = [
        ("stays", "2025-12-01", "", 10),
        ("ends_day_30", "2025-12-01", "2026-01-31", 10),
        ("ends_day_31", "2025-12-01", "2026-02-01", 10),
        ("pauses", "2025-12-01", "2026-01-05", 10),
        ("pauses", "2026-01-05", "2026-02-14", 0, "paused"),
        ("pauses", "2026-02-14", "", 10),
        ("asked", "2025-12-01", "", 10),
        ("gap", "2025-12-01", "2026-01-06", 10),
        ("gap", "2026-01-08", "", 20),
        ("returns", "2025-12-01", "2026-01-05", 10),
        ("returns", "2026-01-20", "", 10),
        ("trial", "2026-01-01", "2026-01-15", 0, "trialing"),
        ("trial", "2026-01-15", "", 10),
        ("never", "2026-01-01", "2026-01-16", 0, "trialing"),
        ("late", "2025-12-01", "", 10),
    ]
    names = list(dict.fromkeys(span[0] for span in spans))
    business = business_of(
        spans,
        month="2026-02",
        cancellations=[("asked", "2026-01-05", "too_expensive", "voluntary")],
        events=[
            ("stays", "2026-01-31T09:00", "exported"),
            ("pauses", "2026-02-01T09:00", "exported"),
            ("asked", "2025-12-31T09:00", "exported"),
            ("gap", "2026-01-01T08:30", "exported"),
            ("trial", "2026-01-01T07:30", "exported"),
        ],
        assignments=[
            (name, who, "control", "2026-02-10" if who == "late" else "2026-01-01T08:00")
            for name in ("kept", "exports", "uncancelled")
            for who in names
        ],
        experiments={
            "kept": PLAN,
            "exports": plan_of(outcome={"kind": "event", "days": 30, "name": "exported"}),
            "uncancelled": plan_of(outcome={"kind": "not_cancelled", "days": 30}),
        },
    )
    return experiments.assigned(business).set_index(["experiment", "customer_id"])


@pytest.mark.parametrize(
    ("outcome", "made_it"),
    [
        ("retained", {"stays", "ends_day_31", "pauses", "asked", "gap", "returns", "trial", "late"}),
        ("paying", {"stays", "ends_day_31", "asked", "gap", "returns", "trial", "late"}),
        ("not_cancelled", {"stays", "ends_day_31", "pauses", "gap", "trial", "never", "late"}),
    ],
)
def test_an_outcome_is_looked_at_at_the_end_of_its_day(
    followed: pd.DataFrame, outcome: str, made_it: set[str]
) -> None:
    """See the timeline; who has not matured is looked at as far as is known, and counts nowhere."""
    rows = followed.loc["kept"]
    assert set(rows.index[rows[outcome]]) == made_it


def test_an_event_counts_from_the_draw_to_the_end_of_its_day(followed: pd.DataFrame) -> None:
    """Drawn at 8: half past 8 counts, half past 7, the day before and day 31 do not."""
    rows = followed.loc["exports"]
    assert set(rows.index[rows["success"]]) == {"stays", "gap"}


def test_matured_is_whose_day_is_over(followed: pd.DataFrame) -> None:
    """Assigned on 10 February: day 30 is 12 March, after the cut."""
    rows = followed.loc["kept"]
    assert set(rows.index[~rows["reached"]]) == {"late"}
    assert set(rows.loc[rows["reached"], "matured_in"]) == {"2026-01"}


def test_the_curve_ends_where_service_did(followed: pd.DataFrame) -> None:
    """Days to the first end of service, or to the last known day, 28 February; a trial waits."""
    rows = followed.loc["kept"]
    told = {who: (row.curve_days, row.curve_ended) for who, row in rows.iterrows()}
    assert told == {
        "stays": (58, False),
        "ends_day_30": (30, True),
        "ends_day_31": (31, True),
        "pauses": (58, False),
        "asked": (58, False),
        "gap": (58, False),
        "returns": (4, True),
        "trial": (58, False),
        "never": (15, True),
        "late": (18, False),
    }
    rows = followed.loc["uncancelled"]
    assert (rows.loc["asked", "curve_days"], rows.loc["asked", "curve_ended"]) == (4, True)
    rows = followed.loc["exports"]
    assert (rows.loc["stays", "curve_days"], rows.loc["stays", "curve_ended"]) == (30, True)


def test_who_was_assigned_twice_counts_in_the_first_arm(business_of: Callable[..., Business]) -> None:
    """The same arm twice is no second arm; another one is."""
    business = business_of(
        [(who, "2025-12-01", "", 10) for who in "abc"],
        month="2026-02",
        assignments=[
            ("x", "a", "treated", "2026-01-03"),
            ("x", "a", "control", "2026-01-02"),
            ("x", "b", "control", "2026-01-02"),
            ("x", "b", "control", "2026-01-05"),
            ("x", "c", "treated", "2026-01-02"),
            ("unplanned", "c", "treated", "2026-01-02"),
        ],
        experiments={"x": PLAN},
    )
    rows = experiments.assigned(business)
    assert rows["arm"].tolist() == ["control", "control", "treated"]
    assert [sorted(str(arms).split()) for arms in rows["arms"]] == [["control", "treated"], ["nan"], ["nan"]]
    assert rows["assigned_on"].dt.day.tolist() == [2, 2, 2]


def test_who_is_not_eligible_or_outside_the_dates_is_left_out(business_of: Callable[..., Business]) -> None:
    """By the plan on the day of the assignment, not later; by attributes; by the experiment's days."""
    business = business_of(
        [
            ("pro", "2025-12-01", "", 10, "active", "pro"),
            ("was_pro", "2025-12-01", "2026-01-20", 10, "active", "pro"),
            ("was_pro", "2026-01-20", "", 5, "active", "solo"),
            ("solo", "2025-12-01", "", 5, "active", "solo"),
            ("abroad", "2025-12-01", "", 10, "active", "pro"),
            ("early", "2025-12-01", "", 10, "active", "pro"),
        ],
        month="2026-02",
        customers=[
            {"customer_id": who, "signed_up_at": "2025-12-01", "country": "AT" if who == "abroad" else "DE"}
            for who in ("pro", "was_pro", "solo", "abroad", "early")
        ],
        assignments=[("x", who, "control", "2026-01-10") for who in ("pro", "was_pro", "solo", "abroad")]
        + [("x", "early", "control", "2025-12-30")],
        experiments={"x": plan_of(eligible={"plan": ["pro", "team"], "country": "DE"})},
    )
    rows = experiments.assigned(business).set_index("customer_id")
    assert set(rows.index[rows["is_eligible"] & rows["in_period"]]) == {"pro", "was_pro"}
    assert not rows.loc["early", "in_period"]
    checks = read(business).checks.iloc[0]
    assert (checks["not_eligible"], checks["outside_dates"]) == (2, 1)


# --- the split -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "share"), [((60, 40), 0.5), ((7, 3), 0.8), ((0, 12), 0.5), ((517, 483), 0.5)]
)
def test_two_arms_are_tested_as_scipy_does(counts: tuple[int, int], share: float) -> None:
    """The exact binomial test, two-sided by likelihood."""
    expected = binomtest(counts[0], sum(counts), share).pvalue
    assert split.shares_p(counts, (share, 1 - share)) == pytest.approx(expected, rel=1e-9)


def test_several_arms_are_tested_by_chi_square_or_exactly_where_few() -> None:
    """120 customers as scipy's chi-square; nine of them arm by arm, which is never below the exact truth."""
    shares = (0.5, 0.25, 0.25)
    expected = chisquare([50, 40, 30], [60, 30, 30]).pvalue
    assert split.shares_p((50, 40, 30), shares) == pytest.approx(expected)
    assert split.shares_p((9, 0, 0), shares) == pytest.approx(min(1, 3 * binomtest(9, 9, 0.5).pvalue))
    assert split.shares_p((0, 0), (0.5, 0.5)) == 1.0


def drawn(
    count: int, arm: Callable[[int], str], outcome_ends: Callable[[int, str], bool], start: str = "2026-01-02"
) -> dict[str, Any]:
    """Customers with service from the day of the assignment on, some of whom end it on day 10."""
    spans, rows = [], []
    for nth in range(count):
        who, own = f"C-{nth:03}", arm(nth)
        spans.append((who, start, day(start, 10) if outcome_ends(nth, own) else "", 10))
        rows.append(("x", who, own, start))
    return {"spans": spans, "assignments": rows}


def half(nth: int) -> str:
    return ("control", "treated")[nth % 2]


def nobody_ends(nth: int, arm: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("kind", "arm", "is_broken"),
    [
        ("as planned", half, False),
        ("three to one", lambda nth: "control" if nth % 4 else "treated", True),
        ("a misspelt arm", lambda nth: "treatd" if nth == 7 else half(nth), False),
        ("misspelt arms", lambda nth: "treatd" if nth in (5, 7, 9, 11, 13) else half(nth), True),
        ("right as a whole, wrong within", lambda nth: "control" if nth < 50 else "treated", True),
    ],
)
def test_a_broken_split_is_not_interpretable(
    business_of: Callable[..., Business], kind: str, arm: Callable[[int], str], is_broken: bool
) -> None:
    """As a whole, in an arm that the plan does not name, or within the levels of an attribute."""
    tables = drawn(100, arm, nobody_ends)
    business = business_of(
        **tables,
        month="2026-02",
        customers=[
            {
                "customer_id": f"C-{nth:03}",
                "signed_up_at": "2026-01-02",
                "country": "AT" if nth < 50 else "DE",
            }
            for nth in range(100)
        ],
        experiments={"x": PLAN},
    )
    found = read(business)
    row = found.comparisons.iloc[0]
    assert (row["split"] == "broken") == is_broken
    assert (row["verdict"] == "not interpretable") == is_broken
    assert math.isnan(row["effect"]) == is_broken
    assert row["reason"] == ("broken split" if is_broken else "")


def test_many_in_two_arms_or_before_sign_up_break_the_split(business_of: Callable[..., Business]) -> None:
    """More than 2 % and more than four of them: 4 of 100 are tolerated, 5 are not."""
    for many, is_broken in ((4, False), (5, True)):
        tables = drawn(100, half, nobody_ends)
        tables["assignments"] += [("x", f"C-{nth:03}", half(nth + 1), "2026-01-20") for nth in range(many)]
        business = business_of(**tables, month="2026-02", experiments={"x": PLAN})
        checks = read(business).checks.iloc[0]
        assert checks["two_arms"] == many
        assert (checks["split"] == "broken") == is_broken
        late = [
            {"customer_id": f"C-{nth:03}", "signed_up_at": "2026-01-03" if nth < many else "2026-01-02"}
            for nth in range(100)
        ]
        tables = drawn(100, half, nobody_ends)
        business = business_of(**tables, month="2026-02", customers=late, experiments={"x": PLAN})
        checks = read(business).checks.iloc[0]
        assert (checks["before_sign_up"], checks["split"] == "broken") == (many, is_broken)


# --- the reading -----------------------------------------------------------------------------------


def test_a_look_is_newcombe_at_its_own_level_and_the_exact_p(business_of: Callable[..., Business]) -> None:
    """A first look with the whole planned size: 12 of 30 against 25 of 30 is an ordinary 95 % interval."""
    tables = drawn(60, half, lambda nth, arm: nth < 36 if arm == "control" else nth >= 50)
    business = business_of(**tables, month="2026-02", experiments={"x": plan_of(size=30)})
    row = read(business).comparisons.iloc[0]
    table = (25, 30, 12, 30)
    assert (
        tuple(row[["treated_successes", "treated_customers", "control_successes", "control_customers"]])
        == table
    )
    expected = intervals.newcombe(*table)
    assert tuple(row[["effect", "effect_low", "effect_high"]]) == pytest.approx(expected, abs=1e-9)
    assert row["level"] == pytest.approx(0.95) and row["p_needed"] == pytest.approx(0.05)
    assert row["p_value"] == intervals.two_shares_p(*table)
    assert (row["verdict"], row["stop"], row["is_over"], row["look"]) == ("better", True, True, 1)


def test_an_early_look_is_strict(business_of: Callable[..., Business]) -> None:
    """The same 60 customers where 300 an arm are planned: the same difference cannot be told yet."""
    tables = drawn(60, half, lambda nth, arm: nth < 36 if arm == "control" else nth >= 50)
    business = business_of(**tables, month="2026-02", experiments={"x": plan_of(size=300)})
    row = read(business).comparisons.iloc[0]
    assert row["effect_low"] < 0 and row["verdict"] == "cannot tell yet" and not row["stop"]
    assert row["level"] > 0.9999 and row["collected"] == pytest.approx(0.1)


def monthly(months: int, a_month: int, made: Callable[[int, str], bool]) -> dict[str, Any]:
    """So many customers drawn on the 2nd of each month of 2026, half and half."""
    spans, rows = [], []
    for month in range(1, months + 1):
        for nth in range(a_month):
            who, arm, start = f"C-{month:02}-{nth:02}", half(nth), f"2026-{month:02}-02"
            spans.append((who, start, "" if made(nth, arm) else day(start, 10), 10))
            rows.append(("x", who, arm, start))
    return {"spans": spans, "assignments": rows}


def first_report(
    business_of: Callable[..., Business], tables: dict[str, Any], plan: dict[str, Any], month: str = "2026-01"
) -> dict[str, Any]:
    """The findings of the report that froze a plan."""
    return {month: {"experiments": reported(business_of(**tables, month=month, experiments={"x": plan}))}}


def test_looks_add_up_month_by_month_and_stop_at_the_size(business_of: Callable[..., Business]) -> None:
    """Ten a month and arm, 28 planned: the looks are at 10, 20 and 30, and later months change nothing."""
    tables = monthly(7, 20, lambda nth, arm: nth >= (8 if arm == "control" else 4))
    plan = plan_of(size=28, outcome={"kind": "retained", "days": 20})
    business = business_of(**tables, month="2026-09", experiments={"x": plan})
    found = read(business, first_report(business_of, tables, plan))
    row = found.comparisons.iloc[0]
    assert (row["look"], row["read_in"], row["is_over"]) == (3, "2026-03", True)
    assert (row["treated_successes"], row["treated_customers"]) == (24, 30)
    assert row_of(found.arms, arm="treated")[["assigned", "matured", "successes"]].tolist() == [70, 30, 24]
    assert found.path.empty


def test_a_report_of_an_earlier_month_reads_what_was_known_then(business_of: Callable[..., Business]) -> None:
    """The look of March is the same whether it is read in March or as a part of the path in June."""
    tables = monthly(5, 20, lambda nth, arm: nth >= (8 if arm == "control" else 4))
    plan = plan_of(size=100, outcome={"kind": "retained", "days": 20})
    earlier = first_report(business_of, tables, plan)
    path = read(business_of(**tables, month="2026-06", experiments={"x": plan}), earlier).path
    then = read(business_of(**tables, month="2026-03", experiments={"x": plan}), earlier).path
    kept = ["look", "month", "treated_successes", "treated_customers", "control_successes", "effect"]
    pd.testing.assert_frame_equal(path.head(3)[kept], then[kept])
    np.testing.assert_allclose(path.head(3)["effect_low"], then["effect_low"])


def test_a_line_of_the_path_is_where_better_begins(business_of: Callable[..., Business]) -> None:
    """Beside the control as it is: at the line better, one customer below it not."""
    tables = monthly(5, 20, lambda nth, arm: nth >= (8 if arm == "control" else 4))
    plan = plan_of(size=60, outcome={"kind": "retained", "days": 20})
    business = business_of(**tables, month="2026-05", experiments={"x": plan})
    path = read(business, first_report(business_of, tables, plan)).path
    assert path["better_from"].notna().any()
    for row in path[path["better_from"].notna()].itertuples():
        share = row.control_successes / row.control_customers
        count = round((row.better_from + share) * row.treated_customers)
        assert count / row.treated_customers - share == pytest.approx(row.better_from)
        assert (row.effect >= row.better_from - 1e-12) == (row.verdict == "better")


def test_guardrails_are_judged_by_their_margin(business_of: Callable[..., Business]) -> None:
    """Everybody treated is paused on day 30: all are retained, none of them pays."""
    spans, rows = [], []
    for nth in range(80):
        who, arm = f"C-{nth:02}", half(nth)
        spans.append((who, "2026-01-02", "2026-01-20", 10))
        spans.append(
            (who, "2026-01-20", "", 0 if arm == "treated" else 10, "paused" if arm == "treated" else "active")
        )
        rows.append(("x", who, arm, "2026-01-02"))
    guards = {"paying": -0.02, "not_cancelled": -0.3}
    business = business_of(
        spans, month="2026-02", assignments=rows, experiments={"x": plan_of(size=40, guardrails=guards)}
    )
    found = read(business).guardrails.set_index("outcome")
    assert found.loc["paying", "difference"] == -1 and found.loc["paying", "verdict"] == "beyond its margin"
    assert found.loc["not_cancelled", "verdict"] == "within its margin"
    expected = difference((0, 40, 40, 40), 1.959964).high
    assert found.loc["paying", "difference_high"] == pytest.approx(expected, abs=1e-6)


def test_several_arms_are_held_against_the_control_one_by_one(business_of: Callable[..., Business]) -> None:
    """Three arms of forty: the good one at 2.5 %, then the other at 5 % (Holm)."""
    arms = ("control", "good", "same")
    tables = drawn(120, lambda nth: arms[nth % 3], lambda nth, arm: arm != "good" and nth % 2 == 0)
    plan = plan_of(arms={"control": 0.34, "good": 0.33, "same": 0.33}, size=39)
    business = business_of(**tables, month="2026-02", experiments={"x": plan})
    rows = read(business).comparisons.set_index("arm")
    assert rows.loc["good", "verdict"] == "better" and rows.loc["good", "alpha"] == 0.025
    assert rows.loc["same", "verdict"] != "better" and rows.loc["same", "alpha"] == 0.05
    assert rows.loc["good", "control_customers"] == rows.loc["same", "control_customers"] == 40


def two_experiments(second: dict[str, Any], arm: Callable[[int], str] = half) -> dict[str, Any]:
    tables = drawn(60, half, lambda nth, own: nth % 5 == 0)
    tables["assignments"] += [("y", f"C-{nth:03}", arm(nth), "2026-01-02") for nth in range(60)]
    return {**tables, "month": "2026-02", "experiments": {"x": plan_of(size=300), "y": second}}


@pytest.mark.parametrize(
    ("kind", "second", "arm", "alpha"),
    [
        ("another experiment", plan_of(size=300), half, 0.025),
        ("an A/A test", plan_of(size=300, aa_test=True), half, 0.05),
        ("a broken split", plan_of(size=300), lambda nth: "control", 0.05),
        ("not randomised", plan_of(randomised=False), half, 0.05),
        ("not matured", plan_of(outcome={"kind": "retained", "days": 200}), half, 0.05),
        ("not begun", plan_of(started_on=dt.date(2026, 5, 1)), half, 0.05),
    ],
)
def test_only_what_is_tested_takes_a_part_of_the_five_per_cent(
    business_of: Callable[..., Business], kind: str, second: dict[str, Any], arm: Any, alpha: float
) -> None:
    """Holm counts the comparisons that are open, can be interpreted and have somebody matured."""
    rows = read(business_of(**two_experiments(second, arm))).comparisons.set_index("experiment")
    assert rows.loc["x", "alpha"] == alpha


def test_an_aa_test_that_differs_says_that_something_is_wrong(business_of: Callable[..., Business]) -> None:
    """Both arms get the same; a clear difference is a fault of the drawing or the counting."""
    tables = drawn(80, half, lambda nth, arm: arm == "control")
    business = business_of(**tables, month="2026-02", experiments={"x": plan_of(size=40, aa_test=True)})
    row = read(business).comparisons.iloc[0]
    assert (row["verdict"], row["reason"]) == ("not interpretable", "A/A test that differs")


def test_an_end_or_a_decision_after_the_month_is_not_known_yet(business_of: Callable[..., Business]) -> None:
    """Ended on 10 March with a decision: in February it is running, in March it is over."""
    tables = drawn(60, half, nobody_ends)
    plan = plan_of(ended_on=dt.date(2026, 3, 10), decision="we keep it")
    february = read(business_of(**tables, month="2026-02", experiments={"x": plan}))
    march = read(business_of(**tables, month="2026-03", experiments={"x": plan}))
    assert february.comparisons.iloc[0]["state"] == "running"
    assert february.plans["x"].design.decision == ""
    assert march.comparisons.iloc[0]["state"] == "over"
    assert march.plans["x"].design.decision == "we keep it"


def test_nobody_assigned_is_a_plan_and_no_reading(business_of: Callable[..., Business]) -> None:
    """Without any assignment there is a row to say so, and no number."""
    business = business_of([("a", "2026-01-02", "", 10)], month="2026-02", experiments={"x": PLAN})
    row = read(business).comparisons.iloc[0]
    assert (row["verdict"], row["look"], row["stop"]) == ("cannot tell yet", 0, False)
    assert math.isnan(row["effect"]) and row["needed_per_arm"] == size(0.6, 0.2, looks=24)


# --- the plan --------------------------------------------------------------------------------------


def test_the_baseline_is_the_business_own_past(business_of: Callable[..., Business]) -> None:
    """Of 40 newcomers of the year before, 30 were there on day 30; the experiment's own do not count."""
    spans = [(f"P-{n}", "2025-06-01", "2025-06-20" if n % 4 == 0 else "", 10) for n in range(40)]
    spans += [(f"C-{n}", "2026-01-05", "2026-01-06", 10) for n in range(10)]
    rows = [("x", f"C-{n}", half(n), "2026-01-05") for n in range(10)]
    plan = plan_of(baseline=None)
    business = business_of(spans, month="2026-02", assignments=rows, experiments={"x": plan})
    found = experiments.plans(business, {})["x"]
    assert (found.baseline, found.baseline_from) == (0.75, "own past")
    nobody = business_of([("a", "2026-01-02", "", 10)], month="2026-02", experiments={"x": plan})
    assert experiments.plans(nobody, {})["x"].baseline_from == "assumed"


def reported(business: Business, earlier: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The part `experiments` of findings.json, as a report hands it on."""
    found = read(business, earlier)
    told = experiments.judged(
        found,
        experiments.associations(business, found.plans),
        experiments.pauses(business, found.plans),
        experiments.past(business, found.plans, found.comparisons),
        {},
    )
    return told.record()["experiments"]


def changed(business_of: Callable[..., Business], change: dict[str, Any], *, seen: bool) -> experiments.Plan:
    """The plan in March of an experiment that was changed after the report of February."""
    start = "2026-01-02" if seen else "2026-02-20"
    tables = drawn(60, half, nobody_ends, start)
    before = business_of(**tables, month="2026-02", experiments={"x": PLAN})
    earlier = {"2026-02": {"experiments": reported(before)}}
    after = business_of(**tables, month="2026-03", experiments={"x": plan_of(**change)})
    return experiments.plans(after, earlier)["x"]


def test_a_frozen_plan_holds_and_says_what_was_changed(business_of: Callable[..., Business]) -> None:
    """A smaller size after results could be seen: the first report's size stays."""
    plan = changed(business_of, {"size": 20, "smallest_effect": 0.4}, seen=True)
    assert plan.frozen_in == "2026-02" and plan.smallest_effect == 0.2 and plan.size > 60
    assert {change.what for change in plan.changes} == {"size", "smallest_effect"}
    assert not plan.was_changed_after_seeing


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": {"kind": "paying", "days": 30}},
        {"outcome": {"kind": "retained", "days": 40}},
        {"eligible": {"plan": "pro"}},
        {"started_on": dt.date(2026, 1, 2)},
    ],
)
def test_a_changed_question_is_not_interpretable(
    business_of: Callable[..., Business], change: dict[str, Any]
) -> None:
    """What is compared was changed after results could be seen; before that, it is simply a new plan."""
    assert changed(business_of, change, seen=True).was_changed_after_seeing
    fresh = changed(business_of, change, seen=False)
    assert not fresh.was_changed_after_seeing and fresh.frozen_in == "2026-03" and not fresh.changes


def test_a_changed_outcome_gives_no_number(business_of: Callable[..., Business]) -> None:
    """The verdict says why; a month later it still does."""
    tables = drawn(60, half, nobody_ends)
    first = business_of(**tables, month="2026-02", experiments={"x": PLAN})
    other = plan_of(outcome={"kind": "paying", "days": 30})
    second = business_of(**tables, month="2026-03", experiments={"x": other})
    third = business_of(**tables, month="2026-04", experiments={"x": other})
    earlier = {"2026-02": {"experiments": reported(first)}}
    march = reported(second, earlier)
    assert (march[0]["verdict"], march[0]["reason"]) == ("not interpretable", "changed after results")
    april = reported(third, {**earlier, "2026-03": {"experiments": march}})
    assert april[0]["reason"] == "changed after results"
    assert april[0]["plan"]["frozen_in"] == "2026-02"


def test_reports_of_another_form_are_passed_over(business_of: Callable[..., Business]) -> None:
    """A report without experiments, with another one, or with something else in their place."""
    business = business_of([("a", "2026-01-02", "", 10)], month="2026-02", experiments={"x": PLAN})
    for odd in ({}, {"experiments": None}, {"experiments": [{"name": "y"}]}, {"experiments": ["x", 3]}):
        assert experiments.plans(business, {"2026-01": odd})["x"].frozen_in == "2026-02"


def test_what_cannot_be_finished_says_what_else(business_of: Callable[..., Business]) -> None:
    """Five newcomers a month: a bolder change, or before and after."""
    spans = [(f"C-{n}", day("2025-03-01", 6 * n), day("2025-03-01", 6 * n + 20) if n % 4 == 0 else "", 10)
             for n in range(60)]  # fmt: skip
    business = business_of(spans, month="2026-02")
    outcome = experiments.Outcome("retained", 35)
    plan = experiments.proposed(business, outcome=outcome, effect=0.05)
    assert plan.takes_too_long and plan.a_month == pytest.approx(5.07, abs=0.1)
    found = experiments.proposal(business, plan, experiments.gains(plan))
    assert found.value.instead.before_after_months < plan.months
    sentence = found.sentence().text
    assert "You cannot finish this." in sentence
    quick = experiments.proposed(business, outcome=outcome, effect=0.2, a_month=500)
    assert not quick.takes_too_long and experiments.instead(business, {quick.name: quick}) == {}
    assert experiments.proposed(
        business, outcome=experiments.Outcome("retained", 30), effect=0.1
    ).asks_too_early


# --- not randomised --------------------------------------------------------------------------------


def test_weighting_finds_nothing_where_only_a_cause_of_both_differs() -> None:
    """A trait doubles the chance of being treated and of success: crude a clear difference, weighted none."""
    rng = np.random.default_rng(5)
    trait = rng.random(4000) < 0.5
    treated = rng.random(4000) < np.where(trait, 0.8, 0.3)
    success = rng.random(4000) < np.where(trait, 0.9, 0.6)
    noise = rng.normal(size=4000)
    found = observational.adjusted(treated, success, np.column_stack([trait, noise]).astype(float))
    crude = success[treated].mean() - success[~treated].mean()
    assert crude > 0.1
    assert found.difference.low < 0 < found.difference.high and abs(found.difference.value) < 0.03


def test_weighting_keeps_an_effect_that_is_there() -> None:
    """The same with an effect of 20 points: it lies in the interval, the crude one is too large."""
    rng = np.random.default_rng(6)
    trait = rng.random(4000) < 0.5
    treated = rng.random(4000) < np.where(trait, 0.8, 0.3)
    success = rng.random(4000) < np.where(trait, 0.7, 0.4) + 0.2 * treated
    found = observational.adjusted(treated, success, trait[:, None].astype(float))
    assert (
        found.difference.low
        < 0.2
        < found.difference.high
        < success[treated].mean() - success[~treated].mean() + 0.1
    )


def test_one_group_alone_has_no_association() -> None:
    """Nobody treated: nothing to compare, and no error."""
    found = observational.adjusted(np.zeros(5, bool), np.ones(5, bool), np.zeros((5, 1)))
    assert math.isnan(found.difference.value)


@pytest.mark.parametrize(("ratio", "published"), [(3.9, 7.26), (1 / 3.9, 7.26), (1.0, 1.0)])
def test_the_e_value_is_the_published_one(ratio: float, published: float) -> None:
    """VanderWeele and Ding 2017: a risk ratio of 3.9 has an E-value of 7.26."""
    assert observational.e_value(ratio) == pytest.approx(published, abs=5e-3)


def test_a_milestone_is_the_landmark_and_the_careless_number_stands_beside(
    business_of: Callable[..., Business],
) -> None:
    """Twenty reach the third project after 40 days and are mailed every other one; nobody who got there
    leaves. Of forty others, half leave within days: they never had the time to reach it.
    """
    spans = [(f"R-{n}", "2026-01-02", "", 10) for n in range(20)]
    spans += [(f"O-{n}", "2026-01-02", "2026-01-09" if n % 2 else "", 10) for n in range(40)]
    events = [(f"R-{n}", day("2026-02-01", 5 * k), "project") for n in range(20) for k in range(3)]
    rows = [("x", f"R-{n}", "treated", "2026-02-11T09:00") for n in range(0, 20, 2)]
    plan = plan_of(randomised=False, milestone={"event": "project", "count": 3})
    young = business_of(spans, month="2026-02", events=events, assignments=rows, experiments={"x": plan})
    found = observational.associations(young, experiments.plans(young, {})).set_index("comparison")
    assert found["treated_customers"].tolist() == [0, 0, 0] and found["association"].isna().all()
    later = business_of(spans, month="2026-04", events=events, assignments=rows, experiments={"x": plan})
    found = observational.associations(later, experiments.plans(later, {})).set_index("comparison")
    careless, crude = found.loc["everybody else"], found.loc["reached it too"]
    assert (careless["treated_successes"], careless["treated_customers"]) == (10, 10)
    assert careless["association"] == pytest.approx(1 - 30 / 50)
    assert (crude["others_customers"], crude["association"]) == (10, 0)
    assert found.loc["alike before", "association"] == pytest.approx(0)
    row = read(later).comparisons.iloc[0]
    assert (row["verdict"], row["reason"]) == ("not interpretable", "not randomised")
    assert math.isnan(row["effect"])


# --- pauses and the history ------------------------------------------------------------------------


def test_what_became_of_those_who_were_offered_a_pause(business_of: Callable[..., Business]) -> None:
    """
               offer (1 Jan)      day 90 (1 Apr)
    again      ====-----======|=====         paused, pays again
    gone       ====-----      |              paused, and left after it
    left       ====x          |              cancelled
    stayed     ===============|=====         neither
    not_asked  ====x          |              in the control: cancelled
    """
    spans = [
        ("again", "2025-12-01", "2026-01-10", 10),
        ("again", "2026-01-10", "2026-02-10", 0, "paused"),
        ("again", "2026-02-10", "", 10),
        ("gone", "2025-12-01", "2026-01-10", 10),
        ("gone", "2026-01-10", "2026-02-10", 0, "paused"),
        ("left", "2025-12-01", "2026-01-10", 10),
        ("stayed", "2025-12-01", "", 10),
        ("not_asked", "2025-12-01", "2026-01-10", 10),
    ]
    rows = [("pause_offer", who, "control" if who == "not_asked" else "treated", "2026-01-01")
            for who in ("again", "gone", "left", "stayed", "not_asked")]  # fmt: skip
    business = business_of(
        spans, month="2026-04", assignments=rows,
        experiments={"pause_offer": plan_of(outcome={"kind": "paying", "days": 60})},
    )  # fmt: skip
    found = experiments.pause_choices(business, experiments.plans(business, {}))
    told = {(row.arm, row.choice): (row.customers, row.paying_again) for row in found.itertuples()}
    assert told == {
        ("control", "cancelled"): (1, 0),
        ("control", "all"): (1, 0),
        ("treated", "paused"): (2, 1),
        ("treated", "cancelled"): (1, 0),
        ("treated", "stayed"): (1, 1),
        ("treated", "all"): (4, 2),
    }


def test_the_history_says_whether_the_difference_lasted(business_of: Callable[..., Business]) -> None:
    """All of the control have left by day 10; of the treated every second one leaves on day 45."""
    spans, rows = [], []
    for nth in range(80):
        who, arm = f"C-{nth:02}", half(nth)
        ends = day("2026-01-02", 10) if arm == "control" else day("2026-01-02", 45) if nth % 4 == 1 else ""
        spans.append((who, "2026-01-02", ends, 10))
        rows.append(("x", who, arm, "2026-01-02"))
    plan = plan_of(
        size=40, ended_on=dt.date(2026, 1, 5), decision={"on": dt.date(2026, 2, 10), "what": "rolled out"}
    )
    business = business_of(spans, month="2026-03", assignments=rows, experiments={"x": plan})
    found = read(business)
    past = experiments.history(business, found.plans, found.comparisons).iloc[0]
    assert past["verdict"] == "better" and past["later_day"] == 60
    assert (past["later_treated"], past["later_treated_customers"]) == (20, 40)
    assert past["later"] == 0.5 and past["lasted"] == "better"
    assert past["decision"] == "on: 2026-02-10; what: rolled out"


# --- the planted truths of the sample --------------------------------------------------------------


@pytest.fixture(scope="module")
def of_sample(sample: Business) -> experiments.Reading:
    return read(sample)


@pytest.mark.parametrize(
    ("name", "planted"),
    [("onboarding_call", 0.14), ("pause_offer", 0.21), ("quarterly_checkins", 0.08), ("button_colour", 0.0)],
)
def test_the_planted_effect_lies_in_the_interval(
    of_sample: experiments.Reading, name: str, planted: float
) -> None:
    """data/sample/README.md says which."""
    row = row_of(of_sample.comparisons, experiment=name)
    assert row["effect_low"] < planted < row["effect_high"]


def test_the_sample_reads_as_its_readme_says(of_sample: experiments.Reading) -> None:
    """The pause works, the film's split is broken, the mails are no experiment, the button says nothing."""
    found = of_sample.comparisons.set_index("experiment")
    assert found["verdict"].to_dict() == {
        "onboarding_call": "cannot tell yet",
        "milestone_mails": "not interpretable",
        "pause_offer": "better",
        "quarterly_checkins": "cannot tell yet",
        "button_colour": "cannot tell yet",
        "welcome_video": "not interpretable",
    }
    assert (found["split"] == "broken").to_dict() == {name: name == "welcome_video" for name in found.index}


def test_the_mails_of_the_sample_are_an_association_that_may_be_none(sample: Business) -> None:
    """Planted: nothing. Against everybody else they look wonderful."""
    found = observational.associations(sample, experiments.plans(sample, {})).set_index("comparison")
    assert found.loc["everybody else", "association_low"] > 0.15
    alike = found.loc["alike before"]
    assert alike["association_low"] < 0 < alike["association_high"] and alike["e_value_of_bound"] == 1


def test_the_curve_and_the_matured_agree_in_the_sample(of_sample: experiments.Reading) -> None:
    """Everybody's curve on the outcome's day lies within the interval of the matured customers' rate."""
    found = of_sample
    for row in found.arms.itertuples():
        outcome = found.plans[row.experiment].design.outcome
        if outcome.kind == "paying":
            continue
        curve = found.curves[
            (found.curves["experiment"] == row.experiment) & (found.curves["arm"] == row.arm)
        ]
        assert row.rate_low < curve[curve["day"] == outcome.days]["share"].iloc[0] < row.rate_high

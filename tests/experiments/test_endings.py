"""How experiments end, what lies before the draw, and what owners ask besides: revenue, MRR, adjusting."""

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import pytest
from test_experiments import day, drawn, first_report, half, monthly, plan_of, read, reported

from retention_helpers import experiments, monthly_review
from retention_helpers.business import Business
from retention_helpers.contract.experiments import EXPERIMENTS_FILE, Bound, Top, read_experiments
from retention_helpers.words.errors import InputError

PAYMENTS = ("customer_id", "attempted_at", "status", "amount")

# --- before and after the draw ---------------------------------------------------------------------


def exports(at: str, time: str = "T10:00", of: str = "T09:00") -> dict[str, Any]:
    """Forty drawn on 20 January, all of whom exported that day; twelve treated and three others again."""
    again = [nth for nth in range(40) if (nth % 2 and nth < 24) or nth in (0, 2, 4)]
    people = [f"C-{nth:02}" for nth in range(40)]
    return {
        "spans": [(who, "2026-01-05", "", 10) for who in people],
        "assignments": [("x", who, half(nth), f"2026-01-20{time}") for nth, who in enumerate(people)],
        "events": [(who, f"2026-01-20{of}", "exported") for who in people]
        + [(people[nth], f"{at}T09:00", "exported") for nth in again],
    }


ASKS_EVENT = {"outcome": {"kind": "event", "name": "exported", "days": 14}, "size": 20, "baseline": 0.5}


def test_what_happened_an_hour_before_the_draw_is_no_outcome(business_of: Callable[..., Business]) -> None:
    """Drawn at 10, exported at 9: 12 of 20 against 3 of 20 exported afterwards (R: fisher.test p = 0.008)."""
    tables = exports("2026-01-25")
    row = read(business_of(**tables, month="2026-02", experiments={"x": plan_of(**ASKS_EVENT)}))
    row = row.comparisons.iloc[0]
    assert (row["treated_successes"], row["control_successes"]) == (12, 3)
    assert (row["verdict"], row["day_open"], row["end"]) == ("better", 0, "planned")


@pytest.mark.parametrize(("time", "of"), [("", "T09:00"), ("T10:00", ""), ("", "")])
def test_a_day_without_a_time_is_counted_both_ways(
    business_of: Callable[..., Business], time: str, of: str
) -> None:
    """If that day counts, 20 of 20 against 20 of 20; if not, 12 against 3: so nothing is told, and why is."""
    business = business_of(
        **exports("2026-01-25", time, of), month="2026-02", experiments={"x": plan_of(**ASKS_EVENT)}
    )
    found = read(business)
    row = found.comparisons.iloc[0]
    assert (row["verdict"], row["day_open"]) == ("cannot tell yet", 25)
    assert row["effect_low"] < 0 < 0.6 < row["effect_high"] and row["effect"] == 0
    assert "has no time" in repr(experiments.comparisons(found).sentence(found.plans))


@pytest.mark.parametrize(
    ("outcome", "rows"),
    [
        ({"kind": "event", "name": "exported", "days": 14}, {"events": [("C-00", "2026-01-25", "login")]}),
        ({"kind": "event", "name": "exported", "days": 14}, {}),
        ({"kind": "revenue", "days": 14}, {"payments": [("C-00", "2026-01-25", "succeeded", "")]}),
        ({"kind": "revenue", "days": 14}, {}),
    ],
)
def test_an_outcome_that_no_row_tells_is_not_one_that_nobody_made(
    business_of: Callable[..., Business], outcome: dict[str, Any], rows: dict[str, Any]
) -> None:
    """200 an arm and no row of the outcome: not 0 of 200 twice, which would rule out a difference.

    Before the outcome's day is over for anybody, there is nothing that could be missing yet.
    """
    people = [f"C-{nth:03}" for nth in range(400)]
    tables = {
        "spans": [(who, "2025-06-05", "", 10) for who in people],
        "assignments": [("x", who, half(nth), "2026-01-20T10:00") for nth, who in enumerate(people)],
        **rows,
    }
    design = plan_of(outcome=outcome, smallest_effect=0.05 if "name" in outcome else 5.0, baseline=None)
    found = read(business_of(**tables, month="2026-02", experiments={"x": design}))
    row = found.comparisons.iloc[0]
    assert (row["verdict"], row["reason"]) == ("not interpretable", "outcome not told")
    assert math.isnan(row["effect"]) and found.arms["rate"].isna().all()
    assert found.plans["x"].baseline_from == "assumed"
    shown = repr(monthly_review.experiment_answers(found, "2026-02"))
    assert "the data hold no row of its outcome" in shown
    early = read(business_of(**tables, month="2026-01", experiments={"x": design})).comparisons.iloc[0]
    assert (early["verdict"], early["reason"]) == ("cannot tell yet", "")


def test_a_request_before_the_draw_is_asked_whether_it_lapsed(business_of: Callable[..., Business]) -> None:
    """An offer in the cancel flow: asked at 9, drawn at 10 on 20 January; paid until 5 February; day 30.

    stays       asked ==|=====5 Feb======|===   kept
    leaves      asked ==|=====5 Feb             gone as asked
    again       asked ==|==asked=========|===   asked once more
    late        (a year's plan of 5 January)    still there, and the year goes on: not lapsed
    quarter     (a quarter of 5 January)        the same, until 5 April
    half_year   (six months of 5 January)       the same, until 5 July
    week        (weeks of 5 January)            the week was over on 26 January: kept
    four_weeks  (four weeks of 5 January)       over on 2 February: kept
    never_asked       ==|================|===   kept
    asked_after       ==|asked===========|===   asked an hour after the draw
    """
    lasts = {"late": "year", "quarter": "Quarterly", "half_year": "half-yearly", "week": "weekly",
             "four_weeks": "4 weeks"}  # fmt: skip
    spans = [(who, "2026-01-05", "2026-02-05" if who == "leaves" else "", 10, "active", "p",
              lasts.get(who, "month"))
             for who in ("stays", "leaves", "again", *lasts, "never_asked", "asked_after")]  # fmt: skip
    asked = [(who, "2026-01-20T09:00", "too_expensive", "voluntary")
             for who in ("stays", "leaves", "again", *lasts)]  # fmt: skip
    asked += [("again", "2026-01-30T12:00", "too_expensive", "voluntary"),
              ("asked_after", "2026-01-20T11:00", "too_expensive", "voluntary")]  # fmt: skip
    business = business_of(
        spans, month="2026-03", cancellations=asked,
        assignments=[("x", span[0], "control", "2026-01-20T10:00") for span in spans],
        experiments={"x": plan_of(outcome={"kind": "not_cancelled", "days": 30})},
    )  # fmt: skip
    rows = experiments.assigned(business).set_index("customer_id")
    assert set(rows.index[rows["success"]]) == {"stays", "never_asked", "week", "four_weeks"}


def test_the_plan_and_the_mrr_are_those_at_the_moment_of_the_draw(
    business_of: Callable[..., Business],
) -> None:
    """Drawn at 10; the plan changes five minutes later, or at 9; on the day at no time it may be either."""
    moves = {"later": "2026-01-20T10:05", "before": "2026-01-20T09:00", "at_no_time": "2026-01-20"}
    spans = []
    for who, at in moves.items():
        spans += [(who, "2026-01-01", at, 100, "active", "pro"), (who, at, "", 20, "active", "solo")]
    business = business_of(
        spans, month="2026-02",
        assignments=[(name, who, "control", "2026-01-20T10:00") for name in ("plan", "mrr") for who in moves],
        experiments={"plan": plan_of(eligible={"plan": "pro"}), "mrr": plan_of(eligible={"mrr": ">= 100"})},
    )  # fmt: skip
    rows = experiments.assigned(business).set_index(["experiment", "customer_id"])
    for name in ("plan", "mrr"):
        told = rows.loc[name][["is_eligible", "eligible_else"]]
        assert told.loc["later"].tolist() == [True, True]
        assert told.loc["before"].tolist() == [False, False]
        assert told.loc["at_no_time"].tolist() == [True, False]


# --- the end of an experiment ----------------------------------------------------------------------

ENDS = {"size": 200, "outcome": {"kind": "retained", "days": 20}}


def kept(treated: int, control: int) -> dict[str, Any]:
    """Twenty an arm in each of five months, so many of whom stay."""
    return monthly(5, 40, lambda nth, arm: nth // 2 < (treated if arm == "treated" else control))


def ended(
    business_of: Callable[..., Business], tables: dict[str, Any], then: str | None, now: str | None
) -> Any:
    """Drawn until the end of March; the end as it stood in the report of January, and as now."""
    rows = [row for row in tables["assignments"] if row[3] < "2026-04"]
    own = {"spans": tables["spans"], "assignments": rows}
    plans = [plan_of(**ENDS, ended_on=end and dt.date.fromisoformat(end)) for end in (then, now)]
    business = business_of(**own, month="2026-04", experiments={"x": plans[1]})
    found = read(business, first_report(business_of, own, plans[0]))
    return found.comparisons.iloc[0], found


@pytest.mark.parametrize(
    ("kind", "then", "now", "end", "way"),
    [
        ("runs", None, None, "open", "planned"),
        ("its planned day", "2026-03-31", "2026-03-31", "planned", "planned"),
        ("stopped", None, "2026-03-31", "stopped", "anytime"),
        ("moved after results", "2026-06-30", "2026-03-31", "stopped", "anytime"),
        ("planned ahead", "2026-06-30", "2026-06-30", "open", "planned"),
    ],
)
def test_the_end_decides_how_the_last_look_is_read(
    business_of: Callable[..., Business], kind: str, then: str, now: str, end: str, way: str
) -> None:
    """At 60 of 200 an arm, 54 against 42 stayed (p = 0.007): enough for a planned end, not for any other."""
    row, _ = ended(business_of, kept(18, 14), then, now)
    assert (row["end"], row["way"]) == (end, way)
    assert (row["verdict"] == "better") == (end == "planned")
    assert row["p_needed"] == pytest.approx(0.05, abs=2e-3) if end == "planned" else row["p_needed"] < 0.01


def test_a_clear_difference_is_told_however_it_was_stopped(business_of: Callable[..., Business]) -> None:
    """60 of 60 against 42 of 60: the anytime p is far below 5 %; interval and p agree with the word."""
    row, found = ended(business_of, kept(20, 14), None, "2026-03-31")
    assert row["anytime_p"] < 0.01 and row["effect_low"] > 0
    assert (row["verdict"], row["end"]) == ("better", "planned" if row["way"] == "planned" else "stopped")
    row, found = ended(business_of, kept(18, 14), None, "2026-03-31")
    said = repr(experiments.comparisons(found).sentence(found.plans))
    assert "It was stopped otherwise than planned" in said


def test_a_plan_that_comes_after_results_is_read_as_holds_at_any_look(
    business_of: Callable[..., Business],
) -> None:
    """No report before the third look: nobody can tell how its size was chosen, even if it is reached."""
    tables = kept(18, 14)
    business = business_of(**tables, month="2026-06", experiments={"x": plan_of(**(ENDS | {"size": 60}))})
    found = read(business)
    row = found.comparisons.iloc[0]
    assert (row["way"], row["end"], row["is_over"]) == ("anytime", "stopped", True)
    assert not found.plans["x"].before_results
    assert "Its plan came after results" in repr(experiments.comparisons(found).sentence(found.plans))
    frozen = read(business, first_report(business_of, tables, plan_of(**(ENDS | {"size": 60}))))
    row = frozen.comparisons.iloc[0]
    assert (row["way"], row["end"], row["verdict"]) == ("planned", "planned", "better")


def test_a_planned_end_is_kept_in_the_frozen_plan_and_in_the_months_to_finish(
    business_of: Callable[..., Business],
) -> None:
    """Read at the end of April: 61 days to 30 June, 20 to mature and a day: 2.7 months."""
    row, found = ended(business_of, kept(18, 14), "2026-06-30", "2026-06-30")
    assert found.plans["x"].planned_end == dt.date(2026, 6, 30)
    assert row["months_to_finish"] == pytest.approx((60 + 21) / (365.25 / 12), abs=0.02)
    assert not row["stop"]


def test_lasted_is_asked_of_what_was_told_and_as_strictly(business_of: Callable[..., Business]) -> None:
    """Undecided: no later difference. Better: the same customers, at the level of the look that said so."""
    _, undecided = ended(business_of, kept(16, 14), "2026-03-31", "2026-03-31")
    row, told = ended(business_of, kept(19, 12), "2026-03-31", "2026-03-31")
    for found, is_told in ((undecided, False), (told, True)):
        tables = kept(19, 12) if is_told else kept(16, 14)
        plan = plan_of(**ENDS, ended_on=dt.date(2026, 3, 31))
        business = business_of(**tables, month="2026-05", experiments={"x": plan})
        past = experiments.history(business, found.plans, found.comparisons).iloc[0]
        assert math.isnan(past["later"]) != is_told
        assert past["lasted"] == ("better" if is_told else None)
    assert past["later_treated_customers"] == row["treated_customers"] == 60


# --- who cannot be told ----------------------------------------------------------------------------


def test_one_customer_in_two_arms_is_counted_as_best_and_as_worst(
    business_of: Callable[..., Business],
) -> None:
    """16 of 20 against 4 of 20, the last of the control in both arms: better either way, and said."""
    tables = drawn(40, half, lambda nth, arm: nth // 2 >= (16 if arm == "treated" else 4))
    tables["assignments"].append(("x", "C-038", "treated", "2026-01-05"))
    business = business_of(**tables, month="2026-02", experiments={"x": plan_of(size=20)})
    found = read(business)
    row = found.comparisons.iloc[0]
    assert (row["verdict"], row["split"], row["arm_open"]) == ("better", "ok", 1)
    assert row["effect"] == pytest.approx(0.6)
    # He did not stay: as a 21st of the treated he makes 16 of 21 against 4 of 19, the worst case.
    worst = experiments.reading.difference((16, 21, 4, 19), 1.959964)
    best = experiments.reading.difference((16, 20, 4, 20), 1.959964)
    assert row["effect_low"] == pytest.approx(min(worst.low, best.low), abs=1e-6)
    assert row["effect_high"] == pytest.approx(max(worst.high, best.high), abs=1e-6)
    assert "counted as best and as worst" in repr(experiments.comparisons(found).sentence(found.plans))


def test_what_a_few_rows_can_turn_is_not_told(business_of: Callable[..., Business]) -> None:
    """15 of 20 against 7 of 20 (p = 0.015) is better; with three of them in an arm that no plan has, open."""
    ends = lambda nth, arm: nth // 2 >= (15 if arm == "treated" else 7)  # noqa: E731
    clear = business_of(**drawn(40, half, ends), month="2026-02", experiments={"x": plan_of(size=20)})
    assert read(clear).comparisons.iloc[0]["verdict"] == "better"
    odd = drawn(40, lambda nth: "treatd" if nth in (1, 3, 5) else half(nth),
                lambda nth, arm: ends(nth, half(nth)))  # fmt: skip
    row = read(business_of(**odd, month="2026-02", experiments={"x": plan_of(size=20)})).comparisons.iloc[0]
    assert (row["verdict"], row["split"], row["arm_open"]) == ("cannot tell yet", "ok", 3)


def test_names_that_meet_nothing_are_said_as_that(business_of: Callable[..., Business]) -> None:
    """The plan is called nordic, the forty rows say three."""
    tables = drawn(40, half, lambda nth, arm: False)
    rows = [("three", *row[1:]) for row in tables["assignments"]]
    plan = plan_of(ended_on=dt.date(2026, 1, 31))
    business = business_of(tables["spans"], month="2026-03", assignments=rows, experiments={"nordic": plan})
    answer = monthly_review.experiment_answers(read(business), "2026-03").rows[0]
    told = "nobody was assigned to it, and 40 rows name an experiment without a plan (three)"
    assert answer.basis == told
    assert answer.do_now == "If they are the same, write one name in experiments.yml and in the assignments."
    faults = [fault for fault in business.faults if fault.rule == "unknown experiment"]
    assert [fault.level for fault in faults] == ["warning"]
    assert "nobody was assigned to nordic, and 40 rows name an experiment without a plan" in faults[0].message


# --- revenue, MRR, adjusting -----------------------------------------------------------------------


def paying(amounts: Callable[[int, str], float], count: int = 80) -> dict[str, Any]:
    """Customers drawn on 2 January at 8 who pay an amount on 10 January."""
    tables = drawn(count, half, lambda nth, arm: False)
    tables["assignments"] = [(*row[:3], "2026-01-02T08:00") for row in tables["assignments"]]
    tables["payments"] = [
        (who, "2026-01-10T12:00", "succeeded", amounts(nth, arm))
        for nth, (_, who, arm, _) in enumerate(tables["assignments"])
    ]
    return tables


REVENUE = {"outcome": {"kind": "revenue", "days": 20}, "smallest_effect": 5, "baseline": None, "size": 40}


def test_revenue_is_what_was_paid_after_the_draw_less_refunds(business_of: Callable[..., Business]) -> None:
    """
    before the draw, after day 20, failed: nothing. 30 paid and 10 refunded: 20.
    """
    tables = drawn(1, half, lambda nth, arm: False)
    tables["assignments"] = [("x", "C-000", "control", "2026-01-02T08:00")]
    tables["payments"] = [
        ("C-000", "2026-01-02T07:00", "succeeded", 50), ("C-000", "2026-01-02T09:00", "succeeded", 30),
        ("C-000", "2026-01-05T09:00", "failed", 70), ("C-000", "2026-01-22T09:00", "refunded", 10),
        ("C-000", "2026-01-23T09:00", "succeeded", 90),
    ]  # fmt: skip
    business = business_of(**tables, month="2026-02", experiments={"x": plan_of(**REVENUE)})
    assert experiments.assigned(business)["amount"].tolist() == [20.0]


def test_revenue_is_compared_in_the_currency_and_one_customer_does_not_decide(
    business_of: Callable[..., Business],
) -> None:
    """The treated pay 30 or 40, the control 20 or 30, and one of it 10,000: capped, and said."""
    amounts = lambda nth, arm: 10_000 if nth == 0 else 20 + 10 * (nth // 2 % 2) + 10 * (arm == "treated")  # noqa: E731
    business = business_of(**paying(amounts), month="2026-02", experiments={"x": plan_of(**REVENUE)})
    found = read(business)
    row = found.comparisons.iloc[0]
    assert (row["verdict"], row["capped"], row["capped_at"]) == ("better", 1, 40.0)
    assert row["effect"] == pytest.approx(35 - (19 * 20 + 20 * 30 + 40) / 40)
    assert row["relative_low"] > 0
    assert "1 amount above" in repr(experiments.comparisons(found).sentence(found.plans))
    answer = monthly_review.experiment_answers(found, "2026-02").rows[0]
    assert answer.number == "+9.50 a customer"
    record = reported(business)[0]
    assert record["effect"]["value"] == pytest.approx(9.5) and record["arms"]["treated"]["mean"] == 35


def test_adjusting_counts_where_the_plan_named_it_before_results(
    business_of: Callable[..., Business],
) -> None:
    """What is paid goes by the MRR before the draw: adjusted for it, four more are told; alone not."""
    spans, rows, paid = [], [], []
    for nth in range(80):
        who, mrr = f"C-{nth:02}", 10 + 7 * (nth // 2)
        spans.append((who, "2025-12-01", "", mrr))
        rows.append(("x", who, half(nth), "2026-01-10T08:00"))
        paid.append((who, "2026-01-15T12:00", "succeeded", mrr + 4 * (nth % 2) + nth * 37 % 5))
    tables = {"spans": spans, "assignments": rows, "payments": paid}
    own = {"ended_on": dt.date(2026, 1, 20)}
    plain, business = (
        business_of(**tables, month="2026-02", experiments={"x": plan_of(**REVENUE, **own, adjust=adjust)})
        for adjust in (None, "mrr")
    )
    plain, named = read(plain), read(business)
    one, other = plain.comparisons.iloc[0], named.comparisons.iloc[0]
    assert one["verdict"] == "cannot tell yet" and other["verdict"] == "better"
    assert other["effect"] == pytest.approx(other["adjusted"]) == pytest.approx(4, abs=0.3)
    assert one["effect_low"] < 0 < one["adjusted_low"]
    # Nobody pays again by day 40, so that what is adjusted lasts; as it is told, not as it would be alone.
    past = experiments.history(business, named.plans, named.comparisons).iloc[0]
    assert (past["lasted"], past["later"]) == ("better", pytest.approx(other["effect"]))


def test_who_takes_part_by_value(business_of: Callable[..., Business]) -> None:
    """Ten customers of 10 to 100: the top 20 % on the eve of the first day are two, whatever comes later."""
    spans = [(f"C-{nth}", "2025-12-01", "", 10 * nth) for nth in range(1, 10)]
    spans += [("C-10", "2025-12-01", "2026-01-01T12:00", 100), ("C-10", "2026-01-01T12:00", "", 5)]
    spans += [("new", "2026-01-03", "", 500)]
    people = [f"C-{nth}" for nth in range(1, 11)] + ["new"]
    names = {"top": "top 20 %", "least": ">= 90", "less": "< 20"}
    business = business_of(
        spans, month="2026-02",
        assignments=[(name, who, "control", "2026-01-10T08:00") for name in names for who in people],
        experiments={name: plan_of(eligible={"mrr": bound}) for name, bound in names.items()},
    )  # fmt: skip
    rows = experiments.assigned(business)
    own = rows[rows["is_eligible"]].groupby("experiment")["customer_id"].agg(set)
    assert own.to_dict() == {"top": {"C-9", "C-10"}, "least": {"C-9", "new"}, "less": {"C-1", "C-10"}}
    top = experiments.plans(business, {})["top"]
    assert top.a_month == 2.0 and math.isnan(top.months)
    plans = {"top": top}
    said = str(experiments.planned(plans).sentence(plans, experiments.instead(business, plans)))
    assert "2 can take part, and nobody comes in later" in said


def test_a_plan_counts_only_who_is_eligible(business_of: Callable[..., Business]) -> None:
    """Of forty newcomers of the past year every fourth is on pro: a quarter as many a month."""
    spans = [(f"C-{nth}", day("2025-03-01", 6 * nth), "", 10, "active", "pro" if nth % 4 == 0 else "solo")
             for nth in range(40)]  # fmt: skip
    later = {"started_on": dt.date(2026, 5, 1)}
    plans = {"all": plan_of(**later), "pro": plan_of(**later, eligible={"plan": "pro"})}
    found = experiments.plans(business_of(spans, month="2026-02", experiments=plans), {})
    assert found["pro"].a_month == pytest.approx(found["all"].a_month / 4)


WRITTEN = (
    "x:\n  hypothesis: h\n  started_on: 2026-01-01\n  randomised: true\n  arms: {a: 0.5, b: 0.5}\n"
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ("outcome: {kind: revenue, days: 30}", "smallest_effect is missing: an amount of money"),
        ("outcome: {kind: retained, days: 30}\n  smallest_effect: 5", "should lie between 0.001 and 1"),
        (
            "outcome: {kind: retained, days: 30}\n  eligible: {mrr: 100}",
            "eligible: mrr needs a bound in quotes",
        ),
        ("outcome: {kind: retained, days: 30}\n  eligible: {plan: top 20 %}", "is for mrr, with a share"),
        ("outcome: {kind: retained, days: 30}\n  adjust: []", "adjust needs the names"),
        ("outcome: {kind: retained, days: 30}\n  guardrails: {revenue: -1}", "revenue is not known here"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Any, changes: str, fault: str) -> None:
    """Each at once, in the file's own words."""
    (tmp_path / EXPERIMENTS_FILE).write_text(f"{WRITTEN}  {changes}\n")
    with pytest.raises(InputError, match=fault):
        read_experiments(tmp_path)


def test_bounds_are_read_as_they_are_written(tmp_path: Any) -> None:
    """A bound in quotes, a share in words."""
    text = f"{WRITTEN}  outcome: {{kind: paying, days: 30}}\n  eligible: {{mrr: %s}}\n"
    for written, read_as in (("'>= 99.5'", Bound(">=", 99.5)), ("top 12.5 %", Top(0.125))):
        (tmp_path / EXPERIMENTS_FILE).write_text(text % written)
        assert read_experiments(tmp_path)["x"].eligible["mrr"] == read_as

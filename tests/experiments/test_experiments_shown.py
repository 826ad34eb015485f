"""What the experiments' page and the review say: in words, in figures, at their edges."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
from test_experiments import PLAN, day, drawn, first_report, half, monthly, plan_of

from retention_helpers import experiments, monthly_review, shipped
from retention_helpers.business import Business
from retention_helpers.shown.figures import Figure
from retention_helpers.shown.results import hand_on
from retention_helpers.shown.sentences import Remarks
from retention_helpers.shown.units import DEFINITIONS

SCHEMA = json.loads(shipped.SCHEMA.read_text(encoding="utf-8"))


def read(business: Business, earlier: Mapping[str, Any] | None = None) -> experiments.Reading:
    return experiments.read(business, experiments.plans(business, earlier or {}))


def orders(reading: experiments.Reading) -> dict[str, str]:
    """What to do now, by experiment."""
    return {row.question: row.do_now for row in monthly_review.experiment_answers(reading, "2026-02").rows}


def made(treated: float, control: float) -> Callable[[int, str], bool]:
    """Of every hundred (nth, arm), about so many end on day 10."""

    def ends(nth: int, arm: str) -> bool:
        return (nth * 37 % 100) >= 100 * (treated if arm == "treated" else control)

    return ends


# --- what to do now --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "tables", "changes", "order"),
    [
        ("better", drawn(120, half, made(0.95, 0.5)), {"size": 60}, "Stop, and give it to everybody."),
        ("worse", drawn(120, half, made(0.4, 0.95)), {"size": 60}, "Stop it: it does harm."),
        ("nothing", drawn(120, half, lambda nth, arm: False), {"size": 60},
         "Stop: a difference of 20 points or more is ruled out. Keep what costs less."),
        ("undecided", drawn(120, half, made(0.8, 0.7)), {"size": 60, "smallest_effect": 0.05},
         "Stop: the planned size is reached, and it stays undecided. Choose by cost and judgement."),
        ("over", drawn(120, half, made(0.8, 0.7)),
         {"size": 300, "smallest_effect": 0.05, "ended_on": dt.date(2026, 1, 3)},
         "It is over, and it stays undecided. Choose by cost and judgement. Write down what you decide."),
        ("early", drawn(120, half, made(0.8, 0.7)), {"size": 100, "smallest_effect": 0.05},
         "Leave it running, and change nothing: 60 % of what it needs is in, about 2 months to go."),
        ("endless", drawn(40, half, made(0.8, 0.7)), {"size": 2000, "smallest_effect": 0.05},
         "Stop, and try something bolder: at this pace it is never finished."),
        ("endless, at the top", drawn(40, half, made(0.8, 0.7)),
         {"size": 2000, "smallest_effect": 0.005, "baseline": 0.99},
         "Stop, and draw from more customers: at this pace it is never finished."),
        ("slow", drawn(40, half, made(0.8, 0.7)), {"size": 700, "smallest_effect": 0.05},
         "Stop, and try something bolder: at this pace it takes 67 months more."),
        ("not matured", drawn(40, half, made(0.8, 0.7)), {"outcome": {"kind": "retained", "days": 90}},
         "Leave it running, and change nothing."),
        ("not begun", drawn(40, half, made(0.8, 0.7)), {"started_on": dt.date(2026, 5, 1), "size": 40},
         "Begin as planned: 40 customers an arm, about 5 months."),
        ("broken", drawn(120, lambda nth: "control", made(0.8, 0.7)), {},
         "Do not use the difference. Mend how customers are drawn, and begin again."),
        ("chosen", drawn(40, half, made(0.8, 0.7)), {"randomised": False},
         "Take it as a hint at most. To know, draw by lot who of the next customers gets it."),
        ("A/A", drawn(120, half, made(0.95, 0.5)), {"size": 60, "aa_test": True},
         "Find out what is wrong with drawing or counting before you trust any other."),
        ("A/A alike", drawn(120, half, lambda nth, arm: False), {"size": 60, "aa_test": True},
         "Nothing: both arms get the same, and do not differ, as it should be."),
        ("nobody drawn", {**drawn(40, half, made(0.8, 0.7)), "assignments": []},
         {}, "Draw its first customers, or take it out: nobody has been drawn yet."),
    ],
)  # fmt: skip
def test_every_experiment_says_what_to_do_now(
    business_of: Callable[..., Business], kind: str, tables: Any, changes: dict[str, Any], order: str
) -> None:
    """An order in plain words for every state that an experiment can be in.

    Read on 1 March, 59 days (1.94 months) after the start. "Endless": 40 customers came, 20.6 a month; they
    are 1 % of 4,000, so 3,960 / 20.6 = 192 months, more than ten years. "At the top": a year's 123 an arm
    cannot tell 100 % from 99 %, one customer apart. "Slow": 1,360 / 20.6 = 66 months, and one for day 30:
    67. "Not begun": the 40 newcomers since 2 January are 21.0 a month; 80 / 21.0 = 3.8 months, and one for
    day 30: 5.
    """
    rows = [("the_call", *row[1:]) for row in tables["assignments"]]
    business = business_of(
        tables["spans"], month="2026-02", assignments=rows, experiments={"the_call": plan_of(**changes)}
    )
    assert orders(read(business)) == {"The call": order}


def test_a_broken_guardrail_holds_back_the_winner(business_of: Callable[..., Business]) -> None:
    """More stay, and none of them pays: the guardrail comes first."""
    spans, rows = [], []
    for nth in range(120):
        who, arm = f"C-{nth:03}", half(nth)
        ends = day("2026-01-02", 10) if arm == "control" and nth % 4 else ""
        spans.append((who, "2026-01-02", "2026-01-05" if arm == "treated" else ends, 10))
        if arm == "treated":
            spans.append((who, "2026-01-05", "", 0, "paused"))
        rows.append(("x", who, arm, "2026-01-02"))
    plan = plan_of(size=60, guardrails={"paying": -0.02})
    found = read(business_of(spans, month="2026-02", assignments=rows, experiments={"x": plan}))
    assert found.comparisons.iloc[0]["verdict"] == "better"
    assert orders(found) == {"X": "Do not give it to everybody yet: paying fell more than you allow."}
    assert "paying: beyond its margin" in experiments.guardrails(found).sentence().text


def test_better_by_less_than_wanted_is_said(business_of: Callable[..., Business]) -> None:
    """A clear difference whose whole interval lies below the smallest effect."""
    tables = drawn(400, half, made(0.95, 0.75))
    plan = plan_of(size=200, smallest_effect=0.6)
    found = read(business_of(**tables, month="2026-02", experiments={"x": plan}))
    assert orders(found)["X"].startswith("It helps, by less than the 60 points you wanted")


def test_a_decided_one_leaves_the_first_screen(business_of: Callable[..., Business]) -> None:
    """Over, with a decision: it stands in the history only."""
    tables = drawn(60, half, made(0.8, 0.7))
    plan = plan_of(ended_on=dt.date(2026, 1, 3), decision="rolled out")
    business = business_of(**tables, month="2026-02", experiments={"x": plan})
    found = read(business)
    assert monthly_review.experiment_answers(found, "2026-02").rows == ()
    assert "It takes experiments.yml" in repr(monthly_review.experiment_answers(found, "2026-02"))
    past = experiments.past(business, found.plans, found.comparisons)
    assert "you decided: rolled out." in repr(past.sentence())


def test_many_experiments_are_cut_and_counted(business_of: Callable[..., Business]) -> None:
    """Fifteen of them: the first twelve, and the caption says so."""
    plans = {f"test_{nth:02}": PLAN for nth in range(15)}
    found = read(business_of([("a", "2026-01-02", "", 10)], month="2026-02", experiments=plans))
    shown = monthly_review.experiment_answers(found, "2026-02")
    assert len(shown.rows) == 12 and shown.caption.endswith("the first 12 of 15")


# --- the review's line -----------------------------------------------------------------------------


def test_without_experiments_the_review_has_no_card_of_them(business_of: Callable[..., Business]) -> None:
    """No file; one that has not begun has a line."""
    nothing = read(business_of([("a", "2026-01-02", "", 10)], month="2026-02"))
    assert monthly_review.experiments_card(nothing) is None
    later = plan_of(started_on=dt.date(2026, 5, 1))
    waiting = read(business_of([("a", "2026-01-02", "", 10)], month="2026-02", experiments={"x": later}))
    assert "X: Change it before it begins." in repr(monthly_review.experiments_card(waiting))


def test_the_review_leads_with_what_can_be_decided(business_of: Callable[..., Business]) -> None:
    """One better, one that goes on, one without end; each is told what to do."""
    clear, open_one = drawn(120, half, made(0.95, 0.5)), drawn(120, half, made(0.8, 0.7))
    spans = clear["spans"] + [(f"O{who}", *rest) for who, *rest in open_one["spans"]]
    rows = [("won", *row[1:]) for row in clear["assignments"]]
    rows += [(name, f"O{who}", arm, at) for _, who, arm, at in open_one["assignments"]
             for name in ("goes_on", "endless")]  # fmt: skip
    plans = {
        "goes_on": plan_of(size=90, smallest_effect=0.05),
        "won": plan_of(size=60),
        "endless": plan_of(size=9000, smallest_effect=0.05),
    }
    found = read(business_of(spans, month="2026-02", assignments=rows, experiments=plans))
    first = monthly_review.experiment_answers(found, "2026-02").rows[0]
    assert (first.question, first.basis) == (
        "Won",
        "still customers on day 30: treated 57 of 60, control 30 of 60",
    )
    lines = repr(monthly_review.experiments_card(found)).splitlines()[1:]
    assert lines[0].startswith("Won: better, by +45.0 ("), (
        "57 of 60 against 30 of 60; its order is the plan's"
    )
    assert {line.partition(":")[0] for line in lines[1:]} == {"Goes on", "Endless"}
    assert not any("cannot tell yet" in line for line in lines), "no verdict is no news"


# --- sentences -------------------------------------------------------------------------------------


def said_of_plans(
    plans: Mapping[str, experiments.Plan], instead: Mapping[str, experiments.Instead] | None = None
) -> Any:
    return experiments.planned(plans).sentence(plans, instead or {})


def test_a_line_that_was_crossed_and_left_again_is_said(business_of: Callable[..., Business]) -> None:
    """A huge difference in the first months, none later: the sentence says both."""
    tables = monthly(
        6,
        40,
        lambda nth, arm: True,  # everybody stays …
    )
    spans = [
        (who, start, day(start, 10) if start < "2026-03" and arm == "control" else end, mrr)
        for (who, start, end, mrr), (_, _, arm, _) in zip(tables["spans"], tables["assignments"], strict=True)
    ]  # … but the control of January and February
    spans = [
        (who, start, day(start, 10) if start >= "2026-03" and nth % 2 and nth % 3 else end, mrr)
        for nth, (who, start, end, mrr) in enumerate(spans)
    ]
    plan = plan_of(size=200, outcome={"kind": "retained", "days": 20}, smallest_effect=0.1)
    crossing = {"spans": spans, "assignments": tables["assignments"]}
    business = business_of(**crossing, month="2026-06", experiments={"x": plan})
    found = read(business, first_report(business_of, crossing, plan))
    row = found.comparisons.iloc[0]
    if row["verdict"] == "cannot tell yet":
        said = repr(experiments.comparisons(found).sentence(found.plans))
        assert "It crossed its line in" in said and "has become smaller" in said
    assert row["crossed_in"] is not None


def test_what_was_changed_is_told_with_its_consequence(business_of: Callable[..., Business]) -> None:
    """From what to what, since when, and what that means."""
    business = business_of([("a", "2026-01-02", "", 10)], month="2026-02", experiments={"x": PLAN})
    plan = experiments.plans(business, {})["x"]
    change = experiments.plan.Change
    changed = replace(
        plan,
        changes=(
            change("size", "120", "40", False),
            change("outcome", "retained at day 30", "paying at day 30", True),
        ),
    )
    said = said_of_plans({"x": changed}).items
    told = (
        "you changed the size since the report of February 2026, from “120” to “40”. The frozen plan holds."
    )
    assert any(told in one for one in said)
    assert any("a difference that is looked for afterwards proves nothing" in one for one in said)


def test_a_key_of_the_plan_is_no_column(business_of: Callable[..., Business]) -> None:
    """Every key that can change has words of its own, and an experiment keeps the name its owner gave it."""
    business = business_of([("a", "2026-01-02", "", 10)], month="2026-02", experiments={"size": PLAN})
    plan = experiments.plans(business, {})["size"]
    assert plan.called("treated") == "Size"
    changed = replace(
        plan, changes=tuple(experiments.plan.Change(what, "a", "b", False) for what in plan.written)
    )
    said = said_of_plans({"size": changed}).items
    assert sum("you changed" in one for one in said) == len(plan.written)


def test_many_plans_are_cut_and_counted(business_of: Callable[..., Business]) -> None:
    """Twenty that cannot be finished and name no baseline: twelve remarks, and one sentence on the guess."""
    plans = {f"test_{nth:02}": plan_of(baseline=None, smallest_effect=0.01) for nth in range(20)}
    business = business_of([("a", "2026-01-02", "", 10)], month="2026-02", experiments=plans)
    found = experiments.plans(business, {})
    said = said_of_plans(found, experiments.instead(business, found)).items
    assert len(said) == 14 and said[12] == "28 more remarks about the plans above."
    assert said[13].startswith("Test 00, Test 01, Test 02, Test 03 and 16 others name no baseline")


def test_a_plan_says_where_there_is_no_room_and_where_nothing_was_drawn(
    business_of: Callable[..., Business],
) -> None:
    """97 % + 10 points is impossible; what was not drawn by lot has no effect however many take part."""
    plans = {"full": plan_of(baseline=0.97, smallest_effect=0.1), "chosen": plan_of(randomised=False)}
    business = business_of([("a", "2026-01-02", "", 10)], month="2026-02", experiments=plans)
    found = experiments.plans(business, {})
    full, chosen = (
        experiments.proposal(business, plan, experiments.gains(plan)).sentence().text
        for plan in found.values()
    )
    assert "Above 97 % there is no room for a gain of 10 points, so it could only tell such a loss." in full
    assert chosen.endswith(
        "But Chosen is not drawn by lot: no number of customers makes its difference an effect."
    )
    assert "80 % of the cases" not in chosen


@pytest.mark.parametrize(("days", "is_told"), [(30, True), (35, False)])
def test_a_question_that_is_always_true_is_told(
    business_of: Callable[..., Business], days: int, is_told: bool
) -> None:
    """Day 30 of a monthly plan comes before its first renewal."""
    plan = plan_of(outcome={"kind": "retained", "days": days})
    business = business_of([("a", "2026-01-02", "", 10)], month="2026-02", experiments={"x": plan})
    said = repr(said_of_plans(experiments.plans(business, {})))
    assert ("has not been renewed yet" in said) == is_told


def test_several_remarks_are_a_list_and_one_is_a_sentence() -> None:
    """Both escape what they say."""
    one = Remarks(("<b> 5 %",))._repr_html_()
    assert one == '<p class="finding">&lt;b&gt; 5\u00a0%</p>'
    two = Remarks(("<b>", "c"))._repr_html_()
    assert two == '<ul class="finding"><li>&lt;b&gt;</li><li>c</li></ul>'


# --- tables and figures ----------------------------------------------------------------------------


def test_the_tables_of_the_sample_read_in_words(sample: Business) -> None:
    """Points with their interval, p-values, looks of so many, months with one decimal."""
    found = read(sample)
    shown = repr(experiments.comparisons(found).table())
    assert "+11.6 (−" in shown and "below 0.001" in shown and "8\u00a0of\u00a0" in shown
    assert "nan" not in shown.lower()
    split = repr(experiments.checks(found).table())
    assert "broken  below 0.001" in split


def figures_of(found: experiments.Reading) -> list[Any]:
    return [
        experiments.comparisons(found).figure(),
        experiments.path(found).figure(),
        experiments.curves(found).figure(experiments.curve_outcomes(found)),
    ]


def test_figures_say_their_numbers_and_stay_small(sample: Business) -> None:
    """Every difference with its interval, where the line is, where the curves end."""
    found = read(sample)
    drawn_ones = figures_of(found)
    for figure in drawn_ones:
        assert isinstance(figure, Figure) and len(figure.wide) + len(figure.narrow) < 45_000
    assert "Pause offer, pause_offered: +30.4 (" in drawn_ones[0].alt
    assert "the line for better is at +" in drawn_ones[1].alt
    assert "call 97.0 % by the end of day 35" in drawn_ones[2].alt


def test_nothing_is_drawn_of_nothing(business_of: Callable[..., Business]) -> None:
    """No experiment, or none that has begun: no empty picture."""
    found = read(business_of([("a", "2026-01-02", "", 10)], month="2026-02"))
    assert figures_of(found) == [None, None, None]


# --- findings.json ---------------------------------------------------------------------------------


def handed_on(business: Business, tmp_path: Path) -> dict[str, Any]:
    found = read(business)
    told = experiments.judged(
        found,
        experiments.associations(business, found.plans),
        experiments.pauses(business, found.plans),
        experiments.past(business, found.plans, found.comparisons),
        experiments.instead(business, found.plans),
    )
    hand_on(str(tmp_path / "f.json"), told)
    return json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))


def test_a_pause_is_told_beside_those_who_were_not_offered_one(sample: Business) -> None:
    """The difference and the verdict are those of the reading, so the page cannot disagree with itself."""
    found = read(sample)
    said = repr(experiments.pauses(sample, found.plans).sentence(found))
    row = found.comparisons.set_index("experiment").loc["pause_offer"]
    share = row["control_successes"] / row["control_customers"]
    assert f"Of those who were not offered one, {100 * share:.1f}" in said
    assert f"{100 * row['effect']:+.1f}" in said and f"points: {row['verdict']}." in said


def test_the_record_follows_the_schema_and_adds_up(sample: Business, tmp_path: Path) -> None:
    """The effect is the difference of the arms' rates; the first comparison is the experiment's own."""
    record = handed_on(sample, tmp_path)
    whole = {"schema_version": 1, "month": "2026-10", "as_of": "2026-11-01", "currency": "EUR", **record}
    jsonschema.validate(whole, SCHEMA)
    assert [one["name"] for one in record["experiments"]] == list(sample.experiments)
    for one in record["experiments"]:
        control, treated = one["arms"].values()
        if one["effect"]["value"] is not None:
            difference = treated["successes"] / treated["matured"] - control["successes"] / control["matured"]
            assert one["effect"]["value"] == pytest.approx(difference, abs=1e-8)
        assert one["comparisons"][0]["effect"] == one["effect"]
        assert (one["association"] is None) == one["randomised"]
        assert (
            one["verdict"] in ("better", "worse")
            or one["effect"]["value"] is None
            or (one["effect"]["low"] <= 0 <= one["effect"]["high"])
        )


def test_the_record_is_what_the_room_declares(sample: Business, tmp_path: Path) -> None:
    """Each key that is handed on stands in the schema that is made from the measures, with what it holds."""
    declared = {key: node for one in experiments.FINDINGS[""] for key, node in one.schema.items()}
    schema = {"type": "object", "properties": declared, "additionalProperties": False, "$defs": DEFINITIONS}
    plan = experiments.proposed(sample, outcome=experiments.Outcome("retained", 35), effect=0.05)
    proposal = experiments.proposal(sample, plan, experiments.gains(plan))
    hand_on(str(tmp_path / "proposal.json"), proposal)
    proposed = json.loads((tmp_path / "proposal.json").read_text(encoding="utf-8"))
    jsonschema.validate({**handed_on(sample, tmp_path), **proposed}, schema)


def test_a_plan_survives_the_way_through_findings(
    business_of: Callable[..., Business], tmp_path: Path
) -> None:
    """Handed on with nine digits, read again by the next report: the same plan."""
    tables = drawn(60, half, made(0.8, 0.7))
    plans = {"x": plan_of(baseline=None, ended_on=dt.date(2026, 1, 3)), "y": plan_of(randomised=False)}
    first = business_of(**tables, month="2026-02", experiments=plans)
    record = handed_on(first, tmp_path)
    second = business_of(**tables, month="2026-03", experiments=plans)
    frozen = experiments.plans(second, {"2026-02": record})
    fresh = experiments.plans(first, {})
    for name in plans:
        assert frozen[name].size == fresh[name].size and frozen[name].frozen_in == "2026-02"
        assert frozen[name].baseline == fresh[name].baseline and not frozen[name].changes


def test_frames_keep_their_columns_without_any_experiment(business_of: Callable[..., Business]) -> None:
    """Nothing to show is an empty table, not an error."""
    business = business_of([("a", "2026-01-02", "", 10)], month="2026-02")
    plans = experiments.plans(business, {})
    found = experiments.read(business, plans)
    shown = [
        experiments.planned(plans),
        experiments.checks(found),
        experiments.arms(found),
        experiments.comparisons(found),
        experiments.path(found),
        experiments.guardrails(found),
        experiments.quarters(found),
        experiments.past(business, plans, found.comparisons),
        experiments.associations(business, plans),
        experiments.pauses(business, plans),
    ]
    for result in shown:
        assert isinstance(result.value, pd.DataFrame) and result.value.empty
        assert len(result.table().columns) > 3 and "None." in repr(result)

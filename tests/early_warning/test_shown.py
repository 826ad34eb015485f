"""How the warnings are shown and handed on: tables by level, names that the owner may show, typed numbers."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import jsonschema
import nbformat
import pandas as pd
import pytest

from retention_helpers import early_warning
from retention_helpers.business import SAMPLE
from retention_helpers.early_warning import lifecycle, past, rules, seen
from retention_helpers.early_warning.said.warnings import belief
from retention_helpers.early_warning.snapshots import HORIZON_DAYS
from retention_helpers.shown.records import write
from retention_helpers.shown.results import Result
from retention_helpers.shown.units import DEFINITIONS, fields, names_of

SPANS = [("rich", "2025-09-01", "", 200), ("other", "2025-09-01", "", 199)]


def problems_of(results: Sequence[Result], to: Any) -> list[str]:
    """What the declared schema finds wrong in what these results hand on."""
    keys = {key: node for one in results for key, node in one.measure.schema.items()}
    write(str(to), {key: value for one in results for key, value in one.record().items()})
    schema = {"$defs": DEFINITIONS, **fields(**keys)}
    found = jsonschema.Draft202012Validator(schema).iter_errors(json.loads(to.read_text(encoding="utf-8")))
    return [one.message for one in found]


def test_a_score_that_warns_of_nothing_is_still_asked_about() -> None:
    """The plan calls them; where the score does warn, nothing has to be said."""
    rows = pd.DataFrame({"name": ["nps_detractor", "no_login"], "warning": ["A low score", "No login"],
                         "lift": [0.6, 1.8], "verdict": ["does not work for you", "works"]})  # fmt: skip
    assert repr(belief(rows)).endswith(
        "Believe: “No login” (1.8 ×). No warning of leaving here: “A low score” (0.6 ×). "
        "Whom the plan calls for a low score is asked why, and not called as one at risk."
    )
    assert "plan calls" not in repr(belief(rows.assign(verdict="works")))


@pytest.mark.parametrize("show_names", [True, False])
def test_names_are_handed_on_only_where_the_owner_shows_them(
    opened: Callable[..., Any], tmp_path: Any, show_names: bool
) -> None:
    people = [{"customer_id": who, "signed_up_at": day, "name": who.title()} for who, day, *_ in SPANS]
    events, settings = [("rich", "2025-09-02", "login")], {"show_names": show_names}
    with opened(SPANS, customers=people, events=events, settings=settings) as own:
        listed = early_warning.at_risk(own, early_warning.risk_of_leaving(own))
    records = listed.record()["at_risk"]
    assert {record.get("name") for record in records} == ({"Rich", "Other"} if show_names else {None})
    assert all(("name" in record) == show_names and "message" not in record for record in records)
    assert ("Name" in listed.table().columns) == show_names
    assert problems_of([listed], tmp_path / "findings.json") == []


def test_nothing_to_say_fits_the_schema(opened: Callable[..., Any], tmp_path: Any) -> None:
    """One customer and no other table: every record has its keys, and null where a number cannot be given."""
    with opened(SPANS[:1]) as own:
        judged, risk = early_warning.back_test(own), early_warning.risk_of_leaving(own)
        asked, people = early_warning.scheduled(own), early_warning.at_risk(own, risk)
        stages, churn = early_warning.stages(own, risk), early_warning.stage_churn(own, risk)
        results = [
            early_warning.with_thresholds(judged, early_warning.better_thresholds(own)),
            early_warning.with_leads(early_warning.leading_indicators(own), early_warning.leads(own)),
            people, asked, risk, early_warning.leavers_seen(own), early_warning.discrimination(risk),
            early_warning.calibration(risk), early_warning.top_shares(risk), stages, early_warning.grid(own),
            early_warning.by_stage(stages, churn), early_warning.stage_flows(own, risk),
            early_warning.totals(own, judged, people, asked, risk),
            early_warning.told_and_left(risk.value.history),
            early_warning.tickets_by_mood(own), early_warning.mood_test(),
            waits := early_warning.support_times(own), early_warning.support_change(waits),
            early_warning.mails_by_channel(own),
        ]  # fmt: skip
        totals = early_warning.totals(own, judged, people, asked, risk).value
    assert totals["scheduled"] is None  # without cancellations nobody knows who asked
    offered = {id(one) for measures in early_warning.FINDINGS.values() for one in measures}
    assert offered - {id(one.measure) for one in results} == {id(early_warning.plays)}
    assert problems_of(results, tmp_path / "findings.json") == []


def test_a_table_by_level_says_the_level_of_each_row() -> None:
    """By and Level stand in front in the table; sentence and picture name the level with the warning."""
    row = dict.fromkeys(names_of(past.back_test), 0.5)
    words = {"by": "first_plan", "level": "size", "warning": "Silent", "name": "x", "verdict": "works"}
    judged = pd.DataFrame([{**row, **words, "alerts": 7, "lift": 2.0, "p_value": 0.01}])
    shown = Result(early_warning.back_test, judged)
    assert shown.table().columns[:3] == ("By", "Level", "Warning")
    assert shown.table().rows[0][:3] == ("First plan", "size", "Silent")
    assert str(shown.sentence()) == "Believe: “Silent: size” (2.0 ×)."
    assert "Silent: size" in shown.figure()._repr_mimebundle_()[1]["image/svg+xml"]["alt"]  # type: ignore
    whole = Result(early_warning.back_test, judged.drop(columns=["by", "level"]))
    assert whole.table().columns[0] == "Warning" and "“Silent”" in str(whole.sentence())


def test_typed_numbers_of_the_page_are_those_of_the_code() -> None:
    """The words between the cells are typed; every number of days in them is one of the code."""
    page = nbformat.read(SAMPLE.parent.parent / "notebooks" / "early_warning.ipynb", as_version=4)
    typed = " ".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    days = {HORIZON_DAYS, lifecycle.LATELY_DAYS, lifecycle.DORMANT_DAYS}
    assert set(map(int, re.findall(r"(\d+) days", typed))) == days
    slowing = f"*Slowing*: {lifecycle.LATELY_DAYS + 1} to {lifecycle.DORMANT_DAYS} days without"
    assert slowing in typed
    habit = f"(8–{lifecycle.HABIT}), established ({lifecycle.HABIT + 1} on)"
    assert habit in typed and seen.RECENT_DAYS == 14
    usual = {rule.name: rule.at for rule in rules.RULES}
    assert usual["no_login_30_days"] == 30 and usual["use_down_half"] == 0.5

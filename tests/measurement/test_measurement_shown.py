"""The measurement as it is shown: its sentences, and its part of findings.json."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
from cells import AWKWARD

from retention_helpers import measurement
from retention_helpers.business import Business
from retention_helpers.contract.settings import Bands
from retention_helpers.measurement import cohorts, measures
from retention_helpers.measurement.measures import Target
from retention_helpers.measurement.said import month as said_measurement
from retention_helpers.shown.results import Result, hand_on
from retention_helpers.shown.sentences import Sentence
from retention_helpers.shown.units import DEFINITIONS, fields
from retention_helpers.statistics.intervals import with_rate

# --- findings.json ---------------------------------------------------------------------------------


def results_of(business: Business) -> list[Result]:
    """The month, its levels and its cohorts, measured as the notebook does."""
    moved = measurement.customer_movement(business)
    churn = measurement.churn(business)
    kinds = measurement.kinds_of_loss(business)
    kept = measurement.revenue_retention(business)
    calendar = measurement.calendar_triangle(business)
    anniversary = measurement.anniversary_triangle(business)
    recent = measurement.latest_cohorts(anniversary)
    year = measurement.retention_12(anniversary)
    return [
        measurement.months(moved, churn, kinds, measurement.mrr_movement(business), kept),
        measurement.change_of_month(churn),
        measurement.change_since_last_month(churn),
        measurement.change_of_year(churn),
        measurement.usual_bands(measures.churn_of_month(churn.value), year, measures.benchmarks(business)),
        year,
        measurement.churn_target(churn, 0.05),
        kinds,
        measurement.churn_by_level(business),
        measurement.churn_by_level_of_year(business),
        measurement.tenure_of_lost(business),
        measurement.tenure_of_lost_in_year(business),
        measurement.both_clocks(calendar, anniversary),
        recent,
        measurement.change_of_cohorts(anniversary),
        measurement.other_tools(business),
        measurement.differing_customers(business),
        measurement.churn_by_switch_gap(business),
        measurement.customers_lost(business),
        measurement.cohorts_standing_out(anniversary, min_customers=business.settings.min_customers),
    ]


def handed_on(tmp_path: Path, results: list[Result]) -> dict[str, Any]:
    """What stands in findings.json, with every decimal number as it is written; as its schema says."""
    path = tmp_path / "findings.json"
    hand_on(str(path), measurement=results)
    keys = {key: node for result in results for key, node in result.measure.schema.items()}
    jsonschema.validate(json.loads(path.read_text())["measurement"], {**fields(**keys), "$defs": DEFINITIONS})
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)["measurement"]
    return found


COUNTS = re.compile(
    r"(customers_|lost|new$|reactivated|numerator|denominator|retained|reached|size|from_day|to_day|"
    r"switch_gap_days|voluntary|involuntary|kind_unknown|joined|left_and|tenure_days)"
)


def counts_not_whole(record: Any, path: str = "") -> list[str]:
    """The places of a record where a count is written with a decimal point."""
    if isinstance(record, dict):
        return [
            place
            for key, value in record.items()
            for place in (
                [f"{path}.{key}: {value}"]
                if COUNTS.match(key) and isinstance(value, Decimal) and not path.endswith("mrr")
                else counts_not_whole(value, f"{path}.{key}")
            )
        ]
    if isinstance(record, list):
        return [
            place for nth, item in enumerate(record) for place in counts_not_whole(item, f"{path}[{nth}]")
        ]
    return []


def test_every_count_of_the_sample_is_a_whole_number(tmp_path: Path, sample: Business) -> None:
    """Counts exact: 9, never 9.0, wherever they stand."""
    found = handed_on(tmp_path, results_of(sample))
    assert counts_not_whole(found) == []


def test_the_findings_of_a_first_month_hold_null_where_there_is_nothing(tmp_path: Path, opened: Any) -> None:
    """A business in its first month: no rate, no change, no interval, and no error."""
    with opened([("A", "2026-03-05", "", 10)]) as business:
        found = handed_on(tmp_path, results_of(business))
    assert found["churn"]["value"] is None
    assert found["churn_change"] == {
        "value": None, "low": None, "high": None, "verdict": None, "against": "the months before",
        "then": None, "months": None, "months_differ": None, "seen_if_doubled": None,
    }  # fmt: skip
    assert (found["churn_band"], found["retention_12_band"]) == (None, None)
    assert found["target"] == {"churn": Decimal("0.05"), "met": None, "customers_away": None}
    assert (found["new"], found["customers_at_end"], found["mrr"]["at_end"]) == (1, 1, 10)
    assert counts_not_whole(found) == []


def test_no_key_of_the_part_comes_from_two_measures() -> None:
    assert "measurement" in measurement.FINDINGS
    for every in measurement.FINDINGS.values():
        keys = [key for one in every for key in one.schema]
        assert sorted(keys) == sorted(set(keys))


def test_the_parts_of_mrr_of_a_month_add_up(sample: Business, tmp_path: Path) -> None:
    """What was gained less what was given up is by how much it grew, and the last month stands by itself."""
    found = handed_on(tmp_path, results_of(sample)[:1])
    mrr = found["mrr"]
    assert mrr["gained"] - mrr["given_up"] == mrr["grew_by"] == mrr["at_end"] - mrr["at_start"]
    assert found["by_month"][-1] == {"month": "2026-10"} | {
        key: value for key, value in found.items() if key != "by_month"
    }


# --- sentences -------------------------------------------------------------------------------------


def months_frame(columns: list[str], *rows: tuple) -> pd.DataFrame:
    days = pd.date_range(end="2026-03-01", periods=len(rows), freq="MS")
    return pd.DataFrame(rows, columns=columns).assign(month=days)


def churn_table(*rows: tuple[int, int]) -> pd.DataFrame:
    frame = months_frame(["lost", "customers_at_start"], *rows)
    frame = frame.assign(retained=frame["customers_at_start"] - frame["lost"])
    return with_rate(frame, "churn_rate", "lost", "customers_at_start")


MOVED = ["customers_at_start", "new", "reactivated", "lost", "customers_at_end", "joined_and_left",
         "left_and_returned", "paused_at_end"]  # fmt: skip


def sentences_of(business: Business) -> list[Sentence]:
    """Every sentence that the tables of one business give."""
    churn = measures.customer_churn(business)
    anniversary = cohorts.anniversary_triangle(business)
    recent = cohorts.recent_cohorts(anniversary)
    year = cohorts.retention_after(anniversary, 12)
    month = measures.churn_of_month(churn)
    kinds = measures.churn_kinds(business)
    return [
        said_measurement.churn_of_month(churn),
        said_measurement.churn_change(measures.churn_change(churn), churn),
        said_measurement.churn_change(measures.churn_change(churn, months_back=12), churn, months_back=12),
        said_measurement.movement(measures.customer_movement(business)),
        said_measurement.target(measures.churn_target(churn, 0.05)),
        said_measurement.bands(measures.bands(month, year, Bands()), month, year, Bands()),
        said_measurement.mrr(measures.mrr_movement(business), measures.revenue_retention(business), "EUR"),
        said_measurement.bridge(measures.bridge(business), measures.bridge_customers(business)),
        said_measurement.churn_by(measures.churn_by(business)),
        said_measurement.losses_by_tenure(measures.losses_by_tenure(business)),
        said_measurement.switch_gaps(measures.switch_gap_sensitivity(business)),
        said_measurement.churn_kinds(kinds),
        said_measurement.recent_cohorts(recent, cohorts.recent_change(anniversary)),
        said_measurement.triangle(cohorts.calendar_triangle(business), k=1),
        said_measurement.triangle(anniversary, k=1),
    ]


BUSINESSES = {
    "one customer in the first month": [("A", "2026-03-05", "", 10)],
    "one customer who left": [("A", "2026-01-10", "2026-03-05", 10)],
    "one customer who stays": [("A", "2025-01-10", "", 10)],
    "a month that began without customers": [
        ("A", "2025-12-10", "2026-01-05", 10),
        ("B", "2026-03-05", "", 10),
    ],
    "nobody left at all": [("A", "2025-12-10", "2026-01-05", 10)],
    "everybody paused": [("A", "2026-01-10", "", "", "paused"), ("B", "2026-01-10", "", "", "comped")],
    "one came, one went, one returned": [
        ("A", "2026-01-10", "2026-03-05", 10),
        ("B", "2026-01-10", "2026-03-05", 10),
        ("B", "2026-03-15", "", 10),
        ("C", "2026-03-05", "2026-03-15", 10),
    ],
}


@pytest.mark.parametrize("name", BUSINESSES)
def test_no_sentence_of_an_edge_case_is_awkward(opened: Any, name: str) -> None:
    """No nan, None or "1 customers"; every sentence ends with a full stop."""
    with opened(BUSINESSES[name]) as business:
        texts = [sentence.text for sentence in sentences_of(business)]
    assert [text for text in texts if AWKWARD.search(text)] == []
    assert [text for text in texts if not text.endswith(".")] == []


def test_no_sentence_of_the_sample_is_awkward(sample: Business) -> None:
    """The same for a whole business."""
    texts = [sentence.text for sentence in sentences_of(sample)]
    assert [text for text in texts if AWKWARD.search(text)] == []


def test_a_month_without_customers_has_no_rate_in_words() -> None:
    """The first month of every business."""
    said = said_measurement.churn_of_month(churn_table((0, 0))).text
    assert said == "March 2026 began without customers, so it has no churn rate."


def test_the_sentence_on_churn_holds_counts_rate_and_interval() -> None:
    """9 of 200 left."""
    said = said_measurement.churn_of_month(churn_table((9, 200))).text
    assert "9 of 200 customers left and 191 stayed" in said
    assert "4.5 %" in said
    assert "2.4 % to 8.3 %" in said


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        (((4, 100), (20, 100)), "rose"),
        (((20, 100), (4, 100)), "fell"),
        (((4, 100), (5, 100)), "no clear change"),
    ],
)
def test_the_direction_word_is_the_verdict(rows: tuple, word: str) -> None:
    """And the sign stands with the points."""
    churn = churn_table(*rows)
    said = said_measurement.churn_change(measures.churn_change(churn), churn).text
    assert word in said
    assert ("−16.0" in said) == (word == "fell")
    assert "February 2026" in said


def test_no_earlier_month_is_said_in_words() -> None:
    """A month earlier, and a year earlier."""
    churn = churn_table((1, 10))
    assert "earlier" in said_measurement.churn_change(None, churn).text
    assert "year" in said_measurement.churn_change(None, churn, months_back=12).text


def test_an_earlier_month_without_a_rate_is_not_called_missing() -> None:
    """There is a February: it began without customers, and that is what should be said."""
    churn = churn_table((0, 0), (1, 10))
    said = said_measurement.churn_change(measures.churn_change(churn), churn).text
    assert not said.startswith("There is no month")


@pytest.mark.parametrize(
    ("goal", "word"),
    [
        (Target(0.05, True, 0), "is met"),
        (Target(0.05, False, 1), "missed by 1 customer"),
        (Target(0.05, False, 3), "missed by 3 customers"),
        (Target(0.05, None, None), "no rate"),
    ],
)
def test_the_target_in_words(goal: Target, word: str) -> None:
    """Met, missed by one, by several, or nothing to hold against it."""
    said = said_measurement.target(goal).text
    assert word in said
    assert not AWKWARD.search(said)


def test_movement_says_only_what_happened_besides() -> None:
    """Zeros besides are left out; a single one takes the singular."""
    none = said_measurement.movement(months_frame(MOVED, (1, 0, 0, 0, 1, 0, 0, 0))).text
    assert "began with 1 customer;" in none
    assert "Besides" not in none
    one = said_measurement.movement(months_frame(MOVED, (1, 0, 0, 0, 1, 1, 1, 1))).text
    assert "1 came and went" in one
    assert not AWKWARD.search(one)


def test_a_month_without_movement_has_no_picture_of_it() -> None:
    """Nobody came and nobody left: the sentence says so. A month before in which somebody came is drawn."""
    months = {"month": pd.to_datetime(["2026-01-01", "2026-02-01"]), "new": [2, 0], "reactivated": [0, 0]}
    levels = {"lost": [0, 0], "customers_at_start": [1, 3], "customers_at_end": [3, 3]}
    rows = Result(measurement.customer_movement, pd.DataFrame({**months, **levels}))
    assert rows.figure() is None and rows.figure(by_month=True) is not None


def test_the_sentence_on_tenure_weighs_the_first_thirty_days() -> None:
    """Most, most after, or cannot be told; never a direction from a wide interval."""

    def said(early: int, late: int) -> str:
        frame = pd.DataFrame({"from_day": [0, 8, 31], "lost": [early, 0, late]})
        frame = frame.assign(lost_in_all=early + late, to_day=[7, 30, None])
        return said_measurement.losses_by_tenure(with_rate(frame, "share", "lost", "lost_in_all")).text

    assert said(45, 5).startswith("Most of the loss falls into the first 30 days")
    assert said(5, 45).startswith("Most of the loss comes after the first 30 days")
    assert "cannot be told yet" in said(2, 1)
    assert said(0, 0) == "Nobody was lost in this period."


def test_a_level_is_shown_as_text() -> None:
    """A plan's name may hold anything."""
    hostile = "<script>alert(1)</script>"
    levels = pd.DataFrame(
        [("plan", hostile, 0.5, 0.4, 0.6, "above the rest")],
        columns=["by", "level", "churn_rate", "churn_rate_low", "churn_rate_high", "verdict"],
    )
    html = said_measurement.churn_by(levels)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html

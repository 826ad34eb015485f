"""Sentences computed from tables, and findings.json."""

import datetime as dt
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retention_helpers import monthly_review
from retention_helpers.business import Business
from retention_helpers.contract.tables import Fault
from retention_helpers.data_quality import said as said_quality
from retention_helpers.measurement import cohorts, measures
from retention_helpers.measurement.measures import Target
from retention_helpers.measurement.said import month as said_measurement
from retention_helpers.monthly_review.said import earlier as said_review
from retention_helpers.shown.records import hand_on
from retention_helpers.shown.sentences import Sentence, warnings
from retention_helpers.statistics.intervals import rate, with_rate

# --- findings.json ---------------------------------------------------------------------------------


def handed_on(tmp_path: Path, **parts: Any) -> dict[str, Any]:
    """What stands in findings.json, with every decimal number as it is written."""
    path = tmp_path / "findings.json"
    hand_on(str(path), **parts)
    return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def test_floats_are_written_with_nine_significant_digits(tmp_path: Path) -> None:
    """Not nine decimals: a small number keeps nine digits too."""
    found = handed_on(tmp_path, a=1 / 3, b=2e-7 / 3, c=123456789.87, d=np.float64(2 / 3))
    assert found == {
        "a": Decimal("0.333333333"), "b": Decimal("6.66666667E-8"),
        "c": Decimal("123456790.0"), "d": Decimal("0.666666667"),
    }  # fmt: skip


@pytest.mark.parametrize("amount", ["0.1", "33.333333", "100.000000", "1234567890.12", "12345678901.123457"])
def test_money_is_written_exactly(tmp_path: Path, amount: str) -> None:
    """Up to six decimals; a sum beyond some ten thousand million would need more digits than a float has."""
    assert handed_on(tmp_path, mrr=Decimal(amount))["mrr"] == Decimal(amount)


def test_counts_are_written_as_whole_numbers(tmp_path: Path) -> None:
    """Python's and NumPy's, and those of a table; no rounding of large ones."""
    frame = pd.DataFrame({"n": [12345678901, 2], "share": [0.5, 0.25]})
    found = handed_on(tmp_path, one=np.int64(3), two=12345678901, rows=frame)
    assert found["rows"][0] == {"n": 12345678901, "share": Decimal("0.5")}
    assert all(isinstance(n, int) for n in (found["one"], found["two"], found["rows"][1]["n"]))


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), float("-inf"), None, pd.NaT, pd.NA, np.nan, Decimal("NaN")]
)
def test_what_cannot_be_given_is_null(tmp_path: Path, value: Any) -> None:
    """JSON has no NaN."""
    assert handed_on(tmp_path, value=value, rows=[value]) == {"value": None, "rows": [None]}


def test_truth_days_and_rates_have_their_forms(tmp_path: Path) -> None:
    """true, an ISO day, and the five fields of a rate; a rate over nothing keeps its parts."""
    found = handed_on(
        tmp_path,
        met=np.bool_(True),
        day=pd.Timestamp("2026-03-05"),
        on=dt.date(2026, 3, 5),
        churn=rate(9, 200),
        none=rate(0, 0),
    )
    assert (found["met"], found["day"], found["on"]) == (True, "2026-03-05", "2026-03-05")
    assert list(found["churn"]) == ["value", "low", "high", "numerator", "denominator"]
    assert found["churn"]["value"] == Decimal("0.045")
    assert (found["churn"]["numerator"], found["churn"]["denominator"]) == (9, 200)
    assert found["none"] == {"value": None, "low": None, "high": None, "numerator": 0, "denominator": 0}


def test_nothing_is_written_outside_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty target writes no file, and shows nothing."""
    monkeypatch.chdir(tmp_path)
    assert hand_on("", churn=1) is None
    assert list(tmp_path.iterdir()) == []


def test_the_same_findings_are_the_same_bytes(tmp_path: Path) -> None:
    """And umlauts are letters, not escapes."""
    one, two = tmp_path / "a" / "f.json", tmp_path / "b" / "f.json"
    for path in (one, two):
        hand_on(str(path), month="März", share=0.1 + 0.2)
    assert one.read_bytes() == two.read_bytes()
    assert "März" in one.read_text(encoding="utf-8")


def parts_of(business: Business) -> dict[str, Any]:
    """The part `measurement` of findings.json, put together as the notebook does."""
    churn = measures.customer_churn(business)
    calendar = cohorts.calendar_triangle(business)
    anniversary = cohorts.anniversary_triangle(business)
    recent = cohorts.recent_cohorts(anniversary)
    year = cohorts.retention_after(anniversary, 12)
    return said_measurement.record(
        moved=measures.customer_movement(business),
        churn=churn,
        last_month=measures.churn_change(churn),
        last_year=measures.churn_change(churn, months_back=12),
        bands=measures.bands(measures.churn_of_month(churn), year),
        retention_12=year,
        goal=measures.churn_target(churn, 0.05),
        kinds=measures.churn_kinds(business),
        mrr=measures.mrr_movement(business),
        kept=measures.revenue_retention(business),
        levels={name: measures.churn_by(business) for name in ("month", "last_12_months")},
        tenure={name: measures.losses_by_tenure(business) for name in ("month", "last_12_months")},
        cohorts=cohorts.as_records(calendar, anniversary),
        recent=recent,
        recent_change=cohorts.recent_change(recent),
        bridge=measures.bridge(business),
        bridge_customers=measures.bridge_customers(business),
        gaps=measures.switch_gap_sensitivity(business),
        left=measures.customers_lost(business),
        standing_out=cohorts.standing_out(anniversary, fewest=business.settings.min_customers),
    )


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
    found = handed_on(tmp_path, measurement=parts_of(sample))
    assert counts_not_whole(found) == []


def test_the_findings_of_a_first_month_hold_null_where_there_is_nothing(tmp_path: Path, opened: Any) -> None:
    """A business in its first month: no rate, no change, no interval, and no error."""
    with opened([("A", "2026-03-05", "", 10)]) as business:
        found = handed_on(tmp_path, measurement=parts_of(business))["measurement"]
    assert found["churn"]["value"] is None
    assert found["churn_change"] == {"value": None, "low": None, "high": None, "verdict": None}
    assert (found["churn_band"], found["retention_12_band"]) == (None, None)
    assert found["target"] == {"churn": Decimal("0.05"), "met": None, "customers_away": None}
    assert (found["new"], found["customers_at_end"], found["mrr"]["at_end"]) == (1, 1, 10)
    assert counts_not_whole(found) == []


# --- sentences -------------------------------------------------------------------------------------

AWKWARD = re.compile(
    r"\bnan\b|\bNone\b|\bNaT\b|<NA>"
    r"|\b1 (customers|warnings|rows|files|days|months|numbers|losses|cohorts|are|were|have)\b"
    r"|\b1 (cohort lie|customer who have|earlier report still stand)\b"
    r"|(?<=\s)–(?=[\s.,;])|  |[{}]| ,|\.\.",
    re.IGNORECASE,
)


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
        said_measurement.bands(month, year, measures.bands(month, year)),
        said_measurement.mrr(measures.mrr_movement(business), measures.revenue_retention(business), "EUR"),
        said_measurement.bridge(measures.bridge(business), measures.bridge_customers(business)),
        said_measurement.churn_by(measures.churn_by(business)),
        said_measurement.losses_by_tenure(measures.losses_by_tenure(business)),
        said_measurement.switch_gaps(measures.switch_gap_sensitivity(business)),
        said_measurement.churn_kinds(kinds),
        said_measurement.recent_cohorts(recent, cohorts.recent_change(recent)),
        said_measurement.triangle(cohorts.calendar_triangle(business), k=1),
        said_measurement.triangle(anniversary, k=1),
        said_review.became_of(pd.DataFrame(columns=["id", "what"]), {}, business.month),
        said_review.restated(monthly_review.restated({}, business), {}),
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


def test_the_sentence_on_actions_of_last_month() -> None:
    """No report, a report without lists, one list of one customer."""
    empty = pd.DataFrame(columns=["id", "what", "customers", "still_customers"])
    assert "no earlier report" in said_review.became_of(empty, {}, "2026-03").text
    assert "no list" in said_review.became_of(empty, {"2026-02": {}}, "2026-03").text
    rows = pd.DataFrame([("ask", "Ask", 1, 0)], columns=empty.columns)
    assert "0 of 1 customer " in said_review.became_of(rows, {"2026-02": {}}, "2026-03").text


def test_the_sentence_on_restated_numbers() -> None:
    """How many numbers, or that the reports stand."""
    rows = pd.DataFrame({"month": ["2026-02"]})
    earlier = {"2026-02": {}}
    assert "1 number of earlier reports" in said_review.restated(rows, earlier).text
    still = said_review.restated(rows.head(0), earlier).text
    assert "Nothing was restated" in still
    assert not AWKWARD.search(still)
    assert "no earlier report" in said_review.restated(rows.head(0), {}).text


def test_sources_and_coverage_in_words() -> None:
    """One row of one file; data that end a week before the month does."""
    read = pd.DataFrame({"rows_read": [1], "set_aside": [0]})
    assert said_quality.sources(read).text == "1 row from 1 file."
    as_of = dt.date(2026, 4, 1)
    late = pd.DataFrame({"last_on": [dt.date(2026, 3, 20), None]})
    assert "11 days before" in said_quality.coverage(late, as_of).text
    assert (
        "to the end of the month"
        in said_quality.coverage(late.assign(last_on=dt.date(2026, 3, 31)), as_of).text
    )


def test_what_is_shown_is_escaped() -> None:
    """Sentences and warnings may hold a plan's name or a file's name."""
    hostile = "<script>alert(1)</script>"
    levels = pd.DataFrame(
        [("plan", hostile, 0.5, 0.4, 0.6, "above the rest")],
        columns=["by", "level", "churn_rate", "churn_rate_low", "churn_rate_high", "verdict"],
    )
    shown = said_measurement.churn_by(levels)._repr_html_()
    warned = warnings([Fault("warning", "t", "r", 1, hostile)])._repr_html_()
    for html in (shown, warned):
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


def test_only_warnings_stand_on_the_first_screen() -> None:
    """Notes stand on the page about the data; that there is no warning is said too."""
    faults = [Fault("note", "t", "r", 1, "a note"), Fault("warning", "t", "r", 1, "of a file")]
    shown = warnings(faults)._repr_html_()
    assert "1 warning about" in shown
    assert "of a file" in shown
    assert "a note" not in shown
    assert "Nothing in the data" in warnings(faults[:1])._repr_html_()

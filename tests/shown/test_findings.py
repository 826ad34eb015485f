"""Sentences computed from tables, and findings.json."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cells import AWKWARD
from test_measurement_shown import BUSINESSES

from retention_helpers import monthly_review
from retention_helpers.contract.tables import Fault
from retention_helpers.data_quality import said as said_quality
from retention_helpers.monthly_review.said import earlier as said_review
from retention_helpers.shown.records import write
from retention_helpers.shown.results import Measure, hand_on
from retention_helpers.shown.sentences import Sentence, warnings
from retention_helpers.shown.units import COUNT
from retention_helpers.statistics.intervals import rate

# --- findings.json ---------------------------------------------------------------------------------


def handed_on(tmp_path: Path, **parts: Any) -> dict[str, Any]:
    """What stands in findings.json, with every decimal number as it is written."""
    path = tmp_path / "findings.json"
    write(str(path), parts)
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
    assert hand_on("") is None
    assert list(tmp_path.iterdir()) == []


def test_parts_of_findings_may_not_share_a_key(tmp_path: Path) -> None:
    """Two results that hand on the same key would hide one another's number; in two parts they do not."""
    lost = Measure(lambda: 3, findings={"lost": COUNT})
    target = tmp_path / "findings.json"
    hand_on(str(target), lost(), measurement=[lost()])
    assert json.loads(target.read_text(encoding="utf-8")) == {"lost": 3, "measurement": {"lost": 3}}
    with pytest.raises(ValueError, match="twice: lost"):
        hand_on(str(target), measurement=[lost(), lost()])


def test_the_same_findings_are_the_same_bytes(tmp_path: Path) -> None:
    """And umlauts are letters, not escapes."""
    one, two = tmp_path / "a" / "f.json", tmp_path / "b" / "f.json"
    for path in (one, two):
        write(str(path), {"month": "März", "share": 0.1 + 0.2})
    assert one.read_bytes() == two.read_bytes()
    assert "März" in one.read_text(encoding="utf-8")


# --- sentences -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUSINESSES)
def test_the_review_has_no_awkward_sentence_on_earlier_reports(opened: Any, name: str) -> None:
    """Where there are none."""
    with opened(BUSINESSES[name]) as business:
        said = [
            repr(said_review.became_of(pd.DataFrame(columns=["done"]), {}, business.month)),
            said_review.restated(monthly_review.restated({}, business), {}).text,
        ]
    assert [text for text in said if AWKWARD.search(text) or not text.endswith(".")] == []


def test_the_sentences_on_the_last_plans() -> None:
    """One row of one customer, with what was expected, and without."""
    row = {"month": "2026-02", "action": "at_risk", "planned": 1, "done": 1, "reached": 0,
           "still_customers": 1, "left": 0, "expected_left": 0.31, "expected_low": 0,
           "expected_high": 1, "usual": None, "usual_of": None}  # fmt: skip
    said = repr(said_review.became_of(pd.DataFrame([row]), {"2026-02": {}}, "2026-03"))
    assert "February 2026, at risk of leaving: 1 of 1 done, 0 reached, 1 still here; 0 asked or left" in said
    assert "0.3 (0–1) were expected without it." in said and "only an experiment tells" in said
    unknown = pd.DataFrame([{**row, "expected_left": None}])
    assert "expected" not in repr(said_review.became_of(unknown, {"2026-02": {}}, "2026-03"))


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
    for html in (
        Sentence(hostile)._repr_html_(),
        warnings([Fault("warning", "t", "r", 1, hostile)])._repr_html_(),
    ):
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

"""Every number that a notebook states about the sample is handed on to findings.json."""

import json
import re
from calendar import month_abbr, month_name
from pathlib import Path
from typing import Any

import pytest
from cells import outside_their_intervals, run_cells

from retention_helpers.business import SAMPLE
from retention_helpers.report import notebooks
from retention_helpers.shown.look import without_style

MONTH = "|".join([*month_name[1:], *month_abbr[1:]])
# Names of things, not numbers: days, months, customers, and what is written in tags.
NAMES = re.compile(
    rf"<[^>]*>|\b\d{{4}}-\d\d-\d\d\b|\b(?:\d{{1,2}} )?(?:{MONTH}) \d{{4}}|\b[A-Z]+-\d+\b|below 0\.001"
)
NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


def written(record: Any) -> set[str]:
    """Every way in which a page may write the numbers of a record."""
    if isinstance(record, dict):
        return set().union(*(written(part) for pair in record.items() for part in pair))
    if isinstance(record, list):
        return set().union(*map(written, record))
    if isinstance(record, str):
        return set(NUMBER.findall(record))
    if record is None or isinstance(record, bool):
        return set()
    size = abs(record)
    plain = {f"{size:,.{digits}f}" for digits in range(4)}
    return plain | {f"{100 * size:,.{digits}f}" for digits in range(3)}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], set[str], list[str]]:
    """What each notebook says, the numbers that all of them hand on, and what lies outside its interval."""
    home = tmp_path_factory.mktemp("findings")
    said, handed_on, outside = {}, set(), []
    for path in notebooks.in_reading_order():
        findings_to = home / path.stem / "findings.json"
        parameters = {"data": str(SAMPLE), "month": "2026-10", "reports": ""}
        said[path.stem] = without_style(run_cells(path, {**parameters, "findings_to": str(findings_to)}))
        record = json.loads(Path(findings_to).read_text(encoding="utf-8"))
        handed_on |= written(record)
        outside += outside_their_intervals(record)
    return said, handed_on, outside


def test_every_estimate_of_the_sample_lies_within_its_interval(
    ran: tuple[dict[str, str], set[str], list[str]],
) -> None:
    """Wherever a low and a high stand beside it."""
    assert ran[2] == []


@pytest.mark.parametrize("name", [path.stem for path in notebooks.in_reading_order()])
def test_every_number_on_a_page_is_handed_on(
    ran: tuple[dict[str, str], set[str], list[str]], name: str
) -> None:
    """In tables, sentences and the words of figures."""
    said, handed_on, _ = ran
    missing = [number for number in NUMBER.findall(NAMES.sub(" ", said[name])) if number not in handed_on]
    assert missing == []

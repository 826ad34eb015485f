"""The page about reasons on businesses that are hard on it: little to say, odd, or hostile."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import nbformat
import pandas as pd
import pytest
import yaml
from cells import LEAKS, SCHEMA, run_cells
from conftest import write_folder

from retention_helpers import shipped
from retention_helpers.business import opening
from retention_helpers.churn_reasons import (
    FINDINGS,
    QUARTER,
    YEAR,
    answers,
    did,
    groups,
    plays,
    shares_over_time,
)
from retention_helpers.churn_reasons.implications import PLAYS
from retention_helpers.shown.units import DEFINITIONS, fields

PAGE = shipped.NOTEBOOKS / "churn_reasons.ipynb"
HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "markdown": "# **bold** [a](javascript:alert(1)) `code` | cell |",
    "formula": '=HYPERLINK("http://example.com","x")',
    "plus": "+1-2 is what I pay",
    "right to left": "السعر مرتفع جدا بالنسبة لنا",
    "override": "abc \u202e!gnp.exe",
    "emoji": "👩\u200d💻 too expensive 😡😡",
    "long": "太贵了 and <b>slow</b> " * 500,
    "address": "write to ada@example.com or +49 30 1234567",
}


def left(
    many: int, reasons: Any = None, *, mrr: int = 20, comment: str = "", kind: str = ""
) -> dict[str, Any]:
    """That many customers lost in March, of whom the first gave these reasons, and as many who stay."""
    spans = [(f"C-{n}", "2025-06-05", "2026-03-05", mrr, "active", "solo") for n in range(many)]
    stay = [(f"S-{n}", "2025-06-05", "", mrr, "active", "team") for n in range(many)]
    rows = [(f"C-{n}", "2026-03-01", reason, kind, comment) for n, reason in enumerate(reasons or [])]
    return {"spans": [*spans, *stay], "cancellations": rows} if rows else {"spans": [*spans, *stay]}


def hostile() -> dict[str, Any]:
    """Every hostile comment by a customer who is to be called."""
    folder = left(len(HOSTILE), ["missing_feature"] * len(HOSTILE), mrr=200)
    rows = zip(folder["cancellations"], HOSTILE.values(), strict=True)
    return {**folder, "cancellations": [(*row[:4], comment) for row, comment in rows]}


BUSINESSES: dict[str, dict[str, Any]] = {
    "nobody asked": left(13),
    "one answer": left(13, ["too_expensive"]),
    "one reason for all": left(30, ["too_expensive"] * 30),
    "only the biller": left(30, ["payment_failed"] * 20 + ["payment_disputed"] * 10),
    "only codes of its own": left(30, ["Wetter", "zu laut", "Wetter"] * 10),
    "the biller's own codes": left(30, ["R-17"] * 30, kind="involuntary"),
    "all paused when they left": {
        "spans": [
            span
            for n in range(25)
            for span in [
                (f"C-{n}", "2025-06-05", "2026-02-05", 20, "active"),
                (f"C-{n}", "2026-02-05", "2026-03-05", "", "paused"),
            ]
        ],
        "cancellations": [(f"C-{n}", "2026-03-01", "temporary", "", "") for n in range(25)],
    },
    "hostile": hostile(),
    "in five languages": left(
        24,
        ["zu teuer", "trop cher", "demasiado caro", "太贵了", "高すぎる", "用得太少"] * 4,
        comment="Servus",
    ),
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[str, dict, Path]]:
    """What the page says of a business, its findings, and the folder that it hands on to."""
    done: dict[str, tuple[str, dict, Path]] = {}

    def run(kind: str) -> tuple[str, dict, Path]:
        if kind not in done:
            home = tmp_path_factory.mktemp("page")
            data = write_folder(home / "data", **BUSINESSES[kind])
            with pytest.MonkeyPatch.context() as patch:
                defaults = {**opening.open_business.__kwdefaults__, "cache": home / "cache"}
                patch.setattr(opening.open_business, "__kwdefaults__", defaults)
                out = home / "out" / "findings.json"
                said = run_cells(PAGE, {"data": str(data), "month": "2026-03", "findings_to": str(out)})
            done[kind] = said, json.loads(out.read_text(encoding="utf-8")), out.parent
        return done[kind]

    return run


@pytest.mark.parametrize("kind", BUSINESSES)
def test_the_page_says_nothing_odd(page: Callable[[str], tuple[str, dict, Path]], kind: str) -> None:
    """No missing number in a sentence, no tag of a customer's, findings after the schema."""
    said, record, _ = page(kind)
    assert not LEAKS.findall(said)
    assert not re.search(r"(?<![\d,])1 (customers|answers|days)", said)
    jsonschema.validate(
        {"schema_version": 1, "month": "2026-03", "as_of": "2026-04-01", "currency": None, **record}, SCHEMA
    )


@pytest.mark.parametrize(
    ("kind", "sentences"),
    [
        ("nobody asked", ["Of 13 customers lost in March 2026, 13 were not asked.",
                          "Nobody said why from June 2025 to March 2026.",
                          "Nobody said why, so there is no play"]),
        ("one answer", ["fewer than 20 answers even from June 2025 to March 2026 (1)",
                        "1 answer from June 2025 to March 2026: too few to say which reason"]),
        ("one reason for all", ["leads with March 2026 alone: it has 30 answers, and 20 are enough.",
                                "everybody said why"]),
        ("only the biller", ["Of 30 customers lost in March 2026, the biller ended 30.",
                             "(payment failed 20, payment disputed 10). For none of them have 30 days"]),
        ("in five languages", [
            "All 24 who said why from June 2025 to March 2026 did so in words that nobody mapped.",
            "24 customers left with a reason that no map knows",
            "What 5 of these 6 answers seem to mean stands beside them",
            "reason_map:", "  zu teuer: too_expensive", "  高すぎる: too_expensive", "  # 用得太少: …",
            "In words that nobody mapped 100.0 %, 24 of 24 answers",
        ]),
        ("nobody asked", ["Whom the biller ended from June 2025 to March 2026 is not known: of the 13",
                          "Whom you have interviewed already is not known",
                          "It takes payments.csv", "Did not say 100.0 %, 13 of 13 lost"]),
        ("only codes of its own", ["30 customers left with a reason that no map knows", "Wetter", "zu laut"]),
        ("the biller's own codes", ["R-17", "The biller ended 30 of them: their cause is “not said”."]),
    ],
)  # fmt: skip
def test_the_page_says_what_is_so(
    page: Callable[[str], tuple[str, dict, Path]], kind: str, sentences: list[str]
) -> None:
    """In the words of the page, counted by hand from the rows above."""
    said = page(kind)[0]
    assert [sentence for sentence in sentences if sentence not in said] == []


def test_nobody_named_unmapped(page: Callable[[str], tuple[str, dict, Path]]) -> None:
    """Neither a reason, nor a play; the lines that the page proposes are what `retention.yml` takes."""
    said, findings, _ = page("in five languages")
    assert "named “unmapped”" not in said and findings["reasons"]["top"] == []
    assert findings["reasons"]["plays"] == []
    text = said[said.index("reason_map:") : said.index("# 用得太少: …")]
    assert {row["reason_code"]: row["proposed"] for row in findings["reasons"]["unmapped"]} == {
        **yaml.safe_load(text)["reason_map"], "用得太少": None
    }  # fmt: skip


def test_shares_over_time_are_drawn_from_two_periods_on() -> None:
    blocks = pd.DataFrame(
        {"first_month": ["2026-01", "2026-04"], "reason": "unused", "enough": [False, True]}
    )
    assert shares_over_time.figure is not None
    assert shares_over_time.figure(blocks, pd.DataFrame()) is None


def test_a_play_stands_alone_only_where_its_reason_costs_most_for_sure() -> None:
    """Else the two that cost most are named, each with its play."""

    def said(*rows: tuple[str, float, float, float]) -> str:
        frame = pd.DataFrame(rows, columns=["reason", "mrr_a_month", "mrr_a_month_low", "mrr_a_month_high"])
        return repr(plays.sentence(frame.assign(play=[PLAYS[code].play for code in frame["reason"]]), "EUR"))

    dear, unused, gap = (
        PLAYS[code].play for code in ("too_expensive", "not_using_enough", "missing_feature")
    )
    sure = said(("too_expensive", 200, 150, 260), ("not_using_enough", 90, 60, 140))
    assert "“too expensive” costs the most" in sure
    assert dear in sure and unused not in sure and "may cost as much" not in sure
    both = said(
        ("too_expensive", 200, 110, 290), ("not_using_enough", 150, 80, 240), ("missing_feature", 40, 10, 90)
    )
    assert "“too expensive” may cost the most" in both and "“not using enough” may cost as much" in both
    assert f"“too expensive”: {dear} “not using enough”: {unused}" in both and gap not in both


def test_comparisons_stand_for_the_month_and_for_three(page: Callable[[str], tuple[str, dict, Path]]) -> None:
    """Whatever months the page leads with, both have their table against the twelve before."""
    for kind in ("one answer", "one reason for all"):
        said, record, _ = page(kind)
        assert "The report month, against the 12 months before it" in said
        assert "The last three months, against the 12 months before them" in said
        assert set(record["reasons"]["change"]) == {"month", "quarter", "shown"}


def test_the_findings_are_those_that_the_measures_declare(
    page: Callable[[str], tuple[str, dict, Path]],
) -> None:
    """The schema made from the measures holds what the page hands on, on every business, and no key twice."""
    schemas = [measure.schema for measure in FINDINGS["reasons"]]
    every = {key: node for schema in schemas for key, node in schema.items()}
    assert len(every) == sum(map(len, schemas))
    for kind in BUSINESSES:
        schema = {**fields(**every), "$defs": DEFINITIONS}
        jsonschema.validate(page(kind)[1]["reasons"], schema)


def test_the_words_hold_the_numbers_of_the_code() -> None:
    """What people typed beside the code says the same as the code."""
    notebook = " ".join(cell.source for cell in nbformat.read(PAGE, as_version=4).cells)
    papers = (shipped.HOME / "GLOSSARY.md").read_text(encoding="utf-8")
    assert f"Use in the {did.USE_DAYS} days before the first request" in notebook
    assert f"days of use a week in the {did.USE_DAYS} days before the first request" in papers
    assert f"below {did.FEWEST_DAYS} it is not known" in papers
    assert f"{groups.PERMUTATIONS:,} shuffles" in papers and f"at most {groups.MOST_LEVELS} levels" in papers
    assert f"*The last {YEAR} months* are fewer" in notebook
    assert f"the last {QUARTER} and the last {YEAR} with at least" in papers
    assert answers.TENURE_STAGES == ("days 0–7", "days 8–30", "days 31–90", "day 91 on")
    assert "stage of tenure (days 0–7, 8–30, 31–90, 91 on)" in papers
    assert answers.MONTH_STAGES == ("month 1", "months 2–3", "month 4 on")
    assert "of months (1, 2–3, 4 on)" in papers

"""What a source cannot know is empty on every page, and said; it is never 0."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from conftest import write_folder
from folders import examine

from retention_helpers import monthly_review, sources
from retention_helpers.contract import not_known
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import HISTORIES
from retention_helpers.early_warning import rules
from retention_helpers.measurement import measures, revenue
from retention_helpers.measurement.said import month as said_measurement
from retention_helpers.measurement.said import revenue as said_revenue
from retention_helpers.monthly_review.aims import against_targets
from retention_helpers.monthly_review.said.screen import Headline
from retention_helpers.shown import figures
from retention_helpers.shown.records import write
from retention_helpers.sources import importing
from retention_helpers.sources.interface import Imported, Importer, Order, write_rows

WHY = "A subscription holds only its present price: bring the invoices too."
PRICES, PAUSES = {"biller": {"prices": WHY}}, {"biller": {"pauses": "None are kept."}}
# March 2026: A stays and pays more, B stays and pays less, C pauses, D is lost, E is new.
SPANS = [
    ("A", "2026-01-05", "2026-03-05", 10), ("A", "2026-03-05", "", 15),
    ("B", "2026-01-05", "2026-03-05", 10), ("B", "2026-03-05", "", 4),
    ("C", "2026-01-05", "2026-03-05", 10), ("C", "2026-03-05", "", "", "paused"),
    ("D", "2026-01-05", "2026-03-09", 10), ("E", "2026-03-09", "", 7),
]  # fmt: skip


def of_march(business: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    mrr, kept = measures.mrr_movement(business), measures.revenue_retention(business)
    return mrr.iloc[-1].to_dict(), kept.iloc[-1].to_dict()


def test_without_past_prices_nobody_is_said_to_have_paid_more_or_less(opened: Any) -> None:
    with opened(SPANS, not_known=PRICES) as business:
        mrr, kept = of_march(business)
        left_out = [rule.name for rule in rules.left_out(business)]
    assert all(math.isnan(mrr[part]) for part in ("expansion", "contraction"))
    assert [mrr[part] for part in ("mrr_at_start", "new", "paused", "churned", "mrr_at_end")] == [
        40, 7, 10, 10, 26,
    ]  # fmt: skip
    assert all(math.isnan(share) for name, share in kept.items() if name != "month")
    assert "downgrade" in left_out


def test_without_past_pauses_nobody_is_said_to_be_paused(opened: Any) -> None:
    with opened(SPANS, not_known=PAUSES) as business:
        mrr, kept = of_march(business)
        moved = measures.customer_movement(business).iloc[-1]
    assert math.isnan(mrr["paused"]) and math.isnan(mrr["resumed"]) and math.isnan(moved["paused_at_end"])
    assert (mrr["expansion"], mrr["contraction"]) == (5, 6)
    assert math.isnan(kept["net_revenue_retention"])


def test_the_sentences_say_so_and_the_findings_are_null(opened: Any, tmp_path: Path) -> None:
    with opened(SPANS, not_known=PRICES | {"other": PAUSES["biller"]}) as business:
        moved, mrr = measures.customer_movement(business), measures.mrr_movement(business)
        kept, ages = measures.revenue_retention(business), revenue.revenue_by_age(business)
        churn = measures.customer_churn(business)
        warned = [fault.message for fault in business.faults if "not known" in fault.rule]
    assert "paused" not in said_measurement.movement(moved).text
    assert said_measurement.mrr(mrr, kept, "EUR").text == (
        "MRR went from EUR 40 to EUR 26, at the prices that are known: EUR 7 came with customers, EUR 10 "
        "left with customers. What those who stayed paid more or less, or paused, is not known from these "
        "data, so there is no revenue retention, gross or net."
    )
    assert "not known" in said_revenue.revenue_cohorts(ages).text
    assert ages["mrr_kept"].isna().all() and ages["net_revenue_retention"].isna().all()
    wanted = {"churn": 0.05, "net_revenue_retention": 1.0}
    none = pd.DataFrame(columns=["rate"])
    aims = against_targets(wanted, churn, none, kept, mrr)
    answer = Headline("A month of which little is known.", "cannot tell")
    card = repr(monthly_review.churn_card(answer, churn, None, aims, mrr, None, "EUR"))
    assert "MRR EUR 26." in card and "→" not in card and "net revenue retention" not in card
    assert warned == [
        f"biller: past prices are not known. {WHY} {HISTORIES['prices'].effect}",
        f"other: past pauses are not known. None are kept. {HISTORIES['pauses'].effect}",
    ]
    write(str(tmp_path / "found.json"), {"mrr": mrr.iloc[-1].drop("month").to_dict()})
    assert json.loads((tmp_path / "found.json").read_text())["mrr"]["expansion"] is None


def test_what_is_not_known_is_not_drawn(opened: Any) -> None:
    """What is known is drawn all the same: resumed stands on new, whatever expansion was."""
    with opened(SPANS, not_known=PRICES) as business:
        mrr = measures.mrr_movement(business)
    drawn = figures.movement_by_month(
        mrr, gains=["new", "expansion", "resumed"], losses=["churned", "contraction", "paused"], title="MRR"
    )
    assert drawn.alt == (
        "MRR. Last month, March 2026: new 7, resumed 0, churned 10, paused 10. Not known: expansion, "
        "contraction."
    )


def test_what_is_known_stays_as_it_was(opened: Any) -> None:
    with opened(SPANS) as business:
        mrr, kept = of_march(business)
    assert (mrr["expansion"], mrr["contraction"], mrr["paused"]) == (5, 6, 10)
    assert kept["net_revenue_retention"] == pytest.approx(19 / 40)


# --- from an importer to the measures --------------------------------------------------------------


def _biller(order: Order) -> Imported:
    people = [{"customer_id": "A", "signed_up_at": "2026-01-05"}]
    spans = [{"customer_id": "A", "started_at": "2026-01-05", "ended_at": None, "mrr": "9"}]
    tables = {"customers": people, "subscriptions": spans}
    paths = {table: write_rows(order, table, rows) for table, rows in tables.items()}
    known = {} if "invoices" in order.files[0].name else PRICES["biller"]
    return Imported(paths, {}, not_known=known)


@pytest.fixture
def biller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A biller whose past prices are known where a file of invoices is brought; two files of its own."""
    one = Importer("biller", "", lambda _: "", _biller)
    monkeypatch.setattr(sources, "IMPORTERS", ("biller",))
    monkeypatch.setattr("retention_helpers.sources.mapping.IMPORTERS", ("biller",))
    monkeypatch.setattr(sources, "import_module", lambda name: type("module", (), {"IMPORTER": one}))
    for name in ("subscriptions.json", "invoices.json"):
        (tmp_path / name).write_text("{}")
    return tmp_path


def rules_of(folder: Path, cache: Path) -> list[str]:
    return [fault.rule for fault in examine(folder, cache) if "not known" in fault.rule]


def test_an_import_leaves_a_note_beside_the_tables_and_a_better_one_takes_it_away(biller: Path) -> None:
    out = biller / "data"
    importing.import_files("biller", [biller / "subscriptions.json"], out, Settings())
    assert not_known.read(out) == PRICES
    assert rules_of(out, biller / ".kept") == ["past prices not known"]
    importing.import_files("biller", [biller / "invoices.json"], out, Settings())
    assert not (out / not_known.FILE).exists()
    assert rules_of(out, biller / ".kept") == []


def test_sources_say_it_without_a_file(biller: Path) -> None:
    (biller / "data").mkdir()
    named = {"sources": {"biller": {"path": "../subscriptions.json"}}}
    (biller / "data" / "retention.yml").write_text(yaml.safe_dump(named))
    assert rules_of(biller / "data", biller / ".kept") == ["past prices not known"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("biller: [prices]", "not_known.yml should hold a source, and below it lines such as `prices: why`."),
        ("biller: {price: x}", "not_known.yml: price is no history. Did you mean prices?"),
        ("{", "not_known.yml cannot be read (line 1)"),
    ],
)
def test_a_note_of_another_form_is_a_stop(tmp_path: Path, text: str, said: str) -> None:
    folder = write_folder(tmp_path / "data", SPANS)
    (folder / not_known.FILE).write_text(text)
    stops = [fault.message for fault in examine(folder, tmp_path / ".kept") if fault.level == "stop"]
    assert any(stop.startswith(said) for stop in stops)

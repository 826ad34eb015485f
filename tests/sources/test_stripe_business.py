"""From Stripe's files to the report: the movements hold, by hand, and what is not known is null."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from cells import SCHEMA, run_cells
from stripe_objects import (
    GONE_ROW,
    SUBSCRIPTION_COLUMNS,
    at,
    canceled,
    customer,
    export,
    invoice,
    item,
    json_lines,
    line,
    price,
    subscription,
    subscription_row,
)

from retention_helpers.__main__ import main
from retention_helpers.business import Business, open_business
from retention_helpers.contract.settings import Settings
from retention_helpers.measurement import measures
from retention_helpers.report import notebooks
from retention_helpers.sources import importing

BASIC, PRO, TEAM = price(2000, name="basic"), price(3300, name="pro"), price(9000, name="team")
MONTHS = ["2026-01-05", "2026-02-05", "2026-03-05", "2026-04-05"]
REQUESTED = {"reason": "cancellation_requested", "feedback": "unused", "comment": "no time"}
FAILED = {"reason": "payment_failed", "feedback": None, "comment": None}


def billed(who: str, *prices: Any, states: str = "ppp") -> list[Any]:
    """An invoice a month from January 2026: paid (p), voided untouched (v), or open after four tries (o)."""
    state = {"p": ("paid", 1), "v": ("void", 0), "o": ("open", 4)}
    return [
        invoice(who, nth, MONTHS[nth], line(who, MONTHS[nth], MONTHS[nth + 1], of["unit_amount"], of=of),
                status=state[states[nth]][0], attempts=state[states[nth]][1])
        for nth, of in enumerate(prices)
    ]  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """March 2026, in whole dollars of MRR at the end of February and of March:

    grows     20 → 90     expansion 70          leaves    33 →        churned 33, asked on 20 February
    shrinks   90 → 33     contraction 57        failed    20 →        churned 20, after four attempts
    pauses    33 →  0     paused 33             comes      . → 33     new 33
    resumes    0 → 20     resumed 20            asked     33 → 33     asked on 25 March, still there
    """
    early = "2026-01-05"
    objects = [
        subscription("grows", early, item(TEAM)),
        subscription("shrinks", early, item(PRO)),
        subscription("pauses", early, item(PRO), pause_collection={"behavior": "void", "resumes_at": None}),
        subscription("resumes", early, item(BASIC)),
        canceled("leaves", cancellation_details=REQUESTED),
        canceled("failed", "2026-03-20", canceled_at=at("2026-03-20"), cancellation_details=FAILED)
        | {"items": subscription("x", early, item(BASIC))["items"]},
        subscription("comes", "2026-03-05", item(PRO)),
        subscription("asked", early, item(PRO), cancel_at_period_end=True, canceled_at=at("2026-03-25"),
                     cancellation_details={"reason": "cancellation_requested", "feedback": None}),
        subscription("never", "2026-03-05", item(PRO), status="incomplete_expired"),
    ]  # fmt: skip
    invoices = [
        *billed("grows", BASIC, BASIC, TEAM),
        *billed("shrinks", TEAM, TEAM, PRO),
        *billed("pauses", PRO, PRO, PRO, states="ppv"),
        *billed("resumes", BASIC, BASIC, BASIC, states="pvp"),
        *billed("leaves", PRO, PRO),
        *billed("failed", BASIC, BASIC, BASIC, states="ppo"),
        invoice("comes", 0, "2026-03-05", line("comes", "2026-03-05", "2026-04-05")),
        *billed("asked", PRO, PRO, PRO),
    ]
    people = [customer(one["customer"].removeprefix("cus_"), "2026-01-02") for one in objects]
    return [
        json_lines(tmp_path / "customers.jsonl", people),
        json_lines(tmp_path / "subscriptions.jsonl", objects),
        json_lines(tmp_path / "invoices.jsonl", invoices),
    ]


@contextmanager
def opened(folder: Path) -> Iterator[Business]:
    business = open_business(folder, "2026-03", cache=folder.parent / ".kept")
    try:
        yield business
    finally:
        business.close()


def movements(business: Business) -> dict[str, Any]:
    moved: dict[str, Any] = measures.mrr_movement(business).iloc[-1].drop("month").to_dict()
    return moved


def test_the_movements_of_march_by_hand(files: list[Path], tmp_path: Path) -> None:
    """The table of `files`: at the start 20 + 90 + 33 + 0 + 33 + 20 + 33 = 229, at the end 209."""
    importing.import_files("stripe", files, tmp_path / "data", Settings())
    with opened(tmp_path / "data") as business:
        mrr = movements(business)
        customers = measures.customer_movement(business).iloc[-1]
        kinds = measures.churn_kinds(business).iloc[-1]
        kept = measures.revenue_retention(business).iloc[-1]
        warned = [fault.rule for fault in business.faults if fault.level == "warning"]
    at_start = 20 + 90 + 33 + 0 + 33 + 20 + 33
    assert {name: int(amount) for name, amount in mrr.items()} == {
        "mrr_at_start": at_start, "new": 33, "reactivated": 0, "expansion": 70, "resumed": 20,
        "contraction": 57, "paused": 33, "churned": 53, "mrr_at_end": at_start + 33 + 70 + 20 - 57 - 33 - 53,
    }  # fmt: skip
    assert mrr["mrr_at_end"] == Decimal(90 + 33 + 0 + 20 + 33 + 33)
    columns = ["customers_at_start", "new", "lost", "customers_at_end", "paused_at_end"]
    assert customers[columns].to_list() == [7, 1, 2, 6, 1]
    assert kinds[["voluntary", "involuntary", "kind_unknown"]].to_list() == [1, 1, 0]
    assert kept["net_revenue_retention"] == pytest.approx((at_start + 70 + 20 - 57 - 33 - 53) / at_start)
    assert not [rule for rule in warned if "not known" in rule]


def test_without_invoices_the_same_month_keeps_silent_about_prices_and_pauses(
    files: list[Path], tmp_path: Path
) -> None:
    """Customers move as before; MRR stands at the prices of now, what is unknown is NaN."""
    importing.import_files("stripe", files[:2], tmp_path / "data", Settings())
    with opened(tmp_path / "data") as business:
        mrr = movements(business)
        customers = measures.customer_movement(business).iloc[-1]
    unknown = [name for name, amount in mrr.items() if amount.is_nan()]
    assert unknown == ["expansion", "resumed", "contraction", "paused"]
    assert customers[["customers_at_start", "new", "lost", "customers_at_end"]].to_list() == [7, 1, 2, 6]
    assert (mrr["new"], mrr["churned"]) == (33, 53)


def test_the_pages_say_so_and_the_findings_are_null(files: list[Path], tmp_path: Path) -> None:
    importing.import_files("stripe", files[:2], tmp_path / "data", Settings())
    page, found = tmp_path / "measurement.json", {}
    said = run_cells(
        notebooks.FOLDER / "measurement.ipynb",
        {"data": str(tmp_path / "data"), "month": "2026-03", "findings_to": str(page), "reports": ""},
    )
    found = json.loads(page.read_text())["measurement"]
    assert "measurement" in SCHEMA["properties"]
    assert [found["mrr"][part] for part in ("expansion", "contraction", "paused", "resumed")] == [None] * 4
    names = ("net_revenue_retention", "gross_revenue_retention", "quick_ratio", "paused_at_end")
    assert [found[name] for name in names] == [None] * 4
    assert found["lost"] == 2 and found["mrr"]["churned"] == 53
    assert "so there is no revenue retention, gross or net" in said


def test_files_named_in_sources_are_read_in_place(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    entry = {
        "sources": {"stripe": {"path": ["../customers.jsonl", "../subscriptions.jsonl", "../invoices.jsonl"]}}
    }
    (tmp_path / "data" / "retention.yml").write_text(yaml.safe_dump(entry))
    with opened(tmp_path / "data") as business:
        assert movements(business)["expansion"] == 70
        assert business.knows("prices", "pauses")
        assert [(one.table, one.rows_kept) for one in business.sources][:2] == [
            ("customers", 9), ("subscriptions", 13),
        ]  # fmt: skip


def test_the_command_line_imports_and_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [subscription_row(str(n)) for n in range(3)]
    alone = export(tmp_path / "active.csv", SUBSCRIPTION_COLUMNS, rows)
    assert main(["import", "stripe", str(alone), "--out", "data"]) == 2
    assert "as in an export of the Active tab" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
    whole = export(tmp_path / "all.csv", SUBSCRIPTION_COLUMNS, [*rows, GONE_ROW])
    assert main(["import", "stripe", str(alone), str(whole), "--out", "data"]) == 0
    shown = capsys.readouterr().out
    assert "past prices are not known" in shown and "3 rows set aside" in shown
    assert yaml.safe_load((tmp_path / "data" / "not_known.yml").read_text()).keys() == {"stripe"}
    with (tmp_path / "data" / "customers.csv").open(newline="") as file:
        assert sorted(row["email"] for row in csv.DictReader(file)) == [
            "0@example.com", "1@example.com", "2@example.com", "gone@example.com",
        ]  # fmt: skip


def test_init_recognises_them(files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--business", "B", "--time-zone", "UTC"]
    assert main(["init", str(tmp_path / "data"), "--from", *map(str, files), *options]) == 0
    shown = capsys.readouterr().out
    assert "subscriptions.jsonl: Stripe's subscriptions (API)" in shown
    assert "invoices.jsonl: Stripe's invoices (API)" in shown

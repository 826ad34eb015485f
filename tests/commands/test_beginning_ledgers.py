"""`init` with sheets of months and ledgers of charges: found untyped, and asked what only an owner knows."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from retention_helpers import __main__
from retention_helpers.gate import kept

MONTHS = "Kunde,Jan 26,Feb 26,Mrz 26\nK-1,49,49,49\nK-2,49,49,\n"
LEDGER = "Date,Email,Amount,Product\n" + "".join(f"2026-0{month}-05,a@x.com,49,Pro\n" for month in (1, 2, 3))
ODD = (
    "Who,On,Sum paid,Thing\na@x.com,2026-01-05,49.00,Pro\na@x.com,2026-02-05,49.00,Pro\n"
    "b@x.com,2026-02-05,490.00,Pro\n"
)
PAYPAL = (
    "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,From Email Address,Transaction ID\n"
    "01/20/2026,10:00:00,PST,Ada,Subscription Payment,Completed,USD,19.00,-1,18,a@x.com,T1\n"
    "02/20/2026,10:00:00,PST,Ada,Subscription Payment,Completed,USD,19.00,-1,18,a@x.com,T2\n"
)


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kept, "CACHE", tmp_path / ".kept")
    (tmp_path / "exports").mkdir()
    return tmp_path


def begin(*more: str) -> int:
    return __main__.main(
        ["init", "mine", "--from", "exports", "--business", "B", "--time-zone", "UTC", *more]
    )


def sources(folder: Path) -> dict:
    return yaml.safe_load((folder / "mine" / "retention.yml").read_text(encoding="utf-8"))["sources"]


def answers(monkeypatch: pytest.MonkeyPatch, said: Mapping[str, str]) -> list[str]:
    """Somebody at the terminal who answers by a part of the question; what was asked."""
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return next((reply for part, reply in said.items() if part in question), "")

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    return asked


@pytest.mark.parametrize(
    ("name", "text", "key", "what"),
    [
        ("customers.csv", MONTHS, "months", "a sheet with a column a month"),
        ("payments.csv", LEDGER, "ledger", "a ledger of charges"),
        ("Download.csv", PAYPAL, "ledger", "charges of PayPal"),
    ],
)
def test_they_are_found_untyped(
    clean: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, key: str, what: str
) -> None:
    (clean / "exports" / name).write_text(text)
    assert begin() == 0
    assert f"{name}: {what}" in capsys.readouterr().out
    assert sources(clean) == {key: {"path": f"../exports/{name}"}}


def test_the_four_columns_of_any_other_ledger_are_asked_for_once(
    clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean / "exports" / "pay.csv").write_text(ODD)
    asked = answers(
        monkeypatch,
        {"a row for each payment": "yes", "who paid": "who", "the day": "On", "what was paid": "Sum paid",
         "bought": "thing", "“Pro 490.00” pay": "year"},
    )  # fmt: skip
    assert begin() == 0
    assert any("month: 490 a month; quarter: 163.33 a month; year: 40.83 a month" in one for one in asked)
    assert sources(clean)["ledger"] == {
        "path": "../exports/pay.csv",
        "columns": {"customer_id": "Who", "charged_at": "On", "amount": "Sum paid", "product": "Thing"},
        "rhythms": {"Pro 490.00": "year"},
    }
    asked.clear()
    assert __main__.main(["check", "--data", "mine"]) == 0
    assert asked == []


def test_cents_and_tax_of_a_ledger_are_asked_about(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """4900 with 700 beside it: each answer is written as a line, and the next question reckons with it."""
    rows = "".join(f"2026-0{month}-05,a@x.com,4900,700\n" for month in (1, 2, 3))
    (clean / "exports" / "pay.csv").write_text(f"Date,Email,Amount,VAT\n{rows}")
    asked = answers(monkeypatch, {"may be cents": "cents", "“VAT” stands beside": "on top"})
    assert begin() == 0
    assert any("cents: 49 was paid; whole units: 4,900 was paid" in one for one in asked)
    assert any("inside: of 49, 42 counts; on top: of 49, all counts" in one for one in asked)
    assert sources(clean)["ledger"] == {
        "path": "../exports/pay.csv", "price_in": "minor units", "tax_inside": "none",
    }  # fmt: skip


def test_what_is_on_hold_for_long_is_asked_about(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = (
        "subscription_id,subscription_status,start_date,end_date,billing_period,billing_interval,order_total,"
        "billing_email,last_order_date_created\n"
    )
    row = "{0},wc-{1},2026-01-05,0,month,1,30.00,{0}@x.com,{2}\n"
    rows = row.format(1, "active", "2026-06-05") + row.format(2, "on-hold", "2026-03-05")
    (clean / "exports" / "subs.csv").write_text(header + rows)
    answers(monkeypatch, {"is on hold": "by hand"})
    assert begin() == 0
    assert sources(clean)["ledger"]["on_hold"] == "by hand"


def test_a_day_of_creation_may_be_that_of_a_payment(
    clean: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """created_at, a customer and an amount are a list of subscriptions without an end, or a ledger."""
    rows = "".join(f"2026-0{month}-05,c1,49.00\n" for month in (1, 2, 3))
    (clean / "exports" / "pay.csv").write_text(f"created_at,customer_id,amount\n{rows}")
    assert begin() == 2
    said = capsys.readouterr()
    assert "or, if it has a row for each payment, a ledger of charges" in said.out
    assert "import ledger exports/pay.csv --out mine" in said.err
    named = {"who paid": "customer_id", "the day": "created_at", "what was paid": "amount"}
    answers(monkeypatch, {"a row for each payment": "yes", **named})
    assert begin() == 0
    assert sources(clean)["ledger"]["columns"]["charged_at"] == "created_at"


def test_what_nobody_answers_stops_with_the_line_to_write(
    clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (clean / "exports" / "pay.csv").write_text(LEDGER + "2026-02-05,b@x.com,490,Pro\n")
    assert begin() == 2
    assert "rhythms: {Pro 490: year}" in capsys.readouterr().out


def test_an_import_is_told_by_the_lines_of_the_settings(
    clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = clean / "pay.csv"
    path.write_text(LEDGER + "2026-02-05,b@x.com,490,Pro\n")
    line = ["import", "ledger", str(path), "--out", str(clean / "out"), "--say"]
    assert __main__.main([*line, "rhythms: {Pro 490: year}"]) == 0
    assert __main__.main([*line, "rythms: {Pro 490: year}"]) == 2
    assert "Did you mean rhythms?" in capsys.readouterr().err
    assert __main__.main([*line, "year"]) == 2
    assert "--say should hold lines" in capsys.readouterr().err

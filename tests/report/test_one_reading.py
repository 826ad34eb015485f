"""A report is of the data as they were when it began, whatever happens to the files while it runs."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import write_folder

from retention_helpers import shipped
from retention_helpers.gate import gate, kept, reading
from retention_helpers.gate.folder import look_at
from retention_helpers.report import notebooks, publishing, running
from retention_helpers.words.errors import InputError

SPANS = [(f"C-{n}", "2026-01-05", "2026-03-09" if n < 4 else "", 49, "active") for n in range(30)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "data", SPANS)


def test_the_settings_are_read_once(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For one opening, each file of choices is read a single time: the owner's and a source's."""
    with sqlite3.connect(tmp_path / "shop.sqlite") as shop:
        shop.execute("CREATE TABLE polls (customer_id, answered_at, score)")
        shop.execute("INSERT INTO polls VALUES ('C-1', '2026-02-05', 9)")
    files = {
        "retention.yml": "business: Once\nsources: {database: {path: shop.yml}}\n",
        "experiments.yml": "{}\n",
        "not_known.yml": "stripe: {prices: It holds present ones alone.}\n",
        "shop.yml": "sqlite: ../shop.sqlite\ntables: {nps: {table: polls}}\n",
    }
    for name, text in files.items():
        (data / name).write_text(text, encoding="utf-8")
    read: list[Path] = []
    read_text = Path.read_text

    def and_noted(path: Path, *given: Any, **named: Any) -> str:
        read.append(path)
        return read_text(path, *given, **named)

    monkeypatch.setattr(Path, "read_text", and_noted)
    passed = gate.pass_gate(data, tmp_path / "kept")
    assert (passed.settings.business, passed.not_known) == ("Once", ("prices",))
    assert "nps" in {source.table for source in passed.sources}
    assert sorted(path.name for path in read if path.parent == data and path.suffix == ".yml") == sorted(
        files
    )


def test_a_file_that_changes_while_it_is_read_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an old file and half a new one would be neither."""
    read_table = reading.read_table

    def and_replaced(evidence, source):  # type: ignore[no-untyped-def]
        found = read_table(evidence, source)
        with (data / "subscriptions.csv").open("a", encoding="utf-8") as file:
            file.write("C-0,2026-02-05,,49,active\n")
        return found

    monkeypatch.setattr(gate, "read_table", and_replaced)
    with pytest.raises(InputError, match=r"^subscriptions\.csv changed while it was being read"):
        gate.pass_gate(data, tmp_path / "kept")


def test_what_is_new_in_the_folder_is_seen(data: Path) -> None:
    """A look finds a file that is replaced, one that goes, and settings that come."""
    looked = look_at(data)
    assert not looked.changed()
    (data / "subscriptions.csv").unlink()
    (data / "retention.yml").write_text("business: New\n", encoding="utf-8")
    assert [path.name for path in looked.changed()] == ["retention.yml", "subscriptions.csv"]


def test_a_pinned_reading_that_is_gone_is_said(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_PINNED", {data: data / "nothing"})
    with pytest.raises(InputError, match="was removed while the report was being made"):
        gate.pass_gate(data)


@pytest.mark.parametrize("gone", ["all of it", "a table"])
def test_no_half_report_where_what_was_read_goes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """Removed after the first page: one sentence, and not even the page that was made is published."""
    execute_all = running.execute_all

    def and_removed(runs, workers):  # type: ignore[no-untyped-def]
        first, *others = runs
        troubles = execute_all([first], workers[:1])
        if gone == "all of it":
            kept.forget(first.kept)
        else:
            (first.kept / "subscriptions.parquet").unlink()
        return troubles | execute_all(others, workers[1:])

    monkeypatch.setattr(running, "execute_all", and_removed)
    with pytest.raises(
        InputError, match=r"^What was read of the data was removed while .* Start it again\.$"
    ):
        publishing.publish(data, "2026-03", tmp_path / "out", ("data_quality", "measurement"))
    assert [path.name for path in (tmp_path / "out").iterdir() if not path.name.endswith(".lock")] == []


@pytest.mark.parametrize("change", ["replaced", "deleted"])
def test_a_report_is_of_the_files_at_its_start(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """After its first page the file is another one, or gone: the later pages say the same."""
    file = data / "subscriptions.csv"
    execute_all = running.execute_all

    def and_changed(runs, workers):  # type: ignore[no-untyped-def]
        first, *others = runs
        troubles = execute_all([first], workers[:1])
        if change == "replaced":
            file.write_text(file.read_text(encoding="utf-8").replace("2026-03-09", ""), encoding="utf-8")
        else:
            file.unlink()
        return troubles | execute_all(others, workers[1:])

    monkeypatch.setattr(running, "execute_all", and_changed)
    only = ("data_quality", "measurement", "monthly_review")
    made = publishing.publish(data, "2026-03", tmp_path / "out", only)
    findings = json.loads((made / "findings.json").read_text(encoding="utf-8"))
    assert findings["measurement"]["lost"] == 4
    assert findings["quality"]["rows_read"] == 60
    assert "4 of 30 customers left" in (made / "index.html").read_text(encoding="utf-8")
    assert {path.stem for path in notebooks.in_reading_order(shipped.NOTEBOOKS)} >= set(only)

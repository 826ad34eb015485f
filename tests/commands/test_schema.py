"""What is made from the declarations of the code is checked in as it is made."""

import json
from pathlib import Path

import jsonschema
import pytest

from retention_helpers import __main__, measurement, shipped
from retention_helpers.commands import schema
from retention_helpers.measurement import measures
from retention_helpers.shown.units import COUNT


def test_the_schema_and_the_glossary_are_as_they_are_made() -> None:
    """Else `make schema` was forgotten."""
    assert __main__.main(["schema", "--check"]) == 0


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.written()))


def test_a_column_that_changes_is_noticed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One more column of a measure that hands on its rows."""
    declared = {**measures.churn_by.columns, "one_more": COUNT}  # type: ignore[attr-defined]
    monkeypatch.setattr(measures.churn_by, "columns", declared)
    assert __main__.main(["schema", "--check"]) == 1
    assert capsys.readouterr().out == "findings.schema.json is not as `make schema` makes it.\n"


def test_a_key_may_be_declared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = {"measurement": [measurement.kinds_of_loss, measurement.kinds_of_loss]}
    monkeypatch.setattr(measurement, "FINDINGS", twice)
    with pytest.raises(AssertionError, match="involuntary_share is declared twice in measurement"):
        schema.schema()


def test_a_term_that_the_glossary_lacks_is_noticed() -> None:
    """A docstring names it, and no row explains it."""
    rows = (shipped.HOME / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    without = "\n".join(row for row in rows if not row.startswith("| churn rate |"))
    with pytest.raises(AssertionError, match="no row of the glossary: churn rate"):
        schema.pointed(without)


def test_the_pointers_are_made_anew() -> None:
    """Whatever somebody wrote there."""
    glossary = Path(shipped.HOME / "GLOSSARY.md").read_text(encoding="utf-8")
    spoilt = glossary.replace("`measurement.measures.customer_churn`", "`measurement.measures.no_such`")
    assert spoilt != glossary and schema.pointed(spoilt) == glossary

"""What a source assumed, kept beside the tables: its notes, how far it reaches, and whose payment is due."""

import datetime as dt
from pathlib import Path

import pytest
from folders import examine, folder_of

from retention_helpers.contract import assumed
from retention_helpers.contract.assumed import Assumed
from retention_helpers.gate import gate
from retention_helpers.words.errors import InputError

MARCH = dt.date(2026, 3, 31)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    said = Assumed(MARCH, {dt.date(2026, 3, 5): 2}, 30, ("No day is known.",))
    assumed.write(tmp_path, "months", said)
    assert assumed.read(tmp_path) == {"months": said}
    assumed.write(tmp_path, "months", None)
    assert assumed.read(tmp_path) == {}


@pytest.mark.parametrize("text", ["months: [a]", "months: {until: soon}", "months: {due: {x: 1}}"])
def test_another_form_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / assumed.FILE).write_text(text)
    with pytest.raises(InputError, match=r"assumed\.yml is not as an import wrote it"):
        assumed.read(tmp_path)


def test_several_sources_are_one() -> None:
    """Each customer who is due counts, and the longest wait; who reaches further says how far the data
    reach.
    """
    day = dt.date(2026, 3, 5)
    both = assumed.together([Assumed(MARCH, {day: 2}, 30), Assumed(None, {day: 1}, 5), Assumed()])
    assert both == Assumed(MARCH, {day: 3}, 30)
    assert assumed.together([]) == Assumed()


def test_only_a_month_by_whose_end_somebody_is_due_is_provisional() -> None:
    said = Assumed(MARCH, {dt.date(2026, 3, 5): 2, dt.date(2026, 3, 31): 1}, 30)
    assert assumed.provisional(said, dt.date(2026, 3, 1)) == ()
    (fault,) = assumed.provisional(said, dt.date(2026, 4, 1))
    assert (fault.level, fault.rows) == ("warning", 3)
    assert fault.message.startswith("March 2026: it is provisional: 3 customers whose paid time was over")


def test_the_gate_says_the_notes_and_how_far_the_data_reach(tmp_path: Path) -> None:
    """The last row is of 1 March; the source knows of all March. After today it knows nothing."""
    data = folder_of(
        tmp_path / "data", {assumed.FILE: "months: {until: 2026-03-31, notes: [No day is known.]}"}
    )
    faults = examine(data, tmp_path / "cache")
    assert [(fault.level, fault.message) for fault in faults if fault.rule == "assumed"] == [
        ("note", "months: No day is known.")
    ]
    assert gate.pass_gate(data, tmp_path / "cache").latest_on == "2026-03-31"
    (data / assumed.FILE).write_text("months: {until: 2199-03-31}")
    assert gate.pass_gate(data, tmp_path / "cache").latest_on < "2199"

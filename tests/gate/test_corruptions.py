"""A good folder, spoilt in one way after another: no traceback, no hang, and a message that names it.

`tests/drills/corruptions.py` does the same a thousand times.
"""

import random
import time
from pathlib import Path

import blind
import pytest
from corruptions import CORRUPTIONS, Corruption, good_folder, write
from folders import examine
from test_gate import assert_sentences

PATIENCE = 60  # seconds for one small folder, on a machine that has other things to do


def test_the_good_folder_is_good(tmp_path: Path) -> None:
    assert examine(write(good_folder(), tmp_path / "data"), tmp_path / ".kept") == []


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda corruption: corruption.name)
def test_what_can_be_noticed_is_named(tmp_path: Path, corruption: Corruption) -> None:
    files = good_folder()
    corruption.change(files, random.Random(corruption.name))
    assert files != good_folder()
    folder = write(files, tmp_path / "data")
    begun = time.monotonic()
    faults = examine(folder, tmp_path / ".kept")
    assert time.monotonic() - begun < PATIENCE
    assert_sentences(faults, folder)
    if corruption.rules:
        assert {fault.rule for fault in faults} & set(corruption.rules), [fault.message for fault in faults]


@pytest.fixture(scope="module")
def goods(tmp_path_factory: pytest.TempPathFactory) -> dict[str, blind.Good]:
    return {name: blind.good(name, tmp_path_factory.mktemp("good")) for name in blind.FOLDERS}


# Every folder and every change twice; the drill does all pairs, each many times.
PAIRS = [
    (name, list(blind.CHANGES)[(nth + shift) % len(blind.CHANGES)])
    for shift in (0, 5)
    for nth, name in enumerate(blind.FOLDERS)
]


@pytest.mark.parametrize(("name", "change"), PAIRS)
def test_nothing_that_chance_does_to_a_file_is_a_traceback(
    goods: dict[str, blind.Good], name: str, change: str, tmp_path: Path
) -> None:
    """Every table, Parquet, every source: told in sentences, or no number of the months is another."""
    begun = time.monotonic()
    outcome = blind.spoil(goods[name], change, 24, tmp_path)
    assert time.monotonic() - begun < PATIENCE
    assert outcome.kind != "wrong", outcome
    assert not any("Traceback" in fault.message for fault in outcome.faults)

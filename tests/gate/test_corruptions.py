"""A good folder, spoilt in one way after another: no traceback, no hang, and a message that names it.

`tests/bench/corruptions.py` does the same a thousand times.
"""

import random
import time
from pathlib import Path

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

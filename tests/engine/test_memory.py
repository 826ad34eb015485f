"""How much memory a report may take, in a machine and in a container."""

from pathlib import Path

import psutil
import pytest

from retention_helpers import engine
from retention_helpers.engine import memory


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the container's limits stand; none at first."""
    monkeypatch.setattr(memory, "_LIMIT", tmp_path / "memory.max")
    monkeypatch.setattr(memory, "_USED", tmp_path / "memory.current")
    return tmp_path


def test_of_the_machine_where_no_container_has_less(container: Path) -> None:
    whole = psutil.virtual_memory().total
    assert memory.left_and_whole()[1] == whole
    (container / "memory.max").write_text("max\n")
    (container / "memory.current").write_text("1000\n")
    left, same = memory.left_and_whole()
    assert 0 < left < same == whole


def test_a_container_of_one_gigabyte(container: Path) -> None:
    (container / "memory.max").write_text("1000000000\n")
    (container / "memory.current").write_text("400000000\n")
    assert memory.left_and_whole() == (600_000_000, 1_000_000_000)
    assert memory.of_report() == 0.5
    assert memory.of_report(4) == 4
    opened = engine.connect(container / "spill")
    assert engine.rows(opened, "SELECT current_setting('memory_limit')") == [("476.8 MiB",)]
    opened.disconnect()

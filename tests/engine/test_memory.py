"""How much memory a report may take, in a machine and in a container."""

from pathlib import Path

import psutil
import pytest

from retention_helpers import engine
from retention_helpers.engine import memory

TODAY = ("memory.max", "memory.current", "memory.stat", "inactive_file")
BEFORE = (
    "memory/memory.limit_in_bytes",
    "memory/memory.usage_in_bytes",
    "memory/memory.stat",
    "total_inactive_file",
)


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the container's limits stand; none at first."""
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    return tmp_path


def limited(container: Path, names: tuple[str, ...], limit: str, used: int, files: int = 0) -> None:
    whole, taken, stat, droppable = names
    (container / whole).write_text(f"{limit}\n")
    (container / taken).write_text(f"{used}\n")
    (container / stat).write_text(f"anon 1\n{droppable} {files}\nactive_file 3\n")


@pytest.mark.parametrize(("names", "endless"), [(TODAY, "max"), (BEFORE, "9223372036854771712")])
def test_of_the_machine_where_no_container_has_less(
    container: Path, names: tuple[str, ...], endless: str
) -> None:
    whole = psutil.virtual_memory().total
    assert memory.left_and_whole()[1] == whole
    limited(container, names, endless, 1000)
    left, same = memory.left_and_whole()
    assert 0 < left < same == whole


@pytest.mark.parametrize("names", [TODAY, BEFORE])
def test_a_container_of_one_gigabyte(container: Path, names: tuple[str, ...]) -> None:
    limited(container, names, "1000000000", 400_000_000)
    assert memory.left_and_whole() == (600_000_000, 1_000_000_000)
    assert memory.of_report() == 0.5
    assert memory.of_report(4) == 4
    opened = engine.connect(container / "spill")
    assert engine.rows(opened, "SELECT current_setting('memory_limit')") == [("476.8 MiB",)]
    opened.disconnect()


@pytest.mark.parametrize("names", [TODAY, BEFORE])
def test_files_that_were_read_are_not_taken(container: Path, names: tuple[str, ...]) -> None:
    """A container that has read a large export is full to the brim, and gives most of it back when asked."""
    limited(container, names, "1000000000", 990_000_000, files=700_000_000)
    assert memory.left_and_whole() == (710_000_000, 1_000_000_000)

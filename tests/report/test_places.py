"""Disks that are full, read-only or gone: one sentence names the right one, and the good report stays."""

import contextlib
import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import write_folder
from mounts import disk, make_read_only
from test_report import PARAMETERS, business, files, left_in, publish, write_notebook

from retention_helpers import shipped
from retention_helpers.commands import checking
from retention_helpers.report import publishing, running
from retention_helpers.words.errors import InputError, of_the_disk

__all__ = ["business"]  # the runner's stand-in, without a gate
FILLS = "open(findings_to + '.big', 'wb').write(bytes(60_000_000))"


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """A small disk with a good report on it."""
    with disk(tmp_path / "reports", 40) as folder:
        write_notebook(tmp_path / "notebooks", "measurement", "'good'")
        publish(tmp_path)
        yield folder


@contextlib.contextmanager
def nothing_runs() -> Iterator[None]:
    """It is said before any kernel starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "workers", None)
        yield


def test_a_read_only_folder_is_said_before_anything_runs(tmp_path: Path, out: Path) -> None:
    good = files(out)
    make_read_only(out)
    with nothing_runs(), pytest.raises(InputError, match=r"Nothing can be written in .*reports \(read-only"):
        publish(tmp_path)
    assert files(out) == good


def test_a_full_disk_is_said_before_anything_runs(tmp_path: Path, out: Path) -> None:
    good = files(out)
    (out / "other").write_bytes(bytes(20_000_000))
    with nothing_runs(), pytest.raises(InputError, match=r"reports has \d+ MB left; 30 are needed"):
        publish(tmp_path)
    assert {name: one for name, one in files(out).items() if name != "other"} == good


@pytest.mark.parametrize("cell", [FILLS, f"try: {FILLS}\nexcept OSError: pass"])
def test_a_disk_that_fills_meanwhile_leaves_the_good_report(tmp_path: Path, out: Path, cell: str) -> None:
    """In a notebook, or when what it left is gathered: no half report takes more of the space."""
    good = files(out / "2026-10")
    write_notebook(tmp_path / "notebooks", "measurement", cell)
    with pytest.raises((InputError, OSError)) as said:
        publish(tmp_path)
    words = str(said.value) if isinstance(said.value, InputError) else of_the_disk(said.value)
    assert "no space left on device" in words.lower() and "Free some space" in words
    assert "mistake in this software" not in words
    assert files(out / "2026-10") == good and left_in(out) == ["2026-10"]


def test_a_folder_that_vanishes_meanwhile_is_named(tmp_path: Path) -> None:
    gone = f"import shutil; shutil.rmtree({str(tmp_path / 'reports')!r})"
    write_notebook(tmp_path / "notebooks", "measurement", gone)
    with pytest.raises((InputError, OSError)) as said:
        publish(tmp_path)
    words = str(said.value) if isinstance(said.value, InputError) else of_the_disk(said.value)
    assert str(tmp_path / "reports") in words and "mistake in this software" not in words


def test_no_folder_for_temporary_files_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    write_notebook(tmp_path / "notebooks", "measurement", "'good'")
    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with nothing_runs(), pytest.raises(InputError, match="no folder for temporary files"):
        publish(tmp_path)


def test_being_made_already_is_said_before_anything_runs(tmp_path: Path) -> None:
    write_notebook(tmp_path / "notebooks", "measurement", "'good'")
    out = tmp_path / "reports"
    with (
        publishing.locked(out.resolve(), "2026-10"),
        nothing_runs(),
        pytest.raises(InputError, match="2026-10 is being made already"),
    ):
        publishing.publish(tmp_path, "2026-10", out, (), tmp_path / "notebooks")


def test_a_notebook_without_a_kernelspec_runs(tmp_path: Path) -> None:
    """As some tools write them: papermill alone would stop with an error of its own."""
    path = write_notebook(tmp_path / "notebooks", "measurement", "'good'", parameters=PARAMETERS)
    notebook = json.loads(path.read_text())
    del notebook["metadata"]["kernelspec"]
    path.write_text(json.dumps(notebook))
    assert "good" in (publish(tmp_path) / "measurement.html").read_text()


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_cache_that_cannot_take_a_reading_is_named(tmp_path: Path, how: str) -> None:
    """Random names of a megabyte and a half do not fit into one; on a read-only disk nothing does."""
    with disk(tmp_path / "cache", 1) as cache:
        chance = random.Random(1)
        events = [("A", "2026-01-05T10:00:00", f"{chance.getrandbits(1200):x}") for _ in range(10_000)]
        data = write_folder(tmp_path / "data", [("A", "2026-01-01", "", 20)], events=events)
        if how == "read-only":
            make_read_only(cache)
        checked = checking.check(data, tmp_path / "out", cache=cache)
    (fault,) = checked.faults
    assert fault.message.startswith(f"What was read cannot be kept in {cache}"), fault.message
    assert fault.message.endswith("Free some space there, or allow writing.")


def test_a_cache_is_where_one_can_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the checkout; where that is read-only at home, and where home is too among temporary files."""
    with disk(tmp_path / "checkout", 1) as checkout, disk(tmp_path / "home", 1) as home:
        monkeypatch.setattr(shipped, "HOME", checkout)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        assert shipped.cache() == checkout / ".cache"
        make_read_only(checkout)
        assert home in shipped.cache().parents
        make_read_only(home)
        place = shipped.cache()
        assert place.parent == tmp_path and place.stat().st_mode & 0o077 == 0
        place.chmod(0o777)
        with pytest.raises(PermissionError, match="others may write there"):
            shipped.cache()
        shutil.rmtree(place)

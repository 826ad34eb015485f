"""What is installed: exact versions with their hashes, and licences that were looked at."""

import re
from pathlib import Path

import pytest
from licences import JUDGED, LIST, is_free, licence, listed, pinned

from retention_helpers import shipped

LOCK = shipped.HOME / "requirements.lock"
WORKFLOWS = shipped.HOME / ".github" / "workflows"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_version_has_its_hashes() -> None:
    """The lock holds the versions of constraints.txt, each with a hash, and none besides."""
    text = LOCK.read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[A-Za-z0-9])", "\n" + text)[1:]
    without = [block for block in blocks if "--hash=sha256:" not in block]
    assert without == [], "`make lock` writes it"
    named = [re.match(r"([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", block) for block in blocks]
    hashed = {_plain(found[1]): found[2] for found in named if found}
    wanted = {_plain(name): version for name, version in pinned().items()}
    assert {name: hashed.get(name) for name in wanted} == wanted, "`make lock` writes it"


def test_ci_installs_nothing_without_a_hash() -> None:
    makefile = (shipped.HOME / "Makefile").read_text(encoding="utf-8")
    assert "--require-hashes -r requirements.lock" in makefile
    assert "pip install" not in (WORKFLOWS / "ci.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(pinned()))
def test_no_licence_is_unnamed_or_binding_unless_it_was_looked_at(name: str) -> None:
    said = licence(name)
    if said is None:
        pytest.skip(f"{name} is not installed on this system")
    assert name in JUDGED or (said and is_free(said)), said


def test_the_list_of_licences_is_what_is_installed() -> None:
    """`python tests/licences.py` writes it."""
    kept = Path(LIST).read_text(encoding="utf-8").splitlines()
    assert [line for line in listed().splitlines() if line not in kept] == []

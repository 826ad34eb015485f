"""A business with a report and a day's list, its post, and servers on loopback that take it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import write_folder
from posted import make_list, make_report
from servers import Hook, Mailbox, mail_server, web_server

from retention_helpers.delivery import delivering
from retention_helpers.delivery.post import Post, post
from retention_helpers.gate.gate import pass_gate


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A data folder that the gate has read, and the cache that keeps it."""
    home = tmp_path_factory.mktemp("read")
    customers = [
        {"customer_id": f"C-{n}", "signed_up_at": "2026-01-05", "email": f"c{n}@customer.example"}
        for n in range(3)
    ]
    spans = [(f"C-{n}", "2026-01-05", "", 49, "active") for n in range(3)]
    data = write_folder(home / "data", spans, customers=customers)
    pass_gate(data.resolve(), home / "cache")
    return data, home / "cache"


@pytest.fixture
def posted(read: tuple[Path, Path], tmp_path: Path) -> Callable[..., Post]:
    """`posted(eml="outbox")`: the post of a business with a report and a list, with these settings."""
    data, cache = read
    out = tmp_path / "my reports"
    make_report(out)
    make_list(out)

    def opened(**deliver: Any) -> Post:
        said = {"business": "Harbour Desk", "deliver": {"to": "owner@example.com", **deliver}}
        (data / "retention.yml").write_text(yaml.safe_dump(said), encoding="utf-8")
        found = post(data, out)
        return Post(found.data, found.out, found.settings, found.identity, cache)

    return opened


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as taken:
        yield taken


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    with web_server() as taken:
        monkeypatch.setenv("RETENTION_WEBHOOK", taken.address)
        yield taken


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited between tries, which nobody waits for."""
    seconds: list[float] = []
    monkeypatch.setattr(delivering, "sleep", seconds.append)
    return seconds

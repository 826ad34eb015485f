"""Data folders as their files stand in them, and what the gate says of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from retention_helpers.commands import checking
from retention_helpers.contract.tables import Fault

Content = str | bytes | Callable[[Path], object] | None

CUSTOMERS = "customer_id,signed_up_at,industry\nC-1,2026-01-05,design\nC-2,2026-01-06,law\n"
HEADER = "customer_id,started_at,ended_at,mrr,plan,status,currency\n"
SUBSCRIPTIONS = HEADER + (
    "C-1,2026-01-05,,49,pro,active,EUR\nC-2,2026-01-06,2026-03-01,49.90,pro,active,EUR\n"
)


def folder_of(folder: Path, files: Mapping[str, Content]) -> Path:
    """A data folder; two good tables unless others (or None) are given."""
    folder.mkdir(parents=True, exist_ok=True)
    named = "business: Harbour Desk\n"
    settings = files.get("retention.yml", "")
    if isinstance(settings, str) and settings.startswith("{"):
        files = {**files, "retention.yml": settings.replace("{", "{business: Harbour Desk, ", 1)}
    elif isinstance(settings, str) and "business:" not in settings:
        files = {**files, "retention.yml": f"{settings}\n{named}" if settings else named}
    defaults = {"customers.csv": CUSTOMERS, "subscriptions.csv": SUBSCRIPTIONS}
    for name, content in {**defaults, **files}.items():
        if isinstance(content, str | bytes):
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        elif content is not None:
            content(folder / name)
    return folder


def examine(folder: Path, cache: Path) -> list[Fault]:
    """Everything that is wrong with a folder, stops included."""
    return list(checking.check(folder, cache.parent / "out", cache=cache).faults)

"""What a report was made from: the version, the owner's choices, the files as they were."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from retention_helpers import __version__
from retention_helpers.contract.settings import DECLARED, Settings
from retention_helpers.shown.units import COUNT, TEXT, Node, by_name, fields, or_null, rows

if TYPE_CHECKING:
    from retention_helpers.business import Business

SINGLE = (str, int, date, Decimal)

MADE: Node = fields(
    "What the report was made from, and when.",
    version=TEXT,
    at=TEXT,
    settings=by_name(or_null(TEXT.node), note="What differs from the default; null: several values."),
    files=rows("The owner's files; sha256 is null for tables that an importer or a database brought.",
               table=TEXT, file=TEXT, rows=COUNT, sha256=TEXT.or_null),
)  # fmt: skip


def made_from(business: "Business", at: datetime) -> dict[str, Any]:
    """The record of it, as findings.json holds it under `made`."""
    return {
        "version": __version__,
        "at": at.isoformat(timespec="seconds"),
        "settings": dict(chosen(business.settings)),
        "files": [
            {"table": one.table, "file": one.file, "rows": one.rows_read, "sha256": one.sha256 or None}
            for one in business.sources
        ],
    }


def chosen(settings: Settings) -> Mapping[str, str | None]:
    """The settings that differ from the default: a single value as it is written, None for several.

    Lists and maps are named only: they may hold accounts and addresses.
    """
    usual = Settings()
    values = {name: getattr(settings, name) for name in DECLARED}
    return {
        name: str(value) if isinstance(value, SINGLE) else None
        for name, value in values.items()
        if value != getattr(usual, name)
    }

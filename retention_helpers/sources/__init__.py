"""One file a source: where its rows come from, and how they become the tables of the contract.

`folder` finds the files of a data folder; every other module reads the export of one tool. To add one:
write `sources/NAME.py` with an `IMPORTER`, and name it here; `tool-part` is the module `part` of the package
`tool`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from retention_helpers.words.errors import InputError, nearest

if TYPE_CHECKING:
    from retention_helpers.sources.interface import Importer

# `init` asks the pickiest first.
IMPORTERS = (
    "stripe",
    "stripe-live",
    "paddle",
    "hubspot",
    "shopify",
    "woocommerce",
    "database",
    "ledger",
    "months",
    "spreadsheet",
)


def importer(name: str) -> "Importer":
    """The importer of a source; raises InputError for one that nobody has written."""
    if name not in IMPORTERS:
        raise InputError(f"There is no source {name}. {nearest(name, IMPORTERS)}")
    found: Importer = import_module(f"{__name__}.{name.replace('-', '.')}").IMPORTER
    return found

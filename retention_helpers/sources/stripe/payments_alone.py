"""The export of Stripe's payments without any subscriptions, which is read as a ledger of charges."""

from dataclasses import replace
from pathlib import Path

from retention_helpers.contract.tables import Fault, message
from retention_helpers.sources.documents import is_json
from retention_helpers.sources.interface import Imported, Order
from retention_helpers.sources.ledger import IMPORTER as LEDGER
from retention_helpers.sources.ledger.lines import sheets_of
from retention_helpers.sources.stripe import exports, reading
from retention_helpers.sources.unreadable import Unreadable

OPTIONS = ("rhythms", "until")  # of a ledger, as far as Stripe leaves them open


def read(order: Order) -> Imported:
    """The files of one account of Stripe; payments alone as a ledger, and said so."""
    if not _are_payments_alone(order):
        return reading.read(order)
    found = LEDGER.read(order)
    said = message(
        "Stripe",
        "there are payments and no subscriptions, which were told by the rhythm of the payments",
        "Export the subscriptions, of every status, and nothing has to be told.",
    )
    fault = Fault("note", "subscriptions", "payments alone", 0, said)
    return replace(found, faults=(*found.faults, fault))


def _are_payments_alone(order: Order) -> bool:
    return all(not is_json(file) and _kind(file) == "payment" for file in order.files)


def _kind(file: Path) -> str:
    """What an export of the dashboard is, by its header; "" for a file that cannot be read."""
    try:
        sheets, _ = sheets_of(file, lambda names: bool(exports.kind_of(names)))
    except Unreadable:
        return ""
    return exports.kind_of(sheets[0].header)

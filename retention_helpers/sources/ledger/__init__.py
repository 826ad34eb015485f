"""Ledgers of charges: a row a payment, from PayPal, Gumroad, Lemon Squeezy, Stripe, a shop, or a bank.

A ledger knows no subscriptions. They are told by the rhythm in which each customer pays the same again; what
only the owner can tell is asked, and whose payment is merely late is said.
"""

from collections.abc import Sequence

from retention_helpers.sources.interface import Importer
from retention_helpers.sources.ledger import woocommerce
from retention_helpers.sources.ledger.options import OPTIONS
from retention_helpers.sources.ledger.reading import read
from retention_helpers.sources.ledger.tools import OWN, is_ledger, tool_of


def recognises(columns: Sequence[str]) -> str:
    """What a file with these columns is, in the owner's words; "" for no ledger."""
    if woocommerce.is_it(columns):
        return woocommerce.NAME
    if not is_ledger(columns):
        return ""
    tool = tool_of(columns)
    return "a ledger of charges" if tool is OWN else f"charges of {tool.name}"


IMPORTER = Importer(
    name="ledger",
    about="a ledger of charges: PayPal, Gumroad, Lemon Squeezy, Stripe's payments, or your own, CSV or XLSX",
    recognises=recognises,
    read=read,
    options=OPTIONS,
)

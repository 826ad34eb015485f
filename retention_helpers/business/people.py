"""What a customer is called and how to reach them, from the personal columns that the owner brought."""

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business.opened import Business
from retention_helpers.contract.attributes import plain

GREETING = "Hello,"
NAMES = ("first_name", "firstname", "name", "full_name")  # columns that hold what to call a customer
EMAILS = ("email", "e_mail", "mail", "email_address")
PHONES = ("phone", "telephone", "mobile", "phone_number", "telefon")


def rows_of(table: ir.Table, who: Iterable[str]) -> ir.Table:
    """The rows of these customers. A join: a list of thousands takes longer to compile than to run."""
    named = ibis.memtable(pd.DataFrame({"customer_id": list(who)}), schema={"customer_id": "string"})
    return table.semi_join(named, "customer_id")


def people(business: Business, who: Iterable[str]) -> pd.DataFrame:
    """Name, e-mail and phone of these customers, null where they are not known."""
    known = {plain(column): column for column in business.attributes.personal}
    wanted = {
        role: next((known[name] for name in names if name in known), None)
        for role, names in {"name": NAMES, "email": EMAILS, "phone": PHONES}.items()
    }
    own = rows_of(business.table("customers"), who)
    found = own.execute().drop_duplicates("customer_id").set_index("customer_id")
    return pd.DataFrame(
        {
            role: found[column].astype("object")
            if column
            else pd.Series(None, index=found.index, dtype="object")
            for role, column in wanted.items()
        }
    )


def addressed(message: str, name: str) -> str:
    """A message in somebody's own name.

    >>> addressed("Hello, may I ask?", "Ada"), addressed("Hello, may I ask?", "")
    ('Hello Ada, may I ask?', 'Hello, may I ask?')
    """
    return message.replace(GREETING, f"Hello {name},", 1) if name else message

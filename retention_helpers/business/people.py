"""What a customer is called and how to reach them, from the personal columns that the owner brought."""

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business.opened import Business
from retention_helpers.contract.attributes import holds_names, plain
from retention_helpers.words.formats import is_missing
from retention_helpers.words.quotations import masked, unsigned

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


def unsigned_texts(business: Business, rows: pd.DataFrame, text: str) -> pd.Series:
    """A column of what customers wrote (beside customer_id), without their own names where known."""
    columns = [column for column in business.attributes.personal if holds_names(column)]
    written = rows[text].astype("object")
    said = written[written.notna()]
    if not columns or said.empty:
        return written
    wanted = rows_of(business.table("customers"), rows.loc[said.index, "customer_id"].unique())
    known = wanted.select("customer_id", *columns).execute().drop_duplicates("customer_id")
    names = {
        who: [*own, " ".join(own)]
        for who, *cells in known.itertuples(index=False, name=None)
        if (own := [str(cell) for cell in cells if not is_missing(cell)])
    }
    who = rows.loc[said.index, "customer_id"]
    shown = [unsigned(masked(one), names.get(customer, ())) for one, customer in zip(said, who, strict=True)]
    return written.where(written.isna(), pd.Series(shown, index=said.index, dtype="object"))


def addressed(message: str, name: str) -> str:
    """A message in somebody's own name.

    >>> addressed("Hello, may I ask?", "Ada"), addressed("Hello, may I ask?", "")
    ('Hello Ada, may I ask?', 'Hello, may I ask?')
    """
    return message.replace(GREETING, f"Hello {name},", 1) if name else message

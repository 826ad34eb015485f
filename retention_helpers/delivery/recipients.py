"""Nothing goes to a customer: the addresses of the settings are held against those of the data."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from retention_helpers.business.people import EMAILS
from retention_helpers.contract.attributes import plain
from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.gate.gate import pass_gate
from retention_helpers.gate.kept import home_of
from retention_helpers.words.errors import InputError


def refuse_customers(to: Sequence[str], customers: Path, ours: Iterable[str]) -> None:
    """Raise InputError where one of these addresses is a customer's, but for accounts of our own.

    `customers` is the table as a reading kept it.
    """
    wanted = {address.lower() for address in to}
    own = set(ours)
    for customer, address in _addresses(customers) if wanted else ():
        if address.strip().lower() in wanted and customer not in own:
            raise InputError(
                f"{SETTINGS_FILE}: deliver: {address.strip()} is the address of a customer, and nothing was "
                f"sent. If it is an account of your own, write: internal_accounts: [{customer}]"
            )


def last_reading(data: Path, cache: Path) -> Path | None:
    """The customers as the last reading of a folder kept them; None where nothing is kept."""
    home = home_of(data, cache)
    kept = [path for path in home.glob("*/customers.parquet") if not path.parent.name.startswith(".")]
    return max(kept, key=lambda path: path.stat().st_mtime, default=None)


def reading(data: Path, cache: Path) -> Path:
    """The same, but read now where nothing is kept. Raises InputError where that cannot be done."""
    return last_reading(data, cache) or pass_gate(data.resolve(), cache).folder / "customers.parquet"


def _addresses(customers: Path) -> Iterable[tuple[str, str]]:
    columns = [name for name in pq.read_schema(customers).names if plain(name) in EMAILS]
    rows = pq.read_table(customers, columns=["customer_id", *columns])
    for column in columns:
        pairs = zip(rows["customer_id"].to_pylist(), rows[column].to_pylist(), strict=True)
        yield from ((str(customer), str(address)) for customer, address in pairs if address)

"""The file that says which database is read, and which tables or queries of it are tables of ours.

It never holds an address with a password: `connect` names the variable of the environment that does.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retention_helpers.contract.tables import HISTORIES, TABLES
from retention_helpers.contract.yaml_files import document
from retention_helpers.sources import described
from retention_helpers.words.errors import InputError, nearest

_KEYS = ("connect", "sqlite", "tables", "not_known", "time_zone")
_OF_A_TABLE = ("table", "query", "columns", "values", "attributes")


@dataclass(frozen=True)
class Wanted:
    """A table of the contract and where its rows come from: a table of the database, or a query.

    Attributes:
        columns: the database's names for columns of ours, by ours.
        values: the database's words for ours, by column.
        attributes: further columns of customers; nothing else of a database is taken.
    """

    name: str
    table: str
    query: str
    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    attributes: Sequence[str]

    @property
    def shown(self) -> str:
        return self.table or f"the query of {self.name}"


@dataclass(frozen=True)
class Description:
    """What a file says: the variable that holds the address or the file of SQLite, and the tables.

    `time_zone` is that of times that name none, where it is not the business's own. `not_known` says why a
    history of `contract.HISTORIES` is not in them.
    """

    path: Path
    variable: str
    sqlite: Path | None
    tables: Sequence[Wanted]
    not_known: Mapping[str, str]
    time_zone: str = ""

    def address(self) -> str:
        """The database's address from the environment. Raises InputError where there is none."""
        found = os.environ.get(self.variable, "").strip()
        if not found:
            raise described.wrong(
                self.path.name,
                "the environment has no variable of the name at `connect:` (not repeated here: it may be a "
                "password). Set it to the address of the database, such as "
                "postgresql://reader:PASSWORD@host/shop, best of a user who may only read",
            )
        return found


def read_description(path: Path) -> Description:
    """The description in a file. Raises InputError with what is wrong with it."""
    entry = document(path)
    described.refuse_unknown(path.name, entry, _KEYS)
    if bool(entry.get("connect")) == bool(entry.get("sqlite")):
        raise described.wrong(
            path.name,
            "it should hold `connect:` with the name of a variable of the environment, or `sqlite:` with a "
            "file",
        )
    tables = entry.get("tables")
    if not isinstance(tables, dict) or not tables:
        raise described.wrong(
            path.name, "it should hold `tables:`, and below it a line for each table of ours"
        )
    return Description(
        path,
        _variable(path, entry.get("connect")),
        (path.parent / str(entry["sqlite"])) if entry.get("sqlite") else None,
        [_wanted(path, str(name), own) for name, own in tables.items()],
        _not_known(path, entry.get("not_known") or {}),
        described.time_zone(path.name, entry),
    )


def _not_known(path: Path, entry: Any) -> dict[str, str]:
    where = f"{path.name}: not_known"
    described.refuse_unknown(where, entry, tuple(HISTORIES), first="prices")
    return {name: str(why) for name, why in entry.items()}


def _variable(path: Path, name: Any) -> str:
    """The name of a variable; what may be an address is not repeated in the error."""
    if name is None:
        return ""
    if not str(name).replace("_", "").isalnum():
        raise described.wrong(
            path.name,
            "connect is no name of a variable of the environment. An address may hold a password: keep it "
            "out of files, put it into a variable such as SHOP_DATABASE, and write `connect: SHOP_DATABASE`",
        )
    return str(name)


def _wanted(path: Path, name: str, entry: Any) -> Wanted:
    where = f"{path.name}: {name}"
    if name not in TABLES:
        raise described.wrong(where, f"it is no table of the contract. {nearest(name, TABLES)}")
    described.refuse_unknown(where, entry, _OF_A_TABLE, first="table")
    if bool(entry.get("table")) == bool(entry.get("query")):
        raise described.wrong(where, "it should name a `table:` or a `query:`")
    return Wanted(
        name,
        str(entry.get("table") or ""),
        str(entry.get("query") or "").strip().removesuffix(";"),
        described.names(where, entry),
        described.values(where, entry),
        _attributes(where, name, entry.get("attributes") or []),
    )


def _attributes(where: str, name: str, listed: Any) -> list[str]:
    if not isinstance(listed, list):
        raise described.wrong(where, "attributes should be a list of columns, such as [industry, country]")
    if listed and not TABLES[name].has_attributes:
        raise InputError(f"{where}: only customers have attributes.")
    return [str(one) for one in listed]

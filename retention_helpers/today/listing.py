"""The rows of the list of a day: what is new, and what the plan has for it, the most urgent first."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.gate.running_plan import FILLED, HEADINGS, SINCE_THEN
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.plan.rows import cells, rows
from retention_helpers.shown.proposals import CALL, LETTER
from retention_helpers.today.earlier import Planned
from retention_helpers.today.gathering import Today

COLUMNS = tuple(name for name in HEADINGS if name != SINCE_THEN)


@dataclass(frozen=True)
class Listed:
    """A row of the list.

    Attributes:
        action: its key. cells: its columns as exact texts, as the running plan has them, without what its
        owner filled in. is_new: it is not in the plan yet.
    """

    customer: str
    action: str
    cells: Mapping[str, str]
    is_new: bool

    @property
    def is_call(self) -> bool:
        return self.cells.get("action", "") == ACTIONS[self.action].called(CALL)

    @property
    def why(self) -> str:
        return self.cells.get("why", "")

    @property
    def mrr(self) -> Decimal | None:
        text = self.cells.get("mrr")
        return Decimal(text) if text else None


def listed_rows(business: Business, today: Today) -> list[Listed]:
    """One row per customer, in the order of the plan; of the same action what is new first.

    What was filled in of a planned touch was done on the day or later, and is no part of its list.
    """
    new = cells(rows(business, today.touches))
    every = [
        *(Listed(one["customer_id"], one["kind"], _without(one, ["kind"]), True) for one in new),
        *(Listed(one.customer, one.action, _planned(today, one), False) for one in today.due),
    ]
    order = [*ACTIONS]
    return sorted(every, key=lambda row: order.index(row.action))


def _planned(today: Today, one: Planned) -> dict[str, str]:
    """A planned touch as the list has it: not later than today, and a letter where its call was taken."""
    cells = _without(one.row.cells, [*FILLED, SINCE_THEN])
    is_written = one.row.touch in today.written
    action = ACTIONS[one.action].called(LETTER) if is_written else cells.get("action", "")
    return {**cells, "action": action, "due_on": str(min(one.due_on, today.day))}


def _without(row: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    return {name: text for name, text in row.items() if name not in names}


def as_frame(listed: list[Listed]) -> pd.DataFrame:
    """The list as it is written: the columns of the plan under their own names."""
    table = [[row.cells.get(name, "") for name in COLUMNS] for row in listed]
    return pd.DataFrame(table, columns=list(COLUMNS), dtype="object")

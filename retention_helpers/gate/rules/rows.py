"""The rules that one row of a table can break; every one of them is a stop."""

from dataclasses import dataclass
from difflib import get_close_matches

from retention_helpers.contract import tables
from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import Column, Table, day_name
from retention_helpers.engine import quoted, text
from retention_helpers.gate.parsing import CONTRADICTED, unread
from retention_helpers.words import spellings
from retention_helpers.words.errors import nearest

_FORMS = {
    "instant": "a date or time such as 2026-03-05 or 2026-03-05T10:30",
    "money": "an amount such as 49 or 49.90",
    "score": "a whole number from 0 to 10",
}
_WAYS_OUT = {"money": "Write digits, a point before the decimals, and nothing between the thousands."}


@dataclass(frozen=True)
class RowRule:
    """A condition that no row should meet."""

    name: str
    condition: str
    what: str
    way_out: str
    column: Column | None = None  # whose first faulty value helps

    @property
    def shows(self) -> str:
        return unread(self.column.name) if self.column else "NULL"

    def way_out_of(self, value: object) -> str:
        """The way out for one faulty value."""
        if self.column is None or not self.column.choices:
            return self.way_out
        if self.column.choices == tables.STATUSES and spellings.plain_choice(str(value)) in spellings.OVER:
            return (
                "A subscription that is over is a row whose ended_at says when service ended: write the "
                "status that it had until then, such as active."
            )
        known = nearest(value, self.column.choices)
        if self.column.choices == tables.STATUSES:
            words = spellings.choices(tables.STATUSES)
            close = get_close_matches(spellings.plain_choice(str(value)), words, n=1, cutoff=0.7)
            mapped = f"{{status: {{{str(value)[:40]}: {words[close[0]] if close else 'active'}}}}}"
            return f"{known} Correct it, or say in {SETTINGS_FILE} what it means, such as `values: {mapped}`."
        return f"{known} {self.way_out}"


def row_rules(table: Table) -> list[RowRule]:
    """Every rule of a table's rows: what must be filled, what must be readable, what spans must hold."""
    filled = [
        RowRule(f"{column.name} empty", f"{_value(column)} IS NULL{_and_read(column)}",
                f"{column.name} is empty", "Fill it in, or take the row out.")
        for column in table.columns
        if column.filled
    ]  # fmt: skip
    readable = [_readable(column) for column in table.columns if column.choices or column.kind in _FORMS]
    return [*filled, *readable, *(_SPAN_RULES if table.name == "subscriptions" else [])]


def _readable(column: Column) -> RowRule:
    form = f"none of {', '.join(column.choices)}" if column.choices else f"not {_FORMS[column.kind]}"
    return RowRule(
        f"{column.name} unreadable",
        f"{unread(column.name)} IS NOT NULL",
        f"{column.name} is {form}",
        _WAYS_OUT.get(column.kind, "Correct it."),
        column,
    )


def _value(column: Column) -> str:
    return quoted(day_name(column.name) if column.kind == "instant" else column.name)


def _and_read(column: Column) -> str:
    return "" if column.kind == "text" else f" AND {unread(column.name)} IS NULL"


_FREE = ", ".join(text(status) for status in tables.FREE_STATUSES)
_SPAN_RULES = [
    RowRule(
        "end before start",
        "ended_on < started_on",
        "ended_at lies before started_at",
        "Correct the dates, or leave ended_at empty for an open subscription.",
    ),
    RowRule(
        "amount contradicted",
        f"{CONTRADICTED} IS NOT NULL",
        "mrr names another currency or interval than its row does",
        "Keep the right one of the two.",
        Column("currency"),
    ),
    RowRule("mrr negative", "mrr < 0", "mrr is negative", "Correct it; a refund is not MRR."),
    RowRule(
        "mrr empty",
        f"mrr IS NULL AND unread_mrr IS NULL AND coalesce(status, 'active') NOT IN ({_FREE})",
        "mrr is empty although the status is active or past_due",
        "Fill in the amount a month; 0 for a free plan.",
    ),
]

"""The lines of all invoices, kept on disk until their subscriptions are read."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from ibis.backends.duckdb import Backend

from retention_helpers.engine import connect, path_text, text
from retention_helpers.sources.interface import Rows, as_text
from retention_helpers.sources.stripe.history import Billed, fate_of
from retention_helpers.sources.stripe.objects import Invoice, Line

_COLUMNS = ("subscription", "item", "price", "plan", "start", "end", "amount", "each", "months",
            "is_proration", "fate")  # fmt: skip


class Billing:
    """What was billed, by subscription; a context manager. Lines are added first, then asked for."""

    def __init__(self, into: Path) -> None:
        self._spill = into / "spill_of_lines"
        self._rows = Rows(into / "gathered_lines.parquet", _COLUMNS)
        self._engine: Backend | None = None

    def __enter__(self) -> "Billing":
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()
        if self._engine is not None:
            self._engine.disconnect()

    def add(self, invoice: Invoice) -> None:
        fate = fate_of(invoice)
        for line in invoice.lines:
            self._rows.add({
                "subscription": line.subscription,
                "item": line.item,
                "price": line.price,
                "plan": line.plan,
                "start": str(line.start),
                "end": str(line.end),
                "amount": str(line.amount),
                "each": as_text(line.each),
                "months": as_text(line.months),
                "is_proration": "1" if line.is_proration else None,
                "fate": fate,
            })  # fmt: skip

    def of(self, subscriptions: Sequence[str]) -> dict[str, list[Billed]]:
        """The lines of these subscriptions; those without any are left out."""
        if not self._rows.count:
            return {}
        if self._engine is None:
            self._rows.close()
            self._engine = connect(self._spill)
            self._engine.con.execute("SET memory_limit = '300MB'")
        wanted = ", ".join(map(text, subscriptions))
        found: dict[str, list[Billed]] = {}
        source = f"read_parquet({path_text(self._rows.path)})"
        for row in self._engine.con.execute(f"FROM {source} WHERE subscription IN ({wanted})").fetchall():
            found.setdefault(row[0], []).append(_billed(row))
        return found


def _billed(row: tuple) -> Billed:
    subscription, item, price, plan, start, end, amount, each, months, is_proration, fate = row
    line = Line(
        subscription, item, price, plan, int(start), int(end), Decimal(amount),
        None if each is None else Decimal(each), None if months is None else Decimal(months),
        is_proration is not None,
    )  # fmt: skip
    return Billed(line, fate)

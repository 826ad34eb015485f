"""The lines of all invoices, kept on disk until their subscriptions are read."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from ibis.backends.duckdb import Backend

from retention_helpers.engine import connect, path_text, text
from retention_helpers.sources.interface import Rows, as_text
from retention_helpers.sources.stripe.history import Billed, billed_by
from retention_helpers.sources.stripe.objects import Invoice, Line

_COLUMNS = (
    "subscription", "item", "price", "plan", "product", "start", "end", "amount", "gross", "each", "quantity",
    "months", "is_proration", "is_past", "tells_tax", "fate", "invoice", "billed_at", "nth",
)  # fmt: skip


class Billing:
    """What was billed, by subscription; a context manager. Lines are added first, then asked for.

    Of an invoice that stands in several files the latest one counts.
    """

    def __init__(self, into: Path) -> None:
        self._spill = into / "spill_of_lines"
        self._rows = Rows(into / "gathered_lines.parquet", _COLUMNS)
        self._engine: Backend | None = None
        self._invoices = 0

    def __enter__(self) -> "Billing":
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()
        if self._engine is not None:
            self._engine.disconnect()

    def add(self, invoice: Invoice) -> None:
        self._invoices += 1
        for one in billed_by(invoice):
            self._rows.add(_row(one, self._invoices))

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
        latest = "nth = max(nth) OVER (PARTITION BY subscription, invoice)"
        source = f"read_parquet({path_text(self._rows.path)}) WHERE subscription IN ({wanted})"
        for row in self._engine.con.execute(f"FROM {source} QUALIFY {latest}").fetchall():
            found.setdefault(row[0], []).append(_billed(row))
        return found


def _row(one: Billed, nth: int) -> dict[str, str | None]:
    line = one.line
    return {
        "subscription": line.subscription,
        "item": line.item,
        "price": line.price,
        "plan": line.plan,
        "product": line.product,
        "start": str(line.start),
        "end": str(line.end),
        "amount": str(line.amount),
        "gross": str(line.gross),
        "each": as_text(line.each),
        "quantity": str(line.quantity),
        "months": as_text(line.months),
        "is_proration": "1" if line.is_proration else None,
        "is_past": "1" if line.is_past else None,
        "tells_tax": "1" if line.tells_tax else None,
        "fate": one.fate,
        "invoice": one.invoice,
        "billed_at": str(one.billed_at),
        "nth": f"{nth:012}",
    }


def _billed(row: tuple) -> Billed:
    (subscription, item, price, plan, product, start, end, amount, gross, each, quantity, months,
     is_proration, is_past, tells_tax, fate, invoice, billed_at, _) = row  # fmt: skip
    line = Line(
        subscription, item, price, plan, product, int(start), int(end), Decimal(amount), Decimal(gross),
        None if each is None else Decimal(each), Decimal(quantity),
        None if months is None else Decimal(months), is_proration is not None, is_past is not None,
        tells_tax is not None,
    )  # fmt: skip
    return Billed(line, fate, invoice, int(billed_at))

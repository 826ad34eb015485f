"""The lines of all invoices, kept on disk until their subscriptions are read."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from ibis.backends.duckdb import Backend

from retention_helpers.engine import connect, path_text, text
from retention_helpers.sources.interface import Rows
from retention_helpers.sources.stripe.history import Billed, billed_by
from retention_helpers.sources.stripe.objects import Invoice, Line

_COLUMNS = ("subscription", "invoice", "nth", "line")
_SIGN = "\x1f"  # parts what is kept of a line: one column is written and read faster than twenty


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
        nth = f"{self._invoices:012}"
        for one in billed_by(invoice):
            of = one.line.subscription
            self._rows.add({"subscription": of, "invoice": one.invoice, "nth": nth, "line": _kept(one)})

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
        query = f"SELECT subscription, invoice, line FROM {source} QUALIFY {latest}"
        for subscription, invoice, line in self._engine.con.execute(query).fetchall():
            found.setdefault(subscription, []).append(_billed(subscription, invoice, line))
        return found


def _kept(one: Billed) -> str:
    line = one.line
    return _SIGN.join(
        (
            line.item, line.price, line.plan, line.product, str(line.start), str(line.end), str(line.amount),
            str(line.gross), _text(line.each), str(line.quantity), _text(line.months),
            "1" if line.is_proration else "", "1" if line.is_past else "", "1" if line.tells_tax else "",
            one.fate, str(one.billed_at),
        )
    )  # fmt: skip


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)


def _billed(subscription: str, invoice: str, kept: str) -> Billed:
    (item, price, plan, product, start, end, amount, gross, each, quantity, months, is_proration, is_past,
     tells_tax, fate, billed_at) = kept.split(_SIGN)  # fmt: skip
    line = Line(
        subscription, item, price, plan, product, int(start), int(end), Decimal(amount), Decimal(gross),
        Decimal(each) if each else None, Decimal(quantity), Decimal(months) if months else None,
        bool(is_proration), bool(is_past), bool(tells_tax),
    )  # fmt: skip
    return Billed(line, fate, invoice, int(billed_at))

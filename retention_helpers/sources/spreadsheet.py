"""Sheets that people keep by hand: our own template, and the one of Baremetrics, as XLSX or CSV.

A sheet is known by its header, which may stand below titles; totals, repeated headers and remarks are set
aside. Days and amounts are read as people write them (`written`), and asked about where they could mean two
things.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from retention_helpers import written
from retention_helpers.contract import TABLES, Fault, Table, message
from retention_helpers.settings import SETTINGS_FILE
from retention_helpers.sources.folder import Unreadable, shortened
from retention_helpers.sources.grids import Cell, Grid, grids
from retention_helpers.sources.interface import (
    PLACE,
    Imported,
    Importer,
    Order,
    SetAside,
    as_text,
    write_rows,
)
from retention_helpers.sources.prices import major, monthly

Row = dict[str, Cell]

EXAMPLE = "EXAMPLE"  # how the ids of the template's filled rows begin
_HEADER_WITHIN = 30  # lines of titles and remarks at most
_TOTALS = re.compile(
    r"(?:grand |sub)?totals?|sum|average|summe|gesamt|zwischensumme|insgesamt|mittelwert|somme|suma|totale",
    re.IGNORECASE,
)


def header_name(cell: Cell) -> str:
    """A header cell as the contract writes names.

    >>> header_name(" Customer ID "), header_name("Signed-up at")
    ('customer_id', 'signed_up_at')
    """
    return re.sub(r"[\s-]+", "_", str(cell if cell is not None else "").strip().lower())


@dataclass(frozen=True)
class Layout:
    """A form of sheet: the columns that show it, and what its rows become."""

    name: str
    required: frozenset[str]
    known: frozenset[str]
    keeps_others: bool  # further columns are attributes

    def __post_init__(self) -> None:
        assert self.required <= self.known


def _layout_of(table: Table) -> Layout:
    known = frozenset(column.name for column in table.columns)
    return Layout(table.name, frozenset(table.required), known, table.has_attributes)


BAREMETRICS = Layout(
    "baremetrics",
    frozenset({"customer_oid", "plan_amount", "plan_interval", "subscription_started_at"}),
    frozenset(
        {"plan_oid", "plan_name", "plan_currency", "plan_amount", "plan_interval", "plan_interval_count",
         "customer_oid", "customer_name", "customer_email", "subscription_oid", "subscription_started_at",
         "subscription_canceled_at", "subscription_quantity"}
    ),
    keeps_others=False,
)  # fmt: skip
LAYOUTS = (BAREMETRICS, *map(_layout_of, TABLES.values()))


def recognises(columns: Sequence[str]) -> str:
    """What a sheet with these columns is, in the owner's words; "" for none of ours."""
    layout = _layout(frozenset(map(header_name, columns)))
    if layout is None:
        return ""
    return "Baremetrics' import template" if layout is BAREMETRICS else f"a sheet of {layout.name}"


def _layout(names: frozenset[str], title: str = "") -> Layout | None:
    """The layout whose required columns are all there; the sheet's title decides between several."""
    fitting = [layout for layout in LAYOUTS if layout.required <= names]
    return max(
        fitting,
        key=lambda layout: (layout.name == header_name(title), len(layout.known & names)),
        default=None,
    )


def _layout_of_line(cells: Sequence[Cell], title: str) -> Layout | None:
    return _layout(frozenset(map(header_name, cells)), title)


@dataclass(frozen=True)
class Sheet:
    """A grid whose header was found: its layout, its rows by column, and what belongs to none."""

    grid: Grid
    layout: Layout
    rows: Sequence[tuple[int, Row]]
    set_aside: Sequence[SetAside]


def _sheet(grid: Grid) -> Sheet | None:
    """The rows below the header; None where no line is a header."""
    at = _header_at(grid)
    if at is None:
        return None
    _, cells = grid.lines[at]
    layout = _layout_of_line(cells, grid.title)
    assert layout is not None
    names = [header_name(cell) for cell in cells]
    twice = [name for name in layout.known if names.count(name) > 1]
    if twice:
        raise Unreadable(f"the column {min(twice)} stands twice", "Keep one of the two.")
    rows, aside = [], []
    columns = _columns(names, [str(cell or "") for cell in cells], layout)
    for number, line in grid.lines[at + 1 :]:
        reason = _is_no_row(line, names)
        if reason:
            aside.append(SetAside(grid.file.name, grid.place(number), reason, _as_said(line, names)))
        else:
            rows.append((number, {name: line[i] if i < len(line) else None for i, name in columns.items()}))
    return Sheet(grid, layout, rows, aside)


def _header_at(grid: Grid) -> int | None:
    """The first line that names all columns of a layout."""
    lines = grid.lines[:_HEADER_WITHIN]
    return next((at for at, (_, cells) in enumerate(lines) if _layout_of_line(cells, grid.title)), None)


def _as_said(line: Sequence[Cell], names: Sequence[str]) -> dict[str, str]:
    """The filled cells of a line by their column, or its number where it has no name."""
    named = [names[nth] if nth < len(names) else "" for nth in range(len(line))]
    return {
        name or f"column {nth}": as_text(cell) or ""
        for nth, (name, cell) in enumerate(zip(named, line, strict=True), start=1)
        if cell is not None
    }


def _columns(names: Sequence[str], written_as: Sequence[str], layout: Layout) -> dict[int, str]:
    """Which cell of a line is which column; an attribute keeps the name that the owner gave it."""
    found = {}
    for nth, name in enumerate(names):
        if name in layout.known:
            found[nth] = name
        elif name and layout.keeps_others:
            found[nth] = " ".join(written_as[nth].split())
    return found


def _is_no_row(line: Sequence[Cell], names: Sequence[str]) -> str:
    """Why a line below the header is no row of the table; "" for a row."""
    filled = [cell for cell in line if cell is not None]
    if [header_name(cell) for cell in line[: len(names)]] == list(names):
        return "the header again"
    if any(isinstance(cell, str) and _TOTALS.fullmatch(cell.strip(" :")) for cell in line[:2]):
        return "a line of totals"
    if len(filled) == 1 and isinstance(filled[0], str) and " " in filled[0]:
        return "a remark and no row"
    labels = [line[i] for i, name in enumerate(names[: len(line)]) if not name and line[i] is not None]
    if labels and isinstance(labels[0], str) and re.match(r"(?i)example|more info", labels[0]):
        return f"a line of the template ({labels[0][:40]})"
    ids = [
        line[i] for i, name in enumerate(names[: len(line)]) if name in ("customer_id", "note", "experiment")
    ]
    if any(isinstance(one, str) and one.upper().startswith(EXAMPLE) for one in ids):
        return "the example row of the template"
    return ""


# --- cells -----------------------------------------------------------------------------------------


class _Column:
    """How a column's cells are read, and what could not be read for certain."""

    def __init__(self, sheet: Sheet, name: str, date_order: str) -> None:
        self.sheet, self.name, self.date_order = sheet, name, date_order
        self.texts = [str(row[name]) for _, row in sheet.rows if isinstance(row.get(name), str)]
        self.decimal_sign = ""
        self.ambiguous: list[tuple[int, str]] = []

    def instant(self, number: int, cell: Cell) -> str | None:
        if isinstance(cell, int | float):
            day = written.serial_day(cell, epoch=self.sheet.grid.epoch)
            return as_text(cell if day is None else day)
        if not isinstance(cell, str):
            return as_text(cell)
        read = written.instant(cell, self.date_order)
        if read is None and written.is_ambiguous(cell) and not self.date_order:
            self.ambiguous.append((number, cell))
        return read or cell

    def money(self, number: int, cell: Cell) -> str | None:
        if not isinstance(cell, str):
            return as_text(cell)
        self.decimal_sign = self.decimal_sign or written.decimal_sign_of(self.texts)
        amount = written.amount(cell, self.decimal_sign)
        return cell if amount is None else as_text(amount)

    def text(self, number: int, cell: Cell) -> str | None:
        return as_text(cell)

    def faults(self, table: str) -> Iterator[Fault]:
        """A stop where days and months could be either."""
        if not self.ambiguous:
            return
        shown = written.order_shown_by(self.texts)
        proof = next((text for text in self.texts if written.order_shown_by([text])), "")
        hint = f" ({proof} can only be {shown})" if shown else ""
        number, first = self.ambiguous[0]
        said = message(
            self.sheet.grid.file.name,
            f"{self.name} holds days such as {first}, which may be read with the day or the month first",
            f"Say `date_order: day first` or `date_order: month first` in {SETTINGS_FILE}, or with "
            f"--date-order{hint}.",
            rows=len(self.ambiguous),
            of=len(self.sheet.rows),
            first=self.sheet.grid.place(number),
        )
        yield Fault("stop", table, "date order unknown", len(self.ambiguous), said)


def _read_cells(
    sheet: Sheet, kinds: Mapping[str, str], date_order: str
) -> tuple[list[tuple[int, dict[str, str | None]]], list[Fault]]:
    """The rows of a sheet with every cell as the contract writes it, and what is uncertain."""
    readers: dict[str, Callable[[int, Cell], str | None]] = {}
    columns = [_Column(sheet, name, date_order) for name in (sheet.rows[0][1] if sheet.rows else {})]
    for column in columns:
        kind = kinds.get(column.name, "text")
        readers[column.name] = (
            column.instant if kind == "instant" else column.money if kind == "money" else column.text
        )
    rows = [
        (number, {name: readers[name](number, cell) for name, cell in row.items()})
        for number, row in sheet.rows
    ]
    return rows, [fault for column in columns for fault in column.faults(sheet.layout.name)]


# --- our own sheets --------------------------------------------------------------------------------


def _own_rows(sheet: Sheet, order: Order) -> tuple[dict[str, list[dict[str, str | None]]], list[Fault]]:
    table = TABLES[sheet.layout.name]
    kinds = {column.name: str(column.kind) for column in table.columns}
    rows, faults = _read_cells(sheet, kinds, order.settings.date_order)
    placed = [{**row, PLACE: _place(sheet, order, number)} for number, row in rows]
    return {table.name: placed}, faults


def _place(sheet: Sheet, order: Order, number: int) -> str:
    place = sheet.grid.place(number)
    return place if len(order.files) == 1 else f"{sheet.grid.file.name}, {place}"


# --- Baremetrics' template -------------------------------------------------------------------------
_BAREMETRICS_KINDS = {
    "subscription_started_at": "instant",
    "subscription_canceled_at": "instant",
    "plan_amount": "money",
    "subscription_quantity": "money",
    "plan_interval_count": "money",
}


def _monthly(row: Mapping[str, str | None]) -> str | None:
    """The month's amount of a plan; None where its parts cannot be read."""
    try:
        amount = Decimal(row.get("plan_amount") or "x") * Decimal(row.get("subscription_quantity") or 1)
        price = major(amount, row.get("plan_currency") or "")
        count = Decimal(row.get("plan_interval_count") or 1)
        return as_text(monthly(price, row.get("plan_interval") or "month", count))
    except (InvalidOperation, KeyError, ZeroDivisionError):
        return None


def _baremetrics_rows(
    sheet: Sheet, order: Order
) -> tuple[dict[str, list[dict[str, str | None]]], list[Fault]]:
    rows, faults = _read_cells(sheet, _BAREMETRICS_KINDS, order.settings.date_order)
    spans: list[dict[str, str | None]] = []
    people: dict[str, dict[str, str | None]] = {}
    for number, row in rows:
        place = _place(sheet, order, number)
        customer, started_at = row.get("customer_oid"), row.get("subscription_started_at")
        span = {
            "customer_id": customer,
            "started_at": started_at,
            "ended_at": row.get("subscription_canceled_at"),
            "mrr": _monthly(row) or f"{row.get('plan_amount')} per {row.get('plan_interval')}",
            "plan": row.get("plan_name") or row.get("plan_oid"),
            "currency": row.get("plan_currency"),
            "interval": row.get("plan_interval"),
            "subscription_id": row.get("subscription_oid"),
            PLACE: place,
        }
        spans.append(span)
        known = people.get(customer or place)
        if known is None or (started_at or "") < (known["signed_up_at"] or ""):
            people[customer or place] = {
                "customer_id": customer,
                "signed_up_at": started_at,
                "name": row.get("customer_name"),
                "email": row.get("customer_email"),
                PLACE: place,
            }
    return {"customers": list(people.values()), "subscriptions": spans}, [
        *faults,
        *_said_of_baremetrics(sheet),
    ]


def _said_of_baremetrics(sheet: Sheet) -> Iterator[Fault]:
    said = message(
        sheet.grid.file.name,
        "this template knows no sign-up and no end of the paid period",
        "The first start was taken for the sign-up, and the day of cancellation for the end of service: "
        "losses stand up to a period earlier than elsewhere.",
    )
    yield Fault("note", "subscriptions", "template without ends", len(sheet.rows), said)


# --- reading ---------------------------------------------------------------------------------------


def read(order: Order) -> Imported:
    """Every sheet of every file whose header is known; the others are named."""
    tables: dict[str, list[dict[str, str | None]]] = {}
    faults: list[Fault] = []
    aside: list[SetAside] = []
    rows_read: dict[str, int] = {}
    for file in order.files:
        try:
            found, assumed = grids(file)
            sheets = [(grid, _sheet(grid)) for grid in found]
        except Unreadable as broken:
            said = message(file.name, broken.what, broken.way_out)
            faults.append(Fault("stop", "", "unreadable file", 0, said))
            continue
        faults += [*assumed, *_unknown_sheets(file, sheets)]
        for sheet in (sheet for _, sheet in sheets if sheet is not None):
            rows_of = _baremetrics_rows if sheet.layout is BAREMETRICS else _own_rows
            brought, uncertain = rows_of(sheet, order)
            faults += uncertain
            aside += sheet.set_aside
            rows_read[file.name] = rows_read.get(file.name, 0) + len(sheet.rows) + len(sheet.set_aside)
            for table, rows in brought.items():
                tables.setdefault(table, []).extend(rows)
    written_to = {table: write_rows(order, table, rows) for table, rows in tables.items()}
    return Imported(written_to, rows_read, tuple(aside), tuple(faults))


def _unknown_sheets(file: Path, sheets: Sequence[tuple[Grid, Sheet | None]]) -> Iterator[Fault]:
    unknown = [grid for grid, sheet in sheets if sheet is None]
    if len(unknown) == len(sheets):
        header = [as_text(cell) or "" for cell in unknown[0].lines[0][1]] if unknown else []
        said = message(
            file.name,
            "no line is the header of a table",
            f"Let the columns bear the names of the template (`import spreadsheet --template FILE.xlsx`), or "
            f"map them under `sources:` in {SETTINGS_FILE}. Its first line holds {shortened(header)}.",
        )
        yield Fault("stop", "", "unknown sheet", 0, said)
    else:
        for grid in unknown:
            said = message(file.name, f"sheet {grid.title} holds no table and was not read", "Is that meant?")
            yield Fault("note", "", "unknown sheet", 0, said)


IMPORTER = Importer(
    name="spreadsheet",
    about="a sheet kept by hand (our template, or Baremetrics'), XLSX or CSV",
    recognises=recognises,
    read=read,
)

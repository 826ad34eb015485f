"""Sheets that people keep by hand: our own template, and the one of Baremetrics, as XLSX or CSV.

A sheet is known by its header, which may stand below titles; totals, repeated headers and remarks are set
aside. Days and amounts are read as people write them (`written`), and asked about where they could mean two
things.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import REQUIRED_TABLES, TABLES, Fault, message
from retention_helpers.sources.described import (
    MINOR,
    OF_THE_SAME_ROW,
    PRICES_BESIDE,
    beside,
    percentage,
)
from retention_helpers.sources.folder import Unreadable, shortened
from retention_helpers.sources.headings import is_share
from retention_helpers.sources.interface import (
    PLACE,
    Imported,
    Importer,
    Order,
    SetAside,
    as_text,
    write_rows,
)
from retention_helpers.sources.prices import BESIDE, PER_CENT, Asked, composed, major, monthly
from retention_helpers.sources.spreadsheet.cells import Text, columns_unread, read_cells
from retention_helpers.sources.spreadsheet.grids import Grid, as_paid, grids
from retention_helpers.sources.spreadsheet.sheets import (
    BAREMETRICS,
    OF_OTHER_TABLES,
    Names,
    Row,
    Sheet,
    header_name,
    ids_named,
    layout_of,
    missing_from,
    sheet_of,
)

Rows = dict[str, list[dict[str, Text]]]
README_SHEET = "read me"  # of our template


def recognises(columns: Sequence[str]) -> str:
    """What a sheet with these columns is, in the owner's words; "" for none of ours."""
    layout = layout_of(list(map(header_name, columns)))
    if layout is None:
        return ""
    return "Baremetrics' import template" if layout is BAREMETRICS else f"a sheet of {layout.name}"


def _place(sheet: Sheet, order: Order, number: int) -> str:
    return str(order.spot(sheet.grid.file, sheet.grid.place(number)))


def _own_rows(sheet: Sheet, order: Order, names: Names) -> tuple[Rows, list[Fault]]:
    table = TABLES[sheet.layout.name]
    kinds = {column.name: str(column.kind) for column in table.columns}
    if table.name != "subscriptions":
        rows, faults = read_cells(sheet, kinds, order.settings, names)
        return {table.name: [{**row, PLACE: _place(sheet, order, number)} for number, row in rows]}, faults
    is_minor = order.options.get("price_in") == MINOR
    prices = Asked(price_per=order.options.get("price_per", ""), in_minor_units=is_minor)
    if absent := _absent(sheet, names):
        return {}, [absent]
    renews = order.options.get("renews", ())
    if renews and sheet.rows and "status" not in sheet.rows[0][1]:
        return {}, [_missing(sheet, "status")]
    whole = replace(sheet, rows=[(number, _whole(row, names, renews)) for number, row in sheet.rows])
    rows, faults = read_cells(
        whole, {**kinds, **OF_OTHER_TABLES, "trial_until": "instant"}, order.settings, names, prices
    )
    listed = [{**_after_its_trial(row), PLACE: _place(sheet, order, number)} for number, row in rows]
    return _of_a_list(listed, takes_customers=bool(order.options.get("each"))), faults


def _absent(sheet: Sheet, names: Names) -> Fault | None:
    """A stop where a column that is to say more of others is not there."""
    there = sheet.rows[0][1] if sheet.rows else names.beside
    lacking = [
        column
        for option, column in names.beside.items()
        if names.stands_at(option) not in there and option not in there and not percentage(column)
    ]
    if not lacking:
        return None
    return _missing(sheet, lacking[0])


def _missing(sheet: Sheet, column: str) -> Fault:
    what = f"the column {column}, which {SETTINGS_FILE} names, is missing"
    said = message(sheet.grid.file.name, what, "Correct its name.")
    return Fault("stop", sheet.layout.name, "missing column", 0, said)


def _whole(row: Row, names: Names, renews: Collection[str]) -> Row:
    """A row with what its other cells say of a price, an interval or an end."""
    said = {name: as_text(row.get(names.stands_at(name))) or "" for name in OF_THE_SAME_ROW}
    whole = {name: cell for name, cell in row.items() if name not in OF_THE_SAME_ROW}
    whole |= {name: names.word(name, word) for name in BESIDE if (word := as_text(row.get(name)))}
    of_the_price = [
        _of_the_price(name, said[name], names) for name in ("price_for", "discount", "tax_inside")
    ]
    prices = {
        lasts: as_paid(row.get(names.stands_at(name)))
        for name, lasts in PRICES_BESIDE.items()
        if name in names.beside
    }
    if prices or any(of_the_price):
        whole["mrr"] = composed(as_paid(whole.get("mrr")), *of_the_price, others=prices) or None
    if said["interval_count"]:
        whole["interval"] = f"{said['interval_count']} {whole.get('interval') or ''}".strip()
    state = (as_text(row.get("status")) or "").lower()
    if state in renews or (names.stands_at("ended_where") and not said["ended_where"]):
        whole["ended_at"] = None
    if names.stands_at("trial_until"):
        whole["trial_until"] = row.get(names.stands_at("trial_until"))
    return whole


def _of_the_price(option: str, cell: str, names: Names) -> str:
    column = names.beside.get(option, "")
    if option == "tax_inside" and percentage(column):
        return percentage(column)
    return f"{cell}{PER_CENT}" if cell and is_share(column) and "%" not in cell else cell


def _after_its_trial(row: dict[str, Text]) -> dict[str, Text]:
    """A row that begins where its trial ended; who left by that day had nothing but the trial."""
    until, whole = row.get("trial_until") or "", {name: row[name] for name in row if name != "trial_until"}
    if until <= (row.get("started_at") or ""):
        return whole
    whole["signed_up_at"] = row.get("signed_up_at", row.get("started_at"))
    if row.get("ended_at") and (row["ended_at"] or "")[:10] <= until[:10]:
        return {**whole, "status": "trialing"}
    return {**whole, "started_at": until}


def _of_a_list(rows: Sequence[dict[str, Text]], *, takes_customers: bool) -> Rows:
    """What a list of subscriptions brings: the requests to cancel too, and where asked the customers."""
    others = [name for name in OF_OTHER_TABLES if name != "signed_up_at"]
    found: Rows = {
        "subscriptions": [
            {name: cell for name, cell in row.items() if name not in OF_OTHER_TABLES} for row in rows
        ],
        "cancellations": [
            {name: row.get(name) for name in ("customer_id", *others, PLACE)}
            for row in rows
            if row.get("canceled_at")
        ],
    }
    if takes_customers:
        found["customers"] = _first_of_each(rows)
    return found


def _first_of_each(rows: Sequence[dict[str, Text]], *keeps: str) -> list[dict[str, Text]]:
    """The customers of a list, each with the earliest sign-up, or start where the list has none.

    `keeps` are further cells of that row.
    """
    people: dict[str, dict[str, Text]] = {}
    for row in rows:
        who, began = (
            row.get("customer_id") or row[PLACE] or "",
            row.get("signed_up_at", row.get("started_at")),
        )
        known = people.get(who)
        if known is None or (began or "") < (known["signed_up_at"] or ""):
            own = {name: row.get(name) for name in ("customer_id", *keeps, PLACE)}
            people[who] = {**own, "signed_up_at": began}
    return list(people.values())


# --- Baremetrics' template -------------------------------------------------------------------------

_BAREMETRICS_KINDS = {
    "subscription_started_at": "instant",
    "subscription_canceled_at": "instant",
    "plan_amount": "money",
    "subscription_quantity": "money",
    "plan_interval_count": "money",
}


def _monthly(row: Mapping[str, Text]) -> Text:
    """The month's amount of a plan; None where its parts cannot be read."""
    try:
        amount = Decimal(row.get("plan_amount") or "x") * Decimal(row.get("subscription_quantity") or 1)
        price = major(amount, row.get("plan_currency") or "")
        count = Decimal(row.get("plan_interval_count") or 1)
        return as_text(monthly(price, row.get("plan_interval") or "month", count))
    except (InvalidOperation, KeyError, ZeroDivisionError):
        return None


def _baremetrics_rows(sheet: Sheet, order: Order, names: Names) -> tuple[Rows, list[Fault]]:
    rows, faults = read_cells(sheet, _BAREMETRICS_KINDS, order.settings, names)
    spans = [_span(row) | {PLACE: _place(sheet, order, number)} for number, row in rows]
    named = [
        {**span, "name": row.get("customer_name"), "email": row.get("customer_email")}
        for (_, row), span in zip(rows, spans, strict=True)
    ]
    people = _first_of_each(named, "name", "email")
    return {"customers": people, "subscriptions": spans}, [*faults, _without_ends(sheet)]


def _span(row: Mapping[str, Text]) -> dict[str, Text]:
    return {
        "customer_id": row.get("customer_oid"),
        "started_at": row.get("subscription_started_at"),
        "ended_at": row.get("subscription_canceled_at"),
        "mrr": _monthly(row) or _as_it_stands(row),
        "plan": row.get("plan_name") or row.get("plan_oid"),
        "currency": row.get("plan_currency"),
        "interval": row.get("plan_interval"),
        "subscription_id": row.get("subscription_oid"),
    }


def _as_it_stands(row: Mapping[str, Text]) -> str:
    """The parts of an amount that cannot be read, in a form that nothing takes for one."""
    return f"{row.get('plan_amount')} for {row.get('plan_interval_count')} {row.get('plan_interval')}"


def _without_ends(sheet: Sheet) -> Fault:
    said = message(
        sheet.grid.file.name,
        "this template knows no sign-up and no end of the paid period",
        "The first start was taken for the sign-up, and the day of cancellation for the end of service: "
        "losses stand up to a period earlier than elsewhere.",
    )
    return Fault("note", "subscriptions", "template without ends", len(sheet.rows), said)


# --- reading ---------------------------------------------------------------------------------------


def read(order: Order) -> Imported:
    """Every sheet of every file whose header is known; the others are named."""
    names = Names(order.options.get("columns", {}), order.options.get("values", {}), beside(order.options))
    tables: Rows = {}
    listed: Rows = {}
    faults: list[Fault] = []
    aside: list[SetAside] = []
    rows_read: dict[str, int] = {}
    read = {file: _opened(file, faults) for file in order.files}
    opened = {file: found for file, found in read.items() if found is not None}
    known = {named for found in opened.values() for grid in found for named in ids_named(grid, names)}
    for file, found in opened.items():
        try:
            sheets = [(grid, sheet_of(grid, names, known)) for grid in found]
        except Unreadable as broken:
            faults.append(_unreadable(file, broken))
            continue
        faults += _unknown_sheets(file, sheets, names)
        for sheet in (sheet for _, sheet in sheets if sheet is not None):
            rows_of = _baremetrics_rows if sheet.layout is BAREMETRICS else _own_rows
            brought, uncertain = rows_of(sheet, order, names)
            faults += [*uncertain, *columns_unread(sheet, names, order.options)]
            aside += sheet.set_aside
            rows_read[file.name] = rows_read.get(file.name, 0) + len(sheet.rows) + len(sheet.set_aside)
            for table, rows in brought.items():
                into = tables if table == sheet.layout.name or sheet.layout is BAREMETRICS else listed
                into.setdefault(table, []).extend(rows)
    tables = {**listed, **tables}  # a sheet of its own says more than a list of subscriptions
    paths = {
        table: write_rows(order, table, rows)
        for table, rows in tables.items()
        if rows or table in REQUIRED_TABLES
    }
    return Imported(paths, rows_read, tuple(aside), tuple(faults))


def _opened(file: Path, faults: list[Fault]) -> list[Grid] | None:
    """The sheets of a file; None for one that cannot be read. What is wrong or assumed goes to the faults."""
    try:
        found, assumed = grids(file)
    except Unreadable as broken:
        faults.append(_unreadable(file, broken))
        return None
    faults += assumed
    return found


def _unreadable(file: Path, broken: Unreadable) -> Fault:
    return Fault("stop", "", "unreadable file", 0, message(file.name, broken.what, broken.way_out))


def _unknown_sheets(file: Path, sheets: Sequence[tuple[Grid, Sheet | None]], names: Names) -> Iterator[Fault]:
    for grid in (grid for grid, sheet in sheets if sheet is None):
        meant, lacking = missing_from(grid, names)
        title = f"sheet {grid.title}" if grid.title else "it"
        if meant:
            what = f"{title} looks like {meant}, and lacks {shortened(lacking)}"
            yield _no_header(file, meant, what, f"Add {'it' if len(lacking) == 1 else 'them'}, or map")
        elif header_name(grid.title) != header_name(README_SHEET) and len(sheets) > 1:
            said = message(file.name, f"{title} holds no table and was not read", "Is that meant?")
            yield Fault("note", "", "unknown sheet", 0, said)
    if not any(sheet for _, sheet in sheets) and not any(missing_from(grid, names)[0] for grid, _ in sheets):
        header = [as_text(cell) or "" for cell in sheets[0][0].lines[0][1]] if sheets else []
        what = f"no line is the header of a table; the first one holds {shortened(header)}"
        yield _no_header(file, "", what, "Let the columns bear the names of the template, or map")


def _no_header(file: Path, table: str, what: str, way_out: str) -> Fault:
    said = message(
        file.name,
        what,
        f"{way_out} your names to ours in {SETTINGS_FILE}, such as `sources: {{spreadsheet: {{path: "
        f"{file.name}, columns: {{customer_id: Account}}}}}}`. To fill in ours: "
        "`import spreadsheet --template FILE.xlsx`.",
    )
    return Fault("stop", table, "unknown sheet", 0, said)


IMPORTER = Importer(
    name="spreadsheet",
    about="a sheet kept by hand (our template, or Baremetrics'), XLSX or CSV",
    recognises=recognises,
    read=read,
    options=("columns", "values", "price_per", "price_in", "renews", "each", *OF_THE_SAME_ROW),
)

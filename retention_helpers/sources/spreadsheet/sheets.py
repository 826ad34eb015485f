"""Where in a sheet the table is: the line that is its header, its rows, and the lines that are none."""

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from retention_helpers.contract.tables import TABLES, Table
from retention_helpers.sources.folder import Unreadable
from retention_helpers.sources.interface import SetAside, as_text
from retention_helpers.sources.spreadsheet.grids import Cell, Grid
from retention_helpers.words import written

Row = dict[str, Cell]

EXAMPLE = "EXAMPLE"  # how the ids of the template's filled rows begin
_EXAMPLES = (f"{EXAMPLE}-1", f"{EXAMPLE} ONBOARDING_CALL", f"{EXAMPLE} SEARCH", f"{EXAMPLE}: ")
_HEADER_WITHIN = 30  # lines of titles and remarks at most
_NEARLY = 0.5  # of the required columns make a header that was meant to be one
# What a line of totals is called, and nothing else: Sumo Sushi and Total Fitness are customers.
TOTALS = re.compile(
    r"(?:grand |sub[- ]?)?totals?|sum|average|avg|mean|count|summen?|gesamt(?:summe)?|zwischensumme|"
    r"insgesamt|mittelwert|durchschnitt|anzahl|somme|moyenne|total général|suma|media|totale|totaal|"
    r"合计|总计|小计|合計|計",
    re.IGNORECASE,
)
_LEAST_SUMMED = 2  # rows above a line that is told by its sums alone
_NAMES_A_ROW = ("customer_id", "customer_oid", "note", "experiment", "channel")


def header_name(cell: Cell) -> str:
    """A header cell as the contract writes names.

    >>> header_name(" Customer ID "), header_name("Signed-up at")
    ('customer_id', 'signed_up_at')
    """
    return re.sub(r"[\s-]+", "_", str(cell if cell is not None else "").strip().lower())


@dataclass(frozen=True)
class Layout:
    """A form of sheet: the columns that show it, and whether further ones are attributes."""

    name: str
    required: frozenset[str]
    known: frozenset[str]
    keeps_others: bool = False


# What a list of subscriptions may say of other tables: when somebody signed up, and asked to cancel, and why.
OF_OTHER_TABLES = {"signed_up_at": "instant", "canceled_at": "instant", "reason": "text", "comment": "text"}

_OWN_NAMES = frozenset(column.name for column in TABLES["subscriptions"].columns).union(OF_OTHER_TABLES)


def _layout_of(table: Table) -> Layout:
    known = frozenset(column.name for column in table.columns)
    more = OF_OTHER_TABLES if table.name == "subscriptions" else ()
    return Layout(table.name, frozenset(table.required), known.union(more), table.has_attributes)


BAREMETRICS = Layout(
    "baremetrics",
    frozenset({"customer_oid", "plan_amount", "plan_interval", "subscription_started_at"}),
    frozenset(
        {"plan_oid", "plan_name", "plan_currency", "plan_amount", "plan_interval", "plan_interval_count",
         "customer_oid", "customer_name", "customer_email", "subscription_oid", "subscription_started_at",
         "subscription_canceled_at", "subscription_quantity"}
    ),
)  # fmt: skip
LAYOUTS = (BAREMETRICS, *map(_layout_of, TABLES.values()))


def layout_of(names: Sequence[str], title: str = "") -> Layout | None:
    """The layout whose required columns are all there; the sheet's title decides between several."""
    there = frozenset(names)
    fitting = [layout for layout in LAYOUTS if layout.required <= there]
    return max(
        fitting,
        key=lambda layout: (layout.name == header_name(title), len(layout.known & there)),
        default=None,
    )


@dataclass(frozen=True)
class Sheet:
    """A grid whose header was found.

    Attributes:
        rows: the lines that are rows, each with its number, by column.
        set_aside: the filled lines below the header that are none.
        unread: the named columns that belong to nothing.
    """

    grid: Grid
    layout: Layout
    rows: Sequence[tuple[int, Row]]
    set_aside: Sequence[SetAside] = ()
    unread: Sequence[str] = ()


@dataclass(frozen=True)
class Names:
    """What the owner calls our columns, and the owner's words for ours in them."""

    columns: Mapping[str, str] = field(default_factory=dict)  # theirs by ours
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # ours by theirs, by column
    beside: Mapping[str, str] = field(default_factory=dict)  # theirs by what they say of the same row

    def stands_at(self, option: str) -> str:
        """Under which name a row holds the column of an option: our own for it, where it has one."""
        theirs = header_name(self.beside.get(option))
        of_ours = {header_name(name): ours for ours, name in self.columns.items()}
        return of_ours.get(theirs, theirs if self._is_ours(theirs) else option) if theirs else ""

    def of(self, line: Sequence[Cell]) -> list[str]:
        """The cells of a header as names of ours."""
        beside = {header_name(theirs): name for name, theirs in self.beside.items()}
        beside = {theirs: name for theirs, name in beside.items() if not self._is_ours(theirs)}
        ours = {**beside, **{header_name(theirs): name for name, theirs in self.columns.items()}}
        # A column with a name of ours, for which the owner has named another, is none of ours.
        own = [f"{name}_" if name in self.columns else name for name in map(header_name, line)]
        return [ours.get(header_name(cell), name) for cell, name in zip(line, own, strict=True)]

    def again(self, header: Sequence[Cell]) -> dict[str, int]:
        """The further names of ours for columns that have one already, each with its place in a header."""
        places = {header_name(cell): nth for nth, cell in enumerate(header)}
        found, ours = (
            {name: places.get(header_name(own)) for name, own in self.columns.items()},
            self.of(header),
        )
        return {name: nth for name, nth in found.items() if nth is not None and ours[nth] != name}

    def word(self, column: str, said: str) -> str:
        """What the owner says that a word of a column means; the word itself where nothing is said of it."""
        words = {theirs.strip().lower(): ours for theirs, ours in self.values.get(column, {}).items()}
        return words.get(said.lower(), said)

    def _is_ours(self, theirs: str) -> bool:
        return theirs in _OWN_NAMES and theirs not in self.columns


def ids_named(grid: Grid, names: Names) -> set[str]:
    """The customers that the whole rows of a grid name, for the other sheets of the same business."""
    at = _header_at(grid, names)
    if at is None:
        return set()
    ours = names.of(grid.lines[at][1])
    layout = layout_of(ours, grid.title)
    nth = next((ours.index(name) for name in ("customer_id", "customer_oid") if name in ours), None)
    if layout is None or nth is None:
        return set()
    rows = [line for _, line in grid.lines[at + 1 :] if _is_whole(_by_name(line, ours), layout)]
    return {named for line in rows if (named := as_text(line[nth]))}


def sheet_of(grid: Grid, names: Names, known: Collection[str] = ()) -> Sheet | None:
    """The rows below the header; None where no line is a header. Raises Unreadable for a column twice.

    `known` are the customers whom other sheets name: a line with one of them is a row, whatever it lacks.
    """
    at = _header_at(grid, names)
    if at is None:
        return None
    header = grid.lines[at][1]
    ours = names.of(header)
    layout = layout_of(ours, grid.title)
    assert layout is not None
    if layout.name == "subscriptions":
        alone = () if "canceled_at" in ours else ("reason", "comment")  # without what they belong to
        layout = replace(layout, known=layout.known.union(names.beside).difference(alone))
    twice = [name for name in layout.known if ours.count(name) > 1]
    if twice:
        raise Unreadable(f"the column {min(twice)} stands twice", "Keep one of the two.")
    columns, again = _columns(ours, header, layout), names.again(header)
    rows: list[tuple[int, Row]] = []
    aside: list[SetAside] = []
    for number, line in grid.lines[at + 1 :]:
        reason = _is_no_row(line, header, ours, layout, known) or _is_of_sums(line, columns, rows)
        if reason:
            aside.append(SetAside(grid.file.name, grid.place(number), reason, _as_said(line, ours)))
        else:
            places = {**{name: i for i, name in columns.items()}, **again}
            rows.append((number, {name: line[i] if i < len(line) else None for name, i in places.items()}))
    unread = [as_text(header[i]) or "" for i, name in enumerate(ours) if name and i not in columns]
    return Sheet(grid, layout, rows, aside, unread)


def _header_at(grid: Grid, names: Names) -> int | None:
    """The first line that names all columns of a layout."""
    lines = grid.lines[:_HEADER_WITHIN]
    return next((at for at, (_, cells) in enumerate(lines) if layout_of(names.of(cells), grid.title)), None)


def missing_from(grid: Grid, names: Names) -> tuple[str, list[str]]:
    """What a sheet without a header was probably meant to be, and the columns that it lacks for that."""
    best, lacking, most = "", [], _NEARLY
    for _, cells in grid.lines[:_HEADER_WITHIN]:
        there = frozenset(names.of(cells))
        for layout in LAYOUTS:
            share = len(layout.required & there) / len(layout.required)
            if share > most or (share == most and layout.name == header_name(grid.title)):
                best, lacking, most = layout.name, sorted(layout.required - there), share
    return best, lacking


def _columns(ours: Sequence[str], header: Sequence[Cell], layout: Layout) -> dict[int, str]:
    """Which cell of a line is which column; an attribute keeps the name that the owner gave it."""
    found = {}
    for nth, name in enumerate(ours):
        if name in layout.known:
            found[nth] = name
        elif name and layout.keeps_others:
            found[nth] = " ".join((as_text(header[nth]) or "").split())
    return found


def _as_said(line: Sequence[Cell], ours: Sequence[str]) -> dict[str, str]:
    """The filled cells of a line by their column, or its number where it has no name."""
    named = [ours[nth] if nth < len(ours) else "" for nth in range(len(line))]
    return {
        name or f"column {nth}": as_text(cell) or ""
        for nth, (name, cell) in enumerate(zip(named, line, strict=True), start=1)
        if cell is not None
    }


def _by_name(line: Sequence[Cell], ours: Sequence[str]) -> dict[str, Cell]:
    return {name: line[nth] if nth < len(line) else None for nth, name in enumerate(ours)}


def _is_whole(cells: Mapping[str, Cell], layout: Layout) -> bool:
    return all(cells[name] is not None for name in layout.required - {"ended_at"})


def _is_no_row(
    line: Sequence[Cell],
    header: Sequence[Cell],
    ours: Sequence[str],
    layout: Layout,
    known: Collection[str],
) -> str:
    """Why a line below the header is no row of the table; "" for a row, and for what may be one."""
    filled = [cell for cell in line if cell is not None]
    if list(map(header_name, line[: len(header)])) == list(map(header_name, header)):
        return "the header again"
    cells = _by_name(line, ours)
    if any(str(cells.get(name) or "").upper().startswith(_EXAMPLES) for name in _NAMES_A_ROW):
        return "the example row of the template"
    if layout is BAREMETRICS and (label := _label(line, ours)):
        return f"a line of the template ({label[:40]})"
    if _is_whole(cells, layout) or any(as_text(cells.get(name)) in known for name in _NAMES_A_ROW):
        return ""
    if _is_called_total(filled):
        return "a line of totals"
    if len(filled) == 1 and isinstance(filled[0], str) and " " in filled[0]:
        return "a remark and no row"
    return ""


def _label(line: Sequence[Cell], ours: Sequence[str]) -> str:
    """What Baremetrics' template says in front of its example and its guide lines."""
    first = next((line[nth] for nth, name in enumerate(ours[: len(line)]) if not name and line[nth]), None)
    return first if isinstance(first, str) and re.match(r"(?i)example|more info", first) else ""


def _is_called_total(filled: Sequence[Cell]) -> bool:
    """Whether a line says nothing but "total" and numbers."""
    texts = [cell for cell in filled if isinstance(cell, str) and written.money(cell, ".") is None]
    return (
        len(texts) == 1
        and bool(TOTALS.fullmatch(re.sub(r"[:\s]+$", "", texts[0])))
        and not any(isinstance(cell, dt.date) for cell in filled)
    )


def _is_of_sums(line: Sequence[Cell], columns: Mapping[int, str], rows: Sequence[tuple[int, Row]]) -> str:
    """Whether all that a line says is what its columns add up to, or how many rows they have."""
    said = {name: line[nth] for nth, name in columns.items() if nth < len(line) and line[nth] is not None}
    numbers = {name: number for name, cell in said.items() if (number := number_in(cell)) is not None}
    if len(rows) < _LEAST_SUMMED or not numbers or len(said) - len(numbers) > 1:
        return ""
    if any(isinstance(cell, dt.date) for cell in said.values()):
        return ""
    is_sum = [_adds_up(number, [row.get(name) for _, row in rows]) for name, number in numbers.items()]
    return "a line of totals" if all(is_sum) else ""


def _adds_up(number: Decimal, cells: Sequence[Cell]) -> bool:
    above = [found for cell in cells if (found := number_in(cell)) is not None]
    filled = sum(cell is not None for cell in cells)
    if number in above:  # another price, as likely as a sum
        return False
    return number == filled or bool(above and abs(sum(above) - number) <= Decimal("0.01"))


def number_in(cell: Cell) -> Decimal | None:
    """The number of a cell, of a text too; None for any other."""
    if isinstance(cell, str):
        return written.amount(cell)
    return Decimal(str(cell)) if isinstance(cell, int | float) else None

"""What a file looks like, from its first lines: a table of ours, an export that is known, or neither."""

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq

from retention_helpers.contract.tables import STATUSES, TABLES
from retention_helpers.sources import IMPORTERS, headings, importer
from retention_helpers.sources.described import MINOR
from retention_helpers.sources.documents import is_json, objects
from retention_helpers.sources.folder import Unreadable, check_form, csv_header, form_of
from retention_helpers.sources.headings import columns_under, plain
from retention_helpers.sources.ledger.tools import may_be_ledger
from retention_helpers.sources.spreadsheet.grids import delimiter_of, grids
from retention_helpers.sources.spreadsheet.sheets import Names, sheet_of
from retention_helpers.sources.texts import opened_text
from retention_helpers.words import spellings, written

LINES = 5000  # that are looked at
SHEETS = "spreadsheet"  # the importer for what is no plain table: titles above, totals below
LEDGER = "ledger"  # the importer for a row a charge
_HEADER_WITHIN = 30
_ENDINGS = (".csv", ".csv.gz", ".tsv", ".txt", ".xlsx", ".parquet", ".json", ".jsonl", ".ndjson")
_BY_HAND = 5_000_000  # bytes: what is larger has no line of totals below
_UNLIKE = "its sheets name the same column differently. Save each as a file of its own"
_YES, _NO = (
    ("yes", "true", "1", "y", "ja", "oui", "sí", "x", "是"),
    ("no", "false", "0", "n", "nein", "non", "否"),
)
_LIKELY = ("customers", "subscriptions", "events")  # tables that other tools' files often are


@dataclass(frozen=True)
class Look:
    """What a file looks like.

    Attributes:
        path: the file.
        key: under which key of `sources:` it belongs: a table, an importer, or "" for neither.
        what: the same in the owner's words, or why it is not known.
        columns: the file's names for ours, where they differ.
        values: the file's words for ours, by column.
        dates: days in numbers that it holds, such as 05/03/2026.
        options: further lines of its entry, such as {price_per: interval}.
        brings: the tables of a sheet that is read by its importer under these names.
        also: further tables that the same file brings, where no other file does.
        lines: its header and its first rows, where questions may follow from them.
        assumed: what was taken for so because the file tells it, and nobody said otherwise.
    """

    path: Path
    key: str
    what: str
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dates: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    brings: Sequence[str] = ()
    also: Sequence["Look"] = ()
    lines: Sequence[Sequence[str]] = field(default=(), repr=False, compare=False)
    assumed: Sequence[str] = ()

    @property
    def name_of(self) -> dict[str, str]:
        """The file's name for each column of ours that it has, also where the two are the same."""
        ours = {plain(name): name for name in reversed(self.lines[0] if self.lines else ())}
        return {**ours, **self.columns}

    @property
    def intervals(self) -> list[str]:
        """What a price pays for, as each row says it: how many of what."""
        counts = self.cells(self.options.get("interval_count", ""))
        return [f"{many} {one}".strip() for many, one in zip(counts, self.cells("interval"), strict=True)]

    def cells(self, column: str) -> list[str]:
        """The cells of a column of ours or of the file, one a row; empty where there is none.

        Words that are mapped to ours are ours.
        """
        name, words = self.name_of.get(column, column), self.values.get(column, {})
        header = list(self.lines[0]) if self.lines else []
        if name not in header:
            return [""] * len(self.lines[1:])
        at = header.index(name)
        said = [line[at].strip() if at < len(line) else "" for line in self.lines[1:]]
        return [words.get(cell, cell) for cell in said]


def look_at(path: Path) -> Look:
    """What a file looks like, from its first lines. Never raises for what stands in it."""
    try:
        sheets = [lines for lines in _sheets(path) if lines]
    except Unreadable as broken:
        return Look(path, "", f"{broken.what}. {broken.way_out}")
    except Exception:  # a reader of a foreign form raises what it likes
        return Look(path, "", "it cannot be read")
    return _look(path, sheets)


def is_looked_at(path: Path) -> bool:
    """Whether a file may hold data, by its name."""
    return path.is_file() and path.name.lower().endswith(_ENDINGS) and not path.name.startswith((".", "~$"))


def _look(path: Path, sheets: Sequence[list[list[str]]]) -> Look:
    dates = list(dict.fromkeys(date for lines in sheets for date in _dates(lines)))
    headers = [line for lines in sheets for line in lines[:_HEADER_WITHIN]]
    first = sheets[0][0] if sheets else []
    table = _table_of(path, first) if len(sheets) == 1 and form_of(path) else ""
    if table:
        own = {plain(name): name for name in first if plain(name) in _columns_of(table)}
        look = _counted_from_1970(Look(path, table, table, dates=dates, lines=sheets[0]), own)
        also = _also(look, own) if table == "subscriptions" else ()
        return replace(look, also=also, lines=())
    is_list = any(_best(line)[0] == "subscriptions" for line in headers)
    for name in IMPORTERS:
        known = [what for what in map(importer(name).recognises, headers) if what]
        # Another tool's subscriptions with their reasons are not the answers alone of one that we know.
        says = any("subscriptions" in what or "orders" in what for what in known)
        if known and (says or not is_list):
            return Look(path, name, " and ".join(dict.fromkeys(known)), dates=dates)
    likely = [found for lines in sheets if (found := _likely(path, lines, dates))]
    if likely:
        return likely[0] if len(sheets) == 1 else _of_several_sheets(path, likely)
    if not any(first):
        return Look(path, "", "it is empty")
    lacks, header = next(((what, line) for line in headers if (what := headings.lacking(line))), ("", first))
    if lacks:
        said = f"a list of subscriptions in which no column says {lacks}. Add it, or export it too"
        if len(sheets) > 1 or not may_be_ledger(header):
            return Look(path, "", said)
        said += "; or, if it has a row for each payment, a ledger of charges"
        return Look(path, "", said, dates=dates, lines=sheets[0])
    what = f"not recognised; it holds {', '.join(first[:6])}{' …' if len(first) > 6 else ''}"
    return Look(path, "", what, dates=dates, lines=sheets[0] if len(sheets) == 1 else ())


def _columns_of(table: str) -> set[str]:
    return {column.name for column in TABLES[table].columns}


def _table_of(path: Path, header: Sequence[str]) -> str:
    """The table whose required columns a file has under our own names; its name decides between several."""
    names = {"_".join(name.lower().split()) for name in header}
    fitting = [table.name for table in TABLES.values() if set(table.required) <= names]
    stem = path.name.lower().split(".")[0]
    return max(fitting, key=lambda name: (name == stem, len(TABLES[name].required)), default="")


# --- under other names -------------------------------------------------------------------------------


def _likely(path: Path, lines: Sequence[Sequence[str]], dates: Sequence[str]) -> Look | None:
    """The table that a file is under other names; None where a required column has no likely name."""
    if path.name.lower().endswith(".parquet") and not form_of(path):
        return None
    for at, header in enumerate(lines[:_HEADER_WITHIN]):
        table, found = _best(header)
        if table:
            look = _mapped(path, table, found, lines[at:], dates)
            return _by_the_sheets(look) if at or not form_of(path) or _has_totals(look) else look
    return None


def _best(header: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The table for which a header names most, with the names; "" for none."""
    whole = {
        name: found
        for name in _LIKELY
        if set(TABLES[name].required) <= set(found := columns_under(header, name))
    }
    table = max(whole, key=lambda name: len(whole[name]), default="")
    spend = headings.spend_columns(header) if not table else {}
    return ("spend", spend) if spend else (table, whole.get(table, {}))


def _mapped(
    path: Path, table: str, found: Mapping[str, str], lines: Sequence[Sequence[str]], dates: Sequence[str]
) -> Look:
    look = Look(path, table, "", found, dates=dates, lines=lines)
    if table == "subscriptions":
        look = _with_its_end(_with_its_interval(_with_its_state(look)))
        words = {**_status_words(look), **_words_for_no_day(look, "ended_at", look.columns["ended_at"])}
        look = replace(look, options={**look.options, **_price_options(look)}, values=words)
        look = replace(look, also=_also(look, look.columns))
    look = _counted_from_1970(look, look.columns)
    columns = {ours: theirs for ours, theirs in look.columns.items() if plain(theirs) != ours}
    said = ", ".join(f"{ours} is “{theirs}”" for ours, theirs in columns.items())
    how = "".join(f"; {_SAID[key].format(**{**look.name_of, **look.options})}" for key in look.options)
    how += "".join(f"; an end of “{word}” is none" for word in look.values.get("ended_at", ()))
    return replace(look, what=f"{table}, where {said}{how}", columns=columns)


def _with_its_interval(look: Look) -> Look:
    """With the column that says what a price pays for, and the one that counts it, by what stands in them."""
    units, counts = [], []
    for name in headings.among(look.lines[0], headings.INTERVALS):
        said = {cell for cell in look.cells(name) if cell}
        if plain(name) in headings.TERMS and any(cell[0].isdigit() for cell in said):
            continue
        if said and all(cell.isdecimal() for cell in said):
            counts.append(name)
        elif said:
            units.append(name)
    units.sort(key=lambda name: not any(spellings.interval(cell) for cell in look.cells(name)))
    columns = {name: theirs for name, theirs in look.columns.items() if name != "interval"}
    if not units:
        return replace(look, columns=columns)
    count = {"interval_count": counts[0]} if counts and set(look.cells(counts[0])) - {"1", ""} else {}
    return replace(look, columns={**columns, "interval": units[0]}, options={**look.options, **count})


def _with_its_state(look: Look) -> Look:
    """Without the column of the state where it is called active and holds other things than yes and no."""
    name = look.columns.get("status", "")
    if plain(name) not in headings.FLAGS or {cell.lower() for cell in look.cells(name)} <= {*_YES, *_NO, ""}:
        return look
    return replace(look, columns={ours: theirs for ours, theirs in look.columns.items() if ours != "status"})


def _with_its_end(look: Look) -> Look:
    """With a better end than the day of a request to cancel, where there is one."""
    ends = [name for name in headings.named(look.lines[0], "ended_at") if any(look.cells(name))]
    requests = headings.named(look.lines[0], "canceled_at")
    taken = look.columns["ended_at"]
    if ends and (taken in requests or not any(look.cells(taken))):
        return replace(look, columns={**look.columns, "ended_at": ends[0]})
    return look


def _price_options(look: Look) -> dict[str, str]:
    """What has to be said of a price: that it is its interval's or a year's, and that it is in cents."""
    name, options = look.columns["mrr"], {}
    lasts = headings.interval_of(name)
    if lasts is None and any(spellings.interval(said) != ("month", 1) for said in look.intervals if said):
        options["price_per"] = "interval"
    elif lasts is not None and lasts != ("month", 1):
        options["price_per"] = spellings.in_words(*lasts)
    if headings.is_in_cents(name):
        options["price_in"] = MINOR
    taxes = [one for one in look.lines[0] if headings.is_tax(one) and any(look.cells(one))]
    if headings.with_tax(name) and taxes:
        options["tax_inside"] = taxes[0]
    return options


_SAID = {
    "price_per": "“{mrr}” is the price of its {price_per} and is divided",
    "price_in": "“{mrr}” is in cents",
    "tax_inside": "“{tax_inside}” is the tax inside it",
    "date_order": "its days are counted from 1970",
    "interval_count": "“{interval_count}” counts “{interval}”",
}


def _counted_from_1970(look: Look, columns: Mapping[str, str]) -> Look:
    """With the option that reads seconds since 1970, where whole columns of days are such."""
    days = [one.name for one in TABLES[look.key].of_kind("instant")]
    cells = [
        [cell for cell in look.cells(name) if cell and not written.is_no_day(cell)]
        for name in [*(columns[day] for day in days if day in columns), look.options.get("trial_until", "")]
    ]
    filled = [column for column in cells if column]
    counted = [column for column in filled if any(map(written.is_unix, column))]
    if not counted or not all(written.is_unix(cell) for column in counted for cell in column):
        return look
    return replace(look, options={**look.options, "date_order": written.UNIX})


def _also(look: Look, columns: Mapping[str, str]) -> tuple[Look, ...]:
    """The customers whom a list of subscriptions names, and their requests to cancel.

    Without a sign-up, it is the first start.
    """
    who, path, header = columns["customer_id"], look.path, look.lines[0]
    signed_up = next(iter(headings.named(header, "signed_up_at")), columns["started_at"])
    people = Look(
        path,
        "customers",
        f"customers, one for each “{who}”; signed_up_at is “{signed_up}”",
        _differing({"customer_id": who, "signed_up_at": signed_up}),
        options={"each": "first"},
        lines=look.lines,
    )
    people = replace(_counted_from_1970(people, {"signed_up_at": signed_up}), lines=())
    request = next((one for one in headings.named(header, "canceled_at") if one != columns["ended_at"]), "")
    if not request:
        return (people,)
    reason = headings.named(header, "reason")
    named = {"customer_id": who, "canceled_at": request, **({"reason": reason[0]} if reason else {})}
    asked = Look(
        path,
        "cancellations",
        f"cancellations, one for each filled “{request}”, the day of the request",
        _differing(named),
        _words_for_no_day(look, "canceled_at", request),
        options={"rows": "filled"},
        lines=look.lines,
    )
    return people, replace(_counted_from_1970(asked, named), lines=())


def _differing(columns: Mapping[str, str]) -> dict[str, str]:
    return {ours: theirs for ours, theirs in columns.items() if plain(theirs) != ours}


def _status_words(look: Look) -> dict[str, dict[str, str]]:
    """Our words for a file's own statuses. One that is over keeps "active", where it has an end."""
    words = {}
    rows = list(zip(look.cells("status"), look.cells("ended_at"), strict=True))
    known = spellings.choices(STATUSES) | (dict.fromkeys(_YES, "active") if _is_flag(look) else {})
    for said in dict.fromkeys(cell for cell, _ in rows if cell):
        word = spellings.plain_choice(said)
        meant = known.get(word)
        if said.lower() not in STATUSES and meant:
            words[said] = meant
        elif word in spellings.OVER and all(end for cell, end in rows if cell == said):
            words[said] = "active"
    return {"status": words} if words else {}


def renewing_words(look: Look) -> list[str]:
    """The file's words for those who pay and have not asked to leave; none where one of them has no end.

    An end that only some of them have says that these will leave.
    """
    rows = list(zip(replace(look, values={}).cells("status"), look.cells("ended_at"), strict=True))
    known = spellings.choices(("active", "past_due")) | (
        dict.fromkeys(_YES, "active") if _is_flag(look) else {}
    )
    renewing = {
        cell: known[word]
        for cell, _ in rows
        if (word := spellings.plain_choice(cell)) in known and word not in spellings.LEAVING
    }
    is_for_all = all(end for cell, end in rows if cell in renewing)
    return list(renewing) if is_for_all and "active" in renewing.values() else []


def _is_flag(look: Look) -> bool:
    return plain(look.columns.get("status", "")) in headings.FLAGS


def _words_for_no_day(look: Look, column: str, name: str) -> dict[str, dict[str, str]]:
    """The words that stand in a column of days where there is none, such as NULL and 9999-12-31."""
    found = {cell for cell in look.cells(name) if written.is_no_day(cell)}
    return {column: dict.fromkeys(sorted(found), "")} if found else {}


# --- sheets that are no plain table ------------------------------------------------------------------


def _by_the_sheets(look: Look) -> Look:
    """The same file read by the importer of sheets, which skips titles and totals."""
    return replace(look, key=SHEETS, what=f"a sheet of {look.what}", brings=look.brings or (look.key,))


def _has_totals(look: Look) -> bool:
    """Whether a file that was kept by hand has lines that are no rows, such as totals."""
    if look.path.suffix.lower() == ".parquet" or look.path.stat().st_size > _BY_HAND:
        return False
    try:
        found, _ = grids(look.path)
        sheets = [sheet_of(grid, Names(look.columns)) for grid in found]
    except Unreadable:
        return False
    return any(sheet.set_aside for sheet in sheets if sheet)


def _of_several_sheets(path: Path, likely: Sequence[Look]) -> Look:
    """A workbook whose sheets are tables under names that do not contradict each other."""
    columns: dict[str, str] = {}
    for look in likely:
        if any(columns.get(ours, theirs) != theirs for ours, theirs in look.columns.items()):
            return Look(
                path, "", "its sheets name the same column differently. Save each as a file of its own"
            )
        columns |= look.columns
    first = next((look for look in likely if look.also), likely[0])
    tables = [table for look in likely for table in look.brings or (look.key,)]
    also = [one for one in first.also if one.key not in tables]
    what = " and ".join(look.what for look in likely)
    return replace(first, key=SHEETS, what=what, columns=columns, brings=tables, also=also)


# --- lines -------------------------------------------------------------------------------------------


def _dates(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """The days in numbers of the columns that hold mostly such days."""
    for column in itertools.zip_longest(*lines[1:]):
        filled = [cell for cell in column if cell]
        days = [cell for cell in filled if written.is_ambiguous(cell)]
        if filled and 2 * len(days) >= len(filled):
            yield from days


def _sheets(path: Path) -> Iterator[list[list[str]]]:
    """The first lines of every sheet of a file, as text. Raises what its reader raises."""
    name = path.name.lower()
    if name.endswith(".xlsx"):
        with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            for sheet in book.worksheets:
                rows = itertools.islice(sheet.iter_rows(values_only=True), LINES)
                yield [
                    [_shown(cell) for cell in row] for row in rows if any(cell is not None for cell in row)
                ]
    elif name.endswith(".parquet"):
        yield _parquet_lines(path)
    elif is_json(path):
        yield [list(next((placed.found for placed in objects(path)), {}))]
    else:
        yield _csv_lines(path)


def _parquet_lines(path: Path) -> list[list[str]]:
    with pq.ParquetFile(path) as file:
        some = next(file.iter_batches(batch_size=LINES), None)
        rows = some.to_pylist() if some is not None else []
        return [list(file.schema_arrow.names), *([_shown(cell) for cell in row.values()] for row in rows)]


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _csv_lines(path: Path) -> list[list[str]]:
    check_form(path)
    with opened_text(path) as file:
        some = "".join(itertools.islice(file, LINES))
    try:
        _, delimiter = csv_header(path)
    except Unreadable:  # a title may stand above the header
        delimiter = delimiter_of(some)
        if len(some.splitlines()) < 2 or "\0" in some:
            raise
    rows = csv.reader(io.StringIO(some, newline=""), delimiter=delimiter)
    return [list(map(_shown, line)) for line in rows if any(line)]

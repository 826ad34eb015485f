"""A file's rows as the contract's columns: what is read, and how, in the engine's SQL.

Instants become naive UTC (`started_at`) beside the day in the business time zone (`started_on`). Beside
every column that is parsed stands `unread_X`: the text that could not be read, for the gate to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import STATUSES, Column, Table, day_name
from retention_helpers.engine import EngineError, path_text, quoted, rows, text
from retention_helpers.sources.described import PRICES_BESIDE, percentage
from retention_helpers.sources.folder import (
    PLACE,
    Number,
    Source,
    Unreadable,
    check_form,
    csv_header,
    sheet,
    shortened,
)
from retention_helpers.sources.headings import is_share
from retention_helpers.sources.prices import HOLDS, LESS, OR, PER, PER_CENT, TIMES
from retention_helpers.sources.texts import as_plain
from retention_helpers.words import spellings, written
from retention_helpers.words.formats import count

MOST_COLUMNS = 500  # of one file; more of them are a mistake, and take minutes

_DAYS = f"BETWEEN '{written.FIRST_YEAR}-01-01' AND '{written.LAST_YEAR}-12-31 23:59:59.999999'"
MONEY_TYPE = "DECIMAL(18, 6)"
CONTRADICTED = "unread_currency"  # the amount that names another currency or interval than its row does


def unread(column: str) -> str:
    return quoted(f"unread_{column}")


def _columns_read(header: Sequence[str], table: Table, renamed: Mapping[str, str]) -> dict[str, str]:
    """Which of the file's columns is which of the contract's (or an attribute).

    `renamed` holds the file's names for columns of ours, by ours; two of these may be one column.
    """
    known = {column.name for column in table.columns}
    names: dict[str, str] = {}
    seen: set[str] = set()
    if len(header) > MOST_COLUMNS:
        raise Unreadable(
            f"it has {count(len(header))} columns", f"Keep those of use, at most {MOST_COLUMNS}."
        )
    ours = {spelled(theirs): name for name, theirs in renamed.items()}
    absent = [name for plain, name in ours.items() if plain not in map(spelled, header)]
    if absent:
        what = f"the column {renamed[absent[0]]}, which {SETTINGS_FILE} takes for {absent[0]}, is missing"
        raise Unreadable(what, f"The header holds {shortened(header)}. Correct its name.")
    for original in header:
        clean = " ".join(original.split())
        plain = spelled(original)
        name = ours.get(plain) or (plain if plain in known else clean)
        if plain not in ours and name in renamed:  # ours, and the owner has named another for it
            name = f"{name}_"
        if not name or original == PLACE:
            continue
        if name.lower() in seen:
            raise Unreadable(f"the column {name} stands twice", "Keep one of the two.")
        if table.has_attributes and _is_ours(name.lower(), table):
            raise Unreadable(f"the column {name} bears a name that the report itself uses", "Rename it.")
        seen.add(name.lower())
        names[name] = original
        names |= {
            other: original for other, theirs in renamed.items() if spelled(theirs) == plain and other != name
        }
    missing = [name for name in table.required if name not in names]
    if missing:
        hints = _hints(missing, [name for name in names if name not in known])
        if len(missing) == 1:
            raise Unreadable(f"the column {missing[0]} is missing", f"{hints}Add it, or rename one.")
        raise Unreadable(f"the columns {', '.join(missing)} are missing", f"{hints}Add or rename them.")
    return names


def spelled(name: str) -> str:
    return "_".join(name.lower().split())


def _is_ours(name: str, table: Table) -> bool:
    days = {day_name(column.name) for column in table.of_kind("instant")}
    return name in days | {"source_row"} or name.startswith("unread_")


def _hints(missing: Sequence[str], unknown: Sequence[str]) -> str:
    """Which of the unknown columns may be a missing one, else which there are."""
    plain = {name.lower(): name for name in unknown}
    close = [get_close_matches(name, plain, n=1, cutoff=0.6) for name in missing]
    hints = "".join(f"Did you mean {plain[match[0]]}? " for match in close if match)
    return hints or (f"The header also holds {shortened(unknown)}. " if unknown else "")


def raw_relation(engine: Backend, source: Source, table: Table, scratch: Path) -> tuple[str, dict[str, str]]:
    """SQL of the file's rows as they are, and its column names; `scratch` is for a copy in even letters."""
    raw, names = _raw(engine, source, table, scratch)
    raw = _without_renewals(raw, names, source.renews) if source.renews else raw
    raw = _in_our_words(raw, names, source.values) if source.values else raw
    return _completed(raw, names, source), names


def _without_renewals(raw: str, names: Mapping[str, str], words: Iterable[str]) -> str:
    """SQL of the rows without an end where the state says that it is only the end of what is paid."""
    if "status" not in names:
        what = f"{SETTINGS_FILE} says which state renews, and there is no column status"
        raise Unreadable(what, "Name it under columns, or take the line out.")
    is_one = f"lower(trim({_text('status')})) IN ({', '.join(map(text, words))})"
    return f"(SELECT * REPLACE (CASE WHEN {is_one} THEN NULL ELSE ended_at END AS ended_at) FROM {raw})"


def _completed(raw: str, names: Mapping[str, str], source: Source) -> str:
    """SQL of the rows with what another column of the same row says about a cell."""
    replaced = {}
    at = {
        option: _named(column, names)
        for option, column in source.beside.items()
        if not (option == "tax_inside" and percentage(column))
    }
    if "interval_count" in at:
        replaced["interval"] = f"concat_ws(' ', {_text(at['interval_count'])}, {_text('interval')})"
    prices, of_the_price = _prices(at), _of_the_price(source, at)
    if prices != _text("mrr") or of_the_price:
        replaced["mrr"] = " || ".join([prices, *of_the_price])
    if "ended_where" in at:
        filled = f"nullif(trim({_text(at['ended_where'])}), '') IS NOT NULL"
        replaced["ended_at"] = f"CASE WHEN {filled} THEN ended_at END"
    for name in replaced:
        if name not in names:
            raise Unreadable(f"there is no column {name}", f"Name it under columns in {SETTINGS_FILE}.")
    if not replaced:
        return raw
    cells = ", ".join(f"{cell} AS {quoted(name)}" for name, cell in replaced.items())
    return f"(SELECT * REPLACE ({cells}) FROM {raw})"


def _prices(at: Mapping[str, str]) -> str:
    """SQL of the price, or of all prices of the row where those for other intervals stand beside it."""
    others = {at[option]: lasts for option, lasts in PRICES_BESIDE.items() if option in at}
    if not others:
        return _text("mrr")
    cells = [f"nullif(trim({_text(name)}), '')" for name in others]
    marked = [
        f"{text(OR)} || coalesce({cell}, '') || {text(PER + lasts)}"
        for cell, lasts in zip(cells, others.values(), strict=True)
    ]
    price = " || ".join([f"coalesce({_text('mrr')}, '')", *marked])
    return f"CASE WHEN coalesce({', '.join([_text('mrr'), *cells])}) IS NOT NULL THEN {price} END"


def _of_the_price(source: Source, at: Mapping[str, str]) -> list[str]:
    """SQL of what other cells say of a price, each with its mark, in the order of `prices.composed`."""
    parts = []
    for option, mark in zip(("price_for", "discount", "tax_inside"), (TIMES, LESS, HOLDS), strict=True):
        column = source.beside.get(option, "")
        if option in at:
            cell = f"nullif(trim({_text(at[option])}), '')"
            unit = f"CASE WHEN contains({cell}, '%') THEN '' ELSE {text(PER_CENT)} END"
            unit = unit if is_share(column) else "''"
            parts.append(f"coalesce({text(mark)} || {cell} || {unit}, '')")
        elif column:
            parts.append(text(f"{mark}{percentage(column)}"))
    return parts


def _text(column: str) -> str:
    return f"CAST({quoted(column)} AS VARCHAR)"


def _named(theirs: str, names: Mapping[str, str]) -> str:
    """The name that a column of the file has among the columns read."""
    for name, original in names.items():
        if spelled(original) == spelled(theirs):
            return name
    what = f"the column {theirs}, which {SETTINGS_FILE} names, is missing"
    raise Unreadable(what, f"The header holds {shortened(list(names.values()))}. Correct its name.")


def _in_our_words(raw: str, names: Iterable[str], values: Mapping[str, Mapping[str, str]]) -> str:
    """SQL of the rows with the file's words replaced by ours, whatever their capitals."""
    picked = []
    for name in names:
        column, words = quoted(name), values.get(name)
        if words:
            cases = " ".join(
                f"WHEN {text(theirs.strip().lower())} THEN nullif({text(ours)}, '')"
                for theirs, ours in words.items()
            )
            as_text = f"CAST({column} AS VARCHAR)"
            picked.append(f"CASE lower({as_text}) {cases} ELSE {as_text} END AS {column}")
        else:
            picked.append(column)
    return f"(SELECT {', '.join(picked)} FROM {raw})"


def _raw(engine: Backend, source: Source, table: Table, scratch: Path) -> tuple[str, dict[str, str]]:
    if source.form == "parquet":
        return _raw_parquet(engine, source, table)
    if source.form == "xlsx":
        return _raw_sheet(engine, source, table)
    check_form(source.path)
    header, delimiter = csv_header(source.path)
    names = _columns_read(header, table, source.columns)
    columns = ", ".join(f"{text(f'c{i}')}: 'VARCHAR'" for i in range(len(header)))
    path = path_text(as_plain(source.path, scratch))
    read = (
        f"read_csv({path}, auto_detect=false, header=true, delim={text(delimiter)}, "
        f"""quote='"', escape='"', nullstr='', columns={{{columns}}})"""
    )
    picked = ", ".join(
        f"nullif(trim(c{header.index(original)}), '') AS {quoted(name)}" for name, original in names.items()
    )
    filled = f"coalesce({', '.join(f'c{i}' for i in range(len(header)))}) IS NOT NULL"
    return f"(SELECT {picked} FROM {read} WHERE {filled})", names


def _raw_parquet(engine: Backend, source: Source, table: Table) -> tuple[str, dict[str, str]]:
    if not source.files:
        raise Unreadable("the folder holds no Parquet file", "Export it again.")
    for file in source.files:
        try:
            _parquet_columns(engine, [file])
        except EngineError:
            which = f"{file.name} in it" if source.path.is_dir() else "it"
            raise Unreadable(f"{which} is not Parquet, or cut off", "Export it again.") from None
    types = _parquet_columns(engine, source.files)
    read = _read_parquet(source.files)
    names = _columns_read(list(types), table, source.columns)
    names = {
        name: original
        for name, original in names.items()
        if not _only_of_folders(source, table, original, name)
    }
    _refuse_uneven_parts(source, names)
    picked = ", ".join(
        f"nullif(trim({quoted(original)}), '') AS {quoted(name)}"
        if types[original] == "VARCHAR"
        else f"{quoted(original)} AS {quoted(name)}"
        for name, original in names.items()
    )
    return f"(SELECT {picked} FROM {read})", names


def _only_of_folders(source: Source, table: Table, original: str, name: str) -> bool:
    """Whether a column is no more than how the parts are laid out, as the month of events is."""
    is_ours = table.has_attributes or name in {column.name for column in table.columns}
    return not is_ours and original in source.said_by_folders


def _refuse_uneven_parts(source: Source, names: Mapping[str, str]) -> None:
    """Raise Unreadable where one of several parts lacks a column, which would be empty there in silence."""
    for file in source.files if len(source.files) > 1 else []:
        lacking = set(names.values()) - set(pq.read_schema(file).names) - source.said_by_folders
        if lacking:
            what = f"{file.name} in it lacks {shortened(sorted(lacking))}, which other parts have"
            raise Unreadable(what, "Export all parts with the same columns.")


def _read_parquet(files: Iterable[Path]) -> str:
    return f"read_parquet([{', '.join(map(path_text, files))}], union_by_name=true)"


def _parquet_columns(engine: Backend, files: Sequence[Path]) -> dict[str, str]:
    """The columns of Parquet files and their types."""
    described = rows(engine, f"DESCRIBE SELECT * FROM {_read_parquet(files)}")
    return {name: kind for name, kind, *_ in described}


def _raw_sheet(engine: Backend, source: Source, table: Table) -> tuple[str, dict[str, str]]:
    lines = (cells for _, cells in sheet(source.path, table.name, source.sheet))
    header = [cell or "" for cell in next(lines)]
    names = _columns_read(header, table, source.columns)
    at = {name: header.index(original) for name, original in names.items()}
    records = [[cells[i] if i < len(cells) else None for i in at.values()] for cells in lines]
    columns = zip(*records, strict=True) if records else [[] for _ in at]
    kinds = {column.name: str(column.kind) for column in table.columns}
    if "currency" in kinds:
        kinds = {name: "paid" if kind == "money" else kind for name, kind in kinds.items()}
        kinds |= {_named(source.beside[one], names): "paid" for one in PRICES_BESIDE if one in source.beside}
    cells_read = {
        name: pa.array([_as_its_kind(cell, kinds.get(name, "text")) for cell in column], pa.string())
        for name, column in zip(at, columns, strict=True)
    }
    engine.con.register(f"sheet_{table.name}", pa.table(cells_read))
    return f"sheet_{table.name}", names


def moment(as_text: str, zone: str) -> str:
    """SQL of the moment that a text in ISO 8601 names; NULL where there is none.

    A time that names no zone is one of `zone`, where that is given; a day is always the business's own.
    """
    read = f"try_cast({as_text} AS TIMESTAMPTZ)"
    if not zone:
        return read
    is_naive = f"regexp_full_match({as_text}, '.{{10}}[T ][0-9:.]+')"
    there = f"timezone({text(zone)}, try_cast({as_text} AS TIMESTAMP))"
    return f"CASE WHEN {is_naive} THEN {there} ELSE {read} END"


def _as_its_kind(cell: str | None, kind: str) -> str | None:
    """A cell of a workbook, whose numbers are days or amounts by the column that they stand in."""
    if not isinstance(cell, Number):
        return cell
    return {"instant": cell.day, "money": cell.amount, "paid": cell.paid}.get(kind, str(cell))


def _parsed(column: Column, kind_read: str, source: Source) -> str:
    """SQL that reads the plain forms of one column; NULL where it is empty or written in another form."""
    as_text = _as_text(column.name, kind_read)
    if column.is_month and kind_read == "VARCHAR":
        is_month = f"regexp_full_match({as_text}, {text(written.PLAIN_MONTH)})"
        as_text = f"CASE WHEN {is_month} THEN {as_text} || '-01' ELSE {as_text} END"
    if column.kind == "instant":
        if kind_read.startswith(("TIMESTAMP", "DATE")):
            name = quoted(column.name)
            zone = source.time_zone
            is_naive = kind_read.startswith("TIMESTAMP") and "TIME ZONE" not in kind_read
            in_zone = (
                f"timezone({text(zone)}, {name})" if zone and is_naive else f"CAST({name} AS TIMESTAMPTZ)"
            )
            return f"CASE WHEN {name} {_DAYS} THEN {in_zone} END"
        is_read = f"regexp_full_match({as_text}, {text(written.PLAIN_INSTANT)})"
        return f"CASE WHEN {is_read} THEN {moment(as_text, source.time_zone)} END"
    if column.kind == "money":
        if source.price_per or source.in_minor_units:
            return f"CAST(NULL AS {MONEY_TYPE})"  # no amount is plain: all take the second reading
        is_as_typed = source.is_verbatim and kind_read == "VARCHAR"
        form = written.PLAIN_AMOUNT if is_as_typed else written.EXACT_AMOUNT
        is_read = f"regexp_full_match({as_text}, {text(form)})"
        return f"CASE WHEN {is_read} THEN try_cast({as_text} AS {MONEY_TYPE}) END"
    if column.kind == "score":
        whole = f"regexp_full_match({as_text}, '(10|[0-9])([.]0+)?')"
        return f"CASE WHEN {whole} THEN CAST(CAST({as_text} AS DOUBLE) AS INTEGER) END"
    if column.kind == "choice":
        # A status decides who is a customer: another word for one is asked about.
        own = {choice: choice for choice in column.choices}
        words = own if column.choices == STATUSES else spellings.choices(column.choices)
        meant = " ".join(f"WHEN {text(word)} THEN {text(choice)}" for word, choice in words.items())
        return f"CASE lower(trim({as_text})) {meant} END"
    return as_text


def _as_text(column: str, kind_read: str) -> str:
    """SQL of a value as the owner would write it: a float without the noise of its last digits."""
    name = quoted(column)
    if kind_read == "VARCHAR":
        return name
    if kind_read == "DOUBLE":
        return (
            f"CASE WHEN abs({name}) < 1e15 THEN format('{{:.15g}}', {name}) ELSE CAST({name} AS VARCHAR) END"
        )
    if kind_read == "FLOAT":
        return f"regexp_replace(CAST({name} AS VARCHAR), '[.]0$', '')"
    return f"CAST({name} AS VARCHAR)"


def select_parsed(
    table: Table,
    raw: str,
    names: Iterable[str],
    kinds: dict[str, str],
    source: Source,
) -> str:
    """SQL of the table as the contract has it, with `unread_X` beside every column that is parsed.

    Only the plainest forms of days and amounts are read here; `second_reading` reads the others. What an
    importer wrote is exact: a point is the sign of decimals and nothing else.
    """
    read, kept = [], []
    for column in table.columns:
        name = quoted(column.name)
        present = column.name in kinds
        value = _parsed(column, kinds[column.name], source) if present else "NULL"
        read.append(f"{value} AS {name}")
        if column.kind == "instant":
            kept += [f"{value} AS {quoted(name)}" for name, value in as_kept(column, name).items()]
        else:
            kept.append(f"CAST({name} AS {_type(column)}) AS {name}")
        if column.kind != "text":
            as_it_is = (
                f"CASE WHEN {name} IS NOT NULL AND ({value}) IS NULL THEN CAST({name} AS VARCHAR) END"
                if present
                else "CAST(NULL AS VARCHAR)"
            )
            read.append(f"{as_it_is} AS {unread(column.name)}")
            kept.append(unread(column.name))
    known = {column.name for column in table.columns}
    if "currency" in known:
        read.append(f"CAST(NULL AS VARCHAR) AS {CONTRADICTED}")
        kept.append(CONTRADICTED)
    if table.has_attributes:
        attributes = [name for name in names if name not in known]
        read += [f"{_as_text(name, kinds[name])} AS {quoted(name)}" for name in attributes]
        kept += map(quoted, attributes)
    elif not table.is_large and set(names) - known:
        # rows that differ in what is not read are no repetition
        others = [f"CAST({quoted(name)} AS VARCHAR)" for name in names if name not in known]
        read.append(f"hash({', '.join(others)}) AS {unread('others')}")
        kept.append(unread("others"))
    number = [] if table.is_large else ["source_row"]
    rows_read = raw if table.is_large else f"(SELECT *, row_number() OVER () AS source_row FROM {raw})"
    return f"SELECT {', '.join(number + kept)} FROM (SELECT {', '.join(number + read)} FROM {rows_read})"


def as_kept(column: Column, value: str) -> dict[str, str]:
    """SQL of the columns that keep an instant: naive UTC where it is more than a day, and its day."""
    moment = f"CAST({value} AS TIMESTAMPTZ)"
    kept = {day_name(column.name): f"CAST({moment} AS DATE)"}
    if column.name.endswith("_at"):
        # The same as timezone('UTC', …), without asking the calendar again.
        kept = {column.name: f"make_timestamp(epoch_us({moment}))", **kept}
    return kept


def _type(column: Column) -> str:
    return {"money": MONEY_TYPE, "score": "INTEGER"}.get(column.kind, "VARCHAR")

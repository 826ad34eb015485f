"""What the columns beside the months say: who it is, and what is known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from retention_helpers.contract.tables import TABLES
from retention_helpers.sources import headings
from retention_helpers.sources.interface import as_text
from retention_helpers.sources.months.headings import Headings
from retention_helpers.sources.spreadsheet.grids import Cell, Grid
from retention_helpers.sources.spreadsheet.sheets import TOTALS, number_in
from retention_helpers.sources.unreadable import Unreadable
from retention_helpers.words import spellings, written
from retention_helpers.words.people import code_for

E_MAILS = (
    "email", "e_mail", "mail", "customer_email", "user_email", "email_address", "e_mail_adresse", "correo",
    "courriel", "邮箱",
)  # fmt: skip
NAMES = (
    "name", "names", "full_name", "customer_name", "client_name", "contact", "kundenname", "nachname", "nom",
    "nombre", "nome", "naam", "姓名", "名称",
)  # fmt: skip
REMARKS = (
    "note", "notes", "comment", "comments", "remark", "remarks", "bemerkung", "bemerkungen", "notiz",
    "notizen", "kommentar", "commentaire", "remarque", "comentario", "notas", "备注",
)  # fmt: skip
KNOWN = ("customer_id", "email", "name", "signed_up_at", "plan", "currency", "interval", "price")
_MOSTLY = 0.9  # of the rows: what a column of names of customers has, each another


@dataclass(frozen=True)
class Columns:
    """Which column says what.

    Attributes:
        of: the column of each of `KNOWN` that the sheet has.
        attributes: the further columns, by the name that the owner gave them.
        unread: those that hold remarks, totals, and days that are none of ours.
        is_coded: whether customers are known by an e-mail or a name alone, and get a code for an id.
        is_taken: whether no heading said who it is, and the first column was taken.
    """

    of: Mapping[str, int]
    attributes: Mapping[str, int] = field(default_factory=dict)
    unread: Sequence[str] = ()
    is_coded: bool = False
    is_taken: bool = False

    def cell(self, line: Sequence[Cell], name: str) -> Cell:
        nth = self.of.get(name)
        return line[nth] if nth is not None and nth < len(line) else None

    def text(self, line: Sequence[Cell], name: str) -> str | None:
        return as_text(self.cell(line, name))

    def who(self, line: Sequence[Cell]) -> str | None:
        """The id of the customer of a line; None where it names none."""
        if not self.is_coded:
            return self.text(line, "customer_id")
        said = self.text(line, "email") or self.text(line, "name")
        return code_for(said) if said else None

    def named(self, line: Sequence[Cell]) -> str | None:
        """What a line calls its customer, as the owner wrote it."""
        return next((said for name in KNOWN[:3] if (said := self.text(line, name))), None)

    def further(self, line: Sequence[Cell]) -> dict[str, str | None]:
        return {name: _text(line, nth) for name, nth in self.attributes.items()}


def _text(line: Sequence[Cell], nth: int) -> str | None:
    return as_text(line[nth]) if nth < len(line) else None


def columns_of(grid: Grid, found: Headings, named: Mapping[str, str]) -> Columns:
    """The columns beside the months; `named` are the owner's headings for ours. Raises Unreadable."""
    at = {headings.plain(name): nth for nth, name in reversed(list(found.names.items()))}
    lacking = [theirs for theirs in named.values() if headings.plain(theirs) not in at]
    if lacking:
        raise Unreadable(f"it has no column {lacking[0]}", "Correct `columns:`.")
    of = {**_known(found.names, at), **{ours: at[headings.plain(theirs)] for ours, theirs in named.items()}}
    is_taken = not {"customer_id", "email", "name"} & set(of)
    if is_taken:
        of["customer_id"] = _who_without_heading(grid, found)
    rest = {nth: name for nth, name in found.names.items() if nth not in of.values()}
    kept = {nth: name for nth, name in rest.items() if _is_attribute(grid, found, nth, name)}
    return Columns(
        of,
        {_named_apart(name): nth for nth, name in kept.items()},
        [name for nth, name in rest.items() if nth not in kept],
        is_coded="customer_id" not in of,
        is_taken=is_taken,
    )


def _known(names: Mapping[int, str], at: Mapping[str, int]) -> dict[str, int]:
    header = list(names.values())
    aliases = {"email": E_MAILS, "name": NAMES}
    found = {
        ours: at[headings.plain(theirs[0])]
        for ours in ("customer_id", "signed_up_at", "plan", "currency")
        if (theirs := headings.named(header, ours))
    }
    if "signed_up_at" not in found and (theirs := headings.named(header, "started_at")):
        found["signed_up_at"] = at[headings.plain(theirs[0])]
    found |= {
        ours: nth
        for ours, known in aliases.items()
        if (nth := next((at[n] for n in known if n in at), None)) is not None
    }
    if intervals := headings.among(header, headings.INTERVALS):
        found["interval"] = at[headings.plain(intervals[0])]
    if price := headings.columns_under(header, "subscriptions").get("mrr"):
        found.setdefault("price", at[headings.plain(price)])
    return found


def _who_without_heading(grid: Grid, found: Headings) -> int:
    """The column left of the months in which every row has another text."""
    rows = [line for _, line in grid.lines[found.at + 1 :] if any(_filled(line, nth) for nth in found.months)]
    for nth in range(min(found.months)):
        said = [line[nth] for line in rows if nth < len(line) and isinstance(line[nth], str)]
        if rows and len(set(said)) >= _MOSTLY * len(rows):
            return nth
    names = ", ".join(f"“{name}”" for name in list(found.names.values())[:5])
    raise Unreadable(
        f"no column says which customer a row is{f'; beside the months it has {names}' if names else ''}",
        "Head it Customer, or name it: `columns: {customer_id: Account}`.",
    )


def _filled(line: Sequence[Cell], nth: int) -> bool:
    return nth < len(line) and line[nth] is not None


def _is_attribute(grid: Grid, found: Headings, nth: int, name: str) -> bool:
    """Whether a further column may describe customers: no remark, no total of the row, and no date."""
    plain = headings.plain(name)
    if plain in REMARKS or TOTALS.fullmatch(plain.split("_")[0]) or headings.named([name], "ended_at"):
        return False
    if headings.named([name], "canceled_at") or headings.named([name], "reason"):
        return False
    cells = [line[nth] for _, line in grid.lines[found.at + 1 :] if _filled(line, nth)]
    days = sum(
        not isinstance(cell, str | int | float) or written.instant(str(cell)) is not None for cell in cells
    )
    return bool(cells) and 2 * days < len(cells) and not _are_row_totals(grid, found, nth)


def _are_row_totals(grid: Grid, found: Headings, nth: int) -> bool:
    """Whether a column holds what the months of its row add up to, or how many of them are filled."""
    checked = [
        _is_row_total(line, found, nth) for _, line in grid.lines[found.at + 1 :] if _filled(line, nth)
    ]
    return bool(checked) and 2 * sum(checked) > len(checked)


def _is_row_total(line: Sequence[Cell], found: Headings, nth: int) -> bool:
    total = number_in(line[nth])
    cells = [line[one] for one in found.months if _filled(line, one)]
    numbers = [number for cell in cells if (number := number_in(cell)) is not None]
    return total is not None and (total == len(cells) or abs(sum(numbers) - total) <= Decimal("0.01"))


def _named_apart(name: str) -> str:
    """An attribute under the owner's name; one that bears a name of ours says whose it is."""
    ours = {column.name for column in TABLES["customers"].columns} | {"email", "name"}
    return f"{name} (sheet)" if headings.plain(name) in ours else name


def interval_of(line: Sequence[Cell], columns: Columns) -> tuple[str, int] | None:
    """How long an amount of this row pays for; None where the row does not say it."""
    said = columns.text(line, "interval")
    return spellings.interval(said) if said else None

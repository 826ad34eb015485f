"""`init`: looks at an owner's files and writes their `retention.yml`."""

import argparse
import sys
from pathlib import Path

from retention_helpers.commands.arguments import Commands
from retention_helpers.words.commands import command, report_on
from retention_helpers.words.errors import InputError
from retention_helpers.words.written import ORDERS

NAME = "init"


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME, help="begin: look at your files and write their retention.yml", allow_abbrev=False
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the data folder to make, such as data/mine")
    parser.add_argument(
        "--from",
        dest="places",
        nargs="+",
        action="extend",
        type=Path,
        default=[],
        metavar="PATH",
        help="your files, or the folders that hold them (default: DIR itself)",
    )
    parser.add_argument("--business", default="", metavar="NAME", help="what the business is called")
    parser.add_argument("--time-zone", default="", metavar="ZONE", help="such as Europe/Berlin")
    parser.add_argument("--currency", default="", metavar="CODE", help="such as EUR")
    parser.add_argument(
        "--date-order", choices=ORDERS, default="", help="how days such as 05/03/2026 are meant"
    )


def run(options: argparse.Namespace) -> int:
    from retention_helpers.commands import beginning
    from retention_helpers.commands.check import say
    from retention_helpers.commands.checking import check
    from retention_helpers.contract.settings import SETTINGS_FILE
    from retention_helpers.words.formats import plural

    folder: Path = options.folder
    asked = options.places or [Path(_ask("Where are your files? A folder or a file", str(folder)))]
    places = [Path(place).expanduser() for place in asked]
    if places == [folder]:
        folder.mkdir(parents=True, exist_ok=True)
    found = beginning.as_ledgers(beginning.looks(beginning.files_in(places)), _ask)
    for look in beginning.with_what_else_they_bring(found):
        print(f"  {look.path.name}: {look.what}")
    if any(look.columns for look in found):
        print("  Check that these names mean what they were taken for; retention.yml is yours to change.")
    if not any(look.key for look in found):
        raise InputError(
            f"No file in {places[0]} looks like customers, subscriptions or orders. "
            f"{_as_a_ledger(beginning.likely_ledger(found), folder)}{_START}"
        )
    business = options.business or _ask(
        "What is the business called?", folder.resolve().name.replace("_", " ").title()
    )
    time_zone = options.time_zone or _ask("In which time zone do its days end?", beginning.time_zone_here())
    date_order = options.date_order or beginning.date_order_of(found, _ask)
    book = beginning.Book(options.currency.upper(), date_order)
    found = beginning.with_ledgers_settled(beginning.settled(found, book, _ask), book, _ask)
    for look in found:
        for assumed in look.assumed:
            print(f"  {look.path.name}: {assumed}")
    currency, rates = (book.currency, {}) if book.currency else beginning.currency_of(found, book, _ask)
    sources, again = beginning.sources_of(beginning.with_what_else_they_bring(found), folder)
    for look in again:
        print(f"  {look.path.name} was left out: another file brings {look.key} already.")
    plan = beginning.Plan(
        business, time_zone, currency, date_order, sources, rates, beginning.is_of_buyers(found)
    )
    is_new = beginning.write_settings(plan, folder)
    print(f"{'Written' if is_new else 'Left as it is, because it was there'}: {folder / SETTINGS_FILE}\n")
    checked = check(folder, Path("reports"))
    if checked.sources:
        there = [f"{one.table} ({plural(one.rows_kept, 'row')})" for one in checked.sources]
        print(f"There: {', '.join(there)}.")
        print("Not there, and what it would add:")
        for table, adds in beginning.lacking(one.table for one in checked.sources).items():
            print(f"  {table}: {adds}")
        print()
    say(checked)
    print(f"Next: {_again(folder / SETTINGS_FILE) if checked.is_stopped else report_on(folder)}")
    return 2 if checked.is_stopped else 0


_START = (
    "Make customers.csv and subscriptions.csv as the README says, or fill in a workbook: "
    f"{command('import spreadsheet --template FILE.xlsx')}."
)


def _as_a_ledger(path: Path | None, folder: Path) -> str:
    """The way in of a file that may be a list of payments, where nobody was there to be asked."""
    if path is None:
        return ""
    return f"If {path.name} has a row for each payment: {command(f'import ledger {path} --out {folder}')}. "


def _again(settings: Path) -> str:
    return f"mend what stops it in the files or in {settings}, then: {report_on(settings.parent)}"


def _ask(question: str, default: str) -> str:
    """An answer from the terminal; the default where nobody sits there."""
    if not sys.stdin.isatty():
        return default
    shown = f" [{default}]" if default else ""
    return input(f"{question}{shown} ").strip() or default

"""`import`: reads the export of another tool into a data folder."""

import argparse
from dataclasses import replace
from pathlib import Path

from retention_helpers.commands.arguments import Commands
from retention_helpers.sources import IMPORTERS
from retention_helpers.words.commands import command, report_on
from retention_helpers.words.errors import InputError
from retention_helpers.words.written import ORDERS

NAME = "import"


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME, help="read the export of another tool into a data folder", allow_abbrev=False
    )
    parser.add_argument("source", metavar="SOURCE", choices=IMPORTERS, help=f"one of: {', '.join(IMPORTERS)}")
    parser.add_argument(
        "files", nargs="*", default=[], type=Path, metavar="FILE", help="what the tool exported"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="the data folder to write to")
    parser.add_argument(
        "--date-order", choices=ORDERS, default="", help="how days such as 05/03/2026 are meant"
    )
    parser.add_argument(
        "--say",
        action="append",
        default=[],
        metavar="LINE",
        help="what the files cannot say, as the line of retention.yml that a stop names, such as "
        "'columns: {amount: Total}'",
    )
    parser.add_argument(
        "--template", type=Path, metavar="FILE.xlsx", help="write a workbook to fill in (spreadsheet only)"
    )


def run(options: argparse.Namespace) -> int:
    if options.template:
        return _template(options)
    from retention_helpers.sources import importer

    file = "" if importer(options.source).is_fetched else "FILE "
    such_as = command(f"import {options.source} {file}--out data/mine")
    if (file and not options.files) or not options.out:
        missing = "FILE" if file and not options.files else "--out"
        raise InputError(f"{missing} is missing. Such as: {such_as}")
    if options.files and not file:
        raise InputError(f"{options.source} takes no files: {such_as}")
    from retention_helpers.commands.check import say
    from retention_helpers.commands.checking import check
    from retention_helpers.contract.settings import read_settings
    from retention_helpers.sources.importing import import_files
    from retention_helpers.sources.mapping import options_said
    from retention_helpers.words.formats import plural

    settings = read_settings(options.out)
    if options.date_order:
        settings = replace(settings, date_order=options.date_order)
    said = options_said(options.source, options.say)
    written = import_files(options.source, options.files, options.out, settings, said)
    for name, rows in written.rows.items():
        print(f"{options.out / name}: {plural(rows, 'row')}")
    for fault in written.faults:
        print(f"{fault.level}: {fault.message}")
    if written.set_aside:
        print(f"{plural(written.rows_set_aside, 'row')} set aside, with the reason: {written.set_aside}")
    if written.unmatched:
        print(f"Customers of whom {options.source} knows nothing: {written.unmatched}")
    checked = check(options.out, Path("reports"))
    say(checked)
    if not checked.is_stopped:
        print(f"Next: {report_on(options.out)}")
    return 2 if checked.is_stopped else 0


def _template(options: argparse.Namespace) -> int:
    if options.source != "spreadsheet" or options.files or options.out:
        raise InputError(f"--template stands alone: {command('import spreadsheet --template FILE.xlsx')}")
    from retention_helpers.sources.spreadsheet.template import write_template

    write_template(options.template)
    then = command(f"import spreadsheet {options.template} --out data/mine")
    print(f"Fill in {options.template}, then: {then}")
    return 0

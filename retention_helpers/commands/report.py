"""`report`: the report of a month."""

import argparse
import os
import sys

from retention_helpers.commands.arguments import Commands, data_and_month, out
from retention_helpers.words.commands import ENGINE, ENGINES
from retention_helpers.words.errors import InputError

NAME = "report"


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME, parents=[*data_and_month(), out()], help="make the report of a month", allow_abbrev=False
    )
    parser.add_argument("--engine", choices=ENGINES, help="what computes, whatever the settings say")
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="NOTEBOOK",
        help="only these notebooks, such as: measurement",
    )


def run(options: argparse.Namespace) -> int:
    from retention_helpers.commands.deliver import say_open
    from retention_helpers.delivery.post import post
    from retention_helpers.delivery.runs import note_failed, note_report
    from retention_helpers.report.publishing import NotebooksFailed, publish, short

    if options.engine:
        os.environ[ENGINE] = options.engine
    try:
        folder = publish(options.data, options.month, options.out, tuple(options.only))
    except NotebooksFailed as error:
        note_failed(options.out, options.month, options.data, str(error))
        print(error, file=sys.stderr)
        return 1
    except InputError as error:
        note_failed(options.out, options.month, options.data, str(error))
        raise
    note_report(folder)
    print(f"The report is ready: {short(folder / 'index.html')}")
    say_open(post(options.data, options.out))
    return 0

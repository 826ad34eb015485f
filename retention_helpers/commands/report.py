"""`report`: the report of a month."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from retention_helpers.commands.arguments import Commands, data_and_month, out
from retention_helpers.words.commands import ENGINE, ENGINES
from retention_helpers.words.errors import BeingMade, InputError

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


@contextmanager
def _chosen(engine: str | None) -> Iterator[None]:
    """The kernels inherit the engine; whoever calls this as a function keeps what he had."""
    before = os.environ.get(ENGINE, "")
    os.environ[ENGINE] = engine or before
    try:
        yield
    finally:
        os.environ[ENGINE] = before


def run(options: argparse.Namespace) -> int:
    from retention_helpers.commands.deliver import say_open
    from retention_helpers.delivery.post import post
    from retention_helpers.delivery.runs import note_failed, note_report
    from retention_helpers.report.publishing import NotebooksFailed, publish, short

    try:
        with _chosen(options.engine):
            folder = publish(options.data, options.month, options.out, tuple(options.only))
    except NotebooksFailed as error:
        note_failed(options.out, options.month, options.data, str(error))
        print(error, file=sys.stderr)
        return 1
    except BeingMade:
        raise
    except InputError as error:
        note_failed(options.out, options.month, options.data, str(error))
        raise
    note_report(folder)
    print(f"The report is ready: {short(folder / 'index.html')}")
    say_open(post(options.data, options.out))
    return 0

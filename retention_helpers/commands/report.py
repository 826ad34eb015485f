"""`report`: the report of a month."""

import argparse
import sys
from pathlib import Path

from retention_helpers.commands.arguments import Commands, data_and_month

NAME = "report"


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME, parents=data_and_month(), help="make the report of a month", allow_abbrev=False
    )
    parser.add_argument("--out", type=Path, default=Path("reports"), metavar="DIR", help="where reports go")
    parser.add_argument("--engine", choices=["duckdb"], default="duckdb", help="what computes")
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="NOTEBOOK",
        help="only these notebooks, such as: measurement",
    )


def run(options: argparse.Namespace) -> int:
    from retention_helpers.report.publishing import NotebooksFailed, publish, short

    try:
        folder = publish(options.data, options.month, options.out, tuple(options.only))
    except NotebooksFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The report is ready: {short(folder / 'index.html')}")
    return 0

"""`notebooks`: runs the committed notebooks on the sample, in place."""

import argparse
import sys
from pathlib import Path

from retention_helpers import shipped
from retention_helpers.commands.arguments import Commands

NAME = "notebooks"


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME, help="run the committed notebooks on the sample, in place", allow_abbrev=False
    )
    parser.add_argument(
        "--check",
        type=Path,
        nargs="?",
        const=shipped.NOTEBOOKS,
        metavar="DIR",
        help="only say which of them are not as this command wrote them",
    )


def run(options: argparse.Namespace) -> int:
    from retention_helpers.report import notebooks

    if options.check:
        complaints = notebooks.unlocked(options.check)
        print(*complaints, sep="\n", end="\n" if complaints else "")
        return 1 if complaints else 0
    failed = notebooks.execute_all()
    for name, trouble in failed.items():
        print(f"{name}.ipynb was left as it was:\n{trouble}", file=sys.stderr)
    return 1 if failed else 0

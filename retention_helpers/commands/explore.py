"""`explore`: copies of the notebooks for an owner's own data, outside version control."""

import argparse

from retention_helpers import shipped
from retention_helpers.commands.arguments import Commands, data_and_month

NAME = "explore"


def declare(commands: Commands) -> None:
    commands.add_parser(
        NAME,
        parents=data_and_month(),
        help="copy the notebooks to work/, for your own data",
        allow_abbrev=False,
    )


def run(options: argparse.Namespace) -> int:
    from retention_helpers.ask.groups import to_begin_with
    from retention_helpers.business import open_business
    from retention_helpers.report import notebooks

    business = open_business(options.data, options.month)  # says what is wrong before JupyterLab opens
    first = to_begin_with(business)
    business.close()
    copies = notebooks.copy_for_exploring(options.data, options.month, shipped.work(), first=first)
    print(copies)
    return 0

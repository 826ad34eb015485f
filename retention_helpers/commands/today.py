"""`today`: the list of a day."""

import argparse
import datetime as dt

from retention_helpers.commands.arguments import Commands, data, day, out
from retention_helpers.words.errors import BeingMade, InputError

NAME = "today"


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME, parents=[data(), out()], help="make today's list: who needs you now", allow_abbrev=False
    )
    parser.add_argument(
        "--date", type=day, default="", metavar="YYYY-MM-DD", help="the day of the list (default: today)"
    )


def run(options: argparse.Namespace) -> int:
    from retention_helpers.commands.deliver import say_open
    from retention_helpers.delivery.editions import list_of
    from retention_helpers.delivery.post import post
    from retention_helpers.delivery.runs import note_failed, note_made
    from retention_helpers.report.publishing import short
    from retention_helpers.today import make

    chosen = dt.date.fromisoformat(options.date) if options.date else None
    try:
        made = make(options.data, options.out, chosen)
    except BeingMade:
        raise
    except InputError as error:
        about = f"today/{chosen or dt.date.today()}"
        note_failed(options.out, about, options.data, str(error))
        raise
    note_made(options.out, list_of(made.day), made.mark, made.files)
    print(made.screen.headline)
    for card in made.screen.cards[:-1]:
        print(f"\n{card!r}")
    for note in made.notes:
        print(f"\n{note}" if note is made.notes[0] else note)
    print(f"\nThe list: {short(made.folder / 'index.html')}")
    say_open(post(options.data, options.out), but=[list_of(made.day).key])
    return 0

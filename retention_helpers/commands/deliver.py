"""`deliver`: reports and lists go to their owner, once and only once."""

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from retention_helpers.commands.arguments import Commands, data_and_month, day, out
from retention_helpers.words.errors import InputError

if TYPE_CHECKING:
    from retention_helpers.delivery.delivering import Standing
    from retention_helpers.delivery.editions import Edition
    from retention_helpers.delivery.post import Post

NAME = "deliver"


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME, parents=[*data_and_month(), out()], help="send what was made to you, once", allow_abbrev=False
    )
    parser.add_argument(
        "--date", type=day, metavar="YYYY-MM-DD", help="the day of a list, instead of a month"
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--again",
        action="store_true",
        help="also where it may have arrived; where it did for sure, on every way",
    )
    either.add_argument(
        "--arrived", action="store_true", help="it did arrive: do not send it, do not ask again"
    )


def run(options: argparse.Namespace) -> int:
    from retention_helpers.delivery.editions import list_of, report
    from retention_helpers.delivery.post import post

    ours = post(options.data, options.out)
    named = [report(options.month)] * bool(options.month) + [list_of(options.date)] * bool(options.date)
    if (options.again or options.arrived) and not named:
        raise InputError("Name what is meant: --month YYYY-MM or --date YYYY-MM-DD.")
    if options.arrived:
        return _settle(ours, named)
    ours.ready()
    due = named or ours.due(dt.date.today())
    if not due:
        raise InputError(f"There is no report in {options.out} yet.")
    return deliver_all(ours, due, again=options.again)


def _settle(ours: "Post", named: "Sequence[Edition]") -> int:
    for what in named:
        ways = ours.arrived(what.key)
        print(f"Noted: {what.title} has arrived." if ways else f"Of {what.title} nothing was open.")
    return 0


def deliver_all(ours: "Post", due: "Sequence[Edition]", *, again: bool = False) -> int:
    """Deliver these and say so; what is open from before is said first."""
    say_open(ours, but=[what.key for what in due])
    arrived = [_say(what, standing) for what in due for standing in ours.deliver(what, again=again)]
    return 0 if all(arrived) else 1


def say_open(ours: "Post", but: "Sequence[str]" = ()) -> None:
    """Say what failed, and what did not arrive, but for some editions."""
    for matter in ours.matters():
        if matter.about not in but:
            print(matter.whole, file=sys.stderr)


def _say(what: "Edition", standing: "Standing") -> bool:
    """Whether it arrived; standard output for what did, standard error for what did not."""
    from retention_helpers.delivery.matters import BY, of_standing
    from retention_helpers.words import formats

    if standing.state != "sent":
        print(of_standing(what, standing).whole, file=sys.stderr)
        return False
    again = "" if standing.is_new else f" already, on {formats.day(standing.at[:10])}"
    print(f"Sent {BY[standing.way]}{again}: {what.title}.")
    return True

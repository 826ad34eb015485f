"""`status`: when the last report and list were made, what was new, where they went, what failed."""

import argparse
from typing import TYPE_CHECKING

from retention_helpers.commands.arguments import Commands, data, out

if TYPE_CHECKING:
    from retention_helpers.delivery.post import Post
    from retention_helpers.delivery.runs import New

NAME = "status"


def declare(commands: Commands) -> None:
    commands.add_parser(
        NAME, parents=[data(), out()], help="what was made and sent last, and what failed", allow_abbrev=False
    )


def run(options: argparse.Namespace) -> int:
    from retention_helpers.delivery.post import post

    ours = post(options.data, options.out)
    for line in lines(ours):
        print(line)
    return 0


def lines(ours: "Post") -> list[str]:
    """All there is to say, a line each."""
    open_matters = [f"- {one.whole}" for one in ours.matters()]
    return [
        _last(ours, "report"),
        _last(ours, "list"),
        _where(ours),
        *_left(ours),
        *(["What failed:", *open_matters] if open_matters else ["Nothing has failed since."]),
    ]


def _last(ours: "Post", kind: str) -> str:
    from retention_helpers.delivery import delivering, editions, matters, runs
    from retention_helpers.words.formats import day

    entries = ours.entries()
    last = runs.last_made(entries, kind)
    what = editions.edition(last.about) if last else None
    if last is None or what is None:
        return f"No {kind} has been made here, as far as is known."
    new = runs.new_in(entries, last)
    sent = [
        f" Sent {matters.BY[one.way]} on {day(one.at[:10])}."
        for one in delivering.standings(entries).values()
        if one.about == last.about and one.state == "sent"
    ]
    return f"{what.heading}: made on {day(last.day)} at {last.at[11:16]}, {_new(new)}.{''.join(sent)}"


def _new(new: "New | None") -> str:
    from retention_helpers.words.formats import plural

    if new is None:
        return "the first one"
    fewer = f", {plural(new.fewer, 'row')} fewer" if new.fewer else ""
    return f"new: {plural(new.files, 'file')}, {plural(new.rows, 'new row')}{fewer}"


def _left(ours: "Post") -> list[str]:
    from retention_helpers.shown.sentences import listed
    from retention_helpers.words.commands import command

    titles = [what.title for what in ours.left()]
    if not titles:
        return []
    how = command("deliver --data … --out …")
    return [f"Made and not delivered yet: {listed(titles)}. The next run by itself delivers them, or: {how}"]


def _where(ours: "Post") -> str:
    from retention_helpers.delivery.matters import BY

    if not ours.is_on:
        return "Nothing is delivered: deliver is not set."
    return f"Delivered {' and '.join(BY[name] for name in ours.way_names)}."

"""What is not as it should be: a run that failed, a message that did not arrive or of which nobody knows."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from retention_helpers.delivery import editions
from retention_helpers.delivery.delivering import Standing, standings
from retention_helpers.delivery.editions import Edition
from retention_helpers.delivery.journal import Entry
from retention_helpers.words import formats
from retention_helpers.words.commands import command

BY = {"mail": "by mail", "eml": "as a file", "webhook": "by webhook"}


@dataclass(frozen=True)
class Matter:
    """One thing that is not as it should be.

    Attributes:
        about: the key of the report or list; "" where a run failed before it knew.
        said: what happened, in a sentence that tells nothing of a customer.
        why: as far as it is known; may repeat a cell of the data.
        way: of a message; "" of a run.
        way_out: what to do, or that it is not sent any more; "" where the next run does it.
    """

    about: str
    said: str
    why: str
    way: str = ""
    way_out: str = ""

    @property
    def told(self) -> str:
        """All of it but why."""
        return f"{self.said} {self.way_out}".strip()

    @property
    def rest(self) -> str:
        """Why, and what to do."""
        return " ".join(filter(None, [f"{self.why.rstrip('.')}." if self.why else "", self.way_out]))

    @property
    def whole(self) -> str:
        return f"{self.said} {self.rest}".strip()


def matters(entries: Sequence[Entry], ways: Sequence[str]) -> list[Matter]:
    """What is open, the oldest first.

    A run that failed is over when one of its kind went well; a message when it went out. A list goes out on
    its own day only, and that it did not is over with the next one that did.
    """
    return [*_failed(entries), *_not_arrived(entries, ways)]


def _failed(entries: Sequence[Entry]) -> list[Matter]:
    failed: dict[str, Entry] = {}
    for entry in entries:
        if entry.event == "failed":
            failed[entry.about] = entry
        elif entry.event == "made":
            failed = {about: one for about, one in failed.items() if _kind(about) != _kind(entry.about)}
    return [
        Matter(about, f"{_title(about)} could not be made on {formats.day(one.day)}.", one.why)
        for about, one in failed.items()
    ]


def _not_arrived(entries: Sequence[Entry], ways: Sequence[str]) -> list[Matter]:
    return [
        of_standing(what, one)
        for (about, way), one in standings(entries).items()
        if one.state != "sent"
        and way in ways
        and (what := editions.edition(about))
        and not _is_followed(entries, what, way)
    ]


def of_standing(what: Edition, one: Standing, today: dt.date | None = None) -> Matter:
    """What there is to say of an edition that did not arrive, or may not have, on a day (default: today)."""
    on = formats.day(one.at[:10])
    if one.state == "not sent":
        said = f"{what.heading} was not delivered {BY[one.way]} on {on}."
        return Matter(what.key, said, one.why, one.way, _fate(what, today or dt.date.today()))
    said = f"{what.heading} was handed over {BY[one.way]} on {on}, and nobody knows whether it arrived."
    return Matter(what.key, said, one.why, one.way, _settle(what))


def _fate(what: Edition, today: dt.date) -> str:
    """What becomes of an edition that was not sent; "" where the next run sends it."""
    if what.kind == "report":
        return ""
    if what.name == str(today):
        return f"Until this day is over, the next run tries again; it lies in {what.key}."
    return f"A list goes out on its own day only; it lies in {what.key}."


def _is_followed(entries: Sequence[Entry], what: Edition, way: str) -> bool:
    """Whether a later list arrived the same way."""
    later = (editions.edition(one.about) for one in entries if one.event == "sent" and one.way == way)
    return what.kind == "list" and any(one and one.kind == "list" and one.name > what.name for one in later)


def _settle(what: Edition) -> str:
    named = f"--month {what.name}" if what.kind == "report" else f"--date {what.name}"
    again = command(f"deliver --data … --out … {named}")
    return f"Look for it; then: {again} --arrived, or to send it again: {again} --again"


def _kind(about: str) -> str:
    """Of a run: today's list, or a report, also where it failed before its month was known."""
    return "list" if about.startswith(editions.TODAY) else "report"


def _title(about: str) -> str:
    what = editions.edition(about)
    return what.heading if what else f"The {_kind(about)}"

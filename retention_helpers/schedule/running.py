"""A scheduled run: makes what is due, delivers it, and tells its owner where that failed.

What is made is made by a process of its own, so that whatever ends it, this one lives to tell.
"""

import datetime as dt
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from retention_helpers.delivery import editions, journal
from retention_helpers.delivery.delivering import Standing
from retention_helpers.delivery.editions import Edition
from retention_helpers.delivery.journal import Entry
from retention_helpers.delivery.matters import BY, of_standing
from retention_helpers.delivery.post import Post, post
from retention_helpers.delivery.runs import note_failed
from retention_helpers.schedule import desktop, due
from retention_helpers.words.commands import BUSY
from retention_helpers.words.errors import BeingMade, InputError

PROGRAM = (sys.executable, *["-P"] * sys.flags.safe_path, "-m", "retention_helpers")


@dataclass(frozen=True)
class Run:
    """One scheduled run of two folders at an instant of the wall clock.

    Attributes:
        now: without a zone: the hour that the owner's clock shows.
        day: of the month on which a report is due.
        hour: from which it is due, and the list of a workday.
    """

    ours: Post
    now: dt.datetime
    day: int
    hour: int

    def report(self) -> int:
        """Make and deliver the reports that are due, and deliver the list of today where it did not go out.

        Nothing where there is nothing to do. What was made before one fails is delivered all the same.
        Returns the exit status.
        """
        ours = self.ours
        waiting = self._deliver([what for what in [self._list()] if what and self._is_there(what)])
        made = [what.name for what in editions.reports(ours.out) if self._is_whole(what.name)]
        missing = due.missing(due.last_due(self.now, day=self.day, hour=self.hour), made)
        has_failed = False
        for month in missing:
            what = editions.report(month)
            if self._failed_today(month):
                break  # told already; tomorrow again
            if not self._make(what, ["report", "--month", month]):
                has_failed = True
                break
            made.append(month)
        late = [what for what in ours.due(self.now.date()) if what.kind == "report" and what.name in made]
        new = [editions.report(month) for month in missing if month in made]
        sent = self._deliver(sorted({*late, *new}, key=lambda what: what.name))
        return max(waiting, sent, int(has_failed))

    def today(self) -> int:
        """Make and deliver the list of today; nothing on other days, and no list of a day that is over."""
        what = self._list()
        if not what:
            return 0
        if not self._is_there(what) and not self._make(what, ["today", "--date", what.name]):
            return 1
        return self._deliver([what])

    def _list(self) -> Edition | None:
        """The list of today, where it is due."""
        is_due = due.is_list_due(self.now, hour=self.hour)
        return editions.list_of(self.now.date()) if is_due else None

    def _is_there(self, what: Edition) -> bool:
        return (self.ours.out / what.key / editions.PAGE).exists()

    def _is_whole(self, month: str) -> bool:
        return editions.is_whole(self.ours.out, month, self.ours.identity)

    def _failed_today(self, about: str) -> bool:
        today = str(self.now.date())
        return any(
            one.event == "failed" and one.about == about and one.day == today for one in self._entries()
        )

    def _entries(self) -> Sequence[Entry]:
        return self.ours.entries()

    # --- making

    def _make(self, what: Edition, command: Sequence[str]) -> bool:
        """Whether it was made; where not, the owner is told. Raises BeingMade where another run makes it."""
        ours = self.ours
        name, *named = command
        folders = ["--data", str(ours.data), "--out", str(ours.out)]
        before = len(self._failures(what))
        done = subprocess.run([*PROGRAM, name, *folders, *named], capture_output=True, text=True, check=False)
        if not done.returncode:
            return True
        if done.returncode == BUSY:
            raise BeingMade(done.stderr.strip())
        if len(self._failures(what)) == before:  # it was not given the time to note why
            ended = f"It was ended from outside (status {done.returncode})."
            note_failed(ours.out, what.key, ours.data, done.stderr.strip() if done.returncode > 0 else ended)
        why = self._failures(what)[-1].why
        self._tell(what.key, f"{what.heading} could not be made.", why)
        return False

    def _failures(self, what: Edition) -> list[Entry]:
        return [one for one in self._entries() if one.event == "failed" and one.about == what.key]

    # --- delivering

    def _deliver(self, due_now: Sequence[Edition]) -> int:
        """Deliver these; what was sent before is passed over in silence."""
        if not self.ours.is_on:
            return 0
        arrived = [self._has_arrived(what) for what in due_now]
        return 0 if all(arrived) else 1

    def _has_arrived(self, what: Edition) -> bool:
        standings = self._standings(what)
        for standing in standings:
            if standing.state != "sent":
                matter = of_standing(what, standing, self.now.date())
                self._tell(what.key, matter.said, matter.rest, way=standing.way)
            elif standing.is_new:
                print(f"Sent {BY[standing.way]}: {what.title}.")
        return bool(standings) and all(standing.state == "sent" for standing in standings)

    def _standings(self, what: Edition) -> Sequence[Standing]:
        """How it stands on each way; none where it is nothing that can be sent, which is told."""
        try:
            return self.ours.deliver(what)
        except InputError as error:
            self._tell(what.key, f"{what.heading} was not delivered.", str(error))
            return []

    # --- telling

    def _tell(self, about: str, said: str, why: str, *, way: str = "") -> None:
        """Tell the owner on every other way, of one thing once a day; a message goes once for each cause."""
        ours = self.ours
        today = str(self.now.date())
        cause = f"{said} {why}".strip()
        known = (
            one.why for one in self._entries() if (one.event, one.about, one.day) == ("told", about, today)
        )
        if any(why.startswith(said) for why in known):
            return
        print(cause, file=sys.stderr)
        desktop.show(said)
        journal.note(ours.out, "told", about, business=ours.identity.mark, why=cause)
        if ours.is_on:
            try:
                ours.tell(about, said, cause, but=way)
            except InputError as error:
                print(error, file=sys.stderr)


def run(name: str, data: Path, out: Path, now: dt.datetime, *, day: int, hour: int) -> int:
    """A scheduled run of the report or of today's list; a second one of the same kind at once does nothing.

    Nor does one while its owner makes the same by hand: what is there then goes out at the next hour.

    Raises InputError where the settings cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / f".schedule-{name}.lock", timeout=0):
            one = Run(_opened(name, data, out), now, day, hour)
            return one.report() if name == "report" else one.today()
    except (Timeout, BeingMade):
        return 0


def _opened(name: str, data: Path, out: Path) -> Post:
    """The post; what keeps its settings from being read is noted, for nobody can be written to then."""
    try:
        return post(data, out)
    except InputError as error:
        note_failed(out, editions.TODAY if name == "today" else "", data, str(error))
        desktop.show(f"The {'list' if name == 'today' else 'report'} could not be made.")
        raise

"""What can be delivered: the report of a month, the list of a day, as they lie in a reports' folder."""

import csv
import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from retention_helpers.business.identity import Identity
from retention_helpers.gate import running_plan
from retention_helpers.gate.running_plan import HEADINGS
from retention_helpers.plan.actions import ACTIONS, EXPERIMENT
from retention_helpers.shown.proposals import CALL, LETTER
from retention_helpers.words import formats
from retention_helpers.words.errors import InputError
from retention_helpers.words.safe import bare_cell

TODAY = "today"  # the folder of the lists
PAGE, FINDINGS, LIST = "index.html", "findings.json", "list.csv"
_MONTH = re.compile(r"\d{4}-\d{2}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Edition:
    """A report or a list.

    Attributes:
        kind: report or list.
        name: "2026-10" of a report, "2026-11-03" of a list.
    """

    kind: Literal["report", "list"]
    name: str

    @property
    def key(self) -> str:
        """Its place in the reports' folder, by which the journal knows it."""
        return self.name if self.kind == "report" else f"{TODAY}/{self.name}"

    @property
    def title(self) -> str:
        """
        >>> report("2026-10").title, list_of("2026-11-03").title
        ('the report of October 2026', 'the list of 3 November 2026')
        """
        on = formats.month(self.name) if self.kind == "report" else formats.day(self.name)
        return f"the {self.kind} of {on}"

    @property
    def heading(self) -> str:
        """The title as a sentence begins."""
        return self.title.replace("the", "The", 1)


def report(month: str) -> Edition:
    return Edition("report", month)


def list_of(day: str | dt.date) -> Edition:
    return Edition("list", str(day))


def edition(key: str) -> Edition | None:
    """The edition that a key of the journal names; None where it names something else."""
    if _MONTH.fullmatch(key):
        return report(key)
    day = key.removeprefix(f"{TODAY}/")
    return list_of(day) if day != key and _DAY.fullmatch(day) else None


@dataclass(frozen=True)
class Told:
    """What a message says: no row, and nobody's name.

    Attributes:
        headline: the answer, in a sentence or two.
        counts: a line each.
    """

    headline: str
    counts: Sequence[str]


def reports(out: Path) -> list[Edition]:
    """The reports there, the oldest first."""
    found = (path.parent.name for path in out.glob(f"*/{PAGE}"))
    return [report(name) for name in sorted(found) if _MONTH.fullmatch(name)]


def lists(out: Path) -> list[Edition]:
    """The lists there, the oldest first."""
    found = (path.parent.name for path in (out / TODAY).glob(f"*/{PAGE}"))
    return [list_of(name) for name in sorted(found) if _DAY.fullmatch(name)]


def page(out: Path, what: Edition) -> str:
    """The page of an edition. Raises InputError where there is none."""
    path = out / what.key / PAGE
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise InputError(f"There is no {path}: {what.title} has not been made.") from None


def told(out: Path, what: Edition, identity: Identity) -> Told:
    """What there is to say of an edition.

    Raises InputError where it is not there, not whole, or another business's.
    """
    return _of_report(out, what, identity) if what.kind == "report" else _of_list(out, what, identity)


# --- a report


def findings(out: Path, what: Edition) -> Mapping[str, Any]:
    """The numbers of a report; empty where they cannot be read."""
    try:
        found = json.loads((out / what.key / FINDINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_whole(out: Path, month: str, identity: Identity) -> bool:
    """Whether there is a report of that month, of this business, in which nothing failed."""
    found = findings(out, report(month))
    return bool(found.get("review")) and "failed" not in found and identity.is_of(str(found.get("business")))


def _of_report(out: Path, what: Edition, identity: Identity) -> Told:
    found = findings(out, what)
    if not found:
        raise InputError(f"There is no {out / what.key / FINDINGS}: {what.title} has not been made.")
    if not identity.is_of(str(found.get("business"))):
        raise InputError(f"{out / what.key} holds the report of another business ({found.get('business')}).")
    if not is_whole(out, what.name, identity):
        raise InputError(f"{out / what.key}: not all of this report worked. Make it again; half is not sent.")
    counts = [_movement(found["measurement"])] if found.get("measurement") else []
    return Told(str(found["review"]["headline"]), [*counts, *_orders(found.get("actions") or [])])


def _movement(measured: Mapping[str, Any]) -> str:
    came = [
        f"{formats.count(measured[key])} {words}"
        for key, words in (("new", "new"), ("reactivated", "came back"), ("lost", "left"))
    ]
    churn = measured.get("churn") or {}
    rate = formats.rate(churn.get("value"), churn.get("low"), churn.get("high"))
    return (
        f"{formats.plural(measured['customers_at_start'], 'customer')} at the start, {', '.join(came)}, "
        f"{formats.count(measured['customers_at_end'])} at the end; churn {rate}."
    )


def _orders(actions: Sequence[Mapping[str, Any]]) -> list[str]:
    """What to do; of experiments how many, as their names are the owner's own."""
    orders = [f"{row['what']}." for row in actions if row["id"] != EXPERIMENT]
    many = len(actions) - len(orders)
    return [*orders, f"{formats.plural(many, 'experiment')} to decide on."] if many else orders


# --- a list


def _of_list(out: Path, what: Edition, identity: Identity) -> Told:
    plan = running_plan.business_of(out)
    if plan and not identity.is_of(plan):
        raise InputError(f"{out / TODAY} holds the lists of another business ({plan}).")
    touches = _touches(out / what.key / LIST, what)
    known = [action.called(way) for action in ACTIONS.values() for way in (CALL, LETTER)]
    counted = Counter(touch if touch in known else "" for touch in touches)
    counts = [f"{touch}: {formats.count(counted[touch])}." for touch in known if counted[touch]]
    others = [f"Something else: {formats.count(counted[''])}."] if counted[""] else []
    on = formats.day(what.name)
    if not touches:
        return Told(f"Nobody is on the list of {on}.", [])
    verb = "is" if len(touches) == 1 else "are"
    return Told(f"{formats.plural(len(touches), 'customer')} {verb} on the list of {on}.", [*counts, *others])


def _touches(path: Path, what: Edition) -> list[str]:
    """What is to be done, a row of the list each."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError):
        raise InputError(f"There is no {path}: {what.title} has not been made.") from None
    header = rows[0] if rows else []
    place = next((nth for nth, name in enumerate(header) if name in ("action", HEADINGS["action"])), None)
    if place is None:
        raise InputError(f"{path}: the column “{HEADINGS['action']}” is missing. Make the list again.")
    return [bare_cell(row[place]) for row in rows[1:] if len(row) > place]

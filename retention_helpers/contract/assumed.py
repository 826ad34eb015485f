"""What a source had to assume, how far it reaches, and whose payment it is still waiting for.

A sheet with a column a month knows nothing of days, a ledger of charges tells a loss only when a payment
has been missing for long enough. An importer says so (`Imported.assumed`); an import writes it into
`assumed.yml` beside the tables. The gate says the notes, and the month that is opened says whether it is
provisional.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from retention_helpers.contract.tables import Fault, message
from retention_helpers.contract.yaml_files import document
from retention_helpers.words.errors import InputError
from retention_helpers.words.formats import count, month, plural

FILE = "assumed.yml"


@dataclass(frozen=True)
class Assumed:
    """What a source assumed.

    Attributes:
        until: the last day of which the source knows; None where its rows alone say it.
        due: how many customers were to pay on a day, have not yet, and still may.
        wait: for how many days after such a day a payment may still come.
        notes: what was taken for granted, a sentence or two each.
    """

    until: dt.date | None = None
    due: Mapping[dt.date, int] = field(default_factory=dict)
    wait: int = 0
    notes: tuple[str, ...] = ()


def read(folder: Path) -> dict[str, Assumed]:
    """What each source assumed; empty where there is no `assumed.yml`. Raises InputError for another form."""
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        return {str(source): _of(entry) for source, entry in document(path).items()}
    except (AttributeError, TypeError, ValueError):
        raise InputError(f"{FILE} is not as an import wrote it. Delete it, and import again.") from None


def _of(entry: Mapping[str, Any]) -> Assumed:
    until = entry.get("until")
    if until is not None and not isinstance(until, dt.date):
        raise TypeError
    due = {dt.date.fromisoformat(str(day)): int(many) for day, many in entry.get("due", {}).items()}
    return Assumed(until, due, int(entry.get("wait", 0)), tuple(map(str, entry.get("notes", ()))))


def write(folder: Path, source: str, assumed: Assumed | None) -> None:
    """Write what the source of the subscriptions assumed, in the place of what was there; no file for
    none.
    """
    if assumed is None:
        (folder / FILE).unlink(missing_ok=True)
        return
    entry: dict[str, Any] = {
        "until": assumed.until,
        "due": {day.isoformat(): many for day, many in sorted(assumed.due.items())},
        "wait": assumed.wait,
        "notes": list(assumed.notes),
    }
    text = yaml.safe_dump(
        {source: {name: value for name, value in entry.items() if value}},
        allow_unicode=True,
        sort_keys=False,
        width=100,
    )
    (folder / FILE).write_text(text, encoding="utf-8")


def faults(by_source: Mapping[str, Assumed]) -> Iterator[Fault]:
    """A note for each thing that a source took for granted."""
    for source, assumed in sorted(by_source.items()):
        for note in assumed.notes:
            yield Fault("note", "subscriptions", "assumed", 0, f"{source}: {note}")


def together(every: Iterable[Assumed]) -> Assumed:
    """What several sources assumed, as one; the notes are said by the gate."""
    listed = list(every)
    due: dict[dt.date, int] = {}
    for day, many in (item for one in listed for item in one.due.items()):
        due[day] = due.get(day, 0) + many
    until = max((one.until for one in listed if one.until), default=None)
    return Assumed(until, due, max((one.wait for one in listed), default=0))


def provisional(assumed: Assumed, as_of: dt.date) -> tuple[Fault, ...]:
    """A warning where customers may still pay for a time that began before the end of the month.

    Glossary: provisional month.
    """
    waiting = sum(many for day, many in assumed.due.items() if day < as_of)
    if not waiting:
        return ()
    named = month(as_of - dt.timedelta(days=1))
    have = "has" if waiting == 1 else "have"
    said = message(
        named,
        f"it is provisional: {plural(waiting, 'customer')} whose paid time was over by its end {have} not "
        f"paid yet, and may within {plural(assumed.wait, 'day')} (`dunning_days`)",
        f"They count as customers; if none of them pays, {count(waiting)} more "
        f"{'was' if waiting == 1 else 'were'} lost. Export again later.",
    )
    return (Fault("warning", "", "provisional month", waiting, said),)

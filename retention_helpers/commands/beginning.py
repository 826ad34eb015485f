"""The first five minutes: what lies in a folder becomes a `retention.yml`, and what is missing is said."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.contract.tables import ADDS, REQUIRED_TABLES, TABLES
from retention_helpers.sources.looking import Look, is_looked_at, look_at
from retention_helpers.words.errors import InputError
from retention_helpers.words.written import order_shown_by

Ask = Callable[[str, str], str]  # a question and its default; an answer


@dataclass(frozen=True)
class Plan:
    """What `retention.yml` is to say."""

    business: str
    time_zone: str
    currency: str = ""
    date_order: str = ""
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def files_in(places: Iterable[Path]) -> list[Path]:
    """The files to look at: those named, and those in the folders named. Raises InputError."""
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found += sorted(path for path in place.iterdir() if is_looked_at(path))
        elif place.is_file():
            found.append(place)
        else:
            raise InputError(f"There is no file or folder {place}. Name where your exports are with --from.")
    return list(dict.fromkeys(found))


def looks(files: Iterable[Path]) -> list[Look]:
    """What the files look like; where none holds customers, a list of subscriptions names them too."""
    found = [look_at(path) for path in files]
    keys = {look.key for look in found} - {""}
    if "customers" in keys or not keys <= set(TABLES):
        return found
    return [*found, *(look.also for look in found if look.also)]


def sources_of(found: Sequence[Look], folder: Path) -> tuple[dict[str, dict[str, Any]], list[Look]]:
    """The entries of `sources:`, and the files that would bring a table twice.

    A file of the data folder itself that bears our names needs no entry.
    """
    entries: dict[str, dict[str, Any]] = {}
    again: list[Look] = []
    there = {look.path for look in found if _lies_there(look, folder)}
    taken = {look.key for look in found if look.path in there}
    for look in found:
        if not look.key or look.path in there:
            continue
        path = _seen_from(folder, look.path)
        if look.key not in TABLES:
            listed = entries.setdefault(look.key, {"path": []})
            listed["path"].append(path)
        elif look.key in taken:
            again.append(look)
        else:
            taken.add(look.key)
            more = {"columns": dict(look.columns), "values": {k: dict(v) for k, v in look.values.items()}}
            filled = {key: value for key, value in more.items() if value}
            entries[look.key] = {"path": path, **filled, **look.options}
    for entry in entries.values():
        if isinstance(entry["path"], list) and len(entry["path"]) == 1:
            entry["path"] = entry["path"][0]
    return entries, again


def _lies_there(look: Look, folder: Path) -> bool:
    """Whether the gate finds this file by itself, under our names."""
    is_named = look.path.name.lower().split(".")[0] == look.key
    return look.path.parent.resolve() == folder.resolve() and is_named and not (look.columns or look.values)


def _seen_from(folder: Path, path: Path) -> str:
    """A path as the settings write it: relative where both lie near each other."""
    relative = os.path.relpath(path.resolve(), folder.resolve())
    return Path(relative).as_posix() if relative.count("..") <= 3 else path.resolve().as_posix()


def date_order_of(found: Sequence[Look], ask: Ask) -> str:
    """The order of day and month: as the files prove it, else as the owner answers; "" where nobody says."""
    dates = [date for look in found if look.key for date in look.dates]
    if not dates:
        return ""
    shown = order_shown_by(dates)
    if shown:
        return shown
    answer = (
        ask(f"Is {dates[0]} written with the day first or the month first? [day/month]", "").strip().lower()
    )
    return {"d": "day first", "m": "month first"}.get(answer[:1], "")


def time_zone_here() -> str:
    """The time zone of this machine; UTC where it does not say."""
    named = os.environ.get("TZ", "").removeprefix(":")
    try:
        link = os.readlink("/etc/localtime")
    except OSError:
        link = ""
    zone = named or (link.split("zoneinfo/", 1)[1] if "zoneinfo/" in link else "")
    return zone if "/" in zone and not zone.startswith(("/", "Etc/")) else "UTC"


_HEAD = "# The settings of this business; what is not here keeps its default. docs/settings.md lists all."


def as_yaml(plan: Plan) -> str:
    """The text of `retention.yml`, with a word on every line that may need one."""
    lines = [
        _HEAD,
        f"business: {_flow(plan.business)}",
        f"time_zone: {plan.time_zone}  # days and months end at this midnight",
        f"currency: {plan.currency}"
        if plan.currency
        else "# currency: EUR  # needed when the data hold several",
    ]
    if plan.date_order:
        lines.append(f"date_order: {plan.date_order}  # how days such as 05/03/2026 are meant")
    lines.append("targets: {churn: 0.05}  # the most that you want to lose in a month")
    if plan.sources:
        lines += ["", "# Read anew for every report, so put new exports in the place of the old ones."]
        written = yaml.safe_dump(
            {"sources": {key: dict(entry) for key, entry in plan.sources.items()}},
            allow_unicode=True, sort_keys=False, default_flow_style=None, width=100,
        )  # fmt: skip
        lines.append(written.rstrip())
    return "\n".join(lines) + "\n"


def _flow(value: str) -> str:
    return str(yaml.safe_dump(value, allow_unicode=True, width=10**6)).removesuffix("...\n").strip()


def write_settings(plan: Plan, folder: Path) -> bool:
    """Write `retention.yml`; False where there is one already, which is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SETTINGS_FILE
    if path.exists():
        return False
    path.write_text(as_yaml(plan), encoding="utf-8")
    return True


def lacking(tables: Iterable[str]) -> dict[str, str]:
    """The tables that are not there, and what each would add."""
    there = set(tables)
    needed = dict.fromkeys(REQUIRED_TABLES, "needed for any report")
    return {table: adds for table, adds in {**needed, **ADDS}.items() if table not in there}

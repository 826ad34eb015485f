"""A good folder of every table or source, spoilt without looking: what chance does to any file of bytes.

Unlike the classes of `corruptions.py` nobody knows beforehand what a rule should say. What must hold is said
in `outcome`.
"""

import collections
import datetime as dt
import io
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import exported
import pandas as pd
import structures
from corruptions import Files, good_folder, write

from retention_helpers.business import open_business
from retention_helpers.commands import checking
from retention_helpers.contract.tables import Fault
from retention_helpers.measurement import measures

Bytes = dict[str, bytes]
DAYS = [dt.date(2024, 2, 1) + dt.timedelta(days=11 * nth) for nth in range(55)]


def every_table() -> Files:
    """The good folder with the tables that have fewest rules besides."""
    rows = {
        "tickets": ["customer_id,opened_at,closed_at,sentiment,text",
                    *(f"C-{n:03},{day},{day},negative,Too slow" for n, day in enumerate(DAYS[:9]))],
        "emails": ["customer_id,sent_at,opened_at,clicked_at,campaign",
                   *(f"C-{n:03},{day},{day},,news" for n, day in enumerate(DAYS[:9]))],
        "contacts": ["customer_id,contacted_at,kind,outcome",
                     *(f"C-{n:03},{day},outreach,reached" for n, day in enumerate(DAYS[:9]))],
        "notes": ["happened_on,note", "2025-03-01,Prices from $19 to $29", "2025-06-01,Launch"],
        "enrolments": ["campaign,customer_id,group,enrolled_at",
                       *(f"back,C-{n:03},mailed,{DAYS[50]}" for n in range(0, 60, 3))],
        "orders": ["customer_id,ordered_at,amount,order_id",
                   *(f"C-{n:03},{day},20,O-{n}" for n, day in enumerate(DAYS))],
        "spend": ["month,channel,amount", *(f"2025-{n:02},ads,100" for n in range(1, 11))],
    }  # fmt: skip
    return good_folder() | {f"{name}.csv": "\n".join(lines) + "\n" for name, lines in rows.items()}


def parquet() -> Files:
    """The good folder as Parquet, with the types that a program writes."""
    found: Files = {}
    for name, content in good_folder().items():
        if not name.endswith(".csv"):
            found[name] = content
            continue
        frame = pd.read_csv(io.StringIO(str(content)), dtype=str)
        for column in frame.columns:
            if column.endswith("_at"):
                frame[column] = pd.to_datetime(frame[column], format="ISO8601")
        into = io.BytesIO()
        frame.to_parquet(into, index=False)
        found[name.replace(".csv", ".parquet")] = into.getvalue()
    return found


FOLDERS: dict[str, Callable[[], Files]] = {"every table": every_table, "parquet": parquet, **exported.SOURCES}


# --- what chance does

Change = Callable[[str, bytes, random.Random], bytes]


def _of_bytes(change: Callable[[bytes, random.Random], bytes]) -> Change:
    return lambda name, content, chance: change(content, chance)


def _of_lines(change: Callable[[list[str], random.Random], list[str]]) -> Change:
    def changed(name: str, content: bytes, chance: random.Random) -> bytes:
        return "\n".join(change(content.decode("utf-8", "replace").split("\n"), chance)).encode()

    return changed


def _of_structure(change: Callable[[Any, random.Random], None]) -> Change:
    def changed(name: str, content: bytes, chance: random.Random) -> bytes:
        structure = structures.read(name, content)
        change(structure, chance)
        return structures.write(name, structure, content)

    return changed


def _flipped(content: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(chance.choice((1, 4, 64))):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _encoded(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(
        chance.choice(("utf-16", "utf-16-be", "cp1252", "utf-7", "utf-8-sig", "cp037")), "replace"
    )


def _shifted(lines: list[str], chance: random.Random) -> list[str]:
    """A delimiter more or less, in one row or in all of them."""
    sign, which = chance.choice((",", ":")), chance.choice((1, len(lines)))
    for nth in chance.sample(range(len(lines)), min(which, len(lines))):
        lines[nth] = f"x{sign}{lines[nth]}" if chance.random() < 0.5 else lines[nth].replace(sign, "", 1)
    return lines


def _in_other_order(lines: list[str], chance: random.Random) -> list[str]:
    return [*lines[:1], *chance.sample(lines[1:], len(lines) - 1)]


def _quoted(lines: list[str], chance: random.Random) -> list[str]:
    nth = chance.randrange(len(lines))
    at = chance.randrange(len(lines[nth]) + 1)
    lines[nth] = (
        lines[nth][:at]
        + chance.choice(('"', "'", "\0", "\t", ";", "{", "[", "&a", "*a", "|"))
        + lines[nth][at:]
    )
    return lines


def _other_case(structure: Any, chance: random.Random) -> None:
    """One text, or all of one field, as somebody else would write it."""
    texts = [(holder, key) for holder, key in structures.leaves(structure) if isinstance(holder[key], str)]
    if not texts:
        return
    written = chance.choice((str.lower, str.upper, str.title, lambda text: text.replace("-", " "),
                             lambda text: f" {text}", lambda text: text.replace("0", "O")))  # fmt: skip
    _, field = chance.choice(texts)
    for holder, key in chance.choice((texts, chance.sample(texts, 1))):
        if key == field:
            holder[key] = written(holder[key])


EXTREMES = (1e308, -1, 10**26, 1e-10, "NaN", "Infinity", "9999-12-31", "0001-01-01", "2026-02-30", None,
            "=1+1", "\ufeff", "\u202e", "x" * 30_000, 0)  # fmt: skip


def _extreme(structure: Any, chance: random.Random) -> None:
    holder, key = chance.choice(list(structures.leaves(structure)))
    holder[key] = chance.choice(EXTREMES)


TYPES: tuple[Callable[[Any], Any], ...] = (
    str,
    lambda value: str(value).encode().hex(),
    lambda value: [value],
    lambda value: {"value": value},
    lambda value: value is not None,
    lambda value: None,
    lambda value: sum(str(value).encode()) % 997 / 7 if value is not None else None,
    lambda value: f"{value:.2f}".replace(".", ",") if isinstance(value, float | int) else f"'{value}'",
)


def _other_types(structure: Any, chance: random.Random) -> None:
    """All values of one field as another type, or one of them."""
    places = list(structures.leaves(structure))
    holder, field = chance.choice(places)
    typed = chance.choice(TYPES)
    if isinstance(structure, dict) and isinstance(holder, list) and holder in structure.values():
        places, field = [(holder, nth) for nth in range(len(holder))], ...  # a column of Parquet
    for one, key in chance.choice((places, [(holder, field)] if field is not ... else places)):
        if field is ... or key == field:
            one[key] = typed(one[key])


def _less(structure: Any, chance: random.Random) -> None:
    """A field, a cell, a row or a column less."""
    holder, key = chance.choice(list(structures.leaves(structure)))
    if isinstance(structure, dict) and isinstance(holder, list) and holder in structure.values():
        holder[key] = None  # columns of Parquet stay of one length
    else:
        del holder[key]


CHANGES: dict[str, Change] = {
    "bytes flipped": _of_bytes(_flipped),
    "cut off": _of_bytes(_cut),
    "twice below each other": _of_bytes(lambda content, chance: content + content),
    "other letters": _of_bytes(_encoded),
    "empty": _of_bytes(lambda content, chance: b""),
    "columns shifted": _of_lines(_shifted),
    "other order of rows": _of_lines(_in_other_order),
    "a stray sign": _of_lines(_quoted),
    "other case and spelling": _of_structure(_other_case),
    "extreme values": _of_structure(_extreme),
    "other types": _of_structure(_other_types),
    "a field less": _of_structure(_less),
}


# --- what comes of it


@dataclass(frozen=True)
class Outcome:
    """What came of a spoilt folder.

    Attributes:
        file: the one that was spoilt.
        kind: told (a stop), warned (a warning that the good folder does not have), same (no other number),
            noted (other numbers, and a note that the good folder does not have), untold (other numbers, for
            a reason that no reader can see) or wrong (others without one).
        why: why nobody could tell, where nobody could.
        named: whether what is said names the file, and a place in it.
        faults: what is said of it and not of the good folder.
    """

    file: str
    kind: str
    why: str
    named: tuple[bool, bool]
    faults: tuple[Fault, ...]


def numbers(folder: Path, cache: Path) -> str:
    """Churn and MRR of every month, as text."""
    business = open_business(folder, "2025-10", cache=cache)
    try:
        return measures.customer_movement(business).to_csv() + measures.mrr_movement(business).to_csv()
    finally:
        business.close()


@dataclass(frozen=True)
class Good:
    """A good folder: its files, what is said of it, and its numbers."""

    files: Bytes
    said: frozenset[str]
    numbers: str


def good(name: str, home: Path) -> Good:
    files = {key: one.encode() if isinstance(one, str) else one for key, one in FOLDERS[name]().items()}
    folder = write(files, home / "good")
    faults = checking.check(folder, home / "out", cache=home / "kept").faults
    assert not [fault.message for fault in faults if fault.level == "stop"]
    return Good(files, frozenset(fault.message for fault in faults), numbers(folder, home / "kept"))


def spoil(of: Good, change: str, seed: int, home: Path) -> Outcome:
    """Spoil one file of a good folder and hold the gate against it; raises whatever it does not catch."""
    chance = random.Random(seed)
    name = chance.choice(sorted(of.files))
    spoilt = CHANGES[change](name, of.files[name], chance)
    folder = write({**of.files, name: spoilt}, home / "data")
    faults = checking.check(folder, home / "out", cache=home / "kept").faults
    new = tuple(fault for fault in faults if fault.message not in of.said)
    told = [fault for fault in new if fault.level != "note"]
    if told:
        named = any(name in fault.message for fault in told), any(PLACE.search(f.message) for f in told)
        kind = "told" if any(fault.level == "stop" for fault in told) else "warned"
        return Outcome(name, kind, "", named, new)
    if numbers(folder, home / "kept") == of.numbers:
        return Outcome(name, "same", "", (True, True), new)
    if any(without_numbers(fault.message) not in map(without_numbers, of.said) for fault in new):
        return Outcome(name, "noted", "", (True, True), new)
    why = untold(name, of.files[name], spoilt)
    return Outcome(name, "untold" if why else "wrong", why, (False, False), new)


def without_numbers(message: str) -> str:
    return re.sub(r"[\d,.]+", "#", message)


PLACE = re.compile(
    r"\b(line|row|object|sheet|column|page|setting|byte)s? \S|\(first: |, line \d|`\w+`"
    r"|is not a setting|(?<!file) is missing"  # what has a name needs no line
)


def untold(name: str, good: bytes, spoilt: bytes) -> str:
    """Why nobody who reads the spoilt file alone could tell; "" where somebody could."""
    try:
        was, now = structures.read(name, good), structures.read(name, spoilt)
    except Exception:
        return ""
    before, after = collections.Counter(structures.rows(was)), collections.Counter(structures.rows(now))
    if after and not after - before:
        return "rows that are not there"
    changed, left = _only(before - after), _only(after - before)
    if isinstance(left, list) and isinstance(changed, list) and _is_less(left, changed):
        return "a cell that is not there, in a row that may be short"
    old, new = dict(structures.paths(was)), dict(structures.paths(now))
    if old.keys() == new.keys() and all(
        structures.is_possible(new[path], value) for path, value in old.items() if new[path] != value
    ):
        return "a possible value in a possible place"
    return ""


def _only(rows: collections.Counter[str]) -> Any:
    """The row that alone is in one of two files; None where there are none, or several."""
    return json.loads(next(iter(rows))) if rows.total() == 1 else None


def _is_less(row: list[Any], than: list[Any]) -> bool:
    """Whether one cell of a row is not there, and what follows it stands a place before."""
    return any(_filled(row) == _filled(than[:nth] + than[nth + 1 :]) for nth in range(len(than)))


def _filled(row: list[Any]) -> list[Any]:
    """A row without the empty cells at its end."""
    width = max((nth for nth, cell in enumerate(row, start=1) if cell not in (None, "")), default=0)
    return row[:width]

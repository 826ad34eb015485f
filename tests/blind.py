"""A good folder of every table or source, spoilt without looking: what chance does to any file of bytes.

Unlike the classes of `corruptions.py` nobody knows beforehand what a rule should say. What must hold is said
in `outcome`.
"""

import datetime as dt
import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
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


def ledger() -> Files:
    """Charges of every month; a third of the customers stop paying in 2025."""
    lines = ["date,customer,amount,currency,product,status"]
    for n in range(40):
        last = 24 if n % 3 else 8 + n % 9
        lines += [
            f"{2024 + m // 12}-{m % 12 + 1:02}-{n % 28 + 1:02},C-{n},49,EUR,Pro,paid" for m in range(last)
        ]
    return {
        "Download.csv": "\n".join(lines) + "\n",
        "retention.yml": "business: Harbour Desk\nsources:\n  ledger: {path: Download.csv}\n",
    }


def sheet_of_months() -> Files:
    months = [f"{2024 + m // 12}-{m % 12 + 1:02}" for m in range(24)]
    lines = [",".join(["Customer", *months])]
    lines += [
        ",".join([f"C-{n}", *("49" if n % 5 <= m and (n % 3 or m < 9 + n % 9) else "" for m in range(24))])
        for n in range(40)
    ]
    sources = 'sources:\n  months: {path: "customers 2024.csv"}\n'
    return {
        "customers 2024.csv": "\n".join(lines) + "\n",
        "retention.yml": f"business: Harbour Desk\n{sources}",
    }


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


FOLDERS: dict[str, Callable[[], Files]] = {
    "every table": every_table,
    "parquet": parquet,
    "ledger": ledger,
    "sheet of months": sheet_of_months,
}


# --- what chance does


def _flipped(content: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(chance.choice((1, 4, 64))):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _twice(content: bytes, chance: random.Random) -> bytes:
    return content + content


def _encoded(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(
        chance.choice(("utf-16", "utf-16-be", "cp1252", "utf-7", "utf-8-sig", "cp037")), "replace"
    )


Change = Callable[[bytes, random.Random], bytes]


def _of_lines(
    change: Callable[[list[str], random.Random], list[str]],
) -> Callable[[bytes, random.Random], bytes]:
    def changed(content: bytes, chance: random.Random) -> bytes:
        return "\n".join(change(content.decode("utf-8", "replace").split("\n"), chance)).encode()

    return changed


def _shifted(lines: list[str], chance: random.Random) -> list[str]:
    """A delimiter more or less, in one row or in all of them."""
    sign, which = chance.choice((",", ":")), chance.choice((1, len(lines)))
    for nth in chance.sample(range(len(lines)), min(which, len(lines))):
        lines[nth] = f"x{sign}{lines[nth]}" if chance.random() < 0.5 else lines[nth].replace(sign, "", 1)
    return lines


def _other_case(lines: list[str], chance: random.Random) -> list[str]:
    nth = chance.randrange(len(lines))
    lines[nth] = chance.choice((str.lower, str.upper, str.title, lambda text: text.replace("-", " ")))(
        lines[nth]
    )
    return lines


def _extreme(lines: list[str], chance: random.Random) -> list[str]:
    extremes = ("1e308", "-1", "99999999999999999999999999", "0.0000000001", "NaN", "Infinity", "9999-12-31",
                "0001-01-01", "2026-02-30", "null", "=1+1", "\ufeff", "\u202e", "x" * 70_000)  # fmt: skip
    nth = chance.randrange(len(lines))
    parts = re.split(r"([,:])", lines[nth])
    parts[chance.randrange(0, len(parts), 2)] = chance.choice(extremes)
    lines[nth] = "".join(parts)
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


CHANGES: dict[str, Change] = {
    "bytes flipped": _flipped,
    "cut off": _cut,
    "twice below each other": _twice,
    "other letters": _encoded,
    "columns shifted": _of_lines(_shifted),
    "other case and spelling": _of_lines(_other_case),
    "extreme values": _of_lines(_extreme),
    "other order of rows": _of_lines(_in_other_order),
    "a stray sign": _of_lines(_quoted),
    "empty": lambda content, chance: b"",
}


@dataclass(frozen=True)
class Outcome:
    """What came of a spoilt folder.

    Attributes:
        file: the one that was spoilt.
        kind: told (a stop, or a rule that the good folder keeps), same (no other number), or silent.
        named: whether a new fault names the file.
        faults: the new ones.
    """

    file: str
    kind: str
    named: bool
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
    """A good folder: its files, the rules that speak of it, and its numbers."""

    files: Bytes
    rules: frozenset[tuple[str, str]]
    numbers: str


def good(name: str, home: Path) -> Good:
    files = {key: one.encode() if isinstance(one, str) else one for key, one in FOLDERS[name]().items()}
    folder = write(files, home / "good")
    faults = checking.check(folder, home / "out", cache=home / "kept").faults
    assert not [fault.message for fault in faults if fault.level == "stop"]
    rules = frozenset((fault.table, fault.rule) for fault in faults)
    return Good(files, rules, numbers(folder, home / "kept"))


def spoil(of: Good, change: str, seed: int, home: Path) -> Outcome:
    """Spoil one file of a good folder and hold the gate against it; raises whatever it does not catch."""
    chance = random.Random(seed)
    name = chance.choice(sorted(of.files))
    spoilt = CHANGES[change](of.files[name], chance)
    folder = write({**of.files, name: spoilt}, home / "data")
    faults = checking.check(folder, home / "out", cache=home / "kept").faults
    new = tuple(
        fault for fault in faults if fault.level == "stop" or (fault.table, fault.rule) not in of.rules
    )
    if new:
        return Outcome(name, "told", any(name in fault.message for fault in new), new)
    is_same = numbers(folder, home / "kept") == of.numbers
    return Outcome(name, "same" if is_same else "silent", False, ())

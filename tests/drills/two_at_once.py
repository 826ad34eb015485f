"""Two runs at once on the same folders: reports of one month and of two, a report and a list, lists.

Each ends well, or says that another makes the same. What stands there then is whole, and what the same
commands find one after the other in one order of them: nothing half, nothing left behind, nobody twice in the
plan.
"""

import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from blind import every_table
from corruptions import write

from retention_helpers.__main__ import BUSY
from retention_helpers.gate import running_plan

HOME = Path(__file__).resolve().parents[2]
MONTH, DAY = "2025-10", "2025-11-10"
REPORT, LIST = ["report", "--month", MONTH], ["today", "--date", DAY]
PAIRS: dict[str, Sequence[Sequence[str]]] = {
    "the same list": (LIST, LIST),
    "lists of two days": (LIST, ["today", "--date", "2025-11-11"]),
    "the same report, and a look at the data": (REPORT, REPORT, ["check"]),
    "a report and a list": (REPORT, LIST),
    "reports of two months": (REPORT, ["report", "--month", "2025-09"]),
}


def begin(arguments: Sequence[str], data: Path, out: Path) -> subprocess.Popen[str]:
    places = ["--data", str(data), "--out", str(out)]
    return subprocess.Popen(
        [sys.executable, "-m", "retention_helpers", *arguments, *places],
        cwd=HOME,
        env=os.environ | {"PYTHONPATH": str(HOME)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(run: subprocess.Popen[str], what: str) -> list[str]:
    """What of a run's end is wrong."""
    out, errors = run.communicate(timeout=1800)
    is_busy = run.returncode == BUSY and re.search(r"^That of \S+ is being made already\.", errors, re.M)
    if "Traceback" in out + errors or not (run.returncode == 0 or is_busy):
        return [f"{what}: exit {run.returncode}: {(out + errors)[-2000:]}"]
    return []


def found(out: Path) -> dict[str, Any]:
    """What stands in the reports' folder, but for when it was made."""
    there: dict[str, Any] = {}
    for path in sorted(out.glob("*/findings.json")):
        there[path.parent.name] = json.loads(path.read_text(encoding="utf-8"))
        there[path.parent.name].pop("made")
        there[f"pages of {path.parent.name}"] = sorted(one.name for one in path.parent.rglob("*.*"))
    for path in sorted(out.glob("today/*/list.csv")):
        there[f"list of {path.parent.name}"] = path.read_text(encoding="utf-8")
    return there


def orders(pair: Sequence[Sequence[str]]) -> list[tuple[Sequence[str], ...]]:
    """The orders in which they can be run one after the other; what is asked for twice is run once."""
    once = [one for nth, one in enumerate(pair) if one not in pair[:nth]]
    return list(itertools.permutations(once)) if len(once) == len(pair) else [tuple(once)]


def in_turn(pair: Sequence[Sequence[str]], data: Path, home: Path, wanted: dict[str, Any]) -> list[str]:
    """What is other than in every order of running them one after the other."""
    other: list[str] = []
    for nth, order in enumerate(orders(pair)):
        said = [one for arguments in order for one in ended(begin(arguments, data, home / f"turn{nth}"), "")]
        there = found(home / f"turn{nth}")
        other = said or [key for key in {*wanted, *there} if wanted.get(key) != there.get(key)]
        if not other:
            return []
    return [f"other than in any order: {one}" for one in other]


def unsound(out: Path) -> list[str]:
    """What must not be, whatever was first: half a plan, a touch twice, something left behind."""
    plan, record = running_plan.read(out), out / running_plan.WRITTEN
    digests = json.loads(record.read_text(encoding="utf-8"))["digests"] if record.exists() else {}
    other = [
        name
        for name, known in digests.items()
        if hashlib.blake2b((out / name).read_bytes(), digest_size=16).hexdigest() not in known
    ]
    own = [row.customer for row in plan.rows if not row.month]
    twice = [key for key, many in Counter((row.key, row.kind) for row in plan.rows).items() if many > 1]
    left = [path.name for path in out.rglob(".*") if re.search(r"building|previous|\.new$", path.name)]
    found = {"not as its record": other, "nobody planned": own, "twice": twice, "left": left}
    return [f"{what}: {one}" for what, every in found.items() for one in every]


def main() -> None:
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="retention-drill-") as name:
        for nth, (what, pair) in enumerate(PAIRS.items()):
            home = Path(name) / str(nth)
            # Both folders are new to the cache, so that the gate is passed by both at once, too.
            data = write(every_table() | {"retention.yml": f"business: Harbour Desk {nth}\n"}, home / "data")
            begun = time.perf_counter()
            runs = [begin(arguments, data, home / "at once") for arguments in pair]
            said = [one for run, args in zip(runs, pair, strict=True) for one in ended(run, args[0])]
            ends = [run.returncode for run in runs]
            said += unsound(home / "at once")
            said += in_turn(pair, data, home, found(home / "at once"))
            seconds = time.perf_counter() - begun
            print(f"{what}: exit {', '.join(map(str, ends))}; {seconds:.0f} s", flush=True)
            for line in said:
                print(f"  {line}", flush=True)
            wrong += said
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()

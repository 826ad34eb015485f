"""Two thousand spoilt folders through the gate. No traceback, no hang, each fault named.

Half of them are of the classes of `tests/corruptions.py`: chance picks the rows, and a rule must name what
was done. The other half is blind (`tests/blind.py`): chance does to any file of any table or source what it
likes; where nothing new is said the numbers are held against those of the good folder, and where they differ
nobody who reads the spoilt file alone may be able to tell.
"""

import argparse
import collections
import faulthandler
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import blind
from corruptions import CORRUPTIONS, good_folder, write

from retention_helpers.commands import checking

MOST_SECONDS, MOST_MEGABYTES = 60, 2000
KINDS = {
    "told": "stopped",
    "warned": "warned of",
    "noted": "said in a note",
    "same": "same numbers",
    "untold": "cannot be told",
    "wrong": "wrong",
}


class Count:
    """What was seen: lines of the table, and what must not be."""

    def __init__(self) -> None:
        self.table: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        self.broken: list[str] = []
        self.unnamed: collections.Counter[str] = collections.Counter()
        self.slowest = 0.0

    def add(self, row: str, kind: str, begun: float) -> None:
        seconds = time.perf_counter() - begun
        self.slowest = max(self.slowest, seconds)
        self.table[row][kind] += 1
        if seconds > MOST_SECONDS:
            self.broken.append(f"{row}: {seconds:.0f} s")

    def show(self) -> int:
        print(f"{'':30}" + "".join(f"{heading:>16}" for heading in KINDS.values()))
        for row, kinds in sorted(self.table.items()):
            print(f"{row:30}" + "".join(f"{kinds[kind]:>16}" for kind in KINDS))
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        many = sum(kinds.total() for kinds in self.table.values())
        print(f"{many:,} folders, the slowest {self.slowest:.1f} s, at most {most:,} MB of memory")
        print(
            f"told without the file's name: {self.unnamed['file']}, without a place: {self.unnamed['place']}"
        )
        if most > MOST_MEGABYTES:
            self.broken.append(f"{most:,} MB of memory")
        for line in self.broken:
            print(f"  {line}")
        return 1 if self.broken else 0


def known(seeds: range, home: Path, count: Count) -> None:
    for seed in seeds:
        corruption = CORRUPTIONS[seed % len(CORRUPTIONS)]
        files = good_folder()
        corruption.change(files, random.Random(seed))
        folder = write(files, home / "data")
        begun = time.perf_counter()
        faulthandler.dump_traceback_later(2 * MOST_SECONDS, exit=True)
        try:
            faults = checking.check(folder, home / "out", cache=home / "kept").faults
        except Exception:
            count.broken.append(f"{corruption.name} (seed {seed}): {traceback.format_exc(limit=-3)}")
            continue
        told = {fault.level for fault in faults if fault.rule in corruption.rules}
        if corruption.rules and not told:
            count.broken.append(f"{corruption.name} (seed {seed}): {[fault.rule for fault in faults]}")
        kind = "told" if "stop" in told else "warned" if told else "wrong" if corruption.rules else "untold"
        count.add("classes with a rule" if corruption.rules else "classes without one", kind, begun)
        _clean(home)


def unknown(seeds: range, home: Path, count: Count) -> None:
    goods = {name: blind.good(name, home / name) for name in blind.FOLDERS}
    for seed in seeds:
        name = list(blind.FOLDERS)[seed % len(blind.FOLDERS)]
        change = list(blind.CHANGES)[seed // len(blind.FOLDERS) % len(blind.CHANGES)]
        begun = time.perf_counter()
        faulthandler.dump_traceback_later(2 * MOST_SECONDS, exit=True)
        what = f"{name}, {change} (seed {seed})"
        try:
            outcome = blind.spoil(goods[name], change, seed, home)
        except Exception:
            count.broken.append(f"{what}: {traceback.format_exc(limit=-3)}")
        else:
            for row in (name, change):
                count.add(f"blind: {row}", outcome.kind, begun)
            count.unnamed.update(
                what for what, is_named in zip(("file", "place"), outcome.named, strict=True) if not is_named
            )
            if outcome.kind in ("untold", "wrong"):
                print(f"  {outcome.kind}: {what}, {outcome.file}: {outcome.why}", flush=True)
            if outcome.kind == "wrong":
                count.broken.append(f"other numbers without a word: {what}, {outcome.file}")
        _clean(home)


def _clean(home: Path) -> None:
    for name in ("data", "kept"):
        shutil.rmtree(home / name, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="the first seed, to run it in slices")
    parser.add_argument("--folders", type=int, default=1000, help="of each half")
    parser.add_argument("--only", choices=["known", "blind"], default="")
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.folders)
    count = Count()
    with tempfile.TemporaryDirectory(prefix="retention-drill-") as home:
        if chosen.only != "blind":
            known(seeds, Path(home), count)
        if chosen.only != "known":
            unknown(seeds, Path(home), count)
    faulthandler.cancel_dump_traceback_later()
    raise SystemExit(count.show())


if __name__ == "__main__":
    main()

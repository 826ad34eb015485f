"""Two thousand spoilt folders through the gate. No traceback, no hang, each fault named.

Half of them are of the classes of `tests/corruptions.py`: chance picks the rows, and a rule must name what
was done. The other half is blind (`tests/blind.py`): chance does to any file of any source what it likes,
and where nothing new is said the numbers are held against those of the good folder.
"""

import argparse
import collections
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


class Count:
    """What was seen: lines of the table, and what must not be."""

    def __init__(self) -> None:
        self.table: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        self.broken: list[str] = []
        self.slowest = 0.0

    def add(self, row: str, kind: str, begun: float) -> None:
        seconds = time.perf_counter() - begun
        self.slowest = max(self.slowest, seconds)
        self.table[row][kind] += 1
        if seconds > MOST_SECONDS:
            self.broken.append(f"{row}: {seconds:.0f} s")

    def show(self) -> int:
        print(f"{'':34}{'told':>7}{'same':>7}{'silent':>8}{'file not named':>16}")
        for row, kinds in sorted(self.table.items()):
            print(f"{row:34}{kinds['told']:>7}{kinds['same']:>7}{kinds['silent']:>8}{kinds['unnamed']:>16}")
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        many = sum(kinds[kind] for kinds in self.table.values() for kind in ("told", "same", "silent"))
        print(f"{many:,} folders, the slowest {self.slowest:.1f} s, at most {most:,} MB of memory")
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
        try:
            faults = checking.check(folder, home / "out", cache=home / "kept").faults
        except Exception:
            count.broken.append(f"{corruption.name} (seed {seed}): {traceback.format_exc(limit=-3)}")
            continue
        told = {fault.rule for fault in faults} & set(corruption.rules)
        if corruption.rules and not told:
            count.broken.append(f"{corruption.name} (seed {seed}): {[fault.rule for fault in faults]}")
        can_be = "classes that a rule can notice" if corruption.rules else "classes that no rule can notice"
        count.add(can_be, "told" if told else "silent", begun)
        _clean(home)


def unknown(seeds: range, home: Path, count: Count) -> None:
    goods = {name: blind.good(name, home / name) for name in blind.FOLDERS}
    for seed in seeds:
        name = list(blind.FOLDERS)[seed % len(blind.FOLDERS)]
        change = list(blind.CHANGES)[seed // len(blind.FOLDERS) % len(blind.CHANGES)]
        begun = time.perf_counter()
        try:
            outcome = blind.spoil(goods[name], change, seed, home)
        except Exception:
            count.broken.append(f"{name}, {change} (seed {seed}): {traceback.format_exc(limit=-3)}")
        else:
            count.add(f"{name}, {change}", outcome.kind, begun)
            if outcome.kind == "told" and not outcome.named:
                count.table[f"{name}, {change}"]["unnamed"] += 1
            if outcome.kind == "silent":
                print(f"  silent: seed {seed}, {change}, {outcome.file}", flush=True)
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
    raise SystemExit(count.show())


if __name__ == "__main__":
    main()

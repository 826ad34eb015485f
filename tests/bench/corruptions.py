"""A thousand spoilt folders through the gate: part of `make bench`. No traceback, no hang, each fault named.

Every seed takes one class of `tests/corruptions.py` and lets chance pick the rows. What is counted: folders
in which a rule names what was done, and the slowest folder.
"""

import argparse
import collections
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from retention_helpers.commands import checking

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from corruptions import CORRUPTIONS, good_folder, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folders", type=int, default=1000)
    chosen = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="retention-corruptions-"))
    tried: collections.Counter[str] = collections.Counter()
    unnamed: list[str] = []
    slowest = 0.0
    try:
        for seed in range(chosen.folders):
            corruption = CORRUPTIONS[seed % len(CORRUPTIONS)]
            files = good_folder()
            corruption.change(files, random.Random(seed))
            folder = write(files, home / "data")
            begun = time.perf_counter()
            faults = checking.check(folder, home / "out", cache=home / "cache").faults
            slowest = max(slowest, time.perf_counter() - begun)
            tried[corruption.name] += 1
            if corruption.rules and not {fault.rule for fault in faults} & set(corruption.rules):
                unnamed.append(f"{corruption.name} (seed {seed}): {[fault.rule for fault in faults]}")
            shutil.rmtree(folder)
            shutil.rmtree(home / "cache", ignore_errors=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    can_be = sum(tried[corruption.name] for corruption in CORRUPTIONS if corruption.rules)
    print(f"{chosen.folders:,} folders of {len(tried)} classes, no traceback, the slowest {slowest:.1f} s")
    print(f"named: {can_be - len(unnamed):,} of the {can_be:,} that can be noticed")
    for line in unnamed:
        print(f"  not named: {line}")
    if unnamed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

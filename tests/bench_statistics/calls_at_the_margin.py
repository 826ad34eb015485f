"""Whether the lot at the margin of the calls finds what a call saves, and nothing where it saves nothing.

5,000 customers, 300 of them at risk in a month, 100 calls: part of `make bench-statistics`.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from margins import saves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    rounds = parser.parse_args().rounds
    for added in (0.0, 0.10, 0.15, -0.10):
        found = [saves(added, seed) for seed in range(rounds)]
        words = Counter(word for word, _ in found)
        shares = ", ".join(f"{word} {100 * many / rounds:.1f} %" for word, many in words.most_common())
        months = np.median([month for _, month in found])
        print(
            f"{100 * added:+.0f} points, {rounds} rounds: {shares}; ended in month {months:.0f} in the median"
        )


if __name__ == "__main__":
    main()

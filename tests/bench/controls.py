"""How soon the menus of `start_here` redraw on the sample: part of `make bench`.

In one process, in seconds of the processor and by the clock. A month, or some customers, are derived when
they are first chosen; the second time says what it takes from then on.
"""

import tempfile
import time
from pathlib import Path

from retention_helpers import ask
from retention_helpers.business import SAMPLE, open_business


def main() -> None:
    business = open_business(SAMPLE, "2026-10", cache=Path(tempfile.mkdtemp(prefix="retention-bench-")))
    question, month, by, clock, only = ask.controls(business).children[0].children
    moves = [
        (question, "How long do they stay?"), (by, "acquisition_channel"), (only, ("country", "DE")),
        (only, ""), (only, ("country", "DE")), (question, "How many leave?"), (by, ""), (only, ""),
        (month, "2026-08"), (month, "2026-10"), (month, "2026-08"),
        (question, "What became of each cohort?"), (clock, "calendar"),
    ]  # fmt: skip
    print("moved to                                processor  clock")
    for control, value in moves:
        before, began = time.process_time(), time.perf_counter()
        control.value = value
        took = time.process_time() - before, time.perf_counter() - began
        print(f"{value!s:40}{took[0]:7.2f} s {took[1]:6.2f} s")
    business.close()


if __name__ == "__main__":
    main()

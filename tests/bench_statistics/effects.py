"""Does "more left" keep what it promises? Generated businesses of 100 to 5,000 customers, with something
announced in them that does nothing, or that makes a known share leave.

    python tests/bench_statistics/effects.py [--rounds N]

Four businesses a round: notes that do nothing, judged together; a price that does nothing while everybody
leaves twice as often, where the others leave as often as the reached, or seldomer; a shock that reaches
everybody (before and after); one that reaches those who renew within the horizon (difference of differences,
where the others are enough).
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from announcing import Kind, lives_by_chance, note_on, shocked, some_kind  # the tests' own

from retention_helpers.contract.settings import Settings
from retention_helpers.experiments.aftermath import MORE, judge, judged_together
from retention_helpers.experiments.lives import HORIZON_DAYS

FEW = Settings().min_customers
SHARES = (0.05, 0.1, 0.2)


def nothing(draws: np.random.Generator) -> list[str]:
    """The verdicts on up to four notes that do nothing, at least a horizon apart."""
    kind = some_kind(draws)
    lives = lives_by_chance(draws, kind)
    last = lives.as_of - HORIZON_DAYS
    days = [int(last - 2 * HORIZON_DAYS * nth) for nth in range(min(4, (kind.months - 8) // 4 + 1))]
    found = [judge(lives, note_on(day), FEW) for day in sorted(days)]
    return list(judged_together(found, lives.as_of, FEW)["verdict"])


def blamed(draws: np.random.Generator, annual: float) -> tuple[str, bool]:
    """What is said of a price that does nothing while all leave twice as often, and whether before and after
    alone would have blamed it. Those whom it does not reach leave `annual` times as often."""
    lives = lives_by_chance(draws, some_kind(draws), annual=annual, lately=2.0)
    one = judge(lives, note_on(lives.as_of - HORIZON_DAYS, frozenset({"pro"})), FEW)
    row = judged_together([one], lives.as_of, FEW).iloc[0]
    return row["verdict"], bool(row["alone_low"] > 0)


def planted(draws: np.random.Generator, share: float, *, of_all: bool) -> tuple[Kind, str, str, bool, float]:
    """A shock: the business, the verdict, the way, whether the interval holds the truth, and its width."""
    kind = some_kind(draws)
    lives = lives_by_chance(draws, kind)
    day = lives.as_of - HORIZON_DAYS
    note = note_on(day, None if of_all else frozenset({"pro"}))
    lives, truth = shocked(draws, lives, kind, share, note)
    one = judge(lives, note, FEW)
    row = judged_together([one], lives.as_of, FEW).iloc[0]
    holds = bool(row["change_low"] <= truth <= row["change_high"])
    return kind, row["verdict"], row["way"], holds, float(row["change_high"] - row["change_low"])


def error(share: float, rounds: int) -> str:
    return f"± {196 * np.sqrt(share * (1 - share) / rounds):.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Does “more left” keep what it promises?")
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    draws = np.random.default_rng(19)
    verdicts = [nothing(draws) for _ in range(rounds)]
    clear = np.mean([any(one.endswith(" left") for one in own) for own in verdicts])
    print(f"nothing: {clear:.1%} ({error(clear, rounds)}) of {rounds} businesses with a false answer")
    print("  ", dict(Counter(one for own in verdicts for one in own)), flush=True)
    for annual in (1.0, 0.4):
        told = [blamed(draws, annual) for _ in range(rounds)]
        wrong = np.mean([verdict.endswith(" left") for verdict, _ in told])
        alone = np.mean([is_clear for _, is_clear in told])
        print(
            f"everybody twice as often, others {annual} times the reached: blamed {wrong:.1%} "
            f"({error(wrong, rounds)}), by before and after alone {alone:.1%}",
            dict(Counter(verdict for verdict, _ in told)),
            flush=True,
        )
    for of_all in (True, False):
        for share in SHARES:
            found = [planted(draws, share, of_all=of_all) for _ in range(rounds)]
            held = np.mean([holds for *_, holds, _ in found])
            told = np.mean([verdict == MORE for _, verdict, *_ in found])
            beside = np.mean([way.startswith("difference") for _, _, way, *_ in found])
            width = np.median([wide for *_, wide in found])
            print(
                f"{'everybody' if of_all else 'who renew':10}{share:.0%}: covered {held:.1%} "
                f"({error(held, rounds)}), more left {told:.1%}, beside others {beside:.0%}, half the width "
                f"{100 * width / 2:.1f} points",
                flush=True,
            )
            for few, many in ((100, 400), (400, 1500), (1500, 5001)):
                own = [one for one in found if few <= one[0].size < many]
                seen = np.mean([verdict == MORE for _, verdict, *_ in own])
                covered = np.mean([holds for *_, holds, _ in own])
                size = f"{few}-{many - 1} customers"
                print(f"   {size}: covered {covered:.1%}, more left {seen:.1%} of {len(own)}")


if __name__ == "__main__":
    main()

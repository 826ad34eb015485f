"""A business that calls a hundred of its customers at risk a month, and what calls do there is known."""

from collections.abc import Sequence

import numpy as np

from retention_helpers.experiments.ending import Course, counted
from retention_helpers.gate.lots import CALLED, NO_CALL
from retention_helpers.plan.margin import HORIZON_DAYS, SMALLEST_EFFECT, lot, margin
from retention_helpers.statistics.boundary import ALPHA
from retention_helpers.statistics.looks import Comparison, Look, verdict
from retention_helpers.statistics.power import pace

CUSTOMERS, DUE, CALLS = 5_000, 300, 100  # customers, of them at risk in a month, calls a month
RISKS = (0.7, 0.2)  # of the first and the last of the list
MONTHS_TO_DAY_60 = 2


def saves(added: float, seed: int) -> tuple[str, int]:
    """The word that ends a lot at the margin, and the month in which it does.

    Every month the list is ranked anew by risk; who is called stays more often by `added`. Read at every
    month end, as the experiments are, until it is told or its size is reached.
    """
    random = np.random.default_rng(seed)
    places = margin(CALLS, DUE, None)
    risks = np.linspace(*RISKS, DUE)[places.start : places.stop]
    plan = pace(
        float(1 - risks.mean()), SMALLEST_EFFECT, shares=(0.5, 0.5), a_month=len(places), days=HORIZON_DAYS
    )
    totals = {CALLED: [0, 0], NO_CALL: [0, 0]}
    looks: list[Look] = []
    for month in range(60):
        people = [f"{seed}-{month}-{place}" for place in places]
        arms = lot(people, str(month))
        stays = random.random(len(people)) < 1 - risks + added * np.array(
            [arms[who] == CALLED for who in people]
        )
        for who, is_there in zip(people, stays, strict=True):
            totals[arms[who]][0] += int(is_there)
            totals[arms[who]][1] += 1
        looks.append(Look(f"{2030 + month // 12}-{month % 12 + 1:02}", *totals[CALLED], *totals[NO_CALL]))
        word, is_over = read(looks, plan.size, plan.looks)
        if word != "cannot tell yet" or is_over:
            return word, month + 1 + MONTHS_TO_DAY_60
    raise AssertionError("it never ended")


def read(looks: Sequence[Look], size: int, planned: int) -> tuple[str, bool]:
    """The word for these looks, and whether the last of them was the last that was planned."""
    course = counted(Course(looks, size / 2, planned))
    one = Comparison("", CALLED, course.looks, size / 2, course.is_last, course.is_over, True)
    return verdict(one.differences(ALPHA)[-1], SMALLEST_EFFECT), course.is_over

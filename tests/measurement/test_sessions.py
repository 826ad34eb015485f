"""Actions a session beside actions a day, against a slow loop."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pytest

from retention_helpers.business import Business
from retention_helpers.measurement import sessions

SPANS = [(f"C-{n}", "2025-11-05", "2026-03-20" if n % 5 == 0 else "", 10) for n in range(25)]


def drawn(seed: int = 3) -> list[tuple[str, str, str]]:
    rng = np.random.default_rng(seed)
    rows = []
    for nth in range(25):
        at = dt.datetime(2025, 12, 1) + dt.timedelta(minutes=int(rng.integers(0, 3000)))
        while at < dt.datetime(2026, 4, 3):
            rows.append((f"C-{nth}", at.isoformat(), "login" if rng.random() < 0.8 else "other"))
            at += dt.timedelta(minutes=int(rng.choice([3, 29, 30, 31, 90, 1500, 4000])))
    return rows


@pytest.fixture(scope="module")
def business(business_of: Callable[..., Business]) -> Business:
    return business_of(SPANS, events=drawn(), settings={"activity_events": ["login"]})


def test_every_month_by_a_loop(business: Business) -> None:
    """Of those who are customers at the month's end; a gap of exactly 30 minutes begins no session."""
    left = {who: end for who, _, end, _ in SPANS}
    acts = defaultdict(list)
    for who, at, event in drawn():
        if event == "login":
            acts[who].append(dt.datetime.fromisoformat(at))
    counted: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    days = defaultdict(set)
    for who, own in acts.items():
        for nth, at in enumerate(own):
            month = f"{at:%Y-%m}"
            counted[month][who]["actions"] += 1
            counted[month][who]["sessions"] += nth == 0 or at - own[nth - 1] > dt.timedelta(minutes=30)
            days[month, who].add(at.date())
    rows = sessions.intensity(business)
    for row in rows.itertuples():
        month = f"{row.month:%Y-%m}"
        there = [who for who in counted[month] if not (left[who] and month == "2026-03")]
        sums = {name: sum(counted[month][who][name] for who in there) for name in ("actions", "sessions")}
        on = sum(len(days[month, who]) for who in there)
        assert (row.customers, row.actions, row.sessions, row.days) == (
            len(there), sums["actions"], sums["sessions"], on,
        )  # fmt: skip
        assert row.actions_a_session == pytest.approx(sums["actions"] / sums["sessions"])
        assert row.actions_a_session_low < row.actions_a_session < row.actions_a_session_high
    assert len(rows) == 4


def test_without_events_there_is_no_row(business_of: Callable[..., Business]) -> None:
    assert sessions.intensity(business_of(SPANS)).empty

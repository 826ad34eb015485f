"""Usage retention against slow loops, for every convention and every choice.

What the loops do is what the tools document: PostHog's strict calendar dates, recurring and first time, on
and on or after; Mixpanel's intervals of 24 hours since one's own start; Amplitude's by whole hours, weeks of
7 and months of 30 days by the day.
"""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from retention_helpers import measurement
from retention_helpers.business import Business
from retention_helpers.measurement import usage
from retention_helpers.measurement.usage import CONVENTIONS
from retention_helpers.words.errors import InputError

AS_OF = dt.date(2026, 4, 1)
SPANS = [(f"C-{n}", "2025-11-05", "", 10) for n in range(30)]
CUSTOMERS = [
    {"customer_id": f"C-{n}", "signed_up_at": "2025-11-01", "country": "DE" if n % 3 else "AT"}
    for n in range(40)
]


def drawn(seed: int = 8) -> list[tuple[str, str, str]]:
    """Events of forty accounts and a stranger, at every hour, some after the cut."""
    rng = np.random.default_rng(seed)
    rows = []
    for nth in range(41):
        at = dt.datetime(2025, 12, 1) + dt.timedelta(minutes=int(rng.integers(0, 130_000)))
        while at < dt.datetime(2026, 4, 8):
            event = str(rng.choice(["login", "export", "noise"], p=[0.6, 0.3, 0.1]))
            rows.append((f"C-{nth}", at.isoformat(), event))
            at += dt.timedelta(seconds=int(rng.choice([600, 3600, 86_399, 86_400, 90_000, 400_000, 900_000])))
    return rows


@pytest.fixture(scope="module")
def business(business_of: Callable[..., Business]) -> Business:
    settings = {"activity_events": ["login", "export"]}
    return business_of(SPANS, customers=CUSTOMERS, events=drawn(), settings=settings)


@cache
def begin_of(day: dt.date, unit: str, week_starts: str) -> dt.date:
    if unit == "day":
        return day
    if unit == "month":
        return day.replace(day=1)
    return day - dt.timedelta(days=day.weekday() if week_starts == "monday" else (day.weekday() + 1) % 7)


@cache
def after(cohort: dt.date, unit: str, periods: int) -> dt.date:
    if unit != "month":
        return cohort + dt.timedelta(days=periods * {"day": 1, "week": 7}[unit])
    month = cohort.year * 12 + cohort.month - 1 + periods
    return dt.date(month // 12, month % 12 + 1, 1)


def by_loop(
    window: str, unit: str, week_starts: str, first: bool, criterion: str, times: int,
    start: tuple[str, ...], back: tuple[str, ...], cohorts: int, periods: int, country: str = "",
) -> dict[tuple[dt.date, int], tuple[int, int]]:  # fmt: skip
    """Size and returned of every cell, event by event."""
    length = {"day": 1, "week": 7, "month": 30}[unit]
    known = {row["customer_id"] for row in CUSTOMERS if country in ("", row["country"])}
    events = defaultdict(list)
    for who, text, event in drawn():
        at = dt.datetime.fromisoformat(text)
        if at.date() < AS_OF and who in known:
            events[who].append((at, event))
    last = AS_OF - dt.timedelta(days=1)
    ends = [begin_of(last, unit, week_starts)]
    while after(ends[0], unit, 1) > AS_OF:
        ends[0] = begin_of(ends[0] - dt.timedelta(days=1), unit, week_starts)
    shown = ends
    while len(shown) < cohorts:
        shown.insert(0, begin_of(shown[0] - dt.timedelta(days=1), unit, week_starts))
    members, came = defaultdict(set), defaultdict(set)
    for who, own in events.items():
        starts = [at for at, event in own if event in start]
        for at in starts[:1] if first else starts:
            cohort = begin_of(at.date(), unit, week_starts)
            members[cohort].add(who)
            counts = defaultdict(int)
            for ret, event in own:
                if event not in back:
                    continue
                if window == "calendar":
                    period = begin_of(ret.date(), unit, week_starts)
                    k = next((k for k in range(300) if after(cohort, unit, k) == period), None)
                elif ret < at:
                    k = None
                elif window == "whole hours" and unit != "day":
                    k = (ret.date() - at.date()).days // length
                else:
                    ends_ = (ret, at)
                    if window == "whole hours":
                        ends_ = tuple(one.replace(minute=0, second=0) for one in ends_)
                    k = int((ends_[0] - ends_[1]).total_seconds() // (length * 86_400))
                if k is not None:
                    counts[k] += 1
            came[cohort, who] |= {k for k, many in counts.items() if many >= times}
    found = {}
    for cohort in shown:
        for k in range(periods + 1):
            over = after(cohort, unit, k + 1)
            if window != "calendar":
                over = after(cohort, unit, 1) + dt.timedelta(days=length * (k + 1))
            if over > AS_OF or not members[cohort]:
                continue
            back_at = [came[cohort, who] for who in members[cohort]]
            later = criterion == "on or after"
            returned = sum(any(one >= k if later else one == k for one in own) for own in back_at)
            if k == 0 and window == "calendar":
                returned = len(members[cohort])
            found[cohort, k] = (len(members[cohort]), returned)
    return found


WINDOWS, UNITS, CRITERIA = ("calendar", "24 hours", "whole hours"), ("day", "week", "month"), usage.CRITERIA
NAMED = ((1, (), ()), (2, ("login",), ("export",)))  # how often, and which events start and return
# Every two choices meet: the others alternate.
EVERY = [
    (*one, CRITERIA[(nth + nth // 2) % 2], *NAMED[nth // 3 % 2])
    for nth, one in enumerate(itertools.product(WINDOWS, UNITS, (True, False)))
]


@pytest.mark.parametrize(("window", "unit", "first", "criterion", "times", "start", "back"), EVERY)
def test_every_choice_by_a_loop(
    business: Business, window: str, unit: str, first: bool, criterion: str, times: int,
    start: tuple[str, ...], back: tuple[str, ...],
) -> None:  # fmt: skip
    """With an instant exactly a day later, several starts in a day, and weeks from Sunday."""
    cohorts, periods = {"day": (70, 6), "week": (9, 4), "month": (4, 3)}[unit]
    found = usage.usage_retention(
        business, unit=unit, window=window, first=first, criterion=criterion, times=times, start=start,
        back=back, week_starts="sunday", cohorts=cohorts, periods=periods,
    )  # fmt: skip
    acts = ("login", "export")
    expected = by_loop(
        window, unit, "sunday", first, criterion, times, start or acts, back or acts, cohorts, periods
    )
    got = {(row.cohort, row.k): (row.size, row.returned) for row in found.itertuples()}
    assert got == expected and len(got) > 4


@pytest.mark.parametrize("like", CONVENTIONS)
def test_every_convention_by_a_loop(business: Business, like: str) -> None:
    how = CONVENTIONS[like]
    acts = ("login", "export")
    found = usage.usage_retention(business, like=like, unit="week", where={"country": "DE"})
    expected = by_loop(
        how.window, "week", how.week_starts, how.first, how.criterion, 1, acts, acts, 12, 8, country="DE"
    )
    assert {(row.cohort, row.k): (row.size, row.returned) for row in found.itertuples()} == expected


def test_on_or_after_is_never_below_on_and_never_rises(business: Business) -> None:
    cells = [usage.usage_retention(business, criterion=one) for one in CRITERIA]
    on, after_ = (one.set_index(["cohort", "k"]) for one in cells)
    later = on.index[on.index.get_level_values("k") > 0]
    assert (after_.loc[later, "returned"] >= on.loc[later, "returned"]).all()
    for _, own in after_.reset_index().groupby("cohort"):
        assert (own["returned"].diff().dropna() <= 0).all()


def test_the_page_holds_them_beside_each_other(business: Business) -> None:
    result = measurement.usage_by_convention(business)
    assert set(result.value["like"]) == set(CONVENTIONS)
    own = usage.usage_retention(business, like="mixpanel")
    two = own[own["k"] == 2][["size", "returned"]].sum()
    row = result.value.set_index(["like", "k"]).loc["mixpanel", 2]
    assert (row["size"], row["returned"]) == (two["size"], two["returned"])
    assert "as PostHog counts" in result.sentence().text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"like": "posthg"}, "posthog"), ({"unit": "weeks"}, "week"), ({"criterion": "after"}, "on or after"),
     ({"window": "24h"}, "window"), ({"times": 0}, "1 or more"), ({"week_starts": "friday"}, "week_starts")],
)  # fmt: skip
def test_a_word_that_is_none_is_refused(business: Business, wrong: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        usage.usage_retention(business, **wrong)


def test_without_events_it_says_what_it_takes(business_of: Callable[..., Business]) -> None:
    result = measurement.usage_by_convention(business_of(SPANS))
    assert result.value.empty and "events.csv" in result.sentence().text
